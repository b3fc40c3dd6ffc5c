"""`evidence=1`: receipts that are verified without an endpoint, where the service has one that proves; else a code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from registry.chain.contract import CredentialRegistry
from registry.chain.layout import slots_of
from registry.chain.rpc.client import ChainClient
from registry.database.engine import open_database
from registry.errors import ChainUnavailable
from registry.index.indexer import Indexer
from registry.index.loader import TreeLoader
from registry.index.reader import Index
from registry.index.writer import IndexWriter
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt, parse_json
from registry.records import Purpose
from registry.service import evidence as module
from registry.service import examples
from registry.service.app import create_app
from registry.service.evidence import BURST, MOMENTS_SECONDS, REST_SECONDS, Evidences
from registry.service.service import Service
from registry.trees.folder import FolderTrees
from registry.verifier.gathering import within
from registry.verifier.stored import StoredRegistry
from tests.registry.chain.begun import begun, copied
from tests.registry.chain.proof_door import GONE, REFUSALS, ProofDoor
from tests.registry.chain.test_evidence import Registry
from tests.registry.chain.turns_of_days import next_day
from tests.registry.service.conftest import LARGE, Stand, credential
from tests.registry.service.test_reference import REFERENCE, members

__all__ = ["begun", "copied"]

CODES = {
    "geth, of an old block": "state-gone",
    "reth": "state-gone",
    "no such method": "no-proofs",
    "a limit": "chain-rate-limited",
    "something else": "chain-rpc-error",
}


class Here:
    """A registry on a chain, indexed, and the service on it."""

    def __init__(self, folder: Path, registry: Registry):
        self.registry = registry
        self.door = ProofDoor(registry.world.client)
        self.client = ChainClient(self.door, where=self.door.where)
        self.contract = CredentialRegistry(self.client, self.registry.contract.address)
        self.chain = f"eip155:{self.client.chain_id()}"
        self.engine = open_database(f"sqlite:///{folder / 'testamur.db'}")
        (folder / "trees").mkdir()
        trees = self.trees = FolderTrees(folder / "trees")
        for digests in (self.registry.digests, self.registry.digests[:5]):
            with Tree.build(digests) as tree:
                tree.write(trees.path(tree.id))
        self.index = Index(self.engine, self.chain, self.contract.address)
        self.loader = TreeLoader(self.index, trees)
        self.service = Service(self.index, trees)
        self.now = 0.0
        self.follow()
        self.serve(Evidences(lambda: self.contract, self.chain, clock=lambda: self.now))

    def follow(self) -> None:
        writer = IndexWriter(self.engine, self.chain, self.contract.address)
        Indexer(self.contract, writer, first_block=0).catch_up()
        self.loader.step()

    def serve(self, evidences: Evidences) -> None:
        self.api = TestClient(create_app(self.service, evidences=evidences))

    def asked(self, leaf: int) -> list[dict[str, Any]]:
        """The anchors of a credential, with evidence."""
        answer = self.api.get(f"/v1/credentials/{self.registry.digests[leaf].hex()}?evidence=1")
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-cache"
        found: list[dict[str, Any]] = answer.json()["anchors"]
        return found

    def of(self, leaf: int) -> dict[str, Any]:
        """The one anchor of a credential."""
        (one,) = self.asked(leaf)
        return one


@pytest.fixture
def here(tmp_path: Path, copied: Registry) -> Iterator[Here]:
    made = Here(tmp_path, copied)
    yield made
    made.engine.dispose()


def receipt_in(anchor: Mapping[str, Any]) -> Receipt:
    return parse_json(orjson.dumps(anchor["receipt"]))


def shown(here: Here, anchor: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether the credential is revoked and suspended, as the evidence shows to whoever knows the block."""
    receipt = receipt_in(anchor)
    assert receipt.version == 2
    assert receipt.evidence is not None
    block = anchor["evidence"]["asOf"]
    known = here.client.block(block["number"])
    assert known is not None
    proved = receipt.evidence.proved(known.hash)
    assert proved.header.number == block["number"]
    issuer, root, place = receipt.anchor.issuer, receipt.root, receipt.inclusion.leaf_index
    stored = StoredRegistry(slots_of(here.contract.edition), within(proved.values))
    batch, (said,) = stored.batch(issuer, root), stored.digest_statuses(issuer, [receipt.digest_value])
    assert batch is not None
    by_place = {each: stored.status_words(issuer, root, each, [place // 256])[0] >> place % 256 & 1 for each in Purpose}
    return (
        bool(by_place[Purpose.REVOCATION] or said.revoked_at),
        bool(by_place[Purpose.SUSPENSION] or said.suspended_at),
    )


def test_what_is_shown_is_what_the_answer_says(here: Here) -> None:
    for leaf in (0, 1, 2, 4, 255, 256, 258, 299):
        for anchor in here.asked(leaf):
            told = anchor["status"]
            assert told.get("revokedIn") or shown(here, anchor) == (told["revoked"], told["suspended"]), leaf
            assert anchor["evidence"].keys() == {"asOf"}


def test_neighbours_share_what_was_read(here: Here) -> None:
    before = here.door.proofs
    here.of(10)
    once = here.door.proofs - before
    here.of(10)
    assert here.door.proofs == before + once
    for leaf in range(11, 20):
        here.of(leaf)
    more = here.door.proofs - before - once
    # Where the issuer has spoken of digests, that nothing was said of this one is proved of each by itself.
    assert more == (9 * once if here.contract.edition.has_digest_statuses else 0)
    for leaf in range(10, 20):
        here.of(leaf)
    assert here.door.proofs == before + once + more
    here.now += MOMENTS_SECONDS
    here.of(11)
    # There is no newer final block.
    assert here.door.proofs == before + once + more


def test_a_newer_final_block_is_asked_about(here: Here) -> None:
    old = here.of(20)["evidence"]["asOf"]
    here.registry.call("setStatus", here.registry.party, here.registry.root, Purpose.REVOCATION, 0, 1 << 20, 1)
    here.follow()
    here.now += MOMENTS_SECONDS
    new = here.of(20)
    assert new["evidence"]["asOf"]["number"] > old["number"]
    assert shown(here, new) == (True, False)


def test_who_does_not_ask_is_given_none(here: Here) -> None:
    written = here.registry.digests[9].hex()
    for query in ("", "?evidence=0"):
        (anchor,) = here.api.get(f"/v1/credentials/{written}{query}").json()["anchors"]
        assert (anchor["receipt"]["version"], "evidence" in anchor) == (1, False)
    assert here.door.proofs == 0
    refused = here.api.get(f"/v1/credentials/{written}?evidence=yes")
    assert (refused.status_code, refused.json()["code"]) == (400, "evidence")


@pytest.mark.parametrize("name", REFUSALS)
def test_an_endpoint_that_has_none_is_left_alone_for_a_while(here: Here, name: str) -> None:
    here.door.refuse = lambda _: REFUSALS[name]
    for _ in range(3):
        anchor = here.of(9)
        assert (anchor["receipt"]["version"], "evidence" in anchor["receipt"]) == (1, False)
        assert anchor["evidence"]["code"] == CODES[name]
        # What the endpoint says is for the log.
        assert REFUSALS[name]["message"] not in anchor["evidence"]["detail"]
    assert here.door.proofs == 1
    here.door.refuse = lambda _: None
    here.now += REST_SECONDS
    assert shown(here, here.of(9)) == (False, False)


@pytest.mark.parametrize(("length", "code"), [(16_500, "evidence-value"), (8_000, "evidence-size")])
def test_a_strangers_endless_uri_costs_nobody_else_anything(here: Here, length: int, code: str) -> None:
    here.registry.call("registerParty", "x" * length, bytes(32))
    stranger = here.contract.party_count()
    digest = sha256(b"the stranger's").digest()
    with Tree.build([digest]) as tree:
        here.registry.call("anchor", stranger, tree.root, 1)
        tree.write(here.trees.path(tree.id))
    here.follow()
    before = here.door.proofs
    (anchor,) = here.api.get(f"/v1/credentials/{digest.hex()}?evidence=1").json()["anchors"]
    assert (anchor["receipt"]["version"], anchor["evidence"]["code"]) == (1, code)
    # Its length is in one slot; the rest of it is not asked for.
    assert here.door.proofs - before <= 2
    assert shown(here, here.of(9)) == (False, False)


def test_what_proves_nothing_is_not_sent(here: Here) -> None:
    def cut_short(proof: Any) -> Any:
        return {**proof, "storageProof": [{**each, "proof": each["proof"][:-1]} for each in proof["storageProof"]]}

    here.door.change = cut_short
    anchor = here.of(9)
    assert (anchor["receipt"]["version"], anchor["evidence"]["code"]) == (1, "not-proved")


def test_a_service_without_a_chain_says_so(here: Here) -> None:
    here.serve(Evidences(None, here.chain))
    anchor = here.of(9)
    assert (anchor["receipt"]["version"], anchor["evidence"]["code"]) == (1, "no-chain")


def test_a_chain_that_cannot_be_asked_is_no_error(here: Here) -> None:
    def away() -> CredentialRegistry:
        raise ChainUnavailable("nothing answers at https://node.example/secret", code="chain-unreachable")

    here.serve(Evidences(away, here.chain))
    anchor = here.of(9)
    assert anchor["evidence"] == {"code": "chain-unreachable", "detail": "the chain's endpoint does not answer"}
    here.serve(Evidences(lambda: here.contract, "eip155:5"))
    assert here.of(9)["evidence"]["code"] == "wrong-chain"


def test_too_many_at_once_get_the_answer_without(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    here.of(30)
    monkeypatch.setattr(here.door, "refuse", lambda _: asks_meanwhile())
    asked = []

    def asks_meanwhile() -> None:
        # As another request would, while the endpoint has not answered this one.
        here.door.refuse = lambda _: None
        asked.append(here.of(280))

    monkeypatch.setattr(module, "MOST_AT_ONCE", 1)
    here.serve(Evidences(lambda: here.contract, here.chain, clock=lambda: here.now))
    assert here.of(30)["evidence"].keys() == {"asOf"}
    assert [each["evidence"]["code"] for each in asked] == ["evidence-busy"]


def test_so_many_a_second_are_read_for_all_together(here: Here) -> None:
    if not here.contract.edition.has_digest_statuses:
        pytest.skip("there are two words, each read once")
    codes = [here.of(leaf)["evidence"].get("code") for leaf in range(10, 10 + int(BURST) + 3)]
    assert codes == [None] * int(BURST) + ["evidence-busy"] * 3
    here.now += 1
    assert here.of(200)["evidence"].get("code") is None


def test_the_first_block_of_the_day_is_preferred(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    day = next_day(here.registry, monkeypatch)
    here.follow()
    assert here.of(40)["evidence"]["asOf"]["number"] == day.number
    here.door.refuse = lambda number: GONE if number <= day.number else None
    other = here.of(270)
    assert other["evidence"]["asOf"]["number"] == day.number + 1
    assert shown(here, other) == (False, False)
    before = here.door.numbers.count(day.number)
    here.of(290)
    # It is not asked for again today.
    assert here.door.numbers.count(day.number) == before


def test_the_example_and_the_reference_are_of_what_is_answered(here: Here) -> None:
    written = here.registry.digests[9].hex()
    told = here.api.get(f"/v1/credentials/{written}?evidence=1").json()
    assert told["anchors"][0]["receipt"]["evidence"].pop("slots")
    (example,) = examples.WITH_EVIDENCE["anchors"]
    example = {**example, "receipt": {**example["receipt"], "evidence": {**example["receipt"]["evidence"]}}}
    assert example["receipt"]["evidence"].pop("slots")
    assert members(told) == members({**examples.WITH_EVIDENCE, "anchors": [example]})
    assert [code for code in module.SENTENCES if f"| `{code}` |" not in REFERENCE.read_text()] == []


def test_of_an_anchor_that_is_not_final_there_is_none(stand: Stand, service: TestClient) -> None:
    for digest, code in ((credential(1000), "not-final"), (LARGE[0], "no-chain")):
        answer = service.get(f"/v1/credentials/{digest.hex()}?evidence=1").json()
        assert [anchor["evidence"]["code"] for anchor in answer["anchors"]] == [code]
