"""What another person confirmed is anchored, that root and no other, once, whatever ends the command in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from sqlalchemy import delete, update

from anchor.anchoring.now import Now
from anchor.batching.sealing import QueuePolicy, Sealer
from anchor.books.issued import IssuedStore, Run
from anchor.books.jobs import JobStore
from anchor.books.tables import ANCHORED_STATES, BatchState, JobState, RunState, issue_run, issued
from anchor.issuing import confirming
from anchor.issuing.making import Maker, Source
from anchor.issuing.people import Confirmation, Person, this_person
from anchor.issuing.roster.reading import Row
from anchor.notices.notices import Notices
from anchor.sending.driver import POINTS
from anchor.workspace import Workspace
from registry.errors import IntakeError, NotPossible, StoreError
from registry.untrusted.names import is_same_name
from tests.anchor.begun import begun, issuer, working
from tests.anchor.issuing.made import TEMPLATE, row, rows
from tests.anchor.issuing.site import ADA, BOB, QUICK, Ended, ending_at

__all__ = ["begun", "issuer"]

pytestmark = pytest.mark.usefixtures("issuer")


def store_of(workspace: Workspace) -> IssuedStore:
    return IssuedStore(workspace.folder.engine, workspace.chain, workspace.contract_address)


def made(workspace: Workspace, its_rows: Sequence[Row]) -> Run:
    folder = workspace.folder.path
    source = Source(TEMPLATE, folder / "template.toml", b"its text", "roster.xlsx", 1)
    maker = Maker(store_of(workspace), source, folder, workers=1)
    with maker.alone():
        return maker.make(maker.sort(its_rows).to_make, QUICK, ADA)


def confirmed(workspace: Workspace, run: Run, person: Person = BOB, rule: Confirmation = Confirmation.NAME) -> Run:
    assert run.root is not None
    return confirming.confirm(store_of(workspace), run.root, person, rule)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises((NotPossible, StoreError)) as refused:
        act()
    return refused.value.code


# Who


@pytest.mark.parametrize(
    ("person", "rule", "code"),
    [
        (ADA, Confirmation.NAME, "same-person"),
        (Person("bob@office", " ada"), Confirmation.NAME, "same-person"),
        (Person("bob@office", "\uff21\uff24\uff21"), Confirmation.NAME, "same-person"),
        (Person("bob@office", "A\u0301da."), Confirmation.NAME, "same-person"),
        # Who gives no name at the same keyboard has not given another one.
        (Person("ada@office", "ada@office"), Confirmation.NAME, "same-person"),
        (Person("ada@office", "Bob"), Confirmation.ACCOUNT, "same-account"),
        (ADA, Confirmation.ACCOUNT, "same-person"),
    ],
)
def test_who_made_it_does_not_confirm_it(person: Person, rule: Confirmation, code: str) -> None:
    with working() as here:
        run = made(here, rows(2))
        assert refusal(lambda: confirmed(here, run, person, rule)) == code
        assert refusal(lambda: confirming.anchor(here, store_of(here), run)) == "not-confirmed"
        (left,) = store_of(here).runs()
        assert (left.state, left.confirmed_as) == (RunState.MADE, None)


@pytest.mark.parametrize(
    ("person", "rule"),
    [
        (BOB, Confirmation.ACCOUNT),
        (Person("ada@office", "Bob"), Confirmation.NAME),
        (Person("bob@office", "bob@office"), Confirmation.NAME),
        (ADA, Confirmation.OFF),
    ],
)
def test_another_confirms_it_and_both_are_taken_down(person: Person, rule: Confirmation) -> None:
    with working() as here:
        run = confirmed(here, made(here, rows(2)), person, rule)
        assert run.state is RunState.CONFIRMED
        assert (run.made_by, run.made_as) == ("ada@office", "Ada")
        assert (run.confirmed_by, run.confirmed_as) == (person.account, person.name)
        assert run.confirmed_at is not None


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Ruth Abele", "ABELE, Ruth", True),
        ("José Núñez", "Jose Nunez", True),
        ("Ruth Abele", "Ruth-Abele.", True),
        ("Ruth Abele", "Jan Kaya", False),
        ("राम", "रमा", False),
        ("王小明", "王大明", False),
        ("...", "!!!", False),
    ],
)
def test_names_are_compared_as_people_read_them(one: str, other: str, alike: bool) -> None:
    assert is_same_name(one, other) is alike


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "a" * 201,
        "Ada\x1b[31m",
        "Ada\u202eBob",
        "Ada\u034f",
        "Ada\u3164",
        "Ada\ufe0f",
        "\u0410da Bell",
        "...",
    ],
)
def test_a_name_is_one_that_can_be_read(name: str) -> None:
    with pytest.raises(IntakeError) as refused:
        this_person(name)
    assert refused.value.code == "no-name"


def test_without_a_name_the_account_stands_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not what the environment says, which is whatever its user wants."""
    before = this_person(None)
    monkeypatch.setenv("LOGNAME", "somebody-else")
    monkeypatch.setenv("USER", "somebody-else")
    assert this_person(None) == before
    assert before.name == before.account


# What


