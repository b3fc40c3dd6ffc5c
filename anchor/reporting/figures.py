"""The figures of an index on this machine: what the service would answer, without the service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from registry.errors import SettingsError
from registry.index.documents import Document
from registry.index.reader import Index
from registry.partnerships.indicators import Filter
from registry.partnerships.periods import By, Period
from registry.partnerships.told import partnership_told, statement_told
from registry.recognition.scope import country as country_of
from registry.records import Key
from registry.service.outcomes import Outcomes, require_known
from registry.service.registers import RegisterFolder, Registers
from registry.service.service import Service
from registry.service.trust import IndexedFacts
from registry.timestamps import read_timestamp
from registry.trees.store import TreeStore


class Local(NamedTuple):
    """The outcomes of an index, and the block that it is as of."""

    outcomes: Outcomes
    service: Service
    now: datetime

    def figures(self, period: Period, by: By, wanted: Filter) -> dict[str, Any]:
        """The figures of a period, as `/v1/indicators` has them: as of its end, or of the newest block.

        Raises:
            NotHere: there is no such partnership; or as `IndexedFacts.ledger`.
        """
        moment = min(self.now, period.ends - timedelta(seconds=1))
        told: dict[str, Any] = orjson.loads(self.outcomes.figures(max(moment, period.begins), period, by, wanted))
        return told

    def partnerships(self, name: str | None = None) -> list[dict[str, Any]]:
        """All versions of all partnerships, or of one, with what each is."""
        facts = self.outcomes.measured().facts
        chosen = facts.partnerships if name is None else require_known(name, facts.partnerships)
        return [partnership_told(each, facts) for each in chosen]

    def statements(self, period: Period) -> list[dict[str, Any]]:
        """Those that count, of a time within a period."""
        return [
            statement_told(each)
            for each in self.outcomes.recorded().statements
            if each.counts and each.document.period.begins < period.ends and period.begins < each.document.period.ends
        ]


def local(
    index: Index, trees: TreeStore, read: Callable[[], Iterable[Document]], registers: Path | None = None
) -> Local:
    """The outcomes of an index.

    Args:
        read: the documents.
        registers: folder with snapshots of registers, which are no credentials; it is read once, when figures need it.

    Raises:
        SettingsError: nothing is indexed yet (code `no-index`).
    """
    if index.head() is None:
        raise SettingsError(
            "there is no index of this contract yet",
            remedy="Run `testamur index --once` first: figures are counted from an index.",
            code="no-index",
        )
    service = Service(index, trees)
    head = service.horizon.now().head

    @cache
    def snapshots() -> frozenset[Key]:
        folder = RegisterFolder(registers)
        folder.read()
        return Registers(folder, service).anchored_batches()

    facts = IndexedFacts(index, trees, service.horizon, snapshots)
    now = min(head.cursor.timestamp, datetime.now(UTC))
    return Local(Outcomes(index, service.lookup, facts, read), service, now)


def filter_of(country: str | None, field: str | None, level: int | None, partnership: str | None) -> Filter:
    """What a person wants of the figures.

    Raises:
        SettingsError: there is no such country, or the field is none.
    """
    if field is not None and not (field.isascii() and field.isdigit() and 2 <= len(field) <= 4):
        raise SettingsError(
            f"{field[:40]!r} is no field", remedy="Give 2, 3 or 4 digits of an ISCED-F 2013 code.", code="scope"
        )
    return Filter(country_of(country) if country else None, field, level, partnership)


def as_of_words(told: Mapping[str, Any]) -> str:
    """`blocks 1 to 120, 2026-01-01T00:00:00Z`."""
    blocks, as_of = told["blocks"], told["asOf"]
    return f"blocks {blocks['from']} to {blocks['to']}, {as_of['timestamp'] if as_of else ''}"


def day_of(text: str) -> str:
    """The day of a timestamp."""
    return f"{read_timestamp(text):%Y-%m-%d}"
