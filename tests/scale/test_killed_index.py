"""A process that is killed in the middle of reading ahead: another one goes on from its cursor, nothing is twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from registry.database.engine import open_database
from registry.index.indexer import Step
from registry.index.reader import Head, Index
from registry.index.writer import IndexWriter
from tests.faults.harness import chain, wait_until
from tests.faults.proxy import Call, FaultProxy, hold
from tests.scale.far_indexer import NAME, NEAR_BLOCKS, RANGE_BLOCKS, indexer

REPOSITORY = Path(__file__).parents[2]
BATCHES, BLOCKS_A_BATCH = 8, 20
# Here the endpoint stands still: ranges are committed by then, and others were read that come after this block.
STANDS_AT = 75


def is_held(call: Call) -> bool:
    first, last = (int(call.params[0][name], 16) for name in ("fromBlock", "toBlock"))
    return first <= STANDS_AT <= last


def test_an_index_that_is_killed_while_it_reads_ahead_is_gone_on_with(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'testamur.db'}"
    engine = open_database(database)
    with chain() as node, FaultProxy(node.url) as proxy:
        for number in range(BATCHES):
            node.anchor_by_hand(1, bytes([number + 1]) * 32)
            node.mine(BLOCKS_A_BATCH)
        node.mine(NEAR_BLOCKS)
        proxy.rule("eth_getLogs", do=hold, only=is_held)
        asked = (proxy.url, database, node.contract.address)
        writer, index = (of(engine, NAME, node.contract.address) for of in (IndexWriter, Index))

        def stands() -> Head | None:
            head = writer.head()
            has_read_on = proxy.hanging and proxy.count("eth_getLogs") > STANDS_AT // RANGE_BLOCKS + 3
            return head if head and has_read_on and head.cursor.number + RANGE_BLOCKS >= STANDS_AT else None

        command = [sys.executable, "-m", "tests.scale.far_indexer", *asked]
        with subprocess.Popen(command, cwd=REPOSITORY) as process:
            try:
                killed = wait_until(stands, 60, "the process waits for its endpoint", state=writer.head)
            finally:
                process.kill()
        proxy.clear()
        assert writer.head() == killed
        before = len(list(index.all_events()))
        assert before > 0

        steps: list[tuple[Step, int]] = []
        indexer(*asked, listener=lambda step, head: steps.append((step, head.cursor.number))).catch_up()
        assert steps[0][1] > killed.cursor.number
        assert Step.ROLLED_BACK not in {step for step, _ in steps}
        events = [(each.block_hash, each.log_index) for each in index.all_events()]
        assert events == [(log.block_hash, log.log_index) for log in node.client.logs(node.contract.addresses)]
        assert len(events) > before
    engine.dispose()
