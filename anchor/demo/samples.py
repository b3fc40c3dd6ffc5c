"""Made-up credentials: Open Badges 3.0 of information-systems qualifications from universities that do not exist.

The same seed gives the same credentials, so that examples, tests and benchmarks can be repeated. Everything an issuer
needs to do is in them: a random identifier (so that nobody can guess the document behind a digest), a salted identity,
the qualification's ISCED-F 2013 field and EQF level, and its alignment to the European e-Competence Framework.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import orjson

from anchor.issuing.credentials import CONTEXTS


@dataclass(frozen=True, slots=True)
class SampleIssuer:
    """An institution that does not exist.

    Attributes:
        did: its did:web, under a domain that is reserved for examples (RFC 2606).
        country: ISO 3166-1 alpha-2.
        quality_body: who reviews its programmes.
    """

    name: str
    did: str
    country: str
    city: str
    quality_body: str

    @property
    def url(self) -> str:
        """Its web site."""
        return f"https://{self.did.removeprefix('did:web:')}"


ISSUERS = (
    SampleIssuer("Universidade do Atlântico Norte", "did:web:atlantico.example", "PT", "Aveiro", "Agência Modelo"),
    SampleIssuer("Technische Hochschule Neckartal", "did:web:neckartal.example", "DE", "Heilbronn", "Musteragentur"),
    SampleIssuer("Lakeside University of Technology", "did:web:lakeside.example", "KE", "Kisumu", "Model Commission"),
    SampleIssuer("Institute of Applied Informatics", "did:web:iai.example", "IN", "Pune", "Sample Council"),
    SampleIssuer("Guild of Information Architects", "did:web:guild.example", "IE", "Cork", "Specimen Board"),
)


@dataclass(frozen=True, slots=True)
class Qualification:
    """What a credential is about.

    Attributes:
        field: ISCED-F 2013 detailed field.
        level: of the European Qualifications Framework, 1 to 8.
        credits: ECTS.
        competences: codes of the European e-Competence Framework (EN 16234-1) with their titles.
    """

    name: str
    kind: str
    field: str
    field_name: str
    level: int
    credits: int
    competences: tuple[tuple[str, str], ...]
    years_valid: int | None = None


_DATABASES = ("0612", "Database and network design and administration")
_SOFTWARE = ("0613", "Software and applications development and analysis")
_INTERDISCIPLINARY = ("0688", "Inter-disciplinary programmes and qualifications involving ICTs")
_NOT_CLASSIFIED = ("0619", "Information and Communication Technologies (ICTs) not elsewhere classified")

QUALIFICATIONS = (
    Qualification(
        "Bachelor of Science in Information Systems", "BachelorDegree", *_INTERDISCIPLINARY, 6, 180,
        (("A.1", "Information Systems and Business Strategy Alignment"), ("B.1", "Application Development"),
         ("D.10", "Information and Knowledge Management"), ("E.2", "Project and Portfolio Management")),
    ),
    Qualification(
        "Master of Science in Business Informatics", "MasterDegree", *_INTERDISCIPLINARY, 7, 120,
        (("A.3", "Business Plan Development"), ("A.5", "Architecture Design"),
         ("E.5", "Process Improvement"), ("E.9", "Information Systems Governance")),
    ),
    Qualification(
        "Diploma in Database Administration", "Diploma", *_DATABASES, 5, 60,
        (("C.1", "User Support"), ("C.3", "Service Delivery"),
         ("C.4", "Problem Management"), ("B.3", "Testing")),
    ),
    Qualification(
        "Postgraduate Certificate in Enterprise Architecture", "Certificate", *_NOT_CLASSIFIED, 7, 30,
        (("A.5", "Architecture Design"), ("A.7", "Technology Trend Monitoring"),
         ("A.9", "Innovating"), ("E.7", "Business Change Management")),
    ),
    Qualification(
        "Professional Certificate in Information Systems Audit", "Certification", *_NOT_CLASSIFIED, 6, 20,
        (("E.3", "Risk Management"), ("E.6", "ICT Quality Management"),
         ("E.8", "Information Security Management"), ("D.2", "ICT Quality Strategy Development")), 12,
    ),
    Qualification(
        "Micro-credential: Requirements Engineering", "MicroCredential", *_SOFTWARE, 6, 5,
        (("D.11", "Needs Identification"), ("A.4", "Product/Service Planning"),
         ("B.2", "Component Integration"), ("B.5", "Documentation Production")),
    ),
    Qualification(
        "Micro-credential: Cloud Security Operations", "MicroCredential", *_DATABASES, 5, 6,
        (("D.1", "Information Security Strategy Development"), ("E.8", "Information Security Management"),
         ("C.2", "Change Support"), ("C.5", "Systems Management")), 12,
    ),
    Qualification(
        "Micro-credential: Data Governance", "MicroCredential", *_NOT_CLASSIFIED, 6, 4,
        (("D.10", "Information and Knowledge Management"), ("E.9", "Information Systems Governance"),
         ("D.7", "Data Science and Analytics"), ("E.6", "ICT Quality Management")),
    ),
)  # fmt: skip

_GIVEN_NAMES = (
    "Amina",
    "Beatriz",
    "Chidi",
    "Dagny",
    "Elif",
    "Farid",
    "Grace",
    "Haruki",
    "Ines",
    "Jonas",
    "Kavya",
    "Liam",
)
_FAMILY_NAMES = (
    "Abara",
    "Brandt",
    "Costa",
    "Dlamini",
    "Eriksen",
    "Ferreira",
    "Gupta",
    "Haddad",
    "Ito",
    "Joshi",
    "Kamau",
)
_MODULES = (
    "Conceptual data modelling", "Process analysis and redesign", "Information security management",
    "Systems integration", "Research methods", "Management of digital services", "Ethics and law of information",
    "Human-computer interaction", "Distributed systems", "Decision support and analytics",
)  # fmt: skip
_DEMANDS = (
    "explains the main concepts and compares them with practice in an organisation of the region",
    "carries out a project in a team, documents it, and defends the result before two examiners",
    "chooses a method for a given problem, justifies the choice, and names its limits",
    "assesses risks for people and data, and proposes measures in proportion to them",
)
_GRADES = ("1.0", "1.3", "1.7", "2.0", "2.3", "2.7", "3.0")


def credentials(count: int, *, seed: int = 1, issuer: SampleIssuer | None = None) -> Iterator[dict[str, Any]]:
    """Credentials of about 4 KB each, no two alike.

    Args:
        seed: the same seed and issuer give the same credentials.
        issuer: of all of them; by default they take turns.
    """
    random = Random(f"{seed}{issuer.did if issuer else ''}")  # noqa: S311 - nobody relies on these being secret
    for number in range(count):
        yield _credential(random, issuer or ISSUERS[number % len(ISSUERS)], random.choice(QUALIFICATIONS))


def write_jsonl(path: Path, count: int, seed: int = 1) -> None:
    """Write credentials to a file, one a line."""
    with path.open("wb") as file:
        for document in credentials(count, seed=seed):
            file.write(orjson.dumps(document) + b"\n")


def _credential(random: Random, issuer: SampleIssuer, what: Qualification) -> dict[str, Any]:
    year, month = random.randint(2019, 2025), random.choice((2, 7, 9))
    awarded = f"{year}-{month:02}-{random.randint(1, 28):02}T00:00:00Z"
    dates = {"validFrom": awarded}
    if what.years_valid is not None:
        dates["validUntil"] = f"{year + what.years_valid}{awarded[4:]}"
    programme = f"{issuer.url}/programmes/{what.kind.lower()}/{what.field}-{what.level}"
    return {
        "@context": list(CONTEXTS),
        "id": _urn(random),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": what.name,
        "issuer": {
            "id": issuer.did,
            "type": ["Profile"],
            "name": issuer.name,
            "url": issuer.url,
            "address": {"type": ["Address"], "addressCountryCode": issuer.country, "addressLocality": issuer.city},
        },
        **dates,
        "awardedDate": awarded,
        "credentialSubject": {
            "id": _urn(random),
            "type": ["AchievementSubject"],
            "identifier": [_identity(random)],
            "activityStartDate": f"{year - max(1, what.credits // 60)}-09-01T00:00:00Z",
            "activityEndDate": awarded,
            "creditsEarned": what.credits,
            "result": [_result(random, programme, number) for number in range(3)],
            "achievement": _achievement(random, issuer, what, programme),
        },
    }


def _identity(random: Random) -> dict[str, Any]:
    """The holder's name, salted and hashed: the holder can show it, and nobody can guess it."""
    salt = f"{random.getrandbits(128):032x}"
    name = f"{random.choice(_GIVEN_NAMES)} {random.choice(_FAMILY_NAMES)}"
    return {
        "type": "IdentityObject",
        "hashed": True,
        "identityHash": f"sha256${sha256((name + salt).encode()).hexdigest()}",
        "identityType": "name",
        "salt": salt,
    }


