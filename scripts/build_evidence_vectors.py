"""Writes the vectors of evidence: proofs of what a contract stores that hold, and forged ones with what is wrong.

    python scripts/build_evidence_vectors.py [--check]

Each is a case for a second implementation (`docs/reference/evidence.md`): a trusted hash of a block, evidence, and what
has to come out, values or a refusal. The tries are made by another library than the one that is tested.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import rlp
from eth_hash.auto import keccak
from trie.hexary import HexaryTrie

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "evidence"
CONTRACT = bytes.fromhex("c0de" * 10)
OTHER = bytes.fromhex("0123456789abcdef0123456789abcdef01234567")
NOBODY = bytes.fromhex("99" * 20)
CODE_HASH = keccak(b"code of a registry")
EMPTY_TRIE = keccak(rlp.encode(b""))
EMPTY_CODE = keccak(b"")
FORKS = {"frontier": 15, "london": 16, "shanghai": 17, "cancun": 20, "prague": 21}

Case = dict[str, Any]


def slot(number: int) -> bytes:
    return sha256(b"slot %d" % number).digest()


# Few and many, small and large: the tree has leaves of their own, leaves within branches, and extensions.
VALUES = {slot(number): [1, 0x7F, 0x80, 2**63, 2**255][number % 5] + number for number in range(64)}
VALUES[slot(4)] = 2**256 - 1
REVOKED, SUSPENDED, ABSENT = slot(4), slot(1), slot(1000)


def storage_of(values: dict[bytes, int]) -> Any:
    made = HexaryTrie({})
    for key, value in values.items():
        made[keccak(key)] = rlp.encode(value)
    return made


def state_of(storage: Any, code_hash: bytes = CODE_HASH) -> Any:
    made = HexaryTrie({})
    made[keccak(CONTRACT)] = rlp.encode([1, 0, storage.root_hash, code_hash])
    made[keccak(OTHER)] = rlp.encode([7, 10**18, EMPTY_TRIE, EMPTY_CODE])
    for number in range(40):
        made[keccak(number.to_bytes(20, "big"))] = rlp.encode([number, number, EMPTY_TRIE, EMPTY_CODE])
    return made


def nodes(made: Any, key: bytes) -> list[bytes]:
    encoded = [rlp.encode(node) for node in made.get_proof(keccak(key))]
    return [node for at, node in enumerate(encoded) if at == 0 or len(node) >= 32]


def header(state_root: bytes, fields: int = 21, number: int = 17) -> bytes:
    everything: list[Any] = [
        *(sha256(b"parent").digest(), keccak(rlp.encode([])), bytes(20), state_root, EMPTY_TRIE, EMPTY_TRIE),
        *(bytes(256), 0, number, 30_000_000, 21_000, 1_700_000_000 + number, b"extra", bytes(32), bytes(8)),
        *(10**9, EMPTY_TRIE, 0, 0, bytes(32), sha256(b"").digest()),
        b"another field",
    ]
    return rlp.encode(everything[:fields])


def case(name: str, trusted: bytes, evidence: Case, expect: Case) -> Case:
    return {"name": name, "blockHash": shown(trusted), "evidence": evidence, "expect": expect}


def evidence(encoded: bytes, account: list[bytes], slots: dict[bytes, list[bytes]], address: bytes = CONTRACT) -> Case:
    slots = dict(sorted(slots.items()))
    table = list(dict.fromkeys([*account, *(node for its in slots.values() for node in its)]))
    return {
        "header": shown(encoded),
        "address": shown(address),
        "nodes": [shown(node) for node in table],
        "account": [table.index(node) for node in account],
        "slots": {shown(key): [table.index(node) for node in its] for key, its in slots.items()},
    }


def shown(value: bytes) -> str:
    return f"0x{value.hex()}"


STORAGE = storage_of(VALUES)
STATE = state_of(STORAGE)
HEADER = header(STATE.root_hash)
BLOCK = keccak(HEADER)
ACCOUNT = nodes(STATE, CONTRACT)
SLOTS = {key: nodes(STORAGE, key) for key in (REVOKED, SUSPENDED, ABSENT)}


def holding() -> Iterator[Case]:
    """Evidence that proves what it says."""
    for fork, fields in FORKS.items():
        encoded = header(STATE.root_hash, fields)
        said = {shown(key): VALUES.get(key, 0) for key in SLOTS}
        yield case(
            f"values and an empty slot, header of {fork}",
            keccak(encoded),
            evidence(encoded, ACCOUNT, SLOTS),
            {"number": 17, "codeHash": shown(CODE_HASH), "values": {key: hex(value) for key, value in said.items()}},
        )
    every = {key: nodes(STORAGE, key) for key in VALUES}
    yield case(
        "every slot: leaves within branches, extensions",
        BLOCK,
        evidence(HEADER, ACCOUNT, every),
        {"number": 17, "codeHash": shown(CODE_HASH), "values": {shown(key): hex(VALUES[key]) for key in VALUES}},
    )
    for name, values in (("one slot", {REVOKED: 5}), ("no slot", {}), ("two small ones", {slot(1): 1, slot(2): 2})):
        storage = storage_of(values)
        state = state_of(storage)
        encoded = header(state.root_hash)
        asked = {key: nodes(storage, key) for key in (REVOKED, ABSENT)}
        yield case(
            f"a storage of {name}",
            keccak(encoded),
            evidence(encoded, nodes(state, CONTRACT), asked),
            {
                "number": 17,
                "codeHash": shown(CODE_HASH),
                "values": {shown(key): hex(values.get(key, 0)) for key in asked},
            },
        )
    yield case(
        "nothing asked but the account",
        BLOCK,
        evidence(HEADER, ACCOUNT, {}),
        {"number": 17, "codeHash": shown(CODE_HASH), "values": {}},
    )


def flipped(node: bytes, at: int = -1) -> bytes:
    changed = bytearray(node)
    changed[at] ^= 1
    return bytes(changed)


def with_second_form(node: bytes) -> bytes:
    """The same list, its length written with a zero before it."""
    assert node[0] == 0xF8
    return bytes([0xF9, 0, node[1]]) + node[2:]


def forged() -> Iterator[Case]:
    """Evidence that has to be refused, with the code of the refusal."""

    def refused(name: str, code: str, given: Case, trusted: bytes = BLOCK) -> Case:
        return case(name, trusted, given, {"refused": code})

    def account(name: str, code: str, change: Callable[[list[bytes]], list[bytes]]) -> Case:
        return refused(f"account: {name}", code, evidence(HEADER, change(list(ACCOUNT)), SLOTS))

    def one(name: str, code: str, key: bytes, its: list[bytes]) -> Case:
        return refused(f"slot: {name}", code, evidence(HEADER, ACCOUNT, {**SLOTS, key: its}))

    node = "evidence-node"
    revoked, suspended, absent = (SLOTS[key] for key in (REVOKED, SUSPENDED, ABSENT))
    # The block and its header
    yield refused("another block is trusted", "other-block", evidence(HEADER, ACCOUNT, SLOTS), sha256(b"x").digest())
    other_state = header(state_of(storage_of({REVOKED: 5})).root_hash)
    yield refused("the header of another block", "other-block", evidence(other_state, ACCOUNT, SLOTS))
    yield refused("a state root that was changed", "other-block", evidence(flipped(HEADER, 100), ACCOUNT, SLOTS))
    for fork, fields in FORKS.items():
        if fields != 21:
            told = header(STATE.root_hash, fields)
            yield refused(f"the header as {fork} has it", "other-block", evidence(told, ACCOUNT, SLOTS))
    for fields in (14, 18, 19, 22):
        told = header(STATE.root_hash, fields)
        yield refused(f"a header of {fields} fields", "header-shape", evidence(told, ACCOUNT, SLOTS), keccak(told))
    for name, change in {
        "that is cut off": HEADER[:-1],
        "with a byte more": HEADER + b"\0",
        "of no bytes": b"",
        "that is a text": rlp.encode(b"x" * 100),
    }.items():
        code = "header-shape" if "text" in name else "evidence-encoding"
        yield refused(f"a header {name}", code, evidence(change, ACCOUNT, SLOTS), keccak(change))
    short = rlp.encode([b"" if at == 3 else each for at, each in enumerate(rlp.decode(HEADER))])
    yield refused("a header without state root", "header-shape", evidence(short, ACCOUNT, SLOTS), keccak(short))
    # The account
    yield account("a node is left out", node, lambda its: its[1:])
    yield account("the last node is left out", node, lambda its: its[:-1])
    yield account("nothing", node, lambda _: [])
    yield account("a node twice", node, lambda its: [its[0], *its])
    yield account("a node more", "evidence-surplus", lambda its: [*its, its[-1]])
    yield account("its nodes in another order", node, lambda its: its[::-1])
    yield account("a leaf that was changed", node, lambda its: [*its[:-1], flipped(its[-1])])
    yield account("a branch that was changed", node, lambda its: [flipped(its[0], 10), *its[1:]])
    yield account("a node of 601 bytes", "evidence-size", lambda its: [*its[:-1], bytes(601)])
    yield refused("another account's proof", node, evidence(HEADER, nodes(STATE, OTHER), SLOTS))
    yield refused("another address", node, evidence(HEADER, ACCOUNT, SLOTS, OTHER))
    yield refused("an account that is not there", "no-account", evidence(HEADER, nodes(STATE, NOBODY), {}, NOBODY))
    # The slots
    yield one("a node is left out", node, REVOKED, revoked[1:])
    yield one("the last node is left out", node, REVOKED, revoked[:-1])
    yield one("nothing where something is", node, REVOKED, [])
    yield one("a leaf that was changed", node, REVOKED, [*revoked[:-1], flipped(revoked[-1])])
    yield one("a branch that was changed", node, REVOKED, [flipped(revoked[0], 40), *revoked[1:]])
    yield one("a node twice", node, REVOKED, [revoked[0], *revoked])
    yield one("a node more", "evidence-surplus", REVOKED, [*revoked, revoked[-1]])
    yield one("its nodes in another order", node, REVOKED, revoked[::-1])
    yield one("the proof that another slot is empty", node, REVOKED, absent)
    yield one("the proof of another slot", node, REVOKED, suspended)
    yield one("a node that is cut off", node, REVOKED, [*revoked[:-1], revoked[-1][:-1]])
    yield one("a node with a byte more", node, REVOKED, [*revoked[:-1], revoked[-1] + b"\0"])
    yield one("65 nodes", "evidence-size", REVOKED, [b"\xc0"] * 65)
    yield one("the storage of before", node, REVOKED, nodes(storage_of({**VALUES, REVOKED: 0x55}), REVOKED))
    without = storage_of({key: value for key, value in VALUES.items() if key != REVOKED})
    yield one("a storage in which it is empty", node, REVOKED, nodes(without, REVOKED))
    swapped = {**SLOTS, REVOKED: suspended, SUSPENDED: revoked}
    yield refused("slots: two are swapped", node, evidence(HEADER, ACCOUNT, swapped))
    yield from _trees_that_no_chain_has()


def _trees_that_no_chain_has() -> Iterator[Case]:
    """Nodes whose hashes are right, and that no trie has: whoever makes a block of his own can make these."""
    path = [half for byte in keccak(REVOKED) for half in (byte >> 4, byte & 15)]

    def leaf(own: list[int], value: Any) -> bytes:
        odd = len(own) % 2
        halves = [2 + odd, *([] if odd else [0]), *own]
        packed = bytes(high << 4 | low for high, low in zip(halves[::2], halves[1::2], strict=True))
        return rlp.encode([packed, value])

    roots = {
        "a leaf with a shorter path": (leaf(path[:-1], rlp.encode(1)), "evidence-node"),
        "a leaf that holds nothing": (leaf(path, b""), "evidence-node"),
        "a value with a zero before it": (leaf(path, b"\x82\0\1"), "evidence-encoding"),
        "a value of 33 bytes": (leaf(path, rlp.encode(b"\1" * 33)), "evidence-encoding"),
        "a value that is a list": (leaf(path, rlp.encode([b"\1"])), "evidence-encoding"),
        "a path with a flag of 4": (rlp.encode([b"\x40" + keccak(REVOKED), rlp.encode(1)]), "evidence-node"),
        "a path padded with ones": (rlp.encode([b"\x21" + keccak(REVOKED), rlp.encode(1)]), "evidence-node"),
        "a branch with a value": (rlp.encode([b""] * 16 + [rlp.encode(1)]), "evidence-node"),
        "an extension without path": (rlp.encode([b"\x00", sha256(b"x").digest()]), "evidence-node"),
        "a node of three parts": (rlp.encode([b"\1"] * 3), "evidence-node"),
        "a length with a second form": (with_second_form(leaf(path, rlp.encode(2**200))), "evidence-encoding"),
        "a child that is no hash": (rlp.encode([b"\1" * 31] * 16 + [b""]), "evidence-node"),
        "a child that should be a hash": (rlp.encode([[b"\x20", b"\1" * 30]] * 16 + [b""]), "evidence-node"),
    }
    for name, (root, code) in roots.items():
        account = rlp.encode([1, 0, keccak(root), CODE_HASH])
        state = HexaryTrie({})
        state[keccak(CONTRACT)] = account
        encoded = header(state.root_hash)
        given = evidence(encoded, nodes(state, CONTRACT), {REVOKED: [root]})
        yield case(f"a storage with {name}", keccak(encoded), given, {"refused": code})


def main() -> None:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit 1 when a file is not what is built")
    check = parser.parse_args().check
    for name, cases in (("holding.json", list(holding())), ("forged.json", list(forged()))):
        path, text = FOLDER / name, json.dumps(cases, indent=1) + "\n"
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"{name}: {len(cases)} cases")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            sys.exit(
                f"error: {path.name} is not what is built\n  what to do: run python scripts/build_evidence_vectors.py"
            )


if __name__ == "__main__":
    main()
