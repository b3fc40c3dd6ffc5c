"""Answers that contradict each other, of one endpoint or of several behind one address: the index doubts, and waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from registry.chain import indexer as indexing
from registry.chain.client import Block, FilteredBlock, Log
from registry.chain.indexer import Indexer
from registry.chain.spans import Spans
from registry.errors import ChainError, ChainUnavailable
from registry.store.database import open_database
from registry.store.index import Edition
from registry.store.index_facts import FINALITY_VIOLATED
from registry.store.index_writing import IndexWriter
from tests.index.test_confirming import FAR, hide, is_whole, now
from tests.index.test_indexer import CHAIN, indexer
from tests.index.told_chain import ADDRESS, ToldBlock, ToldChain


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
