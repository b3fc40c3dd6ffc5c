"""One run of a plan: a real node, the program's real processes, persons and clients; and the judgement at the end."""

from __future__ import annotations

import http.client
import json
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

from tests.chain.worlds import anvil
from tests.faults.composed import endpoint
from tests.faults.composed.judge import (
    CANCELLED,
    FINAL,
    PARKED,
    UNCHANGED,
    Act,
    Claim,
    Fault,
    Job,
    Judgement,
    Stalls,
    judge,
)
from tests.faults.composed.machine import Machine, Process
from tests.faults.composed.plan import ENDPOINT, GWEI, Event, Plan
from tests.faults.composed.witness import Batch, Witness
from tests.faults.proxy import FaultProxy

CHAIN_ID: Final = 7_770_001
# The second of the accounts that every anvil has.
ACCOUNT: Final = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
KEY: Final = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
ISSUERS: Final = 2
BEGIN: Final = 1_900_000_000.0
STEP_SECONDS: Final = 4.0
LOOK_SECONDS: Final = 20.0
ASKED_A_BLOCK: Final = 3
RESTART_SECONDS: Final = 5.0
REQUEST_SECONDS: Final = 5.0
COMING_UP_SECONDS: Final = 3.0
FULL_BYTES: Final = 4096
CLOCK_STEP: Final = 3600.0
# After the last fault everything has to be settled within so many blocks, beside those that finality takes.
SETTLING_BLOCKS: Final = 120
LONGEST_BLOCK_SECONDS: Final = 300.0
LOUD: Final = ("warning", "error", "critical")
# Exit codes with which a command may end that has met a fault.
HONEST_CODES: Final = (0, 1, 2, 3)
ENDED_BY_ITSELF: Final = (0, 4, 70)
# Of the changes of status, what part is made by commands; the upper part of the others is urgent.
BY_COMMAND: Final = 0.3
URGENT: Final = 0.8
BACKED_UP: Final = 0.3
DATABASE_NAME: Final = "testamur.db"


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        happened: how often each kind of event took place.
        wall: seconds.
    """

    plan: Plan
    happened: Counter[str]
    judgement: Judgement
    blocks: int
    wall: float


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
    """A change of status that was sent over HTTP, and whether it was accepted."""

    act: Act
    key: str
    is_urgent: bool
    is_taken: bool = False


@dataclass(frozen=True)
class Database:
    """A PostgreSQL: its URL, how to set its clock, and how to restart its server."""

    url: str
    set_clock: Callable[[float], None]
    restart: Callable[[], None]


@dataclass
class Kept:
    """A backup: the database, and how many jobs and changes of status had been asked for."""

    path: Path
    jobs: int
    orders: int


@dataclass
class Run:
    """A run while it goes on. Without a database it has SQLite in its data folder; `node` are more options of it."""

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
        self.stalls = Stalls()
        self.lasting: list[Lasting] = []
        self.commands: list[Command] = []
        self.daemons: list[Process] = []
        self.service: Process | None = None
        self.daemon_due: float | None = None
        self.service_due: float | None = None
        self.maintained_until: float | None = None
        self.acting: dict[bytes, str] = {}
        self.loud = 0
        self.lags: list[tuple[float, int]] = []
        self.words = 0
        self.no_blocks_until = 0.0
        self.kept: Kept | None = None
        self.unrecovered = False

    # The whole

    def go(self) -> Outcome:
        """Set up, play the plan, lift all faults, settle, judge."""
        begun = time.monotonic()
        options = ["--slots-in-an-epoch", str(self.plan.epoch), "--timestamp", str(int(BEGIN) - 100)]
        with anvil(*options, "--chain-id", str(CHAIN_ID), *self.node) as url, self._proxies(url) as self.proxies:
            self.machine = Machine(self.folder, BEGIN)
            try:
                self._set_up(url)
                with closing(self.witness):
                    self._play()
                    self._settle()
                    judgement = judge(self.witness, self.jobs, self.acts, self.claims, self.finals)
            finally:
                self.machine.close()
        judgement.faults += self.faults + self.stalls.faults
        return Outcome(self.plan, self.happened, judgement, self.witness.head, time.monotonic() - begun)

    @contextmanager
    def _proxies(self, url: str) -> Iterator[list[FaultProxy]]:
        proxies = [FaultProxy(url) for _ in range(self.plan.endpoints)]
        try:
            yield proxies
        finally:
            for proxy in proxies:
                proxy.close()

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
        # The help of a command that is not there is an error.
        self.can_recover = self._run("recover", "--help").code == 0
        self.takes_orders = "--queue" in self._run("revoke", "--help").printed()
        self.keys = {}
        for issuer in range(1, ISSUERS + 1):
            self._done("issuer", "register", "--uri", f"did:web:issuer-{issuer}.example")
            self.keys[issuer] = self._done("key", "add", "--name", "a client", "--issuer", str(issuer))["key"]
        self.witness = Witness(url, deployed["contract"] if "contract" in deployed else deployed["address"])
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

    def _play(self) -> None:
        """Blocks and events in their order."""
        due: list[tuple[float, Event | None]] = [(self.begin + at, None) for at in self.plan.blocks]
        due += [(self.begin + event.at, event) for event in self.plan.events]
        looked = self.now
        for at, event in sorted(due, key=lambda each: each[0]):
            while self.now < at:
                self._step(min(STEP_SECONDS, at - self.now))
            if event is None:
                self._block()
            else:
                self._happens(event)
            if self.now - looked >= LOOK_SECONDS:
                looked = self.now
                self._look_at_health()

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
        with suppress(RuntimeError):
            self.witness.ask("evm_setNextBlockTimestamp", int(self.now))
        self.witness.ask("evm_mine")
        self.witness.look(self.now)
        for _ in range(ASKED_A_BLOCK):
            self._observe()

    def _lift(self, lasting: Lasting) -> None:
        self.lasting.remove(lasting)
        lasting.end()
        if lasting.lag:
            self.lags.append((self.now, lasting.lag))

    def _blame(self, kind: str, what: str) -> None:
        self.faults.append(Fault(kind, f"{what} (at {self.now - self.begin:.0f} s)"))

    # Daemon and service, and whoever starts them again

    def _start_daemon(self) -> None:
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
        while _url(process) is None and time.monotonic() < end and process.is_there:
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
        return next((each for each in self.daemons if not each.is_stopped and _url(each)), None)

    # What happens

    def _happens(self, event: Event) -> None:
        if event.kind in ENDPOINT:
            self._endpoint_fault(event)
        else:
            name = event.kind.replace(" ", "_").replace("-", "_")
            if not getattr(self, f"_do_{name}")(event):
                return
        self.happened[event.kind] += 1

    def _endpoint_fault(self, event: Event) -> None:
        proxy = self.proxies[int(event.choice * len(self.proxies))]
        random = Random(f"{self.plan.seed} {event.at}")
        rule = endpoint.begin(event.kind, proxy, random, event.size, self.plan.kept)
        lag = endpoint.lag_of(event.kind, event.size) if event.kind == "heads lag" else 0
        self.lasting.append(Lasting(event.kind, self.now + event.seconds, rule.cancel, lag))

    def _do_reorganisation(self, event: Event) -> bool:
        final = int(self.witness.ask("eth_getBlockByNumber", "finalized", False)["number"], 16)
        depth = min(1 + int(event.size * 2 * self.plan.epoch), self.witness.head - final - 1)
        if depth < 1:
            return False
        self.witness.ask("anvil_reorg", depth, [])
        self.witness.look(self.now)
        return True

    def _do_fee_surge(self, event: Event) -> bool:
        fee = int(GWEI * 10 ** (3 * event.size))
        self.witness.ask("anvil_setNextBlockBaseFeePerGas", hex(fee))
        return True

    def _do_pool_wiped(self, event: Event) -> bool:
        self.witness.ask("anvil_dropAllTransactions")
        return True

    def _do_no_blocks(self, event: Event) -> bool:
        self.no_blocks_until = self.now + event.seconds
        return True

    def _do_daemon_killed(self, event: Event) -> bool:
        if not self.daemons:
            return False
        # In the middle of a round, as often as not.
        self.machine.page.now += 2.0
        time.sleep(0.03 * event.size)
        process = self.daemons.pop(int(event.choice * len(self.daemons)))
        self.machine.kill(process)
        if not self.daemons:
            self.daemon_due = self.now + event.seconds
        return True

    def _do_daemon_stopped_and_woken(self, event: Event) -> bool:
        process = self._daemon()
        if process is None:
            return False
        self.machine.page.now += 2.0
        time.sleep(0.03 * event.size)
        process.signal(signal.SIGSTOP)
        self.lasting.append(Lasting(event.kind, self.now + event.seconds, lambda: process.signal(signal.SIGCONT)))
        return True

    def _do_daemon_ended(self, event: Event) -> bool:
        process = self._daemon()
        if process is None:
            return False
        self._ask_to_end(process)
        if not self.daemons:
            self.daemon_due = self.now + event.seconds
        return True

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

    def _do_second_daemon(self, event: Event) -> bool:
        if len(self.daemons) != 1:
            return False
        self._start_daemon()
        second = self.daemons[-1]

        def end() -> None:
            if second in self.daemons and len(self.daemons) > 1 and not second.is_stopped and _url(second):
                self._ask_to_end(second)

        self.lasting.append(Lasting(event.kind, self.now + event.seconds, end))
        return True

    def _do_service_killed(self, event: Event) -> bool:
        if self.service is None:
            return False
        self.machine.kill(self.service)
        self.service, self.service_due = None, self.now + event.seconds
        return True

    def _do_disk_full(self, event: Event) -> bool:
        full = [*self.daemons, *filter(None, [self.service])]
        for process in full:
            process.limit_files(int(event.size * FULL_BYTES))

        def end() -> None:
            for process in full:
                if process.code is None:
                    process.limit_files(None)

        self.lasting.append(Lasting(event.kind, self.now + event.seconds, end))
        return bool(full)

    def _do_clock_ahead(self, event: Event) -> bool:
        return self._clock_off(event, CLOCK_STEP * event.size)

    def _do_clock_back(self, event: Event) -> bool:
        return self._clock_off(event, -CLOCK_STEP * event.size)

    def _clock_off(self, event: Event, seconds: float) -> bool:
        if self.machine.page.offset:
            return False
        self.machine.page.offset = seconds

        def end() -> None:
            self.machine.page.offset = 0.0

        self.lasting.append(Lasting(event.kind, self.now + event.seconds, end))
        return True

    def _do_database_restarted(self, event: Event) -> bool:
        if self.database is None:
            return False
        self.database.restart()
        return True

    def _do_backup_restored(self, event: Event) -> bool:
        """The database is lost, and the last backup of it is put in its place. Clients send what they sent since."""
        if self.kept is None or not self.can_recover or self.commands or any(each.is_stopped for each in self.daemons):
            return False
        for process in [*self.daemons, *filter(None, [self.service])]:
            self.machine.kill(process)
        self.daemons, self.service, self.service_due = [], None, self.now + RESTART_SECONDS
        for suffix in ("", "-wal", "-shm"):
            self._database_file(suffix).unlink(missing_ok=True)
        self._database_file().write_bytes(self.kept.path.read_bytes())
        self._database_file().chmod(0o600)
        for job in self.jobs[self.kept.jobs :]:
            job.is_given_up = job.state in (CANCELLED, PARKED)
            job.id, job.end, job.is_promised, job.receipts = None, None, False, []
            # Nobody knows any more that it was in the queue: it is anchored by the person who put it there.
            job.source = "command" if job.source == "queue" else job.source
        for order in self.orders[self.kept.orders :]:
            order.is_taken = False
        taken = [order.act for order in self.orders[self.kept.orders :]]
        self.acts = [act for act in self.acts if all(act is not each for each in taken)]
        self.unrecovered = True
        if event.choice < 0.5:
            # Whoever does not know that it is an old one starts the daemon at once.
            self.daemon_due = self.now
            return True
        self.maintained_until = self.now + 600.0
        self._work()
        return True

    def _recovered(self, process: Process) -> None:
        self.unrecovered = self.unrecovered and process.code != 0
        self._work_on(process)

    def _database_file(self, suffix: str = "") -> Path:
        return self.folder / "data" / f"{DATABASE_NAME}{suffix}"

    def _back_up(self) -> None:
        path = self.folder / "backup.db"
        try:
            with closing(sqlite3.connect(self._database_file())) as live, closing(sqlite3.connect(path)) as copy:
                live.backup(copy)
        except sqlite3.Error:
            return
        self.kept = Kept(path, len(self.jobs), len(self.orders))

    # Persons and clients

    def _documents(self, count: int) -> list[bytes]:
        first, self.words = self.words, self.words + count
        return [
            json.dumps(
                {
                    "credentialSubject": {"name": f"Graduate {number} of run {self.plan.seed}"},
                    "type": ["VerifiableCredential"],
                },
                separators=(",", ":"),
                sort_keys=True,
            ).encode()
            for number in range(first, first + count)
        ]

    def _new_job(self, event: Event, source: str, *, is_open: bool = False) -> Job:
        documents = self._documents(1 + int(event.size * event.size * 12))
        digests = tuple(sha256(each).digest() for each in documents)
        issuer = 1 + int(event.choice * ISSUERS)
        key = f"key {len(self.jobs)}" if source == "http" else None
        job = Job(issuer, digests, tuple(documents), source, key, is_open)
        self.jobs.append(job)
        return job

    def _do_job(self, event: Event) -> bool:
        self._send(self._new_job(event, "http"))
        return True

    def _do_job_for_the_open_queue(self, event: Event) -> bool:
        self._send(self._new_job(event, "http", is_open=True))
        return True

    def _do_job_of_what_was_sent_before(self, event: Event) -> bool:
        sent = [job for job in self.jobs if job.source == "http" and job.is_promised]
        if not sent:
            return False
        before = sent[int(event.choice * len(sent))]
        job = Job(before.issuer, before.digests, before.documents, "http", f"key {len(self.jobs)}")
        self.jobs.append(job)
        self._send(job)
        return True

    def _do_request_repeated(self, event: Event) -> bool:
        sent = [job for job in self.jobs if job.key is not None]
        if not sent:
            return False
        self._send(sent[int(event.choice * len(sent))])
        return True

    def _send(self, job: Job) -> None:
        """A client sends its job, or sends it again, and learns whether it is accepted."""
        reply = self._ask_daemon(
            "POST",
            f"/v1/jobs?open={str(job.is_open).lower()}",
            job.issuer,
            b"\n".join(job.documents),
            {"Idempotency-Key": job.key or "", "Content-Type": "application/x-ndjson"},
        )
        if reply is not None and reply.status in (200, 202):
            told = reply.json
            if job.id is not None and job.id != told["id"]:
                self._blame("duplicate", f"{job} was accepted again as {told['id']}")
            job.id, job.is_promised = told["id"], True
        elif reply is not None and reply.status not in (409, 503):
            self._blame("lost", f"{job} was refused: {reply.status} {reply.body[:300]!r}")

    def _do_queued_by_command(self, event: Event) -> bool:
        job = self._new_job(event, "queue")

        def ended(process: Process) -> None:
            told = process.json()
            if process.code == 0:
                job.id, job.is_promised = told["id"], True

        arguments = ("anchor", str(self._file(job)), "--queue", "--issuer", str(job.issuer))
        self._command("queue", ended, *arguments)
        return True

    def _file(self, job: Job) -> Path:
        path = self.work / f"job-{self.jobs.index(job)}.jsonl"
        path.write_bytes(b"\n".join(job.documents) + b"\n")
        return path

    def _command(self, name: str, ended: Callable[[Process], None], *arguments: str) -> None:
        process = self.machine.start(
            name, *arguments, "--json", environment=self.environment, folder=self.work, main_counts=True
        )
        self.commands.append(Command(process, ended))

    def _do_anchored_by_command(self, event: Event) -> bool:
        """A person anchors while the daemon may run: where the command is refused, it is given again later."""
        self._anchor(self._new_job(event, "command"), "anchor")
        return True

    def _anchor(self, job: Job, name: str) -> None:
        def ended(process: Process) -> None:
            if process.code == 0:
                job.is_promised = True

        self._command(name, ended, "anchor", str(self._file(job)), "--issuer", str(job.issuer))

    def _some_job(self, event: Event, *states: str) -> Job | None:
        found = [job for job in self.jobs if job.id is not None and job.state in states]
        return found[int(event.choice * len(found))] if found else None

    def _do_cancel(self, event: Event) -> bool:
        job = self._some_job(event, "unknown", "pending", "sealed", "mined", PARKED)
        if job is None:
            return False
        self._ask_daemon("POST", f"/v1/jobs/{job.id}/cancel", job.issuer)
        return True

    def _do_park(self, event: Event) -> bool:
        job = self._some_job(event, "unknown", "pending", "sealed", "mined")
        return job is not None and self._told("jobs", "park", str(job.id), "--why", "a question")

    def _do_retry(self, event: Event) -> bool:
        job = self._some_job(event, PARKED)
        return job is not None and self._told("jobs", "retry", str(job.id))

    def _do_status_asked(self, event: Event) -> bool:
        return self._told("status")

    def _told(self, *arguments: str) -> bool:
        self._command("person", lambda _: None, *arguments)
        return True

    def _do_receipts_asked(self, event: Event) -> bool:
        job = self._some_job(event, FINAL)
        if job is None:
            return False
        self._fetch_receipts(job)
        return True

    def _do_revoke(self, event: Event) -> bool:
        return self._act("revoke", event)

    def _do_suspend(self, event: Event) -> bool:
        return self._act("suspend", event)

    def _do_reinstate(self, event: Event) -> bool:
        return self._act("reinstate", event)

    def _act(self, word: str, event: Event) -> bool:
        """A person wants a change of status: over HTTP, or by a command while the daemon is down for maintenance."""
        found = [
            (job, digest)
            for job in self.jobs
            if job.state == FINAL
            for digest in job.digests
            if digest not in self.acting and self._fits(word, digest)
        ]
        if not found:
            return False
        job, digest = found[int(event.choice * len(found))]
        if event.size < BY_COMMAND or not self.takes_orders:
            self.acting[digest] = word
        else:
            self.orders.append(Order(Act(word, job.issuer, digest), f"act {len(self.orders)}", event.size > URGENT))
            self._order(self.orders[-1])
        return True

    def _fits(self, word: str, digest: bytes) -> bool:
        """Whether the change would be one; what was asked and not answered is not known to be so."""
        if any(order.act.digest == digest and not order.is_taken for order in self.orders):
            return False
        words = self._words_of(digest)
        is_suspended = words[-1:] == ["suspend"]
        return "revoke" not in words and (word == "revoke" or is_suspended == (word == "reinstate"))

    def _order(self, order: Order) -> None:
        """A client sends a status job, or sends it again."""
        act = order.act
        asked = {"act": act.word, "digests": [act.digest.hex()], "urgent": order.is_urgent}
        headers = {"Idempotency-Key": order.key, "Content-Type": "application/json"}
        reply = self._ask_daemon("POST", "/v1/status-jobs", act.issuer, json.dumps(asked).encode(), headers)
        if reply is None or reply.status in (409, 503):
            return
        if reply.status in (200, 202) and not order.is_taken:
            order.is_taken = True
            self.acts.append(act)
        elif reply.status not in (200, 202):
            self._blame("status", f"{act} was refused: {reply.status} {reply.body[:300]!r}")

    def _words_of(self, digest: bytes) -> list[str]:
        return [act.word for act in self.acts if act.digest == digest]

    def _do_maintenance(self, event: Event) -> bool:
        """The daemon is ended, and a person works with the commands."""
        if self.maintained_until is not None or any(each.is_stopped or not _url(each) for each in self.daemons):
            return False
        for process in list(self.daemons):
            self._ask_to_end(process)
        self.maintained_until = self.now + event.seconds
        self._work()
        return True

    def _work(self) -> None:
        """One command after the other, each again until it is done."""
        if self.maintained_until is None or self._works("maintenance"):
            return
        waiting = [job for job in self.jobs if job.source == "command" and not job.is_promised and not job.is_given_up]
        if self.unrecovered:
            self._command("maintenance", self._recovered, "recover")
        elif self.acting:
            digest, word = next(iter(self.acting.items()))
            job = next(job for job in self.jobs if digest in job.digests)

            def acted(process: Process) -> None:
                if process.code == 0:
                    self.acting.pop(digest, None)
                    self.acts.append(Act(word, job.issuer, digest))
                self._work_on(process)

            self._command("maintenance", acted, word, digest.hex(), "--issuer", str(job.issuer))
        elif waiting:
            job = waiting[0]

            def anchored(process: Process) -> None:
                job.is_promised = process.code == 0
                self._work_on(process)

            self._command("maintenance", anchored, "anchor", str(self._file(job)), "--issuer", str(job.issuer))
        else:
            self._command("maintenance", lambda _: None, "status")

    def _work_on(self, process: Process) -> None:
        # What has failed is tried again at the next maintenance.
        if process.code == 0 and self.maintained_until is not None and self.now < self.maintained_until:
            self._work()

    # Asking

    def _ask_daemon(
        self, method: str, path: str, issuer: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply | None:
        process = self._daemon()
        if process is None:
            return None
        return _ask(
            _url(process) or "", method, path, body, {"Authorization": f"Bearer {self.keys[issuer]}", **(headers or {})}
        )

    def _ask_service(self, method: str, path: str, body: bytes = b"") -> Reply | None:
        url = None if self.service is None else _url(self.service)
        headers = {"Content-Type": "application/json"} if body else {}
        return None if url is None else _ask(url, method, path, body, headers)

    def _look_at_health(self) -> None:
        """What the daemon says of its jobs and of itself."""
        reply = self._ask_daemon("GET", "/readyz", 1)
        log = self.folder / "daemon.log"
        loud = sum(_level(line) in LOUD for line in _lines(log))
        excused = reply is None or reply.status != 200 or loud != self.loud or bool(self.machine.page.offset)
        self.loud = loud
        told: list[dict[str, Any]] = []
        for issuer in self.keys:
            found = self._ask_daemon("GET", "/v1/jobs?limit=1000", issuer)
            if found is not None and found.status == 200:
                told += found.json["jobs"]
        self._note(told)
        if self.database is None and not self.unrecovered and self.random.random() < BACKED_UP:
            self._back_up()
        self.stalls.look(self.now, self.witness.head, told, excused=excused)

    def _note(self, told: list[dict[str, Any]]) -> None:
        by_id = {job.id: job for job in self.jobs if job.id is not None}
        for each in told:
            if each["id"] in by_id:
                by_id[each["id"]].end = each
            if each["state"] == FINAL:
                self.finals[each["id"]] = (each["issuer"], bytes.fromhex(each["batch"]["root"][2:]))

    def _observe(self) -> None:
        """Somebody asks for a credential, by one of the doors."""
        if not self.jobs:
            return
        job = self.random.choice(self.jobs)
        digest, document = self.random.choice(list(zip(job.digests, job.documents, strict=True)))
        door = self.random.choice((self._look_up, self._look_up, self._ask_absence, self._ask_verdict))
        door(job.issuer, digest, document)

    def _lag(self) -> int:
        """By how many blocks an answer may be behind now, by the settings and what is wrong with the endpoint."""
        recent = [lag for at, lag in self.lags if self.now - at < 60.0]
        active = [lasting.lag for lasting in self.lasting]
        return int(self.plan.settings.get("index_lag", 20)) + max([0, *recent, *active])

    def _claim(self, kind: str, issuer: int, digest: bytes, by: str, batch: Batch | None = None) -> None:
        self.claims.append(Claim(kind, issuer, digest, self.now, self.now, self._lag(), by, batch))

    def _look_up(self, issuer: int, digest: bytes, document: bytes) -> None:
        reply = self._ask_service("GET", f"/v1/credentials/{digest.hex()}?issuer={issuer}")
        if reply is None or reply.status != 200 or "warning" in reply.json["asOf"]:
            return
        for anchor in reply.json["anchors"]:
            inclusion, status = anchor["receipt"]["inclusion"], anchor["status"]
            if not status["revoked"] and not status["suspended"]:
                batch = (issuer, bytes.fromhex(inclusion["root"][2:]))
                self._claim("standing", issuer, digest, "a lookup", batch)

    def _ask_absence(self, issuer: int, digest: bytes, document: bytes) -> None:
        reply = self._ask_service("GET", f"/v1/credentials/{digest.hex()}/absence?issuer={issuer}")
        if reply is None or reply.status != 200 or "warning" in reply.json["asOf"]:
            return
        if reply.json["outcome"] == "absent":
            self._claim("absent", issuer, digest, "a proof of absence")

    def _ask_verdict(self, issuer: int, digest: bytes, document: bytes) -> None:
        reply = self._ask_service("POST", f"/v1/verify?trust={issuer}", document)
        if reply is None or reply.status != 200:
            return
        verdict = reply.json
        codes = {check["name"]: check["code"] for check in verdict["checks"]}
        if verdict["overall"] in ("valid", "valid with a warning") and codes.get("status") == "in-force":
            batch = (int(verdict["issuer"]), bytes.fromhex(verdict["root"][2:]))
            self._claim("standing", issuer, digest, "a verdict", batch)

    # The end

    def _settle(self) -> None:
        """All faults are lifted, everybody repeats what was not answered, and everything has to come to its end."""
        for each in list(self.lasting):
            self._lift(each)
        for proxy in self.proxies:
            proxy.clear()
            if not self.plan.has_finalized:
                endpoint.without_finalized(proxy)
        self.no_blocks_until = 0.0
        self.witness.ask("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
        self._quiet(4)
        if self.maintained_until is not None:
            self.maintained_until = self.now
        wait = float(self.plan.settings.get("queue_seconds", 3600.0))
        most = SETTLING_BLOCKS + 4 * self.plan.epoch
        for round_ in range(most):
            self._repeat_what_was_not_answered()
            self._look_at_health()
            if round_ == 8 and not self._is_maintained():
                self._do_maintenance(Event(0, "maintenance", 10_000.0, 0, 0))
            if self.maintained_until is not None and not self.commands:
                if not self._is_maintained():
                    self._work()
                else:
                    self.maintained_until = self.now
            ready = self._ask_service("GET", "/readyz")
            is_ready = ready is not None and ready.status == 200
            if round_ > 8 and is_ready and self.maintained_until is None and self._all_settled():
                break
            # A queue that is not full is sealed by its age alone.
            only_queues = round_ > 8 and all(job.is_open or self._is_settled(job) for job in self.jobs)
            seconds = min(wait, LONGEST_BLOCK_SECONDS) if only_queues and wait > 0 else 6.0
            self._quiet(1, seconds)
            wait -= seconds
        if self.unrecovered:
            self._blame("lost", "`testamur recover` does not come to its end")
        if not is_ready:
            self._blame("silent stall", f"the service does not get ready: {ready}")
        for job in self.jobs:
            self._fetch_receipts(job)
        self.witness.look(self.now)

    def _repeat_what_was_not_answered(self) -> None:
        for job in self.jobs:
            if job.source == "http" and not job.is_promised and not job.is_given_up:
                self._send(job)
        for order in self.orders:
            if not order.is_taken:
                self._order(order)

    def _is_maintained(self) -> bool:
        return not self.acting and not self._unanchored() and not self.unrecovered

    def _unanchored(self) -> bool:
        return any(job.source == "command" and not job.is_promised and not job.is_given_up for job in self.jobs)

    def _quiet(self, blocks: int, seconds: float = 6.0) -> None:
        for _ in range(blocks):
            left = seconds
            while left > 0:
                step = min(max(STEP_SECONDS, seconds / 10), left)
                self._step(step)
                left -= step
            self._block()

    def _all_settled(self) -> bool:
        return all(map(self._is_settled, self.jobs))

    def _is_settled(self, job: Job) -> bool:
        if job.source == "command" or (job.source == "queue" and not job.is_promised):
            return True
        return job.state in (FINAL, PARKED, UNCHANGED, CANCELLED)

    def _fetch_receipts(self, job: Job) -> None:
        if job.source == "command":
            self._fetch_by_command(job)
        elif job.id is not None:
            reply = self._ask_daemon(
                "GET", f"/v1/jobs/{job.id}/receipts", job.issuer, headers={"Accept": "application/x-ndjson"}
            )
            if reply is not None and reply.status == 200:
                job.receipts = [json.loads(line) for line in reply.body.splitlines()]

    def _fetch_by_command(self, job: Job) -> None:
        """Where its credentials are: by the lookup service, since a command's batch has no job."""
        job.receipts = []
        for digest in job.digests:
            reply = self._ask_service("GET", f"/v1/credentials/{digest.hex()}?issuer={job.issuer}")
            if reply is not None and reply.status == 200:
                job.receipts += [anchor["receipt"] for anchor in reply.json["anchors"] if "receipt" in anchor]
            elif job.is_promised:
                told = None if reply is None else (reply.status, reply.body[:300])
                self._blame("lost", f"{job}: no answer of the service about {digest.hex()}: {told}")
        if job.is_promised:
            job.end = {"state": FINAL}


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


def _url(process: Process) -> str | None:
    """Where it listens, once it does."""
    told = process.json()
    return None if not isinstance(told, dict) else told.get("url")


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []


def _level(line: str) -> str:
    try:
        told = json.loads(line)
    except ValueError:
        return ""
    return str(told.get("level")) if isinstance(told, dict) else ""
