"""How the index writes events and digests down, and what it calls its troubles: values, no database.

What an event changes, and what cannot follow, `registry.history` says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from registry.errors import ChainError
from registry.history import Impossible
from registry.records import Event

WORD_BYTES: Final = 32
PREFIX_BYTES: Final = 8
_HALF: Final = 1 << 63
EVENTS_MISSING: Final = "events-missing"
FINALITY_VIOLATED: Final = "finality-violated"
CHAIN_DISAGREES: Final = "chain-disagrees"

# Arguments that JSON does not hold as they are: of 32 bytes, and of 256 bits.
_BYTES: Final = frozenset(
    {"root", "replacementRoot", "digest", "profileHash", "conditionHash", "evidenceHash", "programme"}
)
_WIDE: Final = frozenset({"changed"})


def refuse(impossible: Impossible) -> None:
    """What the index makes of an event that cannot follow (`registry.history.Note`).

    It stops where events before it must be missing. What else the contract never allows is followed: while the index is
    mended, events that explain it may be missing still; and all that follows is held against the contract's state.

    Raises:
        ChainError: code `events-missing`.
    """
    if impossible.is_gap:
        raise missing(f"{impossible.subject}: {impossible.what}")


def digest_of(event: Event) -> bytes | None:
    """Of the credential that an event is about, wherever that is anchored; of most events there is none."""
    return event.arguments.get("digest")


def shown_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as JSON has them: bytes and numbers of 256 bits in hexadecimal."""
    return {name: _written(name, value) for name, value in arguments.items()}


def write_arguments(arguments: Mapping[str, Any]) -> str:
    """`shown_arguments` as text."""
    return json.dumps(shown_arguments(arguments), separators=(",", ":"))


def read_arguments(text: str) -> dict[str, Any]:
    """What `write_arguments` wrote."""
    return {name: _read(name, value) for name, value in json.loads(text).items()}


def _written(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return shown_arguments(value)
    if name in _BYTES:
        return f"0x{value.hex()}"
    return hex(value) if name in _WIDE else value


def _read(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {inner: _read(inner, each) for inner, each in value.items()}
    if name in _BYTES:
        return bytes.fromhex(value[2:])
    return int(value, 16) if name in _WIDE else value


def prefix_of(digest: bytes) -> int:
    """The first eight bytes of a digest as a signed number of 64 bits, in the order of the digests."""
    return int.from_bytes(digest[:PREFIX_BYTES], "big") - _HALF


def prefix_range(hexadecimal: str) -> tuple[int, int]:
    """The first and the last `prefix_of` of the digests that begin with 1 to 16 hexadecimal digits."""
    bits = 4 * (2 * PREFIX_BYTES - len(hexadecimal))
    first = int(hexadecimal, 16) << bits
    return first - _HALF, first + (1 << bits) - 1 - _HALF


def missing(what: str) -> ChainError:
    """The error that says that events must be missing."""
    return ChainError(
        f"the endpoint left out events: {what}",
        remedy="Use another endpoint; the index mends itself when the events are there.",
        code=EVENTS_MISSING,
    )
