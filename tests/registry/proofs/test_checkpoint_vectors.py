"""The vectors that a second implementation of checkpoint lists is held against: this one gives what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from registry.errors import RegistryError
from registry.proofs import TrustedBlocks, read_checkpoints
from registry.proofs.witnesses import parse_witnesses
from registry.timestamps import write_timestamp

REPOSITORY = Path(__file__).parents[3]
CASES: list[Any] = json.loads((REPOSITORY / "tests/vectors/checkpoints/lists.json").read_text("utf-8"))


def told(blocks: TrustedBlocks) -> dict[str, Any]:
    return {
        "origin": blocks.origin,
        "witnesses": list(blocks.witnesses),
        "needed": blocks.needed,
        "blocks": [
            {
                "chain": each.chain,
                "number": each.number,
                "hash": f"0x{each.hash.hex()}",
                "time": write_timestamp(each.timestamp),
            }
            for each in blocks.entries.values()
        ],
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_list_is_believed_or_refused_as_it_says(case: dict[str, Any]) -> None:
    try:
        read = read_checkpoints(case["list"].encode())
        found = told(read.trusted(parse_witnesses(case["policy"])))
        assert bytes(read) == case["list"].encode()
    except RegistryError as error:
        found = {"refused": error.code}
    assert found == case["expect"]


def test_they_are_what_the_script_builds() -> None:
    script = REPOSITORY / "scripts" / "build_checkpoint_vectors.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
