"""A registry whose answers are proved against the hash of one block, whoever sends them.

What it says is what the contract stores in that block, by `eth_getProof`; an answer that does not prove it is none. Of
events it tells nothing, since they are in no proof: neither why a place was revoked, nor what replaces it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final, NoReturn, TypeVar

from registry.chain.agreement import AgreedBlock, agreed_block
from registry.chain.contract import CredentialRegistry, Topics
from registry.chain.layout import accreditation_slots_of, slots_of
from registry.chain.rpc.client import Block, BlockNumber, ChainClient
from registry.chain.rpc.remedies import TRY_LATER
from registry.chain.storage import read_accreditation
from registry.errors import ChainUnavailable, EvidenceError, WrongChain
from registry.proofs.evidence import Evidence, Nodes
from registry.proofs.slots import RegistrySlots
from registry.proofs.storage import EMPTY_CODE
from registry.recognition.ledger import Accreditation, Ledger, reach
from registry.records import Batch, DigestStatus, Party, Purpose
from registry.verifier.stored import StoredRegistry
from registry.verify.verdict import Basis, Ground

T = TypeVar("T")

SLOTS_A_REQUEST: Final = 100
MOST_ACCREDITATIONS: Final = 20_000
"""Of a registry whose accreditations are proved: a slot of each is asked for, and ten of those that count."""


class ProvedAccount:
    """What a contract stores as of one block.

    Args:
        block: whose hash is trusted.
        code_hash: of the code that has to be at the address.

    `values` raises `ChainUnavailable` with code `not-proved` where what the endpoint sends proves nothing, and
    `WrongChain` where the proof shows that there is no contract, or another one.
    """

    def __init__(self, client: ChainClient, address: str, block: Block, code_hash: bytes):
        self._client, self._address, self._block, self._code_hash = client, address, block, code_hash
        self._proved: dict[bytes, int] = {}
        self._given: Evidence | None = None
        self._slots: dict[bytes, Nodes] = {}

    @classmethod
    def of_registry(cls, contract: CredentialRegistry, chain_id: int, block: Block) -> ProvedAccount:
        """That of a registry's first contract, with parties, batches and statuses."""
        code_hash = contract.edition.code_hash(chain_id, contract.address)
        return cls(contract.client, contract.address, block, code_hash)

    @classmethod
    def of_accreditations(cls, contract: CredentialRegistry, chain_id: int, block: Block) -> ProvedAccount:
        """That of the contract that has a registry's accreditations."""
        code_hash = contract.edition.accreditations_code_hash(chain_id, contract.address)
        return cls(contract.client, contract.accreditations_address, block, code_hash)

    @property
    def evidence(self) -> Evidence:
        """The proofs of all that was asked for; ValueError before anything was."""
        if self._given is None:
            raise ValueError("nothing was asked for")
        return replace(self._given, slots=dict(self._slots))

    def values(self, slots: Iterable[bytes]) -> Mapping[bytes, int]:
        """What is in slots, each proved once."""
        wanted = list(dict.fromkeys(slots))
        missing = [slot for slot in wanted if slot not in self._proved]
        for start in range(0, len(missing), SLOTS_A_REQUEST):
            self._prove(missing[start : start + SLOTS_A_REQUEST])
        return {slot: self._proved[slot] for slot in wanted}

    def unproved(self, why: str) -> ChainUnavailable:
        """The error that says that an answer is none."""
        return ChainUnavailable(
            f"the endpoint's answer about block {self._block.number} is not proved: {why}",
            where=self._client.where,
            remedy=f"Use another endpoint, or verify without proof. {TRY_LATER}",
            code="not-proved",
        )

    def _prove(self, slots: Sequence[bytes]) -> None:
        block = self._block
        try:
            given = self._client.evidence(self._address, slots, block.number)
            found = given.proved(block.hash)
        except EvidenceError as error:
            if error.code == "no-account":
                raise self._client.no_contract(self._address) from None
            raise self.unproved(error.what) from None
        if (found.header.number, found.header.timestamp) != (block.number, block.timestamp):
            raise self.unproved("number or time of the block are not those of its header")
        self._check_code(found.account.code_hash)
        self._proved |= found.values
        self._given = given
        self._slots |= given.slots

    def _check_code(self, code_hash: bytes) -> None:
        if code_hash == EMPTY_CODE:
            raise self._client.no_contract(self._address)
        if code_hash != self._code_hash:
            raise WrongChain(
                f"the code at {self._address} is not this program's contract",
                where=self._client.where,
                code="wrong-code",
            )


