"""Partnerships and statements, as they are kept beside the index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Make the table; until now no such document was kept."""
    op.create_table(
        "indexed_document",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False, comment="partnership or statement."),
        sa.Column("name", sa.String(), nullable=False, comment="Its id, which all its versions have."),
        sa.Column("content", sa.LargeBinary(), nullable=False, comment="Canonical JSON, whose SHA-256 is the digest."),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        comment="Partnerships and statements that were put beside the index; whether they count, their anchors say.",
    )
    op.create_index("indexed_document_name", "indexed_document", ["kind", "name"])
