"""Documents of each format that achievements are read from, about people and institutions that are made up."""

from __future__ import annotations

from typing import Any

ECTS = "http://data.europa.eu/snb/education-credit/6fcec5c5af"

OPEN_BADGE_2: dict[str, Any] = {
    "@context": "https://w3id.org/openbadges/v2",
    "type": "Assertion",
    "id": "https://college.example/assertions/1",
    "recipient": {"type": "email", "hashed": True, "identity": "sha256$00ff"},
    "issuedOn": "2025-06-30T12:00:00Z",
    "expires": "2030-06-30T12:00:00Z",
    "badge": {
        "type": "BadgeClass",
        "id": "https://college.example/badges/databases",
        "@language": "nl",
        "name": "Databanken",
        "description": "Ontwerpt een databank.",
        "criteria": {"narrative": "Een werkend ontwerp."},
        "issuer": {"type": "Issuer", "id": "https://college.example", "name": "Example College"},
        "alignment": [
            {
                "targetName": "Database design",
                "targetUrl": "https://frameworks.example/db",
                "targetFramework": "Example framework",
                "targetCode": "DB.1",
            }
        ],
        "extensions:ECTSExtension": {"type": ["Extension", "extensions:ECTSExtension"], "ECTS": 2.5},
        "extensions:EQFExtension": {"type": ["Extension", "extensions:EQFExtension"], "EQF": 6},
    },
}

RUBRIC = {
    "id": "urn:rubric:report",
    "type": ["ResultDescription"],
    "name": "Report",
    "resultType": "RubricCriterionLevel",
    "rubricCriterionLevel": [
        {"id": "urn:rubric:report:1", "type": ["RubricCriterionLevel"], "name": "Emerging", "points": "1"},
        {"id": "urn:rubric:report:2", "type": ["RubricCriterionLevel"], "name": "Proficient", "points": "2"},
    ],
}

OPEN_BADGE_3: dict[str, Any] = {
    "@context": [
        "https://www.w3.org/ns/credentials/v2",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    ],
    "id": "urn:uuid:7a0f4d9e-4e62-4b5f-9df3-0f6f2f1f1c01",
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "name": "Systems analysis",
    "issuer": {"id": "did:web:university.example", "type": ["Profile"], "name": "Example University"},
    "validFrom": "2025-07-01T00:00:00Z",
    "validUntil": "2030-07-01T00:00:00Z",
    "credentialSubject": {
        "id": "did:example:learner",
        "type": ["AchievementSubject"],
        "creditsEarned": 5,
        "result": [
            {"type": ["Result"], "resultDescription": "urn:rubric:report", "achievedLevel": "urn:rubric:report:2"},
            {"type": ["Result"], "resultDescription": "urn:grade", "value": "1.7"},
            {"type": ["Result"], "status": "Completed"},
        ],
        "achievement": {
            "id": "https://university.example/courses/sa",
            "type": ["Achievement"],
            "achievementType": "Course",
            "inLanguage": "en",
            "name": "Systems analysis",
            "description": "Analyses requirements.",
            "criteria": {"narrative": "Report and exam."},
            "creditsAvailable": 6,
            "alignment": [
                {
                    "type": ["Alignment"],
                    "targetName": "EQF level 6",
                    "targetCode": "6",
                    "targetFramework": "European Qualifications Framework",
                    "targetUrl": "http://data.europa.eu/snb/eqf/6",
                },
                {
                    "type": ["Alignment"],
                    "targetName": "Application Design",
                    "targetCode": "A.6",
                    "targetFramework": "e-CF 4.0",
                    "targetType": "CFItem",
                    "targetUrl": "https://frameworks.example/ecf/A.6",
                },
                {
                    "type": ["Alignment"],
                    "targetName": "European Credit Transfer and Accumulation System (ECTS)",
                    "targetType": "ext:creditSystem",
                    "targetUrl": ECTS,
                },
            ],
            "related": [
                {
                    "id": "https://university.example/courses/sa#de",
                    "type": ["Related"],
                    "inLanguage": "de",
                    "name": "Systemanalyse",
                }
            ],
            "resultDescription": [
                RUBRIC,
                {"id": "urn:grade", "type": ["ResultDescription"], "name": "Grade", "resultType": "LetterGrade"},
            ],
        },
    },
}


def concept(uri: str, scheme: str, **labels: str) -> dict[str, Any]:
    """A concept as Europass writes it; `notation` among the labels is its notation."""
    notation = {"notation": labels.pop("notation")} if "notation" in labels else {}
    found = {"id": uri, "type": "Concept", "inScheme": {"id": scheme, "type": "ConceptScheme"}, **notation}
    return {**found, "prefLabel": labels} if labels else found


