"""Statuses that change while the daemon runs: what an issuer asks for is what a final block says, whatever happens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import update

from anchor.anchoring.worker import Worker
from anchor.books.jobs import Job
from anchor.books.status_jobs import NewStatusJob, StatusJob, StatusJobStore, Way
from anchor.books.tables import StatusJobState, batch
from anchor.intake.statuses import StatusDesk, read_status_job
from anchor.notices.notices import Notices
from anchor.sending.driver import Policy
from anchor.sending.signer import KeySigner
from registry.chain.contract import CredentialRegistry
from registry.errors import ContractReverted, NotPossible
from registry.merkle.tree import Tree
from registry.records import Act, Reason
from tests.faults.harness import OWNER, Chain, chain
from tests.faults.proxy import FaultProxy, pruned
from tests.faults.site import Site, site

GWEI = 10**9


def digest(name: str) -> bytes:
    return sha256(name.encode()).digest()


class Office:
    """The office of an issuer of its own beside a daemon."""

    def __init__(self, here: Site, issuer: int = 1):
        self.here = here
        self.issuer = issuer
        self.store = StatusJobStore(here.data.engine, f"eip155:{here.chain.deployment.chain_id}", here.contract.address)

    def job(self, *names: str, **more: Any) -> Job:
        return self.here.job(*names, **{"issuer": self.issuer} | more)

    def anchored(self, worker: Worker, *names: str, **more: Any) -> Job:
        job = self.job(*names, **more)
        self.here.to_the_end(worker, job)
        return job

    def ask(self, act: Act, *names: str, **more: Any) -> StatusJob:
        reason = "resolved" if act is Act.REINSTATE else "unspecified"
        new = NewStatusJob(self.issuer, act, reason, "command", tuple(map(digest, names)))
        return self.store.add(replace(new, **more))[0]

    def again(self, job: StatusJob) -> StatusJob:
        found = self.store.get(job.id)
        assert found is not None
        return found

    def state(self, job: StatusJob) -> tuple[str, str | None]:
        found = self.again(job)
        return str(found.state), found.waits_code

    def states(self, job: StatusJob) -> list[str]:
        return [str(event.state) for event in self.store.history(job)]

    def to_the_end(self, worker: Worker, *jobs: StatusJob, rounds: int = 30) -> None:
        for _ in range(rounds):
            self.here.rounds(worker)
            if all(self.again(job).is_ended for job in jobs):
                return
        raise AssertionError([self.again(job) for job in jobs])

    def status(self, job: Job, name: str) -> tuple[bool, bool]:
        """Revoked, suspended: by the chain itself, in the newest block."""
        row = self.here.batch(job)
        (place,) = (p for p in self.here.batches.places(digest(name)) if p.batch.id == row.id)
        found = self.here.chain.contract.status(row.issuer, row.root, place.leaf.leaf_index, digest(name))
        return found.revoked, found.suspended


@pytest.fixture(scope="module")
def node() -> Iterator[Chain]:
    with chain(issuers=2 * 24) as made:
        yield made


@pytest.fixture(scope="module")
def issuers(node: Chain) -> Iterator[int]:
    """Two for each test."""
    return iter(node.issuers[::2])


@pytest.fixture
def here(node: Chain, tmp_path: Path) -> Iterator[Site]:
    with FaultProxy(node.url) as proxy:
        made = Site(tmp_path / "data", node, proxy, None, "daemon")
        yield made
        made.close()
    node.set_balance(node.daemon, 10**20)
    node.drop_all_pending()
    node.mine()


@pytest.fixture
def office(here: Site, issuers: Iterator[int]) -> Office:
    return Office(here, next(issuers))


@pytest.mark.parametrize("place_only", [False, True])
def test_what_is_revoked_is_so_in_every_batch_and_every_step_is_on_record(
    here: Site, office: Office, place_only: bool
) -> None:
    # By its digest in one transaction, by its places in one for each batch.
    transactions = 2 if place_only else 1
    # A node that keeps no old state is enough.
    here.proxy.rule(do=pruned(2))
    worker = here.worker()
    first, again = office.anchored(worker, "ada", "bob"), office.anchored(worker, "ada", "eve", reissue=True)
    others = office.anchored(worker, "ada", issuer=office.issuer + 1)
    before = here.nonce
    job = office.ask(Act.REVOKE, "ada", reason="obtained-by-fraud", place_only=place_only)
    office.to_the_end(worker, job)
    assert office.states(job) == ["pending", "sealed", "mined", "final"]
    assert [office.status(first, "ada"), office.status(again, "ada")] == [(True, False)] * 2
    assert [office.status(first, "bob"), office.status(others, "ada")] == [(False, False)] * 2
    assert here.nonce == before + transactions
    if place_only:
        changes = here.chain.contract.status_changes(office.issuer, here.batch(first).root, from_block=0)
        assert [change.arguments["reason"] for change in changes] == [Reason.OBTAINED_BY_FRAUD]
    else:
        assert here.chain.contract.digest_statuses(office.issuer, [digest("ada")])[0].revocation_reason is (
            Reason.OBTAINED_BY_FRAUD
        )
    # Again: there is nothing left to do.
    once_more = office.ask(Act.REVOKE, "ada", place_only=place_only)
    office.to_the_end(worker, once_more)
    assert (office.state(once_more), here.nonce) == (("unchanged", None), before + transactions)
    told = [(notice.event, notice.facts["state"]) for notice in here.notices if notice.facts.get("job") == job.id]
    assert told == [("status-job-state", "sealed"), ("status-job-state", "mined"), ("status-job-final", "final")]


def test_what_is_said_of_a_digest_waits_for_no_batch(here: Site, office: Office) -> None:
    worker = here.worker()
    revocation, suspension = office.ask(Act.REVOKE, "ada"), office.ask(Act.SUSPEND, "eve")
    office.to_the_end(worker, revocation, suspension)
    # What is revoked is not anchored any more; what is suspended is, and is suspended there.
    job = office.anchored(worker, "ada", "eve")
    assert here.batch(job).leaf_count == 1
    found = here.jobs.get(job.id)
    assert found is not None
    assert (found.revoked, found.anchored_before) == (1, 0)
    assert office.status(job, "eve") == (False, True)
    # Of all in it, there is no batch.
    nothing = office.job("ada")
    here.rounds(worker, 2)
    found = here.jobs.get(nothing.id)
    assert found is not None
    assert (str(found.state), found.revoked, found.batch) == ("unchanged", 1, None)
    lifted = office.ask(Act.REINSTATE, "eve")
    office.to_the_end(worker, lifted)
    assert office.status(job, "eve") == (False, False)


def test_a_lifted_suspension_is_lifted_of_the_digest_and_of_the_places(here: Site, office: Office) -> None:
    worker = here.worker()
    first, again = office.anchored(worker, "ada", "bob"), office.anchored(worker, "ada", "eve", reissue=True)
    both = [office.ask(Act.SUSPEND, "ada"), office.ask(Act.SUSPEND, "ada", "bob", place_only=True)]
    office.to_the_end(worker, *both)
    before = here.nonce
    lifted = office.ask(Act.REINSTATE, "ada")
    office.to_the_end(worker, lifted)
    assert [office.status(first, "ada"), office.status(again, "ada")] == [(False, False)] * 2
    assert office.status(first, "bob") == (False, True)
    assert (here.nonce, office.states(lifted)[-1]) == (before + 3, "final")
    # A later word about the places takes nothing from what is said of the digest.
    earlier = office.ask(Act.SUSPEND, "ada")
    office.to_the_end(worker, earlier)
    lifted, later = office.ask(Act.REINSTATE, "ada"), office.ask(Act.SUSPEND, "ada", place_only=True)
    office.to_the_end(worker, lifted, later)
    (said,) = here.chain.contract.digest_statuses(office.issuer, [digest("ada")])
    assert not said.is_suspended
    assert [office.status(first, "ada"), office.status(again, "ada")] == [(False, True)] * 2
    assert office.again(lifted).overtaken == 1


def test_a_digest_that_others_revoked_meanwhile_is_revoked_once(here: Site, office: Office) -> None:
    """Of two in one transaction one is so when it is mined; and when both are, it has nothing left to do."""
    worker = here.worker()
    office.anchored(worker, "ada", "bob")
    job = office.ask(Act.REVOKE, "ada", "bob")
    worker.round()
    here.chain.drop_all_pending()
    contract = here.chain.contract
    data = contract.revoke_digests_data(office.issuer, [digest("ada")], Reason.ISSUED_IN_ERROR)
    here.chain.mined(here.chain.send(contract.address, data))
    office.to_the_end(worker, job)
    ada, bob = contract.digest_statuses(office.issuer, [digest("ada"), digest("bob")])
    assert (ada.revocation_reason, bob.revocation_reason) == (Reason.ISSUED_IN_ERROR, Reason.UNSPECIFIED)
    again = office.ask(Act.SUSPEND, "ada")
    worker.round()
    here.chain.drop_all_pending()
    data = contract.suspend_digests_data(office.issuer, [digest("ada")], Reason.UNDER_REVIEW)
    here.chain.mined(here.chain.send(contract.address, data))
    office.to_the_end(worker, again)
    assert contract.digest_statuses(office.issuer, [digest("ada")])[0].is_suspended


def test_what_another_operator_anchors_from_elsewhere_is_revoked_from_here(here: Site, office: Office) -> None:
    """Over HTTP and by a command's job alike: this database never knows his batches."""
    worker, ada = here.worker(), digest("ada")
    here.chain.anchor_by_hand(office.issuer, ada)
    body = json.dumps({"act": "revoke", "digests": [ada.hex()], "withoutAnchor": True}).encode()
    desk = StatusDesk(office.store, here.batches, Notices())
    with pytest.raises(NotPossible, match="in no batch"):
        desk.take(read_status_job(body.replace(b"true", b"false"), office.issuer, None))
    job, _ = desk.take(read_status_job(body, office.issuer, None))
    office.to_the_end(worker, job)
    with Tree.build(sorted([ada, digest("bob")])) as tree:
        later, index = tree.root, sorted([ada, digest("bob")]).index(ada)
    here.chain.anchor_by_hand(office.issuer, later, 2)
    contract = here.chain.contract
    assert contract.status(office.issuer, ada, 0, ada).revoked
    assert contract.status(office.issuer, later, index, ada).revoked
    assert not contract.status(office.issuer, later, 1 - index, digest("bob")).revoked
    # What is in his batches is not told, so without its history; what was said of a digest is on the chain.
    mine = office.anchored(worker, "ada", "eve", reissue=True, without_history=True)
    assert [leaf.digest for leaf in here.batches.leaves(here.batch(mine))] == [digest("eve")]


