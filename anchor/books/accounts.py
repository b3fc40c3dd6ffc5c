"""What an account has under way for an issuer: what would be refused if it lost the right to act for it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from anchor.books.tables import ANCHORED_STATES, SETTLED_STATES, BatchState, act, batch, deed, signer


@dataclass(frozen=True, slots=True)
class Doings:
    """How many batches, changes of statuses and acts an account has to send, or has sent.

    Attributes:
        account: its address, checksummed.
        under_way: how many are not in a block yet.
        not_final: how many are in a block that is not final yet.
        process: who holds the lease of the account; a process that was killed is named until another takes over.
    """

    account: str
    under_way: int
    not_final: int
    process: str | None

    @property
    def is_busy(self) -> bool:
        """Whether something may still be sent that takes the account's rights."""
        return bool(self.under_way or self.process)


def doings_of(engine: Engine, chain: str, contract: str, issuer: int, account: str) -> Doings:
    """What the database says of an account that acts for an issuer, or has acted for anybody by a command.

    Args:
        chain: CAIP-2 name.
        contract, account: checksummed.
    """
    with engine.connect() as connection:
        found = dict.fromkeys(BatchState, 0)
        for table in (batch, deed, act):
            mine = [table.c.chain == chain, table.c.sender == account, table.c.state.not_in(SETTLED_STATES)]
            if table is not act:
                mine += [table.c.contract == contract, table.c.issuer == issuer]
            query = select(table.c.state, func.count()).where(*mine).group_by(table.c.state)
            for state, count in connection.execute(query):
                found[BatchState(state)] += count
        holder = select(signer.c.owner).where(signer.c.chain == chain, signer.c.address == account)
        process = connection.execute(holder).scalar_one_or_none()
    not_final = sum(found[state] for state in ANCHORED_STATES)
    return Doings(account, sum(found.values()) - not_final, not_final, process)
