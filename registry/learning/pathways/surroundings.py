"""What a pathway refers to beyond itself, as far as whoever looks at it has it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from registry.frameworks.model import Framework
from registry.levels.maps import LevelMaps


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Level maps, and frameworks of competences.

    Attributes:
        frameworks: by the name of their file; one that is None was named and is not there, or cannot be read.
    """

    maps: LevelMaps
    frameworks: Mapping[str, Framework | None] = field(default_factory=dict)
