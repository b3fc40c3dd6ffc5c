"""Rows of a register's file, before they are decisions: cells, columns with numbers, and what is found wrong with them.

A table is whatever has a line of column names and rows below it. Nothing of a row is dropped in silence: what no column
of a form takes goes to the decision's remarks, and what cannot be read makes the row one that is left out, with its
cell and why.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from registry.errors import IntakeError
from registry.quality.decision import QualityDecision
from registry.quality.wire import LONGEST_TEXT, MOST_PARTS
from registry.untrusted.cells import column_name
from registry.untrusted.text import terminal_text

Value = str | int | float | bool | date | datetime | time | timedelta
"""What a cell has; text in CSV, anything in a workbook."""

MOST_COLUMNS: Final = 16_384
"""As many as a sheet of a spreadsheet has."""
NOTHING: Final = frozenset({"", "-"})
"""What stands for an empty cell; DEQAR takes a hyphen for one."""
REFUSED_COLUMNS: Final = ("refused_row", "refused_column", "refused_reason", "refused_check")
"""Of a file of rows that were left out: they are passed over when it is read again."""

_SHOWN: Final = 60
# Whatever a column whose name begins so says, it is not that the whole institution is meant, or that there is no end.
_OF_PROGRAMMES: Final = "program"
_OF_PERIODS: Final = "valid"
# One or two parts, each with a number in brackets: institution[2].identifier[1].
_NAME: Final = re.compile(r"([a-z0-9_]+)(?:\[([0-9]{1,9})\])?(?:\.([a-z0-9_]+)(?:\[([0-9]{1,9})\])?)?", re.ASCII)
_SPACES: Final = re.compile(r"[\s\u00a0\ufeff]+")


class Reason(StrEnum):
    """Why a row is left out, or what somebody should look at; the words of tables and of a manifest's `leftOut`."""

    AGENCY_MISSING = "agency-missing"
    AGENCY_UNKNOWN = "agency-unknown"
    CONDITION_UNSAID = "condition-unsaid"
    COUNTRY_UNREADABLE = "country-unreadable"
    DATE_AMBIGUOUS = "date-ambiguous"
    DATE_FORMAT = "date-format"
    DATE_IMPOSSIBLE = "date-impossible"
    DATE_MISSING = "date-missing"
    DATE_OTHERWISE = "date-otherwise"
    DATE_SERIAL = "date-serial"
    DATES_REVERSED = "dates-reversed"
    END_ASSUMED = "end-assumed"
    FIELD_UNREADABLE = "field-unreadable"
    HOLDER_MISSING = "holder-missing"
    HOLDER_UNNAMED = "holder-unnamed"
    IDENTIFIER_UNREADABLE = "identifier-unreadable"
    CALCULATED = "calculated"
    LEVEL_UNREADABLE = "level-unreadable"
    NO_NUMBER = "no-number"
    PROGRAMME_UNREAD = "programme-unread"
    PARTY_CONTRADICTED = "party-contradicted"
    REPEATED = "repeated"
    ROW_DAMAGED = "row-damaged"
    RULING_UNREADABLE = "ruling-unreadable"
    STATUS_UNREADABLE = "status-unreadable"
    STATUS_UNSAID = "status-unsaid"
    TEXT_DAMAGED = "text-damaged"
    TOO_MUCH = "too-much"
    VALUE_UNREADABLE = "value-unreadable"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a row, or to be looked at.

    Attributes:
        row: as spreadsheets count, from 1.
        column: its name as the file has it; "" for the whole row.
        cell: such as `K7`; "" for the whole row.
        refuses: whether the row is left out for it.
        what: a sentence without its end, in which texts of the file are shown as they may be.
        remedy: a sentence.
    """

    row: int
    column: str
    cell: str
    reason: Reason
    what: str
    remedy: str = ""
    refuses: bool = True


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row of a table.

    Attributes:
        number: as spreadsheets count, from 1; the line of column names counts, too.
        values: place of the column, from 0 → what stands there; nothing for empty cells.
        distrusted: places of cells whose value was calculated, could not be, or lies under another one.
        damage: why the row could not be read as one; "" for a whole one.
    """

    number: int
    values: Mapping[int, Value]
    distrusted: frozenset[int] = frozenset()
    damage: str = ""


