"""Credentials named on the command line: by their file, by their digest, or in a list of digests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from anchor.acts.places import Target
from anchor.cli.session import Session
from anchor.settings import Settings
from anchor.verifying.files import receipts_of
from anchor.verifying.reading import read_file
from registry.credential.digest import Digest, Limits, digest_given
from registry.credential.digestlist import LONGEST_LINE, read_digest_line
from registry.document.reading import Reading, with_rdf
from registry.errors import CredentialError, IntakeError
from registry.untrusted.encodings import REMEDY, foreign_encoding
from registry.untrusted.hashes import read_hash
from registry.verify.same_document import missed

TargetArgument = typer.Argument(help="Credential files, or digests of 64 hexadecimal digits.", show_default=False)


@dataclass(frozen=True, slots=True)
class Meant:
    """The options by which a command is told which credentials are meant."""

    targets: Annotated[list[str] | None, TargetArgument] = None
    list_file: Annotated[Path | None, typer.Option("--list", help="File with one digest a line.")] = None
    everything: Annotated[
        bool, typer.Option("--all", help="All that is anchored of a file, where that is more than one credential.")
    ] = False

    def found(self, settings: Settings) -> list[Target]:
        """As `targets_of`."""
        return targets_of(self.targets or [], self.list_file, settings)


@dataclass(frozen=True, slots=True)
class Saying:
    """The options by which a command is told of what a status is said."""

    place_only: Annotated[
        bool, typer.Option("--place-only", help="Of their places in the batches known here, and not of their digests.")
    ] = False
    without_anchor: Annotated[
        bool, typer.Option("--without-anchor", help="Also of digests that are in no batch known here.")
    ] = False

    def checked(self) -> Saying:
        """Itself.

        Raises:
            IntakeError: code `place-only`: what is nowhere has no place.
        """
        if self.place_only and self.without_anchor:
            raise IntakeError(
                "--place-only and --without-anchor do not go together: what is in no batch has no place",
                remedy="Leave one of them out.",
                code="place-only",
            )
        return self


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
        return replace(Target.of(_digest(named).value), named=named)
    reading = with_rdf(_reading(path, named, settings))
    digests = tuple(digest.value for digest in reading.digests)
    parts = ((value, reading.inside(value)) for value in digests)
    places = {value: part.where for value, part in parts if part is not None and part.where}
    receipts = tuple(receipts_of(path, _limits(settings)))
    return Target(named, digests, receipts, places, missed(reading).text if reading.unread else "")


def target_of(named: str, settings: Settings) -> Target:
    """One credential, named by its file or its digest; raises as `targets_of`."""
    return _target(named, settings)


def root_given(text: str) -> bytes:
    """The root of a batch that is named on the command line.

    Raises:
        IntakeError: code `root`.
    """
    try:
        return read_hash(text)
    except ValueError:
        raise IntakeError(
            "it is no root of a batch", where=text, remedy="Write 0x and 64 hexadecimal digits.", code="root"
        ) from None


def say_inside(session: Session, meant: Mapping[bytes, Target]) -> None:
    """Tell which credential is meant where that is not the file that was named itself."""
    for digest, target in meant.items():
        if digest != target.digests[0]:
            session.say(f"What is anchored of {target.named} is {target.what(digest)}.")
        if target.unread:
            session.say(f"Not all of {target.named} was read ({target.unread}): what else it holds was not looked for.")


def inside_content(meant: Mapping[bytes, Target]) -> list[dict[str, str]]:
    """The same for `--json`."""
    return [
        {"target": target.named, "digest": digest.hex(), "place": target.places.get(digest, "")}
        for digest, target in meant.items()
        if digest != target.digests[0]
    ]


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
    return with_rdf(reading).digests


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
