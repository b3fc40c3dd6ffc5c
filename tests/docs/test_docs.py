"""The documentation leads where it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_leads_to_something(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(\s*([^)#\s]+)", text)
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


def linked(page: Path) -> set[Path]:
    """The pages that a page links to; a folder for its README."""
    targets = re.findall(r"\]\(\s*([^)#\s]+)", page.read_text(encoding="utf-8"))
    found = {(page.parent / target).resolve() for target in targets if "://" not in target}
    return {target / "README.md" if target.is_dir() else target for target in found}


def test_every_page_can_be_reached_from_the_readme_by_two_links() -> None:
    first = linked(REPOSITORY / "README.md")
    second = {target for page in first if page.suffix == ".md" for target in linked(page)}
    template = REPOSITORY / "docs/explanation/decisions/template.md"
    assert set(PAGES) - {REPOSITORY / "README.md", template} <= first | second
