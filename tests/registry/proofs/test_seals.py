"""Validators' seals: whoever has sealed a block is counted, nobody else, and its hash is the one that its chain says.

Headers are made with another RLP library and anvil's keys (`scripts/build_seal_vectors.py`), and taken from the tests
of others, each with its source (`seals-of-others.json`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import rlp as slow_rlp
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import EvidenceError
from registry.proofs import sealed_by
from registry.proofs.header import MOST_BYTES, header_of, read_header
from registry.proofs.qbft import MIX_HASH, sealed_header
from registry.proofs.rlp import decode
from registry.proofs.seals import MOST_VALIDATORS, Sealed, quorum_of
from scripts.build_seal_vectors import (
    ADDRESSES,
    OTHER,
    SIX,
    STRANGER,
    extra,
    hash_of,
    header,
    other_form,
    sealed,
    seals_of,
    with_seals,
)

REPOSITORY = Path(__file__).parents[3]
FOLDER = REPOSITORY / "tests" / "vectors" / "evidence"
OTHERS: list[dict[str, Any]] = json.loads((FOLDER / "seals-of-others.json").read_text("utf-8"))
REAL, BESU, IBFT = OTHERS
SUBSETS = st.sets(st.integers(0, 5))
ROUNDS = st.integers(0, 2**31 - 1)


def data(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def told(found: Sealed) -> dict[str, Any]:
    return {
        "blockHash": f"0x{found.block_hash.hex()}",
        "number": found.number,
        "timestamp": int(found.timestamp.timestamp()),
        "sealers": [f"0x{address.hex()}" for address in found.sealers],
        "quorum": found.quorum,
    }


def code_of(encoded: bytes, validators: Any = ADDRESSES) -> str:
    with pytest.raises(EvidenceError) as refused:
        sealed_by(encoded, validators)
    return refused.value.code


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["name"]) for case in json.loads((FOLDER / "seals.json").read_text("utf-8"))]
)
def test_the_vectors(case: dict[str, Any]) -> None:
    encoded, validators = data(case["header"]), [data(address) for address in case["validators"]]
    if "refused" in case["expect"]:
        assert code_of(encoded, validators) == case["expect"]["refused"]
    else:
        assert told(sealed_by(encoded, validators)) == case["expect"]


def test_they_are_what_the_script_builds() -> None:
    script = REPOSITORY / "scripts" / "build_seal_vectors.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_block_of_a_real_chain_has_the_hash_that_its_node_says() -> None:
    found = header_of(REAL["block"])
    assert found.hash == data(REAL["block"]["hash"])
    # The seals are what proves it: they stay in it.
    assert data(REAL["block"]["extraData"]) in found.encoded
    assert read_header(found.encoded) == found
    assert REAL["expect"].items() <= told(sealed_by(found.encoded, [data(REAL["validators"][0])])).items()


def test_what_besus_validators_sign_is_what_others_find_that_they_sign() -> None:
    fields = decode(data(BESU["header"]))
    assert isinstance(fields, list)
    taken = sealed_header(fields)
    assert taken is not None
    assert taken.signed_hash == data(BESU["signedHash"])
    found = sealed_by(data(BESU["header"]), [data(address) for address in BESU["validators"]])
    assert BESU["expect"].items() <= told(found).items()


def test_a_chain_with_the_same_mix_hash_and_other_hashes_is_refused() -> None:
    assert data(IBFT["block"]["mixHash"]) == MIX_HASH
    with pytest.raises(EvidenceError) as refused:
        header_of(IBFT["block"])
    assert refused.value.code == IBFT["expect"]["refused"]


@given(SUBSETS, SUBSETS, ROUNDS, st.randoms(use_true_random=False))
def test_exactly_those_of_the_named_who_sealed_are_found(
    sealing: set[int], naming: set[int], own_round: int, order: Any
) -> None:
    unsealed = extra(own_round)
    seals = seals_of([SIX[each] for each in sealing], unsealed)
    seals += order.sample(seals, order.randint(0, len(seals))) + seals_of([STRANGER], unsealed)
    order.shuffle(seals)
    encoded = with_seals(seals, unsealed)
    named = [ADDRESSES[each] for each in naming]
    counted = sealing & naming
    if not naming or 3 * len(counted) < 2 * len(naming):
        assert code_of(encoded, named) == "seals-missing"
        return
    found = sealed_by(encoded, named)
    assert found.sealers == tuple(sorted(ADDRESSES[each] for each in counted))
    assert (found.block_hash, found.named) == (hash_of(unsealed), len(naming))


@given(ROUNDS, ROUNDS, SUBSETS)
def test_the_hash_is_the_same_whoever_sealed_in_whichever_round(one: int, other: int, sealing: set[int]) -> None:
    first, second = sealed(SIX, extra(one)), sealed([SIX[each] for each in sealing], extra(other))
    assert read_header(first).hash == read_header(second).hash == hash_of(extra())
    assert keccak(first) != read_header(first).hash


@given(st.sampled_from(SIX), st.data())
def test_a_bit_that_is_another_counts_no_seal_that_was_not_given(key: Any, drawn: st.DataObject) -> None:
    encoded = bytearray(sealed([key]))
    encoded[drawn.draw(st.integers(0, len(encoded) - 1))] ^= 1 << drawn.draw(st.integers(0, 7))
    address = key.public_key.to_canonical_address()
    try:
        found = sealed_by(bytes(encoded), [address])
    except EvidenceError:
        return
    # Only the seal's own second form is left: s and parity would have to change together.
    raise AssertionError(found)


@given(st.binary(max_size=200))
def test_no_extra_data_ends_in_anything_but_a_refusal(extra_data: bytes) -> None:
    assert code_of(header(extra_data)) in ("header-shape", "no-seals", "seals-missing")


def test_two_thirds_are_rounded_up() -> None:
    assert [quorum_of(count) for count in range(8)] == [0, 1, 2, 2, 3, 4, 4, 5]


def test_who_is_missing_is_named() -> None:
    with pytest.raises(EvidenceError) as refused:
        sealed_by(sealed(SIX[:3]), ADDRESSES[:5])
    assert "by 3 of the 5 validators that are named, and 4 have to" in refused.value.what
    assert all(f"0x{address.hex()}" in refused.value.what for address in ADDRESSES[3:5])
    assert refused.value.remedy


def test_validators_that_are_named_twice_are_one() -> None:
    assert sealed_by(sealed(SIX[:2]), [*ADDRESSES[:3], ADDRESSES[2]]).named == 3


def test_what_is_no_address_is_no_validator() -> None:
    with pytest.raises(ValueError, match="20 bytes"):
        sealed_by(sealed(SIX), [b"\0" * 19])


def test_a_hundred_validators_fit_into_a_header() -> None:
    many = [b"%020d" % each for each in range(MOST_VALIDATORS)]
    unsealed = extra(2**31 - 1, validators=many, vote=[OTHER, b"\xff"])
    seals = seals_of(SIX[:1], unsealed, fields=21) * quorum_of(MOST_VALIDATORS)
    encoded = with_seals(seals, unsealed, fields=21)
    assert len(encoded) <= MOST_BYTES
    assert sealed_by(encoded, ADDRESSES[:1]).sealers == (ADDRESSES[0],)


def test_both_forms_of_a_seal_are_of_one_validator() -> None:
    (seal,) = seals_of(SIX[:1], extra())
    assert sealed_by(with_seals([other_form(seal)], extra()), ADDRESSES[:1]).sealers == (ADDRESSES[0],)
    assert code_of(with_seals([seal, other_form(seal)], extra()), ADDRESSES[:2]) == "seals-missing"


@pytest.mark.parametrize("number", [0, 1])
def test_only_the_first_block_has_the_hash_of_all_that_is_in_it(number: int) -> None:
    encoded = sealed(SIX, extra(2), number=number)
    assert (read_header(encoded).hash == keccak(encoded)) is (number == 0)


def test_a_first_block_has_any_extra_data() -> None:
    encoded = header(b"", number=0, fields=20)
    assert read_header(encoded).hash == keccak(encoded)


def test_headers_of_other_chains_are_read_as_before() -> None:
    for extra_data in (b"", b"extra", slow_rlp.encode([*extra(2)[:4], seals_of(SIX, extra(2))])):
        encoded = header(extra_data, mix_hash=bytes(32), fields=20)
        assert read_header(encoded).hash == keccak(encoded)


def test_fields_after_one_that_a_chain_has_not_are_in_no_header() -> None:
    """A node of Besu may tell of them all the same: `requestsHash` without `parentBeaconBlockRoot`."""
    block = REAL["block"] | {"requestsHash": "0x" + "00" * 32}
    assert header_of(block).hash == data(block["hash"])
    with pytest.raises(EvidenceError, match="do not have the hash"):
        header_of(block | {"withdrawalsRoot": "0x" + "00" * 32})


def test_the_time_is_the_blocks() -> None:
    assert sealed_by(sealed(SIX), ADDRESSES).timestamp == datetime.fromtimestamp(1_700_000_017, UTC)
