"""The indexer: after any course of blocks and reorganisations the index is what a rebuild from genesis gives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from registry.chain.finality import Evidence
from registry.chain.rpc.client import RpcRefused
from registry.chain.rpc.spans import Spans
from registry.database.engine import open_database
from registry.errors import ChainError, ChainUnavailable, WrongChain
from registry.index.facts import prefix_of, prefix_range
from registry.index.indexer import Indexer, Step
from registry.index.leaf_reader import LeafReader
from registry.index.reader import EventFilter, EventPlace, Index
from registry.index.tables import indexed_batch, indexed_digest, indexed_event, indexed_party, indexed_status
from registry.index.writer import CursorMoved, IndexWriter
from registry.records import NOTHING_SAID, Batch, DigestKey, Party
from tests.registry.index.told_chain import ADDRESS, ToldChain, told_by

CHAIN = "eip155:31337"
STATE = (indexed_event, indexed_party, indexed_batch, indexed_status, indexed_digest)


@pytest.fixture(scope="module")
def memory() -> Iterator[Engine]:
    opened = open_database("sqlite:///:memory:")
    yield opened
    opened.dispose()


def indexer(chain: ToldChain, engine: Engine, **options: Any) -> Indexer:
    writer = IndexWriter(engine, CHAIN, ADDRESS)
    return Indexer(chain, writer, first_block=1, state=chain.state, **options)  # type: ignore[arg-type]


def state(engine: Engine, name: str = CHAIN) -> dict[str, list[tuple[Any, ...]]]:
    """All that is indexed, without the number of the source."""
    source = Index(engine, name, ADDRESS).source
    with engine.connect() as connection:
        return {
            table.name: sorted(
                (tuple(row)[1:] for row in connection.execute(select(table).where(table.c.source == source))), key=repr
            )
            for table in STATE
        }


def rebuilt(chain: ToldChain, engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """What an indexer that begins now makes of the chain."""
    writer = IndexWriter(engine, "eip155:1", ADDRESS)
    writer.forget()
    Indexer(chain, writer, first_block=1, state=chain.state).catch_up()  # type: ignore[arg-type]
    return state(engine, "eip155:1")


def folded(chain: ToldChain, engine: Engine) -> tuple[list[Any], list[Any]]:
    """Parties and batches, by applying all events one by one in memory."""
    told = told_by(Index(engine, CHAIN, ADDRESS).all_events())
    return whole(told.parties.values()), whole(told.batches.values())


def whole(records: Iterable[Party] | Iterable[Batch]) -> list[Any]:
    """All that they say, in one order; as records they are equal where the contract says the same."""
    return sorted((astuple(each) for each in records), key=repr)


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("mine"), st.integers(0, 6)),
        st.tuples(st.just("reorganise"), st.integers(1, 6), st.integers(0, 7), st.integers(0, 3)),
        st.tuples(st.just("finalise"), st.integers(0, 3)),
        st.tuples(st.just("step")),
        st.tuples(st.just("restart")),
    ),
    min_size=4,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), moves=MOVES, span=st.integers(1, 5))
def test_any_course_of_blocks_and_reorganisations_equals_a_rebuild_from_genesis(
    memory: Engine, seed: int, moves: list[tuple[Any, ...]], span: int
) -> None:
    chain = ToldChain(seed)
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    here = indexer(chain, memory, spans=Spans(span))
    for what, *numbers in moves:
        chain.happens(what, numbers)
        if what == "restart":
            here = indexer(chain, memory, spans=Spans(span))
        else:
            here.step()
    here.catch_up()
    assert state(memory) == rebuilt(chain, memory)
    parties, batches = folded(chain, memory)
    index = Index(memory, CHAIN, ADDRESS)
    assert (whole(index.parties()), whole(index.all_batches())) == (parties, batches)


def test_both_databases_hold_the_same(engine: Engine, memory: Engine) -> None:
    chain = ToldChain(7)
    here = indexer(chain, engine)
    for number in range(60):
        chain.mine(number % 5)
        if number % 9 == 8:
            here.catch_up()
            chain.reorganise(4, 5, keep=2)
    here.catch_up()
    assert state(engine) == rebuilt(chain, memory)
    assert sum(len(rows) for rows in state(engine).values()) > 150
    index, reader = Index(engine, CHAIN, ADDRESS), LeafReader(engine)
    said = index.digest_status_page(limit=1000)
    assert said == {key: each for key, each in told_by(index.all_events()).digests.items() if each != NOTHING_SAID}
    assert said
    for issuer, digest in said:
        assert reader.statuses(index.source, digest)[issuer] == said[issuer, digest]
        assert index.digest_statuses_of(issuer)[digest] == said[issuer, digest]
    pages, last = list[DigestKey](), None
    while page := index.digest_status_page(after=last, limit=2):
        pages += page
        last = pages[-1]
    assert pages == sorted(said)


# Reorganisations


def test_what_is_gone_is_taken_back_and_what_moved_is_at_its_new_place(engine: Engine) -> None:
    chain = ToldChain(3)
    for _ in range(6):
        chain.mine(5)
    here = indexer(chain, engine)
    before = here.catch_up()
    chain.reorganise(3, 4, keep=1)
    assert here.step() is Step.ROLLED_BACK
    head = here.catch_up()
    assert (head.reorgs, head.cursor.number) == (1, 7)
    assert head.version > before.version
    assert {event.block.hash for event in Index(engine, CHAIN, ADDRESS).all_events()} <= {
        block.header.hash for block in chain.blocks_now
    }


def test_a_reorganisation_while_nobody_looked(engine: Engine) -> None:
    chain = ToldChain(4)
    for _ in range(5):
        chain.mine(4)
    indexer(chain, engine).catch_up()
    chain.reorganise(5, 9)
    indexer(chain, engine).catch_up()
    assert Index(engine, CHAIN, ADDRESS).head().cursor.hash == chain.blocks_now[-1].header.hash  # type: ignore[union-attr]


def test_a_reorganisation_down_to_a_final_block_that_was_read_in_the_middle_of_a_range(engine: Engine) -> None:
    """The chain's final block stood while the index went past it: nothing below the end of the range was remembered."""
    chain = ToldChain()
    for _ in range(6):
        chain.mine()
    chain.final = 3
    here = indexer(chain, engine, spans=Spans(2))
    assert [here.step(), here.step()] == [Step.ADDED, Step.ADDED]
    chain.reorganise(3, 4)
    assert here.step() is Step.ROLLED_BACK
    head = here.catch_up()
    assert (head.reorgs, head.trouble_code, head.cursor.hash) == (1, None, chain.blocks_now[-1].header.hash)


