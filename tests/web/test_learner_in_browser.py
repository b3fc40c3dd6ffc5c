"""The learner's page in a browser: what a learner sees, takes away and hands on, and all that leaves the device."""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from anchor.learning.portfolios import new_portfolio
from registry.document.portfolio import PortfolioItem, Share, portfolio_bytes, read_portfolio
from registry.language.catalogue import language
from registry.language.said import say
from registry.learning.portfolio.link import link_of, portfolio_in_link
from registry.service.web.page.kinds import Kind
from registry.service.web.page.settings import pathway_text
from tests.web.accessibility import AXE, violations
from tests.web.browser import chromium_program
from tests.web.endpoints import NAMES
from tests.web.states import SHORT_HOSTILE, Stand, stand_in
from tests.web.test_page_in_browser import WIDTHS, assert_nothing_sent

pytestmark = [
    pytest.mark.skipif(chromium_program() is None, reason="there is no Chromium here: apt-get install -y chromium"),
    pytest.mark.skipif(not AXE.exists(), reason="node_modules has no axe-core: npm ci"),
]
NOW = datetime.now(UTC)
PATHWAY = b"""
[pathway]
id = "urn:example:computing"
title = { en = "Computing", ar = "\xd8\xa7\xd9\x84\xd8\xad\xd9\x88\xd8\xb3\xd8\xa8\xd8\xa9" }
issuer = "University of Example"

[[steps]]
id = "master"
title = "A master's degree"
requires = { achievements = ["https://university.example/programmes/msc-computing"] }

[[steps]]
id = "credits"
title = "Sixty credits"
after = ["master"]
requires = { credits = 60 }

[[steps]]
id = "thesis"
title = "Thesis"
after = ["credits"]
requires = { kinds = ["Thesis"] }
"""
READY = "document.activeElement.id === 'result' && document.querySelector('#result strong, #result p') !== null"
COUNTS = "[...document.querySelectorAll('#result dl > div')].map((row) => row.innerText.replace(/\\s+/g, ' '))"
ENTRIES = "[...document.querySelectorAll('.entries > li summary')].map((each) => each.innerText)"
STEPS = "[...document.querySelectorAll('.steps > li')].map((each) => each.querySelector('strong').textContent)"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stand_in(tmp_path_factory.mktemp("learner"), Kind.LEARNER) as made:
        yield made


@pytest.fixture(scope="module")
def pathway() -> bytes:
    return pathway_text(PATHWAY, "computing.toml").encode()


def shown(stand: Stand, files: dict[str, bytes]) -> list[str]:
    """Bring files, and what is listed then."""
    stand.browser.evaluate("document.querySelector('#paste').focus()")
    stand.bring(files)
    stand.browser.wait(READY)
    found: list[str] = stand.browser.evaluate(ENTRIES)
    return found


def press(stand: Stand, key: str, /, **values: Any) -> None:
    """A button, by the words on it."""
    words = json.dumps(language("en").text(say(f"learner.{key}", **values)))
    stand.browser.evaluate(
        f"[...document.querySelectorAll('button')].find((each) => each.textContent === {words}).click()"
    )


def write(stand: Stand, name: str, value: str) -> None:
    stand.browser.evaluate(f"document.querySelector('[data-name={name}]').value = {json.dumps(value)}")


def saved(stand: Stand, name: str) -> bytes:
    """A file that the page handed to the browser."""
    path = stand.folder / "saved" / name
    stand.browser.wait_for(path.exists, name)
    content = path.read_bytes()
    path.unlink()
    return content


@pytest.fixture
def saving(stand: Stand) -> None:
    stand.browser.do("Page.setDownloadBehavior", behavior="allow", downloadPath=str(stand.folder / "saved"))


def portfolio_of(stand: Stand, *names: str, share: Share | None = None) -> bytes:
    items = [
        PortfolioItem(f"{at}.json", stand.issued.documents[name], stand.issued.receipts[name])
        for at, name in enumerate(names)
    ]
    return portfolio_bytes(replace(new_portfolio(items, name="", holder=SHORT_HOSTILE, made_at=NOW), share=share))


