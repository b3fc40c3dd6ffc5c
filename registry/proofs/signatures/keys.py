"""Keys that sign credentials: Ed25519, P-256 and P-384, in every form in which they are written.

Multikey and `publicKeyJwk` (Controlled Identifiers v1.0, sections 2.2.2 and 2.2.3), JWK (RFC 7517, RFC 8037), PEM
(PKCS #8), and `did:key` (did:key Method v0.9), which says its own public key. What a key makes is raw bytes: 64 of
Ed25519 (RFC 8032), and r and s of the curve's own width for the others (IEEE P1363), as Data Integrity and JOSE write
them both.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from registry.errors import ProofError, SignerError
from registry.proofs.signatures.multibase import from_base58, from_url_text, to_base58, to_url_text

SigningKey: TypeAlias = Ed25519PrivateKey | ec.EllipticCurvePrivateKey
PublicKey: TypeAlias = Ed25519PublicKey | ec.EllipticCurvePublicKey

_DID_KEY: Final = "did:key:"
# Points of Ed25519 of an order up to 8, by y (RFC 8032 section 5.1; the curve's cofactor is 8). With one of these for a
# key anybody can make a signature that holds, so that its owner could say of his own that it was another's.
_FIELD: Final = 2**255 - 19
_OF_ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL: Final = frozenset({0, 1, _FIELD - 1, _OF_ORDER_8, _FIELD - _OF_ORDER_8})
_LONGEST_SHOWN: Final = 80


class KeyKind(StrEnum):
    """The kinds of keys that sign here, by the name that JWK calls the curve."""

    ED25519 = "Ed25519"
    P256 = "P-256"
    P384 = "P-384"


@dataclass(frozen=True, slots=True)
class _Form:
    """How keys of one kind are written.

    Attributes:
        public, secret: headers of Multikey: the multicodec as a varint.
        width: bytes of a secret, and of each coordinate and half of a signature.
        algorithm: what JOSE calls its signatures (RFC 7518 section 3.1, RFC 8037 section 3.1).
    """

    public: bytes
    secret: bytes
    width: int
    algorithm: str


_FORMS: Final = {
    KeyKind.ED25519: _Form(b"\xed\x01", b"\x80\x26", 32, "EdDSA"),
    KeyKind.P256: _Form(b"\x80\x24", b"\x86\x26", 32, "ES256"),
    KeyKind.P384: _Form(b"\x81\x24", b"\x87\x26", 48, "ES384"),
}
_CURVES: Final[Mapping[KeyKind, ec.EllipticCurve]] = {KeyKind.P256: ec.SECP256R1(), KeyKind.P384: ec.SECP384R1()}
_BY_CURVE: Final = {"secp256r1": KeyKind.P256, "secp384r1": KeyKind.P384}


def new_key(kind: KeyKind) -> SigningKey:
    """A key that nobody had before."""
    return Ed25519PrivateKey.generate() if kind is KeyKind.ED25519 else ec.generate_private_key(_CURVES[kind])


def kind_of(key: SigningKey | PublicKey) -> KeyKind:
    """Its kind.

    Raises:
        ProofError: it is on a curve that does not sign here (code `proof-key`).
    """
    if isinstance(key, (Ed25519PrivateKey, Ed25519PublicKey)):
        return KeyKind.ED25519
    if (kind := _BY_CURVE.get(key.curve.name)) is None:
        raise _no_key(f"a key on the curve {key.curve.name} is of no kind that signs here")
    return kind


def algorithm_of(key: SigningKey | PublicKey) -> str:
    """What JOSE calls the signatures of the key: `EdDSA`, `ES256` or `ES384`."""
    return _FORMS[kind_of(key)].algorithm


def hash_of(key: SigningKey | PublicKey) -> Callable[[bytes], Any]:
    """The hash that Data Integrity takes with the key: SHA-384 with P-384, else SHA-256."""
    return hashlib.sha384 if kind_of(key) is KeyKind.P384 else hashlib.sha256


def public_of(key: SigningKey | PublicKey) -> PublicKey:
    """The public half; of a public key, the key itself."""
    return key.public_key() if isinstance(key, (Ed25519PrivateKey, ec.EllipticCurvePrivateKey)) else key


def sign_bytes(key: SigningKey, data: bytes) -> bytes:
    """The signature, raw; that of Ed25519 is always the same for the same data, the others are not."""
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(data)
    width = _FORMS[kind_of(key)].width
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(_hash_in_ecdsa(key))))
    return r.to_bytes(width, "big") + s.to_bytes(width, "big")


def holds(key: PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether a raw signature is that of the key over the data; one of another length is not."""
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, data)
        else:
            width = _FORMS[kind_of(key)].width
            if len(signature) != 2 * width:
                return False
            r, s = (int.from_bytes(half, "big") for half in (signature[:width], signature[width:]))
            key.verify(encode_dss_signature(r, s), data, ec.ECDSA(_hash_in_ecdsa(key)))
    except InvalidSignature:
        return False
    return True


