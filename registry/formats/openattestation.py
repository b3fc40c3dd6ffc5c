"""OpenAttestation documents of versions 2 and 3: whether they are what their Merkle proof is of.

Each field has a salt; the document's hash is Keccak-256 over the sorted hashes of all fields, shown and hidden, and
nodes are Keccak-256 over both children, the lesser one first. Who issued it stands in a contract, in DNS or behind a
DID, of which nothing is asked here. OpenAttestation, `open-attestation` 6: `2.0/digest.ts`, `3.0/digest.ts`,
`3.0/verify.ts`, `shared/merkle`.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from registry.credential.digest import canonicalize, parse_json
from registry.errors import CredentialError
from registry.keccak import keccak
from registry.receipt.model import MAX_PATH
from registry.untrusted.hashes import read_hash

SIGNATURE_TYPE: Final = "SHA3MerkleProof"
PROOF_TYPE: Final = "OpenAttestationMerkleProofSignature2018"
_PROOF_TYPE_4: Final = "OpenAttestationHashProof2018"
MOST_FIELDS: Final = 20_000
"""Fields of one document, shown and hidden: each costs a hash."""
_MOST_DEPTH: Final = 64
_LONGEST_STORE: Final = 200
_LONGEST_NAME: Final = 60
# All that a document of version 2 is made of; its hash is of the `data`.
_WRAPPING: Final = frozenset({"version", "schema", "data", "privacy", "signature", "proof"})
# Where version 2 says who issued it, all of them salted, and how that is called here.
_STORES: Final = ("documentStore", "tokenRegistry", "certificateStore")


@dataclass(frozen=True, slots=True)
class Proof:
    """What the proof of a document says, and what its fields come to.

    Attributes:
        root, target: 32 bytes each; the target is the hash of the document.
        path: siblings from the target up to the root; their order follows from their values.
        computed: the hash that its fields come to.
        stores: where it says that its issuer is found, in its own words, each once.
    """

    root: bytes
    target: bytes
    path: tuple[bytes, ...]
    computed: bytes
    stores: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the path leads from the target to the root."""
        node = self.target
        for sibling in self.path:
            node = keccak(min(node, sibling) + max(node, sibling))
        return node == self.root


@dataclass(frozen=True, slots=True)
class Found:
    """An OpenAttestation document.

    Attributes:
        version: 2, 3 or 4.
        read: what its proof says and its fields come to, or why that cannot be told.
    """

    version: int
    read: Proof | str


def find_proof(members: Mapping[str, Any]) -> Found | None:
    """The Merkle proof of an OpenAttestation document; None where it is none."""
    signature, proof = members.get("signature"), members.get("proof")
    if isinstance(signature, dict) and signature.get("type") == SIGNATURE_TYPE:
        return Found(2, _told(lambda: _read_2(members, signature)))
    if isinstance(proof, dict) and proof.get("type") == PROOF_TYPE:
        return Found(3, _told(lambda: _read_3(members, proof)))
    if isinstance(proof, dict) and proof.get("type") == _PROOF_TYPE_4:
        return Found(4, "documents of this version are not read here")
    return None


def is_merkle_proof(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of a `proof` is one of version 3 that nobody signed: it leads to an anchor alone."""
    return entry.get("type") == PROOF_TYPE and "signature" not in entry


def fields_shown(members: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the fields of a document of version 2 say without their salts, the outermost alone; None of any other."""
    signature, data = members.get("signature"), members.get("data")
    if not isinstance(signature, dict) or signature.get("type") != SIGNATURE_TYPE or not isinstance(data, dict):
        return None
    return {name: value for name, each in data.items() if (value := _unsalted(each)) is not None}


def _told(read: Any) -> Proof | str:
    try:
        proof: Proof = read()
    except ValueError as error:
        return str(error)
    except CredentialError as error:
        return error.what
    return proof


# Version 2


def _read_2(members: Mapping[str, Any], signature: Mapping[str, Any]) -> Proof:
    if more := members.keys() - _WRAPPING:
        raise _refused(f"its hash is not of its member {min(more)[:_LONGEST_NAME]!r}")
    data, privacy = members.get("data"), members.get("privacy", {})
    if not isinstance(data, dict) or not isinstance(privacy, dict):
        raise _refused("it has no fields")
    fields = _bounded(_flattened(data, (), 0))
    hashes = [keccak(canonicalize({".".join(place): value})).hex() for place, value in fields]
    return _proof(signature, "proof", hashes, privacy.get("obfuscatedData", []), _stores_2(data))


def _flattened(value: object, place: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], object]]:
    """Each field and where it is, lists by their numbers; an empty list or object is no field, as whoever hides its
    members leaves one behind."""
    if depth > _MOST_DEPTH:
        raise _refused(f"it nests deeper than {_MOST_DEPTH} levels")
    items: Sequence[tuple[str, object]] = ()
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = [(str(at), each) for at, each in enumerate(value)]
    elif depth:
        yield place, value
    for name, each in items:
        if "." in name:
            raise _refused("the name of a field has a dot, which says two things there")
        yield from _flattened(each, (*place, name), depth + 1)


def _stores_2(data: Mapping[str, Any]) -> Iterator[str]:
    issuers = data.get("issuers")
    for issuer in issuers if isinstance(issuers, list) else ():
        if not isinstance(issuer, dict):
            continue
        proof = issuer.get("identityProof")
        location = proof.get("location") if isinstance(proof, dict) else None
        named = map(_unsalted, (*map(issuer.get, _STORES), location, issuer.get("id")))
        yield from (each[:_LONGEST_STORE] for each in named if each)