def credit_points(points: str) -> dict[str, Any]:
    framework = concept(
        ECTS, "http://data.europa.eu/snb/education-credit/25831c2", en="European Credit Transfer System"
    )
    return {"id": f"urn:points:{points}", "type": "CreditPoint", "framework": framework, "point": points}


EUROPASS: dict[str, Any] = {
    "@context": ["https://www.w3.org/2018/credentials/v1", "http://data.europa.eu/snb/model/context/edc-ap"],
    "id": "urn:credential:1",
    "type": ["VerifiableCredential", "EuropeanDigitalCredential"],
    "issuer": {"id": "urn:org:1", "type": "Organisation", "legalName": {"en": "Example University"}},
    "issuanceDate": "2025-07-01T00:00:00Z",
    "issued": "2025-07-01T00:00:00Z",
    "validFrom": "2025-07-01T00:00:00Z",
    "expirationDate": "2031-01-01T00:00:00Z",
    "credentialSubject": {
        "id": "urn:person:1",
        "type": "Person",
        "hasClaim": [
            {
                "id": "urn:claim:degree",
                "type": "LearningAchievement",
                "title": {"en": "Master of Arts", "fr": ["Maîtrise ès arts"]},
                "specifiedBy": {
                    "id": "urn:spec:degree",
                    "type": "Qualification",
                    "title": {"en": "Master of Arts"},
                    "eqfLevel": concept(
                        "http://data.europa.eu/snb/eqf/7",
                        "http://data.europa.eu/snb/eqf/25831c2",
                        notation="eqf",
                        en="Level 7",
                    ),
                    "nqfLevel": concept(
                        "http://data.europa.eu/snb/qdr/c_1", "http://data.europa.eu/snb/qdr/25831c2", en="NFQ 9"
                    ),
                    "creditPoint": credit_points("120"),
                    "thematicArea": concept(
                        "http://data.europa.eu/snb/isced-f/0222",
                        "http://data.europa.eu/snb/isced-f/25831c2",
                        notation="isced-f",
                        en="History",
                    ),
                    "learningOutcome": {
                        "id": "urn:outcome:1",
                        "type": "LearningOutcome",
                        "title": {"en": "Reads sources"},
                        "relatedESCOSkill": concept(
                            "http://data.europa.eu/esco/skill/00000000-0000-4000-8000-000000000001",
                            "http://data.europa.eu/esco/concept-scheme/skills",
                            notation="Skill",
                            en="read sources",
                        ),
                    },
                },
                "hasPart": [
                    {
                        "id": "urn:claim:thesis",
                        "type": "LearningAchievement",
                        "title": {"en": "Thesis"},
                        "creditReceived": credit_points("30"),
                        "provenBy": {
                            "id": "urn:assessment:thesis",
                            "type": "LearningAssessment",
                            "title": {"en": "Thesis"},
                            "grade": {"id": "urn:note:1", "type": "Note", "noteLiteral": {"en": "1,3"}},
                        },
                    },
                    "urn:claim:named-only",
                ],
            },
            {
                "id": "urn:claim:named-only",
                "type": "LearningAchievement",
                "title": {"de": "Quellenkunde"},
                "specifiedBy": {"id": "urn:spec:2", "type": "LearningAchievementSpecification"},
            },
            {"id": "urn:claim:entitlement", "type": "LearningEntitlement", "title": {"en": "May teach"}},
        ],
    },
}

ANY = {"type": ["Achievement"], "description": "In a record.", "criteria": {"narrative": "As there."}}
RECORD: dict[str, Any] = {
    "@context": [
        "https://www.w3.org/ns/credentials/v2",
        "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    ],
    "id": "urn:uuid:7a0f4d9e-4e62-4b5f-9df3-0f6f2f1f1c02",
    "type": ["VerifiableCredential", "ClrCredential"],
    "name": "Record",
    "issuer": {"id": "did:web:university.example", "type": ["Profile"], "name": "Example University"},
    # The schema of CLR 2.0 is of the time of the data model 1.1.
    "issuanceDate": "2025-08-01T00:00:00Z",
    "credentialSubject": {
        "id": "did:example:learner",
        "type": ["ClrSubject"],
        "achievement": [
            {"id": "https://university.example/courses/sa", "name": "Systems analysis, again", **ANY},
            {"id": "https://university.example/programme", "name": "Programme", **ANY},
        ],
        "association": [
            {
                "type": "Association",
                "associationType": "isChildOf",
                "sourceId": "https://university.example/courses/sa",
                "targetId": "https://university.example/programme",
            }
        ],
        "verifiableCredential": [{**OPEN_BADGE_3, "issuanceDate": "2025-07-01T00:00:00Z"}],
    },
}
