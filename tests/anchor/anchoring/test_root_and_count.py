"""On a real node: a root is one batch with its leaf count, and another with another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from anchor.books.batches import Leaf
from anchor.books.jobs import Job
from anchor.books.tables import BatchState, JobState
from tests.faults.site import Site, site


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "data", issuers=2) as made:
        yield made


def digest_job(here: Site, digest: bytes, issuer: int) -> Job:
    made, _ = here.jobs.begin(issuer, "http")
    return here.jobs.accept(made.id, [Leaf(digest, 0, 4, "yearly.digests", 1)], [])


def test_a_digest_that_is_a_root_is_lost_nowhere_and_called_final_nowhere(here: Site) -> None:
    """The issuer's own earlier root waits and says why; another issuer's, and one among others, is a leaf like any."""
    worker = here.worker()
    first = here.job("ada", "bob", "eve")
    here.to_the_end(worker, first)
    root = here.batch(first).root
    own, foreign = digest_job(here, root, 1), digest_job(here, root, 2)
    here.to_the_end(worker, foreign)
    waiting = here.again(own)
    assert (waiting.state, waiting.waits_code) == (JobState.QUEUED, "root-taken")
    assert here.batch(foreign).leaf_count == 1
    for job, issuer, count in ((first, 1, 3), (foreign, 2, 1)):
        with here.data.tree(here.batch(job).tree) as tree:
            tree.check()
            assert tree.leaf_count == count
        anchored = here.contract.batch(issuer, root)
        assert anchored is not None
        assert anchored.leaf_count == count


def test_a_mined_anchor_of_another_count_is_not_taken_for_the_batch(here: Site) -> None:
    """As when a cancelled batch gave its root to another tree and the old transaction landed all the same."""
    worker = here.worker()
    job = here.job("ada", "bob")
    here.rounds(worker, mine=False)
    assert here.batch(job).state is BatchState.BROADCAST
    here._set(job, leaf_count=1)
    here.rounds(worker, 3)
    row = here.batch(job)
    assert (row.state, row.parked_code) == (BatchState.PARKED, "count-differs")
