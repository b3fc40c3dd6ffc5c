"""`testamur demo`: the main job, from nothing to verdicts, in a folder of its own."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from anchor.cli.anchor import batch_content, batch_table
from anchor.cli.console import Styled, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.speaking import spoken
from anchor.cli.verify import say_verdict
from anchor.cli.wording import amount
from anchor.settings import EMBEDDED, Settings
from anchor.workspace import Workspace
from registry.errors import SettingsError


@command
def demo(
    session: Session,
    folder: Annotated[Path | None, typer.Option("--folder", help="Keep what is made in this new folder.")] = None,
    count: Annotated[int, typer.Option("--count", min=20, max=1_000_000, help="How many credentials.")] = 1000,
    learner: Annotated[
        bool, typer.Option("--learner", help="Make a learner's year instead: what four issuers awarded to one person.")
    ] = False,
) -> int:
    """Anchor credentials of made-up universities on an embedded chain, and verify one of each fate."""
    from anchor.demo.run import run_demo

    if folder is not None and folder.exists():
        raise SettingsError("the folder is there already", where=str(folder), remedy="Name one that is not.")
    if learner:
        return _learner(session, folder)
    started = time.monotonic()
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory())) if folder is None else folder
        settings = Settings(data_folder=place / "testamur-data", chain=EMBEDDED, issuer=None)
        workspace = stack.enter_context(Workspace(settings))
        done = run_demo(workspace, place / "credentials", count, lambda step: session.say(Styled(f"· {step}", "dim")))
        chain = workspace.asked_chain
    seconds = time.monotonic() - started
    audit, absence = done.audit, done.absence
    anchors, credentials = audit.checked.batches, audit.checked.credentials
    revoked = sum(batch.withdrawn for batch in audit.batches().values()) + sum(audit.revoked_elsewhere.values())
    # Nothing is in the way of anything here: what could not be checked is as wrong as what differs.
    differences = [f"{each.subject}: {each.what}" for each in audit.differences]
    differences += [f"{each.subject} could not be checked: {each.why}" for each in audit.unchecked]
    session.result(
        {
            "seconds": round(seconds, 1),
            "batches": [batch_content(row) for row in done.rows],
            "gasPerCredential": round(done.gas_a_credential, 1),
            "verdicts": [verdict.to_dict() for verdict in done.verdicts.values()],
            "absence": absence and absence.to_dict(),
            "audit": {
                "events": anchors,
                "credentials": credentials,
                "revoked": revoked,
                "differences": differences,
            },
        }
    )
    session.say()
    session.say(bold("The issuers see"), " their batches, and what they cost:")
    session.say(batch_table(done.rows))
    for number, name in done.parties.items():
        session.say(f"  issuer {number} is {name}")
    session.say(f"  {done.gas_a_credential:,.0f} gas a credential")
    session.say()
    session.say(bold("A verifier sees"), " one verdict a credential, and why:")
    for verdict in done.verdicts.values():
        say_verdict(session, spoken(), verdict)
    if absence is not None:
        session.say("never-issued.json: ", bold(absence.outcome), f": {absence.text}")
    session.say()
    session.say(bold("An auditor sees"), " that nothing is missing:")
    session.say(
        f"  {anchors} anchors, {credentials:,} credentials, {revoked} revoked; "
        f"every root was derived again from its leaves; {amount(len(differences), 'difference')}"
    )
    for difference in differences:
        session.say(Styled(f"  {difference}", "red"))
    session.say()
    session.say(f"Chain: {chain}")
    session.say(f"Done in {seconds:.1f} s." + (f" Everything is in {folder}." if folder else ""))
    return Exit.FAILED if differences else Exit.DONE


def _learner(session: Session, folder: Path | None) -> int:
    """The world of the tutorial about a learner's year; what happens in it is told day by day."""
    from anchor.lab.learners_year import HOLDER, make

    if folder is None:
        raise SettingsError("a learner's year is kept", remedy="Name a new folder: --learner --folder year.")
    events = []
    for event in make(folder):
        session.say(f"{event.day}  {event.what}")
        events.append(event._asdict())
    session.result({"folder": str(folder), "holder": HOLDER, "events": events})
    session.say(
        f"Everything is in {folder}: what {HOLDER} has in {folder / 'credentials'}, the practice chain beside it."
    )
    return Exit.DONE
