"""Ledgers and decisions for tests of what is told outward: drawn at random, with hostile texts in every place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from hypothesis import strategies as st

from registry.formats.outward import of_ledger, of_register
from registry.formats.outward.statements import Organisation, Selected, Statement
from registry.formats.trqp import Registry
from registry.quality.decision import Evidence, Holder, Identifier, Programme, QualityDecision, Ruling, Subject
from registry.recognition.ledger import Accreditation, Change, Kind, State
from registry.recognition.scope import QUALIFICATION_TYPES, Scope, hash_of_programme
from registry.records import BlockRef

FIXTURES: Final = Path(__file__).with_name("fixtures") / "outward"
REGISTRY: Final = Registry("eip155:31337", "0x" + "ab" * 20)
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF: Final = BlockRef(900, b"\x09" * 32, START + timedelta(days=400))
HOSTILE: Final = (
    '</title><status>released</status><x a="',
    ']]><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    '"},{"@id":"https://evil.example","@type":"elm:Accreditation',
    "\x00\x07\x1b[31mred\x85\u2028\ufffe",
    "\ud800lonely",
    "\u202eright to left",
    "@context",
    "Universität 大学 🎓",
)
texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30))
addresses = st.one_of(
    st.sampled_from(
        [
            "",
            "https://agency.example/decisions/17?a=1&b=2",
            "http://agency.example/r'\"<x>",
            "javascript:alert(1)",
            "ipfs://bafy",
            "https://agency.example/\u202e",
            "elm:limitField",
        ]
    ),
    texts,
)
fields = st.sampled_from(["", "06", "061", "0613", "0688", "07", "9999"])
scopes = st.builds(
    Scope,
    fields,
    st.tuples(st.integers(1, 8), st.integers(1, 8)).map(lambda pair: (min(pair), max(pair))),
    st.frozensets(st.sampled_from([*QUALIFICATION_TYPES, "type-31"]), max_size=3),
    st.sampled_from(["", "HR", "AT", "JP", "999"]),
    st.sampled_from([bytes(32), hash_of_programme("https://university.example/msc"), b"\x07" * 32]),
)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def organisation(
    number: int, name: str = "", country: str = "HR", homepage: str = "", entity: str = ""
) -> Organisation:
    uri = REGISTRY.write_party(number)
    return Organisation(uri, name or f"Party {number}", "en", country, homepage, entity, number)


def link(
    number: int = 1,
    kind: Kind = Kind.ACCREDIT_TO_ISSUE,
    *later: tuple[State, float, float],
    scope: Scope | None = None,
    body: int = 2,
    holder: int = 7,
    until: float | None = 100,
    evidence: str = "https://agency.example/decisions/17",
    evidence_hash: bytes = bytes(32),
    condition: bytes = bytes(32),
) -> Accreditation:
    """Offered and accepted on day 0; then what follows, each recorded on a day and from another on."""
    changes = [Change(State.OFFERED, START, START), Change(State.ACTIVE, START, START)]
    if kind is Kind.RECOGNISE:
        del changes[0]
    changes += [Change(state, day(recorded), day(since), "") for state, recorded, since in later]
    end = None if until is None else day(until)
    scope = scope or Scope("0613", (6, 7), frozenset({"master-degree"}), "HR")
    given = (number, body, holder, kind, scope, START, end, evidence_hash, evidence, tuple(changes), condition)
    return Accreditation(*given)


@st.composite
def links(draw: st.DrawFn) -> list[Accreditation]:
    """Up to six, in any state the contract allows."""
    found = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        kind = draw(st.sampled_from(Kind))
        until = draw(st.integers(1, 200))
        states = draw(
            st.sampled_from(
                [
                    (),
                    (State.SUSPENDED,),
                    (State.SUSPENDED, State.ACTIVE),
                    (State.WITHDRAWN,),
                    (State.SUSPENDED, State.WITHDRAWN),
                    (State.VOID,),
                    (State.WITHDRAWN, State.VOID),
                    (State.SUSPENDED, State.VOID),
                ]
            )
        )
        later, recorded, since = [], 0, 0
        for state in states:
            recorded += draw(st.integers(0, 40))
            since = max(since, draw(st.integers(0, 120)))
            later.append((state, recorded, 0 if state is State.VOID else since))
        made = link(
            number,
            kind,
            *later,
            scope=draw(scopes),
            body=draw(st.integers(1, 3)),
            holder=draw(st.integers(4, 6)),
            until=None if kind is Kind.RECOGNISE and draw(st.booleans()) else until,
            evidence=draw(addresses),
            evidence_hash=draw(st.sampled_from([bytes(32), b"\x05" * 32])),
            condition=draw(st.sampled_from([bytes(32), b"\x03" * 32])),
        )
        found.append(made)
    return found


@st.composite
def selections(draw: st.DrawFn) -> tuple[Selected, datetime]:
    """What of a ledger is in force at a moment."""
    names = {number: draw(texts) for number in range(1, 7)}
    countries = {number: draw(st.sampled_from(["HR", "AT", ""])) for number in range(1, 7)}
    homepages = {number: draw(addresses) for number in range(1, 7)}
    moment = day(draw(st.integers(0, 130)))

    def known(number: int) -> Organisation:
        return organisation(
            number, names[number], countries[number], homepages[number], f"https://party{number}.example"
        )

    return of_ledger.select(draw(links()), moment, REGISTRY, AS_OF, known), moment


identifiers = st.builds(Identifier, st.sampled_from(["deqar", "local", "uri"]), st.one_of(texts, addresses))
programmes = st.builds(
    Programme,
    st.lists(identifiers, max_size=2, unique=True).map(lambda some: tuple(sorted(some))),
    texts,
    texts,
    st.sampled_from([None, (6, 6), (6, 8)]),
    texts,
    st.lists(st.sampled_from(["06", "0613", "0732"]), max_size=2, unique=True).map(lambda some: tuple(sorted(some))),
    st.sampled_from([(), ("bachelor-degree",), ("degree", "master-degree")]),
    st.sampled_from(["", "HR", "DE"]),
    st.sampled_from(["", "180"]),
)
holders = st.builds(
    Holder,
    st.lists(identifiers, min_size=1, max_size=2, unique=True).map(lambda some: tuple(sorted(some))),
    texts,
    st.sampled_from(["HR", "DE", ""]),
    st.sampled_from([None, 7]),
)
evidence = st.builds(Evidence, addresses, st.sampled_from([None, b"\x05" * 32]), texts)
decisions = st.builds(
    QualityDecision,
    st.sampled_from(["deqar", "national"]),
    identifiers,
    st.sampled_from(Subject),
    st.sampled_from(Ruling),
    st.dates(date(2025, 1, 1), date(2026, 6, 1)),
    st.lists(holders, min_size=1, max_size=3).map(tuple),
    texts,
    texts,
    st.one_of(st.just("17"), texts),
    st.lists(texts, max_size=2).map(tuple),
    st.sampled_from([None, True, False]),
    texts,
    texts,
    st.one_of(st.none(), st.dates(date(2026, 6, 2), date(2032, 1, 1))),
    st.booleans(),
    st.lists(programmes, max_size=3).map(tuple),
    st.lists(evidence, max_size=3).map(tuple),
    st.none(),
    st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
)


@st.composite
def decided(draw: st.DrawFn) -> tuple[Selected, datetime]:
    """What of a register is in force at a moment."""
    moment = day(draw(st.integers(-200, 400)))
    some = [(bytes([number]) * 32, each) for number, each in enumerate(draw(st.lists(decisions, max_size=4)), 1)]
    agency = Organisation("https://agency.example", draw(texts), country="HR")
    by_file = draw(st.booleans())

    def known(_identifiers: object, party: int | None) -> Organisation | None:
        if party is not None:
            return organisation(party, draw(texts))
        return agency if by_file else None

    return of_register.select(some, moment, "party 12", "snapshot of 2026-01-01", known), moment


def one(**changed: object) -> Statement:
    """A statement of the chain in force."""
    selected = of_ledger.select([link(**changed)], day(10), REGISTRY, AS_OF, entity)  # type: ignore[arg-type]
    (found,) = selected.statements
    return found


def entity(number: int) -> Organisation:
    return organisation(number, f"Party {number}", "HR", "", f"https://party{number}.example")
