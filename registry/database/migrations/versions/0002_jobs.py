"""Jobs, keys of issuers, leases, attempts with their fees, and what happened to each batch: what a daemon needs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
# SQLite numbers rows by itself only in a column of its own INTEGER type.
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "api_key",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("issuer", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the key."),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("hash"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("genesis_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("final_number", sa.BigInteger(), nullable=False),
        sa.Column("final_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "contract"),
        comment="The newest block that the chain called final: it must never change.",
    )
    op.create_table(
        "signer",
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("next_nonce", sa.BigInteger(), nullable=True),
        sa.Column(
            "owner",
            sa.String(),
            nullable=True,
            comment="The process that may sign and send; none when the lease is free.",
        ),
        sa.Column("epoch", sa.BigInteger(), nullable=False, comment="Goes up whenever the lease changes hands."),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "address"),
        comment="One row a signing account: who may use it, until when.",
    )
    op.create_table(
        "batch_event",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"]),
        sa.PrimaryKeyConstraint("id"),
        comment="Everything that happened to a batch.",
    )
    with op.batch_alter_table("batch_event") as batch_op:
        batch_op.create_index("batch_event_batch", ["batch"])

    op.create_table(
        "job",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("issuer", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column(
            "is_open", sa.SmallInteger(), nullable=False, comment="It may share a batch with others of its issuer."
        ),
        sa.Column("reissue", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False, comment="Where it came from: http, folder or command."),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("body_hash", sa.LargeBinary(), nullable=True, comment="SHA-256 of what came in."),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("queued_at", sa.Float(), nullable=True),
        sa.Column("credentials", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rejected", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("duplicates", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("anchored_before", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("chain", "contract", "issuer", "idempotency_key"),
    )
    with op.batch_alter_table("job") as batch_op:
        batch_op.create_index("job_batch", ["batch"])
        batch_op.create_index("job_state", ["chain", "contract", "state"])

    op.create_table(
        "queued",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("method", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["job.id"]),
        sa.PrimaryKeyConstraint("job", "position"),
        comment="Credentials of jobs that are not sealed yet; nothing but their digests.",
    )
    op.create_table(
        "rejected",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["job.id"]),
        sa.PrimaryKeyConstraint("job", "position"),
        comment="What of a job has no digest, and why.",
    )
    with op.batch_alter_table("attempt") as batch_op:
        batch_op.add_column(sa.Column("gas", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("max_fee", sa.String(), nullable=True, comment="Wei per gas."))
        batch_op.add_column(sa.Column("tip", sa.String(), nullable=True, comment="Wei per gas."))
        batch_op.add_column(
            sa.Column("cost", sa.String(), nullable=True, comment="Wei that it cost, once it is settled.")
        )
        batch_op.add_column(sa.Column("sends", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(
            sa.Column("sent_block", sa.BigInteger(), nullable=True, comment="Head of the chain when it was last sent.")
        )
        batch_op.create_index("attempt_nonce", ["chain", "sender", "nonce"])

    with op.batch_alter_table("batch") as batch_op:
        batch_op.add_column(
            sa.Column("sender", sa.String(), nullable=True, comment="The account that has a nonce for it.")
        )
        batch_op.add_column(sa.Column("nonce", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("parked_code", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("parked_why", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("mined_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("final_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("cancel_requested", sa.SmallInteger(), server_default="0", nullable=False))
        batch_op.create_index("batch_state", ["chain", "contract", "state"])
