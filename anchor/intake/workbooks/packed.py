"""Workbooks of strangers, XLSX and ODS: unpacked within bounds, looked at by XML, and only then read.

A workbook is a ZIP with XML in it. A few KB can unpack to gigabytes, one cell in the last row and column makes a reader
keep room for seventeen thousand million, one long text can stand in every cell, and a cell of ODS can be repeated: all
of that is counted before the reader is asked.

Sources: ECMA-376 part 1, 18.3.1.4 (c), 18.3.1.40 (f), 18.3.1.55 (mergeCell), 18.3.1.73 (row), 18.4.8 (si);
OpenDocument 1.3 part 3, 9.1 (tables).
"""

from __future__ import annotations

import io
import posixpath
from collections.abc import Callable, Mapping
from typing import Final
from xml.parsers import expat
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from anchor.intake.workbooks.cells import place_of
from anchor.intake.workbooks.looks import (
    MOST_ROWS,
    MOST_SHEETS,
    REPAIR,
    SMALLER,
    Look,
    ReadSheet,
    Unreadable,
    read_by_looks,
)
from registry.untrusted.archives import (
    UNREADABLE_ZIP,
    check_directory,
    is_encrypted,
    is_packed_usually,
)
from registry.untrusted.text import terminal_text

MOST_UNPACKED: Final = 256 << 20
MOST_ENTRIES: Final = 2_000
MOST_DIRECTORY_BYTES: Final = 1 << 20

_ODS: Final = b"application/vnd.oasis.opendocument.spreadsheet"
_ALSO_READ: Final = ("[Content_Types].xml", "mimetype", "content.xml", "META-INF/manifest.xml")
_PIECE: Final = 1 << 20


def read_packed(data: bytes) -> list[ReadSheet]:
    """All sheets of a workbook that is a ZIP.

    Raises:
        Unreadable: it is none, is damaged, or is larger than is read.
        SettingsError: what reads workbooks is not installed.
    """
    entries = _unpacked(data)
    if entries.get("mimetype", b"").strip() == _ODS and "content.xml" in entries:
        looks = _look_at_ods(entries["content.xml"])
    elif "xl/workbook.xml" in entries:
        looks = _look_at_xlsx(entries)
    else:
        raise Unreadable("it is a ZIP, and no .xlsx or .ods workbook")
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_STORED) as archive:
        for name, content in entries.items():
            archive.writestr(ZipInfo(name), content)
    return read_by_looks(packed.getvalue(), looks)


def _unpacked(data: bytes) -> dict[str, bytes]:
    """The entries that are read, by name; none is unpacked further than all may be together."""
    found: dict[str, bytes] = {}
    try:
        check_directory(io.BytesIO(data), MOST_DIRECTORY_BYTES)
        with ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ENTRIES:
                raise Unreadable(f"it is a ZIP of {len(entries):,} files", REPAIR)
            room = MOST_UNPACKED
            for entry in entries:
                if not _is_read(entry.filename):
                    continue
                if entry.filename in found:
                    raise Unreadable(f"it has {terminal_text(entry.filename, 80)!r} twice", REPAIR)
                content = _content(archive, entry, room)
                room -= len(content)
                found[entry.filename] = content
    except UNREADABLE_ZIP:
        raise Unreadable("it is a damaged workbook", REPAIR) from None
    return found


def _is_read(name: str) -> bool:
    return name in _ALSO_READ or name.endswith(".rels") or (name.startswith("xl/") and name.endswith(".xml"))


def _content(archive: ZipFile, entry: ZipInfo, room: int) -> bytes:
    if is_encrypted(entry) or not is_packed_usually(entry):
        raise Unreadable("it is packed in a way that is not read, or has a password", "Save it without a password.")
    out = bytearray()
    with archive.open(entry) as file:
        while piece := file.read(_PIECE):
            out += piece
            if len(out) > room:
                raise Unreadable(f"it unpacks to more than {MOST_UNPACKED >> 20} MiB", SMALLER, is_size=True)
    return bytes(out)


# XML


