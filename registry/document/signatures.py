"""Which signatures of a document hold, and whose they are: Data Integrity proofs and tokens, each with its key.

A key is known where the document itself says it (`did:key`, `jwk` in a token's header), or where the DID document of
its controller lists it; those are handed in. Nothing is fetched here: what is not known is told apart as not checked.
One rule for the command, the service and the page, which reads fewer kinds (`docs/reference/verdict.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final, Protocol

from registry.document.did_parties import PartyName, named_parties
from registry.errors import ProofError, Unfetched
from registry.formats.blockcerts import is_merkle_proof
from registry.proofs.signatures.did_documents import authorised_key
from registry.proofs.signatures.jose import Jws, read_jws, verify_jws
from registry.proofs.signatures.keys import PublicKey, did_key, hash_of, key_of_method
from registry.proofs.signatures.suites import (
    PROOF_TYPE,
    PURPOSE,
    Suite,
    created_of,
    expires_of,
    is_ours,
    proofs_of,
    suite_of,
    unread_because,
    unsecured_form,
    verify_proof,
)
from registry.rdf.jsonld import MOST_WORK, work_of
from registry.untrusted.text import terminal_text

MOST_CHECKED: Final = 8
"""Signatures of one document that are checked, of each form: each costs a canonical form of all of it."""
MOST_RDF_REFUSED: Final = 1
"""Documents without a canonical RDF, after which none is looked for: to find that out may take the longest."""
MOST_RDF_WORK: Final = 2 * MOST_WORK
"""What the RDF of all that is signed in one document may cost together, in the unit of `MOST_WORK`."""
TOKEN_KIND: Final = "JWS"  # noqa: S105
_DID_KEY: Final = "did:key:"
_LONGEST_WHY: Final = 400


class DidDocuments(Protocol):
    """Where DID documents come from: files that were handed in, or the web where a verifier allows it."""

    def document(self, did: str) -> Mapping[str, Any]:
        """The document of a DID.

        Raises:
            Unfetched: it could not be had; then nothing is known of its keys.
        """


class Held(StrEnum):
    """What became of one signature."""

    HOLDS = "holds"
    BROKEN = "broken"
    FORBIDDEN = "forbidden"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Signed:
    """What is signed and by what: the members of one credential, or a token.

    Attributes:
        members: of the credential, or the claims of the token.
        token: `header.payload.signature`, where it is one; empty where it is signed in another form.
        where: in the document; what is in it begins with the same, and a comma.
        is_credential: whether it says that it is one, or is claims of a token.
    """

    members: Mapping[str, Any]
    token: bytes | None = None
    where: str = ""
    is_credential: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of a document.

    Attributes:
        kind: what it calls itself: `DataIntegrityProof`, `JWS`.
        suite: the cryptosuite of a proof; "" of a token, and of a proof that is of none that is known here.
        signer: the DID whose key it is said to be of; "" where that is not known.
        is_published: whether the DID document of the signer lists the key; otherwise the document alone says it.
        why: it is forbidden or unread, in English; "" where there is no more to say than that it was not checked.
        created, expires: what the signature says of itself: its signer's own word.
        ended: from when on the DID document says that the key signs no more.
        parties: on chain, that the DID document says are the signer.
    """

    kind: str
    held: Held
    suite: str = ""
    signer: str = ""
    is_published: bool = False
    why: str = ""
    created: datetime | None = None
    expires: datetime | None = None
    ended: datetime | None = None
    parties: frozenset[PartyName] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class Signatures:
    """The signatures of a document that are not receipts.

    Attributes:
        found: those that are of a form that is read here; none where the document has no single reading.
        kinds: of all, as they were seen, each once.
        is_partial: whether there is a credential that none of those that hold is over: it stands beside another.
    """

    found: tuple[Signature, ...] = ()
    kinds: tuple[str, ...] = ()
    is_partial: bool = False

    def of(self, held: Held) -> tuple[Signature, ...]:
        """Those of which this became."""
        return tuple(each for each in self.found if each.held is held)

    @property
    def holding(self) -> tuple[str, ...]:
        """The signers of those that hold, each once."""
        return tuple(dict.fromkeys(each.signer for each in self.of(Held.HOLDS)))

    @property
    def broken(self) -> tuple[str, ...]:
        """Those whose signature is said to be in it, and is not; each once."""
        return tuple(dict.fromkeys(each.signer for each in self.of(Held.BROKEN)))

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The kinds of all that were not checked, each once."""
        if not self.found:
            return self.kinds
        unread = {each.kind for each in self.of(Held.UNREAD)}
        checked = {PROOF_TYPE, TOKEN_KIND} - unread
        named = [kind for kind in self.kinds if kind not in checked and kind != PROOF_TYPE]
        return (*named, PROOF_TYPE) if PROOF_TYPE in unread else tuple(named)


NOTHING_SIGNED: Final = Signatures()


def check_signatures(
    signed: Iterable[Signed], kinds: Iterable[str], documents: DidDocuments | None = None
) -> Signatures:
    """Check all that can be checked.

    Args:
        signed: all that is in the document, each with a single reading.
        kinds: of all signatures that were seen in it, wherever.
        documents: where keys of others are listed; None to know only what the document itself says.
    """
    everything = list(signed)
    checking = _Checking(documents)
    found = [*checking.tokens(everything), *checking.proofs(everything)]
    over = {each.where for each, signature in found if signature.held is Held.HOLDS}
    is_partial = any(each.is_credential and not _is_within(each.where, over) for each in everything)
    return Signatures(
        tuple(dict.fromkeys(signature for _, signature in found)), tuple(dict.fromkeys(kinds)), is_partial
    )


@dataclass(frozen=True, slots=True)
class _Key:
    """A key, whose it is, and until when."""

    key: PublicKey
    signer: str
    is_published: bool = False
    ended: datetime | None = None
    parties: frozenset[PartyName] = frozenset()

    def holds(self, kind: str, created: datetime | None, expires: datetime | None) -> Signature:
        """A signature of the key that holds, with what it says of its own time."""
        return Signature(
            kind,
            Held.HOLDS,
            signer=self.signer,
            is_published=self.is_published,
            created=_in_utc(created),
            expires=_in_utc(expires),
            ended=_in_utc(self.ended),
            parties=self.parties,
        )


class _Unknown(Exception):
    """A signature of which nothing can be said: why, and whom it is said to be of, where that is known."""

    def __init__(self, why: str = "", signer: str = ""):
        super().__init__(why)
        self.why, self.signer = why, signer


class _Refused(Exception):
    """A signature that does not count: what it is, why, and whom it is said to be of."""

    def __init__(self, held: Held, signer: str, why: str = ""):
        super().__init__(why)
        self.held, self.signer, self.why = held, signer, why


class _Checking:
    """The checks of one document."""

    def __init__(self, documents: DidDocuments | None):
        self._documents = documents
        self._rdf_refused = 0
        self._rdf_left = MOST_RDF_WORK
        self._forms: dict[tuple[int, Callable[[bytes], Any]], bytes] = {}  # by document and hash

    def proofs(self, everything: Iterable[Signed]) -> Iterator[tuple[Signed, Signature]]:
        """Every Data Integrity proof, in the credential that it is in."""
        number = 0
        for each in everything:
            for proof in proofs_of(each.members):
                if proof.get("type") == PROOF_TYPE and not is_merkle_proof(proof):
                    check = partial(self._proof, each.members, proof)
                    yield each, _checked(PROOF_TYPE, suite_of(proof), check if number < MOST_CHECKED else _too_many)
                    number += 1

    def tokens(self, everything: Iterable[Signed]) -> Iterator[tuple[Signed, Signature]]:
        """Every token that is signed."""
        held = ((each, each.token) for each in everything if each.token is not None)
        for number, (each, token) in enumerate(held):
            check = partial(self._token, token, each.members)
            yield each, _checked(TOKEN_KIND, None, check if number < MOST_CHECKED else _too_many)

    def _proof(self, members: Mapping[str, Any], proof: Mapping[str, Any]) -> Signature:
        method, suite = proof.get("verificationMethod"), suite_of(proof)
        if suite is None or not is_ours(proof) or unread_because(proof) is not None or not isinstance(method, str):
            raise _Unknown
        known = self._key(method)
        if suite.is_rdf and (self._rdf_refused >= MOST_RDF_REFUSED or not self._affords(members, proof)):
            raise _Unknown
        try:
            verify_proof(members, proof, known.key, self._form)
            created, expires = created_of(proof), expires_of(proof)
        except ProofError as error:
            if error.code != "proof-unread":
                raise _Refused(Held.BROKEN, known.signer) from None
            self._rdf_refused += suite.is_rdf
            raise _Unknown(error.what, known.signer) from None
        return known.holds(PROOF_TYPE, created, expires)

    def _affords(self, members: Mapping[str, Any], proof: Mapping[str, Any]) -> bool:
        """Whether the RDF of one more proof may still be made, and of its document where it was not yet."""
        known = any(number == id(members) for number, _ in self._forms)
        self._rdf_left -= work_of(proof)
        self._rdf_left -= 0 if known else work_of({name: each for name, each in members.items() if name != "proof"})
        return self._rdf_left >= 0

    def _form(self, members: Mapping[str, Any], suite: Suite, key: PublicKey) -> bytes:
        """As `unsecured_form`; over RDF made once for all proofs of one document."""
        if not suite.is_rdf:
            return unsecured_form(members, suite, key)
        kept = id(members), hash_of(key)
        if kept not in self._forms:
            self._forms[kept] = unsecured_form(members, suite, key)
        return self._forms[kept]

    def _token(self, token: bytes, claims: Mapping[str, Any]) -> Signature:
        if not token:
            raise _Unknown
        try:
            jws = read_jws(token)
            known = self._key_of_token(jws, claims)
        except ProofError as error:
            # Of which form it is, is no news to whoever lets nothing be looked up.
            raise _Unknown(error.what if self._documents is not None else "") from None
        try:
            verify_jws(jws, known.key)
        except ProofError:
            raise _Refused(Held.BROKEN, known.signer) from None
        return known.holds(TOKEN_KIND, _issued_at(claims), None)

    def _key_of_token(self, jws: Jws, claims: Mapping[str, Any]) -> _Key:
        """By `kid`, which may be relative to the issuer; else by the key that the header holds itself."""
        issuer = claims.get("iss", claims.get("issuer"))
        issuer = issuer.get("id") if isinstance(issuer, dict) else issuer
        did = issuer if isinstance(issuer, str) and issuer.startswith("did:") else None
        if jws.method is not None and jws.method.startswith("did:"):
            return self._key(jws.method)
        if jws.method is not None and did is not None:
            return self._key(f"{did}#{jws.method.removeprefix('#')}")
        if (key := jws.key) is not None:
            return _Key(key, did_key(key))
        if did is not None and did.startswith(_DID_KEY):
            return self._key(f"{did}#{did.removeprefix(_DID_KEY)}")
        raise _Unknown

    def _key(self, method: str) -> _Key:
        """The key of a verification method."""
        did = method.partition("#")[0]
        if did.startswith(_DID_KEY):
            try:
                return _Key(key_of_method(method), did)
            except ProofError:
                raise _Unknown from None
        if self._documents is None or not did.startswith("did:"):
            raise _Unknown
        try:
            document = self._documents.document(did)
        except Unfetched as error:
            raise _Unknown(f"{error.what}. {error.remedy or ''}".strip(), did) from None
        try:
            found = authorised_key(document, method, PURPOSE)
        except ProofError as error:
            if error.code == "key-unread":
                raise _Unknown(error.what, did) from None
            raise _Refused(Held.FORBIDDEN, did, error.what) from None
        return _Key(found.key, did, True, found.ended, named_parties(document))


def _checked(kind: str, suite: Suite | None, check: Callable[[], Signature]) -> Signature:
    """What became of one signature."""
    try:
        found = check()
    except _Unknown as unknown:
        found = Signature(kind, Held.UNREAD, signer=unknown.signer, why=terminal_text(unknown.why, _LONGEST_WHY))
    except _Refused as refused:
        why = terminal_text(refused.why, _LONGEST_WHY)
        found = Signature(kind, refused.held, signer=refused.signer, why=why)
    return replace(found, suite=suite or "")


def _is_within(where: str, places: set[str]) -> bool:
    return where in places or "" in places or any(where.startswith(f"{place}, ") for place in places)


def _too_many() -> Signature:
    raise _Unknown


def _in_utc(moment: datetime | None) -> datetime | None:
    try:
        return None if moment is None else moment.astimezone(UTC)
    except OverflowError:  # within a day of the years 1 and 9999
        return moment and moment.replace(tzinfo=UTC)


def _issued_at(claims: Mapping[str, Any]) -> datetime | None:
    """When a token says that it was issued (RFC 7519 section 4.1.6), its signer's own word."""
    said = claims.get("iat")
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    try:
        return datetime.fromtimestamp(said, UTC)
    except (ValueError, OverflowError, OSError):
        return None
