"""The rules over events stand once: the index stops where an event must be missing, the audit notes all of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ChainError
from registry.history import Impossible, Records, Rules, rebuild
from registry.index.facts import EVENTS_MISSING, refuse
from registry.records import Batch, Event, Purpose, Reason
from tests.registry.audit.test_audit import UNHURRIED, History, histories

ACCOUNT = "0x" + "a1" * 20
ROOT = b"r" * 32
WHOLE_ONLY = ("OperatorSet", "Superseded")
"""What changes no record of the index; the audit alone follows it."""


def event(number: int, name: str, **arguments: Any) -> Event:
    block = number.to_bytes(32, "big")
    return Event(name, arguments, number, block, 0, block, datetime(2026, 1, 1, tzinfo=UTC))


ANCHORED = [
    event(1, "PartyRegistered", party=1, controller=ACCOUNT, uri="", profileHash=bytes(32)),
    event(2, "OperatorSet", party=1, operator=ACCOUNT, allowed=True),
    event(3, "Anchored", issuer=1, root=ROOT, leafCount=9, sequence=1, operator=ACCOUNT),
]


DIGEST = b"d" * 32
OTHER_OPERATORS = "the operators that it lists are not those that the events before it come to"


def of_digest(number: int, name: str, *, issuer: int = 1, reason: int = 2) -> Event:
    return event(number, name, issuer=issuer, digest=DIGEST, reason=reason, operator=ACCOUNT)


def offered(number: int, *operators: str) -> Event:
    other = "0x" + "b2" * 20
    given = {"party": 1, "controller": ACCOUNT, "pendingController": other, "operators": operators}
    return event(number, "ControllerOffered", **given)


def status_set(number: int, changed: int, *, purpose: int = 0, reason: int = 2) -> Event:
    given = {"issuer": 1, "root": ROOT, "word": 0, "changed": changed, "operator": ACCOUNT}
    return event(number, "StatusSet", **given, purpose=purpose, reason=reason)


def stopped_at(events: list[Event]) -> Event | None:
    """The event that the index does not take, if there is one."""
    rules = Rules(Records(), refuse)
    for each in events:
        try:
            rules.follow(each)
        except ChainError as error:
            if error.code != EVENTS_MISSING:
                raise
            return each
    return None


def noted(events: list[Event]) -> list[Impossible]:
    return rebuild(events).impossible


@UNHURRIED
@given(histories(), st.data())
def test_the_index_stops_at_the_first_gap_that_the_audit_notes(history: History, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(history.events) - 1))
    events = [*history.events[:at], *history.events[at + 1 :]]
    gaps = (each.event for each in noted(events) if each.is_gap and each.event and each.event.name not in WHOLE_ONLY)
    assert stopped_at(events) is next(gaps, None)
    assert stopped_at(history.events) is None


@UNHURRIED
@given(histories())
def test_both_come_to_the_same_records(history: History) -> None:
    records = Records()
    rules = Rules(records, refuse)
    for each in history.events:
        rules.follow(each)
    state = rebuild(history.events)
    assert (records.parties, records.batches, records.words) == (state.parties, state.batches, state.words)
    assert records.digests == state.digests


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ([status_set(4, 0b11), status_set(5, 0b01)], "it sets bits that were set before"),
        ([status_set(4, 1 << 9)], "it names bits that stand for no leaf, or none"),
        ([status_set(4, 1, purpose=2)], "there is no purpose 2"),
        ([status_set(4, 1, reason=9)], "there is no reason 9"),
        ([event(4, "PartyRetired", party=1), event(5, "PartyRetired", party=1)], "it was retired before"),
        ([of_digest(4, "DigestRevoked"), of_digest(5, "DigestRevoked")], "it was revoked before"),
        ([of_digest(4, "DigestSuspended"), of_digest(5, "DigestSuspended")], "it was suspended before"),
        ([of_digest(4, "DigestReinstated")], "it was not suspended"),
        ([of_digest(4, "DigestRevoked", reason=9)], "there is no reason 9"),
        ([offered(4)], OTHER_OPERATORS),
        ([offered(4, ACCOUNT, ACCOUNT)], OTHER_OPERATORS),
        ([offered(4, ACCOUNT, "0x" + "b2" * 20)], OTHER_OPERATORS),
    ],
)
def test_what_can_be_followed_all_the_same_is_noted_and_does_not_stop_the_index(told: list[Event], why: str) -> None:
    events = [*ANCHORED, *told]
    (found,) = noted(events)
    assert (found.why, found.is_gap, found.event) == (why, False, told[-1])
    assert found.what == f"{told[-1].name} in block {told[-1].block_number}: {why}"
    assert stopped_at(events) is None


def test_a_reason_that_there_is_not_is_none_that_was_given() -> None:
    state = rebuild([*ANCHORED, event(4, "BatchVoided", issuer=1, root=ROOT, reason=77, controller=ACCOUNT)])
    assert state.batches[1, ROOT].void_reason is Reason.UNSPECIFIED
    assert [each.why for each in state.impossible] == ["there is no reason 77"]


def test_a_voided_batch_counts_those_that_were_not_revoked_before() -> None:
    voided = event(5, "BatchVoided", issuer=1, root=ROOT, reason=1, controller=ACCOUNT)
    state = rebuild([*ANCHORED, status_set(4, 0b101), voided])
    told = [(each.purpose, each.reason, each.credentials) for each in state.status_changes]
    assert told == [(Purpose.REVOCATION, Reason.OBTAINED_BY_FRAUD, 2), (Purpose.REVOCATION, Reason.ISSUED_IN_ERROR, 7)]
    batch = state.batches[1, ROOT]
    assert (batch.revoked, batch.withdrawn, state.word(1, ROOT, Purpose.REVOCATION, 0)) == (2, 9, (1 << 9) - 1)


def test_an_issuer_that_is_not_there_says_nothing_of_digests() -> None:
    (found,) = noted([of_digest(1, "DigestRevoked", issuer=7)])
    assert (found.why, found.is_gap) == ("no such party was registered before", True)
    assert found.subject == "party 7"


def test_a_digest_that_is_revoked_counts_once_and_stays_so_when_its_suspension_is_lifted() -> None:
    told = ("DigestSuspended", "DigestRevoked", "DigestReinstated")
    state = rebuild([*ANCHORED, *(of_digest(number, name) for number, name in enumerate(told, 4))])
    assert state.impossible == []
    status = state.digests[1, DIGEST]
    assert (status.is_revoked, status.is_suspended) == (True, False)
    assert (status.revocation_reason, status.suspension_reason) == (Reason.OBTAINED_BY_FRAUD, None)
    assert [(each.purpose, each.credentials) for each in state.status_changes] == [
        (Purpose.SUSPENSION, 1),
        (Purpose.REVOCATION, 1),
    ]
    (issuer,) = state.issuer_states()
    assert issuer.digests == {DIGEST: status}


def test_a_change_of_control_lists_the_operators_of_that_moment() -> None:
    other = "0x" + "b2" * 20
    allow = event(4, "OperatorSet", party=1, operator=other, allowed=True)
    refuse_it = event(6, "OperatorSet", party=1, operator=ACCOUNT, allowed=False)
    taken = {"party": 1, "previous": ACCOUNT, "controller": other}
    changed = event(7, "ControllerChanged", **taken, operators=(other.upper().replace("X", "x"),))
    assert noted([*ANCHORED, allow, offered(5, other, ACCOUNT), refuse_it, changed]) == []
    # The first edition's events list none.
    before = replace(changed, arguments=taken)
    assert noted([*ANCHORED, allow, offered(5, other, ACCOUNT), refuse_it, before]) == []


def test_an_event_that_was_read_without_its_block_has_no_time() -> None:
    undated = replace(ANCHORED[0], timestamp=None)
    with pytest.raises(ValueError, match="without the time of the block"):
        undated.block  # noqa: B018 - it raises
    assert ANCHORED[0].block == (1, (1).to_bytes(32, "big"), datetime(2026, 1, 1, tzinfo=UTC))


def test_a_batch_whose_event_was_not_seen_is_in_a_block_without_a_hash() -> None:
    batch = Batch(1, ROOT, datetime(2026, 1, 1, tzinfo=UTC), 3, leaf_count=9, sequence=1)
    with pytest.raises(ValueError, match="was not seen"):
        batch.block  # noqa: B018 - it raises
    seen = rebuild(ANCHORED).batches[1, ROOT]
    assert (seen == batch, seen.block.hash, seen.place) == (True, (3).to_bytes(32, "big"), (3, 0))
