"""A data folder that an earlier program made is opened and brought up to date; what it anchored is read and judged."""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from registry.chain.editions import first
from registry.chain.layout import slots_of
from registry.database.engine import HEAD
from registry.receipt.model import parse
from registry.records import Purpose
from tests.conftest import Run

# Made by the program whose database was of revision 0010: a batch of c1 and c2 is final, c2 is revoked; a job with c3
# and a suspension of c1 wait for a daemon.
FOLDER = Path(__file__).parent / "fixtures" / "folder-of-revision-0010.zip"
ROOT = "0xee4f0389a2cb27346e7216b0428bd2548cb5bc13db352e0f933975a35235041b"


@pytest.fixture
def former(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in a working folder with what the earlier program left, and its registry, which is of the first
    edition."""
    monkeypatch.setenv("TESTAMUR_CONTRACT", first().address)
    with zipfile.ZipFile(FOLDER) as archive:
        archive.extractall()
    Path("testamur-data").chmod(0o700)
    return run


def revision() -> str:
    with closing(sqlite3.connect("testamur-data/testamur.db")) as opened:
        return str(opened.execute("select version_num from alembic_version").fetchone()[0])


def test_what_is_there_is_told_as_before(former: Run) -> None:
    assert revision() == "0010"
    status = former("status", "--json").json
    assert [(batch["root"], batch["leafCount"], batch["state"]) for batch in status["batches"]] == [(ROOT, 2, "final")]
    assert revision() == HEAD
    assert former("receipts", ROOT, "-o", "receipts").code == 0
    verdicts = [former("verify", name, "--trust", 1, "--json").json["overall"] for name in ("c1.json", "c2.json")]
    assert verdicts == ["valid with a warning", "not valid"]
    jobs = former("jobs", "list", "--json").json
    assert [(job["state"], job["credentials"]) for job in jobs] == [("pending", 1)]
    assert former("audit", "--json").json["differences"] == []


def test_receipts_with_evidence_are_written_of_the_first_edition(former: Run) -> None:
    told = former("receipts", ROOT, "-o", "receipts", "--evidence", "--json").json["evidence"]
    revoked = {}
    for name in ("c1", "c2"):
        receipt = parse((Path("receipts") / f"{name}.json.receipt.json").read_bytes())
        assert receipt.evidence is not None
        values = receipt.evidence.proved(bytes.fromhex(told["block"]["hash"][2:])).values
        slot = slots_of(first()).word(1, receipt.root, Purpose.REVOCATION, 0)
        revoked[name] = values[slot] >> receipt.inclusion.leaf_index & 1
    assert revoked == {"c1": 0, "c2": 1}


def test_nobody_writes_to_it(former: Run) -> None:
    refused = former("revoke", "c1.json", "--issuer", 1, "--yes", "--json")
    assert refused.json["error"]["code"] == "first-edition"
    assert former("anchor", "c3.json", "--issuer", 1, "--wait", "--json").json["error"]["code"] == "first-edition"
    assert former("verify", "c1.json", "--trust", 1, "--json").json["overall"] == "valid with a warning"
    assert former("audit", "--json").json["differences"] == []


def test_it_is_indexed(former: Run) -> None:
    assert former("index", "--once").code == 0
    told = former("index", "--once", "--json").json
    assert told["batches"] == 1
