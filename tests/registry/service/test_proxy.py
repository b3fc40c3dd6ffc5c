"""What the guide's proxy lets through: every route for strangers, and none that is for one's own network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from registry.service.app import OPERATIONS
from registry.service.routes.federation import federation_router
from tests.registry.service.conftest import Stand

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "run-the-lookup-service.md"


def passed_on() -> re.Pattern[str]:
    (location,) = re.findall(r"^ *location ~ (\S+) \{$", GUIDE.read_text(encoding="utf-8"), flags=re.M)
    return re.compile(location)


def paths(routes: Iterable[Any]) -> Iterator[str]:
    """Each path, also of routers that are included, with 7 for every parameter."""
    for route in routes:
        if (router := getattr(route, "original_router", None)) is not None:
            yield from paths(router.routes)
        elif path := getattr(route, "path", ""):
            yield re.sub(r"\{[^}]*\}", "7", path)


def test_the_proxy_of_the_guide_passes_all_routes_for_strangers_and_no_other(stand: Stand) -> None:
    asked = {*paths(stand.app.routes), *paths(federation_router().routes)}
    assert {"/registers", "/indicators", "/partnerships/7", "/accredited", "/levels/card"} <= asked
    ours = {path for path in asked if path in OPERATIONS}
    assert ours
    located = passed_on()
    assert sorted(path for path in asked - ours if not located.search(path)) == []
    assert sorted(path for path in ours if located.search(path)) == []
