"""The items of a framework as texts are compared with them, whatever the framework was read from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import orjson

from registry.frameworks.model import MAX_ITEMS, Framework, Item
from registry.language.choosing import primary

MAX_ENTRIES: Final = MAX_ITEMS
"""ESCO has some fourteen thousand skills."""
CODES_ONLY: Final = "SFIA"
"""Its licence lets its codes be cited, and its texts be read by who has licensed a copy."""
SHORT: Final = 60
"""Characters of a description that stand for a name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item that may be suggested.

    Attributes:
        names: by language, two letters.
        keywords: other names, and words that people write of it, by language.
        about: longer texts by language.
    """

    code: str
    uri: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    keywords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)

    def name_in(self, language: str) -> str:
        """Its name in a language, or else in English, or in any; of one without, how its description begins."""
        name = self.names.get(language) or self.names.get("en") or next(iter(self.names.values()), "")
        return name or next((f"{text[:SHORT]}…" for text in self.about.values()), "")


@dataclass(frozen=True)
class Catalogue:
    """The items of one framework, in its order.

    Attributes:
        identifier: by which its figures are found, such as `e-CF`, `ESCO`, or that of an own framework.
        source: from where names and texts are, for people.
        codes_only: names may be read here and not passed on: a suggestion has codes alone.
    """

    identifier: str
    title: str
    version: str
    entries: tuple[Entry, ...]
    source: str = ""
    codes_only: bool = False

    @cached_property
    def sha256(self) -> str:
        """Of all that is compared, as 64 hex digits: figures hold for these texts and for no others."""
        said = [[each.code, each.uri, each.names, each.keywords, each.about] for each in self.entries]
        whole = [self.identifier, self.version, said]
        return hashlib.sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def languages(self) -> frozenset[str]:
        """In which at least one item has a name."""
        return frozenset(language for each in self.entries for language in each.names)


def catalogue_of(framework: Framework, kinds: Iterable[str] = ()) -> Catalogue:
    """A framework's items that have none under them; groups are found by what is in them.

    Args:
        kinds: only items of these kinds; none means all.
    """
    parents = {each.parent for each in framework.items}
    by_code, wanted = framework.by_code(), frozenset(kinds)
    leaves = [each for each in framework.items if each.code not in parents and (not wanted or each.kind in wanted)]
    return Catalogue(
        identifier=framework.identifier,
        title=framework.title,
        version=framework.version,
        entries=tuple(_entry(each, by_code) for each in leaves),
        source=framework.publisher,
        codes_only=framework.identifier.upper().startswith(CODES_ONLY),
    )


def framework_of(catalogue: Catalogue) -> Framework:
    """The same items as a framework without groups, in the names that they have."""
    return Framework(
        identifier=catalogue.identifier,
        title=catalogue.title,
        version=catalogue.version,
        items=tuple(Item(each.code, each.names or {"en": each.name_in("en")}) for each in catalogue.entries),
        publisher=catalogue.source,
    )


def _entry(item: Item, by_code: Mapping[str, Item]) -> Entry:
    """An item, with the names of the groups that it is in: they often say what it is about."""
    above: dict[str, tuple[str, ...]] = {}
    parent = by_code.get(item.parent)
    if parent is not None:
        above = {primary(tag): (text,) for tag, text in parent.text.items()}
    return Entry(item.code, names={primary(tag): text for tag, text in item.text.items()}, keywords=above)
