"""Acts: what a command sends beside anchors and deeds, each one transaction; driven to finality as those are."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from anchor.books.tables import ANCHORED_STATES, BatchState, act


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


def act_for(connection: Connection, chain: str, sender: str, purpose: str, recipient: str, data: bytes) -> ActRow:
    """The act for a purpose whose outcome no command has told yet, or a new one."""
    mine = (act.c.chain == chain, act.c.sender == sender, act.c.purpose == purpose, act.c.answered == 0)
    query = select(*ACT).where(*mine, act.c.state != BatchState.CANCELLED).order_by(act.c.id).limit(1)
    found = connection.execute(query).first()
    if found is None:
        values = {"chain": chain, "sender": sender, "purpose": purpose, "recipient": recipient, "data": data}
        made = insert(act).values(**values, state=BatchState.SEALED, made_at=int(time.time()))
        return act_row(connection.execute(made.returning(*ACT)).one())
    known = act_row(found)
    if known.nonce is None:
        # A command ended before it signed anything: what is wanted now counts.
        connection.execute(update(act).where(act.c.id == known.id).values(recipient=recipient, data=data))
        known = replace(known, recipient=recipient, data=data)
    return known


def answer(connection: Connection, number: int) -> None:
    """A command tells the outcome of an act."""
    connection.execute(update(act).where(act.c.id == number).values(answered=1))
