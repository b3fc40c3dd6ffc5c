"""`testamur register …`: a register of quality decisions, imported, looked at, confirmed, published as a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from anchor.books.tables import BatchState
from anchor.cli.anchor import batch_content
from anchor.cli.chains import chain_content, say_chain
from anchor.cli.console import Column, Listing, Styled, bold
from anchor.cli.issuing_options import SignKey
from anchor.cli.jobs import Queue, only_party, opened_queue
from anchor.cli.session import Exit, Session, command
from anchor.cli.targets import root_given
from anchor.cli.waiting import waited_for
from anchor.cli.wording import amount
from anchor.issuing.roster.beside import write_new
from anchor.issuing.signing import IssuingKey, Proofs, own_key
from anchor.registers.drafts import Draft, Published, Shelf
from anchor.registers.importing import Form, Mirror, Order, Outcome, import_register
from anchor.registers.lists import read_known
from anchor.registers.publishing import discard as discard_draft
from anchor.registers.publishing import publish
from registry.errors import SettingsError
from registry.proofs.signatures.suites import Suite, sign
from registry.quality.plain import COLUMNS, EXAMPLE
from registry.quality.wire import REGISTER_PATTERN, is_register
from registry.timestamps import write_timestamp
from registry.untrusted.cells import csv_lines

SHOWN: Final = 10
_COUNTS: Final = (
    ("byRuling", "ruling"),
    ("byStatus", "status"),
    ("bySubject", "about"),
    ("byCountry", "country"),
)

app = typer.Typer(
    no_args_is_help=True,
    help="Publish registers of quality decisions as snapshots, and look at those of others.",
)

Root = Annotated[str, typer.Argument(help="Root of the draft, 0x and 64 hexadecimal digits.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="Folder for the snapshot's file.", show_default=False)
]


@app.command("import")
@command
def import_(
    session: Session,
    form: Annotated[Form, typer.Argument(help="deqar, or csv: the plain table of `testamur register template`.")],
    file: Annotated[Path, typer.Argument(help="The register: CSV, XLSX, XLS or ODS.")],
    register: Annotated[
        str, typer.Option("--register", help="Short name of the register, as policies have it, such as deqar.")
    ],
    name: Annotated[str | None, typer.Option("--name", help="How it is called; default: its short name.")] = None,
    uri: Annotated[str, typer.Option("--uri", help="Where it is, such as https://data.deqar.eu.")] = "",
    parties: Annotated[
        Path | None, typer.Option("--parties", help="CSV: which institution is which party on the chain.")
    ] = None,
    agencies: Annotated[
        Path | None, typer.Option("--agencies", help="CSV: the agencies; decisions of others are left out.")
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option("--previous", help="The snapshot before; default: the last one published from here."),
    ] = None,
    mended: Annotated[
        Path | None, typer.Option("--mended", help="Rows that were left out before, mended: NAME.refused.csv.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="Of CSV, such as windows-1250; default: UTF-8.")
    ] = None,
    sign_key: SignKey = None,
    output: Output = None,
    strict: Annotated[bool, typer.Option("--strict", help="Make nothing when a row cannot be taken.")] = False,
) -> int:
    """Read a register and tell what it comes to: taken, left out and why. A draft is made, and nothing is anchored."""
    if not is_register(register):
        raise SettingsError(
            f"{register[:80]!r} is no short name of a register",
            where="--register",
            remedy=f"Write small letters, digits and hyphens, such as deqar ({REGISTER_PATTERN}).",
            code="register-name",
        )
    issuer, _ = _key(session, sign_key)
    known = read_known(agencies, parties)
    with opened_queue(session) as queue:
        shelf = Shelf(queue.workspace.folder.path)
        last = None if previous is not None else shelf.newest(register)
        order = Order(
            path=file,
            form=form,
            register=register,
            name=name or register,
            uri=uri,
            mirror=Mirror(issuer, queue.chain, queue.contract.lower(), party_of(queue)),
            known=known,
            previous=previous or (None if last is None else last.file),
            mended=mended,
            encoding=encoding,
            output=output,
            strict=strict,
        )
        with session.progress("reading") as progress:
            outcome = import_register(order, shelf, datetime.now(UTC), progress=progress)
    session.result({"root": _0x(outcome.draft.root), "knownDraft": outcome.known_draft, **outcome.content})
    _say_outcome(session, file, outcome)
    return Exit.SOME_REJECTED if outcome.content["leftOut"] else Exit.DONE


@app.command()
@command
def confirm(
    session: Session,
    root: Root,
    sign_key: SignKey = None,
    output: Output = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the batch is final.")] = False,
) -> None:
    """Confirm what the dry run told: the snapshot is signed, its file is written, and its batch is anchored."""
    with session.workspace() as workspace:
        workspace.ready_to_write()
        shelf = Shelf(workspace.folder.path)
        draft = shelf.draft(root_given(root))
        issuer, key = _key(session, sign_key)
        if issuer != draft.manifest.issuer:
            raise SettingsError(
                f"the draft names {draft.manifest.issuer} as its publisher, and the key is of {issuer}",
                where=root,
                remedy="Sign with the key that was set at the import, or import the register again.",
                code="other-controller",
            )
        with session.live(f"sending batch {root}"):
            done = publish(workspace, shelf, draft.root, lambda document: _signed(document, key), output=output)
        row = waited_for(session, workspace, done.batch) if wait else done.batch
        chain = workspace.asked_chain
    session.result(
        {
            **_published_content(done.published),
            "copy": str(done.copy),
            **chain_content(chain),
            "batch": batch_content(row),
        }
    )
    final = "" if row.state is BatchState.FINAL else "; not final yet"
    session.say("Snapshot ", bold(root), f" of {draft.manifest.name}: {row.state}{final}")
    session.say(f"  {amount(done.published.decisions, 'decision')}, {amount(row.leaf_count, 'leaf', 'leaves')}")
    session.say("  file: ", bold(_near(done.copy)), "; whoever has it can check it: testamur register show")
    say_chain(session, chain)


@app.command()
@command
def discard(session: Session, root: Root) -> None:
    """Throw away a draft that nobody has confirmed; the register can be imported again."""
    with opened_queue(session) as queue:
        draft = discard_draft(Shelf(queue.workspace.folder.path), queue.batches, root_given(root))
    session.result(_draft_content(draft))
    session.say("The draft ", bold(root), f" of {draft.manifest.name} is thrown away; nothing was anchored.")


@app.command(name="list")
@command
def list_(session: Session) -> None:
    """List the drafts and the snapshots that were published from here."""
    with opened_queue(session, read_only=True) as queue:
        shelf = Shelf(queue.workspace.folder.path)
        drafts, published = shelf.drafts(), shelf.all_published()
        states = {each.root: _state(queue, each.root) for each in published}
    session.result(
        [_draft_content(each) for each in drafts]
        + [_published_content(each) | {"state": states[each.root]} for each in published]
    )
    columns = [
        Column(name, right=name == "decisions") for name in ("root", "register", "decisions", "made at", "state")
    ]
    rows = [
        (_0x(each.root), each.manifest.register, f"{each.manifest.decisions:,}", _made_at(each), "to be confirmed")
        for each in drafts
    ]
    rows += [
        (_0x(each.root), each.register, f"{each.decisions:,}", write_timestamp(each.made_at), states[each.root])
        for each in published
    ]
    session.say(Listing(columns, rows) if rows else "No register was imported here.")


@app.command()
@command
def template(
    session: Session,
    output: Annotated[Path, typer.Option("--output", "-o", help="The CSV file to write.")] = Path("register.csv"),
) -> None:
    """Write an example of the plain table: every column, and one decision."""
    head, row = list(COLUMNS), [EXAMPLE.get(each, "") for each in COLUMNS]
    write_new(output, b"\xef\xbb\xbf" + csv_lines([head, row]))
    session.result({"file": str(output), "columns": COLUMNS})
    session.say("Written: ", bold(output), ". Each column, and what stands in it:")
    session.say(Listing([Column("column"), Column("what", folds=True)], list(COLUMNS.items())))


def _key(session: Session, file: Path | None) -> tuple[str, IssuingKey]:
    """The DID of whoever publishes snapshots here, and its key."""
    settings = session.settings
    return own_key(file or settings.issuing_key, settings.issuing_method, Proofs.JCS)


def _signed(document: Mapping[str, Any], key: IssuingKey) -> Mapping[str, Any]:
    suite = Suite.for_key(key.key, is_rdf=False)
    return sign(document, key.key, key.method, datetime.now(UTC), suite)


def party_of(queue: Queue) -> int:
    stated = queue.workspace.settings.issuer
    return stated if stated is not None else only_party(queue)


def _say_outcome(session: Session, file: Path, outcome: Outcome) -> None:
    content, root = outcome.content, _0x(outcome.draft.root)
    left = sum(content["leftOut"].values())
    session.say(
        bold(file),
        f": {amount(content['rows'], 'row')}, {content['taken']:,} taken"
        + (f" ({content['mended']:,} of them mended)" if content["mended"] else "")
        + f", {left:,} left out",
    )
    for sentence in content["notes"]:
        session.say("  ", Styled(sentence, "yellow"))
    if content["unknownColumns"]:
        names = ", ".join(content["unknownColumns"][:SHOWN])
        session.say("  ", Styled("columns that are no part of the form, kept as remarks", "yellow"), f": {names}")
    _say_reasons(session, content)
    _say_counts(session, content)
    _say_before(session, content)
    again = " (made before)" if outcome.known_draft else ""
    session.say("Draft ", bold(root), f"{again}: {amount(content['decisions'], 'decision')}; nothing is anchored.")
    session.say(f"Then: testamur register confirm {root}")


def _say_reasons(session: Session, content: Mapping[str, Any]) -> None:
    rows = [
        ("left out", reason, f"{count:,}", _where(content, reason, True))
        for reason, count in content["leftOut"].items()
    ]
    rows += [
        ("look at", reason, f"{count:,}", _where(content, reason, False))
        for reason, count in content["warnings"].items()
    ]
    if not rows:
        return
    columns = [Column(""), Column("why"), Column("rows", right=True), Column("the first", folds=True)]
    session.say(Listing(columns, rows))
    if content["refusedFile"]:
        session.say(
            "  rows that are left out, with the reasons: ",
            bold(content["refusedFile"]),
            "; mend them there, and import again with --mended",
        )


def _where(content: Mapping[str, Any], reason: str, left_out: bool) -> str:
    found = (each for each in content["findings"] if (each["reason"], each["leftOut"]) == (reason, left_out))
    first = next(found, None)
    if first is None:
        return ""
    cell = f", {first['cell']}" if first["cell"] else ""
    return f"row {first['row']}{cell}: {first['what']}"


def _say_counts(session: Session, content: Mapping[str, Any]) -> None:
    rows = [(label, name, f"{count:,}") for key, label in _COUNTS for name, count in [*content[key].items()][:SHOWN]]
    rows += [("agency", name, f"{count:,}") for name, count in [*content["byAgency"].items()][:SHOWN]]
    rows.append(("joint", "several holders", f"{content['joint']:,}"))
    rows.append(("party", "holder with a party on the chain", f"{content['withParty']:,}"))
    session.say(Listing([Column("decisions by"), Column(""), Column("rows", right=True)], rows))


def _say_before(session: Session, content: Mapping[str, Any]) -> None:
    if content["previous"] is None:
        if content["corrections"]:
            session.say(
                f"  {amount(content['corrections'], 'row')} correct an earlier row with their number; both are kept"
            )
        return
    if content["sameAsBefore"]:
        session.say(Styled("Nothing changed", "green"), f" since the snapshot 0x{content['previous']}.")
        return
    session.say(
        f"Since 0x{content['previous']}: {content['new']:,} new, {content['corrected']:,} corrected, "
        f"{content['unchanged']:,} unchanged, {content['gone']:,} gone"
    )
    for each in _first(content["goneNumbers"]):
        session.say("  ", Styled("gone", "yellow"), f": {each}")
    if content["gone"] > SHOWN:
        session.say(f"  and {content['gone'] - SHOWN:,} more: testamur register changes OLD NEW")


def _first(names: Iterable[str]) -> Iterable[str]:
    return list(names)[:SHOWN]


def _draft_content(draft: Draft) -> dict[str, Any]:
    manifest = draft.manifest
    return {
        "root": _0x(draft.root),
        "register": manifest.register,
        "name": manifest.name,
        "decisions": manifest.decisions,
        "leafCount": draft.leaf_count,
        "madeAt": write_timestamp(manifest.made_at),
        "file": None,
        "state": "draft",
    }


def _published_content(published: Published) -> dict[str, Any]:
    return {
        "root": _0x(published.root),
        "register": published.register,
        "name": published.name,
        "decisions": published.decisions,
        "leafCount": published.leaf_count,
        "madeAt": write_timestamp(published.made_at),
        "file": str(published.file),
    }


def _state(queue: Queue, root: bytes) -> str:
    found = queue.batches.with_root(root)
    return found[0].state if found else "unknown"


def _made_at(draft: Draft) -> str:
    return write_timestamp(draft.manifest.made_at)


def _near(path: Path) -> Path:
    """The path as seen from here, where it is below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _0x(root: bytes) -> str:
    return f"0x{root.hex()}"
