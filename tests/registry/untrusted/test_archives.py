"""Names that strangers give files: what is written under them, each once, and what a ZIP is read for."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor.intake.digesting import digest_piece, readable_entries, zip_pieces
from registry.credential.digest import DEFAULT_LIMITS
from registry.untrusted.archives import (
    LONGEST_PART,
    LONGEST_PATH,
    MOST_FOLDERS,
    Names,
    fitting,
    inside,
    leads_out,
    short_name,
    visible_entries,
)

parts = st.text(st.sampled_from("aAäÄ.:é\u0301e 学習" + "\\"), min_size=0, max_size=8)
lengthy = st.sampled_from(["学" * 85, "x" * 300, "é" * 140 + ".json", "y" * 256 + "." + "z" * 40, "学" * 82 + ".json"])
names = st.lists(parts | lengthy | st.sampled_from(["..", ".", "a.json", "A.json"]), max_size=6).map("/".join)


def same(name: str) -> str:
    """What file systems compare that keep neither case nor Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


@given(st.lists(names, max_size=30))
def test_names_are_given_once_and_stay_inside_and_fit(given: list[str]) -> None:
    taken = Names()
    chosen = [taken.of(name) for name in given]
    assert len({same(name) for name in chosen}) == len(chosen)
    folders = {same(str(folder)) for name in chosen for folder in PurePosixPath(name).parents}
    assert not folders & {same(name) for name in chosen}
    for name in chosen:
        path = PurePosixPath(name)
        assert path.parts
        assert not path.is_absolute()
        assert not {"..", "."} & set(path.parts)
        assert all(len(part.encode()) <= LONGEST_PART for part in path.parts)
        assert len(name.encode()) <= LONGEST_PATH


@given(names)
def test_a_name_that_is_free_and_fits_is_kept(name: str) -> None:
    kept = str(inside(name))
    is_portable = not any(part.endswith((".", " ")) for part in inside(name).parts)
    if (
        is_portable
        and all(len(part.encode()) <= LONGEST_PART for part in inside(name).parts)
        and len(kept.encode()) <= LONGEST_PATH
    ):
        assert Names().of(name) == fitting(name) == kept
    assert fitting(name) == fitting(name)
    assert Names().of(name, shorten=False) == kept


@pytest.mark.parametrize(
    ("first", "second", "numbered"),
    [
        ("diploma.json", "diploma.json", "diploma (2).json"),
        ("x/a.json", "/x/a.json", "x/a (2).json"),
        ("x/a.json", "x\\a.json", "x/a (2).json"),
        ("x/a.json", "./x//a.json", "x/a (2).json"),
        ("a.json", "A.JSON", "A (2).JSON"),
        ("Jos\u00e9.json", "Jose\u0301.json", "Jose\u0301 (2).json"),
        ("a:b.json", "a_b.json", "a_b (2).json"),
        ("a.json.receipt.json", "a.json.receipt.json", "a (2).json.receipt.json"),
        ("a", "a/b", "a (2)/b"),
        ("a/b", "a", "a (2)"),
    ],
)
def test_the_second_is_numbered(first: str, second: str, numbered: str) -> None:
    taken = Names()
    assert taken.of(first) == str(inside(first))
    assert taken.of(second) == numbered


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.json.", "a.json_"),
        ("x. /a.json", "x__/a.json"),
        ("NUL.json", "_NUL.json"),
        ("aux/com1.receipt.json", "_aux/_com1.receipt.json"),
        ("COM¹.json", "_COM¹.json"),
        ('what?<"is">|this*.json', "what___is___this_.json"),
        ("a\nb\0c.json", "a_b_c.json"),
        ("\ud800.json", "_.json"),
        ("console.json", "console.json"),
        ("Ada Lovelace .json", "Ada Lovelace .json"),
    ],
)
def test_a_name_is_written_as_every_usual_system_takes_it(name: str, written: str) -> None:
    assert fitting(name) == Names().of(name) == written


def test_a_long_name_keeps_its_ending_and_is_shortened_alike() -> None:
    name = "学" * 80 + ".json"
    receipt = fitting(f"{name}.receipt.json")
    assert receipt == short_name(name, ".receipt.json") == fitting(f"{name}.receipt.json")
    assert len(receipt.encode()) <= 255
    assert receipt.startswith("学" * 60)
    assert receipt.endswith(".json.receipt.json")
    other = fitting(f"{'学' * 80}!.json.receipt.json")
    assert other != receipt


def archive(*entries: str) -> zipfile.ZipFile:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name in entries:
            made.writestr(zipfile.ZipInfo(name), b"{}")
    return zipfile.ZipFile(buffer)


def test_what_leads_out_of_a_zip_is_seen_and_hidden_files_are_not(tmp_path: Path) -> None:
    given = ["../x.json", "a/../../x.json", "..\\x.json", "./a.json", ".hidden.json", "a/.git/b", "__MACOSX/a", "b/"]
    seen = [entry.filename for entry in visible_entries(archive(*given))]
    assert seen == given[:4]
    assert [leads_out(name) is None for name in seen] == [False, False, False, True]


@pytest.mark.parametrize(
    "name", ["../.git/x.json", "../a.json~", "..\\x.json", "../__MACOSX/a", "a/../desktop.ini", "../a.tmp"]
)
def test_what_leads_out_is_refused_with_its_reason_whatever_else_its_name_says(name: str) -> None:
    """It is neither hidden, nor a file of a system, nor a backup: left out without a reason, nobody would see it."""
    given = archive("a.json", name)
    assert [entry.filename for entry in visible_entries(given)] == ["a.json", name]
    entries, left = readable_entries(given)
    assert ([entry.filename for entry in entries], left) == (["a.json", name], [])
    (piece,) = zip_pieces(given, entries, given)
    assert digest_piece((piece, DEFAULT_LIMITS, None)).rejects == [(1, "zip-name", "its name leads out of the ZIP")]


def test_folders_of_a_name_are_counted_and_cost_no_more_than_their_length() -> None:
    assert leads_out("a/" * MOST_FOLDERS + "x.json") is None
    assert leads_out("a/" * (MOST_FOLDERS + 1) + "x.json") == f"its name has more than {MOST_FOLDERS} folders"
    names = Names()
    deep = "a/" * 5000 + "x.json"
    assert names.of(deep, shorten=False) == deep
    assert names.of(deep, shorten=False) == "a/" * 5000 + "x (2).json"
