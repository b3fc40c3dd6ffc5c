"""`testamur frameworks …`: what programmes cover of a framework, and how frameworks come and go."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer

from anchor.cli.console import Column, Fields, Listing, bold
from anchor.cli.faults_told import faults_content, say_faults
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from anchor.cli.writing import write_new
from anchor.verifying.frameworks import case_in, framework_for, framework_in, look_at, programme_in
from anchor.verifying.named import write_whole
from registry.errors import IntakeError, SettingsError
from registry.frameworks.case_writing import case_package
from registry.frameworks.coverage import SAYS, Aligned, Coverage, Where, compare, decimals, table_rows
from registry.frameworks.fields import fields_of
from registry.frameworks.members import MAX_BYTES
from registry.frameworks.model import Framework, Programme
from registry.frameworks.writing import framework_text
from registry.timestamps import write_timestamp
from registry.untrusted.cells import csv_lines

app = typer.Typer(help="Compare programmes by frameworks of competences.", no_args_is_help=True)

LONGEST_TEXT: Final = 60
MOST_SHOWN: Final = 50


class Form(StrEnum):
    """Of others, in which frameworks come and go."""

    CASE = "case"


_FORM = typer.Argument(metavar="FORMAT", help="case: a CFPackage of 1EdTech's CASE 1.1.", show_default=False)
_OVER = typer.Option("--overwrite", help="Write over a file that is there.")


@app.command("compare")
@command
def compare_programmes(
    session: Session,
    first: Annotated[Path, typer.Argument(metavar="A", help="A programme file.", show_default=False)],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another one.", show_default=False)],
    framework: Annotated[
        Path | None,
        typer.Option("--framework", help="Framework file; default: the one that A names.", show_default=False),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the items as a table.", show_default=False)] = None,
    overwrite: Annotated[bool, _OVER] = False,
) -> Exit:
    """Say which items of a framework both programmes cover, which one does, and which neither."""
    programmes = programme_in(first), programme_in(second)
    known = framework_in(framework) if framework is not None else framework_for(programmes[0], first)
    found = compare(known, *programmes)
    if csv is not None:
        write_new(csv, csv_lines(table_rows(found)), overwrite=overwrite)
    session.result(found.to_dict())
    session.say("Framework: ", bold(known.title), f" {known.version} ({amount(len(found.rows), 'item')} to cover)")
    for letter, each in (("A", found.first), ("B", found.second)):
        session.say(f"{letter}: ", bold(each.programme.title), f", {each.programme.institution}")
        session.say(Fields(_about(each)))
    columns = (Column("covered by"), Column("items", right=True), Column("share", right=True))
    credits_ = (Column("ECTS of A", right=True), Column("ECTS of B", right=True))
    session.say(Listing((*columns, *credits_), [_set_row(found, where) for where in Where]))
    rows = [_item_row(found, at) for at in range(len(found.rows))]
    session.say(Listing([Column(name) for name in ("code", "covered by", "A", "B", "item")], rows[:MOST_SHOWN]))
    if len(rows) > MOST_SHOWN:
        session.say(f"and {len(rows) - MOST_SHOWN:,} more; --csv FILE writes all.")
    session.say(SAYS)
    left_out = [*found.first.faults, *found.second.faults]
    for fault in left_out:
        session.note(f"Left out: {fault}")
    return Exit.SOME_REJECTED if left_out else Exit.DONE


@app.command("import")
@command
def import_framework(
    session: Session,
    form: Annotated[Form, _FORM],
    file: Annotated[Path, typer.Argument(help="The package.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File; default: FILE.toml beside it.", show_default=False)
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Write nothing where an item cannot be used.")] = False,
    overwrite: Annotated[bool, _OVER] = False,
) -> Exit:
    """Make a framework file of a package of others. What has no place in it is kept; what is left out is told."""
    framework, faults = case_in(file)
    grave = [each for each in faults if each.grave]
    path = output or file.with_suffix(".toml")
    refused = path.with_name(f"{path.stem}.refused.csv")
    content = framework_text(framework).encode()
    if len(content) > MAX_BYTES:
        raise IntakeError(
            f"its framework file would have {len(content):,} bytes, and at most {MAX_BYTES:,} are read",
            where=str(file),
            remedy="Take a part of it.",
            code="case-package",
        )
    written = not (strict and grave)
    if written:
        write_new(path, content, overwrite=overwrite)
    if grave and written:
        write_whole(refused, csv_lines([("entry", "why"), *((each.entry, each.reason) for each in grave)]))
    session.result(
        {
            "form": form.value,
            "framework": framework.identifier,
            "title": framework.title,
            "items": len(framework.items),
            "written": str(path) if written else None,
            "refused": str(refused) if grave and written else None,
            **faults_content(faults),
        }
    )
    session.say(bold(framework.title), f": {amount(len(framework.items), 'item')}")
    say_faults(session, faults, "left out")
    if not written:
        session.say("Nothing was written (--strict).")
        return Exit.FAILED
    session.say("Written: ", bold(path), *([f", and what was left out: {refused}"] if grave else []))
    return Exit.SOME_REJECTED if grave else Exit.DONE


@app.command("export")
@command
def export_framework(
    session: Session,
    form: Annotated[Form, _FORM],
    file: Annotated[Path, typer.Argument(help="The framework file.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File; default: FILE.json beside it.", show_default=False)
    ] = None,
    overwrite: Annotated[bool, _OVER] = False,
) -> None:
    """Make a package of others of a framework file, with what an import kept of one."""
    framework = framework_in(file)
    package = case_package(framework, write_timestamp(datetime.now(UTC)))
    path = output or file.with_suffix(".json")
    write_new(path, orjson.dumps(package, option=orjson.OPT_INDENT_2) + b"\n", overwrite=overwrite)
    counts = {name: len(package[name]) for name in ("CFItems", "CFAssociations")}
    session.result({"form": form.value, "written": str(path), **counts})
    items, links = (
        amount(counts[name], word) for name, word in (("CFItems", "item"), ("CFAssociations", "association"))
    )
    session.say("Written: ", bold(path), f", with {items} and {links}")


@app.command("check")
@command
def check(
    session: Session,
    file: Annotated[Path, typer.Argument(help="A framework file, a programme file or a package.", show_default=False)],
) -> Exit:
    """Say all that is wrong with a framework or a programme at once, each entry by itself. Nothing is kept."""
    found, faults = look_at(file)
    grave = any(each.grave for each in faults)
    session.result({"file": str(file), "is": _kind(found), "valid": not grave, **faults_content(faults)})
    session.say(bold(file), ": ", _summary(found, grave=grave))
    say_faults(session, faults, "left out")
    return Exit.FAILED if grave else Exit.DONE


@app.command("isced")
@command
def isced(
    session: Session,
    words: Annotated[list[str], typer.Argument(metavar="CODE|TEXT", help="0613, or words.", show_default=False)],
) -> None:
    """Name a field of ISCED-F 2013 and those below it, or look for fields by words of their English names."""
    asked = " ".join(words)
    found = fields_of(asked)
    if not found:
        raise SettingsError(
            f"no field of ISCED-F 2013 has the code or the words {asked[:80]!r}",
            where="CODE|TEXT",
            remedy="Codes have two to four digits; names are in English.",
            code="unknown-field",
        )
    content = [{"code": each.code, "name": each.name, "within": [code for code, _ in each.within]} for each in found]
    session.result({"fields": content})
    columns = [Column(name) for name in ("code", "field", "within")]
    rows = [(each.code, each.name, " › ".join(name for _, name in each.within)) for each in found]
    session.say(Listing(columns, rows))


def _about(aligned: Aligned) -> dict[str, object]:
    programme = aligned.programme
    where = f"{programme.country}, " if programme.country else ""
    return {
        "identifier": programme.identifier,
        "level": f"{where}EQF {programme.level}" if programme.level else None,
        "ECTS": f"{decimals(programme.ects)}, of which aligned {decimals(aligned.ects)}",
    }


_WORDS: Final = {Where.BOTH: "both", Where.FIRST: "A only", Where.SECOND: "B only", Where.NEITHER: "neither"}


def _set_row(found: Coverage, where: Where) -> tuple[str, ...]:
    number, first, second = found.counted(where)
    share = f"{100 * number / len(found.rows):.0f} %" if found.rows else "–"
    return _WORDS[where], f"{number:,}", share, decimals(first), decimals(second)


def _item_row(found: Coverage, at: int) -> tuple[str, ...]:
    row = found.rows[at]
    text = " ".join(row.item.text_in(found.framework.language).split())
    shown = text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"
    return row.item.code, _WORDS[row.where], " ".join(row.first.parts), " ".join(row.second.parts), shown


def _kind(found: Framework | Programme | None) -> str | None:
    return None if found is None else "framework" if isinstance(found, Framework) else "programme"


def _summary(found: Framework | Programme | None, *, grave: bool) -> str:
    if found is None or grave:
        return "it cannot be used"
    if isinstance(found, Framework):
        return f"a framework with {amount(len(found.items), 'item')}, in order"
    return f"a programme with {amount(len(found.parts), 'part')} and {decimals(found.ects)} ECTS, in order"
