"""JSON as any reader may take it: for finding what a document states, never for its digest.

`strictjson` refuses a text that two readers could take for two documents. Such a text may still be the
credential that somebody shows, as a file or under another encoding, and then its dates count. So it is read here with
everything that it may mean, and the reading says whether that is certain.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

import rfc8785

from registry.credential.strictjson import MAX_INTEGER, Limits, deeper_than

# What a JSON object or array begins with. "{\" is RTF, "[1]" a footnote of plain text: they are not taken for JSON.
_BEGINNING = re.compile(r"[ \t\r\n]*(?:\{[ \t\r\n]*[\"}]|\[[ \t\r\n]*[\[{\"\]])")
# What may still become one where more follows than was looked at.
_OPEN_BEGINNING = re.compile(r"[ \t\r\n]*[{\[]?[ \t\r\n]*\Z")
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# JCS writes an integer up to 10**21 with all its digits (ECMA-262 Number::toString).
_LONGEST_INTEGER = 22


@dataclass(frozen=True, slots=True)
class LenientText:
    """A text decoded by what it begins with.

    Attributes:
        doubt: why another reader may decode it otherwise; None where none would.
    """

    text: str
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class LenientValue:
    """A value, and why it may not be the only one; None where it is."""

    value: Any
    doubt: str | None = None


def decode_text(data: bytes) -> LenientText:
    """The text of a file: UTF-8, or another encoding of Unicode that its first bytes show; else Latin-1, in doubt."""
    mark, encoding = next(((mark, encoding) for mark, encoding in _MARKS if data.startswith(mark)), (b"", "utf-8"))
    if not mark:
        encoding = _without_mark(data) or encoding
    body = data[len(mark) :]
    try:
        return LenientText(body.decode(encoding))
    except UnicodeDecodeError:
        doubt = f"it is not {encoding.upper()} throughout"
        return LenientText(body.decode("latin-1" if encoding == "utf-8" else encoding, "replace"), doubt)


def begins_as_json(data: bytes) -> bool:
    """Whether a file begins as a JSON object or array does, in any encoding of Unicode; the first KiB is looked at."""
    head = decode_text(data[:1024]).text
    return bool(_BEGINNING.match(head) or (len(data) > 1024 and _OPEN_BEGINNING.match(head)))


def read_leniently(text: str, limits: Limits) -> LenientValue | str:
    """The value of a JSON text, or why there is none.

    A member that is written twice gets the list of its values. NaN, the infinities and an integer beyond the largest
    float are None; an integer that no float holds is the nearest one. All but the last of these are doubts, and that
    one is where JCS writes it otherwise.

    Returns:
        the value, or the reason in words.
    """
    if deeper_than(text.encode("utf-8", "replace"), limits.max_depth):
        return f"it nests deeper than {limits.max_depth} levels"
    doubts: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            doubts.append("a key occurs twice in one object")
            several: dict[str, list[Any]] = {}
            for key, value in pairs:
                several.setdefault(key, []).append(value)
            found.update({key: values for key, values in several.items() if len(values) > 1})
        return found

    def integer(digits: str) -> int | float | None:
        if len(digits) <= 17 and abs(number := int(digits)) <= MAX_INTEGER:
            return number
        nearest = float(digits)
        if len(digits) > _LONGEST_INTEGER or rfc8785.dumps(nearest) != digits.encode():
            doubts.append("an integer is beyond ±(2^53-1)")
        return nearest if math.isfinite(nearest) else None

    def number(digits: str) -> float | None:
        value = float(digits)
        if math.isinf(value):
            doubts.append("a number is too large")
            return None
        return value

    def constant(_: str) -> None:
        doubts.append("it holds NaN or Infinity")

    decoder = json.JSONDecoder(
        object_pairs_hook=members, parse_int=integer, parse_float=number, parse_constant=constant, strict=False
    )
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError as error:
        return f"it is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    except RecursionError:
        return "it nests too deep"
    return LenientValue(value, doubts[0] if doubts else None)


def _without_mark(data: bytes) -> str | None:
    """The encoding of a JSON text without a mark, by where its first zero bytes are (RFC 4627 section 3)."""
    zeros = bytes(byte == 0 for byte in data[:4])
    return {
        b"\1\1\1\0": "utf-32-be",
        b"\0\1\1\1": "utf-32-le",
        b"\1\0\1\0": "utf-16-be",
        b"\0\1\0\1": "utf-16-le",
    }.get(zeros)
