"""Digests: the quick path against the strict one, RFC 8785's own examples, real credentials, and every refusal."""

from __future__ import annotations

import hashlib
import json
import math
import os
import pickle
import re
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.credential import digest as credential
from registry.credential import hazards, strictjson
from registry.credential.digest import (
    DEFAULT_LIMITS,
    Digest,
    DigestMethod,
    Limits,
    canonicalize,
    digest_as,
    digest_bytes,
    digest_chunks,
    digest_document,
    digest_file,
    digest_given,
    digest_json,
    parse_json,
)
from registry.credential.strictjson import MOST_DEPTH
from registry.errors import CredentialError

SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "dcc" / "verifiableCredentials"

CREDENTIAL = {"type": ["VerifiableCredential"], "id": "urn:uuid:1", "credentialSubject": {"gpa": 3.9}}


def short(value: object) -> str:
    """A test's name for an input that may be a megabyte long."""
    return type(value).__name__ if isinstance(value, int) else repr(value)[:30]


def code_of(data: bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    with pytest.raises(CredentialError) as refusal:
        digest_json(data, limits)
    assert refusal.value.remedy
    return refusal.value.code


# --- the quick path against the strict path

# Texts that differ in exactly what the guard has to see: written by hand, so that a number, an escape or a key comes
# in every spelling, valid or not.
_SPACE = st.sampled_from(["", "", "", " ", "\n\t", "\r", "\u00a0", "\f"])
_DIGITS = st.text("0123456789", min_size=1, max_size=18)
_NUMBERS = st.one_of(
    st.sampled_from(
        [
            "0",
            "-0",
            "0.0",
            "-0.0",
            "1.0",
            "1e20",
            "1E+2",
            "1e999",
            "-1e999",
            "1e-999",
            "01",
            "1.",
            ".5",
            "-",
            "+1",
            "1e",
            "0x10",
            "1_0",
            "٣",
            "NaN",
            "Infinity",
            "-Infinity",
            "5e-324",
            "1e-7",
            "9007199254740991",
            "9007199254740992",
            "-9007199254740991",
            "-9007199254740992",
            "18446744073709551616",
            "123456789012345.6",
            "0.001",
            "0.0011",
            "0.0009",
            "0.1",
            "0.10",
            "100000000.1",
            "999999999.999999",
            "0.000001",
            "999999999999999.9",
            "0.30000000000000004",
            "1.00000000000000000001",
        ]
    ),
    st.sampled_from(["9" * 400, "9" * 5000]),
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.builds("{}{}.{}".format, st.sampled_from(["", "-"]), _DIGITS, _DIGITS),
    st.builds("{}e{}".format, _DIGITS, st.integers(-400, 400)),
)
_CHARACTERS = st.one_of(
    st.sampled_from(["a", "b", ":", ",", "[", "{", "}", "]", "1", "-", " ", "e", ".", "'", "\x7f", "é", "\u2028"]),
    st.sampled_from(["\ufb33", "\uffff", "\U00010000", "\U0001f600", "\ue000", "\ufeff"]),
    st.sampled_from(
        [r"\"", r"\\", r"\/", r"\n", r"\b", r"\u0022", r"\u005c", r"\u0061", r"\u0000", r"\u00E9", r"\u001f"]
    ),
    st.sampled_from(
        [r"\ud83d\ude00", r"\ud800", r"\udc00", r"\ud800\ud800", r"\ufb33", r"\x", r"\u12", "\n", "\x00", "\\"]
    ),
)
_TAME_CHARACTERS = st.sampled_from(["a", "b", ":", ",", "[", "1", "é", "\ufb33", "\U0001f600", r"\"", r"\\", r"\u0022"])
_STRINGS = st.one_of(
    st.lists(_TAME_CHARACTERS, max_size=4), st.lists(_TAME_CHARACTERS, max_size=4), st.lists(_CHARACTERS, max_size=4)
).map(lambda parts: '"' + "".join(parts) + '"')
_KEYS = st.one_of(
    st.sampled_from(['"a"', '"b"', r'"\u0061"', '"type"', '"proof"', '"pr\\u006fof"', '"\ufb33"', '"\U0001f600"']),
    _STRINGS,
)
_SCALARS = st.one_of(
    _NUMBERS, _STRINGS, st.sampled_from(["true", "false", "null", '"VerifiableCredential"', "nul", ""])
)


def _containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.builds("{}{}{}:{}{}".format, _SPACE, _KEYS, _SPACE, _SPACE, inner)
    return st.one_of(
        st.lists(inner, max_size=4).map(lambda items: "[" + ",".join(items) + "]"),
        st.lists(member, max_size=5).map(lambda items: "{" + ",".join(items) + "}"),
    )


_TEXTS = st.builds(
    "{}{}{}".format,
    _SPACE,
    st.recursive(_SCALARS, _containers, max_leaves=12),
    st.sampled_from(["", "", "", "\n", "x", "\x00"]),
)
_CREDENTIAL_TEXTS = st.lists(
    st.builds("{}:{}".format, _KEYS, st.recursive(_SCALARS, _containers, max_leaves=4)), max_size=4
).map(lambda members: "{" + ",".join(['"type":"VerifiableCredential"', *members]) + "}")


def _outcome(read: Any, data: bytes) -> Any:
    try:
        value, canonical = read(data, DEFAULT_LIMITS, lambda value: "proof" if isinstance(value, dict) else None)
    except CredentialError as error:
        return error.code, str(error)
    return repr(value), canonical  # repr tells 1 from 1.0 and -0.0 from 0.0


@settings(max_examples=800, deadline=None)
@given(st.one_of(_TEXTS, _CREDENTIAL_TEXTS))
@example('{"a":1,"\\u0061":1}')
@example('{"\U0001f600":1,"\ufb33":2}')
@example('{"a":{"b":"\\"\\"","b":""}}')
@example('{"proof":{"a":1,"a":"x"}}')
@example('{"proof":"x","proof":"y","c":"z"}')
@example('{"a":"\\\\","a":"\\\\\\""}')
def test_the_quick_path_agrees_with_the_strict_path(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    assert _outcome(strictjson.canonical_json, data) == _outcome(strictjson._read_strictly, data)


@settings(max_examples=800, deadline=None)
@given(_NUMBERS)
@example("9007199254740993")
@example("99999999.999990")
@example("-0.000001")
@example("0.00001")
@example("1.0000")
def test_each_number_is_read_and_written_alike(number: str) -> None:
    data = f'{{"a":{number}}}'.encode()
    assert _outcome(strictjson.canonical_json, data) == _outcome(strictjson._read_strictly, data)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 200))
