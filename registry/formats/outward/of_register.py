"""Quality decisions of a register, as statements that are in force at a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Final

from registry.formats.outward.statements import (
    Left,
    Mirror,
    Organisation,
    Selected,
    Statement,
    ToldProgramme,
    Why,
    hash_uri,
    is_uri,
    named_uri,
)
from registry.quality.decision import Holder, Identifier, Programme, QualityDecision, Ruling, replaced_among
from registry.recognition.ledger import Kind
from registry.recognition.scope import EVERY_LEVEL
from registry.timestamps import write_timestamp

Known = Callable[[Iterable[Identifier], int | None], Organisation | None]
"""What the reader's own file says of an organisation, by its identifiers or its number on chain."""

_RULINGS: Final = {
    Ruling.NEGATIVE: (Why.NEGATIVE, "the decision is negative: it accredits nobody"),
    Ruling.NOT_APPLICABLE: (Why.NOT_APPLICABLE, "the report has no decision"),
}


def select(
    decisions: Sequence[tuple[bytes, QualityDecision]], moment: datetime, said_by: str, as_of: str, known: Known
) -> Selected:
    """Those of the decisions that are in force at a moment; the others with the reason.

    Args:
        decisions: all of a snapshot, each with its digest: one may replace another.
        said_by: the mirror, in words.
        as_of: the snapshot, in words.
    """
    replaced = replaced_among(decision for _, decision in decisions)
    statements, left = [], []
    for digest, decision in decisions:
        why = _why_not(digest, decision, moment, is_replaced=digest in replaced)
        if why is None:
            statements.append(_statement(digest, decision, said_by, as_of, known))
        else:
            left.append(why)
    return Selected(tuple(statements), tuple(left))


def decision_uri(digest: bytes, decision: QualityDecision) -> str:
    """The register's own address of a decision where it has one, or its digest."""
    if decision.register == "deqar" and decision.report.isascii() and decision.report.isdigit():
        return f"https://data.deqar.eu/report/{decision.report}"
    return hash_uri(digest)


def _why_not(digest: bytes, decision: QualityDecision, moment: datetime, *, is_replaced: bool) -> Left | None:
    number = shown_number(digest, decision)
    if is_replaced:
        why, words = Why.REPLACED, "a later decision replaces it"
    elif decision.ruling in _RULINGS:
        why, words = _RULINGS[decision.ruling]
    elif moment < _midnight(decision.valid_from):
        why, words = Why.NOT_YET, f"at {write_timestamp(moment)} it did not hold yet"
    elif decision.valid_until is not None and moment >= _midnight(decision.valid_until):
        why, words = Why.ENDED, f"at {write_timestamp(moment)} it had ended"
    else:
        return None
    return Left(number, why.value, words, whole=True)


def shown_number(digest: bytes, decision: QualityDecision) -> str:
    """What people call a decision: the agency's own number, the register's, or the beginning of its digest."""
    return decision.number or (f"report {decision.report}" if decision.report else f"0x{digest.hex()[:12]}")


def _statement(digest: bytes, decision: QualityDecision, said_by: str, as_of: str, known: Known) -> Statement:
    end = None if decision.valid_until is None else _midnight(decision.valid_until)
    programmes = tuple(_programme(each) for each in decision.programmes)
    levels = [each.levels for each in decision.programmes]
    said_levels = [each for each in levels if each]
    # One programme without a level could be of any: then no level limits the whole.
    all_say = bool(said_levels) and len(said_levels) == len(levels)
    holders = tuple(_organisation(each, known) for each in decision.holders)
    return Statement(
        id=decision_uri(digest, decision),
        number=shown_number(digest, decision),
        kind=Kind.ACCREDIT_TO_ISSUE,
        body=_agency(decision, known),
        holders=holders,
        start=_midnight(decision.valid_from),
        end=None if decision.end_assumed else end,
        holds_until=end,
        as_of=as_of,
        fields=_of_all([each.fields for each in decision.programmes]),
        levels=(min(low for low, _ in said_levels), max(high for _, high in said_levels)) if all_say else EVERY_LEVEL,
        types=_of_all([each.types for each in decision.programmes]),
        countries=_countries(decision),
        programmes=programmes,
        ruling=decision.ruling,
        subject=decision.subject,
        condition=decision.condition,
        evidence=decision.evidence,
        assumed_end=end if decision.end_assumed else None,
        obligatory=decision.obligatory,
        decision_number=decision.number,
        activities=decision.activities,
        summary=decision.summary,
        remarks=decision.remarks,
        mirror=Mirror(decision.register, said_by),
        own_id=hash_uri(digest),
    )


def _of_all(said: list[tuple[str, ...]]) -> tuple[str, ...]:
    """What all programmes say together; nothing where one says nothing, since that one may be anything."""
    return tuple(sorted({each for some in said for each in some})) if said and all(said) else ()


def _countries(decision: QualityDecision) -> tuple[str, ...]:
    """Where it holds: where its programmes are offered, else where its holders are; anywhere where one is not said."""
    holders = {each.country for each in decision.holders}
    programmes = [{each.country} if each.country else holders for each in decision.programmes]
    found = set[str]().union(*programmes) if programmes else holders
    return tuple(sorted(found)) if "" not in found else ()


def _agency(decision: QualityDecision, known: Known) -> Organisation:
    found = known([decision.agency], None)
    return found or Organisation(_identifier_uri(decision.agency), decision.agency_name)


def _organisation(holder: Holder, known: Known) -> Organisation:
    found = known(holder.identifiers, holder.party)
    if found is not None:
        return found
    return Organisation(_identifier_uri(holder.identifiers[0]), holder.name, country=holder.country, party=holder.party)


def _programme(programme: Programme) -> ToldProgramme:
    uris = [each.value for each in programme.identifiers if is_uri(each.value)]
    codes = tuple(str(each) for each in programme.identifiers if not is_uri(each.value))
    described = f"{programme.name} {programme.qualification} {' '.join(codes)}"
    return ToldProgramme(
        uris[0] if uris else named_uri(f"programme {described}"),
        programme.name,
        programme.qualification,
        codes=codes,
        levels=programme.levels,
        national_level=programme.national_level,
        ects=programme.ects,
    )


def _identifier_uri(identifier: Identifier) -> str:
    return identifier.value if is_uri(identifier.value) else named_uri(str(identifier))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
