"""From a register's file to the draft of a snapshot: read, told, compared with the one before, and nothing anchored.

Row by row in bounded memory: decisions go to a spool on disk, rows that are left out to a file for whoever mends them.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from anchor.registers.drafts import DECISIONS, Draft, Shelf
from anchor.registers.refused import MendedRow, RefusedFile, read_mended
from anchor.registers.spool import Earlier, Settled, Spool, in_order, key_of, settle, sorted_numbers
from anchor.registers.tables import FileRead, Progress, Table, open_table
from anchor.registers.tally import Tally
from registry.credential.digest import digest_document
from registry.errors import IntakeError, RegistryError
from registry.merkle.tree import Tree
from registry.quality import deqar, plain
from registry.quality.decision import Identifier, QualityDecision
from registry.quality.deqar import DeqarRows
from registry.quality.known import Known
from registry.quality.plain import PlainRows
from registry.quality.rows import Finding, Header, Read, Reason, SourceRow, check_of, is_damaged, text_of
from registry.quality.snapshot import (
    LONGEST_LINE,
    MOST_DECISIONS,
    Manifest,
    SnapshotReader,
    Source,
    decisions_root,
    lines_of,
    listing_leaf,
    parts_of,
)
from registry.untrusted.text import REPLACEMENT, terminal_text

MOST_NAMED: Final = 200
"""Decisions that are gone, or columns that are unknown, told one by one."""


class Form(StrEnum):
    """Which kind of file a register comes in."""

    DEQAR = "deqar"
    CSV = "csv"


class Rows(Protocol):
    """What makes decisions of rows: `DeqarRows`, `PlainRows`."""

    header: Header

    def read(self, row: SourceRow) -> Read | None:
        """The decision of a row, or why there is none; None for an empty one."""


_STILL_DAMAGED: Final = "a sign stands where the source has bytes that are no text"
_WRITE_LETTERS: Final = f"Write the letters of the register in the place of each {REPLACEMENT}."
_REPLACES_BYTES: Final = 100
"""What a decision that replaces another one has more."""
_RULES: Final = {Form.DEQAR: deqar.RULES, Form.CSV: plain.RULES}


@dataclass(frozen=True, slots=True)
class Mirror:
    """Who publishes the snapshot.

    Attributes:
        issuer: as the signature has it.
        chain, contract, party: where it anchors it.
    """

    issuer: str
    chain: str
    contract: str
    party: int


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be imported.

    Attributes:
        register, name, uri: short name, how it is called, where it is.
        previous: the snapshot before; None for the first one.
        mended: rows that were left out before, mended; they take the place of those of the file.
        output: folder for the snapshot's file, once it is published.
    """

    path: Path
    form: Form
    register: str
    name: str
    uri: str
    mirror: Mirror
    known: Known = field(default_factory=Known)
    previous: Path | None = None
    mended: Path | None = None
    encoding: str | None = None
    output: Path | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import came to.

    Attributes:
        draft: what is to be confirmed.
        refused: file with the rows that are left out; None where none is.
        same_as_before: whether the decisions are those of the snapshot before.
        known_draft: whether the same draft was there already.
        content: all of it for `--json`, as it is kept in the draft.
    """

    draft: Draft
    refused: Path | None
    same_as_before: bool
    known_draft: bool
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Before:
    """The snapshot before, in the spool."""

    root: bytes
    decisions_root: bytes
    made_at: datetime
    by_key: Mapping[bytes, Sequence[Earlier]]


def import_register(
    order: Order,
    shelf: Shelf,
    now: datetime,
    *,
    progress: Progress = lambda _done, _all: None,
    reached: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Make the draft of a snapshot; nothing is signed or anchored.

    Args:
        now: with a time zone.
        reached: told at each step, for tests that end the program there.

    Raises:
        IntakeError: the file cannot be read (`register-unreadable`, `register-too-large`, `register-encoding`,
            `register-columns`, `register-changed`); no row is a decision (`register-empty`); with `strict` one is not
            (`register-not-ready`); the snapshot before is of another register (`register-other`).
        SettingsError: the snapshot before is damaged.
        StoreError: code `registers-busy`, or the folder cannot be written.
    """
    made_at = now.astimezone(UTC).replace(microsecond=0)
    with shelf.alone(), shelf.workroom() as room, closing(Spool(room / "spool")) as spool:
        tally = Tally()
        with open_table(
            order.path, lambda names: _recognises(order, names), encoding=order.encoding, progress=progress
        ) as table:
            rows = _form(order, table.names)
            refused = RefusedFile(order.path, table.names)
            mended = _mended(order)
            with refused:
                places = _read_rows(order, table, rows, mended, spool, tally, refused)
            source = table.read()
            notes = list(table.notes)
        taken = len(spool)
        reached("read")
        if mended is not None and (unused := mended.unused()):
            notes.append(f"{unused:,} rows of the mended file belong to no row that was left out of this source")
        _refuse_nothing(order, tally, taken, refused.path)
        before = None if order.previous is None else _before(order, spool)
        settled = settle(spool, taken, {} if before is None else before.by_key)
        for number in settled.repeated:
            tally.repeat(QualityDecision.from_line(spool.line(number)), places[number])
        if len(settled.numbers) > MOST_DECISIONS:
            raise _refused(order, f"it has more than {MOST_DECISIONS:,} decisions", "register-too-large")
        made = _write(room, spool, settled, order, source, tally, made_at, before, mended is not None)
        reached("written")
        content = _content(order, tally, settled, spool, rows, notes, refused.path, before, made)
        known = _same_draft(shelf, made.document)
        if known is not None:
            return Outcome(known, refused.path, content["sameAsBefore"], True, known.content)
        draft = shelf.keep(
            room,
            made.root,
            made.leaf_count,
            {
                "manifest": made.document,
                "output": str((order.output or order.path.parent).absolute()),
                "content": content,
            },
        )
        reached("kept")
        return Outcome(draft, refused.path, content["sameAsBefore"], False, content)


