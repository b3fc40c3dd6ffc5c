"""A folder of diplomas: nothing before all can be made, nothing made twice, and processes change nothing."""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from anchor.issuing.diplomas.badges import BadgePicture
from anchor.issuing.diplomas.folder import LEDGER, write_diplomas
from anchor.issuing.diplomas.making import Format, Order, Original, render
from registry.document.reading import read_document
from registry.errors import IntakeError
from tests.anchor.issuing.diplomas.papers import PORTRAIT, credential, look, unsigned
from tests.carriers import png

ALL = tuple(Format)


def originals(*names: str) -> list[Original]:
    return [Original(name, credential(name)) for name in names]


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_each_credential_gets_each_format_and_all_carry_it(tmp_path: Path) -> None:
    some = originals("Ada", "Berta")
    written = write_diplomas(lambda: some, Order(look("en"), ALL), tmp_path / "out")
    files = files_in(tmp_path / "out")
    assert set(files) == {f"{name}.{kind}" for name in ("Ada", "Berta") for kind in ALL} | {LEDGER}
    assert (written.made, written.kept) == (8, 0)
    for original in some:
        digest = read_document(original.document, "x.json").own[-1]
        assert sorted(written.files[digest.hex]) == sorted(f"{original.name}.{kind}" for kind in ALL)
        for kind in ALL:
            reading = read_document(files[f"{original.name}.{kind}"], f"x.{kind}")
            assert digest in reading.digests
    assert files["Ada.json"] == some[0].document


def test_what_is_there_and_right_stays_and_the_rest_is_made(tmp_path: Path) -> None:
    some = originals("Ada", "Berta", "Clara")
    order = Order(look("en"), (Format.PDF, Format.PNG))
    write_diplomas(lambda: some[:2], order, tmp_path)
    before = files_in(tmp_path)
    (tmp_path / "Ada.pdf").write_bytes(before["Ada.pdf"] + b"x")
    (tmp_path / "Berta.png").unlink()
    ledger = tmp_path / LEDGER
    ledger.write_bytes(ledger.read_bytes() + b'{"file": "cut off')
    again = write_diplomas(lambda: some, order, tmp_path)
    assert (again.made, again.kept) == (6, 0)
    third = write_diplomas(lambda: some, order, tmp_path)
    assert (third.made, third.kept) == (0, 6)
    after = files_in(tmp_path)
    assert {name: after[name] for name in before if name != LEDGER} == {
        name: content for name, content in before.items() if name != LEDGER
    }
    assert third.files == again.files
    other = write_diplomas(lambda: some, Order(look("en", layout=PORTRAIT), (Format.PDF,)), tmp_path)
    assert (other.made, other.kept) == (3, 0)


def test_a_run_that_was_ended_goes_on_where_it_was(tmp_path: Path) -> None:
    some = originals("Ada", "Berta", "Clara", "Dora")
    order = Order(look("en"))

    def ended(done: int, total: int) -> None:
        assert total == 4
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_diplomas(lambda: some, order, tmp_path, progress=ended)
    assert set(files_in(tmp_path)) == {"Ada.pdf", "Berta.pdf", LEDGER}
    again = write_diplomas(lambda: some, order, tmp_path)
    assert (again.made, again.kept) == (2, 2)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b"{}", "not-printable"),
        (b"not json", "syntax"),
        (credential("Ada \N{PARTY POPPER}"), "no-glyph"),
        (json.dumps(unsigned()).encode(), "pending"),
    ],
)
def test_one_that_cannot_be_printed_keeps_all_from_being_made(tmp_path: Path, bad: bytes, code: str) -> None:
    some = [*originals("Ada"), Original("bad one", bad)]
    with pytest.raises((IntakeError, ValueError)) as caught:
        write_diplomas(lambda: some, Order(look("en")), tmp_path / "out")
    assert (caught.value.where, caught.value.code) == ("bad one", code)  # type: ignore[union-attr]
    assert not (tmp_path / "out").exists()


def test_processes_make_the_same_in_the_same_order() -> None:
    some = originals(*(f"Ada {number}" for number in range(40)))
    order = Order(look("en"), (Format.PDF, Format.SVG))
    alone = list(render(some, order, workers=1))
    assert [each.name for each in alone] == [each.name for each in some]
    assert list(render(some, order, workers=2)) == alone


def test_names_become_those_of_files(tmp_path: Path) -> None:
    some = [
        Original(name, credential(f"Ada {at}"))
        for at, name in enumerate(("../up", "a/b", "CON", "ada", "Ada", "x" * 400, "\u202e.", ""))
    ]
    written = write_diplomas(lambda: some, Order(look("en"), (Format.JSON,)), tmp_path / "out")
    names = [name for each in written.files.values() for name in each]
    assert len(names) == len({name.casefold() for name in names}) == len(some)
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.json")}
    assert found == set(names)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_picture_of_the_institution_has_one_format(tmp_path: Path) -> None:
    badge = BadgePicture("png", png())
    [made] = render(originals("Ada"), Order(look("en"), (Format.PNG,), badge))
    assert made.files[Format.PNG].startswith(png()[:33])
    with pytest.raises(IntakeError, match="picture is a PNG"):
        Order(look("en"), (Format.PNG, Format.SVG), badge)


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IntakeError, match="cannot be written") as caught:
        write_diplomas(lambda: originals("Ada"), Order(look("en")), tmp_path / "file")
    assert caught.value.code == "unwritable"


@pytest.mark.skipif(os.name != "posix", reason="rights of others")
def test_names_and_marks_are_for_nobody_else_on_the_machine(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_diplomas(lambda: originals("Ada"), Order(look("en"), (Format.JSON,)), tmp_path / "out")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "out").iterdir()} == {0o600}


@pytest.mark.parametrize("planted", ["Ada.json", ".unfinished", LEDGER])
def test_a_link_in_the_folder_leads_nothing_elsewhere(tmp_path: Path, planted: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").write_text("as it was")
    (tmp_path / "out" / planted).symlink_to(tmp_path / "elsewhere")
    with suppress(IntakeError):
        write_diplomas(lambda: originals("Ada"), Order(look("en"), (Format.JSON,)), tmp_path / "out")
    assert (tmp_path / "elsewhere").read_text() == "as it was"
    assert not (tmp_path / "out" / "Ada.json").is_symlink()
