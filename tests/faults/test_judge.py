"""What the witness of the composed faults sees of chains that are made up, and how promises are judged by it."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

import pytest

from tests import reference_tree
from tests.faults.composed.judge import Act, Allowed, AsOf, Claim, Job, Stalls, judge
from tests.faults.composed.witness import Log, Witness, keccak, root_from, root_of

ANCHORED = keccak(b"Anchored(uint64,bytes32,uint32,uint32,address)")
SET = keccak(b"StatusSet(uint64,bytes32,uint8,uint32,uint256,uint8,address)")
CLEARED = keccak(b"SuspensionCleared(uint64,bytes32,uint32,uint256,uint8,address)")
REVOCATION, SUSPENSION = 0, 1
BEGIN: Final = 1_900_000_000
BLOCK_SECONDS: Final = 10


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
    """A witness whose node is made up."""

    def __init__(self, *blocks: list[Log], seconds: int = BLOCK_SECONDS):
        super().__init__("http://127.0.0.1:1", "the contract")
        self.now, self.seconds = float(BEGIN), seconds
        self.headers: list[dict[str, str]] = []
        self.held: list[list[Log]] = []
        for logs in blocks:
            self.mine(*logs)

    def mine(self, *logs: Log, branch: str = "a") -> None:
        """The next block, some seconds after the one before it."""
        self.now += self.seconds
        number = len(self.headers)
        parent = self.headers[-1]["hash"] if self.headers else ""
        header = {"number": hex(number), "hash": f"{branch}{number}", "parentHash": parent}
        self.headers.append(header | {"timestamp": hex(int(self.now))})
        self.held.append([replace(log, block=number) for log in logs])
        self.look(self.now)

    def take_away(self, count: int) -> None:
        """The last blocks, by a reorganisation; it is seen with the next block."""
        del self.headers[-count:], self.held[-count:]

    def ask(self, method: str, *params: Any) -> Any:
        if method == "eth_getLogs":
            first, last = (int(params[0][name], 16) for name in ("fromBlock", "toBlock"))
            return [_raw(log) for logs in self.held[first : last + 1] for log in logs]
        number = len(self.headers) - 1 if params[0] == "latest" else int(params[0], 16)
        return self.headers[number] if number < len(self.headers) else None

    def status(self, leaf: tuple[int, bytes, int], digest: bytes) -> tuple[bool, bool]:
        state = self.blocks[self.headers[-1]["hash"]].state
        return state.is_revoked(leaf, digest), state.is_suspended(leaf, digest)


def _raw(log: Log) -> dict[str, Any]:
    topics, data = [f"0x{word.hex()}" for word in log.words[:3]], b"".join(log.words[3:])
    return {
        "blockNumber": hex(log.block),
        "topics": topics,
        "data": f"0x{data.hex()}",
        "transactionHash": f"0x{log.transaction.hex()}",
    }


def _leaves(count: int, name: str = "a") -> list[bytes]:
    return sorted(sha256(f"{name} {number}".encode()).digest() for number in range(count))


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _anchored(leaves: list[bytes], sequence: int = 1, count: int | None = None) -> Log:
    words = (ANCHORED, _word(1), root_of(leaves), _word(count or len(leaves)), _word(sequence), _word(7))
    return Log(0, words, bytes(32))


def _set(leaves: list[bytes], index: int, purpose: int = REVOCATION) -> Log:
    words = (SET, _word(1), root_of(leaves), _word(purpose), _word(0), _word(1 << index), _word(0), _word(7))
    return Log(0, words, bytes(32))


def _by_digest(what: str, digest: bytes) -> Log:
    kind = keccak(f"Digest{what}(uint64,bytes32,uint8,address)".encode())
    return Log(0, (kind, _word(1), digest, _word(0), _word(7)), bytes(32))


def _cleared(leaves: list[bytes], index: int) -> Log:
    words = (CLEARED, _word(1), root_of(leaves), _word(0), _word(1 << index), _word(0), _word(7))
    return Log(0, words, bytes(32))


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
DIGEST_REVOKED: Final = _by_digest("Revoked", LEAVES[0])
AT_ONCE: Final = Allowed(0, 600.0)


def _said(
    kind: str,
    witness: Told,
    block: int = -1,
    *,
    after: float = 1.0,
    looked: float | None = None,
    silent: float = 0.0,
    warned: bool = False,
    allowed: Allowed = AT_ONCE,
) -> Claim:
    """What was said of the first leaf as of a block, so many seconds after the newest one."""
    header, at = witness.headers[block], witness.now + after
    as_of = AsOf(int(header["number"], 16), header["hash"], at if looked is None else looked, silent, warned)
    batch = BATCH if kind == "standing" else None
    return Claim(kind, 1, LEAVES[0], at, "a lookup", as_of, allowed, batch)


@pytest.mark.parametrize(
    ("kind", "logs", "jobs", "acts", "claims", "finals"),
    [
        (None, [_anchored(LEAVES)], [_job(LEAVES)], [], ["standing"], {"job": BATCH}),
        (None, [_anchored(LEAVES), _set(LEAVES, 0)], [_job(LEAVES)], [Act("revoke", 1, LEAVES[0])], [], {}),
        (None, [], [_job(LEAVES, "cancelled")], [], ["absent"], {}),
        ("duplicate", [_anchored(LEAVES), _anchored(LEAVES, 2)], [_job(LEAVES)], [], [], {}),
        ("lost", [], [_job(LEAVES)], [], [], {}),
        ("lost", [_anchored(LEAVES)], [_job(LEAVES, "sealed")], [], [], {}),
        ("unwanted", [_anchored(LEAVES)], [_job(LEAVES, "cancelled")], [], [], {}),
        ("unwanted", [_anchored(LEAVES)], [_job(LEAVES, "parked")], [], [], {}),
        ("unexplained", [_anchored(LEAVES), _anchored(_leaves(2, "b"), 2)], [_job(LEAVES)], [], [], {}),
        ("unproved", [_anchored(LEAVES)], [_job(LEAVES, broken=True)], [], [], {}),
        ("status", [_anchored(LEAVES), _set(LEAVES, 1)], [_job(LEAVES)], [], [], {}),
        ("status", [_anchored(LEAVES)], [_job(LEAVES)], [Act("revoke", 1, LEAVES[0])], [], {}),
        (None, [_anchored(LEAVES), DIGEST_REVOKED], [_job(LEAVES)], [Act("revoke", 1, LEAVES[0])], [], {}),
        (None, [DIGEST_REVOKED, _anchored(LEAVES)], [_job(LEAVES)], [Act("revoke", 1, LEAVES[0])], [], {}),
        ("status", [_anchored(LEAVES), DIGEST_REVOKED], [_job(LEAVES)], [], [], {}),
        ("status", [_anchored(LEAVES), DIGEST_REVOKED], [_job(LEAVES)], [Act("suspend", 1, LEAVES[0])], [], {}),
        ("status", [_by_digest("Revoked", bytes(32))], [], [], [], {}),
        ("falsely favourable", [_anchored(LEAVES), DIGEST_REVOKED], [_job(LEAVES)], [], ["standing"], {}),
        ("falsely favourable", [_anchored(LEAVES), _set(LEAVES, 0)], [_job(LEAVES)], [], ["standing"], {}),
        ("falsely favourable", [_anchored(LEAVES)], [_job(LEAVES)], [], ["absent"], {}),
        ("falsely final", [], [_job(LEAVES, "cancelled")], [], [], {"job": BATCH}),
    ],
)
def test_the_judge_finds_what_is_wrong_and_nothing_else(
    kind: str | None,
    logs: list[Log],
    jobs: list[Job],
    acts: list[Act],
    claims: list[str],
    finals: dict[str, tuple[int, bytes]],
) -> None:
    witness = Told([], *([log] for log in logs))
    said = [_said(each, witness) for each in claims]
    found = {fault.kind for fault in judge(witness, jobs, acts, said, finals).faults}
    assert (kind in found) if kind else not found


@pytest.mark.parametrize(
    ("state", "shared", "issuer", "waiting", "expected"),
    [
        ("parked", 0, 1, "earlier-batch", set()),
        ("sealed", 0, 1, "earlier-batch", {"lost"}),
        ("parked", 2, 1, "earlier-batch", {"lost"}),
        ("parked", 0, 2, "earlier-batch", {"lost"}),
        ("parked", 0, 1, "disk-full", {"lost"}),
        ("parked", 0, 1, None, {"lost"}),
    ],
)
def test_a_job_may_wait_for_a_person_behind_one_that_is_put_aside(
    state: str, shared: int, issuer: int, waiting: str | None, expected: set[str]
) -> None:
    aside, later = _job(LEAVES[:2], state), _job(LEAVES[shared:], "pending")
    aside.issuer, aside.is_promised = issuer, state == "parked"
    aside.receipts = later.receipts = []
    later.end = {"state": "pending", "waiting": waiting and {"code": waiting}}
    assert {fault.kind for fault in judge(Told([]), [aside, later], [], [], {}).faults} == expected


def _faults(witness: Told, *claims: Claim) -> list[str]:
    """What the judge says of these claims, in a run in which all else is well."""
    acts = [Act(word, what[0], LEAVES[what[2]] if len(what) == 3 else what[1]) for word, what in witness.changes()]
    jobs = [_job(LEAVES)] if witness.anchors() else []
    return [f"{fault.kind}: {fault.what}" for fault in judge(witness, jobs, acts, claims, {}).faults]


REVOKED_LATER: Final = ([], [_anchored(LEAVES)], [], [_set(LEAVES, 0)], [])
"""Blocks 0 to 4: anchored in the first, revoked in the third."""


@pytest.mark.parametrize(
    ("kind", "block", "lag", "why"),
    [
        ("standing", 2, 2, None),
        ("standing", 1, 3, None),
        ("standing", 2, 1, "it may be 1 behind"),
        ("standing", 3, 60, "it was revoked"),
        ("standing", 4, 60, "it was revoked"),
        ("standing", 0, 60, "its batch was not anchored"),
        ("absent", 0, 4, None),
        ("absent", 0, 3, "it may be 3 behind"),
        ("absent", 1, 60, "it was in 0x"),
        ("absent", 4, 60, "it was in 0x"),
    ],
)
def test_what_is_said_holds_as_of_the_block_that_it_names(kind: str, block: int, lag: int, why: str | None) -> None:
    witness = Told(*REVOKED_LATER)
    found = _faults(witness, _said(kind, witness, block, allowed=Allowed(lag, 600.0)))
    assert (why in found[0]) if why else not found


@pytest.mark.parametrize(
    ("suspension", "end"),
    [
        (_set(LEAVES, 0, SUSPENSION), _cleared(LEAVES, 0)),
        (_by_digest("Suspended", LEAVES[0]), _by_digest("Reinstated", LEAVES[0])),
    ],
)
def test_what_is_suspended_does_not_stand_until_it_is_reinstated(suspension: Log, end: Log) -> None:
    witness = Told([], [_anchored(LEAVES)], [suspension], [end])
    suspended = _said("standing", witness, 2, allowed=Allowed(1, 600.0))
    assert "it was suspended" in _faults(witness, suspended)[0]
    assert not _faults(witness, _said("standing", witness, 3))


@pytest.mark.parametrize("change", [{"hash": "b2"}, {"number": 1}])
def test_a_block_that_never_was_is_no_block_to_speak_of(change: dict[str, Any]) -> None:
    witness = Told(*REVOKED_LATER)
    claim = _said("standing", witness, 2, allowed=Allowed(60, 600.0))
    made_up = replace(claim, as_of=replace(claim.as_of, **change))
    assert not _faults(witness, claim)
    assert "there was no block" in _faults(witness, made_up)[0]


def test_a_block_is_not_known_before_it_is_there() -> None:
    witness = Told([], [_anchored(LEAVES)])
    assert "there was no block" in _faults(witness, _said("standing", witness, after=-1.0))[0]


def test_a_block_that_was_taken_away_counts_until_the_chain_is_read_again() -> None:
    witness = Told([], [_anchored(LEAVES)], [])
    before, said = witness.now, _said("standing", witness, allowed=Allowed(60, 600.0))
    witness.take_away(2)
    witness.mine(branch="b")
    witness.mine(_anchored(LEAVES), branch="b")
    late = replace(said, at=witness.now + 1)
    assert not _faults(witness, replace(late, as_of=replace(said.as_of, looked=before)))
    assert (
        "a reorganisation had taken it away"
        in _faults(witness, replace(late, as_of=replace(said.as_of, looked=witness.now)))[0]
    )
    # It is true as of a block that is there now, and that is what counts.
    assert not _faults(witness, _said("standing", witness))
    assert "was not anchored" in _faults(witness, _said("standing", witness, 1, allowed=Allowed(1, 600.0)))[0]


def test_what_was_in_a_batch_that_is_gone_for_good_was_not_absent_then() -> None:
    witness = Told([], [_anchored(LEAVES)])
    (receipt, *_) = _job(LEAVES).receipts
    standing, absent = replace(_said("standing", witness), receipt=receipt), _said("absent", witness)
    witness.take_away(1)
    witness.mine(branch="b")
    assert not _faults(witness, standing)
    assert "it was in 0x" in _faults(witness, standing, absent)[0]
    assert not _faults(witness, standing, _said("absent", witness))


def test_a_receipt_that_is_given_with_an_answer_has_to_prove_it() -> None:
    witness = Told([], [_anchored(LEAVES)])
    (receipt, *_) = _job(LEAVES, broken=True).receipts
    assert "unproved" in _faults(witness, replace(_said("standing", witness), receipt=receipt))[0]


@pytest.mark.parametrize(
    ("after", "options", "why"),
    [
        (600.0, {}, None),
        (602.0, {}, "no warning"),
        (602.0, {"warned": True}, None),
        (3602.0, {"warned": True}, "600 s are late"),
        (3000.0, {"allowed": Allowed(0, 3000.0)}, None),
        (150.0, {"allowed": Allowed(0, 120.0)}, "no warning"),
        (1.0, {"silent": 602.0}, "not read for 602 s"),
        (1.0, {"silent": 602.0, "warned": True}, "not read for 602 s"),
        (1.0, {"allowed": Allowed(0, 600.0, ahead=-90.0)}, "no warning"),
        (1.0, {"allowed": Allowed(0, 600.0, ahead=-90.0), "warned": True}, None),
        (1.0, {"allowed": Allowed(0, 600.0, ahead=700.0)}, "no warning"),
        (900.0, {"allowed": Allowed(0, 600.0, ahead=-400.0)}, None),
    ],
)
def test_what_is_old_is_said_with_a_warning_or_not_at_all(
    after: float, options: dict[str, Any], why: str | None
) -> None:
    witness = Told([], [_anchored(LEAVES)])
    found = _faults(witness, _said("standing", witness, after=after, **options))
    assert (why in found[0]) if why else not found


def test_a_slow_chain_may_be_silent_for_ten_of_its_blocks() -> None:
    witness = Told([], [_anchored(LEAVES)], [], seconds=100)
    assert not _faults(witness, _said("standing", witness, after=1000.0))
    assert "no warning" in _faults(witness, _said("standing", witness, after=1002.0))[0]


@pytest.mark.parametrize(
    ("excused", "states", "more", "expected"),
    [
        (False, ["sealed"] * 20, {}, 1),
        (False, ["sealed"] * 20, {"cancelRequested": False, "waiting": None}, 1),
        (True, ["sealed"] * 20, {}, 0),
        (False, ["sealed"] * 20, {"cancelRequested": True}, 0),
        (False, ["pending"] * 20, {"waiting": {"code": "earlier-batch"}}, 0),
        (False, ["sealed", "mined"] * 10, {}, 0),
        (False, ["final"] * 20, {}, 0),
    ],
)
def test_who_stands_still_in_silence_is_found(
    excused: bool, states: list[str], more: dict[str, Any], expected: int
) -> None:
    stalls = Stalls(60.0)
    for number, state in enumerate(states):
        stalls.look(20.0 * number, 4 * number, [{"id": "job", "state": state, **more}], excused=excused)
    assert len(stalls.faults) == expected


@pytest.mark.parametrize(
    ("at_once", "goes_on", "sent", "expected"),
    [(1, True, 0, 0), (1, False, 0, 2), (1, True, 1, 1), (2, True, 0, 2), (64, True, 0, 2)],
)
def test_who_waits_for_a_turn_stands_still_only_where_nobody_comes_forward(
    at_once: int, goes_on: bool, sent: int, expected: int
) -> None:
    stalls = Stalls(60.0, at_once)
    for number in range(20):
        waiting = [
            {"id": name, "state": "sealed", "batch": {"root": name, "transaction": "0x" if place < sent else None}}
            for place, name in enumerate(("first", "second"))
        ]
        mined = [{"id": f"{each}", "state": "mined", "batch": {"root": f"{each}"}} for each in range(number * goes_on)]
        stalls.look(20.0 * number, 4 * number, [*waiting, *mined], excused=False)
    assert len(stalls.faults) == expected
