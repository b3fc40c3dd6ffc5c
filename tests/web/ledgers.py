"""Ledgers at random, with paths in them as often as not, and credentials that state something of their scope."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any, Final

from registry.language.said import listed, say
from registry.recognition.ledger import Accreditation, Change, Kind, Ledger, State
from registry.recognition.scope import ANY_PROGRAMME, Scope, hash_of_programme
from registry.records import BlockRef
from registry.untrusted.text import marked
from registry.verify.policy import KnownCondition, KnownParty, KnownProgramme, KnownRegister, Policy
from registry.verify.verdict import Code, FactsUnavailable
from tests.web.made import NAMES, facts_json, hexed, unix

ANCHORED: Final = datetime(2026, 1, 1, tzinfo=UTC)
ISSUER: Final = 7
BODIES: Final = (3, 4, 5, 6, 8, 9)
PROGRAMMES: Final = ("https://uni.example/medicine", "urn:programme:2", "x" * 2_000)
HASHES: Final = (ANY_PROGRAMME, *map(hash_of_programme, PROGRAMMES))
CONDITIONS: Final = ("Hire two professors by 2027.\n", "  x\u202e\t" + "\U0001f600" * 600)
CONDITION_HASHES: Final = tuple(sha256(each.encode()).digest() for each in CONDITIONS)
EVIDENCE: Final = (bytes(32), b"e" * 32, b"e" * 32)
FIELDS: Final = ("", "", "06", "061", "0613", "0612", "09")
TYPES: Final = ("bachelor-degree", "master-degree", "badge", "type-27")
PLACES: Final = ("", "", "", "HR", "SI", "999")
NAMED: Final[list[Any]] = [
    "BachelorDegree",
    "Bachelor-Degree",
    " MasterDegree ",
    "Badge",
    "ext:Badge",
    "Kursus",
    5,
    None,
    ["Badge"],
]
CODES: Final[list[Any]] = [
    "0613", "06", "6", "0613x", "061\n", "http://data.europa.eu/isced-f/0613", "https://x.example/ISCED-F/061/", "",
    613, None, "10",
]  # fmt: skip
URLS: Final[list[Any]] = [
    "http://data.europa.eu/isced-f/0613", "http://data.europa.eu/isced-f/0613/", "HTTP://X/ISCED-F/0612",
    "http://data.europa.eu/isced-f/99", "http://data.europa.eu/snb/eqf/6", "http://data.europa.eu/snb/EQF/7/", "http://x/eqf/9",
    "http://x/eqf/6?a", " http://x/eqf/5 ", "http://x/i\u017fced-f/06", "x" * 201, "\U0001f600" * 200, 7, None, "",
]  # fmt: skip
FRAMEWORKS: Final[list[Any]] = [
    "ISCED-F 2013", "isced", "I\u017fCED", "EQF", "eqf for lifelong learning", "European Qualifications Framework",
    "EUROPEAN QUALIFICATION\u017f FRAMEWORK", "Stra\u00dfe", None, "", ["EQF"], "SeQF",
]  # fmt: skip
TARGETS: Final[list[Any]] = [
    "0613",
    "0612",
    "6",
    "EQF 6",
    "eqf-7",
    "EQF level 5",
    "Level 6",
    " 7 ",
    "9",
    "EQF6",
    "06130",
    None,
    6,
    "\u0666",
]


def scope(chance: random.Random) -> Scope:
    """What an accreditation may be for: mostly wide."""
    lowest = chance.choice([1, 1, 1, 5, 6])
    return Scope(
        chance.choice(FIELDS),
        (lowest, chance.choice([8, 8, 8, 7, 6])),
        frozenset(chance.sample(TYPES, chance.choice([0, 0, 0, 1, 2]))),
        chance.choice(PLACES),
        chance.choice([ANY_PROGRAMME] * 4 + list(HASHES)),
    )


def moment(chance: random.Random) -> datetime:
    """Before the anchor, at it, or after."""
    return ANCHORED + timedelta(days=chance.choice([-400, -30, -1, 0, 1, 30, 30]))


def changes(chance: random.Random, kind: Kind) -> tuple[Change, ...]:
    """The story of a link: mostly made and kept, or else suspended, withdrawn or void, some of it after the fact."""
    start = ANCHORED - timedelta(days=1_000)
    recorded = chance.choice([start, start, start, ANCHORED + timedelta(days=10)])
    told = [Change(State.ACTIVE if kind is Kind.RECOGNISE else State.OFFERED, recorded, start)]
    later: list[State] = []
    if kind is not Kind.RECOGNISE:
        later = chance.choice([[State.ACTIVE]] * 9 + [[], [State.REFUSED]])
    if State.ACTIVE in later or kind is Kind.RECOGNISE:
        later += chance.choice(
            [[]] * 6
            + [
                [State.SUSPENDED],
                [State.SUSPENDED, State.ACTIVE],
                [State.WITHDRAWN],
                [State.VOID],
                [State.WITHDRAWN, State.VOID],
            ]
        )
    for state in later:
        recorded = max(recorded, start if state is State.ACTIVE and chance.random() < 0.7 else moment(chance))
        # What was declared may have taken effect before it was recorded, or only later.
        told.append(Change(state, recorded, chance.choice([recorded, start, moment(chance)])))
    return tuple(told)


def link(chance: random.Random, number: int, body: int, holder: int, kind: Kind) -> Accreditation:
    """One accreditation or recognition; many have nothing about them."""
    if chance.random() < (0.3 if kind is Kind.RECOGNISE else 0.6):
        return plain(
            chance,
            number,
            body,
            holder,
            kind,
            chance.choice([Scope(), Scope(), Scope("06"), Scope(programme=HASHES[1]), scope(chance)]),
        )
    ends = chance.choice([4_000] * 12 + [0, -10, 1])
    return Accreditation(
        number,
        body,
        holder,
        kind,
        chance.choice([Scope(), Scope(), Scope("06"), Scope(programme=HASHES[1]), scope(chance)]),
        ANCHORED - timedelta(days=chance.choice([1_000] * 12 + [0, -1])),
        None if kind is Kind.RECOGNISE and chance.random() < 0.5 else ANCHORED + timedelta(days=ends),
        chance.choice(EVIDENCE),
        "",
        changes(chance, kind),
        chance.choice([bytes(32)] * 3 + [b"c" * 32, *CONDITION_HASHES]),
    )


def plain(chance: random.Random, number: int, body: int, holder: int, kind: Kind, about: Scope) -> Accreditation:
    """One that holds, for years."""
    begun, ends = ANCHORED - timedelta(days=1_000), ANCHORED + timedelta(days=1_000)
    told = (Change(State.ACTIVE, begun, begun),)
    return Accreditation(number, body, holder, kind, about, begun, ends, chance.choice(EVIDENCE), "", told)


def ledger(chance: random.Random) -> Ledger:
    """A way from body 3 or 4 to the issuer, mostly, and others beside it."""
    sides: list[tuple[int, int, Kind]] = []
    if chance.random() < 0.85:
        way = [ISSUER, *chance.sample(BODIES[1:-1], chance.choice([0, 0, 0, 1, 2, 4])), chance.choice([3, 9])]
        way = list(dict.fromkeys(way))
        for at, (holder, body) in enumerate(pairwise(way)):
            sides.append((body, holder, Kind.ACCREDIT_TO_ACCREDIT if at else Kind.ACCREDIT_TO_ISSUE))
        if way[-1] == 9:
            sides += [(3, 9, Kind.RECOGNISE)] * chance.choice([0, 1, 1, 1, 2])
        # A member of an accord recognises it.
        sides += [(holder, body, Kind.RECOGNISE) for body, holder, kind in sides if chance.random() < 0.3]
    kinds: list[Callable[[], Kind]] = [lambda: Kind.ACCREDIT_TO_ISSUE, lambda: chance.choice(list(Kind))]
    for _ in range(chance.choice([0, 0, 1, 3, 8])):
        holder = chance.choice([ISSUER, *BODIES])
        body = chance.choice([each for each in BODIES if each != holder])
        sides.append((body, holder, chance.choice(kinds)()))
    chance.shuffle(sides)
    at = chance.choice([ANCHORED + timedelta(days=50)] * 15 + [ANCHORED - timedelta(days=1)])
    as_of = chance.choice([None, BlockRef(200, b"h" * 32, at), BlockRef(200, b"h" * 32, at)])
    links = [link(chance, number, *each) for number, each in enumerate(sides, 1)]
    return Ledger((*links, *(other_holders(chance, links) if chance.random() < 0.5 else ())), as_of)


def of_an_accord(chance: random.Random) -> Ledger:
    """A way to the issuer through an accord whose member accredits one programme, mostly of several holders."""
    about = chance.choice([Scope(), *[Scope(programme=HASHES[1])] * 4, Scope(programme=HASHES[2])])
    sides = [
        (9, 4, Kind.ACCREDIT_TO_ACCREDIT),
        (4, 9, Kind.RECOGNISE),
        (3, 9, Kind.RECOGNISE),
        (4, ISSUER, Kind.ACCREDIT_TO_ISSUE),
    ]
    if chance.random() < 0.2:
        del sides[chance.choice([0, 1])]
    links = [
        plain(chance, number, body, holder, kind, about if holder == ISSUER else Scope())
        for number, (body, holder, kind) in enumerate(sides, 1)
    ]
    links[-1] = replace(links[-1], condition_hash=chance.choice([bytes(32), b"c" * 32, *CONDITION_HASHES]))
    return Ledger((*links, *other_holders(chance, links)), None)


def other_holders(chance: random.Random, links: list[Accreditation]) -> Iterator[Accreditation]:
    """The same decisions about others; nearly the same, now and then, and with many holders."""
    number = len(links)
    for each in links:
        if each.kind is Kind.RECOGNISE or each.scope.programme == ANY_PROGRAMME:
            continue
        for holder in range(20, 20 + chance.choice([1, 2, 80])):
            number += 1
            story = chance.choice([each.changes] * 3 + [changes(chance, each.kind)])
            made = replace(each, id=number, holder=holder, changes=story)
            yield chance.choice([made] * 4 + [replace(made, valid_until=None), replace(made, evidence_hash=b"f" * 32)])


def ledger_or_not(chance: random.Random) -> Ledger | FactsUnavailable | None:
    """A ledger, mostly."""
    if chance.random() < 0.03:
        return chance.choice([None, FactsUnavailable("not-proved", "it is not proved", "Ask another")])
    return ledger(chance)


def policy(chance: random.Random) -> Policy:
    """One that names bodies, mostly."""
    bodies = {
        number: chance.choice(["Agency", "Agentur für Bildung", "M\u202ex"])
        for number in chance.choice([[3], [3], [3], [3, 4], [5], []])
    }
    return Policy(
        chain=chance.choice([None] * 6 + ["eip155:1"] * 6 + ["eip155:10"]),
        jurisdiction=chance.choice(["", "", "HR", "191", "si"]),
        require=bool(bodies) and chance.random() < 0.3,
        bodies=tuple(KnownParty(party=number, name=name) for number, name in bodies.items()),
        issuers=chance.choice([(), (), (KnownParty(party=7, name=chance.choice(NAMES) or "x"),)]),
        accords=chance.choice([(), (KnownParty(party=chance.choice([4, 9, 9]), name="Seoul Accord"),)]),
        conditions=tuple(KnownCondition(text=each) for each in chance.sample(CONDITIONS, chance.choice([0, 1, 2]))),
        programmes=chance.choice(
            [
                (),
                (),
                (KnownProgramme(identifier=f" {PROGRAMMES[0]} ", name=chance.choice(["", "Medicine", "M\u202ex"])),),
            ]
        ),
    )


def with_registers(chance: random.Random, given: Policy) -> Policy:
    """One that names registers, now and then: of one chain, as it has to be."""
    if given.chain is None or chance.random() < 0.8:
        return given
    named = [
        KnownRegister(register="deqar", mirror=12, name="DEQAR\u202e"),
        KnownRegister(register="own", mirror=3, name="Ours"),
    ]
    return given.model_copy(update={"registers": tuple(named[: chance.choice([1, 2])])})


def not_read_here(given: Policy | None) -> FactsUnavailable | None:
    """What the verifier in JavaScript says of registers."""
    if given is None or not given.registers:
        return None
    names = listed(marked(each.name) for each in given.registers)
    return FactsUnavailable.saying(
        Code.REGISTERS_NOT_READ_HERE, say("registers.notReadHere", names=names), say("registers.askElsewhere")
    )


def achievement(chance: random.Random) -> Any:
    """What was achieved: in order, or in any form that somebody may have written."""
    if chance.random() < 0.08:
        return chance.choice([None, "https://uni.example/medicine", 5, {}, [], True])
    found: dict[str, Any] = {}
    if chance.random() < 0.6:
        found["id"] = chance.choice(
            [PROGRAMMES[0], PROGRAMMES[0], *PROGRAMMES, f" {PROGRAMMES[0]}\u2003", "x" * 2_001, "", "\ud800", 5]
        )
    if chance.random() < 0.6:
        found["achievementType"] = chance.choice(["BachelorDegree", *NAMED])
    if chance.random() < 0.4:
        found["fieldOfStudy"] = chance.choice(["0613", *CODES])
    if chance.random() < 0.5:
        found[chance.choice(["alignment", "alignment", "alignments"])] = chance.choice(
            [alignment, lambda each: [alignment(each), alignment(each)], lambda each: [[alignment(each)], None], crowd]
        )(chance)
    return found


def alignment(chance: random.Random) -> Any:
    """To a framework, or to something else."""
    if chance.random() < 0.5:
        return chance.choice(
            [
                {"targetUrl": "http://data.europa.eu/isced-f/0613"},
                {"targetUrl": "http://data.europa.eu/snb/eqf/6"},
                {"targetCode": "6", "targetFramework": "EQF", "targetUrl": "https://x.example/"},
                {"targetCode": "0613", "targetFramework": "ISCED-F 2013"},
                "http://data.europa.eu/snb/eqf/7",
                {"targetFramework": "IE-NFQ", "targetCode": "8"},
                {"targetFramework": "Cadre national des CERTIFICATIONS professionnelles", "targetCode": "6"},
                {"targetFramework": "gb-scqf", "targetCode": "10"},
            ]
        )
    members = {"targetUrl": URLS, "targetCode": TARGETS, "targetFramework": FRAMEWORKS}
    return {name: chance.choice(values) for name, values in members.items() if chance.random() < 0.7}


def crowd(chance: random.Random) -> list[Any]:
    """As many as are read, or one more."""
    return [{"targetUrl": "http://data.europa.eu/snb/eqf/6"}] * chance.choice([64, 65])


def stated(chance: random.Random) -> dict[str, Any]:
    """The members of a document that state a scope, or do not."""
    kind = chance.random()
    if kind < 0.15:
        return {}
    return {**subject_of(chance, kind), **(issued_in(chance) if chance.random() < 0.5 else {})}


def issued_in(chance: random.Random) -> dict[str, Any]:
    """An issuer with an address, or with several."""
    address = chance.choice(
        [
            {"addressCountryCode": "IE"},
            {"addressCountry": "HR"},
            {"addressCountryCode": "Ireland", "addressCountry": "IE"},
            {"addressCountry": "hr"},
            [{"addressCountryCode": "IE"}, {"addressCountryCode": "FR"}],
            ["IE", None],
            {"addressCountryCode": "AQ"},
        ]
    )
    return {
        "issuer": chance.choice(
            [{"address": address}, [{"address": address}, "did:example:x"], {"id": "x", "address": address}]
        )
    }


def subject_of(chance: random.Random, kind: float) -> dict[str, Any]:
    """The members about what was achieved."""
    if kind < 0.3:
        return {"badge": chance.choice([achievement(chance), [achievement(chance), achievement(chance)]])}
    one = {"id": "did:example:ana", "achievement": achievement(chance)}
    two = {"achievement": [achievement(chance), achievement(chance)]}
    many = {"achievement": [{"id": PROGRAMMES[0], "fieldOfStudy": "0613"}] * chance.choice([64, 65])}
    subject = chance.choice(
        [one, one, one, one, two, [one, two], [[one], None], {"name": "Ana"}, "did:example:ana", many]
    )
    return {"credentialSubject": subject}


def ledger_json(given: Ledger | FactsUnavailable | None) -> Any:
    """A ledger as the verifier in JavaScript takes it."""
    if given is None:
        return None
    if isinstance(given, FactsUnavailable):
        return facts_json(given)
    as_of = given.as_of
    return {
        "accreditations": [link_json(each) for each in given.accreditations],
        "asOf": as_of and {"number": as_of.number, "hash": hexed(as_of.hash), "timestamp": unix(as_of.timestamp)},
    }


def link_json(given: Accreditation) -> dict[str, Any]:
    """One link of it."""
    return {
        "id": given.id,
        "body": given.body,
        "holder": given.holder,
        "kind": str(given.kind),
        "scope": scope_json(given.scope),
        "validFrom": unix(given.valid_from),
        "validUntil": unix(given.valid_until),
        "evidenceHash": given.evidence_hash.hex(),
        "conditionHash": given.condition_hash.hex(),
        "changes": [
            {"state": str(each.state), "recordedAt": unix(each.recorded_at), "effectiveFrom": unix(each.effective_from)}
            for each in given.changes
        ],
    }


def scope_json(given: Scope) -> dict[str, Any]:
    """Its parts."""
    return {
        "field": given.field,
        "levels": list(given.levels),
        "types": sorted(given.qualification_types),
        "jurisdiction": given.jurisdiction,
        "programme": given.programme.hex(),
    }
