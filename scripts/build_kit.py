"""One ZIP for a USB stick: the documentation, the page that verifies, and the courses: `make kit`.

    python -m scripts.build_kit [FILE]        by default build/testamur-kit.zip

Everything in it works from a disk: links are relative, and a policy in each page refuses what is not in the ZIP. The
pages of the documentation are those of the site, rendered by `scripts.plain_pages`: why not by the site's own theme is
told in docs/explanation/decisions/0073-kit-without-the-theme.md. The same sources give the same bytes.
"""

from __future__ import annotations

import ast
import html
import re
import sys
import zipfile
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Final

import orjson

from anchor.demo.samples import ISSUERS, credentials
from registry.chain.editions import second
from registry.credential.digest import digest_document
from registry.embedded.genesis import CHAIN_ID
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt, to_json
from registry.service.web.page.kinds import Kind
from registry.service.web.page.settings import PageSettings
from registry.service.web.page.whole import written
from scripts import build_training, site
from scripts.plain_pages import relative, rendered, title_of, whole

REPOSITORY: Final = Path(__file__).parents[1]
OUTPUT: Final = REPOSITORY / "build" / "testamur-kit.zip"
MOST_BYTES: Final = 5_000_000
TOP: Final = "testamur-kit"
DOCS, TRAINING, VERIFY, SAMPLE = "docs", "training", "verify", "sample"
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)


def files() -> dict[str, bytes]:
    """Every file of the kit by its place."""
    made = {f"{DOCS}/{place}": content for place, content in _documentation().items()}
    made |= {f"{TRAINING}/{place}": content for place, content in build_training.pages(f"../{DOCS}").items()}
    # Of the practice chain, until whoever uses it names another one on the page: no endpoint is asked by itself.
    page = PageSettings(chain=f"eip155:{CHAIN_ID}", contract=second().address)
    made |= {f"{VERIFY}/{Kind.VERIFY.file}": written(page)[Kind.VERIFY.file]}
    made |= {f"{SAMPLE}/{name}": content for name, content in _sample().items()}
    return made | {"index.html": _index(sorted(made)).encode()}


def _documentation() -> dict[str, bytes]:
    """The pages of the site, the pictures, and what a page lets be downloaded."""
    sources = {page: text for page, text in site.pages().items() if not page.startswith("training/")}
    made = {}
    for page, text in sources.items():
        place = page_of(page)
        text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
        if page.startswith(f"{site.PYTHON}/"):
            body = _face(page)
        else:
            body = rendered(text, lambda target, page=page: _lead(page, target, sources))
        ways = [("Testamur", relative("../index.html", place)), ("Documentation", relative("index.html", place))]
        made[place] = whole(title_of(text) or page, body, language="en", ways=ways, skip="Go to the content").encode()
    for path in sorted((REPOSITORY / "docs").rglob("*")):
        own = path.relative_to(REPOSITORY / "docs")
        if path.is_file() and path.suffix not in (".md", ".css") and own.parts[0] != "training":
            made[own.as_posix()] = path.read_bytes()
    return made


def page_of(page: str) -> str:
    """The HTML file of a page of the site."""
    path = PurePosixPath(page)
    return str(path.with_name("index.html") if path.name == "README.md" else path.with_suffix(".html"))


def _lead(page: str, target: str, sources: dict[str, str]) -> str | None:
    """Where a link of a page of the site leads in the kit."""
    file, mark, fragment = target.partition("#")
    found = relative_to_top(str(PurePosixPath(page).parent), file)
    if found.startswith("training/"):
        there = {str(path.relative_to(REPOSITORY / "docs")): place for place, path in build_training.sources().items()}
        place = there.get(found)
        return None if place is None else relative(f"../{TRAINING}/{place}", page_of(page)) + mark + fragment
    if found in sources:
        return relative(page_of(found), page_of(page)) + mark + fragment
    return relative(found, page_of(page)) if (REPOSITORY / "docs" / found).is_file() else None


