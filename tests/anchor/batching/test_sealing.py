"""A job that cannot be sealed keeps nobody else's work; it waits with everything in it, and says for what."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from anchor.batching.sealing import LONGEST_PAUSE_SECONDS, QueuePolicy, Sealer
from anchor.books.batches import Leaf
from anchor.books.jobs import Job
from anchor.books.tables import JobState
from anchor.notices.troubles import Cause, Trouble, Troubles
from registry.errors import ChainUnavailable, WrongChain
from tests.anchor.conftest import on_sqlite
from tests.anchor.issuer import Site

LARGE = 6000
TREE_BYTES = 64 * LARGE


class Sealing:
    """A sealer that stays, with a clock of its own and an account that may anchor for everybody."""

    def __init__(self, site: Site):
        self.site = site
        self.now = 0.0
        self.troubles = Troubles()
        self.broken: dict[int, Exception] = {}
        self.slow: dict[int, float] = {}
        self.sealer = Sealer(
            site.folder,
            site.jobs,
            site.batches,
            "0x" + "Aa" * 20,
            site.notices,
            QueuePolicy(),
            troubles=self.troubles,
            clock=lambda: self.now,
        )

    def job(self, issuer: int, credentials: int = 1) -> Job:
        made, _ = self.site.jobs.begin(issuer, "command")
        name = f"{made.id}:%d"
        leaves = (Leaf(sha256((name % at).encode()).digest(), at, 0, "a", at) for at in range(credentials))
        return self.site.jobs.accept(made.id, leaves, [])

    def round(self) -> int:
        return self.sealer.round(self._allowed)

    def _allowed(self, issuer: int) -> bool:
        self.now += self.slow.get(issuer, 0.0)
        if issuer in self.broken:
            raise self.broken[issuer]
        return True

    def state(self, job: Job) -> JobState:
        found = self.site.jobs.get(job.id)
        assert found is not None
        return found.state

    def codes(self) -> dict[int | None, str]:
        return {each.issuer: each.trouble.code for each in self.troubles.all()}

    def told(self) -> list[tuple[Any, Any]]:
        return [(one.facts["issuer"], one.facts["code"]) for one in self.site.told if one.event == "not-sealed"]


@pytest.fixture
def sealing(site: Site) -> Sealing:
    return Sealing(site)


@contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """What a quota does, and what a full disk does to whoever writes more than what is left."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_tree_for_which_there_is_no_room_keeps_nobody_elses_job(sealing: Sealing) -> None:
    site = sealing.site
    large = sealing.job(2, LARGE)
    small = [sealing.job(issuer) for issuer in (1, 2, 3)]
    if site.engine.dialect.name == "sqlite":
        # What is in its journal counts as a file, too.
        with site.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    with no_file_beyond(TREE_BYTES - 1):
        assert sealing.round() == 3
        assert [sealing.state(job) for job in (large, *small)] == [JobState.QUEUED, *[JobState.SEALED] * 3]
        assert sealing.codes() == {2: "no-room"}
        (standing,) = sealing.troubles.all()
        assert standing.trouble.cause is Cause.MACHINE
        waiting = site.jobs.get(large.id)
        assert waiting is not None
        assert (waiting.waits_code, str(site.folder.path) in (waiting.waits_why or "")) == ("no-room", False)
    assert sealing.round() == 1
    assert sealing.state(large) is JobState.SEALED
    assert sealing.codes() == {}


@on_sqlite
def test_what_takes_long_and_fails_is_not_tried_in_every_round(sealing: Sealing) -> None:
    sealing.job(1)
    sealing.broken[1] = OSError(5, "Input/output error")
    sealing.slow[1] = 1.5
    for _ in range(30):
        assert sealing.round() == 0
        assert sealing.codes() == {1: "unwritable"}
        sealing.now += 1.0
    assert len(sealing.told()) == 3
    sealing.slow[1] = 1000.0
    sealing.round()
    sealing.now += LONGEST_PAUSE_SECONDS
    sealing.broken.clear()
    assert sealing.round() == 1


