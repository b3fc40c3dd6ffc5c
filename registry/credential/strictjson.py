"""JSON read without ambiguity and written in one form only: I-JSON (RFC 7493) in, JCS (RFC 8785) out.

Two paths give the same result. The strict one is the reference: the standard library's decoder with a hook for every
way two readers could differ. The quick one is orjson, which drops duplicate keys silently, rounds big integers and
writes some numbers unlike JCS; it is used only for text where that provably cannot happen:

- The *outline* of a text (what is left when its strings are taken out) holds every number of it, so each number is
  seen as it was written. Short integers and short decimals are safe; anything else goes the strict way.
- A duplicate key costs orjson a member. It writes nothing longer than it was read, once the numbers are safe: what is
  as long as the text lost no key. Where white space or escapes made the text longer, strings are counted: with as many
  written as were read, no key was dropped. Escapes do not matter, because escaped quotes are not counted on either
  side.
- orjson sorts keys by UTF-8 and JCS by UTF-16. The orders differ only between a character above U+FFFF and one from
  U+E000 to U+FFFF; a text with both goes the strict way.

The quick path never refuses: what it cannot prove safe is read again by the strict path, which gives the reason.

Both write with orjson. A value that orjson would write unlike JCS is prepared first: keys in their order, and numbers
as they are to be written. What it must come to is what the library `rfc8785` writes, which takes up to three times as
long.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson
import rfc8785

from registry.errors import CredentialError
from registry.untrusted.encodings import REMEDY as SAVE_AS_UTF8
from registry.untrusted.encodings import foreign_encoding

MAX_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader keeps exactly (RFC 7493 section 2.2)."""


# Parsers recurse in C. How deep the interpreter lets them go depends on what else is loaded (py-evm raises its limit
# beyond what the stack holds), so that a document must never be what finds out.
MOST_DEPTH = 256


@dataclass(frozen=True, slots=True)
class Limits:
    """What a JSON document may cost: `max_bytes` of text, `max_depth` of nested objects and arrays.

    Raises:
        ValueError: the depth is more than `MOST_DEPTH`.
    """

    max_bytes: int = 8 << 20
    max_depth: int = 64

    def __post_init__(self) -> None:
        if self.max_depth > MOST_DEPTH:
            raise ValueError(f"a depth of {self.max_depth} is more than {MOST_DEPTH}")


DEFAULT_LIMITS = Limits()

# Outside its strings, a JSON text has nothing but these marks, white space, numbers and three words.
_MARKS_TO_SPACES = bytes.maketrans(b"{}[],:", b"      ")
# At most 15 significant digits, so the double is the decimal; the last digit is not 0, so it has a fraction; at least
# 0.001, below which JCS and orjson choose the exponent differently. "-0" is left out on purpose.
_SAFE_TOKEN = re.compile(
    rb"true|false|null|0|-?[1-9][0-9]{0,14}|-?(?:0|[1-9][0-9]{0,8})\.[0-9]{0,2}[1-9]|-?[1-9][0-9]{0,8}\.[0-9]{3,5}[1-9]"
)
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"{}[]")
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
# First bytes in UTF-8. One search a byte is twenty times quicker than a regular expression.
_ABOVE_FFFF = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4")
_E000_TO_FFFF = (b"\xee", b"\xef")


