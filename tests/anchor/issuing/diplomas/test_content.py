"""What is printed is what the credential says; what it does not say is not made up."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from typing import Any

import pytest

from anchor.demo.samples import credentials
from anchor.issuing.diplomas.content import content_of, in_language
from registry.errors import IntakeError
from tests.anchor.issuing.diplomas.papers import credential, unsigned, with_receipt


def read(document: dict[str, Any] | bytes) -> Any:
    return content_of(document if isinstance(document, bytes) else json.dumps(document).encode(), "ada.json")


def test_everything_a_template_and_a_row_say_is_there_in_both_languages() -> None:
    found = read(credential())
    assert (found.holder, found.language, found.credits) == ("Ada Žižek", "en", "180")
    assert (found.awarded, found.until) == (date(2026, 8, 31), date(2028, 2, 29))
    assert found.issuer == {"en": "Neckartal University", "de": "Technische Hochschule Neckartal"}
    assert in_language(found.award, "de") == "Bachelor of Science Wirtschaftsinformatik"
    assert in_language(found.award, "fr") == "Bachelor of Science in Information Systems"
    assert found.field[""] == "ISCED-F 0688"
    assert ("European Qualifications Framework", "EQF level 6") in found.alignments
    assert not [row for row in found.alignments if row[0].startswith("ISCED")], "the field is told once"
    results = {in_language(what, "de"): value for what, value in found.results}
    assert results["Gesamtnote"] == "1.7"
    assert results["Arbeitet im Team"] == "Completed"
    assert found.receipt is not None
    assert found.receipt.digest.value == found.digest.hex


def test_language_values_of_other_issuers_are_read() -> None:
    document = unsigned()
    award = document["credentialSubject"]["achievement"]
    award["name"] = [{"@value": "Master", "@language": "en"}, {"@value": "Magister", "@language": "pl"}]
    award["description"] = {"pl": "Opis", "en": "About"}
    document["credentialSubject"]["identifier"] = []
    document["credentialSubject"] |= {"givenName": "Ada", "familyName": "Lovelace"}
    found = read(document)
    assert in_language(found.award, "pl") == "Magister"
    assert in_language(found.description, "pl") == "Opis"
    assert found.holder == "Ada Lovelace"


@pytest.mark.parametrize(
    ("without", "says"),
    [
        ("holder", "holder's name"),
        ("issuer", "name of its issuer"),
        ("award", "what was awarded"),
        ("day", "on which day"),
    ],
)
def test_what_is_not_said_is_refused_with_what_it_is(without: str, says: str) -> None:
    document = unsigned()
    if without == "holder":
        document["credentialSubject"]["identifier"] = []
    elif without == "issuer":
        document["issuer"] = "did:web:x.example"
    elif without == "award":
        del document["credentialSubject"]["achievement"]["name"], document["name"]
    else:
        del document["validFrom"], document["awardedDate"]
    with pytest.raises(IntakeError, match=says) as caught:
        read(document)
    assert (caught.value.where, caught.value.code) == ("ada.json", "not-printable")


def test_a_hashed_name_is_no_name() -> None:
    with pytest.raises(IntakeError, match="it is hashed"):
        read(next(credentials(1)))


def test_a_damaged_receipt_is_told_and_a_foreign_one_is_not_taken() -> None:
    other = json.loads(credential("Somebody Else"))["proof"]
    assert read(unsigned() | {"proof": other}).receipt is None
    other[0]["inclusion"]["path"] = ["x"]
    with pytest.raises(IntakeError, match="receipt cannot be read"):
        read(unsigned() | {"proof": other})


@pytest.mark.parametrize(
    "achievement",
    [
        {"name": "x" * 501},
        {"name": "x" * 131},
        {"alignment": [{"targetFramework": f"f{at}", "targetName": "n"} for at in range(500)]},
    ],
)
def test_what_no_line_or_page_holds_is_refused(achievement: dict[str, Any]) -> None:
    with pytest.raises(IntakeError) as caught:
        read(unsigned(**achievement))
    assert caught.value.code == "not-printable"


@pytest.mark.parametrize("value", [None, 7, [], {}, "x", [1, None, {"a": []}], {"@value": 1}, True])
def test_members_of_any_form_are_read_or_refused_and_nothing_else(value: Any) -> None:
    for place in ("issuer", "credentialSubject", "name", "validFrom", "proof"):
        document = unsigned()
        document[place] = value
        _either(document)
    for place in ("achievement", "identifier", "result", "creditsEarned"):
        document = unsigned()
        document["credentialSubject"][place] = value
        _either(document)
    for place in ("name", "related", "alignment", "resultDescription", "fieldOfStudy", "inLanguage"):
        _either(unsigned(**{place: value}))


def _either(document: dict[str, Any]) -> None:
    with suppress(IntakeError):
        assert all(isinstance(text, str) for text in read(document).texts())


def test_texts_of_several_lines_are_of_one() -> None:
    assert read(with_receipt(unsigned(name="Master\n\tof   Arts"))).award["en"] == "Master of Arts"
