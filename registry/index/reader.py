"""Reading the index: what one contract's events say, as of one block."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import repeat
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    and_,
    any_,
    cast,
    func,
    or_,
    select,
    tuple_,
)

from registry.database.engine import is_postgresql
from registry.index.facts import prefix_of, prefix_range, read_arguments
from registry.index.tables import (
    indexed_batch,
    indexed_block,
    indexed_chain,
    indexed_digest,
    indexed_event,
    indexed_leaf,
    indexed_party,
    indexed_status,
    indexed_tree,
)
from registry.merkle.treefile import TreeId
from registry.recognition.ledger import EVENT_NAMES, Ledger
from registry.records import Anchor, Batch, BlockRef, DigestKey, DigestStatus, Event, Key, Party, Reason
from registry.timestamps import from_unix

# Databases take only so many values in one statement.
VALUES_A_STATEMENT = 500


class Edition(StrEnum):
    """Which index of a contract is meant, as the mark that its row bears behind the name of the chain.

    One that is made anew grows beside the current one, which is read until the new one takes its place; the former one
    stays for a while, for whoever is in the middle of reading it. A name of CAIP-2 has no `#`.
    """

    CURRENT = ""
    NEXT = "#next"
    FORMER = "#former"


@dataclass(frozen=True, slots=True)
class Head:
    """How far the index is, and how it stands with the chain.

    Attributes:
        source: the number of this contract in the index.
        first_block: that the contract was deployed in.
        cursor: everything that an endpoint told of up to this block is in the index.
        confirmed: number of the block up to which it is known that no event is missing.
        final: number of the newest block that the chain called final, or None when it called none so.
        seen: number of the newest block that the chain told of; the index lags by `seen - cursor.number`.
        seen_at: Unix seconds at which the chain was last read.
        version: goes up with every change of what is indexed.
        reorgs: how many were followed.
        trouble_code, trouble_why: what keeps it from going on, or None.
    """

    source: int
    chain: str
    contract: str
    genesis_hash: bytes
    first_block: int
    cursor: BlockRef
    confirmed: int
    final: int | None
    final_hash: bytes | None
    seen: int
    seen_at: float
    version: int
    reorgs: int
    trouble_code: str | None
    trouble_why: str | None

    def is_final(self, block_number: int) -> bool:
        """Whether a block can no longer be undone, as far as the chain has said."""
        return self.final is not None and block_number <= self.final

    @property
    def behind(self) -> int:
        """By how many blocks the index lags, as far as it knows."""
        return max(0, self.seen - self.cursor.number)

    def lags(self, blocks: int) -> bool:
        """Whether it is further behind than so many blocks, or has not read the contract's first block yet.

        An index that has just begun knows of nothing; on a young chain that is a few blocks behind.
        """
        return self.behind > blocks or self.cursor.number < self.first_block

    @property
    def is_confirmed(self) -> bool:
        """Whether it is known that nothing is missing up to the cursor."""
        return self.confirmed >= self.cursor.number


class EventPlace(NamedTuple):
    """Where an event or an anchor is: block number and log index, the order of the chain and of pages."""

    block_number: int
    log_index: int


class LeafPlace(NamedTuple):
    """A tree that may hold a digest, and the first of its leaves that begins like it."""

    tree: TreeId
    leaf_index: int


@dataclass(frozen=True, slots=True)
class IndexedTree:
    """A tree whose file was looked at. `state` is "loaded", "damaged" or "unsorted"; times are Unix seconds.

    A loaded one was read from its leaves to its root, and they ascend.
    """

    tree: TreeId
    state: str
    loaded_at: int


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted; None for all.

    Attributes:
        party: that they are about, on either side.
        digest: of the credential that they are about by itself; what is about its places is not.
        roots: of many batches, no more than `VALUES_A_STATEMENT`.
        names: of the ABI.
        from_block, to_block: both included.
    """

    party: int | None = None
    root: bytes | None = None
    accreditation: int | None = None
    digest: bytes | None = None
    roots: frozenset[bytes] | None = None
    names: frozenset[str] | None = None
    from_block: int | None = None
    to_block: int | None = None


