"""The indicators, counted from facts: what is on the chain and in documents goes in, figures come out.

Pure. What each counts is in `registry.partnerships.definitions`. Where nothing is there to count out of, a figure has
no value: that is not zero.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, TypeVar

from registry.partnerships.definitions import BY_ID, INDICATORS
from registry.partnerships.partnership import Partnership, Target, agreements_of, midnight
from registry.partnerships.periods import By, Period, periods_until
from registry.partnerships.revocations import FINDINGS, Revocation
from registry.partnerships.statement import LANGUAGE, Statement, languages_in
from registry.partnerships.versions import Kept, Standing
from registry.recognition.abroad import Abroad
from registry.recognition.insights import SnapshotCounts
from registry.recognition.ledger import Accreditation, Kind, Ledger
from registry.records import Batch, BlockRef, Party
from registry.timestamps import write_timestamp

MOST_PARTS: Final = 250
"""As many countries as there are."""
_OfIssuer = TypeVar("_OfIssuer", Batch, Revocation)
_DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is counted, as of one block.

    Attributes:
        batches: `revoked` is not used.
        partnerships, statements: all that are kept; those that count nowhere are counted nowhere.
        first_block: from which on events were read.
        snapshots: batches that are snapshots of registers, and none of `batches`; counted in no indicator.
    """

    ledger: Ledger
    batches: Sequence[Batch] = ()
    parties: Sequence[Party] = ()
    revocations: Sequence[Revocation] = ()
    partnerships: Sequence[Kept[Partnership]] = ()
    statements: Sequence[Kept[Statement]] = ()
    first_block: int = 0
    snapshots: Sequence[Batch] = ()

    @property
    def as_of(self) -> BlockRef | None:
        """The block that they are as of."""
        return self.ledger.as_of

    @property
    def begins(self) -> datetime | None:
        """When the first party registered, or the first batch was anchored."""
        return min(
            [*(each.registered_at for each in self.parties), *(each.anchored_at for each in self.batches)],
            default=None,
        )


@dataclass(frozen=True, slots=True)
class Filter:
    """Which part of the facts is wanted; nothing for all.

    Attributes:
        country, field, level: of the accreditations to issue that issuers held.
        partnership: the id of one, whose partners alone are counted.
    """

    country: str | None = None
    field: str | None = None
    level: int | None = None
    partnership: str | None = None

    @property
    def is_of_scope(self) -> bool:
        """Whether accreditations matter."""
        return (self.country, self.field, self.level) != (None, None, None)

    def admits(self, link: Accreditation) -> bool:
        """Whether an accreditation is for at least a part of what is wanted."""
        scope = link.scope
        if self.country is not None and scope.jurisdiction != self.country:
            return False
        if self.level is not None and not scope.levels[0] <= self.level <= scope.levels[1]:
            return False
        wanted = self.field
        return wanted is None or (
            bool(scope.field) and (scope.field.startswith(wanted) or wanted.startswith(scope.field))
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON; what is not wanted is null."""
        return {
            "country": self.country,
            "field": self.field,
            "level": self.level,
            "partnership": self.partnership,
        }


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a figure: what was counted, and out of what where it is a share."""

    numerator: float
    denominator: int | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """The value of one indicator for one period.

    Attributes:
        value: None where there is no data: then neither zero nor anything else is known.
        numerator, denominator: what its definition says; the latter None where it has none.
        parts: what it is broken down by.
        beside: further numbers, such as quartiles, by name.
    """

    indicator: str
    period: Period
    value: float | None
    numerator: int
    denominator: int | None
    parts: Mapping[str, Share] = field(default_factory=dict)
    beside: Mapping[str, float | None] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "indicator": self.indicator,
            "period": self.period.to_dict(),
            "value": None if self.value is None else round(self.value, 4),
            "unit": BY_ID[self.indicator].unit.value,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "parts": [
                {"name": name, "numerator": part.numerator, "denominator": part.denominator}
                for name, part in self.parts.items()
            ],
            "beside": {name: None if each is None else round(each, 4) for name, each in self.beside.items()},
        }


@dataclass(frozen=True, slots=True)
class Reached:
    """A target of a partnership beside what its indicator came to.

    Attributes:
        figure: of the partnership's own parties, from its start to the day of the target, or until now.
        is_due: whether that day has passed.
    """

    partnership: str
    target: Target
    figure: Figure
    is_due: bool

    @property
    def state(self) -> str:
        """`met`, `not-met`, `not-yet` or `no-data`."""
        if self.figure.value is None:
            return "no-data"
        if self.target.is_met_by(self.figure.value):
            return "met"
        return "not-met" if self.is_due else "not-yet"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "partnership": self.partnership,
            "indicator": self.target.indicator,
            "target": self.target.words,
            "by": self.target.by,
            "state": self.state,
            "figure": self.figure.to_dict(),
        }


