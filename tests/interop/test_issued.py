"""Credentials made of rosters, in verifiers of others as they are: with a receipt inside, and in presentations."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import jsonschema
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from anchor.issuing.holder_files import holder_document
from anchor.issuing.signing import IssuingKey, Press, ToMake
from anchor.issuing.templates.model import Template
from registry.proofs.signatures.keys import write_key
from registry.proofs.signatures.suites import Suite
from tests.anchor.issuing.made import GRANULAR, TEMPLATE, row
from tests.interop.made import key_pair, receipt_of
from tests.interop.others import ask, shared

KEY = Ed25519PrivateKey.generate()
METHOD = f"{TEMPLATE.issuer.id}#key-1"
SCHEMA = "schemas/ob_v3p0_achievementcredential_schema.json"
AWARDED = {"awarded_on": "2026-03-31", "birth_date": "2003-02-01"}


def held(template: Template) -> list[dict[str, Any]]:
    """What a holder has: signed by both suites, with the receipt."""
    key = IssuingKey(write_key(KEY), METHOD, (Suite.EDDSA_RDFC, Suite.EDDSA_JCS))
    made = Press(template, key, datetime(2026, 4, 1, tzinfo=UTC)).made_of(ToMake(row(**AWARDED)))
    documents = [orjson.loads(each.document) for each in made]
    return [
        json.loads(holder_document(each.document, receipt_of(document, issuer=7)))
        for each, document in zip(made, documents, strict=True)
    ]


@pytest.mark.parametrize("template", [TEMPLATE, GRANULAR], ids=["whole", "in parts"])
def test_others_find_it_valid_alone_and_in_a_presentation(template: Template) -> None:
    pair = key_pair(KEY, METHOD)
    for document in held(template)[:3]:
        assert ask("verify", credential=document, key=pair) == {"verified": True, "errors": []}
    assert ask("present", credential=document, key=pair)["verified"]


def test_others_see_that_a_name_was_changed() -> None:
    (document,) = held(TEMPLATE)
    document["credentialSubject"]["identifier"][0]["identityHash"] = "Somebody Else"
    assert not ask("verify", credential=document, key=key_pair(KEY, METHOD))["verified"]


def test_with_proofs_and_receipt_it_is_valid_by_the_schema() -> None:
    schema = json.loads(shared(SCHEMA).read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    validator = kind(schema, format_checker=kind.FORMAT_CHECKER)
    for document in [*held(TEMPLATE), *held(GRANULAR)]:
        assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)] == []
