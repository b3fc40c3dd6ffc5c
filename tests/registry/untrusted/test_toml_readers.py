"""Every reader of TOML refuses what is none in one way."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from anchor.issuing.outward import organisations_in
from anchor.issuing.templates.files import read_template
from registry.errors import RegistryError
from registry.formats.trqp import Registry
from registry.frameworks.files import read_framework, read_programme
from registry.levels.reading import MapRefused, read_map
from registry.partnerships.document import members_of
from registry.recognition.accord_file import parse_accord
from registry.service.web.page.settings import parse_page_settings
from registry.untrusted.toml import NotToml, parse_toml
from registry.verify.policy import parse_policy

BROKEN = {
    "no TOML": b"a = ",
    "not UTF-8": b'a = "\xff"',
    "nested": b"a = " + b"[" * 5_000 + b"]" * 5_000,
    "long number": b"a = " + b"1" * 5_000,
    "no such day": b"a = 2026-02-31",
    "control": b'a = "\x1b[2J"',
}


@pytest.fixture(autouse=True)
def as_deep_as_python_goes() -> Iterator[None]:
    """Some libraries of tests let it go deeper."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    yield
    sys.setrecursionlimit(before)


def in_file(read: Callable[[Path], object]) -> Callable[[bytes, Path], object]:
    def reader(content: bytes, folder: Path) -> object:
        path = folder / "given.toml"
        path.write_bytes(content)
        return read(path)

    return reader


READERS: dict[str, Callable[[bytes, Path], object]] = {
    "policy": lambda content, _: parse_policy(content),
    "accord": lambda content, _: parse_accord(content),
    "level map": lambda content, _: read_map(content, "map.toml"),
    "framework": lambda content, _: read_framework(content, "framework.toml"),
    "programme": lambda content, _: read_programme(content, "programme.toml"),
    "partnership": lambda content, _: members_of(content, is_toml=True, where=None, code="partnership"),
    "page": lambda content, _: parse_page_settings(content),
    "template": in_file(read_template),
    "organisations": in_file(lambda path: organisations_in(path, Registry("eip155:1", "0x" + 40 * "1"))),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_whatever_is_wrong_there_is_one_error_whose_text_can_be_shown(broken: str) -> None:
    with pytest.raises(NotToml) as refused:
        parse_toml(BROKEN[broken])
    assert str(refused.value).isprintable()
    assert 0 < len(str(refused.value)) < 300


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("reader", READERS)
def test_every_reader_refuses_what_is_no_toml(tmp_path: Path, reader: str, broken: str) -> None:
    with pytest.raises((RegistryError, MapRefused)):
        READERS[reader](BROKEN[broken], tmp_path)


def test_text_and_bytes_are_read_alike_and_numbers_as_they_are_wanted() -> None:
    assert parse_toml('a = "é"\nb = 1.10') == parse_toml('a = "é"\nb = 1.10'.encode()) == {"a": "é", "b": 1.1}
    assert str(parse_toml("b = 1.10", parse_float=Decimal)["b"]) == "1.10"