def check_of(row: SourceRow) -> str:
    """A mark of what stands in a row, by which one that was mended is known to be of this row and no other.

    It is none that a spreadsheet would take for a number.
    """
    state = sha256(row.damage.encode())
    for index, value in sorted(row.values.items()):
        state.update(f"\0{index}\0{text_of(value)}".encode("utf-8", "surrogatepass"))
    return f"row-{state.hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Read:
    """What a row came to: a decision, or why there is none, and what to look at."""

    decision: QualityDecision | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnName:
    """A column's name in parts: `programme[2].identifier[1]`.

    Attributes:
        index: place of the column, from 0.
        name: as the file has it.
        group, number: `programme`, 2; 1 where no number is given.
        part, item: `identifier`, 1; "" where the name has one part alone.
    """

    index: int
    name: str
    group: str
    number: int = 1
    part: str = ""
    item: int = 1

    @property
    def path(self) -> tuple[str, int, str, int]:
        """By which two columns are the same."""
        return self.group, self.number, self.part, self.item


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a table, and of which of them a form knows nothing.

    Attributes:
        known: by place.
        others: place → name under which what stands there becomes a remark.
    """

    known: Mapping[int, ColumnName]
    others: Mapping[int, str]
    names: tuple[str, ...] = field(default=())

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names that the form does not know, in their order."""
        return tuple(self.others.values())


def header_of(
    names: Sequence[str], knows: Mapping[str, frozenset[str]], *, needs: Sequence[str], aliases: Mapping[str, str]
) -> Header:
    """The columns of a table by a form.

    Args:
        names: as the file has them.
        knows: group → its parts; `""` among them where the group is a column by itself.
        needs: groups of which one column at least has to be there.
        aliases: other names of groups.

    Raises:
        IntakeError: code `register-columns`: one is there twice, too many are, or the file is no such table.
    """
    if len(names) > MOST_COLUMNS:
        what = f"the file has {len(names):,} columns, and {MOST_COLUMNS:,} are read"
        raise _columns(what, "Take out those that are empty.")
    known: dict[int, ColumnName] = {}
    others: dict[int, str] = {}
    seen: dict[tuple[str, int, str, int], int] = {}
    taken: Counter[str] = Counter()
    for index, name in enumerate(names):
        found = _column(index, name, aliases)
        if found is not None and found.part in knows.get(found.group, frozenset()):
            if (before := seen.get(found.path)) is not None:
                raise _columns(
                    f"columns {column_name(before)} and {column_name(index)} are both {_shown(name)}",
                    "Keep one of them, or give each a number of its own.",
                )
            seen[found.path] = index
            known[index] = found
        elif _plain(name) not in REFUSED_COLUMNS:
            own = name.strip() or f"column {column_name(index)}"
            taken[own] += 1
            others[index] = own if taken[own] == 1 else f"{own} (column {column_name(index)})"
    groups = {each.group for each in known.values()}
    period = next((name for name in others.values() if _plain(name).startswith(_OF_PERIODS)), None)
    if period is not None and "valid_to" in knows and "valid_to" not in groups:
        raise _columns(
            f"the column {_shown(period)} is not known, and no other one says until when a decision holds",
            "Call it valid_to where it has the last day on which a decision holds; otherwise give it another name.",
        )
    if missing := [each for each in needs if each not in groups]:
        raise _columns(
            f"no column is called {', '.join(missing)}; the first ones are "
            f"{', '.join(_shown(each) for each in names[:5]) or 'none'}",
            "The first line that is not empty has the names of the columns; commas, semicolons or tabs part them. "
            "`testamur register template` writes an example.",
        )
    return Header(known, others, tuple(names))


def _column(index: int, name: str, aliases: Mapping[str, str]) -> ColumnName | None:
    match = _NAME.fullmatch(_plain(name))
    if match is None:
        return None
    group, number, part, item = match.groups()
    return ColumnName(index, name.strip(), aliases.get(group, group), int(number or 1), part or "", int(item or 1))


def _plain(name: str) -> str:
    """A column's name without case, and with one sign for spaces."""
    plain = _SPACES.sub(" ", name).strip().lower()
    for sign in "[].":
        plain = plain.replace(f" {sign}", sign).replace(f"{sign} ", sign)
    return plain.replace(" ", "_")


def _shown(name: str) -> str:
    return repr(terminal_text(name, _SHOWN))


def _columns(what: str, remedy: str) -> IntakeError:
    return IntakeError(what, remedy=remedy, code="register-columns")


