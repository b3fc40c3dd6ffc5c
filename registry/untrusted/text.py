"""Text that somebody else wrote, as a person may see it: one function for each medium, and no other way to show it.

Documents, parties on the chain, files, endpoints and servers say whatever they like. Controls move the cursor of a
terminal and change colours, formats turn the direction of the text around, a line break begins a line that looks like
ours, and letters of one script pass for those of another. Nothing is left out without a sign: what is replaced stays
visible, so that no two words become one.

Sources: Unicode categories and Default_Ignorable_Code_Point (UAX 44), joiners in their place (RFC 5892, appendix A),
mixed scripts and look-alikes (UTS 39), formulas in spreadsheets (CWE-1236).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from html import escape
from typing import Final

LONGEST: Final = 1_000
"""As many characters of one text as a person reads."""

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters, marks and symbols that have no look of their own: fillers, variation selectors, the empty braille cell.
_BLANK: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
_JOINERS: Final = frozenset("\u200c\u200d")
# Scripts in which a joiner between two letters changes how honest words look, such as Persian and Hindi.
_JOINING: Final = frozenset(
    {"ARABIC", "SYRIAC", "MONGOLIAN", "NKO", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL"}
    | {"TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "KHMER", "MYANMAR", "TIBETAN"}
)
_CHINESE_JAPANESE_KOREAN: Final = frozenset({"CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO", "HANGUL"})
_NOT_SCRIPTS: Final = frozenset({"COMBINING", "MODIFIER", "DIGIT", "FEMININE", "MASCULINE", "MICRO", "SUPERSCRIPT"})
_OTHER_NAMES: Final = {"IDEOGRAPHIC": "CJK", "KANGXI": "CJK", "HALFWIDTH": "FULLWIDTH", "OHM": "GREEK"}
# Cyrillic and Greek letters that nobody tells from Latin ones (confusables.txt of UTS 39).
_LATIN_LOOKALIKES: Final = frozenset("асԁеһіјӏоԛѕԝхуАВСЕНІЈӀКМОРЅТХУԚԜҮүрѵѴ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανκιρυχϲ")
# Signs that look like those that part a URI, and are none.
_URI_LOOKALIKES: Final = frozenset("∕⁄／⧸╱․。｡．∶：ː﹕？﹖＃﹟＠﹫∖＼")
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
_LATER_FORMULA: Final = re.compile(r'(?<=[;\t\r\n])(?=[ "]*[=+\-@＝＋－＠])')
_ADDRESS: Final = re.compile(r"[:.]\S")
_PRINTABLE_ASCII: Final = re.compile(r"[ -~]*\Z")
_PRINTABLE_LINES: Final = re.compile(r"[ -~\n]*\Z")


def terminal_text(text: str, longest: int | None = None) -> str:
    """The text in one line, without what is not seen or moves a cursor: each such character is a visible sign instead.

    The result has as many characters as the text, so that what was said of places in it still holds.

    Args:
        longest: cut it there, with `…` at the end.
    """
    if longest is not None and len(text) > longest:
        text = f"{text[: longest - 1]}…"
    if _PRINTABLE_ASCII.match(text):
        return text
    return "".join(REPLACEMENT if _is_hidden(text, at) else each for at, each in enumerate(text))


def html_text(text: str, longest: int | None = LONGEST) -> str:
    """The text for HTML, in an element or in an attribute between quotes."""
    return escape(terminal_text(text, longest))


def spreadsheet_text(text: str) -> str:
    """The text for a cell, with an apostrophe before whatever of it a spreadsheet would take for a formula.

    Where numbers have a decimal comma, spreadsheets part cells by semicolons, which no quotes of ours are around.
    """
    shown = _LATER_FORMULA.sub("'", text)
    return f"'{shown}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else shown


def log_text(text: str) -> str:
    """The text for a line of a log: what cannot be printed is written as an escape, such as `\\x1b` or `\\n`."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def json_text(encoded: str) -> str:
    """JSON with the same meaning, in which what is not seen is written as an escape: it may be shown on a terminal.

    Args:
        encoded: JSON as it was written; the line breaks between its members stay.
    """
    if _PRINTABLE_LINES.match(encoded):
        return encoded
    return "".join(
        each if each == "\n" or not _is_hidden(encoded, at) else _json_escape(each) for at, each in enumerate(encoded)
    )


