"""Outcomes of partnerships, from anchored facts alone: what monitoring and evaluation may say, and how far it goes.

Pure: accreditations, batches and parties in, figures out. Every section carries a `Note`: what it counts, out of what,
and what it does not show. `docs/reference/insights.md` has the same, section by section.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from registry.recognition.abroad import ACTIVE, places, recognitions_of
from registry.recognition.ledger import Accreditation, Kind, Ledger, State
from registry.recognition.scope import HIGHEST_LEVEL
from registry.records import Batch, BlockRef, Party
from registry.timestamps import write_timestamp

REVIEW_DAYS: Final = 90
"""Days ahead in which an accreditation that ends is due for review, when the asker does not say."""
UNSTATED: Final = "unstated"
"""Where a scope says any field or any jurisdiction, or nothing on chain places a party."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a section counts, out of what, and what it does not show."""

    counts: str
    out_of: str
    limits: str


NOTES: Final[Mapping[str, Note]] = {
    "accreditations": Note(
        "Accreditations and recognitions that were active at the moment, by what was on record then and by what is on "
        "record now. Levels, fields and jurisdictions are those of the accreditations' scopes, without recognitions.",
        "All accreditations (`accreditations`) or all links (`total`) active at the moment. One that spans several "
        "levels counts under each of them, so levels do not add up to the total; fields are ISCED-F broad fields.",
        "An accreditation is counted whoever gave it: anybody may call itself a body. Whom to believe is the reader's "
        "policy.",
    ),
    "reviews_due": Note(
        "Accreditations and recognitions active at the moment that end within the days asked for, soonest first.",
        "All links active at the moment.",
        "A renewal that is already on record under another number does not take the old one off the list.",
    ),
    "credentials": Note(
        "Credentials in batches anchored up to the moment, by whether their issuer had an active accreditation to "
        "issue at the block time of the anchor (`underActive`), had had one that was suspended, had ended, was "
        "withdrawn or is void by now (`underLapsed`), or had none (`underNone`). Revoked ones are in these, too.",
        "All credentials in batches whose leaf count is on record (`credentials`); batches without one are counted "
        "apart (`unstatedBatches`), their credentials are unknown.",
        "A batch on chain has no scope: any accreditation to issue counts, whatever its field and level and whoever "
        "gave it. Whether a credential lies within it is found only by verifying the credential. `revoked` is as of "
        "the facts, not as of the moment, and of credentials that were revoked by their digest it has those whose tree "
        "is in the index. Batches that are known as snapshots of registers are no credentials and are left out of all "
        "figures (`registerSnapshots`: how many, and their leaves). Known are those whose files whoever counts has at "
        "hand: any other snapshot counts with every leaf, and so do all of them in an audit, which knows none. Other "
        "anchored documents, such as partnerships, count.",
    ),
    "partners": Note(
        "Parties registered up to the moment, by what they have done on chain: anchored a batch (issuer), offered an "
        "accreditation or recognised (body), both, or neither; a known snapshot of a register makes nobody an issuer. "
        "Jurisdictions are those in the scopes of active "
        "accreditations that a party holds or gives.",
        "All parties registered up to the moment (`total`). A party counts under each of its jurisdictions, and under "
        "`unstated` when it has none.",
        "Anybody may register. One organisation may have several parties, and nothing on chain says where its seat is.",
    ),
    "months": Note(
        "Parties registered, batches anchored and credentials anchored in each calendar month (UTC) up to the moment.",
        "Each month from that of the first fact to that of the moment; months without facts are there with zeros.",
        "The month is that of the block, not of the credential's own date. Credentials of batches without a stated "
        "count are left out.",
    ),
    "recognition": Note(
        "Active recognitions from a body of one jurisdiction to a body of another, within the jurisdiction that the "
        "recognition is limited to; `mutual` when there is one in each direction.",
        "Ordered pairs of different jurisdictions in which some party is placed (`pairs`).",
        "A recognition says what a body accepts, not that any credential was ever accepted. Those from or to bodies "
        "that nothing on chain places are counted as `unplaced`.",
    ),
    "equity": Note(
        "Jurisdictions with an active accreditation to issue for which a body of another jurisdiction recognises, at "
        "least for a part of the scope, a body that the accreditation comes from.",
        "Jurisdictions named by an active accreditation to issue (`jurisdictions`).",
        "It shows where recognition reaches, not how many people it serves. Accreditations for any jurisdiction are "
        "left out: they name none.",
    ),
}
"""By the sections, as the attributes of `Insights` are named."""


