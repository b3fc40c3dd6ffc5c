"""From a file to the draft of a snapshot: what is taken, what is left out and why, what became of the one before."""

from __future__ import annotations

import csv
import subprocess
import sys
import textwrap
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anchor.registers.drafts import Shelf
from anchor.registers.importing import Form
from anchor.registers.lists import read_known
from registry.errors import IntakeError, NotPossible, RegistryError, StoreError
from registry.quality.decision import Ruling
from registry.quality.plain import COLUMNS, EXAMPLE
from scripts.bench.made_register import write, write_bytes
from tests.anchor.registers.made import NOW, imported, numbered, published_file, snapshot_of, table
from tests.registry.quality.test_snapshot import file_of


def refused_rows(path: Path | None) -> list[dict[str, str]]:
    assert path is not None
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_draft_has_what_the_dry_run_told(tmp_path: Path) -> None:
    path = table(
        tmp_path / "deqar.csv",
        *numbered("A", "B"),
        *numbered("C", decision="2", summary="Publish a plan."),
        *numbered("D", decision="3", status="2"),
        *numbered("E", valid_to=""),
    )
    outcome = imported(path, tmp_path / "data")
    content = outcome.content
    assert (content["rows"], content["taken"], content["leftOut"], outcome.refused) == (5, 5, {}, None)
    assert content["byRuling"] == {"positive": 3, "conditional": 1, "negative": 1}
    assert content["byStatus"] == {"obligatory": 4, "voluntary": 1}
    assert content["warnings"] == {"end-assumed": 1}
    snapshot = snapshot_of(outcome)
    assert (snapshot.root, snapshot.leaf_count) == (outcome.draft.root, 5 + 1 + 1)
    assert Counter(each.ruling for each in snapshot.decisions)[Ruling.NEGATIVE] == 1
    assert snapshot.manifest.source.size == path.stat().st_size
    assert [each.root for each in Shelf(tmp_path / "data").drafts()] == [outcome.draft.root]


def test_rows_that_are_left_out_are_written_with_cell_and_reason_and_can_be_mended(tmp_path: Path) -> None:
    path = table(
        tmp_path / "deqar.csv",
        *numbered("A"),
        *numbered("B", valid_from="03/04/2024", date_format=""),
        *numbered("C", decision="approved", summary="=HYPERLINK(1)"),
    )
    first = imported(path, tmp_path / "data")
    assert first.content["leftOut"] == {"date-ambiguous": 1, "ruling-unreadable": 1}
    rows = refused_rows(first.refused)
    assert [(each["refused_row"], each["refused_column"]) for each in rows] == [
        ("3", "valid_from (E3)"),
        ("4", "decision (D4)"),
    ]
    assert "2024-03-04 or 2024-04-03" in rows[0]["refused_reason"]
    assert rows[1]["summary"] == "'=HYPERLINK(1)"
    assert first.refused is not None
    mended = first.refused
    rows[0] |= {"valid_from": "2024-04-03", "date_format": ""}
    with mended.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    second = imported(path, tmp_path / "data", mended=mended)
    assert (second.content["taken"], second.content["mended"]) == (2, 1)
    assert second.content["leftOut"] == {"ruling-unreadable": 1}
    assert [each["row"] for each in second.content["findings"]] == [4]
    assert {each.number for each in snapshot_of(second).decisions} == {"A", "B"}
    assert mended.read_text().count("2024-04-03"), "the work of whoever mends it is never written over"
    assert second.refused == tmp_path / "deqar.refused-2.csv"
    assert any("mended 1 rows" in rule for rule in second.draft.manifest.rules)
    rows[1]["decision"] = "1"
    with mended.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    third = imported(path, tmp_path / "data", mended=mended)
    assert third.refused is None
    assert {each.summary for each in snapshot_of(third).decisions} == {"", "=HYPERLINK(1)"}


