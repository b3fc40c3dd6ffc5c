"""`testamur insights`: the indicators of an index in the terminal, and the yearly report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from anchor.cli.console import Column, Listing, bold
from anchor.cli.partnership import local_of
from anchor.cli.session import Session, command
from anchor.cli.wording import amount
from anchor.verifying.named import write_whole
from registry.extras import needs
from registry.partnerships.periods import By, read_period
from registry.partnerships.told import COLUMNS, figure_rows
from registry.untrusted.cells import csv_lines

app = typer.Typer(help="Indicators of outcomes, and the yearly report.", no_args_is_help=True)

Country = Annotated[str | None, typer.Option("--country", help="Of the issuers' accreditations, ISO 3166-1.")]
Field = Annotated[str | None, typer.Option("--field", help="ISCED-F 2013 code of 2, 3 or 4 digits.")]
Level = Annotated[int | None, typer.Option("--level", min=1, max=8, help="EQF level.")]
OfPartnership = Annotated[str | None, typer.Option("--partnership", help="The id of one: its partners alone.")]


def show(
    session: Session,
    period: Annotated[
        str | None, typer.Option("--period", help="A year, quarter or month; default: the year of the newest block.")
    ] = None,
    by: Annotated[By, typer.Option("--by", help="How long the periods of the trends are.")] = By.QUARTER,
    country: Country = None,
    field: Field = None,
    level: Level = None,
    partnership: OfPartnership = None,
    table: Annotated[Path | None, typer.Option("--csv", help="Write every figure to this file.")] = None,
) -> None:
    """Show the indicators: what each comes to, out of what, and from which blocks."""
    with needs("serve"):
        from anchor.reporting.figures import as_of_words, filter_of
    with session.workspace(read_only=True) as workspace:
        found = local_of(workspace)
        chosen = read_period(period or f"{found.now.year:04d}")
        told = found.figures(chosen, by, filter_of(country, field, level, partnership))
    if table is not None:
        write_whole(table, csv_lines([COLUMNS, *figure_rows(told)], numbers=True))
    session.result(told)
    session.say(bold(f"Indicators for {chosen.name}"), f", {as_of_words(told)}")
    columns = [Column("indicator"), Column("value", right=True), Column("unit"), Column("counted", right=True),
               Column("out of", right=True)]  # fmt: skip
    session.say(Listing(columns, map(_row, told["indicators"])))
    for each in told["targets"]:
        session.say(f"{each['partnership']}: {each['indicator']} {each['target']} by {each['by']}: {each['state']}")
    if table is not None:
        session.say(f"Written: {table}")
    if told["registerSnapshots"]["batches"]:
        session.say(_left_out(told["registerSnapshots"]))
    session.say("No data is not zero. What each counts and cannot show: docs/reference/insights.md, or --json.")


def report(
    session: Session,
    year: Annotated[int, typer.Option("--year", min=2000, max=9998, help="Which year.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The PDF; the tables are written beside it.")] = Path(
        "report.pdf"
    ),
    country: Country = None,
    language: Annotated[Literal["en", "fr"], typer.Option("--language", help="Of the report.")] = "en",
    publisher: Annotated[str, typer.Option("--publisher", help="Who publishes it, for the first page.")] = "",
) -> None:
    """Write the yearly report as a PDF that is archival and accessible, with every table as CSV beside it."""
    with needs("serve"):
        from anchor.reporting.figures import as_of_words, filter_of
        from anchor.reporting.report import Asked, content_of, refuse_future, write_report
    with session.workspace(read_only=True) as workspace:
        found = local_of(workspace)
        chosen = read_period(f"{year:04d}")
        refuse_future(chosen, found.now)
        asked = Asked(chosen, filter_of(country, None, None, None), language, publisher)
        content = content_of(found, asked, str(workspace.contract_address))
    written = write_report(content, asked, output)
    session.result({"year": year, "language": language, "files": [str(path) for path in written]})
    session.say(bold(output), f": the report of {year}, {as_of_words(content.told)}")
    session.say(f"  {amount(len(written) - 1, 'table')} beside it:")
    for path in written[1:]:
        session.say(f"  {path}")


def _left_out(counts: dict[str, int]) -> str:
    batches, leaves = amount(counts["batches"], "batch", "batches"), amount(counts["leaves"], "leaf", "leaves")
    return f"Left out as snapshots of registers: {batches} with {leaves}."


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    of = each["of"]
    value = "no data" if of["value"] is None else f"{of['value']:,.1f}".removesuffix(".0")
    denominator = "" if of["denominator"] is None else f"{of['denominator']:,}"
    return each["title"], value, each["unit"], f"{of['numerator']:,}", denominator


app.command("show")(command(show))
app.command("report")(command(report))
