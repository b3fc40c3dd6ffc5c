"""TRQP as it stands: queries and answers held against the protocol's own schemas, and the rules of its conformance.

Source: trustoverip/tswg-trust-registry-protocol, the approved schemas at 5a2f45dd and 68637338 and `conformance.md` at
345906f4; written anew, with the members and types that they have.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.trqp import (
    QueryError,
    answer_authorization,
    answer_recognition,
    read_query,
    write_resource,
)
from registry.recognition.ledger import Ledger
from registry.service.routes.trqp import _REQUEST_BODY
from tests.registry.formats.outward_made import AS_OF, REGISTRY, day, links, scopes

TEXT: dict[str, Any] = {"type": "string"}
TIME: dict[str, Any] = {"type": "string", "format": "date-time"}
CONTEXT: dict[str, Any] = {"type": "object", "properties": {"time": TEXT}, "additionalProperties": TEXT}
ASKED = ("entity_id", "action", "resource", "authority_id")
REQUEST: dict[str, Any] = {
    "type": "object",
    "required": list(ASKED),
    "properties": dict.fromkeys(ASKED, TEXT) | {"context": CONTEXT},
}


def response(member: str) -> dict[str, Any]:
    told = {member: {"type": "boolean"}, "time_requested": TIME, "time_evaluated": TIME, "message": TEXT}
    return {
        "type": "object",
        "required": [*ASKED, "time_evaluated", member],
        "properties": dict.fromkeys(ASKED, TEXT) | told | {"context": CONTEXT},
    }


# Whatever RFC 3986 lets a URI reference be written with.
URI_REFERENCE = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")


@given(links(), scopes, st.sampled_from(["issue", "accredit"]), st.integers(-20, 150), st.booleans())
def test_an_answer_is_one_by_the_schema_of_the_protocol(
    made: Any, scope: Any, action: str, number: int, timed: bool
) -> None:
    moment = day(number)
    context = {"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "locator": "anywhere"} if timed else {"locator": "anywhere"}
    asked = {
        "entity_id": REGISTRY.write_party(4),
        "authority_id": REGISTRY.write_party(1),
        "action": action,
        "resource": write_resource(scope),
        "context": context,
    }
    jsonschema.validate(asked, REQUEST)
    query = read_query(asked, REGISTRY)
    for answer, member in ((answer_authorization, "authorized"), (answer_recognition, "recognized")):
        told = answer(query, Ledger(tuple(made), AS_OF), datetime(2027, 3, 1, tzinfo=UTC))
        kind = jsonschema.Draft202012Validator
        kind(response(member), format_checker=kind.FORMAT_CHECKER).validate(told)
        # As they were sent, to the letter.
        assert {name: told[name] for name in asked} == asked
        assert ("time_requested" in told) is timed


@given(scopes)
def test_every_identifier_that_is_written_here_is_one_of_rfc_3986(scope: Any) -> None:
    for text in (REGISTRY.write_party(7), write_resource(scope)):
        assert URI_REFERENCE.fullmatch(text)


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("value", ["", None, 7], ids=["empty", "missing", "number"])
def test_what_the_protocol_requires_is_required(name: str, value: object) -> None:
    asked: dict[str, Any] = dict.fromkeys(ASKED, "any") | {"entity_id": "1", "authority_id": "2", "action": "issue"}
    asked[name] = value
    with pytest.raises(QueryError):
        read_query(asked, REGISTRY)


def test_the_description_of_the_api_asks_for_what_the_protocol_does() -> None:
    schema = _REQUEST_BODY["content"]["application/json"]["schema"]
    assert set(schema["required"]) == set(ASKED)
    assert set(schema["properties"]) == set(REQUEST["properties"])
