"""A block that several endpoints name alike: what a proof against its hash then rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

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
        named_by: hosts, with their ports, of the endpoints that named this hash; several URLs of one host are one.
        asked: how many hosts there are.
        chain_id: of the chain, by as many of them.
    """

    chain_id: int
    block: Block
    named_by: tuple[str, ...]
    asked: int


def agreed_block(client: ChainClient, quorum: int) -> AgreedBlock:
    """The newest block that enough endpoints name, if all that have one at its height have the same.

    Args:
        quorum: how many have to name it, each of another host.

    Raises:
        ChainUnavailable: code `no-quorum`: too few answer, or they are too far apart; `endpoints-differ`: they name
            different blocks or are of different chains, and who says what is told.
    """
    chain_id = _one_chain(client, quorum)
    heads = client.heads_by_endpoint()
    told = "; ".join(f"{where} tells of block {head.number}" for where, head in heads.items())
    if len(_hosts(heads)) < quorum:
        raise _no_quorum(client, told or "no endpoint told of a newest block", quorum)
    newest = max(heads.values(), key=lambda head: head.number)
    # One that tells of an old block may have the newest all the same.
    for number in sorted({head.number for head in heads.values()}, reverse=True):
        agreed = _agreed_at(client, chain_id, number, quorum)
        if agreed is None:
            continue
        seconds = (newest.timestamp - agreed.block.timestamp).total_seconds()
        if newest.number - number > MOST_APART and seconds > MOST_APART_SECONDS:
            raise _no_quorum(client, f"the endpoints are too far apart: {told}", quorum)
        return agreed
    raise _no_quorum(client, told, quorum)


def agreed_blocks(client: ChainClient, numbers: Iterable[int], quorum: int) -> Iterator[AgreedBlock]:
    """The blocks of these heights that enough endpoints name, and none of them names another.

    Raises:
        ChainUnavailable: as `agreed_block`, at the first of them of which that is so.
    """
    chain_id = _one_chain(client, quorum)
    for number in numbers:
        agreed = _agreed_at(client, chain_id, number, quorum)
        if agreed is None:
            raise _no_quorum(client, f"too few endpoints name a block {number}", quorum)
        yield agreed


def agreed_final(client: ChainClient, quorum: int) -> int:
    """The height up to which enough endpoints call the chain final; -1 where fewer do.

    Raises:
        ChainUnavailable: there is no answer.
    """
    highest: dict[str, int] = {}
    for where, number in client.finalized_by_endpoint().items():
        host = host_of(where)
        highest[host] = max(number, highest.get(host, number))
    final = sorted(highest.values(), reverse=True)
    return final[quorum - 1] if len(final) >= quorum else -1


def final_height(client: ChainClient, quorum: int, depth: int | None = None) -> int:
    """The height up to which enough endpoints call the chain final, or by the depth that counts as final on it.

    Args:
        depth: blocks that count as final on a chain without a `finalized` tag.

    Raises:
        ChainUnavailable: there is no answer; code `no-quorum`: too few answer; `no-finality`: too few of those that
            answer say it, and no depth was given.
    """
    final = agreed_final(client, quorum)
    if final < 0 and depth is not None:
        final = agreed_block(client, quorum).block.number - depth
    if final < 0:
        if _answering(client) < quorum:
            raise _no_quorum(client, "too few endpoints say which blocks are final", quorum)
        raise ChainUnavailable(
            f"too few endpoints say which blocks are final: {quorum} have to (`quorum`){_told_silent(client)}",
            where=client.where,
            remedy="Set how many blocks count as final on this chain (finality_depth), or name other endpoints.",
            code="no-finality",
        )
    return final


def refuse_not_final(client: ChainClient, number: int, quorum: int, depth: int | None = None) -> None:
    """Refuse a block that can still change.

    Raises:
        ChainUnavailable: code `not-final`, or as `final_height`.
    """
    final = final_height(client, quorum, depth)
    if number > final:
        raise ChainUnavailable(
            f"block {number} is not final: the chain is final up to block {final}",
            where=client.where,
            remedy="Wait until it is.",
            code="not-final",
        )


def host_of(where: str) -> str:
    """Whose an endpoint is, by its URL: its host, and its port where that is not the usual one."""
    try:
        url = urlsplit(where.partition(" ")[0])
        port = url.port
    except ValueError:
        return where
    if not url.hostname:
        return where
    usual = {"http": 80, "https": 443}.get(url.scheme)
    return url.hostname if port in (None, usual) else f"{url.hostname}:{port}"


def _agreed_at(client: ChainClient, chain_id: int, number: int, quorum: int) -> AgreedBlock | None:
    """The block of that height, if enough endpoints name it and none names another; None where too few do."""
    shown = {where: block for where, block in client.block_by_endpoint(number).items() if block is not None}
    if len({block.hash for block in shown.values()}) > 1:
        named = "; ".join(f"{where} names 0x{block.hash.hex()}" for where, block in shown.items())
        raise _differ(client, f"about block {number}: {named}")
    hosts = _hosts(shown)
    if len(hosts) < quorum:
        return None
    return AgreedBlock(chain_id, next(iter(shown.values())), hosts, len(_hosts(client.endpoints())) or 1)


def _one_chain(client: ChainClient, quorum: int) -> int:
    """Its id, if enough say it and nobody says that it is another chain: a contract has the same address on each."""
    chains = client.chain_ids_by_endpoint()
    if len(set(chains.values())) > 1:
        named = "; ".join(f"{where} is of chain {each}" for where, each in chains.items())
        raise _differ(client, f"about the chain: {named}")
    if len(_hosts(chains)) < quorum:
        told = "; ".join(f"{where} says which chain it is" for where in chains)
        raise _no_quorum(client, told or "no endpoint says which chain it is", quorum)
    return next(iter(chains.values()))


def _hosts(named: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(host_of, named)))


def _differ(client: ChainClient, what: str) -> ChainUnavailable:
    return ChainUnavailable(
        f"the endpoints differ {what}",
        where=client.where,
        remedy="Ask again later, and if they still differ, find out which of them is wrong.",
        code="endpoints-differ",
    )


def _answering(client: ChainClient) -> int:
    """How many hosts gave an answer when last asked."""
    silent = client.silent_endpoints()
    return len(_hosts(where for where in client.endpoints() if where not in silent)) if client.endpoints() else 1


def _told_silent(client: ChainClient) -> str:
    """Who gave no answer, and why."""
    return "".join(f"; {where}: {why}" for where, why in client.silent_endpoints().items())


def _no_quorum(client: ChainClient, what: str, quorum: int) -> ChainUnavailable:
    answering, asked = _answering(client), len(_hosts(client.endpoints())) or 1
    if answering < min(quorum, asked):
        what = f"{answering} of {asked} endpoints answered; {quorum} have to agree (`quorum`)"
    elif quorum > 1:
        what = f"{what}; {quorum} endpoints of different hosts have to name one block alike (`quorum`)"
    return ChainUnavailable(
        f"{what}{_told_silent(client)}",
        where=client.where,
        remedy=f"{TRY_LATER} Or name other endpoints, of hosts that do not share one.",
        code=NO_QUORUM,
    )
