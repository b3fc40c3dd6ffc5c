"""What a person goes on without: a batch without its leaves, a job without its issuer's whole history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add it. A batch that has no leaves by now was taken over by somebody who gave them up."""
    given_up = "A person gave its leaves up: its tree was lost when it was taken over."
    op.add_column(
        "batch",
        sa.Column("without_leaves", sa.SmallInteger(), nullable=False, server_default="0", comment=given_up),
    )
    known = "Leave out only what this database knows to be anchored."
    op.add_column(
        "job",
        sa.Column("without_history", sa.SmallInteger(), nullable=False, server_default="0", comment=known),
    )
    batch, leaf = sa.table("batch", sa.column("id"), sa.column("without_leaves")), sa.table("leaf", sa.column("batch"))
    op.execute(batch.update().where(batch.c.id.not_in(sa.select(leaf.c.batch))).values(without_leaves=1))
