"""What is wrong with a roster is named by its cell and its rule, and nothing else is."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor.issuing.roster.cell_rules import RULES, Severity, is_email, read_date
from anchor.issuing.roster.reading import read_roster, row_key
from anchor.issuing.roster.rules import (
    Checked,
    Coverage,
    IssuedAnswer,
    NothingKnown,
    ScopeAnswer,
    check_roster,
)
from anchor.issuing.templates.model import Template
from registry.errors import IntakeError
from tests.anchor.issuing.roster.files import (
    KEYS,
    TEMPLATE,
    Error,
    Formula,
    marked,
    person,
    table,
    write_seen,
    write_xlsx,
)

TODAY = date(2026, 11, 27)


class Knows:
    """What is known, as the test has it."""

    def __init__(self, issued: Mapping[str, str] | None = None, coverage: Coverage = Coverage.COVERED):
        self._issued = issued or {}
        self._coverage = coverage

    def issued(self, row_keys: Sequence[str]) -> IssuedAnswer:
        return IssuedAnswer({key: self._issued[key] for key in row_keys if key in self._issued})

    def accreditation(self, template: Template) -> ScopeAnswer:
        return ScopeAnswer(self._coverage, "as the test says")


def checked(folder: Path, rows: Sequence[Mapping[str, Any]], known: Any = None, **options: Any) -> Checked:
    path = write_xlsx(folder / "r.xlsx", Data=table(rows))
    return check_roster(read_roster(path, TEMPLATE), TEMPLATE, known or Knows(), today=TODAY, **options)


def named(found: Checked) -> list[tuple[str, str]]:
    return [(each.cell, each.rule) for each in found.findings]


def cell(key: str, row: int) -> str:
    return f"{'ABCDEFGHIJKLMNOP'[KEYS.index(key)]}{row}"


LONG = "Ana " + "x" * 300
FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"person_id": ""}, "person_id", "missing"),
    ({"name": ""}, "name", "missing"),
    ({"awarded_on": " "}, "awarded_on", "missing"),
    ({"result__final": ""}, "result.final", "missing"),
    ({"name": "Ana\u202eMüller"}, "name", "hidden-characters"),
    ({"name": "Ana\u0007 Müller"}, "name", "hidden-characters"),
    ({"name": "Ana\nMüller"}, "name", "hidden-characters"),
    ({"name": "Ana M\ufffdller"}, "name", "hidden-characters"),
    ({"result__honours": "a\u200bb"}, "result.honours", "hidden-characters"),
    ({"name": unicodedata.normalize("NFD", "Ana Müller Q")}, "name", "not-nfc"),
    ({"name": LONG}, "name", "long-name"),
    ({"result__honours": "x" * 1001}, "result.honours", "too-long"),
    ({"name": "Ana  Müller Q"}, "name", "odd-spaces"),
    ({"name": "Ana\u00a0Müller Q"}, "name", "odd-spaces"),
    ({"name": "Аna Müller Q"}, "name", "look-alikes"),
    ({"name": "Ana Müller 3"}, "name", "odd-name"),
    ({"name": "—"}, "name", "odd-name"),
    ({"name": "=cmd|' /C calc'!A"}, "name", "like-a-formula"),
    ({"person_id": "+49"}, "person_id", "like-a-formula"),
    ({"person_id": "@x"}, "person_id", "like-a-formula"),
    ({"email": "ana"}, "email", "email"),
    ({"email": "a@x.example, b@x.example"}, "email", "email"),
    ({"email": "Ana <a@x.example>"}, "email", "email"),
    ({"awarded_on": "31.07.2026"}, "awarded_on", "date"),
    ({"awarded_on": "2026-02-30"}, "awarded_on", "date"),
    ({"birth_date": "2001-2-3"}, "birth_date", "date"),
    ({"birth_date": "1899-12-31"}, "birth_date", "date-too-early"),
    ({"birth_date": "2026-11-28"}, "birth_date", "born-in-future"),
    ({"awarded_on": "2026-11-28"}, "awarded_on", "awarded-in-future"),
    ({"birth_date": "2026-08-01"}, "birth_date", "born-after-award"),
    ({"result__final": "1,7"}, "result.final", "number"),
    ({"result__final": "0.9"}, "result.final", "out-of-bounds"),
    ({"result__final": "4.01"}, "result.final", "out-of-bounds"),
    ({"course__databases": "1.5"}, "course.databases", "choice"),
    ({"competence__development": "perhaps"}, "competence.development", "choice"),
    ({"language": "fr"}, "language", "choice"),
    ({"accepted": "everything"}, "accepted", "unknown-rule"),
    ({"accepted": "missing"}, "accepted", "unknown-rule"),
    ({"birth_date": 36925}, "birth_date", "serial-number"),
    ({"person_id": 12}, "person_id", "number-cell"),
    ({"name": date(2001, 2, 3)}, "name", "date-cell"),
    ({"email": True}, "email", "boolean-cell"),
    ({"result__final": Formula("=1+1")}, "result.final", "formula"),
    ({"email": Error("#REF!")}, "email", "formula"),
]


@pytest.mark.parametrize(("changed", "key", "rule"), FAULTS, ids=lambda each: each if isinstance(each, str) else None)
def test_each_fault_is_named_once_by_its_cell(tmp_path: Path, changed: dict[str, Any], key: str, rule: str) -> None:
    # A cell that is calculated is told as such, whatever it came to.
    found = checked(tmp_path, [person(1), person(2, **changed), person(3)])
    rule = "error-cell" if changed.get("email") == "#REF!" else rule
    assert named(found) == [(cell(key, 3), rule)]
    (told,) = found.findings
    assert (told.sheet, told.row, told.key, told.severity) == ("Data", 3, key, RULES[rule])
    assert told.what
    assert told.remedy
    assert [row.number for row in found.ready] == [2, 4]


def test_forty_faults_among_ten_thousand_rows_are_all_named_and_nothing_else_is(tmp_path: Path) -> None:
    rows = [person(number, birth_date=f"2000-{number % 12 + 1:02}-{number % 28 + 1:02}") for number in range(10_000)]
    expected = []
    for at, (changed, key, rule) in enumerate(FAULTS[5:43]):
        number = 17 + 249 * at
        rows[number] |= {name.replace("__", "."): value for name, value in changed.items()}
        expected.append((cell(key, number + 2), rule))
    rows[9_990]["person_id"] = rows[123]["person_id"]
    expected += [(cell("person_id", number + 2), "same-number") for number in (123, 9_990)]
    assert len(expected) == 40
    found = checked(tmp_path, rows)
    assert sorted(named(found)) == sorted(expected)
    assert len(found.ready) == 9_960
    assert found.refused + found.needing_a_person == 40


@pytest.mark.parametrize("rule", [rule for rule, comes in RULES.items() if comes is Severity.NEEDS_A_PERSON])
def test_a_person_can_accept_what_needs_one_and_nothing_else(tmp_path: Path, rule: str) -> None:
    for changed, _, broken in FAULTS:
        if broken == rule:
            assert not checked(tmp_path, [person(1, **{**changed, "accepted": f"odd-name, {rule}"})]).findings
        elif RULES[broken] is Severity.REFUSED and "accepted" not in changed and broken != "error-cell":
            assert checked(tmp_path, [person(1, **{**changed, "accepted": rule})]).findings


def test_what_is_accepted_hides_nothing_else_of_the_same_cell(tmp_path: Path) -> None:
    name = "=Аna  " + "x" * 300
    seen = []
    for _ in range(9):
        found = checked(tmp_path, [person(1, name=name, accepted=" ".join(seen))])
        if not found.findings:
            break
        seen.append(found.findings[0].rule)
    assert seen == ["like-a-formula", "long-name", "odd-spaces", "look-alikes"]


@pytest.mark.parametrize(
    "name",
    [
        "محمد بن سلمان",
        "שרה כהן",
        "李小龍",
        "Ольга Петрова",
        "Ó Súilleabháin",
        "क्षत्रिय शर्मा",
        "O'Brien-Smith, Jr.",
        "می‌خواهم",
    ],
)
def test_names_of_the_world_are_fine(tmp_path: Path, name: str) -> None:
    assert not checked(tmp_path, [person(1, name=unicodedata.normalize("NFC", name))]).findings


# What is not seen


@pytest.mark.parametrize("ending", ["xlsx", "ods", "xls"])
def test_a_row_that_a_filter_hides_needs_a_person(tmp_path: Path, ending: str) -> None:
    rows = table([person(1), person(2), person(3, accepted="hidden-row"), {}])
    path = write_seen(tmp_path / f"roster.{ending}", rows, hidden=(0, 2, 3, 4), merged=())
    found = check_roster(read_roster(path, TEMPLATE), TEMPLATE, NothingKnown(), today=TODAY)
    assert named(found) == [("A3", "hidden-row")]
    assert [row.number for row in found.ready] == [2, 4]


@pytest.mark.parametrize("ending", ["xlsx", "ods", "xls"])
def test_a_cell_under_another_one_is_not_taken_for_an_empty_one(tmp_path: Path, ending: str) -> None:
    at = KEYS.index("course.databases")
    rows = table([person(1), person(2, course__databases=""), person(3, course__databases="1.0"), {"person_id": ""}])
    path = write_seen(tmp_path / f"roster.{ending}", rows, hidden=(), merged=[(1, at, 3, at), (4, 0, 4, 5)])
    found = check_roster(read_roster(path, TEMPLATE), TEMPLATE, NothingKnown(), today=TODAY)
    assert named(found) == [(cell("course.databases", 3), "merged-cell"), (cell("course.databases", 4), "merged-cell")]
    assert [row.number for row in found.ready] == [2]


def test_a_sheet_that_is_one_cell_costs_nothing(tmp_path: Path) -> None:
    path = write_seen(tmp_path / "roster.xlsx", table([person(1)]), hidden=(), merged=[(0, 0, 1_048_575, 16_383)])
    with pytest.raises(IntakeError, match="merged"):
        read_roster(path, TEMPLATE)


# The same person


def test_a_number_that_stands_twice_is_refused_in_both_rows(tmp_path: Path) -> None:
    rows = [person(1), person(2, person_id="A7"), person(3, person_id="a7")]
    assert named(checked(tmp_path, rows)) == [("A3", "same-number"), ("A4", "same-number")]


def test_a_name_with_its_birth_date_under_two_numbers_needs_a_person(tmp_path: Path) -> None:
    one = {"name": "Ana Müller", "birth_date": "2001-02-03"}
    rows = [person(1, **one), person(2, **{**one, "name": "ana MÜLLER"}), person(3, **{**one, "birth_date": ""})]
    found = checked(tmp_path, rows)
    assert named(found) == [("B2", "same-person"), ("B3", "same-person")]
    assert "B3" in found.findings[0].what
    rows = [{**row, "accepted": "same-person"} for row in rows]
    assert not checked(tmp_path, rows).findings


def test_many_of_the_same_are_told_in_a_short_sentence(tmp_path: Path) -> None:
    found = checked(tmp_path, [person(number, person_id="7") for number in range(1, 40)])
    assert len(found.findings) == 39
    assert "and 33 more" in found.findings[0].what


# What is known beside the roster


def test_what_was_issued_before_is_refused(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "r.xlsx", Data=table([person(1), person(2)]))
    roster = read_roster(path, TEMPLATE)
    known = Knows({row_key(TEMPLATE, roster.rows[1]): "run 3"})
    found = check_roster(roster, TEMPLATE, known, today=TODAY)
    assert named(found) == [("A3", "already-issued")]
    assert "run 3" in found.findings[0].what


def test_an_award_outside_the_scope_needs_a_person_for_the_whole_file(tmp_path: Path) -> None:
    outside = Knows(coverage=Coverage.OUTSIDE)
    found = checked(tmp_path, [person(1), person(2)], outside)
    assert named(found) == [("", "outside-scope")]
    assert not found.ready
    found = checked(tmp_path, [person(1), person(2)], outside, accepted=["outside-scope"])
    assert len(found.ready) == 2
    assert not found.findings


@pytest.mark.parametrize("coverage", [Coverage.COVERED, Coverage.NO_ACCREDITATION])
def test_no_accreditation_at_all_is_no_finding(tmp_path: Path, coverage: Coverage) -> None:
    assert not checked(tmp_path, [person(1)], Knows(coverage=coverage)).findings


def test_what_nobody_was_asked_about_is_said_to_be_unchecked(tmp_path: Path) -> None:
    found = checked(tmp_path, [person(1)], NothingKnown())
    assert not found.findings
    assert len(found.not_checked) == 2
    assert all("was not checked" in each for each in found.not_checked)
    assert checked(tmp_path, [person(1)]).not_checked == ()


def test_strictly_nothing_is_ready_if_anything_is_wrong(tmp_path: Path) -> None:
    assert len(checked(tmp_path, [person(1), person(2)]).strictly.ready) == 2
    assert checked(tmp_path, [person(1), person(2, email="x")]).strictly.ready == ()


def test_columns_that_a_template_asks_for_have_to_be_filled_in(tmp_path: Path) -> None:
    from dataclasses import replace

    template = replace(TEMPLATE, asks_for=("email", "course.databases"))
    path = write_xlsx(tmp_path / "r.xlsx", Data=marked([person(1, email="", course__databases="")], template))
    found = check_roster(read_roster(path, template), template, Knows(), today=TODAY)
    assert [(each.key, each.rule) for each in found.findings] == [("email", "missing"), ("course.databases", "missing")]


# Parts


@given(st.dates())
def test_dates_are_read_as_they_are_written(day: date) -> None:
    assert read_date(day.isoformat()) == day


@given(st.text("0123456789-", max_size=11))
def test_whatever_is_read_as_a_date_is_written_so(text: str) -> None:
    assert (found := read_date(text)) is None or found.isoformat() == text


@pytest.mark.parametrize("mail", ["a@b.example", "a.b+c@x-y.example", "müller@grün.example", "o'b@x.example"])
def test_usual_addresses_are_addresses(mail: str) -> None:
    assert is_email(mail)


@pytest.mark.parametrize(
    "mail",
    [
        *("", "@", "a@b", "a b@x.example", "a@x..example", ".a@x.example", "a.@x.example", "a@-x.example"),
        *("a@x.example\nBcc: b@x.example", f"{'a' * 65}@x.example", f"a@{'x.' * 130}example", "a@b@x.example"),
        *("a@x.example;b@y.example", "<a@x.example>", '"a b"@x.example', "a@x\u3000y.example"),
    ],
)
def test_what_a_mail_server_would_not_take_is_no_address(mail: str) -> None:
    assert not is_email(mail)
