"""Applications of made-up credentials, each with a verdict as the verifier gives it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from registry.document.reading import read_document
from registry.language.catalogue import english
from registry.learning.checking import checked, covered
from registry.learning.mobility.application import Application, Presented, application
from registry.learning.reading import item_of
from registry.levels.bundled import bundled_maps
from registry.recognition.ledger import Ledger
from registry.records import BlockRef
from registry.verify.policy import Policy, parse_policy
from registry.verify.question import Record
from tests.registry.verify.test_verify import (
    AGENCY,
    CHAIN,
    ISSUING,
    NEIGHBOUR,
    READ,
    RECOGNISING,
    TRUST,
    World,
    asked_of,
    credential,
    link,
)

TODAY = datetime(2026, 3, 1, 12, tzinfo=UTC)
COUNTRY = "IE"
POLICY = parse_policy(
    f'chain = "{CHAIN}"\n[[bodies]]\nparty = {NEIGHBOUR}\nname = "Agency there"\ncountry = "HR"\n'
    f'[[bodies]]\nparty = {AGENCY}\nname = "Board here"\ncountry = "IE"\n'
)
ABROAD = (link(AGENCY, NEIGHBOUR, RECOGNISING), link(NEIGHBOUR, 7, ISSUING))
EQF_6 = {"targetUrl": "http://data.europa.eu/snb/eqf/6", "targetFramework": "EQF", "targetCode": "6"}
ECTS = {"targetType": "ext:creditSystem", "targetFramework": "ECTS", "targetName": "ECTS", "targetCode": "6"}
MARK = {"id": "urn:mark", "type": ["ResultDescription"], "name": "Mark", "valueMin": "1", "valueMax": "5"}


def course(**changes: Any) -> dict[str, Any]:
    """A course of which nothing would be asked; `None` takes a member of the achievement away."""
    achievement: dict[str, Any] = {
        "id": "urn:course",
        "achievementType": "Course",
        "name": "Databases",
        "inLanguage": "en",
        "description": "Designs a relational database.",
        "fieldOfStudy": "0612",
        "alignment": [EQF_6, ECTS],
        "resultDescription": [MARK],
        **changes.pop("achievement", {}),
    }
    subject = {
        "id": "did:example:ana",
        "name": "Ana Horvat",
        "achievement": {name: value for name, value in achievement.items() if value is not None},
        "result": [{"type": ["Result"], "resultDescription": "urn:mark", "value": "4"}],
        **changes.pop("subject", {}),
    }
    return {
        "credentialSubject": {name: value for name, value in subject.items() if value is not None},
        "issuer": {"id": "did:web:uni.example", "name": "University", "address": {"addressCountryCode": "HR"}},
        **changes,
    }


def presented(
    position: int = 0, *, links: Sequence[Any] = ABROAD, policy: Policy = POLICY, **members: Any
) -> Presented:
    """A credential of the world of `test_verify`, verified by somebody in Ireland."""
    given = members.pop("given", {})
    world = World(credential(**members))
    asked = asked_of(*links, policy=policy, trust=TRUST)
    verdict = world.verify(**asked | {"here": COUNTRY, "levels": bundled_maps} | given)
    reading = read_document(given.get("document", world.document), "a.json")
    item = item_of(covered(reading, verdict), checked(verdict, TODAY, english()), position)
    return Presented(item, verdict, reading)


def record(*links: Any) -> Record:
    """What is on record."""
    found = asked_of(*links)["ledger"]
    assert isinstance(found, Ledger)
    return Record(CHAIN, Ledger(found.accreditations, BlockRef(200, b"h" * 32, READ)), ())


def applied(*shown: Presented, links: Sequence[Any] = ABROAD, policy: Policy = POLICY) -> Application:
    """The application of these in Ireland."""
    return application(shown, COUNTRY, policy, record(*links), TODAY)


def codes(found: Application, at: int = 0) -> list[str]:
    """What would be asked of one of its credentials."""
    return [str(point.code) for point in found.cases[at].points]
