"""An issuer's batches on chain beside those this folder knows: what it does not know, it cannot leave out.

The history of an issuer is complete here when each of its sequences 1 to N is a batch whose leaves the database has.
A batch that a person took over without its leaves counts as well: it was given up, and that is said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from anchor.books.batches import BatchRow, BatchStore, refuse_other_tree
from anchor.books.tables import BatchState
from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.client import BlockNumber
from registry.chain.rpc.hexadecimal import checksummed
from registry.errors import ChainUnavailable, IntakeError
from registry.merkle.treefile import TreeId
from registry.records import Event
from registry.timestamps import write_timestamp

SHOWN: Final = 5
BEHIND: Final = "chain-behind"
# The count of a batch that was anchored as a bare root.
UNSTATED: Final = 0
# A tree that was not there is not looked for again in every round.
PAUSE_SECONDS: Final = 30.0
REMEDY: Final = (
    "Bring their trees here: `testamur trees pull FOLDER`, or s3://bucket/prefix, or set trees to the store of whoever "
    "anchored them. Better, work with one database and one tree store (settings database and trees). Or anchor exactly "
    "the same input again: a set that is on chain is taken over without a transaction. Where a tree is lost for good, "
    "`testamur recover --without-trees` gives it up. --without-history leaves out only what this folder knows."
)


@dataclass(frozen=True, slots=True)
class UnknownBatch:
    """A batch of the issuer that this folder does not know; what the endpoint would not tell of it is None.

    Attributes:
        leaf_count: 0 where it was anchored as a bare root.
        operator: the account that anchored it, checksummed.
        anchored_at: the time of its block.
        code: why its tree could not be brought here, where that was tried.
    """

    sequence: int
    root: bytes | None = None
    block_number: int | None = None
    operator: str | None = None
    leaf_count: int | None = None
    anchored_at: datetime | None = None
    code: str | None = None

    def content(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "sequence": self.sequence,
            "root": None if self.root is None else f"0x{self.root.hex()}",
            "leafCount": self.leaf_count or None,
            "block": self.block_number,
            "anchoredAt": None if self.anchored_at is None else write_timestamp(self.anchored_at),
            "operator": self.operator,
            "code": self.code,
        }

    def __str__(self) -> str:
        if self.root is None:
            return f"batch {self.sequence}"
        count = f"{self.leaf_count:,} credentials" if self.leaf_count else "no count stated"
        at = "" if self.anchored_at is None else f" of {write_timestamp(self.anchored_at)}"
        why = "" if self.code is None else f", {self.code}"
        return (
            f"batch {self.sequence} (0x{self.root.hex()}, {count}, block {self.block_number}{at}, by {self.operator}"
            f"{why})"
        )


Pull: TypeAlias = Callable[[int, Sequence[UnknownBatch]], Sequence[UnknownBatch]]
"""Brings an issuer's unknown batches into the database, as far as their trees are found; those that stay unknown."""


class UnknownBatches(IntakeError):
    """A set that may hold what was anchored, and revoked there, in a batch that this folder does not know.

    Attributes:
        batches: those, by sequence.
    """

    default_code = "history-incomplete"

    def __init__(self, issuer: int, batches: Sequence[UnknownBatch]):
        self.batches = batches
        super().__init__(
            f"issuer {issuer} has {_amount(len(batches))} on chain that this folder does not know: {named(batches)}. "
            "What is in them cannot be left out, so nothing was anchored",
            remedy=REMEDY,
        )


def unknown_sequences(anchored: int, known: Iterable[int]) -> list[int]:
    """Which of an issuer's batches 1 to `anchored` are not among the known ones."""
    return sorted(set(range(1, anchored + 1)).difference(known))


def are_all_known(anchored: int, count: int, highest: int) -> bool:
    """Whether so many different sequences, from 1 up to the highest, are all of those that are anchored."""
    return count == anchored and highest <= anchored