def relative_to_top(folder: str, target: str) -> str:
    """A link of a page in a folder, from the top."""
    parts: list[str] = [each for each in PurePosixPath(folder).parts if each != "."]
    for part in PurePosixPath(target).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _face(page: str) -> str:
    """The names of a package and what each is, from its docstrings, without loading anything."""
    package = PurePosixPath(page).stem
    folder = REPOSITORY.joinpath(*package.split("."))
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    names = {found.group(1) for found in re.finditer(r'"(\w+)"', ast.unparse(tree))}
    parts = [f"<h1>{package}</h1>", f'<pre tabindex="0">{html.escape(ast.get_docstring(tree) or "")}</pre>']
    for path in sorted(folder.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name in names:
                said = html.escape(ast.get_docstring(node) or "")
                kind = "class " if isinstance(node, ast.ClassDef) else ""
                given = f"({html.escape(ast.unparse(node.args))})" if isinstance(node, ast.FunctionDef) else ""
                parts.append(
                    f'<h2 id="{node.name}"><code>{kind}{node.name}{given}</code></h2><pre tabindex="0">{said}</pre>'
                )
    return "\n".join(parts)


def _sample() -> dict[str, bytes]:
    """A diploma that is made up, with a receipt of a practice chain that nobody has: only its form can be checked."""
    (document,) = credentials(1, seed=7, issuer=ISSUERS[2])
    digest = digest_document(document)
    with Tree.build([digest.value]) as tree:
        receipt = Receipt.of_batch(
            digest,
            tree.root,
            tree.inclusion(0),
            chain=f"eip155:{CHAIN_ID}",
            contract=second().address.lower(),
            issuer=1,
        )
    return {
        "diploma.json": orjson.dumps(document, option=orjson.OPT_INDENT_2),
        "diploma.json.receipt.json": to_json(receipt),
    }


def _index(places: list[str]) -> str:
    found = [
        (language, course, f"{TRAINING}/{language}/{course}/index.html")
        for language in build_training.languages()
        for course in ("registrars", "verifiers", "agencies", "kit", "toolkit")
    ]
    courses = "".join(
        f'<li><a lang="{language}" href="{place}">{html.escape(_title(language, course))}</a></li>'
        for language, course, place in found
        if place in places
    )
    body = f"""<h1>Testamur on a stick</h1>
<p>The documentation, the page that verifies, and the courses. Nothing here asks the internet for anything.</p>
<h2>Check a diploma</h2>
<p><a href="{VERIFY}/{Kind.VERIFY.file}">The page that verifies</a>: drop a document and its receipt on it. Without a
network it can look at the document and its receipt, and says of everything else that it could not be checked. To try
it: <a href="{SAMPLE}/diploma.json">a sample diploma</a> and <a href="{SAMPLE}/diploma.json.receipt.json">its
receipt</a>.</p>
<h2>Courses and kits</h2>
<ul>{courses}</ul>
<p><a href="{TRAINING}/index.html">All of them, and how to give a course</a>.</p>
<h2>Documentation</h2>
<p><a href="{DOCS}/index.html">The whole documentation</a>; <a href="{DOCS}/reference/glossary.html">the words</a>;
<a href="{DOCS}/reference/commands.html">the commands</a>.</p>"""
    return whole("Testamur on a stick", body, language="en", ways=[], skip="")


def _title(language: str, course: str) -> str:
    return title_of((build_training.SOURCE / language / course / "README.md").read_text(encoding="utf-8"))


def packed(made: dict[str, bytes]) -> bytes:
    """The ZIP; the same files give the same bytes."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for place in sorted(made):
            entry = zipfile.ZipInfo(f"{TOP}/{place}", _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, made[place])
    return out.getvalue()


def main() -> None:
    """Write the kit."""
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    made = files()
    content = packed(made)
    if len(content) > MOST_BYTES:
        sys.exit(f"the kit has {len(content):,} bytes, and {MOST_BYTES:,} are the most")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(content)
    print(f"{output}: {len(content):,} bytes, {len(made):,} files; unpack it and open {TOP}/index.html")


if __name__ == "__main__":
    main()
