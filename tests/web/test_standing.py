"""Accreditation and recognition: what a policy with bodies makes of a ledger is the same in both languages."""

from __future__ import annotations

import json
import random
import re
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from registry.errors import SettingsError
from registry.proofs.notes import KeyKind, SignerKey
from registry.recognition.scope import Scope, ScopeNumbers
from registry.verify.policy import parse_policy
from registry.verify.verdict import Trust
from tests.web.javascript import run_javascript
from tests.web.ledgers import PROGRAMMES, ledger_or_not, of_an_accord, policy, scope_json, stated, with_registers
from tests.web.made import case, in_order, policy_json
from tests.web.said import CONTENTS
from tests.web.test_verdicts import with_verdict

CASES = 800
"""10,000 were compared by hand."""
CODES = {
    "accredited", "accredited-then", "accredited-since", "scope-unstated", "no-accreditation-on-record",
    "recognised", "recognised-then", "recognised-since", "recognition-not-needed", "no-recognition-on-record",
    "no-anchor-time", "chain-behind", "other-chain", "issuer-accredited", "head-stale", "not-proved",
    "registers-not-read-here",
}  # fmt: skip
SAID = (
    "was not yet on record", "was offered and not accepted", "was refused by its holder", "was suspended",
    "had been withdrawn", "is void", "begins on", "ended on", "than body", "one programme alone", "is conditional",
    "by what was on record then", "itself accredited by", "between body", "only to accredit others",
    "does not say its field, level", "type-27", "…) by body", "the accord (party", "the accord Seoul Accord (party",
    "is a joint decision about one programme", ", ….", "by the text in your policy",
    "“Hire two professors by",
    "programme “https://uni.example/medicine” (0x", "programme “Medicine” (0x", "programme 0x",
)  # fmt: skip


def with_ledger(chance: random.Random) -> dict[str, Any]:
    made = case(chance) if chance.random() < 0.1 else in_order(chance, stated(chance))
    asked = with_registers(chance, policy(chance))
    made = replace(made, policy=asked, trust=chance.choice([made.trust, Trust(), Trust(frozenset({8}))]))
    return with_verdict(made, ledger_or_not(chance), chance.choice(["", "", "HR", "FR", "IE", "GB", "AQ", "999"]))


def through_an_accord(chance: random.Random) -> dict[str, Any]:
    named = {"credentialSubject": {"achievement": {"id": PROGRAMMES[0]}}}
    made = replace(in_order(chance, named), policy=with_registers(chance, policy(chance)), trust=Trust())
    return with_verdict(made, of_an_accord(chance))