def test_broken_bytes_are_read_alike(noise: bytes, start: int, length: int) -> None:
    whole = json.dumps({**CREDENTIAL, "name": 'a "quoted" \\ name', "proof": [{"x": 1}]}).encode()
    data = whole[:start] + noise + whole[start + length :]
    assert _outcome(strictjson.canonical_json, data) == _outcome(strictjson._read_strictly, data)


_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.text(),
        st.integers(-(2**53) + 1, 2**53 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4)),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.floats(allow_nan=False, allow_infinity=False),
        st.floats(-1e-2, 1e-2),
        st.integers(-(2**70), 2**70).map(float),
        st.dictionaries(st.sampled_from(["a", "\ufb33", "\U0001f600", "é", ""]), st.just(1)),
    )
)
@example(1.0)
@example(-0.0)
@example(1e-6)
@example(123456789012345680.0)
def test_canonical_bytes_are_those_of_rfc8785(value: object) -> None:
    assert canonicalize([value]) == rfc8785.dumps([value])  # type: ignore[list-item]


_FLOATS_OF_ANY_BITS = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", bits.to_bytes(8, "little"))[0])
_NEAR_POWERS_OF_TEN = st.builds(
    lambda power, digits, towards: math.nextafter(float(f"{digits}e{power}"), towards),
    st.integers(-12, 25),
    st.integers(-9999, 9999),
    st.sampled_from([-math.inf, 0.0, math.inf]),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(_FLOATS_OF_ANY_BITS, _NEAR_POWERS_OF_TEN).filter(math.isfinite), max_size=200))
@example([sign * float(f"1e{power}") for power in range(-30, 30) for sign in (1, -1)])
@example([5e-324, 1.7976931348623157e308, 2.0**53, 2.0**63, 2.0**64, 1.5e-5, 1.234567890123456e20])
def test_numbers_are_written_as_rfc8785_does(numbers: list[float]) -> None:
    assert canonicalize(numbers) == rfc8785.dumps(numbers)
    document = {"\U0001f600": numbers, "\ufb33": [{"b": numbers, "a": 1.0}]}
    assert canonicalize(document) == rfc8785.dumps(document)  # type: ignore[arg-type]


