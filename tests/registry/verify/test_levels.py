"""The level card: what the level that a credential states stands beside, where it was issued and here."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from registry.levels.bundled import bundled_maps
from registry.levels.maps import LevelMaps
from registry.recognition.scope import Scope
from registry.verify.checks import Verdict
from registry.verify.levels import Levels
from registry.verify.policy import Policy
from registry.verify.verdict import verdict_schema
from tests.registry.verify.test_verify import AGENCY, ISSUER, ISSUING, POLICY, WORLD, asked_of, credential, issued, link

EQF_6 = {"targetFramework": "EQF", "targetCode": "6"}
IE_8 = {"targetFramework": "ie-nfq", "targetCode": "8"}
IN_IRELAND = {"issuer": {"id": "https://uni.example", "address": {"addressCountryCode": "IE"}}}


def aligned(*alignments: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"credentialSubject": {"achievement": {"alignment": list(alignments)}}, **members}


def verdict_on(here: str = "", policy: Policy | None = None, **members: Any) -> Verdict:
    return WORLD.verify(**issued(**members), levels=bundled_maps, here=here, policy=policy)


def card_of(here: str = "", **members: Any) -> Levels:
    verdict = verdict_on(here, **members)
    assert verdict.levels is not None
    jsonschema.validate(verdict.to_dict(), verdict_schema())
    return verdict.levels


def rows(card: Levels) -> list[tuple[str, str, str, str, str]]:
    return [(str(each.place), each.country, each.framework, each.level, str(each.match)) for each in card.rows]


def test_a_level_of_the_european_framework_is_told_there_and_here() -> None:
    card = card_of("FR", **aligned(EQF_6, **IN_IRELAND))
    assert (card.framework, card.level) == ("eqf", "6")
    assert rows(card) == [
        ("there", "IE", "ie-nfq", "7", "exact"),
        ("there", "IE", "ie-nfq", "8", "exact"),
        ("here", "FR", "fr-cnc", "6", "exact"),
    ]
    assert card.gaps == ()
    told = [each.to_dict() for each in card.rows]
    assert {each["relation"] for each in told} == {"comparable"}
    assert all(each["source"]["name"] and each["source"]["date"] for each in told)
    assert "equivalent" not in json.dumps(card.to_dict()).lower()


def test_a_national_level_says_more_and_goes_first() -> None:
    card = card_of("GB", **aligned(EQF_6, IE_8))
    assert (card.framework, card.level) == ("ie-nfq", "8")
    assert ("there", "IE", "eqf", "6", "exact") in rows(card)
    assert {each.framework for each in card.rows if each.country == "GB"} >= {"gb-scqf"}
    assert [each.match for each in card.rows if each.place == "here"].count("exact") == 0


def test_a_framework_may_be_named_in_full() -> None:
    card = card_of(**aligned({"targetFramework": "NATIONAL framework of Qualifications", "targetCode": "10"}))
    assert card.level_name == "Doctoral Degree, Higher Doctorate"


def test_the_country_of_issue_is_that_of_the_accreditation_where_nothing_else_says_it() -> None:
    accredited = link(AGENCY, ISSUER, ISSUING, scope=Scope(jurisdiction="DE"))
    arguments = issued(**aligned(EQF_6)) | asked_of(accredited)
    card = WORLD.verify(**arguments, levels=bundled_maps).levels
    assert card is not None
    assert rows(card) == [("there", "DE", "de-dqr", "6", "exact")]


def test_here_is_the_jurisdiction_of_the_policy_unless_it_is_said() -> None:
    policy = POLICY.model_copy(update={"jurisdiction": "FR", "bodies": ()})
    for here, expected in (("", "FR"), ("DE", "DE")):
        verdict = verdict_on(here, policy, **aligned(EQF_6))
        assert verdict.levels is not None
        assert [each.country for each in verdict.levels.rows if each.place == "here"] == [expected]


def test_one_country_is_told_once() -> None:
    assert {each.place for each in card_of("IE", **aligned(EQF_6, **IN_IRELAND)).rows} == {"here"}
    assert rows(card_of("IE", **aligned(IE_8))) == [("there", "IE", "eqf", "6", "exact")]


def test_what_is_not_on_record_is_said_and_no_more() -> None:
    card = card_of("AQ", **aligned(EQF_6))
    assert card.rows == ()
    assert [(each.code, each.to_dict()["text"]) for each in card.gaps] == [
        ("place-unknown", "In which country it was issued is not known here."),
        ("no-framework", "No level map of AQ is on record."),
    ]


def test_a_framework_that_was_never_compared_is_said_to_be_so() -> None:
    national = next(each for each in bundled_maps() if each.kind == "none")
    (country,) = national.countries
    codes = {each.code for each in card_of(country, **aligned(EQF_6)).gaps if each.country == country}
    assert codes == {"no-comparison"}


@pytest.mark.parametrize(
    "members",
    [
        {},
        aligned({"targetFramework": "EQF", "targetCode": "9"}),
        aligned(EQF_6, {"targetFramework": "EQF", "targetCode": "7"}),
        aligned(IE_8, {"targetFramework": "ie-nfq", "targetCode": "9"}),
        aligned({"targetFramework": "sfia", "targetCode": "5"}),
        {"credentialSubject": {"achievement": [{"alignment": EQF_6}, {}]}},
    ],
    ids=["nothing", "no-such-level", "two-levels", "two-national-levels", "proficiency", "one-of-two"],
)
def test_without_one_level_there_is_no_card(members: dict[str, Any]) -> None:
    verdict = verdict_on("FR", **members)
    assert verdict.levels is None
    assert "levelCard" not in verdict.to_dict()


def test_what_was_changed_since_it_was_anchored_has_no_card() -> None:
    arguments = issued(**aligned(EQF_6))
    arguments["document"] = credential(**aligned({"targetFramework": "EQF", "targetCode": "8"}))
    verdict = WORLD.verify(**arguments, levels=bundled_maps)
    assert verdict.check("integrity").code == "digest-differs"
    assert verdict.levels is None


def test_without_maps_nothing_is_told() -> None:
    assert WORLD.verify(**issued(**aligned(EQF_6))).levels is None
    assert WORLD.verify(**issued(**aligned(EQF_6)), levels=lambda: LevelMaps(())).levels is None


def test_maps_are_asked_for_only_where_a_level_is_stated() -> None:
    def none() -> LevelMaps:
        raise AssertionError("they were asked for")

    assert WORLD.verify(**issued(), levels=none).levels is None
