"""What an admissions officer abroad would still ask for: codes, the elements that they are about, and sources.

Sources: the manual of the ENIC-NARIC centres (European Area of Recognition), which applies the Lisbon Recognition
Convention of 1997: what a qualification is compared by, which documents are asked for, and how their authenticity is
looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from registry.language.catalogue import english
from registry.language.said import Said, Value, say


class Element(StrEnum):
    """What a point is about: one of the five by which qualifications are compared, or the documents themselves."""

    AUTHENTICITY = "authenticity"
    IDENTITY = "identity"
    LANGUAGE = "language"
    QUALITY = "quality"
    LEVEL = "level"
    WORKLOAD = "workload"
    PROFILE = "profile"
    OUTCOMES = "learning outcomes"


class Source(NamedTuple):
    """Where it is written that an element is looked at."""

    name: str
    uri: str


_MANUAL: Final = "http://ear.enic-naric.net/emanual"
_COMPARED: Final = Source("EAR manual, chapter 10", f"{_MANUAL}/Chapter10/introduction.aspx")
_DOCUMENTS: Final = Source("EAR manual, chapter 2", f"{_MANUAL}/Chapter2/examples.aspx")
_GENUINE: Final = Source("EAR manual, chapter 4", f"{_MANUAL}/Chapter4/Recommendation.aspx")

SOURCES: Final = {
    Element.AUTHENTICITY: _GENUINE,
    Element.IDENTITY: _DOCUMENTS,
    Element.LANGUAGE: _DOCUMENTS,
    Element.QUALITY: _COMPARED,
    Element.LEVEL: _COMPARED,
    Element.WORKLOAD: _COMPARED,
    Element.PROFILE: _COMPARED,
    Element.OUTCOMES: _COMPARED,
}


class Code(StrEnum):
    """The stable codes; each has a sentence in every catalogue, `mobility.ask.…`."""

    NOT_VALID = "not-valid"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    UNCHECKED = "unchecked"
    ISSUER_UNCONFIRMED = "issuer-unconfirmed"
    HOLDER_UNNAMED = "holder-unnamed"
    IDENTITY_DOCUMENT = "identity-document"
    NAMES_DIFFER = "names-differ"
    TRANSLATION = "translation"
    TRANSLATION_REGIONAL = "translation-regional"
    LANGUAGE_UNKNOWN = "language-unknown"
    ACCREDITATION_NOT_ASKED = "accreditation-not-asked"
    NO_ACCREDITATION_ON_RECORD = "no-accreditation-on-record"
    ACCREDITATION_WARNED = "accreditation-warned"
    ACCREDITATION_UNCHECKED = "accreditation-unchecked"
    ACCREDITATION_ENDED = "accreditation-ended"
    RECOGNITION_NOT_ASKED = "recognition-not-asked"
    NO_RECOGNITION_ON_RECORD = "no-recognition-on-record"
    RECOGNITION_WARNED = "recognition-warned"
    RECOGNITION_UNCHECKED = "recognition-unchecked"
    LEVEL_UNSAID = "level-unsaid"
    LEVEL_NOT_COMPARABLE = "level-not-comparable"
    LEVEL_NOT_CHECKED = "level-not-checked"
    CREDITS_UNSAID = "credits-unsaid"
    CREDITS_UNEXPLAINED = "credits-unexplained"
    FIELD_UNSAID = "field-unsaid"
    OUTCOMES_UNSAID = "outcomes-unsaid"
    NO_COURSES = "no-courses"
    SCALE_UNEXPLAINED = "scale-unexplained"

    @property
    def element(self) -> Element:
        """What it is about."""
        return _ELEMENTS[self]


_ABOUT: Final = {
    Element.AUTHENTICITY: (
        Code.NOT_VALID,
        Code.REVOKED,
        Code.SUSPENDED,
        Code.EXPIRED,
        Code.NOT_YET_VALID,
        Code.UNCHECKED,
        Code.ISSUER_UNCONFIRMED,
    ),
    Element.IDENTITY: (Code.HOLDER_UNNAMED, Code.IDENTITY_DOCUMENT, Code.NAMES_DIFFER),
    Element.LANGUAGE: (Code.TRANSLATION, Code.TRANSLATION_REGIONAL, Code.LANGUAGE_UNKNOWN),
    Element.QUALITY: (
        Code.ACCREDITATION_NOT_ASKED,
        Code.NO_ACCREDITATION_ON_RECORD,
        Code.ACCREDITATION_WARNED,
        Code.ACCREDITATION_UNCHECKED,
        Code.ACCREDITATION_ENDED,
        Code.RECOGNITION_NOT_ASKED,
        Code.NO_RECOGNITION_ON_RECORD,
        Code.RECOGNITION_WARNED,
        Code.RECOGNITION_UNCHECKED,
    ),
    Element.LEVEL: (Code.LEVEL_UNSAID, Code.LEVEL_NOT_COMPARABLE, Code.LEVEL_NOT_CHECKED),
    Element.WORKLOAD: (Code.CREDITS_UNSAID, Code.CREDITS_UNEXPLAINED),
    Element.PROFILE: (Code.FIELD_UNSAID,),
    Element.OUTCOMES: (Code.OUTCOMES_UNSAID, Code.NO_COURSES, Code.SCALE_UNEXPLAINED),
}
_ELEMENTS: Final = {code: element for element, codes in _ABOUT.items() for code in codes}


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that would still be asked for."""

    code: Code
    said: Said

    @classmethod
    def of(cls, code: Code, **values: Value) -> Point:
        """The point with the sentence of its code."""
        return cls(code, say(f"mobility.ask.{code}", **values))

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "code": str(self.code),
            "element": str(self.code.element),
            "text": english().text(self.said),
            "source": SOURCES[self.code.element]._asdict(),
        }