@dataclass(frozen=True, slots=True)
class ActiveAccreditations:
    """Links active at the moment, counted in several ways; the keys of `by_level` are EQF levels."""

    total: int
    accreditations: int
    by_kind: Mapping[str, int]
    by_level: Mapping[int, int]
    by_field: Mapping[str, int]
    by_jurisdiction: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ReviewDue:
    """An accreditation or recognition that ends soon."""

    accreditation: int
    kind: Kind
    body: int
    holder: int
    ends: datetime


@dataclass(frozen=True, slots=True)
class CredentialCounts:
    """Batches and their credentials, by the issuer's standing when they were anchored."""

    batches: int = 0
    unstated_batches: int = 0
    credentials: int = 0
    under_active: int = 0
    under_lapsed: int = 0
    under_none: int = 0
    revoked: int = 0

    def __add__(self, other: CredentialCounts) -> CredentialCounts:
        return CredentialCounts(*(getattr(self, name) + getattr(other, name) for name in CredentialCounts.__slots__))


@dataclass(frozen=True, slots=True)
class SnapshotCounts:
    """Batches that are snapshots of registers, and their leaves: counted nowhere else."""

    batches: int = 0
    leaves: int = 0

    @classmethod
    def of(cls, snapshots: Iterable[Batch], moment: datetime) -> SnapshotCounts:
        """Those that were anchored up to a moment."""
        counts = [batch.leaf_count for batch in snapshots if batch.anchored_at <= moment]
        return cls(len(counts), sum(counts))


@dataclass(frozen=True, slots=True)
class Partners:
    """Parties by what they did; the values of `by_kind` add up to the total."""

    total: int
    by_kind: Mapping[str, int]
    by_jurisdiction: Mapping[str, int]
    retired: int


@dataclass(frozen=True, slots=True)
class Month:
    """What was new in a month, written as `2026-01`."""

    month: str
    partners: int
    batches: int
    credentials: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many active recognitions go from one jurisdiction to another."""

    recognises: str
    recognised: str
    count: int
    mutual: bool


@dataclass(frozen=True, slots=True)
class RecognitionCoverage:
    """The pairs of jurisdictions with a recognition; all other pairs have none."""

    jurisdictions: tuple[str, ...]
    pairs: int
    covered: tuple[Coverage, ...]
    unplaced: int


@dataclass(frozen=True, slots=True)
class Equity:
    """Jurisdictions with accredited issuers, by whether another jurisdiction recognises some of them."""

    jurisdictions: int
    recognised: tuple[str, ...]
    not_recognised: tuple[str, ...]

    @property
    def share(self) -> float | None:
        """Of the jurisdictions, 0 to 1; None when there is none to take a share of."""
        return len(self.recognised) / self.jurisdictions if self.jurisdictions else None


@dataclass(frozen=True, slots=True)
class Insights:
    """All figures for one moment.

    Attributes:
        as_of: the block that the facts are as of, if the reader said so.
        review_days: how far ahead `reviews_due` looks.
        by_issuer: by party number; who has anchored nothing is not there.
        register_snapshots: what was left out of all of it.
    """

    moment: datetime
    as_of: BlockRef | None
    review_days: int
    accreditations: ActiveAccreditations
    reviews_due: tuple[ReviewDue, ...]
    credentials: CredentialCounts
    by_issuer: Mapping[int, CredentialCounts]
    partners: Partners
    months: tuple[Month, ...]
    recognition: RecognitionCoverage
    equity: Equity
    register_snapshots: SnapshotCounts = SnapshotCounts()

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it, in camel case: each section with its note as `about`."""
        due = [
            {**asdict(each), "kind": each.kind.value, "ends": write_timestamp(each.ends)} for each in self.reviews_due
        ]
        issuers = [{"issuer": issuer, **asdict(counts)} for issuer, counts in self.by_issuer.items()]
        links = asdict(self.accreditations)
        links["by_level"] = {str(level): count for level, count in self.accreditations.by_level.items()}
        sections: dict[str, dict[str, Any]] = {
            "accreditations": links,
            "reviews_due": {"days": self.review_days, "count": len(due), "links": due},
            "credentials": {
                **asdict(self.credentials),
                "register_snapshots": asdict(self.register_snapshots),
                "by_issuer": issuers,
            },
            "partners": asdict(self.partners),
            "months": {"months": [asdict(month) for month in self.months]},
            "recognition": asdict(self.recognition),
            "equity": {**asdict(self.equity), "share": self.equity.share},
        }
        as_of = self.as_of
        told: dict[str, Any] = _in_camel_case(
            {name: {"about": asdict(NOTES[name]), **section} for name, section in sections.items()}
        )
        return {
            "moment": write_timestamp(self.moment),
            "asOf": as_of and as_of.to_dict(),
            **told,
        }


