"""Which credentials are meant where a registrar names rows, people or courses instead of files and digests."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from anchor.acts.places import Target
from anchor.books.issued import AWARD, IssuedRow, IssuedStore, Run
from anchor.books.tables import RunState
from anchor.issuing.credentials import MARKS, mark_of, part_of
from registry.errors import IntakeError, NotPossible, StoreError
from registry.untrusted.encodings import REMEDY, foreign_encoding
from registry.untrusted.hashes import read_hash
from registry.untrusted.text import terminal_text

MOST_LIST_BYTES: Final = 16 << 20
MOST_ROWS: Final = 1_000_000
_SHOWN: Final = 80
_PERSON: Final = "person_id"
_ROW: Final = "row"
_ROOT: Final = "root"
_PART: Final = "part"
_REASON: Final = "reason"
_KNOWN: Final = frozenset({_PERSON, _ROW, _ROOT, _PART, _REASON})
_RANGE: Final = re.compile(r"([0-9]{1,7})(?:-([0-9]{1,7}))?\Z", re.ASCII)


class Chosen(NamedTuple):
    """A credential that is meant, by what it was named, and the word for why; "" where none was given."""

    row: IssuedRow
    named: str
    reason: str = ""

    @property
    def target(self) -> Target:
        """For whoever changes statuses."""
        return Target(self.named, (self.row.digest.value,))


@dataclass(frozen=True, slots=True)
class Books:
    """What one issuer issued from rosters."""

    store: IssuedStore
    issuer: int

    def of_rows(self, text: str) -> list[Chosen]:
        """The credentials of rows of a roster, such as `0x…:3,7-9`: the root, and the numbers as the roster has them.

        Raises:
            IntakeError: code `rows`: it is not written so.
            StoreError: there is no such root or row.
        """
        root, _, numbers = text.partition(":")
        run = self._run(root)
        wanted = dict.fromkeys(row_numbers(numbers, text))
        found = [row for row in self.store.rows_of(run) if row.row_number in wanted]
        there = {row.row_number for row in found}
        if missing := [number for number in wanted if number not in there]:
            raise _unknown(f"row {missing[0]}", f"the roster under {_short(root)} has no such row", len(missing))
        return [Chosen(row, f"row {row.row_number}, {row.part}") for row in found]

    def of_person(self, person_id: str) -> list[Chosen]:
        """All credentials of a person, as the institution numbers people.

        Raises:
            StoreError: code `unknown-row`: nothing was issued to that person.
        """
        own = self._runs()
        found = [row for row in self.store.by_person(person_id) if row.run in own]
        if not found:
            raise _unknown(terminal_text(person_id, _SHOWN), "nothing was issued to this person from a roster", 1)
        return [Chosen(row, f"person {person_id}, {row.part}") for row in found]

    def of_course(self, text: str) -> list[Chosen]:
        """The credentials of a course or a competence with those of their marks, or `marks`, of one root (`0x…:db1`)
        or of all; `course:db1` and `mark:course.db1` are those alone.

        Raises:
            StoreError: code `unknown-row`: there is none, for example since the award is not granular.
        """
        root, mark, key = text.rpartition(":")
        runs = [self._run(root)] if mark and root.startswith("0x") else list(self._runs().values())
        key = key if mark and root.startswith("0x") else text
        columns = (f"course.{key}", f"competence.{key}")
        both = {name(each) for each in columns for name in (part_of, mark_of)}
        parts = {key} if ":" in key or key == MARKS else both
        parts.discard(AWARD)
        found = [
            row for run in runs if run.root for part in sorted(parts) for row in self.store.by_part(run.root, part)
        ]
        if not found:
            raise _unknown(
                terminal_text(text, _SHOWN),
                "there is no credential of such a course; courses have credentials of their own where the template "
                "says granular = true",
                1,
            )
        return [Chosen(row, f"row {row.row_number}, {row.part}") for row in found]

    def of_list(self, path: Path) -> list[Chosen]:
        """The credentials that a CSV names, with a reason each where it has one.

        Its first line names its columns: `person_id`, or `root` and `row`; `part` for one part alone; `reason`.

        Raises:
            IntakeError, StoreError: a line is not understood, or names nothing; told with its line.
        """
        found: list[Chosen] = []
        for number, cells in _lines(path):
            try:
                person, row = cells.get(_PERSON, ""), cells.get(_ROW, "")
                chosen = self.of_person(person) if person else self.of_rows(f"{cells.get(_ROOT, '')}:{row}")
                if part := cells.get(_PART, ""):
                    chosen = [each for each in chosen if each.row.part == part]
                    if not chosen:
                        raise _unknown(terminal_text(part, _SHOWN), "there is no credential of this part", 1)
            except (IntakeError, StoreError) as error:
                error.where = f"{path}, line {number}" + (f": {error.where}" if error.where else "")
                raise
            found += [each._replace(reason=cells.get(_REASON, "")) for each in chosen]
        return found

    def refuse_unanchored(self, chosen: Sequence[Chosen]) -> None:
        """Nothing is said of what waits for a second person, or to be anchored: it could come into force afterwards.

        Raises:
            NotPossible: code `waiting-run`.
        """
        runs = self._runs()
        waiting = [each for each in chosen if runs[each.row.run].state is not RunState.CONFIRMED]
        if waiting:
            raise NotPossible(
                f"{len(waiting):,} of {len(chosen):,} are made and not confirmed; nothing was changed",
                where=waiting[0].named,
                remedy="Discard that run first, or confirm and anchor it: `testamur issue list` shows it.",
                code="waiting-run",
            )

    def _runs(self) -> dict[int, Run]:
        runs = self.store.runs(self.issuer)
        return {run.number: run for run in runs if run.state is not RunState.DISCARDED}

    def _run(self, text: str) -> Run:
        try:
            run = self.store.with_root(read_hash(text))
        except ValueError:
            raise IntakeError(
                "it is no root of a batch",
                where=terminal_text(text, _SHOWN),
                remedy="Write 0x and 64 hexadecimal digits, and a colon before the rows: 0x…:3,7-9.",
                code="root",
            ) from None
        if run is None or run.issuer != self.issuer:
            raise StoreError(
                f"issuer {self.issuer} issued nothing from a roster under this root",
                where=_short(text),
                remedy="`testamur issue list` shows what there is.",
                code="unknown-run",
            )
        return run


def is_table(path: Path) -> bool:
    """Whether a list begins with the names of columns by which rows or people are named, and not with a digest.

    Raises:
        IntakeError: it cannot be read.
    """
    first = _text(path).partition("\n")[0]
    return bool({cell.strip().casefold() for cell in re.split("[,;\t]", first)} & {_PERSON, _ROW})


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    text = _text(path)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [cell.strip().casefold() for cell in next(reader)]
        _refuse_columns(path, columns)
        for number, cells in enumerate(reader):
            if number >= MOST_ROWS:
                raise _list_error(path, f"it has more than {MOST_ROWS:,} rows", "Share it among several lists.")
            if any(cell.strip() for cell in cells):
                yield reader.line_num, dict(zip(columns, (cell.strip() for cell in cells), strict=False))
    except csv.Error as error:
        raise _list_error(path, f"line {reader.line_num}: {error}", "Save it as CSV again.") from None


def _refuse_columns(path: Path, columns: Sequence[str]) -> None:
    # A misspelt `reason` would be a revocation without one, and that stays.
    strange = [terminal_text(name, _SHOWN) for name in columns if name not in _KNOWN]
    if strange or len(set(columns)) < len(columns):
        raise _list_error(
            path,
            f"it has a column that is not known: {strange[0]}" if strange else "it has a column twice",
            f"The columns are {_PERSON}, or {_ROOT} and {_ROW}; {_PART} and {_REASON} can be there.",
        )
    if _PERSON not in columns and not {_ROOT, _ROW} <= set(columns):
        raise _list_error(path, f"it names rows without {_ROOT}", f"Add the column {_ROOT}, or use {_PERSON}.")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_LIST_BYTES:
            raise _list_error(path, "it is larger than 16 MB", "Share it among several lists.")
        data = path.read_bytes()
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=str(path), code="unreadable") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        encoding = foreign_encoding(data) or "an encoding other than UTF-8"
        raise IntakeError(
            f"the list is in {encoding}, which is not read", where=str(path), remedy=REMEDY, code="encoding"
        ) from None


def row_numbers(text: str, named: str) -> Iterator[int]:
    """The numbers of rows as `3,7-9` has them.

    Args:
        named: what the error tells of.

    Raises:
        IntakeError: code `rows`: it is not written so.
    """
    for part in text.split(","):
        found = _RANGE.match(part.strip())
        first, last = (0, 0) if found is None else (int(found[1]), int(found[2] or found[1]))
        if not 0 < first <= last or last - first >= MOST_ROWS:
            raise IntakeError(
                "the rows are not written as 3,7-9",
                where=terminal_text(named, _SHOWN),
                remedy="Write the root, a colon, and the numbers of the rows as the roster has them: 0x…:3,7-9.",
                code="rows",
            )
        yield from range(first, last + 1)


def _unknown(where: str, why: str, count: int) -> StoreError:
    more = f", and {count - 1:,} more" if count > 1 else ""
    return StoreError(
        f"{why}{more}; nothing was changed",
        where=where,
        remedy="`testamur issue status` shows what was issued.",
        code="unknown-row",
    )


def _list_error(path: Path, what: str, remedy: str) -> IntakeError:
    return IntakeError(what, where=str(path), remedy=remedy, code="list")


def _short(root: str) -> str:
    return f"{terminal_text(root, _SHOWN)[:14]}…"
