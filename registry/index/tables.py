"""The tables of the index: what one registry's events say, and which trees hold which digests.

Times are Unix seconds (UTC); hashes, roots and digests are raw bytes. Everything that has a block is taken back when
the block is; trees and their leaves do not depend on a chain, and stay.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from registry.database.metadata import BigId, metadata

indexed_chain = Table(
    "indexed_chain",
    metadata,
    Column("id", BigId, primary_key=True),
    # With the mark of its edition (`registry.index.reader.Edition`).
    Column("chain", String, nullable=False),
    Column("contract", String, nullable=False, comment="Checksummed."),
    Column("genesis_hash", LargeBinary, nullable=False),
    Column("first_block", BigInteger, nullable=False, comment="The block that the contract was deployed in."),
    Column("number", BigInteger, nullable=False, comment="The cursor: everything up to this block is in the index."),
    Column("hash", LargeBinary, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column(
        "confirmed_number",
        BigInteger,
        nullable=False,
        server_default="0",
        comment="Up to this block it is known that no event is missing.",
    ),
    Column("final_number", BigInteger, comment="The newest block that the chain called final; it must never change."),
    Column("final_hash", LargeBinary),
    Column("seen_number", BigInteger, nullable=False, comment="The newest block that the chain told of."),
    Column("seen_at", Float, nullable=False, comment="When the chain was last read."),
    Column("version", BigInteger, nullable=False, comment="Goes up with every change of what is indexed."),
    Column("reorgs", BigInteger, nullable=False, server_default="0"),
    Column("trouble_code", String, comment="What keeps the index from going on; none when nothing does."),
    Column("trouble_why", String),
    UniqueConstraint("chain", "contract"),
    comment="One row an indexed contract.",
)

indexed_block = Table(
    "indexed_block",
    metadata,
    Column("source", BigInteger, ForeignKey("indexed_chain.id"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    Column("time", BigInteger, nullable=False),
    comment="Blocks with events, and those that the cursor stood at and that are not final yet.",
)

indexed_event = Table(
    "indexed_event",
    metadata,
    Column("source", BigInteger, ForeignKey("indexed_chain.id"), primary_key=True),
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("transaction_hash", LargeBinary, nullable=False),
    Column("name", String, nullable=False),
    Column("party", BigInteger, comment="The party, issuer or body that it is about."),
    Column("holder", BigInteger, comment="The other party of an accreditation or recognition."),
    Column("root", LargeBinary),
    Column("accreditation", BigInteger),
    Column("digest", LargeBinary, comment="Of the credential that it is about, wherever it is anchored."),
    Column("arguments", String, nullable=False, comment="JSON, by the names of the ABI; bytes and 256 bits in hex."),
    Index("indexed_event_party", "source", "party", "block_number", "log_index"),
    Index("indexed_event_holder", "source", "holder", "block_number", "log_index"),
    Index("indexed_event_root", "source", "root"),
    Index("indexed_event_name", "source", "name", "block_number", "log_index"),
    Index("indexed_event_accreditation", "source", "accreditation"),
    Index("indexed_event_digest", "source", "digest"),
    comment="Every event of the contract.",
)

indexed_party = Table(
    "indexed_party",
    metadata,
    Column("source", BigInteger, ForeignKey("indexed_chain.id"), primary_key=True),
    Column("party", BigInteger, primary_key=True, autoincrement=False),
    Column("controller", String, nullable=False),
    Column("pending_controller", String),
    Column("registered_at", BigInteger, nullable=False),
    Column("retired_at", BigInteger),
    Column("sequence", BigInteger, nullable=False, comment="How many batches it has anchored."),
    Column("credentials", BigInteger, nullable=False, comment="Leaves of its batches, voided ones too."),
    Column(
        "digest_changes",
        BigInteger,
        nullable=False,
        server_default="0",
        comment="Events about what it says of digests.",
    ),
    Column("profile_hash", LargeBinary, nullable=False),
    Column("uri", String, nullable=False),
)

indexed_batch = Table(
    "indexed_batch",
    metadata,
    Column("source", BigInteger, ForeignKey("indexed_chain.id"), primary_key=True),
    Column("issuer", BigInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("leaf_count", BigInteger, nullable=False, comment="0 while it is not stated."),
    Column("operator", String, nullable=False),
    Column("block_number", BigInteger, nullable=False),
    Column("block_hash", LargeBinary, nullable=False),
    Column("block_time", BigInteger, nullable=False),
    Column("log_index", BigInteger, nullable=False),
    Column("transaction_hash", LargeBinary, nullable=False),
    Column("voided_at", BigInteger),
    Column("void_reason", SmallInteger, nullable=False, server_default="0"),
    Column("revoked", BigInteger, nullable=False, comment="Credentials revoked one by one."),
    Column("suspended", BigInteger, nullable=False),
    UniqueConstraint("source", "root", "issuer"),
    Index("indexed_batch_block", "source", "block_number", "log_index"),
)

indexed_status = Table(
    "indexed_status",
    metadata,
    Column("source", BigInteger, ForeignKey("indexed_chain.id"), primary_key=True),
    Column("root", LargeBinary, primary_key=True),
    Column("issuer", BigInteger, primary_key=True, autoincrement=False),
    Column("purpose", SmallInteger, primary_key=True, autoincrement=False, comment="0 revocation, 1 suspension."),
    Column("word", BigInteger, primary_key=True, autoincrement=False),
    Column("bits", LargeBinary, nullable=False, comment="32 bytes, big-endian; bit b is leaf 256 x word + b."),
    comment="The status words that are not zero.",
)

indexed_digest = Table(
    "indexed_digest",
    metadata,
    Column("source", BigInteger, ForeignKey("indexed_chain.id"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("issuer", BigInteger, primary_key=True, autoincrement=False),
    Column("revoked_at", BigInteger),
    Column("revocation_reason", SmallInteger),
    Column("suspended_at", BigInteger),
    Column("suspension_reason", SmallInteger),
    Index("indexed_digest_issuer", "source", "issuer", "digest"),
    comment="What issuers said of credentials by their digests, where it holds.",
)

indexed_tree = Table(
    "indexed_tree",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("root", LargeBinary, nullable=False),
    Column("leaf_count", BigInteger, nullable=False),
    Column("state", String, nullable=False, comment="loaded, or why not: damaged, unsorted."),
    Column("loaded_at", BigInteger, nullable=False),
    UniqueConstraint("root", "leaf_count"),
    comment="Trees of anchored batches whose file was there and was checked.",
)

indexed_leaf = Table(
    "indexed_leaf",
    metadata,
    Column("prefix", BigInteger, primary_key=True, autoincrement=False),
    # On PostgreSQL it refers to nothing: looking each up costs more than all the rest of writing a row, and no tree is
    # ever removed.
    Column("tree", BigInteger, ForeignKey("indexed_tree.id"), primary_key=True, autoincrement=False),
    Column("leaf_index", Integer().with_variant(BigInteger, "postgresql"), nullable=False),
    # One row for all leaves of a tree that begin alike, so that nobody can make a lookup slow with digests of his own.
    comment="Where digests are: their first 8 bytes, as `prefix_of` has them, and the first such leaf of a tree.",
    sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (prefix)",
)

indexed_document = Table(
    "indexed_document",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("kind", String, nullable=False, comment="partnership or statement."),
    Column("name", String, nullable=False, comment="Its id, which all its versions have."),
    Column("content", LargeBinary, nullable=False, comment="Canonical JSON, whose SHA-256 is the digest."),
    Column("taken_at", BigInteger, nullable=False),
    Index("indexed_document_name", "kind", "name"),
    comment="Partnerships and statements that were put beside the index; whether they count, their anchors say.",
)
