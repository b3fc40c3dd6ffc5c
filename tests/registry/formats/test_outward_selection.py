"""What of a ledger and of a register is told outward: nothing that is not in force, and each rest with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.outward import of_ledger, of_register
from registry.formats.outward.exporting import Form, exported
from registry.formats.outward.statements import Organisation, Why
from registry.quality.decision import Holder, Identifier, Programme, QualityDecision, Ruling, Subject
from registry.recognition.ledger import Accreditation, Change, Kind, State
from tests.registry.formats.outward_made import AS_OF, REGISTRY, START, day, decided, entity, link, links, selections


@given(links(), st.integers(0, 130))
def test_a_link_is_told_exactly_when_it_is_active_by_both_clocks(made: list[Accreditation], number: int) -> None:
    moment = day(number)
    selected = of_ledger.select(made, moment, REGISTRY, AS_OF, entity)
    told = {each.number for each in selected.statements}
    assert told == {str(each.id) for each in made if set(each.state_at(moment)) == {State.ACTIVE}}
    assert {each.number for each in selected.left} == {str(each.id) for each in made} - told
    assert all(each.whole and each.why for each in selected.left)


@given(links(), st.integers(0, 130), st.sampled_from(Form))
def test_what_is_void_or_withdrawn_is_in_no_format(made: list[Accreditation], number: int, form: Form) -> None:
    moment = day(number)
    selected = of_ledger.select(made, moment, REGISTRY, AS_OF, entity)
    told = {each.number for each in exported(selected, form).statements}
    for each in made:
        gone = [change for change in each.changes if change.state in (State.WITHDRAWN, State.SUSPENDED)]
        if each.state is State.VOID or (gone and each.changes[-1] in gone and gone[-1].effective_from <= moment):
            assert str(each.id) not in told


@given(selections())
def test_nothing_is_told_to_hold_beyond_what_is_on_record(selected_at: object) -> None:
    selected, moment = selected_at  # type: ignore[misc]
    for each in selected.statements:
        assert each.holds_until is None or moment < each.holds_until
        ends = [each.end] if each.end else []
        ends += [
            change.effective_from
            for change in each.changes
            if change.state in (State.SUSPENDED, State.WITHDRAWN) and change.effective_from > moment
        ]
        assert each.holds_until == (min(ends) if ends else None)


@pytest.mark.parametrize(
    ("later", "at", "why"),
    [
        (((State.SUSPENDED, 5, 5),), 10, Why.SUSPENDED),
        (((State.WITHDRAWN, 5, 5),), 10, Why.WITHDRAWN),
        (((State.VOID, 50, 0),), 10, Why.VOID),
        (((State.SUSPENDED, 50, 5),), 10, Why.SUSPENDED),
        (((State.SUSPENDED, 5, 20),), 10, Why.CLOCKS),
        ((), 100, Why.ENDED),
        ((), -1, Why.NOT_YET),
    ],
    ids=["suspended", "withdrawn", "void later", "suspended in retrospect", "suspended ahead", "ended", "early"],
)
def test_each_reason_has_its_code(later: tuple[tuple[State, float, float], ...], at: int, why: Why) -> None:
    selected = of_ledger.select([link(1, Kind.ACCREDIT_TO_ISSUE, *later)], day(at), REGISTRY, AS_OF, entity)
    assert [each.code for each in selected.left] == [why.value]
    assert selected.statements == ()


def test_an_offer_is_no_accreditation() -> None:
    offered = replace(link(), changes=link().changes[:1])
    selected = of_ledger.select([offered], day(10), REGISTRY, AS_OF, entity)
    assert [each.code for each in selected.left] == [Why.OFFERED.value]


def test_a_refusal_stays_one() -> None:
    refused = replace(link(), changes=(link().changes[0], Change(State.REFUSED, day(1), START)))
    selected = of_ledger.select([refused], day(10), REGISTRY, AS_OF, entity)
    assert [each.code for each in selected.left] == [Why.REFUSED.value]


@given(decided())
def test_of_decisions_only_those_that_accredit_are_told(selected_at: object) -> None:
    selected, moment = selected_at  # type: ignore[misc]
    for each in selected.statements:
        assert each.ruling in (Ruling.POSITIVE, Ruling.CONDITIONAL)
        assert each.start <= moment
        assert each.holds_until is None or moment < each.holds_until
        assert each.mirror is not None


def test_what_was_corrected_is_told_once() -> None:
    first = decision(Programme(levels=(6, 6)))
    corrected = replace(decision(Programme(levels=(7, 7))), replaces=b"\x01" * 32)
    both = [(b"\x01" * 32, first), (b"\x02" * 32, corrected)]
    selected = of_register.select(both, day(10), "M", "S", unknown)
    assert [each.levels for each in selected.statements] == [(7, 7)]
    assert [each.code for each in selected.left] == [Why.REPLACED.value]


def unknown(_identifiers: object, _party: int | None) -> Organisation | None:
    return None


def decision(*programmes: Programme, countries: tuple[str, ...] = ("HR",)) -> QualityDecision:
    holders = tuple(
        Holder((Identifier("deqar", f"DEQARINST{number}"),), f"University {number}", country)
        for number, country in enumerate(countries)
    )
    agency = Identifier("deqar", "21")
    return QualityDecision(
        "deqar", agency, Subject.PROGRAMME, Ruling.POSITIVE, date(2026, 1, 1), holders, programmes=programmes
    )


BACHELOR = Programme(levels=(6, 6), fields=("0613",))


@pytest.mark.parametrize(
    ("programmes", "levels", "fields"),
    [
        ((BACHELOR, Programme(levels=(7, 7), fields=("07",))), (6, 7), ("0613", "07")),
        ((BACHELOR, Programme()), (1, 8), ()),
        ((), (1, 8), ()),
    ],
    ids=["each says it", "one does not", "no programme"],
)
def test_a_limit_is_told_only_where_every_programme_has_one(
    programmes: tuple[Programme, ...], levels: tuple[int, int], fields: tuple[str, ...]
) -> None:
    selected = of_register.select([(bytes(32), decision(*programmes))], day(10), "M", "S", unknown)
    (found,) = selected.statements
    assert (found.levels, found.fields) == (levels, fields)


@pytest.mark.parametrize(
    ("countries", "offered_in", "told"),
    [
        (("HR", "AT"), [""], ("AT", "HR")),
        (("HR", ""), [""], ()),
        (("HR",), ["DE", "FR"], ("DE", "FR")),
        (("HR",), ["DE", ""], ("DE", "HR")),
    ],
    ids=["of the holders", "one is not said", "of the programmes", "of both"],
)
def test_where_a_decision_holds(countries: tuple[str, ...], offered_in: list[str], told: tuple[str, ...]) -> None:
    made = decision(*(Programme(country=country) for country in offered_in), countries=countries)
    selected = of_register.select([(bytes(32), made)], day(10), "M", "S", unknown)
    assert selected.statements[0].countries == told
