"""One script of the modules of the page and of the verifier: the same modules make the same bytes.

A module becomes a function of its own, which is called once, after those that it imports from. Comments and indentation
are left out, and nothing else: whoever wants to read it finds every name. A comment that begins with `/*!` is a licence
and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Final

WEB: Final = "registry.service.web"
START: Final = "page/main.js"
_NOBLE: Final = "@noble/hashes/sha3.js"
_VENDORED: Final = "page/noble.js"
# For browsers without Ed25519: the page loads nothing, so it says so.
_NOT_LOADED: Final = (
    'await import("@noble/curves/ed25519.js")',
    '(() => { throw new Error("this browser knows no Ed25519"); })()',
)
_IMPORT: Final = re.compile(r'^import (?:\{([^}]*)\} from )?"([^"]+)";\n', re.M)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?function\*? (\w+)|const (\w+)|class (\w+))", re.M)
_TOKEN: Final = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    |(?P<template>`)
    |(?P<word>[\w$]+)
    |(?P<slash>/)
    |(?P<space>\s+)
    |(?P<sign>.)""",
    re.S | re.X,
)
_REGEXP: Final = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*")
_BEFORE_REGEXP: Final = frozenset("(,=:[!&|?{};+-*%<>~^")
_WORDS_BEFORE_REGEXP: Final = frozenset({"return", "typeof", "case", "in", "of", "throw", "await", "yield"})


@cache
def script() -> str:
    """The script of the page."""
    written = [f"const {_name_of(path)} = (() => {{\n{_body(path)}}})();\n" for path in _in_order(START, [])]
    made = f'"use strict";\n{"".join(written)}'
    if "</script" in made.lower() or "<!--" in made:
        raise ValueError("the script would end its own element")
    return made


def forget() -> None:
    """Read the files again: they were written just now."""
    for kept in (script, _source):
        kept.cache_clear()


def _in_order(path: str, begun: list[str]) -> list[str]:
    """The modules that one needs, each after those that it needs itself."""
    if path in begun:
        raise ValueError(f"{path} imports itself")
    order: list[str] = []
    for _, other in _imports(path):
        order += [each for each in _in_order(other, [*begun, path]) if each not in order]
    return [*order, path]


def _imports(path: str) -> Iterator[tuple[str, str]]:
    for names, target in _IMPORT.findall(_source(path)):
        if target == _NOBLE:
            yield names, _VENDORED
        else:
            parts: list[str] = []
            for part in (PurePosixPath(path).parent / target).parts:
                if part == "..":
                    parts.pop()
                else:
                    parts.append(part)
            yield names, "/".join(parts)


@cache
def _source(path: str) -> str:
    return files(WEB).joinpath(path).read_text(encoding="utf-8")


def _name_of(path: str) -> str:
    return "m_" + re.sub(r"\W", "_", path.removesuffix(".js").rpartition("/")[2] + "_" + path.partition("/")[0])


def _body(path: str) -> str:
    """A module as the body of a function that returns what it exports."""
    source = _source(path)
    taken = "".join(
        f"const {{ {names.strip().rstrip(',').replace(' as ', ': ')} }} = {_name_of(other)};\n"
        for names, other in _imports(path)
        if names
    )
    without = _IMPORT.sub("", source).replace(*_NOT_LOADED)
    given = ["".join(found) for found in _EXPORT.findall(without)]
    body = _EXPORT.sub("", without)
    if re.search(r"^(?:export|import)\b", body, re.M):
        raise ValueError(f"{path} imports or exports in a way that is not known here")
    return taken + stripped(body) + f"return {{ {', '.join(given)} }};\n"


def stripped(source: str) -> str:
    """JavaScript without comments, indentation and empty lines; strings, templates and patterns are as they were."""
    pieces: list[str] = []
    at, before = 0, "("
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            raise ValueError("this is no JavaScript that is known here")
        kind, text = found.lastgroup, found.group()
        if kind == "slash" and (before in _WORDS_BEFORE_REGEXP or before[-1] in _BEFORE_REGEXP):
            pattern = _REGEXP.match(source, at)
            if pattern is None:
                raise ValueError("a pattern does not end")
            text = pattern.group()
        elif kind == "template":
            text = _template(source, at)
        at += len(text)
        # Only in texts and patterns: in either of them these are other ways to write the same.
        text = text.replace("<!--", r"<\x21--").replace("</script", r"<\x2fscript")
        if kind == "comment" and not text.startswith("/*!"):
            # A comment may be all that stands between two words.
            text = "\n" if "\n" in text else " "
            kind = "space"
        if kind == "space":
            if pieces and pieces[-1].isspace():
                text = "\n" if "\n" in pieces[-1] + text else " "
                pieces[-1] = text
            else:
                pieces.append("\n" if "\n" in text else " ")
            continue
        pieces.append(text)
        before = text
    return "".join(pieces).strip() + "\n"


def _template(source: str, start: int) -> str:
    """A template literal from its first to its last mark, with what is computed in it."""
    at = start + 1
    while source[at] != "`":
        if source[at] == "\\":
            at += 2
        elif source.startswith("${", at):
            at, depth = at + 2, 1
            while depth:
                found = _TOKEN.match(source, at)
                if found is None:
                    raise ValueError("a template does not end")
                text = _template(source, at) if found.lastgroup == "template" else found.group()
                depth += {"{": 1, "}": -1}.get(text, 0)
                at += len(text)
        else:
            at += 1
    return source[start : at + 1]
