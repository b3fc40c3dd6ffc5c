"""Debian's Chromium without a window, told what to do by its debugging protocol; what it requests is written down."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

SECONDS = 30.0


def chromium_program() -> str | None:
    """Where Chromium is, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Page:
    """A page in the browser.

    Attributes:
        requested: all that it sent, as one text each: method, URL, headers and body.
        said: errors and what was refused by its policy.
    """

    def __init__(self, connection: ClientConnection):
        self._connection = connection
        self._number = 0
        self.requested: list[str] = []
        self.said: list[str] = []
        for domain in ("Page", "Network", "Runtime", "DOM", "Log"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        self._connection.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            told = json.loads(self._connection.recv(timeout=SECONDS))
            if told.get("id") == self._number:
                if "error" in told:
                    raise AssertionError(f"{method}: {told['error']}")
                result: dict[str, Any] = told["result"]
                return result
            self._note(told)

    def _note(self, told: dict[str, Any]) -> None:
        params = told.get("params", {})
        match told.get("method"):
            case "Network.requestWillBeSent":
                self.requested.append(json.dumps(params["request"]))
            case "Log.entryAdded":
                self.said.append(params["entry"]["text"])
            case "Runtime.exceptionThrown":
                self.said.append(json.dumps(params["exceptionDetails"]))

    def evaluate(self, expression: str) -> Any:
        told = self.do("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def wait(self, expression: str) -> Any:
        """Until it is true."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if found := self.evaluate(expression):
                return found
            time.sleep(0.05)
        raise AssertionError(f"never true: {expression}; {self.said}; {self.evaluate('document.body.innerText')}")

    def open(self, url: str) -> None:
        self.do("Page.navigate", url="about:blank")
        self.do("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def choose(self, selector: str, *files: Path) -> None:
        root = self.do("DOM.getDocument")["root"]["nodeId"]
        node = self.do("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.do("DOM.setFileInputFiles", files=[str(each) for each in files], nodeId=node)

    def drop(self, selector: str, *paths: Path) -> None:
        """Let go of files and folders over an element."""
        rect = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        x, y = self.evaluate(f"[{rect}.x + {rect}.width / 2, {rect}.y + {rect}.height / 2]")
        data = {"items": [], "files": [str(each) for each in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.do("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)


@contextmanager
def chromium(folder: Path) -> Iterator[Page]:
    """A browser with one page.

    Args:
        folder: for its profile.
    """
    program = chromium_program()
    assert program is not None
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
    process = subprocess.Popen(
        [program, *options, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        told, end = folder / "DevToolsActivePort", time.monotonic() + SECONDS
        while not (told.exists() and len(told.read_text().splitlines()) == 2):
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError("Chromium did not start")
            time.sleep(0.05)
        port, path = told.read_text().splitlines()
        with connect(f"ws://127.0.0.1:{port}{path}", max_size=None) as browser:
            browser.send(json.dumps({"id": 1, "method": "Target.getTargets"}))
            targets = json.loads(browser.recv(timeout=SECONDS))["result"]["targetInfos"]
        (target,) = (each["targetId"] for each in targets if each["type"] == "page")
        with connect(f"ws://127.0.0.1:{port}/devtools/page/{target}", max_size=None) as connection:
            yield Page(connection)
    finally:
        process.terminate()
        process.wait(SECONDS)
