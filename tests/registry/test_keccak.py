"""Whatever makes Keccak-256 here makes the same hashes, and what has another's name is not taken for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from Crypto.Hash import keccak as pycryptodome
from hypothesis import example, given
from hypothesis import strategies as st

from registry.keccak import EMPTY, chosen, fast, keccak, usual
from tests.faults.composed.witness import keccak as by_hand

REPOSITORY = Path(__file__).parents[2]
RATE = 136
"""Bytes that go into one round: where the padding fits or not."""

KNOWN = {
    b"": EMPTY.hex(),
    b"abc": "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
    b"\xa3" * 200: "3a57666b048777f2c953dc4456f45a2588e1cb6f2da760122d530ac2ce607d4a",
    b"\x80": "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
    b"Transfer(address,address,uint256)": "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
}
"""Of nothing, a text, a long one (the Keccak team's), the root of an empty trie, and a topic that everybody knows."""


@pytest.mark.parametrize("message", KNOWN)
def test_known_hashes(message: bytes) -> None:
    assert keccak(message).hex() == usual()(message).hex() == KNOWN[message]


@given(st.binary(max_size=3 * RATE))
@example(bytes(RATE - 1))
@example(bytes(RATE))
@example(bytes(RATE + 1))
@example(bytes(17_166))
def test_all_of_them_agree(message: bytes) -> None:
    told = by_hand(message)
    assert keccak(message) == usual()(message) == told
    assert pycryptodome.new(data=message, digest_bits=256).digest() == told


@given(st.binary(max_size=3 * RATE))
def test_the_fast_one_agrees(message: bytes) -> None:
    pytest.importorskip("sha3", reason="safe-pysha3 is not installed: there are wheels for Linux alone")
    assert fast()(message) == usual()(message)


def test_the_fast_one_is_chosen_where_it_is() -> None:
    pytest.importorskip("sha3", reason="safe-pysha3 is not installed: there are wheels for Linux alone")
    code = "import registry.proofs.storage, sys; print('Crypto' in sys.modules, 'eth_hash' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]


class Standard:
    """SHA3-256 where Keccak-256 is expected: the same permutation with another padding."""

    def __init__(self, message: bytes):
        self._message = message

    def digest(self) -> bytes:
        from hashlib import sha3_256

        return sha3_256(self._message).digest()


@pytest.mark.parametrize("module", [None, ModuleType("sha3"), "standard"])
def test_another_module_of_that_name_is_not_taken(module: object, monkeypatch: pytest.MonkeyPatch) -> None:
    if module == "standard":
        module = ModuleType("sha3")
        module.keccak_256 = Standard  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sha3", module)
    with pytest.raises(ImportError):
        fast()
    for message, told in KNOWN.items():
        assert chosen()(message).hex() == told
