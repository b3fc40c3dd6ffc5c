"""What is unfinished, wrong or made up is not called done, and the sentence says what it is."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from anchor.lab.exercises import exercise
from anchor.lab.place import begin
from anchor.lab.texts import Texts
from anchor.lab.world import World
from tests.anchor.lab.solutions import Desks, Trainee, solutions

BY_NAME = {each.exercise: each.commands for each in solutions("en")}

# Exercise; the command, by how it begins, from which on something else is typed; what is; the step that stays open
# because of it; and words of what it says is missing.
WRONG: list[tuple[str, str, list[str], str, str]] = [
    (
        "registrars-1",
        "testamur anchor",
        ["rm diplomas/012.json", "testamur anchor diplomas"],
        "anchor",
        "none with exactly the documents",
    ),
    ("registrars-1", "testamur receipts", ["mkdir receipts"], "receipts", "0 of 12"),
    (
        "registrars-1",
        "testamur verify",
        ["printf 'name,overall\\ndiplomas/001.json,valid\\n' > verdicts.csv"],
        "verify",
        "1 of 12",
    ),
    ("registrars-2", "sed", ["sed -i.bak -e '/s103@/d' graduates.csv"], "mend", "not ready"),
    (
        "registrars-2",
        "sed",
        [
            "sed -i.bak -e '/s103@/d' -e 's,14/05/2002,2002-05-14,' -e 's/27$/2.7/' -e 's/^109,,/109,Ines Ferreira,/' "
            "graduates.csv"
        ],
        "mend",
        "103 is not in the roster",
    ),
    (
        "registrars-2",
        "sed",
        [
            "sed -i.bak -e 's/s103@students,/s103@students.lakeside.example,/' -e 's,14/05/2002,2002-05-14,' "
            "-e 's/27$/2.4/' -e 's/^109,,/109,Ines Ferreira,/' graduates.csv"
        ],
        "mend",
        "column result.final of person 107",
    ),
    ("registrars-2", "testamur issue confirm", ["true"], "confirm", "nobody else has confirmed"),
    ("registrars-3", "testamur correct ROOT", ["true"], "correct", "still stands"),
    (
        "registrars-3",
        "testamur revoke",
        ["testamur revoke --person 106 --reason obtained-by-fraud --yes"],
        "revoke",
        "reason on the chain is another",
    ),
    (
        "registrars-3",
        "testamur suspend",
        ["testamur revoke --person 108 --reason issued-in-error --yes"],
        "suspend",
        "that is for good",
    ),
    (
        "registrars-3",
        "testamur lab check",
        ["testamur suspend --person 101 --reason under-review"],
        "others",
        "101",
    ),
    (
        "registrars-4",
        "rm letters",
        ["testamur deliver ROOT -o letters --mark-delivered"],
        "mark",
        "the letter came back",
    ),
    ("registrars-5", "cp claims", ["cp claims/first.json ours"], "sort", "does not belong"),
    (
        "registrars-5",
        "testamur absent",
        [
            "cp claims/first.json other.json",
            "sed -i.bak 's/Lakeside/Seaside/' other.json",
            "testamur absent other.json --prove -o absence.json",
        ],
        "prove",
        "another document",
    ),
    (
        "registrars-6",
        "testamur verify earlier",
        [
            "sed -i.bak -e 's/^chain = .*/chain = \"embedded\"/' testamur.toml",
            "testamur verify earlier --csv during.csv",
        ],
        "during",
        "0 of 3",
    ),
    ("registrars-6", "testamur anchor", ["testamur anchor earlier"], "once", "exactly these documents"),
    ("verifiers-1", "mv papers/d.json", ["mv papers/c.json revoked"], "sort", "revoked"),
    (
        "verifiers-2",
        "cp applications",
        ["cp applications/03.json applications/07.json applications/11.json applications/14.json set-aside"],
        "aside",
        "something is missing",
    ),
    (
        "verifiers-3",
        "printf",
        ['printf \'[[bodies]]\\nparty = 1\\nname = "A"\\n[[bodies]]\\nparty = 3\\nname = "B"\\n\' > policy.toml'],
        "policy",
        "no other body",
    ),
    (
        "verifiers-3",
        "mv papers/b.json",
        ["mv papers/a.json papers/c.json accredited", "mv papers/b.json papers/d.json not-accredited"],
        "judge",
        "accredited",
    ),
    (
        "verifiers-4",
        "testamur levels card 8 --from IE --to PT --json",
        ["echo '{}' > card.json"],
        "card",
        "no level card",
    ),
    (
        "verifiers-4",
        "mv applications/b.txt",
        [
            "mv applications/b.txt applications/c.txt applications/e.txt comparable",
            "mv applications/a.txt below",
            "mv applications/d.txt not-known",
        ],
        "place",
        "below",
    ),
    (
        "agencies-1",
        "testamur accredit offer",
        ["testamur accredit offer 2 --field 06 --levels 6-7 --until 2031-09-01 --evidence decision.txt"],
        "offer",
        "field, levels or country",
    ),
    (
        "agencies-1",
        "testamur accredit offer",
        ["testamur accredit offer 2 --field 06 --levels 6-7 --jurisdiction KE --until 2031-09-01"],
        "offer",
        "hash of decision.txt",
    ),
    (
        "agencies-1",
        "testamur lab check",
        ["testamur accredit offer 2 --until 2031-09-01 --evidence decision.txt"],
        "clean",
        "is not what was decided",
    ),
    (
        "agencies-2",
        "testamur accredit suspend",
        ["testamur accredit suspend 1 --reason under-review"],
        "suspend",
        "2025-11-03",
    ),
    (
        "agencies-2",
        "mv diplomas/a.json",
        ["mv diplomas/a.json diplomas/b.json diplomas/c.json covered", "true"],
        "understand",
        "covered",
    ),
    ("agencies-3", "testamur accord create accord.toml --issuer 4", ["true"], "found", "2 of 3"),
    (
        "agencies-3",
        "testamur accord leave accord.toml 4 --issuer 4",
        ["true"],
        "leave",
        "still linked",
    ),
    ("agencies-4", "sed", ["testamur register confirm ROOT --wait"], "publish", "2 of 4"),
    ("agencies-5", "cp sent-later", ["testamur audit --issuer 2 -o reports"], "report", "2 of 3"),
    (
        "agencies-5",
        "testamur audit --issuer 2 --attest",
        [
            "rm testamur-data/trees/*.tree",
            "cp sent-later/*.tree testamur-data/trees",
            "testamur audit --issuer 2 --attest note.txt --key auditor.key",
        ],
        "attest",
        "all batches",
    ),
]


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Desks:
    return Desks(tmp_path_factory.mktemp("desks"), BY_NAME)


@pytest.mark.parametrize(
    ("name", "begins", "instead", "step", "words"),
    WRONG,
    ids=[f"{each[0]}-{each[3]}-{n}" for n, each in enumerate(WRONG)],
)
def test_wrong_work_is_not_done(
    name: str, begins: str, instead: list[str], step: str, words: str, desks: Desks, tmp_path: Path
) -> None:
    end = next(number for number, command in enumerate(BY_NAME[name]) if command.startswith(begins))
    trainee = desks.after(name, end, tmp_path)
    for command in instead:
        trainee.types(command)
    code, told = trainee.types("testamur lab check --json")
    assert code == 1, told
    (found,) = (each for each in steps_of(told) if each["step"] == step)
    assert not found["done"]
    assert words in found["missing"], found


def steps_of(told: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = json.loads(told.partition("\n")[2])["steps"]
    return steps


def test_every_exercise_has_wrong_work_that_is_found() -> None:
    assert {each[0] for each in WRONG} == BY_NAME.keys()


# The folder


@pytest.fixture
def desk(tmp_path: Path) -> Trainee:
    return Trainee(tmp_path / "desk")


def test_an_exercise_begins_in_no_folder_with_something_in_it(desk: Trainee) -> None:
    (desk.reader.folder / "verifiers-4").mkdir()
    (desk.reader.folder / "verifiers-4" / "mine.txt").write_text("mine")
    code, told = desk.types("testamur lab start verifiers-4 --json")
    assert (code, "lab-folder" in told) == (1, True)
    assert (desk.reader.folder / "verifiers-4" / "mine.txt").read_text() == "mine"


def test_of_an_exercise_that_could_not_be_made_nothing_is_left(tmp_path: Path) -> None:
    def fails(world: World) -> None:
        world.say("half.txt", "half")
        raise OSError("no room")

    broken = replace(exercise("verifiers-4"), build=fails)
    with pytest.raises(OSError, match="no room"):
        begin(broken, tmp_path / "here", Texts("en"))
    assert list((tmp_path / "here").iterdir()) == []
    begin(exercise("verifiers-4"), tmp_path / "here", Texts("en"))


def test_a_folder_that_is_no_exercise_is_neither_looked_at_nor_removed(desk: Trainee) -> None:
    (desk.reader.folder / "mine.txt").write_text("mine")
    for command in ("check", "hint", "reset --yes"):
        code, told = desk.types(f"testamur lab {command} --json")
        assert (code, "no-exercise" in told) == (1, True)
    assert (desk.reader.folder / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("mark", [b"", b"[]", b'{"exercise": 1}', b'{"exercise": "../x"}', b"\xff", b"[" * 100_000])
def test_a_mark_that_makes_no_sense_is_told(mark: bytes, desk: Trainee) -> None:
    (desk.reader.folder / "lab.json").write_bytes(mark)
    code, told = desk.types("testamur lab check --json")
    assert (code, "no-exercise" in told) == (1, True)


def test_reset_begins_again_and_leaves_what_is_linked_to_alone(desk: Trainee) -> None:
    desk.types("testamur lab start verifiers-4")
    folder = desk.reader.folder / "verifiers-4"
    outside = desk.reader.folder / "outside"
    outside.mkdir()
    (outside / "mine.txt").write_text("mine")
    (folder / "linked").symlink_to(outside)
    shutil.rmtree(folder / "applications")
    assert desk.types("testamur lab reset verifiers-4 --yes")[0] == 0
    assert len(list((folder / "applications").iterdir())) == 5
    assert not (folder / "linked").exists()
    assert (outside / "mine.txt").read_text() == "mine"


def test_a_name_that_is_not_the_one_of_the_folder_is_told(desk: Trainee) -> None:
    desk.types("testamur lab start verifiers-4")
    desk.types("cd verifiers-4")
    code, told = desk.types("testamur lab check verifiers-1 --json")
    assert (code, "no-exercise" in told) == (1, True)


def test_the_same_exercise_is_the_same_everywhere(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        begin(exercise("verifiers-3"), folder, Texts("en"))
    names = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file() and path.suffix != ".db")
    assert names == sorted(
        path.relative_to(second) for path in second.rglob("*") if path.is_file() and path.suffix != ".db"
    )
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_a_broken_chain_is_an_error_and_not_an_open_step(desk: Trainee) -> None:
    desk.types("testamur lab start agencies-1")
    (desk.reader.folder / "agencies-1" / "testamur-data" / "chain" / "blocks.journal").write_bytes(b"\0" * 99)
    code, told = desk.types("testamur lab check agencies-1 --json")
    assert code in (1, 2)
    assert '"error"' in told
