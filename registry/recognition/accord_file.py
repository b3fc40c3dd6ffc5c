"""The file of an accord: which party it is, for what, and who is a member since when, until when.

Pure: the text of the file in, an accord out. `docs/reference/recognition.md` lists the keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from registry.chain_names import CHAIN
from registry.errors import SettingsError
from registry.recognition.scope import Scope, country
from registry.records import MOST_PARTIES
from registry.untrusted.toml import NotToml, parse_toml

MOST_BYTES: Final = 1 << 20
"""Of a file: a member takes about 150, and a file that somebody keeps by hand is far from this."""
MOST_MEMBERS: Final = 1_000
MOST_FIELDS: Final = 16
"""Each field is a pair of links for each member."""

_LONGEST_NAME: Final = 200
_LONGEST_URI: Final = 2_000
_Place = tuple[int | str, ...]
_TABLE: Final = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_-]+)\s*\]\]?\s*(?:#.*)?\Z")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")


class Membership(StrEnum):
    """What a member is: one that is provisional has no part in the agreement yet."""

    FULL = "full"
    PROVISIONAL = "provisional"


def _moment(value: object) -> datetime:
    """A day of TOML, which begins at midnight UTC, or a moment with its zone."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise PydanticCustomError("time", "a time of day needs its zone; a day alone does", {})
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
    else:
        raise PydanticCustomError("date", "a day is written as 2026-01-31, without quotes", {})
    try:
        moment = moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        raise PydanticCustomError("time", "there is no such time in UTC", {}) from None
    if moment.timestamp() < 0:
        raise PydanticCustomError("time", "times on chain begin with 1970", {})
    return moment


def _country(text: str) -> str:
    try:
        return country(text)
    except SettingsError as error:
        raise PydanticCustomError(
            "country", "{what}", {"what": f"{error.what}: write two letters, such as HR"}
        ) from None


_Moment = Annotated[datetime, BeforeValidator(_moment)]
_Name = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME)]
_Party = Annotated[int, Field(ge=1, le=MOST_PARTIES)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)


class About(_Part):
    """The accord itself.

    Attributes:
        party: its number; it is a body as any other.
        uri: where the agreement can be read; the evidence of each link.
        since: when it came into being; nobody joined before.
        until: when links of its members end unless they are renewed; for those who have no end of their own.
        chain: CAIP-2 of the chain that the numbers are of, or None for whichever chain is asked.
    """

    name: _Name
    party: _Party
    uri: str = Field(default="", max_length=_LONGEST_URI)
    since: _Moment | None = None
    until: _Moment | None = None
    chain: str | None = Field(default=None, pattern=f"^{CHAIN}$")


class Agreed(_Part):
    """What the members agreed on: field, or several of them, levels and types, as in a scope."""

    field: str = ""
    fields: tuple[str, ...] = Field(default=(), strict=False, max_length=MOST_FIELDS)
    levels: str = "1-8"
    types: tuple[str, ...] = Field(default=(), strict=False, max_length=32)

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """One for each field; raises SettingsError where a part makes no sense."""
        return tuple(Scope.from_words(field, self.levels, self.types) for field in self.fields or (self.field,))


class Member(_Part):
    """One signatory of the accord.

    Attributes:
        country: where its accreditations count, ISO 3166-1; "" for anywhere.
        joined: when it became what `state` says; a full member has it.
        left: when it ceased to be a member; the first moment at which it is none.
        until: when its links end unless they are renewed, such as its next review.
    """

    party: _Party
    name: _Name
    country: Annotated[str, AfterValidator(_country)] = ""
    state: Membership = Field(strict=False)
    joined: _Moment | None = None
    left: _Moment | None = None
    until: _Moment | None = None

    def takes_part(self, moment: datetime) -> bool:
        """Whether it is a full member at that moment."""
        return (
            self.state is Membership.FULL
            and self.joined is not None
            and self.joined <= moment
            and (self.left is None or moment < self.left)
        )