def test_issuers_of_blocks_that_are_gone_are_not_counted(memory: Engine) -> None:
    """What had been told of an issuer who registered in a block that is gone: "events are missing", until a restart."""
    for seed in range(12):
        chain = ToldChain(seed)
        IndexWriter(memory, CHAIN, ADDRESS).forget()
        for _ in range(6):
            chain.mine(5)
        here = indexer(chain, memory, spans=Spans(5))
        here.step()
        chain.reorganise(6, 7)
        here.catch_up()
        assert state(memory) == rebuilt(chain, memory)


def test_a_final_block_that_changes_stops_it_for_good(engine: Engine) -> None:
    chain = ToldChain(5)
    for _ in range(8):
        chain.mine(3)
    chain.final = 5
    indexer(chain, engine).catch_up()
    kept = state(engine)
    chain.reorganise(5, 7)
    chain.final = 6
    for _ in range(2):
        with pytest.raises(ChainError, match="block 5 was final as 0x") as caught:
            indexer(chain, engine, evidence=Evidence(looks=1, seconds=0)).step()
        assert caught.value.code == "finality-violated"
    assert state(engine) == kept
    head = Index(engine, CHAIN, ADDRESS).head()
    assert head is not None
    assert head.trouble_code == "finality-violated"
    with pytest.raises(ChainError, match="was final"):
        indexer(chain, engine).run(threading.Event(), 0.01)
    IndexWriter(engine, CHAIN, ADDRESS).forget()
    indexer(chain, engine).catch_up()


