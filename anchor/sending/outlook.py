"""The chain as one round of the daemon's loop sees it: read once, used for every batch of that round."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from anchor.books.anchoring import AnchorStore, Carried, Checkpoint
from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import code_hash_of
from registry.chain.finality import Evidence, Finding, look_at
from registry.chain.rpc.client import Block, ChainClient, Fees
from registry.errors import ChainUnavailable, RegistryError, WrongChain


class FinalityViolated(RegistryError):
    """A block that the chain called final is another one now: nothing that is built on finality holds any more."""

    default_code = "finality-violated"


class ChainBehind(ChainUnavailable):
    """The newest block is below one that was final: the endpoint is behind, or the chain was set back."""

    default_code = "chain-behind"


@dataclass
class Outlook:
    """The heads of the chain, its fees and the account, and blocks by number, each asked for once.

    Attributes:
        head, final: blocks.
        safe: number of the newest safe block; the final one where the chain has no such word.
        nonce: how many transactions of the account are mined.
        balance: wei.
    """

    client: ChainClient
    head: Block
    safe: int
    final: Block
    fees: Fees
    nonce: int
    balance: int
    _blocks: dict[int, Block | None] = field(default_factory=dict)

    @classmethod
    def of(cls, client: ChainClient, account: str, finality_depth: int | None) -> Outlook:
        """As it is now.

        Raises:
            ChainUnavailable: no answer.
        """
        head = client.block("latest")
        final = client.finalized(finality_depth)
        safe = client.safe()
        if head is None or head.number < final.number:
            # Endpoints take turns, and one may be behind.
            head = final
        return cls(
            client,
            head,
            final.number if safe is None else max(safe.number, final.number),
            final,
            client.fees(),
            client.nonce(account),
            client.balance(account),
        )

    def block(self, number: int) -> Block | None:
        """The block at that height now."""
        if number not in self._blocks:
            self._blocks[number] = self.client.block(number)
        return self._blocks[number]

    def confirms_final(self) -> bool:
        """Whether a second answer says the same of the final block: what one made up is not remembered for good."""
        return self.is_canonical(self.final.number, self.final.hash)

    def is_canonical(self, number: int, block_hash: bytes) -> bool:
        """Whether the block at that height is this one."""
        found = self.block(number)
        return found is not None and found.hash == block_hash


def checked(
    contract: CredentialRegistry,
    chain_id: int,
    outlook: Outlook,
    known: Checkpoint | None,
    evidence: Evidence | None = None,
) -> Checkpoint:
    """Make sure that this is still the same chain with the same contract, and that what was final is as it was.

    Args:
        evidence: what was seen of another final block so far, by who looks more than once.

    Returns:
        What to remember for the next time.

    Raises:
        WrongChain: another chain, or other code at the address.
        ChainBehind: the chain does not reach to what was final.
        ChainUnavailable: code `chain-disagrees`: another block is shown in the place of a final one; it is looked at
            again.
        FinalityViolated: the block that was final is another one, by enough evidence.
    """
    client = contract.client
    if (found := client.chain_id()) != chain_id:
        raise _wrong(client, f"the endpoint serves chain {found} now, not chain {chain_id}")
    genesis, code_hash = client.genesis_hash(), code_hash_of(client, contract.address)
    if known is None:
        contract.verify_code()
        if not outlook.confirms_final():
            raise _disagrees(client, outlook.final.number, outlook.final.hash)
        return Checkpoint(genesis, code_hash, outlook.final.number, outlook.final.hash)
    if (genesis, code_hash) != (known.genesis_hash, known.code_hash):
        raise _wrong(client, "the endpoint serves another chain, or other code at the contract's address")
    if outlook.head.number < known.final_number:
        raise ChainBehind(
            f"the newest block is {outlook.head.number}, and block {known.final_number} was final before",
            where=client.where,
            remedy="Nothing is sent until it is there again. If it stays so, compare the endpoint with another one.",
        )
    # One of several endpoints may not have the block yet; that is no sign of anything.
    before = outlook.block(known.final_number)
    if before is not None and before.hash != known.final_hash:
        raise _doubted(client, outlook, known, evidence or Evidence())
    if evidence is not None and before is not None:
        evidence.clear()
    if before is None or outlook.final.number <= known.final_number or not outlook.confirms_final():
        return known
    return Checkpoint(genesis, code_hash, outlook.final.number, outlook.final.hash)


def _doubted(client: ChainClient, outlook: Outlook, known: Checkpoint, evidence: Evidence) -> RegistryError:
    """What to say of a final block that an endpoint has another one for."""
    look = look_at(client, known.final_number, lambda: outlook.final.number >= known.final_number)
    if evidence.add(known.final_hash, look) is not Finding.VIOLATED:
        return _disagrees(client, known.final_number, known.final_hash)
    other = next(found for found in look.shown.values() if found is not None and found != known.final_hash)
    return FinalityViolated(
        f"block {known.final_number} was final as 0x{known.final_hash.hex()} and is 0x{other.hex()} now",
        where=client.where,
        remedy=(
            "The chain or the endpoint is broken: the daemon has stopped. Find out which, with other endpoints; "
            "docs/how-to/run-the-daemon.md says how to go on."
        ),
    )


def _disagrees(client: ChainClient, number: int, block_hash: bytes) -> ChainUnavailable:
    return ChainUnavailable(
        f"block {number} was final as 0x{block_hash.hex()}, and an endpoint shows another one: it is looked at again",
        where=client.where,
        remedy="The endpoint may be on a branch that the chain has left. Nothing is sent until it is back.",
        code="chain-disagrees",
    )


def accept_chain(contract: CredentialRegistry, chain_id: int, outlook: Outlook, store: AnchorStore) -> list[Carried]:
    """Take the chain as it is now for the right one, though a block that was final before is not on it.

    A person decides that, after having compared endpoints; no daemon may run.

    Returns:
        The batches and deeds that were final and are not on it; the daemon sends them again.

    Raises:
        WrongChain: it is another chain from its first block on, or has other code at the address.
        LeaseLost: a daemon runs.
    """
    known = store.checkpoint()
    if known is not None:
        # Nothing has to be as it was but the first block.
        known = replace(known, final_number=0, final_hash=known.genesis_hash)
    seen = checked(contract, chain_id, outlook, known)
    gone = [row for row in store.final() if not outlook.is_canonical(row.block_number or 0, row.block_hash or b"")]
    store.accept_chain(seen, gone)
    return gone


def _wrong(client: ChainClient, what: str) -> WrongChain:
    return WrongChain(
        what,
        where=client.where,
        remedy="Nothing is sent. Correct the setting chain, or use another data folder for another chain.",
        code="wrong-chain",
    )
