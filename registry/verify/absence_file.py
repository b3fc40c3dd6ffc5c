"""A file that proves by itself that an issuer never anchored a digest, up to a block: version 2 of `TestamurAbsence`.

Evidence of what the contract stores has how many batches the issuer had at that block, and each of them with its number
and its leaf count; for each there is a proof for each digest. `docs/reference/absence.md` has the form. Here it is read
and written; what it proves is found out by `registry.verifier.absence_files`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import orjson

from registry.chain_names import ANCHOR_CHAIN
from registry.credential.strictjson import Limits, parse_json
from registry.errors import CredentialError, EvidenceError
from registry.merkle.proof import MAX_LEAVES, AbsenceProof, InclusionProof, Neighbour
from registry.proofs.evidence import MOST_SLOTS, Evidence, evidence_schema
from registry.verify.absence import Proof, proof_members
from registry.verify.attestation import SignedAttestation, read_attestation
from registry.verify.schema_parts import closed_object

TYPE: Final = "TestamurAbsence"
VERSION: Final = 2
MOST_BATCHES: Final = 1_000
"""Evidence is of up to 1,024 slots: two of the party, and one of each batch."""
MOST_DIGESTS: Final = 100
MOST_ATTESTATIONS: Final = 100
MOST_BYTES: Final = 32 << 20
"""Of a thousand batches a proof for one digest has some five megabytes at most, and the evidence ten."""
_LIMITS: Final = Limits(max_bytes=MOST_BYTES, max_depth=16)
_LONGEST_PATH: Final = 32
_MOST_ISSUER: Final = 2**53 - 1
_MEMBERS: Final = (
    *("type", "version", "digests", "chain", "contract", "issuer"),
    *("evidence", "batches", "attestations"),
)
_CHAIN: Final = re.compile(ANCHOR_CHAIN, re.ASCII)
_CONTRACT: Final = re.compile(r"0x[0-9a-f]{40}", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ROOT: Final = re.compile(r"0x[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class BatchProofs:
    """What is said of one batch.

    Attributes:
        root: 32 bytes.
        proofs: for each digest of the file, in their order; None where there is none.
    """

    root: bytes
    proofs: tuple[Proof | None, ...]


@dataclass(frozen=True, slots=True)
class AbsenceFile:
    """What such a file says; nothing of it is checked yet.

    Attributes:
        digests: 32 bytes each; of one document, or of one credential alone.
        chain: CAIP-2, such as `eip155:1`.
        contract: address, in lower case.
        evidence: of the issuer's slots, and those of all of its batches.
        batches: by their numbers, from 1 on.
        attestations: that the leaves of batches are in order.
    """

    digests: tuple[bytes, ...]
    chain: str
    contract: str
    issuer: int
    evidence: Evidence
    batches: tuple[BatchProofs, ...]
    attestations: tuple[SignedAttestation, ...] = ()

    def proofs_of(self, digest: bytes) -> Mapping[bytes, Proof]:
        """The proofs for one of the digests, by root."""
        place = self.digests.index(digest)
        found = ((each.root, each.proofs[place]) for each in self.batches)
        return {root: proof for root, proof in found if proof is not None}

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "type": TYPE,
            "version": VERSION,
            "digests": [digest.hex() for digest in self.digests],
            "chain": self.chain,
            "contract": self.contract,
            "issuer": self.issuer,
            "evidence": self.evidence.to_dict(),
            "batches": [
                {
                    "root": f"0x{each.root.hex()}",
                    "proofs": [proof and proof_members(proof) for proof in each.proofs],
                }
                for each in self.batches
            ],
            "attestations": [str(each) for each in self.attestations],
        }

    def to_bytes(self) -> bytes:
        """The file.

        Raises:
            EvidenceError: code `absence-size`: nobody would read it.
        """
        check_bounds(len(self.digests), len(self.batches), len(self.attestations))
        written = orjson.dumps(self.to_dict()) + b"\n"
        if len(written) > MOST_BYTES:
            raise _too_large(f"it would have {len(written):,} bytes, and {MOST_BYTES:,} are read")
        return written

    @classmethod
    def of(cls, data: bytes) -> AbsenceFile:
        """From the bytes of the file.

        Raises:
            EvidenceError: code `absence-form`: it is something else; `absence-size`; `absence-version`: it is of
                another version; those of its evidence and its attestations.
        """
        if len(data) > MOST_BYTES:
            raise _too_large(f"it has more than {MOST_BYTES:,} bytes")
        try:
            given = parse_json(data, _LIMITS)
        except CredentialError as error:
            raise EvidenceError(error.what, remedy=error.remedy, code="absence-form") from None
        return cls.from_dict(given)

    @classmethod
    def from_dict(cls, given: object) -> AbsenceFile:
        """From its JSON form; raises as `of`."""
        if not isinstance(given, dict) or given.get("type") != TYPE:
            _malformed(f"its type is not {TYPE}")
        if type(given.get("version")) is not int or given["version"] != VERSION:
            raise EvidenceError(
                "this file tells an answer and proves nothing by itself: it is not of version 2",
                remedy="Have it made with `testamur absent --prove -o FILE`, or ask a service for it with evidence=1.",
                code="absence-version",
            )
        if given.keys() != set(_MEMBERS):
            _malformed(f"it has other members than {', '.join(_MEMBERS)}")
        digests, batches = _list(given, "digests"), _list(given, "batches")
        attestations = _list(given, "attestations")
        check_bounds(len(digests), len(batches), len(attestations))
        found = cls(
            tuple(bytes.fromhex(_text(each, _HASH)) for each in digests),
            _text(given["chain"], _CHAIN),
            _text(given["contract"], _CONTRACT),
            _number(given["issuer"], 1, _MOST_ISSUER),
            Evidence.from_dict(given["evidence"]),
            tuple(_batch(each, len(digests)) for each in batches),
            tuple(map(_attestation, attestations)),
        )
        if len(set(found.digests)) != len(digests) or len({each.root for each in found.batches}) != len(batches):
            _malformed("a digest or a root is there twice")
        return found


def is_absence(data: bytes) -> bool:
    """Whether a file says that it is such a proof, of whatever version."""
    if f'"{TYPE}"'.encode() not in data:
        return False
    try:
        given = parse_json(data, _LIMITS)
    except CredentialError:
        return False
    return isinstance(given, dict) and given.get("type") == TYPE


def check_bounds(digests: int, batches: int, attestations: int) -> None:
    """Refuse what no file has.

    Raises:
        EvidenceError: code `absence-size`.
    """
    for what, count, least, most in (
        ("digests", digests, 1, MOST_DIGESTS),
        ("batches", batches, 0, MOST_BATCHES),
        ("attestations", attestations, 0, MOST_ATTESTATIONS),
    ):
        if not least <= count <= most:
            raise _too_large(f"a file has {least} to {most:,} {what}, not {count:,}")


def _batch(given: object, digests: int) -> BatchProofs:
    members = _object(given, "root", "proofs")
    proofs = _list(members, "proofs")
    if len(proofs) != digests:
        _malformed("a batch has not one proof for each digest")
    root = bytes.fromhex(_text(members["root"], _ROOT)[2:])
    return BatchProofs(root, tuple(None if each is None else _proof(each) for each in proofs))


def _proof(given: object) -> Proof:
    if isinstance(given, dict) and "inclusion" in given:
        members = _object(given, "leafCount", "inclusion")
        count = _number(members["leafCount"], 1, MAX_LEAVES)
        return _inclusion(_object(members["inclusion"], "leafIndex", "path"), count)
    members = _object(given, "leafCount", "lower", "upper")
    count = _number(members["leafCount"], 1, MAX_LEAVES)
    return AbsenceProof(count, _neighbour(members["lower"], count), _neighbour(members["upper"], count))


def _neighbour(given: object, count: int) -> Neighbour | None:
    if given is None:
        return None
    members = _object(given, "digest", "leafIndex", "path")
    return Neighbour(bytes.fromhex(_text(members["digest"], _HASH)), _inclusion(members, count))


def _inclusion(members: Mapping[str, Any], count: int) -> InclusionProof:
    path = _list(members, "path")
    if len(path) > _LONGEST_PATH:
        _malformed(f"a path has more than {_LONGEST_PATH} nodes")
    index = _number(members["leafIndex"], 0, count - 1)
    return InclusionProof(index, count, tuple(bytes.fromhex(_text(each, _HASH)) for each in path))


def _attestation(given: object) -> SignedAttestation:
    if not isinstance(given, str):
        _malformed("an attestation is no text")
    return read_attestation(given.encode("utf-8", "surrogatepass"))


def _object(given: object, *members: str) -> dict[str, Any]:
    if not isinstance(given, dict) or given.keys() != set(members):
        _malformed(f"an object with {', '.join(members)} was expected")
    return given


def _list(given: Mapping[str, Any], name: str) -> Sequence[Any]:
    if not isinstance(given[name], list):
        _malformed(f"{name} is no list")
    found: list[Any] = given[name]
    return found


def _text(given: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(given, str) or not pattern.fullmatch(given):
        _malformed("a text is not what it should be: chain, address, digest or node")
    return given


def _number(given: object, least: int, most: int) -> int:
    if type(given) is not int or not least <= given <= most:
        _malformed(f"a whole number from {least} to {most} was expected")
    return given


def _malformed(why: str) -> NoReturn:
    raise EvidenceError(f"the proof of absence cannot be read: {why}", code="absence-form")


def _too_large(why: str) -> EvidenceError:
    return EvidenceError(
        f"it is too large for one file: {why}",
        remedy="Ask about fewer digests at once, or run `testamur absent` where the trees are.",
        code="absence-size",
    )


def absence_schema() -> dict[str, Any]:
    """The JSON Schema of `AbsenceFile.to_dict`, as published in `registry/schemas/absence.schema.json`."""
    digest = {"type": "string", "pattern": f"^{_HASH.pattern}$"}
    count = {"type": "integer", "minimum": 1, "maximum": MAX_LEAVES}
    path = {
        "leafIndex": {"type": "integer", "minimum": 0, "maximum": MAX_LEAVES - 1},
        "path": {"type": "array", "maxItems": _LONGEST_PATH, "items": digest},
    }
    neighbour = {"anyOf": [closed_object({"digest": digest, **path}), {"type": "null"}]}
    proof = {
        "anyOf": [
            closed_object({"leafCount": count, "lower": neighbour, "upper": neighbour}),
            closed_object({"leafCount": count, "inclusion": closed_object(path)}),
            {"type": "null"},
        ]
    }
    batch = {
        "root": {"type": "string", "pattern": f"^{_ROOT.pattern}$"},
        "proofs": {"type": "array", "minItems": 1, "maxItems": MOST_DIGESTS, "items": proof},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "absence.schema.json",
        "title": "Absence",
        "description": "Proof that an issuer never anchored a digest, up to a block.",
        **closed_object(
            {
                "type": {"const": TYPE},
                "version": {"const": VERSION},
                "digests": {"type": "array", "minItems": 1, "maxItems": MOST_DIGESTS, "items": digest},
                "chain": {"type": "string", "pattern": f"^{_CHAIN.pattern}$"},
                "contract": {"type": "string", "pattern": f"^{_CONTRACT.pattern}$"},
                "issuer": {"type": "integer", "minimum": 1, "maximum": _MOST_ISSUER},
                "evidence": evidence_schema(MOST_SLOTS),
                "batches": {"type": "array", "maxItems": MOST_BATCHES, "items": closed_object(batch)},
                "attestations": {"type": "array", "maxItems": MOST_ATTESTATIONS, "items": {"type": "string"}},
            }
        ),
    }
