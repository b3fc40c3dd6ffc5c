"""A portfolio as one HTML page: no script, no request, nothing from elsewhere; light, dark and on paper.

Each credential has its own result, as of one moment, and none is left out: what expired, was revoked or could not be
checked stands where it stands in the portfolio. Whatever strangers say reaches the page by `registry.untrusted.text`
alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from registry.document.portfolio import Portfolio, Share
from registry.language.catalogue import content
from registry.language.rendering import Language
from registry.language.said import listed, say
from registry.learning.achieved import UNSAID, Achieved
from registry.learning.items import Accredited, Fate, Item
from registry.untrusted.templates import html_templates
from registry.verify.verdict import Overall

if TYPE_CHECKING:
    from jinja2 import Environment

FATE_KEYS: Final[Mapping[Fate, str]] = {
    Fate.EXPIRED: "portfolio.fate.expired",
    Fate.NOT_YET_VALID: "portfolio.fate.not yet valid",
    Fate.REVOKED: "portfolio.fate.revoked",
    Fate.SUSPENDED: "portfolio.fate.suspended",
}
"""Why a credential is not valid, where one word says it."""
ACCREDITED_KEYS: Final[Mapping[Accredited, str]] = {
    Accredited.YES: "portfolio.accredited.yes",
    Accredited.NO: "portfolio.accredited.no",
    Accredited.UNKNOWN: "portfolio.accredited.unknown",
}
_COLOURS: Final = {Overall.VALID: "good", Overall.NOT_VALID: "bad"}
_LEVELS: Final = "EQF"
_ORDER: Final = (Overall.VALID, Overall.VALID_WITH_WARNING, Overall.NOT_VALID, Overall.COULD_NOT_BE_CHECKED)
_WORDS: Final = (
    "page.unreviewed",
    "portfolio.ownWord",
    "portfolio.selection",
    "portfolio.ended",
    "portfolio.copies",
    "portfolio.credentials",
)
_MOST_ACHIEVED: Final = 50


def page_of(portfolio: Portfolio, items: Sequence[Item], now: datetime, code: str) -> str:
    """The whole page.

    Args:
        items: every one of the portfolio, with what came of checking it and its line in the language.
        now: the moment that they were checked at.
        code: of the language, one of those that are available.
    """
    # Each value stands in an element of its own direction, and signs for that would be shown as what they are.
    language = Language(content(code), isolates=False)
    name = portfolio.name or portfolio.holder
    share = portfolio.share
    return (
        _templates()
        .get_template("portfolio.html")
        .render(
            language={"code": language.code, "direction": language.direction},
            unreviewed=not language.reviewed_by,
            title=portfolio.name or language.text(titled(name)),
            words={key: language.text(say(key)) for key in _WORDS},
            checked=language.text(say("portfolio.checked", when=now)),
            selection=portfolio.is_selection,
            left_out=language.text(left_out(share)) if share is not None and share.left_out else "",
            share=None if share is None else _share(share, now, language),
            counts=counts(items, language),
            items=[_item(item, language) for item in items],
        )
    )


def titled(holder: str) -> Any:
    """What a portfolio is called that has no name."""
    return say("portfolio.titleOf", holder=holder) if holder else say("portfolio.title")


def left_out(share: Share) -> Any:
    """How many credentials its holder says are not in a share."""
    return say("portfolio.leftOut", count=share.left_out or 0)


def outcome_of(item: Item, language: Language) -> str:
    """What the check of a credential came to, in words: one of the four verdicts, and why, where one word says it."""
    overall = language.text(say(f"cli.overall.{item.checked.overall}"))
    key = FATE_KEYS.get(item.checked.fate)
    return overall if key is None else language.text(say("portfolio.outcome", overall=overall, why=say(key)))


def counts(items: Sequence[Item], language: Language) -> str:
    """How many credentials there are of each outcome, the best first."""
    outcomes = sorted(items, key=lambda item: (_ORDER.index(item.checked.overall), item.checked.fate))
    found = Counter(outcome_of(item, language) for item in outcomes)
    return language.text(listed(say("cli.count", count=count, overall=word) for word, count in found.items()))


def _share(share: Share, now: datetime, language: Language) -> dict[str, Any]:
    facts = [
        (language.text(say("portfolio.purpose")), share.purpose),
        (language.text(say("portfolio.audience")), share.audience),
        (language.text(say("portfolio.agreedAt")), _time(share.agreed_at, language)),
    ]
    if share.until is not None:
        facts.append((language.text(say("portfolio.until")), _time(share.until, language)))
    return {
        "facts": [fact for fact in facts if fact[1]],
        "ended": share.has_ended(now),
        "has_end": share.until is not None,
    }


def head_of(item: Item, language: Language) -> dict[str, Any]:
    """What a page says first of a credential: its number and name, and what the check of it came to, and why."""
    overall = item.checked.overall
    title, tag = name_of(item, language)
    return {
        "number": item.position + 1,
        "title": title,
        "tag": tag,
        "outcome": outcome_of(item, language),
        "colour": _COLOURS.get(overall, "unsure"),
        "why": item.checked.words.removeprefix(language.text(say(f"cli.overall.{overall}"))).removeprefix(": "),
    }


def _item(item: Item, language: Language) -> dict[str, Any]:
    accredited = ACCREDITED_KEYS.get(item.checked.accredited)
    return {
        **head_of(item, language),
        "accredited": "" if accredited is None else language.text(say(accredited)),
        "facts": list(_facts(item, language)),
    }


def name_of(item: Item, language: Language) -> tuple[str, str]:
    """What a credential is called, and the language of that, which may be "": its award, or else its file."""
    if item.achieved and (named := _in(item.achieved[0].name, language))[0]:
        return named
    return item.name, ""


def _in(texts: Mapping[str, str], language: Language) -> tuple[str, str]:
    """A text in the language that is wanted, or else as it comes, with its language."""
    wanted = next((tag for tag in texts if tag.partition("-")[0].lower() == language.code), None)
    tag = wanted if wanted is not None else next(iter(texts), UNSAID)
    return texts.get(tag, ""), tag


def _facts(item: Item, language: Language) -> Iterator[tuple[str, str]]:
    def label(key: str) -> str:
        return language.text(say(key))

    if item.issuer_name or item.issuer_id:
        yield label("page.stated.issuer"), item.issuer_name or item.issuer_id
    for moment, key in ((item.valid_from, "page.stated.from"), (item.valid_until, "page.stated.until")):
        if moment is not None:
            yield label(key), _time(moment, language)
    for each in item.achieved[:_MOST_ACHIEVED]:
        yield from _of_achieved(each, language, label)
    if item.checked.anchored_at is not None:
        yield label("page.anchoredAt"), _time(item.checked.anchored_at, language)
    if item.digest:
        yield label("page.fingerprint"), item.digest
    yield label("page.tableName"), item.name


def _of_achieved(each: Achieved, language: Language, label: Any) -> Iterator[tuple[str, str]]:
    if name := _in(each.name, language)[0]:
        yield label("page.stated.award"), name
    for framework, code in each.levels:
        if framework == _LEVELS:
            yield label("page.stated.level"), f"{framework} {code}"
    if each.credits:
        told = (f"{_number(one.amount)} {one.system}".strip() for one in each.credits)
        yield label("portfolio.credits"), "; ".join(told)
    for result in each.results:
        said = " ".join(filter(None, (result.value, result.level)))
        yield label("portfolio.results"), f"{result.name}: {said}" if result.name else said


def _time(moment: datetime, language: Language) -> str:
    return language.text(say("portfolio.moment", when=moment))


def _number(amount: Any) -> str:
    return f"{float(amount):g}"


@cache
def _templates() -> Environment:
    return html_templates(__package__)
