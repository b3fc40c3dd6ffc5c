"""TOML of strangers: whatever is wrong with it, there is one error, with a reason that can be shown.

The reader of the standard library takes time in the square of the parts of a key such as `a.a.a…`, and raises whatever
a number of 5,000 digits does.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from typing import Any, Final

from registry.untrusted.text import terminal_text

LONGEST_REASON: Final = 200
MOST_PARTS: Final = 64
"""Of a key: those of all files that are read here have no more than three."""
_PART: Final = r"""(?:[A-Za-z0-9_-]++|"[^"\n]{0,100}+"|'[^'\n]{0,100}+')[ \t]*+"""
# Also of a text that looks so; longer quoted parts are so few that they take no time.
_LONG_KEY: Final = re.compile(rf"(?<![A-Za-z0-9_-]){_PART}(?:\.[ \t]*+{_PART}){{{MOST_PARTS}}}")


class NotToml(ValueError):
    """What was read is no TOML; its text is the reason."""


def parse_toml(data: bytes | str, *, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The members of a TOML document.

    Args:
        data: bytes in UTF-8, or text; how long it may be is for the caller to say.
        parse_float: what is made of a number with a fraction.

    Raises:
        NotToml: it is none, or it cannot be read by this program.
    """
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        if _LONG_KEY.search(text):
            raise NotToml(f"a key has more than {MOST_PARTS} parts")
        return tomllib.loads(text, parse_float=parse_float)
    except (tomllib.TOMLDecodeError, NotToml) as error:
        raise NotToml(terminal_text(str(error), LONGEST_REASON)) from None
    except UnicodeDecodeError:
        raise NotToml("it is not UTF-8") from None
    except RecursionError:
        raise NotToml("it is nested too deeply") from None
    except (ValueError, ArithmeticError):
        # Python makes no number of more than some thousand digits.
        raise NotToml("a number in it is too long") from None
