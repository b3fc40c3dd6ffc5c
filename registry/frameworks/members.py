"""Members of files of others, each read by its type and bounded; what is wrong is gathered, entry by entry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from registry.errors import IntakeError
from registry.frameworks.model import MAX_CODE, MAX_TEXT, Fault
from registry.untrusted.text import oddities, terminal_text
from registry.untrusted.toml import NotToml, parse_toml

MAX_BYTES: Final = 16 << 20
"""Of a file of ours: twenty thousand items with eight hundred characters each."""
MOST_CREDITS: Final = 1_000
REMEDY: Final = "testamur frameworks check FILE lists all; docs/reference/frameworks.md says how it is written."

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}", re.ASCII)
_CODE_SIGNS: Final = re.compile(r"\S(?:.*\S)?")
_BREAKS: Final = re.compile(r"[\n\r\t]")


class Refused(IntakeError):
    """A file that cannot be used, with all that is wrong with it.

    Args:
        remedy: which command lists all, and which page says how such a file is written.

    Attributes:
        faults: in the order of the file.
    """

    def __init__(self, faults: Iterable[Fault], where: str, code: str, remedy: str = REMEDY):
        self.faults = tuple(faults)
        shown = "; ".join(map(str, self.faults[:5]))
        more = f"; and {len(self.faults) - 5} more" if len(self.faults) > 5 else ""
        super().__init__(f"{shown}{more}", where=where, remedy=remedy, code=code)


def toml_of(content: bytes, where: str, code: str, remedy: str = REMEDY) -> dict[str, Any]:
    """The members of a TOML file, with numbers as they are written.

    Raises:
        Refused: it is longer than is read, or none.
    """
    if len(content) > MAX_BYTES:
        too_long = Fault("", f"it has {len(content):,} bytes, and at most {MAX_BYTES:,} are read")
        raise Refused([too_long], where, code, remedy)
    try:
        return parse_toml(content, parse_float=Decimal)
    except NotToml as error:
        raise Refused([Fault("", f"it cannot be read as TOML: {error}")], where, code, remedy) from None


class Members:
    """Reads members of one entry; faults are gathered in a list that several share."""

    def __init__(self, members: Mapping[str, Any], entry: str, faults: list[Fault]):
        self._members, self._entry, self._faults = members, entry, faults

    def fault(self, reason: str, *, grave: bool = True) -> None:
        """Note what is wrong."""
        self._faults.append(Fault(self._entry, reason, grave))

    def only(self, known: Iterable[str]) -> None:
        """Note members that are not known: a word that is misspelt must not be passed over."""
        for name in sorted(set(self._members) - set(known)):
            self.fault(f"there is no member {terminal_text(name, 40)!r}")

    def text(self, name: str, *, needed: bool = False, longest: int = MAX_TEXT) -> str:
        """A text; "" where there is none."""
        value = self._members.get(name, "")
        if not isinstance(value, str) or len(value) > longest:
            self.fault(f"{name} is text of at most {longest:,} characters")
            return ""
        if needed and not value.strip():
            self.fault(f"{name} is missing")
        self._look_at(name, value)
        return value

    def code(self, name: str, *, needed: bool = False) -> str:
        """A code: a short text in one line, without spaces around it."""
        value = self._members.get(name, "")
        if value == "" and not needed:
            return ""
        if not isinstance(value, str) or len(value) > MAX_CODE or not _CODE_SIGNS.fullmatch(value):
            self.fault(f"{name} is text of 1 to {MAX_CODE} characters in one line")
            return ""
        if terminal_text(value) != value:
            self.fault(f"{name} has characters that are not seen")
            return ""
        return value

    def texts(self, name: str, language: str) -> dict[str, str]:
        """A text, or a table of texts by language."""
        value = self._members.get(name)
        table = {language: value} if isinstance(value, str) else value
        if not isinstance(table, dict) or not table:
            self.fault(f"{name} is text, or a table of texts by language")
            return {}
        found: dict[str, str] = {}
        for tag, text in table.items():
            if not _LANGUAGE.fullmatch(tag):
                self.fault(f"{terminal_text(tag, 40)!r} is no language tag (BCP 47)")
            elif not isinstance(text, str) or not text.strip() or len(text) > MAX_TEXT:
                self.fault(f"{name} is text of 1 to {MAX_TEXT:,} characters")
            else:
                self._look_at(name, text)
                found[tag] = text
        return found

    def codes(self, name: str) -> tuple[str, ...]:
        """A list of codes, each once; or one code."""
        value = self._members.get(name, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(each, str) and each.strip() for each in listed):
            self.fault(f"{name} is a list of texts")
            return ()
        if any(len(each) > MAX_CODE for each in listed):
            self.fault(f"{name} has texts of at most {MAX_CODE} characters")
            return ()
        return tuple(dict.fromkeys(listed))

    def credits(self, name: str) -> Fraction:
        """Credits: a number from 0 to 1,000, of at most four decimals."""
        value = self._members.get(name, 0)
        if type(value) is int or isinstance(value, Decimal):
            exact = Decimal(value)
            if exact.is_finite() and 0 <= exact <= MOST_CREDITS and exact == round(exact, 4):
                return Fraction(exact)
        self.fault(f"{name} is a number of credits from 0 to {MOST_CREDITS:,}, of at most four decimals")
        return Fraction()

    def language(self, name: str) -> str:
        """A language tag (BCP 47); `en` where there is none."""
        value = self._members.get(name, "en")
        if isinstance(value, str) and _LANGUAGE.fullmatch(value):
            return value
        self.fault(f"{name} is a language tag such as en or pt-BR")
        return "en"

    def _look_at(self, name: str, value: str) -> None:
        if value.isascii() and value.isprintable():
            return
        in_one_line = _BREAKS.sub(" ", value)
        if any("hidden" in each for each in oddities(in_one_line)):
            self.fault(f"{name} has characters that are not seen", grave=False)
