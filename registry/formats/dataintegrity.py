"""Data Integrity proofs of Ed25519 keys: `eddsa-jcs-2022` over the RFC 8785 form, `eddsa-rdfc-2022` over canonical RDF.

Data Integrity EdDSA Cryptosuites v1.0, sections 3.3 and 3.2. Pure: keys and documents in, proofs out. Proofs over RDF
are made for whoever has the canonical form of the document, and are not verified here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from registry.credential.strictjson import canonicalize
from registry.errors import CredentialError, ProofError, SignerError
from registry.formats.multibase import from_base58, to_base58
from registry.formats.nquads import BLANK, DATE_TIME, RDF_TYPE, canonical, iri, literal
from registry.timestamps import write_timestamp

CRYPTOSUITE: Final = "eddsa-jcs-2022"
RDF_CRYPTOSUITE: Final = "eddsa-rdfc-2022"
PROOF_TYPE: Final = "DataIntegrityProof"
PURPOSE: Final = "assertionMethod"

# Multicodec prefixes of Multikey (Controlled Identifiers v1.0, section 2.2.2).
_PUBLIC, _SECRET = b"\xed\x01", b"\x80\x26"
_KEY_BYTES = 32
_SECURITY = "https://w3id.org/security#"
_DID_KEY = "did:key:"


def read_key(text: str, *, where: str | None = None) -> Ed25519PrivateKey:
    """The key in a text: PEM (PKCS #8, not encrypted) or `secretKeyMultibase`.

    Args:
        where: the file it came from, for the message.

    Raises:
        SignerError: it is neither, or no Ed25519 key, or its public half is that of another; nothing of the text is
            repeated.
    """
    text = text.strip()
    try:
        if text.startswith("-----BEGIN"):
            key = load_pem_private_key(text.encode("ascii"), password=None)
            if isinstance(key, Ed25519PrivateKey):
                return key
        else:
            return _secret_key(from_base58(text))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass  # Their messages may hold a part of the key.
    raise SignerError(
        "the key is not an Ed25519 key that can be read",
        where=where,
        remedy="Give a PEM file without a password, or a secretKeyMultibase, which begins with z3u2, zru or zrv.",
        code="status-key",
    )


def read_public_key(text: str) -> Ed25519PublicKey:
    """The key of a `publicKeyMultibase`, which begins with `z6Mk`.

    Raises:
        ProofError: it is no Ed25519 key (code `proof-key`).
    """
    try:
        return Ed25519PublicKey.from_public_bytes(_public_bytes(text))
    except ValueError:
        raise ProofError(
            f"{text[:80]!r} is no Ed25519 key", remedy="Give its publicKeyMultibase.", code="proof-key"
        ) from None


def write_public_key(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """Its `publicKeyMultibase`; of a private key, that of its public half."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return to_base58(_PUBLIC + public.public_bytes_raw())


def did_key(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """The `did:key` of the key, which says its own public key: for who has no other identifier to publish it under."""
    return f"{_DID_KEY}{write_public_key(key)}"


def did_key_method(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """The `verificationMethod` of a key that is known by its `did:key`."""
    return f"{did_key(key)}#{write_public_key(key)}"


def key_of_method(method: str) -> Ed25519PublicKey:
    """The public key that a `verificationMethod` of `did:key` says itself.

    Raises:
        ProofError: it is no `did:key` of Ed25519; the key of any other has to be looked up (code `proof-key`).
    """
    did, _, fragment = method.partition("#")
    multikey = did.removeprefix(_DID_KEY)
    if not did.startswith(_DID_KEY) or fragment != multikey:
        raise ProofError(
            f"the verification method {method[:200]!r} does not say its key",
            remedy="Look it up in the document of its controller and pass it.",
            code="proof-key",
        )
    return read_public_key(multikey)


def sign(
    document: Mapping[str, Any],
    key: Ed25519PrivateKey,
    verification_method: str,
    created: datetime,
    purpose: str = PURPOSE,
) -> dict[str, Any]:
    """The document with one proof more.

    Args:
        document: what JSON has; proofs that it has already are kept and not signed.
        verification_method: URL by which verifiers find the public key.
        created: with a time zone; whole seconds are written.

    Raises:
        CredentialError: the document has no RFC 8785 form.
    """
    proof = _options(CRYPTOSUITE, verification_method, created, purpose)
    if "@context" in document:
        proof["@context"] = document["@context"]
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    proof["proofValue"] = to_base58(key.sign(_signed_bytes(unsecured, proof)))
    return _with_proof(document, proof)


def sign_rdf(
    document: Mapping[str, Any],
    quads: bytes,
    key: Ed25519PrivateKey,
    verification_method: str,
    created: datetime,
) -> dict[str, Any]:
    """As `sign`, with a proof of `eddsa-rdfc-2022` that the issuer asserts the document.

    Args:
        quads: the canonical N-Quads of the document without its proofs.

    Raises:
        ValueError: the verification method is no absolute IRI.
    """
    proof = _options(RDF_CRYPTOSUITE, verification_method, created, PURPOSE)
    signed = hashlib.sha256(_option_quads(proof)).digest() + hashlib.sha256(quads).digest()
    return _with_proof(document, proof | {"proofValue": to_base58(key.sign(signed))})


def verify(document: Mapping[str, Any], key: Ed25519PublicKey | None = None, purpose: str = PURPOSE) -> dict[str, Any]:
    """The first proof of this cryptosuite and purpose, once its signature is found to hold.

    Args:
        key: of the signer; None only for who believes any `did:key`, which is then in the answer.

    Raises:
        ProofError: there is no such proof (code `proof-missing`), its key is not known (`proof-key`), or it does not
            hold (`proof-fails`).
    """
    proof = next((each for each in proofs_of(document) if is_ours(each, purpose)), None)
    if proof is None:
        raise ProofError(
            f"the document has no {CRYPTOSUITE} proof for {purpose}",
            remedy="Ask its issuer for a signed one.",
            code="proof-missing",
        )
    method = proof.get("verificationMethod")
    _require(isinstance(method, str), "it names no verificationMethod")
    verify_proof(document, proof, key or key_of_method(str(method)))
    return proof


def verify_proof(document: Mapping[str, Any], proof: Mapping[str, Any], key: Ed25519PublicKey) -> None:
    """That one proof of this cryptosuite is the key's over the document without its proofs (section 3.3.2).

    Raises:
        ProofError: it does not hold (code `proof-fails`).
    """
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    value = proof.get("proofValue")
    _require(isinstance(value, str), "it names no proofValue")
    try:
        if "@context" in proof:
            _require(_begins_with(document.get("@context"), proof["@context"]), "it was made for another @context")
            unsecured["@context"] = proof["@context"]
        key.verify(from_base58(str(value)), _signed_bytes(unsecured, proof))
    except InvalidSignature:
        _require(False, "the signature is not that of the key over this document")
    except (ValueError, CredentialError) as error:
        _require(False, str(error))


def is_ours(proof: Mapping[str, Any], purpose: str = PURPOSE) -> bool:
    """Whether it says that it is of this cryptosuite and purpose."""
    said = (proof.get("type"), proof.get("cryptosuite"), proof.get("proofPurpose"))
    return said == (PROOF_TYPE, CRYPTOSUITE, purpose)


def _options(cryptosuite: str, verification_method: str, created: datetime, purpose: str) -> dict[str, Any]:
    return {
        "type": PROOF_TYPE,
        "cryptosuite": cryptosuite,
        "created": write_timestamp(created),
        "verificationMethod": verification_method,
        "proofPurpose": purpose,
    }


def _option_quads(proof: Mapping[str, Any]) -> bytes:
    """Section 3.2.5: the canonical N-Quads of the options, which have one node without a name."""
    return canonical(
        [
            (BLANK, RDF_TYPE, iri(f"{_SECURITY}{PROOF_TYPE}")),
            (BLANK, f"{_SECURITY}cryptosuite", literal(proof["cryptosuite"], f"{_SECURITY}cryptosuiteString")),
            (BLANK, "http://purl.org/dc/terms/created", literal(proof["created"], DATE_TIME)),
            (BLANK, f"{_SECURITY}verificationMethod", iri(proof["verificationMethod"])),
            (BLANK, f"{_SECURITY}proofPurpose", iri(f"{_SECURITY}{PURPOSE}")),
        ]
    )


def _with_proof(document: Mapping[str, Any], proof: dict[str, Any]) -> dict[str, Any]:
    """The document with a proof more: an array where it has others."""
    others = proofs_of(document)
    return {**document, "proof": [*others, proof] if others else proof}


def proofs_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of its `proof`, of whatever kind."""
    given = document.get("proof", [])
    return [each for each in (given if isinstance(given, list) else [given]) if isinstance(each, dict)]


def _signed_bytes(unsecured: Mapping[str, Any], proof: Mapping[str, Any]) -> bytes:
    """Section 3.3.4: the hash of the proof's options, then that of the document."""
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    return hashlib.sha256(canonicalize(options)).digest() + hashlib.sha256(canonicalize(dict(unsecured))).digest()


def _begins_with(whole: object, part: object) -> bool:
    """Section 3.3.2: a document may have gained contexts at its end since it was signed."""
    entire, first = (
        [canonicalize(item) for item in (each if isinstance(each, list) else [each])] for each in (whole, part)
    )
    return entire[: len(first)] == first


def _secret_key(data: bytes) -> Ed25519PrivateKey:
    """Of a secret Multikey: 32 bytes, or as some libraries write it, 64 with the public key behind them."""
    given = data.removeprefix(_SECRET)
    if not data.startswith(_SECRET) or len(given) not in (_KEY_BYTES, 2 * _KEY_BYTES):
        raise ValueError("not a secret Ed25519 Multikey")
    key = Ed25519PrivateKey.from_private_bytes(given[:_KEY_BYTES])
    if given[_KEY_BYTES:] not in (b"", key.public_key().public_bytes_raw()):
        raise ValueError("the public half is that of another key")
    return key


def _public_bytes(text: str) -> bytes:
    data = from_base58(text)
    if not data.startswith(_PUBLIC) or len(data) != len(_PUBLIC) + _KEY_BYTES:
        raise ValueError("not a public Ed25519 Multikey")
    return data[len(_PUBLIC) :]


def _require(holds: bool, why: str) -> None:
    if not holds:
        raise ProofError(
            f"the proof does not hold: {why}", remedy="Ask the issuer for the document again.", code="proof-fails"
        )
