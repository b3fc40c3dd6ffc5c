"""Parties on chain: what a controller can do for one, and what an account says of itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anchor.acts.transactions import Call, send
from anchor.workspace import Workspace
from registry.chain.calls import call_data
from registry.chain.contract import ZERO_ADDRESS, CredentialRegistry, Party
from registry.chain.rpc.client import MinedTransaction
from registry.chain.rpc.hexadecimal import checksummed, read_address
from registry.errors import ChainUnavailable, SettingsError
from registry.untrusted.uris import EXAMPLES, read_uri

if TYPE_CHECKING:
    from anchor.sending.engine import Engine

NO_PROFILE = bytes(32)
"""The hash of a party that has no profile document."""
NOBODY = 0
"""In the place of a default issuer: there is none."""


@dataclass(frozen=True, slots=True)
class Handover:
    """A party after control of it was offered or accepted.

    Attributes:
        operators: who may anchor and revoke for it, whoever controls it: as its event says, else as the contract does.
        former: who controlled it before.
    """

    party: Party
    operators: tuple[str, ...]
    former: str

    @property
    def others(self) -> tuple[str, ...]:
        """The operators that the controller, or the one to whom control is offered, is not."""
        new = self.party.pending_controller or self.party.controller
        return tuple(each for each in self.operators if each != new)


def existing(contract: CredentialRegistry, number: int) -> Party:
    """The party with that number.

    Raises:
        SettingsError: code `unknown-party`.
    """
    party = contract.party(number)
    if party is None:
        raise SettingsError(
            f"there is no party {number}",
            where=contract.client.where,
            remedy=f"The contract has parties 1 to {contract.party_count()}.",
            code="unknown-party",
        )
    return party


def operators_of(contract: CredentialRegistry, party: Party) -> list[str] | None:
    """The addresses that may anchor for it; None when the endpoint does not give the events by which they are found."""
    try:
        return list(contract.operators(party.id))
    except ChainUnavailable:
        return None


def register_party(workspace: Workspace, sender: Engine, uri: str, profile_hash: bytes) -> int:
    """Register a party that the sender controls, and remember it as one of this folder's; its number."""
    check_uri(uri, "--uri")
    contract = workspace.contract
    data = contract.register_party_data(uri, profile_hash)
    mined = sender.settle(f"register {uri}", contract.address, data)
    (event,) = (each for each in contract.decode_events(mined.logs) if each.name == "PartyRegistered")
    number = int(event.arguments["party"])
    block = workspace.client.block(mined.block_number)
    workspace.store.add_party(number, registered_at=0 if block is None else int(block.timestamp.timestamp()))
    return number


def set_operator(workspace: Workspace, number: int, address: str, *, allowed: bool) -> bool:
    """Let an address anchor for a party, or no longer; False when it was so already.

    Raises:
        ChainError: as `send`.
    """
    if workspace.contract.is_operator(number, address) is allowed:
        return False
    send(workspace, operator_call(number, address, allowed=allowed))
    return True


def operator_call(number: int, address: str, *, allowed: bool) -> Call:
    """Lets an address anchor for a party, or no longer."""
    data = CredentialRegistry.set_operator_data(number, address, allowed)
    return Call(f"operator {number} {address} {allowed}", data)


def offer_call(number: int, address: str) -> Call:
    """Offers control of a party to an address."""
    return Call(f"transfer {number} {address}", CredentialRegistry.transfer_controller_data(number, address))


def offer_control(workspace: Workspace, number: int, address: str) -> Handover:
    """Offer control of a party to another address; the party as it is then, and who stays its operator.

    Raises:
        ChainError: as `send`.
    """
    before = existing(workspace.contract, number)
    is_offered = before.pending_controller == address
    mined = None if is_offered else send(workspace, offer_call(number, address))
    return _handover(workspace.contract, before, mined)


