"""Proving that an issuer never anchored a digest, over every batch that the chain says there is."""

from __future__ import annotations

from collections.abc import Sequence

from anchor.books.trees import all_trees_of
from anchor.verifying.quorum import quorum_of
from anchor.workspace import Workspace
from registry.chain.contract import CredentialRegistry
from registry.chain.heads import age_of_head, utc_now
from registry.chain.rpc.client import Block
from registry.errors import ChainError, ChainUnavailable, StoreError, TreeError
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.trees.store import MISSING, UNAVAILABLE, TreeStore, UnusableTree
from registry.verifier.proved import ProvedRegistry
from registry.verify.absence import UNSTATED, Proof, TreeCheck
from registry.verify.checks import AbsenceVerdict, Batch, verify_absence
from registry.verify.verdict import BELIEVED, Basis


def absence_of(workspace: Workspace, digest: bytes, issuer: int) -> tuple[AbsenceVerdict, dict[bytes, Proof]]:
    """The answer for one digest, and the proof for each batch whose tree is kept, by root.

    Raises:
        ChainError: the chain cannot be asked.
        StoreError: a tree is damaged.
    """
    contract, head, basis = _read_by(workspace)
    party = contract.party(issuer, at=head.number)
    if party is None:
        raise ChainError(f"there is no party {issuer}", where=workspace.client.where, code="unknown-party")
    batches = _batches(workspace, contract, issuer, head.number)
    stores = all_trees_of(workspace.settings, workspace.folder)
    proofs: dict[bytes, Proof] = {}
    checks: dict[bytes, TreeCheck] = {}
    for batch in batches:
        proof, checks[batch.root] = _read(stores, TreeId(batch.root, batch.leaf_count), digest)
        if proof is not None:
            proofs[batch.root] = proof
    age = age_of_head(workspace.client, workspace.chain, head, workspace.settings.head_age_seconds, utc_now)
    verdict = verify_absence(
        digest,
        issuer,
        proofs,
        batches,
        checks=checks,
        sequence=party.sequence,
        as_of=head.reference,
        age=age,
        basis=basis,
    )
    return verdict, proofs


def _read_by(workspace: Workspace) -> tuple[CredentialRegistry, Block, Basis]:
    """What is asked, as of which block, and what its answers rest on: proofs, if the settings say so."""
    client, contract = workspace.client, workspace.contract
    if workspace.settings.prove:
        proved = ProvedRegistry.by_quorum(contract, quorum_of(workspace))
        return proved, proved.agreed.block, proved.basis
    head = client.block("latest")
    if head is None:
        raise ChainUnavailable("the chain has no block", where=client.where)
    return contract, head, BELIEVED


def _batches(workspace: Workspace, contract: CredentialRegistry, issuer: int, head: int) -> list[Batch]:
    """The issuer's batches that events tell of; that none is left out, their numbers have to show."""
    roots = [event.key[1] for event in workspace.contract.anchored_events(issuer=issuer, to_block=head)]
    if isinstance(contract, ProvedRegistry):
        return contract.batches(issuer, roots, at=head)
    found = (contract.batch(issuer, root, at=head) for root in roots)
    return [batch for batch in found if batch is not None]


def _read(stores: Sequence[TreeStore], which: TreeId, digest: bytes) -> tuple[Proof | None, TreeCheck]:
    """The proof by the first store that has the tree, and what became of reading all of it."""
    if which.leaf_count == UNSTATED:
        return None, TreeCheck.UNCHECKED
    for store in stores:
        try:
            with store.open_whole(which) as tree:
                return _looked_up(tree, digest)
        except TreeError as error:
            raise UnusableTree(which, error.what, where=store.name(which)) from None
        except StoreError as error:
            # A store that is away may have it: nothing is known of that batch, as of one whose tree is nowhere.
            if error.code not in (MISSING, UNAVAILABLE):
                raise
    return None, TreeCheck.UNCHECKED


def _looked_up(tree: Tree, digest: bytes) -> tuple[Proof | None, TreeCheck]:
    try:
        tree.check()
    except TreeError as error:
        if error.code != "leaf-order":
            raise
        found = next((index for index, leaf in enumerate(tree.leaves()) if leaf == digest), None)
        return None if found is None else tree.inclusion(found), TreeCheck.UNSORTED
    index = tree.index_of(digest)
    return tree.absence(digest) if index is None else tree.inclusion(index), TreeCheck.SORTED
