"""Addresses of strangers, and which of them a page may lead to."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

LONGEST: Final = 1_000
_PRINTABLE: Final = re.compile(r"https?://[!#-;=?-\[\]_a-z~]+", re.ASCII | re.IGNORECASE)


def web_link(text: str) -> str | None:
    """The address as it is, where it is one of the web that says where it leads; None for any other text.

    No other scheme than http and https, nothing before the host that looks like one (`https://bank.example@…`), and no
    character that an address does not have: what is left out of a link is shown as text.
    """
    if len(text) > LONGEST or not _PRINTABLE.fullmatch(text):
        return None
    try:
        parts = urlsplit(text)
        is_port = parts.port is None or parts.port > 0
    except ValueError:
        return None
    return text if parts.hostname and is_port and "@" not in parts.netloc else None
