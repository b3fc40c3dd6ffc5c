"""One proof of several leaves: against the tree written down recursively, single paths, and forgeries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from itertools import combinations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registry.errors import ProofError
from registry.merkle.multiproof import (
    MOST_PROVED,
    MultiProof,
    check_multiproof,
    expanded,
    joined,
    multiproof_of,
    node_count,
    root_of_multiproof,
)
from registry.merkle.proof import InclusionProof, check_inclusion, node_hash
from registry.merkle.tree import Tree
from tests import reference_tree


def numbered(count: int) -> list[bytes]:
    return sorted(sha256(number.to_bytes(4)).digest() for number in range(count))


@st.composite
def chosen(draw: st.DrawFn, most: int = 70) -> tuple[list[bytes], list[int]]:
    """The leaves of a tree, and which of them are proved."""
    count = draw(st.integers(1, most))
    return numbered(count), sorted(draw(st.sets(st.integers(0, count - 1), min_size=1)))


def reference_nodes(leaves: list[bytes], wanted: set[int]) -> list[tuple[int, int, bytes]]:
    """What nobody who has the wanted leaves can make, by the recursion of the RFC: depth, first leaf, node.

    A subtree of which no leaf is wanted is one node, if its sibling has one that is.
    """
    if len(leaves) == 1:
        return []
    middle = reference_tree.split(len(leaves))
    found: list[tuple[int, int, bytes]] = []
    for part, start, other in ((leaves[:middle], 0, leaves[middle:]), (leaves[middle:], middle, leaves[:middle])):
        inside = {index - start for index in wanted if start <= index < start + len(part)}
        if inside:
            found += [(height, start + first, node) for height, first, node in reference_nodes(part, inside)]
        elif any(not start <= index < start + len(part) for index in wanted):
            # The level on which it stands beside its sibling: a promoted node stands on that of the larger one.
            height = (max(len(part), len(other)) - 1).bit_length()
            found.append((height, start, reference_tree.root(part)))
    return found


@given(chosen())
@settings(max_examples=150, deadline=None)
def test_it_has_just_the_nodes_of_the_recursion_and_gives_the_single_paths(
    given: tuple[list[bytes], list[int]],
) -> None:
    leaves, wanted = given
    with Tree.build(leaves) as tree:
        proof = multiproof_of(tree, [*reversed(wanted), wanted[0]])
    digests = [leaves[index] for index in wanted]
    assert proof.leaf_indices == tuple(wanted)
    assert list(proof.nodes) == [node for _, _, node in sorted(reference_nodes(leaves, set(wanted)))]
    assert node_count(wanted, len(leaves)) == len(proof.nodes)
    check_multiproof(digests, reference_tree.root(leaves), proof)
    singles = expanded(digests, proof)
    assert [list(each.path) for each in singles] == [reference_tree.path(index, leaves) for index in wanted]
    assert joined(zip(digests, singles, strict=True)) == proof


def test_every_choice_from_every_small_tree() -> None:
    for count in range(1, 9):
        leaves = numbered(count)
        with Tree.build(leaves) as tree:
            for size in range(1, count + 1):
                for wanted in combinations(range(count), size):
                    proof = multiproof_of(tree, wanted)
                    digests = [leaves[index] for index in wanted]
                    check_multiproof(digests, tree.root, proof)
                    assert expanded(digests, proof) == tuple(map(tree.inclusion, wanted))


def test_all_leaves_need_no_node_and_one_leaf_its_path() -> None:
    leaves = numbered(21)
    with Tree.build(leaves) as tree:
        assert multiproof_of(tree, range(21)).nodes == ()
        assert multiproof_of(tree, [20]).nodes == tree.inclusion(20).path


Forged = tuple[list[bytes], MultiProof]


def _swap_nodes(digests: list[bytes], proof: MultiProof, at: int) -> Forged:
    nodes = list(proof.nodes)
    if len(nodes) > 1:
        one, other = at % len(nodes), (at + 1) % len(nodes)
        nodes[one], nodes[other] = nodes[other], nodes[one]
    return digests, replace(proof, nodes=tuple(nodes))


def _flip(values: list[bytes], at: int) -> list[bytes]:
    if not values:
        return values
    changed = list(values)
    place, bit = at % len(values), at % 256
    changed[place] = (int.from_bytes(changed[place]) ^ 1 << bit).to_bytes(32)
    return changed


def _without(values: list[bytes], at: int) -> list[bytes]:
    return [each for place, each in enumerate(values) if place != at % len(values)] if values else values


def _moved(proof: MultiProof, at: int) -> tuple[int, ...]:
    indices = list(proof.leaf_indices)
    indices[at % len(indices)] += 1 if at & 1 else -1
    return tuple(indices)


MUTATIONS: list[Callable[[list[bytes], MultiProof, int], Forged]] = [
    lambda digests, proof, at: (_flip(digests, at), proof),
    lambda digests, proof, at: (_without(digests, at), proof),
    lambda digests, proof, at: ([*digests, digests[at % len(digests)]], proof),
    lambda digests, proof, at: (digests[::-1], proof),
    lambda digests, proof, at: (digests, replace(proof, nodes=tuple(_flip(list(proof.nodes), at)))),
    lambda digests, proof, at: (digests, replace(proof, nodes=tuple(_without(list(proof.nodes), at)))),
    lambda digests, proof, at: (digests, replace(proof, nodes=(*proof.nodes, bytes(32)))),
    lambda digests, proof, at: (digests, replace(proof, nodes=(bytes(32), *proof.nodes))),
    _swap_nodes,
    lambda digests, proof, at: (digests, replace(proof, nodes=tuple(node[:31] for node in proof.nodes))),
    lambda digests, proof, at: (digests, replace(proof, leaf_indices=_moved(proof, at))),
    lambda digests, proof, at: (digests, replace(proof, leaf_indices=proof.leaf_indices[::-1])),
    lambda digests, proof, at: (
        [*digests, digests[0]],
        replace(proof, leaf_indices=(*proof.leaf_indices, proof.leaf_indices[0])),
    ),
    lambda digests, proof, at: (
        [digests[0], *digests],
        replace(proof, leaf_indices=(proof.leaf_indices[0], *proof.leaf_indices)),
    ),
]


@given(chosen(), st.sampled_from(range(len(MUTATIONS))), st.integers(0, 10_000))
@settings(max_examples=400, deadline=None)
def test_no_mutation_passes(given: tuple[list[bytes], list[int]], which: int, at: int) -> None:
    leaves, wanted = given
    with Tree.build(leaves) as tree:
        proof = multiproof_of(tree, wanted)
    digests = [leaves[index] for index in wanted]
    forged_digests, forged = MUTATIONS[which](digests, proof, at)
    assume((forged_digests, forged) != (digests, proof))
    with pytest.raises(ProofError):
        check_multiproof(forged_digests, reference_tree.root(leaves), forged)


@given(chosen(40), st.data())
@settings(max_examples=150, deadline=None)
def test_no_interior_node_passes_for_a_leaf(given: tuple[list[bytes], list[int]], data: st.DataObject) -> None:
    """Nodes of the tree itself, in any place, under any indices: what passes are leaves in their places."""
    leaves, wanted = given
    every = [*leaves, *(node for node, _, _ in reference_tree.interior(leaves))]
    count = node_count(wanted, len(leaves))
    digests = data.draw(st.lists(st.sampled_from(every), min_size=len(wanted), max_size=len(wanted)))
    with Tree.build(leaves) as tree:
        right = multiproof_of(tree, wanted).nodes
    nodes = data.draw(st.just(right) | st.lists(st.sampled_from(every), min_size=count, max_size=count).map(tuple))
    forged = MultiProof(len(leaves), tuple(wanted), nodes)
    if digests == [leaves[index] for index in wanted] and nodes == right:
        check_multiproof(digests, reference_tree.root(leaves), forged)
    else:
        with pytest.raises(ProofError) as caught:
            check_multiproof(digests, reference_tree.root(leaves), forged)
        assert caught.value.code == "root-differs"


@given(chosen(40), st.integers(1, 80))
@settings(max_examples=150, deadline=None)
def test_under_another_count_it_passes_where_every_single_path_does(
    given: tuple[list[bytes], list[int]], count: int
) -> None:
    """As with a single path: the count is not proved, and has to be that of the chain."""
    leaves, wanted = given
    with Tree.build(leaves) as tree:
        proof, singles = multiproof_of(tree, wanted), [tree.inclusion(index) for index in wanted]
    digests, root = [leaves[index] for index in wanted], reference_tree.root(leaves)
    try:
        check_multiproof(digests, root, replace(proof, leaf_count=count))
    except ProofError:
        return
    for digest, single in zip(digests, singles, strict=True):
        check_inclusion(digest, root, replace(single, leaf_count=count))


CODES: list[tuple[str, tuple[int, ...], int, int, int]] = [
    # code, leaf indices, leaf count, digests, nodes
    ("no-leaves", (), 5, 0, 0),
    ("too-many-leaves", tuple(range(MOST_PROVED + 1)), 2**20, 0, 0),
    ("count-range", (0,), 0, 1, 0),
    ("count-range", (0,), 2**32, 1, 32),
    ("index-range", (5,), 5, 1, 1),
    ("index-range", (-1,), 5, 1, 3),
    ("index-order", (1, 0), 5, 2, 2),
    ("index-order", (1, 1), 5, 2, 3),
    ("digest-count", (1, 2), 5, 1, 3),
    ("node-count", (1, 2), 5, 2, 2),
    ("node-count", (1, 2), 5, 2, 4),
]


@pytest.mark.parametrize(("code", "indices", "count", "digests", "nodes"), CODES)
def test_each_kind_of_broken_proof_has_its_code(
    code: str, indices: tuple[int, ...], count: int, digests: int, nodes: int
) -> None:
    proof = MultiProof(count, indices, (bytes(32),) * nodes)
    for check in (
        lambda: root_of_multiproof([bytes(32)] * digests, proof),
        lambda: expanded([bytes(32)] * digests, proof),
    ):
        with pytest.raises(ProofError) as caught:
            check()
        assert caught.value.code == code


def test_lengths_and_root_have_their_codes() -> None:
    leaves = numbered(3)
    with Tree.build(leaves) as tree:
        proof = multiproof_of(tree, [0, 2])
    for digests, forged, code in (
        ([leaves[0][:31], leaves[2]], proof, "node-length"),
        ([leaves[0], leaves[2]], replace(proof, nodes=(bytes(33),)), "node-length"),
        ([leaves[0], leaves[1]], proof, "root-differs"),
    ):
        with pytest.raises(ProofError) as caught:
            check_multiproof(digests, reference_tree.root(leaves), forged)
        assert caught.value.code == code


def test_single_proofs_of_several_trees_are_not_joined() -> None:
    leaves, others = numbered(6), numbered(7)
    with Tree.build(leaves) as tree, Tree.build(others) as other:
        own = (leaves[1], tree.inclusion(1))
        for stranger in (
            (others[2], other.inclusion(2)),
            (leaves[2], tree.inclusion(1)),
            (bytes(32), tree.inclusion(1)),
        ):
            with pytest.raises(ProofError) as caught:
                joined([own, stranger])
            assert caught.value.code == "proofs-differ"
    with pytest.raises(ProofError) as caught:
        joined([])
    assert caught.value.code == "no-leaves"
    with pytest.raises(ProofError) as caught:
        joined([(leaves[0], InclusionProof(0, 6, ()))])
    assert caught.value.code == "path-length"


def test_the_example_of_the_reference_page() -> None:
    low, middle, high = bytes(32), b"\x11" * 32, b"\xff" * 32
    with Tree.build([low, middle, high]) as tree:
        proof = multiproof_of(tree, [0, 2])
    assert proof == MultiProof(3, (0, 2), (middle,))
    assert root_of_multiproof([low, high], proof) == node_hash(node_hash(low, middle), high)
