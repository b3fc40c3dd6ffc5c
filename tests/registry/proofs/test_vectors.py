"""The vectors that a second implementation of evidence is held against: this one gives what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from registry.errors import EvidenceError
from registry.proofs.evidence import Evidence

REPOSITORY = Path(__file__).parents[3]
FOLDER = REPOSITORY / "tests" / "vectors" / "evidence"


def cases(name: str) -> list[Any]:
    found: list[Any] = json.loads((FOLDER / name).read_text("utf-8"))
    return [pytest.param(case, id=case["name"]) for case in found]


@pytest.mark.parametrize("case", cases("holding.json"))
def test_what_holds_shows_what_is_expected(case: dict[str, Any]) -> None:
    evidence = Evidence.from_dict(case["evidence"])
    assert evidence.to_dict() == case["evidence"]
    proved = evidence.proved(bytes.fromhex(case["blockHash"][2:]))
    assert {
        "number": proved.header.number,
        "codeHash": f"0x{proved.account.code_hash.hex()}",
        "values": {f"0x{slot.hex()}": hex(value) for slot, value in proved.values.items()},
    } == case["expect"]


@pytest.mark.parametrize("case", cases("forged.json"))
def test_what_is_forged_is_refused_for_what_is_wrong(case: dict[str, Any]) -> None:
    with pytest.raises(EvidenceError) as refused:
        Evidence.from_dict(case["evidence"]).proved(bytes.fromhex(case["blockHash"][2:]))
    assert refused.value.code == case["expect"]["refused"]


def test_there_are_enough_of_them() -> None:
    assert len(cases("forged.json")) >= 40


@pytest.mark.parametrize(
    "given",
    [
        None,
        {},
        {"header": "0x", "address": "0x" + "00" * 20, "account": [], "slots": {}, "more": 1},
        {"header": "00", "address": "0x" + "00" * 20, "account": [], "slots": {}},
        {"header": "0xAB", "address": "0x" + "00" * 20, "account": [], "slots": {}},
        {"header": "0x", "address": "0x" + "00" * 19, "account": [], "slots": {}},
        {"header": "0x", "address": "0x" + "00" * 20, "account": ["0x"] * 65, "slots": {}},
        {"header": "0x", "address": "0x" + "00" * 20, "account": "0x", "slots": {}},
        {"header": "0x", "address": "0x" + "00" * 20, "account": [1], "slots": {}},
        {"header": "0x", "address": "0x" + "00" * 20, "account": [], "slots": {"0x00": []}},
        {"header": "0x" + "00" * 9_000, "address": "0x" + "00" * 20, "account": [], "slots": {}},
    ],
)
def test_other_forms_are_refused(given: object) -> None:
    with pytest.raises(EvidenceError) as refused:
        Evidence.from_dict(given)
    assert refused.value.code in ("evidence-form", "evidence-size")


def test_they_are_what_the_script_builds() -> None:
    script = REPOSITORY / "scripts" / "build_evidence_vectors.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
