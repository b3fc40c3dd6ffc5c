"""What breaks: endpoints, the chain, and the machine."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from tests.faults.composed import endpoint
from tests.faults.composed.judge import CANCELLED, PARKED
from tests.faults.composed.people import Working
from tests.faults.composed.place import RESTART_SECONDS, Kept, Lasting, url_of
from tests.faults.composed.plan import GWEI, Event

BACKED_UP: Final = 0.3
FULL_BYTES: Final = 4096
CLOCK_STEP: Final = 3600.0
DATABASE_NAME: Final = "testamur.db"


@dataclass
class Breaking(Working):
    """A place where things break, and where whoever is careful makes backups."""

    def _look_at_health(self) -> None:
        super()._look_at_health()
        if self.database is None and not self.unrecovered and self.random.random() < BACKED_UP:
            self._back_up()

    def _endpoint_fault(self, event: Event) -> None:
        proxy = self.proxies[int(event.choice * len(self.proxies))]
        random = Random(f"{self.plan.seed} {event.at}")
        rule = endpoint.begin(event.kind, proxy, random, event.size, self.plan.kept)
        lag = endpoint.lag_of(event.kind, event.size) if event.kind == "heads lag" else 0
        self.lasting.append(Lasting(event.kind, self.now + event.seconds, rule.cancel, lag))

    def _do_reorganisation(self, event: Event) -> bool:
        final = int(self.witness.ask("eth_getBlockByNumber", "finalized", False)["number"], 16)
        most = self.witness.head - max(final + 1, self.deployed_in)
        depth = min(1 + int(event.size * 2 * self.plan.epoch), most)
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

    def _do_second_daemon(self, event: Event) -> bool:
        if len(self.daemons) != 1:
            return False
        self._start_daemon()
        second = self.daemons[-1]

        def end() -> None:
            if second in self.daemons and len(self.daemons) > 1 and not second.is_stopped and url_of(second):
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
        self._set_clock_ahead(seconds)
        self.lasting.append(Lasting(event.kind, self.now + event.seconds, lambda: self._set_clock_ahead(0.0)))
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
        kept = self.kept
        for job in [job for job in self.jobs if job.is_promised and all(job is not each for each in kept.jobs)]:
            job.is_given_up = job.state in (CANCELLED, PARKED)
            job.id, job.end, job.is_promised, job.receipts = None, None, False, []
            # Nobody knows any more that it was in the queue: it is anchored by the person who put it there.
            job.source = "command" if job.source == "queue" else job.source
        # They may be done or not, and will be asked for again: then each counts once more, after what came in between.
        for order in self.orders:
            if order.is_taken and all(order is not each for each in kept.orders):
                order.is_taken = order.has_ended = False
        self.unrecovered = True
        if event.choice < 0.5:
            # Whoever does not know that it is an old one starts the daemon at once.
            self.daemon_due = self.now
            return True
        self.maintained_until = self.now + 600.0
        self._work()
        return True

    def _database_file(self, suffix: str = "") -> Path:
        return self.folder / "data" / f"{DATABASE_NAME}{suffix}"

    def _back_up(self) -> None:
        path = self.folder / "backup.db"
        try:
            with closing(sqlite3.connect(self._database_file())) as live, closing(sqlite3.connect(path)) as copy:
                live.backup(copy)
        except sqlite3.Error:
            return
        promised, taken = [job for job in self.jobs if job.is_promised], [each for each in self.orders if each.is_taken]
        self.kept = Kept(path, promised, taken)
