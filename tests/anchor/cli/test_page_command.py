"""`testamur page`: the page as a file, with an institution's settings in it."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from registry.service.web.page.kinds import Kind
from registry.service.web.page.settings import PageSettings
from registry.service.web.page.whole import page
from tests.conftest import Run

SETTINGS = """institution = "Université <b>"
chain = "eip155:1"
endpoints = ["https://one.example/"]
fixed = true
[[issuers]]
party = 7
name = "Université"
"""


def test_the_page_is_written_and_its_hashes_are_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.toml").write_text(SETTINGS, encoding="utf-8")
    told = run("page", "-o", "site", "--page-settings", "page.toml", "--hash", "--json").json
    whole = (tmp_path / "site/verify.html").read_bytes()
    assert told["sha256"] == {"program": Kind.VERIFY.script_hash, "page": sha256(whole).hexdigest()}
    assert told["bytes"] == len(whole)
    assert "Université &lt;b&gt;" in whole.decode()
    assert Kind.VERIFY.script_hash in whole.decode()
    assert sorted(each.name for each in (tmp_path / "site").iterdir()) == [
        "index.html",
        "manifest.webmanifest",
        "sw.js",
        "verify.html",
    ]
    assert not (tmp_path / "testamur-data").exists()


def test_the_settings_file_of_the_program_may_name_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "testamur.toml").write_text('page_settings = "page.toml"', encoding="utf-8")
    named = run("page", "--hash", "--json").json["sha256"]["page"]
    (tmp_path / "testamur.toml").unlink()
    assert run("page", "--hash", "--json").json["sha256"]["page"] == sha256(page(PageSettings())).hexdigest() != named
    shown = run("page", "-o", "site").out
    assert "names no endpoint" in shown


def test_a_logo_lies_beside_the_settings(run: Run, tmp_path: Path) -> None:
    (tmp_path / "look").mkdir()
    (tmp_path / "look/page.toml").write_text('institution = "University"\nlogo = "logo.svg"', encoding="utf-8")
    told = run("page", "-o", "site", "--page-settings", "look/page.toml", "--json")
    assert (told.code, told.json["error"]["code"]) == (1, "page-settings")
    assert "logo: it cannot be read" in told.json["error"]["what"]
    (tmp_path / "look/logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    assert run("page", "-o", "site", "--page-settings", "look/page.toml").code == 0
    assert '<img class="logo" src="data:image/svg+xml;base64,PHN2' in (tmp_path / "site/verify.html").read_text("utf-8")


def test_what_cannot_be_done_is_told(run: Run, tmp_path: Path) -> None:
    assert run("page").code == 1
    assert run("page", "--hash", "--page-settings", "nowhere.toml", "--json").json["error"]["code"] == "page-settings"
    (tmp_path / "file").touch()
    assert run("page", "-o", "file/site", "--json").json["error"]["code"] == "unwritable"
