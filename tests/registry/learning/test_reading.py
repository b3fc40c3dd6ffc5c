"""What is read of each format, what travels in it, and what hostile documents give: less, and never an error."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.credential.digest import DigestMethod
from registry.document.reading import read_document
from registry.document.stated_scope import ECTS_CONCEPT
from registry.learning.achieved import Achieved, Alignment, Credits, Result, credits_counted
from registry.learning.items import Accredited, Checked, Fate
from registry.learning.reading import MOST_ACHIEVED, achieved_in, item_of
from registry.learning.statements.learning_model import LearningModel
from registry.learning.statements.members import LONGEST_TEXT, amount_of, texts_of
from registry.proofs.signatures.keys import did_key_method
from registry.proofs.signatures.sdjwt import issue_sd_jwt, present_sd_jwt, read_sd_jwt
from registry.verify.verdict import Overall
from tests.carriers import itxt, jades, jwt, pdf, png, presentation, svg
from tests.registry.learning.documents import ECTS, EUROPASS, OPEN_BADGE_2, OPEN_BADGE_3, RECORD

GOOD = Checked(Overall.VALID, Fate.GOOD, Accredited.NOT_ASKED)


def achieved(document: Any, name: str = "a.json") -> tuple[Achieved, ...]:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return achieved_in(read_document(data, name))


def changed(document: dict[str, Any], *path: str | int, value: Any) -> dict[str, Any]:
    result = copy.deepcopy(document)
    inner: Any = result
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return result


def test_an_open_badge_3() -> None:
    (found,) = achieved(OPEN_BADGE_3)
    assert found.identifier == "https://university.example/courses/sa"
    assert found.name == {"en": "Systems analysis", "de": "Systemanalyse"}
    assert (found.kind, found.criteria) == ("Course", {"en": "Report and exam."})
    assert found.credits == (Credits(Fraction(5), "ECTS"),)
    assert found.levels == (("EQF", "6"), ("e-CF 4.0", "A.6"))
    assert found.results == (
        Result("Report", "RubricCriterionLevel", "", "Proficient", has_scale=True),
        Result("Grade", "LetterGrade", "1.7"),
        Result(value="Completed"),
    )
    assert found.alignments[1] == Alignment(
        "e-CF 4.0", "A.6", "https://frameworks.example/ecf/A.6", "Application Design", "CFItem"
    )


def test_an_open_badge_2_with_the_extensions_of_edubadges() -> None:
    (found,) = achieved(OPEN_BADGE_2)
    assert (found.name, found.ects) == ({"nl": "Databanken"}, Fraction(5, 2))
    assert found.levels == (("EQF", "6"), ("Example framework", "DB.1"))
    assert found.alignments[0].code == "DB.1"


def test_the_european_learning_model() -> None:
    degree, thesis, other, again = achieved(EUROPASS)
    assert degree.name == {"en": "Master of Arts", "fr": "Maîtrise ès arts"}
    assert (degree.kind, degree.ects, degree.identifier) == ("Qualification", 120, "urn:spec:degree")
    assert degree.levels == (("EQF", "7"), ("http://data.europa.eu/snb/qdr/25831c2", "NFQ 9"))
    assert [each.url for each in degree.alignments] == [
        "http://data.europa.eu/snb/isced-f/0222",
        "http://data.europa.eu/esco/skill/00000000-0000-4000-8000-000000000001",
    ]
    assert {each.code for each in degree.alignments} == {""}, "the name of a list is no code"
    assert (thesis.whole, thesis.ects, thesis.results) == (0, 30, (Result("Thesis", "LearningAssessment", "1,3"),))
    assert (other.whole, other.name) == (0, {"de": "Quellenkunde"})
    assert again.whole is None
    assert credits_counted((degree, thesis, other, again), "ECTS") == 120


def test_a_record_states_what_is_in_it_and_says_what_is_part_of_what() -> None:
    course, programme = achieved(RECORD)
    assert (course.name["en"], course.ects) == ("Systems analysis", 5)
    assert programme.name == {"": "Programme"}
    assert course.whole == 1


def test_a_plain_award_has_its_name_and_type() -> None:
    degree = {"type": "BachelorDegree", "name": "Bachelor of Science and Arts"}
    document = {"type": ["VerifiableCredential"], "credentialSubject": {"id": "did:example:a", "degree": degree}}
    assert achieved(document) == (Achieved(name={"": "Bachelor of Science and Arts"}, kind="BachelorDegree"),)


# Credits are of the European system where the document says so, and nowhere else


@pytest.mark.parametrize(
    ("alignment", "expected"),
    [
        ([], (Credits(Fraction(5)),)),
        ([{"targetName": "6 ECTS", "targetFramework": "ECTS", "targetCode": "6"}], (Credits(Fraction(5)), 6)),
        ([{"targetName": "4.5 ECTS", "targetUrl": ECTS}], (Credits(Fraction(5)), Fraction(9, 2))),
        ([{"targetName": "ECTS grading table", "targetFramework": "Grading"}], (Credits(Fraction(5)),)),
        ([{"targetName": "ECTS"}], (Credits(Fraction(5), "ECTS"),)),
        (["https://data.europa.eu/snb/education-credit/6fcec5c5af"], (Credits(Fraction(5), "ECTS"),)),
        ([{"targetName": "Credits", "targetFramework": "CATS", "targetCode": "10"}], (Credits(Fraction(5)),)),
    ],
)
def test_credits_without_a_system_stay_without_one(alignment: Any, expected: Any) -> None:
    document = changed(OPEN_BADGE_3, "credentialSubject", "achievement", "alignment", value=alignment)
    (found,) = achieved(document)
    assert found.credits == tuple(
        each if isinstance(each, Credits) else Credits(Fraction(each), "ECTS") for each in expected
    )


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("1,5", Fraction(3, 2)),
        ("7.5", Fraction(15, 2)),
        (3, Fraction(3)),
        (2.5, Fraction(5, 2)),
        ({"@value": "10"}, Fraction(10)),
        ("1,500", None),
        (-1, None),
        (True, None),
        (1e300, None),
        (5e-324, None),
        (float("nan"), None),
        ("five", None),
        ([5], None),
        (None, None),
        (10**400, None),
    ],
)
def test_amounts(written: Any, amount: Fraction | None) -> None:
    assert amount_of(written) == amount


# Whatever it travels in


TEXT = json.dumps(OPEN_BADGE_3).encode()


@pytest.mark.parametrize(
    "data",
    [
        png(itxt(TEXT)),
        svg(TEXT),
        pdf(TEXT),
        jwt({"iss": "did:example:i", "vc": OPEN_BADGE_3}),
        jwt(OPEN_BADGE_3),
        jades(OPEN_BADGE_3),
        presentation(OPEN_BADGE_3, OPEN_BADGE_3),
    ],
    ids=["png", "svg", "pdf", "jwt 1.1", "vc-jose", "jades", "twice in a presentation"],
)
def test_carriers(data: bytes) -> None:
    assert achieved(data, "file") == achieved(OPEN_BADGE_3)


def test_what_a_holder_leaves_out_of_an_sd_jwt_stays_out() -> None:
    key = Ed25519PrivateKey.generate()
    claims = {"vct": "https://university.example/award", "iss": "did:web:university.example", **OPEN_BADGE_3}
    hidden = [("credentialSubject", "result", 1), ("credentialSubject", "creditsEarned")]
    issued = issue_sd_jwt(claims, key, did_key_method(key), hidden)
    assert achieved(issued.encode(), "a.sd-jwt") == achieved(OPEN_BADGE_3)
    given = read_sd_jwt(issued)
    (shown,) = achieved(present_sd_jwt(given, given.disclosures).encode(), "a.sd-jwt")
    assert [each.name for each in shown.results] == ["Report", ""]
    assert shown.credits == (), "what can be earned says nothing of what was"


def test_europass_has_a_digest_as_every_credential_signed_or_not() -> None:
    reading = read_document(json.dumps(EUROPASS).encode(), "a.json")
    assert (reading.digest and reading.digest.method, reading.unread) == (DigestMethod.VC_JCS, ())
    signed = read_document(jades(EUROPASS), "a.json")
    assert achieved_in(signed) == achieved_in(reading)
    assert reading.digest in signed.digests


def test_what_has_two_readings_states_nothing() -> None:
    text = json.dumps(OPEN_BADGE_3)
    doubled = text.replace('"creditsEarned": 5', '"creditsEarned": 5, "creditsEarned": 500')
    assert achieved(doubled.encode()) == ()
    inner = json.dumps({"type": "VerifiablePresentation", "verifiableCredential": [OPEN_BADGE_2, "{" + doubled[1:]]})
    assert [each.name for each in achieved(inner.encode())] == [{"nl": "Databanken"}]


def test_an_issuers_identifier_is_confirmed_by_the_party_that_anchored_it() -> None:
    # The name is nobody's proof: somebody who is trusted can write another's identifier beside his own name.
    badge = {**OPEN_BADGE_3, "issuer": {"id": "did:web:university.example", "name": "Academy"}}
    reading = read_document(json.dumps(badge).encode(), "a.json")
    known = {
        "https://university.example": True,
        "did:web:university.example": True,
        "https://academy.example": False,
        "": False,
    }
    for uri, confirmed in known.items():
        assert item_of(reading, replace(GOOD, issuer_uri=uri), 0).issuer_confirmed is confirmed
    nameless = read_document(json.dumps({**OPEN_BADGE_3, "issuer": "Academy"}).encode(), "a.json")
    assert not item_of(nameless, replace(GOOD, issuer_uri="https://academy.example"), 0).issuer_confirmed


def test_an_item() -> None:
    item = item_of(read_document(json.dumps(OPEN_BADGE_3).encode(), "a.json"), GOOD, 3)
    assert (item.position, item.name, item.identifier) == (3, "a.json", OPEN_BADGE_3["id"])
    assert (item.issuer_name, item.issuer_id) == ("Example University", "did:web:university.example")
    assert (item.subject, item.language, len(item.digest)) == ("did:example:learner", "en", 64)
    assert item.valid_until == datetime(2030, 7, 1, tzinfo=UTC)
    europass = item_of(read_document(json.dumps(EUROPASS).encode(), "b.json"), GOOD, 0)
    assert (europass.issuer_name, europass.valid_until) == ("Example University", datetime(2031, 1, 1, tzinfo=UTC))
    badge = item_of(read_document(json.dumps(OPEN_BADGE_2).encode(), "c.json"), GOOD, 0)
    assert (badge.issuer_id, badge.subject) == ("https://college.example", "sha256$00ff")
    nothing = item_of(read_document(b"no credential", "d.txt"), GOOD, 0)
    assert (nothing.achieved, nothing.issuer_name, nothing.valid_from) == ((), "", None)


# Hostile documents

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([ECTS, "en", "6"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["id", "type", "name", "en", "@value", "targetUrl", "hasPart", "point", "framework", "title"]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def places(value: Any, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of everything in a document."""
    inner: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path for step, each in inner for path in [(*above, step), *places(each, (*above, step))]]


