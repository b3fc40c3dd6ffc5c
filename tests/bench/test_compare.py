"""What is said of a run beside earlier ones, and that the quick set is a set of ratios to named rivals."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from scripts.bench.compare import KEPT, TOLD, changes, medians, ratios_of, runs_in
from scripts.bench.quick import ENTRIES

REPOSITORY = Path(__file__).parents[2]
RATIOS = st.dictionaries(st.sampled_from("abcd"), st.floats(0.01, 100), max_size=4)


def run(**ratios: float) -> dict[str, object]:
    return {"commit": "c", "date": "d", "results": [{"name": name, "ratio": each} for name, each in ratios.items()]}


@given(before=st.lists(RATIOS, max_size=12), now=RATIOS)
def test_a_change_is_told_where_it_is_more_than_a_fifth_of_the_median(
    before: list[dict[str, float]], now: dict[str, float]
) -> None:
    told = {change.name: change for change in changes(before, now)}
    for name in "abcd":
        known = [each[name] for each in before if name in each]
        is_changed = name in now and bool(known) and abs(now[name] / median(known) - 1) > TOLD
        assert (name in told) == is_changed
    assert sorted(told.values(), key=lambda each: -abs(each.part)) == list(told.values())


def test_a_median_is_over_the_runs_that_have_it() -> None:
    assert medians([{"a": 1.0}, {"a": 3.0, "b": 2.0}, {"a": 2.0}]) == {"a": 2.0, "b": 2.0}


def test_what_is_no_run_is_left_out() -> None:
    lines = [
        json.dumps(run(a=1.0)),
        "",
        "{",
        "[]",
        '{"results": [{"name": "a"}]}',
        '{"results": [{"name": "a", "ratio": 0}]}',
    ]
    assert [ratios_of(each) for each in runs_in("\n".join(lines))] == [{"a": 1.0}]


def test_ten_runs_are_kept_and_a_change_is_no_failure(tmp_path: Path) -> None:
    history, newest = tmp_path / "build" / "history.jsonl", tmp_path / "run.json"
    history.parent.mkdir()
    history.write_text("".join(json.dumps(run(tree=2.0 + number / 100)) + "\n" for number in range(KEPT)))
    newest.write_text(json.dumps(run(tree=1.0), indent=1))
    command = [sys.executable, "-m", "scripts.bench.compare", str(history), str(newest)]
    told = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert "tree: 1.00, 51% slower than before" in told
    kept = [ratios_of(each) for each in runs_in(history.read_text())]
    assert (len(kept), kept[-1]) == (KEPT, {"tree": 1.0})


def test_every_figure_of_the_quick_set_has_a_rival_and_a_name_of_its_own() -> None:
    assert all(entry.rival and entry.unit and entry.n > 0 for entry in ENTRIES)
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
