"""The audit of a registry: what its events come to, beside everything else that tells of it.

Pure values: whoever reads the chain, the index and the files gives them here as facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Final

from registry.anchors import AnchorState, Spread
from registry.audit.kinds import Difference, DifferenceKind
from registry.history import RegistryState, digest_named, named
from registry.recognition.ledger import Accreditation, Ledger
from registry.records import (
    NOTHING_SAID,
    WORD_BITS,
    Batch,
    Bitmap,
    DigestKey,
    DigestStatus,
    Key,
    Party,
    Reason,
)

GRACE: Final = timedelta(hours=1)
"""How long an operator may take to note that a batch of his is on the chain."""
MOST_APART: Final = 1000
"""Credentials of one issuer that are named one by one because their batches say different things of them."""


@dataclass(frozen=True, slots=True)
class StorageFacts:
    """What the contract answers at one block; what was not asked is not in it.

    Attributes:
        parties, batches, accreditations: None for what the contract does not know.
        words: by batch and purpose, the words that were asked for, by their number.
        digests: what issuers said of credentials by their digests.
    """

    party_count: int
    accreditation_count: int
    parties: Mapping[int, Party | None] = field(default_factory=dict)
    operators: Mapping[tuple[int, str], bool] = field(default_factory=dict)
    default_issuers: Mapping[str, int] = field(default_factory=dict)
    batches: Mapping[Key, Batch | None] = field(default_factory=dict)
    words: Mapping[Bitmap, Mapping[int, int]] = field(default_factory=dict)
    digests: Mapping[DigestKey, DigestStatus] = field(default_factory=dict)
    accreditations: Mapping[int, Accreditation | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """What the index says.

    Attributes:
        block_number: as of which it says it.
        words: by batch and purpose, the words that are not zero, by their number; of a voided batch as before.
        digests: what issuers said of credentials by their digests.
    """

    block_number: int
    party_count: int
    accreditation_count: int
    batches: Sequence[Batch]
    words: Mapping[Bitmap, Mapping[int, int]] = field(default_factory=dict)
    digests: Mapping[DigestKey, DigestStatus] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FolderBatch:
    """A batch as the operator's database has it; None for what it does not say.

    Attributes:
        state: in the database's word.
        anchored: whether that word means that it is on the chain.
        given_up: whether it means that it never will be.
        leaves: how many credentials of it the database lists.
        sealed_at, mined_at, final_at: when the operator saw it so; UTC.
    """

    issuer: int
    root: bytes
    leaf_count: int
    state: str
    anchored: bool
    given_up: bool = False
    leaves: int | None = None
    sequence: int | None = None
    block_number: int | None = None
    transaction: bytes | None = None
    sealed_at: datetime | None = None
    mined_at: datetime | None = None
    final_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TreeFacts:
    """What a tree file came to when everything in it was derived again.

    Attributes:
        leaf_count: of the file, or None when it cannot be read as a tree.
        missing: there is no such file.
        unsorted, damaged: what is wrong with it, in words.
        positions: what is wrong with what stands beside it, in words.
    """

    leaf_count: int | None = None
    missing: bool = False
    unsorted: str | None = None
    damaged: str | None = None
    positions: str | None = None


def compare_events(state: RegistryState) -> Iterator[Difference]:
    """What the contract never lets happen, by the events themselves."""
    for each in state.impossible:
        issuer = None if each.event is None else each.event.party
        yield Difference(DifferenceKind.EVENT_IMPOSSIBLE, each.subject, each.what, issuer)


def compare_storage(state: RegistryState, storage: StorageFacts) -> Iterator[Difference]:
    """Where the contract's own answers are not what the events come to."""
    if storage.party_count != len(state.parties):
        yield _counted(DifferenceKind.PARTY_COUNT, "parties", len(state.parties), storage.party_count)
    for number, party in storage.parties.items():
        yield from _compared(DifferenceKind.PARTY_DIFFERS, f"party {number}", number, state.parties.get(number), party)
    for (number, account), allowed in storage.operators.items():
        if state.operators.get((number, account), False) != allowed:
            what = f"the events {_may(not allowed)}, the contract {_may(allowed)}"
            yield Difference(DifferenceKind.OPERATOR_DIFFERS, f"party {number}, account {account}", what, number)
    for account, issuer in storage.default_issuers.items():
        if (default := state.default_issuers.get(account, 0)) != issuer:
            what = f"its bare roots are for issuer {default} by the events, for {issuer} by the contract (0: for none)"
            yield Difference(DifferenceKind.OPERATOR_DIFFERS, f"account {account}", what)
    for key, batch in storage.batches.items():
        told = state.batches.get(key)
        kind = DifferenceKind.BATCH_MISSING if batch is None or told is None else DifferenceKind.BATCH_DIFFERS
        yield from _compared(kind, named(*key), key[0], told, batch)
    for (issuer, root, purpose), words in storage.words.items():
        if (issuer, root) in state.batches:
            told_words = ((word, state.word(issuer, root, purpose, word), found) for word, found in words.items())
            yield from _compared_words(
                DifferenceKind.STATUS_DIFFERS, "the contract", (issuer, root, purpose), told_words
            )
    for (issuer, digest), status in storage.digests.items():
        said = state.digests.get((issuer, digest), NOTHING_SAID)
        yield from _compared_digest(DifferenceKind.STATUS_DIFFERS, "contract", issuer, digest, said, status)
    yield from _compared_accreditations(state.ledger, storage)


