"""Where a registry stores what a verdict needs, and what is in it: slots by the layout that the compiler told.

Slots are numbers of 32 bytes. The slot of a mapping's value is Keccak-256 of its key and the slot of the mapping; the
members of a structure follow each other from its own slot on (Solidity documentation, "Layout of state variables in
storage").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from registry.keccak import keccak
from registry.records import WORD_BITS, Batch, DigestStatus, Purpose, Reason

SLOT_BYTES: Final = 32
NO_ADDRESS: Final = "0x" + "00" * 20
LONGEST_TEXT: Final = 16_384
"""Bytes of a text that is proved."""
_SLOTS: Final = 1 << 8 * SLOT_BYTES
_ADDRESS_BITS: Final = 160
_TIME_BITS: Final = 48
_TIME, _WORD, _REASON = (1 << _TIME_BITS) - 1, (1 << 32) - 1, (1 << 8) - 1


@dataclass(frozen=True, slots=True)
class RegistrySlots:
    """The slots of a registry's variables.

    Attributes:
        statuses: how many slots after a batch its status words are.
        digests: None in the first edition, which has no statuses by digest.
    """

    parties: int
    batches: int
    statuses: int
    default_issuers: int
    digests: int | None

    @classmethod
    def of_layout(cls, layout: Mapping[str, Any]) -> RegistrySlots:
        """By the compiler's `storageLayout`; KeyError when it is another contract's."""
        slots = {each["label"]: int(each["slot"]) for each in layout["storage"]}
        record = next(kind for kind in layout["types"].values() if kind["label"] == "struct Batches.BatchRecord")
        members = {each["label"]: int(each["slot"]) for each in record["members"]}
        return cls(
            parties=slots["_parties"],
            batches=slots["_batches"],
            statuses=members["statuses"],
            default_issuers=slots["_defaultIssuers"],
            digests=slots.get("_digestStatuses"),
        )

    def party(self, party: int) -> bytes:
        """Of what an anchor reads of a party: an operator, how many batches it has, and when it retired."""
        return mapped(key_of(party), key_of(self.parties))

    def of_party(self, party: int) -> list[bytes]:
        """Of all of a party, in the order in which it is stored: what an anchor reads, controller and registration, the
        address control was offered to, profile hash, and URI."""
        return [following(self.party(party), member) for member in range(5)]

    def batch(self, issuer: int, root: bytes) -> bytes:
        """Of the record of a batch."""
        return mapped(root, mapped(key_of(issuer), key_of(self.batches)))

    def word(self, issuer: int, root: bytes, purpose: Purpose, word: int) -> bytes:
        """Of the status bits of 256 credentials of a batch."""
        return mapped(key_of(word << 8 | purpose), following(self.batch(issuer, root), self.statuses))

    def word_of_leaf(self, issuer: int, root: bytes, purpose: Purpose, leaf_index: int) -> bytes:
        """Of the status bits among which a leaf's is."""
        return self.word(issuer, root, purpose, leaf_index // WORD_BITS)

    def digest(self, issuer: int, digest: bytes) -> bytes:
        """Of what an issuer said of a credential by its digest.

        Raises:
            ValueError: registries of this edition have none.
        """
        if self.digests is None:
            raise ValueError("a registry of the first edition says nothing of digests")
        return mapped(digest, mapped(key_of(issuer), key_of(self.digests)))


def read_batch(issuer: int, root: bytes, packed: int) -> Batch | None:
    """The batch that a slot holds; None where it holds nothing: it was never anchored.

    Raises:
        ValueError: no registry stores such a thing.
    """
    if packed == 0:
        return None
    voided = packed >> 160 & _TIME
    return Batch(
        issuer=issuer,
        root=root,
        anchored_at=_moment(packed >> 64 & _TIME),
        block_number=packed >> 112 & _TIME,
        leaf_count=packed & _WORD,
        sequence=packed >> 32 & _WORD,
        voided_at=_moment(voided) if voided else None,
        void_reason=Reason(packed >> 208 & _REASON) if voided else None,
    )


def read_digest_status(packed: int) -> DigestStatus:
    """What a slot holds of a digest; ValueError where no registry stores such a thing."""
    revoked, suspended = packed & _TIME, packed >> 56 & _TIME
    return DigestStatus(
        revoked_at=_moment(revoked) if revoked else None,
        revocation_reason=Reason(packed >> 48 & _REASON) if revoked else None,
        suspended_at=_moment(suspended) if suspended else None,
        suspension_reason=Reason(packed >> 104 & _REASON) if suspended else None,
    )


def read_sequence(packed: int) -> int:
    """How many batches a party has anchored, by its packed slot."""
    return packed >> 160 & _WORD


def read_retired_at(packed: int) -> datetime | None:
    """When a party retired, by its packed slot; None while it is active."""
    retired = packed >> 192 & _TIME
    return _moment(retired) if retired else None


def read_address(value: int) -> str:
    """The address in the lower bits of a slot, in lower case."""
    return f"0x{value & (1 << _ADDRESS_BITS) - 1:040x}"


def read_registered_at(value: int) -> datetime:
    """When a party was registered, by the slot that its controller is in."""
    return _moment(value >> _ADDRESS_BITS & _TIME)


def read_digest_changes(value: int) -> int:
    """How many events tell of what a party says of digests, by the slot that its controller is in."""
    return value >> _ADDRESS_BITS + _TIME_BITS & _TIME


def text_slots(slot: bytes, value: int) -> list[bytes]:
    """Where the rest of a text is, by what is in its own slot: nowhere, if it fits in there.

    Raises:
        ValueError: no contract stores such a thing, or it is longer than is read.
    """
    if value % 2 == 0:
        return []
    length = value // 2
    if not SLOT_BYTES <= length <= LONGEST_TEXT:
        raise ValueError(f"a text of {length} bytes")
    return [following(keccak(slot), place) for place in range(-(-length // SLOT_BYTES))]


def read_text(value: int, rest: Sequence[int]) -> str:
    """The text in a slot, or in those that `text_slots` names; as the binding reads one that is not UTF-8.

    Raises:
        ValueError: no contract stores such a thing.
    """
    if value % 2:
        length, stored = value // 2, b"".join(map(key_of, rest))
    else:
        length, stored = value % 256 // 2, key_of(value)[:-1]
    if length > len(stored):
        raise ValueError("a text that is longer than its place")
    return stored[:length].decode("utf-8", "replace").replace("\0", "\ufffd")


def key_of(number: int) -> bytes:
    """A number as a mapping's key, or as the slot it is."""
    return number.to_bytes(SLOT_BYTES, "big")


def mapped(key: bytes, mapping: bytes) -> bytes:
    """The slot of a mapping's value, by its key and the slot of the mapping, 32 bytes each."""
    return keccak(key + mapping)


def following(slot: bytes, place: int) -> bytes:
    """The slot that is so many after another."""
    return key_of((int.from_bytes(slot, "big") + place) % _SLOTS)


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{seconds} seconds are in no calendar") from error
