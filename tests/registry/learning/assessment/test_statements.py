"""xAPI statements, cmi5 and QTI results: exports of every form, what is kept, and what is refused and why."""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import SettingsError
from registry.learning.assessment.cmi5 import outcomes_of
from registry.learning.assessment.evidence import evidence_bytes, results_evidence, statements_evidence
from registry.learning.assessment.qti import NotResults, read_results
from registry.learning.assessment.signed_statements import SignedBy, check_statement, signature_key
from registry.learning.assessment.splitting import entries_in
from registry.learning.assessment.xapi import SIGNATURE, VOIDED, read_export
from tests.carriers import b64
from tests.registry.learning.assessment.made import RESULT, of_cmi5, statement

THREE = [statement(1), statement(2), statement(3)]


def read(*statements: Any) -> Any:
    return read_export(json.dumps(list(statements)).encode())


def ids(export: Any) -> list[int]:
    return [UUID(each.identifier).int for each in export.statements]


# Taken apart


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(THREE),
        json.dumps(THREE, indent=2),
        json.dumps({"statements": THREE, "more": ""}),
        json.dumps({"more": "/x?[{", "nested": {"statements": []}, "statements": THREE}, indent=1),
        "\n".join(map(json.dumps, THREE)),
        "\ufeff" + "\r\n\r\n".join(map(json.dumps, THREE)) + "\n",
    ],
    ids=["array", "array in lines", "result", "result with more before", "lines", "lines with a mark"],
)
def test_every_form_of_an_export(text: str) -> None:
    assert ids(read_export(text.encode())) == [1, 2, 3]


def test_one_statement_is_an_export() -> None:
    assert ids(read_export(json.dumps(statement(7)).encode())) == [7]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=6).filter(lambda name: name != "statements"), VALUES, max_size=4))


@given(OBJECTS, st.sampled_from(["array", "result", "lines"]), st.booleans())
def test_it_is_taken_apart_as_a_parser_reads_it(objects: list[Any], form: str, escaped: bool) -> None:
    def dump(value: Any) -> str:
        return json.dumps(value, ensure_ascii=escaped)

    text = {
        "array": dump(objects),
        "result": dump({"a": 1, "statements": objects}),
        "lines": "\n".join(map(dump, objects)),
    }
    data = text[form].encode("utf-8", "surrogatepass")
    found = [data[each.start : each.end] for each in entries_in(data, b"statements") if not each.fault]
    assert [json.loads(each) for each in found] == objects


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:\\ a\n', max_size=80).map(str.encode))
def test_any_bytes_are_taken_apart_in_order(data: bytes) -> None:
    last = 0
    for each in entries_in(data, b"statements"):
        assert last <= each.start <= each.end <= len(data)
        last = each.end
    read_export(data)


# What is refused


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"id": "x"}, "no UUID"),
        ({"id": None}, "no UUID"),
        ({"id": 5}, "no UUID"),
        ({"actor": {"name": "Anna"}}, "not named by one"),
        ({"actor": {"mbox": "mailto:a@b.example", "openid": "https://a.example"}}, "not named by one"),
        ({"actor": {"objectType": "Group", "member": [{"mbox": "mailto:a@b.example"}]}}, "not named by one"),
        ({"actor": {"account": {"homePage": "https://a.example"}}}, "not named by one"),
        ({"actor": []}, "not named by one"),
        ({"verb": {"id": "did"}}, "no IRI"),
        ({"verb": "did"}, "no IRI"),
        ({"object": {}}, "no id"),
        ({"object": {"objectType": "StatementRef", "id": "x"}}, "no id"),
        ({"timestamp": "yesterday"}, "no time"),
        ({"timestamp": 5e300}, "no time"),
        ({"result": []}, "no object"),
        ({"result": {"score": 10**30}}, "beyond"),
        ({"context": "a" * 300_000}, "longer than"),
    ],
)
def test_what_is_no_statement_is_left_out_and_the_rest_kept(change: dict[str, Any], why: str) -> None:
    export = read(statement(1), {**statement(2), **change}, statement(3))
    assert ids(export) == [1, 3]
    (rejected,) = export.rejected
    assert (rejected.number, why in rejected.why) == (2, True), rejected.why


def test_what_stands_between_is_told() -> None:
    text = f'[{json.dumps(statement(1))}, 5, null {json.dumps(statement(2))} [1], "a" ]'
    export = read_export(text.encode())
    assert ids(export) == [1, 2]
    assert [each.why for each in export.rejected] == ["it is no object"] * 3
    assert "has no end" in read_export(json.dumps(THREE)[:-30].encode()).rejected[0].why
    assert read_export(b'{"a": "b').rejected[0].why == "a string in it has no end"


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_what_goes_too_deep_is_not_followed(opening: bytes) -> None:
    text = json.dumps(statement(1)).encode() + opening * 100_000
    export = read_export(text)
    assert (ids(export), "too deep" in export.rejected[0].why) == ([1], True)
    assert read_export(opening * 100_000).statements == []


