"""The tree store: where the trees of all batches are kept and read from."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.trees.folder import FolderTrees
    from registry.trees.open import open_trees
    from registry.trees.s3 import S3Trees
    from registry.trees.store import DAMAGED, MISSING, UNAVAILABLE, TreeStore, UnusableTree
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "folder": "FolderTrees",
            "open": "open_trees",
            "s3": "S3Trees",
            "store": "DAMAGED, MISSING, UNAVAILABLE, TreeStore, UnusableTree",
        },
    )

__all__ = ["DAMAGED", "MISSING", "UNAVAILABLE", "FolderTrees", "S3Trees", "TreeStore", "UnusableTree", "open_trees"]
