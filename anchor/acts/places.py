"""Where credentials are on chain, and what became of each place by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from anchor.batching.reissue import revoked_by_digest
from anchor.books.batches import Place
from anchor.books.on_chain import UnknownBatch, named
from anchor.workspace import Workspace
from registry.anchors import AnchorPlace, AnchorState
from registry.chain.contract import CredentialRegistry
from registry.errors import ProofError, StoreError
from registry.merkle.proof import check_inclusion
from registry.receipt.model import Receipt
from registry.records import WORD_BITS, Purpose

SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Target:
    """A credential that is meant: how it was named, and what of it may be anchored.

    Attributes:
        digests: every digest that a file, or what it holds, may be anchored by, its own first; of a digest, itself.
        receipts: those that came with it: they may name a place that the database does not know.
        places: where in the file that is which has a digest, for those inside it.
        unread: what of the file could not be read, in words; it may hold more.
    """

    named: str
    digests: tuple[bytes, ...]
    receipts: tuple[Receipt, ...] = ()
    places: Mapping[bytes, str] = field(default_factory=dict)
    unread: str = ""

    @classmethod
    def of(cls, digest: bytes) -> Target:
        """What is named by its digest, 32 bytes."""
        return cls(digest.hex(), (digest,))

    def what(self, digest: bytes) -> str:
        """One of its digests in words."""
        place = self.places.get(digest)
        return digest.hex() if place is None else f"{digest.hex()} ({place})"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place of a credential on chain: its issuer's batch and its leaf there."""

    digest: bytes
    issuer: int
    root: bytes
    leaf_index: int

    @property
    def place(self) -> AnchorPlace:
        """Root and index."""
        return AnchorPlace(self.root, self.leaf_index)


def find(workspace: Workspace, issuer: int, targets: Sequence[Target], unknown: Sequence[UnknownBatch]) -> list[Spot]:
    """Every known anchor by the issuer of what is meant, by root and leaf.

    Args:
        unknown: the issuer's batches that the database does not know.

    Raises:
        StoreError: code `not-anchored` or `unknown-batches`: of one of them nothing is known.
    """
    spots = find_some(workspace, issuer, targets)
    if missing := without(targets, spots):
        raise not_known(issuer, missing, len(targets), unknown)
    return spots


def find_some(workspace: Workspace, issuer: int, targets: Sequence[Target]) -> list[Spot]:
    """As `find`, where some of them may have none.

    Those that the database does not know may be in receipts; each is proved against the chain first.
    """
    wanted = list(dict.fromkeys(digest for target in targets for digest in target.digests))
    places = workspace.store.places_of(wanted, issuer)
    spots = {Spot(place.leaf.digest, issuer, place.batch.root, place.leaf.leaf_index) for place in places}
    for target in targets:
        for receipt in target.receipts:
            if receipt.digest_value in target.digests:
                spot = _proved(workspace, receipt.digest_value, issuer, receipt)
                spots |= set() if spot is None else {spot}
    return sorted(spots, key=lambda spot: (spot.root, spot.leaf_index))


def without(targets: Sequence[Target], spots: Sequence[Spot]) -> list[Target]:
    """Those of which no anchor is known."""
    found = {spot.digest for spot in spots}
    return [target for target in targets if found.isdisjoint(target.digests)]


def meant(targets: Sequence[Target], anchored: Collection[bytes], *, everything: bool) -> dict[bytes, Target]:
    """The digests that are meant, each with what it was named by first.

    Args:
        everything: all that is anchored of a file, where that is more than one credential.

    Raises:
        StoreError: code `several-anchored`: several credentials of one file are anchored, and not all were asked for.
    """
    chosen: dict[bytes, Target] = {}
    for target in targets:
        found = [digest for digest in target.digests if digest in anchored]
        if len(found) > 1 and not everything:
            raise StoreError(
                f"{len(found):,} of what it holds are anchored: "
                + "; ".join(map(target.what, found[:SHOWN]))
                + (f"; and {len(found) - SHOWN:,} more" if len(found) > SHOWN else "")
                + ". Nothing was changed",
                where=target.named,
                remedy="Name the digest that is meant, or use --all for all of them.",
                code="several-anchored",
            )
        for digest in found:
            chosen.setdefault(digest, target)
    return chosen


