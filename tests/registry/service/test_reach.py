"""What is missing, late or old is never *not revoked*, *absent* or *accredited*: at every door of the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from registry.database.engine import open_database
from registry.errors import ChainUnavailable
from registry.index.reader import Head
from registry.records import BlockRef
from registry.service.reach import reach_of
from registry.timestamps import from_unix
from registry.verify.freshness import AgeLimits
from tests.registry.service.conftest import GENESIS_TIME, LARGE, Stand, credential, registered, soon, status_set, told

REVOKED, GOOD = credential(1).hex(), credential(5).hex()
UNKNOWN = "ab" * 32
QUERY = "entity_id=1&authority_id=2&action=issue&resource=field%3D06%3Blevels%3D6"
NEGATIVE = (
    f"/v1/credentials/{GOOD}",
    f"/v1/credentials/{UNKNOWN}",
    f"/v1/credentials/{UNKNOWN}/receipts/1/{'cd' * 32}",
    f"/v1/credentials/{UNKNOWN}/absence?issuer=1",
    f"/v1/credentials/{UNKNOWN}/absence?issuer=99",
    f"/v1/credentials?prefix={REVOKED[:4]}",
    "/v1/batches",
    "/v1/batches?issuer=1&newest=true",
    "/v1/parties",
    "/v1/parties/1",
    "/v1/parties/99",
    "/v1/accreditations",
    "/v1/accreditations/1",
    "/v1/recognitions",
    f"/v1/authorization?{QUERY}",
    f"/v1/recognition?{QUERY}",
    f"/v1/authorization?{QUERY.replace('entity_id=1', 'entity_id=99')}",
    "/v1/insights",
    "/v1/status-lists/1/revocation/1",
    "/v1/status-lists/99/revocation/1",
    "/v1/status-lists/1/named/5c6ab9f0-6f0e-4b6e-9b57-2f4c0a4e2d11/revocation",
)


def unconfirmed(stand: Stand) -> None:
    with stand.engine.begin() as connection:
        connection.execute(text("UPDATE indexed_chain SET confirmed_number = 3"))


def behind(stand: Stand) -> None:
    with stand.engine.begin() as connection:
        connection.execute(text("UPDATE indexed_chain SET seen_number = number + 21"))


def unread(stand: Stand) -> None:
    """The contract's first block is not read yet, however few blocks that is behind."""
    with stand.engine.begin() as connection:
        connection.execute(text("UPDATE indexed_chain SET first_block = number + 1"))


def silent(stand: Stand) -> None:
    with stand.engine.begin() as connection:
        connection.execute(text("UPDATE indexed_chain SET seen_at = seen_at - 3600"))


def violated(stand: Stand) -> None:
    with stand.engine.begin() as connection:
        connection.execute(text("UPDATE indexed_chain SET trouble_code = 'finality-violated', trouble_why = 'x'"))


def disagreeing(stand: Stand) -> None:
    with stand.engine.begin() as connection:
        connection.execute(text("UPDATE indexed_chain SET trouble_code = 'chain-disagrees', trouble_why = 'x'"))


def old(stand: Stand) -> None:
    stand.service.horizon._age = AgeLimits()


