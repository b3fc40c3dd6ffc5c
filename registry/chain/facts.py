"""What the chain says about one credential, read as of one block, as `registry.verify` needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from registry.chain.calls import Purpose
from registry.chain.client import TRY_LATER, Block
from registry.chain.contract import Anchored, Batch, CredentialRegistry, Party, StatusChange
from registry.errors import ChainError, ChainUnavailable, ContractReverted
from registry.verdict import BatchFacts, BlockRef, ChainFacts, FactsUnavailable, PartyFacts

WORD_BITS = 256

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Pinned:
    """The block everything is read at, and the newest one that is final: -1 when the chain does not say."""

    chain: str
    block: Block
    final: int


class FactsReader:
    """Answers about credentials as of one block; what is asked twice is read once.

    Args:
        registry: the contract, known to be the right one.
        finality_depth: blocks that count as final on a chain without a `finalized` tag.
    """

    def __init__(self, registry: CredentialRegistry, *, finality_depth: int | None = None):
        self._registry = registry
        self._client = registry.client
        self._finality_depth = finality_depth
        self._read: dict[tuple[object, ...], object] = {}

    def facts(self, issuer: int, root: bytes, leaf_index: int) -> ChainFacts | FactsUnavailable:
        """The facts about a leaf of an issuer's batch; a chain that does not answer is an answer, too, not an error."""
        try:
            return self._facts_of_one_chain(issuer, root, leaf_index)
        except ChainError as error:
            # Answers from before may be of a block that is no more: nothing of them is used again.
            self._read.clear()
            return FactsUnavailable.of(error)

    def _facts_of_one_chain(self, issuer: int, root: bytes, leaf_index: int) -> ChainFacts:
        before = len(self._read)
        try:
            facts = self._facts(issuer, root, leaf_index)
        except ContractReverted:
            # On another chain than the one read before the batch may be unknown; then that is what there is to say.
            self._still_there()
            raise
        if len(self._read) > before:
            self._still_there()
        return facts

    def _facts(self, issuer: int, root: bytes, leaf_index: int) -> ChainFacts:
        pinned = self._pinned()
        batch = self._batch(issuer, root)
        party = self._once(("party", issuer), lambda: self._registry.party(issuer, at=pinned.block.number))
        status = dict.fromkeys(Purpose, False)
        if batch is not None and leaf_index < batch.leaf_count:
            status = {purpose: self._bit(issuer, root, purpose, leaf_index) for purpose in Purpose}
        if batch is not None and batch.voided_at is not None:
            # The contract calls every leaf of a voided batch revoked; the batch says so itself, with its own reason.
            status[Purpose.REVOCATION] = False
        purpose = next((purpose for purpose in Purpose if status[purpose]), None)
        return ChainFacts(
            chain=pinned.chain,
            contract=self._registry.address,
            as_of=BlockRef(pinned.block.number, pinned.block.hash, pinned.block.timestamp),
            party=None if party is None else _party_facts(party),
            batch=batch,
            revoked=status[Purpose.REVOCATION],
            suspended=status[Purpose.SUSPENSION],
            status_reason=None if purpose is None else self._reason(issuer, root, purpose, leaf_index),
        )

    def _pinned(self) -> _Pinned:
        def read() -> _Pinned:
            block = self._client.block("latest")
            if block is None:
                raise ChainUnavailable("the chain has no block", where=self._client.where, code="chain-garbage")
            try:
                final = self._client.finalized(self._finality_depth).number
            except ChainUnavailable as error:
                if error.code != "no-finality":
                    raise
                final = -1
            return _Pinned(f"eip155:{self._client.chain_id()}", block, final)

        return self._once(("pinned",), read)

    def _batch(self, issuer: int, root: bytes) -> BatchFacts | None:
        pinned = self._pinned()

        def read() -> BatchFacts | None:
            batch = self._registry.batch(issuer, root, at=pinned.block.number)
            return None if batch is None else _batch_facts(batch, self._event(batch), pinned.final)

        return self._once(("batch", issuer, root), read)

    def _event(self, batch: Batch) -> Anchored | None:
        """The event of the anchor; None from an endpoint that does not serve logs that old."""
        number = batch.block_number
        found = self._logged(
            lambda: self._registry.anchored_events(
                issuer=batch.issuer, root=batch.root, from_block=number, to_block=number
            )
        )
        return found[0] if found else None

    def _bit(self, issuer: int, root: bytes, purpose: Purpose, leaf_index: int) -> bool:
        word, bit = divmod(leaf_index, WORD_BITS)
        at = self._pinned().block.number

        def read() -> int:
            (bits,) = self._registry.status_words(issuer, root, purpose, word, 1, at=at)
            return bits

        return bool(self._once(("word", issuer, root, purpose, word), read) >> bit & 1)

    def _reason(self, issuer: int, root: bytes, purpose: Purpose, leaf_index: int) -> str | None:
        """The word of the newest change that set the bit."""
        word, bit = divmod(leaf_index, WORD_BITS)
        for change in reversed(self._once(("changes", issuer, root), lambda: self._changes(issuer, root))):
            if (change.purpose, change.word) == (purpose, word) and change.changed >> bit & 1:
                return change.reason.word
        return None

    def _changes(self, issuer: int, root: bytes) -> tuple[StatusChange, ...]:
        batch = self._batch(issuer, root)
        first = 0 if batch is None else batch.block_number
        last = self._pinned().block.number
        return self._logged(
            lambda: self._registry.status_changes(issuer, root, from_block=first, to_block=last),
        )

    def _logged(self, read: Callable[[], tuple[T, ...]]) -> tuple[T, ...]:
        """Events, or none from an endpoint that does not serve them: they add to what was read from the state."""
        try:
            return read()
        except ChainUnavailable as error:
            if error.code == "chain-garbage":
                raise
            return ()

    def _still_there(self) -> None:
        """Make sure that the answers were about one chain: a reorganisation in between would mix two."""
        pinned = self._pinned().block
        block = self._client.block(pinned.number)
        if block is None or block.hash != pinned.hash:
            raise ChainUnavailable(
                "the chain reorganised while it was read",
                where=self._client.where,
                remedy=TRY_LATER,
                code="chain-moved",
            )

    def _once(self, key: tuple[object, ...], read: Callable[[], T]) -> T:
        if key not in self._read:
            self._read[key] = read()
        return self._read[key]  # type: ignore[return-value]


def _party_facts(party: Party) -> PartyFacts:
    return PartyFacts(
        id=party.id,
        uri=party.uri,
        controller=party.controller,
        registered_at=party.registered_at,
        retired_at=party.retired_at,
        profile_hash=party.profile_hash,
    )


def _batch_facts(batch: Batch, event: Anchored | None, final: int) -> BatchFacts:
    return BatchFacts(
        root=batch.root,
        issuer=batch.issuer,
        leaf_count=batch.leaf_count,
        sequence=batch.sequence,
        block_number=batch.block_number,
        anchored_at=batch.anchored_at,
        final=batch.block_number <= final,
        voided_at=batch.voided_at,
        void_reason=None if batch.voided_at is None else batch.void_reason.word,
        transaction=None if event is None else event.log.transaction_hash,
        block_hash=None if event is None else event.log.block_hash,
    )
