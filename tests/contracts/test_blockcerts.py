"""Bare roots: a transaction whose data is the root and nothing else, as Blockcerts verifiers expect it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from anchor.anchoring.now import Now
from anchor.batching.selection import contract_selectors, select
from anchor.intake.files import take_in
from anchor.settings import Settings
from anchor.workspace import Workspace
from registry.chain.abi import artifact
from registry.errors import IntakeError
from registry.records import Purpose, Reason
from tests.contracts.reference import digests, path_of, root_of
from tests.contracts.world import CONTROLLER, OPERATOR, RELAYER, STRANGER, Reverted, World, refused

LEAVES = digests(300)
ROOT = root_of(LEAVES)
OTHER_ROOT, THIRD_ROOT = b"\xa2" * 32, b"\xa3" * 32
DIGEST = LEAVES[0]
NO_LEAF: tuple[int, bytes, list[bytes]] = (0, bytes(32), [])


@pytest.fixture
def issuer(world: World) -> int:
    """A party with an operator that is not its controller and that anchors bare roots for it."""
    world.send("registerParty", "", bytes(32), sender=CONTROLLER)
    world.send("setOperator", 1, OPERATOR, True, sender=CONTROLLER)
    world.send("setOperator", 1, CONTROLLER, False, sender=CONTROLLER)
    world.send("setDefaultIssuer", 1, sender=OPERATOR)
    return 1


def test_the_data_of_the_transaction_is_the_root(world: World, issuer: int) -> None:
    world.send("anchor", issuer, OTHER_ROOT, 7, sender=OPERATOR)
    done = world.send_data(ROOT, sender=OPERATOR)
    assert done.events == (("Anchored", issuer, ROOT, 0, 2, OPERATOR),)
    assert world.tester.get_block_by_number("latest", full_transactions=True)["transactions"][0]["data"] == (
        "0x" + ROOT.hex()
    )
    assert world.ask("batchOf", issuer, ROOT) == {
        "anchoredAt": done.timestamp,
        "blockNumber": done.block_number,
        "leafCount": 0,
        "sequence": 2,
        "voidedAt": 0,
        "voidReason": Reason.UNSPECIFIED,
    }
    assert world.ask("partyOf", issuer)["sequence"] == 2


def test_a_root_is_anchored_once_whichever_way_it_came(world: World, issuer: int) -> None:
    bare = partial(world.send_data, ROOT, sender=OPERATOR)
    bare()
    refused(bare, "AlreadyAnchored", issuer, ROOT, 1)
    refused(lambda: world.send("anchor", issuer, ROOT, 300, sender=OPERATOR), "AlreadyAnchored", issuer, ROOT, 1)
    assert world.ask("anchorMany", issuer, [ROOT], [300], sender=OPERATOR) == 0
    world.send("anchor", issuer, OTHER_ROOT, 7, sender=OPERATOR)
    refused(lambda: world.send_data(OTHER_ROOT, sender=OPERATOR), "AlreadyAnchored", issuer, OTHER_ROOT, 2)
    refused(lambda: world.send("anchor", issuer, THIRD_ROOT, 0, sender=OPERATOR), "EmptyBatch", issuer, THIRD_ROOT)


def test_several_bare_roots_in_one_transaction(world: World, issuer: int) -> None:
    done = world.send("multicall", [ROOT, OTHER_ROOT], sender=OPERATOR)
    assert [event[2:5] for event in done.events] == [(ROOT, 0, 1), (OTHER_ROOT, 0, 2)]
    refused(lambda: world.send("multicall", [THIRD_ROOT], sender=STRANGER), "NoDefaultIssuer", STRANGER)


def test_until_the_count_is_stated_nothing_is_said_that_depends_on_it(world: World, issuer: int) -> None:
    world.send("anchor", issuer, OTHER_ROOT, 7, sender=OPERATOR)
    world.send_data(ROOT, sender=OPERATOR)
    leaf = (0, LEAVES[0], path_of(LEAVES, 0))
    calls: list[tuple[Any, ...]] = [
        ("verifyInclusion", issuer, ROOT, *leaf),
        ("verifyAbsence", issuer, ROOT, bytes(32), NO_LEAF, leaf),
        ("statusOf", issuer, ROOT, 0, DIGEST),
        ("statusWords", issuer, ROOT, Purpose.REVOCATION, 0, 0),
        ("statusWords", issuer, ROOT, Purpose.REVOCATION, 0, 1),
        ("setStatus", issuer, ROOT, Purpose.REVOCATION, 0, 1, 0),
        ("clearSuspension", issuer, ROOT, 0, 1, 0),
        ("supersede", issuer, ROOT, 0, OTHER_ROOT, 0),
        ("supersede", issuer, OTHER_ROOT, 0, ROOT, 0),
    ]
    for call in calls:
        refused(partial(world.ask, *call, sender=OPERATOR), "LeafCountUnstated", issuer, ROOT)
    done = world.send("stateLeafCount", issuer, ROOT, 300, sender=OPERATOR)
    assert done.events == (("LeafCountStated", issuer, ROOT, 300, OPERATOR),)
    assert world.ask("batchOf", issuer, ROOT)["leafCount"] == 300
    assert world.ask("verifyInclusion", issuer, ROOT, *leaf)
    assert world.ask("verifyAbsence", issuer, ROOT, bytes(32), NO_LEAF, leaf)
    world.send("setStatus", issuer, ROOT, Purpose.REVOCATION, 1, 1 << 43, 0, sender=OPERATOR)
    assert world.ask("statusOf", issuer, ROOT, 299, DIGEST) == (True, False)
    refused(lambda: world.ask("statusOf", issuer, ROOT, 300, DIGEST), "IndexOutOfRange", 300, 300)
    world.send("supersede", issuer, ROOT, 0, OTHER_ROOT, 0, sender=OPERATOR)


def test_a_count_is_stated_once_by_an_operator(world: World, issuer: int) -> None:
    state = partial(world.send, "stateLeafCount", issuer)
    refused(lambda: state(ROOT, 300, sender=OPERATOR), "UnknownBatch", issuer, ROOT)
    world.send_data(ROOT, sender=OPERATOR)
    for other in (CONTROLLER, STRANGER):
        refused(partial(state, ROOT, 300, sender=other), "NotOperator", issuer, other)
    refused(lambda: world.send("stateLeafCount", 2, ROOT, 300, sender=OPERATOR), "UnknownParty", 2)
    refused(lambda: state(ROOT, 0, sender=OPERATOR), "EmptyBatch", issuer, ROOT)
    before = world.ask("batchOf", issuer, ROOT)
    state(ROOT, 2**32 - 1, sender=OPERATOR)
    assert world.ask("batchOf", issuer, ROOT) == before | {"leafCount": 2**32 - 1}
    for count in (0, 5, 2**32 - 1):
        refused(partial(state, ROOT, count, sender=OPERATOR), "LeafCountIsStated", issuer, ROOT, 2**32 - 1)
    world.send("anchor", issuer, OTHER_ROOT, 7, sender=OPERATOR)
    refused(lambda: state(OTHER_ROOT, 7, sender=OPERATOR), "LeafCountIsStated", issuer, OTHER_ROOT, 7)


def test_a_bare_root_can_be_voided_and_counted_afterwards(world: World, issuer: int) -> None:
    world.send_data(ROOT, sender=OPERATOR)
    voided = world.send("voidBatch", issuer, ROOT, Reason.KEY_COMPROMISE, sender=CONTROLLER)
    refused(lambda: world.ask("statusOf", issuer, ROOT, 0, DIGEST), "LeafCountUnstated", issuer, ROOT)
    world.send("retire", issuer, sender=CONTROLLER)
    world.send("stateLeafCount", issuer, ROOT, 300, sender=OPERATOR)
    batch = world.ask("batchOf", issuer, ROOT)
    assert (batch["voidedAt"], batch["voidReason"]) == (voided.timestamp, Reason.KEY_COMPROMISE)
    assert world.ask("statusOf", issuer, ROOT, 299, DIGEST) == (True, False)


def test_whose_bare_roots_are_anchored_for_whom(world: World, issuer: int) -> None:
    bare = partial(world.send_data, ROOT, sender=OPERATOR)
    assert (world.ask("defaultIssuerOf", OPERATOR), world.ask("defaultIssuerOf", STRANGER)) == (1, 0)
    refused(lambda: world.send_data(ROOT, sender=STRANGER), "NoDefaultIssuer", STRANGER)
    refused(lambda: world.send("setDefaultIssuer", issuer, sender=CONTROLLER), "NotOperator", issuer, CONTROLLER)
    refused(lambda: world.send("setDefaultIssuer", 2, sender=OPERATOR), "UnknownParty", 2)
    cleared = world.send("setDefaultIssuer", 0, sender=OPERATOR)
    assert cleared.events == (("DefaultIssuerSet", OPERATOR, 0),)
    refused(bare, "NoDefaultIssuer", OPERATOR)
    assert world.send("setDefaultIssuer", issuer, sender=OPERATOR).events == (("DefaultIssuerSet", OPERATOR, issuer),)
    # The issuer has the last word: an operator that it removed anchors nothing more, whatever it set before.
    world.send("setOperator", issuer, OPERATOR, False, sender=CONTROLLER)
    refused(bare, "NotOperator", issuer, OPERATOR)
    world.send("setDefaultIssuer", 0, sender=OPERATOR)
    world.send("setOperator", issuer, OPERATOR, True, sender=CONTROLLER)
    refused(bare, "NoDefaultIssuer", OPERATOR)
    world.send("setDefaultIssuer", issuer, sender=OPERATOR)
    retired = world.send("retire", issuer, sender=CONTROLLER)
    refused(bare, "PartyIsRetired", issuer, retired.timestamp)


def test_two_operators_of_two_issuers_do_not_meet(world: World, issuer: int) -> None:
    world.send("registerParty", "", bytes(32), sender=RELAYER)
    world.send("setDefaultIssuer", 2, sender=RELAYER)
    world.send_data(ROOT, sender=RELAYER)
    world.send_data(ROOT, sender=OPERATOR)
    world.send("stateLeafCount", 2, ROOT, 5, sender=RELAYER)
    assert world.ask("batchOf", 2, ROOT)["leafCount"] == 5
    assert world.ask("batchOf", issuer, ROOT)["leafCount"] == 0
    refused(lambda: world.send("stateLeafCount", issuer, ROOT, 5, sender=RELAYER), "NotOperator", issuer, RELAYER)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=100).filter(lambda data: len(data) != 32 and data[:4] not in contract_selectors()))
@example(data=b"")
@example(data=b"\xff" * 3)
@example(data=b"\xff" * 4)
@example(data=b"\xff" * 31)
@example(data=b"\xff" * 33)
@example(data=b"\xff" * 36)
def test_any_other_call_is_refused_by_name(world: World, issuer: int, data: bytes) -> None:
    refused(lambda: world.send_data(data, sender=OPERATOR), "UnknownCall", data[:4].ljust(4, b"\0"), len(data))


@pytest.mark.parametrize("name", sorted(artifact().functions))
@pytest.mark.parametrize("rest", [bytes(28), bytes(27) + b"\x01", b"\xff" * 28])
def test_a_root_that_looks_like_a_call_is_never_anchored(world: World, issuer: int, name: str, rest: bytes) -> None:
    """Why sealing refuses it: either it is refused or it does nothing at all."""
    try:
        done = world.send_data(artifact().functions[name].selector + rest, sender=OPERATOR)
    except Reverted:
        return
    assert done.events == ()


def test_sealing_refuses_a_root_that_looks_like_a_call(tmp_path: Path) -> None:
    assert contract_selectors() == {item.selector for item in artifact().functions.values()}
    source = tmp_path / "digests.txt"
    source.write_text("".join(f"{digest.hex()}\n" for digest in LEAVES))
    intake = take_in(source)
    selection = select(intake, None, None)
    with Workspace(Settings(data_folder=tmp_path / "data")) as workspace:
        workspace.ready_to_write()
        with pytest.raises(IntakeError, match=f"0x{ROOT.hex()}") as caught:
            Now(workspace).seal(intake, selection, 1, selectors={b"\0\0\0\0", ROOT[:4]})
        assert caught.value.code == "root-is-selector"
        assert caught.value.remedy is not None
        assert "one more credential" in caught.value.remedy
        assert "leave one out" in caught.value.remedy
        assert workspace.store.by_root(1, ROOT) is None
        assert list(workspace.folder.trees.iterdir()) == []
        # The same job with one credential less is another root, and the contract's own selectors do not hit it.
        selection.records.pop()
        assert Now(workspace).seal(intake, selection, 1, selectors={ROOT[:4]}).root == root_of(LEAVES[:-1])
        assert Now(workspace).seal(intake, select(intake, None, None), 1).root == ROOT
