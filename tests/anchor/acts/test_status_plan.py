"""What is planned for status jobs, against a chain of a few lines: the last word stands, and nothing is sent twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from anchor.acts.status_plan import OPPOSITE, VOIDED, Asked, plan
from anchor.books.deeds import DeedRow, NewDeed, Word
from anchor.books.status_jobs import StatusJob
from anchor.books.tables import BatchState, StatusJobState
from registry.records import Act

ROOT = bytes(32)
WORDS = (Word(ROOT, 0), Word(ROOT, 1))


def job(number: int, act: Act, *, reason: str = "unspecified", urgent: bool = False) -> StatusJob:
    nothing = (None, urgent, None, "http", None, None, 0.0, 1, 0, StatusJobState.PENDING, True, None, None, None)
    return StatusJob(number, str(number), 1, act, reason, "", *nothing)


def stored(number: int, new: NewDeed, state: BatchState = BatchState.SEALED) -> DeedRow:
    nonce = None if state is BatchState.SEALED else number
    return DeedRow(
        number, 1, new.act, new.reason, *new.place, new.mask, new.urgent, state, made_at=0, nonce=nonce, sender="0x"
    )


class Miniature:
    """One issuer's jobs and deeds, and a chain that does what it is sent, in order."""

    def __init__(self) -> None:
        self.bits: dict[tuple[Act, Word], int] = {}
        self.deeds: list[DeedRow] = []
        self.jobs: list[tuple[StatusJob, dict[Word, int]]] = []
        self.ended: dict[int, int] = {}
        self.sent = 0

    def is_so(self, act: Act, word: Word) -> int:
        family = Act.SUSPEND if act is Act.REINSTATE else act
        found = self.bits.get((family, word), 0)
        return ~found if act is Act.REINSTATE else found

    def ask(self, act: Act, wanted: dict[Word, int]) -> None:
        number = len(self.jobs)
        self.jobs.append((job(number, act, reason=("unspecified", "holder-request")[number % 2]), wanted))
        # As the resolver does with what has no nonce yet.
        self.deeds = [deed for deed in self.deeds if deed.is_signed]

    def look(self) -> None:
        asked = []
        for one, wanted in self.jobs:
            if one.number in self.ended:
                continue
            later = [
                other for other in self.jobs if other[0].number > one.number and other[0].act is OPPOSITE.get(one.act)
            ]
            left, overtaken, held = {}, 0, 0
            for word, bits in wanted.items():
                others = [(other.number, bits & theirs.get(word, 0)) for other, theirs in later]
                gone = sum({1 << bit for _, mask in others for bit in range(256) if mask >> bit & 1})
                overtaken += gone.bit_count()
                held += sum(1 for number, mask in others if mask and number not in self.ended)
                left[word] = bits & ~gone
            asked.append(Asked(one, left, overtaken=overtaken, held=held))
        outcomes, new = plan(asked, self.is_so, self.deeds)
        self.deeds += [stored(len(self.deeds) + self.sent * 1000 + at, one) for at, one in enumerate(new)]
        for outcome in outcomes:
            if outcome.is_settled:
                self.ended[outcome.asked.job.number] = len(self.ended)

    def sign(self) -> None:
        self.deeds = [
            replace(deed, nonce=deed.id, state=BatchState.BROADCAST) if not deed.is_signed else deed
            for deed in self.deeds
        ]

    def mine(self) -> None:
        """The oldest that is signed comes into a block; what was mined before becomes final."""
        self.deeds = [deed for deed in self.deeds if not deed.is_anchored]
        for at, deed in enumerate(self.deeds):
            if deed.is_signed:
                family = Act.SUSPEND if deed.act is Act.REINSTATE else deed.act
                before = self.bits.get((family, deed.place), 0)
                after = before & ~deed.mask if deed.act is Act.REINSTATE else before | deed.mask
                assert after != before, "a transaction without effect"
                self.bits[family, deed.place] = after
                self.deeds[at] = replace(deed, state=BatchState.MINED)
                self.sent += 1
                return


masks = st.dictionaries(st.sampled_from(WORDS), st.integers(1, 3), min_size=1)
moves = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([Act.SUSPEND, Act.REINSTATE, Act.REVOKE]), masks),
        st.sampled_from(["look", "look", "sign", "mine"]),
    ),
    min_size=12,
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(moves)
def test_the_chain_ends_at_the_last_words_and_every_transaction_changes_something(course: Sequence[object]) -> None:
    world = Miniature()
    for move in course:
        if isinstance(move, tuple):
            world.ask(*move)
        else:
            getattr(world, str(move))()
    for _ in range(4 * len(world.jobs) + 4):
        world.look()
        world.sign()
        world.mine()
    assert len(world.ended) == len(world.jobs)
    expected: dict[tuple[Act, Word], int] = {}
    for one, wanted in world.jobs:
        for word, bits in wanted.items():
            family = Act.SUSPEND if one.act is Act.REINSTATE else one.act
            before = expected.get((family, word), 0)
            expected[family, word] = before & ~bits if one.act is Act.REINSTATE else before | bits
    for key, bits in expected.items():
        assert world.bits.get(key, 0) == bits


def test_jobs_of_one_kind_share_a_deed_and_the_urgent_make_it_urgent() -> None:
    word = WORDS[0]
    asked = [
        Asked(job(1, Act.REVOKE), {word: 1}),
        Asked(job(2, Act.REVOKE, urgent=True), {word: 2}),
        Asked(job(3, Act.REVOKE), {word: 3}),
        Asked(job(4, Act.REVOKE, reason="holder-request"), {word: 4}),
    ]
    _, new = plan(asked, lambda act, word: 0, [])
    first = NewDeed(Act.REVOKE, "unspecified", word, 3, urgent=True, jobs=frozenset({1, 2, 3}))
    other = NewDeed(Act.REVOKE, "holder-request", word, 4, urgent=False, jobs=frozenset({4}))
    assert new == [first, other]


def test_a_batch_that_is_being_voided_is_waited_for() -> None:
    voiding = stored(9, NewDeed(Act.VOID, "unspecified", WORDS[0], VOIDED, urgent=False, jobs=frozenset()))
    asked = [Asked(job(1, Act.REVOKE), {WORDS[1]: 6}), Asked(job(2, Act.SUSPEND), {WORDS[1]: 6})]
    outcomes, new = plan(asked, lambda act, word: 0, [voiding])
    assert new == []
    assert (outcomes[0].covering, outcomes[0].waits) == ({9}, False)
    assert (outcomes[1].covering, outcomes[1].waits) == (set(), True)
