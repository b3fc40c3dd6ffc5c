"""A chain that reorganises, forgets, and becomes dear; and somebody else with our key or our root."""

from __future__ import annotations

from dataclasses import replace

import pytest

from anchor.anchoring.loop_state import Status
from anchor.books.tables import BatchState
from anchor.sending.driver import policy_of
from registry.chain.finality import Evidence
from tests.faults.site import SHIPPED, Site

GWEI = 10**9


def test_a_wiped_pool_gets_the_same_bytes_again(by_both: Site) -> None:
    here = by_both
    jobs, worker = [here.job(name) for name in ("ada", "bob", "eve")], here.worker()
    here.rounds(worker, mine=False)
    sent = {one.hash for one in here.proxy.sent}
    here.chain.drop_all_pending()
    here.to_the_end(worker, *jobs)
    assert {here.batch(job).transaction_hash for job in jobs} == sent
    here.prove()


def test_an_earlier_nonce_that_was_dropped_does_not_strand_the_later_ones(by_both: Site) -> None:
    here = by_both
    jobs, worker = [here.job(name) for name in ("ada", "bob", "eve")], here.worker()
    here.rounds(worker, mine=False)
    first = min(here.proxy.sent, key=lambda one: one.nonce)
    here.chain.drop_transaction(first.hash)
    here.to_the_end(worker, *jobs)
    here.prove()


def test_a_fee_that_rises_before_sending_is_paid(by_both: Site) -> None:
    here = by_both
    here.chain.set_base_fee(300 * GWEI)
    here.chain.mine()
    job, worker = here.job("ada"), here.worker()
    here.to_the_end(worker, job)
    here.prove()


def test_a_fee_that_rises_after_sending_is_met_at_the_same_nonce(by_both: Site) -> None:
    here = by_both
    jobs, worker = [here.job(name) for name in ("ada", "bob")], here.worker()
    here.rounds(worker, mine=False)
    for _ in range(6):
        here.chain.set_base_fee(50 * GWEI)
        here.rounds(worker)
    here.to_the_end(worker, *jobs)
    here.prove()


def test_the_ceiling_holds_before_and_after_sending(by_both: Site) -> None:
    here = by_both
    worker = here.worker(policy=replace(policy_of(SHIPPED), fee_ceiling=10 * GWEI))
    early = here.job("ada")
    here.rounds(worker, mine=False)
    for _ in range(2 + SHIPPED.bump_blocks):
        here.chain.set_base_fee(100 * GWEI)
        here.rounds(worker)
    late = here.job("bob")
    here.chain.set_base_fee(100 * GWEI)
    here.rounds(worker)
    assert here.batch(late).parked_code == "fee-ceiling"
    assert max(one.max_fee for one in here.proxy.sent) <= 10 * GWEI
    here.chain.set_base_fee(GWEI)
    here.to_the_end(worker, early, late)
    assert max(one.max_fee for one in here.proxy.sent) <= 10 * GWEI
    here.prove()


@pytest.mark.parametrize("while_down", [False, True])
@pytest.mark.parametrize("what", ["dropped", "moved", "replaced"])
def test_a_reorganisation_leaves_one_anchor(by_both: Site, what: str, while_down: bool) -> None:
    here = by_both
    job, worker = here.job("ada"), here.worker()
    here.rounds(worker)
    here.rounds(worker, mine=False)
    before = here.batch(job)
    assert before.state is BatchState.MINED
    here.chain.mine()
    if while_down:
        worker.end()
    raw = next(one.raw for one in here.proxy.sent if one.hash == before.transaction_hash)
    here.chain.reorganise(2, [(raw, 1)] if what == "moved" else [])
    if what == "replaced":
        # Somebody else anchors the same root in the block that took the place of ours.
        here.chain.anchor_by_hand(1, before.root)
    after = here.worker(owner="two") if while_down else worker
    here.to_the_end(after, job)
    # Where somebody was faster, our transaction had no effect, or never landed.
    spent = here.nonce if what == "replaced" else 0
    here.prove(reverted=spent)
    assert here.batch(job).block_number != before.block_number or what == "dropped"


def test_a_reorganisation_below_the_final_block_stops_loudly(by_both: Site) -> None:
    here = by_both
    status = Status()
    job, worker = here.job("ada"), here.worker(status=status, evidence=Evidence(looks=1, seconds=0.0))
    here.to_the_end(worker, job)
    here.rounds(worker, 4)
    here.chain.reorganise(6)
    worker.run()  # returns, because it has stopped by itself
    assert status.stopped is not None
    assert "final" in status.stopped
    assert here.events("finality-violated")


