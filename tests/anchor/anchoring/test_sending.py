"""What held the daemon up for good: no old state, one batch's trouble, what the command line left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_hash.auto import keccak
from sqlalchemy import insert, update

from anchor.anchoring.loop_state import Status
from anchor.books.anchoring import AnchorStore
from anchor.books.attempts import anchor_purpose
from anchor.books.control import park, unpark
from anchor.books.deeds import DeedRow
from anchor.books.jobs import Job
from anchor.books.leases import Lease
from anchor.books.status_jobs import NewStatusJob, StatusJob, StatusJobStore
from anchor.books.tables import BatchState, StatusJobState, attempt
from anchor.books.tables import batch as batch_table
from anchor.daemon.health import Health
from anchor.sending.driver import policy_of
from anchor.sending.outlook import FinalityViolated, Outlook, accept_chain
from anchor.sending.signed import terms_of
from anchor.sending.signer import KeySigner, SignedTransaction
from registry.chain.finality import Evidence
from registry.errors import ChainError, ChainUnavailable, ContractReverted, SignerError, TransactionUnsettled
from registry.records import Act
from tests.faults.harness import STRANGER
from tests.faults.proxy import SEND, Call, drop_by_closed_socket, http_status, pruned, refuse
from tests.faults.site import SHIPPED, Site, site

GWEI = 10**9
RECEIPT = "eth_getTransactionReceipt"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path / "data", issuers=2) as made:
        yield made


def test_a_node_without_old_state_is_enough(here: Site) -> None:
    early, first = here.job("ada"), here.worker()
    here.rounds(first, mine=False)
    first.end()
    # The final block is two below the newest: its state is gone as well.
    here.proxy.rule(do=pruned(2))
    here.chain.mine(6)
    late = here.job("bob")
    here.to_the_end(here.worker(owner="two"), early, late)
    here.prove()


def test_a_nonce_is_known_to_be_lost_without_old_state(here: Site) -> None:
    here.proxy.rule(do=pruned(2))
    job, worker = here.job("ada"), here.worker()
    here.chain.use_daemon_key()
    here.to_the_end(worker, job)
    assert len(here.events("nonce-lost")) == 1
    here.prove(foreign=1)


def test_what_an_endpoint_says_of_one_batch_does_not_stop_the_others(here: Site) -> None:
    status = Status(account=here.signer.address)
    stuck, free, worker = here.job("ada"), here.job("bob"), here.worker(status=status)
    here.rounds(worker, mine=False)
    hash_ = "0x" + min(here.proxy.sent, key=lambda one: one.nonce).hash.hex()
    rule = here.proxy.rule(RECEIPT, do=refuse(-32000, "missing trie node"), only=lambda call: call.params == [hash_])
    here.to_the_end(worker, free)
    root = f"0x{here.batch(stuck).root.hex()}"
    assert [(one.facts["root"], one.facts["code"]) for one in here.events("batch-failed")] == [
        (root, "chain-rpc-error")
    ]
    assert not here.events("round-failed")
    assert status.trouble is None
    # It is not said of the moment, only of what lasts.
    health = Health(here.data.engine, [status], loop_timeout=120, clock=lambda: status.failing[root][1] + 120)
    (check,) = [one for one in health.ready().checks if one.name.startswith("batches")]
    assert not check.ok
    assert "chain-rpc-error" in check.why
    rule.cancel()
    here.to_the_end(worker, stuck)
    assert not status.failing
    here.prove()


def test_an_endpoint_that_is_away_is_asked_once_and_not_for_every_batch(here: Site) -> None:
    jobs, worker = [here.job(f"student {number}") for number in range(8)], here.worker()
    here.rounds(worker, mine=False)
    before = here.proxy.count(RECEIPT)
    rule = here.proxy.rule(RECEIPT, do=drop_by_closed_socket)
    here.rounds(worker, mine=False)
    # A lost connection is tried once more.
    assert here.proxy.count(RECEIPT) - before <= 2
    assert not here.events("batch-failed")
    rule.cancel()
    here.to_the_end(worker, *jobs)
    here.prove()


@pytest.mark.parametrize("trouble", [OSError("No space left on device"), SignerError("away")])
def test_what_cannot_be_sealed_holds_up_nothing_that_is_under_way(
    here: Site, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    status = Status()
    job, worker = here.job("ada"), here.worker(status=status)
    here.rounds(worker)

    def full(_: object) -> int:
        raise trouble

    monkeypatch.setattr(worker._sealer, "round", full)
    here.to_the_end(worker, job)
    # And it is said that something did not go on.
    assert status.trouble is not None
    assert here.events("round-failed")


def test_a_batch_that_waits_for_a_person_holds_up_no_later_one(here: Site) -> None:
    jobs, worker = [here.job(name) for name in ("ada", "bob")], here.worker()
    here.rounds(worker, mine=False)
    aside, after = jobs
    park(here.data.engine, here.again(aside), "a wrong export")
    here.chain.drop_transaction(min(here.proxy.sent, key=lambda one: one.nonce).hash)
    here.to_the_end(worker, after)
    here.rounds(worker, 4)
    # Its nonce went to a transaction that does nothing, and it waits on.
    row = here.batch(aside)
    assert (row.state, row.parked_code, row.nonce) == (BatchState.PARKED, "by-person", None)
    assert [event.root for event in here.chain.contract.anchored_events()] == [here.batch(after).root]
    unpark(here.data.engine, here.again(aside))
    here.to_the_end(worker, aside)
    here.prove(cancels=1)


def test_a_pool_that_wants_more_than_its_node_suggests_gets_it_soon(here: Site) -> None:
    least = 25 * GWEI
    here.proxy.rule(SEND, do=refuse(-32000, "transaction underpriced"), only=lambda call: _tip(call) < least)
    here.proxy.rule("eth_maxPriorityFeePerGas", do=lambda call: call.result(hex(3 * GWEI // 2)))
    job, worker = here.job("ada"), here.worker()
    here.to_the_end(worker, job)
    assert len({one.hash for one in here.proxy.sent}) <= 6
    here.prove()


def _tip(call: Call) -> int:
    return 0 if call.sent is None else call.sent.tip


def test_a_command_raises_an_anchor_that_holds_it_up(here: Site) -> None:
    stranger = here.chain.world.account(STRANGER).address
    with pytest.raises(TransactionUnsettled):
        here.command(0.1).settle("anchor", stranger, b"")
    # It is in the pool, at a price that blocks do not take any more.
    for _ in range(2):
        here.chain.set_base_fee(40 * GWEI)
        here.chain.mine()
    here.chain.set_mining(1)
    assert here.command(20).settle("revoke", stranger, b"\x01").succeeded
    assert here.nonce == 2


def test_a_command_does_not_wait_for_a_nonce_whose_block_is_gone(here: Site) -> None:
    stranger = here.chain.world.account(STRANGER).address
    here.chain.set_mining("auto")
    assert here.command(20).settle("first", stranger, b"").succeeded
    here.chain.set_mining("manual")
    with pytest.raises(TransactionUnsettled):
        here.command(0.1).settle("second", stranger, b"\x01")
    here.chain.reorganise(1)
    assert here.nonce == 0
    here.chain.set_mining(1)
    assert here.command(20).settle("third", stranger, b"\x02").succeeded
    assert here.nonce == 3


def test_a_command_does_not_wait_for_a_signer_that_was_away(here: Site) -> None:
    """No nonce is kept for what nobody signed; of two that were given out, the first is used for nothing."""
    stranger = here.chain.world.account(STRANGER).address
    worker = here.worker(signer=Away(Account.from_key(here.chain.daemon_key)))
    job = here.job("ada")
    here.rounds(worker, mine=False)
    assert (here.batch(job).nonce, here.batch(job).parked_code) == (None, "signer-unavailable")
    worker.end()
    here.chain.set_mining(1)
    assert here.command(20).settle("revoke", stranger, b"\x02").succeeded
    assert here.nonce == 1
    here.chain.set_mining("manual")
    here.to_the_end(here.worker(owner="two"), job)
    here.prove(foreign=1)


class Away(KeySigner):
    """A signer that does not answer."""

    def sign(self, transaction: dict[str, Any]) -> SignedTransaction:
        raise SignerError("nobody there", code="signer-unavailable")


def test_a_nonce_that_somebody_else_took_is_no_refusal_of_the_contract(here: Site) -> None:
    job, worker = here.job("ada"), here.worker()
    here.chain.set_base_fee(500 * GWEI)
    here.rounds(worker, mine=False)
    assert here.batch(job).nonce == 0
    worker.end()
    _store(here, "revoke something", here.chain.world.account(STRANGER).address, b"", maxFeePerGas=10**12)
    here.chain.client.send_raw(_signed(here, here.chain.world.account(STRANGER).address, b"", maxFeePerGas=10**12))
    here.chain.mine(4)
    here.to_the_end(here.worker(owner="two"), job)
    said = [event.detail for event in here.history(job)]
    assert "nonce 0 was taken by 'revoke something'" in said
    assert not here.events("nonce-lost")
    assert "reverted" not in [one.facts["code"] for one in here.events("batch-parked")]
    here.prove(foreign=1)


def test_what_a_command_signed_the_daemon_raises_with_its_own_gas(here: Site) -> None:
    job, worker = _sealed_alone(here)
    first = _anchor_by_command(here, job)
    for _ in range(SHIPPED.bump_blocks + 2):
        here.chain.set_base_fee(40 * GWEI)
        here.rounds(worker)
    dearer = here.proxy.sent[-1]
    assert dearer.nonce == 0
    assert dearer.max_fee > 40 * GWEI
    assert terms_of(dearer.raw).gas == terms_of(first).gas
    here.to_the_end(worker, job)
    here.prove()


def test_a_batch_that_was_parked_because_of_a_replacement_without_gas_goes_on(here: Site) -> None:
    job, worker = _sealed_alone(here)
    _anchor_by_command(here, job)
    _store(here, _purpose(here, job), here.contract.address, b"", gas=0, maxFeePerGas=3 * GWEI)
    parked = {"state": BatchState.PARKED, "parked_code": "refused", "nonce": 0, "sender": here.signer.address}
    with here.data.engine.begin() as connection:
        connection.execute(update(batch_table).values(**parked, parked_why="intrinsic gas too low"))
    here.to_the_end(worker, job)
    assert all(terms_of(one.raw).can_be_mined for one in here.proxy.sent)
    here.prove()


def test_what_a_command_signed_is_not_sent_for_a_batch_that_a_person_put_aside(here: Site) -> None:
    aside, worker = _sealed_alone(here)
    _anchor_by_command(here, aside)
    park(here.data.engine, here.again(aside), "a wrong export")
    here.chain.drop_all_pending()
    after = here.job("bob")
    here.to_the_end(worker, after)
    assert here.batch(after).nonce == 1
    assert [event.root for event in here.chain.contract.anchored_events()] == [here.batch(after).root]


def test_what_a_command_sent_is_taken_back_when_its_job_is_cancelled(here: Site) -> None:
    job, worker = _sealed_alone(here)
    _anchor_by_command(here, job)
    here.cancel(job)
    here.rounds(worker, mine=False)
    here.rounds(worker, mine=False)
    here.rounds(worker, 4)
    assert here.batch(job).state is BatchState.CANCELLED
    assert here.nonce == 1
    assert not here.chain.contract.anchored_events()


def _registered_unseen(here: Site) -> tuple[str, str, bytes]:
    """A registration that a command has sent and not seen mined: its purpose, and whom it calls with what."""
    uri = "did:web:late.example"
    asked = (f"register {uri}", here.contract.address, here.contract.register_party_data(uri, bytes(32)))
    with pytest.raises(TransactionUnsettled):
        here.command(0.1).settle(*asked)
    return asked


def test_what_a_command_left_under_way_the_daemon_follows_and_the_command_finds(here: Site) -> None:
    asked, worker = _registered_unseen(here), here.worker()
    # Its block is gone, and the pool with it: nobody but the daemon is there to send it again.
    here.rounds(worker)
    here.rounds(worker, mine=False)
    here.chain.reorganise(2)
    here.rounds(worker, 8)
    worker.end()
    assert (here.nonce, here.contract.party_count()) == (1, 3)
    # The same command again is told what became of it, and sends nothing.
    told = here.contract.decode_events(here.command(5).settle(*asked).logs)
    assert "PartyRegistered" in [event.name for event in told]
    assert here.nonce == 1
    # Told once, the same words are another act.
    here.chain.set_mining("auto")
    assert here.command(5).settle(*asked).succeeded
    assert (here.nonce, here.contract.party_count()) == (2, 4)


def test_a_dear_act_is_raised_by_the_daemon_within_the_ceiling(here: Site) -> None:
    asked = _registered_unseen(here)
    worker = here.worker(policy=replace(policy_of(SHIPPED), fee_ceiling=60 * GWEI))
    for _ in range(SHIPPED.bump_blocks + 2):
        here.chain.set_base_fee(40 * GWEI)
        here.rounds(worker)
    here.rounds(worker, 4)
    worker.end()
    assert 40 * GWEI < max(one.max_fee for one in here.proxy.sent) <= 60 * GWEI
    assert here.command(5).settle(*asked).succeeded
    assert (here.nonce, here.contract.party_count()) == (1, 3)


def test_an_act_of_which_nothing_is_signed_is_begun_by_nobody_else(here: Site) -> None:
    asked = ("revoke", here.contract.address, here.contract.set_operator_data(99, here.signer.address, True))
    with pytest.raises(ContractReverted):
        here.command(5).settle(*asked)
    here.chain.set_balance(here.signer.address, 10**9)
    with pytest.raises(ChainError, match="wei are needed"):
        _ = here.command(5).settle(
            "register", here.contract.address, here.contract.register_party_data("x:y", bytes(32))
        )
    here.chain.set_balance(here.signer.address, 10**20)
    here.to_the_end(here.worker(), here.job("ada"))
    assert (here.nonce, here.contract.party_count()) == (1, 2)


def test_a_command_below_a_final_block_that_changed_sends_nothing(here: Site) -> None:
    worker = here.worker()
    here.to_the_end(worker, here.job("ada"))
    here.rounds(worker, 4)
    worker.end()
    here.chain.reorganise(6)
    with pytest.raises(ChainUnavailable, match="was final as"):
        here.command(5).settle("register", here.contract.address, here.contract.register_party_data("x:y", bytes(32)))
    assert here.contract.party_count() == 2


def test_a_chain_below_its_final_block_gets_nothing_and_may_be_accepted_by_a_person(here: Site) -> None:
    status = Status(account=here.signer.address)
    earlier, worker = here.job("ada"), here.worker(status=status, evidence=Evidence(looks=1, seconds=0.0))
    here.to_the_end(worker, earlier)
    snapshot = here.chain.client.request("evm_snapshot")
    lost, revocation = here.job("bob"), _revocation(here, "ada")
    here.to_the_end(worker, lost)
    here.rounds(worker, 2)
    assert revocation().state is StatusJobState.FINAL
    repeated = _revocation(here, "ada")
    here.rounds(worker, 4)
    assert repeated().state is StatusJobState.UNCHANGED
    # Long enough that a shorter chain of other blocks can grow past it.
    height = here.chain.final()
    here.chain.client.request("evm_revert", [snapshot])
    sent, waiting = len(here.proxy.sent), here.job("eve")
    here.rounds(worker, mine=False)
    assert [one.facts["code"] for one in here.events("chain-behind")] == ["chain-behind"]
    assert len(here.proxy.sent) == sent
    why = {check.name: check.why for check in Health(here.data.engine, [status], loop_timeout=120).ready().checks}
    assert "chain-behind" in why[f"chain {here.signer.address}"]
    here.chain.client.request("evm_increaseTime", [60])
    # It calls the block final that took its place.
    here.chain.mine(height + 2 - here.chain.head())
    with pytest.raises(FinalityViolated):
        worker.round()
    worker.end()
    assert _accepted(here) == [here.batch(lost).root, sha256(b"ada").digest()]
    assert here.batch(lost).state is BatchState.REORGED
    assert revocation().state is StatusJobState.SEALED
    assert repeated().state is StatusJobState.PENDING, "what it was unchanged by may be gone"
    after = here.worker(owner="two")
    here.to_the_end(after, earlier, lost, waiting)
    here.rounds(after, 2)
    assert {revocation().state, repeated().state} <= {StatusJobState.FINAL, StatusJobState.UNCHANGED}
    assert here.chain.contract.status(1, here.batch(earlier).root, 0, sha256(b"ada").digest()).revoked
    here.prove(foreign=1)


def test_an_endpoint_that_wants_to_be_left_alone_is(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    status = Status()
    worker, waited = here.worker(status=status), list[float]()
    here.proxy.rule(do=http_status(429, retry_after="25"), times=1)

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        if len(waited) > 1:
            assert status.ticked_at is not None, "who looks for a loop that hangs finds none"
        status.ticked_at = None
        if len(waited) == 4:
            worker.stop()
        return len(waited) == 4

    monkeypatch.setattr(worker._stop, "wait", wait)
    worker.run()
    assert waited == [10.0, 10.0, 5.0, SHIPPED.daemon_seconds]


def _revocation(here: Site, name: str) -> Callable[[], StatusJob]:
    """An issuer revokes a credential; how far that has come."""
    store = StatusJobStore(here.data.engine, f"eip155:{here.chain.deployment.chain_id}", here.contract.address)
    digests = (sha256(name.encode()).digest(),)
    job, _ = store.add(NewStatusJob(1, Act.REVOKE, "unspecified", "command", digests))

    def now() -> StatusJob:
        found = store.get(job.id)
        assert found is not None
        return found

    return now


def _accepted(here: Site) -> list[bytes]:
    """A person says that the chain is the right one; the roots, or the digests, that are taken up again."""
    chain_id = here.chain.deployment.chain_id
    lease = Lease(here.data.engine, f"eip155:{chain_id}", here.signer.address, "a person", 60)
    assert lease.acquire()
    store = AnchorStore(here.data.engine, f"eip155:{chain_id}", here.contract.address, lease)
    outlook = Outlook.of(here.client, here.signer.address, None)
    gone = accept_chain(here.contract, chain_id, outlook, store)
    lease.release()
    return [each for row in gone for each in (row.digests if isinstance(row, DeedRow) else [row.root])]


def _sealed_alone(here: Site) -> tuple[Job, Any]:
    """A job that is sealed, with nothing signed for it; and the worker that ships."""
    job, sealer = here.job("ada"), here.worker(policy=replace(policy_of(SHIPPED), most_in_flight=0))
    sealer.round()
    sealer.end()
    return job, here.worker(owner="two")


def _anchor_by_command(here: Site, job: Job) -> bytes:
    """A command that sends the anchor and does not see it mined."""
    with pytest.raises(TransactionUnsettled):
        here.command(0.1).carry([here.batch(job)])
    return here.proxy.sent[-1].raw


def _purpose(here: Site, job: Job) -> str:
    row = here.batch(job)
    return anchor_purpose(row.issuer, row.root)


def _signed(here: Site, to: str, call: bytes, **fields: int) -> bytes:
    own: dict[str, Any] = {"gas": 150_000, "maxFeePerGas": 2 * GWEI, "maxPriorityFeePerGas": GWEI, "value": 0}
    transaction = {"type": 2, "chainId": here.chain.deployment.chain_id, "nonce": 0, "to": to, "data": call}
    return here.signer.sign(transaction | own | fields).raw


def _store(here: Site, purpose: str, to: str, call: bytes, **fields: int) -> None:
    """Signed bytes in the database, as nothing of this program leaves them."""
    raw = _signed(here, to, call, **fields)
    values = {"chain": f"eip155:{here.chain.deployment.chain_id}", "sender": here.signer.address, "purpose": purpose}
    with here.data.engine.begin() as connection:
        connection.execute(insert(attempt).values(**values, nonce=0, hash=keccak(raw), raw=raw, signed_at=0))
