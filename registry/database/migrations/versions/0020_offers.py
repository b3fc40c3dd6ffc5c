"""Offers of credentials to wallets: what is known of the codes, and what became of each offer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from registry.database.metadata import BigId

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Make the table; nothing was offered to wallets before."""
    op.create_table(
        "wallet_offer",
        sa.Column("number", BigId, primary_key=True),
        sa.Column("run", sa.BigInteger(), sa.ForeignKey("issue_run.number"), nullable=False),
        sa.Column(
            "row_key", sa.LargeBinary(), nullable=False, comment="The award that is offered, with all its parts."
        ),
        sa.Column("edition", sa.Integer(), nullable=False, comment="1, and one more for each offer after it."),
        sa.Column("code", sa.LargeBinary(), nullable=False, unique=True, comment="SHA-256 of the pre-authorised code."),
        sa.Column(
            "transaction_code",
            sa.LargeBinary(),
            nullable=False,
            comment="Its HMAC-SHA256 under the pre-authorised code, which is stored nowhere.",
        ),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0", comment="Since the last right one."),
        sa.Column(
            "wait_until",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="No code is looked at before, after some wrong ones.",
        ),
        sa.Column("withdrawn_at", sa.BigInteger()),
        sa.Column("access", sa.LargeBinary(), unique=True, comment="SHA-256 of the token or link that was given last."),
        sa.Column("access_until", sa.BigInteger()),
        sa.Column("taken_at", sa.BigInteger(), comment="When a wallet exchanged it, which can be done once."),
        sa.Column("taken_by", sa.String(), comment="The protocol by which a wallet did."),
        sa.Column("handed_at", sa.BigInteger(), comment="When a wallet was last given credentials."),
        sa.Column("downloaded_at", sa.BigInteger(), comment="When the files were last taken from its page."),
        sa.Column("event", sa.String(), comment="What the wallet said became of it."),
        sa.UniqueConstraint("run", "row_key", "edition"),
        comment="Offers of credentials to wallets.",
    )
