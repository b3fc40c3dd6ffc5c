"""How a verifier's files are read on the command line: every copy finds its receipt, and no bad one stops the rest."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest

import anchor.verifying.reading
from anchor.verifying.reading import read_file
from registry.credential.digest import DEFAULT_LIMITS
from registry.proofs.evidence import Evidence
from registry.receipt.model import Receipt, embed, parse, to_json
from tests.carriers import itxt, jwt, pdf, png, presentation
from tests.conftest import Run

DIPLOMA: dict[str, Any] = {
    "type": ["VerifiableCredential"],
    "id": "urn:uuid:5a3c7f0e-6a55-4a8e-9c1d-0a2b3c4d5e6f",
    "issuer": "did:web:university.example",
    "validFrom": "2010-01-01T00:00:00Z",
    "credentialSubject": {"name": "Ana"},
}


@pytest.fixture
def held(run: Run) -> Path:
    """A folder of three anchored credentials with their receipts, and a data folder that knows the chain alone."""
    issued = Path("issued")
    issued.mkdir()
    (issued / "diploma.json").write_text(json.dumps(DIPLOMA))
    (issued / "transcript.pdf").write_bytes(pdf())
    (issued / "badge.jwt").write_bytes(jwt(DIPLOMA | {"id": "urn:uuid:badge"}))
    run("issuer", "register", "--uri", "did:web:university.example")
    root = run("anchor", issued, "--json").json["batches"][0]["root"]
    assert run("receipts", root, "-o", issued).code == 0
    for name in ("testamur.db", "testamur.db-wal", "testamur.db-shm"):
        (Path("testamur-data") / name).unlink(missing_ok=True)
    return issued


def verdicts(run: Run, *paths: Path) -> dict[str, dict[str, Any]]:
    told = run("verify", *paths, "--trust", 1, "--json").json
    listed = told.get("verdicts", [told])
    return {Path(verdict["name"]).name: verdict | {"code": told} for verdict in listed}


def integrity(verdict: dict[str, Any]) -> tuple[str, str]:
    return verdict["checks"][0]["outcome"], verdict["checks"][0]["code"]


def test_a_copy_finds_the_receipt_that_is_for_what_it_holds(run: Run, held: Path) -> None:
    diploma = (held / "diploma.json").read_bytes()
    for name in ("diploma.json", "transcript.pdf", "badge.jwt"):
        (held / name).rename(Path(name))
    shutil.copy("transcript.pdf", held / "My Transcript.pdf")
    token = Path("badge.jwt").read_bytes()
    copies = {
        "diploma (1).json": diploma,
        "diploma.txt": diploma,
        "presentation.json": presentation(DIPLOMA),
        "attached.pdf": pdf(diploma),
        "baked.png": png(itxt(token)),
        "with a mark.json": b"\xef\xbb\xbf" + diploma,
        "another end.jwt": token + b"\n",
    }
    for name, content in copies.items():
        (held / name).write_bytes(content)
    found = {name: integrity(verdict) for name, verdict in verdicts(run, held).items()}
    assert found == {
        "diploma (1).json": ("pass", "digest-equal"),
        "diploma.txt": ("pass", "digest-equal"),
        "My Transcript.pdf": ("pass", "digest-equal"),
        "presentation.json": ("warn", "digest-inside"),
        "attached.pdf": ("warn", "digest-inside"),
        "baked.png": ("warn", "digest-inside"),
        "with a mark.json": ("unknown", "presentation-differs"),
        "another end.jwt": ("unknown", "presentation-differs"),
    }


def test_a_bad_receipt_is_a_row_of_its_own(run: Run, held: Path) -> None:
    page = b"<html>404</html>"
    (held / "badge.jwt.receipt.json").write_bytes(page)
    embedded = DIPLOMA | {"id": "urn:uuid:other", "proof": {"type": "MerkleAnchorProof"}}
    (held / "embedded.json").write_text(json.dumps(embedded))
    ran = run("verify", held, "--trust", 1, "--json")
    assert ran.code == 2
    overall = {Path(verdict["name"]).name: verdict["overall"] for verdict in ran.json["verdicts"]}
    assert overall["badge.jwt"] == overall["embedded.json"] == "could not be checked"
    assert overall["diploma.json"].startswith("valid")
    assert overall["transcript.pdf"].startswith("valid")
    texts = {Path(verdict["name"]).name: verdict["checks"][1]["text"] for verdict in ran.json["verdicts"]}
    assert "badge.jwt.receipt.json" in texts["badge.jwt"]
    told = run("verify", held, "--trust", 1)
    assert told.code == 2
    assert all(name in told.out for name in ("diploma.json", "transcript.pdf", "badge.jwt", "embedded.json"))
    assert run("verify", held / "badge.jwt", "--json").code == 2
    assert run("verify", held / "diploma.json", "--receipt", held / "transcript.pdf", "--json").code == 2


def with_much_evidence(receipt: Receipt) -> Receipt:
    """Nearly as much as is read; whether it proves anything is not asked here."""
    random_bytes = random.Random(receipt.digest.value).randbytes
    slots = {number.to_bytes(32): tuple(random_bytes(530) for _ in range(7)) for number in range(33)}
    address = bytes.fromhex(receipt.anchor.contract[2:])
    carrying = receipt.with_evidence(Evidence(random_bytes(600), address, (), slots))
    assert len(to_json(carrying)) > 240_000
    return carrying


def test_receipts_with_evidence_are_found_wherever_receipts_are(run: Run, held: Path) -> None:
    carrying = {}
    for path in held.glob("*.receipt.json"):
        carrying[path.name] = with_much_evidence(parse(path.read_bytes()))
        path.write_bytes(to_json(carrying[path.name]))
    diploma = carrying["diploma.json.receipt.json"]
    told = verdicts(run, held)
    assert {name: integrity(verdict)[0] for name, verdict in told.items()} == dict.fromkeys(
        ("diploma.json", "transcript.pdf", "badge.jwt"), "pass"
    )

    # Under another name, in a ZIP, inside it and what carries it, and in lines with it.
    shutil.copy(held / "transcript.pdf", held / "My Transcript.pdf")
    assert integrity(verdicts(run, held / "My Transcript.pdf")["My Transcript.pdf"])[0] == "pass"
    with zipfile.ZipFile("held.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(held.iterdir()):
            archive.write(path, path.name)
    assert integrity(verdicts(run, Path("held.zip"))["transcript.pdf"])[0] == "pass"
    inside = json.dumps(embed(DIPLOMA, diploma)).encode()
    together = {"document": DIPLOMA, "receipt": json.loads(to_json(diploma))}
    for name, content in {
        "inside.json": inside,
        "inside.pdf": pdf(inside),
        "inside.png": png(itxt(inside)),
        "together.json": json.dumps(together).encode(),
        "lines.jsonl": b"\n".join((inside, json.dumps(together).encode(), b"")),
    }.items():
        Path(name).write_bytes(content)
        for verdict in verdicts(run, Path(name)).values():
            # What carries a credential may show something else than it.
            expected = ("warn", "digest-inside") if name.endswith((".pdf", ".png")) else ("pass", "digest-equal")
            assert integrity(verdict) == expected, name

    # A folder of receipts, one in a ZIP and one in a line: each is one without its document.
    alone = Path("alone")
    alone.mkdir()
    for path in held.glob("*.receipt.json"):
        path.rename(alone / path.name)
    Path("receipts.jsonl").write_bytes(to_json(diploma) + b"\n")
    with zipfile.ZipFile("alone.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(alone / "diploma.json.receipt.json", "diploma.json.receipt.json")
    for path, count in ((alone, 3), (Path("receipts.jsonl"), 1), (Path("alone.zip"), 1)):
        told = verdicts(run, path)
        assert len(told) == count
        assert {verdict["checks"][1]["outcome"] for verdict in told.values()} == {"pass"}, path


def test_absence_is_said_of_every_digest_or_not_at_all(run: Run, held: Path) -> None:
    diploma = (held / "diploma.json").read_bytes()
    copies = {
        "copy.txt": diploma,
        "presentation.json": presentation(DIPLOMA),
        "attached.pdf": pdf(diploma),
        "mark.txt": b"\xef\xbb\xbf" + diploma,
        "end.jwt": (held / "badge.jwt").read_bytes() + b"\n",
    }
    for name, content in copies.items():
        Path(name).write_bytes(content)
        answer = run("absent", name, "--issuer", 1, "--json")
        assert (answer.code, answer.json["outcome"]) == (1, "present"), name
    for name, content in {"twice.txt": b'{"a":1,"a":2}', "locked.pdf": pdf(diploma, trailer=b"/Encrypt 9 0 R")}.items():
        Path(name).write_bytes(content)
        answer = run("absent", name, "--issuer", 1, "--json")
        assert (answer.code, answer.json["error"]["code"]) == (1, "unread"), name
    Path("never.txt").write_text(json.dumps(DIPLOMA | {"id": "urn:uuid:never"}))
    answer = run("absent", "never.txt", "--issuer", 1, "--json")
    assert (answer.code, answer.json["outcome"], len(answer.json["digests"])) == (0, "absent", 2)


def test_a_long_file_is_never_in_memory_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchor.verifying.reading, "MOST_CARRIER_BYTES", 1 << 20)
    size = 64 << 20
    path = tmp_path / "film.mp4"
    with path.open("wb") as file:
        file.truncate(size)
    tracemalloc.start()
    try:
        reading = read_file(path, DEFAULT_LIMITS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20
    assert reading.digest is not None
    assert reading.digest.value == hashlib.sha256(bytes(size)).digest()
    assert reading.unread
