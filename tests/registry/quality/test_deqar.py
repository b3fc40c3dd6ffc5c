"""Rows of DEQAR's data dictionary: every column has its place in the decision, and nothing is dropped in silence."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import IntakeError
from registry.quality.decision import Evidence, Identifier, Programme, QualityDecision, Ruling, Subject
from registry.quality.deqar import DEGREES, LEVELS, RULINGS, DeqarRows
from registry.quality.known import Agency, Known, KnownHolder, agencies_by_name
from registry.quality.rows import MOST_COLUMNS, Finding, Read, Reason, SourceRow, Value
from registry.quality.wire import MOST_PARTS

# The forms of EQAR's own samples, with made-up content.
VALID = """Agency,Local_identifier,activities[1].activity,status,decision,valid_from,valid_to,date_format,\
file[1].original_location,file[1].display_name,file[1].report_language[1],institution[1].deqar_id,\
institution[1].eter_id,institution[1].identifier[1]
ExampleQA ,EX-October14,97,part of obligatory EQA system,positive,2016-10-28,2018-01-15,%Y-%m-%d,\
https://agency.example/2014-10.pdf,Evaluation,fre,,BE0035,14
ExampleQA,EX-June15,97,1,1,2016-06-15,2018-01-15,%Y-%m-%d,https://agency.example/2015-06.pdf,Review,eng,\
DEQARINST0245,,16
"""
BASE = {
    "agency": "33",
    "local_identifier": "QA-1",
    "status": "1",
    "decision": "1",
    "valid_from": "2015-01-15",
    "valid_to": "2020-01-14",
    "date_format": "%Y-%m-%d",
    "institution[1].deqar_id": "DEQARINST0034",
}


def read(cells: dict[str, Value], known: Known | None = None) -> Read:
    """The only row of a table with these cells."""
    rows = DeqarRows(list(cells), "deqar", known or Known())
    found = rows.read(SourceRow(2, {at: value for at, value in enumerate(cells.values()) if value != ""}))
    assert found is not None
    return found


def decided(**cells: Value) -> QualityDecision:
    """The decision of the base row with other cells."""
    found = read(BASE | named(cells))
    assert found.decision is not None, found.findings
    return found.decision


def refused(**cells: Value) -> Finding:
    """Why the base row with other cells is left out."""
    found = read(BASE | named(cells))
    assert found.decision is None
    return next(each for each in found.findings if each.refuses)


def named(cells: dict[str, Value]) -> dict[str, Value]:
    """`institution__2__deqar_id` for `institution[2].deqar_id`."""
    return {_name(name): value for name, value in cells.items()}


def _name(name: str) -> str:
    parts = name.split("__")
    return parts[0] + "".join(f"[{each}]" if each.isdigit() else f".{each}" for each in parts[1:])


def table(text: str) -> list[Read]:
    lines = list(csv.reader(io.StringIO(text)))
    rows = DeqarRows(lines[0], "deqar", Known())
    found = [
        rows.read(SourceRow(number, {at: cell for at, cell in enumerate(line) if cell}))
        for number, line in enumerate(lines[1:], 2)
    ]
    return [each for each in found if each is not None]


def test_a_file_in_the_form_of_eqar_s_valid_sample_is_read() -> None:
    first, second = (each.decision for each in table(VALID))
    assert first is not None
    assert second is not None
    assert (first.agency, first.number, first.ruling, first.obligatory) == (
        Identifier("name", "ExampleQA"),
        "EX-October14",
        Ruling.POSITIVE,
        True,
    )
    assert first.valid_until == date(2018, 1, 16)
    assert first.holders[0].identifiers == (Identifier("agency", "ExampleQA/14"), Identifier("eter", "BE0035"))
    assert first.activities == ("97",)
    assert first.evidence == (Evidence("https://agency.example/2014-10.pdf", None, "Evaluation", ("fre",)),)
    assert Identifier("deqar", "DEQARINST0245") in second.holders[0].identifiers
    assert first.agency == second.agency


def test_a_file_in_the_form_of_eqar_s_invalid_sample_is_refused_as_a_whole() -> None:
    with pytest.raises(IntakeError) as error:
        DeqarRows(VALID.splitlines()[0].replace(",", "|").split(","), "deqar", Known())
    assert error.value.code == "register-columns"
    assert "agency, decision, valid_from, institution" in error.value.what


@pytest.mark.parametrize("text", sorted(RULINGS), ids=str)
def test_decisions_are_read_in_words_and_by_number(text: str) -> None:
    assert decided(decision=text.upper()).ruling is RULINGS[text]


def test_a_number_and_its_words_have_to_agree() -> None:
    assert decided(decision="1 - positive").ruling is Ruling.POSITIVE
    assert refused(decision="3 - positive").reason is Reason.RULING_UNREADABLE


@pytest.mark.parametrize("text", sorted(LEVELS), ids=str)
def test_levels_become_those_of_the_european_framework(text: str) -> None:
    programme = decided(programme__1__name_primary="Music", programme__1__qf_ehea_level=text).programmes[0]
    assert programme.levels == (LEVELS[text], LEVELS[text])


def test_negative_voluntary_and_not_applicable_decisions_have_a_place() -> None:
    negative = decided(decision="negative", status="voluntary")
    assert (negative.ruling, negative.obligatory) == (Ruling.NEGATIVE, False)
    assert decided(decision="4").ruling is Ruling.NOT_APPLICABLE


def test_a_conditional_decision_says_its_condition_or_that_there_is_none() -> None:
    assert decided(decision="2", summary="Publish a plan.").condition == "Publish a plan."
    assert decided(decision="2", other_comment="See the letter.").condition == "See the letter."
    silent = read(BASE | {"decision": "2"})
    assert silent.decision is not None
    assert silent.decision.condition == ""
    assert [each.reason for each in silent.findings] == [Reason.CONDITION_UNSAID]


def test_an_open_end_is_six_years_and_marked() -> None:
    found = read(BASE | {"valid_to": ""})
    assert found.decision is not None
    assert (found.decision.valid_until, found.decision.end_assumed) == (date(2021, 1, 15), True)
    assert [each.reason for each in found.findings] == [Reason.END_ASSUMED]


@pytest.mark.parametrize("code", ["06", "061", "0613", "0619", "0610", "0688"])
def test_every_field_of_isced_f_is_known(code: str) -> None:
    assert decided(programme__1__field_study=code).programmes[0].fields == (code,)


def test_a_joint_programme_has_every_holder() -> None:
    joint = decided(
        institution__2__eter_id="de0394", institution__999999__deqar_id="deqarinst0099", programme__1__name_primary="M"
    )
    assert joint.subject is Subject.JOINT_PROGRAMME
    assert [str(each.identifiers[0]) for each in joint.holders] == [
        "deqar:DEQARINST0034",
        "eter:DE0394",
        "deqar:DEQARINST0099",
    ]
    assert decided().subject is Subject.INSTITUTION
    assert decided(programme__1__name_primary="M").subject is Subject.PROGRAMME
    both = decided(programme__1__name_primary="M", activity_type="institutional/programme")
    assert both.subject is Subject.INSTITUTION_AND_PROGRAMME


def test_what_is_about_an_unnamed_programme_is_not_about_the_whole_institution() -> None:
    for row in (
        BASE | {"activity_type": "programme"},
        BASE | {"activity_type": "Joint programme"},
        BASE | {"programme[1].name": "Data Science"},
        BASE | {"programmes[1].name_primary": "Data Science"},
        BASE | {"program_title": "Data Science"},
    ):
        found = read(row)
        assert found.decision is None, row
        assert [each.reason for each in found.findings if each.refuses] == [Reason.PROGRAMME_UNREAD]
    assert decided(activity_type="institutional").subject is Subject.INSTITUTION
    named = decided(programme__1__name_primary="Data Science", program_title="More of it")
    assert (named.subject, dict(named.remarks)["program_title"]) == (Subject.PROGRAMME, "More of it")
    assert decided(program_title="").subject is Subject.INSTITUTION


def test_another_column_of_a_period_is_not_passed_over_as_if_there_were_no_end() -> None:
    row = {name: value for name, value in BASE.items() if name != "valid_to"} | {"valid_until": "2020-01-01"}
    with pytest.raises(IntakeError) as error:
        read(row)
    assert error.value.code == "register-columns"
    assert "'valid_until'" in error.value.what
    assert read(BASE | {"valid_until": "2020-01-01"}).decision is not None


def test_a_programme_has_all_that_its_columns_say() -> None:
    decision = decided(
        programme__1__identifier__1="61",
        programme__1__identifier__2="60800",
        programme__1__resource__2="NL-CROHO",
        programme__1__name_primary="Data Science",
        programme__1__qualification_primary="Master",
        programme__1__qf_ehea_level="second cycle",
        programme__1__nqf_level="level 7",
        programme__1__degree_outcome="yes",
        programme__1__field_study="http://data.europa.eu/esco/isced-f/0613",
        programme__1__workload_ects="120",
        programme__1__country__1="BEL",
        programme__1__country__2="EL",
        programme__1__name_alternative__1="Datenkunde",
    )
    same = Programme(
        (Identifier("local", "61"), Identifier("nl-croho", "60800")),
        "Data Science",
        "Master",
        (7, 7),
        "level 7",
        ("0613",),
        DEGREES,
        "BE",
        "120",
    )
    assert decision.programmes[0] == same
    assert [each.country for each in decision.programmes] == ["BE", "GR"]
    assert ("programme[1].name_alternative[1]", "Datenkunde") in decision.remarks


@pytest.mark.parametrize(
    ("cells", "reason", "cell"),
    [
        ({"agency": ""}, Reason.AGENCY_MISSING, "A2"),
        ({"decision": "approved"}, Reason.RULING_UNREADABLE, "D2"),
        ({"decision": ""}, Reason.RULING_UNREADABLE, "D2"),
        ({"status": "3"}, Reason.STATUS_UNREADABLE, "C2"),
        ({"valid_from": ""}, Reason.DATE_MISSING, "E2"),
        ({"valid_from": "41782"}, Reason.DATE_SERIAL, "E2"),
        ({"valid_from": "03/04/2024", "date_format": ""}, Reason.DATE_AMBIGUOUS, "E2"),
        ({"valid_from": "2015-02-30"}, Reason.DATE_IMPOSSIBLE, "E2"),
        ({"valid_to": "2014-01-01"}, Reason.DATES_REVERSED, "F2"),
        ({"institution[1].deqar_id": ""}, Reason.HOLDER_MISSING, ""),
        ({"institution[2].name_official": "Nameless"}, Reason.HOLDER_UNNAMED, "I2"),
        ({"programme[1].qf_ehea_level": "fourth cycle"}, Reason.LEVEL_UNREADABLE, "I2"),
        ({"programme[1].field_study": "computing"}, Reason.FIELD_UNREADABLE, "I2"),
        ({"programme[1].field_study": "9999"}, Reason.FIELD_UNREADABLE, "I2"),
        ({"programme[1].degree_outcome": "perhaps"}, Reason.VALUE_UNREADABLE, "I2"),
        ({"programme[1].country[1]": "Atlantis"}, Reason.COUNTRY_UNREADABLE, "I2"),
        ({"summary": "x" * 40_000}, Reason.TOO_MUCH, "I2"),
        ({"summary": "a\0b"}, Reason.TEXT_DAMAGED, "I2"),
        ({"summary": "caf\udce9"}, Reason.TEXT_DAMAGED, "I2"),
    ],
    ids=lambda value: str(value)[:40].encode("ascii", "replace").decode() if isinstance(value, dict) else None,
)
def test_what_cannot_be_read_leaves_the_row_out_with_its_cell(
    cells: dict[str, Value], reason: Reason, cell: str
) -> None:
    found = read(BASE | cells)
    assert found.decision is None
    first = next(each for each in found.findings if each.refuses)
    assert (first.reason, first.cell, first.row) == (reason, cell, 2)
    assert first.what
    assert "\0" not in first.what


def test_calculated_cells_are_not_believed() -> None:
    rows = DeqarRows(list(BASE), "deqar", Known())
    found = rows.read(SourceRow(7, dict(enumerate(BASE.values())), frozenset({3})))
    assert found is not None
    assert found.decision is None
    assert next((each.reason, each.cell) for each in found.findings) == (Reason.CALCULATED, "D7")


def test_a_row_without_anything_is_none() -> None:
    rows = DeqarRows(list(BASE), "deqar", Known())
    assert rows.read(SourceRow(3, {0: " ", 1: "-"})) is None


def test_columns_that_are_unknown_are_named_and_kept() -> None:
    rows = DeqarRows([*BASE, "Notes", "notes ", "", "refused_reason"], "deqar", Known())
    assert rows.header.unknown == ("Notes", "notes", "column K")
    cells = dict(enumerate([*BASE.values(), "first", "second", "third", "passed over"]))
    found = rows.read(SourceRow(2, cells))
    assert found is not None
    assert found.decision is not None
    assert dict(found.decision.remarks) == {"Notes": "first", "notes": "second", "column K": "third"}


@pytest.mark.parametrize(
    "names",
    [[*BASE, "Decision"], [*BASE, "institution[1].DEQAR_ID "], [*BASE, "institution.deqar_id"]],
    ids=["case", "space", "without-number"],
)
def test_a_column_that_is_there_twice_is_refused(names: list[str]) -> None:
    with pytest.raises(IntakeError) as error:
        DeqarRows(names, "deqar", Known())
    assert error.value.code == "register-columns"


def test_ten_thousand_columns_are_read_and_more_than_a_sheet_has_are_not() -> None:
    many = [*BASE, *(f"extra {number}" for number in range(10_000))]
    rows = DeqarRows(many, "deqar", Known())
    few = rows.read(SourceRow(2, dict(enumerate(BASE.values())) | {9_000: "kept"}))
    assert few is not None
    assert few.decision is not None
    assert few.decision.remarks == (("extra 8992", "kept"),)
    full = rows.read(SourceRow(3, dict(enumerate(BASE.values())) | dict.fromkeys(range(8, 10_008), "x")))
    assert full is not None
    assert full.decision is None
    assert full.findings[-1].reason is Reason.TOO_MUCH
    with pytest.raises(IntakeError):
        DeqarRows([*BASE, *["x"] * MOST_COLUMNS], "deqar", Known())


def test_as_many_institutions_as_a_decision_has_and_no_more() -> None:
    cells: dict[str, Value] = {f"institution[{number}].deqar_id": f"I{number}" for number in range(1, MOST_PARTS + 2)}
    found = read(BASE | cells)
    assert found.decision is None
    assert found.findings[0].reason is Reason.TOO_MUCH


def test_agencies_that_are_not_on_the_list_are_left_out() -> None:
    listed = Agency(Identifier("deqar-agency", "33"), "Example Agency", ("EXQA", "Ex-QA"), 5)
    known = Known(agencies_by_name([listed]))
    for text in ("33", "033", "exqa", " Example  agency", "deqar-agency:33", "EX-QA"):
        found = read(BASE | {"agency": text}, known)
        assert found.decision is not None, text
        assert (found.decision.agency, found.decision.agency_name) == (listed.identifier, listed.name)
    other = read(BASE | {"agency": "34"}, known)
    assert other.decision is None
    assert other.findings[0].reason is Reason.AGENCY_UNKNOWN


def test_the_mirror_says_which_institution_is_which_party() -> None:
    known = Known(None, {Identifier("deqar", "DEQARINST0034"): KnownHolder(7, "Example University", "BG")})
    found = read(BASE, known)
    assert found.decision is not None
    holder = found.decision.holders[0]
    assert (holder.party, holder.name, holder.country) == (7, "Example University", "BG")


KNOWN_COLUMNS = [
    "agency", "contributing_agencies[1]", "contributing_agencies[2]", "report_id", "local_identifier",
    "activities[1].id", "activities[1].group", "activities[1].local_identifier", "activities[1].agency",
    "activities[2].activity", "activity", "activity_local_identifier", "activity_type", "summary", "summary[2]",
    "file[1].original_location", "file[1].original_location[2]", "file[1].display_name",
    "file[1].report_language[1]", "file[1].report_language[2]", "file[2].display_name", "link[1]",
    "link_display_name[1]", "link_display_name[2]", "institution[1].deqar_id", "institution[1].eter_id",
    "institution[1].identifier[1]", "institution[1].identifier[2]", "institution[1].name_official",
    "institution[1].name_english", "institution[1].acronym", "institution[1].website_link",
    "institution[2].identifier[1]", "institution[2].resource[3]", "platform[1].name_official",
    "platform[1].deqar_id", "programme[1].identifier[1]", "programme[1].name_primary",
    "programme[1].name_primary[2]", "programme[1].name_alternative[1]", "programme[1].qualification_primary",
    "programme[1].qualification_alternative[1]", "programme[1].nqf_level", "programme[1].workload_ects",
    "programme[1].assessment_certification", "programme[1].learning_outcome[1]",
    "programme[1].learning_outcome_description", "programme[1].learning_outcome_esco[1]", "programme[1].resource[2]",
    "other_comment", "a column of nobody",
]  # fmt: skip


@settings(max_examples=60)
@given(st.sets(st.sampled_from(KNOWN_COLUMNS)))
def test_whatever_stands_in_a_row_stands_in_its_decision(columns: set[str]) -> None:
    always = {"agency", "institution[1].deqar_id"}
    if "institution[2].resource[3]" in columns:
        always.add("institution[2].identifier[1]")
    marks: dict[str, Value] = {name: f"TEXT{KNOWN_COLUMNS.index(name)}X" for name in sorted(columns | always)}
    found = read({**BASE, **marks})
    assert found.decision is not None, found.findings
    written = json.dumps(found.decision.to_dict())
    assert [name for name, mark in marks.items() if str(mark) not in written] == []


@given(st.dictionaries(st.sampled_from([*BASE, *KNOWN_COLUMNS]), st.text(max_size=12)))
def test_whatever_a_stranger_writes_comes_to_a_decision_or_a_reason(cells: dict[str, str]) -> None:
    found = DeqarRows(list(BASE | cells), "deqar", Known()).read(SourceRow(2, dict(enumerate((BASE | cells).values()))))
    assert found is None or found.decision is not None or any(each.refuses for each in found.findings)


def test_an_institution_that_the_list_calls_two_parties_is_left_out() -> None:
    holders = {Identifier("deqar", "DEQARINST0034"): KnownHolder(7), Identifier("eter", "DE0394"): KnownHolder(8)}
    found = read(BASE | {"institution[1].eter_id": "DE0394"}, Known(holders=holders))
    assert found.decision is None
    assert [each.reason for each in found.findings] == [Reason.PARTY_CONTRADICTED]
