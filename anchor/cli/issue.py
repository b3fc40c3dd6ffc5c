"""`testamur issue …`: from a roster to signed credentials that a second person confirms, and on chain."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from anchor.books.batches import BatchRow
from anchor.books.issued import IssuedStore, Known, Run
from anchor.books.tables import BatchState, RunState
from anchor.cli.anchor import batch_content, moment
from anchor.cli.chains import chain_content, say_chain
from anchor.cli.console import Column, Listing, Styled, bold
from anchor.cli.issuing_options import Accept, By, RosterTemplate, SignKey, key_for
from anchor.cli.jobs import Queue, only_party, opened_queue
from anchor.cli.session import Exit, Session, command
from anchor.cli.targets import root_given
from anchor.cli.waiting import waited_for
from anchor.cli.wording import amount
from anchor.issuing import confirming
from anchor.issuing.corrections import refuse_overtaken
from anchor.issuing.holder_files import plain_document
from anchor.issuing.making import Maker, Sorted, Source
from anchor.issuing.people import Confirmation, this_person
from anchor.issuing.preview import Chosen, chosen_of, name_of
from anchor.issuing.roster.beside import template_for, write_beside
from anchor.issuing.roster.known import Surroundings
from anchor.issuing.roster.reading import Roster, Row, read_roster
from anchor.issuing.roster.rules import Checked, IssuedAnswer, check_roster
from anchor.issuing.roster.writing import write_refused
from anchor.issuing.status_positions import Positions
from anchor.issuing.templates.files import read_template
from anchor.issuing.templates.model import Template
from anchor.verifying.named import write_whole
from registry.credential.digest import DigestMethod
from registry.errors import IntakeError

SHOWN = 5
COLUMNS = ("root", "roster", "credentials", "state", "made by", "made at", "confirmed by")
MAKE = "make"
NO_ADDRESS = "https://preview.invalid"
"""In the place of the page that verifies, where its address is not set: a preview has no code that leads there."""
_HELP = "--help"


class MakesByDefault(TyperGroup):
    """`testamur issue ROSTER` is `testamur issue make ROSTER`: what is no command is a roster."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As of any group, once the command is named."""
        if args and args[0] not in self.commands and args[0] != _HELP:
            args = [MAKE, *args]
        return list(super().parse_args(ctx, args))


app = typer.Typer(
    cls=MakesByDefault,
    no_args_is_help=True,
    help="Make credentials of a roster, look at them, confirm them, and have them anchored.",
)

Root = Annotated[str, typer.Argument(help="Root of the run, 0x and 64 hexadecimal digits.")]


@app.command()
@command
def make(
    session: Session,
    roster: Annotated[Path, typer.Argument(help="The roster: XLSX, XLS, ODS or CSV.")],
    template: RosterTemplate = None,
    sign_key: SignKey = None,
    by: By = None,
    strict: Annotated[bool, typer.Option("--strict", help="Make nothing when a row is not ready.")] = False,
    accept: Accept = None,
) -> int:
    """Make signed credentials of the rows that are ready, and say their root; run again after any interruption."""
    person = this_person(by)
    template_path = template or template_for(roster)
    read = read_template(template_path)
    settings = session.settings
    key = key_for(session, sign_key, read.issuer.id)
    rows = read_roster(roster, read)
    with opened_queue(session) as queue:
        checked = check_roster(rows, read, WithoutBooks(queue.workspace), accepted=accept or ())
        refused = write_beside(roster, write_refused(read, rows, checked)) if checked.findings else None
        if checked.findings and (strict or not checked.ready):
            raise _nothing_made(roster, rows, checked, refused)
        source = Source(read, template_path.absolute(), template_path.read_bytes(), roster.name, _issuer(queue))
        maker = Maker(
            _store(queue),
            source,
            queue.workspace.folder.path,
            lists=lists_of(queue, source.issuer),
            workers=settings.workers,
        )
        with maker.alone():
            found = maker.sort(checked.ready)
            run = None
            if found.to_make:
                with session.progress("signing") as progress:
                    run = maker.make(found.to_make, key, person, progress=progress)
    session.result(_made_content(rows, checked, found, run, refused, key.method))
    _say_made(session, roster, rows, checked, found, refused)
    if run is not None:
        say_run(session, run)
    return Exit.SOME_REJECTED if checked.findings or found.changed else Exit.DONE


