"""A folder of credentials costs the chain few questions: what was said of them by digest is asked of many at once."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from anchor.verifying.files import READ_AHEAD
from registry.chain.contract import CredentialRegistry
from registry.records import DigestStatus
from tests.conftest import Run

MANY = 2 * READ_AHEAD + 6


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of how many digests each question was."""
    asked: list[int] = []
    read = CredentialRegistry.digest_statuses

    def counted(
        self: CredentialRegistry, issuer: int, digests: Sequence[bytes], **more: Any
    ) -> tuple[DigestStatus, ...]:
        asked.append(len(digests))
        return read(self, issuer, digests, **more)

    monkeypatch.setattr(CredentialRegistry, "digest_statuses", counted)
    return asked


@pytest.fixture
def held(run: Run, diplomas: Path) -> Path:
    """Credentials with their receipts, in folders, in a file of lines and in a ZIP."""
    for path in sorted(diplomas.iterdir())[MANY:]:
        path.unlink()
    assert run("issuer", "register", "--uri", "did:web:university.example").code == 0
    root = run("anchor", diplomas, "--json").json["batches"][0]["root"]
    assert run("receipts", root, "--embed", diplomas, "-o", "inside").code == 0
    assert run("receipts", root, "-o", "beside").code == 0
    for path in diplomas.iterdir():
        path.rename(Path("beside") / path.name)
    inside = sorted(Path("inside").iterdir())
    lines = (json.dumps(json.loads(path.read_text())) for path in inside)
    Path("lines.jsonl").write_text("\n".join(lines) + "\n")
    with zipfile.ZipFile("all.zip", "w") as packed:
        for path in inside:
            packed.write(path, path.name)
    return Path()


@pytest.mark.parametrize("given", ["inside", "beside", "lines.jsonl", "all.zip"])
def test_many_are_asked_about_at_once(run: Run, held: Path, asked: list[int], given: str) -> None:
    asked.clear()
    ran = run("verify", held / given, "--trust", 1, "--json")
    assert len(ran.json["verdicts"]) == MANY
    assert {each["overall"] for each in ran.json["verdicts"]} == {"valid with a warning"}
    assert asked == [READ_AHEAD, READ_AHEAD, MANY - 2 * READ_AHEAD]


def test_they_are_told_in_their_order_with_what_cannot_be_read_among_them(run: Run, held: Path) -> None:
    (held / "inside" / "0003.json").write_bytes(b"{")
    (held / "inside" / "0004.json.receipt.json").write_bytes(b"[")
    ran = run("verify", held / "inside", held / "beside" / "001.json", "--trust", 1, "--json")
    names = [Path(each["name"]).name for each in ran.json["verdicts"]]
    assert names == [*sorted(names[:-1]), "001.json"]
    assert (len(names), ran.code) == (MANY + 2, 2)
