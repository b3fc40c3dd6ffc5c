"""What is far below the head, told by several endpoints of which some lie: no lie becomes what is known."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from registry.chain.contract import CredentialRegistry
from registry.chain.rpc import ahead
from registry.chain.rpc.client import Block, Log, LogRange, RpcRefused
from registry.chain.rpc.patience import RATE_LIMITED
from registry.chain.rpc.spans import Spans
from registry.database.engine import open_database
from registry.errors import ChainError, ChainUnavailable
from registry.index.indexer import Indexer, Step
from registry.index.reader import Head
from registry.index.writer import IndexWriter
from tests.registry.index.test_confirming import FAR, is_whole, now
from tests.registry.index.test_indexer import CHAIN, indexer, rebuilt, state
from tests.registry.index.told_chain import ADDRESS, ToldChain


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are short, and so is what is waited for."""
    monkeypatch.setattr(ahead, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(ahead, "LONGEST_PAUSE_SECONDS", 0.002)


@pytest.fixture(scope="module")
def memory() -> Iterator[Engine]:
    opened = open_database("sqlite:///:memory:")
    yield opened
    opened.dispose()


class Member:
    """One endpoint of a chain; also the contract through it.

    Attributes:
        stands_at: the newest block that it has.
        hides: block numbers whose events it leaves out; of the others it tells all.
        branch: hashes that it has for blocks, by number.
        most: blocks that it answers for.
        script: codes of errors that it answers with first.
        asked_far, waits_for: set once it was asked for a range after block 40; until when it does not answer for one.
    """

    addresses = ToldChain.addresses

    def __init__(self, chain: ToldChain, where: str):
        self.chain = chain
        self.where = where
        self.stands_at = 10**9
        self.hides: set[int] = set()
        self.branch: dict[int, bytes] = {}
        self.most = 10**9
        self.script: list[str] = []
        self.waits_for: threading.Event | None = None
        self.asked_far = threading.Event()

    @property
    def client(self) -> Member:
        return self

    def block(self, number: int) -> Block | None:
        block = self.chain.block(number) if number <= self.stands_at else None
        if block is None:
            return None
        parent = self.branch.get(number - 1, block.parent_hash)
        return replace(block, hash=self.branch.get(number, block.hash), parent_hash=parent)

    def blocks(self, numbers: Sequence[int]) -> tuple[Block | None, ...]:
        return tuple(self.block(number) for number in numbers)

    def logs_with_headers(self, addresses: Sequence[str], first: int, last: int) -> LogRange:
        # An answer takes a moment, in which others take the next range: else the first would read all.
        time.sleep(0.0005)
        if first > 40:
            self.asked_far.set()
            if self.waits_for is not None:
                self.waits_for.wait()
        if self.script:
            raise ChainUnavailable("no", where=self.where, code=self.script.pop())
        if last - first >= self.most:
            words = f"eth_getLogs is limited to a {self.most} range"
            raise RpcRefused("no", rpc_code=-32005, rpc_message=words, where=self.where, remedy=None)
        ends = self.block(first), self.block(last)
        if ends[0] is None or ends[1] is None:
            raise ChainUnavailable("it has no such block", where=self.where, code="no-block")
        found = self.chain.logs_with_headers(addresses, first, last)
        logs = tuple(
            replace(log, block_hash=self.branch.get(log.block_number, log.block_hash))
            for log in found.logs
            if log.block_number not in self.hides
        )
        return LogRange(ends[0], ends[1], logs)

    def blocks_of(self, logs: Sequence[Log], known: Any) -> dict[int, Block]:
        return CredentialRegistry.blocks_of(self, logs, known)  # type: ignore[arg-type]

    def decode_events(self, logs: Any, blocks: Any) -> Any:
        return self.chain.decode_events(logs, blocks)

    def moved(self) -> ChainUnavailable:
        return self.chain.moved()


class Shared(ToldChain):
    """A chain behind several endpoints. What is asked of none in particular, the first answers, truly."""

    def __init__(self, seed: int = 5, members: int = 3, blocks: int = 0):
        super().__init__(seed)
        self.members = [Member(self, f"https://{name}.example") for name in "abc"[:members]]
        for _ in range(blocks):
            self.mine(2)
        self.final = self.height

    def through_each(self) -> Sequence[Any]:
        return self.members

    def block_by_endpoint(self, number: int) -> dict[str, Block | None]:
        return {member.where: member.block(number) for member in self.members}


def far(chain: ToldChain, engine: Engine, blocks: int = 6, **options: Any) -> Indexer:
    return indexer(chain, engine, near=FAR, spans=Spans(blocks), **options)


def emptied(engine: Engine) -> Engine:
    IndexWriter(engine, CHAIN, ADDRESS).forget()
    return engine


def caught_up(here: Indexer, engine: Engine, times: int = 400) -> Head:
    """Whatever troubles there are on the way."""
    for _ in range(times):
        try:
            if here.step() is Step.NOTHING_NEW:
                break
        except ChainError:
            continue
    here.close()
    return now(engine)


@pytest.mark.parametrize("members", [1, 2, 3])
def test_all_endpoints_together_tell_what_one_does(memory: Engine, members: int) -> None:
    chain = Shared(members=members, blocks=120)
    here = far(chain, emptied(memory))
    head = here.catch_up()
    assert {each.where for each in here.reading()} == {member.where for member in chain.members}
    assert head.is_confirmed
    assert state(memory) == rebuilt(chain, memory)


LIE = st.one_of(
    st.tuples(st.just("hides"), st.sets(st.integers(1, 80), max_size=20)),
    st.tuples(st.just("hides"), st.just(set(range(100)))),
    st.tuples(st.just("stands_at"), st.integers(0, 80)),
    st.tuples(st.just("branch"), st.integers(1, 80)),
    st.tuples(st.just("fork"), st.integers(1, 80)),
    st.tuples(st.just("most"), st.integers(1, 9)),
    st.tuples(
        st.just("script"),
        st.lists(st.sampled_from([RATE_LIMITED, "chain-timeout", "chain-garbage", "chain-unreachable"]), max_size=8),
    ),
)


def lie(member: Member, what: str, value: Any) -> None:
    match what:
        case "branch":
            member.branch = {value: bytes(31) + b"\1"}
        case "fork":
            member.branch = {number: bytes(30) + b"\2" + bytes([number % 256]) for number in range(value, 100)}
        case _:
            setattr(member, what, value)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    lies=st.lists(st.tuples(st.integers(0, 2), LIE), max_size=3),
    restarts=st.sets(st.integers(0, 40), max_size=4),
    blocks=st.integers(3, 9),
)
def test_whatever_some_endpoints_tell_it_is_never_believed_to_be_all(
    memory: Engine, seed: int, lies: list[tuple[int, Any]], restarts: set[int], blocks: int
) -> None:
    """And an index that was killed at any point goes on from its cursor."""
    chain = Shared(seed, blocks=80)
    emptied(memory)
    for number, (what, value) in lies:
        lie(chain.members[number], what, value)
    here = far(chain, memory, blocks)
    for number in range(120):
        if number in restarts:
            # As by SIGKILL: what was read ahead is lost, what was committed is not.
            here = far(chain, memory, blocks)
        try:
            step: Step | None = here.step()
        except ChainError as error:
            assert error.code != "finality-violated"  # noqa: PT017
            step = None
        head = now(memory)
        on_chain = chain.blocks_now[head.cursor.number].header.hash == head.cursor.hash
        # Not even for a moment: the block is the one that most endpoints have, or nothing of it is committed.
        assert on_chain
        assert not head.is_confirmed or is_whole(chain, memory, head)
        if step is Step.NOTHING_NEW:
            break
    for member in chain.members:
        lie(member, "branch", 10**6)
        member.hides, member.script, member.stands_at = set(), [], 10**9
    head = caught_up(far(chain, memory, blocks), memory)
    assert head.is_confirmed
    assert is_whole(chain, memory, head)
    assert state(memory) == rebuilt(chain, memory)


