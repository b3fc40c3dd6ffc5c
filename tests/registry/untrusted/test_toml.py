"""TOML of strangers: no text of a few kilobytes takes long, and none comes out of the errors that readers know."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor.issuing.outward import organisations_in
from registry.errors import RegistryError
from registry.formats.trqp import Registry
from registry.frameworks.files import read_framework
from registry.levels.reading import read_map, read_maps
from registry.partnerships.partnership import read_partnership
from registry.recognition.accord_file import parse_accord
from registry.untrusted.toml import MOST_PARTS, parse_toml
from registry.verify.policy import parse_policy

HOSTILE = {
    "long-number": "a = " + "1" * 5_000,
    "long-key": ".".join(["a"] * 16_000) + " = 1",
    "long-table": "[" + " . ".join(["'a'"] * 8_000) + "]",
    "long-array-of-tables": '[["a b".' + ".".join(["a"] * 16_000) + "]]",
    "deep": "a = " + "[" * 30_000,
}
READERS: dict[str, Callable[[str], object]] = {
    "policy": parse_policy,
    "accord": parse_accord,
    "partnership": lambda text: read_partnership(text.encode(), is_toml=True),
    "framework": lambda text: read_framework(text.encode(), "file"),
    "level-map": lambda text: read_map(text.encode(), "file"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_toml_is_refused(reader: str, text: str) -> None:
    with pytest.raises(RegistryError):
        READERS[reader](HOSTILE[text])


@pytest.mark.parametrize("text", [name for name in HOSTILE if name.startswith("long-") and name != "long-number"])
def test_a_long_key_is_refused_before_the_library_reads_it(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tomllib, "loads", None)
    with pytest.raises(ValueError, match=f"more than {MOST_PARTS} parts"):
        parse_toml(HOSTILE[text])


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_file_of_organisations_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "organisations.toml"
    path.write_text(HOSTILE[text])
    with pytest.raises(RegistryError):
        organisations_in(path, Registry("eip155:1", "0x" + "11" * 20))


def test_one_hostile_level_map_keeps_out_no_other() -> None:
    maps, faults = read_maps([(name, text.encode()) for name, text in HOSTILE.items()])
    assert (len(maps), [fault.file for fault in faults]) == (0, list(HOSTILE))


def test_what_looks_for_long_keys_comes_to_an_end() -> None:
    # An expression that goes back over what it read would go on for years.
    for text in (
        "x" * 200_000,
        "'" * 200_000,
        "a." * 60 + "!" + "a . " * 60 + '"' * 100_000,
        ("a." * 63 + "\n") * 2_000,
    ):
        with pytest.raises(ValueError, match=r"\w"):
            parse_toml(text)


@given(st.integers(1, 2 * MOST_PARTS))
def test_keys_up_to_the_bound_are_read_as_the_library_does(parts: int) -> None:
    text = ".".join(["a"] * parts) + " = 1"
    if parts <= MOST_PARTS:
        assert parse_toml(text) == tomllib.loads(text)
    else:
        with pytest.raises(ValueError, match="parts"):
            parse_toml(text)
