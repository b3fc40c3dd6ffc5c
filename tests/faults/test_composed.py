"""Courses of faults that nobody thought of: a short form; `python -m scripts.faults` runs as many as you like.

A seed that fails here is run again with `python -m scripts.faults --seed N --minutes M`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests import reference_tree
from tests.faults.composed.judge import Act, Claim, Job, Stalls, judge
from tests.faults.composed.plan import CHAIN, ENDPOINT, KINDS, MACHINE, PERSON, compose
from tests.faults.composed.run import Run
from tests.faults.composed.seeds import Databases, run, said
from tests.faults.composed.witness import Log, Moment, Witness, keccak, root_from, root_of

REPOSITORY = Path(__file__).parents[2]
MINUTES = 1.5
ANCHORED = keccak(b"Anchored(uint64,bytes32,uint32,uint32,address)")
REVOKED = keccak(b"StatusSet(uint64,bytes32,uint8,uint32,uint256,uint8,address)")


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    with Databases() as made:
        yield made


# One with every setting as it ships, and two others; two on SQLite and one on PostgreSQL.
@pytest.mark.parametrize("seed", [3, 8, 13])
def test_nothing_is_lost_doubled_or_said_falsely(databases: Databases, tmp_path: Path, seed: int) -> None:
    outcome = run(compose(seed, MINUTES), databases, tmp_path)
    print("\n".join(said(outcome)))
    assert not outcome.judgement.faults, "\n".join(said(outcome))
    assert outcome.judgement.promised
    assert outcome.judgement.claims


def test_a_plan_follows_from_its_seed_and_every_event_has_somebody_who_does_it() -> None:
    assert compose(5, 20) == compose(5, 20) != compose(6, 20)
    seen = {event.kind for seed in range(12) for event in compose(seed, 20).events}
    assert seen == KINDS == ENDPOINT.keys() | CHAIN.keys() | MACHINE.keys() | PERSON.keys()
    for kind in seen - ENDPOINT.keys():
        assert hasattr(Run, f"_do_{kind.replace(' ', '_')}"), kind


@pytest.mark.parametrize("module", ["witness", "judge", "plan", "clock"])
def test_the_witness_shares_no_code_with_the_program(module: str) -> None:
    asks = f"import sys, tests.faults.composed.{module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", asks], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    own = set(loaded.stdout.split()) - sys.stdlib_module_names
    assert not own & {"anchor", "registry", "eth_hash", "eth_account", "web3", "sqlalchemy"}, own


def test_the_witness_hashes_as_ethereum_does() -> None:
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak(b"Transfer(address,address,uint256)").hex().startswith("ddf252ad1be2c89b")
    assert keccak(b"\xa3" * 200).hex() == "3a57666b048777f2c953dc4456f45a2588e1cb6f2da760122d530ac2ce607d4a"


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_the_witness_knows_trees_and_paths(count: int) -> None:
    leaves = _leaves(count)
    root = root_of(leaves)
    assert root == reference_tree.root(leaves)
    for index, leaf in enumerate(leaves):
        path = reference_tree.path(index, leaves)
        assert root_from(leaf, index, count, path) == root
        assert root_from(leaf, index, count, [*path, leaf]) != root
        assert count == 1 or root_from(leaf, (index + 1) % count, count, path) != root


class Told(Witness):
    """A witness who is told what is on the chain."""

    def __init__(self, logs: list[Log]):
        self._logs = logs
        self.moments = []
        self.moments = [Moment(0.0, 10, self._state())]

    def status(self, leaf: tuple[int, bytes, int]) -> tuple[bool, bool]:
        state = self.moments[-1].state
        return state.is_revoked(leaf), leaf in state.suspended


def _leaves(count: int, name: str = "a") -> list[bytes]:
    return sorted(sha256(f"{name} {number}".encode()).digest() for number in range(count))


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _anchored(leaves: list[bytes], sequence: int = 1, count: int | None = None) -> Log:
    words = (ANCHORED, _word(1), root_of(leaves), _word(count or len(leaves)), _word(sequence), _word(7))
    return Log(5, words, bytes(32))


def _revoked(leaves: list[bytes], index: int) -> Log:
    words = (REVOKED, _word(1), root_of(leaves), _word(0), _word(0), _word(1 << index), _word(0), _word(7))
    return Log(6, words, bytes(32))


def _job(leaves: list[bytes], state: str = "final", *, broken: bool = False) -> Job:
    root, receipts = root_of(leaves), []
    for index, leaf in enumerate(leaves):
        path = [node.hex() for node in reference_tree.path(index, leaves)]
        if broken and index == 0:
            path[0] = bytes(32).hex()
        inclusion = {"root": f"0x{root.hex()}", "leafIndex": index, "leafCount": len(leaves), "path": path}
        receipts.append({"digest": {"value": leaf.hex()}, "inclusion": inclusion, "anchor": {"issuer": 1}})
    job = Job(1, tuple(leaves), (), "http", "key", id="job", is_promised=True, end={"state": state})
    job.receipts = receipts
    return job


LEAVES = _leaves(3)
BATCH = (1, root_of(LEAVES))
STANDING = Claim("standing", 1, LEAVES[0], 1.0, 1.0, 0, "a lookup", BATCH)
ABSENT = Claim("absent", 1, LEAVES[0], 1.0, 1.0, 0, "a proof")


@pytest.mark.parametrize(
    ("kind", "logs", "jobs", "acts", "claims", "finals"),
    [
        (None, [_anchored(LEAVES)], [_job(LEAVES)], [], [STANDING], {"job": BATCH}),
        (None, [_anchored(LEAVES), _revoked(LEAVES, 0)], [_job(LEAVES)], [Act("revoke", 1, LEAVES[0])], [], {}),
        (None, [], [_job(LEAVES, "cancelled")], [], [ABSENT], {}),
        ("duplicate", [_anchored(LEAVES), _anchored(LEAVES, 2)], [_job(LEAVES)], [], [], {}),
        ("lost", [], [_job(LEAVES)], [], [], {}),
        ("lost", [_anchored(LEAVES)], [_job(LEAVES, "sealed")], [], [], {}),
        ("unwanted", [_anchored(LEAVES)], [_job(LEAVES, "cancelled")], [], [], {}),
        ("unwanted", [_anchored(LEAVES)], [_job(LEAVES, "parked")], [], [], {}),
        ("unexplained", [_anchored(LEAVES), _anchored(_leaves(2, "b"), 2)], [_job(LEAVES)], [], [], {}),
        ("unproved", [_anchored(LEAVES)], [_job(LEAVES, broken=True)], [], [], {}),
        ("status", [_anchored(LEAVES), _revoked(LEAVES, 1)], [_job(LEAVES)], [], [], {}),
        ("status", [_anchored(LEAVES)], [_job(LEAVES)], [Act("revoke", 1, LEAVES[0])], [], {}),
        ("falsely favourable", [_anchored(LEAVES), _revoked(LEAVES, 0)], [_job(LEAVES)], [], [STANDING], {}),
        ("falsely favourable", [_anchored(LEAVES)], [_job(LEAVES)], [], [ABSENT], {}),
        ("falsely final", [], [_job(LEAVES, "cancelled")], [], [], {"job": BATCH}),
    ],
)
def test_the_judge_finds_what_is_wrong_and_nothing_else(
    kind: str | None,
    logs: list[Log],
    jobs: list[Job],
    acts: list[Act],
    claims: list[Claim],
    finals: dict[str, tuple[int, bytes]],
) -> None:
    found = {fault.kind for fault in judge(Told(logs), jobs, acts, claims, finals).faults}
    assert (kind in found) if kind else not found


@pytest.mark.parametrize(
    ("excused", "states", "expected"),
    [
        (False, ["sealed"] * 20, 1),
        (True, ["sealed"] * 20, 0),
        (False, ["sealed", "mined"] * 10, 0),
        (False, ["final"] * 20, 0),
    ],
)
def test_who_stands_still_in_silence_is_found(excused: bool, states: list[str], expected: int) -> None:
    stalls = Stalls(60.0)
    for number, state in enumerate(states):
        stalls.look(20.0 * number, 4 * number, [{"id": "job", "state": state}], excused=excused)
    assert len(stalls.faults) == expected
