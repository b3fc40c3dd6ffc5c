"""Accreditations in formats of others over HTTP, and the service as an entity of OpenID Federation."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
import xmlschema
from starlette.testclient import TestClient

from registry.errors import SettingsError
from registry.formats.outward.organisations import read_organisations
from registry.formats.outward.trust_marks import CLAIM, MARKS, trust_mark
from registry.formats.trqp import Registry
from registry.proofs.signatures.jose import read_jws, verify_jws
from registry.proofs.signatures.keys import KeyKind, new_key, public_jwk, public_of
from registry.recognition.ledger import Kind
from registry.service.app import create_app
from registry.service.outward import Federation, Outward
from tests.registry.formats.outward_made import FIXTURES, one
from tests.registry.service.test_trust_routes import (
    BODY,
    CHAIN,
    CONTRACT,
    FOREIGN,
    HR,
    ISSUER,
    MINISTRY,
    World,
    at,
)

ENTITY = "https://agency.example"
KEY, ISSUERS_KEY = new_key(KeyKind.P256), new_key(KeyKind.ED25519)
REGISTRY = Registry(CHAIN, CONTRACT)
FILE: dict[str, Any] = {
    "organisations": [
        {"party": BODY, "name": "Agency & <Co>", "country": "HR", "entity": ENTITY, "keys": [public_jwk(KEY)]},
        {
            "party": ISSUER,
            "name": "University",
            "country": "HR",
            "entity": "https://university.example",
            "keys": [public_jwk(ISSUERS_KEY)],
        },
        {"party": MINISTRY, "name": "Ministry", "country": "HR", "entity": "https://ministry.example"},
    ]
}
AMS = "{http://data.europa.eu/snb/model/ap/ams-constraints/}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """1: body → issuer; 2: ministry → body, to accredit; 3: foreign recognises ministry; 4: suspended; 5: withdrawn."""
    made = World(tmp_path_factory.mktemp("world"))
    made.mine(1, *(made.party(number) for number in range(1, 6)))
    made.mine(2, made.offer(BODY, ISSUER, 0, HR), made.offer(MINISTRY, BODY, 1, HR), made.recognise(FOREIGN, MINISTRY))
    made.mine(3, ("AccreditationAccepted", {"id": 1}), ("AccreditationAccepted", {"id": 2}))
    made.mine(4, made.offer(BODY, ISSUER, 0, 0), ("AccreditationAccepted", {"id": 4}))
    made.mine(5, made.offer(BODY, ISSUER, 0, 0), ("AccreditationAccepted", {"id": 5}))
    since = made.mark(300).timestamp
    changed = {"effectiveFrom": int(since.timestamp())}
    made.mine(300, ("AccreditationSuspended", {"id": 4} | changed), ("AccreditationWithdrawn", {"id": 5} | changed))
    made.mine(400)
    made.finalise(310, 400)
    yield made
    made.engine.dispose()


def client_of(world: World, *, federation: bool = True, **more: Any) -> TestClient:
    outward = Outward(REGISTRY, read_organisations(FILE, REGISTRY.write_party))
    body = Federation(KEY, BODY, ENTITY, outward) if federation else None
    return TestClient(create_app(world.service, outwards=outward, federation=body, **more))


@pytest.fixture(scope="module")
def client(world: World) -> TestClient:
    return client_of(world)


def test_what_is_in_force_comes_as_a_file_and_the_rest_with_its_reason(client: TestClient) -> None:
    answer = client.get("/v1/accreditations/export", params={"as": "elm-xml"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/xml"
    assert answer.headers["index-block"] == "400"
    xmlschema.XMLSchema(FIXTURES / "elm-ams.xsd").validate(answer.text)
    root = ElementTree.fromstring(answer.content)
    assert [each.get("id") for each in root.iter(f"{AMS}accreditation")] == [f"{CHAIN}:{CONTRACT}/accreditation/1"]
    assert "Agency & <Co>" in {each.text for each in root.iter(f"{AMS}legalName")}
    report = client.get("/v1/accreditations/export", params={"as": "elm-xml", "report": True}).json()
    assert report["told"] == ["1"]
    whole = {each["number"]: each["code"] for each in report["leftOut"] if each["whole"]}
    assert whole == {"2": "kind", "3": "kind", "4": "suspended", "5": "withdrawn"}
    assert answer.headers["left-out"] == str(len(report["leftOut"]))


def test_at_an_earlier_time_it_is_what_was_in_force_then(client: TestClient) -> None:
    asked = {"as": "ctdl", "report": True, "at": at(200)}
    report = client.get("/v1/accreditations/export", params=asked).json()
    assert report["told"] == ["1", "2", "3", "4", "5"]
    ends = [each["number"] for each in report["leftOut"] if each["code"] == "ends-sooner"]
    assert ends == ["4", "5"]


def test_a_long_list_comes_in_parts(client: TestClient) -> None:
    told, address = [], "/v1/accreditations/export?as=ctdl&report=true&limit=2"
    while address:
        answer = client.get(address)
        told.append(answer.json()["told"])
        address = answer.headers.get("link", "").partition(">")[0].lstrip("<")
    assert told == [["1", "2"], ["3"], []]


@pytest.mark.parametrize(
    ("query", "told"),
    [({"body": BODY}, ["1"]), ({"holder": BODY}, ["2"]), ({"body": 5}, [])],
    ids=["of a body", "of a holder", "of nobody"],
)
def test_it_may_be_of_one_party(client: TestClient, query: dict[str, int], told: list[str]) -> None:
    answer = client.get("/v1/accreditations/export", params={"as": "ctdl", "report": True, **query})
    assert answer.json()["told"] == told


@pytest.mark.parametrize("form", ["trust-mark", "deqar-vc", "pdf", ""])
def test_what_is_signed_by_somebody_is_not_exported_here(client: TestClient, form: str) -> None:
    assert client.get("/v1/accreditations/export", params={"as": form}).status_code == 422


def test_one_accreditation_is_told_in_a_format(client: TestClient) -> None:
    answer = client.get("/v1/accreditations/1", params={"format": "ctdl"})
    assert answer.headers["content-type"] == "application/ld+json"
    kinds = {each["@type"] for each in answer.json()["@graph"]}
    assert "ceterms:AccreditAction" in kinds
    assert client.get("/v1/accreditations/1", params={"format": "json"}).json()["id"] == 1
    browser = {"Accept": "text/html"}
    shown = client.get("/v1/accreditations/1", params={"format": "elm-xml"}, headers=browser)
    assert shown.headers["content-type"] == "application/xml"
    page = client.get("/v1/accreditations/1", headers=browser)
    assert page.headers["content-type"].startswith("text/html")
    export = client.get("/v1/accreditations/export", params={"as": "ctdl"}, headers=browser)
    assert export.headers["content-type"] == "application/ld+json"


@pytest.mark.parametrize(
    ("number", "form", "status", "code"),
    [
        (3, "elm-xml", 409, "not-told"),
        (4, "elm-xml", 409, "not-told"),
        (5, "elm-jsonld", 409, "not-told"),
        (99, "ctdl", 404, "unknown-accreditation"),
    ],
    ids=["recognition", "suspended", "withdrawn", "unknown"],
)
def test_what_is_not_told_says_why(client: TestClient, number: int, form: str, status: int, code: str) -> None:
    answer = client.get(f"/v1/accreditations/{number}", params={"format": form})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def token(answer: Any, kind: str) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == kind
    jws = read_jws(answer.text)
    verify_jws(jws, public_of(KEY))
    return jws.claims()


STATEMENT = "application/entity-statement+jwt"
MARK = "application/trust-mark+jwt"
STATUS = "application/trust-mark-status-response+jwt"
TO_ISSUE = MARKS[Kind.ACCREDIT_TO_ISSUE]


def test_a_body_says_who_it_is(client: TestClient) -> None:
    told = token(client.get("/.well-known/openid-federation"), STATEMENT)
    assert told["iss"] == told["sub"] == ENTITY
    # The ministry accredits it to accredit; what it may do comes from there.
    assert told["authority_hints"] == ["https://ministry.example"]
    assert told["metadata"]["federation_entity"]["organization_name"] == "Agency & <Co>"
    assert told["jwks"]["keys"][0]["kid"] == read_jws(client.get("/.well-known/openid-federation").text).header["kid"]


def test_it_vouches_for_those_that_it_accredits_alone(client: TestClient) -> None:
    assert client.get("/federation/list").json() == ["https://university.example"]
    assert client.get("/federation/list", params={"intermediate": True}).json() == []
    told = token(client.get("/federation/fetch", params={"sub": "https://university.example"}), STATEMENT)
    assert (told["iss"], told["sub"]) == (ENTITY, "https://university.example")
    assert told["constraints"] == {"max_path_length": 0, "allowed_entity_types": ["openid_credential_issuer"]}
    assert told["jwks"]["keys"][0]["x"] == public_jwk(ISSUERS_KEY)["x"]
    for stranger in ("https://ministry.example", ENTITY, "https://evil.example"):
        refused = client.get("/federation/fetch", params={"sub": stranger})
        assert (refused.status_code, refused.json()["error"]) == (404, "not_found")
    odd = client.get("/federation/list", params={"entity_type": "openid_provider"})
    assert (odd.status_code, odd.json()["error"]) == (400, "unsupported_parameter")


def test_its_marks_are_for_those_that_have_them(client: TestClient) -> None:
    asked = {"trust_mark_type": TO_ISSUE, "sub": "https://university.example"}
    told = token(client.get("/federation/trust-mark", params=asked), MARK)
    assert told[CLAIM]["id"].endswith("/accreditation/1")
    assert client.get("/federation/trust-mark-list", params={"trust_mark_type": TO_ISSUE}).json() == [
        "https://university.example"
    ]
    other = asked | {"trust_mark_type": MARKS[Kind.RECOGNISE]}
    assert client.get("/federation/trust-mark", params=other).status_code == 404
    assert client.get("/federation/trust-mark-list", params={"trust_mark_type": "urn:x"}).json() == []


def state_of(client: TestClient, mark: str) -> str:
    answer = client.post(
        "/federation/trust-mark-status",
        content=urlencode({"trust_mark": mark}),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    told = token(answer, STATUS)
    assert told["trust_mark"] == mark
    return str(told["status"])


def test_the_status_of_a_mark_is_what_the_chain_says_now(client: TestClient) -> None:
    asked = {"trust_mark_type": TO_ISSUE, "sub": "https://university.example"}
    mark = client.get("/federation/trust-mark", params=asked).text
    assert state_of(client, mark) == "active"
    head, payload, signature = mark.split(".")
    assert state_of(client, f"{head}.{payload}.{signature[::-1]}") == "invalid"
    assert state_of(client, "no mark") == "invalid"
    now = datetime.now(UTC)
    statement = one()
    body, entity = statement.body, statement.holders[0]
    ours = {"body": type(body)(body.id, "A", entity=ENTITY), "holders": (entity,), "holds_until": None}
    withdrawn = replace(statement, **ours, id=f"{CHAIN}:{CONTRACT}/accreditation/5")
    assert state_of(client, trust_mark(withdrawn, KEY, now)) == "revoked"
    old = replace(statement, **ours, id=f"{CHAIN}:{CONTRACT}/accreditation/1")
    assert state_of(client, trust_mark(old, KEY, datetime(2026, 1, 1, tzinfo=UTC))) == "expired"
    assert state_of(client, trust_mark(old, ISSUERS_KEY, now)) == "invalid"


def test_a_form_without_a_mark_or_one_that_is_too_long_is_refused(client: TestClient) -> None:
    none = client.post("/federation/trust-mark-status", content=b"x=1")
    assert (none.status_code, none.json()["error"]) == (400, "invalid_request")
    long = client.post("/federation/trust-mark-status", content=b"trust_mark=" + b"a" * (1 << 17))
    assert long.status_code == 413


def test_without_a_key_it_speaks_for_nobody(world: World) -> None:
    client = client_of(world, federation=False)
    for path in ("/.well-known/openid-federation", "/federation/list"):
        assert client.get(path).status_code == 404


def test_an_entity_has_an_address_that_nobody_listens_in_on() -> None:
    with pytest.raises(SettingsError) as refused:
        Federation(KEY, BODY, "http://agency.example", Outward(REGISTRY))
    assert refused.value.code == "federation"


def test_a_file_of_organisations_is_an_example_in_the_documentation() -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "outward.md"
    text = page.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    found = read_organisations(tomllib.loads(text), REGISTRY.write_party)
    assert found.by_party
    assert found.by_identifier
    assert json.dumps({name: dict(keys) for name, keys in found.keys.items()})
