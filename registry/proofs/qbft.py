"""Headers of chains whose validators seal each block, QBFT as Hyperledger Besu has it: what their hashes are of.

`extraData` is a list of vanity, validators, a vote or an empty list, the round, and the seals. The hash of the block is
of the header with round 0 and without seals in it, so that it is the same whoever sealed it in whichever round; what a
validator signs is the header with the round and without seals. Both have the state root, the number and the time of
the header that was given.

Read as strictly as Besu reads it (`QbftExtraDataCodec`, `BftBlockHashing`, `SECPSignature`), and where Besu takes two
forms of a vote, in the one that it writes. IBFT 2.0 and GoQuorum have the same `mixHash`, other `extraData` and other
hashes: they are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from registry.errors import EvidenceError
from registry.keccak import keccak
from registry.proofs.refusals import unknown_header
from registry.proofs.rlp import Item, decode, encode, of_number, whole_number

MIX_HASH: Final = b"ctical byzantine fault tolerance"
"""The `mixHash` of all their headers: the end of `Istanbul practical byzantine fault tolerance`."""
FIELDS: Final = 19
"""How many fields a header has from Cancun on, beside the numbers of all chains: Besu gives these chains no
`parentBeaconBlockRoot`, and writes no field after one that is not there (`BftBlockCreator`, `BlockHeader.writeTo`)."""

ADDRESS_BYTES: Final = 20
SEAL_BYTES: Final = 65
_DIFFICULTY, _NUMBER, _EXTRA_DATA, _MIX_HASH = 7, 8, 12, 13
_VANITY_BYTES: Final = 32
_ROUND_BYTES: Final = 4
_MOST_ROUND: Final = 2**31 - 1
_DROP, _ADD = b"", b"\xff"
_NO_ROUND: Final = 0
_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of the curve secp256k1."""


@dataclass(frozen=True, slots=True)
class SealedHeader:
    """A header with seals, which nobody has checked yet.

    Attributes:
        block_hash: of the header with round 0 and without seals, as the chain names the block.
        signed_hash: of the header with its round and without seals: what validators sign.
        seals: 65 bytes each: r and s, 32 bytes each, and the parity, 0 or 1.
    """

    block_hash: bytes
    signed_hash: bytes
    seals: tuple[bytes, ...]


def claims_seals(fields: Sequence[Item]) -> bool:
    """Whether the `mixHash` of a header says that it is one of these."""
    return len(fields) > _MIX_HASH and fields[_MIX_HASH] == MIX_HASH


def sealed_header(fields: Sequence[Item]) -> SealedHeader | None:
    """What a header's hashes are of, and its seals; None for one of another chain, and for a first block.

    Nobody seals the first block: its hash is of the header as it is, whatever is in `extraData`.

    Args:
        fields: of a header that `read_header` takes.

    Raises:
        EvidenceError: code `header-shape`: it has the `mixHash` of such a header, and is none.
    """
    if not claims_seals(fields) or fields[_NUMBER] == b"":
        return None
    if fields[_DIFFICULTY] != b"\1":
        raise unknown_header("it has the mixHash of a chain with seals, and a difficulty that no such chain has")
    extra = fields[_EXTRA_DATA]
    try:
        vanity, validators, vote, own_round, seals = _extra_data(extra)
    except EvidenceError as error:
        raise unknown_header(f"its extraData is not that of QBFT: {error.what}") from None

    def hashed(of_round: int) -> bytes:
        unsealed = encode([vanity, validators, vote, of_number(of_round), []])
        return keccak(encode([*fields[:_EXTRA_DATA], unsealed, *fields[_EXTRA_DATA + 1 :]]))

    return SealedHeader(hashed(_NO_ROUND), hashed(own_round), seals)


def _extra_data(extra: Item) -> tuple[bytes, list[Item], list[Item], int, tuple[bytes, ...]]:
    parts = decode(extra) if isinstance(extra, bytes) else None
    if not isinstance(parts, list) or len(parts) != len(("vanity", "validators", "vote", "round", "seals")):
        raise _malformed("it is no list of five")
    vanity, validators, vote, own_round, seals = parts
    if not isinstance(validators, list) or not isinstance(vote, list) or not isinstance(seals, list):
        raise _malformed("validators, vote or seals are no lists")
    if vote and (len(vote) != 2 or vote[1] not in (_DROP, _ADD)):
        raise _malformed("its vote is none")
    for address in (*validators, *vote[:1]):
        _sized(address, ADDRESS_BYTES, "an address")
    number = whole_number(own_round, _ROUND_BYTES)
    if number > _MOST_ROUND:
        raise _malformed("its round is too high")
    return _sized(vanity, _VANITY_BYTES, "its vanity"), validators, vote, number, tuple(map(_seal, seals))


def _seal(item: Item) -> bytes:
    seal = _sized(item, SEAL_BYTES, "a seal")
    r, s = int.from_bytes(seal[:32], "big"), int.from_bytes(seal[32:64], "big")
    # An s in the upper half stands: Besu takes it, and a second form of a signature makes no second validator.
    if not 0 < r < _ORDER or not 0 < s < _ORDER or seal[64] not in (0, 1):
        raise _malformed("a seal is no signature")
    return seal


def _sized(item: Item, size: int, what: str) -> bytes:
    if not isinstance(item, bytes) or len(item) != size:
        raise _malformed(f"{what} has not {size} bytes")
    return item


def _malformed(why: str) -> EvidenceError:
    return EvidenceError(why, code="header-shape")
