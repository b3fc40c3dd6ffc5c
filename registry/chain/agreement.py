"""A block that several endpoints name alike: what a proof against its hash then rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from registry.chain.rpc.client import Block, ChainClient
from registry.chain.rpc.remedies import TRY_LATER
from registry.errors import ChainUnavailable

MOST_BEHIND: Final = 20
"""Blocks by which the block that is named alike may be behind the newest one that any of them has told of."""


@dataclass(frozen=True, slots=True)
class AgreedBlock:
    """A block, and by whom its hash was named.

    Attributes:
        named_by: public URLs of the endpoints that named this hash.
        asked: how many endpoints there are.
    """

    block: Block
    named_by: tuple[str, ...]
    asked: int

    @property
    def words(self) -> str:
        """For people: "block 17 (0x…), named by 2 of 3 endpoints"."""
        number, block_hash = self.block.number, self.block.hash.hex()
        return f"block {number} (0x{block_hash}), named by {len(self.named_by)} of {self.asked} endpoints"


def agreed_block(client: ChainClient, quorum: int) -> AgreedBlock:
    """The newest block that enough endpoints have, if all that have one at its height have the same.

    Args:
        quorum: how many have to name it.

    Raises:
        ChainUnavailable: code `no-quorum`: too few answer, or they are too far apart; `endpoints-differ`: they name
            different blocks, and who names which is said.
    """
    asked = _endpoints(client)
    heads = sorted(client.heads_by_endpoint().values(), reverse=True)
    if len(heads) < quorum or heads[0] - heads[quorum - 1] > MOST_BEHIND:
        behind = f", up to {heads[0] - heads[quorum - 1]} blocks apart" if len(heads) >= quorum else ""
        raise _no_quorum(client, f"{len(heads)} of {asked} endpoints told of a newest block{behind}", quorum)
    return agreed_at(client, heads[quorum - 1], quorum)


def agreed_at(client: ChainClient, number: int, quorum: int) -> AgreedBlock:
    """The block of that height, if enough endpoints name it and none names another.

    Raises:
        ChainUnavailable: as `agreed_block`.
    """
    asked = _endpoints(client)
    shown = {where: block for where, block in client.block_by_endpoint(number).items() if block is not None}
    if len({block.hash for block in shown.values()}) > 1:
        named = "; ".join(f"{where} names 0x{block.hash.hex()}" for where, block in shown.items())
        raise ChainUnavailable(
            f"the endpoints differ about block {number}: {named}",
            where=client.where,
            remedy="Ask again later, and if they still differ, find out which of them is wrong.",
            code="endpoints-differ",
        )
    if len(shown) < quorum:
        raise _no_quorum(client, f"{len(shown)} of {asked} endpoints named block {number}", quorum)
    return AgreedBlock(next(iter(shown.values())), tuple(shown), asked)


def agreed_final(client: ChainClient, quorum: int) -> int:
    """The height up to which enough endpoints call the chain final; -1 where fewer do.

    Raises:
        ChainUnavailable: there is no answer.
    """
    final = sorted(client.finalized_by_endpoint().values(), reverse=True)
    return final[quorum - 1] if len(final) >= quorum else -1


def _endpoints(client: ChainClient) -> int:
    return max(1, len(client.endpoints()))


def _no_quorum(client: ChainClient, what: str, quorum: int) -> ChainUnavailable:
    return ChainUnavailable(
        f"{what}, and {quorum} have to agree",
        where=client.where,
        remedy=f"{TRY_LATER} Or name more endpoints, or a smaller quorum.",
        code="no-quorum",
    )
