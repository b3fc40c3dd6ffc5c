"""A quality decision as a register publishes it: what an agency decided about whom, with which outcome, and until when.

Pure values and their JSON form, which is a leaf of the snapshot that a mirror anchors. Nothing of a decision is left
out of it for not being positive, obligatory or about one holder alone. `docs/reference/registers.md` lists the members.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

import orjson

from registry.credential.digest import Digest, DigestMethod
from registry.credential.strictjson import canonicalize
from registry.errors import CredentialError
from registry.quality.wire import DecisionPart, ProgrammePart, not_a_decision, read_part
from registry.recognition.scope import EVERY_LEVEL, QUALIFICATION_TYPES, Scope, hash_of_programme

DECISION_TYPE: Final = "TestamurQualityDecision"
VERSION: Final = 1


class Ruling(StrEnum):
    """What was decided. Only the first two let a holder do anything."""

    POSITIVE = "positive"
    CONDITIONAL = "conditional"
    NEGATIVE = "negative"
    NOT_APPLICABLE = "not-applicable"


class Subject(StrEnum):
    """What the decision is about."""

    INSTITUTION = "institution"
    PROGRAMME = "programme"
    JOINT_PROGRAMME = "joint-programme"
    INSTITUTION_AND_PROGRAMME = "institution-and-programme"


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """A name in a scheme: `deqar` DEQARINST0001, `eter` BE0035, `agency` for an agency's own, `uri`, `local`…"""

    scheme: str
    value: str

    def __str__(self) -> str:
        """`deqar:DEQARINST0001`."""
        return f"{self.scheme}:{self.value}"


