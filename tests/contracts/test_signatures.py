"""Anchors that an operator signed and somebody else sends: what works, and every way to misuse one."""

from __future__ import annotations

from copy import copy
from functools import partial
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.chain.abi import artifact
from tests.contracts.world import (
    ACCOUNTS,
    CONTROLLER,
    FAR_FUTURE,
    KEYS,
    OPERATOR,
    RELAYER,
    STRANGER,
    SUCCESSOR,
    World,
    refused,
)

ROOT, OTHER_ROOT = b"\xb1" * 32, b"\xb2" * 32
LEAVES = 5
KEY_OF = dict(zip(ACCOUNTS, KEYS, strict=True))
# Of the curve secp256k1: for every signature (r, s) there is a second one, (r, ORDER - s).
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def issuer(world: World) -> int:
    """A party with an operator that is not its controller."""
    world.send("registerParty", "", bytes(32), sender=CONTROLLER)
    world.send("setOperator", 1, OPERATOR, True, sender=CONTROLLER)
    return 1


def signed(world: World, issuer: int, *, by: str = OPERATOR, deadline: int = FAR_FUTURE) -> tuple[Any, ...]:
    """A good call: function and arguments."""
    signature = world.sign_anchor(KEY_OF[by], issuer, ROOT, LEAVES, deadline)
    return ("anchorBySignature", issuer, ROOT, LEAVES, by, deadline, signature)


@pytest.mark.parametrize("relayer", [OPERATOR, CONTROLLER, RELAYER, STRANGER])
def test_anybody_may_send_it_and_the_operator_is_named(world: World, issuer: int, relayer: str) -> None:
    call = signed(world, issuer)
    assert world.send(*call, sender=relayer).events == (("Anchored", issuer, ROOT, LEAVES, 1, OPERATOR),)


def test_every_operator_signs_for_itself(world: World, issuer: int) -> None:
    world.send("setOperator", issuer, SUCCESSOR, True, sender=CONTROLLER)
    call = signed(world, issuer, by=SUCCESSOR)
    assert world.send(*call, sender=RELAYER).events == (("Anchored", issuer, ROOT, LEAVES, 1, SUCCESSOR),)


def test_a_deadline_is_the_last_second(world: World, issuer: int) -> None:
    at = world.tester.backend.chain.get_block().header.timestamp
    assert world.ask(*signed(world, issuer, deadline=at)) == 1
    refused(partial(world.ask, *signed(world, issuer, deadline=at - 1)), "SignatureExpired", at - 1)
    deadline = at + 100
    call = signed(world, issuer, deadline=deadline)
    world.tester.time_travel(deadline + 1)
    refused(partial(world.send, *call, sender=RELAYER), "SignatureExpired", deadline)
    # A relayer cannot prolong it.
    refused(partial(world.send, *call[:5], FAR_FUTURE, call[6], sender=RELAYER), "InvalidSignature", issuer, OPERATOR)


def test_it_works_once(world: World, issuer: int) -> None:
    call = signed(world, issuer)
    world.send(*call, sender=RELAYER)
    again = partial(world.send, *call, sender=RELAYER)
    refused(again, "AlreadyAnchored", issuer, ROOT, 1)
    world.send("voidBatch", issuer, ROOT, 0, sender=CONTROLLER)
    refused(again, "AlreadyAnchored", issuer, ROOT, 1)


def test_it_is_spent_when_the_root_came_another_way(world: World, issuer: int) -> None:
    call = signed(world, issuer)
    world.send("setDefaultIssuer", issuer, sender=OPERATOR)
    world.send_data(ROOT, sender=OPERATOR)
    refused(partial(world.send, *call, sender=RELAYER), "AlreadyAnchored", issuer, ROOT, 1)
    assert world.ask("batchOf", issuer, ROOT)["leafCount"] == 0


def test_front_running_gains_nothing(world: World, issuer: int) -> None:
    """Somebody sees the transaction on its way, and sends first."""
    world.send("registerParty", "", bytes(32), sender=STRANGER)
    call = signed(world, issuer)
    name, _, root, count, operator, deadline, signature = call
    # For a party of its own, by its own right: another batch, and the operator's is untouched.
    refused(
        partial(world.send, name, 2, root, count, operator, deadline, signature, sender=STRANGER),
        *("InvalidSignature", 2, OPERATOR),
    )
    world.send("anchor", 2, root, count, sender=STRANGER)
    # In its own name, with the operator's signature or with its own.
    for each, error in ((signature, "InvalidSignature"), (signed(world, issuer, by=STRANGER)[6], "NotOperator")):
        refused(
            partial(world.send, name, issuer, root, count, STRANGER, deadline, each, sender=STRANGER),
            *(error, issuer, STRANGER),
        )
    # Unchanged: that is what the operator wanted, and somebody else has paid for it.
    done = world.send(*call, sender=STRANGER)
    assert done.events == (("Anchored", issuer, ROOT, LEAVES, 1, OPERATOR),)
    refused(partial(world.send, *call, sender=RELAYER), "AlreadyAnchored", issuer, ROOT, 1)


