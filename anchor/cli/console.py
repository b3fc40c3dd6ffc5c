"""The one way in which the command prints: no text can style itself, move the cursor or begin a line.

Every text is shown as it is, by `registry.untrusted_text.terminal_text`; a style is given to a piece by name, never
inside a text. What rich draws itself (tables, bars) goes through the same console, and so does what typer says.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from registry.untrusted_text import json_text, terminal_text

PIPED_WIDTH: Final = 100_000
"""Piped text is for other programs: no line is broken or cut to the width of a screen."""

CONTINUED: Final = "  │ "
"""Before what goes on in a further line, so that no text of a stranger seems to begin a line of ours."""

_GAP: Final = 2
# As hashes, addresses, ids and times are written: without spaces none of them looks like a sentence.
_IDENTIFIER: Final = re.compile(r"[0-9A-Za-z:._+-]{1,100}\Z")
_NARROWEST_FOLD: Final = 12


class Styled(NamedTuple):
    """A piece of text and the style that it is shown in, such as `bold red`."""

    text: str
    style: str


Piece = str | Styled


def bold(text: object) -> Styled:
    """A piece that stands out."""
    return Styled(str(text), "bold")


def line(*pieces: Piece) -> Text:
    """One line, or one cell of a table, of texts that are shown as they are."""
    made = Text()
    for piece in pieces:
        text, style = piece if isinstance(piece, Styled) else (piece, "")
        made.append(terminal_text(text), style)
    return made


class SafeConsole(Console):
    """A console on which no text is markup, and whatever is drawn is cleaned once more before it is written."""

    def __init__(self, *, stderr: bool = False):
        stream = sys.stderr if stderr else sys.stdout
        width = None if stream.isatty() else PIPED_WIDTH
        super().__init__(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)

    def say(self, *pieces: Piece | Listing | Fields, style: str | None = None) -> None:
        """One line of texts, or a table; nothing is cut at the edge of the screen."""
        words = [piece for piece in pieces if not isinstance(piece, Listing | Fields)]
        shown = [_Paragraph(line(*words))] if words or not pieces else []
        tables = [piece for piece in pieces if isinstance(piece, Listing | Fields)]
        self.print(*shown, *tables, style=style, crop=False, soft_wrap=not self.is_terminal)

    def confirms(self, question: str) -> bool:
        """Whether a person answers the question with yes."""
        self.say(question, " [y/N]: ")
        return sys.stdin.readline().strip().casefold() in ("y", "yes")

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is drawn, without anything that a terminal obeys but what rich itself says to it."""
        if isinstance(renderable, str):
            renderable = line(renderable)
        elif isinstance(renderable, Text) and terminal_text(renderable.plain) != renderable.plain:
            renderable = renderable.copy()
            renderable.plain = terminal_text(renderable.plain)
        for segment in super().render(renderable, options):
            # Line breaks are those of rich: no text that gets here has any.
            text = segment.text if segment.control else "\n".join(map(terminal_text, segment.text.split("\n")))
            yield segment if text == segment.text else Segment(text, segment.style)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        right: whether its cells stand on the right.
        folds: whether its cells are words of ours, that may go on in a second line; an identifier is never broken, and
            a text of a stranger would seem to begin a row there.
    """

    name: str
    right: bool = False
    folds: bool = False


class Listing:
    """Rows of a table; where the screen is too narrow for them, one block of lines for each row.

    Nothing is cut: in a block what is longer than the screen runs on, so that it can be copied whole.
    """

    def __init__(self, columns: Sequence[Column], rows: Iterable[Sequence[Piece]]):
        self._columns = columns
        self._rows = [[line(cell) for cell in row] for row in rows]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._narrowest() <= options.max_width:
            yield self._table()
            return
        names = max(len(column.name) for column in self._columns)
        for number, row in enumerate(self._rows):
            if number:
                yield Text()
            for column, cell in zip(self._columns, row, strict=True):
                if cell.plain:
                    yield _field(column.name, names, cell)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for column in self._columns:
            table.add_column(
                column.name,
                justify="right" if column.right else "left",
                no_wrap=not column.folds,
                overflow="fold",
            )
        for row in self._rows:
            table.add_row(*row)
        return table

    def _narrowest(self) -> int:
        """How many cells of a screen the table needs."""
        needed = 0
        for at, column in enumerate(self._columns):
            widest = max((cell_len(row[at].plain) for row in self._rows), default=0)
            shown = min(widest, _NARROWEST_FOLD) if column.folds else widest
            needed += max(len(column.name), shown) + _GAP
        return needed - _GAP


class Fields:
    """Names and values, a line each; what has no value is left out."""

    def __init__(self, values: Mapping[str, object]):
        self._values = {name: value for name, value in values.items() if value is not None}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        names = max(map(len, self._values), default=0)
        for name, value in self._values.items():
            yield _field(name, names + _GAP, line(str(value)))


def write_json(content: Mapping[str, Any] | list[Any]) -> None:
    """One JSON value on standard output; what is not seen is written as an escape, for it may be a terminal."""
    try:
        encoded = orjson.dumps(content, default=str, option=orjson.OPT_INDENT_2).decode()
    except TypeError:
        # Names of files may hold what is no Unicode text; the escape for it is still JSON.
        encoded = json.dumps(content, default=str, indent=2, ensure_ascii=False)
    sys.stdout.write(json_text(encoded) + "\n")


class _Paragraph:
    """One text, in as many lines as the screen needs for it."""

    def __init__(self, text: Text):
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._text.cell_len <= options.max_width:
            yield self._text
            return
        narrower = max(1, options.max_width - cell_len(CONTINUED))
        for number, part in enumerate(self._text.wrap(console, narrower, overflow="fold", no_wrap=False)):
            yield Text.assemble((CONTINUED, "dim"), part) if number else part


def _field(name: str, width: int, value: Text) -> RenderableType:
    """A name and its value; an identifier runs on where the screen ends, so that it can be copied whole."""
    text = Text.assemble((f"{name:>{width}}", "dim"), "  ", value)
    if not _IDENTIFIER.match(value.plain):
        return _Paragraph(text)
    text.no_wrap, text.overflow = True, "ignore"
    return text
