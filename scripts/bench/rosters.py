"""Rows of a roster a second that are read, and checked by every rule, from each kind of file.

    python -m scripts.bench.rosters [--rows 10000] [--rounds 3]

On one core; the best round of each counts. `rows_a_second` is for whoever times the whole way of a row.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import process_time

from anchor.issuing.roster.reading import read_roster
from anchor.issuing.roster.rules import NothingKnown, check_roster
from tests.anchor.issuing.roster.files import TEMPLATE, person, table, write_csv, write_ods, write_xls, write_xlsx


def rows_a_second(count: int) -> Mapping[str, tuple[float, float]]:
    """Format → rows a CPU second that are read, and that are checked."""
    rows = table([person(number) for number in range(count)])
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for path in (
            write_xlsx(place / "roster.xlsx", Data=rows),
            write_ods(place / "roster.ods", Data=rows),
            write_csv(place / "roster.csv", rows),
            *([write_xls(place / "roster.xls", Data=rows)] if count < 1 << 16 else []),
        ):
            begun = process_time()
            roster = read_roster(path, TEMPLATE)
            read = process_time()
            checked = check_roster(roster, TEMPLATE, NothingKnown())
            ended = process_time()
            assert len(checked.ready) == count
            found[path.suffix] = (count / (read - begun), count / (ended - read))
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    rounds = [rows_a_second(asked.rows) for _ in range(asked.rounds)]
    print(f"{asked.rows:,} rows a file, one core; rows a CPU second, best of {asked.rounds}")
    for kind in rounds[0]:
        read, checked = (max(each[kind][at] for each in rounds) for at in (0, 1))
        print(f"  {kind:6} read {read:>10,.0f}   checked {checked:>10,.0f}")


if __name__ == "__main__":
    main()
