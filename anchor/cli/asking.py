"""What commands have in common that change something for good: a dry run, the reason, and a person's word."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from anchor.acts.transactions import Call, Price, price_of
from anchor.cli.console import SafeConsole
from anchor.cli.wording import price
from anchor.workspace import Workspace
from registry.errors import RegistryError, SettingsError
from registry.records import Act

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be changed, and send nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal whether it is meant.")]


def reason_option(act: Act) -> Any:
    """The option that names the reason for an act."""
    return typer.Option("--reason", help=f"One of: {', '.join(each.word for each in act.reasons)}.")


RevokeReason = Annotated[str, reason_option(Act.REVOKE)]
SuspendReason = Annotated[str, reason_option(Act.SUSPEND)]
ReinstateReason = Annotated[str, reason_option(Act.REINSTATE)]
WithdrawReason = Annotated[str, reason_option(Act.WITHDRAW)]
VoidReason = Annotated[str, reason_option(Act.VOID)]


def confirmed(question: str, *, yes: bool) -> None:
    """Have a person at a terminal say that what cannot be undone is meant; without one, or with `yes`, it is.

    Raises:
        SettingsError: code `not-confirmed`.
    """
    if yes or not at_a_terminal():
        return
    if not SafeConsole(stderr=True).confirms(question):
        raise SettingsError("nothing was changed", remedy="Confirm it, or use --yes.", code="not-confirmed")


def at_a_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()


def priced(workspace: Workspace, transactions: list[Call], *, dry_run: bool) -> tuple[Price | None, str]:
    """What transactions would cost, and a sentence about it; a dry run may not know, for nobody need be able to pay.

    Raises:
        RegistryError: what is to be sent would be refused, or could not be asked.
    """
    try:
        found = price_of(workspace, transactions)
    except RegistryError as error:
        if not dry_run:
            raise
        return None, f"at a price that is not known: {error}"
    return found, price(*found)
