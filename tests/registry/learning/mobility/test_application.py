"""What is on record of credentials abroad, and what would still be asked for: each for its own reason alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.chain_names import chain_name
from registry.errors import SettingsError
from registry.learning.items import Fate
from registry.learning.mobility.application import application
from registry.learning.mobility.points import SOURCES, Code, Element, Point
from registry.recognition.scope import Scope
from registry.verify.policy import KnownParty, Policy
from registry.verify.question import Comes, Question, Record
from registry.verify.standing import check_standing
from registry.verify.verdict import FactsUnavailable, Outcome
from tests.registry.learning.mobility.worlds import (
    ABROAD,
    COUNTRY,
    ECTS,
    EQF_6,
    POLICY,
    TODAY,
    applied,
    codes,
    course,
    presented,
    record,
)
from tests.registry.recognition.test_recognition import ISSUER, Accreditation, accreditations, day, ledger_of
from tests.registry.verify.test_verify import CHAIN, DOWN, ISSUING, NEIGHBOUR, READ, WITHDRAWN, link

DEGREE = {"achievementType": "BachelorDegree"}
HASHED = {"identityType": "name", "identityHash": "sha256$ab", "hashed": True}


def asked(**members: Any) -> list[str]:
    """What would be asked of one credential by itself."""
    return codes(applied(presented(**course(**members))))


def test_of_a_credential_that_says_everything_nothing_is_asked() -> None:
    found = applied(presented(**course()))
    assert codes(found) == []
    assert [str(point.code) for point in found.points] == ["identity-document"]
    (case,) = found.cases
    answers = case.answers
    assert answers.accreditation is not None
    assert answers.today is not None
    assert answers.recognition is not None
    assert {answers.accreditation.comes_to, answers.today.comes_to, answers.recognition.comes_to} == {Comes.YES}
    assert answers.recognition.policy.trusted_bodies == {50: "Board here"}
    assert case.holders == ("Ana Horvat",)
    assert case.levels is not None
    assert {row.framework for row in case.levels.rows if row.place == "here"} == {"ie-nfq"}


@pytest.mark.parametrize(
    ("members", "missing"),
    [
        ({"subject": {"name": None}}, "holder-unnamed"),
        ({"subject": {"name": None, "identifier": [HASHED]}}, "holder-unnamed"),
        ({"achievement": {"inLanguage": "fr"}}, "translation"),
        ({"achievement": {"inLanguage": None}}, "language-unknown"),
        ({"achievement": {"alignment": [EQF_6]}}, "credits-unsaid"),
        ({"achievement": {"alignment": [EQF_6], "creditsAvailable": 6}}, "credits-unexplained"),
        ({"achievement": {"fieldOfStudy": None}}, "field-unsaid"),
        ({"achievement": {"description": None}}, "outcomes-unsaid"),
        ({"achievement": {"resultDescription": [{"id": "urn:mark", "name": "Mark"}]}}, "scale-unexplained"),
        ({"achievement": DEGREE}, "no-courses"),
        ({"validUntil": "2026-02-01T00:00:00Z"}, "expired"),
        ({"validFrom": "2027-02-01T00:00:00Z"}, "not-yet-valid"),
    ],
)  # fmt: skip
def test_what_is_missing_is_asked_for(members: dict[str, Any], missing: str) -> None:
    assert missing in asked(**members)
    # What the accreditation rests on may be missing with it: then that has a reservation, too.
    assert set(asked(**members)) <= {missing, "accreditation-warned"}


def test_a_level_is_asked_for_by_what_is_known_of_it() -> None:
    def of(*alignments: dict[str, str], here: str = COUNTRY) -> set[str]:
        shown = presented(**course(achievement={"alignment": list(alignments)}), given={"here": here})
        return set(codes(application([shown], here, POLICY, record(*ABROAD), TODAY)))

    level = {"level-unsaid", "level-not-comparable", "level-not-checked"}
    assert of() & level == {"level-unsaid"}
    assert of(EQF_6, EQF_6 | {"targetUrl": "http://data.europa.eu/snb/eqf/7", "targetCode": "7"}) & level == {
        "level-not-comparable"
    }
    assert of(EQF_6, here="AQ") & level == {"level-not-comparable"}
    assert of(EQF_6, here="HR") & level == {"level-not-checked"}
    assert of(EQF_6, here="IE") & level == set()


@pytest.mark.parametrize(
    ("language", "country", "missing"),
    [
        ("en-GB", "IE", []),
        ("ga", "IE", []),
        ("no", "NO", []),
        ("zu", "ZA", ["translation-regional"]),
        ("ca", "ES", ["translation-regional"]),
        ("fr", "BE", []),
        ("fr", "HR", ["translation"]),
        ("en", "AQ", ["language-unknown"]),
        ("xx", "IE", ["translation"]),
    ],
)
def test_a_translation_is_asked_for_by_the_languages_of_the_country(
    language: str, country: str, missing: list[str]
) -> None:
    shown = presented(**course(achievement={"inLanguage": language}))
    found = codes(application([shown], country, POLICY, record(*ABROAD), TODAY))
    assert [each for each in found if each.startswith(("translation", "language"))] == missing


def test_an_item_of_a_framework_says_what_was_learned_and_a_level_does_not() -> None:
    def of(*alignments: dict[str, str]) -> list[str]:
        achievement = {"description": None, "alignment": [EQF_6, ECTS, *alignments]}
        return codes(applied(presented(**course(achievement=achievement))))

    item = {"targetFramework": "e-CF", "targetCode": "B.1", "targetName": "Application Development"}
    assert of() == ["outcomes-unsaid"]
    assert of({"targetFramework": "ie-nfq", "targetCode": "8"}) == ["outcomes-unsaid"]
    assert of(item) == []
    assert asked(achievement={"alignment": [ECTS, item]})[-1:] == ["level-unsaid"]


def test_courses_of_the_same_issuer_are_those_of_a_degree() -> None:
    degree = presented(**course(achievement=DEGREE))
    stranger = {"id": "did:web:other.example", "name": "Other"}
    assert codes(applied(degree, presented(1, **course()))) == []
    assert codes(applied(degree, presented(1, **course(issuer=stranger)))) == ["no-courses"]
    for fate in (Fate.UNCHECKED, Fate.REVOKED):
        of_none = presented(1, **course())
        item = replace(of_none.item, checked=replace(of_none.item.checked, fate=fate))
        assert codes(applied(degree, of_none._replace(item=item))) == ["no-courses"]
    # One that was changed is nobody's transcript, and neither is one that names no issuer.
    changed = presented(1, **course(), given={"document": b'{"type": ["VerifiableCredential"]}'})
    assert codes(applied(degree, changed)) == ["no-courses"]


def test_nothing_is_asked_of_what_was_changed_but_that() -> None:
    found = applied(presented(**course(), given={"document": b'{"type": ["VerifiableCredential"], "name": "x"}'}))
    assert codes(found) == ["not-valid"]
    case = found.to_dict()["items"][0]
    assert (case["accreditation"], case["recognition"], case["holders"]) == (None, None, [])


def test_what_could_not_be_checked_is_never_on_record() -> None:
    found = applied(presented(**course(), given={"facts": DOWN}))
    assert codes(found)[0] == "unchecked"
    assert {"accreditation-unchecked", "recognition-unchecked"} <= set(codes(found))
    down = application([presented(**course())], COUNTRY, POLICY, Record(CHAIN, DOWN, DOWN), TODAY)
    assert {"accreditation-unchecked", "recognition-unchecked"} <= set(codes(down))
    assert down.cases[0].answers.accreditation is not None
    assert down.cases[0].answers.accreditation.comes_to is Comes.UNCHECKED


@pytest.mark.parametrize("name", ["integrity", "inclusion"])
def test_of_a_document_that_may_be_another_than_the_anchored_one_nothing_is_on_record(name: str) -> None:
    whole = presented(**course())
    checks = tuple(
        replace(each, outcome=Outcome.UNKNOWN) if each.name == name else each for each in whole.verdict.checks
    )
    found = application(
        [whole._replace(verdict=replace(whole.verdict, checks=checks))], COUNTRY, POLICY, record(), TODAY
    )
    case = found.to_dict()["items"][0]
    assert (case["accreditation"], case["accreditationToday"], case["recognition"]) == (None, None, None)
    assert {"accreditation-unchecked", "recognition-unchecked"} <= set(codes(found))


def test_an_accreditation_that_ended_since_held_when_it_was_anchored() -> None:
    links = (ABROAD[0], link(NEIGHBOUR, 7, ISSUING, WITHDRAWN))
    found = application([presented(links=links, **course())], COUNTRY, POLICY, record(*links), READ + timedelta(days=9))
    assert codes(found) == ["accreditation-ended"]
    answers = found.cases[0].answers
    assert answers.accreditation is not None
    assert answers.accreditation.comes_to is Comes.YES
    assert answers.today is not None
    assert answers.today.comes_to is Comes.NOT_ON_RECORD
    # And the agreement of the country held for what was anchored then.
    assert answers.recognition is not None
    assert answers.recognition.comes_to is Comes.YES


def test_accredited_there_and_no_agreement_of_the_country() -> None:
    links = ABROAD[1:]
    found = applied(presented(links=links, **course()), links=links)
    assert codes(found) == ["no-recognition-on-record"]
    assert "not recognised" not in str(found.to_dict())


def test_a_policy_that_names_nobody_of_the_country_was_not_asked_for_agreements() -> None:
    there = POLICY.model_copy(update={"bodies": POLICY.bodies[:1]})
    found = applied(presented(policy=there, **course()), policy=there)
    assert codes(found) == ["recognition-not-asked"]
    assert found.bodies == {}
    nobody = application([presented(policy=Policy(), **course())], COUNTRY, Policy(), None, TODAY)
    assert {"accreditation-not-asked", "recognition-not-asked"} <= set(codes(nobody))


def test_a_policy_for_another_chain_is_refused() -> None:
    other = POLICY.model_copy(update={"chain": "eip155:10"})
    with pytest.raises(SettingsError, match="policy is for"):
        applied(presented(policy=other, **course()), policy=other)
    assert chain_name("eip155:10").chain == other.chain


def test_other_names_are_told_once() -> None:
    others = [presented(at, **course(subject={"name": name})) for at, name in enumerate(("Ana Horvat", "ana  HORVAT"))]
    assert [str(each.code) for each in applied(*others).points] == ["identity-document"]
    more = [
        *others,
        presented(2, **course(subject={"name": "Ana Kovač"})),
        presented(3, **course(subject={"name": "B"})),
    ]
    assert [str(each.code) for each in applied(*more).points] == ["identity-document", "names-differ"]
    unnamed = applied(presented(**course(subject={"name": None})))
    assert unnamed.points == ()


def test_hostile_texts_are_marked_and_bounded() -> None:
    name = "\u202eevil\x1b[31m" + "x" * 5_000
    found = applied(presented(**course(subject={"name": name})), presented(1, **course(subject={"name": "Ana"})))
    (first,) = found.cases[0].holders
    assert len(first) < 400
    assert not {"\u202e", "\x1b"} & set(first)
    assert found.points[1].to_dict()["text"].isprintable()


def test_every_code_has_an_element_with_a_source_and_a_sentence() -> None:
    values = {"country": "IE", "language": "fr", "one": "A", "other": "B"}
    for code in Code:
        point = Point.of(code, **values)
        told = point.to_dict()
        assert told["text"].endswith(".")
        assert told["source"] == SOURCES[code.element]._asdict()
        assert "not recognised" not in told["text"]
    assert {code.element for code in Code} == set(Element)


BODIES = st.sets(st.integers(2, 5), min_size=1, max_size=3)
SCOPES = st.sampled_from([course(), course(achievement=DEGREE), course(achievement={"fieldOfStudy": None}), {}])


@given(st.lists(accreditations(), min_size=2, max_size=7), SCOPES, st.sampled_from([1, 5, 9]), BODIES)
@settings(max_examples=150, deadline=None)
def test_a_verdict_and_an_application_find_the_same(
    links: list[Accreditation], members: dict[str, Any], at: int, trusted: set[int]
) -> None:
    """The check of a verdict and the question here are one rule, for any ledger, document, time and policy."""
    ledger = ledger_of(*links)
    policy = Policy(bodies=tuple(KnownParty(party=each, name=f"Body {each}") for each in sorted(trusted)))
    standing = check_standing(ISSUER, CHAIN, day(at), [members], ledger, policy)
    found = Record(CHAIN, ledger, ()).answer(Question.about(ISSUER, [members], day(at)), policy).on_chain
    assert found is not None
    checks = standing[:2]
    worst = next((each for each in checks if each.outcome is not Outcome.PASS), checks[0])
    assert (found.code, found.is_conditional) == (worst.code, False)
    assert (found.outcome is Outcome.PASS) == (worst.outcome is Outcome.PASS)
    if found.path is not None:
        assert found.said == (*checks[0].said, *checks[1].said)
        assert found.now == (standing.path is not None)
    else:
        assert found.said == checks[0].said
        assert found.outcome is Outcome.FAIL


def test_what_a_document_leaves_open_is_no_plain_yes() -> None:
    """A question that leaves the field open is answered; a document that does is to be compared by hand."""
    ledger = ledger_of(replace(link(2, ISSUER, ISSUING, scope=Scope("0613", (6, 6))), valid_from=day(0)))
    policy = Policy(bodies=(KnownParty(party=2, name="Body"),))
    moment = READ
    by_hand = Record(CHAIN, ledger, ()).answer(Question.about(ISSUER, [{}], moment), policy)
    asked_so = Record(CHAIN, ledger, ()).answer(Question.of(ISSUER, moment), policy)
    assert (by_hand.comes_to, asked_so.comes_to) == (Comes.WITH_A_WARNING, Comes.YES)
    unread = Record(CHAIN, FactsUnavailable("down", "No.", ""), ()).answer(Question.about(ISSUER, [{}], moment), policy)
    assert unread.comes_to is Comes.UNCHECKED