def test_foreign_use_of_the_key_costs_a_nonce_and_no_anchor(by_both: Site) -> None:
    here = by_both
    jobs, worker = [here.job(name) for name in ("ada", "bob")], here.worker()
    here.chain.use_daemon_key()
    here.to_the_end(worker, *jobs)
    assert here.events("nonce-lost")
    here.prove(foreign=1)


def test_a_foreign_transaction_that_a_reorganisation_takes_back_leaves_no_gap(by_both: Site) -> None:
    here = by_both
    here.chain.use_daemon_key()
    here.chain.mine()
    job, worker = here.job("ada"), here.worker()
    here.rounds(worker, mine=False)
    here.chain.reorganise(1)
    here.to_the_end(worker, job)
    # The nonce it had is used for nothing.
    here.prove(cancels=1)


def test_an_anchor_that_would_be_refused_waits_for_a_person(by_both: Site) -> None:
    here = by_both
    job, worker = here.job("ada"), here.worker()
    # The right to anchor goes away between the estimate and the block.
    here.rounds(worker, mine=False)
    here.chain.set_operator(1, allowed=False)
    here.rounds(worker, 5)
    parked = here.batch(job)
    if parked.state is BatchState.PARKED:
        assert parked.parked_code in ("reverted", "not-operator")
        here.chain.set_operator(1, allowed=True)
        here.unpark(job)
    here.to_the_end(worker, job)
    here.prove(reverted=here.nonce - 1)


def test_a_root_anchored_by_hand_before_and_after_sending_is_not_anchored_again(by_both: Site) -> None:
    here = by_both
    worker = here.worker(policy=replace(policy_of(SHIPPED), most_in_flight=0))
    jobs = [here.job(name) for name in ("ada", "bob")]
    here.rounds(worker)
    worker.end()
    here.chain.anchor_by_hand(1, here.batch(jobs[0]).root)
    after = here.worker(owner="two")
    here.rounds(after, mine=False)
    # The second is in the pool, and somebody pays more for the same.
    here.chain.anchor_by_hand(1, here.batch(jobs[1]).root)
    here.to_the_end(after, *jobs)
    assert here.nonce <= 1
    here.prove(reverted=here.nonce - sum(_by_us(here, job) for job in jobs))


def test_a_cancelled_batch_strands_no_later_nonce(by_both: Site) -> None:
    here = by_both
    jobs = [here.job(name) for name in ("ada", "bob")]
    worker = here.worker()
    here.chain.set_base_fee(500 * GWEI)
    here.rounds(worker, mine=False)
    here.cancel(jobs[0])
    for _ in range(3):
        here.chain.set_base_fee(GWEI)
        here.rounds(worker)
    here.to_the_end(worker, jobs[1])
    here.rounds(worker, 4)
    assert here.batch(jobs[0]).state in (BatchState.CANCELLED, BatchState.FINAL)
    anchored = [job for job in jobs if here.is_final(job)]
    assert here.nonce == 2
    assert len(here.chain.contract.anchored_events()) == len(anchored)


def test_a_nonce_that_was_dear_once_is_filled_at_the_price_of_now(by_both: Site) -> None:
    """What was signed for it costs many times what may be paid now, no node has it any more, and nobody wants it."""
    here = by_both
    jobs = [here.job(name) for name in ("ada", "bob")]
    worker = here.worker()
    here.chain.set_base_fee(500 * GWEI)
    here.rounds(worker, mine=False)
    assert here.batch(jobs[0]).nonce == 0
    here.cancel(jobs[0])
    here.chain.drop_all_pending()
    here.chain.set_base_fee(GWEI // 1000)
    for _ in range(2 * SHIPPED.republish_blocks):
        here.rounds(worker)
        here.chain.set_base_fee(GWEI // 1000)
    here.to_the_end(worker, jobs[1])
    assert here.nonce == 2
    assert here.batch(jobs[0]).state is BatchState.CANCELLED
    assert len(here.chain.contract.anchored_events()) == 1


def _by_us(here: Site, job: object) -> bool:
    return here.batch(job).transaction_hash in {one.hash for one in here.proxy.sent}  # type: ignore[arg-type]
