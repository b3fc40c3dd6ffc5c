"""SD-JWT VC beside openvc-core, whatever of it is shown, and what must not be taken for a part of it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import orjson
import pytest
from openvc.proof.sd_jwt import SdJwtVcProofSuite

from registry.credential.digest import digest_sd_jwt
from registry.errors import ProofError, SignerError
from registry.proofs.signatures.jose import sign_jws
from registry.proofs.signatures.keys import KeyKind, algorithm_of, new_key, public_jwk
from registry.proofs.signatures.multibase import to_url_text
from registry.proofs.signatures.sdjwt import (
    MOST_DISCLOSURES,
    Path,
    bind_sd_jwt,
    disclosed_in,
    issue_sd_jwt,
    present_sd_jwt,
    read_sd_jwt,
    unchecked_claims,
    verify_sd_jwt,
)

KEY, HOLDER = new_key(KeyKind.P256), new_key(KeyKind.ED25519)
PUBLIC = KEY.public_key()
METHOD = "did:web:university.example#key-1"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLAIMS: dict[str, Any] = {
    "iss": "did:web:university.example",
    "vct": "https://university.example/diploma",
    "name": "Zoë",
    "marks": [{"course": "A", "mark": "1.0"}, {"course": "B", "mark": "2.0"}],
    "degree": {"name": "Bachelor", "level": 6},
}
PATHS: list[Path] = [("name",), ("marks", 1), ("marks", 0, "mark"), ("degree", "level"), ("degree",)]


def issued(holder: Any = None) -> tuple[str, list[str]]:
    token, *disclosures, end = issue_sd_jwt(CLAIMS, KEY, METHOD, PATHS, holder=holder).split("~")
    assert end == ""
    return token, disclosures


def shown(token: str, disclosures: Any = ()) -> Any:
    return verify_sd_jwt(read_sd_jwt("~".join([token, *disclosures, ""])), PUBLIC)


def code_of(text: str) -> str:
    with pytest.raises(ProofError) as caught:
        verify_sd_jwt(read_sd_jwt(text), PUBLIC)
    assert caught.value.remedy
    return caught.value.code


def by_openvc(text: str, **given: Any) -> dict[str, Any]:
    claims: dict[str, Any] = SdJwtVcProofSuite().verify(text, public_key_jwk=public_jwk(KEY), **given).claims
    return claims


def test_all_of_it_says_what_was_issued_here_and_elsewhere() -> None:
    token, disclosures = issued()
    found = shown(token, disclosures)
    assert (found.claims, found.hidden, found.binding) == (CLAIMS, 0, None)
    there = by_openvc("~".join([token, *disclosures, ""]))
    assert {name: there[name] for name in CLAIMS} == CLAIMS


def test_any_part_of_it_is_a_part_of_what_was_issued() -> None:
    token, disclosures = issued()
    seen = set()
    for count in range(len(disclosures) + 1):
        for some in combinations(disclosures, count):
            text = "~".join([token, *some, ""])
            try:
                found = shown(token, some)
            except ProofError:
                # The level of a degree that is not shown is named by nothing.
                with pytest.raises(Exception, match=r"."):
                    by_openvc(text)
                continue
            seen.add(orjson.dumps(found.claims, option=orjson.OPT_SORT_KEYS))
            assert digest_sd_jwt(f" {text}\n".encode()) == digest_sd_jwt(token.encode())
            assert found.claims == {name: value for name, value in by_openvc(text).items() if name in found.claims}
            assert "level" not in str(found.claims) or found.claims["degree"] == CLAIMS["degree"]
    assert len(seen) == 24


def test_a_holders_signature_is_over_what_is_shown() -> None:
    token, disclosures = issued(HOLDER.public_key())
    presented = "~".join([token, disclosures[0], ""])
    bound = bind_sd_jwt(presented, HOLDER, "https://verifier.example", "n-1", NOW)
    found = verify_sd_jwt(read_sd_jwt(bound), PUBLIC)
    assert found.binding is not None
    assert (found.binding.audience, found.binding.nonce) == ("https://verifier.example", "n-1")
    given = {"audience": "https://verifier.example", "nonce": "n-1", "now": NOW}
    assert by_openvc(bound, require_key_binding=True, **given)
    more = "~".join([token, *disclosures, bound.rpartition("~")[2]])
    assert code_of(more) == "proof-fails"
    assert code_of(bind_sd_jwt(presented, new_key(KeyKind.ED25519), "a", "n", NOW)) == "proof-fails"
    assert code_of(bind_sd_jwt("~".join([issued()[0], ""]), HOLDER, "a", "n", NOW)) == "proof-fails"
    untyped = presented + sign_jws({"alg": algorithm_of(HOLDER)}, {}, HOLDER)
    assert code_of(untyped) == "proof-fails"


def disclosure(*content: Any) -> tuple[str, str]:
    text = to_url_text(orjson.dumps(list(content)))
    return text, to_url_text(hashlib.sha256(text.encode()).digest())


def signed(payload: dict[str, Any]) -> str:
    return sign_jws({"alg": algorithm_of(KEY)}, payload, KEY)


A, A_DIGEST = disclosure("salt", "a", 1)
ELEMENT, ELEMENT_DIGEST = disclosure("salt", 1)
RESERVED, RESERVED_DIGEST = disclosure("salt", "_sd", 1)
NUMBER, NUMBER_DIGEST = disclosure("salt", 7, 1)
INNER, INNER_DIGEST = disclosure("salt", "b", {"_sd": [A_DIGEST]})
TWICE = to_url_text(b'["salt","a",{"x":1,"x":2}]')


@pytest.mark.parametrize(
    ("payload", "disclosures"),
    [
        ({}, [A]),
        ({"_sd": [A_DIGEST]}, [A, A]),
        ({"_sd": [A_DIGEST, A_DIGEST]}, [A]),
        ({"_sd": [A_DIGEST], "x": {"_sd": [A_DIGEST]}}, []),
        ({"_sd": [A_DIGEST], "a": 2}, [A]),
        ({"_sd": [A_DIGEST, INNER_DIGEST]}, [A, INNER]),
        ({"_sd": [ELEMENT_DIGEST]}, [ELEMENT]),
        ({"x": [{"...": A_DIGEST}]}, [A]),
        ({"x": [{"...": ELEMENT_DIGEST, "y": 1}]}, [ELEMENT]),
        ({"x": {"...": ELEMENT_DIGEST}}, [ELEMENT]),
        ({"x": [{"...": 7}]}, []),
        ({"_sd": [RESERVED_DIGEST]}, [RESERVED]),
        ({"_sd": [NUMBER_DIGEST]}, [NUMBER]),
        ({"_sd": A_DIGEST}, [A]),
        ({"_sd": [7]}, []),
        ({"_sd": [to_url_text(hashlib.sha256(TWICE.encode()).digest())]}, [TWICE]),
        ({"_sd_alg": "md5"}, []),
        ({"_sd_alg": ["sha-256"]}, []),
        ({}, [""]),
        ({}, ["é".encode().hex(), "###"]),
        ({}, [to_url_text(b"[]")]),
        ({}, [to_url_text(b"{}")]),
    ],
)
def test_what_does_not_belong_to_what_was_signed_refuses_all_of_it(
    payload: dict[str, Any], disclosures: list[str]
) -> None:
    assert code_of("~".join([signed(payload), *disclosures, ""])) == "proof-fails"


def test_other_hashes_are_read_and_decoys_are_hidden() -> None:
    digest = to_url_text(hashlib.sha512(A.encode()).digest())
    found = shown(signed({"_sd": [digest, "decoy"], "_sd_alg": "sha-512"}), [A])
    assert (found.claims, found.hidden) == ({"a": 1}, 1)


def test_what_is_no_sd_jwt_or_is_of_another_is_refused() -> None:
    token, _ = issued()
    assert code_of(token) == "proof-fails"
    assert code_of("~") == "proof-fails"
    assert code_of(f"{token}{'~x' * (MOST_DISCLOSURES + 1)}~") == "proof-fails"
    with pytest.raises(ProofError):
        read_sd_jwt("é~".encode())
    with pytest.raises(ProofError):
        verify_sd_jwt(read_sd_jwt(f"{token}~"), new_key(KeyKind.P256).public_key())


@pytest.mark.parametrize(
    "path", [("iss",), ("vct",), ("none",), ("marks", 7), ("name", "x"), ("marks", "x"), ("degree", 0)]
)
def test_a_claim_that_is_not_there_or_is_judged_by_is_not_hidden(path: Path) -> None:
    with pytest.raises(SignerError) as caught:
        issue_sd_jwt(CLAIMS, KEY, METHOD, [path])
    assert caught.value.code == "sd-jwt-claim"
    assert "marks" in CLAIMS


def test_two_credentials_with_the_same_claims_have_nothing_in_common() -> None:
    (first, ours), (second, theirs) = issued(), issued()
    assert not set(ours) & set(theirs)
    assert first.split(".")[1] != second.split(".")[1]


def test_a_holder_shows_any_part_and_nothing_of_what_is_left_out() -> None:
    token, disclosures = issued(HOLDER)
    whole = bind_sd_jwt("~".join([token, *disclosures, ""]), HOLDER, "them", "n", NOW)
    given = read_sd_jwt(whole)
    named = {each.disclosure: each.name for each in disclosed_in(given)}
    assert sorted(named.values(), key=str) == [None, "degree", "level", "mark", "name"]
    for count in range(len(disclosures) + 1):
        for left_out in combinations(disclosures, count):
            shown_part = present_sd_jwt(given, left_out)
            found = verify_sd_jwt(read_sd_jwt(shown_part), PUBLIC)
            assert (found.binding, digest_sd_jwt(shown_part.encode())) == (None, digest_sd_jwt(whole.encode()))
            assert not any(each in shown_part for each in left_out)
            # The level of a degree goes with the degree, and nothing else goes with anything.
            gone = {*left_out} | {each for each in named if named[each] == "level" and "degree" not in found.claims}
            assert read_sd_jwt(shown_part).disclosures == tuple(each for each in disclosures if each not in gone)
            there = by_openvc(shown_part)
            assert {name: there[name] for name in found.claims} == found.claims


@pytest.mark.parametrize("read", [unchecked_claims, disclosed_in, lambda given: present_sd_jwt(given, ())])
def test_a_part_is_made_of_what_belongs_together_alone(read: Any) -> None:
    token, disclosures = issued()
    _, others = issued()
    with pytest.raises(ProofError) as caught:
        read(read_sd_jwt("~".join([token, *disclosures, others[0], ""])))
    assert caught.value.code == "proof-fails"
