"""Status lists are those of the final block, whatever is in the index after it."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from registry.database.engine import open_database
from registry.errors import ChainUnavailable, RegistryError
from registry.formats.statuslist import ListedBatch, Purpose, bitstring, is_set, list_position
from registry.history import rebuild
from registry.index.lists import read_final_list, read_final_position
from registry.index.loader import TreeLoader
from registry.index.reader import Index
from registry.index.writer import IndexWriter
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.records import NOTHING_SAID, BlockRef, Event
from registry.timestamps import from_unix
from registry.trees.folder import FolderTrees
from tests.registry.index.told_chain import ADDRESS, SOMEBODY

CHAIN = "eip155:31337"
ISSUER, OTHER = 1, 2
# None of the batches here has a tree: no credential is in two of them.
TREES = FolderTrees(Path("nowhere"))


@pytest.fixture(scope="module")
def memory() -> Iterator[Engine]:
    opened = open_database("sqlite:///:memory:")
    yield opened
    opened.dispose()


def mark(number: int) -> BlockRef:
    return BlockRef(number, sha256(b"%d" % number).digest(), from_unix(1_800_000_000 + 12 * number))


def root_of(issuer: int, sequence: int) -> bytes:
    return sha256(b"%d %d" % (issuer, sequence)).digest()


class World:
    """Two issuers, told block by block both to an index and to a slow model that keeps every state there was."""

    def __init__(self, engine: Engine):
        self.writer = IndexWriter(engine, CHAIN, ADDRESS)
        self.writer.forget()
        self.writer.begin(mark(0), genesis_hash=bytes(32))
        self.index = Index(engine, CHAIN, ADDRESS)
        self.batches: dict[tuple[int, int], ListedBatch] = {}
        self.marked: dict[tuple[int, int, Purpose], set[int]] = {}
        self.number = 0
        self.states: dict[int, tuple[dict[Any, Any], dict[Any, Any]]] = {0: ({}, {})}
        self._events: list[Event] = []
        for issuer in (ISSUER, OTHER):
            given = {"party": issuer, "controller": SOMEBODY, "uri": "", "profileHash": bytes(32)}
            self._tell("PartyRegistered", given)
        self.mine()

    def mine(self) -> None:
        head = self.writer.head()
        assert head is not None
        self.number += 1
        self.writer.add(head, self._events, mark(self.number), seen=self.number)
        self._events = []
        self.states[self.number] = (dict(self.batches), {key: set(leaves) for key, leaves in self.marked.items()})

    def finalise(self, number: int) -> None:
        head = self.writer.head()
        assert head is not None
        self.writer.settle(head, final=mark(number), seen=self.number)

    def _tell(self, name: str, arguments: dict[str, Any]) -> tuple[int, int]:
        place = (self.number + 1, len(self._events))
        self._events.append(Event.of_block(mark(place[0]), name, arguments, place[1], bytes(32)))
        return place

    def anchor(self, issuer: int, leaf_count: int) -> None:
        sequence = 1 + sum(key[0] == issuer for key in self.batches)
        given = {"issuer": issuer, "root": root_of(issuer, sequence), "leafCount": leaf_count, "sequence": sequence}
        place = self._tell("Anchored", given | {"operator": SOMEBODY})
        self.batches[issuer, sequence] = ListedBatch(sequence, leaf_count, place)

    def change(self, issuer: int, sequence: int, what: str, leaf: int, leaf_count: int) -> None:
        """What the contract's rules allow of this, with only those bits that change."""
        batch = self.batches.get((issuer, sequence))
        if batch is None:
            return
        given: dict[str, Any] = {"issuer": issuer, "root": root_of(issuer, sequence), "operator": SOMEBODY, "reason": 0}
        if what == "state" and not batch.leaf_count:
            place = self._tell("LeafCountStated", given | {"leafCount": leaf_count})
            self.batches[issuer, sequence] = ListedBatch(sequence, leaf_count, place, voided=batch.voided)
        elif batch.voided or leaf >= batch.leaf_count:
            return
        elif what == "void":
            self._tell("BatchVoided", given)
            self.batches[issuer, sequence] = ListedBatch(sequence, batch.leaf_count, batch.counted, voided=True)
        elif what in ("revoke", "suspend", "clear"):
            purpose = Purpose.REVOCATION if what == "revoke" else Purpose.SUSPENSION
            leaves = self.marked.setdefault((issuer, sequence, purpose), set())
            if (leaf in leaves) != (what == "clear"):
                return
            given |= {"word": leaf // 256, "changed": 1 << leaf % 256}
            if what == "clear":
                leaves.remove(leaf)
                self._tell("SuspensionCleared", given)
            else:
                leaves.add(leaf)
                self._tell("StatusSet", given | {"purpose": purpose.number})

    def expected(self, at: int, purpose: Purpose) -> set[int]:
        """The set positions of the first list as of a block, one credential at a time."""
        batches, marked = self.states[at]
        mine = [batch for (issuer, _), batch in batches.items() if issuer == ISSUER]
        return {
            list_position(mine, batch.sequence, leaf).index
            for batch in mine
            for leaf in range(batch.leaf_count)
            if (batch.voided and purpose is Purpose.REVOCATION)
            or leaf in marked.get((ISSUER, batch.sequence, purpose), ())
        }


def positions(bits: bytes) -> set[int]:
    return {index for at, byte in enumerate(bits) if byte for index in range(8 * at, 8 * at + 8) if is_set(bits, index)}


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("mine")),
        st.tuples(st.just("anchor"), st.sampled_from([ISSUER, ISSUER, OTHER]), st.sampled_from([0, 3, 300])),
        st.tuples(
            st.sampled_from(["revoke", "suspend", "clear", "clear", "void", "state"]),
            st.sampled_from([ISSUER, ISSUER, OTHER]),
            st.integers(1, 4),
            st.sampled_from([0, 1, 256, 299]),
            st.sampled_from([2, 270]),
        ),
    ),
    min_size=5,
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(moves=MOVES, share=st.floats(0, 1))
def test_a_list_is_that_of_the_final_block(memory: Engine, moves: list[tuple[Any, ...]], share: float) -> None:
    world = World(memory)
    world.anchor(ISSUER, 300)
    for what, *numbers in moves:
        if what == "mine":
            world.mine()
        elif what == "anchor":
            world.anchor(*numbers)
        else:
            world.change(numbers[0], numbers[1], what, numbers[2], numbers[3])
    world.mine()
    final = max(1, round(share * world.number))
    world.finalise(final)
    for purpose in Purpose:
        found = read_final_list(world.index, TREES, ISSUER, purpose, 1)
        assert positions(found.bits) == world.expected(final, purpose)
        assert found.block_number == final
        assert found.time == mark(final).timestamp.timestamp()
    mine = [batch for (issuer, _), batch in world.states[final][0].items() if issuer == ISSUER and batch.leaf_count]
    for batch in mine:
        assert read_final_position(world.index, ISSUER, batch.sequence, 0) == list_position(mine, batch.sequence, 0)


