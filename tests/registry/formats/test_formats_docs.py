"""The reference pages of formats name what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from registry.formats import statuslist, trqp
from registry.index import lists as index_lists
from registry.service import status_lists as listing
from registry.service import trust as facts
from registry.service.routes import trqp as trqp_route

PAGES = Path(__file__).parents[3] / "docs" / "reference"


def codes_raised(*modules: object) -> set[str]:
    sources = "".join(Path(str(vars(module)["__file__"])).read_text(encoding="utf-8") for module in modules)
    return set(re.findall(r"(?:code|default_code) ?= ?\"([a-z-]+)\"", sources))


@pytest.mark.parametrize(
    ("page", "modules"),
    [
        ("trqp.md", (trqp, trqp_route)),
        ("status-lists.md", (statuslist, listing, index_lists)),
    ],
)
def test_every_code_is_on_its_page(page: str, modules: tuple[object, ...]) -> None:
    text = (PAGES / page).read_text(encoding="utf-8")
    codes = codes_raised(*modules)
    assert codes
    assert [code for code in sorted(codes) if f"`{code}`" not in text] == []


def test_the_page_about_trqp_says_after_how_long_nothing_is_said() -> None:
    assert facts.STALE_SECONDS == 600
    assert "ten minutes" in (PAGES / "trqp.md").read_text(encoding="utf-8")


def test_the_page_about_trqp_names_every_action_and_part_of_a_resource() -> None:
    text = (PAGES / "trqp.md").read_text(encoding="utf-8")
    actions = [*trqp.AUTHORIZATION_ACTIONS, *trqp.RECOGNITION_ACTIONS]
    assert [action for action in actions if f"`{action}`" not in text] == []
    (example,) = re.findall(r"a scope: `([^`]+)`", text)
    assert [part.partition("=")[0] for part in example.split(";")] == list(trqp.RESOURCE_PARTS)
    assert trqp.read_resource(example).field == "0613"


def test_the_page_about_status_lists_has_their_sizes() -> None:
    text = (PAGES / "status-lists.md").read_text(encoding="utf-8")
    assert f"{statuslist.LIST_BITS:,}" in text
    assert f"{statuslist.FEWEST_BITS:,}" in text
    assert all(f"`{purpose}`" in text for purpose in statuslist.Purpose)
