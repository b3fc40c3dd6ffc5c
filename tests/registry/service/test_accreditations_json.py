"""A link as JSON: its programme and its condition are there by their hashes, or null."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from registry.recognition.ledger import Accreditation, Change, Kind, Ledger, State
from registry.recognition.scope import Scope, hash_of_programme
from registry.service.accreditations_json import members_of
from registry.service.routes.accreditations import _EXAMPLE

START = datetime(2026, 1, 1, tzinfo=UTC)
LINK = Accreditation(
    id=1,
    body=2,
    holder=7,
    kind=Kind.ACCREDIT_TO_ISSUE,
    scope=Scope("0913"),
    valid_from=START,
    valid_until=None,
    evidence_hash=bytes(32),
    evidence_uri="",
    changes=(Change(State.ACTIVE, START, START),),
)


def test_what_is_for_any_programme_and_unconditional_has_null() -> None:
    members = members_of(LINK, Ledger((LINK,)))
    assert (members["conditionHash"], members["scope"]["programme"]) == (None, None)
    assert members.keys() == _EXAMPLE.keys()
    assert members["scope"].keys() == _EXAMPLE["scope"].keys()


def test_a_programme_and_a_condition_have_their_hashes() -> None:
    programme, condition = hash_of_programme("https://uni.example/programmes/nursing"), bytes([7]) * 32
    link = replace(LINK, scope=replace(LINK.scope, programme=programme), condition_hash=condition)
    members = members_of(link, Ledger((link,)))
    assert members["conditionHash"] == f"0x{condition.hex()}"
    assert members["scope"]["programme"] == f"0x{programme.hex()}"
    assert members["scope"]["resource"] == f"field=0913;programme=0x{programme.hex()}"


def test_a_joint_decision_names_all_its_holders() -> None:
    scope = replace(LINK.scope, programme=hash_of_programme("https://uni.example/programmes/joint"))
    link = replace(LINK, scope=scope, evidence_hash=b"e" * 32)
    other, without = replace(link, id=2, holder=9), replace(link, id=3, holder=11, evidence_hash=bytes(32))
    ledger = Ledger((link, other, without))
    assert [members_of(each, ledger)["jointHolders"] for each in ledger.accreditations] == [[7, 9], [7, 9], []]
