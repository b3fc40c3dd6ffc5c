"""`testamur frameworks`: programmes compared, packages in and out, files checked, fields named."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.registry.frameworks.packages import association, item, ordered, package, rich, sent

EXAMPLES = Path(__file__).parents[3] / "docs/how-to/frameworks"


@pytest.fixture(autouse=True)
def examples(run: Run) -> None:
    for path in EXAMPLES.glob("*.toml"):
        shutil.copy(path, path.name)


def test_two_programmes_are_compared_for_people_tables_and_programs(run: Run) -> None:
    shown = run("frameworks", "compare", "northport.toml", "lakeside.toml", "--csv", "items.csv")
    assert shown.code == 0
    assert "A: MSc Information Systems, University of Northport" in shown.out
    assert [line.split()[:2] for line in shown.out.splitlines() if line.startswith(("both", "neither"))] == [
        ["both", "6"],
        ["neither", "0"],
    ]
    assert "equivalen" not in shown.out.casefold()
    with Path("items.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["code"], row["where"]) for row in rows[:3]] == [
        ("A.1", "first-only"),
        ("A.2", "first-only"),
        ("B.1", "both"),
    ]
    told = run("frameworks", "compare", "northport.toml", "lakeside.toml", "--json").json
    assert told["sets"]["both"] == {"items": 6, "outOf": 10, "ects": ["32.50", "36.00"]}
    again = run("frameworks", "compare", "northport.toml", "lakeside.toml", "--csv", "items.csv", "--json")
    assert (again.code, again.json["error"]["code"]) == (1, "exists")


def test_a_code_that_the_framework_has_not_is_told_and_the_rest_goes_on(run: Run) -> None:
    Path("northport.toml").write_text(Path("northport.toml").read_text().replace('["C.3"]', '["C.9"]'))
    ran = run("frameworks", "compare", "northport.toml", "lakeside.toml")
    assert ran.code == 3
    assert "Left out: part IS504: the framework has no item 'C.9'" in ran.errors


@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        ('framework_file = "information-systems.toml"', "", "no-framework"),
        ('framework_file = "information-systems.toml"', 'framework_file = "../x.toml"', "no-framework"),
        ('framework_file = "information-systems.toml"', 'framework_file = "gone.toml"', "unreadable"),
        ('framework = "example-information-systems"', 'framework = "another"', "other-framework"),
        ("ects = 15", "ects = -15", "programme"),
    ],
)
def test_what_cannot_be_compared_says_why(run: Run, was: str, now: str, code: str) -> None:
    Path("northport.toml").write_text(Path("northport.toml").read_text().replace(was, now))
    ran = run("frameworks", "compare", "northport.toml", "lakeside.toml", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, code)


def test_a_package_comes_in_and_goes_out_as_it_was(run: Run) -> None:
    Path("theirs.json").write_bytes(sent(rich()))
    came = run("frameworks", "import", "case", "theirs.json", "--json")
    assert (came.code, came.json["items"], came.json["written"]) == (0, 4, "theirs.toml")
    went = run("frameworks", "export", "case", "theirs.toml", "-o", "again.json", "--json")
    assert (went.code, went.json["CFItems"]) == (0, 4)
    assert ordered(json.loads(Path("again.json").read_bytes())) == ordered(rich())
    assert run("frameworks", "import", "case", "theirs.json", "--json").json["error"]["code"] == "exists"
    assert run("frameworks", "import", "case", "theirs.json", "--overwrite").code == 0


def test_what_cannot_be_used_of_a_package_is_written_beside_it_or_nothing_is(run: Run) -> None:
    whole = package([item("a"), {**item("b"), "fullStatement": ""}], [association("isChildOf", "a", "document")])
    Path("theirs.json").write_bytes(sent(whole))
    strict = run("frameworks", "import", "case", "theirs.json", "--strict")
    assert (strict.code, Path("theirs.toml").exists()) == (1, False)
    assert run("frameworks", "import", "case", "theirs.json").code == 3
    with Path("theirs.refused.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["why"] == "fullStatement is missing"
    assert run("frameworks", "check", "theirs.toml").code == 0


def test_files_are_checked_whatever_they_are(run: Run) -> None:
    Path("theirs.json").write_bytes(sent(package([item("a"), item("a")], [])))
    Path("circle.toml").write_text(
        '[framework]\nid = "f"\ntitle = "F"\n[[items]]\ncode = "A"\ntext = "a"\nparent = "A"\n[[items]]\ncode = ""\n'
    )
    assert "a framework with 14 items, in order" in run("frameworks", "check", "information-systems.toml").out
    assert "a programme with 7 parts and 90.00 ECTS, in order" in run("frameworks", "check", "northport.toml").out
    for file, faults in (("theirs.json", 2), ("circle.toml", 3)):
        ran = run("frameworks", "check", file, "--json")
        assert (ran.code, ran.json["valid"], len(ran.json["faults"])) == (1, False, faults), ran.json
    assert "it is above itself: A → A" in run("frameworks", "check", "circle.toml").out


def test_fields_are_named_by_code_and_found_by_words(run: Run) -> None:
    assert "0613  Software and applications development and analysis" in run("frameworks", "isced", "061").out
    found = run("frameworks", "isced", "health", "services", "--json").json["fields"]
    assert [each["code"] for each in found] == ["102"]
    assert run("frameworks", "isced", "astrology", "--json").json["error"]["code"] == "unknown-field"
