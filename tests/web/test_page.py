"""The page that verifies in a browser: one file, made of its modules, that asks for slots and shows verdicts."""

from __future__ import annotations

import gzip
import json
import re
import runpy
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from registry.errors import SettingsError
from registry.proofs.checkpoints import Entry, checkpoints_of
from registry.proofs.notes import KeyKind, SignerKey
from registry.receipt.model import Receipt, embed, to_json
from registry.service.web.page.program import forget, messages, script, stripped
from registry.service.web.page.settings import PageSettings, parse_page_settings
from registry.service.web.page.whole import page, program_hash
from registry.verifier.gathering import Leaves, gather
from tests.registry.chain.worlds import World
from tests.registry.verifier.lies import verdict_of
from tests.web.endpoints import NAMES, Issued, endpoints
from tests.web.javascript import run_javascript

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "registry/service/web/page"
NOBLE = REPOSITORY / "node_modules/@noble/hashes"
MOST_BYTES = 92_000
"""Packed. By far the most of it is the verifier; names are not shortened."""
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


def test_the_same_files_make_the_same_page() -> None:
    before = page(settings())
    forget()
    page.cache_clear()
    assert page(settings()) == before
    assert (FOLDER / "program.sha256").read_text() == f"{program_hash()}\n", "run scripts/build_verify_page.py"


@pytest.mark.skipif(not NOBLE.exists(), reason="node_modules has no @noble/hashes: npm ci")
def test_what_is_of_others_is_as_the_package_has_it() -> None:
    built = runpy.run_path(str(REPOSITORY / "scripts/build_verify_page.py"), run_name="built")
    assert built["noble"]() == (FOLDER / "noble.js").read_text(encoding="utf-8")


def test_the_page_allows_itself_what_it_has_and_nothing_else() -> None:
    read = Read(page(settings()).decode())
    allowed = directives(read)
    assert allowed["default-src"] == ["'none'"]
    (style,) = read.texts["style"]
    of_settings, program = read.texts["script"]
    assert allowed["style-src"] == [hash_of(style)]
    assert allowed["script-src"] == [hash_of(program)]
    assert program == script()
    assert json.loads(of_settings)["endpoints"] == ["https://one.example/k", "https://two.example/"]
    assert allowed["connect-src"] == ["https:", "http://localhost:*", "http://127.0.0.1:*"]
    assert allowed["form-action"] == ["'none'"]
    fixed = directives(Read(page(settings(fixed=True)).decode()))
    assert fixed["connect-src"] == ["https://one.example", "https://two.example"]


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
        assert word not in script(), word
    # The one that asks endpoints, by `globalThis.fetch` where nobody gives it another.
    assert len(re.findall(r"globalThis\.fetch\(|(?<![\w.])fetch\(", script())) == 1
    assert "no-referrer" in next(each["content"] for _, each in read.elements if each.get("name") == "referrer")


def test_settings_of_strangers_stay_text() -> None:
    given = settings(institution=HOSTILE, issuers=[{"party": 7, "name": HOSTILE}])
    text = page(given).decode()
    read = Read(text)
    assert [tag for tag, _ in read.elements] == [tag for tag, _ in Read(page(settings()).decode()).elements]
    assert json.loads(read.texts["script"][0])["issuers"] == [[7, HOSTILE]]
    assert "<img" not in text.replace(script(), "")
    assert not {"\u2028", "\u2029"} & set(read.texts["script"][0])
    assert "{{script}}" in read.texts["h1"][0]


