"""Receipts are written beside what is there, never over it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Run


@pytest.fixture
def few(run: Run, diplomas: Path) -> Path:
    for path in sorted(diplomas.glob("*.json"))[2:]:
        path.unlink()
    (diplomas / "notes.txt").write_text("a file")
    run("issuer", "register", "--uri", "did:web:university.example")
    return diplomas


def root_of(run: Run, what: Path) -> str:
    return str(run("anchor", what, "--json").json["batches"][0]["root"])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("output", ["diplomas", "diplomas/../diplomas", "linked"])
def test_originals_are_not_written_over(run: Run, few: Path, output: str) -> None:
    root, before = root_of(run, few), contents(few)
    Path("linked").symlink_to(few)
    refused = run("receipts", root, "--embed", few, "-o", output, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "same-folder")
    assert contents(few) == before


def test_the_one_original_is_not_written_over(run: Run, few: Path) -> None:
    one = few / "000.json"
    root, before = root_of(run, one), one.read_bytes()
    refused = run("receipts", root, "--embed", one, "-o", few, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "same-folder")
    assert one.read_bytes() == before


def test_a_link_to_an_original_is_replaced_and_the_original_stays(run: Run, few: Path) -> None:
    root, before = root_of(run, few), contents(few)
    out = Path("mail")
    out.mkdir()
    os.link(few / "000.json", out / "000.json")
    (out / "001.json").symlink_to(few / "001.json")
    assert run("receipts", root, "--embed", few, "-o", out).code == 0
    assert contents(few) == before
    assert all("proof" in json.loads((out / f"00{number}.json").read_text()) for number in (0, 1))


@pytest.mark.parametrize("embed", [True, False])
def test_what_is_there_of_something_else_stays(run: Run, few: Path, embed: bool) -> None:
    root, out = root_of(run, few), Path("mail")
    out.mkdir()
    taken = {"000.json": b'{"mine": 1}', "notes.txt": b"mine"} if embed else {"000.json.receipt.json": b"mine"}
    for name, content in taken.items():
        (out / name).write_bytes(content)
    options = ("--embed", few) if embed else ()
    ran = run("receipts", root, *options, "-o", out, "--json")
    assert ran.code == 0, ran.out
    assert {name: (out / name).read_bytes() for name in taken} == taken
    assert len(ran.json["renamed"]) == len(taken)
    again = run("receipts", root, *options, "-o", out, "--json")
    assert again.json["renamed"] == ran.json["renamed"]
    assert len(list(out.iterdir())) == len(contents(few)) + embed + len(taken)


def test_a_name_that_is_not_in_utf_8_is_anchored_and_gets_its_receipt(run: Run, few: Path) -> None:
    for name in (b"\xff.json", b"\xfe.json", b"dead\xff.lnk"):
        Path(os.fsdecode(bytes(few) + b"/" + name)).write_text(json.dumps({"name": name.hex()}))
    ran = run("anchor", few, "--json")
    assert ran.code == 0, ran.errors
    assert ran.json["new"] == 5
    receipts = run("receipts", ran.json["batches"][0]["root"], "-o", "mail", "--json").json
    assert receipts["receipts"] == len(list(Path("mail").iterdir())) == 5
