"""`testamur verify` reads what the program itself writes: archives, lines, receipts alone; and tells it as a table."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from registry.verify.rows import COLUMNS
from tests.conftest import Run


@pytest.fixture
def root(run: Run, diplomas: Path) -> str:
    """The root of a batch of 5 anchored diplomas."""
    for path in sorted(diplomas.iterdir())[5:]:
        path.unlink()
    run("issuer", "register", "--uri", "did:web:university.example")
    return str(run("anchor", diplomas, "--json").json["batches"][0]["root"])


def overall(verified: Any) -> list[str]:
    return [each["overall"] for each in verified.json["verdicts"]]


def codes(verdict: Any) -> dict[str, str]:
    return {check["name"]: check["code"] for check in verdict["checks"]}


@pytest.mark.parametrize("name", ["all.zip", "all.jsonl"])
def test_credentials_with_their_receipts_as_they_were_written(
    run: Run, diplomas: Path, root: str, name: str, tmp_path: Path
) -> None:
    assert run("receipts", root, "-o", name, "--embed", diplomas).code == 0
    # Without the data folder's own anchors: what is in the file is enough.
    verified = run("verify", name, "--json", "--trust", "1")
    assert overall(verified) == ["valid with a warning"] * 5
    assert verified.code == 0
    names = [each["name"] for each in verified.json["verdicts"]]
    if name == "all.jsonl":
        assert names == [f"all.jsonl, line {number}" for number in range(1, 6)]  # a credential a line, however long
    else:
        assert sorted(names) == [f"all.zip/{number:03}.json" for number in range(5)]


@pytest.mark.parametrize("name", ["all.zip", "all.jsonl", "all"])
def test_receipts_alone_as_they_were_written(run: Run, root: str, name: str) -> None:
    run("receipts", root, "-o", name)
    verified = run("verify", name, "--json")
    assert overall(verified) == ["could not be checked"] * 5
    assert {codes(each)["integrity"] for each in verified.json["verdicts"]} == {"no-document"}
    assert {codes(each)["inclusion"] for each in verified.json["verdicts"]} == {"included"}
    assert verified.code == 2


@pytest.mark.parametrize("cbor", [False, True])
def test_a_receipt_alone_is_read_as_one(run: Run, root: str, tmp_path: Path, cbor: bool) -> None:
    run("receipts", root, "-o", "out", *(["--cbor"] if cbor else []))
    written = tmp_path / "out" / f"001.json.receipt.{'cbor' if cbor else 'json'}"
    renamed = tmp_path / f"r{written.suffix}"
    renamed.write_bytes(written.read_bytes())
    for path in (written, renamed):
        verified = run("verify", path, "--json")
        assert codes(verified.json)["integrity"] == "no-document"
        assert verified.json["issuer"] == 1
        assert codes(verified.json)["status"] == "in-force"


def test_a_broken_receipt_alone_is_a_verdict_that_says_so(run: Run, root: str, tmp_path: Path) -> None:
    (tmp_path / "x.receipt.json").write_text("{")
    verified = run("verify", "x.receipt.json", "--json")
    assert (verified.code, verified.json["overall"]) == (2, "could not be checked")


def test_document_and_receipt_in_one_file(run: Run, diplomas: Path, root: str, tmp_path: Path) -> None:
    run("receipts", root, "-o", "out")
    receipt = json.loads((tmp_path / "out" / "001.json.receipt.json").read_text())
    both = {"document": json.loads((diplomas / "001.json").read_text()), "receipt": receipt}
    (tmp_path / "both.json").write_text(json.dumps(both))
    assert run("verify", "both.json", "--json").json["overall"] == "valid with a warning"


def test_several_of_all_kinds_and_one_table(run: Run, diplomas: Path, root: str, tmp_path: Path) -> None:
    run("receipts", root, "-o", "all.jsonl")
    run("receipts", root, "-o", "out")
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.write(diplomas / "000.json", "=1+1.json")
        archive.write(tmp_path / "out" / "000.json.receipt.json", "=1+1.json.receipt.json")
        archive.writestr("../out.json", "{}")
    paths = (diplomas / "000.json", "some.zip", "all.jsonl", "out/001.json.receipt.json")
    verified = run("verify", *paths, "--csv", "table.csv", "--json")
    assert overall(verified) == [*["valid with a warning"] * 2, *["could not be checked"] * 7]
    assert codes(verified.json["verdicts"][2])["integrity"] == "zip-name"
    header, *rows = csv.reader((tmp_path / "table.csv").open(encoding="utf-8"))
    assert tuple(header) == COLUMNS
    assert [row[1] for row in rows] == overall(verified)
    assert [row[0] for row in rows] == [each["name"] for each in verified.json["verdicts"]]


def test_no_cell_of_the_table_is_a_formula(run: Run, root: str, tmp_path: Path) -> None:
    (tmp_path / "=cmd.json").write_text("{}")
    run("verify", "=cmd.json", "--csv", "table.csv")
    assert "'=cmd.json" in (tmp_path / "table.csv").read_text()


def test_a_table_that_cannot_be_written_is_said_before_anything(run: Run, diplomas: Path, root: str) -> None:
    ran = run("verify", diplomas, "--csv", "nowhere/table.csv", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, "unwritable")


def test_receipts_named_beside_their_documents_are_no_items(run: Run, diplomas: Path, root: str) -> None:
    run("receipts", root, "-o", diplomas)
    verified = run("verify", *sorted(diplomas.iterdir()), "--json")
    assert overall(verified) == ["valid with a warning"] * 5


def test_an_archive_that_was_anchored_as_a_file_is_one_credential(run: Run, root: str, tmp_path: Path) -> None:
    folder = tmp_path / "boxes"
    folder.mkdir()
    with zipfile.ZipFile(folder / "box.zip", "w") as archive:
        archive.writestr("a.json", "{}")
    run("anchor", folder, "--as-files")
    assert run("verify", folder / "box.zip", "--json").json["overall"] == "valid with a warning"


def test_what_is_wrong_with_an_archive_is_a_row(run: Run, root: str, diplomas: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "empty.jsonl").write_bytes(b"\n \n")
    (tmp_path / "long.jsonl").write_bytes(b'{"a":"' + b"x" * (10 << 20) + b'"}\n{}\n{"a"\n')
    verified = run("verify", "broken.zip", "empty.jsonl", "long.jsonl", diplomas / "000.json", "--json")
    assert [codes(each)["integrity"] for each in verified.json["verdicts"]][:4] == [
        "bad-zip",
        "empty",
        "too-large",
        "no-receipt",
    ]
    assert overall(verified)[-1] == "valid with a warning"
