"""The program of the page as `scripts/build_verify_page.py` made it of its modules."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def script() -> str:
    """The program of the page."""
    return _source("program.js")


def _source(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
