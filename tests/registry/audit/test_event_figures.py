"""What DuckDB counts in Parquet files of events is what the contract's rules over the same events come to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from registry.audit import event_figures
from registry.audit.event_figures import Anchored, Changed, EventFigures, FileOfEvents, figures_of
from registry.errors import IntakeError
from registry.history import rebuild
from registry.index.reader import EventFilter, Head
from registry.records import BlockRef, Event, Purpose
from registry.service.exports import EVERY, as_parquet
from tests.registry.audit.test_audit import START, UNHURRIED, History, histories, moment

ACCOUNT = "0x" + "a1" * 20
CONTRACT = "0x" + "11" * 20
DAY = 24 * 3600


def head_at(final: int, *, chain: str = "eip155:1", contract: str = CONTRACT) -> Head:
    block = BlockRef(10**6, bytes(32), None)  # type: ignore[arg-type]
    return Head(1, chain, contract, bytes(32), 0, block, 0, final, None, 10**6, 0, 1, 0, None, None)


def written(path: Path, events: Sequence[Event], wanted: EventFilter = EVERY, *, final: int = 10**6, **of: str) -> Path:
    path.write_bytes(b"".join(as_parquet(events, head_at(final, **of), wanted)))
    return path


def counted(*files: Path) -> EventFigures:
    """The figures without what the files say that they are of."""
    return replace(figures_of(files), sources=(), silent=())


def silenced(path: Path) -> Path:
    """The same table as another program writes it."""
    parquet.write_table(parquet.read_table(path).replace_schema_metadata(None), path)
    return path


def by_the_rules(events: Sequence[Event]) -> EventFigures:
    """The same figures, of the state that the events come to."""
    state = rebuild(events)
    assert state.impossible == []
    anchored: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    for event in events:
        if event.name in ("Anchored", "LeafCountStated"):
            of = anchored[event.arguments["issuer"], f"{event.time:%Y-%m}"]
            of[0] += event.name == "Anchored"
            of[1] += event.arguments["leafCount"]
    assert sum(batches for batches, _ in anchored.values()) == len(state.batches)
    assert sum(leaves for _, leaves in anchored.values()) == sum(each.credentials for each in state.parties.values())
    changed: dict[tuple[int, str, Purpose, int], list[int]] = defaultdict(lambda: [0, 0])
    for change in state.status_changes:
        assert change.event.party is not None
        counted = changed[change.event.party, f"{change.event.time:%Y-%m}", change.purpose, change.reason]
        counted[0] += 1
        counted[1] += change.credentials
    blocks = [event.block_number for event in events]
    return EventFigures(
        len(events),
        min(blocks, default=None),
        max(blocks, default=None),
        0,
        tuple(Anchored(*key, *of) for key, of in sorted(anchored.items())),
        tuple(Changed(*key, *of) for key, of in sorted(changed.items())),  # type: ignore[arg-type]
        {},
    )


@settings(UNHURRIED, max_examples=6)
@given(history=histories())
def test_figures_are_what_the_rules_come_to(tmp_path_factory: pytest.TempPathFactory, history: History) -> None:
    """Of any history, in one file or in several that overlap."""
    folder = tmp_path_factory.mktemp("events")
    events = [replace(each, timestamp=moment(START + 9 * DAY * each.block_number)) for each in history.events]
    expected = by_the_rules(events)
    assert counted(written(folder / "all.parquet", events)) == expected
    middle = len(events) // 2
    parts = [written(folder / "a.parquet", events[: middle + 1]), written(folder / "b.parquet", events[middle:])]
    assert counted(*parts) == expected


def anchored(number: int, *, issuer: int = 1, block: int | None = None) -> Event:
    given = {"issuer": issuer, "root": bytes([number]) * 32, "leafCount": 10, "sequence": number, "operator": ACCOUNT}
    at = number if block is None else block
    return Event("Anchored", given, at, bytes([at]) * 32, 0, bytes(32), moment(START + at))


def test_batches_that_are_in_no_file_are_counted_by_their_numbers(tmp_path: Path) -> None:
    file = written(tmp_path / "some.parquet", [anchored(2), anchored(5), anchored(6)], final=5)
    found = figures_of([file])
    assert (found.missing, found.not_final) == ({1: 3}, 1)
    assert (found.first_block, found.last_block) == (2, 6)


def test_what_one_file_calls_final_is_final(tmp_path: Path) -> None:
    early = written(tmp_path / "early.parquet", [anchored(1), anchored(2)], final=1)
    late = written(tmp_path / "late.parquet", [anchored(2)])
    assert figures_of([early]).not_final == 1
    assert figures_of([early, late]).not_final == 0
    assert figures_of([early, late]).events == 2


def test_files_of_different_histories_are_refused(tmp_path: Path) -> None:
    one = written(tmp_path / "one.parquet", [anchored(1), anchored(2)])
    for other in (replace(anchored(2), block_hash=bytes(32)), anchored(3, block=2)):
        with pytest.raises(IntakeError) as refused:
            figures_of([one, written(tmp_path / "other.parquet", [other])])
        assert refused.value.code == "events-apart"


@pytest.mark.parametrize(
    "name", ["*.parquet", "[a]?.parquet", "a'; DROP TABLE event; --.parquet", "$files", "s3:", "~"]
)
def test_names_of_files_are_nothing_but_names(tmp_path: Path, name: str) -> None:
    written(tmp_path / "a1.parquet", [anchored(1), anchored(2)])
    file = written(tmp_path / name, [anchored(1)])
    assert figures_of([file]).events == 1


def test_what_is_no_file_of_events(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no", encoding="utf-8")
    parquet.write_table(pyarrow.table({"a": [1]}), tmp_path / "other.parquet")
    good = [anchored(1)]
    bad = written(tmp_path / "reason.parquet", good)
    table = parquet.read_table(bad).set_column(12, "arguments", [["{"]])
    parquet.write_table(table, tmp_path / "json.parquet")
    for name in ("text", "other", "json"):
        with pytest.raises(IntakeError) as refused:
            figures_of([tmp_path / f"{name}.parquet"])
        assert refused.value.code == "events-parquet"
        assert "testamur-" not in refused.value.what
    with pytest.raises(IntakeError) as refused:
        figures_of([tmp_path / "none.parquet"])
    assert refused.value.code == "unreadable"


def test_of_no_events_there_is_nothing(tmp_path: Path) -> None:
    found = counted(written(tmp_path / "none.parquet", []))
    assert found == EventFigures(0, None, None, 0, (), (), {})


def test_files_say_what_they_are_of_and_what_was_left_out(tmp_path: Path) -> None:
    old = written(tmp_path / "old.parquet", [anchored(1)], EventFilter(to_block=9))
    new = written(tmp_path / "new.parquet", [anchored(20)], EventFilter(from_block=12, to_block=2**60))
    some = written(tmp_path / "some.parquet", [anchored(10)], EventFilter(party=1, names=frozenset({"Anchored"})))
    found = figures_of([old, new, some])
    assert found.as_of == 10**6
    assert [(each.file, each.from_block, each.to_block, each.left_out) for each in found.sources] == [
        ("old.parquet", 0, 9, None),
        ("new.parquet", 12, 10**6, None),
        ("some.parquet", 0, 10**6, '{"party":1,"name":["Anchored"]}'),
    ]
    assert (found.unread_blocks, found.silent) == ([(10, 11)], ())
    assert figures_of([some]).unread_blocks == [(0, 10**6)]


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.booleans()), min_size=1, max_size=5),
    st.integers(0, 3),
)
def test_blocks_in_no_file_are_those_that_no_range_has(asked: list[tuple[int, int, bool]], first: int) -> None:
    sources = tuple(
        FileOfEvents("f", "eip155:1", CONTRACT, first, 12, start, end, None if is_whole else "{…}")
        for start, end, is_whole in asked
    )
    told = [
        block
        for start, end in EventFigures(0, None, None, 0, (), (), {}, sources).unread_blocks
        for block in range(start, end + 1)
    ]
    had = {block for start, end, is_whole in asked if is_whole for block in range(start, end + 1)}
    assert told == [block for block in range(first, 13) if block not in had]


def test_files_of_two_contracts_or_chains_are_never_summed(tmp_path: Path) -> None:
    one = written(tmp_path / "one.parquet", [anchored(1)])
    for number, of in enumerate(({"chain": "eip155:5"}, {"contract": "0x" + "22" * 20})):
        with pytest.raises(IntakeError) as refused:
            figures_of([one, written(tmp_path / f"{number}.parquet", [anchored(2)], **of)])
        assert refused.value.code == "events-apart"
        assert "different contracts" in refused.value.what


def test_a_file_that_does_not_say_what_it_is_of_is_named(tmp_path: Path) -> None:
    told = written(tmp_path / "told.parquet", [anchored(1)])
    found = figures_of([told, silenced(written(tmp_path / "other.parquet", [anchored(2)]))])
    assert (found.events, found.silent, len(found.sources)) == (2, ("other.parquet",), 1)


@pytest.mark.parametrize(
    "told",
    [{"contract": "0x1"}, {"chain": "a b"}, {"asOfBlock": "-1"}, {"toBlock": ""}, {"filter": ""}, {"firstBlock": "²"}],
)
def test_a_file_that_says_it_wrongly_is_refused(tmp_path: Path, told: dict[str, str]) -> None:
    file = written(tmp_path / "a.parquet", [anchored(1)])
    table = parquet.read_table(file)
    said = dict(table.schema.metadata) | {f"testamur.{name}".encode(): value.encode() for name, value in told.items()}
    parquet.write_table(table.replace_schema_metadata(said), file)
    with pytest.raises(IntakeError) as refused:
        figures_of([file])
    assert refused.value.code == "events-parquet"


@pytest.mark.parametrize("column", ["block_number", "block_hash", "log_index", "name", "block_time"])
def test_an_event_without_a_place_or_a_name_is_none(tmp_path: Path, column: str) -> None:
    file = written(tmp_path / "a.parquet", [anchored(1)])
    table = parquet.read_table(file)
    at = table.schema.get_field_index(column)
    empty = pyarrow.array([None], table.schema.field(at).type)
    parquet.write_table(table.set_column(at, table.schema.field(at), empty), file)
    with pytest.raises(IntakeError) as refused:
        figures_of([file])
    assert refused.value.code == "events-parquet"


def test_what_nobody_calls_final_is_not_final(tmp_path: Path) -> None:
    file = written(tmp_path / "a.parquet", [anchored(1)])
    table = parquet.read_table(file)
    at = table.schema.get_field_index("final")
    parquet.write_table(table.set_column(at, "final", pyarrow.array([None], pyarrow.bool_())), file)
    assert figures_of([file]).not_final == 1


def of_one_batch(path: Path, count: int) -> Path:
    """One batch that is voided again and again, after as many revocations of one credential."""
    first = parquet.read_table(written(path, [anchored(1)]))
    names = [("Anchored", "StatusSet", "BatchVoided")[min(2, number * 3 // count)] for number in range(count)]
    given = {
        "Anchored": '{"leafCount":10,"sequence":1}',
        "StatusSet": '{"purpose":0,"reason":1,"changed":"0x1"}',
        "BatchVoided": '{"reason":1}',
    }
    columns = {
        **{name: [first.column(name)[0].as_py()] * count for name in first.column_names},
        "block_number": list(range(count)),
        "block_hash": [f"0x{number:064x}" for number in range(count)],
        "name": names,
        "arguments": [given[name] for name in names],
    }
    parquet.write_table(pyarrow.table(columns, schema=first.schema), path)
    return path


def test_a_batch_that_is_voided_many_times_is_counted_in_one_pass(tmp_path: Path) -> None:
    """A pass for each would be four hundred million rows here."""
    found = figures_of([of_one_batch(tmp_path / "a.parquet", 60_000)])
    assert [(each.acts, each.credentials) for each in found.changed] == [(40_000, 20_000 + 20_000 * 180_000)]


def test_what_does_not_fit_into_memory_goes_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = of_one_batch(tmp_path / "a.parquet", 90_000)
    whole = figures_of([file])
    monkeypatch.setattr(event_figures, "MEMORY", "60MB")
    assert figures_of([file]) == whole
    monkeypatch.setattr(event_figures, "MEMORY", "2MB")
    with pytest.raises(IntakeError) as refused:
        figures_of([file])
    assert refused.value.code == "events-space"


@pytest.mark.parametrize(
    "order",
    [
        "SELECT * FROM read_text('{other}')", "SELECT * FROM read_parquet('{other}')", "ATTACH '{other}.db'",
        "COPY event TO '{other}.csv'", "INSTALL httpfs", "LOAD httpfs", "SET enable_external_access = true",
        "SET memory_limit = '9GB'", "SELECT * FROM read_parquet('https://127.0.0.1:9/a.parquet')",
        "SELECT * FROM read_parquet('s3://bucket/a.parquet')", "SELECT getenv('HOME')",
    ],
)  # fmt: skip
def test_the_database_reaches_nothing_but_the_files(tmp_path: Path, order: str) -> None:
    other = written(tmp_path / "other.parquet", [anchored(1)])
    file = written(tmp_path / "a.parquet", [anchored(1)])
    with event_figures._counting([file]) as (connection, _):
        connection.execute("CREATE TEMP TABLE event AS SELECT 1")
        with pytest.raises(duckdb.Error):
            connection.execute(order.format(other=other))
