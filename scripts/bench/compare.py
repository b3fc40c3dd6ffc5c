"""Keep the last ten runs of `scripts.bench.quick`, and say what the newest one has changed. Information, no judgement.

    python -m scripts.bench.compare HISTORY [RUN]

HISTORY is a file of JSON lines, one a run; RUN, as `quick --json` wrote it, is put to its end. The exit code is 0
whatever the figures are: a machine that was busy is no reason to stop anybody.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

KEPT: Final = 10
TOLD: Final = 0.2
"""A change of more than this part of the median is told."""

Ratios = dict[str, float]


@dataclass(frozen=True, slots=True)
class Change:
    """A ratio that is not what it was."""

    name: str
    before: float
    now: float

    @property
    def part(self) -> float:
        """By which part of what it was; below 0 it is slower."""
        return self.now / self.before - 1


def ratios_of(run: Any) -> Ratios | None:
    """The ratios of a run by name; None where it is none."""
    try:
        found = {str(each["name"]): float(each["ratio"]) for each in run["results"]}
    except (KeyError, TypeError, ValueError):
        return None
    return found if all(ratio > 0 for ratio in found.values()) else None


def medians(runs: Sequence[Ratios]) -> Ratios:
    """The median of each ratio over the runs that have it, by name."""
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: median(run[name] for run in runs if name in run) for name in names}


def changes(before: Sequence[Ratios], now: Ratios) -> list[Change]:
    """What has changed by more than a fifth against the median of earlier runs, the largest change first."""
    known = medians(before)
    found = [Change(name, known[name], ratio) for name, ratio in now.items() if name in known]
    return sorted((each for each in found if abs(each.part) > TOLD), key=lambda each: -abs(each.part))


def runs_in(text: str) -> list[Any]:
    """The runs of a history, the oldest first; a line that is none is left out."""
    found = []
    for line in text.splitlines():
        try:
            run = json.loads(line)
        except ValueError:
            continue
        if ratios_of(run) is not None:
            found.append(run)
    return found


def main() -> None:
    """Put a run to the others, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("history", type=Path)
    parser.add_argument("run", type=Path, nargs="?")
    given = parser.parse_args()
    runs = runs_in(given.history.read_text(encoding="utf-8") if given.history.is_file() else "")
    if given.run is not None:
        added = runs_in(json.dumps(json.loads(given.run.read_text(encoding="utf-8"))))
        if not added:
            sys.exit(f"{given.run}: this is not what `scripts.bench.quick --json` writes")
        given.history.parent.mkdir(parents=True, exist_ok=True)
        # One more than is kept is compared: ten before, and the newest.
        lines = "".join(json.dumps(run) + "\n" for run in [*runs, *added][-KEPT:])
        given.history.write_text(lines, encoding="utf-8")
        runs += added
    if not runs:
        print("no run is kept yet")
        return
    *before, now = [ratios for run in runs[-KEPT - 1 :] if (ratios := ratios_of(run)) is not None]
    for name, middle in medians(before or [now]).items():
        print(f"{name:<8} {middle:>7.2f} is the median of {sum(name in run for run in before or [now])}")
    for each in changes(before, now):
        print(
            f"{each.name}: {each.now:.2f}, {abs(each.part):.0%} {'slower' if each.part < 0 else 'faster'} than before"
        )


if __name__ == "__main__":
    main()
