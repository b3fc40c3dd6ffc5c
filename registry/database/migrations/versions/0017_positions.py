"""Positions in named status lists, each given out once, before the credential that names it is anchored."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the tables; credentials that were anchored until now name no list."""
    op.create_table(
        "named_list",
        sa.Column("name", sa.LargeBinary(), primary_key=True, comment="The 16 bytes of a random UUID."),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("issuer", sa.BigInteger(), nullable=False),
        sa.Column("drawn", sa.BigInteger(), nullable=False, comment="How many of its positions are given out."),
        comment="Status lists whose positions are drawn before anything is anchored; each is of one issuer.",
    )
    op.create_index("named_list_issuer", "named_list", ["chain", "contract", "issuer"])
    op.create_table(
        "list_position",
        sa.Column("list", sa.LargeBinary(), sa.ForeignKey("named_list.name"), primary_key=True),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("digest", sa.LargeBinary(), comment="Of the credential that names it; none until it is made."),
        comment="Positions of named lists that are given out; none is given out twice.",
    )
    op.create_index("list_position_digest", "list_position", ["digest"])
