"""What partnerships and statements have in common as documents: how they are read, and how a fault in one is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from registry.credential.strictjson import Limits, canonicalize, parse_json
from registry.errors import CredentialError, IntakeError
from registry.recognition.scope import country
from registry.records import MOST_PARTIES
from registry.untrusted.toml import NotToml, parse_toml
from registry.untrusted.uris import read_uri

MOST_BYTES: Final = 256 << 10
"""Of one document: a partnership of a hundred partners has 30 KB."""
MOST_DEPTH: Final = 12
LONGEST_TEXT: Final = 2_000
LONGEST_TITLE: Final = 300
ID: Final = "[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?"
"""Small letters, digits and hyphens: an id is part of file names and addresses."""
FIRST_DAY: Final = "1900-01-01"
LAST_DAY: Final = "9998-12-31"
"""From there on as from the first day, a period as long again is still one that can be counted with."""
_LIMITS: Final = Limits(MOST_BYTES, MOST_DEPTH)


class Part(BaseModel):
    """A part of a document: nothing is guessed, and what nobody knows is refused."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True
    )


def _day(text: str) -> str:
    try:
        if text == date.fromisoformat(text).isoformat() and FIRST_DAY <= text <= LAST_DAY:
            return text
    except ValueError:
        pass
    raise PydanticCustomError("day", "it is no day such as 2026-01-31")


def _uri(text: str) -> str:
    try:
        return read_uri(text)
    except ValueError as error:
        raise PydanticCustomError("uri", "the URI {what}", {"what": str(error)}) from None


def _country(text: str) -> str:
    try:
        return country(text)
    except ValueError as error:
        raise PydanticCustomError("country", "{what}", {"what": str(error)}) from None


Day = Annotated[str, Field(max_length=10), AfterValidator(_day)]
Uri = Annotated[str, Field(max_length=1_000), AfterValidator(_uri)]
Country = Annotated[str, Field(max_length=3), AfterValidator(_country)]
Title = Annotated[str, Field(min_length=1, max_length=LONGEST_TITLE)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Id = Annotated[str, Field(pattern=f"^{ID}$")]
Number = Annotated[int, Field(ge=1, le=MOST_PARTIES)]
Version = Literal[1]

T = TypeVar("T", bound=BaseModel)


def members_of(data: bytes, *, is_toml: bool, where: str | None, code: str) -> Any:
    """The members of a JSON or TOML document, as JSON would have them.

    Raises:
        IntakeError: it is neither, or too large.
    """
    if len(data) > MOST_BYTES:
        raise IntakeError(
            f"it has {len(data):,} bytes; a document has no more than {MOST_BYTES:,}",
            where=where,
            remedy="Leave what is long to the documents that it refers to.",
            code=code,
        )
    try:
        return _as_json(parse_toml(data)) if is_toml else parse_json(data, _LIMITS)
    except CredentialError as error:
        raise IntakeError(f"it cannot be read: {error.what}", where=where, remedy=error.remedy, code=code) from None
    except (NotToml, RecursionError) as error:
        raise IntakeError(f"it is not TOML: {error}", where=where, remedy="Correct it.", code=code) from None


def _as_json(value: Any) -> Any:
    """TOML has days of its own; JSON writes them as text."""
    if isinstance(value, dict):
        return {name: _as_json(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def validated(model: type[T], members: Any, *, where: str | None, code: str, page: str) -> T:
    """The document that members make.

    Args:
        page: that lists the members.

    Raises:
        IntakeError: a member is unknown, missing or makes no sense; names the first.
    """
    remedy = f"Correct it; {page} lists the members."
    if not isinstance(members, Mapping):
        raise IntakeError("it is no object with members", where=where, remedy=remedy, code=code)
    try:
        return model.model_validate(members)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        key = place.removeprefix(".")[:200]
        if first["type"] == "extra_forbidden":
            raise IntakeError(f"there is no member {key!r} in it", where=where, remedy=remedy, code=code) from None
        message = first["msg"][:1].lower() + first["msg"][1:]
        raise IntakeError(f"{key}: {message}" if key else message, where=where, remedy=remedy, code=code) from None


def canonical(members: Mapping[str, Any]) -> bytes:
    """The one form (RFC 8785) that a document is kept and anchored in."""
    return canonicalize(members)


def digest_of(members: Mapping[str, Any]) -> bytes:
    """Its digest, by the method `json-jcs`."""
    return sha256(canonical(members)).digest()


def contradiction(what: str, **values: Any) -> PydanticCustomError:
    """What a validator of several members raises."""
    return PydanticCustomError("contradiction", what, values or None)
