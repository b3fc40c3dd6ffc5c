"""Parties on chain: what a controller can do for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anchor.workspace import Workspace
from registry.errors import SettingsError
from registry.untrusted.uris import EXAMPLES, read_uri

if TYPE_CHECKING:
    from anchor.sending.engine import Engine


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
