"""Answers that contradict each other, of one endpoint or of several behind one address: the index doubts, and waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from registry.chain.finality import Evidence
from registry.chain.rpc.client import Block, FilteredBlock, Log
from registry.chain.rpc.spans import Spans
from registry.database.engine import open_database
from registry.errors import ChainError, ChainUnavailable
from registry.index import indexer as indexing
from registry.index.facts import CHAIN_DISAGREES, FINALITY_VIOLATED
from registry.index.indexer import Indexer
from registry.index.reader import Edition
from registry.index.writer import IndexWriter
from tests.registry.index.test_confirming import FAR, hide, is_whole, now
from tests.registry.index.test_indexer import CHAIN, indexer
from tests.registry.index.told_chain import ADDRESS, ToldBlock, ToldChain


@pytest.fixture
def memory() -> Iterator[Engine]:
    opened = open_database("sqlite:///:memory:")
    yield opened
    opened.dispose()


class Balanced(ToldChain):
    """A chain behind a load balancer.

    Attributes:
        stands_at: the newest block of the machine that answers now; None for one that follows the chain.
        without_logs: numbers of blocks whose receipts have no events in them.
    """

    def __init__(self, seed: int = 0):
        super().__init__(seed)
        self.stands_at: int | None = None
        self.without_logs: set[int] = set()

    def block(self, number: int | str) -> Block | None:
        if self.stands_at is None:
            return super().block(number)
        if number == "latest":
            return self.blocks_now[self.stands_at].header
        return super().block(number) if int(number) <= self.stands_at else None

    def all_logs(self, of: FilteredBlock) -> tuple[Log, ...]:
        logs = super().all_logs(of)
        return () if of.block.number in self.without_logs else logs


def test_a_final_block_that_one_answer_made_up_is_not_remembered(
    memory: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number is that of another block, and the index has not come to either."""
    chain = Balanced(5)
    for _ in range(30):
        chain.mine(2)
    chain.final = 27
    here = indexer(chain, memory, near=FAR, spans=Spans(5))
    true = chain.finalized()
    false = iter([replace(true, number=true.number + 2)])
    monkeypatch.setattr(chain, "finalized", lambda _depth=None: next(false, true))
    with pytest.raises(ChainUnavailable):
        here.step()
    head = here.catch_up()
    assert (head.final, head.final_hash) == (true.number, true.hash)


def told(blocks: int = 40, seed: int = 5) -> Balanced:
    chain = Balanced(seed)
    for _ in range(blocks):
        chain.mine(3)
    return chain


# Of different heights


def test_a_machine_that_stands_still_does_not_unsay_how_far_the_chain_is(memory: Engine) -> None:
    chain = told(40)
    here = indexer(chain, memory)
    here.catch_up()
    chain.filters = "none"
    chain.mine(1)
    for _ in range(100):
        chain.mine(0)
    chain.no_receipts = set(range(chain.height + 1))
    with pytest.raises(ChainUnavailable):
        here.step()
    assert now(memory).behind == 101
    chain.stands_at = 40
    here.step()
    assert now(memory).behind == 101
    # Nor does a process that begins then.
    indexer(chain, memory).step()
    assert now(memory).behind == 101