def compare_index(
    state: RegistryState, index: IndexFacts, *, issuer: int | None = None, first_block: int = 0
) -> Iterator[Difference]:
    """Where the index is not what the events come to.

    Args:
        state: as of the index's own block.
        issuer: of whom alone batches and digests are compared.
        first_block: batches anchored before it are left alone.
    """
    for things, told, found in (
        ("parties", len(state.parties), index.party_count),
        ("accreditations", state.accreditation_count, index.accreditation_count),
    ):
        if told != found:
            what = f"the chain tells of {told} up to block {index.block_number}, the index has {found}"
            yield Difference(DifferenceKind.INDEX_DIFFERS, f"all {things}", what)
    wanted = {
        key: batch
        for key, batch in state.batches.items()
        if issuer in (None, key[0]) and batch.block_number >= first_block
    }
    known: set[Key] = set()
    for row in index.batches:
        key = (row.issuer, row.root)
        known.add(key)
        if key in wanted:
            yield from _compared_index_batch(wanted[key], row)
        elif key not in state.batches and issuer in (None, row.issuer):
            what = f"the index has it in block {row.block_number}, the chain has no such batch"
            yield Difference(DifferenceKind.INDEX_NOT_ON_CHAIN, named(*key), what, row.issuer)
    for key, batch in wanted.items():
        if key not in known:
            what = f"anchored in block {batch.block_number}, the index goes up to block {index.block_number}"
            yield Difference(DifferenceKind.NOT_IN_INDEX, named(*key), what, key[0])
    for bitmap in sorted(state.words.keys() | index.words.keys()):
        if bitmap[:2] in wanted and bitmap[:2] in known:
            ours, theirs = state.words.get(bitmap, {}), index.words.get(bitmap, {})
            both = ((word, ours.get(word, 0), theirs.get(word, 0)) for word in sorted(ours.keys() | theirs.keys()))
            yield from _compared_words(DifferenceKind.INDEX_DIFFERS, "the index", bitmap, both)
    for key in sorted(state.digests.keys() | index.digests.keys()):
        if issuer in (None, key[0]):
            said, status = state.digests.get(key, NOTHING_SAID), index.digests.get(key, NOTHING_SAID)
            yield from _compared_digest(DifferenceKind.INDEX_DIFFERS, "index", *key, said, status)


def compare_folder(
    state: RegistryState,
    rows: Iterable[FolderBatch],
    *,
    last_block: int,
    as_of: datetime,
    own: Iterable[int] = (),
    first_block: int = 0,
) -> Iterator[Difference]:
    """Where the operator's database is not what the chain says.

    Args:
        last_block, as_of: the block up to which the chain was read, and its time; what the database saw later is left
            alone.
        own: parties that anchor from this folder alone: all their batches have to be in it.
        first_block: batches anchored before it are left alone.
    """
    known: set[Key] = set()
    for row in rows:
        key = (row.issuer, row.root)
        known.add(key)
        batch = state.batches.get(key)
        number = row.block_number if batch is None else batch.block_number
        if number is not None and not first_block <= number <= last_block:
            continue
        if row.leaves not in (None, row.leaf_count) and not row.given_up:
            what = f"the database lists {row.leaves} credentials of it and says that there are {row.leaf_count}"
            yield Difference(DifferenceKind.FOLDER_DIFFERS, named(*key), what, row.issuer)
        if batch is not None:
            yield from _compared_row(batch, row, as_of)
        elif row.anchored:
            where = "" if number is None else f" in block {number}"
            what = f"the database calls it {row.state}{where}, the chain has no such batch up to block {last_block}"
            yield Difference(DifferenceKind.NOT_ON_CHAIN, named(*key), what, row.issuer)
    mine = set(own)
    for key, batch in state.batches.items():
        if key[0] in mine and key not in known and batch.block_number >= first_block:
            what = f"anchored in block {batch.block_number} as the issuer's number {batch.sequence}"
            yield Difference(DifferenceKind.NOT_IN_FOLDER, named(*key), what, key[0])


