"""Jobs of an issuer that has batches on chain which the database does not know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor.batching.reissue import ASKED_AT_ONCE, revoked_by_digest
from anchor.batching.sealing import QueuePolicy, Sealer
from anchor.books import control
from anchor.books.anchoring import history
from anchor.books.batches import BatchRow, Leaf
from anchor.books.jobs import Job
from anchor.books.on_chain import PAUSE_SECONDS, History, UnknownBatch, are_all_known, unknown_sequences
from anchor.books.recovering import RecoveryStore
from anchor.books.tables import BatchState, JobState
from anchor.daemon.jobs_view import JobViews
from anchor.intake.desk import Desk, Kind, Order
from anchor.intake.files import GIVEN_METHOD
from anchor.intake.streams import IntakeLimits
from registry.credential.digest import digest_json
from registry.errors import ChainUnavailable
from registry.merkle.tree import Tree
from registry.records import DigestStatus, Event, Purpose
from tests.anchor.issuer import CHAIN, CONTRACT, Site, credential


@dataclass
class Chain:
    """What the contract would say of one issuer: roots in the order of their sequences."""

    roots: list[bytes] = field(default_factory=list)
    revoked: dict[bytes, int] = field(default_factory=dict)
    leaf_count: int = 0
    by_digest: set[bytes] = field(default_factory=set)
    asked: int = 0
    is_away: bool = False
    told: set[bytes] | None = None
    asked_at_once: list[int] = field(default_factory=list)

    def party(self, _: int) -> Any:
        self.asked += 1
        if self.is_away:
            raise ChainUnavailable("no answer in time", where="the endpoint", code="chain-timeout")
        return type("Party", (), {"sequence": len(self.roots)})()

    def batch(self, _: int, root: bytes) -> Any:
        if root not in self.roots:
            return None
        return type(
            "Batch",
            (),
            {"sequence": self.roots.index(root) + 1, "block_number": 5, "root": root, "leaf_count": self.leaf_count},
        )()

    def status_changes(self, _: int, root: bytes, **__: object) -> list[Any]:
        change = {"purpose": int(Purpose.REVOCATION), "word": 0, "changed": self.revoked.get(root, 0)}
        return [Event("StatusSet", change, 5, bytes(32), 0, bytes(32))]

    def digest_statuses(self, _: int, digests: Sequence[bytes], *, at: object = None) -> tuple[DigestStatus, ...]:
        self.asked_at_once.append(len(digests))
        now = datetime.now(UTC)
        return tuple(DigestStatus(now if each in self.by_digest else None) for each in digests)

    def all_revoked_digests(self, _: int) -> set[bytes] | None:
        return self.told

    def replacements(self, *_: object, **__: object) -> dict[int, Any]:
        return {}

    @property
    def client(self) -> Any:
        return type("Client", (), {"where": "the endpoint"})()

    def anchored_events(self, **_: object) -> tuple[()]:
        return ()


@pytest.fixture
def chain() -> Chain:
    return Chain()


@pytest.fixture
def sealer(site: Site, chain: Chain) -> Sealer:
    known = History(chain, site.batches)  # type: ignore[arg-type]
    policy = QueuePolicy(1000, 0.0)
    return Sealer(site.folder, site.jobs, site.batches, "0x" + "Aa" * 20, site.notices, policy, history=known)


def send(site: Site, *numbers: int, **wanted: Any) -> str:
    incoming = Desk(site.jobs, IntakeLimits(), site.notices).receive(Order(1, "http", **wanted), Kind.LINES)
    incoming.feed(b"\n".join(map(credential, numbers)))
    return incoming.finish().job.id


def job(site: Site, number: str) -> Job:
    found = site.jobs.get(number)
    assert found is not None
    return found


def state(site: Site, number: str) -> JobState:
    return job(site, number).state


def content(site: Site, number: str) -> dict[str, Any]:
    return JobViews(site.engine, CHAIN, CONTRACT).of(job(site, number)).content(public=True)


def test_a_job_waits_while_batches_are_unknown(site: Site, chain: Chain, sealer: Sealer) -> None:
    chain.roots = [b"\x11" * 32]
    number = send(site, 1, 2)
    assert sealer.round(lambda _: True) == 0
    assert state(site, number) is JobState.QUEUED
    (told,) = (notice for notice in site.told if notice.event == "history-incomplete")
    assert "batch 1" in str(told.facts["why"])
    waiting = content(site, number)["waiting"]
    assert waiting["code"] == "history-incomplete"
    assert "batch 1" in waiting["why"]
    chain.roots = []
    assert sealer.round(lambda _: True) == 1
    assert state(site, number) is JobState.SEALED
    assert content(site, number)["waiting"] is None


def test_a_root_that_is_on_chain_over_another_tree_is_not_taken_over(site: Site, chain: Chain, sealer: Sealer) -> None:
    """The database was lost: it cannot know that the digest is the root of a batch of six."""
    root = b"\x11" * 32
    chain.roots, chain.leaf_count = [root], 6
    incoming = Desk(site.jobs, IntakeLimits(), site.notices).receive(Order(1, "http"), Kind.DIGESTS)
    incoming.feed(root.hex().encode())
    number = incoming.finish().job.id
    assert sealer.round(lambda _: True) == 0
    assert content(site, number)["waiting"]["code"] == "root-taken"
    # The batch of one leaf that somebody anchored with this very count is the same tree.
    chain.leaf_count = 1
    assert sealer.round(lambda _: True) == 1
    assert state(site, number) is JobState.SEALED


def test_a_job_says_that_no_account_may_anchor_it_or_that_its_root_is_taken(site: Site, sealer: Sealer) -> None:
    number = send(site, 1, 2)
    sealer.round(lambda _: False)
    assert content(site, number)["waiting"]["code"] == "no-operator"
    assert "0xAa" in content(site, number)["waiting"]["why"]
    with Tree.build(site.digests()) as tree:
        root = tree.root
    sealer.round(lambda _: True)
    desk = Desk(site.jobs, IntakeLimits(), site.notices)
    incoming = desk.receive(Order(1, "http"), Kind.DIGESTS)
    incoming.feed(root.hex().encode())
    taken = incoming.finish().job.id
    assert sealer.round(lambda _: True) == 0
    assert content(site, taken)["waiting"]["code"] == "root-taken"
    assert control.cancel(site.engine, site.jobs, job(site, taken))
    assert content(site, taken)["waiting"] is None


def test_what_is_anchored_again_on_purpose_needs_the_history_as_well(site: Site, chain: Chain, sealer: Sealer) -> None:
    """What was revoked for good in a batch that is not known here could not be left out."""
    chain.roots = [b"\x11" * 32]
    number = send(site, 1, reissue=True)
    assert sealer.round(lambda _: True) == 0
    assert content(site, number)["waiting"]["code"] == "history-incomplete"


def test_a_job_that_goes_on_without_the_history_is_alone_in_its_batch_which_says_so(
    site: Site, chain: Chain, sealer: Sealer
) -> None:
    chain.roots = [b"\x11" * 32]
    ordinary = send(site, 1, is_open=True)
    without = send(site, 2, is_open=True, without_history=True)
    assert sealer.round(lambda _: True) == 1
    assert (state(site, ordinary), state(site, without)) == (JobState.QUEUED, JobState.SEALED)
    assert content(site, without)["withoutHistory"] is True
    (batch,) = site.batches.all(1)
    (event,) = history(site.engine, batch.id)
    assert event.detail == "sealed without knowing batch 1"


def test_the_history_is_asked_for_once_in_a_round(site: Site, chain: Chain, sealer: Sealer) -> None:
    numbers = [send(site, each) for each in range(4)]
    assert sealer.round(lambda _: True) == 4
    assert chain.asked == 1
    chain.roots = [b"\x11" * 32]
    numbers = [send(site, each) for each in range(4, 8)]
    assert sealer.round(lambda _: True) == 0
    assert chain.asked == 2
    assert {content(site, number)["waiting"]["code"] for number in numbers} == {"history-incomplete"}


def test_without_an_answer_nothing_is_sealed(site: Site, chain: Chain, sealer: Sealer) -> None:
    numbers = [send(site, 1), send(site, 2)]
    chain.is_away = True
    assert sealer.round(lambda _: True) == 0
    assert {content(site, number)["waiting"]["code"] for number in numbers} == {"chain-timeout"}
    assert site.batches.all() == []
    chain.is_away = False
    assert sealer.round(lambda _: True) == 2


# What is brought here


@dataclass
class Office:
    """Where the trees of others are, as far as a test has put them there."""

    site: Site
    trees: dict[bytes, list[bytes]] = field(default_factory=dict)
    looked: int = 0

    def __call__(self, issuer: int, unknown: Sequence[UnknownBatch]) -> list[UnknownBatch]:
        self.looked += 1
        left = []
        for each in unknown:
            root = self.roots[each.sequence - 1]
            if root not in self.trees:
                left.append(replace(each, code="tree-missing"))
                continue
            leaves = [Leaf(digest, at, 0, "theirs", 0) for at, digest in enumerate(self.trees[root])]
            row = self.site.batches.add(issuer, root, len(leaves), leaves, sealed_at=1)
            self.site.batches.update(replace(row, state=BatchState.FINAL, sequence=each.sequence, block_number=5))
        return left

    roots: list[bytes] = field(default_factory=list)


def test_a_job_goes_on_by_itself_once_the_trees_are_there(site: Site, chain: Chain) -> None:
    """And what others have anchored is left out of it."""
    clock = [0.0]
    office = Office(site, roots=chain.roots)
    known = History(chain, site.batches, pull=office, clock=lambda: clock[0])  # type: ignore[arg-type]
    sealer = Sealer(
        site.folder, site.jobs, site.batches, "0x" + "Aa" * 20, site.notices, QueuePolicy(1000, 0.0), history=known
    )
    number = send(site, 1, 2)
    first, _ = site.digests()
    chain.roots.append(b"\x11" * 32)
    for _ in range(3):
        assert sealer.round(lambda _: True) == 0
    # A tree that was not there is not looked for in every round.
    assert office.looked == 1
    assert content(site, number)["waiting"]["code"] == "history-incomplete"
    office.trees[chain.roots[0]] = [first]
    clock[0] += PAUSE_SECONDS
    assert sealer.round(lambda _: True) == 1
    assert job(site, number).anchored_before == 1
    chain.roots.append(site.batches.all(1)[-1].root)
    # Another one that is unknown is looked for at once.
    chain.roots.append(b"\x22" * 32)
    later = send(site, 3)
    assert sealer.round(lambda _: True) == 0
    assert office.looked == 3
    office.trees[chain.roots[2]] = [bytes(32)]
    clock[0] += PAUSE_SECONDS
    assert sealer.round(lambda _: True) == 1
    assert state(site, later) is JobState.SEALED


def test_a_batch_that_was_given_up_keeps_nobody_waiting_and_is_named(site: Site, chain: Chain, sealer: Sealer) -> None:
    chain.roots = [b"\x11" * 32]
    store = RecoveryStore(site.engine, CHAIN, CONTRACT, given=GIVEN_METHOD)
    lost = BatchRow(0, 1, chain.roots[0], 7, BatchState.FINAL, 1, sequence=1, block_number=5)
    row = store.add(lost, None)
    assert [each.sequence for each in site.batches.given_up(1)] == [1]
    send(site, 1)
    assert sealer.round(lambda _: True) == 1
    sealed = site.batches.all(1)[-1]
    assert history(site.engine, sealed.id)[0].detail == ("sealed without the leaves of batch 1, which were given up")
    store.fill(row, [bytes([number]) * 32 for number in range(7)])
    assert site.batches.given_up(1) == []


def test_what_was_revoked_since_a_job_was_queued_is_not_anchored_again(
    site: Site, chain: Chain, sealer: Sealer
) -> None:
    send(site, 1, 2)
    sealer.round(lambda _: True)
    again = send(site, 1, 2, 3, reissue=True)
    chain.roots = [site.batches.all(1)[0].root]
    chain.revoked = {chain.roots[0]: 0b10}
    assert sealer.round(lambda _: True) == 1
    assert job(site, again).anchored_before == 1
    assert site.batches.all(1)[1].leaf_count == 2


def test_a_set_that_is_on_chain_is_taken_over(site: Site, chain: Chain, sealer: Sealer) -> None:
    number = send(site, 1, 2)
    with Tree.build(site.digests()) as tree:
        chain.roots = [tree.root, b"\x22" * 32]
    assert sealer.round(lambda _: True) == 1
    assert state(site, number) is JobState.SEALED


def test_an_own_batch_that_was_just_mined_is_known(site: Site, chain: Chain, sealer: Sealer) -> None:
    send(site, 1)
    sealer.round(lambda _: True)
    chain.roots = [site.batches.all(1)[0].root]
    second = send(site, 2)
    assert sealer.round(lambda _: True) == 1
    assert state(site, second) is JobState.SEALED


def test_a_place_that_a_reorganisation_gave_to_another_batch_is_not_known(
    site: Site, chain: Chain, sealer: Sealer
) -> None:
    send(site, 1)
    sealer.round(lambda _: True)
    site.mined()
    # Somebody else's batch is the first now, and the own one is not in a block any more.
    chain.roots = [b"\x11" * 32]
    second = send(site, 2)
    assert sealer.round(lambda _: True) == 0
    assert content(site, second)["waiting"]["code"] == "history-incomplete"


def test_an_endpoint_that_has_less_than_was_final_is_not_believed(site: Site, chain: Chain, sealer: Sealer) -> None:
    send(site, 1)
    sealer.round(lambda _: True)
    site.mined(state=BatchState.FINAL)
    second = send(site, 2)
    assert sealer.round(lambda _: True) == 0
    assert content(site, second)["waiting"]["code"] == "chain-behind"
    chain.roots = [site.batches.all(1)[0].root]
    assert sealer.round(lambda _: True) == 1


def test_the_sequences_that_are_missing() -> None:
    assert unknown_sequences(0, []) == []
    assert unknown_sequences(4, [2, 4, 9]) == [1, 3]


@given(anchored=st.integers(0, 12), known=st.sets(st.integers(1, 12)))
def test_two_figures_say_that_all_are_known_where_all_are_and_nowhere_else(anchored: int, known: set[int]) -> None:
    """So that the ordinary case needs no list."""
    is_complete = known >= set(range(1, anchored + 1)) and not any(each > anchored for each in known)
    assert are_all_known(anchored, len(known), max(known, default=0)) == is_complete
    missing = unknown_sequences(anchored, known)
    assert set(missing) | (known & set(range(1, anchored + 1))) == set(range(1, anchored + 1))
    assert known.isdisjoint(missing)


def test_what_is_revoked_wherever_it_is_anchored_is_left_out_and_counted(
    site: Site, chain: Chain, sealer: Sealer
) -> None:
    numbers = [send(site, 1, 2), send(site, 2)]
    ada, bob = (digest_json(credential(number)).value for number in (1, 2))
    chain.by_digest = {bob}
    assert sealer.round(lambda _: True) == 1
    told = [content(site, number) for number in numbers]
    assert [(each["state"], each["revoked"], each["anchoredBefore"]) for each in told] == [
        ("sealed", 1, 0),
        ("unchanged", 1, 0),
    ]
    (row,) = site.batches.all(1)
    assert [leaf.digest for leaf in site.batches.leaves(row)] == [ada]
    again = send(site, 1, 2, reissue=True)
    assert sealer.round(lambda _: True) == 1
    assert content(site, again)["revoked"] == 1


def test_a_set_that_is_on_chain_is_taken_over_whole_whatever_was_revoked_of_it(
    site: Site, chain: Chain, sealer: Sealer
) -> None:
    digests = sorted(digest_json(credential(number)).value for number in (1, 2))
    with Tree.build(digests) as tree:
        chain.roots, chain.leaf_count = [tree.root], 2
    chain.by_digest = set(digests[:1])
    number = send(site, 1, 2)
    assert sealer.round(lambda _: True) == 1
    assert content(site, number)["revoked"] == 0


def test_nothing_is_sealed_while_it_is_not_known_what_is_revoked(
    site: Site, chain: Chain, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = send(site, 1, 2)

    def refuses(*_: object, **__: object) -> None:
        raise ChainUnavailable("no answer", code="unreachable")

    with monkeypatch.context() as patch:
        patch.setattr(chain, "digest_statuses", refuses)
        assert sealer.round(lambda _: True) == 0
    assert content(site, number)["waiting"]["code"] == "unreachable"
    assert sealer.round(lambda _: True) == 1


def test_a_large_set_is_compared_with_all_that_was_ever_revoked(chain: Chain) -> None:
    digests = [number.to_bytes(32, "big") for number in range(ASKED_AT_ONCE + 1)]
    chain.by_digest = {digests[7], b"\x77" * 32}
    for known in (chain.by_digest, None):
        chain.told = known
        asked = chain.asked_at_once = []
        assert revoked_by_digest(chain, 1, digests) == {digests[7]}  # type: ignore[arg-type]
        # An endpoint that does not tell all at once is asked about each.
        assert sum(asked) == (1 if known else len(digests))
