"""Seals the jobs that wait: one batch a job, or one batch for an issuer's open queue when it is full or old enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection

from anchor.batches import as_on_chain, contract_selectors, refuse_selector
from anchor.daemon.notices import Notices
from anchor.history import BEHIND, History, UnknownBatch, UnknownBatches
from anchor.reissue import revoked_for_good
from registry.errors import ChainUnavailable, IntakeError
from registry.merkle import Tree
from registry.store.batches import BatchStore, Leaf
from registry.store.folder import DataFolder
from registry.store.jobs import Job, JobStore


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
        finality_depth: blocks that count as final on a chain that does not say.
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
        finality_depth: int | None = None,
        reached: Callable[[str], None] = lambda _: None,
    ):
        self._history = history
        self._finality_depth = finality_depth
        self._folder = folder
        self._jobs = jobs
        self._batches = batches
        self._sender = sender
        self._operator = operator or sender
        self._notices = notices
        self._policy = policy
        self._reached = reached

    def round(self, allowed: Callable[[int], bool]) -> int:
        """Seal what is due; how many batches that made.

        Args:
            allowed: whether the account may anchor for an issuer; jobs of others are left to other accounts.
        """
        sealed = 0
        for group in self._due(self._jobs.waiting(), time.time()):
            if allowed(group[0].issuer):
                sealed += self._seal_or_say(group)
            else:
                self._keep_waiting(group, "no-operator", f"the account {self._operator} may not anchor for its issuer")
        return sealed

    def _due(self, waiting: Sequence[Job], now: float) -> Iterator[list[Job]]:
        yield from ([job] for job in waiting if not job.is_open)
        open_jobs = sorted((job for job in waiting if job.is_open), key=_queue_of)
        for _, group in groupby(open_jobs, key=_queue_of):
            jobs = list(group)
            oldest = min(job.queued_at or now for job in jobs)
            full = sum(job.credentials for job in jobs) >= self._policy.credentials
            if full or now - oldest >= self._policy.seconds:
                yield jobs

    def _seal_or_say(self, group: list[Job]) -> int:
        try:
            # Asked before the database is locked. What is anchored again on purpose needs no history.
            first = group[0]
            unknown = [] if self._history is None or first.reissue else self._unknown(self._history, first.issuer)
            numbers = [job.id for job in group]
            kept_out = self._revoked(first.issuer, numbers) if first.reissue else set()
            return self._seal(numbers, unknown, kept_out)
        except UnknownBatches as error:
            # They go on by themselves once the database knows these batches.
            self._keep_waiting(group, error.code, error.what)
            self._notices.tell("unknown-batches", job=group[0].id, issuer=group[0].issuer, why=error.what)
            return 0
        except ChainUnavailable as error:
            if error.code != BEHIND:
                raise
            # What was sent before is driven on: that looks at the chain by itself.
            self._keep_waiting(group, error.code, error.what)
            self._notices.tell("round-failed", job=group[0].id, code=error.code, why=error.what)
            return 0
        except IntakeError as error:
            # The jobs wait, with everything in them; the other issuers' go on.
            self._keep_waiting(group, error.code, error.what)
            self._notices.tell("round-failed", job=group[0].id, code=error.code, why=error.what)
            return 0

    def _unknown(self, history: History, issuer: int) -> list[UnknownBatch]:
        """The issuer's batches that the database does not know; one that was cancelled and landed all the same, it
        does from now on."""
        unknown = history.unknown(issuer)
        rows = [self._batches.by_root(issuer, each.root) for each in unknown if each.root is not None]
        landed = [row for row in rows if row is not None]
        for row in landed:
            self._batches.update(as_on_chain(history.registry, row, self._finality_depth))
        return history.unknown(issuer) if landed else unknown

    def _keep_waiting(self, group: Sequence[Job], code: str, why: str) -> None:
        self._jobs.waits([job.id for job in group], code, why)

    def _revoked(self, issuer: int, numbers: Sequence[str]) -> set[bytes]:
        """What of the jobs is revoked for good: that is not anchored again."""
        if self._history is None:
            return set()
        digests = self._jobs.digests(numbers)
        return revoked_for_good(self._history.registry, self._batches.places_of(digests, issuer))

    def _seal(self, numbers: list[str], unknown: Sequence[UnknownBatch], kept_out: Collection[bytes]) -> int:
        """One batch of these jobs, in one database transaction; the tree file is there before it."""
        with self._jobs.claimed(numbers) as (connection, jobs):
            if not jobs:
                return 0
            chosen, facts = self._chosen(connection, jobs, kept_out)
            batch = self._batch(connection, jobs, chosen, unknown) if chosen else None
            for job in jobs:
                self._jobs.sealed(connection, job.id, batch if facts[job.id].in_batch else None, **facts[job.id].counts)
        self._reached("sealed")
        for job in jobs:
            self._notices.tell("job-sealed", job=job.id, issuer=job.issuer, batch=batch, credentials=job.credentials)
        return int(batch is not None)

    def _chosen(
        self, connection: Connection, jobs: list[Job], kept_out: Collection[bytes]
    ) -> tuple[list[Leaf], dict[str, _Facts]]:
        """The leaves of the batch, each digest once, sorted; and what of each job came twice or was anchored before."""
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
            for leaf in credentials:
                if leaf.digest not in known:
                    by_digest.setdefault(leaf.digest, leaf)
                    mine.in_batch = True
        ordered = [by_digest[digest] for digest in sorted(by_digest)]
        return [leaf._replace(leaf_index=index) for index, leaf in enumerate(ordered)], facts

    def _batch(
        self, connection: Connection, jobs: list[Job], leaves: list[Leaf], unknown: Sequence[UnknownBatch]
    ) -> int:
        issuer = jobs[0].issuer
        with Tree.build(leaf.digest for leaf in leaves) as tree:
            which = tree.id
            refuse_selector(which.root, contract_selectors())
            if unknown and self._history is not None and not self._history.has(issuer, which):
                raise UnknownBatches(issuer, unknown)
            self._folder.keep_tree(tree)
        known = self._batches.revived_within(connection, issuer, which, leaves, sealed_at=int(time.time()))
        if known is not None:
            return known
        added = self._batches.add_within(
            connection, issuer, *which, leaves, sealed_at=int(time.time()), sender=self._sender
        )
        return added.id


@dataclass(slots=True)
class _Facts:
    """What became of the credentials of one job."""

    duplicates: int = 0
    anchored_before: int = 0
    in_batch: bool = False

    @property
    def counts(self) -> dict[str, int]:
        return {"duplicates": self.duplicates, "anchored_before": self.anchored_before}


def _queue_of(job: Job) -> tuple[int, bool]:
    return job.issuer, job.reissue
