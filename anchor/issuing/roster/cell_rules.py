"""The rules for one cell, by name: what a value may be in its column."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final
from unicodedata import is_normalized

from anchor.issuing.roster.columns import (
    ACCEPTED,
    AWARDED_ON,
    BIRTH_DATE,
    NAME,
    PERSON_ID,
    Column,
    ColumnKind,
    is_number,
)
from anchor.issuing.templates.model import Template
from anchor.issuing.templates.tables import odd_characters
from registry.untrusted.text import REPLACEMENT, oddities, terminal_text


class Severity(StrEnum):
    """What comes of a finding: somebody has to look and may accept it, or the row cannot be issued as it is."""

    NEEDS_A_PERSON = "needs-a-person"
    REFUSED = "refused"


LONGEST_CELL: Final = 1_000
LONGEST_NAME: Final = 120
"""Names that are longer exist, and do not fit on a line of a diploma: somebody looks."""
EARLIEST: Final = date(1900, 1, 1)
LONGEST_EMAIL: Final = 254
"""RFC 5321 section 4.5.3.1.3: a path has 256 octets, with its brackets."""
MOST_REMEMBERED: Final = 1_000
SHOWN: Final = 60
SHOWN_CHOICES: Final = 8

RULES: Final[Mapping[str, Severity]] = {
    "formula": Severity.REFUSED,
    "error-cell": Severity.REFUSED,
    "boolean-cell": Severity.REFUSED,
    "number-cell": Severity.REFUSED,
    "serial-number": Severity.REFUSED,
    "date-cell": Severity.REFUSED,
    "too-many-cells": Severity.REFUSED,
    "merged-cell": Severity.REFUSED,
    "hidden-row": Severity.NEEDS_A_PERSON,
    "missing": Severity.REFUSED,
    "too-long": Severity.REFUSED,
    "hidden-characters": Severity.REFUSED,
    "not-nfc": Severity.NEEDS_A_PERSON,
    "odd-spaces": Severity.NEEDS_A_PERSON,
    "long-name": Severity.NEEDS_A_PERSON,
    "odd-name": Severity.NEEDS_A_PERSON,
    "look-alikes": Severity.NEEDS_A_PERSON,
    "like-a-formula": Severity.NEEDS_A_PERSON,
    "email": Severity.REFUSED,
    "date": Severity.REFUSED,
    "date-too-early": Severity.REFUSED,
    "born-in-future": Severity.REFUSED,
    "awarded-in-future": Severity.NEEDS_A_PERSON,
    "born-after-award": Severity.REFUSED,
    "number": Severity.REFUSED,
    "out-of-bounds": Severity.REFUSED,
    "choice": Severity.REFUSED,
    "unknown-rule": Severity.REFUSED,
    "same-number": Severity.REFUSED,
    "same-person": Severity.NEEDS_A_PERSON,
    "already-issued": Severity.REFUSED,
    "outside-scope": Severity.NEEDS_A_PERSON,
}
"""Every rule, and what comes of it: `docs/reference/roster.md` says what each means."""

_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)
_FORMULA: Final = re.compile(r"[=+@\-\t＝＋－＠]")
_SPACES: Final = re.compile(r"[^\S ]| {2}")
_LETTERS: Final = "a-zA-Z0-9\\u00a1-\\U0010fffd"
_LABEL: Final = rf"[{_LETTERS}](?:[{_LETTERS}-]{{0,61}}[{_LETTERS}])?"
_ATOM: Final = rf"[{_LETTERS}!#$%&'*+/=?^_`{{|}}~-]+"
# What mail servers take without more ado: dot-atoms of RFC 5322 section 3.4.1, and letters of RFC 6531 beside them.
# Both cases stand there: to fold that of all of Unicode takes longer, at every start, than all other rules together.
_EMAIL: Final = re.compile(rf"(?:{_ATOM}(?:\.{_ATOM})*)@(?:{_LABEL}\.)+{_LABEL}")
_LONGEST_LOCAL: Final = 64
_LETTER: Final = re.compile(r"[^\W\d_]")
_DIGIT: Final = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a value: the rule, and two sentences."""

    rule: str
    what: str
    remedy: str


