"""What a batch that is issued again says of the voided ones whose credentials it repeats: that it replaces them.

Without that word a verifier who knows both batches takes the credential for withdrawn (`registry.anchors`): nothing
else tells a new decision of the issuer from an export that repeats everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from anchor.workspace import Workspace
from registry.anchors import WORD_BITS, AnchorPlace
from registry.chain.calls import Purpose, call_data
from registry.chain.contract import CredentialRegistry
from registry.store.batches import BatchRow, BatchStore

CALLS_A_TRANSACTION: Final = 200


def supersede_voided(workspace: Workspace, row: BatchRow) -> int:
    """Record that the credentials of an anchored batch replace those of the issuer's voided batches.

    A credential that was revoked or suspended by itself before its batch was voided stays so: to bring it back takes a
    decision about that one. What is recorded already is not sent again.

    Returns:
        how many credentials were replaced now.

    Raises:
        ChainError: as `Sender.settle`; run again, it goes on.
    """
    registry, done = workspace.registry, 0
    for old, pairs in _repeated(workspace.store, row).items():
        batch = registry.batch(row.issuer, old)
        if batch is None or batch.voided_at is None:
            continue
        kept = _marked(registry, row.issuer, old, pairs)
        there = registry.replacements(row.issuer, old, from_block=batch.block_number)
        wanted = [
            (index, by)
            for index, by in sorted(pairs.items())
            if index not in kept and there.get(index) != AnchorPlace(row.root, by)
        ]
        for some in _in_pieces(wanted):
            calls = [registry.supersede_data(row.issuer, old, index, row.root, by) for index, by in some]
            name = f"supersede {row.issuer} 0x{old.hex()} by 0x{row.root.hex()} from {some[0][0]} on"
            workspace.sender.settle(name, registry.address, call_data("multicall", calls))
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


def _marked(registry: CredentialRegistry, issuer: int, root: bytes, indexes: dict[int, int]) -> set[int]:
    """The leaves that were revoked or are suspended by themselves; the contract calls all of a voided batch revoked."""
    marked = {
        change.word * WORD_BITS + bit
        for change in registry.status_changes(issuer, root)
        if change.purpose is Purpose.REVOCATION
        for bit in range(WORD_BITS)
        if change.changed >> bit & 1
    }
    for word in {index // WORD_BITS for index in indexes}:
        (bits,) = registry.status_words(issuer, root, Purpose.SUSPENSION, word, 1)
        marked |= {word * WORD_BITS + bit for bit in range(WORD_BITS) if bits >> bit & 1}
    return marked


def _in_pieces(pairs: list[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    return (pairs[start : start + CALLS_A_TRANSACTION] for start in range(0, len(pairs), CALLS_A_TRANSACTION))
