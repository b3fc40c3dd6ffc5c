"""Brings the batches that others anchored for an issuer into the database, from wherever their trees are found.

Nothing is sent. What the chain says of a batch, its root and how many leaves it has, decides which tree it is, so no
source is believed; a batch that states no count could be several trees, and is not taken over by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Final

from anchor.batching.as_on_chain import as_on_chain, taken_over
from anchor.books.attempts import accounts_of
from anchor.books.batches import BatchRow
from anchor.books.on_chain import UNSTATED, Pull, UnknownBatch
from anchor.books.recovering import RecoveryStore
from anchor.intake.files import GIVEN_METHOD
from anchor.restoring.trees import Repairs
from anchor.workspace import Workspace
from registry.credential.digest import Limits
from registry.database.engine import ROW_REFUSED
from registry.errors import StoreError, TransactionUnsettled
from registry.merkle.treefile import TreeId
from registry.trees.store import MISSING, UNAVAILABLE

NOT_TOLD: Final = "events-missing"
NO_COUNT: Final = "count-unstated"
# Of a round in which others' batches wait to be sent; one tree is read to its end in any case.
ROUND_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Left:
    """A batch that is still unknown: its issuer, what the endpoint tells of it with a code, and why in words."""

    issuer: int
    batch: UnknownBatch
    why: tuple[str, ...]


@dataclass
class Pulled:
    """What came of it.

    Attributes:
        rows: the batches that the database knows now, each with the source of its tree.
        left: those that it does not.
    """

    rows: list[tuple[BatchRow, str]] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


class Puller:
    """Takes over batches of any issuer of a workspace's contract.

    Args:
        sources: folders, stores, tree files, receipts or exports, tried after the data folder and the tree store.
        clock: seconds that only grow.

    Raises:
        SettingsError: the setting `trees` or a source makes no sense.
        IntakeError: a source is not there.
    """

    def __init__(
        self, workspace: Workspace, sources: Sequence[str] = (), *, clock: Callable[[], float] = time.monotonic
    ):
        settings = workspace.settings
        limits = Limits(max_bytes=settings.max_document_bytes, max_depth=settings.max_document_depth)
        self._workspace = workspace
        self._folder = workspace.folder
        self._contract = workspace.contract
        self._batches = workspace.store
        self._depth = settings.finality_depth
        self._clock = clock
        at = (workspace.folder.engine, workspace.chain, workspace.contract.address)
        self._store = RecoveryStore(*at, given=GIVEN_METHOD)
        self._repairs = Repairs(workspace.folder, settings, sources, limits)
        # Where the last look ended before its time was up, so that a batch without a tree is in nobody's way.
        self._begin_at: dict[int, int] = {}

    def __call__(self, issuer: int, unknown: Sequence[UnknownBatch]) -> list[UnknownBatch]:
        """As `anchor.books.on_chain.Pull`: in a round, for as long as a round may take.

        Raises:
            StoreError: code `database-behind`.
            ChainUnavailable: no answer.
        """
        return [each.batch for each in self.pull(issuer, unknown, seconds=ROUND_SECONDS).left]

    def pull(self, issuer: int, unknown: Sequence[UnknownBatch], *, seconds: float | None = None) -> Pulled:
        """Take over what of the issuer's unknown batches has a tree.

        Args:
            seconds: begin no other tree after this time; what was not looked at is left without a code.

        Raises:
            StoreError: code `database-behind`: the database is an old one of an account of its own.
            ChainUnavailable: no answer; what was done so far stays.
        """
        self._refuse_behind()
        done, ends = Pulled(), None if seconds is None else self._clock() + seconds
        away: StoreError | None = None
        for each in self._in_turn(issuer, unknown):
            if ends is not None and self._clock() >= ends:
                self._begin_at.setdefault(issuer, each.sequence)
                done.left.append(Left(issuer, each, ()))
                continue
            if away is not None:
                done.left.append(_left(issuer, each, UNAVAILABLE, away.what))
                continue
            try:
                found = self._taken_over(issuer, each)
            except StoreError as error:
                if error.code == UNAVAILABLE:
                    away = error
                found = _left(issuer, each, error.code, error.what)
            if isinstance(found, Left):
                done.left.append(found)
            else:
                done.rows.append(found)
        done.left.sort(key=lambda left: left.batch.sequence)
        return done

    def refill(self, issuer: int) -> Iterator[tuple[BatchRow, str]]:
        """Give batches that a person had given up their leaves again, where their trees were not lost after all."""
        for row in self._batches.given_up(issuer):
            outcome = self._repairs.repair(row.tree)
            if not outcome.is_lost:
                with closing(self._folder.checked_tree(row.tree)) as tree:
                    self._store.fill(row, tree.leaves())
                yield replace(row, without_leaves=False), outcome.source or "data folder"

    def issuers(self) -> list[int]:
        """The parties that the database has anything of, ascending."""
        return self._store.issuers()

    def _in_turn(self, issuer: int, unknown: Sequence[UnknownBatch]) -> list[UnknownBatch]:
        first = self._begin_at.pop(issuer, 0)
        return sorted(unknown, key=lambda each: (each.sequence < first, each.sequence))

    def _refuse_behind(self) -> None:
        """What an account of this database sent itself is given back with its nonces, by `testamur recover`."""
        for account in accounts_of(self._folder.engine, self._workspace.chain):
            self._workspace.knowledge_of(account).refuse_behind()

    def _taken_over(self, issuer: int, batch: UnknownBatch) -> tuple[BatchRow, str] | Left:
        if batch.root is None:
            return _left(issuer, batch, NOT_TOLD, "the endpoint does not give the event of this batch")
        anchored = self._contract.batch(issuer, batch.root)
        if anchored is None or anchored.sequence != batch.sequence:
            return _left(issuer, batch, NOT_TOLD, "the endpoint gives an event that the contract does not confirm")
        row = self._batches.by_root(issuer, batch.root)
        if row is not None:
            # It was cancelled here, and landed all the same.
            return self._batches.update(as_on_chain(self._contract, row, self._depth)), "database"
        if anchored.leaf_count == UNSTATED:
            why = "it was anchored as a bare root, and nobody has stated on chain how many leaves it has"
            return _left(issuer, batch, NO_COUNT, why)
        wanted = TreeId(batch.root, anchored.leaf_count)
        outcome = self._repairs.repair(wanted)
        if outcome.is_lost:
            return Left(issuer, replace(batch, code=MISSING), outcome.tried)
        try:
            found = taken_over(self._contract, issuer, *wanted, self._depth)
        except TransactionUnsettled as error:
            return _left(issuer, batch, error.code, error.what)
        with closing(self._folder.checked_tree(wanted)) as tree:
            return self._added(found, tree.leaves()), outcome.source or "data folder"

    def _added(self, found: BatchRow, digests: Iterator[bytes]) -> BatchRow:
        try:
            return self._store.add(found, digests)
        except ROW_REFUSED:
            # Another process may have taken it over at the same moment.
            row = self._batches.by_root(found.issuer, found.root)
            if row is None:
                raise
            return row


def pull_with(workspace: Workspace) -> Pull:
    """How whoever is about to anchor brings here what an issuer has on chain, as `History` takes it."""

    def pull(issuer: int, unknown: Sequence[UnknownBatch]) -> list[UnknownBatch]:
        return [each.batch for each in Puller(workspace).pull(issuer, unknown).left]

    return pull


def _left(issuer: int, batch: UnknownBatch, code: str, why: str) -> Left:
    return Left(issuer, replace(batch, code=code), (why,))
