"""The Merkle tree of a batch, its proofs, and its file."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.merkle.proof import (
        AbsenceProof, InclusionProof, Neighbour, check_absence, check_inclusion, node_hash, path_length,
        root_from_path,
    )  # fmt: skip
    from registry.merkle.tree import Tree
    from registry.merkle.treefile import TreeId
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "proof": "AbsenceProof, InclusionProof, Neighbour, check_absence, check_inclusion, node_hash, "
            "path_length, root_from_path",
            "tree": "Tree",
            "treefile": "TreeId",
        },
    )

__all__ = [
    "AbsenceProof", "InclusionProof", "Neighbour", "Tree", "TreeId", "check_absence", "check_inclusion", "node_hash",
    "path_length", "root_from_path",
]  # fmt: skip
