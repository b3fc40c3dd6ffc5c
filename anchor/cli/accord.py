"""`testamur accord …`: a multilateral agreement, driven from one file by each of its parties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from anchor.acts import accords as acts
from anchor.acts.accord_plan import Plan, Step, whose_turn
from anchor.acts.accreditations import ready_to_accredit
from anchor.acts.statuses import reason_of
from anchor.cli import accord_told as told
from anchor.cli.asking import DryRun, WithdrawReason, Yes, confirmed
from anchor.cli.console import bold
from anchor.cli.session import Session, command
from anchor.workspace import Workspace
from registry.chain.contract import CredentialRegistry
from registry.chain.ledger import read_ledger
from registry.recognition.accord_file import AccordFile
from registry.recognition.accords import what_is_missing
from registry.recognition.ledger import Accreditation
from registry.records import MOST_PARTIES, Act, Reason
from registry.timestamps import past_moment, write_timestamp
from registry.untrusted.text import marked

app = typer.Typer(help="Found an accord, admit members and let them leave.", no_args_is_help=True)

AccordPath = Annotated[Path, typer.Argument(metavar="FILE", help="The file of the accord, TOML.", show_default=False)]
MemberNumber = Annotated[
    int | None,
    typer.Argument(
        metavar="[MEMBER]",
        help="Number of the member; default: the party of this data folder.",
        min=1,
        max=MOST_PARTIES,
        show_default=False,
    ),
]
At = Annotated[str | None, typer.Option("--at", help="Also what there was on this day or at this moment.")]


@app.command()
@command
def create(session: Session, file: AccordPath, dry_run: DryRun = False, yes: Yes = False) -> None:
    """Do whatever this data folder's party can do for an accord: as the accord for all, as a member for itself."""
    _link(session, file, acts.founding, dry_run=dry_run, yes=yes)


@app.command()
@command
def admit(
    session: Session, file: AccordPath, member: MemberNumber = None, dry_run: DryRun = False, yes: Yes = False
) -> None:
    """Link one member: offer, as the accord; accept and recognise, as the member."""
    _link(session, file, partial(acts.admission, member=member), dry_run=dry_run, yes=yes)


@app.command()
@command
def leave(
    session: Session,
    file: AccordPath,
    member: MemberNumber = None,
    reason: WithdrawReason = "unspecified",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Withdraw the links of members that left, from the day that the file says; what was accredited before stands."""
    why = reason_of(reason, Act.WITHDRAW)
    accord = acts.read_accord(file)
    with session.workspace(read_only=dry_run) as workspace:
        contract = _contract(workspace, accord, file, dry_run=dry_run)
        plan, reaches = acts.departure(workspace, contract, accord, file, member)
        for step in plan.steps:
            if (reach := reaches.get(step.member.party)) and reach.batches:
                session.note(told.reach_words(step, reach))
        if dry_run:
            acts.try_out(workspace, contract, plan, why)
            done = []
        else:
            if plan.steps:
                numbers = ", ".join(str(step.number) for step in plan.steps)
                confirmed(f"Withdraw number {numbers} for good ({why.word}). Go on?", yes=yes)
            done = _carry_out(session, workspace, accord, plan, why)
    _tell(session, accord, plan, done, dry_run=dry_run, reaches=reaches)


@app.command()
@command
def show(session: Session, file: AccordPath, at: At = None) -> None:
    """Show what there is on chain of an accord, beside its file: links that hold, that are missing, that are beyond."""
    accord = acts.read_accord(file)
    moment = past_moment(at, "--at", datetime.now(UTC))
    with session.workspace(read_only=True) as workspace:
        contract = workspace.contract
        acts.check_on_chain(workspace, contract, accord, file)
        ledger = read_ledger(contract)
        now = acts.now_by(ledger)
        standing = what_is_missing(accord, ledger, now)
        body = contract.party(accord.accord.party)
        turns = whose_turn(accord, standing, now, path=str(file))
    then = None if moment is None else told.readings_at(accord, ledger, moment)
    session.result(told.content(accord, standing, turns, moment, then))
    session.say(bold(told.title(accord)), f": {told.summary(accord, standing, now)}.")
    session.say(told.table(standing, None if moment is None else then))
    if moment is not None:
        session.say(f"Of {write_timestamp(moment)}: as known then / as known now.")
    for member, sentence in turns.notes:
        session.say(f"{told.named(member)}: {sentence}.")
    for sentence in told.remarks(accord, standing, body):
        session.say(sentence)
    _tell_turns(session, turns)


def _link(
    session: Session,
    path: Path,
    planned: Callable[[Workspace, CredentialRegistry, AccordFile, Path], Plan],
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    accord = acts.read_accord(path)
    with session.workspace(read_only=dry_run) as workspace:
        contract = _contract(workspace, accord, path, dry_run=dry_run)
        plan = planned(workspace, contract, accord, path)
        if dry_run:
            acts.try_out(workspace, contract, plan)
            done = []
        else:
            if plan.steps:
                confirmed(f"{told.summed(plan.steps)}, as party {workspace.issuer()}. Go on?", yes=yes)
            done = _carry_out(session, workspace, accord, plan)
    _tell(session, accord, plan, done, dry_run=dry_run)


def _carry_out(
    session: Session, workspace: Workspace, accord: AccordFile, plan: Plan, reason: Reason = Reason.UNSPECIFIED
) -> list[tuple[Step, Accreditation]]:
    """Do it, with a bar: a chain takes a block for each."""
    done = []
    with session.progress("linking") as progress:
        for number, each in enumerate(acts.carry_out(workspace, accord, plan, reason), 1):
            done.append(each)
            progress(number, len(plan.steps))
    return done


def _contract(workspace: Workspace, accord: AccordFile, path: Path, *, dry_run: bool) -> CredentialRegistry:
    contract = workspace.contract if dry_run else ready_to_accredit(workspace)
    acts.check_on_chain(workspace, contract, accord, path)
    return contract


def _tell(
    session: Session,
    accord: AccordFile,
    plan: Plan,
    done: list[tuple[Step, Accreditation]],
    *,
    dry_run: bool,
    reaches: Mapping[int, acts.Reach] | None = None,
) -> None:
    """What was done, or would be, and what is left to do."""
    numbers = {id(step): link.id for step, link in done}
    rows = [(step, numbers.get(id(step), step.number)) for step in plan.steps]
    session.result(
        {
            "accord": accord.accord.party,
            "dryRun": dry_run,
            "steps": [told.step_content(step, number) for step, number in rows],
            **told.turns_content(plan),
            **({} if reaches is None else {"anchoredSince": told.reaches_content(reaches)}),
        }
    )
    if rows:
        session.say(told.steps_table(rows, dry_run=dry_run))
        session.say("Nothing was sent." if dry_run else f"{told.summed(plan.steps)}.")
    else:
        session.say("There is nothing to do for this party: what it can say is on chain.")
    for member, sentence in plan.notes:
        session.say(f"{told.named(member)}: {sentence}.")
    _tell_turns(session, plan)


def _tell_turns(session: Session, plan: Plan) -> None:
    if plan.errands:
        session.say(bold("What is left to do"), ", each in the data folder of the party:")
    for errand in plan.errands:
        session.say(f"  party {errand.party} ({marked(errand.name)}): {errand.command}")
