"""The page as an app that stays at hand without a network: what names it, and the worker that keeps its files."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

MANIFEST: Final = "manifest.webmanifest"
WORKER: Final = "sw.js"
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="{colour}"/>'
    '<path d="M16 33l11 11 21-24" fill="none" stroke="#fff" stroke-width="7"/></svg>'
)
_COLOUR: Final = "#1f5fa8"


@cache
def registering() -> str:
    """The script of a page that has these files beside it."""
    return _source("app.js")


def manifest(title: str, language: str, colour: str | None, *, start: str) -> bytes:
    """What a browser needs to know to install the page.

    Args:
        start: the page, as it is called from beside this file.
        colour: of its sign and of the bar above it.
    """
    colour = colour or _COLOUR
    icon = b64encode(_ICON.format(colour=colour).encode()).decode()
    return json.dumps(
        {
            "name": title,
            "lang": language,
            "start_url": start,
            "display": "minimal-ui",
            "theme_color": colour,
            "background_color": "#ffffff",
            "icons": [{"src": f"data:image/svg+xml;base64,{icon}", "sizes": "any", "type": "image/svg+xml"}],
        },
        ensure_ascii=False,
        indent=1,
    ).encode()


def worker(kept: Mapping[str, bytes], *, store: str) -> bytes:
    """The worker that keeps files, by their names, as they are.

    Args:
        store: the name under which they are kept, other than that of another page in the same place.
    """
    hashes = {name: sha256(content).hexdigest() for name, content in kept.items()}
    before = f"globalThis.FILES = {json.dumps(hashes)};\nglobalThis.STORE = {json.dumps(store)};\n\n"
    return f"{before}{_source('worker.js')}".encode()


def _source(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
