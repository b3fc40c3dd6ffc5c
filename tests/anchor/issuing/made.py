"""A template with everything that a template can say, in two languages, and rows of made-up people for it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

from anchor.issuing.roster.reading import Row
from anchor.issuing.templates.model import (
    Alignment,
    Competence,
    Course,
    Institution,
    Kind,
    Result,
    ResultKind,
    Signatory,
    Template,
)

_ECF = "EN 16234-1 e-Competence Framework"
TEMPLATE = Template(
    id="urn:uuid:2f1b6f0a-66c1-4ad1-9a51-5d0b6d8a6f11",
    kind=Kind.BACHELOR,
    languages=("en", "de"),
    issuer=Institution(
        "did:web:neckartal.example",
        {"en": "Neckartal University", "de": "Technische Hochschule Neckartal"},
        "https://neckartal.example",
        "DE",
    ),
    name={"en": "Bachelor of Science in Information Systems", "de": "Bachelor of Science Wirtschaftsinformatik"},
    description={"en": "Three years of study.", "de": "Drei Jahre Studium."},
    criteria={"en": "All courses passed.", "de": "Alle Kurse bestanden."},
    achievement_id="https://neckartal.example/programmes/bsc-is",
    achievement_type="BachelorDegree",
    field="0688",
    level=6,
    national_level="DQR 6",
    credits=Decimal(180),
    alignments=(Alignment("Application Development", "B.1", _ECF, "https://frameworks.example/ecf/B.1"),),
    results=(
        Result(
            "grade",
            {"en": "Final grade", "de": "Gesamtnote"},
            ResultKind.GRADE_POINT_AVERAGE,
            lowest=Decimal("1.0"),
            highest=Decimal("4.0"),
        ),
        Result("honours", {"en": "Honours", "de": "Auszeichnung"}, ResultKind.RESULT, ("summa cum laude", "cum laude")),
    ),
    courses=(
        Course("db", {"en": "Databases {1}", "de": "Datenbanken"}, "INF-204", Decimal("7.5")),
        Course("law", {"en": "Law", "de": "Recht"}, choices=("passed", "failed")),
    ),
    competences=(
        Competence("team", {"en": "Works in a team", "de": "Arbeitet im Team"}),
        Competence(
            "dev",
            {"en": "Develops", "de": "Entwickelt"},
            {"en": "Builds applications.", "de": "Baut Anwendungen."},
            ("1", "2", "3"),
            alignments=(Alignment("Application Development", "B.1", _ECF, "https://frameworks.example/ecf/B.1"),),
        ),
    ),
    valid_months=18,
    signatories=(Signatory("Prof. Dr. Ruth Abele", {"en": "Dean", "de": "Dekanin"}),),
)
GRANULAR = replace(TEMPLATE, granular=True)
APART = replace(
    GRANULAR, marks_apart=True, courses=(TEMPLATE.courses[0], replace(TEMPLATE.courses[1], failed=("failed",)))
)


def row(number: int = 5, **values: str) -> Row:
    """A row with some of everything; keyword arguments change it, with two underscores for a point."""
    filled = {
        "person_id": f"s{number:05}",
        "name": f"Zoë Ångström-Öztürk {number}",
        "email": f"zoe{number}@example.org",
        "awarded_on": "2026-08-31",
        "result.grade": "1.7",
        "course.db": "2.0",
        "course.law": "passed",
        "competence.team": "yes",
        "competence.dev": "2",
    }
    filled |= {key.replace("__", "."): value for key, value in values.items()}
    return Row("Data", number, {key: value for key, value in filled.items() if value}, {})


def rows(count: int) -> list[Row]:
    """Rows that are not all alike in what they have."""
    random = Random(count)
    leave_out = ("course__law", "competence__team", "competence__dev", "birth_date")
    found = []
    for number in range(5, count + 5):
        values: dict[str, Any] = {key: "" for key in leave_out if random.random() < 0.3}
        found.append(row(number, **values, result__grade=f"{random.randint(10, 40) / 10}"))
    return found
