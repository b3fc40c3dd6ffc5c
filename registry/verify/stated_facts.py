"""What a document states of itself, in its own words, for whoever holds the paper beside it: nothing here is judged.

Open Badges 2.0 and 3.0, CLR 2.0, the European Learning Model, Blockcerts and the usual examples of W3C credentials say
it in members of these names. Whatever has another form is not shown. The page says the same (`stated.js`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from registry.credential.moments import FROM, UNTIL
from registry.document.reading import Reading
from registry.document.stated_scope import CREDITS_TYPE
from registry.language.said import Said, say
from registry.untrusted.text import marked
from registry.verify.issuer import named_issuers, shown_issuers

MOST_VALUES: Final = 6
_LONGEST: Final = 200
_MOST_READ: Final = 64
_MOST_DEEP: Final = 4
# Members of a subject, or of the document itself, that hold what was awarded.
_AWARDS: Final = ("achievement", "degree", "award", "qualification", "hasCredential", "hasClaim", "badge")
# Of an award they name its kind of object and say nothing to people.
_TYPES_OF_OBJECTS: Final = frozenset(
    {
        "Achievement",
        "BadgeClass",
        "LearningAchievement",
        "Qualification",
        "EducationalOccupationalCredential",
    }
)
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]+)*", re.IGNORECASE | re.ASCII)

Members = Mapping[str, Any]
Stated = str | Said
Facts = dict[str, list[Stated]]
"""By the end of the key that its label has in the catalogues, `page.stated.…`: what is stated, each once."""


def stated_facts(reading: Reading, digest: bytes) -> Facts:
    """What the parts of a document state that a digest covers; nothing where that covers none.

    Args:
        digest: that is on record; the whole document has it, or one of its parts.
    """
    covers_all = any(each.value == digest for each in reading.own)
    covered = [part for part in reading.parts if covers_all or any(each.value == digest for each in part.digests)]
    found: Facts = {}
    for part in covered[:_MOST_READ]:
        for key, values in _facts(part.members):
            kept = found.setdefault(key, [])
            kept += [value for value in dict.fromkeys(values) if value not in kept]
    return {key: values for key, values in found.items() if values}


def _facts(claims: Members) -> Iterator[tuple[str, list[Stated]]]:
    subjects = _objects(claims.get("credentialSubject"))
    holders = [*subjects, *_objects(claims.get("recipient")), *_objects(claims.get("recipientProfile"))]
    awards = [award for holder in (claims, *subjects) for name in _AWARDS for award in _named(holder.get(name))]
    specified = [each for award in awards for each in (award, *_objects(award.get("specifiedBy")))]
    types = _each(specified, "achievementType", "credentialCategory", "dcType", "type")
    levels = _each(specified, "eQFLevel", "nqfLevel", "nQFLevel", "educationalLevel", "level")
    awarding = [each for award in awards for each in _objects(award.get("awardedBy"))]
    shown = _objects(claims.get("displayParameter"))
    yield "award", [*_each(specified, "name", "title")] or [*_texts(claims, ("name", "title")), *_each(shown, "title")]
    yield "type", [text for text in types if text not in _TYPES_OF_OBJECTS]
    yield "level", [*levels, *(stated for award in awards for stated in _alignments(award))]
    in_clear = [text for each in subjects for text in _names_in_clear(each)]
    yield "holder", [*_each(holders, "fullName", "name"), *in_clear]
    yield "givenName", [*_each(holders, "givenName")]
    yield "familyName", [*_each(holders, "familyName")]
    of_awards = _each(awards, "awardedDate") + _each(awarding, "awardingDate")
    yield "awarded", [*_texts(claims, ("awardedDate",)), *of_awards]
    yield "from", [*_texts(claims, FROM)]
    yield "until", [*_texts(claims, UNTIL)]
    yield "issuer", [shown_issuers(issuers)] if (issuers := named_issuers(claims)) else []


def _names_in_clear(subject: Members) -> list[str]:
    """The names among the identifiers of a subject that are not hashed (Open Badges 3.0, IdentityObject)."""
    names = [each for each in _objects(subject.get("identifier")) if each.get("identityType") == "name"]
    return _each([each for each in names if each.get("hashed") is False], "identityHash")


def _alignments(award: Members) -> Iterator[Stated]:
    """What an achievement is aligned to, such as a level of a framework."""
    stated = award.get("alignment")
    for each in _objects(award.get("alignments") if stated is None else stated):
        framework = next(iter(_texts(each, ("targetFramework",))), "")
        name = next(iter(_texts(each, ("targetName", "targetCode", "targetUrl"))), "")
        # The unit of its credits is no level.
        if name and each.get("targetType") != CREDITS_TYPE:
            is_named = framework and framework != name
            yield say("page.stated.aligned", framework=framework, name=name) if is_named else name


def _each(objects: Iterable[Members], *names: str) -> list[str]:
    return [text for each in objects for text in _texts(each, names)]


def _texts(members: Members, names: Iterable[str]) -> list[str]:
    """The texts of the members of these names."""
    return [text for name in names for text in _texts_of(members.get(name), 0)]


def _texts_of(value: object, depth: int) -> list[str]:
    """A text as it may be shown; those of a list, of an object of languages, or of one that has a label."""
    if isinstance(value, str):
        return [marked(value, _LONGEST)] if value.strip() else []
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [str(value)]
    if depth == _MOST_DEEP:
        return []
    if isinstance(value, list):
        return [text for item in value[:_MOST_READ] for text in _texts_of(item, depth + 1)]
    if not isinstance(value, Mapping):
        return []
    for name in ("@value", "prefLabel", "notation", "name", "title"):
        if texts := _texts_of(value.get(name), depth + 1):
            return texts
    languages = [key for key in value if _LANGUAGE.fullmatch(key) and key != "id"]
    return [text for key in languages[:MOST_VALUES] for text in _texts_of(value[key], depth + 1)]


def _named(value: object) -> list[Members]:
    """The objects that a member holds, or one that has a mere text for its name."""
    texts = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]
    return [*_objects(value), *({"name": text} for text in texts[:_MOST_READ])]


def _objects(value: object) -> list[Members]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items[:_MOST_READ] if isinstance(item, Mapping)]
