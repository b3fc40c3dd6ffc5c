"""What is looked for in a roster before anything is issued; each rule has a name, and a sentence with its cell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final, Protocol
from unicodedata import normalize

from anchor.intake.workbooks.cells import place_of
from anchor.issuing.roster.cell_rules import RULES, Checker, Severity, Wrong, accept, read_date
from anchor.issuing.roster.columns import ACCEPTED, AWARDED_ON, BIRTH_DATE, NAME, PERSON_ID, columns_of
from anchor.issuing.roster.reading import Roster, Row, Unread, row_key
from anchor.issuing.templates.model import Template
from registry.errors import IntakeError

SHOWN_CELLS: Final = 5


class Coverage(StrEnum):
    """Whether an award is within what its issuer is accredited for on chain."""

    COVERED = "covered"
    OUTSIDE = "outside"
    NO_ACCREDITATION = "no-accreditation"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True, slots=True)
class ScopeAnswer:
    """What is known of the accreditation; `why` is a sentence."""

    coverage: Coverage
    why: str


@dataclass(frozen=True, slots=True)
class IssuedAnswer:
    """What the books know.

    Attributes:
        rows: row key → what was issued, in a few words.
        why_not: a sentence where nobody could be asked; None where they were.
    """

    rows: Mapping[str, str]
    why_not: str | None = None


class Known(Protocol):
    """What is known beside the roster: the issuer's books, and the chain."""

    def issued(self, row_keys: Sequence[str]) -> IssuedAnswer:
        """Which of these rows were issued before."""

    def accreditation(self, template: Template) -> ScopeAnswer:
        """Whether the award is within the accreditations of its issuer."""


class NothingKnown:
    """Neither books nor chain were asked."""

    def issued(self, row_keys: Sequence[str]) -> IssuedAnswer:  # noqa: ARG002 - of `Known`
        """Not checked."""
        return IssuedAnswer({}, "Whether somebody has this award already was not checked.")

    def accreditation(self, template: Template) -> ScopeAnswer:  # noqa: ARG002 - of `Known`
        """Not checked."""
        return ScopeAnswer(Coverage.NOT_CHECKED, "Whether the issuer is accredited for this award was not checked.")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or that somebody has to look at.

    Attributes:
        row, cell: where; 0 and "" for the whole file.
        key: of the column; "" for the whole row or file.
        rule: by name, as `docs/reference/roster.md` has it.
        what, remedy: sentences.
    """

    sheet: str
    row: int
    cell: str
    key: str
    severity: Severity
    rule: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a roster.

    Attributes:
        ready: rows without findings, or with such only as a person accepted.
        findings: in the order of their cells.
        scope: what is known of the issuer's accreditation.
        not_checked: sentences on what nobody could be asked about.
    """

    ready: tuple[Row, ...]
    findings: tuple[Finding, ...]
    scope: ScopeAnswer
    not_checked: tuple[str, ...] = ()

    @property
    def refused(self) -> int:
        """How many rows cannot be issued as they are."""
        return len(self._rows_with(Severity.REFUSED))

    @property
    def needing_a_person(self) -> int:
        """How many rows somebody has to look at, and nothing else is wrong with."""
        return len(self._rows_with(Severity.NEEDS_A_PERSON) - self._rows_with(Severity.REFUSED))

    @property
    def strictly(self) -> Checked:
        """The same, with nothing ready if anything is wrong."""
        return replace(self, ready=()) if self.findings else self

    def _rows_with(self, severity: Severity) -> set[int]:
        return {each.row for each in self.findings if each.severity is severity and each.row}


def check_roster(
    roster: Roster,
    template: Template,
    known: Known,
    *,
    today: date | None = None,
    accepted: Collection[str] = (),
) -> Checked:
    """Every rule over every row, and what is known beside the roster.

    Args:
        today: by default the day in UTC.
        accepted: rules of the whole file that a person looked at; of a row, they stand in its column `accepted`.

    Raises:
        IntakeError: code `unknown-rule`: one of `accepted` is none that can be.
    """
    _refuse_unknown(accepted)
    day = today or datetime.now(UTC).date()
    keys = {row_key(template, row): row for row in roster.rows if row.value(PERSON_ID)}
    issued = known.issued(list(keys))
    found = [*_of_cells(roster, template, day), *_of_people(roster), *_of_books(keys, issued)]
    by_row: dict[int, list[Finding]] = {}
    for finding in found:
        by_row.setdefault(finding.row, []).append(finding)
    ready, findings = [], []
    for row in roster.rows:
        looked_at = _accepted(row)
        left = [
            each
            for each in by_row.get(row.number, ())
            if each.severity is Severity.REFUSED or each.rule not in looked_at
        ]
        findings += sorted(left, key=_place)
        if not left:
            ready.append(row)
    scope = known.accreditation(template)
    if scope.coverage is Coverage.OUTSIDE and "outside-scope" not in accepted:
        remedy = "Ask the body for it; or accept it knowingly: then whoever verifies is told."
        outside = Finding(roster.sheet, 0, "", "", Severity.NEEDS_A_PERSON, "outside-scope", scope.why, remedy)
        ready, findings = [], [outside, *findings]
    unknown = [issued.why_not] if issued.why_not else []
    unknown += [scope.why] if scope.coverage is Coverage.NOT_CHECKED else []
    return Checked(tuple(ready), tuple(findings), scope, tuple(unknown))