def test_a_revocation_of_places_waits_for_a_batch_that_is_not_on_chain_yet(here: Site, office: Office) -> None:
    worker = here.worker()
    job = office.job("ada")
    revocation = office.ask(Act.REVOKE, "ada", place_only=True)
    worker.round()
    assert office.state(revocation) == ("pending", "not-anchored")
    office.to_the_end(worker, revocation)
    assert office.status(job, "ada") == (True, False)
    assert office.again(revocation).state is StatusJobState.FINAL


@pytest.mark.parametrize(("place_only", "transactions"), [(True, 2), (False, 3)])
def test_what_is_alike_shares_transactions_also_over_several_jobs(
    here: Site, office: Office, place_only: bool, transactions: int
) -> None:
    names = [f"student {number}" for number in range(300)]
    worker = here.worker()
    batch, before = office.anchored(worker, *names), here.nonce
    jobs = [office.ask(Act.SUSPEND, *names[at : at + 50], place_only=place_only) for at in range(0, 300, 50)]
    office.to_the_end(worker, *jobs)
    assert here.nonce == before + transactions
    assert {office.status(batch, name) for name in names[::37]} == {(False, True)}
    # What has no nonce yet takes in what comes later.
    here.chain.set_balance(here.signer.address, 0)
    first = office.ask(Act.REINSTATE, *names[:10])
    worker.round()
    second = office.ask(Act.REINSTATE, *names[10:20])
    here.rounds(worker, 3)
    assert office.state(first) == office.state(second) == ("parked", "no-funds")
    here.chain.set_balance(here.signer.address, 10**20)
    office.to_the_end(worker, first, second)
    assert here.nonce <= before + transactions + (2 if place_only else 1)
    assert {office.status(batch, name) for name in names[:20]} == {(False, False)}


