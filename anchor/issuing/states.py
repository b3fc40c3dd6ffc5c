"""What became of credentials that were made of rosters: by the chain, as of one block, and by the issuer's own books.

The chain says what is anchored, final, revoked and suspended; the books say what was given to its holder and what was
issued in its place. Where the chain could not be asked, nothing is said of what it alone knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from anchor.batching.reissue import said_by_digest
from anchor.books.batches import Place
from anchor.books.issued import IssuedRow, IssuedStore
from anchor.workspace import Workspace
from registry.anchors import AnchorPlace, AnchorState, judge
from registry.chain.contract import Batch, CredentialRegistry
from registry.chain.rpc.client import Block
from registry.errors import ChainError
from registry.records import WORD_BITS, DigestStatus, Purpose, Reason


class State(StrEnum):
    """How far a credential has come; each says more than the one before.

    ISSUED: made and signed, and on no chain. ANCHORED: in a block that may still be undone. FINAL: in one that may not.
    DELIVERED: final, and a person said that its holder was given it. SUSPENDED, REVOKED: by its issuer. CORRECTED:
    revoked, and another one was issued in its place. UNKNOWN: the chain could not be asked.
    """

    ISSUED = "issued"
    ANCHORED = "anchored"
    FINAL = "final"
    DELIVERED = "delivered"
    SUSPENDED = "suspended"
    CORRECTED = "corrected"
    REVOKED = "revoked"
    UNKNOWN = "unknown"

    @property
    def is_withdrawn(self) -> bool:
        """Whether it counts no more, for good."""
        return self in (State.REVOKED, State.CORRECTED)

    @property
    def is_in_force(self) -> bool:
        """Whether it is on record for good, and nothing speaks against it."""
        return self in (State.FINAL, State.DELIVERED)


@dataclass(frozen=True, slots=True)
class RowState:
    """What became of one credential.

    Attributes:
        anchored_at: block time; None where it is not anchored, or that is not known.
        reason: why it was revoked or suspended, in the contract's word; "" where nothing was said, or it was not.
        since: when that was said of the credential itself.
    """

    row: IssuedRow
    state: State
    anchored_at: datetime | None = None
    reason: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class States:
    """What became of many, in their order.

    Attributes:
        as_of: the block; None where the chain could not be asked.
        why: what it answered instead.
    """

    rows: Sequence[RowState]
    as_of: Block | None
    why: ChainError | None = None

    @property
    def counts(self) -> dict[State, int]:
        """How many have come how far; states that none has are left out."""
        found = dict.fromkeys(State, 0)
        for each in self.rows:
            found[each.state] += 1
        return {state: count for state, count in found.items() if count}


def issued_store(workspace: Workspace) -> IssuedStore:
    """What was issued from rosters for the contract of a workspace."""
    return IssuedStore(workspace.folder.engine, workspace.chain, workspace.contract_address)


def states_of(workspace: Workspace, issuer: int, rows: Sequence[IssuedRow]) -> States:
    """What became of credentials of one issuer, as of the newest block; unknown where the chain does not answer."""
    try:
        as_of = _newest(workspace)
        final = workspace.client.finalized(workspace.settings.finality_depth)
        look = _Look(workspace, issuer, rows, as_of, final)
        return States([look.state_of(row) for row in rows], as_of)
    except ChainError as error:
        return States([RowState(row, State.UNKNOWN) for row in rows], None, error)


def asked_states(workspace: Workspace, issuer: int, rows: Sequence[IssuedRow]) -> States:
    """As `states_of`, for whoever decides by it.

    Raises:
        ChainError: the chain does not answer.
    """
    found = states_of(workspace, issuer, rows)
    if found.why is not None:
        raise found.why
    return found


def _newest(workspace: Workspace) -> Block:
    block = workspace.client.block("latest")
    if block is None:
        raise workspace.client.moved()
    return block


class _Look:
    """The chain and the books as one look at many credentials sees them: each batch and word is asked for once."""

    def __init__(self, workspace: Workspace, issuer: int, rows: Sequence[IssuedRow], as_of: Block, final: Block):
        self._contract: CredentialRegistry = workspace.contract
        self._issuer = issuer
        self._at = as_of.number
        self._final = final
        digests = list(dict.fromkeys(row.digest.value for row in rows))
        self._places: dict[bytes, list[Place]] = {}
        for place in workspace.store.places_of(digests, issuer):
            self._places.setdefault(place.leaf.digest, []).append(place)
        self._said: Mapping[bytes, DigestStatus] = said_by_digest(self._contract, issuer, digests, at=self._at)
        self._batches: dict[bytes, Batch | None] = {}
        self._words: dict[tuple[bytes, Purpose, int], int] = {}
        self._replaced: dict[bytes, dict[int, AnchorPlace]] = {}

    def state_of(self, row: IssuedRow) -> RowState:
        places = self._places.get(row.digest.value, [])
        anchored = [(place, batch) for place in places if (batch := self._batch(place.batch.root)) is not None]
        said = self._said[row.digest.value]
        if not anchored:
            # What is said of a digest holds wherever it is, and also before it is anywhere.
            if said.is_revoked:
                return self._withdrawn(row, None, said.revocation_reason, said.revoked_at)
            return RowState(row, State.ISSUED)
        several = len(anchored) > 1
        states = [self._anchor_state(place, batch, said, several=several) for place, batch in anchored]
        newest = max(range(len(anchored)), key=lambda at: anchored[at][1].sequence)
        batch = anchored[newest][1]
        counts = judge(states[newest], states)
        if counts.withdrawn is not None:
            reason = said.revocation_reason if said.is_revoked else batch.void_reason
            return self._withdrawn(row, batch.anchored_at, reason, said.revoked_at or batch.voided_at)
        if counts.suspended is not None:
            word = _word(said.suspension_reason)
            return RowState(row, State.SUSPENDED, batch.anchored_at, word, said.suspended_at)
        if batch.block_number > self._final.number:
            return RowState(row, State.ANCHORED, batch.anchored_at)
        state = State.FINAL if row.delivered_at is None else State.DELIVERED
        return RowState(row, state, batch.anchored_at)

    @staticmethod
    def _withdrawn(
        row: IssuedRow, anchored_at: datetime | None, reason: Reason | None, since: datetime | None
    ) -> RowState:
        state = State.REVOKED if row.replaced_by is None else State.CORRECTED
        return RowState(row, state, anchored_at, _word(reason), since)

    def _anchor_state(self, place: Place, batch: Batch, said: DigestStatus, *, several: bool) -> AnchorState:
        root, index = batch.root, place.leaf.leaf_index
        return AnchorState(
            self._issuer,
            AnchorPlace(root, index),
            revoked=self._is_set(root, Purpose.REVOCATION, index),
            suspended=self._is_set(root, Purpose.SUSPENSION, index),
            voided=batch.voided_at is not None,
            # One place alone is nobody's replacement.
            superseded_by=self._replacement(batch, index) if several else None,
            by_digest=said,
        )

    def _batch(self, root: bytes) -> Batch | None:
        if root not in self._batches:
            self._batches[root] = self._contract.batch(self._issuer, root, at=self._at)
        return self._batches[root]

    def _is_set(self, root: bytes, purpose: Purpose, index: int) -> bool:
        word, bit = divmod(index, WORD_BITS)
        key = (root, purpose, word)
        if key not in self._words:
            (self._words[key],) = self._contract.status_words(self._issuer, root, purpose, word, 1, at=self._at)
        return bool(self._words[key] >> bit & 1)

    def _replacement(self, batch: Batch, index: int) -> AnchorPlace | None:
        if batch.root not in self._replaced:
            self._replaced[batch.root] = self._contract.replacements(
                self._issuer, batch.root, from_block=batch.block_number, to_block=self._at
            )
        return self._replaced[batch.root].get(index)


def _word(reason: Reason | None) -> str:
    return "" if reason is None else reason.word
