"""From a row to credentials: what is in them, that foreign schemas take them, and that parts are linked."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft201909Validator

from anchor.issuing.credentials import Awards, Facts, credentials_of, months_later
from anchor.issuing.templates.model import Template
from registry.credential.digest import DigestMethod, digest_document, hazards
from registry.document.reading import read_document
from registry.document.stated_scope import CREDITS_TYPE, stated_scope
from registry.learning.assessment.records import hash_of_uri
from registry.learning.portfolio.associations import links_in
from registry.learning.reading import achieved_in
from registry.recognition.scope import hash_of_programme
from registry.verify.stated_facts import stated_facts
from tests.anchor.issuing.made import APART, GRANULAR, TEMPLATE, row, rows

SCHEMA = Path(__file__).parents[4] / "shared" / "schemas" / "ob_v3p0_achievementcredential_schema.json"
UUID = re.compile(r"urn:uuid:[0-9a-f-]{36}")
ENTRY = {"id": "urn:uuid:9f1b6f0a-66c1-4ad1-9a51-5d0b6d8a6f11", "type": "BitstringStatusListEntry"}


def numbered() -> Facts:
    """Ids that count, so that what comes out can be written down."""
    numbers = count(1)
    return Facts(lambda: f"urn:uuid:00000000-0000-4000-8000-{next(numbers):012}", lambda _: [ENTRY])


@pytest.fixture(scope="module")
def schema() -> Draft201909Validator:
    if not SCHEMA.is_file():
        assert not os.environ.get("CI"), "../shared/schemas is not there"
        pytest.skip("1EdTech's schema is not beside the repository")
    return Draft201909Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


# What is in it


def test_the_award_says_what_template_and_row_say() -> None:
    (award,) = credentials_of(TEMPLATE, row(), numbered())
    document = award.document
    subject = document["credentialSubject"]
    assert (award.part, document["id"]) == ("award", "urn:uuid:00000000-0000-4000-8000-000000000002")
    assert document["name"] == "Bachelor of Science in Information Systems"
    assert (document["validFrom"], document["awardedDate"]) == ("2026-08-31T00:00:00Z",) * 2
    assert document["validUntil"] == "2028-02-29T00:00:00Z"
    assert document["credentialStatus"] == ENTRY
    assert "evidence" not in document
    assert subject["identifier"] == [
        {"type": "IdentityObject", "hashed": False, "identityHash": "Zoë Ångström-Öztürk 5", "identityType": "name"}
    ]
    assert subject["creditsEarned"] == 180
    described = {each["id"]: each["name"] for each in subject["achievement"]["resultDescription"]}
    said = {described[each["resultDescription"]]: each.get("value") or each["status"] for each in subject["result"]}
    assert said == {
        "Final grade": "1.7",
        "INF-204 Databases {1} (7.5 ECTS)": "2.0",
        "Law": "passed",
        "Works in a team": "Completed",
        "Develops": "2",
    }
    assert "s00005" not in json.dumps(document)
    assert "example.org" not in json.dumps(document)


def test_the_second_language_is_a_related_achievement_that_names_everything() -> None:
    (award,) = credentials_of(TEMPLATE, row())
    achievement = award.document["credentialSubject"]["achievement"]
    (german,) = achievement["related"]
    assert (achievement["inLanguage"], german["inLanguage"]) == ("en", "de")
    assert (german["name"], german["narrative"]) == (TEMPLATE.name["de"], TEMPLATE.criteria["de"])
    named = {each["targetUrl"]: each["targetName"] for each in german["alignment"]}
    assert named.pop(TEMPLATE.issuer.id) == TEMPLATE.issuer.name["de"]
    assert list(named) == [each["id"] for each in achievement["resultDescription"]]
    assert list(named.values()) == [
        "Gesamtnote",
        "Auszeichnung",
        "INF-204 Datenbanken (7.5 ECTS)",
        "Recht",
        "Arbeitet im Team",
        "Entwickelt",
    ]


def test_one_language_has_no_related_achievement() -> None:
    (award,) = credentials_of(replace(TEMPLATE, languages=("de",)), row())
    achievement = award.document["credentialSubject"]["achievement"]
    assert "related" not in achievement
    assert achievement["name"] == TEMPLATE.name["de"]


def test_what_it_states_is_understood_here() -> None:
    """So that accreditations of the issuer can be compared with it."""
    found = stated_scope([credentials_of(TEMPLATE, row())[0].document])
    assert (found.field, found.levels, found.partly) == ("0688", (6, 6), frozenset())
    assert found.qualification_types == frozenset({"bachelor-degree"})
    assert found.programme == hash_of_programme(TEMPLATE.achievement_id)


def test_its_credits_are_of_the_european_system_and_no_level() -> None:
    for template in (TEMPLATE, GRANULAR, replace(TEMPLATE, credits=None)):
        for part in credentials_of(template, row()):
            document = part.document
            reading = read_document(json.dumps(document).encode(), "a.json")
            (achieved,) = achieved_in(reading)
            earned = document["credentialSubject"].get("creditsEarned")
            assert achieved.ects == (None if earned is None else Fraction(str(earned)))
            (own,) = [each for each in reading.own if each.method is DigestMethod.VC_JCS]
            levels = stated_facts(reading, own.value)["level"]
            assert not any("Credit" in str(each) for each in levels)


def test_a_birth_date_is_in_it_only_where_the_row_has_one() -> None:
    (award,) = credentials_of(TEMPLATE, row(birth_date="2003-02-01"))
    (name, born) = award.document["credentialSubject"]["identifier"]
    assert name["identityType"] == "name"
    assert (born["identityType"], born["identityHash"]) == ("ext:birthDate", "2003-02-01")


def test_who_cannot_do_something_has_no_result_for_it() -> None:
    (award,) = credentials_of(TEMPLATE, row(competence__team="no", competence__dev="", course__law=""))
    ids = [each["resultDescription"] for each in award.document["credentialSubject"]["result"]]
    assert [each.partition("#")[2] for each in ids] == ["result.grade", "course.db"]


def test_no_two_documents_of_the_same_row_are_alike_and_none_can_be_guessed() -> None:
    first, second = (credentials_of(TEMPLATE, row())[0].document for _ in range(2))
    assert digest_document(first) != digest_document(second)
    assert not hazards(first)
    assert {first["id"], first["credentialSubject"]["id"]}.isdisjoint({second["id"], second["credentialSubject"]["id"]})


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.integers(1, 600))
def test_months_later_is_the_same_day_or_the_last_of_a_shorter_month(day: date, months: int) -> None:
    found = months_later(day, months)
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months
    assert found.day == day.day or (
        found.day < day.day and (found + (found - found.replace(day=found.day - 1))).day == 1
    )


# Granular


def test_a_granular_award_has_no_marks_and_each_part_is_linked_with_it_both_ways() -> None:
    award, *parts = credentials_of(GRANULAR, row(), numbered())
    assert [each.part for each in parts] == ["marks", "course:db", "course:law", "competence:team", "competence:dev"]
    assert "result" not in award.document["credentialSubject"]
    assert "resultDescription" not in award.document["credentialSubject"]["achievement"]
    for marks in ("1.7", "Final grade", "Databases"):
        assert marks not in json.dumps(award.document)
    linked = [(each["id"], each["genre"]) for each in award.document["evidence"]]
    assert linked == [(each.document["id"], "part") for each in parts]
    for each in parts:
        (back,) = each.document["evidence"]
        assert (back["id"], back["genre"]) == (award.document["id"], "whole")
        assert each.document["credentialSubject"]["id"] == award.document["credentialSubject"]["id"]
    assert len({each.document["id"] for each in (award, *parts)}) == 6


def test_a_course_of_its_own_says_its_mark_its_code_and_its_programme() -> None:
    course = credentials_of(GRANULAR, row())[2].document["credentialSubject"]
    achievement = course["achievement"]
    assert (achievement["name"], achievement["humanCode"], achievement["achievementType"]) == (
        "Databases {1}",
        "INF-204",
        "Course",
    )
    assert course["creditsEarned"] == 7.5
    (result,) = course["result"]
    (described,) = achievement["resultDescription"]
    assert (result["value"], result["resultDescription"]) == ("2.0", described["id"])
    assert {"id": TEMPLATE.achievement_id, "type": ["Related"]} in achievement["related"]


def test_what_a_row_does_not_have_is_no_part_of_it() -> None:
    parts = credentials_of(GRANULAR, row(result__grade="", course__law="", competence__team="no", competence__dev=""))
    assert [each.part for each in parts] == ["award", "course:db"]


@pytest.mark.parametrize("template", [GRANULAR, APART], ids=["inside", "apart"])
def test_whoever_has_all_other_parts_lacks_something_random_of_each(template: Template) -> None:
    parts = [json.dumps(each.document) for each in credentials_of(template, row())]
    for at, each in enumerate(parts):
        others = "".join(parts[:at] + parts[at + 1 :])
        known = set(UUID.findall(others))
        assert at == 0 or set(UUID.findall(each)) - known


# Marks apart

MARKS_OF_ROW = {"1.7", "2.0", "passed", "2"}


def test_with_marks_apart_a_course_says_that_it_was_completed_and_another_credential_how_well() -> None:
    made = {each.part: each.document for each in credentials_of(APART, row())}
    marks = ["marks", "mark:course.db", "mark:course.law", "mark:competence.dev"]
    assert list(made) == [
        "award",
        "marks",
        "course:db",
        "mark:course.db",
        "course:law",
        "mark:course.law",
        "competence:team",
        "competence:dev",
        "mark:competence.dev",
    ]
    assert Awards(APART).parts_of(row()) == list(made)
    assert Awards(APART).most == len(made)
    for part, document in made.items():
        subject = document["credentialSubject"]
        said = {each.get("value") for each in subject.get("result", ())} - {None}
        assert bool(said & MARKS_OF_ROW) is (part in marks)
        if part not in (*marks, "award"):
            (result,) = subject["result"]
            assert result["status"] == "Completed"
    course, mark = (made[part]["credentialSubject"] for part in ("course:db", "mark:course.db"))
    assert (course["creditsEarned"], course["achievement"]["humanCode"]) == (7.5, "INF-204")
    assert "creditsEarned" not in mark
    assert mark["achievement"]["name"] == "Mark: Databases {1}"
    assert mark["achievement"]["related"][0]["name"] == "Note: Datenbanken"
    assert mark["id"] == course["id"]


def test_a_mark_apart_names_what_it_is_of_by_id_and_digest_and_nothing_names_the_mark() -> None:
    made = {each.part: each.document for each in credentials_of(APART, row())}
    for part, document in made.items():
        if not part.startswith("mark"):
            continue
        whole = made["award" if part == "marks" else part.removeprefix("mark:").replace(".", ":")]
        by_id, by_digest = document["evidence"]
        assert by_id == {"id": whole["id"], "type": ["Evidence"], "genre": "whole"}
        assert hash_of_uri(by_digest["id"]) == digest_document(whole).value
        assert not any(document["id"] in json.dumps(other) for other in made.values() if other is not document)
    named = {each["id"] for each in made["award"]["evidence"]}
    assert named == {made[part]["id"] for part in made if part.startswith("co")}


def test_links_of_a_portfolio_lead_from_a_mark_to_its_course_and_from_there_to_the_award() -> None:
    made = credentials_of(APART, row())
    readings = [read_document(json.dumps(each.document).encode(), f"{each.part}.json") for each in made]
    links = {(each.kind, each.source.rpartition("/")[2], each.target.rpartition("/")[2]) for each in links_in(readings)}
    assert {
        ("isPartOf", "bsc-is#course.db.mark", "bsc-is#course.db"),
        ("isPartOf", "bsc-is#course.db", "bsc-is"),
        ("isPartOf", "bsc-is#marks", "bsc-is"),
    } <= links


@pytest.mark.parametrize("is_apart", [True, False])
def test_a_course_that_was_failed_is_not_completed_and_earns_no_credits(is_apart: bool) -> None:
    course = replace(TEMPLATE.courses[1], credits=Decimal(5), failed=("failed",))
    template = replace(GRANULAR, courses=(course,), marks_apart=is_apart)
    for mark, outcome in (("passed", "Completed"), ("failed", "Failed")):
        made = {each.part: each.document for each in credentials_of(template, row(course__law=mark))}
        subject = made["course:law"]["credentialSubject"]
        assert ("creditsEarned" in subject) is (mark == "passed")
        (result,) = subject["result"]
        assert result.get("status") == (outcome if is_apart else None)


# Foreign schema


@pytest.mark.parametrize(
    "template", [TEMPLATE, GRANULAR, APART, replace(TEMPLATE, languages=("de",))], ids=["one", "parts", "apart", "de"]
)
def test_the_schema_of_1edtech_takes_every_document(template: Any, schema: Draft201909Validator) -> None:
    for each in rows(20):
        for part in credentials_of(template, each):
            assert [error.message for error in schema.iter_errors(part.document)] == []


def test_the_smallest_template_makes_a_valid_credential(schema: Draft201909Validator) -> None:
    bare = replace(
        TEMPLATE,
        languages=("en",),
        issuer=replace(TEMPLATE.issuer, url=None, country=None),
        field=None,
        level=None,
        national_level=None,
        credits=None,
        alignments=(),
        results=(),
        courses=(),
        competences=(),
        valid_months=None,
    )
    (award,) = credentials_of(bare, row())
    assert list(schema.iter_errors(award.document)) == []
    assert {"alignment", "tag", "related", "resultDescription"}.isdisjoint(
        award.document["credentialSubject"]["achievement"]
    )


@pytest.mark.parametrize("template", [GRANULAR, APART], ids=["granular", "marks apart"])
def test_a_course_states_the_system_of_its_credits_beside_the_items_it_is_aligned_with(template: Template) -> None:
    (aligned,) = TEMPLATE.competences[1].alignments
    databases = replace(template.courses[0], alignments=(aligned,))
    made = credentials_of(replace(template, courses=(databases, *template.courses[1:])), row())
    course = next(each for each in made if each.part == "course:db")
    targets = course.document["credentialSubject"]["achievement"]["alignment"]
    assert [each.get("targetCode") for each in targets][-2:] == [None, "B.1"]
    assert targets[-2]["targetType"] == CREDITS_TYPE
