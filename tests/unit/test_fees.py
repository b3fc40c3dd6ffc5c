"""Offers: never above the ceiling, always enough for now, and always good enough to replace what was sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anchor.daemon.fees import Offer, bumped, dearest, first_offer
from registry.chain.client import Fees

wei = st.integers(0, 10**14)
fees = st.builds(Fees, wei, wei)
ceilings = st.none() | wei
offers = st.builds(lambda tip, more: Offer(tip + more, tip), wei, wei)


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


@given(offers, fees, ceilings)
def test_a_raised_offer_replaces_the_one_before_it(previous: Offer, now: Fees, ceiling: int | None) -> None:
    offer = bumped(previous, now, ceiling)
    if offer is None:
        assert ceiling is not None
        return
    # geth: both at least 10 % higher, in whole wei.
    assert offer.max_fee * 100 >= previous.max_fee * 110
    assert offer.tip * 100 >= previous.tip * 110
    assert offer.max_fee >= now.base_fee + offer.tip
    assert offer.tip <= offer.max_fee
    assert ceiling is None or offer.max_fee <= ceiling


@given(offers, fees, ceilings, wei, wei)
def test_dearer_times_never_make_a_cheaper_offer(
    previous: Offer, now: Fees, ceiling: int | None, rise: int, more_tip: int
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
    assert raised is not None
    assert raised.max_fee >= first.max_fee
    assert raised.tip >= first.tip


@given(fees, wei)
def test_raising_within_a_ceiling_ends(now: Fees, ceiling: int) -> None:
    offer = first_offer(now, ceiling)
    # 10**14 is 275 times 12.5 % above 1.
    for _ in range(400):
        if offer is None:
            return
        offer = bumped(offer, now, ceiling)
    raise AssertionError("it is raised for ever")


@given(st.lists(offers))
def test_what_has_to_be_outbid_is_the_most_of_each(sent: list[Offer]) -> None:
    most = dearest(sent)
    assert most.max_fee == max((one.max_fee for one in sent), default=0)
    assert most.tip == max((one.tip for one in sent), default=0)


def test_without_a_ceiling_there_is_always_an_offer() -> None:
    assert bumped(Offer(0, 0), Fees(0, 0), None) == Offer(1, 1)


def test_a_ceiling_that_just_allows_the_replacement_is_used() -> None:
    assert bumped(Offer(1000, 100), Fees(500, 10), 1125) == Offer(1125, 113)
    assert bumped(Offer(1000, 100), Fees(500, 10), 1124) is None
