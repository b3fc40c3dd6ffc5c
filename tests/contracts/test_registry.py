"""Every function of the contract, its events, and every way in which it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.chain.abi import all_errors, artifact
from registry.records import Purpose, Reason
from tests.contracts.reference import digests, path_of, root_of
from tests.contracts.world import (
    CONTROLLER,
    FAR_FUTURE,
    KEYS,
    OPERATOR,
    RELAYER,
    STRANGER,
    SUCCESSOR,
    Done,
    Reverted,
    World,
    refused,
)

URI = "https://university.example/profile.json"
HASH = b"\x0a" * 32
ROOT, OTHER_ROOT, THIRD_ROOT = b"\x11" * 32, b"\x22" * 32, b"\x33" * 32
DIGEST, OTHER_DIGEST, THIRD_DIGEST = b"\x44" * 32, b"\x55" * 32, b"\x66" * 32
NOBODY = "0x" + "00" * 20
ALL_BITS = 2**256 - 1
LEAVES = 1000
REVOCATION, SUSPENSION = Purpose.REVOCATION, Purpose.SUSPENSION


@pytest.fixture
def issuer(world: World) -> int:
    """A party with one operator that is not its controller."""
    world.send("registerParty", URI, HASH, sender=CONTROLLER)
    world.send("setOperator", 1, OPERATOR, True, sender=CONTROLLER)
    world.send("setOperator", 1, CONTROLLER, False, sender=CONTROLLER)
    return 1


@pytest.fixture
def batch(world: World, issuer: int) -> bytes:
    """The root of a batch of 1,000."""
    world.send("anchor", issuer, ROOT, LEAVES, sender=OPERATOR)
    return ROOT


# Parties


def test_parties_have_sequential_ids_and_their_sender_governs_and_operates(world: World) -> None:
    assert world.ask("partyCount") == 0
    assert world.ask("registerParty", "", HASH) == 1
    done = world.send("registerParty", URI, HASH, sender=CONTROLLER)
    assert done.events == (
        ("PartyRegistered", 1, CONTROLLER, URI, HASH),
        ("OperatorSet", 1, CONTROLLER, True),
    )
    world.send("registerParty", "", bytes(32), sender=STRANGER)
    assert world.ask("partyCount") == 2
    assert world.ask("partyOf", 1) == {
        "controller": CONTROLLER,
        "pendingController": NOBODY,
        "registeredAt": done.timestamp,
        "retiredAt": 0,
        "sequence": 0,
        "digestChanges": 0,
        "profileHash": HASH,
        "uri": URI,
    }
    assert world.ask("partyOf", 2)["controller"] == STRANGER
    assert world.ask("isOperator", 1, CONTROLLER)
    assert not world.ask("isOperator", 2, CONTROLLER)


def test_a_party_that_is_not_there(world: World) -> None:
    for call in (
        lambda: world.ask("partyOf", 1),
        lambda: world.send("setProfile", 1, URI, HASH, sender=STRANGER),
        lambda: world.send("setOperator", 1, STRANGER, True, sender=STRANGER),
        lambda: world.send("transferController", 1, STRANGER, sender=STRANGER),
        lambda: world.send("acceptController", 1, sender=STRANGER),
        lambda: world.send("retire", 1, sender=STRANGER),
        lambda: world.send("anchor", 1, ROOT, 1, sender=STRANGER),
        lambda: world.send("anchorMany", 1, [], [], sender=STRANGER),
        lambda: world.send("setStatus", 1, ROOT, REVOCATION, 0, 1, 0, sender=STRANGER),
        lambda: world.send("voidBatch", 1, ROOT, 0, sender=STRANGER),
        lambda: world.send("supersede", 1, ROOT, 0, ROOT, 1, sender=STRANGER),
    ):
        refused(call, "UnknownParty", 1)
    assert not world.ask("isOperator", 1, STRANGER)


def test_not_even_the_zero_address_operates_a_party_without_operators(world: World, issuer: int) -> None:
    world.send("setOperator", issuer, OPERATOR, False, sender=CONTROLLER)
    assert not world.ask("isOperator", issuer, NOBODY)
    assert not world.ask("isOperator", 99, NOBODY)
    refused(lambda: world.send("setOperator", issuer, NOBODY, True, sender=CONTROLLER), "InvalidOperator", issuer)
    with pytest.raises(Reverted, match="InvalidSignature"):
        world.ask("anchorBySignature", issuer, ROOT, 1, NOBODY, FAR_FUTURE, bytes(65))


def test_profile(world: World, issuer: int) -> None:
    done = world.send("setProfile", issuer, "ipfs://x", ROOT, sender=CONTROLLER)
    assert done.events == (("ProfileSet", issuer, "ipfs://x", ROOT),)
    party = world.ask("partyOf", issuer)
    assert (party["uri"], party["profileHash"]) == ("ipfs://x", ROOT)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("setProfile", (URI, HASH)),
        ("setOperator", (STRANGER, True)),
        ("transferController", (STRANGER,)),
        ("retire", ()),
        ("voidBatch", (ROOT, 0)),
    ],
)
def test_what_only_the_controller_may_do(
    world: World, issuer: int, batch: bytes, function: str, arguments: tuple[Any, ...]
) -> None:
    for other in (STRANGER, OPERATOR):
        refused(partial(world.send, function, issuer, *arguments, sender=other), "NotController", issuer, other)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("anchor", (OTHER_ROOT, 1)),
        ("anchorMany", ([OTHER_ROOT], [1])),
        ("setStatus", (ROOT, REVOCATION, 0, 1, 0)),
        ("clearSuspension", (ROOT, 0, 1, 0)),
        ("supersede", (ROOT, 0, ROOT, 1)),
    ],
)
def test_what_only_an_operator_may_do(
    world: World, issuer: int, batch: bytes, function: str, arguments: tuple[Any, ...]
) -> None:
    for other in (STRANGER, CONTROLLER):
        refused(partial(world.send, function, issuer, *arguments, sender=other), "NotOperator", issuer, other)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.sampled_from([CONTROLLER, OPERATOR, STRANGER]), st.booleans()), max_size=12))
def test_operators_are_a_set_whichever_of_them_is_packed(shared_world: World, changes: list[tuple[str, bool]]) -> None:
    world = shared_world
    snapshot = world.tester.take_snapshot()
    party = world.ask("partyCount") + 1
    world.send("registerParty", URI, HASH, sender=CONTROLLER)
    operators = {CONTROLLER}
    for account, allowed in changes:
        if (account in operators) == allowed:
            refused(
                partial(world.send, "setOperator", party, account, allowed, sender=CONTROLLER),
                "OperatorUnchanged",
                *(party, account, allowed),
            )
        else:
            done = world.send("setOperator", party, account, allowed, sender=CONTROLLER)
            assert done.events == (("OperatorSet", party, account, allowed),)
            operators ^= {account}
        asked = {each for each in (CONTROLLER, OPERATOR, STRANGER) if world.ask("isOperator", party, each)}
        assert asked == operators
    world.tester.revert_to_snapshot(snapshot)


def test_control_changes_hands_in_two_steps(world: World, issuer: int) -> None:
    def accept(who: str) -> Callable[[], Done]:
        return partial(world.send, "acceptController", issuer, sender=who)

    refused(accept(SUCCESSOR), "NotPendingController", issuer, SUCCESSOR)
    done = world.send("transferController", issuer, SUCCESSOR, sender=CONTROLLER)
    assert done.events == (("ControllerOffered", issuer, CONTROLLER, SUCCESSOR, (OPERATOR,)),)
    assert world.ask("partyOf", issuer)["pendingController"] == SUCCESSOR
    refused(accept(STRANGER), "NotPendingController", issuer, STRANGER)
    world.send("setProfile", issuer, URI, HASH, sender=CONTROLLER)
    done = accept(SUCCESSOR)()
    assert done.events == (("ControllerChanged", issuer, CONTROLLER, SUCCESSOR, (OPERATOR,)),)
    party = world.ask("partyOf", issuer)
    assert (party["controller"], party["pendingController"]) == (SUCCESSOR, NOBODY)
    refused(accept(SUCCESSOR), "NotPendingController", issuer, SUCCESSOR)
    refused(lambda: world.send("retire", issuer, sender=CONTROLLER), "NotController", issuer, CONTROLLER)
    assert world.ask("isOperator", issuer, OPERATOR)


def test_an_offer_of_control_can_be_withdrawn(world: World, issuer: int) -> None:
    world.send("transferController", issuer, SUCCESSOR, sender=CONTROLLER)
    done = world.send("transferController", issuer, NOBODY, sender=CONTROLLER)
    assert done.events == (("ControllerOffered", issuer, CONTROLLER, NOBODY, (OPERATOR,)),)
    refused(lambda: world.send("acceptController", issuer, sender=SUCCESSOR), "NotPendingController", issuer, SUCCESSOR)


def test_who_governs_and_who_acts_can_be_asked(world: World, issuer: int) -> None:
    assert world.ask("governanceOf", issuer) == (CONTROLLER, 0)
    assert world.ask("operatorsOf", issuer) == (OPERATOR,)
    world.send("setOperator", issuer, STRANGER, True, sender=CONTROLLER)
    assert set(world.ask("operatorsOf", issuer)) == {OPERATOR, STRANGER}
    world.send("transferController", issuer, SUCCESSOR, sender=CONTROLLER)
    # Those who were named after the offer are told of, too.
    world.send("setOperator", issuer, RELAYER, True, sender=CONTROLLER)
    ((*_, operators),) = world.send("acceptController", issuer, sender=SUCCESSOR).events
    assert set(operators) == {OPERATOR, STRANGER, RELAYER}
    done = world.send("retire", issuer, sender=SUCCESSOR)
    assert world.ask("governanceOf", issuer) == (SUCCESSOR, done.timestamp)
    refused(lambda: world.ask("governanceOf", 2), "UnknownParty", 2)
    assert world.ask("operatorsOf", 2) == ()


def test_a_party_has_sixty_four_operators_at_most(world: World, issuer: int) -> None:
    allow = artifact().functions["setOperator"].encode
    accounts = [f"0x{number:040x}" for number in range(1, 64)]
    world.send("multicall", [allow(issuer, account, True) for account in accounts], sender=CONTROLLER)
    assert set(world.ask("operatorsOf", issuer)) == {OPERATOR, *accounts}
    full = partial(world.send, "setOperator", issuer, STRANGER, True, sender=CONTROLLER)
    refused(full, "TooManyOperators", issuer, 64)
    world.send("setOperator", issuer, accounts[7], False, sender=CONTROLLER)
    full()
    assert len(world.ask("operatorsOf", issuer)) == 64
    # As many as that still fit into the event of an offer, and into a block.
    assert world.send("transferController", issuer, SUCCESSOR, sender=CONTROLLER).gas < 400_000


def test_a_retired_party_anchors_no_more_and_its_history_stays(world: World, issuer: int, batch: bytes) -> None:
    done = world.send("retire", issuer, sender=CONTROLLER)
    assert done.events == (("PartyRetired", issuer),)
    retired = ("PartyIsRetired", issuer, done.timestamp)
    signature = world.sign_anchor(KEYS[1], issuer, OTHER_ROOT, 1, FAR_FUTURE)
    refused(lambda: world.send("anchor", issuer, OTHER_ROOT, 1, sender=OPERATOR), *retired)
    refused(lambda: world.send("anchorMany", issuer, [OTHER_ROOT], [1], sender=OPERATOR), *retired)
    refused(lambda: world.ask("anchorBySignature", issuer, OTHER_ROOT, 1, OPERATOR, FAR_FUTURE, signature), *retired)
    refused(lambda: world.send("retire", issuer, sender=CONTROLLER), *retired)
    party = world.ask("partyOf", issuer)
    assert (party["retiredAt"], party["sequence"]) == (done.timestamp, 1)
    assert world.ask("batchOf", issuer, batch)["leafCount"] == LEAVES
    world.send("setStatus", issuer, batch, REVOCATION, 0, 1, 0, sender=OPERATOR)
    world.send("setOperator", issuer, OPERATOR, False, sender=CONTROLLER)


# Batches


def test_anchoring_a_batch(world: World, issuer: int) -> None:
    assert world.ask("anchor", issuer, ROOT, 5, sender=OPERATOR) == 1
    done = world.send("anchor", issuer, ROOT, 2**32 - 1, sender=OPERATOR)
    assert done.events == (("Anchored", issuer, ROOT, 2**32 - 1, 1, OPERATOR),)
    assert world.ask("batchOf", issuer, ROOT) == {
        "anchoredAt": done.timestamp,
        "blockNumber": done.block_number,
        "leafCount": 2**32 - 1,
        "sequence": 1,
        "voidedAt": 0,
        "voidReason": Reason.UNSPECIFIED,
    }
    refused(lambda: world.send("anchor", issuer, ROOT, 5, sender=OPERATOR), "AlreadyAnchored", *(issuer, ROOT, 1))
    refused(lambda: world.send("anchor", issuer, OTHER_ROOT, 0, sender=OPERATOR), "EmptyBatch", issuer, OTHER_ROOT)
    refused(lambda: world.ask("batchOf", issuer, OTHER_ROOT), "UnknownBatch", issuer, OTHER_ROOT)
    assert world.send("anchor", issuer, OTHER_ROOT, 1, sender=OPERATOR).events[0][4] == 2
    assert world.ask("partyOf", issuer)["sequence"] == 2


def test_nobody_can_take_another_issuers_root(world: World, issuer: int) -> None:
    world.send("registerParty", "", HASH, sender=STRANGER)
    world.send("anchor", 2, ROOT, 7, sender=STRANGER)
    world.send("anchor", issuer, ROOT, 5, sender=OPERATOR)
    assert world.ask("batchOf", issuer, ROOT)["leafCount"] == 5
    assert world.ask("batchOf", 2, ROOT)["leafCount"] == 7
    world.send("setStatus", 2, ROOT, REVOCATION, 0, 1, 0, sender=STRANGER)
    assert world.ask("statusOf", issuer, ROOT, 0, DIGEST) == (False, False)


def test_anchoring_many_skips_what_is_anchored(world: World, issuer: int, batch: bytes) -> None:
    roots, counts = [OTHER_ROOT, batch, THIRD_ROOT, OTHER_ROOT], [3, 9, 4, 8]
    assert world.ask("anchorMany", issuer, roots, counts, sender=OPERATOR) == 2
    done = world.send("anchorMany", issuer, roots, counts, sender=OPERATOR)
    assert done.events == (
        ("Anchored", issuer, OTHER_ROOT, 3, 2, OPERATOR),
        ("Anchored", issuer, THIRD_ROOT, 4, 3, OPERATOR),
    )
    assert world.ask("batchOf", issuer, batch)["leafCount"] == LEAVES
    assert world.ask("partyOf", issuer)["sequence"] == 3
    assert world.send("anchorMany", issuer, roots, counts, sender=OPERATOR).events == ()
    assert world.send("anchor", issuer, HASH, 1, sender=OPERATOR).events[0][4] == 4
    refused(
        lambda: world.send("anchorMany", issuer, [b"\x44" * 32], [0], sender=OPERATOR),
        *("EmptyBatch", issuer, b"\x44" * 32),
    )
    refused(lambda: world.send("anchorMany", issuer, roots, [1], sender=OPERATOR), "LengthsDiffer", 4, 1)


def test_anybody_may_send_what_an_operator_signed(world: World, issuer: int) -> None:
    now = world.tester.get_block_by_number("latest")["timestamp"]
    deadline = now + 3600
    signature = world.sign_anchor(KEYS[1], issuer, ROOT, 5, deadline)
    send = ("anchorBySignature", issuer, ROOT, 5, OPERATOR, deadline, signature)
    assert world.send(*send, sender=RELAYER).events == (("Anchored", issuer, ROOT, 5, 1, OPERATOR),)
    refused(lambda: world.send(*send, sender=RELAYER), "AlreadyAnchored", issuer, ROOT, 1)


def test_a_signature_is_good_until_its_deadline(world: World, issuer: int) -> None:
    now = world.tester.get_block_by_number("pending")["timestamp"]
    for deadline in (0, now - 1):
        signature = world.sign_anchor(KEYS[1], issuer, ROOT, 5, deadline)
        refused(
            partial(world.ask, "anchorBySignature", issuer, ROOT, 5, OPERATOR, deadline, signature),
            *("SignatureExpired", deadline),
        )
    block_time = world.tester.backend.chain.get_block().header.timestamp
    signature = world.sign_anchor(KEYS[1], issuer, ROOT, 5, block_time)
    assert world.ask("anchorBySignature", issuer, ROOT, 5, OPERATOR, block_time, signature) == 1


def test_a_signature_is_good_for_nothing_else(world: World, issuer: int) -> None:
    signature = world.sign_anchor(KEYS[1], issuer, ROOT, 5, FAR_FUTURE)
    world.send("registerParty", "", HASH, sender=OPERATOR)
    invalid = "InvalidSignature"
    for arguments, signer in (
        ((2, ROOT, 5, OPERATOR, FAR_FUTURE, signature), 2),
        ((issuer, OTHER_ROOT, 5, OPERATOR, FAR_FUTURE, signature), issuer),
        ((issuer, ROOT, 6, OPERATOR, FAR_FUTURE, signature), issuer),
        ((issuer, ROOT, 5, OPERATOR, FAR_FUTURE + 1, signature), issuer),
        ((issuer, ROOT, 5, OPERATOR, FAR_FUTURE, signature[:-1]), issuer),
        ((issuer, ROOT, 5, OPERATOR, FAR_FUTURE, b""), issuer),
    ):
        refused(partial(world.ask, "anchorBySignature", *arguments), invalid, signer, OPERATOR)
    refused(
        lambda: world.ask("anchorBySignature", issuer, ROOT, 5, STRANGER, FAR_FUTURE, signature),
        *(invalid, issuer, STRANGER),
    )
    by_stranger = world.sign_anchor(KEYS[2], issuer, ROOT, 5, FAR_FUTURE)
    refused(
        lambda: world.ask("anchorBySignature", issuer, ROOT, 5, STRANGER, FAR_FUTURE, by_stranger),
        *("NotOperator", issuer, STRANGER),
    )


@pytest.mark.parametrize(("answer", "accepted"), [("1626ba7e", True), ("ffffffff", False)])
def test_a_contract_operator_answers_for_its_signature(world: World, issuer: int, answer: str, accepted: bool) -> None:
    # PUSH4 answer, PUSH1 224, SHL, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN: it says the same to every question.
    runtime = bytes.fromhex(f"63{answer}60e01b5f5260205ff3")
    wallet = world.deploy(bytes.fromhex("600d600c600039600d6000f3").replace(b"\x0d", bytes([len(runtime)])) + runtime)
    world.send("setOperator", issuer, wallet, True, sender=CONTROLLER)
    send = ("anchorBySignature", issuer, ROOT, 5, wallet, FAR_FUTURE, b"anything")
    if accepted:
        event = world.send(*send, sender=RELAYER).events[0]
        assert event[:5] == ("Anchored", issuer, ROOT, 5, 1)
        assert event[5].lower() == wallet.lower()
    else:
        with pytest.raises(Reverted, match="InvalidSignature"):
            world.send(*send, sender=RELAYER)


def test_the_domain_of_signatures(world: World) -> None:
    fields, name, version, chain, contract, salt, extensions = world.ask("eip712Domain")
    assert (fields, name, version, chain, salt, extensions) == (
        b"\x0f",
        "Testamur",
        "2",
        world.chain_id,
        bytes(32),
        (),
    )
    assert contract.lower() == world.address.lower()


def test_several_calls_in_one_transaction(world: World, issuer: int) -> None:
    functions = artifact().functions
    calls = [
        functions["anchor"].encode(issuer, ROOT, 5),
        functions["setStatus"].encode(issuer, ROOT, REVOCATION, 0, 3, Reason.ISSUED_IN_ERROR),
    ]
    done = world.send("multicall", calls, sender=OPERATOR)
    assert [event[0] for event in done.events] == ["Anchored", "StatusSet"]
    refused(lambda: world.ask("multicall", calls, sender=OPERATOR), "AlreadyAnchored", issuer, ROOT, 1)
    refused(lambda: world.ask("multicall", calls, sender=STRANGER), "NotOperator", issuer, STRANGER)
    unknown = b"\xde\xad\xbe\xef"
    refused(lambda: world.ask("multicall", [unknown], sender=OPERATOR), "UnknownCall", unknown, 4)
    # A call cut short is refused by the compiler's own checks, which give no reason.
    refused(lambda: world.ask("multicall", [calls[0][:-1]], sender=OPERATOR), "FailedCall")


# Proofs


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(1, 70), data=st.data())
def test_a_path_proves_its_leaf_and_no_other(shared_world: World, count: int, data: st.DataObject) -> None:
    world = shared_world
    snapshot = world.tester.take_snapshot()
    issuer = world.ask("partyCount") + 1
    world.send("registerParty", "", HASH, sender=OPERATOR)
    leaves = digests(count)
    root = root_of(leaves)
    world.send("anchor", issuer, root, count, sender=OPERATOR)
    index = data.draw(st.integers(0, count - 1))
    leaf, path = leaves[index], path_of(leaves, index)

    def included(index: int, leaf: bytes, path: list[bytes]) -> bool:
        answer: bool = world.ask("verifyInclusion", issuer, root, index, leaf, path)
        return answer

    assert included(index, leaf, path)
    assert not included(index, HASH, path)
    assert not included(index, leaf, [*path, HASH])
    assert not included(count, leaf, path)
    assert not included(2**32 - 1, leaf, path)
    if path:
        assert not included(index, leaf, path[:-1])
        assert not included(index, leaf, [*path[:-1], HASH])
        assert not included(index, root, [])
    other = data.draw(st.integers(0, count - 1))
    assert included(other, leaf, path) == (other == index)
    # The root of the left half with the right half as its path: what libraries without the leaf count accept.
    if count > 2:
        half = 1 << ((count - 1).bit_length() - 1)
        for place in range(count):
            assert not included(place, root_of(leaves[:half]), [root_of(leaves[half:])])
    world.tester.revert_to_snapshot(snapshot)


NO_LEAF: tuple[int, bytes, list[bytes]] = (0, bytes(32), [])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(1, 40), data=st.data())
def test_neighbours_prove_absence(shared_world: World, count: int, data: st.DataObject) -> None:
    world = shared_world
    snapshot = world.tester.take_snapshot()
    issuer = world.ask("partyCount") + 1
    world.send("registerParty", "", HASH, sender=OPERATOR)
    leaves = digests(count)
    root = root_of(leaves)
    world.send("anchor", issuer, root, count, sender=OPERATOR)

    def leaf(index: int) -> tuple[int, bytes, list[bytes]]:
        return (index, leaves[index], path_of(leaves, index)) if 0 <= index < count else NO_LEAF

    def absent(digest: bytes, lower: tuple[Any, ...], upper: tuple[Any, ...]) -> bool:
        answer: bool = world.ask("verifyAbsence", issuer, root, digest, lower, upper)
        return answer

    place = data.draw(st.integers(0, count))
    below = int.from_bytes(leaves[place - 1], "big") if place else -1
    above = int.from_bytes(leaves[place], "big") if place < count else 2**256
    missing = data.draw(st.integers(below + 1, above - 1)).to_bytes(32, "big")
    assert absent(missing, leaf(place - 1), leaf(place))
    # A leaf that is there, between whatever neighbours.
    there = data.draw(st.integers(0, count - 1))
    for lower, upper in ((there - 1, there + 1), (there - 1, there), (there, there + 1), (there, there)):
        assert not absent(leaves[there], leaf(lower), leaf(upper))
    # Neighbours that are not adjacent, or turned round, or claim to be at the edge.
    if 0 < place < count:
        assert not absent(missing, leaf(place), leaf(place - 1))
        assert not absent(missing, (count - 1, *leaf(place - 1)[1:]), NO_LEAF) or place == count
        assert not absent(missing, leaf(place - 1), NO_LEAF)
        assert not absent(missing, NO_LEAF, leaf(place))
        if place > 1:
            assert not absent(missing, leaf(place - 2), leaf(place))
        altered = (place, leaves[place], [HASH, *leaf(place)[2][1:]])
        assert not absent(missing, leaf(place - 1), altered)
    world.tester.revert_to_snapshot(snapshot)


def test_proofs_about_a_batch_that_is_not_there(world: World, issuer: int) -> None:
    unknown = ("UnknownBatch", issuer, ROOT)
    refused(lambda: world.ask("verifyInclusion", issuer, ROOT, 0, ROOT, []), *unknown)
    refused(lambda: world.ask("verifyAbsence", issuer, ROOT, HASH, NO_LEAF, NO_LEAF), *unknown)


# Statuses


def test_revocation_is_for_good_and_suspension_is_not(world: World, issuer: int, batch: bytes) -> None:
    done = world.send("setStatus", issuer, batch, REVOCATION, 1, 0b110, Reason.OBTAINED_BY_FRAUD, sender=OPERATOR)
    assert done.events == (("StatusSet", issuer, batch, REVOCATION, 1, 0b110, Reason.OBTAINED_BY_FRAUD, OPERATOR),)
    done = world.send("setStatus", issuer, batch, REVOCATION, 1, 0b111, Reason.UNSPECIFIED, sender=OPERATOR)
    assert done.events == (("StatusSet", issuer, batch, REVOCATION, 1, 0b001, Reason.UNSPECIFIED, OPERATOR),)
    world.send("setStatus", issuer, batch, SUSPENSION, 1, 0b1010, Reason.UNDER_REVIEW, sender=OPERATOR)
    assert [world.ask("statusOf", issuer, batch, 256 + bit, DIGEST) for bit in range(5)] == [
        (True, False),
        (True, True),
        (True, False),
        (False, True),
        (False, False),
    ]
    assert world.ask("statusOf", issuer, batch, 1, DIGEST) == (False, False)
    done = world.send("clearSuspension", issuer, batch, 1, ALL_BITS, Reason.RESOLVED, sender=OPERATOR)
    assert done.events == (("SuspensionCleared", issuer, batch, 1, 0b1010, Reason.RESOLVED, OPERATOR),)
    assert world.ask("statusOf", issuer, batch, 257, DIGEST) == (True, False)
    assert world.ask("statusWords", issuer, batch, REVOCATION, 0, 4) == (0, 0b111, 0, 0)
    assert world.ask("statusWords", issuer, batch, SUSPENSION, 0, 4) == (0, 0, 0, 0)


def test_a_change_that_changes_nothing(world: World, issuer: int, batch: bytes) -> None:
    unchanged = ("StatusUnchanged", issuer, batch, 0)
    world.send("setStatus", issuer, batch, REVOCATION, 0, 0b11, 0, sender=OPERATOR)
    refused(lambda: world.send("setStatus", issuer, batch, REVOCATION, 0, 0b10, 0, sender=OPERATOR), *unchanged)
    refused(lambda: world.send("setStatus", issuer, batch, REVOCATION, 0, 0, 0, sender=OPERATOR), *unchanged)
    refused(lambda: world.send("clearSuspension", issuer, batch, 0, 0b11, 0, sender=OPERATOR), *unchanged)


def test_several_words_of_a_batch_in_one_call(world: World, issuer: int, batch: bytes) -> None:
    revoke = partial(world.send, "setStatuses", issuer, batch, REVOCATION)
    done = revoke([(3, 1), (0, 0b110), (3, 1), (1, 0)], Reason.ISSUED_IN_ERROR, sender=OPERATOR)
    assert done.events == tuple(
        ("StatusSet", issuer, batch, REVOCATION, word, changed, Reason.ISSUED_IN_ERROR, OPERATOR)
        for word, changed in ((3, 1), (0, 0b110))
    )
    assert world.ask("statusWords", issuer, batch, REVOCATION, 0, 4) == (0b110, 0, 0, 1)
    refused(lambda: revoke([(0, 0b10), (3, 1)], 0, sender=OPERATOR), "StatusesUnchanged", issuer, batch, 2)
    refused(lambda: revoke([], 0, sender=OPERATOR), "StatusesUnchanged", issuer, batch, 0)
    refused(lambda: revoke([(0, 1), (3, 1 << 232)], 0, sender=OPERATOR), "IndexOutOfRange", LEAVES, LEAVES)
    refused(lambda: revoke([(0, 1)], 0, sender=STRANGER), "NotOperator", issuer, STRANGER)
    voided = world.send("voidBatch", issuer, batch, 0, sender=CONTROLLER)
    refused(lambda: revoke([(0, 1)], 0, sender=OPERATOR), "BatchIsVoided", issuer, batch, voided.timestamp)


@pytest.mark.parametrize(
    ("count", "word", "mask", "highest"),
    [
        (1, 0, 0b1, None),
        (1, 0, 0b10, 1),
        (255, 0, ALL_BITS >> 1, None),
        (255, 0, ALL_BITS, 255),
        (256, 0, ALL_BITS, None),
        (256, 1, 1, 256),
        (257, 1, 1, None),
        (257, 1, 0b10, 257),
        (1000, 3, (1 << 232) - 1, None),
        (1000, 3, 1 << 232, 1000),
        (1000, 2**32 - 1, ALL_BITS, 2**40 - 1),
        (2**32 - 1, 2**24 - 1, ALL_BITS >> 1, None),
        (2**32 - 1, 2**24 - 1, ALL_BITS, 2**32 - 1),
    ],
)
def test_masks_end_with_the_batch(
    world: World, issuer: int, count: int, word: int, mask: int, highest: int | None
) -> None:
    world.send("anchor", issuer, ROOT, count, sender=OPERATOR)
    for purpose in Purpose:
        send = ("setStatus", issuer, ROOT, purpose, word, mask, 0)
        if highest is None:
            assert world.send(*send, sender=OPERATOR).events[0][5] == mask
            assert world.ask("statusWords", issuer, ROOT, purpose, word, 1) == (mask,)
        else:
            refused(partial(world.send, *send, sender=OPERATOR), "IndexOutOfRange", highest, count)
    if highest is not None:
        refused(
            lambda: world.send("clearSuspension", issuer, ROOT, word, mask, 0, sender=OPERATOR),
            *("IndexOutOfRange", highest, count),
        )


def test_reading_what_does_not_exist_never_says_not_revoked(world: World, issuer: int, batch: bytes) -> None:
    refused(lambda: world.ask("statusOf", issuer, batch, LEAVES, DIGEST), "IndexOutOfRange", LEAVES, LEAVES)
    refused(lambda: world.ask("statusOf", issuer, OTHER_ROOT, 0, DIGEST), "UnknownBatch", issuer, OTHER_ROOT)
    assert world.ask("statusWords", issuer, batch, REVOCATION, 4, 0) == ()
    words = "statusWords"
    refused(lambda: world.ask(words, issuer, batch, REVOCATION, 4, 1), "IndexOutOfRange", 1024, LEAVES)
    refused(lambda: world.ask(words, issuer, batch, REVOCATION, 0, 5), "IndexOutOfRange", 1024, LEAVES)
    refused(
        lambda: world.ask(words, issuer, batch, REVOCATION, 2**32 - 1, 2**32 - 1),
        *("IndexOutOfRange", (2**33 - 3) * 256, LEAVES),
    )
    refused(lambda: world.ask(words, issuer, OTHER_ROOT, REVOCATION, 0, 1), "UnknownBatch", issuer, OTHER_ROOT)


def test_statuses_of_a_batch_that_is_not_there(world: World, issuer: int, batch: bytes) -> None:
    unknown = ("UnknownBatch", issuer, OTHER_ROOT)
    for call in (
        lambda: world.send("setStatus", issuer, OTHER_ROOT, REVOCATION, 0, 1, 0, sender=OPERATOR),
        lambda: world.send("clearSuspension", issuer, OTHER_ROOT, 0, 1, 0, sender=OPERATOR),
        lambda: world.send("voidBatch", issuer, OTHER_ROOT, 0, sender=CONTROLLER),
        lambda: world.send("supersede", issuer, OTHER_ROOT, 0, batch, 0, sender=OPERATOR),
        lambda: world.send("supersede", issuer, batch, 0, OTHER_ROOT, 0, sender=OPERATOR),
    ):
        refused(call, *unknown)


def test_a_voided_batch_is_revoked_throughout(world: World, issuer: int, batch: bytes) -> None:
    world.send("setStatus", issuer, batch, SUSPENSION, 0, 0b1, 0, sender=OPERATOR)
    done = world.send("voidBatch", issuer, batch, Reason.KEY_COMPROMISE, sender=CONTROLLER)
    assert done.events == (("BatchVoided", issuer, batch, Reason.KEY_COMPROMISE, CONTROLLER),)
    record = world.ask("batchOf", issuer, batch)
    assert (record["voidedAt"], record["voidReason"]) == (done.timestamp, Reason.KEY_COMPROMISE)
    assert (record["leafCount"], record["sequence"]) == (LEAVES, 1)
    assert world.ask("statusOf", issuer, batch, 0, DIGEST) == (True, True)
    assert world.ask("statusOf", issuer, batch, LEAVES - 1, DIGEST) == (True, False)
    assert world.ask("statusWords", issuer, batch, REVOCATION, 2, 2) == (ALL_BITS, (1 << 232) - 1)
    assert world.ask("statusWords", issuer, batch, SUSPENSION, 0, 1) == (1,)
    void = ("BatchIsVoided", issuer, batch, done.timestamp)
    refused(lambda: world.send("voidBatch", issuer, batch, 0, sender=CONTROLLER), *void)
    refused(lambda: world.send("setStatus", issuer, batch, REVOCATION, 0, 1, 0, sender=OPERATOR), *void)
    refused(lambda: world.send("clearSuspension", issuer, batch, 0, 1, 0, sender=OPERATOR), *void)
    refused(lambda: world.send("anchor", issuer, batch, 1, sender=OPERATOR), "AlreadyAnchored", issuer, batch, 1)


def test_a_credential_replaces_another(world: World, issuer: int, batch: bytes) -> None:
    world.send("anchor", issuer, OTHER_ROOT, 2, sender=OPERATOR)
    done = world.send("supersede", issuer, batch, 7, OTHER_ROOT, 1, sender=OPERATOR)
    assert done.events == (("Superseded", issuer, batch, 7, OTHER_ROOT, 1, OPERATOR),)
    assert world.ask("statusOf", issuer, batch, 7, DIGEST) == (False, False)

    def supersede(*arguments: object) -> Callable[[], Done]:
        return partial(world.send, "supersede", issuer, *arguments, sender=OPERATOR)

    refused(supersede(batch, LEAVES, OTHER_ROOT, 1), "IndexOutOfRange", LEAVES, LEAVES)
    refused(supersede(batch, 7, OTHER_ROOT, 2), "IndexOutOfRange", 2, 2)
    refused(supersede(batch, 7, batch, 7), "SupersedesItself", issuer, batch, 7)
    world.send("voidBatch", issuer, OTHER_ROOT, 0, sender=CONTROLLER)
    voided_at = world.ask("batchOf", issuer, OTHER_ROOT)["voidedAt"]
    refused(supersede(batch, 7, OTHER_ROOT, 1), "BatchIsVoided", issuer, OTHER_ROOT, voided_at)
    supersede(OTHER_ROOT, 1, batch, 7)()


# Statuses by digest


def test_a_revocation_follows_the_credential(world: World, issuer: int, batch: bytes) -> None:
    revoke = partial(world.send, "revokeDigests", issuer)
    done = revoke([DIGEST, OTHER_DIGEST, DIGEST], Reason.OBTAINED_BY_FRAUD, sender=OPERATOR)
    assert done.events == tuple(
        ("DigestRevoked", issuer, digest, Reason.OBTAINED_BY_FRAUD, OPERATOR) for digest in (DIGEST, OTHER_DIGEST)
    )
    later = revoke([OTHER_DIGEST, THIRD_DIGEST], Reason.SUPERSEDED, sender=OPERATOR)
    assert later.events == (("DigestRevoked", issuer, THIRD_DIGEST, Reason.SUPERSEDED, OPERATOR),)
    world.send("anchor", issuer, OTHER_ROOT, 1, sender=OPERATOR)
    for root, index in ((batch, 0), (batch, LEAVES - 1), (OTHER_ROOT, 0)):
        assert world.ask("statusOf", issuer, root, index, OTHER_DIGEST) == (True, False)
        assert world.ask("statusOf", issuer, root, index, HASH) == (False, False)
    first, second, nothing = world.ask("digestStatusesOf", issuer, [OTHER_DIGEST, THIRD_DIGEST, HASH])
    assert first == {
        "revokedAt": done.timestamp,
        "revocationReason": Reason.OBTAINED_BY_FRAUD,
        "suspendedAt": 0,
        "suspensionReason": 0,
    }
    assert (second["revokedAt"], second["revocationReason"]) == (later.timestamp, Reason.SUPERSEDED)
    assert set(nothing.values()) == {0}
    assert world.ask("statusWords", issuer, batch, REVOCATION, 0, 4) == (0, 0, 0, 0)


def test_a_suspension_by_digest_ends_and_a_revocation_does_not(world: World, issuer: int, batch: bytes) -> None:
    suspended = world.send("suspendDigests", issuer, [DIGEST], Reason.UNDER_REVIEW, sender=OPERATOR)
    assert suspended.events == (("DigestSuspended", issuer, DIGEST, Reason.UNDER_REVIEW, OPERATOR),)
    world.send("revokeDigests", issuer, [DIGEST], Reason.ISSUED_IN_ERROR, sender=OPERATOR)
    assert world.ask("statusOf", issuer, batch, 0, DIGEST) == (True, True)
    lifted = world.send("reinstateDigests", issuer, [DIGEST, OTHER_DIGEST], Reason.RESOLVED, sender=OPERATOR)
    assert lifted.events == (("DigestReinstated", issuer, DIGEST, Reason.RESOLVED, OPERATOR),)
    assert world.ask("statusOf", issuer, batch, 0, DIGEST) == (True, False)
    # Neither takes back the other: by place it stays suspended.
    world.send("setStatus", issuer, batch, SUSPENSION, 0, 1, 0, sender=OPERATOR)
    world.send("suspendDigests", issuer, [DIGEST], 0, sender=OPERATOR)
    world.send("reinstateDigests", issuer, [DIGEST], 0, sender=OPERATOR)
    assert world.ask("statusOf", issuer, batch, 0, DIGEST) == (True, True)
    world.send("clearSuspension", issuer, batch, 0, 1, 0, sender=OPERATOR)
    assert world.ask("statusOf", issuer, batch, 0, DIGEST) == (True, False)


def test_what_would_change_nothing_and_who_may_not(world: World, issuer: int) -> None:
    world.send("registerParty", "", HASH, sender=STRANGER)
    world.send("revokeDigests", 2, [DIGEST], 0, sender=STRANGER)
    assert world.ask("digestStatusesOf", issuer, [DIGEST])[0]["revokedAt"] == 0
    for function in ("revokeDigests", "suspendDigests", "reinstateDigests"):
        call = partial(world.ask, function)
        refused(partial(call, issuer, [], 0, sender=OPERATOR), "DigestsUnchanged", issuer, 0)
        refused(partial(call, issuer, [DIGEST], 0, sender=STRANGER), "NotOperator", issuer, STRANGER)
        refused(partial(call, issuer, [DIGEST], 0, sender=CONTROLLER), "NotOperator", issuer, CONTROLLER)
        refused(partial(call, 3, [DIGEST], 0, sender=OPERATOR), "UnknownParty", 3)
        if function != "reinstateDigests":
            world.send(function, issuer, [DIGEST], 0, sender=OPERATOR)
            refused(partial(call, issuer, [DIGEST] * 3, 0, sender=OPERATOR), "DigestsUnchanged", issuer, 3)
    refused(partial(world.ask, "reinstateDigests", issuer, [HASH], 0, sender=OPERATOR), "DigestsUnchanged", issuer, 1)


def test_what_is_said_of_digests_is_counted_event_by_event(world: World, issuer: int) -> None:
    world.send("registerParty", "", HASH, sender=STRANGER)

    def counted() -> tuple[int, int]:
        return tuple(world.ask("partyOf", party)["digestChanges"] for party in (issuer, 2))

    told = 0
    assert counted() == (0, 0)
    for function, named, changed in (
        ("suspendDigests", [DIGEST, OTHER_DIGEST, DIGEST], 2),
        ("revokeDigests", [DIGEST], 1),
        ("reinstateDigests", [OTHER_DIGEST, THIRD_DIGEST, DIGEST], 2),
        ("suspendDigests", [OTHER_DIGEST], 1),
        ("revokeDigests", [DIGEST, OTHER_DIGEST], 1),
    ):
        done = world.send(function, issuer, named, 0, sender=OPERATOR)
        told += len(done.events)
        assert len(done.events) == changed
        assert counted() == (told, 0)
    # Batches, another controller and the end of the issuer leave the number as it is; another issuer has its own.
    world.send("anchor", issuer, OTHER_ROOT, 1, sender=OPERATOR)
    world.send("revokeDigests", 2, [DIGEST], 0, sender=STRANGER)
    world.send("transferController", issuer, STRANGER, sender=CONTROLLER)
    world.send("acceptController", issuer, sender=STRANGER)
    world.send("retire", issuer, sender=STRANGER)
    assert counted() == (told, 1)
    world.send("revokeDigests", issuer, [THIRD_DIGEST], 0, sender=OPERATOR)
    assert counted() == (told + 1, 1)


# The interface as a whole


def test_every_error_has_a_sentence_with_its_own_arguments() -> None:
    from registry.chain.reverts import REMEDIES, SENTENCES

    errors = {item.name: item for item in all_errors().values()}
    assert set(SENTENCES) == set(errors)
    assert set(REMEDIES) <= set(errors)
    for name, sentence in SENTENCES.items():
        assert set(re.findall(r"{(\w+)}", sentence)) <= {part["name"] for part in errors[name].inputs}, name


def test_the_words_of_the_binding_are_the_contracts() -> None:
    """Enums have no names in the ABI: the members are read from the source."""
    from tests.contracts.build import SOURCES

    source = (SOURCES / "Reasons.sol").read_text(encoding="utf-8")
    for enum in (Purpose, Reason):
        found = re.search(rf"enum {enum.__name__} {{([^}}]*)}}", source)
        assert found is not None
        members = [name.strip() for name in found[1].split(",")]
        assert [name.replace("_", "").lower() for name in enum.__members__] == [name.lower() for name in members]
