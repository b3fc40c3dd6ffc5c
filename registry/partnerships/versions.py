"""Which of the documents with one id counts: by whom and when each was anchored decides, and nothing else.

Pure. The first one that a party of it anchored begins the partnership. A later one takes its place when its revision is
higher and it was anchored by a party that both it and the one before it name. All others are kept, and count nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from registry.records import BlockRef
from registry.timestamps import write_timestamp


class Standing(StrEnum):
    """What a document is."""

    CURRENT = "current"
    REPLACED = "replaced"
    NOT_ANCHORED = "not-anchored"
    UNKNOWN = "unknown"
    """Whether it is anchored could not be looked up."""
    BY_OTHERS = "anchored-by-others"
    WITHDRAWN = "withdrawn"
    OVERLAPPING = "overlapping"
    """Another document with the same or a higher revision was there before."""


class Anchoring(NamedTuple):
    """One anchor of a document: who, in which block, and whether it was revoked or its batch voided."""

    party: int
    block: BlockRef
    withdrawn: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"party": self.party, "block": self.block.to_dict(), "withdrawn": self.withdrawn}


class Versioned(Protocol):
    """A document with versions."""

    @property
    def id(self) -> str:
        """What all versions share."""

    @property
    def revision(self) -> int:
        """1, 2, 3…"""

    @property
    def numbers(self) -> frozenset[int]:
        """The parties that may anchor it."""


D = TypeVar("D", bound=Versioned)


@dataclass(frozen=True, slots=True)
class Kept(Generic[D]):
    """A document that is kept, its anchors, and what it is.

    Attributes:
        counted: the anchor by which it counts; None where it does not.
        until: when a later version took its place.
    """

    document: D
    digest: bytes
    anchors: tuple[Anchoring, ...]
    standing: Standing
    counted: Anchoring | None = None
    until: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether it is or was the version that counted."""
        return self.counted is not None

    def counted_at(self, moment: datetime) -> bool:
        """Whether it was the version that counted then."""
        if self.counted is None or self.counted.block.timestamp > moment:
            return False
        return self.until is None or moment < self.until

    def members(self) -> dict[str, Any]:
        """What is said of it, for JSON."""
        return {
            "digest": self.digest.hex(),
            "standing": self.standing.value,
            "anchoredBy": self.counted and self.counted.party,
            "block": self.counted and self.counted.block.to_dict(),
            "until": self.until and write_timestamp(self.until),
            "anchors": [each.to_dict() for each in self.anchors],
        }


def judged(documents: Mapping[bytes, D], anchors: Mapping[bytes, Collection[Anchoring] | None]) -> tuple[Kept[D], ...]:
    """Every document with what it is; by id, and for each in the order in which they were anchored.

    Args:
        documents: by digest.
        anchors: by digest; of whomever. None where they could not be looked up.
    """
    by_id: dict[str, list[Kept[D]]] = {}
    for digest, document in documents.items():
        found = anchors.get(digest, ())
        if found is None:
            told = Kept(document, digest, (), Standing.UNKNOWN)
        else:
            told = _alone(document, digest, tuple(sorted(found, key=lambda each: (each.block.number, each.party))))
        by_id.setdefault(document.id, []).append(told)
    return tuple(each for name in sorted(by_id) for each in _in_order(by_id[name]))


def _alone(document: D, digest: bytes, anchors: tuple[Anchoring, ...]) -> Kept[D]:
    """A document without regard to others of its id."""
    if not anchors:
        return Kept(document, digest, anchors, Standing.NOT_ANCHORED)
    own = [each for each in anchors if each.party in document.numbers]
    if not own:
        return Kept(document, digest, anchors, Standing.BY_OTHERS)
    standing = [each for each in own if not each.withdrawn]
    if not standing:
        return Kept(document, digest, anchors, Standing.WITHDRAWN)
    return Kept(document, digest, anchors, Standing.CURRENT, standing[0])


def _in_order(versions: Iterable[Kept[D]]) -> list[Kept[D]]:
    """What each version is beside the others: anchors decide, one after the other."""
    told = {each.digest: each for each in versions}
    anchored = [
        (each, anchor)
        for each in told.values()
        if each.counted is not None
        for anchor in each.anchors
        if anchor.party in each.document.numbers and not anchor.withdrawn
    ]
    current: Kept[D] | None = None
    counted = set[bytes]()
    for each, anchor in sorted(anchored, key=_when_anchored):
        if each.digest in counted:
            continue
        if current is not None:
            standing = _refused(each.document, anchor, current.document)
            if standing is not None:
                told[each.digest] = replace(each, standing=standing, counted=None)
                continue
            until = anchor.block.timestamp
            told[current.digest] = replace(current, standing=Standing.REPLACED, until=until)
        current = replace(each, counted=anchor)
        told[each.digest] = current
        counted.add(each.digest)
    first = {each.digest: anchor for each, anchor in sorted(anchored, key=_when_anchored, reverse=True)}
    return sorted(told.values(), key=lambda each: _when(each, first.get(each.digest)))


def _refused(document: D, anchor: Anchoring, before: D) -> Standing | None:
    """What a version is that does not take the place of the one before it by an anchor; None of one that does."""
    if document.revision <= before.revision:
        return Standing.OVERLAPPING
    return None if anchor.party in before.numbers else Standing.BY_OTHERS


def _when_anchored(each: tuple[Kept[D], Anchoring]) -> tuple[int, int, bytes, int]:
    kept, anchor = each
    return anchor.block.number, kept.document.revision, kept.digest, anchor.party


def _when(each: Kept[D], first: Anchoring | None) -> tuple[bool, int, int, bytes]:
    anchor = each.counted or first
    return anchor is None, 0 if anchor is None else anchor.block.number, each.document.revision, each.digest
