"""Validators' seals: whether two thirds of those whom a verifier names have sealed a block.

That takes no endpoint and no network: the seals are in the header. Whom to name is the verifier's own decision; what
the header says of who the validators are is not looked at.

The quorum is Besu's, `BftHelpers.calculateRequiredValidatorQuorum`, of the validators that are named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from registry.errors import EvidenceError
from registry.proofs.header import read_header
from registry.proofs.qbft import ADDRESS_BYTES

MOST_VALIDATORS: Final = 100
"""As many may be named, and as many seals are looked at: each costs some 20 milliseconds. Besu puts a quorum of seals
into a header, and 8,192 bytes have room for those of 100 validators."""
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Sealed:
    """A block that enough of the named validators have sealed.

    Attributes:
        block_hash: 32 bytes, as the chain names the block.
        timestamp: what the block says of its time, UTC.
        sealers: those of the named validators who sealed it, 20 bytes each, in the order of their addresses.
        quorum: how many of the named validators had to.
        named: how many validators were named.
    """

    block_hash: bytes
    number: int
    timestamp: datetime
    sealers: tuple[bytes, ...]
    quorum: int
    named: int


def quorum_of(validators: int) -> int:
    """How many of so many validators have to seal a block: two thirds, rounded up."""
    return -(-2 * validators // 3)


def sealed_by(header: bytes, validators: Collection[bytes]) -> Sealed:
    """Who of the named validators has sealed a block, if they are two thirds of them at least.

    A seal counts once for its validator, and one of anybody else for nothing.

    Args:
        header: its encoding, with the seals in it as a node sends it.
        validators: whom the verifier names, addresses of 20 bytes; up to 100.

    Raises:
        EvidenceError: code `seals-missing`: fewer of them sealed it; `no-seals`: it has no seals at all, as on a chain
            of another kind or in a first block; `evidence-size`: too many validators or seals; or those of
            `read_header`, `header-shape` among them.
        ValueError: what is named is no address.
    """
    named = frozenset(validators)
    if any(len(address) != ADDRESS_BYTES for address in named):
        raise ValueError(f"a validator is named by the {ADDRESS_BYTES} bytes of its address")
    if len(named) > MOST_VALIDATORS:
        raise EvidenceError(f"more than {MOST_VALIDATORS} validators are named", code="evidence-size")
    block = read_header(header)
    sealed = block.sealed
    if sealed is None or not sealed.seals:
        raise EvidenceError(
            f"block {block.number} has no seals of validators",
            remedy="Only chains whose validators seal each block (QBFT) have them: verify by endpoints instead.",
            code="no-seals",
        )
    if len(sealed.seals) > MOST_VALIDATORS:
        raise EvidenceError(f"the block has more than {MOST_VALIDATORS} seals", code="evidence-size")
    quorum = quorum_of(len(named))
    sealers = named & set(_signers(sealed.seals, sealed.signed_hash))
    # Nobody is no quorum of nobody.
    if len(sealers) < quorum or not named:
        raise _too_few(block.number, sealers, named, quorum)
    return Sealed(block.hash, block.number, block.timestamp, tuple(sorted(sealers)), quorum, len(named))


def _signers(seals: Iterable[bytes], signed_hash: bytes) -> Iterable[bytes]:
    # Loaded where a seal is looked at: it takes longer than all else that a verifier loads.
    from eth_keys.datatypes import Signature
    from eth_keys.exceptions import BadSignature

    for seal in seals:
        try:
            yield Signature(seal).recover_public_key_from_msg_hash(signed_hash).to_canonical_address()
        except BadSignature:
            # There is no point of the curve at its r: it is nobody's.
            continue


def _too_few(number: int, sealers: frozenset[bytes], named: frozenset[bytes], quorum: int) -> EvidenceError:
    if not named:
        return EvidenceError("no validator is named whose seal would count", code="seals-missing")
    missing = [f"0x{address.hex()}" for address in sorted(named - sealers)]
    others = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    return EvidenceError(
        f"block {number} is sealed by {len(sealers)} of the {len(named)} validators that are named, and {quorum} have "
        f"to: no seal of {', '.join(missing[:_SHOWN])}{others}",
        remedy="Ask for evidence of a block that enough of them have sealed, and check whom the policy names.",
        code="seals-missing",
    )
