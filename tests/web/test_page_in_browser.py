"""The page in a browser, opened from a file or served: what people see, and all that leaves the device."""

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
from typing import Any, ClassVar

import pytest

from registry.language.catalogue import available, language
from registry.language.said import say
from registry.receipt.model import embed, to_cbor, to_json
from registry.service.web.page.look import logo_of
from registry.service.web.page.settings import PageSettings
from registry.service.web.page.whole import written
from tests.carriers import itxt, pdf, png, svg
from tests.web.accessibility import AXE, violations
from tests.web.browser import chromium_program
from tests.web.endpoints import NAMES
from tests.web.states import PICTURES, RESULT, Stand, stand_in

pytestmark = [
    pytest.mark.skipif(chromium_program() is None, reason="there is no Chromium here: apt-get install -y chromium"),
    pytest.mark.skipif(not AXE.exists(), reason="node_modules has no axe-core: npm ci"),
]
STATES = (
    "good", "levels", "registers", "changed", "revoked", "suspended", "revoked-by-place", "superseded", "expired",
    "other-chain", "duplicate-key", "endpoint-down", "endpoints-differ", "endpoint-lies", "no-endpoint", "offline",
    "untrusted", "receipt-alone", "digest-alone", "hostile", "table",
)  # fmt: skip
WIDTHS = (320, 1200)
MOST_ELEMENTS = 400
MOST_ELEMENTS_AT_FIRST = 90
UNREACHED = "Failed to load resource"
"""Of what is asked in vain the browser itself says so."""
HEAD_OF_VERDICT = "document.querySelector('#result .outcome > p > strong')?.textContent"
SHOWN = "(id) => document.getElementById(id).checkVisibility()"
DETECTOR = """
globalThis.seen = null;
globalThis.streams = [];
globalThis.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect(video) { return video.videoWidth && seen ? [{ rawValue: seen }] : []; }
};
const devices = navigator.mediaDevices;
const ask = devices?.getUserMedia.bind(devices);
if (devices) devices.getUserMedia = async (wanted) => {
  const stream = await ask(wanted);
  streams.push(stream);
  return stream;
};
"""


BUSY = "document.querySelector('#result').textContent.startsWith('Checking')"
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
PLACES = """[...document.querySelectorAll("main > *, #ask > *")].filter((each) => each.checkVisibility())
  .map((each) => Math.round(each.getBoundingClientRect().top + scrollY))"""
WATCH_SHIFTS = """globalThis.shifts = [];
new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({ value }) => value)))
  .observe({ type: "layout-shift" });
0"""
WATCH_HEADS = """globalThis.heads = [];
new MutationObserver(() => heads.push(document.querySelector("#result strong")?.textContent))
  .observe(document.querySelector("#result"), { childList: true });
0"""


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stand_in(tmp_path_factory.mktemp("page")) as made:
        yield made


def link_of(stand: Stand, name: str, form: str = "json") -> str:
    receipt = stand.issued.receipts[name]
    return base64.urlsafe_b64encode({"json": to_json, "cbor": to_cbor}[form](receipt)).decode().rstrip("=")


def verdict(stand: Stand, name: str) -> str:
    stand.bring(stand.pair(name))
    stand.answer()
    found: str = stand.browser.evaluate(RESULT)
    return found


def assert_nothing_sent(stand: Stand, *documents: bytes) -> None:
    """No six characters of any document, and no digest of one, in anything that was sent."""
    texts = [each.decode(errors="replace") for each in documents]
    pieces = {text[at : at + 6] for text in texts for at in range(len(text) - 5)}
    pieces |= {digest.hex for digest in stand.issued.digests.values()}
    requests = [json.loads(each) for each in stand.browser.requested]
    of_page = ("file://", "about:", "data:", "blob:")
    sent = [f"{each['url']} {each.get('postData', '')}" for each in requests if not each["url"].startswith(of_page)]
    for text in (*sent, *stand.asked()):
        assert [piece for piece in pieces if piece in text] == [], text
    methods = {json.loads(each)["method"] for each in stand.asked()}
    assert methods <= {"eth_chainId", "eth_getBlockByNumber", "eth_getProof"}


