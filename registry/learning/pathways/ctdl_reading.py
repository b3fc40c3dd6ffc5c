"""A pathway in CTDL as one of ours: components are steps, and component conditions what they require.

Source: Credential Engine, Credential Transparency Description Language (credreg.net/ctdl/terms), classes Pathway,
PathwayComponent and its kinds, ComponentCondition and Constraint. Registries write members of the schemata `ceterms`,
`ceasn` and `asn` in one graph, a reference as text or as an object with `@id`, and a text as such or by language.

What has no place in a pathway is told, and stands in its `notes`. What would make a step easier if it were left out, a
constraint or a condition that says *not*, is grave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from registry.credential.strictjson import Limits, parse_json
from registry.errors import CredentialError
from registry.frameworks.members import Members, Refused
from registry.frameworks.model import MAX_CODE, MAX_TEXT, Fault
from registry.learning.pathways.imported import noted
from registry.learning.pathways.matching import folded
from registry.learning.pathways.model import (
    MAX_DEPTH,
    MAX_LISTED,
    MAX_PARTS,
    MAX_STEPS,
    MAX_URI,
    MOST_CREDITS,
    Award,
    Competence,
    Criteria,
    Of,
    Pathway,
    Requirement,
    Step,
    StepDone,
)
from registry.untrusted.text import terminal_text

CODE: Final = "ctdl-pathway"
REMEDY: Final = "Take the graph of one ceterms:Pathway, as a registry gives it."
MAX_BYTES: Final = 16 << 20
MAX_NODES: Final = 5_000
UNSAID_LANGUAGE: Final = "en"

_PATHWAY: Final = "Pathway"
_CONDITION: Final = "ComponentCondition"
_COMPETENCY: Final = "CompetencyComponent"
_KINDS: Final = frozenset(
    {
        *("AssessmentComponent", "BasicComponent", "CocurricularComponent", "CollectionComponent"),
        *("CompetencyComponent", "CourseComponent", "CredentialComponent", "ExtracurricularComponent"),
        *("JobComponent", "MultiComponent", "SelectionComponent", "WorkExperienceComponent"),
    }
)
_OF_PATHWAY: Final = frozenset(
    {
        *("@id", "@type", "ctid", "name", "description", "hasPart", "hasChild", "hasDestinationComponent"),
        *("ownedBy", "offeredBy", "inLanguage", "subjectWebpage", "versionIdentifier"),
    }
)
_OF_COMPONENT: Final = frozenset(
    {
        *("@id", "@type", "ctid", "name", "description", "hasChild", "isChildOf", "hasCondition", "precedes"),
        *("precededBy", "prerequisite", "proxyFor", "proxyForList", "sourceData", "creditValue", "isPartOf"),
        *("isDestinationComponentOf",),
    }
)
_OF_CONDITION: Final = frozenset(
    {
        *("@id", "@type", "ctid", "name", "description", "requiredNumber", "targetComponent", "hasCondition"),
        *("logicalOperator", "hasConstraint", "requiredConstraints"),
    }
)
_DEEPEST: Final = MAX_DEPTH - 1
"""Of conditions: where there are several, a requirement is around them."""
_ANY, _ALL = frozenset({"or", "any"}), frozenset({"and", "all"})


def pathway_of_ctdl(content: bytes, where: str) -> tuple[Pathway, tuple[Fault, ...]]:
    """The pathway in a graph, and what was left out of it (grave) or is worth a look.

    Raises:
        Refused: it has no pathway or several, or more than is read (code `ctdl-pathway`).
    """
    reader = _Reader(_graph(content, where), where)
    return reader.pathway(), tuple(reader.faults)


@dataclass(slots=True)
class _Component:
    """A component on its way to a step."""

    node: Mapping[str, Any]
    name: str
    after: dict[str, None] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)


class _Reader:
    def __init__(self, nodes: list[Mapping[str, Any]], where: str):
        self.faults: list[Fault] = []
        self._conditions = 0
        self._by_id = {each["@id"]: each for each in nodes if isinstance(each.get("@id"), str)}
        pathways = [each for each in nodes if _PATHWAY in _kinds(each)]
        if len(pathways) != 1:
            raise _refused(f"it has {len(pathways)} pathways, and one is taken", where)
        self._pathway = pathways[0]
        found = [each for each in nodes if not _KINDS.isdisjoint(_kinds(each))]
        if not found:
            raise _refused("it has no component", where)
        if len(found) > MAX_STEPS:
            raise _refused(f"it has {len(found):,} components, and a pathway has at most {MAX_STEPS:,} steps", where)
        said = _references(self._pathway.get("inLanguage"))
        self._language = Members({"language": said[0] if said else UNSAID_LANGUAGE}, "pathway", self.faults).language(
            "language"
        )
        self._components: dict[str, _Component] = {}
        names: dict[str, None] = {}
        for number, each in enumerate(found, 1):
            identifier = _text(each.get("@id")) or f"_:component-{number}"
            name = _name(each, number)
            if identifier in self._components or name in names:
                self._fault(f"component {name}", "another one has its identifier: the first is taken", grave=True)
                continue
            names[name] = None
            self._components[identifier] = _Component(each, name)
        self._taken = set(names)

    def pathway(self) -> Pathway:
        """The pathway; call it once."""
        for each in self._components.values():
            self._relate(each)
        destinations = self._destinations()
        steps: list[Step] = []
        for identifier, each in self._components.items():
            steps += self._steps(each, bool(destinations), is_destination=identifier in destinations)
        self._leave_out(self._pathway, _OF_PATHWAY, "pathway")
        node = self._pathway
        languages = self._texts(node.get("name")) or {self._language: _name(node, 0)}
        owners = [*_references(node.get("ownedBy")), *_references(node.get("offeredBy"))]
        owner = next((each for each in owners if _fits(each)), "")
        if owner:
            self._fault("pathway", "its owner is known by identifier alone: write its name as issuer", grave=False)
        identifier = next((each for each in (_text(node.get("@id")), _text(node.get("ctid"))) if _fits(each)), "")
        return Pathway(
            identifier=identifier or "imported",
            title=languages,
            steps=tuple(steps),
            version=_text(node.get("versionIdentifier"))[:MAX_CODE],
            language=next(iter(languages)),
            issuer_id=owner,
            description=self._texts(node.get("description")),
            uri=page if _fits(page := _text(node.get("subjectWebpage"))) else "",
            notes=noted(self.faults),
        )

    # How components hang together

    def _relate(self, component: _Component) -> None:
        node = component.node
        for other in self._named(node, "precededBy", component.name):
            component.after[other.name] = None
        for other in self._named(node, "precedes", component.name):
            other.after[component.name] = None
        for other in self._named(node, "hasChild", component.name):
            component.children[other.name] = None
        for other in self._named(node, "isChildOf", component.name):
            other.children[component.name] = None

    def _named(self, node: Mapping[str, Any], member: str, entry: str) -> Iterator[_Component]:
        for reference in _references(node.get(member)):
            if (found := self._components.get(reference)) is not None:
                yield found
            elif reference != self._pathway.get("@id"):
                self._fault(f"component {entry}", f"{member} names {_short(reference)}, which is not in it", grave=True)

    def _destinations(self) -> set[str]:
        found = {each for each in _references(self._pathway.get("hasDestinationComponent")) if each in self._components}
        found |= {
            identifier
            for identifier, each in self._components.items()
            if self._pathway.get("@id") in _references(each.node.get("isDestinationComponentOf"))
        }
        if not found:
            self._fault("pathway", "it names no destination: every component is taken to be needed", grave=False)
        return found

    # A component as a step

    def _steps(self, component: _Component, has_destination: bool, *, is_destination: bool) -> Iterator[Step]:
        """The step of a component, before it that of its conditions where what it stands for is awarded itself.

        Where there is a destination, all else is the way to it, which is complete without.
        """
        node, name = component.node, component.name
        self._leave_out(node, _OF_COMPONENT, f"component {name}")
        awarded = self._awarded(node, name)
        conditions = [
            condition
            for each in _objects(node.get("hasCondition"), self._by_id)
            if (condition := self._condition(each, name, 0)) is not None
        ]
        before = [] if awarded is None else list(conditions)
        for each in _objects(node.get("prerequisite"), self._by_id):
            found = self._prerequisite(each, name)
            if isinstance(found, StepDone):
                component.after[found.step] = None
            elif found is not None:
                before.append(found)
        titles = self._texts(node.get("name")) or {self._language: name}
        after = dict(component.after)
        if conditions and (aside := component.children.keys() - _steps_in(conditions)):
            listed = ", ".join(map(_short, sorted(aside)[:MAX_LISTED]))
            self._fault(f"component {name}", f"below it and in none of its conditions: {listed}", grave=False)
        if before:
            helper = _distinct(f"{name[: MAX_CODE - 16]}-before", self._taken)
            self._taken.add(helper)
            yield Step(helper, _with(titles, "…"), _all(before), optional=has_destination)
            after[helper] = None
        requires: Requirement
        if awarded is not None:
            requires = awarded
            if not conditions:
                # What stands for an award is had by the award; the way to it is what is below it.
                after |= component.children
        elif conditions:
            requires = _all(conditions)
        elif component.children:
            self._fault(f"component {name}", "it is taken to be done when all of its children are", grave=False)
            requires = _all([StepDone(each) for each in component.children])
        else:
            self._fault(
                f"component {name}", "it stands for nothing: an achievement with its own URI is asked for", grave=False
            )
            identifier = _text(node.get("@id"))
            requires = Award(Criteria(achievements=(identifier if _fits(identifier) else name,)))
        yield Step(
            name,
            titles,
            requires,
            after=tuple(after),
            optional=has_destination and not is_destination,
            ects=self._credits(node, name),
            description=self._texts(node.get("description")),
        )

    def _awarded(self, node: Mapping[str, Any], name: str) -> Award | None:
        """An achievement that is what the component stands for."""
        named = [
            each for member in ("proxyFor", "proxyForList", "sourceData") for each in _references(node.get(member))
        ]
        fitting = [each for each in dict.fromkeys(named) if _fits(each)]
        if len(fitting) < len(set(named)) or len(fitting) > MAX_LISTED:
            self._fault(f"component {name}", "not all that it stands for can be taken over", grave=True)
        if not fitting:
            return None
        if _COMPETENCY in _kinds(node):
            return Award(Criteria(competences=tuple(Competence(url=each) for each in fitting[:MAX_LISTED])))
        return Award(Criteria(achievements=tuple(fitting[:MAX_LISTED])))

    def _condition(self, node: Mapping[str, Any], name: str, depth: int) -> Requirement | None:
        entry = f"component {name}, condition"
        # One that is referred to within itself would be read without end.
        self._conditions += 1
        if self._conditions > MAX_PARTS:
            if self._conditions == MAX_PARTS + 1:
                self._fault(entry, f"there are more than {MAX_PARTS:,} conditions: the rest is left out", grave=True)
            return None
        self._leave_out(node, _OF_CONDITION, entry)
        for each in _objects(node.get("hasConstraint"), self._by_id):
            said = next(iter(self._texts(each.get("name")).values()), "") or next(
                iter(self._texts(each.get("description")).values()), ""
            )
            self._fault(entry, f"a constraint cannot be taken over{f': {_short(said)}' if said else ''}", grave=True)
        if depth == _DEEPEST:
            self._fault(entry, f"it is more than {_DEEPEST} conditions deep", grave=True)
            return None
        parts: list[Requirement] = [StepDone(each.name) for each in self._named(node, "targetComponent", name)]
        for each in _objects(node.get("hasCondition"), self._by_id):
            if (inner := self._condition(each, name, depth + 1)) is not None:
                parts.append(inner)
        parts = list(dict.fromkeys(parts))
        if not parts:
            self._fault(entry, "it names nothing that can be required", grave=True)
            return None
        if len(parts) > MAX_LISTED:
            self._fault(entry, f"it names more than {MAX_LISTED}", grave=True)
            return None
        return Of(tuple(parts), self._number(node, entry, len(parts)))

    def _number(self, node: Mapping[str, Any], entry: str, parts: int) -> int:
        """How many of its parts a condition asks for."""
        number = node.get("requiredNumber")
        operator = folded(next(iter(_references(node.get("logicalOperator"))), "").rpartition(":")[2])
        if operator and operator not in _ANY | _ALL:
            self._fault(entry, f"the operator {_short(operator)!r} cannot be taken over", grave=True)
        if type(number) is int and number > 0:
            return number
        if operator in _ANY:
            return 1
        if operator not in _ALL:
            self._fault(entry, "it does not say how many: all are asked for", grave=False)
        return parts

    def _prerequisite(self, node: Mapping[str, Any], name: str) -> Requirement | None:
        if (found := self._components.get(_text(node.get("@id")))) is not None:
            return StepDone(found.name)
        if _CONDITION in _kinds(node):
            return self._condition(node, name, 0)
        self._fault(f"component {name}", f"a prerequisite is not in it: {_short(_text(node.get('@id')))}", grave=True)
        return None

    def _credits(self, node: Mapping[str, Any], name: str) -> Fraction | None:
        """Its ECTS credits; those of other systems are told."""
        for each in _objects(node.get("creditValue"), self._by_id):
            units = str(each.get("creditUnitType", ""))
            value = each.get("value", each.get("minValue"))
            if "ects" in folded(units) and type(value) in (int, float) and 0 <= value <= MOST_CREDITS:
                return Fraction(str(value)).limit_denominator(10_000)
            self._fault(f"component {name}", "its credits are not ECTS, or not one number", grave=False)
        return None

    def _leave_out(self, node: Mapping[str, Any], known: frozenset[str], entry: str) -> None:
        others = sorted(name for name in node if name not in known and node[name] not in (None, [], "", {}))
        if others:
            self._fault(entry, f"no place in a pathway have {', '.join(map(_short, others[:MAX_LISTED]))}", grave=False)

    def _texts(self, value: object) -> dict[str, str]:
        """A text by language; those that a pathway's file cannot have are left out."""
        table = {self._language: value} if isinstance(value, str) else value
        if not isinstance(table, dict):
            return {}
        fine = {
            tag: text[:MAX_TEXT]
            for tag, each in table.items()
            if isinstance(text := each[0] if isinstance(each, list) and each else each, str) and text.strip()
        }
        return Members({"text": fine}, "", []).texts("text", self._language) if fine else {}

    def _fault(self, entry: str, reason: str, *, grave: bool) -> None:
        self.faults.append(Fault(entry, reason, grave))


