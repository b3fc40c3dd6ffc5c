"""Events as tables for other programs: CSV, NDJSON and Parquet, written as they are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import orjson

from registry.errors import SettingsError
from registry.http.outflow import Outflow
from registry.index.reader import EventFilter, EventPlace, Head
from registry.records import EVENTS_ABOUT, Event
from registry.service.records_json import event_content
from registry.untrusted.cells import csv_lines

COLUMNS: Final = (
    "block_number",
    "block_hash",
    "block_time",
    "log_index",
    "transaction",
    "name",
    "party",
    "holder",
    "root",
    "accreditation",
    "digest",
    "final",
    "arguments",
)
ROWS_A_GROUP: Final = 10_000
ROWS_A_PIECE: Final = 500
EVERY: Final = EventFilter()


def row_of(event: Event, head: Head) -> dict[str, Any]:
    """One event as a row; its arguments are JSON in one cell."""
    content = event_content(event, head)
    block = content.pop("block")
    return content | {
        "block_number": block["number"],
        "block_hash": block["hash"],
        "block_time": block["timestamp"],
        "log_index": content["logIndex"],
        "arguments": orjson.dumps(content["arguments"]).decode(),
    }


def as_ndjson(events: Iterable[Event], head: Head) -> Iterator[bytes]:
    """A JSON object a line."""
    for some in _pieces(events, ROWS_A_PIECE):
        yield b"".join(orjson.dumps(event_content(event, head)) + b"\n" for event in some)


def as_csv(events: Iterable[Event], head: Head) -> Iterator[bytes]:
    """RFC 4180, with a line of names."""
    yield csv_lines([COLUMNS])
    for some in _pieces(events, ROWS_A_PIECE):
        yield csv_lines([_cells(row_of(event, head)) for event in some])


def about(head: Head, wanted: EventFilter, after: EventPlace | None = None) -> dict[str, str]:
    """What a table of events is of, for the metadata of its file: the contract, the blocks, and what was left out.

    `filter` is a JSON object, empty where every event of these blocks was asked for.
    """
    last = head.cursor.number
    asked = {
        "party": wanted.party,
        "root": None if wanted.root is None else f"0x{wanted.root.hex()}",
        "accreditation": wanted.accreditation,
        "digest": None if wanted.digest is None else wanted.digest.hex(),
        "name": None if wanted.names is None else sorted(wanted.names),
        "cursor": None if after is None else f"{after.block_number}.{after.log_index}",
    }
    told = {
        "chain": head.chain,
        "contract": head.contract,
        "firstBlock": head.first_block,
        "asOfBlock": last,
        "fromBlock": head.first_block if wanted.from_block is None else wanted.from_block,
        "toBlock": last if wanted.to_block is None else min(last, wanted.to_block),
        "filter": orjson.dumps({name: value for name, value in asked.items() if value is not None}).decode(),
    }
    return {f"{EVENTS_ABOUT}{name}": str(value) for name, value in told.items()}


def as_parquet(
    events: Iterable[Event], head: Head, wanted: EventFilter = EVERY, after: EventPlace | None = None
) -> Iterator[bytes]:
    """Apache Parquet, a row group at a time; times are UTC timestamps.

    Args:
        wanted, after: by which the events were chosen; the file says so, as `about` does.

    Raises:
        SettingsError: the library for it is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise SettingsError(
            "this service cannot write Parquet",
            remedy="Ask for CSV or NDJSON, or have pyarrow installed with testamur[serve].",
            code="not-acceptable",
        ) from None
    text, number = pyarrow.string(), pyarrow.int64()
    types = {
        "block_number": number,
        "block_time": pyarrow.timestamp("s", tz="UTC"),
        "log_index": number,
        "party": number,
        "holder": number,
        "accreditation": number,
        "final": pyarrow.bool_(),
    }
    schema = pyarrow.schema([(name, types.get(name, text)) for name in COLUMNS], about(head, wanted, after))

    def pieces() -> Iterator[bytes]:
        out = Outflow()
        with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
            for some in _pieces(events, ROWS_A_GROUP):
                rows = [row_of(event, head) | {"block_time": event.time} for event in some]
                columns = {name: [row[name] for row in rows] for name in COLUMNS}
                writer.write_table(pyarrow.table(columns, schema=schema))
                yield out.taken()
        yield out.taken()

    return pieces()


def _pieces(events: Iterable[Event], size: int) -> Iterator[list[Event]]:
    source = iter(events)
    while some := list(islice(source, size)):
        yield some


def _cells(row: dict[str, Any]) -> list[str]:
    return ["" if row[name] is None else str(row[name]) for name in COLUMNS]
