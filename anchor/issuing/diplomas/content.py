"""What a diploma says: taken from the credential, and from nowhere else.

A paper is a rendering of what is anchored. So all that differs between two holders, and all that is awarded, comes from
the document that is attached to the paper; the layout adds phrases around it, colour, logo and who signs.

Sources: Open Badges 3.0, sections B.1.1 to B.1.24 (AchievementCredential and what is in it); language values of
Verifiable Credentials 2.0, section 11.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from anchor.issuing.credentials import BIRTH_DATE_TYPE, NAME_TYPE
from registry.credential.digest import DEFAULT_LIMITS, Digest, read_json
from registry.errors import CredentialError, IntakeError, ReceiptError
from registry.receipt.model import Receipt, embedded
from registry.recognition.isced import field_name

LONGEST: Final = 500
"""Characters of one text that is printed; more of it is no line of a diploma."""
LONGEST_WORD: Final = 130
MOST_ROWS: Final = 400
"""Results, competences and levels together: a few pages."""
_EUROPEAN: Final = "european qualifications framework"
_FIELDS: Final = "isced"

Texts = Mapping[str, str]
"""A text by language; under "" where the credential does not say in which."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a credential says that is printed.

    Attributes:
        name: of the document, for errors.
        text: the credential itself, as it is attached.
        digest: that it has, which is printed as its code.
        receipt: the entry in its `proof` that is for it; None where it has none.
        language: the one it is in, where it says so.
        born: the holder's day of birth, where it says so.
        holder: the name as the credential has it, neither translated nor put together anew.
        credits: as text; None where it states none.
        results: what was assessed, and the result.
        alignments: framework, and what the award is there.
        awarded, until: days in UTC.
    """

    name: str
    text: str
    digest: Digest
    receipt: Receipt | None
    language: str | None
    issuer: Texts
    holder: str
    born: date | None
    award: Texts
    description: Texts
    field: Texts
    credits: str | None
    results: tuple[tuple[Texts, str], ...]
    alignments: tuple[tuple[str, str], ...]
    awarded: date
    until: date | None

    def texts(self) -> Iterator[str]:
        """Every text of it that may be printed."""
        for each in (self.issuer, self.award, self.description, self.field, *(what for what, _ in self.results)):
            yield from each.values()
        yield self.holder
        yield from (result for _, result in self.results)
        yield from (part for row in self.alignments for part in row)


def content_of(document: bytes, name: str) -> Content:
    """Read what is printed of a credential.

    Args:
        document: a credential as its holder has it, with its receipt in `proof` or not yet.
        name: by which errors call it.

    Raises:
        IntakeError: it does not say who was awarded what by whom and when, or says it in a way that a paper cannot
            show; code `not-printable`. Nothing is made up in its place.
    """
    try:
        digest, members = read_json(document, DEFAULT_LIMITS)
    except CredentialError as error:
        error.where = name
        raise
    subject = _object(members.get("credentialSubject"))
    award = _object(subject.get("achievement"))
    said = _Said(award)
    awarded = _day(members, "awardedDate") or _day(members, "validFrom") or _day(members, "issuanceDate")
    found = Content(
        name=name,
        text=document.decode(),
        digest=digest,
        receipt=_receipt(members, digest, name),
        language=said.language or None,
        issuer=said.name_of(_object(members.get("issuer"))),
        holder=_holder(subject, name),
        born=_born(subject),
        award=said.texts("name") or _texts(members.get("name"), said.language),
        description=said.texts("description"),
        field=_field(said),
        credits=_number(subject.get("creditsEarned")) or _number(award.get("creditsAvailable")),
        results=tuple(_results(subject, said)),
        alignments=tuple(_alignments(award)),
        awarded=awarded or _missing(name, "on which day it was awarded (awardedDate or validFrom)"),
        until=_day(members, "validUntil"),
    )
    if not found.issuer:
        _missing(name, "the name of its issuer (issuer.name)")
    if not found.award:
        _missing(name, "what was awarded (credentialSubject.achievement.name)")
    _check_bounds(found)
    return found


def in_language(texts: Texts, language: str) -> str:
    """The text in a language, or the first that the credential has; "" where it has none."""
    return texts.get(language) or texts.get(language.partition("-")[0]) or next(iter(texts.values()), "")


def _missing(name: str, what: str) -> Any:
    raise IntakeError(
        f"the credential does not say {what}",
        where=name,
        remedy="A diploma prints what the credential says and nothing else: issue it with that.",
        code="not-printable",
    )


def _check_bounds(found: Content) -> None:
    longest = max(found.texts(), key=len)
    if len(longest) > LONGEST:
        raise IntakeError(
            f"the credential has a text of {len(longest):,} characters, and at most {LONGEST} are printed: "
            f"“{longest[:40]}…”",
            where=found.name,
            remedy="Shorten it in the template, or in the roster.",
            code="not-printable",
        )
    word = max((word for text in found.texts() for word in text.split()), key=len)
    # Scripts that part no words by spaces are broken anywhere.
    if len(word) > LONGEST_WORD and word.isascii():
        raise IntakeError(
            f"the credential has a word of {len(word)} characters, and no line is so long: “{word[:40]}…”",
            where=found.name,
            remedy="Write it with spaces or hyphens.",
            code="not-printable",
        )
    if len(found.results) + len(found.alignments) > MOST_ROWS:
        raise IntakeError(
            f"the credential has more than {MOST_ROWS} results and levels",
            where=found.name,
            remedy="Issue what belongs to single courses as credentials of their own.",
            code="not-printable",
        )


def _receipt(members: Mapping[str, Any], digest: Digest, name: str) -> Receipt | None:
    """The receipt that is for this document; one that cannot be read is no reason to print without it."""
    for each in embedded(members):
        if isinstance(each.read, ReceiptError):
            raise IntakeError(
                f"its receipt cannot be read: {each.read.what}",
                where=f"{name}, {each.where}",
                remedy="Write it with its receipt again: `testamur receipts ROOT -o FOLDER --embed ORIGINALS`.",
                code="receipt",
            )
        if (each.read.digest.method, each.read.digest.value) == (digest.method, digest.hex):
            return each.read
    return None


def _holder(subject: Mapping[str, Any], name: str) -> str:
    """The holder's name: of the identifiers of Open Badges the one that is a name in the clear, or a member for it."""
    hidden = False
    for each in _objects(subject.get("identifier")):
        if each.get("identityType") == "name":
            if each.get("hashed") is False and (text := _text(each.get("identityHash"))):
                return text
            hidden = True
    for key in ("name", "fullName"):
        if text := _text(subject.get(key)):
            return text
    parts = [_text(subject.get(key)) for key in ("givenName", "familyName")]
    if all(parts):
        return " ".join(parts)
    if hidden:
        _missing(name, "the holder's name in the clear: it is hashed")
    return str(_missing(name, "its holder's name (an identifier of the type name, not hashed)"))


