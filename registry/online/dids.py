"""DID documents of `did:web`: those that were handed in, and where the verifier allows it those that are fetched.

Source: did:web method specification (W3C Credentials Community Group), section 2.5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from registry.errors import Unfetched
from registry.online.fetching import Fetcher
from registry.untrusted.text import terminal_text

MOST_BYTES: Final = 64 << 10
"""Of a DID document; those of the largest issuers have a few thousand."""
ACCEPT: Final = "application/did+ld+json, application/did+json, application/did, application/json"
_DID_WEB: Final = "did:web:"
_IN_NO_PATH: Final = frozenset("/?#\\%@ ")


def did_web_url(did: str) -> str:
    """The URL of the document of a `did:web`.

    Raises:
        Unfetched: it is another DID, or leads to no such URL (code `did`).
    """
    host, *path = did.removeprefix(_DID_WEB).split(":")
    name, colon, port = unquote(host).partition(":")
    steps = [unquote(step) for step in path]
    if not did.startswith(_DID_WEB):
        raise _no_address(did, "only documents of did:web are fetched")
    if not name or _IN_NO_PATH & set(name) or (colon and not (port.isascii() and port.isdigit())):
        raise _no_address(did, "it names no host")
    if any(step in ("", ".", "..") or _IN_NO_PATH & set(step) for step in steps):
        raise _no_address(did, "its path is none")
    return f"https://{name}{colon}{port}/{'/'.join(steps) if steps else '.well-known'}/did.json"


class DidDocuments:
    """The DID documents of one run.

    Args:
        given: by DID; what was handed in is not fetched.
        fetcher: None to fetch nothing.
    """

    def __init__(self, given: Mapping[str, Mapping[str, Any]] | None = None, fetcher: Fetcher | None = None):
        self._given = given or {}
        self._fetcher = fetcher

    def document(self, did: str) -> Mapping[str, Any]:
        """The document of a DID; that it is about this DID is for whoever reads it to see.

        Raises:
            Unfetched: it was not handed in, and could not be fetched or was not asked for.
        """
        if did in self._given:
            return self._given[did]
        if self._fetcher is None:
            raise Unfetched(
                f"the document of {terminal_text(did, 200)} was not asked for",
                remedy="Verify with --online, or hand it in with --did-document.",
                code="not-online",
            )
        found = self._fetcher.json(did_web_url(did), ACCEPT, MOST_BYTES)
        if not isinstance(found, dict):
            raise _no_address(did, "what is there is no JSON object")
        return found


def _no_address(did: str, why: str) -> Unfetched:
    return Unfetched(
        f"the document of {terminal_text(did, 200)} was not fetched: {why}",
        remedy="Ask whoever issued the credential.",
        code="did",
    )
