"""From calls of the contract to transactions: few of them, at a price that is known before, and sent in one place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from anchor.batching.reissue import CALLS_A_TRANSACTION
from anchor.books.acts import Same
from anchor.workspace import Workspace
from registry.chain.calls import call_data
from registry.chain.rpc.client import MinedTransaction


class Call(NamedTuple):
    """What is sent to the contract, and what for: one purpose that is under way is not sent twice.

    Attributes:
        makes: it makes something new each time it is sent. All others are sent because the chain does not have what
            they bring about.
        to: the contract that is called; default: the registry.
        same: whether the data of one that is under way is what is asked for; default: when it is this data.
    """

    purpose: str
    data: bytes
    makes: bool = False
    same: Same | None = None
    to: str | None = None


class Price(NamedTuple):
    """What transactions would cost, with the fees of now."""

    gas: int
    wei: int


def gathered(calls: Sequence[Call], what: str) -> list[Call]:
    """As few transactions as these calls fit into; those that share one are all done, or none of them is.

    Args:
        what: the first words of the purpose of several.
    """
    pieces = [calls[start : start + CALLS_A_TRANSACTION] for start in range(0, len(calls), CALLS_A_TRANSACTION)]
    return [some[0] if len(some) == 1 else _together(some, what) for some in pieces]


def _together(calls: Sequence[Call], what: str) -> Call:
    data = call_data("multicall", [call.data for call in calls])
    return Call(f"{what} by {len(calls)} calls 0x{hashlib.sha256(data).hexdigest()}", data, to=calls[0].to)


def price_of(workspace: Workspace, transactions: Sequence[Call]) -> Price:
    """What they would cost.

    Raises:
        ContractReverted: the contract refuses one of them.
        SignerError, SettingsError: there is no account that could send them.
        ChainUnavailable: no answer.
    """
    if not transactions:
        return Price(0, 0)
    account, client, registry = workspace.signer.address, workspace.client, workspace.contract.address
    gas = sum(client.estimate_gas(sender=account, to=each.to or registry, call_data=each.data) for each in transactions)
    fees = client.fees()
    return Price(gas, gas * (fees.base_fee + fees.tip))


def send(workspace: Workspace, call: Call) -> MinedTransaction:
    """Send a call and wait until it is in a block.

    Raises:
        ContractReverted: the contract refuses; nothing was sent, or it was mined without effect.
        TransactionUnsettled: it was sent, or may have been, and is not mined yet.
        ChainError: the chain did not take it.
    """
    return workspace.sender.settle(
        call.purpose, call.to or workspace.contract.address, call.data, is_missing=not call.makes, same=call.same
    )


def send_all(
    workspace: Workspace, transactions: Sequence[Call], progress: Callable[[int, int], None] = lambda _done, _all: None
) -> None:
    """Send one after the other, each once the one before it is in a block.

    Args:
        progress: called with how many are in a block, and how many there are.

    Raises:
        ChainError: as `send`; those before it are in a block.
    """
    for number, each in enumerate(transactions, start=1):
        send(workspace, each)
        progress(number, len(transactions))
