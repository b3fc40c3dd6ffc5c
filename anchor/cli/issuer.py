"""`testamur issuer …`: the party on chain that anchors."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from anchor.acts import parties
from anchor.acts.rotation import Rotation, plan_rotation, refuse_busy, rotate
from anchor.books.accounts import Doings
from anchor.cli.asking import DryRun, Yes, confirmed, priced
from anchor.cli.blockcerts import blockcerts_profile
from anchor.cli.chains import say_chain
from anchor.cli.console import Fields, bold
from anchor.cli.did import did
from anchor.cli.session import Session, command
from anchor.cli.wording import amount
from registry.chain.contract import Party
from registry.errors import SettingsError
from registry.records import MOST_PARTIES
from registry.timestamps import write_timestamp
from registry.untrusted.text import marked

app = typer.Typer(help="Register and show parties, their operators and their controller.", no_args_is_help=True)

_UNREAD = "not known: the endpoint does not give the events of so many blocks"
_NONE = "none: nobody can anchor or revoke"

PartyNumber = Annotated[
    int | None,
    typer.Argument(help="Number of the party; default: the issuer of the settings.", min=1, max=MOST_PARTIES),
]
Address = Annotated[str, typer.Argument(help="Address, 0x and 40 hexadecimal digits.")]


@app.command()
@command
def register(
    session: Session,
    uri: Annotated[str, typer.Option("--uri", help="Where the party says who it is: did:web:… or https://…")],
    profile: Annotated[Path | None, typer.Option("--profile", help="Its profile document; its hash is stored.")] = None,
) -> None:
    """Register a party; the account that signs becomes its controller and first operator."""
    parties.check_uri(uri, "--uri")
    profile_hash = parties.NO_PROFILE if profile is None else parties.hash_of(profile, "profile")
    with session.workspace() as workspace:
        contract = workspace.ready_to_decide()
        number = parties.register_party(workspace, workspace.sender, uri, profile_hash)
        party, chain = parties.existing(contract, number), workspace.asked_chain
    session.result(_content(party))
    session.say("Party ", bold(number), f" is registered for {marked(uri)}, controlled by {party.controller}.")
    session.say("Put ", bold(f"issuer = {number}"), f" in testamur.toml, or name it with --issuer {number}.")
    say_chain(session, chain)


@app.command()
@command
def show(session: Session, number: PartyNumber = None) -> None:
    """Show a party as the chain has it."""
    with session.workspace(read_only=True) as workspace:
        party = parties.existing(workspace.contract, number or workspace.issuer())
        operators, chain = parties.operators_of(workspace.contract, party), workspace.asked_chain
    session.result(_content(party) | {"operators": operators})
    retired = None if party.retired_at is None else write_timestamp(party.retired_at)
    session.say(
        Fields(
            {
                "party": party.id,
                "URI": marked(party.uri),
                "profile hash": f"0x{party.profile_hash.hex()}",
                "controller": party.controller,
                "offered to": party.pending_controller,
                "operators": _UNREAD if operators is None else ", ".join(operators) or _NONE,
                "registered": write_timestamp(party.registered_at),
                "retired": retired,
                "batches": party.sequence,
                "chain": chain,
            }
        )
    )


@app.command()
@command
def operator(
    session: Session,
    address: Address,
    remove: Annotated[bool, typer.Option("--remove", help="Take the right away again.")] = False,
) -> None:
    """Let another address anchor and revoke for the issuer, or no longer."""
    operator_address = parties.address_of(address)
    with session.workspace() as workspace:
        workspace.ready_to_decide()
        number = workspace.issuer()
        changed = parties.set_operator(workspace, number, operator_address, allowed=not remove)
    session.result({"issuer": number, "operator": operator_address, "allowed": not remove, "changed": changed})
    may = "may no longer" if remove else "may"
    so = "." if changed else "; it was so already."
    session.say(f"{operator_address} {may} anchor and revoke for party {number}{so}")


@app.command()
@command
def transfer(
    session: Session,
    address: Annotated[str | None, typer.Argument(help="The new controller.")] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Take the control that was offered to the signer.")] = False,
) -> None:
    """Offer control of the issuer to another address, or accept it there: it takes both steps."""
    if (address is None) is not accept:
        raise SettingsError("name the new controller, or use --accept as the new controller: one of the two")
    with session.workspace() as workspace:
        contract = workspace.ready_to_decide()
        number = workspace.issuer()
        if address is None:
            done = parties.accept_control(workspace, number)
        else:
            done = parties.offer_control(workspace, number, parties.address_of(address))
        new_anchors = contract.is_operator(number, done.party.controller)
    party, former = done.party, done.former
    content = {**_content(party), "operators": list(done.operators)}
    if party.pending_controller is None:
        former_anchors = former != party.controller and former in done.operators
        content |= {"controllerIsOperator": new_anchors, "formerControllerIsOperator": former_anchors}
    session.result(content)
    if party.pending_controller:
        session.say(f"Control of party {number} is offered to {party.pending_controller}.")
        session.say(f"It takes effect when that account runs `{_accepting(number)}`.")
        _say_operators(session, number, done.others, "Until then, and after it")
        return
    session.say(f"Party {number} is controlled by {party.controller}.")
    if not new_anchors:
        session.say("It may not anchor yet: control is one right, being an operator another. To let it anchor:")
        session.say(f"  testamur issuer operator {party.controller}")
    _say_operators(session, number, done.others, "Whoever controls it", former)


def _accepting(number: int) -> str:
    return f"testamur issuer transfer --accept --issuer {number}"


def _say_operators(
    session: Session, number: int, others: tuple[str, ...], when: str, former: str | None = None
) -> None:
    """Who can act for a party beside its controller, and how that is ended."""
    if not others:
        return
    session.say(f"{when}, {amount(len(others), 'other account')} may anchor and revoke for party {number}.")
    session.say("Its controller takes that right away, from each that is not wanted any more:")
    for each in others:
        note = "   (the former controller)" if each == former else ""
        session.say(f"  testamur issuer operator {each} --remove{note}")


@app.command("rotate")
@command
def rotate_keys(
    session: Session,
    controller: Annotated[str | None, typer.Option("--controller", help="Whom control is offered to.")] = None,
    operators: Annotated[
        list[str] | None, typer.Option("--operator", help="Who may anchor and revoke from now on; repeatable.")
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(
            "--remove",
            help="Who may no longer; repeatable. Default: the account that signs, unless nobody would be left.",
        ),
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also while an account that is removed has something to send.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Exchange the issuer's keys in one transaction: new operators, no old ones, and control offered."""
    new_controller = None if controller is None else parties.address_of(controller)
    wanted, unwanted = ([parties.address_of(each) for each in given or ()] for given in (operators, remove))
    if new_controller is None and not wanted and not unwanted:
        raise SettingsError(
            "name what changes: --operator, --remove or --controller",
            remedy="`testamur issuer show` tells what it is now.",
            code="no-change",
        )
    with session.workspace(read_only=dry_run) as workspace:
        if not dry_run:
            workspace.ready_to_decide()
        plan = plan_rotation(workspace, controller=new_controller, operators=wanted, remove=unwanted)
        if not dry_run and not anyway:
            refuse_busy(plan)
        price, words = priced(workspace, plan.transactions, dry_run=dry_run)
        party, after = plan.party, plan.operators
        if plan.transactions and not dry_run:
            session.say(f"To be sent: 1 transaction, {words}.")
            party, after = rotate(workspace, plan)
    offered = plan.offered_to or party.pending_controller
    session.result(
        {
            **_content(party),
            "operators": list(after),
            "added": list(plan.added),
            "removed": list(plan.removed),
            "offeredTo": offered,
            "changed": bool(plan.transactions) and not dry_run,
            "transactions": len(plan.transactions),
            "gas": None if price is None else price.gas,
            "underWay": [_doings_content(each) for each in plan.doings],
        }
    )
    if dry_run and plan.transactions:
        session.say(f"To be sent: 1 transaction, {words}.")
    _say_rotation(session, plan, after, offered, dry_run=dry_run)


