"""Ranges that several endpoints read at once: in order, none twice, bounded, and stopped at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.chain.rpc import ahead
from registry.chain.rpc.ahead import MOST_RANGES, Piece, ReadAhead, Reader
from registry.chain.rpc.client import RpcRefused
from registry.chain.rpc.patience import RATE_LIMITED
from registry.errors import ChainUnavailable

NEVER = threading.Event()
Found = tuple[int, ...]
Read = Callable[[int, int], Found]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses as they are told, and short enough for hundreds of them."""
    monkeypatch.setattr(ahead, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(ahead, "LONGEST_PAUSE_SECONDS", 0.002)


def truth(first: int, last: int) -> Found:
    """An event in each block whose number has a seven in it."""
    return tuple(number for number in range(first, last + 1) if "7" in str(number))


def limited(seconds: float | None = None) -> ChainUnavailable:
    error = ChainUnavailable("too many requests", where="here", code=RATE_LIMITED)
    error.retry_after = seconds
    return error


def refused(words: str) -> RpcRefused:
    return RpcRefused("no", rpc_code=-32005, rpc_message=words, where=None, remedy=None)


class Fake:
    """An endpoint that answers for so many blocks and events, and fails each time its script says so."""

    def __init__(self, blocks: int = 10**9, events: int = 10**9, script: Sequence[str] = ()):
        self.blocks = blocks
        self.events = events
        self._script: Iterator[str] = iter(script)
        self._lock = threading.Lock()
        self.asked: list[tuple[int, int]] = []
        self.at_once = self.most_at_once = 0

    def __call__(self, first: int, last: int) -> Found:
        with self._lock:
            what = next(self._script, "answers")
            self.asked.append((first, last))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self._answer(what, first, last)
        finally:
            with self._lock:
                self.at_once -= 1

    def _answer(self, what: str, first: int, last: int) -> Found:
        if what == "limited":
            raise limited()
        if what in ("chain-timeout", "chain-connection-lost", "no-block", "chain-garbage"):
            raise ChainUnavailable("no", code=what)
        if last - first >= self.blocks:
            raise refused(f"eth_getLogs is limited to a {self.blocks} range")
        found = truth(first, last)
        if len(found) > self.events:
            raise refused(f"query returned more than {self.events} results")
        return found


def all_of(reading: ReadAhead[Found], first: int, last: int, patience: float = 60.0) -> list[Piece[Found]]:
    """Every piece; troubles are waited for as an indexer does."""
    reading.begin(first, last)
    found: list[Piece[Found]] = []
    while not reading.is_done:
        try:
            pieces = reading.pieces(3, NEVER, patience=patience)
        except ChainUnavailable:
            continue
        reading.taken(pieces)
        found += pieces
    return found


ENDPOINT = st.builds(
    Fake,
    blocks=st.sampled_from([1, 7, 100, 2_000, 10**9]),
    events=st.sampled_from([3, 50, 10**9]),
    script=st.lists(
        st.sampled_from(
            ["answers", "answers", "limited", "chain-timeout", "chain-connection-lost", "no-block", "chain-garbage"]
        ),
        max_size=12,
    ),
)


@settings(max_examples=30, deadline=None)
@given(endpoints=st.lists(ENDPOINT, min_size=1, max_size=3), first=st.integers(0, 50), blocks=st.integers(1, 1_500))
def test_whatever_endpoints_refuse_all_is_read_once_and_in_order(
    endpoints: list[Fake], first: int, blocks: int
) -> None:
    reading = ReadAhead([Reader(str(number), each, at_once=2) for number, each in enumerate(endpoints)])
    found = all_of(reading, first, first + blocks - 1)
    assert [piece.first for piece in found] == [first, *(piece.last + 1 for piece in found[:-1])]
    assert found[-1].last == first + blocks - 1
    assert [event for piece in found for event in piece.found] == list(truth(first, first + blocks - 1))
    assert all(each.most_at_once <= 2 for each in endpoints)


def test_each_endpoint_has_limits_of_its_own() -> None:
    small, large = Fake(blocks=10), Fake()
    readers = [Reader("small", small, at_once=1), Reader("large", large, at_once=1)]
    reading = ReadAhead(readers)
    reading.begin(1, 10**6)
    while len(small.asked) < 5 or len(large.asked) < 5:
        reading.taken(reading.pieces(1, NEVER))
    reading.close()
    # It said how many: nothing between that and what was refused was tried, but twice as many after a while.
    assert {last - first + 1 for first, last in small.asked} <= {1_000, *range(1, 21)}
    assert readers[1].spans.length > 1_000


def test_one_that_limits_requests_is_asked_less_at_once_and_gives_way() -> None:
    """The clock stands still: its pause does not end."""
    busy, idle = Fake(script=["limited"] * 4), Fake()
    readers = [Reader("busy", busy, at_once=4), Reader("idle", idle, at_once=1)]
    reading = ReadAhead(readers, clock=lambda: 0.0)
    reading.begin(1, 10**8)
    while not busy.asked:
        reading.taken(reading.pieces(1, NEVER))
    reading.taken(reading.pieces(1, NEVER))
    assert {piece.reader.where for piece in all_of(reading, 1, 30_000)} == {"idle"}
    assert (readers[0].at_once, readers[1].at_once) == (2, 1)


def test_what_was_asked_to_wait_is_waited_for_and_told() -> None:
    clock = [0.0]
    asked = threading.Event()

    def read(_first: int, _last: int) -> Found:
        asked.set()
        raise limited(40.0)

    reading = ReadAhead([Reader("one", read, at_once=3)], clock=lambda: clock[0])
    reading.begin(1, 10)
    with pytest.raises(ChainUnavailable) as caught:
        reading.pieces(1, NEVER)
    assert caught.value.retry_after == pytest.approx(40.0, abs=0.01)
    (state,) = reading.states()
    assert (state.where, state.why, round(state.rests)) == ("one", RATE_LIMITED, 40)
    # Nor is it forgotten where other blocks are wanted.
    reading.begin(100, 110)
    with pytest.raises(ChainUnavailable, match="too many requests"):
        reading.pieces(1, NEVER)
    reading.close()


def test_a_short_limit_of_all_is_no_trouble() -> None:
    endpoint = Fake(script=["limited"] * 5)
    reading = ReadAhead([Reader("one", endpoint, at_once=2)])
    reading.begin(1, 100)
    assert reading.pieces(1, NEVER)[0].first == 1
    reading.close()


def test_one_that_is_away_is_left_out_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "FIRST_PAUSE_SECONDS", 30.0)
    monkeypatch.setattr(ahead, "LONGEST_PAUSE_SECONDS", 30.0)
    clock = [0.0]
    away, there = Fake(script=["chain-connection-lost"]), Fake(blocks=5)
    readers = [Reader("away", away, at_once=1), Reader("there", there, at_once=1)]
    reading = ReadAhead(readers, clock=lambda: clock[0])
    reading.begin(1, 10**6)
    while not away.asked:
        reading.taken(reading.pieces(1, NEVER))
    for _ in range(20):
        reading.taken(reading.pieces(1, NEVER))
    assert len(away.asked) == 1
    clock[0] = 31.0
    while len(away.asked) < 2:
        reading.taken(reading.pieces(1, NEVER))
    reading.close()


