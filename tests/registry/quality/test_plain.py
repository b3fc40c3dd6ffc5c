"""The plain table of ours: one row a decision, with numbers where it is about several."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import IntakeError
from registry.quality.decision import Evidence, Holder, Identifier, QualityDecision, Ruling, Subject
from registry.quality.known import Known, KnownHolder
from registry.quality.plain import COLUMNS, EXAMPLE, PlainRows
from registry.quality.rows import Read, Reason, SourceRow, Value

BASE = {
    "agency": "agency:EXQA",
    "number": "1",
    "ruling": "positive",
    "valid_from": "2020-01-01",
    "holder.id": "deqar:A",
}


def read(cells: dict[str, Value], known: Known | None = None) -> Read:
    """The only row of a table with these cells."""
    found = PlainRows(list(cells), "exqa", known or Known()).read(SourceRow(2, dict(enumerate(cells.values()))))
    assert found is not None
    return found


def decided(cells: dict[str, Value]) -> QualityDecision:
    found = read(BASE | cells)
    assert found.decision is not None, found.findings
    return found.decision


def test_the_example_of_the_template_is_a_decision() -> None:
    found = read({name: EXAMPLE.get(name, "") for name in COLUMNS})
    assert found.findings == ()
    decision = found.decision
    assert decision is not None
    assert (decision.ruling, decision.valid_until, decision.end_assumed) == (
        Ruling.CONDITIONAL,
        date(2031, 1, 31),
        False,
    )
    assert decision.condition == EXAMPLE["condition"]
    assert decision.holders[0].identifiers == (
        Identifier("deqar", "DEQARINST9001"),
        Identifier("erasmus", "XX EXAMPLE01"),
    )
    assert decision.programmes[0].identifiers == (Identifier("uri", "https://university.example/programmes/msc-data"),)
    assert (decision.programmes[0].levels, decision.programmes[0].fields) == ((7, 7), ("0613",))


def test_without_an_end_there_is_none() -> None:
    assert decided({}).valid_until is None


def test_several_holders_and_programmes_have_numbers() -> None:
    joint = decided(
        {
            "holder[2].id": "deqar:B|eter:XX1",
            "holder[2].party": "9",
            "programme[1].name": "One",
            "programme[3].name": "Three",
            "programme[3].eqf": "6-7",
            "programme[3].field": "0613 | 0111",
            "programme[3].type": "master-degree|bachelor-degree",
            "evidence[1].uri": "https://agency.example/1.pdf",
            "evidence[1].sha256": "AB" * 32,
            "evidence[1].language": "en|hr",
        }
    )
    assert joint.subject is Subject.JOINT_PROGRAMME
    assert joint.holders[1] == Holder((Identifier("deqar", "B"), Identifier("eter", "XX1")), party=9)
    assert [each.name for each in joint.programmes] == ["One", "Three"]
    assert joint.programmes[1].levels == (6, 7)
    assert joint.programmes[1].fields == ("0111", "0613")
    assert joint.programmes[1].types == ("bachelor-degree", "master-degree")
    assert joint.evidence == (Evidence("https://agency.example/1.pdf", bytes([0xAB]) * 32, "", ("en", "hr")),)


def test_what_the_file_and_the_list_say_of_a_party_is_taken_where_they_agree() -> None:
    known = Known(None, {Identifier("deqar", "A"): KnownHolder(7, "Example University", "HR")})
    assert read(BASE, known).decision.holders[0].party == 7  # type: ignore[union-attr]
    assert read(BASE | {"holder.party": "7"}, known).decision.holders[0].party == 7  # type: ignore[union-attr]
    assert read(BASE | {"holder.party": "8"}).decision.holders[0].party == 8  # type: ignore[union-attr]
    assert read(BASE | {"holder.party": "8"}, known).decision is None


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"agency": ""}, Reason.AGENCY_MISSING),
        ({"ruling": ""}, Reason.RULING_UNREADABLE),
        ({"ruling": "equivalent"}, Reason.RULING_UNREADABLE),
        ({"subject": "person"}, Reason.VALUE_UNREADABLE),
        ({"obligatory": "maybe"}, Reason.STATUS_UNREADABLE),
        ({"valid_from": ""}, Reason.DATE_MISSING),
        ({"valid_from": "03/04/2024"}, Reason.DATE_AMBIGUOUS),
        ({"valid_to": "2019-12-31"}, Reason.DATES_REVERSED),
        ({"holder.id": ""}, Reason.HOLDER_MISSING),
        ({"holder.id": "", "holder.name": "Nameless"}, Reason.HOLDER_UNNAMED),
        ({"holder.id": "deqar:"}, Reason.IDENTIFIER_UNREADABLE),
        ({"holder.country": "ZZ"}, Reason.COUNTRY_UNREADABLE),
        ({"holder.party": "0"}, Reason.VALUE_UNREADABLE),
        ({"programme.eqf": "9"}, Reason.LEVEL_UNREADABLE),
        ({"programme.eqf": "7-6"}, Reason.LEVEL_UNREADABLE),
        ({"programme.field": "06131"}, Reason.FIELD_UNREADABLE),
        ({"programme.type": "doctor"}, Reason.VALUE_UNREADABLE),
        ({"evidence.uri": "https://a.example", "evidence.sha256": "12"}, Reason.VALUE_UNREADABLE),
    ],
    ids=lambda value: None if isinstance(value, Reason) else "-".join(f"{name} {text}" for name, text in value.items()),
)
def test_what_cannot_be_read_leaves_the_row_out(cells: dict[str, Value], reason: Reason) -> None:
    found = read(BASE | cells)
    assert found.decision is None
    assert reason in [each.reason for each in found.findings if each.refuses]


def test_columns_that_have_to_be_there_are_named() -> None:
    with pytest.raises(IntakeError, match="ruling, valid_from, holder"):
        PlainRows(["agency", "decision"], "exqa", Known())


@given(st.dictionaries(st.sampled_from([*COLUMNS, "number[2]", "note"]), st.text(max_size=12)))
def test_whatever_a_stranger_writes_comes_to_a_decision_or_a_reason(cells: dict[str, str]) -> None:
    names = [*COLUMNS, "number[2]", "note"]
    values = {at: cells[name] for at, name in enumerate(names) if name in cells}
    found = PlainRows(names, "exqa", Known()).read(SourceRow(2, dict(values)))
    assert found is None or found.decision is not None or any(each.refuses for each in found.findings)


def test_what_is_about_an_unnamed_programme_is_not_about_the_whole_institution() -> None:
    for more in ({"subject": "programme"}, {"subject": "joint-programme"}, {"programme[1].title": "Data Science"}):
        found = read(BASE | more)
        assert found.decision is None, more
        assert [each.reason for each in found.findings if each.refuses] == [Reason.PROGRAMME_UNREAD]
    assert decided({"subject": "institution", "programme[1].title": "Data Science"}).subject is Subject.INSTITUTION


def test_an_institution_that_is_said_to_be_two_parties_is_left_out() -> None:
    first, second = Identifier("deqar", "DEQARINST9001"), Identifier("erasmus", "XX EXAMPLE01")
    row = {name: value for name, value in BASE.items() if name != "holder.id"} | {"holder[1].id": f"{first}|{second}"}
    for known, cell in (({first: 7, second: 8}, ""), ({first: 7}, "8")):
        listed = Known(holders={each: KnownHolder(party) for each, party in known.items()})
        found = read(row | {"holder[1].party": cell}, listed)
        assert found.decision is None
        assert [each.reason for each in found.findings] == [Reason.PARTY_CONTRADICTED]
        assert "7, 8" in found.findings[0].what
    same = read(row | {"holder[1].party": "7"}, Known(holders={first: KnownHolder(7), second: KnownHolder()}))
    assert same.decision is not None
    assert same.decision.holders[0].party == 7
