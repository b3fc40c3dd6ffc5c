"""Credentials named on the command line as a registrar has them: by the rows of a roster, by person, or by course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from anchor.acts.places import Target
from anchor.cli.console import Column, Listing
from anchor.cli.session import Session
from anchor.issuing.choosing import Books, Chosen, is_table
from anchor.issuing.preview import name_of
from anchor.issuing.states import issued_store, states_of
from anchor.workspace import Workspace
from registry.errors import IntakeError


@dataclass(frozen=True, slots=True)
class Rows:
    """The options by which a command is told which rows, people and courses are meant."""

    rows: Annotated[
        list[str] | None, typer.Option("--rows", help="Rows of a roster: ROOT:3,7-9; repeatable.", show_default=False)
    ] = None
    person: Annotated[
        list[str] | None,
        typer.Option("--person", help="All that was issued to a person from rosters; repeatable.", show_default=False),
    ] = None
    course: Annotated[
        list[str] | None,
        typer.Option("--course", help="All credentials of a course: KEY, or ROOT:KEY; repeatable.", show_default=False),
    ] = None

    @property
    def are_named(self) -> bool:
        """Whether any is."""
        return bool(self.rows or self.person or self.course)

    def found(self, workspace: Workspace, table: Path | None = None) -> list[Chosen]:
        """What is meant, each credential once.

        Args:
            table: a CSV that names rows or people.

        Raises:
            IntakeError, StoreError, NotPossible: as `Books`.
        """
        books = Books(issued_store(workspace), workspace.issuer())
        found = [each for text in self.rows or () for each in books.of_rows(text)]
        found += [each for text in self.person or () for each in books.of_person(text)]
        found += [each for text in self.course or () for each in books.of_course(text)]
        found += [] if table is None else books.of_list(table)
        chosen: dict[bytes, Chosen] = {}
        for each in found:
            if chosen.setdefault(each.row.digest.value, each).reason != each.reason:
                raise IntakeError(
                    "a credential is named twice, with two reasons",
                    where=each.named,
                    remedy="Leave one of them out; nothing was changed.",
                    code="two-reasons",
                )
        books.refuse_unanchored(list(chosen.values()))
        return list(chosen.values())


def table_of(list_file: Path | None) -> Path | None:
    """The list, where it names rows or people and not digests.

    Raises:
        IntakeError: it cannot be read.
    """
    return list_file if list_file is not None and is_table(list_file) else None


def by_reason(chosen: Sequence[Chosen], otherwise: str) -> dict[str, list[Target]]:
    """What is meant, by the word for why: its own, or the other one."""
    found: dict[str, list[Target]] = {}
    for each in chosen:
        found.setdefault(each.reason or otherwise, []).append(each.target)
    return found


def show_chosen(session: Session, workspace: Workspace, chosen: Sequence[Chosen]) -> None:
    """The people and what of theirs is meant, as a registrar knows them, and how far each has come."""
    states = states_of(workspace, workspace.issuer(), [each.row for each in chosen])
    columns = [Column("row", right=True), Column("person"), Column("name"), Column("part"), Column("now")]
    lines = [
        (str(each.row.row_number), each.row.person_id, name_of(each.row), each.row.part, each.state)
        for each in states.rows
    ]
    session.say(Listing(columns, lines))
