"""Runs `forge coverage` on contracts/src: every line and every branch, or a gap that is explained.

The contracts are too deep for the old code generator, so they are measured with the new one and little optimization.
That one loses the lines of inline assembly in a function that is built into another. The library with assembly is
therefore measured by its own tests, compiled alone by the old generator.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from scripts.audit.expected import Place
from scripts.audit.tools import REPOSITORY, forge

SOURCES = "contracts/src/"
WITH_ASSEMBLY = "contracts/src/InclusionProof.sol"
ITS_TESTS = ["contracts/test/InclusionProof.t.sol", "contracts/test/ReferenceTree.sol", "contracts/test/Test.sol"]
# Coverage wants each path once, not each value: with the fixed seed this is the same on every machine.
FUZZ_RUNS = "64"


@dataclass
class Covered:
    """How often the lines, branches and functions of one file were run, by line number."""

    lines: dict[int, int] = field(default_factory=dict)
    branches: list[tuple[int, int]] = field(default_factory=list)
    functions: dict[str, int] = field(default_factory=dict)


def parsed(lcov: str) -> dict[str, Covered]:
    """The files of an lcov report, by path."""
    files: dict[str, Covered] = {}
    current = Covered()
    for line in lcov.splitlines():
        kind, _, rest = line.partition(":")
        match kind, rest.split(","):
            case "SF", _:
                current = files.setdefault(rest, Covered())
            case "DA", [number, count]:
                current.lines[int(number)] = int(count)
            case "BRDA", [number, _, _, count]:
                current.branches.append((int(number), 0 if count == "-" else int(count)))
            case "FNDA", [count, name]:
                current.functions[name] = int(count)
    return files


def gaps(path: str, covered: Covered, source: str) -> list[Place]:
    """What was not run in a file: the text of each such line and of each line with such a branch."""
    text = source.splitlines()
    lines = [Place("line", f"{path}: {text[number - 1].strip()}") for number, n in covered.lines.items() if n == 0]
    branches = [Place("branch", f"{path}: {text[number - 1].strip()}") for number, n in covered.branches if n == 0]
    return lines + branches


def measured(counts: Iterable[int]) -> str:
    """How many of them are not zero: "17 of 18"."""
    counts = list(counts)
    return f"{sum(count > 0 for count in counts)} of {len(counts)}"


def run() -> dict[str, Covered]:
    """Coverage of each file in contracts/src that has code. Raises when forge fails."""
    build = REPOSITORY / "build/coverage"
    shutil.rmtree(build, ignore_errors=True)
    alone = build / "alone"
    for name in [WITH_ASSEMBLY, *ITS_TESTS, "foundry.toml"]:
        (alone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, alone / name)
    elsewhere = {"FOUNDRY_OUT": str(build / "out"), "FOUNDRY_CACHE_PATH": str(build / "cache")}
    whole = _report(build / "whole.info", "--ir-minimum", **elsewhere)
    compiler = str(REPOSITORY / "scripts/solc.mjs")
    small = _report(build / "alone.info", "--root", str(alone), FOUNDRY_SOLC=compiler, FOUNDRY_LIBS="[]")
    return {**whole, WITH_ASSEMBLY: small[WITH_ASSEMBLY]}


def _report(output: Path, *arguments: str, **settings: str) -> dict[str, Covered]:
    report = ["--report", "lcov", "--report-file", str(output)]
    forge("lite", "coverage", *arguments, *report, FOUNDRY_FUZZ_RUNS=FUZZ_RUNS, **settings)
    files = parsed(output.read_text())
    return {path: covered for path, covered in sorted(files.items()) if path.startswith(SOURCES) and covered.lines}
