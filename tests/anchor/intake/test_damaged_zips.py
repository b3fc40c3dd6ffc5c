"""Archives that are damaged in ways that only a strange packer makes: an entry is refused, and nothing breaks."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.conftest import Run


def packed(place: Path, method: int) -> Path:
    """A ZIP whose one entry does not unpack."""
    path = place / "batch.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("diploma.json", '{"name": "Ada"}' * 50)
        start = archive.infolist()[0].header_offset
    content = bytearray(path.read_bytes())
    # Past the local header and the name: what was packed.
    for at in range(start + 30 + len("diploma.json") + 4, start + 30 + len("diploma.json") + 30):
        content[at] ^= 0xFF
    path.write_bytes(bytes(content))
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_an_entry_that_does_not_unpack_is_rejected(run: Run, tmp_path: Path, method: int) -> None:
    checked = run("check", packed(tmp_path, method), "--json")
    assert checked.code != 70, checked.errors
    assert "Traceback" not in checked.errors


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_source_of_trees_that_does_not_unpack_has_nothing(run: Run, tmp_path: Path, method: int) -> None:
    repaired = run("trees", "repair", "--from", packed(tmp_path, method), "0x" + "ab" * 32, "--json")
    assert repaired.code != 70, repaired.errors
    assert "Traceback" not in repaired.errors