def _parse(
    content: bytes,
    begin: Callable[[str, Mapping[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Go through XML; names come without their prefix. Nothing is expanded or fetched: a DOCTYPE is refused."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise Unreadable("it has a DOCTYPE, which no spreadsheet program writes", REPAIR)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = begin
    if end is not None:
        parser.EndElementHandler = end
    if text is not None:
        parser.CharacterDataHandler = text
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError):
        raise Unreadable("it is a damaged workbook", REPAIR) from None


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _member(attributes: Mapping[str, str], name: str) -> str:
    """An attribute by its name without the prefix; "" when it is not there."""
    found = attributes.get(name)
    if found is not None:
        return found
    return next((value for key, value in attributes.items() if _local(key) == name), "")


# XLSX


def _look_at_xlsx(entries: Mapping[str, bytes]) -> dict[str, Look]:
    sheets: dict[str, str] = {}
    targets: dict[str, str] = {}

    def name_of(name: str, attributes: Mapping[str, str]) -> None:
        if _local(name) == "sheet":
            title = attributes.get("name", "")
            if title in sheets or len(sheets) >= MOST_SHEETS:
                raise Unreadable(f"it has two sheets of one name, or more than {MOST_SHEETS}", REPAIR)
            own = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            sheets[title] = own

    def target_of(name: str, attributes: Mapping[str, str]) -> None:
        if _local(name) == "Relationship":
            identifier, target = attributes.get("Id", ""), attributes.get("Target", "")
            if identifier in targets:
                raise Unreadable("two of its parts have one identifier", REPAIR)
            own = target.lstrip("/")
            targets[identifier] = own if own.startswith("xl/") else posixpath.normpath(f"xl/{own}")

    _parse(entries["xl/workbook.xml"], name_of)
    _parse(entries.get("xl/_rels/workbook.xml.rels", b"<none/>"), target_of)
    lengths = _shared_lengths(entries.get("xl/sharedStrings.xml", b"<none/>"))
    parts = {targets.get(identifier, "") for identifier in sheets.values()}
    # Whatever a reader could take for a sheet is bounded, whether this one takes it for one or not.
    parts |= {name for name in entries if name.startswith("xl/worksheets/") and name.endswith(".xml")}
    looks = {name: _look_at_sheet(entries[name], lengths) for name in sorted(parts) if name in entries}
    for name, look in looks.items():
        look.check(name)
    # A sheet of charts or macros has no cells.
    return {title: looks.get(targets.get(identifier, ""), Look()) for title, identifier in sheets.items()}


def _shared_lengths(content: bytes) -> list[int]:
    lengths: list[int] = []

    def begin(name: str, _: Mapping[str, str]) -> None:
        if _local(name) == "si":
            lengths.append(0)

    def text(piece: str) -> None:
        if lengths:
            lengths[-1] += len(piece)

    _parse(content, begin, text=text)
    return lengths


def _look_at_sheet(content: bytes, lengths: list[int]) -> Look:
    look = Look()
    row, column = -1, -1
    kind, shared = "", ""
    is_value = False

    def begin(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal row, column, kind, is_value, shared
        local = name if ":" not in name else _local(name)
        if local == "c":
            kind = attributes.get("t", "")
            if reference := attributes.get("r"):
                row, column = place_of(reference)
            else:
                column += 1
        elif local == "row":
            row, column = int(attributes.get("r", row + 2)) - 1, -1
            if attributes.get("hidden") in ("1", "true"):
                look.hidden.add(row)
        elif local == "mergeCell":
            first, _, last = attributes.get("ref", "").partition(":")
            (top, left), (bottom, right) = place_of(first), place_of(last or first)
            look.merged(top, left, max(1, bottom - top + 1), max(1, right - left + 1))
        elif local in ("v", "is"):
            look.reach(row, column)
            is_value, shared = local == "v" and kind == "s", ""
            if kind == "e":
                look.errors.add((row, column))
        elif local == "f":
            reference = attributes.get("ref", "")
            first, _, last = reference.partition(":")
            if attributes.get("t") in ("array", "dataTable") and last:
                (top, left), (bottom, right) = place_of(first), place_of(last)
                look.calculated(top, left, max(1, bottom - top + 1), max(1, right - left + 1))
            else:
                look.calculated(row, column)

    def text(piece: str) -> None:
        nonlocal shared
        if is_value:
            shared += piece

    def end(name: str) -> None:
        nonlocal is_value
        if is_value and (name == "v" or _local(name) == "v"):
            is_value = False
            number = int(shared)
            if not 0 <= number < len(lengths):
                raise Unreadable("a cell names a text that is not there", REPAIR)
            look.characters += lengths[number]

    _parse(content, begin, end, text)
    return look


# ODS


def _look_at_ods(content: bytes) -> dict[str, Look]:
    looks: dict[str, Look] = {}
    look = Look()
    row = column = 0
    row_repeats = cell_repeats = 1
    is_filled = row_is_filled = False
    length = 0

    def begin(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal look, row, column, row_repeats, cell_repeats, is_filled, row_is_filled, length
        local = _local(name)
        if local == "table":
            title = _member(attributes, "name")
            if title in looks or len(looks) >= MOST_SHEETS:
                raise Unreadable(f"it has two sheets of one name, or more than {MOST_SHEETS}", REPAIR)
            look = looks[title] = Look()
            row = 0
        elif local == "table-row":
            column, row_is_filled = 0, False
            row_repeats = _repeats(attributes, "number-rows-repeated")
            if _member(attributes, "visibility") in ("collapse", "filter"):
                # Rows behind the last one that is filled in are hidden by the million.
                look.hidden.update(range(row, min(row + row_repeats, MOST_ROWS)))
        elif local in ("table-cell", "covered-table-cell"):
            cell_repeats, length = _repeats(attributes, "number-columns-repeated"), 0
            is_filled = bool(_member(attributes, "value-type"))
            if _member(attributes, "formula"):
                rows = _repeats(attributes, "number-matrix-rows-spanned")
                columns = _repeats(attributes, "number-matrix-columns-spanned")
                look.calculated(row, column, max(rows, row_repeats), max(columns, cell_repeats))
            if local == "covered-table-cell":
                look.cover(row, column, row_repeats, cell_repeats)
        elif local == "p":
            is_filled = True

    def text(piece: str) -> None:
        nonlocal length
        length += len(piece)

    def end(name: str) -> None:
        nonlocal row, column, row_is_filled
        local = _local(name)
        if local in ("table-cell", "covered-table-cell"):
            if is_filled:
                row_is_filled = True
                look.reach(row, column + cell_repeats - 1)
                look.characters += length * cell_repeats * row_repeats
            column += cell_repeats
        elif local == "table-row":
            if row_is_filled:
                look.reach(row + row_repeats - 1, 0)
            row += row_repeats

    _parse(content, begin, end, text)
    return looks


def _repeats(attributes: Mapping[str, str], name: str) -> int:
    found = _member(attributes, name)
    number = int(found) if found else 1
    if not 1 <= number <= 1 << 24:
        raise ValueError("no number of times")
    return number