def test_nothing_is_said_before_a_block_is_final(memory: Engine) -> None:
    world = World(memory)
    with pytest.raises(ChainUnavailable) as caught:
        read_final_list(world.index, TREES, ISSUER, Purpose.REVOCATION, 1)
    assert caught.value.code == "not-final-yet"
    with pytest.raises(ChainUnavailable):
        read_final_list(Index(memory, "eip155:5", ADDRESS), TREES, ISSUER, Purpose.REVOCATION, 1)


def test_a_batch_that_is_not_final_has_no_position(memory: Engine) -> None:
    world = World(memory)
    world.finalise(1)
    world.anchor(ISSUER, 5)
    world.mine()
    with pytest.raises(RegistryError) as caught:
        read_final_position(world.index, ISSUER, 1, 0)
    assert caught.value.code == "unknown-batch"


def test_an_index_that_changes_while_it_is_read_is_read_again(memory: Engine) -> None:
    world = World(memory)
    world.anchor(ISSUER, 5)
    world.change(ISSUER, 1, "revoke", 2, 0)
    world.mine()
    world.finalise(world.number)

    class Moving(Index):
        """Another block of events comes in before each reading of the statuses, so many times."""

        left = 3

        def all_events(self, *given: Any, **more: Any) -> Any:
            if Moving.left:
                Moving.left -= 1
                world.anchor(OTHER, 1)
                world.mine()
            return super().all_events(*given, **more)

    moving = Moving(memory, CHAIN, ADDRESS)
    assert positions(read_final_list(moving, TREES, ISSUER, Purpose.REVOCATION, 1).bits) == {2}
    Moving.left = 10**6
    with pytest.raises(ChainUnavailable) as caught:
        read_final_list(moving, TREES, ISSUER, Purpose.REVOCATION, 1)
    assert caught.value.code == "index-changing"


