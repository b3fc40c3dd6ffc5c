"""A registry whose answers are proved against the hash of one block, whoever sends them.

What it says is what the contract stores in that block, by `eth_getProof`; an answer that does not prove it is none. Of
events it tells nothing, since they are in no proof: neither why a place was revoked, nor what replaces it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, NoReturn

from registry.chain.abi import Artifact
from registry.chain.agreement import AgreedBlock
from registry.chain.contract import CredentialRegistry, Topics
from registry.chain.editions import same_code
from registry.chain.layout import accreditation_slots_of, slots_of
from registry.chain.rpc.client import BlockNumber, ChainClient
from registry.chain.rpc.hexadecimal import checksummed
from registry.chain.rpc.remedies import TRY_LATER
from registry.chain.storage import read_accreditation
from registry.errors import ChainUnavailable, EvidenceError, WrongChain
from registry.history import leaves_of_word
from registry.keccak import keccak
from registry.proofs.slots import (
    NO_ADDRESS,
    RegistrySlots,
    read_address,
    read_batch,
    read_digest_changes,
    read_digest_status,
    read_registered_at,
    read_retired_at,
    read_sequence,
    read_text,
    text_slots,
)
from registry.recognition.ledger import Accreditation, Ledger, reach
from registry.records import NOTHING_SAID, Batch, DigestStatus, Party, Purpose

SLOTS_A_REQUEST: Final = 100
MOST_ACCREDITATIONS: Final = 20_000
"""Of a registry whose accreditations are proved: a slot of each is asked for, and ten of those that count."""


class ProvedAccount:
    """What a contract stores as of one block.

    Args:
        built: the artifact whose code has to be at the address.

    `values` raises `ChainUnavailable` with code `not-proved` where what the endpoint sends proves nothing, and
    `WrongChain` where the proof shows that there is no contract, or another one.
    """

    def __init__(self, client: ChainClient, address: str, agreed: AgreedBlock, built: Artifact):
        self._client, self._address, self._agreed, self._built = client, address, agreed, built
        self._proved: dict[bytes, int] = {}
        self._has_code = False

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
            f"the endpoint's answer about block {self._agreed.block.number} is not proved: {why}",
            where=self._client.where,
            remedy=f"Use another endpoint, or verify without proof. {TRY_LATER}",
            code="not-proved",
        )

    def _prove(self, slots: Sequence[bytes]) -> None:
        block = self._agreed.block
        try:
            found = self._client.evidence(self._address, slots, block.number).proved(block.hash)
        except EvidenceError as error:
            if error.code == "no-account":
                raise self._client.no_contract(self._address) from None
            raise self.unproved(error.what) from None
        if (found.header.number, found.header.timestamp) != (block.number, block.timestamp):
            raise self.unproved("number or time of the block are not those of its header")
        if not self._has_code:
            self._check_code(found.account.code_hash)
        self._proved |= found.values

    def _check_code(self, code_hash: bytes) -> None:
        code = self._client.code(self._address, self._agreed.block.number)
        if keccak(code) != code_hash:
            raise self.unproved("the code that it sends is not the one that is proved")
        if not code:
            raise self._client.no_contract(self._address)
        if not same_code(code, self._built):
            raise WrongChain(
                f"the code at {self._address} is not this program's contract",
                where=self._client.where,
                code="wrong-code",
            )
        self._has_code = True


class ProvedRegistry(CredentialRegistry):
    """Reads of a registry as of one block.

    Args:
        agreed: the block, and who named its hash.

    Every read raises as `ProvedAccount.values`, and `ValueError` when another block is asked for.
    """

    def __init__(self, client: ChainClient, address: str, agreed: AgreedBlock):
        super().__init__(client, address)
        self.agreed = agreed

    def batch(self, issuer: int, root: bytes, *, at: BlockNumber = "latest") -> Batch | None:
        """The batch an issuer anchored under a root, or None: both are proved."""
        # What is asked next, as a rule.
        words = [self._slots.word(issuer, root, purpose, 0) for purpose in Purpose]
        self._values_of([self._slots.batch(issuer, root), *words], at)
        return self._batch_alone(issuer, root, at=at)

    def batches(self, issuer: int, roots: Sequence[bytes], *, at: BlockNumber = "latest") -> list[Batch]:
        """Those of the batches that the issuer anchored, many proved in a request."""
        self._values_of([self._slots.batch(issuer, root) for root in roots], at)
        found = (self._batch_alone(issuer, root, at=at) for root in roots)
        return [batch for batch in found if batch is not None]

    def _batch_alone(self, issuer: int, root: bytes, *, at: BlockNumber = "latest") -> Batch | None:
        """As `batch`, for whoever does not ask for statuses next."""
        slot = self._slots.batch(issuer, root)
        values = self._values_of([slot], at)
        return self._understood("a batch", lambda: read_batch(issuer, root, values[slot]))

    def party(self, party: int, *, at: BlockNumber = "latest") -> Party | None:
        """The party with that id, its addresses checksummed, or None."""
        packed, governed, pending, profile_hash, uri = slots = self._slots.of_party(party)
        values = self._values_of(slots, at)
        if values[governed] == 0:
            return None
        longer = self._understood("a party's URI", lambda: text_slots(uri, values[uri]))
        rest = self._values_of(longer, at)
        text = self._understood("a party's URI", lambda: read_text(values[uri], [rest[slot] for slot in longer]))
        offered = read_address(values[pending])
        return self._understood(
            "a party",
            lambda: Party(
                id=party,
                controller=checksummed(read_address(values[governed])),
                pending_controller=None if offered == NO_ADDRESS else checksummed(offered),
                registered_at=read_registered_at(values[governed]),
                retired_at=read_retired_at(values[packed]),
                sequence=read_sequence(values[packed]),
                profile_hash=values[profile_hash].to_bytes(32, "big"),
                uri=text,
                digest_changes=read_digest_changes(values[governed]),
            ),
        )

    def status_words(
        self, issuer: int, root: bytes, purpose: Purpose, first_word: int, count: int, *, at: BlockNumber = "latest"
    ) -> tuple[int, ...]:
        """The status bits of 256 credentials a word; all leaves of a voided batch are revoked, as the contract says."""
        batch = self.batch(issuer, root, at=at)
        numbers = range(first_word, first_word + count)
        if batch is not None and batch.is_void and purpose is Purpose.REVOCATION:
            return tuple(leaves_of_word(word, batch.leaf_count) for word in numbers)
        slots = [self._slots.word(issuer, root, purpose, word) for word in numbers]
        # Whoever asks for the one purpose asks for the other.
        both = [self._slots.word(issuer, root, each, word) for each in Purpose for word in numbers]
        values = self._values_of(both, at)
        return tuple(values[slot] for slot in slots)

    def digest_statuses(
        self, issuer: int, digests: Sequence[bytes], *, at: BlockNumber = "latest"
    ) -> tuple[DigestStatus, ...]:
        """What the issuer said of credentials by their digests, in their order."""
        if not self.edition.has_digest_statuses:
            return (NOTHING_SAID,) * len(digests)
        slots = [self._slots.digest(issuer, digest) for digest in digests]
        values = self._values_of(slots, at)
        return self._understood("a digest", lambda: tuple(read_digest_status(values[slot]) for slot in slots))

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
            try:
                found = slots.read(number, values)
            except EvidenceError as error:
                raise self._account.unproved(error.what) from None
            return self._understood("an accreditation", lambda: read_accreditation(number, found))

        return Ledger(tuple(read(number) for number, (body, *_) in sides.items() if body in reached), as_of)

    @cached_property
    def _account(self) -> ProvedAccount:
        return ProvedAccount(self.client, self.address, self.agreed, self.edition.registry)

    @cached_property
    def _accreditations(self) -> ProvedAccount:
        if self.edition.is_one_contract:
            return self._account
        return ProvedAccount(self.client, self.accreditations_address, self.agreed, self.edition.accreditations)

    @cached_property
    def _slots(self) -> RegistrySlots:
        return slots_of(self.edition)

    def _values_of(self, slots: Iterable[bytes], at: BlockNumber) -> Mapping[bytes, int]:
        number = self.agreed.block.number
        if at != number:
            raise ValueError(f"what is proved is as of block {number}, not {at}")
        return self._account.values(slots)

    # Whatever else is asked of the contract is in no proof.

    def _events(self, topics: Topics, first: int, to: BlockNumber) -> NoReturn:
        raise self._account.unproved(f"events from block {first} to {to} are in no proof ({len(topics)} topics)")

    def _values(self, function: str, *arguments: object, at: BlockNumber) -> NoReturn:
        raise self._account.unproved(f"{function} of {len(arguments)} values at {at} is in no proof")
