"""What software and schemas of others need: node with the packages of package.json, and files beside the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
SHARED = REPOSITORY.parent / "shared"
ANSWERS = Path(__file__).with_name("one_answer.mjs")
SECONDS = 120


class Complained(Exception):
    """The others' software stopped with an error; its text."""


def ask(name: str, **question: Any) -> Any:
    """What `one_answer.mjs` answers, with every context at hand.

    Raises:
        Complained: the packages did.
    """
    node = shutil.which("node")
    if node is None or not (REPOSITORY / "node_modules/@digitalbazaar/vc").is_dir():
        missing("node and the packages of package.json are not here: run `npm ci`")
    asked = json.dumps({"ask": name, "contexts": contexts(), **question})
    ran = subprocess.run(
        [str(node), str(ANSWERS)], input=asked, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    if "error" in answer:
        raise Complained(answer["error"])
    return answer["value"]


@cache
def contexts() -> dict[str, Any]:
    """The JSON-LD contexts by their URL."""
    folder = shared("contexts")
    return {
        url: json.loads((folder / name).read_text(encoding="utf-8"))
        for url, name in json.loads((folder / "index.json").read_text(encoding="utf-8")).items()
    }


def shared(name: str) -> Path:
    """A file or folder beside the repository; without it the test is skipped, or fails under CI."""
    path = SHARED / name
    if not path.exists():
        missing(f"{path} is not there")
    return path


def missing(reason: str) -> None:
    """Skip, or fail under CI."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
