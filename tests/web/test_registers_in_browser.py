"""The pages of registers, and the form with its answer, in a browser: what axe-core finds, and what fits on 320 px."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from registry.database.engine import open_database
from registry.quality.decision import Ruling
from tests.registry.chain.worlds import listening
from tests.registry.service.conftest import Stand, registered
from tests.registry.service.test_pages import HOSTILE, accepted, offer
from tests.registry.service.test_registers import (
    AGENCY,
    DECISIONS,
    HERE,
    LISTED,
    MASTER,
    PROGRAMME,
    THERE,
    UNIVERSITY,
    Shelf,
)
from tests.web.accessibility import NARROW, hidden_sideways, seen, violations
from tests.web.browser import Page, chromium, chromium_program

pytestmark = pytest.mark.skipif(
    chromium_program() is None, reason="there is no Chromium here: apt-get install -y chromium"
)
PATHS = (
    "/registers",
    "/registers/deqar",
    "/accredited",
    f"/accredited?party={UNIVERSITY}&body={AGENCY}&programme={PROGRAMME}",
    f"/accredited?party={UNIVERSITY}&body={AGENCY}&programme=urn:p:joint",
    f"/accredited?party={UNIVERSITY}&body=3",
)


def shelf_of(folder: Path, *, hostile: bool) -> Shelf:
    folder.mkdir()
    stand = Stand(folder, open_database(f"sqlite:///{folder / 'testamur.db'}"))
    stand.mine(*(registered(number) for number in range(1, 5)))
    stand.mine(offer(1, AGENCY, UNIVERSITY, 0, "https://agency.example/1"), accepted(1))
    (folder / "registers").mkdir()
    shelf = Shelf(stand, folder / "registers")
    if not hostile:
        shelf.put("deqar.register", DECISIONS)
        shelf.put("next.register", [LISTED], anchored=False)
        (folder / "registers" / "broken.register").write_bytes(b"nothing\n")
        shelf.folder.read()
        return shelf
    said = [
        replace(
            LISTED,
            number=f"{place} {text[:2000]}",
            agency_name=text[:2000],
            condition=text[:2000],
            ruling=Ruling.CONDITIONAL,
            holders=(replace(HERE, name=text[:2000]), replace(THERE, name=text[:2000])),
            programmes=(replace(MASTER, name=text[:2000]),),
        )
        for place, text in enumerate(HOSTILE)
    ]
    shelf.put("hostile.register", said, name=HOSTILE[3][:3000], rules=HOSTILE[:3])
    return shelf


@pytest.fixture(scope="module")
def browsing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, list[str]]]:
    folder = tmp_path_factory.mktemp("registers")
    shelves = [shelf_of(folder / "plain", hostile=False), shelf_of(folder / "hostile", hostile=True)]
    with (
        listening(shelves[0].app) as plain,
        listening(shelves[1].app) as hostile,
        chromium(folder / "profile") as browser,
    ):
        yield browser, [f"{base}{path}" for base in (plain, hostile) for path in PATHS]
    for shelf in shelves:
        shelf.stand.engine.dispose()


def test_axe_finds_nothing_wrong_and_nothing_scrolls_sideways(browsing: tuple[Page, list[str]]) -> None:
    browser, urls = browsing
    found = {}
    for url in urls:
        with seen(browser, width=NARROW):
            browser.open(url)
            if wrong := [*violations(browser), *hidden_sideways(browser)]:
                found[url] = wrong
    assert found == {}


def test_the_form_asks_without_javascript(browsing: tuple[Page, list[str]]) -> None:
    browser, urls = browsing
    browser.open(urls[2])
    browser.evaluate("document.querySelector('#party').value = '2'")
    browser.evaluate(f"document.querySelector('#programme').value = '{PROGRAMME}'")
    browser.evaluate("document.querySelector('form').submit()")
    answered = "document.querySelector('.outcome strong')?.textContent"
    browser.wait_for(lambda: browser.evaluate(answered))
    assert browser.evaluate(answered) == "Yes"
