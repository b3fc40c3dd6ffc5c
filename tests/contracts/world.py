"""One chain in the process with both contracts on it, and what a transaction on it did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from eth.vm.spoof import SpoofTransaction
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_tester import EthereumTester, PyEVMBackend

from registry.chain.abi import ACCREDITATIONS, REGISTRY, Item, all_errors, all_events, artifact

GAS_LIMIT = 16_000_000
GAS_PRICE_WEI = 10**10  # above eth-tester's base fee
FAR_FUTURE = 2**40
# The keys of eth-tester's own accounts.
KEYS = tuple(number.to_bytes(32, "big") for number in range(1, 6))
ACCOUNTS = tuple(Account.from_key(key).address.lower() for key in KEYS)
CONTROLLER, OPERATOR, STRANGER, RELAYER, SUCCESSOR = ACCOUNTS

# The types that offers and acceptances have in common; members are "type name".
TERMS = {
    "Scope": (
        *("uint16 field", "uint8 fieldDigits", "uint8 levelMin", "uint8 levelMax"),
        *("uint32 qualificationTypes", "uint16 jurisdiction", "bytes32 programme"),
    ),
    "Terms": (
        *("uint64 body", "uint64 holder", "uint48 validFrom", "uint48 validUntil", "uint8 kind", "Scope scope"),
        *("bytes32 conditionHash", "bytes32 evidenceHash", "string evidenceUri"),
    ),
}


class Reverted(Exception):
    """The contract refused.

    Attributes:
        error: the ABI's name of the error, or "" when the contract threw nothing that the ABI knows.
        arguments: of the error, in order.
        thrown: the bytes.
    """

    def __init__(self, thrown: bytes):
        self.thrown = thrown
        item = all_errors().get(thrown[:4])
        self.error = item.name if item else ""
        self.arguments = tuple(item.decode_arguments(thrown[4:]).values()) if item else (thrown,)
        super().__init__(f"{self.error}{self.arguments}")


@dataclass(frozen=True)
class Done:
    """What a transaction did: its events with their arguments in the order of the ABI, the gas, the block time."""

    events: tuple[tuple[Any, ...], ...]
    gas: int
    timestamp: int
    block_number: int


class World:
    """The chain and the contracts: `address` is the registry's, `accreditations` that of the contract beside it.

    A call goes to the contract that has its function; one that both have, to the registry. Names that were called,
    emitted and thrown are collected in `seen`.
    """

    def __init__(self) -> None:
        self.tester = EthereumTester(PyEVMBackend())
        self.seen: set[str] = set()
        self.address = self.deploy(artifact().initcode)
        self.accreditations = self.deploy(accreditations_initcode(self.address))

    def deploy(self, initcode: bytes) -> str:
        """Create a contract; its address."""
        address: str = self._receipt(STRANGER, None, initcode)["contract_address"]
        return address

    def send(self, function: str, *arguments: object, sender: str) -> Done:
        """A transaction to the contract.

        Raises:
            Reverted: it would be refused; nothing was sent.
        """
        return self.send_data(function_named(function).encode(*arguments), sender=sender)

    def send_data(self, call: bytes, *, sender: str, to: str | None = None) -> Done:
        """As `send`, with the data of the transaction, which may be no call of a function, and to another address."""
        to = to or self.home_of(call)
        self._execute(name_of(call), call, sender, to)
        receipt = self._receipt(sender, to, call)
        events = tuple(self._event(log) for log in receipt["logs"])
        block = self.tester.get_block_by_number(receipt["block_number"])
        return Done(events, receipt["gas_used"], block["timestamp"], receipt["block_number"])

    def ask(self, function: str, *arguments: object, sender: str = STRANGER) -> Any:
        """The answer of a view: one value, or a tuple of several.

        Raises:
            Reverted: it refused.
        """
        item = function_named(function)
        call = item.encode(*arguments)
        output, _ = self._execute(function, call, sender, self.home_of(call))
        values = item.decode_output(output)
        return values[0] if len(values) == 1 else values

    def ask_at(self, address: str, item: Item, *arguments: object) -> tuple[Any, ...]:
        """All that a view of a contract at another address answers."""
        output, _ = self._execute(item.name, item.encode(*arguments), STRANGER, address)
        return item.decode_output(output)

    def gas_of(self, function: str, *arguments: object) -> int:
        """The execution gas of a view: without the 21,000 of a transaction and without its data."""
        call = function_named(function).encode(*arguments)
        _, gas = self._execute(function, call, STRANGER, self.home_of(call))
        return gas

    def home_of(self, call: bytes) -> str:
        """The address of the contract that a call is for."""
        return self.accreditations if is_beside(call) else self.address

    def stored(self, slot: int) -> int:
        """A word of the registry's storage, past every function."""
        state = self.tester.backend.chain.get_vm().state
        return int(state.get_storage(_raw(self.address), slot))

    def sign_anchor(
        self, key: bytes, issuer: int, root: bytes, leaf_count: int, deadline: int, **domain: object
    ) -> bytes:
        """The signature of an anchor, in this contract's domain but for the values given."""
        types = {"Anchor": ("uint64 issuer", "bytes32 root", "uint32 leafCount", "uint256 deadline")}
        message = {"issuer": issuer, "root": root, "leafCount": leaf_count, "deadline": deadline}
        return self.sign(key, types, message, **domain)

    def sign_offer(self, key: bytes, terms: tuple[Any, ...], nonce: int, deadline: int) -> bytes:
        """The signature of an offer."""
        types = {"Offer": ("Terms terms", "uint256 nonce", "uint256 deadline"), **TERMS}
        message = {"terms": _named(terms), "nonce": nonce, "deadline": deadline}
        return self.sign(key, types, message, verifyingContract=self.accreditations)

    def sign_acceptance(self, key: bytes, accreditation: int, terms: tuple[Any, ...], deadline: int) -> bytes:
        """The signature of an acceptance."""
        types = {"Acceptance": ("uint64 id", "Terms terms", "uint256 deadline"), **TERMS}
        message = {"id": accreditation, "terms": _named(terms), "deadline": deadline}
        return self.sign(key, types, message, verifyingContract=self.accreditations)

    def sign(
        self, key: bytes, types: Mapping[str, Sequence[str]], message: dict[str, Any], **differing: object
    ) -> bytes:
        """A signature over typed data, made by another library from the description of the types."""
        described = {
            name: [dict(zip(("type", "name"), member.split(), strict=True)) for member in members]
            for name, members in types.items()
        }
        domain = {"name": "Testamur", "version": "2", "chainId": self.chain_id, "verifyingContract": self.address}
        signable = encode_typed_data(domain | differing, described, message)
        return bytes(Account.sign_message(signable, key).signature)

    @property
    def chain_id(self) -> int:
        """EIP-155."""
        return int(self.tester.backend.chain.chain_id)

    def _receipt(self, sender: str, to: str | None, call: bytes) -> dict[str, Any]:
        transaction = {"from": sender, "gas": GAS_LIMIT, "data": "0x" + call.hex()} | ({"to": to} if to else {})
        receipt: dict[str, Any] = self.tester.get_transaction_receipt(self.tester.send_transaction(transaction))
        assert receipt["status"] == 1
        return receipt

    def _execute(self, function: str, call: bytes, sender: str, to: str) -> tuple[bytes, int]:
        """Output and execution gas of a call on top of the last block; nothing stays of it."""
        self.seen.add(function)
        vm = self.tester.backend.chain.get_vm()
        state = vm.state
        unsigned = vm.create_unsigned_transaction(
            nonce=state.get_nonce(_raw(sender)),
            gas_price=GAS_PRICE_WEI,
            gas=GAS_LIMIT,
            to=_raw(to),
            value=0,
            data=call,
        )
        computation = state.apply_transaction(SpoofTransaction(unsigned, from_=_raw(sender)))
        if computation.is_error:
            refusal = Reverted(bytes(computation.output))
            self.seen.add(refusal.error)
            raise refusal
        return bytes(computation.output), computation.get_gas_used()

    def _event(self, log: dict[str, Any]) -> tuple[Any, ...]:
        event = event_of(log)
        self.seen.add(event[0])
        return event


