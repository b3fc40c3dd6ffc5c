"""Pictures, PDF and XML: the verifier in JavaScript takes out of them what this program takes out."""

from __future__ import annotations

import base64
import random
from collections import Counter
from pathlib import Path
from typing import Any

from registry.credential.digest import Digest
from registry.document.reading import read_document
from registry.errors import ReceiptError
from registry.verify.checks import verify
from registry.verify.verdict import Trust
from tests.web.carried import by_hand, mutants
from tests.web.javascript import run_javascript
from tests.web.made import NOW

MUTANTS = 300
"""Of each kind; more of them are run by hand when a reader changes."""


def digest_json(digest: Digest | None) -> str | None:
    return None if digest is None else f"{digest.method} {digest.hex}"


def reading_case(name: str, data: bytes) -> dict[str, Any]:
    reading = read_document(data, name)
    return {
        "name": name,
        "data": base64.b64encode(data).decode(),
        "expect": {
            "digest": digest_json(reading.digest),
            "refusal": None if reading.refusal is None else reading.refusal.what,
            "own": [digest_json(each) for each in reading.own],
            "alike": [digest_json(each) for each in reading.alike],
            "parts": [
                [part.where, [*part.members], [digest_json(each) for each in part.digests], part.is_token]
                for part in reading.parts
            ],
            "receipts": [
                [each.where, each.read.code if isinstance(each.read, ReceiptError) else digest_json(each.read.digest)]
                for each in reading.receipts
            ],
            "carriers": list(reading.carriers),
            "unread": [[each.where, each.why, each.is_statement] for each in reading.unread],
            "signatures": list(reading.signatures),
            "isSelection": reading.is_selection,
            "revisions": reading.revisions,
        },
    }


def verdict_case(name: str, data: bytes) -> dict[str, Any]:
    verdict = verify(data, name, None, None, now=NOW, trust=Trust())
    return {
        "name": name,
        "data": base64.b64encode(data).decode(),
        "now": int(NOW.timestamp() * 1000),
        "expect": verdict.to_dict(),
    }


def test_what_is_taken_out_is_the_same(tmp_path: Path) -> None:
    written = [*by_hand()]
    readings = [reading_case(*each) for each in (*written, *mutants(random.Random(16), MUTANTS))]
    reasons = Counter(why for each in readings for _, why, _ in each["expect"]["unread"])
    assert sum(why.startswith("it is not XML") for why in reasons) > 15
    assert len(reasons) > 45
    verdicts = [verdict_case(*each) for each in written if len(each[1]) < 100_000]
    run_javascript("carriers", {"readings": readings, "verdicts": verdicts}, tmp_path)
