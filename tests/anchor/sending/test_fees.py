"""Offers: never above the ceiling, always enough for now, and always good enough to replace what was sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anchor.sending.fees import GWEI, Offer, bumped, dearest, first_offer, in_place_of, too_dear
from registry.chain.rpc.client import Fees

wei = st.integers(0, 10**14)
fees = st.builds(Fees, wei, wei)
ceilings = st.none() | wei
offers = st.builds(lambda tip, more: Offer(tip + more, tip), wei, wei)


def enough_more(amount: int) -> int:
    return amount + max(1, -(-amount // 8))


def most_without_ceiling(now: Fees) -> int:
    return max(GWEI, 20 * (2 * now.base_fee + now.tip))


@given(fees, ceilings)
def test_the_first_offer_pays_for_now_within_the_ceiling(now: Fees, ceiling: int | None) -> None:
    offer = first_offer(now, ceiling)
    if offer is None:
        assert ceiling is not None
        assert now.base_fee + now.tip > ceiling
        return
    assert offer.max_fee >= now.base_fee + now.tip
    assert offer.tip <= offer.max_fee
    assert ceiling is None or offer.max_fee <= ceiling


def test_what_is_too_dear_is_said_in_the_unit_of_the_setting() -> None:
    said = too_dear(Fees(185_276_049, GWEI), GWEI // 2)
    assert "base fee is 0.185276049 gwei per gas now and the tip 1: more than the 0.5 of fee_ceiling_gwei" in said
    assert "no more is offered" in too_dear(Fees(1, 1), None)


@given(offers, fees, ceilings, st.booleans())
def test_a_raised_offer_replaces_the_one_before_it(
    previous: Offer, now: Fees, ceiling: int | None, too_cheap: bool
) -> None:
    offer = bumped(previous, now, ceiling, too_cheap=too_cheap)
    if offer is None:
        least = max(enough_more(previous.max_fee), now.base_fee + max(now.tip, enough_more(previous.tip)))
        assert least > (most_without_ceiling(now) if ceiling is None else ceiling)
        return
    # geth: both at least 10 % higher, in whole wei.
    assert offer.max_fee * 100 >= previous.max_fee * 110
    assert offer.tip * 100 >= previous.tip * 110
    assert offer.max_fee >= now.base_fee + offer.tip
    assert offer.tip <= offer.max_fee
    assert ceiling is None or offer.max_fee <= ceiling


@given(offers, fees, wei, wei, wei)
def test_dearer_times_never_make_a_cheaper_offer(
    previous: Offer, now: Fees, ceiling: int, rise: int, more_tip: int
) -> None:
    dearer = Fees(now.base_fee + rise, now.tip + more_tip)
    for before, after in (
        (first_offer(now, ceiling), first_offer(dearer, ceiling)),
        (bumped(previous, now, ceiling), bumped(previous, dearer, ceiling)),
    ):
        if before is None:
            assert after is None
        elif after is not None:
            assert (after.max_fee, after.tip) >= (before.max_fee, before.tip)
            assert after.tip >= before.tip


@given(offers, fees)
def test_a_raised_offer_is_no_less_than_a_first_one(previous: Offer, now: Fees) -> None:
    first, raised = first_offer(now, None), bumped(previous, now, None)
    assert first is not None
    if raised is not None:
        assert raised.max_fee >= first.max_fee
        assert raised.tip >= first.tip


@given(offers, fees, ceilings)
def test_what_the_endpoint_did_not_want_is_doubled_where_that_is_allowed(
    previous: Offer, now: Fees, ceiling: int | None
) -> None:
    some, more = bumped(previous, now, ceiling), bumped(previous, now, ceiling, too_cheap=True)
    assert (some is None) == (more is None)
    if some is not None and more is not None:
        assert more.max_fee >= some.max_fee
        assert more.tip >= some.tip
        if ceiling is None and 4 * previous.max_fee < now.base_fee + now.tip:
            assert more.tip >= 2 * previous.tip


@given(fees, ceilings, st.booleans())
def test_raising_ends_with_a_ceiling_and_without(now: Fees, ceiling: int | None, too_cheap: bool) -> None:
    offer = first_offer(now, ceiling)
    # 10**14 is 275 times 12.5 % above 1.
    for _ in range(400):
        if offer is None:
            return
        assert offer.max_fee <= (most_without_ceiling(now) if ceiling is None else ceiling)
        offer = bumped(offer, now, ceiling, too_cheap=too_cheap)
    raise AssertionError("it is raised for ever")


@given(st.lists(offers))
def test_what_has_to_be_outbid_is_the_most_of_each(sent: list[Offer]) -> None:
    most = dearest(sent)
    assert most.max_fee == max((one.max_fee for one in sent), default=0)
    assert most.tip == max((one.tip for one in sent), default=0)


@given(st.lists(offers), st.lists(offers), fees, ceilings)
def test_a_nonce_that_was_dear_once_can_be_taken_whenever_the_fees_of_now_may_be_paid(
    unwanted: list[Offer], own: list[Offer], now: Fees, ceiling: int | None
) -> None:
    offer = in_place_of(unwanted, own, now, ceiling)
    if offer is None:
        assert bumped(dearest([*unwanted, *own]), now, ceiling) is None
        assert (bumped(dearest(own), now, ceiling) if own else first_offer(now, ceiling)) is None
        return
    assert offer.max_fee >= now.base_fee + offer.tip
    assert offer.max_fee <= (most_without_ceiling(now) if ceiling is None else ceiling)
    assert not own or offer.max_fee * 100 >= dearest(own).max_fee * 110


def test_what_costs_nothing_can_be_raised() -> None:
    assert bumped(Offer(0, 0), Fees(0, 0), None) == Offer(1, 1)


def test_a_ceiling_that_just_allows_the_replacement_is_used() -> None:
    assert bumped(Offer(1000, 100), Fees(500, 10), 1125) == Offer(1125, 113)
    assert bumped(Offer(1000, 100), Fees(500, 10), 1124) is None
