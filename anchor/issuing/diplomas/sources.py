"""Where the credentials that are printed come from: a run of issuing with its receipts, or files of anybody's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from anchor.batching.receipts import receipt_of, tree_for_receipts
from anchor.books.batches import BatchRow
from anchor.books.issued import AWARD, IssuedRow, IssuedStore, Run
from anchor.books.tables import BatchState
from anchor.intake.files import source_files
from anchor.issuing.confirming import batch_of, run_with
from anchor.issuing.diplomas.content import content_of
from anchor.issuing.diplomas.making import Original
from anchor.issuing.holder_files import holder_document, plain_document, refuse_paper
from anchor.issuing.templates.files import read_template
from anchor.issuing.templates.model import Template
from anchor.workspace import Workspace
from registry.credential.digest import JSON_SUFFIXES
from registry.errors import IntakeError, NotPossible, SettingsError
from registry.receipt.model import Receipt
from registry.untrusted.archives import is_receipt_name

MOST_BYTES: Final = 8 << 20


class IssuedCredentials:
    """The credentials that were issued under one root, with the receipts of its batch.

    Args:
        root: 32 bytes.

    Attributes:
        run: that made them.
        batch: None while there is none.

    Raises:
        NotPossible: code `unknown-root`: nothing was issued under it here.
    """

    def __init__(self, workspace: Workspace, root: bytes):
        self._workspace = workspace
        self._store = IssuedStore(workspace.folder.engine, workspace.chain, workspace.contract_address)
        self.run: Run = run_with(self._store, root)
        self.batch: BatchRow | None = batch_of(workspace.store, self.run)
        self.replaced = 0

    @property
    def is_final(self) -> bool:
        """Whether nothing can undo the batch any more."""
        return self.batch is not None and self.batch.state is BatchState.FINAL

    def require_final(self, *, has_drafts: bool = True) -> None:
        """Refuse a batch that something could still undo.

        Args:
            has_drafts: whether drafts can be asked for in place of what is to be made.

        Raises:
            NotPossible: code `not-final`.
        """
        if self.is_final:
            return
        state = "it is in no batch yet" if self.batch is None else f"its batch is {self.batch.state}"
        drafts = ", or make drafts, which say that they are: --not-final" if has_drafts else ""
        raise NotPossible(
            f"{state}, and holders are given what is final",
            where=f"0x{(self.run.root or b'').hex()}",
            remedy=f"Wait until it is final (`testamur status`){drafts}.",
            code="not-final",
        )

    def template(self, path: Path | None = None) -> Template:
        """The template of the run, which says how its diplomas look.

        Args:
            path: where it lies, if not where it lay.

        Raises:
            IntakeError: it is not there, or cannot be read.
            SettingsError: it is another template.
        """
        template = read_template(path or Path(self.run.template_path))
        if template.id != self.run.template:
            raise SettingsError(
                "it is not the template that these credentials were made of",
                where=str(path or self.run.template_path),
                remedy=f"Name the one with the id {self.run.template}: --template FILE.",
                code="other-template",
            )
        return template

    def originals(self) -> Iterator[Original]:
        """Each credential as its holder gets it; those that were corrected since are left out and counted.

        Raises:
            NotPossible: code `no-paper`: they are not JSON.
            StoreError: as `with_receipts`.
        """
        for row, receipt in self.with_receipts():
            refuse_paper([row])
            yield Original(name_on_files(row), holder_document(row.document, receipt))

    def with_receipts(self) -> Iterator[tuple[IssuedRow, Receipt | None]]:
        """Each credential with its receipt, as long as there is one; those that were corrected are left out and
        counted.

        Raises:
            StoreError: the tree of the batch is not there, or is damaged.
        """
        self.replaced = 0
        batch, workspace = self.batch, self._workspace
        if batch is None:
            yield from ((row, None) for row in self._current())
            return
        leaves = {leaf.digest: leaf for leaf in workspace.store.leaves(batch)}
        contract = workspace.contract_address.lower()
        with tree_for_receipts(workspace.folder, batch, leaves.values()) as tree:
            for row in self._current():
                leaf = leaves.get(row.digest.value)
                yield row, leaf and receipt_of(batch, leaf, tree, chain=workspace.chain, contract=contract)

    def _current(self) -> Iterator[IssuedRow]:
        for row in self._store.rows_of(self.run):
            if row.replaced_by is None:
                yield row
            else:
                self.replaced += 1


def name_on_files(row: IssuedRow) -> str:
    """`00007 Ada Žižek`, and for a part of an award `00007 Ada Žižek, course databases`; `Names` makes it a file's."""
    part = "" if row.part == AWARD else f", {row.part.replace(':', ' ')}"
    holder = content_of(plain_document(row), f"row {row.row_number}").holder
    return f"{row.row_number:05} {holder.replace('/', ' ')}{part}"


def credentials_in(path: Path) -> list[Path]:
    """The files of a folder that are credentials by their names, or the one file.

    Raises:
        IntakeError: there is none.
    """
    try:
        found = source_files(path) if path.is_dir() else [path]
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="unreadable") from None
    found = [each for each in found if each.name.lower().endswith(JSON_SUFFIXES) and not is_receipt_name(each.name)]
    if not found:
        raise IntakeError(
            "there is no credential with its receipt in it",
            where=str(path),
            remedy="Write them with `testamur receipts ROOT -o FOLDER --embed ORIGINALS`.",
            code="empty",
        )
    return found


def originals_of(files: list[Path]) -> Iterator[Original]:
    """The credentials in files, each named after its file.

    Raises:
        IntakeError: one cannot be read, or is too large.
    """
    for path in files:
        try:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="unreadable") from None
        if len(data) > MOST_BYTES:
            raise IntakeError(f"it is longer than {MOST_BYTES:,} bytes", where=str(path), code="too-large")
        yield Original(path.name[: -len(path.suffix)], data)
