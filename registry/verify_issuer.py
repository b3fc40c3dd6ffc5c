"""Whether the issuer that a document names is the party that anchored it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from registry.verdict import PartyFacts

_LONGEST = 200
_MOST = 8


def named_issuers(claims: Mapping[str, Any]) -> list[str]:
    """The ids and names under which a document names its issuer, shortened; empty when it names none."""
    issuer = claims.get("issuer")
    if issuer is None and isinstance(badge := claims.get("badge"), dict):  # Open Badges 2.0
        issuer = badge.get("issuer")
    return [text[:_LONGEST] for text in _texts(issuer) if text.strip()][:_MOST]


def same_issuer(named: list[str], party: PartyFacts, trusted_name: str | None) -> bool:
    """Whether one of the ids or names is the party's: its URI, a URL or did:web of the same host, or its name."""
    names = {_plain(name) for name in (party.name, trusted_name) if name}
    host = _host(party.uri)
    return any(
        text == party.uri or _plain(text) in names or (host is not None and _host(text) == host) for text in named
    )


def _texts(issuer: object) -> Iterator[str]:
    if isinstance(issuer, str):
        yield issuer
    elif isinstance(issuer, dict):
        for member in ("id", "url", "name"):
            yield from _values(issuer.get(member))


def _values(value: object) -> Iterator[str]:
    """A text, or the texts of a list or of JSON-LD language objects."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and isinstance(value.get("@value"), str):
        yield value["@value"]
    elif isinstance(value, list):
        for item in value:
            if not isinstance(item, list):
                yield from _values(item)


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _host(uri: str) -> str | None:
    """The host of an http(s) URL or of a did:web, with its port."""
    if uri.startswith("did:web:"):
        return unquote(uri.split(":")[2].split("#")[0]).lower() or None
    try:
        url = urlsplit(uri)
    except ValueError:
        return None
    return url.netloc.lower() or None if url.scheme in ("http", "https") else None
