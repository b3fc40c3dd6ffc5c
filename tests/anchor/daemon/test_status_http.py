"""Status jobs over HTTP, as an issuer's program meets them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from starlette.testclient import TestClient

from anchor.books.batches import Leaf
from anchor.books.deeds import DeedStore, NewDeed, Word
from anchor.books.keys import KeyStore
from anchor.books.status_jobs import NewStatusJob, Resolved, StatusJob, StatusJobStore, Way
from anchor.books.tables import StatusJobState, status_job
from anchor.daemon.jobs_api import create_intake_app
from anchor.intake.statuses import read_status_job
from registry.errors import IntakeError, NotPossible
from registry.records import Act
from tests.anchor.daemon.test_jobs_api import assert_problem
from tests.anchor.issuer import CHAIN, CONTRACT, Site

ADA, BOB = (sha256(name).digest() for name in (b"ada", b"bob"))
AT = "/v1/status-jobs"


def key_of(site: Site, issuer: int) -> dict[str, str]:
    key = KeyStore(site.engine, CHAIN, CONTRACT).add(issuer, "test")[1]
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def client(site: Site) -> Iterator[TestClient]:
    """Of issuer 1, whose credentials are one in a batch and one in a job that waits."""
    for issuer, digest in ((1, ADA), (2, ADA), (1, BOB)):
        job, _ = site.jobs.begin(issuer, "command")
        site.jobs.accept(job.id, [Leaf(digest, 0, 0, "x", 0)], [])
        if digest is ADA:
            site.seal()
    app = create_intake_app(
        site.folder, CHAIN, CONTRACT, notices=site.notices, poll_seconds=0.01, heartbeat_seconds=0.02
    )
    with TestClient(app, headers=key_of(site, 1)) as opened:
        yield opened


def body(**members: Any) -> dict[str, Any]:
    return {"act": "revoke", "digests": [ADA.hex()]} | members


def test_a_revocation_comes_in_and_is_told_of(client: TestClient, site: Site) -> None:
    asked = body(digests=[ADA.hex(), "0x" + BOB.hex().upper(), ADA.hex()], reason="obtained-by-fraud", urgent=True)
    answer = client.post(AT, json=asked | {"note": "Board 2026/17 \u2603", "notBefore": "2026-12-31T00:00:00Z"})
    assert answer.status_code == 202, answer.text
    found = client.get(answer.headers["location"]).json()
    assert found["digests"] == sorted([ADA.hex(), BOB.hex()])
    facts = [found[name] for name in ("state", "credentials", "reason", "urgent", "note", "notBefore")]
    assert facts == ["pending", 2, "obtained-by-fraud", True, "Board 2026/17 \u2603", "2026-12-31T00:00:00Z"]
    assert [step["state"] for step in found["steps"]] == ["pending"]
    (listed,) = client.get(AT).json()["jobs"]
    assert listed["id"] == found["id"]
    assert [notice.facts["act"] for notice in site.told if notice.event == "status-job-accepted"] == ["revoke"]
    cancelled = client.post(f"{AT}/{found['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert_problem(client.post(f"{AT}/{found['id']}/cancel"), 409, "cannot-cancel")
    events = client.get(f"{AT}/{found['id']}/events", headers={"Last-Event-ID": "1"}).text
    assert ("id: 1" in events, "id: 2" in events, "event: settled" in events) == (False, True, True)


def test_of_places_alone_and_of_what_is_in_no_batch_here(client: TestClient) -> None:
    assert client.post(AT, json=body()).json()["placeOnly"] is False
    assert client.post(AT, json=body(placeOnly=True)).json()["placeOnly"] is True
    unknown = body(digests=["ab" * 32])
    refused = client.post(AT, json=unknown)
    assert_problem(refused, 422, "not-anchored")
    assert "withoutAnchor" in refused.text
    assert client.post(AT, json=unknown | {"withoutAnchor": True}).status_code == 202


def test_a_key_means_one_status_job(client: TestClient) -> None:
    headers = {"Idempotency-Key": "monday"}
    first, again = (client.post(AT, json=body(), headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code, again.headers["idempotent-replay"]) == (202, 200, "true")
    assert first.json()["id"] == again.json()["id"]
    assert_problem(client.post(AT, json=body(act="suspend"), headers=headers), 422, "key-reused")
    assert_problem(client.post(AT, json=body(), headers={"Idempotency-Key": "x" * 201}), 400, "bad-key")


def test_nobody_sees_or_changes_what_is_not_theirs(client: TestClient, site: Site) -> None:
    mine = client.post(AT, json=body()).json()["id"]
    other = {"headers": key_of(site, 2)}
    assert client.get(AT, **other).json()["jobs"] == []
    assert_problem(client.get(f"{AT}/{mine}", **other), 404, "unknown-job")
    assert_problem(client.post(f"{AT}/{mine}/cancel", **other), 404, "unknown-job")
    assert_problem(client.post(AT, json=body(digests=[BOB.hex()]), **other), 422, "not-anchored")
    root = "0x" + site.batches.all(2)[0].root.hex()
    # The same leaf alone is the same root, and each issuer's own batch.
    assert client.post(AT, json={"act": "void", "batch": root}, **other).status_code == 202
    assert_problem(client.post(AT, json={"act": "void", "batch": "0x" + "ab" * 32}, **other), 422, "unknown-batch")
    with TestClient(client.app) as nobody:
        assert_problem(nobody.post(AT, json=body()), 401, "no-key")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (body(act="destroy"), "parameter"),
        (body(act=["revoke"]), "parameter"),
        (body(digests=[]), "parameter"),
        (body(digests=ADA.hex()), "parameter"),
        (body(digests=[ADA.hex()[:-1]]), "given-syntax"),
        (body(digests=[7]), "given-syntax"),
        (body(reason="because"), "reason"),
        (body(reason="under-review"), "reason"),
        (body(urgent="yes"), "parameter"),
        (body(note=5), "parameter"),
        (body(note="x" * 1001), "parameter"),
        (body(note="a\0b"), "parameter"),
        (body(notBefore="tomorrow"), "time"),
        (body(notBefore=17), "time"),
        (body(batch="0x" + "00" * 32), "parameter"),
        (body(force=True), "parameter"),
        (body(placeOnly="yes"), "parameter"),
        (body(placeOnly=True, withoutAnchor=True), "parameter"),
        ({"act": "void", "batch": "0x" + "00" * 32, "placeOnly": True}, "parameter"),
        ({"act": "void", "batch": "0x" + "00" * 32, "withoutAnchor": True}, "parameter"),
        ({"act": "void", "batch": "0x12"}, "parameter"),
        ({"act": "void", "batch": "0x" + "zz" * 32}, "parameter"),
        (body(act="void", batch="0x" + "00" * 32), "parameter"),
        ([], "parameter"),
        ({}, "parameter"),
        (b'{"act": "revoke", "act": "suspend"}', "duplicate-key"),
        (b"{", "syntax"),
        (b"[" * 100, "too-deep"),
        (b'"\\ud800"', "lone-surrogate"),
    ],
)
def test_what_makes_no_sense_is_refused(sent: Any, code: str) -> None:
    content = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    with pytest.raises(IntakeError) as refused:
        read_status_job(content, 1, None)
    assert refused.value.code == code
    assert refused.value.remedy


def test_what_is_refused_leaves_nothing(client: TestClient, site: Site) -> None:
    assert_problem(client.post(AT, json=body(reason="because")), 422, "reason")
    assert_problem(client.post(AT, json=body(digests=[ADA.hex(), "ab" * 32])), 422, "not-anchored")
    many = [f"{number:064x}" for number in range(10_001)]
    assert_problem(client.post(AT, json=body(digests=many)), 413, "too-many")
    assert client.get(AT).json()["jobs"] == []
    told = [notice.facts["code"] for notice in site.told if notice.event == "intake-refused"]
    assert told == ["not-anchored", "too-many"]


def test_a_body_of_another_kind_or_size_is_refused(client: TestClient) -> None:
    assert_problem(client.post(AT, content=b"x", headers={"Content-Type": "text/plain"}), 415, "content-type")
    packed = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert_problem(client.post(AT, content=b"x", headers=packed), 415, "content-encoding")
    long = b'{"note": "' + b"x" * (1 << 20) + b'"}'
    answer = client.post(AT, content=long, headers={"Content-Type": "application/json"})
    assert_problem(answer, 413, "too-large")


def test_a_later_word_counts_from_the_moment_it_is_meant_for(site: Site) -> None:
    store = StatusJobStore(site.engine, CHAIN, CONTRACT)

    def ask(act: Act, not_before: float | None = None) -> Any:
        return store.add(NewStatusJob(1, act, "unspecified", "command", (ADA,), not_before=not_before))[0]

    def overtaken(job: StatusJob, moment: float) -> dict[bytes, bool]:
        return store.overtaken(job, moment, Way.DIGEST)

    now = 2e9
    first = ask(Act.SUSPEND)
    assert overtaken(first, now) == {}
    planned = ask(Act.REINSTATE, not_before=3e9)
    assert overtaken(first, now) == {}
    assert overtaken(first, 3e9) == {ADA: False}
    second = ask(Act.REINSTATE)
    assert overtaken(first, now) == {ADA: False}
    ask(Act.REVOKE)
    assert overtaken(second, now) == overtaken(planned, 4e9) == {}
    third = ask(Act.SUSPEND)
    assert overtaken(second, now) == {ADA: False}
    assert overtaken(planned, 4e9) == overtaken(third, now) == {}
    with site.engine.begin() as connection:
        connection.execute(status_job.update().values(state=StatusJobState.FINAL))
    assert overtaken(second, now) == {ADA: True}
    # A clock that was set back changes no order.
    with site.engine.begin() as connection:
        connection.execute(status_job.update().where(status_job.c.number == third.number).values(created_at=0.0))
    assert overtaken(second, now) == {ADA: True}


def test_a_digest_and_its_places_are_overtaken_each_by_itself(site: Site) -> None:
    store = StatusJobStore(site.engine, CHAIN, CONTRACT)

    def ask(act: Act, *, place_only: bool = False) -> StatusJob:
        return store.add(NewStatusJob(1, act, "unspecified", "command", (ADA,), place_only=place_only))[0]

    def overtaken(job: StatusJob) -> dict[Way, bool]:
        return {way: bool(store.overtaken(job, 2e9, way)) for way in job.ways}

    suspended, there = ask(Act.SUSPEND), ask(Act.SUSPEND, place_only=True)
    lifted, lifted_there = ask(Act.REINSTATE), ask(Act.REINSTATE, place_only=True)
    assert (overtaken(suspended), overtaken(there)) == ({Way.DIGEST: True}, {Way.PLACE: True})
    assert overtaken(lifted) == {Way.DIGEST: False, Way.PLACE: False}
    ask(Act.SUSPEND)
    assert (overtaken(lifted), overtaken(lifted_there)) == ({Way.DIGEST: True, Way.PLACE: False}, {Way.PLACE: False})
    ask(Act.SUSPEND, place_only=True)
    assert (overtaken(lifted), overtaken(lifted_there)) == ({Way.DIGEST: True, Way.PLACE: True}, {Way.PLACE: True})


def test_of_two_daemons_that_plan_at_once_one_is_told_to_look_again(site: Site) -> None:
    store = StatusJobStore(site.engine, CHAIN, CONTRACT)
    job, _ = store.add(NewStatusJob(1, Act.REVOKE, "unspecified", "command", (ADA,)))
    new = [NewDeed(Act.REVOKE, "unspecified", Word(bytes(32), 0), 1, urgent=False, jobs=frozenset({job.number}))]
    result = Resolved(job, StatusJobState.SEALED, due=True)
    with site.engine.begin() as connection:
        store.resolve(connection, [result])
        store.add_deeds(connection, 1, "0xAA", new, newest=0)
    with pytest.raises(NotPossible), site.engine.begin() as connection:
        store.resolve(connection, [result])
    with pytest.raises(NotPossible), site.engine.begin() as connection:
        store.add_deeds(connection, 1, "0xBB", new, newest=0)
    assert len(DeedStore(site.engine, CHAIN, CONTRACT).unsettled(1)) == 1