def test_a_mended_row_takes_the_place_of_no_other_row(tmp_path: Path) -> None:
    bad = numbered("B", valid_from="03/04/2024", date_format="")
    first = imported(table(tmp_path / "old.csv", *numbered("A"), *bad), tmp_path / "data")
    rows = refused_rows(first.refused)
    rows[0] |= {"valid_from": "2024-04-03"}
    mended = tmp_path / "mended.csv"
    with mended.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    # In the next edition of the source another row that cannot be read stands where that one stood.
    other = numbered("C", decision="approved")
    path = table(tmp_path / "new.csv", *numbered("A"), *other, *bad)
    again = imported(path, tmp_path / "data", mended=mended)
    assert {each.number for each in snapshot_of(again).decisions} == {"A"}
    assert again.content["leftOut"] == {"ruling-unreadable": 1, "date-ambiguous": 1}
    assert any("1 rows of the mended file" in each for each in again.content["notes"])
    # One without the mark of its row mends nothing.
    mended.write_text(mended.read_text().replace("refused_check", "check"))
    with pytest.raises(IntakeError) as error:
        imported(path, tmp_path / "data", mended=mended)
    assert error.value.code == "register-mended"


def test_a_row_with_damaged_letters_is_not_mended_by_handing_it_in_as_it_is(tmp_path: Path) -> None:
    path = table(tmp_path / "deqar.csv", *numbered("A", summary="Köln"), *numbered("B", summary="Zürich"))
    path.write_bytes(path.read_bytes().replace("ü".encode(), b"\xfc"))
    first = imported(path, tmp_path / "data")
    assert first.content["leftOut"] == {"text-damaged": 1}
    again = imported(path, tmp_path / "data", mended=first.refused)
    assert (again.content["leftOut"], again.content["mended"]) == ({"text-damaged": 1}, 0)
    assert first.refused is not None
    text = first.refused.read_text(encoding="utf-8-sig").replace("Z\N{REPLACEMENT CHARACTER}rich", "Zürich")
    first.refused.write_text(text, encoding="utf-8-sig")
    third = imported(path, tmp_path / "data", mended=first.refused)
    assert {each.summary for each in snapshot_of(third).decisions} == {"Köln", "Zürich"}


def test_no_cell_of_the_rows_left_out_is_a_formula(tmp_path: Path) -> None:
    path = table(tmp_path / "deqar.csv", *numbered("A", **{"=HYPERLINK(1)": "x" * 40_000}))
    with pytest.raises(IntakeError):
        imported(path, tmp_path / "data")
    (row,) = refused_rows(tmp_path / "deqar.refused.csv")
    assert row["refused_column"] == "'=HYPERLINK(1) (N2)"
    assert not [text for text in [*row, *row.values()] if text.startswith(("=", "+", "-", "@"))]


def test_rows_between_two_stray_quotation_marks_are_no_cell_of_one_row(tmp_path: Path) -> None:
    path = table(tmp_path / "deqar.csv", *numbered("A", "B", "C", "D", summary="text"))
    lines = path.read_text().splitlines(keepends=True)
    lines[2] = lines[2].replace("text", '"text')
    lines[4] = lines[4].replace("text", 'text"')
    path.write_text("".join(lines))
    outcome = imported(path, tmp_path / "data")
    assert {each.number for each in snapshot_of(outcome).decisions} == {"A"}
    assert outcome.content["leftOut"] == {"row-damaged": 1}
    (told,) = [each["what"] for each in outcome.content["findings"]]
    assert "lines 3 to 5" in told
    # Of two rows that follow each other there is no whole line between the marks.
    lines = table(path, *numbered("A", "B", "C", summary="text")).read_text().splitlines(keepends=True)
    lines[2], lines[3] = lines[2].replace("text", '"text'), lines[3].replace("text", 'text"')
    path.write_text("".join(lines))
    again = imported(path, tmp_path / "again")
    assert {each.number for each in snapshot_of(again).decisions} == {"A"}
    # A text of several lines is one, and one that has as many commas in all, too.
    path = table(tmp_path / "two.csv", *numbered("A", summary="One, two,\nthree, four\nand five."))
    assert imported(path, tmp_path / "data").content["taken"] == 1


