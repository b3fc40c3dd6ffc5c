"""How far many learners have come: nobody is named, and no group of fewer than ten can be worked out."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import IntakeError
from registry.learning.items import Fate, Item
from registry.learning.pathways.cohort import Cohort, Group, Tally
from registry.learning.pathways.model import CreditSum, Criteria, Of, Pathway, StepDone
from registry.learning.pathways.plan import plan_of
from registry.learning.pathways.progress import Outcome, progress
from registry.levels import bundled_maps
from registry.partnerships.tables import K
from tests.registry.learning.pathways.made import NOW, URIS, award, course, item, pathway, step

MAPS = bundled_maps()
W, X, Y, Z = URIS
PATH = pathway(
    step("a", award(W)),
    step("b", award(X), after=("a",)),
    step("c", award(Y), after=("b",)),
    step("d", award(Z), after=("a", "b"), optional=True),
    step("all", Of((StepDone("a"), StepDone("b"), StepDone("c")), 3)),
)


def told(path: Pathway, *learners: tuple[int, tuple[Item, ...]]) -> Cohort:
    """Of so many learners with some items each."""
    plan = plan_of(path, MAPS)
    tally = Tally(plan)
    for number, items in learners:
        found = progress(plan, items, NOW)
        for _ in range(number):
            tally.add(found)
    return tally.cohort()


def has(*uris: str, fate: Fate = Fate.GOOD) -> tuple[Item, ...]:
    return tuple(item(at, course(uri), fate=fate) for at, uri in enumerate(uris))


def test_where_learners_stop() -> None:
    found = told(PATH, (20, ()), (30, has(W)), (40, has(W, X)), (50, has(W, X, Y)))
    a, b, c, _, whole = found.steps
    assert found.learners == 140
    assert (a.done, a.before, a.stopped) == (120, None, None)
    assert (b.done, b.before, b.went_on, b.stopped) == (90, 120, 90, 30)
    assert (c.before, c.went_on, c.stopped) == (90, 50, 40)
    assert (whole.done, found.complete.done) == (50, 50)
    content = found.to_dict()
    assert (content["learners"], content["k"], content["steps"][1]["stopped"]) == (140, K, 30)


def test_small_outcomes_are_taken_together() -> None:
    path = pathway(step("a", award(W)))
    expired, unchecked = has(W, fate=Fate.EXPIRED), has(W, fate=Fate.UNCHECKED)
    (a,) = told(path, (50, has(W)), (40, ()), (12, expired), (3, unchecked)).steps
    rest = {Outcome.AWAITING, Outcome.NOT_ACCREDITED, Outcome.UNKNOWN, Outcome.EXPIRED}
    counts = {frozenset(each.outcomes): each.count for each in a.all}
    assert counts == {frozenset({Outcome.DONE}): 50, frozenset({Outcome.OPEN}): 40, frozenset(rest): 15}


def test_what_gives_a_small_group_away_is_not_told() -> None:
    # Three have the first alone: how many have both is not told beside how many have the first.
    found = told(PATH, (40, ()), (3, has(W)), (57, has(W, X)))
    a, b, _, d, _ = found.steps
    assert (a.done, b.done, b.before, d.before) == (60, None, None, None)
    assert (b.stopped, b.went_on) == (None, None)
    # Of the whole and a step that it requires, the same.
    nested = pathway(step("a", award(W)), step("w", Of((StepDone("a"), Of((StepDone("a"),), 1)), 2)))
    one, whole = told(nested, (40, ()), (60, has(W))).steps
    assert one.done == whole.done == 60
    both = pathway(step("a", award(W)), step("b", award(X)), step("w", Of((StepDone("a"), StepDone("b")), 2)))
    # How many have done both is not told beside how many have done the first: 60 and 56 would be 4 people.
    found = told(both, (40, ()), (4, has(W)), (56, has(W, X)))
    assert [each.done for each in (*found.steps, found.complete)] == [60, 56, None, None]


def dones(path: Pathway, *learners: tuple[int, tuple[Item, ...]]) -> list[int | None]:
    found = told(path, *learners)
    return [each.done for each in (*found.steps, found.complete)]


def test_what_two_steps_have_in_common_gives_nobody_away() -> None:
    two = pathway(step("a", award(W)), step("b", award(X)))
    # 25 and 25 of 40, and 11 with both: one person has neither.
    assert dones(two, (11, has(W, X)), (14, has(W)), (14, has(X)), (1, ())) == [25, 25, None]
    assert dones(two, (11, has(W, X)), (14, has(W)), (14, has(X)), (10, ())) == [25, 25, 11]
    third = pathway(step("a", award(W)), step("b", award(X)), step("c", award(Y), after=("a", "b"), optional=True))
    people = [(11, has(W, X)), (11, has(W, X, Y)), (14, has(W)), (14, has(X))]
    assert told(third, *people, (1, ())).steps[2].before is None
    assert told(third, *people, (10, ())).steps[2].before == 22
    either = pathway(*two.steps, step("c", Of((StepDone("a"), StepDone("b")), 1)))
    # 17 and 17, and 31 with one of them: three have both.
    assert dones(either, (3, has(W, X)), (14, has(W)), (14, has(X)), (30, ()))[:3] == [17, 17, None]
    assert dones(either, (30, has(W)), (3, has(X)), (11, has(W, X)), (30, ()))[:3] == [41, 14, None]


def test_a_step_that_asks_for_more_than_another_is_within_it() -> None:
    def ects(amount: int, **more: object) -> CreditSum:
        return CreditSum(Fraction(amount), Criteria(**more))  # type: ignore[arg-type]

    def having(amount: int) -> tuple[Item, ...]:
        return (item(0, course(W, amount), digest=""),)

    pairs = [
        (step("less", ects(30)), step("more", ects(60))),
        (step("less", ects(30)), step("more", ects(60, achievements=(W, X)))),
        (step("less", Of((ects(30), award(Y)), 1)), step("more", Of((ects(60), award(W)), 2))),
        (step("less", award(W, X)), step("more", ects(60, achievements=(W,)))),
    ]
    for less, more in pairs:
        path = pathway(less, replace(more, optional=True))
        # Three have the one and not the other.
        assert dones(path, (40, ()), (57, having(60)), (3, having(45)))[1] is None
        assert dones(path, (40, ()), (50, having(60)), (10, having(45)))[1] == 50
    other = (step("less", award(X)), step("more", ects(60), optional=True))
    assert dones(pathway(*other), (40, ()), (57, having(60)), (60, has(X)))[:2] == [60, 57]


def test_of_fewer_than_ten_nothing_is_told() -> None:
    with pytest.raises(IntakeError, match="there are 9 learners") as error:
        told(PATH, (9, ()))
    assert error.value.code == "small-cell"
    assert [each.all for each in told(PATH, (10, ())).steps] == [()] * 5


def test_a_pathway_of_very_many_steps_is_refused() -> None:
    many = pathway(*(step(f"s{number}", award(W)) for number in range(61)))
    with pytest.raises(IntakeError, match="61 steps"):
        Tally(plan_of(many, MAPS))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(10, 120))
def test_no_count_and_no_difference_is_of_a_small_group(seed: int, learners: int) -> None:
    chance = Random(seed)
    rates = [chance.random() for _ in URIS]
    people = []
    for _ in range(learners):
        got = [uri for uri, rate in zip(URIS, rates, strict=True) if chance.random() < rate]
        fate = chance.choice((*[Fate.GOOD] * 8, Fate.EXPIRED, Fate.UNCHECKED))
        people.append((1, tuple(replace(each, digest="") for each in has(*got, fate=fate))))
    found = told(PATH, *people)
    by_name = {each.step: each for each in (*found.steps, found.complete)}
    for each in by_name.values():
        groups: list[Group] = [*each.all, *each.after_it]
        assert all(group.count is None or group.count >= K for group in groups)
        assert sum(group.count or 0 for group in each.all) in (0, learners)
        assert each.before is None or each.before >= K
        assert not each.stopped or each.stopped >= K
    nested = [
        *((by_name[one].done, by_name["all"].done) for one in "abc"),
        *((by_name[one].done, found.complete.done) for one in "abc"),
        *((by_name[one].done, by_name["d"].before) for one in "ab"),
        *((by_name[one].done, by_name[other].before) for one, other in pairwise("abc")),
        *((each.done, each.went_on) for each in found.steps),
        (by_name["all"].done, found.complete.done),
    ]
    for outer, inner in nested:
        if outer is not None and inner is not None:
            assert outer == inner or outer - inner >= K
