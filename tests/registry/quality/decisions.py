"""Made-up decisions, one by one and as hypothesis finds them."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from registry.quality.decision import (
    Evidence,
    Holder,
    Identifier,
    Programme,
    QualityDecision,
    Ruling,
    Subject,
)
from registry.recognition.countries import NUMERIC
from registry.recognition.scope import QUALIFICATION_TYPES

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SAID = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
IDENTIFIERS = st.builds(Identifier, st.sampled_from(["deqar", "eter", "agency", "uri"]), SAID)
COUNTRIES = st.sampled_from(["", *sorted(NUMERIC)[:20]])


def _sorted(elements: st.SearchStrategy, least: int = 0) -> st.SearchStrategy:
    return st.lists(elements, min_size=least, max_size=3, unique=True).map(lambda found: tuple(sorted(found)))


HOLDERS = st.builds(Holder, _sorted(IDENTIFIERS, 1), TEXTS, COUNTRIES, st.none() | st.integers(1, 2**53 - 1))
PROGRAMMES = st.builds(
    Programme,
    _sorted(IDENTIFIERS),
    TEXTS,
    TEXTS,
    st.none() | st.sampled_from([(5, 5), (6, 7), (1, 8)]),
    TEXTS,
    _sorted(st.sampled_from(["06", "061", "0613", "0111"])),
    _sorted(st.sampled_from(QUALIFICATION_TYPES)),
    COUNTRIES,
    TEXTS,
)
EVIDENCE = st.builds(
    Evidence, SAID, st.none() | st.binary(min_size=32, max_size=32), TEXTS, st.lists(SAID, max_size=2).map(tuple)
)
DECISIONS = st.builds(
    QualityDecision,
    register=st.just("deqar"),
    agency=IDENTIFIERS,
    subject=st.sampled_from(Subject),
    ruling=st.sampled_from(Ruling),
    valid_from=st.dates(),
    holders=st.lists(HOLDERS, min_size=1, max_size=3).map(tuple),
    agency_name=TEXTS,
    number=TEXTS,
    report=TEXTS,
    activities=st.lists(SAID, max_size=2).map(tuple),
    obligatory=st.none() | st.booleans(),
    condition=TEXTS,
    summary=TEXTS,
    valid_until=st.none() | st.dates(),
    end_assumed=st.booleans(),
    programmes=st.lists(PROGRAMMES, max_size=3).map(tuple),
    evidence=st.lists(EVIDENCE, max_size=2).map(tuple),
    replaces=st.none() | st.binary(min_size=32, max_size=32),
    remarks=st.dictionaries(SAID, SAID, max_size=3).map(lambda found: tuple(sorted(found.items()))),
)


def decision(number: str = "A-1", **others: object) -> QualityDecision:
    """A positive decision of agency 33 about one institution, six years from 2020."""
    given: dict[str, object] = {
        "register": "deqar",
        "agency": Identifier("deqar-agency", "33"),
        "subject": Subject.INSTITUTION,
        "ruling": Ruling.POSITIVE,
        "valid_from": date(2020, 1, 1),
        "valid_until": date(2026, 1, 1),
        "holders": (Holder((Identifier("deqar", "DEQARINST0001"),), "Example University", "HR"),),
        "number": number,
    }
    return QualityDecision(**(given | others))  # type: ignore[arg-type]
