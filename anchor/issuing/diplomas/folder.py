"""A folder of diplomas and badges, which may be there already.

A file is complete or not there, and `made.jsonl` in the folder says of what each was made: what is there and right is
not made again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from anchor.issuing.diplomas.content import content_of
from anchor.issuing.diplomas.making import Order, Original, check_all, render
from anchor.issuing.diplomas.press import LAYOUTS
from registry.errors import IntakeError
from registry.privatefiles import FOLDER_MODE, private_opener, replace_privately
from registry.untrusted.archives import Names

LEDGER: Final = "made.jsonl"


@dataclass(slots=True)
class Written:
    """What came of writing diplomas to a folder.

    Attributes:
        made: files that were written.
        kept: files that were there and right.
        files: by the digest of the credential in hexadecimal, the names of its files in the folder.
    """

    made: int = 0
    kept: int = 0
    files: dict[str, list[str]] = field(default_factory=dict)


def write_diplomas(
    originals: Callable[[], Iterable[Original]],
    order: Order,
    folder: Path,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Written:
    """Write what an order asks for of each credential to a folder; run again, it makes what is missing or not right.

    Args:
        originals: gives them anew each time it is called: first all are looked at, then they are printed.
        progress: called with credentials done and in all.

    Raises:
        IntakeError: one cannot be printed, and nothing was written; or the folder cannot be written to.
    """
    total = check_all(originals(), order.look, is_draft=order.is_draft)
    written = Written()
    try:
        # What is in it is full of names and marks; one that is there keeps its rights.
        folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        _write_all(originals(), order, _Ledger(folder, order), written, workers, progress, total)
    except OSError as error:
        raise IntakeError(
            f"it cannot be written: {error.strerror}",
            where=str(error.filename or folder),
            remedy="Make room or another folder, and run it again: what was written stays.",
            code="unwritable",
        ) from None
    return written


def _write_all(
    originals: Iterable[Original],
    order: Order,
    ledger: _Ledger,
    written: Written,
    workers: int | None,
    progress: Callable[[int, int], None] | None,
    total: int,
) -> None:
    names = Names()
    wanted: list[tuple[str, str]] = []
    done = 0

    def missing() -> Iterator[Original]:
        nonlocal done
        for original in originals:
            stem, key = _stem(original.name, names), ledger.key(original.document)
            files = [f"{stem}.{kind}" for kind in order.formats]
            if all(ledger.is_right(name, key) for name in files):
                written.kept += len(files)
                done += 1
                written.files.setdefault(content_of(original.document, original.name).digest.hex, []).extend(files)
            else:
                wanted.append((stem, key))
                yield original

    for made in render(missing(), order, workers=workers):
        stem, key = wanted.pop(0)
        for kind, content in made.files.items():
            ledger.write(name := f"{stem}.{kind}", content, key)
            written.made += 1
            written.files.setdefault(made.digest.hex(), []).append(name)
        done += 1
        if progress is not None:
            progress(done, total)


def _stem(name: str, names: Names) -> str:
    """The name of the files of a credential without an ending, in the folder itself and free there."""
    flat = name.replace("/", "_").replace("\\", "_").lstrip(".") or "credential"
    return names.of(f"{flat}.json").removesuffix(".json")


class _Ledger:
    """What was made in a folder, a line for each file: its name, its SHA-256, and of what it was made."""

    def __init__(self, folder: Path, order: Order):
        self._folder = folder
        self._order = _fingerprint(order)
        self._made: dict[str, tuple[str, str]] = {}
        path = folder / LEDGER
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                entry = json.loads(line)
                self._made[entry["file"]] = entry["sha256"], entry["of"]
            except (ValueError, KeyError, TypeError):
                continue  # it was cut off when the machine stopped: that file is made again

    def key(self, document: bytes) -> str:
        """What stands for a credential and how it is printed."""
        return hashlib.sha256(self._order + document).hexdigest()

    def is_right(self, name: str, key: str) -> bool:
        """Whether the file is there, as it was made, of the same credential and look."""
        made = self._made.get(name)
        path = self._folder / name
        if made is None or made[1] != key or not path.is_file():
            return False
        return hashlib.sha256(path.read_bytes()).hexdigest() == made[0]

    def write(self, name: str, content: bytes, key: str) -> None:
        """Write a file whole, then take it down."""
        replace_privately(self._folder / name, content)
        entry = {"file": name, "sha256": hashlib.sha256(content).hexdigest(), "of": key}
        with open(self._folder / LEDGER, "a", encoding="utf-8", opener=_private_and_no_link) as file:
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def _private_and_no_link(path: str, flags: int) -> int:
    """The ledger grows by lines, so that what stands at its place is written to: never something elsewhere."""
    return private_opener(path, flags | getattr(os, "O_NOFOLLOW", 0))


def _fingerprint(order: Order) -> bytes:
    """What stands for a look, the layouts and the format: another one makes other files."""
    logo = order.look.layout.logo
    parts: Collection[bytes] = (
        repr(order.look).encode(),
        b"" if logo is None else logo.read_bytes(),
        b"" if order.badge is None else order.badge.data,
        str(order.is_draft).encode(),
        *(path.read_bytes() for path in sorted(LAYOUTS.glob("*.typ"))),
    )
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()
