"""`testamur digest`: the digest that lookups are asked by, made here and without asking anybody."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from registry.credential.digest import digest_json
from tests.conftest import Run


def test_the_digest_by_which_it_is_anchored(run: Run, diplomas: Path, tmp_path: Path) -> None:
    run("issuer", "register", "--uri", "did:web:university.example")
    (tmp_path / "d.pdf").write_bytes(b"%PDF-1.7 a diploma")
    ran = run("digest", diplomas / "001.json", "d.pdf", "--json")
    assert ran.code == 0
    one, two = ran.json["files"]
    assert (one["digest"], one["method"]) == (digest_json((diplomas / "001.json").read_bytes()).hex, "vc-jcs")
    assert (two["digest"], two["method"]) == (hashlib.sha256(b"%PDF-1.7 a diploma").hexdigest(), "file")
    shown = run("digest", diplomas / "001.json", "d.pdf").out.split("\n")
    assert shown[1].split() == [two["digest"], "file", "d.pdf"]
    run("anchor", diplomas)
    assert run("verify", one["digest"], "--json").json["overall"] != "could not be checked"


def test_all_digests_of_what_a_presentation_holds(run: Run, diplomas: Path, tmp_path: Path) -> None:
    inner = json.loads((diplomas / "001.json").read_text())
    presentation = {"type": ["VerifiablePresentation"], "verifiableCredential": [inner]}
    (tmp_path / "vp.json").write_text(json.dumps(presentation))
    (found,) = run("digest", "--all", "vp.json", "--json").json["files"]
    within = digest_json((diplomas / "001.json").read_bytes()).hex
    assert within in [each["digest"] for each in found["digests"]]
    assert within != found["digest"]
    assert within in run("digest", "--all", "vp.json").out


def test_what_has_no_digest_is_told_and_hides_no_other(run: Run, diplomas: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"a": ')
    ran = run("digest", "broken.json", diplomas / "001.json", "--json")
    assert ran.code == 1
    broken, good = ran.json["files"]
    assert broken["digest"] is None
    assert "JSON" in broken["error"]
    assert good["digest"]
    assert run("digest", "ab" * 32).code == 1


def test_nothing_is_needed_for_it(run: Run, diplomas: Path, tmp_path: Path) -> None:
    assert run("digest", diplomas / "001.json", "--chain", "http://127.0.0.1:1").code == 0
    assert not (tmp_path / "testamur-data").exists()
