"""Credentials named on the command line: by their file, by their digest, or in a list of digests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from anchor.reading import read_file
from registry.credential import Digest, Limits, digest_given
from registry.digestlist import LONGEST_LINE, read_digest_line
from registry.encodings import REMEDY, foreign_encoding
from registry.errors import CredentialError, IntakeError
from registry.settings import Settings
from registry.verify_document import missed

TargetArgument = typer.Argument(help="Credential files, or digests of 64 hexadecimal digits.", show_default=False)


@dataclass(frozen=True, slots=True)
class Target:
    """A credential that is meant: how it was named, and its file where there is one."""

    named: str
    path: Path | None = None


def targets_of(targets: list[str], list_file: Path | None, settings: Settings) -> dict[bytes, Target]:
    """The credentials that are meant, by digest.

    Raises:
        IntakeError: nothing is named, or something cannot be read.
        CredentialError: a file has no digest, or a line is none.
    """
    found = {digest_of_target(each, settings).value: Target(each, _file(each)) for each in targets}
    if list_file is not None:
        for digest, line in _listed(list_file).items():
            found.setdefault(digest, Target(f"{list_file}, line {line}"))
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
    path = _file(target)
    if path is None:
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


def _listed(path: Path) -> dict[bytes, int]:
    """The digests in a file, in each form of `registry.digestlist`, and their lines."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None
    encoding = foreign_encoding(data)
    if encoding is not None and encoding.startswith(("UTF-16", "UTF-32")):
        raise IntakeError(
            f"the list is in {encoding}, which is not read", where=str(path), remedy=REMEDY, code="encoding"
        )
    found: dict[bytes, int] = {}
    first = True
    for number, line in enumerate(data.splitlines(), start=1):
        if line.isspace() or not line:
            continue
        try:
            digest = read_digest_line(line[: LONGEST_LINE + 1], first=first)
        except CredentialError as error:
            error.where = f"{path}, line {number}"
            raise
        first = False
        if digest is not None:
            found.setdefault(digest.value, number)
    return found


def _file(target: str) -> Path | None:
    path = Path(target)
    return path if path.is_file() else None


def _unreadable(path: Path, error: OSError) -> IntakeError:
    return IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="unreadable")
