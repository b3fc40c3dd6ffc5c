"""A small history, written into an index, and the lookup service on it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from registry.database.engine import open_database
from registry.index.loader import TreeLoader
from registry.index.reader import Index
from registry.index.writer import IndexWriter
from registry.merkle.tree import Tree
from registry.records import BlockRef, Event
from registry.service.app import create_app
from registry.service.service import Limits, Service
from registry.timestamps import from_unix
from registry.trees.folder import FolderTrees
from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]

CHAIN, CONTRACT = "eip155:31337", "0x5FbDB2315678afecb367f032d93F642f64180aa3"
ACCOUNT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
GENESIS_TIME = 1_767_225_600
FINAL_BLOCK = 6


def credential(number: int) -> bytes:
    return sha256(b"credential %d" % number).digest()


@dataclass
class Stand:
    """An index that is told what happens, block by block, with a tree store beside it.

    Attributes:
        leaves: of each anchored root, in the order of the tree.
    """

    folder: Path
    engine: Engine
    limits: Limits = field(default_factory=Limits)
    leaves: dict[bytes, list[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.writer = IndexWriter(self.engine, CHAIN, CONTRACT)
        self.writer.begin(self.mark(0), genesis_hash=bytes(32))
        self.index, self.trees = Index(self.engine, CHAIN, CONTRACT), FolderTrees(self.folder)
        self.service = Service(self.index, self.trees, self.limits)
        self.app = create_app(self.service)
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self._sequences: dict[int, int] = {}

    def mark(self, number: int) -> BlockRef:
        return BlockRef(number, sha256(b"block %d" % number).digest(), from_unix(GENESIS_TIME + 12 * number))

    def mine(self, *told: tuple[str, dict[str, Any]], behind: int = 0) -> BlockRef:
        """One more block with these events."""
        head = self.writer.head()
        assert head is not None
        block = self.mark(head.cursor.number + 1)
        events = [
            Event.of_block(block, name, given, place, sha256(b"tx" + block.hash).digest())
            for place, (name, arguments) in enumerate(told)
            for given in [{"operator": ACCOUNT, **arguments}]
        ]
        self.writer.add(head, events, block, seen=block.number + behind)
        return block

    def finalise(self, number: int) -> None:
        head = self.writer.head()
        assert head is not None
        self.writer.settle(head, final=self.mark(number), seen=head.cursor.number)

    def tree(self, *digests: bytes, stored: bool = True) -> bytes:
        """Write a tree; returns its root."""
        with Tree.build(digests) as tree:
            root, self.leaves[tree.root] = tree.root, sorted(digests)
            if stored:
                tree.write(self.trees.path(tree.id))
        return root

    def anchored(self, issuer: int, root: bytes, *, count: int | None = None) -> tuple[str, dict[str, Any]]:
        sequence = self._sequences[issuer] = self._sequences.get(issuer, 0) + 1
        leaf_count = len(self.leaves[root]) if count is None else count
        return "Anchored", {"issuer": issuer, "root": root, "leafCount": leaf_count, "sequence": sequence}

    def load(self) -> None:
        TreeLoader(self.index, self.trees).step()


def registered(number: int) -> tuple[str, dict[str, Any]]:
    uri = f"did:web:{number}.example"
    return "PartyRegistered", {"party": number, "controller": ACCOUNT, "uri": uri, "profileHash": bytes(32)}


def status_set(issuer: int, root: bytes, leaf: int, *, purpose: int = 0, reason: int = 2) -> tuple[str, dict[str, Any]]:
    word, bit = divmod(leaf, 256)
    given = {"issuer": issuer, "root": root, "purpose": purpose, "word": word, "changed": 1 << bit, "reason": reason}
    return "StatusSet", given


@dataclass(frozen=True)
class Roots:
    """The batches of the history: the large one of issuer 1, its second, a voided one, and one without a tree."""

    large: bytes
    second: bytes
    voided: bytes
    missing: bytes


LARGE = [credential(number) for number in range(300)]
SECOND = [credential(number) for number in range(1000, 1005)]
VOIDED = [credential(7), credential(2000)]


def told(folder: Path, engine: Engine) -> tuple[Stand, Roots]:
    """Issuers 1, 2 and 3; nine blocks, of which six are final."""
    stand = Stand(folder, engine)
    roots = Roots(
        stand.tree(*LARGE),
        stand.tree(*SECOND),
        stand.tree(*VOIDED),
        stand.tree(credential(3000), credential(3001), stored=False),
    )
    stand.mine(registered(1), registered(2), registered(3))
    operator = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    stand.mine(("OperatorSet", {"party": 1, "operator": operator, "allowed": True}))
    stand.mine(stand.anchored(1, roots.large))
    leaves = stand.leaves[roots.large]
    stand.mine(
        status_set(1, roots.large, leaves.index(credential(1))),
        status_set(1, roots.large, leaves.index(credential(2)), purpose=1, reason=7),
    )
    stand.mine(stand.anchored(2, roots.voided))
    stand.mine(("BatchVoided", {"issuer": 2, "root": roots.voided, "reason": 1, "controller": ACCOUNT}))
    # A stranger repeats the root of issuer 1 with a count that no proof holds for, and anchors what is not here.
    stand.mine(stand.anchored(3, roots.large, count=7), stand.anchored(3, roots.missing))
    stand.mine(stand.anchored(1, roots.second))
    replaced = {"issuer": 1, "root": roots.large, "index": leaves.index(credential(1))}
    place = stand.leaves[roots.second].index(credential(1001))
    stand.mine(("Superseded", replaced | {"replacementRoot": roots.second, "replacementIndex": place}))
    stand.finalise(FINAL_BLOCK)
    stand.load()
    return stand, roots


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stand, Roots]]:
    folder = tmp_path_factory.mktemp("history")
    engine = open_database(f"sqlite:///{folder / 'testamur.db'}")
    yield told(folder, engine)
    engine.dispose()


@pytest.fixture(scope="module")
def stand(history: tuple[Stand, Roots]) -> Stand:
    return history[0]


@pytest.fixture(scope="module")
def roots(history: tuple[Stand, Roots]) -> Roots:
    return history[1]


@pytest.fixture(scope="module")
def service(stand: Stand) -> TestClient:
    """Who asks the service."""
    return stand.client


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Stand]:
    """A history that a test tells by itself."""
    engine = open_database(f"sqlite:///{tmp_path / 'testamur.db'}")
    yield Stand(tmp_path, engine)
    engine.dispose()


def soon(stand: Stand) -> None:
    """Have the service look at the index at its next request, as it does after a tenth of a second."""
    stand.service.horizon._read_at = time.monotonic() - 1