class AccordFile(_Part):
    """An accord, as its file says."""

    accord: About
    scope: Agreed = Agreed()
    members: tuple[Member, ...] = Field(strict=False, min_length=1, max_length=MOST_MEMBERS)

    def member(self, party: int) -> Member | None:
        """The one with that number."""
        return next((each for each in self.members if each.party == party), None)

    def admitted_for(self, member: Member) -> tuple[Scope, ...]:
        """What the accord accredits a member to accredit: what was agreed, in the member's country."""
        return tuple(replace(scope, jurisdiction=member.country) for scope in self.scope.scopes)

    @property
    def recognised_for(self) -> tuple[Scope, ...]:
        """What each member recognises the accord for: what was agreed, in any country."""
        return self.scope.scopes

    def ends_at(self, member: Member) -> datetime:
        """When the links of a full member end: at its own end or the accord's, or when it left, whichever is first."""
        ends = [each for each in (member.until or self.accord.until, member.left) if each is not None]
        return min(ends)


def parse_accord(data: bytes | str, *, where: str | None = None) -> AccordFile:
    """The accord that a file says.

    Args:
        data: TOML.
        where: the file, for the message.

    Raises:
        SettingsError: it is not TOML, or a key is unknown or makes no sense; names the key, and its line where that is
            sure (code `accord`).
    """
    if len(data) > MOST_BYTES:
        raise _senseless(f"the file is larger than {MOST_BYTES:,} bytes", where)
    try:
        members = parse_toml(data)
    except NotToml as error:
        raise _senseless(f"the file of the accord is not TOML: {error}", where) from None
    text = data if isinstance(data, str) else data.decode("utf-8")
    try:
        file = AccordFile.model_validate(members)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place, message = first["loc"], first["msg"][:1].lower() + first["msg"][1:]
        if first["type"] == "extra_forbidden":
            message = "the file of an accord has no such key"
        raise _wrong(text, place, message, where) from None
    for place, message in _contradictions(file):
        raise _wrong(text, place, message, where)
    return file


def _contradictions(file: AccordFile) -> Iterator[tuple[_Place, str]]:
    """What makes sense by itself, and not beside the rest."""
    if file.scope.field and file.scope.fields:
        yield ("scope", "fields"), "the field is given twice; give field or fields"
    try:
        scopes = file.scope.scopes
    except SettingsError as error:
        yield ("scope",), error.what
        return
    for number, scope in enumerate(scopes):
        if any(other.covers(scope) for other in scopes[:number] + scopes[number + 1 :]):
            yield ("scope", "fields"), f"field {scope.field} is in the list twice, or within another of it"
    seen: dict[int, int] = {}
    for index, member in enumerate(file.members):
        yield from (((*("members", index), key), message) for key, message in _contradictions_of(member, file.accord))
        if member.party in seen:
            yield (
                ("members", index, "party"),
                f"party {member.party} is a member already: members[{seen[member.party]}]",
            )
        seen.setdefault(member.party, index)


def _contradictions_of(member: Member, accord: About) -> Iterator[tuple[str, str]]:
    joined, left = member.joined, member.left
    if member.party == accord.party:
        yield "party", f"party {member.party} is the accord itself"
    if joined is None and member.state is Membership.FULL:
        yield "joined", "a full member has a day on which it joined"
    if joined is not None and accord.since is not None and joined < accord.since:
        yield "joined", "it joined before the accord came into being"
    if joined is not None and left is not None and left <= joined:
        yield "left", "it left before it joined"
    until = member.until or accord.until
    if member.state is Membership.FULL and joined is not None:
        if until is None:
            yield "until", "an accreditation has an end: say when the period ends, or the day of the next review"
        elif until <= joined:
            yield "until", "its period ends before it joined"


def _wrong(text: str, place: _Place, message: str, where: str | None) -> SettingsError:
    key = _key(place)
    line = _line_of(text, place)
    at = f" (line {line})" if line else ""
    return _senseless(f"{key}{at}: {message}" if key else message, where)


def _key(place: _Place) -> str:
    """`("members", 1, "party")` → `members[1].party`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def _line_of(text: str, place: _Place) -> int | None:
    """The line of a key, or of its table; None where that is not sure, as with tables that are written in one line."""
    if '"""' in text or "'''" in text or not place:
        return None
    table, *rest = place
    index = rest.pop(0) if rest and isinstance(rest[0], int) else None
    found: int | None = None
    current, count = "", {"members": -1}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.match(line):
            current = header[2]
            count[current] = count.get(current, -1) + 1
        inside = current == table and (index is None or count[current] == index)
        if inside and found is None:
            found = number
        if inside and rest and (key := _KEY.match(line)) and key[1] == rest[0]:
            return number
    return found


def _senseless(what: str, where: str | None) -> SettingsError:
    return SettingsError(
        what, where=where, remedy="Correct the file; docs/reference/recognition.md lists its keys.", code="accord"
    )
