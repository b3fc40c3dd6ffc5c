"""The pages of an offer, for people: without a program, in their language, and with nothing from elsewhere.

Their addresses hold secrets, so that no page says where it was come from, none is kept, and none may be framed.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from anchor.issuing.diplomas.qr import qr_svg
from anchor.wallets.codes import DIGITS
from anchor.wallets.handing import Access, Standing
from registry.language.catalogue import available, language
from registry.language.rendering import Language
from registry.language.said import Value, say
from registry.untrusted.templates import html_templates
from registry.untrusted.text import terminal_text

if TYPE_CHECKING:
    from jinja2 import Environment

_LONGEST_NAME: Final = 200
_HTML: Final = "text/html; charset=utf-8"


@cache
def _style() -> str:
    text = files(__package__).joinpath("templates/page.css").read_text(encoding="utf-8")
    return re.sub(r"\s*([{};])\s*", r"\1", text)


@cache
def _headers() -> Mapping[str, str]:
    style = b64encode(sha256(_style().encode()).digest()).decode()
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{style}'; img-src data:; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
        "Cache-Control": "no-store",
        "Vary": "Accept, Accept-Language",
    }


@cache
def _templates() -> Environment:
    return html_templates(str(__package__))


def offer_page(
    spoken: str, standing: Standing, address: str, told: str = "", status: int = 200, **values: Value
) -> Response:
    """The page of an offer.

    Args:
        spoken: the code of a language.
        address: that opens a wallet.
        told: the key of a sentence on what was just tried; `values` are what is put into it.
    """
    return _page(
        "offer.html",
        spoken,
        status,
        institution=terminal_text(standing.institution, _LONGEST_NAME),
        is_taken=standing.is_taken,
        address=address,
        picture=_picture(address),
        digits=DIGITS,
        told=told,
        values=values,
    )


def exchange_page(spoken: str, access: Access, address: str) -> Response:
    """The page that shows the link for one exchange."""
    until = datetime.fromtimestamp(access.until, UTC)
    return _page("exchange.html", spoken, 200, address=address, picture=_picture(address), until=until)


def told_page(spoken: str, told: str, status: int) -> Response:
    """A page that says why nothing is handed over.

    Args:
        told: the key of a sentence.
    """
    return _page("told.html", spoken, status, told=told)


def _page(template: str, spoken: str, status: int, **told: Any) -> Response:
    from markupsafe import Markup

    words = language(spoken)

    def said(key: str, **values: Value) -> Markup:
        # What turns the direction of a line in a translation is ours, so it stays.
        return Markup(escape(words.text(say(key, **values))))  # noqa: S704

    text = (
        _templates()
        .get_template(template)
        .render(
            spoken=words,
            said=said,
            style=Markup(_style()),  # noqa: S704 - ours, and what the policy has the hash of
            others=[_other(code) for code in available() if code != spoken],
            **told,
        )
    )
    return Response(text, status, _headers(), _HTML)


@cache
def _other(code: str) -> Language:
    return language(code)


def _picture(address: str) -> Any:
    from markupsafe import Markup

    return Markup(qr_svg(address, sized=False)[0])  # noqa: S704 - made here of an address in URL characters
