"""PostgreSQL with many digests: how fast they get in, how much room they take, how fast they are found.

    python -m scripts.bench.postgres_size [--digests 10000000] [--trees | --ways | --url URL] [--quick]

The digests are made, not hashed: what counts is that their first eight bytes fall everywhere. They go the way of the
loader, in batches of a million, into an empty index. With --trees they are hashed, and whole trees are built, checked
and loaded, as in use. With --ways nothing is loaded: what a key, its time, a foreign key and the order of rows cost is
compared.

The rival in the same run is COPY of the same rows, in the same form, into one table without a key, on one connection,
and PostgreSQL's own way to a key afterwards. "Cold" is after a restart of the server, when the system has given up what
it held of the server's files as well; "warm" is the second time that the same digests are asked for.
"""

from __future__ import annotations

import argparse
import os
import random
import struct
import tempfile
import threading
import time
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import make_url

from registry.database.engine import open_database
from registry.index.leaf_groups import _ASKED
from registry.index.leaf_rows import COPY_BEGINS, COPY_ENDS, ROW_BYTES, Leaves
from registry.index.loader import ROWS_A_PART
from registry.index.partitions import partitioned_pile
from registry.merkle.treefile import TreeId
from scripts.bench.many_batches import build
from scripts.bench.postgres import Server, server

SETTINGS: Final = {
    "shared_buffers": "4GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "maintenance_work_mem": "512MB",
}
TOLD = (*SETTINGS, "synchronous_commit", "fsync", "wal_level", "max_parallel_maintenance_workers")
BATCH: Final = 1_000_000
RIVAL_ROWS: Final = 5_000_000
BLOCK: Final = 32_768  # leaves
GROUP: Final = 64
BLOCKS_ASKED: Final = 200
SINGLES, GROUPS = 5_000, 200
SAMPLE: Final = SINGLES + 2 * GROUPS * GROUP
PLACES = "SELECT tree, leaf_index FROM indexed_leaf WHERE prefix = %s ORDER BY tree"
MANY = "SELECT prefix, tree, leaf_index FROM indexed_leaf WHERE prefix = ANY(%s)"


class MadeTree:
    """What the loader asks of a tree, with leaves that are made as they are read: evenly spread by their first three
    bytes, and random in the five after these."""

    def __init__(self, number: int, count: int):
        self.id = TreeId(number.to_bytes(32, "big"), count)

    def leaf_blocks(self) -> Iterator[bytes]:
        """Packed digests, in ascending order."""
        return map(self.block, range(0, self.id.leaf_count, BLOCK))

    def block(self, first: int) -> bytes:
        """The packed digests from one on, a block of them."""
        count, each = self.id.leaf_count, (1 << 24) // self.id.leaf_count
        size = min(BLOCK, count - first)
        places = array("I", range(first * each, (first + size) * each, each))
        places.byteswap()
        begin, rest = places.tobytes(), random.Random(f"{self.id} {first}").randbytes(5 * size)
        leaves = bytearray(32 * size)
        for byte in range(3):
            leaves[byte::32] = begin[byte + 1 :: 4]
        for byte in range(5):
            leaves[byte + 3 :: 32] = rest[byte::5]
        return bytes(leaves)


def made(digests: int, batch: int) -> Iterator[MadeTree]:
    """Batches of digests, the last one perhaps smaller."""
    for number, start in enumerate(range(0, digests, batch)):
        yield MadeTree(number, min(batch, digests - start))