def _form(order: Order, names: Sequence[str]) -> Rows:
    try:
        return (DeqarRows if order.form is Form.DEQAR else PlainRows)(names, order.register, order.known)
    except IntakeError as error:
        error.where = error.where or str(order.path)
        raise


def _recognises(order: Order, names: Sequence[str]) -> bool:
    try:
        _form(order, names)
    except IntakeError:
        return False
    return True


@dataclass(slots=True)
class _Mended:
    """Mended rows by the number of the row that they mend."""

    rows: Rows
    by_number: dict[int, MendedRow]
    used: int = 0

    def row(self, source: SourceRow) -> Read | None:
        """What the mended row of a row comes to; None where there is none."""
        found = self.by_number.get(source.number)
        if found is None or found.check != check_of(source):
            return None
        read = self.rows.read(found.row)
        if read is None:
            return None
        self.used += 1
        if read.decision is not None and _is_still_damaged(found.row, source):
            return Read(None, (Finding(source.number, "", "", Reason.TEXT_DAMAGED, _STILL_DAMAGED, _WRITE_LETTERS),))
        return Read(read.decision, tuple(replace(each, row=source.number, cell="") for each in read.findings))

    def unused(self) -> int:
        """How many rows mend nothing."""
        return len(self.by_number) - self.used


def _is_still_damaged(mended: SourceRow, source: SourceRow) -> bool:
    """Whether a sign still stands where the source has bytes that are no text."""
    was = any(is_damaged(text_of(value)) for value in source.values.values())
    return was and any(REPLACEMENT in text_of(value) for value in mended.values.values())


def _mended(order: Order) -> _Mended | None:
    if order.mended is None:
        return None
    names, by_number = read_mended(order.mended, lambda names: _recognises(order, names))
    return _Mended(_form(replace(order, path=order.mended), names), by_number)


