"""Writes the vectors of pathways: pathways, items of learners, and what of each step is done, for other programs.

    python -m scripts.build_pathway_vectors [--check]

Made of seeds, of which those are kept that show something that none before them shows; and of the pathway in the
documentation. `docs/reference/pathways.md` has the rules. With `--check` nothing is written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from registry.learning.achieved import Achieved, Alignment, Result
from registry.learning.items import Accredited, Fate, Item
from registry.learning.pathways.files import read_pathway
from registry.learning.pathways.form import pathway_form
from registry.learning.pathways.model import Pathway
from registry.learning.pathways.next_step import next_steps
from registry.learning.pathways.plan import plan_of
from registry.learning.pathways.progress import progress
from registry.learning.pathways.surroundings import Surroundings
from registry.levels import LevelMaps, bundled_maps
from registry.timestamps import write_timestamp
from tests.registry.learning.pathways.made import NOW, Maker, course, item

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "tests" / "vectors" / "pathways" / "progress.json"
EXAMPLE = ROOT / "docs" / "how-to" / "frameworks" / "information-systems-pathway.toml"
SEEDS = 4_000
MOST = 90

MAPS = LevelMaps(each for each in bundled_maps() if each.framework in ("eqf", "ie-nfq", "au-aqf", "aqrf"))
"""Few, so that the file is short; that all are asked is tested elsewhere."""
LAKESIDE = "did:web:lakeside.example"
OFFERS = "https://lakeside.example/achievements/"


def case(name: str, pathway: Pathway, items: tuple[Item, ...]) -> dict[str, Any]:
    """A case with its answer."""
    plan = plan_of(pathway, MAPS)
    found = progress(plan, items, NOW)
    return {
        "name": name,
        "pathway": pathway_form(plan, MAPS),
        "at": write_timestamp(NOW),
        "items": [item_form(each) for each in items],
        "progress": found.to_dict(),
        "next": [each.to_dict() for each in next_steps(plan, found)],
    }


def item_form(made: Item) -> dict[str, Any]:
    """What of an item has a part in it; credits are numerator and denominator."""
    return {
        "position": made.position,
        "digest": made.digest,
        "identifier": made.identifier,
        "issuerId": made.issuer_id,
        "issuerConfirmed": made.issuer_confirmed,
        "issuer": made.checked.issuer,
        "fate": made.checked.fate.value,
        "accredited": made.checked.accredited.value,
        "anchoredAt": _moment(made.checked.anchored_at),
        "validFrom": _moment(made.valid_from),
        "wholes": list(made.wholes),
        "achieved": [
            {
                "identifier": each.identifier,
                "kind": each.kind,
                "credits": [
                    {"amount": [one.amount.numerator, one.amount.denominator], "system": one.system}
                    for one in each.credits
                ],
                "levels": [list(level) for level in each.levels],
                "alignments": [
                    {"framework": one.framework, "code": one.code, "url": one.url} for one in each.alignments
                ],
                "results": [{"value": one.value, "level": one.level} for one in each.results],
                "whole": each.whole,
            }
            for each in made.achieved
        ],
    }


def example() -> Iterator[dict[str, Any]]:
    """Learners beside the pathway in the documentation."""
    pathway = read_pathway(EXAMPLE.read_bytes(), EXAMPLE.name, Surroundings(bundled_maps()))
    named = "Competences in information systems (example)"

    def able(code: str, **more: Any) -> Achieved:
        return course(alignments=(Alignment(named, code),), **more)

    begun = (item(0, able("A.1")), item(1, able("C.1")), item(2, course(f"{OFFERS}databases", 9)))
    degree = Achieved(kind="BachelorDegree", levels=(("EQF", "6"),))
    decided = "https://lakeside.example/decisions/foundations"
    handed_in = Achieved(kind="Certification", alignments=(Alignment("ISCED-F 2013", "0613"),))
    yield case("nobody's items", pathway, ())
    yield case("the foundations", pathway, begun)
    yield case("a degree that is not accredited", pathway, (*begun, item(3, degree, accredited=Accredited.NO)))
    yield case("evidence without a decision", pathway, (item(0, handed_in),))
    granted = item(1, Achieved(decided, results=(Result(value="granted"),)), issuer_id=LAKESIDE)
    yield case("a decision", pathway, (item(0, handed_in), granted))
    forged = replace(granted, issuer_confirmed=False)
    yield case("a decision in another's name", pathway, (item(0, handed_in), forged))
    masters = tuple(
        item(at, course("", 12, levels=(("EQF", "7"),)), fate=Fate.EXPIRED if at == 14 else Fate.GOOD)
        for at in range(10, 15)
    )
    yield case("credits, some of them expired", pathway, (*begun, item(3, degree), *masters))
    yield case("one that could not be read", pathway, (*begun, item(3, fate=Fate.UNCHECKED)))


def seeded() -> Iterator[dict[str, Any]]:
    """Of many, those that show something new."""
    seen: set[str] = set()
    for seed in range(SEEDS):
        make = Maker(seed)
        made = case(f"seed {seed}", make.pathway(), make.items())
        if not (shown := set(_shown(made))) <= seen:
            seen |= shown
            yield made


def _shown(made: dict[str, Any]) -> Iterator[str]:
    counts = made["pathway"]["counts"]
    steps = made["progress"]["steps"]
    for own, found in zip(made["pathway"]["steps"], steps, strict=True):
        about = [name for name in ("requires", "recognition") if own[name]]
        text = json.dumps(own["requires"])
        parts = [name for name in ("credits", "award", "step", "atLeast", "level", "accredited") if f'"{name}"' in text]
        yield f"{counts} {found['outcome']} {about} {parts}"
        yield f"{counts} {found['outcome']} {sorted({each['reason'] for each in found['hindered']})}"
        yield f"{found['outcome']} {found['available']} {bool(found['steps'])} {found['decided'] is None}"
    yield f"{counts} {made['progress']['complete']} {[each['decidedBy'] for each in made['next']]}"


def made() -> list[dict[str, Any]]:
    """All cases, in the order of the file."""
    return list(islice(chain(example(), seeded()), MOST))


def text_of(cases: list[dict[str, Any]]) -> str:
    """The file: each pathway once, and each case in a line, with the number of its pathway."""
    pathways: dict[str, int] = {}
    lines = []
    for each in cases:
        number = pathways.setdefault(_line(each["pathway"]), len(pathways))
        lines.append(_line(each | {"pathway": number}))
    return f'{{"pathways":[\n{_joined(pathways)}\n],"cases":[\n{_joined(lines)}\n]}}\n'


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _joined(lines: Iterable[str]) -> str:
    return ",\n".join(lines)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else write_timestamp(moment)


def main() -> None:
    """Write the file, or compare it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit 1 when the file is not what is built")
    check = parser.parse_args().check
    cases = made()
    text = text_of(cases)
    if not check:
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text(text, encoding="utf-8")
        print(f"{FILE.name}: {len(cases)} cases")
    elif not FILE.is_file() or FILE.read_text(encoding="utf-8") != text:
        sys.exit(f"error: {FILE.name} is not what is built\n  what to do: run python -m scripts.build_pathway_vectors")


if __name__ == "__main__":
    main()
