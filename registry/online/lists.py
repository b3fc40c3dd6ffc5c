"""Status lists of others, fetched where a verifier allows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from registry.errors import Unfetched
from registry.online.fetching import Fetcher
from registry.untrusted.text import terminal_text

MOST_BYTES: Final = 4 << 20
"""Of a list as JSON: a list of 2^20 positions with random bits has 240 KB."""
ACCEPT: Final = "application/vc+ld+json, application/vc, application/ld+json, application/json"


class FetchedLists:
    """The status lists of one run."""

    def __init__(self, fetcher: Fetcher):
        self._fetcher = fetcher

    def credential(self, url: str) -> Mapping[str, Any]:
        """The list that is served under a URL.

        Raises:
            Unfetched: there is none that can be used.
        """
        found = self._fetcher.json(url, ACCEPT, MOST_BYTES)
        if not isinstance(found, dict):
            what = f"what is at {terminal_text(url, 200)} is no JSON object"
            raise Unfetched(what, remedy="Ask the issuer.", code="unusable")
        return found