def insights(
    ledger: Ledger,
    batches: Iterable[Batch],
    parties: Iterable[Party],
    moment: datetime,
    *,
    review_days: int = REVIEW_DAYS,
    snapshots: Iterable[Batch] = (),
) -> Insights:
    """The figures for a moment; batches and parties of later are left out.

    Args:
        batches: `revoked` counts credentials revoked by their digest or by another batch of the issuer
            (`registry.anchors`), too.
        moment: with a time zone.
        review_days: how far ahead accreditations that end are due for review; not negative.
        snapshots: batches that are snapshots of registers, and none of `batches`; they are told, and counted nowhere.
    """
    anchored = [batch for batch in batches if batch.anchored_at <= moment]
    registered = [party for party in parties if party.registered_at <= moment]
    active = [link for link in ledger.accreditations if link.state_at(moment) == ACTIVE]
    where = places(active)
    by_issuer = _by_issuer(ledger, anchored)
    return Insights(
        moment=moment,
        as_of=ledger.as_of,
        review_days=review_days,
        accreditations=_active(active),
        reviews_due=_reviews_due(active, moment + timedelta(days=review_days)),
        credentials=sum(by_issuer.values(), CredentialCounts()),
        by_issuer=by_issuer,
        partners=_partners(registered, by_issuer.keys(), ledger, where, moment),
        months=_months(anchored, registered, moment),
        recognition=_coverage(active, where),
        equity=_equity(active, where),
        register_snapshots=SnapshotCounts.of(snapshots, moment),
    )


def _active(active: Sequence[Accreditation]) -> ActiveAccreditations:
    given = [link for link in active if link.kind is not Kind.RECOGNISE]
    levels = Counter(level for link in given for level in range(link.scope.levels[0], link.scope.levels[1] + 1))
    kinds = Counter(link.kind.value for link in active)
    return ActiveAccreditations(
        total=len(active),
        accreditations=len(given),
        by_kind={kind.value: kinds[kind.value] for kind in Kind},
        by_level={level: levels[level] for level in range(1, HIGHEST_LEVEL + 1)},
        by_field=_counted(link.scope.field[:2] or UNSTATED for link in given),
        by_jurisdiction=_counted(link.scope.jurisdiction or UNSTATED for link in given),
    )


def _reviews_due(active: Sequence[Accreditation], until: datetime) -> tuple[ReviewDue, ...]:
    ending = (
        ReviewDue(link.id, link.kind, link.body, link.holder, link.valid_until)
        for link in active
        if link.valid_until is not None and link.valid_until <= until
    )
    return tuple(sorted(ending, key=lambda due: (due.ends, due.accreditation)))


def _by_issuer(ledger: Ledger, batches: Iterable[Batch]) -> dict[int, CredentialCounts]:
    counts: dict[int, Counter[str]] = {}
    for batch in batches:
        mine = counts.setdefault(batch.issuer, Counter())
        mine["batches"] += 1
        mine["unstated_batches"] += batch.leaf_count == 0
        mine["credentials"] += batch.leaf_count
        mine["revoked"] += batch.withdrawn
        mine[_standing(ledger.held_by(batch.issuer), batch.anchored_at)] += batch.leaf_count
    return {issuer: CredentialCounts(**counts[issuer]) for issuer in sorted(counts)}


