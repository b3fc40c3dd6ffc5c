"""The page on which suggestions are decided about, opened from a file: read, filled in by keys, saved."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run, commands_in
from tests.registry.learning.suggest.suggested import members
from tests.web.accessibility import NARROW, hidden_sideways, seen, violations
from tests.web.browser import Page, chromium, chromium_program

pytestmark = pytest.mark.skipif(
    chromium_program() is None, reason="there is no Chromium here: apt-get install -y chromium"
)
EXAMPLES = Path(__file__).parents[2] / "docs/how-to/frameworks"
HOSTILE = '</script><img src=https://evil.example/x onerror="document.title=1">\u202e&amp;{{7*7}}\'"'
LONG = "Students model business processes. " * 200


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("review") / "profile") as page:
        yield page


@pytest.fixture
def command(tmp_path: Path, browser: Page) -> Iterator[Run]:
    """The command where the page is, which is open, and what it saves is kept."""
    with commands_in(tmp_path) as run:
        for path in EXAMPLES.glob("*.toml"):
            shutil.copy(path, path.name)
        candidates = [{**each, "name": HOSTILE, "sentence": HOSTILE} for each in members()["candidates"]]
        asked = [members(1, text=LONG), members(2), members(3, text=HOSTILE, name=HOSTILE, candidates=candidates)]
        Path("suggestions.json").write_text(json.dumps({"suggestions": asked}))
        ran = run("suggest", "review", "suggestions.json", "--into", "northport.toml", "--page", "review.html")
        assert ran.code == 0, ran
        browser.do("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "kept"))
        browser.open((tmp_path / "review.html").as_uri())
        browser.requested.clear()
        browser.said.clear()
        yield run


def shown(browser: Page) -> str:
    return str(browser.evaluate("document.body.innerText"))


def typed(browser: Page, field: str, text: str) -> None:
    browser.evaluate(f"document.getElementById('{field}').focus()")
    browser.do("Input.insertText", text=text)


def ticked(browser: Page, field: str) -> None:
    """By the space bar, as somebody does who has no mouse."""
    browser.evaluate(f"document.getElementById('{field}').focus()")
    for kind in ("keyDown", "keyUp"):
        browser.do("Input.dispatchKeyEvent", type=kind, key=" ", code="Space", windowsVirtualKeyCode=32, text=" ")


def saved(browser: Page) -> dict[str, Any]:
    browser.evaluate("document.querySelector('button').focus()")
    browser.press("Enter", text="\r")
    return {
        "fault": browser.evaluate("document.getElementById('fault').textContent"),
        "at": browser.evaluate("document.activeElement.id"),
        "content": browser.evaluate("document.getElementById('content').value"),
    }


def test_what_is_decided_with_keys_is_saved_and_taken_in_and_nothing_leaves(
    command: Run, browser: Page, tmp_path: Path
) -> None:
    assert browser.evaluate("document.querySelectorAll('input:checked').length") == 0, "nothing is chosen beforehand"
    assert LONG.strip() in shown(browser), "a text is shown whole"
    for field, fault in (
        ("name", "Write your name."),
        ("role", "Write as what you decide."),
        ("s0c0", "Nothing is decided yet."),
    ):
        found = saved(browser)
        assert (found["at"], found["fault"], found["content"]) == (field, fault, "")
        if field in ("name", "role"):
            typed(browser, field, {"name": "Zoë O'Neill", "role": "Programme director"}[field])
    ticked(browser, "s0c0")
    ticked(browser, "s0c2")
    ticked(browser, "s1none")
    assert saved(browser)["fault"] == "Number 2: a reason is missing."
    typed(browser, "s1reason", "Too general.")
    ticked(browser, "s1c0")
    assert "that no item fits, too" in saved(browser)["fault"]
    ticked(browser, "s1c0")
    typed(browser, "s2code", "C.2")
    typed(browser, "s2reason", HOSTILE)
    assert shown(browser).count("3 of 3 decided") == 1
    found = saved(browser)
    assert (found["at"], found["fault"]) == ("saved", "")
    browser.wait_for(lambda: (tmp_path / "kept" / "decisions.json").exists())
    kept = tmp_path / "kept" / "decisions.json"
    assert kept.read_text(encoding="utf-8") == found["content"]
    assert [each["accept"] for each in json.loads(found["content"])["decisions"]] == [["A.1", "B.1"], [], []]
    assert [json.loads(each)["url"].split(":")[0] for each in browser.requested if "blob:" not in each] == []
    assert browser.said == []
    told = command(
        "suggest", "review", "suggestions.json", "--into", "northport.toml", "--decisions", kept, "--json"
    ).json
    assert [each["ruling"] for each in told["decided"]] == ["accepted", "rejected", "changed"]
    entry = json.loads(Path("northport.toml.decisions.jsonl").read_text().splitlines()[2])
    assert entry["decision"]["decidedBy"]["name"] == "Zoë O'Neill"
    assert entry["decision"]["reason"] == HOSTILE


def test_text_of_strangers_is_text_and_the_page_asks_nobody(command: Run, browser: Page) -> None:
    text = shown(browser)
    assert HOSTILE.replace("\u202e", "\ufffd") in text
    assert browser.evaluate("document.querySelectorAll('img, iframe, object, link').length") == 0
    assert browser.evaluate("document.title").startswith("Suggestions to decide about")
    refused = browser.evaluate("fetch('https://evil.example').then(() => 'sent', () => 'refused')")
    assert refused == "refused"
    assert any("Content Security Policy" in each for each in browser.said)


def test_it_is_for_everybody(command: Run, browser: Page) -> None:
    browser.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert violations(browser) == []
    with seen(browser, width=NARROW):
        assert hidden_sideways(browser) == []
    with seen(browser, prefers_color_scheme="dark"):
        assert violations(browser) == []
    assert browser.evaluate(
        "[...document.querySelectorAll('input, textarea')].every(each => each.labels.length > 0 || each.hidden)"
    )