SPOTS = [(document, path) for document in (OPEN_BADGE_2, OPEN_BADGE_3, EUROPASS, RECORD) for path in places(document)]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SPOTS), ANYTHING)
def test_anything_anywhere_gives_less_and_no_error(spot: Any, value: Any) -> None:
    document, path = spot
    reading = read_document(json.dumps(changed(document, *path, value=value)).encode("utf-8", "replace"), "a.json")
    for each in item_of(reading, GOOD, 0).achieved:
        assert all(isinstance(text, str) and len(text) <= LONGEST_TEXT for text in each.name.values())
        assert all(0 <= credit.amount <= 1_000_000 for credit in each.credits)
        assert each.whole is None or each.whole >= 0


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (OPEN_BADGE_3, ("credentialSubject", "achievement", "alignment")),
        (OPEN_BADGE_3, ("credentialSubject", "result")),
        (OPEN_BADGE_3, ("credentialSubject", "achievement")),
        (OPEN_BADGE_2, ("badge",)),
        (EUROPASS, ("credentialSubject", "hasClaim", 0, "hasPart")),
        (EUROPASS, ("credentialSubject", "hasClaim", 0, "title")),
    ],
)
def test_a_hundred_thousand_values_are_read_as_far_as_is_said(document: dict[str, Any], path: Any) -> None:
    inner: Any = document
    for step in path:
        inner = inner[step]
    first = inner[0] if isinstance(inner, list) else inner
    small = {"type": "LearningAchievement", "title": {"en": "a"}} if path[-1] == "hasPart" else {"name": "a"}
    many = changed(document, *path, value=[first, *([small] * 100_000)])
    found = achieved(many)
    assert 1 <= len(found) <= MOST_ACHIEVED
    assert all(len(each.alignments) <= 64 and len(each.results) <= 64 for each in found)


