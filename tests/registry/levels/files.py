"""Level maps as somebody writes them, for tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]

NATIONAL: Mapping[str, Any] = {
    "framework": "xx-nqf",
    "name": "A framework",
    "countries": ["IE"],
    "kind": "referenced",
    "since": "2010",
    "referenced": "2010-06",
    "match": "exact",
}
REPORT = {"title": "A report", "uri": "https://agency.example/report", "dated": "2010"}
SOURCE = {"name": "An agency", "uri": "https://agency.example", "read": "2020-01-02"}


def value(thing: Any) -> str:
    """A value in TOML."""
    if isinstance(thing, Mapping):
        return "{ " + ", ".join(f"{json.dumps(str(name))} = {value(each)}" for name, each in thing.items()) + " }"
    if isinstance(thing, list | tuple):
        return "[" + ", ".join(map(value, thing)) + "]"
    return json.dumps(thing, ensure_ascii=False).replace("\x7f", "\\u007f")


def written(levels: Iterable[Row], *, report: Any = REPORT, source: Any = SOURCE, **members: Any) -> bytes:
    """A map: that of `NATIONAL`, but for what is given; None leaves a member out."""
    about = {**NATIONAL, **members, "levels": list(levels), "report": report, "source": source}
    return "\n".join(f"{name} = {value(each)}" for name, each in about.items() if each is not None).encode()


def eqf(*levels: int) -> list[dict[str, Any]]:
    """Levels beside those numbers, with codes from 1."""
    return [{"code": str(number), "eqf": level} for number, level in enumerate(levels, 1)]
