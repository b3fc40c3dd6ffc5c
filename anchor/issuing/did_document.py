"""The DID document of an institution: made of its keys, and changed when keys come and go.

What others put into it stays as it is. A key that is replaced in good order stays in it as before, so that what it
signed can still be checked; one that was stolen is revoked, and stays with the time. The document names the party on
chain (`registry.document.did_parties`), as the party's URI names the document.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from anchor.verifying.named import read_named
from registry.document.did_parties import PartyName, named_parties, party_service
from registry.errors import ProofError, RegistryError, SettingsError, SignerError
from registry.proofs.signatures.did_documents import DidKey, write_did_document
from registry.proofs.signatures.keys import (
    KeyKind,
    PublicKey,
    kind_of,
    public_of,
    read_jwk,
    read_key,
    read_public_key,
    write_public_key,
)
from registry.timestamps import write_timestamp

MOST_KEY_BYTES: Final = 1 << 14
_NUMBERED: Final = re.compile(r"key-([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A key as a document has it.

    Attributes:
        method: `<did>#<name>`, which a signature names.
        kind: None where it is of none that is known here.
        signs: whether the document lets it sign for the institution.
        revoked: as the document says it, "" where it does not.
    """

    method: str
    kind: KeyKind | None
    signs: bool
    revoked: str = ""


def public_key_in(path: Path) -> PublicKey:
    """The public key of a file: of a public or a secret key, as PEM, Multikey or JWK.

    Raises:
        IntakeError: it cannot be read.
        SignerError: it holds no key of a kind that signs here; nothing of it is repeated.
    """
    text = read_named(path, MOST_KEY_BYTES).decode("utf-8", "replace").strip()
    try:
        return public_of(read_key(text, where=str(path)))
    except SignerError as error:
        try:
            return _public_key(text)
        except (ProofError, ValueError, TypeError, RecursionError, UnsupportedAlgorithm):
            error.what = "there is no Ed25519, P-256 or P-384 key in it, public or secret, that can be read"
            raise error from None


def made_document(did: str, keys: Sequence[PublicKey]) -> dict[str, Any]:
    """A document with these keys, of which the first is the newest.

    Raises:
        SettingsError: as `write_did_document`.
    """
    named = [DidKey(f"key-{len(keys) - at}", key) for at, key in enumerate(keys)]
    return write_did_document(did, named)


def with_key(document: Mapping[str, Any], key: PublicKey) -> dict[str, Any]:
    """The document with one key more, before all others; as it is where it lets the key sign already.

    Raises:
        SettingsError: the key is revoked in it (code `did-document`).
    """
    did = str(document["id"])
    multikey = write_public_key(key)
    same = {_full(each.get("id"), did) for each in _methods(document) if each.get("publicKeyMultibase") == multikey}
    for each in keys_of(document):
        if each.method in same:
            if each.signs:
                return dict(document)
            raise _unfit(f"{each.method} is that key, and does not sign any more", "Make a new one.")
    fresh = write_did_document(did, [DidKey(f"key-{_next_number(document)}", key)])
    changed = copy.deepcopy(dict(document))
    changed["verificationMethod"] = [*fresh["verificationMethod"], *_methods(document)]
    changed["assertionMethod"] = [*fresh["assertionMethod"], *_assertions(document)]
    contexts = document.get("@context")
    known = contexts if isinstance(contexts, list) else [contexts] if contexts else []
    changed["@context"] = [*known, *(each for each in fresh["@context"] if each not in known)]
    return changed


