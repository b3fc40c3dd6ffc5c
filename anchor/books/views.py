"""What is read of batches for whoever looks at the jobs in them: rows, leaves, and how long they take."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterator
from typing import Final

from sqlalchemy import Engine, select

from anchor.books.batches import BATCH, BatchRow, Leaf, batch_row
from anchor.books.tables import batch, leaf

LEAVES_A_PAGE: Final = 1000


def rows_of(engine: Engine, numbers: Collection[int]) -> dict[int, BatchRow]:
    """Batches by their numbers."""
    if not numbers:
        return {}
    with engine.connect() as connection:
        found = connection.execute(select(*BATCH).where(batch.c.id.in_(numbers)))
        return {row.id: row for row in map(batch_row, found)}


def leaves_from(engine: Engine, row: BatchRow, prefix: str) -> Iterator[Leaf]:
    """The leaves of a batch whose source begins so; no connection is held while the caller is busy with them."""
    columns = (leaf.c.digest, leaf.c.leaf_index, leaf.c.method, leaf.c.source, leaf.c.line)
    query = select(*columns).where(leaf.c.batch == row.id, leaf.c.source.startswith(prefix, autoescape=True))
    query, last = query.order_by(leaf.c.leaf_index).limit(LEAVES_A_PAGE), -1
    while True:
        with engine.connect() as connection:
            page = [Leaf(*found) for found in connection.execute(query.where(leaf.c.leaf_index > last))]
        yield from page
        if len(page) < LEAVES_A_PAGE:
            return
        last = page[-1].leaf_index


def seconds_to_final(engine: Engine, chain: str, contract: str, *, of: int) -> float | None:
    """How long batches took from sealed to final of late: the median of the last `of`; None before the first."""
    mine = (batch.c.chain == chain, batch.c.contract == contract, batch.c.final_at.is_not(None))
    query = select(batch.c.final_at - batch.c.sealed_at).where(*mine).order_by(batch.c.final_at.desc()).limit(of)
    with engine.connect() as connection:
        last = connection.execute(query).scalars().all()
    return float(statistics.median(last)) if last else None
