"""Two replicas and one indexer on one PostgreSQL and one S3-compatible store: any of them may go, nobody notices."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from registry.index.leaf_reader import LeafReader
from registry.service.coverage import COVERAGE_SECONDS
from registry.trees.open import open_trees
from tests.faults.harness import Chain, chain, wait_until
from tests.postgres import postgres_server, postgres_url
from tests.s3 import BUCKET, S3Server, s3_server
from tests.scale.site import (
    Anchorer,
    Anchoring,
    Answer,
    Balancer,
    Load,
    Program,
    ask,
    cleaned,
    free_ports,
    require_receipt,
)

__all__ = ["postgres_server", "postgres_url"]

LEAVES = 300
CLIENTS = 3
TREES = f"s3://{BUCKET}/trees"
KNOWN = 200
GONE = "0" * 64


class Site:
    """What the processes share, and the processes."""

    def __init__(self, folder: Path, chain: Chain, s3: S3Server, database: str):
        self._folder = folder
        self.ports = free_ports(2)
        self.programs: list[Program] = []
        # Each process has a data folder of its own: nothing in it matters.
        self._settings = {
            "TESTAMUR_DATABASE": database,
            "TESTAMUR_CHAIN": chain.url,
            "TESTAMUR_TREES": TREES,
            "TESTAMUR_INDEX_SECONDS": "0.1",
            "TESTAMUR_RATE_LIMIT": "0",
            **s3.environment(),
        }
        # All at once: whoever comes first makes the tables.
        self.indexer = self.start_indexer()
        self.replicas = [self.start_replica(number) for number in range(2)]
        for number in range(2):
            self.wait_for(number)

    def start_indexer(self) -> Program:
        return self._start(["index"], "indexer")

    def start_replica(self, number: int) -> Program:
        return self._start(["serve", "--no-index", "--port", str(self.ports[number])], f"replica-{number}")

    def wait_for(self, number: int) -> None:
        """Until a replica is ready."""
        wait_until(lambda: self.status(number, "/readyz") == KNOWN, 40, f"replica {number} is ready", state=self.log)

    def status(self, number: int, path: str) -> int | None:
        """What one replica answers; None while it does not listen."""
        try:
            return ask(self.ports[number], path).status
        except ConnectionRefusedError:
            return None

    def log(self) -> str:
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    def _start(self, arguments: list[str], name: str) -> Program:
        settings = {**self._settings, "TESTAMUR_DATA_FOLDER": str(self._folder / name)}
        program = Program(arguments, settings, self._folder / "log")
        self.programs.append(program)
        return program


@contextmanager
def anchoring_and_asking(site: Site, anchorer: Anchorer) -> Iterator[tuple[Anchoring, list[Load]]]:
    """Batches come, and clients ask for them, until the block ends; then every batch is found."""
    anchoring = Anchoring(anchorer, site.ports)
    anchoring.start()
    wait_until(lambda: len(anchoring.known) >= 3 or anchoring.errors, 20, "three batches are known", state=site.log)
    loads = [Load(site.ports, anchoring.known, number) for number in range(CLIENTS)]
    for load in loads:
        load.start()
    try:
        yield anchoring, loads
    finally:
        anchoring.stop()
        for load in loads:
            load.stop()
    assert anchoring.errors == []
    assert anchoring.known == anchorer.anchored


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def node() -> Iterator[Chain]:
    with chain(issuers=2, mining="auto") as made:
        yield made


@pytest.fixture
def anchorer(node: Chain, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Anchorer:
    s3.use(monkeypatch)
    return Anchorer(node, open_trees(TREES), tmp_path, LEAVES)


@pytest.fixture
def site(node: Chain, s3: S3Server, postgres_url: str, tmp_path: Path) -> Iterator[Site]:
    programs: list[Program] = []
    with cleaned(programs):
        made = Site(tmp_path, node, s3, postgres_url)
        programs += made.programs
        made.programs = programs
        yield made


def test_every_process_is_restarted_under_load_and_no_client_sees_an_error(site: Site, anchorer: Anchorer) -> None:
    with anchoring_and_asking(site, anchorer) as (anchoring, loads):
        for number in range(2):
            assert site.replicas[number].end() == 0
            site.replicas[number] = site.start_replica(number)
            site.wait_for(number)

        site.indexer.kill()
        before = len(anchorer.anchored)
        wait_until(lambda: len(anchorer.anchored) >= before + 3, 10, "batches are anchored that nobody indexes")
        served = sum(load.served for load in loads)
        site.indexer = site.start_indexer()
        wait_until(lambda: len(anchoring.known) >= before + 3, 60, "they are found", state=site.log)
        assert sum(load.served for load in loads) > served

    assert [error for load in loads for error in load.errors] == []
    assert all(load.served > 50 for load in loads)

    assert site.indexer.end() == 0
    _require_equal_answers(site, anchorer)

    # One machine loses power while nobody asks it anything: whoever asks next goes to the other.
    site.replicas[0].kill()
    balancer = Balancer(site.ports)
    for batch in anchorer.anchored:
        require_receipt(balancer.get(f"/v1/credentials/{batch.digests[0].hex()}"), batch, batch.digests[0])


def test_a_database_that_is_away_is_said_and_nothing_else(site: Site, anchorer: Anchorer, postgres_url: str) -> None:
    batch = anchorer.anchor()
    path = f"/v1/credentials/{batch.digests[0].hex()}"
    for number in range(2):
        wait_until(lambda at=number: site.status(at, path) == KNOWN, 15, "it is found", state=site.log)

    with _away(postgres_url):
        later = anchorer.anchor()
        for port in site.ports:
            answer = ask(port, path)
            assert (answer.status, answer.content["code"]) == (503, "database"), site.log()
            assert int(answer.headers["retry-after"]) > 0
            wait_until(lambda at=port: ask(at, "/readyz").status == 503, 5, "it is not ready")
            # No reason to start it anew.
            assert ask(port, "/healthz").status == 200

    for number in range(2):
        site.wait_for(number)
        require_receipt(ask(site.ports[number], path), batch, batch.digests[0])
    path = f"/v1/credentials/{later.digests[0].hex()}"
    wait_until(lambda: site.status(0, path) == KNOWN, 15, "what came meanwhile is found", state=site.log)
    assert site.indexer.runs


def test_a_database_that_cannot_be_reached_is_an_error_of_the_database(tmp_path: Path) -> None:
    # Connections past SQLAlchemy raise errors of the driver, which nobody else knows.
    with pytest.raises(OperationalError):
        LeafReader(create_engine(f"postgresql+psycopg://nobody@/none?host={tmp_path}")).located(1, bytes(32))


def _require_equal_answers(site: Site, anchorer: Anchorer) -> None:
    def both(path: str) -> list[Answer]:
        return [ask(port, path) for port in site.ports]

    def same_block() -> bool:
        one, other = both("/v1/parties")
        return bool(_timeless(one)["asOf"] == _timeless(other)["asOf"])

    def everything_is_searched() -> bool:
        answers = [answer for path in searches for answer in both(path)]
        return not any("notSearched" in each.content or _without_tree(each) for each in answers)

    credentials = [f"/v1/credentials/{batch.digests[at].hex()}" for at, batch in enumerate(anchorer.anchored)]
    gone = f"/v1/credentials/{GONE}"
    # Of each issuer and of all: a replica keeps for a moment how many trees were not loaded yet.
    searches = [gone, *credentials[-2:]]
    wait_until(same_block, 5, "both have seen the last block")
    wait_until(everything_is_searched, COVERAGE_SECONDS + 5, "both know that every tree is loaded")
    paths = ["/v1/parties", "/v1/batches?newest=true", "/v1/events?limit=500", gone, *credentials]
    paths += [f"/v1/batches/{batch.issuer}/{batch.root.hex()}" for batch in anchorer.anchored[:3]]
    for path in paths:
        one, other = both(path)
        assert one.status == other.status == (404 if path == gone else 200)
        assert _timeless(one) == _timeless(other)
        assert one.headers.get("etag") == other.headers.get("etag")


def _without_tree(answer: Answer) -> int:
    """Of a digest that was not found: in how many batches it could not be looked for."""
    return int(answer.content.get("searched", {}).get("batchesWithoutTree", 0))


def _timeless(answer: Answer) -> dict[str, Any]:
    """The content without the age of the newest block, which goes up by itself."""
    as_of = {name: value for name, value in answer.content["asOf"].items() if name != "ageSeconds"}
    return {**answer.content, "asOf": as_of}


@contextmanager
def _away(database: str) -> Iterator[None]:
    """Nobody can connect to the database, and whoever was connected no longer is."""
    url = make_url(database)
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false"))
            ending = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
            connection.execute(ending, {"name": url.database})
            begun = time.monotonic()
            yield
            assert time.monotonic() - begun < 20
            connection.execute(text(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true"))
    finally:
        engine.dispose()
