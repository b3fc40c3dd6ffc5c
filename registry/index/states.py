"""What the index knows of a tree."""

from __future__ import annotations

from enum import StrEnum

from registry.index.reader import LOADED


class TreeState(StrEnum):
    """What the loader found of a tree; only a loaded one can be said not to have a digest.

    Attributes:
        BESIDE: its leaves are all there, in tables that nobody reads yet.
    """

    LOADING = "loading"
    BESIDE = "beside"
    LOADED = LOADED
    DAMAGED = "damaged"
    UNSORTED = "unsorted"
