"""Data Integrity proofs in four suites: Ed25519 or ECDSA, over the RFC 8785 form or over canonical RDF.

Data Integrity EdDSA Cryptosuites v1.0 (sections 3.2 and 3.3) and ECDSA Cryptosuites v1.0 (sections 3.2 and 3.3). Pure:
keys and documents in, proofs out; contexts are those that are bundled (`registry.rdf.contexts`).

What is signed is two hashes: that of the proof's options, and that of the document without any proof. So the proofs of
a set stand beside each other in any order, and a proof that is made over another (`previousProof`) is not one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from registry.credential.strictjson import canonicalize
from registry.errors import CredentialError, ProofError, SignerError
from registry.proofs.signatures.keys import (
    KeyKind,
    PublicKey,
    SigningKey,
    hash_of,
    holds,
    key_of_method,
    kind_of,
    sign_bytes,
)
from registry.proofs.signatures.multibase import from_base58, to_base58
from registry.rdf.nquads import is_iri
from registry.rdf.shapes import canonical_form
from registry.timestamps import write_timestamp

PROOF_TYPE: Final = "DataIntegrityProof"
PURPOSE: Final = "assertionMethod"
MOST_AHEAD: Final = timedelta(minutes=5)
"""By how much the clock of a signer may be ahead of a verifier's."""
# What of a proof says more than these suites sign: another proof that it is made over, or whom alone it is meant for.
_SAYS_MORE: Final = ("previousProof", "domain", "challenge")
# dateTimeStamp of XML Schema 1.1, without the years that datetime does not have.
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


class Suite(StrEnum):
    """A cryptosuite by its name; `rdfc` is what most foreign verifiers take, `jcs` the quicker one."""

    EDDSA_RDFC = "eddsa-rdfc-2022"
    EDDSA_JCS = "eddsa-jcs-2022"
    ECDSA_RDFC = "ecdsa-rdfc-2019"
    ECDSA_JCS = "ecdsa-jcs-2019"

    @property
    def is_rdf(self) -> bool:
        """Whether it signs canonical RDF, and not the RFC 8785 form."""
        return "-rdfc-" in self.value

    def takes(self, key: SigningKey | PublicKey) -> bool:
        """Whether the key is of a kind that it signs with."""
        return (kind_of(key) is KeyKind.ED25519) is self.value.startswith("eddsa-")

    @classmethod
    def for_key(cls, key: SigningKey | PublicKey, *, is_rdf: bool) -> Suite:
        """The suite that signs with a key, over RDF or not."""
        return next(suite for suite in cls if suite.is_rdf is is_rdf and suite.takes(key))


def sign(
    document: Mapping[str, Any],
    key: SigningKey,
    method: str,
    created: datetime,
    suite: Suite = Suite.EDDSA_JCS,
    *,
    purpose: str = PURPOSE,
    expires: datetime | None = None,
) -> dict[str, Any]:
    """The document with one proof more at the end of its `proof`, which is an array then, as Open Badges 3.0 has it.

    Args:
        document: what JSON has; proofs that it has already are kept and not signed.
        method: IRI by which verifiers find the public key.
        created, expires: with a time zone; whole seconds are written.

    Raises:
        CredentialError: the document has no form that the suite signs: none of RFC 8785, or what `canonical_form`
            refuses.
        SignerError: the suite does not sign with such a key (code `key-suite`), or the method is no absolute IRI
            (`signing-method`).
    """
    return sign_form(
        document, unsecured_form(document, suite, key), key, method, created, suite, purpose=purpose, expires=expires
    )


def sign_form(
    document: Mapping[str, Any],
    form: bytes,
    key: SigningKey,
    method: str,
    created: datetime,
    suite: Suite,
    *,
    purpose: str = PURPOSE,
    expires: datetime | None = None,
) -> dict[str, Any]:
    """As `sign`, by whoever has the canonical form of the document already.

    Args:
        form: of the document without its proofs: RFC 8785, or canonical N-Quads (with SHA-384 for P-384).
    """
    proof = proof_options(key, method, created, suite, purpose=purpose, expires=expires)
    return with_proof(document, proof, options_hash(proof, document.get("@context"), key), form, key)