def test_a_chain_that_is_shorter_is_believed_after_a_while(memory: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = told(40)
    here = indexer(chain, memory)
    here.catch_up()
    IndexWriter(memory, CHAIN, ADDRESS).trouble(ChainUnavailable("it said so once"), seen=10**9)
    here = indexer(chain, memory)
    here.step()
    assert now(memory).seen == 10**9
    monkeypatch.setattr(indexing, "REMEMBERED_SECONDS", -1.0)
    here.step()
    assert now(memory).behind == 0


def test_an_edition_that_is_made_of_an_endpoint_that_is_behind_says_that_it_is(memory: Engine) -> None:
    chain = told(140)
    indexer(chain, memory).catch_up()
    chain.stands_at = 40
    anew = IndexWriter(memory, CHAIN, ADDRESS, Edition.NEXT)
    Indexer(chain, anew, first_block=1, state=chain.state).catch_up()  # type: ignore[arg-type]
    anew.take_place()
    assert (now(memory).cursor.number, now(memory).behind) == (40, 100)
    indexer(chain, memory).step()
    assert now(memory).behind == 100


def test_an_edition_that_is_not_confirmed_takes_no_place(memory: Engine) -> None:
    chain = told(40)
    indexer(chain, memory).catch_up()
    anew = IndexWriter(memory, CHAIN, ADDRESS, Edition.NEXT)
    building = Indexer(  # type: ignore[arg-type]
        chain, anew, first_block=1, state=chain.state, near=FAR, spans=Spans(10)
    )
    building.step()
    with pytest.raises(ValueError, match="confirmed"):
        anew.take_place()


# Blocks that are not there, and others in the place of final ones


class Mixed(Balanced):
    """Its newest block is told by a machine that follows the chain; other questions go to whom the test says.

    Attributes:
        behind: by how many blocks the other machine is behind.
        branch: blocks of the other machine, by number, where it is on a branch of its own.
        calls_final: height that it calls final; None for the one of the chain.
    """

    def __init__(self, seed: int = 5):
        super().__init__(seed)
        self.behind = 0
        self.branch: dict[int, bytes] = {}
        self.calls_final: int | None = None
        self.others: dict[str, bytes | None] = {}

    def block(self, number: int | str) -> Block | None:
        found = super().block(number)
        if number == "latest" or found is None:
            return found
        if found.number > self.height - self.behind:
            return None
        return replace(found, hash=self.branch.get(found.number, found.hash))

    def finalized(self, depth: int | None = None) -> Block:
        return self.blocks_now[self.final if self.calls_final is None else self.calls_final].header

    def endpoints(self) -> dict[str, bool]:
        return dict.fromkeys([self.where, *self.others], True) if self.others else {}

    def block_by_endpoint(self, number: int) -> dict[str, Block | None]:
        block = super().block_by_endpoint(number)
        found = self.blocks_now[number].header
        return block | {
            name: None if other is None else replace(found, hash=other) for name, other in self.others.items()
        }


def mixed(memory: Engine, evidence: Evidence | None = None) -> tuple[Mixed, Indexer]:
    chain = Mixed()
    for _ in range(40):
        chain.mine(3)
    chain.final = 38
    here = indexer(chain, memory, evidence=evidence)
    here.catch_up()
    return chain, here


def stopped(here: Indexer) -> str:
    with pytest.raises(ChainError) as caught:
        here.step()
    return caught.value.code


@pytest.mark.parametrize("behind", [1, 2, 3, 20, 40])
def test_a_machine_that_has_no_such_block_shows_no_other_one(memory: Engine, behind: int) -> None:
    """With a final block two below the newest, a backend three behind stopped the index for good."""
    chain, here = mixed(memory, Evidence(looks=1, seconds=0))
    chain.behind = behind
    for _ in range(5):
        assert stopped(here) == "chain-behind"
        assert now(memory).trouble_code == "chain-behind"
    chain.mine(2)
    assert stopped(here) == "chain-behind" or behind == 1
    chain.behind = 0
    head = here.catch_up()
    assert (head.trouble_code, head.reorgs) == (None, 0)
    assert is_whole(chain, memory, head)


def test_a_final_block_that_is_shown_as_another_one_for_a_moment_is_looked_at_again(memory: Engine) -> None:
    chain, here = mixed(memory)
    chain.branch = {number: bytes(31) + bytes([number]) for number in range(30, 60)}
    for _ in range(20):
        assert stopped(here) == CHAIN_DISAGREES
    assert now(memory).trouble_code == CHAIN_DISAGREES
    chain.branch = {}
    chain.mine(1)
    head = here.catch_up()
    assert (head.trouble_code, head.reorgs) == (None, 0)


@pytest.mark.parametrize("calls_final", [10, 37])
def test_what_the_chain_does_not_call_final_there_is_no_violation(memory: Engine, calls_final: int) -> None:
    chain, here = mixed(memory, Evidence(looks=1, seconds=0))
    chain.branch, chain.calls_final = {38: bytes(32)}, calls_final
    assert [stopped(here) for _ in range(9)] == [CHAIN_DISAGREES] * 9
    chain.calls_final = 38
    assert stopped(here) == FINALITY_VIOLATED


@pytest.mark.parametrize(
    ("others", "code"),
    [
        ({}, FINALITY_VIOLATED),
        ({"b": None}, CHAIN_DISAGREES),
        ({"b": bytes(32)}, FINALITY_VIOLATED),
        ({"b": bytes(31) + b"x"}, CHAIN_DISAGREES),
        ({"b": bytes(32), "c": None}, FINALITY_VIOLATED),
        ({"b": bytes(32), "c": "same"}, CHAIN_DISAGREES),
    ],
)
def test_of_several_endpoints_two_have_to_show_the_same_other_block_and_none_the_old_one(
    memory: Engine, others: dict[str, Any], code: str
) -> None:
    chain, here = mixed(memory, Evidence(looks=2, seconds=0))
    chain.branch = {38: bytes(32)}
    same = chain.blocks_now[38].header.hash
    chain.others = {name: same if other == "same" else other for name, other in others.items()}
    assert stopped(here) == CHAIN_DISAGREES
    assert stopped(here) == code


def test_a_stop_says_what_was_seen_and_a_person_can_take_it_back(memory: Engine) -> None:
    chain, here = mixed(memory, Evidence(looks=1, seconds=0))
    chain.branch = {number: bytes(32) for number in range(30, 60)}
    with pytest.raises(ChainError) as caught:
        here.step()
    said = caught.value.diagnostics()
    assert f"block 38 was final as 0x{chain.blocks_now[38].header.hash.hex()}" in said
    assert f"0x{bytes(32).hex()}" in said
    assert "--accept-chain" in said
    assert "rely" not in said
    # Nobody takes back what is so.
    with pytest.raises(ChainError, match="block 38 was final as") as caught:
        indexer(chain, memory).accept()
    assert caught.value.code == FINALITY_VIOLATED
    chain.branch, chain.behind = {}, 10
    with pytest.raises(ChainUnavailable) as behind:
        indexer(chain, memory).accept()
    assert behind.value.code == "chain-behind"
    assert stopped(indexer(chain, memory)) == FINALITY_VIOLATED
    chain.behind = 0
    chain.others = {"b": bytes(32)}
    with pytest.raises(ChainError, match="1 of 2 endpoints"):
        indexer(chain, memory).accept()
    chain.others = {}
    accepted = indexer(chain, memory).accept()
    assert accepted is not None
    assert accepted.number == 38
    chain.mine(2)
    head = indexer(chain, memory).catch_up()
    assert (head.trouble_code, head.cursor.number) == (None, 41)
    assert indexer(chain, memory).accept() is None


def test_an_index_below_the_final_block_waits_for_its_blocks_too(memory: Engine) -> None:
    """While it is on its way, the final block is above its cursor."""
    chain = Mixed()
    for _ in range(40):
        chain.mine(3)
    chain.final = 38
    here = indexer(chain, memory, spans=Spans(10))
    here.step()
    assert now(memory).cursor.number == 10
    chain.branch = {10: bytes(32)}
    assert [stopped(here) for _ in range(5)] == [CHAIN_DISAGREES] * 5
    chain.branch = {}
    assert is_whole(chain, memory, here.catch_up())


LIES = st.lists(
    st.tuples(st.sampled_from(["behind", "branch", "mine", "final", "reorganise", "honest"]), st.integers(1, 12)),
    max_size=30,
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Engine]:
    opened = open_database("sqlite:///:memory:")
    yield opened
    opened.dispose()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), lies=LIES)