def _say_rotation(
    session: Session, plan: Rotation, after: tuple[str, ...], offered: str | None, *, dry_run: bool
) -> None:
    number, controller = plan.party.id, plan.party.controller
    if not plan.transactions:
        session.say(f"Nothing changes for party {number}: it is so already.")
    becomes = "would be" if dry_run else "is"
    for each in plan.removed:
        session.say(f"{each} {becomes} no operator of party {number} any more: it anchors and revokes nothing.")
    for each in plan.added:
        session.say(f"{each} {becomes} an operator of party {number}: it anchors and revokes.")
    for doings in plan.doings:
        _say_doings(session, doings)
    if others := [each for each in after if each not in plan.added]:
        session.say(f"Operators as before: {', '.join(others)}.")
    if offered:
        session.say(f"Control {becomes if plan.offered_to else 'is'} offered to {offered}. With its key, to take it:")
        session.say(f"  {_accepting(number)}")
        session.say(
            f"Until then {controller} controls the party: it makes operators, takes the offer back, voids batches, "
            "accredits, recognises and retires the party."
        )
    elif controller in plan.removed:
        session.say(f"{controller} still controls the party, and can make itself an operator again. To end that, too:")
        session.say("  testamur issuer rotate --controller NEW")
    if dry_run:
        session.say("Nothing was sent.")


