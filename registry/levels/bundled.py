"""The level maps that are bundled: facts with the report and the source that each map names, one file each.

`registry/levels/data/` holds them; `docs/reference/levels.md` has a table of all, made of them.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from registry.levels.maps import LevelMaps
from registry.levels.reading import MapRefused, read_maps


@cache
def bundled_maps() -> LevelMaps:
    """All bundled maps.

    Raises:
        MapRefused: one of them contradicts itself, which a test excludes.
    """
    folder = files(__package__).joinpath("data")
    found = sorted((each.name, each.read_bytes()) for each in folder.iterdir() if each.name.endswith(".toml"))
    maps, faults = read_maps(found)
    if faults:
        raise MapRefused(faults)
    return maps
