"""Which kinds a test is of, found from what it uses: nobody has to remember a mark, and none is forgotten."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, Final

import pytest

HERE: Final = Path(__file__).parent
COSTS: Final = HERE / "costs.json"
FOLDERS: Final = frozenset({"contracts", "faults", "scale"})
KINDS: Final = FOLDERS | {"anvil", "browser", "commands", "postgresql", "processes", "slow"}
COMMANDS: Final = HERE / "anchor" / "cli"
# A fixture with these among its parameters starts a node, or a server, for one of them alone.
CHAINS: Final = frozenset({"embedded", "devnet", "anvil"})
# What starts one, by its name among the tests' own functions.
SERVERS: Final = {"anvil": "anvil", "chromium": "chromium", "running_server": "postgresql"}
DATABASES: Final = frozenset({"sqlite", "postgresql"})
# Of a file that nobody has measured yet.
SECONDS_A_TEST: Final = 0.1


@cache
def costs() -> dict[str, Any]:
    """What was measured (`make test-costs`): CPU seconds by file, and the tests that alone take more than a second."""
    found: dict[str, Any] = json.loads(COSTS.read_text(encoding="utf-8"))
    return found


def cost_of(path: str, tests: int) -> float:
    """CPU seconds of a file, or of a folder whose tests share a process."""
    files: dict[str, float] = costs()["files"]
    measured = [seconds for name, seconds in files.items() if name == path or name.startswith(f"{path}/")]
    return sum(measured) if measured else SECONDS_A_TEST * tests


def kinds_of(item: pytest.Function) -> Iterator[str]:
    """The names of its marks."""
    given = item.callspec.params.values() if hasattr(item, "callspec") else ()
    told = {value for value in given if isinstance(value, str)}
    used = _used(item.function).union(*(_used(fixture) for fixture in _fixtures(item)))
    folder = item.path.relative_to(HERE).parts[0]
    if folder in FOLDERS:
        yield folder
    if "anvil" in told or ("anvil" in used and not told & CHAINS):
        yield "anvil"
    if "chromium" in used:
        yield "browser"
    if "postgresql" in told or (
        ("postgres_server" in item.fixturenames or "postgresql" in used) and not told & DATABASES
    ):
        yield "postgresql"
    if "run" in item.fixturenames or COMMANDS in item.path.parents:
        yield "commands"
    if "process" in used:
        yield "processes"
    if item.nodeid in costs()["slow"]:
        yield "slow"


def _fixtures(item: pytest.Function) -> Iterator[object]:
    for definitions in item._fixtureinfo.name2fixturedefs.values():
        # The nearest one; if it takes the one further out, that is among them.
        yield definitions[-1].func


@cache
def _used(begin: object) -> frozenset[str]:
    """Of SERVERS and "process", what a function, or what it calls of the tests' own, starts."""
    found: set[str] = set()
    waiting, seen = [begin], {id(begin)}
    while waiting:
        for function in _functions(waiting.pop()):
            for name in _names(function.__code__):
                value = function.__globals__.get(name)
                if getattr(value, "__name__", None) == "subprocess":
                    found.add("process")
                elif callable(value) and str(value.__module__).startswith("tests.") and id(value) not in seen:
                    seen.add(id(value))
                    if name in SERVERS:
                        found.add(SERVERS[name])
                    else:
                        waiting.append(value)
    return frozenset(found)


def _functions(value: Any) -> Iterator[Any]:
    """A function as it was written, or those of a class."""
    for each in vars(value).values() if inspect.isclass(value) else [value]:
        tried = getattr(each, "hypothesis", None)  # the test of a property is within what runs it
        function = inspect.unwrap(tried.inner_test if tried is not None else getattr(each, "__func__", each))
        if inspect.isfunction(function):
            yield function


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
