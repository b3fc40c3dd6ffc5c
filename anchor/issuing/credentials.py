"""From a row of a roster to credentials: Open Badges 3.0 on the data model of Verifiable Credentials 2.0.

What stands in them is the template's and the row's, and nothing else. `docs/explanation/issuing.md` says why each
thing is where it is; https://www.imsglobal.org/spec/ob/v3p0/ says what the members mean.

Each document has a random id, and each holder another: 122 random bits, so that nobody who sees a digest in a public
tree finds the document by trying names and marks. The results of a part have ids as well, which stand nowhere else:
whoever is shown the award knows the ids of its parts, and could try the rest of them.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from anchor.issuing.roster.columns import AWARDED_ON, BIRTH_DATE, NAME, NO, YES
from anchor.issuing.roster.reading import Row
from anchor.issuing.roster.words import word
from anchor.issuing.templates.model import Alignment, ResultKind, Template, Texts
from registry.credential.digest import digest_document
from registry.document.stated_scope import CREDITS_TYPE, ECTS_CONCEPT
from registry.learning.assessment.records import hash_uri
from registry.recognition.isced import field_name

CONTEXTS: Final = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)
AWARD: Final = "award"
MARKS: Final = "marks"
"""The part of a granular award that has what the whole award came to, such as the final grade."""
MARK: Final = "mark"
"""What the part begins with that has how well a course or a competence was done, where that stands apart from it."""
WHOLE: Final = "whole"
PART: Final = "part"
"""`genre` of an `evidence` that names the award, and of one that names a part of it."""

NAME_TYPE: Final = "ext:name"
"""`targetType` of an alignment by which an achievement in another language calls something: `targetUrl` is its id.

Open Badges 3.0 has one language a text (`inLanguage`), and for others `related` achievements. What may stand in one of
these is what its contexts define there: name, description, narrative and alignments."""
BIRTH_DATE_TYPE: Final = "ext:birthDate"
"""`identityType` of a date of birth, which Open Badges 3.0 has no word for."""

_FIELDS: Final = "ISCED Fields of Education and Training 2013"
_LEVELS: Final = "European Qualifications Framework"
_FIELD_URL: Final = "http://data.europa.eu/snb/isced-f/"
_LEVEL_URL: Final = "http://data.europa.eu/snb/eqf/"


def random_urn() -> str:
    """A name that nobody guesses (RFC 9562, section 5.4)."""
    return uuid4().urn


def no_status(_: str) -> Sequence[dict[str, Any]]:
    """For credentials that state no list in which they are revoked."""
    return ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is in documents beside the template and the row.

    Attributes:
        new_id: makes the ids: of the holder first, then of each part in their order, then of the results of parts.
        status_of: the entries for `credentialStatus` of a part.
    """

    new_id: Callable[[], str] = random_urn
    status_of: Callable[[str], Sequence[dict[str, Any]]] = no_status


@dataclass(frozen=True, slots=True)
class Part:
    """One credential, not signed yet.

    Attributes:
        part: `award`, or of a granular award also `marks`, `course:KEY`, `competence:KEY`; with marks apart
            `mark:course.KEY`, `mark:competence.KEY`.
    """

    part: str
    document: dict[str, Any]


def credentials_of(template: Template, row: Row, facts: Facts | None = None) -> list[Part]:
    """The credentials of one row, the award first; for many rows, `Awards` does what is the same in all of them once.

    Args:
        row: one that `check_roster` found ready.
    """
    return Awards(template).of(row, facts or Facts())


