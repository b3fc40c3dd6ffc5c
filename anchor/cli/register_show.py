"""`testamur register show`, `changes`, `offers`: what a snapshot says, what changed, what an agency would offer."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from anchor.cli.console import Column, Fields, Listing, Piece, Styled, bold
from anchor.cli.session import Session, command
from anchor.cli.wording import amount
from anchor.registers.looking import Asked, Signature, State, matching, open_snapshot, signature_of
from anchor.registers.offers import offers_of
from registry.quality import changes as comparing
from registry.quality.changes import ORDER, Change
from registry.quality.decision import QualityDecision
from registry.quality.snapshot import Manifest, Snapshot
from registry.timestamps import asked_moment, write_timestamp
from registry.untrusted.text import marked

SHOWN: Final = 20
_LONGEST: Final = 120
_STYLES: Final = {
    State.HOLDS: "green",
    State.CONDITIONAL: "yellow",
    State.NEGATIVE: "red",
    State.LAPSED: "red",
}

File = Annotated[Path, typer.Argument(help="The snapshot: NAME.register.")]
At = Annotated[str | None, typer.Option("--at", help="On which day; default: today.", show_default=False)]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many are shown.")]


@command
def show(
    session: Session,
    file: File,
    holder: Annotated[str, typer.Option("--holder", help="Identifier or name of an institution.")] = "",
    agency: Annotated[str, typer.Option("--agency", help="Identifier or name of an agency.")] = "",
    programme: Annotated[str, typer.Option("--programme", help="Identifier or name of a programme.")] = "",
    state: Annotated[State | None, typer.Option("--state", help="What they come to on that day.")] = None,
    at: At = None,
    limit: Limit = SHOWN,
) -> None:
    """Show what a snapshot says: of the register, and of the decisions that are asked for. The chain is not asked."""
    day = _day(at)
    snapshot = open_snapshot(file)
    signature = signature_of(snapshot)
    found = list(matching(snapshot, Asked(holder, agency, programme, state), day))
    session.result(
        {
            **snapshot_content(snapshot, signature),
            "day": day.isoformat(),
            "found": len(found),
            "shown": [
                {"digest": digest.hex(), "state": its, "decision": decision.to_dict()}
                for digest, decision, its in found[:limit]
            ],
        }
    )
    manifest = snapshot.manifest
    session.say(Fields(_fields(manifest, snapshot, signature)))
    session.say("A statement by a mirror: the holders did not accept it. Whether it is anchored, the chain says.")
    states = Counter(its for _, _, its in found)
    told = ", ".join(f"{states[each]:,} {each}" for each in State if states[each])
    session.say(f"On {day.isoformat()}: {amount(len(found), 'decision')}{f' ({told})' if told else ''}")
    for _, decision, its in found[:limit]:
        _say_decision(session, decision, its)
    if len(found) > limit:
        session.say(f"  and {len(found) - limit:,} more: --limit, --holder, --agency, --programme, --state")


@command
def changes(
    session: Session,
    old: Annotated[Path, typer.Argument(help="The older snapshot.")],
    new: Annotated[Path, typer.Argument(help="The newer one.")],
    limit: Limit = 100,
) -> None:
    """Tell what is not in the newer snapshot as it was in the older one: new, corrected, changed, ended, gone."""
    before, after = open_snapshot(old), open_snapshot(new)
    found = comparing.changes(before, after)
    counts = Counter(each.kind for each in found)
    session.result(
        {
            "old": f"0x{before.root.hex()}",
            "new": f"0x{after.root.hex()}",
            "counts": {kind.value: counts[kind] for kind in ORDER},
            "changes": [_change_content(each) for each in found[:limit]],
        }
    )
    for name, snapshot in (("old", before), ("new", after)):
        manifest = snapshot.manifest
        session.say(f"{name}: {manifest.register} of {write_timestamp(manifest.made_at)}, 0x{snapshot.root.hex()}")
    if not found:
        session.say(Styled("Nothing changed.", "green"))
        return
    session.say(", ".join(f"{counts[kind]:,} {kind}" for kind in ORDER if counts[kind]))
    columns = [Column(""), Column("agency"), Column("number"), Column("institutions"), Column("was"), Column("is")]
    session.say(Listing(columns, [_change_cells(each) for each in found[:limit]]))
    if len(found) > limit:
        session.say(f"  and {len(found) - limit:,} more: --limit, or --json")


@command
def offers(
    session: Session,
    file: File,
    agency: Annotated[str, typer.Option("--agency", help="Identifier or name of the agency that would offer them.")],
    at: At = None,
) -> None:
    """Print the commands with which an agency would offer accreditations for its decisions in force; none is run."""
    day = _day(at)
    snapshot = open_snapshot(file)
    found, left = offers_of(snapshot, agency, day)
    session.result(
        {
            "agency": agency,
            "day": day.isoformat(),
            "offers": [each.content() for each in found],
            "notOffered": [
                {
                    "number": each.decision.number or each.decision.report,
                    "holder": str(each.holder.identifiers[0]),
                    "why": each.why,
                }
                for each in left
            ],
        }
    )
    for each in found:
        session.say(each.command)
    session.say(f"{amount(len(found), 'offer')} of {marked(agency, _LONGEST)} on {day.isoformat()}; none is sent.")
    if not found and not left:
        agencies = sorted({f"{each.agency_name or each.agency.value} ({each.agency})" for each in snapshot.decisions})
        told = ", ".join(marked(each, _LONGEST) for each in agencies[:SHOWN])
        session.say(f"  the agencies of the snapshot: {told}{' …' if len(agencies) > SHOWN else ''}")
    for text in dict.fromkeys(each.condition for each in found if each.condition):
        session.say("  condition, whose SHA-256 is in the command: ", marked(text, _LONGEST))
    if left:
        columns = [Column("not offered"), Column("institution"), Column("why", folds=True)]
        rows = [
            (marked(each.decision.number or each.decision.report, 60), str(each.holder.identifiers[0]), each.why)
            for each in left[:SHOWN]
        ]
        session.say(Listing(columns, rows))
        if len(left) > SHOWN:
            session.say(f"  and {len(left) - SHOWN:,} more: --json")


def snapshot_content(snapshot: Snapshot, signature: Signature) -> dict[str, Any]:
    """A snapshot for `--json`."""
    return {
        "root": f"0x{snapshot.root.hex()}",
        "leafCount": snapshot.leaf_count,
        "manifest": snapshot.manifest.to_document()["credentialSubject"],
        "issuer": snapshot.manifest.issuer,
        "signature": signature,
    }


def _fields(manifest: Manifest, snapshot: Snapshot, signature: Signature) -> dict[str, object]:
    left = sum(manifest.left_out.values())
    return {
        "register": f"{manifest.register}, {marked(manifest.name, _LONGEST)}",
        "where": marked(manifest.uri) if manifest.uri else "not said",
        "mirror": f"party {manifest.party} of {manifest.contract} on {manifest.chain}",
        "publisher": f"{marked(manifest.issuer)}; signature: {signature}",
        "made at": write_timestamp(manifest.made_at),
        "source": f"{marked(manifest.source.name, _LONGEST)}, {manifest.source.size:,} bytes, "
        f"SHA-256 {manifest.source.sha256.hex()}",
        "decisions": f"{manifest.decisions:,}; {amount(left, 'row')} of the source left out",
        "root": f"0x{snapshot.root.hex()} of {snapshot.leaf_count:,} leaves",
        "before": "none" if manifest.previous is None else f"0x{manifest.previous.hex()}",
    }


def _say_decision(session: Session, decision: QualityDecision, state: State) -> None:
    ends = "no end" if decision.valid_until is None else f"until {decision.valid_until.isoformat()}"
    assumed = " (assumed)" if decision.end_assumed else ""
    kind = "" if decision.obligatory is None else ", obligatory" if decision.obligatory else ", voluntary"
    session.say(
        Styled(state, _STYLES.get(state, "")),
        f"  {marked(_number(decision), _LONGEST)} of {marked(str(decision.agency), _LONGEST)}, "
        f"from {decision.valid_from.isoformat()}, {ends}{assumed}{kind}",
    )
    for holder in decision.holders:
        party = "" if holder.party is None else f", party {holder.party}"
        names = ", ".join(marked(str(each), _LONGEST) for each in holder.identifiers[:5])
        session.say(f"    {marked(holder.name, _LONGEST) or 'no name'} ({names}){party}")
    for programme in decision.programmes[:SHOWN]:
        names = ", ".join(marked(str(each), _LONGEST) for each in programme.identifiers[:5])
        level = "" if programme.levels is None else f", EQF {'-'.join(map(str, sorted(set(programme.levels))))}"
        session.say(f"    programme {marked(programme.name, _LONGEST) or 'without a name'} ({names}){level}")
    if decision.condition:
        session.say("    condition: ", marked(decision.condition))


def _number(decision: QualityDecision) -> str:
    return decision.number or (f"report {decision.report}" if decision.report else "a decision without a number")


def _change_content(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "agency": str(change.decision.agency),
        "number": change.decision.number or change.decision.report,
        "before": None if change.before is None else change.before.to_dict(),
        "after": None if change.after is None else change.after.to_dict(),
    }


def _change_cells(change: Change) -> tuple[Piece, ...]:
    decision = change.decision
    holders = ", ".join(str(each.identifiers[0]) for each in decision.holders[:3])
    return (
        bold(change.kind),
        marked(str(decision.agency), 60),
        marked(_number(decision), 60),
        marked(holders, _LONGEST),
        "" if change.before is None else _in_short(change.before),
        "" if change.after is None else _in_short(change.after),
    )


def _in_short(decision: QualityDecision) -> str:
    until = "" if decision.valid_until is None else decision.valid_until.isoformat()
    return f"{decision.ruling} {decision.valid_from.isoformat()} – {until}".rstrip()


def _day(at: str | None) -> date:
    return datetime.now(UTC).date() if at is None else asked_moment(at, "--at").date()
