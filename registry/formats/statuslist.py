"""W3C Bitstring Status List v1.0, made from the status words of the chain.

Every issuer has one row of positions for all its credentials, cut into lists of `LIST_BITS`. A batch takes its place
in the row when its leaf count comes on record, which is with its anchor, or later for a bare root; nothing that is
anchored or stated afterwards moves it. `docs/reference/status-lists.md` says what that means for issuers and verifiers.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from registry.errors import ProofError, RegistryError
from registry.proofs.signatures.multibase import from_base64url, to_base64url
from registry.rdf.nquads import DATE_TIME, INTEGER, RDF_TYPE, canonical, iri, literal
from registry.records import WORD_BITS
from registry.timestamps import write_timestamp

LIST_BITS: Final = 1 << 20
"""Positions of one list: 128 KiB, eight times the least that the standard asks for its crowd to hide in."""
FEWEST_BITS: Final = 1 << 17
"""The least a list may have (section 3.2 of the standard): 16 KiB."""
MOST_BYTES: Final = 1 << 24
"""Longest list of others that is decoded: a short text may expand to any size."""

CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
_CREDENTIALS: Final = "https://www.w3.org/2018/credentials#"
_STATUS: Final = "https://www.w3.org/ns/credentials/status#"
_MULTIBASE: Final = "https://w3id.org/security#multibase"
_SUBJECT_TEXTS: Final = ("id", "statusPurpose", "encodedList")
# A byte with its bits turned round: the contract counts leaves from the lowest bit, the standard from the highest.
_TURNED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Purpose(StrEnum):
    """What a set bit says, in the order of the contract's numbers; a revocation is for good, a suspension is not."""

    REVOCATION = "revocation"
    SUSPENSION = "suspension"

    @property
    def number(self) -> int:
        """The contract's."""
        return list(Purpose).index(self)


@dataclass(frozen=True, slots=True)
class ListedBatch:
    """A batch of one issuer, as far as lists are about it.

    Attributes:
        leaf_count: 0 while it is not stated; then it has no positions yet.
        counted: block number and log index of the event that put the leaf count on record: the anchor, or for a bare
            root the statement.
        voided: then all its credentials are revoked.
    """

    sequence: int
    leaf_count: int
    counted: tuple[int, int]
    voided: bool = False


@dataclass(frozen=True, slots=True)
class ListPosition:
    """Where the bit of a credential is: the number of its list, from 1, and the index in it, from 0."""

    number: int
    index: int


@dataclass(frozen=True, slots=True)
class NamedPosition:
    """Where the bit of a credential is that names its list itself: the random name of the list, and the index in it."""

    list: UUID
    index: int


class _Part(NamedTuple):
    """A batch and the position of its first leaf in the issuer's whole row."""

    batch: ListedBatch
    start: int


