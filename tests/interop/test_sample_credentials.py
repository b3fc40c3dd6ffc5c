"""The sample credentials are Open Badges 3.0 by the schema that 1EdTech publishes."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from anchor.demo.samples import ISSUERS, QUALIFICATIONS, credentials
from registry.receipt.model import embed
from tests.interop.made import receipt_of
from tests.interop.others import shared

SCHEMA = "schemas/ob_v3p0_achievementcredential_schema.json"


@pytest.fixture(scope="module")
def validator() -> jsonschema.protocols.Validator:
    """Formats are checked too: the checker knows dates and times, which are all that the schema has."""
    schema = json.loads(shared(SCHEMA).read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    assert {"date", "date-time"} <= kind.FORMAT_CHECKER.checkers.keys()
    kind.check_schema(schema)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)


def mistakes(validator: jsonschema.protocols.Validator, document: dict[str, Any]) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def test_every_sample_is_valid(validator: jsonschema.protocols.Validator) -> None:
    seen = set()
    for document in credentials(200):
        assert mistakes(validator, document) == []
        seen.add((document["issuer"]["id"], document["name"]))
    assert seen == {(issuer.did, what.name) for issuer in ISSUERS for what in QUALIFICATIONS}


def test_a_sample_with_its_receipt_inside_is_valid(validator: jsonschema.protocols.Validator) -> None:
    document = next(credentials(1))
    assert mistakes(validator, embed(document, receipt_of(document, issuer=7))) == []


@pytest.mark.parametrize(
    ("member", "value", "where"),
    [
        ("awardedDate", "in June", "$.awardedDate"),
        ("awardedDate", "2026-02-30T00:00:00Z", "$.awardedDate"),
        ("issuer", {"type": ["Profile"]}, "$.issuer"),
    ],
)
def test_mistakes_are_seen(validator: jsonschema.protocols.Validator, member: str, value: object, where: str) -> None:
    (mistake, *_) = mistakes(validator, next(credentials(1)) | {member: value})
    assert mistake.startswith(where)
