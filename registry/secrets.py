"""Secrets in texts and URLs, and the one way to leave them out."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import orjson

HIDDEN: Final = "[hidden]"
# A shorter text is also a piece of words that have to stay readable.
SHORTEST_SECRET: Final = 6
SHORTEST_SEGMENT: Final = 8

# Of several servers of PostgreSQL, one URL names all: what follows a comma is of it.
_ADDRESS: Final = re.compile(r"postgres(?:ql)?(?:\+\w+)?://\S+|[\w+.-]+://[^\s,]+")
SECRET_WORD: Final = re.compile("secret|token|password|passwd|access_key|api_?key", re.I)
_ADDRESSES_OF_A_NODE: Final = ("http", "https", "ws", "wss")

# Words may begin like data: "0x12… was refused at https://…".
_HEXADECIMAL: Final = re.compile("0x[0-9a-fA-F]*")


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
            return value if _HEXADECIMAL.fullmatch(value) else self(value)
        if isinstance(value, Mapping):
            return {self(str(key)): self.within(one) for key, one in value.items()}
        return [self.within(one) for one in value] if isinstance(value, list) else value


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
        if is_node or SECRET_WORD.search(name):
            found |= {value, f"{name}={value}"}
    if is_node:
        # The path of a node's address is often the key of the account there; that of a database is its name.
        segments = [unquote(segment) for segment in parts.path.split("/") if segment]
        found |= {user, unquote(user), _basic(unquote(user), unquote(password)) if user else ""}
        found |= {parts.query, parts.path.strip("/"), parts.fragment}
        found |= {one for one in segments if _looks_like_a_key(one)} | set(_long(segments[-1:]))
    return {text for text in found if len(text) >= SHORTEST_SECRET}


def secrets_in(text: str) -> set[str]:
    return {secret for url in _ADDRESS.findall(text) for secret in secrets_of_url(url)}


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
