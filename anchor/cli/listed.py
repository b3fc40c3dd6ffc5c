"""Commands that are listed by name and loaded when they are called: what one needs costs the others nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand

from anchor.cli.examples import shown
from anchor.cli.group import SafeGroup


@dataclass(frozen=True)
class Listed:
    """One line of the list of commands.

    Args:
        word: what is typed after `testamur`.
        place: module and name, as in `anchor:check`, of a function that is a command or of a group of commands.
        help: the first line of its help, for the list; a test compares the two.
        more: places of further commands of a group.
    """

    word: str
    place: str
    help: str
    more: tuple[str, ...] = ()


class ListedGroup(SafeGroup):
    """The commands of a list, each loaded when it is asked for; the list itself is shown without loading any."""

    listed: Mapping[str, tuple[Listed, ...]] = {}
    """The commands by their headings."""

    def __init__(self, **given: Any):
        super().__init__(**given)
        self.commands = _Commands(self.listed)  # type: ignore[assignment]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help of the whole, of what the list says."""
        page = copy(self)
        page.commands = {
            each.word: TyperCommand(each.word, help=each.help, rich_help_panel=heading)
            for heading, listed in self.listed.items()
            for each in listed
        }
        super(ListedGroup, page).format_help(ctx, formatter)


class _Commands(Mapping[str, Any]):
    """Whoever goes through all of them loads all of them."""

    def __init__(self, listed: Mapping[str, tuple[Listed, ...]]):
        self._listed = {each.word: (heading, each) for heading, several in listed.items() for each in several}

    def __getitem__(self, word: str) -> Any:
        return _loaded(*self._listed[word])

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)


@cache
def _loaded(heading: str, listed: Listed) -> Any:
    """The command or group, as typer makes it when it is told of no other."""
    found, alone = _at(listed.place), typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    if not isinstance(found, typer.Typer):
        alone.command(listed.word, rich_help_panel=heading, epilog=shown(listed.word))(found)
        return typer.main.get_group(alone).commands[listed.word]
    for further in map(_at, listed.more):
        found.command(further.__name__)(further)
    for each in found.registered_commands:
        own = each.name or str(getattr(each.callback, "__name__", ""))
        each.epilog = shown(f"{listed.word} {own}")
    alone.add_typer(found, name=listed.word, rich_help_panel=heading)
    return typer.main.get_group(alone).commands[listed.word]


def _at(place: str) -> Any:
    module, name = place.split(":")
    return getattr(import_module(f"anchor.cli.{module}"), name)
