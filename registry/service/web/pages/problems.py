"""A problem of the API as a page: the same members, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.service.service import Service
from registry.service.web.pages.rendering import rendered


def problem_page(service: Service, told: Mapping[str, Any]) -> str:
    """The page.

    Args:
        told: the problem details.
    """
    return rendered(service, "problem.html", told.get("asOf"), problem=told)