def proof_options(
    key: SigningKey,
    method: str,
    created: datetime,
    suite: Suite,
    *,
    purpose: str = PURPOSE,
    expires: datetime | None = None,
) -> dict[str, Any]:
    """All that a proof of the key says but its value, and but the `@context` of the document; as `sign`.

    Raises:
        SignerError: as `sign`.
    """
    if not suite.takes(key):
        raise SignerError(
            f"{suite} does not sign with a key of the kind {kind_of(key)}",
            remedy=f"Take the suite {Suite.for_key(key, is_rdf=suite.is_rdf)}, or another key.",
            code="key-suite",
        )
    if not is_iri(method):
        raise SignerError(
            f"{method[:200]!r} is no absolute IRI, so nobody could find the key by it",
            remedy="Write the issuer's identifier, # and the name of the key: did:web:university.example#key-1.",
            code="signing-method",
        )
    proof: dict[str, Any] = {"type": PROOF_TYPE, "cryptosuite": suite.value, "created": write_timestamp(created)}
    if expires is not None:
        proof["expires"] = write_timestamp(expires)
    return proof | {"verificationMethod": method, "proofPurpose": purpose}


def options_hash(options: Mapping[str, Any], context: object, key: SigningKey | PublicKey) -> bytes:
    """The hash of a proof's options for documents of one `@context` (None for none): the first half of what is signed.

    Over RDF they are read in the document's own context (section 3.2.5), over JSON they name it (section 3.3.5).

    Raises:
        CredentialError: they have no canonical RDF (codes of `canonical_form`).
    """
    if Suite(options["cryptosuite"]).is_rdf:
        form = canonical_form({**options, "@context": context}, hash_of(key))
    else:
        form = canonicalize(dict(options) if context is None else {**options, "@context": context})
    digest: bytes = hash_of(key)(form).digest()
    return digest


def with_proof(
    document: Mapping[str, Any], options: Mapping[str, Any], first: bytes, form: bytes, key: SigningKey
) -> dict[str, Any]:
    """The document with the proof of those options.

    Args:
        first: what `options_hash` says for its context.
        form: as of `sign_form`.
    """
    proof = dict(options)
    if not Suite(options["cryptosuite"]).is_rdf and "@context" in document:
        proof["@context"] = document["@context"]
    proof["proofValue"] = to_base58(sign_bytes(key, first + hash_of(key)(form).digest()))
    return {**document, "proof": [*proofs_of(document), proof]}


def unsecured_form(document: Mapping[str, Any], suite: Suite, key: SigningKey | PublicKey) -> bytes:
    """The form of a document without its proofs that a suite signs with a key.

    Raises:
        CredentialError: it has none; as `canonicalize` and `canonical_form`.
    """
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    return canonical_form(unsecured, hash_of(key)) if suite.is_rdf else canonicalize(unsecured)


def verify(document: Mapping[str, Any], key: PublicKey | None = None, purpose: str = PURPOSE) -> dict[str, Any]:
    """The first proof of a suite of these and of this purpose, once its signature is found to hold.

    Args:
        key: of the signer; None only for who believes any `did:key`, which is then in the answer.

    Raises:
        ProofError: there is no such proof (code `proof-missing`), its key is not known (`proof-key`), or as
            `verify_proof`.
    """
    proof = next((each for each in proofs_of(document) if is_ours(each, purpose)), None)
    if proof is None:
        raise ProofError(
            f"the document has no Data Integrity proof for {purpose} of a suite that is known here",
            remedy="Ask its issuer for a signed one.",
            code="proof-missing",
        )
    method = proof.get("verificationMethod")
    _require(isinstance(method, str), "it names no verificationMethod")
    verify_proof(document, proof, key or key_of_method(str(method)))
    return proof


def verify_proof(
    document: Mapping[str, Any],
    proof: Mapping[str, Any],
    key: PublicKey,
    form: Callable[[Mapping[str, Any], Suite, PublicKey], bytes] = unsecured_form,
) -> None:
    """That one proof is the key's over the document without its proofs (sections 3.2.2 and 3.3.2).

    This is about the signature alone: whose key it is says the document of the key's controller
    (`registry.proofs.signatures.did_documents`), and when it is meant to hold, `judge_time`.

    Args:
        form: as `unsecured_form`, for who keeps that of a document; over RDF it is asked for this very document.

    Raises:
        ProofError: it does not hold (code `proof-fails`); or nothing can be said of it (`proof-unread`): another suite,
            a proof over a proof or for one recipient, or a document that has no canonical RDF here, because a context
            is not bundled, a term is not defined or it would take too long.
    """
    if (why := unread_because(proof)) is not None:
        raise _unread(why)
    suite = Suite(proof["cryptosuite"])
    value = proof.get("proofValue")
    _require(isinstance(value, str), "it names no proofValue")
    _require(suite.takes(key), f"{suite} does not sign with a key of the kind {kind_of(key)}")
    try:
        signature = from_base58(str(value))
        context, judged = document.get("@context"), document
        if not suite.is_rdf:
            context = proof.get("@context")
            if "@context" in proof:
                begins = context is not None and _begins_with(document.get("@context"), context)
                _require(begins, "it was made for another @context")
                judged = {**document, "@context": context}
        options = {name: member for name, member in proof.items() if name not in ("proofValue", "@context")}
        signed = options_hash(options, context, key)
        signed += hash_of(key)(form(judged, suite, key)).digest()
    except CredentialError as error:
        if suite.is_rdf:
            raise _unread(error.what) from None
        _require(False, error.what)
    except ValueError as error:
        _require(False, str(error))
    _require(holds(key, signature, signed), "the signature is not that of the key over this document")


