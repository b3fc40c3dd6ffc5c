"""An application as one HTML page: no script, no request, nothing from elsewhere; light, dark and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from registry.language.catalogue import content
from registry.language.rendering import Language
from registry.language.said import Said, say
from registry.learning.mobility.application import Application, Case
from registry.learning.mobility.points import SOURCES
from registry.learning.mobility.told import (
    Asked,
    answered,
    bodies,
    comes_to,
    head,
    holders_in_short,
    levels_in_short,
    reasons,
)
from registry.learning.portfolio.page import head_of
from registry.untrusted.templates import html_templates
from registry.verify.question import Comes

if TYPE_CHECKING:
    from jinja2 import Environment

_WORDS: Final = (
    "level.note",
    "level.title",
    "mobility.head.all",
    "mobility.head.credential",
    "mobility.head.issuer",
    "mobility.head.open",
    "mobility.head.source",
    "mobility.head.verdict",
    "mobility.note",
    "mobility.nothingOpen",
    "page.stated.holder",
    "page.unreviewed",
)


def page_of(application: Application, code: str) -> str:
    """The whole page.

    Args:
        code: of the language, one of those that are available.
    """
    # What isolates a value is a sign that would be shown; the page has elements for it.
    language = Language(content(code), isolates=False)

    def text(said: Said) -> str:
        return language.text(said)

    country = application.country
    used = {point.code.element for case in application.cases for point in case.points}
    used |= {point.code.element for point in application.points}
    return (
        _templates()
        .get_template("application.html")
        .render(
            language={"code": language.code, "direction": language.direction},
            unreviewed=not language.reviewed_by,
            title=text(say("mobility.title", country=country)),
            words={key: text(say(key)) for key in _WORDS},
            checked=text(say("mobility.checked", when=application.moment, number=len(application.cases))),
            bodies=text(bodies(application)),
            holders=holders_in_short(application),
            heads=[text(head(each, country)) for each in Asked],
            level_head=text(say("mobility.head.level", country=country)),
            items=[_item(case, country, language) for case in application.cases],
            points=[{"code": str(point.code), "text": text(point.said)} for point in application.points],
            sources=list(dict.fromkeys(source for element, source in SOURCES.items() if element in used)),
        )
    )


def _item(case: Case, country: str, language: Language) -> dict[str, Any]:
    item, card = case.item, case.levels
    return {
        **head_of(item, language),
        "issuer": item.issuer_name or item.issuer_id,
        "comes": [language.text(comes_to(case, asked)) for asked in Asked],
        "answers": list(_answers(case, country, language)),
        "level": levels_in_short(case),
        "stated": "" if card is None else language.text(card.said),
        "levels": [] if card is None else list(_levels(case, language)),
        "points": [{"code": str(point.code), "text": language.text(point.said)} for point in case.points],
    }


def _answers(case: Case, country: str, language: Language) -> Iterator[dict[str, Any]]:
    for asked in Asked:
        if (answer := answered(case, asked)) is not None:
            yield {
                "head": language.text(head(asked, country)),
                "comes": language.text(comes_to(case, asked)),
                "colour": {Comes.YES: "good", Comes.NOT_ON_RECORD: "bad"}.get(answer.comes_to, "unsure"),
                "reasons": [
                    (who if isinstance(who, str) else language.text(who), language.text(said))
                    for who, said in reasons(answer)
                ],
            }


def _levels(case: Case, language: Language) -> Iterator[str]:
    if case.levels is not None:
        for row in case.levels.rows:
            yield "; ".join(language.text(each) for each in (row.said, row.relation_said, row.source_said))
        for gap in case.levels.gaps:
            yield language.text(gap.said)


@cache
def _templates() -> Environment:
    return html_templates(__package__, "registry.learning.portfolio")
