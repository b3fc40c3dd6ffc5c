"""Evidence of batches: what the contract stored of them in one block, proved, since endpoints keep states for hours."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the table; of batches that are final by now the daemon reads it as of a block of today."""
    op.create_table(
        "evidence",
        sa.Column("chain", sa.String(), primary_key=True),
        sa.Column("contract", sa.String(), primary_key=True),
        sa.Column("issuer", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary(), primary_key=True),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(), nullable=False),
        sa.Column("block_time", sa.BigInteger(), nullable=False),
        sa.Column("of_day", sa.SmallInteger(), nullable=False, comment="The block is the first one of a day, UTC."),
        sa.Column("content", sa.LargeBinary(), nullable=False, comment="Its JSON form, as zlib compresses it."),
        comment="What the contract stored of a batch in a final block, with the proofs of it.",
    )
