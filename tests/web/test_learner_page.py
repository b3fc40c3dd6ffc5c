"""The learner's page as one file: what is in it, what it allows itself, and how the service has it."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from registry.errors import SettingsError
from registry.language.catalogue import available, content, language
from registry.learning.items import Fate
from registry.learning.pathways.progress import Known, Outcome
from registry.learning.pathways.standing import Reason
from registry.service.web.page.kinds import Kind
from registry.service.web.page.settings import PageSettings, parse_page_settings, pathway_text
from registry.service.web.page.whole import name_of, page, written
from tests.web.test_page import ESBUILD, HOSTILE, MADE, REPOSITORY, Read, directives, hash_of, settings

FOLDER = REPOSITORY / "registry/service/web/learner"
PATHWAY = REPOSITORY / "docs/how-to/frameworks/information-systems-pathway.toml"
MOST_BYTES = 131_500
"""Of the whole page with its English texts, packed: a little above what it is (decision 85)."""
MOST_WORDS = 16_000
"""What another language adds, packed."""


def learner(**more: Any) -> bytes:
    return page(settings(**more), Kind.LEARNER)


def test_whoever_tells_the_hash_of_the_program_tells_the_same() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"SHA-256 of the program of a learner's page: `(\w+)`", changelog)
    read = Read(learner().decode())
    (program,) = read.texts["script"][2:]
    (shown,) = (text for text in read.texts["code"] if text)
    assert told == shown == Kind.LEARNER.script_hash == sha256(program.encode()).hexdigest()
    assert (FOLDER / "program.sha256").read_text() == f"{told}\n"


@pytest.mark.skipif(not ESBUILD.exists(), reason="node_modules has no esbuild: npm ci")
def test_the_program_is_what_its_modules_make() -> None:
    command = [sys.executable, "-m", "scripts.build_learner_page", "--check"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), "run scripts/build_learner_page.py"


def test_the_page_allows_itself_what_it_has_and_nothing_else() -> None:
    for served in (False, True):
        read = Read(page(settings(fixed=True), Kind.LEARNER, served=served).decode())
        allowed = directives(read)
        (style,) = read.texts["style"]
        assert allowed["default-src"] == ["'none'"]
        assert allowed["style-src"] == [hash_of(style)]
        assert allowed["script-src"] == [hash_of(read.texts["script"][2])]
        assert allowed["form-action"] == ["'none'"]
        # Not even the registry that has the page is asked for anything.
        assert allowed["connect-src"] == ["https://one.example", "https://two.example"]


def test_nothing_is_loaded_or_kept() -> None:
    read = Read(learner().decode())
    for tag, attributes in read.elements:
        assert not {"src", "style", "srcdoc", "action"} & set(attributes), tag
        assert not any(name.startswith("on") for name in attributes), tag
        assert attributes.get("href", "#main") in ("#main", "data:,"), tag
    program = Kind.LEARNER.script
    kept = ("localStorage", "sessionStorage", "indexedDB", "cookie =", "caches.open")
    for word in (*kept, "innerHTML", "eval(", "import(", "XMLHttpRequest", "sendBeacon"):
        assert word not in program, word
    # The one that asks endpoints, by `globalThis.fetch` where nobody gives it another.
    assert len(re.findall(r"globalThis\.fetch\(|(?<![\w.])fetch\(", program)) == 1


def test_settings_of_strangers_stay_text() -> None:
    read = Read(learner(institution=HOSTILE, issuers=[{"party": 7, "name": HOSTILE}]).decode())
    assert [tag for tag, _ in read.elements] == [tag for tag, _ in Read(learner().decode()).elements]
    assert json.loads(read.texts["script"][0])["issuers"] == [[7, HOSTILE]]


def test_a_pathway_of_the_institution_is_on_its_page() -> None:
    named = b'institution = "University"\npathways = ["is.toml"]\n'
    given = parse_page_settings(named, read={"is.toml": PATHWAY.read_bytes()}.__getitem__)
    told = json.loads(Read(page(given, Kind.LEARNER).decode()).texts["script"][0])
    assert told["pathways"] == [json.loads(pathway_text(PATHWAY.read_bytes(), "is.toml"))]
    assert "pathways" not in json.loads(Read(page(given).decode()).texts["script"][0])
    for content_of in (b"=", b"[pathway]\nid = 1\n"):
        with pytest.raises(SettingsError, match=r"pathways: is\.toml: ") as raised:
            parse_page_settings(named, where="page.toml", read={"is.toml": content_of}.__getitem__)
        assert raised.value.code == "page-settings"


def test_every_message_is_used_and_every_used_one_is_there() -> None:
    code = "".join(each.read_text() for each in FOLDER.glob("*.js") if each.name not in MADE)
    template = Kind.LEARNER.template
    messages = {key.removeprefix("learner.") for key in content("en")["messages"] if key.startswith("learner.")}
    used = set(re.findall(r"\{\{learner\.([\w.]+)\}\}", template)) | {"title", "titleOf", "intro", "introOf"}
    by_name = {key for key in messages if re.search(rf'"(?:learner\.)?{re.escape(key)}"', code)}
    fates = {f"fate.{each}" for each in (Fate.EXPIRED, Fate.REVOKED, Fate.SUSPENDED, Fate.NOT_YET_VALID)}
    made = {f"outcome.{each}" for each in Outcome} | {f"reason.{each}" for each in Reason}
    made |= fates | {f"complete.{each}" for each in Known}
    assert used | made <= messages
    assert messages - used - by_name - made == set()
    assert set(re.findall(r'(?<!\w)say\("([\w.]+)"', code)) <= messages
    of_portfolios = {f"portfolio.{key}" for key in re.findall(r'sayOfPortfolio\("([\w.]+)"', code)}
    assert of_portfolios <= set(content("en")["messages"])


@pytest.mark.parametrize("code", available())
def test_a_page_in_each_language(code: str) -> None:
    given = settings(languages=available())
    read, english = (Read(page(given, Kind.LEARNER, in_language=each).decode()) for each in (code, "en"))
    html = next(each for tag, each in read.elements if tag == "html")
    assert (html["lang"], html["dir"]) == (code, language(code).direction)
    links = {each["hreflang"]: each["href"] for tag, each in read.elements if tag == "a" and "hreflang" in each}
    assert links == {each: name_of(given, each, Kind.LEARNER) for each in available() if each != code}
    assert read.texts["script"][2] == english.texts["script"][2]
    carried = json.loads(read.texts["script"][1])["messages"]
    assert carried["learner.save"] == content(code)["messages"]["learner.save"]
    verifying = json.loads(Read(page(given, in_language=code).decode()).texts["script"][1])["messages"]
    assert not [key for key in verifying if key.startswith(("learner.", "portfolio."))]


def test_the_size(record_property: Any) -> None:
    sizes = {
        each: len(gzip.compress(page(settings(languages=[each]), Kind.LEARNER), 9, mtime=0)) for each in available()
    }
    record_property("gzip", sizes)
    print(f"the learner's page, gzip: {sizes}")
    assert sizes["en"] < MOST_BYTES
    assert max(sizes.values()) < MOST_BYTES + MOST_WORDS


def test_as_an_app_it_keeps_its_own_files() -> None:
    files = written(settings(), Kind.LEARNER)
    assert set(files) == {"learner.html", "index.html", "manifest.webmanifest", "sw.js"}
    assert files["learner.html"] == learner()
    assert b'globalThis.STORE = "testamur-learner"' in files["sw.js"]
    assert b'globalThis.STORE = "testamur-page"' in written(settings())["sw.js"]


def test_the_lookup_service_has_it_beside_the_page_that_checks(tmp_path: Path) -> None:
    from starlette.testclient import TestClient

    from registry.database.engine import open_database
    from tests.registry.service.conftest import CHAIN, CONTRACT, Stand

    stand = Stand(tmp_path, open_database(f"sqlite:///{tmp_path / 'testamur.db'}"))
    client = TestClient(stand.app)
    answer = client.get("/learner", headers={"Accept": "text/html", "Accept-Language": "fr"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert (answer.headers["Vary"], answer.headers["Content-Language"]) == ("Accept, Accept-Language", "fr")
    assert "set-cookie" not in answer.headers
    given = PageSettings(chain=CHAIN, contract=CONTRACT)
    assert answer.content == page(given, Kind.LEARNER, served=True, as_app=True, in_language="fr")
    script = next(each for tag, each in Read(answer.text).elements if tag == "script" and "data-worker" in each)
    assert script == {
        "data-manifest": "learner.webmanifest",
        "data-worker": "learner-sw.js",
        "data-scope": "learner",
    }
    assert (
        client.get("/learner", headers={"If-None-Match": answer.headers["ETag"], "Accept-Language": "fr"}).status_code
        == 304
    )
    shown = client.get("/learner.webmanifest", headers={"Accept-Language": "fr"})
    keeps = client.get("/learner-sw.js", headers={"Accept-Language": "fr"})
    assert (shown.headers["Content-Type"], shown.json()["start_url"]) == ("application/manifest+json", "learner")
    assert sha256(answer.content).hexdigest() in keeps.text
    assert keeps.headers["Content-Security-Policy"] == "default-src 'none'; connect-src 'self'"
    assert '<a href="/learner">' in client.get("/", headers={"Accept": "text/html"}).text
    stand.engine.dispose()
