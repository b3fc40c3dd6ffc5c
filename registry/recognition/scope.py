"""What an accreditation is about: fields, levels, types of qualification, jurisdiction and programme.

Pure values. The rules are the contract's (`contracts/src/Scopes.sol`): what it says is covered is covered here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from registry.errors import SettingsError
from registry.language.catalogue import english
from registry.language.said import Listed, Said, Value, listed, say
from registry.recognition.countries import ALPHA_2, NUMERIC

HIGHEST_LEVEL: Final = 8
EVERY_LEVEL: Final = (1, HIGHEST_LEVEL)
QUALIFICATION_TYPES: Final = (
    "certificate",
    "certificate-of-completion",
    "certification",
    "diploma",
    "degree",
    "associate-degree",
    "bachelor-degree",
    "master-degree",
    "doctoral-degree",
    "professional-doctorate",
    "research-doctorate",
    "secondary-school-diploma",
    "general-education-development",
    "apprenticeship-certificate",
    "journeyman-certificate",
    "master-certificate",
    "license",
    "micro-credential",
    "course",
    "learning-program",
    "competency",
    "badge",
    "quality-assurance-credential",
)
"""The named types, after the achievement types of Open Badges 3.0. The place is the bit: add at the end only."""

_TYPE_BITS = 32
_BIT_OF = {name: bit for bit, name in enumerate(QUALIFICATION_TYPES)}
# A bit that has no name yet still means something to whoever set it.
_BIT_OF |= {f"type-{bit}": bit for bit in range(len(QUALIFICATION_TYPES), _TYPE_BITS)}
_NAME_OF = {bit: name for name, bit in _BIT_OF.items()}

_FIELD = re.compile(r"(?:[0-9]{2,4})?", re.ASCII)
_LEVELS = re.compile(r"([1-8])(?:-([1-8]))?", re.ASCII)

ANY_PROGRAMME: Final = bytes(32)
PROGRAMME_BYTES: Final = 32
NO_NAMES: Final[Mapping[bytes, str]] = MappingProxyType({})
"""Of programmes, where nobody said what they are called."""


class ScopeNumbers(NamedTuple):
    """A scope as the contract's `Scope` has it: zero stands for any, except with levels."""

    field: int
    field_digits: int
    level_min: int
    level_max: int
    qualification_types: int
    jurisdiction: int
    programme: bytes = ANY_PROGRAMME


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be issued, or be accredited.

    Attributes:
        field: ISCED-F 2013 code of 2 (broad), 3 (narrow) or 4 (detailed) digits, or "" for any; it holds all codes that
            begin with it.
        levels: lowest and highest level of the European Qualifications Framework, 1 to 8.
        qualification_types: names of `QUALIFICATION_TYPES`, or none for any.
        jurisdiction: ISO 3166-1, two letters; three digits when the number has no letters; "" for any.
        programme: SHA-256 of the identifier of one programme, as the body writes it; zeros for any.

    Raises:
        SettingsError: a part makes no sense.
    """

    field: str = ""
    levels: tuple[int, int] = EVERY_LEVEL
    qualification_types: frozenset[str] = frozenset()
    jurisdiction: str = ""
    programme: bytes = ANY_PROGRAMME

    def __post_init__(self) -> None:
        if not _FIELD.fullmatch(self.field):
            raise _senseless(f"{self.field!r} is no field", "Give 2, 3 or 4 digits of an ISCED-F 2013 code.")
        lowest, highest = self.levels
        if not 1 <= lowest <= highest <= HIGHEST_LEVEL:
            raise _senseless(f"{lowest}-{highest} is no range of levels", "Give EQF levels from 1 to 8, lowest first.")
        if unknown := sorted(self.qualification_types - _BIT_OF.keys()):
            raise _senseless(
                f"{unknown[0]!r} is no type of qualification", f"The types are {', '.join(QUALIFICATION_TYPES)}."
            )
        if len(self.programme) != PROGRAMME_BYTES:
            raise _senseless(f"{len(self.programme)} bytes stand for no programme", f"Give {PROGRAMME_BYTES} bytes.")
        object.__setattr__(self, "jurisdiction", country(self.jurisdiction))

    @classmethod
    def from_words(
        cls,
        field: str = "",
        levels: str = "1-8",
        types: Iterable[str] = (),
        jurisdiction: str = "",
        programme: str | None = None,
    ) -> Scope:
        """The scope that a person wrote: levels as "6" or "6-7", a programme by its identifier, None for any.

        Raises:
            SettingsError: a part makes no sense.
        """
        match = _LEVELS.fullmatch(levels)
        if match is None:
            raise _senseless(f"{levels!r} is no range of levels", "Give EQF levels from 1 to 8, such as 6 or 6-7.")
        lowest = int(match[1])
        return cls(
            field,
            (lowest, int(match[2] or lowest)),
            frozenset(types),
            jurisdiction,
            ANY_PROGRAMME if programme is None else hash_of_programme(programme),
        )

    @classmethod
    def from_numbers(cls, numbers: Iterable[Any]) -> Scope:
        """The scope that the contract has, in the order of `ScopeNumbers`.

        Raises:
            SettingsError: no contract of ours holds such a scope.
        """
        given = ScopeNumbers(*numbers)
        digits = given.field_digits
        if not 0 <= given.field < 10**digits or not 0 <= given.jurisdiction < 1000:
            raise _senseless(f"{tuple(given)} is no scope", "Read it from the contract again.")
        types = frozenset(name for bit, name in _NAME_OF.items() if given.qualification_types >> bit & 1)
        return cls(
            f"{given.field:0{digits}d}" if digits else "",
            (given.level_min, given.level_max),
            types,
            f"{given.jurisdiction:03d}" if given.jurisdiction else "",
            bytes(given.programme),
        )

    def to_numbers(self) -> ScopeNumbers:
        """The scope as the contract takes it."""
        return ScopeNumbers(
            int(self.field or "0"),
            len(self.field),
            *self.levels,
            sum(1 << _BIT_OF[name] for name in self.qualification_types),
            int(NUMERIC.get(self.jurisdiction, self.jurisdiction) or 0),
            self.programme,
        )

    def covers(self, other: Scope) -> bool:
        """Whether everything in the other scope is in this one; what is "any" there is covered by "any" alone."""
        return (
            other.field.startswith(self.field)
            and self.levels[0] <= other.levels[0]
            and other.levels[1] <= self.levels[1]
            and self.jurisdiction in ("", other.jurisdiction)
            and self.programme in (ANY_PROGRAMME, other.programme)
            and (
                not self.qualification_types
                or (bool(other.qualification_types) and other.qualification_types <= self.qualification_types)
            )
        )

    def narrowed_to(self, other: Scope) -> Scope | None:
        """What is in both scopes, or None when nothing is."""
        outer, inner = sorted((self.field, other.field), key=len)
        lowest, highest = max(self.levels[0], other.levels[0]), min(self.levels[1], other.levels[1])
        types = self.qualification_types & other.qualification_types
        anyhow = not (self.qualification_types and other.qualification_types)
        apart = bool(self.jurisdiction and other.jurisdiction) and self.jurisdiction != other.jurisdiction
        if ANY_PROGRAMME not in (self.programme, other.programme):
            apart = apart or self.programme != other.programme
        if not inner.startswith(outer) or lowest > highest or apart or not (types or anyhow):
            return None
        return Scope(
            inner,
            (lowest, highest),
            types or self.qualification_types | other.qualification_types,
            self.jurisdiction or other.jurisdiction,
            other.programme if self.programme == ANY_PROGRAMME else self.programme,
        )

    def __str__(self) -> str:
        """For people: "field 0613, EQF levels 6-7, bachelor-degree, in HR"; a programme only where one is meant."""
        return english().text(self._parts(f"0x{self.programme.hex()}"))

    @property
    def in_short(self) -> str:
        """The same for a sentence, with the first digits of the programme's hash alone."""
        return english().text(self.said)

    @property
    def said(self) -> Listed:
        """As `in_short`, in any language."""
        return self.said_with(NO_NAMES)

    def said_as_stated(self, programmes: Mapping[bytes, str], whole: Value) -> Listed:
        """For people, only what is not any; `whole` where all of it is."""
        digest = self.programme
        parts: list[Value] = []
        if self.field:
            parts.append(say("scope.field", field=self.field))
        if self.levels != EVERY_LEVEL:
            parts.append(self._levels)
        if self.qualification_types:
            parts.append(self._types)
        if self.jurisdiction:
            parts.append(say("scope.in", jurisdiction=self.jurisdiction))
        if digest != ANY_PROGRAMME:
            short, name = f"0x{digest.hex()[:8]}…", programmes.get(digest)
            named = say("scope.programmeNamed", name=name, hash=short) if name else say("scope.programme", hash=short)
            parts.append(named)
        return listed(parts or [whole])

    def said_with(self, programmes: Mapping[bytes, str]) -> Listed:
        """The same, with what the programme is called before its hash.

        Args:
            programmes: by SHA-256 of their identifiers, as a person may see them.
        """
        return self._parts(f"0x{self.programme.hex()[:8]}…", programmes.get(self.programme))

    def _parts(self, programme: str, name: str | None = None) -> Listed:
        told = (
            say("scope.programmeNamed", name=name, hash=programme) if name else say("scope.programme", hash=programme)
        )
        return listed(
            (
                say("scope.field", field=self.field) if self.field else say("scope.anyField"),
                self._levels,
                self._types,
                say("scope.in", jurisdiction=self.jurisdiction) if self.jurisdiction else say("scope.anywhere"),
                *([] if self.programme == ANY_PROGRAMME else [told]),
            )
        )

    @property
    def _levels(self) -> Said:
        lowest, highest = self.levels
        if self.levels == EVERY_LEVEL:
            return say("scope.anyLevel")
        return (
            say("scope.level", level=lowest)
            if lowest == highest
            else say("scope.levels", lowest=lowest, highest=highest)
        )

    @property
    def _types(self) -> Value:
        first, *others = sorted(self.qualification_types) or [""]
        told: Value = first or say("scope.anyType")
        for each in others:
            told = say("scope.or", first=told, second=each)
        return told


