"""Digests in partitions by their first hexadecimal digit, on PostgreSQL, so that several are filled at once."""

from __future__ import annotations

import logging
import time

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
PARTITIONS = 16
EACH = (1 << 64) // PARTITIONS
# Rows that are moved in a second, with their key, on a small machine: what is told beforehand is on the safe side.
ROWS_A_SECOND = 100_000
TOLD_FROM = 1_000_000

_log = logging.getLogger(__name__)


def upgrade() -> None:
    """Move the rows, and make the key when all of them are there; whoever reads goes on meanwhile, up to the end."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    # Whoever writes waits; the table cannot change under the copy.
    op.execute("LOCK TABLE indexed_leaf IN SHARE MODE")
    rows = connection.execute(
        sa.text("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass('indexed_leaf')")
    ).scalar_one()
    if rows >= TOLD_FROM:
        _log.warning(
            "about %s digests go into partitions: it takes some %d minutes, and once more the room they have now."
            " If it is ended before, the database is as it was, and the next start begins anew.",
            f"{rows:,}",
            1 + rows // ROWS_A_SECOND // 60,
        )
    begun = time.monotonic()
    op.create_table(
        "new_leaf",
        sa.Column("prefix", sa.BigInteger(), nullable=False),
        sa.Column("tree", sa.BigInteger(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=False),
        comment="Where digests are: their first 8 bytes, as `prefix_of` has them, and the first such leaf of a tree.",
        postgresql_partition_by="RANGE (prefix)",
    )
    for partition in range(PARTITIONS):
        first = "MINVALUE" if partition == 0 else -(1 << 63) + partition * EACH
        after = "MAXVALUE" if partition == PARTITIONS - 1 else -(1 << 63) + (partition + 1) * EACH
        op.execute(
            f"CREATE TABLE indexed_leaf_{partition:x} PARTITION OF new_leaf FOR VALUES FROM ({first}) TO ({after})"
        )
    op.execute("INSERT INTO new_leaf SELECT prefix, tree, leaf_index FROM indexed_leaf")
    op.execute("ALTER TABLE new_leaf ADD CONSTRAINT new_leaf_pkey PRIMARY KEY (prefix, tree)")
    # From here on readers wait, for the length of three statements.
    op.drop_table("indexed_leaf")
    op.rename_table("new_leaf", "indexed_leaf")
    op.execute("ALTER TABLE indexed_leaf RENAME CONSTRAINT new_leaf_pkey TO indexed_leaf_pkey")
    if rows >= TOLD_FROM:
        _log.warning("the digests are in partitions after %d seconds", time.monotonic() - begun)
