"""Runs the proofs in contracts/halmos: each that is declared has to pass, with every path followed to its end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.audit.tools import REPOSITORY, forge, with_profile

FOLDER = REPOSITORY / "contracts/halmos"
OUT = "out/halmos"
# Longest loop that a proof may take: zeroing memory word by word is the longest there is.
LOOP = 300
# Long enough for z3 to see on any machine which branches cannot be taken: paths are then the same everywhere.
BRANCHING = "5s"
SECONDS = 3600
CONTRACT = re.compile(r"(?P<comment>(?:^ *///[^\n]*\n)*)^(?:abstract )?contract (?P<name>\w+)", re.MULTILINE)
FUNCTION = re.compile(r"(?P<comment>(?:^ *///[^\n]*\n)*)^    function (?P<name>\w+)\(", re.MULTILINE)


@dataclass(frozen=True)
class Proof:
    """A function that halmos has to prove, and what its comment says."""

    contract: str
    name: str
    says: str


@dataclass(frozen=True)
class Group:
    """The proofs of one file, with what is said of all of them."""

    file: str
    says: str
    proofs: tuple[Proof, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of one proof."""

    passed: bool
    paths: int
    cut_loops: int


def declared(folder: Path = FOLDER) -> list[Group]:
    """All proofs by file, in the order of the files' names and of the functions in them."""
    groups = []
    for path in sorted(folder.glob("*.sol")):
        text = path.read_text()
        contracts = list(CONTRACT.finditer(text))
        functions = list(FUNCTION.finditer(text))
        proofs = []
        for function in functions:
            if function["name"].startswith("check_"):
                owner = [found["name"] for found in contracts if found.start() < function.start()][-1]
                proofs.append(Proof(owner, function["name"], _said(function["comment"])))
        if proofs:
            helpers = [_said(found["comment"]) for found in functions if found["name"] == "_harmless"]
            whole = [_said(found["comment"]) for found in contracts if found["name"] == proofs[0].contract]
            groups.append(Group(path.name, " ".join([*whole, *helpers]), tuple(proofs)))
    return groups


def outcomes(report: Mapping[str, Any]) -> dict[tuple[str, str], Outcome]:
    """By contract and function, from what halmos writes with `--json-output`."""
    found = {}
    for place, results in report["test_results"].items():
        for result in results:
            name = result["name"].partition("(")[0]
            paths, cut = result["num_paths"][0], result["num_bounded_loops"]
            found[place.rpartition(":")[2], name] = Outcome(result["exitcode"] == 0, paths, cut)
    return found


def failures(groups: Iterable[Group], found: Mapping[tuple[str, str], Outcome]) -> list[str]:
    """One line for each proof that was not run, did not pass, or left a loop unfinished."""
    lines = []
    for group in groups:
        for proof in group.proofs:
            outcome = found.get((proof.contract, proof.name))
            if outcome is None:
                lines.append(f"not run: {proof.contract}.{proof.name}")
            elif not outcome.passed:
                lines.append(f"not proved: {proof.contract}.{proof.name}")
            elif outcome.cut_loops:
                lines.append(f"a loop goes on beyond {LOOP} rounds: {proof.contract}.{proof.name}")
    return lines


def run() -> dict[tuple[str, str], Outcome]:
    """Compile the proofs and have halmos prove them. Raises when halmos itself cannot be run in time."""
    forge("halmos", "build")
    output = REPOSITORY / OUT / "proofs.json"
    output.unlink(missing_ok=True)
    command = [sys.executable, "-m", "scripts.audit.run_halmos", "--forge-build-out", OUT, "--no-status"]
    limits = ["--loop", str(LOOP), "--solver-timeout-branching", BRANCHING, "--json-output", str(output)]
    # A failed proof is in the report; its exit code says no more.
    subprocess.run([*command, *limits], cwd=REPOSITORY, env=with_profile("halmos"), timeout=SECONDS, check=False)
    return outcomes(json.loads(output.read_text()))


def _said(comment: str) -> str:
    words = " ".join(line.strip().removeprefix("///").strip() for line in comment.splitlines())
    return words.removeprefix("@dev ")
