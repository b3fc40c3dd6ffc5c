"""SD-JWT VC: credentials of which a holder shows as much as is needed; issued, read and checked.

RFC 9901 (SD-JWT) and draft-ietf-oauth-sd-jwt-vc (`dc+sd-jwt`). What a holder cannot change is the part that the issuer
signed, up to the first `~`: its SHA-256 is the digest `sd-jwt` (`registry.credential.digest.digest_sd_jwt`), the same
for whatever is shown of the credential.

Reading is strict (RFC 9901, section 7.1): a disclosure that nothing names, one digest at two places, a name that is
there already or a disclosure with two readings refuses the whole. `registry.document.tokens` tells what is in a token
that would be refused here, too.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from registry.credential.strictjson import DEFAULT_LIMITS, Limits, parse_json
from registry.errors import CredentialError, ProofError, SignerError
from registry.proofs.signatures.jose import Jws, read_jws, sign_jws, verify_jws
from registry.proofs.signatures.keys import (
    PublicKey,
    SigningKey,
    algorithm_of,
    public_jwk,
    read_jwk,
)
from registry.proofs.signatures.multibase import from_url_text, to_url_text

TYPE: Final = "dc+sd-jwt"
KEY_BINDING_TYPE: Final = "kb+jwt"
MOST_DISCLOSURES: Final = 1_000
_HASH: Final = "sha-256"
HASHES: Final = {"sha-256": hashlib.sha256, "sha-384": hashlib.sha384, "sha-512": hashlib.sha512}
_SALT_BYTES: Final = 16
# A verifier judges by these, so that nobody may leave them out (draft-ietf-oauth-sd-jwt-vc section 2.2.2.3).
_ALWAYS_SHOWN: Final = frozenset(
    {"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "_sd", "_sd_alg", "..."}
)

Path = tuple[str | int, ...]
"""Where a claim stands: names of members and indices of arrays, from the outside in."""


@dataclass(frozen=True, slots=True)
class KeyBinding:
    """A holder's signature over what is shown, found to hold: the key in `cnf` made it.

    Attributes:
        audience, nonce: whom it was made for. Nothing is said of whether that is the verifier.
    """

    audience: str
    nonce: str


@dataclass(frozen=True, slots=True)
class SdJwt:
    """An SD-JWT as it was read; nothing is checked yet.

    Attributes:
        issued: the part that the issuer signed.
        disclosures: as they were written, in base64url.
        binding: the holder's signature; None where there is none.
        presented: all in front of the holder's signature, which that is over.
    """

    issued: Jws
    disclosures: tuple[str, ...]
    binding: Jws | None
    presented: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What an SD-JWT says as far as it is shown, once its issuer's signature was found to hold.

    Attributes:
        claims: with what is disclosed in its place.
        hidden: how many digests stand for something that is not shown, or for nothing.
        binding: the holder's signature; None where there is none.
    """

    claims: dict[str, Any]
    hidden: int
    binding: KeyBinding | None


@dataclass(frozen=True, slots=True)
class Disclosed:
    """Something that a holder shows, and can leave out.

    Attributes:
        disclosure: as it was written, in base64url.
        value: what it says; claims in it that can be left out by themselves are digests.
        name: of the claim; None of an element of an array.
    """

    disclosure: str
    value: Any
    name: str | None = None


def issue_sd_jwt(
    claims: Mapping[str, Any],
    key: SigningKey,
    method: str,
    disclosable: Iterable[Path],
    *,
    holder: PublicKey | None = None,
) -> str:
    """A credential of which each of the named claims can be left out.

    Args:
        claims: what JSON has; `vct` says what credential it is, and `iss` whose.
        method: by which verifiers find the public key; it becomes `kid`.
        disclosable: claims that may be left out, with all that is in them; inner ones may be named, too.
        holder: the key by which the holder shows that it is his (`cnf`).

    Raises:
        SignerError: a path leads nowhere, or to a claim by which verifiers judge (code `sd-jwt-claim`).
    """
    payload = deepcopy(dict(claims))
    disclosures: list[str] = []
    # The innermost first: a claim is taken away with what was made of those in it.
    for path in sorted(dict.fromkeys(disclosable), key=len, reverse=True):
        _hide(payload, path, disclosures)
    if disclosures:
        payload["_sd_alg"] = _HASH
    if holder is not None:
        payload["cnf"] = {"jwk": public_jwk(holder)}
    token = sign_jws({"alg": algorithm_of(key), "typ": TYPE, "kid": method}, payload, key)
    return "~".join([token, *disclosures, ""])


def bind_sd_jwt(presented: str, key: SigningKey, audience: str, nonce: str, at: datetime) -> str:
    """What a holder shows, with the holder's signature for one verifier (RFC 9901, section 4.3).

    Args:
        presented: the issuer's part and the disclosures to show, each with a `~` behind it.
    """
    claims = {
        "iat": int(at.timestamp()),
        "aud": audience,
        "nonce": nonce,
        "sd_hash": _digest(presented, HASHES[_algorithm(read_sd_jwt(presented).issued.claims())]),
    }
    return presented + sign_jws({"alg": algorithm_of(key), "typ": KEY_BINDING_TYPE}, claims, key)