@app.command()
@command
def preview(
    session: Session,
    root: Root,
    output: Annotated[Path, typer.Option("--output", "-o", help="The PDF to write.")] = Path("preview.pdf"),
) -> None:
    """Write a contact sheet: the first credential, the longest names and every nth, with the root on each page."""
    # What makes pages takes a while to load, and no other command here needs it.
    from anchor.issuing.diplomas.look import look_of
    from anchor.issuing.diplomas.making import contact_sheet

    with opened_queue(session, read_only=True) as queue:
        store = _store(queue)
        run = confirming.run_with(store, root_given(root))
        confirming.leaves_under(store, run)
        chosen = chosen_of(store, run)
    template = _template_as_it_was(run)
    look = None if template is None else look_of(template, session.settings.public_url or NO_ADDRESS)
    documents = [plain_document(each.row) for each in chosen]
    sheet = contact_sheet(documents, root=run.root or b"", credentials=run.credentials, look=look)
    write_whole(output, sheet, private=True)
    session.result({"root": root, "output": str(output), "shown": [_chosen_content(each) for each in chosen]})
    session.say(bold(output), f": {amount(len(chosen), 'credential')} of {run.credentials:,}")
    for each in chosen[:SHOWN]:
        session.say(f"  row {each.row.row_number}, {each.row.part}, {each.why}: {name_of(each.row)}")
    if template is None:
        changed = Styled("the template was changed or moved since", "yellow")
        session.say("  ", changed, ": what the credentials say is as they were made, how the pages look is not")
    _say_how_to_confirm(session, run)


@app.command()
@command
def confirm(
    session: Session,
    root: Root,
    by: By = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the batch is final.")] = False,
    queue: Annotated[bool, typer.Option("--queue", help="Leave it to the daemon, which anchors it.")] = False,
) -> None:
    """Confirm the root that somebody else made, after a look at the preview: then it is anchored, and no other."""
    if queue and wait:
        raise IntakeError("--queue takes no --wait", remedy="Follow it with `testamur jobs show`.", code="queue")
    person, rule = this_person(by), Confirmation(session.settings.issuing_confirmation)
    if queue:
        with opened_queue(session) as opened:
            store = _store(opened)
            refuse_overtaken(opened.workspace, store, confirming.run_with(store, root_given(root)))
            run = confirming.confirm(store, root_given(root), person, rule)
            job = confirming.put_in_queue(opened.jobs, store, run)
        session.result({**run_content(run), "job": job.id})
        _say_confirmed(session, run)
        session.say(f"The daemon anchors it: testamur jobs show {job.id}")
        return
    with session.workspace() as workspace:
        workspace.ready_to_write()
        store = IssuedStore(workspace.folder.engine, workspace.chain, workspace.contract_address)
        refuse_overtaken(workspace, store, confirming.run_with(store, root_given(root)))
        run = confirming.confirm(store, root_given(root), person, rule)
        with session.live(f"sending batch {root}"):
            row = confirming.anchor(workspace, store, run)
        if wait:
            row = waited_for(session, workspace, row)
        chain, replaces = workspace.asked_chain, store.has_corrections(run)
        is_paper = store.method_of(run) is not DigestMethod.SD_JWT
    session.result({**run_content(run), **chain_content(chain), "batch": batch_content(row)})
    _say_confirmed(session, run)
    final = "" if row.state is BatchState.FINAL else "; not final yet"
    session.say("Batch ", bold(root), f": {amount(row.leaf_count, 'credential')}, {row.state}{final}")
    if replaces:
        session.say(f"It has corrections: the old ones stay in force until you run testamur correct {root}")
    what = "Diplomas: testamur diplomas" if is_paper else "For holders: testamur issue export"
    session.say(f"{what} {root} -o diplomas")
    say_chain(session, chain)


