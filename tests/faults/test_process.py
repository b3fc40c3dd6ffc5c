"""Two daemons, a paused one, a full disk, a failing database and a signer that is away or lies."""

from __future__ import annotations

import os
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlalchemy.exc import OperationalError

from anchor.anchoring.loop_state import Status
from anchor.books.control import park, unpark
from anchor.books.tables import BatchState
from anchor.books.tables import signer as signer_table
from anchor.sending.signer import SignedTransaction
from registry.errors import SignerError
from tests.faults.site import Site

SEND = "eth_sendRawTransaction"


def test_two_daemons_share_the_work_without_sharing_a_nonce(here: Site) -> None:
    jobs = [here.job(f"student {number}", issuer=number % 2 + 1) for number in range(6)]
    one, two = here.worker(), here.worker(owner="two")
    for _ in range(12):
        here.rounds(one, mine=False)
        here.rounds(two)
    here.to_the_end(one, *jobs)
    assert not two.round()
    here.prove()


def test_a_daemon_that_ends_hands_over_at_once_and_one_that_dies_when_its_lease_is_over(here: Site) -> None:
    jobs = [here.job("ada")]
    one, two, three = here.worker(), here.worker(owner="two"), here.worker(owner="three")
    here.rounds(one)
    one.end()
    assert two.round()
    assert not three.round()
    _expire(here)
    assert three.round()
    here.to_the_end(three, *jobs)
    here.prove()


def test_a_paused_leader_neither_signs_nor_sends_when_it_wakes_up(here: Site) -> None:
    leader, follower = here.worker(), here.worker(owner="two")
    here.rounds(leader)
    first = here.job("ada")
    woken: list[str] = []

    def pause(point: str) -> None:
        # It stops between storing the bytes and sending them; in the meantime another has taken over and finished.
        if point == "signed" and not woken:
            woken.append(point)
            _expire(here)
            here.to_the_end(follower, first)

    paused = here.worker(owner="paused", reached=pause)
    leader.end()
    sends_of_follower = here.proxy.count(SEND)
    here.rounds(paused)
    assert woken
    assert here.events("lease-lost")
    assert here.proxy.count(SEND) - sends_of_follower == 1  # the follower's
    here.to_the_end(follower, first)
    here.prove()


def test_a_full_disk_loses_nothing_and_keeps_nothing_from_going_on_that_is_sent(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = Status()
    sent, worker = here.job("ada"), here.worker(status=status)
    here.rounds(worker)
    sends = here.proxy.count(SEND)
    job = here.job("bob", issuer=2)

    def full(_descriptor: int, _offset: int, _size: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "posix_fallocate", full)
        here.to_the_end(worker, sent)
    assert here.again(job).batch is None
    assert here.proxy.count(SEND) == sends
    assert here.events("not-sealed")
    assert [(each.issuer, each.trouble.code) for each in status.troubles.all()] == [(2, "no-room")]
    # It is tried again after a while, or by the next process at once.
    worker.end()
    here.to_the_end(here.worker(owner="two", status=status), job)
    assert not status.troubles.all()
    here.prove()


@pytest.mark.parametrize("failing", range(1, 9))
def test_a_commit_that_fails_anywhere_is_as_if_nothing_had_been_done(here: Site, failing: int) -> None:
    job, worker = here.job("ada"), here.worker()
    here.rounds(worker, mine=False) if failing > 4 else None
    commits = 0

    def fail(_: Any) -> None:
        nonlocal commits
        commits += 1
        if commits == failing:
            raise OperationalError("COMMIT", {}, Exception("disk I/O error"))

    event.listen(here.data.engine, "commit", fail)
    try:
        here.rounds(worker, 4)
    finally:
        event.remove(here.data.engine, "commit", fail)
    here.to_the_end(worker, job)
    here.prove()


class FailingSigner:
    """The site's signer, that first fails so many times."""

    def __init__(self, here: Site, code: str, times: int):
        self._signer = here.signer
        self._code = code
        self._left = times

    @property
    def address(self) -> str:
        return self._signer.address

    def sign(self, transaction: dict[str, Any]) -> SignedTransaction:
        if self._left:
            self._left -= 1
            raise SignerError("the signer cannot be reached", code=self._code)
        return self._signer.sign(transaction)


def test_a_signer_that_is_down_holds_the_batch_up_until_it_is_back(here: Site) -> None:
    jobs = [here.job(name) for name in ("ada", "bob")]
    worker = here.worker(signer=FailingSigner(here, "signer-unavailable", 5))
    here.rounds(worker)
    assert {here.batch(job).parked_code for job in jobs} == {"signer-unavailable"}
    assert here.proxy.count(SEND) == 0
    here.to_the_end(worker, *jobs)
    here.prove()


def test_a_signer_that_signs_something_else_waits_for_a_person(here: Site) -> None:
    job, worker = here.job("ada"), here.worker(signer=FailingSigner(here, "signer-differs", 1))
    here.rounds(worker, 4)
    assert here.batch(job).parked_code == "signer-differs"
    assert here.proxy.count(SEND) == 0
    here.unpark(job)
    here.to_the_end(worker, job)
    here.prove()


def test_what_a_person_puts_aside_in_the_middle_of_a_round_stays_there(here: Site) -> None:
    job = here.job("ada")

    def put_aside(point: str) -> None:
        if point == "reserved":
            park(here.data.engine, here.again(job), "the dean has a question")

    worker = here.worker(reached=put_aside)
    here.rounds(worker, 4)
    row = here.batch(job)
    if row.state is BatchState.PARKED:
        # Its first attempt may have gone out before; it was not in a block yet.
        assert row.parked_code == "by-person"
        unpark(here.data.engine, here.again(job))
    here.to_the_end(worker, job)
    assert "the dean has a question" in " ".join(event.detail for event in here.history(job))
    here.prove()


def _expire(here: Site) -> None:
    """The lease is free, as if nobody had given a sign for its time."""
    with here.data.engine.begin() as connection:
        connection.execute(update(signer_table).values(owner=None))
