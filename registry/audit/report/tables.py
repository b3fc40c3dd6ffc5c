"""What an audit tells, as tables: the same rows for programs, for spreadsheets and for the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from registry.audit.compare import FolderBatch
from registry.audit.findings import Audit, Spent
from registry.audit.spoken import Spoken, by_batch, spoken_of
from registry.recognition.ledger import Change
from registry.records import Reason
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
    """Rows under the names of their columns; times are RFC 3339, hashes `0x…`, digests without it, what is not known is
    None."""

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
        *("suspended", "inNoBatch", "transactions", "gas", "wei"),
    ),
    "batches": (
        *("issuer", "sequence", "root", "leafCount", "blockNumber", "anchoredAt", "transaction", "voidedAt"),
        *("voidReason", "revoked", "suspended", "revokedByDigest", "suspendedByDigest"),
        *("sealedAt", "minedAt", "finalAt"),
    ),
    "statuses": ("issuer", "root", "digest", "change", "credentials", "reason", "time", "blockNumber"),
    "digests": (
        *("issuer", "digest", "revokedAt", "revocationReason", "suspendedAt", "suspensionReason", "batches", "places"),
    ),
    "accreditations": (
        *("number", "kind", "body", "holder", "state", "validFrom", "validUntil", "field", "levels", "types"),
        *("jurisdiction", "programme", "conditionHash", "evidenceUri", "evidenceHash"),
        *("changedAt", "effectiveFrom", "reason", "history"),
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
        "digests": _digests,
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
    spoken: dict[int, list[Spoken]] = {}
    for each in spoken_of(audit):
        spoken.setdefault(each.issuer, []).append(each)
    for number, party in audit.state.parties.items():
        if not audit.asked.about(number):
            continue
        mine, said = batches.get(number, []), spoken.get(number, [])
        spent = audit.spent.get(number, Spent())
        yield (
            number,
            party.uri,
            _KINDS_OF_PARTY[party.sequence > 0, number in bodies],
            party.controller,
            _time(party.registered_at),
            _time(party.retired_at),
            len(mine),
            sum(count for count, _, _ in mine),
            sum(revoked for _, revoked, _ in mine) + sum(each.revokes for each in said),
            sum(suspended for _, _, suspended in mine) + sum(each.suspends for each in said),
            sum(not each.places for each in said),
            spent.transactions,
            spent.gas,
            str(spent.wei),
        )


def _batches(audit: Audit) -> Iterator[Row]:
    rows = {(row.issuer, row.root): row for row in audit.rows}
    nothing = FolderBatch(0, b"", 0, "", False)
    revoked, suspended = by_batch(spoken_of(audit))
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
            _word(batch.void_reason),
            batch.revoked,
            batch.suspended,
            revoked[key],
            suspended[key],
            _time(row.sealed_at),
            _time(row.mined_at),
            _time(row.final_at),
        )


def _statuses(audit: Audit) -> Iterator[Row]:
    for event, purpose, reason, credentials in audit.state.status_changes:
        issuer, digest = event.arguments["issuer"], event.arguments.get("digest")
        if audit.asked.counts(issuer, event.block_number):
            change = ("revoked", "suspended")[purpose]
            yield (
                *(issuer, None if event.root is None else _hex(event.root), None if digest is None else digest.hex()),
                *(change, credentials, reason.word, _time(event.time), event.block_number),
            )


def _digests(audit: Audit) -> Iterator[Row]:
    for each in spoken_of(audit):
        status = each.status
        yield (
            *(each.issuer, each.digest.hex()),
            *(_time(status.revoked_at), _word(status.revocation_reason)),
            *(_time(status.suspended_at), _word(status.suspension_reason)),
            *(len(each.places), " ".join(f"{_hex(root)}/{index}" for root, index in each.places) or None),
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
            *(_hex_unless_zero(scope.programme), _hex_unless_zero(each.condition_hash)),
            *(each.evidence_uri or None, _hex_unless_zero(each.evidence_hash)),
            *(_time(last.recorded_at), _time(last.effective_from), last.reason or None),
            "; ".join(map(_changed, each.changes)),
        )


def _changed(change: Change) -> str:
    """One change with both of its times, so that what was known when can be told from the cell."""
    effective, recorded = write_timestamp(change.effective_from), write_timestamp(change.recorded_at)
    return f"{change.state.value} from {effective}, recorded {recorded}"


def _hex(value: bytes) -> str:
    return f"0x{value.hex()}"


def _hex_unless_zero(value: bytes) -> str | None:
    return _hex(value) if any(value) else None


def _word(reason: Reason | None) -> str | None:
    return None if reason is None else reason.word


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else write_timestamp(moment)