class Index:
    """The index of one contract. Every method reads what is committed; `head` says up to which block that is.

    Args:
        chain: CAIP-2 name.
        contract: checksummed address.
        edition: the one in use, unless somebody makes another one.
    """

    def __init__(self, engine: Engine, chain: str, contract: str, edition: Edition = Edition.CURRENT):
        self.engine = engine
        self.chain = chain
        self.contract = contract
        self._edition = edition
        self._source: int | None = None

    def head(self) -> Head | None:
        """How far the index is, or None when there is none yet."""
        with self.engine.connect() as connection:
            head = read_head(connection, self.chain, self.contract, self._edition)
        # An index that was made anew has another number.
        self._source = None if head is None else head.source
        return head

    @property
    def source(self) -> int:
        """The number of this contract in the index; -1, which nothing has, while there is none."""
        if self._source is None:
            self.head()
        return -1 if self._source is None else self._source

    def mark_before(self, number: int) -> BlockRef | None:
        """The newest block at or below a height that the index remembers; the oldest one where none is."""
        of = indexed_block.c
        mine = select(of.number, of.hash, of.time).where(of.source == self.source)
        with self.engine.connect() as connection:
            found = connection.execute(mine.where(of.number <= number).order_by(of.number.desc()).limit(1)).first()
            found = found or connection.execute(mine.order_by(of.number).limit(1)).first()
        return None if found is None else block_of(*found)

    # Parties

    def party(self, party: int) -> Party | None:
        """A party, or None."""
        if party > HIGHEST:
            return None
        return next(iter(self.parties(after=party - 1, limit=1, only=party)), None)

    def parties(self, *, after: int = 0, limit: int = 1000, only: int | None = None) -> list[Party]:
        """Parties by number, those after one."""
        of = indexed_party.c
        query = select(*PARTY).where(of.source == self.source, of.party > after)
        if only is not None:
            query = query.where(of.party == only)
        with self.engine.connect() as connection:
            return [party_of(found) for found in connection.execute(query.order_by(of.party).limit(limit))]

    def parties_among(self, numbers: Iterable[int]) -> list[Party]:
        """Those of some parties that there are, by number."""
        of = indexed_party.c
        found: list[Party] = []
        with self.engine.connect() as connection:
            for some in _in_pieces(sorted({number for number in numbers if number <= HIGHEST})):
                query = select(*PARTY).where(of.source == self.source, of.party.in_(some)).order_by(of.party)
                found += map(party_of, connection.execute(query))
        return found

    def parties_with_uri(self, uri: str, *, limit: int) -> list[Party]:
        """Parties that say they are at a URI, by number: anybody can say so."""
        of = indexed_party.c
        query = select(*PARTY).where(of.source == self.source, of.uri == uri)
        with self.engine.connect() as connection:
            return [party_of(found) for found in connection.execute(query.order_by(of.party).limit(limit))]

    # Batches

    def batch(self, issuer: int, root: bytes) -> Batch | None:
        """The batch that an issuer anchored under a root, or None."""
        return next(iter(self.batches_with(root, issuer=issuer)), None)

    def batches_with(
        self, root: bytes, *, issuer: int | None = None, leaf_count: int | None = None, most: int | None = None
    ) -> list[Batch]:
        """Batches with that root, of whichever issuer or of one, oldest first.

        Args:
            leaf_count: those that state this count, or none.
        """
        of = indexed_batch.c
        query = select(*BATCH).where(of.source == self.source, of.root == root)
        if issuer is not None:
            query = query.where(of.issuer == issuer)
        if leaf_count is not None:
            query = query.where(of.leaf_count.in_((0, leaf_count)))
        with self.engine.connect() as connection:
            found = connection.execute(query.order_by(of.block_number, of.log_index).limit(most))
            return [batch_of(row) for row in found]

    def batches_of(self, roots: Iterable[bytes]) -> list[Batch]:
        """All batches with those roots, of whichever issuer, oldest first."""
        of = indexed_batch.c
        found: list[Batch] = []
        with self.engine.connect() as connection:
            for some in _in_pieces(list(roots)):
                query = select(*BATCH).where(of.source == self.source, of.root.in_(some))
                found += map(batch_of, connection.execute(query))
        return sorted(found, key=lambda batch: batch.place)

    def batches_of_trees(self, trees: Iterable[TreeId], *, most: int) -> dict[TreeId, list[Batch]]:
        """`batches_with` the root of each tree and its leaf count, or none; no more than so many of each."""
        of, found = indexed_batch.c, dict[TreeId, list[Batch]]()
        of_tree = and_(indexed_tree.c.root == of.root, of.leaf_count.in_((0, indexed_tree.c.leaf_count)))
        order = (of.block_number, of.log_index)
        place = func.row_number().over(partition_by=indexed_tree.c.id, order_by=order).label("place")
        with self.engine.connect() as connection:
            for some in _in_pieces(sorted(trees)):
                mine = (of.source == self.source, of.root.in_({tree.root for tree in some}))
                ranked = select(*BATCH, indexed_tree.c.leaf_count.label("leaves"), place)
                ranked = ranked.join(indexed_tree, of_tree).where(*mine)
                each = ranked.subquery()
                query = select(each).where(each.c.place <= most).order_by(each.c.place)
                for row in connection.execute(query):
                    found.setdefault(TreeId(row.root, row.leaves), []).append(batch_of(row))
        return found

    def batches(
        self,
        *,
        issuer: int | None = None,
        after: EventPlace | None = None,
        before: EventPlace | None = None,
        limit: int = 1000,
        newest_first: bool = False,
    ) -> list[Batch]:
        """Batches in the order of the chain, strictly after and before places where given.

        Args:
            newest_first: in the opposite order.
        """
        of = indexed_batch.c
        query = select(*BATCH).where(of.source == self.source)
        if issuer is not None:
            query = query.where(of.issuer == issuer)
        query = query.where(*_between(of.block_number, of.log_index, after, before))
        order = (of.block_number.desc(), of.log_index.desc()) if newest_first else (of.block_number, of.log_index)
        with self.engine.connect() as connection:
            return [batch_of(found) for found in connection.execute(query.order_by(*order).limit(limit))]

    def all_batches(self, issuer: int | None = None) -> Iterator[Batch]:
        """Every batch in the order of the chain, read in pages."""
        after = None
        while page := self.batches(issuer=issuer, after=after):
            yield from page
            after = EventPlace(*page[-1].place)

    def counts(self) -> Mapping[str, int]:
        """How many `parties`, `batches`, `credentials` (leaves) and `events` there are, `digestStatuses` that hold, and
        `trees` that are loaded.
        """
        of, trees = indexed_batch.c, self.loaded()
        with self.engine.connect() as connection:
            batches = connection.execute(
                select(func.count(), func.coalesce(func.sum(of.leaf_count), 0)).where(of.source == self.source)
            ).one()
            parties = select(func.count()).select_from(indexed_party).where(indexed_party.c.source == self.source)
            events = select(func.count()).select_from(indexed_event).where(indexed_event.c.source == self.source)
            digests = select(func.count()).select_from(indexed_digest).where(indexed_digest.c.source == self.source)
            return {
                "parties": connection.execute(parties).scalar_one(),
                "batches": int(batches[0]),
                "credentials": int(batches[1]),
                "events": connection.execute(events).scalar_one(),
                "digestStatuses": connection.execute(digests).scalar_one(),
                "trees": trees,
            }

    # Statuses

    def status_words(self, key: Key, purpose: int) -> dict[int, int]:
        """The status words that events set, by their number; those that are not there are zero.

        Of a voided batch they are what they were before: all its credentials are revoked besides.
        """
        of = indexed_status.c
        issuer, root = key
        mine = (of.source == self.source, of.root == root, of.issuer == issuer, of.purpose == purpose)
        with self.engine.connect() as connection:
            rows = connection.execute(select(of.word, of.bits).where(*mine).order_by(of.word))
            return {word: int.from_bytes(bits, "big") for word, bits in rows}

    def status_words_with(self, root: bytes, issuers: Collection[int]) -> dict[tuple[int, int], dict[int, int]]:
        """`status_words` of all batches with that root of some issuers, by issuer and purpose."""
        of = indexed_status.c
        mine = (of.source == self.source, of.root == root, of.issuer.in_(issuers))
        words: dict[tuple[int, int], dict[int, int]] = {}
        with self.engine.connect() as connection:
            for issuer, purpose, word, bits in connection.execute(
                select(of.issuer, of.purpose, of.word, of.bits).where(*mine)
            ):
                words.setdefault((issuer, purpose), {})[word] = int.from_bytes(bits, "big")
        return words

    def status_words_of(self, keys: Iterable[Key]) -> dict[tuple[bytes, int, int], dict[int, int]]:
        """`status_words` of many batches, by root, issuer and purpose."""
        of, words = indexed_status.c, dict[tuple[bytes, int, int], dict[int, int]]()
        with self.engine.connect() as connection:
            for some in _in_pieces(sorted(keys)):
                mine = tuple_(of.root, of.issuer).in_([(root, issuer) for issuer, root in some])
                query = select(of.root, of.issuer, of.purpose, of.word, of.bits).where(of.source == self.source, mine)
                for root, issuer, purpose, word, bits in connection.execute(query):
                    words.setdefault((root, issuer, purpose), {})[word] = int.from_bytes(bits, "big")
        return words

    def digest_statuses(self, digests: Sequence[bytes]) -> dict[DigestKey, DigestStatus]:
        """What issuers said of credentials by their digests; those of which nothing holds are not there."""
        of, found = indexed_digest.c, dict[DigestKey, DigestStatus]()
        with self.engine.connect() as connection:
            rows: Iterable[Any]
            if is_postgresql(self.engine):
                asked = of.digest == any_(cast(list(digests), ARRAY(LargeBinary)))
                rows = connection.execute(select(*DIGEST).where(of.source == self.source, asked))
            else:
                rows = _said_in_sqlite(connection, self.source, digests)
            for digest, issuer, *said in rows:
                found[issuer, digest] = said_of_digest(*said)
        return found

    def digest_status_page(self, *, after: DigestKey | None = None, limit: int) -> dict[DigestKey, DigestStatus]:
        """`digest_statuses` of all digests, by issuer and digest, those after one."""
        of = indexed_digest.c
        query = select(*DIGEST).where(of.source == self.source).order_by(of.issuer, of.digest).limit(limit)
        if after is not None:
            query = query.where(tuple_(of.issuer, of.digest) > tuple_(*after))
        with self.engine.connect() as connection:
            return {(row.issuer, row.digest): digest_status_of(row) for row in connection.execute(query)}

    def digest_statuses_of(self, issuer: int) -> dict[bytes, DigestStatus]:
        """All that an issuer said of credentials by their digests, where it holds, in the order of the digests."""
        of = indexed_digest.c
        query = select(*DIGEST).where(of.source == self.source, of.issuer == issuer).order_by(of.digest)
        with self.engine.connect() as connection:
            return {row.digest: digest_status_of(row) for row in connection.execute(query)}

    # Events

    def events(
        self, wanted: EventFilter | None = None, *, after: EventPlace | None = None, limit: int = 1000
    ) -> list[Event]:
        """Events in the order of the chain."""
        with self.engine.connect() as connection:
            return read_events(connection, self._wanted(wanted or EventFilter()), self.source, after=after, limit=limit)

    def all_events(self, wanted: EventFilter | None = None, *, after: EventPlace | None = None) -> Iterator[Event]:
        """Events in the order of the chain, read in pages."""
        while page := self.events(wanted, after=after):
            yield from page
            after = EventPlace(*page[-1].place)

    def events_of_roots(self, roots: Iterable[bytes], name: str) -> Iterator[Event]:
        """Events of one name about batches with those roots, those of each in the order of the chain."""
        for some in _in_pieces(sorted(set(roots))):
            yield from self.all_events(EventFilter(roots=frozenset(some), names=frozenset({name})))

    def _wanted(self, wanted: EventFilter) -> list[ColumnElement[bool]]:
        of = indexed_event.c
        conditions: list[ColumnElement[bool]] = []
        if wanted.party is not None:
            conditions.append(or_(of.party == wanted.party, of.holder == wanted.party))
        if wanted.root is not None:
            conditions.append(of.root == wanted.root)
        if wanted.roots is not None:
            conditions.append(of.root.in_(sorted(wanted.roots)))
        if wanted.accreditation is not None:
            conditions.append(of.accreditation == wanted.accreditation)
        if wanted.digest is not None:
            conditions.append(of.digest == wanted.digest)
        if wanted.names is not None:
            conditions.append(of.name.in_(sorted(wanted.names)))
        if wanted.from_block is not None:
            conditions.append(of.block_number >= wanted.from_block)
        if wanted.to_block is not None:
            conditions.append(of.block_number <= wanted.to_block)
        return conditions

    # Accreditations

    def ledger(self) -> Ledger:
        """All accreditations and recognitions as of the cursor.

        Raises:
            ChainError: the events cannot be all there are.
        """
        head = self.head()
        events = self.all_events(EventFilter(names=EVENT_NAMES))
        return Ledger.from_events(events, as_of=None if head is None else head.cursor)

    # Trees and digests

    def places(self, digest: bytes) -> list[LeafPlace]:
        """The trees that may hold a digest; whether one does, only its leaves can say."""
        return self._places(indexed_leaf.c.prefix == prefix_of(digest))

    def places_of_many(self, digests: Sequence[bytes]) -> dict[bytes, Sequence[LeafPlace]]:
        """`places` of many digests at once."""
        of, prefixes = indexed_leaf.c, {digest: prefix_of(digest) for digest in digests}
        with self.engine.connect() as connection:
            wanted = _among(of.prefix, set(prefixes.values()), self.engine)
            query = select(of.prefix, of.tree, of.leaf_index).where(wanted).order_by(of.prefix, of.tree)
            rows = connection.execute(query).all()
            numbers = {tree for _, tree, _ in rows}
            known = select(indexed_tree.c.id, *TREE).where(_among(indexed_tree.c.id, numbers, self.engine))
            trees = {number: TreeId(root, count) for number, root, count in connection.execute(known)}
        by_prefix: dict[int, list[LeafPlace]] = {}
        for prefix, tree, leaf_index in rows:
            by_prefix.setdefault(prefix, []).append(LeafPlace(trees[tree], leaf_index))
        return {digest: by_prefix.get(prefix, ()) for digest, prefix in prefixes.items()}

    def places_with_prefix(self, hexadecimal: str, *, limit: int) -> list[LeafPlace]:
        """Trees with digests that begin with 1 to 16 hexadecimal digits: one for each different first 8 bytes."""
        first, last = prefix_range(hexadecimal)
        return self._places(indexed_leaf.c.prefix.between(first, last), limit=limit)

    def _places(self, condition: ColumnElement[bool], *, limit: int | None = None) -> list[LeafPlace]:
        query = select(*TREE, indexed_leaf.c.leaf_index).join(indexed_tree).where(condition)
        query = query.order_by(indexed_leaf.c.prefix, indexed_leaf.c.tree).limit(limit)
        with self.engine.connect() as connection:
            found = connection.execute(query)
            return [LeafPlace(TreeId(row.root, row.leaf_count), row.leaf_index) for row in found]

    def trees(self, wanted: Iterable[TreeId]) -> dict[TreeId, IndexedTree]:
        """Those of the trees that were looked at."""
        asked = set(wanted)
        of = indexed_tree.c
        found: dict[TreeId, IndexedTree] = {}
        with self.engine.connect() as connection:
            for some in _in_pieces(sorted({tree.root for tree in asked})):
                for row in connection.execute(select(*TREE, of.state, of.loaded_at).where(of.root.in_(some))):
                    tree = TreeId(row.root, row.leaf_count)
                    if tree in asked:
                        found[tree] = IndexedTree(tree, row.state, row.loaded_at)
        return found

    def loaded(self) -> int:
        """How many trees are loaded: what follows from leaves changes with it, and not with events alone."""
        query = select(func.count()).select_from(indexed_tree).where(indexed_tree.c.state == LOADED)
        with self.engine.connect() as connection:
            number: int = connection.execute(query).scalar_one()
        return number

    def without_tree(
        self, *, issuer: int | None = None, after: TreeId | None = None, limit: int = 1000
    ) -> list[TreeId]:
        """Trees of batches that cannot be searched, in ascending order, those after one.

        Their file was not there yet, or is not sound. One of 0 leaves stands for a batch that does not state its count:
        which leaves it has is not known, whatever trees of its root are loaded.
        """
        of = indexed_batch.c
        query = select(of.root, of.leaf_count).where(of.source == self.source, ~_is_loaded()).distinct()
        if after is not None:
            query = query.where(tuple_(of.root, of.leaf_count) > tuple_(after.root, after.leaf_count))
        if issuer is not None:
            query = query.where(of.issuer == issuer)
        with self.engine.connect() as connection:
            found = connection.execute(query.order_by(of.root, of.leaf_count).limit(limit))
            return [TreeId(*row) for row in found]

    def missing_of(self, issuers: Iterable[int]) -> dict[int, int]:
        """How many batches of each of some issuers cannot be searched."""
        of, found = indexed_batch.c, dict.fromkeys(issuers, 0)
        query = select(of.issuer, func.count().label("missing")).where(of.source == self.source, ~_is_loaded())
        with self.engine.connect() as connection:
            mine = query.where(_among(of.issuer, found, self.engine)).group_by(of.issuer)
            return found | {row.issuer: row.missing for row in connection.execute(mine)}

    def coverage(self, issuer: int | None = None, *, named: int = 20) -> tuple[int, int, tuple[int, ...]]:
        """How many batches there are, how many of them cannot be searched, and whose those are, the first few."""
        of = indexed_batch.c
        mine = [of.source == self.source] + ([] if issuer is None else [of.issuer == issuer])
        missing = (*mine, ~_is_loaded())
        with self.engine.connect() as connection:
            batches: int = connection.execute(select(func.count()).select_from(indexed_batch).where(*mine)).scalar_one()
            without: int = connection.execute(
                select(func.count()).select_from(indexed_batch).where(*missing)
            ).scalar_one()
            whose = select(of.issuer).where(*missing).distinct().order_by(of.issuer).limit(named)
            issuers = tuple(connection.execute(whose).scalars()) if without else ()
        return batches, without, issuers


