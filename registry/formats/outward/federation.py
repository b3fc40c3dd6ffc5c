"""OpenID Federation 1.0: the statements that a body publishes of itself, and of those it accredits.

What fits: a body is an entity that vouches for the keys of those it accredits, and says whether they may vouch for
others. What does not: a scope narrows nothing, there is one clock, and a statement is of now.
`docs/reference/outward.md` says more. Source: OpenID Federation 1.0, sections 3, 6.2 and 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from registry.formats.outward.statements import Organisation, Statement
from registry.formats.outward.trust_marks import MARKS, federation_jwk, key_id
from registry.formats.outward.words import safe_json, web_address
from registry.proofs.signatures.jose import sign_jws
from registry.proofs.signatures.keys import SigningKey, algorithm_of
from registry.recognition.ledger import Kind
from registry.recognition.path import LONGEST_PATH

STATEMENT_TYPE: Final = "entity-statement+jwt"
STATUS_TYPE: Final = "trust-mark-status-response+jwt"
LIFETIME: Final = timedelta(days=1)
"""How long a statement is good: after a withdrawal nobody relies on it for longer."""
ISSUER_TYPE: Final = "openid_credential_issuer"
# Links from a verifier's own body to an issuer; between the two ends are as many entities less one.
_MOST_BETWEEN: Final = LONGEST_PATH - 1


def entity_configuration(
    own: Organisation,
    key: SigningKey,
    now: datetime,
    *,
    superiors: Iterable[str] = (),
    mark_issuers: Iterable[str] = (),
) -> str:
    """What an entity says of itself, signed: its keys, where it answers, and who stands above it.

    Args:
        superiors: entity identifiers of those whose statements it is in; none for a trust anchor.
        mark_issuers: beside itself, who may issue our marks, where it is a trust anchor.
    """
    entity = own.entity
    federation: dict[str, Any] = {
        "organization_name": own.shown_name,
        "federation_fetch_endpoint": f"{entity}/federation/fetch",
        "federation_list_endpoint": f"{entity}/federation/list",
        "federation_trust_mark_endpoint": f"{entity}/federation/trust-mark",
        "federation_trust_mark_list_endpoint": f"{entity}/federation/trust-mark-list",
        "federation_trust_mark_status_endpoint": f"{entity}/federation/trust-mark-status",
    }
    if web_address(own.homepage):
        federation["homepage_uri"] = own.homepage
    claims: dict[str, Any] = {"metadata": {"federation_entity": federation}}
    if above := list(superiors):
        claims["authority_hints"] = above
    else:
        issuers = list(dict.fromkeys([entity, *mark_issuers]))
        claims["trust_mark_issuers"] = dict.fromkeys(MARKS.values(), issuers)
    return _statement(entity, entity, key, now, now + LIFETIME, {"keys": [federation_jwk(key)]}, claims)


def subordinate_statement(
    own: Organisation, statements: Sequence[Statement], keys: Mapping[str, Any], key: SigningKey, now: datetime
) -> str:
    """What a body says of one that it accredits, signed: its keys, and what it may do in the federation.

    Args:
        statements: all that are in force of that body towards that holder, at least one, none of them a recognition.
        keys: the holder's JWK set.
    """
    holder = statements[0].holders[0]
    accredits = any(each.kind is Kind.ACCREDIT_TO_ACCREDIT for each in statements)
    issues = any(each.kind is Kind.ACCREDIT_TO_ISSUE for each in statements)
    constraints: dict[str, Any] = {"max_path_length": _MOST_BETWEEN if accredits else 0}
    if issues or accredits:
        constraints["allowed_entity_types"] = [ISSUER_TYPE]
    # The longest of those that say most: while one holds, all that is said here is so.
    said = Kind.ACCREDIT_TO_ACCREDIT if accredits else Kind.ACCREDIT_TO_ISSUE
    ends = [each.holds_until for each in statements if each.kind is said]
    last = [end for end in ends if end is not None]
    until = now + LIFETIME if len(last) < len(ends) else min(now + LIFETIME, max(last))
    claims = {"constraints": constraints, "source_endpoint": f"{own.entity}/federation/fetch"}
    return _statement(own.entity, holder.entity, key, now, until, keys, claims)


def mark_status(own: Organisation, mark: str, status: str, key: SigningKey, now: datetime) -> str:
    """What an issuer says of one of its marks, signed.

    Args:
        status: `active`, `expired`, `revoked` or `invalid`.
    """
    claims = {"iss": own.entity, "iat": int(now.timestamp()), "trust_mark": mark, "status": status}
    return sign_jws({"alg": algorithm_of(key), "typ": STATUS_TYPE, "kid": key_id(key)}, claims, key)


def _statement(
    issuer: str,
    subject: str,
    key: SigningKey,
    now: datetime,
    until: datetime,
    keys: Mapping[str, Any],
    claims: Mapping[str, Any],
) -> str:
    payload = {
        "iss": issuer,
        "sub": subject,
        "iat": int(now.timestamp()),
        "exp": int(until.timestamp()),
        "jwks": dict(keys),
        **claims,
    }
    header = {"alg": algorithm_of(key), "typ": STATEMENT_TYPE, "kid": key_id(key)}
    return sign_jws(header, safe_json(payload), key)
