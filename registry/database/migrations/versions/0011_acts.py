"""What commands send stands in rows, as what the daemon sends does; what was under way is taken over."""

from __future__ import annotations

import re
import time
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
# SQLite numbers rows by itself only in a column of its own INTEGER type.
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# What the plainest of all transactions needs: an earlier program signed some that no block can take.
TRANSFER_GAS = 21_000
TO, DATA, GAS = 5, 7, 4
# What stands in rows already, or needs none.
OF_ROWS = re.compile(r"status .* deed \d+$|anchor \d+ 0x|cancel |fill ")
# Where the ranges of RLP begin, and the longest item whose size is in its first byte.
SINGLE, STRING, LIST, SHORT = 0x80, 0x80, 0xC0, 55

attempt = sa.table(
    "attempt",
    *(sa.column(name) for name in ("id", "chain", "sender", "nonce", "purpose", "raw", "settled_at", "succeeded")),
)
batch = sa.table("batch", *(sa.column(name) for name in ("id", "chain", "issuer", "root", "state", "sender", "nonce")))
act = sa.table(
    "act",
    *(sa.column(name) for name in ("chain", "purpose", "recipient", "data", "state", "made_at", "sender", "nonce")),
)


def upgrade() -> None:
    """Make the table, and a row for each transaction that a command had under way."""
    op.create_table(
        "act",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False, comment="What it is for, the same for a repeated command."),
        sa.Column("recipient", sa.String(), nullable=False, comment="The address that is called."),
        sa.Column("data", sa.LargeBinary(), nullable=False, comment="What it is called with."),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "answered",
            sa.SmallInteger(),
            server_default="0",
            nullable=False,
            comment="A command has told its outcome.",
        ),
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
        comment="Transactions of commands that are neither anchors nor deeds, such as a registration.",
    )
    op.create_index("act_state", "act", ["chain", "sender", "state"])
    op.create_index("act_purpose", "act", ["chain", "sender", "purpose"])
    _take_over(op.get_bind())


def _take_over(connection: sa.Connection) -> None:
    """Give what commands signed a row: the nonce to the batch that it anchors, an act to everything else under way."""
    under_way = attempt.c.settled_at.is_(None)
    _give_nonces(connection, sa.or_(under_way, attempt.c.succeeded == 1))
    stored = connection.execute(sa.select(attempt).where(under_way).order_by(attempt.c.nonce, attempt.c.id)).all()
    found = [one for one in stored if _fields(one.raw)]
    now = int(time.time())
    for one in found:
        if not _can_be_mined(one):
            given_up = sa.update(attempt).where(attempt.c.id == one.id)
            connection.execute(given_up.values(settled_at=now, succeeded=0))
    # Of several at one nonce, as when a fee was raised, the last says what it is for.
    for one in {(one.chain, one.sender, one.nonce): one for one in found if _can_be_mined(one)}.values():
        if not OF_ROWS.match(one.purpose):
            fields = _fields(one.raw)
            values = {"chain": one.chain, "sender": one.sender, "nonce": one.nonce, "purpose": one.purpose}
            values |= {"recipient": f"0x{fields[TO].hex()}", "data": fields[DATA], "state": "broadcast"}
            connection.execute(sa.insert(act).values(**values, made_at=now))


def _give_nonces(connection: sa.Connection, live: sa.ColumnElement[bool]) -> None:
    waiting = sa.select(batch).where(batch.c.nonce.is_(None), batch.c.state.not_in(("final", "cancelled")))
    for row in connection.execute(waiting).all():
        here = (attempt.c.chain == row.chain, attempt.c.purpose == f"anchor {row.issuer} 0x{bytes(row.root).hex()}")
        query = sa.select(attempt).where(*here, live).order_by(attempt.c.nonce.desc(), attempt.c.id.desc())
        signed = connection.execute(query).first()
        if signed is not None:
            # What is in a block, or waits for a person, stays so.
            state = row.state if row.state in ("mined", "safe", "parked") else "broadcast"
            values = {"nonce": signed.nonce, "sender": signed.sender, "state": state}
            connection.execute(sa.update(batch).where(batch.c.id == row.id).values(**values))


def _can_be_mined(one: sa.Row[Any]) -> bool:
    return int.from_bytes(_fields(one.raw)[GAS], "big") >= TRANSFER_GAS


def _fields(raw: bytes) -> list[bytes]:
    """The fields of a signed transaction of type 2 (EIP-1559), up to its data; none where it is none.

    That is RLP, whose library is not installed everywhere.
    """
    fields: list[bytes] = []
    if raw[:1] != b"\x02" or len(raw) < 2:
        return fields
    at = 1 + _header(raw, 1)[0]
    while len(fields) <= DATA:
        if at >= len(raw):
            return []
        header, size = _header(raw, at)
        fields.append(raw[at + header : at + header + size])
        at += header + size
    return fields


def _header(raw: bytes, at: int) -> tuple[int, int]:
    """How many bytes the header of an item has, and the item itself."""
    first = raw[at]
    if first < SINGLE:
        return 0, 1
    size = first - (LIST if first >= LIST else STRING)
    if size <= SHORT:
        return 1, size
    wide = size - SHORT
    return 1 + wide, int.from_bytes(raw[at + 1 : at + 1 + wide], "big")