class Awards:
    """Makes the credentials of many rows of one template."""

    def __init__(self, template: Template):
        self._template = template
        self._issuer = _issuer(template)
        columns = tuple(_columns(template))
        self._award = _Achieved(template, AWARD, "", () if template.granular else columns, _award_extras(template))
        self._parts = tuple(_own_parts(template, columns)) if template.granular else ()

    def of(self, row: Row, facts: Facts) -> list[Part]:
        """The credentials of one row, the award first, each with a random id, and no mark before what it is of."""
        holder = {"id": facts.new_id(), "type": ["AchievementSubject"], "identifier": _identity(row)}
        award = facts.new_id()
        taken = [(each, facts.new_id()) for each in self._parts if each.is_in(row)]
        linked = [_evidence(identifier, PART) for each, identifier in taken if each.is_named]
        made = {AWARD: self._part(self._award, award, holder, row, linked, facts)}
        for each, identifier in taken:
            whole = made[each.whole].document
            back = [_evidence(whole["id"], WHOLE)]
            if not each.is_named:
                # Two that name each other cannot both have the other's digest.
                back.append(_evidence(hash_uri(digest_document(whole).value), WHOLE))
            made[each.part] = self._part(each, identifier, holder, row, back, facts)
        return list(made.values())

    def parts_of(self, row: Row) -> list[str]:
        """Of which parts there will be credentials, in the order of `of`."""
        return [AWARD, *(each.part for each in self._parts if each.is_in(row))]

    @property
    def most(self) -> int:
        """Most credentials that one row comes to."""
        return 1 + len(self._parts)

    def _part(
        self,
        what: _Achieved,
        identifier: str,
        holder: dict[str, Any],
        row: Row,
        evidence: list[dict[str, Any]],
        facts: Facts,
    ) -> Part:
        awarded = row.value(AWARDED_ON)
        document: dict[str, Any] = {
            "@context": list(CONTEXTS),
            "id": identifier,
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "name": what.achievement["name"],
            "issuer": self._issuer,
            "validFrom": _midnight(awarded),
        }
        if self._template.valid_months is not None:
            until = months_later(date.fromisoformat(awarded), self._template.valid_months)
            document["validUntil"] = _midnight(until.isoformat())
        document |= {
            "awardedDate": _midnight(awarded),
            "credentialSubject": {**holder, **what.claims(row, facts.new_id)},
        }
        if evidence:
            document["evidence"] = evidence
        if entries := facts.status_of(what.part):
            # An array is none by the schema of Open Badges 3.0.
            document["credentialStatus"] = entries[0] if len(entries) == 1 else list(entries)
        return Part(what.part, document)


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last one of that month where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


@dataclass(frozen=True, slots=True)
class _Column:
    """What an achievement says of one column of the roster, and what a row says in it.

    Attributes:
        key: of the column, such as `result.grade`.
        name, about: for people; in the languages of the template.
        kind: how it is measured.
        bounds: more members of the `resultDescription`.
        achievement: more members of the achievement that it is in a granular award; its type first of all.
        failed: the values with which it was not completed.
        is_outcome: whether it says that it was completed, or was not, and not how well.
    """

    key: str
    name: Texts
    about: Texts
    kind: ResultKind
    bounds: Mapping[str, Any]
    achievement: Mapping[str, Any] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    is_outcome: bool = False

    @property
    def outcome(self) -> _Column:
        """The same without its mark."""
        return replace(self, kind=ResultKind.STATUS, bounds={}, is_outcome=True)

    @property
    def described(self) -> str:
        """What the id of its description ends with; what is no mark of the column has not the column's key."""
        return "status" if self.is_outcome else self.key

    def is_failed(self, row: Row) -> bool:
        """Whether the row says that it was not completed."""
        return row.value(self.key) in self.failed

    def result(self, row: Row, described: str) -> dict[str, Any] | None:
        """`result` of the row; None where there is none. `described` is the id of its description."""
        value = row.value(self.key)
        if self.is_outcome and value:
            value = "Failed" if self.is_failed(row) else "Completed"
        elif self.kind is ResultKind.STATUS:
            value = {YES: "Completed", NO: ""}.get(value, value)
        if not value:
            return None
        member = "status" if self.kind is ResultKind.STATUS else "value"
        return {"type": ["Result"], "resultDescription": described, member: value}


