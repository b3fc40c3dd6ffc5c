"""`/v1/registers` and `/v1/accredited`: what registers of quality decisions say, and the question that people ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response, StreamingResponse

from registry.errors import RegistryError, SettingsError
from registry.quality.decision import Identifier, QualityDecision
from registry.quality.register import Register, read_identifier
from registry.recognition.ledger import Ledger
from registry.recognition.scope import country, hash_of_programme
from registry.service import examples
from registry.service.caching import BY_ACCEPT, REVALIDATE, answer
from registry.service.horizon import AsOf
from registry.service.parameters import Limit, link_to
from registry.service.registers import Registers, placed_members, registers_of, unknown_register
from registry.service.service import Service, service_of
from registry.service.told import Told, as_json
from registry.service.trust import IndexedFacts, facts_of
from registry.timestamps import past_moment
from registry.untrusted.cells import csv_lines
from registry.untrusted.hashes import read_hash
from registry.verifier.registers import unreadable
from registry.verify.policy import Policy
from registry.verify.question import Accredited, Question, decision_members, policy_here
from registry.verify.question import answer as answer_question
from registry.verify.registers import AtHand

LONGEST: Final = 2_000
ROWS_A_PIECE: Final = 500
COLUMNS: Final = (
    "digest", "register", "agency", "number", "subject", "ruling", "valid_from", "valid_until", "end_assumed",
    "obligatory", "holders", "parties", "countries", "programmes", "levels", "fields", "condition", "evidence",
    "replaces", "replaced_by",
)  # fmt: skip
"""Of a table of decisions."""

_EXAMPLE_DECISION: Final[dict[str, Any]] = {
    "digest": examples.DIGEST,
    "type": "TestamurQualityDecision",
    "version": 1,
    "register": "deqar",
    "agency": {"id": "deqar-agency:33", "name": "Agency of Examples"},
    "number": "A-1",
    "subject": "programme",
    "ruling": "conditional",
    "validFrom": "2024-01-01",
    "validUntil": "2030-01-01",
    "condition": "Two more members of staff by 2026.",
    "holders": [
        {"identifiers": ["deqar:DEQARINST0001"], "name": "University of Examples", "country": "HR", "party": 7}
    ],
    "programmes": [{"identifiers": ["uri:https://uni.example/msc-data"], "name": "Data Science", "levels": [7, 7]}],
}
_SNAPSHOT: Final[dict[str, Any]] = {
    "root": examples.ROOT,
    "block": 21_000_000,
    "publishedAt": "2026-01-01T12:00:12Z",
    "final": True,
}
_EXAMPLE_FILE: Final[dict[str, Any]] = {
    "file": "deqar.register",
    "register": "deqar",
    "name": "DEQAR",
    "uri": "https://data.deqar.eu",
    "mirror": {"chain": "eip155:1", "contract": examples.RECEIPT["anchor"]["contract"], "party": 12},
    "issuer": "did:web:agency.example",
    "root": examples.ROOT,
    "leafCount": 61_204,
    "decisions": 35_000,
    "madeAt": "2026-01-01T11:58:00Z",
    "source": {
        "name": "deqar.csv",
        "sha256": "ab" * 32,
        "bytes": 41_238_992,
        "retrieved": "2026-01-01T08:00:00Z",
    },
    "previous": None,
    "rules": ["A report without an end holds for six years."],
    "leftOut": {"date-ambiguous": 2},
    "isUsed": True,
    "notUsed": None,
    "block": 21_000_000,
    "publishedAt": "2026-01-01T12:00:12Z",
    "final": True,
}
_EXAMPLE_ANSWER: Final[dict[str, Any]] = {
    "type": "TestamurAccredited",
    "version": 1,
    "answer": "yes, with a warning",
    "exitCode": 0,
    "question": {
        "party": 7,
        "programme": "https://uni.example/msc-data",
        "resource": "programme=0x" + "3d" * 32,
        "moment": "2026-01-02T00:00:00Z",
        "bodies": [],
    },
    "onChain": None,
    "registers": [
        {
            "register": "deqar",
            "mirror": 12,
            "name": "DEQAR, mirrored by party 12",
            "outcome": "pass",
            "code": "register-conditional",
            "text": "Party 7 (“University of Examples” in the register): on 2026-01-02T00:00:00Z listed …",
            "asKnownThen": {
                "standing": "holds-with-conditions", "snapshot": _SNAPSHOT, "decision": _EXAMPLE_DECISION
            },
            "asKnownNow": {"standing": "holds-with-conditions", "snapshot": _SNAPSHOT, "decision": _EXAMPLE_DECISION},
        }
    ],
    "chain": "eip155:1",
    "asOf": examples.AS_OF,
}  # fmt: skip


class Form(StrEnum):
    """How decisions are written: a page of JSON, or all that match."""

    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"


_TYPES: Final = {Form.CSV: "text/csv; charset=utf-8", Form.NDJSON: "application/x-ndjson"}

RegisterName = Annotated[
    str, Path(pattern="^[a-z0-9][a-z0-9-]{0,63}$", description="Short name of the register.", examples=["deqar"])
]
Mirror = Annotated[
    int | None,
    Query(ge=1, lt=2**53, description="The party whose snapshots are asked; needed where there are several."),
]
HolderName = Annotated[
    str | None,
    Query(max_length=1_100, description="An institution, by an identifier.", examples=["deqar:DEQARINST0001"]),
]
HolderParty = Annotated[int | None, Query(ge=1, lt=2**63, description="An institution, by its number on the chain.")]
ProgrammeName = Annotated[
    str | None, Query(max_length=LONGEST, description="A programme, by the identifier that its credentials state.")
]
Day = Annotated[
    str | None,
    Query(max_length=40, description="Only what was in force on this day.", examples=["2026-01-01"]),
]
AskedAt = Annotated[str | None, Query(max_length=40, description="For when; default: now.", examples=["2026-01-01"])]
Digest = Annotated[str | None, Query(max_length=80, description="`next` of the page before.", examples=["ab" * 32])]

router = APIRouter(prefix="/v1", tags=["registers"])


@router.get(
    "/registers",
    summary="Snapshots of registers of quality decisions, and whether and when their mirrors anchored them.",
    responses=examples.ok({"registers": [_EXAMPLE_FILE], "unreadable": [], "asOf": examples.AS_OF}),
)
async def registers(request: Request) -> Response:
    return await as_json(request, "cursor", registers_told, registers_of(request))


def registers_told(known: Registers) -> Told:
    """Every file of the folder; raises as `Registers.placed`."""
    placed, as_of = known.placed()
    broken = [
        {"file": each.name, "code": each.error.code, "detail": str(each.error.public)}
        for each in known.unreadable
        if each.error is not None
    ]
    return Told({"registers": [placed_members(each) for each in placed], "unreadable": broken}, as_of)


class Wanted:
    """Which decisions are wanted.

    Args:
        holder: an identifier with its scheme.
        programme: identifier of a programme.
        at: a day or moment.

    Raises:
        SettingsError: one of them makes no sense.
    """

    def __init__(self, holder: str | None, party: int | None, programme: str | None, at: str | None):
        self.holder: Identifier | None = None
        if holder is not None:
            try:
                self.holder = read_identifier(holder)
            except ValueError as error:
                raise SettingsError(
                    str(error), where="holder", remedy="Write it as the register does.", code="parameter"
                ) from None
        self.party = party
        self.programme = hash_of_programme(programme) if programme else None
        moment = past_moment(at, "at", datetime.now(UTC))
        self.day = None if moment is None else moment.date()

    def of(self, register: Register) -> Iterator[tuple[bytes, QualityDecision]]:
        """Those of the newest snapshot, by the digests of their leaves."""
        index = register.newest.index
        return (
            each
            for each in index.listed
            if self._wants(each[1]) and (self.day is None or each[0] not in index.replaced)
        )

    def _wants(self, decision: QualityDecision) -> bool:
        holders = decision.holders
        return (
            (self.holder is None or any(self.holder in each.identifiers for each in holders))
            and (self.party is None or any(each.party == self.party for each in holders))
            and (self.day is None or decision.holds_on(self.day))
            and (self.programme is None or self.programme in _programmes(decision))
        )


def _programmes(decision: QualityDecision) -> set[bytes]:
    """The hashes by which its programmes may be asked for."""
    return {
        hash_of_programme(text)
        for each in decision.programmes
        for text in ([name.value for name in each.identifiers] or [each.name])
        if text.strip()
    }


@router.get(
    "/registers/{register}",
    summary="The snapshots of one register, and whether and when their mirrors anchored them; the newest last.",
    responses=examples.ok({"registers": [_EXAMPLE_FILE], "asOf": examples.AS_OF}),
)
async def register(request: Request, register: RegisterName, mirror: Mirror = None) -> Response:
    return await as_json(request, "cursor", register_told, registers_of(request), register, mirror)


def register_told(known: Registers, register: str, mirror: int | None) -> Told:
    """The snapshots of one register; raises NotHere where there is none (`unknown-register`)."""
    placed, as_of = known.placed()
    found = [
        placed_members(each)
        for each in placed
        if each.snapshot.manifest.register == register and mirror in (None, each.snapshot.manifest.party)
    ]
    if not found:
        raise unknown_register(register, as_of, mirror=mirror)
    return Told({"registers": found}, as_of)


@router.get(
    "/registers/{register}/decisions",
    summary="Decisions of a register's newest snapshot, by digest; a page of JSON, or all as CSV or NDJSON.",
    responses={
        200: {
            "description": "The decisions.",
            "content": {
                "application/json": {
                    "example": {
                        "register": "deqar",
                        "mirror": 12,
                        "snapshot": _SNAPSHOT,
                        "decisions": [_EXAMPLE_DECISION],
                        "next": None,
                        "asOf": examples.AS_OF,
                    }
                },
                **{kind.partition(";")[0]: {} for kind in _TYPES.values()},
            },
        }
    },
)
async def decisions(
    request: Request,
    register: RegisterName,
    mirror: Mirror = None,
    holder: HolderName = None,
    party: HolderParty = None,
    programme: ProgrammeName = None,
    at: Day = None,
    form: Annotated[
        Form | None, Query(alias="format", description="How they are written; default: by the header Accept.")
    ] = None,
    cursor: Digest = None,
    limit: Limit = 100,
) -> Response:
    wanted, known = Wanted(holder, party, programme, at), registers_of(request)
    chosen = form or _accepted(request)
    if chosen is not Form.JSON:
        return await service_of(request).in_thread(_table, known, register, mirror, wanted, chosen)

    def written() -> Response:
        told = decisions_told(known, register, mirror, wanted, after_of(cursor), limit)
        headers = link_to(request, told.following) | BY_ACCEPT
        return answer(request, told.content, told.as_of, headers=headers)

    return await service_of(request).in_thread(written)


def decisions_told(
    known: Registers, register: str, mirror: int | None, wanted: Wanted, after: bytes, limit: int
) -> Told:
    """A page of decisions by digest, from the one after a digest on; raises as `Registers.named`."""
    found = known.register(known.named(register, mirror))
    _, as_of = known.placed()
    page = list(islice((each for each in wanted.of(found) if each[0] > after), limit + 1))
    shown = page[:limit]
    following = shown[-1][0].hex() if len(page) > limit else None
    content = {
        "register": found.name,
        "mirror": found.mirror,
        "snapshot": found.newest.publication.to_dict(),
        "decisions": [listed_members(found, decision, digest) for digest, decision in shown],
        "next": following,
    }
    return Told(content, as_of, following)


def listed_members(register: Register, decision: QualityDecision, digest: bytes) -> dict[str, Any]:
    """A decision for JSON; of one that counts no more, `replacedBy` is the digest of the one that replaces it."""
    members = decision_members(decision, digest)
    by = register.newest.index.replaced.get(digest)
    return members if by is None else members | {"replacedBy": by.hex()}


def after_of(cursor: str | None) -> bytes:
    """The digest that a cursor names; raises SettingsError where it is none of ours."""
    if cursor is None:
        return b""
    try:
        return read_hash(cursor)
    except ValueError:
        raise SettingsError(
            "the cursor is not one", where=cursor[:80], remedy="Pass `next` as it came.", code="cursor"
        ) from None


def _accepted(request: Request) -> Form:
    accepted = request.headers.get("accept", "")
    return next((form for form, kind in _TYPES.items() if kind.partition(";")[0] in accepted), Form.JSON)


def _table(known: Registers, name: str, mirror: int | None, wanted: Wanted, form: Form) -> Response:
    register = known.register(known.named(name, mirror))
    _, as_of = known.placed()
    writers: dict[Form, Callable[[Register, Iterable[tuple[bytes, QualityDecision]]], Iterator[bytes]]] = {
        Form.CSV: _as_csv,
        Form.NDJSON: _as_ndjson,
    }
    root = register.newest.publication.root.hex()
    headers = {
        "Cache-Control": REVALIDATE,
        "Content-Disposition": f'attachment; filename="{register.name}-{root[:12]}.{form}"',
    } | BY_ACCEPT
    response = StreamingResponse(writers[form](register, wanted.of(register)), media_type=_TYPES[form], headers=headers)
    response.raw_headers += as_of.headers
    return response


def _as_ndjson(register: Register, found: Iterable[tuple[bytes, QualityDecision]]) -> Iterator[bytes]:
    """A JSON object a line."""
    for some in _pieces(found):
        yield b"".join(orjson.dumps(listed_members(register, decision, digest)) + b"\n" for digest, decision in some)


def _as_csv(register: Register, found: Iterable[tuple[bytes, QualityDecision]]) -> Iterator[bytes]:
    """RFC 4180, with a line of names; no cell is a formula."""
    yield csv_lines([COLUMNS])
    for some in _pieces(found):
        yield csv_lines([_cells(register, decision, digest) for digest, decision in some])


def _pieces(found: Iterable[tuple[bytes, QualityDecision]]) -> Iterator[list[tuple[bytes, QualityDecision]]]:
    source = iter(found)
    while some := list(islice(source, ROWS_A_PIECE)):
        yield some


def _cells(register: Register, decision: QualityDecision, digest: bytes) -> list[str]:
    holders, programmes = decision.holders, decision.programmes
    obligatory = "" if decision.obligatory is None else "yes" if decision.obligatory else "no"
    return [
        digest.hex(),
        decision.register,
        str(decision.agency),
        decision.number,
        str(decision.subject),
        str(decision.ruling),
        decision.valid_from.isoformat(),
        "" if decision.valid_until is None else decision.valid_until.isoformat(),
        "yes" if decision.end_assumed else "no",
        obligatory,
        "; ".join(f"{each.name} ({', '.join(map(str, each.identifiers))})" for each in holders),
        "; ".join("" if each.party is None else str(each.party) for each in holders),
        "; ".join(each.country for each in holders),
        "; ".join(f"{each.name} ({', '.join(map(str, each.identifiers))})" for each in programmes),
        "; ".join("" if each.levels is None else "-".join(map(str, each.levels)) for each in programmes),
        "; ".join(",".join(each.fields) for each in programmes),
        decision.condition,
        "; ".join(each.uri for each in decision.evidence),
        "" if decision.replaces is None else decision.replaces.hex(),
        register.newest.index.replaced.get(digest, b"").hex(),
    ]


@router.get(
    "/accredited",
    summary="Was this programme or institution accredited then, and is it recognised here? From chain and registers.",
    description="The bodies are those of the service's policy, or the one that is named. Registers are those of the "
    "policy, or where it names none, all that are here: what each says is a statement by its mirror.",
    responses=examples.ok(_EXAMPLE_ANSWER),
)
async def accredited(
    request: Request,
    party: Annotated[int, Query(ge=1, lt=2**63, description="The institution, by its number.", examples=[7])],
    programme: ProgrammeName = None,
    field: Annotated[str, Query(max_length=4, description="ISCED-F 2013 code.")] = "",
    levels: Annotated[str, Query(max_length=10, description="EQF levels, such as 6-7.")] = "1-8",
    types: Annotated[
        list[str] | None, Query(alias="type", max_length=32, description="Type of qualification; repeatable.")
    ] = None,
    jurisdiction: Annotated[str, Query(max_length=3, description="Where it is offered, ISO 3166-1.")] = "",
    at: AskedAt = None,
    body: Annotated[int | None, Query(ge=1, lt=2**63, description="Go by this body alone.")] = None,
    here: Annotated[str, Query(max_length=3, description="Go by the bodies of this country, as the policy says.")] = "",
) -> Response:
    asked = question_of(party, programme, field, levels, types, jurisdiction, at)
    service, facts, known = service_of(request), facts_of(request), registers_of(request)
    policy = policy_of(request)

    def written() -> Response:
        found, as_of = accredited_told(service, facts, known, asked, policy, here, body)
        content = {name: value for name, value in found.to_dict().items() if name != "asOf"}
        return answer(request, content, as_of)

    return await service.in_thread(written)


def question_of(
    party: int,
    programme: str | None,
    field: str,
    levels: str,
    types: list[str] | None,
    jurisdiction: str,
    at: str | None,
) -> Question:
    """The question that parameters ask; raises SettingsError where one makes no sense."""
    now = datetime.now(UTC).replace(microsecond=0)
    return Question.of(
        party,
        past_moment(at, "at", now) or now,
        programme=programme or "",
        field=field,
        levels=levels or "1-8",
        types=[each for each in types or () if each],
        jurisdiction=jurisdiction,
    )


def policy_of(request: Request) -> Policy:
    """The policy of the service; an empty one where it has none."""
    verifying = request.app.state.verifying
    found: Policy | None = None if verifying is None else verifying.policy
    return found or Policy()


def accredited_told(
    service: Service,
    facts: IndexedFacts,
    known: Registers,
    question: Question,
    policy: Policy,
    here: str = "",
    body: int | None = None,
) -> tuple[Accredited, AsOf]:
    """The answer from the index and from the folder of registers.

    Raises:
        NotHere: nobody registered the party, or the index cannot say (codes of `registry.service.reach`).
        SettingsError: nobody is named whose word counts.
    """
    as_of = service.horizon.current()
    service.party(question.party, as_of)
    asked = policy_here(policy, country(here), body)
    if not asked.registers:
        # What the policy says of its chain stays: its numbers are other parties on another one.
        chain = asked.chain or service.index.chain
        asked = asked.model_copy(update={"registers": known.all_known(), "chain": chain})
    ledger: Ledger = facts.ledger(question.moment)
    at_hand: list[AtHand] = []
    for each in asked.registers:
        try:
            at_hand.append(known.register(each))
        except RegistryError as error:
            at_hand.append(unreadable(each, error))
    found = answer_question(question, asked, chain=service.index.chain, ledger=ledger, registers=tuple(at_hand))
    return found, as_of
