"""Acts: what a command sends beside anchors and deeds, each one transaction; driven to finality as those are."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from anchor.books.tables import ANCHORED_STATES, BatchState, act

Same = Callable[[bytes], bool]
"""Whether the data of a call is what is asked for."""


@dataclass(frozen=True, slots=True)
class ActRow:
    """An act as the database has it; what the chain says of it is None until it was seen there.

    Attributes:
        purpose: what it is for; the same for a repeated command.
        recipient: the address that is called, and `data` what with.
        answered: a command has told its outcome, so that the same purpose is another act from now on.
        made_at, block_time: Unix seconds.
        sender, nonce: the account that sends it and the nonce it keeps for it.
        parked_code, parked_why: what it waits for, in state PARKED.
        mined_at, final_at: Unix seconds when that was seen.
    """

    id: int
    purpose: str
    recipient: str
    data: bytes
    state: BatchState
    made_at: int
    answered: bool
    transaction_hash: bytes | None = None
    block_number: int | None = None
    block_hash: bytes | None = None
    block_time: int | None = None
    sender: str | None = None
    nonce: int | None = None
    parked_code: str | None = None
    parked_why: str | None = None
    mined_at: int | None = None
    final_at: int | None = None
    cancel_requested: bool = False

    @property
    def is_anchored(self) -> bool:
        """Whether it is in a block."""
        return self.state in ANCHORED_STATES


ACT: Final = tuple(act.c[name] for name in ActRow.__slots__)


def act_row(found: Any) -> ActRow:
    """An act from its columns."""
    values: dict[str, Any] = dict(zip(ActRow.__slots__, found, strict=True))
    values |= {name: bool(values[name]) for name in ("answered", "cancel_requested")}
    return ActRow(**values | {"state": BatchState(values["state"]), "data": bytes(values["data"])})


def act_for(
    connection: Connection, chain: str, sender: str, purpose: str, recipient: str, data: bytes, same: Same | None = None
) -> ActRow:
    """The act for a purpose whose outcome no command has told yet, or a new one.

    Args:
        same: whether what was signed is what is asked for; default: when it is the same call. Two acts can share the
            words of their purpose.
    """
    is_same = data.__eq__ if same is None else same
    mine = (act.c.chain == chain, act.c.sender == sender, act.c.purpose == purpose, act.c.answered == 0)
    query = select(*ACT).where(*mine, act.c.state != BatchState.CANCELLED).order_by(act.c.id)
    # An address that an earlier program signed for has no checksum.
    known = [
        row
        for row in map(act_row, connection.execute(query))
        if row.nonce is None or (row.recipient.lower() == recipient.lower() and is_same(row.data))
    ]
    if not known:
        values = {"chain": chain, "sender": sender, "purpose": purpose, "recipient": recipient, "data": data}
        made = insert(act).values(**values, state=BatchState.SEALED, made_at=int(time.time()))
        return act_row(connection.execute(made.returning(*ACT)).one())
    first = min(known, key=lambda row: (row.nonce is None, row.id))
    if first.nonce is None:
        # A command ended before it signed anything: what is wanted now counts.
        connection.execute(update(act).where(act.c.id == first.id).values(recipient=recipient, data=data))
        first = replace(first, recipient=recipient, data=data)
    return first


def answer(connection: Connection, number: int) -> None:
    """A command tells the outcome of an act."""
    connection.execute(update(act).where(act.c.id == number).values(answered=1))