def test_parts_in_a_circle_and_deep_ones_end() -> None:
    claim: dict[str, Any] = {"id": "urn:a", "type": "LearningAchievement", "hasPart": "urn:b", "title": {"en": "a"}}
    other = {"id": "urn:b", "type": "LearningAchievement", "hasPart": "urn:a", "title": {"en": "b"}}
    found = achieved(changed(EUROPASS, "credentialSubject", "hasClaim", value=[claim, other]))
    assert [(list(each.name.values()), each.whole) for each in found] == [
        (["a"], None), (["b"], 0), (["b"], None), (["a"], 2),
    ]  # fmt: skip
    for _ in range(30):
        claim = {"type": "LearningAchievement", "title": {"en": "deep"}, "hasPart": claim}
    assert len(achieved(changed(EUROPASS, "credentialSubject", "hasClaim", value=claim))) < 12


def test_wholes_in_a_circle_are_counted_once_each() -> None:
    five = (Credits(Fraction(5), "ECTS"),)
    circle = (Achieved(credits=(), whole=1), Achieved(credits=(), whole=0), Achieved(credits=five, whole=0))
    assert credits_counted(circle, "ECTS") == 5


@given(st.dictionaries(st.text(max_size=6), st.text(max_size=6), max_size=5))
def test_only_what_looks_like_a_language_is_one(value: dict[str, str]) -> None:
    for tag in texts_of(value):
        assert tag == "" or (tag.isascii() and tag[:2].isalpha())


