"""The log: one line an event, readable by machines, and never with a secret in it."""

from __future__ import annotations

import io
import json
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anchor.notices.logs import Log
from anchor.notices.notices import EVENTS, Notices
from anchor.secrets import secrets_of
from anchor.settings import Settings
from registry.secrets import HIDDEN

SECRETS = {
    "key": "0x" + "ab" * 32,
    "database": "postgresql://registry:opensesame@db/registry",
    "chain": "https://someone:letmein99@rpc.example/v3/0123456789abcdef",
    "alert_webhooks": ["https://hooks.example/services/T00/B00/abcdefgh"],
    "alert_secret": "hunter2hunter2",
}
HIDDEN_TEXTS = ("ab" * 32, "opensesame", "letmein99", "0123456789abcdef", "services/T00/B00/abcdefgh", "hunter2hunter2")


def test_each_event_is_one_json_object_on_one_line() -> None:
    stream = io.StringIO()
    notices = Notices([Log("json", stream=stream)])
    for event in EVENTS:
        notices.tell(event, issuer=1, root="0x" + "00" * 32, nonce=None)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == list(EVENTS)
    assert [line["level"] for line in lines] == [level for level, _ in EVENTS.values()]
    assert lines[0]["root"] == "0x" + "00" * 32
    assert lines[0]["timestamp"].endswith("Z")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_of_the_settings_is_written(log_format: str) -> None:
    stream = io.StringIO()
    log = Log(log_format, stream=stream, secrets=secrets_of(Settings(**SECRETS)))  # type: ignore[arg-type]
    notices = Notices([log])
    for text in SECRETS.values():
        notices.tell("round-failed", why=f"cannot reach {text}", password="x", Api_Key="y")
    handler = log.handler()
    record = logging.LogRecord("urllib3", logging.WARNING, "", 1, "retrying %s", (SECRETS["chain"],), None)
    handler.handle(record)
    written = stream.getvalue()
    assert HIDDEN in written
    assert "retrying" in written
    assert [text for text in HIDDEN_TEXTS if text in written] == []
    # The names of hosts stay: whoever reads the log has to know which server it was.
    assert "rpc.example" in written
    assert "hooks.example" in written


@pytest.mark.parametrize("log_format", ["json", "console"])
@settings(max_examples=60, deadline=None)
@given(why=st.text())
def test_no_text_begins_a_line_or_steers_a_terminal(log_format: str, why: str) -> None:
    stream = io.StringIO()
    Notices([Log(log_format, stream=stream)]).tell("round-failed", why=f"x\n{why}\x1b[2J")  # type: ignore[arg-type]
    line, end = stream.getvalue()[:-1], stream.getvalue()[-1:]
    assert end == "\n"
    assert line.isprintable() or log_format == "json"
    assert "\n" not in line
    assert "\x1b" not in line


def test_a_library_cannot_forge_a_line() -> None:
    stream = io.StringIO()
    handler = Log("console", stream=stream).handler()
    handler.handle(logging.LogRecord("uvicorn", logging.INFO, "", 1, "GET /\nfinality-violated", (), None))
    assert stream.getvalue().count("\n") == 1


def test_an_exception_of_a_library_is_told() -> None:
    stream = io.StringIO()
    logger = logging.Logger("some.library")
    logger.addHandler(Log("json", stream=stream).handler())
    try:
        raise OSError("disk full")
    except OSError:
        logger.exception("failed")
    line = json.loads(stream.getvalue())
    assert line["logger"] == "some.library"
    assert line["level"] == "error"
    assert "disk full" in line["event"]


def test_a_log_that_cannot_be_written_does_not_stop_the_daemon() -> None:
    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(28, "no space left")

    Notices([Log("json", stream=Full())]).tell("daemon-started")
    closed = io.StringIO()
    log = Log("console", stream=closed)
    closed.close()
    Notices([log]).tell("daemon-started")
