"""Headers and proofs that others made, of mainnet and of test chains: they hold, and no changed byte of them does.

Where each comes from, and under which licence, is in `tests/vectors/evidence/foreign.json` beside it: repository and
path. What was taken are facts of a chain: fields, nodes, and the values that the source says are proved by them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rlp as slow_rlp
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import EvidenceError
from registry.proofs import Account, header_of, prove_account, prove_slot, read_header
from registry.proofs.evidence import Evidence
from registry.proofs.header import FORKS

FOREIGN = json.loads((Path(__file__).parents[2] / "vectors" / "evidence" / "foreign.json").read_text("utf-8"))
HEADERS: list[dict[str, Any]] = FOREIGN["headers"]
PROOFS: list[dict[str, Any]] = FOREIGN["proofs"]


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def name_of(case: dict[str, Any]) -> str:
    return str(case.get("name") or case["source"].partition(":")[0])


headers = pytest.mark.parametrize("case", HEADERS, ids=name_of)
proofs = pytest.mark.parametrize("case", PROOFS, ids=name_of)


@headers
def test_a_header_has_the_hash_that_the_chain_has(case: dict[str, Any]) -> None:
    block = case["block"]
    header = header_of(block)
    assert f"0x{header.hash.hex()}" == block["hash"]
    assert read_header(header.encoded) == header
    assert (header.number, f"0x{header.state_root.hex()}") == (int(block["number"], 16), block["stateRoot"])
    assert int(header.timestamp.timestamp()) == int(block["timestamp"], 16)
    assert FORKS[len(slow_rlp.decode(header.encoded))] == case["fork"]


def test_every_fork_has_one() -> None:
    assert {case["fork"] for case in HEADERS} == set(FORKS.values())


@headers
def test_a_header_with_another_field_is_another_one(case: dict[str, Any]) -> None:
    for name, value in case["block"].items():
        changed = value[:-1] + ("1" if value[-1] != "1" else "2")
        with pytest.raises(EvidenceError) as refused:
            header_of({**case["block"], name: changed})
        assert refused.value.code == "header-shape", name


@proofs
def test_what_others_prove_is_proved(case: dict[str, Any]) -> None:
    account = prove_account(unhex(case["stateRoot"]), unhex(case["address"]), list(map(unhex, case["nodes"])))
    if case["expect"] is None:
        assert account is None
        return
    expect = case["expect"]
    assert account == Account(
        int(expect["nonce"], 16), int(expect["balance"], 16), unhex(expect["storageHash"]), unhex(expect["codeHash"])
    )
    for slot in case["slots"]:
        nodes = list(map(unhex, slot["nodes"]))
        assert prove_slot(account.storage_root, unhex(slot["slot"]), nodes) == int(slot["value"], 16)


def test_there_are_values_and_exclusions_of_both_kinds() -> None:
    assert {case["expect"] is None for case in PROOFS} == {True, False}
    assert {int(slot["value"], 16) == 0 for case in PROOFS for slot in case["slots"]} == {True, False}


def test_from_the_hash_of_a_block_of_mainnet_to_a_slot() -> None:
    (cancun,) = (case["block"] for case in HEADERS if case["fork"] == "Cancun")
    (case,) = (case for case in PROOFS if case["stateRoot"] == cancun["stateRoot"])
    evidence = Evidence(
        header_of(cancun).encoded,
        unhex(case["address"]),
        tuple(map(unhex, case["nodes"])),
        {unhex(slot["slot"]): tuple(map(unhex, slot["nodes"])) for slot in case["slots"]},
    )
    proved = evidence.proved(unhex(cancun["hash"]))
    assert proved.account.balance == int(case["expect"]["balance"], 16)
    assert list(proved.values.values()) == [int(slot["value"], 16) for slot in case["slots"]]


Check = Callable[[list[bytes]], object]


def checks(case: dict[str, Any]) -> list[tuple[Check, list[bytes]]]:
    """What proves the account and each slot, from their nodes, with these nodes."""
    root, address = unhex(case["stateRoot"]), unhex(case["address"])
    found: list[tuple[Check, list[bytes]]] = [
        (lambda nodes: prove_account(root, address, nodes), list(map(unhex, case["nodes"])))
    ]
    for slot in case["slots"]:
        storage, key = unhex(case["expect"]["storageHash"]), unhex(slot["slot"])
        found.append(
            (
                lambda nodes, storage=storage, key=key: prove_slot(storage, key, nodes),  # type: ignore[misc]
                list(map(unhex, slot["nodes"])),
            )
        )
    return found


@proofs
def test_each_byte_counts(case: dict[str, Any]) -> None:
    for check, nodes in checks(case):
        for at, node in enumerate(nodes):
            for place in range(len(node)):
                changed = bytearray(node)
                changed[place] ^= 1 << place % 8
                with pytest.raises(EvidenceError):
                    check([*nodes[:at], bytes(changed), *nodes[at + 1 :]])


@given(st.data())
def test_no_other_byte_is_as_good(data: st.DataObject) -> None:
    check, nodes = data.draw(st.sampled_from([each for case in PROOFS for each in checks(case)]))
    at = data.draw(st.integers(0, len(nodes) - 1))
    place = data.draw(st.integers(0, len(nodes[at]) - 1))
    changed = bytearray(nodes[at])
    changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(EvidenceError):
        check([*nodes[:at], bytes(changed), *nodes[at + 1 :]])


@proofs
def test_no_node_is_missing_or_more(case: dict[str, Any]) -> None:
    for check, nodes in checks(case):
        for at in range(len(nodes)):
            for changed in ([*nodes[:at], *nodes[at + 1 :]], [*nodes[: at + 1], *nodes[at:]]):
                with pytest.raises(EvidenceError):
                    check(changed)
