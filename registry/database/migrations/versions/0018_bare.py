"""Batches that are anchored as bare roots, and jobs that want it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add it; until now nothing that was sent from here was a bare root."""
    by_root = "Anchored by its root and nothing else."
    op.add_column("batch", sa.Column("bare", sa.SmallInteger(), nullable=False, server_default="0", comment=by_root))
    counted = "When a final block had the count of a bare root."
    op.add_column("batch", sa.Column("counted_at", sa.BigInteger(), comment=counted))
    wanted = "Its batch is anchored as a bare root."
    op.add_column("job", sa.Column("bare", sa.SmallInteger(), nullable=False, server_default="0", comment=wanted))
