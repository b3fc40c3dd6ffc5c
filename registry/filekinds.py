"""What of the files that an issuer gives is a credential, by name, size and first bytes: one rule for every way in."""

from __future__ import annotations

from typing import Final

from registry.archives import is_receipt_name
from registry.credential import JSON_SUFFIXES
from registry.digestlist import is_digest_list
from registry.errors import IntakeError

UNFINISHED: Final = (".part", ".partial", ".tmp", ".crdownload", ".filepart")
"""Names under which programs write what they rename when it is whole."""
LINE_SUFFIXES: Final = (".jsonl", ".ndjson")
DIGEST_SUFFIXES: Final = (".digests", ".hex")
TABLE_SUFFIXES: Final = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods", ".numbers")

_SYSTEM: Final = frozenset(
    {"desktop.ini", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "icon\r", "folder.jpg.lnk", "albumart.db"}
)
_SYSTEM_FOLDERS: Final = frozenset({"__macosx", "$recycle.bin", "system volume information", "@eadir", "lost+found"})

LEFT_OUT: Final = {
    "hidden": ("hidden file or folder", "hidden files or folders"),
    "system-file": ("file of the operating system", "files of the operating system"),
    "lock-file": ("lock of an office program", "locks of an office program"),
    "unfinished": ("unfinished file", "unfinished files"),
    "empty": ("empty file", "empty files"),
    "receipt": ("receipt", "receipts"),
}
"""Why a file is no credential: code → what one is, and what several are."""


def left_out(name: str, size: int | None = None) -> str | None:
    """Why a file is not looked at as a credential, a key of `LEFT_OUT`; None if it is one.

    Args:
        name: with its folders, separated by `/`, below the one that was given.
        size: in bytes, where it is known.
    """
    *folders, last = name.split("/")
    lower = last.lower()
    if any(folder.lower() in _SYSTEM_FOLDERS for folder in folders) or lower in _SYSTEM or lower.endswith(".lnk"):
        return "system-file"
    if last.startswith(("~$", ".~lock.")):
        return "lock-file"
    # A name that leads out of the archive is refused with its reason, not left out.
    if any(part.startswith(".") and part.strip(".") for part in (*folders, last)):
        return "hidden"
    if is_receipt_name(last):
        return "receipt"
    if lower.endswith(UNFINISHED):
        return "unfinished"
    return "empty" if size == 0 else None


def not_a_credential(name: str, head: bytes) -> tuple[str, str] | None:
    """Code and reason why a file among files of one credential each is refused, unless it was asked for; None if not.

    Args:
        head: its first `SNIFFED_BYTES`.
    """
    lower = name.lower()
    if lower.endswith(LINE_SUFFIXES):
        return "nested-jsonl", "a file of many credentials among files of one each: anchor it by itself"
    if lower.endswith(JSON_SUFFIXES):
        return None
    try:
        if lower.endswith(DIGEST_SUFFIXES) or is_digest_list(head):
            return "digest-list", "a list of digests among files of one credential each: anchor it by itself"
    except IntakeError as error:
        return error.code, f"{error.what}. {error.remedy}"
    if lower.endswith(TABLE_SUFFIXES):
        return "table", TABLE
    return None


TABLE: Final = (
    "a table, not a credential: its rows would not be provable one by one. Make one document of each row, or say that "
    "the file itself is the credential (--as-files)"
)
