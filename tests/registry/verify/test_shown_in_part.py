"""A receipt for an SD-JWT is for whatever its holder shows of it, and for nothing else."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import cast

import pytest

from registry.credential.digest import Digest, DigestMethod, digest_as
from registry.document.reading import read_document
from registry.receipt.model import Receipt
from registry.verify.same_document import check_integrity, compared_digest
from registry.verify.verdict import Outcome
from tests.carriers import enveloped, jwt, sd_jwt

TOKEN = sd_jwt({"iss": "did:web:uni.example"}, {"name": "Ana", "mark": "1.0"})
ISSUED = TOKEN.split(b"~")[0]
OTHER = sd_jwt({"iss": "did:web:uni.example"}, {"name": "Eve"})


def receipt_for(digest: Digest) -> Receipt:
    named = SimpleNamespace(method=digest.method, value=digest.hex)
    return cast(Receipt, SimpleNamespace(digest=named, digest_value=digest.value))


RECEIPT = receipt_for(digest_as("sd-jwt", TOKEN))


@pytest.mark.parametrize(
    "shown",
    [TOKEN, TOKEN + b"\n", ISSUED, ISSUED + b"~", b"~".join([*TOKEN.split(b"~")[:2], b""]), TOKEN + b"eyJ9.e30.c2ln"],
)
@pytest.mark.parametrize("name", ["diploma.sd-jwt", "diploma.txt"])
def test_whatever_is_shown_is_what_was_anchored(shown: bytes, name: str) -> None:
    reading = read_document(shown, name)
    check = check_integrity(reading, RECEIPT)
    assert (check.outcome, check.said[0].key) == (Outcome.PASS, "integrity.equalSigned")
    assert compared_digest(reading, RECEIPT) == digest_as("sd-jwt", TOKEN)
    assert (reading.digest is not None and reading.digest.method) == (
        DigestMethod.SD_JWT if name.endswith(".sd-jwt") else DigestMethod.FILE
    )


def test_another_token_and_what_is_none_differ() -> None:
    for document in (OTHER, ISSUED[:-4] + b"AAAA", b"%PDF-1.7", b'{"a":1}'):
        check = check_integrity(read_document(document, "x"), RECEIPT)
        assert (check.outcome, check.code) == (Outcome.FAIL, "digest-differs")


def test_one_that_was_anchored_as_a_file_is_shown_in_part_and_not_changed() -> None:
    """As before: a receipt for the bytes says nothing of another selection."""
    check = check_integrity(read_document(ISSUED + b"~", "x"), receipt_for(digest_as("file", TOKEN)))
    assert (check.outcome, check.code) == (Outcome.UNKNOWN, "presentation-differs")


def test_a_token_inside_a_document_is_found_by_it() -> None:
    reading = read_document(json.dumps(enveloped(ISSUED + b"~", "application/dc+sd-jwt")).encode(), "x.json")
    assert check_integrity(reading, RECEIPT).code == "digest-inside"


def test_a_claim_that_nothing_signed_names_is_not_read() -> None:
    reading = read_document(TOKEN + OTHER.split(b"~")[1] + b"~", "x")
    assert check_integrity(reading, RECEIPT).outcome is Outcome.PASS
    assert "Eve" not in str([part.members for part in reading.parts])


CREDENTIAL = {"type": ["VerifiableCredential"], "credentialSubject": {"mark": 1.5}, "proof": {"type": "Old"}}
OF_JSON = receipt_for(digest_as("vc-jcs", json.dumps(CREDENTIAL).encode()))


@pytest.mark.parametrize("name", ["diploma.jwt", "diploma.json", "diploma.sdjwt"])
def test_a_credential_that_is_signed_as_a_token_is_the_same_credential(name: str) -> None:
    without = {key: value for key, value in CREDENTIAL.items() if key != "proof"}
    for members in (CREDENTIAL, without, dict(reversed(without.items()))):
        reading = read_document(jwt(members), name)
        assert check_integrity(reading, OF_JSON).code == "digest-equal"
        by_name = {"diploma.jwt": DigestMethod.FILE, "diploma.sdjwt": DigestMethod.SD_JWT}.get(name)
        assert (reading.digest and reading.digest.method) == by_name


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        (CREDENTIAL | {"credentialSubject": {"mark": 1.0}}, "digest-differs"),
        (CREDENTIAL | {"iss": "did:web:other.example"}, "digest-differs"),
        ({"vc": CREDENTIAL, "exp": 4}, "digest-inside"),
    ],
)
def test_a_token_that_says_something_else_or_more_is_not(claims: dict[str, object], code: str) -> None:
    assert check_integrity(read_document(jwt(claims), "diploma.jwt"), OF_JSON).code == code
