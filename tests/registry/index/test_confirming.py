"""Whatever an endpoint leaves out: the index ends equal to the chain, and until then knows that it does not know."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import astuple
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, update

from registry.chain.editions import Edition as RegistryEdition
from registry.chain.editions import first, second
from registry.chain.rpc.bloom import BlockEvents, bits, bloom_of, may_hold
from registry.chain.rpc.client import Log
from registry.chain.rpc.spans import Spans
from registry.database.engine import open_database
from registry.errors import ChainError, ChainUnavailable
from registry.index import confirming
from registry.index import indexer as indexing
from registry.index.facts import shown_arguments
from registry.index.indexer import Indexer, Step
from registry.index.reader import Edition, Head, Index
from registry.index.tables import indexed_chain, indexed_event
from registry.index.writer import IndexWriter
from registry.recognition.ledger import Ledger
from registry.records import NOTHING_SAID
from tests.registry.index.test_indexer import CHAIN, indexer, rebuilt, state
from tests.registry.index.told_chain import ADDRESS, ToldChain, told_by

Right = Callable[[ToldChain, Engine, Head], bool]
FAR = 0
"""No block is near: every range is taken as it is told, and confirmed afterwards."""
TRACELESS = ("Superseded", "ProfileSet", "ControllerChanged", "OperatorSet", "SuspensionCleared")
"""What leaves the state here as it was, or as a later event leaves it."""
COUNTED = ("PartyRegistered", "Anchored", "AccreditationOffered", "Recognised")
"""What leaves a gap in a sequence, or in what the contract counts."""
NAMES = (
    "PartyRegistered",
    "ProfileSet",
    "ControllerChanged",
    "OperatorSet",
    "PartyRetired",
    "Anchored",
    "StatusSet",
    "SuspensionCleared",
    "BatchVoided",
    "Superseded",
    "DigestRevoked",
    "DigestSuspended",
    "DigestReinstated",
    "AccreditationOffered",
    "AccreditationAccepted",
    "AccreditationSuspended",
    "Recognised",
)


OF_THE_FIRST = tuple(name for name in NAMES if not name.startswith("Digest"))


@pytest.fixture(scope="module")
def memory() -> Iterator[Engine]:
    opened = open_database("sqlite:///:memory:")
    yield opened
    opened.dispose()


@pytest.fixture
def by_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long way is confirmed by the contract's state, however short it is; where that tells all there is to know."""
    monkeypatch.setattr(indexing, "HEADERS_A_STEP", 1)


def history(
    seed: int, blocks: int = 12, events: int = 5, empty: int = 0, edition: RegistryEdition | None = None
) -> ToldChain:
    chain = ToldChain(seed, edition)
    for _ in range(blocks):
        chain.mine(events)
        for _ in range(empty):
            chain.mine(0)
    return chain


def hide(chain: ToldChain, name: str, *, chance: random.Random | None = None) -> Log:
    """Leave out one event of a kind when a range of blocks is asked for."""
    logs = [log for block in chain.blocks_now for told, _, log in block.logs if told == name]
    hidden = logs[-1] if chance is None else chance.choice(logs)
    chain.hidden.add((hidden.block_number, hidden.log_index))
    return hidden


def is_whole(chain: ToldChain, engine: Engine, head: Head) -> bool:
    """Whether every event up to the cursor is indexed, and no other."""
    here = [
        (event.block.hash, event.log_index, event.name, shown_arguments(event.arguments))
        for event in Index(engine, CHAIN, ADDRESS).all_events()
    ]
    there = [
        (event.block.hash, event.log_index, event.name, shown_arguments(event.arguments))
        for event in chain.happened(head.cursor.number)
    ]
    return repr(here).replace("(", "[").replace(")", "]") == repr(there).replace("(", "[").replace(")", "]")


def says_what_the_contract_says(chain: ToldChain, engine: Engine, head: Head) -> bool:
    """Whether parties, batches, statuses and accreditations are as all events up to the cursor leave them."""
    index, happened = Index(engine, CHAIN, ADDRESS), chain.happened(head.cursor.number)
    records = told_by(happened)
    words = {
        (*batch.key, purpose, word): bits
        for batch in index.all_batches()
        for purpose in (0, 1)
        for word, bits in index.status_words(batch.key, purpose).items()
    }
    told = {(*bitmap, word): bits for bitmap, its in records.words.items() for word, bits in its.items() if bits}
    return (
        [astuple(party) for party in index.parties()] == [astuple(each) for _, each in sorted(records.parties.items())]
        and {batch.key: astuple(batch) for batch in index.all_batches()}
        == {key: astuple(batch) for key, batch in records.batches.items()}
        and words == told
        and index.digest_status_page(limit=1000)
        == {key: each for key, each in records.digests.items() if each != NOTHING_SAID}
        and index.ledger().accreditations == Ledger.from_events(happened).accreditations
    )