def _born(subject: Mapping[str, Any]) -> date | None:
    for each in _objects(subject.get("identifier")):
        if each.get("identityType") == BIRTH_DATE_TYPE and each.get("hashed") is False:
            return _day(each, "identityHash")
    return None


class _Said:
    """What an achievement says of itself: in its own language, and in those of achievements that are it in others.

    Attributes:
        language: its own, "" where it does not say.
    """

    def __init__(self, award: Mapping[str, Any]):
        self.award = award
        self.language = _text(award.get("inLanguage"))
        self._others = {
            language: each
            for each in _objects(award.get("related"))
            if (language := _text(each.get("inLanguage"))) and _text(each.get("name"))
        }
        self._names = {
            language: {_text(name.get("targetUrl")): _text(name.get("targetName")) for name in _names_in(each)}
            for language, each in self._others.items()
        }

    def texts(self, key: str) -> dict[str, str]:
        """A text of it by language, its own first."""
        found = _texts(self.award.get(key), self.language)
        for language, each in self._others.items():
            if found and (text := _text(each.get(key))):
                found.setdefault(language, text)
        return found

    def name_of(self, what: Mapping[str, Any]) -> dict[str, str]:
        """The name of its issuer, or of what is measured, by language: the others name both by their ids."""
        found = _texts(what.get("name"), self.language)
        for language, names in self._names.items():
            if found and (name := names.get(_text(what.get("id")))):
                found.setdefault(language, name)
        return found


def _names_in(related: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in _objects(related.get("alignment")) if each.get("targetType") == NAME_TYPE]


def _field(said: _Said) -> dict[str, str]:
    """The field of study; a code of ISCED-F in the words of that classification, which are English."""
    found = said.texts("fieldOfStudy")
    code = next(iter(found.values()), "")
    if name := field_name(code):
        return {"": f"ISCED-F {code}", "en": f"{name} (ISCED-F {code})"}
    return found


def _results(subject: Mapping[str, Any], said: _Said) -> Iterator[tuple[Texts, str]]:
    """What was assessed with its result, as the descriptions of the achievement name it."""
    described = {
        _text(each.get("id")): (each, said.name_of(each)) for each in _objects(said.award.get("resultDescription"))
    }
    for result in _objects(subject.get("result")):
        description, names = described.get(_text(result.get("resultDescription")), ({}, {}))
        levels = {
            _text(each.get("id")): _text(each.get("name")) or _text(each.get("level"))
            for each in _objects(description.get("rubricCriterionLevel"))
        }
        reached = levels.get(_text(result.get("achievedLevel")), "")
        value = _text(result.get("value")) or _number(result.get("value")) or reached or _text(result.get("status"))
        if value and names:
            yield names, value


def _alignments(award: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Frameworks and what the award is there; its level in the European framework first, its field not again."""
    rows = []
    for each in _objects(award.get("alignment")):
        framework, title, code = (_text(each.get(key)) for key in ("targetFramework", "targetName", "targetCode"))
        said = f"{code} {title}" if code and title and code not in title else title or code
        if framework and said and not ("fieldOfStudy" in award and framework.lower().startswith(_FIELDS)):
            rows.append((framework, said))
    rows.sort(key=lambda row: not is_level(row[0]))
    yield from dict.fromkeys(rows)


def is_level(framework: str) -> bool:
    """Whether what a framework says belongs on the front of a diploma."""
    return framework.lower().startswith(_EUROPEAN)


def _day(members: Mapping[str, Any], key: str) -> date | None:
    try:
        return date.fromisoformat(_text(members.get(key))[:10])
    except ValueError:
        return None


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return f"{value:g}" if abs(value) < 100_000 else str(value)


def _text(value: object) -> str:
    """A text of one line: breaks and tabulators are spaces on paper."""
    return " ".join(value.split()) if isinstance(value, str) else ""


def _texts(value: object, main: str) -> dict[str, str]:
    """A text, which is in the main language, a language value, a list of these, or an object of languages."""
    found: dict[str, str] = {}
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str):
            found.setdefault(main, _text(each))
        elif isinstance(each, Mapping) and isinstance(each.get("@value"), str):
            found.setdefault(_text(each.get("@language")), _text(each["@value"]))
        elif isinstance(each, Mapping):
            for language, text in each.items():
                if isinstance(text, str) and not language.startswith("@"):
                    found.setdefault(language, _text(text))
    return {language: text for language, text in found.items() if text}


def _object(value: object) -> Mapping[str, Any]:
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    return value if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, Mapping)]
