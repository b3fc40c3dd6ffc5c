"""What an issuer gives is what is anchored: files of the system, tables, lists of digests, encodings."""

from __future__ import annotations

import json
import shutil
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from tests.conftest import Run

DIGESTS = [sha256(bytes([number])).hexdigest() for number in range(3)]


@pytest.fixture
def issuer(run: Run) -> int:
    return int(run("issuer", "register", "--uri", "did:web:university.example", "--json").json["party"])


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A folder as it comes from an office: one diploma, and what the machine put beside it."""
    folder = tmp_path / "given"
    folder.mkdir()
    files = {
        "diploma.json": '{"a": 1}',
        "desktop.ini": "[.ShellClassInfo]",
        "Thumbs.db": "x",
        "~$diploma.docx": "lock",
        ".DS_Store": "x",
        "empty.pdf": "",
    }
    for name, content in files.items():
        (folder / name).write_text(content)
    return folder


def test_what_is_no_credential_is_left_out_and_said(run: Run, given: Path) -> None:
    with zipfile.ZipFile("given.zip", "w") as archive:
        for path in given.iterdir():
            archive.write(path, path.name)
    for source in (given, "given.zip"):
        checked = run("check", source, "--json").json
        assert (checked["read"], checked["leftOut"]["count"]) == (1, 5)
        assert set(checked["leftOut"]["names"]) == {path.name for path in given.iterdir()} - {"diploma.json"}
        told = run("check", source).out
        assert "desktop.ini" in told
        assert "1 empty file (empty.pdf)" in told


def test_nothing_but_such_files_is_said_to_be_so(run: Run, given: Path) -> None:
    (given / "diploma.json").unlink()
    ran = run("check", given, "--json")
    assert ran.json["error"]["code"] == "empty"
    assert "desktop.ini" in ran.json["error"]["what"]


def test_a_table_is_not_anchored_unless_it_was_asked_for(run: Run, given: Path) -> None:
    roster = given / "roster.csv"
    roster.write_text("name,degree\nAda,BSc\nBob,MSc\n")
    for source in (given, roster):
        ran = run("check", source, "--json")
        assert (ran.code, ran.json["rejected"]) == (3, 1)
    assert "a table, not a credential" in run("check", roster).out
    assert run("check", roster, "--as-files", "--json").json["methods"] == {"file": 1}
    assert run("check", roster, "--format", "file", "--json").json["methods"] == {"file": 1}
    assert run("check", given, "--as-files", "--json").json["methods"] == {"json-jcs": 1, "file": 1}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bom.txt", "\ufeff{0}\n{1}\n{2}\n"),
        ("header.txt", "sha256\n{0}\n{1}\n{2}\n"),
        ("blank.txt", "\n\r\n{0}\n{1}\n{2}\n"),
        ("SHA256SUMS", "{0}  0.pdf\n{1} *1.pdf\n{2}  2.pdf\n"),
        ("column.csv", "name,digest\nAda,{0}\nBob,{1}\nEve,{2}\n"),
        ("list.digests", "\ufeffdigest\n{0}\n{1}\n{2}"),
    ],
)
def test_a_list_of_digests_is_read_as_one(run: Run, issuer: int, name: str, text: str) -> None:
    Path(name).write_text(text.format(*DIGESTS), encoding="utf-8")
    checked = run("check", name, "--json").json
    assert (checked["methods"], checked["rejected"]) == ({"given": 3}, 0)
    run("anchor", name)
    assert run("revoke", "--list", name, "--json").json["revoked"] == 3
    assert sorted(run("revoke", "--list", name, "--json").json["digests"]) == sorted(DIGESTS)


def test_a_list_in_utf_16_is_refused_with_the_remedy(run: Run) -> None:
    Path("list.txt").write_text("\n".join(DIGESTS), encoding="utf-16")
    for words in (("check", "list.txt"), ("revoke", "--list", "list.txt")):
        error = run(*words, "--json").json["error"]
        assert error["code"] == "encoding"
        assert "UTF-16" in error["what"]
        assert "UTF-8" in error["remedy"]


def test_a_list_of_digests_among_files_is_refused(run: Run, given: Path) -> None:
    (given / "SHA256SUMS").write_text(f"{DIGESTS[0]}  diploma.json\n")
    assert "a list of digests among files" in run("check", given).out


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-16", "UTF-16"), ("latin-1", "Latin-1"), ("utf-8-sig", "byte order mark"), ("utf-16-le", "UTF-16")],
)
def test_the_encoding_of_a_document_is_named_with_the_remedy(run: Run, encoding: str, named: str) -> None:
    Path("a.json").write_text('{"name": "Zoë"}', encoding=encoding)
    told = run("check", "a.json").out
    assert named in told
    assert "UTF-8 without a byte order mark" in told


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("a.json", '[{"a": 1}, {"a": 2}]', ".jsonl"),
        ("a.json", '{"a": 1}\n{"a": 2}\n', "name it .jsonl"),
        ("a.jsonl", '[{"a": 1}, {"a": 2}]', "on a line of its own"),
        ("a.jsonl", json.dumps({"a": 1}, indent=2), "on a line of its own"),
    ],
)
def test_several_documents_in_one_get_the_hint(run: Run, name: str, text: str, hint: str) -> None:
    Path(name).write_text(text)
    assert hint in run("check", name).out


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_the_size_of_what_is_too_large_is_the_real_one(run: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTAMUR_MAX_DOCUMENT_BYTES", "1000")
    Path(name).write_text('{"a": "' + "x" * 4991 + '"}')
    told = run("check", name).out
    assert "5,000 bytes long; at most 1,000" in told
    assert "max_document_bytes" in told


def test_a_batch_beside_unknown_ones_is_refused(run: Run, issuer: int, diplomas: Path) -> None:
    """A colleague with a data folder of his own must not bring back what was revoked."""
    (first,) = run("anchor", diplomas, "--json").json["batches"]
    run("revoke", diplomas / "007.json")
    shutil.copytree("testamur-data/chain", "colleague/chain")
    mine = ("--data-folder", "colleague", "--issuer", issuer)
    (diplomas / "late.json").write_text('{"late": 1}')

    checked = run("check", diplomas, *mine)
    assert first["root"] in checked.out
    refused = run("anchor", diplomas, *mine, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "history-incomplete")
    for part in ("batch 1", first["root"], "block", "0xf39F"):
        assert part in refused.json["error"]["what"]
    assert "--without-history" in refused.json["error"]["remedy"]
    assert run("status", "--data-folder", "colleague", "--json").json["batches"] == []

    over = run("anchor", diplomas, *mine, "--without-history", "--json").json
    assert [each["sequence"] for each in over["unknownBatches"]] == [1]
    # What was revoked by its digest is left out all the same.
    assert ([batch["leafCount"] for batch in over["batches"]], over["revoked"]) == ([300], 1)


def test_a_lost_folder_is_made_again_by_anchoring_the_same_sets(run: Run, issuer: int, diplomas: Path) -> None:
    (first,) = run("anchor", diplomas, "--json").json["batches"]
    (diplomas / "late.json").write_text('{"late": 1}')
    (second,) = run("anchor", diplomas, "--json").json["batches"]
    shutil.copytree("testamur-data/chain", "again/chain")
    mine = ("--data-folder", "again", "--issuer", issuer)
    (diplomas / "late.json").unlink()

    (adopted,) = run("anchor", diplomas, *mine, "--json").json["batches"]
    assert (adopted["root"], adopted["transaction"]) == (first["root"], first["transaction"])
    (diplomas / "late.json").write_text('{"late": 1}')
    (later,) = run("anchor", diplomas, *mine, "--json").json["batches"]
    assert (later["root"], later["transaction"]) == (second["root"], second["transaction"])
    (diplomas / "new.json").write_text('{"new": 1}')
    assert run("anchor", diplomas, *mine, "--json").json["batches"][0]["sequence"] == 3
    assert run("issuer", "show", *mine, "--json").json["batches"] == 3
