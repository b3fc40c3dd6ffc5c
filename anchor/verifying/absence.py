"""Proving that an issuer never anchored a digest, over every batch that the chain says there is."""

from __future__ import annotations

from anchor.workspace import Workspace
from registry.chain.contract import CredentialRegistry
from registry.chain.heads import age_of_head, utc_now
from registry.errors import ChainError, ChainUnavailable, TreeError
from registry.merkle.treefile import TreeId
from registry.trees.store import UnusableTree
from registry.verify.absence import UNSTATED, Proof, TreeCheck
from registry.verify.checks import AbsenceVerdict, Batch, verify_absence


def absence_of(workspace: Workspace, digest: bytes, issuer: int) -> tuple[AbsenceVerdict, dict[bytes, Proof]]:
    """The answer for one digest, and the proof for each batch whose tree is in the data folder, by root.

    Raises:
        ChainError: the chain cannot be asked.
        StoreError: a tree is damaged.
    """
    contract = workspace.contract
    head = workspace.client.block("latest")
    if head is None:
        raise ChainUnavailable("the chain has no block", where=workspace.client.where)
    party = contract.party(issuer, at=head.number)
    if party is None:
        raise ChainError(f"there is no party {issuer}", where=workspace.client.where, code="unknown-party")
    batches = _batches(contract, issuer, head.number)
    proofs: dict[bytes, Proof] = {}
    checks: dict[bytes, TreeCheck] = {}
    for batch in batches:
        proof, checks[batch.root] = _read(workspace, TreeId(batch.root, batch.leaf_count), digest)
        if proof is not None:
            proofs[batch.root] = proof
    age = age_of_head(workspace.client, workspace.chain, head, workspace.settings.head_age_seconds, utc_now)
    verdict = verify_absence(
        digest, issuer, proofs, batches, checks=checks, sequence=party.sequence, as_of=head.reference, age=age
    )
    return verdict, proofs


def _batches(contract: CredentialRegistry, issuer: int, head: int) -> list[Batch]:
    found = (contract.batch(*event.key, at=head) for event in contract.anchored_events(issuer=issuer, to_block=head))
    return [batch for batch in found if batch is not None]


def _read(workspace: Workspace, which: TreeId, digest: bytes) -> tuple[Proof | None, TreeCheck]:
    """The proof by a tree that is here, and what became of reading all of it."""
    path = workspace.folder.tree_path(which)
    if which.leaf_count == UNSTATED or not path.exists():
        return None, TreeCheck.UNCHECKED
    with workspace.folder.tree(which) as tree:
        try:
            tree.check()
        except TreeError as error:
            if error.code != "leaf-order":
                raise UnusableTree(which, error.what, where=str(path)) from None
            found = next((index for index, leaf in enumerate(tree.leaves()) if leaf == digest), None)
            return None if found is None else tree.inclusion(found), TreeCheck.UNSORTED
        index = tree.index_of(digest)
        return tree.absence(digest) if index is None else tree.inclusion(index), TreeCheck.SORTED
