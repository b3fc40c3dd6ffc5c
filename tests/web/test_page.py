"""The page that verifies in a browser: one file, made of its modules, that asks for slots and shows verdicts."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from registry.document.reading import read_document
from registry.errors import SettingsError
from registry.language.catalogue import available, content, language
from registry.language.said import say
from registry.receipt.model import embed, to_json
from registry.service.web.page.kinds import Kind
from registry.service.web.page.look import MOST_LOGO, contrast, illegible
from registry.service.web.page.settings import PageSettings, parse_page_settings
from registry.service.web.page.whole import languages_of, name_of, page, written
from registry.untrusted.cells import csv_lines
from registry.verify.rows import COLUMNS, Row
from registry.verify.verdict import CHECK_NAMES, POLICY_CHECK_NAMES
from tests.registry.chain.worlds import World
from tests.registry.verifier.lies import verdict_of
from tests.web.endpoints import NAMES, URI, Issued, document_of, endpoints, evidence_of, without_proofs
from tests.web.javascript import run_javascript

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "registry/service/web/page"
SHARED = REPOSITORY / "registry/service/web/browser"
"""What all pages have."""
ESBUILD = REPOSITORY / "node_modules/.bin/esbuild"
MOST_BYTES = 112_000
"""Of the whole page with its English texts, packed: a little above what it is (decisions 47, 65 and 85)."""
MADE = ("messages.js", "program.js")
HOSTILE = "</script><img src=x onerror=alert(1)>\"'&\u2028\u2029<!--{{script}}\u202e"


class Read(HTMLParser):
    """The elements of a page, and the text of those that hold no elements."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._within = tag
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within:
            self.texts[self._within][-1] += data


def settings(**more: Any) -> PageSettings:
    return PageSettings.model_validate(
        {"chain": "eip155:1", "endpoints": ["https://one.example/k", "https://two.example/"], **more}
    )


