"""OpenID Federation 1.0: what a body says of a holder as a trust mark that the body signs.

A trust mark says that its subject has it, and until when. It knows no scope: what limits the accreditation is in a
claim of ours, which no reader of OpenID Federation looks at. A mark is good for days, and so outlives no withdrawal.
Source: OpenID Federation 1.0, sections 7 and 8.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from registry.formats.outward.facts import Fact, How, cannot, in_part, told
from registry.formats.outward.statements import Left, Selected, Statement, Why
from registry.formats.outward.words import notes_of, safe_json, web_address
from registry.proofs.signatures.jose import sign_jws
from registry.proofs.signatures.keys import PublicKey, SigningKey, algorithm_of, public_jwk
from registry.proofs.signatures.multibase import to_url_text
from registry.recognition.ledger import Kind

MARKS: Final[Mapping[Kind, str]] = {
    Kind.ACCREDIT_TO_ISSUE: "urn:testamur:trust-mark:accredited-to-issue",
    Kind.ACCREDIT_TO_ACCREDIT: "urn:testamur:trust-mark:accredited-to-accredit",
    Kind.RECOGNISE: "urn:testamur:trust-mark:recognised",
}
"""The types of trust marks, one for each kind of statement."""
CLAIM: Final = "urn:testamur:accreditation"
LIFETIME: Final = timedelta(days=7)
"""How long a mark is good: a withdrawal is not seen by whoever holds one, unless he asks for its status."""
TYPE: Final = "trust-mark+jwt"

_OURS: Final = f"the claim `{CLAIM}`; no reader of the federation narrows by it"
WAYS: Final[Mapping[Fact, How]] = {
    Fact.ISSUING: told(f"`trust_mark_type` {MARKS[Kind.ACCREDIT_TO_ISSUE]}"),
    Fact.ACCREDITING: told(f"`trust_mark_type` {MARKS[Kind.ACCREDIT_TO_ACCREDIT]}"),
    Fact.RECOGNITION: told(f"`trust_mark_type` {MARKS[Kind.RECOGNISE]}"),
    Fact.IDENTIFIER: in_part(_OURS),
    Fact.BODY: told("`iss`, and it alone signs"),
    Fact.HOLDER: told("`sub`"),
    Fact.JOINT: cannot("a mark has one subject"),
    Fact.FIELD: in_part(_OURS),
    Fact.LEVELS: in_part(_OURS),
    Fact.TYPES: in_part(_OURS),
    Fact.JURISDICTION: in_part(_OURS),
    Fact.PROGRAMME: in_part(_OURS),
    Fact.PROGRAMME_HASH: in_part(_OURS),
    Fact.PROGRAMME_DETAILS: in_part(_OURS),
    Fact.RULING: in_part(_OURS),
    Fact.CONDITION: in_part(_OURS),
    Fact.CONDITION_HASH: in_part(_OURS),
    Fact.EVIDENCE: told("`ref`"),
    Fact.EVIDENCE_ELSEWHERE: in_part(_OURS),
    Fact.EVIDENCE_HASH: in_part(_OURS),
    Fact.MORE_EVIDENCE: cannot("a mark has one `ref`"),
    Fact.ACCEPTED: cannot("`iat` is when the mark was signed"),
    Fact.START: in_part(_OURS),
    Fact.END: in_part("`exp` is at most seven days away; the end is in our claim"),
    Fact.NO_END: in_part("`exp` is at most seven days away; our claim has no end"),
    Fact.ASSUMED_END: in_part(_OURS),
    Fact.ENDS_SOONER: in_part("`exp` is not after it, without the reason"),
    Fact.HISTORY: cannot("it has one clock, and no past"),
    Fact.OBLIGATORY: in_part(_OURS),
    Fact.DETAILS: in_part(_OURS),
    Fact.MIRROR: cannot("a mirror signs no marks of others; the statement is left out"),
    Fact.AS_OF: in_part(_OURS),
}


def refused(statement: Statement) -> Left | None:
    """Why a statement cannot be a trust mark; None where it can."""
    if statement.mirror is not None:
        return Left(statement.number, Why.OTHER_BODY.value, "a mirror signs no marks of others", whole=True)
    for each in (statement.body, *statement.holders):
        if not each.entity:
            return Left(
                statement.number,
                Why.ENTITY.value,
                f"nobody told the entity identifier of {each.shown_name}",
                whole=True,
            )
    return None


def by_body(selected: Selected, body: int) -> Selected:
    """Those of one body: a trust mark is its issuer's own word, so that nobody signs those of another."""
    own = [each for each in selected.statements if each.body.party == body]
    others = [
        Left(each.number, Why.OTHER_BODY.value, f"only {each.body.shown_name} itself signs its marks", whole=True)
        for each in selected.statements
        if each.body.party != body
    ]
    return Selected(tuple(own), (*selected.left, *others))


def trust_mark(statement: Statement, key: SigningKey, now: datetime) -> str:
    """The trust mark of a statement's first holder, as a signed JWT.

    Args:
        now: when it is signed; the statement has to be in force then.
    """
    header = {"alg": algorithm_of(key), "typ": TYPE, "kid": key_id(key)}
    return sign_jws(header, claims_of(statement, now), key)


def claims_of(statement: Statement, now: datetime) -> dict[str, Any]:
    """What the mark of a statement's first holder says."""
    expires = now + LIFETIME if statement.holds_until is None else min(now + LIFETIME, statement.holds_until)
    claims: dict[str, Any] = {
        "iss": statement.body.entity,
        "sub": statement.holders[0].entity,
        "trust_mark_type": MARKS[statement.kind],
        # Its name up to draft 41; draft 42 alone called it trust_mark_id.
        "id": MARKS[statement.kind],
        "iat": int(now.timestamp()),
        "exp": int(expires.timestamp()),
        CLAIM: _accreditation(statement),
    }
    if addresses := [each.uri for each in statement.evidence if web_address(each.uri)]:
        claims["ref"] = addresses[0]
    cleaned: dict[str, Any] = safe_json(claims)
    return cleaned


def key_id(key: SigningKey | PublicKey) -> str:
    """The name of a key: the thumbprint of its JWK (RFC 7638)."""
    return to_url_text(hashlib.sha256(orjson.dumps(public_jwk(key), option=orjson.OPT_SORT_KEYS)).digest())


def federation_jwk(key: SigningKey | PublicKey) -> dict[str, str]:
    """The public key as it stands in `jwks`."""
    return {**public_jwk(key), "kid": key_id(key), "alg": algorithm_of(key), "use": "sig"}


def _accreditation(statement: Statement) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": statement.id,
        "kind": statement.kind.value,
        "fields": list(statement.fields),
        "levels": list(statement.levels),
        "types": list(statement.types),
        "jurisdiction": list(statement.countries),
        "programmes": [each.id for each in statement.programmes],
        "validFrom": int(statement.start.timestamp()),
        "validUntil": None if statement.end is None else int(statement.end.timestamp()),
        "conditional": statement.is_conditional,
        "notes": notes_of(statement),
    }
    return said