def test_the_same_file_of_rows_left_out_is_written_once(tmp_path: Path) -> None:
    path = table(tmp_path / "deqar.csv", *numbered("A"), *numbered("B", decision="x"))
    assert imported(path, tmp_path / "data").refused == imported(path, tmp_path / "data").refused
    assert sorted(each.name for each in tmp_path.glob("*.csv")) == ["deqar.csv", "deqar.refused.csv"]


def test_strictly_nothing_is_made_when_a_row_cannot_be_taken(tmp_path: Path) -> None:
    path = table(tmp_path / "deqar.csv", *numbered("A"), *numbered("B", valid_from="41782"))
    with pytest.raises(IntakeError, match="row 3, cell E3") as error:
        imported(path, tmp_path / "data", strict=True)
    assert error.value.code == "register-not-ready"
    assert Shelf(tmp_path / "data").drafts() == []
    assert [each.name for each in tmp_path.glob("*.csv")] == ["deqar.csv"]


def test_a_file_without_a_decision_makes_no_draft(tmp_path: Path) -> None:
    for rows in ([], numbered("A", decision="x")):
        with pytest.raises(IntakeError) as error:
            imported(table(tmp_path / "deqar.csv", *rows), tmp_path / "data")
        assert error.value.code == "register-empty"


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    path = table(tmp_path / "deqar.csv", *numbered("A", "B", "A", summary="x"), *numbered("A", summary="y"))
    first = imported(path, tmp_path / "data")
    again = imported(path, tmp_path / "data", NOW + timedelta(days=1))
    assert again.known_draft
    assert again.draft.root == first.draft.root
    before = published_file(first, tmp_path / "first.register")
    later = imported(path, tmp_path / "other", NOW + timedelta(days=30), previous=before)
    assert later.same_as_before
    assert later.content["decisionsRoot"] == first.content["decisionsRoot"]
    assert (later.content["new"], later.content["corrected"], later.content["gone"]) == (0, 0, 0)
    assert later.draft.manifest.previous == first.draft.root
    assert later.draft.root != first.draft.root


def test_a_repeated_number_is_a_correction_and_both_are_kept(tmp_path: Path) -> None:
    path = table(
        tmp_path / "deqar.csv",
        *numbered("A"),
        *numbered("B"),
        *numbered("A", decision="3"),
        *numbered("A", decision="3"),
        *numbered("A", decision="2", summary="A plan."),
    )
    outcome = imported(path, tmp_path / "data")
    assert (outcome.content["taken"], outcome.content["leftOut"]) == (4, {"repeated": 1})
    assert outcome.content["byRuling"] == {"positive": 2, "conditional": 1, "negative": 1}
    (repeated,) = [each for each in outcome.content["findings"] if each["reason"] == "repeated"]
    assert (repeated["row"], "'A'" in repeated["what"]) == (5, True)
    snapshot = snapshot_of(outcome)
    texts = {each.ruling: (digest, each) for digest, each in zip(snapshot.digests, snapshot.decisions, strict=True)
             if each.number == "A"}  # fmt: skip
    assert texts[Ruling.POSITIVE][1].replaces is None
    assert texts[Ruling.NEGATIVE][1].replaces == texts[Ruling.POSITIVE][0]
    assert texts[Ruling.CONDITIONAL][1].replaces == texts[Ruling.NEGATIVE][0]


def test_the_next_snapshot_says_what_is_new_corrected_and_gone(tmp_path: Path) -> None:
    first = imported(table(tmp_path / "one.csv", *numbered("same", "wrong", "gone")), tmp_path / "data")
    before = published_file(first, tmp_path / "one.register")
    second = imported(
        table(tmp_path / "two.csv", *numbered("new", "same"), *numbered("wrong", decision="3")),
        tmp_path / "data",
        NOW + timedelta(days=1),
        previous=before,
    )
    content = second.content
    assert (content["new"], content["corrected"], content["unchanged"], content["gone"]) == (1, 1, 1, 1)
    assert content["goneNumbers"] == ["deqar-agency:33 gone"]
    old = {each.number: each.digest.value for each in snapshot_of(first).decisions}
    new = snapshot_of(second)
    assert sorted(each.number for each in new.decisions) == ["new", "same", "wrong", "wrong"]
    assert [each.replaces for each in new.decisions if each.replaces] == [old["wrong"]]
    # A row that goes back to what was said before is a correction of the correction.
    third = imported(
        table(tmp_path / "three.csv", *numbered("same", "new", "wrong")),
        tmp_path / "data",
        NOW + timedelta(days=2),
        previous=published_file(second, tmp_path / "two.register"),
    )
    assert [each.number for each in snapshot_of(third).decisions].count("wrong") == 3


