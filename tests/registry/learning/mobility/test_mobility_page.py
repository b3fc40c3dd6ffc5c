"""The page of an application says what its JSON says, in every language, and nothing of strangers is more than text."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.language.catalogue import LANGUAGES, content
from registry.language.rendering import Language
from registry.learning.mobility.application import Application
from registry.learning.mobility.page import page_of
from registry.learning.mobility.told import Asked, comes_to, numbers, open_points
from tests.registry.learning.mobility.worlds import ABROAD, EQF_6, POLICY, applied, course, presented
from tests.registry.verify.test_verify import DOWN, ISSUING, NEIGHBOUR, VOID, WITHDRAWN, link
from tests.web.accessibility import assert_readable
from tests.web.browser import Page, chromium, chromium_program

HOSTILE = "</style><script>alert(1)</script>\u202e\x00\n=cmd" + "W" * 300
LINKS = (
    ABROAD,
    ABROAD[1:],
    (),
    (ABROAD[0], link(NEIGHBOUR, 7, ISSUING, WITHDRAWN)),
    (ABROAD[0], link(NEIGHBOUR, 7, ISSUING, VOID)),
)
MEMBERS: tuple[dict[str, Any], ...] = (
    course(),
    {},
    course(achievement={"inLanguage": "fr", "achievementType": "BachelorDegree", "alignment": [EQF_6]}),
    course(subject={"name": None}, validUntil="2026-02-01T00:00:00Z"),
    course(given={"facts": DOWN}),
    course(given={"document": b'{"type": ["VerifiableCredential"], "name": "x"}'}),
    course(
        achievement={"name": HOSTILE, "description": HOSTILE},
        subject={"name": HOSTILE},
        issuer={"id": HOSTILE, "name": HOSTILE},
    ),
)


@st.composite
def applications(draw: st.DrawFn) -> Application:
    """Some credentials on some ledger, asked by somebody who believes all, some or none of the bodies."""
    links = draw(st.sampled_from(LINKS))
    bodies = draw(st.sampled_from([POLICY.bodies, POLICY.bodies[:1], POLICY.bodies[1:]]))
    policy = POLICY.model_copy(update={"bodies": bodies})
    chosen = draw(st.lists(st.sampled_from(MEMBERS), min_size=1, max_size=4))
    shown = (presented(at, links=links, policy=policy, **members) for at, members in enumerate(chosen))
    return applied(*shown, links=links, policy=policy)


def words(page: str) -> str:
    return " ".join(unescape(page).split())


@given(applications(), st.sampled_from(LANGUAGES))
@settings(max_examples=40, deadline=None)
def test_the_page_says_what_the_json_says(found: Application, code: str) -> None:
    language = Language(content(code), isolates=False)
    page, told = page_of(found, code), found.to_dict()
    assert f'<html lang="{code}" dir="{language.direction}">' in page
    assert page.count("<section id=") == len(told["items"])
    assert page.count("<code>") == sum(len(each["open"]) for each in told["items"]) + len(told["open"])
    shown = words(page)
    for case, item in zip(found.cases, told["items"], strict=True):
        for asked, name in zip(Asked, ("accreditation", "accreditationToday", "recognition"), strict=True):
            assert language.text(comes_to(case, asked)) in shown
            assert (item[name] is None) == (f"mobility.comes.{(item[name] or {}).get('answer')}" not in language)
        for point in item["open"]:
            assert f"<code>{point['code']}</code>" in page
    if code == "en":
        for each in [point for item in told["items"] for point in item["open"]] + told["open"]:
            assert " ".join(each["text"].split()) in shown
    assert "<script" not in page
    assert not {"\u202e", "\x00"} & set(page)
    assert page.count("</style>") == 1


@given(applications())
@settings(max_examples=25, deadline=None)
def test_points_that_are_told_together_are_those_of_each(found: Application) -> None:
    told = open_points(found.cases, Language(content("en")))
    pairs = {(str(each.code), position) for each in told for position in each.positions}
    assert pairs == {(str(point.code), case.item.position) for case in found.cases for point in case.points}
    assert sum(len(each.positions) for each in told) == sum(len(case.points) for case in found.cases)


@pytest.mark.parametrize(
    ("positions", "told"), [((), ""), ((0,), "1"), ((0, 1), "1–2"), ((0, 2, 3, 4, 9), "1, 3–5, 10")]
)
def test_positions_are_counted_from_one(positions: tuple[int, ...], told: str) -> None:
    assert numbers(positions) == told


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.mark.skipif(chromium_program() is None, reason="there is no Chromium here: apt-get install -y chromium")
@pytest.mark.parametrize("code", ["en", "ar"])
def test_everybody_can_read_it(browser: Page, tmp_path: Path, code: str) -> None:
    path = tmp_path / "application.html"
    found = applied(*(presented(at, **members) for at, members in enumerate(MEMBERS)))
    path.write_text(page_of(found, code), encoding="utf-8")
    assert_readable(browser, path)
