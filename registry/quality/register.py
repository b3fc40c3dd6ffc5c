"""What a register says of a holder at a time, from the snapshots that its mirror published.

Pure: decisions and moments in, an answer out. `docs/reference/recognition.md` has the rules, under Registers; the main
one is that of all decisions that apply, the nearest to the programme counts, and of those the newest. What a snapshot
is, says `docs/reference/registers.md`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from registry.quality.decision import Holder, Identifier, QualityDecision, Ruling
from registry.quality.snapshot import Manifest, Snapshot
from registry.recognition.scope import EVERY_LEVEL, Scope
from registry.timestamps import write_timestamp

SCHEME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)
LOCAL_SCHEMES: Final = frozenset({"agency", "local"})
"""Whose values are one agency's own: two of them for one institution contradict nothing."""


def read_identifier(text: str) -> Identifier:
    """`deqar:DEQARINST0001`; raises ValueError."""
    scheme, colon, value = text.partition(":")
    if not colon or not value.strip() or not SCHEME.fullmatch(scheme):
        raise ValueError(f"{text[:80]!r} is no identifier with its scheme, such as deqar:DEQARINST0001")
    return Identifier(scheme, value)


class Standing(StrEnum):
    """What a snapshot says of a holder, a scope and a day; the first two alone let the holder do anything."""

    HOLDS = "holds"
    CONDITIONAL = "holds-with-conditions"
    NEGATIVE = "negative"
    NO_RULING = "no-ruling"
    LAPSED = "lapsed"
    NOT_YET = "not-yet"
    OTHER_SCOPE = "other-scope"
    NOT_LISTED = "not-listed"
    AMBIGUOUS = "ambiguous"
    NOT_PUBLISHED = "not-published"


_NEVER: Final = datetime.min.replace(tzinfo=UTC)
HOLDING: Final = frozenset({Standing.HOLDS, Standing.CONDITIONAL})

_BY_RULING: Final = {
    Ruling.POSITIVE: Standing.HOLDS,
    Ruling.CONDITIONAL: Standing.CONDITIONAL,
    Ruling.NEGATIVE: Standing.NEGATIVE,
    Ruling.NOT_APPLICABLE: Standing.NO_RULING,
}
# Of two decisions of one day, the one that lets the holder do less counts.
_CAUTION: Final = {Ruling.NEGATIVE: 2, Ruling.CONDITIONAL: 1}


class Entry(NamedTuple):
    """A decision in an index.

    Attributes:
        digest: of its leaf, 32 bytes.
        is_whole: whether it is about everything that its holders offer.
        scopes: what else it is about, each one programme.
        rank: by which of two decisions that apply, the higher one counts.
    """

    decision: QualityDecision
    digest: bytes
    is_whole: bool
    scopes: tuple[Scope, ...]
    rank: tuple[bool, date, int, bytes]

    @property
    def standing(self) -> Standing:
        """What it comes to where it applies."""
        return _BY_RULING[self.decision.ruling]

    def is_about(self, scope: Scope) -> bool:
        """Whether it is about what is asked for."""
        return self.is_whole or any(_is_about(each, scope) for each in self.scopes)


def _is_about(said: Scope, asked: Scope) -> bool:
    """Whether it is the programme that is asked for, and nothing else that is asked for contradicts.

    A programme that is named is one programme: what the question, or the register, leaves open of it is not compared.
    """
    return (
        said.programme == asked.programme
        and asked.field.startswith(said.field if asked.field else "")
        and (asked.levels == EVERY_LEVEL or (said.levels[0] <= asked.levels[0] and asked.levels[1] <= said.levels[1]))
        and (
            not asked.qualification_types
            or not said.qualification_types
            or asked.qualification_types <= said.qualification_types
        )
        and (not asked.jurisdiction or said.jurisdiction in ("", asked.jurisdiction))
    )


