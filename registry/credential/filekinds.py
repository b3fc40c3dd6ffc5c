"""What of the files that an issuer gives is a credential, by name, size and first bytes: one rule for every way in."""

from __future__ import annotations

from typing import Final

from registry.credential.digest import JSON_SUFFIXES
from registry.credential.digestlist import is_digest_list, looks_like_hashes
from registry.errors import IntakeError
from registry.untrusted.archives import is_receipt_name

DATA_FOLDER_HAS: Final = ("trees", "deployments")
"""The folders by which a data folder of this program is told from others."""
UNFINISHED: Final = (".part", ".partial", ".tmp", ".crdownload", ".filepart")
"""Names under which programs write what they rename when it is whole."""
LINE_SUFFIXES: Final = (".jsonl", ".ndjson")
DIGEST_SUFFIXES: Final = (".digests", ".hex")
TABLE_SUFFIXES: Final = (".csv", ".tsv", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers")
ARCHIVE_SUFFIXES: Final = (
    ".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".7z", ".rar", ".cab", ".iso",
)  # fmt: skip
MAIL_SUFFIXES: Final = (".eml", ".msg", ".mbox", ".pst")
BACKUP_SUFFIXES: Final = ("~", ".bak", ".swp", ".swo")

_SYSTEM: Final = frozenset(
    {"desktop.ini", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "icon\r", "folder.jpg.lnk", "albumart.db"}
)
_OWN: Final = "testamur.toml"
_OWN_SUFFIX: Final = ".rejects.jsonl"
_SYSTEM_FOLDERS: Final = frozenset({"__macosx", "$recycle.bin", "system volume information", "@eadir", "lost+found"})

LEFT_OUT: Final = {
    "hidden": ("hidden file or folder", "hidden files or folders"),
    "system-file": ("file of the operating system", "files of the operating system"),
    "lock-file": ("lock of an office program", "locks of an office program"),
    "unfinished": ("unfinished file", "unfinished files"),
    "backup": ("backup of an editor", "backups of an editor"),
    "own-file": ("file or folder of this program", "files or folders of this program"),
    "not-a-file": ("link to a folder or to nothing, or device", "links to folders or to nothing, or devices"),
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
    if lower.endswith(BACKUP_SUFFIXES) or (last.startswith("#") and last.endswith("#")):
        return "backup"
    if lower == _OWN or lower.endswith(_OWN_SUFFIX):
        return "own-file"
    return "empty" if size == 0 else None


def not_a_credential(name: str, head: bytes) -> tuple[str, str] | None:
    """Code and reason why a file among files of one credential each is refused, unless it was asked for; None if not.

    Args:
        head: its first `SNIFFED_BYTES`.
    """
    # Windows hides the last ending of a name, so that a second one comes about by mistake.
    lower = name.lower().removesuffix(".txt")
    if lower.endswith(LINE_SUFFIXES):
        return "nested-jsonl", "a file of many credentials among files of one each: anchor it by itself"
    if name.lower().endswith(JSON_SUFFIXES):
        return None
    try:
        if looks_like_hashes(head) and not is_digest_list(head) and not lower.endswith(DIGEST_SUFFIXES):
            return "hash-list", HASHES
        if lower.endswith(DIGEST_SUFFIXES) or is_digest_list(head):
            return "digest-list", "a list of digests among files of one credential each: anchor it by itself"
    except IntakeError as error:
        return error.code, f"{error.what}. {error.remedy}"
    if lower.endswith(TABLE_SUFFIXES):
        return "table", TABLE
    if lower.endswith(ARCHIVE_SUFFIXES):
        return "archive", ARCHIVE
    if lower.endswith(MAIL_SUFFIXES):
        return "mail", MAIL
    return None


HASHES: Final = (
    "a list of hashes in a form that is not read, not a credential: write SHA-256 digests, one a line, or say that the "
    "file itself is the credential (--as-files)"
)
ARCHIVE: Final = (
    "an archive, not a credential: what is in it would not be provable one by one. Unpack it, or say that the file "
    "itself is the credential (--as-files)"
)
MAIL: Final = (
    "a mail, not a credential: save what is attached to it, or say that the file itself is the credential (--as-files)"
)
RECEIPT: Final = "a receipt, not a credential: give the credential that it is for"
TABLE: Final = (
    "a table, not a credential: its rows would not be provable one by one. Make one document of each row, or say that "
    "the file itself is the credential (--as-files)"
)
