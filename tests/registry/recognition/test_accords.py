"""Accords: who is a member at a time, what is missing of the links that a file asks for, and which paths they give."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.recognition.accord_file import AccordFile, parse_accord
from registry.recognition.accords import (
    AccordStanding,
    LinkStanding,
    Side,
    Standing,
    accord_members,
    begins_at,
    is_accord,
    what_is_missing,
)
from registry.recognition.ledger import Accreditation, Change, Kind, Ledger, State
from registry.recognition.path import Path, Reading, find_path
from registry.recognition.scope import Scope

START = datetime(2020, 1, 1, tzinfo=UTC)
ACCORD, A, B, C, D, STRANGER = 1, 2, 3, 4, 5, 9
COUNTRIES = {A: "US", B: "JP", C: "KR", D: "AU"}
AGREED = Scope("061", (6, 6), frozenset({"bachelor-degree"}))
ISSUERS = {member: 10 + member for member in COUNTRIES}
TODAY = 100


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def link(
    body: int,
    holder: int,
    kind: Kind,
    *later: tuple[State, int, int],
    scope: Scope = AGREED,
    start: int = 0,
    until: int | None = 1000,
    first: State = State.ACTIVE,
    recorded: int | None = None,
) -> Accreditation:
    """A link from `start`; later changes are state, day of record, day of effect."""
    made = Change(first, day(start if recorded is None else recorded), day(start))
    changes = (made, *(Change(state, day(on), day(since)) for state, on, since in later))
    end = None if until is None else day(until)
    return Accreditation(0, body, holder, kind, scope, day(start), end, bytes(32), "", changes)


def admission(member: int, *later: tuple[State, int, int], accord: int = ACCORD, **given: object) -> Accreditation:
    scope = given.pop("scope", replace(AGREED, jurisdiction=COUNTRIES.get(member, "")))
    return link(accord, member, Kind.ACCREDIT_TO_ACCREDIT, *later, scope=scope, **given)  # type: ignore[arg-type]


def recognition(member: int, *later: tuple[State, int, int], accord: int = ACCORD, **given: object) -> Accreditation:
    return link(member, accord, Kind.RECOGNISE, *later, **given)  # type: ignore[arg-type]


def issuing(member: int) -> Accreditation:
    scope = replace(AGREED, field="0613", jurisdiction=COUNTRIES[member])
    return link(member, ISSUERS[member], Kind.ACCREDIT_TO_ISSUE, scope=scope, until=5000)


def ledger_of(*links: Accreditation) -> Ledger:
    return Ledger(tuple(replace(each, id=number) for number, each in enumerate(links, 1)))


def both(*members: int) -> list[Accreditation]:
    return [each for member in members for each in (admission(member), recognition(member))]


def member_text(party: int, state: str = "full", joined: int = 0, left: int | None = None) -> str:
    lines = [f"party = {party}", f'name = "member {party}"', f'state = "{state}"', f"joined = {day(joined):%Y-%m-%d}"]
    if party in COUNTRIES:
        lines.append(f'country = "{COUNTRIES[party]}"')
    if left is not None:
        lines.append(f"left = {day(left):%Y-%m-%d}")
    return "[[members]]\n" + "\n".join(lines) + "\n"


def file_of(*members: str, scope: str = 'field = "061"', until: int = 1000) -> AccordFile:
    agreed = f'[scope]\n{scope}\nlevels = "6"\ntypes = ["bachelor-degree"]\n'
    about = f'[accord]\nname = "An accord"\nparty = {ACCORD}\nuntil = {day(until):%Y-%m-%d}\n'
    return parse_accord(about + agreed + "".join(members))


def standings(found: AccordStanding, member: int) -> dict[Side, Standing]:
    (its,) = (each for each in found.members if each.member.party == member)
    return {each.side: each.standing for each in its.links}


def standing_of(link_given: list[Accreditation], at: int = TODAY, **given: object) -> LinkStanding:
    """Of the admission of A, which the file has as a full member since day 0 unless it says otherwise."""
    file = file_of(member_text(A, **given))  # type: ignore[arg-type]
    return what_is_missing(file, ledger_of(*link_given), day(at)).members[0].links[0]


class TestMembers:
    def test_a_member_is_admitted_and_recognises(self) -> None:
        ledger = ledger_of(*both(A, B), admission(C), recognition(D))
        assert accord_members(ledger, ACCORD, day(TODAY)) == (A, B)
        assert is_accord(ledger, ACCORD)
        assert is_accord(ledger, ACCORD, day(TODAY))
        assert not is_accord(ledger, A)

    def test_a_body_that_recognises_and_is_accredited_by_another_is_no_member(self) -> None:
        # Both links point the same way: a ministry that recognises an agency and lets it accredit.
        ledger = ledger_of(link(ACCORD, A, Kind.ACCREDIT_TO_ACCREDIT), link(ACCORD, A, Kind.RECOGNISE))
        assert not is_accord(ledger, ACCORD)
        assert not is_accord(ledger_of(link(ACCORD, A, Kind.ACCREDIT_TO_ISSUE), recognition(A)), ACCORD)

    def test_an_offer_makes_no_accord(self) -> None:
        ledger = ledger_of(admission(A, first=State.OFFERED), recognition(A))
        assert not is_accord(ledger, ACCORD)
        assert accord_members(ledger, ACCORD, day(TODAY)) == ()

    def test_a_void_admission_never_made_one_and_a_withdrawn_one_did(self) -> None:
        withdrawn = ledger_of(admission(A, (State.WITHDRAWN, 50, 50)), recognition(A))
        assert is_accord(withdrawn, ACCORD)
        assert not is_accord(withdrawn, ACCORD, day(TODAY))
        assert is_accord(withdrawn, ACCORD, day(20))
        void = ledger_of(admission(A, (State.VOID, 50, 0)), recognition(A))
        assert not is_accord(void, ACCORD)

    def test_a_member_that_left_in_the_past_is_one_as_known_then(self) -> None:
        # Recorded on day 60 as of day 40.
        ledger = ledger_of(admission(A, (State.WITHDRAWN, 60, 40)), recognition(A))
        assert accord_members(ledger, ACCORD, day(50), Reading.AS_KNOWN_THEN) == (A,)
        assert accord_members(ledger, ACCORD, day(50), Reading.AS_KNOWN_NOW) == ()
        assert accord_members(ledger, ACCORD, day(50)) == ()


class TestWhatIsMissing:
    @pytest.mark.parametrize(
        ("links", "expected"),
        [
            ([], Standing.MISSING),
            ([admission(A)], Standing.HOLDS),
            ([admission(A, first=State.OFFERED)], Standing.OFFERED),
            ([admission(A, (State.REFUSED, 5, 0), first=State.OFFERED)], Standing.REFUSED),
            ([admission(A, until=50)], Standing.LAPSED),
            ([admission(A, until=500)], Standing.ENDS_EARLY),
            ([admission(A, (State.SUSPENDED, 50, 50))], Standing.SUSPENDED),
            ([admission(A, (State.WITHDRAWN, 50, 50))], Standing.WITHDRAWN),
            ([admission(A, (State.WITHDRAWN, 50, 50), until=60)], Standing.WITHDRAWN),
            ([admission(A, (State.VOID, 50, 0))], Standing.VOID),
            ([admission(A, (State.VOID, 50, 0), until=60)], Standing.VOID),
            ([admission(A, first=State.OFFERED, until=60)], Standing.LAPSED),
            ([admission(A, start=200, recorded=5)], Standing.NOT_YET_VALID),
            ([admission(A, scope=Scope("06"))], Standing.OTHER_SCOPE),
            # Nothing of the sort: it says nothing of the member's accrediting.
            ([link(ACCORD, A, Kind.ACCREDIT_TO_ISSUE)], Standing.MISSING),
            # The older one holds, whatever became of the newer.
            ([admission(A), admission(A, (State.VOID, 50, 0))], Standing.HOLDS),
            ([admission(A, until=50), admission(A, (State.WITHDRAWN, 70, 70), start=50)], Standing.WITHDRAWN),
        ],
        ids=lambda value: value.value if isinstance(value, Standing) else "links",
    )
    def test_of_an_admission(self, links: list[Accreditation], expected: Standing) -> None:
        assert standing_of(links).standing is expected

    def test_one_that_was_not_yet_recorded_then(self) -> None:
        file = file_of(member_text(A))
        ledger = ledger_of(admission(A, recorded=60), recognition(A))
        then = what_is_missing(file, ledger, day(50), Reading.AS_KNOWN_THEN)
        now = what_is_missing(file, ledger, day(50), Reading.AS_KNOWN_NOW)
        assert standings(then, A)[Side.ADMISSION] is Standing.NOT_YET_RECORDED
        assert standings(now, A) == {Side.ADMISSION: Standing.HOLDS, Side.RECOGNITION: Standing.HOLDS}
        assert now.members[0].is_linked
        assert not then.members[0].is_linked

    def test_a_renewal_follows_the_one_that_ends(self) -> None:
        ending = admission(A, until=500)
        offered = standing_of([ending, admission(A, start=500, recorded=90, first=State.OFFERED)])
        assert offered.standing is Standing.ENDS_EARLY
        assert offered.holds
        assert offered.renewal is not None
        assert offered.renewal.id == 2
        assert standing_of([ending, admission(A, start=500, recorded=90)]).standing is Standing.HOLDS
        # With a gap it is none.
        assert standing_of([ending, admission(A, start=501, recorded=90)]).standing is Standing.ENDS_EARLY

    @pytest.mark.parametrize(
        ("links", "expected"),
        [
            ([], day(0)),
            ([admission(A, until=50)], day(50)),
            ([admission(A, until=500)], day(500)),
            ([admission(A, scope=Scope("06"))], None),
            ([admission(A, (State.VOID, 5, 0), until=50)], day(0)),
            ([admission(A, first=State.OFFERED, until=50)], day(0)),
        ],
        ids=["nothing", "lapsed", "ends", "other-scope", "void", "never-accepted"],
    )
    def test_a_link_begins_where_the_one_before_it_ended(
        self, links: list[Accreditation], expected: datetime | None
    ) -> None:
        member = file_of(member_text(A)).members[0]
        assert begins_at(standing_of(links), member) == expected

    def test_provisional_and_departed_members_are_due_nothing(self) -> None:
        file = file_of(member_text(A, "provisional"), member_text(B, left=50), member_text(C))
        nothing = what_is_missing(file, ledger_of(*both(C)), day(TODAY))
        assert set(standings(nothing, A).values()) == set(standings(nothing, B).values()) == {Standing.NOT_DUE}
        assert nothing.is_complete
        linked = what_is_missing(file, ledger_of(*both(A, B, C)), day(TODAY))
        assert set(standings(linked, A).values()) == set(standings(linked, B).values()) == {Standing.BEYOND}
        assert not linked.is_complete
        # Of the day before it left, B is due its links.
        assert set(standings(what_is_missing(file, ledger_of(*both(B)), day(49)), B).values()) == {Standing.HOLDS}

    def test_one_that_will_join_is_due_its_links_beforehand(self) -> None:
        file = file_of(member_text(A, joined=200))
        assert set(standings(what_is_missing(file, Ledger(), day(TODAY)), A).values()) == {Standing.MISSING}

    def test_what_is_beyond_the_file_is_told(self) -> None:
        file = file_of(member_text(A))
        wide = admission(A, scope=Scope("06"))
        found = what_is_missing(file, ledger_of(*both(A), wide, admission(STRANGER), recognition(STRANGER)), day(TODAY))
        assert [each.id for each in found.members[0].beyond] == [3]
        assert [(each.id, each.kind) for each in found.strangers] == [
            (4, Kind.ACCREDIT_TO_ACCREDIT),
            (5, Kind.RECOGNISE),
        ]
        assert not found.is_complete

    def test_anybody_may_recognise_an_accord(self) -> None:
        found = what_is_missing(file_of(member_text(A)), ledger_of(*both(A), recognition(STRANGER)), day(TODAY))
        assert found.is_complete
        assert [each.body for each in found.strangers] == [STRANGER]

    def test_a_link_for_each_field(self) -> None:
        file = file_of(member_text(A), scope='fields = ["061", "0541"]')
        links = what_is_missing(file, ledger_of(*both(A)), day(TODAY)).members[0].links
        assert [(each.side, each.scope.field, each.standing) for each in links] == [
            (Side.ADMISSION, "061", Standing.HOLDS),
            (Side.ADMISSION, "0541", Standing.OTHER_SCOPE),
            (Side.RECOGNITION, "061", Standing.HOLDS),
            (Side.RECOGNITION, "0541", Standing.OTHER_SCOPE),
        ]


class TestCircles:
    def found(self, *links: Accreditation) -> AccordStanding:
        return what_is_missing(file_of(member_text(A)), ledger_of(*both(A), *links), day(TODAY))

    def test_two_accords_that_recognise_each_other(self) -> None:
        found = self.found(link(ACCORD, STRANGER, Kind.RECOGNISE), link(STRANGER, ACCORD, Kind.RECOGNISE))
        assert found.circles == ((ACCORD, STRANGER),)
        assert found.recognises == (STRANGER,)

    def test_an_accord_that_recognises_its_member(self) -> None:
        assert self.found(link(ACCORD, A, Kind.RECOGNISE)).circles == ((ACCORD, A),)

    def test_a_longer_circle_is_told_with_all_its_parties(self) -> None:
        around = [link(one, other, Kind.RECOGNISE) for one, other in ((ACCORD, 6), (6, 7), (7, 8), (8, ACCORD))]
        assert self.found(*around).circles == ((ACCORD, 6, 7, 8),)
        # With one of them withdrawn there is none.
        around[2] = link(7, 8, Kind.RECOGNISE, (State.WITHDRAWN, 50, 50))
        assert self.found(*around).circles == ()

    def test_recognition_without_a_way_back_is_no_circle(self) -> None:
        found = self.found(link(ACCORD, STRANGER, Kind.RECOGNISE))
        assert (found.circles, found.recognises) == ((), (STRANGER,))

    def test_a_circle_gives_nobody_a_path(self) -> None:
        other = [admission(STRANGER, accord=6), recognition(STRANGER, accord=6)]
        issuer = link(STRANGER, 20, Kind.ACCREDIT_TO_ISSUE)
        circle = [link(ACCORD, 6, Kind.RECOGNISE), link(6, ACCORD, Kind.RECOGNISE)]
        ledger = ledger_of(*both(A), *other, issuer, *circle)
        assert not isinstance(find_path(ledger, 20, AGREED, day(TODAY), {A}), Path)

    def test_a_member_that_is_an_accord_is_pointed_out(self) -> None:
        found = self.found(admission(B, accord=A), recognition(B, accord=A))
        assert found.nested == (A,)


@st.composite
def accords(draw: st.DrawFn) -> tuple[AccordFile, Ledger, int]:
    """A file, links that somebody made after it or not, and a day."""
    texts, links = [], [issuing(member) for member in COUNTRIES]
    changes = st.sampled_from([(), ((State.SUSPENDED, 60, 55),), ((State.WITHDRAWN, 70, 40),), ((State.VOID, 70, 0),)])
    for party in COUNTRIES:
        state = draw(st.sampled_from(["full", "full", "provisional"]))
        joined, left = draw(st.sampled_from([0, 30])), draw(st.sampled_from([None, None, 80]))
        texts.append(member_text(party, state, joined, left))
        for make in (admission, recognition):
            if draw(st.integers(0, 4)):
                first = draw(st.sampled_from([State.ACTIVE] * 4 + [State.OFFERED]))
                later = draw(changes) if first is State.ACTIVE else ()
                until = draw(st.sampled_from([1000, 90]))
                links.append(make(party, *later, start=joined, first=first, until=until))
    return file_of(*texts), ledger_of(*draw(st.permutations(links))), draw(st.sampled_from([10, 35, 58, 75, 95]))


def holds(ledger: Ledger, body: int, holder: int, kind: Kind, at: int) -> bool:
    """By trying every link."""
    return any(
        (each.body, each.holder, each.kind) == (body, holder, kind)
        and each.state_at(day(at)) == (State.ACTIVE, State.ACTIVE)
        for each in ledger.accreditations
    )


@given(accords())
def test_each_members_issuers_are_reached_from_each_other_member_and_from_nobody_else(
    given_accord: tuple[AccordFile, Ledger, int],
) -> None:
    file, ledger, at = given_accord
    admitted = {each for each in COUNTRIES if holds(ledger, ACCORD, each, Kind.ACCREDIT_TO_ACCREDIT, at)}
    recognising = {each for each in COUNTRIES if holds(ledger, each, ACCORD, Kind.RECOGNISE, at)}
    assert accord_members(ledger, ACCORD, day(at)) == tuple(sorted(admitted & recognising))
    assert is_accord(ledger, ACCORD, day(at)) or not admitted & recognising
    linked = {each.member.party for each in what_is_missing(file, ledger, day(at)).members if each.is_linked}
    assert linked <= admitted & recognising
    asked = replace(AGREED, field="0613")
    for truster, member in permutations(COUNTRIES, 2):
        scope = replace(asked, jurisdiction=COUNTRIES[member])
        found = find_path(ledger, ISSUERS[member], scope, day(at), {truster})
        assert isinstance(found, Path) == (truster in recognising and member in admitted)
        if isinstance(found, Path):
            assert [(each.body, each.holder) for each in found.links] == [
                (truster, ACCORD),
                (ACCORD, member),
                (member, ISSUERS[member]),
            ]
        elif {truster, member} <= linked:
            raise AssertionError("two members that are linked do not reach each other")


@given(accords())
def test_what_holds_as_the_file_says_is_what_a_search_of_every_link_finds(
    given_accord: tuple[AccordFile, Ledger, int],
) -> None:
    file, ledger, at = given_accord
    for each in what_is_missing(file, ledger, day(at)).members:
        party = each.member.party
        due = each.member.takes_part(max(day(at), each.member.joined or day(at)))
        for link_found, (body, holder, kind) in zip(
            each.links,
            ((ACCORD, party, Kind.ACCREDIT_TO_ACCREDIT), (party, ACCORD, Kind.RECOGNISE)),
            strict=True,
        ):
            is_there = holds(ledger, body, holder, kind, at)
            assert link_found.holds == (due and is_there)
            if not due:
                assert link_found.standing in (Standing.BEYOND, Standing.NOT_DUE)
                assert link_found.standing is Standing.BEYOND or not is_there


def test_twenty_six_links_stand_for_a_hundred_and_fifty_six() -> None:
    members = range(2, 15)
    texts = [
        f'[[members]]\nparty = {each}\nname = "m{each}"\nstate = "full"\njoined = 2020-01-01\n' for each in members
    ]
    file = file_of(*texts)
    links = [
        made
        for each in members
        for made in (link(ACCORD, each, Kind.ACCREDIT_TO_ACCREDIT), link(each, ACCORD, Kind.RECOGNISE))
    ]
    assert len(links) == 26
    issuers = [link(each, 100 + each, Kind.ACCREDIT_TO_ISSUE) for each in members]
    ledger = ledger_of(*links, *issuers)
    found = what_is_missing(file, ledger, day(TODAY))
    assert found.is_complete
    reached = [find_path(ledger, 100 + other, AGREED, day(TODAY), {each}) for each, other in permutations(members, 2)]
    assert len(reached) == 156
    assert {len(each.links) for each in reached if isinstance(each, Path)} == {3}
    assert all(isinstance(each, Path) for each in reached)
