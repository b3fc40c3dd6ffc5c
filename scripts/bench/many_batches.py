"""A data folder with many anchored batches for measurements: trees on the disk, events and digests in the index.

The events are written as an indexer writes them, without a chain: what is measured is reading.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Engine

from registry.database.engine import open_database
from registry.index.loader import TreeLoader
from registry.index.reader import Index
from registry.index.writer import IndexWriter
from registry.merkle.tree import Tree
from registry.records import BlockRef, Event
from registry.timestamps import from_unix
from registry.trees.folder import FolderTrees

CHAIN, CONTRACT = "eip155:31337", "0x5FbDB2315678afecb367f032d93F642f64180aa3"
OPERATOR = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
ISSUERS = 20
FIRST_TIME = 1_780_000_000


def digest(number: int) -> bytes:
    """The digest of that number."""
    return sha256(b"credential %d" % number).digest()


def build(folder: Path, url: str, credentials: int, batches: int, *, revoked_every: int = 100) -> Index:
    """Make the folder and say how long each part took; every batch has as many credentials as the others."""
    trees = folder / "trees"
    trees.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    each = credentials // batches
    roots = []
    for number in range(batches):
        with Tree.build(digest(number * each + place) for place in range(each)) as tree:
            tree.write(trees / tree.id.name)
            roots.append(tree.root)
    built = time.perf_counter()
    engine = open_database(url)
    write_events(engine, roots, each, revoked_every)
    written = time.perf_counter()
    index = Index(engine, CHAIN, CONTRACT)
    loaded = TreeLoader(index, FolderTrees(trees)).step()
    done = time.perf_counter()
    if loaded != batches:
        raise RuntimeError(f"{loaded} of {batches} trees were loaded")
    print(
        f"{credentials:,} credentials in {batches:,} batches: trees {built - begun:.1f} s, events "
        f"{written - built:.1f} s, loading {done - written:.1f} s ({credentials / (done - written):,.0f} digests/s)"
    )
    return index


def write_events(engine: Engine, roots: list[bytes], leaf_count: int, revoked_every: int) -> None:
    """Issuers in turn, a batch a block, some credentials revoked; all of it final."""
    writer = IndexWriter(engine, CHAIN, CONTRACT)
    head = writer.begin(_block(0), genesis_hash=_block(0).hash)
    events = list(_events(roots, leaf_count, revoked_every))
    last = events[-1].block
    writer.add(head, events, last, seen=last.number)
    after = writer.head()
    if after is None:
        raise RuntimeError("the index has no head")
    writer.settle(after, final=last, seen=last.number)


def _events(roots: list[bytes], leaf_count: int, revoked_every: int) -> Iterator[Event]:
    for issuer in range(1, ISSUERS + 1):
        uri = f"did:web:issuer-{issuer}.example"
        party = {"party": issuer, "controller": OPERATOR, "uri": uri, "profileHash": bytes(32)}
        yield _event("PartyRegistered", party, 1, issuer)
    mask = sum(1 << bit for bit in range(0, min(256, leaf_count), revoked_every))
    for number, root in enumerate(roots):
        issuer = number % ISSUERS + 1
        batch = {"issuer": issuer, "root": root, "leafCount": leaf_count, "sequence": number // ISSUERS + 1}
        yield _event("Anchored", {**batch, "operator": OPERATOR}, number + 2, 0)
        status = {"issuer": issuer, "root": root, "purpose": 0, "word": 0, "changed": mask, "reason": 1}
        yield _event("StatusSet", {**status, "operator": OPERATOR}, number + 2, 1)


def _event(name: str, arguments: dict[str, object], block: int, log_index: int) -> Event:
    transaction = sha256(b"%d %d" % (block, log_index)).digest()
    return Event.of_block(_block(block), name, arguments, log_index, transaction)


def _block(number: int) -> BlockRef:
    return BlockRef(number, sha256(b"block %d" % number).digest(), from_unix(FIRST_TIME + 12 * number))
