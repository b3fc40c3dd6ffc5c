"""The Trust Registry Query Protocol (ToIP TRQP v2): authorization and recognition queries about the ledger.

Pure: a query and a ledger in, the members of the answer out. What could not be answered is an error and never
`false`. `docs/reference/trqp.md` says how parties, actions and resources are named.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from registry.chain_names import CHAIN
from registry.errors import RegistryError, SettingsError
from registry.language.catalogue import english
from registry.language.said import Original, say
from registry.quality.register import Found, Register, RegisterAnswer, Standing
from registry.recognition.accords import is_accord
from registry.recognition.joint import joint_holders
from registry.recognition.ledger import Accreditation, Kind, Ledger
from registry.recognition.path import Gap, Missing, Path, Reading, find_path, why_not
from registry.recognition.scope import ANY_PROGRAMME, EVERY_LEVEL, NO_NAMES, Scope
from registry.records import BlockRef
from registry.timestamps import write_timestamp
from registry.untrusted.text import marked

AUTHORIZATION_ACTIONS: Final = {"issue": Kind.ACCREDIT_TO_ISSUE, "accredit": Kind.ACCREDIT_TO_ACCREDIT}
"""What a party may be authorized to do, and the accreditation it takes."""
REGISTER_ACTIONS: Final = ("issue",)
"""What a register may be asked for."""
RECOGNITION_ACTIONS: Final = ("recognize", "issue", "accredit")
"""What a recognition may be asked for; it has no actions of its own, so each asks the same."""
ANY_RESOURCE: Final = "any"
RESOURCE_PARTS: Final = ("field", "levels", "types", "jurisdiction", "programme")
LONGEST_TEXT: Final = 1024
"""Longest identifier that is read."""

_PARTY = re.compile(
    rf"(?:(?P<chain>{CHAIN}):"
    r"(?P<contract>0x[0-9a-fA-F]{40})/party/)?(?P<party>[1-9][0-9]{0,19})",
    re.A,
)
_REGISTER = re.compile(r"(?P<mirror>.+)/register/(?P<register>[a-z0-9][a-z0-9-]{0,63})", re.A)
_MOST_PARTIES = 2**64 - 1
_LONGEST_NAME: Final = 120
_MOST_NAMED: Final = 12
"""Holders of a joint decision in the sentence; the answer's members have all of them."""
_LONGEST_CONDITION: Final = 600
_PROGRAMME = re.compile(r"0x[0-9a-fA-F]{64}", re.A)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|\+00:00)", re.A)


class QueryError(RegistryError, ValueError):
    """A query that cannot be answered as it was asked.

    Attributes:
        unknown: whether it is well formed and names what this registry does not know.
    """

    default_code = "query"

    def __init__(self, what: str, *, remedy: str, code: str, unknown: bool = False):
        super().__init__(what, remedy=remedy, code=code)
        self.unknown = unknown


@dataclass(frozen=True, slots=True)
class Registry:
    """Whose parties are asked about: CAIP-2 chain and contract address."""

    chain: str
    contract: str

    def write_party(self, party: int) -> str:
        """`eip155:1:0x…/party/7`: the account of the contract as in CAIP-10, and the party in it."""
        return f"{self.chain}:{self.contract}/party/{party}"

    def read_authority(self, text: str) -> tuple[int, str]:
        """A party, or a register as a party mirrors it: `…/party/12/register/deqar`; the register is "" for a party.

        Raises:
            QueryError: as `read_party`.
        """
        match = _REGISTER.fullmatch(text)
        if match is None:
            return self.read_party(text, "authority_id"), ""
        return self.read_party(match["mirror"], "authority_id"), match["register"]

    def read_party(self, text: str, member: str) -> int:
        """The number of a party that is named in full, or by its number alone.

        Args:
            member: of the query, for the message.

        Raises:
            QueryError: it is no name of a party (code `party-id`), or one of another registry (`party-elsewhere`).
        """
        match = _PARTY.fullmatch(text)
        if match is None or int(match["party"]) > _MOST_PARTIES:
            raise QueryError(
                f"{member} {text[:120]!r} names no party",
                remedy=f"Name it as {self.write_party(7)}, or by its number alone.",
                code="party-id",
            )
        here = (self.chain, self.contract.lower())
        if match["chain"] is not None and (match["chain"], match["contract"].lower()) != here:
            raise QueryError(
                f"{member} {text} is a party of another registry",
                remedy=f"Ask that one; this one answers for {self.chain}:{self.contract}.",
                code="party-elsewhere",
                unknown=True,
            )
        return int(match["party"])


