"""The place of a run: a real node behind proxies, the program's processes, whoever starts them again, and the clock."""

from __future__ import annotations

import http.client
import json
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

from tests.faults.composed import endpoint
from tests.faults.composed.judge import Act, Claim, Fault, Job, Stalls
from tests.faults.composed.machine import Machine, Process
from tests.faults.composed.plan import Plan
from tests.faults.composed.witness import Batch, Witness
from tests.faults.proxy import FaultProxy
from tests.registry.chain.worlds import anvil

CHAIN_ID: Final = 7_770_001
BEGIN: Final = 1_900_000_000.0
# The second of the accounts that every anvil has.
KEY: Final = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
ISSUERS: Final = 2
RESTART_SECONDS: Final = 5.0
REQUEST_SECONDS: Final = 5.0
COMING_UP_SECONDS: Final = 3.0
BETWEEN_SECONDS: Final = 0.001
# Exit codes with which a command may end that has met a fault.
HONEST_CODES: Final = (0, 1, 2, 3)
ENDED_BY_ITSELF: Final = (0, 4, 70)


@dataclass(frozen=True)
class Reply:
    """An answer over HTTP."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Lasting:
    """A fault that lasts."""

    kind: str
    until: float
    end: Callable[[], None]
    lag: int = 0


@dataclass
class Command:
    """A command that a person has given, and what is done once it has ended."""

    process: Process
    ended: Callable[[Process], None]


@dataclass
class Order:
    """A change of status that was sent over HTTP, whether it was accepted, as which job, and whether that has ended."""

    act: Act
    key: str
    is_urgent: bool
    is_taken: bool = False
    id: str | None = None
    has_ended: bool = False


@dataclass(frozen=True)
class Database:
    """A PostgreSQL: its URL, how to set its clock, and how to restart its server."""

    url: str
    set_clock: Callable[[float], None]
    restart: Callable[[], None]


@dataclass
class Kept:
    """A backup: the database, and the jobs and changes of status that had been accepted by then."""

    path: Path
    jobs: Sequence[Job]
    orders: Sequence[Order]


@dataclass
class Place:
    """Where a run takes place, and what was promised there so far.

    Attributes:
        database: without one it has SQLite in its data folder.
        node: more options of the node.
    """

    plan: Plan
    folder: Path
    database: Database | None = None
    node: Sequence[str] = ()
    happened: Counter[str] = field(default_factory=Counter)
    jobs: list[Job] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    finals: dict[str, Batch] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = Random(f"run {self.plan.seed}")
        self.at_once = int(self.plan.settings.get("most_in_flight", 64))
        self.stalls = Stalls(float(self.plan.settings.get("lease_seconds", 60.0)), self.at_once)
        self.lasting: list[Lasting] = []
        self.commands: list[Command] = []
        self.daemons: list[Process] = []
        self.service: Process | None = None
        self.daemon_due: float | None = None
        self.service_due: float | None = None
        self.maintained_until: float | None = None
        self.acting: dict[bytes, str] = {}
        self.loud = 0
        # How often a daemon began or ended; who waits for the lease of another waits anew then.
        self.changes = self.changes_seen = 0
        self.lags: list[tuple[float, int]] = []
        # From when on the machine's clock was ahead by how much.
        self.clocks: list[tuple[float, float]] = [(float("-inf"), 0.0)]
        self.words = 0
        self.no_blocks_until = 0.0
        self.kept: Kept | None = None
        self.unrecovered = False

    # Setting up

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Node, proxies and processes, everything set up and the servers started, until the block ends."""
        options = ["--slots-in-an-epoch", str(self.plan.epoch), "--timestamp", str(int(BEGIN) - 100)]
        with ExitStack() as stack:
            url = stack.enter_context(anvil(*options, "--chain-id", str(CHAIN_ID), *self.node))
            self.proxies = [FaultProxy(url) for _ in range(self.plan.endpoints)]
            for proxy in self.proxies:
                stack.callback(proxy.close)
            self.machine = Machine(self.folder, BEGIN)
            stack.callback(self.machine.close)
            self._set_up(url)
            stack.callback(self.witness.close)
            yield

    def _set_up(self, url: str) -> None:
        if not self.plan.has_finalized:
            for proxy in self.proxies:
                endpoint.without_finalized(proxy)
        self.work = self.folder / "work"
        self.work.mkdir()
        self.environment = {
            **{f"TESTAMUR_{name.upper()}": value for name, value in self.plan.settings.items()},
            "TESTAMUR_DATA_FOLDER": str(self.folder / "data"),
            "TESTAMUR_CHAIN": ",".join(proxy.url for proxy in self.proxies),
            "TESTAMUR_KEY": KEY,
            "TESTAMUR_LOG_FORMAT": "json",
        }
        if self.database is not None:
            self.environment["TESTAMUR_DATABASE"] = self.database.url
            self.database.set_clock(self.now)
        deployed = self._done("deploy")
        self.witness = Witness(url, deployed["contract"] if "contract" in deployed else deployed["address"])
        # A registry that a reorganisation takes away is deployed again by a person, and nothing goes on without one.
        self.deployed_in = int(self.witness.ask("eth_blockNumber"), 16)
        # The help of a command that is not there is an error.
        self.can_recover = self._run("recover", "--help").code == 0
        self.takes_orders = "--queue" in self._run("revoke", "--help").printed()
        self.keys = {}
        for issuer in range(1, ISSUERS + 1):
            self._done("issuer", "register", "--uri", f"did:web:issuer-{issuer}.example")
            self.keys[issuer] = self._done("key", "add", "--name", "a client", "--issuer", str(issuer))["key"]
        self.witness.ask("evm_setAutomine", False)
        newest = self.witness.ask("eth_getBlockByNumber", "latest", False)
        self.machine.page.now = max(self.machine.now, float(int(newest["timestamp"], 16) + 1))
        self.begin = self.machine.now
        self.witness.look(self.now)
        self._start_daemon()
        self._start_service()

    def _run(self, *arguments: str) -> Process:
        return self.machine.run("setup", *arguments, "--json", environment=self.environment, folder=self.work)

    def _done(self, *arguments: str) -> Any:
        process = self._run(*arguments)
        log = (self.folder / "setup.log").read_text()
        assert process.code == 0, f"testamur {' '.join(arguments)}: {process.code} {process.printed()} {log}"
        return process.json()

    # Time

    @property
    def now(self) -> float:
        return self.machine.now

    def _step(self, seconds: float) -> None:
        if self.database is not None:
            self.database.set_clock(self.now + seconds + self.machine.page.offset)
        self.machine.advance(seconds)
        for each in [each for each in self.lasting if each.until <= self.now]:
            self._lift(each)
        self._supervise()
        for command in list(self.commands):
            if self.machine.has_ended(command.process):
                self.commands.remove(command)
                code = command.process.code
                if code not in HONEST_CODES and code is not None and code >= 0:
                    self._blame("ended", f"{command.process.arguments} ended with {code}")
                command.ended(command.process)

    def _block(self) -> None:
        if self.now < self.no_blocks_until:
            return
        # What is asked before a block and what is asked after it is not of one moment.
        self.machine.page.now += BETWEEN_SECONDS
        with suppress(RuntimeError):
            self.witness.ask("evm_setNextBlockTimestamp", int(self.now))
        self.witness.ask("evm_mine")
        self.witness.look(self.now)

    def _lift(self, lasting: Lasting) -> None:
        self.lasting.remove(lasting)
        lasting.end()
        if lasting.lag:
            self.lags.append((self.now, lasting.lag))

    def _set_clock_ahead(self, seconds: float) -> None:
        self.machine.page.offset = seconds
        self.clocks.append((self.now, seconds))

    def _blame(self, kind: str, what: str) -> None:
        self.faults.append(Fault(kind, f"{what} (at {self.now - self.begin:.0f} s)"))

    # Daemon and service, and whoever starts them again

    def _start_daemon(self) -> None:
        self.changes += 1
        self.daemons.append(self._start("daemon"))
        self.daemon_due = None

    def _start_service(self) -> None:
        self.service = self._start("serve")
        self.service_due = None

    def _start(self, name: str) -> Process:
        """Start a server and let it come up, or go down again, as far as it does so at once."""
        process = self.machine.start(
            name, name, "--port", "0", "--json", environment=self.environment, folder=self.work
        )
        end = time.monotonic() + COMING_UP_SECONDS
        while url_of(process) is None and time.monotonic() < end and process.is_there:
            time.sleep(0.01)
            self.machine.page.now += 0.02
        return process

    def _supervise(self) -> None:
        for process in list(self.daemons):
            if self.machine.has_ended(process):
                self.daemons.remove(process)
                self._ended_by_itself(process)
        if self.service is not None and self.machine.has_ended(self.service):
            self._ended_by_itself(self.service)
            self.service = None
            self.service_due = self.now + RESTART_SECONDS
        if self.maintained_until is not None and self.now >= self.maintained_until and not self._works("maintenance"):
            self.maintained_until = None
            self.daemon_due = self.now
        if self.maintained_until is None and not self.daemons and self.daemon_due is None:
            self.daemon_due = self.now + RESTART_SECONDS
        if self.daemon_due is not None and self.now >= self.daemon_due and self.maintained_until is None:
            self._start_daemon()
        if self.service_due is not None and self.now >= self.service_due:
            self._start_service()

    def _ended_by_itself(self, process: Process) -> None:
        if process.code in ENDED_BY_ITSELF and "asked" not in process.said:
            self._blame("ended", f"{process.name} ended by itself with {process.code}")

    def _works(self, name: str) -> bool:
        return any(command.process.name == name for command in self.commands)

    def _daemon(self) -> Process | None:
        """One that runs and listens."""
        return next((each for each in self.daemons if not each.is_stopped and url_of(each)), None)

    def _ask_to_end(self, process: Process) -> None:
        process.said.append("asked")
        process.signal(signal.SIGTERM)
        end = time.monotonic() + 30
        while not self.machine.has_ended(process):
            assert time.monotonic() < end, f"{process.name} does not end when it is asked to"
            self.machine.page.now += 0.05
            time.sleep(0.01)
        if process.code not in (0, 4):
            self._blame("ended", f"{process.name}, asked to end, ended with {process.code}")
        self.daemons.remove(process)

    # Asking

    def _ask_daemon(
        self, method: str, path: str, issuer: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply | None:
        process = self._daemon()
        if process is None:
            return None
        return _ask(
            url_of(process) or "",
            method,
            path,
            body,
            {"Authorization": f"Bearer {self.keys[issuer]}", **(headers or {})},
        )

    def _ask_service(self, method: str, path: str, body: bytes = b"") -> Reply | None:
        url = None if self.service is None else url_of(self.service)
        headers = {"Content-Type": "application/json"} if body else {}
        return None if url is None else _ask(url, method, path, body, headers)


def _ask(url: str, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply | None:
    """One request on a connection of its own; None where no whole answer came."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=REQUEST_SECONDS)
    try:
        connection.request(method, path, body or None, dict(headers))
        answer = connection.getresponse()
        return Reply(answer.status, answer.read())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def url_of(process: Process) -> str | None:
    """Where it listens, once it does."""
    told = process.json()
    return None if not isinstance(told, dict) else told.get("url")
