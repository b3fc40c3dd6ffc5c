"""The accreditations that an agency would offer for its decisions in force: commands to be run, and none is run here.

An accreditation on chain is offered by the agency and accepted by its holder; a snapshot is neither.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, Final

from registry.quality.decision import Holder, Programme, QualityDecision, Ruling, replaced_among
from registry.quality.known import plain_name
from registry.quality.snapshot import Snapshot
from registry.recognition.scope import EVERY_LEVEL
from registry.untrusted.text import terminal_text
from registry.untrusted.uris import read_uri

GRANTS: Final = frozenset({Ruling.POSITIVE, Ruling.CONDITIONAL})
LONGEST_URI: Final = 256
"""An accreditation on chain has room for so much; a longer address is left out."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One accreditation to be offered: a holder, a programme, a field.

    Attributes:
        arguments: of `testamur accredit offer`.
        condition: the text whose SHA-256 is among them; "" where there is none.
    """

    decision: QualityDecision
    holder: Holder
    arguments: tuple[str, ...]
    condition: str

    @property
    def command(self) -> str:
        """As a shell takes it."""
        return shlex.join(("testamur", "accredit", "offer", *self.arguments))

    def content(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "number": self.decision.number or self.decision.report,
            "holder": str(self.holder.identifiers[0]),
            "party": self.holder.party,
            "arguments": list(self.arguments),
            "command": self.command,
            "condition": self.condition or None,
        }


@dataclass(frozen=True, slots=True)
class NoOffer:
    """A decision in force for which a holder is offered nothing, and why."""

    decision: QualityDecision
    holder: Holder
    why: str


def offers_of(snapshot: Snapshot, agency: str, day: date) -> tuple[list[Offer], list[NoOffer]]:
    """What an agency would offer for its decisions that hold on a day, and what it could not.

    Args:
        agency: its identifier, `deqar-agency:33`, its value alone, or its name.
    """
    replaced = replaced_among(snapshot.decisions)
    offers: list[Offer] = []
    left: list[NoOffer] = []
    for digest, decision in zip(snapshot.digests, snapshot.decisions, strict=True):
        if digest in replaced or not is_agency(decision, agency):
            continue
        if decision.ruling not in GRANTS or not decision.holds_on(day):
            continue
        for holder in decision.holders:
            if why := _not_offered(decision, holder):
                left.append(NoOffer(decision, holder, why))
                continue
            for programme in decision.programmes or (Programme(),):
                found = list(_offers(decision, holder, programme))
                if why := _not_offered_for(decision, holder, programme, found):
                    left.append(NoOffer(decision, holder, why))
                else:
                    offers += found
    return offers, left


def _not_offered(decision: QualityDecision, holder: Holder) -> str:
    """Why a holder is offered nothing for a decision; "" where it is."""
    if holder.party is None:
        return "the snapshot names no party for it"
    if decision.valid_until is None:
        return "the decision has no end, and an accreditation has one"
    if decision.ruling is Ruling.CONDITIONAL and not decision.condition:
        return "it is conditional, and the snapshot does not say on what"
    return ""


def _not_offered_for(decision: QualityDecision, holder: Holder, programme: Programme, offers: Sequence[Offer]) -> str:
    """Why nothing is offered for a programme; "" where it is. What an offer leaves out means any."""
    if not decision.is_whole and not programme.names:
        return "a programme has neither identifier nor name: the offer would be for all programmes"
    if not (programme.country or holder.country):
        return "no country is given: the offer would be for all countries (--parties can state it)"
    if any(terminal_text(each.command) != each.command for each in offers):
        return "a name in it has characters that are not seen: look at it"
    return ""


def is_agency(decision: QualityDecision, agency: str) -> bool:
    """Whether a decision is of the agency that somebody means."""
    names = (str(decision.agency), decision.agency.value, decision.agency_name)
    return plain_name(agency) in {plain_name(each) for each in names if each}


def _offers(decision: QualityDecision, holder: Holder, programme: Programme) -> Iterator[Offer]:
    until = "" if decision.valid_until is None else decision.valid_until.isoformat()
    ends = ("--from", decision.valid_from.isoformat(), "--until", until)
    more: tuple[str, ...] = ()
    if decision.condition:
        more += ("--condition-hash", sha256(decision.condition.encode()).hexdigest())
    if uri := _evidence_uri(decision):
        more += ("--evidence-uri", uri)
    for scope in _scopes(programme, holder):
        yield Offer(decision, holder, (str(holder.party), *scope, *ends, *more), decision.condition)


def _scopes(programme: Programme, holder: Holder) -> Iterator[tuple[str, ...]]:
    country = programme.country or holder.country
    same: tuple[str, ...] = ()
    if programme.levels and programme.levels != EVERY_LEVEL:
        lowest, highest = programme.levels
        same += ("--levels", str(lowest) if lowest == highest else f"{lowest}-{highest}")
    for name in programme.types:
        same += ("--type", name)
    if country:
        same += ("--jurisdiction", country)
    for field in programme.fields or ("",):
        for name in programme.names or ("",):
            own = ("--field", field) if field else ()
            # In one piece, so that an identifier that begins with a hyphen is no option.
            yield (*own, *same, *((f"--programme={name}",) if name else ()))


def _evidence_uri(decision: QualityDecision) -> str:
    """The first address that can stand in an accreditation."""
    return next((each.uri for each in decision.evidence if _is_address(each.uri)), "")


def _is_address(uri: str) -> bool:
    try:
        return len(read_uri(uri)) <= LONGEST_URI
    except ValueError:
        return False
