"""Connections: how many there may be, of whom, and which gives way to a new one."""

from __future__ import annotations

import resource
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.http.connections import (
    MOST_BACKLOG,
    MOST_CONNECTIONS,
    MOST_DESCRIPTORS,
    ConnectionMetrics,
    Connections,
    Room,
    raise_descriptors,
)


class One:
    """A connection, as it is counted."""

    def __init__(self, address: str, *, is_waiting: bool = True, descriptor: int = 9):
        self.address = address
        self.is_waiting = is_waiting
        self.descriptor = descriptor
        self.is_closed = False

    def give_way(self) -> None:
        self.is_closed = True


@given(st.integers(1, 1 << 20))
def test_half_of_the_descriptors_are_not_for_what_comes_in(descriptors: int) -> None:
    room = Room.of(descriptors)
    assert 1 <= room.connections <= MOST_CONNECTIONS
    assert 1 <= room.backlog <= MOST_BACKLOG
    if descriptors >= 16:
        assert 2 * room.connections + room.backlog <= descriptors // 2
    assert room.highest <= descriptors
    assert Room.of(1 << 13).connections == MOST_CONNECTIONS


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    hard = before[1]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        most = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
        assert raise_descriptors() == most
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, hard)
        assert raise_descriptors() == most
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_one_without_a_request_gives_way_and_one_with_a_request_does_not() -> None:
    connections = Connections(Room(connections=8, backlog=1, highest=100))
    idle = [One(f"192.0.2.{number}") for number in range(8)]
    assert [connections.come(one) for one in idle] == [None] * 8
    connections.used(idle[0])
    new = One("198.51.100.1")
    assert connections.come(new) is None
    assert [one.is_closed for one in idle] == [False, True] + [False] * 6, "who waited longest"
    for one in (idle[0], *idle[2:], new):
        one.is_waiting = False
    assert connections.come(One("198.51.100.2")) == "all"
    assert (connections.taken, connections.gave_way) == (8, 1)
    connections.gone(idle[0])
    connections.gone(idle[0])
    assert connections.come(One("198.51.100.2")) is None
    assert connections.taken == 8


def test_of_one_address_its_own_give_way_and_others_are_not_touched() -> None:
    connections = Connections(Room(connections=16, backlog=1, highest=100))
    others = [One(f"192.0.2.{number}") for number in range(4)]
    for one in others:
        assert connections.come(one) is None
    greedy = [One("198.51.100.1") for _ in range(50)]
    assert {connections.come(one) for one in greedy} == {None}
    assert not any(one.is_closed for one in others)
    left = [one for one in greedy if not one.is_closed]
    assert left == greedy[-len(left) :]
    assert len(left) <= 6
    for one in left:
        one.is_waiting = False
    assert connections.come(One("198.51.100.1")) == "address"
    assert connections.come(One("198.51.100.2")) is None


def test_a_proxy_brings_many_clients() -> None:
    connections = Connections(Room(connections=8, backlog=1, highest=100), is_proxy="127.0.0.1".__eq__)
    busy = [One("127.0.0.1", is_waiting=False) for _ in range(8)]
    assert {connections.come(one) for one in busy} == {None}
    assert connections.come(One("127.0.0.1")) == "all"


def test_where_descriptors_run_out_none_is_taken() -> None:
    connections = Connections(Room(connections=8, backlog=1, highest=100))
    assert connections.come(One("192.0.2.1", descriptor=100)) == "descriptors"
    metrics = {
        (sample.name, sample.labels.get("reason")): sample.value
        for family in ConnectionMetrics(connections).collect()
        for sample in family.samples
    }
    assert metrics["testamur_connections_refused_total", "descriptors"] == 1
    assert metrics["testamur_connections_refused_total", "all"] == 0
    assert (metrics["testamur_connections", None], metrics["testamur_connections_gave_way_total", None]) == (0, 0)


def test_who_has_his_share_swaps_an_unused_connection_for_a_new_one() -> None:
    connections = Connections(Room(connections=8, backlog=1, highest=100))
    here = [One(f"192.0.2.{number}") for number in (0, 0, 0, 1, 2, 3, 4)]
    assert [connections.come(one) for one in here] == [None] * 7
    for one in here[:2] + here[3:]:
        one.is_waiting = False
    assert connections.come(One("192.0.2.0")) is None
    assert (here[2].is_closed, connections.taken, connections.gave_way) == (True, 7, 1)


@given(st.lists(st.tuples(st.sampled_from(["come", "leave", "ask", "answered"]), st.integers(0, 4)), max_size=120))
def test_whatever_comes_and_goes(steps: list[tuple[str, int]]) -> None:
    """Never more than there is room for, no request is broken off, and a newcomer is refused only among requests."""
    connections = Connections(Room(connections=8, backlog=1, highest=100))
    here: list[One] = []
    for step, number in steps:
        here = [one for one in here if not one.is_closed]
        if step == "come":
            one, idle, held = (
                One(f"192.0.2.{number}"),
                [each for each in here if each.is_waiting],
                Counter(each.address for each in here),
            )
            reason = connections.come(one)
            if reason is None:
                here.append(one)
            elif reason == "all":
                assert not idle
                assert len(here) == 8
            else:
                assert held[one.address]
                assert not any(each.address == one.address for each in idle)
        elif here:
            chosen = here[number % len(here)]
            if step == "leave":
                here.remove(chosen)
                connections.gone(chosen)
            else:
                chosen.is_waiting = step == "answered"
                connections.used(chosen)
        assert not any(one.is_closed and not one.is_waiting for one in here)
        assert connections.taken == len([one for one in here if not one.is_closed]) <= 8


def test_the_trees_take_a_quarter(monkeypatch: pytest.MonkeyPatch) -> None:
    from registry.trees import folder as trees

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))
    assert trees._share_of_open_files() == 256
