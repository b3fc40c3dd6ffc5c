"""The receipt a holder keeps: where the digest is in its batch, and where the batch is anchored.

`docs/reference/receipt.md` is the specification of both forms, JSON and CBOR, written for a second implementation.
Version 2 is a receipt with evidence of what the contract stores; without it a receipt is of version 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError, model_validator
from pydantic.json_schema import WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from registry.chain_names import ANCHOR_CHAIN
from registry.credential.digest import Digest, DigestMethod, digest_document
from registry.credential.strictjson import Limits
from registry.credential.strictjson import parse_json as parse_strict_json
from registry.errors import CredentialError, ProofError, ReceiptError
from registry.merkle.proof import MAX_LEAVES, InclusionProof, path_length
from registry.proofs.evidence import Evidence
from registry.receipt import cbor as receipt_cbor
from registry.receipt.evidence_part import EvidencePart, count_texts
from registry.receipt.kind import RECEIPT_TYPE
from registry.timestamps import TIMESTAMP_PATTERN, read_timestamp, write_timestamp

__all__ = [
    "EMBEDDED_CONTEXT",
    "MAX_BYTES",
    "MAX_EMBEDDED",
    "AnchorPart",
    "BlockPart",
    "DigestPart",
    "EmbeddedReceipt",
    "InclusionPart",
    "Receipt",
    "embed",
    "embedded",
    "embedded_schema",
    "parse",
    "parse_cbor",
    "parse_json",
    "receipt_schema",
    "to_cbor",
    "to_json",
]

MAX_BYTES: Final = 256 * 1024
"""Longest receipt that is read. Without evidence none that means something has 4 KiB. Evidence of a large chain is 20
to 50 nodes of 532 bytes for the account and ten slots, up to 60 KB in hexadecimal; the rest is room: for deeper tries,
for a long URI of the party, and for software that indents."""
DEPTH: Final = 4
"""How deep a receipt nests: itself, its evidence, the slots, the proof of one."""
MAX_EMBEDDED: Final = 32
"""Most receipts read from one document."""
MAX_PATH: Final = 32
"""Longest path: a batch has fewer than 2**32 leaves."""
EMBEDDED_TYPE: Final = "MerkleAnchorProof"
_IRI = f"urn:testamur:{EMBEDDED_TYPE}"
EMBEDDED_CONTEXT: Final[dict[str, Any]] = {
    "@version": 1.1,
    "@protected": True,
    EMBEDDED_TYPE: {
        "@id": _IRI,
        "@context": {
            "@protected": True,
            "type": "@type",
            **{
                name: {"@id": f"{_IRI}:{name}", "@type": "@json"}
                for name in ("version", "digest", "inclusion", "anchor", "evidence")
            },
        },
    },
}
"""What a receipt inside a credential means to JSON-LD: each part is a JSON value of its own.

