"""One credential in several batches: what its issuer did to it in one of them counts in the others.

An issuer may anchor a digest more than once: a yearly export repeats it, a voided batch is issued again, a thief of a
key repeats what he saw. The rule, for the issuer that is asked about, over all anchors of the digest that are known:
what is revoked, voided or suspended in any of them is so in all, unless that anchor was superseded by the one looked
at, directly or by way of others of them. What other parties did to their anchors of the digest counts nothing.

Pure. Lookups, verdicts, status lists, audits and figures all ask `judge`. `docs/reference/verdict.md` has the rule in
words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


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
    """

    issuer: int
    place: AnchorPlace
    revoked: bool = False
    suspended: bool = False
    voided: bool = False
    superseded_by: AnchorPlace | None = None
    reason: str | None = None


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
        revoked=next((each for each in counting if each.revoked), None),
        voided=next((each for each in counting if each.voided), None),
        suspended=next((each for each in counting if each.suspended), None),
    )


def _leads_to(start: AnchorPlace, end: AnchorPlace, links: Mapping[AnchorPlace, AnchorPlace | None]) -> bool:
    """Whether the replacements lead from one anchor to another; an issuer may write a circle of them."""
    seen = {start}
    place = links.get(start)
    while place is not None and place != end and place not in seen:
        seen.add(place)
        place = links.get(place)
    return place == end