# What is counted


ECTS_BADGE = changed(OPEN_BADGE_3, "credentialSubject", "achievement", "creditsAvailable", value=30)


@pytest.mark.parametrize("earned", ["three", -5, [3], {"a": 1}, "", True, 1e9, "0,123"])
def test_what_was_earned_and_cannot_be_read_is_not_what_could_be(earned: Any) -> None:
    (found,) = achieved(changed(ECTS_BADGE, "credentialSubject", "creditsEarned", value=earned))
    assert found.credits == ()


def test_who_earned_nothing_earned_nothing_in_any_system() -> None:
    document = changed(ECTS_BADGE, "credentialSubject", "creditsEarned", value=0)
    (found,) = achieved(changed(document, "credentialSubject", "achievement", "ECTS", value=5))
    assert sum(each.amount for each in found.credits) == 0


def test_credits_of_several_achievements_together_are_of_none() -> None:
    one = ECTS_BADGE["credentialSubject"]["achievement"]
    document = changed(
        ECTS_BADGE, "credentialSubject", "achievement", value=[one, {**one, "id": "https://university.example/b"}]
    )
    found = achieved(changed(document, "credentialSubject", "creditsEarned", value=10))
    assert [each.credits for each in found] == [(), ()]


def test_a_credential_of_two_people_states_nothing() -> None:
    subject = OPEN_BADGE_3["credentialSubject"]
    other = {**subject, "id": "did:example:somebody"}
    assert achieved({**OPEN_BADGE_3, "credentialSubject": [{**subject, "id": "did:example:anna"}, other]}) == ()
    assert len(achieved({**OPEN_BADGE_3, "credentialSubject": [{**subject, "id": "did:example:anna"}]})) == 1


def test_one_achievement_counts_once_with_the_least_whatever_it_is_in() -> None:
    five, six = Credits(Fraction(5), "ECTS"), Credits(Fraction(6), "ECTS")
    course = Achieved("urn:x", credits=(five,))
    assert credits_counted([course, Achieved("urn:x", credits=(six,))], "ECTS") == 5
    wholes = [Achieved("urn:w1"), Achieved("urn:w2"), Achieved("urn:w3", credits=(six,))]
    in_two = [Achieved("urn:x", credits=(five,), whole=at) for at in (0, 1)]
    assert credits_counted([*wholes[:2], *in_two], "ECTS") == 5
    assert credits_counted([*wholes, *in_two, Achieved("urn:x", credits=(five,), whole=2)], "ECTS") == 6
    unnamed = [Achieved(name={"en": "X"}, credits=(five,), whole=at) for at in (0, 1)]
    assert credits_counted([*wholes[:2], *unnamed], "ECTS") == 5


def test_a_course_of_the_learning_model_has_what_was_received() -> None:
    received, possible = ({"point": points, "framework": {"id": ECTS_CONCEPT}} for points in ("x", "30"))
    claim = {
        "type": "LearningAchievement",
        "title": {"en": "X"},
        "specifiedBy": {"id": "urn:x", "creditPoint": possible},
    }
    for more, amounts in (
        ({}, [30]),
        ({"creditReceived": received}, []),
        ({"creditReceived": {**received, "point": "0"}}, [0]),
    ):
        (found,) = achieved({**EUROPASS, "credentialSubject": {"id": "urn:a", "hasClaim": [{**claim, **more}]}})
        assert [each.amount for each in found.credits] == amounts
    (found,) = LearningModel({}, "en", shows_all=False).claims({"hasClaim": [claim]}, 5)
    assert found.credits == ()
