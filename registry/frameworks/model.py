"""A framework of competences, and a programme that says which items of one its parts cover.

Pure values. What a programme covers is what it says of itself; nobody has judged it here.
`docs/reference/frameworks.md` has the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

MAX_ITEMS: Final = 20_000
"""The largest national standards that are published as one document have some thousand."""
MAX_PARTS: Final = 2_000
MAX_DEPTH: Final = 32
MAX_TEXT: Final = 10_000
MAX_CODE: Final = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an entry of a file.

    Attributes:
        entry: such as `item IS.1`; "" for the file as a whole.
        grave: whether the entry cannot be used; what is not grave is told and kept.
    """

    entry: str
    reason: str
    grave: bool = True

    def __str__(self) -> str:
        """`item IS.1: …`."""
        return f"{self.entry}: {self.reason}" if self.entry else self.reason


@dataclass(frozen=True, slots=True)
class Item:
    """One competence, outcome or group of them.

    Attributes:
        code: unique in its framework.
        text: by language tag; at least one.
        parent: code of the item that it belongs to; "" for one at the top.
        kind: what the framework calls it, such as `competence` or `outcome`; "" where it does not say.
        levels: as the framework writes them.
        case: what a CASE package said of it that has no member here, by name.
    """

    code: str
    text: Mapping[str, str]
    parent: str = ""
    kind: str = ""
    levels: tuple[str, ...] = ()
    case: Mapping[str, Any] = field(default_factory=dict)

    def text_in(self, language: str) -> str:
        """The text in a language, or else in the first one that there is."""
        return self.text.get(language) or next(iter(self.text.values()))


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework of competences.

    Attributes:
        identifier: its own, such as a short name or a UUID.
        language: of texts that name none.
        items: in the framework's order, each after its parent or before it.
        changed: when it was changed last, as RFC 3339 writes it; "" where it does not say.
        case: what a CASE package said that has no member here, by name.
    """

    identifier: str
    title: str
    items: tuple[Item, ...]
    version: str = ""
    language: str = "en"
    publisher: str = ""
    description: str = ""
    uri: str = ""
    licence: str = ""
    changed: str = ""
    case: Mapping[str, Any] = field(default_factory=dict)

    def by_code(self) -> dict[str, Item]:
        """Its items by their code."""
        return {each.code: each for each in self.items}

    def leaves_of(self) -> dict[str, tuple[str, ...]]:
        """Of each item, the codes of the items without children under it, in order; of one without children, itself.

        The items form a forest, which `faults_of_tree` finds out.
        """
        children: dict[str, list[str]] = {}
        for each in self.items:
            if each.parent:
                children.setdefault(each.parent, []).append(each.code)
        under: dict[str, tuple[str, ...]] = {}
        for code in _children_first(self.items, children):
            own = children.get(code)
            under[code] = (code,) if own is None else tuple(leaf for child in own for leaf in under[child])
        return under


@dataclass(frozen=True, slots=True)
class Part:
    """A course, a module or an outcome of a programme.

    Attributes:
        ects: credits of it; 0 where it has none of its own.
        covers: codes of items of the framework.
    """

    code: str
    title: str
    kind: str
    ects: Fraction
    covers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme of study, and which items of a framework its parts cover, as it says itself.

    Attributes:
        identifier: its own, such as a URI.
        framework: identifier of the framework that its parts are aligned with.
        framework_file: file of it beside the programme's; "" where none is named.
        level: of the European Qualifications Framework, as text; "" where it does not say.
    """

    identifier: str
    title: str
    institution: str
    framework: str
    parts: tuple[Part, ...]
    country: str = ""
    level: str = ""
    framework_file: str = ""

    @property
    def ects(self) -> Fraction:
        """Credits of all its parts."""
        return sum((each.ects for each in self.parts), Fraction())


def faults_of_tree(parents: Mapping[str, str]) -> tuple[Fault, ...]:
    """Unknown parents, items that go round in a circle, and those that hang on one of either or are too deep.

    Args:
        parents: by the code of an item, the code of its parent; "" for one at the top.
    """
    faults: list[Fault] = []
    # How far from the top; None for an item that has no way up.
    depth: dict[str, int | None] = {"": 0}
    for start in parents:
        way: dict[str, None] = {}
        code = start
        while code not in depth and code in parents and code not in way:
            way[code] = None
            code = parents[code]
        faults += _walked(list(way), code, parents, depth)
    return tuple(faults)


def _walked(way: list[str], end: str, parents: Mapping[str, str], depth: dict[str, int | None]) -> Iterator[Fault]:
    """What is wrong with the items of a way up, by where it ends: at what is known, at itself, or at nothing."""
    above: int | None = None
    if end in depth:
        above = depth[end]
    elif end in parents:
        circle = way[way.index(end) :]
        way = way[: way.index(end)]
        depth |= dict.fromkeys(circle)
        for code in circle:
            yield Fault(f"item {code}", f"it is above itself: {' → '.join([*circle[:8], end])}")
    elif way:
        child = way.pop()
        depth[child] = None
        yield Fault(f"item {child}", f"its parent {end!r} is no item of this framework")
    for code in reversed(way):
        above = None if above is None else above + 1
        depth[code] = above
        if above is None:
            yield Fault(f"item {code}", "no way leads from it up to the top")
        elif above > MAX_DEPTH:
            yield Fault(f"item {code}", f"it is {above} levels deep, and at most {MAX_DEPTH} are read")


def _children_first(items: Iterable[Item], children: Mapping[str, list[str]]) -> Iterable[str]:
    """The codes of a forest, each after all under it."""
    found: list[str] = []
    waiting = [each.code for each in items if not each.parent]
    while waiting:
        code = waiting.pop()
        found.append(code)
        waiting += children.get(code, ())
    return reversed(found)
