"""The columns of a roster: which a template asks for, under which keys, and what may stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final

import orjson

from anchor.issuing.roster.words import word
from anchor.issuing.templates.model import Template

PERSON_ID: Final = "person_id"
NAME: Final = "name"
BIRTH_DATE: Final = "birth_date"
EMAIL: Final = "email"
LANGUAGE: Final = "language"
AWARDED_ON: Final = "awarded_on"
ACCEPTED: Final = "accepted"
"""Rules that a person looked at in this row and finds right; what a rule refuses cannot be accepted."""
REASON: Final = "reason"
"""What was wrong with a row that comes back; whatever stands there is not read."""

COMMON_KEYS: Final = (PERSON_ID, NAME, BIRTH_DATE, EMAIL, LANGUAGE, AWARDED_ON, ACCEPTED)
"""Of the columns that every roster may have."""
MARK: Final = "template:"
"""What the key of the hidden column begins with; then come the template's id, `#` and the version of its columns."""
LABELS: Final = "labels"
EXPLANATIONS: Final = "explanations"
"""In the hidden column: a row that is for people."""

YES: Final = "yes"
NO: Final = "no"


_NUMBER: Final = re.compile(r"-?[0-9]{1,10}(?:\.[0-9]{1,10})?", re.ASCII)


class ColumnKind(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    DATE = "date"
    EMAIL = "email"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        key: in the hidden row: `name`, `result.KEY`, `course.KEY`, `competence.KEY`.
        label, explanation: for people, in the language of the roster.
        choices: the values that there are; none for any of its kind.
    """

    key: str
    label: str
    explanation: str
    mandatory: bool = False
    kind: ColumnKind = ColumnKind.TEXT
    choices: tuple[str, ...] = ()


def columns_of(template: Template, language: str | None = None) -> tuple[Column, ...]:
    """The columns that a template asks for, in their order.

    Args:
        language: of labels and explanations; by default the template's main one.
    """
    spoken = language or template.languages[0]
    columns = [*_common(template, spoken), *_asked_for(template, spoken)]
    return tuple(replace(each, mandatory=True) if each.key in template.asks_for else each for each in columns)


def version_of(template: Template) -> str:
    """What changes when the columns do, labels aside: a roster that carries another one was made for others.

    Returns:
        hexadecimal SHA-256.
    """
    parts = [[each.key, each.mandatory, each.kind, each.choices] for each in columns_of(template)]
    return sha256(orjson.dumps(parts)).hexdigest()


def mark_of(template: Template) -> str:
    """The key of the hidden column: it says which template a roster is for, and which columns that had."""
    return f"{MARK}{template.id}#{version_of(template)[:16]}"


def told_of(column: Column, language: str) -> str:
    """What stands below a label: whether the column has to be filled in, in words, and with what."""
    need = word("mandatory" if column.mandatory else "optional", language)
    return f"{need}. {column.explanation}".strip()


def is_number(text: str) -> bool:
    """Whether a text is a number with a point: at most 20 digits, 10 of them behind the point."""
    return _NUMBER.fullmatch(text) is not None


def _common(template: Template, language: str) -> Iterator[Column]:
    def column(
        key: str, *, mandatory: bool = False, kind: ColumnKind = ColumnKind.TEXT, choices: tuple[str, ...] = ()
    ) -> Column:
        return Column(key, word(key, language), word(f"{key}.why", language), mandatory, kind, choices)

    yield column(PERSON_ID, mandatory=True)
    yield column(NAME, mandatory=True)
    yield column(BIRTH_DATE, kind=ColumnKind.DATE)
    yield column(EMAIL, kind=ColumnKind.EMAIL)
    yield column(LANGUAGE, choices=template.languages)
    yield column(AWARDED_ON, mandatory=True, kind=ColumnKind.DATE)


def _asked_for(template: Template, language: str) -> Iterator[Column]:
    for result in template.results:
        kind = ColumnKind.NUMBER if result.kind.is_number else ColumnKind.TEXT
        why = word("choice.why" if result.choices else f"{kind}.why", language)
        label = template.text(result.name, language)
        yield Column(f"result.{result.key}", label, why, result.mandatory, kind, result.choices)
    for course in template.courses:
        label, why = template.text(course.name, language), word("course.why", language)
        yield Column(f"course.{course.key}", label, why, course.mandatory, choices=course.choices)
    for competence in template.competences:
        label, why = template.text(competence.name, language), word("competence.why", language)
        choices = competence.choices or (YES, NO)
        yield Column(f"competence.{competence.key}", label, why, competence.mandatory, choices=choices)
    yield Column(ACCEPTED, word(ACCEPTED, language), word(f"{ACCEPTED}.why", language))