class Measuring:
    """Counts one set of facts, as it was at one moment, for any of the indicators and periods.

    Args:
        moment: with a time zone; of what came later nothing is counted, but a status, withdrawal or voiding recorded by
            the block of the facts is known.
    """

    def __init__(self, facts: Facts, moment: datetime, wanted: Filter | None = None, *, abroad: Abroad | None = None):
        self.facts = facts
        self.moment = moment
        self.wanted = wanted or Filter()
        self._abroad = abroad or Abroad(facts.ledger)
        self._only = self._parties_wanted()
        self._counting: dict[str, Callable[[str, Period], Figure]] = {
            "credentials-recognised-abroad": self._recognised_abroad,
            "time-to-recognition": self._time_to_recognition,
            "revoked-after-audit": self._revoked_after_audit,
            "reviews-overdue": self._reviews_overdue,
            "accreditations-renewed": self._renewed,
            "fields-recognised": self._fields,
            "levels-recognised": self._levels,
            "countries-recognised": self._countries,
            "languages-stated": self._languages,
            "credentials-growth": self._credentials_growth,
            "partners-growth": self._partners_growth,
            "partnerships-in-force": self._in_force,
            "partnerships-with-agreement": self._with_agreement,
            "issuers-with-statement": self._with_statement,
        }

    def figure(self, indicator: str, period: Period) -> Figure:
        """The figure of an indicator for the part of a period that has passed, with the moment itself; KeyError for an
        unknown one.
        """
        return self._counting[indicator](indicator, period.up_to(self.moment + _INSTANT))

    def figures(self, period: Period) -> tuple[Figure, ...]:
        """Of all indicators, in their order."""
        return tuple(self.figure(each.id, period) for each in INDICATORS)

    def trends(self, by: By) -> dict[str, list[Figure]]:
        """Of all indicators, by month, quarter or year up to the moment."""
        periods = periods_until(self.moment, by, self.facts.begins)
        return {each.id: [self.figure(each.id, period) for period in periods] for each in INDICATORS}

    def targets(self) -> tuple[Reached, ...]:
        """The targets of the partnerships that count at the moment, by partnership and day."""
        told = []
        batches, revoked = _by_issuer(self.facts.batches), _by_issuer(self.facts.revocations)
        for kept in self._partnerships_at(self.moment):
            partnership = kept.document
            if not partnership.targets:
                continue
            # Those of others count nowhere here: to pass them over each time is most of the work.
            facts = replace(
                self.facts,
                batches=[each for party in sorted(partnership.numbers) for each in batches.get(party, ())],
                revocations=[each for party in sorted(partnership.numbers) for each in revoked.get(party, ())],
                parties=[each for each in self.facts.parties if each.id in partnership.numbers],
            )
            own = Measuring(facts, self.moment, Filter(partnership=partnership.id), abroad=self._abroad)
            for target in sorted(partnership.targets, key=lambda each: (each.by, each.indicator)):
                ends = midnight(target.by) + _DAY
                name = f"{partnership.start} to {target.by}"
                figure = own.figure(target.indicator, Period(name, partnership.begins, ends))
                told.append(Reached(partnership.id, target, figure, self.moment >= ends))
        return tuple(told)

    # What is wanted of the facts

    def _parties_wanted(self) -> frozenset[int] | None:
        if self.wanted.partnership is None:
            return None
        named = [
            kept.document.numbers
            for kept in self.facts.partnerships
            if kept.document.id == self.wanted.partnership and kept.counted_at(self.moment)
        ]
        return frozenset().union(*named)

    def _is_wanted(self, party: int) -> bool:
        return self._only is None or party in self._only

    def _issuing(self, party: int, moment: datetime) -> Iterator[Accreditation]:
        """The accreditations to issue, of those that are wanted, that a party held at a moment."""
        for link in self.facts.ledger.held_by(party):
            if (
                link.kind is Kind.ACCREDIT_TO_ISSUE
                and self.wanted.admits(link)
                and self._abroad.is_active(link, moment)
            ):
                yield link

    def _counts(self, issuer: int, moment: datetime) -> bool:
        """Whether what an issuer does at a moment is wanted."""
        if not self._is_wanted(issuer):
            return False
        return not self.wanted.is_of_scope or any(self._issuing(issuer, moment))

    def _batches(self, period: Period) -> Iterator[Batch]:
        """Those of a period that state their count."""
        return (
            batch
            for batch in self._anchored_in(period)
            if batch.leaf_count and self._counts(batch.issuer, batch.anchored_at)
        )

    @cached_property
    def _sorted_batches(self) -> list[Batch]:
        wanted = (
            each for each in self.facts.batches if each.anchored_at <= self.moment and self._is_wanted(each.issuer)
        )
        return sorted(wanted, key=_anchored_at)

    def _anchored_in(self, period: Period) -> list[Batch]:
        batches = self._sorted_batches
        return batches[
            bisect_left(batches, period.begins, key=_anchored_at) : bisect_left(batches, period.ends, key=_anchored_at)
        ]

    @cached_property
    def _holders(self) -> list[int]:
        """Parties that ever held an accreditation to issue that is wanted."""
        links = self.facts.ledger.accreditations
        return sorted(
            {
                link.holder
                for link in links
                if link.kind is Kind.ACCREDIT_TO_ISSUE and self.wanted.admits(link) and self._is_wanted(link.holder)
            }
        )

    def _partnerships_at(self, moment: datetime) -> list[Kept[Partnership]]:
        """The versions that counted then, of those that are wanted."""
        return [
            kept
            for kept in self.facts.partnerships
            if kept.counted_at(moment)
            and self.wanted.partnership in (None, kept.document.id)
            and (not self.wanted.is_of_scope or self._reaches_scope(kept.document))
        ]

    def _reaches_scope(self, partnership: Partnership) -> bool:
        links = (link for party in partnership.numbers for link in self.facts.ledger.held_by(party))
        return any(link.kind is not Kind.RECOGNISE and self.wanted.admits(link) for link in links)

    def _statements(self, period: Period) -> list[Statement]:
        """Those that count, of a time that is within the period at least in part."""
        return [
            kept.document
            for kept in self.facts.statements
            if kept.counted is not None
            and kept.standing is Standing.CURRENT
            and kept.counted.block.timestamp <= self.moment
            and kept.document.period.begins < period.ends
            and period.begins < kept.document.period.ends
            and self._is_stated_wanted(kept.document)
        ]

    def _is_stated_wanted(self, statement: Statement) -> bool:
        about, wanted = statement.about, self.wanted
        return (
            self._is_wanted(statement.issuer)
            and wanted.country in (None, about.country)
            and wanted.level in (None, about.level)
            and (wanted.field is None or (about.field or "").startswith(wanted.field))
        )

    # The indicators

    def _recognised_abroad(self, name: str, period: Period) -> Figure:
        all_of_them, recognised = Counter[str](), Counter[str]()
        total = reached = 0
        for batch in self._batches(period):
            total += batch.leaf_count
            mine = list(self._issuing(batch.issuer, batch.anchored_at))
            abroad = self._abroad.recognised(batch.issuer, batch.anchored_at)
            accepted = [link for link in mine if link.id in abroad]
            reached += batch.leaf_count if accepted else 0
            for country in {link.scope.jurisdiction for link in mine if link.scope.jurisdiction}:
                all_of_them[country] += batch.leaf_count
                if any(link.scope.jurisdiction == country for link in accepted):
                    recognised[country] += batch.leaf_count
        return _share(name, period, reached, total, _parted(recognised, all_of_them))

    def _time_to_recognition(self, name: str, period: Period) -> Figure:
        registered = {each.id: each.registered_at for each in self.facts.parties}
        days, since_registered = list[float](), list[float]()
        accredited = 0
        for party in self._holders:
            first = self._first_accredited(party, period.ends)
            if first is None:
                continue
            accredited += 1
            when = self._abroad.first(party, period.ends, {link.id for link in self._issuing_ever(party)})
            if when is None or when not in period:
                continue
            days.append((when - first) / _DAY)
            if party in registered:
                since_registered.append(max(0.0, (when - registered[party]) / _DAY))
        lower, median, upper = quartiles(days)
        beside = {"lowerQuartile": lower, "upperQuartile": upper}
        beside |= {"medianSinceRegistration": quartiles(since_registered)[1], "notYet": float(accredited - len(days))}
        return Figure(name, period, median, len(days), accredited, {}, beside)

    def _first_accredited(self, party: int, until: datetime) -> datetime | None:
        """When it had an accreditation to issue, of those that are wanted, for the first time."""
        firsts = (moment for link in self._issuing_ever(party) for moment in self._abroad.spans(link)[:1])
        return min((moment for moment in firsts if moment < until), default=None)

    def _issuing_ever(self, party: int) -> list[Accreditation]:
        """The accreditations to issue, of those that are wanted, that a party holds or held."""
        return [
            link
            for link in self.facts.ledger.held_by(party)
            if link.kind is Kind.ACCREDIT_TO_ISSUE and self.wanted.admits(link)
        ]

    def _revoked_after_audit(self, name: str, period: Period) -> Figure:
        total = found = 0
        reasons = Counter[str]()
        for each in self.facts.revocations:
            if each.at in period and each.at <= self.moment and self._counts(each.issuer, each.at):
                total += each.credentials
                found += each.after_finding
                if each.reason in FINDINGS:
                    reasons[each.reason.word] += each.credentials
                elif each.reviewed:
                    reasons["after a suspension under review"] += each.reviewed
        parts = {reason: Share(count, total) for reason, count in sorted(reasons.items())}
        return _share(name, period, found, total, parts)

    def _reviews_overdue(self, name: str, period: Period) -> Figure:
        at = _last_moment(period)
        due, overdue = Counter[str](), Counter[str]()
        for kept in self._in_force_at(at):
            for review in kept.document.reviews:
                if midnight(review.due) + _DAY <= period.ends:
                    due[kept.document.id] += 1
                    is_held = review.outcome is not None and (review.held is None or midnight(review.held) <= at)
                    overdue[kept.document.id] += not is_held
        return _share(name, period, overdue.total(), due.total(), _parted(overdue, due))

    def _renewed(self, name: str, period: Period) -> Figure:
        ended = renewed = 0
        for link in self.facts.ledger.accreditations:
            end = link.valid_until
            if (
                link.kind is Kind.RECOGNISE
                or end is None
                or end not in period
                or end > self.moment
                or not self.wanted.admits(link)
                or not self._is_wanted(link.holder)
                or not self._abroad.is_active(link, end - _INSTANT)
            ):
                continue
            ended += 1
            renewed += any(
                other.id != link.id
                and (other.kind, other.body) == (link.kind, link.body)
                and self._abroad.is_active(other, _last_moment(period))
                for other in self.facts.ledger.held_by(link.holder)
            )
        return _share(name, period, renewed, ended)

    def _fields(self, name: str, period: Period) -> Figure:
        return self._covered(name, period, lambda link: [link.scope.field[:2]] if link.scope.field else [])

    def _levels(self, name: str, period: Period) -> Figure:
        return self._covered(
            name, period, lambda link: [str(level) for level in range(link.scope.levels[0], link.scope.levels[1] + 1)]
        )

    def _countries(self, name: str, period: Period) -> Figure:
        return self._covered(name, period, lambda link: [link.scope.jurisdiction] if link.scope.jurisdiction else [])

    def _covered(self, name: str, period: Period, names: Callable[[Accreditation], Iterable[str]]) -> Figure:
        """How many of the names that accreditations have are those of one that is recognised abroad.

        The parts are how many issuers there are of each name, and how many of them are recognised.
        """
        at = _last_moment(period)
        issuers: dict[str, set[int]] = {}
        recognised: dict[str, set[int]] = {}
        for party in self._holders:
            abroad: frozenset[int] | None = None
            for link in self._issuing(party, at):
                abroad = self._abroad.recognised(party, at) if abroad is None else abroad
                for each in names(link):
                    issuers.setdefault(each, set()).add(party)
                    if link.id in abroad:
                        recognised.setdefault(each, set()).add(party)
        parts = {each: Share(len(recognised.get(each, ())), len(those)) for each, those in sorted(issuers.items())}
        return _share(name, period, len(recognised), len(issuers), parts)

    def _languages(self, name: str, period: Period) -> Figure:
        statements = [each for each in self._statements(period) if LANGUAGE in each.dimensions]
        found = languages_in(statements)
        value = float(len(found)) if statements else None
        parts = {language: Share(count) for language, count in sorted(found.items())}
        return Figure(name, period, value, len(found), None, parts, {"statements": float(len(statements))})

    def _credentials_growth(self, name: str, period: Period) -> Figure:
        now = sum(batch.leaf_count for batch in self._batches(period))
        before = sum(batch.leaf_count for batch in self._batches(period.before))
        return Figure(name, period, 100 * (now - before) / before if before else None, now, before)

    def _partners_growth(self, name: str, period: Period) -> Figure:
        now, before = (self._registered_at(moment) for moment in (_last_moment(period), period.begins - _INSTANT))
        return Figure(name, period, 100 * (now - before) / before if before else None, now, before)

    def _registered_at(self, moment: datetime) -> int:
        return sum(
            each.registered_at <= moment
            and (each.retired_at is None or each.retired_at > moment)
            and self._is_wanted(each.id)
            and (not self.wanted.is_of_scope or any(self._issuing(each.id, moment)))
            for each in self.facts.parties
        )

    def _in_force_at(self, moment: datetime) -> list[Kept[Partnership]]:
        return [kept for kept in self._partnerships_at(moment) if kept.document.is_in_force(moment)]

    def _in_force(self, name: str, period: Period) -> Figure:
        at = _last_moment(period)
        in_force, known = self._in_force_at(at), self._partnerships_at(at)
        purposes = Counter[str](kind for kept in in_force for kind in kept.document.purpose.kinds)
        parts = {kind: Share(count, len(in_force)) for kind, count in sorted(purposes.items())}
        return Figure(name, period, float(len(in_force)) if known else None, len(in_force), len(known), parts)

    def _with_agreement(self, name: str, period: Period) -> Figure:
        at = _last_moment(period)
        in_force = self._in_force_at(at)
        ledger = self.facts.ledger
        found = sum(
            any(self._abroad.is_active(ledger[number], at) for number in agreements_of(kept.document, ledger))
            for kept in in_force
        )
        return _share(name, period, found, len(in_force))

    def _with_statement(self, name: str, period: Period) -> Figure:
        issuers = {batch.issuer for batch in self._anchored_in(period) if self._counts(batch.issuer, batch.anchored_at)}
        stating: dict[str, set[int]] = {}
        for statement in self._statements(period):
            for dimension in statement.dimensions:
                stating.setdefault(dimension, set()).add(statement.issuer)
        those = set[int]().union(*stating.values()) & issuers
        parts = {
            each: Share(len(parties & issuers), len(issuers))
            for each, parties in sorted(stating.items())
            if parties & issuers
        }
        return _share(name, period, len(those), len(issuers), parts)


