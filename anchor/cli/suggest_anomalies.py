"""`testamur suggest anomalies`: what is unusual in how people assess and sign, as questions."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from anchor.cli.console import Fields, Styled, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from anchor.issuing.states import issued_store
from anchor.learning.acts import Read, acts_in, acts_of_records, acts_of_runs, within
from registry.errors import SettingsError
from registry.learning.suggest.anomalies import CHANCE, METHODS, SAYS, Asked, pseudonyms, questions_about
from registry.timestamps import asked_moment, write_timestamp

SHOWN: Final = 50
MOST_HOURS: Final = 24 * 31


@command
def anomalies(
    session: Session,
    tables: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH",
            help="CSV with the columns by, at, count, award, mark, evidence, record; or assessment records.",
        ),
    ] = None,
    issued: Annotated[
        bool, typer.Option("--issued", help="Look at who confirmed what was issued from rosters here.")
    ] = False,
    since: Annotated[str | None, typer.Option("--since", help="Only from this day or moment on.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Only before this day or moment.")] = None,
    hours: Annotated[
        int, typer.Option("--hours", help="Records within so many hours are counted together.", min=1, max=MOST_HOURS)
    ] = 24,
    names: Annotated[
        bool, typer.Option("--names", help="Name the persons; otherwise they are person 1, person 2, …")
    ] = False,
) -> Exit:
    """Ask about unusual rates, bursts, marks and evidence. Each is a question with its numbers, and no verdict."""
    if bool(tables) == issued:
        raise SettingsError(
            "what is looked at is either tables or what was issued here",
            remedy="Name a table or records, or --issued.",
            code="no-acts",
        )
    read = _of_issued(session) if issued else _of_tables(tables or [])
    begins = None if since is None else asked_moment(since, "--since")
    ends = None if until is None else asked_moment(until, "--until")
    acts = within(read.acts, begins, ends)
    found = questions_about(acts, window=timedelta(hours=hours))
    called = {each.by: each.by for each in acts} if names else pseudonyms(acts)
    session.result({**found.to_dict(called), "leftOut": list(read.left_out), "columnsNotRead": list(read.unread)})
    _tell(session, found, called)
    for each in read.left_out[:SHOWN]:
        session.note(f"Left out: {each}")
    if read.unread:
        session.note(f"Columns that were not looked at: {', '.join(read.unread)}")
    return Exit.SOME_REJECTED if read.left_out else Exit.DONE


def _of_tables(paths: list[Path]) -> Read:
    read = [acts_in(path) if path.suffix.lower() == ".csv" else acts_of_records(path) for path in paths]
    return Read(
        tuple(act for each in read for act in each.acts),
        tuple(f"{path}, {why}" for path, each in zip(paths, read, strict=True) for why in each.left_out),
        tuple(dict.fromkeys(name for each in read for name in each.unread)),
    )


def _of_issued(session: Session) -> Read:
    with session.workspace(read_only=True) as workspace:
        return acts_of_runs(issued_store(workspace).runs(session.settings.issuer))


def _tell(session: Session, found: Asked, called: dict[str, str]) -> None:
    session.say(
        f"{amount(found.acts, 'record')} of {amount(found.people, 'person', 'persons')}, "
        f"{write_timestamp(found.begins)} to {write_timestamp(found.ends)}"
    )
    for each in found.questions[:SHOWN]:
        session.say("")
        session.say(
            Styled(each.kind.value, "bold yellow"), f" {called.get(each.who, '')}".rstrip(), " ", bold(each.about)
        )
        session.say(each.asks)
        shares = each.evidence.get("shares")
        if shares:
            told = ", ".join(f"{one['mark']}: {one['own']:.0%} (others {one['others']:.0%})" for one in shares)
            session.say(told)
        session.say(
            Fields({"found": f"{each.found:,.4g}", "usual until": f"{each.usual:,.4g}", "by": METHODS[each.kind]})
        )
    if len(found.questions) > SHOWN:
        session.say(f"and {len(found.questions) - SHOWN:,} more; --json has all.")
    session.say("")
    session.say(f"{amount(len(found.questions), 'question')}.")
    for why in found.not_computed:
        session.say(f"Not computed: {why}.")
    session.say(f"Of data in which nothing is unusual each kind is asked about with a chance of about {CHANCE:.0%}.")
    session.say(SAYS)
