"""The level card of a verdict on a terminal: what the level that a credential states stands beside."""

from __future__ import annotations

from typing import Annotated

import typer

from anchor.cli.console import Column, Listing, bold
from anchor.cli.session import Session
from anchor.cli.speaking import Spoken
from registry.language.said import say
from registry.verify.levels import Levels, place_said

Here = Annotated[
    str | None,
    typer.Option("--here", help="Your country, two letters: levels are put beside its own; default: of the policy."),
]


def say_levels(session: Session, told: Spoken, card: Levels | None) -> None:
    """The card, if there is one: a table of levels, and what could not be said."""
    if card is None:
        return
    session.say(bold(told.text(say("level.title"))))
    session.say(f"  {told.text(card.said)}")
    if card.programme_said is not None:
        session.say(f"  {told.text(card.programme_said)}")
    if card.rows:
        columns = [
            Column(told.word("level.place"), folds=True),
            Column(told.word("level.level"), folds=True),
            Column(told.word("level.relation"), folds=True),
            Column(told.word("level.source"), folds=True),
        ]
        rows = (
            tuple(
                told.text(each)
                for each in (place_said(row.place, row.country), row.said, row.relation_said, row.source_said)
            )
            for row in card.rows
        )
        session.say(Listing(columns, rows))
    for gap in card.gaps:
        session.say(f"  {told.text(gap.said)}")
    session.say("  ", told.text(say("level.note")))
