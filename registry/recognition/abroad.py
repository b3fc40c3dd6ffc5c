"""Whether what an issuer was accredited for was recognised from another country, at any time.

Pure. A body is in the countries that the accreditations name which it holds or gives; a recognition from abroad is one
of a body that is somewhere, and not where the accreditation is for. `registry.recognition.insights` counts by the same
rule at one moment.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from registry.recognition.ledger import Accreditation, Kind, Ledger, State, StateAt
from registry.recognition.path import LONGEST_PATH

ACTIVE: Final = StateAt(State.ACTIVE, State.ACTIVE)
"""By what was on record at the time, and by what is on record now."""


def places(active: Iterable[Accreditation]) -> dict[int, frozenset[str]]:
    """In which jurisdictions parties are, as far as active accreditations that they hold or give say."""
    found: dict[int, set[str]] = {}
    for link in active:
        if link.kind is not Kind.RECOGNISE and link.scope.jurisdiction:
            for party in (link.body, link.holder):
                found.setdefault(party, set()).add(link.scope.jurisdiction)
    return {party: frozenset(names) for party, names in found.items()}


def recognitions_of(
    issuing: Accreditation, by_holder: Mapping[int, Sequence[Accreditation]]
) -> Iterator[Accreditation]:
    """The recognitions by which a path to an accreditation could begin, as `find_path` has them.

    Args:
        by_holder: links that are active.
    """
    layer = [issuing]
    for _ in range(LONGEST_PATH - 1):
        outer: dict[int, Accreditation] = {}
        for inner in layer:
            for link in by_holder.get(inner.body, ()):
                if link.kind is Kind.RECOGNISE:
                    yield link
                elif link.kind is Kind.ACCREDIT_TO_ACCREDIT and link.scope.covers(inner.scope):
                    outer[link.id] = link
        layer = list(outer.values())


Spans = tuple[datetime, ...]
"""When something holds: from the first moment up to the second, again from the third… A last one has no end."""


class _Known(NamedTuple):
    """What bears on one issuer: links, the moments at which the answer may change, and what was found between those."""

    links: tuple[Accreditation, ...]
    moments: tuple[datetime, ...]
    found: dict[int, frozenset[int]]


class Abroad:
    """Answers for many moments and issuers; what is between two changes that bear on an issuer is asked once."""

    def __init__(self, ledger: Ledger):
        self._ledger = ledger
        self._by_body: dict[int, list[Accreditation]] = {}
        for link in ledger.accreditations:
            self._by_body.setdefault(link.body, []).append(link)
        self._spans: dict[int, Spans] = {}
        self._places: dict[int, dict[str, Spans]] = {}
        self._known: dict[int, _Known] = {}

    def is_active(self, link: Accreditation, moment: datetime) -> bool:
        """Whether a link of the ledger was active, by what was on record then and by what is on record now."""
        return _holds(self.spans(link), moment)

    def spans(self, link: Accreditation) -> Spans:
        """When a link of the ledger is active."""
        if link.id not in self._spans:
            self._spans[link.id] = _spans_of(link)
        return self._spans[link.id]

    def recognised(self, issuer: int, moment: datetime) -> frozenset[int]:
        """The numbers of the accreditations to issue that the issuer held then and for which, at least for a part of
        their scope, a path began at a body of another country.
        """
        known = self._known_of(issuer)
        between = bisect_right(known.moments, moment)
        if between not in known.found:
            known.found[between] = self._asked(issuer, known.links, moment)
        return known.found[between]

    def first(self, issuer: int, until: datetime, among: Collection[int]) -> datetime | None:
        """When one of its accreditations was recognised abroad for the first time, before a moment; None for never.

        Args:
            among: the numbers of those that are meant.
        """
        for moment in self._known_of(issuer).moments:
            if moment >= until:
                break
            if not self.recognised(issuer, moment).isdisjoint(among):
                return moment
        return None

    def _known_of(self, issuer: int) -> _Known:
        if issuer not in self._known:
            links = self._bearing_on(issuer)
            moments = {moment for link in links for moment in self.spans(link)}
            for body in {link.body for link in links if link.kind is Kind.RECOGNISE}:
                moments |= {moment for spans in self._places_of(body).values() for moment in spans}
            self._known[issuer] = _Known(links, tuple(sorted(moments)), {})
        return self._known[issuer]

    def _bearing_on(self, issuer: int) -> tuple[Accreditation, ...]:
        """All links that a path to the issuer could have."""
        found: dict[int, Accreditation] = {}
        layer = {issuer}
        for _ in range(LONGEST_PATH):
            inward = [link for party in sorted(layer) for link in self._ledger.held_by(party)]
            found |= {link.id: link for link in inward}
            layer = {link.body for link in inward if link.kind is not Kind.RECOGNISE}
        return tuple(found.values())

    def _places_of(self, body: int) -> dict[str, Spans]:
        """When a body is in which countries."""
        if body not in self._places:
            by_country: dict[str, list[Spans]] = {}
            for link in (*self._by_body.get(body, ()), *self._ledger.held_by(body)):
                if link.kind is not Kind.RECOGNISE and link.scope.jurisdiction:
                    by_country.setdefault(link.scope.jurisdiction, []).append(self.spans(link))
            self._places[body] = {country: _together(spans) for country, spans in by_country.items()}
        return self._places[body]

    def _is_abroad(self, body: int, country: str, moment: datetime) -> bool:
        """Whether a body is somewhere, and not in a country."""
        held = self._places_of(body)
        if country in held and _holds(held[country], moment):
            return False
        return any(_holds(spans, moment) for spans in held.values())

    def _asked(self, issuer: int, links: Iterable[Accreditation], moment: datetime) -> frozenset[int]:
        by_holder: dict[int, list[Accreditation]] = {}
        for link in links:
            if self.is_active(link, moment):
                by_holder.setdefault(link.holder, []).append(link)
        return frozenset(
            link.id
            for link in by_holder.get(issuer, ())
            if link.kind is Kind.ACCREDIT_TO_ISSUE
            and link.scope.jurisdiction
            and any(
                recognition.scope.narrowed_to(link.scope)
                and self._is_abroad(recognition.body, link.scope.jurisdiction, moment)
                for recognition in recognitions_of(link, by_holder)
            )
        )


def _spans_of(link: Accreditation) -> Spans:
    """Between two moments at which a link may change, it is what it is at the first of them."""
    moments = {link.valid_from}
    if link.valid_until is not None:
        moments.add(link.valid_until)
    for change in link.changes:
        moments |= {change.recorded_at, change.effective_from}
    spans: list[datetime] = []
    for moment in sorted(moments):
        # Of an odd number of moments the last one begins something.
        if (link.state_at(moment) == ACTIVE) != bool(len(spans) % 2):
            spans.append(moment)
    return tuple(spans)


def _holds(spans: Spans, moment: datetime) -> bool:
    return bisect_right(spans, moment) % 2 == 1


def _together(several: Iterable[Spans]) -> Spans:
    """When at least one of them holds."""
    steps = sorted((moment, -1 if number % 2 else 1) for spans in several for number, moment in enumerate(spans))
    told: list[datetime] = []
    depth = 0
    for at, (moment, step) in enumerate(steps):
        depth += step
        is_last_of_moment = at + 1 == len(steps) or steps[at + 1][0] != moment
        if is_last_of_moment and bool(len(told) % 2) != (depth > 0):
            told.append(moment)
    return tuple(told)