@dataclass(frozen=True, slots=True)
class Query:
    """An authorization or recognition query: its members as they were sent, and what they mean.

    Attributes:
        context: members of the context, all of them texts.
        entity, authority: numbers of the parties.
        scope: what the resource stands for.
        moment: the time asked for, or None for now; UTC.
        register: short name of the one that is asked, as the authority mirrors it; "" where the authority itself is.
    """

    entity_id: str
    authority_id: str
    action: str
    resource: str
    entity: int
    authority: int
    scope: Scope
    moment: datetime | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    register: str = ""


def read_query(members: Mapping[str, Any], registry: Registry) -> Query:
    """The query that a JSON object asks; members it does not know are left out.

    Raises:
        QueryError: a member is missing or no text (code `query`), or it names what cannot be understood (codes
            `party-id`, `party-elsewhere`, `resource`, `time`).
    """
    texts = {name: _text(members, name) for name in ("entity_id", "authority_id", "action", "resource")}
    context = members.get("context")
    context = {} if context is None else context
    if not isinstance(context, Mapping):
        raise _malformed("context is no object")
    context = {name: _text(context, name, "context.") for name in context}
    authority, register = registry.read_authority(texts["authority_id"])
    return Query(
        **texts,
        entity=registry.read_party(texts["entity_id"], "entity_id"),
        authority=authority,
        scope=read_resource(texts["resource"]),
        moment=read_time(context["time"]) if context.get("time") else None,
        context=context,
        register=register,
    )


def read_resource(text: str) -> Scope:
    """The scope that a resource names: `field=0613;levels=6-7;types=bachelor-degree,degree;jurisdiction=HR`, or `any`.

    A part that is left out stands for any; each may be there once. A programme is the SHA-256 of its identifier, `0x…`.

    Raises:
        QueryError: it names no scope (code `resource`).
    """
    if text == ANY_RESOURCE:
        return Scope()
    parts: dict[str, str] = {}
    for piece in text.split(";"):
        name, equals, value = piece.partition("=")
        if name not in RESOURCE_PARTS or name in parts or not equals or not value:
            raise _no_resource(f"{piece[:80]!r} is no part of a resource, or is there twice")
        parts[name] = value
    types = parts["types"].split(",") if "types" in parts else ()
    programme = parts.get("programme")
    if programme is not None and (not _PROGRAMME.fullmatch(programme) or not int(programme, 16)):
        raise _no_resource(f"{programme[:80]!r} is no SHA-256 of a programme's identifier")
    try:
        scope = Scope.from_words(
            parts.get("field", ""), parts.get("levels", "1-8"), types, parts.get("jurisdiction", "")
        )
    except SettingsError as error:
        raise _no_resource(error.what) from None
    return scope if programme is None else replace(scope, programme=bytes.fromhex(programme[2:]))


def write_resource(scope: Scope) -> str:
    """The one form in which this registry names a scope as a resource."""
    lowest, highest = scope.levels
    parts = {
        "field": scope.field,
        "levels": "" if scope.levels == EVERY_LEVEL else f"{lowest}-{highest}" if lowest != highest else str(lowest),
        "types": ",".join(sorted(scope.qualification_types)),
        "jurisdiction": scope.jurisdiction,
        "programme": "" if scope.programme == ANY_PROGRAMME else f"0x{scope.programme.hex()}",
    }
    return ";".join(f"{name}={value}" for name, value in parts.items() if value) or ANY_RESOURCE


def read_time(text: str) -> datetime:
    """A time as TRQP has it: RFC 3339 in UTC, to the whole second below, as blocks have theirs.

    Raises:
        QueryError: it is none (code `time`).
    """
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text.upper()).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise QueryError(
            f"{text[:80]!r} is no time of RFC 3339 in UTC", remedy="Write it as 2026-01-01T00:00:00Z.", code="time"
        ) from None


