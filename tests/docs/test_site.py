"""The site: every page is in its nav and two clicks from the index at most, and links lead where they do without it."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path, PurePosixPath

import pytest
import yaml

import registry
from scripts import site

REPOSITORY = Path(__file__).parents[2]
DECISIONS = REPOSITORY / "docs/explanation/decisions"


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return site.pages()


def settings() -> dict[str, object]:
    read: dict[str, object] = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"))
    return read


def leaves(nav: object) -> list[str]:
    if isinstance(nav, dict):
        nav = list(nav.values())
    return [nav] if isinstance(nav, str) else [page for entry in nav for page in leaves(entry)]  # type: ignore[attr-defined]


def test_every_page_is_once_in_the_nav(pages: dict[str, str]) -> None:
    shown = leaves(site.unfolded(settings()["nav"], list(pages)))
    own = {page for page in pages if not page.startswith("source/")}
    assert sorted(shown) == sorted(own)


def test_a_package_stands_before_what_is_in_it(pages: dict[str, str]) -> None:
    python = leaves(site.unfolded([f"{site.PYTHON}/"], list(pages)))
    assert [PurePosixPath(page).stem for page in python] == sorted(site.faces())
    assert python[0] == f"{site.PYTHON}/registry.md"


def test_no_page_is_more_than_two_clicks_from_the_index(pages: dict[str, str]) -> None:
    reached, last = {"index.md"}, {"index.md"}
    for _ in range(2):
        last = {
            os.path.normpath(PurePosixPath(page).parent / target)
            for page in last
            for _, target in re.findall(r"(\]\(\s*)([^)#\s]+)", pages[page])
            if target.endswith(".md") and "://" not in target
        } - reached
        reached |= last
    own = {page for page in pages if not page.startswith("source/")}
    assert own - reached == set()


def test_the_links_of_the_site_lead_to_its_pages(pages: dict[str, str]) -> None:
    for page, text in pages.items():
        if page.startswith(("source/", f"{site.PYTHON}/")):
            continue
        for _, target in re.findall(r"(\]\(\s*)([^)#\s]+)", text):
            if "://" not in target:
                found = os.path.normpath(PurePosixPath(page).parent / target)
                assert found in pages or (REPOSITORY / "docs" / found).is_file(), (page, target)


def test_a_link_leads_to_what_shows_the_file() -> None:
    text = "[a](../../README.md) [b](../../registry/merkle/__init__.py) [c](../../Makefile#L1) [d](no.md)"
    assert site.for_site(text, "docs/how-to/look-up.md") == (
        "[a](../index.md) [b](../reference/python/registry.merkle.md) [c](../source/Makefile.md#L1) [d](no.md)"
    )
    assert site.for_site("[a](docs/index.md)", "SECURITY.md") == "[a](index.md)"


def test_a_file_is_shown_within_a_fence_that_it_does_not_end() -> None:
    assert site.shown("mkdocs.yml").count("```") == 2
    assert "````text" in site.shown("docs/how-to/verify.md")


def test_a_page_that_would_load_something_from_elsewhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="https://example.org"><script src="assets/x.js"></script>', encoding="utf-8"
    )
    assert site.loaded_from_elsewhere(tmp_path) == []
    (tmp_path / "b.html").write_text('<script async src="//cdn.example/x.js"></script>', encoding="utf-8")
    assert site.loaded_from_elsewhere(tmp_path) == ['b.html: <script async src="//cdn.example/x.js">']


def test_every_face_has_a_page_and_a_row(pages: dict[str, str]) -> None:
    table = (REPOSITORY / "docs/reference/python.md").read_text(encoding="utf-8")
    for face in site.faces():
        assert f"{site.PYTHON}/{face}.md" in pages
        assert f"[`{face}`](../../{face.replace('.', '/')}/__init__.py)" in table


def test_the_example_on_the_page_is_the_one_of_the_package() -> None:
    source = Path(str(registry.__file__)).read_text(encoding="utf-8")
    example = str(ast.get_docstring(ast.parse(source))).partition("```python\n")[2].partition("```")[0]
    assert f"```python\n{example}```" in (REPOSITORY / "docs/reference/python.md").read_text(encoding="utf-8")


def test_the_index_of_the_decisions_lists_every_record_by_its_title() -> None:
    rows = dict(
        re.findall(r"^\| \[\d{4}\]\((\S+)\) \| (.+) \|$", (DECISIONS / "README.md").read_text(encoding="utf-8"), re.M)
    )
    records = sorted(DECISIONS.glob("[0-9]*.md"))
    titles = {path.name: path.read_text(encoding="utf-8").splitlines()[0].partition(". ")[2] for path in records}
    assert rows == titles
    assert list(rows) == list(titles)
    assert len({name[:4] for name in titles}) == len(titles)
