"""Events decoded by hand say what eth_abi says, and refuse what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from hypothesis import given
from hypothesis import strategies as st

from registry.chain.abi import Item, all_events

EVENTS = sorted(all_events().values(), key=lambda item: item.signature)
BY_HAND = [item for item in EVENTS if item._in_words]


def reference(item: Item, topics: list[bytes], data: bytes) -> dict[str, Any]:
    """By eth_abi alone."""
    indexed = [part for part in item.inputs if part.get("indexed")]
    rest = [part for part in item.inputs if not part.get("indexed")]
    values = {part["name"]: decode([part["type"]], topic)[0] for part, topic in zip(indexed, topics, strict=True)}
    decoded = decode([part["type"] for part in rest], data)
    return values | {part["name"]: value for part, value in zip(rest, decoded, strict=True)}


def test_most_events_are_decoded_by_hand() -> None:
    assert {item.name for item in EVENTS if not item._in_words} == {
        "AccreditationOffered",
        "ControllerChanged",
        "ControllerOffered",
        "PartyRegistered",
        "ProfileSet",
        "Recognised",
    }


@given(st.sampled_from(BY_HAND), st.data())
def test_any_words_are_read_or_refused_as_eth_abi_does(item: Item, data: st.DataObject) -> None:
    small = st.integers(0, 3).map(lambda value: value.to_bytes(32, "big"))
    address = st.binary(min_size=20, max_size=20).map(lambda value: bytes(12) + value)
    words = data.draw(
        st.lists(
            st.one_of(small, address, st.binary(min_size=32, max_size=32)),
            min_size=len(item.inputs),
            max_size=len(item.inputs),
        )
    )
    indexed = sum(bool(part.get("indexed")) for part in item.inputs)
    topics, encoded = words[:indexed], b"".join(words[indexed:])
    try:
        expected = reference(item, topics, encoded)
    except DecodingError:
        with pytest.raises(ValueError, match="is not of type"):
            item.decode_event([item.digest, *topics], encoded)
    else:
        assert item.decode_event([item.digest, *topics], encoded) == expected


@pytest.mark.parametrize("cut", [-1, -32, 32])
def test_data_of_another_length_is_refused(cut: int) -> None:
    item = next(item for item in BY_HAND if item.name == "Anchored")
    encoded = encode(["uint32", "uint32", "address"], [1, 1, "0x" + "11" * 20])
    other = encoded + bytes(cut) if cut > 0 else encoded[:cut]
    with pytest.raises(ValueError, match="bytes of data"):
        item.decode_event([item.digest, bytes(32), bytes(32)], other)


def test_a_zero_byte_in_a_text_is_shown_as_a_replacement() -> None:
    item = next(item for item in EVENTS if item.name == "ProfileSet")
    encoded = encode(["string", "bytes32"], ["did:web:\0evil", bytes(32)])
    assert item.decode_event([item.digest, bytes(32)], encoded)["uri"] == "did:web:\ufffdevil"