def answer_authorization(query: Query, ledger: Ledger, now: datetime) -> dict[str, Any]:
    """Whether the authority lets the entity do this: directly, through bodies it accredited, or by a recognition.

    `authorized` is true when one path holds both by what was on record at the time and by what is on record now.

    Args:
        ledger: with the block that it is as of.
        now: the server's time; UTC.

    Raises:
        QueryError: the action is unknown (code `unknown-action`), the time is still to come (`time-to-come`), or was
            not read from the chain yet (`not-yet-read`).
    """
    last = AUTHORIZATION_ACTIONS[_known_action(query, AUTHORIZATION_ACTIONS)]
    moment, as_of = _moment(query, ledger, now)
    answers = {
        reading: find_path(ledger, query.entity, query.scope, moment, {query.authority}, reading, last)
        for reading in Reading
    }
    found = answers[Reading.BOTH]
    if isinstance(found, Path):
        links, missing = found.links, None
        told = f"{_conditions(links)}{_programmes(links)}{_joint(ledger, links)}"
        text = f"Party {query.entity} may {query.action} {query.scope.in_short}{_by(found, ledger)}.{told}"
    else:
        links, missing = (), found
        text = _why_not(found, query)
    readings = {reading: isinstance(answer, Path) for reading, answer in answers.items()}
    return _answer(query, "authorized", moment, as_of, now, text, links, missing, readings, ledger)


def answer_by_register(query: Query, register: Register, as_of: BlockRef, now: datetime) -> dict[str, Any]:
    """Whether a register lists the entity, as its mirror published it: the mirror's statement, and not a body's act.

    `authorized` is true when it holds both by the snapshot of that time and by the newest one.

    Args:
        register: of the query, with the snapshots that its mirror anchored.
        as_of: the block up to which the chain was read.
        now: the server's time; UTC.

    Raises:
        QueryError: as `answer_authorization`, and where the register calls several institutions this party
            (`register-ambiguous`).
    """
    _known_action(query, REGISTER_ACTIONS)
    found = register.ask(query.entity, query.scope, _asked_for(query, now))
    if Standing.AMBIGUOUS in (found.then.standing, found.now.standing):
        raise QueryError(
            f"the register {register.name} calls several institutions party {query.entity}",
            remedy="Ask its mirror which one is meant.",
            code="register-ambiguous",
            unknown=True,
        )
    text = _by_register(query, found)
    return _members(query, "authorized", found.holds, found.moment, as_of, now, text) | {
        "readings": {"as_known_then": found.then.holds, "as_known_now": found.now.holds},
        "path": [],
        "missing": None,
        "register": {
            "register": register.name,
            "mirror": register.mirror,
            "as_known_then": _evidence(found.then),
            "as_known_now": _evidence(found.now),
        },
        "as_of_block": as_of.to_dict(),
    }


def _by_register(query: Query, found: RegisterAnswer) -> str:
    """The sentence for people: what the newest snapshot says, and where the other one differs, that it does."""
    now, then = found.now, found.then
    scope = english().text(query.scope.said_as_stated(NO_NAMES, say("register.whole")))
    told = _STANDINGS[now.standing].format(party=query.entity, scope=scope)
    if now.decision is not None:
        decision = now.decision
        shown = [
            marked(each.name or str(each.identifiers[0]), _LONGEST_NAME) for each in decision.holders[:_MOST_NAMED]
        ]
        names = ", ".join([*shown, "…"] if len(decision.holders) > _MOST_NAMED else shown)
        told += f" It is a joint decision about {names}." if decision.joint else ""
        if now.standing is Standing.CONDITIONAL and decision.condition:
            told += f" The condition: {marked(decision.condition, _LONGEST_CONDITION)}"
    if then.standing is Standing.NOT_PUBLISHED:
        told += " At that time nothing had been published yet."
    elif then.holds != now.holds:
        told += " The snapshot of that time said otherwise."
    if now.publication is not None:
        told += (
            f" So says the register {found.register}, as published by its mirror, party {found.mirror}, at "
            f"{write_timestamp(now.publication.at)}: a statement by a mirror, which the holder did not accept."
        )
        told += "" if now.publication.final is True else " The block of that publication is not final yet."
    return told


