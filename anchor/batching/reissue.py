"""What a batch that is issued again says of the voided ones whose credentials it repeats: that it replaces them.

Without that word a verifier who knows both batches takes the credential for withdrawn (`registry.anchors`): nothing
else tells a new decision of the issuer from an export that repeats everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from anchor.books.batches import BatchRow, BatchStore, Place
from anchor.books.on_chain import UNSTATED
from anchor.workspace import Workspace
from registry.anchors import AnchorPlace, AnchorState, judge
from registry.chain.calls import call_data
from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.client import BlockNumber
from registry.merkle.tree import Tree
from registry.records import WORD_BITS, DigestStatus, Purpose

CALLS_A_TRANSACTION: Final = 200
# What any endpoint allows a call; beyond that, one look at the events costs less.
ASKED_AT_ONCE: Final = 1_000


def supersede_voided(workspace: Workspace, row: BatchRow) -> int:
    """Record that the credentials of an anchored batch replace those of the issuer's voided batches.

    A credential that was revoked or suspended by itself before its batch was voided stays so: to bring it back takes a
    decision about that one. What is recorded already is not sent again.

    Returns:
        how many credentials were replaced now.

    Raises:
        ChainError: as `Engine.settle`; run again, it goes on.
    """
    contract, done = workspace.contract, 0
    for old, pairs in _repeated(workspace.store, row).items():
        batch = contract.batch(row.issuer, old)
        if batch is None or batch.voided_at is None:
            continue
        kept = _marked(contract, row.issuer, old, pairs, batch.block_number)
        there = contract.replacements(row.issuer, old, from_block=batch.block_number)
        wanted = [
            (index, by)
            for index, by in sorted(pairs.items())
            if index not in kept and there.get(index) != AnchorPlace(row.root, by)
        ]
        for some in _in_pieces(wanted):
            calls = [contract.supersede_data(row.issuer, old, index, row.root, by) for index, by in some]
            name = f"supersede {row.issuer} 0x{old.hex()} by 0x{row.root.hex()} from {some[0][0]} on"
            workspace.sender.settle(name, contract.address, call_data("multicall", calls), is_missing=True)
            done += len(some)
    return done


def _repeated(store: BatchStore, row: BatchRow) -> dict[bytes, dict[int, int]]:
    """By the root of each other batch: the leaves there of credentials that the batch repeats, and the leaves here."""
    here = {leaf.digest: leaf.leaf_index for leaf in store.leaves(row)}
    found: dict[bytes, dict[int, int]] = {}
    for place in store.places_of(list(here), row.issuer):
        if place.batch.root != row.root:
            found.setdefault(place.batch.root, {})[place.leaf.leaf_index] = here[place.leaf.digest]
    return found


def revoked_by_digest(contract: CredentialRegistry, issuer: int, digests: Sequence[bytes]) -> set[bytes]:
    """Those of the digests that the issuer revoked wherever they are anchored, or will be: to anchor them is in vain.

    A large set is compared with all that the issuer ever revoked so, where the endpoint tells of it at once: few are.

    Raises:
        ChainUnavailable: no answer.
    """
    if len(digests) > ASKED_AT_ONCE and (known := contract.all_revoked_digests(issuer)) is not None:
        digests = [digest for digest in digests if digest in known]
    return {digest for digest, said in said_by_digest(contract, issuer, digests).items() if said.is_revoked}


def anchored_in_vain(contract: CredentialRegistry, issuer: int, digests: Sequence[bytes]) -> set[bytes]:
    """What of a set that is to be anchored as one batch is left out, because the issuer revoked it by its digest.

    A set that is on chain as it is, is only taken over: nothing of it is left out.

    Raises:
        ChainUnavailable: no answer; then nothing is to be sealed.
    """
    revoked = revoked_by_digest(contract, issuer, digests)
    if not revoked:
        return revoked
    with Tree.build(sorted(digests)) as tree:
        batch = contract.batch(issuer, tree.root)
        is_there = batch is not None and batch.leaf_count in (tree.leaf_count, UNSTATED)
    return set() if is_there else revoked


def said_by_digest(
    contract: CredentialRegistry, issuer: int, digests: Sequence[bytes], *, at: BlockNumber = "latest"
) -> dict[bytes, DigestStatus]:
    """What the issuer said of each, wherever it is anchored.

    Args:
        at: as of which block.

    Raises:
        ChainUnavailable: no answer.
    """
    found: dict[bytes, DigestStatus] = {}
    for start in range(0, len(digests), ASKED_AT_ONCE):
        piece = digests[start : start + ASKED_AT_ONCE]
        found |= zip(piece, contract.digest_statuses(issuer, piece, at=at), strict=True)
    return found


def revoked_for_good(contract: CredentialRegistry, places: Iterable[Place]) -> set[bytes]:
    """The credentials that were revoked by their digests, or by a place that none of their others supersedes.

    To issue them again would bring the latter back for everybody who sees the new anchor alone. A batch that was voided
    revokes no credential by itself.

    Args:
        places: of one issuer, all that are known of each credential.

    Raises:
        ChainUnavailable: no answer.
    """
    by_root: dict[bytes, list[Place]] = {}
    by_digest: dict[bytes, list[Place]] = {}
    for place in places:
        by_root.setdefault(place.batch.root, []).append(place)
        by_digest.setdefault(place.leaf.digest, []).append(place)
    issuers = {its[0].batch.issuer for its in by_root.values()}
    always = {digest for issuer in issuers for digest in revoked_by_digest(contract, issuer, list(by_digest))}
    revoked, blocks, found = dict[bytes, set[int]](), dict[bytes, int](), set[bytes]()
    for root, its in by_root.items():
        batch = contract.batch(its[0].batch.issuer, root)
        if batch is not None:
            blocks[root] = batch.block_number
            revoked[root] = _revoked(contract, its[0].batch.issuer, root, batch.block_number)
            found |= {place.leaf.digest for place in its if place.leaf.leaf_index in revoked[root]}
    links = {
        root: contract.replacements(by_root[root][0].batch.issuer, root, from_block=blocks[root])
        for root in {place.batch.root for digest in found for place in by_digest[digest]} & blocks.keys()
    }
    states = {
        digest: [
            AnchorState(
                place.batch.issuer,
                AnchorPlace(place.batch.root, place.leaf.leaf_index),
                revoked=place.leaf.leaf_index in revoked.get(place.batch.root, ()),
                superseded_by=links.get(place.batch.root, {}).get(place.leaf.leaf_index),
            )
            for place in by_digest[digest]
        ]
        for digest in found
    }
    return always | {
        digest for digest, its in states.items() if all(judge(each, its).revoked is not None for each in its)
    }


def _revoked(contract: CredentialRegistry, issuer: int, root: bytes, from_block: int) -> set[int]:
    """The leaves that were revoked by themselves; the contract calls all of a voided batch revoked."""
    return {
        change.arguments["word"] * WORD_BITS + bit
        for change in contract.status_changes(issuer, root, from_block=from_block)
        if change.arguments["purpose"] == Purpose.REVOCATION
        for bit in range(WORD_BITS)
        if change.arguments["changed"] >> bit & 1
    }


def _marked(
    contract: CredentialRegistry, issuer: int, root: bytes, indexes: dict[int, int], from_block: int
) -> set[int]:
    """The leaves that were revoked or are suspended by themselves."""
    marked = _revoked(contract, issuer, root, from_block)
    for word in {index // WORD_BITS for index in indexes}:
        (bits,) = contract.status_words(issuer, root, Purpose.SUSPENSION, word, 1)
        marked |= {word * WORD_BITS + bit for bit in range(WORD_BITS) if bits >> bit & 1}
    return marked


def _in_pieces(pairs: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    return (pairs[start : start + CALLS_A_TRANSACTION] for start in range(0, len(pairs), CALLS_A_TRANSACTION))
