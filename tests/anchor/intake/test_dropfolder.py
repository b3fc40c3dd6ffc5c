"""A file in the drop folder becomes one job, whatever happens in between."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from anchor.books.tables import JobState
from anchor.intake.desk import Accepted, Desk, Order
from anchor.intake.dropfolder import DropFolder
from anchor.intake.inbox import MOST_WATCHED_OF_ONE
from anchor.intake.openfolder import OpenFolder
from anchor.intake.streams import IntakeLimits
from anchor.notices.troubles import Cause, Troubles
from registry.credential.digest import digest_json
from tests.anchor.conftest import on_sqlite
from tests.anchor.issuer import Site, credential
from tests.faults.harness import wait_until


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "drop" / "1"
    folder.mkdir(parents=True)
    return folder


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1.0

    def __call__(self) -> float:
        return self.now


def drop(site: Site, inbox: Path, *, clock: Clock | None = None, **limits: Any) -> DropFolder:
    """A drop folder as it ships with a clock; without one, it takes what is the same at two looks."""
    desk = Desk(site.jobs, IntakeLimits(**limits), site.notices)
    options: dict[str, Any] = {"quiet_seconds": 0.0} if clock is None else {"clock": clock}
    troubles = Troubles()
    made = DropFolder(inbox.parent, desk, site.jobs, site.notices, spool=site.folder.path, troubles=troubles, **options)
    made.troubles = troubles  # type: ignore[attr-defined]
    return made


def looks(folder: DropFolder, times: int = 2) -> int:
    return sum(folder.look() for _ in range(times))


def note(inbox: Path, name: str) -> Any:
    return json.loads((inbox / name).read_text())


def told(site: Site, event: str) -> list[tuple[Any, Any]]:
    return [(one.facts["issuer"], one.facts["code"]) for one in site.told if one.event == event]


def standing(folder: DropFolder) -> list[tuple[int | None, str, Cause]]:
    found: Troubles = folder.troubles  # type: ignore[attr-defined]
    return [(each.issuer, each.trouble.code, each.trouble.cause) for each in found.all()]


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


@on_sqlite
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


@on_sqlite
def test_a_file_that_still_grows(site: Site, inbox: Path) -> None:
    folder, path = drop(site, inbox), inbox / "a.jsonl"
    for number in range(3):
        with path.open("ab") as file:
            file.write(credential(number) + b"\n")
        assert folder.look() == 0
    assert folder.look() == 1
    assert len(site.digests()) == 3


@on_sqlite
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
    (inbox.parent / "3.json").write_bytes(credential(1))
    assert looks(drop(site, inbox), 3) == 0
    assert site.jobs.all() == []


@pytest.mark.parametrize("moment", ["before the note", "before the move"])
def test_end_between_commit_and_move(site: Site, inbox: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    (inbox / "a.jsonl").write_bytes(credential(1))
    whole = os.replace

    def ends(name: str, new: str, **folders: int) -> None:
        if moment == "before the note" or not name.endswith(".partial"):
            raise KeyboardInterrupt
        whole(name, new, **folders)

    monkeypatch.setattr(os, "replace", ends)
    with pytest.raises(KeyboardInterrupt):
        looks(drop(site, inbox))
    monkeypatch.undo()
    assert len(site.jobs.all()) == 1
    assert looks(drop(site, inbox)) == 1
    (made,) = site.jobs.all()
    assert note(inbox, "done/a.jsonl.job.json")["id"] == made.id
    assert [path.name for path in inbox.iterdir()] == ["done"]


@on_sqlite
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
    assert told(site, "drop-folder") == [(1, "database")]
    assert folder.look() == 2
    assert site.digests() == sorted(digest_json(credential(n)).value for n in (1, 2))


@on_sqlite
def test_no_folder(site: Site, tmp_path: Path) -> None:
    folder = drop(site, tmp_path / "missing" / "1")
    assert looks(folder, 3) == 0
    assert told(site, "drop-folder") == [(None, "unreadable")]
    assert standing(folder) == [(None, "unreadable", Cause.MACHINE)]
    (tmp_path / "missing" / "1").mkdir(parents=True)
    (tmp_path / "missing" / "1" / "a.json").write_bytes(credential(1))
    assert looks(folder) == 1
    assert standing(folder) == []


@on_sqlite
def test_same_file_for_two_issuers(site: Site, inbox: Path) -> None:
    other = inbox.parent / "2"
    other.mkdir()
    for folder in (inbox, other):
        (folder / "a.json").write_bytes(credential(1))
    assert looks(drop(site, inbox)) == 2
    assert sorted(job.issuer for job in site.jobs.all()) == [1, 2]


# Links, and other folders' owners


@on_sqlite
@pytest.mark.parametrize("name", ["done", "failed"])
def test_who_leads_a_folder_elsewhere_anchors_for_nobody_else(site: Site, inbox: Path, name: str) -> None:
    (inbox.parent / "2").mkdir()
    (inbox / name).symlink_to("../2")
    for number, file in enumerate(("forged.jsonl", "bad.json")):
        (inbox / file).write_bytes(credential(number) if file == "forged.jsonl" else b"bad")
    folder = drop(site, inbox)
    assert looks(folder, 4) == 0
    assert site.jobs.all() == []
    assert list((inbox.parent / "2").iterdir()) == []
    assert standing(folder) == [(1, "not-a-folder", Cause.ISSUER)]
    assert told(site, "drop-folder") == [(1, "not-a-folder")]


@on_sqlite
def test_a_link_that_is_made_between_reading_and_moving_is_not_followed(
    site: Site, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox.parent / "2").mkdir()
    (inbox / "a.json").write_bytes(credential(1))
    whole = Desk.put

    def put(desk: Desk, order: Order, path: Path, **options: Any) -> Accepted:
        done = whole(desk, order, path, **options)
        (inbox / "done").symlink_to("../2")
        return done

    monkeypatch.setattr(Desk, "put", put)
    folder = drop(site, inbox)
    assert looks(folder) == 0
    assert list((inbox.parent / "2").iterdir()) == []
    monkeypatch.undo()
    (inbox / "done").unlink()
    assert looks(folder) == 1
    assert len(site.jobs.all()) == 1


@on_sqlite
def test_a_folder_of_an_issuer_that_is_a_link_is_nobodys(site: Site, inbox: Path) -> None:
    (inbox.parent / "2").symlink_to(inbox)
    (inbox / "a.json").write_bytes(credential(1))
    folder = drop(site, inbox)
    assert looks(folder) == 1
    assert [job.issuer for job in site.jobs.all()] == [1]
    assert standing(folder) == [(2, "not-a-folder", Cause.ISSUER)]


@on_sqlite
def test_a_file_that_becomes_a_link_or_a_pipe_is_not_read(
    site: Site, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.json"
    secret.write_bytes(credential(1))
    (inbox / "a.json").write_bytes(credential(2))
    (inbox / "b.json").write_bytes(credential(3))
    whole = OpenFolder.open

    def swapped(folder: OpenFolder, name: str) -> int:
        (inbox / name).unlink()
        if name == "a.json":
            (inbox / name).symlink_to(secret)
        else:
            os.mkfifo(inbox / name)
        return whole(folder, name)

    folder = drop(site, inbox)
    monkeypatch.setattr(OpenFolder, "open", swapped)
    assert looks(folder, 3) == 0
    assert site.jobs.all() == []


@on_sqlite
def test_a_note_is_not_written_through_a_link(site: Site, inbox: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"kept")
    (inbox / "done").mkdir()
    (inbox / "done" / ".a.json.job.json.partial").symlink_to(precious)
    (inbox / "done" / "a.json.job.json").symlink_to(precious)
    (inbox / "a.json").write_bytes(credential(1))
    assert looks(drop(site, inbox)) == 1
    assert precious.read_bytes() == b"kept"
    (made,) = site.jobs.all()
    notes = [path for path in (inbox / "done").glob("*.job.json") if not path.is_symlink()]
    assert [json.loads(path.read_bytes())["id"] for path in notes] == [made.id]


@on_sqlite
@pytest.mark.parametrize(("field", "code"), [("st_dev", "other-disk"), ("st_uid", "other-owner")])
def test_another_disk_or_owner_is_refused(
    site: Site, inbox: Path, monkeypatch: pytest.MonkeyPatch, field: str, code: str
) -> None:
    (inbox / "done").mkdir()
    (inbox / "a.json").write_bytes(credential(1))
    strange, whole = (inbox / "done").stat().st_ino, os.fstat

    def fstat(descriptor: int) -> Any:
        found = whole(descriptor)
        values = {name: getattr(found, name) for name in dir(found) if name.startswith("st_")}
        return SimpleNamespace(**(values | ({field: 4711} if found.st_ino == strange else {})))

    folder = drop(site, inbox)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fstat", fstat)
        assert looks(folder, 3) == 0
        assert standing(folder) == [(1, code, Cause.ISSUER)]
    assert looks(folder) == 1


# One issuer's folder is nobody else's trouble


@on_sqlite
def test_a_folder_that_is_closed_or_gone_keeps_nobody_elses_files(
    site: Site, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = inbox.parent / "2"
    other.mkdir()
    folder, whole = drop(site, inbox), os.open
    assert folder.look() == 0

    def closed(path: Any, flags: int, *mode: Any, **named: Any) -> int:
        if path == "1":
            raise PermissionError(13, "Permission denied", path)
        return whole(path, flags, *mode, **named)

    for number, code in enumerate(("unreadable", "missing")):
        (other / f"{number}.json").write_bytes(credential(number))
        with monkeypatch.context() as patched:
            if code == "unreadable":
                patched.setattr(os, "open", closed)
            else:
                inbox.rename(inbox.parent / "elsewhere")
            assert looks(folder, 3) == 1
        assert standing(folder) == [(1, code, Cause.ISSUER)]
    assert told(site, "drop-folder") == [(1, "unreadable"), (1, "missing")]
    (inbox.parent / "elsewhere").rename(inbox)
    (inbox / "a.json").write_bytes(credential(9))
    assert looks(folder) == 1
    assert standing(folder) == []


@on_sqlite
def test_a_fault_over_one_file_keeps_no_other(site: Site, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.json", "b.json"):
        (inbox / name).write_bytes(credential(len(name) + ord(name[0])))
    whole = Desk.put

    def put(desk: Desk, order: Order, path: Path, **options: Any) -> Accepted:
        if path.name == "a.json":
            raise ValueError("never thought of")
        return whole(desk, order, path, **options)

    folder = drop(site, inbox)
    with monkeypatch.context() as patched:
        patched.setattr(Desk, "put", put)
        assert looks(folder) == 1
        assert standing(folder) == [(1, "unexpected", Cause.ISSUER)]
    assert looks(folder) == 1
    assert len(site.jobs.all()) == 2


@on_sqlite
def test_no_room_for_what_is_read_is_the_machines_trouble(
    site: Site, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox / "a.json").write_bytes(credential(1))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    folder = drop(site, inbox)
    with monkeypatch.context() as patched:
        patched.setattr("tempfile.mkdtemp", full)
        assert looks(folder) == 0
        assert standing(folder) == [(1, "no-room", Cause.MACHINE)]
    assert looks(folder) == 1


@on_sqlite
def test_an_exchange_of_a_killed_process_is_removed_after_a_day(site: Site, inbox: Path) -> None:
    ages = {"incoming-old": 2 * 86_400, "incoming-new": 60}
    for name, age in ages.items():
        (site.folder.path / name).mkdir()
        os.utime(site.folder.path / name, (time.time() - age,) * 2)
    drop(site, inbox)
    assert sorted(path.name for path in site.folder.path.glob("incoming-*")) == ["incoming-new"]


# Files that are still being written


@on_sqlite
def test_a_file_is_taken_when_it_was_still_for_a_minute(site: Site, inbox: Path) -> None:
    clock, path = Clock(), inbox / "export.jsonl"
    folder = drop(site, inbox, clock=clock)
    with path.open("ab") as writer:
        for number in range(3):
            writer.write(credential(number) + b"\n")
            writer.flush()
            # A copy that stands still for as long as a slow connection does.
            for _ in range(5):
                assert folder.look() == 0
                clock.now += 11.9
    clock.now += 0.1
    assert folder.look() == 0
    clock.now += 0.5
    assert folder.look() == 1
    assert len(site.digests()) == 3


@on_sqlite
@pytest.mark.parametrize("change", ["rights", "time set back", "another of the same size"])
def test_any_change_begins_the_minute_anew(site: Site, inbox: Path, change: str) -> None:
    clock, path = Clock(), inbox / "a.json"
    path.write_bytes(credential(1))
    before = path.stat()
    folder = drop(site, inbox, clock=clock)
    folder.look()
    clock.now += 59
    # The clock of a file system has its own steps.
    wait_until(lambda: _time_of(inbox) > before.st_ctime_ns, 5, "its clock goes on")
    if change == "rights":
        path.chmod(0o640)
    elif change == "time set back":
        path.write_bytes(credential(2))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    else:
        path.unlink()
        path.write_bytes(credential(2))
    folder.look()
    clock.now += 59
    assert folder.look() == 0
    clock.now += 1
    assert folder.look() == 1


def _time_of(folder: Path) -> int:
    probe = folder / ".probe"
    probe.write_bytes(b"")
    now = probe.stat().st_ctime_ns
    probe.unlink()
    return now


@on_sqlite
@pytest.mark.parametrize("unfinished", ["a.jsonl.part", ".a.jsonl.Xy12", "a.jsonl.filepart"])
def test_what_its_writer_renames_is_taken_at_once(site: Site, inbox: Path, unfinished: str) -> None:
    folder = drop(site, inbox, clock=Clock())
    (inbox / unfinished).write_bytes(credential(1) + b"\n")
    assert looks(folder, 3) == 0
    with (inbox / unfinished).open("ab") as file:
        file.write(credential(2) + b"\n")
    (inbox / unfinished).rename(inbox / "a.jsonl")
    assert folder.look() == 1
    assert len(site.digests()) == 2
    # Under its own name from the beginning, it has to be still.
    (inbox / "b.jsonl").write_bytes(credential(3))
    assert looks(folder, 3) == 0


@on_sqlite
def test_another_file_is_not_taken_for_the_one_that_was_unfinished(site: Site, inbox: Path) -> None:
    folder = drop(site, inbox, clock=Clock())
    (inbox / "a.jsonl.part").write_bytes(credential(1))
    folder.look()
    # Many file systems give the number of a file that is gone to the next one.
    (inbox / "a.jsonl.part").unlink()
    (inbox / "a.jsonl").write_bytes(credential(2))
    assert looks(folder, 3) == 0


@on_sqlite
def test_unfinished_files_do_not_take_all_descriptors(site: Site, inbox: Path) -> None:
    folder = drop(site, inbox, clock=Clock())
    before = len(list(Path("/dev/fd").iterdir()))
    for number in range(3 * MOST_WATCHED_OF_ONE):
        (inbox / f"{number}.part").write_bytes(b"")
    looks(folder, 3)
    assert len(list(Path("/dev/fd").iterdir())) == before + MOST_WATCHED_OF_ONE
    folder.close()
    assert len(list(Path("/dev/fd").iterdir())) == before


@on_sqlite
@pytest.mark.parametrize("what", ["grows", "is replaced", "is cut"])
def test_a_file_that_changes_while_it_is_read_is_not_taken(
    site: Site, inbox: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    path, whole = inbox / "a.jsonl", OpenFolder.open
    path.write_bytes(credential(1) + b"\n" + credential(2) + b"\n")

    def opened(folder: OpenFolder, name: str) -> int:
        descriptor = whole(folder, name)
        if what == "grows":
            with path.open("ab") as file:
                file.write(credential(3))
        elif what == "is cut":
            os.truncate(path, 10)
        else:
            (inbox / ".new").write_bytes(credential(3))
            (inbox / ".new").rename(path)
        return descriptor

    folder = drop(site, inbox)
    assert folder.look() == 0
    with monkeypatch.context() as patched:
        patched.setattr(OpenFolder, "open", opened)
        assert folder.look() == 0
    assert site.jobs.all() == []
    assert not (inbox / "done").exists()


@on_sqlite
@pytest.mark.parametrize("ending", ["after a minute", "at the end of the process"])
def test_what_is_written_on_after_it_was_taken_is_said(site: Site, inbox: Path, ending: str) -> None:
    clock, path = Clock(), inbox / "export.jsonl"
    folder = drop(site, inbox, clock=clock)
    with path.open("ab") as writer:
        writer.write(credential(1) + b"\n")
        writer.flush()
        folder.look()
        clock.now += 60
        assert folder.look() == 1
        # The copy that stood still for longer goes on, in the file that has been moved.
        writer.write(credential(2) + b"\n")
    assert folder.look() == 0
    assert told(site, "drop-changed") == []
    if ending == "after a minute":
        clock.now += 60
        folder.look()
    folder.close()
    assert told(site, "drop-changed") == [(1, "changed")]
    (made,) = site.jobs.all()
    written = note(inbox, "done/export.jsonl.changed.json")
    assert (written["id"], written["code"]) == (made.id, "changed")
    size = len(credential(1)) + 1
    assert f"{size:,} bytes of it were taken, and it has {2 * size:,} now" in written["what"]
    # The remedy that it names.
    (inbox / "export.jsonl").write_bytes((inbox / "done" / "export.jsonl").read_bytes())
    folder.look()
    clock.now += 60
    assert folder.look() == 1
    assert len(site.jobs.all()) == 2


@on_sqlite
def test_what_is_written_on_after_the_process_was_killed_is_said_by_the_next(site: Site, inbox: Path) -> None:
    (inbox / "a.jsonl").write_bytes(credential(1))
    (inbox / "b.jsonl").write_bytes(credential(2))
    assert looks(drop(site, inbox)) == 2
    for _ in range(2):
        later = (inbox / "done" / "a.jsonl.job.json").stat().st_mtime_ns + 1
        with (inbox / "done" / "a.jsonl").open("ab") as writer:
            writer.write(credential(3))
        os.utime(inbox / "done" / "a.jsonl", ns=(later, later))
        looks(drop(site, inbox))
        # It is said once.
        assert told(site, "drop-changed") == [(1, "changed")]
    assert "not all bytes" in note(inbox, "done/a.jsonl.changed.json")["what"]


@on_sqlite
def test_what_stays_as_it_was_taken_is_not_said(site: Site, inbox: Path) -> None:
    clock = Clock()
    folder = drop(site, inbox, clock=clock)
    (inbox / "a.json").write_bytes(credential(1))
    (inbox / "b.json").write_bytes(b"bad")
    for _ in range(3):
        folder.look()
        clock.now += 60
    assert [path.name for path in inbox.glob("*/*.changed.json")] == []
    assert told(site, "drop-changed") == []


# Names


@on_sqlite
@pytest.mark.parametrize("length", [255, 250, 243])
@pytest.mark.parametrize("ending", [b".json", b"\xff.json", "ü.json".encode()])
def test_names_as_long_as_a_file_system_takes(site: Site, inbox: Path, length: int, ending: bytes) -> None:
    name = os.fsdecode(b"x" * (length - len(ending)) + ending)
    for number in (1, 2):
        (inbox / name).write_bytes(credential(number))
        folder = drop(site, inbox)
        assert looks(folder) == 1
        assert standing(folder) == []
    (inbox / name).write_bytes(b"bad")
    assert looks(folder) == 1
    kinds = [path.name.rpartition(".")[0].rpartition(".")[2] for path in inbox.glob("*/*.*.json")]
    assert sorted(kind for kind in kinds if kind in ("job", "reason")) == ["job", "job", "reason"]
    assert sorted(path.name for path in inbox.iterdir()) == ["done", "failed"]
    assert {path.read_bytes() for path in (inbox / "done").iterdir() if b"number" in path.read_bytes()} == {
        credential(1),
        credential(2),
    }