def test_no_number_makes_a_document_take_the_slowest_way(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = rfc8785.dumps({"a": [1e5, -0.0, 1e-7, 1e21, 1e20, 0.1], "\U0001f600": 1, "\ufb33": 1.0})
    monkeypatch.setattr(rfc8785, "dumps", None)
    text = '{"a":[1e5,-0,1e-7,1e21,100000000000000000000.0,0.1],"\\ud83d\\ude00":1,"\ufb33":1.0}'.encode()
    assert strictjson.canonical_json(text)[1] == expected


def test_what_nests_deeper_than_orjson_writes_is_written_too() -> None:
    deep = b"[" * MOST_DEPTH + b"1e5" + b"]" * MOST_DEPTH
    assert strictjson.canonical_json(deep, Limits(max_depth=MOST_DEPTH))[1] == deep.replace(b"1e5", b"100000")


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=4), _VALUES, max_size=5))
def test_a_parsed_document_has_the_digest_of_its_text(document: dict[str, Any]) -> None:
    assert canonicalize(document) == rfc8785.dumps(document)
    for text in (json.dumps(document), json.dumps(document, ensure_ascii=False, indent=1)):
        assert digest_json(text.encode()) == digest_document(document)


def test_ordinary_credentials_take_the_quick_path() -> None:
    document = {**CREDENTIAL, "name": 'Größe: 5, 12 "x" 👩‍🎓 \\', "credits": 6, "lat": 46.519, "proof": [{"a": "b"}]}
    for text in (json.dumps(document), json.dumps(document, ensure_ascii=False, indent=2)):
        assert strictjson._read_quickly(text.encode(), DEFAULT_LIMITS, lambda _: "proof") is not None


def test_a_text_that_is_cut_off_in_a_character_looks_like_no_other_encoding() -> None:
    with pytest.raises(CredentialError, match=r"Byte 7 .* ends there in the middle of a character") as refusal:
        digest_json(b'{"a":"\xc3')
    assert (refusal.value.code, "again" in str(refusal.value.remedy)) == ("invalid-utf8", True)


# --- RFC 8785

# Appendix B: the bits of a double, and what ECMAScript and so JCS writes for it.
RFC_8785_NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "written"), RFC_8785_NUMBERS.items())
def test_numbers_of_rfc_8785_appendix_b(bits: str, written: str) -> None:
    number = struct.unpack(">d", bytes.fromhex(bits))[0]
    assert canonicalize({"n": number}) == b'{"n":' + written.encode() + b"}"
    text = f'{{"n":{number!r}}}'.encode()
    assert digest_json(text).value == hashlib.sha256(b'{"n":' + written.encode() + b"}").digest()


@pytest.mark.parametrize(("bits", "code"), [("7fffffffffffffff", "not-a-number"), ("7ff0000000000000", "number-range")])
def test_numbers_that_rfc_8785_refuses(bits: str, code: str) -> None:
    with pytest.raises(CredentialError) as refusal:
        canonicalize([struct.unpack(">d", bytes.fromhex(bits))[0]])
    assert refusal.value.code == code


def test_example_of_rfc_8785_section_3_2_2() -> None:
    text = rb"""{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }"""
    canonical = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert strictjson.canonical_json(text)[1] == canonical.encode()


def test_keys_are_sorted_by_utf_16_code_units() -> None:
    # RFC 8785 section 3.2.3: U+1F600 is D83D DE00 in UTF-16, so it comes before U+FB33.
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    document = dict.fromkeys(keys, "x")
    expected = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    for text in (json.dumps(document), json.dumps(document, ensure_ascii=False)):
        assert list(json.loads(strictjson.canonical_json(text.encode())[1])) == expected
    assert list(json.loads(canonicalize(document))) == expected


# --- methods


@pytest.mark.parametrize("kind", ["VerifiableCredential", ["VerifiableCredential"], ["X", "VerifiableCredential"]])
def test_a_proof_does_not_change_the_digest_of_a_credential(kind: object) -> None:
    unsigned: dict[str, Any] = {**CREDENTIAL, "type": kind}
    signed = {**unsigned, "proof": [{"type": "DataIntegrityProof", "proofValue": "z1"}]}
    digest = digest_json(json.dumps(unsigned).encode())
    assert digest.method is DigestMethod.VC_JCS
    assert digest == digest_json(json.dumps(signed).encode()) == digest_document(signed)
    assert digest.value == hashlib.sha256(rfc8785.dumps(unsigned)).digest()


