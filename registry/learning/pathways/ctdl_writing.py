"""A pathway as a graph of CTDL: steps are components, and what they require component conditions. Pure.

CTDL has no words for criteria beyond what a component stands for, for sums of credits, and for recognition: those are
told, and are not in the graph. Source: as `registry.learning.pathways.ctdl_reading`, which reads it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid5

from registry.frameworks.model import Fault
from registry.learning.pathways.model import (
    Award,
    CreditSum,
    Criteria,
    Of,
    Pathway,
    Requirement,
    Step,
    StepDone,
    parts_of_credits,
)
from registry.learning.pathways.progress import credits_text

CONTEXT: Final = "https://credreg.net/ctdl/schema/context/json"
# A namespace of ours (RFC 9562 version 5): the same pathway has the same identifiers whenever it is written.
_NAMESPACE: Final = UUID("0f3b6d1e-6a44-5d0c-9d5f-5b1a7a9f2c11")


@dataclass(slots=True)
class _Graph:
    """The components so far, and what could not be written."""

    pathway: Pathway
    components: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def identifier(self, *names: str) -> str:
        return f"urn:uuid:{uuid5(_NAMESPACE, chr(10).join((self.pathway.identifier, *names)))}"


def ctdl_graph(pathway: Pathway) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """The graph of a pathway, and what of it has no place there."""
    graph = _Graph(pathway)
    for step in pathway.steps:
        graph.components.append(_component(step, graph))
    last = _destination(pathway)
    if not last and any(each.optional for each in pathway.steps):
        graph.faults.append(Fault("pathway", "CTDL has no word for steps that are optional", grave=False))
    node: dict[str, Any] = {
        "@type": "ceterms:Pathway",
        "@id": pathway.identifier if ":" in pathway.identifier else graph.identifier(),
        "ceterms:name": dict(pathway.title),
        **_some("ceterms:description", dict(pathway.description)),
        **_some("ceterms:subjectWebpage", pathway.uri),
        **_some("ceterms:versionIdentifier", pathway.version),
        **_some("ceterms:ownedBy", [pathway.issuer_id] if pathway.issuer_id else []),
        "ceterms:hasPart": [each["@id"] for each in graph.components],
        **_some("ceterms:hasDestinationComponent", [graph.identifier("step", last)] if last else []),
    }
    return {"@context": CONTEXT, "@graph": [node, *graph.components]}, tuple(dict.fromkeys(graph.faults))


def _component(step: Step, graph: _Graph) -> dict[str, Any]:
    entry = f"step {step.identifier}"
    component: dict[str, Any] = {
        "@type": "ceterms:BasicComponent",
        "@id": graph.identifier("step", step.identifier),
        "ceterms:ctid": step.identifier,
        "ceterms:name": dict(step.title),
        **_some("ceterms:description", dict(step.description)),
        **_some("ceterms:prerequisite", [graph.identifier("step", each) for each in step.after]),
    }
    if step.ects is not None:
        component["ceterms:creditValue"] = [_credits(credits_text(parts_of_credits(step.ects)))]
    if step.recognition is not None:
        graph.faults.append(Fault(entry, "CTDL has no word for recognition of prior learning", grave=False))
    if step.requires is not None:
        component |= _required(step.requires, step, graph, (step.identifier,))
    return component


def _required(part: Requirement, step: Step, graph: _Graph, way: tuple[str, ...]) -> dict[str, Any]:
    """Members of a component that asks for what a requirement asks for."""
    if isinstance(part, Award | CreditSum):
        return _stands_for(part, step, graph)
    return {"ceterms:hasCondition": [_condition(part, step, graph, way)]}


def _condition(part: Of | StepDone, step: Step, graph: _Graph, way: tuple[str, ...]) -> dict[str, Any]:
    parts = part.parts if isinstance(part, Of) else (part,)
    targets: list[str] = []
    inner: list[dict[str, Any]] = []
    for number, each in enumerate(parts, 1):
        if isinstance(each, StepDone):
            targets.append(graph.identifier("step", each.step))
        elif isinstance(each, Of):
            inner.append(_condition(each, step, graph, (*way, str(number))))
        else:
            targets.append(_part(each, step, graph, (*way, str(number))))
    return {
        "@type": "ceterms:ComponentCondition",
        "ceterms:name": dict(step.title),
        "ceterms:requiredNumber": part.at_least if isinstance(part, Of) else 1,
        **_some("ceterms:targetComponent", targets),
        **_some("ceterms:hasCondition", inner),
    }


def _part(part: Award | CreditSum, step: Step, graph: _Graph, way: tuple[str, ...]) -> str:
    """A component of its own for what is asked for within a condition: conditions name components alone."""
    name = ".".join(way)
    identifier = graph.identifier("part", name)
    graph.components.append(
        {
            "@type": "ceterms:BasicComponent",
            "@id": identifier,
            "ceterms:ctid": name,
            "ceterms:name": {tag: f"{text} ({'.'.join(way[1:])})" for tag, text in step.title.items()},
            **_stands_for(part, step, graph),
        }
    )
    return identifier


def _stands_for(part: Award | CreditSum, step: Step, graph: _Graph) -> dict[str, Any]:
    criteria = part.criteria
    entry = f"step {step.identifier}"
    for lost in _lost(part, criteria):
        graph.faults.append(Fault(entry, f"CTDL has no word for {lost}: what is written asks for less", grave=True))
    urls = [each.url for each in criteria.competences if each.url]
    if urls:
        return {"@type": "ceterms:CompetencyComponent", **_proxies(urls)}
    kind = "ceterms:CourseComponent" if criteria.kinds == ("Course",) else "ceterms:CredentialComponent"
    return {"@type": kind, **_proxies(list(criteria.achievements))} if criteria.achievements else {}


def _lost(part: Award | CreditSum, criteria: Criteria) -> Iterator[str]:
    if isinstance(part, CreditSum):
        yield "sums of credits"
    if criteria.achievements and criteria.competences:
        yield "an achievement by its URI and its competences"
    if any(not each.url for each in criteria.competences):
        yield "a competence by its code"
    beyond = {
        "issuers": criteria.issuers,
        "fields": criteria.fields,
        "a level": criteria.level,
        "results": criteria.results,
        "an age": criteria.within_months,
        "accreditation": criteria.accredited,
        "kinds": criteria.kinds if criteria.kinds != ("Course",) else (),
    }
    yield from (name for name, value in beyond.items() if value)


def _proxies(urls: list[str]) -> dict[str, Any]:
    return {"ceterms:proxyFor": urls[0]} if len(urls) == 1 else {"ceterms:proxyForList": urls}


def _credits(amount: str) -> dict[str, Any]:
    unit = {
        "@type": "ceterms:CredentialAlignmentObject",
        "ceterms:frameworkName": {"en": "Credit Unit"},
        "ceterms:targetNodeName": {"en": "ECTS"},
    }
    value = int(amount) if amount.isdigit() else float(amount)
    return {"@type": "ceterms:ValueProfile", "schema:value": value, "ceterms:creditUnitType": [unit]}


def _destination(pathway: Pathway) -> str:
    """The one step that is needed: a destination makes all others no more than ways to it; "" where several are."""
    needed = [each.identifier for each in pathway.steps if not each.optional]
    return needed[0] if len(needed) == 1 else ""


def _some(name: str, value: Mapping[str, Any] | list[str] | list[dict[str, Any]] | str) -> dict[str, Any]:
    return {name: value} if value else {}
