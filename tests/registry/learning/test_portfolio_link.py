"""A portfolio as a link: all of it behind the sign, read again, and what is damaged or too much refused."""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import IntakeError, SettingsError
from registry.learning.portfolio.link import LONGEST_LINK, LONGEST_READ, MARK, is_link, link_of, portfolio_in_link

PAGE = "https://verify.example/learner"


@given(st.binary(max_size=2_000))
@settings(max_examples=60, deadline=None)
def test_it_is_read_as_it_was_written(content: bytes) -> None:
    link = link_of(content, PAGE)
    assert link.startswith(f"{PAGE}#{MARK}")
    assert is_link(link)
    assert portfolio_in_link(link) == content
    assert portfolio_in_link(f" {link.partition('#')[2]}\n") == content


@given(st.binary(min_size=1, max_size=300), st.data())
@settings(max_examples=150, deadline=None)
def test_a_sign_more_or_less_or_another_is_noticed(content: bytes, data: st.DataObject) -> None:
    link = link_of(content, PAGE)
    start = len(PAGE) + 1 + len(MARK)
    at = data.draw(st.integers(start, len(link) - 1))
    forged = data.draw(
        st.sampled_from(
            [link[:at], link[:at] + link[at + 1 :], link[:at] + "A" + link[at:], link[:at] + "é" + link[at + 1 :]]
        )
        | st.sampled_from("ABCab019-_").map(lambda sign: link[:at] + sign + link[at + 1 :])
    )
    # The last sign of base64 has bits that mean nothing.
    assert read(forged) in (content, "link")


def read(link: str) -> bytes | str:
    try:
        return portfolio_in_link(link)
    except IntakeError as error:
        return error.code


@pytest.mark.parametrize("text", ["", "#", PAGE, f"{PAGE}#other", f"{PAGE}#{MARK}", f"{PAGE}#p2.abc", f"{MARK}a b"])
def test_where_none_is_that_is_said(text: str) -> None:
    with pytest.raises(IntakeError) as caught:
        portfolio_in_link(text)
    assert caught.value.code == "link"


def test_too_much_is_refused_before_it_is_unpacked() -> None:
    bomb = urlsafe_b64encode(zlib.compress(bytes(64 << 20), 9)).decode().rstrip("=")
    for text in (f"{PAGE}#{MARK}{bomb}", "#" + "a" * LONGEST_READ):
        with pytest.raises(IntakeError) as caught:
            portfolio_in_link(text)
        assert caught.value.code == "too-large"


def test_more_follows_than_belongs() -> None:
    body = urlsafe_b64encode(zlib.compress(b"{}") + b"more").decode().rstrip("=")
    with pytest.raises(IntakeError) as caught:
        portfolio_in_link(MARK + body)
    assert caught.value.code == "link"


def test_a_link_that_browsers_would_cut_is_not_made() -> None:
    import random

    content = random.Random(5).randbytes(LONGEST_LINK)
    with pytest.raises(IntakeError) as caught:
        link_of(content, PAGE)
    assert caught.value.code == "link-too-long"


@pytest.mark.parametrize("page", ["https://a.example/x?y=1", "http://localhost:8000/learner", "http://127.0.0.1/"])
def test_addresses_that_are_taken(page: str) -> None:
    assert link_of(b"{}", page).startswith(page + "#")


@pytest.mark.parametrize(
    "page",
    [
        "",
        "learner",
        "http://a.example/",
        "ftp://a.example/",
        "https://",
        "https://a.example/#",
        "https://[",
        "https://a\n",
    ],
)
def test_addresses_that_are_not(page: str) -> None:
    with pytest.raises(SettingsError) as caught:
        link_of(b"{}", page)
    assert caught.value.code == "link-page"
