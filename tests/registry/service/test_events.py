"""Events over HTTP: the same facts in each form, in pages that fit together, kept for good only once they are final."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from pyarrow import parquet
from starlette.testclient import TestClient

from registry.errors import ChainUnavailable
from registry.service.routes import events
from tests.registry.service.conftest import FINAL_BLOCK, Roots, Stand, credential, registered, soon
from tests.registry.service.test_batches import pages


def flat(event: dict[str, Any]) -> dict[str, Any]:
    """An event as a row of a table."""
    row = {name: value for name, value in event.items() if name not in ("block", "logIndex", "arguments")}
    block = event["block"]
    row |= {"block_number": block["number"], "block_hash": block["hash"], "block_time": block["timestamp"]}
    return row | {"log_index": event["logIndex"], "arguments": event["arguments"]}


@pytest.mark.parametrize("limit", [1, 3, 1000])
@pytest.mark.parametrize("query", [{}, {"party": 1}, {"name": ["Anchored", "StatusSet"]}, {"from_block": 5}])
def test_pages_together_are_everything_once(service: TestClient, limit: int, query: dict[str, Any]) -> None:
    everything = service.get("/v1/events", params=query).json()["events"]
    assert everything
    assert pages(service, "/v1/events", "events", limit=limit, **query) == everything


def test_filters(service: TestClient, roots: Roots) -> None:
    def names(**query: Any) -> list[str]:
        return [event["name"] for event in service.get("/v1/events", params=query).json()["events"]]

    assert len(names()) == 13
    assert names(root=roots.voided.hex()) == ["Anchored", "BatchVoided"]
    assert names(root=f"0x{roots.voided.hex()}", name="BatchVoided") == ["BatchVoided"]
    assert names(from_block=8, to_block=8) == ["Anchored"]
    assert names(from_block=9, to_block=8) == names(party=99) == names(accreditation=1) == []


@pytest.mark.parametrize("query", [{}, {"party": 1}, {"to_block": 5}, {"party": 99}])
def test_every_form_holds_the_same_facts(service: TestClient, query: dict[str, Any]) -> None:
    events = service.get("/v1/events", params=query).json()["events"]
    lines = service.get("/v1/events", params=query | {"format": "ndjson"}).text.splitlines()
    assert [json.loads(line) for line in lines] == events
    rows = [flat(event) for event in events]
    table = parquet.read_table(io.BytesIO(service.get("/v1/events", params=query | {"format": "parquet"}).content))
    told = table.to_pylist()
    for row in told:
        row["block_time"] = f"{row['block_time']:%Y-%m-%dT%H:%M:%SZ}"
        row["arguments"] = json.loads(row["arguments"])
    assert told == rows
    text = service.get("/v1/events", params=query | {"format": "csv"}).text
    cells = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(cells) == len(rows)
    for cell, row in zip(cells, rows, strict=True):
        assert json.loads(cell.pop("arguments")) == row.pop("arguments")
        assert cell == {name: "" if value is None else str(value) for name, value in row.items()}


def test_the_form_is_negotiated(service: TestClient) -> None:
    kinds = {
        "text/csv": "text/csv",
        "application/x-ndjson": "application/x-ndjson",
        "application/vnd.apache.parquet": "application/vnd.apache.parquet",
        "*/*": "application/json",
    }
    for accepted, kind in kinds.items():
        answer = service.get("/v1/events", headers={"Accept": accepted})
        assert answer.headers["Content-Type"].partition(";")[0] == kind
        assert "Accept" in answer.headers["Vary"]


def test_no_cell_is_a_formula(empty: Stand) -> None:
    name, party = registered(1)
    empty.mine((name, party | {"uri": '=HYPERLINK("https://evil.example")\n@x'}))
    text = empty.client.get("/v1/events?format=csv").text
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
    assert len(list(csv.reader(io.StringIO(text, newline="")))) == 2


@pytest.mark.parametrize("form", ["json", "csv", "ndjson", "parquet"])
def test_only_what_is_final_is_kept_for_good(service: TestClient, form: str) -> None:
    def kept(**query: Any) -> str:
        return service.get("/v1/events", params={"format": form, **query}).headers["Cache-Control"]

    assert "immutable" in kept(to_block=FINAL_BLOCK)
    assert kept(to_block=FINAL_BLOCK + 1) == kept() == kept(to_block=2**62) == "no-cache"


def test_new_events_between_two_pages_move_nothing(empty: Stand) -> None:
    for number in range(1, 5):
        empty.mine(registered(number))
    first = empty.client.get("/v1/events?limit=3").json()
    empty.mine(registered(5))
    soon(empty)
    rest = empty.client.get("/v1/events", params={"cursor": first["next"]}).json()
    assert [event["party"] for event in first["events"] + rest["events"]] == [1, 2, 3, 4, 5]


def test_after_a_reorganisation_a_page_goes_on_from_its_place(empty: Stand) -> None:
    for number in range(1, 5):
        empty.mine(registered(number))
    first = empty.client.get("/v1/events?limit=3").json()
    head = empty.writer.head()
    assert head is not None
    empty.writer.roll_back(head, empty.mark(2))
    soon(empty)
    gone = empty.client.get("/v1/events", params={"cursor": first["next"]})
    assert (gone.json()["events"], gone.headers["Index-Block"]) == ([], "2")
    empty.mine(registered(3))
    empty.mine(registered(4), empty.anchored(4, empty.tree(credential(1), stored=False)))
    soon(empty)
    rest = empty.client.get("/v1/events", params={"cursor": first["next"]}).json()["events"]
    assert [event["name"] for event in rest] == ["PartyRegistered", "Anchored"]


def test_a_table_breaks_off_where_the_chain_reorganises_under_it(empty: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOK_AGAIN", 2)
    for number in range(1, 6):
        empty.mine(registered(number))
    head = empty.writer.head()
    assert head is not None
    whole = list(events.of_one_history(empty.service, head, empty.index.all_events()))
    assert len(whole) == 5
    told = events.of_one_history(empty.service, head, empty.index.all_events())
    assert next(told) == whole[0]
    empty.writer.roll_back(head, empty.mark(3))
    with pytest.raises(ChainUnavailable, match="reorganised while the table was written"):
        list(told)
    with pytest.raises(ChainUnavailable):
        list(events.of_one_history(empty.service, head, iter(whole[:1])))