def test_one_that_is_believed_voids_though_another_is_not() -> None:
    def voiding(number: int, **more: Any) -> dict[str, Any]:
        ref = {"objectType": "StatementRef", "id": statement(1)["id"]}
        return statement(number, VOIDED, object=ref, **more)

    both = [voiding(2), voiding(2, result={"completion": True}), voiding(3)]
    export = read_export(json.dumps([statement(1), *both]).encode())
    assert export.voided == {statement(1)["id"]: statement(3)["id"]}


@pytest.mark.parametrize("home", ["https://a.example x", "", 5, None])
def test_an_account_has_a_home_page(home: Any) -> None:
    account = {"homePage": home, "name": "anna"}
    assert read_export(json.dumps(statement(1, actor={"account": account})).encode()).statements == []


def test_an_address_is_no_activity() -> None:
    (found,) = read_export(json.dumps(statement(1, object={"id": "mailto:anna@a.example"})).encode()).statements
    assert found.about == "a person"


def test_only_what_is_signed_is_kept_whole() -> None:
    attached = {"usageType": SIGNATURE, "sha2": "0" * 64}
    found = read_export(json.dumps([statement(1), statement(2, attachments=[attached])]).encode())
    assert [bool(each.signed) for each in found.statements] == [False, True]


def test_duplicate_keys_are_refused() -> None:
    text = json.dumps(statement(1))[:-1] + ', "id": "00000000-0000-0000-0000-000000000002"}'
    assert "occurs twice" in read_export(text.encode()).rejected[0].why


# One id, one statement


def test_the_same_again_is_counted_and_another_with_its_id_believed_as_little_as_the_first() -> None:
    stored = {**statement(1), "stored": "2026-05-02T00:00:00Z", "authority": {"mbox": "mailto:lrs@u.example"}}
    export = read(statement(1), stored, statement(2), {**statement(2), "result": {"success": True}}, statement(3))
    assert (ids(export), export.repeated) == ([1, 3], 1)
    assert [each.number for each in export.rejected] == [3, 4]


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 2)), max_size=12))
def test_only_ids_with_one_content_are_kept(drawn: list[tuple[int, int]]) -> None:
    export = read(*(statement(number, result={"score": {"raw": raw}}) for number, raw in drawn))
    contents: dict[int, set[int]] = {}
    for number, raw in drawn:
        contents.setdefault(number, set()).add(raw)
    assert ids(export) == [number for number in contents if len(contents[number]) == 1]


def voids(number: int, what: int) -> dict[str, Any]:
    return statement(number, VOIDED, object={"objectType": "StatementRef", "id": str(UUID(int=what))})


def test_what_is_voided_stays_and_is_told() -> None:
    export = read(statement(1), voids(2, 1), voids(3, 2))
    evidence = statements_evidence(export, {}, {})
    first, second, _ = evidence["statements"]
    assert first["voidedBy"] == second["id"]
    assert "voidedBy" not in second, "what voids cannot be voided"
    assert evidence["counts"]["voided"] == 1


# People


def test_nobody_is_named_unless_that_was_asked_for() -> None:
    other = statement(2, actor={"account": {"homePage": "https://lms.example", "name": "s0042"}})
    hashed = statement(3, actor={"mbox_sha1sum": "ab" * 20})
    about = statement(4, object={"objectType": "Agent", "mbox": "mailto:ben@university.example"})
    export = read(statement(1), other, hashed, about)
    text = evidence_bytes(statements_evidence(export, {}, {})).decode()
    assert not any(word in text for word in ("anna@", "s0042", "abab", "ben@", "Vogt"))
    people = json.loads(text)["people"]
    assert people == [
        {"person": "person 1", "identifiedBy": "mbox", "isHash": False},
        {"person": "person 2", "identifiedBy": "account", "isHash": False},
        {"person": "person 3", "identifiedBy": "mbox_sha1sum", "isHash": True},
    ]
    assert "mailto:anna@" in evidence_bytes(statements_evidence(export, {}, {}, identities=True)).decode()


# cmi5


@pytest.mark.parametrize(
    ("move_on", "verbs", "met"),
    [
        ("Passed", ["passed"], True),
        ("Passed", ["completed", "failed"], False),
        ("Completed", ["completed"], True),
        ("CompletedAndPassed", ["completed"], False),
        ("CompletedAndPassed", ["completed", "passed"], True),
        ("CompletedOrPassed", ["passed"], True),
        ("CompletedOrPassed", ["initialized"], False),
        ("NotApplicable", [], True),
        ("CompletedAndPassed", ["waived"], True),
        ("AsILike", ["passed"], None),
        (None, ["passed"], None),
    ],
)
def test_move_on(move_on: str | None, verbs: list[str], met: bool | None) -> None:
    launched = of_cmi5(1, "launched", **({"moveon": move_on, "masteryscore": 0.6} if move_on else {}))
    scored = [{**of_cmi5(n, verb), "result": {"score": {"scaled": 0.7}}} for n, verb in enumerate(verbs, 2)]
    export = read(launched, *scored, statement(99), of_cmi5(98, "satisfied"))
    (outcome,) = outcomes_of(export.statements, set())
    assert outcome.is_met is met
    assert list(outcome.verbs) == ["launched", *verbs]
    assert outcome.scaled == (0.7 if {"passed", "failed"} & set(verbs) else None)


