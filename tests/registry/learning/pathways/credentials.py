"""Credentials of a learner of the pathway in the documentation, as Open Badges 3.0; made up, and always the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FRAMEWORK = "Competences in information systems (example)"
OFFERS = "https://lakeside.example/achievements/"


def credential(
    number: int, name: str, kind: str, ects: int, level: str, codes: Sequence[str] = (), **more: Any
) -> dict[str, Any]:
    """One of Lakeside University."""
    alignments = [
        {
            "type": ["Alignment"],
            "targetName": f"EQF level {level}",
            "targetFramework": "European Qualifications Framework",
            "targetCode": level,
            "targetUrl": f"http://data.europa.eu/snb/eqf/{level}",
        },
        {
            "type": ["Alignment"],
            "targetName": f"{ects} ECTS",
            "targetFramework": "European Credit Transfer and Accumulation System (ECTS)",
            "targetCode": str(ects),
            "targetUrl": "https://education.ec.europa.eu/ects",
        },
        *(
            {
                "type": ["Alignment"],
                "targetName": code,
                "targetFramework": FRAMEWORK,
                "targetCode": code,
                "targetUrl": f"https://lakeside.example/frameworks/is#{code}",
            }
            for code in codes
        ),
    ]
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": f"urn:uuid:55555555-0000-4000-8000-{number:012d}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": name,
        "issuer": {"id": "did:web:lakeside.example", "type": ["Profile"], "name": "Lakeside University"},
        "validFrom": "2025-01-01T00:00:00Z",
        "credentialSubject": {
            "id": "urn:uuid:22222222-0000-4000-8000-000000000001",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": OFFERS + name.lower().replace(" ", "-"),
                "type": ["Achievement"],
                "achievementType": kind,
                "name": name,
                "description": name,
                "criteria": {"narrative": name},
                "creditsAvailable": ects,
                "alignment": alignments,
            },
        },
        **more,
    }


def of_a_learner() -> dict[str, dict[str, Any]]:
    """By the name of the file: four courses, one of them expired, and a degree."""
    return {
        "bachelor.json": credential(1, "Bachelor of Science", "BachelorDegree", 180, "6"),
        "databases.json": credential(2, "Databases", "Course", 9, "6"),
        "processes.json": credential(3, "Business processes", "Course", 6, "6", ["A.1"]),
        "requirements.json": credential(4, "Requirements", "Course", 6, "6", ["C.1"]),
        "security.json": credential(
            5, "Secure operation", "Course", 6, "7", ["C.3"], validUntil="2025-06-01T00:00:00Z"
        ),
    }


def of_others() -> dict[str, dict[str, Any]]:
    """What some have beside it: a course in data and models."""
    return {"data.json": credential(6, "Data and models", "Course", 12, "7", ["B.2", "B.3"])}
