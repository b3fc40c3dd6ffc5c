"""Files of the service that prove an absence by themselves: with its own endpoint, and where that cannot prove it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient

from registry.chain.contract import CredentialRegistry
from registry.chain.editions import second
from registry.chain.rpc.client import ChainClient
from registry.database.engine import open_database
from registry.errors import ChainUnavailable
from registry.index.indexer import Indexer
from registry.index.loader import TreeLoader
from registry.index.reader import Index
from registry.index.writer import IndexWriter
from registry.service import examples
from registry.service.app import create_app
from registry.service.batch_evidence import BatchEvidence
from registry.service.routes import credentials
from registry.service.service import Service
from registry.trees.folder import FolderTrees
from registry.verifier.absence_files import answers_of
from registry.verifier.grounds import ByEndpoints
from registry.verify.absence import Absence
from registry.verify.absence_file import AbsenceFile, absence_schema
from tests.registry.chain.worlds import World
from tests.registry.service.conftest import Stand, registered, soon
from tests.registry.verifier.test_absence_files import AUDITOR, NEVER, Issued


class Endpoint:
    """The endpoint of the service, which may refuse methods, or proofs of some blocks.

    Attributes:
        asked: the methods that it was asked.
        refuses: methods that it does not know.
        pruned: blocks of which it keeps no state.
        holds: what has to happen before it gives a proof.
    """

    def __init__(self, client: ChainClient):
        self._client, self.where = client, client.where
        self.asked: list[str] = []
        self.refuses: set[str] = set()
        self.pruned: set[int] = set()
        self.down = False
        self.begun, self.holds = threading.Event(), threading.Event()
        self.holds.set()

    def make_request(self, method: str, params: Sequence[Any]) -> Any:
        self.asked.append(method)
        if self.down:
            raise ChainUnavailable("no answer from secret-host", where="secret-host", code="chain-unreachable")
        if method in self.refuses:
            return {"error": {"code": -32601, "message": "the method does not exist"}}
        if method == "eth_getProof":
            self.begun.set()
            self.holds.wait(30)
            if int(params[2], 16) in self.pruned:
                return {"error": {"code": -32000, "message": "missing trie node 5a5a (path )"}}
        return {"result": self._client.request(method, params)}

    def hide(self, text: str) -> str:
        return text


@dataclass
class Served:
    """A service on a real chain, whose endpoint does as it is told."""

    issued: Issued
    endpoint: Endpoint
    app: Any
    client: TestClient
    service: Service
    indexer: Indexer

    def begins_anew(self) -> None:
        contract = CredentialRegistry(ChainClient(self.endpoint, where="here"), self.issued.contract.address)
        self.app.state.batch_evidence = BatchEvidence(lambda: contract, f"eip155:{self.issued.chain_id}")

    def ask(self, digest: bytes = NEVER, issuer: int | None = None, evidence: str = "1") -> Any:
        issuer = self.issued.issuer if issuer is None else issuer
        return self.client.get(
            f"/v1/credentials/{digest.hex()}/absence", params={"issuer": issuer, "evidence": evidence}
        )


@pytest.fixture
def served(embedded: World, tmp_path: Path) -> Iterator[Served]:
    issued = Issued(embedded, second())
    (tmp_path / "trees").mkdir()
    trees = FolderTrees(tmp_path / "trees")
    for tree in (*issued.trees, issued.others):
        tree.write(trees.path(tree.id))
    engine = open_database(f"sqlite:///{tmp_path / 'testamur.db'}")
    chain = f"eip155:{issued.chain_id}"
    index = Index(engine, chain, issued.contract.address)
    indexer = Indexer(issued.contract, IndexWriter(engine, chain, issued.contract.address), first_block=0)
    indexer.catch_up()
    TreeLoader(index, trees).step()
    endpoint = Endpoint(embedded.client)
    service = Service(index, trees)
    app = create_app(service)
    served = Served(issued, endpoint, app, TestClient(app, raise_server_exceptions=False), service, indexer)
    served.begins_anew()
    yield served
    engine.dispose()


def answer(served: Served, file: AbsenceFile) -> Any:
    grounds = ByEndpoints(served.issued.world.client, 1)
    (verdict,) = answers_of(file, grounds, auditors=[AUDITOR], registries=[second().address])
    return verdict


def test_what_the_service_hands_out_proves_itself(served: Served) -> None:
    told = served.ask()
    assert told.status_code == 200, told.text
    jsonschema.validate(told.json(), absence_schema())
    assert told.json().keys() == examples.ABSENCE_FILE.keys()
    verdict = answer(served, AbsenceFile.of(told.content))
    assert (verdict.code, verdict.issuer, verdict.digest) == ("absent-if-sorted", served.issued.issuer, NEVER)
    there = served.ask(served.issued.trees[2].leaf(5))
    assert answer(served, AbsenceFile.of(there.content)).outcome is Absence.PRESENT
    plain = served.ask(evidence="0").json()
    assert (plain["version"], plain["outcome"]) == (1, "absent")
    again = served.client.get(told.url, headers={"If-None-Match": told.headers["ETag"]})
    assert again.status_code == 304


def test_the_evidence_of_an_issuer_is_gathered_once_for_a_block(served: Served) -> None:
    files = [served.ask(digest) for digest in (NEVER, served.issued.trees[0].leaf(0))]
    assert {each.status_code for each in files} == {200}
    assert served.endpoint.asked.count("eth_getProof") == 1
    served.ask(issuer=served.issued.other)
    assert served.endpoint.asked.count("eth_getProof") == 2
    tree = served.issued.anchored(served.issued.issuer, [NEVER])
    tree.write(served.service.trees.path(tree.id))  # type: ignore[attr-defined]
    served.indexer.catch_up()
    TreeLoader(served.service.index, served.service.trees).step()
    served.service.horizon._read_at = float("-inf")
    after = AbsenceFile.of(served.ask().content)
    assert len(after.batches) == 4
    assert answer(served, after).outcome is Absence.PRESENT


def test_an_endpoint_that_cannot_prove_it_is_said_and_the_plain_answer_stays(served: Served) -> None:
    served.endpoint.refuses = {"eth_getProof"}
    refused = served.ask()
    assert (refused.status_code, refused.json()["code"], refused.json()["cause"]) == (
        404,
        "no-evidence",
        "chain-rpc-error",
    )
    assert served.ask(evidence="0").json()["outcome"] == "absent"
    served.endpoint.refuses = set()
    head = served.service.horizon.now().head
    served.endpoint.pruned = {head.cursor.number}
    assert served.ask().json()["code"] == "no-evidence"
    served.endpoint.down = True
    down = served.ask()
    assert (down.status_code, down.json()["code"]) == (503, "chain-unreachable")
    assert "secret-host" not in down.text


def test_a_block_that_is_too_old_for_the_endpoint_gives_way_to_the_newest(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = served.service.horizon.now().head
    world = served.issued.world
    before = world.client.block(head.cursor.number - 1)
    assert before is not None
    # As on a chain whose newest final block is some way behind its head.
    behind = replace(head, final=before.number, final_hash=before.hash)
    monkeypatch.setattr(served.service.index, "head", lambda: behind)
    served.service.horizon._read_at = float("-inf")
    final = answer(served, AbsenceFile.of(served.ask().content))
    assert final.as_of.number == before.number
    served.endpoint.pruned = {before.number}
    # What was gathered of that block is kept; this one begins anew.
    served.begins_anew()
    newest = answer(served, AbsenceFile.of(served.ask().content))
    assert newest.as_of.number == head.cursor.number


def test_while_it_is_gathered_others_are_told_to_come_back(served: Served) -> None:
    served.endpoint.holds.clear()
    told: list[Any] = []
    first = threading.Thread(target=lambda: told.append(served.ask()))
    first.start()
    try:
        assert served.endpoint.begun.wait(30)
        busy = served.ask()
        assert (busy.status_code, busy.json()["code"]) == (503, "busy")
        assert int(busy.headers["Retry-After"]) > 0
    finally:
        served.endpoint.holds.set()
        first.join()
    assert told[0].status_code == 200
    assert served.ask().status_code == 200


def test_what_is_not_here_is_said(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    assert served.ask(issuer=99).json()["code"] == "unknown-party"
    assert served.ask(evidence="maybe").status_code == 422
    monkeypatch.setattr(credentials, "MOST_IN_FILE", 2)
    many = served.ask()
    assert (many.status_code, many.json()["code"]) == (413, "too-many")
    assert served.ask(evidence="0").json()["outcome"] == "absent"


def test_a_service_without_an_endpoint_has_no_evidence(empty: Stand) -> None:
    empty.mine(registered(1))
    soon(empty)
    refused = empty.client.get(f"/v1/credentials/{NEVER.hex()}/absence?issuer=1&evidence=1")
    assert (refused.status_code, refused.json()["code"]) == (404, "no-evidence")
