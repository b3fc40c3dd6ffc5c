"""What the chain says about one credential, read as of one block, as `registry.verify.checks` needs it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple, TypeVar

from registry.anchors import AnchorPlace, AnchorState
from registry.chain.agreement import agreed_blocks, agreed_final
from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import deployment_seen
from registry.chain.heads import Clock, age_of_head, utc_now
from registry.chain.ledger import read_ledger
from registry.chain.rpc.client import Block
from registry.chain.rpc.remedies import TRY_LATER
from registry.chain.storage import DIGESTS_A_CALL
from registry.errors import ChainError, ChainUnavailable, ContractReverted
from registry.recognition.ledger import Ledger
from registry.records import (
    NOTHING_SAID,
    WORD_BITS,
    Anchor,
    Batch,
    BlockRef,
    DigestKey,
    DigestStatus,
    Event,
    Purpose,
    Reason,
)
from registry.verifier.proved import ProvedRegistry
from registry.verify.freshness import DEFAULT_LATE_SECONDS, HeadAge
from registry.verify.verdict import BELIEVED, REPLACEMENT_UNKNOWN, Basis, ChainFacts, FactsUnavailable

MOST_BEHIND = 20
"""Blocks by which the endpoint that is asked may be behind another one, as an index may be behind its chain."""

WORDS_A_CALL = 64
"""Words of statuses that are read together: those of 16,384 places, in an answer of 2 KiB."""

T = TypeVar("T")


class OtherAnchor(NamedTuple):
    """Another anchor of a digest, by the same issuer; `leaf_count` is that of the tree it is proved in."""

    place: AnchorPlace
    leaf_count: int


class AnchoredRoots(NamedTuple):
    """Which roots a party has anchored: its batches by their roots.

    Attributes:
        chain: CAIP-2.
        as_of: the block at which that was read.
        final: number of the newest block that is final; None where the chain does not say.
        age: of that block.
    """

    chain: str
    as_of: BlockRef
    final: int | None
    batches: Mapping[bytes, Batch]
    age: HeadAge


@dataclass(frozen=True, slots=True)
class _Pinned:
    """The block everything is read at, its age, and the newest one that is final: -1 when the chain does not say.

    Attributes:
        contract: that is read, or proved.
    """

    contract: CredentialRegistry
    basis: Basis
    chain: str
    block: Block
    final: int
    age: HeadAge


class FactsReader:
    """Answers about credentials as of one block; what is asked twice is read once.

    Args:
        contract: the contract, known to be the right one.
        finality_depth: blocks that count as final on a chain without a `finalized` tag.
        head_age_seconds: the setting by which the newest block is late.
        clock: the real time.
        quorum: how many endpoints have to name the hash of a block against which everything is then proved; None to
            believe the endpoint that answers.

    Attributes:
        asked: how many questions the chain was asked so far.
    """

    def __init__(
        self,
        contract: CredentialRegistry,
        *,
        finality_depth: int | None = None,
        head_age_seconds: float = DEFAULT_LATE_SECONDS,
        clock: Clock = utc_now,
        quorum: int | None = None,
    ):
        self._contract = contract
        self._quorum = quorum
        self._client = contract.client
        self._finality_depth = finality_depth
        self._head_age_seconds = head_age_seconds
        self._clock = clock
        self._read: dict[tuple[object, ...], object] = {}
        self._said: dict[DigestKey, DigestStatus] = {}
        self._expected: tuple[bytes, ...] = ()
        self.asked = 0

    def expect(self, digests: Iterable[bytes]) -> None:
        """Which digests will be asked about next: what was said of them is then read of many in one question.

        What was said of those that were expected before is forgotten.
        """
        self._expected = tuple(dict.fromkeys(digests))
        self._said.clear()

    def facts(
        self, issuer: int, root: bytes, leaf_index: int, digest: bytes, others: Iterable[OtherAnchor] = ()
    ) -> ChainFacts | FactsUnavailable:
        """The facts about a leaf of an issuer's batch; a chain that does not answer is an answer, too, not an error.

        Args:
            digest: that the leaf is, 32 bytes.
            others: the issuer's other anchors of the same digest that are known.
        """
        try:
            return self._facts_of_one_chain(issuer, AnchorPlace(root, leaf_index), digest, tuple(others))
        except ChainError as error:
            # Answers from before may be of a block that is no more: nothing of them is used again.
            self._read.clear()
            self._said.clear()
            return FactsUnavailable.of(error)

    def _facts_of_one_chain(
        self, issuer: int, place: AnchorPlace, digest: bytes, others: tuple[OtherAnchor, ...]
    ) -> ChainFacts:
        before = self.asked
        try:
            facts, by_digest = self._facts(issuer, place), self._by_digest(issuer, digest)
            # What is anchored nowhere replaces nothing.
            known = others if facts.batch is not None else ()
            facts = replace(facts, by_digest=by_digest, others=self._states(issuer, known, by_digest))
        except ContractReverted:
            # On another chain than the one read before the batch may be unknown; then that is what there is to say.
            self._still_there()
            raise
        if self.asked > before:
            self._still_there()
        return facts

    def _facts(self, issuer: int, place: AnchorPlace) -> ChainFacts:
        pinned = self._pinned()
        batch = self._batch(issuer, place.root)
        party = self._once(("party", issuer), lambda: pinned.contract.party(issuer, at=pinned.block.number))
        state = self._state(issuer, place)
        return ChainFacts(
            chain=pinned.chain,
            contract=self._contract.address,
            as_of=pinned.block.reference,
            party=party,
            batch=batch,
            final=batch is not None and batch.block_number <= pinned.final,
            revoked=state.revoked,
            suspended=state.suspended,
            # A batch that is voided says why itself.
            status_reason=None if state.voided else state.reason,
            head_age=pinned.age,
            contract_proved=self._proved(),
            basis=pinned.basis,
        )

    def ledger(self, trusted: Collection[int]) -> Ledger:
        """All accreditations and recognitions of the contract; if they are proved, as of the block of other facts.

        Args:
            trusted: bodies that are believed; of accreditations that are proved, only what may count for them is there.

        Raises:
            ChainError: they could not be read, or are not proved.
        """
        contract = self._contract if self._quorum is None else self._pinned().contract
        return contract.ledger(trusted) if isinstance(contract, ProvedRegistry) else read_ledger(contract)

    def head(self) -> tuple[BlockRef, HeadAge]:
        """The block of all facts, and what its age comes to.

        Raises:
            ChainError: it could not be read, or is not proved.
        """
        pinned = self._pinned()
        return pinned.block.reference, pinned.age

    def anchored(self, mirror: int, roots: Iterable[bytes]) -> AnchoredRoots:
        """Which roots a party has anchored, as of the block of all other facts.

        Raises:
            ChainError: that could not be read, or is not proved.
        """
        before = self.asked
        pinned = self._pinned()
        found = {root: self._anchored(mirror, root) for root in roots}
        if self.asked > before:
            self._still_there()
        batches = {root: batch for root, batch in found.items() if batch is not None}
        final = None if pinned.final < 0 else pinned.final
        return AnchoredRoots(pinned.chain, pinned.block.reference, final, batches, pinned.age)

    def _by_digest(self, issuer: int, digest: bytes) -> DigestStatus | None:
        """What the issuer said of the digest; None where the contract knows of no such thing."""
        pinned = self._pinned()
        if not pinned.contract.edition.has_digest_statuses:
            return None
        if (issuer, digest) not in self._said:
            expected = (each for each in self._expected if each != digest and (issuer, each) not in self._said)
            asked = (digest, *islice(expected, DIGESTS_A_CALL - 1))
            self.asked += 1
            found = pinned.contract.digest_statuses(issuer, asked, at=pinned.block.number)
            self._said |= {(issuer, each): status for each, status in zip(asked, found, strict=True)}
        return self._said[issuer, digest]

    def _states(
        self, issuer: int, others: tuple[OtherAnchor, ...], by_digest: DigestStatus | None
    ) -> tuple[AnchorState, ...]:
        """What became of other anchors; what replaces them only where that matters: not for what the digest says."""
        states = []
        for place, leaf_count in others:
            batch = self._anchored(issuer, place.root)
            # Anyone may anchor a root with another count; a proof holds for one count only, so that is no anchor of it.
            if batch is not None and batch.leaf_count in (0, leaf_count):
                states.append(replace(self._state(issuer, place), by_digest=by_digest or NOTHING_SAID))
        said = by_digest is not None and by_digest.is_revoked
        if said or not any(each.revoked or each.voided or each.suspended for each in states):
            return tuple(states)
        return tuple(
            replace(each, superseded_by=self._replacements(issuer, each.place.root).get(each.place.leaf_index))
            for each in states
        )

    def _state(self, issuer: int, place: AnchorPlace) -> AnchorState:
        """What became of one anchor's place by itself."""
        root, leaf_index = place
        batch = self._anchored(issuer, root)
        if batch is None:
            return AnchorState(issuer, place)
        status = dict.fromkeys(Purpose, False)
        if leaf_index < batch.leaf_count:
            status = {purpose: self._bit(batch, purpose, leaf_index) for purpose in Purpose}
        if batch.is_void:
            # The contract calls every leaf of a voided batch revoked; the batch says so itself, with its own reason.
            status[Purpose.REVOCATION] = False
        purpose = next((purpose for purpose in Purpose if status[purpose]), None)
        reason = None if purpose is None or batch.is_void else self._reason(issuer, root, purpose, leaf_index)
        return AnchorState(
            issuer,
            place,
            revoked=status[Purpose.REVOCATION],
            suspended=status[Purpose.SUSPENSION],
            voided=batch.is_void,
            reason=reason if batch.void_reason is None else batch.void_reason.word,
        )

    def _replacements(self, issuer: int, root: bytes) -> dict[int, AnchorPlace]:
        batch, last = self._anchored(issuer, root), self._pinned().block.number
        first = 0 if batch is None else batch.block_number
        try:
            return self._once(
                ("replacements", issuer, root),
                lambda: self._pinned().contract.replacements(issuer, root, from_block=first, to_block=last),
            )
        except ChainUnavailable as error:
            if error.code == "chain-garbage":
                raise
            raise ChainUnavailable(
                "another anchor of the credential is withdrawn, and whether this one replaces it could not be read or "
                f"proved: {error.what}",
                where=error.where,
                remedy="Verify without proof, or by an endpoint that tells of old events.",
                code=REPLACEMENT_UNKNOWN,
            ) from None

    def _proved(self) -> bool:
        """Whether what the contract stores is its own code's doing."""
        edition, address = self._contract.edition, self._contract.address
        # How it was deployed is in no proof.
        if address == edition.address or self._quorum is not None:
            return address == edition.address
        initcode = edition.registry.initcode
        return self._once(
            ("proved",), lambda: deployment_seen(self._client, address, initcode, self._pinned().block.number)
        )

    def _pinned(self) -> _Pinned:
        def read() -> _Pinned:
            return self._believed() if self._quorum is None else self._agreed(self._quorum)

        return self._once(("pinned",), read)

    def _agreed(self, quorum: int) -> _Pinned:
        """By what enough endpoints say alike; what is read is then proved against it."""
        client = self._client
        contract = ProvedRegistry.by_quorum(self._contract, quorum)
        chain, block = f"eip155:{contract.agreed.chain_id}", contract.agreed.block
        final = agreed_final(client, quorum)
        if final < 0 and self._finality_depth is not None:
            final = block.number - self._finality_depth

        def block_at(number: int) -> Block:
            (agreed,) = agreed_blocks(client, [number], quorum)
            return agreed.block

        age = age_of_head(client, chain, block, self._head_age_seconds, self._clock, block_at=block_at)
        return _Pinned(contract, contract.basis, chain, block, final, age)

    def _believed(self) -> _Pinned:
        """By the endpoint that answers."""
        block = self._client.block("latest")
        if block is None:
            raise ChainUnavailable("the chain has no block", where=self._client.where, code="chain-garbage")
        if (behind := self._client.newest_told() - block.number) > MOST_BEHIND:
            # Another endpoint of this chain told of newer blocks, and does not answer now.
            raise ChainUnavailable(
                f"the endpoint that answers is {behind} blocks behind another one",
                where=self._client.where,
                remedy=TRY_LATER,
                code="chain-behind",
            )
        try:
            final = self._client.finalized(self._finality_depth).number
        except ChainUnavailable as error:
            if error.code != "no-finality":
                raise
            final = -1
        chain = f"eip155:{self._client.chain_id()}"
        age = age_of_head(self._client, chain, block, self._head_age_seconds, self._clock)
        return _Pinned(self._contract, BELIEVED, chain, block, final, age)

    def _anchored(self, issuer: int, root: bytes) -> Batch | None:
        pinned = self._pinned()
        at = pinned.block.number
        return self._once(("anchored", issuer, root), lambda: pinned.contract.batch(issuer, root, at=at))

    def _batch(self, issuer: int, root: bytes) -> Batch | None:
        """With its anchor, where the event is to be had."""

        def read() -> Batch | None:
            batch = self._anchored(issuer, root)
            return None if batch is None else replace(batch, anchor=self._anchor(batch))

        return self._once(("batch", issuer, root), read)

    def _anchor(self, batch: Batch) -> Anchor | None:
        """What the event of the anchor says; None from an endpoint that does not serve logs that old."""
        number = batch.block_number
        found = self._logged(
            lambda: self._pinned().contract.anchored_events(
                issuer=batch.issuer, root=batch.root, from_block=number, to_block=number
            )
        )
        return Anchor.of(found[0]) if found else None

    def _bit(self, batch: Batch, purpose: Purpose, leaf_index: int) -> bool:
        word, bit = divmod(leaf_index, WORD_BITS)
        pinned = self._pinned()
        at = pinned.block.number
        # Words of neighbours come with one question; of what is proved each would cost its proof.
        many = WORDS_A_CALL if self._quorum is None else 1
        first = word - word % many
        count = min(many, -(-batch.leaf_count // WORD_BITS) - first)
        words = self._once(
            ("words", batch.issuer, batch.root, purpose, first),
            lambda: pinned.contract.status_words(batch.issuer, batch.root, purpose, first, count, at=at),
        )
        return bool(words[word - first] >> bit & 1)

    def _reason(self, issuer: int, root: bytes, purpose: Purpose, leaf_index: int) -> str | None:
        """The word of the newest change that set the bit."""
        word, bit = divmod(leaf_index, WORD_BITS)
        for change in reversed(self._once(("changes", issuer, root), lambda: self._changes(issuer, root))):
            given = change.arguments
            if (given["purpose"], given["word"]) == (purpose, word) and given["changed"] >> bit & 1:
                return Reason(given["reason"]).word
        return None

    def _changes(self, issuer: int, root: bytes) -> tuple[Event, ...]:
        batch = self._anchored(issuer, root)
        first = 0 if batch is None else batch.block_number
        last = self._pinned().block.number
        return self._logged(
            lambda: self._pinned().contract.status_changes(issuer, root, from_block=first, to_block=last),
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
        """Make sure that the answers were about one chain: a reorganisation in between would mix two.

        What is proved is as of its block, whatever becomes of that.
        """
        if self._quorum is not None:
            return
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
            self.asked += 1
            self._read[key] = read()
        return self._read[key]  # type: ignore[return-value]
