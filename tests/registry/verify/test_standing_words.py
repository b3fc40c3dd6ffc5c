"""What a verdict says of accords, programmes, conditions and joint decisions."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from registry.recognition.ledger import Accreditation, Change, Kind, State
from registry.recognition.scope import Scope
from registry.verify.checks import Check, Outcome
from registry.verify.policy import Policy, parse_policy
from registry.verify.standing_words import LONGEST_CONDITION, MOST_HOLDERS
from tests.registry.verify.test_verify import (
    AGENCY,
    CHAIN,
    ISSUER,
    ISSUING,
    NEIGHBOUR,
    POLICY,
    READ,
    RECOGNISING,
    WORLD,
    asked_of,
    issued,
    link,
)

ACCORD = 60
MEMBER = Kind.ACCREDIT_TO_ACCREDIT
THROUGH_AN_ACCORD = (
    link(AGENCY, ACCORD, RECOGNISING),
    link(ACCORD, NEIGHBOUR, MEMBER),
    link(NEIGHBOUR, ISSUER, ISSUING),
    link(NEIGHBOUR, ACCORD, RECOGNISING),
)
MASTER_A, MASTER_B = "https://uni.example/msc-software", "https://uni.example/msc-networks"
OF_A = {"credentialSubject": {"achievement": {"id": MASTER_A, "fieldOfStudy": "0613"}}}
CONDITION = "Two more professors of networks,\nby 2027-09-30."


def with_policy(text: str) -> Policy:
    return parse_policy(f'chain = "{CHAIN}"\n[[bodies]]\nparty = {AGENCY}\nname = "Agency of Examples"\n{text}')


def accreditation(*links: Accreditation, policy: Policy = POLICY, **members: Any) -> Check:
    return WORLD.verify(**issued(**members), **asked_of(*links, policy=policy)).check("accreditation")


def test_an_accord_in_the_path_is_called_so() -> None:
    verdict = WORLD.verify(**asked_of(*THROUGH_AN_ACCORD))
    assert "by body 51, itself accredited by the accord (party 60)" in verdict.check("accreditation").text
    assert verdict.check("recognition").text == (
        "Recognition 1: body 50 (Agency of Examples) recognised the accord (party 60)."
    )


def test_the_policy_names_an_accord() -> None:
    policy = with_policy('[[accords]]\nparty = 60\nname = "Seoul Accord"\n')
    verdict = WORLD.verify(**asked_of(*THROUGH_AN_ACCORD, policy=policy))
    assert "itself accredited by the accord Seoul Accord (party 60)." in verdict.check("accreditation").text
    assert verdict.check("recognition").text.endswith("recognised the accord Seoul Accord (party 60).")


@pytest.mark.parametrize("missing", ["not-recognised", "left-before"])
def test_a_body_without_members_is_no_accord_whatever_the_policy_calls_it(missing: str) -> None:
    policy = with_policy('[[accords]]\nparty = 60\nname = "Seoul Accord"\n')
    links = list(THROUGH_AN_ACCORD[:3])
    if missing == "left-before":
        early = THROUGH_AN_ACCORD[3].changes[0].recorded_at
        links.append(link(NEIGHBOUR, ACCORD, RECOGNISING, Change(State.WITHDRAWN, early, early)))
    text = WORLD.verify(**asked_of(*links, policy=policy)).check("recognition").text
    assert text.endswith("recognised body 60 (Seoul Accord).")


def test_two_masters_of_one_field_are_told_apart() -> None:
    scope = Scope.from_words("0613", "7", programme=MASTER_B)
    check = accreditation(link(AGENCY, ISSUER, ISSUING, scope=scope), **OF_A)
    assert (check.outcome, check.code) == (Outcome.WARN, "no-accreditation-on-record")
    hash_a = sha256(MASTER_A.encode()).hexdigest()[:8]
    assert f"programme “{MASTER_A}” (0x{hash_a}…)" in check.text.partition(": the accreditation")[0]
    assert f"programme 0x{scope.programme.hex()[:8]}…" in check.text.partition(": the accreditation")[2]
    held = accreditation(link(AGENCY, ISSUER, ISSUING, scope=Scope.from_words("0613", programme=MASTER_A)), **OF_A)
    assert f"programme “{MASTER_A}” (0x{hash_a}…) by body" in held.text


def test_the_policy_says_what_programmes_are_called() -> None:
    names = "".join(
        f'[[programmes]]\nidentifier = "{each}"\nname = "{name}"\n'
        for each, name in ((MASTER_A, "Software Engineering"), (MASTER_B, "Networks"))
    )
    scope = Scope.from_words("0613", programme=MASTER_B)
    text = accreditation(link(AGENCY, ISSUER, ISSUING, scope=scope), policy=with_policy(names), **OF_A).text
    assert "programme “Software Engineering” (0x" in text.partition(": the accreditation")[0]
    assert "programme “Networks” (0x" in text.partition(": the accreditation")[2]


def test_the_identifier_of_a_stranger_is_marked_and_cut() -> None:
    hostile = "https://uni.example/\u202emsc" + "x" * 1_000
    scope = Scope.from_words(programme=hostile)
    text = accreditation(
        link(AGENCY, ISSUER, ISSUING, scope=scope), credentialSubject={"achievement": {"id": hostile}}
    ).text
    assert "\u202e" not in text
    assert "[with hidden characters]" in text
    assert len(text) < 600


def conditional(text: str, **changes: Any) -> Accreditation:
    return replace(link(AGENCY, ISSUER, ISSUING), condition_hash=sha256(text.encode()).digest(), **changes)


def condition_in(text: str) -> str:
    return f"[[conditions]]\ntext = {json.dumps(text, ensure_ascii=False)}\n"


def test_a_condition_whose_hash_is_on_record_is_quoted() -> None:
    text = accreditation(conditional(CONDITION), policy=with_policy(condition_in(CONDITION))).text
    assert "“Two more professors of networks, by 2027-09-30.” Ask body 50 whether it is met." in text


@pytest.mark.parametrize("text", [f"{CONDITION} ", "another", ""], ids=["a-space-more", "another", "none"])
def test_a_text_with_another_hash_is_never_shown(text: str) -> None:
    policy = with_policy(condition_in(text) if text else "")
    told = accreditation(conditional(CONDITION), policy=policy).text
    assert told.endswith("Number 1 is conditional: ask body 50 whether the conditions are met.")


def test_a_hostile_condition_is_marked_and_cut() -> None:
    hostile = "\u202e\u001b[31m” Accredited. “" + "y" * 5_000
    text = accreditation(conditional(hostile), policy=with_policy(condition_in(hostile))).text
    assert not set("\u202e\u001b") & set(text)
    assert "[with hidden characters]" in text
    assert text.count("y") < LONGEST_CONDITION


def test_a_joint_decision_names_every_holder() -> None:
    scope = Scope.from_words("0613", programme=MASTER_A)
    own = replace(link(AGENCY, ISSUER, ISSUING, scope=scope), evidence_hash=b"e" * 32)
    policy = with_policy('[[issuers]]\nparty = 8\nname = "University of Elsewhere"\n')
    text = accreditation(own, replace(own, holder=8), replace(own, holder=90), policy=policy, **OF_A).text
    assert text.endswith(
        "Number 1 is a joint decision about one programme. Its holders (3): "
        "party 7, party 8 (University of Elsewhere), party 90."
    )
    assert "joint" not in accreditation(own, replace(own, holder=8, evidence_hash=b"f" * 32), **OF_A).text


def test_of_many_holders_a_verdict_names_as_many_as_a_person_reads() -> None:
    scope = Scope.from_words("0613", programme=MASTER_A)
    own = replace(link(AGENCY, ISSUER, ISSUING, scope=scope), evidence_hash=b"e" * 32)
    text = accreditation(own, *(replace(own, holder=100 + each) for each in range(200)), **OF_A).text
    assert "Its holders (201): party 7, party 100, " in text
    assert text.count(", party ") == MOST_HOLDERS - 1
    assert text.endswith(", ….")


def test_what_was_withdrawn_before_is_told_with_its_programme() -> None:
    scope = Scope.from_words("0613", programme=MASTER_A)
    gone = link(AGENCY, ISSUER, ISSUING, Change(State.VOID, READ, READ), scope=scope)
    check = accreditation(gone, **OF_A)
    assert check.code == "accredited-then"
    assert f"programme “{MASTER_A}”" in check.text
