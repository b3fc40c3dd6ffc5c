"""A pathway as JSON, in which the page computes the same: levels are resolved, and nothing has to be looked up. Pure.

`docs/reference/pathways.md` has its members.
"""

from __future__ import annotations

from typing import Any, Final

from registry.learning.pathways.levels import names_of
from registry.learning.pathways.model import PARTS_OF_A_CREDIT, Competence
from registry.learning.pathways.plan import Leaf, Plan, Planned, PlannedOf, PlannedStep
from registry.learning.pathways.progress import credits_text
from registry.levels.maps import LevelMaps

PATHWAY_TYPE: Final = "TestamurPathway"
VERSION: Final = 1


def pathway_form(plan: Plan, maps: LevelMaps) -> dict[str, Any]:
    """The JSON form of a pathway.

    Args:
        maps: those with which the plan was made.
    """
    pathway = plan.pathway
    form: dict[str, Any] = {
        "type": PATHWAY_TYPE,
        "version": VERSION,
        "id": pathway.identifier,
        "edition": pathway.version,
        "language": pathway.language,
        "title": dict(pathway.title),
        "description": dict(pathway.description),
        "issuer": {"id": pathway.issuer_id, "name": pathway.issuer},
        "uri": pathway.uri,
        "counts": pathway.counts.value,
        "unnamedCredits": pathway.unnamed_credits,
        "frameworks": [{"id": each.identifier, "names": list(each.names)} for each in pathway.frameworks],
        "offers": [
            {
                "id": each.identifier,
                "title": dict(each.title),
                "ects": None if each.ects is None else credits_text(int(each.ects * PARTS_OF_A_CREDIT)),
            }
            for each in pathway.offers
        ],
        "steps": [_step(each, plan) for each in plan.steps],
    }
    if any(leaf.level is not None for leaf in plan.leaves):
        form["levelFrameworks"] = _frameworks(plan, maps)
    return form


def _step(planned: PlannedStep, plan: Plan) -> dict[str, Any]:
    step = planned.step
    recognition = None
    if planned.decision is not None:
        recognition = {
            "decision": _criteria(planned.decision),
            "evidence": None if planned.evidence is None else _part(planned.evidence, plan),
        }
    return {
        "id": step.identifier,
        "title": dict(step.title),
        "description": dict(step.description),
        "after": list(step.after),
        "optional": step.optional,
        "ects": None if step.ects is None else credits_text(int(step.ects * PARTS_OF_A_CREDIT)),
        "requires": None if planned.requires is None else _part(planned.requires, plan),
        "recognition": recognition,
    }


def _part(part: Planned, plan: Plan) -> dict[str, Any]:
    if isinstance(part, int):
        return {"step": plan.steps[part].step.identifier}
    if isinstance(part, PlannedOf):
        return {"atLeast": part.at_least, "of": [_part(each, plan) for each in part.parts]}
    if part.least:
        return {"credits": credits_text(part.least), "where": _criteria(part)}
    return {"award": _criteria(part)}


def _criteria(leaf: Leaf) -> dict[str, Any]:
    """What is asked for; what is not there asks for nothing."""
    criteria = leaf.criteria
    said: dict[str, Any] = {
        "achievements": list(criteria.achievements),
        "competences": [_competence(each) for each in criteria.competences],
        "issuers": list(criteria.issuers),
        "kinds": list(criteria.kinds),
        "fields": list(criteria.fields),
        "results": list(criteria.results),
        "withinMonths": criteria.within_months,
        "accredited": criteria.accredited,
    }
    kept = {name: value for name, value in said.items() if value}
    if leaf.level is not None and criteria.level is not None:
        asked = criteria.level
        kept["level"] = {"framework": asked.framework, "from": asked.lowest, "to": asked.highest}
        kept["levels"] = leaf.level.to_dict()
    return kept


def _competence(competence: Competence) -> dict[str, str]:
    if competence.url:
        return {"url": competence.url}
    return {"framework": competence.framework, "code": competence.code}


def _frameworks(plan: Plan, maps: LevelMaps) -> dict[str, dict[str, list[str]]]:
    """Of each framework that levels are looked for in, the names that it goes by, folded, and all of its codes."""
    asked = {framework for leaf in plan.leaves if leaf.level is not None for framework in leaf.level.of}
    found: dict[str, dict[str, list[str]]] = {}
    for name, framework in names_of(maps):
        if framework not in asked:
            continue
        names = found.setdefault(framework, {"names": [], "codes": []})["names"]
        if name not in names:
            names.append(name)
    for each in (one for one in maps if one.framework in asked):
        codes = found[each.framework]["codes"]
        codes += [level.code for level in each.levels if level.code not in codes]
    return found
