"""The W3C vectors of the four suites, with their contexts and keys; all of them are beside the repository."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from registry.rdf.contexts import Contexts

SHARED = Path(__file__).parents[1].parent / "shared"
VECTORS = SHARED / "vectors" / "vc-data-integrity"


def given(folder: Path) -> Path:
    """A folder beside the repository; without it, the test is left out, but not where CI runs it."""
    if not folder.is_dir():
        reason = f"the folder is not there: {folder}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


def contexts_of_vectors() -> Contexts:
    """With the contexts that examples of standards name and credentials do not."""
    folder = given(SHARED / "contexts")
    index = json.loads((folder / "index.json").read_text("utf-8"))
    wanted = "https://www.w3.org/ns/credentials/examples/v2"
    return Contexts({wanted: json.loads((folder / index[wanted]).read_text("utf-8"))})


def vectors() -> dict[str, dict[str, Any]]:
    """The signed documents, by the names of their files."""
    given(VECTORS)
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(VECTORS.rglob("*_signed*.json"))}