def _say_doings(session: Session, found: Doings) -> None:
    if found.under_way:
        session.say(
            f"Not in a block yet: {amount(found.under_way, 'transaction')} of {found.account}. What comes into one "
            "after this is refused, and another operator takes up the batches."
        )
    if found.process:
        session.say(f"Process {found.process} signs with {found.account}: give the daemon the new key.")
    if found.not_final:
        session.say(
            f"In a block that is not final: {amount(found.not_final, 'transaction')} of {found.account}. Should the "
            "chain undo it, they are refused."
        )


@app.command()
@command
def profile(
    session: Session,
    uri: Annotated[str | None, typer.Option("--uri", help="Where the party says who it is; default: as it is.")] = None,
    document: Annotated[
        Path | None, typer.Option("--profile", help="Its profile document; its hash is stored. Default: as it is.")
    ] = None,
    no_document: Annotated[
        bool, typer.Option("--no-profile", help="There is no profile document any more: take its hash away.")
    ] = False,
) -> None:
    """Change what the issuer says about itself: its URI, and the hash of its profile."""
    if (uri is None and document is None and not no_document) or (document is not None and no_document):
        raise SettingsError(
            "name what changes: --uri, and --profile or --no-profile",
            remedy="`testamur issuer show` tells what it is now.",
            code="no-change",
        )
    if uri is not None:
        parties.check_uri(uri, "--uri")
    profile_hash = parties.NO_PROFILE if no_document else None
    if document is not None:
        profile_hash = parties.hash_of(document, "profile")
    with session.workspace() as workspace:
        contract = workspace.ready_to_decide()
        before = parties.existing(contract, workspace.issuer())
        changed = parties.set_profile(workspace, before, uri=uri, profile_hash=profile_hash)
        party = parties.existing(contract, before.id)
    session.result(_content(party) | {"changed": changed})
    session.say(f"Party {party.id} says " + ("from now on:" if changed else "so already:"))
    session.say(Fields({"URI": marked(party.uri), "profile hash": f"0x{party.profile_hash.hex()}"}))
    if changed and party.uri != before.uri:
        session.say("Who trusts it by number goes on doing so; who compares the URI has to be told.")


@app.command()
@command
def retire(session: Session, dry_run: DryRun = False, yes: Yes = False) -> None:
    """End the issuer's anchoring, accrediting and recognising for good, and its being accredited and recognised."""
    with session.workspace(read_only=dry_run) as workspace:
        contract = workspace.contract if dry_run else workspace.ready_to_decide()
        party = parties.existing(contract, workspace.issuer())
        is_new = party.retired_at is None
        if is_new and dry_run:
            parties.try_to_retire(workspace, party)
        elif is_new:
            confirmed(
                f"Party {party.id} will anchor, accredit and recognise nothing more, for good, whoever has its keys. "
                "Go on?",
                yes=yes,
            )
            party = parties.retire(workspace, party)
    session.result(_content(party) | {"already": not is_new})
    if not is_new:
        session.say(f"Party {party.id} had retired before.")
    elif dry_run:
        session.say(f"Party {party.id} would retire for good. Nothing was sent.")
    else:
        session.say(f"Party {party.id} has retired. What it anchored stands, and can be revoked and voided as before.")


class Switch(StrEnum):
    """Whether something is done."""

    ON = "on"
    OFF = "off"


@app.command("bare-roots")
@command
def bare_roots(
    session: Session,
    switch: Annotated[Switch, typer.Argument(help="on: for the issuer. off: for nobody, they are refused then.")],
) -> None:
    """Have the bare roots that the signing account sends anchored for the issuer.

    A bare root is a transaction whose data is a Merkle root and nothing else, as tools for Blockcerts send it.
    """
    with session.workspace() as workspace:
        workspace.ready_to_decide()
        account = workspace.signer.address
        number = workspace.issuer() if switch is Switch.ON else parties.NOBODY
        changed = parties.set_default_issuer(workspace, number)
    session.result({"account": account, "defaultIssuer": number or None, "changed": changed})
    for_whom = f"are anchored for party {number}" if number else "are anchored for nobody: the contract refuses them"
    session.say(f"Bare roots from {account} {for_whom}" + ("." if changed else "; it was so already."))
    if number:
        session.say("`testamur anchor --bare` sends them, and states how many credentials each has.")


app.command()(did)
app.command("blockcerts-profile")(blockcerts_profile)


def _doings_content(found: Doings) -> dict[str, Any]:
    return {
        "account": found.account,
        "notInBlock": found.under_way,
        "notFinal": found.not_final,
        "process": found.process,
    }


def _content(party: Party) -> dict[str, Any]:
    return {
        "party": party.id,
        "uri": party.uri,
        "profileHash": f"0x{party.profile_hash.hex()}",
        "controller": party.controller,
        "pendingController": party.pending_controller,
        "registeredAt": party.registered_at.isoformat().replace("+00:00", "Z"),
        "retiredAt": None if party.retired_at is None else party.retired_at.isoformat().replace("+00:00", "Z"),
        "batches": party.sequence,
    }
