"""Seals the jobs that wait: one batch a job, or one batch for an issuer's open queue when it is full or old enough."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from anchor.batching.reissue import anchored_in_vain, revoked_for_good
from anchor.batching.selection import contract_selectors, refuse_selector
from anchor.books.batches import BatchStore, Leaf, record
from anchor.books.folder import DataFolder
from anchor.books.jobs import Job, JobStore
from anchor.books.leases import LeaseLost
from anchor.books.on_chain import BEHIND, History, UnknownBatch, UnknownBatches, sealed_without
from anchor.notices.notices import Notices
from anchor.notices.troubles import Cause, Trouble, Troubles
from registry.database.engine import Connection, DatabaseError, is_full
from registry.errors import ChainUnavailable, RegistryError, WrongChain
from registry.verify.freshness import AHEAD_SECONDS

LONGEST_PAUSE_SECONDS: Final = 30.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class QueuePolicy:
    """When an issuer's open queue becomes a batch: at so many credentials, or at so many seconds of its oldest job."""

    credentials: int = 10_000
    seconds: float = 3600.0


class Sealer:
    """Makes batches of jobs; what is in the database decides what is still to be done.

    Args:
        sender: the account that shall anchor them.
        operator: the account whose right to anchor counts; default: the sender.
        history: what the issuers have on chain; without it, only what is in the database is left out.
        troubles: told which issuers' jobs wait, and for what.
        revoked: which digests an issuer has asked to be revoked.
    """

    def __init__(
        self,
        folder: DataFolder,
        jobs: JobStore,
        batches: BatchStore,
        sender: str,
        notices: Notices,
        policy: QueuePolicy,
        *,
        operator: str | None = None,
        history: History | None = None,
        reached: Callable[[str], None] = lambda _: None,
        troubles: Troubles | None = None,
        revoked: Callable[[int, Sequence[bytes]], set[bytes]] = lambda _issuer, _digests: set(),
        clock: Callable[[], float] = time.monotonic,
    ):
        self._troubles = troubles or Troubles()
        self._clock = clock
        self._stuck: dict[str, _Stuck] = {}
        self._history = history
        self._revoked_by_word = revoked
        # By issuer, what its history lacks, or why that is not known: asked for once in a round, and not for each job.
        self._asked: dict[int, Sequence[UnknownBatch] | Exception] = {}
        self._folder = folder
        self._jobs = jobs
        self._batches = batches
        self._sender = sender
        self._operator = operator or sender
        self._notices = notices
        self._policy = policy
        self._reached = reached

    def round(self, allowed: Callable[[int], bool]) -> int:
        """Seal what is due; how many batches that made. What keeps the jobs of one issuer keeps nobody else's.

        Args:
            allowed: whether the account may anchor for an issuer; jobs of others are left to other accounts.

        Raises:
            ChainUnavailable: the chain gives no answer, for whichever issuer it is asked.
            DatabaseError: the database cannot be used.
        """
        sealed = 0
        found: dict[int | None, Trouble] = {}
        unanswered = set[int]()
        self._asked.clear()
        waiting = self._jobs.waiting()
        self._stuck = {job.id: self._stuck[job.id] for job in waiting if job.id in self._stuck}
        try:
            # Who had no trouble comes first: what is tried in vain for the others takes its time.
            for group in sorted(self._due(waiting, time.time()), key=lambda group: group[0].id in self._stuck):
                begun = self._clock()
                try:
                    sealed += self._seal_unless(group, allowed, found)
                except (LeaseLost, WrongChain):
                    raise
                except Exception as error:
                    # One answer that did not come may keep several jobs of an issuer waiting.
                    if isinstance(error, ChainUnavailable) and error.code != BEHIND:
                        unanswered.add(group[0].issuer)
                    if len(unanswered) > 1 or _is_of_the_database(error):
                        raise
                    found[group[0].issuer] = self._put_off(group, error, self._clock() - begun)
        finally:
            self._troubles.found("sealing", found)
        return sealed

    def _due(self, waiting: Sequence[Job], now: float) -> Iterator[list[Job]]:
        yield from ([job] for job in waiting if not job.is_open)
        open_jobs = sorted((job for job in waiting if job.is_open), key=_queue_of)
        for _, group in groupby(open_jobs, key=_queue_of):
            jobs = list(group)
            taken = [job.queued_at or now for job in jobs]
            full = sum(job.credentials for job in jobs) >= self._policy.credentials
            # Taken by a clock that was ahead and is right again: it would wait for so much longer.
            unknown_age = max(taken) > now + AHEAD_SECONDS
            if full or unknown_age or now - min(taken) >= self._policy.seconds:
                yield jobs

    def _seal_unless(
        self, group: Sequence[Job], allowed: Callable[[int], bool], found: dict[int | None, Trouble]
    ) -> int:
        """Seal the jobs, unless it is known why not, which is added to `found`; how many batches that made."""
        first = group[0]
        stuck = self._stuck.get(first.id)
        if stuck is not None and self._clock() < stuck.until:
            found[first.issuer] = stuck.trouble
            return 0
        if not allowed(first.issuer):
            why = f"the account {self._operator} may not anchor for its issuer"
            found[first.issuer] = Trouble(code="no-operator", why=why, said=why)
            self._keep_waiting(group, found[first.issuer])
            return 0
        group = self._without_resting(group)
        if not group:
            return 0
        numbers = [job.id for job in group]
        # Asked before the database is locked. What is anchored again on purpose needs it as well: what was revoked for
        # good stays left out.
        unknown = [] if self._history is None else self._unknown(self._history, first.issuer)
        kept_out = self._revoked(first.issuer, numbers) if first.reissue else set()
        in_vain = self._in_vain(first.issuer, numbers, kept_out, reissue=first.reissue)
        return self._seal(numbers, unknown, kept_out, in_vain)

    def _unknown(self, history: History, issuer: int) -> Sequence[UnknownBatch]:
        """The issuer's batches that the database does not know.

        Raises:
            RegistryError: whether there are is not known.
        """
        if issuer not in self._asked:
            try:
                self._asked[issuer] = history.unknown(issuer)
            except RegistryError as error:
                self._asked[issuer] = error
        found = self._asked[issuer]
        if isinstance(found, Exception):
            raise found
        return found

    def _without_resting(self, group: Sequence[Job]) -> Sequence[Job]:
        """The jobs but for those that have a credential in a batch which is not on chain yet.

        That batch may wait for a person, who may take it back; what was called anchored before by then would be lost.
        """
        first = group[0]
        resting = set() if first.reissue else self._jobs.resting([job.id for job in group], first.issuer)
        if resting:
            why = "some of its credentials are in an earlier batch, which is not on chain yet"
            waiting = Trouble(code="earlier-batch", why=why, said=why)
            self._keep_waiting([job for job in group if job.id in resting], waiting)
        return [job for job in group if job.id not in resting]

    def _put_off(self, group: Sequence[Job], error: Exception, seconds: float) -> Trouble:
        """The jobs wait, with everything in them; what it was is told to whoever looks at them, and to the operator."""
        trouble, first = Trouble.of(error), group[0]
        if trouble.code == "unexpected":
            _log.error("a job cannot be sealed", exc_info=error)
        event = error.code if isinstance(error, UnknownBatches) else "not-sealed"
        self._notices.tell(event, job=first.id, issuer=first.issuer, code=trouble.code, why=trouble.why)
        # A large job is read and hashed for each attempt: a tenth of the time at most goes into what is in vain. What
        # the chain or the set itself is the reason of is asked again in each round, which costs little.
        is_known = isinstance(error, RegistryError) and trouble.cause is not Cause.MACHINE
        pause = 0.0 if is_known else min(LONGEST_PAUSE_SECONDS, 9 * seconds)
        self._stuck[first.id] = _Stuck(trouble, self._clock() + pause)
        with suppress(DatabaseError):
            # A database without room has none for this either.
            self._keep_waiting(group, trouble)
        return trouble

    def _keep_waiting(self, group: Sequence[Job], trouble: Trouble) -> None:
        self._jobs.waits([job.id for job in group], trouble.code, trouble.said)

    def _revoked(self, issuer: int, numbers: Sequence[str]) -> set[bytes]:
        """What of the jobs is revoked for good: that is not anchored again."""
        if self._history is None:
            return set()
        digests = self._jobs.digests(numbers)
        on_chain = revoked_for_good(self._history.contract, self._batches.places_of(digests, issuer))
        return on_chain | self._revoked_by_word(issuer, digests)

    def _in_vain(
        self, issuer: int, numbers: Sequence[str], kept_out: Collection[bytes], *, reissue: bool
    ) -> set[bytes]:
        """What of the jobs would be sealed, and is revoked wherever it is anchored."""
        if self._history is None:
            return set()
        digests = self._jobs.digests(numbers)
        left_out = kept_out if reissue else {each.leaf.digest for each in self._batches.places_of(digests, issuer)}
        return anchored_in_vain(
            self._history.contract, issuer, [digest for digest in digests if digest not in left_out]
        )

    def _seal(
        self,
        numbers: list[str],
        unknown: Sequence[UnknownBatch],
        kept_out: Collection[bytes],
        in_vain: Collection[bytes],
    ) -> int:
        """One batch of these jobs, in one database transaction; the tree file is there before it."""
        with self._jobs.claimed(numbers) as (connection, jobs):
            if not jobs:
                return 0
            chosen, facts = self._chosen(connection, jobs, kept_out, in_vain)
            batch = self._batch(connection, jobs, chosen, unknown) if chosen else None
            for job in jobs:
                self._jobs.sealed(connection, job.id, batch if facts[job.id].in_batch else None, **facts[job.id].counts)
        self._reached("sealed")
        for job in jobs:
            self._notices.tell("job-sealed", job=job.id, issuer=job.issuer, batch=batch, credentials=job.credentials)
        return int(batch is not None)

    def _chosen(
        self, connection: Connection, jobs: list[Job], kept_out: Collection[bytes], in_vain: Collection[bytes]
    ) -> tuple[list[Leaf], dict[str, _Facts]]:
        """The leaves of the batch, each digest once, sorted; and what of each job came twice or is left out."""
        facts = {job.id: _Facts() for job in jobs}
        by_digest: dict[bytes, Leaf] = {}
        for job in jobs:
            credentials = self._jobs.credentials(connection, job.id)
            digests = {leaf.digest for leaf in credentials}
            known = (
                digests.intersection(kept_out)
                if job.reissue
                else self._batches.anchored_within(connection, digests, job.issuer)
            )
            mine = facts[job.id]
            mine.duplicates = len(credentials) - len(digests)
            mine.anchored_before = len(known)
            revoked = (digests - known).intersection(in_vain)
            mine.revoked = len(revoked)
            for leaf in credentials:
                if leaf.digest not in known and leaf.digest not in revoked:
                    by_digest.setdefault(leaf.digest, leaf)
                    mine.in_batch = True
        ordered = [by_digest[digest] for digest in sorted(by_digest)]
        return [leaf._replace(leaf_index=index) for index, leaf in enumerate(ordered)], facts

    def _batch(
        self, connection: Connection, jobs: list[Job], leaves: list[Leaf], unknown: Sequence[UnknownBatch]
    ) -> int:
        issuer = jobs[0].issuer
        with self._folder.new_tree(leaf.digest for leaf in leaves) as tree:
            which = tree.id
            refuse_selector(which.root, contract_selectors())
            if unknown and (self._history is None or self._history.has(issuer, which)):
                unknown = ()
            if unknown and not jobs[0].without_history:
                raise UnknownBatches(issuer, unknown)
            tree.keep()
        bare = jobs[0].bare
        known = self._batches.revived_within(connection, issuer, which, leaves, sealed_at=int(time.time()), bare=bare)
        if known is not None:
            return known
        added = self._batches.add_within(
            connection, issuer, *which, leaves, sealed_at=int(time.time()), sender=self._sender, bare=bare
        )
        if note := sealed_without(unknown, self._batches.given_up(issuer)):
            record(connection, added.id, added.state, note)
        return added.id


def _is_of_the_database(error: Exception) -> bool:
    """Whether the database cannot be used at all, and not only has no room for one job."""
    return isinstance(error, DatabaseError) and not is_full(error)


@dataclass(frozen=True, slots=True)
class _Stuck:
    """Why a job was not sealed, and until when it is not tried again, by the loop's clock."""

    trouble: Trouble
    until: float


@dataclass(slots=True)
class _Facts:
    """What became of the credentials of one job."""

    duplicates: int = 0
    anchored_before: int = 0
    revoked: int = 0
    in_batch: bool = False

    @property
    def counts(self) -> dict[str, int]:
        return {"duplicates": self.duplicates, "anchored_before": self.anchored_before, "revoked": self.revoked}


def _queue_of(job: Job) -> tuple[int, bool, bool, bool]:
    return job.issuer, job.reissue, job.without_history, job.bare
