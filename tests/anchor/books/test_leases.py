"""Leases on both databases: one holder, fencing, and no clock of the day in any of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Engine, create_engine, delete, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from anchor.anchoring.loop_state import Status
from anchor.books import leases
from anchor.books.leases import Lease, LeaseLost
from anchor.books.tables import signer
from anchor.daemon.health import Health, State
from registry.database.engine import open_database
from registry.database.metadata import metadata
from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]

CHAIN, ACCOUNT = "eip155:5", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
SECONDS = 30.0


class Clock:
    """Seconds that only grow, from wherever they begin and as fast as a test wants."""

    def __init__(self, start: float = 0.0, rate: float = 1.0):
        self.at = start
        self.rate = rate

    def __call__(self) -> float:
        return self.at

    def runs(self, seconds: float) -> None:
        self.at += seconds * self.rate


def lease(engine: Engine, owner: str, clock: Clock | None = None, seconds: float = SECONDS) -> Lease:
    return Lease(engine, CHAIN, ACCOUNT, owner, seconds, clock=clock or Clock())


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    on_server = request.param == "postgresql"
    url = request.getfixturevalue("postgres_url") if on_server else f"sqlite:///{tmp_path / 'testamur.db'}"
    opened = open_database(url)
    yield opened
    opened.dispose()


def watched(engine: Engine) -> tuple[Lease, Lease, Clock]:
    """A lease, and another process that has seen it for so long without a beat that it may take it."""
    clock = Clock()
    one, two = lease(engine, "one"), lease(engine, "two", clock)
    assert one.acquire()
    assert not two.acquire()
    clock.runs(SECONDS)
    return one, two, clock


def test_one_holds_the_lease_until_it_gives_it_back_or_is_silent(engine: Engine) -> None:
    one, two, clock = watched(engine)
    one.renew()
    assert not two.acquire()
    holder = two.holder()
    assert holder is not None
    assert (holder.owner, holder.beat) == ("one", 1)
    clock.runs(SECONDS - 1)
    assert not two.acquire()
    clock.runs(1)
    assert two.acquire()
    assert two.epoch > one.epoch
    assert not one.acquire()
    two.release()
    assert one.acquire()
    assert one.epoch > two.epoch


def test_who_lost_the_lease_can_write_nothing_more(engine: Engine) -> None:
    one, two, _ = watched(engine)
    assert two.acquire()
    with pytest.raises(LeaseLost), engine.begin() as connection:
        one.guard(connection)
    with pytest.raises(LeaseLost):
        one.renew()
    # Giving back what it does not have takes nothing from the other.
    one.release()
    two.renew()


def test_a_lease_that_ran_out_by_its_own_clock_is_not_held_until_it_is_taken_again(engine: Engine) -> None:
    clock = Clock()
    one = lease(engine, "one", clock)
    assert one.acquire()
    clock.runs(SECONDS)
    with pytest.raises(LeaseLost):
        one.check()
    assert one.acquire()
    one.check()


def test_the_lease_cannot_be_taken_while_its_holder_writes(engine: Engine) -> None:
    one, two, _ = watched(engine)
    taken: list[bool] = []
    thread = threading.Thread(target=lambda: taken.append(two.acquire()))
    with engine.begin() as connection:
        one.guard(connection)
        thread.start()
        thread.join(0.2)
        # It waits for the row, and then finds a new beat.
        assert taken == []
    thread.join()
    assert taken == [False]


def test_a_holder_that_stops_in_the_middle_of_a_write_does_not_keep_the_lease_for_ever(postgres_url: str) -> None:
    other = open_database(postgres_url)
    stopped = open_database(postgres_url, idle_seconds=0.3)
    clock = Clock()
    one, two = lease(stopped, "one"), lease(other, "two", clock)
    assert one.acquire()
    assert not two.acquire()
    clock.runs(SECONDS)
    with stopped.connect() as connection:
        one.guard(connection)
        # It waits for the row that the stopped one has locked, until the server ends that transaction.
        assert two.acquire()
        with pytest.raises(DBAPIError):
            connection.execute(text("SELECT 1"))
    stopped.dispose()
    other.dispose()


def test_many_that_want_it_at_once_get_it_once(engine: Engine) -> None:
    several = [lease(engine, f"process {number}") for number in range(6)]
    taken: list[bool] = []
    threads = [threading.Thread(target=lambda each=each: taken.append(each.acquire())) for each in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 5 + [True]


def test_a_command_waits_for_the_dead_and_gives_way_to_the_living(engine: Engine) -> None:
    dead, living = lease(engine, "dead", seconds=0.2), Lease(engine, CHAIN, ACCOUNT, "living", 0.4)
    assert dead.acquire()
    command = Lease(engine, CHAIN, ACCOUNT, "command", 0.2)
    assert command.acquire_unless_held()
    command.release()
    assert living.acquire()
    with living.kept():
        assert not command.acquire_unless_held()
    # The end of the block gave it back.
    assert command.acquire()


def test_what_is_kept_outlasts_any_wait(engine: Engine) -> None:
    one, two = Lease(engine, CHAIN, ACCOUNT, "one", 1.0), Lease(engine, CHAIN, ACCOUNT, "two", 1.0)
    assert one.acquire()
    end = time.monotonic() + 1.5
    with one.kept():
        while time.monotonic() < end:
            assert not two.acquire()
            time.sleep(0.05)
        one.check()


def test_a_standby_of_a_dead_process_is_not_ready_for_ever(engine: Engine) -> None:
    status = Status(account="0xA", ticked_at=1.0, succeeded_at=1.0, lease_held=False)
    health = Health(engine, [status], loop_timeout=120.0, clock=lambda: 2.0)
    assert health.ready().state == State.STANDBY
    status.holder_silence = 121.0
    answer = health.ready()
    assert (answer.ok, answer.state) == (False, State.NOT_READY)
    assert "given no sign for 121 s" in str(answer.content())


# Two processes, whatever their clocks say

LARGE = st.floats(-1e9, 1e9)
RATES = st.floats(0.5, 2.0)
WHO = st.sampled_from([0, 1])


class TwoProcesses(RuleBasedStateMachine):
    """Clocks of any offset; the rates differ by up to four, far more than those of machines do."""

    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    metadata.create_all(engine, [signer])

    @initialize(starts=st.tuples(LARGE, LARGE), rates=st.tuples(RATES, RATES))
    def begin(self, starts: tuple[float, float], rates: tuple[float, float]) -> None:
        with self.engine.begin() as connection:
            connection.execute(delete(signer))
        self.clocks = [Clock(start, rate) for start, rate in zip(starts, rates, strict=True)]
        self.leases = [lease(self.engine, str(number), clock) for number, clock in enumerate(self.clocks)]
        self.alive = [True, True]
        self.written: list[tuple[int, int]] = []

    @rule(seconds=st.floats(0.0, 3 * SECONDS), paused=st.sampled_from([None, 0, 1]))
    def time_goes_by(self, seconds: float, paused: int | None) -> None:
        """For both; or one is a machine that stands still, and its clock with it."""
        for number, clock in enumerate(self.clocks):
            if number != paused:
                clock.runs(seconds)

    @rule(who=WHO)
    def wants_it(self, who: int) -> None:
        if self.alive[who]:
            self.leases[who].acquire()

    @rule(who=WHO)
    def writes(self, who: int) -> None:
        """What a daemon does in each of its transactions."""
        if not self.alive[who]:
            return
        try:
            with self.engine.begin() as connection:
                self.leases[who].guard(connection)
                self.written.append((self.leases[who].epoch, who))
        except LeaseLost:
            return

    @rule(who=WHO)
    def dies(self, who: int) -> None:
        self.alive[who] = False

    @rule(who=WHO)
    def the_other_takes_over_from_the_dead(self, who: int) -> None:
        """Within two leases by its own clock, however long it has been watching."""
        if self.alive[1 - who] or not self.alive[who]:
            return
        clock, began = self.clocks[who], self.clocks[who].at
        while not self.leases[who].acquire():
            assert clock.at - began <= 2 * SECONDS
            clock.at += SECONDS / 4

    @rule(who=WHO, looks=st.integers(1, 6))
    def who_lives_is_left_alone(self, who: int, looks: int) -> None:
        """A holder that beats well within its time is never overruled, whatever its clock and the other's say."""
        mine, other = self.leases[who], self.leases[1 - who]
        if not (self.alive[who] and mine.acquire()):
            return
        for _ in range(looks):
            assert not other.acquire()
            self.time_goes_by(SECONDS / 8, None)
            assert not other.acquire()
            mine.renew()

    @invariant()
    def never_two_that_both_write(self) -> None:
        """Writes are in the order of their epochs, and an epoch is one process's."""
        written = getattr(self, "written", [])
        assert written == sorted(written, key=lambda each: each[0])
        assert len({epoch for epoch, _ in written}) == len(set(written))


TestTwoProcesses = TwoProcesses.TestCase
TestTwoProcesses.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)


def test_no_clock_of_the_day_is_asked(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def never() -> NoReturn:
        raise AssertionError("the time of day was asked for")

    monkeypatch.setattr(time, "time", never)
    one, two, _ = watched(engine)
    one.renew()
    assert not two.acquire()
    one.release()
    assert two.acquire()
    statements = str(update(signer).compile()) + Path(str(leases.__file__)).read_text(encoding="utf-8")
    assert "now(" not in statements
