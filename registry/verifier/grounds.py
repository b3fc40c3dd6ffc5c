"""Who says that a block is one of the chain: what is proved against its hash rests on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from registry.errors import EvidenceError
from registry.proofs.checkpoints import TrustedBlocks
from registry.proofs.header import read_header
from registry.proofs.seals import sealed_by
from registry.verify.verdict import Basis, Ground

NOT_LISTED: Final = "block-not-listed"


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
                remedy="Take a newer list, or a receipt with evidence as of a block that is in it.",
                code=NOT_LISTED,
            )
        if listed.hash != block.hash:
            raise EvidenceError(
                f"the evidence is about block 0x{block.hash.hex()}, and the checkpoint list {self.trusted.origin} has "
                f"0x{listed.hash.hex()} at height {block.number}",
                remedy="Ask whoever gave you the receipt for another one, or verify with an endpoint.",
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
    """Several of one chain: the first that says it is enough; if none does, the first one's reason is told."""

    grounds: Sequence[Grounds]

    @property
    def chain(self) -> str:
        """CAIP-2."""
        return self.grounds[0].chain

    def basis_of(self, header: bytes) -> Basis:
        """As the first that knows the block; raises as the first of all."""
        failure: EvidenceError | None = None
        for each in self.grounds:
            try:
                return each.basis_of(header)
            except EvidenceError as error:
                failure = failure or error
        raise failure or EvidenceError("nobody is named who would know a block")
