"""`testamur supersede`: one anchor replaces another."""

from __future__ import annotations

from typing import Annotated

import typer

from anchor.acts.statuses import Plan
from anchor.acts.supersession import Link, Supersession, plan_supersession
from anchor.acts.transactions import send_all
from anchor.books.on_chain import named
from anchor.books.status_jobs import Way
from anchor.cli.asking import DryRun, Yes, confirmed, priced
from anchor.cli.session import Session, command
from anchor.cli.targets import Meant, root_given, target_of
from anchor.cli.wording import amount

SHOWN = 5


@command
def supersede(
    session: Session,
    which: Meant,
    by: Annotated[
        str | None,
        typer.Option(
            "--by", help="What replaces it, a file or a digest; default: the same, where it was anchored last."
        ),
    ] = None,
    batch: Annotated[
        str | None, typer.Option("--batch", help="Root of the batch in which it is replaced; default: wherever it is.")
    ] = None,
    by_batch: Annotated[
        str | None, typer.Option("--by-batch", help="Root of the batch with the replacement; default: the newest.")
    ] = None,
    revoke: Annotated[
        bool,
        typer.Option(
            "--revoke", help="Revoke what is replaced, too: another credential by its digest, an anchor by its place."
        ),
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Record that one anchor replaces another, which then counts no more for the one that replaces it."""
    found = which.found(session.settings)
    replacement = None if by is None else target_of(by, session.settings)
    roots = {
        "batch": None if batch is None else root_given(batch),
        "by_batch": None if by_batch is None else root_given(by_batch),
    }
    with session.workspace(read_only=dry_run) as workspace:
        if not dry_run:
            workspace.ready_to_decide()
        plan = plan_supersession(workspace, found, replacement, everything=which.everything, revoke=revoke, **roots)
        price, words = priced(workspace, plan.transactions, dry_run=dry_run)
        if plan.transactions:
            session.say(f"To be sent: {amount(len(plan.transactions), 'transaction')}, {words}.")
        if not dry_run:
            if plan.transactions:
                confirmed(_question(plan), yes=yes)
            with session.progress("sending") as progress:
                send_all(workspace, plan.transactions, progress)
    _tell(session, plan, None if price is None else price.gas, dry_run=dry_run)


def _question(plan: Supersession) -> str:
    again = ""
    if plan.standing:
        again = f"{amount(len(plan.standing), 'credential')} taken for revoked will stand again. "
    more = ""
    if plan.revocation is not None and plan.revocation.transactions:
        more = f"{_revoked(plan.revocation)} will be revoked for good. "
    return f"{_anchors(len(plan.links))} will be superseded, for everybody to see. {again}{more}Go on?"


def _revoked(plan: Plan) -> str:
    return amount(plan.changed, "credential" if Way.DIGEST in plan.ways else "anchor")


def _tell(session: Session, plan: Supersession, gas: int | None, *, dry_run: bool) -> None:
    session.result(
        {
            "issuer": plan.issuer,
            "superseded": 0 if dry_run else len(plan.links),
            **({"wouldSupersede": len(plan.links)} if dry_run else {}),
            "already": plan.already,
            "transactions": len(plan.transactions),
            "gas": gas,
            "revoked": 0 if plan.revocation is None or dry_run else plan.revocation.changed,
            "revokedBy": [] if plan.revocation is None else [way.value for way in plan.revocation.ways],
            "standAgain": [digest.hex() for digest in plan.standing],
            "links": [
                {
                    "digest": link.digest.hex(),
                    "root": f"0x{link.place.root.hex()}",
                    "leafIndex": link.place.leaf_index,
                    "by": {"root": f"0x{link.by.root.hex()}", "leafIndex": link.by.leaf_index},
                }
                for link in plan.links
            ],
            "unknownBatches": [each.content() for each in plan.unknown],
        }
    )
    for link in plan.links[:SHOWN]:
        session.say(_line(link))
    if len(plan.links) > SHOWN:
        session.say("  and others; --json names all of them.")
    note = f"; {plan.already:,} were so already" if plan.already else ""
    session.say(
        f"{_anchors(len(plan.links))} {'would be ' if dry_run else ''}superseded "
        f"in {amount(len(plan.transactions), 'transaction')}{note}."
    )
    if plan.standing:
        stand = "would stand again" if dry_run else "stand again"
        session.say(f"{amount(len(plan.standing), 'credential')} taken for revoked {stand}.")
    if plan.revocation is not None:
        way = "by its digest" if Way.DIGEST in plan.revocation.ways else "by its place alone"
        session.say(f"{_revoked(plan.revocation)} {'would be ' if dry_run else ''}revoked, each {way}.")
    if dry_run:
        session.say("Nothing was sent.")
    if plan.unknown:
        session.say(f"Of {named(plan.unknown)}, which this folder does not know, nothing is said.")


def _line(link: Link) -> str:
    old, new = link.place, link.by
    return (
        f"  {link.digest.hex()}: leaf {old.leaf_index} of 0x{old.root.hex()} by leaf {new.leaf_index} "
        f"of 0x{new.root.hex()}"
    )


def _anchors(number: int) -> str:
    return amount(number, "anchor")
