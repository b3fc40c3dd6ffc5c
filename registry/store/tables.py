"""The tables of the database, the same on SQLite and PostgreSQL.

Times are Unix seconds (UTC); hashes and digests are raw bytes; a chain is its CAIP-2 name, such as `eip155:1`.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData()
# SQLite numbers rows by itself only in a column of its own INTEGER type.
BigId = BigInteger().with_variant(Integer, "sqlite")


class BatchState(StrEnum):
    """How far a batch has come."""

    SEALED = "sealed"
    SIGNED = "signed"
    MINED = "mined"
    FINAL = "final"


party = Table(
    "party",
    metadata,
    Column("chain", String, primary_key=True),
    Column("contract", String, primary_key=True),
    Column("party", BigInteger, primary_key=True),
    Column("registered_at", BigInteger, nullable=False),
    comment="Parties that were registered from this folder.",
)

batch = Table(
    "batch",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("chain", String, nullable=False),
    Column("contract", String, nullable=False),
    Column("issuer", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("leaf_count", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("sealed_at", BigInteger, nullable=False),
    Column("sequence", BigInteger),
    Column("transaction_hash", LargeBinary),
    Column("block_number", BigInteger),
    Column("block_hash", LargeBinary),
    Column("block_time", BigInteger),
    UniqueConstraint("chain", "contract", "issuer", "root"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("chain", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("purpose", String, nullable=False, comment="What the transaction is for, the same for a repeated request."),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("raw", LargeBinary, nullable=False),
    Column("signed_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    Column("succeeded", SmallInteger),
    Index("attempt_open", "chain", "sender", "settled_at"),
    comment="Signed transactions; the bytes are here before they are sent.",
)

leaf = Table(
    "leaf",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("batch", BigInteger, ForeignKey("batch.id"), primary_key=True),
    Column("leaf_index", BigInteger, nullable=False),
    Column("method", SmallInteger, nullable=False),
    Column("source", String, nullable=False),
    Column("line", Integer, nullable=False, comment="Line in the source, from 1; 0 for a whole file."),
    # Leaves come sorted by digest: without a rowid they go into the table itself in one pass.
    sqlite_with_rowid=False,
)