def quartiles(values: Iterable[float]) -> tuple[float | None, float | None, float | None]:
    """Lower quartile, median and upper quartile, linear between neighbours; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None, None, None

    def at(share: float) -> float:
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    return at(0.25), at(0.5), at(0.75)


def _share(
    name: str, period: Period, numerator: int, denominator: int, parts: Mapping[str, Share] | None = None
) -> Figure:
    value = 100 * numerator / denominator if denominator else None
    return Figure(name, period, value, numerator, denominator, parts or {})


def _parted(numerators: Counter[str], denominators: Counter[str]) -> dict[str, Share]:
    return {name: Share(numerators[name], denominators[name]) for name in sorted(denominators)[:MOST_PARTS]}


def _by_issuer(found: Iterable[_OfIssuer]) -> dict[int, list[_OfIssuer]]:
    by_issuer: dict[int, list[_OfIssuer]] = {}
    for each in found:
        by_issuer.setdefault(each.issuer, []).append(each)
    return by_issuer


def _anchored_at(batch: Batch) -> datetime:
    return batch.anchored_at


def _last_moment(period: Period) -> datetime:
    """The last second of it: states are asked for then."""
    return max(period.begins, period.ends - _INSTANT)


def measured_to_dict(measuring: Measuring, period: Period, trends: Mapping[str, Sequence[Figure]]) -> dict[str, Any]:
    """All figures of a period, their trends and the targets, for JSON: each with its definition and its source blocks.

    Args:
        trends: by indicator.
    """
    as_of = measuring.facts.as_of
    told = []
    for figure in measuring.figures(period):
        members = figure.to_dict()
        del members["indicator"], members["unit"]
        members["trend"] = [
            {
                "period": each.period.name,
                "value": None if each.value is None else round(each.value, 4),
                "numerator": each.numerator,
                "denominator": each.denominator,
            }
            for each in trends.get(figure.indicator, ())
        ]
        told.append({**BY_ID[figure.indicator].to_dict(), "of": members})
    return {
        "moment": write_timestamp(measuring.moment),
        "period": period.to_dict(),
        "filter": measuring.wanted.to_dict(),
        "blocks": {"from": measuring.facts.first_block, "to": as_of.number if as_of is not None else None},
        "registerSnapshots": asdict(SnapshotCounts.of(measuring.facts.snapshots, measuring.moment)),
        "asOf": as_of and as_of.to_dict(),
        "indicators": told,
        "targets": [each.to_dict() for each in measuring.targets()],
    }