LOADED = "loaded"
HIGHEST = 2**63 - 1
"""Number that a database can hold; the contract could count further."""

_PARTY_COLUMNS = (
    "party",
    "controller",
    "pending_controller",
    "registered_at",
    "retired_at",
    "sequence",
    "profile_hash",
    "uri",
    "credentials",
    "digest_changes",
)
PARTY: tuple[ColumnElement[Any], ...] = tuple(indexed_party.c[name] for name in _PARTY_COLUMNS)
BATCH: tuple[ColumnElement[Any], ...] = tuple(column for column in indexed_batch.c if column.name != "source")
DIGEST: tuple[ColumnElement[Any], ...] = tuple(column for column in indexed_digest.c if column.name != "source")
TREE: tuple[ColumnElement[Any], ...] = (indexed_tree.c.root, indexed_tree.c.leaf_count)
EVENT: tuple[ColumnElement[Any], ...] = tuple(column for column in indexed_event.c if column.name != "source")


def _is_loaded() -> ColumnElement[bool]:
    """Whether the tree of a batch is loaded: that of its root and its count, and no other of the same root."""
    of, batch = indexed_tree.c, indexed_batch.c
    same = (of.root == batch.root, of.leaf_count == batch.leaf_count, of.state == LOADED)
    return select(of.id).where(*same).exists()


