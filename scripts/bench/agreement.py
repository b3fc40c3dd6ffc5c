"""How far two labellings of the sentences agree, by framework and language, with bootstrap intervals.

    .venv/bin/python -m scripts.bench.agreement [--second FILE] [--resamples 2000]

**One in common**: the share of sentences for which both annotators name an item in common, or both say that nothing
fits.
**Jaccard**: items in common by items named by either, 1 where both say that nothing fits; the mean over the sentences.
**Alpha**: Krippendorff's alpha with the MASI distance (Passonneau 2006).

Why alpha: labels are sets without an order, of different sizes. Cohen's kappa needs one label each, and the first of a
set is whichever was written first; alpha with a distance between sets has the partly right count partly, and corrects
for what would agree by chance. With 41 items (e-CF) chance is worth something; with thousands (ESCO) it is nearly
nothing, and there alpha is little more than the mean similarity.

Intervals are percentile bootstraps (95 %) over sentences. With some 43 sentences a language they are wide: two
languages whose intervals overlap are not said to differ.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Final

from scripts.bench.labelled.reading import FRAMEWORKS, LANGUAGES, Framework, LabelledSet, labelled_set, labels_in

Label = frozenset[str]
Pair = tuple[Label, Label]

SEED: Final = 19
LOW, HIGH = 0.025, 0.975


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with the ends of its interval; None where it cannot be computed."""

    value: float | None
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.value is None or self.low is None or self.high is None:
            return "not computable"
        return f"{self.value:.2f} ({self.low:.2f}–{self.high:.2f})"


def jaccard(one: Label, other: Label) -> Fraction:
    """Items in common by all items; 1 for two empty sets, which agree that nothing fits."""
    return Fraction(len(one & other), len(one | other)) if one | other else Fraction(1)


def masi(one: Label, other: Label) -> Fraction:
    """Similarity by Passonneau (2006): Jaccard times 1 for equal sets, 2/3 for a subset, 1/3 for an overlap."""
    if one == other:
        return Fraction(1)
    if not one & other:
        return Fraction(0)
    return jaccard(one, other) * (Fraction(2, 3) if one < other or other < one else Fraction(1, 3))


def in_common(pairs: Sequence[Pair]) -> float:
    """Share of sentences with an item in common, or with none of both."""
    return sum(bool(one & other) or one == other for one, other in pairs) / len(pairs)


def mean_jaccard(pairs: Sequence[Pair]) -> float:
    """Mean over the sentences."""
    return float(sum(float(jaccard(one, other)) for one, other in pairs)) / len(pairs)


class Alpha:
    """Krippendorff's alpha with MASI, of any selection of pairs: similarities are computed once, for resampling.

    1 - D_o / D_e, with D_o the mean distance within sentences and D_e that between any two labels of either annotator,
    each drawn once (Krippendorff 2004, 11.3; two annotators, nothing missing).
    """

    def __init__(self, pairs: Sequence[Pair]):
        self._similar: dict[Label, list[tuple[Label, float]]] = defaultdict(list)
        for one, other in combinations({label for pair in pairs for label in pair}, 2):
            if similarity := float(masi(one, other)):
                self._similar[one].append((other, similarity))

    def __call__(self, pairs: Sequence[Pair]) -> float | None:
        """None where all labels are alike, so that nothing could have differed."""
        counts = Counter(label for pair in pairs for label in pair)
        total = counts.total()
        alike = sum(count * (count - 1) for count in counts.values()) + 2 * sum(
            count * counts[other] * similarity
            for label, count in counts.items()
            for other, similarity in self._similar.get(label, ())
        )
        expected = 1 - alike / (total * (total - 1))
        observed = 1 - sum(float(masi(one, other)) for one, other in pairs) / len(pairs)
        return 1 - observed / expected if expected > 0 else None


def with_interval(pairs: Sequence[Pair], figure: Callable[[Sequence[Pair]], float | None], resamples: int) -> Figure:
    """The figure, and its interval over samples of as many sentences drawn with repetition."""
    drawn = random.Random(SEED)
    found = sorted(value for _ in range(resamples) if (value := figure(drawn.choices(pairs, k=len(pairs)))) is not None)
    if not found:
        return Figure(figure(pairs), None, None)
    return Figure(figure(pairs), found[int(LOW * (len(found) - 1))], found[round(HIGH * (len(found) - 1))])


def pairs_of(labelled: LabelledSet, framework: Framework, language: str | None = None) -> list[Pair]:
    """The labels of both annotators, sentence by sentence."""
    if labelled.second is None:
        raise SystemExit("There is no second labelling yet: second.jsonl is missing.")
    return [
        (labelled.first[each.identifier].of(framework), labelled.second[each.identifier].of(framework))
        for each in labelled.sentences
        if language in (None, each.language)
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--second", type=Path, help="another second labelling than that of the folder")
    arguments.add_argument("--resamples", type=int, default=2_000)
    asked = arguments.parse_args()
    labelled = labelled_set()
    if asked.second is not None:
        second = labels_in(asked.second, [each.identifier for each in labelled.sentences])
        labelled = LabelledSet(labelled.sentences, labelled.first, second, labelled.splits)
    print("| framework | language | sentences | one in common | Jaccard | alpha (MASI) | none fits: 1st, 2nd, both |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for framework in FRAMEWORKS:
        for language in (*LANGUAGES, None):
            pairs = pairs_of(labelled, framework, language)
            figures = [with_interval(pairs, each, asked.resamples) for each in (in_common, mean_jaccard, Alpha(pairs))]
            empty = [
                sum(not one for one, _ in pairs),
                sum(not other for _, other in pairs),
                sum(not one and not other for one, other in pairs),
            ]
            row = (framework, language or "all", len(pairs), *figures, ", ".join(map(str, empty)))
            print(f"| {' | '.join(map(str, row))} |")


if __name__ == "__main__":
    main()
