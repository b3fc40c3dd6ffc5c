"""`testamur partnership`: what partners agreed to do together, checked, anchored and shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anchor.cli.console import Column, Fields, Listing, Styled, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from anchor.reporting.keeping import (
    Recording,
    kept_documents,
    partnership_in,
    record,
    refuse_contradiction,
    refuse_stranger,
)
from anchor.workspace import Workspace
from registry.chain.ledger import read_ledger
from registry.errors import IntakeError
from registry.extras import needs
from registry.index.documents import Document, DocumentKind
from registry.partnerships.partnership import Partnership, Problem, problems_of
from registry.untrusted.text import marked

if TYPE_CHECKING:
    from anchor.reporting.figures import Local

app = typer.Typer(help="Partnerships: who works together, for what, and what came of it.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="The partnership, as TOML or JSON.", show_default=False)]


def check(session: Session, file: File) -> int:
    """Look at a partnership before it is anchored: its form, its parties, and its agreements on the chain."""
    document = partnership_in(file)
    partnership = _partnership_of(document)
    refuse_contradiction(document, kept_documents(session.settings), file)
    with session.workspace(read_only=True) as workspace:
        problems = _problems(workspace, partnership)
    session.result({**content_of(document), "problems": [each.to_dict() for each in problems]})
    _say(session, document, partnership)
    for each in problems:
        session.say(Styled("does not agree", "bold red"), f" {each.what}")
    if problems:
        return Exit.FAILED
    session.say("Its parties and agreements are on the chain. Nothing was written.")
    return Exit.DONE


def record_(session: Session, file: File) -> None:
    """Anchor a partnership as a document of one of its parties, and keep it where the service finds it."""
    document = partnership_in(file)
    partnership = _partnership_of(document)
    refuse_contradiction(document, kept_documents(session.settings), file)
    with session.workspace() as workspace:
        refuse_stranger(document, workspace.issuer(), file)
        problems = _problems(workspace, partnership)
        if problems:
            raise IntakeError(
                problems[0].what,
                where=str(file),
                remedy="Correct it; `testamur partnership check` says all that does not agree.",
                code="partnership-disagrees",
            )
        done = record(workspace, document)
    say_recorded(session, document, done)


def list_(session: Session) -> None:
    """List the partnerships of the index, and which of them count."""
    with session.workspace(read_only=True) as workspace:
        told = local_of(workspace).partnerships()
    session.result({"partnerships": told})
    if not told:
        session.say("There are none.")
        return
    columns = [Column("id"), Column("revision", right=True), Column("standing"), Column("by", right=True),
               Column("block", right=True), Column("title")]  # fmt: skip
    rows = [
        (
            each["id"],
            f"{each['revision']:,}",
            each["standing"],
            str(each["anchoredBy"] or ""),
            f"{each['block']['number']:,}" if each["block"] else "",
            marked(each["document"]["title"], 60),
        )
        for each in told
    ]
    session.say(Listing(columns, rows))


def show(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="ID", help="Its id.", show_default=False)],
) -> None:
    """Show a partnership of the index: its partners, agreements, reviews, targets, and all versions of it."""
    with session.workspace(read_only=True) as workspace:
        told = local_of(workspace).partnerships(name)
    current = next((each for each in told if each["standing"] == "current"), told[-1])
    session.result({"id": name, "current": current if current["standing"] == "current" else None, "versions": told})
    document = current["document"]
    session.say(bold(marked(document["title"])), f" ({name}, revision {current['revision']:,}, {current['standing']})")
    session.say(
        Fields(
            {
                "for": ", ".join(document["purpose"]["kinds"]),
                "from": document["start"],
                "until": document.get("end", "no end"),
                "anchored": current["block"]
                and f"by party {current['anchoredBy']} in block {current['block']['number']:,}",
            }
        )
    )
    session.say(
        Listing([Column("party", right=True), Column("kind"), Column("name")], map(_partner, document["partners"]))
    )
    for each in current["agreements"]:
        session.say(f"agreement {each['link']}: {each['kind']}, {each['body']} of {each['holder']}, {each['state']}")
    for each in document.get("reviews", ()):
        session.say(f"review due {each['due']}: {each.get('outcome', 'nothing on record')}")
    for each in document.get("targets", ()):
        bound = f"at least {each['atLeast']:g}" if "atLeast" in each else f"at most {each['atMost']:g}"
        session.say(f"target: {each['indicator']} {bound} by {each['by']}")
    for each in current["problems"]:
        session.say(Styled("does not agree", "bold red"), f" {each['what']}")
    if len(told) > 1:
        session.say(f"{amount(len(told), 'version')} are kept.")


def _partner(told: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(told.get("party", "–")), told["kind"], marked(told["name"], 60)


def _partnership_of(document: Document) -> Partnership:
    if not isinstance(document.value, Partnership):
        raise TypeError(f"{document.kind} is no partnership")
    return document.value


def _problems(workspace: Workspace, partnership: Partnership) -> tuple[Problem, ...]:
    ledger = read_ledger(workspace.contract)
    return problems_of(partnership, ledger, range(1, workspace.contract.party_count() + 1))


def _say(session: Session, document: Document, partnership: Partnership) -> None:
    session.say(bold(marked(partnership.title)), f" ({partnership.id}, revision {partnership.revision:,})")
    known = len(partnership.numbers)
    session.say(f"  {amount(len(partnership.partners), 'partner')}, {known:,} of them on the chain")
    session.say(
        f"  {amount(len(partnership.agreements), 'agreement')}, {amount(len(partnership.reviews), 'review')}, "
        f"{amount(len(partnership.targets), 'target')}"
    )
    session.say(f"  digest (json-jcs) {document.digest.hex()}")


def local_of(workspace: Workspace) -> Local:
    """The outcomes of the index of the settings, with the documents of its folder.

    Raises:
        SettingsError: nothing is indexed yet (code `no-index`), or the extra `serve` is not installed.
    """
    with needs("serve"):
        from anchor.reporting.figures import local
        from anchor.serving import index_of
    from anchor.books.trees import trees_of

    settings = workspace.settings
    return local(index_of(workspace), trees_of(settings), lambda: kept_documents(settings), settings.registers)


def content_of(document: Document) -> dict[str, Any]:
    """A document for `--json`."""
    return {
        "kind": document.kind.value,
        "id": document.value.id,
        "revision": document.value.revision,
        "digest": {"method": "json-jcs", "value": document.digest.hex()},
        "document": document.value.to_dict(),
    }


def say_recorded(session: Session, document: Document, done: Recording) -> None:
    """What became of a document, for a person and a program."""
    row = done.row
    session.result(
        {
            **content_of(document),
            "file": str(done.file),
            "new": done.is_new,
            "root": row and f"0x{row.root.hex()}",
            "block": row and row.block_number,
        }
    )
    word = "Partnership" if document.kind is DocumentKind.PARTNERSHIP else "Statement"
    session.say(bold(f"{word} {document.value.id}"), f", revision {document.value.revision:,}")
    session.say(f"  digest (json-jcs) {document.digest.hex()}")
    if row is not None:
        said = "anchored" if done.is_new else "was anchored before"
        block = "" if row.block_number is None else f" in block {row.block_number:,}"
        session.say(f"  {said} under 0x{row.root.hex()}{block}")
    session.say(f"  kept as {done.file}; the service takes it in with its next look")


app.command("check")(command(check))
app.command("record")(command(record_))
app.command("list")(command(list_))
app.command("show")(command(show))
