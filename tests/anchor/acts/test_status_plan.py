"""What is planned for status jobs, against a chain of a few lines: the last word stands, and nothing is sent twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from anchor.acts.status_plan import DIGESTS_A_DEED, OPPOSITE, VOIDED, Asked, plan
from anchor.books.deeds import ByDigest, DeedRow, NewDeed, Subject, Word
from anchor.books.status_jobs import StatusJob
from anchor.books.tables import BatchState, StatusJobState
from registry.records import Act

ROOT = bytes(32)
WORDS = (Word(ROOT, 0), Word(ROOT, 1))
DIGESTS = tuple(ByDigest(bytes([number]) * 32) for number in (1, 2, 3))


def job(number: int, act: Act, *, reason: str = "unspecified", urgent: bool = False) -> StatusJob:
    nothing = (None, False, urgent, None, "http", None, None, 0.0, 1, 0, StatusJobState.PENDING, True, None, None, None)
    return StatusJob(number, str(number), 1, act, reason, "", *nothing)


def stored(number: int, new: NewDeed, state: BatchState = BatchState.SEALED) -> DeedRow:
    nonce = None if state is BatchState.SEALED else number
    of = (*new.subject, new.mask, ()) if isinstance(new.subject, Word) else (b"", 0, 0, digests_of(new))
    return DeedRow(number, 1, new.act, new.reason, *of, new.urgent, state, made_at=0, nonce=nonce, sender="0x")


def digests_of(new: NewDeed) -> tuple[bytes, ...]:
    assert not isinstance(new.subject, Word)
    return tuple(each.digest for each in new.subject)


class Miniature:
    """One issuer's jobs and deeds, and a chain that does what it is sent, in order."""

    def __init__(self) -> None:
        self.bits: dict[tuple[Act, Subject], int] = {}
        self.deeds: list[DeedRow] = []
        self.jobs: list[tuple[StatusJob, dict[Subject, int]]] = []
        self.ended: dict[int, int] = {}
        self.sent = 0

    def is_so(self, act: Act, subject: Subject) -> int:
        family = Act.SUSPEND if act is Act.REINSTATE else act
        found = self.bits.get((family, subject), 0)
        return ~found if act is Act.REINSTATE else found

    def ask(self, act: Act, wanted: dict[Subject, int]) -> None:
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
                for subject in deed.subjects:
                    before, mask = self.bits.get((family, subject), 0), deed.bits(subject)
                    after = before & ~mask if deed.act is Act.REINSTATE else before | mask
                    assert after != before, "a transaction without effect, or with less than it is paid for"
                    self.bits[family, subject] = after
                self.deeds[at] = replace(deed, state=BatchState.MINED)
                self.sent += 1
                return


masks = st.dictionaries(st.sampled_from(WORDS), st.integers(1, 3)).flatmap(
    lambda words: st.dictionaries(st.sampled_from(DIGESTS), st.just(1), min_size=not words).map(
        lambda digests: {**words, **digests}
    )
)
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
    expected: dict[tuple[Act, Subject], int] = {}
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


def test_digests_share_deeds_a_hundred_each_the_urgent_together() -> None:
    digests = [ByDigest(number.to_bytes(32, "big")) for number in range(150)]
    asked = [
        Asked(job(1, Act.REVOKE), dict.fromkeys(digests[:120], 1)),
        Asked(job(2, Act.REVOKE, urgent=True), dict.fromkeys(digests[110:], 1)),
        Asked(job(3, Act.REVOKE, reason="holder-request"), {digests[0]: 1}),
        Asked(job(4, Act.SUSPEND), {digests[0]: 1, WORDS[0]: 2}),
    ]
    outcomes, new = plan(asked, lambda act, subject: 0, [])
    by_digest = [each for each in new if not isinstance(each.subject, Word)]
    assert [(each.act, len(digests_of(each)), each.urgent) for each in by_digest] == [
        (Act.REVOKE, DIGESTS_A_DEED, True),
        (Act.REVOKE, 50, False),
        (Act.SUSPEND, 1, False),
    ]
    assert set(digests_of(by_digest[0])) >= {each.digest for each in digests[110:]}
    assert 2 in by_digest[0].jobs
    assert any(3 in each.jobs for each in by_digest[:2])
    assert sorted(digest for each in by_digest[:2] for digest in digests_of(each)) == [each.digest for each in digests]
    assert [each.subject for each in new if isinstance(each.subject, Word)] == [WORDS[0]]
    assert all(each.needs for each in outcomes)


def test_a_voided_batch_revokes_no_digest() -> None:
    voiding = stored(9, NewDeed(Act.VOID, "unspecified", WORDS[0], VOIDED, urgent=False, jobs=frozenset()))
    (outcome,), new = plan([Asked(job(1, Act.REVOKE), {DIGESTS[0]: 1, WORDS[0]: 1})], lambda act, subject: 0, [voiding])
    assert outcome.covering == {9}
    assert [digests_of(each) for each in new] == [(DIGESTS[0].digest,)]


def test_what_is_under_way_for_a_digest_is_not_asked_twice_and_its_opposite_is_waited_for() -> None:
    suspending = stored(
        5, NewDeed(Act.SUSPEND, "unspecified", DIGESTS[:2], 0, urgent=False, jobs=frozenset()), BatchState.BROADCAST
    )
    asked = [
        Asked(job(1, Act.SUSPEND), {DIGESTS[0]: 1, DIGESTS[2]: 1}),
        Asked(job(2, Act.REINSTATE), {DIGESTS[1]: 1}),
        Asked(job(3, Act.REVOKE), {DIGESTS[1]: 1}),
    ]
    outcomes, new = plan(asked, lambda act, subject: int(act is Act.REINSTATE), [suspending])
    assert [(each.covering, each.needs, each.waits) for each in outcomes] == [
        ({5}, True, False),
        (set(), False, True),
        (set(), True, False),
    ]
    assert [(each.act, digests_of(each)) for each in new] == [
        (Act.SUSPEND, (DIGESTS[2].digest,)),
        (Act.REVOKE, (DIGESTS[1].digest,)),
    ]
