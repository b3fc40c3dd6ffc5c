"""How often what is tried at random is tried: less with every change, as often as it is worth with `make test-deep`."""

from __future__ import annotations

from hypothesis import settings


def repeats(change: int, *, deep: int) -> int:
    """The number for the profile in force."""
    return deep if settings.get_current_profile_name() == "deep" else change
