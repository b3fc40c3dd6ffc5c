"""A quality decision as a register publishes it: what an agency decided about whom, with which outcome, and until when.

Pure values and their JSON form, which is a leaf of the snapshot that a mirror anchors. Nothing of a decision is left
out of it for not being positive, obligatory or about one holder alone. `docs/reference/registers.md` lists the members.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from registry.recognition.scope import EVERY_LEVEL, Scope, hash_of_programme

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

    def scopes(self, countries: frozenset[str]) -> tuple[Scope, ...]:
        """What may be issued by it, one scope for each field, country and identifier; what is not said is any."""
        programmes = [hash_of_programme(each.value) for each in self.identifiers] or [bytes(32)]
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
    def joint(self) -> bool:
        """Whether several holders share it."""
        return len(self.holders) > 1

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two rows the same decision: register, agency and the agency's own number, or the register's."""
        return self.register, str(self.agency), self.number or f"report {self.report}"

    def holds_on(self, day: date) -> bool:
        """Whether its period includes the day, whatever its ruling."""
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, of which the leaf is the `json-jcs` digest; members that say nothing are left out."""
        raise NotImplementedError

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> QualityDecision:
        """The decision in JSON; raises SettingsError where it is none."""
        raise NotImplementedError
