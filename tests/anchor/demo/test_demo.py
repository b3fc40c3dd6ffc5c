"""The demo does what it says, on a chain that is still there afterwards."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Run


def test_the_demo_shows_every_fate(run: Run) -> None:
    ran = run("demo", "--count", 40, "--folder", "kept", "--json")
    assert ran.code == 0
    overall = {Path(verdict["name"]).name: verdict["overall"] for verdict in ran.json["verdicts"]}
    assert overall == {
        "good.json": "valid with a warning",
        "changed.json": "not valid",
        "revoked.json": "not valid",
        "never-issued.json": "could not be checked",
    }
    assert ran.json["absence"]["outcome"] == "absent"
    assert sum(batch["leafCount"] for batch in ran.json["batches"]) == 40
    assert ran.json["audit"] == {"events": len(ran.json["batches"]), "credentials": 40, "revoked": 1, "differences": []}
    again = run("verify", "kept/credentials/good.json", "--data-folder", "kept/testamur-data", "--json")
    assert again.json["overall"] == "valid with a warning"


def test_the_demo_leaves_nothing_behind_and_overwrites_nothing(run: Run, tmp_path: Path) -> None:
    Path("mine").mkdir()
    assert run("demo", "--folder", "mine").code == 1
    assert run("demo", "--count", 20).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