def test_an_endpoint_that_lags_behind_is_no_reorganisation(engine: Engine) -> None:
    chain = ToldChain(6)
    for _ in range(6):
        chain.mine(3)
    here = indexer(chain, engine)
    here.step()
    newest = chain.blocks_now.pop()
    with pytest.raises(ChainUnavailable) as caught:
        here.step()
    assert caught.value.code == "chain-behind"
    chain.blocks_now.append(newest)
    assert here.step() is Step.NOTHING_NEW
    head = Index(engine, CHAIN, ADDRESS).head()
    assert head is not None
    assert (head.trouble_code, head.reorgs) == (None, 0)


# Missing events


@pytest.mark.parametrize("seed", range(12))
def test_an_event_that_nobody_tells_of_is_noticed(memory: Engine, seed: int) -> None:
    chain = ToldChain(seed)
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    for _ in range(4):
        chain.mine(5)
    logs = [log for block in chain.blocks_now for *_, log in block.logs]
    hidden = logs[seed % len(logs)]
    chain.hidden.add((hidden.block_number, hidden.log_index))
    chain.no_receipts.add(hidden.block_number)
    with pytest.raises(ChainError) as caught:
        indexer(chain, memory).catch_up()
    assert caught.value.code == "no-receipts"
    head = Index(memory, CHAIN, ADDRESS).head()
    assert head is not None
    assert (head.cursor.number, head.seen, head.trouble_code) == (0, 4, "no-receipts")
    chain.no_receipts.clear()
    assert indexer(chain, memory).catch_up().trouble_code is None
    assert state(memory) == rebuilt(chain, memory)


def test_the_last_event_of_all_is_missed_by_counting(memory: Engine) -> None:
    chain = ToldChain(1)
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    here = indexer(chain, memory)
    chain.mine(1)
    here.catch_up()
    chain.mine(0)
    name, arguments = chain._register(chain.blocks_now[-1].told)
    assert (name, arguments["party"]) == ("PartyRegistered", 2)  # the contract counts it, no endpoint tells of it
    chain._anchor(chain.blocks_now[-1].told)
    here._uncounted.add(1)
    with pytest.raises(ChainError, match="the contract has 2 parties, its events come to 1"):
        here.step()


@pytest.mark.parametrize(
    "uri", ["did:web:\ufffd", "'; DROP TABLE indexed_party; --", "\U0001f393" * 5000, "\\u0000 %s :x"]
)
def test_any_text_on_chain_is_kept_as_it_is(engine: Engine, uri: str) -> None:
    chain = ToldChain()
    chain.mine(1)
    name, arguments, log = chain.blocks_now[1].logs[0]
    chain.blocks_now[1] = replace(chain.blocks_now[1], logs=((name, arguments | {"uri": uri}, log),))
    indexer(chain, engine).catch_up()
    index = Index(engine, CHAIN, ADDRESS)
    assert index.party(1).uri == uri  # type: ignore[union-attr]
    assert next(index.all_events()).arguments["uri"] == uri


# Other processes, other chains


def test_of_two_indexers_the_slower_one_changes_nothing(engine: Engine) -> None:
    chain = ToldChain(2)
    chain.mine(4)
    writer = IndexWriter(engine, CHAIN, ADDRESS)
    indexer(chain, engine).catch_up()
    stale = writer.head()
    chain.mine(4)
    indexer(chain, engine).catch_up()
    kept = state(engine)
    assert stale is not None
    with pytest.raises(CursorMoved):
        writer.add(stale, [], stale.cursor, seen=9)
    with pytest.raises(CursorMoved):
        writer.roll_back(stale, stale.cursor)
    assert state(engine) == kept


