"""Credentials as signed tokens: compact JWS (JWT VC, VC-JOSE), SD-JWT with its disclosures, and JWS in JSON (JAdES).

Only what they say is read, also where a token is broken into lines or padded as it should not be. No signature is
checked here.
Sources: RFC 7515, RFC 7519, RFC 9901 (SD-JWT), VC-JOSE-COSE, ETSI TS 119 182-1 (JAdES).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from registry.credential.lenientjson import decode_text, read_leniently
from registry.credential.strictjson import DEFAULT_LIMITS
from registry.proofs.signatures.multibase import from_url_text, to_url_text
from registry.proofs.signatures.sdjwt import HASHES, MOST_DISCLOSURES

_COMPACT = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]*)")
_DISCLOSED = re.compile(rb"[A-Za-z0-9_.~-]*")
_ENCRYPTED = re.compile(rb"([A-Za-z0-9_-]+)(?:\.[A-Za-z0-9_-]*){4}")
_BEARER = re.compile(rb"bearer[ \t]+", re.IGNORECASE)
# How base64url of a JSON object begins. Some write tokens in lines, with padding, or in the other alphabet.
_HEADS: Final = (b"ey", b"ew", b"IH", b"CX", b"Cg", b"DQ")
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
# Deeper nesting of disclosures in disclosures says nothing that a person could follow.
_MOST_DEPTH: Final = 64


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it was read.

    Attributes:
        payload: the signed text, as it was signed; None when it is not in the token, or encrypted.
        disclosures: of an SD-JWT, base64url; () for another token, and for one that shows nothing of what it hides.
        is_selective: whether it is an SD-JWT, of which a holder may show less.
        is_signed: whether there is a signature at all.
        signed: header, payload and signature in one text; empty of one that has them in JSON.
    """

    payload: bytes | None
    disclosures: tuple[bytes, ...] = ()
    is_selective: bool = False
    is_signed: bool = True
    signed: bytes = b""


@dataclass(frozen=True, slots=True)
class Disclosed:
    """The claims of a token with what was disclosed in its place.

    Attributes:
        hidden: how many claims are not shown.
        doubt: why what was disclosed has no single reading; None where it has.
    """

    claims: dict[str, Any]
    hidden: int
    doubt: str | None = None


def read_token(data: bytes) -> Token | None:
    """The token that a file or text is, with white space around it or not; None when it is none."""
    text = data.strip()
    if text[:1] == b'"' and text[-1:] == b'"':
        text = text[1:-1]
    # No header is so long; and a pattern is not tried on a whole picture.
    if b"." not in text[: 1 << 16] or not text[:1].isalnum():
        return None
    text = _BEARER.sub(b"", text, count=1) if text[:1] in b"bB" else text
    if text.startswith(_HEADS):
        text = text.translate(_TO_URL, b" \t\r\n=")
    signed, tilde, rest = text.partition(b"~")
    if (match := _COMPACT.fullmatch(signed)) and _DISCLOSED.fullmatch(rest):
        if "alg" not in _header(match[1]):
            return None
        parts = rest.split(b"~", MOST_DISCLOSURES + 1)
        disclosures = tuple(part for part in parts if part and b"." not in part)
        is_signed = bool(match[3])
        payload = _decoded(match[2]) or None
        return Token(payload, disclosures, bool(tilde), is_signed, signed)
    if (match := _ENCRYPTED.fullmatch(text)) and "enc" in _header(match[1]):
        return Token(None, is_signed=False)
    return None


def json_token(members: Mapping[str, Any]) -> Token | None:
    """The token in the JSON form of a JWS, with one signature or several (RFC 7515 section 7.2), or None."""
    # RFC 7515 needs one of the two headers, RFC 7797 section 3 has none in the payload.
    headed = "protected" in members or "header" in members
    signed = ("signature" in members and headed) or isinstance(members.get("signatures"), list)
    if "ciphertext" in members and ("recipients" in members or "protected" in members):
        return Token(None, is_signed=False)
    if not signed or not ("payload" in members or "sigD" in str(members.get("header", ""))):
        return None
    payload = members.get("payload")
    if not isinstance(payload, str):
        return Token(None)
    decoded = _decoded(payload.encode("utf-8", "replace"))
    disclosures = tuple(_json_disclosures(members))
    # Unencoded payloads (RFC 7797) are the text itself.
    signed_text = payload.encode("utf-8", "replace") if decoded is None else decoded
    return Token(signed_text or None, disclosures, is_selective=bool(disclosures))


