"""CASE packages as others write them, for tests."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid5

_LISTS = ("CFItems", "CFAssociations", "CFRubrics")
CHANGED = "2024-05-06T07:08:09+00:00"


def uuid(name: str) -> str:
    return str(uuid5(UUID(int=7), name))


def link(name: str, title: str = "") -> dict[str, Any]:
    return {"title": title or name, "identifier": uuid(name), "uri": f"https://case.example/uri/{uuid(name)}"}


def item(name: str, statement: str = "", **more: Any) -> dict[str, Any]:
    about = link(name)
    return {
        "identifier": about["identifier"],
        "uri": about["uri"],
        "fullStatement": statement or f"Statement {name}",
        "lastChangeDateTime": CHANGED,
        **more,
    }


def association(kind: str, origin: str, destination: str, **more: Any) -> dict[str, Any]:
    about = link(f"{kind} {origin} {destination}")
    return {
        "identifier": about["identifier"],
        "uri": about["uri"],
        "associationType": kind,
        "originNodeURI": link(origin),
        "destinationNodeURI": link(destination),
        "lastChangeDateTime": CHANGED,
        **more,
    }


def package(items: list[Any], associations: list[Any], **more: Any) -> dict[str, Any]:
    about = link("document")
    document = {
        "identifier": about["identifier"],
        "uri": about["uri"],
        "creator": "An agency",
        "title": "A framework of theirs",
        "lastChangeDateTime": CHANGED,
    }
    return {"CFDocument": document, "CFItems": items, "CFAssociations": associations, **more}


def rich() -> dict[str, Any]:
    """A package with all that CASE 1.1 has: definitions, rubrics, several kinds of associations, two parents."""
    whole = package(
        [
            item("a", humanCodingScheme="A", CFItemType="Domain", language="en", notes="From 1999"),
            item("b", humanCodingScheme="A.1", CFItemType="Standard", educationLevel=["09", "10"], listEnumeration="1"),
            item("c", "Deuxième énoncé\nsur deux lignes", humanCodingScheme="A.2", language="fr"),
            item("d", conceptKeywords=["data"], conceptKeywordsURI=link("concept"), licenseURI=link("licence")),
        ],
        [
            association("isChildOf", "a", "document", sequenceNumber=1),
            association("isChildOf", "c", "a", sequenceNumber=1),
            association("isChildOf", "b", "a", sequenceNumber=2, notes="By decree"),
            association("isChildOf", "d", "b", sequenceNumber=1),
            association("isChildOf", "d", "c", sequenceNumber=5),
            association("isRelatedTo", "b", "d", CFAssociationGroupingURI=link("grouping")),
            association("exactMatchOf", "b", "elsewhere"),
            association("ext:supports", "c", "d"),
        ],
        CFDefinitions={
            "CFConcepts": [{**link("concept"), "hierarchyCode": "1", "lastChangeDateTime": CHANGED}],
            "CFLicenses": [{**link("licence"), "licenseText": "CC BY 4.0", "lastChangeDateTime": CHANGED}],
            "CFAssociationGroupings": [{**link("grouping"), "lastChangeDateTime": CHANGED}],
        },
        CFRubrics=[
            {
                **link("rubric"),
                "lastChangeDateTime": CHANGED,
                "CFRubricCriteria": [
                    {
                        "identifier": uuid("criterion"),
                        "uri": link("criterion")["uri"],
                        "CFItemURI": link("b"),
                        "weight": 1.5,
                        "lastChangeDateTime": CHANGED,
                    }
                ],
            }
        ],
    )
    whole["CFDocument"] |= {
        "caseVersion": "1.1",
        "frameworkType": "competency",
        "subject": ["Data"],
        "adoptionStatus": "Adopted",
        "licenseURI": link("licence"),
        "extensions": {"theirs:number": 3},
    }
    return whole


def sent(whole: dict[str, Any]) -> bytes:
    return json.dumps(whole, ensure_ascii=False).encode()


def ordered(whole: dict[str, Any]) -> dict[str, Any]:
    """The package with its lists of classes in one order: in those no order is said."""
    return {
        name: sorted(value, key=lambda each: json.dumps(each, sort_keys=True)) if name in _LISTS else value
        for name, value in whole.items()
    }