def _graph(content: bytes, where: str) -> list[Mapping[str, Any]]:
    """The nodes of a graph, each with its members by their names alone."""
    try:
        read = parse_json(content, Limits(max_bytes=MAX_BYTES))
    except CredentialError as error:
        raise _refused(error.what, where) from None
    nodes = read.get("@graph", [read]) if isinstance(read, dict) else read
    if not isinstance(nodes, list) or not all(isinstance(each, dict) for each in nodes):
        raise _refused("it is no graph of CTDL", where)
    if len(nodes) > MAX_NODES:
        raise _refused(f"it has {len(nodes):,} nodes, and at most {MAX_NODES:,} are read", where)
    return [_plain(each) for each in nodes]


def _plain(value: Any) -> Any:
    """The same with names of members without their schema; of two that are the same then, `ceterms` counts."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    ordered = sorted(value.items(), key=lambda each: not each[0].startswith("ceterms:"))
    found: dict[str, Any] = {}
    for name, member in ordered:
        found.setdefault(name if name.startswith("@") else name.rpartition(":")[2], _plain(member))
    return found


def _kinds(node: Mapping[str, Any]) -> set[str]:
    return {each.rpartition(":")[2] for each in _references(node.get("@type"))}


def _references(value: object) -> list[str]:
    """URIs of what is referred to, as text or as objects with an `@id`."""
    listed = value if isinstance(value, list) else [value]
    found = [each.get("@id", each.get("targetNode")) if isinstance(each, dict) else each for each in listed]
    return [each for each in found if isinstance(each, str) and each]


def _objects(value: object, by_id: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What is embedded, or is a node of the graph that is referred to; of what is in neither, its `@id` alone."""
    listed = value if isinstance(value, list) else [value]
    found: list[Mapping[str, Any]] = []
    for each in listed[:MAX_NODES]:
        if isinstance(each, str) and each:
            found.append(by_id.get(each, {"@id": each}))
        elif isinstance(each, dict) and set(each) == {"@id"}:
            found.append(by_id.get(each["@id"], each) if isinstance(each["@id"], str) else each)
        elif isinstance(each, dict):
            found.append(each)
    return found


