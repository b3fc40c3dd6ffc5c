"""Whether the issuer that a document names is the party that anchored it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from registry.records import Party
from registry.untrusted.text import marked

_LONGEST = 200
_MOST_SHOWN = 8
_DOTS = re.compile("[.\u3002\uff0e\uff61]")
_DEVIATIONS = re.compile("[\u00df\u1e9e\u03c2\u200c\u200d]")
UNREADABLE = "an issuer in a form that is not read here"


def named_issuers(claims: Mapping[str, Any]) -> list[str]:
    """The ids and names under which a document names its issuer; empty when it names none.

    An issuer that is named in another form than is read is `UNREADABLE`, and nobody's.
    """
    issuer = claims.get("issuer", claims.get("iss"))
    if issuer is None:  # Open Badges 2.0
        issuer = [badge.get("issuer") for badge in _list(claims.get("badge")) if isinstance(badge, dict)]
    named = [text for each in _list(issuer) for text in _names(each) if text.strip()]
    is_named = any(each not in (None, "", {}, []) for each in _list(issuer))
    return named or ([UNREADABLE] if is_named else [])


def shown_issuers(named: list[str]) -> str:
    """The ids and names for people: the first few, shortened, and marked where they look like others."""
    return " / ".join(marked(text, _LONGEST) for text in named[:_MOST_SHOWN])


def same_issuer(named: list[str], party: Party, trusted_name: str | None) -> bool:
    """Whether one of the ids or names is the party's: its URI, a URL or did:web of its host, or its trusted name."""
    known_as = _plain(trusted_name) if trusted_name else None
    return any(is_of_party(text, party.uri) or _plain(text) == known_as for text in named)


def is_of_party(identifier: str, uri: str) -> bool:
    """Whether an identifier is that of the party with a URI: the same, or a URL or did:web of its host."""
    host = _host(uri)
    return identifier == uri or (host is not None and _host(identifier) == host)


def _names(issuer: object) -> Iterator[str]:
    if isinstance(issuer, dict):
        for member in ("id", "@id", "url", "name"):
            yield from _values(issuer.get(member))
    elif isinstance(issuer, str):
        yield issuer


def _values(value: object) -> Iterator[str]:
    """A text, or the texts of a list or of JSON-LD language objects."""
    for item in _list(value):
        text = item.get("@value") if isinstance(item, dict) else item
        if isinstance(text, str):
            yield text


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


@lru_cache(maxsize=1024)  # a folder of credentials has few issuers
def _host(uri: str) -> str | None:
    """The host of an http(s) URL or of a did:web, with its port."""
    if uri.startswith("did:web:"):
        return _ascii(unquote(uri.split(":")[2].split("#")[0])) or None
    try:
        url = urlsplit(uri)
    except ValueError:
        return None
    return _ascii(url.netloc) or None if url.scheme in ("http", "https") else None


def _ascii(host: str) -> str:
    """A host in lower case, as domain names are looked up: international ones in their ASCII form (RFC 3490).

    One that browsers look up otherwise than the codec, or not at all, is nobody's but its own.
    """
    try:
        found = host.encode("idna").decode().lower()
    except UnicodeError:
        return host.lower()
    # A dot that is made of another sign parts no labels; of the four letters two standards make two names.
    if found.count(".") != len(_DOTS.findall(host)) or _DEVIATIONS.search(host):
        return host.lower()
    return found
