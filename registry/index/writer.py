"""Writing the index: ranges of blocks go in, and blocks that are gone are taken back, each in one transaction.

The cursor is part of that transaction, and moves only from where its reader saw it: of two indexers on one database,
the second one finds that the first was there.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeGuard, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from registry.database.engine import now
from registry.errors import ChainError
from registry.history import DIGEST_EVENTS, Records, Rules
from registry.index.facts import FINALITY_VIOLATED, WORD_BYTES, digest_of, missing, refuse, write_arguments
from registry.index.reader import (
    BATCH,
    DIGEST,
    PARTY,
    VALUES_A_STATEMENT,
    Edition,
    Head,
    Index,
    batch_of,
    block_of,
    digest_status_of,
    party_of,
    read_events,
    read_head,
)
from registry.index.tables import (
    indexed_batch,
    indexed_block,
    indexed_chain,
    indexed_digest,
    indexed_event,
    indexed_party,
    indexed_status,
)
from registry.recognition.ledger import EVENT_NAMES, MADE_BY
from registry.records import NOTHING_SAID, Batch, BlockRef, DigestKey, DigestStatus, Event, Party

V = TypeVar("V")
_OF_PARTIES: Final = ("PartyRegistered", "ProfileSet", "ControllerOffered", "ControllerChanged", "PartyRetired")
"""What changes a party itself; how much it anchored, its batches tell."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the contract itself says at a block; what was not asked is not in it.

    Attributes:
        sequences: by issuer, how many batches it has anchored.
    """

    parties: int
    accreditations: int
    sequences: Mapping[int, int] = field(default_factory=dict)


class CursorMoved(ChainError):
    """Another process has moved the cursor; what was read has to be read again."""

    default_code = "cursor-moved"


class IndexWriter:
    """The index of one contract, for the process that fills it.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.
        edition: the one in use, or the one that is made to take its place.
    """

    def __init__(self, engine: Engine, chain: str, contract: str, edition: Edition = Edition.CURRENT):
        self._engine = engine
        self._chain = chain
        self._contract = contract
        self._edition = edition
        self.index = Index(engine, chain, contract, edition)

    # Reading

    def head(self) -> Head | None:
        """How far the index is, or None before `begin`."""
        return self.index.head()

    def marks(self, head: Head) -> list[BlockRef]:
        """Blocks that the index has seen and that may still be undone, the newest first; the final one last."""
        of = indexed_block.c
        query = select(of.number, of.hash, of.time).where(of.source == head.source, of.number <= head.cursor.number)
        if head.final is not None:
            query = query.where(of.number >= head.final)
        with self._engine.connect() as connection:
            return [block_of(*found) for found in connection.execute(query.order_by(of.number.desc()))]

    def events(self, head: Head, first: int, last: int) -> list[Event]:
        """All that is indexed of the blocks from one to another, both included, in the order of the chain."""
        of = indexed_event.c
        with self._engine.connect() as connection:
            return read_events(connection, [of.block_number >= first, of.block_number <= last], head.source)

    # Writing

    def begin(self, before: BlockRef, *, genesis_hash: bytes, seen: int | None = None) -> Head:
        """Make an empty index whose cursor stands at the block before the contract's first one.

        Args:
            seen: number of the chain's newest block; default: the one where the cursor stands.
        """
        with self._engine.begin() as connection:
            connection.execute(
                insert(indexed_chain).values(
                    chain=f"{self._chain}{self._edition}",
                    contract=self._contract,
                    genesis_hash=genesis_hash,
                    first_block=before.number + 1,
                    number=before.number,
                    hash=before.hash,
                    time=_seconds(before.timestamp),
                    confirmed_number=before.number,
                    seen_number=before.number if seen is None else seen,
                    seen_at=now(connection),
                    version=0,
                )
            )
            head = self._read(connection)
            if head is None:
                raise ValueError("the row that was just written is not there")
            self._keep(connection, head.source, [before])
        return head

    def forget(self) -> None:
        """Remove all that is indexed of this contract; trees and their digests stay."""
        with self._engine.begin() as connection:
            _forget(connection, self._read(connection))

    def take_place(self) -> None:
        """Have this edition be the current one, from one moment to the next; the one before it becomes the former.

        Raises:
            ValueError: it is not there, is the current one already, or may lack events.
        """
        with self._engine.begin() as connection:
            mine = self._read(connection)
            if mine is None or self._edition is Edition.CURRENT:
                raise ValueError("there is no edition that could take the place of the current one")
            if not mine.is_confirmed:
                raise ValueError("an edition that is not confirmed cannot take the place of the current one")
            _forget(connection, self._read(connection, Edition.FORMER))
            current = self._read(connection, Edition.CURRENT)
            if current is not None:
                renamed = {"chain": f"{self._chain}{Edition.FORMER}", "seen_at": now(connection)}
                connection.execute(update(indexed_chain).where(indexed_chain.c.id == current.source).values(**renamed))
            # Made of an endpoint that is behind, it must not unsay how far the chain is known to be.
            seen = max(mine.seen, current.seen) if _is_sound(current, mine) else mine.seen
            taken = update(indexed_chain).where(indexed_chain.c.id == mine.source)
            connection.execute(taken.values(chain=self._chain, seen_number=seen))

    def forget_former(self, *, seconds: float) -> None:
        """Remove the former edition when it was replaced so long ago that nobody is in the middle of reading it."""
        of = indexed_chain.c
        former = (of.chain == f"{self._chain}{Edition.FORMER}", of.contract == self._contract)
        with self._engine.begin() as connection:
            old = select(of.id).where(*former, of.seen_at < now(connection) - seconds)
            if connection.execute(old).first() is not None:
                _forget(connection, self._read(connection, Edition.FORMER))

    def add(
        self,
        head: Head,
        events: Sequence[Event],
        last: BlockRef,
        *,
        seen: int,
        counts: Counts | None = None,
        complete: bool = True,
    ) -> None:
        """Add the events of the blocks after the cursor up to `last`, and move the cursor there.

        Args:
            events: all of them, in the order of the chain.
            seen: number of the chain's newest block.
            counts: what the contract says at `last`.
            complete: whether it is known that these are all; else the block up to which that is known stays.

        Raises:
            CursorMoved: the index is no longer as `head` says.
            ChainError: events are missing (code `events-missing`); nothing is changed then.
        """
        with self._engine.begin() as connection:
            version = _another(head.version) if events else head.version
            confirmed = last.number if complete and head.is_confirmed else head.confirmed
            self._move(connection, head, last, version=version, seen_number=seen, confirmed_number=confirmed)
            events = _with_parties(connection, head.source, events)
            records = _loaded(connection, head.source, events)
            before, rules = records.copy(), Rules(records, refuse)
            for event in events:
                rules.follow(event)
            _check_accreditations(connection, head.source, events)
            self._keep(connection, head.source, {event.block for event in events} | {last})
            _insert(connection, indexed_event, [_event_values(head.source, event) for event in events])
            _save(connection, head.source, before, records)
            if counts is not None:
                _compare(connection, head.source, counts)

    def roll_back(self, head: Head, to: BlockRef) -> None:
        """Take back all blocks after `to`, one of the marks or the final block, and move the cursor there.

        Raises:
            CursorMoved: the index is no longer as `head` says.
        """
        of = indexed_event.c
        with self._engine.begin() as connection:
            confirmed = min(head.confirmed, to.number)
            changes = {"version": _another(head.version), "reorgs": head.reorgs + 1, "confirmed_number": confirmed}
            self._move(connection, head, to, **changes)
            gone = and_(of.source == head.source, of.block_number > to.number)
            touched = connection.execute(select(of.party, of.root, of.digest).where(gone).distinct()).all()
            connection.execute(delete(indexed_event).where(gone))
            block = indexed_block.c
            connection.execute(delete(indexed_block).where(block.source == head.source, block.number > to.number))
            self._keep(connection, head.source, [to])
            _tell_again(
                connection,
                head.source,
                parties={row.party for row in touched if row.party is not None},
                roots={row.root for row in touched if row.root is not None},
                digests={row.digest for row in touched if row.digest is not None},
            )

    def mend(self, head: Head, missing: Sequence[Event], surplus: Sequence[Event] = ()) -> None:
        """Put events at their places at or before the cursor, and take out those that are none, with all that follows.

        Raises:
            CursorMoved: the index is no longer as `head` says.
            ChainError: others are missing, too (code `events-missing`); nothing is changed then.
        """
        of = indexed_event.c
        with self._engine.begin() as connection:
            self._move(connection, head, head.cursor, version=_another(head.version))
            for event in surplus:
                place = (of.block_number == event.block_number, of.log_index == event.log_index)
                connection.execute(delete(indexed_event).where(of.source == head.source, *place))
            _forget_blocks(connection, head, {event.block_number for event in surplus})
            missing = _with_parties(connection, head.source, missing)
            self._keep(connection, head.source, {event.block for event in missing})
            _insert(connection, indexed_event, [_event_values(head.source, event) for event in missing])
            touched = [*missing, *surplus]
            _tell_again(
                connection,
                head.source,
                parties={event.party for event in touched if event.party is not None},
                roots={event.root for event in touched if event.root is not None},
                digests={digest for event in touched if (digest := digest_of(event)) is not None},
            )

    def confirm(self, head: Head, number: int) -> None:
        """Take down that no event is missing up to that block, which is not after the cursor.

        Raises:
            CursorMoved: the index is no longer as `head` says.
        """
        with self._engine.begin() as connection:
            self._move(connection, head, head.cursor, version=head.version, confirmed_number=number)

    def settle(self, head: Head, *, final: BlockRef | None, seen: int) -> None:
        """Take down what the chain says of itself: the newest final block, if it says, and the newest one."""
        of, event = indexed_block.c, indexed_event.c
        values: dict[str, Any] = {"seen_number": seen}
        with self._engine.begin() as connection:
            if final is not None and (head.final is None or final.number > head.final):
                values |= {"final_number": final.number, "final_hash": final.hash}
                if final.number <= head.cursor.number:
                    self._keep(connection, head.source, [final])
                told = exists().where(event.source == of.source, event.block_number == of.number)
                old = and_(of.source == head.source, of.number < min(final.number, head.cursor.number))
                connection.execute(delete(indexed_block).where(old, not_(told)))
            this = update(indexed_chain).where(indexed_chain.c.id == head.source)
            connection.execute(this.values(seen_at=now(connection), **values))
            # Another process may have found since what cannot heal.
            connection.execute(this.where(_heals()).values(trouble_code=None, trouble_why=None))

    def trouble(self, error: ChainError, *, seen: int | None = None) -> None:
        """Take down what keeps the index from going on; what cannot heal by itself is not written over.

        Args:
            seen: number of the chain's newest block, where it was read: how far the index is behind is known even then.
        """
        of = indexed_chain.c
        mine = and_(of.chain == f"{self._chain}{self._edition}", of.contract == self._contract)
        values: dict[str, Any] = {"trouble_code": error.code, "trouble_why": str(error)}
        with self._engine.begin() as connection:
            connection.execute(update(indexed_chain).where(mine, _heals()).values(**values))
            if seen is not None:
                further = update(indexed_chain).where(mine, of.seen_number < seen)
                connection.execute(further.values(seen_number=seen))

    def accept(self) -> None:
        """Take back that a final block changed: a person had it looked at, and it did not."""
        of = indexed_chain.c
        mine = and_(of.chain == f"{self._chain}{self._edition}", of.contract == self._contract)
        with self._engine.begin() as connection:
            said = update(indexed_chain).where(mine, of.trouble_code == FINALITY_VIOLATED)
            connection.execute(said.values(trouble_code=None, trouble_why=None))

    def _read(self, connection: Connection, edition: Edition | None = None) -> Head | None:
        return read_head(connection, self._chain, self._contract, self._edition if edition is None else edition)

    def _move(self, connection: Connection, head: Head, to: BlockRef, **values: Any) -> None:
        of = indexed_chain.c
        as_read = and_(of.id == head.source, of.hash == head.cursor.hash, of.version == head.version)
        cursor = {"number": to.number, "hash": to.hash, "time": _seconds(to.timestamp), "seen_at": now(connection)}
        moved = update(indexed_chain).where(as_read, of.number == head.cursor.number).values(**cursor, **values)
        if connection.execute(moved).rowcount == 0:
            raise CursorMoved(
                "another process fills the same index",
                remedy="Nothing is lost; one process with an indexer is enough.",
            )

    def _keep(self, connection: Connection, source: int, marks: Iterable[BlockRef]) -> None:
        of = indexed_block.c
        for some in _in_pieces(sorted(marks)):
            query = select(of.number).where(of.source == source, of.number.in_([mark.number for mark in some]))
            known = set(connection.execute(query).scalars())
            rows = [
                {"source": source, "number": mark.number, "hash": mark.hash, "time": _seconds(mark.timestamp)}
                for mark in some
                if mark.number not in known
            ]
            _insert(connection, indexed_block, rows)


def _another(version: int) -> int:
    """A version that no index of this registry had before, not even on a server whose last changes were lost.

    A number that only counted would come back there with other content, and what replicas keep would pass for it.
    """
    return max(version + 1, time.time_ns() // 1000)


def _heals() -> ColumnElement[bool]:
    """Of the row of an indexed contract, whether what keeps it from going on may be over."""
    of = indexed_chain.c.trouble_code
    return or_(of.is_(None), of != FINALITY_VIOLATED)


def _is_sound(head: Head | None, other: Head) -> TypeGuard[Head]:
    """Whether an edition is of the same chain as the other one, as far as it says."""
    return head is not None and head.genesis_hash == other.genesis_hash and head.trouble_code != FINALITY_VIOLATED


def _forget(connection: Connection, head: Head | None) -> None:
    if head is None:
        return
    for table in (indexed_digest, indexed_status, indexed_batch, indexed_party, indexed_event, indexed_block):
        connection.execute(delete(table).where(table.c.source == head.source))
    connection.execute(delete(indexed_chain).where(indexed_chain.c.id == head.source))


# Forward


def _with_parties(connection: Connection, source: int, events: Sequence[Event]) -> list[Event]:
    """The events, those about an accreditation with its body and its holder; most of them only name its number."""
    of = indexed_event.c
    wanted = {event.accreditation for event in events if event.accreditation is not None and event.party is None}
    sides: dict[int, tuple[int | None, int | None]] = {}
    for some in _in_pieces(sorted(wanted)):
        made = select(of.accreditation, of.party, of.holder).where(of.source == source, of.accreditation.in_(some))
        sides |= {row.accreditation: (row.party, row.holder) for row in connection.execute(made)}
    complete = []
    for event in events:
        number = event.accreditation
        if number is not None:
            if event.party is not None:
                sides[number] = (event.party, event.holder)
            elif number in sides:
                event = replace(event, sides=sides[number])
            else:
                raise missing(f"{event.name} is about accreditation {number}, which was not made")
        complete.append(event)
    return complete


def _loaded(connection: Connection, source: int, events: Iterable[Event]) -> Records:
    """What the index has of all that the events are about."""
    parties, roots, digests = set[int](), set[bytes](), set[bytes]()
    for event in events:
        parties |= set() if event.party is None else {event.party}
        roots |= set() if event.root is None else {event.root}
        digests |= set() if (digest := digest_of(event)) is None else {digest}
    records = Records(parties=_parties(connection, source, parties))
    for some in _in_pieces(sorted(digests)):
        said = indexed_digest.c
        for row in connection.execute(select(*DIGEST).where(said.source == source, said.digest.in_(some))):
            records.digests[row.issuer, row.digest] = digest_status_of(row)
    for pieces in _in_pieces(sorted(roots)):
        batches, words = indexed_batch.c, indexed_status.c
        for row in connection.execute(select(*BATCH).where(batches.source == source, batches.root.in_(pieces))):
            batch = batch_of(row)
            records.batches[batch.key] = batch
        for row in connection.execute(select(indexed_status).where(words.source == source, words.root.in_(pieces))):
            bitmap = records.words.setdefault((row.issuer, row.root, row.purpose), {})
            bitmap[row.word] = int.from_bytes(row.bits, "big")
    return records


def _parties(connection: Connection, source: int, numbers: Iterable[int]) -> dict[int, Party]:
    of = indexed_party.c
    found: dict[int, Party] = {}
    for some in _in_pieces(sorted(numbers)):
        rows = connection.execute(select(*PARTY).where(of.source == source, of.party.in_(some)))
        found |= {row.party: party_of(row) for row in rows}
    return found


def _check_accreditations(connection: Connection, source: int, events: Iterable[Event]) -> None:
    """Accreditations are numbered 1, 2, 3…: the new ones go on where the index ends."""
    made = [event.accreditation for event in events if event.name in MADE_BY]
    if not made:
        return
    before = _accreditations(connection, source)
    for position, number in enumerate(made, before + 1):
        if number != position:
            raise missing(f"after accreditation {position - 1} comes accreditation {number}")


def _accreditations(connection: Connection, source: int) -> int:
    of = indexed_event.c
    newest: int | None = connection.execute(
        select(func.max(of.accreditation)).where(of.source == source, of.name.in_(EVENT_NAMES))
    ).scalar_one()
    return newest or 0


def _compare(connection: Connection, source: int, counts: Counts) -> None:
    """What the contract counts itself must be what the events come to."""
    of = indexed_party.c
    parties: int = connection.execute(
        select(func.count()).select_from(indexed_party).where(of.source == source)
    ).scalar_one()
    pairs = [("parties", counts.parties, parties)]
    pairs.append(("accreditations", counts.accreditations, _accreditations(connection, source)))
    for some in _in_pieces(sorted(counts.sequences)):
        rows = connection.execute(select(of.party, of.sequence).where(of.source == source, of.party.in_(some)))
        indexed = {row.party: row.sequence for row in rows}
        pairs += [(f"batches of issuer {each}", counts.sequences[each], indexed.get(each, 0)) for each in some]
    for what, there, here in pairs:
        if there != here:
            raise missing(f"the contract has {there} {what}, its events come to {here}")


def _save(connection: Connection, source: int, before: Records, after: Records) -> None:
    """Write what changed; a record that changed is another one."""
    parties = [each for number, each in after.parties.items() if before.parties.get(number) is not each]
    _replace(connection, indexed_party, source, [{"party": each.id} for each in parties], map(_party_values, parties))
    batches = [each for key, each in after.batches.items() if before.batches.get(key) is not each]
    keys = [{"issuer": each.issuer, "root": each.root} for each in batches]
    _replace(connection, indexed_batch, source, keys, map(_batch_values, batches))
    words = [
        ({"issuer": issuer, "root": root, "purpose": purpose, "word": word}, bits)
        for (issuer, root, purpose), now in after.words.items()
        for was in [before.words.get((issuer, root, purpose), {})]
        for word, bits in now.items()
        if was.get(word) != bits
    ]
    # Those that are zero are not kept.
    rows = [{**key, "bits": bits.to_bytes(WORD_BYTES, "big")} for key, bits in words if bits]
    _replace(connection, indexed_status, source, [key for key, _ in words], rows)
    said = [(key, now) for key, now in after.digests.items() if before.digests.get(key, NOTHING_SAID) != now]
    names = [{"issuer": issuer, "digest": digest} for (issuer, digest), _ in said]
    rows = [_digest_values(key, status) for key, status in said if status != NOTHING_SAID]
    _replace(connection, indexed_digest, source, names, rows)


# Backward


def _forget_blocks(connection: Connection, head: Head, numbers: Collection[int]) -> None:
    """Those of them that no event is left in: they may have been told with a hash and a time that were none."""
    of, event = indexed_block.c, indexed_event.c
    told = exists().where(event.source == of.source, event.block_number == of.number)
    for some in _in_pieces(sorted(set(numbers) - {head.cursor.number})):
        connection.execute(delete(indexed_block).where(of.source == head.source, of.number.in_(some), not_(told)))


def _tell_again(
    connection: Connection,
    source: int,
    *,
    parties: Collection[int],
    roots: Collection[bytes],
    digests: Collection[bytes],
) -> None:
    """Make parties, batches and statuses anew from the events that are left of them."""
    of = indexed_event.c
    batches = Records()
    rules = Rules(batches, refuse)
    for some in _in_pieces(sorted(roots)):
        for table in (indexed_batch, indexed_status):
            connection.execute(delete(table).where(table.c.source == source, table.c.root.in_(some)))
        for event in read_events(connection, [of.root.in_(some)], source):
            rules.follow_batch(event)
    _save(connection, source, Records(), batches)
    known = Records()
    rules = Rules(known, refuse)
    for pieces in _in_pieces(sorted(parties)):
        table = indexed_party
        connection.execute(delete(table).where(table.c.source == source, table.c.party.in_(pieces)))
        for event in read_events(connection, [of.party.in_(pieces), of.name.in_(_OF_PARTIES)], source):
            rules.follow_party(event)
        batch = indexed_batch.c
        sums = (
            select(batch.issuer, func.max(batch.sequence), func.sum(batch.leaf_count))
            .where(batch.source == source, batch.issuer.in_(pieces))
            .group_by(batch.issuer)
        )
        for issuer, sequence, credentials in connection.execute(sums):
            known.parties[issuer] = replace(known.parties[issuer], sequence=sequence, credentials=int(credentials))
        counts = (
            select(of.party, func.count())
            .where(of.source == source, of.party.in_(pieces), of.name.in_(DIGEST_EVENTS))
            .group_by(of.party)
        )
        for issuer, changes in connection.execute(counts):
            known.parties[issuer] = replace(known.parties[issuer], digest_changes=changes)
    _save(connection, source, Records(), known)
    for some in _in_pieces(sorted(digests)):
        connection.execute(
            delete(indexed_digest).where(indexed_digest.c.source == source, indexed_digest.c.digest.in_(some))
        )
        events = read_events(connection, [of.digest.in_(some)], source)
        issuers = {event.party for event in events if event.party is not None}
        said = Records(parties=_parties(connection, source, issuers))
        rules = Rules(said, refuse)
        for event in events:
            rules.follow_digest(event)
        _save(connection, source, Records(parties=said.parties), said)


# Rows


def _party_values(party: Party) -> dict[str, Any]:
    return {
        "party": party.id,
        "controller": party.controller,
        "pending_controller": party.pending_controller,
        "registered_at": _seconds(party.registered_at),
        "retired_at": None if party.retired_at is None else _seconds(party.retired_at),
        "sequence": party.sequence,
        "credentials": party.credentials,
        "digest_changes": party.digest_changes,
        "profile_hash": party.profile_hash,
        "uri": party.uri,
    }


def _batch_values(batch: Batch) -> dict[str, Any]:
    anchor = batch.seen
    return {
        "issuer": batch.issuer,
        "sequence": batch.sequence,
        "root": batch.root,
        "leaf_count": batch.leaf_count,
        "operator": anchor.operator,
        "block_number": batch.block_number,
        "block_hash": anchor.block_hash,
        "block_time": _seconds(batch.anchored_at),
        "log_index": anchor.log_index,
        "transaction_hash": anchor.transaction,
        "voided_at": None if batch.voided_at is None else _seconds(batch.voided_at),
        "void_reason": int(batch.void_reason or 0),
        "revoked": batch.revoked,
        "suspended": batch.suspended,
    }


def _digest_values(key: DigestKey, status: DigestStatus) -> dict[str, Any]:
    issuer, digest = key
    return {
        "issuer": issuer,
        "digest": digest,
        "revoked_at": None if status.revoked_at is None else _seconds(status.revoked_at),
        "revocation_reason": None if status.revocation_reason is None else int(status.revocation_reason),
        "suspended_at": None if status.suspended_at is None else _seconds(status.suspended_at),
        "suspension_reason": None if status.suspension_reason is None else int(status.suspension_reason),
    }


def _event_values(source: int, event: Event) -> dict[str, Any]:
    return {
        "source": source,
        "block_number": event.block_number,
        "log_index": event.log_index,
        "transaction_hash": event.transaction,
        "name": event.name,
        "party": event.party,
        "holder": event.holder,
        "root": event.root,
        "accreditation": event.accreditation,
        "digest": digest_of(event),
        "arguments": write_arguments(event.arguments),
    }


def _replace(
    connection: Connection, table: Table, source: int, keys: Sequence[dict[str, Any]], rows: Iterable[dict[str, Any]]
) -> None:
    """Write rows in the place of those with the same keys."""
    if keys:
        same = [table.c[name] == bindparam(f"old_{name}") for name in keys[0]]
        old = [{f"old_{name}": value for name, value in key.items()} for key in keys]
        connection.execute(delete(table).where(table.c.source == source, *same), old)
    _insert(connection, table, [{"source": source, **row} for row in rows])


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _seconds(moment: datetime) -> int:
    """Unix time."""
    return int(moment.timestamp())


def _in_pieces(values: Sequence[V]) -> Iterable[Sequence[V]]:
    for start in range(0, len(values), VALUES_A_STATEMENT):
        yield values[start : start + VALUES_A_STATEMENT]