CAUSES: list[tuple[Callable[[Stand], None], str]] = [
    (unconfirmed, "index-unconfirmed"),
    (behind, "index-behind"),
    (unread, "index-behind"),
    (silent, "chain-silent"),
    (violated, "finality-violated"),
    (disagreeing, "chain-disagrees"),
    (old, "head-stale"),
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def doubted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("doubted")
    url = f"sqlite:///{folder / 'testamur.db'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        url = server.render_as_string(hide_password=False)
    engine = open_database(url)
    yield told(folder, engine)[0]
    engine.dispose()


@pytest.fixture(params=CAUSES, ids=[code for _, code in CAUSES])
def cause(request: pytest.FixtureRequest, doubted: Stand) -> Iterator[str]:
    doubt, code = request.param
    with doubted.engine.begin() as connection:
        before = dict(connection.execute(text("SELECT * FROM indexed_chain")).mappings().one())
    age = doubted.service.horizon._age
    doubt(doubted)
    soon(doubted)
    yield code
    doubted.service.horizon._age = age
    with doubted.engine.begin() as connection:
        kept = ("first_block", "confirmed_number", "seen_number", "seen_at", "trouble_code", "trouble_why")
        assignments = ", ".join(f"{name} = :{name}" for name in kept)
        connection.execute(text(f"UPDATE indexed_chain SET {assignments}"), {name: before[name] for name in kept})
    soon(doubted)


def test_nothing_that_follows_from_what_is_not_there_is_said(doubted: Stand, cause: str) -> None:
    for path in NEGATIVE:
        answer = doubted.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, cause), path
        assert answer.headers["Retry-After"], path
        assert "asOf" in answer.json() or "/author" in path or "/recog" in path, path
        assert not any(word in answer.text for word in ('"absent"', '"revoked":false', '"authorized"')), path
    rows = doubted.client.post("/v1/lookup", json={"digests": [GOOD, UNKNOWN, REVOKED]}).json()["results"]
    assert [row.get("error", {}).get("code") for row in rows] == [cause, cause, None]
    assert all("anchors" not in row for row in rows[:2])
    ready = doubted.client.get("/readyz")
    assert ready.status_code == 503
    assert doubted.client.get("/healthz").status_code == 200


def test_what_was_found_and_proved_is_said_all_the_same(doubted: Stand, cause: str) -> None:
    revoked = doubted.client.get(f"/v1/credentials/{REVOKED}")
    assert revoked.status_code == 200
    assert all(each["status"]["revoked"] is True for each in revoked.json()["anchors"])
    root = revoked.json()["anchors"][0]["receipt"]["inclusion"]["root"]
    assert doubted.client.get(f"/v1/credentials/{REVOKED}/receipts/1/{root}").status_code == 200
    present = doubted.client.get(f"/v1/credentials/{GOOD}/absence?issuer=1")
    assert (present.status_code, present.json()["outcome"]) == (200, "present")
    assert doubted.client.get("/v1").status_code == 200
    events = doubted.client.get("/v1/events?format=csv")
    is_complete = cause not in ("index-unconfirmed", "finality-violated")
    assert events.status_code == (200 if is_complete else 503)


def test_without_a_doubt_all_of_it_is_answered(doubted: Stand) -> None:
    answers = {path: doubted.client.get(path).status_code for path in NEGATIVE}
    assert set(answers.values()) <= {200, 404, 503}
    assert {path for path, status in answers.items() if status == 503} == set()
    content = doubted.client.get(f"/v1/credentials/{GOOD}").json()
    assert content["anchors"][0]["status"] == {"revoked": False, "suspended": False}
    as_of = content["asOf"]
    assert as_of["confirmedBlock"] == as_of["block"]["number"]
    assert as_of["ageSeconds"] > 0


def test_a_late_block_is_a_warning_and_a_very_old_one_an_end(empty: Stand) -> None:
    root = empty.tree(*LARGE[:3])
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, root))
    empty.load()
    newest = GENESIS_TIME + 12 * 2
    horizon, path = empty.service.horizon, f"/v1/credentials/{LARGE[0].hex()}"
    horizon._age = AgeLimits()
    for age, status, warned in ((30, 200, False), (599, 200, False), (700, 200, True), (3601, 503, True)):
        horizon._wall = lambda age=age: newest + age  # type: ignore[misc]
        with empty.engine.begin() as connection:
            connection.execute(text("UPDATE indexed_chain SET seen_at = :now"), {"now": newest + age})
        soon(empty)
        answer = empty.client.get(path)
        as_of = answer.json()["asOf"]
        assert (answer.status_code, "warning" in as_of, as_of["ageSeconds"]) == (status, warned, age)
        assert empty.client.get("/readyz").json()["checks"]["age"]["ok"] is (status == 200)