def test_a_proof_deeper_down_counts() -> None:
    nested = {**CREDENTIAL, "credentialSubject": {"proof": "x"}}
    assert digest_document(nested) != digest_document({**nested, "credentialSubject": {}})


@pytest.mark.parametrize(
    "kind", ["VerifiableCredentialX", ["VerifiablePresentation"], {"VerifiableCredential": 1}, None]
)
def test_any_other_object_is_digested_whole(kind: object) -> None:
    document: dict[str, Any] = {"type": kind, "proof": "x"}
    digest = digest_json(json.dumps(document).encode())
    assert digest.method is DigestMethod.JSON_JCS
    assert digest.value == hashlib.sha256(rfc8785.dumps(document)).digest()
    assert digest == digest_document(document)


def test_layout_order_and_escapes_do_not_change_the_digest() -> None:
    one = b'{"type":"VerifiableCredential","name":"\xc3\xa9","n":1.50}'
    other = b'{ "n" : 15e-1,\r\n\t"n\\u0061me":"\\u00E9", "type":"VerifiableCredential" }\n'
    assert digest_json(one) == digest_json(other)


def test_a_file_is_digested_by_its_bytes(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000  # more than one piece
    path = tmp_path / "diploma.pdf"
    path.write_bytes(data)
    expected = Digest(DigestMethod.FILE, hashlib.sha256(data).digest())
    assert digest_file(data) == digest_file(path) == digest_chunks([data[:7], b"", data[7:]]) == expected


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CredentialError) as refusal:
        digest_file(tmp_path / "gone.pdf")
    assert refusal.value.code == "unreadable"
    assert "gone.pdf" in str(refusal.value)


def test_the_name_chooses_the_method() -> None:
    data = json.dumps(CREDENTIAL).encode()
    assert digest_bytes(data, "a.json") == digest_bytes(data, "A.JSONLD") == digest_json(data)
    assert digest_bytes(data, "a.json.pdf") == digest_bytes(data, "json") == digest_file(data)
    with pytest.raises(CredentialError, match=r"a\.json"):
        digest_bytes(b"{", "a.json")


def test_given_digests() -> None:
    expected = Digest(DigestMethod.GIVEN, bytes.fromhex("ab" * 32))
    assert digest_given("ab" * 32) == digest_given("0x" + "AB" * 32) == expected
    assert expected.hex == "ab" * 32
    for text in ("", "0x", "ab" * 31, "ab" * 33, "0X" + "ab" * 32, "ab" * 32 + "\n", "zz" * 32, "٣" * 64):
        with pytest.raises(CredentialError) as refusal:
            digest_given(text)
        assert refusal.value.code == "given-syntax"


def test_a_digest_has_32_bytes_and_travels_between_processes() -> None:
    digest = digest_given("ab" * 32)
    assert pickle.loads(pickle.dumps(digest)) == digest
    with pytest.raises(CredentialError):
        Digest(DigestMethod.FILE, b"short")


def test_a_receipt_names_the_method() -> None:
    credential, other = json.dumps(CREDENTIAL).encode(), b'{"a":1}'
    assert digest_as("vc-jcs", credential) == digest_json(credential)
    assert digest_as(DigestMethod.JSON_JCS, other) == digest_json(other)
    assert digest_as("file", credential) == digest_file(credential)
    assert digest_as("given", b"0x" + b"ab" * 32 + b"\n") == digest_given("ab" * 32)
    for method, data, code in [
        ("vc-rdfc", credential, "rdf-undefined"),
        ("vc-rdfc", other, "method-mismatch"),
        ("sd-jwt", credential, "method-mismatch"),
        ("sd-jwt", b"a.b", "method-mismatch"),
        ("sd-jwt", b"a.b.~x~", "method-mismatch"),
        ("sd-jwt", b'"a.b.c"', "method-mismatch"),
        ("md5", credential, "unsupported-method"),
        ("vc-jcs", other, "method-mismatch"),
        ("json-jcs", credential, "method-mismatch"),
        ("given", b"\xff", "given-syntax"),
    ]:
        with pytest.raises(CredentialError) as refusal:
            digest_as(method, data)
        assert refusal.value.code == code
    with pytest.raises(CredentialError, match="md5"):
        digest_as("md5", credential)