def test_each_credential_has_its_verdict_and_each_step_leads_to_one(stand: Stand, pathway: bytes) -> None:
    files, browser = stand.states["table"].files, stand.browser
    stand.open()
    assert browser.evaluate("document.querySelectorAll('*').length") < 80
    listed = shown(stand, {**files, "computing.json": pathway})
    assert len(listed) == len(files) // 2
    assert listed[-1] == "Valid Master of Science in Computing"
    assert browser.evaluate(COUNTS) == [
        "Valid 2",
        "Expired 1",
        "Withdrawn by the issuer 2",
        "Suspended by the issuer 1",
    ]
    assert "It expired on 2024-12-31" in browser.evaluate("document.querySelector('#credential-5').innerText")
    assert browser.evaluate(STEPS) == ["Done", "Open", "Open"]
    progress = browser.evaluate("document.querySelector('#progress').innerText")
    assert "1 of 3 steps are done" in progress
    assert "Sixty credits It opens one more step: Thesis" in progress
    # What is done rests on a verdict, and leads there.
    assert browser.evaluate("document.querySelectorAll('.entries dl').length") == 0
    browser.evaluate("document.querySelector('.steps > li a').click()")
    assert browser.evaluate("document.activeElement.id") == "credential-6"
    browser.wait(
        "document.querySelector('#credential-6 details').open && document.querySelector('#credential-6 dl') !== null"
    )
    for width in WIDTHS:
        with browser.screen(width, 1_600):
            assert browser.evaluate("document.documentElement.scrollWidth") <= width
    browser.evaluate("document.querySelector('#hand details').open = true")
    with browser.screen(WIDTHS[0], 1_600):
        assert violations(browser) == []
        assert browser.evaluate("document.documentElement.scrollWidth") <= WIDTHS[0]
    assert browser.said == []
    documents = [each for at, each in files.items() if at.endswith(".json") and "receipt" not in at]
    assert_nothing_sent(stand, *documents, PATHWAY)
    elsewhere = {json.loads(each)["url"] for each in browser.requested} - {"about:blank", "data:,"}
    assert {each for each in elsewhere if not each.startswith(("file://", "data:"))} == {stand.endpoint.url}


def test_more_may_come_and_go_and_nothing_is_asked_twice(stand: Stand) -> None:
    stand.open()
    assert shown(stand, stand.pair(NAMES[0])) == ["Valid Doctor of Mathematics"]
    asked = len(stand.asked())
    # The same content under another name is no other credential.
    assert len(shown(stand, {"again.json": stand.issued.documents[NAMES[0]]})) == 1
    assert len(stand.asked()) == asked
    badge = {"badge.json": stand.issued.documents["badge"]}
    assert shown(stand, badge) == ["Valid Doctor of Mathematics", "Could not be checked Master of Science in Computing"]
    receipt = {"r.receipt.json": stand.pair("badge")["diploma.json.receipt.json"]}
    assert shown(stand, receipt)[1] == "Valid Master of Science in Computing"
    press(stand, "remove", name="Doctor of Mathematics")
    stand.browser.wait(f"{ENTRIES}.length === 1")
    press(stand, "remove", name="Master of Science in Computing")
    assert "nothing here yet" in stand.browser.wait(
        "document.querySelector('.entries') === null && document.querySelector('#result').innerText"
    )
    assert stand.browser.said == []


def test_another_content_under_the_name_of_one_that_is_gone_is_judged_anew(stand: Stand) -> None:
    pair = stand.pair(NAMES[0])
    stand.open()
    assert shown(stand, pair) == ["Valid Doctor of Mathematics"]
    press(stand, "remove", name="Doctor of Mathematics")
    stand.browser.wait("document.querySelector('.entries') === null")
    changed = pair["diploma.json"].replace(b"Mathematics", b"Everything ")
    assert shown(stand, {**pair, "diploma.json": changed}) == ["Not valid Doctor of Everything"]


def test_what_cannot_be_read_is_listed_and_not_passed_over(stand: Stand, pathway: bytes) -> None:
    stand.open()
    broken = portfolio_of(stand, NAMES[0], "badge").replace(b'"nodes":[', b'"nodes":["' + b"0" * 64 + b'",')
    assert shown(stand, {"broken.json": broken}) == ["Could not be checked 0.json", "Could not be checked 1.json"]
    assert "nodes, not" in stand.browser.evaluate("document.querySelector('#credential-1').innerText")
    wrong = pathway.replace(b'"after":["master"]', b'"after":["nowhere"]')
    stand.bring({"p.json": wrong})
    stand.browser.wait("document.querySelector('#result').innerText.includes('there is no such step')")


