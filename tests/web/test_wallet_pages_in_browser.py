"""The page of an offer in a browser: what axe-core finds, what fits on 320 px, and the way from code to link."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from anchor.wallets.addresses import Addresses
from anchor.wallets.app import create_app
from anchor.wallets.handing import Desk
from tests.anchor.begun import begun
from tests.anchor.issuing.made import row
from tests.anchor.wallets.site import Given, Site, site_in
from tests.registry.chain.worlds import listening
from tests.web.accessibility import NARROW, hidden_sideways, violations
from tests.web.browser import Page, chromium, chromium_program

__all__ = ["begun"]

pytestmark = pytest.mark.skipif(
    chromium_program() is None, reason="there is no Chromium here: apt-get install -y chromium"
)


@dataclass
class Browsing:
    """A browser, and the server at its address."""

    page: Page
    at: str
    site: Site
    given: Given

    def open(self, language: str) -> None:
        self.page.open(f"{self.at}/interactions/{self.given.secret}?language={language}")


@pytest.fixture(scope="module")
def browsing(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browsing]:
    folder = tmp_path_factory.mktemp("wallets")
    with site_in(folder, begun) as site, chromium(folder / "profile") as page:
        (given,) = site.offer(site.issued([row(5)]))
        # As it is reached without a proxy in front.
        desk = Desk(site.workspace, Addresses("http://127.0.0.1"), clock=lambda: site.now)
        with listening(create_app(desk, rate=0)) as at:
            yield Browsing(page, at, site, given)


def look(page: Page) -> None:
    assert violations(page) == []
    with page.screen(NARROW):
        assert hidden_sideways(page) == []


@pytest.mark.parametrize("language", ["en", "ar"])
def test_everybody_can_read_the_page_of_an_offer(browsing: Browsing, language: str) -> None:
    browsing.open(language)
    look(browsing.page)
    # Large enough for a camera.
    assert browsing.page.evaluate("document.querySelector('.qr path').getBoundingClientRect().width") > 180
    for scheme in ("light", "dark"):
        with browsing.page.media(**{"prefers-color-scheme": scheme}):
            assert violations(browsing.page) == []


def test_a_code_that_is_typed_leads_to_a_link_and_a_wrong_one_is_told(browsing: Browsing) -> None:
    page, given = browsing.page, browsing.given
    browsing.open("de")
    for code, there in ((given.wrong, "[role=alert]"), (given.code, "code")):
        page.evaluate(f"document.querySelector('#code').value = {code!r}")
        page.evaluate("document.querySelector('button[value=exchange]').click()")
        page.wait_for(
            lambda there=there: page.evaluate(f"!!document.querySelector('main > {there}, main > p > {there}')")
        )
        look(page)
    (path, query) = page.evaluate("[location.pathname, location.search]")
    assert (path.split("/")[1], query) == ("exchanges", "?language=de")
    shown = page.evaluate("document.querySelector('code').innerText")
    assert urlsplit(shown).path == path
    # Nothing of the address of the page went to where it led.
    assert page.evaluate("document.referrer") == ""
