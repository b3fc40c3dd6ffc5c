"""What the contract says is asked of a block by its hash: a machine on another branch cannot answer for it."""

from __future__ import annotations

from typing import Any

import pytest

from registry.chain.abi import artifact
from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.client import ChainClient
from registry.chain.storage import Storage
from registry.errors import ChainUnavailable
from tests.registry.index.told_chain import ADDRESS

HERE, ELSEWHERE = b"\x11" * 32, b"\x22" * 32


class Node:
    """Knows the state of one block.

    Attributes:
        takes_hashes: whether it knows what a hash of a block means there (EIP-1898).
    """

    def __init__(self, *, takes_hashes: bool = True):
        self.takes_hashes = takes_hashes
        self.asked: list[Any] = []

    def make_request(self, method: str, params: Any) -> Any:
        if method == "eth_getCode":
            return {"result": f"0x{artifact().deployed_code.hex()}"}
        assert method == "eth_call"
        self.asked.append(params[1])
        if isinstance(params[1], dict):
            if not self.takes_hashes:
                return {"error": {"code": -32602, "message": "invalid argument 1: cannot unmarshal object"}}
            if params[1] != {"blockHash": f"0x{HERE.hex()}", "requireCanonical": True}:
                return {"error": {"code": -32000, "message": "header for hash not found"}}
        return {"result": f"0x{5:064x}"}


def parties(node: Node, block_hash: bytes | None) -> int:
    return Storage(CredentialRegistry(ChainClient(node), ADDRESS), 7, block_hash).count("partyCount")


def test_the_state_is_that_of_the_block() -> None:
    node = Node()
    assert parties(node, HERE) == 5
    assert parties(node, None) == 5
    assert node.asked[-1] == "0x7"


def test_a_machine_that_has_another_block_of_that_height_does_not_answer() -> None:
    node = Node()
    with pytest.raises(ChainUnavailable):
        parties(node, ELSEWHERE)
    assert "0x7" not in node.asked


def test_an_endpoint_that_takes_no_hashes_is_asked_by_the_height() -> None:
    node = Node(takes_hashes=False)
    storage = Storage(CredentialRegistry(ChainClient(node), ADDRESS), 7, HERE)
    assert [storage.count("partyCount"), storage.count("accreditationCount")] == [5, 5]
    assert node.asked[1:] == ["0x7", "0x7"]
