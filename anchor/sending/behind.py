"""Whether the chain knows more of an account than the database: then the database is an old one, out of a backup.

The sure sign is an anchor or a change of statuses that the account sent, with a nonce beyond all that the database has
ever signed. Other accounts may anchor for the same issuer from other databases, and somebody may use the key
for something else: neither is one. A database that never signed with the account is new, and not behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from anchor.books.attempts import AttemptStore
from anchor.books.batches import BatchStore
from anchor.books.on_chain import named, unknown_of
from anchor.sending.sent import sent
from registry.chain.contract import CredentialRegistry, Event
from registry.errors import StoreError

CODE: Final = "database-behind"


class DatabaseBehind(StoreError):
    """Nothing may be sealed or sent: what the database does not know of would be anchored twice, or undone.

    Attributes:
        batches: those of the account that it does not know, oldest first.
        changes: of statuses, likewise.
    """

    default_code = CODE

    def __init__(self, account: str, batches: Sequence[Event], changes: Sequence[Event] = ()):
        self.batches = batches
        self.changes = changes
        what = f"anchored what this database does not know: {named([unknown_of(one) for one in batches])}"
        if not batches:
            blocks = sorted({one.block_number for one in changes})
            what = f"changed statuses in blocks {blocks[0]} to {blocks[-1]}, which this database does not know of"
        super().__init__(
            f"the account {account} has {what}. It is an old one, as after a restore from a backup, and nothing is "
            "sealed or sent with it",
            remedy="Run `testamur recover`: it takes over what is missing, from the chain and the trees.",
        )


class Knowledge:
    """What the database knows of an account, beside what the chain knows of it.

    Args:
        account: checksummed.
    """

    def __init__(self, contract: CredentialRegistry, batches: BatchStore, attempts: AttemptStore, account: str):
        self._contract = contract
        self._batches = batches
        self._attempts = attempts
        self._account = account
        # The nonce up to which everything was explained: looking for it costs a search.
        self._explained = 0

    def refuse_behind(self, nonce: int | None = None) -> None:
        """Make sure that the database is not behind the chain.

        Args:
            nonce: how many transactions of the account are mined, where that was just asked.

        Raises:
            DatabaseBehind: it is.
            ChainUnavailable: no answer.
        """
        # The chain is asked first: what is signed in the meantime is in the database before it is on the chain.
        mined = self._contract.client.nonce(self._account) if nonce is None else nonce
        known = self._attempts.next_nonce()
        if known is None or mined <= known or mined == self._explained:
            return
        missing, changes = self.missing(), self.changes(known)
        if missing or changes:
            raise DatabaseBehind(self._account, missing, changes)
        self._explained = mined

    def missing(self) -> list[Event]:
        """The anchors that the account sent since the database was last up to date, and that it does not know."""
        events = self._contract.anchored_events(from_block=self._batches.newest_final_block(self._account))
        return [event for event in events if not self._is_known(event) and self._nonce(event) is not None]

    def changes(self, first: int = 0) -> list[Event]:
        """What the account changed of statuses since the database was last up to date, by transactions unknown to it.

        Args:
            first: the lowest nonce that counts.
        """
        changes = self._contract.changes_by(self._account, from_block=self._batches.newest_final_block(self._account))
        found = []
        for event in changes:
            nonce = None if self._attempts.has(event.transaction) else self._nonce(event)
            if nonce is not None and nonce >= first:
                found.append(event)
        return found

    def _is_known(self, event: Event) -> bool:
        return self._batches.by_root(*event.key) is not None

    def _nonce(self, event: Event) -> int | None:
        """With which it was sent; None when it is not the account's transaction."""
        transaction = sent(self._contract.client, event.transaction)
        return None if transaction is None or transaction.sender != self._account else transaction.nonce
