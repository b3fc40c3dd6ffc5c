"""How an institution's page looks: its logo, and its colours, which have to be legible on those of the page."""

from __future__ import annotations

import re
from base64 import b64encode
from html import escape
from importlib.resources import files
from typing import Final

from registry.errors import SettingsError

MOST_LOGO: Final = 64 << 10
LOGO: Final = r"^data:image/(?:png|svg\+xml);base64,[A-Za-z0-9+/]+={0,2}$"
COLOUR: Final = r"^#[0-9a-fA-F]{6}$"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_SVG: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?>(?:<!--.*?-->\s*)*)<svg[\s>]", re.S)
_LEAST_CONTRAST: Final = 4.5
"""Of text (WCAG 2.2, 1.4.3)."""
_GROUND: Final = re.compile(r"--(?:paper|shade): (#[0-9a-f]{3,6})\b")


def logo_of(content: bytes) -> str:
    """A picture as an address that holds it; what is in an SVG that is shown as a picture does not run.

    Raises:
        SettingsError: it is too large, or neither PNG nor SVG.
    """
    if len(content) > MOST_LOGO:
        raise SettingsError(f"a logo has at most {MOST_LOGO >> 10} KB")
    if content.startswith(_PNG):
        kind = "png"
    elif _SVG.match(content):
        kind = "svg+xml"
    else:
        raise SettingsError("a logo is a PNG or an SVG")
    return f"data:image/{kind};base64,{b64encode(content).decode()}"


def picture(logo: str) -> str:
    """The logo as an element. The institution's name stands beside it, so it says nothing to a screen reader."""
    return f'<p><img class="logo" src="{escape(logo)}" alt=""></p>\n' if logo else ""


def colours(light: str | None, dark: str | None) -> str:
    """Rules that follow those of the page."""
    given = {"light": light, "dark": dark}
    rules = "".join(
        f"@media (prefers-color-scheme: {scheme}) {{ :root {{ --link: {colour}; }} }}\n"
        for scheme, colour in given.items()
        if colour
    )
    return f"{rules}body {{ border-top: .4rem solid var(--link); }}\n" if rules else ""


def illegible(colour: str, *, dark: bool) -> str | None:
    """Why a colour is not to be used for text on the page; None where it is legible."""
    ground = min(_grounds(dark=dark), key=lambda each: contrast(colour, each))
    found = contrast(colour, ground)
    if found >= _LEAST_CONTRAST:
        return None
    # Rounded down: 4.49 is not enough, and must not be told as 4.5.
    told, which = int(found * 10) / 10, "lighter" if dark else "darker"
    return f"{colour} on {ground} has a contrast of {told} to 1, and text needs {_LEAST_CONTRAST}: take a {which} one"


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    parts = [digits[at : at + 2] for at in (0, 2, 4)] if len(digits) == 6 else [2 * each for each in digits]
    shares = [int(part, 16) / 255 for part in parts]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _grounds(*, dark: bool) -> list[str]:
    """What text stands on."""
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    found = _GROUND.findall(style)
    return found[2:] if dark else found[:2]
