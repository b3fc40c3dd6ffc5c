"""Many digests in one request: each is told as it is alone, in pieces, and an answer that fails does not end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from registry.database.engine import open_database
from registry.service.many_digests import DIGESTS_A_PIECE
from tests.postgres import postgres_server, postgres_url
from tests.registry.service.conftest import LARGE, SECOND, VOIDED, Stand, credential, registered, told

__all__ = ["postgres_server", "postgres_url"]

UNKNOWN = sha256(b"nobody's").digest()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    sqlite = f"sqlite:///{tmp_path / 'testamur.db'}"
    opened = open_database(sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    yield opened
    opened.dispose()


def lookup(client: TestClient, digests: list[bytes]) -> Any:
    answer = client.post("/v1/lookup", json={"digests": [each.hex() for each in digests]})
    assert answer.status_code == 200
    return answer.json()


def test_each_is_told_as_it_is_alone(engine: Engine, tmp_path: Path) -> None:
    stand, _ = told(tmp_path, engine)
    everywhere = {"issuer": 1, "digest": LARGE[5], "reason": 2}
    stand.mine(("DigestRevoked", everywhere), stand.anchored(2, stand.tree(LARGE[7], LARGE[8])))
    stand.load()
    digests = [*LARGE[:40], *SECOND, *VOIDED, *LARGE[40:]]
    results = lookup(stand.client, [*digests, UNKNOWN])["results"]
    assert results.pop() == {"digest": UNKNOWN.hex(), "anchors": []}
    for digest, result in zip(digests, results, strict=True):
        alone = stand.client.get(f"/v1/credentials/{digest.hex()}").json()
        alone.pop("asOf")
        assert result == alone
    assert sum("byDigest" in anchor["status"] for each in results for anchor in each["anchors"]) == 1
    statuses = [anchor["status"] for each in results for anchor in each["anchors"]]
    assert all({status[kind] for status in statuses} == {True, False} for kind in ("revoked", "suspended"))


@pytest.mark.parametrize("count", [0, 1, DIGESTS_A_PIECE - 1, DIGESTS_A_PIECE, 2 * DIGESTS_A_PIECE + 1])
def test_in_however_many_pieces_it_is_one_document_that_begins_with_its_block(service: TestClient, count: int) -> None:
    digests = [credential(number) for number in range(count)]
    answer = service.post("/v1/lookup", json={"digests": [each.hex() for each in digests]})
    told = answer.json()
    assert list(told) == ["asOf", "results", "searched"]
    assert [each["digest"] for each in told["results"]] == [digest.hex() for digest in digests]
    assert answer.headers["index-block"] == str(told["asOf"]["block"]["number"])


def test_many_issuers_are_searched_once_each(empty: Stand) -> None:
    issuers = range(1, 41)
    empty.mine(*map(registered, issuers))
    roots = [empty.tree(credential(0), credential(number)) for number in issuers]
    empty.mine(*(empty.anchored(issuer, root) for issuer, root in zip(issuers, roots, strict=True)))
    empty.load()
    missing = empty.tree(credential(900), stored=False)
    empty.mine(empty.anchored(40, missing))
    results = lookup(empty.client, [credential(number) for number in issuers])["results"]
    assert [each.get("notSearched") for each in results] == [None] * 39 + [{"40": 1}]


def test_what_fails_before_the_answer_begins_is_a_problem(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand.service.lookup, "gather", _unreadable)
    answer = stand.client.post("/v1/lookup", json={"digests": [LARGE[0].hex()]})
    assert (answer.status_code, answer.json()["code"]) == (503, "database")


def test_an_answer_that_fails_in_the_middle_never_ends(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    placed, last = stand.service.lookup.place_alike, LARGE[DIGESTS_A_PIECE + 1]

    def failing(gathered: Any, digest: bytes) -> Any:
        return _unreadable() if digest == last else placed(gathered, digest)

    monkeypatch.setattr(stand.service.lookup, "place_alike", failing)
    body = json.dumps({"digests": [each.hex() for each in LARGE]}).encode()
    sent: list[Any] = []

    bodies = [body]

    async def receive() -> dict[str, Any]:
        if not bodies:
            await anyio.sleep_forever()  # the client stays
        return {"type": "http.request", "body": bodies.pop(), "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/lookup", "headers": [], "query_string": b""}
    with pytest.raises(RuntimeError, match="response already started"):
        anyio.run(stand.client.app, scope | {"asgi": {"version": "3.0"}, "http_version": "1.1"}, receive, send)
    start, *pieces = sent
    assert start["status"] == 200
    assert pieces
    assert all(piece["more_body"] for piece in pieces)
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(b"".join(piece["body"] for piece in pieces))


def _unreadable(*_: object) -> Any:
    raise OperationalError("SELECT", None, Exception("gone"))
