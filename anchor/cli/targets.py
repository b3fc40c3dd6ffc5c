"""Credentials named on the command line: by their file, by their digest, or in a list of digests."""

from __future__ import annotations

from pathlib import Path

import typer

from registry.credential import Digest, Limits, digest_bytes, digest_given
from registry.errors import CredentialError, IntakeError
from registry.settings import Settings

TargetArgument = typer.Argument(help="Credential files, or digests of 64 hexadecimal digits.", show_default=False)


def digests_of(targets: list[str], list_file: Path | None, settings: Settings) -> dict[bytes, str]:
    """The digests that are meant, and how each was named.

    Raises:
        IntakeError: nothing is named, or something cannot be read.
        CredentialError: a file has no digest, or a line is none.
    """
    found = {digest_of_target(target, settings).value: target for target in targets}
    if list_file is not None:
        try:
            lines = list_file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            raise _unreadable(list_file, error) from None
        for number, line in enumerate(lines, start=1):
            if line.strip():
                found[_given(line.strip(), f"{list_file}, line {number}").value] = f"{list_file}, line {number}"
    if not found:
        raise IntakeError("no credential was named", remedy="Name files or digests, or use --list.", code="no-input")
    return found


def digest_of_target(target: str, settings: Settings) -> Digest:
    """The digest of a file, or the digest itself where the word is one and there is no such file."""
    path = Path(target)
    if not path.is_file():
        try:
            return digest_given(target)
        except CredentialError:
            raise IntakeError(
                "it is neither a file nor a digest of 64 hexadecimal digits",
                where=target,
                remedy="Check the path.",
                code="unreadable",
            ) from None
    limits = Limits(max_bytes=settings.max_document_bytes, max_depth=settings.max_document_depth)
    try:
        return digest_bytes(path.read_bytes(), str(path), limits)
    except OSError as error:
        raise _unreadable(path, error) from None


def _given(text: str, where: str) -> Digest:
    try:
        return digest_given(text)
    except CredentialError as error:
        error.where = where
        raise


def _unreadable(path: Path, error: OSError) -> IntakeError:
    return IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="unreadable")
