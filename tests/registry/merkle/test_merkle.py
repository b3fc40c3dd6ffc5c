"""The tree against RFC 6962 written down recursively, against merkletools, and against forged proofs."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from blockcerts_merkletools import MerkleTools
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import ProofError, TreeError
from registry.merkle.proof import (
    AbsenceProof,
    InclusionProof,
    Neighbour,
    check_absence,
    check_inclusion,
    node_hash,
    path_length,
    root_from_path,
)
from registry.merkle.tree import Tree
from tests import reference_tree

LOWEST, HIGHEST = bytes(32), b"\xff" * 32

digest_sets = st.sets(st.binary(min_size=32, max_size=32), min_size=1, max_size=80)
# Many digests that share long prefixes: what interpolation likes least.
clustered_sets = st.sets(
    st.builds(
        lambda head, middle, tail: bytes([head]) * 9 + bytes([middle]) * 9 + tail,
        st.sampled_from([0, 127, 255]),
        st.integers(0, 2),
        st.binary(min_size=14, max_size=14),
    ),
    min_size=1,
    max_size=80,
)


def numbered(count: int) -> list[bytes]:
    return sorted(sha256(number.to_bytes(4)).digest() for number in range(count))


def refuses(code: str, check: Callable[..., None], *arguments: object) -> None:
    with pytest.raises(ProofError) as caught:
        check(*arguments)
    assert caught.value.code == code


@pytest.fixture
def five() -> Iterator[Tree]:
    with Tree.build(numbered(5)) as tree:
        yield tree


@pytest.mark.parametrize("count", range(1, 71))
def test_every_root_and_path_is_that_of_the_rfc(count: int) -> None:
    leaves = numbered(count)
    with Tree.build(leaves) as tree:
        assert tree.root == reference_tree.root(leaves)
        assert tree.leaf_count == count
        assert list(tree.leaves()) == leaves
        for index, leaf in enumerate(leaves):
            proof = tree.inclusion(index)
            assert proof == InclusionProof(index, count, tuple(reference_tree.path(index, leaves)))
            assert path_length(index, count) == len(proof.path)
            check_inclusion(leaf, tree.root, proof)
        tree.check()


@settings(max_examples=60, deadline=None)
@given(
    digest_sets | clustered_sets,
    st.randoms(use_true_random=False),
    st.lists(st.binary(min_size=32, max_size=32), max_size=5),
)
def test_any_set_in_any_order_with_repetitions(
    digests: set[bytes], shuffle: random.Random, strangers: list[bytes]
) -> None:
    leaves = sorted(digests)
    intake = leaves + shuffle.choices(leaves, k=7)
    shuffle.shuffle(intake)
    with Tree.build(iter(intake)) as tree:
        assert tree.root == reference_tree.root(leaves)
        assert list(tree.leaves()) == leaves
        for index, leaf in enumerate(leaves):
            assert tree.index_of(leaf) == index
            assert tree.leaf(index) == leaf
            check_inclusion(leaf, tree.root, tree.inclusion(index))
        for stranger in {*strangers, LOWEST, HIGHEST} - digests:
            assert tree.index_of(stranger) is None
            check_absence(stranger, tree.root, tree.absence(stranger))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64, 65, 1000])
def test_merkletools_makes_the_same_root_and_paths(count: int) -> None:
    leaves = numbered(count)
    tools = MerkleTools()
    tools.add_leaf([leaf.hex() for leaf in leaves])
    tools.make_tree()
    with Tree.build(leaves) as tree:
        assert tree.root.hex() == tools.get_merkle_root()
        for index in {0, 1, count // 2, count - 2, count - 1} & set(range(count)):
            theirs = [next(iter(node.values())) for node in tools.get_proof(index)]
            assert [node.hex() for node in tree.inclusion(index).path] == theirs


def test_order_of_more_digests_than_are_taken_or_sorted_at_a_time() -> None:
    source = random.Random(5)
    # One first byte holds enough for the second split, the others do not; a twentieth of the digests come twice.
    digests = [b"\x07" + source.randbytes(31) for _ in range(20_000)] + [source.randbytes(32) for _ in range(20_000)]
    digests += source.sample(digests, 2_000)
    source.shuffle(digests)
    with Tree.build(digests) as tree:
        assert list(tree.leaves()) == sorted(set(digests))
        tree.check()


def test_path_lengths_of_large_trees_are_those_of_the_rfc_walk() -> None:
    def walked(index: int, count: int) -> int:
        length, last = 0, count - 1
        while last:
            length += bool(index & 1) or index < last
            index, last = index >> 1, last >> 1
        return length

    source = random.Random(6)
    for _ in range(2_000):
        count = source.randint(1, 2 ** source.randint(1, 32) - 1)
        index = source.choice([0, count - 1, source.randrange(count)])
        assert path_length(index, count) == walked(index, count)


def test_a_single_leaf_is_its_own_root() -> None:
    with Tree.build([HIGHEST]) as tree:
        assert tree.root == HIGHEST
        assert tree.inclusion(0) == InclusionProof(0, 1, ())
        check_inclusion(HIGHEST, HIGHEST, tree.inclusion(0))


def test_no_digest_at_all_is_refused() -> None:
    with pytest.raises(TreeError, match="at least one digest"):
        Tree.build([])


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_digest_of_another_length_is_refused_with_its_position(size: int) -> None:
    with pytest.raises(TreeError, match=f"digest 2 of the batch has {size} bytes") as caught:
        Tree.build([LOWEST, HIGHEST, bytes(size)])
    assert caught.value.code == "digest-length"


def test_more_leaves_than_the_contract_can_count_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.merkle.treefile.MAX_LEAVES", 4)
    with Tree.build(numbered(4)) as tree:
        assert tree.leaf_count == 4
    with pytest.raises(TreeError) as caught:
        Tree.build(numbered(5))
    assert caught.value.code == "too-many-leaves"


@pytest.mark.parametrize("index", [-1, 5, 2**32])
def test_there_is_no_leaf_outside(five: Tree, index: int) -> None:
    for ask in (five.leaf, five.inclusion):
        with pytest.raises(TreeError) as caught:
            ask(index)
        assert caught.value.code == "index-range"


@pytest.mark.parametrize("count", range(2, 34))
def test_an_interior_node_never_passes_for_a_leaf(count: int) -> None:
    """Offered with every index of the tree, and with every path that does lead from it to the root."""
    leaves = numbered(count)
    with Tree.build(leaves) as tree:
        for node, left, right in reference_tree.interior(leaves):
            covered = {index for index in range(count) if {left, right} & {*tree.inclusion(index).path, leaves[index]}}
            tails = {
                tuple(tree.inclusion(index).path[cut:]) for index in covered for cut in range(count.bit_length() + 1)
            }
            for index in range(count):
                for tail in tails:
                    with pytest.raises(ProofError):
                        check_inclusion(node, tree.root, InclusionProof(index, count, tail))


def test_an_interior_node_passes_only_under_a_forged_leaf_count() -> None:
    """Why the leaf count has to come from the chain: with the count of the level above, the node is its leaf."""
    leaves = numbered(4)
    left, right = node_hash(*leaves[:2]), node_hash(*leaves[2:])
    with Tree.build(leaves) as tree:
        check_inclusion(left, tree.root, InclusionProof(0, 2, (right,)))
        refuses("path-length", check_inclusion, left, tree.root, InclusionProof(0, 4, (right,)))


def test_every_other_index_or_count_of_the_same_path_is_refused() -> None:
    for count in (1, 2, 3, 5, 8, 13):
        leaves = numbered(count)
        with Tree.build(leaves) as tree:
            for index, leaf in enumerate(leaves):
                proof = tree.inclusion(index)
                for other in set(range(-1, count + 2)) - {index}:
                    with pytest.raises(ProofError):
                        check_inclusion(leaf, tree.root, replace(proof, leaf_index=other))


def test_a_leaf_count_with_the_same_turns_is_all_a_forged_count_can_pass_with() -> None:
    """Some counts give a leaf the same turns, so the proof cannot tell them apart; the count on chain can."""
    leaves = numbered(6)
    with Tree.build(leaves) as tree:
        for index, leaf in enumerate(leaves):
            proof = tree.inclusion(index)
            for count in range(index + 1, 20):
                forged = replace(proof, leaf_count=count)
                if turns(index, count) == turns(index, 6):
                    check_inclusion(leaf, tree.root, forged)
                else:
                    with pytest.raises(ProofError):
                        check_inclusion(leaf, tree.root, forged)


def turns(index: int, count: int) -> list[bool]:
    if count == 1:
        return []
    middle = reference_tree.split(count)
    if index < middle:
        return [*turns(index, middle), False]
    return [*turns(index - middle, count - middle), True]


def test_each_kind_of_broken_inclusion_proof_has_its_code(five: Tree) -> None:
    leaf, proof = five.leaf(2), five.inclusion(2)
    first, *rest = proof.path
    for code, forged in {
        "path-length": [
            replace(proof, path=tuple(rest)),
            replace(proof, path=(*proof.path, first)),
            replace(proof, path=()),
            replace(proof, leaf_index=4),
        ],
        "index-range": [replace(proof, leaf_index=5), replace(proof, leaf_index=-1), replace(proof, leaf_index=2**70)],
        "count-range": [replace(proof, leaf_count=0), replace(proof, leaf_count=2**32), replace(proof, leaf_count=-5)],
        "node-length": [replace(proof, path=(first + b"\0", *rest)), replace(proof, path=(b"", *rest))],
        "root-differs": [
            replace(proof, leaf_index=3),
            replace(proof, path=tuple(reversed(proof.path))),
            replace(proof, path=(LOWEST, *rest)),
        ],
    }.items():
        for broken in forged:
            refuses(code, check_inclusion, leaf, five.root, broken)
    refuses("root-differs", check_inclusion, five.leaf(1), five.root, proof)
    refuses("root-differs", check_inclusion, leaf, LOWEST, proof)
    refuses("root-differs", check_inclusion, leaf, five.root[:31], proof)
    refuses("node-length", check_inclusion, leaf[:31], five.root, proof)


def test_bytes_moved_between_leaf_and_sibling_are_refused() -> None:
    """Without the length check, the concatenation under the hash would be the same."""
    left, right = numbered(2)
    root = node_hash(left, right)
    refuses("node-length", check_inclusion, left + right[:1], root, InclusionProof(0, 2, (right[1:],)))


def test_the_node_hash_is_a_parameter_of_the_walk() -> None:
    def prefixed(left: bytes, right: bytes) -> bytes:
        return sha256(b"\x01" + left + right).digest()

    proof = InclusionProof(1, 2, (LOWEST,))
    assert root_from_path(HIGHEST, proof, node_hash=prefixed) == prefixed(LOWEST, HIGHEST)
    check_inclusion(HIGHEST, prefixed(LOWEST, HIGHEST), proof, node_hash=prefixed)
    refuses("root-differs", check_inclusion, HIGHEST, prefixed(LOWEST, HIGHEST), proof)


def between(lower: bytes, upper: bytes) -> bytes:
    return ((int.from_bytes(lower) + int.from_bytes(upper)) // 2).to_bytes(32)


def neighbour(tree: Tree, index: int) -> Neighbour:
    return Neighbour(tree.leaf(index), tree.inclusion(index))


@pytest.mark.parametrize("count", [1, 2, 5, 16, 33])
def test_absence_is_proved_at_both_edges_and_in_every_gap(count: int) -> None:
    leaves = numbered(count)
    with Tree.build(leaves) as tree:
        first, last = tree.absence(LOWEST), tree.absence(HIGHEST)
        assert (first.lower, first.upper) == (None, neighbour(tree, 0))
        assert (last.lower, last.upper) == (neighbour(tree, count - 1), None)
        check_absence(LOWEST, tree.root, first)
        check_absence(HIGHEST, tree.root, last)
        for index in range(count - 1):
            missing = between(leaves[index], leaves[index + 1])
            proof = tree.absence(missing)
            assert proof == AbsenceProof(count, neighbour(tree, index), neighbour(tree, index + 1))
            check_absence(missing, tree.root, proof)


def test_absence_of_a_digest_that_is_there_cannot_be_had_or_forged(five: Tree) -> None:
    for index in range(5):
        digest = five.leaf(index)
        with pytest.raises(TreeError) as caught:
            five.absence(digest)
        assert caught.value.code == "present"
        sides = [None, *(neighbour(five, other) for other in range(5))]
        for lower in sides:
            for upper in sides:
                with pytest.raises(ProofError):
                    check_absence(digest, five.root, AbsenceProof(5, lower, upper))


def test_each_kind_of_broken_absence_proof_has_its_code(five: Tree) -> None:
    digest = between(five.leaf(1), five.leaf(2))
    proof = five.absence(digest)
    lower, upper = proof.lower, proof.upper
    assert lower is not None
    assert upper is not None
    other_count = replace(upper, proof=replace(upper.proof, leaf_count=6))
    for code, forged in {
        "no-neighbours": [AbsenceProof(5, None, None)],
        "not-adjacent": [
            replace(proof, lower=None),
            replace(proof, upper=None),
            replace(proof, lower=neighbour(five, 0)),
            replace(proof, upper=neighbour(five, 3)),
            replace(proof, lower=upper, upper=lower),
            replace(proof, lower=upper),
        ],
        "count-differs": [replace(proof, leaf_count=6), replace(proof, upper=other_count)],
        "root-differs": [replace(proof, lower=replace(lower, digest=LOWEST))],
        "path-length": [replace(proof, upper=replace(upper, proof=replace(upper.proof, path=())))],
        "not-between": [
            AbsenceProof(5, neighbour(five, 3), neighbour(five, 4)),
            AbsenceProof(5, neighbour(five, 0), neighbour(five, 1)),
            AbsenceProof(5, neighbour(five, 4), None),
            AbsenceProof(5, None, neighbour(five, 0)),
        ],
    }.items():
        for broken in forged:
            refuses(code, check_absence, digest, five.root, broken)
    refuses("root-differs", check_absence, digest, LOWEST, proof)
    refuses("node-length", check_absence, digest[:31], five.root, proof)


def spread_evenly(source: random.Random) -> set[bytes]:
    return {source.randbytes(32) for _ in range(5_000)}


def one_cluster(source: random.Random) -> set[bytes]:
    return {b"\xab" * 28 + source.randbytes(4) for _ in range(5_000)}


def cluster_between_far_ends(source: random.Random) -> set[bytes]:
    return {LOWEST, HIGHEST} | {b"\x80" + bytes(7) + source.randbytes(24) for _ in range(5_000)}


def powers_of_two(_: random.Random) -> set[bytes]:
    return {(1 << shift).to_bytes(32) for shift in range(256)}


def growing_exponentially(source: random.Random) -> set[bytes]:
    return {source.getrandbits(source.randint(1, 256)).to_bytes(32) for _ in range(5_000)}


def consecutive_numbers(_: random.Random) -> set[bytes]:
    return {number.to_bytes(32) for number in range(5_000)}


def crowded_at_the_top(source: random.Random) -> set[bytes]:
    return {LOWEST} | {b"\xff" * 7 + source.randbytes(25) for _ in range(5_000)}


@pytest.mark.parametrize(
    "distribution",
    [
        spread_evenly,
        one_cluster,
        cluster_between_far_ends,
        powers_of_two,
        growing_exponentially,
        consecutive_numbers,
        crowded_at_the_top,
    ],
)
def test_search_is_right_and_bounded_for_digests_chosen_against_it(
    distribution: Callable[[random.Random], set[bytes]],
) -> None:
    source = random.Random(7)
    leaves = sorted(distribution(source))
    present, ends = set(leaves), (leaves[0], leaves[-1])
    with Tree.build(leaves) as tree:
        reads = CountedReads(tree)
        # What is asked often is found by fewer reads, and must not be found by fewer alone.
        tree._searches = -(1 << 32)
        for wanted in {*ends, *source.choices(leaves, k=300)}:
            reads.count = 0
            assert tree.index_of(wanted) == bisect_left(leaves, wanted)
            # Four interpolations, then bisection of blocks of 64 leaves.
            assert reads.count <= 4 + (len(leaves) // 64).bit_length() + 1
            beside = {((int.from_bytes(wanted) + step) % 2**256).to_bytes(32) for step in (-1, 1)}
            for stranger in beside - present:
                assert tree.index_of(stranger) is None
                check_absence(stranger, tree.root, tree.absence(stranger))


class CountedReads:
    """Stands in for the bytes of a tree and counts how often they are read."""

    def __init__(self, tree: Tree):
        self.count = 0
        self._content = tree._content
        tree._content = self  # type: ignore[assignment]

    def __getattr__(self, name: str) -> object:
        return getattr(self._content, name)

    def read(self, start: int, size: int) -> bytes:
        self.count += 1
        return self._content.read(start, size)


@pytest.mark.parametrize("distribution", [spread_evenly, one_cluster, powers_of_two, crowded_at_the_top])
def test_a_tree_that_is_asked_often_says_the_same(
    distribution: Callable[[random.Random], set[bytes]], tmp_path: Path
) -> None:
    source = random.Random(8)
    leaves = sorted(distribution(source))
    with Tree.build(leaves) as built:
        built.write(tmp_path / "a.tree")
        with Tree.open(tmp_path / "a.tree", held_bytes=256) as tree:
            for _ in range(100):
                tree.index_of(leaves[0])
            assert tree._fences is not None
            for wanted in [leaves[0], leaves[-1], *source.choices(leaves, k=100)]:
                index = bisect_left(leaves, wanted)
                assert (tree.index_of(wanted), tree.inclusion(index)) == (index, built.inclusion(index))
                stranger = ((int.from_bytes(wanted) + 1) % 2**256).to_bytes(32)
                assert tree.index_of(stranger) == built.index_of(stranger)
            with pytest.raises(TreeError, match="31 bytes"):
                tree.index_of(leaves[0][:31])


@pytest.mark.parametrize("size", [0, 31, 33])
def test_only_32_bytes_can_be_looked_up(five: Tree, size: int) -> None:
    for ask in (five.index_of, five.absence):
        with pytest.raises(TreeError) as caught:
            ask(bytes(size))
        assert caught.value.code == "digest-length"
