"""What the page of an audit shows in charts, worked out from the audit alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from registry.audit.findings import Audit
from registry.audit.report.charts import Chart, Series
from registry.audit.spoken import spoken_of
from registry.recognition.insights import Insights, insights
from registry.recognition.ledger import Accreditation, State
from registry.records import Purpose

MOST_ROWS: Final = 25
ENDING_SOON: Final = timedelta(days=365)
_MOST_COLUMNS = 48

Period = Callable[[datetime], str]

_PERIODS: Final[tuple[tuple[str, Period], ...]] = (
    ("day", lambda moment: moment.strftime("%Y-%m-%d")),
    ("month", lambda moment: moment.strftime("%Y-%m")),
    ("year", lambda moment: moment.strftime("%Y")),
)


def over_time(audit: Audit) -> list[Chart]:
    """Anchors, and credentials, by day, month or year."""
    batches = [(batch.anchored_at, batch.leaf_count) for batch in audit.batches().values()]
    if not batches:
        return []
    name, labels, of = _period([moment for moment, _ in batches])
    anchors, credentials = Counter[str](), Counter[str]()
    for moment, leaf_count in batches:
        anchors[of(moment)] += 1
        credentials[of(moment)] += leaf_count
    return [
        Chart(
            f"{what.lower()}-over-time",
            f"{what} by {name}",
            f"{sum(counts.values()):,} {what.lower()} between {labels[0]} and {labels[-1]}.",
            labels,
            (Series(what, tuple(float(counts[label]) for label in labels)),),
            what.lower(),
            name.capitalize(),
        )
        for what, counts in (("Anchors", anchors), ("Credentials", credentials))
    ]


def revocation_by_issuer(audit: Audit) -> Chart | None:
    """The share of each issuer's credentials that are revoked, by reason; the highest first."""
    credentials = Counter[int]()
    for (issuer, _), batch in audit.batches().items():
        credentials[issuer] += batch.leaf_count
    reasons = _revoked_in_batches(audit)
    revoked = sum(reasons.values(), Counter[int]())
    issuers = sorted(
        (issuer for issuer in credentials if credentials[issuer]),
        key=lambda issuer: (-revoked[issuer] / credentials[issuer], issuer),
    )
    if not issuers:
        return None
    shown = issuers[:MOST_ROWS]
    total, all_revoked = credentials.total(), revoked.total()
    named = sorted(reasons, key=lambda reason: (-reasons[reason].total(), reason)) or ["revoked"]
    return Chart(
        "revocation-by-issuer",
        "Revocation rate by issuer and reason",
        f"{all_revoked:,} of {total:,} credentials are revoked ({100 * all_revoked / total:.2f} %)."
        + _not_counted(_revoked_in_no_batch(audit).total())
        + _rest(len(issuers)),
        tuple(party_name(audit, issuer) for issuer in shown),
        tuple(
            Series(reason, tuple(100 * reasons.get(reason, Counter())[each] / credentials[each] for each in shown))
            for reason in named
        ),
        "%",
        "Issuer",
    )


def revocation_by_reason(audit: Audit) -> Chart | None:
    """Why credentials were revoked: one by one, with their batch, or by their digests."""
    reasons = Counter({reason: by_issuer.total() for reason, by_issuer in _revoked_in_batches(audit).items()})
    nowhere = _revoked_in_no_batch(audit)
    if not (total := reasons + nowhere):
        return None
    ordered = sorted(total, key=lambda reason: (-total[reason], reason))
    series = [Series("Revoked", tuple(float(reasons[reason]) for reason in ordered))]
    if nowhere:
        series.append(Series("In no batch whose tree was read", tuple(float(nowhere[reason]) for reason in ordered)))
    return Chart(
        "revocation-by-reason",
        "Revoked credentials by reason",
        f"The most frequent reason is {ordered[0]}.",
        tuple(ordered),
        tuple(series),
        "credentials",
        "Reason",
    )


