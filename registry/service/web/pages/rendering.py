"""How a page is made of what the API tells: the templates, the style, and the headers that every page has."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from registry.audit.report.charts import number_text
from registry.chain_names import ChainKind, chain_name
from registry.recognition.isced import field_label
from registry.service.caching import BY_ACCEPT, REVALIDATE, fixed
from registry.service.horizon import AsOf
from registry.service.service import Service
from registry.service.web.pages import drawings
from registry.untrusted.links import web_link
from registry.untrusted.templates import html_templates
from registry.untrusted.text import marked, terminal_text

if TYPE_CHECKING:
    from jinja2 import Environment

HTML: Final = "text/html; charset=utf-8"
REPORT: Final = "registry.audit.report"
"""Where charts and colours are from: the audit's page looks the same."""
NAMED: Final = 80
"""As many characters of a party's name as a row shows; its page shows all."""
LONGEST_SHOWN: Final = 500
"""As many characters of a text of others as a page shows; the JSON has all."""


def _style() -> str:
    """Of every page; it is in the page, so that a page that was saved keeps its look, and allowed by its hash."""
    report = files(REPORT).joinpath("templates/style.css").read_text(encoding="utf-8")
    own = files(__package__).joinpath("templates/pages.css").read_text(encoding="utf-8")
    # A tenth of a page's bytes is style: what is for whoever reads the files is left out of it.
    closer = re.sub(r"\s*([{};])\s*", r"\1", f"\n{report}{own}")
    return re.sub("([:,]) +", r"\1", closer)


STYLE: Final = _style()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFE: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
PAGE_HEADERS: Final = [
    (name.lower().encode(), value.encode()) for name, value in {"Content-Type": HTML, **SAFE, **BY_ACCEPT}.items()
]


@cache
def templates() -> Environment:
    """The templates of the pages, and of the audit's what both have."""
    from markupsafe import Markup

    environment = html_templates(__package__, REPORT)
    environment.filters |= {
        "number": number_text,
        "tenths": "{:.1f}".format,
        "measured": lambda value: f"{value:,.1f}".removesuffix(".0"),
        "shortened": lambda text: terminal_text(str(text), LONGEST_SHOWN),
        "named": lambda text: marked(str(text), NAMED),
        "when": lambda text: f"{text[:10]} {text[11:19]} UTC",
        "short": lambda text: f"{text[:12]}…{text[-6:]}",
        "percent": lambda part, whole: f"{100 * part / whole:.2f} %",
        "spaced": lambda name: re.sub("[A-Z]", lambda letter: f" {letter[0].lower()}", name),
        "in_one_line": lambda text: " ".join(text.split()),
        "sentence": lambda text: text[:1].upper() + text[1:],
        "field": field_label,
        "by_field": lambda counts: {field_label(code): count for code, count in counts.items()},
        "ones": lambda bits: int(bits, 16).bit_count(),
    }
    environment.globals |= {
        # Ours, and what the policy has the hash of.
        "style": Markup(STYLE),  # noqa: S704
        "web_link": web_link,
        "bar_chart": drawings.bar_chart,
        "stacked_chart": drawings.stacked_chart,
        "month_chart": drawings.month_chart,
        "trend_chart": drawings.trend_chart,
        "timeline": drawings.timeline,
        "network": drawings.network,
    }
    return environment


def rendered(service: Service, template: str, as_of: Mapping[str, Any] | None, **told: Any) -> str:
    """A page.

    Args:
        as_of: `asOf` of the API, where the page is about what is indexed.
    """
    name = chain_name(service.index.chain)
    return (
        templates()
        .get_template(template)
        .render(
            as_of=as_of,
            chain=name,
            is_unnamed=name.kind is ChainKind.UNNAMED,
            contract=service.index.contract,
            **told,
        )
    )


def page(request: Request, service: Service, template: str, as_of: AsOf, **told: Any) -> Response:
    """A page as of a block, or 304 when the client has it: kept as the API's answers are.

    Its tag covers the block, too, which the page names.
    """
    # How old the block is differs with each second; what a person needs of that is in the warning.
    shown = {name: value for name, value in orjson.loads(as_of.json).items() if name != "ageSeconds"}
    body = rendered(service, template, shown, **told).encode()
    raw = {name.decode(): value.decode() for name, value in as_of.headers}
    return fixed(request, body, HTML, kept=REVALIDATE, headers={**BY_ACCEPT, **SAFE, **raw})
