"""What a requirement asks for, in English, for people who read a pathway on a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from registry.learning.pathways.model import (
    Competence,
    CreditSum,
    Criteria,
    LevelRange,
    Of,
    Pathway,
    Recognition,
    Requirement,
    StepDone,
    parts_of_credits,
    text_in,
)
from registry.learning.pathways.progress import credits_text
from registry.recognition.isced import field_label


class Words:
    """Tells what a pathway's steps ask for, by the names that it has for them."""

    def __init__(self, pathway: Pathway, language: str):
        self._steps = {each.identifier: text_in(each.title, language) for each in pathway.steps}
        self._offers: Mapping[str, str] = {each.identifier: text_in(each.title, language) for each in pathway.offers}

    def requirement(self, part: Requirement) -> str:
        """Such as `all of: step Foundations; 60 ECTS, EQF level 7, of accredited issuers`."""
        if isinstance(part, StepDone):
            return f"step {self._steps.get(part.step, part.step)}"
        if isinstance(part, Of):
            if len(part.parts) == 1:
                return self.requirement(part.parts[0])
            number = f"at least {part.at_least} of" if 1 < part.at_least < len(part.parts) else "any of"
            gate = "all of" if part.at_least == len(part.parts) else number
            inner = (
                f"({text})" if isinstance(each, Of) and len(each.parts) > 1 else text
                for each in part.parts
                for text in [self.requirement(each)]
            )
            return f"{gate}: {'; '.join(inner)}"
        said = ", ".join(self._criteria(part.criteria))
        if isinstance(part, CreditSum):
            return ", ".join(filter(None, (f"{credits_text(parts_of_credits(part.ects))} ECTS", said)))
        return said or "any credential"

    def recognition(self, recognition: Recognition) -> str:
        """Who decides on prior learning, and what is handed in."""
        by = _listed(str(each) for each in recognition.decision.issuers)
        evidence = f", on {self.requirement(recognition.evidence)}" if recognition.evidence is not None else ""
        return f"or recognised by a decision of {by}{evidence}"

    def _criteria(self, criteria: Criteria) -> Iterator[str]:
        if criteria.achievements:
            yield _listed(self._offers.get(each, each) for each in criteria.achievements)
        if criteria.competences:
            yield f"competence {_listed(map(_competence, criteria.competences))}"
        if criteria.kinds:
            yield f"kind {_listed(criteria.kinds)}"
        if criteria.fields:
            yield f"field {_listed(map(field_label, criteria.fields))}"
        if criteria.level is not None:
            yield _level(criteria.level)
        if criteria.results:
            yield f"with result {_listed(criteria.results)}"
        if criteria.issuers:
            yield f"by {_listed(f'party {each}' if isinstance(each, int) else each for each in criteria.issuers)}"
        if criteria.within_months:
            yield f"not older than {criteria.within_months} months"
        if criteria.accredited:
            yield "of accredited issuers"


def _competence(competence: Competence) -> str:
    return competence.url or competence.code


def _level(level: LevelRange) -> str:
    name = level.framework.upper() if level.framework.isalpha() else level.framework
    if level.lowest == level.highest:
        return f"{name} level {level.lowest}"
    ends = (f"from {level.lowest}" if level.lowest else "", f"to {level.highest}" if level.highest else "")
    return f"{name} level {' '.join(filter(None, ends))}"


def _listed(values: Iterable[str]) -> str:
    return " or ".join(values)
