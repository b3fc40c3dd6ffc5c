"""All commands of `testamur`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer

from anchor.cli import (
    account,
    audit,
    checkpoint,
    daemon,
    demo,
    digests,
    issue,
    issue_export,
    issue_status,
    issuer,
    page,
    present,
    receipts,
    recover,
    roster,
    serve,
    template,
    trees,
)
from anchor.cli import accredit as accreditation
from anchor.cli import anchor as jobs
from anchor.cli import chain as operate
from anchor.cli import correct as corrections
from anchor.cli import deliver as delivery
from anchor.cli import diplomas as papers
from anchor.cli import jobs as queue
from anchor.cli import revoke as statuses
from anchor.cli import supersede as supersession
from anchor.cli import verify as verification
from anchor.cli.console import SafeConsole
from anchor.cli.examples import shown
from anchor.cli.group import SafeGroup


def _show_version(wanted: bool) -> None:
    if wanted:
        SafeConsole().say(f"testamur {version('testamur')}")
        raise typer.Exit


app = typer.Typer(
    name="testamur",
    epilog="testamur COMMAND --help has the options of a command, and examples.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback(cls=SafeGroup)
def root(
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Anchor credentials on an EVM chain, prove each of them, and check them."""


def _command(heading: str, command: Callable[..., None]) -> None:
    app.command(rich_help_panel=heading, epilog=shown(command.__name__))(command)


def _group(heading: str, name: str, group: typer.Typer) -> None:
    for each in group.registered_commands:
        own = each.name or str(getattr(each.callback, "__name__", ""))
        each.epilog = shown(f"{name} {own}")
    app.add_typer(group, name=name, rich_help_panel=heading)


_command("Try it", demo.demo)
_group("Issue", "template", template.app)
_group("Issue", "roster", roster.app)
issue.app.command("status")(issue_status.status)
issue.app.command("export")(issue_export.export)
_group("Issue", "issue", issue.app)
_command("Issue", jobs.check)
_command("Issue", jobs.anchor)
_command("Issue", receipts.receipts)
_command("Issue", papers.diplomas)
_command("Issue", delivery.deliver)
_command("Verify", digests.digest)
_command("Verify", verification.verify)
_command("Verify", verification.absent)
_command("Verify", present.present)
_command("Verify", audit.audit)
_command("Withdraw and correct", statuses.revoke)
_command("Withdraw and correct", statuses.suspend)
_command("Withdraw and correct", statuses.reinstate)
_command("Withdraw and correct", statuses.void)
_command("Withdraw and correct", supersession.supersede)
_command("Withdraw and correct", corrections.correct)
_group("Register, accredit and recognise", "issuer", issuer.app)
_group("Register, accredit and recognise", "accredit", accreditation.app)
_command("Register, accredit and recognise", accreditation.recognise)
_command("Register, accredit and recognise", accreditation.body)
_command("Run", operate.deploy)
_command("Run", operate.status)
_command("Run", operate.devnet)
_command("Run", daemon.daemon)
_command("Run", serve.serve)
_command("Run", page.page)
_command("Run", serve.index)
_command("Look after", recover.recover)
_group("Look after", "trees", trees.trees_app)
_group("Look after", "checkpoint", checkpoint.app)
_group("Look after", "jobs", queue.jobs_app)
_group("Look after", "account", account.app)
_group("Look after", "key", queue.key_app)
