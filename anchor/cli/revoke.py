"""`testamur revoke`, `suspend`, `reinstate` and `void`: the status of credentials after they were anchored."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import typer

from anchor.acts.statuses import DONE, Plan, batch_to_void, carry_out, plan_change, plan_of_all, reason_of
from anchor.acts.statuses import void as void_batch
from anchor.books.on_chain import named
from anchor.books.status_jobs import Way
from anchor.cli.asking import (
    DryRun,
    ReinstateReason,
    RevokeReason,
    SuspendReason,
    VoidReason,
    Yes,
    at_a_terminal,
    confirmed,
    priced,
)
from anchor.cli.console import SafeConsole
from anchor.cli.rows import Rows, by_reason, show_chosen, table_of
from anchor.cli.session import Session, command
from anchor.cli.status_queue import Queueing, queue_change, queue_voiding
from anchor.cli.targets import Meant, Saying, inside_content, root_given, say_inside
from anchor.cli.wording import amount
from anchor.workspace import Workspace
from registry.chain.contract import Batch
from registry.errors import IntakeError, RegistryError
from registry.records import Act, Reason


@command
def revoke(
    session: Session,
    which: Meant,
    rows: Rows,
    saying: Saying,
    queued: Queueing,
    reason: RevokeReason = "unspecified",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Revoke credentials for good, wherever they are anchored."""
    _change(session, which, rows, saying, queued, Act.REVOKE, reason, dry_run=dry_run, yes=yes)


@command
def suspend(
    session: Session,
    which: Meant,
    rows: Rows,
    saying: Saying,
    queued: Queueing,
    reason: SuspendReason = "under-review",
    dry_run: DryRun = False,
) -> None:
    """Suspend credentials until they are reinstated, wherever they are anchored."""
    _change(session, which, rows, saying, queued, Act.SUSPEND, reason, dry_run=dry_run)


@command
def reinstate(
    session: Session,
    which: Meant,
    rows: Rows,
    saying: Saying,
    queued: Queueing,
    reason: ReinstateReason = "resolved",
    dry_run: DryRun = False,
) -> None:
    """Lift the suspension of credentials; a revocation cannot be lifted."""
    _change(session, which, rows, saying, queued, Act.REINSTATE, reason, dry_run=dry_run)


