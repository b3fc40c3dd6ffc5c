"""What goes on chain as a URI."""

from __future__ import annotations

import pytest

from registry.untrusted.uris import read_uri


@pytest.mark.parametrize(
    "text",
    [
        "did:web:university.example",
        "did:web:localhost%3A8080:faculty",
        "did:key:z6Mk#z6Mk",
        "https://university.example/about?a=b#c",
        "https://university.example/[faculty]",
        "http://[::1]:8080/",
        "urn:uuid:1b0c7a1e-0000-4000-8000-00000000003c",
        "ipfs://bafy",
    ],
)
def test_an_absolute_uri_is_taken_as_it_is(text: str) -> None:
    assert read_uri(text) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("My University", "not an absolute URI"),
        ("university.example", "not an absolute URI"),
        ("university.example:8080/about", "not an absolute URI"),
        ("localhost:8080", "not an absolute URI"),
        ("did:web:", "not a DID"),
        ("did:My University", "holds ' '"),
        ("https://", "no host"),
        ("https:///about", "no host"),
        ("https://a..b/", "no host"),
        ("https://u.example:port/", "no host"),
        ("https://université.example", "holds 'é'"),
        ("https://u.example/\x1b[2J", "holds '\\x1b'"),
        ("https://u.example/\u202egpj", "holds '\\u202e'"),
    ],
)
def test_anything_else_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        read_uri(text)
    assert why in str(refused.value)