def accreditations_initcode(registry: str) -> bytes:
    """What makes the contract of accreditations for the parties of a registry."""
    return artifact(ACCREDITATIONS).initcode + _raw(registry).rjust(32, b"\0")


def functions() -> dict[str, Item]:
    """The functions of both contracts; of one that both have, the registry's."""
    return {**artifact(ACCREDITATIONS).functions, **artifact(REGISTRY).functions}


def function_named(name: str) -> Item:
    """A function of either contract."""
    return functions()[name]


def name_of(call: bytes) -> str:
    """The name of the function that is called; "" for none."""
    return next((item.name for item in functions().values() if item.selector == call[:4]), "")


def is_beside(call: bytes) -> bool:
    """Whether a call is for accreditations."""
    name = name_of(call)
    return name in artifact(ACCREDITATIONS).functions and name not in artifact(REGISTRY).functions


def event_of(log: Mapping[str, Any]) -> tuple[Any, ...]:
    """The name of an event and its arguments in the order of the ABI, from a log as JSON-RPC has it."""
    topics: Sequence[bytes] = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
    item = all_events()[topics[0]]
    return (item.name, *item.decode_event(topics, bytes.fromhex(log["data"][2:])).values())


def refused(call: Callable[[], object], error: str, *arguments: object) -> None:
    """The call reverts with exactly this error."""
    with pytest.raises(Reverted) as caught:
        call()
    assert (caught.value.error, caught.value.arguments) == (error, arguments)


def _named(terms: tuple[Any, ...]) -> dict[str, Any]:
    names = [member.split()[1] for member in TERMS["Terms"]]
    named = dict(zip(names, terms, strict=True))
    scope = [member.split()[1] for member in TERMS["Scope"]]
    return named | {"scope": dict(zip(scope, named["scope"], strict=True))}


def _raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])