@on_sqlite
def test_a_folder_that_cannot_be_written_is_said_until_it_can(sealing: Sealing) -> None:
    trees = sealing.site.folder.trees
    trees.rmdir()
    trees.write_bytes(b"")
    job = sealing.job(1)
    for _ in range(10):
        assert sealing.round() == 0
    assert sealing.told() == [(1, "unwritable")] * 10
    trees.unlink()
    trees.mkdir()
    assert sealing.round() == 1
    assert sealing.state(job) is JobState.SEALED


@on_sqlite
def test_a_fault_of_the_program_in_one_job_keeps_nobody_elses(
    sealing: Sealing, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = [sealing.job(issuer) for issuer in (1, 2, 3)]
    whole = sealing.site.jobs.credentials

    def faulty(connection: Any, number: str) -> list[Leaf]:
        if number == jobs[0].id:
            raise ValueError("never thought of")
        return whole(connection, number)

    monkeypatch.setattr(sealing.site.jobs, "credentials", faulty)
    assert sealing.round() == 2
    assert sealing.codes() == {1: "unexpected"}
    assert sealing.told() == [(1, "unexpected")]
    assert "never thought of" in caplog.text


@on_sqlite  # PostgreSQL has no such limit
def test_a_database_without_room_for_one_job_has_it_for_others(sealing: Sealing) -> None:
    site = sealing.site
    large, small = sealing.job(2, LARGE), sealing.job(1)
    with site.engine.connect() as connection:
        most = connection.exec_driver_sql("PRAGMA page_count").scalar_one() + 8

    def small_disk(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {most}")

    event.listen(site.engine, "checkout", small_disk)
    assert sealing.round() == 1
    assert (sealing.state(large), sealing.state(small)) == (JobState.QUEUED, JobState.SEALED)
    assert sealing.codes() == {2: "no-room"}


@on_sqlite
def test_a_database_that_is_away_ends_the_round(sealing: Sealing) -> None:
    for issuer in (1, 2):
        sealing.job(issuer)
    sealing.broken[1] = OperationalError("x", {}, Exception("away"))
    with pytest.raises(OperationalError):
        sealing.round()


@on_sqlite
def test_an_issuer_for_whom_the_chain_gives_no_answer_keeps_nobody_elses(sealing: Sealing) -> None:
    for issuer in (1, 2, 3):
        sealing.job(issuer)
    sealing.broken[1] = ChainUnavailable("no answer of https://node.example/token", code="chain-timeout")
    assert sealing.round() == 2
    assert sealing.codes() == {1: "chain-timeout"}
    assert "token" not in sealing.troubles.all()[0].trouble.said
    # Two of them: then it is the chain, and the rest would wait for as long.
    sealing.job(2)
    sealing.broken[2] = sealing.broken[1]
    with pytest.raises(ChainUnavailable):
        sealing.round()
    sealing.broken.clear()
    assert sealing.round() == 2
    assert sealing.codes() == {}


@on_sqlite
def test_another_chain_ends_the_round(sealing: Sealing) -> None:
    sealing.job(1)
    sealing.broken[1] = WrongChain("another chain")
    with pytest.raises(WrongChain):
        sealing.round()


@on_sqlite
def test_who_had_no_trouble_comes_first(sealing: Sealing) -> None:
    first, second = sealing.job(1), sealing.job(2)
    away = ChainUnavailable("no answer", code="chain-timeout")
    asked: list[int] = []

    def allowed(issuer: int) -> bool:
        asked.append(issuer)
        if issuer == 1:
            raise away
        return False

    for _ in range(2):
        with suppress(ChainUnavailable):
            sealing.sealer.round(allowed)
    assert asked == [1, 2, 2, 1]
    assert {sealing.state(job) for job in (first, second)} == {JobState.QUEUED}
    assert sealing.codes() == {1: "chain-timeout", 2: "no-operator"}


def test_what_a_trouble_says_to_strangers_is_ours() -> None:
    wrapped = RuntimeError("about /secret")
    wrapped.__cause__ = PermissionError(13, "Permission denied", "/secret")
    for error in (wrapped, OSError(28, "No space left on device", "/secret"), ValueError("/secret")):
        trouble = Trouble.of(error)
        assert "/secret" in trouble.why
        assert "/secret" not in trouble.said
