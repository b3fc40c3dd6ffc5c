"""The keys of a party exchanged in one transaction: operators taken away and added, and control offered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from anchor.acts.parties import existing, offer_call, operator_call, operators_told
from anchor.acts.transactions import Call, gathered, send
from anchor.books.accounts import Doings, doings_of
from anchor.workspace import Workspace
from registry.chain.contract import Party
from registry.errors import SettingsError

MOST_OPERATORS: Final = 64
"""That a party may have, as in the contract (`contracts/src/Parties.sol`)."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What has to change, of what was asked for.

    Attributes:
        party: as it is before.
        removed, added: operators; those that are none already, or are one already, are left out.
        offered_to: whom control is to be offered to; None where it is offered to nobody or was before.
        operators: who may anchor and revoke after it.
        doings: what the removed accounts have under way in this folder.
    """

    party: Party
    removed: tuple[str, ...]
    added: tuple[str, ...]
    offered_to: str | None
    operators: tuple[str, ...]
    doings: tuple[Doings, ...]

    @property
    def transactions(self) -> list[Call]:
        """One, or none where nothing changes.

        Operators are removed first: there is room for the new ones then. The offer comes last: its event has those that
        stay.
        """
        number = self.party.id
        calls = [operator_call(number, each, allowed=False) for each in self.removed]
        calls += [operator_call(number, each, allowed=True) for each in self.added]
        calls += [] if self.offered_to is None else [offer_call(number, self.offered_to)]
        return gathered(calls, f"rotate {number}")

    @property
    def busy(self) -> tuple[Doings, ...]:
        """The removed accounts that may still send what would be refused then."""
        return tuple(each for each in self.doings if each.is_busy)


def plan_rotation(
    workspace: Workspace,
    *,
    controller: str | None = None,
    operators: Iterable[str] = (),
    remove: Iterable[str] = (),
) -> Rotation:
    """What it takes to exchange the keys of the issuer of the workspace; nothing is sent.

    Args:
        controller: whom control is offered to; None for nobody.
        operators: who may anchor from then on.
        remove: who may no longer; none for the account that signs, unless nobody else would be left.

    Raises:
        SettingsError: code `not-controller`: the account that signs does not govern the party; `rotation`: it
            contradicts itself; `last-operator`: nobody could anchor then; `too-many-operators`.
    """
    contract, sender = workspace.contract, workspace.signer.address
    party = existing(contract, workspace.issuer())
    if party.controller != sender:
        raise SettingsError(
            f"{sender} does not control party {party.id}: {party.controller} does",
            remedy="Run it with the key of the controller.",
            code="not-controller",
        )
    wanted, unwanted, now = dict.fromkeys(operators), dict.fromkeys(remove), contract.operators(party.id)
    if both := wanted.keys() & unwanted.keys():
        raise SettingsError(
            f"{min(both)} is both to become an operator and to be one no longer",
            remedy="Name it with --operator or with --remove.",
            code="rotation",
        )
    if not unwanted and sender not in wanted and {*now, *wanted} - {sender}:
        unwanted = {sender: None}
    removed = tuple(each for each in unwanted if each in now)
    added = tuple(each for each in wanted if each not in now)
    after = (*(each for each in now if each not in unwanted), *added)
    if removed and not after:
        raise SettingsError(
            f"party {party.id} would have no operator: nobody could anchor or revoke for it",
            remedy="Name the new one with --operator.",
            code="last-operator",
        )
    if len(after) > MOST_OPERATORS:
        raise SettingsError(
            f"party {party.id} would have {len(after)} operators; the contract allows {MOST_OPERATORS}",
            remedy="Take some away with --remove.",
            code="too-many-operators",
        )
    return Rotation(
        party,
        removed,
        added,
        None if controller in (None, party.controller, party.pending_controller) else controller,
        after,
        tuple(_doings(workspace, party.id, each) for each in removed),
    )


def rotate(workspace: Workspace, plan: Rotation) -> tuple[Party, tuple[str, ...]]:
    """Carry a rotation out in one transaction; the party as it is then, and its operators.

    Raises:
        ChainError: as `send`.
    """
    contract, told = workspace.contract, None
    for call in plan.transactions:
        told = operators_told(contract, send(workspace, call))
    return existing(contract, plan.party.id), contract.operators(plan.party.id) if told is None else told


def refuse_busy(plan: Rotation) -> None:
    """Make sure that the removed accounts have nothing to send any more that this folder knows of.

    Raises:
        SettingsError: code `operator-busy`.
    """
    for each in plan.busy:
        what = f"{each.under_way} of its transactions are not in a block yet" if each.under_way else "it may send more"
        by = f" (process {each.process} signs with it)" if each.process else ""
        raise SettingsError(
            f"{each.account} is at work for party {plan.party.id}: {what}{by}; what is not in a block then is refused",
            remedy=(
                "Stop the daemon that signs with it, and settle the rest with its key: `testamur anchor --resume`. Is "
                "the key in wrong hands? --anyway takes its rights away at once; another operator takes up its batches."
            ),
            code="operator-busy",
        )


def _doings(workspace: Workspace, issuer: int, account: str) -> Doings:
    if not workspace.has_folder:
        return Doings(account, 0, 0, None)
    found = doings_of(workspace.folder.engine, workspace.chain, workspace.contract_address, issuer, account)
    # Whether another process signs with this very account shows when something is to be sent.
    return replace(found, process=None) if account == workspace.signer.address else found
