"""A learner's year on a practice chain: credentials of four issuers, and what agencies said of these meanwhile.

One issuer loses its accreditation after it has awarded, one credential has expired since, and one is in French.
Everybody is made up. The tutorial "A learner's year" goes on from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from anchor.acts.accreditations import withdrawal
from anchor.lab.world import Document, World
from registry.document.stated_scope import CREDITS_TYPE, ECTS_CONCEPT
from registry.proofs.signatures.keys import KeyKind, new_key
from registry.proofs.signatures.sdjwt import issue_sd_jwt
from registry.recognition.scope import Scope
from registry.records import Reason

HOLDER: Final = "Ana Horvat"
LEARNER: Final = "did:example:ana-horvat"
PARTIES: Final = (
    "did:web:adria.example",
    "did:web:eire.example",
    "did:web:seine.example",
    "did:web:coast.example",
    "did:web:systems.example",
    "did:web:fleuve.example",
    "did:web:harbour.example",
)
"""Three agencies (of HR, IE and FR), then the four that issue, in the order of their numbers."""
ADRIA, EIRE, SEINE, COAST, SYSTEMS, FLEUVE, HARBOUR = range(1, 8)
NAMES: Final = {
    ADRIA: "Adriatic Quality Agency",
    EIRE: "Irish Quality Board",
    SEINE: "Agence de la Seine",
    COAST: "University of the Coast",
    SYSTEMS: "Institute of Systems",
    FLEUVE: "École du Fleuve",
    HARBOUR: "Harbour Safety School",
}
COUNTRIES: Final = {COAST: "HR", SYSTEMS: "HR", FLEUVE: "FR"}
BEGINS: Final = "2025-09-01"
LAPSED: Final = "2026-08-31"
END: Final = "2040-01-01"
FRAMEWORK: Final = "e-CF"
"""The European e-Competence Framework (EN 16234-1:2019), by its short name."""
SCALE: Final = {"resultType": "GradePointAverage", "valueMin": "1", "valueMax": "5"}


class Award(NamedTuple):
    """What was awarded to the learner, and in which form it was handed over.

    Attributes:
        covers: items of the framework, by their codes.
        scale: whether the credential says on which scale its mark is.
        is_selective: whether it is an SD-JWT, of which the holder can leave the mark out.
    """

    file: str
    issuer: int
    name: str
    kind: str
    since: str
    until: str = ""
    text: str = ""
    language: str = "en"
    ects: str = ""
    level: str = ""
    field: str = ""
    covers: tuple[str, ...] = ()
    mark: str = ""
    scale: bool = True
    is_selective: bool = False


AWARDS: Final = (
    Award(
        "bachelor", COAST, "Bachelor of Information Systems", "BachelorDegree", "2025-09-15",
        text="Plans, builds and runs information systems, and knows what they are for.",
        ects="180", level="6", field="0613",
    ),
    Award(
        "processes", COAST, "Business processes", "Course", "2026-02-13",
        text="Models business processes and says where they waste time.",
        ects="6", level="6", field="0613", covers=("E.5",), mark="4", is_selective=True,
    ),
    Award(
        "databases", COAST, "Databases", "Course", "2026-02-13",
        text="Designs a relational database and queries it.",
        ects="6", level="6", field="0612", covers=("B.1",), mark="5", is_selective=True,
    ),
    Award(
        "requirements", COAST, "Requirements", "Course", "2026-02-13",
        text="Finds out what people need of a system, and writes it down so that it can be tested.",
        ects="6", level="6", field="0613", covers=("D.11",), mark="3", is_selective=True,
    ),
    Award(
        "models", COAST, "Predictive models", "Course", "2026-06-19",
        text="Builds a predictive model and explains what it can be used for.",
        ects="6", level="7", field="0542", covers=("D.7",), mark="4", is_selective=True,
    ),
    Award(
        "data-quality", COAST, "Quality of data", "Course", "2026-06-19",
        text="Judges where data come from and what they are good for.",
        ects="6", level="7", field="0612", covers=("D.10",), mark="5", is_selective=True,
    ),
    Award(
        "architecture", SYSTEMS, "Software architecture", "Course", "2026-05-08",
        text="Draws the architecture of a system and defends it.",
        ects="9", level="7", field="0613", covers=("A.5",), mark="very good", scale=False,
    ),
    Award(
        "operations", SYSTEMS, "Operation of IT services", "Certificate", "2026-05-08",
        text="Runs IT services, and knows what to do when they fail.",
    ),
    Award(
        "securite", FLEUVE, "Sécurité des systèmes d’information", "MicroCredential", "2026-07-03",
        text="Protéger un système d’information, et réagir quand il est attaqué.", language="fr",
        ects="5", level="7", field="0612",
    ),
    Award("first-aid", HARBOUR, "First aid", "CertificateOfCompletion", "2025-10-01", until="2026-04-01",
          text="Helps the injured until help comes."),
    Award("workshop", HARBOUR, "Leading a team", "Badge", "2026-08-21"),
)  # fmt: skip


class Event(NamedTuple):
    """What somebody did on a day, `2026-02-06`, in a sentence."""

    day: str
    what: str


def make(folder: Path) -> Iterator[Event]:
    """The credentials and their receipts in `credentials`, and beside them the practice chain.

    Args:
        folder: a new one.
    """
    with World(folder) as world:
        world.on(BEGINS)
        for uri in PARTIES:
            world.strange_party(uri)
        yield Event(BEGINS, "three agencies and four institutions are on the chain, as parties 1 to 7")
        world.recognise(EIRE, ADRIA, Scope(jurisdiction="HR"), END)
        yield Event(BEGINS, f"{NAMES[EIRE]} (party {EIRE}) recognises {NAMES[ADRIA]} (party {ADRIA})")
        links = {}
        for body, holder in ((ADRIA, COAST), (ADRIA, SYSTEMS), (SEINE, FLEUVE)):
            links[holder] = world.accredit(body, holder, Scope(levels=(5, 8), jurisdiction=COUNTRIES[holder]), END)
            yield Event(BEGINS, f"{NAMES[body]} (party {body}) accredits {NAMES[holder]} (party {holder})")
        for (day, issuer), awards in groupby(sorted(AWARDS, key=_batch), _batch):
            world.on(day)
            yield Event(day, _issue(world, issuer, list(awards)))
        world.on(LAPSED)
        world.change(links[SYSTEMS], withdrawal(Reason.REQUIREMENTS_NOT_MET))
        yield Event(LAPSED, f"{NAMES[ADRIA]} withdraws the accreditation of {NAMES[SYSTEMS]}")


def _batch(award: Award) -> tuple[str, int]:
    """What an issuer awards on one day is one batch."""
    return award.since, award.issuer


def _issue(world: World, issuer: int, awards: Sequence[Award]) -> str:
    """Anchor what was awarded, and lay each receipt beside its file."""
    made: dict[str, Document] = {}
    for award in awards:
        badge = document_of(award)
        selective = award.is_selective
        made[f"{award.file}.{'sdjwt' if selective else 'json'}"] = _selective(badge) if selective else badge
    world.anchor(issuer, made)
    for name, document in made.items():
        world.write(f"credentials/{name}", document, world.receipt(document))
    return f"{NAMES[issuer]} (party {issuer}) awards {', '.join(award.name for award in awards)}"


def document_of(award: Award) -> dict[str, Any]:
    """An Open Badge 3.0."""
    uri = PARTIES[award.issuer - 1]
    site = f"https://{uri.removeprefix('did:web:')}"
    alignments = [
        *([_aligned("EQF", award.level, f"http://data.europa.eu/snb/eqf/{award.level}")] if award.level else []),
        *([_aligned("ECTS", "", ECTS_CONCEPT, kind=CREDITS_TYPE)] if award.ects else []),
        *(_aligned(FRAMEWORK, code, "", kind="CFItem") for code in award.covers),
    ]
    described = {"id": f"{site}/{award.file}#mark", "type": ["ResultDescription"], "name": "Mark"}
    achievement: dict[str, Any] = {
        "id": f"{site}/{award.file}",
        "type": ["Achievement"],
        "achievementType": award.kind,
        "name": award.name,
        "inLanguage": award.language,
        **({"description": award.text, "criteria": {"narrative": award.text}} if award.text else {"criteria": {}}),
        **({"fieldOfStudy": award.field} if award.field else {}),
        **({"alignment": alignments} if alignments else {}),
        **({"resultDescription": [described | (SCALE if award.scale else {})]} if award.mark else {}),
    }
    result = {"type": ["Result"], "resultDescription": described["id"], "value": award.mark}
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": uuid5(NAMESPACE_URL, achievement["id"]).urn,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": award.name,
        "issuer": {"id": uri, "type": ["Profile"], "name": NAMES[award.issuer], **_address(award.issuer)},
        "validFrom": f"{award.since}T12:00:00Z",
        **({"validUntil": f"{award.until}T12:00:00Z"} if award.until else {}),
        "credentialSubject": {
            "id": LEARNER,
            "type": ["AchievementSubject"],
            "identifier": [{"type": "IdentityObject", "identityType": "name", "identityHash": HOLDER, "hashed": False}],
            "achievement": achievement,
            **({"creditsEarned": int(award.ects)} if award.ects else {}),
            **({"result": [result]} if award.mark else {}),
        },
    }


def _address(issuer: int) -> dict[str, Any]:
    place = COUNTRIES.get(issuer)
    return {} if place is None else {"address": {"type": ["Address"], "addressCountryCode": place}}


def _aligned(framework: str, code: str, url: str, kind: str = "") -> dict[str, Any]:
    return {
        "type": ["Alignment"],
        "targetName": f"{framework} {code}".strip(),
        "targetFramework": framework,
        **({"targetCode": code} if code else {}),
        **({"targetUrl": url} if url else {}),
        **({"targetType": kind} if kind else {}),
    }


def _selective(document: Mapping[str, Any]) -> bytes:
    """As SD-JWT, of which the name and the mark can be left out."""
    moment = int(datetime.fromisoformat(document["validFrom"]).timestamp())
    issuer = document["issuer"]["id"]
    claims = {"vct": document["credentialSubject"]["achievement"]["id"], "iss": issuer, "iat": moment, "nbf": moment}
    paths: Sequence[tuple[str | int, ...]] = [
        ("credentialSubject", name, 0) for name in ("identifier", "result") if name in document["credentialSubject"]
    ]
    return issue_sd_jwt({**claims, **document}, new_key(KeyKind.ED25519), f"{issuer}#key-1", paths).encode("ascii")