class History:
    """What an issuer has on chain, beside what the folder knows of it.

    Args:
        pull: brings here what is unknown, before anybody is told that it is.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        contract: CredentialRegistry,
        store: BatchStore,
        *,
        pull: Pull | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._contract = contract
        self._store = store
        self._pull = pull
        self._clock = clock
        # The names of the unknown, which cost a search: asked for again when there are others.
        self._named: dict[int, list[UnknownBatch]] = {}
        # When trees are looked for again that were not there.
        self._not_before: dict[int, float] = {}

    @property
    def contract(self) -> CredentialRegistry:
        """The contract that is asked."""
        return self._contract

    def unknown(self, issuer: int) -> list[UnknownBatch]:
        """As `lacking`, once what can be brought here is here.

        Raises:
            ChainUnavailable: how many there are could not be asked, or the endpoint has less than was final here.
            StoreError: code `database-behind`: the database is an old one, and nothing can be taken over into it.
        """
        missing = self.lacking(issuer)
        if not missing or self._pull is None or self._clock() < self._not_before.get(issuer, float("-inf")):
            return missing
        codes = {each.sequence: each.code for each in self._pull(issuer, missing)}
        left = [replace(each, code=codes.get(each.sequence)) for each in self.lacking(issuer)]
        self._named[issuer] = left
        if len(left) >= len(missing):
            self._not_before[issuer] = self._clock() + PAUSE_SECONDS
        return left

    def before(self, issuer: int, tree: TreeId, *, without_history: bool = False) -> list[UnknownBatch]:
        """The batches that this folder does not know when it seals another; one that is on chain is only taken over.

        Args:
            tree: of the batch that is to be sealed.
            without_history: seal it all the same.

        Raises:
            UnknownBatches: there are such.
            IntakeError: code `root-taken`: one of these has the same root over another tree.
            ChainUnavailable: whether there are could not be asked.
        """
        # Nothing is brought here now: what is in the tree was chosen by what was known before.
        unknown = self.lacking(issuer)
        if not unknown or self.has(issuer, tree):
            return []
        if without_history:
            return unknown
        raise UnknownBatches(issuer, unknown)

    def has(self, issuer: int, tree: TreeId) -> bool:
        """Whether the issuer has that batch on chain; one that states no count may be it.

        Raises:
            IntakeError: code `root-taken`: the issuer has another tree with that root there.
        """
        batch = self._contract.batch(issuer, tree.root)
        if batch is None:
            return False
        if batch.leaf_count != UNSTATED:
            refuse_other_tree(TreeId(batch.root, batch.leaf_count), tree)
        return True

    def lacking(self, issuer: int) -> list[UnknownBatch]:
        """The batches that the issuer has on chain and that this folder does not know, by sequence.

        Mostly that is one question to the chain and one to the database. Events are looked at where the two differ.

        Raises:
            ChainUnavailable: how many there are could not be asked, or the endpoint has less than was final here.
        """
        party = self._contract.party(issuer)
        anchored = 0 if party is None else party.sequence
        count, highest = self._store.final_sequences(issuer)
        if highest > anchored:
            raise ChainUnavailable(
                f"it counts {anchored:,} batches of issuer {issuer}, and number {highest} was final before",
                where=self._contract.client.where,
                remedy="The endpoint is behind, so that batches of others may be missing: wait, or use another one.",
                code=BEHIND,
            )
        if are_all_known(anchored, count, highest):
            return []
        known = dict(self._known(self._store.all(issuer)))
        missing = unknown_sequences(anchored, known)
        if missing and [each.sequence for each in self._named.get(issuer, [])] != missing:
            self._named[issuer] = self._names(issuer, missing, known)
            # Of others it may be that their trees are there.
            self._not_before.pop(issuer, None)
        return self._named[issuer] if missing else []

    def _known(self, rows: Sequence[BatchRow]) -> Iterator[tuple[int, int]]:
        """The sequences of own batches, and their blocks; of what is not final the chain is asked anew."""
        for row in rows:
            if row.state is BatchState.FINAL and row.sequence is not None:
                yield row.sequence, row.block_number or 0
            elif row.state is not BatchState.CANCELLED:
                batch = self._contract.batch(row.issuer, row.root)
                if batch is not None:
                    yield batch.sequence, batch.block_number

    def _names(self, issuer: int, missing: Sequence[int], known: Mapping[int, int]) -> list[UnknownBatch]:
        """What the endpoint tells of them. That they are there is known without, so that nothing here is fatal."""
        events: dict[int, Event] = {}
        times: dict[int, datetime] = {}
        with suppress(ChainUnavailable):
            wanted = set(missing)
            found = self._events(issuer, missing, known)
            events = {event.arguments["sequence"]: event for event in found if event.arguments["sequence"] in wanted}
            numbers = sorted({event.block_number for event in events.values()})
            blocks = self._contract.client.blocks(numbers) if numbers else ()
            times = {block.number: block.timestamp for block in blocks if block is not None}
        return [
            UnknownBatch(sequence)
            if (event := events.get(sequence)) is None
            else replace(unknown_of(event), anchored_at=times.get(event.block_number))
            for sequence in missing
        ]

    def _events(self, issuer: int, missing: Sequence[int], known: Mapping[int, int]) -> Sequence[Event]:
        # Sequences and blocks ascend together.
        first = max((block for sequence, block in known.items() if sequence < missing[0]), default=0)
        last = min((block for sequence, block in known.items() if sequence > missing[-1]), default=None)
        to_block: BlockNumber = "latest" if last is None else last
        return self._contract.anchored_events(issuer=issuer, from_block=first, to_block=to_block)


def named(batches: Sequence[UnknownBatch]) -> str:
    """The first of them in words."""
    more = len(batches) - SHOWN
    return ", ".join(map(str, batches[:SHOWN])) + (f" and {more:,} more" if more > 0 else "")


def sealed_without(unknown: Sequence[UnknownBatch], given_up: Sequence[BatchRow]) -> str:
    """What was not left out of a batch, for its history; empty where all was."""
    without = [f"knowing {named(unknown)}"] if unknown else []
    if given_up:
        numbers = ", ".join(str(row.sequence) for row in given_up[:SHOWN])
        more = f" and {len(given_up) - SHOWN:,} more" if len(given_up) > SHOWN else ""
        without.append(f"the leaves of batch {numbers}{more}, which were given up")
    return f"sealed without {' and '.join(without)}" if without else ""


def unknown_of(event: Event) -> UnknownBatch:
    """What `Anchored` says of a batch."""
    given = event.arguments
    return UnknownBatch(
        given["sequence"],
        given["root"],
        event.block_number,
        checksummed(given["operator"]),
        given["leafCount"],
        event.timestamp,
    )


def _amount(number: int) -> str:
    return "1 batch" if number == 1 else f"{number:,} batches"