def test_there_is_a_test_of_each_state(stand: Stand) -> None:
    assert tuple(stand.states) == STATES


@pytest.mark.parametrize("name", STATES)
def test_state(stand: Stand, name: str) -> None:
    state = stand.reach(name)
    browser = stand.browser
    assert (browser.evaluate(RESULT) or "") == state.head
    assert state.says in stand.answer()
    # The verdict has the focus, and is announced.
    assert browser.evaluate("document.activeElement.getAttribute('role')") == "status"
    # Nothing was refused by the policy, and no error was thrown; what strangers wrote is text.
    assert [each for each in browser.said if not each.startswith(UNREACHED)] == []
    assert browser.evaluate("document.querySelectorAll('img, iframe, object, main script').length") == 0
    assert (
        browser.evaluate("/[\\u0000-\\u0008\\u001b\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.innerText)")
        is False
    )
    assert browser.evaluate("document.querySelectorAll('*').length") < MOST_ELEMENTS
    assert_nothing_sent(
        stand, *(each for at, each in state.files.items() if at.endswith(".json") and "receipt" not in at)
    )
    assert bool(stand.asked()) == state.asks
    elsewhere = {json.loads(each)["url"] for each in browser.requested} - {"about:blank", "data:,"}
    of_settings = set(state.settings.get("endpoints", (stand.endpoint.url,)))
    assert {each for each in elsewhere if not each.startswith("file://")} <= of_settings
    for width in WIDTHS:
        with browser.screen(width, 1_600):
            assert browser.evaluate("document.documentElement.scrollWidth") <= width
            PICTURES.mkdir(parents=True, exist_ok=True)
            (PICTURES / f"{name}-{width}.png").write_bytes(browser.picture("#outcome"))
            if width == WIDTHS[0] or name in ("good", "table"):
                assert violations(browser) == []


@pytest.mark.parametrize("code", [each for each in available() if each != "en"])
def test_in_another_language(stand: Stand, code: str) -> None:
    spoken, browser, state = language(code), stand.browser, stand.states["good"]
    stand.open(in_language=code, languages=available())
    stand.bring(state.files)
    stand.answer()
    assert browser.evaluate(RESULT) == spoken.text(say("page.valid"))
    assert browser.evaluate("[document.documentElement.lang, document.documentElement.dir]") == [
        code, spoken.direction,
    ]  # fmt: skip
    with browser.screen(WIDTHS[0], 1_600):
        assert browser.evaluate("document.documentElement.scrollWidth") <= WIDTHS[0]
        assert violations(browser) == []
    # The record is in English, whatever the page is in.
    assert "Anchored by issuer 1 on" in browser.evaluate("document.querySelector('#result pre').textContent")
    assert "Anchored by issuer" not in browser.evaluate("document.querySelector('#result').innerText")
    stand.bring({**state.files, "diploma.json": b"{"})
    original = "document.querySelector('#result .outcome [lang=en]')?.textContent"
    assert "JSON" in browser.wait(original)
    assert browser.said == []


def test_axe_finds_what_is_wrong(stand: Stand) -> None:
    stand.open()
    assert violations(stand.browser) == []
    stand.browser.evaluate("document.querySelector('label[for=paste]').remove()")
    assert any(each.startswith("label:") for each in violations(stand.browser))


@pytest.mark.parametrize(
    "wanted",
    [{"forced_colors": "active"}, {"prefers_color_scheme": "dark"}, {"prefers_reduced_motion": "reduce"}],
    ids=lambda wanted: next(iter(wanted)),
)
def test_as_users_want_it(stand: Stand, wanted: dict[str, str]) -> None:
    with stand.browser.media(**wanted):
        stand.reach("changed")
        assert violations(stand.browser) == []
        # Without colours the verdict stands within lines.
        assert stand.browser.evaluate("getComputedStyle(document.querySelector('.outcome')).borderLeftStyle") == "solid"


