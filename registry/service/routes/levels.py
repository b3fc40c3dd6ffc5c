"""`/v1/levels`: levels of frameworks beside those of a reference framework (docs/reference/levels.md).

The maps are data of this service, not of the chain: they are as of no block, and each names its source and its dates.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from registry.http.problems import NotHere
from registry.levels.bundled import bundled_maps
from registry.levels.card import LevelCard, level_card
from registry.levels.maps import LevelMap, LevelMaps
from registry.service import examples
from registry.service.caching import JSON, REVALIDATE, fixed
from registry.timestamps import asked_moment

LONGEST_PLACE: Final = 40

PlaceQuery = Annotated[
    str, Query(max_length=LONGEST_PLACE, description="A framework, or a country's two letters.", examples=["IE"])
]
FromQuery = Annotated[
    str,
    Query(alias="from", max_length=LONGEST_PLACE, description="Where the level is from: likewise.", examples=["IE"]),
]
ToQuery = Annotated[
    str, Query(alias="to", max_length=LONGEST_PLACE, description="Where it is read: likewise.", examples=["DE"])
]
LevelQuery = Annotated[str, Query(max_length=LONGEST_PLACE, description="As its framework writes it.", examples=["8"])]
AtQuery = Annotated[
    str | None, Query(max_length=40, description="By the maps of that time; default: of now.", examples=["2026-01-01"])
]

_MAPS: Final = {"maps": [each.to_dict() for each in bundled_maps().of("hk-hkqf")]}
_CARD: Final = level_card(bundled_maps(), "8", source="IE", target="DE").to_dict()

router = APIRouter(prefix="/v1", tags=["levels"])


def level_maps_of(request: Request) -> LevelMaps:
    """The level maps of the service that a request is for."""
    found: Any = request.app.state.level_maps
    if not isinstance(found, LevelMaps):
        raise TypeError("the application has no level maps")
    return found


@router.get(
    "/levels",
    summary="Frameworks whose levels are known: what each stands beside, by which report, and of when.",
    response_class=Response,
    responses=examples.ok(_MAPS, "The maps, by framework and then by time."),
)
async def levels(request: Request, place: PlaceQuery = "") -> Response:
    told = {"maps": [each.to_dict() for each in maps_asked(request, place)]}
    return fixed(request, orjson.dumps(told), JSON, kept=REVALIDATE)


@router.get(
    "/levels/card",
    summary="Which levels of another place are comparable with a level.",
    response_class=Response,
    responses=examples.ok(_CARD, "The card."),
)
async def card(request: Request, level: LevelQuery, source: FromQuery, target: ToQuery, at: AtQuery = None) -> Response:
    told = card_asked(request, level, source, target, at).to_dict()
    return fixed(request, orjson.dumps(told), JSON, kept=REVALIDATE)


def maps_asked(request: Request, place: str) -> tuple[LevelMap, ...]:
    """The maps of a place, or all; raises NotHere (code `unknown-framework`)."""
    maps = level_maps_of(request)
    found = maps.of(place) if place else tuple(maps)
    if not found:
        raise NotHere(
            f"no framework of {place!r} is known here",
            remedy="GET /v1/levels lists those that are.",
            code="unknown-framework",
        )
    return found


def card_asked(request: Request, level: str, source: str, target: str, at: str | None) -> LevelCard:
    """The card; raises SettingsError (code `time`)."""
    moment = None if at is None else asked_moment(at, "at")
    return level_card(level_maps_of(request), level, source=source, target=target, moment=moment)
