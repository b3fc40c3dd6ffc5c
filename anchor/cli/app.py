"""All commands of `testamur`."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from anchor.cli import account, audit, checkpoint, daemon, demo, digests, issuer, page, receipts, recover, serve, trees
from anchor.cli import accredit as accreditation
from anchor.cli import anchor as jobs
from anchor.cli import chain as operate
from anchor.cli import jobs as queue
from anchor.cli import revoke as statuses
from anchor.cli import supersede as supersession
from anchor.cli import verify as verification
from anchor.cli.console import SafeConsole
from anchor.cli.group import SafeGroup


def _show_version(wanted: bool) -> None:
    if wanted:
        SafeConsole().say(f"testamur {version('testamur')}")
        raise typer.Exit


app = typer.Typer(
    name="testamur",
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


app.command()(demo.demo)
app.command()(jobs.check)
app.command()(jobs.anchor)
app.command()(receipts.receipts)
app.command()(digests.digest)
app.command()(verification.verify)
app.command()(verification.absent)
app.command()(audit.audit)
app.command()(statuses.revoke)
app.command()(statuses.suspend)
app.command()(statuses.reinstate)
app.command()(statuses.void)
app.command()(supersession.supersede)
app.add_typer(account.app, name="account")
app.add_typer(issuer.app, name="issuer")
app.add_typer(accreditation.app, name="accredit")
app.command()(accreditation.recognise)
app.command()(accreditation.body)
app.command()(operate.deploy)
app.command()(operate.status)
app.command()(operate.devnet)
app.command()(recover.recover)
app.command()(daemon.daemon)
app.command()(serve.serve)
app.command()(page.page)
app.command()(serve.index)
app.add_typer(queue.jobs_app, name="jobs")
app.add_typer(queue.key_app, name="key")
app.add_typer(trees.trees_app, name="trees")
app.add_typer(checkpoint.app, name="checkpoint")
