"""Debian's Chromium without a window, told what to do by its debugging protocol; what it requests is written down."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
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
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.said.append(json.dumps(params["args"]))

    def evaluate(self, expression: str) -> Any:
        told = self.do("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def wait(self, expression: str) -> Any:
        """Until it is true."""
        return self.wait_for(lambda: self.evaluate(expression), expression)

    def wait_for(self, check: Callable[[], Any], told: str = "") -> Any:
        """Until it says so; what the page does meanwhile is noted."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if found := check():
                return found
            time.sleep(0.05)
        raise AssertionError(f"never true: {told}; {self.said}; {self.evaluate('document.body.innerText')}")

    def open(self, url: str) -> None:
        self.do("Page.navigate", url="about:blank")
        self.do("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    @contextmanager
    def screen(self, width: int, height: int = 800, *, zoom: float = 1) -> Iterator[None]:
        """Of so many pixels; a page that is zoomed has fewer of them, each as many times as large."""
        size = {"width": round(width / zoom), "height": round(height / zoom)}
        self.do("Emulation.setDeviceMetricsOverride", **size, deviceScaleFactor=zoom, mobile=False)
        try:
            yield
        finally:
            self.do("Emulation.clearDeviceMetricsOverride")

    @contextmanager
    def media(self, media: str = "", **features: str) -> Iterator[None]:
        """As printed, or as a user wants it, such as `forced_colors="active"`."""
        wanted = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.do("Emulation.setEmulatedMedia", media=media, features=wanted)
        try:
            yield
        finally:
            self.do("Emulation.setEmulatedMedia", media="", features=[])

    def press(self, key: str, *, text: str = "") -> None:
        """A key, such as Tab, Escape or Enter."""
        code = {"Tab": 9, "Escape": 27, "Enter": 13}[key]
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            self.do("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **typed)

    def picture(self, selector: str) -> bytes:
        """As much as the screen has of the page from an element on, as a PNG."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).scrollIntoView()")
        return base64.b64decode(self.do("Page.captureScreenshot", format="png")["data"])

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
    """A browser with one page, and a camera that shows moving stripes.

    Args:
        folder: for its profile.
    """
    program = chromium_program()
    assert program is not None
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
    options += (
        "--hide-scrollbars",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        "--disable-lcd-text",
    )
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