def parse_json(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Any:
    """The value of a JSON text that has only one reading.

    Args:
        data: the text, UTF-8 without a byte order mark.
        limits: size and depth allowed.
    Raises:
        CredentialError: code `too-large`, `invalid-utf8`, `too-deep`, `syntax`, `duplicate-key`, `not-a-number`,
            `integer-range`, `number-range` or `lone-surrogate`.
    """
    return canonical_json(data, limits)[0]


def canonicalize(value: Any) -> bytes:
    """The RFC 8785 form of a value made of dict, list, str, int, float, bool and None.

    Raises:
        CredentialError: code `not-json` for any other type, and the codes of `parse_json` for a value that has no
            canonical form (NaN, an integer out of range, a lone surrogate, nesting over 64).
    """
    try:
        return _written(value, is_alike=_written_alike(value, DEFAULT_LIMITS.max_depth))
    except RecursionError:
        _refuse_depth(DEFAULT_LIMITS.max_depth)


def canonical_json(
    data: bytes, limits: Limits = DEFAULT_LIMITS, leave_out: Callable[[Any], str | None] = lambda _: None
) -> tuple[Any, bytes]:
    """The value of a JSON text and its RFC 8785 form.

    Args:
        data: the text, UTF-8 without a byte order mark.
        limits: size and depth allowed.
        leave_out: given the value, names the top-level member that the canonical form omits, if any. The member is
            checked like the rest.
    Returns:
        the whole value, and the canonical bytes without that member.
    Raises:
        CredentialError: the codes of `parse_json`.
    """
    return _read_quickly(data, limits, leave_out) or _read_strictly(data, limits, leave_out)


def without_member(value: Any, name: str | None) -> Any:
    """The object without its member `name`; anything else unchanged."""
    if name is None or name not in value:
        return value
    return {key: member for key, member in value.items() if key != name}


def deeper_than(data: bytes, max_depth: int) -> bool:
    """Whether objects and arrays of a JSON text nest deeper than that, found without a parser, which would recurse."""
    return _deeper_than(_outline(data)[0], max_depth)


def _read_quickly(data: bytes, limits: Limits, leave_out: Callable[[Any], str | None]) -> tuple[Any, bytes] | None:
    """As `canonical_json`, or None where orjson cannot be shown to agree with the strict path."""
    if len(data) > limits.max_bytes:
        return None
    outline, quotes = _outline(data)
    if _deeper_than(outline, limits.max_depth):
        return None
    if not all(map(_SAFE_TOKEN.fullmatch, outline.translate(_MARKS_TO_SPACES).split())):
        return None
    try:
        value = orjson.loads(data)
        name = leave_out(value)
        kept = without_member(value, name)
        canonical = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
        # What is left out, with its comma: whatever has a member that is left out has another one.
        rest = b"" if kept is value else orjson.dumps({name: value[name]})[1:-1] + b","
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    if len(canonical) + len(rest) != len(data) and _count_quotes(canonical) + _count_quotes(rest) != quotes:
        return None
    return None if _order_may_differ(canonical) else (value, canonical)


def _read_strictly(data: bytes, limits: Limits, leave_out: Callable[[Any], str | None]) -> tuple[Any, bytes]:
    """As `canonical_json`, by the reference path: every refusal comes from here."""
    try:
        value = _parse_strictly(data, limits)
        # This refuses lone surrogates too, in keys and in values.
        is_alike = _written_alike(value, limits.max_depth)
        return value, _written(without_member(value, leave_out(value)), is_alike=is_alike)
    except RecursionError:
        _refuse_depth(limits.max_depth)


def _outline(data: bytes) -> tuple[bytes, int]:
    """What a JSON text holds outside its strings, and how many quotes open or close a string."""
    pieces = _without_escapes(data).split(b'"')
    return b"".join(pieces[::2]), len(pieces) - 1


def _count_quotes(data: bytes) -> int:
    """How many quotes open or close a string of a JSON text."""
    return _without_escapes(data).count(b'"')


def _without_escapes(data: bytes) -> bytes:
    # The search for one byte first: most texts have no backslash at all.
    return _ESCAPE.sub(b"", data) if b"\\" in data else data


def _deeper_than(outline: bytes, max_depth: int) -> bool:
    if outline.count(b"{") + outline.count(b"[") <= max_depth:
        return False
    depth = 0
    for byte in outline.translate(None, _NO_BRACKETS):
        if byte in b"{[":
            depth += 1
            if depth > max_depth:
                return True
        else:
            depth -= 1
    return False


def _order_may_differ(canonical: bytes) -> bool:
    """Whether sorting by UTF-8 could differ from sorting by UTF-16 code units (RFC 8785 section 3.2.3)."""
    if canonical.isascii():
        return False
    return any(first in canonical for first in _ABOVE_FFFF) and any(first in canonical for first in _E000_TO_FFFF)


def _parse_strictly(data: bytes, limits: Limits) -> Any:
    if len(data) > limits.max_bytes:
        raise CredentialError(
            f"The document is longer than {limits.max_bytes:,} bytes, the most that are read.",
            remedy="Move images and attachments out of the document, or raise the setting max_document_bytes.",
            code="too-large",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        encoding = foreign_encoding(data)
        looks = f"it looks like {encoding}" if encoding else "the text ends there in the middle of a character"
        raise CredentialError(
            f"Byte {error.start + 1} of the document is not UTF-8: {looks}.",
            remedy=SAVE_AS_UTF8 if encoding else "Ask for the file again, or export it again.",
            code="invalid-utf8",
        ) from None
    if text.startswith("\ufeff"):
        raise CredentialError(
            "The document begins with a byte order mark, which JSON does not allow.",
            remedy=SAVE_AS_UTF8,
            code="syntax",
        )
    if deeper_than(data, limits.max_depth):
        _refuse_depth(limits.max_depth)
    try:
        return _STRICT_DECODER.decode(text)
    except json.JSONDecodeError as error:
        encoding = foreign_encoding(data)
        raise CredentialError(
            f"The document is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
            + (f" It looks like {encoding}." if encoding else ""),
            remedy=SAVE_AS_UTF8 if encoding else "Correct the text there, or export the document again.",
            code="syntax",
        ) from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise CredentialError(
            f"The key {_quoted(twice)} occurs twice in one object, and readers differ in which one they keep.",
            remedy="Remove one of them.",
            code="duplicate-key",
        )
    return members


def _integer(text: str) -> int:
    # Length first: int() of a megabyte of digits takes seconds.
    number = int(text) if len(text) <= 17 else None
    if number is None or abs(number) > MAX_INTEGER:
        _refuse_integer(text)
    return number


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        _refuse_float(text)
    return number


def _constant(text: str) -> NoReturn:
    raise CredentialError(
        f"{text} is not a JSON value.",
        remedy="Leave the member out, or write null or a string.",
        code="not-a-number",
    )


_STRICT_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_float, parse_constant=_constant
)


def _written_alike(value: Any, max_depth: int) -> bool:
    """Whether orjson writes a value exactly as RFC 8785 does; refuses a value that has no canonical form.

    Goes level by level instead of recursing, so that no input can exhaust the stack.
    """
    alike = True
    level, depth = [value], 0
    while level:
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is str:
                _check_text(item)
            elif kind is dict:
                for key in item:
                    if type(key) is not str:
                        _refuse_type(key, "a key")
                    _check_text(key)
                    alike = alike and key.isascii()
                below.extend(item.values())
            elif kind is list:
                below.extend(item)
            elif kind is int:
                if abs(item) > MAX_INTEGER:
                    _refuse_integer(str(item) if item.bit_length() < 128 else hex(item))  # str() of a huge one is slow
            elif kind is float:
                if not math.isfinite(item):
                    _constant(str(item)) if math.isnan(item) else _refuse_float(str(item))
                alike = alike and 1e-3 <= abs(item) < 1e15 and not item.is_integer()
            elif kind is not bool and item is not None:
                _refuse_type(item, "a value")
            if (kind is dict or kind is list) and depth >= max_depth:
                _refuse_depth(max_depth)
        level, depth = below, depth + 1
    return alike


def _written(value: Any, *, is_alike: bool) -> bytes:
    """The canonical form of a value that has one.

    Args:
        is_alike: what `_written_alike` said of it, or of something that it is a part of.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS) if is_alike else orjson.dumps(_prepared(value))
    except orjson.JSONEncodeError:
        return rfc8785.dumps(value)  # it nests deeper than orjson writes


def _prepared(value: Any) -> Any:
    """The value so that orjson writes its canonical form, with keys in the order in which they stand."""
    kind = type(value)
    if kind is float:
        return _number(value)
    if kind is list:
        # One call for each number, and none for most of them: arrays of numbers are what is slow.
        return [
            item if (of := type(item)) is str or of is int else _number(item) if of is float else _prepared(item)
            for item in value
        ]
    if kind is dict:
        order = None if all(map(str.isascii, value)) else _by_utf16
        return {name: _prepared(value[name]) for name in sorted(value, key=order)}
    return value


def _by_utf16(name: str) -> bytes:
    return name.encode("utf-16-be")


def _number(number: float) -> float | int | orjson.Fragment:
    """Something that orjson writes as ECMAScript does the number (RFC 8785 section 3.2.2.3)."""
    if number.is_integer():
        if -MAX_INTEGER <= number <= MAX_INTEGER:
            return int(number)
    elif 1e-3 <= abs(number) < 1e15:
        return number
    # Python chooses the same digits as ECMAScript, changes to an exponent earlier, and writes two digits of it.
    text = repr(number)
    digits, _, of_ten = text.partition("e")
    exponent = int(of_ten or "0")
    if not exponent:
        text = text.removesuffix(".0")
    elif 0 < exponent < 21:
        whole, _, fraction = digits.partition(".")
        text = whole + fraction.ljust(exponent, "0")
    elif -7 < exponent < 0:
        sign = "-" if number < 0 else ""
        text = f"{sign}0.{'0' * (-exponent - 1)}{digits.removeprefix('-').replace('.', '')}"
    else:
        text = text.replace("e-0", "e-")
    return orjson.Fragment(text)


def _check_text(text: str) -> None:
    try:
        text.isascii() or text.encode("utf-8")
    except UnicodeEncodeError:
        raise CredentialError(
            f"The string {_quoted(text)} holds half of a surrogate pair, which is not a character.",
            remedy="Write the character itself in UTF-8.",
            code="lone-surrogate",
        ) from None


def _refuse_depth(max_depth: int) -> NoReturn:
    raise CredentialError(
        f"The document nests deeper than {max_depth} levels.",
        remedy="Flatten it; no credential needs that.",
        code="too-deep",
    )


def _refuse_integer(text: str) -> NoReturn:
    raise CredentialError(
        f"The integer {_shortened(text)} is beyond ±(2^53−1), where readers round differently.",
        remedy="Write it as a string.",
        code="integer-range",
    )


def _refuse_float(text: str) -> NoReturn:
    raise CredentialError(
        f"The number {_shortened(text)} is too large for a 64-bit float.",
        remedy="Write it as a string.",
        code="number-range",
    )


def _refuse_type(item: object, what: str) -> NoReturn:
    raise CredentialError(
        f"The document has {what} of type {type(item).__name__}, which JSON does not have.",
        remedy="Convert it to a string, number, list or object first.",
        code="not-json",
    )


def _quoted(text: str) -> str:
    return json.dumps(_shortened(text))


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
