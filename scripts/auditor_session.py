"""An auditor's session on a registry with 1,000 batches of 20 issuers; its real output goes into docs/how-to/audit.md.

    python -m scripts.auditor_session

Everything is made from a seed on an anvil whose clock is set, so that the page changes only when the program does.
Needs anvil, as the tests do.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import perf_counter

from registry.chain.abi import artifact
from registry.chain.rpc.connect import connect
from registry.merkle.treefile import HEADER
from scripts.registry_history import LAPSED, START, anchor_again, build
from tests.registry.chain.worlds import anvil

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "how-to" / "audit.md"
# What the page calls the endpoints, whose ports differ from run to run.
ENDPOINT, LIAR, DOWN = "http://127.0.0.1:8545", "http://127.0.0.1:8546", "http://127.0.0.1:8547"
# The history ends at a set time, so that the page does not change with the day: how long ago that is, is not judged.
SETTINGS = "head_age_seconds = 0\n"
STATUS_SET = next(topic for topic, item in artifact().events_by_topic.items() if item.name == "StatusSet")
LAPSED_CREDENTIALS = (
    "import json; [print(each) for each in json.load(open('audit.json'))['insights']['credentials']['byIssuer'] "
    "if each['underLapsed']]"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=1_000)
    parser.add_argument("--issuers", type=int, default=20)
    parser.add_argument("--keep", type=Path, help="leave the working folder here")
    options = parser.parse_args()
    started = perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        with anvil("--no-mining", "--timestamp", str(int(START.timestamp()) - 60), "--order", "fifo") as url:
            client = connect(url)
            made = build(
                client, work / "registry", batches=options.batches, issuers=options.issuers, mean=100, tell=print
            )
            print(f"made in {perf_counter() - started:.0f} s")
            with _liar(url) as liar:
                auditor = Auditor(work, {ENDPOINT: url, LIAR: liar, DOWN: "http://127.0.0.1:1"})
                blocks = _session(auditor)
            anchor_again(made, work / "registry")
            blocks["apart"] = auditor.types(f"testamur audit --chain {ENDPOINT} --data-folder registry")
            client.close()
    _write(blocks)
    print(f"{PAGE.relative_to(ROOT)} written in {perf_counter() - started:.0f} s")


class Auditor:
    """Somebody at a terminal in a working folder.

    Args:
        endpoints: by what the page calls them.
    """

    def __init__(self, work: Path, endpoints: dict[str, str]):
        self.work = work
        self._endpoints = endpoints

    def types(self, command: str) -> str:
        """Run a command; what the terminal shows: the command, its output and its exit code."""
        real = command
        for name, url in self._endpoints.items():
            real = real.replace(name, url)
        bare = {name: value for name, value in os.environ.items() if not name.startswith("TESTAMUR_")}
        own = {**bare, "PYTHONPATH": str(ROOT), "COLUMNS": "118"}
        program = f"{sys.executable} -c 'from anchor.cli import main; main()'"
        word, rest = real.split(" ", 1)
        line = f"{({'testamur': program, 'python': sys.executable}).get(word, word)} {rest}"
        started = perf_counter()
        done = subprocess.run(line, shell=True, cwd=self.work, env=own, capture_output=True, text=True, check=False)
        print(f"{perf_counter() - started:6.1f} s  {command}")
        shown = done.stdout + done.stderr
        for name, url in self._endpoints.items():
            shown = shown.replace(url, name)
        told = "\n".join(each.rstrip() for each in shown.strip().splitlines())
        status = f"\n$ echo $?\n{done.returncode}" if command.startswith("testamur audit") else ""
        return f"```console\n$ {command}\n{told}{status}\n```".replace("\n\n", "\n")


def _session(auditor: Auditor) -> dict[str, str]:
    """The blocks of the page by their names."""
    work = auditor.work
    (work / "testamur.toml").write_text(SETTINGS, encoding="utf-8")
    blocks = {
        "chain": auditor.types(f"testamur audit --chain {ENDPOINT}"),
        "all": auditor.types(
            f"testamur audit --chain {ENDPOINT} --data-folder registry --report audit.html --csv tables"
        ),
        "tables": auditor.types("wc -l tables/*.csv"),
        "filtered": auditor.types(
            f"testamur audit --chain {ENDPOINT} --data-folder registry --issuer {LAPSED} --from 2025-04-01T00:00:00Z"
        ),
        "json": auditor.types(f"testamur audit --chain {ENDPOINT} --data-folder registry --json > audit.json"),
        "lapsed": auditor.types(f'python -c "{LAPSED_CREDENTIALS}"'),
    }
    shutil.copytree(work / "registry", work / "tampered")
    _tamper(work / "tampered", json.loads((work / "audit.json").read_text(encoding="utf-8")))
    blocks["tampered"] = auditor.types(f"testamur audit --chain {ENDPOINT} --data-folder tampered")
    blocks["liar"] = auditor.types(f"testamur audit --chain {LIAR}")
    blocks["down"] = auditor.types(f"testamur audit --chain {DOWN}")
    return blocks


def _tamper(folder: Path, audit: dict[str, list[dict[str, str]]]) -> None:
    """One bit of a leaf, one row of the database, one row of the index, and one file."""
    roots = [each["root"][2:] for each in audit["batches"]]
    (damaged,) = (folder / "trees").glob(f"{roots[7]}-*.tree")
    content = bytearray(damaged.read_bytes())
    content[HEADER.size + 31] ^= 1
    damaged.write_bytes(content)
    (missing,) = (folder / "trees").glob(f"{roots[8]}-*.tree")
    missing.unlink()
    with sqlite3.connect(folder / "testamur.db") as connection:
        connection.execute("UPDATE batch SET leaf_count = leaf_count + 1 WHERE root = ?", (bytes.fromhex(roots[9]),))
        (word,) = connection.execute("SELECT min(root) FROM indexed_status WHERE purpose = 0").fetchone()
        connection.execute("DELETE FROM indexed_status WHERE root = ? AND purpose = 0", (word,))


@contextmanager
def _liar(url: str) -> Iterator[str]:
    """An endpoint that answers as the one at the URL, but leaves out the first revocation of each list of events."""
    client = connect(url)
    topic = f"0x{STATUS_SET.hex()}"

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body in one piece: otherwise the other side acknowledges the first of two after a while.
        wbufsize = -1

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answers = [self._answer(each) for each in (asked if isinstance(asked, list) else [asked])]
            body = json.dumps(answers if isinstance(asked, list) else answers[0]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _answer(self, asked: dict[str, object]) -> dict[str, object]:
            result = client.request(str(asked["method"]), asked["params"])  # type: ignore[arg-type]
            if asked["method"] == "eth_getLogs":
                left_out = next((log for log in result if log["topics"][0] == topic), None)
                result = [log for log in result if log is not left_out]
            return {"jsonrpc": "2.0", "id": asked["id"], "result": result}

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        client.close()


def _write(blocks: dict[str, str]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, block in blocks.items():
        between = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        page, count = between.subn(lambda found, block=block: f"{found[1]}{block}\n{found[2]}", page)
        if count != 1:
            sys.exit(f"{PAGE} has no place for {name}")
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