def _read_rows(
    order: Order,
    table: Table,
    rows: Rows,
    mended: _Mended | None,
    spool: Spool,
    tally: Tally,
    refused: RefusedFile,
) -> array[int]:
    """The decisions of the rows into the spool; for each, the number of its row."""
    places = array("Q")
    for row in table.rows:
        read = rows.read(row)
        if read is None:
            continue
        if read.decision is None and mended is not None and (again := mended.row(row)) is not None:
            tally.mended += again.decision is not None
            read = again
        line, read = _written(row, read)
        if read.decision is None:
            tally.leave_out(read.findings)
            if order.strict:
                raise _not_ready(order, tally)
            refused.add(row, read.findings)
        else:
            spool.add_line(line, key_of(read.decision))
            places.append(row.number)
            tally.take(read.decision, read.findings)
    return places


def _written(row: SourceRow, read: Read) -> tuple[bytes, Read]:
    """The line of a decision; one that a reader of the snapshot would not take makes its row one that is left out."""
    if read.decision is None:
        return b"", read
    try:
        line = read.decision.checked_line()
        if len(line) + _REPLACES_BYTES <= LONGEST_LINE:
            return line, read
        why = f"its decision has more than {LONGEST_LINE:,} bytes"
    except RegistryError as error:
        why = error.what
    wrong = Finding(row.number, "", "", Reason.TOO_MUCH, why, "Shorten it, or make several rows of it.")
    return b"", Read(None, (wrong, *read.findings))


def _refuse_nothing(order: Order, tally: Tally, taken: int, refused: Path | None) -> None:
    if not taken:
        first = _first_refused(tally)
        told = "" if first is None else f"; the first is row {first.row}: {first.what}"
        raise IntakeError(
            f"none of its {tally.rows:,} rows is a decision{told}" if tally.rows else "it has no row below its columns",
            where=str(order.path),
            remedy="Give a file with rows." if refused is None else f"Mend the rows; why stands in {refused}.",
            code="register-empty",
        )


def _not_ready(order: Order, tally: Tally) -> IntakeError:
    first = _first_refused(tally)
    at = "" if first is None else f"row {first.row}{f', cell {first.cell}' if first.cell else ''}: {first.what}"
    return IntakeError(
        f"a row cannot be taken, and nothing was made of the others: {at}",
        where=str(order.path),
        remedy=f"{'' if first is None else first.remedy} Without --strict the others are taken.".strip(),
        code="register-not-ready",
    )


def _first_refused(tally: Tally) -> Finding | None:
    return next((each for each in tally.findings if each.refuses), None)


def _before(order: Order, spool: Spool) -> _Before:
    """Read the snapshot before into the spool, checked as whoever is given it would."""
    path = order.previous or Path()
    try:
        with path.open("rb") as file:
            reader = SnapshotReader(lines_of(file), str(path))
            if reader.manifest.register != order.register:
                raise _refused(
                    order, f"{path} is a snapshot of {reader.manifest.register}, not {order.register}", "register-other"
                )
            found: dict[bytes, list[Earlier]] = defaultdict(list)
            digests, listings = bytearray(), set()
            for digest, decision, line in reader.entries():
                key = key_of(decision)
                number = spool.add_line(line, key)
                found[key].append(Earlier(number, decision.original.digest.value, decision.replaces))
                digests += digest
                listings |= _listings(order.register, orjson.loads(line))
    except OSError as error:
        raise _refused(order, f"{path} cannot be read: {error.strerror}", "unreadable") from None
    root, _ = _tree(chain((digest_document(dict(reader.document)).value,), parts_of(digests), listings))
    manifest = reader.manifest
    try:
        by_key = in_order(found, spool)
    except ValueError as error:
        raise _refused(order, f"{path} is none that was made here: {error}", "register-other") from None
    return _Before(root, manifest.decisions_root, manifest.made_at, by_key)


@dataclass(frozen=True, slots=True)
class _Made:
    """What was written to the workroom."""

    document: dict[str, Any]
    root: bytes
    leaf_count: int
    decisions_root: bytes
    decisions: int


