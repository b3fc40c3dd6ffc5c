"""What changed from one snapshot to the next, against a reading of both by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from registry.quality.changes import ChangeKind, changes
from registry.quality.decision import QualityDecision, Ruling
from registry.quality.snapshot import Snapshot, read_snapshot
from tests.registry.quality.decisions import decision
from tests.registry.quality.test_snapshot import MADE_AT, file_of


def snapshot(*decisions: QualityDecision, days: int = 0) -> Snapshot:
    return read_snapshot(file_of(list(decisions), made_at=MADE_AT + timedelta(days=days)))


def test_nothing_changed_between_two_snapshots_of_the_same_decisions() -> None:
    assert changes(snapshot(decision("A"), decision("B")), snapshot(decision("B"), decision("A"))) == ()


def test_each_decision_that_is_not_as_it_was_is_told_once() -> None:
    ends = decision("ends", valid_until=MADE_AT.date() + timedelta(days=10))
    wrong = decision("corrected")
    right = decision("corrected", ruling=Ruling.NEGATIVE, replaces=wrong.digest.value)
    silent = decision("changed", summary="Otherwise.")
    old = snapshot(decision("same"), ends, wrong, decision("changed"), decision("gone"))
    new = snapshot(decision("same"), ends, wrong, right, silent, decision("new"), days=20)
    found = {each.decision.number: each for each in changes(old, new)}
    assert {number: each.kind for number, each in found.items()} == {
        "new": ChangeKind.NEW,
        "corrected": ChangeKind.CORRECTED,
        "changed": ChangeKind.CHANGED,
        "ends": ChangeKind.ENDED,
        "gone": ChangeKind.GONE,
    }
    assert (found["corrected"].before, found["corrected"].after) == (wrong, right)
    assert (found["gone"].after, found["new"].before) == (None, None)


def test_a_correction_that_was_there_before_is_no_change() -> None:
    wrong = decision("A")
    right = decision("A", summary="Mended.", replaces=wrong.digest.value)
    assert changes(snapshot(wrong, right), snapshot(wrong, right)) == ()


def test_decisions_without_a_number_are_the_same_by_what_they_say() -> None:
    bare = decision("")
    assert bare.key == replace(bare, replaces=bytes(32)).key
    assert bare.key != decision("", valid_from=date(2021, 1, 1)).key
    assert decision("", report="000786").key == decision("", report="000786", summary="More.").key
    assert [each.kind for each in changes(snapshot(bare), snapshot(decision("", summary="x")))] == [
        ChangeKind.NEW,
        ChangeKind.GONE,
    ]