def _unsalted(value: object) -> str | None:
    """What stands behind the salt and the type of a field: `SALT:string:VALUE`."""
    parts = value.split(":", 2) if isinstance(value, str) else ()
    return parts[2] if len(parts) == 3 else None


# Version 3


def _read_3(members: Mapping[str, Any], proof: Mapping[str, Any]) -> Proof:
    document = {name: value for name, value in members.items() if name != "proof"}
    fields = dict(_bounded(_leaves(document, "", 0)))
    salts = _salts(proof.get("salts"))
    # As many as there are fields, and for each of these one: nothing was added, and nothing is there twice.
    if len(salts) != len(fields) or salts.keys() != fields.keys():
        raise _refused("its salts are not those of its fields: fields were added or taken away")
    # JavaScript's falsy values are left out of the hash by whoever makes these documents, and so anybody may add them.
    if left_out := [place for place, value in fields.items() if not value]:
        raise _refused(f"its hash is not of its field {left_out[0][:_LONGEST_NAME]!r}, which is empty, zero or false")
    shown = [keccak(canonicalize({place: f"{salt}:{_as_text(fields[place])}"})).hex() for place, salt in salts.items()]
    privacy = proof.get("privacy", {})
    hidden = privacy.get("obfuscated", []) if isinstance(privacy, dict) else None
    return _proof(proof, "proofs", shown, hidden, _stores_3(document))


def _leaves(value: object, place: str, depth: int) -> Iterator[tuple[str, object]]:
    if depth > _MOST_DEPTH:
        raise _refused(f"it nests deeper than {_MOST_DEPTH} levels")
    if isinstance(value, list):
        for at, each in enumerate(value):
            yield from _leaves(each, f"{place}[{at}]", depth + 1)
    elif isinstance(value, dict):
        for name, each in value.items():
            if set(name) & set(".[]"):
                raise _refused("the name of a field has a dot or a bracket, which says two things there")
            yield from _leaves(each, f"{place}.{name}" if place else name, depth + 1)
    else:
        yield place, value


def _salts(text: object) -> dict[str, str]:
    if not isinstance(text, str):
        raise _refused("it has no salts")
    try:
        # A list, which is read as a member of an object.
        given = parse_json(b'{"salts":' + b64decode(text, validate=True) + b"}")["salts"]
    except (binascii.Error, UnicodeEncodeError):
        raise _refused("its salts are not base64") from None
    if not isinstance(given, list) or len(given) > MOST_FIELDS:
        raise _refused(f"its salts are not a list of at most {MOST_FIELDS:,}")
    found: dict[str, str] = {}
    for each in given:
        place, value = (each.get("path"), each.get("value")) if isinstance(each, dict) else (None, None)
        # With a colon, what a field says could be moved into its salt: nothing but that tells where the one ends.
        if not isinstance(place, str) or not isinstance(value, str) or place in found or ":" in value:
            raise _refused("a salt in it is not in order")
        found[place] = value
    return found


def _as_text(value: object) -> str:
    """A value as JavaScript puts it into a text."""
    return value if isinstance(value, str) else canonicalize({"": value})[len('{"":') : -1].decode()


def _stores_3(document: Mapping[str, Any]) -> Iterator[str]:
    metadata = document.get("openAttestationMetadata")
    parts = [metadata.get("proof"), metadata.get("identityProof")] if isinstance(metadata, dict) else []
    for part in parts:
        if isinstance(part, dict):
            values = (part.get("value"), part.get("identifier"))
            yield from (value[:_LONGEST_STORE] for value in values if isinstance(value, str))


# Both


def _bounded(fields: Iterator[tuple[Any, object]]) -> list[tuple[Any, object]]:
    found: list[tuple[Any, object]] = []
    for each in fields:
        if len(found) >= MOST_FIELDS:
            raise _refused(f"it has more than {MOST_FIELDS:,} fields")
        found.append(each)
    return found


def _proof(proof: Mapping[str, Any], path: str, shown: Sequence[str], hidden: object, stores: Iterator[str]) -> Proof:
    if not isinstance(hidden, list) or len(hidden) > MOST_FIELDS:
        raise _refused(f"the hashes of its hidden fields are not a list of at most {MOST_FIELDS:,}")
    siblings = proof.get(path, [])
    if not isinstance(siblings, list) or len(siblings) > MAX_PATH:
        raise _refused(f"its path is not a list of at most {MAX_PATH} nodes")
    # A hidden hash goes into the text that is hashed as it is written.
    texts = sorted([*shown, *(_hex(each) for each in hidden)])
    return Proof(
        _hash(proof.get("merkleRoot")),
        _hash(proof.get("targetHash")),
        tuple(map(_hash, siblings)),
        keccak(canonicalize({"": texts})[len('{"":') : -1]),
        tuple(dict.fromkeys(stores)),
    )


def _hex(value: object) -> str:
    _hash(value)
    return str(value)


def _hash(value: object) -> bytes:
    if not isinstance(value, str) or len(value) > 66:
        raise _refused("a hash in it has not 64 hex digits")
    try:
        return read_hash(value)
    except ValueError:
        raise _refused("a hash in it has not 64 hex digits") from None


def _refused(why: str) -> ValueError:
    """Of a proof that others wrote."""
    return ValueError(why)
