"""Acts of people who assess and sign: of tables, records of assessments, and what was issued. No learner is read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from anchor.books.issued import Run
from anchor.books.tables import RunState
from anchor.verifying.named import read_named
from anchor.verifying.reading import read_file
from registry.credential.digest import DEFAULT_LIMITS
from registry.errors import IntakeError, SettingsError
from registry.learning.assessment.records import Assessed, Genre, read_record
from registry.learning.suggest.anomalies import Act
from registry.timestamps import asked_moment, from_unix
from registry.untrusted.encodings import REMEDY as SAVE_AS_UTF8
from registry.untrusted.encodings import foreign_encoding
from registry.untrusted.text import terminal_text

MOST_BYTES: Final = 256 << 20
MOST_ACTS: Final = 1_000_000
MOST_COUNT: Final = 1_000_000
LONGEST: Final = 500
COLUMNS: Final = ("by", "at", "count", "award", "mark", "evidence", "record")
_NEEDED: Final = ("by", "at")
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Read:
    """What was read.

    Attributes:
        left_out: rows that could not be read, and why.
        unread: names of columns that were not looked at.
    """

    acts: tuple[Act, ...]
    left_out: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def acts_in(path: Path) -> Read:
    """The acts of a CSV file with the columns `COLUMNS`, of which `by` and `at` are needed; others are not looked at.

    Raises:
        IntakeError: it cannot be read, or has no such columns (codes `unreadable`, `acts`).
    """
    data = read_named(path, MOST_BYTES)
    if len(data) > MOST_BYTES:
        raise _refused(path, f"it has more than {MOST_BYTES >> 20} MiB", "Take a shorter period.")
    text = data.removeprefix(b"\xef\xbb\xbf")
    if encoding := foreign_encoding(text):
        raise _refused(path, f"it is not UTF-8, but {encoding}", SAVE_AS_UTF8)
    try:
        rows = csv.DictReader(io.StringIO(text.decode(), newline=""), strict=True)
        names = tuple(rows.fieldnames or ())
        if missing := [each for each in _NEEDED if each not in names]:
            raise _refused(path, f"it has no column {missing[0]!r}", f"Columns are: {', '.join(COLUMNS)}.")
        acts, left_out = _read(rows, path)
    except (csv.Error, UnicodeDecodeError) as error:
        raise _refused(path, f"it is no table: {error}", "Save it as CSV in UTF-8.") from None
    unread = tuple(terminal_text(each, 40) for each in names if each not in COLUMNS)
    return Read(tuple(acts), tuple(left_out), unread[:_SHOWN])


def acts_of_records(folder: Path) -> Read:
    """The acts of records of assessments, in a folder or one file; of moderations and decisions, too.

    What the records say is counted, whoever signed them: `testamur assessment check` says whether that holds.

    Raises:
        IntakeError: it is not there (code `unreadable`), or there are more than are read (`acts`).
    """
    acts: list[Act] = []
    left_out: list[str] = []
    for path in sorted(folder.rglob("*.json")) if folder.is_dir() else [folder]:
        reading = read_file(path, DEFAULT_LIMITS)
        record = next(filter(None, (read_record(part.members) for part in reading.parts)), None)
        if record is None:
            left_out.append(f"{path.name}: it is no record of an assessment")
            continue
        try:
            acts.append(_recorded(record, path.name))
        except SettingsError as error:
            left_out.append(f"{path.name}: {error}")
        if len(acts) > MOST_ACTS:
            raise _refused(folder, f"it has more than {MOST_ACTS:,} records", "Take a part of them.")
    return Read(tuple(acts), tuple(left_out))


def acts_of_runs(runs: Iterable[Run]) -> Read:
    """Who confirmed which credentials that were issued from rosters: a run is one act."""
    return Read(
        tuple(
            Act(
                by=run.confirmed_as or run.confirmed_by or "",
                at=from_unix(run.confirmed_at),
                count=run.credentials,
                record=f"run {run.number}",
            )
            for run in runs
            if run.confirmed_at is not None and run.state is not RunState.DISCARDED and run.credentials
        )
    )


def within(acts: Iterable[Act], since: datetime | None, until: datetime | None) -> tuple[Act, ...]:
    """The acts from a moment on and before another one."""
    return tuple(each for each in acts if (since is None or each.at >= since) and (until is None or each.at < until))


def _read(rows: csv.DictReader[str], path: Path) -> tuple[list[Act], list[str]]:
    acts: list[Act] = []
    left_out: list[str] = []
    for row in rows:
        if len(acts) == MOST_ACTS:
            raise _refused(path, f"it has more than {MOST_ACTS:,} rows", "Take a shorter period.")
        # Short rows have no value, long ones a list of what is beyond the columns.
        cells = {name: (value or "").strip() for name, value in row.items() if name in COLUMNS and _is_text(value)}
        try:
            acts.append(_act(cells, rows.line_num))
        except (SettingsError, ValueError) as error:
            left_out.append(f"line {rows.line_num}: {error}")
    return acts, left_out


def _recorded(record: Assessed, name: str) -> Act:
    rubric = record.rubric
    marks = []
    for mark in record.marks:
        criterion = rubric.criterion(mark.criterion)
        level = criterion.level(mark.value) if criterion is not None else None
        about = f"{rubric.title}: {criterion.name if criterion is not None else mark.criterion}"
        marks.append((about, mark.value if level is None else level.name))
    return Act(
        by=f"{record.assessor.name} ({record.assessor.did})".strip(),
        at=asked_moment(record.at, "awardedDate"),
        marks=tuple(marks),
        evidence=tuple(each.sha256.hex() for each in record.evidence if each.genre is Genre.FILE),
        record=record.identifier or name,
    )


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _act(cells: Mapping[str, str], line: int) -> Act:
    if too_long := next((name for name, value in cells.items() if name != "evidence" and len(value) > LONGEST), None):
        raise ValueError(f"{too_long} has more than {LONGEST} characters")
    by = cells.get("by", "")
    if not by:
        raise ValueError("it does not say by whom")
    return Act(
        by=by,
        at=asked_moment(cells.get("at", ""), "at"),
        count=_count(cells.get("count", "")),
        marks=((cells.get("award", ""), cells["mark"]),) if cells.get("mark") else (),
        evidence=tuple(_hashes(cells.get("evidence", ""))),
        record=cells.get("record", "") or f"line {line}",
    )


def _count(text: str) -> int:
    if not text:
        return 1
    if not text.isascii() or not text.isdigit() or len(text) > 7 or not 0 < int(text) <= MOST_COUNT:
        raise ValueError(f"count is a whole number from 1 to {MOST_COUNT:,}")
    return int(text)


def _hashes(text: str) -> Iterator[str]:
    return (each.casefold().removeprefix("0x").removeprefix("sha256:") for each in text.split())


def _refused(path: Path, what: str, remedy: str) -> IntakeError:
    return IntakeError(what, where=str(path), remedy=remedy, code="acts")
