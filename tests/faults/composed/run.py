"""One run of a plan: events in their order, an end at which all is settled, and the judgement."""

from __future__ import annotations

import signal
import time
from collections import Counter
from dataclasses import dataclass
from typing import Final

from tests.faults.composed import endpoint
from tests.faults.composed.breaking import Breaking
from tests.faults.composed.judge import CANCELLED, FINAL, PARKED, UNCHANGED, Job, Judgement, judge
from tests.faults.composed.plan import ENDPOINT, GWEI, Event, Plan

STEP_SECONDS: Final = 4.0
LOOK_SECONDS: Final = 20.0
# After the last fault everything has to be settled within so many blocks, beside those that finality takes.
SETTLING_BLOCKS: Final = 120
# Where only so many transactions may be under way, each takes so long from being sent to making room.
TURN_BLOCKS: Final = 4
LONGEST_BLOCK_SECONDS: Final = 300.0


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


@dataclass
class Run(Breaking):
    """A run while it goes on."""

    def go(self) -> Outcome:
        """Set up, play the plan, lift all faults, settle, judge."""
        begun = time.monotonic()
        with self.opened():
            self._play()
            self._settle()
            judgement = judge(self.witness, self.jobs, self.acts, self.claims, self.finals)
        judgement.faults += self.faults + self.stalls.faults
        return Outcome(self.plan, self.happened, judgement, self.witness.head, time.monotonic() - begun)

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

    def _happens(self, event: Event) -> None:
        if event.kind in ENDPOINT:
            self._endpoint_fault(event)
        else:
            name = event.kind.replace(" ", "_").replace("-", "_")
            if not getattr(self, f"_do_{name}")(event):
                return
        self.happened[event.kind] += 1

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
        left = sum(not self._is_settled(job) for job in self.jobs) + sum(not order.has_ended for order in self.orders)
        most = SETTLING_BLOCKS + 4 * self.plan.epoch + TURN_BLOCKS * left // self.at_once
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
                for order in self.orders:
                    if not order.has_ended:
                        self._look_at(order)
                if all(order.has_ended for order in self.orders):
                    break
            # A queue that is not full is sealed by its age alone.
            only_queues = round_ > 8 and all(job.is_open or self._is_settled(job) for job in self.jobs)
            seconds = min(wait, LONGEST_BLOCK_SECONDS) if only_queues and wait > 0 else 6.0
            self._quiet(1, seconds)
            wait -= seconds
        if not is_ready or not self._all_settled():
            # Where each of them hangs is in its log.
            for process in [*self.daemons, *filter(None, [self.service])]:
                process.signal(signal.SIGUSR1)
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
        return job.state in (FINAL, PARKED, UNCHANGED, CANCELLED) or job.waits_for_a_person(self.jobs)
