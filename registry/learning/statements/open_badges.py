"""Achievements of Open Badges 2.0 and 3.0, and of Comprehensive Learner Records 2.0, which are made of these.

Sources: 1EdTech Open Badges 2.0 and 3.0; CLR 2.0; for credits of the European system and levels beside what these
define, the extensions of edubadges.nl (`extensions:ECTSExtension` of 2.0, `ECTS` and `ext:EQF` of 3.0).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from registry.document.stated_levels import levels_of
from registry.document.stated_scope import european_level, is_of_european_levels, short_text
from registry.learning.achieved import ECTS, UNSAID, Achieved, Alignment, Credits, Result
from registry.learning.statements.credit_systems import is_ects
from registry.learning.statements.members import (
    LONGEST_NAME,
    Members,
    amount_of,
    identifier_of,
    language_of,
    objects,
    text_of,
    texts_of,
)

EQF: Final = "EQF"
"""The European Qualifications Framework, in `Achieved.levels`."""

_AMOUNT_OF_ECTS: Final = re.compile(
    r"([0-9]{1,4}(?:[.,][0-9]{1,2})?)(?: ?ECTS(?: credits)?)?", re.IGNORECASE | re.ASCII
)
_LEVEL_TYPE: Final = "ext:EQF"
_SCALES: Final = ("allowedValue", "valueMin", "valueMax", "rubricCriterionLevel")


def achievement(stated: Members, subject: Members, language: str, *, shows_all: bool = True) -> Achieved:
    """An achievement of 3.0, or a badge class of 2.0.

    Args:
        stated: its members.
        subject: those of the subject that achieved it, which has the results and what was earned.
        language: of texts for which nothing says another.
        shows_all: whether its holder left nothing out.
    """
    own = language_of(stated.get("inLanguage")) or language_of(stated.get("@language"))
    own = own or language_of(_extension(stated, "Language")) or language
    names = texts_of(stated.get("name"), own, LONGEST_NAME)
    descriptions = texts_of(stated.get("description"), own)
    criteria = _criteria(stated.get("criteria"), own)
    for related in objects(stated.get("related")):
        # A translation has another language and its own words; another version of it has neither.
        tag = language_of(related.get("inLanguage"))
        if tag not in (UNSAID, own):
            for known, value in ((names, "name"), (descriptions, "description"), (criteria, "narrative")):
                if text := text_of(related.get(value), 4000 if value != "name" else LONGEST_NAME):
                    known.setdefault(tag, text)
    alignments = tuple(_alignments(stated))
    return Achieved(
        identifier=identifier_of(stated),
        name=names,
        kind=text_of(stated.get("achievementType")),
        description=descriptions,
        criteria=criteria,
        credits=tuple(_credits(stated, subject, alignments, shows_all=shows_all)),
        levels=tuple(_levels(stated, alignments)),
        alignments=alignments,
        results=tuple(_results(stated, subject)),
    )


def _criteria(value: object, language: str) -> dict[str, str]:
    """The narrative of criteria; their address where there is none."""
    found: dict[str, str] = {}
    for each in objects(value):
        found = texts_of(each.get("narrative"), language) or found
        if not found and (address := identifier_of(each)):
            found = {UNSAID: address}
    return found


def _alignments(stated: Members) -> Iterator[Alignment]:
    for each in objects(stated.get("alignment", stated.get("alignments")), "targetUrl"):
        found = Alignment(
            framework=text_of(each.get("targetFramework")),
            code=text_of(each.get("targetCode")),
            url=identifier_of(each.get("targetUrl", each.get("url"))),
            name=text_of(each.get("targetName", each.get("name"))),
            kind=text_of(each.get("targetType")),
        )
        if found != Alignment():
            yield found


def _credits(
    stated: Members, subject: Members, alignments: tuple[Alignment, ...], *, shows_all: bool
) -> Iterator[Credits]:
    """What was earned, then what can be earned in other systems.

    The standard gives credits no system. They are of the European one where an alignment names that and no amount;
    where it has an amount, or an extension does, that is what is stated of it.
    """
    of_ects = [each for each in alignments if is_ects(each.framework) or is_ects(each.url) or is_ects(each.name)]
    amounts = [_amount_of_ects(each) for each in of_ects]
    extended = [amount_of(stated.get("ECTS")), amount_of(_extension(stated, "ECTS"))]
    found = next((each for each in (*extended, *amounts) if each is not None), None)
    system = ECTS if of_ects and found is None else ""
    earned = amount_of(subject.get("creditsEarned"))
    if earned is not None:
        yield Credits(earned, system)
    # What was earned may be what a holder left out, what cannot be read, or nothing.
    if not shows_all or earned == 0 or (earned is None and subject.get("creditsEarned") is not None):
        return
    if earned is None and (available := amount_of(stated.get("creditsAvailable"))) is not None:
        yield Credits(available, system)
    if found is not None:
        yield Credits(found, ECTS)


def _amount_of_ects(alignment: Alignment) -> Fraction | None:
    for text in (alignment.code, alignment.name):
        if match := _AMOUNT_OF_ECTS.fullmatch(text):
            return amount_of(match[1])
    return None


def _levels(stated: Members, alignments: tuple[Alignment, ...]) -> Iterator[tuple[str, str]]:
    """Levels of the European framework first, each once."""
    found: dict[tuple[str, str], None] = {}
    for each in alignments:
        is_european = is_of_european_levels(each.framework, each.url) or each.kind == _LEVEL_TYPE
        if level := european_level(each.code if is_european else "", each.url):
            found[EQF, str(level)] = None
    extension = _extension(stated, "EQF")
    if isinstance(extension, int | str) and (level := european_level(str(extension))):
        found[EQF, str(level)] = None
    for framework, code in levels_of(stated):
        if not is_of_european_levels(framework, "") and not is_ects(framework):
            found[framework, code] = None
    yield from found


def _results(stated: Members, subject: Members) -> Iterator[Result]:
    described = {identifier_of(each): each for each in objects(stated.get("resultDescription"))}
    for each in objects(subject.get("result"), "value"):
        description = described.get(identifier_of(each.get("resultDescription")), {})
        reached = identifier_of(each.get("achievedLevel"))
        levels = objects(description.get("rubricCriterionLevel"))
        level = next((text_of(one.get("name")) for one in levels if reached and identifier_of(one) == reached), reached)
        value = each.get("value")
        found = Result(
            name=text_of(description.get("name")),
            kind=text_of(description.get("resultType")),
            value=text_of(str(value) if _is_number(value) else value) or short_text(each.get("status")),
            level=level or reached,
            has_scale=any(description.get(name) not in (None, "", []) for name in _SCALES),
        )
        if found.value or found.level:
            yield found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _extension(stated: Members, name: str) -> object:
    """The member of an extension of Open Badges 2.0, as `{"extensions:ECTSExtension": {"ECTS": 5}}`."""
    extension = stated.get(f"extensions:{name}Extension")
    return extension.get(name) if isinstance(extension, dict) else None
