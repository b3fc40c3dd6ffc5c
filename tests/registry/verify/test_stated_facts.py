"""What a document states is told in its own words, as the page tells it: the cases are those of `page.test.mjs`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry.document.reading import read_document
from registry.language.catalogue import content
from registry.language.rendering import Language
from registry.verify.stated_facts import stated_facts

ENGLISH = Language(content("en"))
BADGE: dict[str, Any] = {
    "issuer": {"id": "did:web:u.example", "name": "U"},
    "validFrom": "2024-01-01T00:00:00Z",
    "validUntil": "2030-01-01T00:00:00Z",
    "awardedDate": "2024-02-02T00:00:00Z",
    "credentialSubject": {
        "achievement": {
            "type": ["Achievement"],
            "achievementType": "Diploma",
            "name": "Nursing",
            "alignment": [
                {"targetName": "Level 6", "targetFramework": "EQF"},
                {"targetUrl": "https://x.example/eqf/6"},
            ],
        }
    },
}
EUROPEAN: dict[str, Any] = {
    "credentialSubject": {
        "givenName": {"en": ["Ada"]},
        "familyName": {"en": ["Lovelace"]},
        "hasClaim": [
            {
                "type": "LearningAchievement",
                "title": {"en": ["Master of Arts"], "de": ["Magister"]},
                "awardedBy": {"awardingDate": "2021-07-01T00:00:00+02:00"},
                "specifiedBy": {
                    "type": "Qualification",
                    "eQFLevel": {"id": "http://data.europa.eu/snb/eqf/7", "prefLabel": {"en": "Level 7"}},
                },
            }
        ],
    }
}
NAMES = [
    {"identityType": "name", "hashed": False, "identityHash": "Ada"},
    {"identityType": "name", "hashed": True, "identityHash": "sha256$0"},
    {"identityType": "ext:birthDate", "hashed": False, "identityHash": "2000-01-01"},
]


def stated(document: object) -> dict[str, list[str]]:
    reading = read_document(json.dumps(document).encode(), "x.json")
    facts = stated_facts(reading, reading.own[0].value)
    told = {
        key: [each if isinstance(each, str) else ENGLISH.text(each) for each in each_of]
        for key, each_of in facts.items()
    }
    return {key: [text.replace("\u2068", "").replace("\u2069", "") for text in texts] for key, texts in told.items()}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            BADGE,
            {
                "award": ["Nursing"],
                "type": ["Diploma"],
                "level": ["Level 6, in EQF", "https://x.example/eqf/6"],
                "awarded": ["2024-02-02T00:00:00Z"],
                "from": ["2024-01-01T00:00:00Z"],
                "until": ["2030-01-01T00:00:00Z"],
                "issuer": ["did:web:u.example / U"],
            },
        ),
        (
            {
                "issuedOn": "2020-01-01",
                "badge": {"type": "BadgeClass", "name": "Open Badge"},
                "recipientProfile": {"name": "Ada"},
            },
            {"award": ["Open Badge"], "holder": ["Ada"], "from": ["2020-01-01"]},
        ),
        (
            EUROPEAN,
            {
                "award": ["Master of Arts", "Magister"],
                "level": ["Level 7"],
                "givenName": ["Ada"],
                "familyName": ["Lovelace"],
                "awarded": ["2021-07-01T00:00:00+02:00"],
            },
        ),
        ({"credentialSubject": {"identifier": NAMES}}, {"holder": ["Ada"]}),
        (
            {"credentialSubject": {"degree": {"type": "BachelorDegree", "name": "Bachelor of Science"}}},
            {"award": ["Bachelor of Science"], "type": ["BachelorDegree"]},
        ),
        ({}, {}),
        ({"credentialSubject": None}, {}),
        ({"credentialSubject": [1, "x", [[]]], "name": {}}, {}),
        ({"badge": 7, "issuer": []}, {}),
    ],
)
def test_what_documents_state_in_the_forms_that_they_have(document: object, expected: dict[str, list[str]]) -> None:
    assert stated(document) == expected


def test_a_record_states_what_the_credentials_in_it_do() -> None:
    record = {"name": "Record", "credentialSubject": {"verifiableCredential": [BADGE]}}
    assert stated(record)["award"] == ["Record", "Nursing"]


def test_what_is_stated_is_only_what_the_digest_covers_shortened_and_marked() -> None:
    inner, other = ({"name": name, "credentialSubject": {}} for name in ("Inner", "Other"))
    whole = {"type": "VerifiablePresentation", "verifiableCredential": [inner, other]}
    reading = read_document(json.dumps(whole).encode(), "x.json")
    part = next(part for part in reading.parts if part.members.get("name") == "Inner")
    assert stated_facts(reading, part.digests[0].value) == {"award": ["Inner"]}
    assert stated_facts(reading, bytes(32)) == {}
    [name] = stated({"name": f"\u202e\x1b[31m<b>{'W' * 5_000}"})["award"]
    assert len(name) < 300
    assert "hidden characters" in name
    assert "\u202e" not in name
    assert "\x1b" not in name