def _write(
    room: Path,
    spool: Spool,
    settled: Settled,
    order: Order,
    source: FileRead,
    tally: Tally,
    made_at: datetime,
    before: _Before | None,
    is_mended: bool,
) -> _Made:
    leaves = bytearray()
    listings: set[bytes] = set()
    with (room / DECISIONS).open("wb") as file:
        for number in sorted_numbers(settled.numbers, spool.digest):
            line = spool.line(number)
            file.write(line + b"\n")
            leaves += spool.digest(number)
            listings |= _listings(order.register, orjson.loads(line))
    manifest = Manifest(
        register=order.register,
        name=order.name,
        uri=order.uri,
        issuer=order.mirror.issuer,
        chain=order.mirror.chain,
        contract=order.mirror.contract,
        party=order.mirror.party,
        decisions_root=decisions_root(parts_of(leaves)),
        decisions=len(settled.numbers),
        made_at=made_at,
        source=Source(source.name, source.sha256, source.size, made_at),
        previous=None if before is None else before.root,
        rules=_rules(order, tally, is_mended),
        left_out={str(reason): count for reason, count in sorted(tally.left_out.items())},
    )
    document = manifest.to_document()
    root, count = _tree(chain((digest_document(document).value,), parts_of(leaves), listings))
    return _Made(document, root, count, manifest.decisions_root, manifest.decisions)


def _rules(order: Order, tally: Tally, is_mended: bool) -> tuple[str, ...]:
    found = list(_RULES[order.form])
    if order.known.agencies is not None:
        found.append("A decision of an agency that is not on the mirror's list is left out.")
    if is_mended:
        found.append(f"The mirror mended {tally.mended:,} rows of the source that could not be read.")
    return tuple(found)


def _tree(leaves: Iterable[bytes]) -> tuple[bytes, int]:
    with Tree.build(leaves) as tree:
        return tree.root, tree.leaf_count


def _listings(register: str, members: Mapping[str, Any]) -> set[bytes]:
    """The leaves that stand for the holders of a decision."""
    found = set()
    for holder in members["holders"]:
        for text in holder["identifiers"]:
            scheme, _, value = text.partition(":")
            found.add(listing_leaf(register, Identifier(scheme, value)))
    return found


def _content(
    order: Order,
    tally: Tally,
    settled: Settled,
    spool: Spool,
    rows: Rows,
    notes: Sequence[str],
    refused: Path | None,
    before: _Before | None,
    made: _Made,
) -> dict[str, Any]:
    unknown = rows.header.unknown
    return {
        "register": order.register,
        "source": order.path.name,
        **tally.content(),
        "decisions": made.decisions,
        "decisionsRoot": made.decisions_root.hex(),
        "previous": None if before is None else before.root.hex(),
        "sameAsBefore": before is not None and before.decisions_root == made.decisions_root,
        "new": settled.new,
        "unchanged": settled.unchanged,
        "corrected": settled.corrected,
        "corrections": len(settled.corrections),
        "gone": len(settled.gone),
        "goneNumbers": list(_names(spool, settled.gone[:MOST_NAMED])),
        "unknownColumns": [terminal_text(each, 80) for each in unknown[:MOST_NAMED]],
        "refusedFile": None if refused is None else str(refused),
        "notes": list(notes),
    }


def _names(spool: Spool, numbers: Sequence[int]) -> Iterator[str]:
    for number in numbers:
        decision = QualityDecision.from_line(spool.line(number))
        yield f"{decision.agency} {decision.number or decision.report or 'without a number'}"


def _same_draft(shelf: Shelf, document: Mapping[str, Any]) -> Draft | None:
    """A draft that differs in nothing but when it was made."""
    wanted = _timeless(document)
    return next((each for each in shelf.drafts() if _timeless(each.document) == wanted), None)


def _timeless(document: Mapping[str, Any]) -> dict[str, Any]:
    subject = dict(document["credentialSubject"])
    subject.pop("madeAt")
    subject["source"] = {name: value for name, value in subject["source"].items() if name != "retrieved"}
    return {"issuer": document["issuer"], "subject": subject}


def _refused(order: Order, what: str, code: str) -> IntakeError:
    return IntakeError(
        what, where=str(order.path), remedy="Give another file, or leave --previous out for a first one.", code=code
    )
