"""Reading the index for a client, who is told that it does not answer, and nothing more of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from registry.errors import StoreError

T = TypeVar("T")


def guarded(work: Callable[[], T]) -> T:
    """What it gives.

    Raises:
        StoreError: the database does not answer (code `database`).
    """
    try:
        return work()
    except SQLAlchemyError:
        # What the database says may name hosts and tables: it is for the operator's log.
        raise StoreError("the index cannot be read at this moment", remedy="Try again soon.", code="database") from None