def now(engine: Engine) -> Head:
    head = Index(engine, CHAIN, ADDRESS).head()
    assert head is not None
    return head


# Near the head


@pytest.mark.parametrize("filters", ["true", "empty", "none"])
@pytest.mark.parametrize("name", NAMES)
def test_an_event_that_a_range_leaves_out_is_read_from_its_receipt(memory: Engine, name: str, filters: Any) -> None:
    chain = history(15)
    chain.filters = filters
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    hide(chain, name)
    head = indexer(chain, memory).catch_up()
    assert head.is_confirmed
    assert is_whole(chain, memory, head)
    assert state(memory) == rebuilt(chain, memory)


@pytest.mark.parametrize("lag", [1, 2, 7])
def test_events_that_are_found_some_blocks_late_are_not_missed(memory: Engine, lag: int) -> None:
    chain = history(6, blocks=2)
    chain.lag = lag
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    here = indexer(chain, memory)
    for _ in range(12):
        chain.mine(3)
        head = here.catch_up()
        assert head.is_confirmed
        assert is_whole(chain, memory, head)


def test_one_of_two_like_events_in_a_block_is_not_missed(memory: Engine) -> None:
    chain = history(8, blocks=30, events=6)
    pairs = [
        second
        for block in chain.blocks_now
        for (one, _, _), (two, _, second) in zip(block.logs, block.logs[1:], strict=False)
        if one == two == "StatusSet"
    ]
    assert pairs
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    chain.hidden |= {(log.block_number, log.log_index) for log in pairs}
    assert is_whole(chain, memory, indexer(chain, memory).catch_up())


# A long way


@pytest.mark.parametrize("name", NAMES)
def test_what_a_long_way_leaves_out_for_ever_is_found_by_headers(engine: Engine, memory: Engine, name: str) -> None:
    chain = history(15)
    hide(chain, name)
    head = indexer(chain, engine, near=FAR).catch_up()
    assert head.is_confirmed
    assert is_whole(chain, engine, head)
    assert state(engine) == rebuilt(chain, memory)


@pytest.mark.parametrize("name", [name for name in OF_THE_FIRST if name not in TRACELESS])
def test_what_a_long_way_leaves_out_for_ever_shows_in_the_contract(memory: Engine, by_state: None, name: str) -> None:
    chain = history(5, empty=40, edition=first())
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    hide(chain, name)
    here = indexer(chain, memory, near=FAR)
    assert here.step() is (Step.CONFIRMED if name in COUNTED else Step.ADDED)
    # What does not count anything goes in without a word; and is known not to be known.
    assert (now(memory).cursor.number, now(memory).confirmed) == (0 if name in COUNTED else chain.height, 0)
    head = here.catch_up()
    assert head.is_confirmed
    assert is_whole(chain, memory, head)


@pytest.mark.parametrize("name", [name for name in OF_THE_FIRST if name not in COUNTED])
def test_what_comes_late_on_a_long_way_is_read_again(memory: Engine, by_state: None, name: str) -> None:
    chain = history(5, empty=40, edition=first())
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    hide(chain, name)
    here = indexer(chain, memory, near=FAR)
    assert here.step() is Step.ADDED
    chain.hidden.clear()
    chain.no_receipts |= set(range(chain.height + 1))
    head = here.catch_up()
    assert head.is_confirmed
    assert is_whole(chain, memory, head)


@pytest.mark.parametrize("name", ["DigestRevoked", "DigestSuspended", "StatusSet"])
def test_what_is_left_out_of_what_is_said_of_digests_shows_in_their_number(
    memory: Engine, by_state: None, name: str
) -> None:
    chain = history(15, empty=6)
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    hide(chain, name)
    head = indexer(chain, memory, near=FAR).catch_up()
    assert head.is_confirmed
    assert is_whole(chain, memory, head)


def test_a_long_way_that_cannot_be_confirmed_is_not_called_so(memory: Engine) -> None:
    chain = history(15)
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    hidden = hide(chain, "StatusSet")
    chain.no_receipts.add(hidden.block_number)
    here = indexer(chain, memory, near=FAR)
    here.step()
    for _ in range(3):
        chain.mine(2)
        with pytest.raises(ChainUnavailable) as caught:
            here.step()
        assert caught.value.code == "no-receipts"
        # It goes on all the same, and says what it does not know.
        head = now(memory)
        assert head.cursor.number == chain.height
        assert not head.is_confirmed
        assert head.trouble_code == "no-receipts"
    chain.no_receipts.clear()
    assert is_whole(chain, memory, here.catch_up())
    assert now(memory).is_confirmed


