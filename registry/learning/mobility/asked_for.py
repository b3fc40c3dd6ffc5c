"""What would still be asked for of one credential: made of what is missing, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from registry.document.stated_scope import is_of_european_levels
from registry.learning.achieved import Achieved, Alignment
from registry.learning.items import Fate, Item
from registry.learning.mobility.languages import is_read, languages_of, named, official_languages
from registry.learning.mobility.points import Code, Point
from registry.learning.statements.credit_systems import is_ects
from registry.learning.statements.open_badges import EQF
from registry.recognition.scope import StatedScope
from registry.verify.levels import Levels, Place
from registry.verify.question import Accredited, Comes
from registry.verify.verdict import Outcome, Verdict

_BY_FATE: Final = {
    Fate.NOT_VALID: Code.NOT_VALID,
    Fate.REVOKED: Code.REVOKED,
    Fate.SUSPENDED: Code.SUSPENDED,
    Fate.EXPIRED: Code.EXPIRED,
    Fate.NOT_YET_VALID: Code.NOT_YET_VALID,
    Fate.UNCHECKED: Code.UNCHECKED,
}
_ACCREDITATION: Final = {
    Comes.NOT_ON_RECORD: Code.NO_ACCREDITATION_ON_RECORD,
    Comes.WITH_A_WARNING: Code.ACCREDITATION_WARNED,
    Comes.UNCHECKED: Code.ACCREDITATION_UNCHECKED,
}
_RECOGNITION: Final = {
    Comes.NOT_ON_RECORD: Code.NO_RECOGNITION_ON_RECORD,
    Comes.WITH_A_WARNING: Code.RECOGNITION_WARNED,
    Comes.UNCHECKED: Code.RECOGNITION_UNCHECKED,
}
COURSE: Final = "Course"
_PARTS_OF_PROGRAMMES: Final = frozenset({"Assignment", "Assessment", "Course", "Competency", "CoCurricular"})
_AWARDS: Final = frozenset({"Degree", "Diploma", "Doctorate", "LearningProgram", "Qualification"})
"""Ends of the types of what a transcript belongs to (Open Badges 3.0), and `Qualification` of the European model."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What is on record about the issuer of one credential.

    Attributes:
        accreditation: when it was anchored, by all bodies and registers that are believed; None where none is.
        today: the same question, asked of the present; likewise.
        recognition: when it was anchored, by the bodies of the country alone; None where it has none.
        known: whether there was an issuer and a time to ask about.
    """

    accreditation: Accredited | None = None
    today: Accredited | None = None
    recognition: Accredited | None = None
    known: bool = False


@dataclass(frozen=True, slots=True)
class Stated:
    """What the words of a credential come to, as far as they are its issuer's.

    Attributes:
        scope: field, level and type that are stated.
        holders: its names.
    """

    scope: StatedScope
    holders: tuple[str, ...]


def points_of(
    item: Item,
    verdict: Verdict,
    stated: Stated | None,
    answers: Answers,
    *,
    country: str,
    believes: bool,
    courses: frozenset[str],
) -> tuple[Point, ...]:
    """What would be asked for of a credential.

    Of one that is not valid, nothing is asked but that: what it says is nobody's word. Neither is anything of one that
    could not be read.

    Args:
        stated: None where it could not be read.
        country: where it is shown, ISO 3166-1.
        believes: whether the policy names bodies or registers at all.
        courses: issuers of whom the portfolio has courses by themselves.
    """
    if item.checked.fate is Fate.NOT_VALID:
        return (Point.of(Code.NOT_VALID),)
    if stated is None:
        return (Point.of(Code.UNCHECKED),)
    return (
        *_of_verdict(item, verdict),
        *_of_people(stated, item, country),
        *_of_quality(answers, country, believes=believes),
        *_of_level(verdict.levels, item, country),
        *_of_content(item, stated.scope, verdict.levels, courses),
    )


def _of_verdict(item: Item, verdict: Verdict) -> Iterator[Point]:
    if (code := _BY_FATE.get(item.checked.fate)) is not None:
        yield Point.of(code)
    if item.checked.fate is not Fate.UNCHECKED and verdict.check("issuer").outcome is not Outcome.PASS:
        yield Point.of(Code.ISSUER_UNCONFIRMED)


def _of_people(stated: Stated, item: Item, country: str) -> Iterator[Point]:
    if not stated.holders:
        yield Point.of(Code.HOLDER_UNNAMED)
    written, official = languages_of(item), official_languages(country)
    if not written or not official:
        yield Point.of(Code.LANGUAGE_UNKNOWN, country=country)
    elif not is_read(written, official):
        is_regional = is_read(written, official_languages(country, regional=True))
        code = Code.TRANSLATION_REGIONAL if is_regional else Code.TRANSLATION
        yield Point.of(code, language=named(written[0]), country=country)


def _of_quality(answers: Answers, country: str, *, believes: bool) -> Iterator[Point]:
    if not believes:
        yield Point.of(Code.ACCREDITATION_NOT_ASKED)
    elif not answers.known or answers.accreditation is None:
        yield Point.of(Code.ACCREDITATION_UNCHECKED)
    else:
        then, now = answers.accreditation.comes_to, answers.today and answers.today.comes_to
        if then in _ACCREDITATION:
            yield Point.of(_ACCREDITATION[then])
        if then in (Comes.YES, Comes.WITH_A_WARNING) and now is Comes.NOT_ON_RECORD:
            yield Point.of(Code.ACCREDITATION_ENDED)
    if answers.recognition is not None:
        found = answers.recognition.comes_to
        if found in _RECOGNITION:
            yield Point.of(_RECOGNITION[found], country=country)
    elif believes and not answers.known:
        yield Point.of(Code.RECOGNITION_UNCHECKED, country=country)
    else:
        yield Point.of(Code.RECOGNITION_NOT_ASKED, country=country)


def _of_level(card: Levels | None, item: Item, country: str) -> Iterator[Point]:
    if card is None:
        # Several levels, or one that is stated in another form than cards are made of.
        says_one = any(framework == EQF for each in item.achieved for framework, _ in each.levels)
        yield Point.of(Code.LEVEL_NOT_COMPARABLE, country=country) if says_one else Point.of(Code.LEVEL_UNSAID)
        return
    here = [row for row in card.rows if row.place is Place.HERE]
    if not here and any(gap.place is Place.HERE for gap in card.gaps):
        yield Point.of(Code.LEVEL_NOT_COMPARABLE, country=country)
    elif here and not any(row.checked for row in here):
        yield Point.of(Code.LEVEL_NOT_CHECKED, country=country)


def _of_content(item: Item, scope: StatedScope, card: Levels | None, courses: frozenset[str]) -> Iterator[Point]:
    achieved = item.achieved
    credits_ = [each for one in achieved for each in one.credits]
    if not credits_:
        yield Point.of(Code.CREDITS_UNSAID)
    elif not any(each.system for each in credits_):
        yield Point.of(Code.CREDITS_UNEXPLAINED)
    if scope.certain.field is None and not any(_is_field(one) for each in achieved for one in each.alignments):
        yield Point.of(Code.FIELD_UNSAID)
    levels = () if card is None else (card.framework, card.framework_name.casefold())
    if not any(_has_outcomes(each, levels) for each in achieved):
        yield Point.of(Code.OUTCOMES_UNSAID)
    if _is_award(achieved) and not _has_courses(achieved) and item.issuer_id not in courses:
        yield Point.of(Code.NO_COURSES)
    if any(result.value and not result.has_scale for each in achieved for result in each.results):
        yield Point.of(Code.SCALE_UNEXPLAINED)


def _has_outcomes(each: Achieved, levels: tuple[str, ...]) -> bool:
    """Whether it says in words what was learned, or is aligned with an item of a framework of such.

    Args:
        levels: names of the framework that its level is of.
    """
    return bool(each.description or each.criteria) or any(
        not is_of_european_levels(one.framework, one.url)
        and not is_ects(one.framework)
        and not is_ects(one.url)
        and not _is_field(one)
        and one.framework.casefold() not in levels
        for one in each.alignments
    )


def _is_field(alignment: Alignment) -> bool:
    return "isced" in f"{alignment.framework} {alignment.url}".casefold()


def _is_award(achieved: tuple[Achieved, ...]) -> bool:
    return any(each.kind.endswith(end) for each in achieved for end in _AWARDS)


def _has_courses(achieved: tuple[Achieved, ...]) -> bool:
    return any(each.whole is not None or each.kind in _PARTS_OF_PROGRAMMES for each in achieved)