class _Holding:
    """The decisions about one holder: those about the institution, and by the programmes that they name."""

    __slots__ = ("by_programme", "entries", "whole")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.whole: list[Entry] = []
        self.by_programme: dict[bytes, list[Entry]] = {}

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        if entry.is_whole:
            self.whole.append(entry)
        for programme in dict.fromkeys(each.programme for each in entry.scopes):
            self.by_programme.setdefault(programme, []).append(entry)

    def about(self, scope: Scope) -> list[Entry]:
        """What may be about the scope, without those about other programmes."""
        return self.whole + self.by_programme.get(scope.programme, [])


_NOTHING: Final = _Holding()


class SnapshotIndex:
    """The decisions of one snapshot, by the parties and the identifiers of their holders.

    Args:
        decisions: each with the digest of its leaf. Those that another one of them replaces count no more.

    Attributes:
        listed: all of them, in their order.
        replaced: digest of a decision that counts no more → digest of the one that replaces it.
    """

    def __init__(self, decisions: Iterable[tuple[bytes, QualityDecision]]):
        listed = list(decisions)
        self.listed = tuple(listed)
        self.replaced = {each.replaces: digest for digest, each in listed if each.replaces is not None}
        self._by_party: dict[int, _Holding] = {}
        self._by_identifier: dict[Identifier, _Holding] = {}
        self._institutions: dict[int, list[frozenset[Identifier]]] = {}
        for digest, decision in listed:
            if digest not in self.replaced:
                self._add(_entry(digest, decision))
        self.ambiguous = frozenset(party for party, holders in self._institutions.items() if _are_several(holders))
        self._institutions.clear()

    def _add(self, entry: Entry) -> None:
        for holder in entry.decision.holders:
            for identifier in holder.identifiers:
                self._by_identifier.setdefault(identifier, _Holding()).add(entry)
            if holder.party is not None:
                self._by_party.setdefault(holder.party, _Holding()).add(entry)
                known = self._institutions.setdefault(holder.party, [])
                if (identifiers := frozenset(holder.identifiers)) not in known:
                    known.append(identifiers)

    def of_party(self, party: int) -> _Holding:
        """What is listed of a party, by the mirror's word for who that is."""
        return self._by_party.get(party, _NOTHING)

    def of_institution(self, identifier: Identifier) -> _Holding:
        """What is listed of an institution."""
        return self._by_identifier.get(identifier, _NOTHING)


def _entry(digest: bytes, decision: QualityDecision) -> Entry:
    is_whole = decision.is_whole
    countries = frozenset(holder.country for holder in decision.holders if holder.country)
    about = () if is_whole else decision.programmes
    scopes = tuple(dict.fromkeys(scope for programme in about for scope in programme.scopes(countries)))
    rank = (not is_whole, decision.valid_from, _CAUTION.get(decision.ruling, 0), digest)
    return Entry(decision, digest, is_whole, scopes, rank)


def _are_several(holders: Sequence[frozenset[Identifier]]) -> bool:
    """Whether holders that are called one party cannot be one institution: nothing links them, and they contradict."""
    groups: list[set[Identifier]] = []
    for identifiers in holders:
        together = [group for group in groups if group & identifiers]
        groups = [group for group in groups if not group & identifiers]
        groups.append(set(identifiers).union(*together))
    schemes: set[str] = set()
    for group in groups:
        own = {each.scheme for each in group} - LOCAL_SCHEMES
        if schemes & own:
            return True
        schemes |= own
    return False


@dataclass(frozen=True, slots=True)
class IndexedSnapshot:
    """A snapshot that was read, with its index: made once, and asked by whoever believes its mirror.

    Attributes:
        document: its manifest with its signatures.
        root, leaf_count: of the batch in which its mirror anchors it.
    """

    manifest: Manifest
    document: Mapping[str, Any] = field(repr=False)
    root: bytes
    leaf_count: int
    index: SnapshotIndex = field(repr=False)

    @classmethod
    def of(cls, snapshot: Snapshot) -> IndexedSnapshot:
        """From what was read."""
        index = SnapshotIndex(zip(snapshot.digests, snapshot.decisions, strict=True))
        return cls(snapshot.manifest, snapshot.document, snapshot.root, snapshot.leaf_count, index)


