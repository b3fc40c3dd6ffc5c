"""The file of a portfolio: read as it was written, by the rules of 1EdTech and JSON-LD; a fault is said of its item."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld

from registry.credential.digest import digest_bytes, digest_file
from registry.document.portfolio import (
    CONTEXTS,
    MOST_ITEMS,
    Link,
    Portfolio,
    PortfolioItem,
    Share,
    UnreadItem,
    data_in,
    data_url,
    is_portfolio,
    may_be_portfolio,
    portfolio_bytes,
    read_portfolio,
)
from registry.errors import IntakeError, RegistryError
from registry.rdf.contexts import BUNDLED
from tests.carriers import jwt, pdf, png, sd_jwt
from tests.registry.receipt.made import moments
from tests.registry.receipt.test_batches import of_one_batch

FIXTURES = Path(__file__).with_name("fixtures")
SCHEMA = json.loads((FIXTURES / "clr_v2p0_clrcredential_schema.json").read_bytes())
NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOLDER = "urn:uuid:3d4f3e8a-9c7b-4f2e-8d1a-5e6f7a8b9c0d"
IDENTIFIER = "urn:uuid:2d4f3e8a-9c7b-4f2e-8d1a-5e6f7a8b9c0d"

JSON = dict[str, Any]

OF_VC_2 = {
    "@context": ["https://www.w3.org/ns/credentials/v2", {"of": "a stranger's own"}],
    "type": ["VerifiableCredential"],
    "issuer": "did:web:uni.example",
    "validFrom": "2026-01-01T00:00:00Z",
    "credentialSubject": {"name": "Ana Horvat Šimić 文"},
}
OF_OPEN_BADGES_2 = {"@context": "https://w3id.org/openbadges/v2", "type": "Assertion", "issuedOn": "2026-01-01"}


def contents() -> dict[str, bytes]:
    """What may come, each as its bytes."""
    indented = json.dumps(OF_VC_2, indent=3, ensure_ascii=False).encode()
    return {
        "diploma.json": indented,
        "badge of 2.0.json": json.dumps(OF_OPEN_BADGES_2).encode(),
        "token.jwt": jwt({"vc": OF_VC_2}),
        "degree.sdjwt": sd_jwt({"vct": "https://uni.example/degree"}, {"name": "Ana"}),
        "badge.png": png(indented),
        "diploma.pdf": pdf(indented),
        "notes.txt": "résumé & <b>ü</b> 100 % #1?".encode(),
        "empty.txt": b"",
        "nothing.bin": bytes(range(256)),
    }


def made(items: list[PortfolioItem] | None = None, **more: Any) -> Portfolio:
    given = [PortfolioItem(name, content) for name, content in contents().items()] if items is None else items
    return Portfolio(IDENTIFIER, "Portfolio of Ana", "Ana Horvat", HOLDER, NOW, tuple(given), **more)


def with_receipts(count: int = 5) -> Portfolio:
    receipts = of_one_batch(40, range(count))
    return made([PortfolioItem(f"{at}.json", b'{"a":1}', each) for at, each in enumerate(receipts)])


ACHIEVEMENT = {
    "id": "https://uni.example/award#course.db1",
    "type": ["Achievement"],
    "name": "Databases",
    "description": "6 ECTS",
    "criteria": {"narrative": "Databases"},
}
SHARED = made(
    partial=True,
    share=Share("Application", "University of Example", NOW, NOW + timedelta(days=30)),
    links=(Link("isPartOf", "https://uni.example/award#course.db1", "https://uni.example/award"),),
    achievements=(ACHIEVEMENT,),
)


@pytest.mark.parametrize("portfolio", [made(), SHARED, with_receipts(), made([PortfolioItem("a.json", b"{}")])])
def test_it_is_read_as_it_was_written(portfolio: Portfolio) -> None:
    written = portfolio_bytes(portfolio)
    assert may_be_portfolio(written)
    assert read_portfolio(written) == portfolio
    assert portfolio_bytes(read_portfolio(written)) == written


@pytest.mark.parametrize("portfolio", [made(), SHARED, with_receipts()])
def test_the_schema_of_1edtech_has_nothing_against_it(portfolio: Portfolio) -> None:
    jsonschema.Draft4Validator(SCHEMA).validate(json.loads(portfolio_bytes(portfolio)))


def test_the_schema_is_one_that_finds_something() -> None:
    members = json.loads(portfolio_bytes(SHARED))
    del members["credentialSubject"]["verifiableCredential"][0]["issuanceDate"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SCHEMA).validate(members)


def loaded(url: str, _: object = None) -> JSON:
    bundled = {each: source.file for source in BUNDLED for each in source.urls}
    if url == CONTEXTS[1]:
        content = (FIXTURES / "clr_v2p0_context-2.0.1.json").read_bytes()
    else:
        content = files("registry.rdf").joinpath("bundled", bundled[url]).read_bytes()
    return {"contextUrl": None, "documentUrl": url, "document": json.loads(content)}


def said(value: Any) -> int:
    """How many values there are in JSON, contexts and the keywords of values apart."""
    if isinstance(value, dict):
        return sum(said(member) for name, member in value.items() if name != "@context")
    return sum(map(said, value)) if isinstance(value, list) else 1


@pytest.mark.parametrize("portfolio", [made(), SHARED, with_receipts()])
def test_json_ld_leaves_nothing_out_of_it(portfolio: Portfolio) -> None:
    """Whatever the credentials in it are: they are values of their own to it. The proof is JSON as a whole."""
    members = json.loads(portfolio_bytes(portfolio))
    expanded = jsonld.expand(members, {"documentLoader": loaded})
    compact = jsonld.compact(expanded, {"@context": members["@context"]}, {"documentLoader": loaded})
    (proof,) = members["proof"]
    (read,) = expanded[0]["https://w3id.org/security#proof"][0]["@graph"]
    for name in proof.keys() - {"@context", "type"}:
        assert read[f"urn:testamur:MerklePortfolioProof:{name}"] == [{"@type": "@json", "@value": proof[name]}]
    assert said({**compact, "proof": 0}) == said({**members, "proof": 0})


@pytest.mark.parametrize("name", contents())
def test_what_comes_out_has_the_digest_of_what_went_in(name: str) -> None:
    content = contents()[name]
    found = next(item for item in read_portfolio(portfolio_bytes(made())).items if item.name == name)
    assert isinstance(found, PortfolioItem)
    assert found.content == content
    assert digest_file(found.content) == digest_file(content)
    if name.endswith(".json"):
        assert digest_bytes(found.content, name) == digest_bytes(content, name)


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
@settings(max_examples=80, deadline=None)
def test_any_bytes_come_out_of_their_url(content: bytes) -> None:
    assert data_in(data_url("a.json", content)) == content
    assert data_in(data_url("a", content)) == content


@pytest.mark.parametrize(
    "url", ["", "https://uni.example/diploma.json", "data:", "data:application/json", "data:;base64,%%%%", "data:ü,a"]
)
def test_what_is_in_no_data_url_is_refused(url: str) -> None:
    with pytest.raises(IntakeError) as caught:
        data_in(url)
    assert caught.value.code == "portfolio-item"


def form(change: Callable[[JSON], Any], portfolio: Portfolio | None = None) -> bytes:
    members: JSON = json.loads(portfolio_bytes(portfolio or with_receipts()))
    change(members)
    return json.dumps(members).encode()


def credentials(members: JSON) -> list[Any]:
    found: list[Any] = members["credentialSubject"]["verifiableCredential"]
    return found


def batch(members: JSON) -> JSON:
    found: JSON = members["proof"][0]["batches"][0]
    return found


REFUSED: list[tuple[str, Callable[[JSON], Any]]] = [
    ("not-a-portfolio", lambda members: members.update(type=["VerifiableCredential"])),
    ("not-a-portfolio", lambda members: members.update(proof=[])),
    ("not-a-portfolio", lambda members: members["proof"][0].update(type="DataIntegrityProof")),
    ("portfolio-version", lambda members: members["proof"][0].update(version=2)),
    ("portfolio-version", lambda members: members["proof"][0].update(version=True)),
    ("portfolio-version", lambda members: members["proof"][0].update(version=1.0)),
    ("portfolio-version", lambda members: members["proof"].append(members["proof"][0])),
    ("portfolio-form", lambda members: members.update(credentialSubject=[])),
    ("portfolio-form", lambda members: credentials(members).clear()),
    ("portfolio-form", lambda members: members["proof"][0].update(batches={})),
    ("portfolio-form", lambda members: members["proof"][0].update(batches=[5] * 6)),
    ("portfolio-form", lambda members: batch(members)["leaves"][0].update(items=list(range(11)))),
    ("portfolio-form", lambda members: members.pop("issuanceDate")),
    ("portfolio-form", lambda members: members["proof"][0].update(share={"until": "2026-01-01T00:00:00Z"})),
    ("portfolio-form", lambda members: members["proof"][0].update(share={"agreedAt": "yesterday"})),
]


@pytest.mark.parametrize(("code", "change"), REFUSED)
def test_what_cannot_be_taken_apart_is_refused(code: str, change: Callable[[JSON], Any]) -> None:
    with pytest.raises(IntakeError) as caught:
        read_portfolio(form(change))
    assert caught.value.code == code


def test_json_with_two_readings_is_refused() -> None:
    data = portfolio_bytes(with_receipts()).replace(b'"partial":false', b'"partial":false,"partial":true')
    with pytest.raises(RegistryError) as caught:
        read_portfolio(data)
    assert caught.value.code == "duplicate-key"


def test_too_many_are_refused_before_they_are_read() -> None:
    with pytest.raises(IntakeError) as caught:
        read_portfolio(portfolio_bytes(with_receipts()), most_items=4)
    assert caught.value.code == "too-many"
    with pytest.raises(IntakeError) as caught:
        portfolio_bytes(made([PortfolioItem("a", b"")] * (MOST_ITEMS + 1)))
    assert caught.value.code == "too-many"


def codes(data: bytes) -> list[str]:
    return [item.error.code if isinstance(item, UnreadItem) else "" for item in read_portfolio(data).items]


BROKEN: list[tuple[list[str], Callable[[JSON], Any]]] = [
    (["", "portfolio-item", "", "", ""], lambda members: credentials(members)[1].update(id="https://x.example/1")),
    (["", "portfolio-item", "", "", ""], lambda members: credentials(members).__setitem__(1, "named")),
    (
        ["", "portfolio-item", "", "", ""],
        lambda members: credentials(members)[1].update(id=f"data:,%200x{'aB' * 32}%0A"),
    ),
    (["node-count"] * 5, lambda members: batch(members)["nodes"].pop()),
    (["index-order"] * 5, lambda members: batch(members)["leaves"].reverse()),
    (["", "item-order", "", "", ""], lambda members: batch(members)["leaves"][0].update(items=[0, 1])),
]


@pytest.mark.parametrize(("expected", "change"), BROKEN)
def test_what_is_wrong_is_said_of_the_items_that_it_is_about(
    expected: list[str], change: Callable[[JSON], Any]
) -> None:
    assert codes(form(change)) == expected


def test_a_broken_batch_leaves_those_of_others_alone() -> None:
    first, second = of_one_batch(9, [1, 2]), of_one_batch(9, [3], salt=1)
    items = [PortfolioItem(f"{at}.json", b"{}", each) for at, each in enumerate([*first, *second])]
    data = form(lambda members: batch(members)["nodes"].append("00" * 32), made(items))
    assert codes(data) == ["node-count", "node-count", ""]
    assert read_portfolio(data).items[2] == items[2]


def test_receipts_of_nobody_are_named() -> None:
    def meant_for_nobody(members: JSON) -> None:
        batch(members)["leaves"][0].update(items=[9])

    portfolio = read_portfolio(form(meant_for_nobody))
    assert [(each.name, each.error.code) for each in portfolio.strays] == [("proof[0].batches[0]", "item-order")]
    assert [getattr(item, "receipt", None) is None for item in portfolio.items] == [True, *[False] * 4]
    portfolio = read_portfolio(form(lambda members: members["proof"][0].update(batches=[5])))
    assert [each.name for each in portfolio.strays] == ["proof[0].batches[0]"]


def test_a_credential_that_stands_there_as_it_is_is_json() -> None:
    def plain(members: JSON) -> None:
        credentials(members)[0] = OF_VC_2

    item = read_portfolio(form(plain)).items[0]
    assert isinstance(item, PortfolioItem)
    assert item.name == "credential-1.json"
    assert json.loads(item.content) == OF_VC_2


@pytest.mark.parametrize("data", [b"", b"[]", b'{"a":1}', json.dumps({"proof": "MerklePortfolioProof"}).encode()])
def test_what_is_none_is_told_without_reading_it(data: bytes) -> None:
    assert not may_be_portfolio(data) or not is_portfolio(json.loads(data))


@given(st.text(max_size=20), st.text(max_size=20), moments, st.none() | moments, st.booleans())
@settings(max_examples=60, deadline=None)
def test_words_of_the_holder_are_kept(
    purpose: str, audience: str, agreed_at: datetime, until: datetime | None, partial: bool
) -> None:
    share = Share(purpose, audience, agreed_at, until)
    portfolio = replace(made([PortfolioItem("a.json", b"{}")], share=share), partial=partial, name=purpose)
    assert read_portfolio(portfolio_bytes(portfolio)) == portfolio


def test_when_a_share_has_ended() -> None:
    share = Share("", "", NOW, NOW + timedelta(days=1))
    assert not share.has_ended(NOW)
    assert share.has_ended(NOW + timedelta(days=1))
    assert not Share("", "", NOW).has_ended(NOW + timedelta(days=99))
