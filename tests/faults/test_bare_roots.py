"""Bare roots in the daemon: one root a transaction, its count by another one, none lost or doubled by a kill."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from eth_account import Account

from anchor.batching.sealing import QueuePolicy
from anchor.books.jobs import Job
from anchor.sending.relay import relayed
from anchor.sending.signer import KeySigner
from registry.chain.calls import call_data
from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from tests.faults.harness import DAEMON, STRANGER
from tests.faults.site import Site, site

# Another account may send what this one signed.
RELAYER = KeySigner(Account.from_key(PUBLICLY_KNOWN_KEYS[STRANGER]))
ISSUER, OTHER = 1, 2


class Killed(BaseException):
    """As SIGKILL does: nothing runs after it."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Site]:
    """Two issuers; of the daemon's account nothing is said about bare roots yet."""
    with site(tmp_path / "data", issuers=2) as made:
        yield made


def default(place: Site, issuer: int) -> None:
    data = call_data("setDefaultIssuer", issuer)
    assert place.chain.mined(place.chain.send(place.contract.address, data, account=DAEMON)).succeeded


def until_counted(place: Site, job: Job, **options: object) -> None:
    """A daemon to the end, and until the count of the batch is final as well."""
    worker = place.worker(owner="next", **options)  # type: ignore[arg-type]
    place.to_the_end(worker, job)
    for _ in range(12):
        place.rounds(worker)
        if not place.batches.uncounted():
            return
    raise AssertionError(place.notices[-5:])


@pytest.mark.parametrize(
    ("point", "of"),
    # The first time it is of the root, the second time of the count.
    [("sealed", 1)]
    + [(point, of) for point in ("reserved", "signed", "before-send", "sent", "mined", "final") for of in (1, 2)],
)
def test_what_a_kill_left_behind_is_anchored_and_counted_once(place: Site, point: str, of: int) -> None:
    default(place, ISSUER)
    job, left = place.job("ada", "eve", "kim", bare=True), of

    def reached(where: str) -> None:
        nonlocal left
        left -= where == point
        if left == 0 and where == point:
            raise Killed

    first = place.worker(reached=reached)
    with suppress(Killed):
        for _ in range(20):
            place.rounds(first)
    assert left <= 0
    first.end()
    until_counted(place, job)
    row = place.batch(job)
    (anchored,) = place.chain.contract.anchored_events()
    assert (anchored.arguments["issuer"], anchored.arguments["root"]) == (ISSUER, row.root)
    assert anchored.arguments["leafCount"] == 0
    assert place.chain.client.request("eth_getTransactionByHash", ["0x" + anchored.transaction.hex()])["input"] == (
        "0x" + row.root.hex()
    )
    found = place.chain.contract.batch(ISSUER, row.root)
    assert found is not None
    assert found.leaf_count == 3
    # The default issuer, the root, the count: nothing was sent twice.
    place.prove(foreign=2)


def test_the_count_comes_back_where_its_block_is_undone(place: Site) -> None:
    default(place, ISSUER)
    job = place.job("ada", "eve", bare=True)
    worker = place.worker()
    for _ in range(10):
        place.rounds(worker)
        found = place.chain.contract.batch(ISSUER, place.batch(job).root)
        if found is not None and found.leaf_count:
            break
    place.chain.reorganise(1)
    worker.end()
    until_counted(place, job)
    found = place.chain.contract.batch(ISSUER, place.batch(job).root)
    assert found is not None
    assert found.leaf_count == 2


@pytest.mark.parametrize("named", [0, OTHER])
def test_nothing_is_sent_while_the_account_anchors_for_another(place: Site, named: int) -> None:
    if named:
        default(place, named)
    job, worker = place.job("ada", bare=True), place.worker()
    before = place.nonce
    place.rounds(worker, 3)
    row = place.batch(job)
    assert (row.state, row.parked_code) == ("parked", "bare-roots-off")
    assert ("party 2" if named else "nobody") in (row.parked_why or "")
    assert place.nonce == before
    default(place, ISSUER)
    worker.end()
    until_counted(place, job)
    assert [event.party for event in place.chain.contract.anchored_events()] == [ISSUER]


def test_a_relay_cannot_send_one(place: Site) -> None:
    job = place.job("ada", bare=True)
    chain_id, contract = place.chain.deployment.chain_id, place.contract.address
    call = relayed(place.signer, chain_id, contract)
    place.rounds(place.worker(signer=RELAYER, operator=place.signer.address, anchor_call=call), 3)
    assert place.batch(job).parked_code == "bare-relayed"
    assert place.chain.client.nonce(RELAYER.address) == 0


def test_it_shares_no_batch_with_what_is_anchored_by_a_call(place: Site) -> None:
    default(place, ISSUER)
    bare, other = place.job("ada", is_open=True, bare=True), place.job("eve", is_open=True)
    place.to_the_end(place.worker(queue=QueuePolicy(1, 0.0)), bare, other)
    assert place.batch(bare).bare
    assert not place.batch(other).bare
    counts = {event.arguments["root"]: event.arguments["leafCount"] for event in place.chain.contract.anchored_events()}
    assert counts == {place.batch(bare).root: 0, place.batch(other).root: 1}
