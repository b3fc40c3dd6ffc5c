"""Signed bytes say what was signed, and the same transaction at another price differs in nothing but the price."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from anchor.sending.accounts import development_signer
from anchor.sending.fees import Offer
from anchor.sending.signed import TRANSFER_GAS, Terms, offering, terms_of, unsigned

SIGNER = development_signer()
number = st.integers(0, 2**63)
offers = st.builds(lambda tip, more: Offer(tip + more, tip), number, number)


@st.composite
def transactions(draw: st.DrawFn) -> dict[str, Any]:
    offer = draw(offers)
    return {
        "type": 2,
        "chainId": draw(st.integers(1, 2**32)),
        "nonce": draw(st.integers(0, 2**40)),
        "value": draw(number),
        "gas": draw(st.integers(0, 10**8)),
        "maxFeePerGas": offer.max_fee,
        "maxPriorityFeePerGas": offer.tip,
        "to": SIGNER.address,
        "data": draw(st.binary(max_size=100)),
    }


@settings(max_examples=30)
@given(transactions(), offers)
def test_what_was_signed_is_read_back_and_differs_by_its_price_alone(asked: dict[str, Any], other: Offer) -> None:
    raw = SIGNER.sign(asked).raw
    assert unsigned(raw) == asked
    assert terms_of(raw) == Terms(asked["gas"], Offer(asked["maxFeePerGas"], asked["maxPriorityFeePerGas"]))
    assert terms_of(raw).can_be_mined == (asked["gas"] >= TRANSFER_GAS)
    dearer = SIGNER.sign(offering(raw, other)).raw
    assert unsigned(dearer) == asked | {"maxFeePerGas": other.max_fee, "maxPriorityFeePerGas": other.tip}
