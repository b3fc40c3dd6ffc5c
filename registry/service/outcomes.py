"""What partnerships and indicators are answered from: documents beside the index, judged by their anchors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple

import orjson
from fastapi import Request

from registry.errors import StoreError
from registry.http.problems import NotHere
from registry.index.documents import Document, documents, documents_version
from registry.index.reader import EventFilter, Index
from registry.partnerships.indicators import Facts, Filter, Measuring, measured_to_dict
from registry.partnerships.partnership import Partnership
from registry.partnerships.periods import By, Period
from registry.partnerships.revocations import EVENTS, Revocation, revocations
from registry.partnerships.statement import Statement, safe_together
from registry.partnerships.versions import Anchoring, Kept, judged
from registry.recognition.abroad import Abroad
from registry.records import BlockRef
from registry.service.kept import Kept as KeptValues
from registry.service.lookup import Found, Lookup
from registry.service.service import service_of
from registry.service.trust import IndexedFacts, Whole, facts_of

FIGURES_KEPT: Final = 32
MOST_WAITING: Final = 3
"""Requests that work figures out or wait for that: each has a thread, and all others need some, too."""


class Recorded(NamedTuple):
    """The documents beside the index, each with what it is; and the revocations, which are read as seldom."""

    partnerships: tuple[Kept[Partnership], ...]
    statements: tuple[Kept[Statement], ...]


class Measured(NamedTuple):
    """What figures are counted from, and the answers about paths that are kept with it."""

    facts: Facts
    abroad: Abroad


Asked = tuple[datetime, Period, By, Filter]


class Outcomes:
    """Partnerships, statements and figures of one index; each is read once for every change of it.

    Args:
        facts: of the same index.
        read: the documents; default: those that are in the index.
    """

    def __init__(
        self,
        index: Index,
        lookup: Lookup,
        facts: IndexedFacts,
        read: Callable[[], Iterable[Document]] | None = None,
    ):
        self._index = index
        self._read_documents = read or partial(documents, index.engine)
        self._lookup = lookup
        self._facts = facts
        self._recorded = Whole(index, self._judged, _version)
        self._revoked = Whole(index, self._revocations, lambda _index: hash(facts.snapshots()))
        self._measured: KeptValues[None, Measured] = KeptValues(1)
        self._figures: KeptValues[Asked, bytes] = KeptValues(FIGURES_KEPT)
        self._figuring = threading.Lock()
        self._waiting = threading.Semaphore(MOST_WAITING)

    def recorded(self) -> Recorded:
        """The documents; raises as `IndexedFacts.ledger` does."""
        return self._recorded.get().value

    def measured(self, moment: datetime | None = None) -> Measured:
        """What figures for a moment are counted from; raises as `IndexedFacts.ledger` does."""
        return self._read(moment)[1]

    def _read(self, moment: datetime | None) -> tuple[Any, Measured]:
        ledger = self._facts.ledger(moment)
        counted, recorded, revoked = self._facts.counted(), self._recorded.get(), self._revoked.get()
        version = (counted.version, recorded.version, revoked.version, ledger.as_of)

        def made() -> Measured:
            facts = Facts(
                ledger,
                counted.value.batches,
                counted.value.parties,
                revoked.value,
                recorded.value.partnerships,
                recorded.value.statements,
                counted.head.first_block,
                counted.value.snapshots,
            )
            return Measured(facts, Abroad(ledger))

        return version, self._measured.of(version, None, made)

    def figures(self, moment: datetime, period: Period, by: By, wanted: Filter) -> bytes:
        """The figures of a period as JSON, with their trends and the targets.

        One request works them out at a time, few wait for that, and what was worked out last is kept.

        Raises:
            NotHere: there is no such partnership (`unknown-partnership`), or too many wait (`busy`); or as
                `IndexedFacts.ledger`.
            ChainUnavailable, SQLAlchemyError, ChainError: as `IndexedFacts.ledger`.
        """
        version, (facts, abroad) = self._read(moment)
        if wanted.partnership is not None:
            require_known(wanted.partnership, facts.partnerships)
        asked = (moment, period, by, wanted)
        kept = self._figures.get(version, asked)
        if kept is not None:
            return kept

        def figured() -> bytes:
            measuring = Measuring(facts, moment, wanted, abroad=abroad)
            return orjson.dumps(measured_to_dict(measuring, period, measuring.trends(by)))

        if not self._waiting.acquire(blocking=False):
            raise NotHere(
                "figures are worked out for others at this moment", remedy="Ask again in a few seconds.", code="busy"
            )
        try:
            with self._figuring:
                return self._figures.of(version, asked, figured)
        finally:
            self._waiting.release()

    def _revocations(self, index: Index) -> tuple[Revocation, ...]:
        snapshots = self._facts.snapshots()
        counts = {batch.key: batch.leaf_count for batch in index.all_batches()}
        events = index.all_events(EventFilter(names=EVENTS))
        return revocations((each for each in events if each.root is None or each.key not in snapshots), counts)

    def _judged(self, _index: Index) -> Recorded:
        found = list(self._read_documents())
        _, looked_up = self._lookup.find_many([each.digest for each in found])
        anchors = {digest: _anchorings(each) for digest, each in looked_up.items()}
        partnerships = {each.digest: each.value for each in found if isinstance(each.value, Partnership)}
        statements = {each.digest: each.value for each in found if isinstance(each.value, Statement)}
        return Recorded(judged(partnerships, anchors), _safe(judged(statements, anchors)))


def _anchorings(found: list[Found] | StoreError) -> list[Anchoring] | None:
    if isinstance(found, StoreError):
        return None
    return [Anchoring(each.batch.issuer, BlockRef(*each.batch.block), bool(each.status["revoked"])) for each in found]


def _safe(statements: Iterable[Kept[Statement]]) -> tuple[Kept[Statement], ...]:
    """Without those that would give a small count away beside one that was anchored before: nobody is told of them."""
    told = sorted(statements, key=_when)
    safe = {id(each) for each in safe_together([kept.document for kept in told])}
    return tuple(kept for kept in told if id(kept.document) in safe)


def _when(kept: Kept[Statement]) -> tuple[bool, int, str, int]:
    block = 0 if kept.counted is None else kept.counted.block.number
    return kept.counted is None, block, kept.document.id, kept.document.revision


def _version(index: Index) -> int:
    return hash((index.loaded(), documents_version(index.engine)))


def require_known(name: str, partnerships: Iterable[Kept[Partnership]]) -> list[Kept[Partnership]]:
    """The versions of a partnership; raises NotHere (code `unknown-partnership`) where there is none."""
    found = [kept for kept in partnerships if kept.document.id == name]
    if not found:
        raise NotHere(
            "there is no such partnership here",
            remedy="GET /v1/partnerships lists them.",
            code="unknown-partnership",
        )
    return found


def outcomes_of(request: Request) -> Outcomes:
    """The outcomes that a request is answered from; made when they are first asked for."""
    state = request.app.state
    if getattr(state, "outcomes", None) is None:
        service = service_of(request)
        state.outcomes = Outcomes(service.index, service.lookup, facts_of(request))
    found: Outcomes = state.outcomes
    return found
