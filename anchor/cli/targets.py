"""Credentials named on the command line: by their file, by their digest, or in a list of digests."""

from __future__ import annotations

from pathlib import Path

import typer

from anchor.reading import read_file
from registry.credential import Digest, Limits, digest_given
from registry.errors import CredentialError, IntakeError
from registry.settings import Settings
from registry.verify_document import missed

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


def digests_of_content(target: str, settings: Settings) -> tuple[Digest, ...]:
    """Every digest under which a file, or what it holds, may have been anchored; of a digest, itself.

    Raises:
        CredentialError: the name says that the file is JSON, and it has no digest.
        IntakeError: it cannot be read, or not all of it, so that there may be more digests.
    """
    path = Path(target)
    if not path.is_file():
        return (digest_of_target(target, settings),)
    reading = read_file(path, _limits(settings))
    if reading.digest is None and reading.refusal is not None:
        reading.refusal.where = reading.refusal.where or target
        raise reading.refusal
    if reading.unread:
        raise IntakeError(
            f"not all of it was read ({missed(reading)}), so not every digest that it may be anchored by is known",
            where=target,
            remedy="Ask about each digest by itself, as 64 hexadecimal digits.",
            code="unread",
        )
    return reading.digests


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
    reading = read_file(path, _limits(settings))
    if reading.digest is None:
        error = reading.refusal or CredentialError("it has no digest")
        error.where = error.where or target
        raise error
    return reading.digest


def _limits(settings: Settings) -> Limits:
    return Limits(max_bytes=settings.max_document_bytes, max_depth=settings.max_document_depth)


def _given(text: str, where: str) -> Digest:
    try:
        return digest_given(text)
    except CredentialError as error:
        error.where = where
        raise


def _unreadable(path: Path, error: OSError) -> IntakeError:
    return IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="unreadable")
