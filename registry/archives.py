"""ZIP files and names of files as strangers send them: what of them is read, and what is refused before it is.

The names in an archive are labels and never lead to a place on the disk.
"""

from __future__ import annotations

import stat
import struct
import zlib
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

RECEIPT_SUFFIXES: Final = (".receipt.json", ".receipt.cbor")
"""What follows the name of a credential in the name of its receipt."""

# What one file in a ZIP may unpack to, and how far beyond its packed size: more is a bomb, not a credential.
MAXIMUM_ENTRY_BYTES: Final = 1 << 30
MAXIMUM_RATIO: Final = 1000
LONGEST_NAME: Final = 200

UNREADABLE_ZIP: Final = (BadZipFile, NotImplementedError, ValueError, struct.error, zlib.error, OSError, EOFError)
"""What `zipfile` raises over broken or malicious archives."""

_END, _END64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_ENCRYPTED = 1


def is_receipt_name(name: str) -> bool:
    """Whether a file is a receipt and not a credential, by its name."""
    return name.endswith(RECEIPT_SUFFIXES)


def storable(text: str) -> str:
    """Text of strangers as every database takes it: PostgreSQL has no NUL, and UTF-8 no lone surrogates."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def file_name(text: str) -> str:
    """The last part of a name that a stranger gave a file, without anything that leads elsewhere."""
    last = label(text).rsplit("/", 1)[-1][-LONGEST_NAME:]
    return last if last.strip(".") else "_"


def label(text: str) -> str:
    """A name that a stranger gave a file, with its folders, as it can be shown."""
    slashed = text.replace("\\", "/")
    return "".join(character if character.isprintable() else "_" for character in slashed)


def check_directory(file: IO[bytes], most_bytes: int) -> None:
    """Make sure, before it is read, that the list of files in a ZIP does not fill the memory.

    Source: APPNOTE.TXT 4.3.14 to 4.3.16.

    Args:
        most_bytes: that the list may have; in memory it is ten times as long.

    Raises:
        ValueError: it is longer, or there is none.
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - (1 << 16) - 98))
    tail = file.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < 22:
        raise ValueError("it has no end record")
    directory = int.from_bytes(tail[end + 12 : end + 16], "little")
    if end >= 76 and tail[end - 20 : end - 16] == _LOCATOR and tail[end - 76 : end - 72] == _END64:
        directory = int.from_bytes(tail[end - 36 : end - 28], "little")
    if directory > most_bytes:
        raise ValueError("its list of files is too long")


def visible_entries(archive: ZipFile) -> list[ZipInfo]:
    """The files of a ZIP: no folders, no hidden files, none whose name leads out of it (`stray_entries`).

    Raises:
        ValueError: one has no name.
    """
    if not all(entry.filename for entry in archive.infolist()):
        raise ValueError("a file in it has no name")
    files = [entry for entry in archive.infolist() if not entry.is_dir() and not _leads_out(entry.filename)]
    return [entry for entry in files if not _hidden(entry.filename)]


def stray_entries(archive: ZipFile) -> list[ZipInfo]:
    """The files of a ZIP whose names lead out of it: they are not read, and whoever sent them has to be told."""
    return [entry for entry in archive.infolist() if not entry.is_dir() and _leads_out(entry.filename)]


def is_encrypted(entry: ZipInfo) -> bool:
    """Whether a password would be needed."""
    return bool(entry.flag_bits & _ENCRYPTED)


def is_packed_usually(entry: ZipInfo) -> bool:
    """Whether it is stored or packed by deflate; other packings unpack in larger pieces than are asked for."""
    return entry.compress_type in (ZIP_STORED, ZIP_DEFLATED)


def is_link(entry: ZipInfo) -> bool:
    """Whether it is a symbolic link, or anything else that is not a file with bytes of its own."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    return kind not in (0, stat.S_IFREG)


def unpacks_to_too_much(entry: ZipInfo, most_bytes: int = MAXIMUM_ENTRY_BYTES) -> str | None:
    """Why an entry is not unpacked, by the sizes it declares, which `zipfile` reads no further than; None if it is."""
    if entry.file_size > most_bytes or entry.file_size > MAXIMUM_RATIO * max(1, entry.compress_size):
        return f"it unpacks to {entry.file_size:,} bytes from {entry.compress_size:,}: more than is allowed"
    return None


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _leads_out(name: str) -> bool:
    return ".." in name.replace("\\", "/").split("/")
