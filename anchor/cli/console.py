"""The one way in which the command prints: no text can style itself, move the cursor or begin a line.

Every text is shown as it is, by `registry.untrusted.text.terminal_text`; a style is given to a piece by name, never
inside a text. What rich draws itself (tables, bars) goes through the same console, and so does what typer says.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from getpass import getpass
from io import StringIO
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import orjson
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from registry.untrusted.text import json_text, terminal_text

PIPED_WIDTH: Final = 100_000
"""Piped text is for other programs: no line is broken or cut to the width of a screen."""

CONTINUED: Final = "  │ "
"""Before what goes on in a further line, so that no text of a stranger seems to begin a line of ours."""

# Signs that some screens draw joined with those beside them, and others each by itself, which takes more room: rich
# counts the former. Until a text is broken into lines, others that count as the latter and that no text holds stand in
# their place, by how wide they are.
_STAND_INS: Final = ("\ue000", "\u115f")
_TONES_AND_FLAGS: Final = re.compile("[\U0001f3fb-\U0001f3ff\U0001f1e6-\U0001f1ff]")
_GAP: Final = 2
_PIECE_SIGNS: Final = 1 << 20
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
        return (self.asks(f"{question} [y/N]") or "").casefold() in ("y", "yes")

    def asks(self, question: str) -> str | None:
        """What a person types as an answer, which may be nothing; None at the end of what is typed."""
        self.say(question, ": ")
        typed = sys.stdin.readline()
        return typed.strip() if typed else None

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
            widest = max((cell_len(_measurable(row[at].plain)) for row in self._rows), default=0)
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
    sys.stdout.write(_encoded(content) + "\n")


def _encoded(content: Mapping[str, Any] | list[Any]) -> str:
    try:
        encoded = orjson.dumps(content, default=str, option=orjson.OPT_INDENT_2).decode()
    except TypeError:
        # Names of files may hold what is no Unicode text; the escape for it is still JSON.
        encoded = json.dumps(content, default=str, indent=2, ensure_ascii=False)
    return json_text(encoded)


class GrowingJson:
    """A JSON object of which one list may be longer than memory: that is in a file until all of it is known.

    Args:
        name: of the list.
        file: that is written and read.
    """

    def __init__(self, name: str, file: IO[str]):
        self._name, self._file = name, file
        self._is_empty = True

    def add(self, content: Callable[[], Mapping[str, Any]]) -> None:
        """One more in the list."""
        self._file.write(("" if self._is_empty else ",") + "\n" + _encoded(content()))
        self._is_empty = False

    def tell(self, more: Mapping[str, Any]) -> None:
        """All of it on standard output, as `write_json` writes it.

        Args:
            more: members that follow the list.
        """
        sys.stdout.write(f'{{\n  "{self._name}": [')
        self._file.seek(0)
        while lines := self._file.readlines(_PIECE_SIGNS):
            sys.stdout.write("".join(f"    {each}" if each != "\n" else each for each in lines))
        sys.stdout.write("]" if self._is_empty else "\n  ]")
        sys.stdout.write(f",{_encoded(more)[1:]}\n" if more else "\n}\n")


class Unheard(GrowingJson):
    """The same where nobody asked for JSON."""

    def __init__(self) -> None:
        super().__init__("", StringIO())

    def add(self, content: Callable[[], Mapping[str, Any]]) -> None:
        """It is not made."""

    def tell(self, more: Mapping[str, Any]) -> None:
        """It is not told."""


class _Paragraph:
    """One text, in as many lines as the screen needs for it."""

    def __init__(self, text: Text):
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        measured = self._text.copy()
        measured.plain = _measurable(self._text.plain)
        if measured.cell_len <= options.max_width:
            yield self._text
            return
        narrower = max(1, options.max_width - cell_len(CONTINUED))
        stood_for = iter([was for was, now in zip(self._text.plain, measured.plain, strict=True) if was != now])
        for number, part in enumerate(measured.wrap(console, narrower, overflow="fold", no_wrap=False)):
            part.plain = "".join(next(stood_for) if each in _STAND_INS else each for each in part.plain)
            yield Text.assemble((CONTINUED, "dim"), part) if number else part


def _measurable(text: str) -> str:
    """The text with another sign for each that a screen may draw wider than rich counts; as many characters."""
    return text if text.isascii() else "".join(map(_stand_in, text))


@lru_cache(maxsize=4096)
def _stand_in(sign: str) -> str:
    narrow, wide = _STAND_INS
    if _TONES_AND_FLAGS.match(sign):
        return wide
    # After a joiner rich does not count the next sign; and where a line ends with one, it is shown as a sign itself.
    return narrow if sign == "\u200d" or (cell_len(sign) == 0 and unicodedata.category(sign) == "Mc") else sign


def _field(name: str, width: int, value: Text) -> RenderableType:
    """A name and its value; an identifier runs on where the screen ends, so that it can be copied whole."""
    text = Text.assemble((f"{name:>{width}}", "dim"), "  ", value)
    if not _IDENTIFIER.match(value.plain):
        return _Paragraph(text)
    text.no_wrap, text.overflow = True, "ignore"
    return text


def asked_password(keystore: Path, *, new: bool = False) -> str | None:
    """What a person at the terminal types without its being shown; None where there is no terminal.

    Args:
        new: it is chosen now, and asked for twice.
    """
    if not sys.stdin.isatty():
        return None
    what = f"{'New password' if new else 'Password'} of {terminal_text(str(keystore))}: "
    typed = getpass(what)
    return typed if not new or typed == getpass("The same once more: ") else ""