def anchor_states(contract: CredentialRegistry, spots: Sequence[Spot]) -> list[AnchorState]:
    """What became of each of the places of one credential; one of a batch that is not on chain yet is untouched.

    Raises:
        ChainUnavailable: no answer.
    """
    states = []
    for spot in spots:
        (said,) = contract.digest_statuses(spot.issuer, [spot.digest])
        batch = contract.batch(spot.issuer, spot.root)
        if batch is None:
            states.append(AnchorState(spot.issuer, spot.place, by_digest=said))
            continue
        status = contract.status(spot.issuer, spot.root, spot.leaf_index, spot.digest)
        # One place alone is nobody's replacement.
        alone = len(spots) == 1
        by = {} if alone else contract.replacements(spot.issuer, spot.root, from_block=batch.block_number)
        states.append(
            AnchorState(
                spot.issuer,
                spot.place,
                revoked=status.revoked,
                suspended=status.suspended,
                voided=batch.voided_at is not None,
                superseded_by=by.get(spot.leaf_index),
                by_digest=said,
            )
        )
    return states


def revoked_among(places: Sequence[Place], contract: CredentialRegistry) -> int:
    """How many of these credentials of one issuer are revoked on chain, by their places or their digests."""
    words: dict[tuple[int, bytes, int], int] = {}
    by_digest = revoked_by_digest(contract, places[0].batch.issuer, _digests(places)) if places else set()
    revoked = 0
    for place in places:
        issuer, root = place.batch.issuer, place.batch.root
        if place.leaf.digest in by_digest:
            revoked += 1
            continue
        word, bit = divmod(place.leaf.leaf_index, WORD_BITS)
        key = (issuer, root, word)
        if key not in words:
            # A batch that is sealed and not anchored yet has no status on chain.
            anchored = contract.batch(issuer, root) is not None
            words[key] = contract.status_words(issuer, root, Purpose.REVOCATION, word, 1)[0] if anchored else 0
        revoked += words[key] >> bit & 1
    return revoked


def _digests(places: Sequence[Place]) -> list[bytes]:
    return list(dict.fromkeys(place.leaf.digest for place in places))


def _proved(workspace: Workspace, digest: bytes, issuer: int, receipt: Receipt) -> Spot | None:
    """The place that a receipt names, once its path and the chain agree with it."""
    anchor, contract = receipt.anchor, workspace.contract
    if (anchor.chain, anchor.contract.lower()) != (workspace.chain, contract.address.lower()):
        return None
    if anchor.issuer != issuer or receipt.digest_value != digest:
        return None
    try:
        check_inclusion(digest, receipt.root, receipt.inclusion_proof)
    except ProofError:
        return None
    batch = contract.batch(issuer, receipt.root)
    # A path holds for the leaf count it was made for: another one would name another leaf.
    if batch is None or batch.leaf_count != receipt.inclusion.leaf_count:
        return None
    return Spot(digest, issuer, receipt.root, receipt.inclusion.leaf_index)


def not_known(
    issuer: int, missing: Sequence[Target], wanted: int, unknown: Sequence[UnknownBatch], otherwise: str = ""
) -> StoreError:
    """That nothing is changed because of some no anchor is known.

    Args:
        wanted: how many were named.
        otherwise: what can be done about it beside the rest; a sentence.
    """
    also = f" {otherwise}" if otherwise else ""
    if not unknown:
        return StoreError(
            f"{len(missing):,} of {wanted:,} are in no batch of issuer {issuer}; nothing was changed",
            where=missing[0].named,
            remedy=f"Check the issuer, and that the file is exactly the one that was anchored.{also}",
            code="not-anchored",
        )
    return StoreError(
        f"{len(missing):,} of {wanted:,} are in no batch of issuer {issuer} that this folder knows, and it does not "
        f"know {named(unknown)}; nothing was changed",
        where=missing[0].named,
        remedy="Put the receipt beside the file (<name>.receipt.json), work with the database in which it was "
        f"anchored, or anchor exactly the same input again: a set that is on chain is taken over without a transaction."
        f"{also}",
        code="unknown-batches",
    )
