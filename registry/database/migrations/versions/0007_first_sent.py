"""When a transaction was sent first: since then it waits, however often it was sent again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add it; of what was sent before, the last time is all that is known."""
    op.add_column(
        "attempt",
        sa.Column("first_sent_block", sa.BigInteger(), comment="Head of the chain when it was first sent."),
    )
    attempt = sa.table("attempt", sa.column("sent_block"), sa.column("first_sent_block"))
    op.execute(sa.update(attempt).values(first_sent_block=attempt.c.sent_block))
