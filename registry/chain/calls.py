"""The data of every transaction to the contract: what to send, for whoever signs and sends it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from registry.chain.abi import artifact


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


# The contract's `Scope`: ISCED-F field as a number and its digits (0, 2, 3 or 4), lowest and highest EQF level, bit set
# of qualification types, ISO 3166-1 numeric code; zero for any, except for levels.
ScopeTuple = tuple[int, int, int, int, int, int]
# The contract's `Terms`: body, holder, valid from, valid until, kind, scope, evidence hash, evidence URI.
TermsTuple = tuple[int, int, int, int, int, ScopeTuple, bytes, str]


def call_data(function: str, *arguments: object) -> bytes:
    """The data of a call to any function of the contract.

    Raises:
        ValueError: there is no such function, or an argument does not fit.
    """
    item = artifact().functions.get(function)
    if item is None:
        raise ValueError(f"the contract has no function {function}")
    return item.encode(*arguments)


class Calls:
    """One method for each transaction of a party; a root or a hash is 32 bytes, an address `0x…`."""

    @staticmethod
    def register_party_data(uri: str, profile_hash: bytes) -> bytes:
        """Register a party whose controller is the sender."""
        return call_data("registerParty", uri, profile_hash)

    @staticmethod
    def set_profile_data(party: int, uri: str, profile_hash: bytes) -> bytes:
        """Change what a party says about itself."""
        return call_data("setProfile", party, uri, profile_hash)

    @staticmethod
    def set_operator_data(party: int, operator: str, allowed: bool) -> bytes:
        """Let an address anchor for the party, or no longer."""
        return call_data("setOperator", party, operator, allowed)

    @staticmethod
    def transfer_controller_data(party: int, controller: str) -> bytes:
        """Offer control of the party to another address."""
        return call_data("transferController", party, controller)

    @staticmethod
    def accept_controller_data(party: int) -> bytes:
        """Take the control that was offered."""
        return call_data("acceptController", party)

    @staticmethod
    def retire_data(party: int) -> bytes:
        """End the party's anchoring for good; its history stays."""
        return call_data("retire", party)

    @staticmethod
    def anchor_data(issuer: int, root: bytes, leaf_count: int) -> bytes:
        """Anchor one batch."""
        return call_data("anchor", issuer, root, leaf_count)

    @staticmethod
    def anchor_many_data(issuer: int, roots: Sequence[bytes], leaf_counts: Sequence[int]) -> bytes:
        """Anchor several batches; those anchored before are skipped."""
        return call_data("anchorMany", issuer, list(roots), list(leaf_counts))

    @staticmethod
    def anchor_by_signature_data(
        issuer: int, root: bytes, leaf_count: int, operator: str, deadline: int, signature: bytes
    ) -> bytes:
        """Anchor what an operator signed; anybody may send it. The deadline is in Unix seconds."""
        return call_data("anchorBySignature", issuer, root, leaf_count, operator, deadline, signature)

    @staticmethod
    def void_batch_data(issuer: int, root: bytes, reason: Reason) -> bytes:
        """Void a whole batch."""
        return call_data("voidBatch", issuer, root, int(reason))

    @staticmethod
    def supersede_data(issuer: int, root: bytes, index: int, new_root: bytes, new_index: int) -> bytes:
        """Link a credential to the one that replaces it."""
        return call_data("supersede", issuer, root, index, new_root, new_index)

    @staticmethod
    def set_status_data(issuer: int, root: bytes, purpose: Purpose, word: int, mask: int, reason: Reason) -> bytes:
        """Revoke or suspend up to 256 credentials: bit b of the mask is leaf 256 x word + b."""
        return call_data("setStatus", issuer, root, int(purpose), word, mask, int(reason))

    @staticmethod
    def clear_suspension_data(issuer: int, root: bytes, word: int, mask: int, reason: Reason) -> bytes:
        """Lift the suspension of up to 256 credentials."""
        return call_data("clearSuspension", issuer, root, word, mask, int(reason))

    @staticmethod
    def offer_accreditation_data(terms: TermsTuple) -> bytes:
        """Offer an accreditation to the holder; times are in Unix seconds, the end is mandatory."""
        body, holder, valid_from, valid_until, kind, scope, evidence_hash, evidence_uri = terms
        return call_data(
            "offerAccreditation",
            *(body, holder, int(kind), scope, valid_from, valid_until, evidence_hash, evidence_uri),
        )

    @staticmethod
    def offer_accreditation_by_signature_data(terms: TermsTuple, nonce: int, deadline: int, signature: bytes) -> bytes:
        """Offer what the body's controller signed; anybody may send it. The deadline is in Unix seconds."""
        return call_data("offerAccreditationBySignature", terms, nonce, deadline, signature)

    @staticmethod
    def accept_accreditation_data(accreditation: int) -> bytes:
        """Accept an offer as its holder."""
        return call_data("acceptAccreditation", accreditation)

    @staticmethod
    def accept_accreditation_by_signature_data(accreditation: int, deadline: int, signature: bytes) -> bytes:
        """Accept what the holder's controller signed; anybody may send it. The deadline is in Unix seconds."""
        return call_data("acceptAccreditationBySignature", accreditation, deadline, signature)

    @staticmethod
    def refuse_accreditation_data(accreditation: int) -> bytes:
        """Refuse an offer as its holder, for good."""
        return call_data("refuseAccreditation", accreditation)

    @staticmethod
    def recognise_data(terms: TermsTuple) -> bytes:
        """Recognise another body, the holder of the terms; an end of zero is none. The kind is not looked at."""
        body, other_body, valid_from, valid_until, _, scope, evidence_hash, evidence_uri = terms
        return call_data("recognise", body, other_body, scope, valid_from, valid_until, evidence_hash, evidence_uri)

    @staticmethod
    def suspend_accreditation_data(accreditation: int, effective_from: int, reason: Reason) -> bytes:
        """Suspend an accreditation or a recognition from a Unix time on that is not in the future."""
        return call_data("suspendAccreditation", accreditation, effective_from, int(reason))

    @staticmethod
    def reinstate_accreditation_data(accreditation: int, effective_from: int, reason: Reason) -> bytes:
        """Lift a suspension from a Unix time on that is not in the future."""
        return call_data("reinstateAccreditation", accreditation, effective_from, int(reason))

    @staticmethod
    def withdraw_accreditation_data(accreditation: int, effective_from: int, reason: Reason) -> bytes:
        """Withdraw an accreditation or a recognition for good from a Unix time on that is not in the future."""
        return call_data("withdrawAccreditation", accreditation, effective_from, int(reason))

    @staticmethod
    def void_accreditation_data(accreditation: int, reason: Reason) -> bytes:
        """Declare that an accreditation or a recognition never held; takes back an offer, too."""
        return call_data("voidAccreditation", accreditation, int(reason))
