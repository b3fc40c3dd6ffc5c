"""Rows of a roster a second to signed, stored and sealed credentials, by each suite, against @digitalbazaar/vc.

    python -m scripts.bench.issue [--rows 20000] [--signed 300] [--rounds 3]

A row is one credential of about 5 KB. Ours counts everything between a checked row and the root: making the document,
digest, signatures, the database with its disk, the tree. The rival signs the same documents, in one process as it
comes, and does nothing else; so ours is also timed at that alone, on one core. Each round times all of them in turn,
and the best round of each counts. cert-tools and cert-issuer, which make and anchor Blockcerts from rosters, are on
neither PyPI nor npm in a version that installs, so that no figure of theirs is here.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from anchor.issuing.credentials import CONTEXTS, credentials_of
from anchor.issuing.signing import IssuingKey, Press, Proofs, ToMake
from registry.proofs.signatures.keys import write_key
from registry.proofs.signatures.suites import Suite
from tests.anchor.issuing.made import TEMPLATE, rows
from tests.anchor.issuing.site import ADA, KEY, METHOD, IssuingSite

REPOSITORY = Path(__file__).parents[2]
RIVAL = Path(__file__).with_name("issue_rival.mjs")
CONTEXT_FILES = REPOSITORY.parent / "shared" / "contexts"
BAR = 5_000
SUITES = {
    Proofs.JCS: (Suite.EDDSA_JCS,),
    Proofs.RDFC: (Suite.EDDSA_RDFC,),
    Proofs.BOTH: (Suite.EDDSA_RDFC, Suite.EDDSA_JCS),
}


def sealed(proofs: Proofs, count: int) -> tuple[float, float]:
    """Seconds from checked rows to the root, with as many processes as there are cores; and those of processors."""
    its_rows = rows(count)
    with tempfile.TemporaryDirectory() as folder:
        site = IssuingSite(Path(folder) / "data")
        maker = site.maker(TEMPLATE, workers=os.cpu_count())
        used, begun = processor_seconds(), perf_counter()
        with maker.alone():
            run = maker.make(maker.sort(its_rows).to_make, key_of(proofs), ADA)
        took = perf_counter() - begun, processor_seconds() - used
        assert run.credentials == count
        site.folder.close()
    return took


def processor_seconds() -> float:
    """Of this process and of those that it has ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usages)


def signed(proofs: Proofs, count: int) -> float:
    """Seconds for making and signing alone, on one core."""
    press = Press(TEMPLATE, key_of(proofs), datetime.now(UTC))
    its_rows = [ToMake(each) for each in rows(count)]
    press.made_of(its_rows[0])
    begun = perf_counter()
    for each in its_rows:
        press.made_of(each)
    return perf_counter() - begun


def key_of(proofs: Proofs) -> IssuingKey:
    return IssuingKey(write_key(KEY), METHOD, SUITES[proofs])


def rival(suite: Proofs, count: int) -> float | None:
    """Seconds in which @digitalbazaar/vc signs so many of the same documents; None where it is not here."""
    node = shutil.which("node")
    if node is None or not CONTEXT_FILES.is_dir() or not (REPOSITORY / "node_modules/@digitalbazaar/vc").is_dir():
        return None
    index = json.loads((CONTEXT_FILES / "index.json").read_text(encoding="utf-8"))
    wanted = {url for url in index if url in CONTEXTS or "data-integrity" in url}
    contexts = {url: json.loads((CONTEXT_FILES / index[url]).read_text(encoding="utf-8")) for url in wanted}
    documents = [credentials_of(TEMPLATE, each)[0].document for each in rows(count)]
    question = json.dumps({"contexts": contexts, "documents": documents, "suite": suite})
    ran = subprocess.run([node, str(RIVAL)], input=question, capture_output=True, text=True, check=True)
    return float(ran.stdout)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--signed", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    whole: dict[Proofs, list[tuple[float, float]]] = {each: [] for each in Proofs}
    alone: dict[Proofs, list[float]] = {each: [] for each in Proofs}
    theirs: dict[Proofs, list[float]] = {each: [] for each in (Proofs.RDFC, Proofs.JCS)}
    for _ in range(asked.rounds):
        for each in Proofs:
            whole[each].append(sealed(each, asked.rows))
            alone[each].append(signed(each, asked.signed))
        for each, found in theirs.items():
            if (seconds := rival(each, asked.signed)) is not None:
                found.append(seconds)
    best = f"best of {asked.rounds}"
    print(f"{asked.rows:,} rows, {os.cpu_count()} cores; rows a second to signed, stored and sealed, {best}")
    for each in Proofs:
        bar = f"   bar {BAR:,}" if each is Proofs.JCS else ""
        took, used = min(whole[each])
        print(
            f"  {'+'.join(SUITES[each]):34}{asked.rows / took:>10,.0f}   {asked.rows / used:>8,.0f} a CPU second{bar}"
        )
    print(f"documents a second, signed alone, on one core; {asked.signed:,} documents")
    for each in (Proofs.RDFC, Proofs.JCS):
        ours = asked.signed / min(alone[each])
        print(f"  {SUITES[each][0]:34}{ours:>10,.0f}", end="")
        if theirs[each]:
            other = asked.signed / min(theirs[each])
            print(f"   @digitalbazaar/vc {other:>8,.0f}   {ours / other:.1f} times as many", end="")
        print()
    peaks = [resource.getrusage(who).ru_maxrss >> 10 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(f"peak memory {peaks[0]:,} MiB, {peaks[1]:,} MiB in the largest other process")


if __name__ == "__main__":
    main()
