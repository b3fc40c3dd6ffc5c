"""All commands of `testamur`."""

from __future__ import annotations

import typer

from anchor.cli import demo, issuer, jobs, operate, receipts, statuses, verification

app = typer.Typer(
    name="testamur",
    help="Anchor credentials on an EVM chain, prove each of them, and check them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(demo.demo)
app.command()(jobs.check)
app.command()(jobs.anchor)
app.command()(receipts.receipts)
app.command()(verification.verify)
app.command()(verification.absent)
app.command()(statuses.revoke)
app.command()(statuses.suspend)
app.command()(statuses.reinstate)
app.add_typer(issuer.app, name="issuer")
app.command()(operate.deploy)
app.command()(operate.status)
app.command()(operate.devnet)