@dataclass(frozen=True, slots=True)
class Publication:
    """When a snapshot was anchored by its mirror.

    Attributes:
        root: of the batch, 32 bytes.
        at: time of the block.
        final: whether that block can no longer be undone; None where nobody said.
    """

    root: bytes
    block: int
    at: datetime
    final: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "root": f"0x{self.root.hex()}",
            "block": self.block,
            "publishedAt": write_timestamp(self.at),
            "final": self.final,
        }


@dataclass(frozen=True, slots=True)
class Published:
    """A snapshot with its publication.

    Attributes:
        made_at: by the word of its manifest; of two in one block, the one that was made later counts as the newer.
    """

    index: SnapshotIndex
    publication: Publication
    made_at: datetime = _NEVER


@dataclass(frozen=True, slots=True)
class Found:
    """What one snapshot says.

    Attributes:
        publication: of the snapshot; None where none was published by then.
        decision: the one that counts, or of several that do not, the nearest; None where there is none.
        digest: of its leaf.
        holder: the one of its holders that was asked about.
    """

    standing: Standing
    publication: Publication | None = None
    decision: QualityDecision | None = None
    digest: bytes | None = None
    holder: Holder | None = None

    @property
    def holds(self) -> bool:
        """Whether the holder may do it by this snapshot, with or without conditions."""
        return self.standing in HOLDING


@dataclass(frozen=True, slots=True)
class RegisterAnswer:
    """What a register says of a holder at a moment, by two snapshots.

    Attributes:
        register: its short name.
        mirror: the party whose statement it is.
        then: by the snapshot that was the newest at that moment.
        now: by the newest one there is.
    """

    register: str
    mirror: int
    asked: int | Identifier
    scope: Scope
    moment: datetime
    then: Found
    now: Found

    @property
    def holds(self) -> bool:
        """Whether it holds by both."""
        return self.then.holds and self.now.holds


