"""`testamur issuer …`: the party on chain that anchors."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from anchor.cli.session import Session, command
from anchor.transact import Sender
from anchor.workspace import Workspace
from registry.chain.contract import CredentialRegistry, Party
from registry.chain.hexadecimal import read_address
from registry.errors import ChainError, SettingsError
from registry.uris import EXAMPLES, read_uri

app = typer.Typer(help="Register and show parties, their operators and their controller.", no_args_is_help=True)

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
        registry = workspace.ready_to_write()
        number = register_party(workspace, workspace.sender, uri, profile_hash)
        party = _existing(registry, number)
    session.result(_content(party))
    session.say(f"Party [bold]{number}[/] is registered for {uri}, controlled by {party.controller}.")
    session.say(f"Put [bold]issuer = {number}[/] in testamur.toml, or name it with --issuer {number}.")


@app.command()
@command
def show(session: Session, number: PartyNumber = None) -> None:
    """Show a party as the chain has it."""
    with session.workspace(read_only=True) as workspace:
        party = _existing(workspace.registry, number or workspace.issuer())
    session.result(_content(party))
    for name, value in _content(party).items():
        session.say(f"{name:>18}  {'' if value is None else value}")


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
        registry = workspace.ready_to_write()
        number = workspace.issuer()
        if registry.is_operator(number, operator_address) is not remove:
            changed = False
        else:
            data = registry.set_operator_data(number, operator_address, not remove)
            workspace.sender.settle(f"operator {number} {operator_address} {not remove}", registry.address, data)
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
        registry = workspace.ready_to_write()
        number = workspace.issuer()
        former = _existing(registry, number).controller
        if address is None:
            purpose, data = f"accept {number}", registry.accept_controller_data(number)
        else:
            new = _address(address)
            purpose, data = f"transfer {number} {new}", registry.transfer_controller_data(number, new)
        workspace.sender.settle(purpose, registry.address, data)
        party = _existing(registry, number)
        new_anchors = registry.is_operator(number, party.controller)
        former_anchors = former != party.controller and registry.is_operator(number, former)
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


def register_party(workspace: Workspace, sender: Sender, uri: str, profile_hash: bytes) -> int:
    """Register a party that the sender controls, and remember it as one of this folder's; its number."""
    check_uri(uri, "--uri")
    registry = workspace.registry
    data = registry.register_party_data(uri, profile_hash)
    mined = sender.settle(f"register {uri}", registry.address, data)
    (event,) = (each for each in registry.decode_events(mined.logs) if each.name == "PartyRegistered")
    number = int(event.arguments["party"])
    block = workspace.client.block(mined.block_number)
    workspace.store.add_party(number, registered_at=0 if block is None else int(block.timestamp.timestamp()))
    return number


def check_uri(uri: str, option: str) -> None:
    """Refuse what is not a URI before it is on chain for good.

    Raises:
        SettingsError: code `uri`.
    """
    try:
        read_uri(uri)
    except ValueError as error:
        raise SettingsError(
            f"the URI {error}", where=option, remedy=f"Write an absolute URI, such as {EXAMPLES}.", code="uri"
        ) from None


def _existing(registry: CredentialRegistry, number: int) -> Party:
    party = registry.party(number)
    if party is None:
        raise ChainError(
            f"there is no party {number}",
            where=registry.client.where,
            remedy=f"The contract has parties 1 to {registry.party_count()}.",
            code="unknown-party",
        )
    return party


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
