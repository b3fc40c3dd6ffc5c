"""All commands of `testamur`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Annotated, Final

import typer

from anchor.cli.console import SafeConsole
from anchor.cli.listed import Listed, ListedGroup

COMMANDS: Final[Mapping[str, tuple[Listed, ...]]] = {
    "Try it": (
        Listed(
            "demo",
            "demo:demo",
            "Anchor credentials of made-up universities on an embedded chain, and verify one of each fate.",
        ),
        Listed("lab", "lab:app", "Exercises on the practice chain, with checks that say when they are done."),
    ),
    "Issue": (
        Listed(
            "check",
            "anchor:check",
            "Look at a job before it is anchored: counts, hazards, duplicates, the root it would have, and its gas.",
        ),
        Listed(
            "anchor",
            "anchor:anchor",
            "Anchor the credentials under a path as one batch; run again after any interruption.",
        ),
        Listed("receipts", "receipts:receipts", "Write the receipts of a batch."),
        Listed("diplomas", "diplomas:diplomas", "Make diplomas and badges of credentials that are anchored."),
        Listed(
            "deliver",
            "deliver:deliver",
            "Write a letter to each holder, with the credential in it, and a table for a mail merge. Nothing is sent.",
        ),
        Listed("template", "template:app", "Write and look at templates of awards."),
        Listed("roster", "roster:app", "Make and check rosters: the people of an award."),
        Listed(
            "issue",
            "issue:app",
            "Make credentials of a roster, look at them, confirm them, and have them anchored.",
            more=("issue_status:status", "issue_export:export"),
        ),
    ),
    "Verify": (
        Listed(
            "digest",
            "digests:digest",
            "Print the digests of credentials, and by which method they are made. Nothing is asked or sent.",
        ),
        Listed(
            "verify",
            "verify:verify",
            "Check credentials and say of each: valid, not valid, valid with a warning, or could not be checked.",
        ),
        Listed("absent", "verify:absent", "Prove that an issuer never anchored a credential."),
        Listed(
            "accredited",
            "accredited:accredited",
            "Ask whether a programme or institution was accredited at a time, and whether it is recognised here.",
        ),
        Listed(
            "present",
            "present:present",
            "Show a part of an SD-JWT, or list what can be left out of it. Nobody is asked, and nothing is sent.",
        ),
        Listed(
            "audit",
            "audit:audit",
            "Check the whole registry again, from the chain alone: history, storage, index, database and trees.",
        ),
        Listed(
            "figures",
            "figures:figures",
            "Count what stands in Parquet files of events. They are not compared with a chain.",
        ),
    ),
    "Withdraw and correct": (
        Listed("revoke", "revoke:revoke", "Revoke credentials for good, wherever they are anchored."),
        Listed(
            "suspend", "revoke:suspend", "Suspend credentials until they are reinstated, wherever they are anchored."
        ),
        Listed("reinstate", "revoke:reinstate", "Lift the suspension of credentials; a revocation cannot be lifted."),
        Listed(
            "void",
            "revoke:void",
            "Void a whole batch: all in it is revoked for good. The issuer's controller alone can.",
        ),
        Listed(
            "supersede",
            "supersede:supersede",
            "Record that one anchor replaces another, which then counts no more for the one that replaces it.",
        ),
        Listed(
            "correct",
            "correct:correct",
            "Issue changed rows anew; confirmed and final, the new credentials replace the old ones, "
            "which are revoked.",
        ),
    ),
    "Register, accredit and recognise": (
        Listed(
            "recognise", "accredit:recognise", "Recognise another body's accreditations: one way, and never passed on."
        ),
        Listed("body", "accredit:body", "Show what a party says of others, and what others say of it."),
        Listed("issuer", "issuer:app", "Register and show parties, their operators and their controller."),
        Listed(
            "accredit", "accredit:app", "Offer, accept and change accreditations.", more=("accredit_export:export",)
        ),
        Listed(
            "register",
            "register:app",
            "Publish registers of quality decisions as snapshots, and look at those of others.",
            more=(
                "register_show:show",
                "register_show:changes",
                "register_show:offers",
                "register_export:export",
            ),
        ),
        Listed("accord", "accord:app", "Found an accord, admit members and let them leave."),
    ),
    "Run": (
        Listed(
            "deploy", "chain:deploy", "Deploy the registry's two contracts on the chain, or find those that are there."
        ),
        Listed(
            "status",
            "chain:status",
            "Show the chain, the issuer, the account that signs, and every batch of this folder.",
        ),
        Listed(
            "devnet",
            "chain:devnet",
            "Serve the embedded chain of this folder as JSON-RPC on loopback, for several processes.",
        ),
        Listed(
            "daemon", "daemon:daemon", "Take jobs and anchor them until the process is asked to end (SIGTERM, Ctrl+C)."
        ),
        Listed(
            "serve",
            "serve:serve",
            "Answer for every credential and every event over HTTP, "
            "until the process is asked to end (SIGTERM, Ctrl+C).",
        ),
        Listed(
            "page",
            "page:page",
            "Write the page that checks credentials in a browser, or a learner's, with the settings of an institution.",
        ),
        Listed(
            "index",
            "serve:index",
            "Fill the index for the lookup service, until the process is asked to end (SIGTERM, Ctrl+C).",
        ),
    ),
    "Look after": (
        Listed(
            "recover",
            "recover:recover",
            "Take over from the chain and the trees what the database does not know; nothing is sent.",
        ),
        Listed("trees", "trees:trees_app", "The trees that proofs are made from."),
        Listed(
            "checkpoint", "checkpoint:app", "Lists of blocks that witnesses sign, for verifiers without an endpoint."
        ),
        Listed("jobs", "jobs:jobs_app", "The jobs of the daemon."),
        Listed("account", "account:app", "The account that signs transactions."),
        Listed("key", "jobs:key_app", "The keys with which issuers send jobs over HTTP."),
    ),
    "Learn": (
        Listed(
            "portfolio",
            "portfolio:app",
            "Portfolios of learners: made, shown, shared, and recognised abroad.",
            more=("portfolio_recognise:recognise",),
        ),
        Listed("pathway", "pathway:app", "Pathways: what is done, what is open, and which next step opens most."),
        Listed(
            "assessment", "assessment:app", "Evidence of assessment: rubrics, assessors, and what systems recorded."
        ),
        Listed(
            "suggest",
            "suggest:app",
            "Suggest items of frameworks for texts; a named person decides about each.",
            more=(
                "suggest_review:review",
                "suggest_review:decisions",
                "suggest_review:check",
                "suggest_review:state",
                "suggest_compare:duplicates",
                "suggest_compare:gaps",
                "suggest_anomalies:anomalies",
            ),
        ),
        Listed("wallet", "wallet:app", "Hand credentials over to wallets."),
    ),
    "Levels and frameworks": (
        Listed("levels", "levels:app", "Compare levels of qualifications frameworks across borders."),
        Listed("frameworks", "frameworks:app", "Compare programmes by frameworks of competences."),
    ),
    "Work together": (
        Listed("partnership", "partnership:app", "Partnerships: who works together, for what, and what came of it."),
        Listed("statement", "statement:app", "Statements of aggregated counts: optional, and an issuer's own word."),
        Listed("insights", "insights:app", "Indicators of outcomes, and the yearly report."),
    ),
}
"""Every command under its heading, in the order of the help."""


class Root(ListedGroup):
    """The commands of `testamur`."""

    listed = COMMANDS


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


@app.callback(cls=Root)
def root(
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Anchor credentials on an EVM chain, prove each of them, and check them."""
