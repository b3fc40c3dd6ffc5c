"""`testamur statement`: aggregated counts of whom an issuer served, none of fewer than ten, checked and anchored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from anchor.cli.console import Column, Listing, Styled, bold
from anchor.cli.partnership import content_of, say_recorded
from anchor.cli.session import Session, command
from anchor.cli.wording import amount
from anchor.reporting.keeping import (
    kept_documents,
    read_bytes,
    record,
    refuse_contradiction,
    refuse_stranger,
    statement_in,
)
from registry.errors import SettingsError
from registry.index.documents import Document, document_of
from registry.partnerships.statement import StatedTable, Statement, statement_from_counts
from registry.partnerships.tables import K
from registry.untrusted.text import marked

app = typer.Typer(help="Statements of aggregated counts: optional, and an issuer's own word.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A statement as TOML or JSON, or a CSV of counts.", show_default=False)]


@dataclass(frozen=True, slots=True)
class Described:
    """The options that say what a CSV of counts is about."""

    id: Annotated[str | None, typer.Option("--id", help="Of a CSV: the statement's id.")] = None
    revision: Annotated[int, typer.Option("--revision", min=1, help="Of a CSV: which version of it this is.")] = 1
    title: Annotated[str | None, typer.Option("--title", help="Of a CSV: its title.")] = None
    measure: Annotated[
        str, typer.Option("--measure", help="Of a CSV: awards, graduates, enrolments, applications or credentials.")
    ] = "awards"
    first: Annotated[str | None, typer.Option("--from", help="Of a CSV: the first day that is counted.")] = None
    last: Annotated[str | None, typer.Option("--until", help="Of a CSV: the last day that is counted.")] = None
    country: Annotated[str | None, typer.Option("--country", help="Of a CSV: of which country the counts are.")] = None
    field: Annotated[str | None, typer.Option("--field", help="Of a CSV: of which field, ISCED-F.")] = None
    level: Annotated[int | None, typer.Option("--level", min=1, max=8, help="Of a CSV: of which EQF level.")] = None

    def members(self, issuer: int) -> dict[str, Any]:
        """Of the statement, without its tables.

        Raises:
            SettingsError: one that is needed is missing (code `statement-options`).
        """
        if self.id is None or self.title is None or self.first is None or self.last is None:
            raise SettingsError(
                "a CSV of counts does not say what it is about",
                remedy="Say it with --id, --title, --from and --until.",
                code="statement-options",
            )
        about = {"country": self.country, "field": self.field, "level": self.level}
        return {
            "id": self.id,
            "revision": self.revision,
            "issuer": issuer,
            "title": self.title,
            "measure": self.measure,
            "period": {"from": self.first, "until": self.last},
            "about": {name: value for name, value in about.items() if value is not None},
        }


def check(session: Session, file: File, described: Described) -> None:
    """Look at a statement before it is anchored: what is left out of it, and whether anything gives that away."""
    with session.workspace(read_only=True) as workspace:
        issuer = workspace.issuer() if file.suffix.lower() == ".csv" else 0
    document = _document_in(file, described, issuer)
    refuse_contradiction(document, kept_documents(session.settings), file)
    statement = _statement_of(document)
    session.result(content_of(document))
    _say(session, document, statement)
    session.say(f"No count is of fewer than {K}, and none that is left out can be worked out. Nothing was written.")


def record_(session: Session, file: File, described: Described) -> None:
    """Anchor a statement as a document of its issuer, and keep it where the service finds it."""
    with session.workspace() as workspace:
        document = _document_in(file, described, workspace.issuer())
        refuse_contradiction(document, kept_documents(session.settings), file)
        refuse_stranger(document, workspace.issuer(), file)
        done = record(workspace, document)
    say_recorded(session, document, done)


def _document_in(file: Path, described: Described, issuer: int) -> Document:
    if file.suffix.lower() != ".csv":
        return statement_in(file)
    made = statement_from_counts(read_bytes(file), described.members(issuer), where=str(file))
    return document_of(made)


def _statement_of(document: Document) -> Statement:
    if not isinstance(document.value, Statement):
        raise TypeError(f"{document.kind} is no statement")
    return document.value


def _say(session: Session, document: Document, statement: Statement) -> None:
    period = statement.period
    session.say(bold(marked(statement.title)), f" ({statement.id}, revision {statement.revision:,})")
    session.say(f"  {statement.measure} of party {statement.issuer}, {period.first} to {period.last}")
    for stated in statement.tables:
        session.say(_listing(stated))
        missing = len(stated.table.left_out())
        if missing:
            session.say(
                "  ", Styled(f"{amount(missing, 'count')} left out", "yellow"), ": small, or telling of a small one"
            )
    session.say(f"  digest (json-jcs) {document.digest.hex()}")


def _listing(stated: StatedTable) -> Listing:
    columns = [Column(stated.rows.dimension)]
    if stated.columns is None:
        columns.append(Column("count", right=True))
        rows = [
            (marked(name, 40), _count(row[0])) for name, row in zip(stated.rows.categories, stated.cells, strict=True)
        ]
        return Listing(columns, [*rows, ("all", _count(stated.total))])
    columns += [Column(marked(name, 40), right=True) for name in stated.columns.categories]
    columns.append(Column("all", right=True))
    every = zip(stated.rows.categories, stated.cells, stated.row_totals, strict=True)
    crossed = [(marked(name, 40), *map(_count, row), _count(total)) for name, row, total in every]
    return Listing(columns, [*crossed, ("all", *map(_count, stated.column_totals), _count(stated.total))])


def _count(count: int | None) -> str:
    return "left out" if count is None else f"{count:,}"


app.command("check")(command(check))
app.command("record")(command(record_))
