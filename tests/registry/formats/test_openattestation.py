"""OpenAttestation documents: what their fields come to, against a second writing of the rule; changed, hostile ones."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.openattestation import Proof, find_proof
from tests.registry.formats.attested import wrapped_2, wrapped_3

NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=".[]"), min_size=1, max_size=8)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SALTED = TEXTS.map(lambda text: f"5a17:string:{text}")
HASHES = st.binary(min_size=32, max_size=32)
STORE = "0x" + "ab" * 20


def documents(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    values = st.recursive(
        leaves, lambda inner: st.dictionaries(NAMES, inner, max_size=3) | st.lists(inner, max_size=3), max_leaves=8
    )
    return st.dictionaries(NAMES, values, min_size=1, max_size=4)


def read(document: dict[str, Any]) -> Proof:
    found = find_proof(document)
    assert found is not None
    assert isinstance(found.read, Proof), found.read
    return found.read


def why_not(document: dict[str, Any]) -> str:
    found = find_proof(document)
    assert found is not None
    assert isinstance(found.read, str)
    return found.read


@given(documents(SALTED), st.lists(HASHES, max_size=3), st.lists(HASHES, max_size=5))
def test_version_2(data: dict[str, Any], hidden: list[bytes], beside: list[bytes]) -> None:
    document = wrapped_2(data, [each.hex() for each in hidden], beside)
    proof = read(document)
    assert (proof.computed, proof.holds) == (proof.target, True)
    document["data"]["another"] = "5a17:string:value"
    assert read(document).computed != proof.target


@given(documents((TEXTS | st.booleans() | st.integers(-1000, 1000)).filter(bool)), st.lists(HASHES, max_size=5))
def test_version_3(data: dict[str, Any], beside: list[bytes]) -> None:
    document = wrapped_3({"name": "A diploma", **data}, beside)
    proof = read(document)
    assert (proof.computed, proof.holds) == (proof.target, True)
    assert read({**document, "name": "Another"}).computed != proof.target
    assert "salts" in why_not({**document, "one more": 1})


def test_what_stands_beside_the_fields_of_version_2_is_nothing_that_its_hash_is_of() -> None:
    assert "'validUntil'" in why_not({**GOOD_2, "validUntil": "2099-01-01T00:00:00Z"})
    assert "'credentialSubject'" in why_not({**GOOD_2, "credentialSubject": {"name": "Another"}})


@pytest.mark.parametrize("value", [None, False, 0, "", 0.0])
def test_fields_of_version_3_that_its_hash_is_not_of(value: Any) -> None:
    """Their own library leaves them out, so that whoever has the document may add, change and take them away."""
    assert "'honours'" in why_not(wrapped_3({"name": "b", "honours": value}))


def test_what_a_field_says_cannot_be_moved_into_its_salt() -> None:
    document = wrapped_3({"result": "Failed: 3 of 10"})
    (salt,) = json.loads(base64.b64decode(document["proof"]["salts"]))
    salt["value"] += ":Failed"
    document["result"] = " 3 of 10"
    document["proof"]["salts"] = base64.b64encode(json.dumps([salt]).encode()).decode()
    assert "salt" in why_not(document)


def test_where_the_issuer_is_found() -> None:
    issuer = {"documentStore": f"a:string:{STORE}", "identityProof": {"location": "a:string:university.example"}}
    assert read(wrapped_2({"issuers": [issuer]})).stores == (STORE, "university.example")
    metadata = {"proof": {"value": STORE}, "identityProof": {"identifier": "university.example"}}
    assert read(wrapped_3({"openAttestationMetadata": metadata})).stores == (STORE, "university.example")


GOOD_2 = wrapped_2({"name": "a:string:b"}, beside=[b"\1" * 32])
GOOD_3 = wrapped_3({"name": "b"}, beside=[b"\1" * 32])


@pytest.mark.parametrize(
    ("good", "place", "value"),
    [
        (GOOD_2, ("signature", "proof"), "x"),
        (GOOD_2, ("signature", "proof"), ["00" * 32] * 33),
        (GOOD_2, ("signature", "merkleRoot"), "00"),
        (GOOD_2, ("signature", "targetHash"), 7),
        (GOOD_2, ("privacy", "obfuscatedData"), ["x"]),
        (GOOD_2, ("privacy", "obfuscatedData"), "x"),
        (GOOD_2, ("data", "a.b"), "x"),
        (GOOD_2, ("data", "deep"), [[[]]]),
        (GOOD_3, ("proof", "salts"), "%"),
        (GOOD_3, ("proof", "salts"), "W10="),
        (GOOD_3, ("proof", "salts"), None),
        (GOOD_3, ("proof", "privacy"), []),
    ],
)
def test_what_is_not_in_order(good: dict[str, Any], place: tuple[str, str], value: Any) -> None:
    document = copy.deepcopy(good)
    if value == [[[]]]:
        for _ in range(70):
            value = [value]
        value = [value, "a:string:b"]
        inner = value
        while isinstance(inner[0], list) and inner[0]:
            inner = inner[0]
        inner.append("leaf")
    document[place[0]][place[1]] = value
    assert why_not(document)


def test_what_is_none_of_them() -> None:
    assert find_proof({}) is None
    assert find_proof({"signature": {"type": "x"}, "proof": [GOOD_3["proof"]]}) is None
    assert why_not({"proof": {"type": "OpenAttestationHashProof2018"}})
