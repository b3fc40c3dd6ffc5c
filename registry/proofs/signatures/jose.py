"""Credentials as compact JWS: written for those who ask for a JWT, read and checked.

VC-JOSE-COSE (`vc+jwt`: the payload is the credential), and the form of Open Badges 3.0, section 8.2 (`JWT`: the claims
of RFC 7519 beside the members of the credential). RFC 7515; `EdDSA` of RFC 8037, `ES256` and `ES384` of RFC 7518. No
other algorithm is known here, so that neither `none` nor a shared secret is ever taken for a signature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import orjson

from registry.credential.strictjson import DEFAULT_LIMITS, Limits, parse_json
from registry.errors import CredentialError, ProofError
from registry.proofs.signatures.keys import (
    PublicKey,
    SigningKey,
    algorithm_of,
    holds,
    read_jwk,
    sign_bytes,
)
from registry.proofs.signatures.multibase import from_url_text, to_url_text
from registry.proofs.signatures.suites import MOST_AHEAD

ALGORITHMS: Final = ("EdDSA", "ES256", "ES384")
MOST_HEADER: Final = 1 << 14
"""Bytes of a header, decoded."""


class TokenForm(StrEnum):
    """How a credential is made a token, by the `typ` of its header."""

    VC = "vc+jwt"
    OPEN_BADGES = "JWT"


@dataclass(frozen=True, slots=True)
class Jws:
    """A compact JWS with an algorithm that is known here, not checked yet.

    Attributes:
        header: every member of it that is there; `crit` and `b64` are not.
        payload: as it was signed.
        signed: the bytes that the signature is over.
    """

    header: Mapping[str, Any]
    payload: bytes
    signed: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """One of `ALGORITHMS`."""
        return str(self.header["alg"])

    @property
    def method(self) -> str | None:
        """The key's identifier as the header has it, `kid`: a verification method, or what else the issuer calls it."""
        kid = self.header.get("kid")
        return kid if isinstance(kid, str) else None

    @property
    def key(self) -> PublicKey | None:
        """The key that the header holds itself, which nobody but the token vouches for.

        Raises:
            ProofError: it holds one that cannot be read (code `proof-key`).
        """
        jwk = self.header.get("jwk")
        return read_jwk(jwk) if isinstance(jwk, Mapping) else None

    def claims(self, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
        """The members of the payload.

        Raises:
            ProofError: it is no JSON object with a single reading (code `proof-fails`).
        """
        return _object(self.payload, "payload", limits)


def sign_token(document: Mapping[str, Any], key: SigningKey, method: str, form: TokenForm = TokenForm.VC) -> str:
    """A credential as a token; its proofs are left out, since the token is one.

    Args:
        document: what JSON has.
        method: by which verifiers find the public key; it becomes `kid`.
    """
    payload = {name: value for name, value in document.items() if name != "proof"}
    header: dict[str, Any] = {"alg": algorithm_of(key), "typ": form.value, "kid": method}
    if form is TokenForm.VC:
        header["cty"] = "vc"
    else:
        payload |= _registered(document)
    return sign_jws(header, payload, key)


def sign_jws(header: Mapping[str, Any], payload: Mapping[str, Any], key: SigningKey) -> str:
    """The compact JWS of a payload; the header has to name the algorithm of the key."""
    signed = f"{to_url_text(orjson.dumps(header))}.{to_url_text(orjson.dumps(payload))}"
    return f"{signed}.{to_url_text(sign_bytes(key, signed.encode('ascii')))}"


def read_jws(text: str | bytes) -> Jws:
    """A compact JWS; white space around it is no part of it.

    Raises:
        ProofError: it is none, or not one that RFC 7515 lets be written (code `proof-fails`); its algorithm or an
            extension that it needs is not known here (`proof-unread`).
    """
    try:
        given = text if isinstance(text, str) else text.decode("ascii")
        first, second, third = given.strip().split(".")
        header = _object(from_url_text(first), "header", Limits(MOST_HEADER, 8))
        payload, signature = from_url_text(second), from_url_text(third)
    except ValueError as error:
        raise _fails(f"it is no compact JWS: {error}") from None
    algorithm = header.get("alg")
    if algorithm == "none" or not signature:
        raise _fails("it is not signed")
    if algorithm not in ALGORITHMS:
        raise _unread(f"its algorithm is {str(algorithm)[:40]!r}")
    if extra := {"crit", "b64"} & set(header):
        raise _unread(f"its header has {min(extra)!r}")
    return Jws(header, payload, f"{first}.{second}".encode("ascii"), signature)


def verify_jws(jws: Jws, key: PublicKey) -> None:
    """That the signature is the key's, in the algorithm that goes with its kind.

    Raises:
        ProofError: it does not hold (code `proof-fails`).
    """
    if algorithm_of(key) != jws.algorithm:
        raise _fails(f"it says {jws.algorithm}, and the key signs with {algorithm_of(key)}")
    if not holds(key, jws.signature, jws.signed):
        raise _fails("the signature is not that of the key over this token")


def judge_claims_time(claims: Mapping[str, Any], moment: datetime) -> None:
    """That a token is meant to hold at a moment, by `exp` and `nbf` (RFC 7519 section 4.1).

    Raises:
        ProofError: it holds no more (code `proof-expired`), not yet (`proof-early`), or a time is none (`proof-fails`).
    """
    expires, begins = _moment(claims, "exp"), _moment(claims, "nbf")
    if expires is not None and moment >= expires:
        raise ProofError("the token has expired", remedy="Ask the issuer for a newer one.", code="proof-expired")
    if begins is not None and begins > moment + MOST_AHEAD:
        raise ProofError(
            "the token is not good yet", remedy="Check the clock, or ask for a later moment.", code="proof-early"
        )


def _registered(document: Mapping[str, Any]) -> dict[str, Any]:
    """What Open Badges 3.0 repeats of a credential as claims (section 8.2.4.1)."""
    subject = document.get("credentialSubject")
    issuer = document.get("issuer")
    claims = {
        "iss": issuer.get("id") if isinstance(issuer, Mapping) else issuer,
        "jti": document.get("id"),
        "sub": subject.get("id") if isinstance(subject, Mapping) else None,
        "nbf": _unix(document.get("validFrom")),
        "exp": _unix(document.get("validUntil")),
    }
    return {name: value for name, value in claims.items() if value is not None}


def _unix(said: object) -> int | None:
    try:
        return int(datetime.fromisoformat(said).timestamp()) if isinstance(said, str) else None
    except ValueError:
        return None


def _moment(claims: Mapping[str, Any], name: str) -> datetime | None:
    if name not in claims:
        return None
    said = claims[name]
    try:
        if type(said) in (int, float):
            return datetime.fromtimestamp(said, UTC)
    except (ValueError, OverflowError, OSError):
        pass  # no such time
    raise _fails(f"its {name} is no time")


def _object(data: bytes, what: str, limits: Limits) -> dict[str, Any]:
    try:
        found = parse_json(data, limits)
    except CredentialError as error:
        raise _fails(f"its {what} has no single reading: {error.what}") from None
    if not isinstance(found, dict):
        raise _fails(f"its {what} is no JSON object")
    return found


def _fails(why: str) -> ProofError:
    return ProofError(
        f"the token does not hold: {why}", remedy="Ask the issuer for the token again.", code="proof-fails"
    )


def _unread(why: str) -> ProofError:
    return ProofError(
        f"nothing can be said of the token: {why}",
        remedy="Have it checked by a verifier that knows such tokens.",
        code="proof-unread",
    )