def test_another_root_is_refused() -> None:
    with working() as here:
        run = made(here, rows(3))
        assert run.root is not None
        other = bytes([run.root[0] ^ 1]) + run.root[1:]
        assert refusal(lambda: confirming.confirm(store_of(here), other, BOB, Confirmation.NAME)) == "unknown-root"


@pytest.mark.parametrize("change", ["document", "taken away", "exchanged"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_changed_has_another_root_and_is_not_sent(change: str, when: str) -> None:
    with working() as here:
        store, run = store_of(here), made(here, rows(3))
        if when == "after":
            run = confirmed(here, run)
        first, second, _ = store.rows_of(run)
        its = issued.c.credential_id == first.credential_id
        with here.folder.engine.begin() as connection:
            if change == "document":
                document = first.document.replace(b"1.7", b"1.0").replace("Ångström".encode(), b"Aangstroem")
                connection.execute(update(issued).where(its).values(document=document))
            elif change == "taken away":
                connection.execute(delete(issued).where(its))
            else:
                connection.execute(update(issued).where(its).values(document=second.document))
        act = (lambda: confirmed(here, run)) if when == "before" else (lambda: confirming.anchor(here, store, run))
        assert refusal(act) == "other-root"
        assert here.store.all() == []
        assert run.root is not None
        assert here.contract.batch(1, run.root) is None


def test_what_is_thrown_away_is_gone_and_can_be_made_again() -> None:
    with working() as here:
        store, run = store_of(here), made(here, rows(3))
        assert run.root is not None
        confirming.discard(store, here.store, run.root)
        assert list(store.rows_of(run)) == []
        root = run.root
        assert refusal(lambda: confirming.confirm(store, root, BOB, Confirmation.NAME)) == "unknown-root"
        again = made(here, rows(3))
        assert again.root not in (None, root)


def test_what_is_confirmed_is_not_thrown_away() -> None:
    with working() as here:
        run = confirmed(here, made(here, rows(2)))
        assert run.root is not None
        root = run.root
        assert refusal(lambda: confirming.discard(store_of(here), here.store, root)) == "confirmed"


def test_what_is_anchored_is_not_thrown_away_by_books_from_before_it_was_confirmed() -> None:
    with working() as here:
        store = store_of(here)
        run = confirmed(here, made(here, rows(2)))
        confirming.anchor(here, store, run)
        with here.folder.engine.begin() as connection:
            nobody = {"state": RunState.MADE, "confirmed_by": None, "confirmed_as": None, "confirmed_at": None}
            connection.execute(update(issue_run).values(**nobody))
        root = run.root or b""
        assert refusal(lambda: confirming.discard(store, here.store, root)) == "anchored"
        assert len(list(store.rows(root))) == 2
        again = confirmed(here, store.runs()[0])
        assert confirming.anchor(here, store, again).root == root
        assert len(here.store.all(1)) == 1
        assert len(list(store_of(here).rows_of(run))) == 2


# On chain


@pytest.mark.parametrize("point", [None, *POINTS])
def test_whatever_ends_it_the_root_is_anchored_once(point: str | None) -> None:
    with working() as here:
        run = confirmed(here, made(here, rows(3)))
        if point is not None:
            with suppress(Ended):
                confirming.anchor(here, store_of(here), run, Now(here, reached=ending_at(point)))
    with working() as here:
        store = store_of(here)
        run = confirmed(here, run)
        row = confirming.anchor(here, store, run)
        assert confirming.anchor(here, store, run) == row
        assert row.root == run.root
        assert row.state in ANCHORED_STATES
        assert [each.root for each in here.store.all()] == [run.root]
        assert here.contract.party(1).sequence == 1
        assert {leaf.digest for leaf in here.store.leaves(row)} == {each.digest.value for each in store.rows_of(run)}
        assert {leaf.source for leaf in here.store.leaves(row)} == {"roster.xlsx"}


def test_two_runs_are_two_batches() -> None:
    with working() as here:
        for each in ([row(1), row(2)], [row(3)]):
            confirming.anchor(here, store_of(here), confirmed(here, made(here, each)))
        assert [each.leaf_count for each in here.store.all()] == [2, 1]


def test_the_daemon_anchors_what_is_put_into_its_queue() -> None:
    with working() as here:
        store, run = store_of(here), made(here, rows(3))
        jobs = JobStore(here.folder.engine, here.chain, here.contract_address)
        assert refusal(lambda: confirming.put_in_queue(jobs, store, run)) == "not-confirmed"
        run = confirmed(here, run)
        begun_only, _ = jobs.begin(1, confirming.QUEUED_BY, idempotency_key=f"issue:0x{(run.root or b'').hex()}")
        assert begun_only.state is JobState.RECEIVING
        job = confirming.put_in_queue(jobs, store, run)
        assert (job.id, job.state, job.credentials) == (begun_only.id, JobState.QUEUED, 3)
        assert confirming.put_in_queue(jobs, store, run).id == job.id
        Sealer(here.folder, jobs, here.store, here.signer.address, Notices(), QueuePolicy()).round(lambda _: True)
        (batch,) = here.store.all()
        assert (batch.root, batch.state) == (run.root, BatchState.SEALED)
        assert confirming.put_in_queue(jobs, store, run).id == job.id
