"""The courses of calls that py-evm went through, on anvil: same accounts, address, chain id, heights and times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from web3 import HTTPProvider
from web3.types import RPCEndpoint

from registry.chain.abi import artifact
from tests.contracts.machine import Question, Step, Trace
from tests.contracts.world import (
    ACCOUNTS,
    GAS_LIMIT,
    STRANGER,
    Reverted,
    World,
    accreditations_initcode,
    event_of,
    function_named,
)
from tests.registry.chain.worlds import anvil

RICH = hex(10**24)


def replay(world: World, traces: Sequence[Trace]) -> int:
    """Go through all of them; how many steps had the same outcome.

    Raises:
        AssertionError: a step or an answer differs.
    """
    steps = [step for trace in traces for step in trace.steps]
    before = min(step.time for step in steps) - 3
    height = world.tester.get_block_by_number("latest")["number"]
    options = ("--chain-id", world.chain_id, "--timestamp", before, "--number", height - 2, "--base-fee", 0)
    with anvil(*map(str, options), "--no-mining") as url:
        node = Node(url, world, before + 1)
        for trace in traces:
            snapshot = node.ask("evm_snapshot")
            for step in trace.steps:
                assert node.outcome(step) == step.outcome, step
            for question in trace.questions:
                assert node.answer(question) == question.answer, question
            assert node.ask("evm_revert", snapshot)
    return len(steps)


class Node:
    """An anvil with the contracts where they are in the world, which nobody has called yet."""

    def __init__(self, url: str, world: World, time: int):
        self.provider = HTTPProvider(url)
        self.world = world
        self.ask("anvil_autoImpersonateAccount", True)
        for account in ACCOUNTS:
            self.ask("anvil_setBalance", account, RICH)
        codes = {world.address: artifact().initcode, world.accreditations: accreditations_initcode(world.address)}
        for later, (address, code) in enumerate(codes.items()):
            deployed = self._send({"from": STRANGER, "data": "0x" + code.hex()}, time + later)
            assert deployed["contractAddress"] == address.lower()

    def ask(self, method: str, *parameters: object) -> Any:
        """The result of a request."""
        return self._respond(method, *parameters)["result"]

    def outcome(self, step: Step) -> object:
        """What the transaction does, or why the contract refuses the call."""
        message = {"from": step.sender, "to": self.world.home_of(step.data), "data": "0x" + step.data.hex()}
        if not step.refused:
            return tuple(event_of(log) for log in self._send(message, step.time)["logs"])
        response = self._respond("eth_call", message, "latest", {}, {"time": hex(step.time)})
        refusal = Reverted(bytes.fromhex(response["error"]["data"][2:]))
        return refusal.error, refusal.arguments

    def answer(self, question: Question) -> object:
        """What a view answers."""
        item = function_named(question.function)
        call = item.encode(*question.arguments)
        message = {"to": self.world.home_of(call), "data": "0x" + call.hex()}
        values = item.decode_output(bytes.fromhex(self.ask("eth_call", message, "latest")[2:]))
        return values[0] if len(values) == 1 else values

    def _send(self, message: dict[str, str], time: int) -> dict[str, Any]:
        transaction = self.ask("eth_sendTransaction", message | {"gas": hex(GAS_LIMIT), "gasPrice": "0x0"})
        self.ask("evm_mine", {"timestamp": hex(time)})
        receipt = self.ask("eth_getTransactionReceipt", transaction)
        assert receipt["status"] == "0x1", receipt
        return dict(receipt)

    def _respond(self, method: str, *parameters: object) -> Any:
        return self.provider.make_request(RPCEndpoint(method), parameters)
