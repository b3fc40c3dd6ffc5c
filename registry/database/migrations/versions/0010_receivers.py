"""Which process a job comes in at, so that one that ended does not keep the job's idempotency key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add it."""
    op.add_column("job", sa.Column("receiver", sa.String(), comment="The process that it comes in at."))
    heard = "When that process last said that it still comes in."
    op.add_column("job", sa.Column("heard_at", sa.Float(), comment=heard))
