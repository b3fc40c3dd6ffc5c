"""The daemon's rounds on a real anvil: every job ends as one anchor, whatever happens in between."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from anchor.anchoring.loop_state import Status
from anchor.batching.sealing import QueuePolicy
from anchor.books.control import park
from anchor.books.leases import LeaseLost
from anchor.books.tables import BatchState, JobState
from anchor.sending.driver import POINTS, policy_of
from anchor.sending.outlook import FinalityViolated
from registry.chain.finality import LOOKS, Evidence
from registry.errors import ChainUnavailable, WrongChain
from tests.faults.proxy import Answer, Call
from tests.faults.site import SHIPPED, Site, site

GWEI = 10**9


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "data", issuers=2) as made:
        yield made


def test_a_job_becomes_final_and_every_step_is_on_record(here: Site) -> None:
    job, before = here.job("ada", "bob"), here.nonce
    here.to_the_end(here.worker(), job)
    batch = here.batch(job)
    assert (batch.state, batch.sequence, batch.leaf_count, here.nonce) == (BatchState.FINAL, 1, 2, before + 1)
    anchored = here.contract.batch(1, batch.root)
    assert anchored is not None
    assert (anchored.block_number, anchored.leaf_count) == (batch.block_number, 2)
    states = [event.state for event in here.history(job)]
    assert states == ["reserved", "signed", "broadcast", "mined", "safe", "final"]


def test_a_node_that_stopped_before_the_process_began_is_told(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    status = Status()
    worker = here.worker(status=status)
    worker._head_age_seconds = 600
    here.rounds(worker)
    assert (status.head_is_stale, here.events("head-stuck")) == (False, [])
    monkeypatch.setattr("anchor.anchoring.worker.utc_now", lambda: datetime.now(UTC) + timedelta(days=2))
    here.rounds(worker)
    assert status.head_is_stale
    assert here.events("head-stuck")[0].facts["seconds"] > 86_400
    monkeypatch.undo()
    here.rounds(worker)
    assert not status.head_is_stale


def test_many_jobs_share_no_nonce(here: Site) -> None:
    jobs = [here.job(f"student {number}", issuer=number % 2 + 1) for number in range(12)]
    before = here.nonce
    here.to_the_end(here.worker(), *jobs)
    batches = [here.batch(job) for job in jobs]
    assert sorted(batch.nonce or 0 for batch in batches) == list(range(before, before + 12))
    assert sorted(batch.sequence or 0 for batch in batches if batch.issuer == 1) == list(range(1, 7))
    assert here.nonce == before + 12


@pytest.mark.parametrize("point", POINTS[:-2])
def test_a_process_that_dies_anywhere_loses_and_doubles_nothing(here: Site, point: str) -> None:
    class Died(BaseException):
        pass

    def die(reached: str) -> None:
        if reached == point:
            raise Died

    job, before = here.job("ada"), here.nonce
    worker = here.worker(reached=die)
    here.chain.set_base_fee(GWEI)
    with suppress(Died):
        for _ in range(4 + SHIPPED.bump_blocks):
            worker.round()
            # What was sent does not pay any more, so that it has to be replaced.
            here.chain.set_base_fee(500 * GWEI if point == "replaced" else GWEI)
            here.chain.mine()
        pytest.fail(f"{point} was not reached")
    # The lease of the dead one has run out.
    worker.end()
    here.to_the_end(here.worker(owner="two"), job)
    assert here.nonce == before + 1


def test_the_open_queue_is_one_batch_when_it_is_full(here: Site) -> None:
    worker = here.worker(queue=QueuePolicy(credentials=3, seconds=10_000))
    first, second = here.job("ada", is_open=True), here.job("bob", is_open=True)
    worker.round()
    assert here.again(first).state is JobState.QUEUED
    third = here.job("eve", is_open=True)
    here.to_the_end(worker, first, second, third)
    assert {here.again(job).batch for job in (first, second, third)} == {here.again(first).batch}
    assert here.batch(first).leaf_count == 3


def test_the_open_queue_is_sealed_when_it_is_old(here: Site) -> None:
    job = here.job("ada", is_open=True)
    here.to_the_end(here.worker(queue=QueuePolicy(credentials=1000, seconds=0.0)), job)


@pytest.mark.parametrize(("ahead", "state"), [(30.0, JobState.QUEUED), (3600.0, JobState.SEALED)])
def test_a_queue_that_was_filled_by_a_clock_that_was_ahead_does_not_wait_for_it(
    here: Site, monkeypatch: pytest.MonkeyPatch, ahead: float, state: JobState
) -> None:
    with monkeypatch.context() as patched:
        wrong = time.time() + ahead
        patched.setattr(time, "time", lambda: wrong)
        job = here.job("ada", is_open=True)
    here.worker(queue=QueuePolicy(credentials=1000, seconds=3600.0)).round()
    # Some seconds are the difference between two machines; how old an hour to come is, nobody knows.
    assert here.again(job).state is state


def test_what_was_anchored_before_is_left_out(here: Site) -> None:
    worker = here.worker()
    first = here.job("ada", "bob")
    here.to_the_end(worker, first)
    again, all_known = here.job("bob", "eve", "eve"), here.job("ada")
    here.to_the_end(worker, again)
    assert (here.batch(again).leaf_count, here.again(again).duplicates, here.again(again).anchored_before) == (1, 1, 1)
    assert here.again(all_known).state is JobState.UNCHANGED
    reissued = here.job("ada", reissue=True)
    here.to_the_end(worker, reissued)


def test_a_reorganisation_that_drops_the_anchor_sends_the_same_bytes(here: Site) -> None:
    job, before = here.job("ada"), here.nonce
    worker = here.worker()
    worker.round()
    here.chain.mine()
    worker.round()
    mined = here.batch(job)
    assert mined.state is BatchState.MINED
    here.chain.reorganise(1)
    here.to_the_end(worker, job)
    assert here.batch(job).transaction_hash == mined.transaction_hash
    assert here.nonce == before + 1
    assert here.events("reorganised")


@pytest.mark.parametrize("rounds_a_block", [1, 2, 6], ids=["a block every 2 s", "every 4 s", "every 12 s"])
def test_what_ships_raises_the_fee_of_a_transaction_that_no_block_takes(here: Site, rounds_a_block: int) -> None:
    job, before, worker = here.job("ada"), here.nonce, here.worker()
    dear = 40 * GWEI
    worker.round()
    for _ in range(SHIPPED.bump_blocks):
        here.chain.set_base_fee(dear)
        here.chain.mine()
        for _ in range(rounds_a_block):
            worker.round()
    # The bytes were sent again once, and a dearer transaction has taken their place.
    assert len({one.hash for one in here.proxy.sent}) == 2
    assert here.proxy.duplicate_sends == 1
    assert here.proxy.sent[-1].max_fee > dear
    assert "replacing" in [event.state for event in here.history(job)]
    here.chain.set_base_fee(dear)
    here.to_the_end(worker, job)
    assert here.nonce == before + 1


def test_nothing_is_sent_above_the_ceiling(here: Site) -> None:
    job = here.job("ada")
    here.chain.set_base_fee(100 * GWEI)
    here.chain.mine()
    worker = here.worker(policy=replace(policy_of(SHIPPED), fee_ceiling=20 * GWEI))
    worker.round()
    parked = here.batch(job)
    assert (parked.state, parked.parked_code, parked.nonce) == (BatchState.PARKED, "fee-ceiling", None)
    here.chain.set_base_fee(GWEI)
    here.chain.mine()
    here.to_the_end(worker, job)


def test_no_funds_wait_until_there_are_some(here: Site) -> None:
    job = here.job("ada")
    here.chain.set_balance(here.signer.address, 10**9)
    worker = here.worker()
    worker.round()
    assert here.batch(job).parked_code == "no-funds"
    here.chain.set_balance(here.signer.address, 10**20)
    here.to_the_end(worker, job)


def test_a_root_that_somebody_anchored_by_hand_is_not_anchored_twice(here: Site) -> None:
    job = here.job("ada")
    worker = here.worker(policy=replace(policy_of(SHIPPED), most_in_flight=0))
    worker.round()
    row = here.batch(job)
    here.chain.anchor_by_hand(1, row.root)
    before = here.nonce
    worker.end()
    here.to_the_end(here.worker(), job)
    assert here.nonce == before


def test_foreign_use_of_the_key_costs_the_nonce_and_not_the_anchor(here: Site) -> None:
    job = here.job("ada")
    worker = here.worker()
    # A transaction of somebody else with the nonce that the batch gets, and more to pay.
    here.chain.use_daemon_key()
    worker.round()
    here.to_the_end(worker, job)
    assert here.events("nonce-lost")


def test_what_is_in_an_earlier_batch_is_called_anchored_when_that_batch_is(here: Site) -> None:
    worker = here.worker()
    earlier = here.job("ada", "zoe")
    here.rounds(worker, mine=False)
    park(here.data.engine, here.again(earlier), "a question")
    here.chain.drop_all_pending()
    taken_back, both, other = here.job("ada"), here.job("ada", "bob"), here.job("eve")
    here.to_the_end(worker, other)
    for waiting in (taken_back, both):
        found = here.again(waiting)
        assert (found.state, found.waits_code) == (JobState.QUEUED, "earlier-batch")
    here.cancel(earlier)
    here.to_the_end(worker, taken_back, both)
    anchored = {event.root for event in here.chain.contract.anchored_events()}
    assert {here.batch(taken_back).root, here.batch(both).root} <= anchored
    assert here.batch(earlier).root not in anchored


def test_another_process_waits_for_the_lease_and_the_old_one_cannot_send(here: Site) -> None:
    old, new = here.worker(), here.worker(owner="two")
    job = here.job("ada")
    assert old.round()
    assert not new.round()
    # The old one is paused for longer than its lease lasts, whatever its own clock says.
    from sqlalchemy import update

    from anchor.books.tables import signer

    with here.data.engine.begin() as connection:
        connection.execute(update(signer).values(owner=None))
    assert new.round()
    with pytest.raises(LeaseLost):
        old.round()
    here.to_the_end(new, job)


def test_a_final_block_that_changes_stops_everything(here: Site) -> None:
    job = here.job("ada")
    worker = here.worker(evidence=Evidence(seconds=0.0))
    here.to_the_end(worker, job)
    here.chain.mine(4)
    worker.round()
    here.chain.reorganise(6)
    for _ in range(LOOKS - 1):
        with pytest.raises(ChainUnavailable, match="looked at again"):
            worker.round()
    with pytest.raises(FinalityViolated):
        worker.round()


def test_one_answer_about_a_final_block_stops_nothing(here: Site) -> None:
    """A field of it may be wrong, or a machine behind the address on another branch."""

    def another(call: Call) -> Answer:
        answer = call.forward()
        answer["result"]["hash"] = "0x" + "11" * 32
        return answer

    worker = here.worker(evidence=Evidence(looks=2, seconds=0.0))
    worker.round()
    final = hex(here.chain.final())
    for _ in range(3):
        here.proxy.rule("eth_getBlockByNumber", do=another, only=lambda call: call.params[0] == final)
        with pytest.raises(ChainUnavailable, match="looked at again"):
            worker.round()
        here.proxy.clear()
        worker.round()
    here.to_the_end(worker, here.job("ada"))
    here.prove()


@pytest.mark.parametrize("known", [False, True])
def test_a_final_block_that_one_answer_made_up_is_not_remembered(here: Site, known: bool) -> None:
    def one_higher(call: Call) -> Answer:
        answer = call.forward()
        answer["result"]["number"] = hex(int(answer["result"]["number"], 16) + 1)
        return answer

    worker = here.worker(evidence=Evidence(looks=1, seconds=0.0))
    if known:
        worker.round()
        here.chain.mine(2)
    here.proxy.rule("eth_getBlockByNumber", do=one_higher, only=lambda call: call.params[0] == "finalized", times=1)
    with nullcontext() if known else pytest.raises(ChainUnavailable, match="looked at again"):
        worker.round()
    here.to_the_end(worker, here.job("ada"))
    here.prove()


def test_another_contract_at_the_address_stops_sending(here: Site) -> None:
    worker = here.worker()
    worker.round()
    job = here.job("ada")
    here.chain.remove_contract()
    with pytest.raises(WrongChain):
        worker.round()
    assert here.again(job).batch is None
