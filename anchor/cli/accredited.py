"""`testamur accredited`: was this accredited then, and recognised here?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from anchor.cli.chains import say_chain
from anchor.cli.console import Styled, bold
from anchor.cli.session import Session, command
from anchor.cli.speaking import InLanguage, Spoken, spoken
from anchor.settings import EMBEDDED
from anchor.verifying.policies import read_policy
from anchor.verifying.questions import ask
from registry.errors import SettingsError
from registry.language.said import say
from registry.recognition.scope import country
from registry.records import MOST_PARTIES
from registry.timestamps import past_moment, write_timestamp
from registry.untrusted.text import marked
from registry.verify.policy import Policy
from registry.verify.question import Accredited, Comes, Question, policy_here
from registry.verify.standing_words import names_of_programmes
from registry.verify.verdict import Outcome

COLOURS = {
    Comes.YES: "green",
    Comes.WITH_A_WARNING: "yellow",
    Comes.NOT_ON_RECORD: "red",
    Comes.UNCHECKED: "magenta",
}
OUTCOMES = {Outcome.PASS: "yes", Outcome.WARN: "in part", Outcome.FAIL: "no", Outcome.UNKNOWN: "unknown"}


@command
def accredited(
    session: Session,
    party: Annotated[int, typer.Argument(help="Number of the institution.", min=1, max=MOST_PARTIES)],
    programme: Annotated[
        str, typer.Option("--programme", help="Identifier of the programme, as its credentials state it.")
    ] = "",
    field: Annotated[str, typer.Option("--field", help="ISCED-F 2013 code of 2, 3 or 4 digits.")] = "",
    levels: Annotated[str, typer.Option("--levels", help="EQF levels, such as 6-7 or 6.")] = "1-8",
    types: Annotated[list[str] | None, typer.Option("--type", help="Type of qualification; repeatable.")] = None,
    jurisdiction: Annotated[str, typer.Option("--jurisdiction", help="ISO 3166-1 country it is offered in.")] = "",
    at: Annotated[str | None, typer.Option("--at", help="On this day or at this moment; default: now.")] = None,
    here: Annotated[
        str, typer.Option("--here", help="Go by the bodies that the policy says stand for this country.")
    ] = "",
    body: Annotated[int | None, typer.Option("--body", help="Go by this body alone.", min=1, max=MOST_PARTIES)] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", help="Policy file: the bodies and registers you believe.")
    ] = None,
    language: InLanguage = None,
) -> int:
    """Ask whether a programme or institution was accredited at a time, and whether it is recognised here."""
    told = spoken(language)
    if here and body is not None:
        raise SettingsError("--here and --body both say who speaks", remedy="Leave one out.")
    now = datetime.now(UTC)
    moment = past_moment(at, "--at", now) or now.replace(microsecond=0)
    file = policy or session.settings.policy
    known = policy_here(Policy() if file is None else read_policy(file), country(here), body)
    question = Question.of(
        party,
        moment,
        programme=programme,
        field=field,
        levels=levels,
        types=types or (),
        jurisdiction=jurisdiction,
    )
    with session.workspace(read_only=True) as workspace:
        found = ask(workspace, question, known, Path() if file is None else file.parent)
        is_asked = workspace.has_folder or session.settings.chain != EMBEDDED
        chain = workspace.asked_chain if is_asked else None
    session.result(found.to_dict())
    _say(session, told, found)
    say_chain(session, chain)
    return found.exit_code


def _say(session: Session, told: Spoken, found: Accredited) -> None:
    comes_to, question = found.comes_to, found.question
    names = names_of_programmes(found.policy, question.stated)
    scope = told.text(question.scope.said_as_stated(names, say("register.whole")))
    about = f"party {question.party}, {scope}, {write_timestamp(question.moment)}"
    session.say(bold(f"Accredited then, and recognised here ({about})"), ": ", Styled(str(comes_to), COLOURS[comes_to]))
    if found.on_chain is not None:
        part = found.on_chain
        session.say(f"  on chain: {OUTCOMES[part.outcome]}. {told.text(part.said)} ({part.code})")
        for link in part.path.links if part.path else ():
            text = found.policy.condition_texts.get(link.condition_hash)
            if link.is_conditional and text:
                session.say(f"    condition of number {link.id}: {marked(text)}")
    for judged, known in zip(found.registers, found.policy.registers, strict=True):
        session.say(f"  {marked(known.name)}: {OUTCOMES[judged.outcome]}. {told.text(judged.said)} ({judged.code})")
    if found.as_of is not None:
        session.say(f"As of block {found.as_of.number} of {write_timestamp(found.as_of.timestamp)}.")
