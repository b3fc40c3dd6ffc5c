"""`make audit-contracts`: runs halmos, slither and forge coverage, and writes docs/reference/contract-audit.md.

Nothing in the report depends on the machine or the hour. It is written only when all three found nothing wrong.
Mutants take hours and are not run here: what came of them is read from the file that `scripts/audit/mutants.py` writes.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from scripts.audit import coverage, findings, mutants, proofs
from scripts.audit.expected import Explained, explained, problems
from scripts.audit.tools import REPOSITORY

REPORT = REPOSITORY / "docs/reference/contract-audit.md"
SCOPE = REPOSITORY / "scripts/audit/scope.md"
ARTIFACTS = REPOSITORY / "registry/chain/artifacts"
CONTRACTS = ("CredentialRegistry", "Accreditations")
LARGEST = 24_576  # bytes of code that a chain takes (EIP-170)
VERSIONS = REPOSITORY / "requirements/audit.in"
HEAD = """# Audit of the contracts

Written by `make audit-contracts`, which runs {tools} and forge's coverage. It fails when a proof
does not pass, a finding is not explained, or a line or branch is neither run by a test nor explained. No person outside
the project has audited the contracts.
"""
PROOFS = """
## Proofs

halmos follows every path through the compiled contract and asks a solver whether any values make an assertion
fail. What it proves holds for all values and bounds that the table names; beyond them stand the tests.
SHA-256 and Keccak are functions nothing is known of, except that Keccak does not collide. No loop was cut short (limit:
{loop} rounds). {count} proofs, {paths} paths.
"""
NOT_PROVED = """
Not proved, only tested: `multicall` (each of its calls is one of those above), `anchorBySignature` (elliptic curves are
beyond the solvers), texts of other lengths than three bytes, the offering, accepting and changing of accreditations,
`checkPath`, `verifyAbsence`, and trees of more than nine leaves.
"""
FINDINGS = """
## Findings of slither

All detectors, on contracts/src, with OpenZeppelin's libraries left out of the findings. {count} findings, each
explained.
"""
COVERAGE = """
## Coverage

Lines, branches and functions that the forge tests run. InclusionProof is compiled alone with the old code generator, by
its own tests, as the new one loses the lines of inline assembly.
"""

MUTANTS = """
## Mutants

Each is one small change of the contracts: a comparison turned round, a check or a statement left out, a constant or a
shift off by one, two words swapped. `scripts/audit/mutants.py` makes {of} of them; {run} were run, the same ones on
every machine, {refused} of which the compiler refused. Of the other {valid} the forge tests noticed {noticed}.

