"""Verdicts: a thousand at random, each the same in both languages, to the last letter."""

from __future__ import annotations

import base64
import random
from collections import Counter
from pathlib import Path
from typing import Any

from registry.verify.checks import verify
from registry.verify.verdict import FactsUnavailable
from tests.web.javascript import run_javascript
from tests.web.made import NOW, Case, case, facts_json, policy_json, trust_json

CASES = 1_000
NO_LEDGER = FactsUnavailable(
    "no-evidence",
    "Accreditations and recognitions are in no receipt, and no endpoint was asked.",
    "Verify with an endpoint of the chain.",
)


def coded(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def with_verdict(made: Case) -> dict[str, Any]:
    verdict = verify(
        made.document,
        made.name,
        made.receipt,
        made.facts,
        now=NOW,
        trust=made.trust,
        policy=made.policy,
        ledger=NO_LEDGER,
    )
    return {
        "document": coded(made.document),
        "name": made.name,
        "receipt": coded(made.receipt_file),
        "facts": facts_json(made.facts),
        "now": int(NOW.timestamp() * 1000),
        "trust": trust_json(made.trust),
        "policy": policy_json(made.policy),
        "expect": verdict.to_dict(),
    }


def test_a_thousand_verdicts_are_the_same(tmp_path: Path) -> None:
    chance = random.Random(16)
    cases = [with_verdict(case(chance)) for _ in range(CASES)]
    codes = Counter(check["code"] for each in cases for check in each["expect"]["checks"])
    assert len(codes) > 60
    assert {each["expect"]["overall"] for each in cases} == {
        "valid", "valid with a warning", "not valid", "could not be checked",
    }  # fmt: skip
    run_javascript("verdicts", {"cases": cases}, tmp_path)
