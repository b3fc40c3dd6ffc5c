"""`testamur template …`: what everybody who gets an award has in common, in a file that is written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from anchor.cli.console import Column, Fields, Listing, Styled, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from anchor.issuing.credentials import Awards
from anchor.issuing.roster.beside import write_new
from anchor.issuing.roster.columns import columns_of
from anchor.issuing.templates.files import look_at_template
from anchor.issuing.templates.model import Kind
from anchor.issuing.templates.samples import samples_left
from anchor.issuing.templates.writing import template_text
from registry.recognition.isced import field_name

app = typer.Typer(help="Write and look at templates of awards.", no_args_is_help=True)


@app.command("new")
@command
def new(
    session: Session,
    kind: Annotated[Kind, typer.Option("--kind", help="What is awarded.")],
    language: Annotated[str, typer.Option("--language", help="Main language, such as en, de or pt-BR.")] = "en",
    second_language: Annotated[
        str | None, typer.Option("--second-language", help="Of bilingual diplomas.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File; default: KIND.toml here.", show_default=False)
    ] = None,
) -> None:
    """Write a template that is complete as it stands, with a comment at every key."""
    path = output or Path(f"{kind.value}.toml")
    languages = [language, *([] if second_language is None else [second_language])]
    write_new(path, template_text(kind, languages).encode())
    session.result({"template": str(path), "kind": kind.value, "languages": languages})
    session.say("Written: ", bold(path), ". Put your own texts into it, then:")
    session.say(f"  testamur template check {path}")
    session.say(f"  testamur roster new {path}")


@app.command("check")
@command
def check(
    session: Session,
    template: Annotated[Path, typer.Argument(help="The template, a TOML file.", show_default=False)],
) -> Exit:
    """Say all that is wrong with a template at once, or what its roster will ask for."""
    found, faults = look_at_template(template)
    told = [{"key": each.key, "what": each.what, "remedy": each.remedy} for each in faults]
    keys = [] if found is None else [column.key for column in columns_of(found)]
    samples = [] if found is None else list(samples_left(found))
    most = None if found is None else Awards(found).most
    content = {"template": str(template), "valid": found is not None, "faults": told, "columns": keys}
    content["credentialsARow"] = most
    session.result({**content, "samples": samples})
    if found is None:
        session.say(bold(template), ": ", Styled(f"{amount(len(faults), 'fault')}", "bold red"))
        columns = (Column("key"), Column("what"), Column("what to do", folds=True))
        session.say(Listing(columns, [(each.key, each.what, each.remedy) for each in faults]))
        return Exit.FAILED
    session.say(bold(template), ": in order")
    field = f"{found.field} {field_name(found.field)}" if found.field else None
    fields = {"award": found.text(found.name), "field": field, "EQF level": found.level, "ECTS": found.credits}
    session.say(Fields({**fields, "credentials a row": f"up to {most}", "columns": ", ".join(keys)}))
    if samples:
        session.say(f"Still the texts of the sample, which every credential would have: {', '.join(samples)}.")
    return Exit.DONE
