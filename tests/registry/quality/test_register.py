"""What a register says of a holder: against rules written down once more, slowly, and where it has to say nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.quality.decision import Holder, Identifier, Programme, QualityDecision, Ruling, Subject
from registry.quality.register import (
    HOLDING,
    Publication,
    Published,
    Register,
    SnapshotIndex,
    Standing,
    read_identifier,
)
from registry.recognition.scope import Scope, hash_of_programme
from tests.registry.quality.decisions import decision

BEGIN = date(2024, 1, 1)
PUBLISHED = datetime(2024, 1, 5, tzinfo=UTC)
PROGRAMMES = ("urn:a", "urn:b", "urn:c")
FIRST, SECOND = Identifier("deqar", "1"), Identifier("deqar", "2")
NUMBERS = count()


def holder(number: int, party: int | None = None) -> Holder:
    return Holder((Identifier("deqar", str(number)),), f"University {number}", "HR", party)


def published(*decisions: QualityDecision, at: datetime = PUBLISHED, root: int = 1) -> Published:
    index = SnapshotIndex((each.digest.value, each) for each in decisions)
    return Published(index, Publication(bytes([root]) * 32, root, at, True))


def register(*snapshots: Published, **parties: int) -> Register:
    named = {read_identifier(name.replace("_", ":")): party for name, party in parties.items()}
    return Register("deqar", 12, snapshots, named)


def at(day: int) -> datetime:
    return datetime(2024, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)


def scope(programme: str | None = None, **others: object) -> Scope:
    digest = bytes(32) if programme is None else hash_of_programme(programme)
    return Scope(programme=digest, **others)  # type: ignore[arg-type]


@st.composite
def decisions(draw: st.DrawFn) -> QualityDecision:
    """About one or two of three institutions, as a whole or for one of three programmes, within some days."""
    start = draw(st.integers(-3, 8))
    end = draw(st.none() | st.integers(start + 1, 12))
    about_all = draw(st.booleans())
    names = draw(st.lists(st.sampled_from(PROGRAMMES), min_size=1, max_size=2, unique=True))
    return decision(
        str(next(NUMBERS)),
        subject=Subject.INSTITUTION if about_all else Subject.PROGRAMME,
        ruling=draw(st.sampled_from(Ruling)),
        valid_from=BEGIN + timedelta(days=start),
        valid_until=None if end is None else BEGIN + timedelta(days=end),
        holders=tuple(holder(each, each) for each in draw(st.lists(st.integers(1, 3), min_size=1, unique=True))),
        programmes=() if about_all else tuple(Programme((Identifier("uri", name),)) for name in names),
    )


def slow_standing(decisions: list[QualityDecision], party: int, programme: str | None, day: date) -> Standing:
    """The words of the reference, one after the other."""
    mine = [each for each in decisions if any(one.party == party for one in each.holders)]
    about = [
        each
        for each in mine
        if each.subject is Subject.INSTITUTION
        or (programme and any(name.value == programme for one in each.programmes for name in one.identifiers))
    ]
    in_force = [each for each in about if each.valid_from <= day and (not each.valid_until or day < each.valid_until)]
    ruled = [each for each in in_force if each.ruling is not Ruling.NOT_APPLICABLE]
    if ruled:
        nearest = [each for each in ruled if each.subject is Subject.PROGRAMME] or ruled
        newest = max(each.valid_from for each in nearest)
        rulings = {each.ruling for each in nearest if each.valid_from == newest}
        if Ruling.NEGATIVE in rulings:
            return Standing.NEGATIVE
        return Standing.CONDITIONAL if Ruling.CONDITIONAL in rulings else Standing.HOLDS
    if in_force:
        return Standing.NO_RULING
    allowing = [each for each in about if each.ruling in (Ruling.POSITIVE, Ruling.CONDITIONAL)]
    if any(each.valid_until and each.valid_until <= day for each in allowing):
        return Standing.LAPSED
    if allowing:
        return Standing.NOT_YET
    return Standing.OTHER_SCOPE if mine else Standing.NOT_LISTED


@settings(max_examples=400, deadline=None)
@given(
    st.lists(decisions(), max_size=8),
    st.integers(1, 4),
    st.sampled_from([None, *PROGRAMMES, "urn:other"]),
    st.integers(5, 12),
)
def test_the_standing_is_that_of_the_rules(
    found: list[QualityDecision], party: int, programme: str | None, day: int
) -> None:
    answer = register(published(*found)).ask(party, scope(programme), at(day))
    assert answer.now.standing is slow_standing(found, party, programme, BEGIN + timedelta(days=day))
    assert answer.then == answer.now
    if answer.now.decision is not None:
        assert answer.now.digest == answer.now.decision.digest.value
        assert answer.now.holder in answer.now.decision.holders
        assert answer.now.holder is not None
        assert answer.now.holder.party == party
    by_name = register(published(*found)).ask(Identifier("deqar", str(party)), scope(programme), at(day))
    assert by_name.now == answer.now


@given(st.lists(st.lists(decisions(), max_size=4), min_size=1, max_size=4), st.integers(0, 12), st.randoms())
def test_both_readings_are_those_of_single_snapshots(
    several: list[list[QualityDecision]], day: int, chance: object
) -> None:
    every = [published(*each, at=at(3 * place), root=place + 1) for place, each in enumerate(several)]
    shuffled = list(every)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    answer = register(*shuffled).ask(1, scope("urn:a"), at(day))
    assert answer.now == register(every[-1]).ask(1, scope("urn:a"), at(day)).now
    known = [each for each in every if each.publication.at <= at(day)]
    if known:
        assert answer.then == register(known[-1]).ask(1, scope("urn:a"), at(day)).now
    else:
        assert answer.then.standing is Standing.NOT_PUBLISHED
        assert not answer.holds


def listed(**others: object) -> QualityDecision:
    given: dict[str, object] = {
        "subject": Subject.PROGRAMME,
        "holders": (holder(1, 7),),
        "valid_from": BEGIN,
        "valid_until": None,
        "programmes": (Programme((Identifier("uri", "urn:a"),), "A", levels=(7, 7), fields=("061",)),),
    }
    return decision(str(next(NUMBERS)), **(given | others))


@pytest.mark.parametrize(
    ("asked", "standing"),
    [
        (scope("urn:a"), Standing.HOLDS),
        (scope("urn:a", field="0613"), Standing.HOLDS),
        (scope("urn:a", levels=(7, 7)), Standing.HOLDS),
        (scope("urn:a", jurisdiction="HR"), Standing.HOLDS),
        (scope("urn:a", qualification_types=frozenset({"degree"})), Standing.HOLDS),
        (scope("urn:a", field="09"), Standing.OTHER_SCOPE),
        (scope("urn:a", levels=(6, 7)), Standing.OTHER_SCOPE),
        (scope("urn:a", jurisdiction="AT"), Standing.OTHER_SCOPE),
        (scope("urn:b"), Standing.OTHER_SCOPE),
        (scope("A"), Standing.OTHER_SCOPE),
        (scope(), Standing.OTHER_SCOPE),
    ],
    ids=str,
)
def test_a_programme_is_one_programme(asked: Scope, standing: Standing) -> None:
    assert register(published(listed())).ask(7, asked, at(9)).now.standing is standing


def test_a_programme_without_identifiers_is_known_by_its_name_and_is_no_other() -> None:
    named = listed(programmes=(Programme(name="Data Science"),))
    nameless = listed(programmes=(Programme(fields=("0613",)),))
    both = register(published(named, nameless))
    assert both.ask(7, scope("Data Science"), at(9)).holds
    for asked in (scope("urn:a"), scope(), scope("data science")):
        assert both.ask(7, asked, at(9)).now.standing is Standing.OTHER_SCOPE


def test_what_is_replaced_in_the_snapshot_counts_no_more() -> None:
    wrong = listed()
    right = listed(ruling=Ruling.NEGATIVE, replaces=wrong.digest.value)
    assert register(published(wrong, right)).ask(7, scope("urn:a"), at(9)).now.standing is Standing.NEGATIVE


def test_a_party_that_is_two_institutions_is_neither() -> None:
    one, other = listed(), listed(holders=(holder(2, 7),))
    answer = register(published(one, other)).ask(7, scope("urn:a"), at(9))
    assert answer.now.standing is Standing.AMBIGUOUS
    assert answer.now.standing not in HOLDING
    # The verifier knows which one it is, and then it is that one.
    assert register(published(one, other), deqar_1=7).ask(7, scope("urn:a"), at(9)).holds
    # Something links the two names, so they are one.
    linked = listed(holders=(Holder((FIRST, SECOND), "Both", "HR", 7),))
    assert register(published(one, other, linked)).ask(7, scope("urn:a"), at(9)).holds
    # An agency's own number for it contradicts nothing.
    local = listed(holders=(Holder((Identifier("local", "x"),), "", "", 7),))
    assert register(published(one, local)).ask(7, scope("urn:a"), at(9)).holds


def test_the_verifiers_word_for_who_is_who_goes_before_the_mirrors() -> None:
    one = published(listed())
    assert register(one).ask(7, scope("urn:a"), at(9)).holds
    assert register(one, deqar_1=8).ask(8, scope("urn:a"), at(9)).holds
    assert register(one, deqar_1=8).ask(7, scope("urn:a"), at(9)).now.standing is Standing.NOT_LISTED
    assert register(one, deqar_2=7).ask(7, scope("urn:a"), at(9)).now.standing is Standing.NOT_LISTED
    both = published(listed(), listed(holders=(holder(2),), ruling=Ruling.NEGATIVE))
    assert register(both, deqar_1=7, deqar_2=7).ask(7, scope("urn:a"), at(9)).now.standing is Standing.AMBIGUOUS


def test_joint_holders_are_all_there_and_the_asked_one_is_named() -> None:
    joint = listed(subject=Subject.JOINT_PROGRAMME, holders=(holder(1, 7), holder(2, 8)))
    for party in (7, 8):
        found = register(published(joint)).ask(party, scope("urn:a"), at(9)).now
        assert found.standing is Standing.HOLDS
        assert found.holder is not None
        assert found.holder.party == party
        assert found.decision is not None
        assert [each.party for each in found.decision.holders] == [7, 8]


def test_a_negative_decision_about_a_programme_goes_before_a_good_one_about_the_institution() -> None:
    whole = listed(subject=Subject.INSTITUTION, programmes=())
    bad = listed(ruling=Ruling.NEGATIVE, valid_from=BEGIN - timedelta(days=100))
    both = register(published(whole, bad))
    assert both.ask(7, scope("urn:a"), at(9)).now.standing is Standing.NEGATIVE
    assert both.ask(7, scope("urn:b"), at(9)).holds
    assert both.ask(7, scope(), at(9)).holds


@pytest.mark.parametrize("text", ["", "deqar", "deqar:", ":x", "DEQAR:x", "de qar:x", "deqar: "])
def test_what_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no identifier"):
        read_identifier(text)


def test_a_register_without_a_snapshot_is_none() -> None:
    with pytest.raises(ValueError, match="needs a snapshot"):
        Register("deqar", 12, ())


def test_an_empty_snapshot_lists_nobody() -> None:
    assert register(published()).ask(7, scope(), at(9)).now.standing is Standing.NOT_LISTED
    assert replace(register(published()), parties={FIRST: 7}).ask(7, scope(), at(9)).now.standing is Standing.NOT_LISTED


def test_of_two_snapshots_in_one_block_the_one_made_later_is_the_newer() -> None:
    older = replace(published(listed()), made_at=at(1))
    newer = replace(published(root=1), made_at=at(2))
    for both in ((older, newer), (newer, older)):
        assert register(*both).newest is newer
