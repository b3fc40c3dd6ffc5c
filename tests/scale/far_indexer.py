"""An indexer to which few blocks are far, as a process: `python -m tests.scale.far_indexer CHAIN DATABASE CONTRACT`."""

from __future__ import annotations

import sys
import threading
from typing import Any, Final

from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.connect import connect
from registry.chain.rpc.spans import Spans
from registry.database.engine import open_database
from registry.index.indexer import Indexer
from registry.index.writer import IndexWriter

NAME: Final = "eip155:31337"
NEAR_BLOCKS, RANGE_BLOCKS = 20, 10


def indexer(url: str, database: str, address: str, **options: Any) -> Indexer:
    """One that reads ahead what is more than 20 blocks below the head, in ranges of ten."""
    contract = CredentialRegistry(connect(url), address)
    writer = IndexWriter(open_database(database), NAME, address)
    return Indexer(contract, writer, first_block=1, near=NEAR_BLOCKS, spans=Spans(RANGE_BLOCKS), **options)


if __name__ == "__main__":
    indexer(*sys.argv[1:]).run(threading.Event(), 1.0)