def test_a_portfolio_is_saved_and_opened_again(stand: Stand, saving: None) -> None:
    stand.open()
    shown(stand, {**stand.pair(NAMES[0]), "hostile.json": stand.issued.documents["hostile"]})
    write(stand, "holder", "Ada")
    press(stand, "save")
    content = saved(stand, "portfolio.json")
    portfolio = read_portfolio(content)
    assert (portfolio.holder, portfolio.partial, portfolio.share) == ("Ada", False, None)
    found = {item.name: item for item in portfolio.items if isinstance(item, PortfolioItem)}
    assert found["diploma.json"].receipt == stand.issued.receipts[NAMES[0]]
    assert {item.content for item in found.values()} == {stand.issued.documents[each] for each in (NAMES[0], "hostile")}
    stand.open()
    listed = shown(stand, {"portfolio.json": content})
    assert listed[0] == "Valid Doctor of Mathematics"
    assert "Made by\nAda" in stand.browser.evaluate("document.querySelector('#portfolios').innerText")
    assert stand.browser.said == []
    assert stand.browser.evaluate("document.querySelectorAll('img, iframe, object, main script').length") == 0


def test_a_selection_is_shared_as_a_file_or_as_a_link_that_is_sent_nowhere(stand: Stand, saving: None) -> None:
    browser = stand.browser
    with stand.served() as url:
        browser.open(url)
        shown(stand, {**stand.pair("badge"), **{f"b{name}": each for name, each in stand.pair(NAMES[0]).items()}})
        browser.evaluate("document.querySelector('#hand details').open = true")
        press(stand, "shareFile")
        assert "Nothing was chosen" in browser.evaluate("document.querySelector('#hand').innerText")
        browser.evaluate("document.querySelector('[data-name=chosen]').click()")
        write(stand, "until", "2020-01-01")
        press(stand, "shareLink")
        assert "That day is over" in browser.evaluate("document.querySelector('#hand').innerText")
        until = (NOW + timedelta(days=9)).date()
        write(stand, "until", until.isoformat())
        press(stand, "shareLink")
        assert "Write what for" in browser.evaluate("document.querySelector('#hand').innerText")
        for name, value in {"purpose": "Application", "audience": "Lakeside"}.items():
            write(stand, name, value)
        press(stand, "shareFile")
        shared = read_portfolio(saved(stand, "share.json"))
        assert (len(shared.items), shared.partial, shared.holder) == (1, True, "")
        assert shared.share is not None
        assert (shared.share.purpose, shared.share.audience) == ("Application", "Lakeside")
        assert shared.share.until is not None
        assert shared.share.until.date() == until
        press(stand, "shareLink")
        link = browser.wait("document.querySelector('#hand textarea')?.value")
        assert f"It has {len(link):,} characters" in browser.evaluate("document.querySelector('#hand').innerText")
        assert link.startswith(f"{url}#p1.")
        assert read_portfolio(portfolio_in_link(link)).items == shared.items
        stand.forget()
        browser.open(link)
        assert browser.evaluate("document.querySelector('#link').checkVisibility()")
        assert stand.asked() == []
        press(stand, "linkOpen")
        browser.wait(READY)
        assert browser.evaluate(ENTRIES) == ["Valid Master of Science in Computing"]
        assert "Lakeside" in browser.evaluate("document.querySelector('#portfolios').innerText")
        assert {json.loads(each)["url"] for each in browser.requested} - {"about:blank", "data:,"} == {
            url, stand.endpoint.url,
        }  # fmt: skip
        assert_nothing_sent(stand, stand.issued.documents["badge"])


def test_the_end_of_a_share_is_said_and_takes_nothing_from_its_credentials(stand: Stand) -> None:
    share = Share("Application", SHORT_HOSTILE, NOW - timedelta(days=9), NOW - timedelta(days=1), left_out=3)
    link = link_of(portfolio_of(stand, NAMES[0], NAMES[1], share=share), "https://page.example/learner")
    stand.open()
    stand.browser.evaluate(f"document.querySelector('#paste').value = {json.dumps(link)}")
    press(stand, "add")
    stand.browser.wait(READY)
    assert stand.browser.evaluate(ENTRIES) == ["Valid Doctor of Mathematics", "Not valid Doctor of Mathematics"]
    told = stand.browser.evaluate("document.querySelector('#portfolios').innerText")
    assert "This share has ended" in told
    assert "3 credentials are left out" in told
    assert "\u202e" not in told
    assert stand.browser.evaluate("document.querySelectorAll('img, main script').length") == 0
    assert violations(stand.browser) == []