def number_of_lists(batches: Iterable[ListedBatch]) -> int:
    """How many lists an issuer's credentials fill; there is always the first."""
    return max(1, -(-sum(batch.leaf_count for batch in batches) // LIST_BITS))


def list_position(batches: Iterable[ListedBatch], sequence: int, leaf_index: int) -> ListPosition:
    """Where the bit of a credential is; the same for every purpose, and for good.

    Args:
        batches: all of the issuer's, as of a final block.
        sequence: the batch's number, counted from 1.

    Raises:
        RegistryError: there is no such batch (code `unknown-batch`), its leaf count is not stated (`count-unstated`),
            or it has no such leaf (`index-range`).
    """
    for part in _row(batches):
        if part.batch.sequence != sequence:
            continue
        if part.batch.leaf_count == 0:
            raise RegistryError(
                f"the leaf count of batch {sequence} is not on record, so its credentials are in no status list",
                remedy="Ask the issuer to state it, or ask for the status of the credential itself.",
                code="count-unstated",
            )
        if not 0 <= leaf_index < part.batch.leaf_count:
            raise RegistryError(
                f"batch {sequence} has {part.batch.leaf_count} credentials and none with index {leaf_index}",
                remedy="Take the index from the receipt.",
                code="index-range",
            )
        number, index = divmod(part.start + leaf_index, LIST_BITS)
        return ListPosition(number + 1, index)
    raise RegistryError(
        f"the issuer has no batch {sequence}", remedy="Take the number from the receipt.", code="unknown-batch"
    )


def batches_of_list(batches: Iterable[ListedBatch], number: int) -> list[ListedBatch]:
    """The batches with credentials in a list, in their order: those whose status words `bitstring` needs.

    Raises:
        RegistryError: the issuer has no such list (code `unknown-list`).
    """
    return [part.batch for part in _parts_of(batches, number)]


def bitstring(
    batches: Iterable[ListedBatch], words: Mapping[int, Mapping[int, int]], purpose: Purpose, number: int
) -> bytes:
    """The bits of one list, `LIST_BITS // 8` bytes; index 0 is the highest bit of the first byte.

    Args:
        batches: all of the issuer's, as of a final block.
        words: by the batch's sequence, then by number: status words of this purpose as of that block; bit b of word w
            is leaf 256 w + b, and a word that is not there is zero.
        number: of the list, from 1.

    Raises:
        RegistryError: the issuer has no such list (code `unknown-list`).
    """
    first = (number - 1) * LIST_BITS
    # Bit i of byte j is position 8 j + i until the end; one word more than the list is room to write over its edge.
    bits = bytearray(LIST_BITS // 8 + WORD_BITS // 8)
    for batch, start in _parts_of(batches, number):
        if purpose is Purpose.REVOCATION and batch.voided:
            _fill(bits, max(start - first, 0), min(start + batch.leaf_count - first, LIST_BITS))
            continue
        for word, marked in words.get(batch.sequence, {}).items():
            # Nothing may spill over into another batch's credentials, whatever the words say.
            marked &= (1 << max(0, min(WORD_BITS, batch.leaf_count - WORD_BITS * word))) - 1
            position = start + WORD_BITS * word - first
            if position < 0:
                marked, position = marked >> -position, 0
            if marked and position < LIST_BITS:
                _mark(bits, position, marked)
    return bytes(bits[: LIST_BITS // 8]).translate(_TURNED)


def bitstring_of(indices: Iterable[int]) -> bytes:
    """The bits of one list, as `bitstring`, of which those at the indices are set."""
    bits = bytearray(LIST_BITS // 8)
    for index in indices:
        bits[index // 8] |= 0x80 >> index % 8
    return bytes(bits)


def is_set(bits: bytes, index: int) -> bool:
    """The bit of one credential.

    Raises:
        ProofError: the list has no such index (code `status-list`): then nothing is known of the credential.
    """
    if not 0 <= index < 8 * len(bits):
        raise _unreadable(f"the list has {8 * len(bits)} positions and none with index {index}")
    return bool(bits[index // 8] >> (7 - index % 8) & 1)


def encode(bits: bytes) -> str:
    """`encodedList`: GZIP without a time, so that equal bits give equal texts, as multibase base64url."""
    return to_base64url(gzip.compress(bits, 9, mtime=0))


def decode(encoded: str, fewest_bits: int = FEWEST_BITS) -> bytes:
    """The bits of an `encodedList`, ours or another's.

    Raises:
        ProofError: it is not one, or has fewer than `fewest_bits` bits or more than `MOST_BYTES` bytes (code
            `status-list`).
    """
    expander = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        bits = expander.decompress(from_base64url(encoded), MOST_BYTES + 1)
    except (ValueError, zlib.error) as error:
        raise _unreadable(str(error)) from None
    if len(bits) > MOST_BYTES:
        raise _unreadable(f"it is longer than {MOST_BYTES} bytes")
    if not expander.eof or expander.unused_data:
        raise _unreadable("it is cut off, or something follows it")
    if 8 * len(bits) < fewest_bits:
        raise _unreadable(f"it has {8 * len(bits)} bits, and {fewest_bits} are the least")
    return bits


def status_list_credential(
    issuer: str, url: str, purpose: Purpose, valid_from: datetime, ttl: int, bits: bytes
) -> dict[str, Any]:
    """The BitstringStatusListCredential of a list, not signed yet.

    Args:
        issuer: URL of who says it; for foreign verifiers it has to be that of the credentials themselves.
        url: under which the list is served.
        valid_from: time of the block that the bits are of.
        ttl: milliseconds after which a copy is too old.
    """
    return {
        "@context": [CONTEXT],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": write_timestamp(valid_from),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose.value,
            "ttl": ttl,
            "encodedList": encode(bits),
        },
    }


def canonical_quads(credential: Mapping[str, Any]) -> bytes:
    """The canonical N-Quads (RDFC-1.0) of what `status_list_credential` makes, for signatures over RDF.

    No JSON-LD processor is needed: the members are known, and what the context makes of each.

    Raises:
        ValueError: it has another shape, or an identifier that is no IRI: then not all of it would be signed.
    """
    try:
        subject = credential["credentialSubject"]
        name, issuer, ttl = credential["id"], credential["issuer"], subject["ttl"]
        texts = (name, issuer, credential["validFrom"], *(subject[part] for part in _SUBJECT_TEXTS))
        rebuilt = {
            "@context": [CONTEXT],
            "id": name,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": issuer,
            "validFrom": credential["validFrom"],
            "credentialSubject": {
                "id": subject["id"],
                "type": "BitstringStatusList",
                "statusPurpose": subject["statusPurpose"],
                "ttl": ttl,
                "encodedList": subject["encodedList"],
            },
        }
    except (KeyError, TypeError) as error:
        raise ValueError(f"no status list as it is made here: {error!r}") from None
    if rebuilt != credential or type(ttl) is not int or not all(isinstance(text, str) for text in texts):
        raise ValueError("no status list as it is made here")
    this, bits = iri(name), iri(subject["id"])
    return canonical(
        [
            (this, RDF_TYPE, iri(f"{_CREDENTIALS}VerifiableCredential")),
            (this, RDF_TYPE, iri(f"{_STATUS}BitstringStatusListCredential")),
            (this, f"{_CREDENTIALS}issuer", iri(issuer)),
            (this, f"{_CREDENTIALS}validFrom", literal(credential["validFrom"], DATE_TIME)),
            (this, f"{_CREDENTIALS}credentialSubject", bits),
            (bits, RDF_TYPE, iri(f"{_STATUS}BitstringStatusList")),
            (bits, f"{_STATUS}statusPurpose", literal(subject["statusPurpose"])),
            (bits, f"{_STATUS}ttl", literal(str(ttl), INTEGER)),
            (bits, f"{_STATUS}encodedList", literal(subject["encodedList"], _MULTIBASE)),
        ]
    )


def status_entry(url: str, purpose: Purpose, index: int) -> dict[str, Any]:
    """The `credentialStatus` of a credential whose bit is in the list at that URL."""
    return {
        "id": f"{url}#{index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose.value,
        "statusListIndex": str(index),
        "statusListCredential": url,
    }


def named_list_url(base: str, issuer: int, name: UUID, purpose: Purpose) -> str:
    """The address of a named list; `base` is that of the service, without a slash at the end."""
    return f"{base}/v1/status-lists/{issuer}/named/{name}/{purpose}"


def _row(batches: Iterable[ListedBatch]) -> Iterator[_Part]:
    """All batches in the order in which their leaf counts came on record; those without one last, where they move
    nothing."""
    start = 0
    for batch in sorted(batches, key=lambda each: (each.leaf_count == 0, each.counted)):
        yield _Part(batch, start)
        start += batch.leaf_count


def _parts_of(batches: Iterable[ListedBatch], number: int) -> list[_Part]:
    known = list(batches)
    if not 1 <= number <= number_of_lists(known):
        raise RegistryError(
            f"the issuer has {number_of_lists(known)} status lists of a purpose and none with number {number}",
            remedy="Take the address of the list from the credential's status entry.",
            code="unknown-list",
        )
    first = (number - 1) * LIST_BITS
    return [
        part
        for part in _row(known)
        if part.start < first + LIST_BITS and part.start + part.batch.leaf_count > first and part.batch.leaf_count
    ]


def _mark(bits: bytearray, position: int, marked: int) -> None:
    """Set up to 256 bits from a position on, the lowest first."""
    byte, shift = divmod(position, 8)
    width = WORD_BITS // 8 + 1
    there = int.from_bytes(bits[byte : byte + width], "little")
    bits[byte : byte + width] = (there | marked << shift).to_bytes(width, "little")


def _fill(bits: bytearray, start: int, end: int) -> None:
    """Set all bits from a position to before another."""
    for position in range(start, end, WORD_BITS):
        _mark(bits, position, (1 << min(WORD_BITS, end - position)) - 1)


def _unreadable(why: str) -> ProofError:
    return ProofError(
        f"the status list cannot be read: {why}", remedy="Fetch it again from its issuer.", code="status-list"
    )
