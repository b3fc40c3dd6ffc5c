"""`testamur recover`: a database that was restored from a backup learns what the chain knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from anchor.books.acts import ActRow
from anchor.books.anchoring import AnchorStore
from anchor.books.batches import BatchRow
from anchor.books.deeds import DeedRow
from anchor.books.leases import Lease
from anchor.cli.anchor import batch_content
from anchor.cli.asking import Yes, confirmed
from anchor.cli.console import Styled, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from anchor.processes import this_process
from anchor.sending.outlook import Outlook, accept_chain
from anchor.workspace import Workspace
from registry.errors import ChainBusy

if TYPE_CHECKING:
    from anchor.restoring.recovery import Missing

LEASE_SECONDS: Final = 30.0
# A daemon that found its database behind gives the lease back after each look.
FREE_SECONDS: Final = 10.0


@command
def recover(
    session: Session,
    without_trees: Annotated[
        bool, typer.Option("--without-trees", help="Give up the credentials of batches whose trees are lost.")
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept-chain", help="Take the chain for the right one though a final block changed.")
    ] = False,
    yes: Yes = False,
) -> int:
    """Take over from the chain and the trees what the database does not know; nothing is sent."""
    # What reads transactions takes a while to import, and is not installed everywhere.
    from anchor.restoring.recovery import Recovery

    with session.workspace() as workspace:
        account = workspace.signer.address
        if without_trees:
            confirmed("Credentials in batches whose trees are lost can be anchored again unnoticed. Go on?", yes=yes)
        if accept:
            confirmed("Did you compare the chain with other endpoints, and do they agree? Go on?", yes=yes)
        with _alone(session, workspace, account) as lease:
            if accept:
                return _accept(session, workspace, lease)
            done = Recovery(workspace, account, without_trees=without_trees).run()
    session.result(
        {
            "account": account,
            "added": [batch_content(row) for row in done.added],
            "refreshed": [batch_content(row) for row in done.refreshed],
            "jobs": [{"job": job.id, "root": f"0x{row.root.hex()}"} for job, row in done.jobs],
            "transactions": done.transactions,
            "missing": [_missing_content(each) for each in done.missing],
            "givenUp": [batch_content(row) for row in done.given_up],
            "held": [job.id for job in done.held],
        }
    )
    for row in done.added:
        session.say(f"Batch {row.sequence} of issuer {row.issuer}, ", bold(f"0x{row.root.hex()}"), ": taken over")
    for row in done.refreshed:
        session.say(f"Batch {row.sequence} of issuer {row.issuer}, ", bold(f"0x{row.root.hex()}"), f": is {row.state}")
    for job, row in done.jobs:
        session.say(f"Job {job.id} is in batch 0x{row.root.hex()}")
    for held in done.held:
        session.say(
            Styled("put aside", "yellow"),
            f": status job {held.id} ({held.act.word}) of issuer {held.issuer}, whose opposite was sent after the "
            "backup. Take it up with `testamur jobs retry` if it is still meant, else `testamur jobs cancel`.",
        )
    for row in done.given_up:
        session.say(
            Styled("given up", "yellow"), f": batch {row.sequence} of issuer {row.issuer}, 0x{row.root.hex()}: no tree"
        )
    for each in done.missing:
        session.say(
            Styled("not taken over", "red"), f": {each.batch} of issuer {each.issuer}: {each.why} ({each.code})"
        )
    if done.missing:
        session.say(
            f"The credentials of {amount(len(done.missing), 'batch', 'batches')} are not known here. Copy the trees "
            "from a backup or from another machine into the folder trees, or make them again from receipts or the "
            "export (testamur trees repair), and run this again. If they are lost for good, --without-trees goes on "
            "without them."
        )
        return Exit.FAILED
    if not (done.added or done.refreshed):
        session.say("The database has every batch that the chain has of its issuers.")
    return Exit.DONE


@contextmanager
def _alone(session: Session, workspace: Workspace, account: str) -> Iterator[Lease]:
    lease = Lease(workspace.folder.engine, workspace.chain, account, f"recover {this_process()}", LEASE_SECONDS)
    if (holder := lease.holder()) is not None:
        session.note(f"Waiting for {holder.owner}, which may be dead: {holder.seconds:.0f} seconds at most.")
    if not lease.acquire_unless_held(FREE_SECONDS):
        raise ChainBusy(
            f"another process signs with {account}",
            remedy="Stop the daemon first.",
            code="sender-busy",
        )
    with lease.kept():
        yield lease


def _accept(session: Session, workspace: Workspace, lease: Lease) -> int:
    contract = workspace.contract
    store = AnchorStore(workspace.folder.engine, workspace.chain, contract.address, lease)
    outlook = Outlook.of(workspace.client, lease.address, workspace.settings.finality_depth)
    known = store.checkpoint()
    if known is None or outlook.is_canonical(known.final_number, known.final_hash):
        session.result({"accepted": False, "block": known and known.final_number, "gone": []})
        session.say("The block that was final is on the chain: there is nothing to accept.")
        return Exit.DONE
    gone = accept_chain(contract, workspace.chain_id, outlook, store)
    acts = [row for row in gone if isinstance(row, ActRow)]
    batches = [row for row in gone if not isinstance(row, ActRow)]
    content = [{"issuer": row.issuer, **_of(row), "block": row.block_number} for row in batches]
    content += [{"purpose": row.purpose, "block": row.block_number} for row in acts]
    session.result({"accepted": True, "block": outlook.final.number, "gone": content})
    session.say(f"From now on block {outlook.final.number}, 0x{outlook.final.hash.hex()}, is the newest final one.")
    for row in batches:
        session.say(f"{_named(row)} of issuer {row.issuer} is not in block {row.block_number} any more.")
    for act in acts:
        session.say(f"The transaction for {act.purpose!r} is not in block {act.block_number} any more.")
    if gone:
        session.say("The daemon takes these up again. Receipts of batches have to be made anew.")
    return Exit.DONE


def _of(row: BatchRow | DeedRow) -> dict[str, Any]:
    if isinstance(row, DeedRow) and row.digests:
        return {"act": row.act.word, "digests": [digest.hex() for digest in row.digests]}
    return {"root": f"0x{row.root.hex()}"}


def _named(row: BatchRow | DeedRow) -> str:
    if isinstance(row, DeedRow) and row.digests:
        return f"To {row.act.word} {amount(len(row.digests), 'digest')}"
    return f"Batch 0x{row.root.hex()}"


def _missing_content(each: Missing) -> dict[str, Any]:
    return {"issuer": each.issuer, **each.batch.content(), "code": each.code, "why": each.why}