def test_what_is_added_unseen_while_the_state_is_compared_is_compared_too(memory: Engine, by_state: None) -> None:
    chain = history(5, empty=40, edition=first())
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    here = indexer(chain, memory, near=FAR)
    for _ in range(4):
        here.step()
    assert not now(memory).is_confirmed
    for _ in range(3):
        chain.mine(6)
    hide(chain, "AccreditationSuspended")
    assert now(memory).cursor.number == chain.height - 3
    head = here.catch_up()
    assert head.is_confirmed
    assert says_what_the_contract_says(chain, memory, head)


# What was missed before


@pytest.mark.parametrize(
    "name", ["StatusSet", "BatchVoided", "AccreditationSuspended", "Superseded", "OperatorSet", "DigestRevoked"]
)
def test_an_index_of_before_this_was_known_mends_itself(engine: Engine, memory: Engine, name: str) -> None:
    chain = history(15)
    indexer(chain, engine).catch_up()
    lose(engine, chain, name)
    with engine.begin() as connection:
        connection.execute(update(indexed_chain).values(confirmed_number=0))
    assert not now(engine).is_confirmed
    head = indexer(chain, engine).catch_up()
    assert head.is_confirmed
    assert state(engine) == rebuilt(chain, memory)


@pytest.mark.parametrize("name", ["StatusSet", "BatchVoided", "AccreditationSuspended", "DigestReinstated"])
def test_a_restart_finds_what_a_false_answer_left_behind(engine: Engine, memory: Engine, name: str) -> None:
    chain = history(15)
    indexer(chain, engine).catch_up()
    lose(engine, chain, name)
    here = indexer(chain, engine)
    seen = [here.step() for _ in range(12)]
    assert Step.CONFIRMED in seen
    assert seen[-1] is Step.NOTHING_NEW
    assert now(engine).is_confirmed
    assert state(engine) == rebuilt(chain, memory)


def test_one_look_that_differs_takes_nothing_back(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = history(15)
    indexer(chain, engine).catch_up()
    looks = 0
    agree = confirming._agree

    def differs_once(what: str, there: Any, here: Any) -> None:
        nonlocal looks
        looks += what == "party 1"
        agree(what, there, None if what == "party 1" and looks == 1 else here)

    monkeypatch.setattr(confirming, "_agree", differs_once)
    here = indexer(chain, engine)
    for _ in range(12):
        here.step()
        assert now(engine).is_confirmed
    assert looks == 2


def lose(engine: Engine, chain: ToldChain, name: str) -> None:
    """As if an event had never been told."""
    head = now(engine)
    index = Index(engine, CHAIN, ADDRESS)
    lost = [event for event in index.all_events() if event.name == name][-1]
    with engine.begin() as connection:
        of = indexed_event.c
        connection.execute(
            delete(indexed_event).where(
                of.source == head.source, of.block_number == lost.block.number, of.log_index == lost.log_index
            )
        )
    # What follows from the events that are left.
    IndexWriter(engine, CHAIN, ADDRESS).mend(head, [], [lost])


def test_a_hole_before_the_cursor_is_mended_when_the_next_event_shows_it(memory: Engine, by_state: None) -> None:
    chain = history(5, empty=30, edition=first())
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    here = indexer(chain, memory, near=FAR, spans=Spans(40))
    while now_or_none(memory) is None or now(memory).cursor.number < 300:
        here.step()
    hide(chain, "Anchored")
    while now(memory).cursor.number < chain.height:
        here.step()
    assert is_whole(chain, memory, here.catch_up())


def now_or_none(engine: Engine) -> Head | None:
    return Index(engine, CHAIN, ADDRESS).head()


# Any course of it


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("mine"), st.integers(0, 6)),
        st.tuples(st.just("reorganise"), st.integers(1, 4), st.integers(0, 5), st.integers(0, 3)),
        st.tuples(st.just("finalise"), st.integers(0, 3)),
        st.tuples(st.just("hide"), st.integers(0, 2**16)),
        st.tuples(st.just("withhold"), st.integers(0, 2**16)),
        st.tuples(st.just("tell")),
        st.tuples(st.just("lag"), st.integers(0, 4)),
        st.tuples(st.just("step")),
        st.tuples(st.just("step")),
        st.tuples(st.just("restart")),
    ),
    min_size=4,
    max_size=40,
)


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    moves=MOVES,
    near=st.sampled_from([FAR, 3, 1000]),
    by_headers=st.booleans(),
    edition=st.sampled_from([first(), second()]),
)
def test_whatever_is_left_out_the_index_never_believes_that_it_has_all(
    memory: Engine, seed: int, moves: list[tuple[Any, ...]], near: int, by_headers: bool, edition: RegistryEdition
) -> None:
    chain = ToldChain(seed, edition)
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    right = is_whole if by_headers or edition.has_digest_statuses else says_what_the_contract_says
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(indexing, "HEADERS_A_STEP", 50 if by_headers else 1)
        here = indexer(chain, memory, near=near, spans=Spans(7))
        for what, *numbers in moves:
            if what == "restart":
                here = indexer(chain, memory, near=near, spans=Spans(7))
            elif what == "step":
                _stepped(chain, memory, here, right)
            else:
                _happens(chain, what, numbers)
        _happens(chain, "tell", [])
        for _ in range(200):
            if _stepped(chain, memory, here, right) is Step.NOTHING_NEW:
                break
    head = now(memory)
    assert head.is_confirmed
    assert head.cursor.number == chain.height
    assert right(chain, memory, head)


