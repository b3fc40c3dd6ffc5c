"""The two documents by which Blockcerts verifiers know an issuer: its profile, and its DID document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from anchor.batching.blockcerts import method_of_account
from registry.errors import SettingsError, Unfetched
from registry.formats.blockcerts import issuer_profile
from registry.online.dids import did_web_url
from registry.proofs.signatures.did_documents import DidKey, write_did_document
from registry.proofs.signatures.keys import PublicKey, SigningKey
from registry.proofs.signatures.multibase import to_url_text
from registry.records import Party

PROFILE_NAME: Final = "blockcerts-profile.json"
DID_NAME: Final = "did.json"
_JWK_CONTEXT: Final = "https://w3id.org/security/jwk/v1"
_COORDINATE: Final = 32


@dataclass(frozen=True, slots=True)
class ProfileFiles:
    """What has to be put on the institution's web server.

    Attributes:
        profile, did_document: as JSON has them.
        profile_url, did_url: where each has to be found.
        method: under which the DID document has the key.
        missing: what is not in them, in sentences.
    """

    profile: dict[str, Any]
    did_document: dict[str, Any]
    profile_url: str
    did_url: str
    method: str
    missing: tuple[str, ...]


def profile_files(
    party: Party,
    accounts: Mapping[str, bytes | None],
    key: SigningKey | PublicKey,
    *,
    name: str | None = None,
    profile_url: str | None = None,
    key_name: str = "key-1",
) -> ProfileFiles:
    """The documents of a party.

    Args:
        accounts: its operators, whose bare roots are its own, each with its public key as `public_key_of` has it, or
            None where that is not known.
        key: that signs its credentials.
        name: for people; default: the host of its DID.
        profile_url: default: in the root of the DID's host.

    Raises:
        SettingsError: code `no-did-web`: its URI is no `did:web` that leads to a document; or as `write_did_document`.
    """
    did_url = _did_url(party.uri)
    host = urlsplit(did_url).netloc
    home = f"https://{host}/"
    url = profile_url or f"{home}{PROFILE_NAME}"
    # Their verifier compares the sender of a root with the address of this key.
    of_accounts: list[dict[str, Any]] = [
        {
            "id": method_of_account(party.uri, account),
            "type": "JsonWebKey",
            "controller": party.uri,
            "publicKeyJwk": _secp256k1(public),
        }
        for account, public in accounts.items()
        if public is not None
    ]
    service = {"id": f"{party.uri}#blockcerts-profile", "type": "IssuerProfile", "serviceEndpoint": url}
    did_document = write_did_document(party.uri, [DidKey(key_name, key)], [service])
    did_document["@context"] = [*did_document["@context"], _JWK_CONTEXT]
    did_document["verificationMethod"] = [*did_document["verificationMethod"], *of_accounts]
    # Their verifier wants transactions to be later than this; a party may anchor in the second of its registration.
    since = party.registered_at - timedelta(seconds=1)
    profile = issuer_profile(url, name or host, home, [(account, since) for account in accounts])
    return ProfileFiles(
        profile,
        did_document,
        url,
        did_url,
        f"{party.uri}#{key_name}",
        tuple(_missing(name, accounts)),
    )


def _secp256k1(public: bytes) -> dict[str, str]:
    x, y = (to_url_text(half) for half in (public[:_COORDINATE], public[_COORDINATE:]))
    return {"kty": "EC", "crv": "secp256k1", "x": x, "y": y}


def _missing(name: str | None, accounts: Mapping[str, bytes | None]) -> list[str]:
    missing = [
        "There is no revocationList: Blockcerts verifiers do not see what is revoked in this registry. Who has to know "
        "verifies with testamur, or by the credential's own status list.",
        "Accounts that anchored before and are no operators any more are not in the profile: add each with its dates "
        "created and revoked, or what they anchored does not hold for these verifiers.",
    ]
    if name is None:
        missing.append("There is no name: give it with --name.")
    if not accounts:
        missing.append("There is no account: the issuer has no operator.")
    missing += [
        f"The key of {account} is not in the DID document: nothing that it signed is in this data folder. Blockcerts "
        "verifiers refuse what it anchors until it is."
        for account, public in accounts.items()
        if public is None
    ]
    return missing


def _did_url(uri: str) -> str:
    try:
        return did_web_url(uri)
    except Unfetched:
        raise SettingsError(
            f"the issuer's URI is {uri[:200]!r}, and these documents are found by a did:web",
            remedy="`testamur issuer profile --uri did:web:…` changes it.",
            code="no-did-web",
        ) from None
