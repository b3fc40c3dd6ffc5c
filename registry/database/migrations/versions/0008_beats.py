"""The lease of an account is kept by beats that are counted, not by the time of day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Count them; whoever has a lease at this moment may be silent for a minute."""
    op.add_column(
        "signer",
        sa.Column("beat", sa.BigInteger(), nullable=False, server_default="0", comment="Goes up at each renewal."),
    )
    op.add_column(
        "signer",
        sa.Column(
            "seconds",
            sa.Float(),
            nullable=False,
            server_default="60",
            comment="How long it may stay as it is before another takes the lease.",
        ),
    )
    op.drop_column("signer", "expires_at")