def block_of(number: int, block_hash: bytes, seconds: int) -> BlockRef:
    """A block as the tables have it."""
    return BlockRef(number, block_hash, from_unix(seconds))


def party_of(row: Any) -> Party:
    """A row of the columns `PARTY`."""
    number, controller, pending, registered_at, retired_at, *rest = row
    return Party(number, controller, pending, from_unix(registered_at), _moment(retired_at), *rest)


def batch_of(row: Any) -> Batch:
    """A row of the columns `BATCH`."""
    return Batch(
        issuer=row.issuer,
        root=row.root,
        anchored_at=from_unix(row.block_time),
        block_number=row.block_number,
        leaf_count=row.leaf_count,
        sequence=row.sequence,
        voided_at=_moment(row.voided_at),
        void_reason=None if row.voided_at is None else Reason(row.void_reason),
        anchor=Anchor(row.operator, row.block_hash, row.log_index, row.transaction_hash),
        revoked=row.revoked,
        suspended=row.suspended,
    )


def digest_status_of(row: Any) -> DigestStatus:
    """A row of the columns `DIGEST`."""
    return said_of_digest(row.revoked_at, row.revocation_reason, row.suspended_at, row.suspension_reason)


def said_of_digest(
    revoked_at: int | None, revocation_reason: int | None, suspended_at: int | None, suspension_reason: int | None
) -> DigestStatus:
    """What the values of a row say."""
    return DigestStatus(
        _moment(revoked_at),
        None if revoked_at is None else Reason(revocation_reason or 0),
        _moment(suspended_at),
        None if suspended_at is None else Reason(suspension_reason or 0),
    )


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else from_unix(seconds)