@dataclass(frozen=True, slots=True)
class StatedScope:
    """What a credential says of its own scope; None for what it does not say.

    Attributes:
        partly: names, as in `unstated`, of what it says of some of its achievements and not, or not legibly, of others.
        programme: SHA-256 of the identifier that all its achievements have; None also where they have several.
        identifier: that identifier as it is stated; "" where there is none, or several.
    """

    field: str | None = None
    levels: tuple[int, int] | None = None
    qualification_types: frozenset[str] | None = None
    partly: frozenset[str] = frozenset()
    programme: bytes | None = None
    identifier: str = ""

    @property
    def unstated(self) -> tuple[str, ...]:
        """What it does not say, or not of all, for people."""
        parts = (("field", self.field), ("level", self.levels), ("type of qualification", self.qualification_types))
        return tuple(name for name, value in parts if value is None or name in self.partly)

    @property
    def certain(self) -> StatedScope:
        """What it says of all its achievements."""
        return StatedScope(
            None if "field" in self.partly else self.field,
            None if "level" in self.partly else self.levels,
            None if "type of qualification" in self.partly else self.qualification_types,
            programme=self.programme,
            identifier=self.identifier,
        )

    def completed_by(self, scope: Scope) -> Scope:
        """What is stated here, and the rest as in that scope; a programme is never taken from there.

        Field, level and type can be compared by whoever reads the document. Of a programme the chain has a hash: what
        names none would be taken for a part of any.
        """
        stated = {
            "field": self.field,
            "levels": self.levels,
            "qualification_types": self.qualification_types,
        }
        known: dict[str, Any] = {name: value for name, value in stated.items() if value is not None}
        return replace(scope, **known, programme=ANY_PROGRAMME if self.programme is None else self.programme)


def hash_of_programme(identifier: str) -> bytes:
    """What stands for a programme in a scope: SHA-256 of its identifier in UTF-8, without space around it.

    Raises:
        SettingsError: it is empty, or no Unicode text.
    """
    try:
        written = identifier.strip().encode()
    except UnicodeEncodeError:
        written = b""
    if not written:
        raise _senseless("the programme has no identifier", "Give the one that its credentials state, such as its URL.")
    return sha256(written).digest()


def country(text: str) -> str:
    """The code in the form that scopes have: two letters, three digits without letters, or "" for any.

    Raises:
        SettingsError: ISO 3166-1 has no such code.
    """
    if text.isascii() and text.isdigit() and len(text) == 3:
        return ALPHA_2.get(int(text), text if int(text) else "")
    if text and text.upper() not in NUMERIC:
        raise _senseless(f"{text!r} is no country", "Give two letters of ISO 3166-1, such as HR, or its three digits.")
    return text.upper()


def _senseless(what: str, remedy: str) -> SettingsError:
    return SettingsError(what, remedy=remedy, code="scope")
