"""What is fetched of strangers: bounded, over TLS, from public hosts, once; whatever else happens is unknown."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import Unfetched
from registry.online import fetching
from registry.online.dids import DidDocuments, did_web_url
from registry.online.fetching import Fetcher, is_public, place_of
from tests.registry.online.servers import Served, answer, serving

JSON = "application/json"
MOST = 1000


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as server:
        yield server


def test_a_document_is_fetched_once(served: Served) -> None:
    served.answers["/a?b=c"] = answer({"a": 1})
    fetcher = served.fetcher()
    assert [fetcher.json(served.url("/a?b=c"), JSON, MOST) for _ in range(3)] == [{"a": 1}] * 3
    assert served.asked == ["/a?b=c"]


def test_chunks_are_put_together(served: Served) -> None:
    served.answers["/a"] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"
    assert served.fetcher().json(served.url("/a"), JSON, MOST) == [1, 2]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (answer({}, 404), "unusable"),
        (answer({}, 500), "unusable"),
        (answer({}, 301, Location="https://example.org/"), "unusable"),
        (answer({}, 302, Location="/elsewhere"), "unusable"),
        (answer(b"<html>"), "unusable"),
        (answer(b'{"a": 1, "a": 2}'), "unusable"),
        (answer(b"[" * 500 + b"]" * 500), "unusable"),
        (answer(b" " * MOST + b"{}"), "unusable"),
        (answer({}, Content_Encoding="gzip"), "unusable"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (4 << 20), "unusable"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}", "unreachable"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}", "unreachable"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n{}", "unreachable"),
        (b"HTTP/1.1 100 Wait\r\n\r\n" * 10_000, "unreachable"),
        (b"SSH-2.0-nothing\r\n", "unreachable"),
        (b"", "unreachable"),
    ],
)  # fmt: skip
def test_whatever_is_no_plain_answer_is_unknown(served: Served, said: bytes, code: str) -> None:
    served.answers["/a"] = said
    served.answers["/elsewhere"] = answer({})
    with pytest.raises(Unfetched) as refused:
        served.fetcher().json(served.url("/a"), JSON, MOST)
    assert refused.value.code == code
    assert served.asked == ["/a"]  # nothing was followed


def drip(served: Served) -> Callable[[Callable[[bytes], None]], None]:
    """A header that never ends, a sign at a time, as fast as the client takes it, and then nothing more."""

    def send(sent: Callable[[bytes], None]) -> None:
        sent(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(50):
            sent(b"x")
        served.ended.wait(30)

    return send


def test_who_does_not_come_to_an_end_is_left_and_not_waited_for_again(served: Served) -> None:
    served.answers |= {f"/{number}": drip(served) for number in range(4)}
    fetcher = served.fetcher(seconds=0.2)
    for number in range(4):
        with pytest.raises(Unfetched) as silent:
            fetcher.json(served.url(f"/{number}"), JSON, MOST)
        assert silent.value.code == "unreachable"
    assert served.asked == ["/0", "/1"]


def test_nothing_is_asked_for_any_more_after_all_took_too_long(served: Served) -> None:
    """As many names as wanted lead to one slow host, and each of them would have its own time."""
    served.answers |= {"/slow": drip(served), "/quick": answer({})}
    fetcher = served.fetcher(seconds=0.2, in_all=0.1)
    with pytest.raises(Unfetched) as silent:
        fetcher.json(served.url("/slow"), JSON, MOST)
    assert silent.value.code == "unreachable"
    with pytest.raises(Unfetched) as refused:
        fetcher.json(served.url("/quick"), JSON, MOST)
    assert refused.value.code == "too-many"
    assert served.asked == ["/slow"]


def test_a_host_whose_name_is_looked_up_for_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(fetching.socket, "getaddrinfo", lambda *_, **__: ended.wait(30) and [])
    with pytest.raises(Unfetched, match="no address"):
        Fetcher(seconds=0.05).json("https://slow.example/", JSON, MOST)
    ended.set()


def test_only_so_many_are_fetched_in_a_run(served: Served) -> None:
    served.answers |= {f"/{number}": answer(number) for number in range(3)}
    fetcher = served.fetcher(most=2)
    assert [fetcher.json(served.url(f"/{number}"), JSON, MOST) for number in range(2)] == [0, 1]
    with pytest.raises(Unfetched) as refused:
        fetcher.json(served.url("/2"), JSON, MOST)
    assert refused.value.code == "too-many"
    assert fetcher.json(served.url("/0"), JSON, MOST) == 0  # what is known is known


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "169.254.169.254", "10.0.0.1", "[::1]", "[::ffff:10.0.0.1]"]
)
def test_hosts_that_are_not_of_the_public_internet_are_not_connected_to(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching.socket, "create_connection", lambda *_: pytest.fail("connected"))
    with pytest.raises(Unfetched, match="not of the public internet"):
        Fetcher().json(f"https://{host}/", JSON, MOST)


def test_one_address_that_is_not_allowed_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    infos = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in ("93.184.215.14", "127.0.0.1")]
    monkeypatch.setattr(fetching.socket, "getaddrinfo", lambda *_, **__: infos)
    monkeypatch.setattr(fetching.socket, "create_connection", lambda *_: pytest.fail("connected"))
    with pytest.raises(Unfetched, match="not of the public internet"):
        Fetcher().json("https://two.example/", JSON, MOST)


def test_a_name_is_looked_up_once_and_the_address_that_was_looked_at_is_the_one(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that leads elsewhere the second time it is asked for (DNS rebinding) is not asked for a second time."""
    served.answers["/a"] = answer({})
    asked, connected = [], []
    real, connect = socket.getaddrinfo, socket.create_connection

    def look_up(host: str, *arguments: object, **options: object) -> object:
        if host == "localhost":
            asked.append(host)
        return (
            real("127.0.0.1", served.port, type=socket.SOCK_STREAM)
            if host == "localhost"
            else real(host, *arguments, **options)
        )  # type: ignore[arg-type, call-overload]

    def connect_to(address: tuple[str, int], *arguments: object) -> socket.socket:
        connected.append(address[0])
        return connect(address, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(fetching.socket, "getaddrinfo", look_up)
    monkeypatch.setattr(fetching.socket, "create_connection", connect_to)
    assert served.fetcher().json(served.url("/a"), JSON, MOST) == {}
    assert asked == ["localhost"]
    assert connected == ["127.0.0.1"]


def test_another_authoritys_certificate_is_not_accepted(served: Served) -> None:
    fetcher = Fetcher(allows=lambda address: address.is_loopback, context=ssl.create_default_context())
    with pytest.raises(Unfetched, match="certificate"):
        fetcher.json(served.url("/a"), JSON, MOST)
    assert served.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/", "ftp://a.example/", "file:///etc/passwd", "https:///a", "https://", "", "a",
        "https://user@a.example/", "https://user:word@a.example/", "https://a.example:0/", "https://a.example:99999/",
        "https://a.example/\r\nX: y", "https://a.example/ b", "https://a.example/\u0000", "https://\u0430.example/",
        "https://[::1/", "https://a.example/" + "a" * 2000, f"https://{'a' * 64}.example/", "https://a.example\\@b/",
    ],
)  # fmt: skip
def test_addresses_that_are_not_asked(url: str) -> None:
    with pytest.raises(Unfetched) as refused:
        place_of(url)
    assert refused.value.code == "not-https"


