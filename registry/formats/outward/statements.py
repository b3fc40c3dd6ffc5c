"""An accreditation, a recognition or a quality decision in words of no format, as every exporter takes it.

Pure values. Where they come from say `registry.formats.outward.of_ledger` and `registry.formats.outward.of_register`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from registry.proofs.signatures.multibase import to_url_text
from registry.quality.decision import Evidence, Ruling, Subject
from registry.rdf.nquads import is_iri
from registry.recognition.ledger import Change, Kind
from registry.recognition.scope import EVERY_LEVEL

_SCHEMES: Final = frozenset({"http", "https", "urn", "did", "eip155", "ni", "tag", "info"})


@dataclass(frozen=True, slots=True)
class Organisation:
    """A body or a holder.

    Attributes:
        id: an absolute URI.
        name: "" where nobody told it.
        language: of the name, as in BCP 47.
        country: ISO 3166-1, two letters; "" where nobody told it.
        homepage: an address on the web, or "".
        entity: its entity identifier in OpenID Federation, an https URL; or "".
        party: its number on chain, where it has one.
    """

    id: str
    name: str = ""
    language: str = "en"
    country: str = ""
    homepage: str = ""
    entity: str = ""
    party: int | None = None

    @property
    def shown_name(self) -> str:
        """Its name, or what it is called by."""
        return self.name or self.id


@dataclass(frozen=True, slots=True)
class ToldProgramme:
    """A programme that a statement is limited to.

    Attributes:
        id: an absolute URI; of a programme that is known by its hash alone, the hash as RFC 6920 writes it.
        hash: SHA-256 of its identifier, where it is known by that alone; else empty.
        codes: identifiers that are no URI.
        levels: of the European Qualifications Framework, where they are said.
    """

    id: str
    name: str = ""
    qualification: str = ""
    hash: bytes = b""
    codes: tuple[str, ...] = ()
    levels: tuple[int, int] | None = None
    national_level: str = ""
    ects: str = ""


@dataclass(frozen=True, slots=True)
class Mirror:
    """Whose word a decision of a register is: a party published it, the holder accepted nothing."""

    register: str
    said_by: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What one body says of one or more holders, in force at the moment it was taken for.

    Attributes:
        id: an absolute URI.
        own_id: one that no other statement has, where `id` is the address of a report that several share; else "".
        number: by which people know it.
        fields: ISCED-F codes; none for any.
        levels: lowest and highest of the European Qualifications Framework.
        types: names of `registry.recognition.scope.QUALIFICATION_TYPES`; none for any.
        countries: where it holds, ISO 3166-1, two letters or three digits; none for anywhere.
        ruling: of a decision of a register; None of what is on chain.
        condition, condition_hash: text and SHA-256 of what has yet to be fulfilled; empty where there is nothing.
        accepted_at: when it came to hold by its record; None of a decision of a register.
        start, end: the end is no longer part of it; None for no end that was said.
        holds_until: the end, or what on record already ends or suspends it before.
        assumed_end: the source has no end, and this one is the register's rule; `end` is None then.
        changes: on chain, all of them.
        as_of: of which block, or of which snapshot, in words.
    """

    id: str
    number: str
    kind: Kind
    body: Organisation
    holders: tuple[Organisation, ...]
    start: datetime
    end: datetime | None
    holds_until: datetime | None
    as_of: str
    fields: tuple[str, ...] = ()
    levels: tuple[int, int] = EVERY_LEVEL
    types: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    programmes: tuple[ToldProgramme, ...] = ()
    ruling: Ruling | None = None
    subject: Subject | None = None
    condition: str = ""
    condition_hash: bytes = b""
    evidence: tuple[Evidence, ...] = ()
    accepted_at: datetime | None = None
    assumed_end: datetime | None = None
    changes: tuple[Change, ...] = ()
    obligatory: bool | None = None
    decision_number: str = ""
    activities: tuple[str, ...] = ()
    summary: str = ""
    remarks: tuple[tuple[str, str], ...] = ()
    mirror: Mirror | None = None
    own_id: str = ""

    @property
    def is_conditional(self) -> bool:
        """Whether something has yet to be fulfilled."""
        return bool(self.condition or self.condition_hash) or self.ruling is Ruling.CONDITIONAL

    @property
    def is_of_programmes(self) -> bool:
        """Whether it is limited to programmes that are named."""
        return bool(self.programmes)


class Left(NamedTuple):
    """A statement that is not told, or a fact of one that is told without it.

    Attributes:
        number: of the statement, as people know it.
        code: stable; of `registry.formats.outward.facts.Fact` where a fact is meant.
        why: for people.
        whole: nothing of the statement is told.
    """

    number: str
    code: str
    why: str
    whole: bool = False

    def to_dict(self) -> dict[str, object]:
        """The JSON form."""
        return {"number": self.number, "code": self.code, "why": self.why, "whole": self.whole}


class Why(StrEnum):
    """Why a whole statement is not told."""

    OFFERED = "not-accepted"
    REFUSED = "refused"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    VOID = "void"
    NOT_YET = "not-yet"
    ENDED = "ended"
    CLOCKS = "clocks-differ"
    NEGATIVE = "negative"
    NOT_APPLICABLE = "not-applicable"
    REPLACED = "replaced"
    KIND = "kind"
    COUNTRY = "no-country"
    CODE = "no-code"
    ENTITY = "no-entity"
    OTHER_BODY = "other-body"


@dataclass(frozen=True, slots=True)
class Selected:
    """What is in force at a moment, and what was asked for and is not."""

    statements: tuple[Statement, ...]
    left: tuple[Left, ...] = field(default=())


def is_uri(text: str) -> bool:
    """Whether a text that somebody wrote is a URI that means the same in every format.

    In JSON-LD `dc:title` would be a term of somebody else: a URI of a scheme that is not here is no identifier.
    """
    return text.partition(":")[0].lower() in _SCHEMES and is_iri(text)


def hash_uri(value: bytes) -> str:
    """A SHA-256 as a URI (RFC 6920 section 3)."""
    return f"ni:///sha-256;{to_url_text(value)}"


def named_uri(name: str) -> str:
    """A URI that stands for a name of no URI, the same each time (RFC 9562 section 5.5)."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, name.encode('utf-8', 'backslashreplace').decode())}"
