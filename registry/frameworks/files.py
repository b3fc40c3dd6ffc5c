"""Framework files and programme files in TOML, read strictly: all that is wrong is found at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from registry.frameworks.members import Members, Refused, toml_of
from registry.frameworks.model import (
    MAX_ITEMS,
    MAX_PARTS,
    Fault,
    Framework,
    Item,
    Part,
    Programme,
    faults_of_tree,
)
from registry.recognition.countries import NUMERIC

__all__ = ["Refused", "look_at_framework", "look_at_programme", "read_framework", "read_programme"]

FRAMEWORK: Final = "framework"
PROGRAMME: Final = "programme"
_ABOUT: Final = frozenset(
    {"id", "title", "version", "language", "publisher", "description", "uri", "licence", "changed", "case"}
)
_OF_ITEM: Final = frozenset({"code", "text", "parent", "kind", "levels", "case"})
_OF_PROGRAMME: Final = frozenset(
    {"id", "title", "institution", "country", "level", "framework", "framework_file"},
)
_OF_PART: Final = frozenset({"code", "title", "kind", "ects", "covers"})
_LEVEL: Final = re.compile(r"[1-8](?:-[1-8])?", re.ASCII)


def read_framework(content: bytes, where: str) -> Framework:
    """The framework in a file.

    Raises:
        Refused: it is none, or has a fault that is grave (code `framework`).
    """
    found, faults = look_at_framework(content, where)
    if found is None or any(each.grave for each in faults):
        raise Refused([each for each in faults if each.grave], where, code=FRAMEWORK)
    return found


def read_programme(content: bytes, where: str) -> Programme:
    """The programme in a file.

    Raises:
        Refused: it is none, or has a fault that is grave (code `programme`).
    """
    found, faults = look_at_programme(content, where)
    if found is None or any(each.grave for each in faults):
        raise Refused([each for each in faults if each.grave], where, code=PROGRAMME)
    return found


def look_at_framework(content: bytes, where: str) -> tuple[Framework | None, tuple[Fault, ...]]:
    """The framework in a file, and all that is wrong with it.

    Raises:
        Refused: it is no TOML, or longer than is read (code `framework`).
    """
    members = toml_of(content, where, code=FRAMEWORK)
    faults: list[Fault] = []
    table, rows = _two(members, FRAMEWORK, "items", faults)
    about = Members(table, "framework", faults)
    about.only(_ABOUT)
    language = about.language("language")
    if len(rows) > MAX_ITEMS:
        faults.append(Fault("", f"it has {len(rows):,} items, and at most {MAX_ITEMS:,} are read"))
        return None, tuple(faults)
    items = [_item(row, number, language, faults) for number, row in enumerate(rows, 1)]
    kept = [each for each in items if each is not None]
    faults += _repeated([each.code for each in kept], "item")
    faults += faults_of_tree({each.code: each.parent for each in kept})
    if not rows:
        faults.append(Fault("", "a framework has items"))
    framework = Framework(
        identifier=about.code("id", needed=True),
        title=about.text("title", needed=True),
        items=tuple(kept),
        version=about.text("version"),
        language=language,
        publisher=about.text("publisher"),
        description=about.text("description"),
        uri=about.text("uri"),
        licence=about.text("licence"),
        changed=about.text("changed"),
        case=_case(table, about),
    )
    return framework, tuple(faults)


def look_at_programme(content: bytes, where: str) -> tuple[Programme | None, tuple[Fault, ...]]:
    """The programme in a file, and all that is wrong with it.

    Raises:
        Refused: it is no TOML, or longer than is read (code `programme`).
    """
    members = toml_of(content, where, code=PROGRAMME)
    faults: list[Fault] = []
    table, rows = _two(members, PROGRAMME, "parts", faults)
    about = Members(table, "programme", faults)
    about.only(_OF_PROGRAMME)
    if len(rows) > MAX_PARTS:
        faults.append(Fault("", f"it has {len(rows):,} parts, and at most {MAX_PARTS:,} are read"))
        return None, tuple(faults)
    parts = [_part(row, number, faults) for number, row in enumerate(rows, 1)]
    kept = [each for each in parts if each is not None]
    faults += _repeated([each.code for each in kept], "part")
    if not rows:
        faults.append(Fault("", "a programme has parts"))
    country, level = about.text("country"), about.text("level")
    if country and country not in NUMERIC:
        about.fault("country is the two letters of ISO 3166-1")
    if level and not _LEVEL.fullmatch(level):
        about.fault("level is one of the European Qualifications Framework, such as 7 or 6-7")
    programme = Programme(
        identifier=about.code("id", needed=True),
        title=about.text("title", needed=True),
        institution=about.text("institution", needed=True),
        framework=about.code("framework", needed=True),
        parts=tuple(kept),
        country=country,
        level=level,
        framework_file=about.text("framework_file"),
    )
    return programme, tuple(faults)


def _two(members: Mapping[str, Any], about: str, rows: str, faults: list[Fault]) -> tuple[Mapping[str, Any], list[Any]]:
    Members(members, "", faults).only({about, rows})
    table, listed = members.get(about), members.get(rows, [])
    if not isinstance(table, dict):
        faults.append(Fault("", f"a table [{about}] says what it is"))
        table = {}
    if not isinstance(listed, list):
        faults.append(Fault("", f"{rows} are written as [[{rows}]]"))
        listed = []
    return table, listed


def _item(row: object, number: int, language: str, faults: list[Fault]) -> Item | None:
    if not isinstance(row, dict):
        faults.append(Fault(f"item no. {number}", "an item is a table"))
        return None
    before = len(faults)
    code = Members(row, f"item no. {number}", faults).code("code", needed=True)
    item = Members(row, f"item {code}", faults)
    item.only(_OF_ITEM)
    read = Item(
        code=code,
        text=item.texts("text", language),
        parent=item.code("parent"),
        kind=item.code("kind"),
        levels=item.codes("levels"),
        case=_case(row, item),
    )
    return None if any(each.grave for each in faults[before:]) else read


def _part(row: object, number: int, faults: list[Fault]) -> Part | None:
    if not isinstance(row, dict):
        faults.append(Fault(f"part no. {number}", "a part is a table"))
        return None
    before = len(faults)
    code = Members(row, f"part no. {number}", faults).code("code", needed=True)
    part = Members(row, f"part {code}", faults)
    part.only(_OF_PART)
    read = Part(
        code=code,
        title=part.text("title", needed=True),
        kind=part.code("kind") or "course",
        ects=part.credits("ects"),
        covers=part.codes("covers"),
    )
    return None if any(each.grave for each in faults[before:]) else read


def _repeated(codes: list[str], what: str) -> list[Fault]:
    seen: dict[str, int] = {}
    for code in codes:
        seen[code] = seen.get(code, 0) + 1
    return [
        Fault(f"{what} {code}", f"the code stands there {times} times") for code, times in seen.items() if times > 1
    ]


def _case(row: Mapping[str, Any], members: Members) -> Mapping[str, Any]:
    """What an import kept of a CASE package: JSON in a text."""
    text = row.get("case", "")
    if text == "":
        return {}
    try:
        kept = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        kept = None
    if not isinstance(kept, dict):
        members.fault("case is what an import wrote: a JSON object in a text")
        return {}
    return kept
