"""The anchors that the service knows of a digest: the index says where, the trees prove it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial

from registry.credential.digest import Digest
from registry.index.reader import LOADED, Index
from registry.merkle.proof import InclusionProof
from registry.merkle.treefile import TreeId
from registry.receipt.model import Receipt
from registry.records import Batch
from registry.service.horizon import guarded
from registry.trees.store import TreeStore
from registry.verifier.verifier import KnownAnchor


class IndexedAnchors:
    """Looks anchors up in the index and the tree store.

    Args:
        index: of one contract.
        trees: with the trees that the index was filled from.
    """

    def __init__(self, index: Index, trees: TreeStore):
        self._index = index
        self._trees = trees

    def of(self, digest: Digest, issuer: int | None) -> Sequence[KnownAnchor]:
        """All that are indexed, oldest first; by one issuer where given.

        Raises:
            StoreError: the database or a tree cannot be read.
        """
        return guarded(lambda: list(self._of(digest, issuer)))

    def searched(self, issuer: int) -> Collection[bytes]:
        """The roots of the issuer's batches whose trees are in the index.

        Raises:
            StoreError: the database cannot be read.
        """
        return guarded(lambda: self._searched(issuer))

    def _searched(self, issuer: int) -> set[bytes]:
        anchored = {TreeId(batch.root, batch.leaf_count) for batch in self._index.all_batches(issuer)}
        return {which.root for which, tree in self._index.trees(anchored).items() if tree.state == LOADED}

    def _of(self, digest: Digest, issuer: int | None) -> Iterator[KnownAnchor]:
        proofs: dict[bytes, list[InclusionProof]] = {}
        for which, hint in self._index.places(digest.value):
            if (proof := self._trees.inclusion(which, digest.value, hint=hint)) is not None:
                proofs.setdefault(which.root, []).append(proof)
        for batch in self._index.batches_of(proofs):
            if issuer not in (None, batch.issuer):
                continue
            for proof in proofs[batch.root]:
                # Anyone may anchor somebody else's root with another count; a proof holds for one count only.
                if batch.leaf_count in (0, proof.leaf_count):
                    receipt = partial(self._receipt, digest, batch, proof)
                    yield KnownAnchor(batch.issuer, batch.root, proof.leaf_index, proof.leaf_count, receipt)

    def _receipt(self, digest: Digest, batch: Batch, proof: InclusionProof) -> Receipt:
        receipt = Receipt.of_batch(
            digest, batch.root, proof, chain=self._index.chain, contract=self._index.contract, issuer=batch.issuer
        )
        return receipt.anchored(
            sequence=batch.sequence,
            transaction=batch.seen.transaction,
            block_number=batch.block_number,
            block_hash=batch.seen.block_hash,
            timestamp=batch.anchored_at,
        )
