"""The audit: what a registry's events come to, beside everything else that tells of it."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.audit.auditor import Auditor
    from registry.audit.compare import (
        FolderBatch, IndexFacts, StorageFacts, TreeFacts, compare_folder, compare_index, compare_repeated,
        compare_storage, compare_tree,
    )  # fmt: skip
    from registry.audit.findings import Asked, Audit, Counts, Unchecked
    from registry.audit.kinds import MEANINGS, Difference, DifferenceKind
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "auditor": "Auditor",
            "compare": "FolderBatch, IndexFacts, StorageFacts, TreeFacts, compare_folder, compare_index, "
            "compare_repeated, compare_storage, compare_tree",
            "findings": "Asked, Audit, Counts, Unchecked",
            "kinds": "MEANINGS, Difference, DifferenceKind",
        },
    )

__all__ = [
    "MEANINGS", "Asked", "Audit", "Auditor", "Counts", "Difference", "DifferenceKind", "FolderBatch", "IndexFacts",
    "StorageFacts", "TreeFacts", "Unchecked", "compare_folder", "compare_index", "compare_repeated",
    "compare_storage", "compare_tree",
]  # fmt: skip
