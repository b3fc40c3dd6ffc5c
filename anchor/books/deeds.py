"""Deeds: what a status job needs on chain, each one transaction; they are driven to finality as batches are."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, case, exists, func, insert, select, update

from anchor.books.tables import ANCHORED_STATES, SETTLED_STATES, BatchState, attempt, deed, deed_event, deed_of_job
from registry.records import Act

# SQLite takes 32,766 variables in a statement.
QUERY_CHUNK = 10_000
DIGEST_BYTES: Final = 32
# Of a deed that changes statuses by digest: it has no batch.
NO_ROOT: Final = b""
NO_BITS: Final = 0


class Word(NamedTuple):
    """Up to 256 neighbours of a batch: the root, 32 bytes, and leaf 256 x word + bit. A whole batch is (root, 0)."""

    root: bytes
    word: int


class ByDigest(NamedTuple):
    """A credential wherever its issuer anchors it: its digest, 32 bytes. Bit 0 stands for it."""

    digest: bytes


Subject = Word | ByDigest
"""What a status is of: bits of a word, or one digest."""


@dataclass(frozen=True, slots=True)
class DeedRow:
    """A deed as the database has it; what the chain says of it is None until it was seen there.

    Attributes:
        act: revoke, suspend or reinstate the leaves of the mask, or the digests; void the batch.
        root, word, mask: empty and zero where it changes digests.
        reason: the word that goes on chain.
        urgent: it goes first among those that have no nonce yet.
        made_at, block_time: Unix seconds.
        sender, nonce: the account that sends it and the nonce it keeps for it.
        parked_code, parked_why: what it waits for, in state PARKED.
        mined_at, final_at: Unix seconds when that was seen.
    """

    id: int
    issuer: int
    act: Act
    reason: str
    root: bytes
    word: int
    mask: int
    digests: tuple[bytes, ...]
    urgent: bool
    state: BatchState
    made_at: int
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
    def subjects(self) -> tuple[Subject, ...]:
        """What it changes; a voided batch is its first word."""
        return tuple(map(ByDigest, self.digests)) or (Word(self.root, self.word),)

    def bits(self, subject: Subject) -> int:
        """The bits that it changes of one of these; of any word of a batch that it voids, all."""
        if self.act is Act.VOID:
            return -1
        return 1 if isinstance(subject, ByDigest) else self.mask

    @property
    def is_signed(self) -> bool:
        """Whether it may be on its way, and can only be waited for."""
        return self.nonce is not None

    @property
    def is_anchored(self) -> bool:
        """Whether it is in a block."""
        return self.state in ANCHORED_STATES


class NewDeed(NamedTuple):
    """A deed that has yet to be stored, and the numbers of the jobs that it serves.

    Attributes:
        subject: one word, or digests.
        mask: the bits of the word.
    """

    act: Act
    reason: str
    subject: Word | tuple[ByDigest, ...]
    mask: int
    urgent: bool
    jobs: frozenset[int]


DEED = tuple(deed.c[name] for name in DeedRow.__slots__)


def deed_row(found: Any) -> DeedRow:
    """A deed from its columns."""
    values: dict[str, Any] = dict(zip(DeedRow.__slots__, found, strict=True))
    values |= {
        "act": Act.from_word(values["act"]),
        "mask": int.from_bytes(values["mask"], "big"),
        "digests": _read_digests(values["digests"]),
        "urgent": bool(values["urgent"]),
        "state": BatchState(values["state"]),
        "cancel_requested": bool(values["cancel_requested"]),
    }
    return DeedRow(**values)


def _read_digests(stored: bytes | None) -> tuple[bytes, ...]:
    given = stored or b""
    return tuple(given[at : at + DIGEST_BYTES] for at in range(0, len(given), DIGEST_BYTES))


def record_deed(connection: Connection, number: int, state: BatchState, detail: str) -> None:
    """Take down what happened to a deed."""
    connection.execute(insert(deed_event).values(deed=number, at=time.time(), state=state, detail=detail))


def add_deed(connection: Connection, key: dict[str, Any], one: NewDeed) -> int:
    """Store a deed with the jobs that it serves; its number.

    Args:
        key: chain, contract, issuer and sender.
    """
    root, word = one.subject if isinstance(one.subject, Word) else (NO_ROOT, NO_BITS)
    digests = None if isinstance(one.subject, Word) else b"".join(each.digest for each in one.subject)
    values = {"act": one.act.word, "reason": one.reason, "root": root, "word": word, "digests": digests}
    values |= {"mask": one.mask.to_bytes(32, "big"), "urgent": int(one.urgent), "made_at": int(time.time())}
    added = insert(deed).values(**key, **values, state=BatchState.SEALED).returning(deed.c.id)
    number: int = connection.execute(added).scalar_one()
    lead(connection, number, one.jobs)
    return number


def lead(connection: Connection, number: int, jobs: Iterable[int]) -> None:
    """From now on these jobs rest on the deed, too."""
    known = set(connection.execute(select(deed_of_job.c.job).where(deed_of_job.c.deed == number)).scalars())
    new = [{"job": job, "deed": number} for job in sorted(set(jobs) - known)]
    if new:
        connection.execute(insert(deed_of_job), new)


def dissolve(connection: Connection, numbers: Sequence[int], why: str) -> int:
    """Give up those of the deeds that have no nonce; how many. What they served has to be looked at again."""
    unsigned = (deed.c.id.in_(numbers), deed.c.nonce.is_(None), deed.c.state.not_in(SETTLED_STATES))
    given_up = list(
        connection.execute(
            update(deed).where(*unsigned).values(state=BatchState.CANCELLED).returning(deed.c.id)
        ).scalars()
    )
    for number in given_up:
        record_deed(connection, number, BatchState.CANCELLED, why)
    return len(given_up)


def unpark(connection: Connection, numbers: Sequence[int], why: str) -> None:
    """Let those of the deeds go on that are parked and have a nonce."""
    signed = exists().where(
        attempt.c.chain == deed.c.chain, attempt.c.sender == deed.c.sender, attempt.c.nonce == deed.c.nonce
    )
    parked = (deed.c.id.in_(numbers), deed.c.state == BatchState.PARKED)
    # The state says how far it had come, so that the driver goes on from there.
    state = case((signed, BatchState.BROADCAST), else_=BatchState.RESERVED)
    values = {"state": state, "parked_code": None, "parked_why": None}
    going_on = update(deed).where(*parked).values(**values).returning(deed.c.id, deed.c.state)
    for number, now in list(connection.execute(going_on)):
        record_deed(connection, number, BatchState(now), why)


class DeedStore:
    """Reads the deeds of one contract.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.
    """

    def __init__(self, engine: Engine, chain: str, contract: str):
        self._engine = engine
        self._mine = (deed.c.chain == chain, deed.c.contract == contract)

    def unsettled(self, issuer: int) -> list[DeedRow]:
        """The issuer's deeds that are neither final nor given up, by whichever account, oldest first."""
        query = select(*DEED).where(*self._mine, deed.c.issuer == issuer, deed.c.state.not_in(SETTLED_STATES))
        with self._engine.connect() as connection:
            return [deed_row(found) for found in connection.execute(query.order_by(deed.c.id))]

    def newest(self, issuer: int) -> int:
        """The number of the issuer's newest deed; 0 if there is none."""
        query = select(func.coalesce(func.max(deed.c.id), 0)).where(*self._mine, deed.c.issuer == issuer)
        with self._engine.connect() as connection:
            found: int = connection.execute(query).scalar_one()
        return found

    def of_jobs(self, numbers: Sequence[int]) -> dict[int, list[DeedRow]]:
        """The deeds on which each of the jobs rests, oldest first, without those that were given up."""
        query = (
            select(deed_of_job.c.job, *DEED)
            .join(deed, deed.c.id == deed_of_job.c.deed)
            .where(deed.c.state != BatchState.CANCELLED)
            .order_by(deed.c.id)
        )
        found: dict[int, list[DeedRow]] = {number: [] for number in numbers}
        with self._engine.connect() as connection:
            for start in range(0, len(numbers), QUERY_CHUNK):
                share = numbers[start : start + QUERY_CHUNK]
                for job, *columns in connection.execute(query.where(deed_of_job.c.job.in_(share))):
                    found[job].append(deed_row(columns))
        return found
