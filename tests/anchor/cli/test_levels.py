"""`testamur levels`: what a level means elsewhere, and what is wrong with maps of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Run
from tests.registry.levels.files import eqf, written


def own(folder: str, **maps: bytes) -> Path:
    path = Path(folder)
    path.mkdir()
    for name, content in maps.items():
        (path / f"{name}.toml").write_bytes(content)
    return path


def test_a_card_is_told_to_people_and_to_programs(run: Run) -> None:
    shown = run("levels", "card", "8", "--from", "IE", "--to", "DE")
    assert shown.code == 0
    for text in ("Level 8 of National Framework of Qualifications", "EQF 6, exact", "Comparable in DE", "de-dqr"):
        assert text in shown.out
    assert "equivalen" not in shown.out.casefold()
    told = run("levels", "card", "8", "--from", "IE", "--to", "DE", "--json").json
    assert [(each["framework"], each["level"], each["relation"]) for each in told["here"]] == [
        ("de-dqr", "6", "comparable")
    ]


def test_the_map_of_the_time_asked_for_is_taken(run: Run) -> None:
    asked = ("levels", "card", "I", "--from", "FR", "--to", "NL")
    assert run(*asked, "--at", "2015-07-01").code == 0
    now = run(*asked)
    assert now.code == 2
    assert "Not known: no framework of FR that is known here has a level I" in now.out
    assert run(*asked, "--at", "1999-01-01", "--json").json["unknown"][0]["code"] == "no-map-then"
    assert run(*asked, "--at", "yesterday", "--json").json["error"]["code"] == "time"


def test_what_is_not_known_is_no_answer(run: Run) -> None:
    ran = run("levels", "card", "6", "--from", "ZA", "--to", "IE", "--json")
    assert (ran.code, ran.json["here"]) == (2, [])
    assert ran.json["unknown"][0]["code"] == "no-comparison"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("8", "--from", "Ireland", "--to", "DE"), "testamur levels list"),
        (("II", "--from", "FR", "--to", "PT"), "(2010-10 to 2019-01-10): give the day of the award with --at"),
        (("bachelor", "--from", "IE", "--to", "PT"), "testamur levels show IE"),
    ],
    ids=["no-framework", "level-of-another-time", "no-level"],
)
def test_what_can_be_done_about_what_is_not_known_is_said(run: Run, asked: tuple[str, ...], told: str) -> None:
    ran = run("levels", "card", *asked)
    assert (ran.code, told in ran.out) == (2, True), ran.out


def test_frameworks_are_listed_and_shown(run: Run) -> None:
    listed = run("levels", "list", "--json").json["maps"]
    assert len({each["framework"] for each in listed}) > 50
    shown = run("levels", "show", "FR").out
    assert shown.count("(fr-cnc)") == 2, "of both times"
    assert "not checked" in shown
    assert run("levels", "show", "XX", "--json").json["error"]["code"] == "unknown-framework"


@pytest.mark.parametrize("by_setting", [False, True], ids=["by option", "by setting"])
def test_maps_of_ones_own_stand_beside_those_bundled_and_a_bad_one_is_left_out(run: Run, by_setting: bool) -> None:
    folder = own(
        "ours",
        good=written([{"code": "A", "eqf": 6}], framework="own-nqf", countries=["KE"]),
        bad=written(eqf(2, 1), framework="bad-nqf"),
        twin=written(eqf(1, 2, 3), framework="ie-nfq"),
    )
    if by_setting:
        Path("testamur.toml").write_text('level_maps = "ours"\n')
    option = () if by_setting else ("--maps", folder)
    ran = run("levels", "card", "A", "--from", "KE", "--to", "IE", *option)
    assert (ran.code, "own-nqf A" in ran.out) == (0, True)
    assert "Left out: bad.toml, level 2: it stands below level 1" in ran.errors
    assert "Left out: twin.toml, since: ie-nfq.toml is about ie-nfq at the same time" in ran.errors
    listed = {each["framework"] for each in run("levels", "list", "--json", *option).json["maps"]}
    assert ("own-nqf" in listed, "bad-nqf" in listed) == (True, False)


def test_maps_are_checked_by_entry(run: Run) -> None:
    folder = own("ours", good=written(eqf(1, 2)), bad=written([*eqf(1, 9), {"code": "", "eqf": 1}], framework="bad"))
    ran = run("levels", "check", folder, "--json")
    assert ran.code == 1
    assert [(each["file"], each["entry"]) for each in ran.json["faults"]] == [
        ("bad.toml", "level 2"),
        ("bad.toml", "level no. 3"),
    ]
    shown = run("levels", "check", folder)
    assert "good.toml: in order" in shown.out
    assert "1 map of 2 would be left out" in shown.out
    assert run("levels", "check", "ours/good.toml").code == 0


def test_a_folder_that_is_not_there_is_an_error(run: Run) -> None:
    assert run("levels", "list", "--maps", "nowhere", "--json").json["error"]["code"] == "level-maps"
    assert run("levels", "check", "nowhere", "--json").json["error"]["code"] == "level-maps"