def test_at_400_percent(stand: Stand) -> None:
    with stand.browser.screen(1280, 1024, zoom=4):
        stand.reach("table")
        assert stand.browser.evaluate("document.documentElement.scrollWidth") <= 320
        assert violations(stand.browser) == []
        stand.browser.evaluate("document.querySelector('#settings').open = true")
        stand.browser.evaluate("document.querySelector('#result details').open = true")
        stand.browser.wait("document.querySelector('#result details dl') !== null")
        assert stand.browser.evaluate("document.documentElement.scrollWidth") <= 320


def test_keyboard_alone(stand: Stand) -> None:
    browser = stand.browser
    stand.open()
    stops = []
    for _ in range(7):
        browser.press("Tab")
        stops.append(
            browser.evaluate(
                "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
            )
        )
        assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", stops
    assert stops == ["skip", "files", "folder", "paste", "receipt", "check", "SUMMARY"]
    browser.evaluate("document.querySelector('#paste').focus()")
    browser.do("Input.insertText", text=stand.issued.documents[NAMES[0]].decode())
    browser.press("Tab")
    browser.do("Input.insertText", text=to_json(stand.issued.receipts[NAMES[0]]).decode())
    browser.press("Tab")
    browser.press("Enter", text="\r")
    assert "Ada Lovelace" in stand.answer()
    assert browser.evaluate(RESULT) == "Valid"
    browser.press("Tab")
    assert browser.evaluate("document.activeElement.textContent") == "Save as a table (CSV)"


def test_nothing_moves_when_the_answer_comes(stand: Stand) -> None:
    browser = stand.browser
    stand.open()
    stand.endpoint.answers.clear()
    with browser.screen(1200):
        stand.bring(stand.pair(NAMES[0]))
        browser.wait(BUSY)
        browser.evaluate(DRAWN)
        browser.evaluate(WATCH_SHIFTS)
        before = browser.evaluate(PLACES)
        assert len(before) > 5
        stand.endpoint.answers.set()
        stand.answer()
        browser.evaluate(DRAWN)
        assert browser.evaluate(PLACES) == before
        assert browser.evaluate("shifts") == []


def test_of_two_in_a_row_the_last_is_shown(stand: Stand) -> None:
    stand.open()
    stand.endpoint.answers.clear()
    stand.bring(stand.pair(NAMES[0]))
    stand.browser.wait(BUSY)
    stand.browser.evaluate(WATCH_HEADS)
    first = len(stand.asked())
    stand.bring(stand.pair(NAMES[1]))
    stand.browser.wait_for(lambda: len(stand.asked()) > first)
    stand.endpoint.answers.set()
    assert "Emmy Noether" in stand.answer()
    # The first one had its answers, too, and was not shown for a moment.
    assert {each for each in stand.browser.evaluate("heads") if each} == {"Not valid"}


def test_a_table_and_then_one(stand: Stand) -> None:
    state = stand.reach("table")
    rows = stand.browser.evaluate("document.querySelectorAll('#result tbody tr').length")
    assert rows == len(state.files) // 2
    # Each of them is made when it is opened.
    assert stand.browser.evaluate("document.querySelectorAll('#result details dl').length") == 0
    stand.browser.evaluate("document.querySelector('#result details').open = true")
    stand.browser.wait("document.querySelectorAll('#result details dl').length === 2")
    stand.bring(stand.pair(NAMES[1]))
    stand.browser.wait("document.querySelectorAll('#result table').length === 0")
    assert stand.browser.wait(RESULT) == "Not valid"


