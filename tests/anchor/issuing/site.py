"""A data folder in which runs are made, with a key and people of made-up institutions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from anchor.books.folder import DataFolder
from anchor.books.issued import IssuedStore, Run
from anchor.issuing.making import Lists, Maker, Source
from anchor.issuing.people import Person
from anchor.issuing.roster.reading import Row
from anchor.issuing.signing import IssuingKey
from anchor.issuing.templates.model import Template
from registry.proofs.signatures.keys import KeyKind, SigningKey, new_key, write_key
from registry.proofs.signatures.suites import Suite
from tests.anchor.issuer import CHAIN, CONTRACT
from tests.anchor.issuing.made import TEMPLATE

KEY: SigningKey = new_key(KeyKind.ED25519)
METHOD = "did:web:neckartal.example#key-1"
QUICK = IssuingKey(write_key(KEY), METHOD, (Suite.EDDSA_JCS,))
ADA, BOB = Person("ada@office", "Ada"), Person("bob@office", "Bob")


class Ended(BaseException):
    """The process ended here."""


def ending_at(point: str, times: int = 1) -> Callable[[str], None]:
    """Ends the process when a point is reached for that time."""
    left = times

    def reached(name: str) -> None:
        nonlocal left
        left -= name == point
        if left == 0 and name == point:
            raise Ended

    return reached


class IssuingSite:
    """One data folder; `open` it again after an end."""

    def __init__(self, path: Path):
        self.path = path
        self.folder = DataFolder(path)

    @property
    def store(self) -> IssuedStore:
        return IssuedStore(self.folder.engine, CHAIN, CONTRACT)

    def again(self) -> IssuingSite:
        self.folder.close()
        return IssuingSite(self.path)

    def maker(self, template: Template = TEMPLATE, **options: Any) -> Maker:
        source = Source(template, self.path / "template.toml", str(template).encode(), "roster.xlsx", 1)
        return Maker(self.store, source, self.path, **{"workers": 1, **options})

    def make(
        self,
        rows: Sequence[Row],
        template: Template = TEMPLATE,
        *,
        correcting: bool = False,
        lists: Lists | None = None,
        reached: Callable[[str], None] = lambda _: None,
    ) -> Run | None:
        """A run of what is new among the rows."""
        maker = self.maker(template, lists=lists, reached=reached)
        with maker.alone():
            found = maker.sort(rows, correcting=correcting)
            return maker.make(found.to_make, QUICK, ADA) if found.to_make else None
