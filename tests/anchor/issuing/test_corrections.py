"""Corrections: the life of some credentials, whatever ends it in between, and that each holder has one that holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import orjson
import pytest

from anchor.acts.places import Target
from anchor.acts.statuses import carry_out, plan_change
from anchor.acts.transactions import Call, send_all
from anchor.books.issued import IssuedRow, NewRun
from anchor.books.tables import RunState
from anchor.issuing import corrections
from anchor.issuing.choosing import Books
from anchor.issuing.corrections import pairs_of, refuse_overtaken, refuse_unanchored
from anchor.issuing.states import State, states_of
from anchor.workspace import Workspace
from registry.errors import ChainUnavailable, NotPossible
from registry.records import Act, Reason
from tests.anchor.begun import begun, issuer, working
from tests.anchor.issuing.made import APART, GRANULAR, TEMPLATE, row
from tests.anchor.issuing.registrar import REGISTRAR, Registrar

__all__ = ["begun", "issuer"]


@pytest.fixture
def here(issuer: int) -> Iterator[Workspace]:
    assert issuer == 1
    with working() as workspace:
        yield workspace


def revoke(registrar: Registrar, rows: list[IssuedRow]) -> None:
    targets = [each.target for row in rows for each in Books(registrar.store, 1).of_person(row.person_id)]
    plan = plan_change(registrar.workspace, Act.REVOKE, targets, Reason.OBTAINED_BY_FRAUD)
    carry_out(registrar.workspace, plan)


def name_of(row: IssuedRow) -> str:
    return str(orjson.loads(row.document)["credentialSubject"]["identifier"][0]["identityHash"])


def test_the_life_of_some_credentials(here: Workspace) -> None:
    registrar = Registrar(here)
    first = registrar.issue([row(5), row(6, name="Ada Lovelcae"), row(7)])
    assert set(registrar.states().values()) == {State.FINAL}

    # A name is corrected; what did not change is left out.
    changed = [row(5), row(6, name="Ada Lovelace"), row(7), row(9)]
    plan = registrar.plan(changed)
    (one,) = plan.wanted
    (difference,) = one.differences
    assert (difference.key, difference.before, difference.after) == ("name", "Ada Lovelcae", "Ada Lovelace")
    second = registrar.correct(changed)
    assert second is not None
    assert (second.credentials, plan.refused) == (1, [])
    old, new = registrar.store.by_person("s00006")
    states = registrar.states()
    assert (states[old.credential_id], states[new.credential_id]) == (State.CORRECTED, State.FINAL)
    assert (old.replaced_by, old.edition, new.edition) == (new.credential_id, 1, 2)
    # Nothing of the old one is in the new one: neither its name nor its ids.
    assert b"Lovelcae" not in new.document
    members = orjson.loads(old.document)
    assert members["credentialSubject"]["id"].encode() not in new.document
    (spot,) = here.store.places(new.digest.value, 1)
    (before,) = here.store.places(old.digest.value, 1)
    assert here.contract.replacements(1, before.batch.root)[before.leaf.leaf_index].root == spot.batch.root
    (said,) = here.contract.digest_statuses(1, [old.digest.value])
    assert said.revocation_reason is Reason.SUPERSEDED
    # Again, nothing is left to do.
    assert registrar.correct(changed) is None
    assert registrar.settled(second) == 0

    # One is revoked, and cannot be corrected afterwards.
    revoke(registrar, [each for each in registrar.rows() if each.person_id == "s00007"])
    assert registrar.states()[registrar.store.by_person("s00007")[0].credential_id] is State.REVOKED
    refused = registrar.plan([row(7, name="Somebody Else")])
    assert (refused.wanted, len(refused.refused)) == ([], 1)
    assert "obtained-by-fraud" in refused.refused[0].why

    # Late ones are a small batch by the same template; who was issued is left out.
    late = registrar.issue([*changed, row(8)])
    assert sorted(each.person_id for each in registrar.store.rows_of(late)) == ["s00008", "s00009"]
    assert late.template == first.template
    counts = states_of(here, 1, registrar.rows()).counts
    assert counts == {State.FINAL: 4, State.CORRECTED: 1, State.REVOKED: 1}


def test_of_a_granular_award_all_parts_are_replaced_and_none_is_left(here: Workspace) -> None:
    registrar = Registrar(here, GRANULAR)
    registrar.issue([row(5), row(6)])
    assert registrar.correct([row(5, course__db="1.0", competence__team=""), row(6)]) is not None
    rows = registrar.store.by_person("s00005")
    states = registrar.states()
    old, new = ([each for each in rows if each.edition == edition] for edition in (1, 2))
    assert {states[each.credential_id] for each in old} == {State.CORRECTED}
    assert {states[each.credential_id] for each in new} == {State.FINAL}
    # A part that is there no more is replaced by the award.
    award = next(each for each in new if each.part == "award")
    gone = {each.part: each.replaced_by for each in old}.pop("competence:team")
    assert gone == award.credential_id
    assert "competence:team" not in {each.part for each in new}
    # What links to each other is new on both sides.
    ids = {each.credential_id for each in new}
    linked = {each["id"] for one in new for each in orjson.loads(one.document).get("evidence", ())}
    assert linked == ids
    assert {states[each.credential_id] for each in registrar.store.by_person("s00006")} == {State.FINAL}
    (difference,) = registrar.plan([row(5, course__db="1.3", competence__team="")]).wanted[0].differences
    assert (difference.key, difference.before, difference.after) == ("course.db", "1.0", "1.3")


def test_with_marks_apart_a_mark_can_be_revoked_alone_and_to_correct_it_makes_its_course_anew(here: Workspace) -> None:
    registrar = Registrar(here, APART)
    registrar.issue([row(5), row(6)])
    marks = Books(registrar.store, 1).of_course("mark:course.db")
    assert {each.row.part for each in Books(registrar.store, 1).of_course("db")} == {"course:db", "mark:course.db"}
    carry_out(here, plan_change(here, Act.REVOKE, [marks[0].target], Reason.ISSUED_IN_ERROR))
    assert len(registrar.in_force("course:db")["s00005"]) == 1
    assert registrar.in_force("mark:course.db")["s00005"] == []
    # The other one's mark is corrected: one of each is left, and the mark is of the course that is left.
    assert registrar.correct([row(6, course__db="1.0")]) is not None
    (course,), (mark,) = (registrar.in_force(part)["s00006"] for part in ("course:db", "mark:course.db"))
    assert (course.edition, mark.edition) == (2, 2)
    assert b'"1.0"' in mark.document
    assert b'"1.0"' not in course.document
    assert orjson.loads(mark.document)["evidence"][0]["id"] == course.credential_id
    (difference,) = registrar.plan([row(6, course__db="1.3")]).wanted[0].differences
    assert (difference.key, difference.before, difference.after) == ("course.db", "1.0", "1.3")


def test_a_suspended_one_is_not_corrected(here: Workspace) -> None:
    registrar = Registrar(here)
    registrar.issue([row(5)])
    (held,) = registrar.rows()
    targets = [each.target for each in Books(registrar.store, 1).of_person(held.person_id)]
    carry_out(here, plan_change(here, Act.SUSPEND, targets, Reason.UNDER_REVIEW))
    assert registrar.states() == {held.credential_id: State.SUSPENDED}
    (refused,) = registrar.plan([row(5, name="Another Name")]).refused
    assert "suspended" in refused.why


def test_a_part_that_was_revoked_does_not_come_back_with_a_correction_of_the_award(here: Workspace) -> None:
    registrar = Registrar(here, GRANULAR)
    registrar.issue([row(5)])
    part = next(each for each in registrar.rows() if each.part == "course:db")
    carry_out(here, plan_change(here, Act.REVOKE, [Target.of(part.digest.value)], Reason.ISSUED_IN_ERROR))
    plan = registrar.plan([row(5, name="Another Name")])
    assert plan.wanted == []
    assert "course:db" in plan.refused[0].why
    assert registrar.correct([row(5, name="Another Name", course__db="")]) is not None
    assert registrar.in_force("course:db") == {"s00005": []}
    assert len(registrar.in_force()["s00005"]) == 1


@pytest.mark.parametrize("act", [Act.REVOKE, Act.SUSPEND])
def test_what_was_withdrawn_while_its_correction_waited_comes_not_back_by_it(here: Workspace, act: Act) -> None:
    registrar = Registrar(here)
    registrar.issue([row(5), row(6)])
    wanted = [each.row for each in registrar.plan([row(5, name="Another Name")]).wanted]
    made = registrar.maker().make(registrar.maker().sort(wanted, correcting=True).to_make, registrar.key, REGISTRAR)
    refuse_overtaken(here, registrar.store, made)
    (old, _) = registrar.store.by_person("s00005")
    reason = Reason.OBTAINED_BY_FRAUD if act is Act.REVOKE else Reason.UNDER_REVIEW
    carry_out(here, plan_change(here, act, [Target.of(old.digest.value)], reason))
    with pytest.raises(NotPossible) as refused:
        refuse_overtaken(here, registrar.store, made)
    assert refused.value.code == "overtaken"
    # What is no correction has nothing to be overtaken by.
    refuse_overtaken(here, registrar.store, registrar.store.runs(1)[0])


POINTS = ("begun", "all-stored", "made", "confirmed", "anchored", "linked", "superseded", "settled")


@pytest.mark.parametrize("point", POINTS)
def test_whatever_ends_it_the_holder_has_one_that_holds_and_the_next_run_goes_on(
    here: Workspace, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    class Ended(Exception):
        pass

    registrar = Registrar(here)
    registrar.issue([row(5), row(6)])

    def reached(now: str) -> None:
        if now == point:
            raise Ended

    def sent(workspace: Workspace, transactions: list[Call], _: object) -> None:
        # The first transaction, and no more of them.
        send_all(workspace, transactions[: point == "superseded"])
        raise Ended

    registrar.reached = reached
    if point in ("linked", "superseded"):
        monkeypatch.setattr(corrections, "send_all", sent)
    changed = [row(5, result__grade="1.0"), row(6)]
    with pytest.raises(Ended):
        registrar.correct(changed)
    monkeypatch.undo()
    registrar.reached = lambda _: None
    held = registrar.in_force()
    assert all(held[person] for person in ("s00005", "s00006")), point

    # The same roster again: what was made is confirmed, what was confirmed is anchored, and then it is settled.
    run = registrar.store.runs(1)[-1]
    if run.state is RunState.MAKING:
        assert registrar.correct(changed) is not None
    elif registrar.store.has_corrections(run):
        registrar.settled(registrar.confirmed(run))
    assert registrar.correct(changed) is None
    held = registrar.in_force()
    assert [len(each) for each in held.values()] == [1, 1]
    assert b'"1.0"' in held["s00005"][0].document
    assert len(registrar.rows()) == 3


def test_the_old_one_stays_in_force_until_the_new_one_is_final(
    here: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    registrar = Registrar(here)
    registrar.issue([row(5)])
    wanted = [each.row for each in registrar.plan([row(5, result__grade="1.0")]).wanted]
    made = registrar.maker().make(registrar.maker().sort(wanted, correcting=True).to_make, registrar.key, REGISTRAR)
    pairs = pairs_of(here, registrar.store, made)
    assert (len(pairs.ready), len(pairs.waiting)) == (0, 1)
    with pytest.raises(NotPossible, match="not final yet") as refused:
        refuse_unanchored(made, pairs)
    assert refused.value.code == "not-final"
    # A new one that nobody has confirmed, and one that was revoked meanwhile, say nothing against the old one.
    registrar.confirmed(made)
    new = registrar.store.by_person("s00005")[1]
    carry_out(here, plan_change(here, Act.REVOKE, [Target.of(new.digest.value)], Reason.ISSUED_IN_ERROR))
    pairs = pairs_of(here, registrar.store, made)
    assert (len(pairs.ready), len(pairs.withdrawn)) == (0, 1)


def test_to_look_at_a_roster_throws_nothing_away_that_another_command_is_making(here: Workspace) -> None:
    registrar = Registrar(here)
    registrar.issue([row(5)])
    begun_run = registrar.store.begin(replace(new_run(), issuer=1, template=TEMPLATE.id))
    (one,) = registrar.plan([row(5, result__grade="1.0"), row(6)]).wanted
    assert one.row.value("person_id") == "s00005"
    assert registrar.store.unfinished(1, TEMPLATE.id) == begun_run


def new_run() -> NewRun:
    return NewRun(1, "", "award.toml", b"", "other.xlsx", "a@office", "A", 1_800_000_000)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_corrected_twice_before_either_is_settled_one_is_left(here: Workspace, order: tuple[int, int]) -> None:
    registrar = Registrar(here)
    registrar.issue([row(5)])
    runs = []
    for grade in ("1.0", "1.3"):
        wanted = [each.row for each in registrar.plan([row(5, result__grade=grade)]).wanted]
        to_make = registrar.maker().sort(wanted, correcting=True).to_make
        runs.append(registrar.confirmed(registrar.maker().make(to_make, registrar.key, REGISTRAR)))
    assert len(registrar.in_force()["s00005"]) == 3
    for at in order:
        registrar.settled(runs[at])
    (left,) = registrar.in_force()["s00005"]
    assert left.edition == 3
    assert set(registrar.states().values()) == {State.CORRECTED, State.FINAL}


def test_without_the_chain_nothing_is_said(here: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    registrar = Registrar(here)
    registrar.issue([row(5)])
    answer = ChainUnavailable("no answer", where="somewhere")

    def refuse(*_: object, **__: object) -> None:
        raise answer

    monkeypatch.setattr(here.contract, "digest_statuses", refuse)
    found = states_of(here, 1, registrar.rows())
    assert (found.as_of, found.why) == (None, answer)
    assert {each.state for each in found.rows} == {State.UNKNOWN}
    with pytest.raises(ChainUnavailable):
        registrar.plan([row(5, name="Another Name")])


@pytest.mark.parametrize("seed", range(2))
def test_after_whatever_sequence_of_corrections_each_holder_has_exactly_one_in_force(
    here: Workspace, seed: int
) -> None:
    """Against a plain list of what each person is to hold."""
    random = Random(seed)
    registrar = Registrar(here)
    people = {number: row(number) for number in (5, 6, 7, 8)}
    to_hold = dict.fromkeys((5, 6), "")
    registrar.issue([people[number] for number in to_hold])
    to_hold = {number: people[number].value("result.grade") for number in to_hold}
    for _ in range(4):
        match random.choice(("correct", "correct", "late", "twice")):
            case "late" if len(to_hold) < len(people):
                number = random.choice([each for each in people if each not in to_hold])
                registrar.issue(list(people.values())[: number - 4])
                to_hold |= {each: people[each].value("result.grade") for each in people if each <= number}
            case "twice":
                registrar.correct([people[each] for each in to_hold])
            case _:
                for number in random.sample(sorted(to_hold), random.randint(1, len(to_hold))):
                    grade = f"{random.randint(10, 40) / 10}"
                    people[number] = row(number, result__grade=grade)
                    to_hold[number] = grade
                registrar.correct([people[each] for each in to_hold])
        held = registrar.in_force()
        assert {person: len(each) for person, each in held.items()} == {f"s{each:05}": 1 for each in to_hold}
        for number, grade in to_hold.items():
            (one,) = held[f"s{number:05}"]
            results = orjson.loads(one.document)["credentialSubject"]["result"]
            assert grade in {each.get("value") for each in results}