def read_key(text: str, *, where: str | None = None) -> SigningKey:
    """The secret key in a text: PEM (PKCS #8, not encrypted), `secretKeyMultibase`, or a JWK.

    Args:
        where: the file it came from, for the message.

    Raises:
        SignerError: it is none of them, of no kind that signs here, or its public half is that of another (code
            `status-key`); nothing of the text is repeated.
    """
    text = text.strip()
    try:
        if text.startswith("-----BEGIN"):
            key = load_pem_private_key(text.encode("ascii"), password=None)
            if isinstance(key, (Ed25519PrivateKey, ec.EllipticCurvePrivateKey)) and kind_of(key):
                return key
        elif text.startswith("{"):
            return _secret_jwk(json.loads(text))
        else:
            return _secret_key(from_base58(text))
    except (ValueError, TypeError, KeyError, RecursionError, UnsupportedAlgorithm):
        pass  # Their messages may hold a part of the key.
    raise SignerError(
        "the key is no Ed25519, P-256 or P-384 key that can be read",
        where=where,
        remedy="Give a PEM file without a password, a secretKeyMultibase, which begins with z, or a JWK with its d.",
        code="status-key",
    )


def write_key(key: SigningKey) -> str:
    """The secret key as PEM (PKCS #8, not encrypted): for a file that its owner alone may read."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def read_public_key(text: str) -> PublicKey:
    """The key of a `publicKeyMultibase`, which begins with `z6Mk`, `zDn` or `z82`.

    Raises:
        ProofError: it is no key of a kind that signs here (code `proof-key`).
    """
    try:
        data = from_base58(text)
        for kind, form in _FORMS.items():
            if data.startswith(form.public):
                return _public_key(kind, data[len(form.public) :])
    except ValueError:
        pass
    raise _no_key(f"{text[:_LONGEST_SHOWN]!r} is no public key that is known here")


def write_public_key(key: SigningKey | PublicKey) -> str:
    """Its `publicKeyMultibase`; of a secret key, that of its public half."""
    return to_base58(_FORMS[kind_of(key)].public + _public_bytes(public_of(key)))


def public_jwk(key: SigningKey | PublicKey) -> dict[str, str]:
    """Its `publicKeyJwk`, with what makes the key and nothing else."""
    public = public_of(key)
    if isinstance(public, Ed25519PublicKey):
        return {"kty": "OKP", "crv": KeyKind.ED25519.value, "x": to_url_text(public.public_bytes_raw())}
    kind, numbers = kind_of(public), public.public_numbers()
    x, y = (to_url_text(each.to_bytes(_FORMS[kind].width, "big")) for each in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": kind.value, "x": x, "y": y}


def read_jwk(jwk: Mapping[str, Any]) -> PublicKey:
    """The public key in a JWK; other members of it are not looked at.

    Raises:
        ProofError: it holds a secret, or no key of a kind that signs here (code `proof-key`).
    """
    if "d" in jwk or "k" in jwk:
        raise _no_key("the JWK holds a secret, which no public document may")
    try:
        return _public_of_jwk(jwk)
    except (ValueError, TypeError, KeyError):
        raise _no_key("the JWK is no Ed25519, P-256 or P-384 key") from None


def did_key(key: SigningKey | PublicKey) -> str:
    """The `did:key` of the key, which says its own public key: for who has no other identifier to publish it under."""
    return f"{_DID_KEY}{write_public_key(key)}"


def did_key_method(key: SigningKey | PublicKey) -> str:
    """The `verificationMethod` of a key that is known by its `did:key`."""
    return f"{did_key(key)}#{write_public_key(key)}"


def key_of_method(method: str) -> PublicKey:
    """The public key that a `verificationMethod` of `did:key` says itself.

    Raises:
        ProofError: it is no `did:key` of a kind that signs here; the key of any other has to be looked up (code
            `proof-key`).
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


