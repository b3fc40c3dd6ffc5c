"""The file of evidence that is made of what systems recorded: what a record names by its hash.

It says where it is from, by the hash of that file, and nothing of who the people are, unless that was asked for. It is
no credential and no achievement: somebody who assesses names it, and answers for the marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from registry.learning.assessment.cmi5 import Outcome, outcomes_of
from registry.learning.assessment.qti import AssessmentResult
from registry.learning.assessment.signed_statements import SignedBy
from registry.learning.assessment.xapi import Export, Statement, actors_in

KIND: Final = "TestamurAssessmentEvidence"
VERSION: Final = 1
XAPI: Final = "xAPI 1.0.3"
QTI: Final = "QTI results"


def statements_evidence(
    export: Export,
    source: Mapping[str, Any],
    signatures: Mapping[str, tuple[SignedBy, str]],
    *,
    identities: bool = False,
) -> dict[str, Any]:
    """What an export of xAPI statements comes to.

    Args:
        source: name, hash and length of its file.
        signatures: by the identifier of a statement, what came of its signature.
        identities: whether actors are named as the export names them; otherwise `person 1` and so on.
    """
    names = actors_in(export.statements)
    people = {each: each if identities else name for each, name in names.items()}
    hashed = {each.actor for each in export.statements if each.is_hashed}
    return {
        "type": KIND,
        "version": VERSION,
        "format": XAPI,
        "source": dict(source),
        "people": [
            {"person": name, "identifiedBy": each.partition(" ")[0], "isHash": each in hashed}
            for each, name in people.items()
        ],
        "counts": {
            "statements": len(export.statements),
            "repeated": export.repeated,
            "rejected": len(export.rejected),
            "voided": sum(each.identifier in export.voided for each in export.statements),
            "signed": sum(bool(each.signatures) for each in export.statements),
            "cmi5": sum(each.cmi5 is not None for each in export.statements),
        },
        "statements": [_statement(each, people, export.voided, signatures) for each in export.statements],
        "cmi5": [_outcome(each, people) for each in outcomes_of(export.statements, export.voided.keys())],
    }


def results_evidence(
    results: Iterable[tuple[str, AssessmentResult]], source: Mapping[str, Any], *, identities: bool = False
) -> dict[str, Any]:
    """What files of QTI results come to.

    Args:
        results: name of each file in the source, and what is in it.
    """
    listed = list(results)
    numbers: dict[str, str] = {}
    for _, each in listed:
        if each.candidate:
            numbers.setdefault(each.candidate, f"person {len(numbers) + 1}")
    return {
        "type": KIND,
        "version": VERSION,
        "format": QTI,
        "source": dict(source),
        "results": [
            {
                # Programs name files after candidates.
                "file": name if identities else f"file {number}",
                "person": (each.candidate if identities else numbers.get(each.candidate)) or None,
                "results": list(_results(each)),
            }
            for number, (name, each) in enumerate(listed, 1)
        ],
    }


def evidence_bytes(evidence: Mapping[str, Any]) -> bytes:
    """The file: JSON in lines, the same for the same content."""
    return orjson.dumps(evidence, option=orjson.OPT_INDENT_2) + b"\n"


def _statement(
    each: Statement,
    people: Mapping[str, str],
    voided: Mapping[str, str],
    signatures: Mapping[str, tuple[SignedBy, str]],
) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": each.identifier,
        "person": people[each.actor],
        "verb": each.verb,
        "object": each.about,
        "name": each.name,
        "timestamp": each.at,
        "registration": each.registration,
        "result": dict(each.result),
    }
    if by := voided.get(each.identifier):
        said["voidedBy"] = by
    if each.signatures:
        held, why = signatures.get(each.identifier, (SignedBy.UNCHECKED, ""))
        said["signature"] = {"says": held.value, **({"why": why} if why else {})}
    return {name: value for name, value in said.items() if value not in ("", {})}


def _outcome(each: Outcome, people: Mapping[str, str]) -> dict[str, Any]:
    return {
        "person": people[each.actor],
        "registration": each.registration,
        "unit": each.about,
        "recorded": list(each.verbs),
        "moveOn": each.move_on or None,
        "isMet": each.is_met,
        "masteryScore": each.mastery,
        "scaledScore": each.scaled,
    }


def _results(result: AssessmentResult) -> Iterator[dict[str, Any]]:
    for each in result.results:
        yield {
            "kind": each.kind,
            "identifier": each.identifier,
            "datestamp": each.at,
            "sessionStatus": each.status,
            "outcomes": [
                {"identifier": one.name, "baseType": one.base_type, "values": list(one.values)}
                for one in each.variables
            ],
        }
