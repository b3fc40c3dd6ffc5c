"""A file is there as a whole, or as it was, whatever ends its writing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from anchor.registers.drafts import write_lines
from anchor.verifying.named import whole_file, write_whole
from registry.errors import IntakeError, RegistryError, StoreError


def broken_lines() -> Iterator[bytes]:
    yield b"new\n"
    raise RegistryError("the source of the lines is damaged")


def test_lines_that_end_in_an_error_leave_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old\n")
    with pytest.raises(RegistryError, match="damaged"):
        write_lines(path, broken_lines())
    assert path.read_bytes() == b"old\n"
    assert list(tmp_path.iterdir()) == [path]


def interrupted(path: Path) -> None:
    with whole_file(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt


def test_an_interruption_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_told_by_the_error_of_its_room(tmp_path: Path) -> None:
    nowhere = tmp_path / "no" / "file"
    with pytest.raises(IntakeError):
        write_whole(nowhere, b"content")
    with pytest.raises(StoreError):
        write_lines(nowhere, iter([b"content"]))
