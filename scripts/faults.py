"""Runs of faults that are composed from seeds, and the judgement of a witness who reads the chain by himself.

    python -m scripts.faults [--seeds 50] [--minutes 20] [--first 1]     some seeds
    python -m scripts.faults --seed 17 [--keep FOLDER]                   one of them again

What happens in a run follows from its seed; how the processes are timed by the machine does not, so that a rare fault
may need several runs. The exit code is 1 when anything was lost, doubled, said falsely, or stood still in silence.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import traceback
from pathlib import Path

from tests.faults.composed.plan import compose
from tests.faults.composed.seeds import Databases, Total, run, said


def main() -> int:
    """Run the seeds and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--minutes", type=float, default=20.0, help="of chain time")
    parser.add_argument("--first", type=int, help="the first seed; default: a random one")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--keep", type=Path, help="folder for logs and data")
    options = parser.parse_args()
    first = secrets.randbelow(10**6) if options.first is None else options.first
    seeds = range(first, first + options.seeds) if options.seed is None else [options.seed]
    total, broken = Total(), 0
    with Databases() as databases:
        for seed in seeds:
            folder = None if options.keep is None else options.keep / str(seed)
            try:
                outcome = run(compose(seed, options.minutes), databases, folder)
            except Exception:
                broken += 1
                print(f"seed {seed} broke off:\n{traceback.format_exc()}", flush=True)
                continue
            total.add(outcome)
            print("\n".join(said(outcome)), flush=True)
    print(total.table())
    return 1 if broken or total.faults else 0


if __name__ == "__main__":
    sys.exit(main())
