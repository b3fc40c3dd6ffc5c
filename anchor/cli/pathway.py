"""`testamur pathway …`: what of a pathway is done and what next step opens most, and pathway files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer

from anchor.cli.chains import say_chain
from anchor.cli.checking import Checking
from anchor.cli.console import Column, Fields, Listing, bold
from anchor.cli.faults_told import faults_content, say_faults
from anchor.cli.levels import Maps
from anchor.cli.pathway_told import (
    NUMBER,
    cohort_rows,
    numbered,
    progress_content,
    progress_rows,
    say_cohort,
    say_progress,
)
from anchor.cli.session import Exit, Session, command
from anchor.cli.speaking import InLanguage, spoken
from anchor.cli.wording import amount
from anchor.cli.writing import write_new
from anchor.learning.pathways import (
    TEMPLATE,
    LeftOut,
    case_pathway,
    ctdl_pathway,
    each_learner,
    items_of,
    learners_in,
    look_at,
    pathway_in,
)
from anchor.verifying.named import write_whole
from registry.frameworks.model import Fault
from registry.learning.pathways.cohort import Tally
from registry.learning.pathways.ctdl_writing import ctdl_graph
from registry.learning.pathways.form import pathway_form
from registry.learning.pathways.model import text_in
from registry.learning.pathways.next_step import next_steps
from registry.learning.pathways.plan import plan_of
from registry.learning.pathways.progress import Known, progress
from registry.learning.pathways.words import Words
from registry.learning.pathways.writing import pathway_text
from registry.untrusted.cells import csv_lines

app = typer.Typer(help="Pathways: what is done, what is open, and which next step opens most.", no_args_is_help=True)

EXITS: Final = {Known.YES: Exit.DONE, Known.NO: Exit.FAILED, Known.UNKNOWN: Exit.COULD_NOT_BE_CHECKED}


class Source(StrEnum):
    """Of others, from which pathways come."""

    CASE = "case"
    CTDL = "ctdl"


class Form(StrEnum):
    """In which pathways go."""

    JSON = "json"
    CTDL = "ctdl"


PathwayFile = Annotated[Path, typer.Argument(metavar="PATHWAY", help="A pathway file.", show_default=False)]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="File; default: beside it, with another ending.", show_default=False),
]
Over = Annotated[bool, typer.Option("--overwrite", help="Write over a file that is there.")]


@app.command()
@command
def check(
    session: Session,
    portfolio: Annotated[
        Path,
        typer.Argument(help="A portfolio, the link to one, or credentials in a folder.", show_default=False),
    ],
    pathway: PathwayFile,
    checking: Checking,
    maps: Maps,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the steps as a table.", show_default=False)] = None,
    language: InLanguage = None,
) -> Exit:
    """Say what of a pathway is done by the credentials in a portfolio, and which next step opens most.

    Exit codes: 0 complete, 1 not complete, 2 whether it is complete could not be checked.
    """
    told = spoken(language)
    known = maps.read(session)
    found_pathway = pathway_in(pathway, known)
    plan = plan_of(found_pathway, known)
    with checking.opened(session) as checker:
        items = items_of(portfolio, checker.verifier, now=checker.now, language=told.language, limits=checker.limits)
        chain = checker.chain
        found = progress(plan, items, checker.now)
    following = next_steps(plan, found)
    tongue = language or found_pathway.language
    if csv is not None:
        write_whole(csv, csv_lines(progress_rows(found_pathway, found, tongue)), private=True)
    session.result(progress_content(found_pathway, found, following, items))
    say_progress(session, told, found_pathway, found, following, items, tongue)
    say_chain(session, chain)
    return EXITS[found.complete]


@app.command()
@command
def cohort(
    session: Session,
    learners: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="Each file and each folder right in it is one learner's.", show_default=False
        ),
    ],
    pathway: PathwayFile,
    checking: Checking,
    maps: Maps,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the counts as a table.", show_default=False)] = None,
    left_out: Annotated[
        Path | None,
        typer.Option("--left-out", help="Write which files could not be read, and why.", show_default=False),
    ] = None,
    language: InLanguage = None,
) -> Exit:
    """Say how far many learners have come and where they stop, in counts of which none is of fewer than ten people."""
    known = maps.read(session)
    found_pathway = pathway_in(pathway, known)
    plan = plan_of(found_pathway, known)
    tally, refused = Tally(plan), list[LeftOut]()
    paths = learners_in(learners)
    with checking.opened(session) as checker, session.progress("checking learners") as bar:
        found_of = each_learner(plan, paths, checker.verifier, now=checker.now, limits=checker.limits)
        for number, each in enumerate(found_of, 1):
            if isinstance(each, LeftOut):
                refused.append(each)
            else:
                tally.add(each)
            bar(number, len(paths))
    if left_out is not None:
        rows = [("file", "code", "why"), *((each.name, each.code, each.reason) for each in refused)]
        write_whole(left_out, csv_lines(rows), private=True)
    if refused:
        more = "" if left_out is None else f": {left_out}"
        session.note(f"{amount(len(refused), 'learner')} left out, whose files cannot be read{more}")
    found = tally.cohort()
    tongue = language or found_pathway.language
    if csv is not None:
        write_whole(csv, csv_lines(cohort_rows(found_pathway, found, tongue)))
    session.result(found.to_dict())
    say_cohort(session, found_pathway, found, tongue)
    return Exit.SOME_REJECTED if refused else Exit.DONE


@app.command()
@command
def show(session: Session, pathway: PathwayFile, maps: Maps, language: InLanguage = None) -> None:
    """Show the steps of a pathway, what each requires, and what goes before it."""
    known = maps.read(session)
    found = pathway_in(pathway, known)
    tongue = language or found.language
    words, titles = Words(found, tongue), {each.identifier: text_in(each.title, tongue) for each in found.steps}
    session.result(pathway_form(plan_of(found, known), known))
    session.say(bold(text_in(found.title, tongue)), f" {found.version}")
    session.say(
        Fields(
            {
                "identifier": found.identifier,
                "issuer": found.issuer or None,
                "an item serves": "one step" if found.counts.value == "once" else "every step that it fits",
            }
        )
    )
    columns = (NUMBER, *(Column(name, folds=True) for name in ("step", "after", "requires")))
    rows = []
    for each in found.steps:
        asked = [] if each.requires is None else [words.requirement(each.requires)]
        asked += [] if each.recognition is None else [words.recognition(each.recognition)]
        name = titles[each.identifier] + (" (optional)" if each.optional else "")
        rows.append((name, ", ".join(titles[one] for one in each.after), "; ".join(asked)))
    session.say(Listing(columns, numbered(rows)))
    for note in found.notes:
        session.note(f"Not taken over when it was imported: {note}")


@app.command()
@command
def faults(session: Session, pathway: PathwayFile, maps: Maps) -> Exit:
    """Say all that is wrong with a pathway at once: circles, steps that no way leads to, contradictions."""
    found, those = look_at(pathway, maps.read(session))
    grave = found is None or any(each.grave for each in those)
    steps = 0 if found is None else len(found.steps)
    session.result({"file": str(pathway), "valid": not grave, "steps": steps, **faults_content(those)})
    session.say(
        bold(pathway), ": ", "it cannot be used" if grave else f"a pathway with {amount(steps, 'step')}, in order"
    )
    say_faults(session, those, "grave")
    return Exit.FAILED if grave else Exit.DONE


@app.command("import")
@command
def import_pathway(
    session: Session,
    form: Annotated[Source, typer.Argument(metavar="FORMAT", help="case or ctdl.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="A CFPackage, or a graph in JSON-LD.", show_default=False)],
    maps: Maps,
    output: Output = None,
    strict: Annotated[bool, typer.Option("--strict", help="Write nothing where something is left out.")] = False,
    overwrite: Over = False,
) -> Exit:
    """Make a pathway file of a CASE package or a pathway in CTDL. What has no place in it is told, and noted in it."""
    read = case_pathway if form is Source.CASE else ctdl_pathway
    found, those = read(file, maps.read(session))
    grave = any(each.grave for each in those)
    path = output or file.with_suffix(".toml")
    written = not (strict and grave)
    if written:
        write_new(path, pathway_text(found).encode(), overwrite=overwrite)
    session.result(
        {
            "form": form.value,
            "pathway": found.identifier,
            "steps": len(found.steps),
            "written": str(path) if written else None,
            **faults_content(those),
        }
    )
    session.say(bold(text_in(found.title, found.language)), f": {amount(len(found.steps), 'step')}")
    say_faults(session, those, "grave")
    if not written:
        session.say("Nothing was written (--strict).")
        return Exit.FAILED
    session.say("Written: ", bold(path))
    return Exit.SOME_REJECTED if grave else Exit.DONE


@app.command("export")
@command
def export_pathway(
    session: Session,
    form: Annotated[Form, typer.Argument(metavar="FORMAT", help="json or ctdl.", show_default=False)],
    pathway: PathwayFile,
    maps: Maps,
    output: Output = None,
    overwrite: Over = False,
) -> Exit:
    """Write a pathway as JSON for the page of learners, or as a graph of CTDL. What has no word in CTDL is told."""
    known = maps.read(session)
    found = pathway_in(pathway, known)
    lost: tuple[Fault, ...] = ()
    if form is Form.JSON:
        content, path = pathway_form(plan_of(found, known), known), output or pathway.with_suffix(".json")
    else:
        content, lost = ctdl_graph(found)
        path = output or pathway.with_suffix(".jsonld")
    write_new(path, orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n", overwrite=overwrite)
    session.result({"form": form.value, "written": str(path), **faults_content(lost)})
    say_faults(session, lost, "grave")
    session.say("Written: ", bold(path))
    return Exit.SOME_REJECTED if any(each.grave for each in lost) else Exit.DONE


@app.command()
@command
def template(session: Session, output: Output = None, overwrite: Over = False) -> None:
    """Write a pathway file to begin with."""
    path = output or Path("pathway.toml")
    write_new(path, TEMPLATE.encode(), overwrite=overwrite)
    session.result({"written": str(path)})
    session.say("Written: ", bold(path))