@dataclass(frozen=True, slots=True)
class Register:
    """A register as one mirror published it.

    Attributes:
        published: in any order; one at least, and each anchored by the mirror.
        parties: which party an institution is, by the word of the verifier; it goes before that of the mirror.
    """

    name: str
    mirror: int
    published: tuple[Published, ...]
    parties: Mapping[Identifier, int] = field(default_factory=dict)
    _called: Mapping[int, tuple[Identifier, ...]] = field(init=False, repr=False, compare=False)
    _times: tuple[datetime, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ordered = sorted(self.published, key=lambda each: (each.publication.at, each.publication.block, each.made_at))
        if not ordered:
            raise ValueError("a register needs a snapshot")
        called: dict[int, list[Identifier]] = {}
        for identifier, party in self.parties.items():
            called.setdefault(party, []).append(identifier)
        object.__setattr__(self, "published", tuple(ordered))
        object.__setattr__(self, "_called", {party: tuple(names) for party, names in called.items()})
        object.__setattr__(self, "_times", tuple(each.publication.at for each in ordered))

    @property
    def newest(self) -> Published:
        """The snapshot that was published last."""
        return self.published[-1]

    def at(self, moment: datetime) -> Published | None:
        """The newest snapshot that was published by that moment."""
        place = bisect_right(self._times, moment)
        return self.published[place - 1] if place else None

    def ask(self, holder: int | Identifier, scope: Scope, moment: datetime) -> RegisterAnswer:
        """What it says of a holder for a scope at a moment, as known then and as known now.

        Args:
            holder: a party of the mirror's chain, or an identifier of the register.
            scope: with the programme that is meant; without one, only what is said of whole institutions counts.
            moment: with a time zone; its day in UTC counts.
        """
        then, newest = self.at(moment), self.newest
        day = moment.astimezone(UTC).date()
        now = self._found(newest, holder, scope, day)
        if then is newest:
            before = now
        else:
            before = Found(Standing.NOT_PUBLISHED) if then is None else self._found(then, holder, scope, day)
        return RegisterAnswer(self.name, self.mirror, holder, scope, moment, before, now)

    def _found(self, published: Published, holder: int | Identifier, scope: Scope, day: date) -> Found:
        index, publication = published.index, published.publication
        if isinstance(holder, Identifier):
            holding = index.of_institution(holder)
        elif called := self._called.get(holder):
            holding = _together([index.of_institution(each) for each in called])
            if len(called) > 1 and _are_several(_institutions(holding, called)):
                return Found(Standing.AMBIGUOUS, publication)
        elif holder in index.ambiguous:
            return Found(Standing.AMBIGUOUS, publication)
        else:
            holding = _without(index.of_party(holder), holder, self.parties)
        standing, entry = _judged(holding, scope, day)
        if entry is None:
            return Found(standing, publication)
        return Found(standing, publication, entry.decision, entry.digest, self._own(entry.decision.holders, holder))

    def _own(self, holders: Sequence[Holder], asked: int | Identifier) -> Holder | None:
        """Which of the holders was asked about."""
        if isinstance(asked, Identifier):
            return next((each for each in holders if asked in each.identifiers), None)
        called = self._called.get(asked)
        if called is None:
            return next((each for each in holders if each.party == asked), None)
        return next((each for each in holders if not set(called).isdisjoint(each.identifiers)), None)


def _judged(holding: _Holding, scope: Scope, day: date) -> tuple[Standing, Entry | None]:
    """What the decisions about one holder come to, and the one that says so."""
    about = [entry for entry in holding.about(scope) if entry.is_about(scope)]
    in_force = [entry for entry in about if entry.decision.holds_on(day)]
    ruled = [entry for entry in in_force if entry.standing is not Standing.NO_RULING]
    if in_force:
        best = max(ruled or in_force, key=_rank)
        return best.standing, best
    allowing = [entry for entry in about if entry.standing in HOLDING]
    ended = [entry for entry in allowing if entry.decision.valid_from <= day]
    if ended:
        return Standing.LAPSED, max(ended, key=lambda entry: (entry.decision.valid_until or day, entry.rank))
    if allowing:
        return Standing.NOT_YET, min(allowing, key=lambda entry: (entry.decision.valid_from, entry.rank))
    if holding.entries:
        nearest = max(holding.entries, key=lambda entry: (entry.decision.holds_on(day), entry.rank))
        return Standing.OTHER_SCOPE, nearest
    return Standing.NOT_LISTED, None


def _rank(entry: Entry) -> tuple[bool, date, int, bytes]:
    return entry.rank


def _together(holdings: Iterable[_Holding]) -> _Holding:
    """Several names of one institution."""
    first, *others = holdings
    if not others:
        return first
    found = _Holding()
    for entry in {entry.digest: entry for each in (first, *others) for entry in each.entries}.values():
        found.add(entry)
    return found


def _institutions(holding: _Holding, called: Collection[Identifier]) -> list[frozenset[Identifier]]:
    """The holders that have one of these names."""
    names = set(called)
    return [
        frozenset(holder.identifiers)
        for entry in holding.entries
        for holder in entry.decision.holders
        if not names.isdisjoint(holder.identifiers)
    ]


def _without(holding: _Holding, party: int, parties: Mapping[Identifier, int]) -> _Holding:
    """What the mirror says of a party, without those whom the verifier knows as other parties."""
    if not parties:
        return holding
    found = _Holding()
    for entry in holding.entries:
        own = [each for each in entry.decision.holders if each.party == party]
        if all(parties.get(identifier, party) == party for each in own for identifier in each.identifiers):
            found.add(entry)
    return found
