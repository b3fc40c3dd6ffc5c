"""What of the settings nobody may read, and the one way to leave it out of a text.

Which settings hold secrets follows from the settings model: a `SecretStr` is one, a URL wherever it occurs has some in
it, and a file marked `SecretFile` has one as its content. A new setting of these kinds cannot be forgotten here.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from urllib.request import getproxies

import orjson
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from registry.settings import Public, SecretFile, Settings

HIDDEN: Final = "[hidden]"
# A shorter text is also a piece of words that have to stay readable.
SHORTEST_SECRET: Final = 6
SHORTEST_SEGMENT: Final = 8
LONGEST_FILE: Final = 64 << 10

_ADDRESS: Final = re.compile(r"[\w+.-]+://[^\s,]+")
_SECRET_WORD: Final = re.compile("secret|token|password|passwd|access_key|api_?key", re.I)
# Of libraries that read the environment themselves: S3-compatible storage and PostgreSQL.
_FOREIGN_VARIABLE: Final = re.compile("AWS_|PG|TESTAMUR_")
_ADDRESSES_OF_A_NODE: Final = ("http", "https", "ws", "wss")


class Mask:
    """Leaves secrets out of texts, however they are written: plain, percent-encoded, in JSON, in either case.

    Args:
        secrets: texts that nobody may read.
    """

    def __init__(self, secrets: Iterable[str]):
        forms = {form for text in secrets if text for form in (text, quote(text, safe=""), _in_json(text))}
        # The longest first: one secret may be a part of another.
        ordered = sorted(forms, key=lambda text: (-len(text), text))
        self._pattern = re.compile("|".join(map(re.escape, ordered)), re.I) if ordered else None

    @property
    def hides_anything(self) -> bool:
        """Whether there is a secret at all."""
        return self._pattern is not None

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)

    def within(self, value: Any) -> Any:
        """A JSON value without them; what is hexadecimal data stays as it is."""
        if isinstance(value, str):
            return value if value.startswith("0x") else self(value)
        if isinstance(value, Mapping):
            return {self(str(key)): self.within(one) for key, one in value.items()}
        return [self.within(one) for one in value] if isinstance(value, list) else value


def secrets_of(settings: Settings) -> frozenset[str]:
    """All texts of these settings, of the files they name and of the environment that nobody may read."""
    found = set(_of_model(settings))
    for name, value in os.environ.items():
        if name.upper().endswith("_FILE"):
            continue  # a path; what is in the files of the settings is found by the settings
        if _FOREIGN_VARIABLE.match(name) and _SECRET_WORD.search(name):
            found.add(value)
        elif _FOREIGN_VARIABLE.match(name):
            found |= _of_text(value)
    for proxy in getproxies().values():
        found |= secrets_of_url(proxy) if "@" in proxy else set()
    return frozenset(text for text in found if len(text) >= SHORTEST_SECRET)


def secrets_of_url(url: str) -> set[str]:
    """What of a URL is secret: user and password, and of a node's or a webhook's address its path and query as well."""
    try:
        parts = urlsplit(url)
        password, user = parts.password or "", parts.username or ""
    except ValueError:
        return {url}
    found = {password, unquote(password)}
    if password:
        # A short one is told from words by where it stands.
        found |= {f":{password}@", _basic(unquote(user), unquote(password))}
    is_node = parts.scheme.lower() in _ADDRESSES_OF_A_NODE
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if is_node or _SECRET_WORD.search(name):
            found |= {value, f"{name}={value}"}
    if is_node:
        # The path of a node's address is often the key of the account there; that of a database is its name.
        segments = [unquote(segment) for segment in parts.path.split("/") if segment]
        found |= {user, unquote(user), _basic(unquote(user), unquote(password)) if user else ""}
        found |= {parts.query, parts.path.strip("/"), parts.fragment}
        found |= {one for one in segments if _looks_like_a_key(one)} | set(_long(segments[-1:]))
    return {text for text in found if len(text) >= SHORTEST_SECRET}


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
            yield from _of_text(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _of_value(one, field)
    elif isinstance(value, Iterable):
        for one in value:
            yield from _of_value(one, field)


def _of_text(text: str) -> set[str]:
    return {secret for url in _ADDRESS.findall(text) for secret in secrets_of_url(url)}


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


def _looks_like_a_key(segment: str) -> bool:
    mixed = any(sign.isdigit() for sign in segment) or segment != segment.lower()
    return len(segment) >= SHORTEST_SEGMENT and mixed


def _long(segments: Iterable[str]) -> Iterator[str]:
    return (segment for segment in segments if len(segment) >= SHORTEST_SEGMENT)


def _basic(user: str, password: str) -> str:
    """As HTTP sends them (RFC 7617)."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def _in_json(text: str) -> str:
    return orjson.dumps(text.encode("utf-8", "replace").decode()).decode()[1:-1]
