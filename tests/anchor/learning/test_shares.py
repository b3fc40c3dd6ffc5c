"""What is given away of a portfolio, and that nothing of what is withheld is in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from anchor.learning.shares import Shared, positions_in, shared
from registry.document.portfolio import Portfolio, PortfolioItem, Share, UnreadItem, portfolio_bytes
from registry.errors import IntakeError
from registry.proofs.signatures.keys import KeyKind, new_key
from registry.proofs.signatures.sdjwt import issue_sd_jwt
from tests.anchor.learning.test_portfolio_command import badge, mark
from tests.carriers import jwt, pdf, png

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY = new_key(KeyKind.ED25519)
SHARE = Share("Job", "B", NOW)
SECRETS = ("1.7", "Ana Horvat", "2003-07-31")


def credential(**subject: Any) -> dict[str, Any]:
    """With all that a holder may not want to show."""
    identity = [
        {"type": "IdentityObject", "hashed": False, "identityHash": "Ana Horvat", "identityType": "name"},
        {"type": "IdentityObject", "hashed": False, "identityHash": "2003-07-31", "identityType": "ext:birthDate"},
    ]
    return badge(
        "urn:uuid:1", "", "Bachelor", subject={"identifier": identity, **mark("#result.final", "1.7"), **subject}
    )


def selective() -> bytes:
    claims = {"vct": "https://a.example/bachelor", "iss": "did:web:a.example", "iat": 1_700_000_000, **credential()}
    paths = [
        ("credentialSubject", "identifier", 0),
        ("credentialSubject", "identifier", 1),
        ("credentialSubject", "result", 0),
    ]
    return issue_sd_jwt(claims, KEY, "did:web:a.example#key", paths).encode()


def portfolio(**contents: bytes | dict[str, Any]) -> Portfolio:
    items = [
        PortfolioItem(name.replace("_", "."), value if isinstance(value, bytes) else json.dumps(value).encode())
        for name, value in contents.items()
    ]
    return Portfolio("urn:a:1", "Mine", "Ana", "urn:a:2", NOW, tuple(items))


def given(whole: Portfolio, *without: str, positions: list[int] | None = None) -> Shared:
    return shared(whole, positions, without, SHARE, says_left_out=True)


PLAIN = badge("urn:uuid:2", "#plain", "Databases")


@pytest.mark.parametrize(
    ("word", "keys", "hidden"),
    [
        ("marks", ["result.final"], ["1.7"]),
        ("result", ["result.final"], ["1.7"]),
        ("result.final", ["result.final"], ["1.7"]),
        ("name", ["name"], ["Ana Horvat"]),
        ("birth-date", ["birth-date"], ["2003-07-31"]),
    ],
)
def test_of_an_sd_jwt_the_rest_is_shown(word: str, keys: list[str], hidden: list[str]) -> None:
    found = given(portfolio(a_sdjwt=selective(), b_json=PLAIN), word)
    assert found.withheld == {"a.sdjwt": keys}
    assert found.left_out == {}
    assert found.portfolio.partial
    token = found.portfolio.items[0]
    assert isinstance(token, PortfolioItem)
    shown = b"".join(_decoded(part) for part in token.content.split(b"~")[1:])
    for secret in SECRETS:
        assert (secret.encode() in shown) is (secret not in hidden)


def _decoded(part: bytes) -> bytes:
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))


@pytest.mark.parametrize("word", ["marks", "result.final", "name", "birth-date"])
@pytest.mark.parametrize("name", ["a_json", "a_jwt"])
def test_what_cannot_be_withheld_leaves_the_credential_out(word: str, name: str) -> None:
    content = json.dumps(credential()).encode() if name == "a_json" else jwt({"vc": credential()})
    found = given(portfolio(**{name: content, "b_json": PLAIN}), word)
    assert list(found.left_out) == [name.replace("_", ".")]
    written = portfolio_bytes(found.portfolio)
    assert [item.name for item in found.portfolio.items] == ["b.json"]
    assert not any(secret.encode() in written for secret in SECRETS)
    assert found.portfolio.share is not None
    assert found.portfolio.share.left_out == 1


def test_of_a_granular_award_the_part_is_left_out() -> None:
    marks = badge("urn:uuid:3", "#marks", "Marks", subject=mark("#result.final", "1.7"))
    course = badge("urn:uuid:4", "#course.db1", "Databases", subject=mark("#course.db1", "2.0"))
    done = badge(
        "urn:uuid:5",
        "#competence.dev",
        "Development",
        subject={"result": [{"type": ["Result"], "status": "Completed"}]},
    )
    whole = portfolio(
        award_json=badge("urn:uuid:2", "", "Bachelor"), marks_json=marks, course_json=course, done_json=done
    )
    assert [item.name for item in given(whole, "marks").portfolio.items] == ["award.json", "done.json"]
    assert [item.name for item in given(whole, "course").portfolio.items] == ["award.json", "marks.json", "done.json"]
    assert [item.name for item in given(whole, "course.db1").portfolio.items] == [
        "award.json",
        "marks.json",
        "done.json",
    ]
    assert len(given(whole).portfolio.items) == 4
    assert not given(whole).portfolio.partial


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a_pdf", pdf(json.dumps(PLAIN).encode())),
        ("a_png", png(json.dumps(PLAIN).encode())),
        ("a_json", b'{"marks":"1.7"}'),
        ("a_json", b"{"),
        ("a_json", json.dumps({"type": "Assertion", "badge": {"name": "x"}, "evidence": 5}).encode()[:-1]),
        ("a_bin", bytes(range(256))),
    ],
)
def test_what_cannot_be_told_is_left_out(name: str, content: bytes) -> None:
    found = given(portfolio(**{name: content, "b_json": PLAIN}), "marks")
    assert list(found.left_out) == [name.replace("_", ".")]


def test_levels_that_were_reached_are_marks() -> None:
    level = {"result": [{"type": ["Result"], "resultDescription": "urn:r:1", "achievedLevel": "urn:l:2"}]}
    found = given(portfolio(a_json=badge("urn:uuid:3", "#a", "A", subject=level), b_json=PLAIN), "marks")
    assert list(found.left_out) == ["a.json"]


STATED_OTHERWISE: list[dict[str, Any]] = [
    {"result": [{"type": ["Result"], "status": "Completed", "achievedLevel": "urn:l:2"}]},
    {"result": [{"type": ["Result"], "value": "Completed", "achievedLevel": "urn:l:2"}]},
    {"result": [{"type": ["Result"], "status": "Distinction"}]},
    {"result": [{"type": ["Result"], "percent": 95}]},
    {"result": [{"type": ["Result"], "value": {"of": "1.7"}}]},
    {"result": [{"type": ["Result"], "achievedLevel": ["urn:l:2"]}]},
    {"result": "1.7"},
    {"grade": "1.7"},
    {"achievement": {"id": "urn:a:1", "name": "A", "result": [{"value": "1.7"}]}},
]


@pytest.mark.parametrize("stated", STATED_OTHERWISE)
def test_marks_in_another_form_are_marks(stated: dict[str, Any]) -> None:
    one = badge("urn:uuid:3", "#a", "A", subject=stated)
    several = badge("urn:uuid:3", "#a", "A")
    several["credentialSubject"] = [several["credentialSubject"], stated]
    for document in (one, several):
        found = given(portfolio(a_json=document, b_json=PLAIN), "marks")
        assert list(found.left_out) == ["a.json"]


@pytest.mark.parametrize(
    ("word", "stated"),
    [
        ("name", {"name": "Ana Horvat"}),
        ("name", {"familyName": {"hr": ["Horvat"]}}),
        ("birth-date", {"dateOfBirth": "2003-07-31"}),
    ],
)
def test_a_word_names_what_another_format_calls_otherwise(word: str, stated: dict[str, Any]) -> None:
    other = badge("urn:uuid:3", "#a", "A", subject=stated)
    found = given(portfolio(a_sdjwt=selective(), b_json=other, c_json=PLAIN), word)
    assert (list(found.withheld), list(found.left_out)) == (["a.sdjwt"], ["b.json"])


def test_of_a_token_whose_claims_are_not_known_no_mark_is_shown() -> None:
    claims = {"vct": "https://a.example/x", "iss": "did:web:a.example", "iat": 1_700_000_000, "note": "1.7", "of": 1}
    token = issue_sd_jwt(claims, KEY, "did:web:a.example#key", [("of",)]).encode()
    assert list(given(portfolio(a_sdjwt=token, b_json=PLAIN), "marks").left_out) == ["a.sdjwt"]


def test_what_was_not_read_is_left_out() -> None:
    whole = portfolio(b_json=PLAIN)
    unread = UnreadItem("x.json", IntakeError("it is broken", code="portfolio-item"))
    found = given(Portfolio(**{**_members(whole), "items": (*whole.items, unread)}))
    assert list(found.left_out) == ["x.json"]
    assert found.portfolio.partial


def _members(whole: Portfolio) -> dict[str, Any]:
    return {name: getattr(whole, name) for name in Portfolio.__dataclass_fields__}


def test_names_tell_nothing_of_what_is_not_there() -> None:
    names = ("secret.zip/a.json", "a (2).json", "a (3).json", "credential-4.json", "b.json")
    whole = portfolio(b_json=PLAIN)
    items = tuple(PortfolioItem(name, json.dumps(PLAIN).encode()) for name in names)
    found = given(Portfolio(**{**_members(whole), "items": items}), positions=[0, 1, 3])
    kept = [item.name for item in found.portfolio.items]
    assert kept == ["a.json", "a (2).json", "credential-3.json"]
    found = given(Portfolio(**{**_members(whole), "items": items}), positions=[2])
    assert [item.name for item in found.portfolio.items] == ["a.json"]


def test_two_shares_have_no_name_in_common() -> None:
    one, other = given(portfolio(b_json=PLAIN)).portfolio, given(portfolio(b_json=PLAIN)).portfolio
    assert len({one.identifier, other.identifier, one.holder_id, other.holder_id, "urn:a:1", "urn:a:2"}) == 6


def test_a_word_that_names_nothing_is_refused() -> None:
    with pytest.raises(IntakeError) as caught:
        given(portfolio(b_json=PLAIN), "weight")
    assert caught.value.code == "not-shown"
    assert not given(portfolio(b_json=PLAIN), "marks").left_out


def test_positions_are_counted_from_one() -> None:
    assert positions_in(["1", "3-4,2"], 5) == [0, 1, 2, 3]
    for word in ("0", "6", "4-2", "x", "", "-1", "1-", "1-9999999999", "9" * 200):
        with pytest.raises(IntakeError) as caught:
            positions_in([word], 5)
        assert caught.value.code == "no-such-item"
