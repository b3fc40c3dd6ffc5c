"""`testamur roster …`: a sheet for the people of an award, and everything that is wrong with it before it is issued."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from anchor.cli.console import Column, Listing, Styled, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from anchor.issuing.roster.beside import template_for, write_beside, write_new
from anchor.issuing.roster.cell_rules import Severity
from anchor.issuing.roster.known import Surroundings
from anchor.issuing.roster.reading import Roster, read_roster
from anchor.issuing.roster.rules import Checked, Coverage, check_roster
from anchor.issuing.roster.writing import DEFAULT_ROWS, MOST_ROWS, write_csv, write_refused, write_roster
from anchor.issuing.templates.files import read_template

app = typer.Typer(help="Make and check rosters: the people of an award.", no_args_is_help=True)

MOST_SHOWN: Final = 100
_STYLES: Final = {Severity.REFUSED: "red", Severity.NEEDS_A_PERSON: "yellow"}


@app.command("new")
@command
def new(
    session: Session,
    template: Annotated[Path, typer.Argument(help="The template, a TOML file.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File; default: TEMPLATE.xlsx here.", show_default=False)
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV instead of XLSX.")] = False,
    rows: Annotated[
        int, typer.Option("--rows", help="Rows with lists to choose from.", min=1, max=MOST_ROWS)
    ] = DEFAULT_ROWS,
    language: Annotated[
        str | None,
        typer.Option("--language", help="Of labels; default: the template's main one.", show_default=False),
    ] = None,
) -> None:
    """Make an empty roster for a template: instructions, a sheet to fill in, and lists to choose from."""
    award = read_template(template)
    # Whoever names a file .csv does not want a workbook in it.
    as_csv = as_csv or (output is not None and output.suffix.lower() == ".csv")
    path = output or Path(template.with_suffix(".csv" if as_csv else ".xlsx").name)
    write_new(path, write_csv(award, language) if as_csv else write_roster(award, rows, language))
    session.result({"roster": str(path), "template": str(template)})
    session.say("Written: ", bold(path), ". Fill in one row for each person, then:")
    session.say(f"  testamur roster check {path} --template {template}")


@app.command("check")
@command
def check(
    session: Session,
    roster: Annotated[Path, typer.Argument(help="XLSX, XLS, ODS or CSV.", show_default=False)],
    template: Annotated[
        Path | None,
        typer.Option("--template", help="Default: the one beside the roster that it is for.", show_default=False),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Nothing is ready if anything is wrong.")] = False,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept", help="A rule of the whole file that is right here: outside-scope.", show_default=False
        ),
    ] = None,
    refused: Annotated[
        Path | None,
        typer.Option("--refused", help="File for rows to mend; default: ROSTER.refused.xlsx.", show_default=False),
    ] = None,
) -> Exit:
    """Check every cell of a roster: what is ready, what needs a person, and what is refused. Nothing is issued."""
    award = read_template(template or template_for(roster))
    read = read_roster(roster, award)
    with session.workspace(read_only=True, patient=False) as workspace:
        checked = check_roster(read, award, Surroundings(workspace), accepted=accept or ())
    checked = checked.strictly if strict else checked
    path = None
    if checked.findings:
        content = write_refused(award, read, checked)
        path = write_beside(roster, content) if refused is None else refused
        if refused is not None:
            write_new(refused, content)
    session.result(_content(roster, read, checked, path))
    _say(session, roster, read, checked, path)
    if not checked.findings:
        return Exit.DONE
    return Exit.FAILED if strict else Exit.SOME_REJECTED


def _content(path: Path, read: Roster, checked: Checked, refused: Path | None) -> dict[str, Any]:
    findings = [
        {
            "sheet": each.sheet,
            "row": each.row or None,
            "cell": each.cell or None,
            "column": each.key or None,
            "severity": each.severity.value,
            "rule": each.rule,
            "what": each.what,
            "remedy": each.remedy,
        }
        for each in checked.findings
    ]
    return {
        "roster": str(path),
        "rows": len(read.rows),
        "ready": len(checked.ready),
        "needsAPerson": checked.needing_a_person,
        "refused": checked.refused,
        "findings": findings,
        "refusedFile": None if refused is None else str(refused),
        "scope": {"coverage": checked.scope.coverage.value, "why": checked.scope.why},
        "notChecked": list(checked.not_checked),
    }


def _say(session: Session, path: Path, read: Roster, checked: Checked, refused: Path | None) -> None:
    session.say(bold(path), f": {amount(len(read.rows), 'row')} on sheet ", bold(read.sheet))
    session.say("  ready           ", Styled(f"{len(checked.ready):,}", "green" if checked.ready else ""))
    session.say("  needs a person  ", Styled(f"{checked.needing_a_person:,}", "yellow"))
    session.say("  refused         ", Styled(f"{checked.refused:,}", "red"))
    if checked.findings:
        columns = (Column("cell"), Column("what becomes of it"), Column("rule"), Column("why", folds=True))
        rows = [
            (
                each.cell or "whole file",
                Styled(each.severity.value.replace("-", " "), _STYLES[each.severity]),
                each.rule,
                f"{each.what}. {each.remedy}",
            )
            for each in checked.findings[:MOST_SHOWN]
        ]
        session.say(Listing(columns, rows))
        if len(checked.findings) > MOST_SHOWN:
            session.say(f"and {len(checked.findings) - MOST_SHOWN:,} more: all are in the file below, and with --json")
    if checked.scope.coverage is not Coverage.NOT_CHECKED and checked.scope.coverage is not Coverage.OUTSIDE:
        session.say(checked.scope.why)
    for sentence in checked.not_checked:
        session.say(Styled(sentence, "yellow"))
    if refused is not None:
        session.say("Rows to mend, with the reasons: ", bold(refused), ". Mend them there, and check that file.")
