"""Registers in DEQAR's form, made up and always the same: institutions, programmes and agencies that do not exist.

For benchmarks and tests alike. Rows are written as they are made, so that a file of any size takes no memory.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

INSTITUTIONS: Final = 3_000
AGENCIES: Final = 50
PROGRAMMES: Final = 3
_START: Final = date(2015, 1, 1)
_FIELDS: Final = ("0613", "0311", "0912", "0215", "041", "07", "http://data.europa.eu/esco/isced-f/0231", "")
_LEVELS: Final = ("first cycle", "2", "second cycle", "1", "third cycle", "0 - short cycle")
_DECISIONS: Final = (
    "1",
    "1",
    "1",
    "1",
    "positive",
    "positive",
    "2",
    "positive with conditions or restrictions",
    "3",
    "4",
)
_SUBJECTS: Final = ("Data Science", "Musique", "Elektrotechnik", "Povijest", "Ekonomika", "Keemia", "Nursing")
_SUMMARY: Final = (
    "The panel commends the involvement of students and asks for a plan by which outcomes of final projects are "
    "published; the plan is due within a year. "
)

HEADER: Final[Sequence[str]] = (
    "agency", "local_identifier", "activities[1].id", "status", "decision", "valid_from", "valid_to", "date_format",
    "file[1].original_location", "file[1].display_name", "file[1].report_language[1]",
    "institution[1].deqar_id", "institution[1].eter_id", "institution[2].deqar_id",
    *(
        f"programme[{number}].{part}"
        for number in range(1, PROGRAMMES + 1)
        for part in (
            "identifier[1]", "name_primary", "qualification_primary", "qf_ehea_level", "degree_outcome", "field_study",
        )
    ),
    "summary", "other_comment",
)  # fmt: skip


def rows(count: int, seed: int = 18, *, wordy: int = 1) -> Iterator[list[str]]:
    """Rows of a register; nine in ten are about programmes, one in twenty is joint.

    Args:
        wordy: how often its sentence stands in a summary; with 20, a row has some 4 KB.
    """
    random = Random(seed)
    for number in range(count):
        start = _START + timedelta(days=random.randrange(4_000))
        last = start + timedelta(days=365 * random.randint(1, 7) - 1)
        home = random.randrange(INSTITUTIONS)
        is_joint = random.random() < 0.05
        about = random.randint(1, PROGRAMMES) if is_joint or random.random() < 0.9 else 0
        programmes = []
        for place in range(PROGRAMMES):
            subject = random.choice(_SUBJECTS)
            level, field = random.choice(_LEVELS), random.choice(_FIELDS)
            made = [f"P{number}-{place}", subject, f"Degree in {subject}", level, "yes", field]
            programmes += made if place < about else [""] * len(made)
        decision = random.choice(_DECISIONS)
        yield [
            str(1 + random.randrange(AGENCIES)),
            f"QA-{number:07d}",
            str(1 + random.randrange(20)),
            random.choice(("1", "2", "voluntary", "part of obligatory EQA system")),
            decision,
            start.isoformat(),
            "" if random.random() < 0.2 else last.isoformat(),
            "%Y-%m-%d",
            f"https://agency.example/reports/{number}.pdf",
            "Report",
            "eng",
            f"DEQARINST{home:04d}",
            f"XX{home:04d}",
            f"DEQARINST{(home + 1) % INSTITUTIONS:04d}" if is_joint else "",
            *programmes,
            _SUMMARY * wordy if decision.startswith(("2", "positive with")) or wordy > 1 else "",
            f'Review {number}; "quoted", with a comma',
        ]


def write(path: Path, count: int, seed: int = 18, *, wordy: int = 1) -> Path:
    """A file of so many rows; as `rows`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows(count, seed, wordy=wordy))
    return path


def write_bytes(path: Path, size: int, seed: int = 18) -> int:
    """A file of so many bytes at least; how many rows it has."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for row in rows(1 << 40, seed):
            writer.writerow(row)
            count += 1
            if count % 1_000 == 0 and file.tell() >= size:
                break
    return count