class _Achieved:
    """What one credential is about: an achievement that is the same for everybody, and what a row has of it.

    Args:
        key: of the column that it is made of; "" for the award.
        columns: whose values are its results.
        extras: more members of the achievement.
        about: name and description, where they are not the award's.
        whole: the part that it is a part of.
        is_named: whether the whole names it, as it names the whole.
    """

    def __init__(
        self,
        template: Template,
        part: str,
        key: str,
        columns: Sequence[_Column],
        extras: Mapping[str, Any],
        about: tuple[Texts, Texts] | None = None,
        whole: str = AWARD,
        *,
        is_named: bool = True,
    ):
        self.part, self.whole, self.is_named = part, whole, is_named
        self._columns = columns
        self._ids = [_id(template, *filter(None, (key, each.described))) for each in columns]
        self._credits = extras.get("creditsAvailable")
        name, description = about or (template.name, template.description)
        # A course has no criteria of its own in a template; what it is about stands in their place.
        criteria = description if about else template.criteria
        self.achievement: dict[str, Any] = {
            "id": _id(template, *filter(None, (key,))),
            "type": ["Achievement"],
            "inLanguage": template.languages[0],
            "name": template.text(name),
            "description": template.text(description),
            "criteria": {"narrative": template.text(criteria)},
            **extras,
        }
        if columns:
            described = zip(columns, self._ids, strict=True)
            self.achievement["resultDescription"] = [_description(template, each, own) for each, own in described]
        related: list[dict[str, Any]] = [
            {
                "id": _id(template, language, *filter(None, (key,))),
                "type": ["Related"],
                "inLanguage": language,
                "name": template.text(name, language),
                "description": template.text(description, language),
                "narrative": template.text(criteria, language),
                "alignment": [
                    _named(template, template.issuer.id, template.issuer.name, language),
                    *(_named(template, own, each.name, language) for each, own in zip(columns, self._ids, strict=True)),
                ],
            }
            for language in template.languages[1:]
        ]
        if key:
            related.append({"id": template.achievement_id, "type": ["Related"]})
        if related:
            self.achievement["related"] = related

    def is_in(self, row: Row) -> bool:
        """Whether the row has any of it."""
        return any(self._results(row))

    def claims(self, row: Row, new_id: Callable[[], str]) -> dict[str, Any]:
        """The members of the `credentialSubject` beside who it is."""
        claims: dict[str, Any] = {}
        is_part = self.part != AWARD
        if self._credits is not None and not (is_part and any(each.is_failed(row) for each in self._columns)):
            claims["creditsEarned"] = self._credits
        if results := [each for each in self._results(row) if each is not None]:
            claims["result"] = [{"id": new_id(), **each} for each in results] if is_part else results
        return claims | {"achievement": self.achievement}

    def _results(self, row: Row) -> Iterator[dict[str, Any] | None]:
        return (each.result(row, described) for each, described in zip(self._columns, self._ids, strict=True))


def _own_parts(template: Template, columns: Sequence[_Column]) -> Iterator[_Achieved]:
    """What of a granular award is a credential of its own."""
    scope = _with("alignment", _scope(template))
    marks = [each for each in columns if not each.achievement]
    is_apart = template.marks_apart
    if marks:
        extras = {"achievementType": "Assessment", **scope}
        yield _Achieved(template, MARKS, MARKS, marks, extras, is_named=not is_apart)
    for each in columns:
        if not each.achievement:
            continue
        alignment = [*_scope(template), *each.achievement.get("alignment", ())]
        extras = {**each.achievement, **_with("alignment", alignment)}
        has_mark = is_apart and each.kind is not ResultKind.STATUS
        own = each.outcome if has_mark else each
        yield _Achieved(template, part_of(each.key), each.key, [own], extras, (each.name, each.about))
        if has_mark:
            yield _mark(template, each, alignment)


def _mark(template: Template, column: _Column, alignment: Sequence[Mapping[str, Any]]) -> _Achieved:
    """How well something was done: an assessment of it, which earns no credits a second time."""
    about = tuple(
        {language: f"{word(MARK, language)}: {text}" for language, text in texts.items()}
        for texts in (column.name, column.about)
    )
    extras = {
        "achievementType": "Assessment",
        **_with("alignment", [each for each in alignment if each["targetType"] != CREDITS_TYPE]),
    }
    key, whole = f"{column.key}.{MARK}", part_of(column.key)
    return _Achieved(template, mark_of(column.key), key, [column], extras, (about[0], about[1]), whole, is_named=False)


def part_of(key: str) -> str:
    """`course.db1` → `course:db1`: the part that a column of a granular award becomes."""
    return key.replace(".", ":", 1)


def mark_of(key: str) -> str:
    """`course.db1` → `mark:course.db1`: the part that has the mark of a column, where marks stand apart."""
    return f"{MARK}:{key}"


def _columns(template: Template) -> Iterator[_Column]:
    for result in template.results:
        bounds = _with("allowedValue", list(result.choices))
        bounds |= {} if result.lowest is None else {"valueMin": str(result.lowest)}
        bounds |= {} if result.highest is None else {"valueMax": str(result.highest)}
        yield _Column(f"result.{result.key}", result.name, result.name, result.kind, bounds)
    for course in template.courses:
        before = "" if course.code is None else f"{course.code} "
        after = "" if course.credits is None else f" ({_number(course.credits)} ECTS)"
        about = {language: before + text + after for language, text in course.name.items()}
        extras: dict[str, Any] = {"achievementType": "Course"}
        extras |= {} if course.code is None else {"humanCode": course.code}
        extras |= {} if course.credits is None else {"creditsAvailable": _number(course.credits)}
        name = course.name if template.granular else about
        items = list(map(_alignment, course.alignments))
        extras |= _with("alignment", [*_unit(course.credits), *items])
        bounds = _with("allowedValue", list(course.choices))
        bounds |= {} if template.granular else _with("alignment", items)
        yield _Column(f"course.{course.key}", name, about, ResultKind.RESULT, bounds, extras, course.failed)
    for competence in template.competences:
        kind = ResultKind.PERFORMANCE_LEVEL if competence.choices else ResultKind.STATUS
        aligned = _with("alignment", list(map(_alignment, competence.alignments)))
        about = {language: competence.description.get(language) or text for language, text in competence.name.items()}
        yield _Column(
            f"competence.{competence.key}",
            competence.name,
            about,
            kind,
            _with("allowedValue", list(competence.choices)) | ({} if template.granular else aligned),
            {"achievementType": "Competency", **aligned},
            competence.failed,
        )


