"""The page in a browser, opened from a file: what people see, and all that leaves the device."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.receipt.model import to_json
from registry.service.web.page.settings import NamedParty, PageSettings
from registry.service.web.page.whole import page
from tests.registry.chain.worlds import World
from tests.web.browser import Page, chromium, chromium_program
from tests.web.endpoints import NAMES, Endpoint, Issued, endpoints

pytestmark = pytest.mark.skipif(
    chromium_program() is None, reason="there is no Chromium here: apt-get install -y chromium"
)
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
            issuers=(NamedParty(party=1, name="did:web:university.example"),),
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
