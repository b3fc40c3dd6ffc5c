"""The most credits that a sum can come to, where the pathway says what its achievements are worth. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from registry.learning.pathways.model import CreditSum, Offer, parts_of_credits


def most_credits(part: CreditSum, offers: Mapping[str, Offer]) -> int | None:
    """In ten-thousandths; None where it names no achievements, or the pathway does not say what each is worth.

    An achievement counts once, however often somebody has it.
    """
    found = 0
    for name in part.criteria.achievements:
        offer = offers.get(name)
        if offer is None or offer.ects is None:
            return None
        found += parts_of_credits(offer.ects)
    return found if part.criteria.achievements else None
