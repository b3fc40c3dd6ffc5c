"""Evidence, headers and the hash of the code: the verifier in JavaScript takes and refuses what this program does."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

from registry.chain.editions import editions
from registry.chain.layout import slots_of
from registry.errors import EvidenceError
from registry.keccak import keccak
from registry.proofs.header import read_header
from registry.proofs.qbft import sealed_header
from registry.proofs.rlp import decode
from registry.records import Purpose
from tests.web.javascript import run_javascript

REPOSITORY = Path(__file__).parents[2]
SEED = random.Random(16)


def keccak_cases() -> list[Any]:
    """Around the ends of blocks, and longer ones."""
    texts = [SEED.randbytes(length) for length in (*range(3), *range(133, 140), *range(270, 275), 5_000)]
    return [{"data": base64.b64encode(text).decode(), "expect": keccak(text).hex()} for text in texts]


def hash_cases() -> list[Any]:
    places = [(1, "0x" + "00" * 19 + "01"), (2**64 - 1, "0x" + "ff" * 20)]
    places += [(SEED.randint(1, 10**19), "0x" + SEED.randbytes(20).hex()) for _ in range(6)]
    return [
        {
            "edition": edition.number,
            "chain": str(chain),
            "address": address,
            "expect": edition.code_hash(chain, address).hex(),
        }
        for edition in editions()
        for chain, address in [*places, (1, edition.address.lower())]
    ]


def accreditation_hash_cases() -> list[Any]:
    return [
        {
            "edition": edition.number,
            "chain": str(chain),
            "address": edition.accreditations_address(edition.address),
            "expect": edition.accreditations_code_hash(chain, edition.address).hex(),
        }
        for edition in editions()
        for chain in (1, 31337, 2**64 - 1, SEED.randint(1, 10**19))
    ]


def slot_cases() -> list[Any]:
    cases = []
    for edition in editions():
        slots = slots_of(edition)
        for issuer in (1, 7, 2**53 - 1):
            root, word, purpose = SEED.randbytes(32), SEED.randrange(2**24), SEED.choice(list(Purpose))
            expect = {
                "batch": slots.batch(issuer, root).hex(),
                "word": slots.word(issuer, root, purpose, word).hex(),
                "party": [slot.hex() for slot in slots.of_party(issuer)],
            }
            told = {"issuer": issuer, "root": "0x" + root.hex(), "word": word, "purpose": int(purpose)}
            cases.append({"edition": edition.number, **told, "expect": expect})
    return cases


def seal_cases() -> list[Any]:
    vectors = json.loads((REPOSITORY / "tests/vectors/evidence/seals.json").read_text("utf-8"))
    headers = {bytes.fromhex(case["header"][2:]) for case in vectors}
    return [{"header": base64.b64encode(header).decode(), "expect": told_of(header)} for header in sorted(headers)]


def told_of(header: bytes) -> dict[str, Any]:
    try:
        read, fields = read_header(header), decode(header)
        sealed = sealed_header(fields) if isinstance(fields, list) else None
    except EvidenceError as error:
        return {"code": error.code, "what": error.what}
    return {
        "hash": read.hash.hex(),
        "number": read.number,
        "signed": sealed and sealed.signed_hash.hex(),
        "seals": None if sealed is None else [seal.hex() for seal in sealed.seals],
    }


def test_javascript_proves_the_same(tmp_path: Path) -> None:
    cases = {
        "keccak": keccak_cases(),
        "hashes": hash_cases(),
        "accreditations": accreditation_hash_cases(),
        "slots": slot_cases(),
        "seals": seal_cases(),
    }
    run_javascript("proofs", cases, tmp_path)


def test_what_is_generated_is_as_the_program_has_it() -> None:
    script = REPOSITORY / "scripts" / "build_verifier.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
