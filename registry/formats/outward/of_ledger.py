"""Accreditations and recognitions of the chain, as statements that are in force at a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from registry.formats.outward.statements import Left, Organisation, Selected, Statement, ToldProgramme, Why, hash_uri
from registry.formats.trqp import Registry
from registry.quality.decision import Evidence
from registry.recognition.ledger import Accreditation, Kind, State, StateAt
from registry.recognition.scope import ANY_PROGRAMME
from registry.records import BlockRef
from registry.timestamps import write_timestamp

_STATES: Final = {
    State.OFFERED: (Why.OFFERED, "the holder had not accepted it"),
    State.REFUSED: (Why.REFUSED, "the holder refused it"),
    State.SUSPENDED: (Why.SUSPENDED, "it was suspended"),
    State.WITHDRAWN: (Why.WITHDRAWN, "it was withdrawn"),
    State.VOID: (Why.VOID, "it was declared void: it never held"),
}
_IN_FORCE: Final = StateAt(State.ACTIVE, State.ACTIVE)


def select(
    links: Iterable[Accreditation],
    moment: datetime,
    registry: Registry,
    as_of: BlockRef,
    organisation: Callable[[int], Organisation],
) -> Selected:
    """Those of the links that are in force at a moment, by both clocks; the others with the reason.

    Args:
        organisation: what is known of a party.
    """
    statements, left = [], []
    for link in links:
        why = _why_not(link, moment)
        if why is None:
            statements.append(_statement(link, moment, registry, as_of, organisation))
        else:
            left.append(why)
    return Selected(tuple(statements), tuple(left))


def party_uri(registry: Registry, party: int) -> str:
    """The URI of a party: the account of the contract as in CAIP-10, and the party in it."""
    return registry.write_party(party)


def _why_not(link: Accreditation, moment: datetime) -> Left | None:
    state = link.state_at(moment)
    if state == _IN_FORCE:
        return None
    at = write_timestamp(moment)
    if link.state in (State.VOID, State.REFUSED):
        why, words = _STATES[link.state]
    elif moment < link.valid_from:
        why, words = Why.NOT_YET, f"at {at} it did not hold yet"
    elif link.valid_until is not None and moment >= link.valid_until:
        why, words = Why.ENDED, f"at {at} it had ended"
    elif state.as_known_now is not State.ACTIVE:
        why, words = _STATES.get(state.as_known_now, (Why.NOT_YET, "it did not hold yet"))
        words = f"at {at} {words}"
    else:
        why = Why.CLOCKS
        words = f"at {at} it was {state.as_known_then} as known then, and {state.as_known_now} as known now"
    return Left(str(link.id), why.value, words, whole=True)


def _statement(
    link: Accreditation,
    moment: datetime,
    registry: Registry,
    as_of: BlockRef,
    organisation: Callable[[int], Organisation],
) -> Statement:
    scope = link.scope
    ahead = [
        change.effective_from
        for change in link.changes
        if change.state in (State.SUSPENDED, State.WITHDRAWN) and change.effective_from > moment
    ]
    ends = [*ahead, *([link.valid_until] if link.valid_until else [])]
    programmes = () if scope.programme == ANY_PROGRAMME else (_programme(scope.programme, scope.levels),)
    has_evidence = bool(link.evidence_uri) or any(link.evidence_hash)
    evidence = Evidence(link.evidence_uri, link.evidence_hash if any(link.evidence_hash) else None)
    return Statement(
        id=f"{registry.chain}:{registry.contract}/accreditation/{link.id}",
        number=str(link.id),
        kind=Kind(link.kind),
        body=organisation(link.body),
        holders=(organisation(link.holder),),
        start=link.valid_from,
        end=link.valid_until,
        holds_until=min(ends) if ends else None,
        as_of=f"block {as_of.number} of {registry.chain}, {write_timestamp(as_of.timestamp)}",
        fields=(scope.field,) if scope.field else (),
        levels=scope.levels,
        types=tuple(sorted(scope.qualification_types)),
        countries=(scope.jurisdiction,) if scope.jurisdiction else (),
        programmes=programmes,
        condition_hash=link.condition_hash if link.is_conditional else b"",
        evidence=(evidence,) if has_evidence else (),
        accepted_at=next(change.recorded_at for change in link.changes if change.state is State.ACTIVE),
        changes=link.changes,
    )


def _programme(value: bytes, levels: tuple[int, int]) -> ToldProgramme:
    return ToldProgramme(hash_uri(value), hash=value, levels=levels)
