"""A national registry's year through the real parts, at a reduced scale: what waits, how long, and what theory says.

    python -m scripts.year [--quick] [--seed 1] [--seconds 180] [--postgres] [--json FILE]

A thousandth of ten million credentials: rosters come as graduations have them, most in two months; some credentials
are revoked or corrected; documents are verified; lookups come 50 a second with bursts of 5,000. Daemon, lookup service
with its index, and a node (anvil, a block a second) are real processes; time is compressed for what is anchored and
not for lookups, which come as fast as they would. At the end every credential has to be on record once, with the right
status, and an audit has to find nothing; else the exit code is 1. Loopback only.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from scripts.bench.postgres import postgres
from scripts.year.arrivals import Scale, year_of
from scripts.year.run import Sizes, run_year
from scripts.year.told import content_of, lines_of

QUICK = Scale(seconds=12, issuers=4, rosters=24, credentials=600, revoked=0.02, corrected=0.01, burst=400)


def full(seconds: float) -> Scale:
    """A thousandth of ten million."""
    return Scale(seconds=seconds, issuers=20, rosters=200, credentials=10_000)


def main() -> int:
    """The year, and what it came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a smaller year of seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=180, help="for the twelve months")
    parser.add_argument("--postgres", action="store_true", help="the database is PostgreSQL, and not SQLite")
    parser.add_argument("--json", type=Path, help="file for all figures")
    options = parser.parse_args()
    scale = QUICK if options.quick else full(options.seconds)
    sizes = Sizes(jobs=8, credentials=20, in_turn=100, at_once=400) if options.quick else Sizes()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="year-")))
        database = stack.enter_context(postgres()) if options.postgres else None
        outcome = run_year(year_of(scale, options.seed), folder, sizes=sizes, database=database)
    content = {"seed": options.seed, **content_of(outcome)}
    print("\n".join(lines_of(content)))
    if options.json is not None:
        options.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
