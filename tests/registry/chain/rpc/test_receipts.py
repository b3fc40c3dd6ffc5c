"""All events of a block, out of its receipts: all of them, or it is said that they are not there."""

from __future__ import annotations

from typing import Any

import pytest

from registry.chain.rpc.bloom import BlockEvents, bloom_of, may_hold
from registry.chain.rpc.client import METHOD_NOT_FOUND, ChainClient
from registry.chain.rpc.hexadecimal import address_bytes
from registry.errors import ChainUnavailable

BLOCK, OTHER = "0x" + "bb" * 32, "0x" + "cc" * 32
ADDRESS, TOPIC = "0x" + "11" * 20, "0x" + "22" * 32
HASHES = ["0x" + "01" * 32, "0x" + "02" * 32]


class Node:
    """Answers for one block with two transactions, the second of which has an event."""

    def __init__(self, *, has_block_receipts: bool = True):
        self.has_block_receipts = has_block_receipts
        log = {"address": ADDRESS, "topics": [TOPIC], "data": "0x", "blockNumber": "0x1", "blockHash": BLOCK}
        log |= {"transactionHash": HASHES[1], "transactionIndex": "0x1", "logIndex": "0x0"}
        self.receipts: list[dict[str, Any]] = [
            {"transactionHash": each, "blockHash": BLOCK, "logs": [log] if each == HASHES[1] else []} for each in HASHES
        ]
        bloom = bloom_of([bytes.fromhex(ADDRESS[2:]), bytes.fromhex(TOPIC[2:])])
        self.header = {
            "number": "0x1",
            "hash": BLOCK,
            "parentHash": OTHER,
            "timestamp": "0x1",
            "logsBloom": "0x" + bloom.to_bytes(256, "big").hex(),
            "transactions": HASHES,
        }
        self.asked: list[str] = []

    def make_request(self, method: str, params: Any) -> Any:
        self.asked.append(method)
        if method == "eth_getBlockByNumber":
            return {"result": self.header}
        if method == "eth_getBlockReceipts":
            if self.has_block_receipts:
                return {"result": self.receipts}
            return {"error": {"code": METHOD_NOT_FOUND, "message": "no such method"}}
        found = [each for each in self.receipts if each["transactionHash"] == params[0]]
        return {"result": found[0] if found else None}


def read(node: Node) -> int:
    client = ChainClient(node)
    (block,) = client.filtered_blocks(1, 1)
    return len(client.all_logs(block))


@pytest.mark.parametrize("has_block_receipts", [True, False])
def test_events_come_from_the_receipts_of_a_block_or_of_each_transaction(has_block_receipts: bool) -> None:
    node = Node(has_block_receipts=has_block_receipts)
    assert read(node) == 1
    assert ("eth_getTransactionReceipt" in node.asked) is not has_block_receipts


@pytest.mark.parametrize("has_block_receipts", [True, False])
def test_a_receipt_that_is_not_there_is_not_a_block_without_events(has_block_receipts: bool) -> None:
    node = Node(has_block_receipts=has_block_receipts)
    node.receipts.pop()
    with pytest.raises(ChainUnavailable) as caught:
        read(node)
    assert caught.value.code == "no-receipts"


def test_an_event_that_a_receipt_leaves_out_is_missed_in_the_header() -> None:
    node = Node()
    node.receipts[1] = {**node.receipts[1], "logs": []}
    with pytest.raises(ChainUnavailable) as caught:
        read(node)
    assert caught.value.code == "no-receipts"


def test_receipts_of_another_block_are_none_of_this_one() -> None:
    node = Node()
    node.receipts[0] = {**node.receipts[0], "blockHash": OTHER}
    with pytest.raises(ChainUnavailable) as caught:
        read(node)
    assert caught.value.code == "chain-moved"


@pytest.mark.parametrize("bloom", [None, "0x" + "00" * 256])
def test_a_header_without_a_filter_says_nothing_about_receipts(bloom: str | None) -> None:
    node = Node()
    node.header |= {"logsBloom": bloom}
    assert read(node) == 1


def test_a_filter_with_all_bits_set_is_none() -> None:
    node = Node()
    node.header["logsBloom"] = "0x" + "ff" * 256
    assert read(node) == 1


def test_a_block_whose_filter_has_events_and_whose_list_of_transactions_is_empty_is_not_read_as_empty() -> None:
    node = Node()
    node.header["transactions"] = []
    node.receipts = []
    (block,) = ChainClient(node).filtered_blocks(1, 1)
    assert block.bloom
    assert may_hold(
        BlockEvents(block.bloom, has_transactions=False), address_bytes(ADDRESS), [bytes.fromhex("22" * 32)]
    )
    with pytest.raises(ChainUnavailable) as caught:
        read(node)
    assert caught.value.code == "no-receipts"


def test_two_events_with_one_number_are_no_answer() -> None:
    node = Node()
    node.receipts[1]["logs"] *= 2
    with pytest.raises(ChainUnavailable) as caught:
        read(node)
    assert caught.value.code == "chain-garbage"
