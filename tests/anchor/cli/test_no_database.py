"""A database that goes away under a command, as when its server is started again, is told with its code."""

from __future__ import annotations

import json

import pytest
from sqlalchemy.exc import OperationalError

from anchor.books.jobs import JobStore
from tests.conftest import Run


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_database_that_goes_away_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]) -> None:
    def gone(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection\nDETAIL: of no use"))

    assert run("deploy").code == 0
    monkeypatch.setattr(JobStore, "all", gone)
    told = run("jobs", "list", *options)
    assert told.code == 2
    said = json.loads(told.out)["error"]["what"] if options else told.errors
    assert "the database cannot be used: server closed the connection" in said
    assert "DETAIL" not in said