Without it nothing that holds the credential could be signed as RDF: processors stop at members they do not know."""

_MAX_INTEGER = 2**53 - 1  # what every JSON reader keeps exactly (RFC 7493 section 2.2)
_NODE_BYTES = 32
_TEXT_LIMITS = Limits(max_bytes=MAX_BYTES, max_depth=8)
_CHAIN_PREFIX = "eip155:"
_CONTEXT = "@context"
_LATER = frozenset({"sequence", "transaction", "block"})  # known once the batch is anchored
_NEW_ONE = "Ask the issuer or the registry for a new receipt."
_LESS_EVIDENCE = "Take evidence of fewer slots, or the receipt without evidence."
_NO_EVIDENCE = f"{_NEW_ONE} This one may be in order without its evidence, as version 1."


def _moment(value: object) -> datetime:
    if isinstance(value, str):
        return read_timestamp(value)
    if isinstance(value, datetime) and value.tzinfo is not None and not value.microsecond:
        return value.astimezone(UTC)
    raise ValueError("a time is written as 2026-01-01T00:00:00Z")


Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Hash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
Address = Annotated[str, Field(pattern=r"^0x[0-9a-f]{40}$")]
# 19 digits stay below 2**64, which is what the CBOR form can hold.
ChainId = Annotated[str, Field(pattern=f"^{ANCHOR_CHAIN}$")]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    PlainSerializer(write_timestamp),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": TIMESTAMP_PATTERN}),
]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


class DigestPart(_Part):
    """The digest of the credential: the method that made it and its 64 hex digits."""

    method: DigestMethod
    value: Hex32


class InclusionPart(_Part):
    """Where the digest is in the batch: the root, the position, and the siblings from the leaf up to the root."""

    root: Hash
    leaf_count: int = Field(alias="leafCount", ge=1, le=MAX_LEAVES)
    leaf_index: int = Field(alias="leafIndex", ge=0, lt=MAX_LEAVES)
    path: Annotated[tuple[Hex32, ...], Field(max_length=MAX_PATH)]

    @model_validator(mode="after")
    def _shape(self) -> Self:
        try:
            expected = path_length(self.leaf_index, self.leaf_count)
        except ProofError as error:
            raise PydanticCustomError("index-range", "{why}", {"why": error.what}) from None
        if len(self.path) != expected:
            raise PydanticCustomError(
                "path-length",
                "leaf {index} of {count} has a path of {expected} nodes, this one has {found}",
                {"index": self.leaf_index, "count": self.leaf_count, "expected": expected, "found": len(self.path)},
            )
        return self


class BlockPart(_Part):
    """The block that holds the anchor."""

    number: Annotated[int, Field(ge=0, le=_MAX_INTEGER)]
    hash: Hash
    timestamp: Moment


class AnchorPart(_Part):
    """Where the batch is anchored, or will be: while it is pending, sequence, transaction and block are absent.

    Attributes:
        chain: CAIP-2, such as `eip155:1`.
        issuer: number of the party.
        sequence: 1 for the issuer's first batch, 2 for its second.
    """

    chain: ChainId
    contract: Address
    issuer: Annotated[int, Field(ge=1, le=_MAX_INTEGER)]
    sequence: Annotated[int, Field(ge=1, le=MAX_LEAVES)] | None = None
    transaction: Hash | None = None
    block: BlockPart | None = None

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        stated = _LATER & self.model_fields_set
        if (stated and stated != _LATER) or any(getattr(self, name) is None for name in stated):
            raise PydanticCustomError(
                "partial-anchor", "sequence, transaction and block are all there, or none while the anchor is pending"
            )
        return self


class Receipt(_Part):
    """A receipt, as read from JSON or CBOR or embedded in a credential; immutable, its shape checked.

    A receipt proves nothing by itself: `registry.verify` checks it against the document and the chain.
    """

    type: Literal["TestamurReceipt"]
    version: int = Field(ge=1, le=2)
    digest: DigestPart
    inclusion: InclusionPart
    anchor: AnchorPart
    evidence: EvidencePart | None = None

    @model_validator(mode="after")
    def _evidence_is_its_own(self) -> Self:
        """That it is there in version 2 alone, and is about the contract that the batch is anchored in."""
        if self.version == 1:
            if "evidence" in self.model_fields_set:
                raise PydanticCustomError("unknown-field", "evidence is in receipts of version 2")
            return self
        if self.evidence is None:
            raise PydanticCustomError("missing-field", "version 2 is a receipt with evidence")
        if self.pending:
            raise PydanticCustomError(
                "evidence-pending", "there is evidence of an anchor whose sequence, transaction and block are not known"
            )
        if (of := _0x(self.evidence.address)) != self.anchor.contract:
            raise PydanticCustomError(
                "evidence-contract",
                "the evidence is about {of}, the batch is anchored in {contract}",
                {"of": of, "contract": self.anchor.contract},
            )
        return self

    def __hash__(self) -> int:
        # Evidence has none of its own, for its mapping. Equal receipts have equal hashes without it, too.
        return hash((self.type, self.digest, self.inclusion, self.anchor))

    @classmethod
    def of_batch(
        cls, digest: Digest, root: bytes, proof: InclusionProof, *, chain: str, contract: str, issuer: int
    ) -> Receipt:
        """The receipt of a sealed batch, pending until `anchored`.

        Args:
            root: 32 bytes.
            chain: CAIP-2, such as `eip155:1`.
            contract: address in either case.
            issuer: number of the party.
        Raises:
            ReceiptError: one of them is out of range or does not fit the others.
        """
        try:
            return cls(
                type=RECEIPT_TYPE,
                version=1,
                digest=DigestPart(method=digest.method, value=digest.hex),
                inclusion=InclusionPart(
                    root=_0x(root),
                    leafCount=proof.leaf_count,
                    leafIndex=proof.leaf_index,
                    path=tuple(node.hex() for node in proof.path),
                ),
                anchor=AnchorPart(chain=chain, contract=contract.lower(), issuer=issuer),
            )
        except ValidationError as error:
            raise _refused(error) from None

    def anchored(
        self, *, sequence: int, transaction: bytes, block_number: int, block_hash: bytes, timestamp: datetime
    ) -> Receipt:
        """The same receipt, with the block that holds the anchor, and without evidence: that was of an earlier one.

        Args:
            transaction, block_hash: 32 bytes each.
            timestamp: of the block, with a time zone.
        Raises:
            ReceiptError: one of them is out of range.
        """
        try:
            anchor = AnchorPart(
                chain=self.anchor.chain,
                contract=self.anchor.contract,
                issuer=self.anchor.issuer,
                sequence=sequence,
                transaction=_0x(transaction),
                block=BlockPart(number=block_number, hash=_0x(block_hash), timestamp=timestamp),
            )
        except ValidationError as error:
            raise _refused(error) from None
        return self.without_evidence().model_copy(update={"anchor": anchor})

    def with_evidence(self, evidence: Evidence) -> Receipt:
        """The same receipt with this evidence in place of any other: version 2.

        What the evidence proves is not looked at; that is for whoever knows the hash of a block.

        Raises:
            ReceiptError: code `evidence-contract`: it is about another contract; `evidence-pending`: the receipt is
                pending; `evidence-form` or `evidence-size`: it could not be read again; `too-large`: nor could the
                receipt.
        """
        try:
            receipt = Receipt(
                type=self.type,
                version=2,
                digest=self.digest,
                inclusion=self.inclusion,
                anchor=self.anchor,
                evidence=evidence,
            )
        except ValidationError as error:
            raise _refused(error, "Ask for evidence anew, of this receipt.") from None
        _check_size(to_json(receipt), _LESS_EVIDENCE)
        return receipt

    def without_evidence(self) -> Receipt:
        """The same receipt as every program reads it: version 1."""
        if self.evidence is None:
            return self
        return Receipt(type=self.type, version=1, digest=self.digest, inclusion=self.inclusion, anchor=self.anchor)

    @property
    def pending(self) -> bool:
        """Whether the receipt was made before its batch was seen on chain."""
        return self.anchor.block is None

    @property
    def root(self) -> bytes:
        """The root of the batch, 32 bytes."""
        return _unhex(self.inclusion.root)

    @property
    def digest_value(self) -> bytes:
        """The digest of the credential, 32 bytes."""
        return bytes.fromhex(self.digest.value)

    @property
    def inclusion_proof(self) -> InclusionProof:
        """The proof that the digest is in the batch, for `registry.merkle.proof.check_inclusion`."""
        part = self.inclusion
        return InclusionProof(part.leaf_index, part.leaf_count, tuple(map(bytes.fromhex, part.path)))


def parse(data: bytes) -> Receipt:
    """The receipt in a file or a QR code, in JSON or CBOR, told apart by the first byte.

    Raises:
        ReceiptError: as `parse_json` and `parse_cbor`.
    """
    return parse_cbor(data) if receipt_cbor.is_cbor_map(data) else parse_json(data)


def parse_json(data: bytes) -> Receipt:
    """The receipt in a JSON text.

    Raises:
        ReceiptError: `where` is the field; `code` is one that `docs/reference/receipt.md` lists.
    """
    _check_size(data)
    try:
        receipt = Receipt.model_validate_json(data)
    except ValidationError as error:
        _require_one_reading(data)
        raise _refused(error) from None
    # pydantic keeps the last of two equal keys. Each key and each text of a receipt brings two quotes and none has a
    # quote inside, so another number of them means a key twice. Slots are keys, too, and no node is there twice.
    if data.count(b'"') != 2 * _count_texts(receipt):
        _require_one_reading(data)
    return receipt


def parse_cbor(data: bytes) -> Receipt:
    """The receipt in its CBOR form; there is one such form of each receipt, which is of version 1.

    Raises:
        ReceiptError: as `parse_json`, and code `cbor`.
    """
    _check_size(data)
    entries = receipt_cbor.decode_map(data)
    version = entries.pop(_VERSION, None)
    if version != 1:
        raise _other_version(version, in_cbor=True) if _is_version(version, 1) else _without_version(version)
    document: dict[str, Any] = {"type": RECEIPT_TYPE, "version": 1}
    for key, (place, kind) in _CBOR_FIELDS.items():
        if key in entries:
            _put(document, place, _from_cbor(entries.pop(key), kind, place))
    if entries:
        raise ReceiptError(
            f"The receipt has a field {min(entries)} that the CBOR form does not have.",
            remedy=_NEW_ONE,
            code="unknown-field",
        )
    return _validated(orjson.dumps(document))


def to_json(receipt: Receipt) -> bytes:
    """The JSON form, compact, UTF-8; equal receipts give equal bytes."""
    return receipt.model_dump_json(by_alias=True, exclude_none=True).encode()


def to_cbor(receipt: Receipt) -> bytes:
    """The CBOR form, for QR codes; equal receipts give equal bytes.

    It is of version 1: evidence is left out, which is several times what a QR code holds.
    """
    document = _as_dict(receipt.without_evidence())
    entries: dict[int, receipt_cbor.Item] = {_VERSION: 1}
    for key, (place, kind) in _CBOR_FIELDS.items():
        value = _get(document, place)
        if value is not None:
            entries[key] = _to_cbor(value, kind)
    return receipt_cbor.encode_map(entries)


def embed(document: dict[str, Any], receipt: Receipt) -> dict[str, Any]:
    """The verifiable credential with the receipt in its `proof`, which is always an array then.

    The digest stays as it is, since `proof` is not part of it. An older receipt for the same batch and anchor is
    replaced; the proofs of others stay.

    Args:
        document: the credential; it is not changed.
    Raises:
        ReceiptError: code `not-embeddable` when the digest method does not leave `proof` out, `other-document` when
            the receipt belongs to another document, `too-large` when it would not be read there.
        CredentialError: the document has no digest.
    """
    if receipt.digest.method != DigestMethod.VC_JCS:
        raise ReceiptError(
            f"A receipt with the digest method {receipt.digest.method} cannot travel inside its document.",
            remedy="Keep the receipt in a file beside the document.",
            code="not-embeddable",
        )
    digest = digest_document(document)
    if (digest.method, digest.hex) != (receipt.digest.method, receipt.digest.value):
        raise ReceiptError(
            f"The receipt is for {receipt.digest.value}, the document has the digest {digest.hex}.",
            remedy="Take the receipt of this document.",
            code="other-document",
        )
    entry = {_CONTEXT: EMBEDDED_CONTEXT} | _as_dict(receipt) | {"type": EMBEDDED_TYPE}
    _check_size(orjson.dumps(entry), _LESS_EVIDENCE)  # the context is more than it had in a file
    kept = [proof for proof in _proofs(document) if not _same_anchor(proof, entry)]
    return {**document, "proof": [*kept, entry]}


@dataclass(frozen=True, slots=True)
class EmbeddedReceipt:
    """A receipt found inside a document: where it is there, and what it says, or why it cannot be read."""

    where: str
    read: Receipt | ReceiptError


def embedded(document: Mapping[str, Any], where: str = "") -> tuple[EmbeddedReceipt, ...]:
    """The receipts in the `proof` of a document, in their order there; proofs of other types are passed over.

    One that cannot be read does not hide the others. Of more than 32 the first 32 are read, and what follows is one
    error of code `too-many`. The `@context` of an entry is for others and is not read, whatever it says.

    Args:
        where: the place of the document itself, which the places of its receipts begin with.
    """
    entries = [(at, proof) for at, proof in enumerate(_proofs(document)) if _is_receipt(proof)]
    found = [
        EmbeddedReceipt(place := f"{where}proof[{at}]", _read_entry(entry, place))
        for at, entry in entries[:MAX_EMBEDDED]
    ]
    if len(entries) > MAX_EMBEDDED:
        place = f"{where}proof"
        too_many = ReceiptError(
            f"The document holds {len(entries)} receipts; at most {MAX_EMBEDDED} are read.",
            where=place,
            remedy="Remove those that are not needed.",
            code="too-many",
        )
        found.append(EmbeddedReceipt(place, too_many))
    return tuple(found)


def receipt_schema() -> dict[str, Any]:
    """The JSON Schema of the JSON form, as published in `registry/schemas/receipt.schema.json`.

    What a schema cannot say is checked by `parse`: leafIndex below leafCount, the length of the path, whether evidence
    is about the contract, and in which order it names its nodes.
    """
    schema = Receipt.model_json_schema(by_alias=True)
    anchor = schema["$defs"]["AnchorPart"]
    anchor["dependentRequired"] = {name: sorted(_LATER - {name}) for name in sorted(_LATER)}
    for name in _LATER:
        anchor["properties"][name] = anchor["properties"][name]["anyOf"][0]  # the other is null, which is never written
    schema["properties"]["version"] = {"enum": [1, 2]}
    schema["properties"]["evidence"] = schema["properties"]["evidence"]["anyOf"][0]
    schema["if"] = {"properties": {"version": {"const": 2}}}
    schema["then"] = {"required": ["evidence"], "properties": {"anchor": {"required": sorted(_LATER)}}}
    schema["else"] = {"properties": {"evidence": False}}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "receipt.schema.json", **schema}


def embedded_schema() -> dict[str, Any]:
    """The JSON Schema of a receipt inside a credential, published as `merkle-anchor-proof.schema.json`."""
    schema = receipt_schema()
    schema |= {"$id": "merkle-anchor-proof.schema.json", "title": EMBEDDED_TYPE}
    schema["description"] = "A receipt as an entry of the `proof` of a verifiable credential."
    schema["properties"] = {
        _CONTEXT: {"type": ["object", "array", "string"], "default": EMBEDDED_CONTEXT},
        **schema["properties"],
        "type": {"const": EMBEDDED_TYPE, "type": "string"},
    }
    return schema


# The CBOR form: number of the field, its place in the JSON form, and how its value is written.
_VERSION = 0
_Place = tuple[str, ...]
_CBOR_FIELDS: Final[dict[int, tuple[_Place, str]]] = {
    1: (("digest", "method"), "text"),
    2: (("digest", "value"), "hex"),
    3: (("inclusion", "root"), "0x"),
    4: (("inclusion", "leafCount"), "number"),
    5: (("inclusion", "leafIndex"), "number"),
    6: (("inclusion", "path"), "nodes"),
    7: (("anchor", "chain"), "chain"),
    8: (("anchor", "contract"), "0x"),
    9: (("anchor", "issuer"), "number"),
    10: (("anchor", "sequence"), "number"),
    11: (("anchor", "transaction"), "0x"),
    12: (("anchor", "block", "number"), "number"),
    13: (("anchor", "block", "hash"), "0x"),
    14: (("anchor", "block", "timestamp"), "seconds"),
}
_CBOR_TYPES = {"text": str, "hex": bytes, "0x": bytes, "nodes": bytes, "number": int, "chain": int, "seconds": int}
_MAX_SECONDS = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that datetime holds


def _to_cbor(value: Any, kind: str) -> receipt_cbor.Item:
    item: receipt_cbor.Item
    match kind:
        case "hex":
            item = bytes.fromhex(value)
        case "0x":
            item = _unhex(value)
        case "nodes":
            item = bytes.fromhex("".join(value))
        case "chain":
            item = int(value.removeprefix(_CHAIN_PREFIX))
        case "seconds":
            item = int(read_timestamp(value).timestamp())
        case _:
            item = value
    return item


def _from_cbor(item: receipt_cbor.Item, kind: str, place: _Place) -> Any:
    """The value as the JSON form has it; its range is left to the model."""
    if not isinstance(item, _CBOR_TYPES[kind]):
        raise _bad_field(place, f"it is a {type(item).__name__}, not a {_CBOR_TYPES[kind].__name__}")
    match item, kind:
        case bytes(), "hex":
            return item.hex()
        case bytes(), "0x":
            return _0x(item)
        case bytes(), _:
            if len(item) % _NODE_BYTES or len(item) > MAX_PATH * _NODE_BYTES:
                raise _bad_field(place, f"it is not at most {MAX_PATH} nodes of {_NODE_BYTES} bytes")
            return [item[at : at + _NODE_BYTES].hex() for at in range(0, len(item), _NODE_BYTES)]
        case int(), "chain":
            return f"{_CHAIN_PREFIX}{item}"
        case int(), "seconds":
            # Before the year 1000, four digits would not come by themselves; no block is that old, nor before 1970.
            if item > _MAX_SECONDS:
                raise _bad_field(place, "it is beyond the year 9999")
            return write_timestamp(datetime.fromtimestamp(item, UTC))
    return item


def _put(document: dict[str, Any], place: _Place, value: Any) -> None:
    *parents, name = place
    for parent in parents:
        document = document.setdefault(parent, {})
    document[name] = value


def _get(document: dict[str, Any], place: _Place) -> Any:
    value: Any = document
    for name in place:
        value = value.get(name)
        if value is None:
            return None
    return value


def _as_dict(receipt: Receipt) -> dict[str, Any]:
    return receipt.model_dump(mode="json", by_alias=True, exclude_none=True)


def _proofs(document: Mapping[str, Any]) -> list[Any]:
    proof = document.get("proof", [])
    return proof if isinstance(proof, list) else [proof]


def _is_receipt(proof: object) -> bool:
    return isinstance(proof, dict) and proof.get("type") == EMBEDDED_TYPE


def _same_anchor(proof: Any, entry: dict[str, Any]) -> bool:
    if not _is_receipt(proof):
        return False
    places = (("inclusion", "root"), ("anchor", "chain"), ("anchor", "contract"), ("anchor", "issuer"))
    return all(
        isinstance(proof.get(part), dict) and proof[part].get(name) == entry[part][name] for part, name in places
    )


def _read_entry(entry: dict[str, Any], where: str) -> Receipt | ReceiptError:
    try:
        _check_size(orjson.dumps(entry))
        context = entry.get(_CONTEXT, {})
        if not isinstance(context, dict | list | str):
            raise _bad_field((_CONTEXT,), "a JSON-LD context is an object, an array or a text")
        receipt = {name: value for name, value in entry.items() if name != _CONTEXT}
        return _validated(orjson.dumps(receipt | {"type": RECEIPT_TYPE}))
    except orjson.JSONEncodeError as error:
        return ReceiptError(f"It is not JSON: {error}.", where=where, remedy=_NEW_ONE, code="syntax")
    except ReceiptError as error:
        error.where = f"{where}.{error.where}" if error.where else where
        return error


def _require_one_reading(data: bytes) -> None:
    try:
        parse_strict_json(data, _TEXT_LIMITS)
    except CredentialError as error:
        what = error.what.replace("The document", "The receipt")
        raise ReceiptError(what, remedy=_NEW_ONE, code=error.code) from None


def _count_texts(receipt: Receipt) -> int:
    """How many keys and texts the JSON form has: 14 and 6, with a block 20 and 9; the nodes of the path; evidence."""
    evidence = 0 if receipt.evidence is None else count_texts(receipt.evidence)
    return (20 if receipt.pending else 29) + len(receipt.inclusion.path) + evidence


def _validated(data: bytes) -> Receipt:
    try:
        return Receipt.model_validate_json(data)
    except ValidationError as error:
        raise _refused(error) from None


def _check_size(data: bytes, remedy: str = "Check that this file is the receipt and not the credential.") -> None:
    if len(data) > MAX_BYTES:
        raise ReceiptError(
            f"The receipt is {len(data):,} bytes long; at most {MAX_BYTES:,} are read.",
            remedy=remedy,
            code="too-large",
        )


# What is wrong with a receipt as a whole, and where that shows; None for the place where it was found.
_OWN_CODES: Final[dict[str, tuple[str, str | None]]] = {
    "index-range": ("The receipt contradicts itself", None),
    "path-length": ("The receipt contradicts itself", None),
    "partial-anchor": ("The receipt contradicts itself", None),
    "evidence-pending": ("The receipt contradicts itself", "evidence"),
    "evidence-contract": ("The receipt contradicts itself", "evidence.address"),
    "evidence-form": ("The receipt is not in order", "evidence"),
    "evidence-size": ("The receipt is not in order", "evidence"),
    "missing-field": ("The receipt lacks its evidence", "evidence"),
    "unknown-field": ("The receipt has a field that version 1 does not have", "evidence"),
}


def _refused(error: ValidationError, remedy: str | None = None) -> ReceiptError:
    """The first thing that is wrong, as one of ours.

    Args:
        remedy: of what is to be made; default: for who reads it.
    """
    details = min(error.errors(include_url=False, include_context=False, include_input=True), key=_importance)
    place = details["loc"]
    if place == ("version",) and _is_version(details["input"], 2):
        return _other_version(details["input"])
    where = _field(place)
    if details["type"] in _OWN_CODES:
        (what, own_place), code = _OWN_CODES[details["type"]], details["type"]
        where = own_place or where
    elif not place or place == ("type",):
        what, code = "This is not a receipt", "not-a-receipt"
    elif details["type"] == "missing":
        what, code = "The receipt lacks this field", "missing-field"
    elif details["type"] == "extra_forbidden":
        what, code = "The receipt has a field that its version does not have", "unknown-field"
    else:
        what, code = "The receipt has a value that makes no sense here", "bad-field"
    remedy = remedy or (_NO_EVIDENCE if code.startswith("evidence-") else _NEW_ONE)
    return ReceiptError(f"{what}: {details['msg']}.", where=where, remedy=remedy, code=code)


def _importance(details: ErrorDetails) -> int:
    """Another type or version explains everything else that is wrong."""
    return 0 if details["loc"] == ("type",) else 1 if details["loc"] == ("version",) else 2


def _is_version(stated: object, latest: int) -> bool:
    """Whether it may be the number of a version that is to come; anything else is a mistake."""
    return isinstance(stated, int) and not isinstance(stated, bool) and stated > latest


def _other_version(version: object, *, in_cbor: bool = False) -> ReceiptError:
    read = "version 1 in CBOR" if in_cbor else "versions 1 and 2"
    return ReceiptError(
        f"The receipt is of version {version}, this program reads {read}.",
        where="version",
        remedy="Update this program, or ask for a receipt of version 1.",
        code="version",
    )


def _without_version(stated: object) -> ReceiptError:
    if stated is None:
        return ReceiptError("The receipt lacks its version.", where="version", remedy=_NEW_ONE, code="missing-field")
    return _bad_field(("version",), "it is not the number of a version")


def _bad_field(place: _Place, why: str) -> ReceiptError:
    return ReceiptError(
        f"The receipt has a value that makes no sense here: {why}.",
        where=_field(place),
        remedy=_NEW_ONE,
        code="bad-field",
    )


def _field(place: tuple[str | int, ...]) -> str | None:
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{str(step)[:80]}"
    return text.lstrip(".") or None


def _0x(value: bytes) -> str:
    return "0x" + value.hex()


def _unhex(text: str) -> bytes:
    return bytes.fromhex(text[2:])