def test_standings_are_the_same(tmp_path: Path) -> None:
    chance = random.Random(18)
    cases = [with_ledger(chance) for _ in range(CASES)]
    cases += [through_an_accord(chance) for _ in range(CASES // 8)]
    checks = [check for each in cases for check in each["expect"]["checks"]]
    codes = Counter(check["code"] for check in checks)
    assert {code: codes[code] for code in CODES if not codes[code]} == {}
    texts = " ".join(check["text"] for check in checks)
    assert [each for each in SAID if each not in texts] == []
    cards = [each["expect"]["levelCard"] for each in cases if "levelCard" in each["expect"]]
    rows = [row for card in cards for row in card["rows"]]
    assert {row["place"] for row in rows} == {"there", "here"}
    assert {row["match"] for row in rows} == {"exact", "close"}
    assert {"eqf", "ie-nfq"} <= {card["framework"] for card in cards}
    assert {"place-unknown", "no-framework"} <= {gap["code"] for card in cards for gap in card["unknown"]}
    run_javascript("verdicts", {"cases": cases, "contents": CONTENTS}, tmp_path)


def of_numbers(numbers: ScopeNumbers) -> Any:
    try:
        return scope_json(Scope.from_numbers(numbers))
    except SettingsError:
        return None


def test_scopes_are_read_as_the_contract_has_them(tmp_path: Path) -> None:
    chance = random.Random(16)
    made = [
        ScopeNumbers(
            chance.choice([0, 6, 61, 613, 9_999, 10_000]),
            chance.choice([0, 2, 3, 4, 4, 1, 5]),
            chance.choice([1, 1, 1, 0, 6]),
            chance.choice([8, 8, 6, 5, 9]),
            chance.choice([0, 1 << 6, chance.getrandbits(32), (1 << 32) - 1]),
            chance.choice([0, 191, 705, 8, 999, 1_000]),
            chance.choice([bytes(32), b"p" * 32]),
        )
        for _ in range(500)
    ]
    scopes = [
        {"numbers": {**each._asdict(), "programme": each.programme.hex()}, "expect": of_numbers(each)} for each in made
    ]
    assert 100 < sum(each["expect"] is not None for each in scopes) < 400
    run_javascript(
        "standing", {"scopes": [{**each, "numbers": in_camel_case(each["numbers"])} for each in scopes]}, tmp_path
    )


def in_camel_case(members: dict[str, Any]) -> dict[str, Any]:
    return {re.sub("_(.)", lambda found: found[1].upper(), name): value for name, value in members.items()}


def toml(table: str, /, **members: object) -> str:
    return "".join(
        [f"[[{table}]]\n", *(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in members.items())]
    )


KEY = str(SignerKey.new("auditor.example", KeyKind.NOTE).verifier)
WITNESS = str(SignerKey.new("witness.example", KeyKind.COSIGNATURE).verifier)
ADDRESS = "0xC0ffee254729296a45a3885639AC7E10F9d54979"
LONGEST = f"eip155:{10**31}"
BODY = toml("bodies", party=3, name="Agency")
NAMED = toml("programmes", identifier=" urn:x ", name="Medicine")
CHAIN = 'chain = "eip155:1"\n'
REGISTER = toml("registers", register="deqar", mirror=12, name="DEQAR")
POLICIES = [
    "",
    f'chain = "eip155:1"\njurisdiction = "hr"\nrequire = true\n{BODY}' + toml("issuers", party=7, name="University"),
    BODY + toml("bodies", party=4, name="x" * 200),
    toml("auditors", name="Auditors", key=KEY),
    'chain = "eip155:1"\n' + toml("validators", address=ADDRESS, name="Ministry"),
    *(f'jurisdiction = "{each}"' for each in ("", "191", "000", "999", "SS", "\u00df", "XX", "HRV", "19", "h")),
    *(f"{each} = 1" for each in ("chain", "jurisdiction", "require", "bodies", "requires", "issuers", "auditors")),
    *(f'chain = "{each}"' for each in ("1", "eip155:0", "eip155:01", "eip155:1\\n", "a:1", LONGEST, f"{LONGEST}0")),
    "require = true",
    BODY * 2,
    toml("issuers", party=3, name="a") + toml("issuers", party=3, name="b"),
    *(toml("bodies", party=each, name="x") for each in (0, -1, True, "3", 3.5)),
    *(toml("bodies", party=3, name=each) for each in ("", "x" * 201, "\U0001f600" * 200, 5)),
    toml("bodies", party=3),
    toml("bodies", name="x"),
    toml("bodies", party=3, name="x", nmae="y"),
    toml("auditors", name="x", key=WITNESS),
    toml("auditors", name="x", key=KEY[:-1]),
    toml("auditors", name="x", key=KEY) * 2,
    toml("validators", address=ADDRESS, name="x"),
    *('chain = "eip155:1"\n' + each for each in (
        toml("validators", address=ADDRESS, name="x") + toml("validators", address=ADDRESS.lower(), name="y"),
        toml("validators", address=ADDRESS[:-1], name="x"),
        "".join(toml("validators", address=f"0x{number:040x}", name="x") for number in range(101)),
    )),
    BODY + toml("accords", party=5, name="Seoul Accord") + toml("conditions", text="Hire two.\n") + NAMED,
    *(toml("bodies", party=3, name="x", country=each) for each in ("HR", "hr", "191", "", "XX", 5)),
    toml("accords", party=5, name="a") * 2,
    toml("accords", party=5),
    *(toml("conditions", text=each) for each in ("", "x" * 20_000, "x" * 20_001, "\U0001f600" * 20_000, 5)),
    toml("conditions", text="x", name="y"),
    toml("conditions"),
    toml("conditions", text="x") * 1_001,
    *(toml("programmes", identifier=each) for each in ("x", " x\u2003", "", " \t\u3000", "x" * 2_001, 5)),
    *(toml("programmes", identifier="x", name=each) for each in ("", "y", "y" * 201, 5)),
    toml("programmes", name="y"),
    toml("programmes", identifier="x") * 2,
    REGISTER,
    CHAIN + REGISTER + toml("registers", register="own", mirror=3, name="Ours"),
    CHAIN + REGISTER * 2,
    CHAIN + REGISTER + toml("registers", register="deqar", mirror=13, name="b"),
    CHAIN + 'registers = [{register = "x", mirror = 1, name = "y", parties = {"deqar:A" = 7, "local:b:c" = 7}}]',
    *(f'{CHAIN}registers = [{{register = "x", mirror = 1, name = "y", parties = {{"{each}" = 7}}}}]' for each in (
        "deqar", "deqar:", "Deqar:A", ":A", "deqar: ", "9:a")),
    *(CHAIN + toml("registers", **{"register": "x", "mirror": 1, "name": "y", key: value}) for key, value in (
        ("register", "X"), ("register", ""), ("register", "x" * 65), ("mirror", 0), ("mirror", "1"), ("name", ""),
        ("file", "a.register"), ("file", ["a", "b"]), ("file", ""), ("file", []), ("file", [5]), ("file", 5),
        ("file", ["a"] * 65), ("require", True), ("require", "yes"), ("parties", []), ("of", 1))),
    CHAIN + "".join(toml("registers", register=f"r{number}", mirror=1, name="x") for number in range(17)),
]  # fmt: skip


def policy_case(text: str) -> dict[str, Any]:
    given = tomllib.loads(text)
    try:
        read = parse_policy(text)
    except SettingsError as error:
        return {"given": given, "refused": error.what}
    validators = [["0x" + address.hex(), name] for address, name in read.validator_names.items()]
    return {"given": given, "expect": {**policy_json(read), "validators": validators}}


def test_policies_are_taken_or_refused_alike(tmp_path: Path) -> None:
    policies = [policy_case(text) for text in POLICIES]
    assert 10 < sum("expect" in each for each in policies) < len(policies) - 20
    run_javascript("standing", {"policies": policies}, tmp_path)
