"""Runs slither on contracts/src, and says what it found by detector and function."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.audit.expected import Place
from scripts.audit.tools import REPOSITORY, forge, with_profile

OUT = "out/slither"


def places(report: Mapping[str, Any]) -> list[Place]:
    """Each finding of slither's JSON report: the detector, and file and function (or what else it is about)."""
    return [Place(finding["check"], _place(finding["elements"][0])) for finding in report["results"]["detectors"]]


def run() -> list[Place]:
    """Compile the contracts without tests and have slither read them. Raises when slither could not."""
    shutil.rmtree(REPOSITORY / OUT, ignore_errors=True)
    built = {"FOUNDRY_OUT": OUT, "FOUNDRY_CACHE_PATH": "cache/slither", "FOUNDRY_TEST": "contracts/src"}
    forge("halmos", "build", "--force", "--build-info", **built)
    output = REPOSITORY / OUT / "findings.json"
    command = [str(Path(sys.executable).with_name("slither")), ".", "--ignore-compile", "--foundry-out-directory", OUT]
    # Of the libraries only what reaches into the contracts is of interest.
    command += ["--filter-paths", "node_modules", "--json", str(output)]
    # slither exits with an error whenever it finds anything.
    subprocess.run(command, cwd=REPOSITORY, env=with_profile("halmos"), check=False, capture_output=True)
    report = json.loads(output.read_text())
    if not report["success"]:
        raise RuntimeError(f"slither did not finish: {report['error']}")
    return places(report)


def _place(element: Mapping[str, Any]) -> str:
    file = element["source_mapping"]["filename_relative"]
    parent = element["type_specific_fields"].get("parent", {}).get("name")
    return f"{file}: {parent}.{element['name']}" if parent else f"{file}: {element['name']}"