def test_an_endpoint_of_another_branch_is_told_of_and_left_out(
    memory: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    chain = Shared(blocks=120)
    lie(chain.members[1], "fork", 40)
    strays, others = chain.members[1], (chain.members[0], chain.members[2])
    for member in others:
        member.waits_for = strays.asked_far
    head = caught_up(far(chain, emptied(memory)), memory)
    assert head.is_confirmed
    assert is_whole(chain, memory, head)
    told = [record for record in caplog.records if getattr(record, "code", None) == "endpoint-strays"]
    assert told
    assert all("https://b.example is asked again later" in record.getMessage() for record in told)


def test_of_two_that_differ_nobody_is_followed(memory: Engine) -> None:
    chain = Shared(members=2, blocks=120)
    lie(chain.members[1], "fork", 40)
    lie(chain.members[0], "script", ["chain-timeout"] * 10**4)
    here = far(chain, emptied(memory))
    codes = set()
    for _ in range(40):
        try:
            here.step()
        except ChainError as error:
            codes.add(error.code)
    here.close()
    assert "endpoints-differ" in codes
    assert now(memory).cursor.number < 40
    assert now(memory).trouble_code is not None


def test_empty_ranges_of_one_that_has_nothing_are_not_confirmed(memory: Engine) -> None:
    chain = Shared(members=2, blocks=160)
    for member in chain.members:
        member.hides = set(range(161))
    here = far(chain, emptied(memory), blocks=20)
    while now_or_begin(here, memory).cursor.number < chain.height:
        here.step()
    assert not now(memory).is_confirmed
    # The state of the contract says otherwise, and the receipts of the blocks what is missing.
    head = caught_up(here, memory)
    assert head.is_confirmed
    assert is_whole(chain, memory, head)


def now_or_begin(here: Indexer, engine: Engine) -> Head:
    if IndexWriter(engine, CHAIN, ADDRESS).head() is None:
        here.step()
    return now(engine)


def test_a_block_in_the_middle_of_a_range_that_is_another_one_is_found_by_confirming(memory: Engine) -> None:
    """Its hash and its time are corrected with its events: no end of a range names it."""
    chain = Shared(members=1, blocks=120)
    lie(chain.members[0], "branch", 27)
    head = caught_up(far(chain, emptied(memory)), memory)
    assert head.is_confirmed
    assert is_whole(chain, memory, head)
    assert state(memory) == rebuilt(chain, memory)


def test_near_the_head_nothing_is_read_ahead(memory: Engine) -> None:
    chain = Shared(blocks=120)
    here = indexer(chain, emptied(memory), near=200, spans=Spans(5))
    here.catch_up()
    assert here.reading() == []
    chain.final = 10
    here = far(chain, emptied(memory), blocks=20)
    here.catch_up()
    # Nor above the final block, which may be taken back.
    assert here.reading() == []


def test_it_ends_when_it_is_told_to_while_endpoints_rest(memory: Engine) -> None:
    chain = Shared(blocks=120)
    asked = threading.Event()

    class Busy(Member):
        def logs_with_headers(self, addresses: Sequence[str], first: int, last: int) -> LogRange:
            asked.set()
            error = ChainUnavailable("later", where=self.where, code=RATE_LIMITED)
            error.retry_after = 300.0
            raise error

    chain.members = [Busy(chain, "https://busy.example")]
    stop = threading.Event()

    def stops() -> None:
        asked.wait()
        stop.set()

    # It is not waited for: the database is of this thread.
    threading.Thread(target=stops, daemon=True).start()
    here = far(chain, emptied(memory))
    here.run(stop, 0.01)
    assert stop.is_set()
    assert now(memory).cursor.number == 0
    # Less than the endpoint asked to wait, which would be read again else.
    assert here.reading()[0].rests > 100


class First(Member):
    """Answers for the first range when others were read that follow it."""

    def logs_with_headers(self, addresses: Sequence[str], first: int, last: int) -> LogRange:
        if first == 1:
            self.asked_far.wait()
        return super().logs_with_headers(addresses, first, last)


def read_together(engine: Engine, hides: set[int]) -> tuple[Indexer, Shared, list[int]]:
    """An indexer of ranges of six blocks, with the last block of each transaction."""
    chain = Shared(members=1, blocks=120)
    chain.members = [First(chain, "https://one.example")]
    chain.members[0].hides = hides
    ends: list[int] = []
    here = far(chain, emptied(engine), listener=lambda step, head: ends.append(head.cursor.number))
    return here, chain, ends


def test_small_ranges_that_wait_are_written_together(memory: Engine) -> None:
    here, chain, ends = read_together(memory, set())
    here.catch_up()
    # At block 43 no more than the three before it are being read still.
    assert ends[0] >= 24
    assert state(memory) == rebuilt(chain, memory)


def test_of_ranges_written_together_only_the_one_that_lacks_events_is_read_block_by_block(memory: Engine) -> None:
    here, chain, ends = read_together(memory, set(range(13, 16)))
    assert here.step() is Step.CONFIRMED
    assert now(memory).cursor.number == ends[-1] >= 12
    assert ends == list(range(6, ends[-1] + 1, 6))
    caught_up(here, memory)
    assert state(memory) == rebuilt(chain, memory)
