"""The index: what a contract's events say, and which trees hold which digests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
# SQLite numbers rows by itself only in a column of its own INTEGER type.
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "indexed_chain",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False, comment="Checksummed."),
        sa.Column("genesis_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "first_block", sa.BigInteger(), nullable=False, comment="The block that the contract was deployed in."
        ),
        sa.Column(
            "number",
            sa.BigInteger(),
            nullable=False,
            comment="The cursor: everything up to this block is in the index.",
        ),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column(
            "final_number",
            sa.BigInteger(),
            comment="The newest block that the chain called final; it must never change.",
        ),
        sa.Column("final_hash", sa.LargeBinary()),
        sa.Column("seen_number", sa.BigInteger(), nullable=False, comment="The newest block that the chain told of."),
        sa.Column("seen_at", sa.Float(), nullable=False, comment="When the chain was last read."),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="Goes up with every change of what is indexed."),
        sa.Column("reorgs", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("trouble_code", sa.String(), comment="What keeps the index from going on; none when nothing does."),
        sa.Column("trouble_why", sa.String()),
        sa.UniqueConstraint("chain", "contract"),
        comment="One row an indexed contract.",
    )

    op.create_table(
        "indexed_block",
        sa.Column("source", sa.BigInteger(), sa.ForeignKey("indexed_chain.id"), primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        comment="Blocks with events, and those that the cursor stood at and that are not final yet.",
    )

    op.create_table(
        "indexed_event",
        sa.Column("source", sa.BigInteger(), sa.ForeignKey("indexed_chain.id"), primary_key=True),
        sa.Column("block_number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("log_index", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("transaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("party", sa.BigInteger(), comment="The party, issuer or body that it is about."),
        sa.Column("holder", sa.BigInteger(), comment="The other party of an accreditation or recognition."),
        sa.Column("root", sa.LargeBinary()),
        sa.Column("accreditation", sa.BigInteger()),
        sa.Column(
            "arguments",
            sa.String(),
            nullable=False,
            comment="JSON, by the names of the ABI; bytes and 256 bits in hex.",
        ),
        comment="Every event of the contract.",
    )
    op.create_index("indexed_event_party", "indexed_event", ["source", "party", "block_number", "log_index"])
    op.create_index("indexed_event_holder", "indexed_event", ["source", "holder", "block_number", "log_index"])
    op.create_index("indexed_event_root", "indexed_event", ["source", "root"])
    op.create_index("indexed_event_name", "indexed_event", ["source", "name", "block_number", "log_index"])
    op.create_index("indexed_event_accreditation", "indexed_event", ["source", "accreditation"])
    op.create_table(
        "indexed_party",
        sa.Column("source", sa.BigInteger(), sa.ForeignKey("indexed_chain.id"), primary_key=True),
        sa.Column("party", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("controller", sa.String(), nullable=False),
        sa.Column("pending_controller", sa.String()),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger()),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="How many batches it has anchored."),
        sa.Column("credentials", sa.BigInteger(), nullable=False, comment="Leaves of its batches, voided ones too."),
        sa.Column("profile_hash", sa.LargeBinary(), nullable=False),
        sa.Column("uri", sa.String(), nullable=False),
    )

    op.create_table(
        "indexed_batch",
        sa.Column("source", sa.BigInteger(), sa.ForeignKey("indexed_chain.id"), primary_key=True),
        sa.Column("issuer", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_count", sa.BigInteger(), nullable=False, comment="0 while it is not stated."),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(), nullable=False),
        sa.Column("block_time", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("voided_at", sa.BigInteger()),
        sa.Column("void_reason", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("revoked", sa.BigInteger(), nullable=False, comment="Credentials revoked one by one."),
        sa.Column("suspended", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("source", "root", "issuer"),
    )
    op.create_index("indexed_batch_block", "indexed_batch", ["source", "block_number", "log_index"])
    op.create_table(
        "indexed_status",
        sa.Column("source", sa.BigInteger(), sa.ForeignKey("indexed_chain.id"), primary_key=True),
        sa.Column("root", sa.LargeBinary(), primary_key=True),
        sa.Column("issuer", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column(
            "purpose", sa.SmallInteger(), primary_key=True, autoincrement=False, comment="0 revocation, 1 suspension."
        ),
        sa.Column("word", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column(
            "bits", sa.LargeBinary(), nullable=False, comment="32 bytes, big-endian; bit b is leaf 256 x word + b."
        ),
        comment="The status words that are not zero.",
    )

    op.create_table(
        "indexed_tree",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("root", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("leaf_count", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False, comment="loaded, or why not: damaged, unsorted."),
        sa.Column("loaded_at", sa.BigInteger(), nullable=False),
        comment="Trees of anchored batches whose file was there and was checked.",
    )

    op.create_table(
        "indexed_leaf",
        sa.Column("prefix", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("tree", sa.BigInteger(), sa.ForeignKey("indexed_tree.id"), primary_key=True, autoincrement=False),
        sa.Column("leaf_index", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), nullable=False),
        comment="Where digests are: their first 8 bytes, as `prefix_of` has them, and the first such leaf of a tree.",
        sqlite_with_rowid=False,
    )
