"""`absent --prove -o`, and what `verify` says of such a file where nobody but the chain is believed."""

from __future__ import annotations

import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from registry.proofs.header import read_header
from registry.verify.absence_file import AbsenceFile
from tests.conftest import Run, commands_in

NEVER = '{"type": ["VerifiableCredential"], "id": "urn:example:never"}'


@pytest.fixture
def root(run: Run, diplomas: Path) -> str:
    """The root of the one batch of issuer 1."""
    assert run("issuer", "register", "--uri", "did:web:university.example", "--json").code == 0
    anchored = run("anchor", diplomas, "--issuer", 1, "--json")
    assert anchored.code == 0
    Path("never.json").write_text(NEVER)
    return str(anchored.json["batches"][0]["root"]) if "batches" in anchored.json else ""


def test_a_file_is_made_and_verified(run: Run, diplomas: Path, root: str) -> None:
    made = run("absent", "never.json", "--issuer", 1, "--prove", "-o", "absence.json", "--json")
    assert (made.code, made.json["outcome"], made.json["restsOn"]["proved"]) == (0, "absent", True), made.out
    content = json.loads(Path("absence.json").read_bytes())
    assert (content["type"], content["version"], content["digests"]) == (
        "TestamurAbsence",
        2,
        made.json["digests"],
    )
    # The trees are at hand here, and whoever has the file alone is told what is left to trust.
    verified = run("verify", "absence.json", "--absence", "--json")
    assert (verified.code, verified.json["outcome"], verified.json["exitCode"]) == (0, "absent", 0)
    assert (verified.json["chain"], verified.json["contract"]) == (content["chain"], content["contract"])
    # Who expects a diploma and is handed this goes by the exit code.
    for name in ("absence.json", "diploma.json"):
        shutil.copy("absence.json", "diploma.json")
        handed = run("verify", name, "--json")
        assert (handed.code, handed.json["exitCode"]) == (2, 2)
    assert "no credential" in run("verify", "diploma.json").out
    assert run("verify", diplomas / "007.json", "--absence", "--json").json["error"]["code"] == "settings"
    (tree,) = Path("testamur-data/trees").glob("*.tree")
    tree.rename("elsewhere")
    verified = run("verify", "absence.json", "--json")
    assert (verified.code, verified.json["code"]) == (2, "absent-if-sorted")
    assert verified.json["digests"] == content["digests"]
    told = run("verify", "absence.json")
    assert told.code == 2
    assert "if the credentials of each batch are in order" in told.out.replace("\n", " ")
    Path("elsewhere").rename(tree)
    there = run("absent", diplomas / "007.json", "--issuer", 1, "--prove", "-o", "there.json", "--json")
    assert (there.code, there.json["outcome"]) == (1, "present")
    assert run("verify", "there.json", "--json").json["outcome"] == "present"


def test_without_proof_the_file_is_of_version_1_and_proves_nothing(run: Run, root: str) -> None:
    assert run("absent", "never.json", "--issuer", 1, "-o", "absence.json", "--json").code == 0
    assert json.loads(Path("absence.json").read_bytes())["version"] == 1
    verified = run("verify", "absence.json", "--json")
    assert verified.code == 2
    assert {check["code"] for check in verified.json["checks"]} == {"absence-version"}


def test_a_forged_file_could_not_be_checked(run: Run, root: str) -> None:
    assert run("absent", "ab" * 32, "--issuer", 1, "--prove", "-o", "absence.json", "--json").code == 0
    content = json.loads(Path("absence.json").read_bytes())
    for name, forged, code in (
        ("no batch", content | {"batches": []}, "evidence-missing"),
        ("another", content | {"issuer": 2}, "evidence-missing"),
        ("chain", content | {"chain": "eip155:1"}, "other-chain"),
    ):
        Path("forged.json").write_text(json.dumps(forged))
        verified = run("verify", "forged.json", "--json")
        assert (verified.code, verified.json["code"]) == (2, code), name
    Path("forged.json").write_text(json.dumps(content | {"digests": []}))
    broken = run("verify", "forged.json", "--json")
    assert (broken.code, broken.json["checks"][0]["code"]) == (2, "absence-size")


def test_a_proof_among_credentials_is_to_be_verified_alone(run: Run, diplomas: Path, root: str) -> None:
    assert run("absent", "ab" * 32, "--issuer", 1, "--prove", "-o", "absence.json", "--json").code == 0
    both = run("verify", "absence.json", diplomas / "007.json", "--json")
    codes = {verdict["checks"][0]["code"] for verdict in both.json["verdicts"]}
    assert both.code == 2
    assert "absence-alone" in codes
    for option in (("--receipt", "x"), ("--csv", "x.csv")):
        assert run("verify", "absence.json", *option, "--json").json["error"]["code"] == "settings"


def test_where_no_chain_is_asked_nothing_is_said(run: Run, root: str, tmp_path: Path) -> None:
    assert run("absent", "ab" * 32, "--issuer", 1, "--prove", "-o", "absence.json", "--json").code == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy("absence.json", elsewhere)
    with commands_in(elsewhere) as there:
        verified = there("verify", "absence.json", "--json")
        assert (verified.code, verified.json["error"]["code"]) == (2, "chain-not-asked")


def test_an_attestation_needs_the_file_it_goes_into(run: Run, root: str) -> None:
    for words in (("--attestation", "x"), ("--prove", "--attestation", "x")):
        assert run("absent", "ab" * 32, "--issuer", 1, *words, "--json").json["error"]["code"] == "settings"
    missing = run("absent", "ab" * 32, "--issuer", 1, "--prove", "-o", "a.json", "--attestation", "x", "--json")
    assert missing.json["error"]["code"] == "unreadable"
    Path("note").write_text("no note")
    broken = run("absent", "ab" * 32, "--issuer", 1, "--prove", "-o", "a.json", "--attestation", "note", "--json")
    assert (broken.json["error"]["code"], broken.json["error"]["where"]) == ("note-form", "note")
    assert not Path("a.json").exists()


def test_it_is_as_of_the_first_block_of_the_day_unless_the_issuer_anchored_since(
    run: Run, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That block is in the lists of witnesses; and nothing that was anchored today is called absent by it."""

    def block_of_file() -> int:
        made = run("absent", "never.json", "--issuer", 1, "--prove", "-o", "absence.json", "--json")
        assert (made.code, made.json["outcome"]) == (0, "absent"), made.out
        assert run("verify", "absence.json", "--absence", "--json").code == 0
        file = AbsenceFile.of(Path("absence.json").read_bytes())
        return read_header(file.evidence.header).number

    before = block_of_file()
    tomorrow = datetime.combine(datetime.now(UTC).date() + timedelta(days=1), datetime.min.time(), UTC)
    for name, seconds in (("first", 17.0), ("second", 77.0)):
        monkeypatch.setattr(time, "time", partial(float, tomorrow.timestamp() + seconds))
        assert run("issuer", "register", "--uri", f"did:web:{name}.example", "--json").code == 0
    assert block_of_file() == before + 1
    Path("today.json").write_text(NEVER.replace("never", "today"))
    assert run("anchor", "today.json", "--issuer", 1, "--json").code == 0
    assert block_of_file() > before + 2
