"""Who says that a block is one of the chain: what is proved against its hash rests on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from registry.chain.agreement import agreed_blocks, refuse_not_final
from registry.chain.rpc.client import ChainClient
from registry.errors import EvidenceError
from registry.proofs.checkpoints import TrustedBlocks
from registry.proofs.header import read_header
from registry.proofs.seals import sealed_by
from registry.verify.verdict import Basis, Ground

NOT_LISTED: Final = "block-not-listed"
_SILENT: Final = frozenset({NOT_LISTED, "no-seals", "seals-missing"})
"""By these somebody says nothing of a block; by others, that it is another one, or none."""


class Grounds(Protocol):
    """Who says that a block is one of the chain."""

    @property
    def chain(self) -> str:
        """CAIP-2."""

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
        refuse_not_final(self._client, asked.number, self._quorum, self._depth)
        return Basis(Ground.ENDPOINTS, len(agreed.named_by), agreed.asked)


@dataclass(frozen=True, slots=True)
class ByCheckpoints:
    """A list of blocks that enough witnesses signed."""

    chain: str
    trusted: TrustedBlocks

    def basis_of(self, header: bytes) -> Basis:
        """The witnesses who signed the list, if the block is in it.

        Raises:
            EvidenceError: code `block-not-listed`, or `other-block`: the list has another one at that height.
        """
        block = read_header(header)
        listed = self.trusted.block(self.chain, block.number)
        if listed is None:
            raise EvidenceError(
                f"the checkpoint list {self.trusted.origin} does not have block {block.number} of {self.chain}",
                remedy="Take a newer list, or a receipt or proof of absence as of a block that is in it; whoever keeps "
                "the list can add this one.",
                code=NOT_LISTED,
            )
        if listed.hash != block.hash:
            raise EvidenceError(
                f"the evidence is about block 0x{block.hash.hex()}, and the checkpoint list {self.trusted.origin} has "
                f"0x{listed.hash.hex()} at height {block.number}",
                remedy="Ask whoever gave you the receipt or proof for another one, or verify with an endpoint.",
                code="other-block",
            )
        return Basis(Ground.CHECKPOINT, len(listed.witnesses), self.trusted.among, listed.witnesses)


@dataclass(frozen=True, slots=True)
class BySeals:
    """Validators whom the verifier names, two thirds of whom have to have sealed the block.

    Attributes:
        names: of the validators, by their addresses of 20 bytes.
    """

    chain: str
    names: Mapping[bytes, str]

    def basis_of(self, header: bytes) -> Basis:
        """The validators who sealed it; raises as `sealed_by`."""
        sealed = sealed_by(header, self.names.keys())
        return Basis(
            Ground.SEALS, len(sealed.sealers), sealed.named, tuple(self.names[address] for address in sealed.sealers)
        )


@dataclass(frozen=True, slots=True)
class FirstOf:
    """Several of one chain: the first that knows the block; none of them may name another one in its place."""

    grounds: Sequence[Grounds]

    @property
    def chain(self) -> str:
        """CAIP-2."""
        return self.grounds[0].chain

    def basis_of(self, header: bytes) -> Basis:
        """As the first that knows the block; raises as the first that names another one, else as the first of all."""
        found: Basis | None = None
        failure: EvidenceError | None = None
        for each in self.grounds:
            try:
                basis = each.basis_of(header)
                found = found or basis
            except EvidenceError as error:
                if error.code not in _SILENT:
                    raise
                failure = failure or error
        if found is None:
            raise failure or EvidenceError("nobody is named who would know a block")
        return found
