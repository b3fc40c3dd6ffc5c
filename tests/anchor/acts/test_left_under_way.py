"""After a command that ended in the middle the next ones say what is on chain, and nothing comes after its opposite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from anchor.anchoring.loop_state import Status
from anchor.anchoring.worker import Worker
from anchor.batching.sealing import QueuePolicy
from anchor.books.leases import Lease
from anchor.notices.notices import Notices
from anchor.sending.driver import policy_of
from anchor.sending.engine import Engine
from anchor.workspace import Workspace
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS
from registry.records import Purpose
from tests.anchor.begun import begun, files, issuer, working
from tests.conftest import Run

__all__ = ["begun", "issuer"]

OTHER = DEVELOPMENT_ACCOUNTS[1]


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def ending_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Commands within it end at one of `driver.POINTS`; the chain keeps what it was given."""
    make = Workspace.sender_for

    @contextmanager
    def ending(point: str) -> Iterator[None]:
        def reached(where: str) -> None:
            if where == point:
                raise Killed

        def ended(*args: Any, **more: Any) -> Engine:
            return make(*args, **more | {"reached": reached})

        with monkeypatch.context() as patched:
            patched.setattr(Workspace, "sender_for", ended)
            try:
                yield
            except Killed:
                return
        pytest.fail(f"it never came to {point}")

    return ending


def follow() -> None:
    """What a daemon does."""
    with working() as here:
        for _ in range(3):
            here.sender.round()


def worker_of(here: Workspace) -> Worker:
    """The anchor loop of a daemon over the same folder."""
    account, settings = here.signer.address, here.settings
    return Worker(
        here.folder,
        here.contract,
        here.signer,
        here.chain_id,
        Lease(here.folder.engine, here.chain, account, "a daemon", settings.lease_seconds),
        Notices(),
        Status(),
        policy=policy_of(settings),
        queue=QueuePolicy(),
        seconds=settings.daemon_seconds,
        finality_depth=settings.finality_depth,
        low_anchors=settings.low_anchors,
    )


def may_anchor() -> bool:
    with working() as here:
        return here.contract.is_operator(1, OTHER)


def test_what_was_taken_back_does_not_come_later(run: Run, issuer: int, ending_at: Callable[[str], Any]) -> None:
    with ending_at("before-send"):
        run("issuer", "operator", OTHER)
    assert run("issuer", "operator", OTHER, "--remove").code == 0
    follow()
    assert not may_anchor()


@pytest.mark.parametrize("point", ["signed", "sent", "mined"])
def test_an_act_that_nobody_was_told_of_is_no_answer_for_good(
    run: Run, issuer: int, ending_at: Callable[[str], Any], point: str
) -> None:
    with ending_at(point):
        run("issuer", "operator", OTHER)
    follow()
    assert run("issuer", "operator", OTHER, "--json").json["changed"] is False
    assert run("issuer", "operator", OTHER, "--remove", "--json").json["changed"] is True
    assert run("issuer", "operator", OTHER, "--json").json["changed"] is True
    assert may_anchor()


def test_a_suspension_that_nobody_was_told_of_is_no_answer_for_a_later_one(
    run: Run, issuer: int, ending_at: Callable[[str], Any]
) -> None:
    folder = files("diplomas", "ada")
    run("anchor", folder)
    with ending_at("mined"):
        run("suspend", folder / "ada.json")
    run("reinstate", folder / "ada.json")
    assert run("suspend", folder / "ada.json", "--json").json["suspended"] == 1
    assert run("suspend", folder / "ada.json", "--json").json["suspended"] == 0


def test_other_terms_are_another_accreditation(run: Run, issuer: int, ending_at: Callable[[str], Any]) -> None:
    run("issuer", "register", "--uri", "did:web:b.example")
    with ending_at("sent"):
        run("accredit", "offer", 2, "--until", "2030-01-01", "--issuer", 1, "--field", "06")
    second = run("accredit", "offer", 2, "--until", "2030-01-01", "--issuer", 1, "--field", "07", "--json")
    assert second.json["id"] == 2


def test_the_same_terms_are_the_same_accreditation(run: Run, issuer: int, ending_at: Callable[[str], Any]) -> None:
    run("issuer", "register", "--uri", "did:web:b.example")
    words = ("accredit", "offer", 2, "--until", "2030-01-01", "--issuer", 1, "--field", "06", "--json")
    with ending_at("sent"):
        run(*words)
    assert [run(*words).json["id"], run(*words).json["id"]] == [1, 2]


def test_the_same_batch_of_another_issuer_is_another_one(
    run: Run, issuer: int, ending_at: Callable[[str], Any]
) -> None:
    run("issuer", "register", "--uri", "did:web:b.example")
    folder = files("diplomas", "ada")
    for number in (1, 2):
        run("anchor", folder, "--issuer", number)
    with ending_at("sent"):
        run("revoke", folder / "ada.json", "--issuer", 1, "--yes")
    assert run("revoke", folder / "ada.json", "--issuer", 2, "--yes", "--json").json["revoked"] == 1
    assert run("revoke", folder / "ada.json", "--issuer", 2, "--yes", "--json").json["revoked"] == 0


def test_another_profile_is_another_registration(run: Run, issuer: int, ending_at: Callable[[str], Any]) -> None:
    Path("profile.json").write_text("{}")
    with ending_at("sent"):
        run("issuer", "register", "--uri", "did:web:b.example")
    told = run("issuer", "register", "--uri", "did:web:b.example", "--profile", "profile.json", "--json").json
    assert told["profileHash"] != f"0x{bytes(32).hex()}"


def test_a_job_for_the_daemon_is_the_last_word(run: Run, issuer: int, ending_at: Callable[[str], Any]) -> None:
    folder = files("diplomas", "ada")
    run("anchor", folder)
    with ending_at("before-send"):
        run("suspend", folder / "ada.json")
    run("reinstate", folder / "ada.json", "--queue")
    with working() as here:
        worker = worker_of(here)
        for _ in range(6):
            worker.round()
        worker.end()
        ((root,),) = [(batch.root,) for batch in here.store.all()]
        assert here.contract.status_words(1, root, Purpose.SUSPENSION, 0, 1) == (0,)
