"""What packages of others sign holds in our code, and nothing that was changed since."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

import pytest

from registry.errors import ProofError
from registry.proofs.signatures.keys import KeyKind, did_key, public_of
from registry.proofs.signatures.suites import Suite, verify_proof
from tests.interop.packages import Question
from tests.interop.product import KEYS, Product, exported, sample
from tests.interop.rows import TESTAMUR, Row, Section

PAIRS: Final = [(suite, kind) for suite in Suite for kind, key in KEYS.items() if suite.takes(key)]


def file_of(suite: Suite, kind: KeyKind) -> str:
    return f"credential signed by @digitalbazaar's `{suite}` on {kind}"


ROWS: Final = tuple(
    row
    for suite, kind in PAIRS
    for row in (
        Row(Section.SIGNED_BY_OTHERS, file_of(suite, kind), TESTAMUR, "signature holds"),
        Row(Section.SIGNED_BY_OTHERS, f"{file_of(suite, kind)}, one word changed", TESTAMUR, "signature does not hold"),
    )
)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    question = Question(Product())
    for suite, kind in PAIRS:
        key = KEYS[kind]
        document = sample(30, did_key(key))
        question.add(file_of(suite, kind), "sign", document=document, suite=suite.value, key=exported(key))
    return question.asked()


@pytest.mark.parametrize(("suite", "kind"), PAIRS)
def test_what_others_sign_holds(told: dict[str, Any], suite: Suite, kind: KeyKind) -> None:
    document = told[file_of(suite, kind)]["value"]
    proofs = document["proof"] if isinstance(document["proof"], list) else [document["proof"]]
    (proof,) = (each for each in proofs if each["cryptosuite"] == suite)
    public = public_of(KEYS[kind])
    verify_proof(document, proof, public)
    for harm in (_renamed, _redated):
        changed = deepcopy((document, proof))
        harm(*changed)
        with pytest.raises(ProofError) as refused:
            verify_proof(*changed, public)
        assert refused.value.code == "proof-fails"
    for other, key in KEYS.items():
        if other != kind:
            with pytest.raises(ProofError):
                verify_proof(document, proof, public_of(key))


def _renamed(document: dict[str, Any], proof: dict[str, Any]) -> None:
    document["credentialSubject"]["achievement"]["name"] += "!"


def _redated(document: dict[str, Any], proof: dict[str, Any]) -> None:
    proof["created"] = "2026-06-01T12:00:01Z"