def test_what_is_voided_moves_nobody_on() -> None:
    export = read(of_cmi5(1, "launched", moveon="Passed"), of_cmi5(2, "passed"), voids(3, 2))
    (outcome,) = outcomes_of(export.statements, export.voided.keys())
    assert outcome.is_met is False


# Signed statements

KEY = rsa.generate_private_key(65537, 2048)


def signature(members: dict[str, Any], algorithm: str = "RS256", key: rsa.RSAPrivateKey = KEY) -> bytes:
    head = b64(json.dumps({"alg": algorithm}).encode())
    signed = f"{head}.{b64(json.dumps(members).encode())}"
    hashed = SHA512() if algorithm == "RS512" else SHA256()
    return f"{signed}.{b64(key.sign(signed.encode(), PKCS1v15(), hashed))}".encode()


def test_signatures_of_statements() -> None:
    key = KEY.public_key()
    plain = statement(1)
    jws = signature(plain)
    attachment = {"usageType": SIGNATURE, "contentType": "application/octet-stream", "sha2": sha256(jws).hexdigest()}
    stored = {**plain, "stored": "2026-05-02T00:00:00Z", "version": "1.0.0", "attachments": [attachment]}
    (found,) = read(stored).statements
    assert found.signatures == (sha256(jws).hexdigest(),)
    assert check_statement(stored, jws, key)[0] is SignedBy.HOLDS
    assert check_statement(stored, signature(plain, "RS512"), key)[0] is SignedBy.HOLDS
    unsigned = {name: each for name, each in plain.items() if name not in ("id", "timestamp")}
    held, why = check_statement(stored, signature(unsigned, "RS256"), key)
    assert (held, why) == (SignedBy.HOLDS, "what was signed says no id and no timestamp")
    other = rsa.generate_private_key(65537, 2048)
    for members, given_ in (
        (stored, signature(plain, key=other)),
        ({**stored, "result": {"success": True}}, jws),
        ({**stored, "id": str(UUID(int=9))}, jws),
        ({**stored, "timestamp": "2027-01-01T00:00:00Z"}, jws),
        (stored, b"no.jws.at all"),
        (stored, jws[:-8]),
    ):
        assert check_statement(members, given_, key)[0] is SignedBy.BROKEN
    for algorithm in ("none", "HS256", "ES256"):
        assert check_statement(stored, signature(plain, algorithm), key)[0] is SignedBy.UNCHECKED
    evidence = statements_evidence(read(stored), {}, {})
    assert evidence["statements"][0]["signature"] == {"says": "signed, not checked"}


def test_keys_of_statements() -> None:
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert signature_key(pem, "a.pem").key_size == 2048
    for bad in (b"", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", pem[:60]):
        with pytest.raises(SettingsError):
            signature_key(bad, "a.pem")


# QTI


def test_outcomes_of_qti_without_responses() -> None:
    found = read_results(RESULT.encode())
    assert [(each.kind, each.identifier, each.status) for each in found.results] == [
        ("test", "midterm", ""),
        ("item", "q1", "final"),
    ]
    assert [(one.name, one.values) for each in found.results for one in each.variables] == [
        ("SCORE", ("7.5",)),
        ("SCORE", ("1",)),
    ]
    text = json.dumps(results_evidence([("a.xml", found)], {}))
    assert "choice_a" not in text
    assert "anna" not in text
    assert "anna" in json.dumps(results_evidence([("a.xml", found)], {}, identities=True))


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("imsqti_result_v2p1", "imsqti_result_v2p2"),
        ("imsqti_result_v2p1", "imsqti_result_v3p0"),
        ('xmlns="http://www.imsglobal.org/xsd/imsqti_result_v2p1"', ""),
        ("sessionStatus", "session-status"),
    ],
)
def test_every_edition_of_qti(was: str, now: str) -> None:
    assert read_results(RESULT.replace(was, now).encode()) == read_results(RESULT.encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<a/>",
        b"<assessmentResult>",
        RESULT.replace("<assessmentResult", '<!DOCTYPE a [<!ENTITY b "c">]><assessmentResult').encode(),
        b"<assessmentResult>" + b"<itemResult/>" * 3000 + b"</assessmentResult>",
        b"\xff\xfe<",
        b'<?xml version="1.0" encoding="nonsense"?><assessmentResult/>',
    ],
)
def test_what_has_no_results(data: bytes) -> None:
    with pytest.raises(NotResults):
        read_results(data)


@given(st.binary(max_size=300))
def test_any_bytes_have_results_or_none(data: bytes) -> None:
    with suppress(NotResults):
        read_results(data)
