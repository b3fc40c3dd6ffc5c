"""Paths from a trusted body to an issuer: against a search that tries every path, and the cases people ask about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.recognition import (
    LONGEST_PATH,
    Accreditation,
    Change,
    Kind,
    Ledger,
    Missing,
    Path,
    Reading,
    State,
    find_path,
)
from registry.scope import Scope

START = datetime(2020, 1, 1, tzinfo=UTC)
ISSUER, BODY, PARENT, STRANGER = 1, 2, 3, 4


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def link(
    number: int,
    body: int,
    holder: int,
    kind: Kind = Kind.ACCREDIT_TO_ISSUE,
    scope: Scope | None = None,
    *later: tuple[State, int, int],
    until: int | None = 1000,
) -> Accreditation:
    changes = [Change(State.ACTIVE, day(0), day(0))]
    changes += [Change(state, day(recorded), day(effective)) for state, recorded, effective in later]
    end = None if until is None else day(until)
    return Accreditation(number, body, holder, kind, scope or Scope(), day(0), end, changes=tuple(changes))


def asked(
    ledger: Ledger, trusted: set[int], at: int = 100, scope: Scope | None = None
) -> dict[Reading, Path | Missing]:
    return {
        reading: find_path(ledger, ISSUER, scope or Scope("0612", 6, 6), day(at), trusted, reading)
        for reading in Reading
    }


def ids(answers: dict[Reading, Path | Missing]) -> list[tuple[int, ...] | None]:
    return [answer.ids if isinstance(answer, Path) else None for answer in answers.values()]


def test_a_trusted_body_accredited_the_issuer() -> None:
    ledger = Ledger.of([link(1, BODY, ISSUER)])
    assert ids(asked(ledger, {BODY})) == [(1,), (1,)]
    assert ids(asked(ledger, {PARENT})) == [None, None]


def test_a_parent_accredited_the_body() -> None:
    ledger = Ledger.of([link(1, BODY, ISSUER), link(2, PARENT, BODY, Kind.ACCREDIT_TO_ACCREDIT)])
    assert ids(asked(ledger, {PARENT})) == [(2, 1), (2, 1)]
    wrong_kind = Ledger.of([link(1, BODY, ISSUER), link(2, PARENT, BODY, Kind.ACCREDIT_TO_ISSUE)])
    assert ids(asked(wrong_kind, {PARENT})) == [None, None]


def test_recognition_is_one_way_and_never_passed_on() -> None:
    accredited = link(1, BODY, ISSUER)
    recognised = link(2, PARENT, BODY, Kind.RECOGNISE, until=None)
    assert ids(asked(Ledger.of([accredited, recognised]), {PARENT})) == [(2, 1), (2, 1)]
    assert ids(asked(Ledger.of([accredited, link(2, BODY, PARENT, Kind.RECOGNISE)]), {PARENT})) == [None, None]
    chained = Ledger.of([accredited, recognised, link(3, STRANGER, PARENT, Kind.RECOGNISE)])
    assert ids(asked(chained, {STRANGER})) == [None, None]


def test_withdrawn_later_does_not_undo_and_void_does() -> None:
    withdrawn = Ledger.of([link(1, BODY, ISSUER, Kind.ACCREDIT_TO_ISSUE, None, (State.WITHDRAWN, 200, 200))])
    assert ids(asked(withdrawn, {BODY}, at=100)) == [(1,), (1,)]
    assert ids(asked(withdrawn, {BODY}, at=300)) == [None, None]
    void = Ledger.of([link(1, BODY, ISSUER, Kind.ACCREDIT_TO_ISSUE, None, (State.VOID, 200, 0))])
    assert ids(asked(void, {BODY}, at=100)) == [(1,), None]


def test_the_two_readings_differ_when_a_change_was_recorded_late() -> None:
    late = Ledger.of([link(1, BODY, ISSUER, Kind.ACCREDIT_TO_ISSUE, None, (State.SUSPENDED, 200, 50))])
    then, now = asked(late, {BODY}, at=100).values()
    assert isinstance(then, Path)
    assert isinstance(now, Missing)
    assert "suspended" in now.text
    assert "as known now" in now.text


def test_what_is_missing_is_said_about_the_nearest_link() -> None:
    nothing = asked(Ledger(), {BODY})[Reading.AS_KNOWN_NOW]
    assert isinstance(nothing, Missing)
    assert "no accreditation of party 1 to issue is on record" in nothing.text
    narrow = asked(Ledger.of([link(1, BODY, ISSUER, scope=Scope("0613"))]), {BODY})[Reading.AS_KNOWN_NOW]
    assert isinstance(narrow, Missing)
    assert "field 0613" in narrow.text
    nobody = asked(Ledger.of([link(1, BODY, ISSUER)]), {PARENT})[Reading.AS_KNOWN_NOW]
    assert isinstance(nobody, Missing)
    assert "no agreement on record between a body you trust and body 2" in nobody.text
    assert "not recognised" not in nobody.text


def test_scopes_only_narrow() -> None:
    wide = link(1, BODY, ISSUER, scope=Scope("06"))
    ledger = Ledger.of([wide, link(2, PARENT, BODY, Kind.ACCREDIT_TO_ACCREDIT, Scope("0612"))])
    assert ids(asked(ledger, {PARENT})) == [None, None]
    # A recognition limits what is accepted and gives nothing: what follows may be wider.
    ledger = Ledger.of([wide, link(2, PARENT, BODY, Kind.RECOGNISE, Scope("0612"))])
    assert ids(asked(ledger, {PARENT})) == [(2, 1), (2, 1)]


def test_five_links_and_no_more() -> None:
    def chain(length: int) -> Ledger:
        links = [link(1, 2, ISSUER)]
        links += [link(n, n + 1, n, Kind.ACCREDIT_TO_ACCREDIT) for n in range(2, length + 1)]
        return Ledger.of(links)

    assert ids(asked(chain(5), {6})) == [(5, 4, 3, 2, 1)] * 2
    assert ids(asked(chain(6), {7})) == [None, None]


parties = st.integers(1, 5)
links = st.builds(
    lambda body, holder, kind, field, state, at: (body, holder, kind, field, state, at),
    parties,
    parties,
    st.sampled_from(Kind),
    st.sampled_from(["", "06", "0612", "0613"]),
    st.sampled_from([State.ACTIVE, State.SUSPENDED, State.WITHDRAWN, State.VOID]),
    st.integers(0, 200),
)


def slow_paths(
    ledger: Ledger, scope: Scope, trusted: set[int], reading: Reading
) -> Iterator[tuple[Accreditation, ...]]:
    """Every path there is, by trying every arrangement of every number of links."""
    usable = [each for each in ledger.accreditations if each.state_at(day(100), reading) is State.ACTIVE]
    for length in range(1, LONGEST_PATH + 1):
        for chain in permutations(usable, length):
            rest = chain[1:] if chain[0].kind is Kind.RECOGNISE else chain
            if (
                rest
                and chain[0].body in trusted
                and chain[-1].holder == ISSUER
                and all(one.holder == other.body for one, other in pairwise(chain))
                and all(each.kind is Kind.ACCREDIT_TO_ACCREDIT for each in rest[:-1])
                and rest[-1].kind is Kind.ACCREDIT_TO_ISSUE
                and all(each.scope.covers(scope) for each in chain)
                and all(one.scope.covers(other.scope) for one, other in pairwise(rest))
            ):
                yield chain


@settings(max_examples=150, deadline=None)
@given(st.lists(links, max_size=6), st.sets(parties, max_size=2), st.sampled_from(Reading))
def test_a_path_is_found_exactly_when_there_is_one(made: list, trusted: set[int], reading: Reading) -> None:  # type: ignore[type-arg]
    ledger = Ledger.of(
        link(number, body, holder, kind, Scope(field), (state, at, 0 if state is State.VOID else at))
        for number, (body, holder, kind, field, state, at) in enumerate(made, start=1)
        if body != holder
    )
    scope = Scope("0612", 6, 6)
    found = find_path(ledger, ISSUER, scope, day(100), trusted, reading)
    expected = {tuple(each.id for each in chain) for chain in slow_paths(ledger, scope, trusted, reading)}
    if isinstance(found, Path):
        assert found.ids in expected
        assert len(found.ids) == min(map(len, expected))
    else:
        assert not expected