def _steps_in(parts: Iterable[Requirement]) -> set[str]:
    found: set[str] = set()
    for each in parts:
        found |= _steps_in(each.parts) if isinstance(each, Of) else {each.step} if isinstance(each, StepDone) else set()
    return found


def _name(node: Mapping[str, Any], number: int) -> str:
    """By what a component is known in the file: its CTID, or the end of its identifier."""
    given = _text(node.get("ctid")) or _text(node.get("@id")).rstrip("/").rpartition("/")[2]
    plain = terminal_text(" ".join(given.split()))[:MAX_CODE].strip()
    return plain or f"component-{number}"


def _distinct(name: str, taken: set[str]) -> str:
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def _all(parts: Iterable[Requirement]) -> Requirement:
    listed = list(dict.fromkeys(parts))
    return listed[0] if len(listed) == 1 else Of(tuple(listed), len(listed))


def _with(texts: Mapping[str, str], sign: str) -> dict[str, str]:
    return {tag: f"{sign} {text}"[:MAX_TEXT] for tag, text in texts.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _fits(value: str) -> bool:
    return 0 < len(value) <= MAX_URI and value == value.strip() and terminal_text(value) == value


def _short(text: str) -> str:
    return terminal_text(text, 120)


def _refused(reason: str, where: str) -> Refused:
    return Refused([Fault("", reason)], where, code=CODE, remedy=REMEDY)
