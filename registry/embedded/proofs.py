"""Proofs of accounts and their storage on the embedded chain, in the form of `eth_getProof` (EIP-1186)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import rlp
from eth.rlp.accounts import Account
from trie.hexary import HexaryTrie

from registry.chain.rpc.hexadecimal import to_hex
from registry.keccak import keccak

HASH_BYTES: Final = 32


def proof_of(nodes: Any, state_root: bytes, address: bytes, slots: Sequence[bytes]) -> dict[str, object]:
    """An account of 20 bytes and its slots of 32, in the state with that root.

    Args:
        nodes: of all tries, by their hashes.
    """
    state = HexaryTrie(nodes, state_root)
    key = keccak(address)
    found = state.get(key)
    account = rlp.decode(found, Account) if found else Account()
    storage = HexaryTrie(nodes, account.storage_root)
    return {
        "address": to_hex(address),
        "accountProof": _path(state, key),
        "balance": to_hex(account.balance),
        "codeHash": to_hex(account.code_hash),
        "nonce": to_hex(account.nonce),
        "storageHash": to_hex(account.storage_root),
        "storageProof": [
            {"key": to_hex(slot), "value": to_hex(_value(storage, slot)), "proof": _path(storage, keccak(slot))}
            for slot in slots
        ],
    }


def _value(storage: Any, slot: bytes) -> int:
    found = storage.get(keccak(slot))
    return int.from_bytes(rlp.decode(found), "big") if found else 0


def _path(trie: Any, key: bytes) -> list[str]:
    """The nodes from the root on; those that are within another are not said again."""
    encoded = [rlp.encode(node) for node in trie.get_proof(key)]
    return [to_hex(node) for at, node in enumerate(encoded) if at == 0 or len(node) >= HASH_BYTES]