def read_sd_jwt(text: str | bytes) -> SdJwt:
    """An SD-JWT; white space around it is no part of it.

    Raises:
        ProofError: it is none, or has more than `MOST_DISCLOSURES` (code `proof-fails`), or as `read_jws`.
    """
    try:
        given = (text if isinstance(text, str) else text.decode("ascii")).strip()
    except UnicodeDecodeError:
        raise _fails("it is no SD-JWT") from None
    presented, tilde, last = given.rpartition("~")
    if not tilde:
        raise _fails("it has no ~, which an SD-JWT has behind the part that is signed")
    token, *disclosures = presented.split("~", MOST_DISCLOSURES + 1)
    if len(disclosures) > MOST_DISCLOSURES:
        raise _fails(f"it has more than {MOST_DISCLOSURES:,} disclosures")
    return SdJwt(read_jws(token), tuple(disclosures), read_jws(last) if last else None, presented + tilde)


def verify_sd_jwt(given: SdJwt, key: PublicKey, limits: Limits = DEFAULT_LIMITS) -> Shown:
    """What it says, once the issuer's signature and that of the holder, if there is one, are found to hold.

    When it is meant to hold, says `registry.proofs.signatures.jose.judge_claims_time` of the claims.

    Raises:
        ProofError: a signature does not hold, or the disclosures do not belong to it (code `proof-fails`).
    """
    verify_jws(given.issued, key)
    payload = given.issued.claims(limits)
    return Shown(*_with_disclosures(payload, given.disclosures, limits), _binding(given, payload, limits))


def unchecked_claims(given: SdJwt, limits: Limits = DEFAULT_LIMITS) -> Shown:
    """What it says, with no signature checked: for whoever made it, and for its holder; never for a verdict.

    Raises:
        ProofError: the disclosures do not belong to it (code `proof-fails`).
    """
    return Shown(*_with_disclosures(given.issued.claims(limits), given.disclosures, limits), None)


def disclosed_in(given: SdJwt, limits: Limits = DEFAULT_LIMITS) -> list[Disclosed]:
    """What its holder can leave out, in the order in which it is there.

    Raises:
        ProofError: the disclosures do not belong to it (code `proof-fails`).
    """
    unchecked_claims(given, limits)
    return [Disclosed(each, *_content(each, limits)[1:][::-1]) for each in given.disclosures]


def present_sd_jwt(given: SdJwt, left_out: Collection[str], limits: Limits = DEFAULT_LIMITS) -> str:
    """The same credential with less of it shown, each disclosure with a `~` behind it; a holder's signature goes.

    Args:
        left_out: disclosures that are not shown, with all that only they name.

    Raises:
        ProofError: the disclosures do not belong to it (code `proof-fails`).
    """
    unchecked_claims(given, limits)
    payload = given.issued.claims(limits)
    hashed = HASHES[_algorithm(payload)]
    contents = {each: _content(each, limits) for each in given.disclosures if each not in left_out}
    kept: list[str] = []
    while len(kept) != len(contents):
        kept = list(contents)
        named = set(_named_in([payload, *contents.values()]))
        contents = {each: content for each, content in contents.items() if _digest(each, hashed) in named}
    return "~".join([given.presented.partition("~")[0], *kept, ""])


def _named_in(value: Any) -> Iterator[str]:
    """The digests in a value, at any depth."""
    if isinstance(value, list):
        for each in value:
            yield from _named_in(each)
    elif isinstance(value, dict):
        if isinstance(value.get("..."), str):
            yield value["..."]
        if isinstance(value.get("_sd"), list):
            yield from (each for each in value["_sd"] if isinstance(each, str))
        for each in value.values():
            yield from _named_in(each)


def _hide(payload: dict[str, Any], path: Path, disclosures: list[str]) -> None:
    parent: Any = payload
    try:
        for step in path[:-1]:
            parent = parent[step]
        name, value = path[-1], parent[path[-1]]
    except (LookupError, TypeError):
        raise _unfit(path, "leads to no claim") from None
    salt = to_url_text(secrets.token_bytes(_SALT_BYTES))
    if isinstance(parent, list) and isinstance(name, int):
        parent[name] = {"...": _disclosed([salt, value], disclosures)}
    elif isinstance(parent, dict) and isinstance(name, str) and not (name in _ALWAYS_SHOWN and parent is payload):
        del parent[name]
        # Sorted, so that their order says nothing of what they stand for (RFC 9901, section 4.2.4.1).
        parent["_sd"] = sorted([*parent.get("_sd", []), _disclosed([salt, name, value], disclosures)])
    else:
        raise _unfit(path, "is one that verifiers judge by")


