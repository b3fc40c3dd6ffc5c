"""What is found out about the transaction of a Blockcerts proof, by what a chain says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from types import SimpleNamespace
from typing import Any, cast

import pytest

from registry.chain.contract import CredentialRegistry
from registry.document.foreign import Anchoring, Foreign
from registry.errors import ChainUnavailable
from registry.formats.blockcerts import Anchor, MerkleProof, sides_of
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt
from registry.records import Batch, Event
from registry.verifier.foreign import receipt_of

CHAIN, ISSUER, COUNT, INDEX = "eip155:1", 7, 5, 2
CONTRACT = "0x" + "ab" * 20
TRANSACTION = b"\x0a" * 32
AT = datetime(2026, 6, 1, tzinfo=UTC)
LEAVES = sorted(sha256(bytes([number])).digest() for number in range(COUNT))
with Tree.build(LEAVES) as TREE:
    ROOT, PATH = TREE.root, TREE.inclusion(INDEX).path
PROOF = MerkleProof(
    ROOT,
    LEAVES[INDEX],
    tuple(zip(sides_of(INDEX, COUNT), PATH, strict=True)),
    (Anchor(None, "Bitcoin", "cd" * 32), Anchor(CHAIN, "Ethereum", TRANSACTION.hex())),
)
FOREIGN = Foreign("Blockcerts v3", "", root=ROOT, target=PROOF.target, computed=PROOF.target, leads=True, proof=PROOF)
BATCH = Batch(
    issuer=ISSUER, root=ROOT, leaf_count=COUNT, sequence=3, block_number=9, anchored_at=AT, voided_at=None,
    void_reason=None, anchor=None,
)  # fmt: skip


class Chain:
    """A contract that says what it is told to; whatever else it is asked is an error."""

    address = CONTRACT

    def __init__(
        self, *, root: bytes = ROOT, batch: Batch | None = BATCH, is_mined: bool = True, is_silent: bool = False
    ):
        self.asked: list[bytes] = []
        self.client = SimpleNamespace(mined=self._mined)
        self._root, self._batch, self._is_mined, self._is_silent = root, batch, is_mined, is_silent

    def _mined(self, transaction: bytes) -> object:
        self.asked.append(transaction)
        if self._is_silent:
            raise ChainUnavailable("it says nothing")
        return SimpleNamespace(logs=()) if self._is_mined else None

    def decode_events(self, _logs: object) -> tuple[Event, ...]:
        said = {"issuer": ISSUER, "root": self._root}
        return (Event("Anchored", said, 9, b"\x0b" * 32, 0, TRANSACTION, None),)

    def batch(self, issuer: int, root: bytes) -> Batch | None:
        assert (issuer, root) == (ISSUER, ROOT)
        return self._batch


def asked(chain: Chain, foreign: Foreign = FOREIGN) -> Receipt | Foreign:
    return receipt_of(foreign, cast(CredentialRegistry, chain), CHAIN)


def test_a_transaction_of_this_registry_makes_it_a_receipt() -> None:
    chain = Chain()
    receipt = asked(chain)
    assert isinstance(receipt, Receipt)
    assert (receipt.anchor.issuer, receipt.inclusion.leaf_count, receipt.inclusion.leaf_index) == (ISSUER, COUNT, INDEX)
    assert chain.asked == [TRANSACTION]


@pytest.mark.parametrize(
    ("chain", "anchoring"),
    [
        (Chain(is_mined=False), Anchoring.ELSEWHERE),
        (Chain(root=b"\1" * 32), Anchoring.ELSEWHERE),
        (Chain(batch=None), Anchoring.ELSEWHERE),
        (Chain(batch=replace(BATCH, leaf_count=0)), Anchoring.UNCOUNTED),
        (Chain(batch=replace(BATCH, leaf_count=100)), Anchoring.UNCOUNTED),
        (Chain(is_silent=True), Anchoring.NOT_ASKED),
    ],
)
def test_what_else_may_be_found(chain: Chain, anchoring: Anchoring) -> None:
    found = asked(chain)
    assert isinstance(found, Foreign)
    assert found.anchoring is anchoring


@pytest.mark.parametrize("changes", [{"leads": False}, {"computed": b"\1" * 32}, {"computed": None}, {"proof": None}])
def test_nobody_is_asked_for_what_does_not_hold(changes: dict[str, Any]) -> None:
    chain = Chain()
    assert asked(chain, changed := replace(FOREIGN, **changes)) == changed
    assert chain.asked == []
