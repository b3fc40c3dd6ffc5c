"""From rows to a run: every end in between is gone on from, and nothing is issued twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anchor.books.tables import RunState
from anchor.issuing import making
from anchor.issuing.making import POINTS, content_hash
from anchor.issuing.roster.reading import row_key
from registry.credential.digest import digest_json
from registry.errors import IntakeError, NotPossible, StoreError
from registry.merkle.tree import Tree
from registry.proofs.signatures.keys import public_of
from registry.proofs.signatures.suites import verify
from tests.anchor.issuing.made import GRANULAR, TEMPLATE, row, rows
from tests.anchor.issuing.site import ADA, BOB, KEY, QUICK, Ended, IssuingSite, ending_at


class CountedLists:
    """Positions of status lists that count, and which digests they were bound to."""

    def __init__(self) -> None:
        self.drawn = 0
        self.bound: dict[int, bytes] = {}

    def draw(self, count: int) -> list[Any]:
        self.drawn += count
        return list(range(self.drawn - count, self.drawn))

    def entries(self, position: Any) -> list[dict[str, Any]]:
        return [{"id": f"https://registry.example/list#{position}", "type": "BitstringStatusListEntry"}]

    def bind(self, pairs: Iterable[tuple[Any, bytes]]) -> None:
        for position, digest in pairs:
            assert self.bound.setdefault(position, digest) == digest


@pytest.fixture
def site(tmp_path: Path) -> Iterator[IssuingSite]:
    made = IssuingSite(tmp_path / "data")
    yield made
    made.folder.close()


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "ROWS_A_PIECE", 3)


# A run


def test_a_run_has_a_signed_credential_of_each_row_under_one_root(site: IssuingSite) -> None:
    run = site.make(rows(7))
    assert run is not None
    found = list(site.store.rows_of(run))
    assert (run.state, run.credentials, len(found)) == (RunState.MADE, 7, 7)
    for each in found:
        document = orjson.loads(each.document)
        verify(document, public_of(KEY))
        assert digest_json(each.document) == each.digest
        assert document["id"] == each.credential_id
    with Tree.build(each.digest.value for each in found) as tree:
        assert tree.root == run.root
    assert [each.row_number for each in found] == list(range(5, 12))


def test_the_same_roster_again_issues_nothing(site: IssuingSite) -> None:
    first = site.make(rows(4))
    assert first is not None
    assert site.make(rows(4)) is None
    found = site.maker().sort(rows(4))
    assert [each.number for each, _ in found.waiting] == [5, 6, 7, 8]
    site.store.confirm(first, "bob@office", "Bob")
    found = site.maker().sort(rows(6)[:4])
    assert len(found.same) + len(found.changed) == 4


def test_late_graduates_are_a_run_of_their_own(site: IssuingSite) -> None:
    first = site.make([row(1), row(2)])
    second = site.make([row(1), row(2), row(3)])
    assert first is not None
    assert second is not None
    assert (second.credentials, second.root != first.root) == (1, True)


def test_a_changed_row_is_a_correction_and_not_another_award(site: IssuingSite) -> None:
    first = site.make([row(1), row(2)])
    assert first is not None
    site.store.confirm(first, "bob@office", "Bob")
    changed = [row(1, name="Zoe Angstrom"), row(2, email="new@example.org")]
    found = site.maker().sort(changed)
    assert [each.number for each, _ in found.changed] == [1]
    assert [each.number for each, _ in found.same] == [2]
    assert site.make(changed) is None
    correction = site.make(changed, correcting=True)
    assert correction is not None
    (new,) = site.store.rows_of(correction)
    assert (new.edition, new.row_key) == (2, row_key(TEMPLATE, row(1)))
    old, newest = site.store.by_row_key(new.row_key)
    assert (old.edition, newest.credential_id) == (1, new.credential_id)
    site.store.replace(old.credential_id, new.credential_id)
    assert site.store.by_digest(old.digest.value).replaced_by == new.credential_id  # type: ignore[union-attr]
    with pytest.raises(NotPossible, match="in its place already"):
        site.store.replace(old.credential_id, "urn:uuid:another")
    site.store.discard(correction)
    assert site.store.by_digest(old.digest.value).replaced_by is None  # type: ignore[union-attr]


def test_what_is_not_in_the_credential_changes_nothing() -> None:
    same = row(1, email="new@example.org", language="de", accepted="same-person", reason="whatever")
    assert content_hash(same) == content_hash(row(1))
    assert content_hash(row(1, name="Zoe")) != content_hash(row(1))


def test_each_credential_of_a_granular_award_has_a_place_in_a_list_of_its_own(site: IssuingSite) -> None:
    lists = CountedLists()
    run = site.make(rows(5), GRANULAR, lists=lists)
    assert run is not None
    found = list(site.store.rows_of(run))
    assert len(found) == run.credentials == lists.drawn == len(lists.bound) > 5
    for each in found:
        entry = orjson.loads(each.document)["credentialStatus"]
        assert lists.bound[int(entry["id"].partition("#")[2])] == each.digest.value
    assert {each.part for each in site.store.by_part(run.root or b"", "course:db")} == {"course:db"}


# Ends


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ends=st.lists(st.tuples(st.sampled_from(POINTS), st.integers(1, 3)), max_size=3),
    granular=st.booleans(),
)
def test_whatever_ends_it_the_same_command_makes_each_credential_once(
    tmp_path_factory: pytest.TempPathFactory, ends: list[tuple[str, int]], granular: bool
) -> None:
    template = GRANULAR if granular else TEMPLATE
    site, lists, kept = IssuingSite(tmp_path_factory.mktemp("site") / "data"), CountedLists(), set[bytes]()
    for point, times in ends:
        with suppress(Ended):
            site.make(rows(7), template, lists=lists, reached=ending_at(point, times))
        site = site.again()
        now = {each.digest.value for run in site.store.runs() for each in site.store.rows_of(run)}
        assert kept <= now
        kept = now
    site.make(rows(7), template, lists=lists)
    (run,) = site.store.runs()
    found = list(site.store.rows_of(run))
    assert run.state is RunState.MADE
    assert kept <= {each.digest.value for each in found}
    awards = [each.row_key for each in found if each.part == "award"]
    assert sorted(awards) == sorted(row_key(template, each) for each in rows(7))
    assert len({(each.row_key, each.part) for each in found}) == len(found) == run.credentials
    assert {each.digest.value for each in found} <= set(lists.bound.values())
    site.folder.close()


def test_an_unfinished_run_of_another_roster_is_thrown_away(site: IssuingSite) -> None:
    with pytest.raises(Ended):
        site.make(rows(7), reached=ending_at("stored", 2))
    changed = [row(5, name="Other"), *rows(7)[1:]]
    run = site.make(changed)
    assert run is not None
    assert [each.state for each in site.store.runs()] == [RunState.DISCARDED, RunState.MADE]
    assert sum(len(list(site.store.rows_of(each))) for each in site.store.runs()) == 7


def test_an_unfinished_run_by_another_template_is_thrown_away(site: IssuingSite) -> None:
    with pytest.raises(Ended):
        site.make(rows(7), reached=ending_at("stored"))
    run = site.make(rows(7), replace(TEMPLATE, valid_months=12))
    assert run is not None
    assert {b"2027-08-31" in each.document for each in site.store.rows_of(run)} == {True}
    assert len(list(site.store.rows_of(run))) == 7


def test_an_unfinished_run_of_another_person_is_thrown_away(site: IssuingSite) -> None:
    """Else one could make a part of what the same person confirms."""
    with pytest.raises(Ended):
        site.make(rows(7), reached=ending_at("stored"))
    maker = site.maker()
    with maker.alone():
        run = maker.make(maker.sort(rows(7)).to_make, QUICK, BOB)
    assert (run.made_as, run.credentials) == ("Bob", 7)
    assert [each.state for each in site.store.runs()] == [RunState.DISCARDED, RunState.MADE]


# Others at the same time


def test_two_commands_do_not_make_the_same_award(site: IssuingSite) -> None:
    """Where no lock keeps them apart, as on two machines with one database, the books do."""
    maker = site.maker()
    found = maker.sort(rows(3))
    other = IssuingSite(site.path)
    assert other.make(rows(3)) is not None
    other.folder.close()
    with pytest.raises(NotPossible) as refused:
        site.maker().make(found.to_make, QUICK, ADA)
    assert refused.value.code == "issued-meanwhile"


def test_one_command_at_a_time_makes_runs_in_a_folder(site: IssuingSite) -> None:
    with site.maker().alone(), pytest.raises(StoreError) as refused, site.maker().alone():
        pass
    assert refused.value.code == "issuing-busy"


def test_a_run_that_was_thrown_away_takes_nothing_more(site: IssuingSite) -> None:
    def thrown_away(point: str) -> None:
        if point == "stored":
            (run,) = site.store.runs()
            site.store.discard(run)

    with pytest.raises(NotPossible) as refused:
        site.make(rows(7), reached=thrown_away)
    assert refused.value.code == "changed"
    (run,) = site.store.runs()
    assert list(site.store.rows_of(run)) == []


def test_a_root_that_is_a_call_is_made_anew(site: IssuingSite, monkeypatch: pytest.MonkeyPatch) -> None:
    def every(*_: object) -> None:
        raise IntakeError("the root begins with the bytes of a function", code="root-is-selector")

    with monkeypatch.context() as patched:
        patched.setattr(making, "refuse_selector", every)
        with pytest.raises(IntakeError, match="root begins") as refused:
            site.make(rows(3))
    assert refused.value.remedy is not None
    assert "run the command again" in refused.value.remedy
    assert site.make(rows(3)) is not None
