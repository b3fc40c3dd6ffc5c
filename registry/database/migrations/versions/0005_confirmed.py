"""Up to which block it is known that no event is missing: of what was indexed before this was kept, of nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add it."""
    op.add_column(
        "indexed_chain",
        sa.Column(
            "confirmed_number",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="Up to this block it is known that no event is missing.",
        ),
    )
