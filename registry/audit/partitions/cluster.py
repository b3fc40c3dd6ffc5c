"""The units of an audit on a cluster that exists: Dask's scheduler and workers, on this machine or on many.

The workers run the same program and read the same storage. Dask hands functions and values over by pickle: whoever may
speak to a scheduler runs code in its workers, and a worker runs code in whoever asks. `docs/how-to/audit.md` says what
that means for the network.
"""

from __future__ import annotations

import logging
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import cache, partial
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from registry.audit.partitions.units import Outcome, Unit, check_unit_at, lost
from registry.errors import SettingsError
from registry.extras import needs
from registry.trees.store import TreeStore
from registry.untrusted.text import LONGEST, terminal_text

T = TypeVar("T")

REACHED_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 30.0
"""How long a cluster may be without an answer or without any worker before what is left is not checked."""
_LOOK_SECONDS: Final = 1.0
_ANSWER_SECONDS: Final = 5.0
# What decides what a unit comes to.
_DECIDING: Final = (
    *("registry.merkle.pieces", "registry.merkle.treefile", "registry.merkle.treebytes", "registry.merkle.tree"),
    *("registry.trees.folder", "registry.trees.s3", "registry.trees.open"),
    *("registry.audit.partitions.units", "registry.audit.partitions.cluster"),
)


@cache
def program() -> str:
    """Which program this process runs: its version, and a digest of what decides what a unit comes to."""
    try:
        number = version("testamur")
    except PackageNotFoundError:
        number = "…"
    digest = sha256()
    for name in _DECIDING:
        loader: Any = getattr(find_spec(name), "loader", None)
        digest.update((loader.get_source(name) if loader is not None else None or "").encode())
    return f"testamur {number} ({digest.hexdigest()[:12]})"


def answer(asked: bytes) -> tuple[Outcome, ...]:
    """What a worker does with a unit: nothing, where it runs another program than whoever asks.

    Args:
        asked: pickled, so that Dask looks into none of it: the asker's program, the place of the trees, the unit.
    """
    theirs, place, unit = pickle.loads(asked)  # noqa: S301 - the scheduler is trusted with code, see above
    if theirs != program():
        return lost(unit, f"a worker runs {program()}, and not {theirs}")
    return check_unit_at(place, unit)


class Cluster:
    """Units are done by the workers of a Dask scheduler. A context manager, which connects.

    A unit whose worker dies is begun anew by another one; Dask gives it up when three died over it.

    Args:
        address: `tcp://host:port` or `tls://host:port`; certificates come from Dask's own configuration.
        patience_seconds: how long there may be no worker at all.
    """

    is_elsewhere = True

    def __init__(self, address: str, *, patience_seconds: float = PATIENCE_SECONDS):
        self._address = address
        self._patience_seconds = patience_seconds
        self._client: Any = None

    def __enter__(self) -> Self:
        """Connect, and look who is there.

        Raises:
            SettingsError: the scheduler cannot be reached, has no worker, or one with another program (code
                `engine-unreachable`, `engine-empty` or `engine-program`); or Dask is not installed (`extra-missing`).
        """
        with needs("engines"):
            from distributed import Client
        # What happens to workers is told as the reasons of what was not checked.
        for name in ("distributed", "distributed.client", "distributed.scheduler", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        try:
            make: Any = Client
            connected = partial(make, self._address, timeout=REACHED_SECONDS, set_as_default=False)
            self._client = _within(2 * REACHED_SECONDS, connected)
            self._refuse_others(self._client)
        except (OSError, ValueError, RuntimeError) as error:
            self._close()
            if isinstance(error, SettingsError):
                raise
            raise self._unreachable(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def outcomes(self, trees: TreeStore, place: str, units: Iterable[Unit]) -> Iterator[tuple[Outcome, ...]]:  # noqa: ARG002 - as `Engine`
        """As in `Engine`."""
        if (client := self._client) is None:
            raise ValueError("the cluster is not connected")
        asked = [(unit, pickle.dumps((program(), place, unit))) for unit in units]
        waiting = deque((unit, client.submit(answer, each, pure=False)) for unit, each in asked)
        try:
            while waiting:
                unit, future = waiting.popleft()
                found = self._result(client, future)
                if found is None:
                    waiting.appendleft((unit, future))
                    break
                yield found if isinstance(found, tuple) else lost(unit, found)
            for unit, _ in waiting:
                yield lost(unit, "the cluster does not answer, or no worker is left to check it")
        finally:
            # What nobody waits for is not done. This asks nobody for an answer: the scheduler may give none.
            for _, future in waiting:
                future.release()

    def _result(self, client: Any, future: Any) -> tuple[Outcome, ...] | str | None:
        """What a unit came to, or why it was not done; None where nobody is left to do it."""
        alone_since: float | None = None
        while alone_since is None or monotonic() - alone_since < self._patience_seconds:
            try:
                found: tuple[Outcome, ...] = future.result(timeout=_LOOK_SECONDS)
                return found
            except TimeoutError:
                alone_since = None if _has_workers(client) else alone_since or monotonic()
            except Exception as error:
                return f"the cluster did not check it: {_short(error)}"
        return None

    def _refuse_others(self, client: Any) -> None:
        found: dict[str, Any] = client.run(program, on_error="return", callback_timeout=REACHED_SECONDS)
        if not found:
            raise SettingsError(
                "the scheduler has no worker",
                where=self._address,
                remedy="Start some: `dask worker HOST:PORT`, with testamur installed beside it.",
                code="engine-empty",
            )
        for worker, theirs in found.items():
            if theirs != program():
                runs = theirs if isinstance(theirs, str) else f"no testamur that answers ({_short(theirs)})"
                raise SettingsError(
                    f"the worker runs {terminal_text(runs, LONGEST)}, and not {program()}",
                    where=worker,
                    remedy="Install the same testamur on every worker, or leave this one out.",
                    code="engine-program",
                )

    def _unreachable(self, error: Exception) -> SettingsError:
        return SettingsError(
            f"the scheduler cannot be reached: {_short(error)}",
            where=self._address,
            remedy="Check that it runs (`dask scheduler`) and that this is its address, or audit with --engine local.",
            code="engine-unreachable",
        )

    def _close(self) -> None:
        if self._client is not None:
            with suppress(TimeoutError):
                self._client.close(timeout=_ANSWER_SECONDS)
            self._client = None


def _within(seconds: float, work: Callable[[], T]) -> T:
    """What some work comes to, if it does in time: Dask waits for ever for a scheduler that takes a call and is silent.

    Raises:
        TimeoutError: it does not; the work goes on in a thread that ends with the process.
    """
    done: Future[T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    Thread(target=run, daemon=True).start()
    return done.result(seconds)


def _has_workers(client: Any) -> bool:
    """Whether the scheduler answers, and has any."""
    if client.status != "running":
        return False
    try:
        return bool(client.sync(client.scheduler.identity, n_workers=-1, callback_timeout=_ANSWER_SECONDS)["workers"])
    except (OSError, TimeoutError):
        return False


def _short(error: object) -> str:
    """What somebody else's library says, in one line."""
    text = str(error).partition("\n")[0] or type(error).__name__
    return terminal_text(text, LONGEST)
