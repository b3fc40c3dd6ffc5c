"""Documents are read in processes that may be killed, and what a client may have of them is bounded."""

from __future__ import annotations

import json
import os
import pickle
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.credential.digest import Limits
from registry.document.projection import MOST_VALUES
from registry.document.reading import read_document
from registry.document.submitted import Broken, ReadItem, Submitted
from registry.errors import IntakeError
from registry.http.fairness import LEAST_SECONDS, Shares
from registry.http.problems import status_of
from registry.service import readers as readers_module
from registry.service.readers import NICENESS, REPLACING_SECONDS, NoReader, Outcome, Readers, read_for_checks
from registry.verify.dates import check_dates

LIMITS = Limits()
SLOW = b'{"a":[' + b"1e5," * 1_000_000 + b"1]}"
RECEIPT = b'{"type":"TestamurReceipt","version":9}'


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    found = Readers(1)
    yield found
    found.close()


def read(readers: Readers, data: bytes, name: str = "a.json", seconds: float = 20.0) -> Outcome:
    return readers.read(Submitted(name, data, None), LIMITS, seconds=seconds)


@pytest.mark.parametrize(
    "data", [b"{}", b'{"type":["VerifiableCredential"],"validUntil":"2020"}', b"not json", b"", RECEIPT]
)
def test_it_reads_as_this_process_would(readers: Readers, data: bytes) -> None:
    there, here = read(readers, data).item, read_for_checks(Submitted("a.json", data, None), LIMITS)
    assert type(there) is type(here)
    assert str(there) == str(here)
    if isinstance(there, ReadItem) and there.reading is not None:
        expected = read_document(data, "a.json", LIMITS)
        assert (there.reading.own, there.reading.parts) == (expected.own, expected.parts)


def test_what_takes_too_long_is_ended_and_the_next_is_read(readers: Readers) -> None:
    outcome = read(readers, SLOW, seconds=0.1)
    assert isinstance(outcome.item, Broken)
    assert outcome.item.code == "too-much-work"
    assert outcome.seconds == 0.1 + REPLACING_SECONDS  # whoever had a process ended pays for the next one
    after = read(readers, b"{}")
    assert isinstance(after.item, ReadItem)
    assert after.seconds < 5


def test_what_takes_too_much_memory_is_not_read() -> None:
    small = Readers(1, memory_bytes=400 << 20)
    try:
        deep = json.dumps({"a": [{} for _ in range(2_000_000)]}).encode()
        outcome = small.read(Submitted("a.json", deep, None), Limits(), seconds=60)
        assert isinstance(outcome.item, Broken)
        assert isinstance(small.read(Submitted("b.json", b"{}", None), Limits(), seconds=60).item, ReadItem)
    finally:
        small.close()


def test_a_process_that_somebody_killed_is_replaced(readers: Readers) -> None:
    read(readers, b"{}")
    (process,) = readers._all
    process._process.kill()
    process._process.join()
    assert isinstance(read(readers, b"{}").item, ReadItem)


def some(readers: Readers, *documents: bytes, seconds: float = 20.0, together: float = 60.0) -> list[Outcome]:
    items = [Submitted(f"{number}.json", data, None) for number, data in enumerate(documents)]
    outcomes: list[Outcome] = []
    while len(outcomes) < len(items):
        outcomes += readers.read_some(items[len(outcomes) :], LIMITS, seconds=seconds, together=together)
    return outcomes


def test_a_slow_document_costs_none_of_those_beside_it(readers: Readers) -> None:
    outcomes = some(readers, b"{}", b'{"a":1}', SLOW, b"{}", seconds=0.1)
    assert [type(each.item) for each in outcomes] == [ReadItem, ReadItem, Broken, ReadItem]
    assert [each.item.name for each in outcomes] == ["0.json", "1.json", "2.json", "3.json"]
    assert outcomes[2].seconds == 0.1 + REPLACING_SECONDS


@given(st.lists(st.sampled_from([b"{}", b"", b"not json", b'{"type":["VerifiableCredential"]}', RECEIPT]), max_size=9))
def test_many_are_read_as_each_is_alone(readers: Readers, documents: list[bytes]) -> None:
    alone = [read(readers, data, f"{number}.json").item for number, data in enumerate(documents)]
    assert [str(each.item) for each in some(readers, *documents)] == [str(each) for each in alone]


