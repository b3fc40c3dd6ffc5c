"""Who names a block: JavaScript believes the lists, policies and seals that this program believes, and no others."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature

from registry.errors import SettingsError
from registry.proofs.notes import KeyKind, SignerKey
from registry.proofs.witnesses import parse_witnesses
from tests.web.javascript import run_javascript

SEED = random.Random(16)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def policy_cases() -> list[Any]:
    log = SignerKey.new("blocks.example", KeyKind.NOTE).verifier
    keys = [SignerKey.new(f"w{number}.example", KeyKind.COSIGNATURE).verifier for number in range(4)]
    witnesses = "".join(f"witness w{number} {key}\n" for number, key in enumerate(keys))
    known = f"log {log}\n{witnesses}"
    texts = [
        "", "quorum none", f"log {log}\nquorum none\n", f"{known}quorum w1", f"{known}group g 2 w0 w1 w2\nquorum g\n",
        f"{known}group g any w0 w1\ngroup h all g w2 w3\nquorum h", f"{known}group g 3 w0 w1\nquorum g",
        f"{known}group g 0 w0 w1\nquorum g", f"{known}group w0 any w1\nquorum w0",
        f"{known}group g any w0 w0\nquorum g",
        f"{known}group g any w0\ngroup h any w0\nquorum h", f"{known}quorum w0\nquorum w1", f"{known}quorum nobody",
        f"{known}group none any w0\nquorum none", f"{known}{witnesses}quorum none", f"log {keys[0]}\nquorum none",
        f"witness a {log}\nquorum a", f"log {log} https://x.example more\nquorum none", "log x\nquorum none",
        f"log {str(log)[:-1]}\nquorum none", f"log {str(log).replace('+', '+0', 1)}\nquorum none", "quorum\n",
        f"# all\n\n \t\n{known}\tquorum  \t w0 ", "quorum none\r\n", "witness\x01 a b", "unheard of", "group g any",
        f"log {log}\nlog {log}\nquorum none",
    ]  # fmt: skip
    return [{"text": text, "expect": told(text)} for text in texts]


def told(text: str) -> dict[str, Any]:
    try:
        policy = parse_witnesses(text.encode())
    except SettingsError as error:
        return {"code": error.code, "what": error.what}
    return {
        "witnesses": list(policy.witnesses),
        "counting": list(policy.counting),
        "needed": policy.needed,
        "quorum": policy.quorum,
    }


def signature_cases() -> list[Any]:
    cases = []
    for number in range(40):
        r = SEED.choice([1, 2, 5, ORDER - 1]) if number < 8 else SEED.randrange(1, ORDER)
        s = SEED.choice([1, ORDER - 1]) if number % 5 == 0 else SEED.randrange(1, ORDER)
        signed = bytes(32) if number == 9 else SEED.randbytes(32)
        seal = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([number % 2])
        try:
            signer = Signature(seal).recover_public_key_from_msg_hash(signed).to_canonical_address().hex()
        except BadSignature:
            signer = None
        cases.append({"seal": seal.hex(), "hash": signed.hex(), "expect": signer})
    return cases


def test_javascript_believes_the_same(tmp_path: Path) -> None:
    signatures = signature_cases()
    assert {case["expect"] is None for case in signatures} == {True, False}
    run_javascript("grounds", {"policies": policy_cases(), "signatures": signatures}, tmp_path)
