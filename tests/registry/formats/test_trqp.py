"""TRQP answers: what the ledger says, both readings, and errors instead of a `false` that was not found out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.trqp import (
    AUTHORIZATION_ACTIONS,
    RECOGNITION_ACTIONS,
    Query,
    QueryError,
    Registry,
    answer_authorization,
    answer_recognition,
    read_query,
    read_resource,
    read_time,
    write_resource,
)
from registry.recognition.ledger import Accreditation, Change, Kind, Ledger, State
from registry.recognition.path import Missing, Path, Reading, find_path
from registry.recognition.scope import QUALIFICATION_TYPES, Scope, hash_of_programme
from registry.records import BlockRef

CONTRACT = "0x" + "Ab" * 20
HERE = Registry("eip155:1", CONTRACT)
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START + timedelta(days=100)
ISSUER, BODY, MINISTRY, FOREIGN = 1, 2, 3, 4
MATHS = Scope("0541", (6, 6), jurisdiction="HR")


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def link(
    body: int, holder: int, kind: Kind, *later: tuple[State, int, int], scope: Scope | None = None
) -> Accreditation:
    changes = (
        Change(State.ACTIVE, day(0), day(0)),
        *(Change(state, day(on), day(since)) for state, on, since in later),
    )
    return Accreditation(0, body, holder, kind, scope or Scope(), day(0), day(90), bytes(32), "", changes)


def ledger_of(*links: Accreditation) -> Ledger:
    numbered = tuple(replace(each, id=number) for number, each in enumerate(links, 1))
    return Ledger(numbered, BlockRef(5, b"\x05" * 32, day(99)))


ISSUING = link(BODY, ISSUER, Kind.ACCREDIT_TO_ISSUE, scope=Scope("05", (6, 7), jurisdiction="HR"))
ACCREDITING = link(MINISTRY, BODY, Kind.ACCREDIT_TO_ACCREDIT)
RECOGNISING = link(FOREIGN, MINISTRY, Kind.RECOGNISE)
WORLD = ledger_of(ISSUING, ACCREDITING, RECOGNISING)


def asked(
    entity: int = ISSUER, authority: int = MINISTRY, action: str = "issue", at: int | None = 50, **more: Any
) -> Query:
    members: dict[str, Any] = {
        "entity_id": str(entity),
        "authority_id": HERE.write_party(authority),
        "action": action,
        "resource": "field=0541;levels=6;jurisdiction=HR",
    }
    if at is not None:
        members["context"] = {"time": f"{day(at):%Y-%m-%dT%H:%M:%SZ}"}
    return read_query(members | more, HERE)


def code_of(call: Any, *given: Any) -> QueryError:
    with pytest.raises(QueryError) as caught:
        call(*given)
    assert caught.value.remedy
    return caught.value


def test_an_answer_has_the_members_of_the_protocol_and_says_why() -> None:
    assert answer_authorization(asked(), WORLD, NOW) == {
        "entity_id": "1",
        "authority_id": f"eip155:1:{CONTRACT}/party/3",
        "action": "issue",
        "resource": "field=0541;levels=6;jurisdiction=HR",
        "authorized": True,
        "time_requested": "2026-02-20T00:00:00Z",
        "time_evaluated": "2026-04-11T00:00:00Z",
        "message": "Party 1 may issue field 0541, EQF level 6, any type of qualification, in HR: accredited by body 2, "
        "itself accredited by body 3. As of block 5.",
        "context": {"time": "2026-02-20T00:00:00Z"},
        "moment": "2026-02-20T00:00:00Z",
        "readings": {"as_known_then": True, "as_known_now": True},
        "path": [
            {
                "accreditation": 2,
                "kind": "accredit-to-accredit",
                "body": 3,
                "holder": 2,
                "resource": "any",
                "condition_hash": None,
                "joint_holders": [],
            },
            {
                "accreditation": 1,
                "kind": "accredit-to-issue",
                "body": 2,
                "holder": 1,
                "resource": "field=05;levels=6-7;jurisdiction=HR",
                "condition_hash": None,
                "joint_holders": [],
            },
        ],
        "missing": None,
        "as_of_block": {"number": 5, "hash": "0x" + "05" * 32, "timestamp": "2026-04-10T00:00:00Z"},
    }


def test_what_is_conditional_is_said() -> None:
    condition = bytes([7]) * 32
    ledger = ledger_of(replace(ISSUING, condition_hash=condition), ACCREDITING)
    answer = answer_authorization(asked(), ledger, NOW)
    assert answer["message"].endswith("itself accredited by body 3. That is conditional (number 1). As of block 5.")
    assert [each["condition_hash"] for each in answer["path"]] == [None, f"0x{condition.hex()}"]
    recognised = answer_recognition(asked(MINISTRY, FOREIGN, "recognize"), ledger_of(
        replace(RECOGNISING, condition_hash=condition)), NOW)  # fmt: skip
    assert "That is conditional (number 1)." in recognised["message"]


def test_a_programme_is_asked_for_by_its_hash() -> None:
    nursing = hash_of_programme("https://uni.example/programmes/nursing")
    ledger = ledger_of(link(BODY, ISSUER, Kind.ACCREDIT_TO_ISSUE, scope=replace(MATHS, programme=nursing)))
    resource = "field=0541;levels=6;jurisdiction=HR"
    for more, authorized in (
        (f";programme=0x{nursing.hex()}", True),
        (f";programme=0x{'07' * 32}", False),
        ("", False),
    ):
        answer = answer_authorization(asked(authority=BODY, resource=resource + more), ledger, NOW)
        assert answer["authorized"] is authorized


def test_a_recognition_reaches_across_the_border() -> None:
    answer = answer_authorization(asked(authority=FOREIGN), WORLD, NOW)
    assert answer["authorized"] is True
    assert [each["accreditation"] for each in answer["path"]] == [3, 2, 1]
    assert "which body 4 recognises" in answer["message"]


def test_without_a_path_the_nearest_missing_link_is_said() -> None:
    answer = answer_authorization(asked(authority=ISSUER), WORLD, NOW)
    assert answer["authorized"] is False
    assert answer["path"] == []
    assert answer["message"].startswith(
        "No agreement on record between body 2, from which the accreditations of party 1"
    )
    assert answer["missing"] == {"gap": "no-agreement", "party": 2, "accreditation": None, "count": 1}
    other = answer_authorization(asked(resource="field=0613"), WORLD, NOW)
    assert (other["missing"]["gap"], other["missing"]["accreditation"]) == ("scope-not-covered", 1)


def test_the_two_readings_are_told_apart() -> None:
    voided = link(BODY, ISSUER, Kind.ACCREDIT_TO_ISSUE, (State.VOID, 60, 0))
    answer = answer_authorization(asked(authority=BODY), ledger_of(voided), NOW)
    assert answer["authorized"] is False
    assert answer["readings"] == {"as_known_then": True, "as_known_now": False}
    assert answer["missing"]["gap"] == "void"


def test_the_time_decides_and_without_one_it_is_now() -> None:
    assert answer_authorization(asked(at=89), WORLD, NOW)["authorized"] is True
    assert answer_authorization(asked(at=90), WORLD, NOW)["missing"]["gap"] == "expired"
    now = answer_authorization(asked(at=None), WORLD, NOW)
    assert now["authorized"] is False
    assert (now["moment"], "time_requested" in now) == ("2026-04-11T00:00:00Z", False)
    blank = answer_authorization(asked(at=None, context={"time": ""}), WORLD, NOW)
    assert blank["moment"] == now["moment"]


def test_who_may_accredit_is_another_question_than_who_may_issue() -> None:
    assert answer_authorization(asked(BODY, action="accredit"), WORLD, NOW)["authorized"] is True
    assert answer_authorization(asked(BODY, action="issue"), WORLD, NOW)["authorized"] is False
    issuer = answer_authorization(asked(ISSUER, action="accredit"), WORLD, NOW)
    assert issuer["authorized"] is False
    assert "an accreditation to accredit, only to issue" in issuer["message"]


def test_a_recognition_is_one_way_and_not_passed_on() -> None:
    assert answer_recognition(asked(MINISTRY, FOREIGN, "recognize"), WORLD, NOW)["recognized"] is True
    back = answer_recognition(asked(FOREIGN, MINISTRY, "recognize"), WORLD, NOW)
    assert (back["recognized"], back["missing"]["gap"]) == (False, "no-agreement")
    assert answer_recognition(asked(BODY, FOREIGN, "recognize"), WORLD, NOW)["recognized"] is False
    accredited = answer_recognition(asked(BODY, MINISTRY, "recognize"), WORLD, NOW)
    assert accredited["recognized"] is False, "an accreditation is no recognition"


def test_a_recognition_that_ended_is_said_with_both_readings() -> None:
    ended = link(FOREIGN, MINISTRY, Kind.RECOGNISE, (State.WITHDRAWN, 60, 40))
    answer = answer_recognition(asked(MINISTRY, FOREIGN, "issue"), ledger_of(ended), NOW)
    assert answer["recognized"] is False
    assert answer["readings"] == {"as_known_then": True, "as_known_now": False}
    assert answer["missing"] == {"gap": "withdrawn", "party": 3, "accreditation": 1, "count": 1}
    assert answer_recognition(asked(MINISTRY, FOREIGN, "issue", at=30), ledger_of(ended), NOW)["recognized"] is True


STATES = st.sampled_from([(), ((State.WITHDRAWN, 60, 40),), ((State.VOID, 60, 0),), ((State.SUSPENDED, 20, 20),)])
LINKS = st.builds(
    lambda body, holder, kind, later, scope: link(body, holder, kind, *later, scope=scope),
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from(Kind),
    STATES,
    st.sampled_from([Scope(), Scope("05"), MATHS, Scope(jurisdiction="SI")]),
)


@given(st.lists(LINKS, max_size=8), st.integers(1, 4), st.integers(1, 4), st.integers(0, 95))
def test_answers_agree_with_the_ledger(links: list[Accreditation], entity: int, authority: int, at: int) -> None:
    ledger = ledger_of(*links)
    issue = answer_authorization(asked(entity, authority, "issue", at), ledger, NOW)
    found = {reading: find_path(ledger, entity, MATHS, day(at), {authority}, reading) for reading in Reading}
    both = found[Reading.BOTH]
    assert issue["authorized"] == isinstance(both, Path)
    assert issue["readings"]["as_known_then"] == isinstance(found[Reading.AS_KNOWN_THEN], Path)
    assert issue["readings"]["as_known_now"] == isinstance(found[Reading.AS_KNOWN_NOW], Path)
    assert [each["accreditation"] for each in issue["path"]] == (list(both.ids) if isinstance(both, Path) else [])
    assert (issue["missing"] is None) == isinstance(both, Path)

    # May accredit: exactly when one more accreditation to issue, by the entity, would hold, on paths of one link less.
    accredit = answer_authorization(asked(entity, authority, "accredit", at), ledger, NOW)
    newcomer = link(entity, 99, Kind.ACCREDIT_TO_ISSUE, scope=MATHS)
    further = find_path(ledger_of(*links, newcomer), 99, MATHS, day(at), {authority})
    if isinstance(further, Path) and len(further.links) > 1 and further.links[-2].kind is not Kind.RECOGNISE:
        assert accredit["authorized"] is True
    if accredit["authorized"] and len(accredit["path"]) < 5:
        assert isinstance(further, Path)

    recognised = answer_recognition(asked(entity, authority, "recognize", at), ledger, NOW)
    direct = [
        each
        for each in ledger.accreditations
        if (each.kind, each.body, each.holder) == (Kind.RECOGNISE, authority, entity)
        and each.scope.covers(MATHS)
        and set(each.state_at(day(at))) == {State.ACTIVE}
    ]
    assert recognised["recognized"] == bool(direct)
    assert [each["accreditation"] for each in recognised["path"]] == [each.id for each in direct[:1]]
    assert isinstance(both, Path | Missing)


# What cannot be answered


def test_a_time_to_come_is_not_answered_with_no() -> None:
    error = code_of(answer_authorization, asked(at=101), WORLD, NOW)
    assert error.code == "time-to-come"
    assert code_of(answer_recognition, asked(at=101, action="recognize"), WORLD, NOW).code == "time-to-come"


def test_a_chain_that_was_not_read_is_not_answered_with_no() -> None:
    assert code_of(answer_authorization, asked(), Ledger(), NOW).code == "not-yet-read"


def test_an_action_that_is_not_known_is_not_answered_with_no() -> None:
    for answer, known in ((answer_authorization, AUTHORIZATION_ACTIONS), (answer_recognition, RECOGNITION_ACTIONS)):
        error = code_of(answer, asked(action="govern"), WORLD, NOW)
        assert (error.code, error.unknown) == ("unknown-action", True)
        assert all(action in str(error.remedy) for action in known)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0", "party-id"),
        ("-1", "party-id"),
        ("01", "party-id"),
        ("٧", "party-id"),
        ("1 ", "party-id"),
        (str(2**64), "party-id"),
        ("did:web:uni.example", "party-id"),
        (f"eip155:1:{CONTRACT}", "party-id"),
        (f"eip155:1:{CONTRACT}/party/1/", "party-id"),
        (f"eip155:10:{CONTRACT}/party/1", "party-elsewhere"),
        (f"eip155:1:0x{'cd' * 20}/party/1", "party-elsewhere"),
    ],
)
def test_a_name_that_is_not_of_a_party_here_is_refused(text: str, code: str) -> None:
    error = code_of(HERE.read_party, text, "entity_id")
    assert (error.code, error.unknown) == (code, code == "party-elsewhere")


def test_parties_have_a_name_of_their_own_and_a_number() -> None:
    assert HERE.read_party(HERE.write_party(7), "entity_id") == 7
    assert HERE.read_party(HERE.write_party(7).lower(), "entity_id") == 7
    assert HERE.read_party(str(2**64 - 1), "entity_id") == 2**64 - 1


@pytest.mark.parametrize(
    "change",
    [
        {"entity_id": 1},
        {"entity_id": None},
        {"entity_id": ""},
        {"action": "a" * 1025},
        {"resource": ["any"]},
        {"context": "now"},
        {"context": []},
        {"context": {"time": 5}},
        {"context": {"locator": None}},
    ],
)
def test_a_malformed_query_is_refused(change: dict[str, Any]) -> None:
    sound = {"entity_id": "1", "authority_id": "2", "action": "issue", "resource": "any"}
    assert read_query(sound, HERE).moment is None
    assert code_of(read_query, sound | change, HERE).code == "query"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "all",
        "field",
        "field=",
        "field=061x",
        "field=0613;field=05",
        "level=6",
        "levels=9",
        "types=magic",
        "any;",
        "jurisdiction=XX",
        "field=0613,levels=6",
        "FIELD=05",
        "programme=https://uni.example/nursing",
        f"programme={'07' * 32}",
        f"programme=0x{'07' * 31}",
        f"programme=0x{'00' * 32}",
        f"programme=0x{'07' * 32};programme=0x{'08' * 32}",
    ],
)
def test_a_resource_that_is_no_scope_is_refused(text: str) -> None:
    assert code_of(read_resource, text).code == "resource"


@given(
    st.builds(
        Scope,
        st.sampled_from(["", "05", "061", "0613"]),
        st.sampled_from([(1, 8), (6, 6), (5, 7)]),
        st.frozensets(st.sampled_from(QUALIFICATION_TYPES), max_size=3),
        st.sampled_from(["", "HR", "SI"]),
        st.sampled_from([bytes(32), bytes([7]) * 32]),
    )
)
def test_a_resource_is_read_as_it_was_written(scope: Scope) -> None:
    assert read_resource(write_resource(scope)) == scope


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00Z", "2026-01-01t00:00:00.9z", "2026-01-01T00:00:00+00:00"])
def test_times_in_utc_are_read(text: str) -> None:
    assert read_time(text) == START


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00+01:00",
        "2026-02-30T00:00:00Z",
        "2026-01-01T24:01:00Z",
        "١",
    ],
)
def test_other_times_are_refused(text: str) -> None:
    assert code_of(read_time, text).code == "time"


@given(
    st.dictionaries(
        st.sampled_from(["entity_id", "authority_id", "action", "resource", "context"]),
        st.one_of(
            st.text(max_size=20),
            st.none(),
            st.integers(),
            st.dictionaries(st.sampled_from(["time", "x"]), st.text(max_size=20)),
        ),
    )
)
def test_nothing_that_is_sent_breaks_the_reading(members: dict[str, Any]) -> None:
    try:
        query = read_query(members, HERE)
    except QueryError:
        return
    assert query.entity_id == members["entity_id"]
