"""Offers of credentials to wallets: one for each award, and what became of it.

No code, token or link is stored: what stands here opens nothing, whoever reads it. What may happen once happens in one
statement, so that of several who try at the same moment one succeeds, whatever process serves them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Select, Update, case, exists, func, insert, select, update

from anchor.books.issued import ASKED_AT_ONCE, IssuedStore, Run
from anchor.books.tables import issue_run, wallet_offer
from registry.database.engine import ROW_REFUSED
from registry.errors import NotPossible

FREE_TRIES: Final = 5
"""Wrong transaction codes for one offer, in a row, after which the next one has to wait."""
MOST_TRIES: Final = 20
"""Those after which it is closed: with eight digits, one in five million guesses so, in ten hours."""
_SHORTEST_WAIT: Final = 60
_LONGEST_WAIT: Final = 3_600


def wait_after(tries: int) -> int:
    """Seconds in which no code for an offer is looked at after so many wrong ones: each time twice as many."""
    return 0 if tries < FREE_TRIES else min(_LONGEST_WAIT, _SHORTEST_WAIT << (tries - FREE_TRIES))


class Way(StrEnum):
    """The protocol by which a wallet took an offer."""

    OPENID = "oid4vci"
    EXCHANGE = "vc-api"


@dataclass(frozen=True, slots=True)
class NewOffer:
    """An offer that is to be stored.

    Attributes:
        row_key: hexadecimal, of the award that is offered, as `IssuedRow.row_key`.
        code: SHA-256 of the pre-authorised code.
        transaction_code: its HMAC-SHA256 under the pre-authorised code.
        made_at, expires_at: Unix seconds.
    """

    row_key: str
    code: bytes
    transaction_code: bytes
    made_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Offer(NewOffer):
    """An offer as it is stored, as `NewOffer`; all times are Unix seconds.

    Attributes:
        run: the number of the run that issued the award.
        edition: 1, and one more for each offer of the same award.
        tries: of transaction codes since the last right one.
        wait_until: when the next one is looked at.
        access: SHA-256 of the token or link that was given last; good until `access_until`.
        taken_at, taken_by: when a wallet exchanged it, and by which protocol.
        handed_at: when a wallet was last given credentials.
        downloaded_at: when the files were last taken from its page.
        event: what the wallet said became of it, in the words of OID4VCI.
    """

    number: int
    run: int
    edition: int
    tries: int
    wait_until: int
    withdrawn_at: int | None
    access: bytes | None
    access_until: int | None
    taken_at: int | None
    taken_by: Way | None
    handed_at: int | None
    downloaded_at: int | None
    event: str | None

    def is_open(self, now: int) -> bool:
        """Whether whoever has the codes may still come: it is not withdrawn, closed by wrong codes, or past its end."""
        return self.withdrawn_at is None and self.tries < MOST_TRIES and now < self.expires_at


class WalletOfferStore:
    """Reads and writes the offers for one contract.

    Args:
        issued: what was issued for it.
    """

    def __init__(self, engine: Engine, issued: IssuedStore):
        self._engine = engine
        self._runs = issued.runs_here

    def of_run(self, run: Run) -> dict[str, Offer]:
        """By the key of the award, the newest offer of each."""
        query = _OFFERS.where(wallet_offer.c.run == run.number).order_by(wallet_offer.c.edition)
        with self._engine.connect() as connection:
            return {offer.row_key: offer for offer in map(_offer, connection.execute(query))}

    def offered_runs(self) -> tuple[int, ...]:
        """The numbers of the runs of which something was offered and not withdrawn."""
        offered = exists().where(wallet_offer.c.run == issue_run.c.number, wallet_offer.c.withdrawn_at.is_(None))
        query = select(issue_run.c.number).where(*self._runs, offered).order_by(issue_run.c.number)
        with self._engine.connect() as connection:
            return tuple(connection.execute(query).scalars())

    def by_code(self, code: bytes) -> Offer | None:
        """The offer with the pre-authorised code of which this is the hash."""
        return self._one(wallet_offer.c.code == code)

    def by_access(self, access: bytes) -> Offer | None:
        """The offer whose token or link this is the hash of."""
        return self._one(wallet_offer.c.access == access)

    def add(self, run: Run, new: Sequence[NewOffer]) -> None:
        """Store offers, all of them or none; the ones before of the same awards are withdrawn.

        Raises:
            NotPossible: code `offered-meanwhile`: another command offered one of them at this moment.
        """
        try:
            with self._engine.begin() as connection:
                editions = self._editions(connection, run)
                for share in _shares([bytes.fromhex(each.row_key) for each in new]):
                    connection.execute(_withdrawn(run, share, new[0].made_at))
                values = [
                    {name: getattr(each, name) for name in NewOffer.__slots__}
                    | {
                        "row_key": bytes.fromhex(each.row_key),
                        "run": run.number,
                        "edition": editions.get(bytes.fromhex(each.row_key), 0) + 1,
                    }
                    for each in new
                ]
                if values:
                    connection.execute(insert(wallet_offer), values)
        except ROW_REFUSED:
            raise NotPossible(
                "another command offered the same awards at this moment; none of these offers is good",
                remedy="Run the command again, with a new folder: what is offered is left out.",
                code="offered-meanwhile",
            ) from None

    def withdraw(self, run: Run, row_keys: Collection[str], at: int) -> int:
        """Withdraw the offers of awards; how many there were that were not withdrawn yet."""
        with self._engine.begin() as connection:
            keys = [bytes.fromhex(key) for key in row_keys]
            return sum(connection.execute(_withdrawn(run, share, at)).rowcount for share in _shares(keys))

    def try_code(self, offer: Offer, now: int) -> bool:
        """Count a try before it is looked at, so that trying at once gives no more of them; whether it was allowed."""
        tries = wallet_offer.c.tries
        waits = case({tried: wait_after(tried + 1) for tried in range(MOST_TRIES)}, value=tries)
        allowed = (tries < MOST_TRIES, wallet_offer.c.wait_until <= now)
        return self._change(offer, now, *allowed, tries=tries + 1, wait_until=now + waits)

    def right_code(self, offer: Offer) -> None:
        """The code that was tried was the right one: whoever has it guesses nothing."""
        with self._engine.begin() as connection:
            forgiven = update(wallet_offer).where(wallet_offer.c.number == offer.number)
            connection.execute(forgiven.values(tries=0, wait_until=0))

    def redeem(self, offer: Offer, access: bytes, until: int, now: int) -> bool:
        """Exchange an offer for a token; whether this was the one time that it can be done."""
        free = wallet_offer.c.taken_at.is_(None)
        taken = {"taken_at": now, "taken_by": Way.OPENID, "access": access, "access_until": until}
        return self._change(offer, now, free, **taken)

    def open_exchange(self, offer: Offer, access: bytes, until: int, now: int) -> bool:
        """Give out a link for one exchange, which ends the link before; whether the offer is still to be had."""
        return self._change(offer, now, wallet_offer.c.taken_at.is_(None), access=access, access_until=until)

    def exchange(self, offer: Offer, access: bytes, now: int) -> bool:
        """Use a link; whether this was the one time that it can be done."""
        good = (wallet_offer.c.taken_at.is_(None), wallet_offer.c.access == access, wallet_offer.c.access_until > now)
        taken = {"taken_at": now, "taken_by": Way.EXCHANGE, "access": None, "access_until": None}
        return self._change(offer, now, *good, **taken, handed_at=now)

    def note(self, offer: Offer, **what: int | str) -> None:
        """Write down what became of an offer: `handed_at`, `downloaded_at`, `event`."""
        with self._engine.begin() as connection:
            connection.execute(update(wallet_offer).where(wallet_offer.c.number == offer.number).values(**what))

    def _one(self, which: ColumnElement[bool]) -> Offer | None:
        with self._engine.connect() as connection:
            found = connection.execute(_OFFERS.where(*self._runs, which)).first()
        return None if found is None else _offer(found)

    def _change(self, offer: Offer, now: int, *which: ColumnElement[bool], **values: Any) -> bool:
        is_good = (
            wallet_offer.c.number == offer.number,
            wallet_offer.c.withdrawn_at.is_(None),
            wallet_offer.c.expires_at > now,
        )
        with self._engine.begin() as connection:
            return connection.execute(update(wallet_offer).where(*is_good, *which).values(**values)).rowcount == 1

    @staticmethod
    def _editions(connection: Connection, run: Run) -> dict[bytes, int]:
        counted = select(wallet_offer.c.row_key, func.max(wallet_offer.c.edition))
        found = connection.execute(counted.where(wallet_offer.c.run == run.number).group_by(wallet_offer.c.row_key))
        return {bytes(key): edition for key, edition in found}


def _withdrawn(run: Run, row_keys: Iterable[bytes], at: int) -> Update:
    """An offer that is withdrawn gives nobody anything more, whatever was given out for it."""
    which = (wallet_offer.c.run == run.number, wallet_offer.c.row_key.in_(row_keys))
    gone = {"withdrawn_at": at, "access": None, "access_until": None}
    return update(wallet_offer).where(*which, wallet_offer.c.withdrawn_at.is_(None)).values(**gone)


def _shares(values: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (values[start : start + ASKED_AT_ONCE] for start in range(0, len(values), ASKED_AT_ONCE))


_OF_AN_OFFER: Final = tuple(each.name for each in fields(Offer))
_OFFERS: Select[Any] = select(*(wallet_offer.c[name] for name in _OF_AN_OFFER)).join(
    issue_run, issue_run.c.number == wallet_offer.c.run
)


def _offer(found: Any) -> Offer:
    values: dict[str, Any] = dict(zip(_OF_AN_OFFER, found, strict=True))
    values |= {name: bytes(values[name]) for name in ("code", "transaction_code")}
    values["row_key"] = bytes(values["row_key"]).hex()
    values["access"] = None if values["access"] is None else bytes(values["access"])
    values["taken_by"] = None if values["taken_by"] is None else Way(values["taken_by"])
    return Offer(**values)
