"""Statuses by digest: what a deed changes of them, and which jobs say it of places alone, as all did until now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the columns; a job that is stored was promised what it came for."""
    op.add_column(
        "status_job",
        sa.Column(
            "place_only",
            sa.SmallInteger(),
            server_default="1",
            nullable=False,
            comment="It says it of places in batches alone, and not of the digests.",
        ),
    )
    op.add_column(
        "deed",
        sa.Column(
            "digests", sa.LargeBinary(), comment="What it changes by digest, 32 bytes each; it has no root then."
        ),
    )
    op.add_column(
        "job",
        sa.Column(
            "revoked",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Left out: their issuer revoked them.",
        ),
    )
    if op.get_bind().dialect.supports_comments:
        op.create_table_comment(
            "deed", "Transactions that status jobs need, each of one word of statuses, one batch, or digests."
        )