def _stepped(chain: ToldChain, engine: Engine, here: Indexer, right: Right) -> Step | None:
    try:
        step: Step | None = here.step()
    except ChainError as error:
        if error.code not in ("no-receipts", "events-missing", "chain-behind"):
            raise
        step = None
    head = now_or_none(engine)
    if head is not None and head.is_confirmed and chain.block(head.cursor.number) is not None:
        on_chain = chain.blocks_now[head.cursor.number].header.hash == head.cursor.hash
        assert not on_chain or right(chain, engine, head)
    return step


def _happens(chain: ToldChain, what: str, numbers: list[int]) -> None:
    logs = [log for block in chain.blocks_now for *_, log in block.logs]
    chain.happens(what, numbers)
    if what == "hide" and logs:
        hidden = logs[numbers[0] % len(logs)]
        chain.hidden.add((hidden.block_number, hidden.log_index))
    elif what == "withhold":
        chain.no_receipts.add(numbers[0] % (chain.height + 1))
    elif what == "lag":
        chain.lag = numbers[0]
    elif what == "tell":
        chain.hidden.clear()
        chain.no_receipts.clear()
        chain.lag = 0


# Anew


def test_an_index_that_is_made_anew_takes_the_place_of_the_old_one_when_it_is_there(
    engine: Engine, memory: Engine
) -> None:
    chain = history(15)
    indexer(chain, engine).catch_up()
    lose(engine, chain, "StatusSet")
    before, reader = state(engine), Index(engine, CHAIN, ADDRESS)
    old = reader.head()
    anew = IndexWriter(engine, CHAIN, ADDRESS, Edition.NEXT)
    building = Indexer(chain, anew, first_block=1, state=chain.state, spans=Spans(3), near=3)  # type: ignore[arg-type]
    for _ in range(3):
        building.step()
        assert reader.head() == old
        assert state(engine) == before
    building.catch_up()
    assert state(engine) == before
    anew.take_place()
    assert old is not None
    assert now(engine).source != old.source
    assert state(engine) == rebuilt(chain, memory)
    # The one before it is there for a while, and then it is not.
    former = Index(engine, CHAIN, ADDRESS, Edition.FORMER)
    assert former.source == old.source
    writer = IndexWriter(engine, CHAIN, ADDRESS)
    writer.forget_former(seconds=600)
    assert former.head() is not None
    writer.forget_former(seconds=-1)
    assert former.head() is None
    assert indexer(chain, engine).catch_up().cursor.number == chain.height
    with pytest.raises(ValueError, match="no edition"):
        anew.take_place()


def test_a_new_index_knows_from_the_start_how_far_it_has_to_go(memory: Engine) -> None:
    chain = history(15)
    IndexWriter(memory, CHAIN, ADDRESS).forget()
    here = indexer(chain, memory, near=FAR, spans=Spans(2))
    here._head()
    assert now(memory).behind == chain.height


# The filter of a header


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=20), st.binary(min_size=32, max_size=32))
def test_what_a_filter_rules_out_is_not_there(held: list[bytes], topic: bytes) -> None:
    address = b"\x11" * 20
    block = BlockEvents(bloom_of([address, *held]), has_transactions=True)
    assert all(may_hold(block, address, [each]) for each in held)
    if not may_hold(block, address, [topic]):
        assert topic not in held


def test_the_bits_are_those_of_other_implementations() -> None:
    from eth_bloom import BloomFilter

    for number in range(200):
        value = number.to_bytes(20 if number % 2 else 32, "big")
        assert bits(value) == int(BloomFilter.from_iterable([value]))
    assert not may_hold(BlockEvents(None, has_transactions=False), bytes(20), [bytes(32)])
