"""Files of one name: each is anchored, none is overwritten, and what cannot be taken is told."""

from __future__ import annotations

import json
import warnings
import zipfile
from pathlib import Path

import pytest

from anchor.intake.files import digest_of, take_in
from registry.credential.digest import digest_json
from tests.conftest import Run

NAMES = [
    "diploma.json",
    "diploma.json",
    "x/a.json",
    "/x/a.json",
    "B.json",
    "b.json",
    "Jos\u00e9.json",
    "Jose\u0301.json",
]
DOCUMENTS = [b'{"id":"urn:uuid:%d"}' % number for number in range(len(NAMES))]


def packed(path: Path, names: list[str] = NAMES, documents: list[bytes] = DOCUMENTS) -> Path:
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile warns of the doubled name
        for name, document in zip(names, documents, strict=True):
            archive.writestr(name, document)
    return path


def test_every_file_of_a_zip_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    intake = take_in(packed(tmp_path / "two.zip"))
    found = {digest_of(record): intake.origin(record).source for record in intake.records}
    assert found.keys() == {digest_json(document).value for document in DOCUMENTS}
    assert len({source.casefold() for source in found.values()}) == len(NAMES)
    assert intake.renamed == [
        ("diploma.json", "diploma (2).json"),
        ("/x/a.json", "x/a (2).json"),
        ("b.json", "b (2).json"),
        ("Jose\u0301.json", "Jose\u0301 (2).json"),
    ]


def test_a_zip_in_several_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anchor.intake.files.PARALLEL_FROM_BYTES", 0)
    documents = [b'{"id":%d}' % number for number in range(700)]
    path = packed(tmp_path / "many.zip", ["same.json"] * 700, documents)
    intake = take_in(path, workers=2)
    assert {digest_of(record) for record in intake.records} == {digest_json(each).value for each in documents}


def test_the_list_of_files_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read for each piece, twice as many files take four times as long."""
    documents = [b'{"id":%d}' % number for number in range(1500)]
    path = packed(tmp_path / "many.zip", [f"{number}.json" for number in range(1500)], documents)
    read, calls = zipfile.ZipFile._RealGetContents, []  # type: ignore[attr-defined]

    def counted(archive: zipfile.ZipFile) -> None:
        calls.append(archive)
        read(archive)

    monkeypatch.setattr(zipfile.ZipFile, "_RealGetContents", counted)
    assert len(take_in(path, workers=1).records) == 1500
    assert len(calls) == 2  # to cut it into pieces, and to read them


def test_each_holder_gets_a_receipt_that_is_his(run: Run, tmp_path: Path) -> None:
    packed(tmp_path / "two.zip")
    assert run("issuer", "register", "--uri", "did:web:university.example").code == 0
    checked = run("check", "two.zip", "--json").json
    assert (checked["new"], checked["duplicates"], len(checked["renamed"])) == (8, 0, 4)
    anchored = run("anchor", "two.zip")
    assert "diploma (2).json" in anchored.out
    root = run("status", "--json").json["batches"][0]["root"]
    for output in ("folder", "all.zip", "all.jsonl"):
        assert run("receipts", root, "-o", output).code == 0
    files = [path.read_text() for path in Path("folder").rglob("*.json")]
    with zipfile.ZipFile("all.zip") as archive:
        assert len({name.casefold() for name in archive.namelist()}) == 8
        zipped = [archive.read(name).decode() for name in archive.namelist()]
    lines = Path("all.jsonl").read_text().splitlines()
    for receipts in (files, zipped, lines):
        digests = {json.loads(each)["digest"]["value"] for each in receipts}
        assert digests == {digest_json(document).value.hex() for document in DOCUMENTS}
    assert run("absent", digest_json(DOCUMENTS[0]).value.hex(), "--json").json["outcome"] == "present"


def test_receipts_of_two_batches_in_one_folder_do_not_replace_each_other(run: Run) -> None:
    assert run("issuer", "register", "--uri", "did:web:university.example").code == 0
    for year, document in enumerate(DOCUMENTS[:2]):
        Path("diploma.json").write_bytes(document)
        root = run("anchor", "diploma.json", "--json").json["batches"][0]["root"]
        for _ in range(2):
            written = run("receipts", root, "-o", "receipts", "--json").json
            assert len(written["renamed"]) == year
    digests = {json.loads(path.read_bytes())["digest"]["value"] for path in Path("receipts").iterdir()}
    assert digests == {digest_json(document).value.hex() for document in DOCUMENTS[:2]}
    assert len(list(Path("receipts").iterdir())) == 2


def test_names_that_lead_out_of_a_zip_are_rejects(run: Run, tmp_path: Path) -> None:
    packed(tmp_path / "out.zip", ["a.json", "../x.json", "b/../../y.json"], DOCUMENTS[:3])
    intake = take_in(tmp_path / "out.zip")
    assert [(each.source, each.code) for each in intake.rejects] == [
        ("../x.json", "zip-name"),
        ("b/../../y.json", "zip-name"),
    ]
    checked = run("check", "out.zip", "--json")
    assert (checked.code, checked.json["read"], checked.json["rejected"]) == (3, 3, 2)
    assert "leads out of the ZIP" in run("check", "out.zip").out


LONG = "学" * 80 + ".json"


def test_a_long_name_is_shortened_and_its_receipt_is_found(run: Run, tmp_path: Path) -> None:
    assert run("issuer", "register", "--uri", "did:web:university.example").code == 0
    folder = tmp_path / "in"
    folder.mkdir()
    for name, document in zip([LONG, LONG.replace("学.json", "生.json"), "short.json"], DOCUMENTS, strict=False):
        (folder / name).write_bytes(document)
    assert run("anchor", folder).code == 0
    root = run("status", "--json").json["batches"][0]["root"]
    written = run("receipts", root, "-o", folder, "--json")
    assert written.code == 0
    assert len(written.json["renamed"]) == 2
    assert len(list(folder.glob("*.receipt.json"))) == 3
    told = run("receipts", root, "-o", "again")
    assert "shortened" in told.out
    # Somebody else, with the folder alone.
    verified = run(
        "verify", folder, "--trust", 1, "--data-folder", "elsewhere", "--chain", "http://127.0.0.1:1", "--json"
    )
    assert "no-receipt" not in verified.out
