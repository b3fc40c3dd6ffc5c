"""`testamur suggest ask`, `figures` and `measure`: items of frameworks for texts, and how often they are right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from anchor.cli.console import Column, Listing, Styled, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.suggest_asking import candidates_listed
from anchor.cli.wording import amount
from anchor.cli.writing import refuse_existing
from anchor.learning.asking import catalogue_for, figures_file, figures_text, sentences_in, texts_in
from anchor.verifying.named import write_whole
from registry.errors import IntakeError, SettingsError
from registry.language.choosing import primary
from registry.learning.suggest.catalogue import Catalogue
from registry.learning.suggest.figures import BAR, passes, published
from registry.learning.suggest.hybrid import Hybrid
from registry.learning.suggest.measuring import figures_of, placed
from registry.learning.suggest.models import Engine
from registry.learning.suggest.multilingual import Multilingual
from registry.learning.suggest.suggesting import Suggester, language_unsaid, suggester
from registry.learning.suggest.values import MANY, Figure, Suggestion, Text

app = typer.Typer(
    no_args_is_help=True, help="Suggest items of frameworks for texts; a named person decides about each."
)


class ModelName(StrEnum):
    """The engines that there are."""

    HYBRID = "hybrid"
    MULTILINGUAL = "multilingual"


ENGINES: Final[Mapping[ModelName, Callable[[], Engine]]] = {
    ModelName.HYBRID: Hybrid,
    ModelName.MULTILINGUAL: Multilingual,
}
SHOWN: Final = 50
SAYS: Final = (
    "Each is a question to a person. Nothing is written before a named person has accepted it "
    "(testamur suggest review), and no text has left this machine."
)
_LONGEST: Final = 90

Framework = Annotated[
    str | None,
    typer.Option(
        "--framework",
        help="e-cf, is2020, esco, or a framework file; default: the programme's own, else e-cf.",
        show_default=False,
    ),
]
Items = Annotated[
    list[Path] | None,
    typer.Option("--items", help="ESCO's skills_XX.csv of your own download; several for several languages."),
]
Model = Annotated[
    ModelName,
    typer.Option("--model", help="hybrid; or multilingual, for languages of which the program keeps no words."),
]
Figures = Annotated[
    Path | None, typer.Option("--figures", help="Figures of your own, from `suggest measure`.", show_default=False)
]


@app.command()
@command
def ask(
    session: Session,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Programme, template, credential, or .txt with a text a line."),
    ] = None,
    text: Annotated[list[str] | None, typer.Option("--text", help="A text; several are asked one by one.")] = None,
    language: Annotated[
        str, typer.Option("--language", help="Of texts that name none, such as en. It is never guessed.")
    ] = "",
    framework: Framework = None,
    items: Items = None,
    model: Model = ModelName.HYBRID,
    figures: Figures = None,
    unmeasured: Annotated[
        bool, typer.Option("--unmeasured", help="Suggest though nobody measured how often it is right.")
    ] = False,
) -> Exit:
    """Suggest five items of a framework for each text. Refused where suggestions are known to be wrong too often."""
    paths = files or []
    texts = [
        *(Text(each, language, f"text {number}") for number, each in enumerate(text or [], 1)),
        *(each for path in paths for each in texts_in(path, language)),
    ]
    if not texts:
        raise SettingsError("nothing is asked about", remedy="Name a FILE, or a --text.", code="suggest-text")
    catalogue = catalogue_for(framework, items or [], paths)
    known = (*published(), *(figures_file(figures) if figures is not None else ()))
    with session.live("making the framework ready"):
        found, refused = _asked(texts, catalogue, ENGINES[model](), known, unmeasured=unmeasured)
    if not found:
        raise refused[0][1]
    session.result(
        {
            "suggestions": [each.to_dict() for each in found],
            "refused": [{"where": each.where, "code": why.code, "why": why.what} for each, why in refused],
        }
    )
    session.say(
        "Framework: ", bold(catalogue.title), f" {catalogue.version} ({amount(len(catalogue.entries), 'item')})"
    )
    for each in found[:SHOWN]:
        _say(session, each, catalogue)
    if len(found) > SHOWN:
        session.say(f"and {len(found) - SHOWN:,} more texts; --json has all.")
    for language, figure in sorted({each.language: each.figure for each in found}.items()):
        session.say(_how_often(language, figure))
    session.say(f"Model: {found[0].model.name} ({found[0].model.version})")
    session.say(SAYS)
    for unasked, why in refused[:SHOWN]:
        session.note(f"Left out: {unasked.where}: {why.what}")
    return Exit.SOME_REJECTED if refused else Exit.DONE


@app.command("figures")
@command
def show_figures(session: Session, figures: Figures = None) -> None:
    """Show how often a right item was among five, by framework and language, and where suggestions are refused."""
    known = (*published(), *(figures_file(figures) if figures is not None else ()))
    session.result({"bar": BAR, "figures": [{**each.to_dict(), "suggested": passes(each)} for each in known]})
    columns = (
        Column("framework"),
        Column("language"),
        Column("model"),
        Column("right first", right=True),
        Column("among five", right=True),
        Column("sentences", right=True),
        Column("at least", right=True),
        Column(""),
    )
    session.say(Listing(columns, [_figure_row(each) for each in known]))
    session.say(f"At least: the lower end of the 95 % interval of 'among five'. Below {BAR:.0%} nothing is suggested.")


@app.command()
@command
def measure(
    session: Session,
    sentences: Annotated[
        Path, typer.Argument(help="CSV with the columns text, language and codes.", show_default=False)
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="File for the figures.")] = Path("figures.json"),
    framework: Framework = None,
    items: Items = None,
    model: Model = ModelName.HYBRID,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a file that is there.")] = False,
) -> Exit:
    """Measure on sentences of your own how often a right item is among five, and write the figures down."""
    refuse_existing(output, overwrite=overwrite)
    catalogue = catalogue_for(framework, items or [], [])
    given = sentences_in(sentences, catalogue)
    engine = ENGINES[model]()
    with session.live("measuring"):
        found = figures_of(engine, catalogue, placed(engine, catalogue, given.labelled))
    write_whole(output, figures_text(found))
    session.result(
        {"written": str(output), "figures": [each.to_dict() for each in found], "leftOut": list(given.left_out)}
    )
    for each in found:
        session.say(_how_often(each.language, each), "" if passes(each) else f" Below the bar of {BAR:.0%}: refused.")
    session.say("Written: ", bold(output))
    for line in given.left_out[:SHOWN]:
        session.note(f"Left out: {line}")
    return Exit.SOME_REJECTED if given.left_out else Exit.DONE


def _asked(
    texts: Iterable[Text], catalogue: Catalogue, engine: Engine, figures: Sequence[Figure], *, unmeasured: bool
) -> tuple[list[Suggestion], list[tuple[Text, IntakeError]]]:
    """Suggestions for texts, and the texts for which there are none, each with its reason."""
    ready: dict[str, Suggester | IntakeError] = {}
    found: list[Suggestion] = []
    refused: list[tuple[Text, IntakeError]] = []
    for text in texts:
        spoken = primary(text.language)
        try:
            if not spoken:
                raise language_unsaid(text.where)
            if spoken not in ready:
                ready[spoken] = _ready(catalogue, spoken, engine, figures, unmeasured=unmeasured)
            one = ready[spoken]
            if isinstance(one, IntakeError):
                raise one
            found.append(one.suggest(text))
        except IntakeError as why:
            refused.append((text, why))
    return found, refused


def _ready(
    catalogue: Catalogue, language: str, engine: Engine, figures: Sequence[Figure], *, unmeasured: bool
) -> Suggester | IntakeError:
    try:
        return suggester(catalogue, language, engine, figures, unmeasured=unmeasured)
    except IntakeError as why:
        return why


def _say(session: Session, found: Suggestion, catalogue: Catalogue) -> None:
    names = {each.code: each.name_in(found.language) for each in catalogue.entries}
    session.say("")
    session.say(bold(found.text.where or "text"), f" ({found.language}): {_short(found.text.words)}")
    session.say(candidates_listed(found.text.words, found.candidates, longest=_LONGEST, names=names))
    if found.weak:
        session.say(Styled("The text has little in common with any item: perhaps none fits.", "bold yellow"))
    if found.cut:
        session.say("An item that is not shown has the same score as the last one here.")


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"


def _how_often(language: str, figure: Figure | None) -> str:
    if figure is None:
        return f"{language}: nobody has measured how often a right item is among these five."
    return (
        f"{language}: a right item was among {MANY} for {figure.among} of {amount(figure.sentences, 'sentence')} "
        f"(at least {figure.low:.0%} with 95 % confidence), and first for {figure.first}."
    )


def _figure_row(each: Figure) -> tuple[Any, ...]:
    said = "" if passes(each) else Styled("refused", "bold yellow")
    counts = (str(each.first), str(each.among), str(each.sentences))
    return each.framework, each.language, each.model.name, *counts, f"{each.low:.0%}", said