def chains_of(engine: Engine, contract: str) -> list[str]:
    """The chains (CAIP-2) on which a contract of this address is indexed."""
    query = select(indexed_chain.c.chain).where(indexed_chain.c.contract == contract)
    with engine.connect() as connection:
        return [name for name in connection.execute(query).scalars() if "#" not in name]


def read_head(connection: Connection, chain: str, contract: str, edition: Edition = Edition.CURRENT) -> Head | None:
    """The row of an indexed contract, or None."""
    of = indexed_chain.c
    this = (of.chain == f"{chain}{edition}", of.contract == contract)
    row = connection.execute(select(indexed_chain).where(*this)).first()
    if row is None:
        return None
    return Head(
        source=row.id,
        chain=chain,
        contract=row.contract,
        genesis_hash=row.genesis_hash,
        first_block=row.first_block,
        cursor=block_of(row.number, row.hash, row.time),
        confirmed=row.confirmed_number,
        final=row.final_number,
        final_hash=row.final_hash,
        seen=row.seen_number,
        seen_at=row.seen_at,
        version=row.version,
        reorgs=row.reorgs,
        trouble_code=row.trouble_code,
        trouble_why=row.trouble_why,
    )


def read_events(
    connection: Connection,
    conditions: Iterable[ColumnElement[bool]],
    source: int,
    *,
    after: EventPlace | None = None,
    limit: int | None = None,
) -> list[Event]:
    """Events of a source that meet the conditions, in the order of the chain."""
    of, block = indexed_event.c, indexed_block.c
    query = (
        select(*EVENT, block.hash, block.time)
        .join(indexed_block, and_(block.source == of.source, block.number == of.block_number))
        .where(of.source == source, *conditions, *_between(of.block_number, of.log_index, after, None))
        .order_by(of.block_number, of.log_index)
        .limit(limit)
    )
    return [
        Event.of_block(
            block_of(row.block_number, row.hash, row.time),
            row.name,
            read_arguments(row.arguments),
            row.log_index,
            row.transaction_hash,
            None if row.accreditation is None else (row.party, row.holder),
        )
        for row in connection.execute(query)
    ]


