"""The registry's pages and the audit's page in a browser: what axe-core finds, and what fits whoever looks at them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from fastapi import FastAPI

from registry.audit.findings import Audit, Counts, Unchecked
from registry.audit.kinds import Difference, DifferenceKind
from registry.audit.report.as_html import page as audit_page
from registry.audit.report.folder import HTML_FILE, write_report
from registry.database.engine import open_database
from registry.history import rebuild
from registry.records import BlockRef, Event
from registry.service.app import create_app
from registry.service.audits import Audits
from registry.timestamps import from_unix
from tests.registry.audit.test_audit_page import AUDIT
from tests.registry.chain.worlds import listening
from tests.registry.service.conftest import ACCOUNT, CHAIN, CONTRACT, GENESIS_TIME, Stand, credential, told
from tests.registry.service.test_pages import GOOD_EVIDENCE, HOSTILE, filled, pages_of
from tests.web.accessibility import NARROW, hidden_sideways, seen, violations
from tests.web.browser import Page, chromium, chromium_program

pytestmark = pytest.mark.skipif(
    chromium_program() is None, reason="there is no Chromium here: apt-get install -y chromium"
)
NAMES = ("did:web:agency.example", "did:web:university-of-the-north.example", "https://college.example/registry", "d")
WIDE = 1200


class Opened(NamedTuple):
    """A browser, and the addresses of what it can open: one page of each kind."""

    browser: Page
    plain: dict[str, str]
    hostile: dict[str, str]
    report: str
    foreign: str


def audit(said: str) -> Audit:
    """One with something in every part of its page, in which strangers say that."""
    party = {"party": 1, "controller": ACCOUNT, "operator": ACCOUNT, "uri": said, "profileHash": bytes(32)}
    root = {"issuer": 1, "root": bytes([7] * 32), "leafCount": 12, "sequence": 1, "operator": ACCOUNT}
    block = BlockRef(5, bytes(32), from_unix(GENESIS_TIME))
    events = [
        Event.of_block(block, name, given, place, bytes(32))
        for place, (name, given) in enumerate((("PartyRegistered", party), ("Anchored", root)))
    ]
    kinds = list(DifferenceKind)
    return replace(
        AUDIT,
        chain=CHAIN,
        contract=CONTRACT,
        block=block,
        state=rebuild(events),
        differences=tuple(Difference(kinds[each % len(kinds)], said, said, 1) for each in range(40)),
        unchecked=(Unchecked("the index", said),),
        notes=(said,),
        checked=Counts(events=2, batches=1),
    )


def each_kind(root: bytes) -> list[str]:
    """Of the pages there are, those that differ in more than in what is told."""
    more = re.compile("/v1|/(parties|accreditations)/[3-9]|/recognitions|.*newest=")
    return [path for path in pages_of(root) if not more.match(path)]


def app_of(stand: Stand, audits: Path) -> FastAPI:
    return create_app(stand.service, kept_audits=Audits(audits))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    folder = tmp_path_factory.mktemp("pages")
    for name in ("history", "plain", "hostile"):
        (folder / name).mkdir()
    database = lambda name: open_database(f"sqlite:///{folder / name / 'testamur.db'}")  # noqa: E731
    history, roots = told(folder / "history", database("history"))
    plain, hostile = (Stand(folder / name, database(name)) for name in ("plain", "hostile"))
    root = filled(plain, NAMES, (GOOD_EVIDENCE,) * 6)
    large = filled(hostile, HOSTILE, (GOOD_EVIDENCE,) * 8)
    for name, said in (("plain", "did:web:agency.example"), ("hostile", HOSTILE[3])):
        for number in range(3):
            moment = datetime(2026, 1, 1 + number, tzinfo=UTC)
            write_report(replace(audit(said), block=BlockRef(number, bytes(32), moment)), folder / f"audits {name}")
        (folder / f"{name}.html").write_text(audit_page(audit(said)), encoding="utf-8")
    foreign = max((folder / "audits hostile").iterdir())
    with (foreign / HTML_FILE).open("a", encoding="utf-8") as file:
        file.write("<script>document.title = 'it ran'</script><img src='/favicon.ico' onerror='document.title = 1'>")
        file.write(
            "<form id='f' action='/search'></form><iframe src='/parties'></iframe><svg onload='document.title=2'/>"
        )
    with (
        listening(app_of(history, folder / "audits plain")) as first,
        listening(app_of(plain, folder / "audits plain")) as second,
        listening(app_of(hostile, folder / "audits hostile")) as third,
        chromium(folder / "profile") as browser,
    ):
        errors = ("/nothing", f"/credentials/{'ab' * 32}")
        yield Opened(
            browser,
            {
                **{path: second + path for path in [*each_kind(root), *errors]},
                "revoked": f"{first}/credentials/{credential(1).hex()}",
                "suspended": f"{first}/credentials/{credential(2).hex()}",
                "a batch with statuses": f"{first}/batches/1/0x{roots.large.hex()}",
                "an issuer with batches": f"{first}/parties/1",
                "the audit": (folder / "plain.html").as_uri(),
            },
            {
                **{path: third + path for path in each_kind(large) if path not in ("/", "/docs", "/batches")},
                "the audit": (folder / "hostile.html").as_uri(),
            },
            (folder / "plain.html").as_uri(),
            f"{third}/v1/audits/{foreign.name}/{HTML_FILE}",
        )
    for stand in (history, plain, hostile):
        stand.engine.dispose()


def test_axe_finds_nothing_wrong_and_nothing_scrolls_sideways(opened: Opened) -> None:
    found = {}
    for name, url in opened.plain.items():
        with seen(opened.browser, width=NARROW):
            opened.browser.open(url)
            wrong = [*violations(opened.browser), *hidden_sideways(opened.browser)]
        with seen(opened.browser, width=WIDE):
            if wrong := [*wrong, *hidden_sideways(opened.browser)]:
                found[name] = wrong
    assert found == {}


def test_what_strangers_say_changes_none_of_that(opened: Opened) -> None:
    found = {}
    for name, url in opened.hostile.items():
        with seen(opened.browser, width=NARROW):
            opened.browser.open(url)
            # What axe-core looks at does not depend on words, but in what is named by them.
            wrong = violations(opened.browser) if name in ("/parties/1", "/network", "/audits", "the audit") else []
            if wrong := [*wrong, *hidden_sideways(opened.browser)]:
                found[name] = wrong
    assert found == {}


def test_dark_screens_and_forced_colours_have_enough_contrast(opened: Opened) -> None:
    found = {}
    for name in ("/parties/1", "/network", "/audits", "revoked"):
        for features in ({"prefers_color_scheme": "dark"}, {"forced_colors": "active"}):
            with seen(opened.browser, width=WIDE, **features):
                opened.browser.open(opened.plain[name])
                if wrong := violations(opened.browser):
                    found[name, *features] = wrong
    assert found == {}


def test_at_400_percent_nothing_scrolls_sideways_either(opened: Opened) -> None:
    for name in ("/", "/parties/1", "/insights", "/audits", "the audit"):
        with seen(opened.browser, width=WIDE // 4 + 20, scale=4):
            opened.browser.open(opened.plain[name])
            assert hidden_sideways(opened.browser) == [], name


def test_on_paper_nothing_is_in_a_box_that_scrolls(opened: Opened) -> None:
    hidden = (
        "[...document.querySelectorAll('.scroll')].filter(each => getComputedStyle(each).overflow !== 'visible' "
        "|| each.scrollHeight > each.clientHeight + 1).length"
    )
    for name in ("/parties/1", "/insights", "/audits", "the audit"):
        with seen(opened.browser, width=800, media="print"):
            opened.browser.open(opened.plain[name])
            assert opened.browser.evaluate(hidden) == 0, name
            shown = "[...document.querySelectorAll('nav, form')].filter(each => each.checkVisibility()).length"
            assert opened.browser.evaluate(shown) == 0


def test_nothing_changes_its_place_and_nothing_is_loaded(opened: Opened) -> None:
    shifts = (
        "new Promise(done => { let sum = 0; new PerformanceObserver(list => list.getEntries().forEach(each => sum += "
        "each.value)).observe({type: 'layout-shift', buffered: true}); requestAnimationFrame(() => done(sum)) })"
    )
    for name in (
        "/",
        "/parties/1",
        "/network",
        "/insights",
        "/indicators",
        "/partnerships",
        "/audits",
        "/docs",
        "the audit",
    ):
        opened.browser.open("about:blank#")
        opened.browser.requested.clear()
        opened.browser.said.clear()
        opened.browser.open(opened.plain[name])
        assert opened.browser.evaluate(shifts) == 0, name
        assert opened.browser.said == [], name
        urls = {json.loads(each)["url"] for each in opened.browser.requested}
        assert {each for each in urls if not each.startswith(("data:", "about:"))} == {opened.plain[name]}


@pytest.mark.parametrize("width", [320, 500, WIDE])
def test_the_tables_of_an_audit_have_words_and_no_letters_below_each_other(opened: Opened, width: int) -> None:
    """No cell is narrower than the words in it, and no row is hidden in a box."""
    with seen(opened.browser, width=width):
        opened.browser.open(opened.report)
        narrow = opened.browser.evaluate(
            "[...document.querySelectorAll('th, td')].filter(each => each.innerText.length > 3 && "
            "each.clientWidth < 40).map(each => each.innerText)"
        )
        assert narrow == []
        boxes = "[...document.querySelectorAll('.scroll')].filter(each => each.scrollHeight > each.clientHeight + 1)"
        assert opened.browser.evaluate(f"{boxes}.map(each => each.innerText.slice(0, 80))") == []
        assert opened.browser.evaluate("document.querySelectorAll('#differences-caption ~ tbody tr').length") == 40


def test_a_chart_of_one_bar_is_as_high_as_a_bar(opened: Opened) -> None:
    with seen(opened.browser, width=WIDE):
        opened.browser.open(opened.report)
        heights = opened.browser.evaluate(
            "[...document.querySelectorAll('figure')].map(each => [each.querySelectorAll('tbody tr').length, "
            "each.querySelector('.scroll > svg').getBoundingClientRect().height])"
        )
    assert heights
    assert all(height < 40 + 30 * rows for rows, height in heights if rows < 4), heights


def test_a_report_of_somebody_else_is_shown_and_can_do_nothing(opened: Opened) -> None:
    browser = opened.browser
    browser.said.clear()
    browser.open(opened.foreign)
    assert browser.evaluate("document.title").startswith("Audit of all parties")
    assert browser.evaluate("getComputedStyle(document.body).maxWidth") == "960px"
    assert browser.evaluate("self.origin") == "null"
    browser.evaluate("document.getElementById('f').submit()")
    assert browser.evaluate("location.href") == opened.foreign
    refused = " ".join(browser.said)
    for what in ("Blocked script execution", "Loading the image", "Framing", "Blocked form submission"):
        assert what in refused
    browser.said.clear()


def test_the_keyboard_reaches_each_box_that_scrolls_and_the_content(opened: Opened) -> None:
    browser = opened.browser
    with seen(browser, width=NARROW):
        browser.open(opened.plain["/parties/1"])
        for kind in ("rawKeyDown", "keyUp"):
            browser.do("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        assert browser.evaluate("document.activeElement.getAttribute('href')") == "#main"
        assert browser.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
        assert browser.evaluate(
            "[...document.querySelectorAll('.scroll')].every(each => (each.focus(), document.activeElement === each))"
        )
