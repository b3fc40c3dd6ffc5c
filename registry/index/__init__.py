"""The index: one contract's events in the database, and the trees beside them."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.index.indexer import Indexer
    from registry.index.leaf_reader import LeafReader
    from registry.index.loader import TreeLoader
    from registry.index.reader import Edition, EventFilter, EventPlace, Head, Index, LeafPlace
    from registry.index.states import TreeState
    from registry.index.writer import CursorMoved, IndexWriter
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "indexer": "Indexer",
            "leaf_reader": "LeafReader",
            "loader": "TreeLoader",
            "reader": "Edition, EventFilter, EventPlace, Head, Index, LeafPlace",
            "states": "TreeState",
            "writer": "CursorMoved, IndexWriter",
        },
    )

__all__ = [
    "CursorMoved", "Edition", "EventFilter", "EventPlace", "Head", "Index", "IndexWriter", "Indexer", "LeafPlace",
    "LeafReader", "TreeLoader", "TreeState",
]  # fmt: skip
