"""Changes the contracts in small ways, one at a time, and sees whether the forge tests notice.

    python -m scripts.audit.mutants --list             every mutant there is
    python -m scripts.audit.mutants --sample 60        run as many of them; minutes each on one core

A mutant that no test notices either changes nothing that can be observed, or shows a test that is missing: each is
explained in `explained.json`. The sample is drawn by a hash of the mutant, so it is the same on every machine, and
changes little when the sources do. Outcomes are kept in `mutants.json`, which the report reads.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from scripts.audit.expected import Place
from scripts.audit.tools import BINARIES, REPOSITORY, with_profile

SOURCES = REPOSITORY / "contracts/src"
OUTCOMES = REPOSITORY / "scripts/audit/mutants.json"
FOLDER = REPOSITORY / "build/mutants"
SECONDS = 900
COURSES = "InvariantsTest"

# What is swapped with what, by the name of the operator; the words are matched as a whole.
SWAPS: dict[str, tuple[tuple[str, str], ...]] = {
    "comparison": (
        (r"(?<![=!<>])==(?!=)", "!="),
        (r"!=(?!=)", "=="),
        (r"(?<![<=])<(?![<=])", "<="),
        (r"(?<![>=])>(?![>=])", ">="),
        (r"<=", "<"),
        (r">=", ">"),
    ),
    "logic": ((r"&&", "||"), (r"\|\|", "&&"), (r"\btrue\b", "false"), (r"\bfalse\b", "true")),
    "negation": ((r"(?<=[(\s])!(?=[\w(])", ""), (r"~(?=[\w(])", "")),
    "bits": ((r"(?<!\|)\|(?!\|)", "&"), (r"(?<!&)&(?!&)", "|"), (r"<<", ">>"), (r">>", "<<")),
    "arithmetic": ((r"(?<!\+)\+(?![+=])", "-"), (r"(?<!-)-(?![->=])", "+"), (r"(?<![\w/])/(?!/)", "*")),
    "constant": (
        (r"\bPurpose\.Revocation\b", "Purpose.Suspension"),
        (r"\bPurpose\.Suspension\b", "Purpose.Revocation"),
        (r"\bAccreditationState\.Active\b", "AccreditationState.Suspended"),
        (r"\bAccreditationState\.Suspended\b", "AccreditationState.Withdrawn"),
        (r"\bAccreditationState\.Void\b", "AccreditationState.Refused"),
        (r"\bKind\.Recognise\b", "Kind.AccreditToIssue"),
        (r"\bKind\.AccreditToAccredit\b", "Kind.AccreditToIssue"),
        (r"\bterms\.body\b", "terms.holder"),
        (r"\bterms\.holder\b", "terms.body"),
        (r"\bvalidUntil\b", "validFrom"),
    ),
}
NUMBER = re.compile(r"(?<![\w.])(\d+)(?![\w.])")
# Whole statements: a check that refuses, a call or an assignment, an event.
STATEMENT = re.compile(r"(?!return\b|revert\b|else\b|[?:\"])[^{}]*;")
DECLARATION = re.compile(
    r".*\b(?:constant|immutable|private|public)\b"
    r"|(?:uint\d*|bool|bytes\d*|address|[A-Z]\w*|mapping.*)(?:\[\])?(?: memory| storage| calldata)? \w+ ?[=;]"
    r"|\([A-Za-z]\w* (?:storage |memory )?\w+,.*\) ="
)
OUTSIDE = re.compile(
    r"^\s*(?://|/?\*|import\b|pragma\b|error\b|event\b|using\b|struct\b|enum\b|contract\b|library\b|abstract\b|interface\b)"
)


@dataclass(frozen=True)
class Mutant:
    """One line that was changed.

    Attributes:
        file: name in contracts/src.
        line: number of the line, from 1.
        operator: how it was changed.
        before, after: text of the line; empty when it was deleted.
    """

    file: str
    line: int
    operator: str
    before: str
    after: str

    @property
    def place(self) -> Place:
        """For its explanation: no number that moves."""
        return Place(self.operator, f"contracts/src/{self.file}: {self.before} → {self.after or '(nothing)'}")

    @property
    def rank(self) -> str:
        """Its place in the order in which samples are drawn."""
        return sha256(f"{self.file} {self.operator} {self.before} {self.after}".encode()).hexdigest()


@dataclass(frozen=True)
class Tried:
    """What came of a run: how many mutants there were, and each that was run with its outcome."""

    of: int
    outcomes: tuple[tuple[Mutant, str], ...]

    def survivors(self) -> list[Place]:
        """Those that no test noticed."""
        return [mutant.place for mutant, outcome in self.outcomes if outcome == "survived"]


def tried(path: Path = OUTCOMES) -> Tried:
    """The run that is on record."""
    content = json.loads(path.read_text(encoding="utf-8"))
    outcomes = []
    for entry in content["outcomes"]:
        outcome = entry.pop("outcome")
        outcomes.append((Mutant(**entry), outcome))
    return Tried(content["of"], tuple(outcomes))


def all_mutants(folder: Path = SOURCES) -> list[Mutant]:
    """Every mutant of every contract and library, by file and line; interfaces have no code."""
    paths = [path for path in sorted(folder.glob("*.sol")) if not re.match(r"I[A-Z][a-z]+s\.sol", path.name)]
    return [mutant for path in paths for mutant in mutants_of(path.name, path.read_text(encoding="utf-8"))]


def mutants_of(file: str, source: str) -> Iterator[Mutant]:
    """The mutants of one source, line by line."""
    for number, line in enumerate(source.splitlines(), 1):
        if OUTSIDE.match(line) or not line.strip():
            continue
        code = line.partition("//")[0].rstrip()
        for operator, changed in _changes(code):
            if changed != code:
                yield Mutant(file, number, operator, code.strip(), changed.strip())


def _changes(code: str) -> Iterator[tuple[str, str]]:
    for operator, swaps in SWAPS.items():
        # Types and parameters have angles, arrows and bars of their own.
        if re.match(r"\s*(?:function|mapping|returns?\s*\(|type)\b", code) and operator != "constant":
            continue
        for pattern, instead in swaps:
            for found in re.finditer(pattern, code):
                if "=>" in code[found.start() - 1 : found.end() + 1]:
                    continue
                yield operator, code[: found.start()] + instead + code[found.end() :]
    if not re.match(r"\s*(?:function|type|struct)\b", code):
        for found in NUMBER.finditer(code):
            more = str(int(found[1]) + 1)
            yield "off by one", code[: found.start()] + more + code[found.end() :]
    statement = code.strip()
    is_whole = statement.count("(") == statement.count(")")
    if STATEMENT.fullmatch(statement) and not DECLARATION.match(statement) and is_whole:
        yield "deletion", ""


def sample(mutants: Iterable[Mutant], size: int) -> list[Mutant]:
    """As many of them, spread evenly over the operators, always the same ones."""
    groups: dict[str, list[Mutant]] = {}
    for mutant in sorted(mutants, key=lambda each: each.rank):
        groups.setdefault(mutant.operator, []).append(mutant)
    taken: list[Mutant] = []
    while len(taken) < size and any(groups.values()):
        for group in groups.values():
            if group and len(taken) < size:
                taken.append(group.pop(0))
    return taken


def mutated(source: str, mutant: Mutant) -> str:
    """The source with that one line changed."""
    lines = source.splitlines(keepends=True)
    indent = lines[mutant.line - 1][: len(lines[mutant.line - 1]) - len(lines[mutant.line - 1].lstrip())]
    lines[mutant.line - 1] = f"{indent}{mutant.after}\n"
    return "".join(lines)


def run(mutants: Iterable[Mutant], told: Callable[[Mutant, str], None]) -> None:
    """Run the forge tests of each: "noticed", "survived", or "refused" when the compiler will not have it."""
    _copy()
    if _tested() != "survived":
        raise RuntimeError("the tests fail without any change: there is nothing to be learnt from mutants")
    for mutant in mutants:
        path = FOLDER / "contracts/src" / mutant.file
        source = (SOURCES / mutant.file).read_text(encoding="utf-8")
        path.write_text(mutated(source, mutant), encoding="utf-8")
        try:
            told(mutant, _tested())
        finally:
            path.write_text(source, encoding="utf-8")


def _copy() -> None:
    """The contracts and their tests in a folder of their own, which keeps what was compiled before."""
    for name in ("contracts/src", "contracts/test"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        shutil.copytree(REPOSITORY / name, FOLDER / name)
    shutil.copy(REPOSITORY / "foundry.toml", FOLDER / "foundry.toml")
    for name in ("node_modules", "scripts"):
        if not (FOLDER / name).exists():
            (FOLDER / name).symlink_to(REPOSITORY / name)


def _tested() -> str:
    # Most mutants are noticed by tests of single calls, which are quick; courses of calls are for those that are left.
    outcome = _tested_by("--no-match-contract", COURSES)
    return _tested_by("--match-contract", COURSES) if outcome == "survived" else outcome


def _tested_by(*which: str) -> str:
    forge = str(BINARIES / "forge")
    try:
        done = subprocess.run(
            [forge, "test", "--fail-fast", *which],
            cwd=FOLDER,
            env=with_profile("mutants"),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "noticed"  # a loop without end is seen by whoever waits for it
    if "Compiler run failed" in done.stdout + done.stderr:
        return "refused"
    if done.returncode == 0 and re.search(r"[1-9]\d* tests passed, 0 failed", done.stdout):
        return "survived"
    return "noticed"


def main() -> int:
    """List them, or run a sample."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="every mutant there is, and run none")
    parser.add_argument("--sample", type=int, default=0, help="how many to run; all of them without it")
    arguments = parser.parse_args()
    every = all_mutants()
    if arguments.list:
        for mutant in every:
            print(f"{mutant.file}:{mutant.line} {mutant.operator}: {mutant.before} → {mutant.after or '(nothing)'}")
        print(dict(Counter(mutant.operator for mutant in every)), len(every))
        return 0
    outcomes: list[dict[str, object]] = []

    def told(mutant: Mutant, outcome: str) -> None:
        outcomes.append({**asdict(mutant), "outcome": outcome})
        print(f"{outcome}: {mutant.file}:{mutant.line} {mutant.before} → {mutant.after or '(nothing)'}", flush=True)
        content = {"of": len(every), "outcomes": outcomes}
        OUTCOMES.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    run(sample(every, arguments.sample or len(every)), told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
