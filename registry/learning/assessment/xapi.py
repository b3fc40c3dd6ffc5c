"""Statements of xAPI 1.0.3 as evidence: what somebody did, as a system recorded it; never an achievement by itself.

Each is read strictly and bounded; of two with one `id` and other content neither is believed. Voided statements stay,
and are told as such; so are signed ones, whose signatures are checked elsewhere (`signed_statements`).
Source: Experience API, version 1.0.3, part two (data).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from mmap import mmap
from typing import Any, Final
from uuid import UUID

from registry.credential.moments import read_moment
from registry.credential.strictjson import Limits, canonicalize, parse_json
from registry.errors import CredentialError
from registry.learning.assessment.cmi5 import Cmi5, cmi5_of
from registry.learning.assessment.splitting import entries_in
from registry.learning.statements.members import text_of

MOST_STATEMENTS: Final = 200_000
"""Of one export. Of each its few facts are kept; of those that are signed, all that was signed."""
STATEMENT_LIMITS: Final = Limits(max_bytes=256 << 10, max_depth=24)
MOST_ATTACHMENTS: Final = 16
VOIDED: Final = "http://adlnet.gov/expapi/verbs/voided"
SIGNATURE: Final = "http://adlnet.gov/expapi/attachments/signature"
"""`usageType` of an attachment that is a signature, of the type `application/octet-stream`."""

# What a store adds or may change; two copies of a statement differ in these (part two, section 2.3.1).
_OF_STORE: Final = ("stored", "authority", "version", "attachments")
_IDENTIFIERS: Final = ("mbox", "mbox_sha1sum", "openid", "account")
_LONGEST_IRI: Final = 2000
_IRI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_HASH: Final = re.compile(r"[0-9a-fA-F]{64}")
_RESULT: Final = ("success", "completion", "duration")
_SCORE: Final = ("scaled", "raw", "min", "max")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A statement that is no evidence, and why.

    Attributes:
        number: in its export, from 1.
        identifier: "" where it has none that can be read.
    """

    number: int
    identifier: str
    why: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Attributes:
        actor: its inverse functional identifier, as `kind value`; two statements of one actor have the same.
        is_hashed: whether its export names the actor by a hash alone.
        about: IRI of the activity, or identifier of what it is about otherwise.
        at: as written; "" where it does not say.
        result: success, completion, duration, and the score, as they are written.
        cmi5: what cmi5 defines of it; None where it is none of its statements.
        signatures: hashes of the signatures that it says it has.
        signed: all of its members, where it has signatures; otherwise nothing.
    """

    number: int
    identifier: str
    actor: str
    is_hashed: bool
    verb: str
    about: str
    name: str
    at: str
    registration: str
    result: Mapping[str, Any]
    cmi5: Cmi5 | None
    signatures: tuple[str, ...]
    signed: Mapping[str, Any] = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(slots=True)
class Export:
    """What an export of a store has.

    Attributes:
        voided: identifier of a statement → of the one that voids it.
        repeated: how many stood there again with the same content.
    """

    statements: list[Statement] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    voided: dict[str, str] = field(default_factory=dict)
    repeated: int = 0


def read_export(text: bytes | mmap, wanted: Callable[[Statement], bool] = lambda _: True) -> Export:
    """All statements of an export, each once, in their order; nothing in it makes this raise.

    Args:
        text: a statement, an array, a `StatementResult`, or statements one a line; or such a file in memory.
        wanted: which are kept; all are looked at for what they void and repeat.
    """
    export, seen = Export(), dict[str, tuple[bytes, int | None]]()
    contradicted: set[str] = set()
    voiding: list[tuple[str, str]] = []
    entries = entries_in(text, b"statements")
    for number, entry in enumerate(entries, 1):
        if number > MOST_STATEMENTS:
            why = f"there are more than {MOST_STATEMENTS:,}: the rest is not read"
            export.rejected.append(Rejected(number, "", why))
            break
        if entry.fault:
            export.rejected.append(Rejected(number, "", entry.fault))
            continue
        read = _read(bytes(text[entry.start : min(entry.end, entry.start + STATEMENT_LIMITS.max_bytes + 1)]), number)
        if isinstance(read, Rejected):
            export.rejected.append(read)
            continue
        before = seen.get(read.identifier)
        if before is not None:
            if before[0] == read.content:
                export.repeated += 1
            else:
                export.rejected.append(
                    Rejected(number, read.identifier, f"another with its id and other content is no. {before[1]}")
                )
                contradicted.add(read.identifier)
            continue
        seen[read.identifier] = read.content, number
        if read.verb == VOIDED:
            voiding.append((read.about, read.identifier))
        if wanted(read):
            export.statements.append(read)
    for each in export.statements:
        if each.identifier in contradicted:
            export.rejected.append(Rejected(each.number, each.identifier, "another with its id has other content"))
    export.statements = [each for each in export.statements if each.identifier not in contradicted]
    export.voided = _voided(voiding, contradicted)
    export.rejected.sort(key=lambda each: each.number)
    return export


def actor_of(members: Mapping[str, Any]) -> tuple[str, bool] | None:
    """The inverse functional identifier of an actor, and whether it is a hash; None where it has none or several.

    A group without one is its members, which are several people, and no evidence of one.
    """
    given = [name for name in _IDENTIFIERS if members.get(name) is not None]
    if len(given) != 1:
        return None
    value = members[given[0]]
    if given[0] == "account":
        if not isinstance(value, Mapping):
            return None
        # An IRI has no space, so that the name begins behind the first.
        home, name = _iri(value.get("homePage")), value.get("name")
        text = f"{home} {name}" if home and isinstance(name, str) and name else ""
    else:
        text = value if isinstance(value, str) else ""
    text = text.casefold() if given[0].startswith("mbox") else text
    return (f"{given[0]} {text}", given[0] == "mbox_sha1sum") if 0 < len(text) <= _LONGEST_IRI else None


def _voided(voiding: Iterable[tuple[str, str]], contradicted: set[str]) -> dict[str, str]:
    """What voids cannot be voided itself (part two, section 2.3.2), and what is not believed voids nothing."""
    believed = [(each, by) for each, by in voiding if by not in contradicted]
    never = {by for _, by in believed}
    found: dict[str, str] = {}
    for each, by in believed:
        if each not in never:
            found.setdefault(each, by)
    return found


def _read(data: bytes, number: int) -> Statement | Rejected:
    try:
        members = parse_json(data, STATEMENT_LIMITS)
    except CredentialError as error:
        return Rejected(number, "", error.what)
    identifier = _uuid(members.get("id"))
    if identifier is None:
        return Rejected(number, "", "its id is no UUID: without one nobody can tell it from another")
    actor, verb, about = members.get("actor"), members.get("verb"), members.get("object")
    named = actor_of(actor if isinstance(actor, Mapping) else {}) or ("", False)
    verb_iri = _iri(verb.get("id")) if isinstance(verb, Mapping) else ""
    target = _about(about) if isinstance(about, Mapping) else ""
    at = members.get("timestamp", members.get("stored", ""))
    faults = (
        (not named[0], "its actor is not named by one of mbox, mbox_sha1sum, openid and account"),
        (not verb_iri, "its verb has no IRI"),
        (not target, "its object has no id"),
        (at != "" and (not isinstance(at, str) or read_moment(at) is None), "its timestamp is no time"),
        (not isinstance(members.get("result", {}), Mapping), "its result is no object"),
    )
    for is_so, why in faults:
        if is_so:
            return Rejected(number, identifier, why)
    context, signatures = members.get("context"), tuple(_signatures(members.get("attachments")))
    definition = about.get("definition") if isinstance(about, Mapping) else None
    return Statement(
        number=number,
        identifier=identifier,
        actor=named[0],
        is_hashed=named[1],
        verb=verb_iri,
        about=target,
        name=text_of(definition.get("name")) if isinstance(definition, Mapping) else "",
        at=at,
        registration=_uuid(context.get("registration")) or "" if isinstance(context, Mapping) else "",
        result=dict(_result(members.get("result", {}))),
        cmi5=cmi5_of(members, verb_iri),
        signatures=signatures,
        signed=members if signatures else {},
        content=_content(members),
    )


def _about(members: Mapping[str, Any]) -> str:
    kind = members.get("objectType", "Activity")
    if kind == "StatementRef":
        return _uuid(members.get("id")) or ""
    if kind in ("Agent", "Group"):
        # Who it is, is no name of an activity, and no address of a person belongs there.
        return "a person" if actor_of(members) else ""
    if kind == "Activity" and _iri(members.get("id")).casefold().startswith("mailto:"):
        return "a person"
    return _iri(members.get("id")) if kind == "Activity" else "a statement in it" if kind == "SubStatement" else ""


def _result(result: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in _RESULT:
        value = result.get(name)
        if isinstance(value, bool) or (name == "duration" and isinstance(value, str) and len(value) <= 60):
            yield name, value
    score = result.get("score")
    if isinstance(score, Mapping):
        numbers = {name: score[name] for name in _SCORE if _is_number(score.get(name))}
        if numbers:
            yield "score", numbers


def _signatures(attachments: object) -> Iterator[str]:
    for each in attachments[:MOST_ATTACHMENTS] if isinstance(attachments, list) else ():
        if isinstance(each, Mapping) and each.get("usageType") == SIGNATURE:
            hashed = each.get("sha2")
            yield hashed.lower() if isinstance(hashed, str) and _HASH.fullmatch(hashed) else ""


def _content(members: Mapping[str, Any]) -> bytes:
    """What two copies of a statement have in common."""
    return sha256(canonicalize({name: each for name, each in members.items() if name not in _OF_STORE})).digest()


def _uuid(value: object) -> str | None:
    try:
        return str(UUID(value)) if isinstance(value, str) and len(value) == 36 else None
    except ValueError:
        return None


def _iri(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST_IRI and _IRI.fullmatch(value) else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def actors_in(statements: Iterable[Statement]) -> dict[str, str]:
    """A name for each actor that says nothing of them: `person 1`, in the order in which they stand there."""
    found: dict[str, str] = {}
    for each in statements:
        found.setdefault(each.actor, f"person {len(found) + 1}")
    return found
