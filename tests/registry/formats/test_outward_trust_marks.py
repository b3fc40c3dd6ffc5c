"""OpenID Federation: what marks and statements say, and that none of them outlives what is on record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import SettingsError
from registry.formats.outward.exporting import Form, exported
from registry.formats.outward.federation import LIFETIME as STATEMENT_LIFETIME
from registry.formats.outward.federation import entity_configuration, mark_status, subordinate_statement
from registry.formats.outward.organisations import Organisations, read_organisations
from registry.formats.outward.statements import Selected, Why
from registry.formats.outward.trust_marks import CLAIM, LIFETIME, MARKS, by_body, federation_jwk, key_id, trust_mark
from registry.proofs.signatures.jose import read_jws, verify_jws
from registry.proofs.signatures.keys import KeyKind, new_key, public_jwk, public_of, read_jwk
from registry.quality.decision import Identifier
from registry.recognition.ledger import Kind
from tests.registry.formats.outward_made import REGISTRY, day, entity, one, selections

KEY = new_key(KeyKind.P256)
NOW = day(10)
STATEMENT = "entity-statement+jwt"


def claims_of(token: str, typ: str) -> dict[str, Any]:
    jws = read_jws(token)
    verify_jws(jws, public_of(KEY))
    assert jws.header["typ"] == typ
    assert jws.header["kid"] == key_id(KEY)
    return jws.claims()


@given(selections())
def test_no_mark_outlives_what_is_on_record(selected_at: Any) -> None:
    selected, moment = selected_at
    for each in exported(selected, Form.TRUST_MARK).statements:
        claims = claims_of(trust_mark(each, KEY, moment), "trust-mark+jwt")
        expires = datetime.fromtimestamp(claims["exp"], moment.tzinfo)
        assert moment < expires <= moment + LIFETIME
        assert each.holds_until is None or expires <= each.holds_until
        assert claims["trust_mark_type"] == claims["id"] == MARKS[each.kind]
        assert (claims["iss"], claims["sub"]) == (each.body.entity, each.holders[0].entity)
        assert claims[CLAIM]["id"] == each.id


def test_a_mark_is_signed_by_its_body_alone() -> None:
    own, other = one(body=2), one(body=3, number=2)
    found = by_body(Selected((own, other)), 2)
    assert found.statements == (own,)
    assert [(each.number, each.code) for each in found.left] == [("2", Why.OTHER_BODY.value)]


def test_without_an_entity_there_is_no_mark() -> None:
    statement = one()
    nameless = replace(statement, holders=(replace(statement.holders[0], entity=""),))
    assert [each.code for each in exported(Selected((nameless,)), Form.TRUST_MARK).left] == [Why.ENTITY.value]


def test_the_name_of_a_key_is_its_thumbprint() -> None:
    # The example of RFC 8037, appendix A.3.
    key = read_jwk({"crv": "Ed25519", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    assert key_id(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert federation_jwk(key)["alg"] == "EdDSA"


def test_a_trust_anchor_says_who_may_issue_its_marks_and_others_who_is_above_them() -> None:
    issuers = ["https://party2.example", "https://party3.example"]
    top = claims_of(entity_configuration(entity(2), KEY, NOW, mark_issuers=issuers[1:]), STATEMENT)
    assert top["iss"] == top["sub"] == "https://party2.example"
    assert set(map(tuple, top["trust_mark_issuers"].values())) == {tuple(issuers)}
    assert set(top["trust_mark_issuers"]) == set(MARKS.values())
    assert "authority_hints" not in top
    superiors = ["https://party1.example"]
    below = claims_of(entity_configuration(entity(2), KEY, NOW, superiors=superiors), STATEMENT)
    assert below["authority_hints"] == ["https://party1.example"]
    assert "trust_mark_issuers" not in below


@pytest.mark.parametrize(
    ("kinds", "between"),
    [
        ([Kind.ACCREDIT_TO_ISSUE], 0),
        ([Kind.ACCREDIT_TO_ACCREDIT], 4),
        ([Kind.ACCREDIT_TO_ISSUE, Kind.ACCREDIT_TO_ACCREDIT], 4),
    ],
    ids=["issuer", "body", "both"],
)
def test_who_only_issues_may_vouch_for_nobody(kinds: list[Kind], between: int) -> None:
    statements = [one(kind=kind, number=number) for number, kind in enumerate(kinds, 1)]
    keys = {"keys": [federation_jwk(KEY)]}
    told = claims_of(subordinate_statement(entity(2), statements, keys, KEY, NOW), STATEMENT)
    assert told["constraints"]["max_path_length"] == between
    assert told["jwks"] == keys
    assert told["sub"] == "https://party7.example"


def test_nobody_may_vouch_for_others_for_longer_than_its_accreditation_to_accredit() -> None:
    accredits = replace(one(kind=Kind.ACCREDIT_TO_ACCREDIT, number=1), holds_until=NOW + timedelta(hours=1))
    issues = replace(one(kind=Kind.ACCREDIT_TO_ISSUE, number=2), holds_until=None)
    told = claims_of(subordinate_statement(entity(2), [accredits, issues], {"keys": []}, KEY, NOW), STATEMENT)
    assert told["constraints"]["max_path_length"] == 4
    assert told["exp"] == int((NOW + timedelta(hours=1)).timestamp())


@given(st.lists(st.one_of(st.none(), st.floats(10.01, 20)), min_size=1, max_size=4))
def test_a_statement_ends_with_the_last_of_what_it_rests_on(ends: list[float | None]) -> None:
    statements = [replace(one(), holds_until=None if end is None else day(end)) for end in ends]
    token = subordinate_statement(entity(2), statements, {"keys": []}, KEY, NOW)
    expires = datetime.fromtimestamp(claims_of(token, STATEMENT)["exp"], NOW.tzinfo)
    last = max((each.holds_until or NOW + timedelta(days=999)) for each in statements)
    assert timedelta(0) <= min(NOW + STATEMENT_LIFETIME, last) - expires < timedelta(seconds=1)


def test_the_status_of_a_mark_is_signed() -> None:
    told = claims_of(mark_status(entity(2), "a.b.c", "revoked", KEY, NOW), "trust-mark-status-response+jwt")
    assert (told["trust_mark"], told["status"]) == ("a.b.c", "revoked")


FILE: dict[str, Any] = {
    "organisations": [
        {
            "party": 7,
            "name": "University",
            "country": "hr",
            "language": "hr",
            "entity": "https://university.example/",
            "keys": [public_jwk(KEY)],
        },
        {"identifier": "deqar:21", "name": "Agency", "country": "AT", "homepage": "https://agency.example"},
    ]
}


def read(content: dict[str, Any]) -> Organisations:
    return read_organisations(content, REGISTRY.write_party)


def test_a_file_of_organisations_names_them() -> None:
    found = read(FILE)
    university = found.party(7, "urn:x")
    assert (university.name, university.country, university.entity) == (
        "University",
        "HR",
        "https://university.example",
    )
    assert university.id == REGISTRY.write_party(7)
    assert found.keys[university.entity]["keys"] == [federation_jwk(KEY)]
    agency = found.known([Identifier("deqar", "21")], None)
    assert agency is not None
    assert (agency.id, agency.country) == ("https://agency.example", "AT")
    assert found.known([Identifier("deqar", "22")], None) is None
    assert found.known([], 7) == university
    assert found.party(8, "urn:8").shown_name == "urn:8"


@pytest.mark.parametrize(
    "wrong",
    [
        {"organisation": []},
        {"organisations": {}},
        {"organisations": [7]},
        {"organisations": [{"party": 7, "nam": "x"}]},
        {"organisations": [{"party": True}]},
        {"organisations": [{"party": 0}]},
        {"organisations": [{"name": "x"}]},
        {"organisations": [{"party": 7}, {"party": 7}]},
        {"organisations": [{"party": 7, "country": "XX"}]},
        {"organisations": [{"party": 7, "name": 7}]},
        {"organisations": [{"party": 7, "name": "x" * 1001}]},
        {"organisations": [{"party": 7, "homepage": "javascript:alert(1)"}]},
        {"organisations": [{"party": 7, "entity": "did:web:x"}]},
        {"organisations": [{"party": 7, "id": "elm:x"}]},
        {"organisations": [{"party": 7, "keys": [public_jwk(KEY)]}]},
        {"organisations": [{"party": 7, "entity": "https://u.example", "keys": []}]},
        {"organisations": [{"party": 7, "entity": "https://u.example", "keys": [{"kty": "RSA"}]}]},
        {"organisations": [{"party": 7, "entity": "https://u.example", "keys": [public_jwk(KEY) | {"d": "AA"}]}]},
        {"organisations": [{"party": 7, "entity": "https://u.example", "keys": ["x"]}]},
    ],
    ids=range(19),
)
def test_a_file_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as refused:
        read(wrong)
    assert refused.value.code == "organisations"
