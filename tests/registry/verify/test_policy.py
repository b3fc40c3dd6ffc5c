"""Policy files: what they say, and that a mistake in one is named by its key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from registry.errors import SettingsError
from registry.proofs.notes import KeyKind, SignerKey
from registry.proofs.seals import MOST_VALIDATORS
from registry.verify.policy import Policy, parse_policy

REFERENCE = Path(__file__).parents[3] / "docs/reference/recognition.md"


def documented() -> str:
    found = re.search(r"```toml\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def test_the_documented_example() -> None:
    policy = parse_policy(documented().encode())
    assert (policy.chain, policy.jurisdiction, policy.require) == ("eip155:1", "HR", False)
    assert policy.trusted_bodies == {3: "Agency for Science and Higher Education"}
    assert policy.trusted_issuers == {7: "University of Examples"}
    assert policy.validator_names == {bytes.fromhex("c0ffee254729296a45a3885639ac7e10f9d54979"): "Ministry of Examples"}


def test_every_key_is_documented() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert all(f"| `{key}` |" in text for key in Policy.model_fields)


AUDITOR = SignerKey.new("auditor.example", KeyKind.NOTE).verifier
WITNESS = SignerKey.new("witness.example", KeyKind.COSIGNATURE).verifier


def auditors(*keys: object) -> str:
    return "".join(f'[[auditors]]\nname = "A"\nkey = "{key}"\n' for key in keys)


def test_auditors_are_known_by_their_keys() -> None:
    (known,) = parse_policy(auditors(AUDITOR)).auditors
    assert (known.name, known.verifier_key) == ("A", AUDITOR)
    for text, message in (
        (auditors(WITNESS), "auditors[0].key: it is the key of a witness"),
        (auditors("auditor.example"), "auditors[0].key: the key cannot be read"),
        (auditors(AUDITOR, AUDITOR), "auditors has a key twice"),
        ('[[auditors]]\nname = "A"', "auditors[0].key: field required"),
    ):
        with pytest.raises(SettingsError, match=re.escape(message)):
            parse_policy(text)


def test_nothing_is_a_policy() -> None:
    assert parse_policy("") == Policy()


@pytest.mark.parametrize(("written", "read"), [("hr", "HR"), ("191", "HR"), ("036", "AU"), ("999", "999"), ("", "")])
def test_a_country(written: str, read: str) -> None:
    assert parse_policy(f'jurisdiction = "{written}"').jurisdiction == read


BODY = '[[bodies]]\nparty = 3\nname = "A"\n'
CHAIN = 'chain = "eip155:1"\n'
VALIDATOR = f'[[validators]]\naddress = "0x{"ab" * 20}"\nname = "A"\n'


def test_validators_are_known_by_their_addresses() -> None:
    other = VALIDATOR.replace("ab", "CD")
    names = parse_policy(CHAIN + VALIDATOR + other).validator_names
    assert names == {b"\xab" * 20: "A", b"\xcd" * 20: "A"}
    assert parse_policy("").validator_names == {}


def test_as_many_validators_can_be_named_as_seals_are_counted_of() -> None:
    def naming(count: int) -> str:
        return CHAIN + "".join(VALIDATOR.replace("ab" * 20, f"{each:040x}") for each in range(count))

    assert len(parse_policy(naming(MOST_VALIDATORS)).validator_names) == MOST_VALIDATORS
    with pytest.raises(SettingsError, match="validators: "):
        parse_policy(naming(MOST_VALIDATORS + 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bodys = []", "no key bodys"),
        (BODY + "nmae = 1", "no key bodies[0].nmae"),
        ("[[bodies]]\nparty = 3", "bodies[0].name: field required"),
        (BODY + '[[bodies]]\nparty = "4"\nname = "B"', "bodies[1].party: "),
        (BODY + '[[bodies]]\nparty = 0\nname = "B"', "bodies[1].party: "),
        (BODY + '[[bodies]]\nparty = true\nname = "B"', "bodies[1].party: "),
        (BODY + '[[bodies]]\nparty = 18446744073709551616\nname = "B"', "bodies[1].party: "),
        (BODY + '[[bodies]]\nparty = 4\nname = ""', "bodies[1].name: "),
        (BODY + BODY, "bodies has party 3 twice"),
        (BODY.replace("bodies", "issuers") * 2, "issuers has party 3 twice"),
        ("issuers = 7", "issuers: "),
        ("issuers = [7]", "issuers[0]: "),
        (VALIDATOR, "validators are those of one chain, but chain names none"),
        (CHAIN + VALIDATOR + VALIDATOR.replace("ab", "AB"), f"validators has 0x{'ab' * 20} twice"),
        (CHAIN + VALIDATOR + "party = 1", "no key validators[0].party"),
        (CHAIN + VALIDATOR.replace('name = "A"', ""), "validators[0].name: field required"),
        (CHAIN + VALIDATOR.replace('"A"', '""'), "validators[0].name: "),
        (CHAIN + VALIDATOR.replace("0xab", "0x"), "validators[0].address: "),
        (CHAIN + VALIDATOR.replace("0xab", "abab"), "validators[0].address: "),
        (CHAIN + VALIDATOR.replace("0xab", "0xgg"), "validators[0].address: "),
        (CHAIN + '[[validators]]\naddress = 1\nname = "A"', "validators[0].address: "),
        ('jurisdiction = "XX"', "jurisdiction: 'XX' is no country"),
        ("jurisdiction = 191", "jurisdiction: "),
        ('require = "yes"', "require: "),
        ("require = true", "bodies names nobody"),
        ('chain = "1"', "chain: "),
        ('chain = "eip155:01"', "chain: "),
        ("bodies = [", "not TOML"),
        (b"\xff", "not TOML"),
        ("a = " + "[" * 5000 + "]" * 5000, ""),
    ],
)
def test_a_mistake_is_named(text: str | bytes, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_policy(text, where="policy.toml")
    assert message in caught.value.what
    assert (caught.value.where, caught.value.code) == ("policy.toml", "policy")
    assert caught.value.remedy
