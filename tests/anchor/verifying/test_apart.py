"""Files read in other processes: the same in the same order, and a process that dies costs one file."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest

from anchor.verifying.apart import ENDED, FILES_A_PIECE, read_apart
from anchor.verifying.one_file import Found, One, read_whole
from registry.credential.digest import Limits
from registry.verify.checks import Verdict

LIMITS = Limits()
READING = partial(read_whole, limits=LIMITS)
DEADLY = "003.json"


def written(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{number:03}.json" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_text(json.dumps({"id": f"urn:example:{number}", "type": ["VerifiableCredential"]}))
    return paths


@pytest.fixture(autouse=True, scope="module")
def _others() -> None:
    """The service has readers, too, and another test in this process may have left some waiting."""
    OTHERS.update(process.pid for process in multiprocessing.active_children())


OTHERS: set[int | None] = set()


def readers() -> list[multiprocessing.process.BaseProcess]:
    """Those that were started here."""
    children = multiprocessing.active_children()
    return [process for process in children if process.name == "reader" and process.pid not in OTHERS]


@dataclass(frozen=True)
class Elsewhere:
    """Reads in other processes alone; here it waits until they have all that is left."""

    here: int
    deadly: str = ""

    def __call__(self, path: Path) -> One | None:
        if os.getpid() == self.here:
            time.sleep(0.002)  # the others need the processor to start
            return None
        if path.name == self.deadly:
            os._exit(9)
        return read_whole(path, LIMITS)


def test_files_are_read_as_they_are_here_and_in_their_order(tmp_path: Path) -> None:
    paths = written(tmp_path, 2 * FILES_A_PIECE + 3)
    paths[5].write_text("{")
    paths[9].write_bytes(b'{"type": "TestamurReceipt"}')
    (tmp_path / "010.json.receipt.json").write_text("{}")
    paths[11] = tmp_path / "not there.pdf"
    paths.insert(20, tmp_path / "many.zip")
    paths.insert(40, Path("ab" * 32))
    found = list(read_apart(paths, READING, 2))
    # Errors are equal to none but themselves.
    assert repr(found) == repr([(path, read_whole(path, LIMITS)) for path in paths])
    assert not readers()


def endless(paths: list[Path], until: Callable[[], bool]) -> Iterator[Path]:
    """The paths again and again, for as long as something has not come."""
    for path in cycle(paths):
        if until():
            return
        yield path


def test_other_processes_do_their_part_in_order(tmp_path: Path) -> None:
    paths, found = written(tmp_path, 100), list[tuple[Path, One | None]]()
    ends = endless(paths, lambda: sum(one is not None for _, one in found) > FILES_A_PIECE)
    found.extend(read_apart(ends, Elsewhere(os.getpid()), 1))
    assert [path for path, _ in found] == list(islice(cycle(paths), len(found)))
    assert all(isinstance(one, Found) and one.item.name == str(path) for path, one in found if one is not None)


def test_a_process_that_dies_costs_the_file_that_it_died_of(tmp_path: Path) -> None:
    ended, after = list[Verdict](), list[Path]()
    paths = endless(written(tmp_path, FILES_A_PIECE), lambda: bool(ended and after))
    for path, one in read_apart(paths, Elsewhere(os.getpid(), DEADLY), 1):
        assert one is None or isinstance(one, Verdict) == (path.name == DEADLY)
        if isinstance(one, Verdict):
            ended.append(one)
        elif one is not None and ended:
            after.append(path)
    assert {check.code for check in ended[0].deciding} == {ENDED}
    assert ended[0].exit_code == 2
    assert not readers()


def test_where_none_can_be_started_all_is_done_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SpawnProcess, "start", refused)
    paths = written(tmp_path, 3)
    assert [type(one) for _, one in read_apart(paths, READING, 2)] == [Found] * 3


def test_where_none_can_be_started_any_more_the_rest_is_done_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[One | None] = []
    paths = endless(written(tmp_path, 8), lambda: bool(found) and any(found) and found[-1] is None)
    reading = read_apart(paths, Elsewhere(os.getpid(), DEADLY), 1)
    next(reading)
    monkeypatch.setattr(SpawnProcess, "start", refused)
    found.extend(one for _, one in reading)
    # Which of them it was is not known without another process that is risked.
    ended = [one for one in found if one is not None]
    assert len(ended) == FILES_A_PIECE
    assert all(isinstance(one, Verdict) and one.deciding[0].code == ENDED for one in ended)
    assert not readers()


def refused(self: object) -> None:
    raise OSError("no more processes")


def test_the_processes_end_with_whoever_stops_reading(tmp_path: Path) -> None:
    reading = read_apart(written(tmp_path, 2 * FILES_A_PIECE), READING, 1)
    next(reading)
    assert readers()
    reading.close()
    assert not readers()
