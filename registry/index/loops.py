"""The loops that fill the index beside the server, or alone: the indexer, and the loaders of trees and documents."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from registry.chain.rpc.ahead import ReaderState
from registry.errors import RegistryError
from registry.index.documents import DocumentLoader
from registry.index.indexer import Indexer
from registry.index.loader import TreeLoader

ENDS_SECONDS: Final = 30.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `why` says what is wrong, or how it is."""

    name: str
    ok: bool
    why: str


class Loops:
    """Runs all until told to stop. One that ends by itself is not started again: it says why in `checks`.

    Args:
        seconds: pause between two looks at a chain with nothing new.
        ended: told when a loop ended by itself.
        documents: takes partnerships and statements in; default: nobody does.
    """

    def __init__(
        self,
        indexer: Indexer,
        loader: TreeLoader,
        seconds: float,
        *,
        ended: Callable[[BaseException], None] = lambda _error: None,
        documents: DocumentLoader | None = None,
    ):
        self._indexer = indexer
        self._stop = threading.Event()
        self._errors: dict[str, BaseException] = {}
        self._ended = ended
        running = [("indexer", indexer.run), ("loader", loader.run)]
        if documents is not None:
            running.append(("documents", documents.run))
        self._threads = [
            threading.Thread(target=self._run, args=(name, run, seconds), name=name, daemon=True)
            for name, run in running
        ]

    def start(self) -> None:
        """Start them."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Have all end after what they are at, and wait for that."""
        self._stop.set()
        end = time.monotonic() + ENDS_SECONDS
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, end - time.monotonic()))

    def reading(self) -> list[ReaderState]:
        """How each endpoint is read from, far below the head; empty while nothing is read ahead."""
        return self._indexer.reading()

    def checks(self) -> list[Check]:
        """Whether each goes on."""
        return [self._check(thread) for thread in self._threads]

    def _check(self, thread: threading.Thread) -> Check:
        error = self._errors.get(thread.name)
        if error is not None:
            # What it was exactly has gone to the log: anybody may ask for this.
            why = f"{error.code}: {error.public.what}" if isinstance(error, RegistryError) else type(error).__name__
            return Check(thread.name, False, f"stopped for good: {why}")
        return Check(thread.name, thread.is_alive(), "runs" if thread.is_alive() else "does not run")

    def _run(self, name: str, run: Callable[[threading.Event, float], None], seconds: float) -> None:
        try:
            run(self._stop, seconds)
        except BaseException as error:
            self._errors[name] = error
            _log.critical("the %s has stopped: %s", name, error, exc_info=not isinstance(error, RegistryError))
            self._ended(error)
