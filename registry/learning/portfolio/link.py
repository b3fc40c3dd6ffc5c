"""A portfolio as a link: all of it stands behind the `#`, which browsers send to nobody.

The form is in `docs/reference/portfolio.md`, for whoever reads it in JavaScript.
"""

from __future__ import annotations

import binascii
import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final
from urllib.parse import urlsplit

from registry.document.portfolio import MOST_BYTES
from registry.errors import IntakeError, SettingsError

MARK: Final = "p1."
"""What the fragment begins with: the form and its version."""
LONGEST_LINK: Final = 65_536
"""Of a link that is made, in characters: what browsers of today take."""
COMMON_LINK: Final = 2_000
"""Beyond that some programs for mail and messages cut links off."""
LONGEST_READ: Final = 1 << 20
_MOST_UNPACKED: Final = 8 << 20
_DATA: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def link_of(portfolio: bytes, page: str) -> str:
    """The link that opens a page with a portfolio.

    Args:
        portfolio: its file.
        page: address of the page: `https`, or `http` on this machine.

    Raises:
        SettingsError: the address is none (code `link-page`).
        IntakeError: the link would be longer than browsers take (`link-too-long`).
    """
    try:
        parts = urlsplit(page)
        is_page = bool(parts.hostname) and not page.endswith("#") and not parts.fragment and page.isprintable()
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    except ValueError:
        is_page = is_safe = False
    if not (is_page and is_safe):
        raise SettingsError(
            f"{page[:200]!r} is no address of a page",
            remedy="Write https://…, as the page is reached, without a #.",
            code="link-page",
        )
    packed = urlsafe_b64encode(zlib.compress(portfolio, 9)).decode().rstrip("=")
    link = f"{page}#{MARK}{packed}"
    if len(link) > LONGEST_LINK:
        raise IntakeError(
            f"the link would have {len(link):,} characters, and browsers take {LONGEST_LINK:,}",
            remedy="Share fewer credentials, leave out PDF files and pictures, or write a file with -o.",
            code="link-too-long",
        )
    return link


def is_link(text: str) -> bool:
    """Whether a text looks like such a link, or like what stands behind its `#`."""
    text = text.strip()
    return "\n" not in text and (text.startswith(MARK) or f"#{MARK}" in text)


def portfolio_in_link(text: str) -> bytes:
    """The file of the portfolio in a link, or in what stands behind its `#`; nobody is asked for it.

    Raises:
        IntakeError: there is none in it, or not all of it (code `link`), or too much (`too-large`).
    """
    if len(text) > LONGEST_READ:
        raise IntakeError(f"the link is longer than {LONGEST_READ:,} characters", code="too-large")
    data = text.strip().rpartition("#")[2]
    if not data.startswith(MARK):
        raise _broken("there is no portfolio in the link")
    body = data.removeprefix(MARK)
    if not _DATA.fullmatch(body):
        raise _broken("the link has signs in it that are none of it")
    unpacker = zlib.decompressobj()
    try:
        packed = urlsafe_b64decode(body + "=" * (-len(body) % 4))
        found = unpacker.decompress(packed, min(_MOST_UNPACKED, MOST_BYTES))
    except (zlib.error, binascii.Error, ValueError):
        raise _broken("the link is damaged") from None
    if unpacker.unconsumed_tail:
        raise IntakeError(
            f"the link unpacks to more than {_MOST_UNPACKED:,} bytes", remedy="Ask for a file.", code="too-large"
        )
    if not unpacker.eof or unpacker.unused_data:
        raise _broken("a part of the link is missing" if not unpacker.eof else "there is more in the link than belongs")
    return found


def _broken(why: str) -> IntakeError:
    return IntakeError(why, remedy="Copy the whole link, to its last sign, or ask for a file.", code="link")
