"""The kit for a USB stick: small, whole, the same each time, and it asks nobody for anything."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import pytest

from scripts import build_kit
from tests.docs.test_training import COURSES, Seen, relative_path
from tests.web.accessibility import hidden_sideways, seen, violations
from tests.web.browser import Page, chromium, chromium_program

RESULT = "document.querySelector('#result .outcome strong')?.textContent"
OWN_POLICY = b"default-src 'none'"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return build_kit.files()


@pytest.fixture(scope="module")
def stick(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the ZIP was unpacked."""
    folder = tmp_path_factory.mktemp("stick")
    with zipfile.ZipFile(BytesIO(build_kit.packed(files))) as archive:
        archive.extractall(folder)
    return folder / build_kit.TOP


def test_the_kit_is_small_and_the_same_each_time(files: dict[str, bytes]) -> None:
    packed = build_kit.packed(files)
    assert len(packed) < build_kit.MOST_BYTES
    assert packed == build_kit.packed(dict(reversed(build_kit.files().items())))
    with zipfile.ZipFile(BytesIO(packed)) as archive:
        names = archive.namelist()
    assert f"{build_kit.TOP}/index.html" in names
    # Names that every file system of a stick takes.
    assert all(re.fullmatch(r"[\w./@-]+", name, re.ASCII) for name in names)
    assert len({name.lower() for name in names}) == len(names)


def test_it_has_the_documentation_the_page_that_verifies_and_the_courses(files: dict[str, bytes]) -> None:
    for place in ("docs/index.html", "docs/reference/commands.html", "docs/reference/python/registry.html"):
        assert place in files
    assert {"verify/verify.html", "sample/diploma.json", "training/index.html"} <= files.keys()
    for folder in (f"{language}/{course}" for language in ("en", "fr") for course in COURSES):
        assert f"training/{folder}/quiz.html" in files
        assert f'href="training/{folder}/index.html"'.encode() in files["index.html"]
    assert "training/en/kit/costs.csv" in files


def test_every_link_in_it_leads_somewhere(files: dict[str, bytes]) -> None:
    ids = {place: set(Seen(content.decode()).ids) for place, content in files.items() if place.endswith(".html")}
    wrong = []
    for place, content in files.items():
        if not place.endswith(".html") or place.startswith("verify/"):
            continue
        for link in Seen(content.decode()).links:
            if link.startswith(("https://", "http://", "mailto:")):
                continue
            file, _, fragment = link.partition("#")
            target = relative_path(place, unquote(file)) if file else place
            if target not in files or (fragment and unquote(fragment) not in ids.get(target, ())):
                wrong.append((place, link))
    assert wrong == []


def test_no_page_can_ask_the_network(files: dict[str, bytes]) -> None:
    for place, content in files.items():
        if not place.endswith(".html") or place.startswith("verify/"):
            continue
        assert OWN_POLICY in content, place
        loaded = Seen(content.decode()).loaded
        assert not any(re.match(r"(?:[a-z]+:)?//", each) for each in loaded), place
        assert all(relative_path(place, each) in files for each in loaded), place


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if chromium_program() is None:
        pytest.skip("there is no Chromium here: apt-get install -y chromium")
    with chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.mark.parametrize(
    "place",
    [
        "index.html",
        "docs/index.html",
        "training/en/registrars/01-why-on-record.html",
        "training/en/registrars/quiz.html",
        "training/en/kit/costs.html",
        "training/fr/verifiers/02-four-answers.html",
        "training/fr/agencies/quiz.html",
    ],
)
def test_a_page_opens_from_the_stick_and_everybody_can_use_it(stick: Path, browser: Page, place: str) -> None:
    browser.requested.clear()
    browser.said.clear()
    browser.open(f"file://{stick / place}")
    assert violations(browser) == []
    with seen(browser, width=320):
        assert hidden_sideways(browser) == []
    assert all('"url": "file://' in each or '"url": "about:' in each for each in browser.requested)
    assert browser.said == []


def test_slides_turn_by_keys_and_by_links(stick: Path, browser: Page) -> None:
    browser.open(f"file://{stick}/training/en/registrars/02-six-words.html")
    for kind in ("keyDown", "keyUp"):
        browser.do("Input.dispatchKeyEvent", type=kind, key="ArrowRight", code="ArrowRight", windowsVirtualKeyCode=39)
    assert browser.wait("document.activeElement.id") == "s2"
    browser.evaluate("document.querySelector('#s2 a[rel=next]').click()")
    assert browser.wait("location.hash") == "#s3"


def test_the_page_that_verifies_says_what_it_could_not_check(stick: Path, browser: Page) -> None:
    browser.open(f"file://{stick}/verify/verify.html")
    browser.requested.clear()
    sample = stick / "sample"
    browser.choose("#files", sample / "diploma.json", sample / "diploma.json.receipt.json")
    assert browser.wait(RESULT) == "Could not be checked"
    assert not any('"url": "http' in each for each in browser.requested)
