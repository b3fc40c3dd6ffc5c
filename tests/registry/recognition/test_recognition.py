"""Paths from a trusted body to an issuer, and the ledger they are found in, against searches that try everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.chain.abi import ACCREDITATIONS, FIRST_REGISTRY, artifact
from registry.errors import ChainError
from registry.recognition.ledger import EVENT_NAMES, REASONS, reach
from registry.recognition.path import (
    LONGEST_PATH,
    Accreditation,
    Change,
    Gap,
    Kind,
    Ledger,
    Missing,
    Path,
    Reading,
    State,
    StateAt,
    find_path,
)
from registry.recognition.scope import Scope, hash_of_programme
from registry.records import AccreditationState, Event, Reason
from registry.records import Kind as KindNumber

START = datetime(2020, 1, 1, tzinfo=UTC)
ISSUER, BODY, PARENT, STRANGER = 1, 2, 3, 4
ISSUING, ACCREDITING, RECOGNISING = Kind.ACCREDIT_TO_ISSUE, Kind.ACCREDIT_TO_ACCREDIT, Kind.RECOGNISE


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def link(
    body: int,
    holder: int,
    kind: Kind = ISSUING,
    *later: tuple[State, int, int],
    scope: Scope | None = None,
    until: int | None = 1000,
    first: State = State.ACTIVE,
) -> Accreditation:
    """A link from day 0; later changes are state, day of record, day of effect."""
    changes = (Change(first, day(0), day(0)), *(Change(state, day(on), day(since)) for state, on, since in later))
    end = None if until is None else day(until)
    return Accreditation(0, body, holder, kind, scope or Scope(), day(0), end, bytes(32), "", changes)


def ledger_of(*links: Accreditation) -> Ledger:
    return Ledger(tuple(replace(each, id=number) for number, each in enumerate(links, 1)))


def ask(
    *links: Accreditation,
    trusted: int = PARENT,
    at: int = 100,
    scope: Scope | None = None,
    reading: Reading = Reading.BOTH,
) -> Path | Missing:
    return find_path(ledger_of(*links), ISSUER, scope or Scope("0613", (6, 6)), day(at), {trusted}, reading)


def ids(answer: Path | Missing) -> tuple[int, ...]:
    assert isinstance(answer, Path), answer
    return answer.ids


def gap(answer: Path | Missing) -> Gap:
    assert isinstance(answer, Missing), answer
    assert answer.text.startswith("No agreement on record")
    assert answer.text.endswith(".")
    return answer.gap


class TestPaths:
    """What people ask about."""

    def test_a_trusted_body_accredited_the_issuer(self) -> None:
        assert ids(ask(link(BODY, ISSUER), trusted=BODY)) == (1,)
        assert gap(ask(link(BODY, ISSUER), trusted=PARENT)) is Gap.NO_AGREEMENT

    def test_a_body_accredited_by_a_trusted_one(self) -> None:
        assert ids(ask(link(BODY, ISSUER), link(PARENT, BODY, ACCREDITING))) == (2, 1)
        assert gap(ask(link(BODY, ISSUER), link(PARENT, BODY, ISSUING))) is Gap.NO_AGREEMENT

    def test_recognition_is_one_way_and_never_passed_on(self) -> None:
        accredited, recognised = link(BODY, ISSUER), link(PARENT, BODY, RECOGNISING, until=None)
        found = ask(accredited, recognised)
        assert ids(found) == (2, 1)
        assert isinstance(found, Path)
        assert (found.body, found.recognition, found.accreditations) == (PARENT, found.links[0], found.links[1:])
        assert gap(ask(accredited, link(BODY, PARENT, RECOGNISING))) is Gap.NO_AGREEMENT
        assert gap(ask(accredited, recognised, link(STRANGER, PARENT, RECOGNISING), trusted=STRANGER)) is (
            Gap.NO_AGREEMENT
        )
        # Nor does it make the recognised body one of the trusted one's own.
        below = (link(BODY, ISSUER), link(STRANGER, BODY, RECOGNISING), link(PARENT, STRANGER, ACCREDITING))
        assert gap(ask(*below)) is Gap.NO_AGREEMENT

    def test_a_recognised_body_accredits_bodies(self) -> None:
        links = (link(BODY, ISSUER), link(STRANGER, BODY, ACCREDITING), link(PARENT, STRANGER, RECOGNISING))
        assert ids(ask(*links)) == (3, 2, 1)

    def test_nobody_accredits_an_issuer_by_recognising_it(self) -> None:
        assert gap(ask(link(PARENT, ISSUER, RECOGNISING))) is Gap.NOT_ACCREDITED
        assert gap(ask(link(PARENT, ISSUER, ACCREDITING))) is Gap.NOT_ACCREDITED

    def test_five_links_and_no_more(self) -> None:
        chain = [link(2, ISSUER), *(link(number + 1, number, ACCREDITING) for number in range(2, 7))]
        assert ids(ask(*chain, trusted=6)) == (5, 4, 3, 2, 1)
        assert gap(ask(*chain, trusted=7)) is Gap.NO_AGREEMENT
        assert ids(ask(*chain[:4], link(6, 5, RECOGNISING), trusted=6)) == (5, 4, 3, 2, 1)
        assert gap(ask(*chain[:5], link(7, 6, RECOGNISING), trusted=7)) is Gap.NO_AGREEMENT

    def test_scopes_only_narrow(self) -> None:
        wide = link(BODY, ISSUER, scope=Scope("06"))
        assert gap(ask(wide, link(PARENT, BODY, ACCREDITING, scope=Scope("0613")))) is Gap.SCOPE_WIDENED
        # A recognition gives nothing, so what is accredited may be more than it accepts.
        assert ids(ask(wide, link(PARENT, BODY, RECOGNISING, scope=Scope("0613")))) == (2, 1)
        assert gap(ask(wide, link(PARENT, BODY, RECOGNISING, scope=Scope("0612")))) is Gap.SCOPE_NOT_COVERED

    def test_a_programme_is_covered_where_it_is_named_alone(self) -> None:
        nursing, medicine = map(hash_of_programme, ("https://uni.example/nursing", "https://uni.example/medicine"))
        accredited = link(PARENT, ISSUER, scope=Scope("0913", programme=nursing))
        assert ids(ask(accredited, scope=Scope("0913", programme=nursing))) == (1,)
        # Whoever names none asks for any: a programme of the holder's is not all that it awards.
        unnamed = ask(accredited, scope=Scope("0913"))
        assert gap(unnamed) is Gap.SCOPE_NOT_COVERED
        assert isinstance(unnamed, Missing)
        assert unnamed.text.endswith("It is for one programme alone, and none is stated.")
        assert gap(ask(accredited, scope=Scope("0913", programme=medicine))) is Gap.SCOPE_NOT_COVERED
        # A body for one programme accredits no more than that.
        body = link(PARENT, BODY, ACCREDITING, scope=Scope("0913", programme=nursing))
        assert ids(ask(body, link(BODY, ISSUER, scope=Scope("0913", programme=nursing)),
                       scope=Scope("0913", programme=nursing))) == (1, 2)  # fmt: skip
        wider = ask(body, link(BODY, ISSUER, scope=Scope("0913")), scope=Scope("0913", programme=nursing))
        assert gap(wider) is Gap.SCOPE_WIDENED

    def test_circles_end(self) -> None:
        circle = (link(BODY, ISSUER), link(STRANGER, BODY, ACCREDITING), link(BODY, STRANGER, ACCREDITING))
        assert gap(ask(*circle)) is Gap.NO_AGREEMENT
        assert ids(ask(*circle, link(PARENT, STRANGER, ACCREDITING))) == (4, 2, 1)

    def test_the_shortest_and_of_these_the_one_with_the_lowest_numbers(self) -> None:
        links = (
            link(BODY, ISSUER), link(PARENT, BODY, ACCREDITING), link(STRANGER, ISSUER),
            link(PARENT, STRANGER, ACCREDITING), link(PARENT, BODY, ACCREDITING), link(BODY, ISSUER),
        )  # fmt: skip
        assert ids(ask(*links)) == (2, 1)
        assert ids(ask(*links, link(PARENT, ISSUER))) == (7,)

    def test_what_strangers_say_of_each_other_costs_nothing(self) -> None:
        """Anyone can register bodies; thousands of links between them are not followed."""
        circle = [link(BODY, STRANGER, ACCREDITING), link(STRANGER, BODY, ACCREDITING)] * 3000
        ledger = ledger_of(link(BODY, ISSUER), *circle, link(5, ISSUER), link(PARENT, 5, RECOGNISING))
        assert ledger.reach({PARENT}) == {PARENT, 5}
        assert ids(find_path(ledger, ISSUER, Scope(), day(1), {PARENT})) == (6003, 6002)
        assert gap(find_path(ledger, ISSUER, Scope(), day(1), {7})) is Gap.NO_AGREEMENT


class TestTime:
    """Two clocks and the period."""

    def test_the_end_is_no_longer_part_of_it(self) -> None:
        short = link(PARENT, ISSUER, until=100)
        assert ids(ask(short, at=99)) == (1,)
        assert gap(ask(short, at=100)) is Gap.EXPIRED
        assert gap(ask(short, at=-1)) is Gap.NOT_YET_VALID
        assert ids(ask(short, at=0)) == (1,)

    def test_withdrawn_later_does_not_undo_and_void_does(self) -> None:
        withdrawn = link(PARENT, ISSUER, ISSUING, (State.WITHDRAWN, 200, 200))
        assert ids(ask(withdrawn)) == (1,)
        assert gap(ask(withdrawn, at=200)) is Gap.WITHDRAWN
        void = link(PARENT, ISSUER, ISSUING, (State.VOID, 200, 0))
        assert ids(ask(void, reading=Reading.AS_KNOWN_THEN)) == (1,)
        assert gap(ask(void, reading=Reading.AS_KNOWN_NOW)) is Gap.VOID
        assert gap(ask(void)) is Gap.VOID

    def test_void_undoes_what_it_followed(self) -> None:
        twice = link(PARENT, ISSUER, ISSUING, (State.WITHDRAWN, 200, 200), (State.VOID, 300, 0))
        assert twice.state_at(day(100)) == StateAt(State.ACTIVE, State.VOID)
        assert twice.state_at(day(250)) == StateAt(State.WITHDRAWN, State.VOID)

    def test_a_change_recorded_late(self) -> None:
        late = link(PARENT, ISSUER, ISSUING, (State.SUSPENDED, 200, 50), (State.ACTIVE, 210, 150))
        assert ids(ask(late, reading=Reading.AS_KNOWN_THEN)) == (1,)
        assert gap(ask(late, reading=Reading.AS_KNOWN_NOW)) is Gap.SUSPENDED
        assert ids(ask(late, at=160, reading=Reading.AS_KNOWN_NOW)) == (1,)
        assert gap(ask(late, at=205, reading=Reading.AS_KNOWN_THEN)) is Gap.SUSPENDED

    def test_an_offer_holds_nothing(self) -> None:
        assert gap(ask(link(PARENT, ISSUER, first=State.OFFERED))) is Gap.NOT_ACCEPTED
        assert gap(ask(link(PARENT, ISSUER, ISSUING, (State.REFUSED, 1, 0), first=State.OFFERED))) is Gap.REFUSED
        accepted = link(PARENT, ISSUER, ISSUING, (State.ACTIVE, 200, 0), first=State.OFFERED)
        assert ids(ask(accepted, reading=Reading.AS_KNOWN_NOW)) == (1,)
        assert gap(ask(accepted, reading=Reading.AS_KNOWN_THEN)) is Gap.NOT_ACCEPTED
        assert gap(ask(accepted)) is Gap.NOT_ACCEPTED

    def test_what_was_put_on_record_afterwards(self) -> None:
        afterwards = replace(link(PARENT, ISSUER), changes=(Change(State.ACTIVE, day(200), day(0)),))
        assert ids(ask(afterwards, reading=Reading.AS_KNOWN_NOW)) == (1,)
        assert gap(ask(afterwards)) is Gap.NOT_YET_RECORDED


class TestMissing:
    """The nearest link that is missing."""

    def test_it_is_on_the_path_that_lacks_the_fewest(self) -> None:
        answer = ask(
            link(PARENT, ISSUER, scope=Scope("09"), until=50),
            link(BODY, ISSUER),
            link(PARENT, BODY, ACCREDITING, until=50),
            link(PARENT, STRANGER, RECOGNISING, until=50),
        )
        assert isinstance(answer, Missing)
        assert (answer.gap, answer.count, answer.party) == (Gap.SCOPE_NOT_COVERED, 1, ISSUER)
        answer = ask(link(BODY, ISSUER), link(PARENT, BODY, RECOGNISING, until=50))
        assert isinstance(answer, Missing)
        assert (answer.gap, answer.party, answer.link and answer.link.id) == (Gap.EXPIRED, BODY, 2)
        assert answer.text == (
            "No agreement on record for 2020-04-10T00:00:00Z: the recognition of party 2 by body 3 (number 2) ended on "
            "2020-02-20T00:00:00Z."
        )

    def test_an_agreement_that_never_was_is_one_missing_link(self) -> None:
        worse = (link(BODY, ISSUER, until=50), link(PARENT, BODY, ACCREDITING, until=50))
        answer = ask(*worse, link(STRANGER, ISSUER))
        assert isinstance(answer, Missing)
        assert (answer.gap, answer.party, answer.link, answer.count) == (Gap.NO_AGREEMENT, STRANGER, None, 1)


# Against a search that tries everything

NARROW = Scope("0613", (6, 6), jurisdiction="HR")
PROGRAMME = replace(NARROW, programme=bytes([1]) * 32)
scopes = st.sampled_from([Scope(), Scope(), Scope("06"), Scope("0613"), Scope("06", (5, 7)), NARROW, PROGRAMME])
asked_scopes = st.sampled_from([NARROW, NARROW, NARROW, Scope("0613"), Scope(), PROGRAMME])
PAIRS = [*[(1, 2)] * 4, *[(2, 3)] * 3, *[(3, 4)] * 2, (4, 5), (1, 3), (2, 4), (2, 5)]
moments = st.integers(0, 12)


@st.composite
def accreditations(draw: st.DrawFn) -> Accreditation:
    """Mostly such that there are paths, of the kind that people would look at twice."""
    holder, body = draw(st.sampled_from(PAIRS))
    usual = [ISSUING, ISSUING, ISSUING] if holder == ISSUER else [ACCREDITING, ACCREDITING, RECOGNISING]
    kind = draw(st.sampled_from([*usual, *Kind]))
    if draw(st.integers(0, 9)) == 0:
        body, holder = holder, body
    start, made = draw(st.sampled_from([0, 0, 0, 4])), draw(st.sampled_from([0, 0, 0, 0, 2, 9]))
    changes = [Change(State.ACTIVE, day(made), day(start))]
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 1, 2]))):
        changes.append(_next_change(draw, changes[-1], day(start)))
        if changes[-1].state is State.VOID:
            break
    end = draw(st.sampled_from([day(20), day(20), day(8), *([None] if kind is RECOGNISING else [])]))
    return Accreditation(0, body, holder, kind, draw(scopes), day(start), end, bytes(32), "", tuple(changes))


def _next_change(draw: st.DrawFn, last: Change, start: datetime) -> Change:
    on = last.recorded_at + timedelta(days=draw(st.integers(0, 4)))
    to = draw(st.sampled_from([State.SUSPENDED, State.ACTIVE, State.WITHDRAWN, State.VOID]))
    latest = max(on, last.effective_from)
    since = start if to is State.VOID else min(max(last.effective_from, day(draw(moments))), latest)
    return Change(to, on, since)


def slow_state(link: Accreditation, moment: datetime, reading: Reading) -> bool:
    """Whether it is active, from the words of the design."""
    if moment < link.valid_from or (link.valid_until and moment >= link.valid_until):
        return False
    then = State.NONE
    now = State.NONE
    for change in link.changes:
        then = change.state if change.recorded_at <= moment else then
        now = change.state if change.effective_from <= moment else now
    if any(change.state is State.VOID for change in link.changes):
        now = State.VOID
    asked = {Reading.AS_KNOWN_THEN: {then}, Reading.AS_KNOWN_NOW: {now}, Reading.BOTH: {then, now}}
    return asked[reading] == {State.ACTIVE}


def slow_paths(
    ledger: Ledger, scope: Scope, moment: datetime, trusted: set[int], reading: Reading
) -> Iterator[tuple[int, ...]]:
    """Every path there is, as `checkPath` would judge every sequence of links."""
    for length in range(1, LONGEST_PATH + 1):
        for links in permutations(ledger.accreditations, length):
            *above, last = links
            if (
                links[0].body in trusted
                and (last.kind, last.holder) == (ISSUING, ISSUER)
                and all(
                    each.kind is ACCREDITING or (each.kind is RECOGNISING and not at) for at, each in enumerate(above)
                )
                and all(outer.holder == inner.body for outer, inner in pairwise(links))
                and all(
                    outer.kind is RECOGNISING or outer.scope.covers(inner.scope) for outer, inner in pairwise(links)
                )
                and all(each.scope.covers(scope) and slow_state(each, moment, reading) for each in links)
            ):
                yield tuple(each.id for each in links)


@given(
    st.lists(accreditations(), min_size=4, max_size=7),
    asked_scopes,
    st.sampled_from([1, 5, 5, 9]),
    st.sets(st.integers(2, 5), min_size=1, max_size=2),
    st.sampled_from(Reading),
)
@settings(max_examples=400, deadline=None)
def test_a_path_is_found_if_and_only_if_there_is_one(
    links: list[Accreditation], scope: Scope, at: int, trusted: set[int], reading: Reading
) -> None:
    ledger = ledger_of(*links)
    answer = find_path(ledger, ISSUER, scope, day(at), trusted, reading)
    paths = list(slow_paths(ledger, scope, day(at), trusted, reading))
    if isinstance(answer, Path):
        assert answer.ids == min(paths, key=lambda path: (len(path), path))
    else:
        assert not paths
        assert answer.count > 0
        assert answer.text.startswith("No agreement on record")


@given(st.integers(2, 5), st.data())
@settings(max_examples=100, deadline=None)
def test_any_chain_is_found_and_none_of_its_links_can_be_missing(length: int, data: st.DataObject) -> None:
    """Random ledgers seldom have long paths."""
    chain = [link(2, ISSUER), *(link(number + 1, number, ACCREDITING) for number in range(2, length + 1))]
    if data.draw(st.booleans()):
        chain[-1] = replace(chain[-1], kind=RECOGNISING)
    order = data.draw(st.permutations(range(length)))
    shuffled = [chain[at] for at in order]
    expected = tuple(order.index(at) + 1 for at in reversed(range(length)))
    assert ids(ask(*shuffled, trusted=length + 1)) == expected
    at = data.draw(st.integers(0, length - 1))
    shuffled[at] = replace(shuffled[at], valid_until=day(50))
    answer = ask(*shuffled, trusted=length + 1)
    assert isinstance(answer, Missing)
    assert (answer.gap, answer.link and answer.link.id, answer.count) == (Gap.EXPIRED, at + 1, 1)


# Ledgers from events

SECOND = int(START.timestamp())


def event(name: str, on: int, **arguments: Any) -> Event:
    return Event(name, arguments, on, bytes(32), 0, bytes(32), day(on))


def offered(number: int, on: int = 0, **changed: Any) -> Event:
    terms = {
        "body": BODY, "holder": ISSUER, "kind": 0, "scope": (613, 4, 6, 7, 64, 191), "validFrom": SECOND,
        "validUntil": SECOND + 86400 * 1000, "evidenceHash": b"e" * 32, "evidenceUri": "https://agency.example/1",
    }  # fmt: skip
    return event("AccreditationOffered", on, id=number, **(terms | changed))


def recognised(number: int, on: int = 0) -> Event:
    scope = {"field": 0, "fieldDigits": 0, "levelMin": 1, "levelMax": 8, "qualificationTypes": 0, "jurisdiction": 0}
    return event(
        "Recognised", on, id=number, body=PARENT, recognised=BODY, scope=scope, validFrom=SECOND, validUntil=0,
        evidenceHash=bytes(32), evidenceUri="",
    )  # fmt: skip


class TestLedger:
    """What the contract's events come to."""

    def test_the_course_of_an_accreditation(self) -> None:
        ledger = Ledger.from_events(
            [
                offered(1),
                recognised(2),
                event("AccreditationAccepted", 1, id=1),
                event("PartyRegistered", 1, id=9),
                event("AccreditationSuspended", 5, id=1, effectiveFrom=SECOND + 3 * 86400, reason=7),
                event("AccreditationReinstated", 6, id=1, effectiveFrom=SECOND + 4 * 86400, reason=8),
                event("AccreditationWithdrawn", 9, id=1, effectiveFrom=SECOND + 9 * 86400, reason=0),
                event("AccreditationVoided", 9, id=2, reason=2),
            ]
        )
        accreditation, recognition = ledger.accreditations
        assert accreditation.scope == Scope("0613", (6, 7), frozenset({"bachelor-degree"}), "HR")
        assert accreditation.changes == (
            Change(State.OFFERED, day(0), day(0)),
            Change(State.ACTIVE, day(1), day(0)),
            Change(State.SUSPENDED, day(5), day(3), "under-review"),
            Change(State.ACTIVE, day(6), day(4), "resolved"),
            Change(State.WITHDRAWN, day(9), day(9)),
        )
        assert [accreditation.state_at(day(number)) for number in (0, 3, 5, 9)] == [
            StateAt(State.OFFERED, State.ACTIVE), StateAt(State.ACTIVE, State.SUSPENDED),
            StateAt(State.SUSPENDED, State.ACTIVE), StateAt(State.WITHDRAWN, State.WITHDRAWN),
        ]  # fmt: skip
        assert (recognition.kind, recognition.holder, recognition.valid_until) == (RECOGNISING, BODY, None)
        assert recognition.changes[-1] == Change(State.VOID, day(9), day(0), "obtained-by-fraud")
        assert ledger.held_by(ISSUER) == (accreditation,)
        assert ledger.held_by(STRANGER) == ()
        assert ledger[2] == recognition
        for number in (0, 3, -1):
            with pytest.raises(KeyError):
                ledger[number]

    def test_an_event_of_either_edition_is_read(self) -> None:
        numbers = (613, 4, 6, 7, 64, 191)
        before = offered(1, scope=numbers)
        after = offered(2, scope=(*numbers, b"p" * 32), conditionHash=b"c" * 32)
        named = {"field": 613, "fieldDigits": 4, "levelMin": 6, "levelMax": 7, "qualificationTypes": 64}
        by_name = offered(3, scope=named | {"jurisdiction": 191, "programme": b"p" * 32}, conditionHash=bytes(32))
        first, second, third = Ledger.from_events([before, after, by_name]).accreditations
        assert (first.scope, first.is_conditional) == (replace(second.scope, programme=bytes(32)), False)
        assert (second.scope.programme, second.condition_hash, second.is_conditional) == (b"p" * 32, b"c" * 32, True)
        assert (third.scope, third.is_conditional) == (second.scope, False)

    def test_times_beyond_the_calendar_are_far_away(self) -> None:
        far = Ledger.from_events([offered(1, validUntil=2**48 - 1)])[1]
        assert far.valid_until == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

    @pytest.mark.parametrize(
        "events",
        [
            [offered(2)],
            [offered(1), offered(1)],
            [offered(1), offered(3)],
            [event("AccreditationAccepted", 0, id=1)],
            [recognised(1), event("AccreditationAccepted", 0, id=1)],
            [recognised(1), event("AccreditationReinstated", 0, id=1, effectiveFrom=SECOND, reason=0)],
            [offered(1), event("AccreditationSuspended", 0, id=1, effectiveFrom=SECOND, reason=0)],
            [offered(1), event("AccreditationReinstated", 0, id=1, effectiveFrom=SECOND, reason=0)],
            [offered(1), event("AccreditationRefused", 0, id=1), event("AccreditationVoided", 0, id=1, reason=0)],
            [recognised(1), *[event("AccreditationVoided", 0, id=1, reason=0)] * 2],
            [recognised(1), event("AccreditationVoided", 0, id=1, reason=99)],
            [recognised(1), event("AccreditationVoided", 0)],
            [offered(1, kind=3)],
            [offered(1, scope=(6, 1, 1, 8, 0, 0))],
            [offered(1, scope=(1, 2, 3))],
            [offered(1, scope={"field": 0})],
        ],
    )
    def test_events_that_cannot_be_all_there_are(self, events: list[Event]) -> None:
        with pytest.raises(ChainError) as caught:
            Ledger.from_events(events)
        assert caught.value.code == "events-incomplete"
        assert caught.value.remedy

    def test_every_event_left_out_of_the_middle_is_noticed_or_changes_nothing_else(self) -> None:
        course = [
            offered(1), event("AccreditationAccepted", 1, id=1),
            event("AccreditationSuspended", 2, id=1, effectiveFrom=SECOND, reason=0),
            event("AccreditationReinstated", 3, id=1, effectiveFrom=SECOND, reason=0),
            event("AccreditationVoided", 4, id=1, reason=0),
        ]  # fmt: skip
        for left_out in range(3):
            with pytest.raises(ChainError):
                Ledger.from_events(course[:left_out] + course[left_out + 1 :])

    def test_the_names_and_numbers_are_the_contract_s(self) -> None:
        for name in (FIRST_REGISTRY, ACCREDITATIONS):
            assert {item.name for item in artifact(name).events_by_topic.values()} >= EVENT_NAMES
        assert [str(kind) for kind in Kind] == [kind.word for kind in KindNumber]
        assert [str(state) for state in State] == [state.word for state in AccreditationState]
        assert [word or "unspecified" for word in REASONS] == [reason.word for reason in Reason]


@given(st.lists(accreditations(), max_size=9), st.lists(st.sets(st.integers(1, 5), max_size=3), max_size=4))
def test_whom_a_ledger_leads_to_is_what_its_links_lead_to(links: list[Accreditation], asked: list[set[int]]) -> None:
    ledger = ledger_of(*links)
    numbers = {kind: number for number, kind in enumerate(Kind)}
    sides = [(each.body, each.holder, numbers[each.kind]) for each in links]
    for trusted in (*asked, *asked):
        assert ledger.reach(trusted) == reach(trusted, sides)


@given(accreditations(), st.integers(0, 22))
def test_what_a_link_was_is_what_its_changes_come_to(link: Accreditation, at: int) -> None:
    known = link.state_at(day(at))
    for reading, state in ((Reading.AS_KNOWN_THEN, known.as_known_then), (Reading.AS_KNOWN_NOW, known.as_known_now)):
        assert (state is State.ACTIVE) == slow_state(link, day(at), reading)
