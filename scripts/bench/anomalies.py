"""How often questions are asked of data in which nothing is unusual, and of data in which something is: simulated.

    python scripts/bench/anomalies.py [--trials 400] [--write]

Each trial is one institution. Of those in which nothing is unusual the share is told in which at least one question of
a kind is asked; `CHANCE` is what it may be. Beside it stands the rule of three standard deviations over the same data,
which is what spreadsheets do. In the last rows something is planted, and the share is told in which it is asked about.
`--write` puts the table into the documentation.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp, sqrt
from pathlib import Path
from statistics import mean, pstdev

sys.path.insert(0, str(Path(__file__).parents[2]))

from registry.learning.suggest.anomalies import Act, Kind, questions_about

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "suggestion-records.md"
BEGIN, END = "<!-- anomalies: begin -->", "<!-- anomalies: end -->"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
MARKS = ("1", "2", "3", "4", "5")


@dataclass(frozen=True)
class World:
    """What an institution is like; how much persons and days differ is in logarithms."""

    name: str
    people: int
    days: int
    a_day: float
    people_differ: float
    days_differ: float


WORLDS = (
    World("12 persons alike, 20 days, 3 records a day", 12, 20, 3, 0, 0),
    World("12 persons who differ by a factor of 1.6, 20 days, 10 a day", 12, 20, 10, 0.5, 0.3),
    World("40 persons who differ by a factor of 1.6, 40 days, 10 a day", 40, 40, 10, 0.5, 0.3),
    World("40 persons who differ by a factor of 2.7, 40 days, busy and quiet, 10 a day", 40, 40, 10, 1.0, 0.7),
)
PLANTED = {
    Kind.RATE: "one person has 10 times as many records as others in the middle",
    Kind.BURST: "one person has 30 times as many on one day as on others",
    Kind.MARKS: "one person's marks are higher by one on average, where marks vary by one",
}


def main() -> None:
    """Print the table, and write it where that is wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    table = "\n".join(rows(asked.trials))
    print(table)
    if asked.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def rows(trials: int) -> list[str]:
    """The two tables, in lines."""
    heads = ("rate", "burst", "marks", "rate by three deviations", "burst by three deviations")
    lines = [(f"Nothing unusual; {trials} institutions each", *heads), ("---",) * 6]
    for world in WORLDS:
        found = [trial(world, seed) for seed in range(trials)]
        lines.append((world.name, *(f"{mean(each[at] for each in found):.1%}" for at in range(5))))
    planted = [("Planted in the third of these", "asked about"), ("---",) * 2]
    for kind, told in PLANTED.items():
        planted.append((told, f"{mean(kind in kinds(WORLDS[2], seed, kind) for seed in range(trials)):.0%}"))
    return [*map(_line, lines), "", *map(_line, planted)]


def trial(world: World, seed: int) -> tuple[bool, ...]:
    """Whether each kind is asked about, and what three standard deviations would have asked about."""
    acts = made(world, seed)
    asked = {each.kind for each in questions_about(acts).questions}
    totals: dict[str, int] = {}
    by_day: dict[str, dict[datetime, int]] = {}
    for each in acts:
        totals[each.by] = totals.get(each.by, 0) + 1
        own = by_day.setdefault(each.by, {})
        own[each.at] = own.get(each.at, 0) + 1
    return (
        Kind.RATE in asked,
        Kind.BURST in asked,
        Kind.MARKS in asked,
        beyond_three(list(totals.values())),
        any(beyond_three(list(own.values())) for own in by_day.values()),
    )


def kinds(world: World, seed: int, planted: Kind) -> set[Kind]:
    """What is asked about the person in whom something was planted."""
    return {each.kind for each in questions_about(made(world, seed, planted)).questions if each.who == "person 0"}


def made(world: World, seed: int, planted: Kind | None = None) -> list[Act]:
    """The acts of an institution."""
    chance = random.Random(seed)
    busy = [exp(chance.gauss(0, world.days_differ)) for _ in range(world.days)]
    acts = []
    for person in range(world.people):
        kind = planted if person == 0 else None
        rate = world.a_day * exp(chance.gauss(0, world.people_differ))
        if kind is not None:
            rate = world.a_day * (10 if kind is Kind.RATE else 1)
        for day in range(world.days):
            expected = rate * (30 if kind is Kind.BURST and day == world.days // 2 else busy[day])
            for _ in range(poisson(chance, expected)):
                mark = round(chance.gauss(4 if kind is Kind.MARKS else 3, 1))
                at = START + timedelta(days=day)
                acts.append(Act(f"person {person}", at, marks=(("course", MARKS[min(4, max(0, mark - 1))]),)))
    return acts


def beyond_three(counts: Sequence[int]) -> bool:
    """Whether one is more than three standard deviations above the mean."""
    return max(counts) > mean(counts) + 3 * pstdev(counts)


def poisson(chance: random.Random, expected: float) -> int:
    """A number of events that come independently of each other."""
    if expected > 50:
        return max(0, round(chance.gauss(expected, sqrt(expected))))
    bound, product, number = exp(-expected), chance.random(), 0
    while product > bound:
        product *= chance.random()
        number += 1
    return number


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
