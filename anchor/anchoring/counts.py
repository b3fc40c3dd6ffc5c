"""How many credentials a batch has that was anchored as a bare root: stated on chain, by a transaction of its own.

Until it is, verdicts on its credentials warn. The statement is an act, which the engine carries as every other: it is
stored before it is sent, the same one is taken up after a crash, and it is made anew where its block is undone.
"""

from __future__ import annotations

from typing import Final

from anchor.books.acts import ActRow
from anchor.books.anchoring import AnchorStore
from anchor.books.batches import BatchRow, BatchStore
from anchor.books.on_chain import UNSTATED
from anchor.books.tables import BatchState
from registry.chain.calls import call_data
from registry.chain.contract import CredentialRegistry

_WORD: Final = "count "


def count_purpose(row: BatchRow) -> str:
    """What the transaction is for that states the count of a batch."""
    return f"{_WORD}{row.issuer} 0x{row.root.hex()}"


def count_call(row: BatchRow) -> bytes:
    """The data of that transaction."""
    return call_data("stateLeafCount", row.issuer, row.root, row.leaf_count)


def states_count(row: ActRow) -> bool:
    """Whether an act is such a statement: a daemon begins it by itself, since no command waits for it."""
    return row.purpose.startswith(_WORD)


class Counts:
    """Has the counts of one account's bare roots stated, in a daemon.

    Args:
        store: of what the account sends.
    """

    def __init__(self, contract: CredentialRegistry, store: AnchorStore, batches: BatchStore, account: str):
        self._contract = contract
        self._store = store
        self._batches = batches
        self._account = account

    def round(self, final: int) -> None:
        """Ask for each count that may be missing, and have it stated where it is.

        Args:
            final: number of the newest final block.

        Raises:
            ChainUnavailable: the chain could not be asked.
        """
        for row in self._batches.uncounted():
            if row.sender != self._account:
                continue
            found = self._contract.batch(row.issuer, row.root)
            if found is None:
                # Its block is undone: the driver sees to that first.
                continue
            if found.leaf_count == UNSTATED:
                self._store.act(count_purpose(row), self._contract.address, count_call(row))
                continue
            self._give_up(row)
            settled = self._contract.batch(row.issuer, row.root, at=final) if row.state is BatchState.FINAL else None
            if settled is not None and settled.leaf_count != UNSTATED:
                self._batches.counted(row)

    def _give_up(self, row: BatchRow) -> None:
        """Somebody else stated it before ours was signed, which the contract would refuse now."""
        for one in self._store.open():
            if isinstance(one, ActRow) and one.purpose == count_purpose(row) and one.nonce is None:
                self._store.cancelled(one, "its count is on record")
