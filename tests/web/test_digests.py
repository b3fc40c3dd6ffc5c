"""Digests, canonical forms and paths: the verifier in JavaScript comes to what this program comes to."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.credential.digest import Digest, digest_as, read_json
from registry.errors import RegistryError
from registry.merkle.proof import (
    AbsenceProof,
    InclusionProof,
    Neighbour,
    check_absence,
    check_inclusion,
    path_length,
)
from registry.merkle.tree import Tree
from tests.registry.credential.test_credential import (
    _CREDENTIAL_TEXTS,
    _NUMBERS,
    _TEXTS,
    CREDENTIAL,
    RFC_8785_NUMBERS,
)
from tests.web.javascript import run_javascript

SEED = random.Random(16)
BY_HAND = [
    b"",
    b" ",
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\x00}\x00",
    b"{\x00}\x00",
    b'{"a":"\xe9"}',
    b'{"a":"\x93"}',
    b'{"a":"\xc3',
    b'{"a":"\xed\xa0\x80"}',
    b'{"a":"\xf4\x90\x80\x80"}',
    b'{"a":"\xc0\xaf"}',
    b"[]",
    b'"a"',
    b"1",
    b"null",
    b"{" + b'"a":{' * 64 + b"}" * 65,
    b"[" * 200,
    b"[" * 64 + b"]" * 64,
    b'{"a":1,"b":2,"a":3}',
    b'{"a":[{"b":1,"\\u0062":2}]}',
    b'{"a":"\\ud800"}',
    b'{"\\udc00":1}',
    b'{"a":9007199254740992}',
    b'{"a":-9007199254740991}',
    b'{"a":1e999}',
    b'{"a":NaN}',
    b'{"a":-Infinity}',
    b'{"a":1,}',
    b'{"a":1}x',
    '{"ሴ😀":\n"é",\n "b"}'.encode(),
    b'{"__proto__":{"a":1},"constructor":2}',
    b'{"' + b"k" * 50 + b'":1,"' + b"k" * 50 + b'":2}',
    b'{"a":' + b"9" * 60 + b"}",
]


def outcome(make: Callable[[], Any], *members: str) -> Any:
    try:
        return make()
    except RegistryError as error:
        return {name: getattr(error, name) for name in members or ("code",)}


def written(digest: Digest) -> dict[str, str]:
    return {"method": str(digest.method), "value": digest.hex}


def text_cases() -> list[Any]:
    texts = list(BY_HAND)

    @settings(max_examples=400, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.one_of(
            _TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
            _CREDENTIAL_TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
            _NUMBERS.map(lambda number: f'{{"a":{number}}}'.encode()),
        )
    )
    def gather(text: bytes) -> None:
        texts.append(text)

    @settings(max_examples=120, database=None, deadline=None)
    @given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 200))
    def break_up(noise: bytes, start: int, length: int) -> None:
        whole = json.dumps({**CREDENTIAL, "name": 'a "quoted" \\ name', "proof": [{"x": 1}]}).encode()
        texts.append(whole[:start] + noise + whole[start + length :])

    gather()
    break_up()
    return [
        {
            "text": base64.b64encode(text).decode(),
            "expect": outcome(lambda text=text: written(read_json(text)[0]), "code", "what", "remedy"),  # type: ignore[misc]
        }
        for text in dict.fromkeys(texts)
    ]


def method_cases() -> list[Any]:
    texts = [
        b"",
        b"a",
        b"{}",
        b'{"type":"VerifiableCredential","proof":1}',
        b"0x" + b"aB" * 32,
        b" " + b"ab" * 32 + b"\n",
        b"a.b.c",
        b" a.b.c~d~e.f.g\n",
        b"\x0ba.b.c\x1f~",
        b"a.b.~",
        b"\xc3\xa9.b.c~",
    ]
    return [
        {
            "method": method,
            "text": base64.b64encode(text).decode(),
            "expect": outcome(lambda method=method, text=text: written(digest_as(method, text))),  # type: ignore[misc]
        }
        for method in ("file", "given", "vc-jcs", "json-jcs", "sd-jwt", "md5")
        for text in texts
    ]


def length_cases() -> list[Any]:
    pairs = [(index, count) for count in range(-1, 20) for index in range(-1, count + 2)]
    pairs += [
        (0, 2**32 - 1),
        (2**32 - 2, 2**32 - 1),
        (2**31, 2**32 - 1),
        (0, 2**32),
        (2**31 - 1, 2**31),
        (2**31, 2**31 + 1),
    ]
    for _ in range(300):
        count = SEED.randint(1, 2**32 - 1)
        pairs.append((SEED.randrange(count), count))
    return [
        {"index": index, "count": count, "expect": outcome(lambda i=index, c=count: path_length(i, c))}  # type: ignore[misc]
        for index, count in pairs
    ]


def leaves(count: int) -> list[bytes]:
    return sorted(hashlib.sha256(f"{count} {number}".encode()).digest() for number in range(count))


def as_json(proof: InclusionProof) -> dict[str, Any]:
    return {"leafIndex": proof.leaf_index, "leafCount": proof.leaf_count, "path": [node.hex() for node in proof.path]}


def inclusion_cases() -> list[Any]:
    cases = []
    for count in (1, 2, 3, 5, 8, 13, 100):
        tree, own = Tree.build(leaves(count)), leaves(count)
        for index in {0, count // 2, count - 1}:
            proof = tree.inclusion(index)
            cases.append((own[index], tree.root, proof))
            cases.append((own[index - 1], tree.root, proof))
            cases.append((own[index], own[0], proof))
            cases.append((own[index][:-1], tree.root, proof))
            for other in (count - 1, count + 1, 2 * count):
                cases.append((own[index], tree.root, InclusionProof(index, other, proof.path)))
            cases.append((own[index], tree.root, InclusionProof(index, count, (*proof.path, own[0]))))
            cases.append((own[index], tree.root, InclusionProof(index, count, tuple(node[1:] for node in proof.path))))
    return [
        {
            "digest": digest.hex(),
            "root": root.hex(),
            "proof": as_json(proof),
            "expect": outcome(lambda d=digest, r=root, p=proof: check_inclusion(d, r, p), "code", "what"),  # type: ignore[misc]
        }
        for digest, root, proof in cases
    ]


def absence_cases() -> list[Any]:
    cases: list[tuple[bytes, bytes, AbsenceProof]] = []
    for count in (1, 2, 7, 100):
        tree, own = Tree.build(leaves(count)), leaves(count)
        near = [Neighbour(own[index], tree.inclusion(index)) for index in range(count)]
        middle = count // 2
        for digest in (bytes(32), b"\xff" * 32, own[0], (int.from_bytes(own[middle]) + 1).to_bytes(32), b"short"):
            for lower, upper in (
                (None, near[0]),
                (near[-1], None),
                (near[middle], near[(middle + 1) % count]),
                (near[0], near[-1]),
                (None, None),
            ):
                cases += [
                    (digest, tree.root, AbsenceProof(count, lower, upper)),
                    (digest, tree.root, AbsenceProof(count + 1, lower, upper)),
                ]
    return [
        {
            "digest": digest.hex(),
            "root": root.hex(),
            "leafCount": proof.leaf_count,
            **{
                name: near and {"digest": near.digest.hex(), "proof": as_json(near.proof)}
                for name, near in (("lower", proof.lower), ("upper", proof.upper))
            },
            "expect": outcome(lambda d=digest, r=root, p=proof: check_absence(d, r, p), "code", "what"),  # type: ignore[misc]
        }
        for digest, root, proof in cases
    ]


@pytest.fixture(scope="module")
def cases() -> dict[str, Any]:
    return {
        "texts": text_cases(),
        "numbers": list(RFC_8785_NUMBERS.items()),
        "methods": method_cases(),
        "lengths": length_cases(),
        "inclusions": inclusion_cases(),
        "absences": absence_cases(),
    }


def test_javascript_comes_to_the_same(cases: dict[str, Any], tmp_path: Path) -> None:
    assert {case["expect"].get("code", "digest") for case in cases["texts"]} >= {
        "digest", "duplicate-key", "integer-range", "invalid-utf8", "lone-surrogate", "not-a-number", "not-an-object",
        "number-range", "syntax", "too-deep",
    }  # fmt: skip
    assert {case["expect"] and case["expect"]["code"] for case in cases["absences"]} >= {
        None, "no-neighbours", "count-differs", "not-adjacent", "not-between", "node-length",
    }  # fmt: skip
    run_javascript("digests", cases, tmp_path)