@app.command()
@command
def discard(session: Session, root: Root) -> None:
    """Throw away what nobody has confirmed yet, with its documents; the rows can be issued again."""
    with opened_queue(session) as queue:
        run = confirming.discard(_store(queue), queue.batches, root_given(root))
    session.result(run_content(run))
    session.say(f"{amount(run.credentials, 'credential')} of ", bold(run.source), " thrown away; none was anchored.")


@app.command(name="list")
@command
def list_(session: Session) -> None:
    """List what was made of rosters: roots, who made and who confirmed them, and how far they are."""
    with opened_queue(session, read_only=True) as queue:
        runs = _store(queue).runs()
        batches = {run.number: confirming.batch_of(queue.batches, run) for run in runs}
    session.result([run_content(run) | {"batch": _state(run, batches[run.number])} for run in runs])
    columns = [
        Column(name, right=name == "credentials")
        for name in ("root", "roster", "credentials", "state", "made by", "made at", "confirmed by")
    ]
    session.say(Listing(columns, [_cells(run, batches[run.number]) for run in runs]))


def run_content(run: Run) -> dict[str, Any]:
    """A run for `--json`."""
    return {
        "root": _shown(run.root) or None,
        "state": run.state,
        "roster": run.source,
        "template": run.template,
        "credentials": run.credentials,
        "madeBy": {"account": run.made_by, "name": run.made_as},
        "madeAt": moment(run.made_at),
        "confirmedBy": None if run.confirmed_by is None else {"account": run.confirmed_by, "name": run.confirmed_as},
        "confirmedAt": None if run.confirmed_at is None else moment(run.confirmed_at),
    }


class WithoutBooks(Surroundings):
    """What was issued before is left out later on, and said: it is no fault of a row."""

    def issued(self, row_keys: Sequence[str]) -> IssuedAnswer:  # noqa: ARG002 - of `Known`
        return IssuedAnswer({})


def _template_as_it_was(run: Run) -> Template | None:
    """The template of a run; None where there is another text in its file by now."""
    path = Path(run.template_path)
    try:
        return read_template(path) if path.read_bytes() == run.template_text else None
    except (OSError, IntakeError):
        return None


def _issuer(queue: Queue) -> int:
    stated = queue.workspace.settings.issuer
    return stated if stated is not None else only_party(queue)


def _store(queue: Queue) -> IssuedStore:
    return IssuedStore(queue.workspace.folder.engine, queue.chain, queue.contract)


def lists_of(queue: Queue, issuer: int) -> Positions | None:
    """Where the service has an address for everybody, credentials name lists in which they are revoked."""
    url = queue.workspace.settings.public_url
    return None if url is None else Positions(queue.workspace.folder.engine, queue.chain, queue.contract, issuer, url)


def _nothing_made(roster: Path, rows: Roster, checked: Checked, refused: Path | None) -> IntakeError:
    first = checked.findings[0]
    place = f"cell {first.cell}" if first.cell else f"row {first.row}" if first.row else "the whole roster"
    left = len(rows.rows) - len(checked.ready)
    return IntakeError(
        f"{left:,} of {amount(len(rows.rows), 'row')} not ready, and nothing was made; the first fault is in {place}: "
        f"{first.what}",
        where=str(roster),
        remedy=f"All of them are in {refused} with their reasons: mend them there, and issue that file. {first.remedy}",
        code="roster-not-ready",
    )


