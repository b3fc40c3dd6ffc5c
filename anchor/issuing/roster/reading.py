"""A roster from its file: cells to text, by the keys of their columns; whatever would have to be guessed is told."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Final

import orjson

from anchor.intake.workbooks.cells import Cell, cell_name
from anchor.issuing.roster.columns import (
    COMMON_KEYS,
    EXPLANATIONS,
    LABELS,
    MARK,
    NAME,
    PERSON_ID,
    REASON,
    Column,
    ColumnKind,
    columns_of,
    is_number,
    told_of,
    version_of,
)
from anchor.issuing.roster.sheets import Sheet, read_sheets
from anchor.issuing.roster.words import WORDS
from anchor.issuing.templates.model import Template
from registry.errors import IntakeError
from registry.untrusted.text import terminal_text

SEARCHED_ROWS: Final = 30
"""From the top of a sheet, for the row of keys."""
FEWEST_KEYS: Final = 2
"""That make a row the row of keys."""

_MAKE_ONE: Final = "`testamur roster new TEMPLATE` makes a roster."
_DATE_REMEDY: Final = "Write the date as text: year-month-day, such as 2026-07-31."
_TEXT_REMEDY: Final = "Format the cell as text, and write it again."
_MOST: Final = Decimal(10) ** 20


@dataclass(frozen=True, slots=True)
class Row:
    """What the roster says of one person.

    Attributes:
        number: of the row in its sheet as spreadsheets count, from 1.
        values: key of the column → text, without space around it; nothing for empty cells.
        cells: key of the column → where it stands, such as `C7`; of empty cells, too.
    """

    sheet: str
    number: int
    values: Mapping[str, str]
    cells: Mapping[str, str]

    def value(self, key: str) -> str:
        """What stands in a column; "" for nothing."""
        return self.values.get(key, "")


@dataclass(frozen=True, slots=True)
class Unread:
    """A cell that is not read as text, since something would have to be guessed.

    Attributes:
        rule: by name, such as `formula`.
        what, remedy: sentences.
    """

    row: int
    cell: str
    key: str
    rule: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Roster:
    """All rows of one file.

    Attributes:
        name: of the file.
        keys: of the columns that it has, in their order.
        unread: what could not be read; such a row has no value there.
    """

    name: str
    sheet: str
    keys: tuple[str, ...]
    rows: tuple[Row, ...]
    unread: tuple[Unread, ...] = ()


def row_key(template: Template, row: Row) -> str:
    """What stands for the award of a template to one person, so that it is the same row wherever it is met.

    Returns:
        hexadecimal SHA-256 over the template's id and the person's.
    """
    return sha256(orjson.dumps([template.id, row.value(PERSON_ID)])).hexdigest()


def read_roster(path: Path, template: Template) -> Roster:
    """The rows of an XLSX, XLS, ODS or CSV file.

    Raises:
        IntakeError: nothing of it can be read as a roster of this template; what is wrong with the file stands in its
            code (`docs/reference/roster.md`), and nothing of its rows is read.
        SettingsError: what reads workbooks is not installed.
    """
    columns = {each.key: each for each in columns_of(template)}
    place, sheet = _data_sheet(path, columns)
    keys = _keys(path, sheet, place, columns, template)
    rows: list[Row] = []
    unread: list[Unread] = []
    mark = next((column for column, cell in enumerate(sheet.rows[place]) if _is_mark(cell)), None)
    labels = _labels(template)
    for number, cells in enumerate(sheet.rows[place + 1 :], place + 1):
        if mark is not None and mark < len(cells) and cells[mark] in (LABELS, EXPLANATIONS):
            continue
        reader = _RowReader(sheet, place, number, cells, keys, columns)
        reader.read()
        if (reader.values or reader.unread) and not _is_for_people(reader.values, labels):
            rows.append(Row(sheet.name, number + 1, reader.values, reader.names))
            unread += reader.unread
    if not rows:
        raise IntakeError(
            f"{_called(sheet)} has no row below its keys",
            where=str(path),
            remedy="Fill in one row for each person.",
            code="roster-empty",
        )
    return Roster(path.name, sheet.name, tuple(keys.values()), tuple(rows), tuple(unread))


def template_of(path: Path) -> str | None:
    """The id of the template that a roster says it is for; None when it does not say.

    Raises:
        IntakeError, SettingsError: as `read_roster`.
    """
    place, sheet = _data_sheet(path, ())
    marks = [str(cell) for cell in sheet.rows[place] if _is_mark(cell)]
    return marks[0].removeprefix(MARK).partition("#")[0] if marks else None


def _data_sheet(path: Path, known: Collection[str]) -> tuple[int, Sheet]:
    """The one sheet with a row of keys, and the place of that row."""
    known = {*known, *COMMON_KEYS}
    sheets = read_sheets(path, known)
    found = [(place, sheet) for sheet in sheets if (place := _row_of_keys(sheet, known)) is not None]
    if len(found) == 1:
        return found[0]
    if found:
        names = " and ".join(terminal_text(repr(sheet.name), 60) for _, sheet in found[:3])
        raise IntakeError(
            f"{len(found)} sheets hold a roster: {names}",
            where=str(path),
            remedy="Keep one of them: put all people on it, or save each sheet as a file of its own.",
            code="two-sheets",
        )
    if not any(cell != "" for sheet in sheets for row in sheet.rows for cell in row):
        raise IntakeError("its sheets are empty", where=str(path), remedy=_MAKE_ONE, code="roster-empty")
    raise IntakeError(
        f"no row in the first {SEARCHED_ROWS} of any sheet has the keys of the columns, such as person_id and name",
        where=str(path),
        remedy=f"{_MAKE_ONE} Copy the people into that: the keys stand in its hidden first row.",
        code="no-keys",
    )


def _row_of_keys(sheet: Sheet, known: Collection[str]) -> int | None:
    best, most = None, FEWEST_KEYS - 1
    for place, row in enumerate(sheet.rows[:SEARCHED_ROWS]):
        number = len({cell.strip() for cell in row if isinstance(cell, str) and cell.strip() in known})
        if number > most:
            best, most = place, number
    return best


def _keys(path: Path, sheet: Sheet, place: int, columns: Mapping[str, Column], template: Template) -> dict[int, str]:
    """Column → key, of those that are read."""
    keys: dict[int, str] = {}
    version = ""
    for column, cell in enumerate(sheet.rows[place]):
        at = f"{_called(sheet)}, cell {cell_name(place, column)}"
        if (place, column) in sheet.formulas or not isinstance(cell, str):
            raise _refused(path, f"{at}: a key is no text", "Write the key as text.", "unknown-column")
        key = cell.strip()
        if key.startswith(MARK):
            identifier, _, version = key.removeprefix(MARK).partition("#")
            if identifier != template.id:
                raise _refused(
                    path,
                    f"{at}: this roster was made for another template: {terminal_text(identifier, 60)}",
                    f"Name the template that it was made for, or copy the people into one for {template.id}.",
                    "another-template",
                )
        elif not key or key == REASON:
            continue
        elif key in keys.values():
            what = f"{at}: the column {terminal_text(key, 60)!r} is there twice"
            raise _refused(path, what, "Delete one of them.", "column-twice")
        elif key in columns:
            keys[column] = key
        else:
            near = get_close_matches(key, columns, 1)
            meant = f"Did you mean {near[0]!r}? " if near else ""
            raise _refused(
                path,
                f"{at}: the template has no column {terminal_text(key, 60)!r}{_older(version, template)}",
                f"{meant}Delete the key if the column is a note of yours: what has no key is not read.",
                "unknown-column",
            )
    if missing := [each.key for each in columns.values() if each.mandatory and each.key not in keys.values()]:
        raise _refused(
            path,
            f"{_called(sheet)}, row {place + 1}: the column {missing[0]!r} is missing{_older(version, template)}",
            f"Add a column with that key in the same row{_others(missing[1:])}; or copy the people into a new roster.",
            "column-missing",
        )
    return keys


def _older(version: str, template: Template) -> str:
    is_other = version and version != version_of(template)[: len(version)]
    return " (the template was changed after this roster was made)" if is_other else ""


def _others(keys: Sequence[str]) -> str:
    return f", and likewise {', '.join(keys)}" if keys else ""


def _refused(path: Path, what: str, remedy: str, code: str) -> IntakeError:
    return IntakeError(what, where=str(path), remedy=remedy, code=code)


def _called(sheet: Sheet) -> str:
    return f"sheet {terminal_text(sheet.name, 60)!r}"


def _is_mark(cell: Cell) -> bool:
    return isinstance(cell, str) and cell.strip().startswith(MARK)


def _labels(template: Template) -> Mapping[str, frozenset[str]]:
    """What stands for a label or an explanation in the columns that every roster has, in any language of ours."""
    told: dict[str, set[str]] = {}
    for language in WORDS:
        for each in columns_of(template, language):
            if each.key in COMMON_KEYS:
                told.setdefault(each.key, set()).update((each.label, told_of(each, language)))
    return {key: frozenset(texts) for key, texts in told.items()}


def _is_for_people(values: Mapping[str, str], labels: Mapping[str, frozenset[str]]) -> bool:
    """Whether a row repeats our labels or explanations, where the hidden column that says so is gone."""
    return all(values.get(key) in labels[key] for key in (PERSON_ID, NAME))


@dataclass(slots=True)
class _RowReader:
    """One row, from cells to text.

    Attributes:
        place: of the row of keys, from 0.
        number: of this row, from 0.
    """

    sheet: Sheet
    place: int
    number: int
    cells: Sequence[Cell]
    keys: Mapping[int, str]
    columns: Mapping[str, Column]
    values: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)

    def read(self) -> None:
        covered = [at for at in self.keys if (self.number, at) in self.sheet.covered]
        for at, key in self.keys.items():
            self.names[key] = cell_name(self.number, at)
            cell = self.cells[at] if at < len(self.cells) else ""
            place = (self.number, at)
            if at in covered:
                continue
            if place in self.sheet.errors:
                self._refuse(at, "error-cell", "the cell has an error for a value", "Write the value.")
            elif place in self.sheet.formulas:
                remedy = "Put its value in the place of the formula (copy, then paste values only)."
                self._refuse(at, "formula", "the cell is calculated by a formula", remedy)
            elif isinstance(cell, str):
                if text := cell.strip():
                    self.values[key] = text
            elif (value := self._typed(at, cell, self.columns[key])) is not None:
                self.values[key] = value
        if self.values:
            self._refuse_unseen(covered)
        if not self.sheet.has_types:
            self._refuse_more_cells()

    def _refuse_unseen(self, covered: Sequence[int]) -> None:
        """What stands there, whoever looks at the sheet does not see; of a row for nobody that is no matter."""
        for at in covered:
            what = "the cell was merged into another one: what belongs to this row is not seen"
            self._refuse(at, "merged-cell", what, "Unmerge it, and write the value into each row.")
        if self.number in self.sheet.hidden:
            first = min(self.keys)
            what = "the row is hidden, by a filter or by hand: whoever looked at the sheet did not see it"
            remedy = "Show it, or delete it; if it is right, write hidden-row in the column accepted."
            self.unread.append(Unread(self.number + 1, self.names[self.keys[first]], "", "hidden-row", what, remedy))

    def _typed(self, at: int, cell: Cell, column: Column) -> str | None:
        """What a cell says that is no text; None when it would have to be guessed, which is kept."""
        if isinstance(cell, bool):
            self._refuse(at, "boolean-cell", f"the cell is the truth value {cell}", "Write a text.")
        elif isinstance(cell, int | float):
            return self._number(at, cell, column)
        elif isinstance(cell, datetime) or not isinstance(cell, date):
            remedy = _DATE_REMEDY if column.kind is ColumnKind.DATE else _TEXT_REMEDY
            self._refuse(at, "date-cell", "the cell is a time of day or has one", remedy)
        elif column.kind is ColumnKind.DATE:
            return cell.isoformat()
        else:
            self._refuse(at, "date-cell", f"the cell is a date ({cell.isoformat()}) where text belongs", _TEXT_REMEDY)
        return None

    def _number(self, at: int, cell: float, column: Column) -> str | None:
        exact = Decimal(repr(cell))
        shown = format(exact.normalize(), "f") if exact.is_finite() and abs(exact) < _MOST else str(cell)
        same = [each for each in column.choices if exact.is_finite() and is_number(each) and Decimal(each) == exact]
        if len(same) == 1:
            return same[0]
        if column.kind is ColumnKind.NUMBER and exact.is_finite():
            return shown
        if column.kind is ColumnKind.DATE:
            what = f"the cell is the number {shown}, which some programs take for a date"
            self._refuse(at, "serial-number", what, _DATE_REMEDY)
        else:
            what = f"the cell is the number {shown} where text belongs: a date, or zeros before it, would be lost"
            self._refuse(at, "number-cell", what, _TEXT_REMEDY)
        return None

    def _refuse(self, at: int, rule: str, what: str, remedy: str) -> None:
        cell = cell_name(self.number, at)
        self.unread.append(Unread(self.number + 1, cell, self.keys.get(at, ""), rule, what, remedy))

    def _refuse_more_cells(self) -> None:
        """A line of CSV with a comma too many has everything behind it in the wrong column."""
        width = len(self.sheet.rows[self.place])
        more = next((at for at in range(width, len(self.cells)) if self.cells[at] != ""), None)
        if more is not None:
            remedy = "Look for a comma or semicolon that is not between quotation marks."
            self._refuse(more, "too-many-cells", "the row has more cells than the row of keys", remedy)