def _json_disclosures(members: Mapping[str, Any]) -> Iterator[bytes]:
    """The disclosures of an SD-JWT in JSON, in whichever header they are (RFC 9901 section 8)."""
    signatures = members.get("signatures")
    for holder in (members, *(signatures if isinstance(signatures, list) else ())):
        for place in (holder, holder.get("header")) if isinstance(holder, dict) else ():
            found = place.get("disclosures") if isinstance(place, dict) else None
            for disclosure in found if isinstance(found, list) else ():
                if isinstance(disclosure, str):
                    yield disclosure.encode("utf-8", "replace")


def disclose(claims: Mapping[str, Any], disclosures: tuple[bytes, ...]) -> Disclosed | None:
    """The claims with those disclosures in their places (RFC 9901 section 7.1); None where they nest too deep.

    Lenient, where `registry.proofs.signatures.sdjwt` refuses: a disclosure that no digest names is left out, of two
    that have one name both are told, and array elements that were not disclosed are left out.
    """
    hashed = HASHES.get(str(claims.get("_sd_alg", "sha-256")))
    known: dict[str, list[Any]] = {}
    doubts: list[str] = []
    for disclosure in disclosures[:MOST_DISCLOSURES]:
        content, doubt = _disclosed(disclosure)
        if hashed is not None and isinstance(content, list) and len(content) in (2, 3):
            known[to_url_text(hashed(disclosure).digest())] = content
            doubts += [doubt] if doubt else []
    hidden = 0

    def filled(value: Any, depth: int) -> Any:
        nonlocal hidden
        if depth > _MOST_DEPTH:
            raise RecursionError
        if isinstance(value, dict):
            members = {key: filled(member, depth + 1) for key, member in value.items() if key not in ("_sd", "_sd_alg")}
            digests = value.get("_sd")
            for digest in digests if isinstance(digests, list) else ():
                content = known.pop(digest, None) if isinstance(digest, str) else None
                if content is not None and len(content) == 3 and isinstance(content[1], str):
                    # A name that is there already would be another reading: both are kept.
                    name, added = content[1], filled(content[2], depth + 1)
                    members[name] = [members[name], added] if name in members else added
                else:
                    hidden += 1
            return members
        if isinstance(value, list):
            return list(_elements(value, depth))
        return value

    def _elements(values: list[Any], depth: int) -> Iterator[Any]:
        nonlocal hidden
        for value in values:
            digest = value.get("...") if isinstance(value, dict) and len(value) == 1 else None
            if not isinstance(digest, str):
                yield filled(value, depth + 1)
            elif (content := known.pop(digest, None)) is not None and len(content) == 2:
                yield filled(content[1], depth + 1)
            else:
                hidden += 1

    try:
        return Disclosed(filled(dict(claims), 0), hidden, doubts[0] if doubts else None)
    except RecursionError:
        return None


def _disclosed(disclosure: bytes) -> tuple[Any, str | None]:
    """What a disclosure holds, and why it may hold something else; None where it cannot be read at all."""
    decoded = _decoded(disclosure)
    if decoded is None:
        return None, None
    text = decode_text(decoded)
    result = read_leniently(text.text, DEFAULT_LIMITS)
    return (None, None) if isinstance(result, str) else (result.value, text.doubt or result.doubt)


def _header(encoded: bytes) -> Mapping[str, Any]:
    content = _json(_decoded(encoded))
    return content if isinstance(content, dict) else {}


def _json(data: bytes | None) -> Any:
    try:
        return None if data is None else orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def _decoded(encoded: bytes) -> bytes | None:
    """From base64url; None when it is not that."""
    try:
        return from_url_text(encoded.decode("ascii"), loosely=True)
    except ValueError:
        return None
