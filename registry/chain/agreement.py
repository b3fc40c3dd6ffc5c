"""A block that several endpoints name alike: what a proof against its hash then rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from registry.chain.rpc.client import Block, ChainClient
from registry.chain.rpc.remedies import TRY_LATER
from registry.errors import ChainUnavailable

NO_QUORUM: Final = "no-quorum"
MOST_APART: Final = 3
MOST_APART_SECONDS: Final = 15.0
"""By which the block that is named alike may be behind the newest one that any of them tells of; whichever is more.

Whoever names an old block only, holds the others back: that is no more than this."""


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
    """The newest block that enough endpoints name, if all that have one at its height have the same.

    Args:
        quorum: how many have to name it.

    Raises:
        ChainUnavailable: code `no-quorum`: too few answer, or they are too far apart; `endpoints-differ`: they name
            different blocks, and who names which is said.
    """
    heads = client.heads_by_endpoint()
    if len(heads) < quorum:
        raise _no_quorum(client, f"{len(heads)} of {_endpoints(client)} endpoints told of a newest block", quorum)
    newest = max(heads.values(), key=lambda head: head.number)
    refused: ChainUnavailable | None = None
    # One that tells of an old block may have the newest all the same.
    for number in sorted({head.number for head in heads.values()}, reverse=True):
        try:
            agreed = agreed_at(client, number, quorum)
        except ChainUnavailable as error:
            if error.code != NO_QUORUM:
                raise
            refused = refused or error
            continue
        seconds = (newest.timestamp - agreed.block.timestamp).total_seconds()
        if newest.number - number > MOST_APART and seconds > MOST_APART_SECONDS:
            apart = f"the newest block that {quorum} of them name is {newest.number - number} blocks behind"
            raise _no_quorum(client, f"the endpoints are too far apart: {apart}", quorum)
        return agreed
    raise refused or _no_quorum(client, "no endpoint told of a newest block", quorum)


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
        code=NO_QUORUM,
    )