ACTS = st.lists(
    st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["1", "3", "4"])), min_size=1, max_size=5), max_size=4
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ACTS)
def test_corrections_are_those_of_a_reading_by_hand(tmp_path: Path, acts: list[list[tuple[str, str]]]) -> None:
    """Of each number the texts so far; a file that repeats the last of them adds nothing."""
    history: dict[str, list[str]] = {}
    previous = None
    for day, rows in enumerate(acts):
        path = table(tmp_path / "deqar.csv", *({"local_identifier": a, "decision": b} for a, b in rows))
        outcome = imported(path, tmp_path / f"data-{day}", NOW + timedelta(days=day), previous=previous)
        said: dict[str, list[str]] = {}
        for number, ruling in rows:
            texts = said.setdefault(number, [])
            if not texts or texts[-1] != ruling:
                texts.append(ruling)
        now = {}
        for number, texts in said.items():
            before = history.get(number, [])
            known = next((n for n in range(min(len(texts), len(before)), 0, -1) if before[-n:] == texts[:n]), 0)
            now[number] = before + texts[known:]
        snapshot = snapshot_of(outcome)
        assert Counter(each.number for each in snapshot.decisions) == {
            number: len(each) for number, each in now.items()
        }
        assert outcome.content["gone"] == len(history.keys() - now.keys())
        assert sum(each.replaces is not None for each in snapshot.decisions) == sum(
            len(each) - 1 for each in now.values()
        )
        history, previous = now, published_file(outcome, tmp_path / f"{day}.register")


def test_a_snapshot_of_another_register_is_not_the_one_before(tmp_path: Path) -> None:
    path = table(tmp_path / "deqar.csv", *numbered("A"))
    before = published_file(imported(path, tmp_path / "data"), tmp_path / "deqar.register")
    with pytest.raises(IntakeError) as error:
        imported(path, tmp_path / "data", previous=before, register="other")
    assert error.value.code == "register-other"
    before.write_bytes(before.read_bytes()[:-40])
    with pytest.raises(RegistryError) as damaged:
        imported(path, tmp_path / "data", previous=before)
    assert damaged.value.code == "snapshot-line"


def test_a_snapshot_before_brings_in_no_decision_that_no_row_says(tmp_path: Path) -> None:
    path = table(tmp_path / "deqar.csv", *numbered("A"), *numbered("B"))
    outcome = imported(path, tmp_path / "data")
    listed = {each.number: each for each in snapshot_of(outcome).decisions}
    beside = replace(listed["A"], summary="Another text of it, which replaces nothing")
    silencing = replace(listed["A"], replaces=listed["B"].digest.value)
    for number, decisions in enumerate(([*listed.values(), beside], [silencing, listed["B"]])):
        before = tmp_path / f"{number}.register"
        before.write_bytes(b"".join(file_of(decisions)))
        with pytest.raises(IntakeError) as error:
            imported(path, tmp_path / "other", previous=before)
        assert error.value.code == "register-other"


