"""Evidence of what a registry stores of credentials: gathered from an endpoint that has to prove it, and parted.

What one credential's verdict needs is its issuer, its batch, the status words of its place, and what the issuer said
of its digest. Of an issuer that never said anything of a digest one number proves that, so no digest is asked about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from registry.chain.contract import CredentialRegistry
from registry.chain.editions import Edition
from registry.chain.layout import slots_of
from registry.chain.rpc.client import Block
from registry.errors import EvidenceError
from registry.proofs.accreditation_slots import Values
from registry.proofs.evidence import Evidence
from registry.records import WORD_BITS, Purpose
from registry.verifier.proved import SLOTS_A_REQUEST, ProvedAccount
from registry.verifier.stored import StoredRegistry

MOST_PARTY_SLOTS: Final = 120
"""Of 128 in the evidence of a receipt; the others are the batch's, the place's and the digest's."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """Credentials of one batch.

    Attributes:
        digests: each by its place in the batch.
    """

    issuer: int
    root: bytes
    digests: Mapping[int, bytes]


def gather(contract: CredentialRegistry, chain_id: int, leaves: Leaves, block: Block) -> Evidence:
    """What the contract stores in a block of an issuer, its batch, and these leaves of it.

    Args:
        block: whose hash is believed, as of a final one by an endpoint of one's own.

    Raises:
        ChainUnavailable, WrongChain: as `ProvedAccount.values`; the endpoint's own where it does not keep a state that
            old, or does not answer `eth_getProof`.
        EvidenceError: code `evidence-value` or `evidence-size`: the issuer stored what is not read, or does not fit
            into a receipt, such as an endless URI.
    """
    *_, all_of_it = gathering(contract, chain_id, leaves, block)
    return all_of_it


def gathering(contract: CredentialRegistry, chain_id: int, leaves: Leaves, block: Block) -> Iterator[Evidence]:
    """As `gather`, a request at a time: what is proved after each; the last is all of it."""
    account = ProvedAccount.of_registry(contract, chain_id, block)
    stored = StoredRegistry(slots_of(contract.edition), account.values)
    # In one request, as a rule.
    yield from _in_requests(account, [*stored.slots.of_party(leaves.issuer), *_of_batch(stored, leaves)])
    wanted, there = _of_issuer(stored, leaves), account.evidence.slots
    yield from _in_requests(account, [slot for slot in wanted if slot not in there])


def _in_requests(account: ProvedAccount, slots: Sequence[bytes]) -> Iterator[Evidence]:
    for start in range(0, len(slots), SLOTS_A_REQUEST):
        account.values(slots[start : start + SLOTS_A_REQUEST])
        yield account.evidence


def part_of(evidence: Evidence, proved: Mapping[bytes, int], edition: Edition, leaves: Leaves) -> Evidence:
    """The part of evidence that is about fewer leaves than it was gathered for.

    Args:
        proved: what is in its slots.

    Raises:
        EvidenceError: code `evidence-missing`: it is about others.
    """
    stored = StoredRegistry(slots_of(edition), within(proved))
    wanted = [*_of_batch(stored, leaves), *_of_issuer(stored, leaves)]
    stored.values(wanted)
    return evidence.of(wanted)


def within(proved: Mapping[bytes, int]) -> Values:
    """What is in the slots that evidence is about; of any other, `EvidenceError` with code `evidence-missing`."""

    def values(slots: Iterable[bytes]) -> Mapping[bytes, int]:
        try:
            return {slot: proved[slot] for slot in slots}
        except KeyError:
            raise EvidenceError("the evidence is not about this credential", code="evidence-missing") from None

    return values


def _of_batch(stored: StoredRegistry, leaves: Leaves) -> list[bytes]:
    """The slots of the batch, and of the status words of these leaves."""
    issuer, root = leaves.issuer, leaves.root
    words = sorted({index // WORD_BITS for index in leaves.digests})
    return [
        stored.slots.batch(issuer, root),
        *(stored.slots.word(issuer, root, purpose, word) for word in words for purpose in Purpose),
    ]


def _of_issuer(stored: StoredRegistry, leaves: Leaves) -> list[bytes]:
    """The slots of the issuer, and of what it said of the digests, if it ever said anything of one."""
    issuer = leaves.issuer
    own = stored.slots_of_party(issuer)
    if len(own) > MOST_PARTY_SLOTS:
        raise EvidenceError(
            f"the URI of party {issuer} takes {len(own)} slots, and a receipt has room for {MOST_PARTY_SLOTS}",
            code="evidence-size",
        )
    return [*own, *stored.slots_of_digests(issuer, leaves.digests.values())]