def time_to_finality(audit: Audit) -> Chart | None:
    """How long the operator's batches took from their sealing to a block, and on to finality."""
    batches, waits = audit.batches(), dict[int, list[tuple[float, float]]]()
    for row in audit.rows:
        if row.sealed_at and row.mined_at and row.final_at and (row.issuer, row.root) in batches:
            mined = max(0.0, (row.mined_at - row.sealed_at).total_seconds())
            final = max(0.0, (row.final_at - row.mined_at).total_seconds())
            waits.setdefault(row.issuer, []).append((mined, final))
    if not waits:
        return None
    issuers = sorted(waits, key=lambda issuer: (-len(waits[issuer]), issuer))
    shown = issuers[:MOST_ROWS]
    count = sum(map(len, waits.values()))
    whole = median(mined + final for each in waits.values() for mined, final in each)
    return Chart(
        "time-to-finality",
        "Time to finality by issuer, median",
        f"The median of {count:,} batches is {whole:,.0f} seconds from sealed to final." + _rest(len(issuers)),
        tuple(party_name(audit, issuer) for issuer in shown),
        (
            Series("Sealed to mined", tuple(median(mined for mined, _ in waits[each]) for each in shown)),
            Series("Mined to final", tuple(median(final for _, final in waits[each]) for each in shown)),
        ),
        "seconds",
        "Issuer",
    )


def gas_spent(audit: Audit) -> Chart | None:
    """What the transactions of each party took."""
    spent = sorted(audit.spent.items(), key=lambda item: (-item[1].gas, item[0]))
    if not spent:
        return None
    gas = sum(each.gas for _, each in spent)
    wei = sum(each.wei for _, each in spent)
    count = sum(each.transactions for _, each in spent)
    return Chart(
        "gas-spent",
        "Gas spent by party",
        f"{count:,} transactions took {gas:,} gas and {wei / 10**18:.6f} ether." + _rest(len(spent)),
        tuple(party_name(audit, number) for number, _ in spent[:MOST_ROWS]),
        (Series("Gas", tuple(float(each.gas) for _, each in spent[:MOST_ROWS])),),
        "gas",
        "Party",
    )


def ending_soon(audit: Audit) -> list[Accreditation]:
    """The accreditations that hold at the audited block and end within a year of it, the next one first."""
    now = audit.block.timestamp
    return sorted(
        (
            each
            for each in audit.accreditations()
            if each.valid_until is not None
            and now < each.valid_until <= now + ENDING_SOON
            and each.state_at(now).as_known_now is State.ACTIVE
        ),
        key=lambda each: (each.valid_until, each.id),
    )


def insights_of(audit: Audit) -> Insights | None:
    """The outcomes of partnerships at the audited block; None when the events of accreditations do not fit together."""
    ledger = audit.state.ledger
    if ledger is None:
        return None
    elsewhere = audit.revoked_elsewhere
    batches = (replace(batch, revoked=batch.revoked + elsewhere.get(key, 0)) for key, batch in audit.batches().items())
    parties = (party for number, party in audit.state.parties.items() if audit.asked.about(number))
    return insights(replace(ledger, as_of=audit.block), batches, parties, audit.block.timestamp)


def partners(found: Insights) -> list[Chart | None]:
    """How many parties anchor, accredit, do both or neither; and where they are accredited."""
    total = f"{found.partners.total:,} parties are registered, {found.partners.retired:,} of them retired."
    return [
        _counted(found.partners.by_kind, "partners-by-kind", "Parties by kind", total, "parties", "Kind"),
        _counted(
            found.partners.by_jurisdiction,
            "partners-by-country",
            "Parties by country of their accreditations",
            "By the jurisdictions of active accreditations that a party holds or gives.",
            "parties",
            "Country",
        ),
    ]


