"""Joint decisions: which links are one, by a slow rule over all pairs, and what is not one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.recognition.joint import joint_holders, joint_links
from registry.recognition.ledger import Accreditation, Change, Kind, Ledger, State
from registry.recognition.scope import ANY_PROGRAMME, Scope, hash_of_programme

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
JOINT = Scope("0613", (7, 7), programme=hash_of_programme("https://joint.example/msc"))
HELD = (Change(State.OFFERED, START, START), Change(State.ACTIVE, START, START))
LINK = Accreditation(1, 3, 7, Kind.ACCREDIT_TO_ISSUE, JOINT, START, END, b"e" * 32, "", HELD)
OTHER = replace(LINK, id=2, holder=8)


def test_links_of_one_decision_are_joint_in_the_order_of_their_numbers() -> None:
    third = replace(LINK, id=3, holder=5)
    ledger = Ledger((LINK, OTHER, third))
    for each in ledger.accreditations:
        assert joint_links(ledger, each) == (LINK, OTHER, third)
        assert joint_holders(ledger, each) == (7, 8, 5)


@pytest.mark.parametrize(
    "changes",
    [
        {"body": 4},
        {"kind": Kind.ACCREDIT_TO_ACCREDIT},
        {"scope": replace(JOINT, programme=hash_of_programme("https://joint.example/msc-2"))},
        {"scope": replace(JOINT, programme=ANY_PROGRAMME)},
        {"evidence_hash": b"f" * 32},
        {"evidence_hash": bytes(32)},
        {"valid_until": END + timedelta(seconds=1)},
        {"valid_from": START - timedelta(seconds=1)},
        {"holder": 7},
        {"changes": HELD[:1]},
        {"changes": (HELD[0], Change(State.REFUSED, START, START))},
        {"changes": (*HELD, Change(State.VOID, END, START))},
    ],
    ids=lambda changes: "-".join(f"{name}" for name in changes),
)
def test_what_differs_or_was_never_held_is_not_joint(changes: dict[str, Any]) -> None:
    assert joint_holders(Ledger((LINK, replace(OTHER, **changes))), LINK) == ()


def test_whoever_left_a_joint_programme_later_was_one_of_its_holders() -> None:
    left = replace(OTHER, changes=(*HELD, Change(State.WITHDRAWN, END, END)))
    assert joint_holders(Ledger((LINK, left)), LINK) == (7, 8)


def test_for_any_programme_or_without_evidence_nothing_is_joint() -> None:
    for changes in ({"scope": replace(JOINT, programme=ANY_PROGRAMME)}, {"evidence_hash": bytes(32)}):
        one, two = replace(LINK, **changes), replace(OTHER, **changes)
        assert joint_holders(Ledger((one, two)), one) == ()
    recognitions = [replace(each, kind=Kind.RECOGNISE) for each in (LINK, OTHER)]
    assert joint_holders(Ledger(tuple(recognitions)), recognitions[0]) == ()


LINKS = st.builds(
    lambda number, body, holder, programme, evidence, changes: replace(
        LINK,
        id=number,
        body=body,
        holder=holder,
        scope=replace(JOINT, programme=bytes([programme]) * 32),
        evidence_hash=bytes([evidence]) * 32,
        changes=changes,
    ),
    st.just(0),
    st.sampled_from([3, 4]),
    st.integers(7, 10),
    st.integers(0, 2),
    st.integers(0, 1),
    st.sampled_from([HELD, HELD[:1], (*HELD, Change(State.VOID, END, START))]),
)


@given(st.lists(LINKS, max_size=8))
def test_all_links_are_grouped_as_a_slow_rule_groups_them(made: list[Accreditation]) -> None:
    numbers = count(1)
    ledger = Ledger(tuple(replace(each, id=next(numbers)) for each in made))
    for link in ledger.accreditations:
        others = {
            each.holder
            for each in ledger.accreditations
            if each.holder != link.holder
            and (each.body, each.scope, each.evidence_hash) == (link.body, link.scope, link.evidence_hash)
            and any(link.scope.programme)
            and any(link.evidence_hash)
            and each.changes == HELD
        }
        assert set(joint_holders(ledger, link)) == (others | {link.holder} if others else set())