def test_lists_of_a_mirror_say_agencies_and_parties(tmp_path: Path) -> None:
    agencies, parties = tmp_path / "agencies.csv", tmp_path / "parties.csv"
    agencies.write_text("id;name;names;party\n33;Example Agency;EXQA|Ex;5\n")
    parties.write_text("id,party,name,country\ndeqar:DEQARINST0001,7,Example University,HRV\n")
    known = read_known(agencies, parties)
    path = table(tmp_path / "deqar.csv", *numbered("A", agency="exqa"), *numbered("B", agency="34"))
    outcome = imported(path, tmp_path / "data", known=known)
    (decision,) = snapshot_of(outcome).decisions
    assert (str(decision.agency), decision.holders[0].party, decision.holders[0].country) == (
        "deqar-agency:33",
        7,
        "HR",
    )
    assert outcome.content["leftOut"] == {"agency-unknown": 1}
    for text in ("id,party\n,7\n", "id,party\nA,x\n", "id,party\nA,1\nA,2\n", "name\nA\n", "id,country\nA,ZZ\n"):
        parties.write_text(text)
        with pytest.raises(IntakeError) as error:
            read_known(None, parties)
        assert error.value.code in ("register-list", "register-columns")


def test_the_template_s_example_is_imported(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows([list(COLUMNS), [EXAMPLE.get(each, "") for each in COLUMNS]])
    outcome = imported(path, tmp_path / "data", form=Form.CSV, register="exqa")
    (decision,) = snapshot_of(outcome).decisions
    assert decision.condition == EXAMPLE["condition"]


def test_two_commands_do_not_work_in_one_folder_at_once(tmp_path: Path) -> None:
    path = table(tmp_path / "deqar.csv", *numbered("A"))
    with Shelf(tmp_path / "data").alone(), pytest.raises(StoreError) as error:
        imported(path, tmp_path / "data")
    assert error.value.code == "registers-busy"


@pytest.mark.parametrize("point", ["read", "written", "kept"])
def test_an_import_that_is_ended_leaves_a_draft_or_nothing(tmp_path: Path, point: str) -> None:
    path = table(tmp_path / "deqar.csv", *numbered("A", "B"))
    # A process of its own, ended as kill -9 would: no `finally` runs.
    script = f"""
        import os
        from pathlib import Path
        from tests.anchor.registers.made import imported
        imported(Path({str(path)!r}), Path({str(tmp_path / "data")!r}),
                 reached=lambda name: os._exit(9) if name == {point!r} else None)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, cwd=Path(__file__).parents[3])
    assert done.returncode == 9
    shelf = Shelf(tmp_path / "data")
    assert len(shelf.drafts()) == (1 if point == "kept" else 0)
    outcome = imported(path, tmp_path / "data")
    assert [each.root for each in shelf.drafts()][-1:] == [outcome.draft.root] or len(shelf.drafts()) == 2
    assert not list(shelf.path.glob(".import-*")), "what was left is gone"


def test_a_discarded_draft_is_gone(tmp_path: Path) -> None:
    outcome = imported(table(tmp_path / "deqar.csv", *numbered("A")), tmp_path / "data")
    shelf = Shelf(tmp_path / "data")
    shelf.discard(outcome.draft)
    assert shelf.drafts() == []
    with pytest.raises(NotPossible) as error:
        shelf.draft(outcome.draft.root)
    assert error.value.code == "unknown-root"


def test_made_up_registers_are_the_same_each_time_and_read_without_a_fault(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one.csv", 300), write(tmp_path / "two.csv", 300)
    assert one.read_bytes() == two.read_bytes()
    content = imported(one, tmp_path / "data").content
    assert (content["taken"], content["leftOut"], content["unknownColumns"]) == (300, {}, [])
    assert content["joint"] > 0


MOST_OF_THE_FILE = 0.9


def test_memory_stays_far_below_what_the_rows_would_take(tmp_path: Path) -> None:
    """The path of a file of 200 MB, with one of 12: rows are gone once they are read."""
    path = tmp_path / "large.csv"
    rows = write_bytes(path, 12 << 20)
    script = f"""
        import resource
        from pathlib import Path
        from tests.anchor.registers.made import imported, numbered, table
        from scripts.bench.made_register import write
        imported(write(Path({str(tmp_path / "small.csv")!r}), 1_000), Path({str(tmp_path / "first")!r}))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        content = imported(Path({str(path)!r}), Path({str(tmp_path / "data")!r})).content
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, content["taken"])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    kib, taken = map(int, done.stdout.split())
    assert taken == rows
    assert kib << 10 < MOST_OF_THE_FILE * path.stat().st_size
