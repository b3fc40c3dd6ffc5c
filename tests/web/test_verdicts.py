"""Verdicts: a thousand at random, each the same in both languages, to the last letter."""

from __future__ import annotations

import base64
import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from registry.document.reading import read_document
from registry.errors import ReceiptError
from registry.language.said import say
from registry.levels.bundled import bundled_maps
from registry.proofs.signatures.keys import did_key_method
from registry.proofs.signatures.suites import sign
from registry.receipt.model import Receipt, parse, to_json
from registry.recognition.ledger import Ledger
from registry.verify.checks import verify
from registry.verify.receipts import Judged, decided
from registry.verify.verdict import REPLACEMENT_UNKNOWN, FactsUnavailable
from tests.web.javascript import run_javascript
from tests.web.ledgers import ledger_json, not_read_here
from tests.web.made import (
    KEYS,
    NOW,
    Case,
    case,
    digest_for,
    facts_about,
    facts_json,
    policy_json,
    receipt_of,
    trust_json,
    trust_of,
    written,
)
from tests.web.said import CONTENTS, translated

CASES = 1_000
NO_LEDGER = FactsUnavailable.saying("no-evidence", say("chain.noLedger"), say("chain.useEndpoint"))


def coded(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def with_verdict(made: Case, ledger: Ledger | FactsUnavailable | None = NO_LEDGER, here: str = "") -> dict[str, Any]:
    verdict = verify(
        made.document,
        made.name,
        made.receipt,
        made.facts,
        now=NOW,
        trust=made.trust,
        policy=made.policy,
        ledger=ledger,
        registers=not_read_here(made.policy),
        levels=bundled_maps,
        here=here,
    )
    return {
        "document": coded(made.document),
        "name": made.name,
        "receipt": coded(made.receipt_file),
        "facts": facts_json(made.facts),
        "ledger": ledger_json(ledger),
        "now": int(NOW.timestamp() * 1000),
        "trust": trust_json(made.trust),
        "policy": policy_json(made.policy),
        "here": here,
        "expect": verdict.to_dict(),
        "translated": translated(verdict),
    }


def with_several(chance: random.Random) -> dict[str, Any]:
    """A document with several receipts, each judged by facts of its own, and the verdict by all of them."""
    document, name = written(chance)
    reading = read_document(document, name)
    trust, issuer = trust_of(chance), chance.choice([None, None, 7])
    judged, given = [], []
    for _ in range(chance.randint(1, 5)):
        receipt: Receipt | ReceiptError = receipt_of(chance, digest_for(chance, document, name))
        file = to_json(receipt)
        if chance.random() < 0.1:
            file, receipt = b"x", outcome_of(b"x")
        facts = facts_about(chance, receipt) if isinstance(receipt, Receipt) else None
        if chance.random() < 0.1:
            facts = FactsUnavailable(REPLACEMENT_UNKNOWN, "it is not known", "Ask")
        judged.append(Judged(receipt, verify(reading, name, receipt, facts, now=NOW, trust=trust)))
        given.append({"receipt": coded(file), "facts": facts_json(facts)})
    return {
        "document": coded(document),
        "name": name,
        "given": given,
        "issuer": issuer,
        "now": int(NOW.timestamp() * 1000),
        "trust": trust_json(trust),
        "expect": decided(judged, [digest.value for digest in reading.own], issuer).to_dict(),
    }


def signed_with_more_context() -> bytes:
    """A document that gained a context since it was signed, which has no canonical form."""
    document = sign({"@context": ["https://www.w3.org/ns/credentials/v2"]}, KEYS[0], did_key_method(KEYS[0]), NOW)
    return json.dumps(document | {"@context": [*document["@context"], "\ud800"]}).encode()


def outcome_of(file: bytes) -> Receipt | ReceiptError:
    try:
        return parse(file)
    except ReceiptError as error:
        return error


def test_a_thousand_verdicts_are_the_same(tmp_path: Path) -> None:
    chance = random.Random(16)
    cases = [with_verdict(case(chance)) for _ in range(CASES)]
    codes = Counter(check["code"] for each in cases for check in each["expect"]["checks"])
    assert len(codes) > 60
    assert {each["expect"]["overall"] for each in cases} == {
        "valid", "valid with a warning", "not valid", "could not be checked",
    }  # fmt: skip
    cases.append(with_verdict(replace(case(chance), document=signed_with_more_context(), name="diploma.json")))
    assert "signature-broken" in {check["code"] for check in cases[-1]["expect"]["checks"]}
    several = [with_several(chance) for _ in range(300)]
    assert sum(bool(each["expect"]["otherReceipts"]) for each in several) > 200
    run_javascript("verdicts", {"cases": cases, "several": several, "contents": CONTENTS}, tmp_path)
