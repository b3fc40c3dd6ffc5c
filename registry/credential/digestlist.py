"""Lists of digests as people have them: bare, as `sha256sum` writes them, or in a column of a table.

One reader for every door, so that no list is ever taken for a credential of its own.
"""

from __future__ import annotations

import codecs
import csv
import re
from typing import Final

from registry.credential.digest import Digest, digest_given
from registry.errors import CredentialError, IntakeError
from registry.untrusted.encodings import REMEDY, foreign_encoding

SNIFFED_BYTES: Final = 64 << 10
"""How much of the beginning of a file is enough to tell whether it is a list of digests."""
LONGEST_LINE: Final = 4096

_HEX = r"(?:0x)?[0-9A-Fa-f]{64}"
_BARE = re.compile(_HEX)
# sha256sum: a backslash before the digest says that the name is escaped; the asterisk says "read as binary".
_NAMED = re.compile(rf"\\?({_HEX})(?: [ *]|[ \t]+)\S.*")
_TAGGED = re.compile(rf"\\?SHA2?-?256 ?\(.*\) ?= ?({_HEX})", re.IGNORECASE)
_HEADERS: Final = frozenset(
    {
        "checksum", "credential hash", "digest", "digests", "hash", "hashes", "hex", "hex digest", "sha256", "sha-256",
        "sha 256", "sha256 digest", "sha256 hash", "sha256sum", "sum",
    }
)  # fmt: skip
_SEPARATORS: Final = ",;\t"
# MD5, SHA-1, and the lengths of SHA-2 and SHA-3, standing by itself.
_SOME_HASH = re.compile(
    rb"(?<![0-9A-Za-z])(?:0[xX])?(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{56}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{96}"
    rb"|[0-9A-Fa-f]{128})(?![0-9A-Za-z])"
)
_LINES_LOOKED_AT: Final = 64


def read_digest_line(line: bytes, *, first: bool = False) -> Digest | None:
    """The digest on a line of a list; None where there is none to be expected: a blank line, a comment, the header.

    Args:
        line: without its end.
        first: it is the first line of the file that is not blank: it may begin with a byte order mark, or be a header.

    Raises:
        CredentialError: code `given-syntax`: it is no such line, or which of its digests is meant is not clear.
    """
    if first:
        line = line.removeprefix(codecs.BOM_UTF8)
    text = line.decode("utf-8", "replace").strip()
    if not text or text.startswith("#") or (first and _is_header(text)):
        return None
    if named := _NAMED.fullmatch(text) or _TAGGED.fullmatch(text):
        return digest_given(named[1])
    found = {digest_given(field).value: field for field in _fields(text) if _BARE.fullmatch(field)}
    if len(found) > 1:
        raise CredentialError(
            f"The line has {len(found)} different digests, and which one is meant is not clear.",
            remedy="Leave one digest on each line.",
            code="given-syntax",
        )
    if not found and "\0" in text:
        raise CredentialError("The line is in UTF-16, which is not read.", remedy=REMEDY, code="given-syntax")
    return digest_given(next(iter(found.values()), text))


def is_digest_list(head: bytes) -> bool:
    """Whether a file is a list of digests, by its first bytes: its first line that is not a header has a digest.

    Of a table with a header, the header has to name the column of the digests as such.

    Args:
        head: the first `SNIFFED_BYTES`.

    Raises:
        IntakeError: code `encoding`: it is one in an encoding that is not read.
    """
    encoding = foreign_encoding(head)
    if encoding is not None and encoding.startswith("UTF-16"):
        codec = "utf-16-be" if head.startswith(codecs.BOM_UTF16_BE) or head[:1] == b"\0" else "utf-16-le"
        if _begins_with_digest(head.decode(codec, "replace").lstrip("\ufeff").encode()):
            raise IntakeError(
                f"this list of digests is in {encoding}, which is not read", remedy=REMEDY, code="encoding"
            )
        return False
    return _begins_with_digest(head)


def looks_like_hashes(head: bytes) -> bool:
    """Whether a text is a list of hashes in whatever form: half of its lines, or more, have one.

    Of those that `is_digest_list` does not know, as of SHA-512 or of `name: hash`, nothing is read; but they are no
    credentials either.

    Args:
        head: the first `SNIFFED_BYTES`.
    """
    if b"\0" in head:
        return False
    lines = [line for line in head.splitlines() if line.strip()]
    # The last line may be cut off.
    lines = (lines[:-1] if len(head) >= SNIFFED_BYTES else lines)[:_LINES_LOOKED_AT]
    found = sum(len(line) <= LONGEST_LINE and _SOME_HASH.search(line) is not None for line in lines)
    return 0 < len(lines) <= 2 * found


def _begins_with_digest(head: bytes) -> bool:
    lines = [line for line in head.removeprefix(codecs.BOM_UTF8).splitlines() if line.strip()]
    lines = [line for line in lines[:8] if len(line) <= LONGEST_LINE and not line.lstrip().startswith(b"#")][:2]
    if not lines:
        return False
    if _has_digest(lines[0]):
        return True
    text = lines[0].decode("utf-8", "replace").strip()
    if len(lines) == 1 or not _has_digest(lines[1]):
        return False
    # A table may have digests of something else, so that its header has to say that they are.
    return (
        _is_header(text)
        if any(mark in text for mark in _SEPARATORS)
        else _BARE.fullmatch(lines[1].decode("utf-8", "replace").strip()) is not None or _is_header(text)
    )


def _has_digest(line: bytes) -> bool:
    try:
        return read_digest_line(line) is not None
    except CredentialError:
        return False


def _is_header(text: str) -> bool:
    """Whether a line names columns, one of them as digests."""
    fields = _fields(text)
    return any(" ".join(field.replace("_", " ").lower().split()) in _HEADERS for field in fields) and not any(
        map(_BARE.fullmatch, fields)
    )


def _fields(text: str) -> list[str]:
    """The columns of a line of a table, by whichever separator it may have."""
    return [field for mark in _SEPARATORS for field in _columns(text, mark)]


def _columns(text: str, mark: str) -> list[str]:
    try:
        (row,) = csv.reader([text], delimiter=mark)
    except (csv.Error, ValueError):
        return []
    return [field.strip().strip("'") for field in row]
