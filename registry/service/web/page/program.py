"""The program of the page as `scripts/build_verify_page.py` made it of its modules, and what it says by itself."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files


@cache
def script() -> str:
    """The program of the page."""
    return _source("program.js")


@cache
def messages() -> dict[str, str]:
    """What the page says by itself, by keys."""
    text = _source("messages.js")
    start = text.index("= {") + 2
    found: dict[str, str] = json.loads(text[start : text.index("\n};", start) + 2])
    return found


def _source(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
