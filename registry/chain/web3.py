"""web3 (web3.py) over this program's endpoints, and the contract as web3 knows contracts.

For other programs, and for whoever sends transactions. What only reads has decoders of its own and does not load this:
web3 takes many times as long for the same values (decision 10).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

from registry.extras import needs

with needs("web3"):
    from web3 import Web3
    from web3.contract import Contract
    from web3.exceptions import ContractCustomError, MethodUnavailable, Web3Exception, Web3RPCError
    from web3.providers import BaseProvider, JSONBaseProvider
    from web3.types import RPCEndpoint, RPCResponse

from registry.chain.abi import ACCREDITATIONS, interface
from registry.chain.editions import second
from registry.chain.rpc.client import METHOD_NOT_FOUND, ChainClient, RpcRefused
from registry.chain.rpc.hexadecimal import address_bytes, checksummed, data, read_address, to_hex
from registry.errors import ChainError, ContractReverted


class Reverted(ContractReverted, ContractCustomError):
    """The contract refused: an error of this program and of web3, whichever the caller knows.

    Attributes:
        data: what it threw, as web3 has it.
    """

    def __init__(self, refusal: ContractReverted):
        super().__init__(
            refusal.what,
            error=refusal.error,
            arguments=refusal.arguments,
            thrown=refusal.thrown,
            remedy=refusal.remedy,
        )
        self.data = to_hex(refusal.thrown)


class Refused(RpcRefused, Web3RPCError):
    """The endpoint answered with an error of its own: an error of this program and of web3."""

    def __init__(self, refusal: RpcRefused):
        super().__init__(
            refusal.what,
            rpc_code=refusal.rpc_code,
            rpc_message=refusal.rpc_message,
            where=refusal.where,
            remedy=refusal.remedy,
        )
        self.retry_after = refusal.retry_after


class NoSuchMethod(Refused, MethodUnavailable):
    """The endpoint does not have the method."""


class ChainProvider(JSONBaseProvider):
    """A provider for `Web3` that asks through a client.

    So one request is bounded in time and in size, several endpoints stand in for each other, what is sent is sent once,
    and whatever goes wrong is an error of `registry.errors`, in which no key of a URL is told.

    Args:
        client: of one endpoint, several, or the embedded chain; it stays the caller's to close.
    """

    # An answer of a contract makes nobody here ask a server of the contract's choice (EIP-3668).
    global_ccip_read_enabled = False

    def __init__(self, client: ChainClient):
        super().__init__()
        self._client = client

    def __str__(self) -> str:
        return f"ChainProvider of {self._client.where}"

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """The answer, which always has a result.

        Raises:
            ChainUnavailable: there is none; `Refused` where the endpoint says why.
            Reverted: the contract refused.
        """
        with _errors_of_both():
            return self._answer(self._client.request(method, _plain(params or [])))

    def make_batch_request(self, requests: list[tuple[RPCEndpoint, Any]]) -> list[RPCResponse] | RPCResponse:
        """The answers in their order; the first that is an error is raised."""
        with _errors_of_both():
            asked = [(str(method), _plain(params or [])) for method, params in requests]
            return [self._answer(result) for result in self._client.request_together(asked)]

    def is_connected(self, show_traceback: bool = False) -> bool:
        """Whether a chain answers.

        Raises:
            ChainError: with `show_traceback`, why it does not.
        """
        try:
            self._client.chain_id()
        except ChainError:
            if show_traceback:
                raise
            return False
        return True

    def _answer(self, result: Any) -> RPCResponse:
        return {"jsonrpc": "2.0", "id": next(self.request_counter), "result": result}


def web3_of(client: ChainClient) -> Web3:
    """`Web3` over a client, which stays the caller's to close."""
    return Web3(ChainProvider(client))


def registry_contract(w3: Web3, address: str | None = None) -> Contract:
    """The registry as a contract of web3, with any provider.

    Args:
        address: of the contract (`Deployment.address`); without it the one that follows from its code, which it has on
            every chain it was deployed on with `testamur deploy`.

    Raises:
        ValueError: it is no address, or mistyped.
    """
    place = second().address if address is None else read_address(address)
    return w3.eth.contract(address=Web3.to_checksum_address(place), abi=cast(Any, interface()))


def accreditations_contract(w3: Web3, registry: str | None = None) -> Contract:
    """The contract with the accreditations of a registry as a contract of web3, with any provider.

    Args:
        registry: as `registry_contract` takes it; the address follows from it.

    Raises:
        ValueError: it is no address, or mistyped.
    """
    place = second().accreditations_address(second().address if registry is None else read_address(registry))
    return w3.eth.contract(address=Web3.to_checksum_address(place), abi=cast(Any, interface(ACCREDITATIONS)))


def encode_call(function: str, *arguments: object) -> bytes:
    """The data of a transaction that calls a function of the registry, or of its accreditations.

    Args:
        arguments: whole numbers, `bytes` of exactly the length of their type, addresses in any case, and lists and
            tuples of such.

    Raises:
        ValueError: there is no such function, or an argument does not fit.
    """
    alone, types = _function(function)
    if len(arguments) != len(types):
        raise ValueError(f"{function} takes {len(types)} arguments, not {len(arguments)}")
    fitting = [
        checksummed(address_bytes(given)) if kind == "address" and isinstance(given, str) else given
        for kind, given in zip(types, arguments, strict=True)
    ]
    try:
        return data(alone.encode_abi(function, args=fitting))
    except (Web3Exception, TypeError, ValueError) as error:
        told = " ".join(str(error).split())
        raise ValueError(f"{function}: {told}") from None


@cache
def _function(name: str) -> tuple[type[Contract], tuple[str, ...]]:
    """A contract with this function alone, in whose interface web3 does not look for long, and its arguments' types."""
    both = [*interface(), *interface(ACCREDITATIONS)]
    # What both have, they have with the same arguments.
    alone = [part for part in both if part["type"] == "function" and part["name"] == name][:1]
    if not alone:
        raise ValueError(f"the contract has no function {name}")
    offline = Web3(BaseProvider())
    # Nobody is asked what address a name stands for.
    offline.ens = None
    return offline.eth.contract(abi=cast(Any, alone)), tuple(str(part["type"]) for part in alone[0]["inputs"])


@contextmanager
def _errors_of_both() -> Iterator[None]:
    """What an endpoint or the contract refused, in words that programs written for web3 understand as well."""
    try:
        yield
    except ContractReverted as reverted:
        raise Reverted(reverted) from None
    except RpcRefused as refused:
        raise (NoSuchMethod if refused.rpc_code == METHOD_NOT_FOUND else Refused)(refused) from None


def _plain(value: Any) -> Any:
    """The parameters as JSON has them: web3 leaves bytes and mappings of its own among them."""
    if isinstance(value, bytes | bytearray):
        return to_hex(bytes(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value
