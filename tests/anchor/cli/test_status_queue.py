"""Statuses that a person gives to the daemon, and batches that are voided."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Run


@pytest.fixture
def root(run: Run, diplomas: Path) -> str:
    assert run("issuer", "register", "--uri", "did:web:university.example").code == 0
    anchored = run("anchor", diplomas, "--json").json
    return str(anchored["batches"][0]["root"])


def test_a_person_queues_looks_and_takes_back(run: Run, root: str, diplomas: Path) -> None:
    file = diplomas / "001.json"
    ran = run("revoke", "--queue", file, "--reason", "issued-in-error", "--note", "a slip", "--urgent", "--json")
    assert ran.code == 0, ran.out
    job = ran.json["id"]
    assert (ran.json["act"], ran.json["state"], ran.json["source"], ran.json["note"]) == (
        "revoke",
        "pending",
        "command",
        "a slip",
    )
    assert [each["id"] for each in run("jobs", "list", "--statuses", "--json").json] == [job]
    assert [each["id"] for each in run("jobs", "list", "--statuses", "--state", "pending", "--json").json] == [job]
    for other in ("final", "receiving"):
        assert run("jobs", "list", "--statuses", "--state", other, "--json").json == []
    shown = run("jobs", "show", job)
    assert "revoke" in shown.out
    assert "a slip" in shown.out
    assert run("jobs", "park", job, "--why", "Friday", "--json").json["parked"] == {
        "code": "by-person",
        "why": "Friday",
    }
    assert run("jobs", "retry", job, "--json").json["state"] == "pending"
    assert run("jobs", "retry", job, "--json").json["error"]["code"] == "not-parked"
    assert run("jobs", "cancel", job, "--json").json["state"] == "cancelled"
    voided = run("void", root, "--queue", "--reason", "key-compromise", "--json").json
    assert (voided["act"], voided["batch"]) == ("void", root)
    for words, code in (
        (("revoke", "--queue", "--dry-run", file), "queue"),
        (("revoke", "--urgent", file), "queue"),
        (("suspend", "--queue", "ab" * 32), "not-anchored"),
        (("suspend", "--queue", file, "--not-before", "soon"), "time"),
        (("void", "0x12"), "root"),
        (("void", "ab" * 32), "unknown-batch"),
        (("void", "--queue", "ab" * 32), "unknown-batch"),
    ):
        assert run(*words, "--json").json["error"]["code"] == code, words
    # Nothing of it has changed anything.
    assert run("verify", file, "--json").code == 0
    # Without the daemon a batch is voided at once.
    assert run("void", root, "--dry-run", "--json").json["voided"] is False
    done = run("void", root, "--reason", "key-compromise", "--json").json
    assert (done["voided"], done["already"]) == (True, False)
    assert run("void", root, "--json").json["already"] is True
    assert run("verify", diplomas / "001.json").code == 1
    # What is to be revoked by itself is not issued again, also where the void leaves nothing to be revoked on chain.
    assert run("revoke", "--queue", file, "--json").json["state"] == "pending"
    again = run("anchor", diplomas, "--reissue", "--json").json
    assert (again["anchoredBefore"], len(list(diplomas.glob("*.json"))) - again["new"]) == (1, 1)
