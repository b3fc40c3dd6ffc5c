"""The commands for jobs and keys, as a person runs them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from anchor.books.folder import DataFolder
from anchor.books.jobs import JobStore
from anchor.books.keys import KeyStore
from anchor.books.tables import BatchState, JobState, api_key, batch, job
from registry.embedded.genesis import CHAIN_ID
from tests.anchor.issuer import credential
from tests.conftest import Run


@pytest.fixture
def queued(run: Run, tmp_path: Path) -> str:
    (tmp_path / "a.jsonl").write_bytes(credential(1) + b"\nbad\n")
    ran = run("anchor", "--queue", "a.jsonl", "--issuer", 3, "--json")
    assert ran.code == 3, ran.out
    return str(ran.json["id"])


def test_queue(run: Run, queued: str, tmp_path: Path) -> None:
    shown = run("jobs", "show", queued, "--json").json
    assert (shown["state"], shown["issuer"], shown["source"], shown["rejected"]) == ("pending", 3, "command", 1)
    assert shown["rejects"][0]["line"] == 2
    assert [step["state"] for step in shown["steps"]] == ["receiving", "pending"]
    assert [one["id"] for one in run("jobs", "list", "--json").json] == [queued]
    assert queued in run("jobs", "list").out
    assert run("jobs", "list", "--state", "cancelled", "--json").json == []
    assert run("jobs", "list", "--issuer", 4, "--json").json == []
    assert "pending" in run("jobs", "show", queued).out
    assert run("jobs", "show", "nothing").code == 1


def test_queue_refuses(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(credential(1) + b"\nbad\n")
    for more, code in (
        (["a.jsonl", "--strict"], "rejects"),
        (["a.jsonl", "--wait"], "queue"),
        (["missing.jsonl"], "unreadable"),
        ([], "queue"),
    ):
        ran = run("anchor", "--queue", "--issuer", 3, "--json", *more)
        assert (ran.code, ran.json["error"]["code"]) == (1, code)
    assert run("anchor", "--queue", "a.jsonl", "--json").json["error"]["code"] == "no-issuer"


def test_cancel(run: Run, queued: str) -> None:
    assert run("jobs", "cancel", queued, "--json").json["state"] == "cancelled"
    assert run("jobs", "cancel", queued, "--whole-batch").code == 0
    assert run("jobs", "retry", queued, "--json").json["error"]["code"] == "not-parked"
    assert run("jobs", "park", queued, "--json").json["error"]["code"] == "cannot-park"


def test_park_and_retry(run: Run, queued: str, tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "testamur-data")
    with folder.engine.begin() as connection:
        found = connection.execute(select(job).where(job.c.id == queued)).mappings().one()
        row = {name: found[name] for name in ("chain", "contract", "issuer")}
        added = insert(batch).values(**row, root=bytes(32), leaf_count=1, state=BatchState.SEALED, sealed_at=1)
        number = connection.execute(added.returning(batch.c.id)).scalar_one()
        connection.execute(update(job).values(state=JobState.SEALED, batch=number))
    parked = run("jobs", "park", queued, "--why", "holidays", "--json").json
    assert (parked["state"], parked["parked"]) == ("parked", {"code": "by-person", "why": "holidays"})
    assert "holidays" in run("jobs", "show", queued).out
    run("anchor", "--queue", "a.jsonl", "--issuer", 4)
    for state, count in (("parked", 1), ("sealed", 0), ("pending", 1), ("final", 0)):
        found = run("jobs", "list", "--state", state, "--limit", 1, "--json").json
        assert [each["state"] for each in found] == [state] * count
    assert run("jobs", "retry", queued, "--json").json["state"] == "sealed"
    assert run("jobs", "cancel", queued, "--json").json["cancelRequested"]
    happened = run("jobs", "show", queued, "--json").json["history"]
    assert [one["state"] for one in happened] == ["parked", "sealed", "sealed"]
    folder.close()


def test_keys(run: Run, tmp_path: Path) -> None:
    made = run("key", "add", "--name", "registrar", "--issuer", 3, "--json").json
    assert made["key"].startswith("tst_")
    text = run("key", "add", "--name", "other", "--issuer", 4).out
    assert "tst_" in text
    listed = run("key", "list", "--json")
    assert [(one["issuer"], one["name"]) for one in listed.json] == [(3, "registrar"), (4, "other")]
    assert "tst_" not in listed.out + run("key", "list").out
    folder = DataFolder(tmp_path / "testamur-data")
    with folder.engine.connect() as connection:
        stored = connection.execute(select(api_key)).all()
    assert made["key"] not in str(stored)
    contract = stored[0].contract
    keys = KeyStore(folder.engine, f"eip155:{CHAIN_ID}", contract)
    assert keys.issuer_of(made["key"]) == 3
    assert keys.issuer_of(made["key"][:-1]) is None
    assert run("key", "revoke", made["id"], "--json").json == {"id": made["id"], "revoked": True}
    assert keys.issuer_of(made["key"]) is None
    assert run("key", "revoke", made["id"], "--json").json["error"]["code"] == "unknown-key"
    assert JobStore(folder.engine, f"eip155:{CHAIN_ID}", contract).all() == []
    folder.close()


def test_a_daemon_that_stops_by_itself_tells_a_script_why(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anchor.daemon.run.run_daemon", lambda *_, **__: "block 7 is another one")
    told = run("daemon", "--json")
    assert (told.code, told.json["error"]["code"]) == (4, "finality-violated")
    assert "block 7 is another one" in run("daemon").out
