"""`testamur lab …`: exercises on the practice chain, each in a folder of its own, and checks."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anchor.cli.asking import Yes, confirmed
from anchor.cli.console import Column, Listing, Styled, bold
from anchor.cli.session import Exit, Session, command
from registry.errors import SettingsError
from registry.language.choosing import from_environment

if TYPE_CHECKING:
    from anchor.lab.model import Exercise, Missing, Step
    from anchor.lab.texts import Texts

app = typer.Typer(
    no_args_is_help=True, help="Exercises on the practice chain, with checks that say when they are done."
)

Name = Annotated[str | None, typer.Argument(help="Name of the exercise; default: the one whose folder this is.")]
Folder = Annotated[Path | None, typer.Option("--folder", help="Folder of the exercise; default: this one, else NAME.")]
Language = Annotated[
    str | None,
    typer.Option(
        "--language", help="Of the exercises, en or fr; default: as the exercise was begun, else LANGUAGE or LANG."
    ),
]


@app.command("list")
@command
def list_all(session: Session, language: Language = None) -> None:
    """List the exercises of all courses."""
    from anchor.lab.exercises import EXERCISES

    texts = _texts(language)
    session.result([_content(texts, each) for each in EXERCISES])
    rows = [
        (
            each.name,
            texts.title(each),
            texts.word(f"audience-{each.audience}"),
            texts.word("minutes", minutes=each.minutes),
        )
        for each in EXERCISES
    ]
    session.say(Listing([Column(word) for word in ("name", "exercise", "audience", "time")], rows))
    session.say(texts.word("start-one"))


@app.command()
@command
def start(
    session: Session,
    name: Annotated[str, typer.Argument(help="Name of the exercise, such as registrars-1.")],
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Folder to make; default: the name of the exercise, here.")
    ] = None,
    language: Language = None,
) -> None:
    """Make the folder of an exercise, with its files and a practice chain of its own, and say the first step."""
    from anchor.lab.exercises import exercise
    from anchor.lab.place import begin

    texts, chosen = _texts(language), exercise(name)
    place = folder or Path(name)
    begin(chosen, place, texts)
    session.result(_content(texts, chosen) | {"folder": str(place)})
    session.say(bold(texts.title(chosen)), f" ({texts.word('minutes', minutes=chosen.minutes)})")
    _say_lines(session, texts.story(chosen))
    session.say(texts.word("begun", folder=place))
    session.say(f"  cd {shlex.quote(str(place))}")
    _say_first(session, texts, chosen)


@app.command()
@command
def check(session: Session, name: Name = None, folder: Folder = None, language: Language = None) -> Exit:
    """Look at what was really done, on the chain and in the files: which steps are done, and what is still missing."""
    texts = _texts(language, _folder(name, folder))
    chosen, found = _looked_at(name, folder)
    left = [step for step, lacks in found if lacks is not None]
    session.result(
        {
            "exercise": chosen.name,
            "done": not left,
            "steps": [
                {
                    "step": step.key,
                    "done": lacks is None,
                    "task": texts.task(chosen, step),
                    "missing": None if lacks is None else texts.lacks(chosen, lacks),
                }
                for step, lacks in found
            ],
        }
    )
    for number, (step, lacks) in enumerate(found, start=1):
        word = texts.word("step-done" if lacks is None else "step-open")
        session.say(Styled(word, "green" if lacks is None else "yellow"), f"  {number}  {texts.task(chosen, step)}")
    if not left:
        session.say(bold(texts.word("all-done")))
        return Exit.DONE
    first = next(lacks for _, lacks in found if lacks is not None)
    session.say(texts.word("steps-left", done=len(found) - len(left), all=len(found)))
    session.say(texts.word("lacks", what=texts.lacks(chosen, first)))
    session.say(texts.word("hint-at"))
    return Exit.FAILED


@app.command()
@command
def hint(session: Session, name: Name = None, folder: Folder = None, language: Language = None) -> None:
    """Say how the first step that is open can be done."""
    texts = _texts(language, _folder(name, folder))
    chosen, found = _looked_at(name, folder)
    step = next((step for step, lacks in found if lacks is not None), None)
    session.result(
        {
            "exercise": chosen.name,
            "step": step and step.key,
            "hint": step and texts.hint(chosen, step),
        }
    )
    if step is None:
        session.say(texts.word("nothing-left"))
        return
    session.say(bold(texts.task(chosen, step)))
    session.say(texts.hint(chosen, step))


@app.command()
@command
def reset(
    session: Session, name: Name = None, folder: Folder = None, language: Language = None, yes: Yes = False
) -> None:
    """Remove all that is in the folder of an exercise, and begin it again."""
    from anchor.lab.exercises import exercise
    from anchor.lab.place import begin_again, name_in

    place = _folder(name, folder)
    texts = _texts(language, place)
    chosen = exercise(_same(name, name_in(place), place))
    confirmed(texts.word("reset-ask", folder=place.absolute()), yes=yes)
    begin_again(chosen, place, texts)
    session.result(_content(texts, chosen) | {"folder": str(place)})
    session.say(texts.word("reset-done"))
    _say_first(session, texts, chosen)


def _looked_at(name: str | None, folder: Path | None) -> tuple[Exercise, list[tuple[Step, Missing | None]]]:
    from anchor.lab.exercises import exercise
    from anchor.lab.place import findings, looked_at, name_in

    place = _folder(name, folder)
    chosen = exercise(_same(name, name_in(place), place))
    with looked_at(place) as opened:
        return chosen, findings(chosen, opened)


def _folder(name: str | None, folder: Path | None) -> Path:
    """The folder that is meant: the one that is named, this one, or one of that name here."""
    from anchor.lab.place import MARK

    if folder is not None:
        return folder
    return Path() if name is None or Path(MARK).is_file() else Path(name)


def _same(name: str | None, found: str, folder: Path) -> str:
    if name is not None and name != found:
        raise SettingsError(
            f"this is the folder of the exercise {found}, and not of {name}",
            where=str(folder),
            remedy="Go into the folder of the exercise, or name it with --folder.",
            code="no-exercise",
        )
    return found


def _texts(language: str | None, begun: Path | None = None) -> Texts:
    """In the language that was asked for, else the one in which the folder was begun, else the environment's."""
    from anchor.lab.texts import Texts, languages

    if language is not None and language not in languages():
        raise SettingsError(
            f"the exercises are not there in {language!r}",
            remedy=f"They are there in {', '.join(languages())}.",
            code="language",
        )
    if language is None and begun is not None:
        from anchor.lab.place import language_in

        language = language_in(begun)
    return Texts(language or from_environment(os.environ))


def _content(texts: Texts, exercise: Exercise) -> dict[str, Any]:
    return {
        "exercise": exercise.name,
        "title": texts.title(exercise),
        "audience": exercise.audience,
        "minutes": exercise.minutes,
        "steps": [texts.task(exercise, step) for step in exercise.steps],
    }


def _say_first(session: Session, texts: Texts, exercise: Exercise) -> None:
    session.say(texts.word("first"), " ", bold(texts.task(exercise, exercise.steps[0])))
    session.say(texts.word("then"))
    session.say("  testamur lab check")


def _say_lines(session: Session, text: str) -> None:
    for each in text.splitlines():
        session.say(each)
