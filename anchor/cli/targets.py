"""Credentials named on the command line: by their file, by their digest, or in a list of digests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import typer

from anchor.settings import Settings
from anchor.verifying.reading import read_file
from registry.credential.digest import Digest, Limits, digest_given
from registry.credential.digestlist import LONGEST_LINE, read_digest_line
from registry.document.reading import Reading
from registry.errors import CredentialError, IntakeError
from registry.untrusted.encodings import REMEDY, foreign_encoding
from registry.verify.same_document import missed

TargetArgument = typer.Argument(help="Credential files, or digests of 64 hexadecimal digits.", show_default=False)


@dataclass(frozen=True, slots=True)
class Target:
    """What is meant: how it was named, and what of it may be anchored.

    Attributes:
        digests: every digest that a file, or what it holds, may be anchored by, its own first; of a digest, itself.
        path: the file, where there is one.
        places: where in the file that is which has a digest, for those inside it.
        unread: what of the file could not be read, in words; it may hold more.
    """

    named: str
    digests: tuple[bytes, ...]
    path: Path | None = None
    places: Mapping[bytes, str] = field(default_factory=dict)
    unread: str = ""


def targets_of(targets: list[str], list_file: Path | None, settings: Settings) -> list[Target]:
    """What is meant, in the order in which it was named; a digest that was named already is not repeated.

    Raises:
        IntakeError: nothing is named, or something cannot be read.
        CredentialError: a file has no digest, or a line is none.
    """
    found = [_target(each, settings) for each in targets]
    if list_file is not None:
        named = {digest for target in found if len(target.digests) == 1 for digest in target.digests}
        listed = ((digest, line) for digest, line in _listed(list_file).items() if digest not in named)
        found += [Target(f"{list_file}, line {line}", (digest,)) for digest, line in listed]
    if not found:
        raise IntakeError("no credential was named", remedy="Name files or digests, or use --list.", code="no-input")
    return found


def _target(named: str, settings: Settings) -> Target:
    path = _file(named)
    if path is None:
        return Target(named, (_digest(named).value,))
    reading = _reading(path, named, settings)
    digests = tuple(digest.value for digest in reading.digests)
    parts = ((value, reading.inside(value)) for value in digests)
    places = {value: part.where for value, part in parts if part is not None and part.where}
    return Target(named, digests, path, places, missed(reading) if reading.unread else "")


def digests_of_content(target: str, settings: Settings) -> tuple[Digest, ...]:
    """Every digest under which a file, or what it holds, may have been anchored; of a digest, itself.

    Raises:
        CredentialError: the name says that the file is JSON, and it has no digest.
        IntakeError: it cannot be read, or not all of it, so that there may be more digests.
    """
    path = _file(target)
    if path is None:
        return (_digest(target),)
    reading = _reading(path, target, settings)
    if reading.unread:
        raise IntakeError(
            f"not all of it was read ({missed(reading)}), so not every digest that it may be anchored by is known",
            where=target,
            remedy="Ask about each digest by itself, as 64 hexadecimal digits.",
            code="unread",
        )
    return reading.digests


def _digest(target: str) -> Digest:
    try:
        return digest_given(target)
    except CredentialError:
        raise IntakeError(
            "it is neither a file nor a digest of 64 hexadecimal digits",
            where=target,
            remedy="Check the path.",
            code="unreadable",
        ) from None


def _reading(path: Path, named: str, settings: Settings) -> Reading:
    """The reading of a file; raises its refusal where its name says JSON, and it is not."""
    reading = read_file(path, _limits(settings))
    if reading.digest is None and reading.refusal is not None:
        reading.refusal.where = reading.refusal.where or named
        raise reading.refusal
    return reading


def _limits(settings: Settings) -> Limits:
    return Limits(max_bytes=settings.max_document_bytes, max_depth=settings.max_document_depth)


def _listed(path: Path) -> dict[bytes, int]:
    """The digests in a file, in each form of `registry.credential.digestlist`, and their lines."""
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
