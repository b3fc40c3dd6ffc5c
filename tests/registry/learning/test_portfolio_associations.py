"""How achievements of a portfolio belong together: as credentials say, between those that are there, and bounded."""

from __future__ import annotations

import json
from typing import Any

from registry.document.portfolio import Link
from registry.document.reading import Reading, read_document
from registry.learning.portfolio.associations import achievements_in, links_in


def achieved(fragment: str, **more: Any) -> dict[str, Any]:
    name = fragment.strip("#") or "award"
    return {
        "id": f"https://a.example/b{fragment}",
        "type": ["Achievement"],
        "name": name,
        "description": name,
        "criteria": {"narrative": name},
        **more,
    }


def credential(identifier: str, fragment: str, evidence: list[dict[str, Any]], **more: Any) -> Reading:
    members = {
        "id": identifier,
        "type": ["VerifiableCredential"],
        "credentialSubject": {"achievement": achieved(fragment, **more)},
        "evidence": evidence,
    }
    return read_document(json.dumps(members).encode(), "a.json")


PART = Link("isPartOf", "https://a.example/b#c", "https://a.example/b")


def test_parts_and_wholes_say_one_thing_once() -> None:
    related = [{"id": "https://a.example/b", "type": ["Related"]}]
    award = credential("urn:a", "", [{"id": "urn:c", "genre": "part"}, {"id": "urn:gone", "genre": "part"}])
    course = credential("urn:c", "#c", [{"id": "urn:a", "genre": "whole"}], related=related)
    assert links_in([award, course]) == (PART,)
    assert links_in([award]) == links_in([course]) == ()
    alone = credential("urn:c", "#c", [], related=related)
    assert links_in([award, alone]) == (PART,)
    assert links_in([credential("urn:a", "", []), alone]) == (
        Link("isRelatedTo", "https://a.example/b#c", "https://a.example/b"),
    )


def test_a_record_of_others_says_it_itself() -> None:
    link = {"associationType": "isChildOf", "sourceId": "https://a.example/b#c", "targetId": "https://a.example/b"}
    strange = [{**link, "associationType": "owns"}, {**link, "targetId": "https://x.example"}, 5, {"sourceId": []}]
    record = {
        "id": "urn:r",
        "type": ["VerifiableCredential", "ClrCredential"],
        "credentialSubject": {"achievement": [achieved(""), achieved("#c")], "association": [link, link, *strange]},
    }
    reading = read_document(json.dumps(record).encode(), "r.json")
    assert links_in([reading]) == (Link("isChildOf", "https://a.example/b#c", "https://a.example/b"),)
    assert [each["id"] for each in achievements_in([reading, reading])] == [
        "https://a.example/b",
        "https://a.example/b#c",
    ]


def test_what_has_no_plain_form_is_left_out() -> None:
    for fragment, more in (
        ("", {"id": "no uri"}),
        ("", {"id": "https://a.example/<b>"}),
        ("", {"name": {"en": "award"}}),
        ("", {"description": ""}),
        ("", {"criteria": "text"}),
        ("", {"criteria": {"id": "https://a.example"}}),
        ("", {"name": "n" * 2_000}),
    ):
        assert achievements_in([credential("urn:a", fragment, [], **more)]) == ()
