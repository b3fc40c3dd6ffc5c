"""Which of an issuer's batches hold a credential, found in the trees at hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry.anchors import AnchorPlace, IssuerState
from registry.audit.repeats import repeated_in
from registry.merkle.tree import Tree
from registry.merkle.treefile import TreeId
from registry.records import DigestStatus, Purpose, Reason
from registry.trees.folder import FolderTrees

ONE, TWO, THREE, NOWHERE = (bytes([number]) * 32 for number in (1, 2, 3, 9))
REVOKED = DigestStatus(datetime(2026, 1, 1, tzinfo=UTC), Reason.ISSUED_IN_ERROR)


@pytest.fixture
def trees(tmp_path: Path) -> FolderTrees:
    return FolderTrees(tmp_path)


def put(trees: FolderTrees, folder: Path, *digests: bytes) -> TreeId:
    with Tree.build(digests) as tree:
        tree.write(folder / "made.tree")
        trees.put(tree.id, folder / "made.tree")
        return tree.id


def state(batches: Iterable[TreeId], **said: object) -> IssuerState:
    return IssuerState(1, {each.root: each.leaf_count for each in batches}, **said)  # type: ignore[arg-type]


def test_a_digest_that_was_spoken_of_is_found_in_every_batch_and_in_a_single_one(
    trees: FolderTrees, tmp_path: Path
) -> None:
    first, second = put(trees, tmp_path, ONE, TWO), put(trees, tmp_path, TWO, THREE)
    said = dict.fromkeys((TWO, THREE, NOWHERE), REVOKED)
    assert list(repeated_in(trees, state((first, second), digests=said))) == [
        (TWO, sorted([AnchorPlace(first.root, 1), AnchorPlace(second.root, 0)])),
        (THREE, [AnchorPlace(second.root, 1)]),
    ]
    assert list(repeated_in(trees, state((first,), digests=said))) == [(TWO, [AnchorPlace(first.root, 1)])]


def test_what_is_marked_by_its_place_is_looked_for_in_the_others(trees: FolderTrees, tmp_path: Path) -> None:
    first, second = put(trees, tmp_path, ONE, TWO), put(trees, tmp_path, TWO, THREE)
    words = {(first.root, int(Purpose.REVOCATION)): {0: 0b11}}
    assert [digest for digest, _ in repeated_in(trees, state((first, second), words=words))] == [TWO]
    assert list(repeated_in(trees, state((first,), words=words))) == []


def test_a_batch_whose_tree_is_not_here_is_passed_over(trees: FolderTrees, tmp_path: Path) -> None:
    first, gone = put(trees, tmp_path, ONE, TWO), TreeId(NOWHERE, 2)
    said = {ONE: REVOKED}
    assert list(repeated_in(trees, state((gone, first), digests=said))) == [(ONE, [AnchorPlace(first.root, 0)])]


def test_a_voided_batch_that_claims_more_than_anybody_has_costs_nothing(trees: FolderTrees, tmp_path: Path) -> None:
    """Anybody may anchor such a claim and void it: its leaves are not counted through before there is a tree."""
    first, claim = put(trees, tmp_path, ONE, TWO), TreeId(NOWHERE, 2**32 - 1)
    counted: list[int] = []

    class Counted(IssuerState):
        def marked(self, root: bytes):  # type: ignore[no-untyped-def]
            for index in super().marked(root):
                counted.append(index)
                yield index

    mine = Counted(1, {claim.root: claim.leaf_count, first.root: first.leaf_count}, {claim.root})
    assert list(repeated_in(trees, mine)) == []
    assert len(counted) <= 1
