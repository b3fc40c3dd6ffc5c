"""What the chain and the books know of a roster, and what is said where they cannot be asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from anchor.books.issued import IssuedStore, NewIssued, NewRun
from anchor.issuing.roster.known import Surroundings, coverage, scope_of
from anchor.issuing.roster.reading import read_roster, row_key
from anchor.issuing.roster.rules import Coverage
from anchor.settings import Settings
from anchor.workspace import Workspace
from registry.credential.digest import Digest, DigestMethod
from registry.recognition.ledger import Accreditation, Change, Kind, Ledger, State
from registry.recognition.scope import Scope, hash_of_programme
from tests.anchor.issuing.roster.files import TEMPLATE, person, table, write_csv

THEN, NOW, LATER = (datetime(year, 1, 1, tzinfo=UTC) for year in (2020, 2026, 2030))
ISSUER, BODY = 7, 3


def accreditation(
    scope: Scope, *, state: State = State.ACTIVE, kind: Kind = Kind.ACCREDIT_TO_ISSUE, holder: int = ISSUER
) -> Accreditation:
    change = Change(state, THEN, THEN, "")
    return Accreditation(1, BODY, holder, kind, scope, THEN, LATER, bytes(32), "", (change,))


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope(), True),
        (Scope("06"), True),
        (Scope("0613", (6, 6), frozenset({"bachelor-degree"}), "PT"), True),
        (Scope("07"), False),
        (Scope("06", (7, 8)), False),
        (Scope("06", (1, 8), frozenset({"micro-credential"})), False),
        (Scope(programme=hash_of_programme(TEMPLATE.achievement_id)), True),
        (Scope(programme=hash_of_programme("https://university.example/master")), False),
    ],
)
def test_an_award_is_within_an_accreditation_or_outside_of_all(scope: Scope, covered: bool) -> None:
    found = coverage(Ledger((accreditation(scope),)), ISSUER, TEMPLATE, NOW)
    assert found.coverage is (Coverage.COVERED if covered else Coverage.OUTSIDE)
    assert found.why


@pytest.mark.parametrize("state", [State.OFFERED, State.SUSPENDED, State.WITHDRAWN, State.VOID])
def test_an_accreditation_that_does_not_hold_covers_nothing(state: State) -> None:
    assert coverage(Ledger((accreditation(Scope(), state=state),)), ISSUER, TEMPLATE, NOW).coverage is Coverage.OUTSIDE


def test_an_accreditation_covers_nothing_before_or_after_its_time() -> None:
    ledger = Ledger((accreditation(Scope()),))
    assert coverage(ledger, ISSUER, TEMPLATE, LATER).coverage is Coverage.OUTSIDE
    assert coverage(ledger, ISSUER, TEMPLATE, datetime(2019, 1, 1, tzinfo=UTC)).coverage is Coverage.OUTSIDE


def test_what_others_hold_and_what_is_no_right_to_issue_is_no_accreditation() -> None:
    others = (accreditation(Scope(), holder=8), replace(accreditation(Scope(), kind=Kind.ACCREDIT_TO_ACCREDIT), id=2))
    assert coverage(Ledger(others), ISSUER, TEMPLATE, NOW).coverage is Coverage.NO_ACCREDITATION


def test_what_a_template_states_is_read_as_a_verifier_reads_it() -> None:
    stated = scope_of(TEMPLATE)
    assert (stated.field, stated.levels, stated.qualification_types) == ("0613", (6, 6), {"bachelor-degree"})
    assert stated.programme == hash_of_programme(TEMPLATE.achievement_id)
    silent = scope_of(replace(TEMPLATE, field=None, level=None))
    assert (silent.field, silent.levels) == (None, None)


@pytest.mark.parametrize("chain", ["embedded", "http://127.0.0.1:1"])
def test_where_nobody_can_be_asked_that_is_said_and_nothing_is_made(tmp_path: Path, chain: str) -> None:
    settings = Settings(data_folder=tmp_path / "data", chain=chain, issuer=1)
    with Workspace(settings, read_only=True, patient=False) as workspace:
        known = Surroundings(workspace)
        issued, scope = known.issued(["00" * 32]), known.accreditation(TEMPLATE)
    assert issued.rows == {}
    assert issued.why_not is not None
    assert "was not checked" in issued.why_not
    assert scope.coverage is Coverage.NOT_CHECKED
    assert "was not checked" in scope.why
    assert not (tmp_path / "data").exists()


def test_the_books_know_who_has_the_award_and_the_chain_that_nobody_accredited_it(tmp_path: Path) -> None:
    roster = read_roster(write_csv(tmp_path / "r.csv", table([person(1), person(2)])), TEMPLATE)
    keys = [row_key(TEMPLATE, row) for row in roster.rows]
    with Workspace(Settings(data_folder=tmp_path / "data", issuer=1)) as workspace:
        workspace.ready_to_write()
        store = IssuedStore(workspace.folder.engine, workspace.chain, workspace.contract_address)
        run = store.begin(NewRun(1, TEMPLATE.id, "t.toml", b"", "r.csv", "a@b", "a", 1))
        digest = Digest(DigestMethod.JSON_JCS, bytes(32))
        new = NewIssued(keys[1], "award", 1, 3, bytes(32), "00002", "", "", "urn:uuid:1", digest, b"{}")
        store.add(run, [new])
    with Workspace(Settings(data_folder=tmp_path / "data", issuer=1), read_only=True) as workspace:
        known = Surroundings(workspace)
        issued, scope = known.issued(keys), known.accreditation(TEMPLATE)
    assert issued.why_not is None
    assert issued.rows.keys() == {keys[1]}
    assert scope.coverage is Coverage.NO_ACCREDITATION
