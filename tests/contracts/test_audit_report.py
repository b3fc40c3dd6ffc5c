"""The report of the audit is about the contracts, proofs and explanations that there are. No tool is run here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.audit import coverage, findings, proofs
from scripts.audit.expected import Explained, Place, explained, problems
from scripts.audit.proofs import Group, Outcome, Proof
from scripts.audit.report import REPORT, written

EQUALITY = Place("incorrect-equality", "contracts/src/Parties.sol: Parties.setOperator")
CLOCK = Place("timestamp", "contracts/src/Batches.sol: Batches.anchorBySignature")
GROUP = Group("Words.sol", "Of words.", (Proof("Words", "check_one", "Any word."),))


def rows_with(text: str) -> list[str]:
    return [line for line in REPORT.read_text().splitlines() if line.startswith("|") and text in line]


def test_every_proof_is_in_the_report() -> None:
    groups = proofs.declared()
    assert {group.file for group in groups} == {path.name for path in proofs.FOLDER.glob("*.sol")} - {"Symbolic.sol"}
    for group in groups:
        assert group.says in REPORT.read_text()
        for proof in group.proofs:
            assert proof.says, f"{proof.name} does not say for which values it is"
            assert len(rows_with(f"| `{proof.name}` | {proof.says} |")) == 1, proof.name
    # Counted by another eye than the one that reads the comments.
    functions = sum(path.read_text().count("function check_") for path in proofs.FOLDER.glob("*.sol"))
    assert functions == sum(len(group.proofs) for group in groups) == len(rows_with("| `check_"))


@pytest.mark.parametrize("section", ["findings", "gaps"])
def test_every_explanation_is_in_the_report(section: str) -> None:
    for entry in explained(section):
        place = entry.place.where.removeprefix(coverage.SOURCES).replace("|", r"\|")
        assert rows_with(f"| {entry.place.what} | `{place}` | {entry.reason} |"), entry.place


def test_every_contract_with_code_is_in_the_table_of_coverage() -> None:
    for path in sorted(Path(coverage.SOURCES).glob("*.sol")):
        if ("function " in path.read_text() and not path.name.startswith("I")) or path.name == "InclusionProof.sol":
            assert rows_with(f"| {path.name} |"), path


def test_what_is_explained_is_no_problem() -> None:
    assert problems([EQUALITY, CLOCK], [Explained(CLOCK, "Meant."), Explained(EQUALITY, "Meant.")]) == []


def test_an_unexplained_finding_fails() -> None:
    assert problems([EQUALITY, CLOCK], [Explained(CLOCK, "Meant.")]) == [
        "not explained: incorrect-equality at contracts/src/Parties.sol: Parties.setOperator"
    ]


def test_a_second_finding_does_not_hide_behind_the_first() -> None:
    assert len(problems([CLOCK, CLOCK], [Explained(CLOCK, "Meant.")])) == 1


def test_a_stale_explanation_fails() -> None:
    assert problems([], [Explained(CLOCK, "Meant.")]) == [
        "explains nothing: timestamp at contracts/src/Batches.sol: Batches.anchorBySignature"
    ]


def test_an_explanation_needs_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "explained.json"
    path.write_text(json.dumps({"gaps": [{"what": "line", "where": "A.sol: x = 1;", "reason": " "}]}))
    with pytest.raises(ValueError, match="has no reason"):
        explained("gaps", path)


def test_places_of_slither_are_names() -> None:
    element = {
        "name": "setOperator",
        "source_mapping": {"filename_relative": "contracts/src/Parties.sol", "lines": [45]},
        "type_specific_fields": {"parent": {"name": "Parties"}},
    }
    alone = {**element, "name": "0.8.35", "type_specific_fields": {"directive": ["solidity"]}}
    report = {
        "results": {
            "detectors": [
                {"check": "incorrect-equality", "elements": [element]},
                {"check": "pragma", "elements": [alone, element]},
            ]
        }
    }
    assert findings.places(report) == [EQUALITY, Place("pragma", "contracts/src/Parties.sol: 0.8.35")]


@pytest.mark.parametrize(
    ("outcome", "failure"),
    [
        (Outcome(True, 3, 0), []),
        (Outcome(False, 3, 0), ["not proved: Words.check_one"]),
        (Outcome(True, 3, 1), ["a loop goes on beyond 300 rounds: Words.check_one"]),
        (None, ["not run: Words.check_one"]),
    ],
)
def test_a_proof_has_to_be_run_to_its_end(outcome: Outcome | None, failure: list[str]) -> None:
    found = {} if outcome is None else {("Words", "check_one"): outcome}
    assert proofs.failures([GROUP], found) == failure


def test_outcomes_of_halmos() -> None:
    passed = {"name": "check_one(uint256)", "exitcode": 0, "num_paths": [3, 2, 1], "num_bounded_loops": 0}
    report = {"test_results": {"contracts/halmos/Words.sol:Words": [passed, {**passed, "name": "a()", "exitcode": 1}]}}
    assert proofs.outcomes(report) == {
        ("Words", "check_one"): Outcome(True, 3, 0),
        ("Words", "a"): Outcome(False, 3, 0),
    }


def test_gaps_are_found_by_their_text() -> None:
    lcov = "SF:a.sol\nFN:1,f\nFNDA:2,f\nDA:1,2\nDA:2,0\nBRDA:1,0,0,-\nBRDA:1,0,1,2\nend_of_record\nSF:b.sol\nDA:1,4\n"
    files = coverage.parsed(lcov)
    assert coverage.gaps("a.sol", files["a.sol"], "if (x)\n    y = 1;\n") == [
        Place("line", "a.sol: y = 1;"),
        Place("branch", "a.sol: if (x)"),
    ]
    assert coverage.measured(files["a.sol"].lines.values()) == "1 of 2"
    assert coverage.gaps("b.sol", files["b.sol"], "z\n") == []


def test_the_report_shows_gaps_with_their_reasons() -> None:
    gap = Explained(Place("branch", "contracts/src/A.sol: a || b"), "Cannot be.")
    outcome = {("Words", "check_one"): Outcome(True, 3, 0)}
    text = written([GROUP], outcome, [], {"contracts/src/A.sol": coverage.Covered({1: 1})}, [gap], "halmos 1")
    assert r"| branch | `A.sol: a \|\| b` | Cannot be. |" in text
    assert "| `check_one` | Any word. | 3 |" in text
    assert "| A.sol | 1 of 1 | 0 of 0 | 0 of 0 |" in text