def test_two_indexers_at_once_fill_one_index(engine: Engine, memory: Engine) -> None:
    chain = ToldChain(8)
    for number in range(80):
        chain.mine(number % 4)
    stop, errors = threading.Event(), list[BaseException]()

    def fill() -> None:
        try:
            indexer(chain, engine, spans=Spans(3)).run(stop, 0.001)
        except BaseException as error:
            errors.append(error)

    indexer(chain, engine, spans=Spans(1)).step()
    threads = [threading.Thread(target=fill) for _ in range(2)]
    for thread in threads:
        thread.start()
    index = Index(engine, CHAIN, ADDRESS)
    try:
        wait_for(lambda: errors or index.head().cursor.number == chain.height)  # type: ignore[union-attr]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert state(engine) == rebuilt(chain, memory)


def wait_for(condition: Callable[[], object]) -> None:
    for _ in range(3000):
        if condition():
            return
        threading.Event().wait(0.01)
    pytest.fail("it did not come to that")


def test_another_chain_is_refused(engine: Engine) -> None:
    chain, other = ToldChain(1), ToldChain(1)
    chain.mine(2)
    indexer(chain, engine).catch_up()
    first = other.blocks_now[0]
    other.blocks_now[0] = type(first)(type(first.header)(0, b"x" * 32, first.header.timestamp), (), first.told)
    other.mine(2)
    with pytest.raises(WrongChain) as caught:
        indexer(other, engine).step()
    assert caught.value.code == "wrong-genesis"


# Spans


def refused(words: str, code: int = -32000) -> RpcRefused:
    return RpcRefused(words, rpc_code=code, rpc_message=words, where=None, remedy=None)


TOO_MANY = refused("query returned more than 10000 results", -32005)
LIMITED = refused("rate limit exceeded", -32005)
AWAY = ChainUnavailable("it answered with HTTP status 503", code="chain-http-status")


class Narrow(ToldChain):
    """A chain whose endpoint answers for so many blocks at once, and says what the test tells it to say otherwise."""

    def __init__(self, most: int, blocks: int):
        super().__init__(9)
        self.most = most
        self.says: list[ChainUnavailable] = []
        self.asked: list[int] = []
        for _ in range(blocks):
            self.mine(1)

    def logs_with_headers(self, addresses: Sequence[str], first: int, last: int) -> Any:
        self.asked.append(last - first + 1)
        if self.says:
            raise self.says.pop(0)
        if last - first + 1 > self.most:
            raise TOO_MANY
        return super().logs_with_headers(addresses, first, last)


def test_a_range_that_is_refused_is_halved_and_rarely_tried_again(memory: Engine) -> None:
    chain = Narrow(10, 400)
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    indexer(chain, memory).catch_up()
    assert chain.asked[:5] == [100, 50, 25, 12, 6]
    assert [length for length in chain.asked[5:] if length > 10] == [12, 12]
    assert state(memory) == rebuilt(chain, memory)


def test_what_is_refused_is_tried_again_after_more_answers_each_time() -> None:
    """A limit of 10 blocks costs one request in a thousand in the end, and one that was lifted is found out."""
    spans, refusals, most = Spans(1_000), [], 10
    for request in range(4_000):
        if request == 3_000:
            most = 1_000
        if spans.length > most:
            refusals.append(request)
            assert spans.shorter(TOO_MANY, spans.length)
        else:
            spans.worked(0, spans.length)
    assert len(refusals) < 20
    assert len([request for request in refusals if request > 1_000]) < 4
    assert spans.length > 10