def _hash_in_ecdsa(key: ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) -> hashes.HashAlgorithm:
    return hashes.SHA384() if kind_of(key) is KeyKind.P384 else hashes.SHA256()


def _public_bytes(key: PublicKey) -> bytes:
    if isinstance(key, Ed25519PublicKey):
        return key.public_bytes_raw()
    return key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def _public_key(kind: KeyKind, data: bytes) -> PublicKey:
    """Of the bytes of a Multikey: raw for Ed25519, a compressed point for the others; ValueError for anything else."""
    if kind is KeyKind.ED25519:
        return _edwards_key(data)
    if len(data) != _FORMS[kind].width + 1:
        raise ValueError("not a compressed point")
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[kind], data)


def _edwards_key(data: bytes) -> Ed25519PublicKey:
    # Beneath the sign of x, y is also taken where it is written larger than the field.
    if (int.from_bytes(data, "little") & (1 << 255) - 1) % _FIELD in _SMALL:
        raise ValueError("a key with which anybody signs")
    return Ed25519PublicKey.from_public_bytes(data)


def _secret_key(data: bytes) -> SigningKey:
    """Of a secret Multikey: the secret, and as some libraries write it, the public key behind it."""
    for kind, form in _FORMS.items():
        if data.startswith(form.secret):
            key = _of_secret(kind, data[len(form.secret) :][: form.width])
            if data[len(form.secret) + form.width :] not in (b"", _public_bytes(public_of(key))):
                raise ValueError("the public half is that of another key")
            return key
    raise ValueError("not a secret Multikey")


def _secret_jwk(jwk: Mapping[str, Any]) -> SigningKey:
    key = _of_secret(KeyKind(jwk["crv"]), from_url_text(jwk["d"]))
    if _public_bytes(_public_of_jwk(jwk)) != _public_bytes(public_of(key)):
        raise ValueError("the public half is that of another key")
    return key


def _of_secret(kind: KeyKind, secret: bytes) -> SigningKey:
    if len(secret) != _FORMS[kind].width:
        raise ValueError("not the length of a secret")
    if kind is KeyKind.ED25519:
        return Ed25519PrivateKey.from_private_bytes(secret)
    return ec.derive_private_key(int.from_bytes(secret, "big"), _CURVES[kind])


def _public_of_jwk(jwk: Mapping[str, Any]) -> PublicKey:
    kind = KeyKind(jwk["crv"])
    if jwk["kty"] != ("OKP" if kind is KeyKind.ED25519 else "EC"):
        raise ValueError("a curve of another type of keys")
    x = from_url_text(jwk["x"])
    if kind is KeyKind.ED25519:
        return _edwards_key(x)
    y = from_url_text(jwk["y"])
    if {len(x), len(y)} != {_FORMS[kind].width}:
        raise ValueError("coordinates of another width")
    return ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), _CURVES[kind]).public_key()


def _no_key(what: str) -> ProofError:
    return ProofError(
        what, remedy="Give the publicKeyMultibase or JWK of an Ed25519, P-256 or P-384 key.", code="proof-key"
    )
