"""Learners a second whose progress in a pathway is computed, with next steps left out, on one core.

    python -m scripts.bench.pathways [--learners 10000]

The pathway is that of the documentation; each learner has 8 to 24 credentials, whose verdicts are known: what checking
them takes is measured elsewhere (`scripts.bench.verify`). Beside it, in the same run, the slow reference of the tests,
which holds every requirement against every achievement for every rank, for as many learners as it does in a few
seconds; their answers have to be the same. `tests/registry/learning/pathways/reference.py` knows levels of three
frameworks, which are those that learners have here.
"""

from __future__ import annotations

import argparse
import gc
from collections import Counter
from fractions import Fraction
from pathlib import Path
from random import Random
from time import process_time

from registry.learning.achieved import Achieved, Alignment, Credits
from registry.learning.items import Accredited, Fate, Item
from registry.learning.pathways.files import read_pathway
from registry.learning.pathways.model import Pathway
from registry.learning.pathways.plan import plan_of
from registry.learning.pathways.progress import progress
from registry.learning.pathways.surroundings import Surroundings
from registry.levels import bundled_maps
from tests.registry.learning.pathways.made import NOW, item
from tests.registry.learning.pathways.reference import Reference

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "frameworks" / "information-systems-pathway.toml"
FRAMEWORK = "Competences in information systems (example)"
CODES = ("A.1", "A.2", "B.1", "B.2", "B.3", "C.1", "C.2", "C.3", "D.1", "D.2")
ISSUERS = ("did:web:lakeside.example", "did:web:northport.example", "did:web:elsewhere.example")
OFFERS = "https://lakeside.example/achievements/"
BAR = 2_000


def learner(chance: Random) -> tuple[Item, ...]:
    """The credentials of one: courses with competences, fields, levels and credits; a degree; some that are no good."""
    found = []
    for position in range(chance.randint(8, 24)):
        offered = chance.choice(("", "", f"{OFFERS}databases", f"{OFFERS}machine-learning", f"{OFFERS}thesis"))
        codes = chance.sample(CODES, chance.randint(0, 2))
        achieved = Achieved(
            identifier=offered or f"https://elsewhere.example/courses/{chance.randrange(200)}",
            kind=chance.choice(("Course", "Course", "Course", "BachelorDegree", "Badge")),
            credits=(Credits(Fraction(chance.choice((3, 6, 9, 12))), "ECTS"),),
            levels=(("EQF", chance.choice("67")),),
            alignments=(
                *(Alignment(FRAMEWORK, code) for code in codes),
                Alignment("ISCED-F 2013", chance.choice(("0613", "0541", "0311"))),
            ),
        )
        found.append(
            item(
                position,
                achieved,
                fate=chance.choice((*[Fate.GOOD] * 12, Fate.EXPIRED, Fate.REVOKED, Fate.UNCHECKED)),
                accredited=chance.choice((*[Accredited.YES] * 5, Accredited.NO, Accredited.UNKNOWN)),
                issuer_id=chance.choice(ISSUERS),
                digest=f"{chance.getrandbits(256):064x}",
            )
        )
    return tuple(found)


def main() -> None:
    """Measure, compare, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--learners", type=int, default=10_000)
    parser.add_argument("--compared", type=int, default=300, help="learners for the reference")
    given = parser.parse_args()
    maps = bundled_maps()
    pathway: Pathway = read_pathway(EXAMPLE.read_bytes(), EXAMPLE.name, Surroundings(maps))
    chance = Random(19)
    people = [learner(chance) for _ in range(given.learners)]
    # The collector would go through all that was made, again and again; whoever computes holds one learner at a time.
    gc.collect()
    gc.freeze()
    begun = process_time()
    plan = plan_of(pathway, maps)
    ready = process_time()
    counts: Counter[str] = Counter()
    found = []
    for number, items in enumerate(people):
        own = {each.identifier: each.outcome.value for each in progress(plan, items, NOW).steps}
        counts.update(own.values())
        if number < given.compared:
            found.append(own)
    done = process_time()
    rate = len(people) / (done - ready)
    credentials = sum(map(len, people)) / len(people)
    print(f"{len(pathway.steps)} steps, {len(people):,} learners with {credentials:.1f} credentials each")
    print(f"  made ready once                  {1000 * (ready - begun):8.1f} ms")
    print(f"  learners a second a core         {rate:8,.0f}   (bar: {BAR:,}, {rate / BAR:.1f} times it)")
    few = people[: given.compared]
    begun = process_time()
    slow = [Reference(pathway, items, NOW, maps).outcomes() for items in few]
    seconds = process_time() - begun
    same = sum(own == other for own, other in zip(found, slow, strict=True))
    slow_rate = len(few) / seconds
    print(f"  by the reference                 {slow_rate:8,.0f}   ({rate / slow_rate:.0f} times slower)")
    print(f"  the same answers                 {same:8,} of {len(few):,}")
    print("  steps: " + ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())))


if __name__ == "__main__":
    main()
