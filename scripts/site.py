"""The documentation as a site, in `build/docs/site/`: `make docs`.

The pages are written to be read in the repository, where their links lead to files. On the site those links lead on:

- to the pages at the top of the repository, which stand beside the index;
- from a package (`registry/merkle/__init__.py`) to a page made from the docstrings of its face;
- from any other file to a page that shows it.

A folder in the `nav` stands for its pages. Nothing that a page loads comes from elsewhere; the build fails if it would.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[1]
TOP_PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
PYTHON = "reference/python"
LANGUAGES = {".py": "python", ".sol": "solidity", ".toml": "toml", ".json": "json", ".yml": "yaml", ".sh": "bash"}
_LINK = re.compile(r"(\]\(\s*)([^)#\s]+)")
_LOADED = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=["']?(?:https?:)?//[^>]*>""")


@cache
def faces() -> list[str]:
    """The packages that list their names, by their dotted names."""
    files = [REPOSITORY / "registry/__init__.py", *sorted((REPOSITORY / "registry").glob("*/__init__.py"))]
    listed = (file.parent for file in files if "\n__all__ = " in file.read_text(encoding="utf-8"))
    return [".".join(folder.relative_to(REPOSITORY).parts) for folder in listed]


def page_of(path: str) -> str:
    """Where a file of the repository is on the site, from the top of each."""
    if path == "README.md":
        return "index.md"
    if path in TOP_PAGES:
        return path
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    package = path.removesuffix("/__init__.py").replace("/", ".")
    if path.endswith("/__init__.py") and package in faces():
        return f"{PYTHON}/{package}.md"
    return f"source/{path}.md"


def links_of(text: str, place: str) -> Iterator[tuple[str, str]]:
    """The links of a text that lead to files of the repository: each as it is written, and the file."""
    for _, target in _LINK.findall(text):
        if "://" not in target and not target.startswith("mailto:"):
            found = os.path.normpath(PurePosixPath(place).parent / target)
            if (REPOSITORY / found).is_file():
                yield target, found


def for_site(text: str, place: str) -> str:
    """The text of a page with its links as the site needs them."""
    leads = dict(links_of(text, place))
    folder = PurePosixPath(page_of(place)).parent

    def lead(link: re.Match[str]) -> str:
        target = leads.get(link[2])
        return link[0] if target is None else link[1] + os.path.relpath(page_of(target), folder)

    return _LINK.sub(lead, text)


def shown(path: str) -> str:
    """The page that shows a file which is not a page itself."""
    text = (REPOSITORY / path).read_text(encoding="utf-8").rstrip()
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`{3,}", text)), default=0))
    language = LANGUAGES.get(PurePosixPath(path).suffix, "text")
    head = f"---\ntitle: {path}\nsearch:\n  exclude: true\n---\n\n# `{path}`\n\n"
    return f"{head}{fence}{language}\n{text}\n{fence}\n"


def unfolded(nav: list[Any], pages: list[str]) -> list[Any]:
    """The nav with the pages of each folder in its place, in the order of their names, its index first."""
    whole: list[Any] = []
    for entry in nav:
        if isinstance(entry, str) and entry.endswith("/"):
            inside = [page for page in pages if PurePosixPath(page).parent == PurePosixPath(entry)]
            whole += sorted(inside, key=lambda page: (not page.endswith("/README.md"), page.removesuffix(".md")))
        elif isinstance(entry, dict):
            whole.append(
                {name: unfolded(each, pages) if isinstance(each, list) else each for name, each in entry.items()}
            )
        else:
            whole.append(entry)
    return whole


def pages() -> dict[str, str]:
    """Every page of the site with its text."""
    written = [path.relative_to(REPOSITORY).as_posix() for path in sorted((REPOSITORY / "docs").rglob("*.md"))]
    found, wanted = {}, set()
    for place in (*written, *TOP_PAGES):
        text = (REPOSITORY / place).read_text(encoding="utf-8")
        found[page_of(place)] = for_site(text, place)
        wanted |= {target for _, target in links_of(text, place) if page_of(target).startswith("source/")}
    found |= {page_of(path): shown(path) for path in wanted}
    return found | {f"{PYTHON}/{package}.md": f"# {package}\n\n::: {package}\n" for package in faces()}


def write(folder: Path) -> None:
    """Write what the generator reads: the pages, and `mkdocs.yml` with every folder of its nav unfolded."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(REPOSITORY / "docs", folder / "docs", ignore=shutil.ignore_patterns("*.md"))
    texts = pages()
    for page, text in texts.items():
        file = folder / "docs" / page
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    settings = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"))
    settings["nav"] = unfolded(settings["nav"], list(texts))
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def loaded_from_elsewhere(site: Path) -> list[str]:
    """What pages of a built site would load that is not of the site."""
    return [
        f"{page.relative_to(site)}: {found}"
        for page in sorted(site.rglob("*.html"))
        for found in _LOADED.findall(page.read_text(encoding="utf-8"))
    ]


def main() -> None:
    """Write the pages and build the site from them."""
    folder = REPOSITORY / "build" / "docs"
    write(folder)
    command = [
        sys.executable,
        "-m",
        "zensical",
        "build",
        "--strict",
        "--clean",
        "--config-file",
        str(folder / "mkdocs.yml"),
    ]
    subprocess.run(command, cwd=REPOSITORY, check=True)
    if elsewhere := loaded_from_elsewhere(folder / "site"):
        sys.exit("\n".join(["pages load something from elsewhere:", *elsewhere]))
    print(f"the site is in {(folder / 'site').relative_to(REPOSITORY)}/index.html")


if __name__ == "__main__":
    main()
