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
FORM: dict[str, Any] = {"header": "0x", "address": "0x" + "00" * 20, "nodes": [], "account": [], "slots": {}}


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
        FORM | {"more": 1},
        FORM | {"header": "00"},
        FORM | {"header": "0xAB"},
        FORM | {"header": "0x" + "00" * 9_000},
        FORM | {"address": "0x" + "00" * 19},
        FORM | {"nodes": {}},
        FORM | {"nodes": ["0x"]},
        FORM | {"nodes": ["0x", "0x"], "account": [0, 1]},
        FORM | {"nodes": ["0x00", "0x01"], "account": [1, 0]},
        FORM | {"nodes": ["0x"] * 10_000},
        FORM | {"nodes": ["0x" + "00" * 601], "account": [0]},
        FORM | {"nodes": ["0x"], "account": [0] * 65},
        FORM | {"account": "0x"},
        FORM | {"account": [0]},
        FORM | {"nodes": ["0x"], "account": [0, -1]},
        FORM | {"nodes": ["0x"], "account": [False]},
        FORM | {"nodes": ["0x"], "account": [0.0]},
        FORM | {"slots": []},
        FORM | {"slots": {"0x00": []}},
        FORM | {"slots": {"0x" + f"{at:064x}": [] for at in range(1_025)}},
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