def _refuse_unknown(accepted: Collection[str]) -> None:
    if unknown := [each for each in accepted if RULES.get(each) is not Severity.NEEDS_A_PERSON]:
        raise IntakeError(
            f"{unknown[0]!r} is no rule of a whole file that can be accepted",
            where="--accept",
            remedy="Such a rule is outside-scope; what is right in one row is accepted there, in the column accepted.",
            code="unknown-rule",
        )


def _of_cells(roster: Roster, template: Template, today: date) -> Iterator[Finding]:
    """At most one finding for each cell, the first that holds."""
    unread: dict[int, list[Unread]] = {}
    for each in roster.unread:
        unread.setdefault(each.row, []).append(each)
    columns = columns_of(template)
    checkers = {each.key: Checker(each, template, today) for each in columns}
    for row in roster.rows:
        told = unread.get(row.number, ())
        for each in told:
            severity = RULES[each.rule]
            yield Finding(row.sheet, row.number, each.cell, each.key, severity, each.rule, each.what, each.remedy)
        keys, looked_at = {each.key for each in told}, _accepted(row)
        for column in columns:
            wrong = checkers[column.key].look_at(row.value(column.key), looked_at)
            if wrong is not None and column.key not in keys:
                keys.add(column.key)
                yield _finding(row, column.key, wrong)
        if not keys & {BIRTH_DATE, AWARDED_ON} and (late := _born_late(row)) is not None:
            yield _finding(row, BIRTH_DATE, late)


def _of_people(roster: Roster) -> Iterator[Finding]:
    """The same person more than once: by number, or by name and date of birth."""
    numbers: dict[str, list[Row]] = {}
    names: dict[tuple[str, str], list[Row]] = {}
    for row in roster.rows:
        if number := row.value(PERSON_ID):
            numbers.setdefault(_folded(number), []).append(row)
        if (name := row.value(NAME)) and (born := row.value(BIRTH_DATE)):
            names.setdefault((_folded(name), born), []).append(row)
    for same in numbers.values():
        for row in same if len(same) > 1 else ():
            what = f"the same number stands in {_elsewhere(row, same, PERSON_ID)}"
            yield _finding(row, PERSON_ID, Wrong("same-number", what, "Keep one row for each person."))
    for same in names.values():
        if len({_folded(row.value(PERSON_ID)) for row in same}) > 1:
            for row in same:
                what = f"somebody of this name and date of birth stands in {_elsewhere(row, same, NAME)}"
                yield _finding(row, NAME, Wrong("same-person", what, accept("same-person", "If they are two people")))


def _of_books(keys: Mapping[str, Row], issued: IssuedAnswer) -> Iterator[Finding]:
    for key, what in issued.rows.items():
        if (row := keys.get(key)) is not None:
            remedy = "Leave the row out; to change what was issued: testamur correct."
            yield _finding(row, PERSON_ID, Wrong("already-issued", f"this person has the award: {what}", remedy))


def _elsewhere(row: Row, same: Sequence[Row], key: str) -> str:
    others = [each.cells[key] for each in same if each.number != row.number]
    more = f" and {len(others) - SHOWN_CELLS} more" if len(others) > SHOWN_CELLS else ""
    return f"{', '.join(others[:SHOWN_CELLS])}{more}"


def _accepted(row: Row) -> frozenset[str]:
    return frozenset(row.value(ACCEPTED).replace(",", " ").replace(";", " ").split())


def _born_late(row: Row) -> Wrong | None:
    born, awarded = read_date(row.value(BIRTH_DATE)), read_date(row.value(AWARDED_ON))
    if born is None or awarded is None or born < awarded:
        return None
    return Wrong("born-after-award", f"born on {born}, awarded on {awarded}", "Look which of the two is wrong.")


def _place(finding: Finding) -> tuple[int, int]:
    return place_of(finding.cell) if finding.cell else (finding.row, -1)


def _finding(row: Row, key: str, wrong: Wrong) -> Finding:
    cell = row.cells.get(key, "")
    return Finding(row.sheet, row.number, cell, key, RULES[wrong.rule], wrong.rule, wrong.what, wrong.remedy)


def _folded(text: str) -> str:
    """The same for texts that a person takes for the same."""
    return " ".join(normalize("NFKC", text).casefold().split())
