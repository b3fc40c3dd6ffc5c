"""`receipts --evidence`: read now where the endpoint has it, else what was kept, else it is said what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.chain.editions import second
from registry.chain.layout import slots_of
from registry.chain.rpc.connect import connect
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from registry.receipt.model import Receipt, embedded, parse
from registry.records import Purpose
from registry.verifier.gathering import within
from registry.verifier.stored import StoredRegistry
from tests.conftest import Run
from tests.faults.proxy import FaultProxy, refuse
from tests.registry.chain.worlds import anvil


@pytest.fixture
def anchored(run: Run, diplomas: Path) -> str:
    """The root of 300 diplomas on the practice chain."""
    run("issuer", "register", "--uri", "did:web:university.example")
    return str(run("anchor", diplomas, "--wait", "--json").json["batches"][0]["root"])


def is_revoked(receipt: Receipt, block_hash: str) -> bool:
    """What the evidence in a receipt shows to whoever knows the hash of the block."""
    assert (receipt.version, receipt.evidence is None) == (2, False)
    assert receipt.evidence is not None
    issuer, root = receipt.anchor.issuer, receipt.root
    proved = receipt.evidence.proved(bytes.fromhex(block_hash.removeprefix("0x")))
    stored = StoredRegistry(slots_of(second()), within(proved.values))
    batch = stored.batch(issuer, root)
    assert batch is not None
    assert batch.leaf_count == receipt.inclusion.leaf_count
    word, bit = divmod(receipt.inclusion.leaf_index, 256)
    by_place = stored.status_words(issuer, root, Purpose.REVOCATION, [word])[0] >> bit & 1
    party = stored.party(issuer)
    assert party is not None
    if not party.digest_changes:
        return bool(by_place)
    (said,) = stored.digest_statuses(issuer, [receipt.digest_value])
    return bool(by_place) or said.revoked_at is not None


def receipts_in(folder: Path) -> dict[str, Receipt]:
    return {path.name[:3]: parse(path.read_bytes()) for path in folder.glob("*.receipt.json")}


def test_each_receipt_shows_the_status_of_its_credential(run: Run, diplomas: Path, anchored: str) -> None:
    told = run("receipts", anchored, "-o", "before", "--evidence", "--json").json["evidence"]
    assert not any(is_revoked(receipt, told["block"]["hash"]) for receipt in receipts_in(Path("before")).values())
    assert run("revoke", diplomas / "007.json", "--yes").code == 0
    assert run("revoke", diplomas / "290.json", "--place-only", "--yes").code == 0
    written = run("receipts", anchored, "-o", "after", "--evidence", "--json").json
    after = receipts_in(Path("after"))
    assert len(after) == written["receipts"] == 300
    assert (written["evidence"]["kept"], written["evidence"]["block"]["number"] > told["block"]["number"]) == (
        False,
        True,
    )
    revoked = {name for name, each in after.items() if is_revoked(each, written["evidence"]["block"]["hash"])}
    assert revoked == {"007", "290"}
    # What they had before still says what was so before.
    before = receipts_in(Path("before"))
    assert not is_revoked(before["007"], told["block"]["hash"])


def test_as_lines_and_inside_the_credentials(run: Run, diplomas: Path, anchored: str) -> None:
    told = run("receipts", anchored, "-o", "lines.jsonl", "--evidence", "--json").json["evidence"]
    lines = Path("lines.jsonl").read_text().splitlines()
    assert len(lines) == 300
    block = run("receipts", anchored, "-o", "whole", "--embed", diplomas, "--evidence", "--json").json["evidence"][
        "block"
    ]
    assert block == told["block"]
    for name in ("000", "299"):
        (found,) = embedded(json.loads((Path("whole") / f"{name}.json").read_text()))
        assert isinstance(found.read, Receipt)
        assert not is_revoked(found.read, block["hash"])


def test_the_form_for_qr_codes_has_no_room(run: Run, anchored: str) -> None:
    refused = run("receipts", anchored, "-o", "out", "--cbor", "--evidence", "--json")
    assert (refused.code, refused.json["error"]["code"], Path("out").exists()) == (1, "cbor", False)


def test_it_says_of_which_block_and_time(run: Run, anchored: str) -> None:
    said = run("receipts", anchored, "-o", "out", "--evidence").out
    assert "Their evidence is as of block" in said
    assert "does not say what was revoked later" in " ".join(said.split())


# An endpoint that has no proofs


NO_METHOD = -32601, "the method eth_getProof does not exist/is not available"


class Node:
    """A node whose blocks come by themselves, and a door to it that may refuse proofs."""

    def __init__(self, url: str, door: FaultProxy):
        self.client, self.door = connect(url), door

    def refuse(self) -> None:
        self.door.rule("eth_getProof", do=refuse(*NO_METHOD))


@pytest.fixture
def node(run: Run, diplomas: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    for path in sorted(diplomas.glob("*.json"))[3:]:
        path.unlink()
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[0])
    with anvil("--slots-in-an-epoch", "1") as url, FaultProxy(url) as door:
        made = Node(url, door)
        monkeypatch.setenv("TESTAMUR_CHAIN", made.door.url)
        for words in (("deploy",), ("issuer", "register", "--uri", "did:web:university.example")):
            assert run(*words, "--json").code == 0
        made.client.request("evm_setIntervalMining", [1])
        yield made
        made.client.close()


def test_what_was_kept_at_finality_serves_where_the_endpoint_has_no_proofs(
    run: Run, diplomas: Path, node: Node
) -> None:
    root = run("anchor", diplomas, "--wait", "--json").json["batches"][0]["root"]
    node.refuse()
    written = run("receipts", root, "-o", "out", "--evidence", "--json").json
    told = written["evidence"]
    assert told["kept"] is True
    assert "eth_getProof does not exist" in told["why"]
    block = node.client.block(told["block"]["number"])
    assert block is not None
    assert told["block"]["hash"] == f"0x{block.hash.hex()}"
    receipts = receipts_in(Path("out"))
    assert {is_revoked(receipt, told["block"]["hash"]) for receipt in receipts.values()} == {False}
    said = " ".join(run("receipts", root, "-o", "again", "--evidence").out.split())
    assert "It was kept with the batch; the endpoint has none as of now, since " in said
    node.door.clear()
    assert run("receipts", root, "-o", "now", "--evidence", "--json").json["evidence"]["kept"] is False


def test_where_there_is_none_it_is_said_what_to_do(
    run: Run, diplomas: Path, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.refuse()
    anchored = run("anchor", diplomas, "--wait")
    assert anchored.code == 0
    said = " ".join(anchored.out.split())
    assert "no evidence kept" in said
    assert "eth_getProof does not exist" in said
    root = run("status", "--json").json["batches"][0]["root"]
    refused = run("receipts", root, "-o", "out", "--evidence", "--json")
    error = refused.json["error"]
    assert (refused.code, error["code"], Path("out").exists()) == (1, "no-evidence-kept", False)
    assert "none was kept" in error["what"]
    assert "eth_getProof" in error["remedy"]
    assert run("receipts", root, "-o", "out").code == 0


def test_of_a_large_batch_evidence_is_read_when_it_is_asked_for(
    run: Run, diplomas: Path, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anchor.anchoring.evidence.MOST_LEAVES", 2)
    root = run("anchor", diplomas, "--wait", "--json").json["batches"][0]["root"]
    assert run("receipts", root, "-o", "now", "--evidence", "--json").json["evidence"]["kept"] is False
    node.refuse()
    error = run("receipts", root, "-o", "out", "--evidence", "--json").json["error"]
    assert error["code"] == "no-evidence-kept"
    assert "of its 3 credentials none was kept" in error["what"]


def test_whoever_wants_none_asks_for_none(
    run: Run, diplomas: Path, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESTAMUR_EVIDENCE", "false")
    assert run("anchor", diplomas, "--wait", "--json").code == 0
    assert node.door.count("eth_getProof") == 0


def test_before_it_is_final_there_is_none(run: Run, diplomas: Path, node: Node) -> None:
    # A block when there is something to put into it, and no other.
    node.client.request("evm_setIntervalMining", [0])
    node.client.request("evm_setAutomine", [True])
    root = run("anchor", diplomas, "--json").json["batches"][0]["root"]
    refused = run("receipts", root, "-o", "out", "--evidence", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "not-final")
