"""Signatures of xAPI statements: a JWS whose payload is the statement as it was signed (part two, section 2.6).

The standard names RS256, RS384 and RS512, which no credential here is signed with; these and no others are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from registry.credential.strictjson import Limits, canonicalize, parse_json
from registry.errors import CredentialError, SettingsError
from registry.learning.assessment.xapi import STATEMENT_LIMITS
from registry.proofs.signatures.multibase import from_url_text

LONGEST_SIGNATURE: Final = 1 << 20
SMALLEST_KEY: Final = 2048
"""Bits of an RSA key that is believed."""
_LARGEST_KEY: Final = 16_384
_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "RS256": hashes.SHA256(),
    "RS384": hashes.SHA384(),
    "RS512": hashes.SHA512(),
}
# What a store adds after a statement was signed (part two, section 2.6.1).
_ADDED: Final = ("id", "stored", "authority", "version", "timestamp", "attachments")


class SignedBy(StrEnum):
    """What came of the signature of a statement."""

    HOLDS = "holds"
    BROKEN = "broken"
    UNCHECKED = "signed, not checked"


def signature_key(pem: bytes, where: str) -> RSAPublicKey:
    """The key in a PEM file: a public key, or that of a certificate, whose own issuer is not judged here.

    Raises:
        SettingsError: there is none that such signatures are checked with (code `statement-key`).
    """
    key: object = None
    with suppress(ValueError, UnsupportedAlgorithm):
        is_certificate = b"BEGIN CERTIFICATE" in pem
        key = load_pem_x509_certificate(pem).public_key() if is_certificate else load_pem_public_key(pem)
    if not isinstance(key, RSAPublicKey) or not SMALLEST_KEY <= key.key_size <= _LARGEST_KEY:
        raise SettingsError(
            f"there is no RSA key of at least {SMALLEST_KEY} bits in it",
            where=where,
            remedy="Give the public key or the certificate of the store, as PEM.",
            code="statement-key",
        )
    return key


def check_statement(members: Mapping[str, Any], jws: bytes, key: RSAPublicKey) -> tuple[SignedBy, str]:
    """Whether a signature is the key's and its payload says what the statement says; and why, where it is not.

    Args:
        members: of the statement as it is in the export.
        jws: the attachment, whose hash is the one that the statement names.
    """
    try:
        first, second, third = jws[:LONGEST_SIGNATURE].decode("ascii").strip().split(".")
        header = parse_json(from_url_text(first), Limits(1 << 14, 8))
        payload, signature = from_url_text(second), from_url_text(third)
        signed = parse_json(payload, STATEMENT_LIMITS)
    except (ValueError, CredentialError):
        return SignedBy.BROKEN, "the signature is no JWS of a statement"
    algorithm = header.get("alg") if isinstance(header, dict) else None
    if not isinstance(algorithm, str) or algorithm not in _HASHES or "crit" in header:
        return SignedBy.UNCHECKED, "its algorithm is none of RS256, RS384 and RS512"
    try:
        key.verify(signature, f"{first}.{second}".encode("ascii"), PKCS1v15(), _HASHES[algorithm])
    except InvalidSignature:
        return SignedBy.BROKEN, "the signature is not that of the key"
    if not isinstance(signed, dict) or _plain(signed) != _plain(members):
        return SignedBy.BROKEN, "what was signed is another statement"
    for name in ("id", "timestamp"):
        if name in signed and signed[name] != members.get(name):
            return SignedBy.BROKEN, f"what was signed has another {name}"
    unsigned = [name for name in ("id", "timestamp") if name not in signed and name in members]
    return SignedBy.HOLDS, f"what was signed says no {' and no '.join(unsigned)}" if unsigned else ""


def _plain(members: Mapping[str, Any]) -> bytes:
    return canonicalize({name: each for name, each in members.items() if name not in _ADDED})
