"""What of the settings nobody may read.

Which settings hold secrets follows from the settings model: a `SecretStr` is one, a URL wherever it occurs has some in
it, and a file marked `SecretFile` has one as its content. A new setting of these kinds cannot be forgotten here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.request import getproxies

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from anchor.settings import Public, SecretFile, Settings
from registry.secrets import SECRET_WORD, SHORTEST_SECRET, secrets_in, secrets_of_url

LONGEST_FILE: Final = 64 << 10
# Of libraries that read the environment themselves: S3-compatible storage and PostgreSQL.
_FOREIGN_VARIABLE: Final = re.compile("AWS_|PG|TESTAMUR_")


def secrets_of(settings: Settings) -> frozenset[str]:
    """All texts of these settings, of the files they name and of the environment that nobody may read."""
    found = set(_of_model(settings))
    for name, value in os.environ.items():
        if name.upper().endswith("_FILE"):
            continue  # a path; what is in the files of the settings is found by the settings
        if _FOREIGN_VARIABLE.match(name) and SECRET_WORD.search(name):
            found.add(value)
        elif _FOREIGN_VARIABLE.match(name):
            found |= secrets_in(value)
    for proxy in getproxies().values():
        found |= secrets_of_url(proxy) if "@" in proxy else set()
    return frozenset(text for text in found if len(text) >= SHORTEST_SECRET)


def _of_model(model: BaseModel) -> Iterator[str]:
    for name, field in type(model).model_fields.items():
        yield from _of_value(getattr(model, name), field)


def _of_value(value: Any, field: FieldInfo) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from _of_model(value)
    elif isinstance(value, SecretStr):
        text = value.get_secret_value()
        yield from secrets_of_url(text) if "://" in text else (text, text.removeprefix("0x"))
    elif isinstance(value, Path):
        if SecretFile in field.metadata:
            yield from _of_file(value)
    elif isinstance(value, str):
        if Public not in field.metadata:
            yield from secrets_in(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _of_value(one, field)
    elif isinstance(value, Iterable):
        for one in value:
            yield from _of_value(one, field)


def _of_file(path: Path) -> Iterator[str]:
    """The lines of a file of a password or a key; whoever uses it says what is wrong with it."""
    try:
        if not path.is_file():
            return  # a pipe can be read once, and that is not here
        with path.open("rb") as file:
            text = file.read(LONGEST_FILE).decode("utf-8", "replace")
    except OSError:
        return
    for line in text.splitlines():
        if not line.startswith("-----"):
            yield line.strip()