_STANDINGS: Final = {
    Standing.HOLDS: "Party {party} is listed for {scope}.",
    Standing.CONDITIONAL: "Party {party} is listed for {scope}, with conditions.",
    Standing.NEGATIVE: "Party {party} is listed with a negative decision for {scope}.",
    Standing.NO_RULING: "Party {party} is listed with a report for {scope}, but without a decision.",
    Standing.LAPSED: "What is listed of party {party} for {scope} had ended.",
    Standing.NOT_YET: "What is listed of party {party} for {scope} had not begun.",
    Standing.OTHER_SCOPE: "Party {party} is listed, but not for {scope}.",
    Standing.NOT_LISTED: "Party {party} is not listed.",
}


def _evidence(found: Found) -> dict[str, Any]:
    """What one snapshot says, and by what that can be checked."""
    decision, publication = found.decision, found.publication
    return {
        "standing": str(found.standing),
        "snapshot_root": None if publication is None else f"0x{publication.root.hex()}",
        "published_at": None if publication is None else write_timestamp(publication.at),
        "published_block": None if publication is None else publication.block,
        "final": None if publication is None else publication.final,
        "decision": None if found.digest is None else found.digest.hex(),
        "ruling": None if decision is None else str(decision.ruling),
        "valid_from": None if decision is None else decision.valid_from.isoformat(),
        "valid_until": None if decision is None or decision.valid_until is None else decision.valid_until.isoformat(),
        "end_assumed": None if decision is None else decision.end_assumed,
        "obligatory": None if decision is None else decision.obligatory,
        "condition": None if decision is None or not decision.condition else decision.condition,
        "holders": []
        if decision is None
        else [
            {"identifiers": [str(name) for name in each.identifiers], "name": each.name, "party": each.party}
            for each in decision.holders
        ],
        "evidence": [] if decision is None else [each.uri for each in decision.evidence],
    }


def answer_recognition(query: Query, ledger: Ledger, now: datetime) -> dict[str, Any]:
    """Whether the authority itself recognises the entity for this; recognitions are one-way and never passed on.

    `recognized` is true when one recognition holds both by what was on record at the time and by what is on record now.

    Args:
        ledger: with the block that it is as of.
        now: the server's time; UTC.

    Raises:
        QueryError: as `answer_authorization`.
    """
    _known_action(query, RECOGNITION_ACTIONS)
    moment, as_of = _moment(query, ledger, now)
    recognitions = [
        link for link in ledger.held_by(query.entity) if link.kind is Kind.RECOGNISE and link.body == query.authority
    ]
    gaps = {
        reading: {link.id: why_not(link, query.scope, moment, reading) for link in recognitions} for reading in Reading
    }
    holding = tuple(link for link in recognitions if gaps[Reading.BOTH][link.id] is None)[:1]
    missing = None
    if holding:
        text = (
            f"Body {query.authority} recognises party {query.entity} for {query.scope.in_short}.{_conditions(holding)}"
        )
    else:
        # The newest says most of how things stand.
        missing = gaps[Reading.BOTH][recognitions[-1].id] if recognitions else _nothing_said(query)
        text = missing.text if missing else ""
    readings = {reading: None in found.values() for reading, found in gaps.items()}
    return _answer(query, "recognized", moment, as_of, now, text, holding, missing, readings, ledger)


def _answer(
    query: Query,
    member: str,
    moment: datetime,
    as_of: BlockRef,
    now: datetime,
    text: str,
    links: tuple[Accreditation, ...],
    missing: Missing | None,
    readings: Mapping[Reading, bool],
    ledger: Ledger,
) -> dict[str, Any]:
    """The members of TRQP in its order, then ours, which it leaves room for."""
    return _members(query, member, bool(links), moment, as_of, now, text) | {
        "readings": {
            "as_known_then": readings[Reading.AS_KNOWN_THEN],
            "as_known_now": readings[Reading.AS_KNOWN_NOW],
        },
        "path": [_link(link, ledger) for link in links],
        "missing": None if missing is None else missing.to_dict(),
        "as_of_block": as_of.to_dict(),
    }


def _members(
    query: Query, member: str, is_so: bool, moment: datetime, as_of: BlockRef, now: datetime, text: str
) -> dict[str, Any]:
    """Those that every answer has."""
    answer: dict[str, Any] = {
        "entity_id": query.entity_id,
        "authority_id": query.authority_id,
        "action": query.action,
        "resource": query.resource,
        member: is_so,
        "time_evaluated": write_timestamp(now),
        "message": f"{text} As of block {as_of.number}.",
        "context": dict(query.context),
    }
    if query.moment is not None:
        answer["time_requested"] = query.context["time"]
    return answer | {"moment": write_timestamp(moment)}