def compare_tree(issuer: int, root: bytes, leaf_count: int, tree: TreeFacts) -> Iterator[Difference]:
    """Where a tree file is not that of the anchored batch; a `leaf_count` of 0 is not stated on the chain."""
    subject = named(issuer, root)
    if tree.missing:
        yield Difference(DifferenceKind.TREE_MISSING, subject, "there is no tree file in the data folder", issuer)
    if tree.damaged is not None:
        yield Difference(DifferenceKind.TREE_DAMAGED, subject, tree.damaged, issuer)
    if tree.unsorted is not None:
        yield Difference(DifferenceKind.TREE_UNSORTED, subject, tree.unsorted, issuer)
    if tree.leaf_count is not None and leaf_count and tree.leaf_count != leaf_count:
        what = f"the tree with this root that is here has {tree.leaf_count} leaves, the chain says {leaf_count}"
        yield Difference(DifferenceKind.LEAF_COUNT_DIFFERS, subject, what, issuer)
    if tree.positions is not None:
        yield Difference(DifferenceKind.POSITIONS_DIFFER, subject, tree.positions, issuer)


def compare_repeated(issuer: int, found: Iterable[Spread]) -> Iterator[Difference]:
    """Credentials in several batches that whoever knows one of these alone takes for better than they are, place by
    place."""
    more = 0
    for number, (digest, here, there, how) in enumerate(_apart(found)):
        if number >= MOST_APART:
            more += 1
            continue
        what = (
            f"the credential {digest.hex()} is {how} as leaf {there.place.leaf_index} of the batch "
            f"0x{there.place.root.hex()}, and not as leaf {here.place.leaf_index} of this one"
        )
        yield Difference(DifferenceKind.STATUS_APART, named(issuer, here.place.root), what, issuer)
    if more:
        what = f"{more} more credentials are withdrawn in one batch and not in another"
        yield Difference(DifferenceKind.STATUS_APART, f"issuer {issuer}", what, issuer)


def _apart(found: Iterable[Spread]) -> Iterator[tuple[bytes, AnchorState, AnchorState, str]]:
    """The digests that another anchor alone makes revoked or suspended, with both places and what the other is.

    What was said of a digest itself is known to everybody, with whatever receipt.
    """
    for digest, here, judgement in found:
        if here.is_revoked or here.voided:
            continue
        if (there := judgement.withdrawn) is not None:
            yield digest, here, there, "revoked" if there.revoked else "revoked with its batch"
        elif not here.is_suspended and (there := judgement.suspended) is not None:
            yield digest, here, there, "suspended"


def _compared(
    kind: DifferenceKind, subject: str, issuer: int, told: Party | Batch | None, found: Party | Batch | None
) -> Iterator[Difference]:
    if told is None or found is None:
        if told is not found:
            sides = ("the contract", "the events") if told is None else ("the events", "the contract")
            knows = "knows" if told is None else "know"
            yield Difference(kind, subject, f"{sides[0]} {knows} it, {sides[1]} not", issuer)
        return
    for each in fields(told):
        ours, theirs = getattr(told, each.name), getattr(found, each.name)
        if not each.compare:
            continue
        if ours != theirs:
            name = each.name.replace("_", " ")
            what = f"{name}: {_shown(ours)} by the events, {_shown(theirs)} by the contract"
            yield Difference(kind, subject, what, issuer)


