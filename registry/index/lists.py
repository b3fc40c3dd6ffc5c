"""Status lists out of the index: the bits as of the last final block, whatever came after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import select

from registry.anchors import AnchorPlace, IssuerState, spread, spread_words
from registry.errors import ChainUnavailable, RegistryError
from registry.formats.statuslist import ListedBatch, ListPosition, Purpose, batches_of_list, bitstring, list_position
from registry.history import DIGEST_EVENTS
from registry.index.reader import VALUES_A_STATEMENT, EventFilter, Index
from registry.index.repeats import loaded_of, repeated, replacements, speaks
from registry.index.tables import indexed_batch, indexed_block, indexed_status
from registry.merkle.treefile import TreeId
from registry.records import NOTHING_SAID, DigestStatus, Event
from registry.records import Purpose as ChainPurpose
from registry.trees.store import TreeStore

_CHANGES: Final = frozenset({"StatusSet", "SuspensionCleared", "BatchVoided", "LeafCountStated"})
# The index changes with every block that has events; who reads it at the same time tries again.
_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class FinalList:
    """A status list as of a final block: its bits, the block's number and its Unix time."""

    bits: bytes
    block_number: int
    time: int


@dataclass(frozen=True, slots=True)
class _FinalState:
    """The batches of an issuer as of a final block, by sequence; `later` is what has happened to them since, and
    `said_later` what their issuer said since of credentials by their digests."""

    version: int
    block_number: int
    time: int
    batches: dict[int, ListedBatch]
    roots: dict[int, bytes]
    superseded: dict[AnchorPlace, AnchorPlace]
    later: tuple[Event, ...]
    said_later: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class FinalWords:
    """What counts of an issuer's credentials as of a final block, wherever their bits are.

    Attributes:
        batches: by sequence.
        roots: of the batches, by sequence.
        words: status words of one purpose by sequence and by number, with what counts of other batches and of what was
            said of digests; of a voided batch they are not all.
        superseded: what the issuer put in the place of what.
    """

    batches: Mapping[int, ListedBatch]
    roots: Mapping[int, bytes]
    words: Mapping[int, Mapping[int, int]]
    superseded: Mapping[AnchorPlace, AnchorPlace]
    block_number: int
    time: int


Listed = Callable[[Mapping[int, ListedBatch], Mapping[int, bytes]], Iterable[ListedBatch]]
"""Of an issuer's batches and their roots, by sequence, those that a list is about; refuses a list that there is not."""


def read_final_list(index: Index, trees: TreeStore, issuer: int, purpose: Purpose, number: int) -> FinalList:
    """One status list of an issuer: the bits of its own batches, what counts in them of the others, and what it said of
    credentials by their digests.

    Raises:
        RegistryError: the issuer has no such list (code `unknown-list`), or spoke of credentials by their digests and a
            tree is missing in which they may be (`list-incomplete`).
        StoreError: a tree that holds a credential of several batches cannot be read.
        ChainUnavailable: no block is final yet, or the index changes faster than it is read.
    """
    found = read_final_words(
        index, trees, issuer, purpose, lambda batches, _: batches_of_list(batches.values(), number)
    )
    bits = bitstring(found.batches.values(), found.words, purpose, number)
    return FinalList(bits, found.block_number, found.time)


def read_final_words(index: Index, trees: TreeStore, issuer: int, purpose: Purpose, listed: Listed) -> FinalWords:
    """What lists of an issuer are made of; raises as `read_final_list`, and what `listed` raises."""
    for _ in range(_TRIES):
        state = _final_state(index, issuer)
        about = list(listed(state.batches, state.roots))
        every = {root: sequence for sequence, root in state.roots.items()}
        both = {each: _words(index, issuer, each, every) for each in Purpose}
        for each, marked in both.items():
            _undo_words(marked, each, state)
        words, digests = both[purpose], _digests(index, issuer, state)
        if _is_unchanged(index, state):
            _require_trees(index, state, digests, purpose, about)
            _add_words(words, purpose, every, _issuer_state(issuer, state, both, digests), index, trees)
            return FinalWords(state.batches, state.roots, words, state.superseded, state.block_number, state.time)
    raise _changing()