@pytest.mark.parametrize(
    "wrong",
    [
        'endpoints = ["http://evil.example/"]\nchain = "eip155:1"',
        'endpoints = ["https://a.example; script-src *"]\nchain = "eip155:1"',
        'endpoints = ["https://a:b@a.example/"]\nchain = "eip155:1"',
        'endpoints = ["https://a.example/"]',
        "fixed = true",
        'chain = "1"',
        "quorum = 3",
        'contract = "0x12"',
        "colour = 1",
        'witnesses = "quorum"',
        'chain = "eip155:1"\n[[validators]]\naddress = "0x1"\nname = "x"',
        'chain = "eip155:1"\n[[issuers]]\nparty = 0\nname = "x"',
        "=",
    ],
)
def test_settings_that_make_no_sense(wrong: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse_page_settings(wrong.encode(), where="page.toml")
    assert raised.value.code == "page-settings"


def test_settings_from_a_file() -> None:
    text = 'institution = "University"\nchain = "eip155:1"\n[[issuers]]\nparty = 7\nname = "University"\n'
    content = parse_page_settings(text.encode()).content
    assert (content["institution"], content["issuers"], content["quorum"]) == ("University", [[7, "University"]], 1)


def test_every_message_is_used_and_every_used_one_is_there() -> None:
    code = "".join(each.read_text() for each in FOLDER.glob("*.js") if each.name != "messages.js")
    template, python = (FOLDER / "page.html").read_text(), (FOLDER / "whole.py").read_text()
    used = set(re.findall(r"\{\{message\.([\w.]+)\}\}", template)) | set(re.findall(r'said\["(\w+)"\]', python))
    by_name = {key for key in messages() if re.search(rf'"{re.escape(key)}"', code)}
    checks = {"integrity", "inclusion", "anchor", "issuer", "status", "dates", "signature"}
    outcomes = {"valid", "valid with a warning", "not valid", "could not be checked"}
    made = checks | {"accreditation", "recognition", "pass", "fail", "warn", "unknown"} | outcomes
    made |= {f"{each}.text" for each in outcomes} | {key for key in messages() if key.startswith("doesNot.")}
    assert used <= set(messages())
    assert set(messages()) - used - by_name - made == set()
    assert set(re.findall(r'say\("([\w.]+)"', code)) <= set(messages())


def test_the_size(record_property: Any) -> None:
    whole = page(PageSettings())
    packed = len(gzip.compress(whole, 9, mtime=0))
    record_property("gzip", packed)
    print(f"the page: {len(whole):,} bytes, gzip {packed:,}")
    assert packed < MOST_BYTES


def test_labels_and_places() -> None:
    read = Read(page(PageSettings(), served=True).decode())
    labelled = {each["for"] for tag, each in read.elements if tag == "label"}
    fields = {each["id"] for tag, each in read.elements if tag in ("input", "textarea")}
    assert fields == labelled
    assert next(each for tag, each in read.elements if tag == "html")["lang"] == "en"
    result = next(each for _, each in read.elements if each.get("id") == "result")
    assert (result["role"], result["tabindex"]) == ("status", "-1")
    assert next(each for tag, each in read.elements if tag == "form")["action"] == "/search"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('const a = "//x" /* y */ + `${b /* z */} // c`; // d', 'const a = "//x" + `${b /* z */} // c`;\n'),
        ("return /[/*]\\//.test(a) / 2 / b;", "return /[/*]\\//.test(a) / 2 / b;\n"),
        ("a\n  // b\n  c", "a\nc\n"),
        ("/*! whose it is */ a", "/*! whose it is */ a\n"),
        ('x = /<!--/, "</script>"', 'x = /<\\x21--/, "<\\x2fscript>"\n'),
    ],
)
def test_what_is_stripped(source: str, expected: str) -> None:
    assert stripped(source) == expected


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issued]:
    from registry.embedded.chain import EmbeddedChain

    with EmbeddedChain(tmp_path_factory.mktemp("chain") / "chain") as chain:
        yield Issued(World("embedded", chain.client()))


def without_proofs(method: str, result: Any) -> Any:
    """Says that nothing is stored, with a proof of something else."""
    if method == "eth_getProof":
        return {**result, "storageProof": [{**each, "value": "0x0", "proof": []} for each in result["storageProof"]]}
    return result


def evidence_of(issued: Issued, receipt: Receipt) -> dict[str, str]:
    """A receipt with evidence, a list with its block that a witness signed, and a policy that names both."""
    block = issued.client.block("latest")
    assert block is not None
    chain_id = issued.client.chain_id()
    leaves = Leaves(1, receipt.root, {receipt.inclusion.leaf_index: receipt.digest_value})
    evidence = gather(issued.contract, chain_id, leaves, block)
    log, witness = (SignerKey.new(f"{kind.name.lower()}.example", kind) for kind in (KeyKind.NOTE, KeyKind.COSIGNATURE))
    entry = Entry(issued.chain, block.number, block.hash, block.timestamp)
    listed = checkpoints_of(log.name, [entry])
    for signer in (log, witness):
        listed = listed.with_signature(signer.sign(listed.note.text, datetime.now(UTC)))
    return {
        "receipt": to_json(receipt.with_evidence(evidence)).decode(),
        "list": bytes(listed).decode(),
        "witnesses": f"log {log.verifier}\nwitness w0 {witness.verifier}\nquorum w0\n",
    }


def test_what_is_brought_is_judged_as_python_does(issued: Issued, tmp_path: Path) -> None:
    named = dict(zip(("good", "revoked", "suspended", "revoked by place"), NAMES, strict=True))
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
                "credentials": credentials,
                "evidence": evidence_of(issued, issued.receipts[NAMES[0]]),
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
    assert answer.content == page(PageSettings(chain=CHAIN, contract=CONTRACT), served=True)
    again = client.get("/verify", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    stand.engine.dispose()
