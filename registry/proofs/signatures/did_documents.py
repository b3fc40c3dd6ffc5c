"""Whose a key is: what a DID document says of a verification method, and such documents written for an issuer.

DID 1.0 and Controlled Identifiers v1.0 (section 3.3, retrieve verification method). Pure: documents in, keys or reasons
out. `did:key` says its own key (`registry.proofs.signatures.keys.key_of_method`); the document of any other has to be
fetched by whoever may.

A proof says itself when it was made, and whoever has a stolen key writes what suits him. So the end of a key is told
(`Authorised.ended`) and not weighed against a proof's `created`: a signature of a key that has ended stands only where
something else shows that it is older, such as the time of an anchor (`registry.verify.signature`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from registry.errors import ProofError, SettingsError
from registry.proofs.signatures.keys import (
    KeyKind,
    PublicKey,
    SigningKey,
    kind_of,
    public_jwk,
    public_of,
    read_jwk,
    read_public_key,
    write_public_key,
)
from registry.proofs.signatures.multibase import from_base58, to_base58
from registry.proofs.signatures.suites import PURPOSE
from registry.rdf.nquads import is_iri
from registry.timestamps import write_timestamp

CONTEXTS: Final = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
MOST_METHODS: Final = 200
"""Entries of a list in a document of others that are looked at."""
_TYPES: Final = frozenset(
    {
        "Multikey",
        "JsonWebKey",
        "JsonWebKey2020",
        "Ed25519VerificationKey2018",
        "Ed25519VerificationKey2020",
        "EcdsaSecp256r1VerificationKey2019",
        "P256Key2021",
    }
)
_ED25519_HEADER: Final = b"\xed\x01"
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class NotAuthorised(ProofError):
    """A document was read and does not give the key for the purpose; that is an answer, not a want of one."""

    default_code = "key-not-authorised"


@dataclass(frozen=True, slots=True)
class Authorised:
    """A key that a document gives for a purpose.

    Attributes:
        ended: when it stopped to be good: it was revoked, or expired; None while it is good. May be still to come.
    """

    key: PublicKey
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class DidKey:
    """A key as an issuer publishes it.

    Attributes:
        name: what stands behind the # in the verification method.
        revoked: since when nothing that it signs is the issuer's; None for a key in use, and for one that was put
            aside in good order: what it signed stays good.
    """

    name: str
    key: SigningKey | PublicKey = field(repr=False)
    revoked: datetime | None = None


def authorised_key(document: Mapping[str, Any], method: str, purpose: str = PURPOSE) -> Authorised:
    """The key of a verification method, for a purpose.

    A method that the document only has with `revoked`, and no longer for any purpose, was good for assertions until
    then: `write_did_document` writes revoked keys so.

    Args:
        document: what stands under the DID of the method, as it was fetched.
        method: `<did>#<name>`.

    Raises:
        NotAuthorised: the document is of another, does not name the method for the purpose, or the key is another's; or
            it names the method, and its key is of no kind or form that is read here (code `key-unread`).
    """
    did, _, name = method.partition("#")
    if not name or document.get("id") != did:
        raise _refused(f"the document is that of {_shown(document.get('id'))}, and the method is {_shown(method)}")
    allowed = [each for each in _listed(document.get(purpose)) if _id_of(each, did) == method]
    found = [each for each in allowed if isinstance(each, Mapping)]
    found += [
        each
        for each in _listed(document.get("verificationMethod"))
        if isinstance(each, Mapping) and _id_of(each, did) == method
    ]
    if not found:
        raise _refused(f"the document of {_shown(did)} has no key {_shown(method)}")
    if any(each != found[0] for each in found):
        raise _refused(f"the document of {_shown(did)} has several keys {_shown(method)}")
    ended = _ended(found[0])
    if not allowed and (purpose != PURPOSE or "revoked" not in found[0]):
        raise _refused(f"the document of {_shown(did)} does not name {_shown(method)} for {purpose}")
    if found[0].get("controller", did) != did:
        raise _refused(f"the key {_shown(method)} is controlled by another, {_shown(found[0].get('controller'))}")
    return Authorised(_key_of(found[0], method), ended)


def write_did_document(did: str, keys: Sequence[DidKey], services: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The DID document of an issuer, for its web server.

    Keys that were put aside stay in it, so that what they signed can still be checked; they are for whoever has the
    secret as good as before, so that it should be destroyed. Revoked ones stay with the time, for no purpose: foreign
    verifiers refuse all that they signed, and here what is anchored before that time stands.

    Args:
        keys: at least one that is not revoked; the name of each once. Ed25519 is written as a JWK, too, since verifiers
            of Blockcerts read nothing else.
        services: as DID 1.0 section 5.4 has them.

    Raises:
        SettingsError: the DID is none, or names are none or not each once, or all keys are revoked (code
            `did-document`).
    """
    names = [each.name for each in keys]
    if not did.startswith("did:") or not is_iri(did) or "#" in did:
        raise _unfit(f"{_shown(did)} is no DID", "Write did:web: and the name of the institution's web server.")
    if len(set(names)) != len(names) or not all(map(_NAME.fullmatch, names)):
        raise _unfit(
            "the names of the keys are not each once, in letters, digits, dots and dashes", "Call them key-1, key-2."
        )
    if all(each.revoked is not None for each in keys):
        raise _unfit("there is no key that is not revoked", "Add the key that the issuer signs with from now on.")
    document: dict[str, Any] = {
        "@context": list(CONTEXTS),
        "id": did,
        "verificationMethod": [_method(did, each) for each in keys],
        "assertionMethod": [f"{did}#{each.name}" for each in keys if each.revoked is None],
    }
    if given := [dict(each) for each in services]:
        document["service"] = given
    return document


