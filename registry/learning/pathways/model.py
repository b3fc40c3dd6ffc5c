"""A pathway: steps with what each asks for, and which steps go before which. Pure values.

A pathway says what counts; it judges nobody. What is done of one is computed from items whose verdicts are known
(`registry.learning.pathways.progress`). `docs/reference/pathways.md` has the file and the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Final

MAX_STEPS: Final = 500
MAX_PARTS: Final = 2_000
"""Of all requirements of a pathway, each `all`, `any` and `of` with what is in it."""
MAX_DEPTH: Final = 8
"""Of a requirement within requirements."""
MAX_LISTED: Final = 200
"""Of a list in a requirement, such as achievements."""
MAX_URI: Final = 2_000
MAX_MONTHS: Final = 1_200
MAX_OFFERS: Final = 2_000

PARTS_OF_A_CREDIT: Final = 10_000
"""Credits are counted in ten-thousandths, and what is finer is cut off: whole numbers are the same in every program."""
MOST_CREDITS: Final = 1_000
"""Of one achievement; what states more states no credits."""


class Counts(StrEnum):
    """Whether one item may serve several steps."""

    SEVERAL = "several"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class Competence:
    """An item of a framework: by the framework's name and a code, or by its URL."""

    framework: str = ""
    code: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class LevelRange:
    """Levels of a framework that has a map, from a lowest to a highest code; "" for no bound.

    Attributes:
        framework: short name, such as `eqf` or `ie-nfq`.
    """

    framework: str
    lowest: str = ""
    highest: str = ""


@dataclass(frozen=True, slots=True)
class Criteria:
    """What an achievement has to be, to count: all that is said has to hold, and what is empty asks for nothing.

    Attributes:
        achievements: URIs, of which it has one.
        competences: of which it is aligned with one.
        issuers: a party's number, or an identifier as credentials state it.
        kinds: such as `Course`, in any case of letters.
        fields: codes of ISCED-F 2013; one below them counts, too.
        results: of which one of its results has one, as value or level.
        within_months: how old it may be; 0 for any age.
        accredited: whether its issuer has to be known as accredited for it.
    """

    achievements: tuple[str, ...] = ()
    competences: tuple[Competence, ...] = ()
    issuers: tuple[int | str, ...] = ()
    kinds: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    level: LevelRange | None = None
    results: tuple[str, ...] = ()
    within_months: int = 0
    accredited: bool = False


@dataclass(frozen=True, slots=True)
class Award:
    """One achievement that meets criteria."""

    criteria: Criteria


@dataclass(frozen=True, slots=True)
class CreditSum:
    """ECTS credits of achievements that meet criteria, each once, no award together with its parts."""

    ects: Fraction
    criteria: Criteria


@dataclass(frozen=True, slots=True)
class StepDone:
    """Another step is done."""

    step: str


@dataclass(frozen=True, slots=True)
class Of:
    """At least so many of several; all of them, or any one, are of this kind."""

    parts: tuple[Requirement, ...]
    at_least: int


Requirement = Award | CreditSum | StepDone | Of


@dataclass(frozen=True, slots=True)
class Recognition:
    """Recognition of prior learning: a decision, itself a credential, by somebody who is named.

    Attributes:
        decision: what the decision has to be: its achievements and its issuers are never empty. Where it has `results`,
            a decision without one of them is a refusal.
        evidence: with it and without a decision, the step waits for a person; None where nothing is handed in.
    """

    decision: Criteria
    evidence: Requirement | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a pathway. It is done by what it requires, or by recognition.

    Attributes:
        identifier: unique in its pathway.
        title, description: by language tag.
        after: steps that go before it; they say what can be begun, and take nothing away from what was achieved.
        optional: whether the pathway is complete without it.
        ects: what it is worth, where the pathway says; it orders next steps, and counts for nothing else.
    """

    identifier: str
    title: Mapping[str, str]
    requires: Requirement | None = None
    recognition: Recognition | None = None
    after: tuple[str, ...] = ()
    optional: bool = False
    ects: Fraction | None = None
    description: Mapping[str, str] = field(default_factory=dict)

    def requirements(self) -> Iterator[Requirement]:
        """What it requires and what is handed in for recognition, each with all that is within, from the outside in."""
        evidence = self.recognition.evidence if self.recognition else None
        waiting = [each for each in (evidence, self.requires) if each is not None]
        while waiting:
            found = waiting.pop()
            yield found
            if isinstance(found, Of):
                waiting += reversed(found.parts)

    def waits_for(self) -> tuple[str, ...]:
        """Every step that it names, before it or in what it requires, each once."""
        inner = [each.step for each in self.requirements() if isinstance(each, StepDone)]
        return tuple(dict.fromkeys([*self.after, *inner]))


@dataclass(frozen=True, slots=True)
class Offer:
    """An achievement that the pathway knows by name, and its credits; None where it does not say."""

    identifier: str
    title: Mapping[str, str]
    ects: Fraction | None = None


@dataclass(frozen=True, slots=True)
class NamedFramework:
    """A framework of competences, by the names that credentials may call it.

    Attributes:
        identifier: by which the pathway's competences name it.
        names: further names, such as its title and its URI.
        file: of it beside the pathway's; "" where none is named.
    """

    identifier: str
    names: tuple[str, ...] = ()
    file: str = ""


@dataclass(frozen=True, slots=True)
class Pathway:
    """A pathway.

    Attributes:
        identifier: its own, such as a URI.
        title, description: by language tag.
        issuer: who says that it leads there, by name.
        issuer_id: identifier of whoever does; "" where none is said.
        language: of texts that name none.
        steps: in the order in which they are told, and in which items are given to them where each serves one.
        unnamed_credits: whether credits of which a credential names no system are taken for ECTS.
        notes: what an import could not take over, a line each.
    """

    identifier: str
    title: Mapping[str, str]
    steps: tuple[Step, ...]
    version: str = ""
    language: str = "en"
    issuer: str = ""
    issuer_id: str = ""
    description: Mapping[str, str] = field(default_factory=dict)
    uri: str = ""
    counts: Counts = Counts.SEVERAL
    unnamed_credits: bool = False
    offers: tuple[Offer, ...] = ()
    frameworks: tuple[NamedFramework, ...] = ()
    notes: tuple[str, ...] = ()

    def by_identifier(self) -> dict[str, Step]:
        """Its steps by their identifier."""
        return {each.identifier: each for each in self.steps}


def text_in(texts: Mapping[str, str], language: str) -> str:
    """A text in a language, or else in the first one that there is; "" where there is none."""
    return texts.get(language) or next(iter(texts.values()), "")


def parts_of_credits(amount: Fraction | None) -> int:
    """Credits in ten-thousandths, cut off; 0 for none, and for what is no number of credits."""
    if amount is None:
        return 0
    # Whole numbers are compared in a tenth of the time that fractions take.
    above, below = amount.numerator, amount.denominator
    return above * PARTS_OF_A_CREDIT // below if 0 < above <= MOST_CREDITS * below else 0


def fewest_credits(part: Requirement) -> int:
    """The fewest ten-thousandths of credits that a requirement asks for."""
    if isinstance(part, CreditSum):
        return parts_of_credits(part.ects)
    if isinstance(part, Of):
        return sum(sorted(map(fewest_credits, part.parts))[: part.at_least])
    return 0
