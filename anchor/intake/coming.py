"""The jobs that come in at this process: it says of them now and then that they still do, and knows which do not."""

from __future__ import annotations

import threading
from typing import Final

from anchor.books.jobs import Job, JobStore
from anchor.processes import has_ended, this_process
from registry.database.engine import DatabaseError

HEARD_SECONDS: Final = 10.0
SILENT_SECONDS: Final = 45.0
"""What was not heard of for so long does not come in any more: its process has ended, or its machine."""

# All that comes in at this process, whoever takes it in: there may be several databases, and several desks at one.
_everywhere: set[tuple[str, str]] = set()


class ComingIn:
    """Jobs while they come in here. Any thread may use it.

    Args:
        name: of the process, as `anchor.processes.this_process` gives it.
        seconds: between two times that the database is told.
    """

    def __init__(self, jobs: JobStore, *, name: str | None = None, seconds: float = HEARD_SECONDS):
        self._jobs = jobs
        self._seconds = seconds
        self._numbers: set[str] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self.name = name or this_process()

    def add(self, number: str) -> None:
        """It begins to come in."""
        with self._changed:
            self._numbers.add(number)
            _everywhere.add((self.name, number))
            if self._thread is None:
                self._thread = threading.Thread(target=self._tell, name="jobs that come in", daemon=True)
                self._thread.start()

    def remove(self, number: str) -> None:
        """It is stored, or will never be."""
        with self._changed:
            self._numbers.discard(number)
            _everywhere.discard((self.name, number))
            self._changed.notify()

    def is_lost(self, job: Job) -> bool:
        """Whether it is known that a job that is said to come in does not."""
        if job.receiver == self.name:
            return (self.name, job.id) not in _everywhere
        return job.receiver is not None and has_ended(job.receiver)

    def _tell(self) -> None:
        while True:
            with self._changed:
                if not self._numbers:
                    self._thread = None
                    return
                self._changed.wait_for(lambda: not self._numbers, self._seconds)
                still = sorted(self._numbers)
            if still:
                try:
                    self._jobs.heard(still)
                except DatabaseError:
                    # Whoever finishes the job meets the same. That others take it for lost meanwhile does no harm.
                    continue
