"""Diplomas of universities that do not exist; the same seed gives the same ones."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Any, Final
from uuid import UUID

from anchor.issuing.credentials import CONTEXTS


@dataclass(frozen=True, slots=True)
class University:
    """An institution of the exercises.

    Attributes:
        did: its did:web, under a domain that is reserved for examples (RFC 2606).
    """

    name: str
    did: str

    @property
    def url(self) -> str:
        """Its web site."""
        return f"https://{self.did.removeprefix('did:web:')}"


LAKESIDE: Final = University("Lakeside University of Technology", "did:web:lakeside.example")
HILLSIDE: Final = University("Hillside College", "did:web:hillside.example")
ISLAND: Final = University("Island Institute", "did:web:island.example")

# Name, achievement type of Open Badges 3.0, ISCED-F 2013 field, and level of the European Qualifications Framework.
_AWARDS: Final = (
    ("Bachelor of Science in Information Systems", "BachelorDegree", "0688", 6),
    ("Master of Science in Business Informatics", "MasterDegree", "0688", 7),
    ("Diploma in Database Administration", "Diploma", "0612", 5),
    ("Bachelor of Science in Software Engineering", "BachelorDegree", "0613", 6),
)
_HOLDERS: Final = ("Amina Abara", "Beatriz Costa", "Chidi Dlamini", "Dagny Eriksen", "Elif Gupta", "Farid Haddad")


def papers(university: University, count: int, seed: int) -> list[dict[str, Any]]:
    """Diplomas of a university, no two alike."""
    random = Random(f"{university.did}{seed}")  # noqa: S311 - nobody relies on these being secret
    return [_paper(random, university) for _ in range(count)]


def _paper(random: Random, university: University) -> dict[str, Any]:
    name, kind, field, level = random.choice(_AWARDS)
    awarded = f"{random.randint(2021, 2024)}-07-{random.randint(1, 28):02}T00:00:00Z"
    # The holder can show the name, and nobody can guess it.
    salt = f"{random.getrandbits(128):032x}"
    hidden = sha256((random.choice(_HOLDERS) + salt).encode()).hexdigest()
    return {
        "@context": list(CONTEXTS),
        "id": _urn(random),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": name,
        "issuer": {"id": university.did, "type": ["Profile"], "name": university.name, "url": university.url},
        "validFrom": awarded,
        "awardedDate": awarded,
        "credentialSubject": {
            "id": _urn(random),
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": True,
                    "identityHash": f"sha256${hidden}",
                    "identityType": "name",
                    "salt": salt,
                }
            ],
            "achievement": {
                "id": f"{university.url}/programmes/{kind.lower()}/{field}-{level}",
                "type": ["Achievement"],
                "achievementType": kind,
                "name": name,
                "description": f"{name}, awarded by {university.name}.",
                "criteria": {"narrative": "All examinations were passed."},
                "fieldOfStudy": field,
                "alignment": [
                    _alignment("ISCED Fields of Education and Training 2013", field),
                    _alignment("European Qualifications Framework", str(level)),
                ],
            },
        },
    }


def _alignment(framework: str, code: str) -> dict[str, Any]:
    return {
        "type": ["Alignment"],
        "targetCode": code,
        "targetName": f"{framework}, {code}",
        "targetFramework": framework,
        "targetType": "CFItem",
        "targetUrl": f"https://frameworks.example/{framework.split()[0].lower()}/{code}",
    }


def _urn(random: Random) -> str:
    return UUID(int=random.getrandbits(128), version=4).urn
