"""One process that indexes and answers, asked as fast as it can while batches are anchored: it answers and keeps up."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from registry.trees.folder import FolderTrees
from tests.faults.harness import chain, wait_until
from tests.scale.site import Anchorer, Anchoring, Load, Program, ask, cleaned, free_ports

LEAVES = 500
CLIENTS = 3
BATCHES_MEANWHILE = 12
# The indexer looks every 0.2 s; the rest is a machine that is shared with clients, node and wrk.
FOUND_SECONDS = 5.0
BLOCKS_BEHIND = 10


def test_it_answers_and_keeps_up_while_batches_are_anchored(tmp_path: Path) -> None:
    data, (port,) = tmp_path / "data", free_ports(1)
    (data / "trees").mkdir(parents=True)
    with chain(issuers=2, mining=1) as node:
        settings = {
            "TESTAMUR_DATA_FOLDER": str(data),
            "TESTAMUR_CHAIN": node.url,
            "TESTAMUR_INDEX_SECONDS": "0.2",
            "TESTAMUR_RATE_LIMIT": "0",
        }
        program = Program(["serve", "--port", str(port)], settings, tmp_path / "log")
        with cleaned([program]):
            wait_until(lambda: _is_ready(port), 30, "it is ready", state=(tmp_path / "log").read_text)
            node.set_mining("auto")
            anchoring = Anchoring(Anchorer(node, FolderTrees(data / "trees"), tmp_path, LEAVES), [port])
            anchoring.start()
            wait_until(lambda: len(anchoring.known) >= 2 or anchoring.errors, 15, "two batches are known")
            loads = [Load([port], anchoring.known, number) for number in range(CLIENTS)]
            for load in loads:
                load.start()
            known = len(anchoring.known)
            _ask_with_wrk(port, anchoring.known[0].digests[0])
            wait_until(lambda: len(anchoring.known) >= known + BATCHES_MEANWHILE, 20, "more batches are known")
            behind = int(ask(port, "/v1/parties").headers["index-blocks-behind"])
            anchoring.stop()
            for load in loads:
                load.stop()
            assert program.end() == 0

    assert anchoring.errors == []
    assert anchoring.known == anchoring.anchorer.anchored
    assert [error for load in loads for error in load.errors] == []
    assert all(load.served > 50 for load in loads)
    assert behind <= BLOCKS_BEHIND
    assert anchoring.slowest < FOUND_SECONDS


def _is_ready(port: int) -> bool:
    try:
        return ask(port, "/readyz").status == 200
    except ConnectionRefusedError:
        return False


def _ask_with_wrk(port: int, digest: bytes) -> None:
    """As many requests as the process takes; without wrk, the other clients have to do."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return
    url = f"http://127.0.0.1:{port}/v1/credentials/{digest.hex()}"
    ran = subprocess.run([wrk, "-t1", "-c16", "-d3s", url], capture_output=True, text=True, check=True, timeout=30)
    assert "Non-2xx" not in ran.stdout, ran.stdout
    assert "Socket errors" not in ran.stdout, ran.stdout
    count = re.search(r"(\d+) requests in", ran.stdout)
    assert count is not None
    assert int(count[1]) > 100
