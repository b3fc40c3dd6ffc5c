"""Seconds from drop to verdict in the page that checks credentials, beside what asking alone takes.

    python -m scripts.bench.page [runs]

Chromium without a window, an embedded chain and one endpoint over HTTP on the same machine. In turns with the page run

- its own questions again, sent over one connection and answered, with nothing done to the answers: nobody who asks the
  same can be quicker by more than that, and through a network it is most of the time;
- the verifier in Python with the same endpoint, by proof.

Medians of the runs, and the page's as a multiple of each of the other two.
"""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from urllib.parse import urlsplit

from registry.chain.rpc.connect import connect
from registry.document.reading import read_document
from registry.verify.verdict import Overall
from tests.registry.verifier.lies import verdict_of
from tests.web.endpoints import NAMES
from tests.web.states import Stand, stand_in

NAME = NAMES[0]
# Resolves once the verdict stands in the page: what is measured is between two moments of the page's own clock.
DROP = """new Promise((done) => {
  const files = FILES;
  const data = new DataTransfer();
  for (const [name, text] of Object.entries(files)) data.items.add(new File([text], name));
  const result = document.querySelector("#result");
  result.replaceChildren();
  const start = performance.now();
  new MutationObserver((_, watching) => {
    if (!result.querySelector("strong")) return;
    watching.disconnect();
    done((performance.now() - start) / 1000);
  }).observe(result, { childList: true });
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
})"""


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with TemporaryDirectory() as folder, stand_in(Path(folder)) as stand:
        stand.open()
        page = dropping(stand)
        page()
        stand.endpoint.asked.clear()
        page()
        questions = list(stand.endpoint.asked)
        ways = {"the page": page, "its questions alone": asking(stand, questions), "Python, by proof": python(stand)}
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(runs):
            for name, way in ways.items():
                taken[name].append(way())
        print(f"one document with its receipt, {len(questions)} questions, {runs} runs in turns")
        ours = median(taken["the page"])
        for name, seconds in taken.items():
            print(
                f"{name:22} {1000 * median(seconds):8.1f} ms   the page takes {ours / median(seconds):.1f} times that"
            )


def dropping(stand: Stand) -> Callable[[], float]:
    """A drop in the page, until its verdict is there."""
    files = {name: content.decode() for name, content in stand.pair(NAME).items()}
    script = DROP.replace("FILES", json.dumps(files))
    return lambda: float(stand.browser.evaluate(script))


def asking(stand: Stand, questions: list[str]) -> Callable[[], float]:
    """The same questions one after the other."""
    connection = http.client.HTTPConnection(urlsplit(stand.endpoint.url).netloc)

    def ask() -> float:
        start = perf_counter()
        for body in questions:
            connection.request("POST", "/", body.encode(), {"Content-Type": "application/json"})
            connection.getresponse().read()
        return perf_counter() - start

    return ask


def python(stand: Stand) -> Callable[[], float]:
    """The verifier in Python, in a process that has begun already."""
    client = connect(stand.endpoint.url)
    document, receipt = stand.issued.documents[NAME], stand.issued.receipts[NAME]

    def check() -> float:
        start = perf_counter()
        verdict = verdict_of(client, receipt, 1, reading=read_document(document, "diploma.json"))
        if verdict.overall is not Overall.VALID:
            sys.exit(f"not valid: {verdict}")
        return perf_counter() - start

    return check


if __name__ == "__main__":
    main()
