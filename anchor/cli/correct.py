"""`testamur correct`: rows that changed since they were issued are issued anew, and the old ones replaced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from anchor.books.issued import IssuedRow, IssuedStore, Run
from anchor.books.tables import RunState
from anchor.cli.asking import DryRun, Yes, confirmed, priced
from anchor.cli.console import Column, Listing, Styled, bold
from anchor.cli.issue import WithoutBooks, lists_of, run_content, say_run
from anchor.cli.issuing_options import Accept, By, RosterTemplate, SignKey, key_for
from anchor.cli.jobs import Queue
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from anchor.issuing.confirming import run_with
from anchor.issuing.corrections import (
    Corrections,
    Looked,
    Pairs,
    correcting_runs,
    looked_at,
    pairs_of,
    plan_of,
    planned,
    refuse_unanchored,
    settle,
)
from anchor.issuing.making import Maker, Source
from anchor.issuing.people import this_person
from anchor.issuing.preview import name_of
from anchor.issuing.roster.beside import template_for
from anchor.issuing.roster.reading import read_roster
from anchor.issuing.roster.rules import check_roster
from anchor.issuing.states import issued_store
from anchor.issuing.templates.files import read_template
from anchor.workspace import Workspace
from registry.errors import IntakeError, NotPossible
from registry.untrusted.hashes import read_hash

SHOWN = 5


@command
def correct(
    session: Session,
    what: Annotated[
        str, typer.Argument(help="The roster with changed rows; or the root of corrections, once it is confirmed.")
    ],
    template: RosterTemplate = None,
    sign_key: SignKey = None,
    by: By = None,
    accept: Accept = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> Exit:
    """Issue changed rows anew; confirmed and final, the new credentials replace the old ones, which are revoked."""
    root = _root(what)
    if root is not None:
        return _settle(session, root, dry_run=dry_run, yes=yes)
    return _make(session, Path(what), template, sign_key, by, accept or (), dry_run=dry_run, yes=yes)


def _root(text: str) -> bytes | None:
    try:
        return read_hash(text)
    except ValueError:
        return None


# New credentials for changed rows


def _make(
    session: Session,
    roster: Path,
    template: Path | None,
    sign_key: Path | None,
    by: str | None,
    accept: Sequence[str],
    *,
    dry_run: bool,
    yes: bool,
) -> Exit:
    person = this_person(by)
    path = template or template_for(roster)
    read = read_template(path)
    settings = session.settings
    rows = read_roster(roster, read)
    with session.workspace(read_only=dry_run) as workspace:
        issuer, store = workspace.issuer(), issued_store(workspace)
        checked = check_roster(rows, read, WithoutBooks(workspace), accepted=accept)
        if checked.findings:
            first = checked.findings[0]
            raise IntakeError(
                f"{amount(len(checked.findings), 'finding')} in this roster, and nothing was made; the first is in "
                f"{first.cell or 'the whole file'}: {first.what}",
                where=str(roster),
                remedy=f"`testamur roster check` shows all of them. {first.remedy}",
                code="roster-not-ready",
            )
        lists = lists_of(Queue(workspace, workspace.chain, workspace.contract_address), issuer)
        source = Source(read, path.absolute(), path.read_bytes(), roster.name, issuer)
        maker = Maker(store, source, workspace.folder.path, lists=lists, workers=settings.workers)
        found = looked_at(store, read, issuer, checked.ready)
        plan = planned(workspace, store, read, issuer, found.changed)
        _say_plan(session, rows.name, plan, found)
        run: Run | None = None
        if plan.wanted and not dry_run:
            key = key_for(session, sign_key, read.issuer.id)
            confirmed(f"New credentials will be made for {amount(len(plan.wanted), 'row')}. Go on?", yes=yes)
            wanted = [each.row for each in plan.wanted]
            with maker.alone(), session.progress("signing") as progress:
                to_make = maker.sort(wanted, correcting=True).to_make
                run = maker.make(to_make, key, person, progress=progress) if to_make else None
    session.result(_plan_content(plan, found, run))
    if run is not None:
        say_run(session, run)
        session.say(
            f"The old ones stay in force until you say, when the new ones are final: testamur correct {_hex(run)}"
        )
    elif plan.wanted:
        session.say("Nothing was made.")
    return Exit.SOME_REJECTED if plan.refused or found.unknown else Exit.DONE


def _say_plan(session: Session, name: str, plan: Corrections, found: Looked) -> None:
    session.say(bold(name), f": {amount(len(plan.wanted), 'row')} to be corrected, {len(found.same):,} unchanged")
    columns = [Column(each) for each in ("row", "person", "cell", "column", "issued", "now")]
    lines = [
        (
            str(each.row.number),
            each.row.value("person_id"),
            one.cell,
            one.key,
            one.before or "–",
            one.after or "–",
        )
        for each in plan.wanted
        for one in each.differences
    ]
    if lines:
        session.say(Listing(columns, lines))
    for each in plan.refused[:SHOWN]:
        session.say("  ", Styled(f"row {each.row.number}", "red"), f": {each.why}")
    if len(plan.refused) > SHOWN:
        session.say(f"  and {len(plan.refused) - SHOWN:,} more that cannot be corrected")
    if found.unknown:
        names = Styled(f"{len(found.unknown):,} never issued", "yellow")
        session.say(
            "  ", names, f", first row {found.unknown[0].number}: late graduates are issued with `testamur issue`"
        )
    if found.waiting:
        row, known = found.waiting[0]
        made = Styled(f"{len(found.waiting):,} made before and left out", "yellow")
        root = "0x" + (known.root or b"").hex()
        session.say("  ", made, f": row {row.number} waits under {root}, to be confirmed or discarded")


def _plan_content(plan: Corrections, found: Looked, run: Run | None) -> dict[str, Any]:
    return {
        "corrections": [
            {
                "row": each.row.number,
                "person": each.row.value("person_id"),
                "replaces": [old.digest.hex for old in each.old],
                "changes": [
                    {"column": one.key, "cell": one.cell, "before": one.before, "after": one.after}
                    for one in each.differences
                ],
            }
            for each in plan.wanted
        ],
        "refused": [{"row": each.row.number, "why": each.why} for each in plan.refused],
        "unchanged": len(found.same),
        "neverIssued": [row.number for row in found.unknown],
        "waiting": [{"row": row.number, "root": f"0x{(known.root or b'').hex()}"} for row, known in found.waiting],
        "run": None if run is None else run_content(run),
    }


# The old ones, once the new ones are final


def _settle(session: Session, root: bytes, *, dry_run: bool, yes: bool) -> Exit:
    with session.workspace(read_only=dry_run) as workspace:
        if not dry_run:
            workspace.ready_to_decide()
        store = issued_store(workspace)
        run = run_with(store, root)
        _refuse_not_correcting(store, run)
        refuse_unanchored(run, pairs_of(workspace, store, run))
        # What an earlier correction left behind would stay in force beside the last one.
        found = _ready(workspace, store, run)
        plan = plan_of(workspace, found.ready)
        price, words = priced(workspace, plan.transactions, dry_run=dry_run)
        if found.ready:
            columns = [Column(each) for each in ("row", "person", "name", "part", "replaced", "by")]
            session.say(Listing(columns, [_cells(old, new) for old, new in found.ready]))
        if plan.transactions:
            session.say(f"To be sent: {amount(len(plan.transactions), 'transaction')}, {words}.")
        if not dry_run:
            if plan.transactions:
                question = f"{amount(len(found.ready), 'credential')} will be superseded and revoked for good. Go on?"
                confirmed(question, yes=yes)
            with session.progress("sending") as progress:
                settle(workspace, store, found.ready, plan, progress)
    session.result(
        {
            "root": _hex(run),
            "replaced": 0 if dry_run else len(found.ready),
            **({"wouldReplace": len(found.ready)} if dry_run else {}),
            "already": found.done,
            "withdrawn": [new.digest.hex for _, new in found.withdrawn],
            "pairs": [{"old": old.digest.hex, "new": new.digest.hex} for old, new in found.ready],
            "transactions": len(plan.transactions),
            "gas": None if price is None else price.gas,
        }
    )
    done = "would be replaced" if dry_run else "replaced"
    session.say(f"{amount(len(found.ready), 'credential')} {done} and revoked; {found.done:,} were so already.")
    for old, new in found.withdrawn[:SHOWN]:
        held = Styled(f"row {new.row_number}, {new.part}", "red")
        session.say(
            "  ", held, f": the new one was withdrawn, and the old one, {old.digest.hex[:12]}…, is left as it is"
        )
    if dry_run:
        session.say("Nothing was sent.")
    else:
        session.say(f"New diplomas: testamur diplomas {_hex(run)} -o diplomas")
        session.say(f"Letters to their holders: testamur deliver {_hex(run)} -o letters --from ADDRESS")
    return Exit.SOME_REJECTED if found.withdrawn else Exit.DONE


def _ready(workspace: Workspace, store: IssuedStore, run: Run) -> Pairs:
    found = Pairs()
    for each in correcting_runs(store, run.issuer):
        pairs = pairs_of(workspace, store, each)
        found.ready += pairs.ready
        if each.number == run.number:
            found.withdrawn, found.done = pairs.withdrawn, pairs.done
    return found


def _refuse_not_correcting(store: IssuedStore, run: Run) -> None:
    if run.state is not RunState.CONFIRMED:
        raise NotPossible(
            "nobody has confirmed these corrections",
            where=_hex(run),
            remedy=f"Look at them with `testamur issue preview`, and let a second person run `testamur issue confirm "
            f"{_hex(run)} --wait`.",
            code="not-confirmed",
        )
    if not store.has_corrections(run):
        raise NotPossible(
            "nothing under this root was issued in the place of another",
            where=_hex(run),
            remedy="Name the root that `testamur correct ROSTER` told, or a roster.",
            code="no-corrections",
        )


def _cells(old: IssuedRow, new: IssuedRow) -> Sequence[str]:
    who = (str(new.row_number), new.person_id, name_of(new), old.part)
    return (*who, f"{old.digest.hex[:12]}…", f"{new.digest.hex[:12]}…")


def _hex(run: Run) -> str:
    return f"0x{(run.root or b'').hex()}"
