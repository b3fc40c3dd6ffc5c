"""Jobs of an issuer that has batches on chain which the database does not know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from anchor.batching.sealing import QueuePolicy, Sealer
from anchor.books import control
from anchor.books.jobs import Job
from anchor.books.on_chain import History, unknown_sequences
from anchor.books.tables import BatchState, JobState
from anchor.daemon.jobs_view import JobViews
from anchor.intake.desk import Desk, Kind, Order
from anchor.intake.streams import IntakeLimits
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

    def party(self, _: int) -> Any:
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

    def digest_statuses(self, _: int, digests: Sequence[bytes]) -> tuple[DigestStatus, ...]:
        now = datetime.now(UTC)
        return tuple(DigestStatus(now if each in self.by_digest else None) for each in digests)

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
    history = History(chain, site.batches)  # type: ignore[arg-type]
    policy = QueuePolicy(1000, 0.0)
    return Sealer(site.folder, site.jobs, site.batches, "0x" + "Aa" * 20, site.notices, policy, history=history)


def send(site: Site, *numbers: int, reissue: bool = False) -> str:
    incoming = Desk(site.jobs, IntakeLimits(), site.notices).receive(Order(1, "http", reissue=reissue), Kind.LINES)
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
    (told,) = (notice for notice in site.told if notice.event == "unknown-batches")
    assert "batch 1" in str(told.facts["why"])
    waiting = content(site, number)["waiting"]
    assert waiting["code"] == "unknown-batches"
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


def test_what_is_anchored_again_on_purpose_needs_no_history(site: Site, chain: Chain, sealer: Sealer) -> None:
    chain.roots = [b"\x11" * 32]
    number = send(site, 1, reissue=True)
    assert sealer.round(lambda _: True) == 1
    assert state(site, number) is JobState.SEALED


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
    assert content(site, second)["waiting"]["code"] == "unknown-batches"


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