@pytest.mark.parametrize(
    "other",
    [
        {"chainId": 1},
        {"verifyingContract": "0x" + "12" * 20},
        {"name": "Testament"},
        {"version": "1"},
    ],
)
def test_a_signature_for_elsewhere(world: World, issuer: int, other: dict[str, object]) -> None:
    signature = world.sign_anchor(KEYS[1], issuer, ROOT, LEAVES, FAR_FUTURE, **other)
    refused(
        lambda: world.send("anchorBySignature", issuer, ROOT, LEAVES, OPERATOR, FAR_FUTURE, signature, sender=RELAYER),
        *("InvalidSignature", issuer, OPERATOR),
    )


def test_a_second_contract_on_the_same_chain(world: World, issuer: int) -> None:
    second = copy(world)
    second.address = world.deploy(artifact().initcode)
    second.send("registerParty", "", bytes(32), sender=CONTROLLER)
    second.send("setOperator", 1, OPERATOR, True, sender=CONTROLLER)
    here, there = signed(world, issuer), signed(second, issuer)
    refused(partial(second.send, *here, sender=RELAYER), "InvalidSignature", issuer, OPERATOR)
    refused(partial(world.send, *there, sender=RELAYER), "InvalidSignature", issuer, OPERATOR)
    world.send(*here, sender=RELAYER)
    second.send(*there, sender=RELAYER)


def test_the_second_form_of_a_signature_is_refused(world: World, issuer: int) -> None:
    *call, signature = signed(world, issuer)
    r, s, v = signature[:32], int.from_bytes(signature[32:64], "big"), signature[64]
    mirrored = r + (ORDER - s).to_bytes(32, "big") + bytes([55 - v])
    compact = r + (s | (v - 27) << 255).to_bytes(32, "big")  # EIP-2098
    for other in (mirrored, compact, signature[:64] + bytes([v - 27]), signature + b"\0", bytes(65), b""):
        refused(partial(world.send, *call, other, sender=RELAYER), "InvalidSignature", issuer, OPERATOR)
    world.send(*call, signature, sender=RELAYER)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bit=st.integers(0, 65 * 8 - 1))
def test_no_bit_of_a_signature_can_change(world: World, bit: int) -> None:
    if world.ask("partyCount") == 0:
        world.send("registerParty", "", bytes(32), sender=OPERATOR)
    *call, signature = signed(world, 1)
    changed = (int.from_bytes(signature, "big") ^ 1 << bit).to_bytes(65, "big")
    refused(partial(world.ask, *call, changed), "InvalidSignature", 1, OPERATOR)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    issuer=st.integers(1, 3),
    root=st.sampled_from([ROOT, OTHER_ROOT]),
    count=st.integers(1, 7),
    deadline=st.sampled_from([FAR_FUTURE, FAR_FUTURE - 1, 2**256 - 1]),
)
def test_it_is_good_for_exactly_what_was_signed(
    world: World, issuer: int, root: bytes, count: int, deadline: int
) -> None:
    while world.ask("partyCount") < 3:
        world.send("registerParty", "", bytes(32), sender=OPERATOR)
    signature = signed(world, 1)[6]
    call = partial(world.ask, "anchorBySignature", issuer, root, count, OPERATOR, deadline, signature)
    if (issuer, root, count, deadline) == (1, ROOT, LEAVES, FAR_FUTURE):
        assert call() == 1
    else:
        refused(call, "InvalidSignature", issuer, OPERATOR)


def test_an_operator_of_another_issuer(world: World, issuer: int) -> None:
    world.send("registerParty", "", bytes(32), sender=STRANGER)
    refused(partial(world.send, *signed(world, issuer, by=STRANGER), sender=RELAYER), "NotOperator", issuer, STRANGER)
    refused(partial(world.send, *signed(world, 3), sender=RELAYER), "UnknownParty", 3)


def test_the_controller_is_no_operator_once_it_gave_that_up(world: World, issuer: int) -> None:
    world.send("setOperator", issuer, CONTROLLER, False, sender=CONTROLLER)
    refused(
        partial(world.send, *signed(world, issuer, by=CONTROLLER), sender=RELAYER), "NotOperator", issuer, CONTROLLER
    )


def test_removing_an_operator_ends_what_it_signed_before(world: World, issuer: int) -> None:
    call = signed(world, issuer)
    world.send("setOperator", issuer, OPERATOR, False, sender=CONTROLLER)
    refused(partial(world.send, *call, sender=RELAYER), "NotOperator", issuer, OPERATOR)
    # Nothing is used up by a refusal: the address is an operator again, and so its signature is good again.
    world.send("setOperator", issuer, OPERATOR, True, sender=CONTROLLER)
    world.send(*call, sender=RELAYER)