@dataclass(frozen=True, slots=True)
class Holder:
    """An institution that the decision is about.

    Attributes:
        identifiers: at least one, sorted.
        name: "" where the source has none.
        country: ISO 3166-1, two letters; "" where the source does not say.
        party: number on the chain of the snapshot, by the mirror's own statement; None where it states none.
    """

    identifiers: tuple[Identifier, ...]
    name: str = ""
    country: str = ""
    party: int | None = None


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme that the decision is about.

    Attributes:
        identifiers: sorted; none where the source has a name alone. Any of their values may be what credentials state.
        levels: of the European Qualifications Framework, lowest and highest; None where the source does not say.
        national_level: in the words of the source.
        fields: ISCED-F 2013 codes of 2, 3 or 4 digits, sorted.
        types: names of `registry.recognition.scope.QUALIFICATION_TYPES`, sorted.
        country: where it is offered, if not where its holders are.
    """

    identifiers: tuple[Identifier, ...] = ()
    name: str = ""
    qualification: str = ""
    levels: tuple[int, int] | None = None
    national_level: str = ""
    fields: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    country: str = ""
    ects: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What stands for it in scopes: its identifiers, or its name where it has none; nothing without either."""
        identifiers = tuple(each.value for each in self.identifiers if each.value.strip())
        return identifiers or ((self.name,) if self.name.strip() else ())

    def scopes(self, countries: frozenset[str]) -> tuple[Scope, ...]:
        """What may be issued by it, one scope for each field, country and name; what is not said is any.

        One without a name could be any programme, so it is none that anybody can ask for.
        """
        programmes = [hash_of_programme(name) for name in self.names]
        where = [self.country] if self.country else sorted(countries) or [""]
        return tuple(
            Scope(field, self.levels or EVERY_LEVEL, frozenset(self.types), country, programme)
            for field in self.fields or ("",)
            for country in where
            for programme in programmes
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """A report or a decision that can be read: where, and its SHA-256 where the mirror has read it."""

    uri: str
    sha256: bytes | None = None
    title: str = ""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QualityDecision:
    """One decision of one agency.

    Attributes:
        register: short name of the register, such as `deqar`.
        agency: identifier of who decided; `agency_name` as the source has it.
        number: the agency's own for the decision (`local_identifier`); "" where it has none.
        report: the register's number of it; "" where it has none.
        obligatory: part of the obligatory system of its country; False where voluntary; None where it is not said.
        condition: what has yet to be fulfilled, in the words of the source; "" where it does not say.
        valid_from, valid_until: first day it holds, and first day it holds no more; None for no end.
        end_assumed: the source has no end, and the register's own rule was taken (DEQAR: six years).
        replaces: digest of the leaf of an earlier snapshot that it corrects; None for a new one.
        remarks: anything else that the source says, by its column, so that nothing is dropped in silence.
    """

    register: str
    agency: Identifier
    subject: Subject
    ruling: Ruling
    valid_from: date
    holders: tuple[Holder, ...]
    agency_name: str = ""
    number: str = ""
    report: str = ""
    activities: tuple[str, ...] = ()
    obligatory: bool | None = None
    condition: str = ""
    summary: str = ""
    valid_until: date | None = None
    end_assumed: bool = False
    programmes: tuple[Programme, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    replaces: bytes | None = None
    remarks: tuple[tuple[str, str], ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether it is about everything that its holders offer."""
        return self.subject in (Subject.INSTITUTION, Subject.INSTITUTION_AND_PROGRAMME)

    @property
    def joint(self) -> bool:
        """Whether several holders share it."""
        return len(self.holders) > 1

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two rows the same decision: register, agency and the agency's own number, or the register's.

        One without any number is the same as another that says exactly the same.
        """
        number = self.number or (f"report {self.report}" if self.report else f"leaf {self.original.digest.hex}")
        return self.register, str(self.agency), number

    @property
    def original(self) -> QualityDecision:
        """The decision as its source has it, whatever it replaces."""
        return self if self.replaces is None else replace(self, replaces=None)

    def holds_on(self, day: date) -> bool:
        """Whether its period includes the day, whatever its ruling."""
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, of which the leaf is the `json-jcs` digest; members that say nothing are left out."""
        return _said(
            {
                "type": DECISION_TYPE,
                "version": VERSION,
                "register": self.register,
                "agency": _said({"id": str(self.agency), "name": self.agency_name}),
                "number": self.number,
                "report": self.report,
                "subject": self.subject.value,
                "ruling": self.ruling.value,
                "validFrom": self.valid_from.isoformat(),
                "validUntil": self.valid_until and self.valid_until.isoformat(),
                "endAssumed": self.end_assumed,
                "activities": list(self.activities),
                "condition": self.condition,
                "summary": self.summary,
                "holders": [_holder(each) for each in self.holders],
                "programmes": [_programme(each) for each in self.programmes],
                "evidence": [_evidence(each) for each in self.evidence],
                "replaces": self.replaces and self.replaces.hex(),
                "remarks": dict(sorted(self.remarks)),
            }
        ) | ({} if self.obligatory is None else {"obligatory": self.obligatory})

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> QualityDecision:
        """The decision in JSON, which has one form: what `to_dict` would not write as it stands is refused.

        Raises:
            SettingsError: code `decision`, with the member that is not as it should be.
        """
        decision = cls._of(read_part(members))
        try:
            written = canonicalize(dict(members))
        except CredentialError as error:
            raise not_a_decision(error.what) from None
        # Compared as text: to Python, True is 1.
        if written != decision.to_line():
            raise not_a_decision("a member says nothing, or names are not sorted")
        return decision

    @classmethod
    def from_line(cls, line: bytes) -> QualityDecision:
        """The decision in its canonical JSON (RFC 8785), as `to_line` wrote it; as `from_dict`."""
        try:
            decision = cls._of(read_part(orjson.loads(line)))
        except orjson.JSONDecodeError:
            raise not_a_decision("it is no JSON") from None
        if decision.to_line() != line:
            raise not_a_decision("it is written otherwise than RFC 8785 has it, or says nothing with a member")
        return decision

    def to_line(self) -> bytes:
        """The canonical JSON (RFC 8785), of which the leaf is the SHA-256.

        Raises:
            CredentialError: a text has no canonical form (a lone surrogate).
        """
        return canonicalize(self.to_dict())

    def checked_line(self) -> bytes:
        """As `to_line`, of what was put together from elsewhere: a reader would take it.

        Raises:
            SettingsError: code `decision`: a part is not in its form, or over its bound.
            CredentialError: as `to_line`.
        """
        members = self.to_dict()
        read_part(members)
        return canonicalize(members)

    @property
    def digest(self) -> Digest:
        """The leaf: made anew each time it is asked for."""
        return Digest(DigestMethod.JSON_JCS, sha256(self.to_line()).digest())

    @classmethod
    def _of(cls, part: DecisionPart) -> QualityDecision:
        return cls(
            register=part.register_,
            agency=_identifier(part.agency.id),
            agency_name=part.agency.name,
            number=part.number,
            report=part.report,
            subject=Subject(part.subject),
            ruling=Ruling(part.ruling),
            valid_from=_day(part.valid_from),
            valid_until=None if part.valid_until is None else _day(part.valid_until),
            end_assumed=part.end_assumed,
            obligatory=part.obligatory,
            activities=tuple(part.activities),
            condition=part.condition,
            summary=part.summary,
            holders=tuple(
                Holder(tuple(map(_identifier, each.identifiers)), each.name, each.country, each.party)
                for each in part.holders
            ),
            programmes=tuple(map(_programme_of, part.programmes)),
            evidence=tuple(
                Evidence(
                    each.uri,
                    None if each.sha256 is None else bytes.fromhex(each.sha256),
                    each.title,
                    tuple(each.languages),
                )
                for each in part.evidence
            ),
            replaces=None if part.replaces is None else bytes.fromhex(part.replaces),
            remarks=tuple(sorted(part.remarks.items())),
        )


def replaced_among(decisions: Iterable[QualityDecision]) -> frozenset[bytes]:
    """The digests of those that others of them correct: they stay, and count no more."""
    return frozenset(each.replaces for each in decisions if each.replaces is not None)


def _said(members: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing."""
    return {name: value for name, value in members.items() if value}


def _sorted(identifiers: tuple[Identifier, ...]) -> list[str]:
    return [str(each) for each in sorted(identifiers)]


def _holder(holder: Holder) -> dict[str, Any]:
    return _said(
        {
            "identifiers": _sorted(holder.identifiers),
            "name": holder.name,
            "country": holder.country,
            "party": holder.party,
        }
    )


def _programme(programme: Programme) -> dict[str, Any]:
    return _said(
        {
            "identifiers": _sorted(programme.identifiers),
            "name": programme.name,
            "qualification": programme.qualification,
            "levels": programme.levels and list(programme.levels),
            "nationalLevel": programme.national_level,
            "fields": sorted(programme.fields),
            "types": sorted(programme.types),
            "country": programme.country,
            "ects": programme.ects,
        }
    )


def _programme_of(part: ProgrammePart) -> Programme:
    if unknown := sorted(set(part.types).difference(QUALIFICATION_TYPES)):
        raise not_a_decision(f"{unknown[0][:80]!r} is no type of qualification")
    if part.levels is not None and part.levels[0] > part.levels[1]:
        raise not_a_decision("the lowest level is above the highest")
    return Programme(
        identifiers=tuple(map(_identifier, part.identifiers)),
        name=part.name,
        qualification=part.qualification,
        levels=None if part.levels is None else (part.levels[0], part.levels[1]),
        national_level=part.national_level,
        fields=tuple(part.fields),
        types=tuple(part.types),
        country=part.country,
        ects=part.ects,
    )


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return _said(
        {
            "uri": evidence.uri,
            "sha256": evidence.sha256 and evidence.sha256.hex(),
            "title": evidence.title,
            "languages": list(evidence.languages),
        }
    )


def _identifier(text: str) -> Identifier:
    scheme, _, value = text.partition(":")
    return Identifier(scheme, value)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise not_a_decision(f"there is no day {text}") from None
