"""The commands on a real node: finality, reorganisations, and a chain that stops answering."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.chain.rpc.connect import connect
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from tests.conftest import Ran, Run
from tests.registry.chain.worlds import anvil


class Node:
    """An anvil whose finalized block is two below its newest, and the commands pointed at it."""

    def __init__(self, url: str, run: Run):
        self.url = url
        self.client = connect(url)
        self._run = run

    def __call__(self, *arguments: object) -> Ran:
        return self._run(*arguments, "--chain", self.url, "--json")

    def mine(self, blocks: int) -> None:
        self.client.request("anvil_mine", [hex(blocks)])

    def anchored(self, folder: Path) -> dict[str, Any]:
        ran = self("anchor", folder)
        assert ran.code == 0, ran
        (batch,) = ran.json["batches"]
        return dict(batch)


@pytest.fixture
def node(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    # anvil's first account: its key is known to the whole world.
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[0])
    with anvil("--slots-in-an-epoch", "1") as url:
        made = Node(url, run)
        assert made("deploy").json["deployedNow"]
        assert made("issuer", "register", "--uri", "did:web:university.example").code == 0
        yield made
        made.client.close()


def codes(ran: Ran) -> dict[str, str]:
    return {check["name"]: check["code"] for check in ran.json["checks"]}


def test_an_anchor_becomes_final_and_the_verdict_says_when(node: Node, diplomas: Path) -> None:
    assert node.anchored(diplomas)["state"] == "mined"
    early = node("verify", diplomas / "007.json")
    assert (early.json["overall"], codes(early)["anchor"]) == ("valid with a warning", "not-final")
    node.mine(3)
    assert [batch["state"] for batch in node("status").json["batches"]] == ["final"]
    assert node("verify", diplomas / "007.json").json["overall"] == "valid with a warning"


def test_waiting_comes_back_when_the_batch_is_final(run: Run, diplomas: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[0])
    with anvil("--slots-in-an-epoch", "1", "--block-time", "1") as url:
        node = Node(url, run)
        node("deploy")
        node("issuer", "register", "--uri", "did:web:university.example")
        (batch,) = node("anchor", diplomas, "--wait").json["batches"]
        final = node.client.finalized().number
        node.client.close()
    assert batch["state"] == "final"
    assert batch["block"] <= final


def test_an_anchor_that_a_reorganisation_dropped_is_sent_again_and_once(node: Node, diplomas: Path) -> None:
    before = node.anchored(diplomas)
    run_receipts = node("receipts", before["root"], "-o", diplomas)
    assert run_receipts.code == 0
    node.client.request("anvil_reorg", [1, []])
    gone = node("verify", diplomas / "007.json")
    assert gone.json["overall"] != "valid"
    assert [batch["state"] for batch in node("status").json["batches"]] == ["sealed"]
    (again,) = node("anchor", "--resume").json["batches"]
    assert again["state"] == "mined"
    assert again["transaction"] == before["transaction"], "the same signed bytes, not new ones"
    node.mine(3)
    (final,) = node("status").json["batches"]
    assert (final["state"], final["sequence"]) == ("final", 1)
    assert node("issuer", "show").json["batches"] == 1


def test_a_batch_anchored_from_elsewhere_is_adopted(node: Node, diplomas: Path) -> None:
    first = node.anchored(diplomas)
    elsewhere = node("anchor", diplomas, "--data-folder", "elsewhere", "--issuer", 1)
    (adopted,) = elsewhere.json["batches"]
    assert (adopted["root"], adopted["transaction"]) == (first["root"], first["transaction"])
    assert node("issuer", "show").json["batches"] == 1


def test_no_funds_is_said_and_the_batch_is_anchored_once_there_are_some(node: Node, diplomas: Path) -> None:
    address = node("status").json["signer"]
    node.client.request("anvil_setBalance", [address, "0x1"])
    refused = node("anchor", diplomas)
    assert refused.code != 0
    assert "funds" in refused.json["error"]["what"].lower()
    node.client.request("anvil_setBalance", [address, hex(10**18)])
    (batch,) = node("anchor", "--resume").json["batches"]
    assert batch["state"] == "mined"
    assert node("issuer", "show").json["batches"] == 1


def test_another_chain_behind_the_same_address_is_noticed(node: Node, run: Run, diplomas: Path) -> None:
    node.anchored(diplomas)
    with anvil("--slots-in-an-epoch", "1", "--timestamp", "1700000000") as url:
        other = Node(url, run)
        ran = other("anchor", diplomas)
        other.client.close()
    assert ran.code == 2
    assert ran.json["error"]["code"] in ("wrong-genesis", "no-contract")
