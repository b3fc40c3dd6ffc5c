"""A database out of a backup: nothing is sealed or sent with it, and `testamur recover` gives it back what it lacks."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from anchor.books.attempts import AttemptStore
from anchor.books.tables import attempt, batch, leaf
from anchor.sending.behind import Knowledge
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS, PUBLICLY_KNOWN_KEYS
from tests.anchor.begun import begun, files, issuer, working
from tests.conftest import Run

__all__ = ["begun", "issuer"]

DATABASE = Path("testamur-data/testamur.db")


def back_up(name: str = "backup.db") -> None:
    with closing(sqlite3.connect(DATABASE)) as there, closing(sqlite3.connect(name)) as copy:
        there.backup(copy)


def restore(name: str = "backup.db") -> None:
    for ending in ("-wal", "-shm"):
        DATABASE.with_name(DATABASE.name + ending).unlink(missing_ok=True)
    shutil.copyfile(name, DATABASE)


def anchored(run: Run, folder: str, *names: str) -> str:
    ran = run("anchor", files(folder, *names), "--json")
    assert ran.code == 0, ran.out
    return str(ran.json["batches"][-1]["root"])


def refused(run: Run, *arguments: object) -> str:
    ran = run(*arguments, "--json")
    assert ran.code == 1, ran.out
    return str(ran.json["error"]["code"])


def nonce() -> int:
    with working() as here:
        return here.client.nonce(here.signer.address)


def digest_of(run: Run, path: str) -> str:
    return run("digest", path).out.split()[0]


def known() -> dict[str, list[tuple[Any, ...]]]:
    """What a database has of what is on the chain, but for the moments at which it learnt of it."""
    columns = (batch.c.issuer, batch.c.root, batch.c.leaf_count, batch.c.state, batch.c.sequence)
    columns += (batch.c.transaction_hash, batch.c.block_number, batch.c.block_hash, batch.c.block_time)
    leaves = select(leaf.c.digest, leaf.c.leaf_index, batch.c.root).join(batch, batch.c.id == leaf.c.batch)
    sent = select(attempt.c.nonce, attempt.c.hash, attempt.c.raw, attempt.c.succeeded)
    sent = sent.where(attempt.c.purpose.startswith("anchor"))
    with working() as here, here.folder.engine.connect() as connection:
        return {
            name: sorted(map(tuple, connection.execute(query)))
            for name, query in (("batches", select(*columns)), ("leaves", leaves), ("sent", sent))
        }


def test_whenever_the_backup_was_made_everything_on_the_chain_comes_back(run: Run, issuer: int) -> None:
    sets = (("ada",), ("bob", "cyd"), ("eve", "fay", "gus"))
    for number, names in enumerate(sets):
        back_up(f"{number}.db")
        anchored(run, f"set {number}", *names)
    everything, sent = known(), nonce()
    for number in range(len(sets)):
        restore(f"{number}.db")
        assert refused(run, "anchor", files("new", "zoe")) == "database-behind"
        assert refused(run, "revoke", "set 2/eve.json", "--yes") in ("database-behind", "unknown-batches")
        assert run("status").code == 0
        assert (len(known()["batches"]), nonce()) == (number, sent)
        recovered = run("recover", "--json")
        assert recovered.code == 0, recovered.out
        done = recovered.json
        assert (len(done["added"]), done["transactions"], done["missing"]) == (len(sets) - number,) * 2 + ([],)
        assert known() == everything
        # What was anchored is left out now, wherever it was.
        assert run("check", files("all", *chain(*sets), "zoe"), "--json").json["new"] == 1
        assert run("revoke", "set 2/eve.json", "--dry-run", "--json").json["wouldChange"] == 1
    again = run("recover", "--json").json
    assert (again["added"], again["refreshed"], again["transactions"]) == ([], [], 0)
    assert run("audit").code == 0


def test_a_job_of_the_backup_is_in_the_batch_that_it_came_to(run: Run, issuer: int) -> None:
    first = str(run("anchor", "--queue", files("first", "ada", "bob"), "--json").json["id"])
    again = str(run("anchor", "--queue", files("again", "ada", "bob"), "--reissue", "--json").json["id"])
    part = str(run("anchor", "--queue", files("part", "ada", "zoe"), "--json").json["id"])
    anchored(run, "before", "old")
    back_up()
    one = anchored(run, "first")
    run("anchor", files("other", "cyd"))
    two = run("anchor", files("again", "dan"), "--reissue", "--json").json["batches"][-1]["root"]
    restore()
    assert {each["job"]: each["root"] for each in run("recover", "--json").json["jobs"]} == {first: one, again: two}
    shown = run("jobs", "show", first, "--json").json
    assert (shown["state"], shown["batch"]["root"]) == ("final", one)
    assert run("jobs", "show", part, "--json").json["state"] == "pending"
    # Their names were in the job that waited.
    assert run("receipts", one, "-o", "out").code == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["ada.json.receipt.json", "bob.json.receipt.json"]
    # A credential that stands in two batches is revoked in both.
    assert run("revoke", "first/ada.json", "--place-only", "--yes", "--json").json["revoked"] == 2


def test_a_lost_tree_is_named_and_can_be_given_up(run: Run, issuer: int) -> None:
    anchored(run, "kept", "ada")
    back_up()
    lost = anchored(run, "lost", "bob", "cyd")
    anchored(run, "later", "dan")
    restore()
    (tree,) = (path for path in Path("testamur-data/trees").glob("*.tree") if path.name.startswith(lost[2:]))
    whole = tree.read_bytes()
    tree.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert run("recover", "--json").json["missing"][0]["code"] == "tree-damaged"
    tree.unlink()
    shown = run("recover")
    assert shown.code == 1
    for part in (lost, "tree-missing", "--without-trees"):
        assert part in shown.out
    assert refused(run, "anchor", files("new", "zoe")) == "database-behind"
    assert run("recover", "--without-trees", "--yes").code == 0
    assert run("anchor", "new").code == 0
    assert len(known()["batches"]) == 4
    # It was not lost after all.
    tree.write_bytes(whole)
    assert [each["root"] for each in run("recover", "--json").json["refreshed"]] == [lost]
    assert len(known()["leaves"]) == 5
    assert run("check", "lost", "--json").json["new"] == 0
    # Only the digests are known; a receipt proves all the same.
    run("receipts", lost, "-o", "out")
    digests = sorted(digest.hex() for digest, _, root in known()["leaves"] if root.hex() == lost[2:])
    assert sorted(path.name for path in Path("out").iterdir()) == [f"{digest}.receipt.json" for digest in digests]
    shutil.copy(f"out/{digest_of(run, 'lost/bob.json')}.receipt.json", "lost/bob.json.receipt.json")
    verified = run("verify", "lost/bob.json", "--json").json
    assert [each["outcome"] for each in verified["checks"] if each["name"] in ("integrity", "inclusion")] == [
        "pass"
    ] * 2


def test_others_may_anchor_for_the_issuer_and_the_key_may_be_used_elsewhere(
    run: Run, issuer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is a sign of an old database."""
    anchored(run, "mine", "ada")
    other = DEVELOPMENT_ACCOUNTS[1]
    run("issuer", "operator", other)
    shutil.copytree("testamur-data/chain", "theirs/chain")
    monkeypatch.setenv("TESTAMUR_DATA_FOLDER", "theirs")
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[1])
    assert run("anchor", files("theirs-set", "bob"), "--issuer", issuer, "--without-history").code == 0
    # And with the first account's key, for something that is no anchor.
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[0])
    assert run("issuer", "register", "--uri", "did:web:b.example").code == 0
    monkeypatch.delenv("TESTAMUR_DATA_FOLDER")
    monkeypatch.delenv("TESTAMUR_KEY")
    shutil.rmtree("testamur-data/chain")
    shutil.copytree("theirs/chain", "testamur-data/chain")
    assert refused(run, "anchor", files("new", "zoe")) == "history-incomplete"
    assert run("revoke", "mine/ada.json", "--yes").code == 0
    # What others anchored is taken over where its tree is.
    assert run("recover").code == 1
    for tree in Path("theirs/trees").glob("*.tree"):
        shutil.copy(tree, "testamur-data/trees")
    assert run("recover").code == 0
    assert run("anchor", "new").code == 0


def test_what_was_explained_is_not_searched_again(run: Run, issuer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with working() as here:
        account = here.signer.address
        attempts = AttemptStore(here.folder.engine, here.chain, account)
        knowledge = Knowledge(here.contract, here.store, attempts, account)
        searched: list[int] = []
        monkeypatch.setattr(knowledge, "missing", lambda: searched.append(1) or [])
        knowledge.refuse_behind()
        assert searched == []
        for mined in (50, 50, 51):
            knowledge.refuse_behind(mined)
        assert len(searched) == 2
