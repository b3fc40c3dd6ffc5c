"""An application in the words of a language: what a page, a sheet of paper and a terminal say alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from registry.language.rendering import Language
from registry.language.said import Said, Sentences, listed, say
from registry.learning.mobility.application import Application, Case
from registry.learning.mobility.points import SOURCES, Code, Source
from registry.untrusted.text import marked
from registry.verify.levels import CountryLevel, Place
from registry.verify.question import Accredited, Comes
from registry.verify.verdict import Outcome

LONGEST_NAME: Final = 200
MOST_HOLDERS: Final = 3


class Asked(StrEnum):
    """What is asked of each credential, each by its head in a table."""

    ACCREDITATION = "mobility.head.accreditation"
    TODAY = "mobility.head.today"
    RECOGNITION = "mobility.head.recognition"


_UNCHECKED: Final = {
    Asked.ACCREDITATION: Code.ACCREDITATION_UNCHECKED,
    Asked.TODAY: Code.ACCREDITATION_UNCHECKED,
    Asked.RECOGNITION: Code.RECOGNITION_UNCHECKED,
}


class Open(NamedTuple):
    """One point in words, and the positions of all that it is about, from 0; none of what is about all together."""

    code: Code
    text: str
    positions: tuple[int, ...]

    @property
    def source(self) -> Source:
        """Where it is written that officers look at such a thing."""
        return SOURCES[self.code.element]


def answered(case: Case, asked: Asked) -> Accredited | None:
    """The answer to one of the questions; None where there is none."""
    answers = case.answers
    return {
        Asked.ACCREDITATION: answers.accreditation,
        Asked.TODAY: answers.today,
        Asked.RECOGNITION: answers.recognition,
    }[asked]


def head(asked: Asked, country: str) -> Said:
    """The head of a column."""
    return say(asked, country=country) if asked is Asked.RECOGNITION else say(asked)


def comes_to(case: Case, asked: Asked) -> Said:
    """What is on record, in a few words; never that something is or is not recognised."""
    answer = answered(case, asked)
    if answer is not None:
        return say(f"mobility.comes.{answer.comes_to}")
    is_unchecked = any(point.code is _UNCHECKED[asked] for point in case.points)
    return say(f"mobility.comes.{Comes.UNCHECKED}" if is_unchecked else "mobility.comes.not asked")


def reasons(answer: Accredited) -> Iterator[tuple[str | Said, Sentences]]:
    """What an answer says: who says it, and the sentences."""
    if answer.on_chain is not None:
        known: Sentences = ()
        if answer.on_chain.outcome is not Outcome.UNKNOWN:
            then, now = (
                say("mobility.yes" if each else "mobility.no") for each in (answer.on_chain.then, answer.on_chain.now)
            )
            known = (say("mobility.known", then=then, now=now),)
        yield say("mobility.onChain"), (*answer.on_chain.said, *known)
    for judged, register in zip(answer.registers, answer.policy.registers, strict=True):
        yield marked(register.name, LONGEST_NAME), judged.said


def levels_here(case: Case) -> tuple[CountryLevel, ...]:
    """The levels of the country that its own is comparable with."""
    return () if case.levels is None else tuple(row for row in case.levels.rows if row.place is Place.HERE)


def levels_in_short(case: Case) -> str:
    """The same for a narrow column, by the short names of frameworks: `ie-nfq 7, 8`; "" where there is none."""
    found: dict[str, list[str]] = {}
    for row in levels_here(case):
        found.setdefault(row.framework, []).append(row.level)
    return "; ".join(f"{framework} {', '.join(dict.fromkeys(levels))}" for framework, levels in found.items())


def bodies(application: Application) -> Said:
    """Who speaks for the country, as far as the policy says."""
    if not application.bodies:
        return say("mobility.noBodies", country=application.country)
    named = (
        say("standing.bodyNamed", number=number, name=marked(name, LONGEST_NAME))
        for number, name in application.bodies.items()
    )
    return say("mobility.bodies", country=application.country, bodies=listed(named))


def holders_in_short(application: Application) -> str:
    """The names that the credentials give their holders, each once and the first few; "" where none gives any."""
    named = list(dict.fromkeys(marked(name, LONGEST_NAME) for case in application.cases for name in case.holders[:1]))
    return "; ".join([*named[:MOST_HOLDERS], *(["…"] if len(named) > MOST_HOLDERS else [])])


def open_points(cases: Sequence[Case], language: Language) -> tuple[Open, ...]:
    """What would still be asked for, each sentence once with all that it is about; in the order of the codes."""
    found: dict[tuple[Code, str], list[int]] = {}
    for case in cases:
        for point in case.points:
            found.setdefault((point.code, language.text(point.said)), []).append(case.item.position)
    order = list(Code)
    return tuple(
        Open(code, text, tuple(positions))
        for (code, text), positions in sorted(found.items(), key=lambda each: order.index(each[0][0]))
    )


def numbers(positions: Sequence[int]) -> str:
    """Positions as people count them, from 1, with their runs drawn together: `1, 3–5`."""
    runs: list[list[int]] = []
    for position in positions:
        if runs and position == runs[-1][1] + 1:
            runs[-1][1] = position
        else:
            runs.append([position, position])
    return ", ".join(f"{a + 1}" if a == b else f"{a + 1}–{b + 1}" for a, b in runs)
