"""Statuses that follow a credential by its digest: their table, and the digest that an event is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make room for them; no event that is indexed by now is about a digest."""
    op.add_column(
        "indexed_event",
        sa.Column("digest", sa.LargeBinary(), comment="Of the credential that it is about, wherever it is anchored."),
    )
    op.create_index("indexed_event_digest", "indexed_event", ["source", "digest"])
    op.add_column(
        "indexed_party",
        sa.Column(
            "digest_changes",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="Events about what it says of digests.",
        ),
    )
    op.create_table(
        "indexed_digest",
        sa.Column("source", sa.BigInteger(), sa.ForeignKey("indexed_chain.id"), primary_key=True),
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column("issuer", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("revoked_at", sa.BigInteger()),
        sa.Column("revocation_reason", sa.SmallInteger()),
        sa.Column("suspended_at", sa.BigInteger()),
        sa.Column("suspension_reason", sa.SmallInteger()),
        comment="What issuers said of credentials by their digests, where it holds.",
    )
    op.create_index("indexed_digest_issuer", "indexed_digest", ["source", "issuer", "digest"])
