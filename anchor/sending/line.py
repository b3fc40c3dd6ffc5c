"""Sees to it that the account's next nonce is under way: all later ones wait for it.

It may be one of somebody else's, whose block is gone, or that of a batch which waits for a person, who may take long.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from anchor.books.anchoring import AnchorStore
from anchor.books.attempts import Attempt
from anchor.books.leases import Lease
from anchor.sending.fees import Offer, in_place_of
from anchor.sending.outlook import Outlook
from anchor.sending.signed import TRANSFER_GAS, offering, terms_of
from registry.chain.rpc.client import ChainClient
from registry.errors import ChainUnavailable

if TYPE_CHECKING:
    from anchor.sending.signer import Signer


class Line:
    """The nonces of one account, of which the next one may be nobody's.

    Args:
        ceiling: wei per gas that are never exceeded; None for no limit.
        bump_blocks: blocks since the first send after which more is offered.
        patience: blocks after which the next nonce is sent, and sent again.
    """

    def __init__(
        self,
        client: ChainClient,
        signer: Signer,
        chain_id: int,
        store: AnchorStore,
        lease: Lease,
        *,
        ceiling: int | None,
        bump_blocks: int,
        patience: int,
    ):
        self._client = client
        self._signer = signer
        self._chain_id = chain_id
        self._store = store
        self._lease = lease
        self._ceiling = ceiling
        self._bump_blocks = bump_blocks
        self._patience = patience
        # The next nonce, if nobody sends it, and the head when that was seen first.
        self._gap: tuple[int, int] | None = None
        # Nonces that were used for nobody, of which it is not known yet that they are in a block.
        self._filled: set[int] = set()

    def keep(self, nonces: Collection[int], idle: Collection[int], outlook: Outlook) -> None:
        """Send the next nonce when later ones wait for it and nobody else sends it.

        Args:
            nonces: all that batches have.
            idle: those of them for which nothing is sent.
        """
        following = outlook.nonce
        for nonce in [nonce for nonce in self._filled if nonce < following]:
            self._store.settle_nonce(nonce)
            self._filled.remove(nonce)
        if not any(nonce > following for nonce in nonces) or (following in nonces and following not in idle):
            self._gap = None
            return
        head = outlook.head.number
        if self._gap is None or self._gap[0] != following:
            self._gap = (following, head)
        if head - self._gap[1] < self._patience:
            return
        attempt = self._next(following, outlook, idle)
        if attempt is None:
            return
        self._gap = (following, head)
        self._store.sent(attempt, head)
        self._lease.check()
        # What the endpoint says does not matter: the next round looks at the nonce again.
        with suppress(ChainUnavailable):
            self._client.send_raw(attempt.raw)

    def _next(self, nonce: int, outlook: Outlook, idle: Collection[int]) -> Attempt | None:
        """What is to be sent with that nonce; None when the ceiling forbids it."""
        stored = [one for one in self._store.attempts(nonce) if terms_of(one.raw).can_be_mined]
        # What a person does not want is not sent; its nonce is used for nothing.
        aside = self._store.withheld() | {one.purpose for one in stored if nonce in idle}
        usable = [one for one in stored if one.purpose not in aside or one.purpose == fill_purpose(nonce)]
        last = usable[-1] if usable else None
        if last is not None and outlook.head.number - _first_sent(last, outlook) < self._bump_blocks:
            return last
        offer = in_place_of(_offers(stored), _offers(usable), outlook.fees, self._ceiling)
        if offer is None:
            return last
        if last is None:
            purpose = fill_purpose(nonce)
            transaction = transfer_of_nothing(self._chain_id, self._lease.address, nonce, offer)
        else:
            purpose, transaction = last.purpose, offering(last.raw, offer)
        signed = self._signer.sign(transaction)
        self._filled.add(nonce)
        terms = {"gas": transaction["gas"], "max_fee": offer.max_fee, "tip": offer.tip}
        return self._store.add_for_nobody(nonce, purpose, transaction_hash=signed.hash, raw=signed.raw, **terms)


def transfer_of_nothing(chain_id: int, account: str, nonce: int, offer: Offer) -> dict[str, Any]:
    """A transaction to ourselves that does nothing but use a nonce."""
    return {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "to": account,
        "data": b"",
        "value": 0,
        "gas": TRANSFER_GAS,
        "maxFeePerGas": offer.max_fee,
        "maxPriorityFeePerGas": offer.tip,
    }


def fill_purpose(nonce: int) -> str:
    """What the transaction is for that does nothing but use a nonce which all later ones wait for."""
    return f"fill {nonce}"


def _first_sent(one: Attempt, outlook: Outlook) -> int:
    return outlook.head.number if one.first_sent_block is None else one.first_sent_block


def _offers(attempts: Sequence[Attempt]) -> list[Offer]:
    return [terms_of(one.raw).offer for one in attempts]