def test_whatever_is_shown_of_a_token_has_one_digest() -> None:
    digest = digest_as("sd-jwt", b"aGVhZA.Ym9keQ.c2ln")
    assert digest.value == hashlib.sha256(b"aGVhZA.Ym9keQ.c2ln").digest()
    for shown in (b"~", b"~W10~", b"~W10~W10~", b"~W10~a.b.c", b"\n", b"~\r\n"):
        assert digest_as("sd-jwt", b"aGVhZA.Ym9keQ.c2ln" + shown) == digest
        assert digest_bytes(b" aGVhZA.Ym9keQ.c2ln" + shown, "Diploma.SD-JWT") == digest
    assert digest_as("sd-jwt", b"aGVhZA.Ym9keQ.c2lo~") != digest
    with pytest.raises(CredentialError, match=r"diploma\.sdjwt"):
        digest_bytes(b"%PDF", "diploma.sdjwt")


# --- refusals


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a":"\xff"}', "invalid-utf8"),
        (b'{"a":"\xc0\xaf"}', "invalid-utf8"),
        (b'{"a":"\xed\xa0\x80"}', "invalid-utf8"),
        ('{"a":1}'.encode("utf-16"), "invalid-utf8"),
        (b"", "syntax"),
        (b"{", "syntax"),
        (b"{'a':1}", "syntax"),
        (b'{"a":1,}', "syntax"),
        (b'{"a":1} x', "syntax"),
        (b'{"a":1}{"b":2}', "syntax"),
        (b'{"a":01}', "syntax"),
        (b'{"a":"\n"}', "syntax"),
        (b'{"a":"\\x"}', "syntax"),
        (b'\xef\xbb\xbf{"a":1}', "syntax"),
        (b'{"a":1,"a":1}', "duplicate-key"),
        (b'{"a":1,"\\u0061":2}', "duplicate-key"),
        (b'{ "a":1,"a":1}      ', "duplicate-key"),
        (b'{"b":"\\/\\u20ac","a":1,"a":1}', "duplicate-key"),
        (b'{"x":[{"proof":1,"proof":"\\"\\""}]}', "duplicate-key"),
        (b'{"type":"VerifiableCredential","proof":1,"proof":2}', "duplicate-key"),
        (b'{"type":"VerifiableCredential","proof":{"a":1,"a":2}}', "duplicate-key"),
        (b'{"a":NaN}', "not-a-number"),
        (b'{"a":-Infinity}', "not-a-number"),
        (b'{"a":9007199254740992}', "integer-range"),
        (b'{"a":-9007199254740992}', "integer-range"),
        (b'{"a":' + b"9" * 100_000 + b"}", "integer-range"),
        (b'{"type":"VerifiableCredential","proof":9007199254740993}', "integer-range"),
        (b'{"a":1e999}', "number-range"),
        (b'{"a":-1e309}', "number-range"),
        (b'{"a":"\\ud800"}', "lone-surrogate"),
        (b'{"\\udc00":1}', "lone-surrogate"),
        (b'{"type":"VerifiableCredential","proof":"\\ud800x"}', "lone-surrogate"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "too-deep"),
        (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", "too-deep"),
        (b"[1]", "not-an-object"),
        (b'"text"', "not-an-object"),
        (b"null", "not-an-object"),
        (b"1e20", "not-an-object"),
    ],
    ids=short,
)
def test_refusals(data: bytes, code: str) -> None:
    assert code_of(data) == code


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":' * 64 + b"1" + b"}" * 64,
        b'{"a":[' + b",".join([b'{"b":[]}'] * 500) + b"]}",
        b'{"a":"' + b"[" * 500 + b'\\"{"}',
        b'{"a":[9007199254740991,-9007199254740991,1e20,1.0,-0,-0.0,1e-400,1e308]}',
        b'{"a":"\\ud83d\\ude00","\xf0\x9f\x98\x80":"\\u0000"}',
    ],
    ids=short,
)
def test_the_limits_themselves_are_allowed(data: bytes) -> None:
    assert digest_json(data).value == hashlib.sha256(rfc8785.dumps(json.loads(data))).digest()


def test_limits_are_settings() -> None:
    assert code_of(b'{"a":"' + b"x" * DEFAULT_LIMITS.max_bytes + b'"}') == "too-large"
    assert code_of(b'{"a":1}', Limits(max_bytes=6)) == "too-large"
    assert code_of(b'{"a":{}}', Limits(max_depth=1)) == "too-deep"
    exact = b'{"a":"' + b"x" * (DEFAULT_LIMITS.max_bytes - 8) + b'"}'
    assert digest_json(exact).value == hashlib.sha256(exact).digest()
    deep = b'{"a":' * MOST_DEPTH + b"0" + b"}" * MOST_DEPTH
    assert digest_json(deep, Limits(max_depth=MOST_DEPTH)).value == hashlib.sha256(deep).digest()
    with pytest.raises(ValueError, match="depth"):
        Limits(max_depth=MOST_DEPTH + 1)


