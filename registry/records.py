"""The contract's words as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any, Final, NamedTuple

from registry.timestamps import write_timestamp

MOST_PARTIES: Final = 2**63 - 1
"""The highest number of a party that is asked for: databases keep 63 bits, and no chain has as many."""
WORD_BITS: Final = 256
"""Credentials whose status is in one word of the contract: bit b of word w is leaf 256 w + b."""
EVENTS_ABOUT: Final = "testamur."
"""What the names in the metadata of Parquet files of events begin with."""

Key = tuple[int, bytes]
"""What the contract knows a batch by: its issuer and its root."""
DigestKey = tuple[int, bytes]
"""An issuer, and a digest of a credential of his."""
Bitmap = tuple[int, bytes, int]
"""An issuer, a root and a `Purpose`."""


# The arguments that say whose doing an event is.
_SUBJECTS: Final = ("issuer", "party", "body")


class BlockRef(NamedTuple):
    """One block: number, hash of 32 bytes, time in UTC."""

    number: int
    hash: bytes
    timestamp: datetime

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, which all answers have of a block."""
        return {"number": self.number, "hash": f"0x{self.hash.hex()}", "timestamp": write_timestamp(self.timestamp)}


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the contract.

    Attributes:
        name, arguments: as in the ABI; enums are numbers, hashes bytes, addresses texts in lower case.
        block_number, block_hash: that it is in.
        log_index: its place in the block.
        transaction: hash, 32 bytes.
        timestamp: of its block, UTC; None where nobody asked for the block.
        sides: of a change to an accreditation, the body and the holder, where they were looked up: it says neither.
    """

    name: str
    arguments: Mapping[str, Any]
    block_number: int
    block_hash: bytes
    log_index: int
    transaction: bytes
    timestamp: datetime | None = None
    sides: tuple[int | None, int | None] | None = None

    @classmethod
    def of_block(
        cls,
        block: BlockRef,
        name: str,
        arguments: Mapping[str, Any],
        log_index: int,
        transaction: bytes,
        sides: tuple[int | None, int | None] | None = None,
    ) -> Event:
        """An event of a block that is known."""
        number, block_hash, timestamp = block
        return cls(name, arguments, number, block_hash, log_index, transaction, timestamp, sides)

    @property
    def time(self) -> datetime:
        """Of its block.

        Raises:
            ValueError: nobody asked for the block.
        """
        if self.timestamp is None:
            raise ValueError(f"{self.name} in block {self.block_number} was read without the time of the block")
        return self.timestamp

    @property
    def block(self) -> BlockRef:
        """That it is in; raises as `time` does."""
        return BlockRef(self.block_number, self.block_hash, self.time)

    @property
    def place(self) -> tuple[int, int]:
        """Its place on the chain: block number and log index."""
        return self.block_number, self.log_index

    @property
    def party(self) -> int | None:
        """The party, issuer or body that it is about, as far as it says; for an accreditation's change, its body."""
        if self.sides is not None:
            return self.sides[0]
        given = self.arguments
        for name in _SUBJECTS:
            if name in given:
                number: int = given[name]
                return number
        return None

    @property
    def holder(self) -> int | None:
        """The other party of an accreditation or recognition."""
        if self.sides is not None:
            return self.sides[1]
        holder: int | None = self.arguments.get("holder", self.arguments.get("recognised"))
        return holder

    @property
    def root(self) -> bytes | None:
        """Of the batch that it is about, if it is about one."""
        return self.arguments.get("root")

    @property
    def key(self) -> Key:
        """The batch that it is about; KeyError when it is about none."""
        return self.arguments["issuer"], self.arguments["root"]

    @property
    def accreditation(self) -> int | None:
        """Number of the accreditation or recognition that it is about, if it is about one."""
        return self.arguments.get("id")


@dataclass(frozen=True, slots=True)
class Party:
    """A party; the contract, its events and the index tell the same of it.

    Attributes:
        controller, pending_controller: addresses; the latter None while control is offered to nobody. In lower case,
            but for `CredentialRegistry.party`, which answers people.
        registered_at, retired_at: UTC block times; `retired_at` is None while it is active.
        sequence: how many batches it has anchored.
        profile_hash: 32 bytes; of the profile at `uri`.
        credentials: leaves of its batches, as far as they are stated, voided ones too; the contract does not count
            them, its events do.
        digest_changes: how many events tell of what it says of digests.
    """

    id: int
    controller: str
    pending_controller: str | None
    registered_at: datetime
    retired_at: datetime | None
    sequence: int
    profile_hash: bytes
    uri: str
    credentials: int = field(default=0, compare=False)
    digest_changes: int = 0


