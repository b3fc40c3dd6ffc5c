"""Anchors that one account signs and another sends and pays for: an issuer then needs no funds on the chain."""

from __future__ import annotations

import time
from collections.abc import Callable

from anchor.books.batches import BatchRow
from anchor.sending.signer import TypedData, TypedSigner
from registry.chain.calls import Calls
from registry.chain.editions import DOMAIN_NAME, SECOND

# Long enough for a chain that is away over a weekend; after that a new signature is made with the next attempt.
GOOD_FOR_SECONDS = 7 * 24 * 3600


def anchor_message(chain_id: int, contract: str, issuer: int, root: bytes, leaf_count: int, deadline: int) -> TypedData:
    """What an operator signs for `anchorBySignature` (EIP-712; `contracts/src/IBatches.sol`)."""
    return TypedData(
        domain={
            "name": DOMAIN_NAME,
            "version": str(SECOND),
            "chainId": chain_id,
            "verifyingContract": contract,
        },
        primary_type="Anchor",
        members=(("issuer", "uint64"), ("root", "bytes32"), ("leafCount", "uint32"), ("deadline", "uint256")),
        message={"issuer": issuer, "root": "0x" + root.hex(), "leafCount": leaf_count, "deadline": deadline},
    )


def relayed(operator: TypedSigner, chain_id: int, contract: str) -> Callable[[BatchRow], bytes]:
    """The data of the transaction that anchors a batch for this operator, whoever sends it."""

    def call(row: BatchRow) -> bytes:
        deadline = int(time.time()) + GOOD_FOR_SECONDS
        message = anchor_message(chain_id, contract, row.issuer, row.root, row.leaf_count, deadline)
        signature = operator.sign_typed(message)
        return Calls.anchor_by_signature_data(
            row.issuer, row.root, row.leaf_count, operator.address, deadline, signature
        )

    return call
