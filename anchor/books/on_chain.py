"""An issuer's batches on chain beside those this folder knows: what it does not know, it cannot leave out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from anchor.books.batches import BatchRow, BatchStore, refuse_other_tree
from anchor.books.tables import BatchState
from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.client import BlockNumber
from registry.chain.rpc.hexadecimal import checksummed
from registry.errors import ChainUnavailable, IntakeError
from registry.merkle.treefile import TreeId
from registry.records import Event

SHOWN: Final = 5
CODE: Final = "unknown-batches"
BEHIND: Final = "chain-behind"
# The count of a batch that was anchored as a bare root.
UNSTATED: Final = 0
REMEDY: Final = (
    "`testamur recover` takes over those whose trees are here, as after a restore. Otherwise work with the database "
    "and the trees in which they were anchored (settings database and trees), or anchor exactly the same input again: "
    "a set that is on chain is taken over without a transaction. --without-history leaves out only what this folder "
    "knows."
)


@dataclass(frozen=True, slots=True)
class UnknownBatch:
    """A batch of the issuer that this folder does not know; what the endpoint would not tell of it is None."""

    sequence: int
    root: bytes | None = None
    block_number: int | None = None
    operator: str | None = None

    def content(self) -> dict[str, Any]:
        """For JSON."""
        root = None if self.root is None else f"0x{self.root.hex()}"
        return {"sequence": self.sequence, "root": root, "block": self.block_number, "operator": self.operator}

    def __str__(self) -> str:
        if self.root is None:
            return f"batch {self.sequence}"
        return f"batch {self.sequence} (0x{self.root.hex()}, block {self.block_number}, by {self.operator})"


class UnknownBatches(IntakeError):
    """A set that may hold what was revoked in a batch that this folder does not know.

    Attributes:
        batches: those, by sequence.
    """

    def __init__(self, issuer: int, batches: Sequence[UnknownBatch]):
        self.batches = batches
        super().__init__(
            f"issuer {issuer} has {_amount(len(batches))} on chain that this folder does not know: {named(batches)}. "
            "What was revoked in them cannot be left out, so nothing was anchored",
            remedy=REMEDY,
            code=CODE,
        )


def unknown_sequences(anchored: int, known: Iterable[int]) -> list[int]:
    """Which of an issuer's batches 1 to `anchored` are not among the known ones."""
    return sorted(set(range(1, anchored + 1)).difference(known))


class History:
    """What an issuer has on chain, beside what the folder knows of it."""

    def __init__(self, contract: CredentialRegistry, store: BatchStore):
        self._contract = contract
        self._store = store
        # The names of the unknown, which cost a search: asked for again when there are others.
        self._named: dict[int, list[UnknownBatch]] = {}

    @property
    def contract(self) -> CredentialRegistry:
        """The contract that is asked."""
        return self._contract

    def unknown(self, issuer: int) -> list[UnknownBatch]:
        """The batches that the issuer has on chain and that this folder does not know, by sequence.

        Raises:
            ChainUnavailable: how many there are could not be asked, or the endpoint has less than was final here.
        """
        party = self._contract.party(issuer)
        anchored = 0 if party is None else party.sequence
        known = dict(self._known(self._store.all(issuer)))
        if max(known, default=0) > anchored:
            raise ChainUnavailable(
                f"it counts {anchored:,} batches of issuer {issuer}, and number {max(known)} was final before",
                where=self._contract.client.where,
                remedy="The endpoint is behind, so that batches of others may be missing: wait, or use another one.",
                code=BEHIND,
            )
        missing = unknown_sequences(anchored, known)
        if missing and [each.sequence for each in self._named.get(issuer, [])] != missing:
            events = {event.arguments["sequence"]: event for event in self._events(issuer, missing, known)}
            self._named[issuer] = [_batch(sequence, events.get(sequence)) for sequence in missing]
        return self._named[issuer] if missing else []

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
        unknown = self.unknown(issuer)
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

    def _known(self, rows: Sequence[BatchRow]) -> Iterator[tuple[int, int]]:
        """The sequences of own batches, and their blocks; of what is not final the chain is asked anew."""
        for row in rows:
            if row.state is BatchState.FINAL and row.sequence is not None:
                yield row.sequence, row.block_number or 0
            elif row.state is not BatchState.CANCELLED:
                batch = self._contract.batch(row.issuer, row.root)
                if batch is not None:
                    yield batch.sequence, batch.block_number

    def _events(self, issuer: int, missing: Sequence[int], known: Mapping[int, int]) -> Sequence[Event]:
        # Sequences and blocks ascend together.
        first = max((block for sequence, block in known.items() if sequence < missing[0]), default=0)
        last = min((block for sequence, block in known.items() if sequence > missing[-1]), default=None)
        # Their names are for the reader; that they are there is known without.
        to_block: BlockNumber = "latest" if last is None else last
        try:
            return self._contract.anchored_events(issuer=issuer, from_block=first, to_block=to_block)
        except ChainUnavailable:
            return ()


def named(batches: Sequence[UnknownBatch]) -> str:
    """The first of them in words."""
    more = len(batches) - SHOWN
    return ", ".join(map(str, batches[:SHOWN])) + (f" and {more:,} more" if more > 0 else "")


def unknown_of(event: Event) -> UnknownBatch:
    """What `Anchored` says of a batch."""
    given = event.arguments
    return UnknownBatch(given["sequence"], given["root"], event.block_number, checksummed(given["operator"]))


def _batch(sequence: int, event: Event | None) -> UnknownBatch:
    if event is None:
        return UnknownBatch(sequence)
    return unknown_of(event)


def _amount(number: int) -> str:
    return "1 batch" if number == 1 else f"{number:,} batches"
