"""One year through the real parts: measured first, lived, settled, reckoned up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from scripts.year.arrivals import Year
from scripts.year.clients import CONNECTIONS, KEPT_SECONDS, Clients, Seen
from scripts.year.parts import JobTimes, Parts, running
from scripts.year.queueing import Service
from scripts.year.reckoning import differences, expected

REQUEST_SECONDS: Final = 60.0
INDEXED_SECONDS: Final = 180.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured before the year begins: jobs at once, credentials of each, lookups in turn and at once."""

    jobs: int = 20
    credentials: int = 50
    in_turn: int = 300
    at_once: int = 2000


@dataclass(frozen=True, slots=True)
class Before:
    """Service times, measured in the same run while nothing else was asked.

    Attributes:
        lookup: of one after the other, as their client sees it.
        lookups_a_second: if there are always some to answer.
        job: seconds of the daemon for a job, from being accepted to being sent, if there are always some.
    """

    lookup: Service
    lookups_a_second: float
    job: Service


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a year came to.

    Attributes:
        times: of each job, by its id.
        busy: share of one processor that each process used while the year passed.
        wrong: everything that is not as it has to be; nothing in a good year.
    """

    year: Year
    before: Before
    seen: Seen
    times: Mapping[str, JobTimes]
    busy: Mapping[str, float]
    lasted: float
    wrong: tuple[str, ...]


def run_year(year: Year, folder: Path, *, sizes: Sizes | None = None, database: str | None = None) -> Outcome:
    """Let a year pass.

    Args:
        folder: empty, for data and log.
        database: URL of an empty PostgreSQL database; default: SQLite.
    """
    with running(folder, year.scale.issuers, database) as parts:
        return asyncio.run(_run(year, parts, sizes or Sizes()))


async def _run(year: Year, parts: Parts, sizes: Sizes) -> Outcome:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEPT_SECONDS)
    timeout = aiohttp.ClientTimeout(total=None, sock_read=REQUEST_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        clients = Clients(parts, session)
        before, measured = await _measured(clients, parts, year.credentials, sizes)
        used, begun = parts.processor_seconds(), time.perf_counter()
        await clients.live(year)
        lasted = time.perf_counter() - begun
        busy = {name: (seconds - used[name]) / lasted for name, seconds in parts.processor_seconds().items()}
        await clients.settle()
        times = parts.times()
        wrong = [*clients.seen.wrong, *await _differences(clients, year, measured, parts.left_out())]
    ended = times.keys() | parts.unchanged()
    wrong += [f"job {job} of the year is not final" for job in clients.seen.jobs if job not in ended]
    faults = sum(one.status == 500 for one in clients.seen.asked)
    if faults:
        wrong.append(f"{faults} questions met a fault of the program (500); the log ends with: {parts.log()}")
    code, said = await asyncio.to_thread(parts.audit)
    if code:
        wrong.append(f"the audit ends with {code}: {said[-1000:]}")
    return Outcome(year, before, clients.seen, times, busy, lasted, tuple(wrong))


async def _measured(clients: Clients, parts: Parts, free: int, sizes: Sizes) -> tuple[Before, list[int]]:
    """The service times, by credentials of their own, whose numbers follow those of the year."""
    issuers = parts.node.issuers
    groups = [range(free + at * sizes.credentials, free + (at + 1) * sizes.credentials) for at in range(sizes.jobs)]
    jobs = await asyncio.gather(*(clients.send(issuers[at % len(issuers)], group) for at, group in enumerate(groups)))
    await clients.settle()
    clients.seen.sent.clear()
    found = parts.times()
    took = max(found[job].sent for job in jobs) - min(found[job].accepted for job in jobs)
    numbers = [number for group in groups for number in group]
    await _indexed(clients, numbers)
    in_turn = await clients.one_after_the_other(numbers[at % len(numbers)] for at in range(sizes.in_turn))
    a_second = await clients.at_once([numbers[at % len(numbers)] for at in range(sizes.at_once)])
    return Before(Service.of(in_turn), a_second, Service.constant(took / sizes.jobs)), numbers


async def _indexed(clients: Clients, numbers: list[int]) -> None:
    async with asyncio.timeout(INDEXED_SECONDS):
        while not all((await clients.told(numbers)).values()):
            await asyncio.sleep(0.2)


async def _differences(clients: Clients, year: Year, measured: list[int], left_out: int) -> list[str]:
    """What is not on record as it has to be, once the index has had the time for it."""
    wanted = expected(year)
    end = time.monotonic() + INDEXED_SECONDS
    while True:
        told = await clients.told(sorted(wanted))
        found = differences(wanted, told, await clients.leaves() - len(measured), left_out)
        if not found or time.monotonic() > end:
            return found
        await asyncio.sleep(0.5)
