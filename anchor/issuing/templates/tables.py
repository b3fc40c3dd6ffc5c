"""Reading TOML tables whose keys and types are known, and telling all that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final, TypeVar

from registry.untrusted.text import terminal_text

LONGEST_TEXT: Final = 5_000
"""Characters of one text of a template; criteria are the longest."""
MOST_TABLES: Final = 200
"""Results, courses, competences or signatories of one template."""
LONGEST_SHOWN: Final = 80

Term = TypeVar("Term", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a template.

    Attributes:
        key: where, such as `achievement.field` or `results[2].kind`.
        what, remedy: sentences.
    """

    key: str
    what: str
    remedy: str


@dataclass(slots=True)
class Table:
    """One table of a file. Each key is taken once; what is wrong is kept, and something harmless is given instead."""

    content: Mapping[str, Any]
    faults: list[Fault]
    at: str = ""
    _asked: dict[str, None] = field(default_factory=dict)

    def fault(self, key: str, what: str, remedy: str) -> None:
        """Keep what is wrong with a key of this table."""
        self.faults.append(Fault(self._place(key), what, remedy))

    def text(self, key: str, *, remedy: str, longest: int = LONGEST_TEXT) -> str:
        """A text that has to be there."""
        found = self.optional_text(key, longest=longest)
        if found is None and not self._is_told(key):
            self.fault(key, "is missing", remedy)
        return found or ""

    def optional_text(self, key: str, *, longest: int = LONGEST_TEXT) -> str | None:
        """A text, or None."""
        value = self._take(key)
        if value is None:
            return None
        return self._checked_text(key, value, longest)

    def whole(self, key: str, lowest: int, highest: int) -> int | None:
        """A whole number within bounds, or None."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            self.fault(key, f"is {_shown(value)}", f"Give a whole number from {lowest} to {highest}.")
            return None
        return value

    def number(self, key: str, lowest: Decimal | None = None, highest: Decimal | None = None) -> Decimal | None:
        """A number, as exact as it is written, or None."""
        value = self._take(key)
        if value is None:
            return None
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        number = Decimal(value) if is_number else Decimal("NaN")
        if (
            not number.is_finite()
            or (lowest is not None and number < lowest)
            or (highest is not None and number > highest)
        ):
            bounds = "" if lowest is None or highest is None else f" from {lowest} to {highest}"
            self.fault(key, f"is {_shown(value)}", f"Give a number{bounds}, without quotes.")
            return None
        return number

    def flag(self, key: str) -> bool:
        """True or false; false when it is not there."""
        value = self._take(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.fault(key, f"is {_shown(value)}", "Give true or false, without quotes.")
        return False

    def term(self, key: str, terms: type[Term], *, otherwise: Term | None = None) -> Term | None:
        """One of a list of words; None, and told, when it is another one or missing without an `otherwise`."""
        value = self._take(key)
        if value is None and otherwise is not None:
            return otherwise
        words = [each.value for each in terms]
        if isinstance(value, str) and value in words:
            return terms(value)
        near = get_close_matches(value, words, 1) if isinstance(value, str) else []
        meant = f"Did you mean {near[0]!r}? " if near else ""
        what = "is missing" if value is None else f"is {_shown(value)}"
        self.fault(key, what, f"{meant}Give one of: {', '.join(words)}.")
        return otherwise

    def words(self, key: str, *, most: int = MOST_TABLES, longest: int = 200) -> tuple[str, ...]:
        """A list of texts, each once; empty when it is not there."""
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > most:
            self.fault(key, f"is {_shown(value)}", f'Give a list of at most {most} texts: ["…", "…"].')
            return ()
        found = [self._checked_text(f"{key}[{number}]", each, longest) for number, each in enumerate(value, 1)]
        texts = [each for each in found if each]
        for twice in sorted({each for each in texts if texts.count(each) > 1}):
            self.fault(key, f"has {_shown(twice)} twice", "Leave one of them out.")
        return tuple(dict.fromkeys(texts))

    def table(self, key: str, *, remedy: str | None = None) -> Table:
        """A table within this one; an empty one when it is not there, which is told if there is a remedy for it."""
        value = self._take(key)
        if value is None and remedy is not None:
            self.fault(key, "is missing", remedy)
        elif value is not None and not isinstance(value, dict):
            self.fault(key, f"is {_shown(value)}", f"Begin a table: [{self._place(key)}].")
        return Table(value if isinstance(value, dict) else {}, self.faults, self._place(key))

    def tables(self, key: str) -> list[Table]:
        """A list of tables; empty when it is not there."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.fault(key, f"is {_shown(value)}", f"Begin each with a line [[{self._place(key)}]].")
            return []
        if len(value) > MOST_TABLES:
            self.fault(key, f"has {len(value):,} entries", f"Give at most {MOST_TABLES}.")
            return []
        return [Table(each, self.faults, f"{self._place(key)}[{number}]") for number, each in enumerate(value, 1)]

    def rest(self) -> Iterator[tuple[str, Any]]:
        """Every key that was not asked for, with its value."""
        return ((key, value) for key, value in self.content.items() if key not in self._asked)

    def end(self) -> None:
        """Tell the keys that nobody asked for: most are slips of the pen."""
        for key, _ in self.rest():
            near = get_close_matches(key, self._asked, 1)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Known here are: {', '.join(self._asked)}."
            self.fault(terminal_text(key, LONGEST_SHOWN), "is no key of a template", remedy)

    def _take(self, key: str) -> Any:
        self._asked[key] = None
        return self.content.get(key)

    def _checked_text(self, key: str, value: object, longest: int) -> str | None:
        if not isinstance(value, str):
            self.fault(key, f"is {_shown(value)}", "Give a text between quotes.")
            return None
        text = value.strip()
        if not text:
            self.fault(key, "is empty", "Write something, or leave the line out.")
        elif len(text) > longest:
            self.fault(key, f"has {len(text):,} characters", f"Write at most {longest:,}.")
        elif hidden := odd_characters(text.replace("\n", " ")):
            self.fault(key, f"holds {hidden}, which is not seen", "Write the text again without it.")
        else:
            return text
        return None

    def _is_told(self, key: str) -> bool:
        return any(each.key == self._place(key) for each in self.faults)

    def _place(self, key: str) -> str:
        return f"{self.at}.{key}" if self.at else key


def odd_characters(text: str) -> str:
    """The first character that is not seen or turns the direction of the text around, by its number; "" for none."""
    at = next((at for at, (one, shown) in enumerate(zip(text, terminal_text(text), strict=True)) if one != shown), None)
    return "" if at is None else f"the character U+{ord(text[at]):04X}"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return repr(terminal_text(str(value), LONGEST_SHOWN)) if isinstance(value, str) else str(value)[:LONGEST_SHOWN]
