"""A file in the drop folder becomes one job, whatever happens in between."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from anchor.daemon.dropfolder import DropFolder
from anchor.daemon.intake import Desk, IntakeLimits
from registry.credential import digest_json
from registry.errors import IntakeError
from registry.store.tables import JobState
from tests.daemon.issuer import Site, credential


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "drop" / "1"
    folder.mkdir(parents=True)
    return folder


def drop(site: Site, inbox: Path, **limits: Any) -> DropFolder:
    return DropFolder(inbox.parent, Desk(site.jobs, IntakeLimits(**limits), site.notices), site.jobs, site.notices)


def looks(folder: DropFolder, times: int = 2) -> int:
    return sum(folder.look() for _ in range(times))


def note(inbox: Path, name: str) -> Any:
    return json.loads((inbox / name).read_text())


def test_accepted(site: Site, inbox: Path) -> None:
    (inbox / "a.jsonl").write_bytes(credential(1) + b"\nbad\n")
    folder = drop(site, inbox)
    assert folder.look() == 0
    assert folder.look() == 1
    (made,) = site.jobs.all()
    assert (made.issuer, made.source, made.state, made.credentials) == (1, "folder", JobState.QUEUED, 1)
    assert sorted(path.name for path in inbox.iterdir()) == ["done"]
    assert sorted(path.name for path in (inbox / "done").iterdir()) == ["a.jsonl", "a.jsonl.job.json"]
    written = note(inbox, "done/a.jsonl.job.json")
    assert (written["id"], written["rejects"][0]["line"]) == (made.id, 2)
    assert looks(folder) == 0


def test_refused(site: Site, inbox: Path) -> None:
    (inbox / "a.jsonl").write_bytes(b"bad")
    (inbox / "b.zip").write_bytes(b"no zip")
    (inbox / "c.jsonl").write_bytes(credential(1) * 100)
    (inbox / "empty.jsonl").write_bytes(b"")
    assert looks(drop(site, inbox, bytes=1000)) == 4
    codes = {path.name: json.loads(path.read_text())["code"] for path in (inbox / "failed").glob("*.reason.json")}
    assert codes == {
        "a.jsonl.reason.json": "rejects",
        "b.zip.reason.json": "bad-zip",
        "c.jsonl.reason.json": "too-large",
        "empty.jsonl.reason.json": "empty",
    }
    assert site.digests() == []
    assert {job.state for job in site.jobs.all()} == {JobState.BROKEN}


def test_a_file_that_still_grows(site: Site, inbox: Path) -> None:
    folder, path = drop(site, inbox), inbox / "a.jsonl"
    for number in range(3):
        with path.open("ab") as file:
            file.write(credential(number) + b"\n")
        assert folder.look() == 0
    assert folder.look() == 1
    assert len(site.digests()) == 3


def test_what_is_left_alone(site: Site, inbox: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_bytes(credential(1))
    for name in ("x.part", ".hidden.json", "a.receipt.json"):
        (inbox / name).write_bytes(credential(1))
    (inbox / "link.json").symlink_to(secret)
    (inbox / "folder").mkdir()
    os.mkfifo(inbox / "pipe.json")
    for name in ("0", "x", "01", "-1", "²", "1" * 19, "1 "):
        (inbox.parent / name).mkdir()
        (inbox.parent / name / "a.json").write_bytes(credential(1))
    (inbox.parent / "2").symlink_to(inbox)
    (inbox.parent / "3.json").write_bytes(credential(1))
    assert looks(drop(site, inbox), 3) == 0
    assert site.jobs.all() == []


@pytest.mark.parametrize("moment", ["before the note", "before the move"])
def test_end_between_commit_and_move(site: Site, inbox: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    (inbox / "a.jsonl").write_bytes(credential(1))
    whole = Path.replace

    def ends(self: Path, target: Path) -> Path:
        if moment == "before the note" or not self.name.endswith(".partial"):
            raise KeyboardInterrupt
        return whole(self, target)

    monkeypatch.setattr(Path, "replace", ends)
    with pytest.raises(KeyboardInterrupt):
        looks(drop(site, inbox))
    monkeypatch.undo()
    assert len(site.jobs.all()) == 1
    assert looks(drop(site, inbox)) == 1
    (made,) = site.jobs.all()
    assert note(inbox, "done/a.jsonl.job.json")["id"] == made.id
    assert [path.name for path in inbox.iterdir()] == ["done"]


def test_same_name_again(site: Site, inbox: Path) -> None:
    folder = drop(site, inbox)
    for number in (1, 2):
        (inbox / "a.jsonl").write_bytes(credential(number))
        assert looks(folder) == 1
    assert len(site.jobs.all()) == 2
    kept = {path.read_bytes() for path in (inbox / "done").glob("a*.jsonl")}
    assert kept == {credential(1), credential(2)}
    assert len(list((inbox / "done").glob("*.job.json"))) == 2
    # The very same once more is the job that it was.
    (inbox / "a.jsonl").write_bytes(credential(2))
    assert looks(folder) == 1
    assert len(site.jobs.all()) == 2


def test_database_away(site: Site, inbox: Path) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("x", {}, Exception("away"))

    (inbox / "a.jsonl").write_bytes(credential(1))
    (inbox / "b.jsonl").write_bytes(credential(2))
    folder = drop(site, inbox)
    event.listen(site.engine, "begin", fail)
    assert looks(folder, 4) == 0
    event.remove(site.engine, "begin", fail)
    assert len([one for one in site.told if one.event == "round-failed"]) == 2
    assert folder.look() == 2
    assert site.digests() == sorted(digest_json(credential(n)).value for n in (1, 2))


def test_no_folder(site: Site, tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="cannot be read"):
        drop(site, tmp_path / "missing" / "1").look()


def test_same_file_for_two_issuers(site: Site, inbox: Path) -> None:
    other = inbox.parent / "2"
    other.mkdir()
    for folder in (inbox, other):
        (folder / "a.json").write_bytes(credential(1))
    assert looks(drop(site, inbox)) == 2
    assert sorted(job.issuer for job in site.jobs.all()) == [1, 2]