def test_depth_is_refused_before_the_stack_ends_even_where_the_interpreter_would_go_on() -> None:
    """py-evm raises the limit of recursion beyond what the stack of a C parser holds."""
    program = (
        "import sys; sys.setrecursionlimit(10**6)\n"
        "from registry.credential.digest import digest_json\n"
        "from registry.errors import CredentialError\n"
        "for data in (b'[' * 2**20, b'{\"a\":' * 2**17, b'[' * 2**19 + b']' * 2**19):\n"
        "    try: digest_json(data)\n"
        "    except CredentialError as error: print(error.code)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["too-deep"] * 3


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 2**20,
        b'{"a":' * (2**20 // 5),
        b"[]," * (2**20 // 3),
        b'"' * 2**20,
        b"\\" * 2**20,
        b'{"a":"' + b"\\" * (2**20 - 9) + b'"}',
        b'{"a":"' + "é".encode() * (2**19 - 8) + b'":}',
        b'{"a":' + b"9" * (2**20 - 8) + b"}",
        b'{"a":' + b" " * (2**20 - 8) + b"}",
        b"[" + b"1," * (2**19 - 8) + b"x]",
        b"{" + b",".join(b'"%d":1' % number for number in range(80_000)) + b',"1":2}',
    ],
    ids=short,
)
def test_a_hostile_megabyte_is_refused_quickly(data: bytes) -> None:
    start = time.process_time()
    with pytest.raises(CredentialError):
        parse_json(data)
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (float("nan"), "not-a-number"),
        (float("-inf"), "number-range"),
        (2**53, "integer-range"),
        (-(10**5000), "integer-range"),
        ("\ud800", "lone-surrogate"),
        ({"\udfff": 1}, "lone-surrogate"),
        ({1: 2}, "not-json"),
        ({"a": (1, 2)}, "not-json"),
        ({"a": b"x"}, "not-json"),
        ([{1, 2}], "not-json"),
        ({DigestMethod.FILE: 1}, "not-json"),
    ],
    ids=short,
)
def test_values_without_a_canonical_form(value: object, code: str) -> None:
    for document in (value, {"x": value}):
        with pytest.raises(CredentialError) as refusal:
            canonicalize(document)
        assert refusal.value.code == code
    with pytest.raises(CredentialError) as refusal:
        digest_document({"type": "VerifiableCredential", "proof": value})
    assert refusal.value.code == code


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    with pytest.raises(CredentialError) as refusal:
        digest_document(loop)
    assert refusal.value.code == "too-deep"
    with pytest.raises(CredentialError) as refusal:
        digest_document([])  # type: ignore[arg-type]
    assert refusal.value.code == "not-an-object"


# --- real credentials


def test_real_credentials_digest_as_plain_rfc_8785_does() -> None:
    if not SAMPLES.is_dir():
        reason = f"the sample credentials are not at {SAMPLES}"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    paths = sorted(SAMPLES.rglob("*.json"))
    assert paths
    for path in paths:
        data = path.read_bytes()
        document = json.loads(data)
        document.pop("proof", None)
        digest = digest_bytes(data, path.name)
        assert digest.method is DigestMethod.VC_JCS
        assert digest.value == hashlib.sha256(rfc8785.dumps(document)).digest(), path


# --- the reference page

SOURCES = (credential, strictjson)
REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "digest.md"


def test_the_reference_has_every_code_and_true_examples() -> None:
    page = REFERENCE.read_text(encoding="utf-8")
    codes = set(re.findall(r'code="([a-z0-9-]+)"', "".join(Path(str(m.__file__)).read_text("utf-8") for m in SOURCES)))
    hazard_codes = set(re.findall(r'Hazard\(\s*"([a-z-]+)"', Path(str(hazards.__file__)).read_text("utf-8")))
    assert len(codes) >= 14
    assert len(hazard_codes) == 6
    assert [code for code in sorted(codes | hazard_codes) if f"| `{code}` |" not in page] == []
    examples = re.findall(r"^\| `(\{.*?\})` \| .* \| `([a-z-]+)` `([0-9a-f]{64})` \|$", page, re.MULTILINE)
    assert len(examples) == 2
    for document, method, value in examples:
        assert digest_json(document.encode()) == Digest(DigestMethod(method), bytes.fromhex(value))
