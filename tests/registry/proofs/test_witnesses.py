"""Policies of witnesses: whose signatures are enough, and what a policy cannot say."""

from __future__ import annotations

from hashlib import sha256
from itertools import combinations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import SettingsError
from registry.proofs.notes import KeyKind, SignerKey, VerifierKey
from registry.proofs.witnesses import MOST_BYTES, MOST_OF_A_KIND, WitnessPolicy, parse_witnesses


def key(name: str, kind: KeyKind = KeyKind.COSIGNATURE) -> VerifierKey:
    # The same in every process: names of tests have keys in them.
    private = Ed25519PrivateKey.from_private_bytes(sha256(f"{name} {kind}".encode()).digest())
    return SignerKey(name, kind, private).verifier


W = [key(f"w{each}.example") for each in range(6)]
LOG = key("blocks.example", KeyKind.NOTE)
# The example of C2SP tlog-policy.
SPEC = f"""log {LOG}

witness X1 {W[0]}
witness X2 {W[1]}
witness X3 {W[2]}
group X-witnesses 2 X1 X2 X3

witness Y1 {W[3]}
witness Y2 {W[4]}
witness Y3 {W[5]}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


def test_the_example_of_the_specification() -> None:
    policy = parse_witnesses(SPEC.encode())
    assert policy.logs == (LOG,)
    assert {name: each.key for name, each in policy.witnesses.items()} == dict(
        zip(["X1", "X2", "X3", "Y1", "Y2", "Y3"], W, strict=True)
    )
    assert (policy.needed, policy.counting) == (3, ("X1", "X2", "X3", "Y1", "Y2", "Y3"))
    for count in range(7):
        for signers in combinations(policy.witnesses, count):
            enough = sum(each[0] == "X" for each in signers) >= 2 and any(each[0] == "Y" for each in signers)
            assert policy.met_by(signers) is enough, signers


def test_a_name_twice_is_one_witness() -> None:
    policy = parse_witnesses(SPEC)
    assert not policy.met_by(["X1", "X1", "Y1"])
    assert not policy.met_by(["X-witnesses", "Y-witnesses", "X-and-Y"]), "a group signs nothing itself"


# As github.com/transparency-dev/formats, policy/tlog_policy_test.go, has them.
def test_what_a_policy_may_say() -> None:
    assert parse_witnesses("quorum none\n") == WitnessPolicy((), {}, {}, None)
    spaced = parse_witnesses(
        f"\n# comment\n\t # another comment\n\twitness \t w1  {W[0]}   https://w1.example/  \n\n  quorum\tw1"
    )
    assert (list(spaced.witnesses), spaced.quorum, spaced.needed) == (["w1"], "w1", 1)
    words = parse_witnesses(f"witness all {W[0]}\nwitness any {W[1]}\ngroup group 2 all any\nquorum group\n")
    assert words.met_by(["all", "any"])
    assert not words.met_by(["all"])
    # A Kelvin sign is no K, and a space that is not ASCII parts nothing.
    kelvin = parse_witnesses(f"witness K {W[0]}\nwitness \u212a {W[1]}\nwitness a\u00a0b {W[2]}\nquorum \u212a\n")
    assert (kelvin.met_by(["K"]), kelvin.met_by(["\u212a"]), "a\u00a0b" in kelvin.witnesses) == (False, True, True)
    none = parse_witnesses(f"log {LOG} https://log.example/\nwitness w1 {W[0]}\nquorum none\n")
    assert (none.met_by([]), none.needed, none.counting) == (True, 0, ())


def test_who_is_not_asked_for_does_not_count() -> None:
    policy = parse_witnesses(f"witness a {W[0]}\nwitness b {W[1]}\nquorum a\n")
    assert policy.counting == ("a",)
    assert not policy.met_by(["b"])


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("quorum none\n\x01", 2, "control"),
        ("quorum none\r\n", 1, "CRLF"),
        ("quibble w1\nquorum none\n", 1, "no line begins with"),
        (f"witness w1 {W[0]} https://w1.example/ # comment\nquorum w1\n", 1, "other parts"),
        ("log\nquorum none\n", 1, "other parts"),
        ("log garbage\nquorum none\n", 1, "key cannot be read"),
        (f"log {W[0]}\nquorum none\n", 1, "type 0x01"),
        (f"log {LOG}\nlog {LOG} https://log.example/\nquorum none\n", 2, "already"),
        ("witness w1\nquorum none\n", 1, "other parts"),
        (f"witness w1 {LOG}\nquorum w1\n", 1, "type 0x04"),
        (f"witness w1 w1.example+00000000+{str(W[0]).rpartition('+')[2]}\nquorum w1\n", 1, "key cannot be read"),
        (f"witness none {W[0]}\nquorum none\n", 1, "taken"),
        (f"witness w1 {W[0]}\nwitness w1 {W[1]}\nquorum w1\n", 2, "taken"),
        (f"witness w1 {W[0]}\ngroup w1 any w1\nquorum w1\n", 2, "taken"),
        (f"witness w1 {W[0]}\ngroup g1 1\nquorum w1\n", 2, "other parts"),
        (f"witness w1 {W[0]}\ngroup none any w1\nquorum none\n", 2, "taken"),
        (f"witness w1 {W[0]}\ngroup g1 0 w1\nquorum g1\n", 2, "are enough"),
        (f"witness w1 {W[0]}\ngroup g1 -1 w1\nquorum g1\n", 2, "are enough"),
        (f"witness w1 {W[0]}\ngroup g1 01 w1\nquorum g1\n", 2, "are enough"),
        (f"witness w1 {W[0]}\ngroup g1 ١ w1\nquorum g1\n", 2, "are enough"),
        (f"witness w1 {W[0]}\ngroup g1 2 w1\nquorum g1\n", 2, "are enough"),
        (f"witness w1 {W[0]}\ngroup g1 any w2\nquorum g1\n", 2, "who 'w2' is"),
        (f"group g1 any w1\nwitness w1 {W[0]}\nquorum g1\n", 1, "who 'w1' is"),
        (f"witness w1 {W[0]}\ngroup g1 any g1\nquorum g1\n", 2, "who 'g1' is"),
        (f"witness w1 {W[0]}\ngroup g1 any none w1\nquorum g1\n", 2, "who 'none' is"),
        (f"witness w1 {W[0]}\ngroup g1 all w1 w1\nquorum g1\n", 2, "counts once"),
        (f"witness w1 {W[0]}\nwitness w2 {W[1]}\ngroup g1 any w1 w2\ngroup g2 any w1\nquorum g1\n", 4, "counts once"),
        (f"witness w1 {W[0]}\nquorum w1\nquorum w1\n", 3, "already"),
        (f"quorum w1\nwitness w1 {W[0]}\n", 1, "who 'w1' is"),
        ("quorum\n", 1, "other parts"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(text: str, line: int, why: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse_witnesses(text, where="policy.txt")
    assert (error.value.code, error.value.where) == ("witness-policy", f"policy.txt, line {line}")
    assert why in error.value.what
    assert error.value.remedy


def test_one_key_under_two_names_is_no_second_witness() -> None:
    impostor = VerifierKey("impostor.example", KeyKind.COSIGNATURE, W[0].public)
    with pytest.raises(SettingsError, match="line 2: a witness with this key is there already"):
        parse_witnesses(f"witness w1 {W[0]}\nwitness w2 {impostor}\nquorum w1\n")


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"\xff", b"#" * (MOST_BYTES + 1)])
def test_what_is_no_policy_is_refused(data: bytes) -> None:
    with pytest.raises(SettingsError) as error:
        parse_witnesses(data)
    assert error.value.code == "witness-policy"


def test_there_is_an_end_to_them() -> None:
    many = "".join(f"witness w{each} {key(f'w{each}.example')}\n" for each in range(MOST_OF_A_KIND))
    members = " ".join(f"w{each}" for each in range(MOST_OF_A_KIND))
    assert parse_witnesses(f"{many}group g all {members}\nquorum g").needed == MOST_OF_A_KIND
    with pytest.raises(SettingsError, match=f"line {MOST_OF_A_KIND + 1}"):
        parse_witnesses(f"{many}witness more {W[0]}\nquorum more")
    chain = f"witness w {W[0]}\ngroup g0 any w\n" + "".join(
        f"group g{each} any g{each - 1}\n" for each in range(1, MOST_OF_A_KIND)
    )
    assert parse_witnesses(f"{chain}quorum g{MOST_OF_A_KIND - 1}").met_by(["w"])


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=2), st.integers(1, 2))
def test_no_fewer_than_needed_are_enough_and_some_as_many_are(groups: list[tuple[int, int]], most: int) -> None:
    names, lines = iter(range(6)), []
    for place, (size, threshold) in enumerate(groups):
        members = [next(names) for _ in range(size)]
        lines += [f"witness w{each} {W[each]}" for each in members]
        lines.append(f"group g{place} {min(threshold, size)} {' '.join(f'w{each}' for each in members)}")
    lines.append(f"group all {min(most, len(groups))} {' '.join(f'g{place}' for place in range(len(groups)))}")
    policy = parse_witnesses("\n".join([*lines, "quorum all"]))
    met = [count for count in range(7) if any(map(policy.met_by, combinations(policy.witnesses, count)))]
    assert min(met) == policy.needed
