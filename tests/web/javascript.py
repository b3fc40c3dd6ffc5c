"""Runs the verifier's JavaScript: cases go in as a file, and what differs comes out as the failure of a test."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MOST_SECONDS = 300
"""A hundred times what any of them takes: by then it hangs."""


def run_javascript(name: str, cases: Any, folder: Path) -> None:
    """Run a file of tests.

    Args:
        name: of the file beside this one, without `.test.mjs`.
        cases: what it reads, as JSON.
        folder: for them.
    """
    written = folder / f"{name}.json"
    written.write_text(json.dumps(cases), encoding="utf-8")
    done = subprocess.run(
        ["node", "--test", str(HERE / f"{name}.test.mjs")],
        capture_output=True,
        text=True,
        env={**os.environ, "CASES": str(written)},
        check=False,
        timeout=MOST_SECONDS,
    )
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
