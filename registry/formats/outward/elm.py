"""Accreditations of the European Learning Model 3: XML of its Accreditation Metadata Schema, and the same as JSON-LD.

The XML is what the Qualification Dataset Register and Europass Digital Credentials take in (`xsd/ams/ams.xsd`, 3.1.0).
DEQAR tells its decisions in it, too, without field and jurisdiction; here both are filled where they are known.
Source: european-commission-empl/European-Learning-Model, whose constraints are licensed CC BY 4.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from registry.formats.outward import vocabularies as vocabulary
from registry.formats.outward.facts import Fact, How, cannot, in_part, told
from registry.formats.outward.statements import Left, Organisation, Statement, Why, named_uri
from registry.formats.outward.words import web_address
from registry.quality.decision import Evidence
from registry.recognition.countries import THREE_LETTERS
from registry.recognition.isced import field_name
from registry.recognition.ledger import Kind

NAMESPACE: Final = "http://data.europa.eu/snb/model/ap/ams-constraints/"
VERSION: Final = "3.1.0"
STATUS: Final = "released"
"""Publication status of what is in force; nothing else is told."""

_NOTE: Final = "`additionalNote`, for people"
WAYS: Final[Mapping[Fact, How]] = {
    Fact.ISSUING: told("`accreditation`"),
    Fact.ACCREDITING: cannot("its types know licences of institutions and programmes alone; the statement is left out"),
    Fact.RECOGNITION: cannot("it has no recognitions; the statement is left out"),
    Fact.IDENTIFIER: told("`id` and `identifier`"),
    Fact.BODY: told("`accreditingAgent`"),
    Fact.HOLDER: told("`organisation`"),
    Fact.JOINT: told("`organisation`, one for each"),
    Fact.FIELD: told("`limitField`"),
    Fact.LEVELS: told("`limitEQFLevel`"),
    Fact.TYPES: in_part("`limitCredentialType`, by terms of CTDL: the European list has no such types"),
    Fact.JURISDICTION: told("`limitJurisdiction`, whole countries"),
    Fact.PROGRAMME: told("`limitAbstractProgramme`"),
    Fact.PROGRAMME_HASH: in_part("`limitAbstractProgramme`, the hash as its URI"),
    Fact.PROGRAMME_DETAILS: in_part(_NOTE),
    Fact.RULING: told("`decision`"),
    Fact.CONDITION: in_part(f"`decision`, and {_NOTE}"),
    Fact.CONDITION_HASH: in_part(f"`decision`, and {_NOTE}"),
    Fact.EVIDENCE: told("`report`"),
    Fact.EVIDENCE_ELSEWHERE: in_part(_NOTE),
    Fact.EVIDENCE_HASH: in_part(_NOTE),
    Fact.MORE_EVIDENCE: told("`supplementaryDocument`"),
    Fact.ACCEPTED: told("`issued`"),
    Fact.START: told("`valid`"),
    Fact.END: told("`expiryDate`"),
    Fact.NO_END: told("no `expiryDate`"),
    Fact.ASSUMED_END: told("`reviewDate`, and no `expiryDate`, as DEQAR has it"),
    Fact.ENDS_SOONER: in_part("`expiryDate` is that day, without the reason"),
    Fact.HISTORY: cannot("it has one clock, and says what is published"),
    Fact.OBLIGATORY: in_part(_NOTE),
    Fact.DETAILS: in_part(_NOTE),
    Fact.MIRROR: in_part(_NOTE),
    Fact.AS_OF: in_part(_NOTE),
}


def refused(statement: Statement) -> Left | None:
    """Why a statement cannot be an accreditation of this model; None where it can."""
    if statement.kind is not Kind.ACCREDIT_TO_ISSUE:
        kind = "a recognition" if statement.kind is Kind.RECOGNISE else "an accreditation to accredit others"
        return Left(statement.number, Why.KIND.value, f"the format has no place for {kind}", whole=True)
    for each in (statement.body, *statement.holders):
        if each.country not in THREE_LETTERS:
            return Left(
                statement.number,
                Why.COUNTRY.value,
                f"the format needs the country of {each.shown_name}, and nobody told it",
                whole=True,
            )
    return vocabulary.without_code(statement)


def organisations_of(statements: Iterable[Statement]) -> list[Organisation]:
    """Each organisation once, by its URI."""
    found: dict[str, Organisation] = {}
    for statement in statements:
        for each in (statement.body, *statement.holders):
            found.setdefault(each.id, each)
    return list(found.values())


def location_uri(country: str) -> str:
    """The URI of a country as a place."""
    return named_uri(f"location {country}")


def reports_of(statement: Statement) -> list[Evidence]:
    """The reports that readers may follow."""
    return [each for each in statement.evidence if web_address(each.uri)]


def limits_of(statement: Statement) -> list[tuple[str, str, str | None, str | None]]:
    """Each limit but programmes: member, URI, words, scheme."""
    return [
        *(
            ("limitField", vocabulary.field_uri(code), field_name(code), vocabulary.FIELD_SCHEME)
            for code in statement.fields
        ),
        *(
            ("limitEQFLevel", vocabulary.level_uri(level), f"EQF level {level}", vocabulary.LEVEL_SCHEME)
            for level in vocabulary.levels_of(statement.levels)
        ),
        *(
            ("limitJurisdiction", vocabulary.unit_uri(country), None, vocabulary.UNIT_SCHEME)
            for country in statement.countries
        ),
        *(("limitCredentialType", vocabulary.type_uri(name), name, None) for name in statement.types),
    ]


def dates_of(statement: Statement) -> list[tuple[str, datetime]]:
    """The dates in the order of the schema: what was approved, reviewed, ended, and became valid."""
    ends_by_rule = statement.assumed_end is not None and statement.holds_until == statement.assumed_end
    dates = [
        ("issued", statement.accepted_at or statement.start),
        ("reviewDate", statement.assumed_end),
        ("expiryDate", None if ends_by_rule else statement.holds_until),
        ("valid", statement.start),
    ]
    return [(name, moment) for name, moment in dates if moment is not None]


def modified_at(statement: Statement) -> datetime | None:
    """When something of it changed last; None of a decision of a register."""
    return max((change.recorded_at for change in statement.changes), default=None)
