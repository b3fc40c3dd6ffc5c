"""One credential in several batches: what its issuer did to it in one of them counts in the others.

An issuer may anchor a digest more than once: a yearly export repeats it, a voided batch is issued again, a thief of a
key repeats what he saw. The rule, for the issuer that is asked about, over all anchors of the digest that are known:
what is revoked, voided or suspended in any of them is so in all, unless that anchor was superseded by the one looked
at, directly or by way of others of them. What the issuer said of the digest itself counts in all of them, superseded
or not. What other parties did to their anchors of the digest counts nothing.

Pure. Lookups, verdicts, status lists, audits and figures all ask `judge`. `docs/reference/verdict.md` has the rule in
words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from registry.records import NOTHING_SAID, WORD_BITS, DigestStatus, Purpose


class AnchorPlace(NamedTuple):
    """Where a digest is anchored: the root of the batch, 32 bytes, and the index of its leaf."""

    root: bytes
    leaf_index: int


@dataclass(frozen=True, slots=True)
class AnchorState:
    """What became of one anchor of a digest, by itself.

    Attributes:
        revoked, suspended: the status of its own leaf.
        voided: whether its whole batch was voided.
        superseded_by: what its issuer put in its place, by the latest word on it.
        reason: why, in the issuer's word, where one is known: of the voiding, revocation or suspension.
        by_digest: what its issuer said of the digest, wherever it is anchored.
    """

    issuer: int
    place: AnchorPlace
    revoked: bool = False
    suspended: bool = False
    voided: bool = False
    superseded_by: AnchorPlace | None = None
    reason: str | None = None
    by_digest: DigestStatus = NOTHING_SAID

    @property
    def is_revoked(self) -> bool:
        """By its place or by its digest; a voided batch is another matter."""
        return self.revoked or self.by_digest.is_revoked

    @property
    def is_suspended(self) -> bool:
        """By its place or by its digest."""
        return self.suspended or self.by_digest.is_suspended


@dataclass(frozen=True, slots=True)
class Judgement:
    """What counts of an anchor: for each, the anchor that makes it so, or None.

    The anchor looked at comes before others, so that it names itself where it can.
    """

    revoked: AnchorState | None = None
    voided: AnchorState | None = None
    suspended: AnchorState | None = None

    @property
    def withdrawn(self) -> AnchorState | None:
        """The anchor by which the credential is revoked for good, alone or with its batch."""
        return self.revoked or self.voided

    @property
    def stands(self) -> bool:
        """Whether nothing speaks against it."""
        return self.withdrawn is None and self.suspended is None


def judge(looked_at: AnchorState, known: Iterable[AnchorState]) -> Judgement:
    """What counts of one anchor of a digest.

    Args:
        known: all anchors of the same digest that are known, by whomever; the one looked at may be among them.
    """
    others = {each.place: each for each in known if each.issuer == looked_at.issuer and each.place != looked_at.place}
    links = {place: each.superseded_by for place, each in others.items()}
    counting = (looked_at, *(each for each in others.values() if not _leads_to(each.place, looked_at.place, links)))
    return Judgement(
        revoked=next((each for each in counting if each.is_revoked), None),
        voided=next((each for each in counting if each.voided), None),
        suspended=next((each for each in counting if each.is_suspended), None),
    )


def _leads_to(start: AnchorPlace, end: AnchorPlace, links: Mapping[AnchorPlace, AnchorPlace | None]) -> bool:
    """Whether the replacements lead from one anchor to another; an issuer may write a circle of them."""
    seen = {start}
    place = links.get(start)
    while place is not None and place != end and place not in seen:
        seen.add(place)
        place = links.get(place)
    return place == end


@dataclass(frozen=True, slots=True)
class IssuerState:
    """What became of all credentials of one issuer, each anchor by itself, as events or an index tell it.

    Attributes:
        counts: the leaf count of each batch, by its root.
        voided: roots of voided batches.
        words: status words by root and purpose and by their number; bit b of word w is
            leaf 256 w + b. Of a voided batch they are what they were before.
        superseded: what the issuer put in the place of what, by the latest word on it.
        digests: what the issuer said of credentials by their digests.
    """

    issuer: int
    counts: Mapping[bytes, int]
    voided: Collection[bytes] = ()
    words: Mapping[tuple[bytes, int], Mapping[int, int]] = field(default_factory=dict)
    superseded: Mapping[AnchorPlace, AnchorPlace] = field(default_factory=dict)
    digests: Mapping[bytes, DigestStatus] = field(default_factory=dict)

    def state_of(self, place: AnchorPlace, digest: bytes) -> AnchorState:
        """What became of one anchor of a digest, by itself."""
        return AnchorState(
            self.issuer,
            place,
            revoked=self._is_set(place, Purpose.REVOCATION),
            suspended=self._is_set(place, Purpose.SUSPENSION),
            voided=place.root in self.voided,
            superseded_by=self.superseded.get(place),
            by_digest=self.digests.get(digest, NOTHING_SAID),
        )

    def marked(self, root: bytes) -> Iterator[int]:
        """The leaves of a batch whose places something speaks against, ascending."""
        if root in self.voided:
            yield from range(self.counts[root])
            return
        revoked, suspended = (self.words.get((root, purpose), {}) for purpose in Purpose)
        for word in sorted(revoked.keys() | suspended.keys()):
            bits = revoked.get(word, 0) | suspended.get(word, 0)
            yield from (word * WORD_BITS + bit for bit in range(WORD_BITS) if bits >> bit & 1)

    def _is_set(self, place: AnchorPlace, purpose: int) -> bool:
        word, bit = divmod(place.leaf_index, WORD_BITS)
        return bool(self.words.get((place.root, purpose), {}).get(word, 0) >> bit & 1)


class Spread(NamedTuple):
    """An anchor of a digest that more counts of than what was done to its place, and what does."""

    digest: bytes
    state: AnchorState
    judgement: Judgement

    @property
    def revoked(self) -> bool:
        """Whether it is revoked, or taken for it, by its digest or another anchor alone."""
        return self.judgement.withdrawn is not None and not (self.state.revoked or self.state.voided)

    @property
    def suspended(self) -> bool:
        """Whether it is suspended by its digest or another anchor alone."""
        return self.judgement.suspended is not None and not self.state.suspended


def spread(state: IssuerState, repeated: Iterable[tuple[bytes, Collection[AnchorPlace]]]) -> Iterator[Spread]:
    """Where the rule makes more of an issuer's anchors than what was done to the place of each.

    Args:
        repeated: digests that are in several of its batches, or of which it said something by themselves, and all their
            places.
    """
    for digest, places in repeated:
        states = [state.state_of(place, digest) for place in places]
        for each in states:
            found = Spread(digest, each, judge(each, states))
            if found.revoked or found.suspended:
                yield found


def spread_words(found: Iterable[Spread], purpose: int) -> dict[bytes, dict[int, int]]:
    """The status bits of a purpose that `spread` adds, by root and by the number of the word."""
    words: dict[bytes, dict[int, int]] = {}
    for each in found:
        if each.suspended if purpose == Purpose.SUSPENSION else each.revoked:
            word, bit = divmod(each.state.place.leaf_index, WORD_BITS)
            mine = words.setdefault(each.state.place.root, {})
            mine[word] = mine.get(word, 0) | 1 << bit
    return words
