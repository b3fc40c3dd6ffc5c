"""Random changes of documents: what strangers might write in the places where a reader expects something else."""

from __future__ import annotations

import copy
from random import Random
from typing import Any, Final

STRAY: Final[tuple[Any, ...]] = (
    None, True, False, 0, 5, -1, 7.5, 0.0, 1.0, 1e-05, 1.5e-06, 1e16, 1e6, 1000000.5, 10**15,
    "", " ", " 6 ", "7,5", "1,000", "12.5 ECTS", "ECTS", "ects  credits", "European Credit Transfer System (ECTS)",
    "EQF level 7", "eqf", "de", "pt_BR", "x" * 700, "😀" * 501, "http://data.europa.eu/snb/eqf/5",
    "https://data.europa.eu/snb/education-credit/6fcec5c5af/", "urn:rubric:report:2",
    [], {}, [[]], [None, "a"], {"": ""}, {"@value": 3}, {"@value": "v", "@language": "fr"},
    {"en": "E", "nl_NL": ["N", "M"], "id": "i"}, {"id": "urn:x"}, {"@id": " urn:y "}, {"name": "n"},
    {"title": {"name": {"notation": {"prefLabel": {"@value": "deep"}}}}},
)  # fmt: skip
"""Values that are somewhere a text, a number, a language, a level or credits, and somewhere else nothing of these."""


def mutated(document: Any, random: Random, most: int = 4) -> Any:
    """A document with some of its values replaced, copied to another place, or taken out."""
    changed = copy.deepcopy(document)
    for _ in range(random.randint(1, most)):
        places = [(holder, key) for holder in _holders(changed) for key in _keys(holder)]
        if not places:
            break
        holder, key = random.choice(places)
        match random.randrange(4):
            case 0:
                del holder[key]
            case 1:
                other, name = random.choice(places)
                holder[key] = copy.deepcopy(other[name])
            case 2:
                holder[key] = [copy.deepcopy(holder[key]), copy.deepcopy(random.choice(STRAY))]
            case _:
                holder[key] = copy.deepcopy(random.choice(STRAY))
    return changed


def _holders(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = [each for one in inner for each in _holders(one)]
    return [value, *found] if isinstance(value, dict | list) else found


def _keys(holder: Any) -> list[Any]:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))
