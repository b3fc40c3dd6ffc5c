"""A ZIP of many small files costs work in proportion to them, at every door; counted, not timed."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anchor.books.folder import DataFolder
from anchor.books.jobs import JobStore
from anchor.intake import digesting
from anchor.intake.desk import Desk, Kind, Order
from anchor.intake.digesting import digest_piece_apart
from anchor.intake.files import take_in
from anchor.intake.streams import IntakeLimits
from registry.credential.digest import DEFAULT_LIMITS
from registry.service.submissions import Kind as Sent
from registry.service.submissions import Submission, SubmissionLimits
from tests.anchor.issuer import CHAIN, CONTRACT

FEW, MANY = 600, 2400


def packed(folder: Path, count: int) -> Path:
    path = folder / f"{count}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number:06}.json", b'{"id":"urn:example:%d"}' % number)
    return path


def checked(path: Path) -> int:
    """As `testamur check` and `anchor` do."""
    return len(take_in(path, workers=1).records)


def digested_apart(path: Path) -> int:
    """As one of several processes does, for whose pieces the archive is opened once."""
    with zipfile.ZipFile(path) as archive:
        pieces = list(digesting.zip_pieces(archive, archive.infolist(), path))
    try:
        done = [digest_piece_apart((piece, DEFAULT_LIMITS, None)) for piece in pieces]
    finally:
        digesting._archives.pop(path).close()
    return sum(len(each.positions) // 4 for each in done)


def received(path: Path) -> int:
    """As the daemon does, as the body of a job and as a file of a form."""
    folder = DataFolder(path.parent / f"data-{path.name}")
    try:
        desk = Desk(JobStore(folder.engine, CHAIN, CONTRACT), IntakeLimits())
        incoming = desk.receive(Order(1, "http"), Kind.ZIP)
        incoming.feed(path.read_bytes())
        whole = incoming.finish().job.credentials
        incoming = desk.receive(Order(1, "http"), Kind.MULTIPART, boundary=b"x")
        head = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a.zip"\r\n\r\n'
        incoming.feed(head + path.read_bytes() + b"\r\n--x--\r\n")
        assert incoming.finish().job.credentials == whole
    finally:
        folder.close()
    return whole


def submitted(path: Path) -> int:
    """As `POST /v1/verify` does, and `testamur verify`."""
    submission = Submission(Sent.ZIP, SubmissionLimits())
    submission.feed(path.read_bytes())
    submission.finish()
    found = sum(1 for _ in submission.items())
    submission.close()
    return found


DOORS = [(checked, 2), (digested_apart, 2), (received, 2), (submitted, 1)]


def work_of(door: Callable[[Path], int], path: Path) -> tuple[int, int]:
    """What came of it, and how many functions were called."""
    calls = 0

    def called(_frame: Any, what: str, _argument: Any) -> None:
        nonlocal calls
        calls += what in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        found = door(path)
    finally:
        sys.setprofile(before)
    return found, calls


@pytest.mark.parametrize(("door", "reads"), DOORS, ids=[door.__name__ for door, _ in DOORS])
def test_four_times_the_files_are_four_times_the_work(
    door: Callable[[Path], int], reads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directories: list[str] = []
    read = zipfile.ZipFile._RealGetContents  # type: ignore[attr-defined]

    def counted(archive: zipfile.ZipFile) -> None:
        directories.append(str(archive.filename))
        read(archive)

    monkeypatch.setattr(zipfile.ZipFile, "_RealGetContents", counted)
    few, calls_for_few = work_of(door, packed(tmp_path, FEW))
    assert (few, len(directories)) == (FEW, reads)
    many, calls_for_many = work_of(door, packed(tmp_path, MANY))
    # The list of files in a ZIP is read as a whole whenever it is opened: as often for many files as for few.
    assert (many, len(directories)) == (MANY, 2 * reads)
    assert calls_for_many < 4.5 * calls_for_few