def read_final_position(index: Index, issuer: int, sequence: int, leaf_index: int) -> ListPosition:
    """Where the bit of a credential is.

    Raises:
        RegistryError: it has none (codes of `registry.formats.statuslist.list_position`).
        ChainUnavailable: no block is final yet, or the index changes faster than it is read.
    """
    for _ in range(_TRIES):
        state = _final_state(index, issuer)
        if _is_unchanged(index, state):
            return list_position(state.batches.values(), sequence, leaf_index)
    raise _changing()


def _final_state(index: Index, issuer: int) -> _FinalState:
    head = index.head()
    final = None if head is None or head.final is None else min(head.final, head.cursor.number)
    if head is None or final is None:
        raise ChainUnavailable(
            "no block of the chain is known to be final yet", remedy="Ask again soon.", code="not-final-yet"
        )
    of, block = indexed_batch.c, indexed_block.c
    columns = (of.sequence, of.root, of.leaf_count, of.block_number, of.log_index, of.voided_at)
    mine = (of.source == head.source, of.issuer == issuer, of.block_number <= final)
    newest = select(block.time).where(block.source == head.source, block.number <= final)
    with index.engine.connect() as connection:
        rows = connection.execute(select(*columns).where(*mine).order_by(of.sequence)).all()
        time = connection.execute(newest.order_by(block.number.desc()).limit(1)).scalar_one()
    sequences = {row.root: row.sequence for row in rows}
    batches = {
        row.sequence: ListedBatch(
            row.sequence, row.leaf_count, (row.block_number, row.log_index), voided=row.voided_at is not None
        )
        for row in rows
    }
    stated = index.all_events(EventFilter(party=issuer, names=frozenset({"LeafCountStated"}), to_block=final))
    for event in stated:
        sequence = sequences[event.arguments["root"]]
        batches[sequence] = replace(batches[sequence], counted=event.place)
    since = list(index.all_events(EventFilter(party=issuer, names=_CHANGES | DIGEST_EVENTS, from_block=final + 1)))
    later = tuple(event for event in since if event.name in _CHANGES and event.arguments["root"] in sequences)
    for event in later:
        sequence = sequences[event.arguments["root"]]
        if event.name == "BatchVoided":
            batches[sequence] = replace(batches[sequence], voided=False)
        elif event.name == "LeafCountStated":
            batches[sequence] = replace(batches[sequence], leaf_count=0)
    roots = {sequence: root for root, sequence in sequences.items()}
    superseded = replacements(index, issuer, to_block=final)
    said_later = tuple(event for event in since if event.name in DIGEST_EVENTS)
    return _FinalState(head.version, final, time, batches, roots, superseded, later, said_later)


def _words(index: Index, issuer: int, purpose: Purpose, sequences: dict[bytes, int]) -> dict[int, dict[int, int]]:
    """The status words of batches as of the cursor, by sequence and by number."""
    of = indexed_status.c
    words: dict[int, dict[int, int]] = {sequence: {} for sequence in sequences.values()}
    mine = (of.source == index.source, of.issuer == issuer, of.purpose == purpose.number)
    with index.engine.connect() as connection:
        for some in _in_pieces(sequences):
            query = select(of.root, of.word, of.bits).where(*mine, of.root.in_(some))
            for root, word, bits in connection.execute(query):
                words[sequences[root]][word] = int.from_bytes(bits, "big")
    return words


