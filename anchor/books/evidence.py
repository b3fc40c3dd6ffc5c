"""Evidence of batches: what the contract stored of each in one final block, kept since endpoints forget it."""

from __future__ import annotations

import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, and_, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from anchor.books.batches import BATCH, BatchRow, batch_row
from anchor.books.tables import BatchState, batch, evidence
from registry.database.engine import is_postgresql
from registry.errors import EvidenceError, StoreError
from registry.proofs.evidence import Evidence
from registry.records import BlockRef
from registry.timestamps import from_unix

MOST_LEAVES: Final = 10_000
"""Credentials of a batch whose statuses are kept with it. Where the issuer has said something of a digest, each has a
proof of its own, of about a kilobyte: that many are some ten megabytes of the database. Of larger batches evidence is
read when somebody asks for it."""
MOST_KEPT_SLOTS: Final = 2 * MOST_LEAVES
"""Beside a slot for each digest those of the words, and of a party with a long URI."""


@dataclass(frozen=True, slots=True)
class KeptEvidence:
    """Evidence of a batch, as of one block.

    Attributes:
        is_of_day: whether the block is the first one of a day (UTC), which lists of witnesses name.
    """

    block: BlockRef
    is_of_day: bool
    evidence: Evidence


class EvidenceStore:
    """Keeps evidence of the batches of one contract: of each batch one, the last that was read.

    Args:
        chain: CAIP-2 name, such as `eip155:1`.
        contract: checksummed address.
    """

    def __init__(self, engine: Engine, chain: str, contract: str):
        self._engine = engine
        self._key = {"chain": chain, "contract": contract}

    def keep(self, row: BatchRow, block: BlockRef, found: Evidence, *, is_of_day: bool) -> None:
        """Keep evidence of a batch in place of what is there."""
        values = {
            "block_number": block.number,
            "block_hash": block.hash,
            "block_time": int(block.timestamp.timestamp()),
            "of_day": int(is_of_day),
            "content": zlib.compress(orjson.dumps(found.to_dict())),
        }
        key = {**self._key, "issuer": row.issuer, "root": row.root}
        dialect = postgresql if is_postgresql(self._engine) else sqlite
        statement = dialect.insert(evidence).values(**key, **values)
        with self._engine.begin() as connection:
            # A daemon and a command may do it at the same moment.
            connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))

    def of(self, issuer: int, root: bytes) -> KeptEvidence | None:
        """What is kept of a batch.

        Raises:
            StoreError: code `evidence-damaged`: it cannot be read.
        """
        its = [evidence.c[name] == value for name, value in {**self._key, "issuer": issuer, "root": root}.items()]
        with self._engine.connect() as connection:
            found = connection.execute(select(evidence).where(*its)).first()
        if found is None:
            return None
        block = BlockRef(found.block_number, bytes(found.block_hash), from_unix(found.block_time))
        return KeptEvidence(block, bool(found.of_day), _read(found.content, root))

    def missing(
        self, count: int, *, before: datetime | None, skip: Collection[int] = ()
    ) -> list[tuple[BatchRow, bool]]:
        """Final batches of which evidence is to be read, and whether they have some; those that have none come first.

        Args:
            count: how many at most.
            before: midnight (UTC); of what was anchored earlier, evidence has to be as of the first block of a day.
            skip: numbers of batches.
        """
        its = and_(*(batch.c[name] == evidence.c[name] for name in ("chain", "contract", "issuer", "root")))
        none = evidence.c.root.is_(None)
        wanted: ColumnElement[bool] = none
        if before is not None:
            wanted = or_(none, and_(evidence.c.of_day == 0, batch.c.block_time < int(before.timestamp())))
        mine = [batch.c[name] == value for name, value in self._key.items()]
        query = (
            select(none.label("none"), *BATCH)
            .select_from(batch.outerjoin(evidence, its))
            .where(*mine, batch.c.state == BatchState.FINAL, wanted, batch.c.id.not_in(skip))
            .order_by(none.desc(), batch.c.id)
            .limit(count)
        )
        with self._engine.connect() as connection:
            return [(batch_row(found), not has_none) for has_none, *found in connection.execute(query)]


def forget_evidence(connection: Connection, chain: str, contract: str) -> None:
    """Forget all evidence of a contract, in a transaction of the caller's: its blocks may not be on the chain."""
    connection.execute(delete(evidence).where(evidence.c.chain == chain, evidence.c.contract == contract))


def _read(content: bytes, root: bytes) -> Evidence:
    try:
        return Evidence.from_dict(orjson.loads(zlib.decompress(content)), most_slots=MOST_KEPT_SLOTS)
    except (zlib.error, orjson.JSONDecodeError, EvidenceError) as error:
        raise StoreError(
            f"the evidence that is kept of batch 0x{root.hex()} cannot be read: {error}",
            remedy="Ask for evidence as of now, or restore the database from a backup.",
            code="evidence-damaged",
        ) from None