def test_whatever_machines_show_for_less_than_a_minute_no_final_block_is_called_another_one(
    shared: Engine, seed: int, lies: list[tuple[str, int]]
) -> None:
    IndexWriter(shared, CHAIN, ADDRESS).forget()
    chain = Mixed(seed)
    for _ in range(12):
        chain.mine(2)
    # However slow this machine is.
    here = indexer(chain, shared, evidence=Evidence(seconds=86_400))
    here.catch_up()
    for what, number in lies:
        match what:
            case "behind":
                chain.behind = number
            case "branch":
                top = chain.height
                chain.branch = {each: bytes(31) + bytes([number]) for each in range(max(1, top - number), top + 9)}
            case "mine":
                chain.happens("mine", [number % 4])
            case "final":
                chain.happens("finalise", [number])
            case "reorganise":
                chain.happens("reorganise", [number, number + 1, 1])
            case "honest":
                chain.behind, chain.branch = 0, {}
        for _ in range(3):
            try:
                here.step()
            except ChainError as error:
                assert error.code != FINALITY_VIOLATED  # noqa: PT017
    chain.behind, chain.branch = 0, {}
    chain.mine(1)
    assert is_whole(chain, shared, here.catch_up())


# Events and receipts


@pytest.mark.parametrize("filters", ["empty", "none"])
@pytest.mark.parametrize("near", [FAR, 1000])
def test_receipts_without_the_events_that_were_told_are_not_all_receipts(
    memory: Engine, filters: Any, near: int
) -> None:
    chain = told(40)
    chain.filters = filters
    revoking = next(log for block in reversed(chain.blocks_now) for name, _, log in block.logs if name == "StatusSet")
    chain.without_logs = {revoking.block_number}
    here = indexer(chain, memory, near=near)
    with pytest.raises(ChainUnavailable) as caught:
        here.catch_up()
    assert caught.value.code == "no-receipts"
    assert not now(memory).is_confirmed or now(memory).cursor.number < revoking.block_number
    chain.without_logs = set()
    assert is_whole(chain, memory, here.catch_up())


class Misfilled(Balanced):
    """Its headers have something else in the place of a filter."""

    def _filtered(self, block: ToldBlock) -> FilteredBlock:
        return super()._filtered(block)._replace(bloom=1)


def test_a_filter_that_is_none_is_not_believed_of_the_blocks_before_either(memory: Engine) -> None:
    chain = Misfilled(5)
    for _ in range(30):
        chain.mine(2)
    indexer(chain, memory).catch_up()
    while [name for name, _, _ in chain.blocks_now[-1].logs] != ["StatusSet"]:
        chain.reorganise(1, 1)
    hide(chain, "StatusSet")
    chain.mine(1)
    assert is_whole(chain, memory, indexer(chain, memory).catch_up())


# What lasts


def test_a_final_block_that_changed_stays_said_whatever_another_indexer_takes_down(memory: Engine) -> None:
    chain = told(10)
    here = indexer(chain, memory)
    head = here.catch_up()
    writer = IndexWriter(memory, CHAIN, ADDRESS)
    writer.trouble(ChainError("it changed", code=FINALITY_VIOLATED))
    writer.settle(head, final=None, seen=head.cursor.number)
    assert now(memory).trouble_code == FINALITY_VIOLATED
