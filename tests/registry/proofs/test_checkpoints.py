"""Lists of blocks: their root against a slow reference, and every way to forge one."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import EvidenceError
from registry.proofs.checkpoints import (
    MOST_BYTES,
    MOST_ENTRIES,
    Checkpoints,
    Entry,
    body_of,
    checkpoints_of,
    read_checkpoints,
    tree_root,
)
from registry.proofs.notes import KeyKind, SignerKey
from registry.proofs.witnesses import WitnessPolicy, parse_witnesses

DAY = timedelta(days=1)
START = datetime(2026, 11, 26, 0, 0, 11, tzinfo=UTC)
LOG = SignerKey.new("blocks.example", KeyKind.NOTE)
WITNESSES = [SignerKey.new(f"w{each}.example", KeyKind.COSIGNATURE) for each in range(3)]
POLICY_TEXT = f"log {LOG.verifier}\n" + "".join(
    f"witness {name} {key.verifier}\n" for name, key in zip("ABC", WITNESSES, strict=True)
)
POLICY = parse_witnesses(f"{POLICY_TEXT}group two 2 A B C\nquorum two\n")
# The vectors of certificate-transparency's Merkle tree tests.
LEAVES = [bytes.fromhex(each) for each in ("", "00", "10", "2021", "3031", "40414243")] + [
    bytes.fromhex("5051525354555657"),
    bytes.fromhex("606162636465666768696a6b6c6d6e6f"),
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def slow_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word by word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\x01" + slow_root(leaves[:k]) + slow_root(leaves[k:])).digest()


def entries(count: int, chain: str = "eip155:1") -> list[Entry]:
    return [
        Entry(chain, 21_000_000 + 7_200 * each, sha256(f"{chain} {each}".encode()).digest(), START + each * DAY)
        for each in range(count)
    ]


def signed(made: Checkpoints, *signers: SignerKey) -> Checkpoints:
    for each in signers:
        made = made.with_signature(each.sign(made.note.text, START))
    return made


GOOD = signed(checkpoints_of("blocks.example", entries(5)), LOG, WITNESSES[0], WITNESSES[2])


def code_of(data: bytes, policy: WitnessPolicy = POLICY) -> str | None:
    try:
        read_checkpoints(data).trusted(policy)
    except EvidenceError as error:
        return error.code
    return None


def test_the_roots_of_others() -> None:
    assert [tree_root(LEAVES[:count]).hex() for count in range(1, 9)] == ROOTS


@given(st.lists(st.binary(max_size=5), max_size=70))
def test_the_root_is_that_of_the_rfc(leaves: list[bytes]) -> None:
    assert tree_root(leaves) == slow_root(leaves)


def test_a_list_is_a_text_with_a_form() -> None:
    one = checkpoints_of("blocks.example", entries(1))
    line = f"eip155:1 21000000 0x{sha256(b'eip155:1 0').hexdigest()} 2026-11-26T00:00:11Z"
    root = b64encode(sha256(b"\x00" + line.encode()).digest()).decode()
    signature = LOG.sign(f"blocks.example\n1\n{root}\n", START)
    assert bytes(signed(one, LOG)) == f"blocks.example\n1\n{root}\n\n{signature.line}\n{line}\n".encode()


def test_what_is_trusted_names_who_signed() -> None:
    read = read_checkpoints(bytes(GOOD))
    assert read == GOOD
    blocks = read.trusted(POLICY)
    assert (blocks.origin, blocks.witnesses, blocks.needed, dict(blocks.signed)) == (
        "blocks.example",
        ("A", "C"),
        2,
        {"A": START, "C": START},
    )
    found = blocks.block("eip155:1", 21_007_200)
    assert found is not None
    assert (found.hash, found.timestamp) == (entries(2)[1].hash, START + DAY)
    assert (found.origin, found.witnesses, found.needed) == ("blocks.example", ("A", "C"), 2)
    assert blocks.block("eip155:1", 21_000_001) is None
    assert blocks.block("eip155:10", 21_000_000) is None


def test_several_chains_stand_in_one_list() -> None:
    one, ten = entries(3), entries(2, "eip155:10")
    made = signed(checkpoints_of("blocks.example", [one[0], ten[0], one[1], ten[1], one[2]]), LOG, *WITNESSES)
    blocks = read_checkpoints(bytes(made)).trusted(POLICY)
    found = [blocks.block(each.chain, each.number) for each in (one[2], ten[1])]
    assert [each and each.hash for each in found] == [one[2].hash, ten[1].hash]


def test_who_is_missing_is_named() -> None:
    with pytest.raises(EvidenceError) as error:
        signed(checkpoints_of("blocks.example", entries(5)), LOG, WITNESSES[1]).trusted(POLICY)
    assert error.value.code == "checkpoint-quorum"
    assert "B signed, A, C did not, and at the least 2 of them have to (quorum two)" in error.value.what
    with pytest.raises(EvidenceError) as error:
        signed(checkpoints_of("blocks.example", entries(5)), *WITNESSES).trusted(POLICY)
    assert error.value.code == "checkpoint-log"


def test_the_forms_of_trust() -> None:
    alone = signed(checkpoints_of("blocks.example", entries(5)), LOG)
    assert alone.trusted(parse_witnesses(f"{POLICY_TEXT}quorum none")).witnesses == ()
    nested = parse_witnesses(f"{POLICY_TEXT}group two any A B\ngroup all all two C\nquorum all")
    assert GOOD.trusted(nested).witnesses == ("A", "C")
    assert code_of(bytes(signed(alone, WITNESSES[0], WITNESSES[1])), nested) == "checkpoint-quorum"
    # Whose signature does not count, is told, and not as one that counts.
    one = GOOD.trusted(parse_witnesses(f"{POLICY_TEXT}quorum C"))
    assert (one.witnesses, set(one.signed)) == (("C",), {"A", "C"})


def test_the_key_of_another_list_says_nothing_of_this_one() -> None:
    other = SignerKey("other.example", KeyKind.NOTE, LOG.private)
    made = checkpoints_of("blocks.example", entries(5))
    forged = signed(made, other, *WITNESSES)
    policy = parse_witnesses(POLICY_TEXT.replace(str(LOG.verifier), str(other.verifier)) + "quorum A")
    assert code_of(bytes(forged), policy) == "checkpoint-log"


def test_one_witness_that_signs_twice_counts_once() -> None:
    made = signed(checkpoints_of("blocks.example", entries(5)), LOG, WITNESSES[0])
    again = WITNESSES[0].sign(made.note.text, START + DAY)
    twice = replace(made, signatures=(*made.signatures, again))
    assert code_of(bytes(twice)) == "checkpoint-quorum"
    assert read_checkpoints(bytes(twice)).signers(POLICY)[1] == {"A": START + DAY}


def test_one_witness_with_two_keys_is_two_only_where_the_policy_says_so() -> None:
    second = SignerKey.new("w0.example", KeyKind.COSIGNATURE)
    made = signed(checkpoints_of("blocks.example", entries(5)), LOG, WITNESSES[0], second)
    assert code_of(bytes(made)) == "checkpoint-quorum"
    # A witness's key as if it were the key of a list, and the other way round.
    as_log = SignerKey("w1.example", KeyKind.NOTE, WITNESSES[1].private)
    assert code_of(bytes(signed(made, as_log))) == "checkpoint-quorum"


def lines_of(made: Checkpoints) -> tuple[str, list[str]]:
    head, _, below = bytes(made).decode().rpartition("\n\n")
    return head, below.removesuffix("\n").split("\n")


def with_lines(lines: list[str], made: Checkpoints = GOOD) -> bytes:
    return f"{lines_of(made)[0]}\n\n{''.join(f'{each}{chr(10)}' for each in lines)}".encode()


@pytest.mark.parametrize("at", range(5))
def test_whatever_is_changed_in_an_entry_is_not_what_was_signed(at: int) -> None:
    lines = lines_of(GOOD)[1]
    digit = "0" if lines[at][40] != "0" else "1"
    changed = f"{lines[at][:40]}{digit}{lines[at][41:]}"
    assert code_of(with_lines([*lines[:at], changed, *lines[at + 1 :]])) == "checkpoint-root"
    assert code_of(with_lines([*lines[:at], *lines[at + 1 :]])) == "checkpoint-root"
    assert code_of(with_lines([*lines[:at], lines[at], *lines[at:]])) == "checkpoint-root"
    swapped = lines.copy()
    swapped[at], swapped[at - 1] = swapped[at - 1], swapped[at]
    assert code_of(with_lines(swapped)) == "checkpoint-root"
    for other in (lines[at].replace("T00:00:11Z", "T00:00:12Z"), lines[at].replace("eip155:1 ", "eip155:11 ")):
        assert code_of(with_lines([*lines[:at], other, *lines[at + 1 :]])) == "checkpoint-root"


def test_another_name_or_size_is_not_what_was_signed() -> None:
    text = bytes(GOOD).decode()
    renamed = text.replace("blocks.example\n", "block5.example\n", 1).encode()
    # It is a list of another name, of which the policy has no key; the witnesses' signatures do not hold for it.
    assert code_of(renamed) == "note-signature"
    assert code_of(text.replace("\n5\n", "\n6\n", 1).encode()) == "checkpoint-root"
    smaller = signed(checkpoints_of("blocks.example", entries(4)), LOG, *WITNESSES)
    assert code_of(bytes(replace(GOOD, signatures=smaller.signatures))) == "note-signature"
    other = b64encode(bytes(32)).decode()
    root = text.split("\n")[2]
    assert code_of(text.replace(root, other).encode()) == "checkpoint-root"


def signed_text(text: str, lines: list[str]) -> bytes:
    """Whatever stands in it, with signatures that hold."""
    signatures = "".join(each.sign(text, START).line for each in (LOG, *WITNESSES))
    return f"{text}\n{signatures}\n{''.join(f'{each}{chr(10)}' for each in lines)}".encode()


def of_lines(lines: list[str], origin: str = "blocks.example") -> bytes:
    root = b64encode(tree_root([each.encode() for each in lines])).decode()
    return signed_text(f"{origin}\n{len(lines)}\n{root}\n", lines)


LINE = entries(1)[0].line


@pytest.mark.parametrize(
    "line",
    [
        "",
        LINE.replace("eip155:1", "eip155:01"),
        LINE.replace("eip155:1", "solana:1"),
        LINE.replace("21000000", "021000000"),
        LINE.replace("21000000", "-1"),
        LINE.replace("0x", "0X"),
        LINE[:20] + LINE[20:].upper(),
        LINE.replace("Z", "+00:00"),
        LINE.replace("11-26", "11-31"),
        LINE.replace("T00:00:11", "T24:00:00"),
        LINE.replace(" ", "  "),
        f" {LINE}",
        f"{LINE} ",
        f"{LINE}\r",
        LINE.replace("1", "１"),
    ],
)
def test_an_entry_has_one_form(line: str) -> None:
    assert code_of(of_lines([line])) == "checkpoint-form"
    assert code_of(of_lines([LINE])) is None


@pytest.mark.parametrize(
    "text",
    [
        "blocks.example\n1\n",
        f"blocks.example\n01\n{b64encode(bytes(32)).decode()}\n",
        f"blocks.example\n0\n{b64encode(bytes(32)).decode()}\n",
        f"blocks.example\n1\n{b64encode(bytes(31)).decode()}\n",
        f"blocks.example\n1\n{b64encode(bytes(32)).decode()[:-2]}B=\n",
        f"blocks example\n1\n{b64encode(bytes(32)).decode()}\n",
        # The form of a checkpoint has room for more; a list says nothing there.
        body_of("blocks.example", entries(1)) + "more\n",
    ],
)
def test_what_is_signed_has_one_form(text: str) -> None:
    assert code_of(signed_text(text, [LINE])) == "checkpoint-form"


@pytest.mark.parametrize("data", [b"", b"\n\n\n\n", bytes(GOOD)[:-1], bytes(GOOD) + b"\n", bytes(GOOD) + b"\xff\n"])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    assert code_of(data) in ("checkpoint-form", "checkpoint-root", "note-form")


def test_a_block_is_there_once_and_blocks_ascend() -> None:
    first, second, third = entries(3)
    twice = replace(second, hash=bytes(32))
    earlier = replace(third, timestamp=START - DAY)
    for wrong in ([first, second, twice], [second, first], [first, first], [first, second, earlier]):
        assert code_of(of_lines([each.line for each in wrong])) == "checkpoint-order"
        with pytest.raises(EvidenceError):
            checkpoints_of("blocks.example", wrong)
    # Two blocks of one second are in order.
    assert code_of(of_lines([first.line, replace(second, timestamp=first.timestamp).line])) is None


def test_sizes_are_looked_at_first() -> None:
    assert code_of(b"a" * (MOST_BYTES + 1)) == "checkpoint-size"
    head = lines_of(GOOD)[0].replace("\n5\n", f"\n{MOST_ENTRIES + 1}\n", 1)
    assert code_of(f"{head}\n\n".encode() + b"\n" * (MOST_ENTRIES + 1)) == "checkpoint-size"
    with pytest.raises(EvidenceError):
        checkpoints_of("blocks.example", [])


def test_the_largest_list_can_be_read() -> None:
    most = [
        Entry(f"eip155:{'9' * 32}", 10**15 + each, bytes(32), START + timedelta(hours=each))
        for each in range(MOST_ENTRIES)
    ]
    data = bytes(signed(checkpoints_of("blocks.example", most), LOG, *WITNESSES))
    assert len(data) < MOST_BYTES
    assert code_of(data) is None


def test_a_list_that_was_added_to_begins_with_the_one_before() -> None:
    longer = GOOD.with_entries(entries(7)[5:])
    assert longer.signatures == ()
    assert longer.begins_with(GOOD)
    assert not GOOD.begins_with(longer)
    assert not longer.begins_with(replace(GOOD, origin="other.example"))
    assert not longer.begins_with(
        checkpoints_of("blocks.example", [*entries(4), replace(entries(5)[4], hash=bytes(32))])
    )


@given(st.integers(1, 9), st.integers(0, 3000), st.binary(min_size=1, max_size=3))
def test_whatever_bytes_are_changed_the_blocks_are_those_that_were_signed(count: int, at: int, put: bytes) -> None:
    made = signed(checkpoints_of("blocks.example", entries(count)), LOG, *WITNESSES)
    data = bytes(made)
    changed = data[: at % len(data)] + put + data[at % len(data) + len(put) :]
    try:
        read = read_checkpoints(changed).trusted(POLICY)
    except EvidenceError:
        return
    assert set(read.entries.values()) == set(made.entries)
