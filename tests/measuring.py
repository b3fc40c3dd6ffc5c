"""What the tests cost: `pytest -n 2 -p tests.measuring` rewrites `costs.json` and prints a line for each kind.

Processor time, not what a clock shows, so that a busy machine measures the same: of the tests' own process, and of the
programs that it started and waited for. A PostgreSQL server is nobody's child, and counts for nothing here.
"""

from __future__ import annotations

import json
import resource
from collections import Counter, defaultdict
from collections.abc import Generator
from typing import Any

import pytest

from tests.kinds import COSTS, KINDS, costs

SLOW_SECONDS = 1.0
LEAST_SECONDS = 0.5
COST = tuple[list[str], float]
SPENT = pytest.StashKey[dict[str, COST]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SPENT] = {}


def _spent() -> float:
    found = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in found)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    before = _spent()
    try:
        return (yield)
    finally:
        kinds = sorted({mark.name for mark in item.iter_markers()} & KINDS) or ["none of them"]
        item.config.stash[SPENT][item.nodeid] = (kinds, _spent() - before)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """A process of several hands over what it has found; xdist sends it when the process ends."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["costs"] = session.config.stash[SPENT]
    yield


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What a process handed over; nothing where it has died."""
    node.config.stash[SPENT] |= getattr(node, "workeroutput", {}).get("costs", {})


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """After the other summaries."""
    yield
    ran = terminalreporter.config.stash[SPENT]
    tests: Counter[str] = Counter()
    seconds: defaultdict[str, float] = defaultdict(float)
    for kinds, spent in ran.values():
        for kind in kinds:
            tests[kind] += 1
            seconds[kind] += spent
    for kind in sorted(tests):
        terminalreporter.write_line(f"{kind:14}{tests[kind]:6} tests{seconds[kind]:8.0f} s of the processor")
    _write(ran)


def _write(ran: dict[str, COST]) -> None:
    """What was not run keeps what it had."""
    files: defaultdict[str, float] = defaultdict(float)
    slow = set(costs()["slow"])
    for nodeid, (_, spent) in ran.items():
        files[nodeid.split("::")[0]] += spent
        (slow.add if spent > SLOW_SECONDS else slow.discard)(nodeid)
    all_files = costs()["files"] | {name: round(spent, 1) for name, spent in files.items()}
    shown = {name: all_files[name] for name in sorted(all_files) if all_files[name] >= LEAST_SECONDS}
    COSTS.write_text(json.dumps({"files": shown, "slow": sorted(slow)}, indent=1) + "\n", encoding="utf-8")
