"""A rubric, statements and results that are made up, and what goes wrong with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from registry.document.reading import Reading, read_document
from registry.learning.assessment.records import Evidence, Learner, Mark, Person, Role, read_marks, record_document
from registry.learning.assessment.rubrics import read_rubric
from registry.proofs.signatures.keys import SigningKey, did_key, did_key_method
from registry.proofs.signatures.suites import Suite, sign

RUBRIC_TOML = """
[rubric]
id = "https://university.example/rubrics/report"
title = "Report in systems analysis"
language = "en"
assesses = "https://university.example/courses/sa"

[[criteria]]
key = "structure"
name = "Structure"
required = "proficient"
levels = [
  { key = "emerging", name = "Emerging", points = 1 },
  { key = "proficient", name = "Proficient", points = 2 },
  { key = "mastery", name = "Mastery", points = 3 },
]

[[criteria]]
key = "exam"
name = "Exam"
lowest = 0
highest = 100
required = 50.5
"""
RUBRIC = read_rubric(RUBRIC_TOML.encode(), "rubric.toml")
LEARNER = Learner("did:example:anna", "Anna Vogt")
AT = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)


def person(key: SigningKey, name: str = "Ruth Abele", staff: str = "") -> Person:
    return Person(did_key(key), name, staff, "https://university.example")


def marks(structure: str = "proficient", exam: str = "71.5") -> tuple[Mark, ...]:
    return read_marks(RUBRIC, [f"structure={structure}", f"exam={exam}"])


def record(
    key: SigningKey,
    assessor: Person | None = None,
    given: Sequence[Mark] = (),
    evidence: Sequence[Evidence] = (),
    role: Role = Role.ASSESSMENT,
    learner: Learner = LEARNER,
) -> dict[str, Any]:
    """A record that is signed, without RDF, which takes the longest."""
    document = record_document(
        f"urn:uuid:{UUID(int=len(evidence) + 1)}",
        RUBRIC,
        learner,
        assessor or person(key),
        given or marks(),
        evidence,
        AT,
        role=role,
        comment="As discussed.",
    )
    return sign(document, key, did_key_method(key), AT, Suite.for_key(key, is_rdf=False))


def reading(document: dict[str, Any], name: str = "record.json") -> Reading:
    return read_document(json.dumps(document).encode(), name)


def statement(number: int, verb: str = "http://adlnet.gov/expapi/verbs/completed", **more: Any) -> dict[str, Any]:
    return {
        "id": str(UUID(int=number)),
        "actor": {"mbox": "mailto:anna@university.example", "name": "Anna Vogt"},
        "verb": {"id": verb, "display": {"en": "did"}},
        "object": {"id": "https://university.example/activities/1", "definition": {"name": {"en": "Unit 1"}}},
        "timestamp": "2026-05-01T10:00:00Z",
        **more,
    }


def of_cmi5(number: int, verb: str, registration: int = 1, **extensions: Any) -> dict[str, Any]:
    context = {
        "registration": str(UUID(int=1000 + registration)),
        "contextActivities": {"category": [{"id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}]},
        "extensions": {
            f"https://w3id.org/xapi/cmi5/context/extensions/{name}": each for name, each in extensions.items()
        },
    }
    start = "https://w3id.org/xapi/adl/verbs/" if verb in ("waived", "abandoned", "satisfied") else None
    return statement(number, f"{start or 'http://adlnet.gov/expapi/verbs/'}{verb}", context=context)


RESULT = """<?xml version="1.0" encoding="UTF-8"?>
<assessmentResult xmlns="http://www.imsglobal.org/xsd/imsqti_result_v2p1">
  <context sourcedId="anna@university.example"/>
  <testResult identifier="midterm" datestamp="2026-05-02T09:00:00">
    <outcomeVariable identifier="SCORE" cardinality="single" baseType="float"><value>7.5</value></outcomeVariable>
  </testResult>
  <itemResult identifier="q1" datestamp="2026-05-02T09:10:00" sessionStatus="final">
    <responseVariable identifier="RESPONSE" cardinality="single" baseType="identifier">
      <candidateResponse><value>choice_a</value></candidateResponse>
    </responseVariable>
    <outcomeVariable identifier="SCORE" cardinality="single" baseType="float"><value>1</value></outcomeVariable>
  </itemResult>
</assessmentResult>
"""
