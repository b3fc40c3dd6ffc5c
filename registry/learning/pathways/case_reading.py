"""A CASE package as a pathway: items are steps, those below an item are what it requires, and `precedes` is order.

Source: 1EdTech, Competencies and Academic Standards Exchange (CASE) Service 1.1, class CFPckgAssociation.
A step without others below it is done by an achievement that is aligned with the item. What has no place in a pathway
is told, and stands in its `notes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from registry.frameworks.case_fields import item_fields, restored
from registry.frameworks.case_reading import CODE, read_case
from registry.frameworks.members import Refused
from registry.frameworks.model import Fault, Framework, Item
from registry.learning.pathways.imported import noted
from registry.learning.pathways.model import (
    MAX_LISTED,
    MAX_STEPS,
    MAX_URI,
    Award,
    Competence,
    Criteria,
    NamedFramework,
    Of,
    Pathway,
    Requirement,
    Step,
    StepDone,
)

_PRECEDES: Final = "precedes"
_SAME: Final = "exactMatchOf"


@dataclass(slots=True)
class _Links:
    """What the associations of a package say beyond which item is below which.

    Attributes:
        before: by code, the codes of the items that go before it.
        same: by code, URIs of items of others that are the same.
        others: how many there are of each kind that has no place in a pathway.
    """

    before: dict[str, dict[str, None]]
    same: dict[str, dict[str, None]]
    others: Counter[str]


def pathway_of_case(content: bytes, where: str) -> tuple[Pathway, tuple[Fault, ...]]:
    """The pathway that a package makes, and what was left out of it (grave) or is worth a look.

    Raises:
        Refused: it is no package, or has more items than a pathway has steps (code `case-package`).
    """
    framework, faults = read_case(content, where)
    if len(framework.items) > MAX_STEPS:
        raise Refused(
            [Fault("", f"it has {len(framework.items):,} items, and a pathway has at most {MAX_STEPS:,} steps")],
            where,
            code=CODE,
        )
    links = _links(framework)
    children: dict[str, list[str]] = {}
    for each in framework.items:
        children.setdefault(each.parent, []).append(each.code)
    told = [*faults, *_told(framework, links, children)]
    steps = tuple(_step(each, framework, links, children.get(each.code, [])) for each in framework.items)
    pathway = Pathway(
        identifier=framework.uri or framework.identifier,
        title={framework.language: framework.title},
        steps=steps,
        version=framework.version,
        language=framework.language,
        issuer=framework.publisher,
        description={framework.language: framework.description} if framework.description else {},
        uri=framework.uri if len(framework.uri) <= MAX_URI else "",
        frameworks=(NamedFramework(framework.identifier, _names(framework)),),
        notes=noted(told),
    )
    return pathway, tuple(told)


def _names(framework: Framework) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in (framework.title, framework.uri) if each))


def _step(item: Item, framework: Framework, links: _Links, below: list[str]) -> Step:
    requires: Requirement
    if below:
        requires = Of(tuple(map(StepDone, below)), len(below))
    else:
        urls = [_uri_of(item, framework), *links.same.get(item.code, ())][:MAX_LISTED]
        competences = [Competence(framework.identifier, item.code), *(Competence(url=each) for each in urls if each)]
        requires = Award(Criteria(competences=tuple(dict.fromkeys(competences))))
    return Step(item.code, dict(item.text), requires, after=tuple(links.before.get(item.code, ())))


def _links(framework: Framework) -> _Links:
    codes = {_said(each, framework)["identifier"]: each.code for each in framework.items}
    found = _Links({}, {}, Counter())
    for row in framework.case.get("associations", []):
        kind = row.get("associationType") if isinstance(row, dict) else None
        origin, destination = (_node(row, name) for name in ("originNodeURI", "destinationNodeURI"))
        code, other = codes.get(origin.get("identifier", "")), codes.get(destination.get("identifier", ""))
        if kind == _PRECEDES and code is not None and other is not None and code != other:
            found.before.setdefault(other, {})[code] = None
        elif kind == _SAME and code is not None and _fits(destination.get("uri")):
            found.same.setdefault(code, {})[destination["uri"]] = None
        else:
            found.others[kind if isinstance(kind, str) else "no kind"] += 1
    return found


def _told(framework: Framework, links: _Links, children: Mapping[str, Iterable[str]]) -> Iterator[Fault]:
    for kind, number in sorted(links.others.items()):
        yield Fault("CFAssociations", f"{number:,} of {kind} have no place in a pathway", grave=False)
    for name in sorted(framework.case.get("package", {})):
        yield Fault(name, "it has no place in a pathway", grave=False)
    for each in framework.items:
        own = set(each.case.get("item", {}).get("set", {})) - {"identifier", "uri", "lastChangeDateTime", "language"}
        own |= {"educationLevel"} if each.levels else set()
        if own:
            yield Fault(f"item {each.code}", f"no place in a pathway have {', '.join(sorted(own))}", grave=False)
        if children.get(each.code):
            yield Fault(f"item {each.code}", "it is taken to be done when all items below it are", grave=False)


def _said(item: Item, framework: Framework) -> Mapping[str, Any]:
    """The item as the package had it."""
    return restored(item_fields(framework, item), item.case.get("item", {}))


def _uri_of(item: Item, framework: Framework) -> str:
    uri = _said(item, framework).get("uri")
    return uri if _fits(uri) else ""


def _fits(uri: object) -> TypeGuard[str]:
    return isinstance(uri, str) and 0 < len(uri) <= MAX_URI and uri == uri.strip()


def _node(row: object, name: str) -> Mapping[str, Any]:
    node = row.get(name) if isinstance(row, dict) else None
    return node if isinstance(node, dict) else {}
