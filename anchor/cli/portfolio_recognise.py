"""`testamur portfolio recognise`: a portfolio as it is shown in another country."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from anchor.cli.chains import say_chain
from anchor.cli.checking import Checker, Checking
from anchor.cli.console import Column, Listing, Styled, bold
from anchor.cli.session import Session, command
from anchor.cli.speaking import InLanguage, Spoken, spoken
from anchor.cli.tally import COLOURS, Tally
from anchor.cli.verdict_levels import say_levels
from anchor.learning.portfolios import checked_items, portfolio_of
from anchor.learning.shares import positions_in
from anchor.learning.sheets import printed
from anchor.verifying.named import write_whole
from anchor.verifying.policies import read_policy
from anchor.verifying.questions import NOT_ASKED, read_record
from registry.errors import SettingsError
from registry.language.catalogue import language as known_language
from registry.language.said import say
from registry.learning.mobility.application import Application, Case, Presented, application
from registry.learning.mobility.page import page_of
from registry.learning.mobility.told import (
    Asked,
    answered,
    bodies,
    comes_to,
    head,
    holders_in_short,
    levels_in_short,
    numbers,
    open_points,
    reasons,
)
from registry.learning.portfolio.page import name_of, outcome_of
from registry.recognition.scope import country
from registry.verify.policy import Policy


@command
def recognise(
    session: Session,
    files: Annotated[
        list[Path],
        typer.Argument(help="A portfolio, a link to one, or credentials and folders of them.", show_default=False),
    ],
    for_: Annotated[str, typer.Option("--for", help="Where it is shown: a country, two letters.", show_default=False)],
    checking: Checking,
    items: Annotated[
        list[str] | None, typer.Option("--item", help="Tell these in full, such as 1,3-5; repeatable.")
    ] = None,
    page: Annotated[Path | None, typer.Option("--page", help="Write a page for people, too: all in full.")] = None,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write a PDF of one page, too, for an application.")] = None,
    language: InLanguage = None,
) -> int:
    """Tell what is on record of each credential for a country, and what its officers would still ask for.

    Whoever decides on recognition decides: this says what is on record, and what is missing. Exit codes as of `verify`.
    """
    told, place = spoken(language), country(for_)
    if not place.isalpha():
        raise SettingsError("--for names no country", remedy="Name one by its two letters, such as --for DE.")
    with checking.opened(session, here=place) as checker:
        found = _application(session, files, place, checker, told)
        chain = checker.chain
    chosen = [] if not items else [found.cases[each] for each in positions_in(items, len(found.cases))]
    written = []
    if page is not None:
        write_whole(page, page_of(found, told.language.code).encode(), private=True)
        written.append(page)
    if pdf is not None:
        is_practice = chain is not None and chain.is_practice
        # On paper, values are isolated where the language runs from right to left.
        write_whole(pdf, printed(found, known_language(told.language.code), is_practice=is_practice), private=True)
        written.append(pdf)
    session.result(found.to_dict())
    session.say(bold(told.text(say("mobility.title", country=place))))
    session.say(told.text(say("mobility.note")))
    if named := holders_in_short(found):
        session.say(f"{told.text(say('page.stated.holder'))}: {named}")
    session.say(told.text(bodies(found)))
    if session.settings.policy is None:
        session.say("No policy was named, so nobody is believed: name with --policy a file that says whom you believe.")
    session.say(_table(found, told))
    for case in chosen:
        _say_case(session, told, found, case)
    tally = Tally.of(told, (case.verdict for case in found.cases))
    for code, text in tally.shared_reasons:
        session.say(f"{code}: {text}")
    _say_open(session, told, found)
    for path in written:
        session.say("Written: ", bold(str(path)))
    say_chain(session, chain)
    return tally.exit_code


def _application(session: Session, files: Sequence[Path], place: str, checker: Checker, told: Spoken) -> Application:
    file = session.settings.policy
    policy = Policy() if file is None else read_policy(file)
    portfolio = portfolio_of(files, checker.verifier, made_at=checker.now, limits=checker.limits)
    items = checked_items(portfolio, checker.verifier, now=checker.now, language=told.language, limits=checker.limits)
    presented = [Presented(each.item, each.verdict, each.reading) for each in items]
    record = None
    if file is not None:
        record = read_record(checker.workspace, policy, file.parent) if checker.is_asked else NOT_ASKED
    return application(presented, place, policy, record, checker.now)


def _table(found: Application, told: Spoken) -> Listing:
    columns = (
        Column("#", right=True),
        Column(told.text(say("mobility.head.credential"))),
        Column(told.text(say("mobility.head.verdict")), folds=True),
        *(Column(told.text(head(asked, found.country)), folds=True) for asked in Asked),
        Column(told.text(say("mobility.head.level", country=found.country)), folds=True),
        Column(told.text(say("mobility.head.open")), right=True),
    )
    return Listing(columns, [_row(case, told) for case in found.cases])


def _row(case: Case, told: Spoken) -> tuple[str | Styled, ...]:
    name, _ = name_of(case.item, told.language)
    return (
        str(case.item.position + 1),
        name,
        Styled(outcome_of(case.item, told.language), COLOURS[case.verdict.overall]),
        *(told.text(comes_to(case, asked)) for asked in Asked),
        levels_in_short(case) or "–",
        str(len(case.points)),
    )


def _say_case(session: Session, told: Spoken, found: Application, case: Case) -> None:
    name, _ = name_of(case.item, told.language)
    session.say(bold(f"{case.item.position + 1}. {name}"))
    if case.item.checked.words:
        session.say(f"  {case.item.checked.words}")
    for asked in Asked:
        session.say(f"  {told.text(head(asked, found.country))}: {told.text(comes_to(case, asked))}")
        if (answer := answered(case, asked)) is not None:
            for who, said in reasons(answer):
                session.say(f"    {who if isinstance(who, str) else told.text(who)}: {told.text(said)}")
    say_levels(session, told, case.levels)


def _say_open(session: Session, told: Spoken, found: Application) -> None:
    points = open_points(found.cases, told.language)
    session.say(bold(told.text(say("mobility.head.open"))))
    for point in points:
        session.say(f"  {point.text} ({point.code}; {numbers(point.positions)})")
    for each in found.points:
        session.say(f"  {told.text(each.said)} ({each.code})")
    if not points and not found.points:
        session.say(f"  {told.text(say('mobility.nothingOpen'))}")
