"""Which next step opens most, and why that one."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings

from registry.learning.items import Fate, Item
from registry.learning.pathways.model import Criteria, Of, Pathway, Recognition, StepDone
from registry.learning.pathways.next_step import Next, next_steps
from registry.learning.pathways.plan import plan_of
from registry.learning.pathways.progress import Known, Outcome, progress
from registry.levels import bundled_maps
from tests.registry.learning.pathways.made import DECISION, MAKERS, NOW, URIS, Maker, award, course, item, pathway, step

MAPS = bundled_maps()
W, X, Y, Z = URIS


def following(path: Pathway, *items: Item) -> list[Next]:
    plan = plan_of(path, MAPS)
    return list(next_steps(plan, progress(plan, items, NOW)))


def order(path: Pathway, *items: Item) -> list[tuple[str, str]]:
    return [(each.identifier, each.decided_by) for each in following(path, *items)]


def test_the_one_that_opens_more_goes_first() -> None:
    path = pathway(
        step("a", award(W)),
        step("b", award(X)),
        step("c", award(Y), after=("b",)),
        step("d", award(Z), after=("b",)),
        step("e", award(Z), after=("a", "b")),
    )
    first, second = following(path)
    assert (first.identifier, first.opens, first.decided_by) == ("b", ("c", "d"), "opens")
    assert (second.identifier, second.opens, second.waiting) == ("a", (), 1)
    # Once one of two is done, the other opens what waited for both.
    assert [each.opens for each in following(path, item(0, course(W)))] == [("c", "d", "e")]


def test_then_what_is_opened_is_worth_more_then_more_wait_then_the_order() -> None:
    worth = pathway(
        step("a", award(W)),
        step("b", award(X)),
        step("c", award(Y), after=("a",), ects=Fraction(5)),
        step("d", award(Z), after=("b",), ects=Fraction(6)),
    )
    assert order(worth) == [("b", "credits"), ("a", "")]
    waiting = pathway(
        step("a", award(W)),
        step("b", award(X)),
        step("c", award(Y), after=("a",)),
        step("d", award(Z), after=("b",)),
        step("e", award(Z), after=("d",)),
    )
    assert order(waiting) == [("b", "waiting"), ("a", "")]
    assert order(pathway(step("a", award(W)), step("b", award(X)))) == [("a", "order"), ("b", "")]


def test_steps_that_other_steps_do_are_done_by_these() -> None:
    path = pathway(
        step("a", award(W)),
        step("b", award(X)),
        step("both", Of((StepDone("a"), StepDone("b")), 2)),
        step("c", award(Y), after=("both",)),
    )
    assert [each.identifier for each in following(path)] == ["a", "b"]
    (last,) = following(path, item(0, course(X)))
    assert (last.identifier, last.opens) == ("a", ("c",))


def test_what_is_not_known_and_what_cannot_be_begun_is_no_next_step() -> None:
    path = pathway(step("a", award(W)), step("b", award(X)), step("c", award(Y), after=("a",)))
    assert [each.identifier for each in following(path, item(0, course(W), fate=Fate.UNCHECKED))] == ["b"]
    decided = Recognition(Criteria(achievements=(DECISION,), issuers=(7,)), StepDone("a"))
    assert [each.identifier for each in following(pathway(step("a", award(W)), step("r", recognition=decided)))] == [
        "a",
        "r",
    ]


@settings(max_examples=100, deadline=None)
@given(MAKERS)
def test_each_can_be_begun_and_opens_what_it_says(make: Maker) -> None:
    path, items = make.pathway(), make.items()
    plan = plan_of(path, MAPS)
    found = progress(plan, items, NOW)
    known = {each.identifier: each for each in found.steps}
    offered = next_steps(plan, found)
    assert len({each.identifier for each in offered}) == len(offered)
    for each in offered:
        assert known[each.identifier].outcome not in (Outcome.DONE, Outcome.UNKNOWN)
        assert known[each.identifier].available is Known.YES
        for opened in each.opens:
            before = path.by_identifier()[opened].after
            assert any(known[name].outcome is not Outcome.DONE for name in before)
            assert known[opened].outcome is not Outcome.DONE
