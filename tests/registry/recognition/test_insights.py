"""Insights against a slow reference that asks each question of each fact, one by one."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path as FilePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.recognition.insights import NOTES, UNSTATED, CredentialCounts, Insights, insights
from registry.recognition.ledger import Accreditation, Change, Kind, Ledger, State
from registry.recognition.path import Path, find_path
from registry.recognition.scope import Scope
from registry.records import Batch, BlockRef, Party

START = datetime(2025, 11, 15, tzinfo=UTC)
PAGE = FilePath(__file__).parents[3] / "docs" / "reference" / "insights.md"
ISSUING, ACCREDITING, RECOGNISING = Kind.ACCREDIT_TO_ISSUE, Kind.ACCREDIT_TO_ACCREDIT, Kind.RECOGNISE


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def link(
    body: int,
    holder: int,
    kind: Kind = ISSUING,
    *later: tuple[State, int, int],
    scope: Scope | None = None,
    start: int = 0,
    until: int | None = 100,
) -> Accreditation:
    changes = [Change(State.OFFERED, day(start), day(start)), Change(State.ACTIVE, day(start), day(start))]
    changes += [Change(state, day(on), day(since)) for state, on, since in later]
    end = None if until is None else day(until)
    return Accreditation(0, body, holder, kind, scope or Scope(), day(start), end, bytes(32), "", tuple(changes))


def ledger_of(*links: Accreditation) -> Ledger:
    return Ledger(
        tuple(replace(each, id=number) for number, each in enumerate(links, 1)), BlockRef(9, b"\x09" * 32, day(200))
    )


def batch_of(issuer: int, at: int, leaf_count: int, revoked: int = 0, voided: bool = False) -> Batch:
    gone = day(at) if voided else None
    return Batch(issuer, bytes(32), day(at), at, leaf_count, sequence=1, voided_at=gone, revoked=revoked)


def party_of(number: int, at: int, end: int | None) -> Party:
    return Party(number, "0x", None, day(at), None if end is None else day(end), 0, bytes(32), "")


def within(where: str, field: str = "") -> Scope:
    return Scope(field, jurisdiction=where)


# The reference: every figure from its definition, without sharing a step


def active_at(each: Accreditation, moment: datetime) -> bool:
    if moment < each.valid_from or (each.valid_until and moment >= each.valid_until):
        return False
    then = now = State.NONE
    for change in each.changes:
        if change.recorded_at <= moment:
            then = change.state
        if change.effective_from <= moment:
            now = change.state
    return then is State.ACTIVE and now is State.ACTIVE and each.changes[-1].state is not State.VOID


def jurisdictions(ledger: Ledger, party: int, moment: datetime) -> set[str]:
    return {
        each.scope.jurisdiction
        for each in ledger.accreditations
        if active_at(each, moment)
        and each.kind is not RECOGNISING
        and party in (each.body, each.holder)
        and each.scope.jurisdiction
    }


def standing(ledger: Ledger, batch: Batch) -> str:
    mine = [each for each in ledger.accreditations if each.holder == batch.issuer and each.kind is ISSUING]
    if any(active_at(each, batch.anchored_at) for each in mine):
        return "under_active"
    begun = [each for each in mine if each.valid_from <= batch.anchored_at]
    accepted = [
        each
        for each in begun
        if [c for c in each.changes if c.state is State.ACTIVE and c.recorded_at <= batch.anchored_at]
    ]
    return "under_lapsed" if accepted else "under_none"


def recognised_abroad(ledger: Ledger, where: str, moment: datetime) -> bool:
    """Whether somebody who trusts nobody but one recognition of another jurisdiction finds a path: the project's own
    rule for a verifier, asked for each issuer and recognition."""
    for agreement in ledger.accreditations:
        theirs = jurisdictions(ledger, agreement.body, moment)
        if agreement.kind is not RECOGNISING or not theirs or where in theirs:
            continue
        for issuing in ledger.accreditations:
            if issuing.kind is not ISSUING or issuing.scope.jurisdiction != where:
                continue
            scope = issuing.scope.narrowed_to(agreement.scope)
            alone = Ledger(
                tuple(
                    replace(each, body=77)
                    if each is agreement
                    else replace(each, holder=66 if each is issuing else 88)
                    if each.kind is not ACCREDITING
                    else each
                    for each in ledger.accreditations
                )
            )
            if scope and isinstance(find_path(alone, 66, scope, moment, {77}), Path):
                return True
    return False


MOMENTS = st.integers(0, 150)
WHERE = st.sampled_from(["", "HR", "SI", "DE"])
LATER = st.sampled_from(
    [
        (),
        ((State.SUSPENDED, 30, 30),),
        ((State.SUSPENDED, 30, 30), (State.ACTIVE, 50, 50)),
        ((State.WITHDRAWN, 60, 40),),
        ((State.VOID, 70, 0),),
    ]
)
LINKS = st.builds(
    lambda body, holder, kind, later, where, field, start, until: link(
        body, holder, kind, *later, scope=within(where, field), start=start, until=until
    ),
    st.integers(1, 6),
    st.integers(1, 6),
    st.sampled_from(Kind),
    LATER,
    WHERE,
    st.sampled_from(["", "06", "061", "0213"]),
    st.sampled_from([0, 0, 20]),
    st.sampled_from([45, 100, 120]),
)
BATCHES = st.builds(
    lambda issuer, at, leaves, revoked, voided: batch_of(issuer, at, leaves, min(revoked, leaves), voided),
    st.integers(1, 6),
    MOMENTS,
    st.integers(0, 50),
    st.integers(0, 9),
    st.booleans(),
)
PARTIES = st.lists(
    st.tuples(st.integers(0, 100), st.one_of(st.none(), st.integers(100, 150))), min_size=6, max_size=6
).map(lambda found: [party_of(number, at, end) for number, (at, end) in enumerate(found, 1)])


@settings(max_examples=300, deadline=None)
@given(st.lists(LINKS, max_size=10), st.lists(BATCHES, max_size=10), PARTIES, MOMENTS, st.integers(0, 60))
def test_every_figure_is_that_of_the_reference(
    links: list[Accreditation], batches: list[Batch], parties: list[Party], at: int, days: int
) -> None:
    ledger, moment = ledger_of(*links), day(at)
    found = insights(ledger, iter(batches), iter(parties), moment, review_days=days)
    active = [each for each in ledger.accreditations if active_at(each, moment)]
    given = [each for each in active if each.kind is not RECOGNISING]

    assert found.accreditations.total == len(active)
    assert found.accreditations.accreditations == len(given)
    for kind in Kind:
        assert found.accreditations.by_kind[kind.value] == len([each for each in active if each.kind is kind])
    for level in range(1, 9):
        reached = [each for each in given if each.scope.levels[0] <= level <= each.scope.levels[1]]
        assert found.accreditations.by_level[level] == len(reached)
    for name in ("HR", "SI", "DE"):
        here = len([each for each in given if each.scope.jurisdiction == name])
        assert found.accreditations.by_jurisdiction.get(name, 0) == here
    assert sum(found.accreditations.by_jurisdiction.values()) == sum(found.accreditations.by_field.values())
    assert found.accreditations.by_field.get("06", 0) == len([e for e in given if e.scope.field.startswith("06")])

    ending = {each.id for each in active if each.valid_until and each.valid_until <= moment + timedelta(days=days)}
    assert {due.accreditation for due in found.reviews_due} == ending
    assert [due.ends for due in found.reviews_due] == sorted(due.ends for due in found.reviews_due)

    past = [batch for batch in batches if batch.anchored_at <= moment]
    for issuer in range(1, 7):
        mine = [batch for batch in past if batch.issuer == issuer]
        counts = found.by_issuer.get(issuer, CredentialCounts())
        assert (issuer in found.by_issuer) == bool(mine)
        assert counts.batches == len(mine)
        assert counts.unstated_batches == len([batch for batch in mine if not batch.leaf_count])
        assert counts.credentials == sum(batch.leaf_count for batch in mine)
        assert counts.revoked == sum(batch.leaf_count if batch.voided_at else batch.revoked for batch in mine)
        for name in ("under_active", "under_lapsed", "under_none"):
            expected = sum(batch.leaf_count for batch in mine if standing(ledger, batch) == name)
            assert getattr(counts, name) == expected, name
    total = found.credentials
    assert total.credentials == total.under_active + total.under_lapsed + total.under_none
    assert total.batches == len(past)

    there = [party for party in parties if party.registered_at <= moment]
    issuers = {batch.issuer for batch in past}
    bodies = {each.body for each in ledger.accreditations if each.changes[0].recorded_at <= moment}
    assert found.partners.total == len(there) == sum(found.partners.by_kind.values())
    assert found.partners.by_kind["both"] == len([each for each in there if each.id in issuers & bodies])
    assert found.partners.by_kind["issuer"] == len([each for each in there if each.id in issuers - bodies])
    assert found.partners.by_kind["body"] == len([each for each in there if each.id in bodies - issuers])
    assert found.partners.retired == len([each for each in there if each.retired_at and each.retired_at <= moment])
    for name in ("HR", "SI", "DE"):
        placed = [each for each in there if name in jurisdictions(ledger, each.id, moment)]
        assert found.partners.by_jurisdiction.get(name, 0) == len(placed)
    nowhere = [each for each in there if not jurisdictions(ledger, each.id, moment)]
    assert found.partners.by_jurisdiction.get(UNSTATED, 0) == len(nowhere)

    facts = [batch.anchored_at for batch in past] + [each.registered_at for each in there]
    names = sorted({f"{day(n):%Y-%m}" for n in range(151) if facts and min(facts) <= day(n) <= moment})
    names = sorted({*names, *(f"{fact:%Y-%m}" for fact in facts)})
    assert [month.month for month in found.months] == names
    for month in found.months:
        then = [batch for batch in past if f"{batch.anchored_at:%Y-%m}" == month.month]
        assert (month.batches, month.credentials) == (len(then), sum(batch.leaf_count for batch in then))
        assert month.partners == len([each for each in there if f"{each.registered_at:%Y-%m}" == month.month])

    known = sorted({name for party in range(1, 7) for name in jurisdictions(ledger, party, moment)})
    assert list(found.recognition.jurisdictions) == known
    assert found.recognition.pairs == len([1 for a in known for b in known if a != b])
    cells = {(each.recognises, each.recognised): each for each in found.recognition.covered}
    expected_cells: dict[tuple[str, str], int] = {}
    for a in known:
        for b in known:
            count = len(
                [
                    each
                    for each in active
                    if each.kind is RECOGNISING
                    and a in jurisdictions(ledger, each.body, moment)
                    and b in jurisdictions(ledger, each.holder, moment)
                    and each.scope.jurisdiction in ("", b)
                ]
            )
            if count and a != b:
                expected_cells[a, b] = count
    assert {pair: each.count for pair, each in cells.items()} == expected_cells
    assert all(each.mutual == ((b, a) in expected_cells) for (a, b), each in cells.items())

    named = {each.scope.jurisdiction for each in active if each.kind is ISSUING and each.scope.jurisdiction}
    abroad = {name for name in named if recognised_abroad(ledger, name, moment)}
    assert found.equity.jurisdictions == len(named)
    assert set(found.equity.recognised) == abroad
    assert set(found.equity.not_recognised) == named - abroad

    assert json.loads(json.dumps(found.to_dict()))["credentials"]["credentials"] == total.credentials


# By hand


def figures(*links: Accreditation, batches: tuple[Batch, ...] = (), at: int = 50) -> Insights:
    return insights(ledger_of(*links), batches, [], day(at))


def test_credentials_are_told_apart_by_the_day_of_their_anchor() -> None:
    withdrawn = link(2, 1, ISSUING, (State.WITHDRAWN, 20, 20), start=5)
    counts = figures(
        withdrawn,
        batches=(
            batch_of(1, 4, 1),
            batch_of(1, 5, 10),
            batch_of(1, 20, 100, revoked=3),
            batch_of(1, 19, 1000, voided=True),
            batch_of(1, 21, 0),
            batch_of(3, 10, 10_000),
            batch_of(1, 51, 100_000),
        ),
    )
    assert counts.by_issuer[1] == CredentialCounts(5, 1, 1111, 1010, 100, 1, 1003)
    assert counts.credentials == CredentialCounts(6, 1, 11_111, 1010, 100, 10_001, 1003)


def test_what_was_offered_and_never_accepted_did_not_lapse() -> None:
    offered = replace(link(2, 1), changes=(Change(State.OFFERED, day(0), day(0)),))
    counts = figures(offered, batches=(batch_of(1, 10, 5),))
    assert (counts.credentials.under_lapsed, counts.credentials.under_none) == (0, 5)


def test_recognition_across_a_border_through_a_ministry() -> None:
    world = (
        link(10, 1, ISSUING, scope=within("HR", "0613")),
        link(20, 10, ACCREDITING, scope=within("HR")),
        link(30, 3, ISSUING, scope=within("SI")),
        link(30, 20, RECOGNISING, scope=Scope("06")),
    )
    found = figures(*world)
    assert [(each.recognises, each.recognised, each.count, each.mutual) for each in found.recognition.covered] == [
        ("SI", "HR", 1, False)
    ]
    assert (found.equity.recognised, found.equity.not_recognised, found.equity.share) == (("HR",), ("SI",), 0.5)
    mutual = figures(*world, link(20, 30, RECOGNISING))
    assert all(each.mutual for each in mutual.recognition.covered)
    assert mutual.equity.share == 1.0
    other_field = figures(*world[:3], link(30, 20, RECOGNISING, scope=Scope("02")))
    assert other_field.equity.recognised == ()


def test_a_recognition_of_one_jurisdiction_does_not_reach_another_of_the_same_body() -> None:
    found = figures(
        link(10, 1, ISSUING, scope=within("HR")),
        link(10, 2, ISSUING, scope=within("DE")),
        link(30, 3, ISSUING, scope=within("SI")),
        link(30, 10, RECOGNISING, scope=within("HR")),
        link(99, 98, RECOGNISING),
    )
    assert [(each.recognises, each.recognised) for each in found.recognition.covered] == [("SI", "HR")]
    assert found.recognition.unplaced == 1
    assert found.equity.recognised == ("HR",)


@pytest.mark.parametrize("length", [4, 5])
def test_a_path_of_more_than_five_links_recognises_nothing(length: int) -> None:
    chain = [link(10, 1, ISSUING, scope=within("HR"))]
    chain += [link(10 + n, 9 + n, ACCREDITING, scope=within("HR")) for n in range(1, length)]
    found = figures(*chain, link(50, 9 + length, RECOGNISING), link(50, 51, ISSUING, scope=within("SI")))
    assert found.equity.recognised == (("HR",) if length == 4 else ())


def test_without_facts_there_is_nothing_to_divide_by() -> None:
    found = insights(Ledger(), [], [], START)
    assert (found.months, found.equity.share, found.partners.total) == ((), None, 0)
    assert found.to_dict()["asOf"] is None


def test_every_section_says_what_it_counts_and_where_it_ends() -> None:
    sections = figures(link(2, 1, scope=within("HR"))).to_dict()
    assert set(sections) - {"moment", "asOf"} == {camel(name) for name in NOTES}
    for name, note in NOTES.items():
        about = {"counts": note.counts, "outOf": note.out_of, "limits": note.limits}
        assert sections[camel(name)]["about"] == about
    assert sections["accreditations"]["byLevel"]["6"] == 1
    assert sections["reviewsDue"]["links"][0]["ends"] == "2026-02-23T00:00:00Z"
    assert json.loads(json.dumps(sections)) == sections


def camel(name: str) -> str:
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)


def test_the_reference_page_has_every_section_and_every_figure() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert re.findall(r"^## `(\w+)`", page, re.M) == [camel(name) for name in NOTES]
    for name in map(camel, NOTES):
        section = figures(link(2, 1, scope=within("HR"))).to_dict()[name]
        text = page.partition(f"## `{name}`")[2].partition("\n## ")[0]
        assert [member for member in section if member != "about" and f"`{member}`" not in text] == [], name