def without_key(document: Mapping[str, Any], named: str, since: datetime) -> dict[str, Any]:
    """The document in which a key is revoked: it stays, with the time, and signs for nobody.

    Args:
        named: its name, or its whole verification method.

    Raises:
        SettingsError: there is no such key, or no other one that signs (code `did-document`).
    """
    did = str(document["id"])
    method = named if named.startswith("did:") else f"{did}#{named.removeprefix('#')}"
    changed = copy.deepcopy(dict(document))
    found = [each for each in _methods(document, within=True) if _full(each.get("id"), did) == method]
    if not found:
        names = ", ".join(each.method.partition("#")[2] for each in keys_of(document)) or "none"
        raise _unfit(f"there is no key {named} in it", f"It has these: {names}.")
    ended = {"revoked": write_timestamp(since)}
    entry = found[0] if "revoked" in found[0] else {**found[0], **ended}
    others = [each for each in _methods(document) if _full(each.get("id"), did) != method]
    changed["verificationMethod"] = [*others, entry]
    for purpose in (
        "assertionMethod",
        "authentication",
        "keyAgreement",
        "capabilityInvocation",
        "capabilityDelegation",
    ):
        if purpose in changed:
            given = changed[purpose] if isinstance(changed[purpose], list) else [changed[purpose]]
            changed[purpose] = [each for each in given if _full(_named(each), did) != method]
    if not _assertions(changed):
        raise _unfit("that is the only key that signs", "Add the one that signs from now on first, with --key.")
    return changed


def naming(document: Mapping[str, Any], party: PartyName) -> dict[str, Any]:
    """The document with an entry for a party; as it is where it names it already."""
    if party in named_parties(document):
        return dict(document)
    services = document.get("service")
    given = services if isinstance(services, list) else []
    return {**document, "service": [*given, party_service(str(document["id"]), party)]}


def keys_of(document: Mapping[str, Any]) -> Iterator[PublishedKey]:
    """The keys of a document, in its order."""
    did = str(document["id"])
    signing = {_full(_named(each), did) for each in _assertions(document)}
    seen = set()
    for entry in _methods(document, within=True):
        method = _full(entry.get("id"), did)
        if isinstance(method, str) and method not in seen:
            seen.add(method)
            yield PublishedKey(method, _kind(entry), method in signing, str(entry.get("revoked", "")))


def differences(here: Mapping[str, Any], served: Mapping[str, Any]) -> list[str]:
    """The members in which two documents are not the same, in whatever order lists are."""
    return [
        name for name in sorted(here.keys() | served.keys()) if _sorted(here.get(name)) != _sorted(served.get(name))
    ]


def _public_key(text: str) -> PublicKey:
    if text.startswith("-----BEGIN PUBLIC KEY"):
        key = load_pem_public_key(text.encode("ascii"))
        if isinstance(key, Ed25519PublicKey | ec.EllipticCurvePublicKey) and kind_of(key):
            return key
        raise ValueError("a key that does not sign here")
    if text.startswith("{"):
        jwk = json.loads(text)
        return read_jwk(jwk if isinstance(jwk, dict) else {})
    return read_public_key(text)


def _methods(document: Mapping[str, Any], *, within: bool = False) -> list[dict[str, Any]]:
    """The keys that a document has for all purposes; `within`, those too that stand under `assertionMethod` itself."""
    given = document.get("verificationMethod")
    found = [each for each in (given if isinstance(given, list) else [given]) if isinstance(each, dict)]
    return [*found, *(each for each in _assertions(document) if isinstance(each, dict))] if within else found


def _assertions(document: Mapping[str, Any]) -> list[Any]:
    given = document.get("assertionMethod")
    return [each for each in (given if isinstance(given, list) else [given]) if each is not None]


def _named(entry: object) -> object:
    return entry.get("id") if isinstance(entry, dict) else entry


def _full(named: object, did: str) -> object:
    return f"{did}{named}" if isinstance(named, str) and named.startswith("#") else named


def _kind(entry: Mapping[str, Any]) -> KeyKind | None:
    try:
        if isinstance(jwk := entry.get("publicKeyJwk"), dict):
            return kind_of(read_jwk(jwk))
        return kind_of(read_public_key(str(entry.get("publicKeyMultibase"))))
    except RegistryError:
        return None


def _next_number(document: Mapping[str, Any]) -> int:
    names = (each.method.partition("#")[2] for each in keys_of(document))
    return 1 + max((int(match[1]) for name in names if (match := _NUMBERED.fullmatch(name))), default=0)


def _sorted(value: object) -> object:
    if isinstance(value, list):
        return sorted(json.dumps(each, sort_keys=True) for each in value)
    return value


def _unfit(what: str, remedy: str) -> SettingsError:
    return SettingsError(what, remedy=remedy, code="did-document")
