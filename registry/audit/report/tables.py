"""What an audit tells, as tables: the same rows for programs, for spreadsheets and for the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from registry.audit.compare import FolderBatch
from registry.audit.findings import Audit, Spent
from registry.recognition.ledger import Change
from registry.timestamps import write_timestamp

Row = tuple[Any, ...]

# By whether it has anchored, and whether it says something of others.
_KINDS_OF_PARTY: Final = {
    (True, True): "both",
    (True, False): "issuer",
    (False, True): "body",
    (False, False): "neither",
}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under the names of their columns; times are RFC 3339, hashes `0x…`, what is not known is None."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def records(self) -> list[dict[str, Any]]:
        """The rows by the names of their columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "differences": ("kind", "issuer", "subject", "what", "means"),
    "unchecked": ("subject", "why"),
    "parties": (
        *("party", "uri", "kind", "controller", "registeredAt", "retiredAt", "batches", "credentials", "revoked"),
        *("suspended", "transactions", "gas", "wei"),
    ),
    "batches": (
        *("issuer", "sequence", "root", "leafCount", "blockNumber", "anchoredAt", "transaction", "voidedAt"),
        *("voidReason", "revoked", "suspended", "sealedAt", "minedAt", "finalAt"),
    ),
    "statuses": ("issuer", "root", "change", "credentials", "reason", "time", "blockNumber"),
    "accreditations": (
        *("number", "kind", "body", "holder", "state", "validFrom", "validUntil", "field", "levels", "types"),
        *("jurisdiction", "evidenceUri", "evidenceHash", "changedAt", "effectiveFrom", "reason", "history"),
    ),
}
"""The names of the columns of each table."""


def tables(audit: Audit) -> dict[str, Table]:
    """All tables of an audit, by their names in `COLUMNS`."""
    rows: Mapping[str, Callable[[Audit], Iterable[Row]]] = {
        "differences": _differences,
        "unchecked": lambda found: ((each.subject, each.why) for each in found.unchecked),
        "parties": _parties,
        "batches": _batches,
        "statuses": _statuses,
        "accreditations": _accreditations,
    }
    return {name: Table(COLUMNS[name], tuple(of(audit))) for name, of in rows.items()}


def _differences(audit: Audit) -> Iterator[Row]:
    for each in audit.differences:
        yield each.kind.value, each.issuer, each.subject, each.what, each.means


def _parties(audit: Audit) -> Iterator[Row]:
    batches: dict[int, list[tuple[int, int, int]]] = {}
    for batch in audit.batches().values():
        batches.setdefault(batch.issuer, []).append((batch.leaf_count, batch.withdrawn, batch.suspended))
    bodies = {each.body for each in audit.accreditations()}
    for number, party in audit.state.parties.items():
        if not audit.asked.about(number):
            continue
        mine = batches.get(number, [])
        spent = audit.spent.get(number, Spent())
        yield (
            number,
            party.uri,
            _KINDS_OF_PARTY[party.sequence > 0, number in bodies],
            party.controller,
            _time(party.registered_at),
            _time(party.retired_at),
            len(mine),
            *(sum(each[at] for each in mine) for at in range(3)),
            spent.transactions,
            spent.gas,
            str(spent.wei),
        )


def _batches(audit: Audit) -> Iterator[Row]:
    rows = {(row.issuer, row.root): row for row in audit.rows}
    nothing = FolderBatch(0, b"", 0, "", False)
    for key, batch in audit.batches().items():
        row = rows.get(key, nothing)
        yield (
            batch.issuer,
            batch.sequence,
            _hex(batch.root),
            batch.leaf_count or None,
            batch.block_number,
            _time(batch.anchored_at),
            _hex(batch.seen.transaction),
            _time(batch.voided_at),
            None if batch.void_reason is None else batch.void_reason.word,
            batch.revoked,
            batch.suspended,
            _time(row.sealed_at),
            _time(row.mined_at),
            _time(row.final_at),
        )


def _statuses(audit: Audit) -> Iterator[Row]:
    for event, purpose, reason, credentials in audit.state.status_changes:
        issuer, root = event.key
        if audit.asked.counts(issuer, event.block_number):
            change = ("revoked", "suspended")[purpose]
            yield (
                *(issuer, _hex(root), change, credentials),
                *(reason.word, _time(event.time), event.block_number),
            )


def _accreditations(audit: Audit) -> Iterator[Row]:
    for each in audit.accreditations():
        scope = each.scope
        lowest, highest = scope.levels
        last = each.changes[-1]
        yield (
            *(each.id, each.kind.value, each.body, each.holder, each.state.value),
            *(_time(each.valid_from), _time(each.valid_until), scope.field or None, f"{lowest}-{highest}"),
            *(" ".join(sorted(scope.qualification_types)) or None, scope.jurisdiction or None),
            *(each.evidence_uri or None, _hex(each.evidence_hash) if any(each.evidence_hash) else None),
            *(_time(last.recorded_at), _time(last.effective_from), last.reason or None),
            "; ".join(map(_changed, each.changes)),
        )


def _changed(change: Change) -> str:
    """One change with both of its times, so that what was known when can be told from the cell."""
    effective, recorded = write_timestamp(change.effective_from), write_timestamp(change.recorded_at)
    return f"{change.state.value} from {effective}, recorded {recorded}"


def _hex(value: bytes) -> str:
    return f"0x{value.hex()}"


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else write_timestamp(moment)
