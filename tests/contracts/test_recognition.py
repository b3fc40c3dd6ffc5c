"""The paths that `registry.recognition.path` finds from events are those that the contract accepts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import permutations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.chain.abi import ACCREDITATIONS, artifact
from registry.recognition.ledger import Ledger, State
from registry.recognition.path import LONGEST_PATH, Path, Reading, find_path
from registry.recognition.scope import Scope
from registry.records import Event, Kind
from tests.contracts.world import CONTROLLER, Done, Reverted, World

PARTIES, ISSUER = 4, 1
SCOPES = (Scope(), Scope("06"), Scope("0613", (6, 6), frozenset({"bachelor-degree"}), "HR"))
STATES = tuple(State)
ISSUE, ACCREDIT = 0, 1
CHANGES = ("suspendAccreditation", "reinstateAccreditation", "withdrawAccreditation", "voidAccreditation")


@given(data=st.data())
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_both_agree_on_every_state_and_path(world: World, data: st.DataObject) -> None:
    snapshot = world.tester.take_snapshot()
    try:
        for _ in range(PARTIES):
            done = world.send("registerParty", "", bytes(32), sender=CONTROLLER)
        start = done.timestamp
        ledger = Ledger.from_events(_course(world, data, start))
        assert len(ledger.accreditations) == world.ask("accreditationCount")
        for time in (start - 1, *range(start + 1, start + 24, 5)):
            _agree(world, ledger, time)
    finally:
        world.tester.revert_to_snapshot(snapshot)


def _course(world: World, data: st.DataObject, start: int) -> Iterator[Event]:
    """A random course of offers, answers and changes; what the contract refuses did not happen."""
    # Whatever else there is, some of it leads somewhere.
    for body, holder, kind in ((2, ISSUER, ISSUE), (3, 2, ACCREDIT)):
        yield from _offered(world, body, holder, kind, Scope(), start - 10, start + 100)
        yield from _did(world, "acceptAccreditation", world.ask("accreditationCount"))
    yield from _recognised(world, 4, 3, Scope(), start + 2)
    for _ in range(data.draw(st.integers(1, 6))):
        last = world.ask("accreditationCount")
        match data.draw(st.sampled_from(("offer", "recognise", "change", "change"))):
            case "offer":
                body, holder = data.draw(st.permutations(range(1, PARTIES + 1)))[:2]
                scope, kind = data.draw(st.sampled_from(SCOPES)), data.draw(st.sampled_from((ISSUE, ACCREDIT)))
                yield from _offered(world, body, holder, kind, scope, start - 10, start + data.draw(st.integers(1, 30)))
                answer = data.draw(st.sampled_from(("acceptAccreditation",) * 3 + ("refuseAccreditation",)))
                yield from _did(world, answer, last + 1)
            case "recognise":
                body, other = data.draw(st.permutations(range(1, PARTIES + 1)))[:2]
                scope = data.draw(st.sampled_from(SCOPES))
                yield from _recognised(world, body, other, scope, start)
            case _:
                function, number = data.draw(st.sampled_from(CHANGES)), data.draw(st.integers(1, last))
                since = () if function == "voidAccreditation" else (start + data.draw(st.integers(0, 12)),)
                yield from _did(world, function, number, *since, data.draw(st.integers(0, 8)))


def _offered(world: World, body: int, holder: int, kind: int, scope: Scope, since: int, until: int) -> Iterator[Event]:
    evidence = (bytes(32), b"e" * 32, "https://agency.example/decision")
    return _did(world, "offerAccreditation", (body, holder, since, until, kind, scope.to_numbers(), *evidence))


def _recognised(world: World, body: int, other: int, scope: Scope, since: int) -> Iterator[Event]:
    terms = (body, other, since, 0, Kind.RECOGNISE, scope.to_numbers(), bytes(32), bytes(32), "")
    return _did(world, "recognise", terms)


def _did(world: World, function: str, *arguments: object) -> Iterator[Event]:
    try:
        done = world.send(function, *arguments, sender=CONTROLLER)
    except Reverted:
        return
    yield from _events(done)


def _events(done: Done) -> Iterator[Event]:
    events = artifact(ACCREDITATIONS).events_by_topic.values()
    inputs = {item.name: [part["name"] for part in item.inputs] for item in events}
    for name, *values in done.events:
        arguments = dict(zip(inputs[name], values, strict=True))
        yield Event(name, arguments, 0, bytes(32), 0, bytes(32), datetime.fromtimestamp(done.timestamp, UTC))


def _agree(world: World, ledger: Ledger, time: int) -> None:
    moment = datetime.fromtimestamp(time, UTC)
    for each in ledger.accreditations:
        then, now = world.ask("stateAt", each.id, time)
        assert each.state_at(moment) == (STATES[then], STATES[now])
    for scope in SCOPES:
        held: dict[Reading, list[tuple[int, ...]]] = {reading: [] for reading in Reading}
        for path, then, now in _accepted(world, ledger, scope, time):
            held[Reading.AS_KNOWN_THEN] += [path] * then
            held[Reading.AS_KNOWN_NOW] += [path] * now
            held[Reading.BOTH] += [path] * (then and now)
        for reading, paths in held.items():
            for body in range(1, PARTIES + 1):
                found = find_path(ledger, ISSUER, scope, moment, {body}, reading)
                best = min((path for path in paths if ledger[path[0]].body == body), key=_short_and_low, default=None)
                assert (found.ids if isinstance(found, Path) else None) == best


def _accepted(world: World, ledger: Ledger, scope: Scope, time: int) -> Iterator[tuple[tuple[int, ...], bool, bool]]:
    """Every sequence of links that the contract does not refuse, and what it says of the time."""
    last = [each.id for each in ledger.held_by(ISSUER)]
    for length in range(1, LONGEST_PATH + 1):
        for path in permutations(range(1, len(ledger.accreditations) + 1), length):
            # The contract refuses these (`BrokenPath`), and asking it takes long.
            links = [ledger[number] for number in path]
            if path[-1] not in last or any(links[at].holder != links[at + 1].body for at in range(length - 1)):
                continue
            try:
                then, now, body = world.ask("checkPath", list(path), ISSUER, scope.to_numbers(), time)
            except Reverted:
                continue
            assert body == links[0].body
            yield path, then, now


def _short_and_low(path: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    return len(path), path