def link_members(link: Accreditation) -> dict[str, Any]:
    """A link of a path, for JSON: what every answer says of it."""
    return {
        "accreditation": link.id,
        "kind": link.kind.value,
        "body": link.body,
        "holder": link.holder,
        "resource": write_resource(link.scope),
    }


def _link(link: Accreditation, ledger: Ledger) -> dict[str, Any]:
    return link_members(link) | {
        "condition_hash": f"0x{link.condition_hash.hex()}" if link.is_conditional else None,
        "joint_holders": list(joint_holders(ledger, link)),
    }


def _conditions(links: tuple[Accreditation, ...]) -> str:
    numbers = ", ".join(str(link.id) for link in links if link.is_conditional)
    return f" That is conditional (number {numbers})." if numbers else ""


def _programmes(links: tuple[Accreditation, ...]) -> str:
    numbers = ", ".join(str(link.id) for link in links if link.scope.programme != ANY_PROGRAMME)
    return f" That is for one programme alone (number {numbers})." if numbers else ""


def _joint(ledger: Ledger, links: tuple[Accreditation, ...]) -> str:
    told = [(link.id, joint_holders(ledger, link)) for link in links]
    return "".join(
        f" Number {number} is one joint decision about parties {', '.join(map(str, holders))}."
        for number, holders in told
        if holders
    )


def _by(path: Path, ledger: Ledger) -> str:
    def named(body: int) -> str:
        return f"the accord (party {body})" if is_accord(ledger, body, path.moment) else f"body {body}"

    bodies = ", itself accredited by ".join(named(link.body) for link in reversed(path.accreditations))
    by = f": accredited by {bodies}" if bodies else ""
    agreement = path.recognition
    return by + (f", which body {agreement.body} recognises" if agreement else "")


def _why_not(missing: Missing, query: Query) -> str:
    """The sentence for people; a verifier's "body that you trust" is the authority here."""
    if missing.gap is Gap.NO_AGREEMENT:
        return (
            f"No agreement on record between body {missing.party}, from which the accreditations of party "
            f"{query.entity} come, and body {query.authority}."
        )
    return missing.text


def _nothing_said(query: Query) -> Missing:
    text = f"No agreement on record: body {query.authority} has not recognised party {query.entity}."
    return Missing(Gap.NO_AGREEMENT, query.entity, None, 1, (Original(text),))


def _known_action(query: Query, actions: Collection[str]) -> str:
    if query.action not in actions:
        raise QueryError(
            f"{query.action[:80]!r} is no action of this registry",
            remedy=f"The actions are {', '.join(actions)}.",
            code="unknown-action",
            unknown=True,
        )
    return query.action


def _moment(query: Query, ledger: Ledger, now: datetime) -> tuple[datetime, BlockRef]:
    """The time to answer for and the block that the ledger is as of; not one of which nothing can be known."""
    if ledger.as_of is None:
        raise QueryError(
            "the chain has not been read yet, so nothing can be said", remedy="Ask again later.", code="not-yet-read"
        )
    return _asked_for(query, now), ledger.as_of


def _asked_for(query: Query, now: datetime) -> datetime:
    """The time that is meant; not one that is still to come."""
    now = now.replace(microsecond=0)
    if query.moment is not None and query.moment > now:
        raise QueryError(
            f"{write_timestamp(query.moment)} is still to come, and what holds then is not on record",
            remedy="Ask for a time that has passed, or for none.",
            code="time-to-come",
        )
    return query.moment or now


def _text(members: Mapping[str, Any], name: str, where: str = "") -> str:
    value = members.get(name)
    if not isinstance(value, str) or (not value and not where) or len(value) > LONGEST_TEXT:
        raise _malformed(f"{where}{name} is no text of 1 to {LONGEST_TEXT} characters")
    return value


def _malformed(what: str) -> QueryError:
    return QueryError(
        what,
        remedy="Send entity_id, authority_id, action and resource, and in context only texts, such as time.",
        code="query",
    )


def _no_resource(what: str) -> QueryError:
    return QueryError(
        what,
        remedy=f"Write it as field=0613;levels=6-7;types=bachelor-degree;jurisdiction=HR, or {ANY_RESOURCE}.",
        code="resource",
    )