def _compared_words(
    kind: DifferenceKind, side: str, bitmap: Bitmap, words: Iterable[tuple[int, int, int]]
) -> Iterator[Difference]:
    """Words by number, as the events tell them and as the other side does."""
    issuer, root, purpose = bitmap
    for number, told, found in words:
        if told != found:
            leaves = [number * WORD_BITS + bit for bit in range(WORD_BITS) if (told ^ found) >> bit & 1]
            shown = ", ".join(map(str, leaves[:8])) + (f" and {len(leaves) - 8} more" if len(leaves) > 8 else "")
            what = (
                f"whether {('revoked', 'suspended')[purpose]}: the events and {side} do not agree on the leaves {shown}"
            )
            yield Difference(kind, named(issuer, root), what, issuer)


def _compared_digest(
    kind: DifferenceKind, side: str, issuer: int, digest: bytes, told: DigestStatus, found: DigestStatus
) -> Iterator[Difference]:
    for each in fields(told):
        ours, theirs = getattr(told, each.name), getattr(found, each.name)
        if ours != theirs:
            what = f"{each.name.replace('_', ' ')}: {_shown(ours)} by the events, {_shown(theirs)} by the {side}"
            yield Difference(kind, digest_named(issuer, digest), what, issuer)


def _compared_accreditations(ledger: Ledger | None, storage: StorageFacts) -> Iterator[Difference]:
    if ledger is None:
        return
    if storage.accreditation_count != len(ledger.accreditations):
        yield _counted(
            DifferenceKind.ACCREDITATION_COUNT,
            "accreditations",
            len(ledger.accreditations),
            storage.accreditation_count,
        )
    for number, found in storage.accreditations.items():
        told = ledger.accreditations[number - 1] if number <= len(ledger.accreditations) else None
        if told == found:
            continue
        body = told.body if told else found.body if found else None
        if told is None or found is None:
            what = "the events and the contract do not both know it"
        else:
            names = [each.name for each in fields(told) if getattr(told, each.name) != getattr(found, each.name)]
            what = f"events and contract do not agree on: {', '.join(names).replace('_', ' ')}"
        yield Difference(DifferenceKind.ACCREDITATION_DIFFERS, f"accreditation {number}", what, body)


def _compared_index_batch(batch: Batch, row: Batch) -> Iterator[Difference]:
    key = (row.issuer, row.root)
    pairs: tuple[tuple[str, object, object], ...] = (
        ("leaf count", row.leaf_count, batch.leaf_count),
        ("sequence", row.sequence, batch.sequence),
        ("block", row.block_number, batch.block_number),
        ("time", row.anchored_at, batch.anchored_at),
        ("transaction", row.seen.transaction, batch.seen.transaction),
        ("time of its voiding", row.voided_at, batch.voided_at),
        ("reason of its voiding", row.void_reason, batch.void_reason),
    )
    for name, here, there in pairs:
        if here != there:
            what = f"{name}: {_shown(here)} in the index, {_shown(there)} on the chain"
            yield Difference(DifferenceKind.INDEX_DIFFERS, named(*key), what, row.issuer)


def _compared_row(batch: Batch, row: FolderBatch, as_of: datetime) -> Iterator[Difference]:
    key = (row.issuer, row.root)
    if not row.anchored:
        # A batch under way is seen on the chain a little later than it gets there.
        if row.given_up or as_of - batch.anchored_at > GRACE:
            what = f"the database calls it {row.state}, the chain has it since block {batch.block_number}"
            yield Difference(DifferenceKind.FOLDER_DIFFERS, named(*key), what, row.issuer)
        return
    pairs: tuple[tuple[str, object, object], ...] = (
        ("leaf count", row.leaf_count, batch.leaf_count or None),
        ("sequence", row.sequence, batch.sequence),
        ("block", row.block_number, batch.block_number),
        ("transaction", row.transaction, batch.seen.transaction),
    )
    for name, here, there in pairs:
        if here is not None and there is not None and here != there:
            what = f"{name}: {_shown(here)} in the database, {_shown(there)} on the chain"
            yield Difference(DifferenceKind.FOLDER_DIFFERS, named(*key), what, row.issuer)


def _counted(kind: DifferenceKind, things: str, told: int, found: int) -> Difference:
    return Difference(kind, f"all {things}", f"the events tell of {told}, the contract counts {found}")


def _may(allowed: bool) -> str:
    return "let it anchor" if allowed else "do not let it anchor"


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    if isinstance(value, Reason):
        return value.word
    return "none" if value is None or value == "" else str(value)
