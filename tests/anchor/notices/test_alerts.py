"""Alerts reach receivers that fail, hang and come back, once each, and never hold up whoever tells."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from anchor.notices import alerts as module
from anchor.notices.alerts import SIGNATURE_HEADER, Alerts, Patience
from anchor.notices.notices import EVENTS, Level, Notices
from registry.errors import SettingsError

SOON = Patience(attempts=4, first_pause=0.001, longest_pause=0.002, timeout=5.0)
WAIT = 10.0


class Receiver(ThreadingHTTPServer):
    """Answers each request with the next status of its script, then 200; a status of 0 means to hang."""

    daemon_threads = True

    def __init__(self, *script: int):
        self.script = list(script)
        self.got: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        self.release = threading.Event()
        super().__init__(("127.0.0.1", 0), _Answer)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/token"

    def next(self) -> Any:
        return json.loads(self.got.get(timeout=WAIT)[1])

    def end(self) -> None:
        self.release.set()
        self.shutdown()
        self.server_close()


class _Answer(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.put((dict(self.headers), body))
        status = self.server.script.pop(0) if self.server.script else 200
        if status == 0:
            self.server.release.wait(WAIT)
            return
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Outcomes:
    """What became of the alerts, in the order in which it was known."""

    def __init__(self) -> None:
        self._told: queue.Queue[str] = queue.Queue()

    def __call__(self, outcome: str) -> None:
        self._told.put(outcome)

    def next(self) -> str:
        return self._told.get(timeout=WAIT)

    def rest(self) -> list[str]:
        return [self._told.get_nowait() for _ in range(self._told.qsize())]


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def made() -> Iterator[list[Any]]:
    """What is to be ended after the test: receivers and alerts."""
    things: list[Any] = []
    yield things
    for thing in things:
        thing.end() if isinstance(thing, Receiver) else thing.close(0.0)


def receiver(made: list[Any], *script: int) -> Receiver:
    made.append(Receiver(*script))
    return made[-1]  # type: ignore[no-any-return]


def alerting(made: list[Any], *receivers: Receiver | str, **options: Any) -> tuple[Notices, Outcomes, Alerts]:
    outcomes = Outcomes()
    urls = [one.url if isinstance(one, Receiver) else one for one in receivers]
    alerts = Alerts(urls, **{"patience": SOON, "outcome": outcomes, **options})
    made.append(alerts)
    return Notices([alerts]), outcomes, alerts


def test_warnings_and_critical_events_are_posted_and_no_others(made: list[Any]) -> None:
    there = receiver(made)
    notices, _, alerts = alerting(made, there)
    for event in EVENTS:
        notices.tell(event, issuer=7, balance=10**20)
    alerts.close(WAIT)
    posted = [there.next() for _ in range(there.got.qsize())]
    assert [one["event"] for one in posted] == [name for name, (level, _) in EVENTS.items() if level != Level.INFO]
    assert posted[0]["facts"] == {"issuer": 7, "balance": "100000000000000000000"}
    assert posted[0]["meaning"] == EVENTS[posted[0]["event"]][1]
    assert len({one["id"] for one in posted}) == len(posted)


def test_the_signature_is_the_hmac_of_the_body(made: list[Any]) -> None:
    there = receiver(made)
    notices, _, _ = alerting(made, there, secret="shared")
    notices.tell("nonce-lost", nonce=3)
    headers, body = there.got.get(timeout=WAIT)
    assert headers[SIGNATURE_HEADER] == "sha256=" + hmac.new(b"shared", body, hashlib.sha256).hexdigest()


def test_without_a_secret_there_is_no_signature(made: list[Any]) -> None:
    there = receiver(made)
    alerting(made, there)[0].tell("nonce-lost")
    assert SIGNATURE_HEADER not in there.got.get(timeout=WAIT)[0]


def test_the_same_subject_is_posted_once_a_period_and_the_next_says_how_often_it_came(made: list[Any]) -> None:
    there, clock = receiver(made), Clock()
    notices, _, alerts = alerting(made, there, period=100.0, clock=clock)
    for anchors in (9, 8, 7):
        notices.tell("low-funds", account="0xA", anchors=anchors)
    notices.tell("low-funds", account="0xB", anchors=1)
    notices.tell("batch-parked", issuer=1, root="0x01", code="no-funds", why="a")
    notices.tell("batch-parked", issuer=1, root="0x02", code="no-funds", why="b")
    notices.tell("batch-parked", issuer=1, root="0x01", code="fee-ceiling", why="c")
    clock.seconds = 99.9
    notices.tell("low-funds", account="0xA", anchors=6)
    clock.seconds = 100.0
    notices.tell("low-funds", account="0xA", anchors=5)
    alerts.close(WAIT)
    posted = [there.next() for _ in range(there.got.qsize())]
    facts = [one["facts"] for one in posted]
    assert [one.get("anchors") or one["root"] + one["code"] for one in facts] == [
        9,
        1,
        "0x01no-funds",
        "0x02no-funds",
        "0x01fee-ceiling",
        5,
    ]
    assert [one["repeated"] for one in posted] == [0, 0, 0, 0, 0, 3]


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_receiver_that_is_in_trouble_gets_the_same_alert_again(made: list[Any], status: int) -> None:
    there = receiver(made, status, status)
    notices, outcomes, _ = alerting(made, there)
    notices.tell("head-stuck", head=1)
    assert outcomes.next() == "sent"
    bodies = [there.got.get(timeout=WAIT)[1] for _ in range(3)]
    assert len(set(bodies)) == 1
    assert there.got.empty()


@pytest.mark.parametrize("status", [400, 401, 404, 410, 302])
def test_a_refusal_is_not_repeated(made: list[Any], status: int, caplog: pytest.LogCaptureFixture) -> None:
    there = receiver(made, status)
    notices, outcomes, _ = alerting(made, there)
    notices.tell("head-stuck", head=1)
    assert outcomes.next() == "failed"
    assert there.got.qsize() == 1
    assert f"status {status}" in caplog.text
    assert "token" not in caplog.text


def test_after_all_attempts_it_is_given_up_and_the_next_time_is_a_first_time(made: list[Any]) -> None:
    there = receiver(made, 500, 500, 500, 500)
    notices, outcomes, _ = alerting(made, there)
    notices.tell("head-stuck", head=1)
    assert outcomes.next() == "failed"
    assert there.got.qsize() == SOON.attempts
    notices.tell("head-stuck", head=2)
    assert outcomes.next() == "sent"


def test_nobody_there(made: list[Any], caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/secret-token"
    notices, outcomes, _ = alerting(made, url)
    notices.tell("head-stuck", head=1)
    assert outcomes.next() == "failed"
    assert "secret-token" not in caplog.text


def test_a_receiver_that_hangs_runs_into_the_timeout(made: list[Any]) -> None:
    there = receiver(made, 0)
    notices, outcomes, _ = alerting(made, there, patience=Patience(2, 0.001, 0.001, 0.05))
    notices.tell("head-stuck", head=1)
    assert outcomes.next() == "sent"
    assert there.got.qsize() == 2


def test_a_receiver_that_hangs_holds_up_neither_the_loop_nor_the_others(
    made: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 5)
    hanging, there = receiver(made, 0), receiver(made)
    notices, outcomes, alerts = alerting(made, hanging, there)
    notices.tell("batch-parked", root="0x00")
    hanging.got.get(timeout=WAIT)
    there.next()
    outcomes.next()
    began = time.monotonic()
    for number in range(1, 6):
        notices.tell("batch-parked", root=f"0x{number:02x}")
        # The good one has it although the other hangs.
        assert there.next()["facts"]["root"] == f"0x{number:02x}"
        assert outcomes.next() == "sent"
    notices.tell("batch-parked", root="0x06")
    assert sorted(outcomes.next() for _ in range(2)) == ["dropped", "sent"]
    assert time.monotonic() - began < SOON.timeout
    alerts.close(0.0)


def test_what_was_dropped_is_not_taken_for_told(made: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 1)
    there = receiver(made, 0)
    notices, outcomes, _ = alerting(made, there)
    notices.tell("batch-parked", root="0x00")
    there.next()
    notices.tell("batch-parked", root="0x01")
    notices.tell("batch-parked", root="0x02")
    assert outcomes.next() == "dropped"
    there.release.set()
    assert [outcomes.next(), outcomes.next()] == ["sent", "sent"]
    notices.tell("batch-parked", root="0x02")
    assert outcomes.next() == "sent"


def test_what_waits_is_posted_before_the_end(made: list[Any]) -> None:
    there = receiver(made, 500)
    notices, outcomes, alerts = alerting(made, there)
    notices.tell("finality-violated", why="x")
    alerts.close(WAIT)
    assert outcomes.rest() == ["sent"]


def test_the_end_waits_no_longer_than_it_says(made: list[Any]) -> None:
    there = receiver(made, 0)
    notices, _, alerts = alerting(made, there)
    notices.tell("finality-violated", why="x")
    there.next()
    began = time.monotonic()
    alerts.close(0.05)
    assert time.monotonic() - began < 2.0


def test_the_memory_of_subjects_is_bounded(made: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_REMEMBERED", 3)
    there = receiver(made)
    notices, _, _ = alerting(made, there)
    for root in ("0x1", "0x2", "0x3", "0x4", "0x4", "0x1"):
        notices.tell("batch-parked", root=root)
    assert [there.next()["facts"]["root"] for _ in range(5)] == ["0x1", "0x2", "0x3", "0x4", "0x1"]


@pytest.mark.parametrize(
    "url", ["hooks.example", "file:///etc/passwd", "ftp://hooks.example", "https://:80/token", "http://[x"]
)
def test_what_is_no_web_address_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Alerts([url])
    assert url not in str(refused.value)
