"""When something is away: it is said, nothing is made up, and the service comes back by itself."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient

from registry.database.engine import open_database
from registry.errors import StoreError
from registry.index.leaf_reader import LeafReader
from registry.index.reader import Index
from registry.service.app import create_app
from registry.service.service import Service
from tests.registry.service.conftest import (
    CHAIN,
    CONTRACT,
    LARGE,
    Stand,
    credential,
    registered,
    soon,
    status_set,
    told,
)

PATHS = (
    "/v1",
    f"/v1/credentials/{LARGE[0].hex()}",
    f"/v1/credentials/{'ab' * 32}",
    f"/v1/credentials/{'ab' * 32}/absence?issuer=1",
    "/v1/credentials?prefix=abcd",
    "/v1/batches",
    "/v1/parties",
    "/v1/parties/1",
    "/v1/events",
    "/v1/events?format=csv",
    "/v1/accreditations",
    "/v1/recognitions",
    "/v1/insights?party=1",
)


def everything(stand: Stand) -> list[str]:
    """A path for each route and each kind of answer of the history."""
    found = list(PATHS)
    for number in (0, 1, 2, 3, 7, 1000, 1001, 2000, 3000):
        digest = credential(number).hex()
        found += [f"/v1/credentials/{digest}", f"/v1/credentials?prefix={digest[:4]}"]
        found += [f"/v1/credentials/{digest}/absence?issuer={issuer}" for issuer in (1, 2, 3, 9)]
        found += [f"/v1/credentials/{digest}/receipts/1/{root.hex()}" for root in stand.leaves]
    for root in stand.leaves:
        found += [f"/v1/batches/{issuer}/{root.hex()}" for issuer in (1, 2, 3)]
        found.append(f"/v1/events?root={root.hex()}&format=ndjson")
    found += [f"/v1/batches?limit=2&cursor={block}.0&newest={way}" for block in (3, 7) for way in ("true", "false")]
    found += ["/v1/parties/2", "/v1/parties?after=1&limit=1", "/v1/events?limit=3", "/v1/events?party=3&format=csv"]
    return found


def without_moment(answer: Any) -> tuple[int, bytes]:
    """When the chain was read is of the test's run, not of what was told."""
    content = answer.content
    while (at := content.find(b'"chainSeenAt":"')) >= 0:
        content = content[:at] + content[at + len(b'"chainSeenAt":"') + 21 :]
    content = re.sub(rb'"ageSeconds":\d+', b"", content)
    return answer.status_code, content


def test_both_databases_answer_alike(stand: Stand, tmp_path: Path, postgres_url: str) -> None:
    engine = open_database(postgres_url)
    try:
        other, _ = told(tmp_path, engine)
        assert other.leaves == stand.leaves
        paths = everything(stand)
        for path in paths:
            assert without_moment(other.client.get(path)) == without_moment(stand.client.get(path)), path
        body = {"digests": [credential(number).hex() for number in range(0, 3002, 7)]}
        ours, theirs = (each.client.post("/v1/lookup", json=body) for each in (stand, other))
        assert without_moment(ours) == without_moment(theirs)
    finally:
        engine.dispose()


def test_a_server_that_closed_its_connections_is_used_again(tmp_path: Path, postgres_url: str) -> None:
    engine = open_database(postgres_url)
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    try:
        stand, _ = told(tmp_path, engine)
        path = f"/v1/credentials/{LARGE[0].hex()}"
        before = without_moment(stand.client.get(path))
        assert before[0] == 200
        with admin.connect() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            connection.execute(text(f"{others} WHERE datname = current_database() AND pid <> pg_backend_pid()"))
        soon(stand)
        answers = [without_moment(stand.client.get(path)) for _ in range(6)]
        assert answers[-1] == before
        assert {status for status, _ in answers} <= {200, 503}
    finally:
        engine.dispose()
        admin.dispose()


def test_threads_that_end_leave_no_connections(tmp_path: Path, postgres_url: str) -> None:
    engine = open_database(postgres_url)
    try:
        told(tmp_path, engine)
        reader = LeafReader(engine)
        for _ in range(12):
            thread = threading.Thread(target=reader.located, args=(1, LARGE[0]))
            thread.start()
            thread.join()
        with engine.connect() as connection:
            count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            assert connection.execute(text(count)).scalar_one() < 8
        assert reader.located(1, LARGE[0])
    finally:
        engine.dispose()


def test_a_database_that_is_away_is_said(empty: Stand) -> None:
    with empty.engine.begin() as connection:
        for table in ("indexed_leaf", "indexed_chain"):
            connection.execute(text(f"ALTER TABLE {table} RENAME TO away_{table}"))
    for path in PATHS:
        soon(empty)
        empty.service.horizon._known = None
        answer = empty.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "database"), path
        assert answer.headers["Retry-After"] == "5"
        assert "indexed" not in answer.text
        assert "absent" not in answer.text
    assert empty.client.get("/readyz").status_code == 503
    assert empty.client.get("/healthz").status_code == 200


def test_where_nothing_is_indexed_that_is_said(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'testamur.db'}")
    service = Service(Index(engine, CHAIN, CONTRACT), _Away())
    client = TestClient(create_app(service), raise_server_exceptions=False)
    for path in PATHS:
        answer = client.get(path)
        assert answer.status_code == 503, path
        assert answer.json()["code"] in ("no-index", "not-yet-read"), path
    assert client.get("/readyz").status_code == 503
    assert client.get("/metrics").status_code == 200
    engine.dispose()


class _Away:
    """A tree store that does not answer."""

    def __getattr__(self, name: str) -> Any:
        def silent(*_: object, **__: object) -> Any:
            raise StoreError("the tree store does not answer", code="trees-unavailable", remedy="Try again soon.")

        return silent


def test_trees_that_are_away_are_not_the_same_as_no_anchor(stand: Stand) -> None:
    service = Service(stand.index, _Away())
    client = TestClient(create_app(service), raise_server_exceptions=False)
    for path in (
        f"/v1/credentials/{LARGE[0].hex()}",
        f"/v1/credentials?prefix={LARGE[0].hex()[:4]}",
        f"/v1/credentials/{'ab' * 32}/absence?issuer=1",
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "trees-unavailable"), path
    (row,) = client.post("/v1/lookup", json={"digests": [LARGE[0].hex()]}).json()["results"]
    assert row["error"]["code"] == "trees-unavailable"
    assert "anchors" not in row
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["trees"]["ok"]) == (503, False)


def test_a_revocation_is_never_lost_to_what_is_kept(empty: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index moves on between reading its version and reading its rows, and between two reads of rows."""
    root = empty.tree(*LARGE[:4])
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, root))
    empty.load()
    leaf = empty.leaves[root].index(LARGE[0])
    words = empty.index.status_words_with
    told_once = iter([True])

    def late(*given: Any) -> Any:
        found = words(*given)
        if next(told_once, False):
            empty.mine(status_set(1, root, leaf))
        return found

    monkeypatch.setattr(empty.index, "status_words_with", late)
    # The time stands still in a request, however slow the machine is.
    now = time.monotonic()
    monkeypatch.setattr(empty.service.horizon, "_clock", lambda: now)
    before = empty.client.get(f"/v1/credentials/{LARGE[0].hex()}").json()
    assert before["asOf"]["block"]["number"] == 2
    now += 1
    after = empty.client.get(f"/v1/credentials/{LARGE[0].hex()}").json()
    assert after["asOf"]["block"]["number"] == 3
    assert after["anchors"][0]["status"]["revoked"] is True