def _standing(held: Iterable[Accreditation], moment: datetime) -> str:
    """Under which of the counts a batch of that time comes."""
    standing = "under_none"
    for link in held:
        if link.kind is not Kind.ACCREDIT_TO_ISSUE:
            continue
        if link.state_at(moment) == ACTIVE:
            return "under_active"
        if link.valid_from <= moment and any(
            change.state is State.ACTIVE and change.recorded_at <= moment for change in link.changes
        ):
            standing = "under_lapsed"
    return standing


def _partners(
    registered: Sequence[Party],
    issuers: Collection[int],
    ledger: Ledger,
    where: Mapping[int, frozenset[str]],
    moment: datetime,
) -> Partners:
    bodies = {link.body for link in ledger.accreditations if link.changes[0].recorded_at <= moment}
    kinds = Counter(_kind(each.id in issuers, each.id in bodies) for each in registered)
    return Partners(
        total=len(registered),
        by_kind={kind: kinds[kind] for kind in ("issuer", "body", "both", "neither")},
        by_jurisdiction=_counted(name for each in registered for name in where.get(each.id) or (UNSTATED,)),
        retired=sum(each.retired_at is not None and each.retired_at <= moment for each in registered),
    )


def _kind(issuer: bool, body: bool) -> str:
    if issuer and body:
        return "both"
    return "issuer" if issuer else "body" if body else "neither"


def _months(batches: Sequence[Batch], registered: Sequence[Party], moment: datetime) -> tuple[Month, ...]:
    partners = Counter(_month(each.registered_at) for each in registered)
    anchored = Counter(_month(batch.anchored_at) for batch in batches)
    credentials: Counter[int] = Counter()
    for batch in batches:
        credentials[_month(batch.anchored_at)] += batch.leaf_count
    first = min([*partners, *anchored], default=None)
    if first is None:
        return ()
    return tuple(
        Month(f"{number // 12:04d}-{number % 12 + 1:02d}", partners[number], anchored[number], credentials[number])
        for number in range(first, _month(moment) + 1)
    )


def _month(moment: datetime) -> int:
    """Months since the year 0, which makes them count on."""
    return moment.year * 12 + moment.month - 1


def _coverage(active: Sequence[Accreditation], where: Mapping[int, frozenset[str]]) -> RecognitionCoverage:
    pairs: Counter[tuple[str, str]] = Counter()
    unplaced = 0
    for link in active:
        if link.kind is not Kind.RECOGNISE:
            continue
        ours, theirs = where.get(link.body, frozenset()), where.get(link.holder, frozenset())
        unplaced += not ours or not theirs
        for mine in ours:
            pairs.update((mine, other) for other in theirs if mine != other and link.scope.jurisdiction in ("", other))
    names = tuple(sorted({name for found in where.values() for name in found}))
    covered = (Coverage(*pair, count, pair[::-1] in pairs) for pair, count in sorted(pairs.items()))
    return RecognitionCoverage(names, len(names) * (len(names) - 1), tuple(covered), unplaced)


def _equity(active: Sequence[Accreditation], where: Mapping[int, frozenset[str]]) -> Equity:
    by_holder: dict[int, list[Accreditation]] = {}
    for link in active:
        by_holder.setdefault(link.holder, []).append(link)
    issuing = [link for link in active if link.kind is Kind.ACCREDIT_TO_ISSUE and link.scope.jurisdiction]
    named = {link.scope.jurisdiction for link in issuing}
    recognised = {
        link.scope.jurisdiction
        for link in issuing
        if any(
            link.scope.jurisdiction not in where[recognition.body] and recognition.scope.narrowed_to(link.scope)
            for recognition in recognitions_of(link, by_holder)
            if recognition.body in where
        )
    }
    return Equity(len(named), tuple(sorted(recognised)), tuple(sorted(named - recognised)))


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


def _in_camel_case(value: Any) -> Any:
    """The same value; its members are named as all JSON of this project names them."""
    if isinstance(value, dict):
        return {_camel(name): _in_camel_case(member) for name, member in value.items()}
    return [_in_camel_case(each) for each in value] if isinstance(value, list | tuple) else value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