def load(running: Server, digests: int, batch: int) -> float:
    """Seconds from the first digest to the last tree that is loaded, the making of the digests included."""
    engine = open_database(running.url)
    begun = time.perf_counter()
    with partitioned_pile(engine, min(ROWS_A_PART, digests), threading.Event()) as pile:
        if pile is None:
            raise RuntimeError("somebody else loads")
        for tree in made(digests, batch):
            pile.add(tree)  # type: ignore[arg-type]
        copied = time.perf_counter()
        pile.finish()
        if pile.loaded != -(-digests // batch):
            raise RuntimeError("not all trees are loaded")
    done = time.perf_counter()
    print(f"  of which {done - copied:.0f} s from the last row to the key and its place", flush=True)
    engine.dispose()
    return done - begun


def bare(running: Server, digests: int, batch: int) -> tuple[float, float]:
    """Rows a second of COPY of rows that are ready, into a table without a key; the same with the key made then."""
    rows = [bytes(part) for tree in made(digests, batch) for part in _packed(tree)]
    with _connected(running.url) as connection:
        connection.execute(
            "CREATE TABLE bare (prefix bigint NOT NULL, tree bigint NOT NULL, leaf_index bigint NOT NULL)"
        )
        begun = time.perf_counter()
        _copied(connection, "bare", rows)
        copied = time.perf_counter()
        connection.execute("ALTER TABLE bare ADD PRIMARY KEY (prefix, tree)")
        done = time.perf_counter()
        connection.execute("DROP TABLE bare")
    return digests / (copied - begun), digests / (done - begun)


def ways(running: Server, digests: int, batch: int) -> None:
    """COPY of rows that are ready, with and without what makes it slower; in turns, twice."""
    rows = [bytes(part) for tree in made(digests, batch) for part in _packed(tree)]
    in_no_order = [row for part in rows for (row,) in struct.iter_unpack(f"{ROW_BYTES}s", part)]
    random.Random(2).shuffle(in_no_order)
    key, reference = "PRIMARY KEY (prefix, tree)", "FOREIGN KEY (tree) REFERENCES way_tree"
    named = {
        "no key": ([], rows, ""),
        "no order, key afterwards": ([], [b"".join(in_no_order)], f"ALTER TABLE way ADD {key}"),
        "no order, key there": ([key], [b"".join(in_no_order)], ""),
        "in order, key there": ([key], [b"".join(sorted(in_no_order))], ""),
        "in order, key and foreign key there": ([key, reference], [b"".join(sorted(in_no_order))], ""),
    }
    columns = "prefix bigint NOT NULL", "tree bigint NOT NULL", "leaf_index bigint NOT NULL"
    with _connected(running.url) as connection:
        connection.execute("CREATE TABLE way_tree (id bigint PRIMARY KEY)")
        connection.execute("INSERT INTO way_tree SELECT generate_series(0, %s)", (digests // batch,))
        for name, (keys, given, afterwards) in [*named.items()] * 2:
            connection.execute(f"CREATE TABLE way ({', '.join((*columns, *keys))})")
            begun = time.perf_counter()
            _copied(connection, "way", given)
            if afterwards:
                connection.execute(afterwards)
            print(f"{name}: {digests / (time.perf_counter() - begun):,.0f} rows/s", flush=True)
            connection.execute("DROP TABLE way")


def _copied(connection: Any, table: str, rows: Sequence[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
        copy.write(COPY_BEGINS)
        for some in rows:
            copy.write(some)
        copy.write(COPY_ENDS)


def _packed(tree: MadeTree) -> Iterator[memoryview]:
    leaves, first = Leaves(), 0
    for digests in tree.leaf_blocks():
        leaves.add(digests, first, b"")
        first += len(digests) // 32
    for _, rows in leaves.rows(int.from_bytes(tree.id.root, "big")):
        yield rows


def making(digests: int, batch: int) -> float:
    """Seconds that it takes to make digests, and nothing else."""
    begun = time.perf_counter()
    for tree in made(digests, batch):
        for _ in tree.leaf_blocks():
            pass
    return time.perf_counter() - begun


def sizes(url: str) -> tuple[int, int, int]:
    """Bytes of the tables and of their keys, and how many rows there are."""
    with _connected(url) as connection:
        found = connection.execute(
            "SELECT sum(pg_table_size(relid)), sum(pg_indexes_size(relid))"
            " FROM pg_partition_tree('indexed_leaf') WHERE isleaf"
        ).fetchone()
        rows = connection.execute("SELECT count(*) FROM indexed_leaf").fetchone()
    if found is None or rows is None:
        raise RuntimeError("the server says nothing of sizes")
    return int(found[0]), int(found[1]), int(rows[0])


def sample(digests: int, batch: int, wanted: int) -> list[int]:
    """`prefix_of` of some digests that are there, from all batches, in no order, none twice; so there may be fewer."""
    drawn, trees = random.Random(1), list(made(digests, batch))
    found: list[int] = []
    for _ in range(BLOCKS_ASKED):
        tree = drawn.choice(trees)
        block = tree.block(drawn.randrange(0, tree.id.leaf_count, BLOCK))
        places = drawn.sample(range(0, len(block), 32), min(-(-wanted // BLOCKS_ASKED), len(block) // 32))
        found += [int.from_bytes(block[at : at + 8], "big") - (1 << 63) for at in places]
    each_once = list(dict.fromkeys(found))
    drawn.shuffle(each_once)
    return each_once


def lookups(url: str, prefixes: Sequence[int]) -> tuple[float, float, float]:
    """Digests a second that are found, by prepared statements on one connection: one a question, 64 a question, and 64
    by the question of the lookup service. Each way asks for others, so that none finds what another has read."""
    at = SINGLES + GROUPS * GROUP
    with _connected(url) as connection:
        single = _rate(connection, PLACES, [(one,) for one in prefixes[:SINGLES]], 1)
        many = _rate(connection, MANY, [(group,) for group in _groups(prefixes[SINGLES:at])], GROUP)
        service = _rate(connection, _ASKED, [(group, [0], [bytes(32)]) for group in _groups(prefixes[at:])], GROUP)
    return single, many, service


def _groups(prefixes: Sequence[int]) -> Iterator[list[int]]:
    for first in range(0, len(prefixes) - GROUP + 1, GROUP):
        yield list(prefixes[first : first + GROUP])


def _rate(connection: Any, query: str, asked: Sequence[tuple[Any, ...]], each: int) -> float:
    begun = time.perf_counter()
    for values in asked:
        if len(connection.execute(query, values, prepare=True).fetchall()) < each:
            raise RuntimeError("a digest was not found")
    return each * len(asked) / (time.perf_counter() - begun)


def _connected(url: str) -> Any:
    of_driver = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(of_driver, autocommit=True)


def main() -> None:
    """Fill, measure, and say so."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digests", type=int, default=10_000_000)
    parser.add_argument("--trees", action="store_true", help="hash the digests, build the trees, and load those")
    parser.add_argument("--ways", action="store_true", help="what a key, its time and a foreign key cost; nothing else")
    parser.add_argument("--quick", action="store_true", help="100,000 digests")
    parser.add_argument("--url", help="of a database that this has filled with as many digests: only look them up")
    given = parser.parse_args()
    digests = 100_000 if given.quick else given.digests
    batch = min(BATCH, max(1, digests // 10))
    if given.url:
        prefixes = sample(digests, batch, SAMPLE)
        for name in ("as it was found", "warm", "warm"):
            _tell(name, given.url, prefixes)
        return
    with server(SETTINGS) as running:
        with _connected(running.url) as connection:
            said = {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in TOLD}
            print(
                f"PostgreSQL {connection.execute('SHOW server_version').fetchone()[0]} on {os.cpu_count()} processors"
            )
        print(", ".join(f"{name} {value}" for name, value in said.items()), flush=True)
        if given.ways:
            ways(running, digests, batch)
            return
        rival = min(digests, RIVAL_ROWS)
        before = bare(running, rival, batch)
        if given.trees:
            with tempfile.TemporaryDirectory() as folder:
                build(Path(folder), running.url, digests, -(-digests // batch))
        else:
            seconds = load(running, digests, batch)
            print(f"loading: {digests:,} digests in {seconds:.1f} s, {digests / seconds:,.0f} digests/s", flush=True)
            print(f"  making that many digests, and nothing else: {making(rival, batch) * digests / rival:.1f} s")
        after = bare(running, rival, batch)
        for name, was, later in zip(("COPY without key", "COPY, key afterwards"), before, after, strict=True):
            print(f"bare {name}, {rival:,} rows, one connection: {was:,.0f} and {later:,.0f} rows/s", flush=True)
        table, key, rows = sizes(running.url)
        print(f"{rows:,} rows: table {table:,} bytes ({table / rows:.1f} each), key {key:,} ({key / rows:.1f} each)")
        if given.trees:
            return
        prefixes = sample(digests, batch, SAMPLE)
        running.restart(cold=True)
        for name in ("cold", "warm", "warm"):
            _tell(name, running.url, prefixes)


def _tell(name: str, url: str, prefixes: Sequence[int]) -> None:
    single, many, service = lookups(url, prefixes)
    print(
        f"lookups {name}: {single:,.0f} digests/s one by one, {many:,.0f} in groups of {GROUP}, {service:,.0f} as the "
        "service asks",
        flush=True,
    )


if __name__ == "__main__":
    main()
