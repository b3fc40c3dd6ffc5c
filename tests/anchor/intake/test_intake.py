"""Intake: every form of input, good and broken, to the same digests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchor.books.folder import DataFolder
from anchor.intake import files as intake_module
from anchor.intake.digesting import LinePiece, digest_piece
from anchor.intake.files import Format, Intake, digest_of, method_of, take_in
from registry.credential.digest import DEFAULT_LIMITS, DigestMethod, Limits, digest_json
from registry.errors import IntakeError
from tests.carriers import sd_jwt


def credential(number: int) -> bytes:
    return json.dumps({"type": ["VerifiableCredential"], "id": f"urn:example:{number}"}).encode()


def found(intake: Intake) -> dict[str, bytes]:
    return {str(intake.origin(record)): digest_of(record) for record in intake.records}


def test_each_form_of_input_gives_the_same_digests(tmp_path: Path) -> None:
    documents = [credential(number) for number in range(5)]
    expected = sorted(digest_json(document).value for document in documents)
    folder = tmp_path / "folder"
    (folder / "deeper").mkdir(parents=True)
    for number, document in enumerate(documents):
        (folder / ("deeper" if number % 2 else ".") / f"{number}.json").write_bytes(document)
    lines = tmp_path / "batch.jsonl"
    lines.write_bytes(b"\n\r\n".join(documents))
    archive = tmp_path / "batch.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        for number, document in enumerate(documents):
            writer.writestr(f"some/{number}.json", document)
    digests = tmp_path / "digests.txt"
    digests.write_text("\n".join(digest.hex() for digest in expected))

    for path in (folder, lines, archive, digests):
        assert sorted(digest_of(record) for record in take_in(path).records) == expected, path
    assert {method_of(record) for record in take_in(digests).records} == {DigestMethod.GIVEN}


def test_a_single_file_is_one_credential(tmp_path: Path) -> None:
    pdf = tmp_path / "diploma.pdf"
    pdf.write_bytes(b"%PDF-1.7\x00\xff")
    (record,) = take_in(pdf).records
    assert digest_of(record) == sha256(pdf.read_bytes()).digest()
    assert method_of(record) is DigestMethod.FILE


def test_a_text_file_that_is_no_list_is_a_credential(tmp_path: Path) -> None:
    text = tmp_path / "transcript.txt"
    text.write_text("Transcript of records")
    (record,) = take_in(text).records
    assert method_of(record) is DigestMethod.FILE


def test_receipts_and_hidden_files_are_not_credentials(tmp_path: Path) -> None:
    for name in ("a.json", "a.json.receipt.json", "a.json.receipt.cbor", ".hidden.json", ".git/b.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(credential(1))
    assert found(take_in(tmp_path)).keys() == {"a.json"}


def test_rejects_name_the_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(
        b"\n".join([credential(1), b"", b'{"a": 1, "a": 2}', b"not json", b"[]", credential(2), b'{"x": "\xff"}'])
    )
    intake = take_in(path)
    assert found(intake).keys() == {"batch.jsonl, line 1", "batch.jsonl, line 6"}
    assert [(reject.line, reject.code) for reject in intake.rejects] == [
        (3, "duplicate-key"),
        (4, "syntax"),
        (5, "not-an-object"),
        (7, "invalid-utf8"),
    ]


def test_a_line_beyond_the_limit_is_one_reject(tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(b'{"x": "' + b"a" * 5000 + b'"}\n' + credential(1) + b"\n")
    intake = take_in(path, limits=Limits(max_bytes=1000))
    assert [(reject.line, reject.code) for reject in intake.rejects] == [(1, "too-large")]
    assert found(intake).keys() == {"batch.jsonl, line 2"}


def test_a_list_of_digests_rejects_what_is_none(tmp_path: Path) -> None:
    path = tmp_path / "list.digests"
    path.write_text(f"{'ab' * 32}\n0x{'CD' * 32}\nxyz\n\n{'ab' * 31}\n{'é' * 64}\n")
    intake = take_in(path)
    assert [digest_of(record).hex() for record in intake.records] == ["ab" * 32, "cd" * 32]
    assert [(reject.line, reject.code) for reject in intake.rejects] == [
        (3, "given-syntax"),
        (5, "given-syntax"),
        (6, "given-syntax"),
    ]


def test_jsonl_among_single_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(credential(1))
    (tmp_path / "many.jsonl").write_bytes(credential(2))
    intake = take_in(tmp_path)
    assert found(intake).keys() == {"a.json"}
    assert [(reject.source, reject.code) for reject in intake.rejects] == [("many.jsonl", "nested-jsonl")]


def test_a_zip_bomb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("bomb.pdf", bytes(50_000_000))
        writer.writestr("good.json", credential(1))
    intake = take_in(path)
    assert found(intake).keys() == {"good.json"}
    assert [(reject.source, reject.code) for reject in intake.rejects] == [("bomb.pdf", "zip-ratio")]


def test_a_damaged_zip_entry_is_a_reject(tmp_path: Path) -> None:
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w") as writer:
        writer.writestr("a.json", credential(1))
        writer.writestr("b.json", credential(2))
    content = bytearray(path.read_bytes())
    content[content.index(b"urn:example:1") + 4] ^= 1
    path.write_bytes(content)
    intake = take_in(path)
    assert found(intake).keys() == {"b.json"}
    assert [(reject.source, reject.code) for reject in intake.rejects] == [("a.json", "zip-damaged")]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.jsonl", b"\n\n", "empty"),
        ("not.zip", b"this is no archive", "bad-zip"),
        ("missing.jsonl", None, "unreadable"),
    ],
)
def test_input_that_cannot_be_a_job(tmp_path: Path, name: str, content: bytes | None, code: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(IntakeError) as refusal:
        take_in(path)
    assert refusal.value.code == code
    assert refusal.value.where == str(path)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.sampled_from([b"", b"  ", b"x" * 40, *map(credential, range(4))]), min_size=1, max_size=30),
    size=st.integers(1, 80),
    ending=st.sampled_from([b"\n", b"\r\n"]),
    last=st.booleans(),
)
def test_pieces_of_any_size_see_each_line_once(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], size: int, ending: bytes, last: bool
) -> None:
    path = tmp_path_factory.mktemp("pieces") / "batch.jsonl"
    content = ending.join(lines) + (ending if last else b"")
    path.write_bytes(content)
    whole = digest_piece((LinePiece(("x",), path, 0, len(content), False), DEFAULT_LIMITS, None))
    pieces = [
        digest_piece((LinePiece(("x",), path, start, min(size, len(content) - start), False), DEFAULT_LIMITS, None))
        for start in range(0, len(content), size)
    ]
    assert b"".join(piece.digests for piece in pieces) == whole.digests
    assert sum(len(piece.rejects) for piece in pieces) == len(whole.rejects)
    assert sum(piece.lines for piece in pieces) == whole.lines == len(BytesIO(content).readlines())


def test_several_processes_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(b"\n".join([*map(credential, range(3000)), b"broken", credential(3000)]))
    alone = take_in(path, workers=1)
    monkeypatch.setattr(intake_module, "PIECE_BYTES", 20_000)
    monkeypatch.setattr(intake_module, "PARALLEL_FROM_BYTES", 0)
    steps: list[tuple[int, int]] = []
    together = take_in(path, workers=2, progress=lambda done, total: steps.append((done, total)))
    assert found(together) == found(alone)
    assert together.rejects == alone.rejects
    assert [reject.line for reject in alone.rejects] == [3001]
    assert steps[-1] == (path.stat().st_size, path.stat().st_size)
    assert steps == sorted(steps)


def test_hazards_are_counted_with_their_first_place(tmp_path: Path) -> None:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(credential(1) + b"\n" + credential(2))
    intake = take_in(path, hazards_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert intake.hazards["guessable"] == 2
    sentence, origin = intake.hazard_examples["guessable"]
    assert sentence
    assert str(origin) == "batch.jsonl, line 1"


def test_a_format_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "export.data"
    path.write_bytes(credential(1) + b"\n" + credential(2))
    assert len(take_in(path).records) == 1
    assert len(take_in(path, format=Format.JSONL).records) == 2


def test_what_is_not_looked_into_is_told(tmp_path: Path) -> None:
    given, elsewhere = tmp_path / "given", tmp_path / "elsewhere"
    for folder in (given, elsewhere, given / "testamur-data"):
        folder.mkdir()
    DataFolder(given / "testamur-data").close()
    (elsewhere / "there.json").write_text('{"there": 1}')
    (given / "a.json").write_text('{"a": 1}')
    (given / "linked").symlink_to(elsewhere)
    (given / "dead.json").symlink_to(elsewhere / "nothing.json")
    os.mkfifo(given / "pipe.json")
    intake = take_in(given, workers=1)
    assert [str(intake.origin(record)) for record in intake.records] == ["a.json"]
    assert {each.source: each.code for each in intake.left_out} == {
        "linked/": "not-a-file",
        "dead.json": "not-a-file",
        "pipe.json": "not-a-file",
        "testamur-data/": "own-file",
    }


def test_a_folder_that_cannot_be_read_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "a.json").write_text("{}")
    really = os.scandir

    def scandir(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return really(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(IntakeError, match="Permission denied") as told:
        take_in(tmp_path, workers=1)
    assert told.value.code == "unreadable"
    assert "closed" in str(told.value.where)


@pytest.mark.parametrize("name", ["r.json", "a.receipt (1).json", "many.jsonl"])
def test_a_receipt_is_no_credential_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text('{"type": "TestamurReceipt", "version": 1}')
    (reject,) = take_in(path, workers=1).rejects
    assert reject.code == "is-receipt"
    path.write_text('{"type": ["VerifiableCredential"], "proof": {"type": "TestamurReceipt"}}')
    assert len(take_in(path, workers=1).records) == 1
    path.write_text('["TestamurReceipt"]')
    (reject,) = take_in(path, workers=1).rejects
    assert reject.code == "not-an-object"


def test_the_processes_of_an_intake_load_no_model_of_a_receipt() -> None:
    code = "import sys, anchor.intake.digesting; sys.exit('pydantic' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_sd_jwt_has_the_digest_of_what_its_issuer_signed(tmp_path: Path) -> None:
    token = sd_jwt({"iss": "did:web:uni.example"}, {"name": "Ana"})
    issued = token.split(b"~")[0]
    for name, content in [("a.sd-jwt", token), ("b.SDJWT", issued + b"~\n"), ("c.jwt", token), ("d.sd-jwt", b"%PDF")]:
        (tmp_path / name).write_bytes(content)
    intake = take_in(tmp_path)
    found = sorted((method_of(record), digest_of(record)) for record in intake.records)
    by_issuer = (DigestMethod.SD_JWT, sha256(issued).digest())
    assert found == [(DigestMethod.FILE, sha256(token).digest()), by_issuer, by_issuer]
    assert [(reject.source, reject.code) for reject in intake.rejects] == [("d.sd-jwt", "method-mismatch")]
    too_long = take_in(tmp_path / "a.sd-jwt", limits=Limits(max_bytes=10))
    assert [reject.code for reject in too_long.rejects] == ["too-large"]