def test_a_link_stays_in_another_language_and_for_who_skips_to_the_content(stand: Stand) -> None:
    link = link_of(portfolio_of(stand, NAMES[0]), "https://page.example/learner")
    stand.open(languages=("en", "ar"), fragment=f"#{link.partition('#')[2]}")
    hashes = "[...document.querySelectorAll('.languages a')].map((each) => each.hash)"
    assert stand.browser.evaluate(hashes) == [f"#{link.partition('#')[2]}"]
    stand.browser.evaluate("document.querySelector('.skip').click()")
    stand.browser.wait("location.hash === '#main'")
    assert stand.browser.evaluate("document.querySelector('#link').checkVisibility()")
    stand.browser.evaluate("location.hash = 'p'")
    stand.browser.wait(f"{hashes}[0] === ''")
    assert not stand.browser.evaluate("document.querySelector('#link').checkVisibility()")
    assert stand.asked() == []


def test_a_link_that_unpacks_to_too_much_is_refused(stand: Stand) -> None:
    bomb = urlsafe_b64encode(zlib.compress(bytes(64 << 20), 9)).decode().rstrip("=")
    stand.open(fragment=f"#p1.{bomb}")
    press(stand, "linkOpen")
    stand.browser.wait("document.querySelector('#result').innerText.includes('unpacks to more than')")
    assert stand.browser.said == []


def test_keyboard_alone(stand: Stand, pathway: bytes) -> None:
    browser = stand.browser
    stand.open(pathways=(pathway.decode(),))
    stops = []
    for _ in range(6):
        browser.press("Tab")
        stops.append(
            browser.evaluate(
                "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
            )
        )
        assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", stops
    assert stops == ["skip", "files", "folder", "paste", "add", "SUMMARY"]
    browser.evaluate("document.querySelector('#paste').focus()")
    link = link_of(portfolio_of(stand, "badge"), "https://page.example/learner")
    browser.do("Input.insertText", text=link)
    browser.press("Tab")
    browser.press("Enter", text="\r")
    browser.wait(READY)
    assert browser.evaluate(STEPS) == ["Done", "Open", "Open"]
    stops = []
    for _ in range(5):
        browser.press("Tab")
        stops.append(browser.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert stops[0] == "again"
    assert stops[1].startswith("Valid")
    assert stops[2] == "Remove Master of Science in Computing"
    assert stops[3] == "pathway"


def test_from_right_to_left_and_as_users_want_it(stand: Stand, pathway: bytes) -> None:
    browser = stand.browser
    stand.open(in_language="ar", languages=("en", "ar"))
    shown(stand, {**stand.pair(NAMES[1]), "computing.json": pathway})
    assert browser.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["ar", "rtl"]
    assert browser.evaluate(STEPS)[0] == language("ar").text(say("learner.outcome.open"))
    browser.evaluate("document.querySelector('#hand details').open = true")
    with browser.screen(WIDTHS[0], 1_600):
        assert browser.evaluate("document.documentElement.scrollWidth") <= WIDTHS[0]
        assert violations(browser) == []
    wanted: list[dict[str, str]] = [
        {"forced_colors": "active"}, {"prefers_color_scheme": "dark"}, {"prefers_reduced_motion": "reduce"},
    ]  # fmt: skip
    for features in wanted:
        with browser.media(**features):
            assert violations(browser) == [], features
    with browser.media("print"):
        assert not browser.evaluate("document.querySelector('#hand').checkVisibility()")
        assert not browser.evaluate("document.querySelector('.remove').checkVisibility()")
        assert browser.evaluate("document.querySelector('.entries').checkVisibility()")
    assert browser.said == []


def test_without_settings_nothing_that_was_brought_is_lost(stand: Stand) -> None:
    browser = stand.browser
    stand.open(chain=None, endpoints=(), issuers=())
    stand.bring(stand.pair(NAMES[0]))
    browser.wait("document.activeElement.id === 'field-chain'")
    for name, value in {
        "chain": stand.issued.chain,
        "endpoints": stand.endpoint.url,
        "issuers": "1 University",
    }.items():
        browser.evaluate(f"document.querySelector('#field-{name}').value = {json.dumps(value)}")
    browser.evaluate("document.querySelector('#again').click()")
    browser.wait(READY)
    assert browser.evaluate(ENTRIES) == ["Valid Doctor of Mathematics"]
