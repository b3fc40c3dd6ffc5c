"""In which media types a client wants its answer."""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request

_WEIGHT: Final = re.compile(r"[01](\.[0-9]{0,3})?")


def accepted_types(request: Request) -> list[str]:
    """The types that the client accepts, the most wanted first; any where it names none (RFC 9110 section 12.5.1)."""
    weighed = []
    for one in ",".join(request.headers.getlist("accept")).split(","):
        kind, *parameters = (part.strip().lower() for part in one.split(";"))
        weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        weighed.append((float(weight) if _WEIGHT.fullmatch(weight) else 0.0, kind or "*/*"))
    return [kind for weight, kind in sorted(weighed, key=lambda one: -one[0]) if weight > 0]
