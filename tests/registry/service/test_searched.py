"""What is not found is never called searched before its tree was, nor as of a block whose batches were not counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from registry.database.engine import open_database
from registry.index.loader import TreeLoader
from registry.index.reader import Index
from registry.index.writer import IndexWriter
from registry.merkle.tree import Tree
from registry.records import BlockRef, Event
from registry.service.app import create_app
from registry.service.coverage import COVERAGE_SECONDS
from registry.service.service import Service
from registry.timestamps import from_unix
from registry.trees.folder import FolderTrees
from tests.faults.harness import wait_until

CHAIN, CONTRACT = "eip155:31337", "0x5FbDB2315678afecb367f032d93F642f64180aa3"
ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
DIGEST, UNKNOWN = bytes(32), b"\xff" * 32


class Site:
    """An index that a test writes, and the service on it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.engine = open_database(f"sqlite:///{folder / 'index.sqlite'}")
        self.index, self.trees = Index(self.engine, CHAIN, CONTRACT), FolderTrees(folder)
        self._writer = IndexWriter(self.engine, CHAIN, CONTRACT)
        self._writer.begin(_block(0), genesis_hash=bytes(32))
        profile = {"party": 1, "controller": ACCOUNT, "uri": "did:web:issuer.example", "profileHash": bytes(32)}
        self._add("PartyRegistered", profile)
        self.service = Service(self.index, self.trees)
        self.client = TestClient(create_app(self.service))

    def anchor(self, *digests: bytes) -> None:
        """A batch in a block of its own; its tree is in the store and not loaded."""
        with Tree.build(digests) as tree:
            tree.write(self.trees.path(tree.id))
            root = tree.root
        sequence = self.index.counts()["batches"] + 1
        arguments = {"issuer": 1, "root": root, "leafCount": len(digests), "sequence": sequence, "operator": ACCOUNT}
        self._add("Anchored", arguments)

    def load(self) -> None:
        TreeLoader(self.index, self.trees).step()

    def ask(self, digest: bytes) -> Any:
        return self.client.get(f"/v1/credentials/{digest.hex()}")

    def _add(self, name: str, arguments: dict[str, Any]) -> None:
        head = self._writer.head()
        assert head is not None
        block = _block(head.cursor.number + 1)
        event = Event.of_block(block, name, arguments, 0, block.hash)
        self._writer.add(head, [event], block, seen=block.number)


def _block(number: int) -> BlockRef:
    return BlockRef(number, number.to_bytes(32, "big"), from_unix(1_780_000_000 + number))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.engine.dispose()


def test_a_tree_that_is_loaded_during_a_search_is_searched(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.anchor(DIGEST)
    find = site.service.lookup.find

    def find_and_load(*args: Any, **kwargs: Any) -> Any:
        found = find(*args, **kwargs)
        site.load()
        return found

    monkeypatch.setattr(site.service.lookup, "find", find_and_load)
    answer = site.ask(DIGEST)
    # Not "not found, and nothing was left out".
    assert answer.status_code == 200
    assert len(answer.json()["anchors"]) == 1


@pytest.mark.parametrize("name", ["find", "gather"])
def test_a_batch_whose_tree_is_loaded_during_a_search_is_not_called_searched(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    site.anchor(DIGEST)
    site.load()
    site.anchor(DIGEST, UNKNOWN)
    find, loads = getattr(site.service.lookup, name), [site.load]

    def find_and_load(*args: Any, **kwargs: Any) -> Any:
        found = find(*args, **kwargs)
        if loads:
            loads.pop()()
        return found

    monkeypatch.setattr(site.service.lookup, name, find_and_load)
    if name == "find":
        answer = site.ask(DIGEST).json()
    else:
        (answer,) = site.client.post("/v1/lookup", json={"digests": [DIGEST.hex()]}).json()["results"]
    assert len(answer["anchors"]) == 2
    assert "notSearched" not in answer


def test_what_was_searched_is_told_for_the_block_of_the_answer(site: Site) -> None:
    site.anchor(DIGEST)
    site.load()
    before = site.ask(UNKNOWN).json()
    assert (before["searched"]["batches"], before["searched"]["batchesWithoutTree"]) == (1, 0)
    site.anchor(UNKNOWN)
    newest = before["asOf"]["block"]["number"] + 1
    after = wait_until(lambda: _as_of(site.ask(UNKNOWN).json(), newest), 5, "the service has seen the next block")
    assert (after["searched"]["batches"], after["searched"]["batchesWithoutTree"]) == (2, 1)


def _as_of(content: dict[str, Any], block: int) -> dict[str, Any] | None:
    return content if content["asOf"]["block"]["number"] == block else None


@pytest.mark.parametrize("name", ["find", "find_many"])
def test_a_search_that_takes_longer_than_its_coverage_is_kept_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    site.anchor(DIGEST)
    site.load()
    search, begun = getattr(site.service.lookup, name), time.monotonic
    passed = [0.0]

    def searched(*args: Any, **kwargs: Any) -> Any:
        passed[0] += 3 * COVERAGE_SECONDS
        return search(*args, **kwargs)

    monkeypatch.setattr(site.service.lookup, name, searched)
    monkeypatch.setattr(time, "monotonic", lambda: begun() + passed[0])
    site.service.coverage._clock = time.monotonic
    if name == "find":
        assert site.ask(DIGEST).status_code == 200
    else:
        (found,) = site.client.post("/v1/lookup", json={"digests": [DIGEST.hex()]}).json()["results"]
        assert len(found["anchors"]) == 1