@pytest.mark.parametrize("says", [LIMITED, ChainUnavailable("429", code="chain-rate-limited")])
def test_a_limit_of_requests_leaves_the_range_as_it_is(memory: Engine, says: ChainUnavailable) -> None:
    chain = Narrow(1_000, 100)
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    here = indexer(chain, memory)
    chain.says = [says] * 9
    for _ in range(9):
        with pytest.raises(ChainUnavailable) as caught:
            here.step()
        assert caught.value.code == "chain-rate-limited"
    assert Index(memory, CHAIN, ADDRESS).head().trouble_code == "chain-rate-limited"  # type: ignore[union-attr]
    here.catch_up()
    assert chain.asked == [100] * 10


def test_after_an_outage_the_range_is_soon_what_it_was(memory: Engine) -> None:
    chain = Narrow(10_000, 20)
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    here = indexer(chain, memory)
    chain.says = [AWAY] * 20
    for _ in range(20):
        with pytest.raises(ChainUnavailable):
            here.step()
    # One request each time, and shorter ones: it may have been the range.
    assert len(chain.asked) == 20
    assert chain.asked[-1] == 1
    here.catch_up()
    assert chain.asked[20:] == [1, 2, 4, 8, 5]


class Waits(threading.Event):
    """Notes how long was waited, and waits no time."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0)
        return self.is_set()


def after(seconds: float, error: ChainUnavailable) -> ChainUnavailable:
    error.retry_after = seconds
    return error


def test_limits_are_waited_for_as_long_as_the_endpoint_asks_to(memory: Engine) -> None:
    chain, stop = Narrow(1_000, 30), Waits()
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    asks = after(40, ChainUnavailable("429", code="chain-rate-limited"))
    chain.says = [LIMITED] * 6 + [asks, AWAY, AWAY, after(90, ChainUnavailable("503", code="chain-http-status"))]
    indexer(chain, memory).run(stop, 2.0, once=True)
    assert stop.waited == [0.5, 1, 2, 4, 8, 8, 40, 2, 4, 90]
    assert Index(memory, CHAIN, ADDRESS).head().trouble_code is None  # type: ignore[union-attr]


def test_a_refusal_of_a_single_block_is_an_error() -> None:
    spans = Spans()
    assert not spans.shorter(TOO_MANY, 1)
    assert not spans.shorter(ChainUnavailable("moved", code="chain-moved"), 100)
    assert not spans.shorter(LIMITED, 100)
    assert spans.length == 1_000


# Reading


def test_filters_and_pages_of_events(memory: Engine) -> None:
    chain = ToldChain(12)
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    for _ in range(30):
        chain.mine(6)
    indexer(chain, memory).catch_up()
    index = Index(memory, CHAIN, ADDRESS)
    everything = list(index.all_events())
    assert len(everything) == 180
    wanted = EventFilter(party=1, names=frozenset({"Anchored", "Recognised"}), from_block=5, to_block=20)
    assert list(index.all_events(wanted)) == [
        event
        for event in everything
        if 1 in (event.party, event.holder)
        and event.name in ("Anchored", "Recognised")
        and 5 <= event.block.number <= 20
    ]
    page = index.events(limit=7)
    after = EventPlace(page[-1].block.number, page[-1].log_index)
    assert index.events(after=after, limit=7) == everything[7:14]
    changes = [event for event in everything if event.name == "AccreditationAccepted"]
    assert changes
    assert all(event.party is not None and event.holder is not None for event in changes)
    assert len(index.ledger().accreditations) == len(chain.blocks_now[-1].told.accreditations)
    batch = next(index.all_batches())
    assert index.batch(batch.issuer, batch.root) == batch
    assert index.status_words((99, batch.root), 0) == {}


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_prefixes_keep_the_order_of_digests(one: bytes, other: bytes) -> None:
    assert (prefix_of(one) < prefix_of(other)) == (one[:8] < other[:8])


@given(st.binary(min_size=32, max_size=32), st.integers(1, 16))
def test_a_digest_is_in_the_range_of_its_first_digits(digest: bytes, digits: int) -> None:
    first, last = prefix_range(digest.hex()[:digits])
    assert first <= prefix_of(digest) <= last
    assert last - first + 1 == 1 << (64 - 4 * digits)