@given(st.text(max_size=60))
def test_no_text_makes_a_request_of_two_lines(text: str) -> None:
    try:
        place = place_of(f"https://a.example/{text}")
    except Unfetched:
        return
    assert place.target.isascii()
    assert place.target.isprintable()
    assert " " not in place.target


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True), ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("127.0.0.1", False), ("10.1.2.3", False), ("192.168.0.1", False), ("100.64.0.1", False), ("0.0.0.0", False),
        ("224.0.0.1", False), ("233.252.0.1", False), ("255.255.255.255", False), ("169.254.169.254", False),
        ("::", False), ("::1", False), ("fe80::1", False), ("fec0::1", False), ("fd00::1", False), ("ff02::1", False),
        ("::ffff:127.0.0.1", False), ("64:ff9b::7f00:1", False), ("64:ff9b::5db8:d70e", True),
        ("::127.0.0.1", False), ("::ffff:0:127.0.0.1", False), ("3fff::1", False), ("5f00::1", False),
        ("2606:4700::5efe:7f00:1", False), ("2606:4700::200:5efe:a00:1", False), ("2606:4700::5efe:808:808", True),
        ("4000::1", False), ("64:ff9b:1::a00:1", False), ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:f5ff:fffe", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


@pytest.mark.parametrize(
    ("did", "url"),
    [
        ("did:web:a.example", "https://a.example/.well-known/did.json"),
        ("did:web:a.example%3A8443", "https://a.example:8443/.well-known/did.json"),
        ("did:web:a.example:b:c", "https://a.example/b/c/did.json"),
    ],
)
def test_where_the_document_of_a_did_is(did: str, url: str) -> None:
    assert did_web_url(did) == url


@pytest.mark.parametrize(
    "did",
    [
        "did:web:", "did:web::a", "did:web:a.example:..:b", "did:web:a.example:%2e%2e", "did:web:a.example:b%2Fc",
        "did:web:a.example:", "did:web:a.example%2Fb", "did:web:a%40b.example", "did:web:a.example%3Ax", "did:key:z6Mk",
        "did:web:a.example%3F", "did:web:a.example:%252e",
    ],
)  # fmt: skip
def test_dids_that_lead_nowhere(did: str) -> None:
    with pytest.raises(Unfetched):
        did_web_url(did)


def test_what_is_handed_in_is_not_fetched_and_nothing_is_without_leave(served: Served) -> None:
    did = served.did()
    given_document = {"id": did, "given": True}
    assert DidDocuments({did: given_document}, served.fetcher()).document(did) == given_document
    with pytest.raises(Unfetched) as refused:
        DidDocuments().document(did)
    assert refused.value.code == "not-online"
    served.serve(did, {"id": did})
    assert DidDocuments({}, served.fetcher()).document(did) == {"id": did}
    served.answers["/a/did.json"] = answer([])
    with pytest.raises(Unfetched):
        DidDocuments({}, served.fetcher()).document(served.did("a"))
