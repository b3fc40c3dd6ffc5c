"""A door to a chain that refuses proofs, or changes them, as a test says; and how endpoints refuse them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from registry.chain.rpc.client import ChainClient

GONE = {"code": -32000, "message": "missing trie node 5f (path ) state 0x5f is not available, not found"}
REFUSALS: Mapping[str, Mapping[str, Any]] = {
    "geth, of an old block": GONE,
    "reth": {"code": -32602, "message": "distance to target block exceeds maximum proof window"},
    "no such method": {"code": -32601, "message": "the method eth_getProof does not exist/is not available"},
    "a limit": {"code": -32005, "message": "project ID request rate exceeded"},
    "something else": {"code": -32000, "message": "not today"},
}


class ProofDoor:
    """What stands before the chain: counts questions about proofs, and refuses or changes them as a test says."""

    def __init__(self, client: ChainClient):
        self._client, self.where = client, "https://node.example/***"
        self.proofs = 0
        self.numbers: list[int] = []
        self.refuse: Callable[[int], Mapping[str, Any] | None] = lambda _: None
        self.change: Callable[[Any], Any] = lambda proof: proof

    def make_request(self, method: str, params: Sequence[Any]) -> Mapping[str, Any]:
        if method != "eth_getProof":
            return {"result": self._client.request(method, params)}
        self.proofs += 1
        self.numbers.append(number := int(params[2], 16))
        refusal = self.refuse(number)
        if refusal is not None:
            return {"error": refusal}
        return {"result": self.change(self._client.request(method, params))}

    def hide(self, text: str) -> str:
        return text

    def close(self) -> None:
        pass
