"""The contract's accreditation events as a ledger of `registry.recognition`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from registry.chain.abi import artifact
from registry.chain.calls import Kind as KindNumber
from registry.chain.calls import Reason
from registry.chain.client import BlockNumber, ChainClient
from registry.chain.contract import CredentialRegistry, Event
from registry.errors import ChainUnavailable
from registry.recognition import Accreditation, Change, Kind, Ledger, State
from registry.scope import Scope

MADE = ("AccreditationOffered", "Recognised")
BECAME = {
    "AccreditationAccepted": State.ACTIVE,
    "AccreditationRefused": State.REFUSED,
    "AccreditationSuspended": State.SUSPENDED,
    "AccreditationReinstated": State.ACTIVE,
    "AccreditationWithdrawn": State.WITHDRAWN,
    "AccreditationVoided": State.VOID,
}


def read_ledger(registry: CredentialRegistry, *, to_block: BlockNumber = "latest") -> Ledger:
    """Every accreditation and recognition up to a block, rebuilt from the events alone.

    Raises:
        ChainUnavailable: no answer, or events that do not follow from each other.
    """
    topics = [topic for topic, item in artifact().events_by_topic.items() if item.name in (*MADE, *BECAME)]
    logs = registry.client.logs(registry.address, [topics], 0, to_block)
    return ledger_of(registry.decode_events(logs), _clock(registry.client))


def ledger_of(events: tuple[Event, ...], recorded_at: Callable[[int], datetime]) -> Ledger:
    """The ledger that events, oldest first, make.

    Args:
        recorded_at: the time of a block by its number.

    Raises:
        ChainUnavailable: a change of something that was never made: events are missing.
    """
    found: dict[int, Accreditation] = {}
    for event in events:
        number, when = int(event.arguments["id"]), recorded_at(event.log.block_number)
        if event.name in MADE:
            found[number] = _made(event, when)
        elif number not in found:
            raise ChainUnavailable(
                f"accreditation {number} changes and was never made: the chain's endpoint leaves out events",
                remedy="Use another endpoint for this chain.",
                code="chain-garbage",
            )
        else:
            found[number] = found[number].changed(_change(event, when, found[number].valid_from))
    return Ledger.of(found.values())


def _made(event: Event, when: datetime) -> Accreditation:
    arguments = event.arguments
    recognised = event.name == "Recognised"
    valid_from = _time(arguments["validFrom"])
    return Accreditation(
        id=arguments["id"],
        body=arguments["body"],
        holder=arguments["recognised" if recognised else "holder"],
        kind=Kind.RECOGNISE if recognised else Kind(KindNumber(arguments["kind"]).word),
        scope=_scope(arguments["scope"]),
        valid_from=valid_from,
        valid_until=_time(arguments["validUntil"]) if arguments["validUntil"] else None,
        evidence_hash=arguments["evidenceHash"],
        evidence_uri=arguments["evidenceUri"],
        changes=(Change(State.ACTIVE if recognised else State.OFFERED, when, valid_from),),
    )


def _change(event: Event, when: datetime, valid_from: datetime) -> Change:
    arguments = event.arguments
    effective = _time(arguments["effectiveFrom"]) if "effectiveFrom" in arguments else valid_from
    reason = Reason(arguments["reason"]).word if "reason" in arguments else None
    return Change(BECAME[event.name], when, effective, reason)


def _scope(numbers: Mapping[str, Any]) -> Scope:
    names = ("field", "fieldDigits", "levelMin", "levelMax", "qualificationTypes", "jurisdiction")
    return Scope.from_numbers(*(int(numbers[name]) for name in names))


def _clock(client: ChainClient) -> Callable[[int], datetime]:
    times: dict[int, datetime] = {}

    def recorded_at(number: int) -> datetime:
        if number not in times:
            block = client.block(number)
            if block is None:
                raise ChainUnavailable(
                    f"block {number} is gone while it was read", where=client.where, code="chain-moved"
                )
            times[number] = block.timestamp
        return times[number]

    return recorded_at


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