def test_a_slow_chain_is_late_by_its_own_pace(empty: Stand) -> None:
    head = empty.writer.head()
    assert head is not None
    cursor = BlockRef(100, bytes(32), from_unix(GENESIS_TIME + 100 * 600))
    told = cursor.timestamp.timestamp()
    head = replace(head, cursor=cursor, confirmed=100, seen=100, seen_at=told + 4000.0)
    hour = told + 4000
    alone = reach_of(head, hour, lag=20, age=AgeLimits())
    paced = reach_of(head, hour, lag=20, age=AgeLimits(), before=BlockRef(0, bytes(32), from_unix(GENESIS_TIME)))
    assert (alone.age.code, paced.age.code, paced.doubt) == ("head-stale", "head-fresh", None)


def test_a_revocation_that_was_left_out_is_not_told_as_none(empty: Stand) -> None:
    """The first index of a chain, on its way: what it has not seen yet is not said."""
    root = empty.tree(*LARGE[:3])
    empty.mine(registered(1))
    head = _head(empty)
    empty.writer.add(head, [], empty.mark(2), seen=2, complete=False)
    empty.load()
    soon(empty)
    answer = empty.client.get(f"/v1/credentials/{LARGE[0].hex()}/absence?issuer=1")
    assert (answer.status_code, answer.json()["code"]) == (503, "index-unconfirmed")
    # Not until all of it is, whatever comes after.
    empty.mine(empty.anchored(1, root))
    empty.mine(status_set(1, root, 0))
    empty.load()
    soon(empty)
    leaf = empty.leaves[root][0].hex()
    assert empty.client.get(f"/v1/credentials/{leaf}").json()["anchors"][0]["status"]["revoked"] is True
    assert empty.client.get(f"/v1/credentials/{empty.leaves[root][1].hex()}").status_code == 503
    empty.writer.confirm(_head(empty), 4)
    soon(empty)
    assert empty.client.get(f"/v1/credentials/{empty.leaves[root][1].hex()}").status_code == 200


def _head(stand: Stand) -> Head:
    head = stand.writer.head()
    assert head is not None
    return head


def test_the_service_of_the_settings_judges_the_age(tmp_path: Path) -> None:
    from anchor.serving import service_of
    from anchor.settings import Settings
    from anchor.workspace import Workspace
    from registry.index.reader import Index
    from registry.trees.folder import FolderTrees

    engine = open_database(f"sqlite:///{tmp_path / 'testamur.db'}")
    settings: Any = Settings(data_folder=tmp_path, chain="http://127.0.0.1:9", head_age_seconds=60, index_lag=3)
    workspace = Workspace(settings)
    for chain, late in (("eip155:1", 60), ("eip155:1414747213", None)):
        service = service_of(workspace, Index(engine, chain, "0x" + "11" * 20), FolderTrees(tmp_path))
        assert service.limits.age is not None
        assert service.limits.age.late_seconds == late
        assert (service.limits.ready_lag, service.horizon._lag, service.horizon._age) == (3, 3, service.limits.age)
    engine.dispose()


def test_what_a_client_keeps_does_not_outlive_a_doubt(empty: Stand) -> None:
    root = empty.tree(credential(1), credential(2))
    empty.mine(registered(1))
    empty.mine(empty.anchored(1, root))
    empty.mine(status_set(1, root, empty.leaves[root].index(credential(1))))
    empty.load()
    asked = f"/v1/credentials/{credential(1).hex()}"
    known = {"If-None-Match": empty.client.get(asked).headers["ETag"]}
    assert empty.client.get(asked, headers=known).status_code == 304
    empty.writer.trouble(ChainUnavailable("gone", code="chain-timeout"))
    soon(empty)
    doubted = empty.client.get(asked, headers=known)
    assert doubted.status_code == 200
    assert "chain-timeout" in doubted.json()["asOf"]["warning"]
