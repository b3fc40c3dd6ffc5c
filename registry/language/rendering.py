"""A language: what makes text of what is said.

A message is a text, or a list of texts and places. A place is `[name]` for a value as it is, `[name, "number"]` and
`[name, "time"]` for one that is written as the language writes it, or `[name, "plural", {category: message}]`.
`registry/service/web/verifier/language.js` does the same, to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby
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
        made: list[Piece] = []
        self._put(words, made)
        return "".join([text for text, _ in made])

    def pieces(self, words: Sentence | Listed | Sentences) -> tuple[Piece, ...]:
        """The same, with what is English in it apart from the rest."""
        made: list[Piece] = []
        self._put(words, made)
        runs = groupby(made, key=lambda piece: piece.is_original)
        return tuple(Piece("".join(piece.text for piece in run), is_original) for is_original, run in runs)

    def _put(self, value: Value, made: list[Piece]) -> None:
        if isinstance(value, Said):
            self._put_message(self._messages[value.key], dict(value.values), made)
        elif isinstance(value, Original):
            self._put_original(value, made)
        elif isinstance(value, Listed):
            self._put_all(value.items, "list.separator", made)
        elif isinstance(value, tuple):
            self._put_all(value, "sentence.separator", made)
        else:
            made.append(Piece(self._plain(value)))

    def _put_message(self, message: Message, values: Mapping[str, Value], made: list[Piece]) -> None:
        for part in (message,) if isinstance(message, str) else message:
            if isinstance(part, str):
                made.append(Piece(part))
                continue
            name, *way = part
            value = values[name]
            if not way:
                self._put(value, made)
            elif way[0] == "number":
                made.append(Piece(self._grouped(value)))
            elif way[0] == "time":
                made.append(Piece(self._moment(value)))
            else:
                cases = way[1]
                self._put_message(cases.get(self._plural(value), cases["other"]), values, made)

    def _put_original(self, original: Original, made: list[Piece]) -> None:
        if self._is_source:
            made.append(Piece(_whole(original.text)))
            return
        reason = f"reason.{original.code}"
        if reason in self._messages:
            self._put_message(self._messages[reason], {}, made)
            self._put_message(self._messages["sentence.separator"], {}, made)
        made.append(Piece(self._plain(original.text), is_original=True))

    def _put_all(self, values: Iterable[Value], separator: str, made: list[Piece]) -> None:
        for at, value in enumerate(values):
            if at:
                self._put_message(self._messages[separator], {}, made)
            self._put(value, made)

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
