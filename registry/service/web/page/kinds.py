"""The pages that work in a browser: which there are, and where the files are that each of them is made of."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

_SHARED: Final = "browser"
_FIELDS: Final = "{{fields}}"
"""Where the form stands that says whom a page asks."""


class Kind(StrEnum):
    """A page, by the name that it is served and written under.

    `verify` checks what is brought, and shows nothing of what was brought before. `learner` holds what is brought
    together, as the portfolio of one person, for as long as it is open.
    """

    VERIFY = "verify"
    LEARNER = "learner"

    @property
    def folder(self) -> str:
        """What its own files are in, and what is kept of it in a browser is called after."""
        # The page that verifies was the only one once.
        return "page" if self is Kind.VERIFY else str(self)

    @property
    def file(self) -> str:
        """What a page of this kind is called as a file."""
        return f"{self}.html"

    @property
    def template(self) -> str:
        """The page without its content."""
        return _read(self.folder, "page.html").replace(_FIELDS, _read(_SHARED, "settings.html").strip())

    @property
    def script(self) -> str:
        """Its program, as `scripts/build_verify_page.py` or `scripts/build_learner_page.py` made it of its modules."""
        return _read(self.folder, "program.js")

    @property
    def script_hash(self) -> str:
        """SHA-256 of the program, in hexadecimal: the same in every page of a version."""
        return sha256(self.script.encode()).hexdigest()

    @property
    def style(self) -> str:
        """Its style; what only one page has stands behind what all have."""
        return _read(Kind.VERIFY.folder, "page.css") + (
            "" if self is Kind.VERIFY else _read(self.folder, f"{self}.css")
        )


@cache
def _read(folder: str, name: str) -> str:
    return files(__package__.rpartition(".")[0]).joinpath(folder, name).read_text(encoding="utf-8")
