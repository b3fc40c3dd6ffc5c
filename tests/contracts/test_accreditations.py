"""Accreditations and recognitions: every call, event and refusal, and what they say about a time."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from registry.chain.abi import ACCREDITATIONS, artifact
from registry.chain.calls import Calls, ScopeTuple, TermsTuple
from registry.chain.reverts import revert_error
from registry.records import AccreditationState as State
from registry.records import Kind, Reason
from tests.contracts.world import (
    CONTROLLER,
    FAR_FUTURE,
    KEYS,
    OPERATOR,
    RELAYER,
    STRANGER,
    SUCCESSOR,
    Done,
    Reverted,
    World,
    accreditations_initcode,
    refused,
)
from tests.repeats import repeats

# Party n is governed by CONTROLLERS[n]: a ministry, an agency, a university, and a foreign ministry.
CONTROLLERS = {1: CONTROLLER, 2: SUCCESSOR, 3: OPERATOR, 4: RELAYER}
CONTROLLER_KEYS = {1: KEYS[0], 2: KEYS[4], 3: KEYS[1], 4: KEYS[3]}
MINISTRY, AGENCY, UNIVERSITY, FOREIGN = CONTROLLERS
HASH, CONDITION, URI = b"\x0e" * 32, b"\x0c" * 32, "https://agency.example/decision"
# No programme is meant, or one, or another.
ANY, NURSING, MIDWIFERY = bytes(32), b"\x01" * 32, b"\x02" * 32
ANYTHING: ScopeTuple = (0, 0, 1, 8, 0, 0, ANY)
COMPUTING: ScopeTuple = (6, 2, 5, 8, 0b111, 276, ANY)  # "06", in Germany
SOFTWARE: ScopeTuple = (613, 4, 6, 7, 0b10, 276, ANY)  # "0613"
YEAR = 31_556_952


@pytest.fixture
def now(world: World) -> int:
    """Four parties have just been registered."""
    for controller in CONTROLLERS.values():
        done = world.send("registerParty", "", HASH, sender=controller)
    return done.timestamp


def terms_of(now: int, **changed: Any) -> TermsTuple:
    """Of an accreditation to issue, begun a year ago and open for another."""
    terms = {
        "body": AGENCY,
        "holder": UNIVERSITY,
        "valid_from": now - YEAR,
        "valid_until": now + YEAR,
        "kind": Kind.ACCREDIT_TO_ISSUE,
        "scope": COMPUTING,
    }
    assert changed.keys() <= terms.keys()
    return (*(terms | changed).values(), CONDITION, HASH, URI)  # type: ignore[return-value]


def made(world: World, terms: TermsTuple, *, answer: str | None = "acceptAccreditation") -> int:
    """Offer and answer, or recognise; the id."""
    body, holder, _, _, kind, *_ = terms
    world.send("recognise" if kind == Kind.RECOGNISE else "offerAccreditation", terms, sender=CONTROLLERS[body])
    accreditation: int = world.ask("accreditationCount")
    if kind != Kind.RECOGNISE and answer is not None:
        world.send(answer, accreditation, sender=CONTROLLERS[holder])
    return accreditation


def offer(world: World, terms: TermsTuple) -> Done:
    return world.send("offerAccreditation", terms, sender=CONTROLLERS[terms[0]])


def change(world: World, function: str, accreditation: int, *arguments: object, body: int = AGENCY) -> Done:
    return world.send(function, accreditation, *arguments, sender=CONTROLLERS[body])


def states(world: World, accreditation: int, time: int) -> tuple[State, State]:
    then, known_now = world.ask("stateAt", accreditation, time)
    return State(then), State(known_now)


def as_dict(scope: ScopeTuple) -> dict[str, object]:
    names = ("field", "fieldDigits", "levelMin", "levelMax", "qualificationTypes", "jurisdiction", "programme")
    return dict(zip(names, scope, strict=True))


# From the offer to the answer


def test_an_offer_holds_nothing_until_it_is_accepted(world: World, now: int) -> None:
    terms = terms_of(now)
    assert world.ask("accreditationCount") == 0
    offered = offer(world, terms)
    assert offered.events == (
        (
            *("AccreditationOffered", 1, AGENCY, UNIVERSITY, Kind.ACCREDIT_TO_ISSUE, as_dict(COMPUTING)),
            *(now - YEAR, now + YEAR, CONDITION, HASH, URI),
        ),
    )
    assert world.ask("accreditationCount") == 1
    assert states(world, 1, now) == (State.NONE, State.OFFERED)
    accepted = world.send("acceptAccreditation", 1, sender=CONTROLLERS[UNIVERSITY])
    assert accepted.events == (("AccreditationAccepted", 1),)
    assert world.ask("accreditationOf", 1) == {
        "terms": {
            "body": AGENCY,
            "holder": UNIVERSITY,
            "validFrom": now - YEAR,
            "validUntil": now + YEAR,
            "kind": Kind.ACCREDIT_TO_ISSUE,
            "scope": as_dict(COMPUTING),
            "conditionHash": CONDITION,
            "evidenceHash": HASH,
            "evidenceUri": URI,
        },
        "state": State.ACTIVE,
        "history": [
            {"recordedAt": offered.timestamp, "effectiveFrom": now - YEAR, "state": State.OFFERED, "reason": 0},
            {"recordedAt": accepted.timestamp, "effectiveFrom": now - YEAR, "state": State.ACTIVE, "reason": 0},
        ],
    }
    assert states(world, 1, offered.timestamp) == (State.OFFERED, State.ACTIVE)
    assert states(world, 1, accepted.timestamp) == (State.ACTIVE, State.ACTIVE)
    for time, expected in (
        (now - YEAR - 1, (State.NONE, State.NONE)),
        (now - YEAR, (State.NONE, State.ACTIVE)),
        (now + YEAR - 1, (State.ACTIVE, State.ACTIVE)),
        (now + YEAR, (State.NONE, State.NONE)),
    ):
        assert states(world, 1, time) == expected


def test_a_refused_offer_is_over(world: World, now: int) -> None:
    offer(world, terms_of(now))
    done = world.send("refuseAccreditation", 1, sender=CONTROLLERS[UNIVERSITY])
    assert done.events == (("AccreditationRefused", 1),)
    assert states(world, 1, now) == (State.NONE, State.REFUSED)
    for function in ("acceptAccreditation", "refuseAccreditation"):
        to = State.ACTIVE if function.startswith("accept") else State.REFUSED
        call = partial(world.send, function, 1, sender=CONTROLLERS[UNIVERSITY])
        refused(call, "InvalidChange", 1, State.REFUSED, to)
    refused(
        lambda: change(world, "voidAccreditation", 1, Reason.UNSPECIFIED),
        *("InvalidChange", 1, State.REFUSED, State.VOID),
    )


def test_offers_that_mean_nothing(world: World, now: int) -> None:
    def offered(**changed: Any) -> Any:
        return partial(offer, world, terms_of(now, **changed))

    refused(offered(kind=Kind.RECOGNISE), "WrongKind", Kind.RECOGNISE)
    refused(offered(holder=AGENCY), "OwnAccreditation", AGENCY)
    refused(offered(holder=9), "UnknownParty", 9)
    refused(offered(valid_until=0), "InvalidPeriod", now - YEAR, 0)
    refused(offered(valid_until=now - YEAR), "InvalidPeriod", now - YEAR, now - YEAR)
    call = partial(world.send, "offerAccreditation", terms_of(now))
    refused(partial(call, sender=STRANGER), "NotController", AGENCY, STRANGER)
    done = world.send("retire", AGENCY, sender=CONTROLLERS[AGENCY])
    refused(offered(), "PartyIsRetired", AGENCY, done.timestamp)


@pytest.mark.parametrize(
    "scope",
    [
        (6, 1, 1, 8, 0, 0, ANY),
        (0, 5, 1, 8, 0, 0, ANY),
        (1, 0, 1, 8, 0, 0, ANY),
        (100, 2, 1, 8, 0, 0, ANY),
        (10_000, 4, 1, 8, 0, 0, ANY),
        (0, 255, 1, 8, 0, 0, ANY),
        (0, 0, 0, 8, 0, 0, ANY),
        (0, 0, 1, 9, 0, 0, ANY),
        (0, 0, 5, 4, 0, 0, ANY),
        (0, 0, 1, 8, 0, 1000, ANY),
    ],
)
def test_scopes_that_mean_nothing(world: World, now: int, scope: ScopeTuple) -> None:
    field, digits, lowest, highest, _, jurisdiction, _ = scope
    expected = ("InvalidScope", field, digits, lowest, highest, jurisdiction)
    refused(lambda: offer(world, terms_of(now, scope=scope)), *expected)
    refused(lambda: made(world, terms_of(now, scope=scope, kind=Kind.RECOGNISE)), *expected)
    accreditation = made(world, terms_of(now))
    refused(lambda: world.ask("checkPath", [accreditation], UNIVERSITY, scope, now), *expected)


def test_a_recognition_needs_no_acceptance_and_no_end(world: World, now: int) -> None:
    def recognising(valid_from: int, valid_until: int, kind: Kind = Kind.RECOGNISE) -> Any:
        period = {"valid_from": valid_from, "valid_until": valid_until}
        terms = terms_of(now, body=MINISTRY, holder=FOREIGN, kind=kind, scope=ANYTHING, **period)
        return partial(world.send, "recognise", terms)

    done = recognising(now - YEAR, 0)(sender=CONTROLLERS[MINISTRY])
    assert done.events == (
        ("Recognised", 1, MINISTRY, FOREIGN, as_dict(ANYTHING), now - YEAR, 0, CONDITION, HASH, URI),
    )
    assert states(world, 1, now - YEAR) == (State.NONE, State.ACTIVE)
    assert states(world, 1, 2**48 - 1) == (State.ACTIVE, State.ACTIVE)
    assert world.ask("accreditationOf", 1)["terms"]["kind"] == Kind.RECOGNISE
    for function in ("acceptAccreditation", "refuseAccreditation"):
        call = partial(world.send, function, 1, sender=CONTROLLERS[FOREIGN])
        to = State.ACTIVE if function.startswith("accept") else State.REFUSED
        refused(call, "InvalidChange", 1, State.ACTIVE, to)
    refused(partial(recognising(5, 5), sender=CONTROLLERS[MINISTRY]), "InvalidPeriod", 5, 5)
    refused(partial(recognising(5, 0), sender=STRANGER), "NotController", MINISTRY, STRANGER)
    for kind in (Kind.ACCREDIT_TO_ISSUE, Kind.ACCREDIT_TO_ACCREDIT):
        refused(partial(recognising(5, 6, kind), sender=CONTROLLERS[MINISTRY]), "WrongKind", kind)


# Changes


def test_only_the_body_changes_and_only_the_holder_answers(world: World, now: int) -> None:
    accreditation = made(world, terms_of(now), answer=None)
    for function in ("acceptAccreditation", "refuseAccreditation"):
        call = partial(world.send, function, accreditation, sender=CONTROLLERS[AGENCY])
        refused(call, "NotController", UNIVERSITY, CONTROLLERS[AGENCY])
    world.send("acceptAccreditation", accreditation, sender=CONTROLLERS[UNIVERSITY])
    for function in ("suspendAccreditation", "reinstateAccreditation", "withdrawAccreditation"):
        call = partial(world.send, function, accreditation, now, 0, sender=CONTROLLERS[UNIVERSITY])
        refused(call, "NotController", AGENCY, CONTROLLERS[UNIVERSITY])
    call = partial(world.send, "voidAccreditation", accreditation, 0, sender=CONTROLLERS[UNIVERSITY])
    refused(call, "NotController", AGENCY, CONTROLLERS[UNIVERSITY])


def test_the_course_of_an_accreditation(world: World, now: int) -> None:
    accreditation = made(world, terms_of(now))
    start = now - YEAR
    steps = (
        ("suspendAccreditation", "AccreditationSuspended", start + 10, Reason.UNDER_REVIEW),
        ("reinstateAccreditation", "AccreditationReinstated", start + 20, Reason.RESOLVED),
        ("suspendAccreditation", "AccreditationSuspended", start + 20, Reason.UNDER_REVIEW),
        ("withdrawAccreditation", "AccreditationWithdrawn", start + 30, Reason.REQUIREMENTS_NOT_MET),
    )
    for function, event, effective, reason in steps:
        done = change(world, function, accreditation, effective, reason)
        assert done.events == ((event, accreditation, effective, reason),)
    for time, expected in (
        (start, State.ACTIVE),
        (start + 10, State.SUSPENDED),
        (start + 19, State.SUSPENDED),
        (start + 20, State.SUSPENDED),
        (start + 30, State.WITHDRAWN),
        (now, State.WITHDRAWN),
    ):
        assert states(world, accreditation, time)[1] == expected
    assert states(world, accreditation, done.timestamp - 1)[0] == State.SUSPENDED
    history = world.ask("accreditationOf", accreditation)["history"]
    assert [each["reason"] for each in history[2:]] == [step[3] for step in steps]
    for function, to in (
        ("suspendAccreditation", State.SUSPENDED),
        ("reinstateAccreditation", State.ACTIVE),
        ("withdrawAccreditation", State.WITHDRAWN),
    ):
        refused(
            partial(change, world, function, accreditation, now, 0),
            *("InvalidChange", accreditation, State.WITHDRAWN, to),
        )
    voided = change(world, "voidAccreditation", accreditation, Reason.OBTAINED_BY_FRAUD)
    assert voided.events == (("AccreditationVoided", accreditation, Reason.OBTAINED_BY_FRAUD),)
    assert states(world, accreditation, start) == (State.NONE, State.VOID)
    assert states(world, accreditation, done.timestamp) == (State.WITHDRAWN, State.VOID)
    assert states(world, accreditation, voided.timestamp) == (State.VOID, State.VOID)
    refused(
        lambda: change(world, "voidAccreditation", accreditation, 0),
        *("InvalidChange", accreditation, State.VOID, State.VOID),
    )


def test_an_offer_can_be_taken_back(world: World, now: int) -> None:
    accreditation = made(world, terms_of(now), answer=None)
    refused(
        lambda: change(world, "withdrawAccreditation", accreditation, now, 0),
        *("InvalidChange", accreditation, State.OFFERED, State.WITHDRAWN),
    )
    change(world, "voidAccreditation", accreditation, 0)
    call = partial(world.send, "acceptAccreditation", accreditation, sender=CONTROLLERS[UNIVERSITY])
    refused(call, "InvalidChange", accreditation, State.VOID, State.ACTIVE)


def test_changes_take_effect_in_order_and_never_in_the_future(world: World, now: int) -> None:
    accreditation = made(world, terms_of(now))
    pending = world.tester.get_block_by_number("pending")["timestamp"]
    suspend = partial(change, world, "suspendAccreditation", accreditation)
    refused(partial(suspend, now - YEAR - 1, 0), *("InvalidEffect", accreditation, now - YEAR - 1, now - YEAR, pending))
    refused(partial(suspend, pending + 1, 0), "InvalidEffect", accreditation, pending + 1, now - YEAR, pending)
    suspend(now - 5, 0)
    reinstate = partial(change, world, "reinstateAccreditation", accreditation)
    pending = world.tester.get_block_by_number("pending")["timestamp"]
    refused(partial(reinstate, now - 6, 0), "InvalidEffect", accreditation, now - 6, now - 5, pending)
    reinstate(now - 5, 0)
    assert states(world, accreditation, now - 5)[1] == State.ACTIVE
    # Before its period begins it can only be withdrawn as of the beginning.
    start = now + 1000
    later = made(world, terms_of(now, valid_from=start))
    withdraw = partial(change, world, "withdrawAccreditation", later)
    refused(partial(withdraw, start - 1, 0), "InvalidEffect", later, start - 1, start, start)
    withdraw(start, 0)
    assert states(world, later, start) == (State.WITHDRAWN, State.WITHDRAWN)


def test_a_retired_body_still_answers_for_what_it_said(world: World, now: int) -> None:
    accreditation = made(world, terms_of(now))
    world.send("retire", AGENCY, sender=CONTROLLERS[AGENCY])
    assert world.ask("checkPath", [accreditation], UNIVERSITY, SOFTWARE, FAR_FUTURE) == (False, False, AGENCY)
    assert world.ask("checkPath", [accreditation], UNIVERSITY, SOFTWARE, now + 1000) == (True, True, AGENCY)
    change(world, "withdrawAccreditation", accreditation, now, 0)


@pytest.mark.parametrize("party", [AGENCY, UNIVERSITY])
def test_nobody_enters_into_anything_once_it_has_retired(world: World, now: int, party: int) -> None:
    offered = made(world, terms_of(now), answer=None)
    refusable = made(world, terms_of(now), answer=None)
    voidable = made(world, terms_of(now), answer=None)
    terms = terms_of(now)
    acceptance = world.sign_acceptance(CONTROLLER_KEYS[UNIVERSITY], offered, terms, FAR_FUTURE)
    offer_signed = world.sign_offer(CONTROLLER_KEYS[AGENCY], terms, 1, FAR_FUTURE)
    done = world.send("retire", party, sender=CONTROLLERS[party])
    accept = partial(world.send, "acceptAccreditation", offered, sender=CONTROLLERS[UNIVERSITY])
    for attempt in (
        accept,
        partial(world.send, "acceptAccreditationBySignature", offered, FAR_FUTURE, acceptance, sender=STRANGER),
        partial(offer, world, terms),
        partial(world.send, "offerAccreditationBySignature", terms, 1, FAR_FUTURE, offer_signed, sender=STRANGER),
        partial(made, world, terms_of(now, kind=Kind.RECOGNISE)),
    ):
        refused(attempt, "PartyIsRetired", party, done.timestamp)
    assert world.ask("accreditationOf", offered)["state"] == State.OFFERED
    # What is left of an offer: to be refused, or taken back.
    world.send("refuseAccreditation", refusable, sender=CONTROLLERS[UNIVERSITY])
    change(world, "voidAccreditation", voidable, Reason.UNSPECIFIED)


def test_a_retired_body_takes_back_and_puts_nothing_in_force_again(world: World, now: int) -> None:
    suspended, active = made(world, terms_of(now)), made(world, terms_of(now))
    change(world, "suspendAccreditation", suspended, now, 0)
    done = world.send("retire", AGENCY, sender=CONTROLLERS[AGENCY])
    reinstate = partial(change, world, "reinstateAccreditation", suspended, now, 0)
    refused(reinstate, "PartyIsRetired", AGENCY, done.timestamp)
    change(world, "withdrawAccreditation", suspended, now, 0)
    change(world, "suspendAccreditation", active, now, 0)
    change(world, "voidAccreditation", active, 0)


def test_what_a_retired_holder_was_accredited_for_can_still_change(world: World, now: int) -> None:
    accreditation = made(world, terms_of(now))
    world.send("retire", UNIVERSITY, sender=CONTROLLERS[UNIVERSITY])
    change(world, "suspendAccreditation", accreditation, now, 0)
    change(world, "reinstateAccreditation", accreditation, now, 0)
    assert states(world, accreditation, now)[1] == State.ACTIVE


def test_what_is_not_there(world: World, now: int) -> None:
    for function, arguments in (
        ("acceptAccreditation", ()),
        ("refuseAccreditation", ()),
        ("acceptAccreditationBySignature", (FAR_FUTURE, b"")),
        ("suspendAccreditation", (now, 0)),
        ("reinstateAccreditation", (now, 0)),
        ("withdrawAccreditation", (now, 0)),
        ("voidAccreditation", (0,)),
        ("accreditationOf", ()),
        ("stateAt", (now,)),
    ):
        for unknown in (0, 1):
            refused(partial(world.ask, function, unknown, *arguments), "UnknownAccreditation", unknown)
    refused(lambda: world.ask("checkPath", [7], 1, ANYTHING, now), "UnknownAccreditation", 7)


# Both readings against a slow reference


@dataclass(frozen=True)
class Recorded:
    """A change with its two clocks."""

    recorded: int
    effective: int
    state: State


def reference_states(terms: TermsTuple, history: list[Recorded], time: int) -> tuple[State, State]:
    """Straight from the words of the interface."""
    if not (terms[2] <= time and (time < terms[3] or terms[3] == 0)):
        return State.NONE, State.NONE
    known_then = [each.state for each in history if each.recorded <= time]
    known_now = [each.state for each in history if each.effective <= time]
    then = known_then[-1] if known_then else State.NONE
    if any(each.state == State.VOID for each in history):
        return then, State.VOID
    return then, known_now[-1] if known_now else State.NONE


FUNCTIONS = {
    "suspendAccreditation": State.SUSPENDED,
    "reinstateAccreditation": State.ACTIVE,
    "withdrawAccreditation": State.WITHDRAWN,
}


@given(data=st.data())
@settings(
    max_examples=repeats(12, deep=25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_both_readings_agree_with_the_reference(world: World, data: st.DataObject) -> None:
    snapshot = world.tester.take_snapshot()
    try:
        for controller in CONTROLLERS.values():
            start = world.send("registerParty", "", HASH, sender=controller).timestamp
        terms = terms_of(
            start,
            valid_from=start + data.draw(st.integers(-20, 20)),
            valid_until=start + data.draw(st.integers(21, 40)),
        )
        accreditation = made(world, terms)
        history = _history(world, accreditation)
        for _ in range(data.draw(st.integers(0, 5))):
            last, pending = history[-1], world.tester.get_block_by_number("pending")["timestamp"]
            possible = [name for name, to in FUNCTIONS.items() if to != last.state]
            if last.state == State.WITHDRAWN:
                break
            # A share, as the clock of the chain is not the same in a second run.
            share = data.draw(st.integers(0, 4))
            effective = last.effective + max(0, pending - last.effective) * share // 4
            change(world, data.draw(st.sampled_from(possible)), accreditation, effective, 0)
            history = _history(world, accreditation)
            assert history[-1].effective == effective
        if data.draw(st.booleans()):
            change(world, "voidAccreditation", accreditation, 0)
            history = _history(world, accreditation)
        for time in range(start - 22, start + 42):
            assert states(world, accreditation, time) == reference_states(terms, history, time)
    finally:
        world.tester.revert_to_snapshot(snapshot)


def _history(world: World, accreditation: int) -> list[Recorded]:
    return [
        Recorded(each["recordedAt"], each["effectiveFrom"], State(each["state"]))
        for each in world.ask("accreditationOf", accreditation)["history"]
    ]


# Paths


def code_of(scope: ScopeTuple) -> str:
    """The ISCED-F code as it is written."""
    return f"{scope[0]:0{scope[1]}d}" if scope[1] else ""


def reference_covers(outer: ScopeTuple, inner: ScopeTuple) -> bool:
    """With text and sets in place of arithmetic."""

    def types(scope: ScopeTuple) -> set[int]:
        return {bit for bit in range(32) if scope[4] >> bit & 1} or {*range(33)}

    return (
        code_of(inner).startswith(code_of(outer))
        and {*range(inner[2], inner[3] + 1)} <= {*range(outer[2], outer[3] + 1)}
        and types(inner) <= types(outer)
        and outer[5] in (0, inner[5])
        and outer[6] in (ANY, inner[6])
    )


@st.composite
def scopes(draw: st.DrawFn) -> ScopeTuple:
    """Few values, so that one often covers another."""
    code = draw(st.sampled_from(["", "00", "06", "061", "0613", "0612", "062", "61", "613"]))
    levels = sorted(draw(st.tuples(st.integers(1, 8), st.integers(1, 8))))
    types = draw(st.sampled_from([0, 1, 2, 3, 2**32 - 1, 2**31]))
    jurisdiction, programme = draw(st.sampled_from([0, 276, 40])), draw(st.sampled_from([ANY, NURSING, MIDWIFERY]))
    return (int(code or 0), len(code), levels[0], levels[1], types, jurisdiction, programme)


@given(outer=scopes(), inner=scopes())
@example(outer=(0, 0, 1, 8, 1, 0, ANY), inner=(0, 0, 1, 8, 0, 0, ANY))
@example(outer=(0, 0, 1, 8, 3, 0, ANY), inner=(0, 0, 1, 8, 4, 0, ANY))
@example(outer=(0, 0, 2, 7, 0, 0, ANY), inner=(0, 0, 1, 7, 0, 0, ANY))
@example(outer=(0, 0, 2, 7, 0, 0, ANY), inner=(0, 0, 2, 8, 0, 0, ANY))
@example(outer=(0, 0, 1, 8, 0, 276, ANY), inner=(0, 0, 1, 8, 0, 0, ANY))
@example(outer=(6, 2, 1, 8, 0, 0, ANY), inner=(61, 2, 1, 8, 0, 0, ANY))
@example(outer=(613, 4, 1, 8, 0, 0, ANY), inner=(61, 3, 1, 8, 0, 0, ANY))
@example(outer=(6, 2, 1, 8, 1, 276, ANY), inner=(613, 4, 8, 8, 1, 276, ANY))
@example(outer=(0, 0, 1, 8, 0, 0, NURSING), inner=(0, 0, 1, 8, 0, 0, ANY))
@example(outer=(0, 0, 1, 8, 0, 0, NURSING), inner=(0, 0, 1, 8, 0, 0, MIDWIFERY))
@example(outer=(0, 0, 1, 8, 0, 0, ANY), inner=(0, 0, 1, 8, 0, 0, MIDWIFERY))
@settings(
    max_examples=repeats(25, deep=60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_a_scope_covers(world: World, outer: ScopeTuple, inner: ScopeTuple) -> None:
    snapshot = world.tester.take_snapshot()
    try:
        for controller in CONTROLLERS.values():
            world.send("registerParty", "", HASH, sender=controller)
        accreditation = made(world, terms_of(10**9, scope=outer))

        def ask() -> Any:
            return world.ask("checkPath", [accreditation], UNIVERSITY, inner, 10**9)

        if reference_covers(outer, inner):
            assert ask() == (False, True, AGENCY)
        else:
            refused(ask, "ScopeNotCovered", 0, accreditation)
    finally:
        world.tester.revert_to_snapshot(snapshot)


@pytest.fixture
def path(world: World, now: int) -> list[int]:
    """The ministry recognises the foreign ministry, which lets the agency accredit; it accredits the university."""
    return [
        made(world, terms_of(now, body=MINISTRY, holder=FOREIGN, kind=Kind.RECOGNISE, scope=SOFTWARE)),
        made(world, terms_of(now, body=FOREIGN, holder=AGENCY, kind=Kind.ACCREDIT_TO_ACCREDIT, scope=ANYTHING)),
        made(world, terms_of(now, scope=COMPUTING)),
    ]


def test_a_path_holds_at_a_time(world: World, now: int, path: list[int]) -> None:
    later = now + 1000

    def ask(time: int, *links: int) -> Any:
        return world.ask("checkPath", list(links) or path, UNIVERSITY, SOFTWARE, time)

    assert ask(later) == (True, True, MINISTRY)
    assert ask(now - YEAR) == (False, True, MINISTRY)
    assert ask(now - YEAR - 1) == (False, False, MINISTRY)
    assert ask(now + YEAR) == (False, False, MINISTRY)
    assert ask(later, *path[1:]) == (True, True, FOREIGN)
    assert ask(later, path[2]) == (True, True, AGENCY)
    done = change(world, "suspendAccreditation", path[1], now - 100, 0, body=FOREIGN)
    assert ask(done.timestamp - 1) == (True, False, MINISTRY)
    assert ask(done.timestamp) == (False, False, MINISTRY)
    assert ask(now - 101) == (False, True, MINISTRY)
    assert ask(later, path[2]) == (True, True, AGENCY)


def test_a_withdrawal_does_not_undo_what_was_before_and_void_does(world: World, now: int, path: list[int]) -> None:
    anchored_at = world.send("setProfile", 1, "", HASH, sender=CONTROLLER).timestamp
    asked = ("checkPath", path, UNIVERSITY, SOFTWARE, anchored_at)
    change(world, "withdrawAccreditation", path[1], anchored_at + 1, 0, body=FOREIGN)
    assert world.ask(*asked) == (True, True, MINISTRY)
    change(world, "voidAccreditation", path[0], 0, body=MINISTRY)
    assert world.ask(*asked) == (True, False, MINISTRY)


def test_paths_of_a_wrong_shape(world: World, now: int, path: list[int]) -> None:
    recognition, accrediting, issuing = path

    def ask(*links: int, issuer: int = UNIVERSITY, scope: ScopeTuple = SOFTWARE) -> Any:
        return partial(world.ask, "checkPath", list(links), issuer, scope, now)

    refused(ask(), "InvalidPathLength", 0)
    refused(ask(*[issuing] * 6), "InvalidPathLength", 6)
    refused(ask(recognition), "BrokenPath", 0, recognition)
    refused(ask(recognition, accrediting), "BrokenPath", 1, accrediting)
    refused(ask(recognition, issuing), "BrokenPath", 1, issuing)
    refused(ask(issuing, issuing), "BrokenPath", 0, issuing)
    refused(ask(accrediting, recognition, issuing), "BrokenPath", 1, recognition)
    refused(ask(*path, issuer=FOREIGN), "BrokenPath", 2, issuing)
    refused(ask(*path, 9), "BrokenPath", 2, issuing)
    refused(ask(recognition, 9, issuing), "UnknownAccreditation", 9)
    refused(ask(*path, scope=COMPUTING), "ScopeNotCovered", 0, recognition)
    assert ask(accrediting, issuing, scope=COMPUTING)() == (False, True, FOREIGN)
    # Recognition is never passed on.
    back = made(world, terms_of(now, body=FOREIGN, holder=MINISTRY, kind=Kind.RECOGNISE, scope=ANYTHING))
    refused(ask(back, *path), "BrokenPath", 1, recognition)


def test_accreditations_only_narrow(world: World, now: int) -> None:
    narrow = made(world, terms_of(now, body=FOREIGN, holder=AGENCY, kind=Kind.ACCREDIT_TO_ACCREDIT, scope=SOFTWARE))
    wide = made(world, terms_of(now, scope=COMPUTING))
    refused(
        lambda: world.ask("checkPath", [narrow, wide], UNIVERSITY, SOFTWARE, now),
        *("ScopeWidened", 1, wide),
    )
    within = made(world, terms_of(now, scope=(613, 4, 6, 6, 0b10, 276, ANY)))
    assert world.ask("checkPath", [narrow, within], UNIVERSITY, (613, 4, 6, 6, 0b10, 276, ANY), now) == (
        False,
        True,
        FOREIGN,
    )


def test_five_links_and_no_more(world: World) -> None:
    parties = range(1, 8)
    for _ in parties:
        start = world.send("registerParty", "", HASH, sender=CONTROLLER).timestamp
    links = []
    for body, holder in pairwise(parties):
        kind = Kind.ACCREDIT_TO_ISSUE if holder == 7 else Kind.ACCREDIT_TO_ACCREDIT
        terms = (body, holder, start, start + YEAR, kind, ANYTHING, CONDITION, HASH, URI)
        world.send("offerAccreditation", terms, sender=CONTROLLER)
        links.append(world.ask("accreditationCount"))
        done = world.send("acceptAccreditation", links[-1], sender=CONTROLLER)
    assert world.ask("checkPath", links[1:], 7, SOFTWARE, done.timestamp) == (True, True, 2)
    refused(lambda: world.ask("checkPath", links, 7, SOFTWARE, done.timestamp), "InvalidPathLength", 6)


# Signatures


def test_signed_offers_and_acceptances_are_sent_by_anyone(world: World, now: int) -> None:
    terms = terms_of(now)
    signature = world.sign_offer(CONTROLLER_KEYS[AGENCY], terms, 77, FAR_FUTURE)
    sent = ("offerAccreditationBySignature", terms, 77, FAR_FUTURE, signature)
    done = world.send(*sent, sender=STRANGER)
    assert [event[:4] for event in done.events] == [("AccreditationOffered", 1, AGENCY, UNIVERSITY)]
    refused(lambda: world.send(*sent, sender=STRANGER), "NonceUsed", AGENCY, 77)
    accept = (
        *("acceptAccreditationBySignature", 1, FAR_FUTURE),
        world.sign_acceptance(CONTROLLER_KEYS[UNIVERSITY], 1, terms, FAR_FUTURE),
    )
    assert world.send(*accept, sender=STRANGER).events == (("AccreditationAccepted", 1),)
    refused(lambda: world.send(*accept, sender=STRANGER), "InvalidChange", 1, State.ACTIVE, State.ACTIVE)


def test_signatures_are_good_for_what_was_signed_alone(world: World, now: int) -> None:
    terms = terms_of(now)
    key = CONTROLLER_KEYS[AGENCY]
    signature = world.sign_offer(key, terms, 1, FAR_FUTURE)
    wrong = ("NotSignedByController", AGENCY, CONTROLLERS[AGENCY])

    def send(terms: TermsTuple, nonce: int, deadline: int, signature: bytes) -> Any:
        return partial(world.send, "offerAccreditationBySignature", terms, nonce, deadline, signature, sender=STRANGER)

    refused(send(terms, 2, FAR_FUTURE, signature), *wrong)
    refused(send(terms, 1, FAR_FUTURE + 1, signature), *wrong)
    refused(send(terms, 1, FAR_FUTURE, world.sign_offer(KEYS[2], terms, 1, FAR_FUTURE)), *wrong)
    refused(send(terms, 1, FAR_FUTURE, b""), *wrong)
    for changed in (
        {"holder": FOREIGN},
        {"valid_from": now},
        {"valid_until": now + 1},
        {"kind": Kind.ACCREDIT_TO_ACCREDIT},
        {"scope": ANYTHING},
        {"scope": (*COMPUTING[:6], NURSING)},
    ):
        refused(send(terms_of(now, **changed), 1, FAR_FUTURE, signature), *wrong)
    refused(send((*terms[:6], bytes(32), HASH, URI), 1, FAR_FUTURE, signature), *wrong)
    refused(send((*terms[:6], CONDITION, bytes(32), URI), 1, FAR_FUTURE, signature), *wrong)
    refused(send((*terms[:6], CONDITION, HASH, "https://other.example"), 1, FAR_FUTURE, signature), *wrong)
    expired = world.sign_offer(key, terms, 1, now)
    refused(send(terms, 1, now, expired), "SignatureExpired", now)
    elsewhere = copy(world)
    for address in (world.address, world.deploy(accreditations_initcode(world.address))):
        # For the registry, and for another contract about the parties of the same one.
        elsewhere.accreditations = address
        refused(send(terms, 1, FAR_FUTURE, elsewhere.sign_offer(key, terms, 1, FAR_FUTURE)), *wrong)
    recognition = terms_of(now, kind=Kind.RECOGNISE)
    signed = world.sign_offer(key, recognition, 3, FAR_FUTURE)
    refused(send(recognition, 3, FAR_FUTURE, signed), "WrongKind", Kind.RECOGNISE)
    world.send("transferController", AGENCY, STRANGER, sender=CONTROLLERS[AGENCY])
    world.send("acceptController", AGENCY, sender=STRANGER)
    refused(send(terms, 1, FAR_FUTURE, signature), "NotSignedByController", AGENCY, STRANGER)


def test_several_calls_in_one_transaction(world: World, now: int) -> None:
    calls = [Calls.offer_accreditation_data(terms_of(now))] * 2
    multicall = artifact(ACCREDITATIONS).functions["multicall"]

    def send(sender: str) -> Done:
        return world.send_data(multicall.encode(calls), sender=sender, to=world.accreditations)

    assert [event[:2] for event in send(CONTROLLERS[AGENCY]).events] == [
        ("AccreditationOffered", 1),
        ("AccreditationOffered", 2),
    ]
    refused(lambda: send(STRANGER), "NotController", AGENCY, STRANGER)
    calls.append(Calls.accept_accreditation_data(1))
    refused(lambda: send(CONTROLLERS[AGENCY]), "NotController", UNIVERSITY, CONTROLLERS[AGENCY])
    assert world.ask("accreditationCount") == 2


def test_the_domain_of_signatures(world: World) -> None:
    item = artifact(ACCREDITATIONS).functions["eip712Domain"]
    found = world.ask_at(world.accreditations, item)
    assert found[1:4] == ("Testamur", "2", world.chain_id)
    assert found[4].lower() == world.accreditations.lower()


# The two contracts


def test_it_is_about_the_parties_of_one_registry(world: World, now: int) -> None:
    assert world.ask("registry").lower() == world.address.lower()
    other = copy(world)
    other.address = world.deploy(artifact().initcode)
    other.accreditations = world.deploy(accreditations_initcode(other.address))
    refused(lambda: offer(other, terms_of(now)), "UnknownParty", AGENCY)
    for _ in range(UNIVERSITY):
        other.send("registerParty", "", HASH, sender=STRANGER)
    refused(lambda: offer(other, terms_of(now)), "NotController", AGENCY, CONTROLLERS[AGENCY])
    other.send("offerAccreditation", terms_of(now), sender=STRANGER)
    assert (other.ask("accreditationCount"), world.ask("accreditationCount")) == (1, 0)


def test_where_there_is_no_registry_nothing_is_said(world: World, now: int) -> None:
    alone = copy(world)
    alone.accreditations = world.deploy(accreditations_initcode("0x" + "de" * 20))
    refused(lambda: offer(alone, terms_of(now)), "", b"")


def test_conditions_are_told_and_hinder_nothing(world: World, now: int) -> None:
    conditional = made(world, terms_of(now))
    assert world.ask("accreditationOf", conditional)["terms"]["conditionHash"] == CONDITION
    assert world.ask("checkPath", [conditional], UNIVERSITY, SOFTWARE, now) == (False, True, AGENCY)


def test_an_acceptance_is_good_for_one_offer(world: World, now: int) -> None:
    terms = terms_of(now)
    signature = world.sign_acceptance(CONTROLLER_KEYS[UNIVERSITY], 1, terms, FAR_FUTURE)
    offer(world, terms_of(now, body=FOREIGN))
    offer(world, terms)
    wrong = ("NotSignedByController", UNIVERSITY, CONTROLLERS[UNIVERSITY])
    for accreditation, deadline in ((1, FAR_FUTURE), (2, FAR_FUTURE)):
        call = partial(world.send, "acceptAccreditationBySignature", accreditation, deadline, signature)
        refused(partial(call, sender=STRANGER), *wrong)
    late = world.sign_acceptance(CONTROLLER_KEYS[UNIVERSITY], 2, terms, now)
    call = partial(world.send, "acceptAccreditationBySignature", 2, now, late)
    refused(partial(call, sender=STRANGER), "SignatureExpired", now)


# The binding


def test_the_binding_encodes_every_call(world: World, now: int) -> None:
    terms = terms_of(now)
    signature = world.sign_offer(CONTROLLER_KEYS[AGENCY], terms, 1, FAR_FUTURE)
    accepted = world.sign_acceptance(CONTROLLER_KEYS[UNIVERSITY], 2, terms, FAR_FUTURE)
    recognition = terms_of(now, kind=Kind.RECOGNISE, valid_until=0)
    agency, university = CONTROLLERS[AGENCY], CONTROLLERS[UNIVERSITY]
    events = [
        event[0]
        for sender, data in (
            (agency, Calls.offer_accreditation_data(terms)),
            (STRANGER, Calls.offer_accreditation_by_signature_data(terms, 1, FAR_FUTURE, signature)),
            (university, Calls.refuse_accreditation_data(1)),
            (STRANGER, Calls.accept_accreditation_by_signature_data(2, FAR_FUTURE, accepted)),
            (agency, Calls.recognise_data(recognition)),
            (agency, Calls.suspend_accreditation_data(2, now, Reason.UNDER_REVIEW)),
            (agency, Calls.reinstate_accreditation_data(2, now, Reason.RESOLVED)),
            (agency, Calls.withdraw_accreditation_data(2, now, Reason.REQUIREMENTS_NOT_MET)),
            (agency, Calls.void_accreditation_data(2, Reason.ISSUED_IN_ERROR)),
            (agency, Calls.offer_accreditation_data(terms)),
            (university, Calls.accept_accreditation_data(4)),
        )
        for event in world.send_data(data, sender=sender).events
    ]
    assert events == [
        *("AccreditationOffered", "AccreditationOffered", "AccreditationRefused", "AccreditationAccepted"),
        *("Recognised", "AccreditationSuspended", "AccreditationReinstated", "AccreditationWithdrawn"),
        *("AccreditationVoided", "AccreditationOffered", "AccreditationAccepted"),
    ]


def test_a_refused_change_is_told_in_words(world: World, now: int) -> None:
    accreditation = made(world, terms_of(now))
    with pytest.raises(Reverted) as caught:
        change(world, "reinstateAccreditation", accreditation, now, 0)
    assert "accreditation 1 is active and cannot become active" in str(revert_error(caught.value.thrown))


def test_the_words_of_the_binding_are_the_contracts() -> None:
    """Enums have no names in the ABI: the members are read from the source."""
    from tests.contracts.build import SOURCES

    for enum, file in ((Kind, "IAccreditations.sol"), (State, "AccreditationHistory.sol")):
        name = "Kind" if enum is Kind else "AccreditationState"
        found = re.search(rf"enum {name} {{([^}}]*)}}", (SOURCES / file).read_text(encoding="utf-8"))
        assert found is not None
        members = [member.strip() for member in found[1].split(",")]
        assert [each.replace("_", "").lower() for each in enum.__members__] == [each.lower() for each in members]
