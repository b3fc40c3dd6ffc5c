"""`testamur revoke`, `suspend`, `reinstate` and `void`: the status of credentials after they were anchored."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from anchor.acts.statuses import DONE, Plan, batch_to_void, carry_out, plan_change, reason_of
from anchor.acts.statuses import void as void_batch
from anchor.books.on_chain import named
from anchor.cli.asking import DryRun, ReinstateReason, RevokeReason, SuspendReason, VoidReason, Yes, confirmed, priced
from anchor.cli.session import Session, command
from anchor.cli.status_queue import Queueing, queue_change, queue_voiding
from anchor.cli.targets import Meant, inside_content, root_given, say_inside
from anchor.cli.wording import amount
from registry.records import Act


@command
def revoke(
    session: Session,
    which: Meant,
    queued: Queueing,
    reason: RevokeReason = "unspecified",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Revoke credentials for good."""
    _change(session, which, queued, Act.REVOKE, reason, dry_run=dry_run, yes=yes)


@command
def suspend(
    session: Session,
    which: Meant,
    queued: Queueing,
    reason: SuspendReason = "under-review",
    dry_run: DryRun = False,
) -> None:
    """Suspend credentials until they are reinstated."""
    _change(session, which, queued, Act.SUSPEND, reason, dry_run=dry_run)


@command
def reinstate(
    session: Session,
    which: Meant,
    queued: Queueing,
    reason: ReinstateReason = "resolved",
    dry_run: DryRun = False,
) -> None:
    """Lift the suspension of credentials; a revocation cannot be lifted."""
    _change(session, which, queued, Act.REINSTATE, reason, dry_run=dry_run)


@command
def void(
    session: Session,
    batch: Annotated[str, typer.Argument(help="Root of the batch: 0x and 64 hexadecimal digits.", show_default=False)],
    queued: Queueing,
    reason: VoidReason = "unspecified",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Void a whole batch: all in it is revoked for good. The issuer's controller alone can."""
    root, why = root_given(batch), reason_of(reason, Act.VOID)
    if queued.is_wanted(dry_run=dry_run):
        queue_voiding(session, root, why, queued, partial(confirmed, yes=yes))
        return
    with session.workspace(read_only=dry_run) as workspace:
        if not dry_run:
            workspace.ready_to_decide()
        found = batch_to_void(workspace, root)
        is_new = found.voided_at is None
        if is_new and not dry_run:
            confirmed(
                f"{amount(found.leaf_count, 'credential')} will be revoked for good ({why.word}). Go on?", yes=yes
            )
            void_batch(workspace, found, why)
    content = {"issuer": found.issuer, "root": f"0x{root.hex()}", "leafCount": found.leaf_count, "reason": why.word}
    session.result(content | {"voided": is_new and not dry_run, "already": not is_new})
    if not is_new:
        session.say("It was voided before.")
    else:
        done = "would be voided" if dry_run else "is voided"
        session.say(f"The batch of {amount(found.leaf_count, 'credential')} {done} ({why.word}).")


def _change(
    session: Session,
    which: Meant,
    queued: Queueing,
    act: Act,
    reason_word: str,
    *,
    dry_run: bool,
    yes: bool = False,
) -> None:
    reason = reason_of(reason_word, act)
    if queued.is_wanted(dry_run=dry_run):
        queue_change(session, which, act, reason, queued, partial(confirmed, yes=yes))
        return
    found = which.found(session.settings)
    with session.workspace(read_only=dry_run) as workspace:
        if not dry_run:
            workspace.ready_to_decide()
        plan = plan_change(workspace, act, found, reason, everything=which.everything)
        price, words = priced(workspace, plan.transactions, dry_run=dry_run)
        if plan.changes:
            session.say(f"To be sent: {amount(len(plan.transactions), 'transaction')}, {words}.")
        if not dry_run:
            if act is Act.REVOKE and plan.changes:
                confirmed(f"{_entries(plan.changed)} will be revoked for good ({reason.word}). Go on?", yes=yes)
            with session.progress("sending") as progress:
                carry_out(workspace, plan, progress)
    _tell(session, plan, None if price is None else price.gas, dry_run=dry_run)


def _tell(session: Session, plan: Plan, gas: int | None, *, dry_run: bool) -> None:
    done = DONE[plan.act]
    session.result(
        {
            "issuer": plan.issuer,
            done: 0 if dry_run else plan.changed,
            **({"wouldChange": plan.changed} if dry_run else {}),
            "already": plan.already,
            "transactions": len(plan.transactions),
            "gas": gas,
            "reason": plan.reason.word,
            "digests": [digest.hex() for digest in plan.targets],
            "inside": inside_content(plan.targets),
            "inVoidedBatches": [digest.hex() for digest in plan.beyond],
            "unknownBatches": [each.content() for each in plan.unknown],
        }
    )
    say_inside(session, plan.targets)
    note = f"; {plan.already:,} had that status already" if plan.already else ""
    session.say(
        f"{_entries(plan.changed)} {'would be ' if dry_run else ''}{done} ({plan.reason.word}) "
        f"in {amount(len(plan.transactions), 'transaction')}{note}."
    )
    if plan.beyond:
        session.say(
            f"{amount(len(plan.beyond), 'credential')} in voided batches alone, where the contract takes no word of "
            "its own: the database keeps it, and `anchor --reissue` leaves them out."
        )
    if dry_run:
        session.say("Nothing was sent.")
    if plan.unknown:
        session.say(
            f"Whether they are also in {named(plan.unknown)}, which this folder does not know, was not looked at: "
            "there nothing is changed."
        )


def _entries(number: int) -> str:
    """A credential that is in two batches has an entry in each."""
    return amount(number, "entry of a batch", "entries of batches")
