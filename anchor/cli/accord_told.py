"""How an accord is told: what was done, what there is on chain, and what is left to do, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from anchor.acts.accord_plan import Doing, Plan, Step
from anchor.acts.accords import Reach
from anchor.cli.console import Column, Listing
from anchor.cli.wording import amount
from registry.recognition.accord_file import AccordFile, Member, Membership
from registry.recognition.accords import AccordStanding, LinkStanding, Standing, what_is_missing
from registry.recognition.ledger import Ledger
from registry.recognition.path import Reading
from registry.records import Party
from registry.timestamps import write_timestamp
from registry.untrusted.text import marked

MOST_SHOWN: Final = 50
"""As many links with parties that the file does not have as a person reads; anybody can recognise an accord."""

Readings = tuple[AccordStanding, AccordStanding]
"""What there was at a moment, as known then and as known now."""

_NONE_DUE: Final = (Standing.NOT_DUE, Standing.BEYOND)
_DONE: Final = {
    Doing.OFFER: "offered",
    Doing.ACCEPT: "accepted",
    Doing.RECOGNISE: "recognised",
    Doing.WITHDRAW: "withdrawn",
}


def title(accord: AccordFile) -> str:
    """Its name and its party."""
    return f"{marked(accord.accord.name)}, party {accord.accord.party}"


def summary(accord: AccordFile, standing: AccordStanding, now: datetime) -> str:
    """How many members there are, and how many of their links hold."""
    links = [link for each in standing.members for link in each.links]
    wanted = sum(link.standing not in _NONE_DUE for link in links)
    full = sum(each.takes_part(now) for each in accord.members)
    provisional = sum(each.state is Membership.PROVISIONAL and each.left is None for each in accord.members)
    told = f"{amount(full, 'member')}, {provisional} provisional; "
    told += f"{sum(link.holds for link in links)} of {amount(wanted, 'link')} hold"
    return f"{told}, where {full * (full - 1):,} would be between each two" if full > 3 else told


def summed(steps: Iterable[Step]) -> str:
    """`13 links offered`, `1 link accepted and 1 link recognised`."""
    counts: dict[Doing, int] = {}
    for step in steps:
        counts[step.doing] = counts.get(step.doing, 0) + 1
    return " and ".join(f"{amount(count, 'link')} {_DONE[doing]}" for doing, count in counts.items())


def steps_table(rows: list[tuple[Step, int | None]], *, dry_run: bool) -> Listing:
    """A line for each step, with the number of its link where there is one."""
    columns = [Column("would be" if dry_run else "was"), *map(Column, ("number", "party", "name", "period"))]
    cells = (
        (
            _DONE[step.doing],
            "" if number is None else str(number),
            str(step.member.party),
            marked(step.member.name),
            _period_words(step),
            str(step.scope),
        )
        for step, number in rows
    )
    return Listing([*columns, Column("scope", folds=True)], cells)


def _period_words(step: Step) -> str:
    begins = "now" if step.begins is None else f"{step.begins:%Y-%m-%d}"
    if step.doing is Doing.WITHDRAW and step.begins is not None:
        return f"from {write_timestamp(step.begins)}"
    return "as offered" if step.ends is None else f"{begins} to {step.ends:%Y-%m-%d}"


def reach_words(step: Step, reach: Reach) -> str:
    """What a withdrawal that reaches back means for what was anchored since."""
    batches = ("" if reach.is_all else "at least ") + amount(reach.batches, "batch", "batches")
    return (
        f"{named(step.member)} left on {_day(step.begins)}. Since then issuers that it accredited anchored {batches}: "
        f"accredited as known then, a verdict says of these, and not as known now. What was anchored before "
        "stands."
    )


def reaches_content(reaches: Mapping[int, Reach]) -> list[dict[str, Any]]:
    """How far withdrawals reach back, for JSON."""
    return [{"party": party, "batches": reach.batches, "all": reach.is_all} for party, reach in sorted(reaches.items())]


def readings_at(accord: AccordFile, ledger: Ledger, moment: datetime) -> Readings:
    """What there was of an accord at a moment, by each of the two readings."""
    return (
        what_is_missing(accord, ledger, moment, Reading.AS_KNOWN_THEN),
        what_is_missing(accord, ledger, moment, Reading.AS_KNOWN_NOW),
    )


def table(standing: AccordStanding, then: Readings | None) -> Listing:
    """A line for each member and scope."""
    names = ("party", "name", "country", "state", "joined", "left", "accord accredits it", "it recognises the accord")
    rows = []
    for at, each in enumerate(standing.members):
        member = each.member
        told = [each.links] if then is None else [reading.members[at].links for reading in then]
        count = len(each.links) // 2
        for first in range(count):
            cells = [" / ".join(_link_words(links[side]) for links in told) for side in (first, first + count)]
            rows.append(
                (
                    str(member.party),
                    marked(member.name),
                    member.country,
                    member.state.value,
                    _day(member.joined),
                    _day(member.left),
                    *cells,
                    str(each.links[first].scope),
                )
            )
    return Listing([*map(Column, names), Column("scope", folds=True)], rows)


def _link_words(link: LinkStanding) -> str:
    number = "" if link.link is None else f" ({link.link.id})"
    return f"{link.standing.value.replace('-', ' ')}{number}"


def remarks(accord: AccordFile, standing: AccordStanding, body: Party | None) -> Iterator[str]:
    """What is odd, and harmless or to be decided by a person."""
    party = accord.accord.party
    names = {each.party: marked(each.name) for each in accord.members} | {party: marked(accord.accord.name)}
    if body is not None and body.retired_at is not None:
        yield f"The accord, party {party}, retired on {_day(body.retired_at)}: it withdraws what it said, and no more."
    if body is not None and body.sequence:
        yield (
            f"Party {party} has anchored {amount(body.sequence, 'batch', 'batches')} itself. An accord accredits "
            "bodies and issues nothing: make sure that it is the party that is meant."
        )
    for link in standing.strangers[:MOST_SHOWN]:
        other, does = (
            (link.holder, "is accredited to accredit by it") if link.body == party else (link.body, "recognises it")
        )
        yield f"Party {other} is not in the file and {does}: number {link.id}, {link.state}."
    if len(standing.strangers) > MOST_SHOWN:
        yield f"There are {len(standing.strangers) - MOST_SHOWN:,} more such links."
    for circle in standing.circles:
        told = ", which recognises ".join(_party_words(each, names) for each in (*circle, party))
        yield f"A circle of recognitions, harmless, because none is passed on: {told}."
    in_circles = {circle[1] for circle in standing.circles}
    for each in standing.recognises:
        if each not in in_circles:
            yield (
                f"The accord recognises {_party_words(each, names)}, which gives its members nothing: recognition is "
                "not passed on."
            )
    for each in standing.nested:
        yield (
            f"{_party_words(each, names)} is an accord itself: its members are reached by one link more; a path has "
            "five at most."
        )


def _party_words(party: int, names: dict[int, str]) -> str:
    return f"party {party} ({names[party]})" if party in names else f"party {party}"


def named(member: Member) -> str:
    """`Party 3 (ABET)`, to begin a sentence."""
    return f"Party {member.party} ({marked(member.name)})"


def _day(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return f"{moment:%Y-%m-%d}" if not (moment.hour or moment.minute or moment.second) else write_timestamp(moment)


def step_content(step: Step, number: int | None) -> dict[str, Any]:
    """A step for JSON."""
    return {
        "did": _DONE[step.doing],
        "number": number,
        "party": step.member.party,
        "name": step.member.name,
        "scope": str(step.scope),
        "from": _stamp(step.begins),
        "until": _stamp(step.ends),
    }


def turns_content(plan: Plan) -> dict[str, Any]:
    """What is left to do, and what a person has to decide, for JSON."""
    return {
        "toDo": [{"party": each.party, "name": each.name, "command": each.command} for each in plan.errands],
        "notes": [{"party": member.party, "text": f"{sentence}."} for member, sentence in plan.notes],
    }


def content(
    accord: AccordFile, standing: AccordStanding, turns: Plan, moment: datetime | None, then: Readings | None
) -> dict[str, Any]:
    """What there is of an accord, for JSON; of a moment, too, where one was asked for."""
    return {
        "accord": {"party": accord.accord.party, "name": accord.accord.name, "uri": accord.accord.uri or None},
        "complete": standing.is_complete,
        **({} if moment is None else {"moment": write_timestamp(moment)}),
        "members": [
            {
                "party": each.member.party,
                "name": each.member.name,
                "country": each.member.country or None,
                "state": each.member.state.value,
                "joined": _stamp(each.member.joined),
                "left": _stamp(each.member.left),
                "linked": each.is_linked,
                "links": [
                    _link_content(
                        link, None if then is None else [reading.members[at].links[place] for reading in then]
                    )
                    for place, link in enumerate(each.links)
                ],
                "beyond": [link.id for link in each.beyond],
            }
            for at, each in enumerate(standing.members)
        ],
        "strangers": [
            {"number": each.id, "body": each.body, "holder": each.holder, "state": each.state.value}
            for each in standing.strangers
        ],
        "recognises": standing.recognises,
        "circles": standing.circles,
        "nested": standing.nested,
        **turns_content(turns),
    }


def _link_content(link: LinkStanding, then: list[LinkStanding] | None) -> dict[str, Any]:
    at = {} if then is None else {"asKnownThen": then[0].standing.value, "asKnownNow": then[1].standing.value}
    found = link.link
    return {
        "side": link.side.value,
        "scope": str(link.scope),
        "standing": link.standing.value,
        **at,
        "number": None if found is None else found.id,
        "from": None if found is None else write_timestamp(found.valid_from),
        "until": None if found is None else _stamp(found.valid_until),
        "renewal": None if link.renewal is None else link.renewal.id,
    }


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else write_timestamp(moment)
