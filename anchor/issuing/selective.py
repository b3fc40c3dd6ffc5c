"""Credentials as SD-JWT VC: of what an institution signed once, a holder shows as much as is needed.

The claims are the members of the credential as it would be in JSON, with those beside them that SD-JWT VC wants. The
holder's name, the day of birth and each result can be left out, one by one; all that is the same for everybody who has
the award, and all that verifiers judge by, is always shown. How many things are left out can be counted, and no more.

Sources: RFC 9901 (SD-JWT), draft-ietf-oauth-sd-jwt-vc.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from anchor.issuing.templates.model import Template
from registry.proofs.signatures.keys import SigningKey
from registry.proofs.signatures.sdjwt import Path, issue_sd_jwt, read_sd_jwt, unchecked_claims

_SUBJECT: Final = "credentialSubject"
_OF_EACH: Final = ("identifier", "result")
"""Arrays of the subject: what is in them is of this holder alone."""
_BESIDE: Final = frozenset({"vct", "iss", "iat", "nbf", "exp"})


def issue_selective(
    document: dict[str, Any], template: Template, key: SigningKey, method: str, created: datetime
) -> bytes:
    """A credential as SD-JWT VC, with every disclosure: what its holder gets.

    Args:
        document: as `anchor.issuing.credentials` makes it, not signed.
        created: the moment that the signature states, `iat`.
    """
    claims = {
        "vct": template.achievement_id,
        "iss": document["issuer"]["id"],
        "iat": int(created.timestamp()),
        "nbf": _unix(document["validFrom"]),
        **({"exp": _unix(document["validUntil"])} if "validUntil" in document else {}),
        **document,
    }
    return issue_sd_jwt(claims, key, method, _own(document)).encode("ascii")


def credential_in(selective: bytes) -> dict[str, Any]:
    """The credential that an SD-JWT of ours is, as it would be in JSON; whatever is not shown is not in it.

    Raises:
        ProofError: it is no SD-JWT.
    """
    shown = unchecked_claims(read_sd_jwt(selective))
    return {name: value for name, value in shown.claims.items() if name not in _BESIDE}


def shows_all(selective: bytes) -> bool:
    """Whether every disclosure is in it that its issuer signed, and no other.

    Raises:
        ProofError: it is no SD-JWT, or has disclosures that do not belong to it.
    """
    return not unchecked_claims(read_sd_jwt(selective)).hidden


def _own(document: dict[str, Any]) -> Iterator[Path]:
    subject = document[_SUBJECT]
    return ((_SUBJECT, name, at) for name in _OF_EACH for at in range(len(subject.get(name, ()))))


def _unix(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())
