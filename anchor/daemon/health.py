"""How the daemon is: alive when its loops come round, ready when it can take jobs and work on them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from anchor.anchoring.loop_state import Status
from anchor.notices.troubles import Cause, Standing
from registry.database.engine import Engine, silence
from registry.errors import public_sentence

MOST_TROUBLES: Final = 20


class State(StrEnum):
    """What the process may be used for. STANDBY: it takes jobs in and waits for the lease that another holds."""

    READY = "ready"
    STANDBY = "standby"
    NOT_READY = "not-ready"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `why` says what is wrong, or how it is.

    Attributes:
        decides: one that fails makes the whole fail. What is wrong for one issuer does not: nobody may keep the others
            from this process.
    """

    name: str
    ok: bool
    why: str
    decides: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """All checks, and what follows from them."""

    ok: bool
    state: str
    checks: tuple[Check, ...]

    def content(self) -> dict[str, Any]:
        """As JSON: `{"ok", "state", "checks": {name: {"ok", "why"}}}`."""
        checks = {check.name: {"ok": check.ok, "why": check.why} for check in self.checks}
        return {"ok": self.ok, "state": self.state, "checks": checks}


class Health:
    """Answers for `/healthz` and `/readyz`.

    Args:
        statuses: of the loops of this process.
        loop_timeout: seconds after which a loop that has not come round counts as dead.
        intake: why no job can be taken in, or None when one can; None in a process without intake.
        workers: how the processes are that take jobs in, where that is not this one.
    """

    def __init__(
        self,
        engine: Engine,
        statuses: Sequence[Status],
        *,
        loop_timeout: float,
        intake: Callable[[], str | None] | None = None,
        workers: Callable[[], Check] | None = None,
        clock: Callable[[], float] = time.time,
    ):
        self._engine = engine
        self._statuses = statuses
        self._timeout = loop_timeout
        self._intake = intake
        self._workers = workers
        self._clock = clock

    def alive(self) -> Answer:
        """Whether every loop comes round. Whoever waits for a lease, or for a chain that is away, is alive."""
        checks = (*map(self._loop, self._statuses), *self._taking())
        ok = all(check.ok for check in checks)
        return Answer(ok, "alive" if ok else "dead", checks)

    def ready(self) -> Answer:
        """Whether jobs can be taken in and worked on here."""
        looks = (self._loop, self._chain, self._batches, self._records)
        each = (check(status) for check in looks for status in self._statuses)
        checks = [self._database(), *each, *self._taking()]
        if self._intake is not None:
            refused = self._intake()
            checks.append(Check("intake", refused is None, refused or "takes jobs"))
        for status in self._statuses:
            checks += self._troubles(status)
        if not all(check.ok for check in checks if check.decides):
            return Answer(False, State.NOT_READY, tuple(checks))
        is_standby = bool(self._statuses) and not any(status.lease_held for status in self._statuses)
        return Answer(True, State.STANDBY if is_standby else State.READY, tuple(checks))

    def _taking(self) -> tuple[Check, ...]:
        return () if self._workers is None else (self._workers(),)

    def _loop(self, status: Status) -> Check:
        name = f"loop {status.account}"
        if status.stopped is not None:
            return Check(name, False, f"stopped for good: {_trouble('finality-violated')}")
        silent = self._clock() - (status.ticked_at or status.started_at)
        if silent >= self._timeout:
            return Check(name, False, f"has not come round for {silent:.0f} s")
        return Check(name, True, "starting" if status.ticked_at is None else f"came round {max(0, silent):.0f} s ago")

    def _chain(self, status: Status) -> Check:
        name = f"chain {status.account}"
        if status.ticked_at is None:
            return Check(name, False, "the loop has not come round yet")
        if not status.lease_held and status.trouble is None:
            silence = status.holder_silence or 0.0
            if silence >= self._timeout:
                return Check(name, False, f"the process that holds the lease has given no sign for {silence:.0f} s")
            return Check(name, True, "another process holds the lease and looks at the chain")
        silent = self._clock() - (status.succeeded_at or status.started_at)
        if status.head is None or status.succeeded_at is None or silent >= self._timeout:
            # The code alone: what the endpoint said is in the log, and anybody who reaches this port may ask.
            why = "no round has come to its end" if status.trouble is None else _trouble(status.trouble[0])
            return Check(name, False, f"no good answer for {max(0, silent):.0f} s; {why}")
        if status.head_is_stale:
            return Check(name, False, f"block {status.head} is old: the endpoint does not follow its chain")
        lately = "" if status.trouble is None else f"; the last round failed: {_trouble(status.trouble[0])}"
        return Check(name, True, f"block {status.head}, final {status.final}{lately}")

    def _batches(self, status: Status) -> Check:
        name, failing = f"batches {status.account}", status.failing
        if not failing:
            return Check(name, True, "all go on")
        code, since = min(failing.values(), key=lambda one: one[1])
        silent = self._clock() - since
        why = f"{len(failing)} cannot go on, one for {max(0, silent):.0f} s; {_trouble(code)}"
        return Check(name, silent < self._timeout, why)

    @staticmethod
    def _records(status: Status) -> Check:
        name = f"records {status.account}"
        if status.behind is not None:
            return Check(name, False, f"{_trouble('database-behind')}: run `testamur recover`")
        return Check(name, True, "nothing is known to be missing in the database")

    def _troubles(self, status: Status) -> list[Check]:
        """What does not go on: of many issuers, the first; what decides, before the rest."""
        checks = sorted(map(self._standing, status.troubles.all()), key=lambda check: not check.decides)
        more = len(checks) - MOST_TROUBLES
        return [*checks[:MOST_TROUBLES], *([Check("more", False, f"{more:,} more", decides=False)] if more > 0 else [])]

    def _standing(self, found: Standing) -> Check:
        """One issuer's trouble is the others' no more than an endpoint's that does not last."""
        trouble = found.trouble
        lasts = self._clock() - found.since >= self._timeout
        decides = trouble.cause is Cause.MACHINE or (trouble.cause is Cause.CHAIN and lasts)
        name = found.place if found.issuer is None else f"{found.place} of issuer {found.issuer}"
        return Check(name, False, f"{trouble.code}: {trouble.said}", decides)

    def _database(self) -> Check:
        why = silence(self._engine)
        return Check("database", why is None, "answers" if why is None else f"does not answer ({why})")


def _trouble(code: str) -> str:
    return f"{code}: {public_sentence(code, 'a round failed')}"
