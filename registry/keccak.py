"""Keccak-256, by the fastest library that is installed; everything here and in `anchor` takes it from this place.

`safe-pysha3` does a hash of 64 bytes in a fifth of the time that pycryptodome takes, and has built wheels for Linux;
elsewhere it is what eth-hash finds. eth-hash itself would find pycryptodome first, which eth-account brings along.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final

Keccak = Callable[[bytes], bytes]

EMPTY: Final = bytes.fromhex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
"""The hash of nothing."""


def fast() -> Keccak:
    """That of `safe-pysha3`.

    Raises:
        ImportError: it is not installed, or another package has its name and not its hash.
    """
    from sha3 import keccak_256

    def keccak(message: bytes) -> bytes:
        """Keccak-256 of a message."""
        digest: bytes = keccak_256(message).digest()
        return digest

    if keccak(b"") != EMPTY:
        raise ImportError("the module sha3 is another one than that of safe-pysha3")
    return keccak


def usual() -> Keccak:
    """That of eth-hash, which is everywhere."""
    from eth_hash.auto import keccak

    return keccak


def chosen() -> Keccak:
    """The fast one where it can be had."""
    try:
        return fast()
    except ImportError:
        return usual()


def for_others() -> None:
    """Have eth-hash take the fast one as well, by which py-evm and eth-account hash, unless the environment says which.

    It chooses at its first hash; whoever has hashed before keeps what he has.
    """
    with suppress(ImportError):
        fast()
        os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")


keccak: Final = chosen()
