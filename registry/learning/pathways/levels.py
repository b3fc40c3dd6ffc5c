"""Which levels of which frameworks are within a range of levels of one framework, by the level maps. Pure.

What is not known to be within, nor known to be outside, is *perhaps*: a level of which no comparison is on record, one
that stands beside levels within and outside, one whose comparison nobody but a report made, and one that is compared
with another reference framework.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from registry.learning.pathways.matching import Match, folded
from registry.learning.pathways.model import LevelRange
from registry.levels.maps import Kind, Level, LevelMap, LevelMaps

_OF_QUALIFICATIONS: Final = frozenset({Kind.REFERENCE, Kind.REFERENCED, Kind.COMPARISON, Kind.NONE})
_REFERENCED: Final = frozenset({Kind.REFERENCE, Kind.REFERENCED})


_NO_LEVELS: Final[Mapping[str, Match]] = {}


class UnknownLevel(ValueError):
    """A range names a framework or a level that no map has, or is empty; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Within:
    """Levels by their framework's short name, and whether they are in a range.

    Attributes:
        of: by framework and code; what is not there is of no framework that has a map.
    """

    of: Mapping[str, Mapping[str, Match]]

    def match(self, known: Iterable[tuple[str, str]]) -> Match:
        """Whether levels are in the range: one that is known to be decides, then one that is known not to be.

        Args:
            known: as `levels_known` has them.
        """
        best = Match.NO
        is_outside = False
        for framework, code in known:
            found = self.of.get(framework, _NO_LEVELS).get(code)
            if found is Match.YES:
                return found
            is_outside = is_outside or found is Match.NO
            best = best if found is None else max(best, found)
        return Match.NO if is_outside else best

    def to_dict(self) -> dict[str, Any]:
        """For the page: by framework, the codes that are within and those that perhaps are."""
        return {
            framework: {
                str(match): [code for code, found in levels.items() if found is match]
                for match in (Match.YES, Match.PERHAPS)
            }
            for framework, levels in self.of.items()
            if any(levels.values())
        }


def within(range_: LevelRange, maps: LevelMaps) -> Within:
    """The levels of all frameworks of qualifications beside a range, over the maps of every time.

    Raises:
        UnknownLevel: no map has the framework or the level, or nothing is in the range.
    """
    asked = [each for each in maps if each.framework == folded(range_.framework)]
    if not asked:
        raise UnknownLevel(f"no framework {range_.framework!r} has a level map")
    inside = {code for each in asked for code in _codes(range_, each)}
    if not inside:
        named = " and ".join(repr(code) for code in (range_.lowest, range_.highest) if code)
        raise UnknownLevel(
            f"{range_.framework} has no level from {range_.lowest or 'its lowest'} to {range_.highest or 'its highest'}"
            if _known(range_, asked)
            else f"{range_.framework} has no level {named}"
        )
    found: dict[str, dict[str, Match]] = {}
    for each in maps:
        if each.framework != asked[0].framework and each.kind not in _OF_QUALIFICATIONS:
            continue
        levels = found.setdefault(each.framework, {})
        for level in each.levels:
            match = _match(level, each, asked, inside)
            # Where maps of several times do not say the same of a level, it is not known.
            levels[level.code] = match if levels.get(level.code, match) is match else Match.PERHAPS
    return Within(found)


def levels_known(stated: Iterable[tuple[str, str]], names: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Of what may be levels, those of a framework that has a map, by its short name.

    Args:
        stated: framework and code, as written.
        names: as of `names_of`.
    """
    return tuple(
        (short, code.strip(" ")) for framework, code in stated if (short := names.get(folded(framework))) is not None
    )


def names_of(maps: LevelMaps) -> Iterator[tuple[str, str]]:
    """Each name of each framework, folded, and the short name."""
    for each in maps:
        yield folded(each.name), each.framework
    for each in maps:
        yield each.framework, each.framework


def _codes(range_: LevelRange, map_: LevelMap) -> Iterator[str]:
    codes = [each.code for each in map_.levels]
    ends = [codes.index(code) if code in codes else None for code in (range_.lowest, range_.highest)]
    first = 0 if not range_.lowest else ends[0]
    last = len(codes) - 1 if not range_.highest else ends[1]
    if first is not None and last is not None:
        yield from codes[first : last + 1]


def _known(range_: LevelRange, asked: Iterable[LevelMap]) -> bool:
    codes = {level.code for each in asked for level in each.levels}
    return {range_.lowest, range_.highest} - {""} <= codes


def _match(level: Level, map_: LevelMap, asked: list[LevelMap], inside: set[str]) -> Match:
    if map_.framework == asked[0].framework:
        return Match.YES if level.code in inside else Match.NO
    beside = {
        other.code
        for each in asked
        if each.against == map_.against
        for other in each.levels
        if _meet(level.beside, other.beside)
    }
    if not beside:
        # Beside no level of that framework by a comparison of all of its levels: outside, else it is not known.
        is_compared = level.beside is not None and any(_is_whole(each, map_.against) for each in asked)
        return Match.NO if is_compared else Match.PERHAPS
    if beside <= inside:
        is_referenced = map_.kind in _REFERENCED and all(each.kind in _REFERENCED for each in asked)
        return Match.YES if is_referenced else Match.PERHAPS
    return Match.PERHAPS if beside & inside else Match.NO


def _meet(one: tuple[int, int] | None, other: tuple[int, int] | None) -> bool:
    return one is not None and other is not None and one[0] <= other[1] and other[0] <= one[1]


def _is_whole(map_: LevelMap, against: str) -> bool:
    """Whether a map puts all of its levels beside some of a reference framework."""
    return map_.against == against and all(each.beside for each in map_.levels)
