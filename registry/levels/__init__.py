"""Levels of national frameworks beside those of the European one, as data, and the card that tells of a level."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.levels.bundled import bundled_maps
    from registry.levels.card import LevelCard, level_card
    from registry.levels.maps import Kind, Level, LevelMap, LevelMaps, Match
    from registry.levels.reading import MapRefused, read_map, read_maps
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "bundled": "bundled_maps",
            "card": "LevelCard, level_card",
            "maps": "Kind, Level, LevelMap, LevelMaps, Match",
            "reading": "MapRefused, read_map, read_maps",
        },
    )

__all__ = [
    "Kind", "Level", "LevelCard", "LevelMap", "LevelMaps", "MapRefused", "Match", "bundled_maps", "level_card",
    "read_map", "read_maps",
]  # fmt: skip