def _award_extras(template: Template) -> dict[str, Any]:
    extras: dict[str, Any] = {"achievementType": template.achievement_type}
    extras |= {} if template.field is None else {"fieldOfStudy": template.field}
    extras |= {} if template.credits is None else {"creditsAvailable": _number(template.credits)}
    extras |= _with("alignment", [*_scope(template), *map(_alignment, template.alignments), *_unit(template.credits)])
    # Frameworks of nations have no pages that a program could be led to: what is said of the level is a word.
    return extras | _with("tag", [] if template.national_level is None else [template.national_level])


def _scope(template: Template) -> list[dict[str, Any]]:
    """Field and level, as `registry.document.stated_scope` and Europass read them."""
    found = []
    if template.field is not None:
        name = field_name(template.field) or f"ISCED-F {template.field}"
        found.append(_target(template.field, name, _FIELDS, _FIELD_URL + template.field))
    if template.level is not None:
        level = str(template.level)
        found.append(_target(level, f"EQF level {level}", _LEVELS, _LEVEL_URL + level))
    return found


def _unit(amount: Decimal | None) -> list[dict[str, Any]]:
    """That credits are of the European system."""
    if amount is None:
        return []
    return [
        {
            "type": ["Alignment"],
            "targetName": "European Credit Transfer and Accumulation System (ECTS)",
            "targetType": CREDITS_TYPE,
            "targetUrl": ECTS_CONCEPT,
        }
    ]


def _alignment(what: Alignment) -> dict[str, Any]:
    return _target(what.code, what.name, what.framework, what.url)


def _target(code: str | None, name: str, framework: str, url: str) -> dict[str, Any]:
    coded = {} if code is None else {"targetCode": code}
    return {
        "type": ["Alignment"],
        **coded,
        "targetName": name,
        "targetFramework": framework,
        "targetType": "CFItem",
        "targetUrl": url,
    }


def _description(template: Template, column: _Column, identifier: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "type": ["ResultDescription"],
        "name": template.text(column.name),
        "resultType": str(column.kind),
        **column.bounds,
    }


def _named(template: Template, identifier: str, name: Texts, language: str) -> dict[str, Any]:
    """What something is called in another language, by the id that it has wherever it stands."""
    return {
        "type": ["Alignment"],
        "targetName": template.text(name, language),
        "targetType": NAME_TYPE,
        "targetUrl": identifier,
    }


def _issuer(template: Template) -> dict[str, Any]:
    institution = template.issuer
    issuer: dict[str, Any] = {"id": institution.id, "type": ["Profile"], "name": template.text(institution.name)}
    if institution.url is not None:
        issuer["url"] = institution.url
    if institution.country is not None:
        issuer["address"] = {"type": ["Address"], "addressCountryCode": institution.country}
    return issuer


def _identity(row: Row) -> list[dict[str, Any]]:
    """Who holds it, in clear: the document is private, and a diploma that does not say whose it is proves nothing."""
    given = ((row.value(NAME), "name"), (row.value(BIRTH_DATE), BIRTH_DATE_TYPE))
    return [
        {"type": "IdentityObject", "hashed": False, "identityHash": value, "identityType": kind}
        for value, kind in given
        if value
    ]


def _evidence(identifier: str, genre: str) -> dict[str, Any]:
    return {"id": identifier, "type": ["Evidence"], "genre": genre}


def _id(template: Template, *steps: str) -> str:
    """`PROGRAMME#course.db1`; the programme itself without steps."""
    base = template.achievement_id
    return f"{base}{'.' if '#' in base else '#'}{'.'.join(steps)}" if steps else base


def _with(member: str, values: Sequence[Any]) -> dict[str, Any]:
    """The member, unless there is nothing in it: an empty array says nothing, and some readers refuse it."""
    return {member: list(values)} if values else {}


def _midnight(day: str) -> str:
    return f"{day}T00:00:00Z"


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
