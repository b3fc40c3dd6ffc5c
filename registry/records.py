"""The contract's words as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class BlockRef:
    """One block: number, hash of 32 bytes, time in UTC."""

    number: int
    hash: bytes
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """What the chain says about one batch.

    Attributes:
        root: 32 bytes.
        issuer: number of the party that anchored it.
        sequence: 1 for the issuer's first batch.
        block_number, anchored_at: the block that holds the anchor, and its time.
        final: whether that block can no longer be undone.
        voided_at, void_reason: when the issuer withdrew the whole batch, and its word for why.
        transaction, block_hash: 32 bytes each, or None when they were not looked up.
    """

    root: bytes
    issuer: int
    leaf_count: int
    sequence: int
    block_number: int
    anchored_at: datetime
    final: bool
    voided_at: datetime | None = None
    void_reason: str | None = None
    transaction: bytes | None = None
    block_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """What the chain says about a party.

    Attributes:
        sequence: how many batches it has anchored; None when it was not asked.
    """

    id: int
    uri: str
    controller: str
    registered_at: datetime
    retired_at: datetime | None
    profile_hash: bytes
    sequence: int | None = None


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
