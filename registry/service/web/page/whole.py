"""The page as one file: program, style and settings in it, each allowed by its hash or as data."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache, lru_cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

from registry.service.web.page.app import MANIFEST, WORKER, manifest, registering, worker
from registry.service.web.page.look import colours, picture
from registry.service.web.page.program import messages, script
from registry.service.web.page.settings import PageSettings
from registry.untrusted.text import html_text

NAME: Final = "verify.html"
SERVED: Final = "verify"
_APP: Final = "index.html"
_ANYBODY: Final = "https: http://localhost:* http://127.0.0.1:*"
"""Whom the page may ask where its user may name endpoints."""
_PLACE: Final = re.compile(r"\{\{([\w.]+)\}\}")
_IN_SCRIPT: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def program_hash() -> str:
    """SHA-256 of the program, in hexadecimal: the same in every page of a version."""
    return sha256(script().encode()).hexdigest()


@lru_cache(maxsize=8)
def page(settings: PageSettings, *, served: bool = False, as_app: bool = False) -> bytes:
    """The page with settings in it.

    Args:
        served: by a lookup service, to which it then leads whoever has no JavaScript.
        as_app: with files beside it that keep it at hand.
    """
    said = messages()
    name = settings.institution
    places = {
        **{f"message.{key}": escape(text) for key, text in said.items()},
        "policy": escape(policy(settings, served=served, as_app=as_app)),
        "title": html_text(_title(settings)),
        "logo": picture(settings.logo),
        "intro": html_text(_put(said["introOf"], institution=name) if name else said["intro"]),
        "lookup": _lookup(said) if served else "",
        "style": _style(settings),
        "program": program_hash(),
        "settings": data(settings.content),
        "script": script(),
        "app": f"<script>{registering()}</script>\n" if as_app else "",
    }
    return _PLACE.sub(lambda found: places[found[1]], _file("page.html")).encode()


def written(settings: PageSettings) -> dict[str, bytes]:
    """The files of a folder: the page alone, and the page as an app with what belongs to it."""
    app = page(settings, as_app=True)
    kept = {NAME: page(settings), _APP: app, MANIFEST: _manifest(settings, _APP)}
    return {**kept, WORKER: worker({"./": app, **kept})}


@lru_cache(maxsize=8)
def beside_served(settings: PageSettings) -> Mapping[str, bytes]:
    """What a lookup service has beside the page to make an app of it."""
    shown = _manifest(settings, SERVED)
    kept = {SERVED: page(settings, served=True, as_app=True), MANIFEST: shown}
    return {MANIFEST: shown, WORKER: worker(kept)}


def policy(settings: PageSettings, *, served: bool = False, as_app: bool = False) -> str:
    """Content-Security-Policy of a page: its own script and style, and whom it may ask."""
    asked = " ".join(dict.fromkeys(map(_origin, settings.endpoints))) if settings.fixed else _ANYBODY
    form = "'self'" if served else "'none'"
    scripts = f"'{_hash(script())}'"
    app = ""
    if as_app:
        scripts += f" '{_hash(registering())}'"
        app = "; worker-src 'self'; manifest-src 'self'; trusted-types testamur-app"
    return (
        f"default-src 'none'; script-src {scripts}; style-src '{_hash(_style(settings))}'; img-src data:; "
        f"connect-src {asked}; form-action {form}; base-uri 'none'; "
        f"require-trusted-types-for 'script'{app}"
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


def _manifest(settings: PageSettings, start: str) -> bytes:
    return manifest(_title(settings), "en", settings.colour, start=start)


def _title(settings: PageSettings) -> str:
    said, name = messages(), settings.institution
    return _put(said["titleOf"], institution=name) if name else said["title"]


def _style(settings: PageSettings) -> str:
    return _file("page.css") + colours(settings.colour, settings.colour_dark)


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
