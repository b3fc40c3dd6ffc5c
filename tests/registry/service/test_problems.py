"""What is sent to break the service: each gets a problem detail with the right status, never a trace of the inside."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from starlette.testclient import TestClient

from registry.service.lookup import Lookup
from tests.registry.service.conftest import LARGE

DIGEST, ROOT = LARGE[0].hex(), "cd" * 32
ARABIC = "٣" * 64


def refused(answer: Any, *statuses: int) -> dict[str, Any]:
    assert answer.status_code in statuses, (answer.status_code, answer.text[:300])
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    told: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code", "where", "remedy"} <= told.keys()
    assert told["status"] == answer.status_code
    assert told["type"].endswith(f":{told['code']}")
    assert "Traceback" not in answer.text
    assert "sqlite" not in answer.text.lower()
    return told


@pytest.mark.parametrize(
    "path",
    [
        "/v1/credentials/xyz",
        "/v1/credentials/" + ARABIC,
        "/v1/credentials/" + "a" * 63,
        "/v1/credentials/" + "a" * 60_000,
        "/v1/credentials/0X" + DIGEST,
        "/v1/credentials/0x0x" + DIGEST,
        f"/v1/credentials/{DIGEST}%00",
        f"/v1/credentials/{DIGEST}%0a",
        f"/v1/credentials/%20{DIGEST}",
        f"/v1/credentials/{DIGEST}%2f..",
        "/v1/credentials/%ff%fe",
        f"/v1/credentials/{DIGEST}?method=%00",
        f"/v1/credentials/{DIGEST}?method=",
        f"/v1/credentials/{DIGEST}/receipts/0/{ROOT}",
        f"/v1/credentials/{DIGEST}/receipts/-1/{ROOT}",
        f"/v1/credentials/{DIGEST}/receipts/{2**63}/{ROOT}",
        f"/v1/credentials/{DIGEST}/receipts/1/{ARABIC}",
        f"/v1/credentials/{DIGEST}/receipts/1/{ROOT}?method=x",
        f"/v1/credentials/{DIGEST}/receipts/1/{ROOT}?evidence=1",
        f"/v1/credentials/{DIGEST}/receipts/1/{ROOT}",
        f"/v1/credentials/{DIGEST}/absence",
        f"/v1/credentials/{DIGEST}/absence?issuer=0",
        f"/v1/credentials/{DIGEST}/absence?issuer=%00",
        f"/v1/credentials/{DIGEST}/absence?issuer=1e400",
        f"/v1/credentials/{DIGEST}/absence?issuer={'9' * 5000}",
        f"/v1/credentials/{DIGEST}/absence?issuer={2**63 - 1}",
        "/v1/credentials",
        "/v1/credentials?prefix=abc",
        "/v1/credentials?prefix=abcdefabc",
        "/v1/credentials?prefix=zzzz",
        "/v1/credentials?prefix=%D9%A3%D9%A3%D9%A3%D9%A3",
        "/v1/credentials?prefix=abcd%0a",
        "/v1/batches?limit=-1",
        "/v1/batches?limit=0",
        "/v1/batches?limit=1001",
        "/v1/batches?limit=" + "9" * 5000,
        "/v1/batches?limit=1&limit=nan",
        "/v1/batches?newest=perhaps",
        "/v1/batches?cursor=x",
        "/v1/batches?cursor=1.2.3",
        "/v1/batches?cursor=" + "1" * 1000,
        "/v1/batches?cursor=%00",
        "/v1/batches?cursor=%D9%A3.%D9%A3",
        "/v1/batches?cursor=9999999999999999999.0",
        "/v1/batches/1/" + ARABIC,
        f"/v1/batches/1/{ROOT}",
        f"/v1/batches/{2**64}/{ROOT}",
        "/v1/parties?after=-1",
        "/v1/parties?after=x",
        "/v1/parties/0",
        "/v1/parties/%00",
        f"/v1/parties/{2**63 - 1}",
        "/v1/events?root=x",
        "/v1/events?root=" + ARABIC,
        "/v1/events?name=Nothing",
        "/v1/events?name=%00",
        "/v1/events?" + "&".join(["name=Anchored"] * 31),
        "/v1/events?format=xml",
        "/v1/events?from_block=-1",
        f"/v1/events?to_block={2**63}",
        "/v1/events?cursor=garbage",
        "/v1/accreditations?at=%00",
        "/v1/accreditations?body=%00",
        "/v1/accreditations/0",
        "/v1/nothing",
        "/v1/",
        "/redoc",
        "/parties/0",
        "/accreditations/0",
        "/batches?cursor=x",
        "/v1/../etc/passwd",
        "/" + "x" * 60_000,
    ],
)
def test_what_makes_no_sense_is_refused(service: TestClient, path: str) -> None:
    refused(service.get(path), 400, 404, 422)


BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "not an object": b"[]",
    "a number": b"1",
    "null": b"null",
    "NaN": b'{"digests": [NaN]}',
    "numbers": b'{"digests": [1, 2]}',
    "nulls": b'{"digests": [null]}',
    "a text": b'{"digests": "%s"}' % DIGEST.encode(),
    "none": b'{"digest": []}',
    "deep": b'{"digests": ' + b"[" * 200_000,
    "deep and whole": b'{"digests": ' + b"[" * 900 + b"]" * 900 + b"}",
    "deep objects": b'{"a":' * 100_000,
    "no UTF-8": b'{"digests": ["\xff\xfe"]}',
    "half a pair": b'{"digests": ["\\ud800"]}',
    "huge number": b'{"digests": [' + b"9" * 100_000 + b"]}",
    "the last of two": b'{"digests": [], "digests": 5}',
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["/v1/lookup", "/v1/authorization", "/v1/recognition"])
def test_bodies_that_make_no_sense_are_refused(service: TestClient, path: str, name: str) -> None:
    headers = {"Content-Type": "application/json"}
    refused(service.post(path, content=BODIES[name], headers=headers), 400, 413, 415, 422)


def test_half_a_pair_of_characters_in_a_query_of_a_registry_is_refused(service: TestClient) -> None:
    for name in ("entity_id", "authority_id", "action", "resource"):
        body = {"entity_id": "1", "authority_id": "2", "action": "issue", "resource": "x"}
        content = str(body | {name: "HALF"}).replace("'", '"').replace("HALF", "\\ud800\\u0000").encode()
        answer = service.post("/v1/authorization", content=content, headers={"Content-Type": "application/json"})
        refused(answer, 400, 404, 422)


def test_the_last_of_two_lists_counts(service: TestClient) -> None:
    answer = service.post("/v1/lookup", content=b'{"digests": [], "digests": ["%s"]}' % DIGEST.encode())
    assert [row["digest"] for row in answer.json()["results"]] == [DIGEST]
    assert service.post("/v1/lookup", content=b'{"digests": []}').json()["results"] == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST", "OPTIONS", "NONSENSE"])
@pytest.mark.parametrize("path", ["/v1/batches", f"/v1/credentials/{DIGEST}", "/v1"])
def test_other_methods_are_refused(service: TestClient, method: str, path: str) -> None:
    told = refused(service.request(method, path), 405)
    assert told["code"] == "http"


@pytest.mark.parametrize("path", ["/v1", f"/v1/credentials/{DIGEST}", "/v1/events", "/v1/parties/1", "/metrics"])
def test_head_is_get_without_what_is_in_it(service: TestClient, path: str) -> None:
    head, get = service.head(path), service.get(path)
    assert head.status_code == get.status_code == 200
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert head.headers.get("ETag") == get.headers.get("ETag")


@pytest.mark.parametrize("digest", [DIGEST, "ab" * 32])
@pytest.mark.parametrize("query", ["", "?method=vc-jcs", "?method=nonsense", "?issuer=2", "?issuer=x"])
def test_the_digits_may_be_large_and_have_a_prefix(service: TestClient, digest: str, query: str) -> None:
    # Only small digits without a prefix are answered before they come to FastAPI.
    plain = service.get(f"/v1/credentials/{digest}{query}")
    for written in (digest.upper(), f"0x{digest}", f"0x{digest.upper()}"):
        routed = service.get(f"/v1/credentials/{written}{query}")
        assert (routed.status_code, routed.headers) == (plain.status_code, plain.headers)
        told, expected = routed.json(), plain.json()
        # A second may have passed.
        for each in (told, expected):
            each.get("asOf", {}).pop("ageSeconds", None)
        assert told == expected


def test_a_lookup_that_fails_says_so_either_way(service: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(Lookup, "find", fails)
    quiet = TestClient(service.app, raise_server_exceptions=False)
    for written in (DIGEST, DIGEST.upper()):
        told = refused(quiet.get(f"/v1/credentials/{written}"), 500)
        assert told["code"] == "internal"
        assert "nobody thought" not in str(told)


def test_pages_of_any_origin_may_read(service: TestClient) -> None:
    asked = {"Origin": "https://any.example", "Access-Control-Request-Method": "POST"}
    before = service.options("/v1/lookup", headers=asked)
    assert (before.status_code, before.headers["Access-Control-Allow-Origin"]) == (204, "*")
    for path in ("/v1", "/v1/nothing", f"/v1/credentials/{ROOT}"):
        answer = service.get(path, headers={"Origin": "https://any.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Origin" not in answer.headers.get("Vary", "")