def _between(
    number: ColumnElement[int], position: ColumnElement[int], after: EventPlace | None, before: EventPlace | None
) -> Iterator[ColumnElement[bool]]:
    if after is not None:
        yield tuple_(number, position) > tuple_(after.block_number, after.log_index)
    if before is not None:
        yield tuple_(number, position) < tuple_(before.block_number, before.log_index)


def _among(column: ColumnElement[int], values: Iterable[int], engine: Engine) -> ColumnElement[bool]:
    """Whether a column has one of these numbers, however many they are: as one value of the statement.

    A statement of 10,000 marks is written, sent and read anew for each number of them.
    """
    if is_postgresql(engine):
        return column == any_(cast(sorted(values), ARRAY(BigInteger)))
    listed = func.json_each(json.dumps(sorted(values))).table_valued("value")
    return column.in_(select(listed.c.value))


_SAID: Final = (
    "SELECT digest, issuer, revoked_at, revocation_reason, suspended_at, suspension_reason"
    " FROM indexed_digest WHERE source = ? AND digest IN ({marks})"
)
_MARKS: Final = ", ".join("?" * VALUES_A_STATEMENT)


def _said_in_sqlite(connection: Connection, source: int, digests: Sequence[bytes]) -> Iterator[Any]:
    """The rows of digests by one statement, which SQLite has prepared: to write it anew costs more than to search."""
    for some in _in_pieces(list(digests)):
        values = (source, *some, *repeat(some[0], VALUES_A_STATEMENT - len(some)))
        yield from connection.exec_driver_sql(_SAID.format(marks=_MARKS), values)


def _in_pieces(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), VALUES_A_STATEMENT):
        yield values[start : start + VALUES_A_STATEMENT]
