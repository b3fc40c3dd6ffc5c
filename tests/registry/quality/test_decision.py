"""The JSON form of a decision: one for each, and nothing else is read as one."""

from __future__ import annotations

import copy
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given

from registry.credential.digest import digest_json
from registry.errors import SettingsError
from registry.quality.decision import Programme, QualityDecision
from registry.quality.wire import LONGEST_TEXT, MOST_PARTS, decision_schema
from tests.registry.quality.decisions import DECISIONS, decision

SCHEMA = Path(__file__).parents[3] / "registry/schemas/quality-decision.schema.json"


@given(DECISIONS)
def test_a_decision_is_what_its_json_says(one: QualityDecision) -> None:
    members = one.to_dict()
    assert QualityDecision.from_dict(json.loads(json.dumps(members))) == one
    assert QualityDecision.from_line(one.to_line()) == one
    jsonschema.validate(members, decision_schema())


@given(DECISIONS)
def test_the_leaf_is_what_any_reader_of_json_makes_of_it(one: QualityDecision) -> None:
    assert one.digest == digest_json(json.dumps(one.to_dict()).encode())
    assert one.digest.value == sha256(one.to_line()).digest()


def test_the_published_schema_is_the_one_of_the_code() -> None:
    assert json.loads(SCHEMA.read_text()) == decision_schema(), "run scripts/build_schemas.py"


def _changed(path: str, value: Any) -> dict[str, Any]:
    members = copy.deepcopy(decision().to_dict())
    at: Any = members
    *way, last = path.split(".")
    for step in way:
        at = at[int(step) if step.isdigit() else step]
    at[last] = value
    return members


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("type", "VerifiableCredential"),
        ("version", 2),
        ("version", True),
        ("register", "De Qar"),
        ("register", "deqar\n"),
        ("agency.id", "nothing"),
        ("agency.id", "UPPER:1"),
        ("agency.more", 1),
        ("validFrom", "2020-02-30"),
        ("validFrom", "03/04/2020"),
        ("validFrom", 43000),
        ("validUntil", None),
        ("endAssumed", False),
        ("endAssumed", 1),
        ("obligatory", "yes"),
        ("ruling", "maybe"),
        ("subject", "person"),
        ("number", ""),
        ("number", "x" * (LONGEST_TEXT + 1)),
        ("holders", []),
        ("holders.0.party", 0),
        ("holders.0.party", 2**53),
        ("holders.0.country", "hr"),
        ("holders.0.identifiers", []),
        ("holders.0.identifiers", ["deqar:B", "deqar:A"]),
        ("programmes", [{"levels": [7, 6]}]),
        ("programmes", [{"levels": [0, 6]}]),
        ("programmes", [{"levels": [6]}]),
        ("programmes", [{"fields": ["6"]}]),
        ("programmes", [{"fields": ["0613", "0111"]}]),
        ("programmes", [{"types": ["equivalent"]}]),
        ("programmes", [{}] * (MOST_PARTS + 1)),
        ("evidence", [{"uri": "a", "sha256": "AB" * 32}]),
        ("replaces", "00"),
        ("remarks", {"column": ""}),
        ("remarks", [["column", "text"]]),
        ("unknown", 1),
    ],
    ids=lambda value: str(value)[:30].replace("\n", "-"),
)
def test_what_is_no_decision_in_its_one_form_is_refused(path: str, value: Any) -> None:
    with pytest.raises(SettingsError) as refused:
        QualityDecision.from_dict(_changed(path, value))
    assert refused.value.code == "decision"


@pytest.mark.parametrize("missing", ["type", "version", "register", "agency", "holders", "ruling", "validFrom"])
def test_a_member_that_has_to_be_there_is_named(missing: str) -> None:
    members = decision().to_dict()
    del members[missing]
    with pytest.raises(SettingsError, match=missing):
        QualityDecision.from_dict(members)


def test_a_line_in_another_form_is_refused() -> None:
    line = decision().to_line()
    twice = line.replace(b'"number":', b'"number":"B","number":')
    for other in (line + b" ", orjson.dumps(orjson.loads(line), option=orjson.OPT_INDENT_2), twice, b"[]", b"{", b""):
        with pytest.raises(SettingsError):
            QualityDecision.from_line(other)


def test_names_are_sorted_in_json_however_they_were_given() -> None:
    given_so = decision(programmes=(Programme(fields=("0613", "0111"), types=("degree", "course")),))
    other = decision(programmes=(Programme(fields=("0111", "0613"), types=("course", "degree")),))
    assert given_so.digest == other.digest