class Anchor(NamedTuple):
    """What the event of an anchor adds to what the contract stores of a batch; hashes are 32 bytes."""

    operator: str
    block_hash: bytes
    log_index: int
    transaction: bytes

    @classmethod
    def of(cls, event: Event) -> Anchor:
        """Of `Anchored`."""
        return cls(event.arguments["operator"], event.block_hash, event.log_index, event.transaction)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch; the contract, its events and the index tell the same of it.

    Attributes:
        root: 32 bytes.
        anchored_at, voided_at: UTC block times; `voided_at` is None while the batch holds.
        leaf_count: 0 while it is not stated.
        sequence: 1 for the issuer's first batch, then 2, 3...
        void_reason: None while the batch holds.
        anchor: what its event adds; None where that was not seen.
        revoked, suspended: how many of its credentials, one by one, by the events; a voided batch is revoked as a
            whole.
    """

    issuer: int
    root: bytes
    anchored_at: datetime
    block_number: int
    leaf_count: int
    sequence: int
    voided_at: datetime | None = None
    void_reason: Reason | None = None
    anchor: Anchor | None = field(default=None, compare=False)
    revoked: int = field(default=0, compare=False)
    suspended: int = field(default=0, compare=False)

    @property
    def key(self) -> Key:
        """Its name in the contract."""
        return self.issuer, self.root

    @property
    def seen(self) -> Anchor:
        """What the event of its anchor adds.

        Raises:
            ValueError: that was not seen.
        """
        if self.anchor is None:
            raise ValueError(f"the event of batch {self.sequence} of issuer {self.issuer} was not seen")
        return self.anchor

    @property
    def block(self) -> BlockRef:
        """That it was anchored in; raises as `seen` does."""
        return BlockRef(self.block_number, self.seen.block_hash, self.anchored_at)

    @property
    def place(self) -> tuple[int, int]:
        """Where its anchor is: block number and log index; raises as `seen` does."""
        return self.block_number, self.seen.log_index

    @property
    def is_void(self) -> bool:
        """Whether its issuer withdrew it as a whole."""
        return self.voided_at is not None

    @property
    def withdrawn(self) -> int:
        """How many of its credentials are revoked, one by one or with the whole batch."""
        return self.leaf_count if self.is_void else self.revoked

    @property
    def words(self) -> int:
        """How many status words it has."""
        return -(-self.leaf_count // WORD_BITS)


@dataclass(frozen=True, slots=True)
class DigestStatus:
    """What an issuer said of a credential by its digest, for every batch of his; nothing, by default.

    Attributes:
        revoked_at, suspended_at: UTC block times; the latter None once the suspension was lifted.
        revocation_reason, suspension_reason: None where nothing was said.
    """

    revoked_at: datetime | None = None
    revocation_reason: Reason | None = None
    suspended_at: datetime | None = None
    suspension_reason: Reason | None = None

    @property
    def is_revoked(self) -> bool:
        """Wherever it is anchored, and for good."""
        return self.revoked_at is not None

    @property
    def is_suspended(self) -> bool:
        """Wherever it is anchored, until it is reinstated by its digest."""
        return self.suspended_at is not None


NOTHING_SAID: Final = DigestStatus()
"""Of a credential by its digest."""


class _Worded(IntEnum):
    """An enum of the contract; its numbers are the contract's, its words are for people."""

    @property
    def word(self) -> str:
        """`ISSUED_IN_ERROR` → "issued-in-error"."""
        return self.name.lower().replace("_", "-")

    @classmethod
    def from_word(cls, word: str) -> _Worded:
        """The member with that word.

        Raises:
            ValueError: there is none; the message lists the words there are.
        """
        for member in cls:
            if member.word == word:
                return member
        raise ValueError(f"{word!r} is none of {', '.join(member.word for member in cls)}")


class Purpose(_Worded):
    """Which of the two statuses of a credential is meant."""

    REVOCATION = 0
    SUSPENSION = 1


class Reason(_Worded):
    """Why a status changed."""

    UNSPECIFIED = 0
    ISSUED_IN_ERROR = 1
    OBTAINED_BY_FRAUD = 2
    SUPERSEDED = 3
    REQUIREMENTS_NOT_MET = 4
    HOLDER_REQUEST = 5
    KEY_COMPROMISE = 6
    UNDER_REVIEW = 7
    RESOLVED = 8


class Act(_Worded):
    """What is done to the standing of a credential, or of an accreditation; the contract takes any reason for each."""

    REVOKE = 0
    SUSPEND = 1
    REINSTATE = 2
    WITHDRAW = 3
    VOID = 4

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons that make sense for it: nothing ends for good because it is under review or resolved."""
        if self is Act.REINSTATE:
            return (Reason.UNSPECIFIED, Reason.HOLDER_REQUEST, Reason.RESOLVED)
        senseless = {Reason.RESOLVED, Reason.SUPERSEDED if self is Act.SUSPEND else Reason.UNDER_REVIEW}
        return tuple(reason for reason in Reason if reason not in senseless)

    def reason(self, word: str) -> Reason:
        """The reason with that word.

        Raises:
            ValueError: there is none, or it makes no sense for this; the message lists those that do.
        """
        for reason in self.reasons:
            if reason.word == word:
                return reason
        words = ", ".join(reason.word for reason in self.reasons)
        raise ValueError(f"{word!r} is none of those to {self.word} for: {words}")


class Kind(_Worded):
    """What a body says of another party."""

    ACCREDIT_TO_ISSUE = 0
    ACCREDIT_TO_ACCREDIT = 1
    RECOGNISE = 2


class AccreditationState(_Worded):
    """What an accreditation or a recognition is; `NONE` stands for nothing on record for that time."""

    NONE = 0
    OFFERED = 1
    REFUSED = 2
    ACTIVE = 3
    SUSPENDED = 4
    WITHDRAWN = 5
    VOID = 6
