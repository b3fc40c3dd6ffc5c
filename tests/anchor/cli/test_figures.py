"""`testamur figures`: what stands in files is counted, and never called more than that."""

from __future__ import annotations

from pathlib import Path

from registry.index.reader import EventFilter
from tests.conftest import Run
from tests.registry.audit.test_event_figures import CONTRACT, anchored, silenced, written


def test_figures_say_what_they_are_of_and_that_nothing_proves_them(tmp_path: Path, run: Run) -> None:
    file = written(tmp_path / "events.parquet", [anchored(2), anchored(3)], final=2)
    told = run("figures", str(file), "--csv", str(tmp_path / "counts.csv"))
    assert told.code == 0, told.out
    said = " ".join(told.out.split())
    assert "2 events in 1 file, blocks 2 to 3" in said
    assert "Not final when the files were written: 1 event." in said
    assert "Issuer 1: 1 batch" in said
    assert f"Contract {CONTRACT} on eip155:1, as a lookup service knew it at block 1000000." in said
    assert "no file has all" not in said
    assert "not compared with a chain" in said
    lines = (tmp_path / "counts.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "issuer,month,what,reason,acts,credentials"
    assert lines[1].endswith("anchored,,2,20")
    content = run("figures", str(file), "--json").json
    assert content["comparedWithChain"] is False
    assert content["anchored"][0]["credentials"] == 20
    assert (content["contract"], content["asOfBlock"], content["blocksInNoFile"]) == (CONTRACT, 10**6, [])
    assert (content["notFinal"], content["batchesInNoFile"]) == (1, [{"issuer": 1, "batches": 1}])


def test_figures_say_what_the_files_leave_out_or_do_not_tell(tmp_path: Path, run: Run) -> None:
    some = written(tmp_path / "some.parquet", [anchored(1)], EventFilter(party=1))
    other = silenced(written(tmp_path / "other\x1b[2J.parquet", [anchored(2)]))
    told = run("figures", str(some), str(other))
    assert told.code == 0, told.out
    said = " ".join(told.out.split())
    assert "Blocks 0 to 1000000: no file has all events of them." in said
    assert 'some.parquet has only what was asked for: {"party":1}' in said
    assert "does not say of which contract and blocks it is, nor what was left out" in said
    assert "\x1b[2J" not in told.out
    content = run("figures", str(some), str(other), "--json").json
    assert content["blocksInNoFile"] == [{"from": 0, "to": 10**6}]
    assert len(content["filesThatDoNotSay"]) == 1


def test_a_file_that_is_none_is_told(tmp_path: Path, run: Run) -> None:
    told = run("figures", str(tmp_path / "none.parquet"), "--json")
    assert told.json["error"]["code"] == "unreadable"
