"""Every indicator against a slow reference that asks each question of each fact, one by one, from its definition."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import SettingsError
from registry.partnerships.definitions import BY_ID, INDICATORS
from registry.partnerships.indicators import (
    Facts,
    Figure,
    Filter,
    Measuring,
    Share,
    measured_to_dict,
    quartiles,
)
from registry.partnerships.partnership import Partnership, partnership_of
from registry.partnerships.periods import By, Period, period_of, periods_until, read_period
from registry.partnerships.revocations import Revocation, revocations
from registry.partnerships.statement import Statement, statement_of
from registry.partnerships.told import COLUMNS, figure_rows
from registry.partnerships.versions import Anchoring, Kept, judged
from registry.recognition.abroad import Abroad
from registry.recognition.ledger import Accreditation, Change, Kind, Ledger, State
from registry.recognition.scope import Scope
from registry.records import Batch, BlockRef, Event, Party, Reason
from registry.untrusted.cells import csv_lines
from scripts import build_indicators

START = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 700
ISSUING, ACCREDITING, RECOGNISING = Kind.ACCREDIT_TO_ISSUE, Kind.ACCREDIT_TO_ACCREDIT, Kind.RECOGNISE


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def block(number: int) -> BlockRef:
    return BlockRef(number, bytes(32), day(number))


def link_of(
    number: int, body: int, holder: int, kind: Kind, scope: Scope, start: int, until: int | None,
    later: list[tuple[State, int, int]], recorded: int | None = None,
) -> Accreditation:  # fmt: skip
    first = start if recorded is None else recorded
    changes = [Change(State.OFFERED, day(first), day(start)), Change(State.ACTIVE, day(first), day(start))]
    changes += [Change(state, day(on), day(since)) for state, on, since in later]
    end = None if until is None else day(until)
    return Accreditation(number, body, holder, kind, scope, day(start), end, bytes(32), "", tuple(changes))


def kept_partnership(number: int, parties: list[int], start: int, reviews: list[tuple[int, int | None]], anchor: int,
                     links: list[int]) -> tuple[Partnership, int, int]:  # fmt: skip
    told = [
        {"due": f"{day(due):%Y-%m-%d}"}
        | ({} if held is None else {"held": f"{day(held):%Y-%m-%d}", "outcome": "continued"})
        for due, held in reviews
    ]
    document = partnership_of(
        {
            "id": f"p{number}",
            "title": "Together",
            "purpose": {"kinds": ["equity", "mobility"][: 1 + number % 2]},
            "partners": [{"kind": "university", "name": f"U{each}", "party": each} for each in parties],
            "agreements": [{"link": each} for each in links],
            "start": f"{day(start):%Y-%m-%d}",
            "reviews": told,
        }
    )
    return document, anchor, parties[0]


def statement(number: int, issuer: int, start: int) -> Statement:
    tables = [
        {"rows": {"dimension": "language", "categories": ["hr", "en"]}, "cells": [[50], [20 + number]], "total": None}
    ]
    period = {"from": f"{day(start):%Y-%m-%d}", "until": f"{day(start + 30):%Y-%m-%d}"}
    return statement_of(
        {
            "type": "TestamurOutcomeStatement",
            "version": 1,
            "revision": 1,
            "id": f"s{number}",
            "issuer": issuer,
            "title": "Stated",
            "measure": "awards",
            "period": period,
            "tables": tables,
        }
    )


def all_judged(documents: list[tuple[Any, int, int]]) -> tuple[Kept[Any], ...]:
    named = {bytes([number]) * 32: each for number, each in enumerate(documents)}
    anchors = {digest: [Anchoring(party, block(anchor))] for digest, (_, anchor, party) in named.items()}
    return judged({digest: document for digest, (document, _, _) in named.items()}, anchors)


numbers = st.integers(0, DAYS)
parties = st.integers(1, 6)
scopes = st.builds(
    Scope,
    field=st.sampled_from(["", "06", "061", "09"]),
    levels=st.sampled_from([(1, 8), (6, 6), (6, 7), (7, 8)]),
    jurisdiction=st.sampled_from(["", "HR", "SI", "FR"]),
)


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[State, int, int]]:
    found = []
    for state in draw(st.sampled_from([[], [State.SUSPENDED], [State.WITHDRAWN], [State.SUSPENDED, State.ACTIVE],
                                       [State.VOID]])):  # fmt: skip
        found.append((state, draw(numbers), draw(numbers)))
    return sorted(found, key=lambda each: each[1])


@st.composite
def links(draw: st.DrawFn) -> Ledger:
    made = []
    for number in range(1, draw(st.integers(0, 9)) + 1):
        kind = draw(st.sampled_from(Kind))
        start = draw(st.integers(0, DAYS // 2))
        until = draw(st.one_of(st.none(), st.integers(start + 1, DAYS))) if kind is RECOGNISING else None
        until = draw(st.integers(start + 1, DAYS)) if kind is not RECOGNISING else until
        recorded = draw(st.sampled_from([None, start, max(0, start - 20), start + 5]))
        made.append(
            link_of(number, draw(parties), draw(parties), kind, draw(scopes), start, until, draw(changes()), recorded)
        )
    return Ledger(tuple(made), block(DAYS))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Facts, datetime, Filter]:
    ledger = draw(links())
    batches = tuple(
        Batch(draw(parties), bytes(32), day(at), at, draw(st.sampled_from([0, 1, 10, 300])), number)
        for number, at in enumerate(draw(st.lists(numbers, max_size=8)))
    )
    registered = tuple(
        Party(number, "0x", None, day(draw(st.integers(0, 40))), draw(st.one_of(st.none(), numbers.map(day))), 0,
              bytes(32), "")
        for number in range(1, 7)
    )  # fmt: skip
    revoked = tuple(
        Revocation(
            draw(parties), day(at), draw(st.sampled_from(Reason)), draw(st.integers(1, 9)), draw(st.integers(0, 1))
        )
        for at in draw(st.lists(numbers, max_size=6))
    )
    partnerships = []
    for number in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, DAYS // 2))
        reviews = []
        for due in sorted(draw(st.sets(st.integers(start, DAYS), max_size=3))):
            reviews.append((due, draw(st.one_of(st.none(), st.integers(start, DAYS)))))
        two = draw(st.permutations(range(1, 7)))[:2]
        its = draw(st.sets(st.integers(1, max(1, len(ledger.accreditations))), max_size=3))
        partnerships.append(kept_partnership(number, two, start, reviews, draw(numbers), sorted(its)))
    statements = [
        (statement(number, issuer, draw(st.integers(0, DAYS))), draw(numbers), issuer)
        for number, issuer in enumerate(draw(st.lists(parties, max_size=3)))
    ]
    facts = Facts(ledger, batches, registered, revoked, all_judged(partnerships), all_judged(statements), first_block=3)
    wanted = Filter(
        draw(st.sampled_from([None, None, "HR", "SI"])),
        draw(st.sampled_from([None, None, "06", "0613"])),
        draw(st.sampled_from([None, None, 6])),
        draw(st.sampled_from([None, None, "p0"])),
    )
    return facts, day(draw(st.integers(1, DAYS))), wanted


# The reference


def active(link: Accreditation, moment: datetime) -> bool:
    if moment < link.valid_from or (link.valid_until is not None and moment >= link.valid_until):
        return False
    then = now = None
    for change in link.changes:
        if change.recorded_at <= moment:
            then = change.state
        if change.effective_from <= moment:
            now = change.state
    return then is State.ACTIVE and now is State.ACTIVE and link.changes[-1].state is not State.VOID


class Slow:
    """Every figure from its words."""

    def __init__(self, facts: Facts, moment: datetime, wanted: Filter):
        self.facts, self.moment, self.wanted = facts, moment, wanted
        self.links = facts.ledger.accreditations

    def wants_party(self, party: int) -> bool:
        if self.wanted.partnership is None:
            return True
        return any(
            party in kept.document.numbers
            for kept in self.facts.partnerships
            if kept.document.id == self.wanted.partnership
            and kept.counted
            and kept.counted.block.timestamp <= self.moment
        )

    def wants(self, link: Accreditation) -> bool:
        scope, wanted = link.scope, self.wanted
        if wanted.country and scope.jurisdiction != wanted.country:
            return False
        if wanted.level and wanted.level not in range(scope.levels[0], scope.levels[1] + 1):
            return False
        if not wanted.field:
            return True
        length = min(len(scope.field), len(wanted.field))
        return length > 0 and scope.field[:length] == wanted.field[:length]

    @property
    def by_scope(self) -> bool:
        return any([self.wanted.country, self.wanted.field, self.wanted.level])

    def held(self, party: int, moment: datetime) -> list[Accreditation]:
        return [
            link
            for link in self.links
            if link.holder == party and link.kind is ISSUING and active(link, moment) and self.wants(link)
        ]

    def counts(self, party: int, moment: datetime) -> bool:
        return self.wants_party(party) and (not self.by_scope or bool(self.held(party, moment)))

    def places(self, party: int, moment: datetime) -> set[str]:
        return {
            link.scope.jurisdiction
            for link in self.links
            if party in (link.body, link.holder)
            and link.kind is not RECOGNISING
            and link.scope.jurisdiction
            and active(link, moment)
        }

    def outward(self, path: list[Accreditation], moment: datetime) -> Iterator[Accreditation]:
        """The recognitions that paths with these links begin with."""
        for link in self.links:
            if not active(link, moment) or link.holder != path[0].body:
                continue
            if link.kind is RECOGNISING and len(path) < 5:
                yield link
            if link.kind is ACCREDITING and len(path) < 4 and link.scope.covers(path[0].scope):
                yield from self.outward([link, *path], moment)

    def abroad(self, link: Accreditation, moment: datetime) -> bool:
        where = link.scope.jurisdiction
        return bool(where) and any(
            self.places(found.body, moment)
            and where not in self.places(found.body, moment)
            and found.scope.narrowed_to(link.scope)
            for found in self.outward([link], moment)
        )

    def batches(self, period: Period) -> list[Batch]:
        return [
            batch
            for batch in self.facts.batches
            if period.begins <= batch.anchored_at < period.ends
            and batch.anchored_at <= self.moment
            and batch.leaf_count
            and self.counts(batch.issuer, batch.anchored_at)
        ]

    def in_force(self, moment: datetime) -> tuple[list[Partnership], list[Partnership]]:
        known = []
        for kept in self.facts.partnerships:
            if kept.counted is None or kept.counted.block.timestamp > moment:
                continue
            if self.wanted.partnership not in (None, kept.document.id):
                continue
            held = [link for link in self.links if link.holder in kept.document.numbers]
            if self.by_scope and not any(link.kind is not RECOGNISING and self.wants(link) for link in held):
                continue
            known.append(kept.document)
        first = [datetime.fromisoformat(f"{each.start}T00:00:00+00:00") for each in known]
        return [each for each, begins in zip(known, first, strict=True) if begins <= moment], known

    def moments(self) -> list[datetime]:
        found = set()
        for link in self.links:
            found |= {link.valid_from, *([link.valid_until] if link.valid_until else [])}
            for change in link.changes:
                found |= {change.recorded_at, change.effective_from}
        return sorted(found)

    def statements(self, period: Period) -> list[Statement]:
        # None of these says of which country, field or level it is.
        if self.by_scope:
            return []
        return [
            kept.document
            for kept in self.facts.statements
            if kept.counted
            and kept.counted.block.timestamp <= self.moment
            and kept.document.period.begins < period.ends
            and kept.document.period.ends > period.begins
            and self.wants_party(kept.document.issuer)
        ]


def last_of(period: Period) -> datetime:
    return max(period.begins, period.ends - timedelta(seconds=1))


Counts = tuple[int, int | None]


def slow_recognised(slow: Slow, period: Period) -> Counts:
    batches = slow.batches(period)
    reached = [
        batch
        for batch in batches
        if any(slow.abroad(link, batch.anchored_at) for link in slow.held(batch.issuer, batch.anchored_at))
    ]
    return sum(batch.leaf_count for batch in reached), sum(batch.leaf_count for batch in batches)


def slow_revoked(slow: Slow, period: Period) -> Counts:
    those = [
        each
        for each in slow.facts.revocations
        if period.begins <= each.at < period.ends and each.at <= slow.moment and slow.counts(each.issuer, each.at)
    ]
    words = ("issued-in-error", "obtained-by-fraud", "requirements-not-met")
    found = sum(each.credentials if each.reason.word in words else each.reviewed for each in those)
    return found, sum(each.credentials for each in those)


def slow_reviews(slow: Slow, period: Period) -> Counts:
    due = [review for each in slow.in_force(last_of(period))[0] for review in each.reviews]
    due = [each for each in due if datetime.fromisoformat(f"{each.due}T00:00:00+00:00") <= period.ends - timedelta(1)]
    held = [
        each
        for each in due
        if each.held is not None and datetime.fromisoformat(f"{each.held}T00:00:00+00:00") <= last_of(period)
    ]
    return len(due) - len(held), len(due)


def slow_renewed(slow: Slow, period: Period) -> Counts:
    ended = [
        link
        for link in slow.links
        if link.kind is not RECOGNISING
        and link.valid_until is not None
        and period.begins <= link.valid_until < period.ends
        and link.valid_until <= slow.moment
        and slow.wants(link)
        and slow.wants_party(link.holder)
        and active(link, link.valid_until - timedelta(seconds=1))
    ]
    renewed = [
        link
        for link in ended
        if [
            other
            for other in slow.links
            if other is not link
            and (other.kind, other.body, other.holder) == (link.kind, link.body, link.holder)
            and active(other, last_of(period))
        ]
    ]
    return len(renewed), len(ended)


def slow_covered(names: Callable[[Scope], list[str]]) -> Callable[[Slow, Period], Counts]:
    def counted(slow: Slow, period: Period) -> Counts:
        at = last_of(period)
        held = [link for party in range(1, 7) if slow.wants_party(party) for link in slow.held(party, at)]
        every = {name for link in held for name in names(link.scope)}
        reached = {name for link in held if slow.abroad(link, at) for name in names(link.scope)}
        return len(reached), len(every)

    return counted


def slow_time(slow: Slow, period: Period) -> Counts:
    accredited = recognised = 0
    for party in range(1, 7):
        if not slow.wants_party(party):
            continue
        mine = [link for link in slow.links if link.holder == party and link.kind is ISSUING and slow.wants(link)]
        if not any(active(link, moment) for link in mine for moment in slow.moments() if moment < period.ends):
            continue
        accredited += 1
        firsts = [
            moment
            for moment in slow.moments()
            if any(active(link, moment) and slow.abroad(link, moment) for link in mine)
        ]
        recognised += bool(firsts) and period.begins <= firsts[0] < period.ends
    return recognised, accredited


def slow_languages(slow: Slow, period: Period) -> Counts:
    return (2 if slow.statements(period) else 0), None


def slow_growth(slow: Slow, period: Period) -> Counts:
    length = period.ends - period.begins
    year = period.begins.year - 1
    before = [
        batch
        for batch in slow.facts.batches
        if batch.anchored_at.year == year
        and (
            period.ends == datetime(year + 2, 1, 1, tzinfo=UTC)
            or batch.anchored_at < datetime(year, 1, 1, tzinfo=UTC) + length
        )
        and batch.anchored_at <= slow.moment
        and batch.leaf_count
        and slow.counts(batch.issuer, batch.anchored_at)
    ]
    return sum(each.leaf_count for each in slow.batches(period)), sum(each.leaf_count for each in before)


def slow_partners(slow: Slow, period: Period) -> Counts:
    def there(moment: datetime) -> int:
        return len(
            [
                each
                for each in slow.facts.parties
                if each.registered_at <= moment
                and not (each.retired_at is not None and each.retired_at <= moment)
                and slow.counts(each.id, moment)
            ]
        )

    return there(last_of(period)), there(period.begins - timedelta(seconds=1))


def slow_in_force(slow: Slow, period: Period) -> Counts:
    in_force, known = slow.in_force(last_of(period))
    return len(in_force), len(known)


def slow_with_agreement(slow: Slow, period: Period) -> Counts:
    at = last_of(period)
    in_force, _ = slow.in_force(at)
    found = [
        each
        for each in in_force
        if any(
            active(link, at) and link.id in each.links and {link.body, link.holder} <= each.numbers
            for link in slow.links
        )
    ]
    return len(found), len(in_force)


def slow_statements(slow: Slow, period: Period) -> Counts:
    issuers = {
        batch.issuer
        for batch in slow.facts.batches
        if period.begins <= batch.anchored_at < period.ends
        and batch.anchored_at <= slow.moment
        and slow.counts(batch.issuer, batch.anchored_at)
    }
    return len({each.issuer for each in slow.statements(period)} & issuers), len(issuers)


SLOW: dict[str, Callable[[Slow, Period], Counts]] = {
    "credentials-recognised-abroad": slow_recognised,
    "time-to-recognition": slow_time,
    "revoked-after-audit": slow_revoked,
    "reviews-overdue": slow_reviews,
    "accreditations-renewed": slow_renewed,
    "fields-recognised": slow_covered(lambda scope: [scope.field[:2]] if scope.field else []),
    "levels-recognised": slow_covered(
        lambda scope: [str(each) for each in range(scope.levels[0], scope.levels[1] + 1)]
    ),
    "countries-recognised": slow_covered(lambda scope: [scope.jurisdiction] if scope.jurisdiction else []),
    "languages-stated": slow_languages,
    "credentials-growth": slow_growth,
    "partners-growth": slow_partners,
    "partnerships-in-force": slow_in_force,
    "partnerships-with-agreement": slow_with_agreement,
    "issuers-with-statement": slow_statements,
}


def test_every_indicator_has_a_reference() -> None:
    assert list(SLOW) == [each.id for each in INDICATORS]


@pytest.mark.parametrize("name", SLOW)
@settings(deadline=None, max_examples=60)
@given(world=worlds(), year=st.sampled_from(["2025", "2026", "2025-Q3"]))
def test_an_indicator_is_what_its_definition_says(name: str, world: tuple[Facts, datetime, Filter], year: str) -> None:
    facts, moment, wanted = world
    if name == "credentials-growth" and year == "2025-Q3":
        year = "2026"
    period = read_period(year)
    figure = Measuring(facts, moment, wanted).figure(name, period)
    passed = Period(period.name, period.begins, max(period.begins, min(period.ends, moment + timedelta(seconds=1))))
    numerator, denominator = SLOW[name](Slow(facts, moment, wanted), passed)
    assert (figure.numerator, figure.denominator) == (numerator, denominator)
    if BY_ID[name].unit == "%" and denominator:
        growth = denominator if name.endswith("-growth") else 0
        assert figure.value == pytest.approx(float(Fraction(100 * (numerator - growth), denominator)))
    elif not denominator and name not in ("languages-stated",):
        assert figure.value is None


@settings(deadline=None, max_examples=80)
@given(world=worlds())
def test_what_is_asked_between_two_changes_is_what_it_is_at_each_moment(world: tuple[Facts, datetime, Filter]) -> None:
    facts, _, _ = world
    abroad, slow = Abroad(facts.ledger), Slow(facts, day(DAYS), Filter())
    for party in range(1, 7):
        for moment in (day(number) for number in range(0, DAYS, 90)):
            expected = {link.id for link in slow.held(party, moment) if slow.abroad(link, moment)}
            assert abroad.recognised(party, moment) == expected


@given(st.lists(st.integers(0, 1000), min_size=2))
def test_quartiles_are_those_of_the_library(values: list[int]) -> None:
    assert quartiles(values) == pytest.approx(statistics.quantiles(values, n=4, method="inclusive"))


def test_of_nothing_there_is_no_data_and_no_zero() -> None:
    figures = Measuring(Facts(Ledger(as_of=block(9))), day(9)).figures(read_period("2025"))
    assert [each.value for each in figures] == [None] * len(INDICATORS)
    told = measured_to_dict(Measuring(Facts(Ledger(as_of=block(9)), first_block=3), day(9)), read_period("2025"), {})
    assert told["blocks"] == {"from": 3, "to": 9}
    for each in told["indicators"]:
        assert each["of"]["value"] is None
        assert all(each[name] for name in ("definition", "numerator", "denominator", "cannotShow", "since", "source"))
    assert {row[6] for row in figure_rows(told) if row[0] == "figure"} == {""}
    assert all(len(row) == len(COLUMNS) for row in figure_rows(told))


# By hand: days to recognition, targets, periods


def recognised_world() -> Facts:
    """Issuer 1 of HR, accredited on day 10, recognised by body 4 of SI on day 40; issuer 5 never."""
    croatia, slovenia = Scope("06", (6, 7), jurisdiction="HR"), Scope("06", (6, 7), jurisdiction="SI")
    ledger = Ledger(
        (
            link_of(1, 2, 1, ISSUING, croatia, 10, 600, []),
            link_of(2, 4, 6, ISSUING, slovenia, 0, 600, []),
            link_of(3, 4, 2, RECOGNISING, Scope(), 40, None, []),
            link_of(4, 3, 5, ISSUING, croatia, 20, 600, []),
        ),
        block(DAYS),
    )
    batches = tuple(Batch(issuer, bytes(32), day(at), at, 100, 1) for issuer, at in ((1, 30), (1, 50), (5, 60)))
    registered = tuple(Party(number, "0x", None, day(2), None, 0, bytes(32), "") for number in range(1, 7))
    partnership = partnership_of(
        {
            "id": "bridge",
            "title": "A bridge",
            "purpose": {"kinds": ["mutual-recognition"]},
            "partners": [
                {"kind": "accreditation-body", "name": "A", "party": 2},
                {"kind": "university", "name": "U", "party": 1},
            ],
            "start": "2025-01-01",
            "targets": [
                {"indicator": "credentials-recognised-abroad", "atLeast": 40, "by": "2025-12-31"},
                {"indicator": "credentials-recognised-abroad", "atLeast": 60, "by": "2025-03-01"},
                {"indicator": "credentials-recognised-abroad", "atLeast": 60, "by": "2026-12-31"},
                {"indicator": "reviews-overdue", "atMost": 0, "by": "2025-12-31"},
            ],
        }
    )
    return Facts(ledger, batches, registered, (), all_judged([(partnership, 5, 2)]))


def test_the_time_to_recognition_says_how_many_it_is_of_and_how_many_wait() -> None:
    figure = Measuring(recognised_world(), day(200)).figure("time-to-recognition", read_period("2025"))
    assert (figure.value, figure.numerator, figure.denominator) == (30.0, 1, 3)
    assert figure.beside["notYet"] == 2.0
    assert figure.beside["medianSinceRegistration"] == 38.0


def test_what_was_recognised_of_another_country_is_no_recognition_of_this_one() -> None:
    """Accredited for two countries, and recognised of one before it had the accreditation for the other."""
    here, there = Scope(field="06", jurisdiction="HR"), Scope(field="06", jurisdiction="SI")
    made = (
        link_of(1, 1, 3, ISSUING, here, 10, 600, []),
        link_of(2, 4, 1, RECOGNISING, replace(here, jurisdiction=""), 20, None, []),
        link_of(3, 4, 5, ISSUING, replace(here, jurisdiction="FR"), 10, 600, []),
        link_of(4, 2, 3, ISSUING, there, 100, 600, []),
    )
    facts = Facts(Ledger(made, block(300)), parties=[Party(3, "0x", None, day(1), None, 1, bytes(32), "")])
    for country, days, issuers in (("HR", 10.0, 1), ("SI", None, 0)):
        figure = Measuring(facts, day(300), Filter(country=country)).figure("time-to-recognition", read_period("2025"))
        assert (figure.value, figure.numerator, figure.denominator) == (days, issuers, 1)


def test_languages_of_a_crossed_table_are_counted_too() -> None:
    crossed = {
        "rows": {"dimension": "language", "categories": ["hr", "en"]},
        "columns": {"dimension": "gender", "categories": ["women", "men"]},
        "cells": [[20, 30], [20, 30]],
        "rowTotals": [50, 50],
        "columnTotals": [40, 60],
        "total": 100,
    }
    document = statement_of(statement(1, 1, 0).to_dict() | {"tables": [crossed]})
    facts = Facts(Ledger(as_of=block(9)), statements=all_judged([(document, 1, 1)]))
    figure = Measuring(facts, day(10)).figure("languages-stated", read_period("2025"))
    assert (figure.value, figure.parts) == (2.0, {"en": Share(50), "hr": Share(50)})


def test_credentials_of_before_the_recognition_do_not_count() -> None:
    figure = Measuring(recognised_world(), day(200)).figure("credentials-recognised-abroad", read_period("2025"))
    assert (figure.numerator, figure.denominator) == (100, 300)
    assert figure.parts == {"HR": Share(100, 300)}


def test_targets_are_of_the_partners_alone_and_say_where_there_is_no_data() -> None:
    told = Measuring(recognised_world(), day(200)).targets()
    assert [(each.target.words, each.target.by, each.state) for each in told] == [
        ("at least 60", "2025-03-01", "not-met"),
        ("at least 40", "2025-12-31", "met"),
        ("at most 0", "2025-12-31", "no-data"),
        ("at least 60", "2026-12-31", "not-yet"),
    ]
    assert (told[1].figure.numerator, told[1].figure.denominator) == (100, 200)


@pytest.mark.parametrize("indicator", list(BY_ID))
@pytest.mark.parametrize(("start", "last"), [("1900-01-01", "9998-12-31"), ("2026-01-01", "9998-12-31")])
def test_the_first_and_the_last_day_that_there_is_can_be_counted_with(indicator: str, start: str, last: str) -> None:
    document = partnership_of(
        {
            "id": "for-ever",
            "title": "For ever",
            "purpose": {"kinds": ["other"]},
            "partners": [{"kind": "university", "name": f"U{each}", "party": each} for each in (1, 2)],
            "start": start,
            "end": last,
            "reviews": [{"due": last}],
            "targets": [{"indicator": indicator, "atLeast": 1, "by": last}],
        }
    )
    stated = statement_of(statement(1, 1, 0).to_dict() | {"period": {"from": start, "until": last}})
    facts = Facts(
        Ledger(as_of=block(9)),
        partnerships=all_judged([(document, 1, 1)]),
        statements=all_judged([(stated, 1, 1)]),
    )
    measuring = Measuring(facts, day(10))
    told = measured_to_dict(measuring, read_period("2025"), measuring.trends(By.MONTH))
    assert [each["indicator"] for each in told["targets"]] == [indicator]


@pytest.mark.parametrize(
    ("name", "first", "last", "before"),
    [
        ("2026", "2026-01-01", "2027-01-01", "2025"),
        ("2026-Q1", "2026-01-01", "2026-04-01", "2025-Q4"),
        ("2026-12", "2026-12-01", "2027-01-01", "2026-11"),
    ],
)
def test_periods_have_names(name: str, first: str, last: str, before: str) -> None:
    period = read_period(name)
    assert (f"{period.begins:%Y-%m-%d}", f"{period.ends:%Y-%m-%d}") == (first, last)
    assert period.before == read_period(before)
    cut = period.up_to(period.begins + timedelta(days=10))
    assert cut.before.ends - cut.before.begins == timedelta(days=10)


@pytest.mark.parametrize("text", ["", "26", "2026-13", "2026-Q5", "2026-Q1-01", "1999", "9999", "2026\n", "２０２６"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_period(text)
    assert refused.value.code == "period"


def test_a_trend_begins_with_the_first_fact_and_has_no_gaps() -> None:
    assert [each.name for each in periods_until(day(400), By.QUARTER, day(100))] == [
        *("2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1"),
    ]
    assert [each.name for each in periods_until(day(400), By.YEAR, None)] == ["2026"]
    assert len(periods_until(datetime(2026, 1, 1, tzinfo=UTC), By.MONTH, datetime(1970, 1, 1, tzinfo=UTC))) == 48
    assert period_of(day(0), By.MONTH, -1).name == "2024-12"


# Revocations


def event(at: int, name: str, **arguments: Any) -> Event:
    return Event.of_block(block(at), name, {"issuer": 1, **arguments}, 0, bytes(32))


def test_revocations_are_told_with_their_reason_and_what_was_under_review() -> None:
    root, digest = b"\x01" * 32, b"\x02" * 32
    word = {"root": root, "word": 0}
    told = revocations(
        [
            event(1, "StatusSet", **word, purpose=1, changed=0b0111, reason=7),
            event(2, "SuspensionCleared", **word, changed=0b0001, reason=8),
            event(3, "StatusSet", **word, purpose=0, changed=0b0011, reason=5),
            event(4, "DigestSuspended", digest=digest, reason=7),
            event(5, "DigestRevoked", digest=digest, reason=0),
            event(6, "StatusSet", **word, purpose=0, changed=0b0011, reason=1),
            event(7, "BatchVoided", root=root, reason=2),
            event(8, "Anchored", root=root, leafCount=10, sequence=1),
        ],
        {(1, root): 10},
    )
    assert [(each.reason.word, each.credentials, each.reviewed, each.after_finding) for each in told] == [
        ("holder-request", 2, 1, 1),
        ("unspecified", 1, 1, 1),
        ("obtained-by-fraud", 8, 1, 8),
    ]


def test_a_batch_without_a_count_is_not_voided_in_numbers() -> None:
    assert revocations([event(7, "BatchVoided", root=bytes(32), reason=2)], {}) == ()


def test_a_fall_and_a_large_number_are_numbers_of_a_table() -> None:
    """With an apostrophe before it, or by six digits alone, a number would be another thing."""
    batches = [Batch(1, bytes(32), day(at), at, leaf_count=count, sequence=at) for at, count in ((5, 10), (400, 3))]
    large = replace(batches[0], leaf_count=1_234_567)
    parties = (Party(1, "0x", None, day(1), None, 1, bytes(32), ""),)
    for found, value in ((batches, "-70"), ([batches[0], replace(large, anchored_at=day(400))], "12345570")):
        facts = Facts(Ledger(as_of=block(500)), found, parties)
        told = measured_to_dict(Measuring(facts, day(730)), read_period("2026"), {})
        (row,) = [row for row in figure_rows(told) if row[:2] == ("figure", "credentials-growth")]
        assert csv_lines([row], numbers=True).decode().split(",")[6] == value


def test_figures_are_told_with_what_they_are_out_of() -> None:
    figure = Figure("reviews-overdue", read_period("2026"), 12.5, 1, 8, {"p0": Share(1, 8)})
    told = figure.to_dict()
    assert (told["value"], told["numerator"], told["denominator"], told["unit"]) == (12.5, 1, 8, "%")
    assert replace(figure, value=None).to_dict()["value"] is None


def test_the_page_has_the_definitions_of_the_code() -> None:
    assert build_indicators.page() == build_indicators.PAGE.read_text(encoding="utf-8"), (
        "run scripts/build_indicators.py"
    )
