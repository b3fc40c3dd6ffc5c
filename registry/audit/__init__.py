"""The audit: what a registry's events come to, beside everything else that tells of it."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.audit.auditor import Audit, Auditor, Counts, Unchecked
    from registry.audit.compare import (
        FolderBatch, IndexBatch, IndexFacts, StorageFacts, TreeFacts, compare_folder, compare_index, compare_repeated,
        compare_storage, compare_tree,
    )  # fmt: skip
    from registry.audit.kinds import MEANINGS, Difference, Kind
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "auditor": "Audit, Auditor, Counts, Unchecked",
            "compare": "FolderBatch, IndexBatch, IndexFacts, StorageFacts, TreeFacts, compare_folder, compare_index, "
            "compare_repeated, compare_storage, compare_tree",
            "kinds": "MEANINGS, Difference, Kind",
        },
    )

__all__ = [
    "MEANINGS", "Audit", "Auditor", "Counts", "Difference", "FolderBatch", "IndexBatch", "IndexFacts", "Kind",
    "StorageFacts", "TreeFacts", "Unchecked", "compare_folder", "compare_index", "compare_repeated",
    "compare_storage", "compare_tree",
]  # fmt: skip
