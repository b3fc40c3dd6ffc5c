"""Partnerships as documents: what they refuse, what does not agree with the chain, and which version counts."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import IntakeError
from registry.partnerships.document import canonical
from registry.partnerships.partnership import (
    Partnership,
    agreements_of,
    partnership_of,
    problems_of,
    read_partnership,
)
from registry.partnerships.versions import Anchoring, Kept, Standing, judged
from registry.recognition.ledger import Accreditation, Change, Kind, Ledger, State
from registry.recognition.scope import Scope
from registry.records import BlockRef

START = datetime(2026, 1, 1, tzinfo=UTC)
PLAIN: dict[str, Any] = {
    "id": "alpine-nurses",
    "title": "Nurses across the Alps",
    "purpose": {"kinds": ["mutual-recognition"], "text": "So that a nurse need not ask twice."},
    "partners": [
        {"kind": "accreditation-body", "name": "Agency A", "party": 2},
        {"kind": "university", "name": "University B", "party": 7},
        {"kind": "government", "name": "Ministry of Health"},
    ],
    "agreements": [{"link": 1}, {"paper": {"uri": "https://a.example/mou.pdf", "sha256": "ab" * 32}}],
    "start": "2026-01-01",
    "end": "2029-12-31",
    "reviews": [{"due": "2027-01-31", "held": "2027-02-03", "outcome": "continued"}, {"due": "2028-01-31"}],
    "targets": [{"indicator": "credentials-recognised-abroad", "atLeast": 80, "by": "2027-12-31"}],
}
TOML = """
id = "alpine-nurses"
title = "Nurses across the Alps"
start = 2026-01-01
end = 2029-12-31
[purpose]
kinds = ["mutual-recognition"]
text = "So that a nurse need not ask twice."
[[partners]]
kind = "accreditation-body"
name = "Agency A"
party = 2
[[partners]]
kind = "university"
name = "University B"
party = 7
[[partners]]
kind = "government"
name = "Ministry of Health"
[[agreements]]
link = 1
[[agreements]]
paper = {uri = "https://a.example/mou.pdf", sha256 = "%s"}
[[reviews]]
due = 2027-01-31
held = 2027-02-03
outcome = "continued"
[[reviews]]
due = 2028-01-31
[[targets]]
indicator = "credentials-recognised-abroad"
atLeast = 80
by = 2027-12-31
""" % ("ab" * 32)


def made(**changes: Any) -> Partnership:
    return partnership_of(deepcopy(PLAIN | changes))


def link(number: int, body: int, holder: int, kind: Kind = Kind.ACCREDIT_TO_ISSUE) -> Accreditation:
    active = (Change(State.OFFERED, START, START), Change(State.ACTIVE, START, START))
    return Accreditation(number, body, holder, kind, Scope(), START, None, bytes(32), "", active)


def test_toml_and_json_are_the_same_document() -> None:
    partnership = read_partnership(TOML.encode(), is_toml=True)
    assert partnership == made()
    assert read_partnership(canonical(partnership.to_dict())) == partnership
    assert (partnership.numbers, partnership.links) == ({2, 7}, (1,))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"end": "2025-12-31"}, "before it starts"),
        ({"reviews": [{"due": "2028-01-31"}, {"due": "2027-01-31"}]}, "comes after one due on 2028-01-31"),
        ({"reviews": [{"due": "2025-01-31"}]}, "not of this partnership's time"),
        ({"reviews": [{"due": "2040-01-31"}]}, "not of this partnership's time"),
        ({"reviews": [{"due": "2027-01-31", "held": "2025-01-31", "outcome": "ended"}]}, "before the start"),
        ({"reviews": [{"due": "2027-01-31", "outcome": "continued"}]}, "says when it was held"),
        ({"reviews": [{"due": "2027-01-31", "held": "2027-01-31"}]}, "has an outcome"),
        ({"targets": [{"indicator": "happiness", "atLeast": 1, "by": "2027-01-01"}]}, "no indicator happiness"),
        ({"targets": [{"indicator": "reviews-overdue", "by": "2027-01-01"}]}, "either atLeast or atMost"),
        (
            {"targets": [{"indicator": "reviews-overdue", "atMost": float("inf"), "by": "2027-01-01"}]},
            "finite",
        ),
        ({"targets": [{"indicator": "reviews-overdue", "atMost": 1, "by": "2020-01-01"}]}, "before the start"),
        ({"agreements": [{"link": 1}, {"link": 1}]}, "a link twice"),
        ({"agreements": [{}]}, "either a link or a paper"),
        ({"agreements": [{"paper": {"uri": "mou.pdf", "sha256": "ab" * 32}}]}, "not an absolute URI"),
        ({"agreements": [{"paper": {"uri": "https://a.example", "sha256": "ab"}}]}, "match pattern"),
        ({"partners": PLAIN["partners"][1:2] * 2}, "party 7 twice"),
        ({"partners": [PLAIN["partners"][2]] * 2}, "nobody could anchor it"),
        ({"partners": PLAIN["partners"][:1]}, "at least 2"),
        ({"purpose": {"kinds": ["profit"]}}, "Input should be"),
        ({"purpose": {"kinds": ["equity", "equity"]}}, "names one twice"),
        ({"id": "../../etc/passwd"}, "match pattern"),
        ({"id": "a" * 81}, "match pattern"),
        ({"title": ""}, "at least 1"),
        ({"title": "x" * 301}, "at most 300"),
        ({"start": "1.1.2026"}, "no day"),
        ({"start": "2026-02-30"}, "no day"),
        ({"start": "0001-01-01"}, "no day"),
        ({"end": "9999-12-31"}, "no day"),
        ({"revision": 0}, "greater than or equal to 1"),
        ({"revision": "1"}, "valid integer"),
        ({"budget": 1}, "no member 'budget'"),
    ],
    ids=lambda value: value[:30].replace(" ", "-") if isinstance(value, str) else None,
)
def test_what_contradicts_itself_is_refused_with_its_place(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(IntakeError) as refused:
        made(**changes)
    assert refused.value.code == "partnership"
    assert reason.casefold() in refused.value.what.casefold()
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("data", "is_toml"),
    [
        (b"\xff", True),
        (b"id = ", True),
        (b"{", False),
        (b"[]", False),
        (b'{"id":1,"id":2}', False),
        (b" " * 300_000, False),
    ],
    ids=["bytes", "toml", "json", "list", "twice", "large"],
)
def test_what_is_no_document_is_refused(data: bytes, is_toml: bool) -> None:
    with pytest.raises(IntakeError) as refused:
        read_partnership(data, is_toml=is_toml, where="partnership.toml")
    assert (refused.value.code, refused.value.where) == ("partnership", "partnership.toml")


def test_agreements_that_are_not_there_or_of_others_are_told_and_do_not_count() -> None:
    ledger = Ledger((link(1, 2, 7), link(2, 3, 7), link(3, 7, 2, Kind.RECOGNISE)))
    partnership = made(agreements=[{"link": 1}, {"link": 2}, {"link": 3}, {"link": 4}])
    assert agreements_of(partnership, ledger) == (1, 3)
    problems = problems_of(partnership, ledger, {2})
    assert [each.code for each in problems] == ["unknown-party", "agreement-of-others", "unknown-agreement"]


@pytest.mark.parametrize(
    ("day", "is_in_force"),
    [("2025-12-31", False), ("2026-01-01", True), ("2027-02-02", True), ("2027-02-03", False), ("2029-12-31", False)],
)
def test_a_review_may_end_it_before_its_last_day(day: str, is_in_force: bool) -> None:
    partnership = made(reviews=[{"due": "2027-01-31", "held": "2027-02-03", "outcome": "ended"}])
    assert partnership.is_in_force(datetime.fromisoformat(f"{day}T12:00:00+00:00")) is is_in_force


# Versions


def anchoring(party: int, number: int, *, withdrawn: bool = False) -> Anchoring:
    return Anchoring(party, BlockRef(number, bytes(32), START + timedelta(days=number)), withdrawn)


def judged_of(*versions: tuple[Partnership, list[Anchoring] | None]) -> list[Kept[Partnership]]:
    named = {sha256(b"%d" % number).digest(): each for number, each in enumerate(versions)}
    found = judged({digest: one for digest, (one, _) in named.items()}, {key: each for key, (_, each) in named.items()})
    by_digest = {each.digest: each for each in found}
    return [by_digest[digest] for digest in named]


def standings(*versions: tuple[Partnership, list[Anchoring] | None]) -> list[str]:
    return [each.standing.value for each in judged_of(*versions)]


def test_a_document_counts_once_a_party_that_it_names_has_anchored_it() -> None:
    assert standings((made(), [])) == ["not-anchored"]
    assert standings((made(), None)) == ["unknown"]
    assert standings((made(), [anchoring(9, 1)])) == ["anchored-by-others"]
    assert standings((made(), [anchoring(9, 1), anchoring(7, 5)])) == ["current"]
    assert standings((made(), [anchoring(7, 5, withdrawn=True)])) == ["withdrawn"]


def test_a_later_version_takes_the_place_of_the_one_before_it_and_both_are_kept() -> None:
    first, second = judged_of((made(), [anchoring(2, 1)]), (made(revision=2, title="New"), [anchoring(7, 5)]))
    assert (first.standing, second.standing) == (Standing.REPLACED, Standing.CURRENT)
    at = [START + timedelta(days=day) for day in (0, 3, 5)]
    assert [first.counted_at(moment) for moment in at] == [False, True, False]
    assert [second.counted_at(moment) for moment in at] == [False, False, True]


def test_a_version_counts_from_the_anchor_that_lets_it_and_no_two_count_at_once() -> None:
    """A new partner anchors the second version first, and one that both name only after the third has come."""
    partners = [*PLAIN["partners"][:2], {"kind": "other", "name": "X", "party": 8}]
    first, second, third = judged_of(
        (made(), [anchoring(2, 1)]),
        (made(revision=2, partners=partners), [anchoring(8, 2), anchoring(2, 6)]),
        (made(revision=3), [anchoring(7, 4)]),
    )
    assert [each.standing for each in (first, second, third)] == [
        Standing.REPLACED,
        Standing.OVERLAPPING,
        Standing.CURRENT,
    ]
    for day, counting in ((1, first), (3, first), (5, third), (7, third)):
        moment = START + timedelta(days=day)
        assert [each for each in (first, second, third) if each.counted_at(moment)] == [counting]


def test_versions_that_overlap_count_nowhere() -> None:
    """The same number twice, and a lower one that comes later: the one that was there first stays."""
    assert standings(
        (made(revision=2), [anchoring(2, 1)]),
        (made(revision=2, title="Another"), [anchoring(2, 2)]),
        (made(revision=1, title="Older"), [anchoring(7, 3)]),
    ) == ["current", "overlapping", "overlapping"]


def test_a_stranger_replaces_nothing_by_naming_himself_and_its_id() -> None:
    others = [{"kind": "other", "name": "X", "party": 8}, {"kind": "other", "name": "Y", "party": 9}]
    hijacked = made(revision=9, partners=others, agreements=[])
    assert standings((made(), [anchoring(2, 1)]), (hijacked, [anchoring(9, 2)])) == ["current", "anchored-by-others"]
    # A version that both sides know may leave a partner out.
    smaller = made(revision=2, partners=[PLAIN["partners"][0], others[0]], agreements=[])
    assert standings((made(), [anchoring(2, 1)]), (smaller, [anchoring(8, 2), anchoring(2, 3)])) == [
        "replaced",
        "current",
    ]


@settings(deadline=None, max_examples=100)
@given(
    versions=st.lists(
        st.tuples(st.integers(1, 4), st.lists(st.tuples(st.sampled_from([2, 7, 9]), st.integers(1, 9)), max_size=2)),
        max_size=6,
    )
)
def test_of_one_id_no_more_than_one_version_counts_at_any_time(
    versions: list[tuple[int, list[tuple[int, int]]]],
) -> None:
    told = [
        (made(revision=revision, title=f"Title {number}"), [anchoring(*each) for each in anchors])
        for number, (revision, anchors) in enumerate(versions)
    ]
    found = judged_of(*told)
    for day in range(12):
        moment = START + timedelta(days=day, hours=1)
        counting = [each for each in found if each.counted_at(moment)]
        assert len(counting) <= 1
        anchored = [each for each in found if any(a.party != 9 and a.block.timestamp <= moment for a in each.anchors)]
        assert bool(counting) == bool(anchored)
    assert sum(each.standing is Standing.CURRENT for each in found) <= 1
