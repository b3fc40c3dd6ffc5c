"""Text that somebody else wrote, for people to read: parties say on the chain whatever they like."""

from __future__ import annotations

import unicodedata
from typing import Final

LONGEST: Final = 1_000
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
# Controls move a terminal's cursor, formats turn the direction of the text around, the rest has no look of its own.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def plain(text: str, longest: int = LONGEST) -> str:
    """The text in one line, without what is not seen, and not longer than a person reads."""
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return "".join(_REPLACEMENT if unicodedata.category(each) in _INVISIBLE else each for each in cut)
