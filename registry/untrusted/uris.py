"""The URIs that go on chain for good: what a party says it is, and where the evidence of a decision can be read."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

EXAMPLES: Final = "did:web:university.example or https://university.example"

_ALLOWED = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.+)", re.DOTALL)
_PORT = re.compile(r"[0-9]{1,5}(?:[/?#].*)?")
_DID = re.compile(r"[a-z0-9]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-](?:[/?#].*)?")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*")


def read_uri(text: str) -> str:
    """An absolute URI (RFC 3986 section 4.3; for `did:`, DID Core section 3.1), as it was given.

    Raises:
        ValueError: it is none; the message completes "the URI … ".
    """
    shown = repr(text[:80])
    if not text:
        raise ValueError("is empty")
    found = _SCHEME.fullmatch(text)
    # `university.example:8080/about` begins like a URI whose scheme is the host.
    if found is None or _PORT.fullmatch(found[2]):
        raise ValueError(f"{shown} is not an absolute URI: it does not begin with a scheme, such as did: or https:")
    if _ALLOWED.fullmatch(text) is None:
        odd = next(character for character in text if _ALLOWED.fullmatch(character) is None)
        raise ValueError(f"{shown} holds {odd!r}, which a URI cannot hold: percent-encode it, or write an xn-- name")
    scheme, rest = found[1].lower(), found[2]
    if scheme == "did" and _DID.fullmatch(rest) is None:
        raise ValueError(f"{shown} is not a DID: after did: come a method and an identifier")
    if scheme in ("http", "https") and not _has_host(text):
        raise ValueError(f"{shown} names no host")
    return text


def _has_host(text: str) -> bool:
    try:
        host, _ = urlsplit(text).hostname, urlsplit(text).port
    except ValueError:
        return False
    return host is not None and _HOST.fullmatch(host) is not None
