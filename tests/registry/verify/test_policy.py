"""Policy files: what they say, and that a mistake in one is named by its key."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import pytest

from registry.errors import SettingsError
from registry.proofs.notes import KeyKind, SignerKey
from registry.proofs.seals import MOST_VALIDATORS
from registry.quality.decision import Identifier
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


def test_accords_conditions_and_programmes_are_known_by_number_and_hash() -> None:
    read = parse_policy(
        '[[accords]]\nparty = 5\nname = "Accord"\n[[conditions]]\ntext = "Hire two.\\n"\n'
        '[[programmes]]\nidentifier = " urn:a "\n[[programmes]]\nidentifier = "urn:b"\nname = "Nursing"\n'
    )
    assert read.accord_names == {5: "Accord"}
    assert read.condition_texts == {sha256(b"Hire two.\n").digest(): "Hire two.\n"}
    assert read.programme_names == {sha256(b"urn:a").digest(): "urn:a", sha256(b"urn:b").digest(): "Nursing"}
    for text, message in (
        ('[[accords]]\nparty = 5\nname = "a"\n' * 2, "accords has party 5 twice"),
        ("[[conditions]]\n", "conditions[0].text: field required"),
        ('[[programmes]]\nidentifier = " "\n', "programmes[0].identifier: the programme has no identifier"),
        ('[[conditions]]\ntext = "x"\n' * 1_001, "conditions: tuple should have at most 1000 items"),
    ):
        with pytest.raises(SettingsError, match=re.escape(message)):
            parse_policy(text)


def registers(text: str, chain: str = 'chain = "eip155:1"\n') -> str:
    return f"{chain}[[registers]]\n{text}"


NAMED = 'register = "deqar"\nmirror = 12\nname = "DEQAR"\n'


def test_registers_are_those_of_a_mirror() -> None:
    policy = parse_policy(registers(NAMED + 'file = "a.register"\n[registers.parties]\n"deqar:X1" = 7\n'))
    (known,) = policy.registers
    assert (known.short_name, known.mirror, known.name, known.require) == ("deqar", 12, "DEQAR", False)
    assert known.file == ("a.register",)
    assert known.parties_by_identifier == {Identifier("deqar", "X1"): 7}
    several = parse_policy(registers(NAMED + 'file = ["a.register", "b.register"]\nrequire = true\n'))
    assert (several.registers[0].file, several.registers[0].require) == (("a.register", "b.register"), True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (registers(NAMED, chain=""), "registers are those of one chain, but chain names none"),
        (registers(NAMED + "[[registers]]\n" + NAMED), "registers has deqar of party 12 twice"),
        (registers(NAMED + 'party = "x"\n'), "a policy has no key registers[0].party"),
        (registers(NAMED.replace("12", "0")), "registers[0].mirror: "),
        (registers(NAMED.replace("12", '"12"')), "registers[0].mirror: "),
        (registers(NAMED.replace("deqar", "DEQAR")), "registers[0].register: "),
        (registers('mirror = 12\nname = "DEQAR"\n'), "registers[0].register: field required"),
        (registers(NAMED + "file = 7\n"), "registers[0].file: "),
        (registers(NAMED + 'file = ""\n'), "registers[0].file[0]: "),
        (registers(NAMED + f"file = {['a'] * 65}\n"), "registers[0].file: "),
        (registers(NAMED + '[registers.parties]\n"X1" = 7\n'), "is no identifier with its scheme"),
        (registers(NAMED + '[registers.parties]\n"deqar:X1" = "7"\n'), "registers[0].parties.deqar:X1: "),
        ('[[bodies]]\nparty = 1\nname = "A"\ncountry = "Utopia"\n', "bodies[0].country: 'Utopia' is no country"),
    ],
    ids=lambda value: "" if "\n" in value else value[:50],
)
def test_a_register_that_makes_no_sense_is_named(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        parse_policy(text)


def test_bodies_of_a_country_are_those_that_the_policy_says() -> None:
    text = '[[bodies]]\nparty = 1\nname = "A"\ncountry = "hr"\n[[bodies]]\nparty = 2\nname = "B"\n'
    assert parse_policy(text).bodies_of("HR") == {1: "A"}
