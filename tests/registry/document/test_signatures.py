"""Which signatures of a document hold, wherever in it they are, and what is not checked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.document.reading import read_document
from registry.document.signatures import MOST_CHECKED, Signatures
from registry.formats.dataintegrity import did_key, did_key_method, sign
from registry.records import Party
from registry.verify.signature import check_signature
from tests.carriers import jwt, pdf, presentation

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = ("DataIntegrityProof",)
OTHERS = ("another form of proof",)


def signed(key: Ed25519PrivateKey = KEY, **members: Any) -> dict[str, Any]:
    document = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], **members}
    return sign(document, key, did_key_method(key), CREATED)


def found_in(document: object) -> Signatures:
    return read_document(document if isinstance(document, bytes) else json.dumps(document).encode(), "a.json").signed


def changed(document: dict[str, Any], **members: Any) -> dict[str, Any]:
    """With members of its one proof that are others; None for one that is left out."""
    proof = {name: value for name, value in (document["proof"] | members).items() if value is not None}
    return document | {"proof": proof}


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (signed(id="urn:a"), Signatures(holding=(did_key(KEY),))),
        (sign(signed(), OTHER, did_key_method(OTHER), CREATED), Signatures(holding=(did_key(KEY), did_key(OTHER)))),
        (signed(id="urn:a") | {"id": "urn:b"}, Signatures(broken=(did_key(KEY),))),
        (changed(signed(), verificationMethod=did_key_method(OTHER)), Signatures(broken=(did_key(OTHER),))),
        (changed(signed(), proofValue="zz"), Signatures(broken=(did_key(KEY),))),
        (changed(signed(), proofValue=None), Signatures(broken=(did_key(KEY),))),
        (changed(signed(), created="2027-01-01T00:00:00Z"), Signatures(broken=(did_key(KEY),))),
        (changed(signed(), verificationMethod="did:web:a.example#1"), Signatures(unchecked=KINDS)),
        (changed(signed(), verificationMethod=f"{did_key(KEY)}#another"), Signatures(unchecked=KINDS)),
        (changed(signed(), expires="2027-01-01T00:00:00Z"), Signatures(unchecked=KINDS)),
        (changed(signed(), proofPurpose="authentication"), Signatures(unchecked=KINDS)),
        (changed(signed(), cryptosuite="eddsa-rdfc-2022"), Signatures(unchecked=KINDS)),
        # A credential inside another is held against its own signature.
        (json.loads(presentation(signed(id="urn:a"))), Signatures(holding=(did_key(KEY),))),
        (json.loads(presentation(signed(id="urn:a") | {"id": "urn:b"})), Signatures(broken=(did_key(KEY),))),
        (jwt({"vc": signed()}), Signatures(holding=(did_key(KEY),), unchecked=("JWS",))),
        (signed(signature={"type": ["Seal"]}), Signatures(holding=(did_key(KEY),), unchecked=("Seal",))),
        # Blockcerts have one elsewhere, which may call itself what it likes.
        (signed(signature={"type": ["DataIntegrityProof"]}), Signatures(holding=(did_key(KEY),), unchecked=OTHERS)),
        ({"id": "urn:a", "signature": {"type": "DataIntegrityProof"}}, Signatures(unchecked=OTHERS)),
        ({"id": "urn:a"}, Signatures()),
        # What a reader may read in two ways is nothing that anybody signed.
        (json.dumps(signed()).replace('"type"', '"a": 1, "a": 2, "type"', 1).encode(), Signatures(unchecked=KINDS)),
    ],
)  # fmt: skip
def test_what_holds_is_told_from_what_does_not(document: object, found: Signatures) -> None:
    assert found_in(document) == found


def test_more_than_so_many_are_not_checked() -> None:
    document = signed()
    most = document | {"proof": [document["proof"]] * MOST_CHECKED}
    more = document | {"proof": [document["proof"]] * (MOST_CHECKED + 1)}
    assert found_in(most) == Signatures(holding=(did_key(KEY),))
    assert found_in(more) == Signatures(holding=(did_key(KEY),), unchecked=KINDS)


def test_signatures_of_a_context_that_was_longer_do_not_count() -> None:
    document = signed()
    longer = document | {"@context": [*document["@context"], "https://more.example"]}
    shorter = document | {"@context": []}
    assert found_in(longer) == Signatures(holding=(did_key(KEY),))
    assert found_in(shorter) == Signatures(broken=(did_key(KEY),))


def test_a_signature_of_what_is_inside_is_not_said_to_be_of_all() -> None:
    around = {"type": ["VerifiableCredential"], "credentialSubject": {"name": "another"}, "credential": signed()}
    party = Party(7, "0x" + "11" * 20, None, CREATED, None, 1, bytes(32), did_key(KEY))
    found = check_signature(read_document(json.dumps(around).encode(), "a.json"), party)
    assert found.text.startswith(f"A signature in it by {did_key(KEY)} holds.")


def test_an_attached_credential_is_checked() -> None:
    attached = pdf(json.dumps(signed()).encode())
    assert found_in(attached).holding == (did_key(KEY),)
