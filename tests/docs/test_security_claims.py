"""Every claim of docs/explanation/security.md names tests, and they are there."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "docs" / "explanation" / "security.md"
# How every table of claims is headed; a table with another head is a mistake, not a table to pass over.
HEAD = ["Claim", "Shown by"]
LINK = re.compile(r"\[`(?P<name>\w+)`\]\((?P<target>[^)\s]+)\)")
# As forge and halmos find what they run: a function by its name, which everybody can call.
SOLIDITY_TEST = re.compile(
    r"^    function ((?:test|invariant_|check_)\w*)\([^{;]*?\)[^{;]*?\b(?:external|public)\b", re.M
)
SOLIDITY_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)


@dataclass(frozen=True)
class Claim:
    """One row: what is claimed, and the tests that show it as pairs of file and name."""

    line: int
    text: str
    tests: tuple[tuple[str, str], ...]


def claims_of(page: str) -> tuple[list[Claim], list[str]]:
    """The claims of a page, and what is wrong with its tables."""
    claims, mistakes = [], []
    lines = page.splitlines()
    head: list[str] | None = None
    for number, line in enumerate(lines, start=1):
        if not line.startswith("|"):
            head = None
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if head is None:
            head = cells
            if head != HEAD:
                mistakes.append(f"line {number}: a table without the head {HEAD}")
        elif all(re.fullmatch(r":?-+:?", cell) for cell in cells):
            continue
        elif len(cells) != len(HEAD) or not cells[0]:
            mistakes.append(f"line {number}: a row is a claim and its tests")
        else:
            tests = tuple((match["target"], match["name"]) for match in LINK.finditer(cells[1]))
            rest = LINK.sub("", cells[1]).replace(",", "").strip()
            if not tests:
                mistakes.append(f"line {number}: no test for {cells[0]!r}")
            if rest and tests:
                mistakes.append(f"line {number}: not a test: {rest!r}")
            claims.append(Claim(number, cells[0], tests))
    return claims, mistakes


def mistakes_of(page: str, folder: Path) -> list[str]:
    """What is wrong with a page that lies in that folder; nothing, if each of its claims has tests that are there."""
    claims, mistakes = claims_of(page)
    if not claims:
        mistakes.append("no claim at all")
    for claim in claims:
        for target, name in claim.tests:
            file = (folder / target).resolve()
            if not file.is_file():
                mistakes.append(f"line {claim.line}: no file {target}")
            elif name not in names_in(file):
                mistakes.append(f"line {claim.line}: no test {name} in {target}")
    return mistakes


@cache
def names_in(file: Path) -> frozenset[str]:
    """The names of the tests of a file that pytest, forge or halmos would run."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".sol":
        if not file.name.endswith(".t.sol") and file.parent.name != "halmos":
            return frozenset()
        return frozenset(SOLIDITY_TEST.findall(SOLIDITY_COMMENT.sub("", text)))
    if file.suffix != ".py" or not file.name.startswith("test_"):
        return frozenset()
    body = ast.parse(text).body
    classes = [node for node in body if isinstance(node, ast.ClassDef) and node.name.startswith("Test")]
    functions = [*body, *(node for each in classes for node in each.body)]
    return frozenset(
        node.name
        for node in functions
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def test_every_claim_is_shown_by_tests_that_are_there() -> None:
    assert mistakes_of(PAGE.read_text(encoding="utf-8"), PAGE.parent) == []


def test_the_page_has_claims_on_every_side() -> None:
    claims, _ = claims_of(PAGE.read_text(encoding="utf-8"))
    kinds = {Path(target).parts[2] + Path(target).suffix for claim in claims for target, _ in claim.tests}
    assert kinds == {"contracts.sol", "tests.py"}
    texts = [claim.text for claim in claims]
    assert len(texts) == len(set(texts))


ROW = "| It holds | {} |"
GOOD = "[`test_it`](test_good.py)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "test_good.py").write_text(
        "def test_it(): ...\n"
        "class TestMore:\n    def test_inside(self): ...\n"
        "class Helper:\n    def test_of_nobody(self): ...\n"
        "def helper():\n    def test_nested(): ...\n"
        "# def test_gone(): ...\n"
    )
    (tmp_path / "helper.py").write_text("def test_it(): ...\n")
    (tmp_path / "Good.t.sol").write_text(
        "contract A {\n    function test_it() external {}\n"
        "    function testFuzz_long(\n        uint256 a\n    ) external view {}\n"
        "    function invariant_it() external view {}\n    function test_hidden() private {}\n"
        "    // function test_gone() external {}\n    /* \n    function test_off() external {} */\n}\n"
    )
    (tmp_path / "Helper.sol").write_text("contract A {\n    function test_it() external {}\n}\n")
    (tmp_path / "halmos").mkdir()
    (tmp_path / "halmos" / "Proof.sol").write_text("contract A {\n    function check_it() external {}\n}\n")
    return tmp_path


def page_of(*rows: str, head: str = "| Claim | Shown by |") -> str:
    return "\n".join(["# Page", "", head, "|---|---|", *rows, ""])


@pytest.mark.parametrize(
    "cell",
    [
        GOOD,
        f"{GOOD}, [`test_inside`](test_good.py)",
        "[`test_it`](Good.t.sol), [`testFuzz_long`](Good.t.sol), [`invariant_it`](Good.t.sol)",
        "[`check_it`](halmos/Proof.sol)",
    ],
)
def test_a_row_with_tests_passes(folder: Path, cell: str) -> None:
    assert mistakes_of(page_of(ROW.format(cell)), folder) == []


@pytest.mark.parametrize(
    ("page", "mistake"),
    [
        (page_of(ROW.format("")), "line 5: no test for 'It holds'"),
        (page_of(ROW.format("by design")), "line 5: no test for 'It holds'"),
        (page_of(ROW.format("[test_it](test_good.py)")), "line 5: no test for 'It holds'"),
        (page_of(ROW.format(f"{GOOD} and by design")), "line 5: not a test: 'and by design'"),
        (page_of(ROW.format(GOOD), "| It holds |"), "line 6: a row is a claim and its tests"),
        (page_of(ROW.format(GOOD), f"| | {GOOD} |"), "line 6: a row is a claim and its tests"),
        (page_of(ROW.format(GOOD), head="| Claim | By |"), "line 3: a table without the head ['Claim', 'Shown by']"),
        (page_of(), "no claim at all"),
        (page_of(ROW.format("[`test_it`](test_none.py)")), "line 5: no file test_none.py"),
    ],
)
def test_a_row_without_a_test_fails(folder: Path, page: str, mistake: str) -> None:
    assert mistakes_of(page, folder) == [mistake]


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("test_other", "test_good.py"),
        ("test_gone", "test_good.py"),
        ("test_nested", "test_good.py"),
        ("test_of_nobody", "test_good.py"),
        ("test_it", "helper.py"),
        ("test_hidden", "Good.t.sol"),
        ("test_gone", "Good.t.sol"),
        ("test_off", "Good.t.sol"),
        ("test_i", "Good.t.sol"),
        ("test_it", "Helper.sol"),
    ],
)
def test_a_test_that_nobody_runs_fails(folder: Path, name: str, target: str) -> None:
    assert mistakes_of(page_of(ROW.format(f"[`{name}`]({target})")), folder) == [f"line 5: no test {name} in {target}"]
