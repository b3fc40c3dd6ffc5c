"""What a portfolio says of itself, told as its holder's own word."""

from __future__ import annotations

from datetime import datetime

from anchor.cli.console import Styled, bold
from anchor.cli.session import Session
from anchor.cli.speaking import Spoken
from registry.document.portfolio import Portfolio
from registry.language.said import say
from registry.learning.portfolio.page import left_out, titled
from registry.timestamps import write_timestamp


def say_portfolio(session: Session, told: Spoken, portfolio: Portfolio, now: datetime) -> None:
    """Its name, that nobody signed it, whether it is a selection, and for what it was shared and until when."""
    session.say(bold(portfolio.name or told.text(titled(portfolio.holder))))
    session.say(told.text(say("portfolio.ownWord")))
    share = portfolio.share
    if portfolio.is_selection:
        more = [told.text(left_out(share))] if share is not None and share.left_out else []
        session.say(" ".join([told.text(say("portfolio.selection")), *more]))
    if share is None:
        return
    said = (
        (say("portfolio.purpose"), share.purpose),
        (say("portfolio.audience"), share.audience),
        (say("portfolio.agreedAt"), write_timestamp(share.agreed_at)),
        (say("portfolio.until"), "" if share.until is None else write_timestamp(share.until)),
    )
    for label, value in said:
        if value:
            session.say(f"  {told.text(label)}: {value}")
    if share.has_ended(now):
        session.say(Styled(told.text(say("portfolio.ended")), "bold yellow"))
    elif share.until is not None:
        session.say(told.text(say("portfolio.copies")))
