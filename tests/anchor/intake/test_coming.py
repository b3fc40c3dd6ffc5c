"""An idempotency key is free again as soon as it is known that its job does not come in any more."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import event, update
from sqlalchemy.exc import OperationalError

from anchor.books.jobs import new_job_id
from anchor.books.tables import JobState, job
from anchor.intake.coming import SILENT_SECONDS, ComingIn
from anchor.intake.desk import Accepted, Desk, Kind, Order
from anchor.intake.streams import IntakeLimits
from anchor.processes import has_ended, this_process
from registry.errors import IntakeError, NotPossible
from tests.anchor.issuer import Site, credential
from tests.faults.harness import wait_until

ORDER = Order(1, "http", key="monday")
ELSEWHERE = "another-machine.example:17:0badcafe"
BEGIN = """
import sys
from pathlib import Path
from anchor.intake.desk import Desk, IntakeLimits, Kind, Order
from anchor.books.folder import DataFolder
from anchor.books.jobs import JobStore
from tests.anchor.issuer import CHAIN, CONTRACT

folder = DataFolder(Path(sys.argv[1]), database=sys.argv[2])
jobs = JobStore(folder.engine, CHAIN, CONTRACT)
Desk(jobs, IntakeLimits()).receive(Order(1, "http", key="monday"), Kind.LINES).feed(b"{}")
print("begun", flush=True)
sys.stdin.read()
"""


def desk(site: Site, process: str | None = None) -> Desk:
    return Desk(site.jobs, IntakeLimits(), site.notices, process=process)


def sent(at: Desk) -> Accepted:
    incoming = at.receive(ORDER, Kind.LINES)
    incoming.feed(credential(1))
    return incoming.finish()


def test_a_process_that_was_killed_has_ended_and_its_key_is_free_at_once(site: Site) -> None:
    url = site.engine.url.render_as_string(hide_password=False)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN, str(site.folder.path), url],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        with pytest.raises(IntakeError) as coming:
            desk(site).receive(ORDER, Kind.LINES)
        assert coming.value.code == "in-progress"
        process.send_signal(signal.SIGKILL)
    assert sent(desk(site)).job.state is JobState.QUEUED
    assert len(site.digests()) == 1


def test_a_database_that_was_away_when_a_job_broke_off(site: Site) -> None:
    """The process lives and knows that it does not take the job in any more."""
    here = desk(site)
    incoming = here.receive(ORDER, Kind.LINES)

    def fail(*_: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("gone"))

    event.listen(site.engine, "commit", fail)
    with pytest.raises(OperationalError):
        incoming.abandon()
    event.remove(site.engine, "commit", fail)
    assert [each.state for each in site.jobs.all()] == [JobState.RECEIVING]
    assert sent(here).job.state is JobState.QUEUED


def test_of_another_machine_nothing_is_known_until_it_was_silent(site: Site) -> None:
    there = desk(site, ELSEWHERE)
    incoming = there.receive(ORDER, Kind.LINES)
    with pytest.raises(IntakeError):
        sent(desk(site))
    with site.engine.begin() as connection:
        connection.execute(update(job).values(heard_at=job.c.heard_at - SILENT_SECONDS - 1))
    assert sent(desk(site)).job.state is JobState.QUEUED
    # Should it have been alive: nothing of it counts, and it is told so.
    incoming.feed(credential(2))
    with pytest.raises(NotPossible, match="given up"):
        incoming.finish()
    assert len(site.digests()) == 1


def test_what_comes_in_is_heard_of(site: Site) -> None:
    coming = ComingIn(site.jobs, seconds=0.01)
    number = new_job_id()
    coming.add(number)
    begun, _ = site.jobs.begin(1, "http", number=number, receiver=coming.name)

    def heard_at() -> float | None:
        found = site.jobs.get(begun.id)
        return None if found is None else found.heard_at

    first = heard_at()
    assert first is not None
    wait_until(lambda: (heard_at() or 0) > first, 20, "it is heard of")
    assert not coming.is_lost(begun)
    coming.remove(number)
    assert coming.is_lost(begun)
    wait_until(lambda: coming._thread is None, 20, "nothing comes in, so nothing is told")


def test_a_daemon_that_starts_gives_up_what_came_in_at_one_that_ended(site: Site) -> None:
    here, number = socket.gethostname(), os.getpid()
    # In a container the process before had the same number.
    before = [f"{here}:{number}:0badcafe", f"{here}:{2**22 + 1}:0badcafe"]
    for receiver in (*before, this_process(), ELSEWHERE, None):
        site.jobs.begin(1, "http", receiver=receiver)
    going_on = desk(site)
    going_on.receive(ORDER, Kind.LINES)
    assert desk(site).clear() == 3
    left = {each.receiver for each in site.jobs.all(state=JobState.RECEIVING)}
    assert left == {this_process(), ELSEWHERE, None}
    assert not has_ended(f"{here}:{os.getppid()}:0badcafe")
    assert not has_ended("nonsense")