@command
def void(
    session: Session,
    batch: Annotated[str, typer.Argument(help="Root of the batch: 0x and 64 hexadecimal digits.", show_default=False)],
    queued: Queueing,
    reason: VoidReason = "unspecified",
    digests: Annotated[
        bool | None,
        typer.Option(
            "--digests/--no-digests",
            help="Revoke the digests of all in it, too, so that nobody anchors them again; it takes the tree.",
            show_default=False,
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Void a whole batch: all in it is revoked for good. The issuer's controller alone can."""
    root, why = root_given(batch), reason_of(reason, Act.VOID)
    if queued.is_wanted(dry_run=dry_run):
        _refuse_digests(digests)
        queue_voiding(session, root, why, queued, partial(confirmed, yes=yes))
        return
    with session.workspace(read_only=dry_run) as workspace:
        if not dry_run:
            workspace.ready_to_decide()
        found = batch_to_void(workspace, root)
        is_new = found.voided_at is None
        # What cannot be done is refused before anything is.
        more = plan_of_all(workspace, found, why) if digests else None
        if is_new and not dry_run:
            confirmed(
                f"{amount(found.leaf_count, 'credential')} will be revoked for good ({why.word}). Go on?", yes=yes
            )
            void_batch(workspace, found, why)
        done = "would be voided" if dry_run else "is voided"
        said = f"The batch of {amount(found.leaf_count, 'credential')} {done} ({why.word})."
        session.say(said if is_new else "It was voided before.")
        if digests is None and why is Reason.KEY_COMPROMISE:
            more = _offered(session, workspace, found, why, ask=not dry_run and not yes)
        gas = None if more is None else _revoke_all(session, workspace, more, dry_run=dry_run, sure=digests and yes)
    content = {"issuer": found.issuer, "root": f"0x{root.hex()}", "leafCount": found.leaf_count, "reason": why.word}
    session.result(
        content
        | {"voided": is_new and not dry_run, "already": not is_new}
        | {"digestsRevoked": 0 if more is None or dry_run else more.changed, "gas": gas}
    )


def _refuse_digests(digests: bool | None) -> None:
    if digests:
        raise IntakeError(
            "--digests does not go with --queue",
            remedy="Give the digests to the daemon as a job of their own: testamur revoke --queue --list FILE.",
            code="queue",
        )


def _offered(session: Session, workspace: Workspace, batch: Batch, why: Reason, *, ask: bool) -> Plan | None:
    """The revocation of all digests in a batch whose key somebody else has, where a person wants it; else it is said
    what to do, and why."""
    threat = "Whoever has the key can anchor the same credentials again, as long as the account is an operator."
    try:
        plan = plan_of_all(workspace, batch, why)
    except RegistryError as error:
        session.say(f"{threat} Their digests cannot be revoked from here: {error.what}. {error.remedy or ''}".rstrip())
        return None
    if not plan.digests:
        return None
    much = f"{amount(len(plan.digests), 'digest')} in {amount(len(plan.transactions), 'transaction')}"
    if ask and at_a_terminal() and SafeConsole(stderr=True).confirms(f"{threat} Revoke {much} as well?"):
        return plan
    session.say(f"{threat} To revoke {much} as well: testamur void 0x{batch.root.hex()} --digests")
    return None


def _revoke_all(session: Session, workspace: Workspace, plan: Plan, *, dry_run: bool, sure: bool | None) -> int | None:
    """Revoke the digests of a voided batch; its gas, where that is known."""
    price, words = priced(workspace, plan.transactions, dry_run=dry_run)
    session.say(f"To be sent: {amount(len(plan.transactions), 'transaction')}, {words}.")
    if not dry_run:
        if plan.digests:
            confirmed(_question(plan), yes=bool(sure))
        with session.progress("sending") as progress:
            carry_out(workspace, plan, progress)
    done = "would be revoked" if dry_run else "are revoked"
    session.say(f"{amount(plan.changed, 'digest')} of it {done}; {plan.already:,} were so already.")
    return None if price is None else price.gas


def _change(
    session: Session,
    which: Meant,
    rows: Rows,
    saying: Saying,
    queued: Queueing,
    act: Act,
    reason_word: str,
    *,
    dry_run: bool,
    yes: bool = False,
) -> None:
    reason = reason_of(reason_word, act)
    table = table_of(which.list_file)
    of_rows = rows.are_named or table is not None
    if queued.is_wanted(dry_run=dry_run):
        if of_rows:
            raise _not_queued()
        queue_change(session, which, saying.checked(), act, reason, queued, partial(confirmed, yes=yes))
        return
    saying.checked()
    others = which if table is None else replace(which, list_file=None)
    found = others.found(session.settings) if others.targets or others.list_file or not of_rows else []
    with session.workspace(read_only=dry_run) as workspace:
        if not dry_run:
            workspace.ready_to_decide()
        chosen = rows.found(workspace, table) if of_rows else []
        if chosen and not session.as_json:
            show_chosen(session, workspace, chosen)
        groups = by_reason(chosen, reason.word)
        named = {each.row.digest.value for each in chosen}
        if more := [target for target in found if named.isdisjoint(target.digests)]:
            groups.setdefault(reason.word, []).extend(more)
        # Each word is looked at before anything is planned, and everything is planned before anything is sent.
        reasons = {word: reason_of(word, act) for word in groups}
        plans = [
            plan_change(
                workspace,
                act,
                targets,
                reasons[word],
                everything=which.everything,
                place_only=saying.place_only,
                without_anchor=saying.without_anchor,
            )
            for word, targets in groups.items()
        ]
        transactions = [call for plan in plans for call in plan.transactions]
        price, words = priced(workspace, transactions, dry_run=dry_run)
        if transactions:
            session.say(f"To be sent: {amount(len(transactions), 'transaction')}, {words}.")
        if not dry_run:
            if act is Act.REVOKE and transactions:
                confirmed(" ".join(_question(plan) for plan in plans if plan.transactions), yes=yes)
            with session.progress("sending") as progress:
                for plan in plans:
                    carry_out(workspace, plan, progress)
    gas = None if price is None else price.gas
    contents = [_content(plan, gas if len(plans) == 1 else None, dry_run=dry_run) for plan in plans]
    # A list with several reasons is several changes, each with its own.
    session.result(contents[0] if len(contents) == 1 else {"changes": contents, "gas": gas})
    for plan in plans:
        _tell(session, plan, dry_run=dry_run)
    if dry_run:
        session.say("Nothing was sent.")


def _not_queued() -> IntakeError:
    return IntakeError(
        "--queue does not go with rows, people and courses",
        remedy="Leave --queue out; or give the daemon their digests: `testamur issue status --json` has them.",
        code="queue",
    )


def _question(plan: Plan) -> str:
    unseen = f", {len(plan.unseen):,} of them in no batch known here" if plan.unseen else ""
    return f"{_amount(plan, plan.changed)} will be revoked for good ({plan.reason.word}){unseen}. Go on?"


def _content(plan: Plan, gas: int | None, *, dry_run: bool) -> dict[str, Any]:
    done = DONE[plan.act]
    return {
        "issuer": plan.issuer,
        "by": [way.value for way in plan.ways],
        done: 0 if dry_run else plan.changed,
        **({"wouldChange": plan.changed} if dry_run else {}),
        "already": plan.already,
        "transactions": len(plan.transactions),
        "gas": gas,
        "reason": plan.reason.word,
        "digests": [digest.hex() for digest in plan.targets],
        "inside": inside_content(plan.targets),
        "withoutAnchor": [digest.hex() for digest in plan.unseen],
        "inVoidedBatches": [digest.hex() for digest in plan.beyond],
        "unknownBatches": [each.content() for each in plan.unknown],
    }


def _tell(session: Session, plan: Plan, *, dry_run: bool) -> None:
    done = DONE[plan.act]
    say_inside(session, plan.targets)
    note = f"; {plan.already:,} had that status already" if plan.already else ""
    session.say(
        f"{_amount(plan, plan.changed)} {'would be ' if dry_run else ''}{done} ({plan.reason.word}) "
        f"in {amount(len(plan.transactions), 'transaction')}{note}."
    )
    if plan.unseen:
        session.say(
            f"{amount(len(plan.unseen), 'credential')} in no batch known here, first {plan.unseen[0].hex()}: "
            "said of the digest all the same."
        )
    if plan.beyond:
        session.say(
            f"{amount(len(plan.beyond), 'credential')} in voided batches alone, where the contract takes no word of "
            "its own: the database keeps it, and `anchor --reissue` leaves them out."
        )
    _say_how_far(session, plan)


def _say_how_far(session: Session, plan: Plan) -> None:
    if Way.DIGEST not in plan.ways:
        session.say(
            "It is said of these places alone: another anchor of theirs, in a batch not known here or made later, is "
            "not covered. Without --place-only it is said of the digests, and of every anchor."
        )
    elif plan.act is not Act.REINSTATE:
        session.say(f"It is said of the digests: of every anchor by issuer {plan.issuer}, made before or later.")
    if plan.unknown and Way.PLACE in plan.ways:
        session.say(
            f"Whether they are also in {named(plan.unknown)}, which this folder does not know, was not looked at: "
            "no place there is changed."
        )


def _amount(plan: Plan, number: int) -> str:
    """Of places alone, a credential that is in two batches has an entry in each."""
    if Way.DIGEST in plan.ways:
        return amount(number, "credential")
    return amount(number, "entry of a batch", "entries of batches")
