"""`testamur portfolio …`: credentials of a learner in one file, shown, and given away in part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from anchor.cli.asking import Yes, confirmed
from anchor.cli.chains import say_chain
from anchor.cli.checking import Checker, Checking
from anchor.cli.console import Column, Listing, Styled, bold
from anchor.cli.portfolio_told import say_portfolio
from anchor.cli.session import Exit, Session, command
from anchor.cli.speaking import InLanguage, Spoken, spoken
from anchor.cli.tally import COLOURS, Tally
from anchor.cli.verify import say_reasons
from anchor.cli.wording import amount
from anchor.learning.portfolios import CheckedItem, checked_items, gather, named_portfolio, new_portfolio
from anchor.learning.shares import Shared, positions_in, shared
from anchor.verifying.named import write_whole
from registry.document.portfolio import (
    LONGEST_WORD,
    Portfolio,
    PortfolioItem,
    Share,
    UnreadItem,
    portfolio_bytes,
    told_of,
)
from registry.document.reading import read_document
from registry.errors import SettingsError
from registry.learning.items import Fate
from registry.learning.portfolio.link import COMMON_LINK, link_of
from registry.learning.portfolio.page import counts, name_of, outcome_of, page_of
from registry.timestamps import asked_end, write_timestamp

app = typer.Typer(help="Portfolios of learners: made, shown, shared, and recognised abroad.", no_args_is_help=True)

Portfolios = Annotated[Path, typer.Argument(help="A portfolio: its file, or the link to it.", show_default=False)]
Page = Annotated[
    Path | None, typer.Option("--page", help="Write a page for people, too: each credential with its result.")
]


@app.command()
@command
def make(
    session: Session,
    files: Annotated[
        list[Path],
        typer.Argument(help="Credentials, folders and ZIPs of them, or other portfolios.", show_default=False),
    ],
    checking: Checking,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("portfolio.json"),
    name: Annotated[str, typer.Option("--name", help="What it is called, for people.", show_default=False)] = "",
    holder: Annotated[str, typer.Option("--holder", help="Your name, if it is to be in it.", show_default=False)] = "",
    page: Page = None,
    language: InLanguage = None,
) -> int:
    """Make a portfolio of credentials: a CLR 2.0 file with one proof for all that are of one batch.

    Receipts are taken from beside the files, from inside them, and from the data folder. Nothing is sent.
    """
    told = spoken(language)
    with checking.opened(session) as checker:
        gathered = gather(files, checker.verifier, checker.limits)
        made_at = datetime.now(UTC)
        portfolio = new_portfolio(
            gathered.items, name=_word(name, "--name"), holder=_word(holder, "--holder"), made_at=made_at
        )
        content = portfolio_bytes(portfolio)
        write_whole(output, content, private=True)
        if page is not None:
            _write_page(page, portfolio, checker, told)
    without = [item.name for item in portfolio.items if not _has_receipt(item)]
    session.result(
        {
            "output": str(output),
            "page": None if page is None else str(page),
            "bytes": len(content),
            "items": [{"name": item.name} for item in portfolio.items],
            "leftOut": [{"name": each.name, "code": each.code, "text": each.reason} for each in gathered.left_out],
            "withoutReceipt": without,
        }
    )
    session.say(bold(str(output)), f": {amount(len(portfolio.items), 'credential')}, {len(content):,} bytes")
    for each in gathered.left_out:
        session.say(Styled("Left out: ", "yellow"), f"{each.name}: {each.reason}")
    if without:
        few = ", ".join(without[:3])
        session.say(f"{amount(len(without), 'credential')} without a receipt beside it, inside it or here: {few}")
    if page is not None:
        session.say(bold(str(page)), ": the page, as of now")
    return Exit.SOME_REJECTED if gathered.left_out else Exit.DONE


@app.command()
@command
def show(
    session: Session,
    portfolio: Portfolios,
    checking: Checking,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the portfolio that is in a link to this file.")
    ] = None,
    page: Page = None,
    language: InLanguage = None,
) -> int:
    """Check what is in a portfolio or in a link to one, and tell each credential and what came of it.

    Exit codes as of `verify`. What a portfolio says of itself is its holder's own word.
    """
    told = spoken(language)
    found = named_portfolio(portfolio)
    with checking.opened(session) as checker:
        if output is not None:
            write_whole(output, portfolio_bytes(found), private=True)
        items = list(_checked(found, checker, told))
        if page is not None:
            _write(page, found, items, checker, told)
        chain = checker.chain
    tally = Tally.of(told, (each.verdict for each in items))
    session.result(
        {
            "portfolio": told_of(found, checker.now),
            "items": [_content(each) for each in items],
            "counts": _counts(items),
        }
    )
    say_portfolio(session, told, found, checker.now)
    session.say(_table(items, told))
    say_reasons(session, tally, "--page and --json have")
    session.say(counts([each.item for each in items], told.language))
    for path in filter(None, (output, page)):
        session.say("Written: ", bold(str(path)))
    say_chain(session, chain)
    return tally.exit_code


@app.command()
@command
def share(
    session: Session,
    portfolio: Portfolios,
    purpose: Annotated[str, typer.Option("--purpose", help="What it is shared for.", show_default=False)],
    audience: Annotated[str, typer.Option("--audience", help="Whom it is shared with.", show_default=False)],
    until: Annotated[
        str | None, typer.Option("--until", help="Day or moment after which you mean it to be used no more.")
    ] = None,
    items: Annotated[
        list[str] | None, typer.Option("--items", help="Which credentials, such as 1,3-5; default: all.")
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", help="What is not to be seen: marks, or as in `testamur present`; repeatable."),
    ] = None,
    say_left_out: Annotated[
        bool, typer.Option("--say-left-out", help="Say in it how many credentials are left out.")
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to give away.")] = None,
    link: Annotated[
        str | None, typer.Option("--link", help="Make a link to this page instead, with all of it behind the #.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Give away a part of a portfolio: choose credentials, withhold what is nobody's business, and say what for.

    A copy cannot be called back. What cannot be withheld from a credential leaves the whole credential out.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    ends = None if until is None else asked_end(until, "--until")
    if ends is not None and ends <= now:
        raise SettingsError("the share would have ended already", where="--until", remedy="Name a time to come.")
    if (output is None) == (link is None):
        raise SettingsError("it is not said where to", remedy="Name a file with -o, or a page with --link.")
    agreed = Share(_word(purpose, "--purpose"), _word(audience, "--audience"), now, ends)
    if not agreed.purpose or not agreed.audience:
        raise SettingsError("a share says what for and to whom", remedy="Give --purpose and --audience.")
    found = named_portfolio(portfolio)
    positions = None if not items else positions_in(items, len(found.items))
    given = shared(found, positions, without or (), agreed, says_left_out=say_left_out)
    content = portfolio_bytes(given.portfolio)
    made = None if link is None else link_of(content, link)
    _say_shared(session, given)
    confirmed("Do you agree to give this away? A copy cannot be called back.", yes=yes)
    if output is not None:
        write_whole(output, content, private=True)
    session.result(
        {
            "output": None if output is None else str(output),
            "link": made,
            "items": [item.name for item in given.portfolio.items],
            "withheld": given.withheld,
            "leftOut": given.left_out,
            "share": told_of(given.portfolio, now)["share"],
        }
    )
    if made is None:
        session.say("Written: ", bold(str(output)))
        return
    session.say(bold(made))
    if len(made) > COMMON_LINK:
        session.say(
            f"It has {len(made):,} characters: some programs for mail and messages cut links of more than "
            f"{COMMON_LINK:,} off. A file, with -o, is safe."
        )
    session.say("Whoever has the link has what is in it; the server of the page is not told.")


def _checked(portfolio: Portfolio, checker: Checker, told: Spoken) -> Sequence[CheckedItem]:
    return list(
        checked_items(portfolio, checker.verifier, now=checker.now, language=told.language, limits=checker.limits)
    )


def _write_page(page: Path, portfolio: Portfolio, checker: Checker, told: Spoken) -> None:
    _write(page, portfolio, _checked(portfolio, checker, told), checker, told)


def _write(page: Path, portfolio: Portfolio, items: Sequence[CheckedItem], checker: Checker, told: Spoken) -> None:
    found = page_of(portfolio, [each.item for each in items], checker.now, told.language.code)
    write_whole(page, found.encode(), private=True)


def _say_shared(session: Session, given: Shared) -> None:
    session.say(f"Shared: {amount(len(given.portfolio.items), 'credential')}")
    for item in given.portfolio.items:
        keys = given.withheld.get(item.name, [])
        session.say(f"  {item.name}", f", without {', '.join(keys)}" if keys else "")
    for name, why in given.left_out.items():
        session.say(Styled("Left out: ", "yellow"), f"{name}: {why}")
    agreed = given.portfolio.share
    if agreed is not None:
        ends = "without an end" if agreed.until is None else f"until {write_timestamp(agreed.until)}"
        session.say(f"For: {agreed.purpose}; with: {agreed.audience}; {ends}")


def _table(items: Sequence[CheckedItem], told: Spoken) -> Listing:
    columns = (
        Column("#", right=True),
        Column(told.page_word("stated.award")),
        Column(told.word("table.file")),
        Column(told.word("table.verdict"), folds=True),
        Column(told.word("table.reason"), folds=True),
    )
    rows = []
    for each in items:
        outcome = Styled(outcome_of(each.item, told.language), COLOURS[each.verdict.overall])
        name, _ = name_of(each.item, told.language)
        rows.append((str(each.item.position + 1), name, each.item.name, outcome, ", ".join(each.item.checked.codes)))
    return Listing(columns, rows)


def _content(each: CheckedItem) -> dict[str, Any]:
    checked = each.item.checked
    return {
        "position": each.item.position,
        "name": each.item.name,
        "fate": str(checked.fate),
        "accredited": str(checked.accredited),
        "issuerName": each.item.issuer_name,
        "achievements": [dict(achieved.name) for achieved in each.item.achieved],
        "verdict": each.verdict.to_dict(),
    }


def _counts(items: Sequence[CheckedItem]) -> dict[str, int]:
    fates = [each.item.checked.fate for each in items]
    return {str(fate): fates.count(fate) for fate in Fate}


def _has_receipt(item: PortfolioItem | UnreadItem) -> bool:
    if isinstance(item, UnreadItem):
        return False
    return item.receipt is not None or bool(read_document(item.content, item.name).receipts)


def _word(text: str, where: str) -> str:
    if len(text) > LONGEST_WORD:
        raise SettingsError(
            f"it has more than {LONGEST_WORD:,} characters", where=where, remedy="Say it in fewer words."
        )
    return text.strip()