"""


def written(
    groups: Iterable[proofs.Group],
    outcomes: Mapping[tuple[str, str], proofs.Outcome],
    about_findings: Iterable[Explained],
    covered: Mapping[str, coverage.Covered],
    about_gaps: Iterable[Explained],
    tools: str,
    tried: mutants.Tried,
) -> str:
    """The report. Every declared proof has an outcome."""
    groups, about_findings, about_gaps = list(groups), list(about_findings), list(about_gaps)
    every = [outcomes[proof.contract, proof.name] for group in groups for proof in group.proofs]
    total = sum(outcome.paths for outcome in every)
    parts = [HEAD.format(tools=tools), scope(), PROOFS.format(loop=proofs.LOOP, count=len(every), paths=total)]
    for group in groups:
        rows = [
            (f"`{proof.name}`", proof.says, str(outcomes[proof.contract, proof.name].paths)) for proof in group.proofs
        ]
        parts.append(f"\n### {group.file}\n\n{group.says}\n\n{_table(('Proof', 'For', 'Paths'), rows)}")
    parts.append(NOT_PROVED)
    parts.append(FINDINGS.format(count=len(about_findings)))
    parts.append("\n" + _table(("Detector", "Place", "Why it is as it should be"), map(_row, about_findings)))
    parts.append(COVERAGE)
    figures = [
        (
            path.removeprefix(coverage.SOURCES),
            coverage.measured(file.lines.values()),
            coverage.measured(count for _, count in file.branches),
            coverage.measured(file.functions.values()),
        )
        for path, file in covered.items()
    ]
    parts.append("\n" + _table(("File", "Lines", "Branches", "Functions"), figures))
    if about_gaps:
        parts.append("\n" + _table(("Gap", "Place", "Why"), map(_row, about_gaps)))
    else:
        parts.append("\nThere is no gap.\n")
    parts.extend(_of_mutants(tried))
    return "".join(parts)


def scope(folder: Path = ARTIFACTS) -> str:
    """What an auditor is told first, with the sizes of the contracts as they are committed."""
    built = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in CONTRACTS}
    rows = []
    for name, artifact in built.items():
        size = len(artifact["deployedBytecode"].removeprefix("0x")) // 2
        rows.append((f"`{name}`", f"{size:,}", f"{LARGEST - size:,}"))
    sizes = _table(("Contract", "Bytes of code", "Bytes to spare"), rows)
    return SCOPE.read_text(encoding="utf-8").format(sizes=sizes.rstrip(), compiler=built[CONTRACTS[0]]["compiler"])


def _of_mutants(tried: mutants.Tried) -> Iterable[str]:
    came = Counter(outcome for _, outcome in tried.outcomes)
    total = len(tried.outcomes)
    yield MUTANTS.format(
        of=tried.of,
        run=total,
        refused=came["refused"],
        valid=total - came["refused"],
        noticed=came["noticed"],
    )
    kinds: dict[str, Counter[str]] = {}
    for mutant, outcome in tried.outcomes:
        kinds.setdefault(mutant.operator, Counter())[outcome] += 1
    columns = ("noticed", "survived", "refused")
    rows = [(kind, *(str(kinds[kind][column]) for column in columns)) for kind in sorted(kinds)]
    yield _table(("Change", "Noticed", "Survived", "Refused by the compiler"), rows)
    survivors = explained("mutants")
    if survivors:
        yield "\n" + _table(("Change", "Line", "Why no test can notice it"), map(_row, survivors))


def with_mutants(report: str, tried: mutants.Tried) -> str:
    """The report with what came of mutants written anew; they are its last part, and nothing else depends on them."""
    before, _, _ = report.partition("\n## Mutants\n")
    return before + "".join(_of_mutants(tried))


def main() -> int:
    """Run everything, or with `--mutants` write that part alone; 1 when something is wrong, told on standard error."""
    if sys.argv[1:] == ["--mutants"]:
        tried = mutants.tried()
        if wrong := problems(tried.survivors(), explained("mutants")):
            print("\n".join(wrong), file=sys.stderr)
            return 1
        REPORT.write_text(with_mutants(REPORT.read_text(encoding="utf-8"), tried), encoding="utf-8")
        return 0
    groups = proofs.declared()
    # Each of them takes minutes on one core.
    with ThreadPoolExecutor() as pool:
        proving, finding, covering = pool.submit(proofs.run), pool.submit(findings.run), pool.submit(coverage.run)
        outcomes, found, covered = proving.result(), finding.result(), covering.result()
    holes = chain.from_iterable(
        coverage.gaps(path, file, (REPOSITORY / path).read_text()) for path, file in covered.items()
    )
    about_findings, about_gaps = explained("findings"), explained("gaps")
    tried = mutants.tried()
    wrong = [
        *proofs.failures(groups, outcomes),
        *problems(found, about_findings),
        *problems(holes, about_gaps),
        *problems(tried.survivors(), explained("mutants")),
    ]
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    if wrong:
        return 1
    REPORT.write_text(written(groups, outcomes, about_findings, covered, about_gaps, _tools(), tried))
    print(f"{REPORT.relative_to(REPOSITORY)} is written")
    return 0


def _tools() -> str:
    pinned = [line for line in VERSIONS.read_text().splitlines() if "==" in line]
    return " and ".join(sorted(line.replace("==", " ").replace("slither-analyzer", "slither") for line in pinned))


def _row(entry: Explained) -> tuple[str, ...]:
    return entry.place.what, f"`{entry.place.where.removeprefix(coverage.SOURCES)}`", entry.reason


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
