"""ZIP files and names of files as strangers send them: what of them is read, and what is refused before it is.

The names in an archive are labels and never lead to a place on the disk.
"""

from __future__ import annotations

import lzma
import re
import stat
import struct
import unicodedata
import zlib
from collections.abc import Container
from hashlib import blake2b, sha256
from itertools import count
from pathlib import PurePosixPath
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

RECEIPT_SUFFIXES: Final = (".receipt.json", ".receipt.cbor")
"""What follows the name of a credential in the name of its receipt."""

# What one file in a ZIP may unpack to, and how far beyond its packed size: more is a bomb, not a credential.
MAXIMUM_ENTRY_BYTES: Final = 1 << 30
MAXIMUM_RATIO: Final = 1000
LONGEST_NAME: Final = 200
# A name has room for 32,000, and each would be remembered.
MOST_FOLDERS: Final = 100
# What Windows does not take in a name, and the names that are devices there, with any ending.
_NOT_PORTABLE: Final = re.compile(r'[<>:"|?*\x00-\x1f\ud800-\udfff]|[. ]+$')
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|(?:com|lpt)[0-9¹²³])(?:\.|$)", re.IGNORECASE)
# What usual file systems take, in bytes: of one name, and of a name with its folders below where it is written.
LONGEST_PART: Final = 255
LONGEST_PATH: Final = 1024
# Digits of the hash that tells shortened names apart, and bytes of what may follow the last dot of a name.
MARK_DIGITS: Final = 16
LONGEST_ENDING: Final = 16

UNREADABLE_ZIP: Final = (
    *(BadZipFile, NotImplementedError, ValueError, struct.error, zlib.error, lzma.LZMAError, OSError, EOFError),
)
"""What `zipfile` raises over broken or malicious archives."""

_END, _END64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_ENCRYPTED = 1


def is_receipt_name(name: str) -> bool:
    """Whether a file is a receipt and not a credential, by its name."""
    return name.lower().endswith(RECEIPT_SUFFIXES)


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
    """The files of a ZIP: no folders, no hidden files. Those that lead out of it are among them: refuse them by name.

    Raises:
        ValueError: one has no name.
    """
    if not all(entry.filename for entry in archive.infolist()):
        raise ValueError("a file in it has no name")
    files = [entry for entry in archive.infolist() if not entry.is_dir()]
    return [entry for entry in files if leads_out(entry.filename) or not _hidden(entry.filename)]


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


def leads_out(name: str) -> str | None:
    """Why a file in a ZIP is refused for its name; None if it is not. No path that leaves its archive is believed."""
    parts = _parts(name)
    if ".." in parts:
        return "its name leads out of the ZIP"
    return f"its name has more than {MOST_FOLDERS} folders" if len(parts) > MOST_FOLDERS + 1 else None


def _hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in _parts(name))


def _parts(name: str) -> list[str]:
    return [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]


# Names to write under


def inside(name: str) -> PurePosixPath:
    """The name without anything that would leave the folder: names in a ZIP come from whoever made it."""
    parts = [part.replace(":", "_") for part in _parts(name) if part != ".."]
    return PurePosixPath(*(parts or ["_"]))


def fitting(name: str) -> str:
    """The name as it is written in a folder: `inside` it, as every usual system takes it, and no longer than that.

    What is cut off leaves digits of a hash of it, so that the same name is always shortened alike, and two do not meet.
    What makes a receipt of it, and the ending before that, stay.
    """
    path = inside(name)
    fitted = PurePosixPath(*(short_name(_portable(part)) for part in path.parts))
    if _size(str(fitted)) > LONGEST_PATH:
        return _marked(path.name, str(path))
    return str(fitted)


def _portable(part: str) -> str:
    """A name that Windows takes, too, and as it is: there `a.` is `a`, and `nul.json` is no file."""
    cleaned = _NOT_PORTABLE.sub(lambda found: "_" * len(found[0]), part)
    return f"_{cleaned}" if _DEVICE.match(cleaned) else cleaned


def short_name(name: str, ending: str = "") -> str:
    """A name with an ending, of which as much is cut off before the ending as no file system would take."""
    return name + ending if _size(name + ending) <= LONGEST_PART else _marked(name, name + ending, ending)


class Names:
    """The names of the files that go into one folder or archive: each is given once.

    Two names are the same where some file system takes them for one: whatever their case and their Unicode form. The
    second is numbered, `name (2).json`.
    """

    def __init__(self) -> None:
        # Eight bytes of a hash each: there may be millions. Two that meet by chance cost a number.
        self._files: set[int] = set()
        self._folders: set[int] = set()
        self._numbers: dict[int, int] = {}

    def of(self, name: str, *, shorten: bool = True) -> str:
        """A name that is free, and is taken from now on: this one if it can be.

        Args:
            shorten: to what file systems take.
        """
        *folders, last = PurePosixPath(fitting(name) if shorten else inside(name)).parts
        # A name may have tens of thousands of folders: of each only what it adds to those above it is looked at.
        chosen, key = [], 0
        for folder in folders:
            free, key = self._free(key, folder, self._files, shorten=shorten)
            self._folders.add(key)
            chosen.append(free)
        free, key = self._free(key, last, self._files, self._folders, shorten=shorten)
        self._files.add(key)
        return "/".join((*chosen, free))

    def _free(self, folder: int, wanted: str, *taken: Container[int], shorten: bool) -> tuple[str, int]:
        """The name in the folder, or the first one with a number that is not taken; and its key."""
        wanted_key = _key(folder, wanted)
        if not any(wanted_key in some for some in taken):
            return wanted, wanted_key
        for number in count(self._numbers.get(wanted_key, 2)):
            chosen = _numbered(wanted, number, shorten=shorten)
            key = _key(folder, chosen)
            if not any(key in some for some in taken):
                break
            self._numbers[wanted_key] = number + 1
        return chosen, key


def _numbered(name: str, number: int, *, shorten: bool) -> str:
    stem, ending = _split(name)
    numbered = f"{stem} ({number}){ending}"
    return short_name(numbered) if shorten else numbered


def _split(name: str) -> tuple[str, str]:
    """A name up to its ending, and the ending, with what makes a receipt of it."""
    receipt = next((suffix for suffix in RECEIPT_SUFFIXES if name.endswith(suffix) and name != suffix), "")
    body = name.removesuffix(receipt)
    ending = PurePosixPath(body).suffix
    ending = ending if _size(ending) <= LONGEST_ENDING else ""
    return body.removesuffix(ending), ending + receipt


def _marked(name: str, whole: str, more: str = "") -> str:
    """A name that is cut, with digits of the hash of all that it stands for."""
    stem, ending = _split(name)
    mark = sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:MARK_DIGITS]
    room = LONGEST_PART - _size(ending + more) - MARK_DIGITS - 1
    kept = stem.encode("utf-8", "surrogatepass")[:room].decode("utf-8", "ignore")
    return f"{kept}~{mark}{ending}{more}"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _key(folder: int, name: str) -> int:
    """What stands for a name in the folder that another key stands for; 0 is the uppermost folder."""
    same = unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
    salt = folder.to_bytes(8)
    return int.from_bytes(blake2b(same.encode("utf-8", "surrogatepass"), digest_size=8, salt=salt).digest())
