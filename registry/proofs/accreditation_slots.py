"""Where accreditations are stored, and what is in their slots, by the layout that the compiler told.

An accreditation is a structure of fixed members, a text, and a list of changes whose length is stored. What is read has
the form in which the contract answers `accreditationOf`, so that there is one reader of both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from registry.errors import EvidenceError
from registry.keccak import keccak
from registry.proofs.slots import SLOT_BYTES, following, key_of, mapped

MOST_CHANGES: Final = 1_000
_BITS: Final = 8
_BYTES32: Final = "bytes32"

Values = Callable[[Iterable[bytes]], Mapping[bytes, int]]
"""What is in slots, each of them proved."""


@dataclass(frozen=True, slots=True)
class Member:
    """A value within a structure: the slot after the structure's own, the first byte from the right, and how many."""

    name: str
    slot: int
    offset: int
    size: int
    kind: str

    def read(self, value: int) -> Any:
        """The value, out of what is in its slot."""
        found = value >> _BITS * self.offset & (1 << _BITS * self.size) - 1
        return found.to_bytes(SLOT_BYTES, "big") if self.kind == _BYTES32 else found


@dataclass(frozen=True, slots=True)
class AccreditationSlots:
    """The slots of the contract that has the accreditations.

    Attributes:
        terms, scope, change: the members of these structures, those of the scope within the terms.
        history: how many slots after a record's own the length of the list is.
    """

    count: int
    records: int
    terms: tuple[Member, ...]
    scope: tuple[Member, ...]
    change: tuple[Member, ...]
    history: int

    @classmethod
    def of_layout(cls, layout: Mapping[str, Any]) -> AccreditationSlots:
        """By the compiler's `storageLayout`; KeyError when it is another contract's."""
        variables = {each["label"]: int(each["slot"]) for each in layout["storage"]}
        structures = {kind["label"]: kind for kind in layout["types"].values()}
        own = structures["struct Accreditations.AccreditationRecord"]["members"]
        record = {each["label"]: int(each["slot"]) for each in own}
        terms = structures["struct IAccreditations.Terms"]["members"]
        at = {each["label"]: int(each["slot"]) for each in terms}

        def members(entries: Sequence[Mapping[str, Any]], first: int) -> tuple[Member, ...]:
            return tuple(
                Member(
                    each["label"],
                    first + int(each["slot"]),
                    each["offset"],
                    int(layout["types"][each["type"]]["numberOfBytes"]),
                    layout["types"][each["type"]]["label"],
                )
                for each in entries
                if "members" not in layout["types"][each["type"]] and each["type"] != "t_string_storage"
            )

        return cls(
            count=variables["_accreditationCount"],
            records=variables["_accreditations"],
            terms=members(terms, record["terms"]),
            scope=members(structures["struct Scope"]["members"], record["terms"] + at["scope"]),
            change=members(structures["struct Change"]["members"], 0),
            history=record["history"],
        )

    def read_count(self, values: Values) -> int:
        """How many accreditations and recognitions there are."""
        slot = key_of(self.count)
        return values([slot])[slot] & (1 << 64) - 1

    def slots_of(self, numbers: Iterable[int]) -> list[bytes]:
        """Where it is said of each who says it, of whom, and what."""
        return [self._own(number) for number in numbers]

    def read_sides(self, number: int, values: Values) -> tuple[int, int, int]:
        """Body, holder and kind of an accreditation, by its number."""
        own = self._own(number)
        value = values([own])[own]
        terms = {each.name: each for each in self.terms}
        return terms["body"].read(value), terms["holder"].read(value), terms["kind"].read(value)

    def _own(self, number: int) -> bytes:
        return mapped(key_of(number), key_of(self.records))

    def read(self, number: int, values: Values) -> dict[str, Any]:
        """An accreditation by its number, as the contract answers `accreditationOf`; without the URI of its evidence.

        No verdict asks for that, and it may be as long as its sender pays for.

        Raises:
            EvidenceError: code `evidence-value`: no contract stores such a thing.
        """
        own = self._own(number)
        slots = [following(own, place) for place in range(self.history + 1)]
        found = values(slots)
        length = found[slots[self.history]]
        if not 0 < length <= MOST_CHANGES:
            raise EvidenceError(f"accreditation {number} has {length} changes", code="evidence-value")
        first = keccak(slots[self.history])
        changes = [following(first, place) for place in range(length)]
        more = values(changes)

        def read(members: Sequence[Member]) -> dict[str, Any]:
            return {each.name: each.read(found[slots[each.slot]]) for each in members}

        history = [{each.name: each.read(more[slot]) for each in self.change} for slot in changes]
        terms = {**read(self.terms), "scope": read(self.scope), "evidenceUri": ""}
        return {"terms": terms, "state": history[-1]["state"], "history": history}