class ProvedRegistry(CredentialRegistry):
    """Reads of a registry as of one block.

    Args:
        agreed: the block, and who named its hash.

    Every read raises as `ProvedAccount.values`, and `ValueError` when another block is asked for.
    """

    def __init__(self, client: ChainClient, address: str, agreed: AgreedBlock):
        super().__init__(client, address)
        self.agreed = agreed

    @classmethod
    def by_quorum(cls, contract: CredentialRegistry, quorum: int) -> ProvedRegistry:
        """The registry that a contract binds, as of the newest block that enough endpoints name; raises as they."""
        return cls(contract.client, contract.address, agreed_block(contract.client, quorum))

    @property
    def evidence(self) -> Evidence:
        """The proofs of all that was read of parties, batches and statuses; ValueError before anything was."""
        return self._account.evidence

    @property
    def basis(self) -> Basis:
        """What its answers rest on."""
        return Basis(Ground.ENDPOINTS, len(self.agreed.named_by), self.agreed.asked)

    def batch(self, issuer: int, root: bytes, *, at: BlockNumber = "latest") -> Batch | None:
        """The batch an issuer anchored under a root, or None: both are proved."""
        # What is asked next, as a rule.
        words = [self._slots.word(issuer, root, purpose, 0) for purpose in Purpose]
        self._account.values([self._slots.batch(issuer, root), *words])
        return self._read(at, lambda stored: stored.batch(issuer, root))

    def batches(self, issuer: int, roots: Sequence[bytes], *, at: BlockNumber = "latest") -> list[Batch]:
        """Those of the batches that the issuer anchored, many proved in a request."""
        self._account.values([self._slots.batch(issuer, root) for root in roots])
        found = self._read(at, lambda stored: [stored.batch(issuer, root) for root in roots])
        return [batch for batch in found if batch is not None]

    def party(self, party: int, *, at: BlockNumber = "latest") -> Party | None:
        """The party with that id, its addresses checksummed, or None."""
        return self._read(at, lambda stored: stored.party(party))

    def status_words(
        self, issuer: int, root: bytes, purpose: Purpose, first_word: int, count: int, *, at: BlockNumber = "latest"
    ) -> tuple[int, ...]:
        """The status bits of 256 credentials a word; all leaves of a voided batch are revoked, as the contract says."""
        numbers = range(first_word, first_word + count)
        # Whoever asks for the one purpose asks for the other.
        both = [self._slots.word(issuer, root, each, word) for each in Purpose for word in numbers]
        self._account.values([self._slots.batch(issuer, root), *both])
        return self._read(at, lambda stored: stored.status_words(issuer, root, purpose, numbers))

    def digest_statuses(
        self, issuer: int, digests: Sequence[bytes], *, at: BlockNumber = "latest"
    ) -> tuple[DigestStatus, ...]:
        """What the issuer said of credentials by their digests, in their order."""
        return self._read(at, lambda stored: stored.digest_statuses(issuer, digests))

    def ledger(self, trusted: Collection[int]) -> Ledger:
        """All accreditations and recognitions that may count for whoever trusts these bodies; none of them is left out.

        How many there are is proved, and of each who says it of whom. What the others say of each other costs nobody
        more than that.

        Raises:
            ChainUnavailable: code `not-proved`, also where there are more than are proved at once.
        """
        slots = accreditation_slots_of(self.edition)
        as_of = self.agreed.block.reference
        try:
            count = slots.read_count(self._accreditations.values)
        except WrongChain as error:
            if error.code != "no-contract" or self.edition.is_one_contract:
                raise
            return Ledger((), as_of)
        if count > MOST_ACCREDITATIONS:
            raise self._account.unproved(f"of {count:,} accreditations up to {MOST_ACCREDITATIONS:,} are")
        values = self._accreditations.values
        values(slots.slots_of(range(1, count + 1)))
        sides = {number: slots.read_sides(number, values) for number in range(1, count + 1)}
        reached = reach(trusted, sides.values())

        def read(number: int) -> Accreditation:
            found = self._evident(lambda: slots.read(number, values))
            return self._understood("an accreditation", lambda: read_accreditation(number, found))

        return Ledger(tuple(read(number) for number, (body, *_) in sides.items() if body in reached), as_of)

    @cached_property
    def _account(self) -> ProvedAccount:
        return ProvedAccount.of_registry(self, self.agreed.chain_id, self.agreed.block)

    @cached_property
    def _accreditations(self) -> ProvedAccount:
        if self.edition.is_one_contract:
            return self._account
        return ProvedAccount.of_accreditations(self, self.agreed.chain_id, self.agreed.block)

    @cached_property
    def _slots(self) -> RegistrySlots:
        return slots_of(self.edition)

    @cached_property
    def _stored(self) -> StoredRegistry:
        return StoredRegistry(self._slots, self._account.values)

    def _read(self, at: BlockNumber, read: Callable[[StoredRegistry], T]) -> T:
        number = self.agreed.block.number
        if at != number:
            raise ValueError(f"what is proved is as of block {number}, not {at}")
        return self._evident(lambda: read(self._stored))

    def _evident(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except EvidenceError as error:
            raise self._account.unproved(error.what) from None

    # Whatever else is asked of the contract is in no proof.

    def _events(self, topics: Topics, first: int, to: BlockNumber) -> NoReturn:
        raise self._account.unproved(f"events from block {first} to {to} are in no proof ({len(topics)} topics)")

    def _values(self, function: str, *arguments: object, at: BlockNumber) -> NoReturn:
        raise self._account.unproved(f"{function} of {len(arguments)} values at {at} is in no proof")