def _result(random: Random, programme: str, number: int) -> dict[str, Any]:
    return {
        "type": ["Result"],
        "resultDescription": f"{programme}#module-{number + 1}",
        "value": random.choice(_GRADES),
        "status": "Completed",
    }


def _achievement(random: Random, issuer: SampleIssuer, what: Qualification, programme: str) -> dict[str, Any]:
    modules = random.sample(_MODULES, 3)
    demands = " ".join(f"In {module.lower()}, the graduate {random.choice(_DEMANDS)}." for module in modules)
    return {
        "id": programme,
        "type": ["Achievement"],
        "achievementType": what.kind,
        "name": what.name,
        "inLanguage": "en",
        "fieldOfStudy": f"{what.field} {what.field_name}",
        "creditsAvailable": what.credits,
        "description": (
            f"{what.name}, {what.credits} ECTS credits at level {what.level} of the European Qualifications Framework, "
            f"awarded by {issuer.name}, {issuer.city}. "
            f"The programme is reviewed every five years by {issuer.quality_body}."
        ),
        "criteria": {"id": f"{programme}/criteria", "narrative": demands},
        "alignment": [
            _alignment("EN 16234-1 e-Competence Framework", "CFItem", code, title) for code, title in what.competences
        ]
        + [
            _alignment("ISCED Fields of Education and Training 2013", "CFItem", what.field, what.field_name),
            _alignment("European Qualifications Framework", "CFItem", str(what.level), f"EQF level {what.level}"),
        ],
        "resultDescription": [
            {
                "id": f"{programme}#module-{number}",
                "type": ["ResultDescription"],
                "name": module,
                "resultType": "GradePointAverage",
            }
            for number, module in enumerate(modules, start=1)
        ],
    }


def _alignment(framework: str, kind: str, code: str, title: str) -> dict[str, Any]:
    return {
        "type": ["Alignment"],
        "targetCode": code,
        "targetName": title,
        "targetFramework": framework,
        "targetType": kind,
        "targetUrl": f"https://frameworks.example/{framework.split()[0].lower()}/{code}",
    }


def _urn(random: Random) -> str:
    return UUID(int=random.getrandbits(128), version=4).urn
