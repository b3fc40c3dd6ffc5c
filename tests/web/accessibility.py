"""What axe-core finds wrong with a page in the browser, and what a person finds who looks at it in another way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from tests.web.browser import Page

AXE: Final = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
NARROW: Final = 320
"""CSS pixels: the width at which nothing scrolls sideways (WCAG 1.4.10); 1280 px at 400 % are as many."""


@cache
def _program() -> str:
    return AXE.read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the page that is open: each rule, and the elements that break it."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(f"{_program()}; true")
    asked = json.dumps({"runOnly": RULES, "resultTypes": ["violations"]})
    told = page.evaluate(
        f"axe.run(document, {asked}).then(found => found.violations.map("
        "each => each.id + ': ' + each.help + ': ' + each.nodes.map("
        "node => node.html + node.failureSummary).join(' ')))"
    )
    return [str(each) for each in told]


def hidden_sideways(page: Page) -> list[str]:
    """What of the page that is open goes beyond the window, besides what is in a box that scrolls by itself."""
    wide = "document.documentElement.scrollWidth > innerWidth"
    beyond = (
        "[...document.body.querySelectorAll('*')].filter(each => !each.closest('.scroll') && each.getClientRects()."
        "length && each.getBoundingClientRect().right > innerWidth + 1).map(each => each.outerHTML.slice(0, 200))"
    )
    return [str(each) for each in page.evaluate(f"{wide} ? {beyond}.concat('the page') : []")]


def assert_readable(page: Page, path: Path) -> None:
    """A page that is one file asks for nothing, and has no violation in light, in the dark, narrow and on paper."""
    page.requested.clear()
    page.open(path.as_uri())
    assert [each for each in page.requested if path.name not in each and "about:blank" not in each] == []
    assert violations(page) == []
    with seen(page, prefers_color_scheme="dark"):
        assert violations(page) == []
    with seen(page, width=NARROW):
        assert hidden_sideways(page) == []
    with seen(page, media="print"):
        assert violations(page) == []
    assert page.said == []


@contextmanager
def seen(page: Page, *, width: int | None = None, scale: int = 1, media: str = "", **features: str) -> Iterator[None]:
    """The page as it is seen in a window so wide, on such a medium, and by somebody with such preferences.

    Args:
        width: CSS pixels.
        scale: how many pixels of the device one of them is.
        features: such as `forced_colors="active"`.
    """
    if width is not None:
        page.do("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=scale, mobile=False)
    named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
    page.do("Emulation.setEmulatedMedia", media=media, features=named)
    try:
        yield
    finally:
        page.do("Emulation.clearDeviceMetricsOverride")
        page.do("Emulation.setEmulatedMedia", media="", features=[])
