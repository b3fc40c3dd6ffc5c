"""The page as one file: program, style and settings in it, each allowed by its hash or as data."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from functools import cache, lru_cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

from registry.service.web.page.program import messages, script
from registry.service.web.page.settings import PageSettings
from registry.untrusted.text import html_text

NAME: Final = "verify.html"
_ANYBODY: Final = "https: http://localhost:* http://127.0.0.1:*"
"""Whom the page may ask where its user may name endpoints."""
_PLACE: Final = re.compile(r"\{\{([\w.]+)\}\}")
_IN_SCRIPT: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def program_hash() -> str:
    """SHA-256 of the program, in hexadecimal: the same in every page of a version."""
    return sha256(script().encode()).hexdigest()


@lru_cache(maxsize=8)
def page(settings: PageSettings, *, served: bool = False) -> bytes:
    """The page with settings in it.

    Args:
        served: by a lookup service, to which it then leads whoever has no JavaScript.
    """
    said = messages()
    name = settings.institution
    places = {
        **{f"message.{key}": escape(text) for key, text in said.items()},
        "policy": escape(policy(settings, served=served)),
        "title": html_text(_put(said["titleOf"], institution=name) if name else said["title"]),
        "intro": html_text(_put(said["introOf"], institution=name) if name else said["intro"]),
        "lookup": _lookup(said) if served else "",
        "style": _style(),
        "program": program_hash(),
        "settings": data(settings.content),
        "script": script(),
    }
    return _PLACE.sub(lambda found: places[found[1]], _file("page.html")).encode()


def policy(settings: PageSettings, *, served: bool = False) -> str:
    """Content-Security-Policy of a page: its own script and style, and whom it may ask."""
    asked = " ".join(dict.fromkeys(map(_origin, settings.endpoints))) if settings.fixed else _ANYBODY
    form = "'self'" if served else "'none'"
    return (
        f"default-src 'none'; script-src '{_hash(script())}'; style-src '{_hash(_style())}'; img-src data:; "
        f"connect-src {asked}; form-action {form}; base-uri 'none'; "
        "require-trusted-types-for 'script'"
    )


def data(content: Any) -> str:
    """JSON for an element of a page, which nothing in it can end."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).translate(_IN_SCRIPT)


def _lookup(said: dict[str, str]) -> str:
    """A form for whoever has no JavaScript."""
    return (
        f'<p>{escape(said["noScriptDigest"])}</p>\n<form action="/search" method="get">\n'
        f'<label for="q">{escape(said["digest"])}</label>\n'
        '<input id="q" name="q" required maxlength="2000" autocomplete="off" spellcheck="false">\n'
        f'<button type="submit">{escape(said["lookUp"])}</button>\n</form>\n'
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _put(text: str, **values: str) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


@cache
def _style() -> str:
    return _file("page.css")


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