def _method(did: str, each: DidKey) -> dict[str, Any]:
    method: dict[str, Any] = {
        "id": f"{did}#{each.name}",
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": write_public_key(each.key),
    }
    if kind_of(each.key) is KeyKind.ED25519:
        method["publicKeyJwk"] = public_jwk(each.key)
    if each.revoked is not None:
        method["revoked"] = write_timestamp(each.revoked)
    return method


def _listed(given: object) -> list[Any]:
    return (given if isinstance(given, list) else [given])[:MOST_METHODS]


def _id_of(entry: object, did: str) -> object:
    """The id of a method, or of a reference to one; those that begin with # are in the document itself."""
    named = entry.get("id") if isinstance(entry, Mapping) else entry
    return f"{did}{named}" if isinstance(named, str) and named.startswith("#") else named


def _ended(entry: Mapping[str, Any]) -> datetime | None:
    """The earlier of `revoked` and `expires`."""
    moments = []
    for name in ("revoked", "expires"):
        if name in entry:
            said = entry[name]
            try:
                moment = datetime.fromisoformat(said) if isinstance(said, str) else None
            except ValueError:
                moment = None
            if moment is None or moment.tzinfo is None:
                raise _refused(f"the document says that the key is {name}, and not since when")
            moments.append(moment)
    return min(moments, default=None)


def _key_of(entry: Mapping[str, Any], method: str) -> PublicKey:
    """The one key of a method; where it is written in two ways, both have to be the same."""
    if str(entry.get("type")) not in _TYPES:
        raise _unread(f"the key {_shown(method)} is of a type that is not known here, {_shown(entry.get('type'))}")
    try:
        keys = list(_keys_of(entry))
    except (ProofError, ValueError) as error:
        raise _unread(f"the key {_shown(method)} cannot be read: {error}") from None
    if not keys:
        raise _unread(f"the key {_shown(method)} is in no form that is known here")
    if len({write_public_key(key) for key in keys}) > 1:
        raise _refused(f"the key {_shown(method)} is written in two ways that are not the same key")
    return public_of(keys[0])


def _keys_of(entry: Mapping[str, Any]) -> Iterator[PublicKey]:
    if isinstance(text := entry.get("publicKeyMultibase"), str):
        yield read_public_key(_with_header(text) if str(entry.get("type")).startswith("Ed25519") else text)
    if isinstance(jwk := entry.get("publicKeyJwk"), Mapping):
        yield read_jwk(jwk)
    if entry.get("type") == "Ed25519VerificationKey2018" and isinstance(text := entry.get("publicKeyBase58"), str):
        yield read_public_key(_with_header(f"z{text}"))


def _with_header(text: str) -> str:
    """The Multikey of an Ed25519 key that older documents write without a header."""
    data = from_base58(text)
    return to_base58(_ED25519_HEADER + data) if len(data) == 32 else text


def _shown(given: object) -> str:
    return repr(given)[:120]


def _refused(why: str) -> NotAuthorised:
    return NotAuthorised(why, remedy="Ask the issuer which key it signs with, and where it publishes that key.")


def _unread(why: str) -> NotAuthorised:
    return NotAuthorised(why, remedy="Have it checked by a verifier that knows such keys.", code="key-unread")


def _unfit(what: str, remedy: str) -> SettingsError:
    return SettingsError(what, remedy=remedy, code="did-document")