def marked(text: str, longest: int = LONGEST) -> str:
    """A name or a URI in one line, and behind it in brackets whatever makes it look like another one."""
    shown = terminal_text(text, longest)
    found = oddities(text[:longest])
    return f"{shown} [{'; '.join(found)}]" if found else shown


@lru_cache(maxsize=1024)  # a folder of credentials has few issuers
def oddities(text: str) -> tuple[str, ...]:
    """What makes a name look like another one, in words: hidden characters, mixed scripts, look-alikes."""
    if _PRINTABLE_ASCII.match(text):
        return ()
    found = []
    if any(_is_hidden(text, at) for at in range(len(text))):
        found.append("with hidden characters")
    is_address = _ADDRESS.search(text) is not None
    words = _words(text)
    scripts = [_scripts(word) for word in words]
    mixed = {each for each in scripts if _is_mixed(each)}
    found += [f"letters of {_listed(each)} in one word" for each in sorted(mixed, key=sorted)]
    if any("MATHEMATICAL" in each for each in scripts):
        found.append("with letters of mathematics")
    if any("LATIN" in each for each in scripts):
        alike = [each for word, each in zip(words, scripts, strict=True) if _is_alike(word, is_address)]
        # An honest name in another script has words that pass for nothing else; each part of a host stands alone.
        if alike and (is_address or alike[0] not in _honest(words, scripts)):
            found.append(f"{_listed(alike[0])} letters that look like Latin ones")
    if is_address and any(each in _URI_LOOKALIKES for each in text):
        found.append("with signs that look like those of an address")
    return tuple(found)


def _is_hidden(text: str, at: int) -> bool:
    each = text[at]
    if " " <= each <= "~":
        return False
    if each in _JOINERS:
        return not (0 < at < len(text) - 1 and _joins(text[at - 1]) and _joins(text[at + 1]))
    return unicodedata.category(each) in _HIDDEN_CATEGORIES or each in _BLANK


def _joins(letter: str) -> bool:
    return unicodedata.name(letter, "").split(" ")[0] in _JOINING


def _json_escape(sign: str) -> str:
    return "".join(f"\\u{unit:04x}" for unit in _utf16(sign))


def _utf16(sign: str) -> Iterator[int]:
    encoded = sign.encode("utf-16-be", "surrogatepass")
    return (int.from_bytes(encoded[at : at + 2]) for at in range(0, len(encoded), 2))


def _words(text: str) -> list[str]:
    """The letters of each word; marks, digits and what is hidden part no word."""
    parted = (each if unicodedata.category(each)[0] in "LMNC" else " " for each in text)
    words = ("".join(each for each in word if each.isalpha()) for word in "".join(parted).split(" "))
    return [word for word in words if word]


def _honest(words: list[str], scripts: list[frozenset[str]]) -> set[frozenset[str]]:
    return {each for word, each in zip(words, scripts, strict=True) if not _LATIN_LOOKALIKES.issuperset(word)}


def _is_alike(word: str, is_address: bool) -> bool:
    """Whether it passes for Latin; one letter alone is a word of many languages, but in an address a part of a host."""
    return _LATIN_LOOKALIKES.issuperset(word) and (is_address or len(word) > 1)


def _scripts(word: str) -> frozenset[str]:
    """The scripts of its letters, by the first word of their names."""
    found = set()
    for letter in word:
        name = unicodedata.name(letter, "UNNAMED").split(" ")[0].split("-")[0]
        found.add(_OTHER_NAMES.get(name, name))
    return frozenset(found - _NOT_SCRIPTS)


def _is_mixed(scripts: frozenset[str]) -> bool:
    """Whether no way of writing has these scripts in one word: those of East Asia go together, also with Latin."""
    foreign = scripts - _CHINESE_JAPANESE_KOREAN
    if len(foreign) < len(scripts):
        return bool(foreign - {"LATIN", "FULLWIDTH"}) or len(foreign) > 1
    return len(foreign) > 1


def _listed(scripts: frozenset[str]) -> str:
    names = sorted(script.title() for script in scripts)
    return " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
