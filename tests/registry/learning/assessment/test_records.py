"""Records: what is in them, who signed, four eyes, and what is said where something is changed or not at hand."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import SettingsError
from registry.learning.assessment.checking import AtHand, CheckedRecord, Said, check_records
from registry.learning.assessment.records import (
    MOST_EVIDENCE,
    Evidence,
    Genre,
    Learner,
    Person,
    Role,
    hash_of_uri,
    hash_uri,
    read_marks,
    read_record,
    record_document,
)
from registry.learning.assessment.rubrics import points_of
from registry.learning.reading import achieved_in
from registry.proofs.signatures.did_documents import DidKey, write_did_document
from registry.proofs.signatures.keys import did_key_method, public_of
from registry.proofs.signatures.suites import Suite, sign
from registry.rdf.shapes import canonical_form
from tests.interop.others import shared
from tests.registry.learning.assessment.made import AT, LEARNER, RUBRIC, marks, person, reading, record
from tests.registry.learning.test_reading import places

ANNE, BEN = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
REPORT = Evidence(sha256(b"report").digest(), "report.pdf", media_type="application/pdf")
FIRST = record(ANNE, evidence=[REPORT])
SCHEMA = "schemas/ob_v3p0_achievementcredential_schema.json"


def about(document: dict[str, Any], genre: Genre = Genre.MODERATED) -> Evidence:
    (found,) = check_records([reading(document)])
    return Evidence(found.digest, document["id"], genre)


def moderation(by: Ed25519PrivateKey = BEN, who: Person | None = None, **more: Any) -> dict[str, Any]:
    who = who or person(by, "Ben Kaya")
    return record(by, who, evidence=[about(FIRST), REPORT], role=Role.MODERATION, **more)


def checked(
    *documents: dict[str, Any], files: AtHand | None = None, documents_of: Any = None
) -> tuple[CheckedRecord, ...]:
    return check_records(
        (reading(each, f"{at}.json") for at, each in enumerate(documents)), files or AtHand(), documents_of
    )


def test_a_record_says_who_what_when_and_by_which_evidence() -> None:
    found = read_record(FIRST)
    assert found is not None
    assert (found.role, found.assessor.name, found.learner) == (Role.ASSESSMENT, "Ruth Abele", LEARNER)
    assert found.marks == marks()
    assert found.evidence == (REPORT,)
    assert (found.at, found.comment) == ("2026-06-01T09:30:00Z", "As discussed.")
    assert [each.key for each in found.rubric.criteria] == ["structure", "exam"]
    assert found.rubric.assesses == RUBRIC.assesses


def test_it_is_an_assessment_in_a_portfolio_and_not_the_course() -> None:
    (found,) = achieved_in(reading(FIRST))
    assert (found.identifier, found.kind, found.credits) == (RUBRIC.identifier, "Assessment", ())
    assert [(each.name, each.value, each.level) for each in found.results] == [
        ("Structure", "", "Proficient"),
        ("Exam", "71.5", ""),
    ]


def test_a_second_person_moderates_and_both_marks_stay() -> None:
    second = moderation(given=marks(exam="65"))
    files = AtHand({REPORT.sha256: "report.pdf"}, {"report.pdf": REPORT.sha256})
    first, other = checked(FIRST, second, files=files)
    assert (first.answer.said, other.answer.said) == (Said.YES, Said.YES)
    assert (first.four_eyes, other.four_eyes and other.four_eyes.said) == (None, Said.YES)
    assert other.differs == (RUBRIC.criteria[1].identifier,)
    assert [each.record.mark(RUBRIC.criteria[1].identifier) for each in (first, other)] == ["71.5", "65"]
    decided = record(ANNE, evidence=[about(FIRST, Genre.DECIDED), about(second, Genre.DECIDED)], role=Role.DECISION)
    assert [each.record.role for each in checked(FIRST, second, decided)] == list(Role)


@pytest.mark.parametrize(
    ("second", "said", "why"),
    [
        (moderation(ANNE), Said.NO, "the same DID"),
        (moderation(BEN, replace(person(BEN, "Ben"), did=person(ANNE).did)), Said.NO, "the same DID"),
        (moderation(ANNE, replace(person(ANNE, "Ben"), did="did:web:u.example:ben")), Said.NO, "the same key"),
        (moderation(BEN, person(BEN, "ruth  ABELE")), Said.UNKNOWN, "the same name"),
        (moderation(BEN, replace(person(BEN, "Ben"), did="did:web:u.example:ben")), Said.UNKNOWN, "not both"),
    ],
    ids=["one key", "one DID", "one key, two DIDs", "one name", "a key that is not known"],
)
def test_who_assessed_does_not_moderate(second: dict[str, Any], said: Said, why: str) -> None:
    _, found = checked(FIRST, second)
    assert found.four_eyes is not None
    assert (found.four_eyes.said, why in found.four_eyes.why) == (said, True)
    assert found.answer.said is said


def test_staff_identifiers_tell_apart_and_together() -> None:
    first = record(ANNE, person(ANNE, "Jo Li", "17"))
    for staff, said in (("17", Said.NO), ("18", Said.YES)):
        second = record(BEN, person(BEN, "Jo Li", staff), evidence=[about(first)], role=Role.MODERATION)
        _, found = checked(first, second)
        assert found.four_eyes is not None
        assert found.four_eyes.said is said


def test_a_did_document_makes_a_signature_known() -> None:
    did = "did:web:university.example:ben"
    who = replace(person(BEN, "Ben Kaya"), did=did)
    second = record_document("urn:uuid:1", RUBRIC, LEARNER, who, marks(), [about(FIRST)], AT, role=Role.MODERATION)
    second = sign(second, BEN, f"{did}#key-1", AT, Suite.EDDSA_JCS)

    class Documents:
        def __init__(self, revoked: datetime | None = None):
            self.revoked = revoked

        def document(self, asked: str) -> Any:
            assert asked == did
            keys = [DidKey("key-1", public_of(BEN), self.revoked), DidKey("key-2", public_of(ANNE))]
            return write_did_document(did, keys)

    _, found = checked(FIRST, second)
    assert (found.signed.said, found.four_eyes and found.four_eyes.said) == (Said.UNKNOWN, Said.UNKNOWN)
    _, found = checked(FIRST, second, documents_of=Documents())
    assert (found.signed.said, found.four_eyes and found.four_eyes.said) == (Said.YES, Said.YES)
    _, found = checked(FIRST, second, documents_of=Documents(revoked=AT))
    assert (found.signed.said, found.four_eyes and found.four_eyes.said) == (Said.UNKNOWN, Said.UNKNOWN)


def test_what_is_not_at_hand_is_unknown() -> None:
    (found,) = checked(moderation())
    assert (found.four_eyes and found.four_eyes.said, found.missing, found.answer.said) == (
        Said.UNKNOWN,
        1,
        Said.UNKNOWN,
    )
    assert [each.answer.said for each in found.files] == [Said.UNKNOWN]


def test_another_file_of_the_name_is_told() -> None:
    (found,) = checked(FIRST, files=AtHand({b"x" * 32: "report.pdf"}, {"report.pdf": b"x" * 32}))
    assert [each.answer.said for each in found.files] == [Said.NO]
    assert found.answer.said is Said.NO


def test_a_record_of_another_learner_is_no_moderation_of_it() -> None:
    second = moderation(learner=Learner("did:example:somebody"))
    _, found = checked(FIRST, second)
    assert found.wrong == ("0.json is about another learner",)
    assert found.answer.said is Said.NO


def test_an_unsigned_one_is_signed_by_nobody() -> None:
    (found,) = checked({name: each for name, each in FIRST.items() if name != "proof"})
    assert (found.signed.said, found.signed.why) == (Said.NO, "nobody signed it")


def changed(key: Ed25519PrivateKey, change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """The first record with a change, signed again."""
    document = copy.deepcopy({name: each for name, each in FIRST.items() if name != "proof"})
    change(document)
    return sign(document, key, did_key_method(key), AT, Suite.for_key(key, is_rdf=False))


def test_a_signature_of_what_is_in_it_is_none_of_it() -> None:
    forged = {name: each for name, each in record(ANNE, given=marks(exam="99")).items() if name != "proof"}
    forged["verifiableCredential"] = [FIRST]
    signed = sign(forged, BEN, did_key_method(BEN), AT, Suite.for_key(BEN, is_rdf=False))
    assert [each.signed.said for each in checked(forged, signed)] == [Said.UNKNOWN, Said.UNKNOWN]


def test_another_record_beside_what_is_missing_makes_no_second_person() -> None:
    decoy = record(BEN, person(BEN, "Somebody"))
    second = record(ANNE, evidence=[about(FIRST), about(decoy)], role=Role.MODERATION)
    _, found = checked(decoy, second)
    assert (found.four_eyes and found.four_eyes.said, found.missing) == (Said.UNKNOWN, 1)


def test_evidence_without_a_hash_is_not_checked() -> None:
    for uri in ("https://university.example/report.pdf", "data:text/plain;base64,x", "ni:///sha-256;x"):
        (found,) = checked(changed(ANNE, lambda it, uri=uri: it["evidence"][0].update(id=uri)))
        assert [each.answer.said for each in found.files] == [Said.UNKNOWN]
        assert found.answer.said is Said.UNKNOWN


def test_evidence_in_the_record_is_at_hand() -> None:
    (found,) = checked(record(ANNE, evidence=[replace(REPORT, content=b"report")]))
    assert [(each.evidence.sha256, each.answer.said) for each in found.files] == [(REPORT.sha256, Said.YES)]


def test_all_evidence_that_is_written_is_read_and_more_is_told() -> None:
    files = [Evidence(sha256(b"%d" % at).digest(), f"{at}") for at in range(MOST_EVIDENCE)]
    found = read_record(record(BEN, evidence=[about(FIRST), *files], role=Role.MODERATION))
    assert found is not None
    assert (len(found.evidence), found.unclear) == (MOST_EVIDENCE + 1, ())
    more = changed(ANNE, lambda it: it.update(evidence=[it["evidence"][0]] * (MOST_EVIDENCE + 3)))
    assert [each.wrong for each in checked(more)] == [("it names more evidence than is read",)]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda it: it["credentialSubject"]["result"][1].update(value="500"), "its mark for exam is none of"),
        (lambda it: it["credentialSubject"]["result"][1].update(value="good"), "its mark for exam is none of"),
        (lambda it: it["credentialSubject"]["result"].append(it["credentialSubject"]["result"][1]), "exam more than"),
        (
            lambda it: it["credentialSubject"]["achievement"]["resultDescription"].append(
                {**it["credentialSubject"]["achievement"]["resultDescription"][1], "valueMax": "1000"}
            ),
            "exam more than",
        ),
        (lambda it: it["credentialSubject"].pop("id"), "which learner"),
        (lambda it: it["relatedResource"][0].update(digestSRI=f"sha256-{'A' * 43}="), "two hashes"),
    ],
    ids=["too many points", "no points", "two marks", "one criterion twice", "nobody", "two hashes"],
)
def test_what_has_no_single_meaning_is_wrong(change: Callable[[dict[str, Any]], Any], wrong: str) -> None:
    (found,) = checked(changed(ANNE, change))
    assert wrong in found.wrong[0]
    assert (found.signed.said, found.answer.said) == (Said.YES, Said.NO)


def test_a_record_is_about_one_person_and_of_one() -> None:
    two = changed(ANNE, lambda it: it.update(credentialSubject=[it["credentialSubject"], {"id": "did:example:b"}]))
    assert checked(two) == ()
    assert checked(changed(ANNE, lambda it: it.update(issuer=[it["issuer"], person(BEN).did]))) == ()


def test_a_decision_is_about_an_assessment_and_its_moderation() -> None:
    alone = record(ANNE, given=marks(exam="100"), evidence=[about(FIRST, Genre.DECIDED)], role=Role.DECISION)
    _, found = checked(FIRST, alone)
    assert found.wrong == ("it decides about no assessment and its moderation",)


@pytest.mark.parametrize(
    ("staff", "institution", "said"),
    [
        ("17", "", Said.NO),
        (" 17", "https://university.example/", Said.NO),
        ("17", "https://another.example", Said.YES),
        ("18", "https://another.example", Said.YES),
    ],
)
def test_one_staff_identifier_is_one_person(staff: str, institution: str, said: Said) -> None:
    first = record(ANNE, person(ANNE, "Jo Li", "17"))
    who = Person(person(BEN).did, "Another Name", staff, institution)
    _, found = checked(first, record(BEN, who, evidence=[about(first)], role=Role.MODERATION))
    assert found.four_eyes is not None
    assert found.four_eyes.said is said


def test_staff_identifiers_of_two_institutions_tell_no_namesakes_apart() -> None:
    first = record(ANNE, person(ANNE, "Jo Li", "17"))
    who = Person(person(BEN).did, "Jo Li", "18", "https://another.example")
    _, found = checked(first, record(BEN, who, evidence=[about(first)], role=Role.MODERATION))
    assert (found.four_eyes and found.four_eyes.said) == Said.UNKNOWN


def test_points_that_are_written_otherwise_are_no_other_mark() -> None:
    _, found = checked(FIRST, moderation(given=marks(exam="71.50")))
    assert found.differs == ()


CHANGES = [path for path in places(FIRST) if path[0] != "proof"]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(CHANGES), st.sampled_from(["x", 5, None, [], {}, "did:key:z6Mk", True]))
def test_no_change_of_a_record_keeps_its_signature(path: Any, value: Any) -> None:
    document = copy.deepcopy(FIRST)
    inner: Any = document
    for step in path[:-1]:
        inner = inner[step]
    if inner[path[-1]] == value:
        return
    inner[path[-1]] = value
    assert all(each.signed.said is not Said.YES for each in checked(document))


@given(st.binary(min_size=32, max_size=32))
def test_hashes_are_named_and_read_again(hashed: bytes) -> None:
    assert hash_of_uri(hash_uri(hashed)) == hashed


@pytest.mark.parametrize(
    "given_",
    [
        ["structure=proficient"],
        ["structure=proficient", "exam=101"],
        ["structure=proficient", "exam=-1"],
        ["structure=proficient", "exam=NaN"],
        ["structure=best", "exam=5"],
        ["structure=proficient", "exam=5", "exam=6"],
        ["style=5", "structure=proficient", "exam=5"],
        ["structure", "exam=5"],
    ],
)
def test_marks_that_the_rubric_has_not(given_: list[str]) -> None:
    with pytest.raises(SettingsError) as error:
        read_marks(RUBRIC, given_)
    assert error.value.code == "assessment-mark"


def test_points_are_numbers() -> None:
    for text in ("Infinity", "1e99", "1_0", " 5", "٧", "x", ""):
        assert points_of(text) is None


def test_evidence_that_is_put_in_is_a_data_url() -> None:
    inside = replace(REPORT, content=b"report")
    document = record_document("urn:uuid:1", RUBRIC, LEARNER, person(ANNE), marks(), [inside], AT)
    assert document["evidence"][0]["id"] == "data:application/pdf;base64,cmVwb3J0"
    assert "relatedResource" not in document


# Software and schemas of others


@pytest.mark.parametrize("document", [FIRST, moderation()], ids=["assessment", "moderation"])
def test_the_schema_of_1edtech_takes_it(document: dict[str, Any]) -> None:
    schema = json.loads(Path(shared(SCHEMA)).read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    wrong = [
        f"{each.json_path}: {each.message}"
        for each in kind(schema, format_checker=kind.FORMAT_CHECKER).iter_errors(document)
    ]
    assert wrong == []


def test_its_rdf_says_all_of_it() -> None:
    """Nothing in it is a term that its contexts do not define, which canonical RDF would refuse."""
    form = canonical_form({name: each for name, each in moderation().items() if name != "proof"}).decode()
    for text in (
        hash_uri(REPORT.sha256),
        "sha256-",
        "application/pdf",
        "As discussed.",
        "71.5",
        "moderated assessment",
    ):
        assert text in form
    assert sign(
        record_document("urn:uuid:1", RUBRIC, LEARNER, person(ANNE), marks(), [], AT),
        ANNE,
        did_key_method(ANNE),
        AT,
        Suite.EDDSA_RDFC,
    )