@dataclass(slots=True)
class Checker:
    """The rules of one column; what was said of a value is remembered, since columns of marks have few."""

    column: Column
    template: Template
    today: date
    _said: dict[str, tuple[Wrong, ...]] = field(default_factory=dict)

    def look_at(self, value: str, accepted: Collection[str] = ()) -> Wrong | None:
        """The first rule that a value breaks; "" stands for an empty cell.

        Args:
            accepted: rules that a person finds right here; those that refuse are never among them.
        """
        if value not in self._said:
            if len(self._said) >= MOST_REMEMBERED:
                self._said.clear()
            self._said[value] = tuple(self._wrongs(value))
        for each in self._said[value]:
            if RULES[each.rule] is Severity.REFUSED or each.rule not in accepted:
                return each
        return None

    def _wrongs(self, value: str) -> Iterator[Wrong]:
        if value:
            yield from self._wrong_text(value)
            if (wrong := self._wrong_kind(value)) is not None:
                yield wrong
        elif self.column.mandatory:
            yield Wrong("missing", "the cell is empty", "Fill it in, or leave the row out.")

    def _wrong_text(self, value: str) -> Iterator[Wrong]:
        if len(value) > LONGEST_CELL:
            yield Wrong("too-long", f"{len(value):,} characters", f"Write at most {LONGEST_CELL:,}.")
        if hidden := ("the character U+FFFD" if REPLACEMENT in value else odd_characters(value)):
            remedy = "Write the text again without it; it is not seen, or turns the text around."
            yield Wrong("hidden-characters", f"{_shown(value)} holds {hidden}", remedy)
        if not is_normalized("NFC", value):
            remedy = f"The refused file has it in the usual form, NFC. {accept('not-nfc', 'If this form is meant')}"
            yield Wrong("not-nfc", f"{_shown(value)} is written with accents apart from their letters", remedy)
        if self.column.key in (NAME, PERSON_ID) and _FORMULA.match(value):
            remedy = accept("like-a-formula", "If that is how it is written")
            yield Wrong("like-a-formula", f"{_shown(value)} begins like a formula", remedy)
        if self.column.key == NAME:
            yield from _wrong_name(value)

    def _wrong_kind(self, value: str) -> Wrong | None:
        if self.column.key == ACCEPTED:
            return _unknown_rule(value)
        if self.column.kind is ColumnKind.EMAIL:
            remedy = "Write one address, such as name@university.example."
            return None if is_email(value) else Wrong("email", f"{_shown(value)} is no e-mail address", remedy)
        if self.column.kind is ColumnKind.DATE:
            return self._wrong_date(value)
        if self.column.choices:
            known = value in self.column.choices
            return None if known else Wrong("choice", f"{_shown(value)} is not in the list", self._choices)
        return self._wrong_number(value) if self.column.kind is ColumnKind.NUMBER else None

    def _wrong_date(self, value: str) -> Wrong | None:
        found = read_date(value)
        if found is None:
            remedy = "Write a day that there is as year-month-day, such as 2026-07-31."
            return Wrong("date", f"{_shown(value)} is no date", remedy)
        if found < EARLIEST:
            return Wrong("date-too-early", f"{value} is before {EARLIEST}", "Look whether a digit is wrong.")
        if found > self.today and self.column.key == BIRTH_DATE:
            return Wrong("born-in-future", f"{value} is yet to come", "Look whether a digit is wrong.")
        if found > self.today and self.column.key == AWARDED_ON:
            remedy = accept("awarded-in-future", "If it is to be issued before that day")
            return Wrong("awarded-in-future", f"{value} is yet to come", remedy)
        return None

    def _wrong_number(self, value: str) -> Wrong | None:
        if not is_number(value):
            return Wrong("number", f"{_shown(value)} is no number", "Write digits with a point, such as 1.7.")
        result = next(each for each in self.template.results if f"result.{each.key}" == self.column.key)
        low, high = result.lowest, result.highest
        if (low is not None and Decimal(value) < low) or (high is not None and Decimal(value) > high):
            remedy = f"The template allows {_bounds(low, high)}."
            return Wrong("out-of-bounds", f"{value} is out of bounds", remedy)
        return None

    @property
    def _choices(self) -> str:
        shown = ", ".join(self.column.choices[:SHOWN_CHOICES])
        more = (
            f" and {len(self.column.choices) - SHOWN_CHOICES} more" if len(self.column.choices) > SHOWN_CHOICES else ""
        )
        return f"The template has: {shown}{more}."


def _wrong_name(value: str) -> Iterator[Wrong]:
    if len(value) > LONGEST_NAME:
        what = f"a name of {len(value)} characters, more than {LONGEST_NAME}"
        yield Wrong("long-name", what, accept("long-name", "If it is right"))
    if _SPACES.search(value):
        what = f"{_shown(value)} has two spaces together, or one that is not the usual one"
        yield Wrong("odd-spaces", what, accept("odd-spaces", "If that is meant"))
    if odd := [each for each in oddities(value) if each != "with hidden characters"]:
        what = f"{_shown(value)} has {'; '.join(odd)}"
        yield Wrong("look-alikes", what, accept("look-alikes", "If it is right"))
    if not _LETTER.search(value) or _DIGIT.search(value):
        what = f"{_shown(value)} has a digit, or no letter"
        yield Wrong("odd-name", what, accept("odd-name", "If it is right"))


def accept(rule: str, case: str) -> str:
    """How a person says that a finding is right.

    Args:
        case: when, such as "If it is right".
    """
    return f"{case}, write {rule} in the column {ACCEPTED}."


def read_date(text: str) -> date | None:
    """A day as ISO 8601 has it, with four digits for the year; None for anything else."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    try:
        return date(*(int(each) for each in found.groups()))
    except ValueError:
        return None


def is_email(text: str) -> bool:
    """Whether mail can be sent there, by its form: one address without a name, comments or quotes."""
    local = text.partition("@")[0]
    return (
        len(text.encode()) <= LONGEST_EMAIL
        and len(local.encode()) <= _LONGEST_LOCAL
        and _EMAIL.fullmatch(text) is not None
        and not any(each.isspace() for each in text)
    )


def _unknown_rule(value: str) -> Wrong | None:
    for each in value.replace(",", " ").replace(";", " ").split():
        if RULES.get(each) is not Severity.NEEDS_A_PERSON:
            able = ", ".join(rule for rule, comes in RULES.items() if comes is Severity.NEEDS_A_PERSON)
            return Wrong("unknown-rule", f"{_shown(each)} is no rule that can be accepted", f"Those are: {able}.")
    return None


def _bounds(low: Decimal | None, high: Decimal | None) -> str:
    if low is None or high is None:
        return f"no less than {low}" if low is not None else f"no more than {high}"
    return f"{low} to {high}"


def _shown(value: str) -> str:
    return repr(terminal_text(value, SHOWN))