def accept_control(workspace: Workspace, number: int) -> Handover:
    """Take control of a party that was offered to the account that signs; the party as it is then, and its operators.

    Raises:
        ChainError: as `send`.
    """
    contract = workspace.contract
    before = existing(contract, number)
    if before.controller == workspace.signer.address and before.pending_controller is None:
        return _handover(contract, before, None)
    mined = send(workspace, Call(f"accept {number}", contract.accept_controller_data(number)))
    return _handover(contract, before, mined)


def _handover(contract: CredentialRegistry, before: Party, mined: MinedTransaction | None) -> Handover:
    told = operators_told(contract, mined)
    operators = contract.operators(before.id) if told is None else told
    return Handover(existing(contract, before.id), operators, before.controller)


def operators_told(contract: CredentialRegistry, mined: MinedTransaction | None) -> tuple[str, ...] | None:
    """The operators of a party that its change of control tells of, checksummed; None where nothing was sent."""
    for event in () if mined is None else contract.decode_events(mined.logs):
        if event.name in ("ControllerOffered", "ControllerChanged"):
            return tuple(map(checksummed, event.arguments["operators"]))
    return None


def set_profile(
    workspace: Workspace, party: Party, *, uri: str | None = None, profile_hash: bytes | None = None
) -> bool:
    """Change what a party says about itself; False when it says so already.

    Args:
        uri, profile_hash: None to leave it as it is.

    Raises:
        SettingsError: code `uri`.
        ChainError: as `send`.
    """
    if uri is not None:
        check_uri(uri, "--uri")
    said = (party.uri, party.profile_hash)
    wanted = (party.uri if uri is None else uri, party.profile_hash if profile_hash is None else profile_hash)
    if wanted == said:
        return False
    data = workspace.contract.set_profile_data(party.id, *wanted)
    send(workspace, Call(f"profile {party.id} {wanted[0]} 0x{wanted[1].hex()}", data))
    return True


def try_to_retire(workspace: Workspace, party: Party) -> None:
    """Have the contract try whether the account may retire a party; nothing is sent.

    Raises:
        ContractReverted: it may not.
    """
    contract = workspace.contract
    data = contract.retire_data(party.id)
    workspace.client.estimate_gas(sender=workspace.signer.address, to=contract.address, call_data=data)


def retire(workspace: Workspace, party: Party) -> Party:
    """End a party's anchoring, accrediting and recognising for good; the party as it is then.

    Raises:
        ChainError: as `send`; the contract refuses when it has retired already.
    """
    contract = workspace.contract
    send(workspace, Call(f"retire {party.id}", contract.retire_data(party.id)))
    return existing(contract, party.id)


def default_issuer(workspace: Workspace, account: str) -> int:
    """For which party the bare roots of an account are anchored; `NOBODY` for none."""
    return workspace.contract.default_issuer(account)


def set_default_issuer(workspace: Workspace, number: int) -> bool:
    """Say for which party the bare roots of the account that signs are anchored; False when it is so already.

    Args:
        number: of a party whose operator the account is; `NOBODY` to have them refused.

    Raises:
        ChainError: as `send`.
    """
    if default_issuer(workspace, workspace.signer.address) == number:
        return False
    send(workspace, Call(f"default issuer {number}", call_data("setDefaultIssuer", number)))
    return True


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


def hash_of(document: Path, what: str) -> bytes:
    """The SHA-256 of a file, of which the hash alone goes on chain.

    Args:
        what: what it is, for the message.

    Raises:
        SettingsError: it cannot be read.
    """
    try:
        return hashlib.sha256(document.read_bytes()).digest()
    except OSError as error:
        raise SettingsError(f"the {what} cannot be read: {error.strerror}", where=str(document)) from None


def address_of(text: str) -> str:
    """An address as a person wrote it, with its checksum.

    Raises:
        SettingsError: code `address`.
    """
    try:
        address = read_address(text)
        if address == ZERO_ADDRESS:
            raise ValueError("the zero address is nobody's")
    except ValueError as error:
        raise SettingsError(
            str(error), remedy="Copy the address again from where it came; nothing was sent.", code="address"
        ) from None
    return address
