"""Brings an old database up to date: batches, leaves, transactions and jobs, from the chain and the trees.

Nothing is sent. Each batch is one database transaction, and what is there is left as it is: after an interruption, or
once a missing tree is found, the same goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from anchor.batching.as_on_chain import as_on_chain, taken_over
from anchor.books.attempts import AttemptStore, anchor_purpose
from anchor.books.batches import BatchRow
from anchor.books.deeds import ByDigest, Subject, Word
from anchor.books.jobs import Job, JobStore
from anchor.books.on_chain import UNSTATED, UnknownBatch, unknown_of
from anchor.books.recovering import RecoveryStore
from anchor.books.status_jobs import StatusJob, StatusJobStore, Way
from anchor.books.tables import ANCHORED_STATES
from anchor.books.trees import all_trees_of
from anchor.intake.files import GIVEN_METHOD
from anchor.sending.sent import Sent, sent
from anchor.workspace import Workspace
from registry.chain.deployment import Deployment
from registry.errors import StoreError, TreeError
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.records import WORD_BITS, Act, Event, Purpose
from registry.trees.store import DAMAGED, MISSING, TreeStore


@dataclass(frozen=True, slots=True)
class Missing:
    """A batch that could not be made again: whose, which, and what is wrong with its tree, by code and in words."""

    issuer: int
    batch: UnknownBatch
    code: str
    why: str


@dataclass
class Recovered:
    """What was done.

    Attributes:
        added: batches that the database did not know.
        refreshed: batches that it knew, and not that they are anchored, or not with all their leaves.
        jobs: those that are in these batches now, with their batch.
        transactions: of the account, stored again.
        missing: batches whose trees are not here.
        given_up: batches that a person gave up before, and whose trees are not here either.
        held: status jobs that wait for a person, because their opposite was sent after the backup.
    """

    added: list[BatchRow] = field(default_factory=list)
    refreshed: list[BatchRow] = field(default_factory=list)
    jobs: list[tuple[Job, BatchRow]] = field(default_factory=list)
    transactions: int = 0
    missing: list[Missing] = field(default_factory=list)
    given_up: list[BatchRow] = field(default_factory=list)
    held: list[StatusJob] = field(default_factory=list)


class Recovery:
    """Of all issuers that a workspace's database has anything of.

    Args:
        account: whose transactions are stored again; its lease has to be held.
        without_trees: record batches without their leaves where the tree is lost: a person has given it up.
    """

    def __init__(self, workspace: Workspace, account: str, *, without_trees: bool = False):
        self._workspace = workspace
        self._contract = workspace.contract
        self._batches = workspace.store
        self._depth = workspace.settings.finality_depth
        self._account = account
        self._without_trees = without_trees
        at = (workspace.folder.engine, workspace.chain, workspace.contract.address)
        self._jobs = JobStore(*at)
        self._status_jobs = StatusJobStore(*at)
        self._store = RecoveryStore(*at, given=GIVEN_METHOD)
        self._attempts = AttemptStore(workspace.folder.engine, workspace.chain, account)
        self._trees: Sequence[TreeStore] = all_trees_of(workspace.settings, workspace.folder)
        self._done = Recovered()

    def run(self) -> Recovered:
        """Take over what the database lacks.

        Raises:
            ChainUnavailable: no answer; what was done so far stays.
        """
        mined = self._contract.client.nonce(self._account)
        events = self._events()
        leaves = self._store.leaf_counts()
        for event in events:
            self._take_over(event, leaves)
        self._tie_jobs()
        self._hold_status_jobs()
        if not self._done.missing:
            # Not before everything is there: by its nonces the database is known to be behind.
            for event in events:
                self._store_transaction(event)
            self._store.used_nonces(self._account, mined)
        return self._done

    def _events(self) -> list[Event]:
        """Every anchor of the issuers, and those of the account for others; oldest first."""
        known = Deployment.load(self._workspace.folder.deployments, self._workspace.chain_id)
        first = 0 if known is None or known.address != self._contract.address else known.block_number
        settings = self._workspace.settings
        issuers = {*self._store.issuers(), *([] if settings.issuer is None else [settings.issuer])}
        found = {
            event.key: event
            for issuer in issuers
            for event in self._contract.anchored_events(issuer=issuer, from_block=first)
        }
        for event in self._workspace.knowledge_of(self._account).missing():
            found.setdefault(event.key, event)
        return sorted(found.values(), key=lambda event: event.place)

    def _take_over(self, event: Event, leaves: dict[int, int]) -> None:
        row = self._batches.by_root(*event.key)
        if row is None:
            self._add(event)
            return
        seen = row
        if row.state not in ANCHORED_STATES or row.sequence is None:
            seen = self._batches.update(as_on_chain(self._contract, row, self._depth))
        if leaves.get(row.id, 0) != row.leaf_count:
            with self._tree(event, row.leaf_count, given_up=row.without_leaves) as tree:
                if tree is None and row.without_leaves:
                    self._done.given_up.append(seen)
                elif tree is not None:
                    self._store.fill(seen, tree.leaves())
                    leaves[row.id] = row.leaf_count
                    self._done.refreshed.append(seen)
                    return
        if seen != row:
            self._done.refreshed.append(seen)

    def _add(self, event: Event) -> None:
        count = event.arguments["leafCount"] or self._stated(event)
        with self._tree(event, count) as tree:
            if tree is None and not (self._without_trees and count):
                return
            found = taken_over(self._contract, *event.key, tree.leaf_count if tree else count, self._depth)
            ours = self._ours(event)
            if ours is not None:
                found = replace(found, sender=self._account, nonce=ours.nonce)
            self._done.added.append(self._store.add(found, None if tree is None else tree.leaves()))

    def _stated(self, event: Event) -> int:
        """How many leaves a batch has that was anchored as a bare root, if anybody said."""
        found = self._contract.batch(*event.key)
        if found is not None and found.leaf_count != UNSTATED:
            return found.leaf_count
        return next((count for trees in self._trees for count in trees.counts(event.key[1])), UNSTATED)

    @contextmanager
    def _tree(self, event: Event, count: int, *, given_up: bool = False) -> Iterator[Tree | None]:
        """The tree of a batch, which is in the data folder then; None, and it is taken down, where there is none."""
        with ExitStack() as opened:
            yield self._sound(opened, event, TreeId(event.key[1], count), given_up=given_up or self._without_trees)

    def _sound(self, opened: ExitStack, event: Event, wanted: TreeId, *, given_up: bool) -> Tree | None:
        refused = StoreError("there is no tree of that root", code=MISSING)
        for trees in self._trees if wanted.leaf_count else ():
            try:
                tree = opened.enter_context(trees.open_whole(wanted))
                tree.check()
                self._workspace.folder.keep_tree(tree)
                return tree
            except TreeError as error:
                refused = StoreError(error.what, code=DAMAGED)
            except StoreError as error:
                # That one is damaged here says more than that it is missing elsewhere.
                refused = error if refused.code == MISSING else refused
        if not given_up:
            self._done.missing.append(Missing(event.key[0], unknown_of(event), refused.code, refused.what))
        return None

    # Jobs

    def _tie_jobs(self) -> None:
        """A job that waits, and whose credentials were anchored after the backup, is in the batch where they are."""
        batches = [*self._done.added, *self._done.refreshed]
        for job in self._jobs.waiting():
            its = [row for row in batches if row.issuer == job.issuer]
            if its:
                self._tie(job, its)

    def _tie(self, job: Job, batches: Sequence[BatchRow]) -> None:
        places = list(self._batches.places_of(self._jobs.digests([job.id]), job.issuer))
        anchored: dict[int, set[bytes]] = {}
        for place in places:
            anchored.setdefault(place.batch.id, set()).add(place.leaf.digest)
        everywhere = set().union(*anchored.values())
        # What is issued again is in the newest one, anything else in the first.
        for row in sorted(batches, key=lambda row: row.sequence or 0, reverse=job.reissue):
            here = anchored.get(row.id, set())
            with self._jobs.claimed([job.id]) as (connection, claimed):
                digests = [leaf.digest for leaf in self._jobs.credentials(connection, job.id)]
                if not claimed or not here or not everywhere.issuperset(digests):
                    continue
                counts = {
                    "duplicates": len(digests) - len(set(digests)),
                    "anchored_before": len(set(digests) - here),
                }
                self._jobs.sealed(connection, job.id, row.id, **counts)
            self._done.jobs.append((job, row))
            return

    def _hold_status_jobs(self) -> None:
        """A suspension or its lifting that the backup has as open may have been sent since, and taken back by a later
        word, which is lost: it is not sent a second time unless a person says so."""
        last: dict[tuple[int, Subject], list[tuple[Act, int]]] = {}
        for event in self._workspace.knowledge_of(self._account).changes():
            said = event.arguments
            if event.name == "SuspensionCleared" or (
                event.name == "StatusSet" and said["purpose"] == Purpose.SUSPENSION
            ):
                act = Act.REINSTATE if event.name == "SuspensionCleared" else Act.SUSPEND
                last.setdefault((said["issuer"], Word(said["root"], said["word"])), []).append((act, said["changed"]))
            elif event.name in ("DigestSuspended", "DigestReinstated"):
                act = Act.SUSPEND if event.name == "DigestSuspended" else Act.REINSTATE
                last.setdefault((said["issuer"], ByDigest(said["digest"])), []).append((act, 1))
        if not last:
            return
        for job in self._status_jobs.open():
            if job.act in (Act.SUSPEND, Act.REINSTATE) and self._is_taken_back(job, last):
                self._status_jobs.hold(job, "its opposite was sent after the backup that this database was made from")
                self._done.held.append(job)

    def _is_taken_back(self, job: StatusJob, changes: Mapping[tuple[int, Subject], Sequence[tuple[Act, int]]]) -> bool:
        for subject, bit in self._subjects(job):
            acts = [act for act, mask in changes.get((job.issuer, subject), ()) if mask & bit]
            if acts and acts[-1] is not job.act:
                return True
        return False

    def _subjects(self, job: StatusJob) -> Iterator[tuple[Subject, int]]:
        """What a job asks for, as far as the database knows: digests, and bits of words."""
        digests = self._status_jobs.digests(job)
        if Way.DIGEST in job.ways:
            yield from ((ByDigest(digest), 1) for digest in digests)
        if Way.PLACE in job.ways:
            for place in self._batches.places_of(digests, job.issuer):
                word, bit = divmod(place.leaf.leaf_index, WORD_BITS)
                yield Word(place.batch.root, word), 1 << bit

    # Transactions

    def _ours(self, event: Event) -> Sent | None:
        transaction = sent(self._contract.client, event.transaction)
        return transaction if transaction is not None and transaction.sender == self._account else None

    def _store_transaction(self, event: Event) -> None:
        transaction_hash = event.transaction
        if self._attempts.has(transaction_hash) or (ours := self._ours(event)) is None or ours.raw is None:
            return
        purpose = anchor_purpose(*event.key)
        self._attempts.add_mined(nonce=ours.nonce, purpose=purpose, transaction_hash=transaction_hash, raw=ours.raw)
        self._done.transactions += 1
