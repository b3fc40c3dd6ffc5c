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
    yield f"id = {toml_string(framework.identifier)}"
    yield f"title = {toml_string(framework.title)}"
    for name in ("version", "language", "publisher", "description", "uri", "licence", "changed"):
        if value := getattr(framework, name):
            yield f"{name} = {toml_string(value)}"
    yield from _case(framework.case)
    for item in framework.items:
        yield ""
        yield from _item(item, framework.language)


def _item(item: Item, language: str) -> Iterator[str]:
    yield "[[items]]"
    yield f"code = {toml_string(item.code)}"
    yield f"text = {toml_texts(item.text, language)}"
    if item.parent:
        yield f"parent = {toml_string(item.parent)}"
    if item.kind:
        yield f"kind = {toml_string(item.kind)}"
    if item.levels:
        yield f"levels = [{', '.join(map(toml_string, item.levels))}]"
    yield from _case(item.case)


def _case(kept: Mapping[str, Any]) -> Iterator[str]:
    if kept:
        yield f"case = {toml_string(json.dumps(kept, ensure_ascii=False, sort_keys=True))}"


def toml_key(name: str) -> str:
    """A key of a table, in quotes where it needs them."""
    return name if _BARE.fullmatch(name) else toml_string(name)


def toml_texts(texts: Mapping[str, str], language: str) -> str:
    """Texts by their language: one string where there is but one in the language of the file, else a table."""
    if set(texts) == {language}:
        return toml_string(texts[language])
    return f"{{ {', '.join(f'{toml_key(tag)} = {toml_string(text)}' for tag, text in texts.items())} }}"


def toml_string(text: str) -> str:
    """A basic string of TOML 1.0, in one line."""
    return json.dumps(text, ensure_ascii=False).replace(_DELETE, "\\u007f")
