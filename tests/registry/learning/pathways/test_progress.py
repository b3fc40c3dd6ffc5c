"""What is done of a pathway: against a slow reference, and by what has to hold whatever the items are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.learning.achieved import Achieved, Result
from registry.learning.items import Accredited, Fate, Item
from registry.learning.pathways.model import Counts, CreditSum, Criteria, Of, Pathway, Recognition, StepDone
from registry.learning.pathways.plan import CircleError, plan_of
from registry.learning.pathways.progress import Known, Outcome, Progress, progress
from registry.learning.pathways.standing import Reason, months_before
from registry.levels import bundled_maps
from tests.registry.learning.pathways.made import (
    DECISION,
    MAKERS,
    NOW,
    URIS,
    Maker,
    award,
    course,
    item,
    pathway,
    step,
)
from tests.registry.learning.pathways.reference import Reference

MAPS = bundled_maps()
W, X, Y, Z = URIS


def checked(path: Pathway, items: tuple[Item, ...]) -> Progress:
    return progress(plan_of(path, MAPS), items, NOW)


def outcomes(path: Pathway, *items: Item) -> dict[str, str]:
    return {each.identifier: each.outcome.value for each in checked(path, items).steps}


@settings(max_examples=400, deadline=None)
@given(MAKERS)
def test_it_is_what_the_reference_says(make: Maker) -> None:
    path, items = make.pathway(Counts.SEVERAL), make.items()
    assert outcomes(path, *items) == Reference(path, items, NOW, MAPS).outcomes()


@settings(max_examples=150, deadline=None)
@given(MAKERS, st.integers(0, 719))
def test_the_order_of_items_makes_no_difference(make: Maker, number: int) -> None:
    path, items = make.pathway(), make.items()
    shuffled = list(items)
    Random(number).shuffle(shuffled)
    assert checked(path, tuple(shuffled)) == checked(path, items)


@settings(max_examples=150, deadline=None)
@given(MAKERS)
def test_a_good_item_more_undoes_no_step(make: Maker) -> None:
    path, items = make.pathway(Counts.SEVERAL), make.items(linked=False, copies=False)
    more = make.items(linked=False, copies=False, first=len(items))
    before = checked(path, items)
    after = checked(path, (*items, *(each for each in more if each.checked.fate is Fate.GOOD)))
    for one, other in zip(before.steps, after.steps, strict=True):
        assert one.outcome is not Outcome.DONE or other.outcome is Outcome.DONE
    assert before.complete is not Known.YES or after.complete is Known.YES


def resolved(item_: Item, chance: Random) -> Item:
    """What an item can turn out to be, once it is known."""
    facts = item_.checked
    if facts.fate is Fate.UNCHECKED:
        facts = replace(facts, fate=chance.choice((Fate.GOOD, Fate.EXPIRED, Fate.REVOKED)))
        if not item_.achieved:
            # What it says of wholes and parts is not taken into account before it was read.
            read = course(chance.choice(URIS), 12, results=(Result(value="granted"),))
            item_ = replace(item_, achieved=(read,), identifier="", digest="", wholes=())
    if facts.accredited in (Accredited.UNKNOWN, Accredited.NOT_ASKED):
        facts = replace(facts, accredited=chance.choice((Accredited.YES, Accredited.NO)))
    if facts.issuer is None:
        facts = replace(facts, issuer=chance.choice((7, 8)))
    if facts.anchored_at is None:
        facts = replace(facts, anchored_at=chance.choice((NOW, datetime(2020, 1, 1, tzinfo=UTC))))
    return replace(item_, checked=facts)


@settings(max_examples=400, deadline=None)
@given(MAKERS, st.integers(0, 2**32))
def test_what_is_known_stays_so_whatever_is_found_out(make: Maker, number: int) -> None:
    path, items, chance = make.pathway(), make.items(copies=False), Random(number)
    before = checked(path, items)
    after = checked(path, tuple(resolved(each, chance) for each in items))
    for one, other in zip(before.steps, after.steps, strict=True):
        assert one.outcome in (Outcome.UNKNOWN, other.outcome)
    assert before.complete in (Known.UNKNOWN, after.complete)


@settings(max_examples=200, deadline=None)
@given(MAKERS, st.booleans())
def test_done_rests_on_good_items_that_suffice(make: Maker, linked: bool) -> None:
    path, items = make.pathway(Counts.SEVERAL), make.items(linked=linked, copies=linked)
    found = checked(path, items)
    by_position = {each.position: each for each in items}
    done = [each for each in found.steps if each.outcome is Outcome.DONE]
    enough = {position for each in done for position in each.items}
    assert all(by_position[position].checked.fate is Fate.GOOD for position in enough)
    assert all(each.items or each.steps for each in done)
    if linked:
        return  # What is a part of what is known from all items alone.
    again = checked(path, tuple(by_position[position] for position in sorted(enough)))
    for one, other in zip(found.steps, again.steps, strict=True):
        assert one.outcome is not Outcome.DONE or other.outcome is Outcome.DONE


@settings(max_examples=200, deadline=None)
@given(MAKERS)
def test_where_an_item_serves_one_step_none_serves_two(make: Maker) -> None:
    path, items = make.pathway(Counts.ONCE), make.items()
    found = checked(path, items)
    served = [digest for each in found.steps for digest in {found.digests[position] for position in each.items}]
    assert len(served) == len(set(served))
    several = checked(replace(path, counts=Counts.SEVERAL), items)
    for one, other in zip(found.steps, several.steps, strict=True):
        assert one.outcome is not Outcome.DONE or other.outcome is Outcome.DONE


FATES = {
    Fate.GOOD: "done",
    Fate.EXPIRED: "expired",
    Fate.NOT_YET_VALID: "open",
    Fate.REVOKED: "open",
    Fate.SUSPENDED: "open",
    Fate.NOT_VALID: "open",
    Fate.UNCHECKED: "unknown",
}


@pytest.mark.parametrize("fate", Fate)
def test_each_fate(fate: Fate) -> None:
    found = checked(pathway(step("a", award(W))), (item(0, course(W), fate=fate),))
    (only,) = found.steps
    assert only.outcome.value == FATES[fate]
    assert only.hindered == (() if fate is Fate.GOOD else ((0, Reason(fate.value)),))
    assert only.items == ((0,) if fate is Fate.GOOD else ())


@pytest.mark.parametrize(
    ("accredited", "outcome"),
    [
        (Accredited.YES, "done"),
        (Accredited.NO, "not accredited"),
        (Accredited.UNKNOWN, "unknown"),
        (Accredited.NOT_ASKED, "unknown"),
    ],
)
def test_accredited_only(accredited: Accredited, outcome: str) -> None:
    path = pathway(step("a", award(W, accredited=True)))
    assert outcomes(path, item(0, course(W), accredited=accredited)) == {"a": outcome}


def test_of_two_hindrances_the_greater_is_told() -> None:
    path = pathway(step("a", award(W, accredited=True)))
    both = item(0, course(W), fate=Fate.EXPIRED, accredited=Accredited.NO)
    assert outcomes(path, both) == {"a": "not accredited"}
    assert outcomes(path, both, item(1, course(W), fate=Fate.EXPIRED)) == {"a": "expired"}


def test_it_is_as_old_as_the_earlier_of_its_two_dates() -> None:
    path = pathway(step("a", award(W, within_months=12)))
    new, old = datetime(2025, 12, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
    assert outcomes(path, item(0, course(W), anchored_at=new, valid_from=new)) == {"a": "done"}
    assert outcomes(path, item(0, course(W), anchored_at=new)) == {"a": "done"}
    # Anchored late, and dated late: neither makes an old achievement a new one.
    assert outcomes(path, item(0, course(W), anchored_at=new, valid_from=old)) == {"a": "expired"}
    assert outcomes(path, item(0, course(W), anchored_at=old, valid_from=new)) == {"a": "expired"}
    assert outcomes(path, item(0, course(W), anchored_at=None, valid_from=new)) == {"a": "unknown"}
    assert outcomes(path, item(0, course(W), anchored_at=None, valid_from=old)) == {"a": "expired"}


def test_months_end_on_the_last_day_there_is() -> None:
    assert months_before(NOW, 1) == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert months_before(NOW, 25) == datetime(2024, 2, 29, 12, tzinfo=UTC)
    assert months_before(NOW, 12 * 3000).year == 1


def test_what_could_not_be_read_may_be_anything() -> None:
    path = pathway(step("a", award(W)), step("b", award(X)))
    unread = item(1, fate=Fate.UNCHECKED)
    assert outcomes(path, item(0, course(W)), unread) == {"a": "done", "b": "unknown"}
    assert checked(path, (unread,)).steps[1].hindered == ((1, Reason.UNREAD),)
    # One that was checked and states nothing is nothing.
    assert outcomes(path, item(0, course(W)), item(1)) == {"a": "done", "b": "open"}


def ects_of(ects: int, **more: object) -> CreditSum:
    return CreditSum(Fraction(ects), Criteria(**more))  # type: ignore[arg-type]


def test_a_course_that_was_taken_twice_counts_once() -> None:
    path = pathway(step("a", ects_of(10)))
    assert outcomes(path, item(0, course(W, 5)), item(1, course(W, 5))) == {"a": "open"}
    assert outcomes(path, item(0, course(W, 5)), item(1, course(X, 5))) == {"a": "done"}
    # Of the two the larger counts; and so does each of those that have no URI.
    found = checked(path, (item(0, course(W, 5)), item(1, course(W, 6)), item(2, course("", 3))))
    assert found.steps[0].credits[0].to_dict() == {"have": "9", "need": "10"}


def test_a_copy_of_a_credential_counts_once() -> None:
    path = pathway(step("a", ects_of(10)))
    one = item(0, course("", 5))
    assert outcomes(path, one, replace(one, position=1)) == {"a": "open"}


def test_an_award_counts_or_its_parts_do_whichever_is_more() -> None:
    def have(*items: Item) -> str:
        return str(checked(pathway(step("a", ects_of(500))), items).steps[0].credits[0].to_dict()["have"])

    award_ = item(0, course(W, 20), identifier="urn:award")
    parts = [item(at, course(URIS[at], 8), wholes=("urn:award",)) for at in (1, 2, 3)]
    assert have(award_) == "20"
    assert have(award_, *parts[:2]) == "20"
    assert have(award_, *parts) == "24"
    assert have(*parts) == "24"
    # By digest, and within one credential.
    assert have(award_, replace(parts[0], wholes=(award_.digest,))) == "20"
    inner = item(0, course(W, 20), replace(course(X, 5), whole=0), replace(course(Y, 2), whole=1))
    assert have(inner) == "20"
    # A part of several counts in these alone, and what is part of itself not at all.
    assert have(replace(parts[0], wholes=("urn:award", parts[1].digest)), award_, replace(parts[1], wholes=())) == "28"
    circle = item(0, replace(course(W, 5), whole=1), replace(course(X, 5), whole=0), course(Y, 1))
    assert have(circle) == "1"


def test_credits_without_a_system_count_where_the_pathway_says_so() -> None:
    unnamed = Achieved(identifier=W, credits=(replace(course("", 12).credits[0], system=""),))
    path = pathway(step("a", ects_of(12)))
    assert outcomes(path, item(0, unnamed)) == {"a": "open"}
    assert outcomes(replace(path, unnamed_credits=True), item(0, unnamed)) == {"a": "done"}


def test_recognition_waits_for_a_person_and_a_decision_is_an_item() -> None:
    decision = Criteria(achievements=(DECISION,), issuers=(7,), results=("granted",))
    path = pathway(step("a", award(W), recognition=Recognition(decision, award(X))))
    evidence = item(0, course(X))

    def decided(value: str, **more: object) -> Item:
        return item(1, Achieved(DECISION, results=(Result(value=value),)), **{"issuer": 7, **more})  # type: ignore[arg-type]

    assert outcomes(path) == {"a": "open"}
    assert outcomes(path, evidence) == {"a": "awaiting a person"}
    found = checked(path, (evidence, decided("granted")))
    assert (found.steps[0].outcome, found.steps[0].decided, found.steps[0].items) == (Outcome.DONE, 1, (1,))
    assert outcomes(path, evidence, decided("refused")) == {"a": "open"}
    assert checked(path, (evidence, decided("refused"))).steps[0].hindered == ((1, Reason.REFUSED),)
    # One by somebody else decides nothing; one that could not be checked leaves it open what was decided.
    assert outcomes(path, evidence, decided("granted", issuer=8)) == {"a": "awaiting a person"}
    assert outcomes(path, evidence, decided("granted", fate=Fate.UNCHECKED)) == {"a": "unknown"}
    assert outcomes(path, evidence, decided("refused", fate=Fate.UNCHECKED)) == {"a": "unknown"}
    assert outcomes(path, evidence, decided("granted", fate=Fate.EXPIRED)) == {"a": "awaiting a person"}
    assert outcomes(path, item(0, course(X), fate=Fate.EXPIRED)) == {"a": "expired"}


def test_an_item_serves_several_steps_or_the_first_alone() -> None:
    path = pathway(step("a", award(W)), step("b", award(W, X)))
    one, other = item(0, course(W)), item(1, course(X))
    assert outcomes(path, one) == {"a": "done", "b": "done"}
    once = replace(path, counts=Counts.ONCE)
    assert outcomes(once, one) == {"a": "done", "b": "open"}
    assert checked(once, (one,)).steps[1].hindered == ((0, Reason.SERVES_ANOTHER),)
    assert outcomes(once, one, other) == {"a": "done", "b": "done"}
    # Whether the first needs it is not known, so neither is whether the second has it.
    unsure = replace(once, steps=(step("a", Of((award(W), award(Y)), 2)), path.steps[1]))
    assert outcomes(unsure, one, item(2, course(Y), fate=Fate.UNCHECKED)) == {"a": "unknown", "b": "unknown"}
    assert outcomes(unsure, one, item(2, course(Y))) == {"a": "done", "b": "open"}


def test_steps_before_it_say_what_can_be_begun_and_undo_nothing() -> None:
    path = pathway(step("a", award(W)), step("b", award(X), after=("a",)), step("c", StepDone("b")))
    found = checked(path, (item(0, course(X)),))
    assert [each.outcome.value for each in found.steps] == ["open", "done", "done"]
    assert [each.available for each in found.steps] == [Known.YES, Known.NO, Known.YES]
    assert (found.steps[2].items, found.steps[2].steps) == ((), ("b",))
    assert found.complete is Known.NO
    unsure = checked(path, (item(0, course(W), fate=Fate.UNCHECKED),))
    assert unsure.steps[1].available is Known.UNKNOWN


def test_steps_that_require_each_other_are_no_plan() -> None:
    path = pathway(step("a", StepDone("b")), step("b", StepDone("a")))
    with pytest.raises(CircleError):
        plan_of(path, MAPS)