def test_the_urgent_go_before_all_that_is_not_signed(here: Site, office: Office) -> None:
    worker = here.worker()
    batch, before = office.anchored(worker, "ada", "bob"), here.nonce
    waiting = [office.job(f"student {number}") for number in range(3)]
    office.ask(Act.SUSPEND, "bob")
    urgent = office.ask(Act.REVOKE, "ada", urgent=True)
    worker.round()
    nonces = [here.batch(job).nonce for job in waiting]
    assert before not in nonces
    here.chain.mine()
    assert office.status(batch, "ada") == (True, False)
    here.to_the_end(worker, *waiting)
    office.to_the_end(worker, urgent)


def test_jobs_that_wait_for_ever_keep_no_other_of_their_issuer(
    here: Site, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = here.worker()
    office.anchored(worker, "ada")
    office.to_the_end(worker, office.ask(Act.REVOKE, "ada"))
    for bound in ("MOST_AT_ONCE", "MOST_CREDENTIALS"):
        with monkeypatch.context() as patch:
            patch.setattr(f"anchor.anchoring.statuses.{bound}", 2)
            ghosts = [office.ask(Act.REVOKE, f"nobody {number}", place_only=True) for number in range(3)]
            office.to_the_end(worker, office.ask(Act.REVOKE, "ada"))
            assert {office.state(ghost) for ghost in ghosts} == {("pending", "not-anchored")}
            for ghost in ghosts:
                office.store.cancel(office.again(ghost))


def test_what_the_contract_cannot_say_keeps_no_other_job(
    here: Site, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = here.worker()
    bare, sound = office.anchored(worker, "ada"), office.anchored(worker, "bob")
    asked = CredentialRegistry.status_words

    def refuses(self: CredentialRegistry, issuer: int, root: bytes, *more: Any, **where: Any) -> tuple[int, ...]:
        if root == here.batch(bare).root:
            raise ContractReverted("how many leaves it has was not stated")
        return asked(self, issuer, root, *more, **where)

    monkeypatch.setattr(CredentialRegistry, "status_words", refuses)
    stuck, fine = (office.ask(Act.REVOKE, name, place_only=True) for name in ("ada", "bob"))
    office.to_the_end(worker, fine)
    assert (office.state(stuck), office.status(sound, "bob")[0]) == (("parked", "reverted"), True)


def test_a_batch_of_the_same_root_over_other_leaves_is_not_the_one_that_was_meant(here: Site, office: Office) -> None:
    """As where another database anchored it, and here its root is a leaf."""
    worker = here.worker()
    theirs = office.anchored(worker, "ada", "bob")
    row = here.batch(theirs)
    with here.data.engine.begin() as connection:
        connection.execute(update(batch).where(batch.c.id == row.id).values(leaf_count=1))
    job = office.ask(Act.REVOKE, "ada", place_only=True)
    here.rounds(worker, 3)
    assert office.state(job) == ("pending", "not-anchored")


def test_the_latest_word_wins_wherever_the_earlier_one_is(here: Site, office: Office) -> None:
    worker = here.worker()
    batch, before = office.anchored(worker, "ada", "bob"), here.nonce
    # Nothing is signed yet.
    first, second = office.ask(Act.SUSPEND, "ada"), office.ask(Act.REINSTATE, "ada")
    office.to_the_end(worker, first, second)
    assert (office.state(first)[0], office.state(second)[0], here.nonce) == ("unchanged", "unchanged", before)
    assert office.again(first).overtaken == 1
    # The first one is under way.
    first = office.ask(Act.SUSPEND, "ada", "bob")
    worker.round()
    second = office.ask(Act.REINSTATE, "ada")
    worker.round()
    assert office.state(second) == ("pending", "earlier-change")
    here.chain.mine()
    here.rounds(worker, 2)
    assert here.nonce == before + 2
    # Both blocks go, and what was sent is sent again.
    here.chain.reorganise(2)
    office.to_the_end(worker, first, second)
    assert (office.status(batch, "ada"), office.status(batch, "bob")) == ((False, False), (False, True))


def test_what_waits_for_funds_does_not_come_back_after_a_later_word(here: Site, office: Office) -> None:
    worker = here.worker()
    batch, before = office.anchored(worker, "ada"), here.nonce
    here.chain.set_balance(here.signer.address, 0)
    first = office.ask(Act.SUSPEND, "ada")
    here.rounds(worker, 2)
    assert office.state(first) == ("parked", "no-funds")
    second = office.ask(Act.REINSTATE, "ada")
    here.rounds(worker, 2)
    here.chain.set_balance(here.signer.address, 10**20)
    office.to_the_end(worker, first, second)
    assert (office.status(batch, "ada"), here.nonce) == ((False, False), before)
    # Taken back, the later word does not count.
    third, fourth = office.ask(Act.SUSPEND, "ada"), office.ask(Act.REINSTATE, "ada")
    worker.round()
    assert office.state(third) == ("pending", "overtaken")
    office.store.cancel(office.again(fourth))
    # Nor does one that is for later.
    fifth = office.ask(Act.REINSTATE, "ada", not_before=4e9)
    office.to_the_end(worker, third)
    office.store.cancel(fifth)
    assert office.status(batch, "ada") == (False, True)


def test_a_nonce_that_is_lost_asks_for_the_change_anew(here: Site, office: Office) -> None:
    worker = here.worker()
    batch = office.anchored(worker, "ada")
    job = office.ask(Act.REVOKE, "ada")
    worker.round()
    here.chain.drop_all_pending()
    here.chain.mined(here.chain.use_daemon_key())
    office.to_the_end(worker, job)
    assert office.status(batch, "ada") == (True, False)
    assert "pending" in office.states(job)[2:]
    assert here.events("nonce-lost")


def test_nobody_but_an_operator_changes_a_status(here: Site, office: Office) -> None:
    worker = here.worker()
    batch = office.anchored(worker, "ada")
    here.chain.set_operator(office.issuer, allowed=False)
    job = office.ask(Act.REVOKE, "ada")
    fresh = here.worker(owner="two")
    worker.end()
    here.rounds(fresh, 3)
    assert office.state(job) == ("parked", "not-operator")
    assert [notice.facts["code"] for notice in here.events("status-job-parked")] == ["not-operator"]
    here.chain.set_operator(office.issuer, allowed=True)
    fresh.end()
    office.to_the_end(here.worker(owner="three"), job)
    assert office.status(batch, "ada") == (True, False)


def test_a_batch_is_voided_by_the_controller_alone(here: Site, office: Office) -> None:
    worker = here.worker()
    batch = office.anchored(worker, "ada", "bob")
    root = here.batch(batch).root
    job = office.ask(Act.VOID, root=root, reason="key-compromise")
    here.rounds(worker, 3)
    assert office.state(job) == ("parked", "not-controller")
    office.store.cancel(office.again(job))
    worker.end()
    controller = KeySigner(here.chain.world.account(OWNER))
    boss = here.worker(owner="boss", signer=controller)
    job, revocation = office.ask(Act.VOID, root=root, urgent=True), office.ask(Act.REVOKE, "ada")
    office.to_the_end(boss, job, revocation)
    assert (office.state(job)[0], office.status(batch, "ada"), office.status(batch, "bob")) == (
        "final",
        (True, False),
        (True, False),
    )
    # Reissued is what the void alone had revoked, and not what was to be revoked by itself.
    again = office.anchored(boss, "ada", "bob", reissue=True)
    assert [leaf.digest for leaf in here.batches.leaves(here.batch(again))] == [digest("bob")]
    # What is revoked for good stays so.
    too_late = office.ask(Act.REINSTATE, "bob")
    here.rounds(boss, 2)
    assert office.state(too_late) == ("parked", "revoked")


def test_a_job_can_be_taken_back_until_it_is_signed(here: Site, office: Office) -> None:
    first = here.worker()
    batch, before = office.anchored(first, "ada", "bob"), here.nonce
    first.end()
    worker = here.worker(owner="poor", policy=Policy(fee_ceiling=1))
    lasting, taken_back = office.ask(Act.REVOKE, "bob"), office.ask(Act.REVOKE, "ada")
    here.rounds(worker, 3)
    assert office.state(taken_back) == office.state(lasting) == ("parked", "fee-ceiling")
    office.store.cancel(office.again(taken_back))
    put_aside = office.ask(Act.SUSPEND, "ada")
    office.store.park(office.again(put_aside), "the board meets on Friday")
    worker.end()
    worker = here.worker(owner="two")
    worker.round()
    with pytest.raises(NotPossible, match="signed"):
        office.store.cancel(office.again(lasting))
    office.to_the_end(worker, lasting)
    assert (office.status(batch, "ada"), office.status(batch, "bob")) == ((False, False), (True, False))
    assert (office.state(put_aside), here.nonce) == (("parked", "by-person"), before + 1)
    office.store.retry(office.again(put_aside))
    office.to_the_end(worker, put_aside)
    assert office.status(batch, "ada") == (False, True)


def test_what_the_command_line_did_meanwhile_needs_no_transaction(here: Site, office: Office) -> None:
    worker = here.worker()
    batch = office.anchored(worker, "ada")
    before = here.nonce
    here.chain.set_balance(here.signer.address, 0)
    job = office.ask(Act.SUSPEND, "ada")
    here.rounds(worker, 2)
    data = here.contract.suspend_digests_data(office.issuer, [digest("ada")], Reason.UNDER_REVIEW)
    here.chain.mined(here.chain.send(here.contract.address, data))
    here.chain.set_balance(here.signer.address, 10**20)
    office.to_the_end(worker, job)
    assert (office.state(job)[0], here.nonce) == ("unchanged", before)
    assert office.status(batch, "ada") == (False, True)


@pytest.mark.parametrize("point", ["reserved", "before-send", "mined"])
def test_a_process_that_dies_anywhere_loses_and_doubles_no_change(here: Site, office: Office, point: str) -> None:
    class Died(BaseException):
        pass

    def die(reached: str) -> None:
        if reached == point:
            raise Died

    first = here.worker()
    batch, before = office.anchored(first, "ada"), here.nonce
    first.end()
    job = office.ask(Act.REVOKE, "ada")
    mortal = here.worker(owner="two", reached=die)
    with suppress(Died):
        for _ in range(4):
            mortal.round()
            here.chain.mine()
        pytest.fail(f"{point} was not reached")
    mortal.end()
    office.to_the_end(here.worker(owner="three"), job)
    assert (office.status(batch, "ada"), here.nonce) == ((True, False), before + 1)


def test_whatever_order_things_come_in_the_chain_ends_at_the_last_words(here: Site, office: Office) -> None:
    _follow_at_random(here, office, seed=0)


def test_they_do_so_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    with site(tmp_path / "data", database=postgres_url) as made:
        _follow_at_random(made, Office(made), seed=1)


def _follow_at_random(here: Site, office: Office, seed: int) -> None:
    random, names = Random(seed), ["ada", "bob", "eve", "kim"]
    worker = here.worker()
    batch = office.anchored(worker, *names)
    last = {way: dict.fromkeys(names, False) for way in Way}
    jobs = []

    def ask() -> None:
        act = random.choice([Act.SUSPEND, Act.REINSTATE])
        chosen = random.sample(names, random.randint(1, 3))
        jobs.append(office.ask(act, *chosen, urgent=random.random() < 0.3, place_only=random.random() < 0.4))
        for way in jobs[-1].ways:
            last[way].update(dict.fromkeys(chosen, act is Act.SUSPEND))

    moves: list[Callable[[], object]] = [
        ask,
        ask,
        lambda: here.rounds(worker, mine=False),
        lambda: here.rounds(worker, mine=False),
        here.chain.mine,
        here.chain.mine,
        lambda: here.chain.reorganise(1),
        here.chain.drop_all_pending,
        lambda: here.chain.set_balance(here.signer.address, random.choice([0, 10**20])),
    ]
    for _ in range(40):
        random.choice(moves)()
    here.chain.set_balance(here.signer.address, 10**20)
    office.to_the_end(worker, *jobs)
    said = here.chain.contract.digest_statuses(office.issuer, [digest(name) for name in names])
    assert {name: each.is_suspended for name, each in zip(names, said, strict=True)} == last[Way.DIGEST]
    expected = {name: (False, any(words[name] for words in last.values())) for name in names}
    assert {name: office.status(batch, name) for name in names} == expected
