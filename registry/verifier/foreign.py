"""Documents of Blockcerts whose transaction is one of the registry that is asked: their proof is a receipt, too.

The transaction only says where to look: what counts is what the contract then says of that issuer and root, as for any
receipt. The number of leaves, which such a proof does not have, is the contract's as well.
"""

from __future__ import annotations

from dataclasses import replace

from registry.chain.contract import CredentialRegistry, Event
from registry.credential.digest import Digest, DigestMethod
from registry.document.foreign import Anchoring, Foreign
from registry.errors import RegistryError
from registry.formats.blockcerts import Anchor, MerkleProof, inclusion_among
from registry.merkle.proof import NODE_SIZE
from registry.receipt.model import Receipt


def receipt_of(foreign: Foreign, contract: CredentialRegistry, chain: str) -> Receipt | Foreign:
    """The receipt that the proof of a document comes to, or what was found out about its transactions.

    Args:
        chain: CAIP-2 name of the contract's.
    """
    proof = foreign.proof
    if proof is None or not foreign.leads or foreign.computed != proof.target:
        return foreign
    found = foreign
    for anchor in proof.anchors:
        if anchor.chain != chain or len(anchor.transaction) != 2 * NODE_SIZE:
            continue
        try:
            looked = _looked_up(proof, anchor, contract, chain)
        except RegistryError:
            # No answer is no answer about the document: it stays one that was not looked at.
            continue
        if isinstance(looked, Receipt):
            return looked
        found = replace(foreign, anchoring=looked)
    return found


def _looked_up(proof: MerkleProof, anchor: Anchor, contract: CredentialRegistry, chain: str) -> Receipt | Anchoring:
    mined = contract.client.mined(bytes.fromhex(anchor.transaction))
    events = () if mined is None else contract.decode_events(mined.logs)
    event = next((each for each in events if _anchors(each, proof.root)), None)
    batch = None if event is None else contract.batch(event.arguments["issuer"], proof.root)
    if event is None or batch is None:
        return Anchoring.ELSEWHERE
    # Zero until it is stated, and then no tree has so many leaves.
    inclusion = inclusion_among(proof, batch.leaf_count) if batch.leaf_count else None
    if inclusion is None:
        return Anchoring.UNCOUNTED
    receipt = Receipt.of_batch(
        Digest(DigestMethod.VC_RDFC, proof.target),
        proof.root,
        inclusion,
        chain=chain,
        contract=contract.address,
        issuer=batch.issuer,
    )
    return receipt.anchored(
        sequence=batch.sequence,
        transaction=event.transaction,
        block_number=event.block_number,
        block_hash=event.block_hash,
        timestamp=batch.anchored_at,
    )


def _anchors(event: Event, root: bytes) -> bool:
    return event.name == "Anchored" and event.arguments.get("root") == root