def _made_content(
    rows: Roster, checked: Checked, found: Sorted, run: Run | None, refused: Path | None, method: str
) -> dict[str, Any]:
    return {
        "rows": len(rows.rows),
        "ready": len(checked.ready),
        "made": len(found.to_make),
        "issuedBefore": len(found.same),
        "waiting": _places(found.waiting),
        "changed": _places(found.changed),
        "findings": [
            {"cell": each.cell, "row": each.row, "severity": each.severity, "rule": each.rule, "what": each.what}
            for each in checked.findings
        ],
        "refusedFile": None if refused is None else str(refused),
        "scope": {"coverage": checked.scope.coverage, "why": checked.scope.why},
        "verificationMethod": method,
        "run": None if run is None else run_content(run),
    }


def _places(found: Sequence[tuple[Row, Known]]) -> list[dict[str, Any]]:
    return [{"row": row.number, "root": _shown(known.root)} for row, known in found]


def _say_made(
    session: Session, roster: Path, rows: Roster, checked: Checked, found: Sorted, refused: Path | None
) -> None:
    session.say(bold(roster), f": {amount(len(rows.rows), 'row')}, {len(checked.ready):,} ready")
    for each in checked.findings[:SHOWN]:
        place = each.cell or (f"row {each.row}" if each.row else "whole file")
        session.say("  ", Styled(f"{place} {each.rule}", "yellow"), f": {each.what}. {each.remedy}")
    if len(checked.findings) > SHOWN:
        session.say(f"  and {len(checked.findings) - SHOWN:,} more")
    if refused is not None:
        session.say("  what is not ready, with the reasons: ", bold(refused), "; mend it there and issue that file")
    for sentence in checked.not_checked:
        session.say("  ", Styled(sentence, "yellow"))
    if found.same:
        session.say("  ", Styled(f"{len(found.same):,} issued before and left out", "yellow"))
    if found.waiting:
        row, known = found.waiting[0]
        made = Styled(f"{len(found.waiting):,} made before and left out", "yellow")
        session.say(
            "  ", made, f": row {row.number} waits under 0x{(known.root or b'').hex()}, to be confirmed or discarded"
        )
    if found.changed:
        row, _ = found.changed[0]
        differs = Styled(f"{len(found.changed):,} issued before with other values, and left out", "red")
        session.say("  ", differs, f", first row {row.number}: `testamur correct` issues them anew")
    if not found.to_make:
        session.say("  nothing new to issue")


def say_run(session: Session, run: Run) -> None:
    """Tell that a run was made, and what is next."""
    root = _shown(run.root)
    session.say(f"{amount(run.credentials, 'credential')} made and signed, none of them anchored; root ", bold(root))
    session.say(f"Look at them: testamur issue preview {root} -o preview.pdf")
    _say_how_to_confirm(session, run)


def _say_how_to_confirm(session: Session, run: Run) -> None:
    if run.state is not RunState.MADE:
        return
    rule = Confirmation(session.settings.issuing_confirmation)
    who = "" if rule is Confirmation.OFF else f"; not by {run.made_as}, who made them"
    session.say(f"Then: testamur issue confirm {_shown(run.root)} --by NAME{who}")


def _say_confirmed(session: Session, run: Run) -> None:
    session.say(
        "Root ", bold(f"0x{(run.root or b'').hex()}"), f": made by {run.made_as}, confirmed by {run.confirmed_as}."
    )


def _chosen_content(chosen: Chosen) -> dict[str, Any]:
    row = chosen.row
    return {"row": row.row_number, "part": row.part, "why": chosen.why, "name": name_of(row), "digest": row.digest.hex}


def _state(run: Run, batch: BatchRow | None) -> str:
    return run.state if batch is None else batch.state


def _cells(run: Run, batch: BatchRow | None) -> Sequence[str]:
    return (
        _shown(run.root),
        run.source,
        f"{run.credentials:,}",
        _state(run, batch),
        run.made_as,
        moment(run.made_at),
        run.confirmed_as or "",
    )


def _shown(root: bytes | None) -> str:
    return "" if root is None else f"0x{root.hex()}"
