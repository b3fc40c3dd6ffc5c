"""A test is marked by what it uses, however far away that is."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.site import site
from tests.kinds import HERE, KINDS, _used, cost_of, costs
from tests.registry.chain.worlds import anvil


def _at_once() -> None:
    with anvil():
        pass


@contextmanager
def _in_the_middle() -> Iterator[None]:
    yield _at_once()


class _Holder:
    def __init__(self) -> None:
        self.held = [_in_the_middle() for _ in range(1)]


def _round_and_round() -> object:
    return _and_round() or _Holder()


def _and_round() -> object:
    return _round_and_round()


@given(st.integers())
def _property(number: int) -> None:
    subprocess.run(["true"])


def _nothing() -> None:
    """Names anvil and subprocess."""


@pytest.mark.parametrize("function", [_at_once, _in_the_middle, _Holder, _round_and_round, site])
def test_an_anvil_is_found_however_far_away(function: object) -> None:
    assert "anvil" in _used(function)


def test_a_program_is_found_in_a_property() -> None:
    assert _used(_property) == {"process"}


def test_what_starts_nothing_is_of_no_kind() -> None:
    assert _used(_nothing) == frozenset()


def test_every_kind_is_said_to_pytest_and_told_in_the_explanation(pytestconfig: pytest.Config) -> None:
    said = {line.split(":")[0] for line in pytestconfig.getini("markers")}
    assert said >= KINDS
    told = (HERE.parent / "docs" / "explanation" / "testing.md").read_text(encoding="utf-8")
    assert [kind for kind in sorted(KINDS) if f"| `{kind}` |" not in told] == []


def test_a_file_costs_what_was_measured_or_what_its_tests_take_on_the_average() -> None:
    name, seconds = next(iter(costs()["files"].items()))
    assert cost_of(name, 1) == seconds
    assert cost_of("tests/unheard_of.py", 20) == pytest.approx(2.0)
    assert cost_of("tests/contracts", 1) > max(
        seconds for name, seconds in costs()["files"].items() if name.startswith("tests/contracts/")
    )
