"""Buckets that several processes share count as those of one process do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.http.buckets import OwnBuckets, SharedBuckets
from registry.http.fairness import Allowance

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is shared there")

KEY = bytes(range(32))
MOST = 400
# Takes for two addresses as often as it can, by a clock that stands still; or is killed in the middle of a change.
TAKING = f"""
import os, signal, sys
from pathlib import Path
from registry.http.buckets import SharedBuckets
from registry.http.fairness import Allowance

buckets = SharedBuckets(Path(sys.argv[1]), bytes(range(32)))
if sys.argv[2] == "killed":
    buckets.change("a", lambda _: os.kill(os.getpid(), signal.SIGKILL))
allowance = Allowance({MOST}, 1, lambda: 7.0, buckets)
print(*[sum(allowance.take(who) for _ in range({MOST})) for who in ("a", "b")])
"""
steps = st.lists(
    st.tuples(st.sampled_from(["take", "spend"]), st.sampled_from("abcd"), st.floats(0, 5), st.floats(0, 3)),
    max_size=30,
)


@given(told=steps)
def test_shared_buckets_hold_what_own_ones_hold(told: list[tuple[str, str, float, float]], folder: Path) -> None:
    now = [0.0]
    shared = SharedBuckets(folder / os.urandom(8).hex(), KEY)
    ours, theirs = (Allowance(4, 0.5, lambda: now[0], buckets) for buckets in (shared, OwnBuckets()))
    for what, who, amount, passed in told:
        now[0] += passed
        if what == "take":
            assert ours.take(who) == theirs.take(who)
        else:
            ours.spend(who, amount)
            theirs.spend(who, amount)
        assert ours.left(who) == theirs.left(who)
        assert ours.seconds_until(who, 1) == theirs.seconds_until(who, 1)
    shared.close()


def test_processes_together_take_what_there_is_and_no_more(tmp_path: Path) -> None:
    commands = [[sys.executable, "-c", TAKING, str(tmp_path / "shared"), "taken"]] * 2
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    taken = [process.communicate(timeout=60)[0].split() for process in running]
    assert [sum(map(int, of_each)) for of_each in zip(*taken, strict=True)] == [MOST, MOST]


def test_a_process_that_is_killed_keeps_no_lock(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", TAKING, str(tmp_path / "shared"), "killed"], check=False)
    assert done.returncode == -signal.SIGKILL
    assert Allowance(4, 1, lambda: 7.0, SharedBuckets(tmp_path / "shared", KEY)).take("a")


def test_many_parties_push_out_those_of_long_ago(tmp_path: Path) -> None:
    now = [0.0]
    buckets = SharedBuckets(tmp_path / "shared", KEY)
    allowance = Allowance(1, 1e-9, lambda: now[0], buckets)
    size = (tmp_path / "shared").stat().st_size
    for number in range(20_000):
        now[0] += 1
        assert allowance.take(number)
    assert not allowance.take(19_999)
    assert allowance.take(0)
    assert (tmp_path / "shared").stat().st_size == size


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("buckets")