def directives(read: Read) -> dict[str, list[str]]:
    (policy,) = (each["content"] for tag, each in read.elements if each.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    return {name: values for name, *values in (each.split() for each in policy.split(";"))}


def hash_of(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def test_the_same_settings_make_the_same_page() -> None:
    before = page(settings())
    page.cache_clear()
    assert page(settings()) == before


def test_whoever_tells_the_hash_of_the_program_tells_the_same() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"SHA-256 of its program: `(\w+)`", re.split(r"^## ", changelog, flags=re.M)[1])
    (program,) = Read(page(settings()).decode()).texts["script"][2:]
    (shown,) = (text for text in Read(page(settings()).decode()).texts["code"] if text)
    assert told == shown == Kind.VERIFY.script_hash == sha256(program.encode()).hexdigest()
    assert (FOLDER / "program.sha256").read_text() == f"{told}\n"


@pytest.mark.skipif(not ESBUILD.exists(), reason="node_modules has no esbuild: npm ci")
def test_the_program_is_what_its_modules_make() -> None:
    script = REPOSITORY / "scripts/build_verify_page.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), "run scripts/build_verify_page.py"


def test_the_page_allows_itself_what_it_has_and_nothing_else() -> None:
    read = Read(page(settings()).decode())
    allowed = directives(read)
    assert allowed["default-src"] == ["'none'"]
    (style,) = read.texts["style"]
    of_settings, _, program = read.texts["script"]
    assert allowed["style-src"] == [hash_of(style)]
    assert allowed["script-src"] == [hash_of(program)]
    assert program == Kind.VERIFY.script
    assert json.loads(of_settings)["endpoints"] == ["https://one.example/k", "https://two.example/"]
    assert allowed["connect-src"] == ["https:", "http://localhost:*", "http://127.0.0.1:*"]
    assert allowed["form-action"] == ["'none'"]
    fixed = directives(Read(page(settings(fixed=True)).decode()))
    assert fixed["connect-src"] == ["https://one.example", "https://two.example"]
    # A registry that has the page is asked, too, where its user says so.
    served = directives(Read(page(settings(fixed=True), served=True).decode()))
    assert served["connect-src"] == ["https://one.example", "https://two.example", "'self'"]


def test_nothing_is_loaded_kept_or_sent_but_questions() -> None:
    text = page(PageSettings()).decode()
    read = Read(text)
    for tag, attributes in read.elements:
        assert not {"src", "style", "srcdoc", "action"} & set(attributes), tag
        assert not any(name.startswith("on") for name in attributes), tag
        assert attributes.get("href", "#main") in ("#main", "data:,"), tag
    for word in (
        "localStorage",
        "sessionStorage",
        "indexedDB",
        "cookie =",
        "innerHTML",
        "eval(",
        "import(",
        "XMLHttpRequest",
    ):
        assert word not in Kind.VERIFY.script, word
    # The one that asks endpoints, by `globalThis.fetch` where nobody gives it another; and the registry's.
    assert len(re.findall(r"globalThis\.fetch\(|(?<![\w.])fetch\(", Kind.VERIFY.script)) == 2
    assert "no-referrer" in next(each["content"] for _, each in read.elements if each.get("name") == "referrer")


def test_settings_of_strangers_stay_text() -> None:
    given = settings(institution=HOSTILE, issuers=[{"party": 7, "name": HOSTILE}])
    text = page(given).decode()
    read = Read(text)
    assert [tag for tag, _ in read.elements] == [tag for tag, _ in Read(page(settings()).decode()).elements]
    assert json.loads(read.texts["script"][0])["issuers"] == [[7, HOSTILE]]
    assert "<img" not in text.replace(Kind.VERIFY.script, "")
    assert not {"\u2028", "\u2029"} & set(read.texts["script"][0])
    assert "{{script}}" in read.texts["h1"][0]


@pytest.mark.parametrize(
    "wrong",
    [
        'endpoints = ["http://evil.example/"]\nchain = "eip155:1"',
        'endpoints = ["https://a.example; script-src *"]\nchain = "eip155:1"',
        'endpoints = ["https://a:b@a.example/"]\nchain = "eip155:1"',
        'endpoints = ["https://*.example/"]\nchain = "eip155:1"\nfixed = true',
        'endpoints = ["https://a.example:*/"]\nchain = "eip155:1"\nfixed = true',
        'endpoints = ["https://a.example/"]',
        "fixed = true",
        'chain = "1"',
        "quorum = 3",
        'contract = "0x12"',
        "color = 1",
        'colour = "red"',
        'institution = "x"\ncolour = "#ffcc00"',
        'institution = "x"\ncolour_dark = "#1b1f24"',
        'institution = "x"\nlogo = "https://elsewhere.example/logo.png"',
        'languages = ["tlh"]',
        'languages = ["fr", "fr"]',
        'witnesses = "quorum"',
        'chain = "eip155:1"\n[[validators]]\naddress = "0x1"\nname = "x"',
        'chain = "eip155:1"\n[[issuers]]\nparty = 0\nname = "x"',
        # In the field of the page it would be two parties.
        'chain = "eip155:1"\n[[issuers]]\nparty = 7\nname = "x\\n8 y"',
        '[[bodies]]\nparty = 3\nname = "x"',
        'chain = "eip155:1"\n[[bodies]]\nparty = 3',
        'chain = "eip155:1"\n[[bodies]]\nparty = 3\nname = "x"\n[[bodies]]\nparty = 3\nname = "y"',
        "=",
    ],
)
def test_settings_that_make_no_sense(wrong: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse_page_settings(wrong.encode(), where="page.toml")
    assert raised.value.code == "page-settings"


def test_settings_from_a_file() -> None:
    text = 'institution = "University"\nchain = "eip155:1"\n[[issuers]]\nparty = 7\nname = "University"\n'
    content = parse_page_settings((text + '[[bodies]]\nparty = 3\nname = "Agency"\n').encode()).content
    assert (content["institution"], content["issuers"], content["quorum"]) == ("University", [[7, "University"]], 1)
    assert content["bodies"] == [[3, "Agency"]]


PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("picture", "kind"),
    [
        (PNG + b"x", "png"),
        (b"<svg />", "svg+xml"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a -->\n<svg xmlns="http://www.w3.org/2000/svg"/>', "svg+xml"),
        (b"<html><svg></svg></html>", None),
        # As many comments as there is room for, and nothing after them: read in the time of one.
        (b"<!---->" * (MOST_LOGO // 7), None),
        (b"GIF89a", None),
        (PNG + bytes(MOST_LOGO), None),
        (b"", None),
    ],
)
def test_a_logo_is_held_by_the_page(picture: bytes, kind: str | None) -> None:
    def parsed() -> PageSettings:
        text = b'institution = "University"\nlogo = "logo"\n'
        return parse_page_settings(text, read={"logo": picture}.__getitem__)

    if kind is None:
        with pytest.raises(SettingsError, match="logo"):
            parsed()
        return
    (image,) = (each for tag, each in Read(page(parsed()).decode()).elements if tag == "img")
    assert image == {
        "class": "logo",
        "src": f"data:image/{kind};base64,{b64encode(picture).decode()}",
        "alt": "",
    }


def test_a_logo_without_a_name_says_nothing_to_who_does_not_see_it() -> None:
    with pytest.raises(SettingsError, match="needs the name"):
        parse_page_settings(b'logo = "logo"', read={"logo": PNG}.__getitem__)


def test_colours_are_legible_on_those_of_the_page() -> None:
    # 4.54 and 4.48 to 1 on white (WCAG's own examples of what is just enough and what is not).
    assert (round(contrast("#767676", "#fff"), 2), round(contrast("#777777", "#ffffff"), 2)) == (4.54, 4.48)
    assert contrast("#000000", "#fff") == 21
    # On the shade it is less than on white: that one counts.
    assert illegible("#767676", dark=False) == (
        "#767676 on #f6f8fa has a contrast of 4.2 to 1, and text needs 4.5: take a darker one"
    )
    assert "take a lighter one" in str(illegible("#1f5fa8", dark=True))
    read = Read(page(PageSettings(colour="#7a1f5c")).decode())
    (style,) = read.texts["style"]
    assert "--link: #7a1f5c" in style.partition("(prefers-color-scheme: light)")[2]
    assert directives(read)["style-src"] == [hash_of(style)]


def test_as_an_app_it_has_one_more_script_and_may_keep_its_files() -> None:
    files = written(settings())
    assert set(files) == {"verify.html", "index.html", "manifest.webmanifest", "sw.js"}
    assert files["verify.html"] == page(settings())
    read = Read(files["index.html"].decode())
    allowed = directives(read)
    assert allowed["script-src"] == [hash_of(each) for each in read.texts["script"][2:]]
    assert (allowed["worker-src"], allowed["manifest-src"]) == (["'self'"], ["'self'"])
    assert not {"worker-src", "manifest-src"} & set(directives(Read(files["verify.html"].decode())))
    hashes = json.loads(files["sw.js"].decode().partition(" = ")[2].partition(";\n")[0])
    names = {"./": "index.html"}
    assert {name: sha256(files[names.get(name, name)]).hexdigest() for name in hashes} == hashes


def test_every_message_is_used_and_every_used_one_is_there() -> None:
    modules = (each for folder in (FOLDER, SHARED) for each in folder.glob("*.js") if each.name not in MADE)
    code = "".join(each.read_text() for each in modules)
    template, python = Kind.VERIFY.template, (FOLDER / "whole.py").read_text()
    messages = {key.removeprefix("page.") for key in content("en")["messages"] if key.startswith("page.")}
    used = set(re.findall(r"\{\{message\.([\w.]+)\}\}", template)) | set(re.findall(r'_said\(spoken, "(\w+)"', python))
    used |= set(re.findall(r"_said\(spoken, '(\w+)'", python))
    by_name = {key for key in messages if re.search(rf'"(?:page\.)?{re.escape(key)}"', code)}
    checks = set(CHECK_NAMES + POLICY_CHECK_NAMES)
    outcomes = {"valid", "valid with a warning", "not valid", "could not be checked"}
    made = checks | {"pass", "fail", "warn", "unknown"} | outcomes
    made |= {f"{each}.text" for each in outcomes} | {key for key in messages if key.startswith("doesNot.")}
    made |= {f"{word}.{each}" for word in ("means", "meansNot") for each in checks} | {
        "title",
        "titleOf",
        "intro",
        "introOf",
    }
    assert used <= messages
    assert messages - used - by_name - made == set()
    assert set(re.findall(r'\bsay\("([\w.]+)"', code)) <= messages


@pytest.mark.parametrize("code", available())
def test_a_page_in_each_language(code: str) -> None:
    given = settings(languages=available())
    read, english = (Read(page(given, in_language=each).decode()) for each in (code, "en"))
    html = next(each for tag, each in read.elements if tag == "html")
    assert (html["lang"], html["dir"]) == (code, language(code).direction)
    links = {each["hreflang"]: each["href"] for tag, each in read.elements if tag == "a" and "hreflang" in each}
    assert links == {each: name_of(given, each) for each in available() if each != code}
    # One program in all of them, and nothing but words is another.
    assert read.texts["script"][2] == english.texts["script"][2] == Kind.VERIFY.script
    assert [(tag, each.get("id")) for tag, each in read.elements if tag != "p"] == [
        (tag, each.get("id")) for tag, each in english.elements if tag != "p"
    ]
    carried = json.loads(read.texts["script"][1])
    assert carried["messages"]["page.check"] == content(code)["messages"]["page.check"]
    assert not [key for key in carried["messages"] if key.startswith(("cli.", "absence."))]
    footer = language(code).text(say("page.unreviewed"))
    shown = page(given, in_language=code).decode().partition("<script")[0].replace("&#x27;", "'")
    assert (footer in shown) == (not language(code).reviewed_by)


def test_which_languages_a_page_has() -> None:
    assert languages_of(settings()) == ("en",)
    assert languages_of(settings(), served=True) == available()
    chosen = settings(languages=["fr", "en"])
    assert [name_of(chosen, each) for each in languages_of(chosen)] == ["verify.html", "verify.en.html"]
    assert page(chosen) == page(chosen, in_language="fr")
    served = Read(page(chosen, served=True).decode())
    assert [each["href"] for tag, each in served.elements if tag == "a"] == ["#main", "?language=en"]


def test_the_size(record_property: Any) -> None:
    sizes = {each: len(gzip.compress(page(settings(languages=[each])), 9, mtime=0)) for each in available()}
    record_property("gzip", sizes)
    print(f"the page, gzip: {sizes}")
    assert sizes["en"] < MOST_BYTES
    # Every other language brings its own words beside the English ones of the record.
    assert max(sizes.values()) < MOST_BYTES + 12_000


def test_labels_and_places() -> None:
    read = Read(page(PageSettings(), served=True).decode())
    labelled = {each["for"] for tag, each in read.elements if tag == "label"}
    fields = {each["id"] for tag, each in read.elements if tag in ("input", "textarea")}
    assert fields == labelled
    assert next(each for tag, each in read.elements if tag == "html")["lang"] == "en"
    result = next(each for _, each in read.elements if each.get("id") == "result")
    assert (result["role"], result["tabindex"]) == ("status", "-1")
    assert next(each for tag, each in read.elements if tag == "form")["action"] == "/search"


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issued]:
    from registry.embedded.chain import EmbeddedChain

    with EmbeddedChain(tmp_path_factory.mktemp("chain") / "chain") as chain:
        yield Issued(World("embedded", chain.client()))


def table_of(issued: Issued) -> dict[str, Any]:
    """Documents whose names are formulas, quotes and lines to a spreadsheet, and Python's table of their verdicts."""
    given, lines = [], [csv_lines([COLUMNS])]
    for name, word in zip(NAMES, ('=1+1 "x"', "-a,b\nc", " @x", 'a;=1+1;"-2"\n @3;b'), strict=True):
        receipt = to_json(issued.receipts[name])
        document, file = issued.documents[name], f"{word}.json"
        given.append({"document": document.decode(), "receipt": receipt.decode(), "name": file})
        verdict = verdict_of(issued.client, issued.receipts[name], 1, reading=read_document(document, file))
        lines.append(Row.of(verdict).line())
    return {"given": given, "expect": b"".join(lines).decode()}


def test_what_is_brought_is_judged_as_python_does(issued: Issued, tmp_path: Path) -> None:
    named = dict(zip(("good", "revoked", "suspended", "revoked by place"), NAMES, strict=True)) | {"level": "level"}
    level = {"achievement": {"alignment": [{"targetFramework": "EQF", "targetCode": "6"}]}}
    address = {"id": URI, "address": {"addressCountryCode": "IE"}}
    issued.anchor({"level": document_of("Ada", credentialSubject=level, issuer=address)})
    with endpoints(issued.client, None, without_proofs) as (honest, liar):
        credentials = {}
        for word, name in named.items():
            receipt = issued.receipts[name]
            credentials[word] = {
                "document": issued.documents[name].decode(),
                "digest": issued.digests[name].hex,
                "root": receipt.root.hex(),
                "receipt": to_json(receipt).decode(),
                "embedded": json.dumps(embed(json.loads(issued.documents[name]), receipt)),
                "expect": verdict_of(issued.client, receipt, 1).to_dict(),
            }
        run_javascript(
            "page",
            {
                "chain": issued.chain,
                "contract": issued.contract.address.lower(),
                "honest": [honest.url],
                "liar": [liar.url],
                "down": ["http://127.0.0.1:9/"],
                "level": credentials.pop("level"),
                "credentials": credentials,
                "evidence": evidence_of(issued, issued.receipts[NAMES[0]]),
                "table": table_of(issued),
            },
            tmp_path,
        )


def test_the_lookup_service_has_the_page_of_its_registry(tmp_path: Path) -> None:
    from starlette.testclient import TestClient

    from registry.database.engine import open_database
    from tests.registry.service.conftest import CHAIN, CONTRACT, Stand

    stand = Stand(tmp_path, open_database(f"sqlite:///{tmp_path / 'testamur.db'}"))
    client = TestClient(stand.app)
    answer = client.get("/verify", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers
    content = json.loads(Read(answer.text).texts["script"][0])
    assert (content["chain"], content["contract"], content["endpoints"]) == (CHAIN, CONTRACT, [])
    assert answer.content == page(PageSettings(chain=CHAIN, contract=CONTRACT), served=True, as_app=True)
    assert (answer.headers["Vary"], answer.headers["Content-Language"]) == ("Accept, Accept-Language", "en")
    for path, wanted, code in (
        ("/verify", "fr-CA,en;q=0.5", "fr"),
        ("/verify", "tlh, fr;q=0.2, en;q=0.1", "fr"),
        ("/verify", "fr;q=0, *", "en"),
        ("/verify?language=fr", "en", "fr"),
        ("/verify?language=tlh", "fr", "fr"),
        ("/verify?language=%3Cb%3E", "", "en"),
    ):
        spoken = client.get(path, headers={"Accept": "text/html", "Accept-Language": wanted})
        assert spoken.headers["Content-Language"] == code
        assert next(each for tag, each in Read(spoken.text).elements if tag == "html")["lang"] == code
    again = client.get("/verify", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    shown, keeps = client.get("/manifest.webmanifest"), client.get("/sw.js")
    assert (shown.headers["Content-Type"], shown.json()["start_url"]) == ("application/manifest+json", "verify")
    # What keeps the page asks this service alone, and keeps what is served here.
    assert keeps.headers["Content-Security-Policy"] == "default-src 'none'; connect-src 'self'"
    assert sha256(answer.content).hexdigest() in keeps.text
    stand.engine.dispose()


def test_an_institution_is_set_apart_where_the_language_runs_from_right_to_left() -> None:
    shown = page(settings(institution="University of Example"), in_language="ar").decode()
    assert shown.count("\u2068University of Example\u2069") == 3
    assert "\ufffd" not in shown.partition("<script")[0]
    turned = Read(page(settings(institution="x\u2069\u202ey"), in_language="ar").decode())
    assert "\u2068x\ufffd\ufffdy\u2069" in turned.texts["title"][0]
