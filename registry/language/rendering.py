"""A language: what makes text of what is said.

A message is a text, or a list of texts and places. A place is `[name]` for a value as it is, `[name, "number"]` and
`[name, "time"]` for one that is written as the language writes it, or `[name, "plural", {category: message}]`.
`registry/service/web/verifier/language.js` does the same, to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final, NamedTuple

from registry.language.said import Listed, Original, Said, Sentence, Sentences, Value
from registry.timestamps import write_timestamp

_HALF: Final = re.compile("[\ud800-\udfff]")
_TURNS: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_BEGIN, _END = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
Message = Any
"""A value of JSON, as the builder wrote it."""


class Piece(NamedTuple):
    """A part of a text: in the language, or as it is in English."""

    text: str
    is_original: bool = False


class Language:
    """One language, with all that is said in it.

    Attributes:
        code: as browsers call it, such as `fr`.
        name: what it calls itself.
        direction: `ltr` or `rtl`.
        reviewed_by: who has read and approved of it; "" for nobody.
    """

    def __init__(self, content: Mapping[str, Any], *, isolates: bool = True):
        """A language of what was built.

        Args:
            isolates: whether values are isolated where the language runs from right to left, by signs that are not
                seen; not for a screen that shows these.
        """
        self.code: str = content["language"]
        self.name: str = content["name"]
        self.direction: str = content["direction"]
        self.reviewed_by: str = content["reviewedBy"]
        self._messages: Mapping[str, Message] = content["messages"]
        self._number: Mapping[str, Any] = content["number"]
        self._time: Mapping[str, Any] | None = content["time"]
        self._is_source = self._time is None
        self._isolates = isolates and self.direction == "rtl"

    def __contains__(self, key: str) -> bool:
        return key in self._messages

    def text(self, words: Sentence | Listed | Sentences) -> str:
        """What is said, as one text."""
        return "".join(piece.text for piece in self._any(words))

    def pieces(self, words: Sentence | Listed | Sentences) -> tuple[Piece, ...]:
        """The same, with what is English in it apart from the rest."""
        made: list[Piece] = []
        for piece in self._any(words):
            if made and made[-1].is_original == piece.is_original:
                piece = Piece(made.pop().text + piece.text, piece.is_original)
            made.append(piece)
        return tuple(made)

    def _any(self, value: Value) -> Iterator[Piece]:
        if isinstance(value, Said):
            yield from self._message(self._messages[value.key], dict(value.values))
        elif isinstance(value, Original):
            yield from self._original(value)
        elif isinstance(value, Listed):
            yield from self._joined(value.items, "list.separator")
        elif isinstance(value, tuple):
            yield from self._joined(value, "sentence.separator")
        else:
            yield Piece(self._plain(value))

    def _message(self, message: Message, values: Mapping[str, Value]) -> Iterator[Piece]:
        for part in [message] if isinstance(message, str) else message:
            if isinstance(part, str):
                yield Piece(part)
                continue
            name, *way = part
            value = values[name]
            if not way:
                yield from self._any(value)
            elif way[0] == "number":
                yield Piece(self._grouped(value))
            elif way[0] == "time":
                yield Piece(self._moment(value))
            else:
                cases = way[1]
                yield from self._message(cases.get(self._plural(value), cases["other"]), values)

    def _original(self, original: Original) -> Iterator[Piece]:
        if self._is_source:
            yield Piece(_whole(original.text))
            return
        reason = f"reason.{original.code}"
        if reason in self._messages:
            yield from self._message(self._messages[reason], {})
            yield from self._message(self._messages["sentence.separator"], {})
        yield Piece(self._plain(original.text), is_original=True)

    def _joined(self, values: Iterable[Value], separator: str) -> Iterator[Piece]:
        for at, value in enumerate(values):
            if at:
                yield from self._message(self._messages[separator], {})
            yield from self._any(value)

    def _plain(self, value: str | int | float | datetime) -> str:
        """A value as it is; in a translation nothing in it turns the text around it."""
        if isinstance(value, str):
            if self._is_source or not value:
                return _whole(value)
            value = _TURNS.sub(_REPLACEMENT, _whole(value))
            return f"{_BEGIN}{value}{_END}" if self._isolates else value
        if isinstance(value, datetime):
            return self._moment(value)
        return f"{value:g}" if isinstance(value, float) else str(value)

    def _grouped(self, number: Any) -> str:
        """A number with its groups of digits parted; all languages have the same digits, so that they compare."""
        digits, groups = str(number), []
        first, others, separator = self._number["first"], self._number["others"], self._number["separator"]
        if len(digits) < self._number["least"]:
            return digits
        size = first
        while len(digits) > size:
            groups.append(digits[-size:])
            digits, size = digits[:-size], others
        return str(separator).join((digits, *reversed(groups)))

    def _moment(self, moment: Any) -> str:
        """A moment in UTC; in English as programs write it."""
        if self._time is None:
            return write_timestamp(moment)
        moment = moment.astimezone(UTC)
        parts = {
            "d": str(moment.day),
            "M": str(moment.month),
            "MMMM": self._time["months"][moment.month - 1],
            "y": str(moment.year),
            "clock": moment.strftime("%H:%M:%S"),
        }
        return "".join(part if isinstance(part, str) else parts[part[0]] for part in self._time["form"])

    @cached_property
    def _plural(self) -> Callable[[Any], str]:
        # Most texts count nothing, and the tables of Babel are read in no time only when they are not read.
        from babel import Locale

        return Locale.parse(self.code).plural_form


def _whole(text: str) -> str:
    """Half of a surrogate pair can be written nowhere."""
    return text if text.isascii() else _HALF.sub(_REPLACEMENT, text)
