"""`testamur issuer …`: the party on chain that anchors."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from anchor.acts.parties import check_uri, register_party
from anchor.cli.chains import say_chain
from anchor.cli.console import Fields, bold
from anchor.cli.session import Session, command
from registry.chain.contract import CredentialRegistry, Party
from registry.chain.rpc.hexadecimal import read_address
from registry.errors import ChainUnavailable, SettingsError
from registry.timestamps import write_timestamp
from registry.untrusted.text import marked

app = typer.Typer(help="Register and show parties, their operators and their controller.", no_args_is_help=True)

_UNREAD = "not known: the endpoint does not give the events of so many blocks"

PartyNumber = Annotated[int | None, typer.Argument(help="Number of the party; default: the issuer of the settings.")]
Address = Annotated[str, typer.Argument(help="Address, 0x and 40 hexadecimal digits.")]


@app.command()
@command
def register(
    session: Session,
    uri: Annotated[str, typer.Option("--uri", help="Where the party says who it is: did:web:… or https://…")],
    profile: Annotated[Path | None, typer.Option("--profile", help="Its profile document; its hash is stored.")] = None,
) -> None:
    """Register a party; the account that signs becomes its controller and first operator."""
    check_uri(uri, "--uri")
    profile_hash = bytes(32) if profile is None else _hash_of(profile)
    with session.workspace() as workspace:
        contract = workspace.ready_to_write()
        number = register_party(workspace, workspace.sender, uri, profile_hash)
        party, chain = _existing(contract, number), workspace.asked_chain
    session.result(_content(party))
    session.say("Party ", bold(number), f" is registered for {marked(uri)}, controlled by {party.controller}.")
    session.say("Put ", bold(f"issuer = {number}"), f" in testamur.toml, or name it with --issuer {number}.")
    say_chain(session, chain)


@app.command()
@command
def show(session: Session, number: PartyNumber = None) -> None:
    """Show a party as the chain has it."""
    with session.workspace(read_only=True) as workspace:
        party = _existing(workspace.contract, number or workspace.issuer())
        operators, chain = _operators(workspace.contract, party), workspace.asked_chain
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
                "operators": _UNREAD if operators is None else ", ".join(operators) or "none: nobody can anchor",
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
    """Let another address anchor for the issuer, or no longer."""
    operator_address = _address(address)
    with session.workspace() as workspace:
        contract = workspace.ready_to_write()
        number = workspace.issuer()
        if contract.is_operator(number, operator_address) is not remove:
            changed = False
        else:
            data = contract.set_operator_data(number, operator_address, not remove)
            workspace.sender.settle(f"operator {number} {operator_address} {not remove}", contract.address, data)
            changed = True
    session.result({"issuer": number, "operator": operator_address, "allowed": not remove, "changed": changed})
    may = "may no longer" if remove else "may"
    session.say(f"{operator_address} {may} anchor for party {number}" + ("." if changed else "; it was so already."))


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
        contract = workspace.ready_to_write()
        number = workspace.issuer()
        former = _existing(contract, number).controller
        if address is None:
            purpose, data = f"accept {number}", contract.accept_controller_data(number)
        else:
            new = _address(address)
            purpose, data = f"transfer {number} {new}", contract.transfer_controller_data(number, new)
        workspace.sender.settle(purpose, contract.address, data)
        party = _existing(contract, number)
        new_anchors = contract.is_operator(number, party.controller)
        former_anchors = former != party.controller and contract.is_operator(number, former)
    operators = {"controllerIsOperator": new_anchors, "formerControllerIsOperator": former_anchors}
    session.result({**_content(party), **({} if party.pending_controller else operators)})
    if party.pending_controller:
        session.say(f"Control of party {number} is offered to {party.pending_controller}.")
        session.say("It takes effect when that account runs `testamur issuer transfer --accept`.")
    else:
        session.say(f"Party {number} is controlled by {party.controller}.")
        if not new_anchors:
            session.say("It may not anchor yet: control is one right, being an operator another. To let it anchor:")
            session.say(f"  testamur issuer operator {party.controller}")
        if former_anchors:
            session.say(f"The former controller {former} may still anchor. To take that right away:")
            session.say(f"  testamur issuer operator {former} --remove")


def _existing(contract: CredentialRegistry, number: int) -> Party:
    party = contract.party(number)
    if party is None:
        raise SettingsError(
            f"there is no party {number}",
            where=contract.client.where,
            remedy=f"The contract has parties 1 to {contract.party_count()}.",
            code="unknown-party",
        )
    return party


def _operators(contract: CredentialRegistry, party: Party) -> list[str] | None:
    """None when the endpoint does not give the events by which they are found."""
    try:
        return list(contract.operators(party.id))
    except ChainUnavailable:
        return None


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


def _hash_of(profile: Path) -> bytes:
    try:
        return hashlib.sha256(profile.read_bytes()).digest()
    except OSError as error:
        raise SettingsError(f"the profile cannot be read: {error.strerror}", where=str(profile)) from None


def _address(text: str) -> str:
    try:
        return read_address(text)
    except ValueError as error:
        raise SettingsError(
            str(error), remedy="Copy the address again from where it came; nothing was sent.", code="address"
        ) from None
