"""`--queue` of `testamur revoke`, `suspend`, `reinstate` and `void`: the daemon changes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from anchor.acts.places import meant
from anchor.acts.statuses import WITHOUT_ANCHOR
from anchor.books.status_jobs import NewStatusJob
from anchor.cli.console import bold
from anchor.cli.jobs import Queue, only_party, opened_queue
from anchor.cli.session import Session
from anchor.cli.targets import Meant, Saying
from anchor.intake.statuses import LONGEST_NOTE, StatusDesk
from anchor.notices.notices import Notices
from registry.errors import IntakeError, StoreError
from registry.records import Act, Reason
from registry.timestamps import asked_moment


@dataclass(frozen=True, slots=True)
class Queueing:
    """The options by which a change is given to the daemon, and how it wants it."""

    queue: Annotated[bool, typer.Option("--queue", help="Store it for the daemon, which changes it.")] = False
    urgent: Annotated[bool, typer.Option("--urgent", help="With --queue: before all that is not signed yet.")] = False
    note: Annotated[str, typer.Option("--note", help="With --queue: why, in words that stay in the database.")] = ""
    not_before: Annotated[
        str | None, typer.Option("--not-before", help="With --queue: send nothing before this day or moment.")
    ] = None

    def is_wanted(self, *, dry_run: bool) -> bool:
        """Whether it is for the daemon.

        Raises:
            IntakeError: options are named that do not go together.
        """
        if (self.queue and dry_run) or (not self.queue and (self.urgent or self.note or self.not_before)):
            raise IntakeError(
                "--urgent, --note and --not-before go with --queue, and --dry-run does not",
                remedy="Give the job to the daemon with --queue and without --dry-run, or leave the others out.",
                code="queue",
            )
        return self.queue

    def job(
        self, issuer: int, act: Act, reason: Reason, digests: tuple[bytes, ...], root: bytes | None
    ) -> NewStatusJob:
        """The job that is asked for.

        Raises:
            IntakeError: the note is too long.
            SettingsError: the moment is none.
        """
        if len(self.note) > LONGEST_NOTE:
            raise IntakeError(
                f"the note is longer than {LONGEST_NOTE:,} characters", remedy="Shorten it.", code="parameter"
            )
        moment = None if self.not_before is None else asked_moment(self.not_before, "--not-before").timestamp()
        return NewStatusJob(
            issuer, act, reason.word, "command", digests, root, note=self.note, urgent=self.urgent, not_before=moment
        )


def queue_change(
    session: Session,
    which: Meant,
    saying: Saying,
    act: Act,
    reason: Reason,
    queued: Queueing,
    confirm: Callable[[str], None],
) -> None:
    """Store a job about credentials.

    Args:
        confirm: has a person say that what cannot be undone is meant.
    """
    found = which.found(session.settings)
    with opened_queue(session) as queue:
        issuer = _issuer(queue)
        wanted = [digest for target in found for digest in target.digests]
        known = set(wanted).difference(queue.statuses.unknown(issuer, wanted))
        missing = [target for target in found if known.isdisjoint(target.digests)]
        if missing and not saying.without_anchor:
            raise StoreError(
                f"{len(missing):,} of {len(found):,} are in no batch of issuer {issuer} here, and in no job that waits "
                "for one; nothing was queued",
                where=missing[0].named,
                remedy="Check the issuer, and that the file is exactly the one that was anchored."
                + ("" if saying.place_only else f" {WITHOUT_ANCHOR}"),
                code="not-anchored",
            )
        unseen = (target.digests[0] for target in missing)
        digests = tuple(dict.fromkeys([*meant(found, known, everything=which.everything), *unseen]))
        if act is Act.REVOKE:
            confirm(f"{len(digests):,} will be revoked for good ({reason.word}). Go on?")
        new = queued.job(issuer, act, reason, digests, None)
        _store(session, queue, replace(new, place_only=saying.place_only, without_anchor=saying.without_anchor))


def queue_voiding(
    session: Session, root: bytes, reason: Reason, queued: Queueing, confirm: Callable[[str], None]
) -> None:
    """Store a job to void a batch."""
    with opened_queue(session) as queue:
        confirm(f"The whole batch 0x{root.hex()} will be revoked for good ({reason.word}). Go on?")
        _store(session, queue, queued.job(_issuer(queue), Act.VOID, reason, (), root))


def _issuer(queue: Queue) -> int:
    named = queue.workspace.settings.issuer
    return named if named is not None else only_party(queue)


def _store(session: Session, queue: Queue, new: NewStatusJob) -> None:
    job, _ = StatusDesk(queue.statuses, queue.batches, Notices()).take(new)
    session.result(queue.status_views.of(job).content())
    session.say("Job ", bold(job.id), f" is stored, to {job.act.word} ({job.reason}).")
    session.say(f"See: testamur jobs show {job.id}")
