"""Nobody keeps the others out: places, turns, the pace of bodies, and tries."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.http.fairness import Allowance, Amounts, Line, Places, Refusal, Turns
from registry.http.request_bodies import LEAST_RATE, RATE_SECONDS, Pace

PARTIES = st.integers(0, 9)


@given(count=st.integers(1, 80), most=st.integers(1, 80), steps=st.lists(st.tuples(PARTIES, st.booleans())))
def test_who_holds_none_gets_one_while_there_is_one(count: int, most: int, steps: list[tuple[int, bool]]) -> None:
    places, held = Places(count, most=most), Counter[int]()
    for who, gives_back in steps:
        if gives_back:
            if held[who]:
                places.give_back(who)
                held[who] -= 1
            continue
        free = count - held.total()
        refusal = places.take(who)
        held[who] += refusal is None
        assert (refusal is Refusal.FULL) == (free == 0)
        if not held[who] and free:
            raise AssertionError("the first place is refused to nobody")
        assert held[who] <= max(1, min(most, count - held.total() + 1))
    assert places.taken == held.total()
    assert all(places.held(who) == held[who] for who in range(10))


@given(whole=st.integers(4, 1000), steps=st.lists(st.tuples(PARTIES, st.integers(1, 2000), st.booleans())))
def test_of_an_amount_something_is_left_for_whoever_has_none(whole: int, steps: list[tuple[int, int, bool]]) -> None:
    amounts, held = Amounts(whole), dict[int, list[int]]()
    for who, amount, gives_back in steps:
        mine = held.setdefault(who, [])
        if gives_back:
            if mine:
                amounts.give_back(who, mine.pop())
            continue
        before, refusal = amounts.taken, amounts.take(who, amount)
        if refusal is None:
            mine.append(amount)
        assert amounts.taken <= whole
        assert refusal is not Refusal.FULL or before + amount > whole
        assert refusal is not Refusal.SHARE or mine
        if before == 0:
            assert refusal is None, "however large it is"
    for who, pieces in held.items():
        assert len(pieces) < 2 or sum(pieces) <= whole // 2
        while pieces:
            amounts.give_back(who, pieces.pop())
    assert amounts.taken == 0


@pytest.mark.parametrize(("count", "most", "alone", "parties"), [(64, None, 24, 22), (32, 4, 4, 16), (4, None, 2, 3)])
def test_how_many_it_takes_to_fill_all(count: int, most: int | None, alone: int, parties: int) -> None:
    places, who = Places(count, most=most), 0
    while places.taken < count:
        while places.take(who) is None:
            pass
        assert places.held(who) <= alone
        who += 1
    assert (places.held(0), who) == (alone, parties)
    places.give_back(0)
    assert places.take("another") is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), min_size=1, max_size=25))
def test_turns_come_to_all_and_to_who_has_least_first(asked: list[tuple[str, int]]) -> None:
    """Whatever is asked for, however often it is passed on or given up: at most so many at a time, and all end."""
    running: Counter[str] = Counter()

    async def work(turns: Turns, who: str, passes: int) -> None:
        async with turns.turn(who) as turn:
            for _ in range(passes):
                running[who] += 1
                try:
                    assert running.total() <= 4
                    assert running[who] <= 2
                    await asyncio.sleep(0)
                finally:
                    running[who] -= 1
                await turn.pass_on()

    async def all_of_them() -> None:
        turns = Turns(4)
        tasks = [asyncio.create_task(work(turns, who, passes)) for who, passes in asked]
        await asyncio.sleep(0)
        given_up = tasks[::5]
        for task in given_up:
            task.cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        for task in tasks:
            assert task in given_up or task.exception() is None
        assert turns.waiting == 0
        for who in "wxyz":  # all turns are back
            await asyncio.wait_for(turns.wait(who), 10)

    asyncio.run(all_of_them())


def test_a_small_job_does_not_wait_for_the_whole_of_large_ones() -> None:
    async def together() -> list[str]:
        turns, told = Turns(1), []

        async def large(name: str) -> None:
            async with turns.turn("greedy") as turn:
                for piece in range(100):
                    told.append(f"{name}{piece}")
                    if turn.is_waited_for:
                        await turn.pass_on()

        async def small() -> None:
            async with turns.turn("modest"):
                told.append("small")

        # The first waits for nobody and is through at once; so two of them begin, and the small one comes last.
        async with turns.turn("before"):
            tasks = [asyncio.create_task(work) for work in (large("a"), large("b"), small())]
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        return told

    assert asyncio.run(together()).index("small") <= 2


@given(st.lists(st.tuples(st.integers(0, 100_000), st.floats(0, 5)), max_size=60))
def test_only_what_is_waited_for_counts(chunks: list[tuple[int, float]]) -> None:
    """Over each window of waiting that many bytes must come; a server that is busy itself blames nobody."""
    pace = Pace()
    waited, came = 0.0, 0
    for size, seconds in chunks:
        waited, came = waited + seconds, came + size
        enough = waited < RATE_SECONDS or came >= LEAST_RATE * waited
        assert pace.came(size, seconds) == enough
        if waited >= RATE_SECONDS:
            waited, came = 0.0, 0
    assert all(Pace().came(1, 0.0) for _ in range(10_000))


def test_what_is_spent_comes_back() -> None:
    now = 0.0
    tries = Allowance(2, 0.5, lambda: now)
    tries.spend("a", 1)
    tries.spend("a", 1)
    assert (tries.left("a"), tries.left("b"), tries.seconds_until("a", 1)) == (0, 2, 2)
    now = 2.0
    assert (tries.left("a"), tries.seconds_until("a", 1)) == (1, 0)
    tries.spend("a", -5)
    assert tries.left("a") == 2, "never more than the most"


@given(
    steps=st.lists(st.tuples(PARTIES, st.sampled_from(["put", "leave", "take"])), max_size=120), most=st.integers(1, 7)
)
def test_a_line_is_taken_in_turn_from_each_party(steps: list[tuple[int, str]], most: int) -> None:
    line, waiting = Line[tuple[int, int]](), dict[int, list[tuple[int, int]]]()
    for number, (who, step) in enumerate(steps):
        mine = waiting.setdefault(who, [])
        if step == "put":
            line.put(who, (who, number))
            mine.append((who, number))
        elif step == "leave" and mine:
            line.leave(who, mine.pop())
            line.leave(who, (who, -1))
        elif step == "take":
            taken = line.take(most)
            parties = [each for each, _ in taken]
            assert len(taken) == min(most, sum(map(len, waiting.values())))
            # Nobody comes a second time before everybody else who waits has come once.
            had = Counter(parties)
            assert all(
                had[other] >= had[who] - 1 for who in had for other in waiting if len(waiting[other]) > had[other]
            )
            for who, what in ((each, what) for each, what in zip(parties, taken, strict=True)):
                assert waiting[who].pop(0) == what
        assert sorted(line) == sorted(what for each in waiting.values() for what in each)
        assert bool(line) == any(waiting.values())