def test_what_waits_is_bounded_by_events_and_by_ranges() -> None:
    def read(first: int, last: int) -> Found:
        return tuple(range(first, last + 1))

    readers = [Reader(str(number), read, at_once=4, largest=100) for number in range(3)]
    reading = ReadAhead(readers, most_events=1_000)
    reading.begin(1, 50_000)
    taken, most = 0, 0
    while not reading.is_done:
        reading.pieces(1, NEVER)
        most = max(most, reading._waiting_events)
        (piece, *_) = reading.pieces(1, NEVER)
        reading.taken([piece])
        taken += len(piece.found)
    assert taken == 50_000
    # One more than fits, of each that was asked before anything was known of how many there are.
    assert most <= 1_000 + 12 * 100
    few = ReadAhead([Reader("one", lambda _first, _last: (), at_once=4, largest=1)])
    few.begin(1, 10_000)
    while not reading.is_done or len(few._read) + few._running < MOST_RANGES:
        few.pieces(1, NEVER)
    assert len(few._read) + few._running == MOST_RANGES
    few.close()


def test_whoever_waits_is_told_to_stop_whatever_endpoints_do() -> None:
    """One that hangs, and one that asks to come back in five minutes."""
    released, stop, ended = threading.Event(), threading.Event(), threading.Event()

    def hangs(_first: int, _last: int) -> Found:
        released.wait()
        return ()

    def busy(_first: int, _last: int) -> Found:
        raise limited(300.0)

    for read in (hangs, busy):
        reading = ReadAhead([Reader("one", read)])
        reading.begin(1, 10)
        ended.clear()
        stop.clear()

        def waits(reading: ReadAhead[Found] = reading) -> None:
            assert reading.pieces(1, stop, patience=10**6) == []
            ended.set()

        thread = threading.Thread(target=waits)
        thread.start()
        stop.set()
        # Far less than what it would wait for.
        assert ended.wait(30)
        thread.join()
        reading.close()
    released.set()


def test_what_is_refused_is_read_again_and_what_was_given_up_does_not_come() -> None:
    endpoint = Fake()
    reading = ReadAhead([Reader("one", endpoint, at_once=1, largest=10)])
    reading.begin(1, 20)
    (piece, *_) = reading.pieces(1, NEVER)
    reading.refuse(piece, ChainUnavailable("another branch", code="endpoints-differ"))
    reading.refuse(piece, ChainUnavailable("twice", code="endpoints-differ"))
    again = all_of(reading, 1, 20)
    assert [(each.first, each.last) for each in again] == [(1, 10), (11, 20)]
    reading.begin(100, 105)
    (piece, *_) = reading.pieces(1, NEVER)
    assert (piece.first, piece.last) == (100, 105)
    assert reading.next == 100


def test_a_fault_of_the_program_is_no_answer() -> None:
    def read(_first: int, _last: int) -> Found:
        raise RuntimeError("a fault")

    reading = ReadAhead([Reader("one", read)])
    reading.begin(1, 10)
    with pytest.raises(RuntimeError, match="a fault"):
        reading.pieces(1, NEVER)


def test_one_that_is_behind_leaves_what_it_lacks_to_the_others() -> None:
    reader = Reader("here", truth)
    length = reader.spans.length
    reader.failed(refused("block range extends beyond current head block"), length, 0.0)
    assert reader.spans.length == length
    assert reader.rests_until > 0
