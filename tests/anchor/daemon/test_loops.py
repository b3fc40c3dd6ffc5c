"""A fault in any loop of any server is told, ends the process, and the process says so by its exit code."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from anchor.anchoring.worker import Worker
from anchor.cli.session import Exit
from anchor.daemon.loops import Loop, Loops
from anchor.intake.dropfolder import DropFolder
from anchor.notices.alerts import Alerts
from anchor.notices.notices import Notice, Notices
from registry.errors import SettingsError
from registry.http.server import Server
from registry.index.indexer import Indexer
from registry.index.loader import TreeLoader
from tests.anchor.notices.test_alerts import Receiver
from tests.conftest import Run

UNITS = Path(__file__).parents[3] / "deployments" / "systemd"
FAULT = "never thought of"


def fails(*_: Any, **__: Any) -> None:
    raise ValueError(FAULT)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Where alerts are posted to."""
    made = Receiver()
    monkeypatch.setenv("TESTAMUR_ALERT_WEBHOOKS", json.dumps([made.url]))
    yield made
    made.end()


@pytest.mark.parametrize(
    ("loop", "place"),
    [
        ("anchor loop", (Worker, "round")),
        ("drop folder", (DropFolder, "look")),
        ("http server", (Server, "main_loop")),
        ("http server", (Server, "startup")),
    ],
)
def test_a_fault_in_a_loop_of_the_daemon(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receiver: Receiver, loop: str, place: tuple[type, str]
) -> None:
    monkeypatch.setenv("TESTAMUR_DROP_FOLDER", str(tmp_path))
    monkeypatch.setattr(*place, fails)
    assert run("daemon", "--port", "0").code == Exit.FAULT
    told = [json.loads(body) for _, body in list(receiver.got.queue)]
    (alert,) = (each for each in told if each["event"] == "loop-ended")
    assert alert["level"] == "critical"
    assert alert["facts"] == {"loop": loop, "code": "ValueError", "why": FAULT}


def test_a_server_that_cannot_be_used_ends_the_daemon_with_its_own_error(
    run: Run, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    def refuses(*_: Any, **__: Any) -> None:
        raise SettingsError("a file is broken", remedy="Mend it.", code="broken")

    monkeypatch.setattr(Server, "run", refuses)
    ran = run("daemon", "--port", "0")
    assert ran.code == Exit.FAILED
    assert "a file is broken" in ran.errors
    (alert,) = (json.loads(body) for _, body in list(receiver.got.queue))
    assert alert["facts"] == {"loop": "http server", "code": "broken", "why": "a file is broken"}


@pytest.mark.parametrize("place", [(Indexer, "step"), (TreeLoader, "step"), (Server, "main_loop")])
def test_a_fault_in_a_loop_of_the_lookup_service(
    run: Run, monkeypatch: pytest.MonkeyPatch, place: tuple[type, str]
) -> None:
    monkeypatch.setattr("anchor.serving.LINGER_SECONDS", 0.0)
    monkeypatch.setattr(*place, fails)
    ran = run("serve", "--port", "0")
    assert ran.code == Exit.FAULT
    assert FAULT in ran.errors


@pytest.mark.parametrize("place", [(Indexer, "step"), (TreeLoader, "step")])
def test_a_fault_in_a_loop_of_the_indexer(run: Run, monkeypatch: pytest.MonkeyPatch, place: tuple[type, str]) -> None:
    monkeypatch.setattr(*place, fails)
    assert run("index").code == Exit.FAULT


def test_who_is_asked_to_end_ends_well(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTAMUR_DROP_FOLDER", str(tmp_path))
    whole = Worker.end

    def ends(worker: Worker) -> None:
        whole(worker)
        fails()

    # What a loop says when it is ending anyway is for the log alone.
    monkeypatch.setattr(Worker, "end", ends)
    monkeypatch.setattr("anchor.serving.LINGER_SECONDS", 0.0)
    started = Server.startup

    async def startup(server: Server, *given: Any, **named: Any) -> None:
        await started(server, *given, **named)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Server, "startup", startup)
    assert run("daemon", "--port", "0").code == Exit.DONE
    assert run("serve", "--port", "0").code == Exit.DONE


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda path: path.stem)
def test_a_service_is_started_again_after_a_fault_and_not_after_a_changed_final_block(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert values["Restart"] in ("on-failure", "always")
    if "serve" not in unit.name:
        # A replica answers without an index that goes on.
        assert values["RestartPreventExitStatus"] == str(int(Exit.STOPPED))


def test_one_alert_that_cannot_be_posted_leaves_the_next_ones() -> None:
    receiver, outcomes = Receiver(), cast("list[str]", [])
    alerts = Alerts([receiver.url], period=0.0, outcome=outcomes.append)
    (webhook,) = alerts._webhooks
    whole, left = webhook._post, [fails]

    def first_fails(body: bytes) -> tuple[int | None, str]:
        if left:
            left.pop()()
        return whole(body)

    webhook._post = first_fails  # type: ignore[method-assign]
    notices = Notices([alerts])
    for _ in range(2):
        notices.tell("low-funds", account="0x")
    alerts.close()
    receiver.end()
    assert outcomes == ["failed", "sent"]


def test_a_loop_that_ends_by_itself_is_a_fault_and_the_first_one_is_told() -> None:
    told: list[Notice] = []
    ended = threading.Event()
    loops = Loops(
        [Loop("one", lambda: None, ended.set), Loop("two", ended.wait, ended.set)],  # type: ignore[arg-type]
        Notices([told.append]),
        asked=lambda: False,
        end=ended.set,
    )
    loops.start()
    assert ended.wait(10)
    loops.stop()
    assert isinstance(loops.fault, RuntimeError)
    assert [(one.event, one.facts["why"]) for one in told] == [("loop-ended", "it ended by itself")]
