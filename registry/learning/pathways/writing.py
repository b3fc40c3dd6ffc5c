"""A pathway as a file of ours, in TOML 1.0: what is written is read again as the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from registry.frameworks.writing import toml_string, toml_texts
from registry.learning.pathways.model import (
    PARTS_OF_A_CREDIT,
    Competence,
    Counts,
    CreditSum,
    Criteria,
    LevelRange,
    NamedFramework,
    Of,
    Offer,
    Pathway,
    Requirement,
    Step,
    StepDone,
)
from registry.learning.pathways.progress import credits_text


def pathway_text(pathway: Pathway) -> str:
    """The file of a pathway."""
    return "\n".join(_lines(pathway)) + "\n"


def _lines(pathway: Pathway) -> Iterator[str]:
    language = pathway.language
    yield "[pathway]"
    yield f"id = {toml_string(pathway.identifier)}"
    yield f"title = {toml_texts(pathway.title, language)}"
    yield from _said("version", pathway.version)
    yield f"language = {toml_string(language)}"
    yield from _said("issuer", pathway.issuer)
    yield from _said("issuer_id", pathway.issuer_id)
    if pathway.description:
        yield f"description = {toml_texts(pathway.description, language)}"
    yield from _said("uri", pathway.uri)
    if pathway.counts is not Counts.SEVERAL:
        yield f"counts = {toml_string(pathway.counts.value)}"
    if pathway.unnamed_credits:
        yield 'unnamed_credits = "ects"'
    if pathway.notes:
        yield "notes = ["
        yield from (f"  {toml_string(each)}," for each in pathway.notes)
        yield "]"
    for framework in pathway.frameworks:
        yield from _framework(framework)
    for offer in pathway.offers:
        yield from _offer(offer, language)
    for step in pathway.steps:
        yield from _step(step, language)


def _framework(framework: NamedFramework) -> Iterator[str]:
    yield from ("", "[[frameworks]]", f"id = {toml_string(framework.identifier)}")
    if framework.names:
        yield f"names = {_list(map(toml_string, framework.names))}"
    yield from _said("file", framework.file)


def _offer(offer: Offer, language: str) -> Iterator[str]:
    yield from ("", "[[achievements]]", f"id = {toml_string(offer.identifier)}")
    yield f"title = {toml_texts(offer.title, language)}"
    if offer.ects is not None:
        yield f"ects = {_number(offer.ects)}"


def _step(step: Step, language: str) -> Iterator[str]:
    yield from ("", "[[steps]]", f"id = {toml_string(step.identifier)}", f"title = {toml_texts(step.title, language)}")
    if step.description:
        yield f"description = {toml_texts(step.description, language)}"
    if step.after:
        yield f"after = {_list(map(toml_string, step.after))}"
    if step.optional:
        yield "optional = true"
    if step.ects is not None:
        yield f"ects = {_number(step.ects)}"
    if step.requires is not None:
        yield f"requires = {_requirement(step.requires)}"
    if step.recognition is not None:
        yield from ("", "[steps.recognition]", *_criteria(step.recognition.decision))
        if step.recognition.evidence is not None:
            yield f"evidence = {_requirement(step.recognition.evidence)}"


def _requirement(part: Requirement) -> str:
    """In one line, as an inline table of TOML 1.0 has to be; only the lists in it may be in several."""
    if isinstance(part, StepDone):
        return _table([f"step = {toml_string(part.step)}"])
    if isinstance(part, Of):
        gate = "all" if part.at_least == len(part.parts) else "any" if part.at_least == 1 else "of"
        listed = [f"{gate} = {_list(map(_requirement, part.parts))}"]
        return _table([*listed, *([f"at_least = {part.at_least}"] if gate == "of" else [])])
    credits_ = [f"credits = {_number(part.ects)}"] if isinstance(part, CreditSum) else []
    return _table([*credits_, *_criteria(part.criteria)])


def _criteria(criteria: Criteria) -> Iterator[str]:
    for name in ("achievements", "kinds", "fields", "results"):
        if values := getattr(criteria, name):
            yield f"{name} = {_list(map(toml_string, values))}"
    if criteria.competences:
        yield f"competences = {_list(map(_competence, criteria.competences))}"
    if criteria.issuers:
        issuers = (str(each) if isinstance(each, int) else toml_string(each) for each in criteria.issuers)
        yield f"issuers = {_list(issuers)}"
    if criteria.level is not None:
        yield f"level = {_level(criteria.level)}"
    if criteria.within_months:
        yield f"within_months = {criteria.within_months}"
    if criteria.accredited:
        yield "accredited = true"


def _competence(competence: Competence) -> str:
    if competence.url:
        return _table([f"url = {toml_string(competence.url)}"])
    return _table([f"framework = {toml_string(competence.framework)}", f"code = {toml_string(competence.code)}"])


def _level(level: LevelRange) -> str:
    ends = {"from": level.lowest, "to": level.highest}
    said = [f"{name} = {toml_string(code)}" for name, code in ends.items() if code]
    return _table([f"framework = {toml_string(level.framework)}", *said])


def _said(name: str, value: str) -> Iterator[str]:
    if value:
        yield f"{name} = {toml_string(value)}"


def _number(amount: Fraction) -> str:
    return credits_text(int(amount * PARTS_OF_A_CREDIT))


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(values)}]"


def _table(members: list[str]) -> str:
    return f"{{ {', '.join(members)} }}" if members else "{}"