def _disclosed(content: list[Any], disclosures: list[str]) -> str:
    disclosure = to_url_text(orjson.dumps(content))
    disclosures.append(disclosure)
    return _digest(disclosure, HASHES[_HASH])


def _digest(text: str, hashed: Any) -> str:
    return to_url_text(hashed(text.encode("ascii")).digest())


def _algorithm(payload: Mapping[str, Any]) -> str:
    named = payload.get("_sd_alg", _HASH)
    if not isinstance(named, str) or named not in HASHES:
        raise _fails(f"its hash is {str(named)[:40]!r}, which is not known here")
    return named


def _with_disclosures(
    payload: Mapping[str, Any], disclosures: tuple[str, ...], limits: Limits
) -> tuple[dict[str, Any], int]:
    """The claims with what is disclosed, and how much is hidden (RFC 9901, section 7.1)."""
    hashed = HASHES[_algorithm(payload)]
    known = {_digest(each, hashed): _content(each, limits) for each in disclosures}
    if len(known) < len(disclosures):
        raise _fails("it has a disclosure twice")
    seen: set[str] = set()
    hidden = 0

    def taken(digest: object, parts: int) -> list[Any] | None:
        nonlocal hidden
        if not isinstance(digest, str) or digest in seen:
            raise _fails("a digest in it is none, or stands at two places")
        seen.add(digest)
        if (content := known.pop(digest, None)) is None:
            hidden += 1
        elif len(content) != parts:
            raise _fails("a disclosure in it is for another place")
        return content

    def filled(value: Any, depth: int) -> Any:
        if depth > limits.max_depth:
            raise _fails("its disclosures nest too deep")
        if isinstance(value, list):
            return [each for item in value for each in element(item, depth)]
        if not isinstance(value, dict):
            return value
        if "..." in value:
            raise _fails("it has a member that only elements of arrays may have")
        members = {name: filled(member, depth + 1) for name, member in value.items() if name != "_sd"}
        digests = value.get("_sd", [])
        if not isinstance(digests, list):
            raise _fails("its digests are no array")
        for digest in digests:
            if (content := taken(digest, 3)) is not None:
                name = content[1]
                if not isinstance(name, str) or name in ("_sd", "...") or name in members:
                    raise _fails("a disclosure in it has a name that is there already, or may not be")
                members[name] = filled(content[2], depth + 1)
        return members

    def element(item: Any, depth: int) -> list[Any]:
        if not (isinstance(item, dict) and "..." in item):
            return [filled(item, depth + 1)]
        if len(item) > 1:
            raise _fails("an element of an array is a digest and something else")
        content = taken(item["..."], 2)
        return [] if content is None else [filled(content[1], depth + 1)]

    claims: dict[str, Any] = filled({name: value for name, value in payload.items() if name != "_sd_alg"}, 0)
    if known:
        raise _fails("it has a disclosure that nothing in it names")
    return claims, hidden


def _content(disclosure: str, limits: Limits) -> list[Any]:
    try:
        content = parse_json(from_url_text(disclosure), limits)
    except CredentialError as error:
        raise _fails(f"a disclosure in it has no single reading: {error.what}") from None
    except ValueError as error:
        raise _fails(f"a disclosure in it cannot be read: {error}") from None
    if not isinstance(content, list) or len(content) not in (2, 3):
        raise _fails("a disclosure in it is none")
    return content


def _binding(given: SdJwt, payload: Mapping[str, Any], limits: Limits) -> KeyBinding | None:
    """The holder's signature, which has to hold where there is one (RFC 9901, section 7.3)."""
    if given.binding is None:
        return None
    confirmed = payload.get("cnf")
    jwk = confirmed.get("jwk") if isinstance(confirmed, Mapping) else None
    if not isinstance(jwk, Mapping) or given.binding.header.get("typ") != KEY_BINDING_TYPE:
        raise _fails("it is signed by a holder whom the issuer did not name")
    try:
        verify_jws(given.binding, read_jwk(jwk))
    except ProofError as error:
        raise _fails(f"the holder's signature does not hold: {error.what}") from None
    claims = given.binding.claims(limits)
    audience, nonce = claims.get("aud"), claims.get("nonce")
    if claims.get("sd_hash") != _digest(given.presented, HASHES[_algorithm(payload)]):
        raise _fails("its holder signed for something else to be shown")
    if not isinstance(audience, str) or not isinstance(nonce, str):
        raise _fails("its holder's signature does not say whom it is for")
    return KeyBinding(audience, nonce)


def _unfit(path: Path, why: str) -> SignerError:
    return SignerError(
        f"the path {'.'.join(map(str, path))[:200]!r} {why}",
        remedy="Name claims that are there, and none of iss, nbf, exp, cnf, vct and status.",
        code="sd-jwt-claim",
    )


def _fails(why: str) -> ProofError:
    return ProofError(f"the SD-JWT does not hold: {why}", remedy="Ask the holder to show it again.", code="proof-fails")