ROWS = "[...document.querySelectorAll('#result tbody tr')].map((row) => [...row.cells].map((cell) => cell.textContent))"


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
        stand.bring({name: data})
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
    assert outcomes.pop("299.pdf") == "Valid, with a warning"
    assert set(outcomes.values()) == {"Valid"}
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
    expected = [["class/diploma.json", "Valid"], ["class/more/diploma.json", "Not valid"]]
    browser = stand.browser
    stand.open()
    browser.choose("#folder", folder)
    browser.wait("document.querySelectorAll('#result tbody tr').length")
    assert sorted(row[:2] for row in browser.evaluate(ROWS)) == expected
    stand.open()
    browser.drop("#zone", folder)
    browser.wait("document.querySelector('#result').innerText.includes('Choose it with the field for folders')")
    with served_folder(stand.folder) as url:
        browser.open(f"{url}/verify.html")
        browser.drop("#zone", folder)
        browser.wait("document.querySelectorAll('#result tbody tr').length")
    assert sorted(row[:2] for row in browser.evaluate(ROWS)) == expected


@contextmanager
def served_folder(folder: Path) -> Iterator[str]:
    """The files of a folder over HTTP."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("form", ["json", "cbor"])
def test_a_link_with_a_receipt_asks_nobody_until_it_is_told_to(stand: Stand, form: str) -> None:
    receipt = link_of(stand, NAMES[0], form)
    stand.open(fragment=f"#{receipt}")
    assert stand.browser.evaluate(f"({SHOWN})('link')")
    assert stand.asked() == []
    # Whoever skips to the content still has it.
    stand.browser.evaluate("document.querySelector('.skip').click()")
    stand.browser.wait("location.hash === '#main'")
    stand.bring({"diploma.json": stand.issued.documents[NAMES[0]]})
    assert "Ada Lovelace" in stand.answer()
    assert stand.browser.evaluate(RESULT) == "Valid"
    assert all(receipt not in each for each in stand.asked())


def test_another_link_and_the_way_back(stand: Stand) -> None:
    browser = stand.browser
    numbers = [f"It is number {stand.issued.place(name)[1] + 1} of the 4" for name in NAMES]
    alone = "document.querySelector('#link button').click()"
    stand.open(fragment=f"#{link_of(stand, NAMES[0])}")
    browser.evaluate(alone)
    assert numbers[0] in stand.answer()
    browser.evaluate(f"location.hash = '{link_of(stand, NAMES[1])}'")
    browser.wait("document.querySelector('#result').textContent === ''")
    browser.evaluate(alone)
    assert numbers[1] in stand.answer()
    browser.evaluate("history.back()")
    browser.wait("document.querySelector('#result').textContent === ''")
    browser.evaluate(alone)
    assert numbers[0] in stand.answer()
    browser.evaluate("location.hash = 'nonsense'")
    browser.wait("document.querySelector('#link').textContent.includes('no receipt')")
    assert browser.evaluate("document.querySelector('#result').textContent") == ""


def told_of(stand: Stand, name: str, *, by: str | None = None) -> tuple[str, dict[str, Any]]:
    """What a lookup service says of a credential that another one replaced."""
    digest = stand.issued.digests[name].hex
    status: dict[str, Any] = {"revoked": by is not None, "suspended": False}
    if by is not None:
        root, index = stand.issued.place(by)
        of = {"root": f"0x{root.hex()}", "leafIndex": index, "since": "2026-03-01T12:00:00Z"}
        status["supersededBy"] = [of | {"digest": stand.issued.digests[by].hex}]
    receipt = json.loads(to_json(stand.issued.receipts[name]))
    return f"/v1/credentials/{digest}", {"digest": digest, "anchors": [{"receipt": receipt, "status": status}]}


def test_the_code_of_a_replaced_credential_leads_to_the_new_one(stand: Stand) -> None:
    browser = stand.browser
    old, new = (stand.issued.digests[name].hex for name in ("old", "new"))
    ask = "document.querySelector('#link button').click()"
    with stand.served(dict([told_of(stand, "old", by="new"), told_of(stand, "new")])) as address:
        browser.open(f"{address}#{old}")
        assert old in browser.evaluate("document.querySelector('#link').textContent")
        # Nobody is asked because of a link: neither the registry nor an endpoint.
        assert not [each for each in browser.requested if "/v1/" in json.loads(each)["url"]]
        assert stand.asked() == []
        browser.evaluate(ask)
        answer = stand.answer()
        assert "replaced it by another one on 2026-03-01" in answer
        assert "superseded" in answer
        assert browser.evaluate(HEAD_OF_VERDICT) == "Not valid"
        browser.evaluate("document.querySelector('#result a').click()")
        browser.wait("document.querySelector('#result a') === null && document.querySelector('#result h3') !== null")
        assert browser.evaluate("location.hash") == f"#{new}"
        answer = stand.answer()
        assert "replaced it" not in answer
        assert "It is number" in answer
        # Of a digest alone nobody says that a document has it.
        assert browser.evaluate(HEAD_OF_VERDICT) == "Valid, with a warning"
        browser.evaluate("history.back()")
        browser.wait("document.querySelector('#result').textContent === ''")
        assert old in browser.evaluate("document.querySelector('#link').textContent")
        assert browser.said == []


def test_the_receipt_of_a_replaced_credential_leads_to_the_new_one(stand: Stand) -> None:
    """As the code on a diploma brings it: its receipt, and no document."""
    browser = stand.browser
    with stand.served(dict([told_of(stand, "old", by="new")])) as address:
        browser.open(f"{address}#{link_of(stand, 'old', 'cbor')}")
        browser.evaluate("document.querySelector('#link button').click()")
        assert "superseded" in stand.answer()
        # What is asked of the chain says nothing to the registry.
        assert not [each for each in browser.requested if "/v1/" in json.loads(each)["url"]]
        browser.evaluate("document.querySelector('#result > p > button').click()")
        browser.wait("document.querySelector('#result a') !== null")
        assert browser.evaluate("document.querySelector('#result a').hash") == f"#{stand.issued.digests['new'].hex}"
        assert "replaced it by another one on 2026-03-01" in stand.answer()
    # What stands has no such button, and neither has a page elsewhere.
    stand.open()
    assert verdict(stand, "old") == "Not valid"
    assert browser.evaluate("document.querySelector('#result > p > button')") is None


@pytest.mark.parametrize("wrong", ["unknown", "hostile", "another", "unnamed", "elsewhere"])
def test_what_a_registry_says_of_a_digest_is_not_believed_blindly(stand: Stand, wrong: str) -> None:
    browser = stand.browser
    path, told = told_of(stand, "old", by="new")
    by = told["anchors"][0]["status"]["supersededBy"][0]
    says = "this registry did not answer"
    match wrong:
        case "unknown":
            path, says = "/v1/credentials/other", "knows no document"
        case "hostile":
            by |= {"digest": "javascript:alert(1)", "since": "<img src=x onerror=alert(1)>"}
        case "another":
            told["digest"] = stand.issued.digests["new"].hex
        case "unnamed":
            del by["digest"]
            says = "which one, it does not know"
        case _:
            stand.open(fragment=f"#{stand.issued.digests['old'].hex}")
            assert "not part of a registry" in browser.evaluate("document.querySelector('#link').textContent")
            assert browser.evaluate("document.querySelector('#link button')") is None
            return
    with stand.served({path: told}) as address:
        browser.open(f"{address}#{stand.issued.digests['old'].hex}")
        browser.evaluate("document.querySelector('#link button').click()")
        browser.wait("document.querySelector('#result .outcome') !== null")
        assert says.lower() in browser.evaluate("document.querySelector('#result').innerText").lower()
        assert browser.evaluate("document.querySelector('#result a')") is None
        assert browser.evaluate("document.querySelectorAll('img').length") == 0


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_files_are_dropped_and_pasted(stand: Stand, way: str) -> None:
    stand.open()
    pair = {name: content.decode() for name, content in stand.pair(NAMES[0]).items()}
    event = {
        "drop": "DragEvent('drop', {dataTransfer: data, ",
        "paste": "ClipboardEvent('paste', {clipboardData: data, ",
    }[way]
    stand.browser.evaluate(
        f"{{ const data = new DataTransfer(); for (const [name, text] of Object.entries({json.dumps(pair)})) "
        "data.items.add(new File([text], name));"
        f"document.body.dispatchEvent(new {event} bubbles: true, cancelable: true}})); }}"
    )
    stand.answer()
    assert stand.browser.evaluate(RESULT) == "Valid"


def test_what_makes_no_sense_in_the_form(stand: Stand) -> None:
    stand.open()
    stand.browser.evaluate("document.querySelector('#field-quorum').value = '7'")
    stand.bring(stand.pair(NAMES[0]))
    stand.browser.wait("document.activeElement.id === 'field-quorum'")
    assert stand.browser.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"
    assert violations(stand.browser) == []
    assert stand.asked() == []


def test_the_camera(stand: Stand) -> None:
    browser = stand.browser
    script = browser.do("Page.addScriptToEvaluateOnNewDocument", source=DETECTOR)["identifier"]
    live = "streams.some((stream) => stream.getTracks().some(({readyState}) => readyState === 'live'))"
    try:
        with stand.served() as address:
            browser.open(address)
            browser.wait(f"({SHOWN})('scan')")
            # Escape ends it.
            browser.evaluate("document.querySelector('#scan').click()")
            browser.wait(f"document.querySelector('#scan-view').videoWidth > 0 && {live}")
            assert violations(browser) == []
            browser.press("Escape")
            browser.wait("document.activeElement.id === 'scan'")
            assert browser.evaluate(f"!{live} && !({SHOWN})('camera')")
            # So does a code: it is offered and asks nobody.
            browser.evaluate(f"seen = 'https://x.example/verify#{link_of(stand, NAMES[0], 'cbor')}'")
            browser.evaluate("document.querySelector('#scan').click()")
            browser.wait("document.activeElement.id === 'link'")
            assert browser.evaluate(f"streams.length === 2 && !{live} && !({SHOWN})('camera')")
            assert stand.asked() == []
            stand.bring({"diploma.json": stand.issued.documents[NAMES[0]]})
            stand.answer()
            assert browser.evaluate(RESULT) == "Valid"
            # And leaving the page for another link.
            browser.evaluate("seen = null; document.querySelector('#scan').click()")
            browser.wait(live)
            browser.evaluate("location.hash = 'other'")
            browser.wait(f"!{live}")
            assert browser.said == []
    finally:
        browser.do("Page.removeScriptToEvaluateOnNewDocument", identifier=script)


def test_without_a_reader_of_codes_there_is_no_camera(stand: Stand) -> None:
    stand.open()
    assert stand.browser.evaluate("'BarcodeDetector' in globalThis") is False
    assert stand.browser.evaluate(f"({SHOWN})('scan')") is False


def test_what_is_saved(stand: Stand) -> None:
    browser, folder = stand.browser, stand.folder / "saved"
    browser.do("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    stand.reach("table")
    for at, name in enumerate(("verdicts.csv", "check-record.json")):
        browser.evaluate(f"document.querySelectorAll('.tools button')[{at}].click()")
        path = folder / name
        stand.browser.wait_for(path.exists)
    table = (folder / "verdicts.csv").read_bytes().decode()
    assert table.startswith("name,overall,codes,issuer,anchored_at,text\r\n")
    assert table.count("\r\n") == len(stand.states["table"].files) // 2 + 1
    record = json.loads((folder / "check-record.json").read_text())
    assert (record["signedBy"], len(record["verdicts"])) == (None, len(NAMES) + 2)
    assert record["note"].startswith("Signed by nobody")
    assert record["program"] == browser.evaluate("document.querySelector('#program').textContent")
    assert record["settings"]["endpoints"] == [stand.endpoint.url.rstrip("/")]
    # Of the documents it has names of files, and nothing that stands in them.
    assert not any(word in json.dumps(record) for word in ("Doctor", "Lovelace", "Computing", "Grace"))


def test_what_a_document_states_runs_as_the_language_does(stand: Stand) -> None:
    """Else a sentence that begins with a Latin value would be read from the left within Arabic."""
    browser = stand.browser
    path = stand.folder / "arabic.html"
    path.write_bytes(stand.page(in_language="ar"))
    browser.open(f"file://{path}")
    stand.bring(stand.pair("badge"))
    stand.answer()
    level = "[...document.querySelectorAll('#result dd bdi')].find(each => each.textContent.includes('Level 7'))"
    assert browser.evaluate(f"getComputedStyle({level}).direction") == "rtl"


def test_what_is_printed(stand: Stand) -> None:
    browser = stand.browser
    with stand.served() as address:
        browser.open(address)
        stand.bring(stand.pair("badge"))
        stand.answer()
        assert browser.evaluate("document.querySelector('.code').checkVisibility()") is False
        with browser.media("print"):
            printed = browser.evaluate("document.body.innerText")
            size = "parseFloat(getComputedStyle(document.querySelector('{}')).fontSize)"
            assert browser.evaluate(f"{size.format('#result .note')} < {size.format('#result dd')}")
            assert browser.evaluate("document.querySelector('.code svg').getBoundingClientRect().width") > 150
            for control in ("#ask", "#settings", ".tools", ".skip"):
                assert browser.evaluate(f"document.querySelector('{control}').checkVisibility()") is False, control
    for part in (
        "Valid",
        "Grace Hopper",
        "Party 1",
        "The batch on the chain: in order.",
        "Checked",
        "SHA-256 of its program",
    ):
        assert part in printed, part
    assert browser.evaluate("document.querySelector('#program').textContent") in printed


def test_what_the_page_costs(stand: Stand) -> None:
    """One request, nothing that it waits for, few elements; its bytes are counted by `test_page.py`."""
    browser = stand.browser
    with stand.served() as address:
        browser.open(address)
        asked = [json.loads(each)["url"] for each in browser.requested]
        assert [each for each in asked if each.startswith("http")] == [address]
        assert browser.evaluate("performance.getEntriesByType('resource').length") == 0
        assert browser.evaluate("document.querySelectorAll('*').length") < MOST_ELEMENTS_AT_FIRST
        assert (
            browser.evaluate("document.querySelectorAll('link[rel=stylesheet], script[src], head script').length") == 0
        )


def test_without_javascript(stand: Stand) -> None:
    """It says so; and where a lookup service sent it, a digest can be looked up there."""
    browser = stand.browser

    def height(selector: str) -> int:
        root = browser.do("DOM.getDocument", depth=-1)["root"]["nodeId"]
        node = browser.do("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        return int(browser.do("DOM.getBoxModel", nodeId=node)["model"]["height"]) if node else 0

    browser.do("Emulation.setScriptExecutionDisabled", value=True)
    try:
        stand.open()
        assert "This page needs JavaScript" in json.dumps(browser.do("DOM.getDocument", depth=-1))
        assert height("noscript p") > 0
        assert height("noscript form") == 0
        with stand.served() as address, browser.screen(320):
            browser.open(address)
            assert height("noscript form input") > 0
            assert "The digest is sent to this server" in json.dumps(browser.do("DOM.getDocument", depth=-1))
            assert browser.do("Page.getLayoutMetrics")["cssContentSize"]["width"] <= 320
    finally:
        browser.do("Emulation.setScriptExecutionDisabled", value=False)


class Site(SimpleHTTPRequestHandler):
    """A folder on an ordinary server, of which files may change more than once a second."""

    asked: ClassVar[list[str]] = []

    def send_head(self) -> Any:
        self.asked.append(self.path)
        del self.headers["If-Modified-Since"]
        return super().send_head()

    def log_message(self, *args: object) -> None:
        """Says nothing."""


def put(folder: Path, settings: PageSettings) -> None:
    """The files of a page into a folder."""
    folder.mkdir(exist_ok=True)
    for name, content in written(settings).items():
        (folder / name).write_bytes(content)


@contextmanager
def site(folder: Path, settings: PageSettings) -> Iterator[str]:
    """The files of a page, on a server of this computer; its address."""
    put(folder, settings)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Site, directory=str(folder)))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


KEPT = "caches.keys().then((names) => names.filter((name) => name.startsWith('testamur-page-')))"


def test_as_an_app_it_opens_without_its_server(stand: Stand) -> None:
    browser, folder = stand.browser, stand.folder / "site"
    settings = PageSettings(chain=stand.issued.chain, endpoints=(stand.endpoint.url,))
    with site(folder, settings) as url:
        browser.said.clear()
        browser.open(f"{url}index.html")
        browser.wait("navigator.serviceWorker.ready.then(() => true)")
        (first,) = browser.evaluate(KEPT)
        assert browser.evaluate("document.querySelector('link[rel=manifest]').href") == f"{url}manifest.webmanifest"
        manifest = browser.do("Page.getAppManifest")
        assert (manifest["url"], manifest["errors"]) == (f"{url}manifest.webmanifest", [])
        # A newer page is taken over, and what was kept of the older one goes.
        put(folder, settings.model_copy(update={"institution": "University"}))
        browser.open(f"{url}index.html")
        assert "University" in browser.evaluate("document.title")
        browser.wait(f"{KEPT}.then((names) => names.length === 1 && names[0] !== '{first}')")
        assert browser.said == []
    stand.endpoint.asked.clear()
    for name in ("", "index.html", "verify.html"):
        browser.open(url + name)
        assert "University" in browser.evaluate("document.title")
        assert verdict(stand, NAMES[1]) == "Not valid"
    # What it asks of others does not pass through what keeps it.
    assert stand.endpoint.asked
    assert browser.evaluate(f"fetch('{url}other').then(() => 'kept', () => 'gone')") == "gone"


def test_a_file_that_was_changed_on_the_way_is_not_kept(stand: Stand) -> None:
    browser, folder = stand.browser, stand.folder / "changed"
    with site(folder, PageSettings()) as url:
        (folder / "verify.html").write_bytes((folder / "verify.html").read_bytes() + b"<p>more</p>")
        Site.asked.clear()
        browser.open(f"{url}index.html")
        browser.wait_for(lambda: "/verify.html" in Site.asked)
        registered = "navigator.serviceWorker.getRegistration().then((found) => !!(found?.installing ?? found?.active))"
        browser.wait(f"{registered}.then((there) => !there)")
        assert browser.evaluate(KEPT) == []


def test_the_page_alone_asks_for_no_other_file(stand: Stand) -> None:
    with site(stand.folder / "alone", PageSettings()) as url:
        stand.browser.requested.clear()
        stand.browser.said.clear()
        stand.browser.open(f"{url}verify.html")
        asked = [json.loads(each)["url"] for each in stand.browser.requested]
        assert {each for each in asked if not each.startswith(("about:", "data:"))} == {f"{url}verify.html"}
        assert stand.browser.said == []


def test_the_look_of_an_institution(stand: Stand) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><script>alert(1)</script></svg>'
    for name in ("verify.html", "index.html"):
        settings = PageSettings(
            institution="University", logo=logo_of(drawing), colour="#7a1f5c", colour_dark="#f0a6d8"
        )
        path = stand.folder / name
        path.write_bytes(written(settings)[name])
        stand.browser.said.clear()
        stand.browser.open(f"file://{path}")
        assert stand.browser.wait("document.querySelector('img.logo').naturalWidth") == 40
        for scheme, colour in (("light", "rgb(122, 31, 92)"), ("dark", "rgb(240, 166, 216)")):
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            stand.browser.do("Emulation.setEmulatedMedia", features=features)
            assert stand.browser.evaluate("getComputedStyle(document.body).borderTopColor") == colour
        stand.browser.do("Emulation.setEmulatedMedia", features=[])
        # From a file there is nothing to install, and nothing is tried.
        assert stand.browser.evaluate("document.querySelector('link[rel=manifest]')") is None
        assert stand.browser.said == []