def active_accreditations(found: Insights) -> list[Chart | None]:
    """What holds at the audited block, by kind, level, field and jurisdiction."""
    active = found.accreditations
    total = f"{active.total:,} hold at the audited block, {active.accreditations:,} of them accreditations."
    levels = {f"EQF {level}": count for level, count in active.by_level.items() if count}
    return [
        _counted(active.by_kind if active.total else {}, "active", "Links that hold", total, "links", "Kind"),
        _counted(levels, "active-by-level", "Accreditations by level", total, "accreditations", "Level"),
        _counted(
            active.by_field, "active-by-field", "Accreditations by field", total, "accreditations", "ISCED-F field"
        ),
        _counted(
            active.by_jurisdiction,
            "active-by-country",
            "Accreditations by country",
            total,
            "accreditations",
            "Country",
        ),
    ]


def standing(audit: Audit, found: Insights) -> Chart | None:
    """Each issuer's credentials by whether it was accredited when it anchored them."""
    by_issuer = sorted(found.by_issuer.items(), key=lambda item: (-item[1].credentials, item[0]))
    if not by_issuer:
        return None
    total, shown = found.credentials, by_issuer[:MOST_ROWS]
    return Chart(
        "credentials-by-standing",
        "Credentials by the issuer's accreditation when they were anchored",
        f"Of {total.credentials:,} credentials {total.under_active:,} were anchored under an active accreditation, "
        f"{total.under_lapsed:,} under one that was no longer active, {total.under_none:,} under none."
        + _rest(len(by_issuer)),
        tuple(party_name(audit, number) for number, _ in shown),
        tuple(
            Series(name, tuple(float(getattr(counts, member)) for _, counts in shown))
            for name, member in (("Active", "under_active"), ("Lapsed", "under_lapsed"), ("None", "under_none"))
        ),
        "credentials",
        "Issuer",
    )


def party_name(audit: Audit, number: int) -> str:
    """A party by its number and what it says it is."""
    party = audit.state.parties.get(number)
    return f"{number} {'' if party is None else party.uri}".strip()


def _revoked_in_batches(audit: Audit) -> dict[str, Counter[int]]:
    """How many credentials of the batches that were looked at are revoked, by reason and issuer; each counts once."""
    reasons: dict[str, Counter[int]] = {}
    batches = audit.batches()
    for event, purpose, reason, credentials in audit.state.status_changes:
        if purpose is Purpose.REVOCATION and credentials and event.root is not None and event.key in batches:
            reasons.setdefault(reason.word, Counter())[event.key[0]] += credentials
    for each in spoken_of(audit):
        if each.revokes and (why := each.status.revocation_reason) is not None:
            reasons.setdefault(why.word, Counter())[each.issuer] += 1
    return reasons


def _revoked_in_no_batch(audit: Audit) -> Counter[str]:
    """How many credentials are revoked by their digests and in no batch whose tree was read, by reason."""
    revoked = (each.status.revocation_reason for each in spoken_of(audit) if not each.places)
    return Counter(why.word for why in revoked if why is not None)


def _not_counted(revoked: int) -> str:
    return f" Not among these: {revoked:,} revoked by digests in no batch whose tree was read." if revoked else ""


def _counted(counts: Mapping[str, int], name: str, title: str, description: str, unit: str, about: str) -> Chart | None:
    if not counts:
        return None
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = ordered[:MOST_ROWS]
    return Chart(
        name,
        title,
        description + _rest(len(ordered)),
        tuple(label for label, _ in shown),
        (Series(unit.capitalize(), tuple(float(count) for _, count in shown)),),
        unit,
        about,
    )


def _period(moments: Sequence[datetime]) -> tuple[str, tuple[str, ...], Period]:
    """The shortest period that does not give too many columns, and all its labels from the first to the last."""
    first, last = min(moments), max(moments)
    for name, of in _PERIODS:
        labels = tuple(dict.fromkeys(of(day) for day in _days(first, last)))
        if len(labels) <= _MOST_COLUMNS:
            return name, labels, of
    return name, labels, of


def _days(first: datetime, last: datetime) -> Iterable[datetime]:
    for day in range((last.date() - first.date()).days + 1):
        yield first + timedelta(days=day)


def _rest(rows: int) -> str:
    return f" The first {MOST_ROWS} of {rows:,} are shown." if rows > MOST_ROWS else ""