def test_a_list_of_the_index_is_that_of_the_pure_function(memory: Engine) -> None:
    world = World(memory)
    world.anchor(ISSUER, 300)
    world.change(ISSUER, 1, "suspend", 256, 0)
    world.mine()
    world.finalise(world.number)
    batch = world.batches[ISSUER, 1]
    expected = bitstring([batch], {1: {1: 1}}, Purpose.SUSPENSION, 1)
    assert read_final_list(world.index, TREES, ISSUER, Purpose.SUSPENSION, 1).bits == expected


# What was said of digests


DIGESTS = [sha256(b"credential %d" % number).digest() for number in range(4)]
# The second one is in both batches, the last in none.
CONTENTS = (DIGESTS[:2], DIGESTS[1:3])


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> tuple[FolderTrees, list[TreeId]]:
    trees = FolderTrees(tmp_path_factory.mktemp("trees"))
    made = []
    for content in CONTENTS:
        with Tree.build(content) as tree:
            tree.write(trees.path(tree.id))
            made.append(tree.id)
    return trees, made


@settings(max_examples=40, deadline=None)
@given(
    moves=st.lists(
        st.tuples(st.sampled_from(["revoke", "suspend", "reinstate", "anchor", "mine"]), st.integers(0, 3)), max_size=20
    ),
    share=st.floats(0, 1),
)
def test_a_list_has_what_was_said_of_digests_up_to_the_final_block(
    memory: Engine, shelf: tuple[FolderTrees, list[TreeId]], moves: list[tuple[str, int]], share: float
) -> None:
    trees, tree_ids = shelf
    world = World(memory)
    told: list[Event] = []
    anchored: list[TreeId] = []
    said: dict[str, set[bytes]] = {"revoke": set(), "suspend": set()}

    def tell(name: str, arguments: dict[str, Any]) -> None:
        given = {"issuer": ISSUER, "reason": 0, "operator": SOMEBODY} | arguments
        place = world._tell(name, given)
        told.append(Event.of_block(mark(place[0]), name, given, place[1], bytes(32)))

    for what, number in [*moves, ("mine", 0)]:
        digest = DIGESTS[number]
        if what == "mine":
            world.mine()
        elif what == "anchor" and len(anchored) < len(tree_ids):
            which = tree_ids[len(anchored)]
            anchored.append(which)
            tell("Anchored", {"root": which.root, "leafCount": which.leaf_count, "sequence": len(anchored)})
        elif what in said and digest not in said[what]:
            said[what].add(digest)
            tell("DigestRevoked" if what == "revoke" else "DigestSuspended", {"digest": digest})
        elif what == "reinstate" and digest in said["suspend"]:
            said["suspend"].remove(digest)
            tell("DigestReinstated", {"digest": digest})
    TreeLoader(world.index, trees).step()
    final = max(1, round(share * world.number))
    world.finalise(final)
    as_of = rebuild(event for event in told if event.block_number <= final)
    for purpose in Purpose:
        expected = set()
        for at, content in enumerate(CONTENTS[: len(as_of.batches)]):
            for leaf, digest in enumerate(sorted(content)):
                status = as_of.digests.get((ISSUER, digest), NOTHING_SAID)
                if status.is_revoked if purpose is Purpose.REVOCATION else status.is_suspended:
                    expected.add(2 * at + leaf)
        assert positions(read_final_list(world.index, trees, ISSUER, purpose, 1).bits) == expected


def test_a_list_with_a_batch_that_cannot_be_searched_is_not_given(
    memory: Engine, shelf: tuple[FolderTrees, list[TreeId]]
) -> None:
    """But where no digest was spoken of, or the whole batch is revoked: then nothing is unknown."""
    trees, _ = shelf
    world = World(memory)
    world.anchor(ISSUER, 5)
    world._tell("DigestRevoked", {"issuer": ISSUER, "digest": DIGESTS[3], "reason": 0, "operator": SOMEBODY})
    world.mine()
    world.finalise(world.number)
    with pytest.raises(RegistryError, match="such as that of batch 1") as caught:
        read_final_list(world.index, trees, ISSUER, Purpose.REVOCATION, 1)
    assert caught.value.code == "list-incomplete"
    assert positions(read_final_list(world.index, trees, ISSUER, Purpose.SUSPENSION, 1).bits) == set()
    world.change(ISSUER, 1, "void", 0, 0)
    world.mine()
    world.finalise(world.number)
    assert positions(read_final_list(world.index, trees, ISSUER, Purpose.REVOCATION, 1).bits) == set(range(5))
