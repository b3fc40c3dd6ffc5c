"""`testamur suggest duplicates` and `gaps`: what is said alike, and what is covered nowhere, as questions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from anchor.cli.asking import at_a_terminal
from anchor.cli.console import Column, Fields, Listing, SafeConsole, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.suggest_asking import review_way
from anchor.cli.suggest_review import By, NamedFramework, Role
from anchor.cli.wording import amount
from anchor.learning.asking import catalogue_for, framework_named, word_for
from anchor.learning.decision_files import SUFFIX
from anchor.learning.duplicates import Alike, Pair, alike_in, decided, rulings_in, undecided
from anchor.verifying.frameworks import framework_for, programme_in
from registry.frameworks.model import Framework, Programme
from registry.learning.suggest.catalogue import framework_of
from registry.learning.suggest.decisions import Sameness, decider
from registry.learning.suggest.gaps import gaps_of, nearest_by_words
from registry.learning.suggest.likeness import likeness_model
from registry.learning.suggest.wire import AchievementPart, EntryPart, members_of

SHOWN: Final = 30
NOT_MEASURED: Final = (
    "How often alike words mean the same has not been measured: the score puts them in order and says no more."
)
_QUESTION: Final = "s the same, d different, n not sure, with a reason if you like; q to stop"
_WORDS: Final[dict[str, Sameness]] = {"s": "same", "d": "different", "n": "not-sure"}


@command
def duplicates(
    session: Session,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Programmes, templates and credentials, or folders of them.")
    ],
    language: Annotated[str, typer.Option("--language", help="Of the texts, such as en; others are left out.")],
    threshold: Annotated[
        float, typer.Option("--threshold", help="How alike they have to be said, up to 1.", min=0.05, max=1)
    ] = 0.8,
    log: Annotated[Path, typer.Option("--log", help="Log of the decisions.")] = Path(f"duplicates{SUFFIX}"),
    ask: Annotated[bool, typer.Option("--ask", help="Ask at the terminal about each pair.")] = False,
    by: By = "",
    role: Role = "",
    decisions: Annotated[
        Path | None, typer.Option("--decisions", help="Take in a file of decisions.", show_default=False)
    ] = None,
) -> Exit:
    """List achievements of different institutions that are said alike: are they the same? A person decides."""
    found = alike_in(paths, language, threshold)
    now = datetime.now(UTC)
    entries: Sequence[EntryPart] = ()
    if decisions is not None:
        if ask or by or role:
            raise review_way("the file says who decides", "Leave --ask, --by and --role out.")
        rulings, person, at = rulings_in(decisions, now)
        entries = decided(found, rulings, person, at, log)
    elif ask:
        entries = _asked(session, found, by, role, log)
    waiting = undecided(found, log)
    session.result(
        {
            "compared": len(found.compared.achievements),
            "threshold": threshold,
            "model": members_of(found.model),
            "pairs": [
                {
                    "pair": each.identifier,
                    "score": each.score,
                    "first": members_of(each.first),
                    "second": members_of(each.second),
                    "decided": each not in waiting,
                }
                for each in found.pairs
            ],
            "more": found.more,
            "leftOut": list(found.compared.left_out),
            "written": [members_of(each) for each in entries],
            "log": str(log),
        }
    )
    number = amount(len(found.compared.achievements), "achievement")
    session.say(f"{number} compared, by {found.model.name} ({found.model.version})")
    if not ask:
        for rank, each in enumerate(waiting[:SHOWN], 1):
            _show(session, each, f"{rank}")
        if len(waiting) > SHOWN:
            session.say(f"and {len(waiting) - SHOWN:,} more; --json has all.")
    if found.more:
        session.say(f"{found.more:,} more pairs are above the threshold and not listed: raise it.")
    if entries:
        session.say(f"Written: {amount(len(entries), 'decision')} in ", bold(log))
    session.say(f"{amount(len(waiting), 'pair')} to decide about.")
    if waiting:
        session.say(f"Are they the same? {NOT_MEASURED}")
    for why in found.compared.left_out[:SHOWN]:
        session.note(f"Left out: {why}")
    return Exit.SOME_REJECTED if found.compared.left_out else Exit.DONE


@command
def gaps(
    session: Session,
    programme: Annotated[Path, typer.Argument(metavar="PROGRAMME", help="A programme file.", show_default=False)],
    framework: NamedFramework = None,
    nearest: Annotated[
        bool, typer.Option("--nearest", help="Name the parts whose titles come nearest to each, by a model.")
    ] = False,
    language: Annotated[str, typer.Option("--language", help="Of titles and items, for --nearest.")] = "en",
) -> Exit:
    """List the items of its framework that no part of a programme covers. Is one covered somewhere, or missing?"""
    own = programme_in(programme)
    known = _framework(framework, own, programme)
    found = gaps_of(known, own, language, nearest_by_words(language) if nearest else None)
    session.result(
        {
            "programme": own.identifier,
            "framework": {"id": known.identifier, "title": known.title, "version": known.version},
            "model": likeness_model(language).to_dict() if nearest else None,
            "gaps": [
                {
                    "code": each.item.code,
                    "text": each.item.text_in(language),
                    "nearest": [
                        {"part": one.part.code, "title": one.part.title, "score": round(one.score, 4)}
                        for one in each.nearest
                    ],
                }
                for each in found
            ],
        }
    )
    rows = [
        (
            each.item.code,
            each.item.text_in(language),
            "; ".join(f"{one.part.code} {one.part.title} ({one.score:.2f})" for one in each.nearest),
        )
        for each in found
    ]
    columns = [Column("code"), Column("covered by no part"), *([Column("nearest in words")] if nearest else [])]
    session.say(Listing(columns, [row[: len(columns)] for row in rows]))
    session.say(
        f"{amount(len(found), 'item')} of {known.title} {known.version}: is it covered somewhere, or is it missing? "
        "What a part covers is what the programme says of itself."
    )
    if nearest:
        session.say(NOT_MEASURED)
    return Exit.DONE


def _framework(named: str | None, own: Programme, file: Path) -> Framework:
    if (word := word_for(named, own)) is not None:
        return framework_of(catalogue_for(word, [], []))
    return framework_for(own, file) if named is None else framework_named(named)


def _asked(session: Session, found: Alike, by: str, role: str, log: Path) -> list[EntryPart]:
    if not at_a_terminal() or session.as_json:
        raise review_way("nobody can be asked here", "Decide in a file, and take it in (--decisions).")
    console = SafeConsole()
    person = decider(by or console.asks("Your name") or "", role or console.asks("As what do you decide") or "")
    entries: list[EntryPart] = []
    waiting = undecided(found, log)
    for number, each in enumerate(waiting, 1):
        _show(session, each, f"{number} of {len(waiting)}")
        while (typed := console.asks(_QUESTION)) is not None:
            word, _, reason = typed.partition(" ")
            ruling = _WORDS.get(word.casefold())
            if ruling is not None:
                entries += decided(found, {each.identifier: (ruling, reason)}, person, datetime.now(UTC), log)
                break
            if word.casefold() == "q":
                return entries
            console.say("Nothing is decided: that is none of the answers.")
        else:
            return entries
    return entries


def _show(session: Session, pair: Pair, number: str) -> None:
    session.say("")
    session.say(bold(number), f" score {pair.score:.4f}, pair {pair.identifier}")
    session.say(Fields({_whose(each): " ".join(each.text.split()) for each in (pair.first, pair.second)}))


def _whose(each: AchievementPart) -> str:
    return f"{each.institution or 'nobody named'}, {each.source}, {each.place}"