def test_a_retired_issuer(world: World, issuer: int) -> None:
    call = signed(world, issuer)
    retired = world.send("retire", issuer, sender=CONTROLLER)
    refused(partial(world.send, *call, sender=RELAYER), "PartyIsRetired", issuer, retired.timestamp)


def test_nobody_signs_for_an_empty_batch(world: World, issuer: int) -> None:
    signature = world.sign_anchor(KEYS[1], issuer, ROOT, 0, FAR_FUTURE)
    refused(
        lambda: world.send("anchorBySignature", issuer, ROOT, 0, OPERATOR, FAR_FUTURE, signature, sender=RELAYER),
        *("EmptyBatch", issuer, ROOT),
    )


# Operators that are contracts (EIP-1271)


def wallet(world: World, runtime: str) -> str:
    """Deploy code given in hexadecimal."""
    code = bytes.fromhex(runtime)
    # PUSH1 length, DUP1, PUSH1 11, PUSH0, CODECOPY, PUSH0, RETURN, and two bytes that are never run.
    return world.deploy(bytes.fromhex(f"60{len(code):02x}80600b5f395ff30000") + code)


def approving(approved: bytes) -> str:
    """Code of a wallet that has approved one hash on chain, as a Safe does by `signMessage`."""
    # PUSH32 approved, PUSH1 4, CALLDATALOAD, EQ, PUSH4 magic, MUL, PUSH1 224, SHL, and that word is returned.
    return f"7f{approved.hex()}60043514631626ba7e0260e01b5f5260205ff3"


def hash_of_anchor(world: World, issuer: int, root: bytes, deadline: int) -> bytes:
    """What is asked of a wallet, by another library."""
    fields = {"issuer": "uint64", "root": "bytes32", "leafCount": "uint32", "deadline": "uint256"}
    described = {"Anchor": [{"name": name, "type": type_} for name, type_ in fields.items()]}
    domain = {"name": "Testamur", "version": "2", "chainId": world.chain_id, "verifyingContract": world.address}
    message = {"issuer": issuer, "root": root, "leafCount": LEAVES, "deadline": deadline}
    signable = encode_typed_data(domain, described, message)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def test_a_wallet_that_approved_this_anchor(world: World, issuer: int) -> None:
    address = wallet(world, approving(hash_of_anchor(world, issuer, ROOT, FAR_FUTURE)))
    send = partial(world.send, "anchorBySignature", issuer, sender=RELAYER)
    refused(lambda: send(ROOT, LEAVES, address, FAR_FUTURE, b""), "NotOperator", issuer, address.lower())
    world.send("setOperator", issuer, address, True, sender=CONTROLLER)
    for other in ((OTHER_ROOT, LEAVES, address, FAR_FUTURE), (ROOT, LEAVES, address, FAR_FUTURE - 1)):
        refused(partial(send, *other, b""), "InvalidSignature", issuer, address.lower())
    event = send(ROOT, LEAVES, address, FAR_FUTURE, b"").events[0]
    assert event == ("Anchored", issuer, ROOT, LEAVES, 1, address.lower())
    refused(lambda: send(ROOT, LEAVES, address, FAR_FUTURE, b""), "AlreadyAnchored", issuer, ROOT, 1)


@pytest.mark.parametrize(
    ("runtime", "why"),
    [
        ("5f5ffd", "it reverts"),
        ("00", "it answers nothing"),
        ("631626ba7e5f5260205ff3", "the magic value is at the wrong end of the word"),
        ("631626ba7e60e01b5f5260045ff3", "four bytes are no word"),
        ("7f1626ba7e" + "00" * 27 + "015f5260205ff3", "there is more in the word than the magic value"),
        ("fe", "it burns all its gas"),
    ],
)
def test_a_wallet_whose_answer_is_not_a_yes(world: World, issuer: int, runtime: str, why: str) -> None:
    address = wallet(world, runtime)
    world.send("setOperator", issuer, address, True, sender=CONTROLLER)
    signature = world.sign_anchor(KEYS[1], issuer, ROOT, LEAVES, FAR_FUTURE)
    call = partial(world.send, "anchorBySignature", issuer, ROOT, LEAVES, address, FAR_FUTURE, signature)
    refused(partial(call, sender=RELAYER), "InvalidSignature", issuer, address.lower())


def test_an_address_without_key_and_code_signs_nothing(world: World, issuer: int) -> None:
    address = Account.from_key(b"\x77" * 32).address.lower()
    world.send("setOperator", issuer, address, True, sender=CONTROLLER)
    refused(
        lambda: world.send("anchorBySignature", issuer, ROOT, LEAVES, address, FAR_FUTURE, bytes(65), sender=RELAYER),
        *("InvalidSignature", issuer, address),
    )