class RowReader:
    """The cells of one row, as text, and what is found wrong with them."""

    def __init__(self, row: SourceRow, header: Header):
        self.row = row
        self.header = header
        self.findings: list[Finding] = []
        self._texts: dict[int, str] = {}
        if row.damage:
            self.refuse(None, Reason.ROW_DAMAGED, row.damage, "Look for a quotation mark that is not closed.")
        for index, value in row.values.items():
            if index in row.distrusted:
                self.refuse(
                    index,
                    Reason.CALCULATED,
                    "the value is calculated, wrong, or under a merged cell",
                    "Write what the register says into the cell itself.",
                )
            elif (text := self._text(index, value)) not in NOTHING:
                self._texts[index] = text

    def _text(self, index: int, value: Value) -> str:
        text = text_of(value).strip()
        if len(text) > LONGEST_TEXT:
            self.refuse(index, Reason.TOO_MUCH, f"the text has more than {LONGEST_TEXT:,} characters", "Shorten it.")
            return ""
        if not text.isprintable() and is_damaged(text):
            self.refuse(
                index,
                Reason.TEXT_DAMAGED,
                "the text has bytes that are not in the file's encoding, or a zero byte",
                "Save the file as CSV UTF-8, or say its encoding with --encoding.",
            )
            return ""
        return text

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in it."""
        return not self._texts and not self.findings

    @property
    def is_refused(self) -> bool:
        """Whether something of it cannot be read."""
        return any(each.refuses for each in self.findings)

    def texts(self) -> Iterator[tuple[ColumnName, str]]:
        """What stands in the columns that the form knows."""
        known = self.header.known
        for index, text in self._texts.items():
            if index in known:
                yield known[index], text

    def remarks(self) -> dict[str, str]:
        """What stands in the others, by their name."""
        others = self.header.others
        return {others[index]: text for index, text in self._texts.items() if index in others}

    def refuse_unread_programme(self) -> None:
        """Refuse a row that names no programme in a column that is known, and says something of one in another."""
        for index, name in self.header.others.items():
            if index in self._texts and _plain(name).startswith(_OF_PROGRAMMES):
                self.refuse(
                    index,
                    Reason.PROGRAMME_UNREAD,
                    "it says something of a programme in a column that is not known, and names none in another one",
                    "Give the column its name in the form; left out, the row would be about the whole institution.",
                )
                return

    def refuse_parties(self, index: int | None, parties: Collection[int]) -> None:
        """Refuse a row whose institution is said to be several parties."""
        if len(parties) > 1:
            self.refuse(
                index,
                Reason.PARTY_CONTRADICTED,
                f"the institution is said to be the parties {', '.join(map(str, sorted(parties)))}",
                "Mend the list of parties, or the cell: a mirror answers for what it states.",
            )

    def refuse(self, index: int | None, reason: Reason, what: str, remedy: str) -> None:
        """The row is left out, for a cell or as a whole."""
        self._find(index, reason, what, remedy, refuses=True)

    def remark(self, index: int | None, reason: Reason, what: str, remedy: str = "") -> None:
        """Somebody should look at it; the row is taken all the same."""
        self._find(index, reason, what, remedy, refuses=False)

    def _find(self, index: int | None, reason: Reason, what: str, remedy: str, *, refuses: bool) -> None:
        name = self.header.names[index] if index is not None and index < len(self.header.names) else ""
        cell = "" if index is None else f"{column_name(index)}{self.row.number}"
        self.findings.append(Finding(self.row.number, name, cell, reason, what, remedy, refuses))

    def check_size(self, parts: Mapping[str, int]) -> None:
        """Refuse a row with more parts than a decision has."""
        for name, count in parts.items():
            if count > MOST_PARTS:
                self.refuse(
                    None, Reason.TOO_MUCH, f"the row has {count:,} {name}, and {MOST_PARTS:,} are taken", "Split it."
                )


def text_of(value: Value) -> str:
    """What a cell shows: whole numbers without a fraction, days as 2026-01-31."""
    match value:
        case str():
            return value
        case bool():
            return "yes" if value else "no"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)


def shown(text: str) -> str:
    """A text of the file within a sentence."""
    return repr(terminal_text(text, _SHOWN))


def is_damaged(text: str) -> bool:
    """Whether a text has what stands for bytes that are none of its encoding, or a zero byte."""
    return "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text)


def read_row(row: SourceRow, header: Header, decide: Callable[[RowReader], QualityDecision | None]) -> Read | None:
    """The decision of a row, or why there is none; None for a row without anything in it.

    Args:
        decide: makes the decision of cells that can be read, and notes in the reader what is wrong with it.
    """
    reader = RowReader(row, header)
    if reader.is_empty:
        return None
    # Where a cell cannot be read, whatever else seems to be wrong may come from that.
    decision = None if reader.is_refused else decide(reader)
    return Read(None if reader.is_refused else decision, tuple(reader.findings))
