"""The drop folder: a file that is put into `<folder>/<issuer's number>/` becomes a job, once."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from anchor.books.jobs import JobStore
from anchor.intake.desk import Desk
from anchor.intake.inbox import SPOOL_PREFIX, Clerk, Inbox, Watched, trouble_of
from anchor.intake.openfolder import OpenFolder
from anchor.notices.notices import Notices
from anchor.notices.troubles import Cause, Trouble, Troubles
from registry.errors import IntakeError

QUIET_SECONDS: Final = 60.0
# No file takes as long to be taken in: what is left after that is of a process that was killed.
SPOOL_SECONDS: Final = 86_400.0
_ISSUER = re.compile(r"[1-9][0-9]{0,17}")


class DropFolder:
    """Turns files into jobs; call `look` again and again, in a thread of its own.

    Who may write into an issuer's folder may send jobs for that issuer, and for nobody else: no link is followed, and
    nothing leaves the folder but as a job. Whatever is wrong with it, the other issuers' folders are looked at.

    A file is taken when nothing of it has changed for `quiet_seconds`, by the clock of this process; at once when it
    was seen under a name of an unfinished file before: then whoever wrote it says that it is whole.

    One that is stored as a job goes to `done/` with a `<name>.job.json` beside it; one that is refused goes to
    `failed/` with a `<name>.reason.json`. Should the process end in between, the next look finds the job by its
    idempotency key and only moves the file. After as long again it is read once more where it is now, because its
    writer may have gone on.

    Args:
        spool: a folder for a file's bytes while they are digested.
        troubles: told what of it does not go on.
    """

    def __init__(
        self,
        path: Path,
        desk: Desk,
        jobs: JobStore,
        notices: Notices | None = None,
        *,
        spool: Path,
        quiet_seconds: float = QUIET_SECONDS,
        troubles: Troubles | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._path = path
        self._troubles = troubles or Troubles()
        self._clerk = Clerk(desk, jobs, notices or Notices(), spool, quiet_seconds, clock, Watched())
        self._inboxes: dict[int, Inbox] = {}
        self._told: dict[int | None, str] = {}
        _remove_old(spool)

    def look(self) -> int:
        """Take in every file that is due; how many became jobs or were refused."""
        found: dict[int | None, Trouble] = {}
        taken = 0
        try:
            with OpenFolder.at(self._path) as root:
                for number in [int(name) for name in root.names() if _ISSUER.fullmatch(name)]:
                    self._inboxes.setdefault(number, Inbox(number, self._clerk))
                for number, inbox in sorted(self._inboxes.items()):
                    taken += self._looked(root, number, inbox, found)
        except IntakeError as error:
            found[None] = Trouble(error.code, str(error), "the drop folder cannot be read", Cause.MACHINE)
        self._tell(found)
        self._troubles.found("drop folder", found)
        return taken

    def close(self) -> None:
        """Look once more at what was taken, and let go of what is open."""
        with suppress(IntakeError), OpenFolder.at(self._path) as root:
            for number, inbox in self._inboxes.items():
                with suppress(IntakeError, FileNotFoundError), root.folder(str(number)) as folder:
                    inbox.compare(folder, until=float("inf"))
        self._clerk.watched.keep(set())

    def _looked(self, root: OpenFolder, number: int, inbox: Inbox, found: dict[int | None, Trouble]) -> int:
        try:
            with root.folder(str(number)) as folder:
                taken, trouble = inbox.look(folder)
        except FileNotFoundError:
            why = "its folder is not there any more"
            taken, trouble = 0, Trouble(code="missing", why=why, said=why)
        except Exception as error:
            taken, trouble = 0, trouble_of(error)
        if trouble is not None:
            found[number] = trouble
        return taken

    def _tell(self, found: dict[int | None, Trouble]) -> None:
        """Once, as long as it stays the same."""
        for issuer, trouble in found.items():
            if self._told.get(issuer) != trouble.why:
                self._clerk.notices.tell("drop-folder", issuer=issuer, code=trouble.code, why=trouble.why)
        self._told = {issuer: trouble.why for issuer, trouble in found.items()}


def _remove_old(spool: Path) -> None:
    for path in spool.glob(f"{SPOOL_PREFIX}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > SPOOL_SECONDS:
                shutil.rmtree(path)
