"""The contract in plain Python: parties, batches and statuses, each call with its events or its one refusal.

No packing, no storage, no gas: sets, dictionaries and counters. The words are those of the interfaces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from registry.records import Purpose

NOBODY = "0x" + "00" * 20
WORD = 256
MOST_OPERATORS = 64

Event = tuple[Any, ...]


class Refusal(Exception):
    """The contract refuses with this error of its ABI and these arguments."""

    def __init__(self, error: str, *arguments: object):
        super().__init__(error, *arguments)
        self.error = error
        self.arguments = arguments


@dataclass
class Party:
    """An organisation."""

    controller: str
    registered_at: int
    uri: str
    profile_hash: bytes
    operators: set[str]
    pending: str = NOBODY
    retired_at: int = 0
    digest_changes: int = 0
    roots: list[bytes] = field(default_factory=list)


@dataclass
class Batch:
    """A set of credentials; `leaf_count` is None while nobody has stated it."""

    leaf_count: int | None
    sequence: int
    anchored_at: int
    block_number: int
    voided_at: int = 0
    void_reason: int = 0
    revoked: set[int] = field(default_factory=set)
    suspended: set[int] = field(default_factory=set)

    def marked(self, purpose: Purpose) -> set[int]:
        """The leaves that are revoked, or suspended."""
        return self.revoked if purpose is Purpose.REVOCATION else self.suspended


@dataclass
class DigestStatus:
    """What was said of a credential by its digest: when and why, or None."""

    revoked: tuple[int, int] | None = None
    suspended: tuple[int, int] | None = None


@dataclass(frozen=True)
class Signature:
    """Who signed which anchor until when."""

    signer: str
    issuer: int
    root: bytes
    leaf_count: int
    deadline: int


@dataclass
class Model:
    """The state of the contract, and the block in which the next call happens."""

    parties: dict[int, Party] = field(default_factory=dict)
    batches: dict[tuple[int, bytes], Batch] = field(default_factory=dict)
    digests: dict[tuple[int, bytes], DigestStatus] = field(default_factory=dict)
    default_issuers: dict[str, int] = field(default_factory=dict)
    now: int = 0
    block_number: int = 0

    # Parties

    def register_party(self, sender: str, uri: str, profile_hash: bytes) -> list[Event]:
        number = len(self.parties) + 1
        self.parties[number] = Party(sender, self.now, uri, profile_hash, {sender})
        return [("PartyRegistered", number, sender, uri, profile_hash), ("OperatorSet", number, sender, True)]

    def set_profile(self, sender: str, party: int, uri: str, profile_hash: bytes) -> list[Event]:
        found = self._controlled(party, sender)
        found.uri, found.profile_hash = uri, profile_hash
        return [("ProfileSet", party, uri, profile_hash)]

    def set_operator(self, sender: str, party: int, operator: str, allowed: bool) -> list[Event]:
        found = self._controlled(party, sender)
        if operator == NOBODY:
            raise Refusal("InvalidOperator", party)
        if (operator in found.operators) == allowed:
            raise Refusal("OperatorUnchanged", party, operator, allowed)
        if allowed and len(found.operators) == MOST_OPERATORS:
            raise Refusal("TooManyOperators", party, MOST_OPERATORS)
        (found.operators.add if allowed else found.operators.remove)(operator)
        return [("OperatorSet", party, operator, allowed)]

    def transfer_controller(self, sender: str, party: int, to: str) -> list[Event]:
        found = self._controlled(party, sender)
        found.pending = to
        return [("ControllerOffered", party, sender, to, tuple(sorted(found.operators)))]

    def accept_controller(self, sender: str, party: int) -> list[Event]:
        found = self._party(party)
        if found.pending != sender:
            raise Refusal("NotPendingController", party, sender)
        previous, found.controller, found.pending = found.controller, sender, NOBODY
        return [("ControllerChanged", party, previous, sender, tuple(sorted(found.operators)))]

    def retire(self, sender: str, party: int) -> list[Event]:
        found = self._controlled(party, sender)
        self._require_active(found, party)
        found.retired_at = self.now
        return [("PartyRetired", party)]

    # Batches

    def anchor(self, sender: str, issuer: int, root: bytes, leaf_count: int) -> list[Event]:
        if leaf_count == 0:
            raise Refusal("EmptyBatch", issuer, root)
        return self._anchor(sender, issuer, root, leaf_count)

    def anchor_many(self, sender: str, issuer: int, roots: Sequence[bytes], leaf_counts: Sequence[int]) -> list[Event]:
        if len(roots) != len(leaf_counts):
            raise Refusal("LengthsDiffer", len(roots), len(leaf_counts))
        self._require_active(self._operated(issuer, sender), issuer)
        events: list[Event] = []
        for root, leaf_count in zip(roots, leaf_counts, strict=True):
            if (issuer, root) not in self.batches:
                events += self.anchor(sender, issuer, root, leaf_count)
        return events

    def anchor_by_signature(
        self, issuer: int, root: bytes, leaf_count: int, operator: str, deadline: int, signature: Signature
    ) -> list[Event]:
        if leaf_count == 0:
            raise Refusal("EmptyBatch", issuer, root)
        if self.now > deadline:
            raise Refusal("SignatureExpired", deadline)
        if signature != Signature(operator, issuer, root, leaf_count, deadline):
            raise Refusal("InvalidSignature", issuer, operator)
        return self.anchor(operator, issuer, root, leaf_count)

    def anchor_bare_root(self, sender: str, data: bytes) -> list[Event]:
        if len(data) != 32:
            raise Refusal("UnknownCall", data[:4].ljust(4, b"\0"), len(data))
        if sender not in self.default_issuers:
            raise Refusal("NoDefaultIssuer", sender)
        return self._anchor(sender, self.default_issuers[sender], data, None)

    def set_default_issuer(self, sender: str, issuer: int) -> list[Event]:
        if issuer == 0:
            self.default_issuers.pop(sender, None)
        else:
            self._operated(issuer, sender)
            self.default_issuers[sender] = issuer
        return [("DefaultIssuerSet", sender, issuer)]

    def state_leaf_count(self, sender: str, issuer: int, root: bytes, leaf_count: int) -> list[Event]:
        self._operated(issuer, sender)
        batch = self.batch(issuer, root)
        if batch.leaf_count is not None:
            raise Refusal("LeafCountIsStated", issuer, root, batch.leaf_count)
        if leaf_count == 0:
            raise Refusal("EmptyBatch", issuer, root)
        batch.leaf_count = leaf_count
        return [("LeafCountStated", issuer, root, leaf_count, sender)]

    # Statuses

    def set_status(
        self, sender: str, issuer: int, root: bytes, purpose: Purpose, word: int, mask: int, reason: int
    ) -> list[Event]:
        batch = self._changeable(sender, issuer, root, word, mask)
        bits = batch.marked(purpose)
        changed = _leaves(word, mask) - bits
        if not changed:
            raise Refusal("StatusUnchanged", issuer, root, word)
        bits |= changed
        return [("StatusSet", issuer, root, purpose, word, _mask(word, changed), reason, sender)]

    def set_statuses(
        self,
        sender: str,
        issuer: int,
        root: bytes,
        purpose: Purpose,
        masks: Sequence[tuple[int, int]],
        reason: int,
    ) -> list[Event]:
        self._operated(issuer, sender)
        _require_holding(self._counted(issuer, root)[0], issuer, root)
        events: list[Event] = []
        for word, mask in masks:
            # A mask beyond the batch is refused; one that changes nothing is passed over.
            bits = self._changeable(sender, issuer, root, word, mask).marked(purpose)
            if _leaves(word, mask) - bits:
                events += self.set_status(sender, issuer, root, purpose, word, mask, reason)
        if not events:
            raise Refusal("StatusesUnchanged", issuer, root, len(masks))
        return events

    def clear_suspension(self, sender: str, issuer: int, root: bytes, word: int, mask: int, reason: int) -> list[Event]:
        batch = self._changeable(sender, issuer, root, word, mask)
        changed = _leaves(word, mask) & batch.suspended
        if not changed:
            raise Refusal("StatusUnchanged", issuer, root, word)
        batch.suspended -= changed
        return [("SuspensionCleared", issuer, root, word, _mask(word, changed), reason, sender)]

    def revoke_digests(self, sender: str, issuer: int, digests: Sequence[bytes], reason: int) -> list[Event]:
        self._operated(issuer, sender)
        changed = [each for each in dict.fromkeys(digests) if self.digest(issuer, each).revoked is None]
        for each in changed:
            self.digest(issuer, each).revoked = (self.now, reason)
        return self._changed_digests("DigestRevoked", sender, issuer, digests, changed, reason)

    def suspend_digests(self, sender: str, issuer: int, digests: Sequence[bytes], reason: int) -> list[Event]:
        self._operated(issuer, sender)
        changed = [each for each in dict.fromkeys(digests) if self.digest(issuer, each).suspended is None]
        for each in changed:
            self.digest(issuer, each).suspended = (self.now, reason)
        return self._changed_digests("DigestSuspended", sender, issuer, digests, changed, reason)

    def reinstate_digests(self, sender: str, issuer: int, digests: Sequence[bytes], reason: int) -> list[Event]:
        self._operated(issuer, sender)
        changed = [each for each in dict.fromkeys(digests) if self.digest(issuer, each).suspended is not None]
        for each in changed:
            self.digest(issuer, each).suspended = None
        return self._changed_digests("DigestReinstated", sender, issuer, digests, changed, reason)

    def void_batch(self, sender: str, issuer: int, root: bytes, reason: int) -> list[Event]:
        self._controlled(issuer, sender)
        batch = self.batch(issuer, root)
        _require_holding(batch, issuer, root)
        batch.voided_at, batch.void_reason = self.now, reason
        return [("BatchVoided", issuer, root, reason, sender)]

    def supersede(
        self, sender: str, issuer: int, root: bytes, index: int, by_root: bytes, by_index: int
    ) -> list[Event]:
        self._operated(issuer, sender)
        if (root, index) == (by_root, by_index):
            raise Refusal("SupersedesItself", issuer, root, index)
        self._require_leaf(issuer, root, index)
        _require_holding(self._require_leaf(issuer, by_root, by_index), issuer, by_root)
        return [("Superseded", issuer, root, index, by_root, by_index, sender)]

    def status(self, issuer: int, root: bytes, index: int, digest: bytes) -> tuple[bool, bool]:
        batch = self._require_leaf(issuer, root, index)
        followed = self.digest(issuer, digest)
        return (
            batch.voided_at != 0 or index in batch.revoked or followed.revoked is not None,
            index in batch.suspended or followed.suspended is not None,
        )

    def digest(self, issuer: int, digest: bytes) -> DigestStatus:
        return self.digests.setdefault((issuer, digest), DigestStatus())

    # What the calls have in common

    def batch(self, issuer: int, root: bytes) -> Batch:
        if (issuer, root) not in self.batches:
            raise Refusal("UnknownBatch", issuer, root)
        return self.batches[issuer, root]

    def _anchor(self, operator: str, issuer: int, root: bytes, leaf_count: int | None) -> list[Event]:
        party = self._operated(issuer, operator)
        self._require_active(party, issuer)
        if (issuer, root) in self.batches:
            raise Refusal("AlreadyAnchored", issuer, root, self.batches[issuer, root].sequence)
        party.roots.append(root)
        sequence = len(party.roots)
        self.batches[issuer, root] = Batch(leaf_count, sequence, self.now, self.block_number)
        return [("Anchored", issuer, root, leaf_count or 0, sequence, operator)]

    def _party(self, party: int) -> Party:
        if party not in self.parties:
            raise Refusal("UnknownParty", party)
        return self.parties[party]

    def _controlled(self, party: int, sender: str) -> Party:
        found = self._party(party)
        if found.controller != sender:
            raise Refusal("NotController", party, sender)
        return found

    def _operated(self, party: int, account: str) -> Party:
        found = self._party(party)
        if account not in found.operators:
            raise Refusal("NotOperator", party, account)
        return found

    def _require_active(self, party: Party, number: int) -> None:
        if party.retired_at:
            raise Refusal("PartyIsRetired", number, party.retired_at)

    def _counted(self, issuer: int, root: bytes) -> tuple[Batch, int]:
        batch = self.batch(issuer, root)
        if batch.leaf_count is None:
            raise Refusal("LeafCountUnstated", issuer, root)
        return batch, batch.leaf_count

    def _require_leaf(self, issuer: int, root: bytes, index: int) -> Batch:
        batch, leaf_count = self._counted(issuer, root)
        if index >= leaf_count:
            _out_of_range(index, leaf_count)
        return batch

    def _changed_digests(
        self, event: str, sender: str, issuer: int, digests: Sequence[bytes], changed: Sequence[bytes], reason: int
    ) -> list[Event]:
        if not changed:
            raise Refusal("DigestsUnchanged", issuer, len(digests))
        self._party(issuer).digest_changes += len(changed)
        return [(event, issuer, digest, reason, sender) for digest in changed]

    def _changeable(self, sender: str, issuer: int, root: bytes, word: int, mask: int) -> Batch:
        self._operated(issuer, sender)
        batch, leaf_count = self._counted(issuer, root)
        _require_holding(batch, issuer, root)
        leaves = _leaves(word, mask)
        if any(leaf >= leaf_count for leaf in leaves):
            _out_of_range(max(leaves), leaf_count)
        return batch


def _require_holding(batch: Batch, issuer: int, root: bytes) -> None:
    if batch.voided_at:
        raise Refusal("BatchIsVoided", issuer, root, batch.voided_at)


def _out_of_range(index: int, leaf_count: int) -> NoReturn:
    raise Refusal("IndexOutOfRange", index, leaf_count)


def _leaves(word: int, mask: int) -> set[int]:
    return {word * WORD + bit for bit in range(WORD) if mask >> bit & 1}


def _mask(word: int, leaves: set[int]) -> int:
    return sum(1 << leaf - word * WORD for leaf in leaves)
