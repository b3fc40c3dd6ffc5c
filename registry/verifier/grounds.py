"""Who says that a block is one of the chain, so that what is proved against its hash is known of the chain."""

from __future__ import annotations

from typing import Protocol

from registry.chain.agreement import agreed_blocks, final_height
from registry.chain.rpc.client import ChainClient
from registry.errors import ChainUnavailable, EvidenceError
from registry.proofs.header import read_header
from registry.verify.verdict import Basis, Ground


class Grounds(Protocol):
    """Who says that a block is one of the chain."""

    @property
    def chain(self) -> str:
        """CAIP-2, such as `eip155:1`."""

    def basis_of(self, header: bytes) -> Basis:
        """What facts rest on that are proved against the block of a header.

        Raises:
            EvidenceError, ChainError: nobody who is believed says that it is one of the chain.
        """


class ByEndpoints:
    """Enough endpoints, of which none names another block of that height, and that call it final.

    Args:
        quorum: how many have to name it, each of another host.
        finality_depth: blocks that count as final on a chain without a `finalized` tag.
    """

    def __init__(self, client: ChainClient, quorum: int, *, finality_depth: int | None = None):
        self._client, self._quorum, self._depth = client, quorum, finality_depth

    @property
    def chain(self) -> str:
        """As the endpoint tells it now; `basis_of` compares what all of them tell."""
        return f"eip155:{self._client.chain_id()}"

    def basis_of(self, header: bytes) -> Basis:
        """What facts rest on that are proved against the block of a header.

        Raises:
            EvidenceError: the header is none, or code `other-block`: the endpoints name another block.
            ChainUnavailable: there is no answer, or codes `no-quorum`, `endpoints-differ`, `not-final`, `no-finality`.
        """
        asked = read_header(header)
        (agreed,) = agreed_blocks(self._client, [asked.number], self._quorum)
        if agreed.block.hash != asked.hash:
            raise EvidenceError(
                f"the evidence is about block 0x{asked.hash.hex()}, and block {asked.number} of the chain is "
                f"0x{agreed.block.hash.hex()}",
                remedy="Ask whoever made it for evidence of a block that is one of the chain.",
                code="other-block",
            )
        final = final_height(self._client, self._quorum, self._depth)
        if asked.number > final:
            raise ChainUnavailable(
                f"block {asked.number} is not final: the chain is final up to block {final}",
                where=self._client.where,
                remedy="Wait until it is.",
                code="not-final",
            )
        return Basis(Ground.ENDPOINTS, len(agreed.named_by), agreed.asked)
