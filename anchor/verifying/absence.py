"""Proving that an issuer never anchored a digest, over every batch that the chain says there is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from anchor.books.trees import all_trees_of
from anchor.settings import EMBEDDED
from anchor.verifying.named import read_named
from anchor.verifying.quorum import quorum_of
from anchor.workspace import Workspace
from registry.chain.agreement import AgreedBlock, agreed_block, agreed_blocks, final_height
from registry.chain.contract import CredentialRegistry
from registry.chain.heads import age_of_head, utc_now
from registry.chain.rpc.client import Block
from registry.credential.digest import JSON_SUFFIXES
from registry.errors import (
    ChainError,
    ChainUnavailable,
    EvidenceError,
    StoreError,
    TreeError,
    WrongChain,
)
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.proofs.notes import MOST_BYTES as MOST_NOTE_BYTES
from registry.trees.store import MISSING, UNAVAILABLE, TreeStore, UnusableTree
from registry.verifier.absence_files import Gathered, answers_of, gather_batches
from registry.verifier.grounds import ByEndpoints, Grounds
from registry.verifier.moments import Moments, is_too_old
from registry.verifier.proved import ProvedRegistry
from registry.verify.absence import UNSTATED, Proof, TreeCheck
from registry.verify.absence_file import MOST_BYTES, AbsenceFile, BatchProofs, is_absence
from registry.verify.attestation import SignedAttestation, read_attestation
from registry.verify.checks import AbsenceVerdict, Batch, verify_absence
from registry.verify.policy import Policy
from registry.verify.verdict import BELIEVED, Basis, Code


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
        (proof,), checks[batch.root] = _read(stores, TreeId(batch.root, batch.leaf_count), [digest])
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


def proved_absence(
    workspace: Workspace, digests: Sequence[bytes], issuer: int, attestations: Sequence[SignedAttestation] = ()
) -> tuple[AbsenceFile, tuple[AbsenceVerdict, ...]]:
    """A file that proves the answers by itself, and the answer for each digest.

    It is as of the first block of the day, which lists of witnesses have, where the issuer has anchored nothing since
    and the endpoint still proves what was so in it; else as of the newest final block.

    Raises:
        ChainError: the chain cannot be asked, too few endpoints agree, or what they send proves nothing.
        EvidenceError: code `absence-size`: there are more batches or digests than one file has; `unknown-party`.
        StoreError: a tree is damaged.
    """
    client, quorum, depth = workspace.client, quorum_of(workspace), workspace.settings.finality_depth
    contract, newest = workspace.contract, agreed_block(client, quorum).block
    height = min(final_height(client, quorum, depth), newest.number)
    (agreed,) = agreed_blocks(client, [height], quorum)
    anchored = contract.anchored_events(issuer=issuer, to_block=height)
    roots = [event.key[1] for event in anchored]
    try:
        gathered = gather_batches(contract, agreed.chain_id, issuer, roots, agreed.block)
    except WrongChain as error:
        if error.code == "no-contract":
            # It is there, by what was asked before: on a young chain, after the newest block that is final.
            error.remedy = f"The newest final block is {height}. Ask again when the registry is in a final one."
        raise
    if anchored:
        gathered = _of_day(workspace, issuer, agreed, gathered, anchored[-1].block_number) or gathered
    stores = all_trees_of(workspace.settings, workspace.folder)
    read = {batch.root: _read(stores, TreeId(batch.root, batch.leaf_count), digests) for batch in gathered.batches}
    file = AbsenceFile(
        tuple(digests),
        f"eip155:{agreed.chain_id}",
        contract.address.lower(),
        issuer,
        gathered.evidence,
        tuple(BatchProofs(root, proofs) for root, (proofs, _) in read.items()),
        tuple(attestations),
    )
    answers = answers_of(
        file,
        ByEndpoints(client, quorum, finality_depth=depth),
        registries=[contract.address],
        checks={root: check for root, (_, check) in read.items()},
        age=age_of_head(client, workspace.chain, newest, workspace.settings.head_age_seconds, utc_now),
    )
    return file, answers


def _of_day(workspace: Workspace, issuer: int, final: AgreedBlock, newest: Gathered, since: int) -> Gathered | None:
    """The same batches as of the first block of the day; None where they were not all there, or the proofs are gone.

    Args:
        final: the newest final block, of which `newest` is.
        since: the block of the newest batch.
    """
    client, roots = workspace.client, [batch.root for batch in newest.batches]
    day = Moments.of(client, final.block).day
    if day is None or not since <= day.number < final.block.number:
        return None
    # By whichever endpoint it was found: enough of them have to name it.
    (agreed,) = agreed_blocks(client, [day.number], quorum_of(workspace))
    try:
        found = gather_batches(workspace.contract, agreed.chain_id, issuer, roots, agreed.block)
    except ChainError as error:
        if not is_too_old(error):
            raise
        return None
    # Nobody can hide a batch of today by leaving out its event: the newest block has proved how many there are.
    return found if found.sequence == newest.sequence else None


def answers_of_file(
    workspace: Workspace, file: AbsenceFile, policy: Policy | None, grounds: Grounds | None = None
) -> tuple[AbsenceVerdict, ...]:
    """What a file proves, by whom the verifier believes, and by the trees that are at hand.

    Args:
        policy: whose auditors are believed.
        grounds: who says that its block is one of the chain; default: the endpoints of the settings.

    Raises:
        ChainUnavailable: code `chain-not-asked`: no endpoint is named, and there is no practice chain either.
        StoreError: a tree is damaged.
    """
    return answers_of(
        file,
        grounds or _endpoints(workspace, file.chain),
        auditors=() if policy is None else policy.auditors,
        registries=[workspace.contract_address],
        checks=_at_hand(workspace, file),
    )


def _endpoints(workspace: Workspace, chain: str) -> Grounds:
    settings = workspace.settings
    if settings.chain == EMBEDDED and not workspace.has_folder:
        raise ChainUnavailable(
            "there is no data folder here, and no endpoint was named, so nobody says which blocks are of the chain",
            remedy=f"Name an endpoint of {chain} with --chain, or --offline and whom you believe.",
            code=Code.CHAIN_NOT_ASKED,
        )
    return ByEndpoints(workspace.client, quorum_of(workspace), finality_depth=settings.finality_depth)


def _at_hand(workspace: Workspace, file: AbsenceFile) -> dict[bytes, TreeCheck]:
    """What is found of the leaves of those batches whose trees are here."""
    if not workspace.has_folder:
        return {}
    stores = all_trees_of(workspace.settings, workspace.folder)
    found = {}
    for batch in file.batches:
        counts = {proof.leaf_count for proof in batch.proofs if proof is not None}
        # Of a proof for another count than the chain's, nothing follows; of proofs for several, it is not clear which.
        if len(counts) == 1:
            _, found[batch.root] = _read(stores, TreeId(batch.root, counts.pop()), ())
    return {root: check for root, check in found.items() if check is not TreeCheck.UNCHECKED}


def absence_bytes(path: Path) -> bytes | None:
    """The content of a file that says it is a proof of absence; None of any other.

    Raises:
        IntakeError: it cannot be read.
    """
    if not path.name.lower().endswith(JSON_SUFFIXES):
        return None
    data = read_named(path, MOST_BYTES)
    return data if is_absence(data) else None


def attestation_in(path: Path) -> SignedAttestation:
    """The attestation in a file.

    Raises:
        IntakeError: there is no such file.
        EvidenceError: it is none; names the file.
    """
    try:
        return read_attestation(read_named(path, MOST_NOTE_BYTES))
    except EvidenceError as error:
        error.where = str(path)
        raise


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


def _read(
    stores: Sequence[TreeStore], which: TreeId, digests: Sequence[bytes]
) -> tuple[tuple[Proof | None, ...], TreeCheck]:
    """A proof for each digest by the first store that has the tree, and what became of reading all of it."""
    nothing: tuple[Proof | None, ...] = (None,) * len(digests)
    if which.leaf_count == UNSTATED:
        return nothing, TreeCheck.UNCHECKED
    for store in stores:
        try:
            with store.open_whole(which) as tree:
                return _looked_up(tree, digests)
        except TreeError as error:
            raise UnusableTree(which, error.what, where=store.name(which)) from None
        except StoreError as error:
            # A store that is away may have it: nothing is known of that batch, as of one whose tree is nowhere.
            if error.code not in (MISSING, UNAVAILABLE):
                raise
    return nothing, TreeCheck.UNCHECKED


def _looked_up(tree: Tree, digests: Sequence[bytes]) -> tuple[tuple[Proof | None, ...], TreeCheck]:
    try:
        tree.check()
    except TreeError as error:
        if error.code != "leaf-order":
            raise
        found = {leaf: index for index, leaf in enumerate(tree.leaves()) if leaf in digests}
        there = (tree.inclusion(found[digest]) if digest in found else None for digest in digests)
        return tuple(there), TreeCheck.UNSORTED
    return tuple(_proof(tree, digest) for digest in digests), TreeCheck.SORTED


def _proof(tree: Tree, digest: bytes) -> Proof:
    index = tree.index_of(digest)
    return tree.absence(digest) if index is None else tree.inclusion(index)
