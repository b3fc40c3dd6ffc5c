"""Which methods only ask: whatever the client itself asks, and nothing that changes anything."""

from __future__ import annotations

import inspect
import re

import pytest

from registry.chain.rpc import client
from registry.chain.rpc.methods import SEND, is_question


def test_whatever_the_client_asks_is_a_question() -> None:
    asked = set(re.findall(r'"(eth_\w+)"', inspect.getsource(client)))
    assert asked
    assert all(is_question(method) for method in asked - {SEND})


@pytest.mark.parametrize(
    "method",
    [
        SEND,
        "eth_sendTransaction",
        "eth_sendRawTransactionSync",
        "eth_sendUserOperation",
        "eth_sign",
        "eth_signTransaction",
        "eth_newFilter",
        "eth_getFilterChanges",
        "eth_uninstallFilter",
        "eth_subscribe",
        "personal_sendTransaction",
        "wallet_sendCalls",
        "evm_mine",
        "evm_snapshot",
        "anvil_setBalance",
        "debug_setHead",
        "admin_addPeer",
        "",
    ],
)
def test_what_does_more_or_is_unheard_of_is_none(method: str) -> None:
    assert not is_question(method)
