"""A framework as a file of ours, in TOML 1.0: what is written is read again as the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from registry.frameworks.model import Framework, Item

# What a basic string of TOML may not hold as it is; JSON escapes all of it but the last one.
_DELETE: Final = "\x7f"
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def framework_text(framework: Framework) -> str:
    """The file of a framework."""
    return "\n".join(_lines(framework)) + "\n"


def _lines(framework: Framework) -> Iterator[str]:
    yield "[framework]"
    yield f"id = {_string(framework.identifier)}"
    yield f"title = {_string(framework.title)}"
    for name in ("version", "language", "publisher", "description", "uri", "licence", "changed"):
        if value := getattr(framework, name):
            yield f"{name} = {_string(value)}"
    yield from _case(framework.case)
    for item in framework.items:
        yield ""
        yield from _item(item, framework.language)


def _item(item: Item, language: str) -> Iterator[str]:
    yield "[[items]]"
    yield f"code = {_string(item.code)}"
    if set(item.text) == {language}:
        yield f"text = {_string(item.text[language])}"
    else:
        yield f"text = {{ {', '.join(f'{_key(tag)} = {_string(text)}' for tag, text in item.text.items())} }}"
    if item.parent:
        yield f"parent = {_string(item.parent)}"
    if item.kind:
        yield f"kind = {_string(item.kind)}"
    if item.levels:
        yield f"levels = [{', '.join(map(_string, item.levels))}]"
    yield from _case(item.case)


def _case(kept: Mapping[str, Any]) -> Iterator[str]:
    if kept:
        yield f"case = {_string(json.dumps(kept, ensure_ascii=False, sort_keys=True))}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _string(name)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace(_DELETE, "\\u007f")
