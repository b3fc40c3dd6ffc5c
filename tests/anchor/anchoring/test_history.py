"""On a real node: two operators of an issuer, each with a database and a daemon of his own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account

from anchor.books import on_chain
from anchor.books.tables import BatchState, JobState
from anchor.sending.signer import KeySigner
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from tests.faults.harness import OWNER
from tests.faults.site import Site, site


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "first") as made:
        yield made


@pytest.fixture
def second(first: Site, tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "second", first.chain, first.proxy, None, "daemon")
    made.signer = KeySigner(Account.from_key(PUBLICLY_KNOWN_KEYS[OWNER]))
    yield made
    made.close()


def test_a_job_waits_for_the_trees_of_others_and_goes_on_by_itself(
    first: Site, second: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = first.job("ada", "bob")
    first.to_the_end(first.worker(), theirs)
    worker, job, before = second.worker(), second.job("ada", "eve"), second.nonce
    second.rounds(worker, 3)
    waiting = second.again(job)
    assert (waiting.state, waiting.waits_code) == (JobState.QUEUED, "history-incomplete")
    told = second.events("history-incomplete")
    assert f"0x{first.batch(theirs).root.hex()}" in str(told[0].facts["why"])
    assert "tree-missing" in str(told[0].facts["why"])
    assert second.nonce == before
    shutil.copytree(first.data.trees, second.data.trees, dirs_exist_ok=True)
    # It is looked for again at once, and not in half a minute.
    monkeypatch.setattr(on_chain, "PAUSE_SECONDS", 0.0)
    worker.end()
    second.to_the_end(second.worker(), job)
    assert second.again(job).anchored_before == 1
    assert (second.batch(job).leaf_count, second.batch(job).sequence) == (1, 2)
    taken_over = second.batches.by_root(1, first.batch(theirs).root)
    assert taken_over is not None
    assert (taken_over.state, taken_over.sequence, taken_over.sender) == (BatchState.FINAL, 1, None)


def test_a_job_that_was_sent_without_the_history_waits_for_nothing(first: Site, second: Site) -> None:
    first.to_the_end(first.worker(), first.job("ada"))
    job = second.job("ada", "eve", without_history=True)
    second.to_the_end(second.worker(), job)
    assert (second.batch(job).leaf_count, second.batch(job).sequence) == (2, 2)
    assert second.history(job)[0].detail.startswith("sealed without knowing batch 1 (")
