"""Was this accredited then, and recognised here? What the parts of an answer come to, and who has to be named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from registry.errors import SettingsError
from registry.quality.decision import Ruling
from registry.recognition.ledger import Accreditation, Ledger
from registry.recognition.path import State
from registry.recognition.scope import Scope, hash_of_programme
from registry.records import BlockRef
from registry.verify.policy import Policy, parse_policy
from registry.verify.question import LONGEST_PROGRAMME, Comes, Question, answer, policy_here
from registry.verify.registers import AtHand
from registry.verify.verdict import FactsUnavailable
from tests.registry.quality.test_register import at, listed, published, register
from tests.registry.recognition.test_recognition import ISSUING, RECOGNISING, ledger_of, link

US, BODY, UNIVERSITY, MIRROR = 3, 2, 7, 12
CHAIN = "eip155:1"
POLICY = parse_policy(
    f'chain = "{CHAIN}"\n[[bodies]]\nparty = {US}\nname = "Agency"\ncountry = "HR"\n[[bodies]]\nparty = 9\nname = "B"\n'
)
BOTH = parse_policy(
    f'chain = "{CHAIN}"\n[[bodies]]\nparty = {US}\nname = "Agency"\n'
    f'[[registers]]\nregister = "deqar"\nmirror = {MIRROR}\nname = "DEQAR"\n'
)
REQUIRED = parse_policy(
    f'chain = "{CHAIN}"\n[[bodies]]\nparty = {US}\nname = "Agency"\n'
    f'[[registers]]\nregister = "deqar"\nmirror = {MIRROR}\nname = "DEQAR"\nrequire = true\n'
)
UNREAD = FactsUnavailable("snapshot-line", "the line is damaged", "Take it again.")
DOWN = FactsUnavailable("chain-unreachable", "no answer from the chain", "Try again later")
QUESTION = Question.of(UNIVERSITY, at(9), programme="urn:a")


def asked(policy: Policy, links: tuple[Accreditation, ...] | FactsUnavailable = (), *registers: AtHand) -> Any:
    ledger = links if isinstance(links, FactsUnavailable) else ledger_of(*links)
    return answer(QUESTION, policy, chain=CHAIN, ledger=ledger, registers=registers)


def on_chain(**others: Any) -> Accreditation:
    scope = Scope("0613", (7, 7), programme=hash_of_programme("urn:a"))
    made = link(US, UNIVERSITY, ISSUING, scope=scope)
    start = datetime(2020, 1, 1, tzinfo=UTC)
    changes = tuple(replace(each, recorded_at=start, effective_from=start) for each in made.changes)
    dated = replace(made, valid_from=start, valid_until=datetime(2030, 1, 1, tzinfo=UTC), changes=changes)
    return replace(dated, **others)


GOOD = register(published(listed()))
CONDITIONAL = register(published(listed(ruling=Ruling.CONDITIONAL)))
NONE = register(published())
NEGATIVE = register(published(listed(ruling=Ruling.NEGATIVE)))
LATER = register(published(listed(), at=at(20)))
GONE = register(published(listed()), published(at=at(20), root=2))
CORRECTED = register(published(listed()), published(listed(ruling=Ruling.NEGATIVE), at=at(20), root=2))


@pytest.mark.parametrize(
    ("policy", "links", "registers", "comes"),
    [
        (POLICY, (on_chain(),), (), Comes.YES),
        (POLICY, (on_chain(condition_hash=b"c" * 32),), (), Comes.WITH_A_WARNING),
        (POLICY, (), (), Comes.NOT_ON_RECORD),
        (POLICY, DOWN, (), Comes.UNCHECKED),
        (BOTH, (), (GOOD,), Comes.YES),
        (BOTH, (), (CONDITIONAL,), Comes.WITH_A_WARNING),
        (BOTH, (on_chain(),), (CONDITIONAL,), Comes.YES),
        (BOTH, (on_chain(),), (NONE,), Comes.YES),
        (BOTH, (on_chain(),), (NEGATIVE,), Comes.WITH_A_WARNING),
        (BOTH, (on_chain(),), (UNREAD,), Comes.WITH_A_WARNING),
        (BOTH, DOWN, (GOOD,), Comes.WITH_A_WARNING),
        (BOTH, (), (NEGATIVE,), Comes.NOT_ON_RECORD),
        (BOTH, (), (NONE,), Comes.NOT_ON_RECORD),
        (BOTH, (), (UNREAD,), Comes.UNCHECKED),
        (BOTH, DOWN, (NONE,), Comes.UNCHECKED),
        (BOTH, (), (LATER,), Comes.WITH_A_WARNING),
        (BOTH, (), (GONE,), Comes.WITH_A_WARNING),
        # What the mirror has corrected to a refusal is no yes of any kind.
        (BOTH, (), (CORRECTED,), Comes.NOT_ON_RECORD),
        (BOTH, (on_chain(),), (CORRECTED,), Comes.WITH_A_WARNING),
        (REQUIRED, (on_chain(),), (NONE,), Comes.NOT_ON_RECORD),
        (REQUIRED, (on_chain(),), (UNREAD,), Comes.UNCHECKED),
        (REQUIRED, (on_chain(),), (GOOD,), Comes.YES),
    ],
)
def test_what_the_parts_come_to(policy: Policy, links: Any, registers: tuple[AtHand, ...], comes: Comes) -> None:
    found = asked(policy, links, *registers)
    assert found.comes_to is comes
    told = found.to_dict()
    assert (told["answer"], told["exitCode"]) == (str(comes), found.exit_code)
    assert found.exit_code == {Comes.NOT_ON_RECORD: 1, Comes.UNCHECKED: 2}.get(comes, 0)


def test_a_path_through_a_recognition_tells_its_links() -> None:
    scope = on_chain().scope
    start, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)

    def dated(*sides: Any) -> Accreditation:
        made = link(*sides, scope=scope)
        changes = tuple(replace(each, recorded_at=start, effective_from=start) for each in made.changes)
        return replace(made, valid_from=start, valid_until=end, changes=changes)

    found = asked(POLICY, (dated(US, BODY, RECOGNISING), dated(BODY, UNIVERSITY, ISSUING)))
    assert [each["kind"] for each in found.to_dict()["onChain"]["path"]] == ["recognise", "accredit-to-issue"]
    assert found.on_chain.then
    assert found.on_chain.now


def test_what_was_voided_held_then_alone() -> None:
    made = on_chain()
    late = datetime(2025, 1, 1, tzinfo=UTC)
    void = replace(made, changes=(*made.changes, replace(made.changes[0], state=State.VOID, recorded_at=late)))
    found = asked(POLICY, (void,))
    assert found.comes_to is Comes.WITH_A_WARNING
    assert (found.on_chain.then, found.on_chain.now, found.on_chain.code) == (True, False, "accredited-then")


def test_here_is_who_the_policy_says() -> None:
    assert policy_here(POLICY, "HR").trusted_bodies == {US: "Agency"}
    assert policy_here(POLICY, "", 9).trusted_bodies == {9: "B"}
    assert policy_here(POLICY, "", 77).trusted_bodies == {77: "party 77"}
    assert policy_here(POLICY) == POLICY
    with pytest.raises(SettingsError) as nobody:
        policy_here(POLICY, "AT")
    assert nobody.value.code == "nobody-here"


def test_nobody_and_another_chain_are_refused() -> None:
    with pytest.raises(SettingsError) as nobody:
        asked(Policy())
    assert nobody.value.code == "nobody-here"
    with pytest.raises(SettingsError) as other:
        answer(QUESTION, POLICY, chain="eip155:2", ledger=Ledger(), registers=())
    assert other.value.code == "policy"


@pytest.mark.parametrize(
    "given",
    [
        {"field": "x"},
        {"levels": "9"},
        {"types": ["no"]},
        {"jurisdiction": "QQ"},
        {"programme": "x" * (LONGEST_PROGRAMME + 1)},
    ],
    ids=str,
)
def test_a_question_that_makes_no_sense_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as refused:
        Question.of(UNIVERSITY, at(9), **given)
    assert refused.value.code == "scope"


def test_the_ledgers_block_is_told() -> None:
    ledger = Ledger((), BlockRef(5, b"h" * 32, at(9)))
    found = answer(QUESTION, POLICY, chain=CHAIN, ledger=ledger, registers=())
    assert found.to_dict()["asOf"]["number"] == 5