def _undo_words(words: dict[int, dict[int, int]], purpose: Purpose, state: _FinalState) -> None:
    """Take back what has happened since the final block, the newest first; `changed` holds only bits that changed."""
    sequences = {root: sequence for sequence, root in state.roots.items()}
    for event in reversed(state.later):
        mine = words.get(sequences[event.arguments["root"]])
        if mine is None:
            continue
        if event.name == "StatusSet" and event.arguments["purpose"] == purpose.number:
            mine[event.arguments["word"]] = mine.get(event.arguments["word"], 0) & ~event.arguments["changed"]
        elif event.name == "SuspensionCleared" and purpose is Purpose.SUSPENSION:
            mine[event.arguments["word"]] = mine.get(event.arguments["word"], 0) | event.arguments["changed"]


def _digests(index: Index, issuer: int, state: _FinalState) -> dict[bytes, DigestStatus]:
    """What the issuer had said of credentials by their digests at the final block: what came since is taken back."""
    digests = index.digest_statuses_of(issuer)
    for event in reversed(state.said_later):
        digest = event.arguments["digest"]
        status = digests.get(digest, NOTHING_SAID)
        if event.name == "DigestRevoked":
            status = replace(status, revoked_at=None, revocation_reason=None)
        elif event.name == "DigestSuspended":
            status = replace(status, suspended_at=None, suspension_reason=None)
        else:
            # It was suspended before; since when, and why, is in no list.
            status = replace(status, suspended_at=event.time)
        digests[digest] = status
    return digests


def _require_trees(
    index: Index,
    state: _FinalState,
    digests: Mapping[bytes, DigestStatus],
    purpose: Purpose,
    about: Iterable[ListedBatch],
) -> None:
    """That each batch of a list can be searched for the credentials that were spoken of by their digests, if any were.

    A voided batch says of all its credentials that they are revoked, whichever they are.
    """
    said = ChainPurpose(purpose.number)
    if not any(speaks(status, said) for status in digests.values()):
        return
    needed = {
        batch.sequence: TreeId(state.roots[batch.sequence], batch.leaf_count)
        for batch in about
        if not (batch.voided and purpose is Purpose.REVOCATION)
    }
    loaded = loaded_of(index, needed.values())
    if missing := [sequence for sequence, which in needed.items() if which not in loaded]:
        raise RegistryError(
            "the issuer spoke of credentials by their digests, and which places of this list are theirs is not known: "
            f"the trees of {len(missing):,} of its batches are not here, such as that of batch {missing[0]}",
            remedy="Ask for the credential itself, or ask the issuer to publish its trees.",
            code="list-incomplete",
        )


def _issuer_state(
    issuer: int,
    state: _FinalState,
    words: Mapping[Purpose, Mapping[int, Mapping[int, int]]],
    digests: Mapping[bytes, DigestStatus],
) -> IssuerState:
    return IssuerState(
        issuer,
        {state.roots[sequence]: batch.leaf_count for sequence, batch in state.batches.items()},
        {state.roots[sequence] for sequence, batch in state.batches.items() if batch.voided},
        {
            (state.roots[sequence], purpose.number): marked
            for purpose, by_sequence in words.items()
            for sequence, marked in by_sequence.items()
        },
        state.superseded,
        digests,
    )


def _add_words(
    words: dict[int, dict[int, int]],
    purpose: Purpose,
    sequences: Mapping[bytes, int],
    state: IssuerState,
    index: Index,
    trees: TreeStore,
) -> None:
    """Set the bits of credentials that are revoked or suspended by their digest, or in another batch, if it counts."""
    for root, more in spread_words(spread(state, repeated(index, trees, state)), purpose.number).items():
        mine = words[sequences[root]]
        for word, bits in more.items():
            mine[word] = mine.get(word, 0) | bits


def _is_unchanged(index: Index, state: _FinalState) -> bool:
    head = index.head()
    return head is not None and head.version == state.version


def _in_pieces(roots: Iterable[bytes]) -> Iterable[list[bytes]]:
    every = list(roots)
    return (every[start : start + VALUES_A_STATEMENT] for start in range(0, len(every), VALUES_A_STATEMENT))


def _changing() -> ChainUnavailable:
    return ChainUnavailable(
        "the index changed each time while it was read", remedy="Ask again soon.", code="index-changing"
    )
