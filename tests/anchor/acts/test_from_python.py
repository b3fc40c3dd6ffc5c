"""The acts of issuers and bodies, without the command line."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from anchor.acts import accreditations, parties
from anchor.acts.places import Target
from anchor.acts.statuses import batch_to_void, carry_out, plan_change, reason_of, void
from anchor.acts.supersession import plan_supersession
from anchor.acts.transactions import CALLS_A_TRANSACTION, Call, gathered, price_of, send_all
from anchor.books.status_jobs import NewStatusJob, StatusJobStore
from anchor.settings import load_settings
from anchor.workspace import Workspace
from registry.chain.calls import call_data
from registry.credential.digest import digest_json
from registry.errors import StoreError
from registry.recognition.scope import Scope
from registry.records import Act, Reason
from tests.anchor.begun import begun, files, issuer, working
from tests.conftest import Run

__all__ = ["begun", "issuer"]


def anchored(run: Run, folder: str, *names: str) -> tuple[list[bytes], bytes]:
    """Digests, and the root of their batch."""
    path = files(folder, *names)
    root = run("anchor", path, "--reissue", "--json").json["batches"][-1]["root"]
    return [digest_json((path / f"{name}.json").read_bytes()).value for name in names], bytes.fromhex(root[2:])


def test_no_terminal_is_needed() -> None:
    modules = [f"anchor.acts.{path.stem}" for path in (Path(parties.__file__).parent).glob("[a-z]*.py")]
    program = f"import sys, {', '.join(modules)}; print({{'typer', 'rich', 'anchor.cli'}} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_statuses_are_planned_priced_and_carried_out(run: Run, issuer: int) -> None:
    (ada, bob), root = anchored(run, "diplomas", "ada", "bob")
    with working() as here:
        plan = plan_change(here, Act.REVOKE, [Target.of(ada)], reason_of("issued-in-error", Act.REVOKE))
        assert price_of(here, plan.transactions).gas > 20_000
        assert (plan.changed, plan.already, len(plan.transactions)) == (1, 0, 1)
        carry_out(here, plan)
        index = here.store.places(ada, issuer)[0].leaf.leaf_index
        assert here.contract.status(issuer, root, index, ada).revoked
        assert plan_change(here, Act.REVOKE, [Target.of(ada)], Reason.UNSPECIFIED).transactions == []
        with pytest.raises(StoreError) as refused:
            plan_change(here, Act.REVOKE, [Target.of(bytes(32))], Reason.UNSPECIFIED)
        assert refused.value.code == "not-anchored"
        batch = batch_to_void(here, root)
        void(here, batch, Reason.KEY_COMPROMISE)
        assert batch_to_void(here, root).void_reason is Reason.KEY_COMPROMISE
        # Of a place in the voided batch nothing can be sent, and the database says that it is revoked by itself.
        plan = plan_change(here, Act.REVOKE, [Target.of(bob)], Reason.UNSPECIFIED, place_only=True)
        assert (plan.transactions, plan.beyond) == ([], [bob])
        carry_out(here, plan)
        assert kept(here).revoked(issuer, [ada, bob]) == {bob}


@pytest.mark.parametrize(("asked", "act"), [(Act.SUSPEND, Act.REINSTATE), (Act.REINSTATE, Act.SUSPEND)])
def test_a_later_word_is_not_sent_before_an_earlier_job_that_asks_the_opposite(
    run: Run, issuer: int, asked: Act, act: Act
) -> None:
    """The job would be carried out afterwards, and undo it."""
    (ada, bob), _ = anchored(run, f"diplomas to {act.word}", "ada", "bob")
    with working() as here:
        jobs, why = kept(here), Reason.UNSPECIFIED
        job, _ = jobs.add(NewStatusJob(issuer, asked, why.word, "http", (ada,)))
        later = time.time() + 3600
        jobs.add(NewStatusJob(issuer, asked, why.word, "http", (bob,), not_before=later))
        with pytest.raises(StoreError) as refused:
            plan_change(here, act, [Target.of(ada), Target.of(bob)], why)
        assert refused.value.code == "opposite-open"
        assert job.id in (refused.value.remedy or "")
        # Neither what goes together with it nor what it is not about is held up, nor what is for later.
        for each, whom in ((asked, ada), (Act.REVOKE, ada), (act, bob)):
            plan_change(here, each, [Target.of(whom)], why)
        jobs.cancel(job)
        plan_change(here, act, [Target.of(ada)], why)


def kept(here: Workspace) -> StatusJobStore:
    return StatusJobStore(here.folder.engine, here.chain, here.contract_address)


def test_an_anchor_is_superseded(run: Run, issuer: int) -> None:
    (ada,), first = anchored(run, "first", "ada")
    _, second = anchored(run, "second", "ada", "bob")
    with working() as here:
        plan = plan_supersession(here, [Target.of(ada)])
        send_all(here, plan.transactions)
        block = here.contract.batch(issuer, first)
        assert block is not None
        (by,) = here.contract.replacements(issuer, first, from_block=block.block_number).values()
        assert by.root == second
        assert plan_supersession(here, [Target.of(ada)]).already == 1


def test_a_party_and_what_is_said_of_it(run: Run, issuer: int) -> None:
    with Workspace(load_settings(None, issuer=issuer)) as here:
        contract = here.ready_to_write()
        holder = parties.register_party(here, here.sender, "did:web:b.example", parties.NO_PROFILE)
        end = datetime.now(UTC) + timedelta(days=365)
        terms = accreditations.Terms(Scope.from_words("061", "6-7", (), ""), valid_until=end)
        offered = accreditations.offer(here, holder, terms)
        assert (offered.body, offered.holder, offered.state) == (issuer, holder, "offered")
        active = accreditations.take_step(here, offered, accreditations.ACCEPT)
        assert active.state == "active"
        accreditations.try_step(here, active, accreditations.withdrawal(Reason.UNSPECIFIED))
        ended = accreditations.take_step(here, active, accreditations.voiding(Reason.OBTAINED_BY_FRAUD))
        assert (ended.state, accreditations.existing(contract, ended.id)) == ("void", ended)
        assert accreditations.recognise(here, holder, accreditations.Terms(terms.scope)).valid_until is None
        party = parties.existing(contract, holder)
        assert parties.set_profile(here, party, uri="did:web:c.example")
        retired = parties.retire(here, party)
        assert (retired.uri, retired.retired_at is None) == ("did:web:c.example", False)


@pytest.mark.parametrize(
    ("calls", "transactions"),
    [(0, []), (1, [1]), (2, [2]), (CALLS_A_TRANSACTION + 1, [CALLS_A_TRANSACTION, 1])],
)
def test_calls_share_transactions(calls: int, transactions: list[int]) -> None:
    given = [Call(f"call {number}", call_data("retire", number)) for number in range(calls)]
    found = gathered(given, "retired")
    at = 0
    for each, count in zip(found, transactions, strict=True):
        mine = given[at : at + count]
        expected = mine[0].data if count == 1 else call_data("multicall", [call.data for call in mine])
        assert each.data == expected
        at += count
    # The same calls have the same purpose, others another one.
    assert gathered(given, "retired") == found
    assert (
        len({each.purpose for each in found} | {each.purpose for each in gathered(given[1:], "retired")}) <= calls + 2
    )
