"""The report of the audit is about the contracts, proofs and explanations that there are. No tool is run here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.audit import coverage, findings, mutants, proofs
from scripts.audit.expected import Explained, Place, explained, problems
from scripts.audit.proofs import Group, Outcome, Proof
from scripts.audit.report import ARTIFACTS, REPORT, scope, with_mutants, written

EQUALITY = Place("incorrect-equality", "contracts/src/Parties.sol: Parties.setOperator")
CLOCK = Place("timestamp", "contracts/src/Batches.sol: Batches.anchorBySignature")
MUTANT = mutants.Mutant("A.sol", 1, "comparison", "a == b", "a != b")
TRIED = mutants.Tried(9, ((MUTANT, "noticed"), (MUTANT, "survived"), (MUTANT, "refused")))
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


@pytest.mark.parametrize("section", ["findings", "gaps", "mutants"])
def test_every_explanation_is_in_the_report(section: str) -> None:
    for entry in explained(section):
        place = entry.place.where.removeprefix(coverage.SOURCES).replace("|", r"\|")
        assert rows_with(f"| {entry.place.what} | `{place}` | {entry.reason} |"), entry.place


def test_every_contract_with_code_is_in_the_table_of_coverage() -> None:
    for path in sorted(Path(coverage.SOURCES).glob("*.sol")):
        if ("function " in path.read_text() and not path.name.startswith("I")) or path.name == "InclusionProof.sol":
            assert rows_with(f"| {path.name} |"), path


def test_what_came_of_mutants_is_what_is_on_record() -> None:
    report = REPORT.read_text()
    assert with_mutants(report, mutants.tried()) == report
    assert len(mutants.tried().outcomes) >= 60


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
    text = written([GROUP], outcome, [], {"contracts/src/A.sol": coverage.Covered({1: 1})}, [gap], "halmos 1", TRIED)
    assert r"| branch | `A.sol: a \|\| b` | Cannot be. |" in text
    assert "| `check_one` | Any word. | 3 |" in text
    assert "| A.sol | 1 of 1 | 0 of 0 | 0 of 0 |" in text
    assert "| comparison | 1 | 1 | 1 |" in text


def test_an_auditor_is_told_how_large_both_contracts_are() -> None:
    for name in ("CredentialRegistry", "Accreditations"):
        (row,) = rows_with(f"| `{name}` |")
        code = json.loads((ARTIFACTS / f"{name}.json").read_text())["deployedBytecode"]
        assert f"{len(code) // 2 - 1:,}" in row
    assert scope().strip() in REPORT.read_text()


# Mutants: a run takes hours, so what is looked at here is what would be run.


def test_there_is_a_mutant_of_every_kind_and_each_changes_one_line() -> None:
    every = mutants.all_mutants()
    assert {mutant.operator for mutant in every} == {*mutants.SWAPS, "off by one", "deletion"}
    assert {mutant.file for mutant in every} >= {"Statuses.sol", "Parties.sol", "Accreditations.sol", "PackedBatch.sol"}
    assert not any(mutant.file in ("IStatuses.sol", "IParties.sol") for mutant in every)
    for mutant in mutants.sample(every, 40):
        source = (mutants.SOURCES / mutant.file).read_text()
        lines, changed = source.splitlines(), mutants.mutated(source, mutant).splitlines()
        assert [at for at, pair in enumerate(zip(lines, changed, strict=True), 1) if len(set(pair)) == 2] == [
            mutant.line
        ]
        assert (lines[mutant.line - 1].strip().startswith(mutant.before), changed[mutant.line - 1].strip()) == (
            True,
            mutant.after,
        )


def test_what_a_line_is_changed_to() -> None:
    found = {(each.operator, each.after) for each in mutants.mutants_of("A.sol", "        if (a < 2) revert No();\n")}
    assert found == {
        ("comparison", "if (a <= 2) revert No();"),
        ("off by one", "if (a < 3) revert No();"),
        ("deletion", ""),
    }
    assert list(mutants.mutants_of("A.sol", "// a < b\nerror No(uint256 a);\n    uint256 before = 7;\n")) == [
        mutants.Mutant("A.sol", 3, "off by one", "uint256 before = 7;", "uint256 before = 8;")
    ]


def test_a_sample_is_even_and_always_the_same() -> None:
    every = mutants.all_mutants()
    some = mutants.sample(every, 32)
    assert some == mutants.sample(reversed(every), 32)
    assert len({mutant.operator for mutant in some}) == len(mutants.SWAPS) + 2
    assert set(mutants.sample(every, 16)) < set(some)


def test_mutants_on_record_are_of_the_sources_as_they_are() -> None:
    every = {mutant.place for mutant in mutants.all_mutants()}
    assert {mutant.place for mutant, _ in mutants.tried().outcomes} <= every
