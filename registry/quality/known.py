"""What a mirror knows beside a register's file: its agencies, and which institution is which party."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from registry.quality.decision import Holder, Identifier

AGENCY_SCHEME: Final = "deqar-agency"
"""Of agencies by their number in DEQAR."""
NAME_SCHEME: Final = "name"
"""Of agencies that the file has by a name or an acronym alone."""


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency on the mirror's list.

    Attributes:
        identifier: by which it is in the snapshot.
        names: by which a file may call it.
        party: its number on the chain; None where the mirror states none.
    """

    identifier: Identifier
    name: str = ""
    names: tuple[str, ...] = ()
    party: int | None = None


@dataclass(frozen=True, slots=True)
class KnownHolder:
    """What the mirror states of an institution; what it does not state is as the file has it."""

    party: int | None = None
    name: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """The lists of a mirror.

    Attributes:
        agencies: by each of their names in `plain_name`; None where there is no list, so that none is unknown.
        holders: by identifier.
    """

    agencies: Mapping[str, Agency] | None = None
    holders: Mapping[Identifier, KnownHolder] = field(default_factory=dict)

    def agency(self, text: str) -> Agency | None:
        """The agency that a file calls so; one of its own making where there is no list, None where it is not in it."""
        if self.agencies is not None:
            return self.agencies.get(plain_name(text)) or self.agencies.get(plain_name(text.partition(":")[2]))
        return Agency(_agency_identifier(text), "" if text.isascii() and text.isdigit() else text)

    def parties(self, identifiers: Iterable[Identifier]) -> frozenset[int]:
        """Which parties the mirror says an institution with these identifiers is; more than one is a contradiction."""
        said = (self.holders[each].party for each in identifiers if each in self.holders)
        return frozenset(each for each in said if each is not None)

    def holder(self, identifiers: tuple[Identifier, ...], name: str, country: str) -> Holder:
        """An institution of the file, with what the mirror states of it."""
        said = [self.holders[each] for each in identifiers if each in self.holders]
        return Holder(
            tuple(sorted(set(identifiers))),
            name or next((each.name for each in said if each.name), ""),
            country or next((each.country for each in said if each.country), ""),
            next((each.party for each in said if each.party is not None), None),
        )


def agencies_by_name(agencies: Iterable[Agency]) -> dict[str, Agency]:
    """Agencies by whatever a file may call them.

    Raises:
        ValueError: two of them have one name.
    """
    found: dict[str, Agency] = {}
    for agency in agencies:
        for name in {agency.identifier.value, str(agency.identifier), agency.name, *agency.names}:
            key = plain_name(name)
            if key and found.setdefault(key, agency) is not agency:
                raise ValueError(f"two agencies are called {name[:80]!r}")
    return found


def plain_name(text: str) -> str:
    """A name without case and with single spaces; numbers without zeros before them."""
    plain = " ".join(text.casefold().split())
    return plain.lstrip("0") or "0" if plain.isascii() and plain.isdigit() else plain


def _agency_identifier(text: str) -> Identifier:
    scheme, colon, value = text.partition(":")
    if colon and value and scheme.isascii() and scheme.replace("-", "").isalnum() and scheme == scheme.lower():
        return Identifier(scheme, value)
    if text.isascii() and text.isdigit():
        return Identifier(AGENCY_SCHEME, plain_name(text))
    return Identifier(NAME_SCHEME, " ".join(text.split()))
