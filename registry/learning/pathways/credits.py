"""Credits of achievements, none of them twice: each once, and no award together with its own parts. Pure.

Achievements with the same URI are one, whoever has it in how many credentials: a course that was taken again counts
once. What is a part of a whole that the learner has, too, counts with its fellows or within the whole, whichever is
more. For given items, the sum never falls when more of their achievements count: that is why an answer that holds for
the least that is known holds for all. A further item can make it fall where it shows that two were one: a copy of a
credential whose achievements have no URI, or a second whole of a part.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from registry.learning.items import Item


class Unit(NamedTuple):
    """One achievement of an item.

    Attributes:
        item: place of its item among those that were given.
        place: among the achievements of the item.
        parts: its credits in ten-thousandths.
    """

    item: int
    place: int
    parts: int


class Families:
    """Which achievements are the same, and which are parts of which, over all items of a learner."""

    def __init__(self, items: Sequence[Item]):
        self._group: dict[tuple[int, int], Hashable] = {}
        self._whole: dict[Hashable, Hashable] = {}
        self._depth: dict[Hashable, int] = {}
        self._hidden: set[Hashable] = set()
        copies: dict[str, int] = {}
        for item in items:
            if item.digest:
                copies[item.digest] = copies.get(item.digest, 0) + 1
        has_wholes = False
        for at, item in enumerate(items):
            is_copied = copies.get(item.digest, 0) > 1
            has_wholes = has_wholes or bool(item.wholes)
            for place, achieved in enumerate(item.achieved):
                own: Hashable = (item.digest,) if is_copied else (at, place)
                self._group[at, place] = achieved.identifier or own
                has_wholes = has_wholes or achieved.whole is not None
        if has_wholes:
            self._link(items)

    def sum(self, units: Iterable[Unit]) -> int:
        """The most ten-thousandths that some achievements come to."""
        own = self._own(units)
        if not self._whole:
            return sum(each.parts for each in own.values())
        return sum(worth for group, worth in self._worth(own).items() if group not in self._whole)

    def chosen(self, units: Iterable[Unit], least: int) -> list[Unit]:
        """Those of some achievements that come to at least so many ten-thousandths: the largest first, and of equal
        ones those that are given first. All that count where they come to less.
        """
        own = self._own(units)
        counted = list(own.values()) if not self._whole else self._counted(own)
        order = {(each.item, each.place): number for number, each in enumerate(own.values())}
        counted.sort(key=lambda each: (-each.parts, order[each.item, each.place]))
        found: list[Unit] = []
        reached = 0
        for each in counted:
            if reached >= least:
                break
            found.append(each)
            reached += each.parts
        return found

    def _link(self, items: Sequence[Item]) -> None:
        """The whole of each group. One with several wholes counts in these alone, and one in a circle not at all."""
        place_of: dict[str, int] = {}
        for at in sorted(range(len(items)), key=lambda at: items[at].digest, reverse=True):
            for name in (items[at].identifier, items[at].digest):
                if name and items[at].achieved:
                    place_of[name] = at
        wholes: dict[Hashable, dict[Hashable, None]] = {}
        for at, item in enumerate(items):
            outer = {self._group[place_of[name], 0]: None for name in item.wholes if place_of.get(name, at) != at}
            for place, achieved in enumerate(item.achieved):
                group = self._group[at, place]
                if achieved.whole is not None and (at, achieved.whole) in self._group:
                    found = {self._group[at, achieved.whole]: None}
                else:
                    found = outer
                wholes.setdefault(group, {}).update(found)
        for group, those in wholes.items():
            those.pop(group, None)
            if len(those) > 1:
                self._hidden.add(group)
            elif those:
                self._whole[group] = next(iter(those))
        self._cut_circles()

    def _cut_circles(self) -> None:
        """Groups that are parts of themselves count nothing; of all others, how many wholes are above them."""
        for start in self._whole:
            way: dict[Hashable, None] = {}
            group: Hashable = start
            while group not in way and group not in self._depth and group in self._whole:
                way[group] = None
                group = self._whole[group]
            if group in way:
                circle = list(way)[list(way).index(group) :]
                self._hidden |= set(circle)
                self._depth |= dict.fromkeys(circle, 0)
            depth = self._depth.setdefault(group, 0)
            for each in reversed(way):
                if each not in self._hidden:
                    depth += 1
                    self._depth[each] = depth
        for group in self._hidden:
            self._whole.pop(group, None)

    def _own(self, units: Iterable[Unit]) -> dict[Hashable, Unit]:
        """The largest of each group; of equal ones the first."""
        found: dict[Hashable, Unit] = {}
        for each in units:
            group = self._group[each.item, each.place]
            if group not in self._hidden and (group not in found or each.parts > found[group].parts):
                found[group] = each
        return found

    def _worth(self, own: Mapping[Hashable, Unit]) -> dict[Hashable, int]:
        """What each group on the way from one that is there to its outermost whole comes to, itself or its parts."""
        found: dict[Hashable, int] = {}
        waiting = dict.fromkeys(own)
        for group in own:
            while (above := self._whole.get(group)) is not None and above not in waiting:
                waiting[above] = None
                group = above
        within: dict[Hashable, int] = {}
        for group in sorted(waiting, key=self._depth_of, reverse=True):
            found[group] = max(own[group].parts if group in own else 0, within.get(group, 0))
            if (above := self._whole.get(group)) is not None:
                within[above] = within.get(above, 0) + found[group]
        return found

    def _depth_of(self, group: Hashable) -> int:
        return self._depth.get(group, 0)

    def _counted(self, own: Mapping[Hashable, Unit]) -> list[Unit]:
        """Those that count: of each whole itself, or what counts of its parts, whichever is more."""
        worth = self._worth(own)
        counts: dict[Hashable, bool] = {}
        for group in sorted(worth, key=self._depth_of):
            above = self._whole.get(group)
            # Below one that counts itself nothing does.
            is_open = above is None or not counts[above]
            counts[group] = not is_open or (group in own and own[group].parts == worth[group])
            if not is_open:
                worth[group] = -1
        return [own[group] for group, each in counts.items() if each and worth[group] >= 0]
