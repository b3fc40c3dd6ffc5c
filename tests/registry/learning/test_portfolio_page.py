"""The page of a portfolio: nothing is hidden, nothing of strangers is more than text, and everybody can read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from registry.document.portfolio import Portfolio, PortfolioItem, Share
from registry.language.catalogue import LANGUAGES, content
from registry.language.rendering import Language
from registry.learning.achieved import Achieved, Credits, Result
from registry.learning.items import Accredited, Checked, Fate, Item
from registry.learning.portfolio.page import outcome_of, page_of
from registry.verify.verdict import Overall
from tests.web.accessibility import assert_readable
from tests.web.browser import Page, chromium, chromium_program

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOSTILE = "</style><script>alert(1)</script>\u202e\x00\n=cmd" + "W" * 300


def checked(fate: Fate) -> Checked:
    overall = {Fate.GOOD: Overall.VALID, Fate.UNCHECKED: Overall.COULD_NOT_BE_CHECKED}.get(fate, Overall.NOT_VALID)
    words = f"What came of it: {fate}."
    return Checked(overall, fate, Accredited.NO, (str(fate),), issuer=1, anchored_at=NOW, checked_at=NOW, words=words)


def items(text: str = "Bachelor") -> list[Item]:
    achieved = Achieved(
        name={"en": text, "fr": f"{text} fr"},
        credits=(Credits(Fraction(6), "ECTS"),),
        levels=(("EQF", "6"),),
        results=(Result(name=text, value="1.7"),),
    )
    return [
        Item(
            position,
            f"{text}.json",
            checked(fate),
            issuer_name=text,
            digest="ab" * 32,
            valid_until=NOW,
            achieved=(achieved,) if fate is not Fate.UNCHECKED else (),
        )
        for position, fate in enumerate(Fate)
    ]


def portfolio(text: str = "Bachelor", *, until: timedelta = timedelta(days=1)) -> Portfolio:
    share = Share(text, text, NOW, NOW + until, 3)
    held = tuple(PortfolioItem(item.name, b"{}") for item in items(text))
    return Portfolio("urn:a:1", text, text, "urn:a:2", NOW, held, partial=True, share=share)


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_fate_is_shown_in_every_language(code: str) -> None:
    spoken = Language(content(code), isolates=False)
    page = page_of(portfolio(), items(), NOW, code)
    assert f'<html lang="{code}" dir="{spoken.direction}">' in page
    assert page.count("<li id=") == len(Fate)
    for item in items():
        assert f"<strong>{outcome_of(item, spoken)}</strong>" in page
        assert f"What came of it: {item.checked.fate}." in page
    assert len({outcome_of(item, spoken) for item in items()}) == len(Fate)


def test_what_strangers_say_is_text() -> None:
    page = page_of(portfolio(HOSTILE), items(HOSTILE), NOW, "en")
    assert "<script" not in page
    assert "\u202e" not in page
    assert "\x00" not in page
    assert page.count("</style>") == 1


def test_the_end_of_a_share_is_told() -> None:
    over = page_of(portfolio(until=timedelta()), items(), NOW, "en")
    runs = page_of(portfolio(), items(), NOW, "en")
    assert "This share has ended" in over
    assert "This share has ended" not in runs
    assert "A copy cannot be called back" in runs
    not_said = page_of(replace(portfolio(), partial=False), items(), NOW, "en")
    assert "3 credentials are left out" in not_said
    whole = replace(portfolio(), share=None, partial=False)
    assert "selection" not in page_of(whole, items(), NOW, "en")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.mark.skipif(chromium_program() is None, reason="there is no Chromium here: apt-get install -y chromium")
@pytest.mark.parametrize(("code", "text"), [("en", "Bachelor"), ("ar", HOSTILE)])
def test_everybody_can_read_it(browser: Page, tmp_path: Path, code: str, text: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(page_of(portfolio(text), items(text), NOW, code), encoding="utf-8")
    assert_readable(browser, path)
