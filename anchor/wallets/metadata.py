"""What wallets read first: who offers, which credentials, and at which addresses (OID4VCI 1.0, section 12).

A configuration is one part of one template in one form, so that a wallet shows what it is about before it asks for it.
None of them has a binding method or a proof type: what is handed over was signed and anchored before any wallet was
known, and binding it to a key would make another credential of it (decision 0088).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

from anchor.books.issued import IssuedRow
from anchor.issuing.holder_files import is_selective, members_of
from anchor.wallets.addresses import CREDENTIAL, NOTIFICATION, TOKEN, Addresses
from registry.proofs.signatures.sdjwt import read_sd_jwt, unchecked_claims

PRE_AUTHORISED: Final = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
_HASH_DIGITS: Final = 16


def configuration_of(template: str, row: IssuedRow) -> str:
    """By which wallets call one part of a template in the form it was issued in, such as `award-3f0c9b2a51d07e84`."""
    named = "\n".join((template, row.part, row.digest.method.value))
    return f"{row.part.partition(':')[0]}-{sha256(named.encode()).hexdigest()[:_HASH_DIGITS]}"


def issuer_metadata(addresses: Addresses, offered: Iterable[tuple[str, IssuedRow]]) -> dict[str, Any]:
    """The metadata of the credential issuer.

    Args:
        offered: one credential of each part that is offered, and the id of its template.
    """
    configurations: dict[str, Any] = {}
    issuers: dict[str, str] = {}
    for template, row in offered:
        members = members_of(row)
        configurations[configuration_of(template, row)] = _configuration(row, members)
        issuers[str(members["issuer"]["id"])] = str(members["issuer"]["name"])
    metadata = {
        "credential_issuer": addresses.issuer,
        "credential_endpoint": f"{addresses.issuer}{CREDENTIAL}",
        "notification_endpoint": f"{addresses.issuer}{NOTIFICATION}",
        "credential_configurations_supported": configurations,
    }
    # A server of several institutions speaks in the name of none.
    return metadata | ({"display": [{"name": name} for name in issuers.values()]} if len(issuers) == 1 else {})


def server_metadata(addresses: Addresses) -> dict[str, Any]:
    """The metadata of the authorisation server (RFC 8414), which knows one grant, and wallets without a name."""
    return {
        "issuer": addresses.issuer,
        "token_endpoint": f"{addresses.issuer}{TOKEN}",
        "grant_types_supported": [PRE_AUTHORISED],
        "token_endpoint_auth_methods_supported": ["none"],
        "response_types_supported": [],
        "pre-authorized_grant_anonymous_access_supported": True,
    }


def _configuration(row: IssuedRow, members: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"credential_metadata": {"display": list(_display(members))}}
    if is_selective(row):
        claims = unchecked_claims(read_sd_jwt(row.document)).claims
        return {"format": "dc+sd-jwt", "vct": claims["vct"], **shown}
    definition = {name: members[name] for name in ("@context", "type")}
    return {"format": "ldp_vc", "credential_definition": definition, **shown}


def _display(members: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """What it is called in each language that its template has."""
    achievement = members["credentialSubject"]["achievement"]
    for each in (achievement, *achievement.get("related", ())):
        if "name" in each and "inLanguage" in each:
            yield {"name": str(each["name"]), "locale": str(each["inLanguage"])}
