"""Real processes, killed with SIGKILL at every boundary between two states, and one under a failing file system."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from anchor.books.jobs import Job
from anchor.books.tables import BatchState
from anchor.books.tables import signer as signer_table
from anchor.sending.driver import POINTS
from registry.merkle.tree import Tree
from tests.faults.harness import wait_until
from tests.faults.processes import Process, daemon, is_stopped, log_of
from tests.faults.site import Door, Site, site

GWEI = 10**9
SECONDS = 60.0


@pytest.mark.parametrize("point", POINTS)
def test_a_daemon_killed_at_any_point_is_continued_by_the_next(here: Site, point: str) -> None:
    jobs = [here.job(f"student {number}", issuer=number % 2 + 1) for number in range(3)]
    with daemon(here, point, times=2 if point != "reorganised" else 1) as first:
        wait_until(
            lambda: _provoke(here, point) or first.poll() is not None, SECONDS, f"it dies at {point}", state=_said(here)
        )
        assert first.returncode == -signal.SIGKILL, log_of(here)
    with daemon(here):
        wait_until(lambda: _mined_and_final(here, jobs), SECONDS, "all jobs are final", state=_said(here))
    here.prove()


@pytest.mark.parametrize("next_door", ["daemon", "command"])
@pytest.mark.parametrize("point", POINTS)
def test_a_command_killed_at_any_point_is_continued_by_whatever_comes_next(
    tmp_path: Path, point: str, next_door: Door
) -> None:
    with site(tmp_path / "data", issuers=2) as here:
        jobs = [here.job(f"student {number}", issuer=number % 2 + 1) for number in range(3)]
        with daemon(here, point, times=2 if point != "reorganised" else 1, door="command") as first:
            wait_until(
                lambda: _provoke(here, point) or first.poll() is not None,
                SECONDS,
                f"it dies at {point}",
                state=_said(here),
            )
            assert first.returncode == -signal.SIGKILL, log_of(here)
        with daemon(here, door=next_door):
            wait_until(lambda: _mined_and_final(here, jobs), SECONDS, "all jobs are final", state=_said(here))
        here.prove()


def test_a_daemon_ends_by_sigterm_and_hands_the_lease_over(here: Site) -> None:
    job = here.job("ada")
    with daemon(here, lease_seconds=600) as first:
        wait_until(lambda: here.again(job).batch is not None, SECONDS, "the job is sealed", state=_said(here))
        first.send_signal(signal.SIGTERM)
        assert first.wait(SECONDS) == 0
    # Ten minutes would be too long to wait for.
    with daemon(here, lease_seconds=600):
        wait_until(lambda: _mined_and_final(here, [job]), SECONDS, "the job is final", state=_said(here))
    here.prove()


def test_a_stopped_leader_wakes_up_to_find_itself_replaced(here: Site) -> None:
    jobs = [here.job(f"student {number}") for number in range(3)]
    # It stops where it hurts most: the bytes are stored, and the next thing it does is to send them.
    with daemon(here, "before-send", ending="SIGSTOP") as leader:
        wait_until(lambda: is_stopped(leader), SECONDS, "the leader stands still", state=_said(here))
        with daemon(here):
            wait_until(lambda: _mined_and_final(here, jobs), SECONDS, "another has done it", state=_said(here))
            leader.send_signal(signal.SIGCONT)
            late = here.job("bob")
            wait_until(lambda: _mined_and_final(here, [late]), SECONDS, "both live on", state=_said(here))
    here.prove()


@pytest.mark.parametrize("here", ["postgresql"], indirect=True)
@pytest.mark.parametrize("call", ["fsync", "write", "rename"])
def test_tree_files_that_cannot_be_written_cost_time_and_nothing_else(here: Site, tmp_path: Path, call: str) -> None:
    strace = shutil.which("strace")
    if strace is None:
        # Not on every machine that runs the tests; test_process.py injects the same faults from Python.
        pytest.skip("strace is not installed")
    jobs = [here.job(f"student {number}") for number in range(3)]
    # With the database elsewhere, the trees are all that the process syncs and renames; the log it writes as well.
    calls = {"fsync": "fsync,fdatasync", "write": "write,pwrite64", "rename": "rename,renameat,renameat2"}[call]
    error = "ENOSPC" if call == "write" else "EIO"
    trace = tmp_path / "trace"
    # Every other call fails, up to the tenth. -D keeps the daemon the process that was started.
    injected = ("-e", f"trace={calls}", "-e", f"inject={calls}:error={error}:when=1..10+2")
    program = (strace, "-D", "-f", "-qq", "-o", str(trace), *injected)
    with daemon(here, program=program):
        wait_until(lambda: _mined_and_final(here, jobs), SECONDS, "all jobs are final", state=_said(here))
    here.prove()
    assert trace.read_text().count("(INJECTED)") >= 3
    for job in jobs:
        row = here.batch(job)
        with Tree.open(here.data.tree_path(row.tree), expected=row.tree) as tree:
            assert tree.leaf_count == row.leaf_count


def _provoke(here: Site, point: str) -> bool:
    """Let a block come, in which what has to happen for that point happens."""
    if point == "reorganised":
        if any(row.state is BatchState.MINED for row in here.batches.all()):
            here.chain.reorganise(1)
        elif here.chain.pending():
            here.chain.mine()
        return False
    if point == "replaced" and here.proxy.sent:
        here.chain.set_base_fee(max(one.max_fee for one in here.proxy.sent) + GWEI)
    here.chain.mine()
    return False


def _mined_and_final(here: Site, jobs: Sequence[Job]) -> bool:
    here.chain.mine()
    return all(map(here.is_final, jobs))


def _said(here: Site) -> Callable[[], str]:
    return lambda: log_of(here)[-3000:]


@pytest.mark.parametrize("here", ["postgresql"], indirect=True)
def test_four_daemons_of_which_two_are_killed_at_work_lose_no_job_and_anchor_none_twice(here: Site) -> None:
    jobs = [here.job(f"student {number}", issuer=number % 2 + 1) for number in range(6)]
    begun = here.nonce
    with ExitStack() as stack:
        # Four that look twenty times a second keep each other from the processors.
        four = [stack.enter_context(daemon(here, round_seconds=0.2)) for _ in range(4)]
        for sent in (1, 3):
            at_work = partial(_at_work, here, four, begun + sent)
            leader = wait_until(at_work, SECONDS, "one leads", state=_said(here))
            leader.kill()
            leader.wait(SECONDS)
        wait_until(lambda: _mined_and_final(here, jobs), SECONDS, "all jobs are final", state=_said(here))
        assert [each.poll() for each in four].count(None) == 2
    here.prove()


def _at_work(here: Site, daemons: Sequence[Process], least: int) -> Process | None:
    """The daemon that has the lease, once so many transactions of the account are mined."""
    here.chain.mine()
    with here.data.engine.connect() as connection:
        owner = connection.execute(select(signer_table.c.owner)).scalar_one_or_none() or ""
    leads = [each for each in daemons if each.poll() is None and str(each.pid) in owner.split(":")]
    return leads[0] if leads and here.nonce >= least else None
