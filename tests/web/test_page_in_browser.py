"""The page in a browser, opened from a file: what people see, and all that leaves the device."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from registry.receipt.model import embed, to_json
from registry.service.web.page.settings import NamedIssuer, PageSettings
from registry.service.web.page.whole import page
from tests.carriers import itxt, pdf, png, svg
from tests.registry.chain.worlds import World
from tests.web.browser import Page, chromium, chromium_program
from tests.web.endpoints import NAMES, Endpoint, Issued, endpoints

pytestmark = pytest.mark.skipif(
    chromium_program() is None, reason="there is no Chromium here: apt-get install -y chromium"
)
ROWS = "[...document.querySelectorAll('#result tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"
RESULT = "document.querySelector('#result .outcome strong')?.textContent"


class Stand:
    """The page with one endpoint, and the files of credentials."""

    def __init__(self, folder: Path, issued: Issued, endpoint: Endpoint, browser: Page):
        self.folder, self.issued, self.endpoint, self.browser = folder, issued, endpoint, browser

    def open(self, *, fragment: str = "", urls: tuple[str, ...] | None = None) -> None:
        settings = PageSettings(
            institution="University </script><img src=x onerror=alert(1)>",
            chain=self.issued.chain,
            endpoints=(self.endpoint.url,) if urls is None else urls,
            issuers=(NamedIssuer(party=1, name="did:web:university.example"),),
        )
        path = self.folder / "verify.html"
        path.write_bytes(page(settings))
        self.browser.requested.clear()
        self.browser.said.clear()
        self.endpoint.asked.clear()
        self.browser.open(f"file://{path}{fragment}")

    def files(self, name: str, *, changed: bool = False) -> tuple[Path, Path]:
        document = self.issued.documents[name]
        path, receipt = self.folder / "diploma.json", self.folder / "diploma.json.receipt.json"
        path.write_bytes(document.replace(b"Doctor", b"Master") if changed else document)
        receipt.write_bytes(to_json(self.issued.receipts[name]))
        return path, receipt

    def verdict(self, name: str, *, changed: bool = False) -> str:
        self.browser.choose("#files", *self.files(name, changed=changed))
        found: str = self.browser.wait(RESULT)
        return found


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    from registry.embedded.chain import EmbeddedChain

    folder = tmp_path_factory.mktemp("page")
    with EmbeddedChain(folder / "chain") as chain:
        issued = Issued(World("embedded", chain.client()))
        with endpoints(issued.client, None) as (endpoint,), chromium(folder / "profile") as browser:
            yield Stand(folder, issued, endpoint, browser)


@pytest.mark.parametrize(
    ("name", "changed", "verdict"),
    [
        (NAMES[0], False, "Valid, with a warning"),
        (NAMES[0], True, "Not valid"),
        (NAMES[1], False, "Not valid"),
        (NAMES[2], False, "Not valid"),
    ],
    ids=["good", "changed", "revoked", "suspended"],
)
def test_what_is_said_and_what_is_sent(stand: Stand, name: str, changed: bool, verdict: str) -> None:
    stand.open()
    assert stand.verdict(name, changed=changed) == verdict
    browser = stand.browser
    # The verdict has the focus, and is announced.
    assert browser.evaluate("document.activeElement.id") == "result"
    assert browser.evaluate("document.querySelector('#result').getAttribute('role')") == "status"
    assert "It says nothing about the person who shows it" in browser.evaluate("document.body.innerText")
    # Nothing was refused by the policy, and no error was thrown.
    assert browser.said == []
    assert stand.endpoint.asked
    document = stand.issued.documents[name].decode()
    pieces = {document[at : at + 6] for at in range(len(document) - 5)} | {stand.issued.digests[name].hex}
    requests = [json.loads(each) for each in browser.requested]
    sent = [f"{each['url']} {each.get('postData', '')}" for each in requests if not each["url"].startswith("file://")]
    for text in (*sent, *stand.endpoint.asked):
        assert [piece for piece in pieces if piece in text] == [], text
    assert {json.loads(each)["method"] for each in stand.endpoint.asked} == {
        "eth_chainId", "eth_getBlockByNumber", "eth_getProof",
    }  # fmt: skip
    elsewhere = {each["url"] for each in requests if not each["url"].startswith(("file://", "about:", "data:"))}
    assert elsewhere == {stand.endpoint.url}


def test_an_endpoint_that_is_down(stand: Stand) -> None:
    stand.open(urls=("http://127.0.0.1:9/",))
    assert stand.verdict(NAMES[0]) == "Could not be checked"
    assert "127.0.0.1:9" in stand.browser.evaluate("document.querySelector('#result').innerText")


def test_a_link_with_a_receipt_asks_nobody_until_it_is_told_to(stand: Stand) -> None:
    receipt = base64.urlsafe_b64encode(to_json(stand.issued.receipts[NAMES[0]])).decode().rstrip("=")
    stand.open(fragment=f"#{receipt}")
    assert stand.browser.evaluate("!document.querySelector('#link').hidden")
    assert stand.endpoint.asked == []
    document, _ = stand.files(NAMES[0])
    stand.browser.choose("#files", document)
    assert stand.browser.wait(RESULT) == "Valid, with a warning"
    assert all(receipt not in each for each in stand.endpoint.asked)


def test_several_and_two_in_a_row(stand: Stand) -> None:
    stand.open()
    paths = []
    for number, name in enumerate(NAMES):
        document = stand.folder / f"{number}.json"
        document.write_bytes(stand.issued.documents[name])
        receipt = stand.folder / f"receipt {number}.json"
        receipt.write_bytes(to_json(stand.issued.receipts[name]))
        paths += [document, receipt]
    stand.browser.choose("#files", *paths)
    assert stand.browser.wait("document.querySelectorAll('#result tbody tr').length") == len(NAMES)
    stand.browser.choose("#files", *stand.files(NAMES[1]))
    stand.browser.wait("document.querySelectorAll('#result table').length === 0")
    assert stand.browser.wait(RESULT) == "Not valid"


def carried(stand: Stand) -> dict[str, bytes]:
    """A credential that holds its receipt, in what it travels in."""
    whole = embedded(stand)
    return {
        "diploma.pdf": pdf(whole),
        "diploma.png": png(itxt(whole, packed=True)),
        "diploma.svg": svg(whole.replace(b"]]>", b"]]]]><![CDATA[>")),
    }


def embedded(stand: Stand, name: str = NAMES[0]) -> bytes:
    return json.dumps(embed(json.loads(stand.issued.documents[name]), stand.issued.receipts[name])).encode()


def test_what_carries_a_credential(stand: Stand) -> None:
    stand.open()
    for name, data in carried(stand).items():
        path = stand.folder / name
        path.write_bytes(data)
        stand.browser.choose("#files", path)
        stand.browser.wait(f"document.querySelector('#result .outcome bdi')?.textContent === '{name}'")
        assert stand.browser.evaluate(RESULT) == "Valid, with a warning", name
        assert "digest-inside" in stand.browser.evaluate("document.querySelector('#result pre').textContent")
    assert stand.browser.said == []


def test_a_zip_of_300(stand: Stand) -> None:
    """Documents with their receipts beside them and inside, one that was changed, and one that leads out."""
    document, receipt = stand.issued.documents[NAMES[0]], to_json(stand.issued.receipts[NAMES[0]])
    path = stand.folder / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(148):
            archive.writestr(f"class/{number}.json", document)
            archive.writestr(f"class/{number}.json.receipt.json", receipt)
        for number in range(148, 297):
            archive.writestr(f"class/{number}.json", embedded(stand))
        archive.writestr("class/297.json", document.replace(b"Doctor", b"Master"))
        archive.writestr("class/297.json.receipt.json", receipt)
        archive.writestr("../298.json", document)
        archive.writestr("299.pdf", pdf(embedded(stand)))
    stand.open()
    stand.browser.choose("#files", path)
    assert stand.browser.wait("document.querySelectorAll('#result tbody tr').length") == 300
    outcomes = {name: outcome for name, outcome, _ in stand.browser.evaluate(ROWS)}
    assert outcomes.pop("class/297.json") == "Not valid"
    assert outcomes.pop("../298.json") == "Could not be checked"
    assert set(outcomes.values()) == {"Valid, with a warning"}
    assert stand.browser.said == []


def test_what_is_no_zip(stand: Stand) -> None:
    stand.open()
    path = stand.folder / "none.zip"
    path.write_bytes(b"PK\x03\x04")
    stand.browser.choose("#files", path)
    stand.browser.wait("document.querySelector('#result').innerText.includes('not a ZIP file that can be read')")


def test_a_folder(stand: Stand) -> None:
    """By its field, and dropped on the page, which a browser allows where it was not opened from a file."""
    folder = stand.folder / "class"
    (folder / "more" / ".hidden").mkdir(parents=True)
    for place, name in ((folder, NAMES[0]), (folder / "more", NAMES[1])):
        (place / "diploma.json").write_bytes(stand.issued.documents[name])
        (place / "diploma.json.receipt.json").write_bytes(to_json(stand.issued.receipts[name]))
    (folder / "more" / ".hidden" / "x.json").write_bytes(b"{}")
    expected = [["class/diploma.json", "Valid, with a warning"], ["class/more/diploma.json", "Not valid"]]
    browser = stand.browser
    stand.open()
    browser.choose("#folder", folder)
    browser.wait("document.querySelectorAll('#result tbody tr').length")
    assert sorted(row[:2] for row in browser.evaluate(ROWS)) == expected
    stand.open()
    browser.drop("#zone", folder)
    browser.wait("document.querySelector('#result').innerText.includes('Choose it with the field for folders')")
    with served(stand.folder) as url:
        browser.open(f"{url}/verify.html")
        browser.drop("#zone", folder)
        browser.wait("document.querySelectorAll('#result tbody tr').length")
    assert sorted(row[:2] for row in browser.evaluate(ROWS)) == expected


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The files of a folder over HTTP."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_narrow_and_large(stand: Stand) -> None:
    """As at 320 px, and as 1280 px at 400 %."""
    stand.open()
    stand.browser.do("Emulation.setDeviceMetricsOverride", width=320, height=600, deviceScaleFactor=1, mobile=False)
    stand.verdict(NAMES[1])
    assert stand.browser.evaluate("document.documentElement.scrollWidth") <= 320
    stand.browser.do("Emulation.clearDeviceMetricsOverride")


def test_without_javascript(stand: Stand) -> None:
    stand.browser.do("Emulation.setScriptExecutionDisabled", value=True)
    try:
        stand.open()
        root = stand.browser.do("DOM.getDocument", depth=-1)["root"]
        assert "This page needs JavaScript" in json.dumps(root)
        node = stand.browser.do("DOM.querySelector", nodeId=root["nodeId"], selector="noscript p")["nodeId"]
        assert stand.browser.do("DOM.getBoxModel", nodeId=node)["model"]["height"] > 0
    finally:
        stand.browser.do("Emulation.setScriptExecutionDisabled", value=False)
