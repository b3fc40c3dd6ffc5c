"""The data of every transaction to the contract: what to send, for whoever signs and sends it.

web3 encodes it, with the extra `web3`; it is loaded with the first call, so that what only reads never loads it.
"""

from __future__ import annotations

from collections.abc import Sequence

from registry.records import Purpose, Reason

# The contract's `Scope`: ISCED-F field as a number and its digits (0, 2, 3 or 4), lowest and highest EQF level, bit set
# of qualification types, ISO 3166-1 numeric code, SHA-256 of a programme's identifier; zero for any, but with levels.
ScopeTuple = tuple[int, int, int, int, int, int, bytes]
# The contract's `Terms`: body, holder, valid from, valid until, kind, scope, hash of conditions, evidence hash and URI;
# a hash of zeros is none.
TermsTuple = tuple[int, int, int, int, int, ScopeTuple, bytes, bytes, str]


def call_data(function: str, *arguments: object) -> bytes:
    """The data of a call to any function of the contract.

    Raises:
        ValueError: there is no such function, or an argument does not fit.
        SettingsError: web3 is not installed (code `extra-missing`).
    """
    from registry.chain.web3 import encode_call

    return encode_call(function, *arguments)


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
    def revoke_digests_data(issuer: int, digests: Sequence[bytes], reason: Reason) -> bytes:
        """Revoke credentials in every batch of the issuer, for good."""
        return call_data("revokeDigests", issuer, list(digests), int(reason))

    @staticmethod
    def suspend_digests_data(issuer: int, digests: Sequence[bytes], reason: Reason) -> bytes:
        """Suspend credentials in every batch of the issuer."""
        return call_data("suspendDigests", issuer, list(digests), int(reason))

    @staticmethod
    def reinstate_digests_data(issuer: int, digests: Sequence[bytes], reason: Reason) -> bytes:
        """Lift the suspension of credentials by their digests."""
        return call_data("reinstateDigests", issuer, list(digests), int(reason))

    @staticmethod
    def offer_accreditation_data(terms: TermsTuple) -> bytes:
        """Offer an accreditation to the holder; times are in Unix seconds, the end is mandatory."""
        return call_data("offerAccreditation", terms)

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
        """Recognise another body, the holder of the terms, whose kind says so; an end of zero is none."""
        return call_data("recognise", terms)

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
