"""Why a job that is stored is not sealed yet, so that whoever asks for it sees it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add it."""
    op.add_column("job", sa.Column("waits_code", sa.String(), comment="What it waits for, while it is queued."))
    op.add_column("job", sa.Column("waits_why", sa.String(), comment="The same in words."))
