"""Partnerships and statements on their way from a person's file to an anchored document that the service finds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from anchor.anchoring.now import Now
from anchor.batching.selection import select
from anchor.books.batches import BatchRow
from anchor.intake.files import take_in
from anchor.settings import Settings
from anchor.verifying.named import write_whole
from anchor.workspace import Workspace
from registry.errors import IntakeError, NotPossible, SettingsError
from registry.index.documents import Document, document_of, documents_in
from registry.partnerships.document import MOST_BYTES
from registry.partnerships.partnership import Partnership, read_partnership
from registry.partnerships.statement import Statement, read_statement, refuse_unsafe


class Recording(NamedTuple):
    """A document that was kept and anchored.

    Attributes:
        row: None where a person put the batch aside that it is in.
        is_new: whether it was anchored now.
    """

    file: Path
    row: BatchRow | None
    is_new: bool


def read_bytes(path: Path) -> bytes:
    """A file of a person, no more of it than a document has.

    Raises:
        IntakeError: it cannot be read (code `unreadable`).
    """
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="unreadable") from None


def partnership_in(path: Path) -> Document:
    """The partnership of a TOML or JSON file; raises as `read_partnership` and `read_bytes`."""
    is_toml = path.suffix.lower() == ".toml"
    return document_of(read_partnership(read_bytes(path), is_toml=is_toml, where=str(path)))


def statement_in(path: Path) -> Document:
    """The statement of a TOML or JSON file; raises as `read_statement` and `read_bytes`."""
    is_toml = path.suffix.lower() == ".toml"
    return document_of(read_statement(read_bytes(path), is_toml=is_toml, where=str(path)))


def kept_documents(settings: Settings) -> list[Document]:
    """Those that are kept; what is none is left out, and `testamur index` says so.

    Raises:
        StoreError: the folder cannot be read.
    """
    return documents_in(settings.documents)[0]


def refuse_contradiction(document: Document, kept: Sequence[Document], where: Path) -> None:
    """Raise where a document does not go together with those that are kept.

    Raises:
        IntakeError: another version has its revision or a higher one (code `partnership-version` or
            `statement-version`), or a statement gives a small count away beside others (`small-cell`).
    """
    value = document.value
    versions = [
        each.value.revision
        for each in kept
        if each.kind is document.kind and each.value.id == value.id and each.digest != document.digest
    ]
    if versions and max(versions) >= value.revision:
        raise IntakeError(
            f"revision {max(versions)} of {value.id!r} is kept already, so revision {value.revision} would count "
            f"nowhere",
            where=str(where),
            remedy=f"Write revision = {max(versions) + 1}, or choose another id.",
            code="partnership-version" if isinstance(value, Partnership) else "statement-version",
        )
    if isinstance(value, Statement):
        others = [
            each.value
            for each in kept
            if isinstance(each.value, Statement)
            and each.value.issuer == value.issuer
            and each.digest != document.digest
        ]
        refuse_unsafe([*others, value], where=str(where))


def refuse_stranger(document: Document, issuer: int, where: Path) -> None:
    """Raise where a party may not anchor a document.

    Raises:
        SettingsError: code `partnership-party` or `statement-party`.
    """
    value = document.value
    if issuer in value.numbers:
        return
    named = ", ".join(map(str, sorted(value.numbers)))
    who = "names it among its partners" if isinstance(value, Partnership) else "is its issuer"
    raise SettingsError(
        f"party {issuer} cannot anchor it: only a party counts that {who}: {named}",
        where=str(where),
        remedy="Run it for one of those, with --issuer.",
        code="partnership-party" if isinstance(value, Partnership) else "statement-party",
    )


def record(workspace: Workspace, document: Document) -> Recording:
    """Keep a document and anchor it as a batch of its own; one that is anchored already is not anchored again.

    Raises:
        StoreError: it cannot be kept.
        NotPossible: it was revoked by its digest (code `revoked`).
        IntakeError, UnknownBatches, ContractReverted, TransactionUnsettled: as `Now.seal` and `Now.anchor`.
    """
    folder = workspace.settings.documents
    file = folder / document.file_name
    contract, issuer = workspace.ready_to_write(), workspace.issuer()
    write_whole(file, document.content, make_folder=True)
    intake = take_in(file)
    if contract.digest_statuses(issuer, [document.digest])[0].is_revoked:
        raise NotPossible(
            "it was revoked by its digest, so that no anchor makes it count again",
            where=str(file),
            remedy="Write a new revision of it, and record that.",
            code="revoked",
        )
    now = Now(workspace)
    with now.alone():
        now.resume()
        selection = select(intake, workspace.store, issuer)
        if not selection.records:
            row = selection.anchored[0].batch if selection.anchored else None
            return Recording(file, row, is_new=False)
        return Recording(file, now.anchor(now.seal(intake, selection, issuer)), is_new=True)
