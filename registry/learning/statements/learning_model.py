"""Achievements of the European Learning Model 3, as in European Digital Credentials for Learning (Europass).

Read is the JSON that its published context compacts to (`http://data.europa.eu/snb/model/context/edc-ap`), in which an
object may stand once and be named elsewhere by its `id`.
Source: european-commission-empl/European-Learning-Model, application profile EDC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from registry.document.stated_scope import european_level
from registry.learning.achieved import Achieved, Alignment, Credits, Result
from registry.learning.statements.credit_systems import system_of
from registry.learning.statements.members import (
    LONGEST_NAME,
    MOST_VALUES,
    Members,
    amount_of,
    identifier_of,
    kinds_of,
    objects,
    text_of,
    texts_of,
)
from registry.learning.statements.open_badges import EQF

ACHIEVEMENT: Final = "LearningAchievement"
ASSESSMENT: Final = "LearningAssessment"
QUALIFICATION: Final = "Qualification"

_MOST_INDEXED: Final = 20_000
_MOST_DEEP: Final = 8
_LEVELS: Final = ("eqfLevel", "eQFLevel", "EQFLevel")
_NATIONAL: Final = ("nqfLevel", "nQFLevel", "NQFLevel")


class LearningModel:
    """Reads the claims of one credential.

    Args:
        credential: its members, among which objects are looked for by their `id`.
        language: of texts for which nothing says another.
        shows_all: whether its holder left nothing out.
    """

    def __init__(self, credential: Members, language: str, *, shows_all: bool = True):
        self._known = _by_identifier(credential)
        self._language = language
        self._shows_all = shows_all

    def claims(self, subject: Members, most: int) -> list[Achieved]:
        """What the claims of a subject state was achieved, each with its parts after it.

        An assessment that is a claim by itself is one, too; activities and entitlements are none.
        """
        found: list[Achieved] = []
        for claim in self._all(subject, "hasClaim"):
            self._add(claim, None, 0, most, found, set())
        return found

    def _add(
        self, claim: Members, whole: int | None, depth: int, most: int, found: list[Achieved], above: set[str]
    ) -> None:
        kinds, own = kinds_of(claim), identifier_of(claim)
        if len(found) >= most or depth > _MOST_DEEP or (own and own in above) or not kinds & {ACHIEVEMENT, ASSESSMENT}:
            return
        place = len(found)
        found.append(self._achieved(claim, whole, is_assessment=ACHIEVEMENT not in kinds))
        for part in self._all(claim, "hasPart"):
            self._add(part, place, depth + 1, most, found, above | {own})

    def _achieved(self, claim: Members, whole: int | None, *, is_assessment: bool) -> Achieved:
        specified = list(self._all(claim, "specifiedBy"))
        both = (claim, *specified)
        kinds = {kind for each in specified for kind in kinds_of(each)}
        kind = QUALIFICATION if QUALIFICATION in kinds else ASSESSMENT if is_assessment else ACHIEVEMENT
        proved = () if is_assessment else self._all(claim, "provenBy")
        return Achieved(
            identifier=next(filter(None, map(identifier_of, (*specified, claim))), ""),
            name=self._texts(both, "title", LONGEST_NAME),
            kind=kind,
            description=self._texts(both, "description"),
            credits=tuple(self._credits(claim, specified)),
            levels=tuple(self._levels(both)),
            alignments=tuple(self._alignments(both)),
            results=tuple(result for each in (claim, *proved) for result in self._results(each)),
            whole=whole,
        )

    def _texts(self, both: tuple[Members, ...], name: str, longest: int = 4000) -> dict[str, str]:
        found: dict[str, str] = {}
        for each in both:
            found = {**texts_of(each.get(name), self._language, longest), **found}
        return found

    def _credits(self, claim: Members, specified: list[Members]) -> Iterator[Credits]:
        """What was received, then what the specification gives in other systems."""
        received = list(self._all(claim, "creditReceived"))
        earned = [each for each in map(self._points, received) if each is not None]
        found: dict[str, Credits] = {}
        for each in earned:
            found.setdefault(each.system, each)
        # What was received may be what a holder left out, what cannot be read, or nothing.
        if self._shows_all and len(earned) == len(received) and all(each.amount for each in earned):
            given = (point for each in (claim, *specified) for point in self._all(each, "creditPoint"))
            for one in map(self._points, given):
                if one is not None:
                    found.setdefault(one.system, one)
        yield from found.values()

    def _points(self, point: Members) -> Credits | None:
        if (amount := amount_of(point.get("point"))) is None:
            return None
        systems = [
            name
            for framework in self._all(point, "framework")
            for name in (identifier_of(framework), text_of(framework.get("notation")), text_of(framework))
        ]
        return Credits(amount, system_of(*systems[::-1]))

    def _levels(self, both: tuple[Members, ...]) -> Iterator[tuple[str, str]]:
        found: dict[tuple[str, str], None] = {}
        for each in both:
            for level in (one for name in _LEVELS for one in self._all(each, name)):
                words = (text_of(level.get("notation")), text_of(level.get("prefLabel")))
                numbers = (european_level(each, identifier_of(level)) for each in words)
                if number := next(filter(None, numbers), None):
                    found[EQF, str(number)] = None
            for level in (one for name in _NATIONAL for one in self._all(each, name)):
                schemes = (text_of(one) or identifier_of(one) for one in self._all(level, "inScheme"))
                if code := _code(level) or text_of(level.get("prefLabel")) or identifier_of(level):
                    found[next(filter(None, schemes), ""), code] = None
        yield from found

    def _alignments(self, both: tuple[Members, ...]) -> Iterator[Alignment]:
        """Fields of study, subjects, and the skills of learning outcomes."""
        outcomes = [one for each in both for one in self._all(each, "learningOutcome")]
        concepts = [
            *(one for each in both for name in ("thematicArea", "ISCEDFCode") for one in self._all(each, name)),
            *(one for each in both for one in self._all(each, "educationSubject")),
            *(
                one
                for each in outcomes
                for name in ("relatedESCOSkill", "relatedSkill")
                for one in self._all(each, name)
            ),
        ]
        for each in concepts[:MOST_VALUES]:
            schemes = [text_of(one) or identifier_of(one) for one in self._all(each, "inScheme")]
            found = Alignment(
                framework=next(filter(None, schemes), ""),
                code=_code(each),
                url=identifier_of(each),
                name=text_of(each.get("prefLabel")),
            )
            if found != Alignment():
                yield found

    def _results(self, claim: Members) -> Iterator[Result]:
        """The grade of an assessment."""
        schemes = [one for each in self._all(claim, "specifiedBy") for one in self._all(each, "gradingScheme")]
        has_scale = any(text_of(each) or text_of(each.get("description")) for each in schemes)
        for grade in self._all(claim, "grade"):
            if value := text_of(grade):
                yield Result(name=text_of(claim.get("title")), kind=ASSESSMENT, value=value, has_scale=has_scale)

    def _all(self, members: Members, name: str) -> Iterator[Members]:
        """The objects of a member, those that are only named taken from where they stand."""
        for each in objects(members.get(name)):
            # One that has nothing but a name stands elsewhere, if anywhere.
            yield self._known.get(identifier_of(each), each) if len(each) == 1 else each


def _code(concept: Members) -> str:
    """The code of a concept; Europass writes the name of a list there, too, such as `country`, which is none."""
    notation = text_of(concept.get("notation"))
    return notation if any(each.isdigit() for each in notation) else ""


def is_learning_model(subject: Members) -> bool:
    """Whether a subject has claims as this model has them."""
    return subject.get("hasClaim") is not None


def _by_identifier(credential: Members) -> Mapping[str, Members]:
    """Each object that says more than its name, by its `id`: the first of several."""
    found: dict[str, Members] = {}
    pending: list[Any] = [credential]
    for _ in range(_MOST_INDEXED):
        if not pending:
            break
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(reversed(item[:_MOST_INDEXED]))
        elif isinstance(item, dict):
            if len(item) > 1 and (own := identifier_of(item)):
                found.setdefault(own, item)
            pending.extend(reversed([each for each in item.values() if isinstance(each, dict | list)]))
    return found
