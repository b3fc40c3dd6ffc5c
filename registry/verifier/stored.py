"""What a registry stores, out of slots whose values are proved, wherever the proofs come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from registry.chain.rpc.hexadecimal import checksummed
from registry.errors import EvidenceError
from registry.history import leaves_of_word
from registry.proofs.accreditation_slots import Values
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
from registry.records import NOTHING_SAID, Batch, DigestStatus, Party, Purpose

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredRegistry:
    """A registry by its slots, as of the block that they are proved against.

    Attributes:
        values: what is in slots.

    Every read raises what `values` raises, and `EvidenceError` with code `evidence-value` where no registry stores
    such a thing.
    """

    slots: RegistrySlots
    values: Values

    def batch(self, issuer: int, root: bytes) -> Batch | None:
        """The batch an issuer anchored under a root, or None: both are proved."""
        slot = self.slots.batch(issuer, root)
        value = self.values([slot])[slot]
        return _understood("a batch", lambda: read_batch(issuer, root, value))

    def party(self, party: int) -> Party | None:
        """The party with that id, its addresses checksummed, or None."""
        packed, governed, pending, profile_hash, uri = slots = self.slots.of_party(party)
        found = self.values(slots)
        if found[governed] == 0:
            return None

        def read() -> Party:
            offered = read_address(found[pending])
            return Party(
                id=party,
                controller=checksummed(read_address(found[governed])),
                pending_controller=None if offered == NO_ADDRESS else checksummed(offered),
                registered_at=read_registered_at(found[governed]),
                retired_at=read_retired_at(found[packed]),
                sequence=read_sequence(found[packed]),
                profile_hash=found[profile_hash].to_bytes(32, "big"),
                uri=self._text(uri, found[uri]),
                digest_changes=read_digest_changes(found[governed]),
            )

        return _understood("a party", read)

    def sequence(self, party: int) -> int | None:
        """How many batches a party has anchored, or None where there is no such party: both are proved."""
        packed, governed = self.slots_of_sequence(party)
        found = self.values([packed, governed])
        return read_sequence(found[packed]) if found[governed] else None

    def slots_of_sequence(self, party: int) -> list[bytes]:
        """Every slot that `sequence` reads: what an anchor reads of the party, and whether it was registered."""
        return self.slots.of_party(party)[:2]

    def status_words(self, issuer: int, root: bytes, purpose: Purpose, numbers: Iterable[int]) -> tuple[int, ...]:
        """The status bits of 256 credentials a word; all leaves of a voided batch are revoked, as the contract says."""
        batch = self.batch(issuer, root)
        if batch is not None and batch.is_void and purpose is Purpose.REVOCATION:
            return tuple(leaves_of_word(word, batch.leaf_count) for word in numbers)
        slots = [self.slots.word(issuer, root, purpose, word) for word in numbers]
        found = self.values(slots)
        return tuple(found[slot] for slot in slots)

    def digest_statuses(self, issuer: int, digests: Sequence[bytes]) -> tuple[DigestStatus, ...]:
        """What the issuer said of credentials by their digests, in their order; nothing in the first edition.

        Of an issuer that never said anything of a digest one number proves that, and none of them is asked for.
        """
        if self.slots.digests is None or not self._speaks_of_digests(issuer):
            return (NOTHING_SAID,) * len(digests)
        slots = [self.slots.digest(issuer, digest) for digest in digests]
        found = self.values(slots)
        return _understood("a digest", lambda: tuple(read_digest_status(found[slot]) for slot in slots))

    def slots_of_digests(self, issuer: int, digests: Iterable[bytes]) -> list[bytes]:
        """Every slot that `digest_statuses` reads, but those of the party."""
        if self.slots.digests is None or not self._speaks_of_digests(issuer):
            return []
        return [self.slots.digest(issuer, digest) for digest in digests]

    def slots_of_party(self, party: int) -> list[bytes]:
        """Every slot that `party` reads."""
        own = self.slots.of_party(party)
        uri = own[-1]
        return [*own, *_understood("a party's URI", lambda: text_slots(uri, self.values([uri])[uri]))]

    def _speaks_of_digests(self, issuer: int) -> bool:
        governed = self.slots.of_party(issuer)[1]
        return read_digest_changes(self.values([governed])[governed]) > 0

    def _text(self, slot: bytes, value: int) -> str:
        rest = text_slots(slot, value)
        found: Mapping[bytes, int] = self.values(rest) if rest else {}
        return read_text(value, [found[each] for each in rest])


def _understood(what: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValueError, KeyError, IndexError, TypeError, OverflowError) as error:
        raise EvidenceError(
            f"what is stored of {what} is not what a registry stores: {error}", code="evidence-value"
        ) from None
