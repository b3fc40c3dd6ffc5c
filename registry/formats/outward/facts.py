"""What there is to say of an accreditation, and how much of it a format can say.

Each exporter declares for every fact how it tells it; what of a statement it cannot tell, or not as it is, comes out
beside the file. `docs/reference/outward.md` has the table of all formats, and a test compares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from registry.formats.outward.statements import Left, Statement
from registry.formats.outward.words import web_address
from registry.recognition.ledger import Kind, State
from registry.recognition.scope import EVERY_LEVEL


class Fact(StrEnum):
    """A thing that a statement may say."""

    ISSUING = "issuing"
    ACCREDITING = "accrediting"
    RECOGNITION = "recognition"
    IDENTIFIER = "identifier"
    BODY = "body"
    HOLDER = "holder"
    JOINT = "joint-holders"
    FIELD = "field"
    LEVELS = "levels"
    TYPES = "types"
    JURISDICTION = "jurisdiction"
    PROGRAMME = "programme"
    PROGRAMME_HASH = "programme-hash"
    PROGRAMME_DETAILS = "programme-details"
    RULING = "ruling"
    CONDITION = "condition"
    CONDITION_HASH = "condition-hash"
    EVIDENCE = "evidence"
    EVIDENCE_ELSEWHERE = "evidence-elsewhere"
    EVIDENCE_HASH = "evidence-hash"
    MORE_EVIDENCE = "more-evidence"
    ACCEPTED = "accepted-at"
    START = "start"
    END = "end"
    NO_END = "no-end"
    ASSUMED_END = "assumed-end"
    ENDS_SOONER = "ends-sooner"
    HISTORY = "history"
    OBLIGATORY = "obligatory"
    DETAILS = "details"
    MIRROR = "mirror"
    AS_OF = "as-of"


FACTS: Final[Mapping[Fact, str]] = {
    Fact.ISSUING: "an accreditation to issue",
    Fact.ACCREDITING: "an accreditation to accredit others",
    Fact.RECOGNITION: "a recognition of another body's accreditations",
    Fact.IDENTIFIER: "its identifier",
    Fact.BODY: "the body that gave it",
    Fact.HOLDER: "the holder",
    Fact.JOINT: "all holders of a joint decision together",
    Fact.FIELD: "the field of education",
    Fact.LEVELS: "the levels of the European Qualifications Framework",
    Fact.TYPES: "the types of qualification",
    Fact.JURISDICTION: "where it holds",
    Fact.PROGRAMME: "the programme it is limited to",
    Fact.PROGRAMME_HASH: "a programme that is known by a hash alone",
    Fact.PROGRAMME_DETAILS: "national level, workload and other codes of a programme",
    Fact.RULING: "the decision: positive, or with conditions",
    Fact.CONDITION: "the text of a condition",
    Fact.CONDITION_HASH: "a condition of which the hash alone is on record",
    Fact.EVIDENCE: "where the decision or the report can be read",
    Fact.EVIDENCE_ELSEWHERE: "an address of it that is none on the web",
    Fact.EVIDENCE_HASH: "the hash of the report",
    Fact.MORE_EVIDENCE: "further reports",
    Fact.ACCEPTED: "when the holder's acceptance was recorded",
    Fact.START: "from when it holds",
    Fact.END: "until when it holds",
    Fact.NO_END: "that it has no end",
    Fact.ASSUMED_END: "that the end is a rule of the register, and not the agency's word",
    Fact.ENDS_SOONER: "that a suspension or withdrawal is on record that takes effect later",
    Fact.HISTORY: "earlier suspensions and reinstatements, and both clocks of each change",
    Fact.OBLIGATORY: "whether it is part of the obligatory system or voluntary",
    Fact.DETAILS: "the agency's own number, activities, summary, remarks",
    Fact.MIRROR: "that it is a statement by a mirror, which the holder did not accept",
    Fact.AS_OF: "as of which block or snapshot it is told",
}
"""Each fact in words."""


class Telling(StrEnum):
    """How much of a fact a format tells."""

    TOLD = "told"
    IN_PART = "told in part"
    NOT = "cannot be told"


@dataclass(frozen=True, slots=True)
class How:
    """How a format tells a fact.

    Attributes:
        words: where it is found in the file, or why it is not there.
    """

    telling: Telling
    words: str


def told(words: str) -> How:
    """The fact is in the file, for programs that know the format."""
    return How(Telling.TOLD, words)


def in_part(words: str) -> How:
    """The fact is in the file, but only for people, rounded, or in a member of ours."""
    return How(Telling.IN_PART, words)


def cannot(words: str) -> How:
    """The fact is not in the file."""
    return How(Telling.NOT, words)


def facts_of(statement: Statement) -> Iterator[Fact]:
    """Everything that a statement says, in the order of `Fact`."""
    present = {
        Fact.ISSUING: statement.kind is Kind.ACCREDIT_TO_ISSUE,
        Fact.ACCREDITING: statement.kind is Kind.ACCREDIT_TO_ACCREDIT,
        Fact.RECOGNITION: statement.kind is Kind.RECOGNISE,
        Fact.JOINT: len(statement.holders) > 1,
        Fact.FIELD: bool(statement.fields),
        Fact.LEVELS: statement.levels != EVERY_LEVEL,
        Fact.TYPES: bool(statement.types),
        Fact.JURISDICTION: bool(statement.countries),
        Fact.PROGRAMME: any(not each.hash for each in statement.programmes),
        Fact.PROGRAMME_HASH: any(each.hash for each in statement.programmes),
        Fact.PROGRAMME_DETAILS: any(
            each.national_level or each.ects or each.codes or each.qualification for each in statement.programmes
        ),
        Fact.RULING: statement.ruling is not None,
        Fact.CONDITION: bool(statement.condition),
        Fact.CONDITION_HASH: bool(statement.condition_hash) and not statement.condition,
        Fact.EVIDENCE: any(web_address(each.uri) for each in statement.evidence),
        Fact.EVIDENCE_ELSEWHERE: any(each.uri and not web_address(each.uri) for each in statement.evidence),
        Fact.EVIDENCE_HASH: any(each.sha256 for each in statement.evidence),
        Fact.MORE_EVIDENCE: len([each for each in statement.evidence if web_address(each.uri)]) > 1,
        Fact.ACCEPTED: statement.accepted_at is not None,
        Fact.END: statement.end is not None,
        Fact.NO_END: statement.end is None and statement.assumed_end is None,
        Fact.ASSUMED_END: statement.assumed_end is not None,
        Fact.ENDS_SOONER: statement.holds_until not in (statement.end, statement.assumed_end),
        Fact.HISTORY: bool(statement.changes) and _has_history(statement),
        Fact.OBLIGATORY: statement.obligatory is not None,
        Fact.DETAILS: bool(statement.decision_number or statement.activities or statement.summary or statement.remarks),
        Fact.MIRROR: statement.mirror is not None,
    }
    return (fact for fact in Fact if present.get(fact, True))


def untold(statement: Statement, ways: Mapping[Fact, How]) -> list[Left]:
    """What of a statement a format does not tell, or in part alone."""
    return [
        Left(statement.number, fact.value, f"{FACTS[fact]}: {how.telling}, {how.words}")
        for fact in facts_of(statement)
        if (how := ways[fact]).telling is not Telling.TOLD
    ]


def _has_history(statement: Statement) -> bool:
    """Whether more happened than an offer and its acceptance, or a recognition."""
    return [change.state for change in statement.changes] not in ([State.OFFERED, State.ACTIVE], [State.ACTIVE])
