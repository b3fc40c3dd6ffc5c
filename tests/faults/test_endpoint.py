"""An endpoint that loses, refuses, lies and lags: every job ends as one anchor all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from anchor.books.tables import BatchState
from anchor.sending.driver import policy_of
from tests.faults.proxy import (
    Do,
    ReplacementRule,
    black_hole,
    drop_by_closed_socket,
    drop_by_timeout,
    garbage,
    http_status,
    insufficient_funds,
    lagging,
    lose_reply_by_closed_socket,
    lose_reply_by_timeout,
    refuse,
    stuck_at,
    truncated_body,
    wrong_chain_id,
    wrong_content_length,
)
from tests.faults.site import SHIPPED, Site

SEND = "eth_sendRawTransaction"
GWEI = 10**9
LOSSES: dict[str, Do] = {
    "reply lost by timeout": lose_reply_by_timeout,
    "reply lost by closed socket": lose_reply_by_closed_socket,
    "request lost by timeout": drop_by_timeout,
    "request lost by closed socket": drop_by_closed_socket,
    "black hole": black_hole,
    "429": http_status(429, retry_after="1"),
    "503": http_status(503),
    "503, and done": http_status(503, forwarded=True),
    "garbage": garbage(forwarded=False),
    "garbage, and done": garbage(),
    "answer cut off": truncated_body,
    "wrong length": wrong_content_length,
    "internal error": refuse(-32603, "Internal error"),
    "nonce too low, and done": refuse(-32000, "nonce too low", forwarded=True),
    "already known": refuse(-32000, "already known", forwarded=True),
    "pool is full": refuse(-32000, "txpool is full"),
}


@pytest.mark.parametrize("fault", LOSSES)
def test_a_send_that_goes_wrong_is_sent_again_and_lands_once(by_both: Site, fault: str) -> None:
    here = by_both
    job, worker = here.job("ada"), here.worker()
    here.proxy.rule(SEND, times=1, do=LOSSES[fault])
    here.to_the_end(worker, job)
    here.prove()


@pytest.mark.parametrize("fault", ["429", "503", "garbage", "request lost by closed socket", "internal error"])
def test_nothing_is_lost_while_no_request_gets_through(by_both: Site, fault: str) -> None:
    here = by_both
    job, worker = here.job("ada"), here.worker()
    here.proxy.rule(do=LOSSES[fault], times=40)
    here.rounds(worker, 3)
    assert here.nonce == 0
    here.proxy.clear()
    here.to_the_end(worker, job)
    here.prove()


def test_the_same_bytes_sent_twice_are_one_transaction(here: Site) -> None:
    # So that nothing dearer takes their place.
    policy = replace(policy_of(SHIPPED), bump_blocks=50)
    job, worker = here.job("ada"), here.worker(policy=policy)
    # No block takes it, so it is sent again and again.
    here.chain.set_base_fee(500 * GWEI)
    here.rounds(worker)
    for _ in range(4):
        here.chain.set_base_fee(500 * GWEI)
        here.rounds(worker)
    assert here.proxy.duplicate_sends > 0
    here.chain.set_base_fee(GWEI)
    here.to_the_end(worker, job)
    here.prove()


def test_a_replacement_that_pays_too_little_pays_more_the_next_time(here: Site) -> None:
    here.proxy.rule(SEND, do=ReplacementRule())
    job, worker = here.job("ada"), here.worker()
    here.rounds(worker, mine=False)
    for _ in range(2 + SHIPPED.bump_blocks):
        here.chain.set_base_fee(60 * GWEI)
        here.rounds(worker)
    here.to_the_end(worker, job)
    assert BatchState.REPLACING in [event.state for event in here.history(job)]
    here.prove()


def test_a_node_that_wants_more_than_we_offer_gets_it_in_the_end(by_both: Site) -> None:
    here = by_both
    here.proxy.rule(SEND, times=2, do=refuse(-32000, "replacement transaction underpriced"))
    job, worker = here.job("ada"), here.worker()
    here.to_the_end(worker, job)
    here.prove()


def test_a_lagging_node_makes_it_late_and_not_wrong(by_both: Site) -> None:
    here = by_both
    rule = here.proxy.rule(do=lagging(2))
    job, worker = here.job("ada"), here.worker()
    here.to_the_end(worker, job, rounds=40)
    rule.cancel()
    here.prove()


def test_a_node_that_is_now_behind_and_now_not_is_believed_in_neither(by_both: Site) -> None:
    here = by_both
    job, worker = here.job("ada"), here.worker()
    for _ in range(12):
        rule = here.proxy.rule(do=lagging(3))
        here.rounds(worker)
        rule.cancel()
        here.rounds(worker)
    here.to_the_end(worker, job)
    here.prove()
    assert not here.events("finality-violated")


def test_a_stuck_node_holds_everything_up_and_nothing_more(by_both: Site) -> None:
    here = by_both
    rule = here.proxy.rule(do=stuck_at(here.chain.head()))
    job, worker = here.job("ada"), here.worker()
    here.rounds(worker, 6)
    assert not here.is_final(job)
    rule.cancel()
    here.to_the_end(worker, job)
    here.prove()


def test_another_chain_behind_the_same_address_gets_nothing(by_both: Site) -> None:
    here = by_both
    worker = here.worker()
    here.rounds(worker)
    rule = here.proxy.rule(do=wrong_chain_id(5))
    job = here.job("ada")
    here.rounds(worker, 3)
    assert here.proxy.count(SEND) == 0
    assert here.events("wrong-chain")
    rule.cancel()
    here.to_the_end(worker, job)
    here.prove()


def test_no_code_at_the_address_sends_nothing_until_it_is_back(by_both: Site) -> None:
    here = by_both
    worker = here.worker()
    here.rounds(worker)
    code = here.chain.remove_contract()
    job = here.job("ada")
    here.rounds(worker, 3)
    assert here.proxy.count(SEND) == 0
    here.chain.restore_contract(code)
    here.to_the_end(worker, job)
    here.prove()


def test_a_node_that_sees_no_funds_makes_the_batch_wait_with_its_bytes(by_both: Site) -> None:
    here = by_both
    rule = here.proxy.rule(SEND, do=insufficient_funds)
    job, worker = here.job("ada"), here.worker()
    here.rounds(worker, 2)
    assert here.batch(job).parked_code == "no-funds"
    rule.cancel()
    here.to_the_end(worker, job)
    here.prove()


def test_an_empty_account_waits_and_goes_on_when_it_is_refilled(by_both: Site) -> None:
    here = by_both
    jobs, worker = [here.job(name) for name in ("ada", "bob")], here.worker()
    here.chain.set_balance(here.signer.address, 10**9)
    here.rounds(worker, 2)
    assert {here.batch(job).parked_code for job in jobs} == {"no-funds"}
    here.chain.set_balance(here.signer.address, 10**20)
    here.to_the_end(worker, *jobs)
    here.prove()
