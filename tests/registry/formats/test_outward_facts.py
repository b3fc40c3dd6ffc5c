"""The table of formats and facts says what the exporters do: what is told changes the file, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from registry.formats.outward import deqar_vc, trust_marks
from registry.formats.outward.exporting import WAYS, Form, exported, grouped
from registry.formats.outward.facts import FACTS, Fact, Telling, facts_of
from registry.formats.outward.statements import Mirror, Selected, Statement, ToldProgramme, Why
from registry.quality.decision import Evidence, Ruling
from registry.recognition.ledger import Change, Kind, State
from tests.registry.formats.outward_made import day, decided, entity, one, selections

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "outward.md"
SLOW = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
MORE = Evidence("https://agency.example/other")

CHANGES: dict[Fact, Callable[[Statement], Statement]] = {
    Fact.ACCREDITING: lambda given: replace(given, kind=Kind.ACCREDIT_TO_ACCREDIT),
    Fact.RECOGNITION: lambda given: replace(given, kind=Kind.RECOGNISE),
    Fact.IDENTIFIER: lambda given: replace(given, id="urn:other"),
    Fact.BODY: lambda given: replace(given, body=entity(3)),
    Fact.HOLDER: lambda given: replace(given, holders=(entity(8),)),
    Fact.JOINT: lambda given: replace(given, holders=(*given.holders, entity(8))),
    Fact.FIELD: lambda given: replace(given, fields=("0732",)),
    Fact.LEVELS: lambda given: replace(given, levels=(8, 8)),
    Fact.TYPES: lambda given: replace(given, types=("license",)),
    Fact.JURISDICTION: lambda given: replace(given, countries=("JP",)),
    Fact.PROGRAMME: lambda given: replace(given, programmes=(ToldProgramme("https://p.example", "P"),)),
    Fact.PROGRAMME_HASH: lambda given: replace(given, programmes=(ToldProgramme("ni:///sha-256;AA", hash=b"\0"),)),
    Fact.PROGRAMME_DETAILS: lambda given: replace(given, programmes=(ToldProgramme("https://p.example", ects="180"),)),
    Fact.RULING: lambda given: replace(given, ruling=Ruling.CONDITIONAL),
    Fact.CONDITION: lambda given: replace(given, condition="hire a librarian"),
    Fact.CONDITION_HASH: lambda given: replace(given, condition_hash=b"\x01" * 32),
    Fact.EVIDENCE: lambda given: replace(given, evidence=(MORE,)),
    Fact.EVIDENCE_ELSEWHERE: lambda given: replace(given, evidence=(*given.evidence, Evidence("ipfs://x"))),
    Fact.EVIDENCE_HASH: lambda given: replace(given, evidence=(replace(given.evidence[0], sha256=b"\x02" * 32),)),
    Fact.MORE_EVIDENCE: lambda given: replace(given, evidence=(*given.evidence, MORE)),
    Fact.ACCEPTED: lambda given: replace(given, accepted_at=day(3)),
    Fact.START: lambda given: replace(given, start=day(-30)),
    Fact.END: lambda given: replace(given, end=day(50), holds_until=day(50)),
    Fact.NO_END: lambda given: replace(given, end=None, holds_until=None),
    Fact.ASSUMED_END: lambda given: replace(given, end=None, assumed_end=given.holds_until),
    Fact.ENDS_SOONER: lambda given: replace(given, holds_until=day(12)),
    Fact.HISTORY: lambda given: replace(
        given, changes=(*given.changes[:2], Change(State.SUSPENDED, day(0), day(0)), given.changes[1])
    ),
    Fact.OBLIGATORY: lambda given: replace(given, obligatory=False),
    Fact.DETAILS: lambda given: replace(given, summary="in short"),
    Fact.MIRROR: lambda given: replace(given, mirror=Mirror("deqar", "party 12")),
    Fact.AS_OF: lambda given: replace(given, as_of="block 1"),
}


def text_of(statement: Statement, form: Form) -> list[Any]:
    """What the file says, before it is signed."""
    if form is Form.DEQAR_VC:
        return list(deqar_vc.credentials_of(statement, "did:web:mirror.example"))
    if form is Form.TRUST_MARK:
        return [trust_marks.claims_of(statement, day(10))]
    return [b"".join(exported(Selected((statement,)), form).pieces())]


@pytest.mark.parametrize("form", Form)
def test_every_fact_has_a_way_in_every_format(form: Form) -> None:
    assert list(WAYS[form]) == list(Fact) == list(FACTS)


@pytest.mark.parametrize("fact", sorted(set(Fact) - {Fact.ISSUING}))
@pytest.mark.parametrize("form", Form)
def test_what_the_table_says_of_a_fact_is_so(form: Form, fact: Fact) -> None:
    before = one()
    after = CHANGES[fact](before)
    assert fact in facts_of(after)
    export = exported(Selected((after,)), form)
    telling = WAYS[form][fact].telling
    if fact in (Fact.ACCREDITING, Fact.RECOGNITION, Fact.MIRROR) and telling is Telling.NOT:
        assert export.statements == ()
        assert [each.code for each in export.left] == [(Why.OTHER_BODY if fact is Fact.MIRROR else Why.KIND).value]
        return
    assert export.statements == (after,)
    said = {each.code for each in export.left}
    assert (fact.value in said) is (telling is not Telling.TOLD)
    if fact is Fact.JOINT and form is Form.DEQAR_VC:
        # A credential of its own for each: all are told of, none of the others' presence.
        assert len(text_of(after, form)) == 2
        return
    changed = text_of(before, form) != text_of(after, form)
    assert changed is (telling is not Telling.NOT), f"{form} {fact}"


@given(selections())
@SLOW
def test_nothing_is_left_out_in_silence(selected_at: object) -> None:
    no_silence(selected_at)


@given(decided())
@SLOW
def test_nothing_of_a_register_is_left_out_in_silence(selected_at: object) -> None:
    no_silence(selected_at)


def no_silence(selected_at: Any) -> None:
    selected, _ = selected_at
    for form in Form:
        export = exported(selected, form)
        whole = [each.number for each in export.left if each.whole]
        assert len(whole) + len(export.statements) == len(selected.statements) + len(selected.left)
        for statement in export.statements:
            said = {each.code for each in export.left if each.number == statement.number and not each.whole}
            untold = {fact.value for fact in facts_of(statement) if WAYS[form][fact].telling is not Telling.TOLD}
            assert untold <= said
        assert sum(len(numbers) for _, numbers in grouped(export.left)) == len(export.left)


def test_the_page_has_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    forms = [Form.ELM_XML, Form.CTDL, Form.DEQAR_VC, Form.TRUST_MARK]
    rows = [f"| {FACTS[fact]} | " + " | ".join(_cell(form, fact) for form in forms) + " |" for fact in Fact]
    assert [row for row in rows if row not in text] == []
    assert [why.value for why in Why if f"`{why.value}`" not in text] == []


def _cell(form: Form, fact: Fact) -> str:
    how = WAYS[form][fact]
    return f"{how.telling}: {how.words}"
