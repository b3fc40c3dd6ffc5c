"""Changes of statuses while the daemon runs: the jobs that ask for them, and the deeds that carry them out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
# SQLite numbers rows by itself only in a column of its own INTEGER type.
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make their tables."""
    op.create_table(
        "status_job",
        sa.Column(
            "number", BIG_ID, primary_key=True, comment="The order in which they came: of two words the later one wins."
        ),
        sa.Column("id", sa.String(), nullable=False, unique=True),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("issuer", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(), nullable=False, comment="revoke, suspend, reinstate or void."),
        sa.Column("reason", sa.String(), nullable=False, comment="The word that goes on chain."),
        sa.Column("note", sa.String(), nullable=False, comment="Why, in words that stay here."),
        sa.Column("root", sa.LargeBinary(), comment="The batch that is to be voided."),
        sa.Column("urgent", sa.SmallInteger(), nullable=False),
        sa.Column("not_before", sa.Float(), comment="It is not sent earlier."),
        sa.Column("source", sa.String(), nullable=False, comment="Where it came from: http or command."),
        sa.Column("idempotency_key", sa.String()),
        sa.Column("body_hash", sa.LargeBinary(), comment="SHA-256 of what came in."),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("credentials", sa.BigInteger(), nullable=False),
        sa.Column(
            "overtaken",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Of which a later one asks otherwise.",
        ),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due", sa.SmallInteger(), nullable=False, comment="It has to be compared with the chain."),
        sa.Column("waits_code", sa.String(), comment="What it waits for."),
        sa.Column("waits_why", sa.String(), comment="The same in words."),
        sa.Column("ended_at", sa.Float()),
        sa.UniqueConstraint("chain", "contract", "issuer", "idempotency_key"),
    )
    op.create_index("status_job_state", "status_job", ["chain", "contract", "state"])
    op.create_table(
        "status_target",
        sa.Column("job", sa.BigInteger(), sa.ForeignKey("status_job.number"), primary_key=True, autoincrement=False),
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        comment="The credentials that a status job names.",
    )
    op.create_index("status_target_digest", "status_target", ["digest"])
    op.create_table(
        "status_event",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("job", sa.BigInteger(), sa.ForeignKey("status_job.number"), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        comment="Everything that happened to a status job.",
    )
    op.create_index("status_event_job", "status_event", ["job"])
    op.create_table(
        "deed",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("issuer", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("word", sa.BigInteger(), nullable=False),
        sa.Column("mask", sa.LargeBinary(), nullable=False, comment="32 bytes: the bits of the word that it changes."),
        sa.Column("urgent", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary()),
        sa.Column("block_number", sa.BigInteger()),
        sa.Column("block_hash", sa.LargeBinary()),
        sa.Column("block_time", sa.BigInteger()),
        sa.Column("sender", sa.String(), comment="The account that sends it."),
        sa.Column("nonce", sa.BigInteger()),
        sa.Column("parked_code", sa.String()),
        sa.Column("parked_why", sa.String()),
        sa.Column("mined_at", sa.BigInteger()),
        sa.Column("final_at", sa.BigInteger()),
        sa.Column("cancel_requested", sa.SmallInteger(), server_default="0", nullable=False),
        comment="Transactions that status jobs need, each of one word of statuses or one batch.",
    )
    op.create_index("deed_state", "deed", ["chain", "contract", "state"])
    op.create_table(
        "deed_event",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("deed", sa.BigInteger(), sa.ForeignKey("deed.id"), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        comment="Everything that happened to a deed.",
    )
    op.create_index("deed_event_deed", "deed_event", ["deed"])
    op.create_table(
        "deed_of_job",
        sa.Column("job", sa.BigInteger(), sa.ForeignKey("status_job.number"), primary_key=True, autoincrement=False),
        sa.Column("deed", sa.BigInteger(), sa.ForeignKey("deed.id"), primary_key=True, autoincrement=False),
        comment="Which deeds a status job rests on; a deed may serve several.",
    )
    op.create_index("deed_of_job_deed", "deed_of_job", ["deed"])