def unread_because(proof: Mapping[str, Any]) -> str | None:
    """Why nothing can be said of a proof, by what it says of itself; None where it can be checked with its key."""
    if suite_of(proof) is None:
        return "it is of a suite that is not known here"
    more = next((name for name in _SAYS_MORE if name in proof), None)
    return None if more is None else f"it has the member {more}, which is not judged here"


def judge_time(proof: Mapping[str, Any], moment: datetime) -> None:
    """That a proof is meant to hold at a moment, by its own `created` and `expires`.

    A proof that has expired does not hold any more, whoever made it. One made after the moment did not exist then; up
    to `MOST_AHEAD` is put down to clocks. One without `created` is not judged by it: the suites allow that.

    Raises:
        ProofError: it holds no more (code `proof-expired`), not yet (`proof-early`), or a time is none (`proof-fails`).
    """
    created, expires = _moment(proof, "created"), _moment(proof, "expires")
    if expires is not None and moment >= expires:
        raise ProofError(
            f"the proof was meant to hold until {write_timestamp(expires)}",
            remedy="Ask the issuer for a document with a newer proof.",
            code="proof-expired",
        )
    if created is not None and created > moment + MOST_AHEAD:
        raise ProofError(
            f"the proof says that it was made at {write_timestamp(created)}, which is still to come",
            remedy="Check the clock of this machine, or ask for a later moment.",
            code="proof-early",
        )


def created_of(proof: Mapping[str, Any]) -> datetime | None:
    """When a proof says that it was made; None where it says nothing.

    Raises:
        ProofError: it says something that is no time (code `proof-fails`).
    """
    return _moment(proof, "created")


def expires_of(proof: Mapping[str, Any]) -> datetime | None:
    """Until when a proof says that it is meant to hold; None where it says nothing, and errors as `created_of`."""
    return _moment(proof, "expires")


def suite_of(proof: Mapping[str, Any]) -> Suite | None:
    """The suite of these that a proof says it is of."""
    named = proof.get("cryptosuite")
    if proof.get("type") != PROOF_TYPE or named not in list(Suite):
        return None
    return Suite(str(named))


def is_ours(proof: Mapping[str, Any], purpose: str = PURPOSE) -> bool:
    """Whether it says that it is of one of these suites, and of this purpose."""
    return suite_of(proof) is not None and proof.get("proofPurpose") == purpose


def proofs_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of its `proof`, of whatever kind."""
    given = document.get("proof", [])
    return [each for each in (given if isinstance(given, list) else [given]) if isinstance(each, dict)]


def _begins_with(whole: object, part: object) -> bool:
    """Section 3.3.2: a document may have gained contexts at its end since it was signed."""
    entire, first = (
        [canonicalize(item) for item in (each if isinstance(each, list) else [each])] for each in (whole, part)
    )
    return entire[: len(first)] == first


def _moment(proof: Mapping[str, Any], name: str) -> datetime | None:
    if name not in proof:
        return None
    said = proof[name]
    try:
        if isinstance(said, str) and _TIME.fullmatch(said):
            return datetime.fromisoformat(said)
    except ValueError:
        pass  # no such day or hour
    raise _fails(f"its {name} is no time with a time zone")


def _require(holds: bool, why: str) -> None:
    if not holds:
        raise _fails(why)


def _fails(why: str) -> ProofError:
    return ProofError(
        f"the proof does not hold: {why}", remedy="Ask the issuer for the document again.", code="proof-fails"
    )


def _unread(why: str) -> ProofError:
    return ProofError(
        f"nothing can be said of the proof: {why}",
        remedy="Have it checked by a verifier that knows such documents.",
        code="proof-unread",
    )