def test_a_turn_ends_when_its_time_is_over_and_never_before_the_first(readers: Readers) -> None:
    items = [Submitted("long.json", SLOW[: len(SLOW) // 4] + b"1]}", None), Submitted("next.json", b"{}", None)]
    assert len(readers.read_some(items, LIMITS, seconds=20, together=20)) == 1
    assert len(readers.read_some(items[1:] * 3, LIMITS, seconds=20, together=20)) == 3
    assert len(readers.read_some(items[1:] * 3, LIMITS, seconds=20, together=LEAST_SECONDS / 2)) == 1


@pytest.mark.parametrize("member", ["a", "credentialSubject", "proof", "badge"])
def test_what_comes_back_of_a_document_full_of_numbers_is_small(readers: Readers, member: str) -> None:
    numbers = ",".join(["1e5"] * 200_000)
    outcome = read(readers, f'{{"{member}":[{numbers}],"validUntil":"2020-01-01T00:00:00Z"}}'.encode())
    assert isinstance(outcome.item, ReadItem)
    assert len(pickle.dumps(outcome)) < 10_000
    assert check_dates(outcome.item.reading, datetime.now(UTC)).code == "expired"


@pytest.mark.parametrize("text", ['{"issuer":[1e5%s]}', '{"proof":[{"type":"a"}%s]}'])
def test_a_document_of_which_the_checks_would_look_at_too_much_is_not_judged(readers: Readers, text: str) -> None:
    more = (f',{{"type":"{number}"}}' if "proof" in text else ",1" for number in range(MOST_VALUES + 1))
    outcome = read(readers, (text % "".join(more)).encode())
    assert isinstance(outcome.item, Broken)
    assert outcome.item.code == "too-much-work"


@pytest.mark.skipif(not hasattr(os, "getsid"), reason="there are no sessions here")
def test_a_process_gives_way_from_a_session_of_its_own(readers: Readers) -> None:
    read(readers, b"{}")
    (reader,) = readers._all
    pid = reader._process.pid
    assert pid is not None
    assert os.getsid(pid) == pid
    assert os.getpriority(os.PRIO_PROCESS, pid) == NICENESS
    autogroup = Path(f"/proc/{pid}/autogroup")
    if autogroup.exists() and (told := autogroup.read_text()):
        assert told.split()[-1] == str(NICENESS)


def ends_at_once(_pipe: object, _memory: int) -> None:
    """In place of the work of a process."""


@pytest.mark.parametrize("what", ["descriptors", "processes", "memory"])
def test_a_process_that_cannot_start_is_nobodys_fault(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(24, "Too many open files")

    lone = Readers(1)
    try:
        with monkeypatch.context() as broken:
            if what == "descriptors":
                broken.setattr(readers_module._spawning, "Pipe", fail)
            elif what == "processes":
                broken.setattr(readers_module._spawning.Process, "start", fail)
            else:
                broken.setattr(readers_module, "_work", ends_at_once)
            for _ in range(2):
                with pytest.raises(NoReader) as caught:
                    read(lone, b"{}")
                assert status_of(caught.value) == 503
                assert "open files" not in caught.value.public.what, "that is for the log"
            with pytest.raises(NoReader):
                lone.ready()
        # It is tried again for whoever comes next.
        lone.ready()
        assert isinstance(read(lone, b"{}").item, ReadItem)
    finally:
        lone.close()


def test_many_threads_share_them(readers: Readers) -> None:
    found: list[Outcome] = []
    threads = [threading.Thread(target=lambda: found.append(read(readers, b"{}"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(isinstance(one.item, ReadItem) for one in found)
    assert len(found) == 8


@given(steps=st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 5), st.floats(0, 10)), max_size=30))
def test_no_address_spends_more_than_comes_back(steps: list[tuple[str, float, float]]) -> None:
    now = 0.0
    shares = Shares(uploads=1, uploads_of_all=9, seconds=10, rate=0.5, clock=lambda: now)
    spent = {"a": 0.0, "b": 0.0}
    for address, seconds, later in steps:
        now += later
        if shares.left(address) > 0:
            shares.spend(address, min(seconds, shares.left(address)))
            spent[address] += min(seconds, 10)
        assert shares.left(address) <= 10
        assert shares.left(address) >= -1e-9
    assert shares.left("never seen") == 10


def test_uploads_at_once_are_counted_and_given_back() -> None:
    shares = Shares(uploads=2, uploads_of_all=3, seconds=1, rate=1)
    for address in "aab":
        shares.begin(address)
    with pytest.raises(IntakeError) as busy:
        shares.begin("c")
    assert busy.value.code == "busy"
    shares.end("b")
    with pytest.raises(IntakeError) as limited:
        shares.begin("a")
    assert limited.value.code == "work-limit"
    shares.end("a")
    shares.begin("a")
